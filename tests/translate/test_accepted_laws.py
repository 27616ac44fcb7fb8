"""What holds for every conversation on every model, however strange: Copilot takes what becomes of it, or it is a mistake.

Chat and Messages that pass through have their law in `test_pass_through_laws`, Gemini in `test_gemini_request_laws`.
"""

import copy
import json
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot_api.dialects.codec import Json, dumps
from copilot_api.dialects.models import Model
from copilot_api.errors import ClientMistake, UpstreamRefused
from copilot_api.sandbox.connection import Connection
from copilot_api.sandbox.replies import Refusal
from copilot_api.sandbox.seen import Seen
from copilot_api.sandbox.strict import chat, messages, responses
from copilot_api.translate import Client, Endpoint, begin
from copilot_api.translate.repair import Target
from copilot_api.translate.retries import Sent, again
from copilot_api.translate.translation import OWN_ENDPOINTS
from tests.builders.asks import PEEKS, STAMP
from tests.builders.models import model
from tests.translate.test_request_laws import CHAT_BODY, MESSAGES_BODY, RESPONSES_BODY

BODIES: dict[Client, st.SearchStrategy[Json]] = {"chat": CHAT_BODY, "messages": MESSAGES_BODY, "responses": RESPONSES_BODY}
SEES = Seen(plane="copilot", method="POST", path="", headers={"copilot-vision-request": "true"})
JUDGES: dict[Endpoint, Callable[[Json, Model], object]] = {
    "/chat/completions": lambda body, to: chat.check(body, to, SEES),
    "/v1/messages": lambda body, to: messages.check(body, messages.Context(model=to)),
    "/responses": lambda body, to: responses.check(body, to, Connection("law"), sees=True, web_search=False),
}
MODELS = (
    "gpt-4.1",
    "gpt-5-mini",
    "gpt-5.3-codex",
    "gpt-5.6-sol",
    "grok-4.7",
    "kimi-k3",
    "gemini-3.1-pro-preview",
    "claude-haiku-4.5",
    "claude-sonnet-4.6",
    "claude-opus-5",
)
PAIRS = [
    (client, id_)
    for client in BODIES
    for id_ in MODELS
    if client == "responses" or not model(id_).speaks(OWN_ENDPOINTS[client])
]


def refusal_of(endpoint: Endpoint, body: Json, to: Model) -> UpstreamRefused | None:
    try:
        JUDGES[endpoint](body, to)
    except Refusal as refusal:
        return UpstreamRefused(refusal.message, status=refusal.status, code=refusal.code, param=refusal.param)
    return None


def is_plausible(body: Json) -> bool:
    """Whether no maker of a model refuses it outright: what is refused everywhere goes up as it is, to be refused there."""
    said = body.get("input", "q")
    speaks = isinstance(said, str) or any("content" in item or "output" in item for item in said)
    return speaks and 0 <= body.get("temperature", 1) <= 2 and ("tools" in body or body.get("tool_choice") != "required")


def correct(body: Json) -> Json:
    """`body` as its own dialect wants it: what passes through is judged by those who made the dialect."""
    text = json.dumps(body, sort_keys=True).replace('"schema": {}', '"name": "n", "schema": {}')
    corrected: Json = json.loads(re.sub(r'("text": "[^"]*", "type": )"text"', r'\1"input_text"', text))
    return corrected


@pytest.mark.parametrize(("client", "id_"), PAIRS)
@given(data=st.data())
def test_copilot_takes_every_conversation(client: Client, id_: str, data: st.DataObject) -> None:
    body, to = data.draw(BODIES[client].filter(is_plausible)) | {"model": id_}, model(id_)
    if to.speaks(OWN_ENDPOINTS[client]):
        body = correct(body)
    before = copy.deepcopy(body)
    try:
        work = begin(client=client, body=body, raw=dumps(body), ask=PEEKS[client](body), model=to, stamp=STAMP)
    except ClientMistake:
        return
    finally:
        assert body == before
    if work.answer is not None:
        return  # nothing is sent
    sent = Sent(body=json.loads(work.request), endpoint=work.endpoint, target=Target(model=to, stream=work.stream_upstream))
    while problem := refusal_of(sent.endpoint, sent.body, to):
        found = again(sent, problem)
        assert found is not None, f"{problem.message}: {sent.body}"
        sent = Sent(body=found.body, endpoint=sent.endpoint, target=sent.target, tried=(*sent.tried, found.name))
