"""How a request is served: by its own endpoint untouched, by the other one translated, or not at all."""

from typing import Any

import pytest

from copilot_api.dialects import chat, messages
from copilot_api.dialects.codec import Json, dumps, loads
from copilot_api.dialects.events import Stamp
from copilot_api.dialects.models import Model
from copilot_api.errors import ClientMistake
from copilot_api.translate import Client, Translation, begin
from copilot_api.translate.learned import Lesson
from tests.builders import asks
from tests.builders.clients import anthropic_reads
from tests.builders.models import model

STAMP = Stamp(id="7", created=99, model="asked")
PEEKS = {"chat": chat.peek, "messages": messages.peek}
ASK: Json = {"messages": [{"role": "user", "content": "q"}]}


HEAD = b'{"id":"x","object":"chat.completion.chunk","created":1,"model":"m",'


def started(
    client: Client,
    served: Model | str,
    *,
    raw: bytes = b"",
    betas: tuple[str, ...] = (),
    learned: frozenset[Lesson] = frozenset(),
    **fields: Any,
) -> Translation:
    served = served if isinstance(served, Model) else model(served)
    body: Json = loads(raw) if raw else {"model": served.id} | ASK | fields
    return begin(
        client=client,
        body=body,
        raw=raw or dumps(body),
        ask=PEEKS[client](body),
        model=served,
        stamp=STAMP,
        betas=betas,
        allowed_betas=("interleaved-thinking-2025-05-14",),
        learned={"/v1/messages": learned},
    )


def test_the_clients_own_bytes_are_sent_where_nothing_is_changed() -> None:
    raw = b'{ "model":"gpt-4.1",\n "messages":[{"role":"user","content":"q"}], "big": 123456789012345678901, "new": 1e2 }'
    work = started("chat", "gpt-4.1", raw=raw)
    assert work.request is raw
    assert (work.endpoint, work.losses, work.repairs) == ("/chat/completions", frozenset(), ())


def test_a_resolved_name_is_sent_as_copilots_own_and_the_rest_stays() -> None:
    raw = b'{"model":"claude-sonnet-4-6","max_tokens":5,"messages":[{"role":"user","content":"q"}],"n":123456789012345678901}'
    work = started("messages", "claude-sonnet-4.6", raw=raw)
    assert work.request == raw.replace(b"claude-sonnet-4-6", b"claude-sonnet-4.6")


@pytest.mark.parametrize(
    ("client", "id_", "endpoint"),
    [
        ("chat", "gpt-4.1", "/chat/completions"),
        ("chat", "claude-haiku-4.5", "/chat/completions"),
        ("chat", "claude-opus-5", "/v1/messages"),
        ("messages", "claude-haiku-4.5", "/v1/messages"),
        ("messages", "gemini-3.8-flash", "/chat/completions"),
        ("messages", "gpt-5-mini", "/responses"),
        ("messages", "gpt-5.3-codex", "/responses"),
        ("chat", "gpt-5-mini", "/chat/completions"),
        ("chat", "gpt-5.3-codex", "/responses"),
    ],
)
def test_the_clients_own_endpoint_is_preferred(client: Client, id_: str, endpoint: str) -> None:
    work = started(client, id_, max_tokens=100)
    assert work.endpoint == endpoint
    assert loads(work.request)["model"] == id_


@pytest.mark.parametrize("client", ["chat", "messages"])
def test_a_model_served_elsewhere_is_refused_with_a_way_out(client: Client) -> None:
    with pytest.raises(ClientMistake) as caught:
        started(client, Model(id="m", endpoints=("ws:/responses",)))
    assert (caught.value.code, caught.value.param) == ("unsupported_api_for_model", "model")
    assert "ws:/responses" in caught.value.message
    assert caught.value.hint


def test_a_model_served_nowhere_is_refused() -> None:
    with pytest.raises(ClientMistake, match="no endpoint"):
        started("chat", Model(id="m", endpoints=()))


def test_an_embedding_model_does_not_chat() -> None:
    with pytest.raises(ClientMistake, match="not a chat model"):
        started("chat", "text-embedding-3-small")


def offered(client: Client, count: int) -> Json:
    """So many tools, as a client of that dialect offers them."""
    schema = {"type": "object", "properties": {}}
    functions: list[Json] = [{"name": f"t{n}", "description": "Does it.", "parameters": schema} for n in range(count)]
    if client == "gemini":
        return {"tools": [{"functionDeclarations": functions}]}
    if client == "messages":
        return {"tools": [{"name": function["name"], "input_schema": schema} for function in functions]}
    nested = client == "chat"
    return {"tools": [{"type": "function"} | ({"function": f} if nested else f | {"strict": False}) for f in functions]}


# One model behind each endpoint of Copilot's.
@pytest.mark.parametrize("id_", ["gpt-4.1", "claude-opus-5", "gpt-5.3-codex"])
@pytest.mark.parametrize("client", ["chat", "messages", "responses", "gemini"])
def test_more_than_128_tools_are_refused_by_name_and_none_dropped(client: Client, id_: str) -> None:
    with pytest.raises(ClientMistake, match="129 tools") as caught:
        asks.started(client, id_, **offered(client, 129))
    problem = caught.value
    assert (problem.param, problem.code, bool(problem.hint)) == ("tools", "array_above_max_length", True)
    assert problem.repair == "tools-limited"
    assert problem.endpoint in model(id_).endpoints
    assert len(loads(asks.started(client, id_, **offered(client, 128)).request)["tools"]) == 128


def test_tools_that_are_dropped_do_not_count() -> None:
    tools = [*offered("messages", 128)["tools"], {"type": "web_fetch_20250910", "name": "web_fetch"}]
    for id_ in ("claude-sonnet-4.6", "gpt-4.1"):
        assert len(loads(asks.started("messages", id_, tools=tools).request)["tools"]) == 128


def test_tools_in_namespaces_count_where_they_come_out_of_them() -> None:
    tools = [{"type": "namespace", "name": "n", "description": "d", "tools": offered("responses", 129)["tools"]}]
    with pytest.raises(ClientMistake, match="129 tools"):
        asks.started("responses", "gpt-4.1", tools=tools)


@pytest.mark.parametrize(
    ("cap", "stream", "streams"), [(16000, False, False), (16001, False, True), (32000, True, True), (5, True, True)]
)
def test_long_outputs_of_claude_are_streamed_even_if_the_client_waits(cap: int, stream: bool, streams: bool) -> None:
    work = started("messages", "claude-sonnet-4.6", max_tokens=cap, stream=stream)
    assert work.stream_upstream is streams
    assert loads(work.request).get("stream", False) is streams


def test_betas_are_filtered_and_only_sent_where_they_mean_something() -> None:
    betas = ("claude-code-20250219", "interleaved-thinking-2025-05-14")
    assert started("messages", "claude-haiku-4.5", betas=betas, max_tokens=5).betas == ("interleaved-thinking-2025-05-14",)
    assert started("messages", "gpt-4.1", betas=betas, max_tokens=5).betas == ()


def test_what_was_learned_does_not_go_up_and_is_a_loss() -> None:
    beta = "interleaved-thinking-2025-05-14"
    lessons = frozenset({Lesson(path=("metadata", "session")), Lesson(path=("tools", "*", "strict")), Lesson(beta=beta)})
    metadata = {"user_id": "u", "session": "s"}
    work = started("messages", "claude-haiku-4.5", betas=(beta,), learned=lessons, max_tokens=5, metadata=metadata)
    assert loads(work.request)["metadata"] == {"user_id": "u"}
    assert work.betas == ()
    assert work.losses == {"metadata.session"}
    assert work.repairs == ("learned-betas-dropped", "learned-fields-dropped")


def test_names_that_upstream_does_not_take_come_back_as_they_were() -> None:
    tools = [{"type": "function", "function": {"name": "files.read", "parameters": {"type": "object", "properties": {}}}}]
    work = started("chat", "gpt-4.1", tools=tools, stream=True)
    assert loads(work.request)["tools"][0]["function"]["name"] == "files_read"
    call = b'"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"files_read","arguments":"{}"}}]'
    out = work.feed(b'data: %b"choices":[{"index":0,"delta":{%b},"finish_reason":null}]}\n\n' % (HEAD, call))
    assert b'"name":"files.read"' in out
    assert {"tool-names-mapped", "tool-names-restored"} <= set(work.repairs)
    own = [{"name": "files.read", "input_schema": {"type": "object"}}]
    whole = started("messages", "claude-sonnet-4.6", tools=own, max_tokens=5)
    block = {"type": "tool_use", "id": "t", "name": "files_read", "input": {}}
    assert loads(whole.whole(dumps({"model": "asked", "content": [block]})))["content"] == [block | {"name": "files.read"}]


def test_translated_requests_are_repaired_for_the_model_they_go_to() -> None:
    work = started("messages", "gemini-3.8-flash", max_tokens=100_000, temperature=0.1, top_k=3, stream=True)
    sent = loads(work.request)
    assert (sent["max_tokens"], sent["stream_options"]) == (64_000, {"include_usage": True})
    assert "top_k" in work.losses
    assert "cap-clamped" in work.repairs


def test_usage_is_shown_to_a_chat_client_only_if_it_asked() -> None:
    usage = b'data: %b"choices":[],"usage":{"prompt_tokens":1}}\n\n' % HEAD
    assert started("chat", "gpt-4.1", stream=True).feed(usage) == b""
    assert started("chat", "gpt-4.1", stream=True, stream_options={"include_usage": True}).feed(usage) == usage


def test_several_choices_that_were_asked_for_are_kept() -> None:
    frame = b'data: %b"choices":[{"index":1,"delta":{}}]}\n\n' % HEAD
    assert started("chat", "gpt-4.1", stream=True, n=2).feed(frame) == frame
    assert started("chat", "gpt-4.1", stream=True, n=1).feed(frame) != frame


def test_a_whole_answer_from_a_stream_is_assembled_in_its_own_dialect() -> None:
    work = started("messages", "claude-sonnet-4.6", max_tokens=32000)
    start = b'data: {"type":"message_start","message":{"id":"m","content":[],"usage":{"input_tokens":1}}}\n\n'
    end = b'data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2}}\n\n'
    assert work.feed(start + end) == b""
    assert loads(work.close())["stop_reason"] == "end_turn"


@pytest.mark.parametrize("stream", [False, True])
def test_a_request_that_only_warms_the_cache_is_answered_here_where_there_is_no_such_cache(stream: bool) -> None:
    answer = started("messages", "gpt-4.1", max_tokens=0, stream=stream).answer
    assert answer is not None
    message = anthropic_reads(answer) if stream else loads(answer)
    assert (message["content"], message["stop_reason"], message["usage"]["output_tokens"]) == ([], "max_tokens", 0)
    assert started("messages", "claude-sonnet-4.6", max_tokens=0).answer is None
    assert started("messages", "gpt-4.1", max_tokens=1).answer is None
