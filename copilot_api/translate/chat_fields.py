"""What a Chat Completions request says beside its conversation, for endpoints that say it in other words."""

from copilot_api.dialects.codec import Json
from copilot_api.translate.fields import Fields


def refuse_several(fields: Fields) -> None:
    """Takes `n`. Raises ClientMistake for more than one answer, which only chat can give."""
    if (fields.whole("n") or 1) > 1:
        raise fields.mistake("n", "only one answer at a time can be had from this model", code="unsupported_value")


def cap(fields: Fields) -> int | None:
    """Takes the cap on output tokens, of whose two names the newer one counts. Raises ClientMistake for less than one token."""
    caps = [number for key in ("max_completion_tokens", "max_tokens") if (number := fields.whole(key)) is not None]
    if caps and caps[0] < 1:
        raise fields.mistake("max_completion_tokens", "must be at least 1")
    return caps[0] if caps else None


def user(fields: Fields) -> str:
    """Takes who the user is: OpenAI has renamed `user`; the newer name says the same."""
    names = [name for key in ("safety_identifier", "user") if (name := fields.text(key))]
    return names[0] if names else ""


def streamed(fields: Fields) -> Json:
    """Takes whether the answer is streamed. Whether usage is told on the stream is settled where the answer is written."""
    fields.object("stream_options").take("include_usage")
    stream = fields.flag("stream")
    return {} if stream is None else {"stream": stream}
