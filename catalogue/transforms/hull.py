"""The convex hull of points: which places lie outside of it.

In up to three dimensions its planes are found once (the incremental algorithm: each point that sees facets takes their
place), and a place is compared with all of them. Points that lie in a line or a plane have their hull in it. In more
dimensions, and where rounding leaves no closed surface, a separating plane is searched for each place (Gilbert 1966).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rembigraph.catalogue.transforms.numbers import Array
from rembigraph.catalogue.transforms.refusal import TransformRefused

MOST_AXES_OF_PLANES: Final = 3

_SMALL: Final = 1e-9
"""How far outside a place may lie, by the spread of the points: rounding, not geometry."""
_FLAT: Final = 1e-6
"""The thinnest that points may be, by their greatest spread, to have a hull with a thickness."""
_MOST_FACETS: Final = 50_000
_SEARCH_STEPS: Final = 2000
_AT_ONCE: Final = 65_536
"""Pairs of places and points, or planes, that are looked at together: they fit in a processor's cache."""

Flags = NDArray[np.bool_]


class _Planes(NamedTuple):
    """The half spaces of a hull: `normals @ place <= offsets`, shapes (facets, axes) and (facets,)."""

    normals: Array
    offsets: Array


class _Frame(NamedTuple):
    """Where points spread: `across` scales each direction to the same spread, which leaves what is inside a hull there.

    Attributes:
        across: rows, one for each direction in which they spread.
        thin: unit vectors in which they don't.
        thickness: farthest that a place may lie from the others in the latter.
    """

    across: Array
    thin: Array
    thickness: float


@dataclass(frozen=True)
class Hull:
    """The convex hull of points.

    Attributes:
        points: shape (number, N).
    """

    points: Array

    def is_outside(self, where: Array) -> Flags:
        """Whether places, shape (count, N), lie outside.

        Raises:
            TransformRefused: `dimension-mismatch`.
        """
        axes = self.points.shape[1]
        if where.shape[1] != axes:
            said = f"{where.shape[1]} coordinates where the landmarks have {axes}"
            raise TransformRefused("dimension-mismatch", said, expected=axes, got=where.shape[1])
        offsets = where - self._middle
        inner, planes = offsets @ self._frame.across.T, self._planes
        found: Flags = np.linalg.norm(offsets @ self._frame.thin.T, axis=1) > self._frame.thickness
        if planes is None:
            return found | _in_pieces(inner, len(self.points), lambda part: _search(part, self._inner))
        return found | _in_pieces(inner, len(planes.offsets), lambda part: _beyond(part, planes, _SMALL))

    @cached_property
    def _middle(self) -> Array:
        return np.asarray(self.points.mean(axis=0))

    @cached_property
    def _frame(self) -> _Frame:
        centred = self.points - self._middle
        all_rows = np.vstack(
            (centred, np.zeros((centred.shape[1],) * 2))
        )  # as many as axes, so all directions
        _, spread, rows = np.linalg.svd(all_rows, full_matrices=False)
        rank = int(np.sum(spread > _FLAT * max(spread[0], 1e-300)))
        thin = rows[rank:]
        thickness = np.linalg.norm(centred @ thin.T, axis=1).max() + _SMALL * spread[0]
        deviations = spread[:rank, None] / np.sqrt(len(centred))
        return _Frame(rows[:rank] / deviations, thin, float(thickness))

    @cached_property
    def _inner(self) -> Array:
        return np.asarray((self.points - self._middle) @ self._frame.across.T)

    @cached_property
    def _planes(self) -> _Planes | None:
        return _planes_of(self._inner)


def _in_pieces(where: Array, width: int, ask: Callable[[Array], Flags]) -> Flags:
    rows = max(1, _AT_ONCE // max(width, 1))
    parts = [ask(where[start : start + rows]) for start in range(0, len(where), rows)]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.bool_)


def _beyond(where: Array, planes: _Planes, small: float) -> Flags:
    return np.asarray((where @ planes.normals.T > planes.offsets + small).any(axis=1))


def _planes_of(points: Array) -> _Planes | None:
    """The planes of a hull, or none: too many dimensions or facets, or no closed surface for rounding."""
    axes = points.shape[1]
    if not 1 <= axes <= MOST_AXES_OF_PLANES:
        return None
    corners = _first_corners(points)
    inside = points[corners].mean(axis=0)
    facets = np.array(list(combinations(corners, axes)))
    planes = _through(points[facets], inside)
    for at in np.argsort(-np.linalg.norm(points, axis=1)).tolist():
        is_seen = planes.normals @ points[at] > planes.offsets + _SMALL
        if is_seen.any():
            new = _around(facets[is_seen], at)
            more = _through(points[new], inside)
            facets = np.concatenate((facets[~is_seen], new))
            kept = _Planes(*(one[~is_seen] for one in planes))
            planes = _Planes(*(np.concatenate(both) for both in zip(kept, more, strict=True)))
        if len(facets) > _MOST_FACETS:
            return None
    is_open = _in_pieces(points, len(facets), lambda part: _beyond(part, planes, 10 * _SMALL)).any()
    return None if is_open or not np.isfinite(planes.offsets).all() else planes


def _first_corners(points: Array) -> list[int]:
    """One point more than there are axes, that spread in all of them."""
    chosen = [int(np.argmax(np.linalg.norm(points, axis=1)))]
    rest = points - points[chosen[0]]
    for _ in range(points.shape[1]):
        chosen.append(int(np.argmax(np.linalg.norm(rest, axis=1))))
        along = rest[chosen[-1]] / np.linalg.norm(rest[chosen[-1]])
        rest = rest - np.outer(rest @ along, along)
    return chosen


def _around(seen: NDArray[np.intp], at: int) -> NDArray[np.intp]:
    """The facets that join a point to the border of those that it sees: to ridges that only one of them has."""
    axes = seen.shape[1]
    ridges = Counter(ridge for facet in np.sort(seen).tolist() for ridge in combinations(facet, axes - 1))
    return np.array([(*ridge, at) for ridge, count in ridges.items() if count == 1]).reshape(-1, axes)


def _through(corners: Array, inside: Array) -> _Planes:
    """The planes through the corners of facets, shape (facets, axes, axes), away from a place inside.

    One without extent has no number: nothing is beyond it.
    """
    edges = corners[:, 1:] - corners[:, :1]
    if edges.shape[1] == 0:
        normals = np.ones((len(corners), 1))
    elif edges.shape[1] == 1:
        normals = np.column_stack((edges[:, 0, 1], -edges[:, 0, 0]))
    else:
        normals = np.cross(edges[:, 0], edges[:, 1])
    with np.errstate(invalid="ignore"):
        normals = normals / np.linalg.norm(normals, axis=1)[:, None]
    offsets = np.sum(normals * corners[:, 0], axis=1)
    turned = np.where(normals @ inside > offsets, -1.0, 1.0)
    return _Planes(normals * turned[:, None], offsets * turned)


def _search(where: Array, points: Array) -> Flags:
    """Search a separating plane for all places together; each leaves when it is decided.

    `near` is what of the hull comes closest to each place so far.
    """
    size = float(np.linalg.norm(points, axis=1).max())
    found = np.zeros(len(where), dtype=np.bool_)
    waiting = np.arange(len(where))
    near = points[np.argmin(np.sum(points**2, axis=1) - 2 * where @ points.T, axis=1)] - where
    for _ in range(_SEARCH_STEPS):
        distance = np.linalg.norm(near, axis=1)
        chosen = points[np.argmin(near @ points.T, axis=1)] - where[waiting]
        step = near - chosen
        length = np.sum(step**2, axis=1)
        is_inside = distance <= _SMALL * (size + 1e-300)
        is_outside = (np.sum(near * chosen, axis=1) > _SMALL * distance * size) | (length == 0.0)
        found[waiting[is_outside & ~is_inside]] = True
        left = ~(is_outside | is_inside)
        waiting, near, step, length = waiting[left], near[left], step[left], length[left]
        if not len(waiting):
            break
        near = near - np.minimum(1.0, np.sum(near * step, axis=1) / length)[:, None] * step
    return found
