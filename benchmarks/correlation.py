"""Times of path search: 50,000 coordinate systems and 75,000 transformations, as small studies and as one part.

Run `python benchmarks/correlation.py`. It prints one JSON document, milliseconds per best path by error; `first` is the
first search in a graph, which prepares it. `many` maps 10,000 points along five steps, each with its error there: from
stated errors, and from 50 landmarks of each step, with what lies outside of them. Systems are made up.
"""

from __future__ import annotations

import json
import random
import statistics
import time
from collections.abc import Iterator

import numpy as np
from rembigraph.catalogue.correlation import Step, StepError, SystemGraph, find_path
from rembigraph.catalogue.transforms.landmarks import fit
from rembigraph.catalogue.transforms.model import linear_of
from rembigraph.catalogue.transforms.numbers import Array

SYSTEMS, STEPS, ASKED, STUDY = 50_000, 75_000, 300, 20
MANY, CHAIN, LANDMARKS, TIMES = 10_000, 5, 50, 30


def made_graph(seed: int, study: int) -> SystemGraph:
    """Make the graph of `random_maps`."""
    return SystemGraph(
        {},
        [
            Step(f"step-{at}", f"s{source}", f"s{target}", linear_of(affine), StepError(rms))
            for at, (source, target, affine, rms) in enumerate(random_maps(seed, study))
        ],
    )


def random_maps(seed: int, study: int) -> Iterator[tuple[int, int, Array, float]]:
    """Yield source, target, matrix, error: random spanning trees of `study` systems, and half as many more in each."""
    chance = random.Random(seed)
    scales = [10 ** chance.uniform(-1.5, 1.5) for _ in range(SYSTEMS)]
    for source, target in _pairs(chance, study):
        grown = scales[target] / scales[source]
        turn = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]) * grown
        affine = np.column_stack((turn, [1.0, 2.0, 3.0]))
        yield source, target, affine, chance.uniform(0.01, 1.0) * scales[target]


def _pairs(chance: random.Random, study: int) -> Iterator[tuple[int, int]]:
    for at in range(SYSTEMS):
        if at % study:
            yield at, at - at % study + chance.randrange(at % study)
    for _ in range(STEPS - SYSTEMS + SYSTEMS // study):
        start = chance.randrange(SYSTEMS // study) * study
        one, other = chance.sample(range(study), 2)
        yield start + one, start + other


def times(graph: SystemGraph, study: int) -> dict[str, float]:
    """Milliseconds of best paths between random systems of one part."""
    chance, found = random.Random(7), []
    for _ in range(ASKED):
        start = chance.randrange(SYSTEMS // study) * study
        one, other = chance.sample(range(study), 2)
        begun = time.perf_counter()
        find_path(graph, f"s{start + one}", f"s{start + other}")
        found.append((time.perf_counter() - begun) * 1000)
    return figures(found)


def many() -> dict[str, dict[str, float]]:
    """Milliseconds of mapping many points along a chain, with the error at each."""
    chance = np.random.default_rng(7)
    found = {}
    for name in ("stated", "landmarks"):
        path = find_path(SystemGraph({}, list(_chain(chance, name))), "s0", f"s{CHAIN}")
        spent = []
        for _ in range(TIMES):
            points = chance.uniform(-20, 20, (MANY, 3))
            begun = time.perf_counter()
            path.at(points)
            spent.append((time.perf_counter() - begun) * 1000)
        found[name] = figures(spent)
    return found


def _chain(chance: np.random.Generator, errors: str) -> Iterator[Step]:
    for at in range(CHAIN):
        marks = chance.uniform(-20, 20, (LANDMARKS, 3))
        made = fit(marks, marks[:, [1, 0, 2]] + chance.normal(0, 0.1, marks.shape), "affine")
        kept = made if errors == "landmarks" else None
        yield Step(f"step-{at}", f"s{at}", f"s{at + 1}", linear_of(made.affine), StepError(0.1), fit=kept)


def figures(times: list[float]) -> dict[str, float]:
    """Return the first of these times apart, and how the others are spread."""
    rest = sorted(times[1:])
    return {
        "first": times[0],
        "median": statistics.median(rest),
        "p95": rest[int(0.95 * len(rest))],
        "max": rest[-1],
    }


if __name__ == "__main__":
    searches = {str(study): times(made_graph(1, study), study) for study in (STUDY, SYSTEMS)}
    print(json.dumps({**searches, "many": many()}, indent=1))
