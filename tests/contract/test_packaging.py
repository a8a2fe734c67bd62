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
NOT_SHIPPED = {"ontology/templates/base_model.py.jinja"}  # the generator's, development only


@pytest.mark.skipif(find_spec("build") is None, reason="the dev extra is not installed; .ci/run does it")
