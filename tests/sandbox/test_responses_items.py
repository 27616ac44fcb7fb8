from copilot_api.sandbox import responses_items
from copilot_api.sandbox.script import Answer, Call
from copilot_api.sandbox.traits import Traits

PLAIN = Traits()


def kinds(answer: Answer, traits: Traits = PLAIN) -> list[str]:
    return [item.body["type"] for item in responses_items.of(answer, 1, traits, summarises=False)]


def test_items_come_in_the_order_of_thought() -> None:
    answer = Answer(thinking="Hm.", searched="cats", text="Hei.", refusal="No.", calls=(Call(name="f"),))
    assert kinds(answer) == ["reasoning", "web_search_call", "message", "message", "function_call"]


def test_nothing_said_is_no_item() -> None:
    assert kinds(Answer()) == []


def test_a_compaction_is_alone() -> None:
    assert kinds(Answer(compacted=True, text="Hei.", thinking="Hm.")) == ["compaction"]


def test_paragraphs_joined_are_the_text() -> None:
    for text in ("", "\n\n", "a", "a\n\n\nb\n\n", "\n\na\n\nb"):
        items = responses_items.of(Answer(text=text), 1, Traits(splits_messages=True), summarises=False)
        assert "".join(item.text for item in items) == text


def test_a_call_keeps_the_id_it_was_given() -> None:
    assert responses_items.call_id(Call(name="f", id="call_1"), 3, 2) == "call_1"
    assert responses_items.call_id(Call(name="f"), 3, 2) == "call_sandbox00000302"
