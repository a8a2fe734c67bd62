"""Large connected parts as plain numbers, searched from both ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from math import inf
from typing import Literal

from rembigraph.catalogue.correlation.graph import FORWARD, INVERSE, Move, SystemGraph

Prefer = Literal["error", "hops"]

Edge = tuple[int, float, int]
"""The system at the other end, the weight, and the number of the move."""


@dataclass
class Counted:
    """Work done by a search: how many systems it settled."""

    settled: int = 0


@dataclass(frozen=True)
class Ask:
    """What is looked for: a way between two systems.

    Attributes:
        source: IRI where it starts.
        target: IRI where it ends.
        avoid: IRIs of systems and steps that it does not touch.
        prefer: `error` or `hops`.
    """

    source: str
    target: str
    avoid: frozenset[str] = frozenset()
    prefer: Prefer = "error"
    counted: Counted = field(default_factory=Counted, compare=False)


def allowed(graph: SystemGraph, ask: Ask, moves: list[Move]) -> Iterator[Move]:
    """Moves that touch nothing that is to be avoided; an inverse only where no forward step leads the same way."""
    for move in moves:
        if ask.avoid and (move.step.key in ask.avoid or move.start in ask.avoid or move.end in ask.avoid):
            continue
        if move.direction == INVERSE and _has_counterpart(graph, ask, move):
            continue
        yield move


def _has_counterpart(graph: SystemGraph, ask: Ask, move: Move) -> bool:
    """Whether a forward step leads the same way with an error no less known: it beats the inverse."""
    known = graph.stated_rms(move.step) is not None
    return any(
        other.direction == FORWARD
        and other.end == move.end
        and other.step.key not in ask.avoid
        and (not known or graph.stated_rms(other.step) is not None)
        for other in graph.leaving(move.start)
    )


class Network:
    """The moves of a graph with one weight each, ready for search.

    Args:
        graph: coordinate systems and transformations.
        prefer: `error` or `hops`.
    """

    def __init__(self, graph: SystemGraph, prefer: Prefer) -> None:
        self.graph = graph
        self.numbers = {name: at for at, name in enumerate(graph.components)}
        self.names = list(self.numbers)
        self.moves: list[Move] = []
        self.out: list[list[Edge]] = [[] for _ in self.names]
        self.into: list[list[Edge]] = [[] for _ in self.names]
        weights = _weights(graph, prefer)
        everything = Ask("", "", prefer=prefer)
        for at, name in enumerate(self.names):
            for move in allowed(graph, everything, graph.leaving(name)):
                end, weight = self.numbers[move.end], weights[move.step.key]
                self.out[at].append((end, weight, len(self.moves)))
                self.into[end].append((at, weight, len(self.moves)))
                self.moves.append(move)
        self._drop_ways_down(self._parents())

    def _parents(self) -> dict[int, int]:
        """Systems on no loop, each with the one neighbour that leads towards the loops, or to the top of its tree."""
        around = [{edge[0] for edge in (*out, *into)} for out, into in zip(self.out, self.into, strict=True)]
        ends = [at for at, near in enumerate(around) if len(near) == 1]
        parents: dict[int, int] = {}
        while ends:
            here = ends.pop()
            if len(around[here]) != 1:
                continue
            (parent,) = around[here]
            parents[here] = parent
            around[parent].discard(here)
            if len(around[parent]) == 1:
                ends.append(parent)
        return parents

    def _drop_ways_down(self, parents: dict[int, int]) -> None:
        """From both ends a search only climbs out of a branch: the ways down into branches lead nowhere else."""
        for at in range(len(self.names)):
            up = parents.get(at)
            for edges in (self.out, self.into):
                edges[at] = [
                    edge for edge in edges[at] if edge[0] == up or (up is None and edge[0] not in parents)
                ]

    def close(self, move: Move) -> None:
        """Take out a move that cannot be walked."""
        start, end = self.numbers[move.start], self.numbers[move.end]
        self.out[start] = [edge for edge in self.out[start] if self.moves[edge[2]] != move]
        self.into[end] = [edge for edge in self.into[end] if self.moves[edge[2]] != move]

    def search(self, ask: Ask) -> list[Move] | None:
        """The way of least weight, or none."""
        start, end = self.numbers[ask.source], self.numbers[ask.target]
        costs: tuple[dict[int, float], dict[int, float]] = ({start: 0.0}, {end: 0.0})
        came: tuple[dict[int, int], dict[int, int]] = ({}, {})
        heaps: tuple[list[tuple[float, int]], list[tuple[float, int]]] = ([(0.0, start)], [(0.0, end)])
        best, meeting = inf, -1
        while any(heaps) and sum(heap[0][0] for heap in heaps if heap) < best:
            # A side that has come to its end leaves the rest to the other: its ways may lead there from below.
            side = 0 if heaps[0] and (not heaps[1] or len(heaps[0]) <= len(heaps[1])) else 1
            cost, facing, heap = costs[side], costs[1 - side], heaps[side]
            base, here = heappop(heap)
            if base > cost[here]:
                continue
            ask.counted.settled += 1
            for there, weight, number in (self.out, self.into)[side][here]:
                total = base + weight
                if total >= cost.get(there, inf) or (ask.avoid and self._is_avoided(number, ask)):
                    continue
                cost[there], came[side][there] = total, number
                heappush(heap, (total, there))
                if total + facing.get(there, inf) < best:
                    best, meeting = total + facing[there], there
        return None if meeting < 0 else self._joined(came, meeting)

    def _is_avoided(self, number: int, ask: Ask) -> bool:
        move = self.moves[number]
        return move.step.key in ask.avoid or move.start in ask.avoid or move.end in ask.avoid

    def _joined(self, came: tuple[dict[int, int], dict[int, int]], meeting: int) -> list[Move]:
        first, last, here = [], [], meeting
        while here in came[0]:
            first.append(self.moves[came[0][here]])
            here = self.numbers[first[-1].start]
        here = meeting
        while here in came[1]:
            last.append(self.moves[came[1][here]])
            here = self.numbers[last[-1].end]
        return [*reversed(first), *last]


def _weights(graph: SystemGraph, prefer: Prefer) -> dict[str, float]:
    """One number per step: known errors by variance in the common frame, an unknown one more than all of them.

    By hops a step counts one, and errors decide between ways of equally many: scaled so that all together stay below.
    """
    variances = {key: graph.common_variance(step) for key, step in graph.steps.items()}
    whole = sum(one for one in variances.values() if one is not None) or 1.0
    weights = {key: 2.0 * whole if one is None else one for key, one in variances.items()}
    if prefer == "error":
        return weights
    total = 2.0 * (sum(weights.values()) or 1.0)
    return {key: (0.0 if graph.steps[key].exact else 1.0) + one / total for key, one in weights.items()}
