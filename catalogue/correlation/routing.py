"""Search for the best way: exact from the target in small parts, from both ends in large ones.

In a small part the variance is carried into the target frame with the true linear part of every way. In a large part
each step's variance is first brought into one common frame of the part: then the weights are the same for every target
(they differ by one factor), and a search from both ends can be used. The two agree where loops close in scale and steps
are similar (rotation, mirror, one scale); the error of the path that is returned is always computed exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import count
from typing import Final

import numpy as np
from rembigraph.catalogue.correlation.graph import INVERSE, Move, SystemGraph
from rembigraph.catalogue.correlation.network import Ask, Network, Prefer, allowed
from rembigraph.catalogue.transforms.numbers import Array

SMALL_PART: Final = 200
"""Systems of a connected part that is searched exactly."""


def search(graph: SystemGraph, ask: Ask) -> list[Move] | None:
    """The best way, or none."""
    if ask.source == ask.target:
        return []
    part = graph.components.get(ask.source)
    if part is None or part != graph.components.get(ask.target):
        return None
    if graph.part_size(ask.source) <= SMALL_PART:
        return _from_target(graph, ask)
    return _from_both_ends(graph, ask)


def ways_to(graph: SystemGraph, target: str) -> dict[str, list[Move]]:
    """The best ways to a system from all that lead to it, as `search` finds them one by one; for a small part."""
    return {here: list(way) for here, way in _towards(graph, Ask("", target))}


def _from_target(graph: SystemGraph, ask: Ask) -> list[Move] | None:
    found = (list(way) for here, way in _towards(graph, ask) if here == ask.source)
    return next(found, None)


def _towards(graph: SystemGraph, ask: Ask) -> Iterator[tuple[str, tuple[Move, ...]]]:
    """Yield systems, the cheapest first, each with the best way from it to the target."""
    order = count()
    heap: list[tuple[tuple[float, ...], int, str, Array, tuple[Move, ...]]] = []
    heappush(heap, ((0.0, 0.0, 0.0, 0.0), next(order), ask.target, np.eye(graph.dimension(ask.target)), ()))
    settled: set[str] = set()
    while heap:
        cost, _, here, downstream, way = heappop(heap)
        if here in settled:
            continue
        settled.add(here)
        ask.counted.settled += 1
        yield here, way
        for move in allowed(graph, ask, graph.arriving(here)):
            if move.start not in settled and graph.is_walkable(move):
                spread = graph.covariance(move)
                variance = 0.0 if spread is None else float(np.sum(downstream @ spread * downstream))
                grown = _grown(cost, ask.prefer, spread is None, variance, move)
                linear = downstream @ graph.linear_part(move)
                heappush(heap, (grown, next(order), move.start, linear, (move, *way)))


def _grown(
    cost: tuple[float, ...], prefer: Prefer, unknown: bool, variance: float, move: Move
) -> tuple[float, ...]:
    """Cost of a way that is one move longer: unknown errors, variance, hops, inverses; or hops first."""
    hop = 0.0 if move.step.exact else 1.0
    back = float(move.direction == INVERSE)
    added = (
        (float(unknown), variance, hop, back) if prefer == "error" else (hop, float(unknown), variance, back)
    )
    return tuple(one + more for one, more in zip(cost, added, strict=True))


def _from_both_ends(graph: SystemGraph, ask: Ask) -> list[Move] | None:
    """Search as if every step could be walked backwards, and again without those that turn out not to be."""
    network = _network(graph, ask.prefer)
    while True:
        found = network.search(ask)
        if found is None:
            return None
        stuck = [move for move in found if not graph.is_walkable(move)]
        if not stuck:
            return found
        for move in stuck:
            network.close(move)


def _network(graph: SystemGraph, prefer: Prefer) -> Network:
    kept: dict[Prefer, Network] = graph.__dict__.setdefault("_networks", {})
    if prefer not in kept:
        kept[prefer] = Network(graph, prefer)
    return kept[prefer]


class Reach:
    """Between which systems ways lead, for many questions about one graph: what leads to and fro is grouped.

    Args:
        graph: coordinate systems and transformations.
    """

    def __init__(self, graph: SystemGraph) -> None:
        self._graph = graph
        self._groups: dict[str, set[str]] = {}

    def leads(self, source: str, target: str) -> bool:
        """Whether a way leads from one system to another."""
        if source == target or target in self._groups.get(source, ()):
            return True
        if not _leads(self._graph, source, target):
            return False
        if _leads(self._graph, target, source):
            group = self._groups.get(source, {source}) | self._groups.get(target, {target})
            self._groups.update(dict.fromkeys(group, group))
        return True


def _leads(graph: SystemGraph, source: str, target: str) -> bool:
    ask = Ask(source, target)
    if graph.part_size(source) <= SMALL_PART:
        return target in _spread(graph, ask)[0]
    return search(graph, ask) is not None


def no_path_reason(graph: SystemGraph, ask: Ask) -> str:
    """Which link or transformation is missing, in words."""
    for name in (ask.source, ask.target):
        if name not in graph:
            return f"no record here describes the coordinate system {name}"
    parts = [graph.components[name] for name in (ask.source, ask.target)]
    if parts[0] != parts[1]:
        sizes = [graph.part_size(name) for name in (ask.source, ask.target)]
        return (
            f"no transformation joins the part of {ask.source} (systems: {sizes[0]}) "
            f"and the part of {ask.target} (systems: {sizes[1]}); a record that states one would close the gap"
        )
    blocked = _blocked(graph, ask)
    if blocked:
        return f"the only ways use {', '.join(blocked)} backwards, which has no inverse; supply its inverse"
    return "every way runs through a system or step that is to be avoided"


def _blocked(graph: SystemGraph, ask: Ask) -> list[str]:
    """Steps at the rim of what can be reached that lack an inverse."""
    reached, rim = _spread(graph, ask)
    return sorted({move.step.key for move in rim if move.end not in reached})[:5]


def _spread(graph: SystemGraph, ask: Ask) -> tuple[set[str], list[Move]]:
    """What can be reached from a source, and the moves that lead further but can't be walked."""
    reached, waiting, rim = {ask.source}, [ask.source], []
    while waiting:
        for move in allowed(graph, ask, graph.leaving(waiting.pop())):
            if move.end in reached:
                continue
            if graph.is_walkable(move):
                reached.add(move.end)
                waiting.append(move.end)
            else:
                rim.append(move)
    return reached, rim
