"""The whole folder of real records in one catalogue, loaded once, by the command line, for every test that reads it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from rembigraph.catalogue.home import Home

from tests.whole_load import WholeLoad, loaded_once


@pytest.fixture(scope="session")
def whole_load(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> WholeLoad:
    """Every document of the shared folder, loaded by whichever process of the test run is the first to want it."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "whole-load"
    folder.mkdir(exist_ok=True)
    return loaded_once(folder, sorted(str(each) for each in (shared / "realdata").iterdir() if each.is_dir()))


@pytest.fixture(scope="session")
def real_home(whole_load: WholeLoad) -> Home:
    """A catalogue of every document of the shared folder. Tests must not write to it."""
    return Home.open(Path(whole_load.home))
