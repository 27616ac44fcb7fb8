"""What happens to events between decoder and encoder, stage by stage."""

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.dialects.events import Closed, Counted, Event, Opened, Stamp, Text, Thought, ToolInput, ToolOpened
from copilot_api.translate import carrier
from copilot_api.translate.repair import Endpoint, Target
from copilot_api.translate.stages import stages, unwrapped
from copilot_api.translate.translation import Client, Prepared
from tests.builders.models import model

GPT, CLAUDE = model("gpt-4.1"), model("claude-opus-5")


def staged(
    *events: Event,
    client: Client = "messages",
    endpoint: Endpoint = "/chat/completions",
    tool_names: dict[str, str] | None = None,
    namespaces: dict[str, tuple[str, str]] | None = None,
    custom_tools: frozenset[str] = frozenset(),
) -> list[Event]:
    prepared = Prepared(
        client=client,
        endpoint=endpoint,
        asked={},
        body={},
        request=b"",
        stream_upstream=True,
        stream_client=True,
        betas=(),
        losses=frozenset(),
        repairs=(),
        tool_names=tool_names or {},
        custom_tools=custom_tools,
        namespaces=namespaces or {},
        model=CLAUDE if endpoint == "/v1/messages" else GPT,
        target=Target(model=GPT, stream=True),
        stamp=Stamp(id="1", created=1, model="m"),
        wants_usage=False,
        merges=True,
    )
    found = list(events)
    for stage in stages(prepared):
        found = [after for event in found for after in stage.feed(event)]
    return found


def test_what_concerns_no_stage_passes() -> None:
    events: list[Event] = [Opened(id="x"), Text(text="a"), Counted(prompt=1), Closed(reason="stop")]
    assert staged(*events) == events


def test_tools_get_back_their_names_and_namespaces() -> None:
    events: list[Event] = [
        ToolOpened(index=0, id="a", name="f_1"),
        ToolOpened(index=1, id="b", name="ns__g"),
        ToolOpened(index=2, id="c", name="h"),
    ]
    assert staged(*events, tool_names={"f_1": "f.1"}, namespaces={"ns__g": ("ns", "g")}) == [
        ToolOpened(index=0, id="a", name="f.1"),
        ToolOpened(index=1, id="b", name="g", namespace="ns"),
        ToolOpened(index=2, id="c", name="h"),
    ]


def test_a_namespace_of_upstreams_own_is_kept() -> None:
    opened = ToolOpened(index=0, id="a", name="g", namespace="ns", custom=True)
    assert staged(opened, endpoint="/responses") == [opened]


def test_the_text_of_a_custom_tool_comes_at_the_end_and_unwrapped() -> None:
    events: list[Event] = [
        ToolOpened(index=0, id="a", name="patch"),
        ToolOpened(index=1, id="b", name="f"),
        ToolInput(index=0, json='{"input":"*** '),
        ToolInput(index=1, json="{}"),
        ToolInput(index=0, json='Begin"}'),
        Closed(reason="tool_use"),
    ]
    assert staged(*events, custom_tools=frozenset({"patch"})) == [
        ToolOpened(index=0, id="a", name="patch", custom=True),
        ToolOpened(index=1, id="b", name="f"),
        ToolInput(index=1, json="{}"),
        ToolInput(index=0, json="*** Begin"),
        Closed(reason="tool_use"),
    ]


def test_two_tools_of_one_name_in_two_namespaces_are_told_apart() -> None:
    events: list[Event] = [
        ToolOpened(index=0, id="a", name="a__read"),
        ToolOpened(index=1, id="b", name="b__read"),
        ToolInput(index=0, json='{"input":"x"}'),
        ToolInput(index=1, json='{"input":"x"}'),
        Closed(reason="tool_use"),
    ]
    spaces = {"a__read": ("a", "read"), "b__read": ("b", "read")}
    assert staged(*events, client="responses", namespaces=spaces, custom_tools=frozenset({"a__read"})) == [
        ToolOpened(index=0, id="a", name="read", namespace="a", custom=True),
        ToolOpened(index=1, id="b", name="read", namespace="b"),
        ToolInput(index=1, json='{"input":"x"}'),
        ToolInput(index=0, json="x"),
        Closed(reason="tool_use"),
    ]


def test_a_custom_tool_that_upstream_knows_as_one_is_not_unwrapped() -> None:
    events: list[Event] = [
        ToolOpened(index=0, id="a", name="patch", custom=True),
        ToolInput(index=0, json='{"input":"x"}'),
        Closed(reason="tool_use"),
    ]
    assert staged(*events, endpoint="/responses", custom_tools=frozenset({"patch"})) == events


@pytest.mark.parametrize(
    ("wrapped", "text"), [('{"input":"x"}', "x"), ('{"input":1}', '{"input":1}'), ("raw", "raw"), ("", "")]
)
def test_what_is_not_wrapped_is_the_text_itself(wrapped: str, text: str) -> None:
    assert unwrapped(wrapped) == text


@pytest.mark.parametrize(("endpoint", "origin"), [("/chat/completions", "c"), ("/v1/messages", "m"), ("/responses", "r")])
def test_signatures_are_wrapped_with_where_they_came_from(endpoint: Endpoint, origin: carrier.Origin) -> None:
    _, sealed, _ = staged(Thought(text="hm"), Thought(signature="s"), Text(text="a"), endpoint=endpoint)
    assert isinstance(sealed, Thought)
    family = carrier.family(CLAUDE if origin == "m" else GPT)
    assert carrier.unpack(sealed.signature, origin=origin, family=family) == "s"


def test_reasoning_without_a_signature_gets_an_empty_one_when_it_ends() -> None:
    thought, more, sealed, text = staged(Thought(text="h"), Thought(text="m"), Text(text="a"))
    assert (thought, more, text) == (Thought(text="h"), Thought(text="m"), Text(text="a"))
    assert isinstance(sealed, Thought)
    assert carrier.unpack(sealed.signature, origin="c", family=carrier.family(GPT)) == ""


def test_redacted_reasoning_is_wrapped_as_such() -> None:
    [sealed] = staged(Thought(redacted="r"), endpoint="/v1/messages")
    assert isinstance(sealed, Thought)
    assert carrier.unpack(sealed.redacted, origin="redacted", family=carrier.family(CLAUDE)) == "r"


PARTS: Json = {"messages": ["a", "b", "c"], "chat": ["a", "\n\n", "b", "c"]}


@pytest.mark.parametrize("client", ["messages", "chat"])
def test_several_messages_are_paragraphs_of_one_chat_message(client: Client) -> None:
    events: list[Event] = [Text(text="a", part=1), Text(text="b", part=2), Text(text="c", part=2)]
    texts = [event.text for event in staged(*events, client=client, endpoint="/responses") if isinstance(event, Text)]
    assert texts == PARTS[client]


def test_blocks_of_anthropics_are_not_set_apart() -> None:
    events: list[Event] = [Text(text="a", part=0), Text(text="b", part=1)]
    assert staged(*events, client="chat", endpoint="/v1/messages") == events
