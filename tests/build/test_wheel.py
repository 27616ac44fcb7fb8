"""The wheel: what PyPI shows of it, what is in it, and that it works where nothing else is installed."""

import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest
from packaging.metadata import Metadata

from copilot_api import __version__
from installers import product

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with wheel and sdist, built as the release builds them: with the locked hatchling, without the network."""
    folder = tmp_path_factory.mktemp("built")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-d", folder], cwd=ROOT, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="session")
def wheel(built: Path) -> Path:
    return built / f"copilot_api_local-{__version__}-py3-none-any.whl"


@pytest.fixture(scope="session")
def about(wheel: Path) -> Metadata:
    """Its metadata, checked as PyPI checks them."""
    with zipfile.ZipFile(wheel) as packed:
        text = packed.read(f"copilot_api_local-{__version__}.dist-info/METADATA")
    return Metadata.from_email(text, validate=True)


def test_pypi_shows_readme_licence_and_the_oldest_python(about: Metadata) -> None:
    assert about.description == (ROOT / "README.md").read_text("utf-8")
    assert about.description_content_type == "text/markdown"
    assert about.license_expression == "MIT"
    assert about.license_files == ["LICENSE"]
    assert about.summary
    assert len(about.summary) < 512
    assert str(about.requires_python) == ">=3.11"


def test_it_goes_by_a_name_that_is_no_strangers(wheel: Path, about: Metadata) -> None:
    """On PyPI `copilot-api` is somebody else's; `uvx NAME` runs the command that is called like the package."""
    assert about.name == product.DISTRIBUTION == "copilot-api-local"
    with zipfile.ZipFile(wheel) as packed:
        told = packed.read(f"copilot_api_local-{__version__}.dist-info/entry_points.txt").decode()
    main = "copilot_api.__main__:main"
    assert told.split() == ["[console_scripts]", "copilot-api", "=", main, "copilot-api-local", "=", main]


def test_it_brings_the_program_and_its_data_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
    tops = {name.split("/")[0] for name in names}
    assert tops == {"copilot_api", f"copilot_api_local-{__version__}.dist-info"}
    source = {path.relative_to(ROOT).as_posix() for path in (ROOT / "copilot_api").rglob("*") if path.is_file()}
    assert {name for name in names if name.startswith("copilot_api/")} == {name for name in source if "__pycache__" not in name}


def test_the_sdist_can_do_what_the_clone_can(built: Path) -> None:
    with tarfile.open(built / f"copilot_api_local-{__version__}.tar.gz") as packed:
        names = {name.partition("/")[2] for name in packed.getnames()}
    assert {"build/dev.py", "build/release.py", "installers/__main__.py", "requirements.lock", "tests/conftest.py"} <= names


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_installed_where_nothing_else_is_it_serves(wheel: Path, tmp_path: Path) -> None:
    fresh = tmp_path / "fresh"
    venv.create(fresh, with_pip=True)
    # Like pipx and uvx: an environment of its own, with the newest of all that it asks for.
    pip = [str(fresh / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, wheel], check=True, timeout=240)
    smoke = [sys.executable, str(ROOT / "build" / "release.py"), "smoke", str(fresh / "bin" / "copilot-api")]
    done = subprocess.run(smoke, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
