"""What a picture costs on OpenAI's models: tiles of 512 px on the older ones, patches of 32 px on the newer.

Source: OpenAI's vision guide, by tokens.md §4; figures marked there as uncertain are taken on the expensive side.
"""

import re
from dataclasses import dataclass
from math import ceil, floor, sqrt

from copilot_api.tokens.sizes import Size

PATCH_PX = 32
TILE_PX = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiles:
    """A base, and a price for each tile of a picture whose short side is made 768 px, its long one at most 2048 px."""

    base: int
    tile: int

    def tokens(self, size: Size, detail: str) -> int:
        """Small pictures are enlarged too, as in VS Code; whether the server does is disputed."""
        if detail == "low":
            return self.base
        width, height = size
        scale = min(2048 / max(size), 768 / min(size))
        across, down = (ceil(max(1, round(px * scale)) / TILE_PX) for px in (width, height))
        return self.base + across * down * self.tile


@dataclass(frozen=True, slots=True, kw_only=True)
class Patches:
    """A price for each patch of a picture scaled down to `budget` patches and, where given, to `side` px. 0 is no limit.

    `full` is the limit (budget, side) where the whole picture is asked for; `auto_is_full` models do so by themselves.
    """

    budget: int
    side: int = 0
    multiplier: float = 1.0
    full: tuple[int, int] | None = None
    auto_is_full: bool = False

    def tokens(self, size: Size, detail: str) -> int:
        """`low` is priced like `high`: no figure for it is published."""
        wants_full = detail == "original" or (detail == "auto" and self.auto_is_full)
        budget, side = self.full if self.full and wants_full else (self.budget, self.side)
        count = patches(scaled(fit(size, side=side), budget))
        return int(min(count, budget or count) * self.multiplier)


_MINI = Patches(budget=1536, side=2048, multiplier=1.62)
_NANO = Patches(budget=1536, multiplier=2.46)
_LATEST = Patches(budget=2500, side=2048, full=(0, 0), auto_is_full=True)
_DEFAULT = Tiles(base=85, tile=170)

# The first that fits decides.
_BY_MODEL: tuple[tuple[str, Tiles | Patches], ...] = (
    (r"gpt-4o-mini", Tiles(base=2833, tile=5667)),
    (r"gpt-[\d.]+-mini|raptor", _MINI),
    (r"gpt-[\d.]+-nano", _NANO),
    (r"gpt-4", _DEFAULT),
    (r"o4-mini", Patches(budget=1536, multiplier=1.72)),
    (r"o[13]", Tiles(base=75, tile=150)),
    (r"computer-use", Tiles(base=65, tile=129)),
    (r"codex|gpt-[\d.]+-codex|gpt-5\.[23]", Patches(budget=1536)),
    (r"gpt-5\.4", Patches(budget=2500, side=2048, full=(10000, 6000))),
    (r"gpt-5\.5", Patches(budget=2500, side=2048, full=(10000, 6000), auto_is_full=True)),
    (r"gpt-5(?!\.\d)|gpt-5\.1", Tiles(base=70, tile=140)),
    (r"gpt-", _LATEST),
)


def tokens(size: Size, detail: str, model_id: str) -> int:
    """Tokens of a picture of `size` on the model; any model that is not OpenAI's is priced as VS Code prices all."""
    pricing = next((pricing for name, pricing in _BY_MODEL if re.match(name, model_id)), _DEFAULT)
    return pricing.tokens(size, detail)


def fit(size: Size, *, side: int) -> Size:
    """`size` scaled down, if need be, until both sides are at most `side` px; 0 is no limit."""
    if not side or max(size) <= side:
        return size
    scale = side / max(size)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def scaled(size: Size, budget: int) -> Size:
    """`size` scaled down, if need be, so that whole patches fill one side and all fit into `budget`; 0 is no limit."""
    width, height = size
    if not budget or patches(size) <= budget:
        return size
    ratio = min(1.0, sqrt(PATCH_PX**2 * budget / (width * height)))
    across, down = width * ratio / PATCH_PX, height * ratio / PATCH_PX
    if min(across, down) < 1:  # a strip narrower than a patch: nothing to align
        return max(1, floor(width * ratio)), max(1, floor(height * ratio))
    ratio *= min(floor(across) / across, floor(down) / down)
    return floor(width * ratio), floor(height * ratio)


def patches(size: Size) -> int:
    """How many patches cover a picture of `size`."""
    return ceil(size[0] / PATCH_PX) * ceil(size[1] / PATCH_PX)
