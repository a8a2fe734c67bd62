"""A plain matrix, as text or JSON: 2 x 3 or 3 x 3 in the plane, 3 x 4 or 4 x 4 in space, with stated axes and unit.

Text is one row a line, separated by blanks or commas; lines of `# key: value` state `axes`, `unit`, `target unit`,
`source` and `target`. JSON is an object with `matrix` and the same keys. What a matrix maps depends on its axes and
unit, so one without them is refused.
"""

from __future__ import annotations

import re
from typing import Any, Final

from rembigraph.loaders.transforms.numbers import Rows, affine, numbers, without_last_row
from rembigraph.loaders.transforms.places import space, unused
from rembigraph.ontology.errors import TransformRefused
from rembigraph.ontology.transform_dialects import shown
from rembigraph.ontology.transform_documents import ReadStep, Stated, TransformDocument

FORMAT: Final = "matrix"
MOST_LINES: Final = 200

_KEYS: Final = ("axes", "unit", "target unit", "source", "target")
_ROW: Final = re.compile(r"[\s,;\[\]]*[-+]?(?:[0-9]|\.[0-9]|nan\b|inf)[-+0-9.eE\s,;\[\]naif]*")
_AXES: Final = {(2, 3): 2, (3, 4): 3, (4, 4): 3}


def recognises_text(text: str) -> bool:
    """Whether all lines are numbers or comments, and there are few."""
    lines = [line for line in text.split("\n", MOST_LINES + 1) if line.strip()]
    rows = [line for line in lines if not line.lstrip().startswith("#")]
    return bool(rows) and len(lines) <= MOST_LINES and all(_ROW.fullmatch(row.strip()[:4000]) for row in rows)


def recognises_json(value: dict[str, Any]) -> bool:
    """Whether it has a matrix."""
    return "matrix" in value


def read_text(text: str, stated: Stated) -> TransformDocument:
    """Read rows of numbers and the comments that state what they are.

    Raises:
        TransformRefused: `axes-not-stated`, `unit-not-stated`, `matrix-shape`, `projective`, or what is wrong.
    """
    said: dict[str, str] = {}
    rows: list[tuple[int, list[str]]] = []
    kept: dict[str, Any] = {}
    for at, line in enumerate(text.splitlines(), start=1):
        if line.lstrip().startswith("#"):
            key, _, value = line.lstrip("# \t").partition(":")
            name = key.strip().lower().replace("_", " ")
            if name in _KEYS and name not in said:
                said[name] = value.strip()
            elif line.strip("# \t"):
                kept[f"line {at}"] = line.strip()
        elif cells := re.sub(r"[,;\[\]]", " ", line).split():
            rows.append((at, cells))
    values = [numbers(cells, len(cells), f"line {at}") for at, cells in rows]
    found = _document(values, said, stated, f"line {rows[0][0]}" if rows else "")
    found.kept = kept
    return found


def read_json(value: dict[str, Any], stated: Stated) -> TransformDocument:
    """Read an object with a matrix and what its numbers are.

    Raises:
        TransformRefused: see `read_text`.
    """
    matrix = value["matrix"]
    if not isinstance(matrix, list) or not matrix or len(matrix) > MOST_LINES:
        raise TransformRefused("matrix-shape", f"{shown(matrix)} is no list of rows", where="/matrix")
    rows = [
        numbers(row, len(row) if isinstance(row, list) else 0, f"/matrix/{at}")
        for at, row in enumerate(matrix)
    ]
    said = {}
    for key in _KEYS:
        one = value.get(key.replace(" ", "_"), "")
        words = ",".join(one) if isinstance(one, list) and all(isinstance(part, str) for part in one) else one
        if not isinstance(words, str):
            raise TransformRefused("not-a-document", f"{key} is {shown(one)}", where=f"/{key}")
        said[key] = words
    found = _document(rows, said, stated, "/matrix")
    found.kept = unused(value, {"/matrix", *(f"/{key.replace(' ', '_')}" for key in _KEYS)})
    return found


def _document(rows: Rows, said: dict[str, str], stated: Stated, where: str) -> TransformDocument:
    axes = tuple(said.get("axes", "").replace(",", " ").split()) or stated.axes
    if not axes:
        fix = "add a line such as `# axes: z,y,x`, or state them"
        raise TransformRefused(
            "axes-not-stated", "nothing says which axes the rows are", where=where, fix=fix
        )
    unit = said.get("unit") or stated.unit
    if not unit:
        fix = "add a line such as `# unit: micrometer`, or state it"
        raise TransformRefused(
            "unit-not-stated", "nothing says in which unit the numbers are", where=where, fix=fix
        )
    map_ = _affine_rows(rows, len(axes), where)
    source = said.get("source") or stated.source or "source"
    target = said.get("target") or stated.target or "target"
    if source == target or len(set(axes)) < len(axes):
        said_twice = "source and target have one name" if source == target else "two axes have one name"
        raise TransformRefused("system-name-twice", said_twice, where=where)
    found = TransformDocument(FORMAT, f"{len(rows)}x{len(rows[0])}")
    other = said.get("target unit") or stated.target_unit or unit
    found.systems = {source: space(source, axes, unit), target: space(target, axes, other)}
    found.add(ReadStep(where, source, target, affine(map_)))
    return found


def _affine_rows(rows: Rows, axes: int, where: str) -> Rows:
    if len({len(row) for row in rows}) > 1:
        raise TransformRefused("ragged-matrix", "the rows are not equally long", where=where)
    shape = (len(rows), len(rows[0]) if rows else 0)
    if shape == (axes + 1, axes + 1):
        return without_last_row(rows, where)
    if shape != (axes, axes + 1):
        said = f"a matrix of {axes} axes is {axes} x {axes + 1} or {axes + 1} x {axes + 1}, not {shape[0]} x {shape[1]}"
        raise TransformRefused("matrix-shape", said, where=where)
    return rows
