import pytest

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.sandbox.replies import Refusal
from copilot_api.sandbox.strict import sampling


def claude(model_id: str, **body: float) -> None:
    sampling.check_claude(body, Model(id=model_id))


@pytest.mark.parametrize("model_id", ["claude-opus-4.7", "claude-sonnet-5", "claude-opus-5.5"])
@pytest.mark.parametrize("body", [{"temperature": 0}, {"temperature": 0.5}, {"top_p": 1}, {"top_k": 5}])
def test_newer_claudes_take_the_default_only(model_id: str, body: Json) -> None:
    with pytest.raises(Refusal, match=r"^`(temperature|top_p|top_k)` is deprecated for this model\.$"):
        claude(model_id, **body)


@pytest.mark.parametrize("model_id", ["claude-haiku-4.5", "claude-sonnet-4.6"])
def test_claude_of_the_middle_takes_one_of_two(model_id: str) -> None:
    claude(model_id, temperature=0.5, top_k=5)
    claude(model_id, top_p=0.9)
    with pytest.raises(Refusal, match="cannot both be specified"):
        claude(model_id, temperature=0.5, top_p=0.9)


def test_what_claude_takes() -> None:
    claude("claude-sonnet-4", temperature=0.5, top_p=0.9)
    claude("claude-sonnet-5", temperature=1)


@pytest.mark.parametrize(
    "body", [{"temperature": 1.5}, {"temperature": -1}, {"top_p": 2}, {"top_k": -1}, {"temperature": "hot"}]
)
def test_what_no_claude_takes(body: Json) -> None:
    with pytest.raises(Refusal, match="Input should be"):
        claude("claude-haiku-4.5", **body)


@pytest.mark.parametrize("model_id", ["gpt-5-mini", "gpt-6-astra", "o3"])
@pytest.mark.parametrize(("name", "value"), [("temperature", 0.2), ("temperature", 0), ("top_p", 0.5)])
def test_openais_reasoning_models_take_the_default_only(model_id: str, name: str, value: float) -> None:
    with pytest.raises(Refusal) as raised:
        sampling.check_openai({name: value}, Model(id=model_id))
    assert raised.value.message.startswith(f"Unsupported value: '{name}' does not support {value:g} with this model.")
    assert (raised.value.code, raised.value.param) == ("unsupported_value", name)


def test_what_openai_takes() -> None:
    sampling.check_openai({"temperature": 1, "top_p": 1}, Model(id="gpt-5-mini"))
    sampling.check_openai({"temperature": 1.9, "top_p": 0.1}, Model(id="gpt-4.1"))
    with pytest.raises(Refusal):
        sampling.check_openai({"temperature": 2.1}, Model(id="gpt-4.1"))
