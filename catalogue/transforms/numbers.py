"""Foreign numbers: finite, real, within bounds, and in arrays that are as long as they say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from rembigraph.catalogue.transforms.refusal import TransformRefused

Array: TypeAlias = NDArray[np.float64]

MOST_AXES: Final = 16
"""Axes of one coordinate system; OME-Zarr images have at most 5, RFC-3 lifts that."""

MOST_POINTS: Final = 100_000
"""Points mapped in one call."""

GREATEST: Final = 1e150
"""Numbers beyond this are refused: their squares would leave the range of a double."""


def number(value: Any, where: str = "") -> float:
    """One finite real number; a string, a boolean, NaN and infinity are none.

    Raises:
        TransformRefused: `not-a-number`, `not-finite` or `out-of-range`.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | np.floating | np.integer):
        raise TransformRefused(
            "not-a-number", f"{brief(value)} is no number", where=where, fix="give a number"
        )
    if isinstance(value, int) and value.bit_length() > 1000:
        raise TransformRefused("out-of-range", "a number has more than 300 digits", where=where)
    result = float(value)
    if not math.isfinite(result):
        raise TransformRefused("not-finite", f"{result} is not a finite number", where=where)
    if abs(result) > GREATEST:
        raise TransformRefused("out-of-range", f"{result:g} is beyond ±{GREATEST:g}", where=where)
    return result


def vector(value: Any, where: str = "", most: int = MOST_AXES) -> Array:
    """A non-empty list of numbers, shape (n,).

    Raises:
        TransformRefused: `not-a-vector`, `too-many-axes`, or what is wrong with one of the numbers.
    """
    items = listed(value, where, most)
    return np.array([number(item, f"{where}/{at}") for at, item in enumerate(items)], dtype=np.float64)


def matrix(value: Any, where: str = "", rows: int = MOST_AXES) -> Array:
    """A list of equally long rows of numbers, shape (rows, columns).

    Raises:
        TransformRefused: `ragged-matrix` where rows differ in length, or what is wrong with a row.
    """
    lines = listed(value, where, rows)
    cells = [vector(line, f"{where}/{at}", MOST_AXES + 1) for at, line in enumerate(lines)]
    for at, cell in enumerate(cells):
        if len(cell) != len(cells[0]):
            said = f"row {at} has {len(cell)} numbers, row 0 has {len(cells[0])}"
            raise TransformRefused(
                "ragged-matrix", said, where=f"{where}/{at}", fix="make all rows equally long"
            )
    return np.array(cells, dtype=np.float64)


def points(value: Any, where: str = "") -> Array:
    """Points of one coordinate system, shape (count, axes).

    Raises:
        TransformRefused: `too-many-points`, `ragged-points`, or what is wrong with a point.
    """
    if isinstance(value, np.ndarray) and value.dtype == np.float64 and value.ndim == 2 and value.size:
        if len(value) > MOST_POINTS or value.shape[1] > MOST_AXES:
            raise TransformRefused("too-many-points", f"points of shape {value.shape}", where=where)
        return finite(value, where)
    rows = listed(value, where, MOST_POINTS, "too-many-points")
    plain = _plain_points(rows)
    if plain is not None:
        return plain
    cells = [vector(row, f"{where}/{at}") for at, row in enumerate(rows)]
    for at, cell in enumerate(cells):
        if len(cell) != len(cells[0]):
            said = f"point {at} has {len(cell)} coordinates, point 0 has {len(cells[0])}"
            raise TransformRefused("ragged-points", said, where=f"{where}/{at}")
    return np.array(cells, dtype=np.float64)


def _plain_points(rows: Sequence[Any]) -> Array | None:
    """Rows that are points beyond doubt, at once; none where each must be looked at, to say what is wrong with it."""
    if not all(isinstance(row, list) for row in rows) or len({len(row) for row in rows}) != 1:
        return None
    if not 0 < len(rows[0]) <= MOST_AXES or not {type(item) for row in rows for item in row} <= {int, float}:
        return None
    try:
        found = np.array(rows, dtype=np.float64)
    except OverflowError:
        return None
    return found if np.all(np.abs(found) <= GREATEST) else None


def finite(array: Array, where: str = "") -> Array:
    """The same array, if every number in it is finite and within `GREATEST`.

    Raises:
        TransformRefused: `not-finite`.
    """
    if not np.all(np.abs(array) <= GREATEST):
        raise TransformRefused("not-finite", "a coordinate is infinite, no number or too large", where=where)
    return array


def listed(value: Any, where: str, most: int, code: str = "too-many-axes") -> Sequence[Any]:
    """A non-empty list or tuple of at most `most` items.

    Raises:
        TransformRefused: `not-a-vector`, or `code` where there are more.
    """
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if not isinstance(value, list | tuple) or not value:
        raise TransformRefused("not-a-vector", f"{brief(value)} is no non-empty list of numbers", where=where)
    if len(value) > most:
        raise TransformRefused(code, f"{len(value)} items where at most {most} are read", where=where)
    return value


def brief(value: Any) -> str:
    """How a foreign value is quoted in an error: its kind, and its start where it is short."""
    if isinstance(value, str):
        return repr(value[:40])
    if value is None or isinstance(value, bool | float):
        return repr(value)
    return f"a value of type {type(value).__name__}"
