import base64
import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from copilot_api.tokens import ranks

SCRIPT = Path(__file__).parents[2] / "build" / "ranks.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("ranks_script", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published")
    for name in ranks.SHA256:
        lines = (base64.b64encode(token) + b" %d\n" % rank for token, rank in ranks.load(name).items())
        (folder / f"{name}.tiktoken").write_bytes(b"".join(lines))
    return folder


def test_the_bundled_files_are_what_the_script_makes_of_the_published_ones(
    script: ModuleType, published: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert script.main(published, tmp_path) == 0
    assert "o200k_base.ranks: 199998 ranks" in capsys.readouterr().out
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert made == {path.name: path.read_bytes() for path in ranks.FOLDER.glob("*.ranks")}


def test_a_file_that_is_not_the_published_one_is_refused(script: ModuleType) -> None:
    with pytest.raises(SystemExit, match=r"r50k_base\.tiktoken has sha256"):
        script.tokens("r50k_base", b"IQ== 0\n")


def test_a_token_with_the_separator_inside_is_refused(script: ModuleType) -> None:
    with pytest.raises(SystemExit, match="holds the separator"):
        script.bundled("o200k_base", [b"a", b"b" + ranks.SEPARATOR])
