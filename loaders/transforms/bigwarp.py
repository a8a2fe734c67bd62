"""BigWarp landmarks (CSV, JSON) and projects (JSON).

A CSV row is name, active, moving coordinates, fixed coordinates in x,y(,z); `Infinity` stands for an end that was not
set. The warp itself is not in the file: it is fitted by whoever uses the landmarks. Systems here have (z,)y,x; every
row is kept, active or not.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from typing import Any, Final

from rembigraph.loaders.transforms.numbers import GREATEST
from rembigraph.loaders.transforms.places import space, unused
from rembigraph.ontology.errors import TransformRefused
from rembigraph.ontology.transform_dialects import shown
from rembigraph.ontology.transform_documents import LandmarkRow, ReadLandmarks, Stated, TransformDocument

FORMAT: Final = "bigwarp"
MOST_ROWS: Final = 100_000

_COLUMNS: Final = {6: 2, 8: 3}
_ACTIVE: Final = {"true": True, "false": False}
_TYPE: Final = "BigWarpLandmarks"


def recognises(text: str) -> bool:
    """Whether the first row is that of a landmark table."""
    try:
        row = next(csv.reader(io.StringIO(text[:2000], newline="")), [])
    except csv.Error:
        return False
    return len(row) in _COLUMNS and row[1].strip().lower() in _ACTIVE


def read(text: str, stated: Stated) -> TransformDocument:
    """Read a landmark table.

    Raises:
        TransformRefused: `not-a-table`, `too-many-points`, or what is wrong with a number, with its row.
    """
    rows: list[LandmarkRow] = []
    width = 0
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(text, newline="")), start=1):
            if not cells:
                continue
            width = width or len(cells)
            _check_row(cells, width, number)
            rows.append(_row(cells, _COLUMNS[width], f"row {number}"))
    except csv.Error as error:
        raise TransformRefused("not-a-table", f"this is no CSV: {error}") from error
    return _document(stated, rows, _COLUMNS[width], "", "csv")


def _check_row(cells: Sequence[str], width: int, number: int) -> None:
    where = f"row {number}"
    if number > MOST_ROWS:
        raise TransformRefused("too-many-points", f"more than {MOST_ROWS} rows are not read", where=where)
    if len(cells) != width or width not in _COLUMNS:
        said = f"{len(cells)} columns where {width if width in _COLUMNS else '6 or 8'} are expected"
        raise TransformRefused("not-a-table", said, where=where)
    if cells[1].strip().lower() not in _ACTIVE:
        raise TransformRefused("not-a-table", f"active is {shown(cells[1])}, not true or false", where=where)


def _row(cells: Sequence[str], axes: int, where: str) -> LandmarkRow:
    moving, fixed = (_ends(cells[at : at + axes], where) for at in (2, 2 + axes))
    return LandmarkRow(cells[0], _ACTIVE[cells[1].strip().lower()], moving, fixed)


def _ends(cells: Sequence[Any], where: str) -> tuple[float | None, ...]:
    """Coordinates in z,y,x order; an infinite one stands for none."""
    return tuple(_coordinate(cell, where) for cell in reversed(cells))


def _coordinate(cell: Any, where: str) -> float | None:
    try:
        found = (
            float(cell) if isinstance(cell, str | int | float) and not isinstance(cell, bool) else math.nan
        )
    except (ValueError, OverflowError):
        found = math.nan
    if math.isnan(found):
        raise TransformRefused("not-a-number", f"{shown(cell)} is no coordinate", where=where)
    if math.isinf(found):
        return None
    if abs(found) > GREATEST:
        raise TransformRefused("out-of-range", f"{found:g} is beyond ±{GREATEST:g}", where=where)
    return found


def _document(
    stated: Stated, rows: list[LandmarkRow], axes: int, where: str, dialect: str
) -> TransformDocument:
    source, target = stated.source or "moving", stated.target or "fixed"
    found = TransformDocument(FORMAT, dialect)
    names = ("z", "y", "x")[-axes:]
    found.systems = {
        source: space(source, names, stated.unit),
        target: space(target, names, stated.target_unit or stated.unit),
    }
    if not stated.unit:
        found.note("BigWarp files state no unit, so errors of a fit have none until one is stated")
    found.landmarks.append(ReadLandmarks(where, source, target, tuple(rows)))
    return found


# --- JSON


def _table(value: dict[str, Any]) -> tuple[dict[str, Any], str] | None:
    """The landmark object of a project, or of a file of its own, and its pointer."""
    transform = value.get("Transform")
    inside = transform.get("landmarks") if isinstance(transform, dict) else None
    for found, where in ((value, ""), (inside, "/Transform/landmarks")):
        if isinstance(found, dict) and "movingPoints" in found and "fixedPoints" in found:
            return found, where
    return None


def recognises_json(value: dict[str, Any]) -> bool:
    """Whether it holds moving and fixed points as BigWarp writes them."""
    return _table(value) is not None


def read_json(value: dict[str, Any], stated: Stated) -> TransformDocument:
    """Read landmarks or a project; all else of a project is kept.

    Raises:
        TransformRefused: what is wrong, with the JSON pointer.
    """
    table, where = _table(value) or ({}, "")
    axes = table.get("numDimensions")
    if not isinstance(axes, int) or isinstance(axes, bool) or axes not in _COLUMNS.values():
        said = f"numDimensions is {shown(axes)}, not 2 or 3"
        raise TransformRefused("not-a-table", said, where=f"{where}/numDimensions")
    columns = {key: _column(table, key, where) for key in ("movingPoints", "fixedPoints", "active", "names")}
    if len({len(column) for column in columns.values()}) > 1:
        said = "movingPoints, fixedPoints, active and names are not of one length"
        raise TransformRefused("landmark-count", said, where=where)
    rows = [
        _json_row(row, axes, f"{where}/{{}}/{at}")
        for at, row in enumerate(zip(*columns.values(), strict=True))
    ]
    found = _document(stated, rows, axes, where, "project" if where else "json")
    taken = {f"{where}/{key}" for key in (*columns, "numDimensions", "type")}
    found.kept = unused(value, taken)
    return found


def _column(table: dict[str, Any], key: str, where: str) -> list[Any]:
    found = table.get(key)
    if not isinstance(found, list) or len(found) > MOST_ROWS:
        said = f"{key} is no list of at most {MOST_ROWS} entries"
        raise TransformRefused("not-a-table", said, where=f"{where}/{key}")
    return found


def _json_row(row: tuple[Any, ...], axes: int, where: str) -> LandmarkRow:
    moving, fixed, active, name = row
    for key, point in (("movingPoints", moving), ("fixedPoints", fixed)):
        if not isinstance(point, list) or len(point) != axes:
            said = f"a point has {axes} coordinates"
            raise TransformRefused("ragged-points", said, where=where.format(key))
    if not isinstance(active, bool) or not isinstance(name, str):
        said = "active is true or false, and a name is text"
        raise TransformRefused("not-a-table", said, where=where.format("active"))
    ends = _ends(moving, where.format("movingPoints")), _ends(fixed, where.format("fixedPoints"))
    return LandmarkRow(name, active, *ends)
