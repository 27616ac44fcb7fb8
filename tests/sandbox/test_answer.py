from typing import Any

from copilot_api.dialects.codec import loads_text
from copilot_api.dialects.models import Model
from copilot_api.sandbox import answer
from copilot_api.sandbox.question import Question, Result, Tool
from copilot_api.sandbox.script import Answer, Call

MODEL = Model(id="claude-sonnet-4.6")
BASH = Tool(name="Bash", schema={"type": "object", "properties": {"command": {"type": "string"}}, "required": ["command"]})


def asked(said: str = "", **more: Any) -> Question:
    return Question(model=MODEL, said=said, **more)


def test_the_answer_says_what_it_is_and_what_it_heard() -> None:
    said = answer.compose(asked("How are you?"))
    assert said == Answer(
        text="This is the copilot-api sandbox, answering as claude-sonnet-4.6. Nothing was sent to GitHub and nothing is "
        "billed.\n\nYou said: “How are you?”"
    )


def test_a_long_question_is_echoed_in_part() -> None:
    text = answer.compose(asked("x" * 10_000)).text
    assert "x" * answer.ECHO_CHARACTERS + "…" in text
    assert len(text) < 1000


def test_silence_is_noticed() -> None:
    assert "You said nothing." in answer.compose(asked()).text


def test_images_and_tools_are_mentioned() -> None:
    text = answer.compose(asked("Hello", images=2, tools=(BASH,) * 7)).text
    assert "You showed me 2 images." in text
    assert "(Bash, Bash, Bash, Bash, Bash and 2 more)" in text
    assert "You showed me 1 image." in answer.compose(asked(images=1)).text


def test_a_tool_that_was_asked_for_is_called() -> None:
    said = answer.compose(asked("run `echo hi`", tools=(BASH,)))
    assert said.calls == (Call(name="Bash", arguments='{"command":"echo hi"}'),)
    assert (said.finish, said.text) == ("tool_use", "Sandbox claude-sonnet-4.6: I will use Bash.")


def test_several_calls_go_out_together_unless_that_is_forbidden() -> None:
    assert len(answer.compose(asked("run `a` and `b`", tools=(BASH,))).calls) == 2
    assert len(answer.compose(asked("run `a` and `b`", tools=(BASH,), parallel=False)).calls) == 1


def test_the_result_of_a_tool_is_told() -> None:
    results = (Result(tool="Bash", text="hello-42\n"), Result(tool="", text="", is_error=True))
    text = answer.compose(asked(results=results, tools=(BASH,))).text
    assert text == (
        "Sandbox claude-sonnet-4.6: the tool has answered.\n\nBash answered:\nhello-42\n\nThe tool failed with:\n(nothing)"
    )


def test_a_long_result_is_told_in_part() -> None:
    text = answer.compose(asked(results=(Result(tool="Bash", text="y" * 100_000),))).text
    assert len(text) < answer.RESULT_CHARACTERS + 200
    assert text.endswith("y…")


def test_words_beside_a_result_are_heard() -> None:
    results = (Result(tool="Bash", text="ok"),)
    assert "You also said: “thanks”" in answer.compose(asked("thanks", results=results, tools=(BASH,))).text
    assert answer.compose(asked("now run `ls`", results=results, tools=(BASH,))).calls[0].arguments == '{"command":"ls"}'


def test_it_thinks_when_asked() -> None:
    said = answer.compose(asked("Hello", thinks=True))
    assert said.thinking.startswith("The newest thing I have is: Hello.")
    assert said.thinking.endswith("will answer directly.")
    assert "will call Bash" in answer.compose(asked("run `ls`", tools=(BASH,), thinks=True)).thinking
    assert answer.compose(asked("Hello")).thinking == ""


def test_structured_output_is_valid_for_its_schema() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}, "s": {"type": "string"}}, "required": ["n", "s"]}
    assert loads_text(answer.compose(asked('3 of "these"', schema=schema)).text) == {"n": 3, "s": "these"}


def test_any_json_object() -> None:
    text = answer.compose(asked("Hello", wants_json=True)).text
    assert loads_text(text) == {"sandbox": True, "model": "claude-sonnet-4.6", "you_said": "Hello"}


def test_a_tool_that_was_asked_for_goes_before_structured_output() -> None:
    assert answer.compose(asked("run `ls`", tools=(BASH,), schema={"type": "object"})).finish == "tool_use"
    assert answer.compose(asked("run `ls`", tools=(BASH,), wants_json=True)).finish == "tool_use"


def test_the_first_stop_sequence_ends_the_answer() -> None:
    said = answer.compose(asked("one two three", stops=("three", "two", "never")))
    assert said.text.endswith("You said: “one ")
    assert (said.finish, said.stop_sequence) == ("stop_sequence", "two")


def test_the_limit_cuts_the_text() -> None:
    said = answer.compose(asked("Hello", limit=5))
    assert (said.text, said.finish) == ("This is the copilot-", "length")
    assert answer.size(said) == 5


def test_the_limit_cuts_thinking_first_and_calls_last() -> None:
    whole = Answer(thinking="a" * 8, text="b" * 8, calls=(Call(name="x", arguments="c" * 8), Call(name="y")), finish="tool_use")
    cuts = [answer.within(whole, asked(limit=limit)) for limit in (1, 3, 5, 6)]
    assert [(c.thinking, c.text, tuple(call.arguments for call in c.calls)) for c in cuts] == [
        ("aaaa", "", ()),
        ("a" * 8, "bbbb", ()),
        ("a" * 8, "b" * 8, ("cccc",)),
        ("a" * 8, "b" * 8, ("c" * 8,)),
    ]
    assert {cut.finish for cut in cuts} == {"length"}
    assert answer.within(whole, asked(limit=7)) == whole


def test_nothing_may_be_said_at_a_limit_of_nothing() -> None:
    assert answer.compose(asked("Hello", limit=0)) == Answer(finish="length")


def test_a_cut_leaves_whole_characters() -> None:
    assert answer.within(Answer(text="æøåæøå"), asked(limit=1)).text == "æø"
    assert answer.within(Answer(text="aæøåæøå"), asked(limit=1)).text == "aæ"


def test_a_custom_call_keeps_its_text_and_its_namespace() -> None:
    tools = (Tool(name="exec", schema={}, custom=True, namespace="functions"),)
    (call,) = answer.compose(Question(model=Model(id="m"), said="run `ls`", tools=tools)).calls
    assert (call.name, call.custom, call.namespace) == ("exec", True, "functions")
    assert call.arguments.startswith("const r = await tools.exec_command(")


def test_a_compaction_says_nothing_else() -> None:
    composed = answer.compose(Question(model=Model(id="m"), said="run `ls`", compacts=True, thinks=True))
    assert composed == Answer(compacted=True)


def test_a_search_is_asked_what_the_person_said() -> None:
    composed = answer.compose(Question(model=Model(id="m"), said="search the web", searches=True))
    assert (composed.searched, "You said" in composed.text) == ("search the web", True)
