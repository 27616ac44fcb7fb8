import re

from copilot_api.sandbox.accounts import CODE_LIFE_S, Accounts


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def accounts(clock: Clock | None = None, life_s: float = 1800) -> Accounts:
    return Accounts(plan="credits", clock=clock or Clock(), token_life_s=life_s)


def test_a_grant_looks_like_its_kind() -> None:
    book = accounts()
    shapes = {
        "ghu": r"ghu_\w{36}",
        "gho": r"gho_\w{36}",
        "github_pat": r"github_pat_11\w+",
        "ghp": r"ghp_\w{36}",
        "ghs": r"ghs_\w{36}",
    }
    assert re.fullmatch(shapes["ghu"], book.issue())
    assert re.fullmatch(shapes["gho"], book.issue("gho"))
    assert re.fullmatch(shapes["github_pat"], book.issue("github_pat"))
    assert re.fullmatch(shapes["ghp"], book.issue("ghp"))
    assert re.fullmatch(shapes["ghs"], book.issue("ghs"))
    assert re.fullmatch(shapes["gho"], book.issue(client_id="Ov23li8tweQw6odWQebz"))


def test_tokens_differ_each_time() -> None:
    book = accounts()
    assert len({book.mint("sku")[0] for _ in range(50)} | {book.issue() for _ in range(50)}) == 100


def test_a_copilot_token_says_when_it_expires() -> None:
    token, expires_at = accounts().mint("monthly_subscriber")
    assert expires_at == 1_800_001_800
    assert re.fullmatch(r"tid=[0-9a-f]{32};exp=1800001800;sku=monthly_subscriber;[\w=;-]+:[0-9a-f]{64}", token)


def test_a_copilot_token_expires_by_the_clock() -> None:
    clock = Clock()
    book = accounts(clock, life_s=60)
    token, _ = book.mint("sku")
    assert book.is_fresh(token)
    clock.now += 60
    assert not book.is_fresh(token)
    assert book.is_token(token)
    assert not book.is_token("tid=foreign")


def test_all_copilot_tokens_can_expire_now() -> None:
    book = accounts()
    old, _ = book.mint("sku")
    book.expire()
    new, _ = book.mint("sku")
    assert (book.is_fresh(old), book.is_fresh(new)) == (False, True)


def test_a_revoked_grant_takes_the_copilot_tokens_along() -> None:
    book = accounts()
    grant = book.issue()
    token, _ = book.mint("sku")
    book.revoke(grant)
    book.revoke("ghu_unknown")
    assert book.grant(grant) is None
    assert not book.is_fresh(token)


def test_a_sign_in_counts_its_polls_until_it_is_over() -> None:
    book = accounts()
    code, sign_in = book.begin("Iv1.b507a08c87ecfe98")
    assert (len(code), sign_in.expires_at) == (40, 1_800_000_000 + CODE_LIFE_S)
    assert re.fullmatch(r"[A-Z0-9]{4}-[A-Z0-9]{4}", sign_in.user_code)
    polls = [book.poll(code), book.poll(code)]
    assert [poll.polls for poll in polls if poll] == [1, 2]
    book.finish(code)
    assert book.poll(code) is None
    assert book.poll("unknown") is None


def test_what_is_spent_adds_up() -> None:
    book = accounts()
    book.spend(100, 1)
    book.spend(50, 0.33)
    assert (book.nano_aiu_spent, book.premium_spent) == (150, 1.33)
