"""Fields of view to scale: regions of images in one coordinate system, as polygons ready to be drawn.

Where sizes differ by orders, what would be too small to see is drawn again in an inset of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from rembigraph.app.pages.text import length
from rembigraph.catalogue.correlation.answers import unit_of
from rembigraph.catalogue.correlation.paths import Ways
from rembigraph.catalogue.transforms.geometry import Box, bounding_box
from rembigraph.catalogue.transforms.numbers import Array
from rembigraph.catalogue.transforms.units import unit_size
from rembigraph.ontology.errors import TransformRefused

if TYPE_CHECKING:
    from rembigraph.catalogue.correlation.atlas import Atlas

WIDTH: Final = 640.0
MOST_HIGH: Final = 520.0
MOST_FIELDS: Final = 60
"""Fields of view that are drawn of one frame."""

MARGIN: Final = 26.0
_TOO_SMALL: Final = 0.06
"""Share of the width below which a region is drawn again in an inset."""

_MOST_INSETS: Final = 4


@dataclass(frozen=True)
class Field:
    """The field of view of an image in a frame.

    Attributes:
        image: IRI of the image.
        title: what it is called.
        system: IRI of the system in which it was known.
        outline: convex outline of its projection along the first axis, shape (points, 2): y and x of the frame.
        box: smallest box around it in the frame.
        rms: expected error at its middle, in the unit of the frame; none where it is not known.
    """

    image: str
    title: str
    system: str
    outline: Array
    box: Box
    rms: float | None

    @property
    def size(self) -> float:
        """The longer side of the outline."""
        return float((self.outline.max(axis=0) - self.outline.min(axis=0)).max())


@dataclass(frozen=True)
class Shape:
    """A polygon of a picture: its points as SVG writes them, its halo, and where its number stands."""

    number: int
    title: str
    points: str
    halo: float
    is_known: bool
    at: tuple[float, float]


@dataclass(frozen=True)
class Picture:
    """One picture: its height, polygons, and a bar with its length in words.

    The place (y, x) of the frame stands at `MARGIN + scale * (x - low[1])`, `MARGIN + scale * (y - low[0])`.
    """

    height: float
    low: tuple[float, float]
    scale: float
    shapes: tuple[Shape, ...]
    bar: float
    bar_words: str


def fields_in(atlas: Atlas, frame: str, systems: Sequence[str], ways: Ways) -> list[Field]:
    """Return the fields of view of images that can be brought into a frame of two or three axes, the largest first."""
    found: dict[str, Field] = {}
    if atlas.graph.dimension(frame) not in (2, 3):
        return []
    for system in systems:
        for image, box in atlas.field_of_view(system):
            field = None if image in found else _field(atlas, frame, system, image, box, ways)
            if field is not None and len(found) < MOST_FIELDS:
                found[image] = field
    return sorted(found.values(), key=lambda field: (-field.size, field.image))


def _field(atlas: Atlas, frame: str, system: str, image: str, box: Box, ways: Ways) -> Field | None:
    try:
        path = ways.find(system, frame)
        corners = path.apply(box.corners())
        rms = path.rms_at((box.low + box.high) / 2)
    except TransformRefused:
        return None
    outline = _convex(corners[:, -2:])
    return Field(image, atlas.title(image), system, outline, bounding_box(corners), rms)


def _convex(points: Array) -> Array:
    """The convex outline of points of the plane, shape (count, 2) (Andrew's monotone chain)."""
    ordered = sorted({(float(y), float(x)) for y, x in points})
    chains: list[list[tuple[float, float]]] = []
    for row in (ordered, ordered[::-1]):
        chain: list[tuple[float, float]] = []
        for point in row:
            while len(chain) > 1 and _turn(chain[-2], chain[-1], point) <= 0:
                chain.pop()
            chain.append(point)
        chains.append(chain[:-1])
    return np.array(chains[0] + chains[1] or ordered)


def _turn(one: tuple[float, float], two: tuple[float, float], three: tuple[float, float]) -> float:
    return (two[0] - one[0]) * (three[1] - one[1]) - (two[1] - one[1]) * (three[0] - one[0])


def pictures(fields: Sequence[Field], unit: str | None) -> list[Picture]:
    """Return the picture of all fields, and insets of those that are too small in the one before."""
    numbered = list(enumerate(fields, start=1))
    return list(_pictures(numbered, unit))


def _pictures(numbered: list[tuple[int, Field]], unit: str | None) -> Iterator[Picture]:
    for _ in range(1 + _MOST_INSETS):
        if not numbered:
            return
        widest = max(field.size for _, field in numbered)
        yield _picture(numbered, unit)
        numbered = [each for each in numbered if each[1].size < _TOO_SMALL * widest]


def _picture(numbered: list[tuple[int, Field]], unit: str | None) -> Picture:
    every = np.vstack([field.outline for _, field in numbered])
    low, high = every.min(axis=0), every.max(axis=0)
    extent = np.maximum(high - low, 1e-300)
    scale = min((WIDTH - 2 * MARGIN) / extent[1], (MOST_HIGH - 2 * MARGIN - 24) / extent[0])
    shapes = tuple(_apart([_shape(number, field, low, float(scale)) for number, field in numbered]))
    bar = _round_length(float(120 / scale))
    words = _in_words(bar, unit)
    height = round(float(extent[0] * scale) + 2 * MARGIN + 24, 1)
    corner = (float(low[0]), float(low[1]))
    return Picture(height, corner, float(scale), shapes, round(bar * float(scale), 2), words)


def _shape(number: int, field: Field, low: Array, scale: float) -> Shape:
    drawn = (field.outline - low) * scale + MARGIN
    points = " ".join(f"{x:.1f},{y:.1f}" for y, x in drawn)
    y, x = drawn[int(np.argmin(drawn.sum(axis=1)))]
    halo = 0.0 if field.rms is None else min(2 * field.rms * scale, WIDTH)
    at = (round(float(x) + 6, 1), round(float(y) + 15, 1))
    return Shape(number, field.title, points, round(halo, 2), field.rms is not None, at)


def _apart(shapes: list[Shape]) -> Iterator[Shape]:
    """Move numbers that would stand on one another to the right."""
    taken: set[tuple[int, int]] = set()
    for shape in shapes:
        x, y = shape.at
        while (round(x / 12), round(y / 12)) in taken:
            x += 16
        taken.add((round(x / 12), round(y / 12)))
        yield replace(shape, at=(round(x, 1), y))


def _round_length(most: float) -> float:
    """The greatest of 1, 2 or 5 times a power of ten that is no longer."""
    power = 10.0 ** math.floor(math.log10(most))
    return power * max(digit for digit in (1, 2, 5) if digit * power <= most * (1 + 1e-12))


def _in_words(value: float, unit: str | None) -> str:
    try:
        return length(value * unit_size(unit))
    except TransformRefused:
        return f"{value:g} {unit}" if unit else f"{value:g}, unit not known"


def frame_unit(atlas: Atlas, frame: str) -> str | None:
    """Return the unit in which a frame is drawn."""
    return unit_of(atlas, frame)


def frames_from(atlas: Atlas, frame: str, systems: Sequence[str], ways: Ways) -> list[dict[str, Any]]:
    """Return the coordinate systems into which places of a frame can be brought by a matrix, the frame itself first.

    Each with title, axes, unit, matrix, and the error of the way there (none where it is not known).
    """
    found = []
    for system in (frame, *(one for one in systems if one != frame and one in atlas.systems)):
        try:
            path = ways.find(frame, system)
            affine = path.affine().tolist()
        except TransformRefused:
            continue
        record = atlas.systems[system]
        title, axes = record.title or atlas.short(system), [axis.name for axis in record.system.axes]
        values = {"title": title, "axes": axes, "unit": unit_of(atlas, system) or ""}
        found.append({**values, "affine": affine, "rms": path.rms()})
    return found
