"""Files that are compiled together do what they did when each was compiled by itself."""

import shutil
import subprocess
from pathlib import Path

import pytest
from bundles import AT_A_TIME, bundle

pytestmark = pytest.mark.usefixtures("compiler")

HEAD = "/* the head */\n"
# What Nuitka's files have alike: a struct, variables and functions of the same name in each, and one name of their own.
MODULE = """
static struct ModuleConstants {{ int value; }} mod_consts;
static int mod_consts_hash[1];
static int module_filename_obj;
static int constants_created;
static int _Nuitka_next_dict_keys_version;
static void createModuleConstants(void) {{ mod_consts.value = {value}; constants_created++; }}
static int _Nuitka_PyDictKeys_GetVersionForCurrentState(void) {{ return ++_Nuitka_next_dict_keys_version; }}
int of_{name}(void) {{
    createModuleConstants();
    mod_consts_hash[0] = module_filename_obj += mod_consts.value;
    return mod_consts_hash[0] * 100 + constants_created * 10 + _Nuitka_PyDictKeys_GetVersionForCurrentState();
}}
"""


def written(folder: Path, *names: str) -> list[Path]:
    """What Nuitka might have written for modules of those names."""
    paths = [folder / f"module.{name}.c" for name in names]
    for value, path in enumerate(paths, 1):
        path.write_text(MODULE.format(name=path.stem.replace(".", "_"), value=value))
    return paths


def result(folder: Path, sources: list[Path]) -> str:
    """What the modules say, two times each."""
    functions = sorted(f"of_{path.stem.replace('.', '_')}" for path in folder.rglob("module.*.c"))
    calls = "".join(f'printf("{name} %d %d\\n", {name}(), {name}());' for name in functions)
    (folder / "main.c").write_text(f"#include <stdio.h>\nint main(void) {{ {calls} return 0; }}\n")
    subprocess.run(["gcc", "-w", "-std=c11", *sources, folder / "main.c", "-o", folder / "program"], check=True)
    return subprocess.run([folder / "program"], capture_output=True, text=True, check=True).stdout


NAMES = ("p.a", "p.b", "p.q.a", "p.q", "p.q.b", "p.r")


def test_they_are_few_and_each_module_has_its_own_of_what_they_have_alike(tmp_path: Path) -> None:
    paths = written(tmp_path, *NAMES)
    alone = result(tmp_path, paths)
    bundle(paths, "kind", HEAD)
    bundles = sorted(tmp_path.glob("*.c"))
    bundles.remove(tmp_path / "main.c")
    assert [path.name for path in bundles] == ["kind.p.0.c", "kind.p.q.0.c"]
    assert all(path.read_text().startswith(HEAD) for path in bundles)
    assert result(tmp_path, bundles) == alone
    assert len(alone.splitlines()) == len(NAMES)


def test_a_module_more_changes_no_bundle_of_another_package(tmp_path: Path) -> None:
    bundle(written(tmp_path, *NAMES), "kind", HEAD)
    before = (tmp_path / "kind.p.q.0.c").read_text()
    for old in tmp_path.iterdir():
        if old.is_dir():
            shutil.rmtree(old)
        else:
            old.unlink()
    bundle(written(tmp_path, "p.aa", *NAMES), "kind", HEAD)
    assert (tmp_path / "kind.p.q.0.c").read_text() == before


def test_no_bundle_is_so_long_that_all_wait_for_it(tmp_path: Path) -> None:
    count = 2 * AT_A_TIME + 1
    bundle(written(tmp_path, *(f"p.m{i:03}" for i in range(count))), "kind", HEAD)
    counts = [path.read_text().count("#include") for path in sorted(tmp_path.glob("*.c"))]
    assert counts == [AT_A_TIME, AT_A_TIME, 1]


def test_kinds_do_not_get_in_each_others_way_nor_does_an_earlier_build(tmp_path: Path) -> None:
    for _ in range(2):
        hot, *cold = written(tmp_path, "p.a", "p.b", "p.c")
        bundle([hot], "hot", HEAD)
        bundle(cold, "cold", HEAD)
    assert sorted(path.name for path in tmp_path.glob("*.c")) == ["cold.p.0.c", "hot.p.0.c"]
    assert result(tmp_path, [tmp_path / "cold.p.0.c", tmp_path / "hot.p.0.c"]).count("\n") == 3


STATICS = (
    *("static int x;", "static int x[3];", "static int x = 1;", "static struct x { int y; } z_{};"),
    *("static int x(void) { return 0; }", "NUITKA_MAY_BE_UNUSED static int *x(int y)\n{ return 0; }"),
    *("static struct y_{} *x;", "static char const *const x[] = {0};"),
)


@pytest.mark.parametrize("static", STATICS)
def test_a_name_that_nobody_told_is_noticed(tmp_path: Path, static: str) -> None:
    """As when Nuitka's files get another in common, which they would share without a word from the compiler."""
    paths = written(tmp_path, "p.a", "p.b")
    for path in paths:
        path.write_text(f"{path.read_text()}\n{static.replace('{}', path.stem[-1])}\n")
    with pytest.raises(ValueError, match="have x each for itself"):
        bundle(paths, "kind", HEAD)


def test_all_names_that_were_told_are_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bundles.OWN", ())
    with pytest.raises(ValueError, match=r"have ModuleConstants, _Nuitka_PyDictKeys_.*, mod_consts_hash"):
        bundle(written(tmp_path, "p.a", "p.b"), "kind", HEAD)
