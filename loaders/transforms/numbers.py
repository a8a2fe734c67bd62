"""Numbers of foreign files as they are written: finite and in bounds, or refused with their place."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from rembigraph.ontology.errors import TransformRefused
from rembigraph.ontology.transform_dialects import shown

GREATEST: Final = 1e150
_LONGEST: Final = 400

Rows = list[list[float]]


def number(text: Any, where: str) -> float:
    """A finite number, from text or parsed JSON.

    Raises:
        TransformRefused: `not-a-number`, `not-finite` or `out-of-range`.
    """
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        raise TransformRefused("not-a-number", f"{shown(text)} is no number", where=where)
    if isinstance(text, str) and (len(text) > _LONGEST or "_" in text):
        raise TransformRefused("not-a-number", f"{shown(text)} is no number", where=where)
    try:
        result = float(text)
    except (ValueError, OverflowError) as error:
        raise TransformRefused("not-a-number", f"{shown(text)} is no number", where=where) from error
    if not math.isfinite(result):
        raise TransformRefused("not-finite", f"{result} is not a finite number", where=where)
    if abs(result) > GREATEST:
        raise TransformRefused("out-of-range", f"{result:g} is beyond ±{GREATEST:g}", where=where)
    return result


def numbers(items: Any, count: int, where: str) -> list[float]:
    """Exactly so many numbers, from a list or from text that separates them by blanks or commas.

    Raises:
        TransformRefused: `vector-length`, or what is wrong with one of them.
    """
    found = items.replace(",", " ").split() if isinstance(items, str) else items
    if not isinstance(found, list):
        raise TransformRefused("not-a-vector", f"{shown(items)} is no list of numbers", where=where)
    if len(found) != count:
        said = f"{len(found)} numbers where {count} are expected"
        raise TransformRefused("vector-length", said, where=where, expected=count, got=len(found))
    return [number(item, where) for item in found]


def rows_of(flat: Sequence[float], columns: int) -> Rows:
    """A row-major list as rows."""
    return [list(flat[at : at + columns]) for at in range(0, len(flat), columns)]


def reversed_axes(rows: Rows) -> Rows:
    """An affine M x (N+1) with the axes of both ends in the opposite order: x,y,z to z,y,x and back."""
    return [[*row[-2::-1], row[-1]] for row in reversed(rows)]


def affine(rows: Rows, name: str = "") -> dict[str, Any]:
    """The OME-Zarr object of an affine, M x (N+1)."""
    return {"type": "affine", **({"name": name} if name else {}), "affine": rows}


def chain(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The parts one after the other, the first applied first: a sequence, or the one part itself."""
    return parts[0] if len(parts) == 1 else {"type": "sequence", "transformations": list(parts)}


def without_last_row(rows: Rows, where: str) -> Rows:
    """A homogeneous matrix without its last row, which must say nothing.

    Raises:
        TransformRefused: `projective`.
    """
    last = rows[-1]
    if last[:-1] != [0.0] * (len(last) - 1) or last[-1] != 1.0:
        said = "the last row of a homogeneous matrix is 0 ... 0 1: a perspective map is no affine one"
        raise TransformRefused("projective", said, where=where)
    return rows[:-1]
