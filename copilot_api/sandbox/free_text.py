"""What a custom tool is given: a text in a language of its own, instead of arguments."""

from copilot_api.dialects.codec import dumps_text
from copilot_api.sandbox.hints import Hints

RUNNERS = ("exec",)
"""Custom tools that run commands. Codex's takes a JavaScript program that may call its other tools."""

_PATCH_BEGINS, _PATCH_ENDS = "*** Begin Patch", "*** End Patch"


def compose(name: str, offered: Hints, said: str) -> str:
    """The text for the tool of that name. A patch that was said is handed over as it is."""
    _, begins, rest = said.partition(_PATCH_BEGINS)
    patch, ends, _ = rest.partition(_PATCH_ENDS)
    if begins and ends:
        return f"{begins}{patch}{ends}\n"
    if name == "apply_patch":
        lines = "\n".join(f"+{line}" for line in offered.text_for("content").splitlines())
        return f"{_PATCH_BEGINS}\n*** Add File: {offered.text_for('path')}\n{lines}\n{_PATCH_ENDS}\n"
    if name in RUNNERS:
        return f"const r = await tools.exec_command({{cmd: {dumps_text(offered.text_for('command'))}}});\ntext(r.output);\n"
    return offered.text_for("text")
