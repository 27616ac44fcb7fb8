"""How far estimates are off, model by model, learned from what Copilot says it counted. Source: tokens.md §6, last line."""

from math import ceil
from threading import Lock

from copilot_api.dialects.codec import Json
from copilot_api.dialects.read import number, obj

RULES = 1
"""Which counting rules the ratios are about. Raise it when these change: what was learned about others is then forgotten."""

LEAST_TOKENS = 200
"""Below that a prompt says more about what every request carries than about its text."""

LOW, HIGH = 0.5, 2.0
WEIGHT = 0.2
MODELS = 500


class Ratios:
    """Tokens counted per token estimated, as an exponential average. Safe to share between threads."""

    def __init__(self) -> None:
        self._learned: dict[str, tuple[float, int]] = {}
        self._lock = Lock()

    def learn(self, model_id: str, *, estimated: int, counted: int) -> bool:
        """Takes one observation; False when it says nothing."""
        if min(estimated, counted) < LEAST_TOKENS:
            return False
        with self._lock:
            before, seen = self._learned.get(model_id, (0.0, 0))
            if not seen and len(self._learned) >= MODELS:
                return False
            weight = max(WEIGHT, 1 / (seen + 1))  # the first few count alike
            now = min(max(counted / estimated, LOW), HIGH)
            self._learned[model_id] = (before + weight * (now - before), seen + 1)
            return True

    def seen(self, model_id: str) -> int:
        """How many observations there were of this model."""
        with self._lock:
            return self._learned.get(model_id, (0.0, 0))[1]

    def corrected(self, model_id: str, estimated: int) -> int | None:
        """The estimate, set right; None when nothing is known about this model."""
        with self._lock:
            ratio, seen = self._learned.get(model_id, (0.0, 0))
        return ceil(estimated * ratio) if seen else None

    def dump(self) -> Json:
        """All of it as JSON: numbers and model ids, nothing of any prompt."""
        with self._lock:
            learned = {id_: {"ratio": round(ratio, 4), "seen": seen} for id_, (ratio, seen) in self._learned.items()}
        return {"rules": RULES, "models": learned}

    def load(self, dumped: Json) -> None:
        """What `dump` gave once. What cannot be used of it is passed over."""
        if dumped.get("rules") != RULES:
            return
        with self._lock:
            for id_, entry in list(obj(dumped.get("models")).items())[:MODELS]:
                ratio, seen = obj(entry).get("ratio"), number(obj(entry).get("seen"))
                if isinstance(ratio, int | float) and LOW <= ratio <= HIGH and seen > 0:
                    self._learned[id_] = (float(ratio), seen)
