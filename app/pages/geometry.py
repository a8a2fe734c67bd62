"""Points, boxes and polygons as the parameters of a request write them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
from rembigraph.catalogue.correlation.answers import MOST_GEOMETRY, Question
from rembigraph.catalogue.transforms.geometry import Box
from rembigraph.catalogue.transforms.numbers import MOST_AXES, Array, brief, vector
from rembigraph.ontology.errors import TransformRefused, UsageError
from starlette.datastructures import QueryParams

MOST_NAME: Final = 2000
"""Characters of the name of a coordinate system."""

_SIGNS: Final = 40
_SEPARATOR: Final = re.compile(r"\s*[,\s]\s*")
_MOST_TEXT: Final = 20_000


def question_of(parameters: QueryParams) -> Question:
    """Return what the parameters of a request ask for.

    Raises:
        UsageError: an end is missing, or there is too much.
        TransformRefused: a coordinate is no number.
    """
    ends = [parameters.get(name, "").strip() for name in ("from", "to")]
    for name, value in zip(("from", "to"), ends, strict=True):
        if not value:
            raise UsageError(
                f"parameter {name} is missing",
                where=name,
                fix="Give the IRI of a coordinate system or an image.",
            )
    return Question(
        short("from", ends[0]),
        short("to", ends[1]),
        points=[point(text, "point") for text in several(parameters, "point")],
        boxes=[box(text, "box") for text in several(parameters, "box")],
        polygons=[polygon(text) for text in several(parameters, "polygon")],
        via=[short("via", text) for text in several(parameters, "via")],
        avoid=[short("avoid", text) for text in several(parameters, "avoid")],
        prefer=parameters.get("prefer", ""),
        alternatives=parameters.get("alternatives", "") == "yes",
    )


def several(parameters: QueryParams, name: str) -> list[str]:
    """Return the values of a parameter that are not empty.

    Raises:
        UsageError: there are too many.
    """
    found = [text.strip() for text in parameters.getlist(name) if text.strip()]
    if len(found) > MOST_GEOMETRY:
        said = f"parameter {name} is given {len(found)} times, at most {MOST_GEOMETRY} are answered"
        raise UsageError(said, where=name, fix="Ask in several requests.")
    return found


def short(name: str, text: str) -> str:
    """Return the name of a system; refuses one that is too long."""
    if len(text) > MOST_NAME:
        raise UsageError(f"parameter {name} is longer than {MOST_NAME} characters", where=name)
    return text


def point(text: str, name: str) -> Array:
    """Return the coordinates of `z,y,x`.

    Raises:
        TransformRefused: `not-a-number`, `not-finite`, `too-many-axes`.
    """
    parts = _SEPARATOR.split(text.strip()[:_MOST_TEXT])
    if len(parts) > 2 * MOST_AXES:
        raise TransformRefused("too-many-axes", f"{len(parts)} coordinates", where=name, fix="write z,y,x")
    return vector([_number(part, name) for part in parts], name, 2 * MOST_AXES)


def _number(text: str, name: str) -> float:
    try:
        if len(text) <= _SIGNS and "_" not in text:
            return float(text)
    except ValueError:
        pass
    fix = "write numbers in the order of the system's axes, such as 5,40.5,38"
    raise TransformRefused("not-a-number", f"{brief(text)} is no number", where=name, fix=fix)


def box(text: str, name: str) -> Box:
    """Return the box of `z,y,x;z,y,x` (the two corners), or of the same six numbers in one row.

    Raises:
        TransformRefused: `not-a-box`, or what is wrong with a number.
    """
    corners = [point(part, name) for part in text[:_MOST_TEXT].split(";") if part.strip()]
    if len(corners) == 1 and len(corners[0]) % 2 == 0:
        half = len(corners[0]) // 2
        corners = [corners[0][:half], corners[0][half:]]
    if len(corners) != 2 or len(corners[0]) != len(corners[1]) or len(corners[0]) > 10:
        fix = "write the two corners, such as 0,0,0;10,20,20"
        raise TransformRefused("not-a-box", f"{brief(text)} is no box", where=name, fix=fix)
    return Box(np.minimum(*corners), np.maximum(*corners))


def polygon(text: str) -> Array:
    """Return the ring of `z,y,x;z,y,x;z,y,x`, shape (points, axes).

    Raises:
        TransformRefused: `not-a-polygon`, or what is wrong with a number.
    """
    parts = [part for part in text[:_MOST_TEXT].split(";") if part.strip()]
    corners: Sequence[Array] = [point(part, "polygon") for part in parts]
    if len(corners) < 3 or len({len(corner) for corner in corners}) != 1:
        fix = "write at least three points with as many coordinates each, such as 0,0,0;0,5,0;0,5,5"
        raise TransformRefused("not-a-polygon", f"{brief(text)} is no polygon", where="polygon", fix=fix)
    return np.array(corners)
