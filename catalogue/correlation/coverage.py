"""Which images of any record cover a place, and how far."""

from __future__ import annotations

from itertools import product
from typing import Any, Final

import numpy as np
from rembigraph.catalogue.correlation.answers import box_values, unit_of
from rembigraph.catalogue.correlation.atlas import Atlas
from rembigraph.catalogue.correlation.paths import Path, find_path
from rembigraph.catalogue.transforms.geometry import Box, bounding_box
from rembigraph.catalogue.transforms.model import linear_of
from rembigraph.catalogue.transforms.numbers import Array
from rembigraph.catalogue.transforms.refusal import TransformRefused

MOST_SYSTEMS: Final = 2000
"""Coordinate systems of one connected part that are looked at."""

_CELLS: Final = {1: 1000, 2: 40, 3: 16, 4: 8}
"""Cells along each axis of a box when its share is counted, by its number of axes; at most 4,096 in all."""


def covering(atlas: Atlas, system: str, box: Box) -> list[dict[str, Any]]:
    """Images of any record that cover a place, the most overlapping first.

    Args:
        atlas: the graph.
        system: the coordinate system of the box, or an image that has one.
        box: the place.

    Raises:
        TransformRefused: `unknown-system`, `dimension-mismatch`.
    """
    start = atlas.system_for(system)
    axes = atlas.graph.dimension(start)
    if len(box.low) != axes:
        said = f"a box of {atlas.short(start)} has {axes} axes, this one has {len(box.low)}"
        raise TransformRefused("dimension-mismatch", said, where="box", expected=axes, got=len(box.low))
    found: dict[str, dict[str, Any]] = {}
    for iri in _near(atlas, start):
        for image, field in atlas.field_of_view(iri):
            entry = _overlap(atlas, start, box, iri, field)
            if entry and entry["share_of_place"] > found.get(image, {}).get("share_of_place", 0.0):
                record = atlas.image(image)
                study = record.study if record else ""
                found[image] = {"image": image, "title": atlas.title(image), "study": study, **entry}
    return sorted(found.values(), key=lambda one: (-one["share_of_place"], one["image"]))


def _near(atlas: Atlas, start: str) -> list[str]:
    """Systems of the connected part of one, those with pixels last."""
    parts = atlas.graph.components
    near = [iri for iri in atlas.systems if parts.get(iri) == parts.get(start)]
    return sorted(near, key=lambda iri: (atlas.systems[iri].is_of_pixels, iri))[:MOST_SYSTEMS]


def _overlap(atlas: Atlas, start: str, box: Box, system: str, field: Box) -> dict[str, Any] | None:
    """How a place and the field of view of an image overlap; none where they do not meet or no path joins them."""
    try:
        path = find_path(atlas.graph, start, system)
        mapped = bounding_box(path.apply(box.corners()))
        if mapped.overlap(field) is None:
            return None
        of_place, of_image = _shares(path, box, field)
        rms = path.rms_at((box.low + box.high) / 2)
    except TransformRefused:
        return None
    return {
        "system": system,
        "share_of_place": of_place,
        "share_of_image": of_image,
        "place_in_image": box_values(mapped),
        "rms": rms,
        "unit": unit_of(atlas, system),
        "path": [list(key) for key in path.keys],
    }


def _shares(path: Path, box: Box, field: Box) -> tuple[float, float | None]:
    """Share of a place that an image covers, and share of the image that the place covers.

    The smaller of the two is cut into cells, and those whose middle lies in the other are counted.
    """
    cells = _cells(box)
    of_place = _share_inside(path.apply(cells), field)
    linear = _linear(path)
    if linear is None or box.content() <= 0 or field.content() <= 0:
        return of_place, None
    place = box.content() * abs(float(np.linalg.det(linear)))
    if place <= field.content():
        return of_place, of_place * place / field.content()
    back = linear_of(path.affine()).inverse(len(box.low))
    of_image = _share_inside(back.apply(_cells(field)), box)
    return min(of_image * field.content() / place, 1.0), of_image


def _linear(path: Path) -> Array | None:
    try:
        linear = path.affine()[:, :-1]
    except TransformRefused:
        return None
    return linear if linear.shape[0] == linear.shape[1] and abs(np.linalg.det(linear)) > 0 else None


def _cells(box: Box) -> Array:
    """Middles of equal cells of a box, shape (cells, axes)."""
    axes = len(box.low)
    count = _CELLS.get(axes, 3)
    steps = (np.arange(count) + 0.5) / count
    shares = np.array(list(product(steps, repeat=min(axes, 6))))
    if axes > 6:
        shares = np.hstack((shares, np.full((len(shares), axes - 6), 0.5)))
    inside: Array = box.low + shares * box.size
    return inside


def _share_inside(points: Array, box: Box) -> float:
    return float(np.mean(np.all((points >= box.low) & (points <= box.high), axis=1)))
