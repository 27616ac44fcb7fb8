"""`--manual`: who waits, who decides first, and what is decided beforehand."""

import asyncio
import json
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest

from copilot_api.errors import SlowDown
from copilot_api.server.approvals import (
    FILE_NAME,
    MOST_WAITING,
    SLICE_S,
    TEN_MINUTES_S,
    UNNAMED,
    Approvals,
    Decision,
    Waiting,
    program,
)
from copilot_api.server.limits import Summary
from tests.builders.clocks import Hand
from tests.builders.waiting import eventually
from tests.conftest import MakeService

CHAT = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "prompt-canary"}]}


def summary(client: str = "curl/8.5", model: str = "gpt-4.1") -> Summary:
    return Summary(dialect="chat", model=model, client=client, size_bytes=100, initiator="user")


@dataclass
class Asked:
    """A person at the terminal who answers when the test says so."""

    questions: list[tuple[Summary, "asyncio.Future[bool]"]] = field(default_factory=list)

    async def approve(self, summary: Summary) -> bool:
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.questions.append((summary, answer))
        return await answer

    @property
    def open(self) -> int:
        return sum(not answer.done() for _, answer in self.questions)


@dataclass
class Desk:
    """Approvals, and what was told of them."""

    approvals: Approvals
    clock: Hand
    told: list[tuple[tuple[Waiting, ...], tuple[str, ...]]]

    def ask(self, client: str = "curl/8.5") -> "asyncio.Future[bool]":
        """A request that may wait."""
        return asyncio.ensure_future(self.approvals.approve(summary(client)))

    async def id_of(self, number: int = 0) -> str:
        """The id of a request that waits, once it does."""
        await eventually(lambda: len(self.approvals.waiting) > number)
        return self.approvals.waiting[number].id


def desk(path: Path | None = None, asker: Asked | None = None) -> Desk:
    clock, told = Hand(1000.0), list[tuple[tuple[Waiting, ...], tuple[str, ...]]]()
    approvals = Approvals(clock, asker=asker, path=path, changed=lambda: told.append((approvals.waiting, approvals.approved)))
    return Desk(approvals, clock, told)


@asynccontextmanager
async def running(approvals: Approvals) -> AsyncIterator[None]:
    await approvals.load()
    task = asyncio.gather(approvals.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("claude-cli/1.0.83 (external, cli)", "claude-cli"),
        ("codex_cli_rs/0.36.0 (Ubuntu 24.4.0; x86_64) xterm", "codex_cli_rs"),
        ("AsyncOpenAI/Python 1.109.1", "AsyncOpenAI"),
        ("  curl/8.5", "curl"),
        ("Mozilla/5.0 (X11; Linux)", "Mozilla"),
        ("", UNNAMED),
        ("   ", UNNAMED),
        ("(none)", UNNAMED),
        ("\u202egnp.exe", UNNAMED),
        ("x" * 100, "x" * 40),
    ],
)
def test_a_client_has_a_short_name(user_agent: str, name: str) -> None:
    assert program(user_agent) == name


@pytest.mark.parametrize(
    ("decision", "passes", "stands"),
    [("once", True, False), ("ten-minutes", True, True), ("always", True, True), ("refuse", False, False)],
)
async def test_what_a_decision_means(decision: Decision, passes: bool, stands: bool) -> None:
    at = desk()
    answer = at.ask()
    assert at.approvals.decide(await at.id_of(), decision)
    assert await answer is passes
    assert at.approvals.approved == (("curl",) if stands else ())
    following = at.ask()
    if stands:
        assert await following
    else:
        assert at.approvals.decide(await at.id_of(), "refuse")
        assert not await following


async def test_several_wait_and_each_is_decided_on_by_itself() -> None:
    at = desk()
    answers = [at.ask(client) for client in ("a/1", "b/1", "c/1")]
    await eventually(lambda: len(at.approvals.waiting) == 3)
    ids = [waiting.id for waiting in at.approvals.waiting]
    assert [waiting.client for waiting in at.approvals.waiting] == ["a", "b", "c"]
    assert at.approvals.waiting[0] == Waiting(id=ids[0], client="a", model="gpt-4.1", size_bytes=100)
    assert at.approvals.decide(ids[1], "refuse")
    assert not await answers[1]
    assert [waiting.client for waiting in at.approvals.waiting] == ["a", "c"]
    assert at.approvals.decide(ids[2], "once")
    assert at.approvals.decide(ids[0], "once")
    assert all(await asyncio.gather(answers[0], answers[2]))
    assert len(set(ids)) == 3


async def test_nobody_decides_twice() -> None:
    at = desk()
    answer = at.ask()
    waiting_id = await at.id_of()
    assert at.approvals.decide(waiting_id, "refuse")
    assert not at.approvals.decide(waiting_id, "once")
    assert not await answer
    assert not at.approvals.decide(waiting_id, "once")
    assert not at.approvals.decide("", "always")
    assert at.approvals.approved == ()


@pytest.mark.parametrize("decision", ["ten-minutes", "always"])
async def test_what_waits_of_a_client_passes_with_it(decision: Decision) -> None:
    at = desk()
    answers = [at.ask("a/1"), at.ask("b/1"), at.ask("a/2")]
    await eventually(lambda: len(at.approvals.waiting) == 3)
    assert at.approvals.decide(await at.id_of(), decision)
    assert all(await asyncio.gather(answers[0], answers[2]))
    assert [waiting.client for waiting in at.approvals.waiting] == ["b"]
    answers[1].cancel()


async def test_who_hangs_up_waits_no_longer() -> None:
    at = desk()
    answer = at.ask()
    waiting_id = await at.id_of()
    answer.cancel()
    await eventually(lambda: not at.approvals.waiting)
    assert not at.approvals.decide(waiting_id, "always")
    assert at.told[-1] == ((), ())


async def test_not_more_wait_than_memory_has_room_for() -> None:
    at = desk()
    answers = [at.ask() for _ in range(MOST_WAITING)]
    await eventually(lambda: len(at.approvals.waiting) == MOST_WAITING)
    with pytest.raises(SlowDown) as caught:
        await at.approvals.approve(summary())
    assert caught.value.status == 429
    for answer in answers:
        answer.cancel()
    await eventually(lambda: not at.approvals.waiting)


async def test_ten_minutes_end_also_while_the_machine_sleeps() -> None:
    at = desk()
    answer = at.ask()
    at.approvals.decide(await at.id_of(), "ten-minutes")
    await answer
    at.clock.now += TEN_MINUTES_S - 1
    assert "curl" in at.approvals.approved
    at.clock.now += 1
    assert "curl" not in at.approvals.approved


async def test_the_end_of_ten_minutes_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    at = desk()
    async with running(at.approvals):
        answer = at.ask()
        at.approvals.decide(await at.id_of(), "ten-minutes")
        await answer
        # The clock of the test runs when somebody sleeps by it.
        await eventually(lambda: at.told[-1] == ((), ()))
    assert at.clock.now - 1000.0 <= TEN_MINUTES_S + SLICE_S


async def test_it_can_be_asked_for_again() -> None:
    at = desk()
    for decision in ("ten-minutes", "always"):
        answer = at.ask()
        at.approvals.decide(await at.id_of(), decision)
        await answer
        assert at.approvals.ask_again("curl")
        assert at.approvals.approved == ()
        assert not at.approvals.ask_again("curl")


async def test_always_outlives_the_server_and_ten_minutes_do_not(tmp_path: Path) -> None:
    path = tmp_path / "private" / FILE_NAME
    at = desk(path)
    async with running(at.approvals):
        for client, decision in (("claude-cli/1", "always"), ("codex/1", "ten-minutes")):
            answer = at.ask(client)
            at.approvals.decide(await at.id_of(), decision)  # type: ignore[arg-type] # of two that are some
            await answer
        await eventually(path.exists)  # at once, and not when it ends
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert json.loads(path.read_bytes()) == {"always": ["claude-cli"]}
    again = desk(path)
    async with running(again.approvals):
        assert again.approvals.approved == ("claude-cli",)
        assert await again.ask("claude-cli/2")
        assert again.approvals.ask_again("claude-cli")
    assert json.loads(path.read_bytes()) == {"always": []}


async def test_two_servers_do_not_take_back_what_the_other_was_told(tmp_path: Path) -> None:
    path = tmp_path / "private" / FILE_NAME
    one, two = desk(path), desk(path)
    async with running(one.approvals), running(two.approvals):
        for at, client in ((one, "a/1"), (two, "b/1")):
            answer = at.ask(client)
            at.approvals.decide(await at.id_of(), "always")
            await answer
            await eventually(lambda client=client: client[0] in path.read_text("utf-8") if path.exists() else False)  # type: ignore[misc]
        assert json.loads(path.read_bytes()) == {"always": ["a", "b"]}
        one.approvals.ask_again("a")
        await eventually(lambda: json.loads(path.read_bytes()) == {"always": ["b"]})
        await eventually(lambda: one.approvals.approved == ("b",))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"always": "all"}', b'{"always": [1, "", "' + b"x" * 41 + b'"]}'])
async def test_a_broken_file_approves_nobody(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / FILE_NAME
    path.write_bytes(content)
    path.chmod(0o600)
    at = desk(path)
    async with running(at.approvals):
        answer = at.ask("curl/8")
        at.approvals.decide(await at.id_of(), "always")
        assert await answer
    assert at.approvals.approved == ("curl",)
    assert json.loads(path.read_bytes()) == {"always": ["curl"]}


async def test_a_file_that_others_can_write_approves_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / FILE_NAME
    path.write_bytes(b'{"always": ["anybody"]}')
    path.chmod(0o622)
    at = desk(path)
    async with running(at.approvals):
        assert "is forgotten when this ends" in caplog.text
    assert at.approvals.approved == ()


# With a terminal


async def test_the_person_is_asked_one_question_at_a_time_and_in_order() -> None:
    """compat.md §2.6: the original's prompts interleaved."""
    person = Asked()
    at = desk(asker=person)
    answers = [at.ask(client) for client in ("a/1", "b/1", "c/1")]
    for n, word in enumerate((True, False, True)):
        await eventually(lambda: person.open == 1)
        await asyncio.sleep(0.01)
        assert len(person.questions) == n + 1
        person.questions[n][1].set_result(word)
    assert await asyncio.gather(*answers) == [True, False, True]
    assert [asked.client for asked, _ in person.questions] == ["a/1", "b/1", "c/1"]
    assert at.approvals.waiting == ()


async def test_what_was_decided_elsewhere_is_not_asked_any_more() -> None:
    person = Asked()
    at = desk(asker=person)
    answers = [at.ask("a/1"), at.ask("b/1")]
    await eventually(lambda: person.open == 1)
    assert at.approvals.decide(at.approvals.waiting[0].id, "once")
    assert await answers[0]
    await eventually(lambda: len(person.questions) == 2)
    assert person.questions[0][1].cancelled()
    person.questions[1][1].set_result(False)
    assert not await answers[1]


async def test_what_is_decided_while_another_is_asked_about_is_never_asked() -> None:
    person = Asked()
    at = desk(asker=person)
    answers = [at.ask("a/1"), at.ask("b/1")]
    await eventually(lambda: person.open == 1 and len(at.approvals.waiting) == 2)
    assert at.approvals.decide(at.approvals.waiting[1].id, "refuse")
    assert not await answers[1]
    person.questions[0][1].set_result(True)
    assert await answers[0]
    assert len(person.questions) == 1


async def test_a_client_that_leaves_takes_its_question_along() -> None:
    person = Asked()
    at = desk(asker=person)
    answers = [at.ask("a/1"), at.ask("b/1")]
    await eventually(lambda: person.open == 1)
    answers[0].cancel()
    await eventually(lambda: len(person.questions) == 2)
    person.questions[1][1].set_result(True)
    assert await answers[1]
    assert person.questions[0][1].cancelled()


# In a service


async def test_a_request_waits_for_the_person_wherever_the_person_is(
    make_service: MakeService, http: aiohttp.ClientSession
) -> None:
    service = await make_service(manual=True, is_attended=True)
    asking = asyncio.gather(http.post(service.url + "/v1/chat/completions", json=CHAT, headers={"User-Agent": "opencode/1"}))
    await eventually(lambda: bool(service.status.waiting))
    [waiting] = service.status.waiting
    assert (waiting.client, waiting.model, service.status.active) == ("opencode", "gpt-4.1", 1)
    assert await service.approve(waiting.id, "always")
    [response] = await asking
    assert response.status == 200
    assert (service.status.waiting, service.status.approved) == ((), ("opencode",))
    assert await service.ask_again("opencode")
    assert service.status.approved == ()


async def test_a_refusal_is_told_in_the_clients_dialect(make_service: MakeService, http: aiohttp.ClientSession) -> None:
    service = await make_service(manual=True, is_attended=True)
    asking = asyncio.gather(http.post(service.url + "/v1/messages", json=CHAT | {"max_tokens": 9}))
    await eventually(lambda: bool(service.status.waiting))
    assert await service.approve(service.status.waiting[0].id, "refuse")
    [response] = await asking
    assert (response.status, (await response.json())["error"]["type"]) == (403, "permission_error")


async def test_a_client_that_hangs_up_is_taken_off_the_list(make_service: MakeService) -> None:
    service = await make_service(manual=True, is_attended=True)
    async with aiohttp.ClientSession() as http:
        asking = asyncio.gather(http.post(service.url + "/v1/chat/completions", json=CHAT))
        await eventually(lambda: bool(service.status.waiting))
        asking.cancel()
    await eventually(lambda: not service.status.waiting and not service.status.active)
