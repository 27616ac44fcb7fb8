"""Writes a conversation for /responses: what its parts and items look like. Source: copilot-upstream §4.1."""

from collections.abc import Sequence

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.translate import documents
from copilot_api.translate.documents import Document
from copilot_api.translate.fields import Fields
from copilot_api.translate.responses_history import ResponsesHistory
from copilot_api.translate.sealed import unseal
from copilot_api.translate.tool_answers import ToolAnswer
from copilot_api.translate.writer import Called, Piece, Result, Said, Thought


class ResponsesWriter:
    """A `Writer`. `history` is the conversation without its leading instructions."""

    def __init__(self, model: Model) -> None:
        self.history = ResponsesHistory(model)
        self.takes_marks = False  # OpenAI's prompt cache needs none
        self._model = model
        self._leading: list[str] = []
        self._thoughts: set[str] = set()

    @property
    def is_empty(self) -> bool:
        """Whether nobody has said anything yet."""
        return self.history.is_empty

    def text(self, text: str) -> Json:
        """A text part."""
        return {"type": "input_text", "text": text}

    def picture(self, holder: Fields, key: str) -> Json:
        """An image part, which has to say in what detail the model looks at it."""
        return {"type": "input_image", "image_url": holder.required_text(key), "detail": holder.text("detail") or "auto"}

    def document(self, document: Document) -> list[Json] | None:
        """A file part for PDF, which models look at page by page; Copilot fetches none. Anything else is text."""
        if document.text is not None:
            return [self.text(document.words)] if document.words.strip() else []
        return [documents.for_responses(document)] if document.pdf and self._model.vision else None

    def thought(self, text: str, sealed: object) -> Json:
        """The reasoning item. Upstream refuses one that stands in the conversation twice."""
        id_, encrypted = unseal(sealed, self._model) or ("", "")
        if not encrypted or encrypted in self._thoughts:
            return {}
        self._thoughts.add(encrypted)
        summary = [{"type": "summary_text", "text": text}] if text.strip() else []
        return {"type": "reasoning"} | ({"id": id_} if id_ else {}) | {"summary": summary, "encrypted_content": encrypted}

    def instruct(self, parts: Sequence[Json]) -> None:
        """The instructions, or a message with one in mid-conversation."""
        texts = [part["text"] for part in parts]
        if self.is_empty:
            self._leading.extend(texts)
        else:
            self.history.instruct("\n\n".join(texts))

    def user(self, parts: Sequence[Json]) -> None:
        """A user message."""
        self.history.user(parts)

    def result(self, result: Result) -> None:
        """The output of a call: Copilot takes it as text only."""
        self.history.user([], answers=[ToolAnswer.of(result, blank="")])

    def assistant(self, pieces: Sequence[Piece]) -> None:
        """Output items, in the order of the answer; neighbouring texts are parts of one message."""
        items: list[Json] = []
        for piece in pieces:
            match piece:
                case Thought(part=part):
                    items.append(part)
                case Called():
                    items.append(_call(piece))
                case _:
                    if not items or items[-1]["type"] != "message":
                        items.append({"type": "message", "role": "assistant", "content": []})
                    items[-1]["content"].append(_said(piece))
        self.history.assistant(items)

    def instructions(self, instruction: str = "") -> str:
        """The leading instructions, `instruction` last."""
        return "\n\n".join([*self._leading, *filter(None, [instruction])])


def _said(said: Said) -> Json:
    if said.refuses:
        return {"type": "refusal", "refusal": said.text}
    return {"type": "output_text", "text": said.text, "annotations": []}


def _call(call: Called) -> Json:
    if call.free_text is not None:
        return {"type": "custom_tool_call", "call_id": call.id, "name": call.name, "input": call.free_text}
    arguments = call.arguments if call.arguments.strip() else "{}"
    return {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": arguments}
