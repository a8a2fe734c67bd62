"""Coordinate systems: ordered axes with units, and the map between two that differ in unit or axis order only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from rembigraph.catalogue.transforms.numbers import MOST_AXES, Array, brief, listed
from rembigraph.catalogue.transforms.refusal import TransformRefused
from rembigraph.catalogue.transforms.units import canonical_unit, unit_factor, unit_kind


@dataclass(frozen=True)
class Axis:
    """One axis.

    Attributes:
        name: unique in its system.
        kind: `space`, `time`, `channel`, `array` or another; empty where it is not stated.
        unit: as the source writes it; empty where it is not stated.
    """

    name: str
    kind: str = ""
    unit: str = ""


@dataclass(frozen=True)
class CoordinateSystem:
    """A space with ordered axes."""

    name: str
    axes: tuple[Axis, ...]

    @property
    def dimension(self) -> int:
        """Number of axes."""
        return len(self.axes)

    @property
    def length_unit(self) -> str | None:
        """The one known unit of all space axes; none where they differ or one is not known."""
        units = {axis.unit for axis in self.axes if axis.kind in ("space", "") and axis.unit}
        bare = any(axis.kind == "space" and not axis.unit for axis in self.axes)
        if bare or not units:
            return None
        try:
            names = {canonical_unit(unit) for unit in units}
        except TransformRefused:
            return None
        return names.pop() if len(names) == 1 and unit_kind(next(iter(names))) == "length" else None


def read_system(value: Any, where: str = "") -> CoordinateSystem:
    """A coordinate system of OME-Zarr 0.6.

    Raises:
        TransformRefused: `not-a-system`, `axis-name-twice`, `too-many-axes`.
    """
    if not isinstance(value, Mapping) or not isinstance(value.get("name"), str):
        raise TransformRefused(
            "not-a-system", f"{brief(value)} is no coordinate system with a name", where=where
        )
    axes = tuple(
        _axis(axis, f"{where}/axes/{at}")
        for at, axis in enumerate(listed(value.get("axes"), where, MOST_AXES))
    )
    names = [axis.name for axis in axes]
    if len(set(names)) < len(names):
        raise TransformRefused("axis-name-twice", f"two axes of {value['name']!r} have one name", where=where)
    return CoordinateSystem(value["name"], axes)


def _axis(value: Any, where: str) -> Axis:
    if not isinstance(value, Mapping) or not isinstance(value.get("name"), str):
        raise TransformRefused("not-a-system", f"{brief(value)} is no axis with a name", where=where)
    kind, unit = value.get("type", ""), value.get("unit", "")
    if not isinstance(kind, str | None) or not isinstance(unit, str | None):
        raise TransformRefused("not-a-system", "type and unit of an axis are words", where=where)
    return Axis(value["name"], kind or "", unit or "")


def conversion(source: CoordinateSystem, target: CoordinateSystem) -> Array:
    """The map between two systems whose axes have the same names, in another unit or order.

    Raises:
        TransformRefused: `axes-differ`, `unknown-unit`, `unit-mismatch`, `dimension-mismatch`.
    """
    if source.dimension != target.dimension:
        said = f"{source.name!r} has {source.dimension} axes, {target.name!r} has {target.dimension}"
        raise TransformRefused("dimension-mismatch", said, expected=target.dimension, got=source.dimension)
    places = {axis.name: at for at, axis in enumerate(source.axes)}
    result = np.zeros((target.dimension, source.dimension + 1))
    for row, axis in enumerate(target.axes):
        if axis.name not in places:
            said = f"{source.name!r} has no axis {axis.name!r}"
            raise TransformRefused("axes-differ", said, fix="give a transformation between the two")
        result[row, places[axis.name]] = _factor(source.axes[places[axis.name]], axis)
    return result


def _factor(source: Axis, target: Axis) -> float:
    if not source.unit and not target.unit and source.kind not in ("space", "time"):
        return 1.0
    return unit_factor(source.unit, target.unit, f"/axes/{target.name}")
