"""What `.ci/validators` gives the tests: a running server, the accessions of the sample, a port for files.

Nothing here imports the catalogue: the validators have an environment of their own, and know it by HTTP only.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SERVER = os.environ.get("VALIDATED_SERVER", "")
collect_ignore_glob = [] if SERVER else ["test_*.py"]
"""Without a server, outside of `.ci/validators`, there is nothing to test."""


@pytest.fixture(scope="session")
def server() -> str:
    """Address of the catalogue, without a slash at the end."""
    return SERVER.rstrip("/")


@pytest.fixture(scope="session")
def accessions() -> list[str]:
    """The accessions of the sample of real studies."""
    return Path(os.environ["VALIDATED_ACCESSIONS"]).read_text(encoding="utf-8").split()
