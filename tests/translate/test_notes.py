"""The words of our own: those that other parts recognise, and those that clients write themselves."""

from copilot_api.dialects import initiator
from copilot_api.dialects.codec import Json
from copilot_api.translate import notes


def test_the_pictures_of_a_tool_are_never_taken_for_a_persons_words() -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    helper = {"role": "user", "content": [{"type": "text", "text": notes.attached("call_1")}, picture]}
    body: Json = {"messages": [{"role": "tool", "tool_call_id": "call_1", "content": notes.IMAGE_BELOW}, helper]}
    assert initiator.of_chat(body).who == "agent"


def test_a_reminder_has_the_form_that_claude_code_gives_it() -> None:
    assert notes.reminder("Be brief.") == "<system-reminder>\nBe brief.\n</system-reminder>"


def test_an_orphan_names_the_call_it_belonged_to() -> None:
    assert notes.orphan("call_9", "42") == "[result of unknown tool call call_9] 42"


def test_an_omitted_document_is_named_if_it_has_a_name() -> None:
    assert notes.document_omitted("Plan") == "[document: Plan omitted]"
    assert notes.document_omitted("") == "[document: untitled omitted]"


def test_a_schema_in_words_ends_with_the_schema() -> None:
    assert notes.only_json('{"type":"object"}').endswith('\n{"type":"object"}')


def test_a_choice_of_words_names_them_all() -> None:
    assert notes.one_of(["yes", "no"]).endswith(": yes, no")
