"""Fits to landmark pairs, and what they say about the error: at the landmarks, left out, and at any point.

Sources: Umeyama 1991 (rigid and similarity by singular values), Fitzpatrick, West and Maurer 1998 (the error at a point
grows away from the landmarks). The latter is computed by propagating the residual variance through the linearised
model, which gives Fitzpatrick's formula for rigid fits and the usual prediction variance for affine ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from rembigraph.catalogue.transforms.affine import apply_affine
from rembigraph.catalogue.transforms.hull import Hull
from rembigraph.catalogue.transforms.numbers import Array, brief, points
from rembigraph.catalogue.transforms.refusal import TransformRefused

MODELS: Final = ("rigid", "similarity", "affine")

MOST_LANDMARKS: Final = 5000
"""Landmark pairs of one fit; leaving each out once is as many fits."""

_FLAT: Final = 1e-9


@dataclass(frozen=True)
class Fit:
    """A map fitted to landmark pairs.

    Attributes:
        model: `rigid`, `similarity` or `affine`.
        affine: the map, M x (N+1).
        scale: factor of a rigid (1) or similarity fit; none for an affine one.
        residuals: distance left at each landmark, in the unit of the target.
        source: the landmarks that it rests on, shape (count, N).
        mirrored: whether the fit was allowed to, and did, change handedness.
    """

    model: str
    affine: Array
    scale: float | None
    residuals: Array
    source: Array
    mirrored: bool = False

    @property
    def fre_rms(self) -> float:
        """Fiducial registration error: root mean square of the residual distances."""
        return float(np.sqrt(np.mean(self.residuals**2)))

    @property
    def coordinate_variance(self) -> float | None:
        """Estimated variance of one coordinate of one landmark; unknown where the fit has no freedom left."""
        free = self.source.shape[0] * self.affine.shape[0] - _unknowns(self.model, self.source.shape[1])
        return float(np.sum(self.residuals**2)) / free if free > 0 else None

    def error_at(self, where: Array) -> Array | None:
        """Expected (root mean square) distance error of the map at points of the source; unknown without freedom.

        Args:
            where: shape (count, N).
        """
        variance = self.coordinate_variance
        if variance is None:
            return None
        place = self._placed(where)
        spread = np.einsum("ci,ij,cj->c", place, self._spread, place)
        return np.asarray(np.sqrt(variance * np.maximum(spread, 0.0)))

    @cached_property
    def _spread(self) -> Array:
        """How the variance of the mapped point grows with its offset from the middle of the landmarks.

        The derivatives are linear in the offset, so the variance is a quadratic form of `_placed`: shape (N+1, N+1).
        """
        axes = self.source.shape[1]
        fixed = self._jacobian(np.zeros(axes))
        parts = np.array([fixed, *(self._jacobian(one) - fixed for one in np.eye(axes))])
        placed = self._placed(self.source)
        moments = placed.T @ placed
        normal = np.einsum("ij,imp,jmq->pq", moments, parts, parts, optimize=True)
        spread = np.einsum("imp,pq,jmq->ij", parts, np.linalg.pinv(normal), parts, optimize=True)
        return np.asarray(spread)

    def _placed(self, where: Array) -> Array:
        """1 and the offsets from the middle of the landmarks, by their size: so the unit does not weigh parameters."""
        middle = self.source.mean(axis=0)
        size = float(np.linalg.norm(self.source - middle, axis=1).max()) or 1.0
        return np.column_stack((np.ones(len(where)), (where - middle) / size))

    def _jacobian(self, offset: Array) -> Array:
        """Derivatives of the mapped point by the parameters of the model, shape (M, parameters)."""
        linear = self.affine[:, :-1]
        axes = linear.shape[0]
        if self.model == "affine":
            return np.hstack((np.eye(axes), np.kron(np.eye(axes), offset[None, :])))
        mapped = linear @ offset
        turns = []
        for one, other in combinations(range(axes), 2):
            turn = np.zeros(axes)
            turn[one], turn[other] = -mapped[other], mapped[one]
            turns.append(turn)
        grown = [mapped] if self.model == "similarity" else []
        return np.column_stack((np.eye(axes), *turns, *grown))

    def is_extrapolated(self, where: Array) -> NDArray[np.bool_]:
        """Whether points of the source, shape (count, N), lie outside of the convex hull of the landmarks."""
        return self._hull.is_outside(where)

    @cached_property
    def _hull(self) -> Hull:
        return Hull(self.source)


def _unknowns(model: str, axes: int) -> int:
    turns = axes * (axes - 1) // 2
    return {"rigid": axes + turns, "similarity": axes + turns + 1, "affine": axes * (axes + 1)}[model]


def landmark_pairs(source: Any, target: Any) -> tuple[Array, Array]:
    """Both ends of landmark pairs, each of shape (count, axes).

    Raises:
        TransformRefused: `landmark-count` where the ends do not pair up, or what is wrong with a point.
    """
    one, other = points(source, "/source"), points(target, "/target")
    if len(one) != len(other):
        raise TransformRefused("landmark-count", f"{len(one)} source points, {len(other)} target points")
    if len(one) > MOST_LANDMARKS:
        raise TransformRefused("too-many-points", f"more than {MOST_LANDMARKS} landmarks are not fitted")
    return one, other


def fit(source: Array, target: Array, model: str, *, may_mirror: bool = False) -> Fit:
    """Fit a map from source to target by least squares.

    Args:
        source: shape (count, N).
        target: shape (count, M); M = N for rigid and similarity.
        model: one of `MODELS`.
        may_mirror: let a rigid or similarity fit change handedness where that fits better.

    Raises:
        TransformRefused: `unknown-model`, `dimension-mismatch`, `degenerate-landmarks`.
    """
    if model not in MODELS:
        raise TransformRefused(
            "unknown-model", f"{brief(model)} is no model", fix=f"one of {', '.join(MODELS)}"
        )
    axes = source.shape[1]
    if model != "affine" and axes != target.shape[1]:
        said = f"a {model} map keeps the dimension; the ends have {axes} and {target.shape[1]}"
        raise TransformRefused("dimension-mismatch", said, expected=axes, got=target.shape[1])
    _check_spread(source, axes if model == "affine" else axes - 1, model)
    if model == "affine":
        design = np.column_stack((source - source.mean(axis=0), np.ones(len(source))))
        found = np.linalg.lstsq(design, target, rcond=None)[0].T
        affine = np.column_stack((found[:, :-1], found[:, -1] - found[:, :-1] @ source.mean(axis=0)))
        scale = None
    else:
        affine, scale = _procrustes(source, target, model, may_mirror)
    residuals = np.linalg.norm(apply_affine(affine, source) - target, axis=1)
    mirrored = affine.shape[0] == axes and bool(np.linalg.det(affine[:, :-1]) < 0)
    return Fit(model, affine, scale, residuals, source, mirrored)


def _check_spread(source: Array, rank: int, model: str) -> None:
    """Refuse landmarks that lie in too few directions to tell the map."""
    found = _directions(source)
    if found < max(rank, 1) or len(source) < max(rank, 1) + 1:
        said = f"{len(source)} landmarks in {found} directions do not tell a {model} map"
        raise TransformRefused(
            "degenerate-landmarks", said, fix="add pairs that do not lie on one line or plane"
        )


def _directions(places: Array) -> int:
    """In how many directions places spread."""
    if not len(places):
        return 0
    spread = np.linalg.svd(places - places.mean(axis=0), compute_uv=False)
    greatest = spread[0] if len(spread) else 0.0
    return int(np.sum(spread > _FLAT * max(greatest, float(np.abs(places).max()) * 1e-6)))


def _procrustes(source: Array, target: Array, model: str, may_mirror: bool) -> tuple[Array, float]:
    middle, other = source.mean(axis=0), target.mean(axis=0)
    left, values, right = np.linalg.svd((target - other).T @ (source - middle))
    signs = np.ones(len(values))
    if not may_mirror and np.linalg.det(left) * np.linalg.det(right) < 0:
        signs[-1] = -1.0
    turn = left @ np.diag(signs) @ right
    scale = float(np.sum(values * signs) / np.sum((source - middle) ** 2)) if model == "similarity" else 1.0
    return np.column_stack((scale * turn, other - scale * turn @ middle)), scale


def leave_one_out(source: Array, target: Array, model: str) -> Array:
    """Target registration error at each landmark of the map that all others give, shape (count,).

    Raises:
        TransformRefused: `degenerate-landmarks` where the rest does not tell a map.
    """
    kept = np.ones(len(source), dtype=bool)
    errors = np.zeros(len(source))
    for at in range(len(source)):
        kept[at] = False
        found = fit(source[kept], target[kept], model)
        kept[at] = True
        errors[at] = np.linalg.norm(apply_affine(found.affine, source[at : at + 1])[0] - target[at])
    return errors


def residual_statistics(affine: Array, source: Array, target: Array) -> dict[str, float]:
    """Distances that a stated map leaves at landmarks: `rms`, `max`, `median`, `mean`, as records state them."""
    off = np.linalg.norm(apply_affine(affine, source) - target, axis=1)
    return {
        "rms": float(np.sqrt(np.mean(off**2))),
        "max": float(off.max()),
        "median": float(np.median(off)),
        "mean": float(off.mean()),
    }
