"""Displacement and coordinate fields that were given in readable form: linear and nearest lookup."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any, Final

import numpy as np
from rembigraph.catalogue.transforms.numbers import Array, brief, finite, vector
from rembigraph.catalogue.transforms.refusal import TransformRefused

MOST_FIELD_NUMBERS: Final = 2_000_000
"""Numbers of one field that is evaluated here: 16 MB."""

_INTERPOLATIONS: Final = ("linear", "nearest")


@dataclass(frozen=True)
class FieldData:
    """The numbers of a field on a regular grid.

    Attributes:
        vectors: shape (grid..., components); the last axis holds the vector.
        scale: size of a grid step along each input axis.
        translation: input coordinates of grid index 0.
        interpolation: `linear` or `nearest`.
    """

    vectors: Array
    scale: Array
    translation: Array
    interpolation: str = "linear"

    @property
    def axes(self) -> int:
        """Number of coordinates that go in."""
        return self.vectors.ndim - 1

    @property
    def components(self) -> int:
        """Number of components of a vector."""
        return int(self.vectors.shape[-1])

    def at(self, points: Array) -> Array:
        """Vectors at points (count, axes), shape (count, components).

        Raises:
            TransformRefused: `dimension-mismatch`; `outside-field` for a point that the field does not cover.
        """
        if points.shape[1] != self.axes:
            said = f"the field has {self.axes} axes, the points have {points.shape[1]}"
            raise TransformRefused("dimension-mismatch", said, expected=self.axes, got=points.shape[1])
        index = (points - self.translation) / self.scale
        last = np.array(self.vectors.shape[:-1]) - 1
        slack = 1e-9 * (1 + last)
        if np.any(index < -slack) or np.any(index > last + slack):
            raise TransformRefused(
                "outside-field", "a point lies outside of the field", fix="ask for points inside"
            )
        index = np.clip(index, 0, last)
        if self.interpolation == "nearest":
            return self._corner(np.floor(index + 0.5).astype(np.intp).clip(0, last))
        return self._linear(index, last)

    def _corner(self, index: Any) -> Array:
        found: Array = self.vectors[tuple(index.T)]
        return found

    def _linear(self, index: Array, last: Any) -> Array:
        low = np.floor(index).astype(np.intp)
        share = index - low
        result = np.zeros((len(index), self.components))
        for corner in product((0, 1), repeat=self.axes):
            chosen = np.array(corner)
            weight = np.prod(np.where(chosen, share, 1 - share), axis=1)
            result += weight[:, None] * self._corner(np.minimum(low + chosen, last))
        return result


def field_data(
    vectors: Any, scale: Any = None, translation: Any = None, interpolation: str = "linear"
) -> FieldData:
    """A field from nested lists or an array, vectors in the last axis.

    Raises:
        TransformRefused: `field-too-large`, `ragged-field`, `not-finite`, `vector-length`, `unknown-interpolation`.
    """
    if interpolation not in _INTERPOLATIONS:
        said = f"{brief(interpolation)} interpolation is not evaluated here"
        raise TransformRefused("unknown-interpolation", said, fix="linear and nearest are")
    array = _array(vectors)
    axes = array.ndim - 1
    step = np.ones(axes) if scale is None else vector(scale, "/field/scale")
    origin = np.zeros(axes) if translation is None else vector(translation, "/field/translation")
    if not len(step) == len(origin) == axes:
        raise TransformRefused("vector-length", f"the grid of the field has {axes} axes", where="/field")
    if np.any(step <= 0):
        raise TransformRefused("scale-not-positive", "a grid step must be positive", where="/field/scale")
    return FieldData(finite(array, "/field"), step, origin, interpolation)


def _array(vectors: Any) -> Array:
    if _count(vectors, MOST_FIELD_NUMBERS, 8) > MOST_FIELD_NUMBERS:
        said = f"a field of more than {MOST_FIELD_NUMBERS} numbers, or nested deeper than 8, is not evaluated here"
        raise TransformRefused("field-too-large", said, where="/field")
    try:
        array = np.array(vectors, dtype=np.float64)
    except (ValueError, TypeError, OverflowError) as error:
        raise TransformRefused(
            "ragged-field", "the field is no regular array of numbers", where="/field"
        ) from error
    if array.ndim < 2 or array.size == 0:
        raise TransformRefused("ragged-field", "a field has grid axes and an axis of vectors", where="/field")
    return array


def _count(value: Any, most: int, depth: int) -> int:
    """Numbers in nested lists, counted no further than `most`."""
    if isinstance(value, np.ndarray):
        return int(value.size)
    if not isinstance(value, list | tuple):
        return 1
    if depth == 0:
        return most + 1
    total = 0
    for item in value:
        total += _count(item, most - total, depth - 1)
        if total > most:
            break
    return total
