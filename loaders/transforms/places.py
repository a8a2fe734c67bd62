"""Coordinate systems of files that name axes and a unit only, and the parts of a file that no reader took."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rembigraph.ontology.transform_documents import System


def space(key: str, axes: Sequence[str], unit: str = "", kind: str = "space") -> System:
    """A system whose axes have one unit; without one where it is empty."""
    units = {"unit": unit} if unit else {}
    return {"name": key, "axes": [{"name": axis, "type": kind, **units} for axis in axes]}


def unused(value: Any, taken: set[str], where: str = "") -> dict[str, Any]:
    """The parts of parsed JSON that no reader took, by JSON pointer: the largest that hold nothing taken."""
    above = {pointer[:at] for pointer in taken for at, mark in enumerate(pointer) if mark == "/"}
    return dict(_unused(value, taken, above, where))


def _unused(value: Any, taken: set[str], above: set[str], where: str) -> list[tuple[str, Any]]:
    if where in taken:
        return []
    if where not in above or not isinstance(value, dict | list):
        return [(where, value)] if where not in above else []
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    return [one for key, part in parts for one in _unused(part, taken, above, f"{where}/{escaped(key)}")]


def escaped(key: object) -> str:
    """A key as a JSON pointer writes it (RFC 6901)."""
    return str(key).replace("~", "~0").replace("/", "~1")
