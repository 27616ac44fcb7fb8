"""How many tokens a prompt is, without asking anybody: the rank files are part of the package, nothing is ever downloaded."""

import re

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import DEFAULT_TOKENIZER, Model
from copilot_api.tokens import claude, cookbook, read_chat, read_messages, read_responses, vscode
from copilot_api.tokens.encodings import Encodings, known
from copilot_api.tokens.memo import Memo
from copilot_api.tokens.prompt import Prompt
from copilot_api.tokens.tally import Tally

# Room for 23,000 texts: a good many long conversations.
MEMO_BYTES = 8 * 1024 * 1024

_OPENAI = re.compile(r"gpt-|o\d|codex|raptor|text-embedding")


class Counter:
    """Counts prompts by the rule of the model's maker. Every method blocks (`asyncio.to_thread`) and may run in any thread.

    Exact for text on OpenAI's models, an estimate on the safe side for Claude, VS Code's own rule for the rest. A body need
    not be well-formed: what is text is counted. The first count in an encoding builds it (see `warm`).
    """

    def __init__(self, *, memo_bytes: int = MEMO_BYTES) -> None:
        self._encodings = Encodings()
        self._memo = Memo(memo_bytes)

    def count_chat(self, body: Json, model: Model) -> int:
        """Input tokens of a Chat Completions body."""
        return self._count(read_chat.prompt(body), model)

    def count_messages(self, body: Json, model: Model) -> int:
        """Input tokens of an Anthropic Messages body; on a model that is not Claude, of the chat it is translated to."""
        return self._count(read_messages.prompt(body), model)

    def count_responses(self, body: Json, model: Model) -> int:
        """Input tokens of a Responses body; on a model that is served elsewhere, about what its translation has."""
        return self._count(read_responses.prompt(body), model)

    def count_text(self, text: str, tokenizer: str = DEFAULT_TOKENIZER) -> int:
        """Tokens of a text. An unknown tokenizer is taken for o200k_base."""
        return self._tally(tokenizer).text(text)

    def decode(self, tokens: list[int], tokenizer: str = DEFAULT_TOKENIZER) -> str:
        """The text of token ids, which embeddings clients may send. Raises ClientMistake for an id that does not exist."""
        return self._encodings.decode(tokens, tokenizer)

    def warm(self, tokenizer: str = DEFAULT_TOKENIZER) -> None:
        """Builds an encoding ahead of its first use: 130 ms and 50 MB for o200k_base.

        About 80 ms of it hold the interpreter lock, so the event loop stands still even when this runs in a thread: do it
        before the first client or on first use, never while streams are open. Counting releases the lock.
        """
        self._encodings.build(tokenizer)

    def _count(self, prompt: Prompt, model: Model) -> int:
        if model.is_claude:
            return claude.count(prompt, model, self._tally(claude.TOKENIZER))
        rule = cookbook.count if _is_openai(model) else vscode.count
        return rule(prompt, model, self._tally(model.tokenizer))

    def _tally(self, tokenizer: str) -> Tally:
        return Tally(self._encodings, self._memo, known(tokenizer))


def _is_openai(model: Model) -> bool:
    return model.vendor.endswith("OpenAI") or _OPENAI.match(model.id) is not None
