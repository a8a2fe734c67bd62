"""Files that worked cases name, read in bounds from the shared folder only."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from rembigraph.catalogue.transforms.numbers import brief
from rembigraph.catalogue.transforms.refusal import TransformRefused

MOST_BYTES: Final = 20_000_000
"""Size of a file that a case may name."""


def _shared_folder() -> Path:
    return Path(os.environ.get("REMBIGRAPH_SHARED") or "../shared")


def shared_case(name: str) -> Mapping[str, Any]:
    """What another case of the shared file gives, for cases that say `same_as`."""
    cases = document_of("correlation-cases.json").get("cases", [])
    for case in cases:
        if case.get("id") == name and "same_as" not in case["given"]:
            found: Mapping[str, Any] = case["given"]
            return found
    raise TransformRefused("unknown-case", f"no case {brief(name)} is at hand", where="/given/same_as")


def document_of(name: Any) -> Any:
    """A JSON file of the shared folder, by its path below it."""
    folder = _shared_folder().resolve()
    path = (folder / str(name)).resolve()
    if not isinstance(name, str) or not path.is_relative_to(folder) or not path.is_file():
        raise TransformRefused(
            "no-such-file", f"{brief(name)} is not in the shared folder", where="/given/file"
        )
    if path.stat().st_size > MOST_BYTES:
        raise TransformRefused(
            "too-large", f"{brief(name)} is larger than {MOST_BYTES} bytes", where="/given/file"
        )
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise TransformRefused("not-json", f"{brief(name)} is no JSON", where="/given/file") from error
