"""The diagram of parts and transformations: a column for each image, a box for each of its coordinate systems."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rembigraph.app.pages.text import length, number
from rembigraph.catalogue.correlation.graph import INVERSE, Move

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rembigraph.catalogue.correlation.atlas import Atlas
    from rembigraph.catalogue.correlation.graph import Step

BOX_WIDTH: Final = 220
BOX_HEIGHT: Final = 52
_COLUMN: Final = 420
_ROW: Final = 128
_LETTERS: Final = 26
_LANE: Final = 34
"""Height of the lane of a line that passes columns."""


@dataclass(frozen=True)
class DrawnSystem:
    """A box: its left upper corner, and what it says."""

    iri: str
    x: int
    y: int
    name: str
    note: str


@dataclass(frozen=True)
class DrawnStep:
    """A line from one box to another, with what it says in two rows."""

    path: str
    x: float
    y: float
    kind: str
    error: str
    state: str


@dataclass(frozen=True)
class Column:
    """A column: where it begins, and what it is called."""

    x: int
    title: str
    note: str


@dataclass(frozen=True)
class Diagram:
    """The diagram, ready to be drawn."""

    width: int
    height: int
    columns: tuple[Column, ...]
    systems: tuple[DrawnSystem, ...]
    steps: tuple[DrawnStep, ...]


def diagram(
    atlas: Atlas, systems: Sequence[str], steps: Sequence[Step], images: Sequence[str] = ()
) -> Diagram:
    """Return the diagram of some systems and the transformations among them; the coarser an image, the further left.

    Args:
        atlas: the graph.
        systems: IRIs of the systems.
        steps: the transformations; those with an end elsewhere are left out.
        images: IRIs of images that name a column rather than others with the same system.
    """
    groups: dict[str, list[str]] = {}
    for iri in systems:
        record = atlas.systems.get(iri)
        of = sorted(record.images, key=lambda image: (image not in images, image)) if record else []
        groups.setdefault(of[0] if of else "", []).append(iri)
    order = sorted(groups, key=lambda image: (image == "", -_pixel(atlas, image), image))
    columns = tuple(_column(atlas, at, image) for at, image in enumerate(order))
    boxes = {
        iri: _box(atlas, iri, column.x, row)
        for column, image in zip(columns, order, strict=True)
        for row, iri in enumerate(groups[image])
    }
    rows = max((len(group) for group in groups.values()), default=1)
    bottom = 52 + _ROW * (rows - 1) + BOX_HEIGHT
    lines: list[DrawnStep] = []
    lanes = 0
    for at, step in enumerate(steps):
        if {step.source, step.target} <= set(boxes):
            passes = abs(boxes[step.source].x - boxes[step.target].x) > _COLUMN
            lanes += passes
            lines.append(_line(atlas, step, boxes, at, bottom + _LANE * lanes if passes else 0))
    width = _COLUMN * (len(columns) - 1) + BOX_WIDTH + 24 if columns else 0
    height = bottom + _LANE * lanes + 24
    return Diagram(max(width, 420), height, columns, tuple(boxes.values()), tuple(lines))


def _pixel(atlas: Atlas, image: str) -> float:
    """The largest distance of pixel centres of an image in metres; 0 where it is not known."""
    record = atlas.image(image) if image else None
    return max(record.pixels.values(), default=0.0) if record else 0.0


def _column(atlas: Atlas, at: int, image: str) -> Column:
    x = 12 + at * _COLUMN
    if not image:
        return Column(x, "Shared frames", "of no image")
    pixel = _pixel(atlas, image)
    return Column(
        x, _cut(atlas.title(image)), f"pixels of {length(pixel)}" if pixel else "pixel size not stated"
    )


def _box(atlas: Atlas, iri: str, x: int, row: int) -> DrawnSystem:
    record = atlas.systems.get(iri)
    name = record.title or atlas.short(iri) if record else atlas.short(iri)
    axes = ", ".join(axis.name for axis in record.system.axes) if record else "not described"
    unit = (
        (record.system.length_unit or ("pixels" if record.is_of_pixels else "unit not stated"))
        if record
        else ""
    )
    return DrawnSystem(iri, x, 52 + row * _ROW, _cut(name), f"{axes}; {unit}" if unit else axes)


def _cut(text: str) -> str:
    return text if len(text) <= _LETTERS else text[: _LETTERS - 1] + "…"


def _line(atlas: Atlas, step: Step, boxes: dict[str, DrawnSystem], at: int, lane: int) -> DrawnStep:
    """A straight line between neighbours; along a lane below all boxes where columns lie between."""
    one, other = boxes[step.source], boxes[step.target]
    if one.x == other.x:
        x = one.x + BOX_WIDTH / 2
        down = other.y > one.y
        start, end = (one.y + BOX_HEIGHT, other.y) if down else (one.y, other.y + BOX_HEIGHT)
        path, middle = f"M{x} {start} L{x} {end}", (x, (start + end) / 2)
    else:
        right = other.x > one.x
        left, goal = (one.x + BOX_WIDTH, other.x) if right else (one.x, other.x + BOX_WIDTH)
        shift = 14 * (at % 3)
        start, end = one.y + 16 + shift, other.y + 16 + shift
        path = f"M{left} {start} L{goal} {end}"
        middle = ((left + goal) / 2, (start + end) / 2)
        if lane:
            out = 22 + 6 * (at % 3) if right else -22 - 6 * (at % 3)
            path = f"M{left} {start} H{left + out} V{lane} H{goal - out} V{end} H{goal}"
            middle = ((left + goal) / 2, lane)
    state = (
        "old" if step.superseded else "sure" if atlas.graph.is_walkable(Move(step, INVERSE)) else "one-way"
    )
    return DrawnStep(path, middle[0], middle[1], _kind(atlas, step), error_words(atlas, step), state)


def _kind(atlas: Atlas, step: Step) -> str:
    if step.superseded:
        return f"{step.transform.kind}, replaced"
    back = atlas.graph.is_walkable(Move(step, INVERSE))
    return step.transform.kind if back else f"{step.transform.kind}, one way"


def error_words(atlas: Atlas, step: Step) -> str:
    """Return the error that counts for a step, in words."""
    if step.exact:
        return "exact by definition"
    rms = atlas.graph.stated_rms(step)
    if rms is None or step.error is None:
        return "error not known"
    frame = atlas.systems.get(step.source if step.error.in_source else step.target)
    return f"± {number(float(f'{rms:.3g}'))} {frame.system.length_unit if frame else ''}".strip()
