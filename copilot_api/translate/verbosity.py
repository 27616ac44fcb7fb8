"""How much a model shall say: a wish that only OpenAI's models know."""

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.translate.fields import Fields


def take(holder: Fields, model: Model) -> Json:
    """Takes `verbosity`, which both of OpenAI's dialects call so; for other models it stays behind as a loss."""
    wanted = holder.text("verbosity") if model.is_openai else ""
    return {"verbosity": wanted} if wanted else {}
