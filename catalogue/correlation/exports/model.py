"""What a writer takes and gives: a found path, the images it is for, and a file with what could not be said in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from rembigraph.catalogue.correlation.graph import Step
from rembigraph.catalogue.correlation.paths import Path
from rembigraph.catalogue.transforms.numbers import Array
from rembigraph.catalogue.transforms.refusal import TransformRefused
from rembigraph.catalogue.transforms.systems import Axis, CoordinateSystem
from rembigraph.catalogue.transforms.units import canonical_unit, is_unit

SPACE: Final = ("x", "y", "z")


@dataclass(frozen=True)
class Export:
    """A file in another format.

    Attributes:
        content: its bytes.
        media_type: of them.
        suffix: end of a file name, with its dot.
        notes: what the format has no place for, in sentences.
    """

    content: bytes
    media_type: str
    suffix: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Image:
    """The image that a path starts from.

    Attributes:
        name: as it is shown.
        url: where its pixels lie; empty where that is not known.
        pixels: distance of pixel centres in metres by the name of the axis, where the record states it.
    """

    name: str
    url: str = ""
    pixels: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Placed:
    """An image and the path that brings it into the frame of the file."""

    image: Image
    path: Path


@dataclass(frozen=True)
class Level:
    """An array of the image that a path starts from, and its exact map to the start of the path.

    Attributes:
        name: last part of its IRI.
        affine: from array indices to the source system of the path, M x (N+1).
    """

    name: str
    affine: Array


def system_of(path: Path, end: str) -> CoordinateSystem:
    """A system of a path whose axes are known.

    Raises:
        TransformRefused: `axes-not-stated`.
    """
    found = path.graph.systems.get(end)
    if found is None:
        said = f"the axes of {end} are not known"
        fix = "a file in another format needs names and units of axes: declare the coordinate system"
        raise TransformRefused("axes-not-stated", said, fix=fix)
    return found


def affine_of(path: Path, what: str) -> Array:
    """The map of a path as a matrix.

    Raises:
        TransformRefused: `not-representable` where a step is a field.
    """
    try:
        return path.affine()
    except TransformRefused as refused:
        if refused.code not in ("not-affine", "parameters-not-loaded"):
            raise
        said = f"{what} holds affine maps only: {refused.message}"
        fix = "export an OME-Zarr 0.6 scene, which keeps fields by reference"
        raise TransformRefused("not-representable", said, where=refused.where, fix=fix) from refused


def spatial_affine(path: Path, what: str, counts: Sequence[int] = (3,)) -> Array:
    """The map of a path between x,y(,z) of both ends, whatever the order of their axes.

    Raises:
        TransformRefused: `not-representable` where an end has other axes, or a step is a field.
    """
    affine = affine_of(path, what)
    orders = [spatial_order(system_of(path, end), what, counts) for end in (path.source, path.target)]
    if len(orders[0]) != len(orders[1]):
        said = (
            f"{what} has as many axes at both ends; here {len(orders[0])} go in and {len(orders[1])} come out"
        )
        raise TransformRefused("not-representable", said)
    return affine[np.ix_(orders[1], (*orders[0], affine.shape[1] - 1))]


def in_space(path: Path, what: str) -> tuple[Array, tuple[str, ...]]:
    """The map of a path between x,y,z of both ends; in the plane z stays as it is, which the note says.

    Raises:
        TransformRefused: see `spatial_affine`.
    """
    affine = spatial_affine(path, what, (2, 3))
    if affine.shape[0] == len(SPACE):
        return affine, ()
    return with_third_axis(affine), (
        f"{what} has three axes: z of the two-dimensional image is left as it is",
    )


def with_third_axis(affine: Array) -> Array:
    """A map of x,y as one of x,y,z that leaves z as it is; one of three axes unchanged."""
    if affine.shape[0] == len(SPACE):
        return affine
    padded = np.eye(3, 4)
    padded[:2, [0, 1, 3]] = affine
    return padded


def spatial_order(system: CoordinateSystem, what: str, counts: Sequence[int] = (3,)) -> tuple[int, ...]:
    """Where x,y(,z) stand among the axes of a system.

    Raises:
        TransformRefused: `not-representable`.
    """
    names = [axis.name.lower() for axis in system.axes]
    wanted = SPACE[: len(names)]
    if len(names) not in counts or sorted(names) != sorted(wanted):
        given = ",".join(axis.name for axis in system.axes)
        said = f"{what} has the axes x,y,z; {system.name!r} has {given}"
        raise TransformRefused("not-representable", said, fix="ask for a path between systems of space axes")
    return tuple(names.index(axis) for axis in wanted)


def levels_of(path: Path) -> list[Level]:
    """Arrays with an exact map to the start of a path; the start itself where it is one."""
    if _is_array(path.graph.systems.get(path.source)):
        axes = path.graph.dimension(path.source)
        return [Level(_last(path.source), np.eye(axes, axes + 1))]
    found = []
    for move in path.graph.arriving(path.source):
        step = move.step
        if move.direction == "forward" and step.exact and _is_array(path.graph.systems.get(step.source)):
            found.append(Level(_last(step.source), step.transform.affine(path.graph.dimension(step.source))))
    return sorted(found, key=lambda level: (np.abs(level.affine[:, :-1]).sum(), level.name))


def _is_array(system: CoordinateSystem | None) -> bool:
    return system is not None and all(axis.kind == "array" for axis in system.axes)


def _last(iri: str) -> str:
    return iri.rstrip("/#").rpartition("#")[2].rpartition("/")[2]


def axis_object(axis: Axis) -> dict[str, Any]:
    """An axis as OME-Zarr writes it; a unit that is known by its name there."""
    unit = canonical_unit(axis.unit) if is_unit(axis.unit) else axis.unit
    return {
        "name": axis.name,
        **({"type": axis.kind} if axis.kind else {}),
        **({"unit": unit} if unit else {}),
    }


def lost_on_the_way(path: Path) -> tuple[str, ...]:
    """What one matrix cannot say of a path: its steps, and their errors."""
    notes = []
    if len(path.moves) > 1:
        notes.append(
            f"{len(path.moves)} steps are composed into one matrix; their numbers are kept, they are not"
        )
    if any(move.step.error for move in path.moves):
        notes.append("stated errors of the steps have no place in this format")
    return tuple(notes)


def error_object(step: Step) -> dict[str, Any] | None:
    """The stated error of a step as JSON; none where it is unknown."""
    if step.error is None:
        return None
    unit = {"unit": step.error.unit} if step.error.unit else {}
    frame = "source" if step.error.in_source else "target"
    return {"statistic": "rms", "value": step.error.rms, **unit, "measuredIn": frame}
