"""Affine maps as M x (N+1) matrices (OME-Zarr 0.6): the last column is the translation."""

from __future__ import annotations

from typing import Final

import numpy as np
from rembigraph.catalogue.transforms.numbers import Array, finite
from rembigraph.catalogue.transforms.refusal import TransformRefused

WORST_CONDITION: Final = 1e12
"""Above this condition number an inverse keeps fewer than about four digits, and is refused."""

MIRROR_TOLERANCE: Final = 1e-6
"""Rotations of real files are written with about seven digits; so far may they be from orthonormal."""


def identity_matrix(axes: int) -> Array:
    """The map that changes nothing, shape (axes, axes + 1)."""
    return np.eye(axes, axes + 1)


def apply_affine(affine: Array, points: Array) -> Array:
    """Points (count, N) through an M x (N+1) map: (count, M).

    Raises:
        TransformRefused: `not-finite` where the result leaves the range of numbers.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        return finite(points @ affine[:, :-1].T + affine[:, -1])


def compose(first: Array, then: Array) -> Array:
    """The map that applies `first` and then `then`.

    Raises:
        TransformRefused: `dimension-mismatch`; `not-finite`.
    """
    if then.shape[1] != first.shape[0] + 1:
        said = f"{first.shape[0]} coordinates come out where {then.shape[1] - 1} go in"
        raise TransformRefused("dimension-mismatch", said, expected=then.shape[1] - 1, got=first.shape[0])
    with np.errstate(over="ignore", invalid="ignore"):
        result = then[:, :-1] @ first
        result[:, -1] += then[:, -1]
    return finite(result)


def condition_number(affine: Array) -> float:
    """Condition number of the linear part (2-norm); infinite for a singular one."""
    if not np.any(affine[:, :-1]):
        return float("inf")
    return float(np.linalg.cond(affine[:, :-1]))


def is_invertible(affine: Array) -> bool:
    """Whether the map has an inverse that keeps its digits: square, and well conditioned.

    The determinant says nothing: nanometres to metres have 1e-27 and condition 1. Axes in different units are brought
    to one size first, so that a scale of a nanometre beside one of a second is no reason to refuse.
    """
    linear = affine[:, :-1]
    if linear.shape[0] != linear.shape[1]:
        return False
    sizes = np.linalg.norm(linear, axis=0)
    if np.any(sizes == 0.0):
        return False
    even = linear / sizes
    lengths = np.linalg.norm(even, axis=1)
    if np.any(lengths == 0.0):
        return False
    return bool(np.linalg.cond(even / lengths[:, None]) <= WORST_CONDITION)


def invert(affine: Array) -> Array:
    """The inverse of a square map.

    Raises:
        TransformRefused: `not-square` or `singular`.
    """
    rows, columns = affine.shape
    if rows != columns - 1:
        said = f"a map from {columns - 1} to {rows} coordinates has no inverse"
        raise TransformRefused("not-square", said, fix="ask for a projection to the plane by name")
    if not is_invertible(affine):
        said = f"the matrix is singular (condition number {condition_number(affine):.3g})"
        raise TransformRefused("singular", said)
    linear = np.asarray(np.linalg.inv(affine[:, :-1]), dtype=np.float64)
    return finite(np.column_stack((linear, -linear @ affine[:, -1])))


def is_mirrored(affine: Array) -> bool:
    """Whether handedness changes; false where the dimension changes."""
    linear = affine[:, :-1]
    return linear.shape[0] == linear.shape[1] and bool(np.linalg.slogdet(linear)[0] < 0)


def mean_scale(affine: Array) -> float:
    """Geometric mean of the singular values of the linear part: how many times larger things become."""
    values = np.linalg.svd(affine[:, :-1], compute_uv=False)
    if np.any(values == 0.0):
        return 0.0
    return float(np.exp(np.mean(np.log(values))))


def reversed_axes(affine: Array) -> Array:
    """The same map with the axes of both ends in the opposite order: x,y,z ↔ z,y,x."""
    return np.column_stack((affine[::-1, :-1][:, ::-1], affine[::-1, -1]))


def plane_projection(affine: Array, point: Array) -> tuple[Array, float]:
    """The nearest point of an embedded plane or line, by least squares, and its distance.

    Args:
        affine: embedding, M x (N+1) with M ≥ N.
        point: shape (M,), in the system that it is embedded in.

    Returns:
        The point in the plane's own N coordinates, and the distance in the unit of the M coordinates.

    Raises:
        TransformRefused: `dimension-mismatch`, or `singular` where the plane is degenerate.
    """
    if len(point) != affine.shape[0]:
        said = f"{len(point)} coordinates where {affine.shape[0]} go in"
        raise TransformRefused("dimension-mismatch", said, expected=affine.shape[0], got=len(point))
    linear = affine[:, :-1]
    if linear.shape[0] < linear.shape[1] or not condition_number(affine) <= WORST_CONDITION:
        raise TransformRefused("singular", "the plane is degenerate")
    inside = np.asarray(np.linalg.lstsq(linear, point - affine[:, -1], rcond=None)[0], dtype=np.float64)
    return finite(inside), float(np.linalg.norm(linear @ inside + affine[:, -1] - point))
