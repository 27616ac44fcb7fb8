"""Which model a client means, and which it never means."""

import pytest

from copilot_api.dialects.models import Model
from copilot_api.upstream.names import closest, resolve

IDS = (
    "gpt-4.1",
    "gpt-4o",
    "gpt-5.3-codex",
    "claude-sonnet-4",
    "claude-sonnet-4.5",
    "claude-sonnet-4.6",
    "claude-opus-4.5",
    "claude-opus-4.6",
    "claude-opus-4.6-1m",
    "claude-opus-4.6-fast",
    "claude-haiku-4.5",
    "claude-3.5-sonnet",
    "text-embedding-3-small",
)
MODELS = {id_: Model(id=id_) for id_ in IDS}


def meant(name: str, models: dict[str, Model] = MODELS, aliases: dict[str, str] | None = None) -> str | None:
    found = resolve(name, models, aliases or {})
    return found.id if found else None


@pytest.mark.parametrize("id_", IDS)
def test_an_id_means_itself(id_: str) -> None:
    assert meant(id_) == id_


@pytest.mark.parametrize(
    ("name", "id_"),
    [
        ("claude-sonnet-4-5", "claude-sonnet-4.5"),
        ("gpt-4-1", "gpt-4.1"),
        ("claude-3-5-sonnet", "claude-3.5-sonnet"),
        ("Claude-Sonnet-4.5", "claude-sonnet-4.5"),
        (" gpt-4o ", "gpt-4o"),
    ],
)
def test_dots_dashes_and_capitals_do_not_matter(name: str, id_: str) -> None:
    assert meant(name) == id_


@pytest.mark.parametrize(
    ("name", "id_"),
    [
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4.5"),
        ("claude-sonnet-4-20250514", "claude-sonnet-4"),
        ("claude-haiku-4-5@20251001", "claude-haiku-4.5"),
        ("claude-3-5-sonnet-20241022", "claude-3.5-sonnet"),
        ("gpt-4o-2024-11-20", "gpt-4o"),
        ("claude-3-5-sonnet-latest", "claude-3.5-sonnet"),
    ],
)
def test_a_date_or_latest_behind_the_id_is_left_out(name: str, id_: str) -> None:
    assert meant(name) == id_


def test_long_context_is_the_variant_made_for_it_where_there_is_one() -> None:
    assert meant("claude-opus-4-6[1m]") == "claude-opus-4.6-1m"
    assert meant("claude-sonnet-4.5[1m]") == "claude-sonnet-4.5"
    assert meant("claude-sonnet-4-5-20250929[1M]") == "claude-sonnet-4.5"
    assert meant("opus[1m]") == "claude-opus-4.6-1m"
    assert meant("sonnet[1m]") == "claude-sonnet-4.6"


def test_a_first_version_may_be_written_with_its_zero() -> None:
    assert meant("claude-sonnet-4-0") == "claude-sonnet-4"
    assert meant("claude-sonnet-4.0") == "claude-sonnet-4"


@pytest.mark.parametrize(
    ("name", "id_"),
    [
        ("opus", "claude-opus-4.6"),
        ("sonnet", "claude-sonnet-4.6"),
        ("haiku", "claude-haiku-4.5"),
        ("claude-opus", "claude-opus-4.6"),
        ("claude-sonnet-latest", "claude-sonnet-4.6"),
        ("Sonnet", "claude-sonnet-4.6"),
    ],
)
def test_a_role_is_the_newest_claude_of_that_kind(name: str, id_: str) -> None:
    assert meant(name) == id_


def test_a_role_is_the_newest_usable_one() -> None:
    models = MODELS | {"claude-opus-5": Model(id="claude-opus-5", enabled=False)}
    assert meant("opus", models) == "claude-opus-4.6"
    only = {"claude-opus-5": Model(id="claude-opus-5", enabled=False)}
    assert meant("opus", only) == "claude-opus-5"


def test_an_alias_of_the_settings_comes_before_the_other_rules_and_after_the_ids() -> None:
    aliases = {
        "sonnet": "gpt-4.1",
        "fast": "claude-haiku-4-5",
        "best": "opus",
        "gpt-4o": "gpt-4.1",
        "nothing": "no-such-model",
    }
    assert meant("sonnet", aliases=aliases) == "gpt-4.1"
    assert meant("fast", aliases=aliases) == "claude-haiku-4.5"
    assert meant("best", aliases=aliases) == "claude-opus-4.6"
    assert meant("gpt-4o", aliases=aliases) == "gpt-4o"
    assert meant("nothing", aliases=aliases) is None


@pytest.mark.parametrize(
    "name",
    [
        "claude-sonnet-4-7",
        "claude-opus-4",
        "claude-opus-4-1-20250805",
        "gpt-4",
        "gpt-5",
        "claude",
        "claude-fable",
        "fable",
        "gpt-4.1-mini",
        "",
        "latest",
    ],
)
def test_no_name_is_ever_taken_for_another_version(name: str) -> None:
    assert meant(name) is None


def test_the_closest_id_is_a_guess_or_nothing() -> None:
    assert closest("claude-sonet-4.5", list(IDS)) == "claude-sonnet-4.5"
    assert closest("xyzzy", list(IDS)) == ""
