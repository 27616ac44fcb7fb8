"""Completions for bash, zsh and fish as plain files: typer's own would start the whole program at each press of Tab."""

from collections.abc import Callable, Iterator
from itertools import chain

from installers import product
from installers.commands import Command, Option, root

_HEAD = f"# {product.NAME} {product.version()}: written by installers/linux/completions.py from the program's own commands."


def bash() -> str:
    """For /usr/share/bash-completion/completions/copilot-api, or to be sourced."""
    everyone = list(root().everyone())
    paths = [" ".join(command.words) for command in everyone]
    below = "|".join(f'"{path}"' for path in paths[1:])
    return f"""{_HEAD}
_copilot_api() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD - 1]}} path={product.NAME} index
    COMPREPLY=()
    # bash takes --option=value apart at the equals sign.
    if [[ $current == = ]]; then
        current=
    elif [[ $previous == = ]]; then
        previous=${{COMP_WORDS[COMP_CWORD - 2]}}
    fi
    for ((index = 1; index < COMP_CWORD; index++)); do
        case "$path ${{COMP_WORDS[index]}}" in
        {below}) path+=" ${{COMP_WORDS[index]}}" ;;
        esac
    done
    case "$path $previous" in
{"".join(_bash_values(everyone))}    esac
    case $path in
{"".join(_bash_words(everyone))}    esac
}}
complete -F _copilot_api {product.NAME}
"""


def _bash_values(commands: list[Command]) -> Iterator[str]:
    """What stands after an option that takes a value."""
    for command in commands:
        for option in command.options:
            if option.value:
                patterns = "|".join(f'"{" ".join(command.words)} {spelling}"' for spelling in option.spellings)
                yield f"    {patterns})\n        {_compgen(option.choices)}return\n        ;;\n"


def _bash_words(commands: list[Command]) -> Iterator[str]:
    """The commands below, or the options where a hyphen was typed or nothing is below."""
    for command in commands:
        options = _compgen(chain.from_iterable(option.all_spellings for option in command.options))
        below = _compgen(child.name for child in command.children)
        instead = f"if [[ $current != -* ]]; then\n            {below}return\n        fi\n        " if below else ""
        yield f'    "{" ".join(command.words)}")\n        {instead}{options};;\n'


def _compgen(words: Iterator[str] | tuple[str, ...]) -> str:
    listed = " ".join(words)
    return f'COMPREPLY=($(compgen -W "{listed}" -- "$current"))\n        ' if listed else ""


def zsh() -> str:
    """For a folder of $fpath, as _copilot-api."""
    functions = "\n".join(_zsh_function(command) for command in root().everyone())
    name = f"_{product.NAME}"
    return f"""#compdef {product.NAME}
{_HEAD}

{functions}
if [[ $funcstack[1] == {name} ]]; then
    {name} "$@"
else
    compdef {name} {product.NAME}
fi
"""


def _zsh_name(command: Command) -> str:
    return "_" + "-".join(command.words)


def _zsh_function(command: Command) -> str:
    taken = [_single(f":{argument.name.lower()}:") for argument in command.arguments]
    specs = "".join(f" \\\n        {spec}" for spec in (*map(_zsh_option, command.options), *taken))
    name = _zsh_name(command)
    if not command.children:
        return f"{name}() {{\n    _arguments -s :{specs}\n}}\n"
    listed = " ".join(_single(f"{child.name}:{child.help}") for child in command.children)
    cases = "".join(f"            {child.name}) {_zsh_name(child)} ;;\n" for child in command.children)
    return f"""{name}() {{
    local state line curcontext=$curcontext
    local -a commands=({listed})
    _arguments -C -s :{specs} \\
        '1: :->command' '*:: :->rest'
    case $state in
    command) _describe -t commands command commands ;;
    rest)
        case $line[1] in
{cases}        esac
        ;;
    esac
}}
"""


def _zsh_option(option: Option) -> str:
    """One option as `_arguments` takes it: excluded spellings, spellings, help, value."""
    help_ = option.help.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
    value = f":{option.value.lower()}:({' '.join(option.choices)})" if option.value else ""
    specs = []
    for spelling in option.all_spellings:
        takes = ("=" if spelling.startswith("--") else "+") if option.value else ""
        others = "*" if option.repeats else f"({' '.join(option.all_spellings)})"
        specs.append(_single(f"{others}{spelling}{takes}[{help_}]{value}"))
    return " ".join(specs)


def fish() -> str:
    """For /usr/share/fish/vendor_completions.d/copilot-api.fish."""
    lines = chain.from_iterable(_fish_command(command) for command in root().everyone())
    return "\n".join((_HEAD, f"complete -c {product.NAME} -f", *lines)) + "\n"


def _fish_command(command: Command) -> Iterator[str]:
    begin = f"complete -c {product.NAME} -n {_fish_text(_fish_condition(command))}"
    for child in command.children:
        yield f"{begin} -a {child.name} -d {_fish_text(child.help)}"
    for option in command.options:
        told = f"-d {_fish_text(option.help)}"
        value = (f" -x -a '{' '.join(option.choices)}'" if option.choices else " -x") if option.value else ""
        yield f"{begin} {' '.join(_fish_spelling(spelling) for spelling in option.spellings)}{value} {told}"
        for spelling in option.off:
            yield f"{begin} {_fish_spelling(spelling)} {told}"


def _fish_condition(command: Command) -> str:
    """True while the words typed so far name this command and none below it."""
    if not command.words[1:]:
        return "__fish_use_subcommand"
    seen = [f"__fish_seen_subcommand_from {word}" for word in command.words[1:]]
    unseen = [f"not __fish_seen_subcommand_from {child.name}" for child in command.children]
    # fish looks at no order: `auth status` has the word of `status`, too.
    unseen += [f"not __fish_seen_subcommand_from {word}" for word in _above_namesakes(command)]
    return "; and ".join((*seen, *unseen))


def _above_namesakes(command: Command) -> list[str]:
    """The words in front of longer commands that end in this command's only word."""
    namesakes = [other for other in root().everyone() if len(other.words) > 2 and other.words[2:] == command.words[1:]]
    return list(dict.fromkeys(other.words[1] for other in namesakes))


def _fish_spelling(spelling: str) -> str:
    return f"-l {spelling[2:]}" if spelling.startswith("--") else f"-s {spelling[1:]}"


def _single(text: str) -> str:
    """`text` in single quotes for zsh."""
    return "'" + text.replace("'", "'\\''") + "'"


def _fish_text(text: str) -> str:
    """`text` in single quotes for fish."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


# Each shell's file and what makes it; packages say where the folders are.
SHELLS: dict[str, Callable[[], str]] = {"bash": bash, "zsh": zsh, "fish": fish}
