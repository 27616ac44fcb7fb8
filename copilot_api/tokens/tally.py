"""Counts in one encoding and remembers what it has counted: what every counting rule is given."""

from collections.abc import Callable
from typing import Any

from copilot_api.tokens.encodings import Encodings
from copilot_api.tokens.memo import Memo, key
from copilot_api.tokens.prompt import compact


class Tally:
    """One encoding, named by `tokenizer`, behind a memo that other tallies may share."""

    def __init__(self, encodings: Encodings, memo: Memo, tokenizer: str) -> None:
        self.tokenizer = tokenizer
        self._encodings = encodings
        self._memo = memo

    def text(self, text: str) -> int:
        """Tokens of `text`."""
        if not text:
            return 0
        mark = key(self.tokenizer, text)
        count = self._memo.recall(mark)
        if count is None:
            count = self._encodings.count(text, self.tokenizer)
            self._memo.keep(mark, count)
        return count

    def json(self, value: Any) -> int:
        """Tokens of `value` as compact JSON."""
        return self.text(compact(value))

    def once(self, rule: str, subject: Any, work: Callable[[], int]) -> int:
        """What `work` counts about the JSON value `subject` by `rule`, looked up if it was counted before."""
        mark = key(f"{rule} {self.tokenizer}", compact(subject))
        count = self._memo.recall(mark)
        if count is None:
            count = work()
            self._memo.keep(mark, count)
        return count
