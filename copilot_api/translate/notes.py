"""The words that we write into a conversation ourselves: few, recognisable, and all here."""

from collections.abc import Sequence

from copilot_api.dialects.initiator import TOOL_IMAGE_MARK

CONTINUE = "Continue."
"""After a conversation that ends with the assistant, where upstream wants the last word to be the user's."""

BEGINNING = "(The conversation begins with the assistant's message.)"
"""Before a conversation that begins with the assistant, where upstream wants the first word to be the user's."""

NO_RESULT = "No result was provided for this tool call."
NO_OUTPUT = "(no output)"
IMAGE_BELOW = "[image attached below]"
IMAGE_OMITTED = "[image omitted]"
ANY_JSON = "Answer with nothing but JSON, without a code fence."


def reminder(text: str) -> str:
    """An instruction that came in mid-conversation, in a form that no backend refuses and clients write themselves."""
    return f"<system-reminder>\n{text}\n</system-reminder>"


def orphan(id_: str, text: str) -> str:
    """The result of a call that is not in the conversation."""
    return f"[result of unknown tool call {id_}] {text}"


def attached(id_: str) -> str:
    """Before the pictures of a tool result. `initiator` knows it: such a message is not a person's."""
    return f"{TOOL_IMAGE_MARK}{id_}:"


def document_omitted(title: str) -> str:
    """In place of a document that upstream cannot read."""
    return f"[document: {title or 'untitled'} omitted]"


def only_json(schema: str) -> str:
    """The request for structured output, for models that take it only as words."""
    return f"Answer with nothing but JSON that is valid against this JSON Schema, without a code fence:\n{schema}"


def one_of(values: Sequence[str]) -> str:
    """The request for one of several words, which only Gemini's clients can make otherwise."""
    return f"Answer with exactly one of these, and nothing else: {', '.join(values)}"
