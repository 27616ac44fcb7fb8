from typing import Any

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.sandbox import prompt_cache
from copilot_api.sandbox.prompt_cache import PromptCache

LONG = "x" * 8000  # 2,000 tokens
MARK = {"cache_control": {"type": "ephemeral"}}
GPT, CLAUDE = Model(id="gpt-4.1"), Model(id="claude-sonnet-4.6")


def block(text: str, **more: Any) -> Json:
    return {"type": "text", "text": text} | more


def measure(cache: PromptCache, *blocks: Json, **fields: Any) -> tuple[int, int]:
    body = {"messages": [{"role": "user", "content": list(blocks)}]} | fields
    return cache.measure(prompt_cache.units_of_messages(body))


def test_a_marked_prefix_is_written_and_then_read() -> None:
    cache = PromptCache()
    assert measure(cache, block(LONG, **MARK), block("Hello")) == (0, 2000)
    assert measure(cache, block(LONG, **MARK), block("Hello again")) == (2000, 0)


def test_a_marker_that_moves_on_writes_the_rest() -> None:
    cache = PromptCache()
    measure(cache, block(LONG, **MARK))
    assert measure(cache, block(LONG), block("y" * 400, **MARK)) == (2000, 100)
    assert measure(cache, block(LONG), block("y" * 400, **MARK)) == (2100, 0)


def test_another_prefix_is_not_known() -> None:
    cache = PromptCache()
    measure(cache, block(LONG, **MARK))
    assert measure(cache, block("z" + LONG, **MARK)) == (0, 2001)


def test_nothing_is_kept_unmarked_or_short() -> None:
    cache = PromptCache()
    assert measure(cache, block(LONG)) == measure(cache, block(LONG)) == (0, 0)
    assert measure(cache, block("short", **MARK)) == measure(cache, block("short", **MARK)) == (0, 0)


def test_tools_and_system_come_first() -> None:
    cache = PromptCache()
    tools = [{"name": "a", "description": LONG}]
    system = [block("Be kind.", **MARK)]
    read_write = measure(cache, block("x"), tools=tools, system=system)
    assert read_write == (0, 2003)
    assert measure(cache, block("other"), tools=tools, system="Be kind.") == (2003, 0)


def test_openai_caches_by_itself_and_claude_by_the_hint() -> None:
    body: Json = {"messages": [{"role": "user", "content": LONG}], "tools": [{"type": "function"}]}
    gpt, claude = PromptCache(), PromptCache()
    assert gpt.measure(prompt_cache.units_of_chat(body, GPT)) == (0, 2000)
    assert gpt.measure(prompt_cache.units_of_chat(body, GPT)) == (2000, 0)
    assert claude.measure(prompt_cache.units_of_chat(body, CLAUDE)) == (0, 0)
    hinted = {"messages": [{"role": "user", "content": LONG, "copilot_cache_control": {"type": "ephemeral"}}]}
    assert claude.measure(prompt_cache.units_of_chat(hinted, CLAUDE)) == (0, 2000)


def test_the_cache_does_not_grow_for_ever() -> None:
    cache = PromptCache()
    cache._known = {i.to_bytes(4, "big") for i in range(prompt_cache.MOST_PREFIXES + 1)}
    measure(cache, block(LONG, **MARK))
    assert len(cache._known) == 1


def test_responses_are_cached_by_themselves() -> None:
    cache = PromptCache()
    body = {"instructions": "Be kind.", "tools": [{"name": "f"}], "input": LONG}
    first, again = (cache.measure(prompt_cache.units_of_responses(body)) for _ in range(2))
    assert (first, again) == ((0, 2003), (2003, 0))
    longer = body | {"input": [{"role": "user", "content": LONG}, {"role": "user", "content": "more"}]}
    assert cache.measure(prompt_cache.units_of_responses(longer)) == (2003, 1)
