"""What the sandbox says to a person trying out a client: who it is, what it heard, and the tools it was asked to use."""

from collections.abc import Iterator
from dataclasses import replace

from copilot_api.dialects.codec import dumps_text
from copilot_api.sandbox import asked, estimate, instances
from copilot_api.sandbox.question import Question
from copilot_api.sandbox.script import Answer, Call

ECHO_CHARACTERS = 600
RESULT_CHARACTERS = 4000


def compose(question: Question) -> Answer:
    """The friendly answer, within the question's limits."""
    if question.compacts:
        return Answer(compacted=True)
    calls = tuple(_calls(question))
    if question.schema is not None and not calls:
        answer = Answer(text=dumps_text(instances.full(question.schema, question.said)))
    elif question.wants_json and not calls:
        answer = Answer(text=dumps_text({"sandbox": True, "model": question.model.id, "you_said": question.said}))
    elif calls:
        names = " and ".join(dict.fromkeys(call.name for call in calls))
        answer = Answer(text=f"Sandbox {question.model.id}: I will use {names}.", calls=calls, finish="tool_use")
    elif question.searches:
        answer = Answer(searched=question.said, text=_echo(question))
    elif question.results:
        answer = Answer(text=_summary(question))
    else:
        answer = Answer(text=_echo(question))
    if question.thinks:
        answer = replace(answer, thinking=_thinking(question, calls))
    return within(answer, question)


def within(answer: Answer, question: Question) -> Answer:
    """The answer cut at the first stop sequence, and at the limit of tokens."""
    ends = sorted((answer.text.find(stop), stop) for stop in question.stops if stop in answer.text)
    if ends:
        at, stop = ends[0]
        answer = replace(answer, text=answer.text[:at], calls=(), finish="stop_sequence", stop_sequence=stop)
    if question.limit is None or size(answer) <= question.limit:
        return answer
    return _cut(answer, question.limit)


def size(answer: Answer) -> int:
    """The tokens of an answer."""
    arguments = sum(estimate.tokens(call.arguments) for call in answer.calls)
    return estimate.tokens(answer.thinking) + estimate.tokens(answer.text) + arguments


def _cut(answer: Answer, room: int) -> Answer:
    """What fits into `room` tokens; the last call may break off in the middle of its arguments."""
    thinking = _head(answer.thinking, room)
    room -= estimate.tokens(thinking)
    text = _head(answer.text, room)
    room -= estimate.tokens(text)
    calls: list[Call] = []
    for call in answer.calls:
        if room <= 0:
            break
        arguments = _head(call.arguments, room)
        room -= estimate.tokens(arguments)
        calls.append(replace(call, arguments=arguments))
    return replace(answer, thinking=thinking, text=text, calls=tuple(calls), finish="length", stop_sequence=None)


def _head(text: str, room: int) -> str:
    whole = text.encode("utf-8", "surrogatepass")
    return text if estimate.tokens(text) <= room else whole[: room * estimate.BYTES_PER_TOKEN].decode("utf-8", "ignore")


def _calls(question: Question) -> Iterator[Call]:
    if question.results and not asked.wishes(question):
        return
    wishes = asked.wishes(question)
    for tool, given in wishes if question.parallel else wishes[:1]:
        arguments = given if isinstance(given, str) else dumps_text(given)
        yield Call(name=tool.name, arguments=arguments, custom=tool.custom, namespace=tool.namespace)


def _echo(question: Question) -> str:
    said = question.said if len(question.said) <= ECHO_CHARACTERS else question.said[:ECHO_CHARACTERS] + "…"
    lines = [
        f"This is the copilot-api sandbox, answering as {question.model.id}. Nothing was sent to GitHub and nothing is billed.",
        f"You said: “{said}”" if said else "You said nothing.",
    ]
    if question.images:
        lines.append(f"You showed me {question.images} image{'s' if question.images > 1 else ''}.")
    if question.tools:
        names = ", ".join(tool.name for tool in question.tools[:5])
        more = f" and {len(question.tools) - 5} more" if len(question.tools) > 5 else ""
        lines.append(f"I can call the tools you offer ({names}{more}): ask me to use one by name, or to run `a command`.")
    return "\n\n".join(lines)


def _summary(question: Question) -> str:
    lines = [f"Sandbox {question.model.id}: the tool has answered."]
    for result in question.results:
        text = result.text if len(result.text) <= RESULT_CHARACTERS else result.text[:RESULT_CHARACTERS] + "…"
        verb = "failed with" if result.is_error else "answered"
        lines.append(f"{result.tool or 'The tool'} {verb}:\n{text.strip() or '(nothing)'}")
    if question.said:
        lines.append(f"You also said: “{question.said[:ECHO_CHARACTERS]}”")
    return "\n\n".join(lines)


def _thinking(question: Question, calls: tuple[Call, ...]) -> str:
    plan = "call " + ", ".join(call.name for call in calls) if calls else "answer directly"
    heard = question.said[:80] or "the tool's result"
    return f"The newest thing I have is: {heard}. The sandbox thinks a little, then will {plan}."
