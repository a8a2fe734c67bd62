"""Path search: what it costs, what it prefers, what it says when there is no way."""

from __future__ import annotations

import random
import re
from itertools import pairwise, permutations

import numpy as np
import pytest
from rembigraph.catalogue.correlation import (
    Step,
    StepError,
    SystemGraph,
    find_path,
    no_path_reason,
    other_paths,
    routing,
)
from rembigraph.catalogue.correlation.network import Ask
from rembigraph.catalogue.correlation.paths import Ways
from rembigraph.catalogue.correlation.routing import Reach, search, ways_to
from rembigraph.catalogue.transforms import CoordinateSystem, TransformRefused, fit, parse_transformation
from rembigraph.catalogue.transforms.systems import Axis

IDENTITY = {"type": "identity"}


def scale(factor: float) -> dict:
    return {"type": "scale", "scale": [factor] * 3}


def step(
    key: str, source: str, target: str, parameters: dict = IDENTITY, rms: float | None = None, **more
) -> Step:
    error = None if rms is None else StepError(rms, "micrometer")
    return Step(key, source, target, parse_transformation(parameters), error, **more)


def graph(*steps: Step, unit: str = "micrometer") -> SystemGraph:
    axes = tuple(Axis(name, "space", unit) for name in "zyx")
    names = {end for one in steps for end in (one.source, one.target)}
    return SystemGraph({name: CoordinateSystem(name, axes) for name in names}, steps)


def keys(path) -> list[str]:
    return [key for key, _ in path.keys]


def test_the_sum_of_stated_errors_would_pick_the_worse_route() -> None:
    small_first = [step("a", "A", "B", scale(0.01), 0.1), step("b", "B", "C", scale(100), 0.1)]
    other = [step("c", "A", "D", rms=0.3), step("d", "D", "C", rms=0.3)]
    found = find_path(graph(*small_first, *other), "A", "C")
    assert keys(found) == ["c", "d"]
    assert found.rms() == pytest.approx(np.hypot(0.3, 0.3))
    worse = next(iter(other_paths(found)))
    assert keys(worse) == ["a", "b"]
    assert worse.rms() == pytest.approx(np.hypot(10.0, 0.1))


@pytest.mark.parametrize("seed", range(5))
def test_the_variance_in_the_target_frame_decides(seed: int) -> None:
    """Against every simple path, in random graphs of mirrored and scaled frames whose loops close."""
    made = _random_graph(seed, 7, 12)
    joined = {ends for s in made.steps.values() for ends in ((s.source, s.target), (s.target, s.source))}
    middle = [f"s{at}" for at in range(1, 6)]
    ways = (("s0", *some, "s6") for count in range(6) for some in permutations(middle, count))
    open_ways = [way for way in ways if joined.issuperset(pairwise(way))]
    found = find_path(made, "s0", "s6")
    best = min(sum(_carried(made, *ends, "s6") for ends in pairwise(way)) for way in open_ways)
    assert found.rms() ** 2 == pytest.approx(best)


def _random_graph(seed: int, systems: int, more: int) -> SystemGraph:
    """Frames that differ by scale and mirror, so that all loops close; errors in the unit of the target."""
    chance = random.Random(seed)
    sizes = [10 ** chance.uniform(-2, 2) for _ in range(systems)]
    pairs = [(at, chance.randrange(at)) for at in range(1, systems)]
    pairs += [tuple(chance.sample(range(systems), 2)) for _ in range(more)]
    steps = []
    for at, (one, other) in enumerate(pairs):
        grown = sizes[other] / sizes[one]
        matrix = [[0, -grown, 0, 1], [grown, 0, 0, 2], [0, 0, -grown, 3]]
        rms = chance.uniform(0.01, 1) * sizes[other]
        steps.append(step(f"e{at}", f"s{one}", f"s{other}", {"type": "affine", "affine": matrix}, rms))
    return graph(*steps)


def _carried(made: SystemGraph, one: str, other: str, target: str) -> float:
    """Least variance of the steps between two systems, in the frame of the target; forward steps first."""
    between = [s for s in made.steps.values() if (s.source, s.target) == (one, other)] or [
        s for s in made.steps.values() if (s.target, s.source) == (one, other)
    ]
    return min((s.error.rms * made.sizes[target] / made.sizes[s.target]) ** 2 for s in between)


@pytest.mark.parametrize("prefer", ["error", "hops"])
def test_a_large_part_gives_the_same_ways_as_the_exact_search(prefer: str, monkeypatch) -> None:
    made = _random_graph(11, 150, 75)
    asked = [tuple(random.Random(at).sample(range(150), 2)) for at in range(40)]
    exact = [find_path(made, f"s{one}", f"s{other}", prefer=prefer) for one, other in asked]
    monkeypatch.setattr("rembigraph.catalogue.correlation.routing.SMALL_PART", 0)
    for (one, other), path in zip(asked, exact, strict=True):
        fast = find_path(made, f"s{one}", f"s{other}", prefer=prefer)
        assert fast.hops == path.hops or prefer == "error"
        assert fast.rms() == pytest.approx(path.rms())


@pytest.mark.parametrize("small", [2, 100])
def test_many_ways_are_those_that_are_found_one_by_one(small: int, monkeypatch) -> None:
    """In a small part by one search for each target; what is refused is refused in the same words."""
    for module in ("routing", "paths"):
        monkeypatch.setattr(f"rembigraph.catalogue.correlation.{module}.SMALL_PART", small)
    made = _random_graph(4, 12, 20)
    flat = {"type": "affine", "affine": [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0]]}
    broken = graph(*made.steps.values(), step("in", "s0", "flat", flat), step("far", "x", "y"))
    names = [*broken.systems, "nobody knows"]
    searches = []
    monkeypatch.setattr(
        "rembigraph.catalogue.correlation.paths.ways_to",
        lambda *asked: searches.append(asked) or ways_to(*asked),
    )
    ways = Ways(broken)
    for source, target in permutations(names, 2):
        try:
            expected = find_path(broken, source, target).keys
        except TransformRefused as refused:
            with pytest.raises(TransformRefused, match=re.escape(refused.message)):
                ways.find(source, target)
        else:
            assert ways.find(source, target).keys == expected
    assert len(searches) == (len(broken.systems) if small == 100 else 2)


def test_a_search_in_a_giant_part_settles_few_systems() -> None:
    made = _random_graph(5, 8000, 4000)
    counts = []
    for at in range(60):
        one, other = random.Random(at).sample(range(8000), 2)
        ask = Ask(f"s{one}", f"s{other}")
        assert search(made, ask)
        counts.append(ask.counted.settled)
    assert sorted(counts)[57] < 800  # a search from one end settles half of all systems: 4,000


def test_an_unknown_error_comes_after_every_known_one() -> None:
    made = graph(step("direct", "A", "C"), step("a", "A", "B", rms=50), step("b", "B", "C", rms=50))
    found = find_path(made, "A", "C")
    assert keys(found) == ["a", "b"]
    direct = find_path(made, "A", "C", avoid=["B"])
    assert (direct.rms(), direct.unknown_errors) == (None, ("direct",))
    assert keys(find_path(made, "A", "C", prefer="hops")) == ["direct"]


@pytest.mark.parametrize("unit", ["parsnip", "", "second", "pixel"])
def test_an_error_in_an_unknown_unit_is_unknown(unit: str) -> None:
    one = Step("a", "A", "B", parse_transformation(IDENTITY), StepError(0.1, unit))
    assert find_path(graph(one), "A", "B").rms() is None


def test_the_unit_of_an_error_is_converted() -> None:
    one = Step("a", "A", "B", parse_transformation(IDENTITY), StepError(100.0, "nm"))
    assert find_path(graph(one), "A", "B").rms() == pytest.approx(0.1)
    back = Step("a", "A", "B", parse_transformation(scale(10)), StepError(1.0, "um"))
    assert find_path(graph(back), "B", "A").rms() == pytest.approx(0.1)
    measured = Step("a", "A", "B", parse_transformation(scale(10)), StepError(1.0, "um", in_source=True))
    assert find_path(graph(measured), "A", "B").rms() == pytest.approx(10.0)


def test_exact_steps_cost_nothing_and_are_no_hops() -> None:
    made = graph(
        step("pixels", "A", "P", scale(0.1), exact=True),
        step("real", "P", "Q", rms=0.1),
        step("unit", "Q", "C", exact=True),
        step("one", "A", "X", rms=1.0),
        step("two", "X", "C", rms=1.0),
    )
    found = find_path(made, "A", "C", prefer="hops")
    assert (keys(found), found.hops, found.rms()) == (["pixels", "real", "unit"], 1, pytest.approx(0.1))


def test_forward_beats_the_inverse_of_its_counterpart() -> None:
    made = graph(step("there", "A", "B", rms=0.5), step("back", "B", "A", rms=0.1))
    assert find_path(made, "A", "B").keys == (("there", "forward"),)
    assert find_path(made, "B", "A").keys == (("back", "forward"),)
    assert find_path(made, "A", "B", avoid=["there"]).keys == (("back", "inverse"),)


def test_superseded_versions_are_skipped() -> None:
    made = graph(step("old", "A", "B", rms=0.1, superseded=True), step("new", "A", "B", rms=0.2))
    assert keys(find_path(made, "A", "B")) == ["new"]


def test_via_and_avoid() -> None:
    made = graph(step("ab", "A", "B", rms=1), step("bc", "B", "C", rms=1), step("ac", "A", "C", rms=0.1))
    assert keys(find_path(made, "A", "C")) == ["ac"]
    assert keys(find_path(made, "A", "C", via=["B"])) == ["ab", "bc"]
    assert keys(find_path(made, "A", "C", avoid=["ac"])) == ["ab", "bc"]


@pytest.mark.parametrize("small", [200, 0])
def test_a_field_is_walked_backwards_only_by_a_supplied_inverse(small: int, monkeypatch) -> None:
    monkeypatch.setattr("rembigraph.catalogue.correlation.routing.SMALL_PART", small)
    field = {"type": "displacements", "path": "field"}
    with pytest.raises(TransformRefused, match="use warp backwards"):
        find_path(graph(step("warp", "A", "B", field)), "B", "A")
    both = {"type": "bijection", "forward": field, "inverse": {"type": "displacements", "path": "back"}}
    found = find_path(graph(step("warp", "A", "B", both)), "B", "A")
    assert found.keys == (("warp", "inverse"),)


@pytest.mark.parametrize("small", [200, 0])
@pytest.mark.parametrize("seed", range(8))
def test_what_leads_where_is_what_a_search_finds(seed: int, small: int, monkeypatch) -> None:
    monkeypatch.setattr("rembigraph.catalogue.correlation.routing.SMALL_PART", small)
    chance = random.Random(seed)
    kinds = [IDENTITY, {"type": "displacements", "path": "field"}]
    steps = [step(f"e{at}", *chance.sample("ABCDEFGHIJKL", 2), chance.choice(kinds)) for at in range(14)]
    made = graph(*steps)
    names = [*made.systems, "unknown"]
    reach = Reach(made)
    found = {pair: reach.leads(*pair) for pair in permutations(names, 2)}
    assert found == {pair: search(made, Ask(*pair)) is not None for pair in permutations(names, 2)}
    assert set(found.values()) == {True, False}


def test_a_way_from_the_top_of_a_tree_is_found_in_a_large_part(monkeypatch) -> None:
    """Where one side of the search has nowhere to go, the other comes to it."""
    monkeypatch.setattr("rembigraph.catalogue.correlation.routing.SMALL_PART", 0)
    made = graph(*(step(f"e{at}", "top", f"s{at}", rms=1) for at in range(5)))
    for pair in permutations(made.systems, 2):
        assert find_path(made, *pair).hops == 2 - ("top" in pair)


def test_systems_that_lead_to_each_other_are_searched_once(monkeypatch) -> None:
    asked = []
    monkeypatch.setattr(routing, "_leads", lambda *ends, to=routing._leads: asked.append(ends) or to(*ends))
    made = _random_graph(3, 20, 10)
    reach = Reach(made)
    assert all(reach.leads(*pair) for pair in permutations(made.systems, 2))
    assert len(asked) == 2 * 19  # each to and fro with the first; there are 380 pairs


def test_what_is_missing_is_said() -> None:
    made = graph(step("ab", "A", "B"), step("cd", "C", "D"))
    assert "no transformation joins the part of A (systems: 2)" in no_path_reason(made, Ask("A", "D"))
    assert "no record here describes the coordinate system X" in no_path_reason(made, Ask("A", "X"))
    with pytest.raises(TransformRefused) as refused:
        find_path(made, "A", "B", avoid=["ab"])
    assert (refused.value.code, "avoided" in str(refused.value)) == ("no-path", True)


def test_cycles_end() -> None:
    ring = [step("ab", "A", "B", rms=0), step("bc", "B", "C", rms=0), step("ca", "C", "A", rms=0)]
    made = graph(*ring, step("aa", "A", "A"))
    assert keys(find_path(made, "A", "C")) in (["ca"], ["ab", "bc"])


def test_the_error_at_a_point_grows_away_from_the_landmarks() -> None:
    chance = np.random.default_rng(3)
    source = chance.uniform(-10, 10, (6, 3))
    found = fit(source, source + chance.normal(0, 0.1, (6, 3)), "rigid")
    made = graph(step("lm", "A", "B", {"type": "affine", "affine": found.affine.tolist()}, fit=found))
    path = find_path(made, "A", "B")
    places = path.at(np.array([source.mean(axis=0), np.full(3, 100.0)]))
    assert places.extrapolated.tolist() == [False, True]
    assert places.rms[0] * 5 < places.rms[1]
