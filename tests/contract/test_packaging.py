"""The wheel holds every module and data file, and imports keep their one direction."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("app", "catalogue", "loaders", "ontology", "queries", "shapes")
BUILD = find_spec("build")  # without an origin it is the folder that `pip install .` leaves
NOT_SHIPPED = {"ontology/templates/base_model.py.jinja"}  # the generator's, development only


@pytest.mark.skipif(
    BUILD is None or BUILD.origin is None, reason="the dev extra is not installed; .ci/run does it"
)
def test_the_wheel_holds_every_tracked_file(tmp_path: Path) -> None:
    """Built from a clean clone: a stale build folder would hide what is missing."""
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
    build = [sys.executable, "-m", "build", "--wheel", "-o", str(tmp_path), str(clone)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = {name.removeprefix("rembigraph/") for name in zipfile.ZipFile(wheel).namelist()}
    listed = subprocess.run(
        ["git", "ls-files", *FOLDERS], cwd=clone, check=True, capture_output=True, text=True
    )
    tracked = {path for path in listed.stdout.split() if not path.endswith(".md")}
    assert not tracked - NOT_SHIPPED - names


@pytest.mark.skipif(
    find_spec("importlinter") is None, reason="the dev extra is not installed; .ci/run does it"
)
def test_dependencies_point_one_way() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--config", "../pyproject.toml"]
    result = subprocess.run(command, cwd=ROOT / ".static", capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


def _imported(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint('\\n'.join(sys.modules))"
    result = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    return set(result.stdout.split())


def test_help_loads_no_heavy_module() -> None:
    code = "from rembigraph.app.cli import main\ntry:\n    main(['--help'])\nexcept SystemExit:\n    pass"
    heavy = {"fastapi", "rdflib", "pyshacl", "pyoxigraph", "rich", "pydantic", "linkml"}
    assert not _imported(code) & heavy


def test_the_server_loads_neither_linkml_nor_pyshacl() -> None:
    assert not _imported("import rembigraph.app.main") & {"linkml", "linkml_runtime", "pyshacl"}


def test_the_server_and_its_page_workers_start_without_loaders_models_and_arithmetic() -> None:
    code = "import rembigraph.app.main, rembigraph.app.pages.worker, rembigraph.app.pages.router"
    slow = {"numpy", "requests", "rembigraph.loaders", "rembigraph.ontology.generated.models"}
    assert not _imported(code) & slow
