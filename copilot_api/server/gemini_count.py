"""Token counts for Google's programs: of what the model gets to see of their request."""

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.tokens import Counter
from copilot_api.translate.gemini_to_chat import request as to_chat
from copilot_api.translate.gemini_to_messages import request as to_messages


def tokens(counter: Counter, body: Json, model: Model) -> int:
    """Input tokens of a Gemini body, as `gemini_spelling.addressed` makes it. Raises ClientMistake for what cannot be sent."""
    if model.is_claude:
        return counter.count_messages(to_messages(body, model).body, model)
    return counter.count_chat(to_chat(body, model).body, model)
