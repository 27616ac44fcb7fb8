"""What /v1/messages refuses in the conversation: roles and their order, pairs of calls and results, seals on thinking.

Source: copilot-upstream.md §6.1.
"""

from collections.abc import Set as AbstractSet

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.sandbox import seals
from copilot_api.sandbox.replies import Refusal
from copilot_api.sandbox.strict import blocks, structure

_THOUGHTS = ("thinking", "redacted_thinking")


def check(body: Json, model: Model, betas: frozenset[str]) -> None:
    """Raises Refusal for the first rule broken."""
    messages: list[Json] = body["messages"]
    _check_roles(messages, model)
    for i, message in enumerate(messages):
        _check_content(message, i, is_last=i == len(messages) - 1)
        for j, block in enumerate(structure.blocks(message)):
            blocks.check(block, message["role"], f"messages.{i}.content.{j}", model, betas)
    turns = [(i, m) for i, m in enumerate(messages) if m["role"] != "system"]
    _check_pairs(turns)
    _check_seals(turns, model)
    if not body.get("tools") and any(b["type"] == "tool_use" for _, m in turns for b in structure.blocks(m)):
        raise Refusal("Requests which include `tool_use` or `tool_result` blocks must define tools.")


def check_thinking_is_kept(body: Json, thought_calls: AbstractSet[str]) -> None:
    """While tools are being used, thinking that led to a call must come back with it, if thinking goes on."""
    thinking = structure.an_object(body, "thinking").get("type")
    turns = [(i, m) for i, m in enumerate(body["messages"]) if m["role"] == "assistant"]
    if thinking != "enabled" or not turns:
        return
    i, last = turns[-1]
    content = structure.blocks(last)
    lost = any(b["type"] == "tool_use" and b["id"] in thought_calls for b in content)
    if lost and content[0]["type"] not in _THOUGHTS:
        raise Refusal(
            f"messages.{i}.content.0.type: Expected `thinking` or `redacted_thinking`, but found `{content[0]['type']}`. "
            "When `thinking` is enabled, a final `assistant` message must start with a thinking block."
        )


def check_end(body: Json, model: Model) -> None:
    """Who speaks last. Newer models do not finish a sentence that was begun for them."""
    last = body["messages"][-1]
    if last["role"] != "assistant":
        return
    if model.claude_version >= (4, 6):
        raise Refusal("This model does not support assistant message prefill. The conversation must end with a user message.")
    content = structure.blocks(last)
    if content and content[-1]["type"] == "text" and content[-1]["text"] != content[-1]["text"].rstrip():
        raise Refusal("messages: final assistant content cannot end with trailing whitespace")


def _check_roles(messages: list[Json], model: Model) -> None:
    for i, message in enumerate(messages):
        role = message["role"]
        if role == "system":
            _check_system(messages, i, model)
        elif role not in {"user", "assistant"}:
            raise Refusal(f"messages.{i}.role: Input should be 'user' or 'assistant'")
    if messages[0]["role"] != "user":
        raise Refusal('messages: first message must use the "user" role')


def _check_system(messages: list[Json], i: int, model: Model) -> None:
    """From 4.8 on, right after a user turn and directly before a turn of the model: the one to come, or one of old."""
    if model.claude_version < (4, 8):
        raise Refusal("role 'system' is not supported on this model")
    after_user = i > 0 and messages[i - 1]["role"] == "user"
    before_model = i == len(messages) - 1 or messages[i + 1]["role"] == "assistant"
    if not (after_user and before_model):
        raise Refusal(f'messages.{i}: Unexpected role "system". It must directly precede the assistant\'s turn.')


def _check_content(message: Json, i: int, *, is_last: bool) -> None:
    content = message.get("content")
    if content:
        return
    if content is None:
        raise Refusal(f"messages.{i}.content: Field required")
    if not (is_last and message["role"] == "assistant"):
        raise Refusal(f"messages.{i}: all messages must have non-empty content except for the optional final assistant message")


def _check_pairs(turns: list[tuple[int, Json]]) -> None:
    """Every call is answered at the beginning of the next user turn, and nothing else is. Turns of one role are one."""
    open_ids: list[str] = []
    seen_ids: set[str] = set()
    role = ""
    for i, message in turns:
        if message["role"] == "assistant" and role != "assistant" and open_ids:
            raise _unanswered(i, open_ids)
        role = message["role"]
        for j, block in enumerate(structure.blocks(message)):
            if block["type"] == "tool_use":
                if block["id"] in seen_ids:
                    raise Refusal(f"messages.{i}.content.{j}: `tool_use` ids must be unique")
                seen_ids.add(block["id"])
                open_ids.append(block["id"])
            elif block["type"] == "tool_result":
                if block["tool_use_id"] not in open_ids:
                    raise Refusal(
                        f"messages.{i}.content.{j}: unexpected `tool_use_id` found in `tool_result` blocks: "
                        f"{block['tool_use_id']}. Each `tool_result` block must have a corresponding `tool_use` block "
                        "in the previous message."
                    )
                open_ids.remove(block["tool_use_id"])
            elif role == "user" and open_ids:
                raise _unanswered(i, open_ids)
    if open_ids:
        raise _unanswered(turns[-1][0], open_ids)


def _unanswered(i: int, ids: list[str]) -> Refusal:
    return Refusal(
        f"messages.{i}: `tool_use` ids were found without `tool_result` blocks immediately after: {', '.join(ids)}. "
        "Each `tool_use` block must have a corresponding `tool_result` block in the next message."
    )


def _check_seals(turns: list[tuple[int, Json]], model: Model) -> None:
    """Signatures are this model family's own, and on what it thought."""
    family = model.family or model.id
    thought_before = False
    for i, message in turns:
        thoughts = [(j, b) for j, b in enumerate(structure.blocks(message)) if b["type"] in _THOUGHTS]
        if thoughts and thought_before:
            raise Refusal(f"messages.{i}.content.0: consecutive assistant messages may not both contain thinking blocks")
        thought_before = bool(thoughts) and message["role"] == "assistant"
        for j, block in thoughts:
            _check_seal(block, f"messages.{i}.content.{j}", family)


def _check_seal(block: Json, where: str, family: str) -> None:
    if block["type"] == "redacted_thinking":
        if not seals.is_valid(block["data"], "redacted", family):
            raise Refusal(f"{where}: Invalid 'data' in 'redacted_thinking' block")
        return
    if not seals.is_valid(block["signature"], "thinking", family):
        raise Refusal(f"{where}: Invalid `signature` in `thinking` block")
    if block["thinking"] and not seals.seals(block["signature"], block["thinking"]):
        raise Refusal(
            f"{where}: `thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified. "
            "These blocks must remain as they were in the original response."
        )
