"""The whole folder of real records in one catalogue, loaded once for every test that reads it."""

from __future__ import annotations

from pathlib import Path

import pytest
from rembigraph.app.loading import load
from rembigraph.catalogue.home import Home
from rembigraph.ontology.identifiers import DEFAULT_DATA_BASE


@pytest.fixture(scope="session")
def real_home(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A catalogue of every document of the shared folder. Tests must not write to it."""
    home = Home.init(tmp_path_factory.mktemp("real") / "catalogue", DEFAULT_DATA_BASE)
    load(sorted(str(folder) for folder in (shared / "realdata").iterdir() if folder.is_dir()), home)
    return home
