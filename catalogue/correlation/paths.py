"""Paths between coordinate systems: their map, their error in the target frame and at a point, and the other ways."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from rembigraph.catalogue.correlation.graph import Move, SystemGraph, rms_of
from rembigraph.catalogue.correlation.network import Ask, Prefer
from rembigraph.catalogue.correlation.routing import SMALL_PART, no_path_reason, search, ways_to
from rembigraph.catalogue.transforms.affine import compose, identity_matrix
from rembigraph.catalogue.transforms.numbers import Array
from rembigraph.catalogue.transforms.refusal import TransformRefused

MOST_STOPS: Final = 16
"""Systems that a path may be asked to pass."""

MOST_OTHERS: Final = 8
"""Other ways that are listed beside the best."""


@dataclass(frozen=True)
class Places:
    """What a path says of points.

    Attributes:
        points: where they lie in the target system, shape (count, axes).
        rms: expected distance error at each, in the unit of the target; none where a step's error is unknown.
        extrapolated: whether each lies outside of the landmarks of a step; none where no step keeps landmarks.
    """

    points: Array
    rms: Array | None
    extrapolated: NDArray[np.bool_] | None


@dataclass(frozen=True)
class Path:
    """A way from one coordinate system to another.

    Attributes:
        graph: where it was found.
        source: IRI of the system that it starts from.
        target: IRI of the system that it ends in.
        moves: its steps in walking order.
    """

    graph: SystemGraph
    source: str
    target: str
    moves: tuple[Move, ...]

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """Each step's key and direction."""
        return tuple((move.step.key, move.direction) for move in self.moves)

    @property
    def hops(self) -> int:
        """Steps that are not exact by definition."""
        return sum(not move.step.exact for move in self.moves)

    @property
    def unknown_errors(self) -> tuple[str, ...]:
        """Keys of steps whose error is unknown."""
        return tuple(move.step.key for move in self.moves if self.graph.covariance(move) is None)

    def affine(self) -> Array:
        """The composed map, M x (N+1).

        Raises:
            TransformRefused: `not-affine` where a step is a field; `dimension-unknown`.
        """
        result = identity_matrix(self.graph.dimension(self.source))
        for move in self.moves:
            result = compose(result, self.graph.map_of(move).affine(result.shape[0]))
        return result

    def apply(self, points: Array) -> Array:
        """Map points of the source system, shape (count, N), to the target system.

        Raises:
            TransformRefused: `dimension-mismatch`, or what a step refuses.
        """
        if self.source in self.graph:
            axes = self.graph.dimension(self.source)
            if points.shape[1] != axes:
                said = f"{points.shape[1]} coordinates where {self.source} has {axes}"
                raise TransformRefused("dimension-mismatch", said, expected=axes, got=points.shape[1])
        for move in self.moves:
            points = self.graph.map_of(move).apply(points)
        return points

    def undo(self, points: Array) -> Array:
        """Map points of the target system back along the same steps.

        Raises:
            TransformRefused: where a step has no inverse.
        """
        for move in reversed(self.moves):
            points = self.graph.map_of(move.back).apply(points)
        return points

    def covariance(self) -> Array | None:
        """Error covariance in the target frame from the stated errors; none where one is unknown."""
        if not self.moves:
            axes = self.graph.dimension(self.target) if self.target in self.graph else 1
            return np.zeros((axes, axes))
        total: Array | None = None
        for move in self.moves:
            spread = self.graph.covariance(move)
            if spread is None:
                return None
            linear = self.graph.linear_part(move)
            total = spread if total is None else linear @ total @ linear.T + spread
        return total

    def rms(self) -> float | None:
        """Expected distance error in the target frame from the stated errors; none where one is unknown."""
        found = self.covariance()
        return None if found is None else rms_of(found)

    def at(self, points: Array) -> Places:
        """Map points of the source system, shape (count, N), with the error at each.

        The error comes from landmarks where a step keeps them, else it is the stated one.
        """
        here = points
        spreads: list[Array | None] = []
        factors: list[Array | float] = []
        outside: list[NDArray[np.bool_]] = []
        for move in self.moves:
            there = self.graph.map_of(move).apply(here)
            fit = None if move.step.exact else move.step.fit
            local = None
            if fit is not None:
                ends = here if move.direction == "forward" else there
                outside.append(fit.is_extrapolated(ends))
                local = fit.error_at(ends)
            spreads.append(self.graph.covariance(move, None if local is None else 1.0))
            factors.append(1.0 if local is None else local**2)
            here = there
        rms = self._summed(spreads, factors, len(points))
        return Places(here, rms, np.any(outside, axis=0) if outside else None)

    def _summed(
        self, spreads: Sequence[Array | None], factors: Sequence[Array | float], count: int
    ) -> Array | None:
        """Errors of all steps together, in the target frame; each step's covariance is its spread times its factor."""
        variance = np.zeros(count)
        onward: Array | None = None
        for move, spread, factor in reversed(list(zip(self.moves, spreads, factors, strict=True))):
            if spread is None:
                return None
            carried = spread if onward is None else onward @ spread @ onward.T
            variance += max(float(np.trace(carried)), 0.0) * factor
            linear = self.graph.linear_part(move)
            onward = linear if onward is None else onward @ linear
        result: Array = np.sqrt(variance)
        return result

    def rms_at(self, point: Array) -> float | None:
        """Expected distance error of one mapped point, in the unit of the target; none where a step's is unknown."""
        rms = self.at(point[None, :]).rms
        return None if rms is None else float(rms[0])


def find_path(
    graph: SystemGraph,
    source: str,
    target: str,
    *,
    via: Sequence[str] = (),
    avoid: Iterable[str] = (),
    prefer: Prefer = "error",
) -> Path:
    """The best path: least variance in the target frame, every known error before an unknown one.

    Args:
        graph: coordinate systems and transformations.
        source: IRI of the system that points come from.
        target: IRI of the system that they are wanted in.
        via: systems that it passes, in this order.
        avoid: systems and steps that it does not touch.
        prefer: `error`, or `hops` for the fewest steps that are not exact by definition.

    Raises:
        TransformRefused: `no-path` with what is missing, in words; `unknown-preference`; `too-many-stops`.
    """
    if prefer not in ("error", "hops"):
        raise TransformRefused("unknown-preference", f"{prefer!r} is no preference", fix="error or hops")
    if len(via) > MOST_STOPS:
        raise TransformRefused("too-many-stops", f"at most {MOST_STOPS} systems can be asked for")
    moves: list[Move] = []
    stops = [source, *via, target]
    for start, end in pairwise(stops):
        ask = Ask(start, end, frozenset(avoid), prefer)
        found = search(graph, ask)
        if found is None:
            fix = "see the parts of the study for links without a transformation"
            raise TransformRefused("no-path", no_path_reason(graph, ask), fix=fix)
        moves.extend(found)
    return Path(graph, source, target, tuple(moves))


class Ways:
    """Best ways by error, for many questions about one graph: in a small part all ways to a system are found at once.

    Args:
        graph: coordinate systems and transformations.
    """

    def __init__(self, graph: SystemGraph) -> None:
        self._graph = graph
        self._to: dict[str, dict[str, list[Move]]] = {}

    def find(self, source: str, target: str) -> Path:
        """What `find_path` finds.

        Raises:
            TransformRefused: `no-path` with what is missing, in words.
        """
        if target in self._graph and self._graph.part_size(target) <= SMALL_PART:
            if target not in self._to:
                self._to[target] = ways_to(self._graph, target)
            if source in self._to[target]:
                return Path(self._graph, source, target, tuple(self._to[target][source]))
        return find_path(self._graph, source, target)


def other_paths(best: Path, prefer: Prefer = "error", avoid: Iterable[str] = ()) -> list[Path]:
    """Other ways between the same systems: for each step of the best, the best way without it; at most eight."""
    found: dict[Any, Path] = {best.keys: best}
    for move in best.moves[:MOST_OTHERS]:
        without = {*avoid, move.step.key}
        try:
            other = find_path(best.graph, best.source, best.target, avoid=without, prefer=prefer)
        except TransformRefused:
            continue
        found.setdefault(other.keys, other)
    return list(found.values())[1:]


def closure_errors(best: Path, other: Path, points: Array) -> Array:
    """How far two ways put each point apart, in the unit of the target system; points have the shape (count, N)."""
    result: Array = np.linalg.norm(best.apply(points) - other.apply(points), axis=1)
    return result
