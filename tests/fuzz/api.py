"""Our routes as OpenAPI describes them, so that schemathesis can think up requests, good and bad ones.

It says what is true for every client: the fields that decide something, and the shapes of answers and errors. It is not served:
the dialects are OpenAI's, Anthropic's and Google's, who describe their own.
"""

from typing import Any

Json = dict[str, Any]

CHAT_MODELS = (
    "gpt-4.1",
    "gpt-5-mini",
    "gpt-5.3-codex",
    "claude-haiku-4.5",
    "claude-opus-5",
    "gemini-3.8-flash",
    "no-such-model",
)


def _object(required: str = "", **properties: Json) -> Json:
    return {"type": "object", "required": required.split(), "properties": properties, "additionalProperties": True}


def _one_of(*values: Any) -> Json:
    return {"enum": list(values)}


def _list(items: Json, least: int = 0) -> Json:
    return {"type": "array", "items": items, "minItems": least, "maxItems": 5}


TEXT: Json = {"type": "string"}
FLAG: Json = {"type": "boolean"}
NUMBER: Json = {"type": "integer", "minimum": 0}
SCHEMA = _object("type", type=_one_of("object"), properties={"type": "object"})
MODEL = _one_of(*CHAT_MODELS)
FUNCTION = _object("name", name={"type": "string", "pattern": "^[a-zA-Z0-9_-]{1,64}$"}, description=TEXT, parameters=SCHEMA)

PART = {"anyOf": [_object("type text", type=_one_of("text"), text=TEXT), _object("type", type=TEXT)]}
CALL = _object(
    "id type function", id=TEXT, type=_one_of("function"), function=_object("name arguments", name=TEXT, arguments=TEXT)
)
CHAT = _object(
    "model messages",
    model=MODEL,
    messages=_list(
        _object(
            "role content",
            role=_one_of("system", "user", "assistant", "tool", "developer"),
            content={"anyOf": [TEXT, _list(PART), {"type": "null"}]},
            tool_calls=_list(CALL),
            tool_call_id=TEXT,
        ),
        1,
    ),
    tools=_list(_object("type function", type=_one_of("function"), function=FUNCTION)),
    tool_choice={"anyOf": [_one_of("auto", "none", "required"), _object()]},
    max_tokens=NUMBER,
    temperature={"type": "number", "minimum": 0, "maximum": 2},
    n={"type": "integer", "minimum": 1, "maximum": 3},
    stop={"anyOf": [TEXT, _list(TEXT)]},
    response_format=_object("type", type=_one_of("text", "json_object", "json_schema"), json_schema=_object()),
    reasoning_effort=_one_of("minimal", "low", "medium", "high"),
    user=TEXT,
)
BLOCK = {
    "anyOf": [
        _object("type text", type=_one_of("text"), text=TEXT),
        _object("type id name input", type=_one_of("tool_use"), id=TEXT, name=TEXT, input={"type": "object"}),
        _object("type tool_use_id", type=_one_of("tool_result"), tool_use_id=TEXT, content={"anyOf": [TEXT, _list(PART)]}),
        _object("type", type=TEXT),
    ]
}
COUNTED = _object(
    "model messages",
    model=MODEL,
    messages=_list(_object("role content", role=_one_of("user", "assistant"), content={"anyOf": [TEXT, _list(BLOCK)]}), 1),
    system={"anyOf": [TEXT, _list(BLOCK)]},
    tools=_list(_object("name input_schema", name=TEXT, description=TEXT, input_schema=SCHEMA)),
    thinking=_object("type", type=_one_of("enabled", "disabled", "adaptive"), budget_tokens=NUMBER),
    tool_choice=_object("type", type=_one_of("auto", "any", "tool", "none"), name=TEXT),
)
MESSAGES = COUNTED | {
    "required": ["model", "messages", "max_tokens"],
    "properties": COUNTED["properties"] | {"max_tokens": {"type": "integer", "minimum": 1}, "stop_sequences": _list(TEXT)},
}
ITEM = {
    "anyOf": [
        _object(
            "role content", role=_one_of("user", "assistant", "system", "developer"), content={"anyOf": [TEXT, _list(PART)]}
        ),
        _object("type call_id name arguments", type=_one_of("function_call"), call_id=TEXT, name=TEXT, arguments=TEXT),
        _object("type call_id output", type=_one_of("function_call_output"), call_id=TEXT, output=TEXT),
        _object("type", type=_one_of("reasoning"), summary=_list(_object()), encrypted_content=TEXT),
        _object("type", type=TEXT),
    ]
}
RESPONSES = _object(
    "model input",
    model=MODEL,
    input={"anyOf": [TEXT, _list(ITEM, 1)]},
    instructions=TEXT,
    tools=_list(_object("type", type=_one_of("function", "custom", "web_search"), name=TEXT, parameters=SCHEMA)),
    reasoning=_object(effort=_one_of("low", "medium", "high"), summary=_one_of("auto", "none")),
    text=_object(format=_object("type", type=_one_of("text", "json_object", "json_schema"))),
    store=FLAG,
    previous_response_id=TEXT,
    max_output_tokens=NUMBER,
)
GEMINI_PART = {
    "anyOf": [_object("text", text=TEXT), _object("functionCall", functionCall=_object("name", name=TEXT)), _object()]
}
GEMINI = _object(
    "contents",
    contents=_list(_object("parts", role=_one_of("user", "model"), parts=_list(GEMINI_PART)), 1),
    systemInstruction=_object("parts", parts=_list(GEMINI_PART)),
    tools=_list(_object(functionDeclarations=_list(FUNCTION))),
    generationConfig=_object(maxOutputTokens=NUMBER, temperature={"type": "number"}, responseSchema=_object()),
)
EMBEDDINGS = _object(
    "model input",
    model=_one_of("text-embedding-3-small", "no-such-model"),
    input={"anyOf": [TEXT, _list(TEXT), _list(NUMBER), _list(_list(NUMBER))]},
    dimensions={"type": "integer", "minimum": 1},
    encoding_format=_one_of("float", "base64"),
)

OPENAI = _object("error", error=_object("message type", message=TEXT, type=TEXT))
ANTHROPIC = _object("type error", type=_one_of("error"), error=_object("type message", type=TEXT, message=TEXT))
GOOGLE = _object("error", error=_object("code message status", code={"type": "integer"}, message=TEXT, status=TEXT))
REFUSALS = (400, 402, 403, 404, 405, 413, 415, 422, 429)

WHOLE: dict[str, Json] = {
    "/v1/chat/completions": _object(
        "id object choices usage", object=_one_of("chat.completion"), choices=_list(_object("message"))
    ),
    "/v1/messages": _object("id type role content stop_reason usage", type=_one_of("message"), content=_list(_object("type"))),
    "/v1/messages/count_tokens": _object("input_tokens", input_tokens=NUMBER),
    "/v1/responses": _object("id object output status", object=_one_of("response")),
    "/v1/responses/compact": _object("output"),
    "/v1/responses/input_tokens": _object("input_tokens", input_tokens=NUMBER),
    "/v1/embeddings": _object("object data", object=_one_of("list")),
}
ASKS: dict[str, tuple[Json, Json]] = {
    "/v1/chat/completions": (CHAT, OPENAI),
    "/v1/messages": (MESSAGES, ANTHROPIC),
    "/v1/messages/count_tokens": (COUNTED, ANTHROPIC),
    "/v1/responses": (RESPONSES, OPENAI),
    "/v1/responses/compact": (RESPONSES, OPENAI),
    "/v1/responses/input_tokens": (RESPONSES, OPENAI),
    "/v1/embeddings": (EMBEDDINGS, OPENAI),
}
READS = ("/health", "/usage", "/repairs", "/v1/models", "/v1beta/models")


def description() -> Json:
    """The whole of it."""
    paths: Json = {}
    for path, (body, error) in ASKS.items():
        paths[path] = {"post": _operation(WHOLE[path], error, body)}
    for verb in ("generateContent", "countTokens"):
        paths[f"/v1beta/models/{{model}}:{verb}"] = {"post": _operation(_object(), GOOGLE, GEMINI, _in_path("model", MODEL))}
    for path in READS:
        paths[path] = {"get": _operation(_object(), GOOGLE if "beta" in path else OPENAI)}
    paths["/v1/models/{id}"] = {"get": _operation(_object("id"), OPENAI, None, _in_path("id", {"anyOf": [MODEL, TEXT]}))}
    paths["/token"] = {"get": {"responses": {"403": _answer(OPENAI)}}}
    paths["/"] = {"get": {"responses": {"200": {"description": "Alive", "content": {"text/plain": {"schema": TEXT}}}}}}
    paths["/api/hello"] = {"get": {"responses": {"200": {"description": "Alive"}}}}
    return {"openapi": "3.1.0", "info": {"title": "copilot-api", "version": "1"}, "paths": paths}


def _operation(good: Json, error: Json, body: Json | None = None, *parameters: Json) -> Json:
    said: Json = {"responses": {"200": _answer(good), **{str(status): _answer(error) for status in REFUSALS}}}
    if body is not None:
        said["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    return said | ({"parameters": [*parameters]} if parameters else {})


def _in_path(name: str, schema: Json) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _answer(schema: Json) -> Json:
    return {"description": "An answer", "content": {"application/json": {"schema": schema}}}
