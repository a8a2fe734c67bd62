"""Plain numbers of other formats: BigDataViewer and MoBIE twelve-vectors, BigWarp landmarks."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from rembigraph.catalogue.transforms.affine import compose, identity_matrix, reversed_axes
from rembigraph.catalogue.transforms.model import Transform
from rembigraph.catalogue.transforms.numbers import MOST_AXES, Array, brief, vector
from rembigraph.catalogue.transforms.reading import MOST_STEPS
from rembigraph.catalogue.transforms.refusal import TransformRefused

MOST_ROWS: Final = 100_000
"""Rows of a landmark table."""


def affine_of_twelve(numbers: Any, axes: list[str], where: str = "") -> Array:
    """A BigDataViewer or MoBIE affine (row-major, x,y,z) in the axis order of `axes`.

    Raises:
        TransformRefused: `vector-length`, `axes-differ`, or what is wrong with a number.
    """
    found = vector(numbers, where)
    if len(found) != 12:
        raise TransformRefused("vector-length", f"{len(found)} numbers instead of 12", where=where)
    return _in_order(found.reshape(3, 4), axes)


def twelve_of_affine(affine: Array, axes: list[str]) -> list[float]:
    """The twelve numbers (row-major, x,y,z) of a 3 x 4 affine in the axis order of `axes`.

    Raises:
        TransformRefused: `not-representable` unless it maps three coordinates to three.
    """
    if affine.shape != (3, 4):
        raise TransformRefused("not-representable", "twelve numbers hold a map of three axes to three only")
    twelve: list[float] = _in_order(affine, axes).ravel().tolist()
    return twelve


def _in_order(affine: Array, axes: list[str]) -> Array:
    if list(axes) == ["z", "y", "x"]:
        return reversed_axes(affine)
    if list(axes) == ["x", "y", "z"]:
        return affine
    raise TransformRefused("axes-differ", "axes are x,y,z or z,y,x here", where="/axes")


def affine_representable(transform: Transform, axes: int) -> Array:
    """The affine of a transformation, for formats that hold nothing else.

    Raises:
        TransformRefused: `not-representable`, with the reason.
    """
    try:
        return transform.affine(axes)
    except TransformRefused as refused:
        if refused.code != "not-affine":
            raise
        said = f"the format holds affine maps only: {refused.message}"
        raise TransformRefused(
            "not-representable", said, fix="export OME-Zarr, which keeps fields"
        ) from refused


def mobie_transform(dataset: Any, view: str, source: str) -> Array:
    """The affine (x,y,z) of one source in one view of a MoBIE data set; first listed is applied first.

    Raises:
        TransformRefused: `unknown-view`; `layout-only` for a grid, which is no registration.
    """
    views = dataset.get("views") if isinstance(dataset, Mapping) else None
    found = views.get(view) if isinstance(views, Mapping) else None
    if not isinstance(found, Mapping):
        raise TransformRefused("unknown-view", f"the data set has no view {brief(view)}", where="/views")
    result = identity_matrix(3)
    listed = found.get("sourceTransforms", [])
    if not isinstance(listed, list) or len(listed) > MOST_STEPS:
        raise TransformRefused(
            "not-a-transformation", "sourceTransforms is no list in bounds", where="/views"
        )
    for at, item in enumerate(listed):
        where = f"/views/{view}/sourceTransforms/{at}"
        for kind, body in item.items() if isinstance(item, Mapping) else ():
            result = _folded(result, kind, body, source, where)
    return result


def _folded(result: Array, kind: str, body: Any, source: str, where: str) -> Array:
    named = body.get("sources") if isinstance(body, Mapping) else None
    if kind == "affine" and isinstance(named, list) and source in named:
        return compose(result, affine_of_twelve(body.get("parameters"), ["x", "y", "z"], where))
    if "rid" in kind and source in str(named or body):
        raise TransformRefused("layout-only", "a grid is layout, no registration", where=where)
    return result


def bigwarp_landmarks(text: str, axes: list[str]) -> tuple[list[list[float]], list[list[float]], int]:
    """Landmark pairs of a BigWarp table, in the axis order of `axes`, and how many rows were skipped.

    A row is name, active, moving coordinates, fixed coordinates in x,y(,z); inactive rows, and those that lack an end
    (`Infinity`), are skipped.

    Raises:
        TransformRefused: `not-a-table`, `axes-differ`, `too-many-points`.
    """
    count = len(axes)
    if list(axes) not in (["z", "y", "x"], ["x", "y", "z"], ["y", "x"], ["x", "y"]):
        raise TransformRefused("axes-differ", "axes are x,y(,z) or (z,)y,x here", where="/axes")
    order = [["x", "y", "z"].index(axis) for axis in axes]
    moving, fixed, skipped = [], [], 0
    for number, row in enumerate(csv.reader(io.StringIO(text)), start=1):
        if not row:
            continue
        if number > MOST_ROWS:
            raise TransformRefused("too-many-points", f"more than {MOST_ROWS} rows are not read")
        if len(row) != 2 + 2 * count or len(row) > MOST_AXES:
            said = f"{len(row)} columns where {2 + 2 * count} are expected"
            raise TransformRefused("not-a-table", said, where=f"row {number}")
        numbers = _row_numbers(row[2:], number)
        if row[1].strip().lower() != "true" or not all(map(math.isfinite, numbers)):
            skipped += 1
            continue
        moving.append([numbers[at] for at in order])
        fixed.append([numbers[count + at] for at in order])
    return moving, fixed, skipped


def _row_numbers(cells: list[str], row: int) -> list[float]:
    try:
        return [float(cell) for cell in cells]
    except ValueError as error:
        raise TransformRefused("not-a-number", "a coordinate is no number", where=f"row {row}") from error


def deviation_from_identity(affine: Array) -> float:
    """Largest difference of any number from that of the map that changes nothing."""
    return float(np.abs(affine - identity_matrix(affine.shape[1] - 1)).max())
