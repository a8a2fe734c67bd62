"""Options and fixtures of the whole test suite."""

from __future__ import annotations

import cProfile
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent
MEMORY = Path("/dev/shm")  # noqa: S108 - a file system in memory, where there is one
ENOUGH_BYTES = 6 * 1024**3


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--cases", help="file of correlation cases for tests/correlation")
    parser.addoption("--corpus", help="folder of hostile queries and inputs for tests/hostile")
    parser.addoption("--gold", help="folder of gold facts for tests/gold")


def pytest_configure() -> None:
    """Let catalogues of tests lie in memory where there is room: half of a small load is waiting for a disk.

    The nightly suite stays on the disk.
    """
    if "NIGHTLY_RUN" not in os.environ and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ENOUGH_BYTES:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave tests marked `nightly` to .ci/nightly, which sets NIGHTLY_RUN."""
    if "NIGHTLY_RUN" not in os.environ:
        left = [item for item in items if item.get_closest_marker("nightly")]
        items[:] = [item for item in items if item not in left]
        config.hook.pytest_deselected(items=left)


@pytest.fixture(scope="session")
def calls() -> Callable[[Callable[[], object]], int]:
    """A counter of the calls, of Python and of C, that a function makes: the same on every machine."""

    def count(function: Callable[[], object]) -> int:
        profile = cProfile.Profile()
        profile.runcall(function)
        return sum(entry.callcount for entry in profile.getstats())

    return count


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
