"""The request repairs of each endpoint: what happens to a body on its way up, in this order."""

from collections.abc import Mapping
from types import MappingProxyType

from copilot_api.translate.repair import Endpoint, Repair
from copilot_api.translate.repair_chat import CHAT
from copilot_api.translate.repair_messages import MESSAGES
from copilot_api.translate.repair_responses import RESPONSES

REQUESTS: Mapping[Endpoint, tuple[Repair, ...]] = MappingProxyType(
    {"/chat/completions": CHAT, "/v1/messages": MESSAGES, "/responses": RESPONSES}
)
