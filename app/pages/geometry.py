"""Points, boxes and polygons as the parameters of a request write them, or its JSON body."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from rembigraph.app.pages.place_question import BODY, MOST_GEOMETRY, MOST_NAME, MOST_POINTS
from rembigraph.catalogue.correlation.answers import Question
from rembigraph.catalogue.transforms.geometry import Box, read_box
from rembigraph.catalogue.transforms.numbers import MOST_AXES, Array, brief, listed, points, vector
from rembigraph.ontology.errors import TransformRefused, UsageError
from starlette.datastructures import QueryParams

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


def question_in(body: bytes) -> Question:
    """Return what the JSON body of a request asks for: `BODY` says how it looks.

    Raises:
        UsageError: it is no JSON object, a member is of the wrong kind or not known, or there is too much.
        TransformRefused: what is wrong with a place, and with which.
    """
    asked = _members(body)
    return Question(
        _name(asked["from"], "/from"),
        _name(asked["to"], "/to"),
        points=_points(asked.get("points", []), "/points"),
        boxes=[read_box(one, where) for where, one in _each(asked, "boxes")],
        polygons=[_ring(one, where) for where, one in _each(asked, "polygons")],
        via=[_name(one, where) for where, one in _each(asked, "via")],
        avoid=[_name(one, where) for where, one in _each(asked, "avoid")],
        prefer=_name(asked.get("prefer", "error"), "/prefer"),
        alternatives=_flag(asked.get("alternatives", False), "/alternatives"),
    )


def _members(body: bytes) -> dict[str, Any]:
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError) as error:
        said = f"the body is no JSON ({str(error)[:80]})"
        raise UsageError(
            said, fix='Send such as {"from": IRI, "to": IRI, "points": [[5, 40.5, 38]]}.'
        ) from None
    members: Mapping[str, Any] = BODY["properties"]
    if not isinstance(asked, dict) or not {"from", "to"} <= asked.keys():
        raise UsageError("the body has no from and to", fix="Send a JSON object with both.")
    if unknown := [name for name in asked if name not in members]:
        said = f"the body has a member {brief(unknown[0])}, which means nothing here"
        raise UsageError(said, fix=f"It may have {', '.join(members)}.")
    return asked


def _each(asked: Mapping[str, Any], name: str) -> list[tuple[str, Any]]:
    """Return each item of a list in the body, with its JSON pointer."""
    items = asked.get(name, [])
    if not isinstance(items, list) or len(items) > MOST_GEOMETRY:
        raise UsageError(f"{name} is no list of at most {MOST_GEOMETRY}", where=f"/{name}")
    return [(f"/{name}/{at}", item) for at, item in enumerate(items)]


def _name(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > MOST_NAME:
        raise UsageError(f"{brief(value)} is no name of at most {MOST_NAME} characters", where=where)
    return value.strip()


def _flag(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise UsageError(f"{brief(value)} is neither true nor false", where=where)
    return value


def _points(value: Any, where: str) -> Array | Sequence[Array]:
    return points(listed(value, where, MOST_POINTS, "too-many-points"), where) if value != [] else ()


def _ring(value: Any, where: str) -> Array:
    ring = _points(value, where)
    if len(ring) < 3:
        raise TransformRefused("not-a-polygon", "a polygon has at least three points", where=where)
    return np.asarray(ring)


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
