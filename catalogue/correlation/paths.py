"""Paths between coordinate systems: their map, their error in the target frame and at a point, and the other ways."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from rembigraph.catalogue.correlation.graph import Move, SystemGraph, rms_of
from rembigraph.catalogue.correlation.network import Ask, Prefer
from rembigraph.catalogue.correlation.routing import no_path_reason, search
from rembigraph.catalogue.transforms.affine import compose, identity_matrix
from rembigraph.catalogue.transforms.numbers import Array
from rembigraph.catalogue.transforms.refusal import TransformRefused

MOST_STOPS: Final = 16
"""Systems that a path may be asked to pass."""

MOST_OTHERS: Final = 8
"""Other ways that are listed beside the best."""


@dataclass(frozen=True)
class At:
    """What a path says of one point.

    Attributes:
        point: where it lies in the target system.
        rms: expected distance error there, in the unit of the target; none where a step's error is unknown.
        extrapolated: whether it lies outside of the landmarks of a step; none where no step keeps landmarks.
    """

    point: Array
    rms: float | None
    extrapolated: bool | None


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
        return self._carried([self.graph.covariance(move) for move in self.moves])

    def _carried(self, spreads: list[Array | None]) -> Array | None:
        if not self.moves:
            axes = self.graph.dimension(self.target) if self.target in self.graph else 1
            return np.zeros((axes, axes))
        total: Array | None = None
        for move, spread in zip(self.moves, spreads, strict=True):
            if spread is None:
                return None
            linear = self.graph.linear_part(move)
            total = spread if total is None else linear @ total @ linear.T + spread
        return total

    def rms(self) -> float | None:
        """Expected distance error in the target frame from the stated errors; none where one is unknown."""
        found = self.covariance()
        return None if found is None else rms_of(found)

    def at(self, point: Array) -> At:
        """Map one point, with the error at that point: from landmarks where a step keeps them, else the stated one."""
        here = point[None, :]
        spreads: list[Array | None] = []
        outside: list[bool] = []
        for move in self.moves:
            there = self.graph.map_of(move).apply(here)
            if move.step.fit is None or move.step.exact:
                spreads.append(self.graph.covariance(move))
            else:
                source = here[0] if move.direction == "forward" else there[0]
                outside.append(move.step.fit.is_extrapolated(source))
                local = move.step.fit.error_at(source)
                spreads.append(self.graph.covariance(move, local))
            here = there
        total = self._carried(spreads)
        rms = None if total is None else rms_of(total)
        return At(here[0], rms, any(outside) if outside else None)


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


def closure_error(best: Path, other: Path, point: Array) -> float:
    """How far two ways put one point apart, in the unit of the target system."""
    return float(np.linalg.norm(best.apply(point[None, :]) - other.apply(point[None, :])))
