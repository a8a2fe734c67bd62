"""Answers to questions about places: where does a point of one system lie in another, by which way, how sure is that.

Plain values, ready for JSON: HTTP, the command line and the pages say the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rembigraph.catalogue.correlation.atlas import Atlas
from rembigraph.catalogue.correlation.graph import Move, rms_of
from rembigraph.catalogue.correlation.paths import Path, Places, closure_errors, find_path, other_paths
from rembigraph.catalogue.correlation.routing import SMALL_PART
from rembigraph.catalogue.correlation.steps import counting_error
from rembigraph.catalogue.transforms.affine import condition_number, is_mirrored, mean_scale
from rembigraph.catalogue.transforms.geometry import Box, bounding_box
from rembigraph.catalogue.transforms.numbers import Array
from rembigraph.catalogue.transforms.refusal import TransformRefused
from rembigraph.catalogue.transforms.units import canonical_unit


@dataclass(frozen=True)
class Question:
    """What is asked of the graph.

    Attributes:
        source: a coordinate system, or an image that has one.
        target: likewise.
        points: points of the source system, each of as many coordinates as it has axes; or shape (count, axes).
        boxes: boxes of the source system.
        polygons: rings of points of the source system.
        via: systems to pass, in order.
        avoid: systems and transformations not to touch.
        prefer: `error` or `hops`.
        alternatives: whether other ways are listed even in a connected part of many systems.
    """

    source: str
    target: str
    points: Array | Sequence[Array] = ()
    boxes: Sequence[Box] = ()
    polygons: Sequence[Array] = ()
    via: Sequence[str] = ()
    avoid: Sequence[str] = ()
    prefer: str = "error"
    alternatives: bool = False


def answer(atlas: Atlas, question: Question) -> dict[str, Any]:
    """Answer a question.

    Raises:
        TransformRefused: an end is unknown, no path joins the ends (and what is missing), or the geometry does not fit.
    """
    path, avoid = path_of(atlas, question), _avoids(atlas, question)
    points = _stacked(atlas, path, question.points)
    at = path.at(points)
    others = _others(atlas, path, question, avoid)
    apart = [closure_errors(path, other, points) for other in others]
    return {
        "version": 1,
        "from": describe_system(atlas, path.source),
        "to": describe_system(atlas, path.target),
        "points": _points(atlas, path, points, at, apart),
        "boxes": [_mapped_box(atlas, path, box) for box in question.boxes],
        "polygons": [_mapped_polygon(atlas, path, ring) for ring in question.polygons],
        "path": describe_path(atlas, path),
        "alternatives": [
            {**describe_path(atlas, other), "closure_error": closure.tolist()}
            for other, closure in zip(others, apart, strict=True)
        ],
        "notes": notes(atlas, path, at),
    }


def path_of(atlas: Atlas, question: Question) -> Path:
    """The way that a question is answered by.

    Raises:
        TransformRefused: an end is unknown, or no path joins the ends (and what is missing).
    """
    source, target = atlas.system_for(question.source), atlas.system_for(question.target)
    via = [atlas.system_for(name) for name in question.via]
    prefer = _preference(question.prefer)
    return find_path(atlas.graph, source, target, via=via, avoid=_avoids(atlas, question), prefer=prefer)


def _avoids(atlas: Atlas, question: Question) -> list[str]:
    return [_avoided(atlas, name) for name in question.avoid]


def _others(atlas: Atlas, path: Path, question: Question, avoid: Sequence[str]) -> list[Path]:
    """Other ways; in a large connected part only where they are asked for, since each is a search of its own."""
    if question.alternatives or atlas.graph.part_size(path.source) <= SMALL_PART:
        return other_paths(path, _preference(question.prefer), avoid)
    return []


def _preference(text: str) -> Any:
    return text or "error"  # find_path refuses what is none


def _avoided(atlas: Atlas, name: str) -> str:
    iri = atlas.iri_of(name)
    return iri if iri in atlas.graph.steps else atlas.system_for(name)


def _stacked(atlas: Atlas, path: Path, points: Array | Sequence[Array]) -> Array:
    """Points of the system that a path starts from, shape (count, N)."""
    if not len(points):
        return np.empty((0, atlas.graph.dimension(path.source)))
    for point in points[:1] if isinstance(points, np.ndarray) else points:
        _check_axes(atlas, path, point)
    return np.array(points, dtype=np.float64)


def _check_axes(atlas: Atlas, path: Path, point: Array) -> None:
    axes = atlas.graph.dimension(path.source)
    if len(point) != axes:
        names = ",".join(axis.name for axis in _axes(atlas, path.source)) or f"{axes} numbers"
        said = (
            f"a point of {atlas.short(path.source)} has {axes} coordinates ({names}), {len(point)} were given"
        )
        raise TransformRefused("dimension-mismatch", said, where="point", expected=axes, got=len(point))


def _axes(atlas: Atlas, system: str) -> Sequence[Any]:
    record = atlas.systems.get(system)
    return record.system.axes if record else ()


def describe_system(atlas: Atlas, iri: str) -> dict[str, Any]:
    """A coordinate system in plain values: its axes, unit, images and study."""
    record = atlas.systems.get(iri)
    if record is None:
        return {
            "iri": iri,
            "title": atlas.short(iri),
            "described": False,
            "axes": [],
            "unit": None,
            "images": [],
        }
    images = [{"iri": image, "title": atlas.title(image)} for image in record.images]
    return {
        "iri": iri,
        "title": record.title or atlas.short(iri),
        "described": True,
        "study": record.study,
        "axes": [
            {"name": one.name, "type": one.kind or None, "unit": _unit(one.unit)}
            for one in record.system.axes
        ],
        "unit": record.system.length_unit,
        "images": images,
        "shared": not images,
    }


def _unit(spelling: str) -> str | None:
    try:
        return canonical_unit(spelling) if spelling else None
    except TransformRefused:
        return spelling


def unit_of(atlas: Atlas, system: str) -> str | None:
    """The unit of length of a system: `pixel` where its axes count pixels, none where it is not known."""
    record = atlas.systems.get(system)
    if record is None:
        return None
    return "pixel" if record.is_of_pixels else record.system.length_unit


def _points(
    atlas: Atlas, path: Path, points: Array, at: Places, apart: Sequence[Array]
) -> list[dict[str, Any]]:
    """Points in plain values: where each lies, with its error, and how far it comes back from where it started."""
    count, unit = len(points), unit_of(atlas, path.target)
    columns = {
        "given": points.tolist(),
        "point": at.points.tolist(),
        "rms": _column(at.rms, count),
        "unit": [unit] * count,
        "extrapolated": _are_extrapolated(atlas, path, points, at),
        "roundtrip_error": _column(_round_trips(path, points, at.points), count),
    }
    if apart:
        columns["closure_error"] = np.max(apart, axis=0).tolist()
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _column(values: NDArray[Any] | None, count: int) -> list[Any]:
    return [None] * count if values is None else values.tolist()


def _round_trips(path: Path, points: Array, mapped: Array) -> Array | None:
    """How far each point comes back from where it started; none where the way cannot be undone."""
    try:
        back = path.undo(mapped)
    except TransformRefused:
        return None
    return np.asarray(np.linalg.norm(back - points, axis=1))


def _are_extrapolated(atlas: Atlas, path: Path, points: Array, at: Places) -> list[bool | None]:
    """Whether points lie outside of where the path is known to hold: the landmarks, else the images at its ends.

    Each is true, false, or none where an image's extent is not known and the other one holds the point.
    """
    if at.extrapolated is not None:
        return [bool(one) for one in at.extrapolated]
    ends = ((path.source, points), (path.target, at.points))
    inside = [_column(_are_inside(atlas, system, places), len(points)) for system, places in ends]
    return [True if False in both else None if None in both else False for both in zip(*inside, strict=True)]


def _are_inside(atlas: Atlas, system: str, points: Array) -> NDArray[np.bool_] | None:
    fields = [box for _, box in atlas.field_of_view(system) if len(box.low) == points.shape[1]]
    if not fields:
        return None
    found = np.zeros(len(points), dtype=np.bool_)
    for box in fields:
        found |= np.all((box.low <= points) & (points <= box.high), axis=1)
    return found


def _mapped_box(atlas: Atlas, path: Path, box: Box) -> dict[str, Any]:
    _check_axes(atlas, path, box.low)
    corners = path.apply(box.corners())
    around = bounding_box(corners)
    return {
        "given": box_values(box),
        "corners": corners.tolist(),
        "box": box_values(around),
        "rms_at_centre": path.rms_at((box.low + box.high) / 2),
        "unit": unit_of(atlas, path.target),
    }


def _mapped_polygon(atlas: Atlas, path: Path, ring: Array) -> dict[str, Any]:
    _check_axes(atlas, path, ring[0])
    mapped = path.apply(ring)
    return {
        "given": ring.tolist(),
        "polygon": mapped.tolist(),
        "rms_at_centre": path.rms_at(ring.mean(axis=0)),
        "unit": unit_of(atlas, path.target),
    }


def box_values(box: Box) -> dict[str, Any]:
    """A box in plain values."""
    return {"min": box.low.tolist(), "max": box.high.tolist()}


def describe_path(atlas: Atlas, path: Path) -> dict[str, Any]:
    """A path in plain values: each step with its direction, error and source, and the whole map where it is affine."""
    found: dict[str, Any] = {
        "steps": [describe_move(atlas, move) for move in path.moves],
        "hops": path.hops,
        "rms": path.rms(),
        "unit": unit_of(atlas, path.target),
        "unknown_errors": list(path.unknown_errors),
    }
    try:
        affine = path.affine()
    except TransformRefused:
        return {**found, "affine": None}
    return {
        **found,
        "affine": affine.tolist(),
        "mirrored": is_mirrored(affine),
        "mean_scale": mean_scale(affine),
        "condition_number": _finite(condition_number(affine)),
    }


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def describe_move(atlas: Atlas, move: Move) -> dict[str, Any]:
    """A step of a path in plain values."""
    record = atlas.transformations[move.step.key]
    stated = counting_error(record)
    error = None
    if stated is not None and atlas.graph.stated_rms(move.step) is not None:
        error = {
            "kind": stated.kind,
            "statistic": stated.statistic,
            "value": stated.value,
            "unit": _unit(stated.unit),
            "points": stated.count,
            "measured_in": stated.measured_in or record.target,
        }
    spread = atlas.graph.covariance(move)
    return {
        "transformation": record.iri,
        "title": record.title or atlas.short(record.iri),
        "direction": move.direction,
        "from": move.start,
        "to": move.end,
        "type": move.step.transform.kind,
        "exact": move.step.exact,
        "error": error,
        "rms_in_target": None if spread is None else rms_of(spread),
        "landmarks": len(move.step.fit.source) if move.step.fit else None,
        "registration": dict(record.registration),
        "record": record.study,
        "documents": list(record.documents),
    }


def notes(atlas: Atlas, path: Path, at: Places) -> list[str]:
    """What a person should know about a path, in words."""
    unknown = map(atlas.short, path.unknown_errors)
    said = [
        f"The error of {key} is not known, so that of the whole way is not known either." for key in unknown
    ]
    if at.extrapolated is not None and at.extrapolated.any():
        said.append("A point lies outside of the landmarks: the error grows with the distance from them.")
    for move in path.moves:
        record = atlas.transformations[move.step.key]
        if record.iri in atlas.faults:
            continue
        if move.direction == "inverse" and not move.step.exact:
            said.append(
                f"{atlas.short(record.iri)} is walked backwards; its error is carried through the inverse."
            )
    return said
