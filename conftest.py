"""Options and fixtures of the whole test suite."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--cases", help="file of correlation cases for tests/correlation")
    parser.addoption("--corpus", help="folder of hostile queries and inputs for tests/hostile")
    parser.addoption("--gold", help="folder of gold facts for tests/gold")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real records and corpora; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("REMBIGRAPH_SHARED") or ROOT.parent / "shared")
    if not (folder / "realdata").is_dir():
        pytest.skip("the folder of real public records is not here (REMBIGRAPH_SHARED)")
    return folder


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test reads or writes the person's own catalogue."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
    monkeypatch.delenv("REMBIGRAPH_HOME", raising=False)
