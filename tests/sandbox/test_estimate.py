from copilot_api.sandbox import estimate


def test_four_bytes_are_a_token() -> None:
    assert [estimate.tokens(text) for text in ("", "a", "abcd", "abcde", "æøå")] == [0, 1, 1, 2, 2]


def test_every_string_counts_but_roles_types_ids_and_seals() -> None:
    message = {"role": "user", "content": [{"type": "text", "text": "abcdefgh"}]}
    assert estimate.prompt_tokens([message]) == 2
    assert estimate.prompt_tokens({"type": "thinking", "thinking": "abcd", "signature": "x" * 400}) == 1
    assert estimate.prompt_tokens({"tool_call_id": "call_1", "tool_use_id": "t", "id": "i", "n": 4, "ok": True}) == 0


def test_a_prompt_counts_the_same_as_text_and_as_blocks() -> None:
    text = estimate.prompt_tokens([{"role": "user", "content": "Hello there"}])
    marker = {"type": "ephemeral"}
    blocks = estimate.prompt_tokens(
        [{"role": "user", "content": [{"type": "text", "text": "Hello there", "cache_control": marker}]}]
    )
    assert text == blocks == 3


def test_a_property_called_type_is_no_type() -> None:
    assert estimate.prompt_tokens({"properties": {"type": {"description": "abcdefgh"}}}) == 2


def test_an_attachment_is_flat() -> None:
    image = {"type": "image", "source": {"type": "base64", "data": "A" * 100_000}}
    assert estimate.prompt_tokens([image, image], None) == 3000


def test_what_only_responses_have() -> None:
    sealed = {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [{"type": "summary_text", "text": "abcd"}],
        "encrypted_content": "x" * 99,
    }
    assert estimate.prompt_tokens(sealed) == 1
    call = {
        "type": "function_call",
        "call_id": "c" * 40,
        "name": "abcd",
        "arguments": "{}",
        "status": "completed",
        "phase": "x",
    }
    assert estimate.prompt_tokens(call) == 2
    assert estimate.prompt_tokens({"type": "input_image", "image_url": "data:" + "A" * 9999}) == 1500
    assert estimate.prompt_tokens({"type": "input_file", "file_data": "data:" + "A" * 9999}) == 1500
