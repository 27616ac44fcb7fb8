import pytest

from copilot_api.sandbox import free_text, hints

PATCH = "*** Begin Patch\n*** Update File: a.py\n-x\n+y\n*** End Patch"


@pytest.mark.parametrize(
    ("name", "said", "text"),
    [
        ("apply_patch", f"Please apply this: {PATCH} Thanks.", PATCH + "\n"),
        ("edit", f"Apply {PATCH}", PATCH + "\n"),
        ("apply_patch", "Write `hello` to new.txt", "*** Begin Patch\n*** Add File: new.txt\n+hello\n*** End Patch\n"),
        ("apply_patch", "*** Begin Patch", "*** Begin Patch\n*** Add File: sandbox.txt\n+*** Begin Patch\n*** End Patch\n"),
        (
            "exec",
            'Run `echo "hi"`',
            'const r = await tools.exec_command({cmd: "echo \\"hi\\""});\ntext(r.output);\n',
        ),
        ("note", 'Write down "milk"', "milk"),
        ("note", "Hello", "Hello"),
    ],
)
def test_what_a_custom_tool_is_given(name: str, said: str, text: str) -> None:
    assert free_text.compose(name, hints.of(said), said) == text
