"""What the headers put before Nuitka's files hides what is there: a release that says it otherwise is to be looked at."""

import importlib.util
import re
import subprocess
from pathlib import Path

import pytest
from nuitka_options import BEFORE_EACH_FILE

BUILD = Path(__file__).parent.parent.parent / "build"
FINDS_MODULES, STARTS = "MetaPathBasedLoader.c", "OnefileBootstrap.c"

pytestmark = pytest.mark.usefixtures("compiler")


def source(name: str) -> str:
    spec = importlib.util.find_spec("nuitka")
    assert spec
    assert spec.origin
    return (Path(spec.origin).parent / "build" / "static_src" / name).read_text("utf-8")


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (
            FINDS_MODULES,
            "static bool compareToEntryName(char const *name, struct Nuitka_MetaPathBasedLoaderEntry const *entry) {",
        ),
        (FINDS_MODULES, "if (compareToEntryName(name, loader_entries[i])) {"),
        (STARTS, "static filename_char_t payload_path[4096]"),
        (STARTS, "static void initPayloadData(void) {"),
        (STARTS, "    initPayloadData();"),
        (STARTS, "filename_char_t const *fork_binary = first_filename;"),
        (STARTS, "pid_t pid = fork();"),
    ],
)
def test_what_is_hidden_stands_there_once(file: str, said: str) -> None:
    assert source(file).count(said) == 1


@pytest.mark.parametrize(
    ("file", "name"), [(FINDS_MODULES, "compareToEntryName"), (STARTS, "initPayloadData"), (STARTS, "fork")]
)
def test_there_is_no_other_use_of_it(file: str, name: str) -> None:
    """All that is hidden are the definition and the one call, or the one call alone."""
    assert len(re.findall(rf"\b{name}\(", source(file))) == (1 if name == "fork" else 2)


def compiled(code: str, *options: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A program of that code with the headers before it."""
    command = ["gcc", "-Wall", "-Wextra", "-Werror", f"-I{BUILD}", "-include", BEFORE_EACH_FILE, *options]
    return subprocess.run(
        [*command, "-x", "c", "-", "-o", str(folder / "program")], input=code, capture_output=True, text=True, check=False
    )


NAMES = """
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct entry { char const *m_name; void (*m_get_name)(void); bool (*m_compare_name)(char const *, char const *); };

static int copies = 0;

static bool compareToEntryName(char const *name, struct entry const *entry) {
    copies++;
    return strcmp(name, entry->m_name) == 0;
}

static bool never(char const *a, char const *b) { return a == b; }

int main(void) {
    struct entry entries[] = {{"a", NULL, NULL}, {"b", NULL, never}, {"c", NULL, NULL}};
    for (int i = 0; i < 3; i++) {
        char const *name = "c";
        printf("%d", compareToEntryName(name, &entries[i]));
    }
    printf(" %d", copies);
}
"""


def test_names_are_compared_where_they_are_and_others_as_ever(tmp_path: Path) -> None:
    ended = compiled(NAMES, folder=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    told = subprocess.run([tmp_path / "program"], capture_output=True, text=True, check=True).stdout
    assert told == "001 1"
