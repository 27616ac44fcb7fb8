"""Whatever travels in a package is named with its licence, and what is not known stops the packaging."""

from importlib import metadata
from pathlib import Path

import pytest

from installers import notices
from installers.job import CannotMake
from installers.notices import Part

REPORT = "<report><distributions>{}</distributions></report>"


def report(folder: Path, *names: str) -> Path:
    path = folder / "report.xml"
    path.write_text(REPORT.format("".join(f'<distribution name="{name}"/>' for name in names)), "utf-8")
    return path


def test_the_packages_are_those_that_the_compiler_reports(tmp_path: Path) -> None:
    parts = {part.name: part for part in notices.parts(tmp_path, report(tmp_path, "aiohttp", "orjson", "copilot-api-local"))}
    assert set(parts) - {"Nuitka"} == {"Python", "aiohttp", "orjson"}
    assert parts["aiohttp"].version == metadata.version("aiohttp")
    assert parts["aiohttp"].licence == "Apache-2.0 AND MIT"
    assert "Apache License" in parts["aiohttp"].text
    assert "Node" in parts["aiohttp"].text or "Permission is hereby granted" in parts["aiohttp"].text


def test_without_a_report_they_are_all_that_the_project_needs(tmp_path: Path) -> None:
    names = {part.name.lower() for part in notices.parts(tmp_path, tmp_path / "none.xml")}
    assert {"aiohttp", "yarl", "multidict", "orjson", "tiktoken", "typer", "platformdirs", "python"} <= names
    assert not {"pytest", "mypy", "copilot-api-local"} & names


def test_every_part_has_words_and_a_licence(tmp_path: Path) -> None:
    for part in notices.parts(tmp_path, tmp_path / "none.xml"):
        assert len(part.text) > 200, part.name
        assert part.licence, part.name
        assert "\n" not in part.licence, part.name


@pytest.mark.parametrize("row", sorted(notices.LIBRARIES))
def test_a_known_library_is_named(tmp_path: Path, row: str) -> None:
    (tmp_path / f"{row}.so.1").write_bytes(b"")
    name, licence, _ = notices.LIBRARIES[row]
    found = {part.name: part for part in notices.parts(tmp_path, report(tmp_path))}
    assert found[name].licence == licence


def test_an_unknown_library_stops_the_packaging(tmp_path: Path) -> None:
    (tmp_path / "libsurprise.so.3").write_bytes(b"")
    with pytest.raises(CannotMake, match=r"libsurprise\.so\.3 came in, and its licence is not known"):
        notices.parts(tmp_path, report(tmp_path))


def test_a_library_of_a_python_package_is_covered_by_that_package(tmp_path: Path) -> None:
    library = next(file.name for file in metadata.files("pillow") or () if file.name.startswith("libjpeg"))
    (tmp_path / library).write_bytes(b"")
    assert notices.parts(tmp_path, report(tmp_path, "pillow"))


def test_a_package_that_is_not_installed_here_stops_the_packaging(tmp_path: Path) -> None:
    with pytest.raises(CannotMake, match="no-such-package is in the program and not installed here"):
        notices.parts(tmp_path, report(tmp_path, "no-such-package"))


def test_holders_are_the_lines_that_name_them() -> None:
    text = "MIT License\n\nCopyright (c) 2020 One\n# Copyright 2021 Another\n(c) 2019 A Third.\nThe above copyright notice\n"
    part = Part(name="x", version="1", licence="MIT", text=text)
    assert part.holders == ("Copyright (c) 2020 One", "Copyright 2021 Another", "(c) 2019 A Third")


def test_as_one_text_it_begins_with_our_own_licence(tmp_path: Path) -> None:
    text = notices.plain(tmp_path, report(tmp_path, "yarl"))
    assert text.startswith("copilot-api\n\nMIT License")
    assert f"\nyarl {metadata.version('yarl')} (Apache-2.0)\n" in text


def test_pythons_licence_is_found_where_windows_keeps_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Lib").mkdir()
    (tmp_path / "LICENSE.txt").write_text("the licence of Python", "utf-8")
    monkeypatch.setattr("sysconfig.get_path", lambda _name: str(tmp_path / "Lib"))
    assert "the licence of Python" in next(
        part.text for part in notices.parts(tmp_path, tmp_path / "none") if part.name == "Python"
    )
