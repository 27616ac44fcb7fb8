from copilot_api.dialects.codec import loads
from copilot_api.sandbox.replies import Refusal, draw, json_reply, text_reply


def test_a_plain_refusal_is_text_with_a_newline() -> None:
    reply = draw(Refusal("unauthorized: token expired", status=401, shape="plain"), "error")
    assert (reply.status, reply.body) == (401, b"unauthorized: token expired\n")
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"


def test_the_message_shape() -> None:
    assert loads(draw(Refusal("no"), "message").body) == {"message": "no"}


def test_the_code_shape() -> None:
    refusal = Refusal("no", status=403, code="model_not_allowed")
    assert loads(draw(refusal, "code").body) == {"code": "model_not_allowed", "message": "no"}


def test_the_error_shape_names_the_parameter_where_there_is_one() -> None:
    assert loads(draw(Refusal("no"), "error").body) == {"error": {"message": "no", "code": "invalid_request_body"}}
    named = loads(draw(Refusal("no", param="n"), "error").body)["error"]
    assert named == {"message": "no", "code": "invalid_request_body", "param": "n", "type": "invalid_request_error"}


def test_the_anthropic_shape_names_the_kind_by_status() -> None:
    body = loads(draw(Refusal("slow", status=429), "anthropic", "req_1").body)
    assert body == {"type": "error", "error": {"type": "rate_limit_error", "message": "slow"}, "request_id": "req_1"}
    assert loads(draw(Refusal("x", status=500), "anthropic").body)["error"]["type"] == "api_error"


def test_a_shape_of_its_own_wins() -> None:
    assert loads(draw(Refusal("no", shape="message"), "error").body) == {"message": "no"}


def test_headers_are_kept() -> None:
    assert draw(Refusal("no", headers={"retry-after": "3"}), "error").headers["retry-after"] == "3"
    assert json_reply({}, headers={"a": "b"}).headers["a"] == "b"
    assert text_reply("", headers={"a": "b"}).headers["a"] == "b"
