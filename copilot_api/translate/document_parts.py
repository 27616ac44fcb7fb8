"""Documents as parts of a message, and notes in place of those that the model does not get to see."""

from collections.abc import Sequence

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.errors import ClientMistake
from copilot_api.translate import notes
from copilot_api.translate.documents import Document
from copilot_api.translate.fields import Fields
from copilot_api.translate.writer import Writer


class DocumentParts:
    """The documents of one conversation."""

    def __init__(self, model: Model, writer: Writer) -> None:
        self._model = model
        self._writer = writer
        self._notes: list[Json] = []

    def of(self, document: Document, holder: Fields, kind: str) -> list[Json]:
        """The parts for a document. Where it cannot be sent, `holder` is lost under the name of its `kind`."""
        parts = self._writer.document(document)
        if parts is not None:
            return parts
        holder.drop(kind)
        self._notes.append(self._writer.text(notes.document_omitted(document.title)))
        return self._notes[-1:]

    def check(self, parts: Sequence[Json], at: str) -> None:
        """Raises ClientMistake when the newest message, which stands `at`, says nothing but what the model will not see."""
        if parts and all(any(part is note for note in self._notes) for part in parts):
            raise ClientMistake(
                f"{self._model.id} cannot read PDF documents through Copilot",
                hint="send the text of the document, or pictures of its pages",
                code="unsupported_value",
                param=at,
            )
