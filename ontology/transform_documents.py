"""What readers of foreign transformation files give, and writers take: plain values, in the terms of OME-Zarr 0.6.

Transformations are parameter objects of OME-Zarr 0.6 and coordinate systems its `coordinateSystems` entries, so that
whoever computes with them needs to know one form only. Nothing of the file is dropped: what has no place in that form
stands in `kept`, verbatim, at its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from rembigraph.ontology.errors import TransformRefused

MOST_STEPS: Final = 10_000
"""Transformations of one file."""

MOST_AXES: Final = 16

WRITTEN: Final = ("ome-zarr-0.6", "ome-zarr-0.5", "neuroglancer", "mobie", "bdv-xml", "itk", "matrix")
"""Names of the formats in which a path is written (`catalogue.correlation.exports`)."""

System = dict[str, Any]
Parameters = dict[str, Any]


@dataclass(frozen=True)
class ReadStep:
    """One transformation of the file.

    Attributes:
        where: its place in the file: JSON pointer, or element and line.
        source: key of the system that goes in.
        target: key of the system that comes out.
        parameters: the object of OME-Zarr 0.6, without input and output.
        exact: exact by definition: pixel size, unit, axis order.
        context: what the file says it holds for, such as `view`, `timepoint`, `setup`.
    """

    where: str
    source: str
    target: str
    parameters: Parameters
    exact: bool = False
    context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LandmarkRow:
    """One landmark pair as the file has it.

    Attributes:
        name: its name.
        active: whether the file counts it in.
        source: moving point; a coordinate that the file leaves out (`Infinity`) is none.
        target: fixed point, alike.
    """

    name: str
    active: bool
    source: tuple[float | None, ...]
    target: tuple[float | None, ...]

    @property
    def usable(self) -> bool:
        """Whether it is active and has both ends."""
        return self.active and None not in self.source and None not in self.target


@dataclass(frozen=True)
class ReadLandmarks:
    """Landmark pairs between two systems, every row kept."""

    where: str
    source: str
    target: str
    rows: tuple[LandmarkRow, ...]


@dataclass
class TransformDocument:
    """What was read from a file.

    Attributes:
        format: `ome-zarr`, `bdv-xml`, `bigwarp`, `mobie`, `itk`, `matrix`, `neuroglancer` or `ec-clem`.
        dialect: version or variant, as the file states it.
        systems: coordinate systems (`name`, `axes`) by the key that steps use.
        steps: transformations in the order of the file.
        landmarks: landmark sets.
        kept: what has no place above, verbatim, by JSON pointer or element.
        notes: sentences on what was understood as what, such as grids that are layout.
    """

    format: str
    dialect: str = ""
    systems: dict[str, System] = field(default_factory=dict)
    steps: list[ReadStep] = field(default_factory=list)
    landmarks: list[ReadLandmarks] = field(default_factory=list)
    kept: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, step: ReadStep) -> None:
        """Add a transformation.

        Raises:
            TransformRefused: `too-many-steps`.
        """
        if len(self.steps) >= MOST_STEPS:
            said = f"a file of more than {MOST_STEPS} transformations is not read"
            raise TransformRefused("too-many-steps", said, where=step.where, fix="split the file")
        self.steps.append(step)

    def note(self, sentence: str) -> None:
        """Add a sentence once."""
        if sentence not in self.notes:
            self.notes.append(sentence)


@dataclass(frozen=True)
class Stated:
    """What the person who gives a file states about it, where the file itself is silent.

    Attributes:
        axes: names of the axes in the order of the file's numbers.
        unit: unit of the source system.
        target_unit: unit of the target system; the same where it is empty.
        source: name of the source system.
        target: name of the target system.
    """

    axes: tuple[str, ...] = ()
    unit: str = ""
    target_unit: str = ""
    source: str = ""
    target: str = ""


NOTHING_STATED: Final = Stated()
