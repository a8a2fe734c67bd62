"""Records that no loader of ours would write: the graph is read in bounds, and says no in words only."""

from __future__ import annotations

import json
import random
import time
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from pyoxigraph import Literal, NamedNode, Quad, Store
from rembigraph.app.pages.correlation_page import _frame, _steps, _systems, _ways
from rembigraph.app.pages.field_pictures import fields_in, pictures
from rembigraph.app.pages.lacking import lacking
from rembigraph.app.pages.site import Site
from rembigraph.app.pages.system_diagram import diagram
from rembigraph.catalogue.correlation.answers import Question, answer
from rembigraph.catalogue.correlation.atlas import Atlas
from rembigraph.catalogue.correlation.coverage import covering
from rembigraph.catalogue.correlation.derived import derived_lines, recomputed_lines
from rembigraph.catalogue.correlation.graph import SystemGraph
from rembigraph.catalogue.correlation.paths import Ways, find_path
from rembigraph.catalogue.correlation.routing import Reach
from rembigraph.catalogue.recordview import RDF_TYPE, field_iri
from rembigraph.catalogue.transforms.geometry import Box
from rembigraph.ontology.errors import TransformRefused
from rembigraph.ontology.fields import enum_iris
from rembigraph.ontology.identifiers import VOCABULARY, Iris

DATA = Iris().data_base
STUDY = f"{DATA}EXAMPLE-0821"
NUMBERS: list[Any] = [0, 1, -1, 0.5, 1e300, -1e300, float("nan"), float("inf"), 10**400, "1", None, [], True]
KINDS = [
    "identity",
    "scale",
    "affine",
    "rotation",
    "translation",
    "mapAxis",
    "sequence",
    "bijection",
    "displacements",
]


def parameters(chance: random.Random, depth: int = 0) -> Any:
    """A transformation object of any kind, more or less."""
    kind = chance.choice([*KINDS, "byDimension", "projectAxis", "", 7])
    numbers = [chance.choice(NUMBERS) for _ in range(chance.randrange(5))]
    if depth > 6 or chance.random() < 0.1:
        return chance.choice([numbers, {}, None, {"type": kind, str(kind): numbers}])
    inner = [parameters(chance, depth + 1) for _ in range(chance.randrange(3))]
    return {
        "type": kind,
        str(kind): [numbers] * chance.randrange(4) if chance.random() < 0.5 else numbers,
        "transformations": inner,
        "forward": inner[0] if inner else None,
        "inverse": inner[-1] if inner else None,
        "path": chance.choice(["../../etc/passwd", "", 3]),
    }


def hostile_store(seed: int) -> Store:
    chance = random.Random(seed)
    store = Store()
    systems = [f"{STUDY}/cs/{at}" for at in range(8)]
    images = [f"{STUDY}/image/{at}" for at in range(4)]
    anything = [*systems, *images, "https://example.org/x", f"{DATA}EMPIAR-99999/cs/1"]

    def say(subject: str, name: str, *values: str | Literal) -> None:
        for value in values:
            term = value if isinstance(value, Literal) else NamedNode(value)
            store.add(Quad(NamedNode(subject), NamedNode(field_iri(name)), term))

    def kind(subject: str, name: str) -> None:
        store.add(Quad(NamedNode(subject), NamedNode(RDF_TYPE), NamedNode(VOCABULARY + name)))

    for system in systems:
        kind(system, "CoordinateSystem")
        say(system, "coordinate_system_of", *chance.sample(anything, chance.randrange(4)))
        say(system, "is_intrinsic", Literal(chance.choice(["true", "false", "perhaps"])))
        for at in range(chance.randrange(4)):
            axis = f"{system}/axis/{at}"
            say(system, "has_axis", axis)
            say(axis, "axis_index", Literal(str(chance.choice([at, at, at, -1, 10**9, "x"]))))
            say(axis, "axis_name", Literal(chance.choice("zyx")))
            say(axis, "unit", Literal(chance.choice(["nanometer", "parsec", "", "furlong"])))
    for image in images:
        kind(image, "Image")
        say(image, "representation", f"{image}/representation/1")
        for axis in "zyx":
            say(
                f"{image}/representation/1",
                f"size_{axis}",
                Literal(chance.choice(["0", "7", "9" * 40, "-1"])),
            )
    for at in range(20):
        step = f"{STUDY}/transform/{at}"
        kind(step, "CoordinateTransformation")
        say(step, "source_coordinate_system", *chance.sample(anything, 1 + chance.randrange(2)))
        say(step, "target_coordinate_system", *chance.sample(anything, 1))
        text = json.dumps(parameters(chance)) if chance.random() < 0.9 else "[" * 5000
        say(step, "parameters", Literal(text))
        say(step, "revision_of", f"{STUDY}/transform/{chance.randrange(60)}")
        say(step, "has_landmarks", f"{STUDY}/landmarks/1")
        say(step, "has_error", f"{step}/error/1")
        say(f"{step}/error/1", "statistic", enum_iris("ErrorStatistic")["rms"])
        say(f"{step}/error/1", "error_kind", enum_iris("ErrorKind")["FRE"])
        say(
            f"{step}/error/1",
            "numeric_value",
            Literal(chance.choice(["1", "-1", "NaN", "INF", "1e400", "x"])),
        )
    marks = f"{STUDY}/landmarks/1"
    say(marks, "source_coordinate_system", systems[0])
    say(marks, "target_coordinate_system", systems[1])
    pairs = [{"source": [chance.choice(NUMBERS)] * chance.randrange(4), "target": 3} for _ in range(5)]
    say(marks, "landmarks", Literal(json.dumps(chance.choice([pairs, {}, 7, [[]]]))))
    correlation = f"{STUDY}/correlation/1"
    kind(correlation, "ImageCorrelation")
    say(correlation, "has_transformation", *(f"{STUDY}/transform/{at}" for at in range(22)))
    for at, image in enumerate([*images, "https://example.org/x"]):
        say(correlation, "has_member", f"{correlation}/member/{at}")
        say(f"{correlation}/member/{at}", "member_image", image)
        say(
            f"{correlation}/member/{at}",
            "member_accession",
            Literal(chance.choice(["EMPIAR-99999", "<script>", ""])),
        )
    return store


def _finds(graph: SystemGraph, source: str, target: str) -> bool:
    try:
        find_path(graph, source, target)
    except TransformRefused:
        return False
    return True


@pytest.mark.parametrize("seed", range(60))
def test_hostile_records_are_read_in_bounds_and_refused_in_words(seed: int) -> None:
    begun = time.monotonic()
    atlas = Atlas(hostile_store(seed), Iris())
    for refused in atlas.faults.values():
        assert refused.code
        assert len(refused.message) > 5
    for one in atlas.correlations.values():
        members = atlas.members(one)
        assert atlas.grade(one) in {"described", "landmarks", "transform", "transform_with_error"}
        lacking(atlas, one, members)
        draw(atlas, one, members)
    assert all("\n" not in line for line in [*derived_lines(atlas), *recomputed_lines(atlas)])
    names = [*atlas.systems, f"{STUDY}/image/1", "https://example.org/x"]
    reach = Reach(atlas.graph)
    for source in names:
        for target in names:
            assert reach.leads(source, target) == _finds(atlas.graph, source, target)
            question = Question(source, target, [np.zeros(size) for size in (1, 2, 3)][: 1 + seed % 3])
            with suppress(TransformRefused):
                json.dumps(answer(atlas, question), allow_nan=False)
            with suppress(TransformRefused):
                covering(atlas, source, Box(np.zeros(2), np.ones(2)))
    assert time.monotonic() - begun < 20


def draw(atlas: Atlas, one: Any, members: Any) -> None:
    systems = _systems(atlas, members, one)
    steps = _steps(atlas, systems, one)
    diagram(atlas, systems, steps)
    ways = Ways(atlas.graph)
    _ways(atlas, members, Site.of("http://localhost", DATA), ways)
    frame = _frame(atlas, systems, members, "x")
    for system in [frame, *systems]:
        if system in atlas.systems and len(atlas.systems[system].system.axes) > 1:
            pictures(fields_in(atlas, system, systems, ways), "nanometer")
