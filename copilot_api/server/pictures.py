"""The pictures of a request before it is translated: those that lie elsewhere fetched, those that are too large scaled.

A conversation brings its pictures along with every request. What was done with one is remembered, so that it is done once and
that the model reads the same bytes every time.
"""

import asyncio
import base64
import hashlib
import logging
from collections import OrderedDict
from dataclasses import replace

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.server.picture_fetch import PictureFetcher
from copilot_api.server.picture_scale import Limits, Unscalable, is_possible, scale
from copilot_api.tokens import sizes
from copilot_api.translate.pictures import MEDIA_TYPES, Picture, exchanged, found_in
from copilot_api.translate.repair import Faults, Fired
from copilot_api.translate.repairs import PICTURES

MEMORY_BYTES = 64 * 1024 * 1024
MOST_FETCHED = 20

ANTHROPIC_BYTES = 5 * 1024 * 1024
ANTHROPIC_SIDE = 8000
"""What Anthropic takes of one picture, whichever backend it is behind."""

_log = logging.getLogger(__name__)


class Pictures:
    """Prepares pictures. `fetcher` is there if addresses are to be followed."""

    def __init__(self, fetcher: PictureFetcher | None = None, *, table: Faults = PICTURES) -> None:
        self._fetcher = fetcher
        self._table = table
        self._can_scale = is_possible()
        self._memory = _Memory(MEMORY_BYTES)

    async def prepared(self, body: Json, model: Model) -> tuple[Json, tuple[str, ...]]:
        """`body` with pictures as `model` takes them, and which repairs that took; the same object where none fired.

        Raises ClientMistake for an address that leads to no picture.
        """
        fired = Fired(self._table)
        body = await self._fetched(body, fired)
        limits = limits_of(model)
        if self._can_scale and any(is_over(picture, limits) for picture in found_in(body)):
            body = await asyncio.to_thread(self._scaled, body, limits, fired)
        return body, tuple(sorted(fired.names))

    async def _fetched(self, body: Json, fired: Fired) -> Json:
        urls = list(dict.fromkeys(picture.url for picture in found_in(body) if picture.url))[-MOST_FETCHED:]
        if not urls or self._fetcher is None or not fired.by("images-fetched"):
            return body
        found = dict(zip(urls, await asyncio.gather(*(self._fetch(self._fetcher, url) for url in urls)), strict=True))
        return exchanged(body, lambda picture: found.get(picture.url, picture))

    async def _fetch(self, fetcher: PictureFetcher, url: str) -> Picture:
        known = self._memory.get(url)
        if known is None:
            known = await fetcher.fetch(url)
            self._memory.put(url, known)
            _log.info("fetched a picture of %d bytes", len(known.data) * 3 // 4)
        return known

    def _scaled(self, body: Json, limits: Limits, fired: Fired) -> Json:
        return exchanged(body, lambda picture: self._fitting(picture, limits, fired))

    def _fitting(self, picture: Picture, limits: Limits, fired: Fired) -> Picture:
        if not is_over(picture, limits):
            return picture
        key = hashlib.sha256(picture.data.encode("utf-8", "surrogatepass")).hexdigest() + str(limits)
        known = self._memory.get(key)
        if known is None:
            known = _scale(picture, limits)
            self._memory.put(key, known)
        return known if known.data != picture.data and fired.by("images-scaled") else picture


def limits_of(model: Model) -> Limits:
    """What `model` takes of one picture, by the catalog and by what its maker is known to take."""
    most = [size for size in (model.max_image_bytes, ANTHROPIC_BYTES if model.is_claude else None) if size]
    seen = tuple(kind for kind in MEDIA_TYPES if kind in model.image_types) or MEDIA_TYPES
    return Limits(
        most_bytes=min(most, default=None), longest_side=ANTHROPIC_SIDE if model.is_claude else None, media_types=seen
    )


def is_over(picture: Picture, limits: Limits) -> bool:
    """Whether a picture that is there is more than `limits` allow."""
    if not picture.data:
        return False
    if limits.most_bytes is not None and len(picture.data) * 3 // 4 > limits.most_bytes:
        return True
    # One whose type is none at all is for upstream to refuse.
    if picture.media_type.startswith("image/") and picture.media_type not in limits.media_types:
        return True
    size = sizes.of_base64(picture.data) if limits.longest_side else None
    return size is not None and limits.longest_side is not None and max(size) > limits.longest_side


def _scale(picture: Picture, limits: Limits) -> Picture:
    """The picture within `limits`; itself where that cannot be done, which upstream will say in its own words."""
    try:
        media_type, data = scale(base64.b64decode(picture.data, validate=True), limits)
    except (ValueError, Unscalable) as error:
        _log.info("a picture of %d bytes could not be scaled: %s", len(picture.data) * 3 // 4, error)
        return picture
    return replace(picture, media_type=media_type, data=base64.b64encode(data).decode())


class _Memory:
    """The newest pictures, up to `most_bytes` of base64."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._size = 0
        self._kept: OrderedDict[str, Picture] = OrderedDict()

    def get(self, key: str) -> Picture | None:
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def put(self, key: str, picture: Picture) -> None:
        self._size += len(picture.data) - len(self._kept.pop(key, Picture()).data)
        self._kept[key] = picture
        while self._size > self._most_bytes:
            _, oldest = self._kept.popitem(last=False)
            self._size -= len(oldest.data)
