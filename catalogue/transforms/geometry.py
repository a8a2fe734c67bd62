"""Boxes, polygons, fields of view and their overlap."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any, Final

import numpy as np
from rembigraph.catalogue.transforms.model import Transform
from rembigraph.catalogue.transforms.numbers import Array, points, vector
from rembigraph.catalogue.transforms.refusal import TransformRefused

MOST_BOX_AXES: Final = 10
"""A box has two corners to the power of its axes."""


@dataclass(frozen=True)
class Box:
    """An axis-aligned box, in the coordinates of one system.

    Attributes:
        low: smallest coordinates, shape (axes,).
        high: greatest coordinates, shape (axes,).
    """

    low: Array
    high: Array

    @property
    def size(self) -> Array:
        """Length along each axis."""
        return self.high - self.low

    def corners(self) -> Array:
        """All corners, shape (2**axes, axes); the last axis changes fastest."""
        return np.array(list(product(*zip(self.low.tolist(), self.high.tolist(), strict=True))))

    def overlap(self, other: Box) -> Box | None:
        """The common part; none where they do not meet."""
        _same_axes(self, other)
        low, high = np.maximum(self.low, other.low), np.minimum(self.high, other.high)
        return Box(low, high) if bool(np.all(low <= high)) else None

    def content(self) -> float:
        """Length, area or volume."""
        return float(np.prod(self.size))


def _same_axes(one: Box, other: Box) -> None:
    if len(one.low) != len(other.low):
        said = f"boxes of {len(one.low)} and {len(other.low)} axes"
        raise TransformRefused("dimension-mismatch", said, expected=len(one.low), got=len(other.low))


def read_box(value: Any, where: str = "/box") -> Box:
    """A box from `{"min": [...], "max": [...]}`.

    Raises:
        TransformRefused: `not-a-box`, `dimension-mismatch`, `too-many-axes`.
    """
    if not isinstance(value, dict) or "min" not in value or "max" not in value:
        raise TransformRefused("not-a-box", "a box has min and max", where=where)
    low = vector(value["min"], f"{where}/min", MOST_BOX_AXES)
    high = vector(value["max"], f"{where}/max", MOST_BOX_AXES)
    if len(low) != len(high):
        raise TransformRefused("dimension-mismatch", "min and max have different axes", where=where)
    if np.any(low > high):
        raise TransformRefused("not-a-box", "min is greater than max", where=where)
    return Box(low, high)


def bounding_box(corners: Array) -> Box:
    """The smallest box around points, shape (count, axes)."""
    return Box(corners.min(axis=0), corners.max(axis=0))


def map_box(transform: Transform, box: Box) -> tuple[Array, Box]:
    """The mapped corners of a box, and the box around them."""
    corners = transform.apply(box.corners())
    return corners, bounding_box(corners)


def map_polygon(transform: Transform, polygon: Any) -> Array:
    """A closed or open ring of at least three points, mapped point by point: exact for affine maps.

    Raises:
        TransformRefused: `not-a-polygon`, or what is wrong with a point.
    """
    ring = points(polygon, "/polygon")
    if len(ring) < 3:
        raise TransformRefused("not-a-polygon", "a polygon has at least three points", where="/polygon")
    return transform.apply(ring)


def plane_normal(affine: Array) -> Array | None:
    """The unit normal of an embedded plane of one dimension less than its space; its sign has no meaning."""
    linear = affine[:, :-1]
    if linear.shape[0] != linear.shape[1] + 1:
        return None
    left, _, _ = np.linalg.svd(linear)
    normal: Array = left[:, -1]
    return normal if normal[np.argmax(np.abs(normal))] > 0 else -normal


def overlap_shares(one: Box, other: Box) -> tuple[Box | None, float, float, float]:
    """The common part of two boxes, its content, and its share of each of them."""
    common = one.overlap(other)
    content = common.content() if common else 0.0
    first, second = one.content(), other.content()
    return common, content, content / first if first else 0.0, content / second if second else 0.0


def field_of_view(shape: Any, scale: Any, translation: Any = None) -> Box:
    """The region of an image: pixel centres are whole numbers, so it spans -0.5 to N-0.5 pixels on each axis.

    Args:
        shape: number of pixels along each axis.
        scale: size of a pixel along each axis.
        translation: physical place of the centre of pixel 0; the origin where it is not given.

    Raises:
        TransformRefused: what is wrong with the numbers.
    """
    counts, sizes = vector(shape, "/shape"), vector(scale, "/scale")
    origin = np.zeros(len(counts)) if translation is None else vector(translation, "/translation")
    if not len(counts) == len(sizes) == len(origin):
        raise TransformRefused("vector-length", "shape, scale and translation have different lengths")
    if np.any(counts <= 0) or np.any(sizes <= 0):
        raise TransformRefused("scale-not-positive", "numbers and sizes of pixels are positive")
    return Box(-0.5 * sizes + origin, (counts - 0.5) * sizes + origin)


def corner_to_centre(pixels: Array) -> Array:
    """Pixel coordinates that count from the corner of pixel 0, counted from its centre."""
    return pixels - 0.5


def centre_to_corner(pixels: Array) -> Array:
    """Pixel coordinates that count from the centre of pixel 0, counted from its corner."""
    return pixels + 0.5
