"""Repairs of requests to /responses. Sources: copilot-upstream §4.1 and §4.2, users.md "Upstream quirks"."""

import re

from copilot_api.dialects.codec import Json, dumps_text
from copilot_api.dialects.models import Model
from copilot_api.dialects.read import obj, string, strings, whole_or_none
from copilot_api.errors import ClientMistake
from copilot_api.translate import notes, repair_pictures
from copilot_api.translate import repair_responses_calls as calls
from copilot_api.translate import repair_responses_items as items
from copilot_api.translate import repair_responses_names as names
from copilot_api.translate import repair_responses_tools as tools
from copilot_api.translate.effort import LEVELS, nearest
from copilot_api.translate.repair import LAST, Repair, Target, without

LEAST_OUTPUT = 16
ENCRYPTED = "reasoning.encrypted_content"

# Copilot takes none of these. What would change the answer is refused before it comes here.
_NEVER = (
    "background",
    "client_metadata",
    "conversation",
    "max_tool_calls",
    "metadata",
    "moderation",
    "previous_response_id",
    "prompt",
    "prompt_cache_options",
    "prompt_cache_retention",
    "safety_identifier",
    "service_tier",
    "stream_options",
    "top_logprobs",
    "user",
)
# The first families compact nothing on the server.
_COMPACTS_NOTHING = re.compile(r"gpt-5(\.[12])?(-|$)")


def _store(body: Json, target: Target) -> Json:
    """Copilot stores nothing. A client that counted on it gets its reasoning in the form that it can send back."""
    if body.get("store") is False:
        return body
    included = strings(body.get("include"))
    kept = {"include": [*included, ENCRYPTED]} if _reasons(target.model) and ENCRYPTED not in included else {}
    return body | {"store": False} | kept


def _fields(body: Json, target: Target) -> Json:
    if body.get("prompt"):
        raise ClientMistake("prompt: stored prompts are not available through Copilot", hint="send the text", param="prompt")
    compacts = () if not _COMPACTS_NOTHING.match(target.model.id) else ("context_management",)
    return without(body, *_NEVER, *compacts)


def _include(body: Json, target: Target) -> Json:
    """What can be had beside the answer: reasoning of models that reason, and the sources of a search if there is one."""
    if "include" not in body:
        return body
    wanted = strings(body["include"])
    kept = [name for name in wanted if (name == ENCRYPTED and _reasons(target.model)) or _is_searched(name, target)]
    if kept == body["include"]:
        return body
    return body | {"include": kept} if kept else without(body, "include")


def _reasons(model: Model) -> bool:
    return model.thinks or model.is_openai_reasoning


def _is_searched(name: str, target: Target) -> bool:
    return target.web_search and name.startswith("web_search_call.")


def _cap(body: Json, target: Target) -> Json:
    """Fewer than sixteen tokens are refused, and so are more than the model writes."""
    cap = whole_or_none(body.get("max_output_tokens"))
    if cap is None:
        return body
    fitting = max(LEAST_OUTPUT, min(cap, target.model.max_output or cap))
    return body if fitting == cap else body | {"max_output_tokens": fitting}


def _effort(body: Json, target: Target) -> Json:
    """Only efforts that the model lists: the nearest one, the least for none at all."""
    reasoning, listed = body.get("reasoning"), target.model.efforts
    if not isinstance(reasoning, dict) or "effort" not in reasoning or reasoning["effort"] in listed:
        return body
    wanted = reasoning["effort"]
    level = next((level for level in LEVELS if level in listed), None) if wanted == LEVELS[0] else nearest(wanted, listed)
    fitted = without(reasoning, "effort") | ({"effort": level} if level else {})
    return body | {"reasoning": fitted} if fitted else without(body, "reasoning")


def _sampling(body: Json, _target: Target) -> Json:
    return without(body, "temperature", "top_p")


def _format(body: Json, target: Target) -> Json:
    """A schema for the answer is refused by some models: these are asked for it in words."""
    text = obj(body.get("text"))
    wanted = obj(text.get("format"))
    if target.model.structured or wanted.get("type") != "json_schema":
        return body
    words = notes.only_json(dumps_text(obj(wanted.get("schema"))))
    said = "\n\n".join(part for part in (string(body.get("instructions")), words) if part)
    rest = without(text, "format")
    return without(body, "text") | {"instructions": said} | ({"text": rest} if rest else {})


RESPONSES: tuple[Repair, ...] = (
    Repair(
        name="references-refused",
        when="the input refers to an item that is not in it",
        does="refuses the request, because nobody stored the item",
        source="clients §4.3",
        mend=items.references,
    ),
    # Before any other row that touches tools: the way back reads the names from the request as it came.
    Repair(
        name="tool-names-mapped",
        when="the name of a tool or a namespace is over 64 characters long or holds odd ones",
        does="sends another name, and gives the client its own back",
        source="translation §1.6",
        mend=names.mapped,
    ),
    Repair(
        name="store-off",
        when="the answer is to be stored",
        does="stores nothing, asks for the reasoning in a form that can be sent back",
        source="copilot-upstream §4.2",
        mend=_store,
    ),
    Repair(
        name="fields-dropped",
        when="there are fields that Copilot does not know",
        does="drops them",
        source="copilot-upstream §4.2",
        mend=_fields,
    ),
    Repair(
        name="include-fitted",
        when="more is to be included than the model has",
        does="asks only for what there is",
        source="copilot-upstream §4.1",
        mend=_include,
    ),
    Repair(
        name="cap-fitted",
        when="the output cap is below 16 or over the model's limit",
        does="raises or lowers it to that",
        source="copilot-upstream §4.2",
        mend=_cap,
    ),
    Repair(
        name="effort-fitted",
        when="the model does not list the effort",
        does="takes the nearest it lists, or none",
        source="copilot-upstream §4.1",
        mend=_effort,
    ),
    Repair(
        name="sampling-dropped",
        when="there is a temperature or top_p",
        does="drops them",
        source="users.md, upstream quirks",
        mend=_sampling,
    ),
    Repair(
        name="format-worded",
        when="a response schema goes to a model that refuses it",
        does="asks for it in words",
        source="copilot-upstream §4.2",
        mend=_format,
    ),
    Repair(
        name="tools-settled",
        when="the conversation brings tools along, for a model that does not know that",
        does="offers them from the start",
        source="copilot-upstream §2.1",
        mend=tools.settled,
    ),
    Repair(
        name="hosted-tools-dropped",
        when="there are tools that only OpenAI's servers run",
        does="drops them, or refuses a request that depends on one",
        source="copilot-upstream §4.2",
        mend=tools.hosted,
    ),
    Repair(
        name="free-text-wrapped",
        when="a model that is not Codex's own gets a tool that takes free text",
        does="makes it a function that takes the text, and unwraps its calls",
        source="copilot-upstream §4.2",
        mend=tools.wrapped,
    ),
    Repair(
        name="namespaces-described",
        when="a namespace of tools, or a tool in it, has a blank description",
        does="describes it by its name",
        source="copilot-upstream §4.2",
        mend=tools.described,
    ),
    Repair(
        name="tools-completed",
        when="the list of tools, or a namespace, is empty",
        does="removes it, with the choice from it",
        source="translation §5",
        mend=tools.empty,
    ),
    Repair(
        name="hosted-items-dropped",
        when="the history holds calls that nobody can make here",
        does="drops them",
        source="translation §1.8",
        mend=items.hosted,
    ),
    Repair(
        name="reasoning-restored",
        when="reasoning comes back, in the form that we gave it or from elsewhere",
        does="sends it as it was written, drops what the model did not write",
        source="copilot-upstream §4.3",
        mend=items.reasoning,
    ),
    Repair(
        name="compaction-restored",
        when="a summary of the conversation comes back",
        does="sends it as it was written, the newest of several",
        source="copilot-upstream §4.4",
        mend=items.compaction,
    ),
    Repair(
        name="tool-results-paired",
        when="a call has no output behind it, or an output no call of its kind before it",
        does="adds an output that says so, makes the other the user's words",
        source="translation §1.5",
        mend=calls.paired,
    ),
    Repair(
        name="parsed-dropped",
        when="an SDK sends its own notes back with an answer",
        does="drops what the SDKs note in answers",
        source="openai package for JavaScript",
        mend=items.parsed,
    ),
    Repair(
        name="ids-dropped",
        when="items come with ids, which are the client's or ours",
        does="drops them where nothing depends on them",
        source="copilot-upstream §4.2",
        mend=items.ids,
    ),
    repair_pictures.TYPED,
    *LAST,
)
