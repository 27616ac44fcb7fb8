"""Images in a request: inline, of a known kind, and not too large."""

import base64
import re

from copilot_api.dialects.models import Model
from copilot_api.sandbox.replies import Refusal

MEDIA_TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp")
LIMIT_BYTES = 3_145_728

_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")
_MAGIC = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif", b"RIFF": "image/webp"}
_DATA_URL = re.compile(r"data:([\w/+.-]+);base64,")


def check_data(media_type: object, data: object, model: Model, where: str) -> None:
    """Raises Refusal unless this is a base64 image the model can take, of the kind it says it is."""
    if media_type not in MEDIA_TYPES:
        kinds = " or ".join(f"'{kind}'" for kind in MEDIA_TYPES)
        raise Refusal(f"{where}.media_type: Input should be {kinds}")
    if not isinstance(data, str) or not data or len(data) % 4 or not _BASE64.fullmatch(data):
        raise Refusal(f"{where}.data: Invalid base64 image data")
    limit = _limit(model)
    if len(data) * 3 // 4 > limit:
        raise Refusal(f"{where}: image exceeds the maximum of {limit} bytes: {len(data) * 3 // 4} bytes")
    head = base64.b64decode(data[:16])
    actual = next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), media_type)
    if actual != media_type:
        raise Refusal(
            f"{where}: The image was specified using the {media_type} media type, but the image appears to be a {actual} image"
        )


def check_url(url: object, model: Model, where: str) -> None:
    """Raises Refusal unless this is a data: URL that holds such an image."""
    if not isinstance(url, str) or not url.startswith("data:"):
        raise Refusal(f"{where}: external image URLs are not supported", code="invalid_image_url")
    found = _DATA_URL.match(url)
    if found is None:
        raise Refusal(f"{where}: Invalid base64 image_url", code="invalid_image_url")
    check_data(found[1], url[found.end() :], model, where)


def check_vision(model: Model) -> None:
    """Raises Refusal for a model that cannot see."""
    if not model.vision:
        raise Refusal("vision is not supported for this model")


def _limit(model: Model) -> int:
    limits = model.raw.get("capabilities", {}).get("limits", {}).get("vision", {})
    return int(limits.get("max_prompt_image_size", LIMIT_BYTES))
