"""What arithmetic says about a record's transformations when it is loaded, and the rules that compare it."""

from __future__ import annotations

import gc
import json
import weakref
from math import sqrt
from pathlib import Path
from typing import Any

import pytest
import yaml
from pyoxigraph import DefaultGraph, NamedNode, RdfFormat, parse
from rembigraph import loaders
from rembigraph.app.main import prepare_places
from rembigraph.catalogue.following import Reader
from rembigraph.catalogue.ingest import Incoming, prepare
from rembigraph.catalogue.reader import Snapshot
from rembigraph.catalogue.recordview import Node
from rembigraph.catalogue.validation import ValidationReport
from rembigraph.loaders.reading import Document, Reading
from rembigraph.ontology.identifiers import VOCABULARY, Iris

from tests.correlation.made_places import LIGHT, RECORDS, axes
from tests.made_catalogue import DATA, made, opened, publish, study

SHAPES = "https://w3id.org/rembigraph/shapes#"


def record(parameters: Any, sets: Any = (), **more: Any) -> str:
    """A study with one transformation from a system of three axes to another."""
    system = yaml.safe_load(axes("um"))
    ends = {"source_coordinate_system": "cs/a", "target_coordinate_system": "cs/b"}
    value = {
        "accession": "EXAMPLE-0811",
        "title": "TEST, made up",
        "coordinate_system": [{"key": key, "has_axis": system} for key in "ab"],
        "transformation": [{"key": "a--b", **ends, "parameters": parameters, **more}],
        "landmark_set": list(sets),
    }
    return yaml.safe_dump(json.loads(json.dumps(value)))  # no aliases


def report(document: str) -> tuple[ValidationReport, str]:
    (reading,) = loaders.read(Document("made-up", "", document.encode()))
    assert isinstance(reading, Reading), reading
    incoming = Incoming(reading.study, "rembigraph", "yaml", b"x", 0, 0, 0, "original", "", "made-up", "1")
    prepared = prepare(incoming, Iris(DATA))
    return prepared.report, prepared.record.quads.decode()


def violated(document: str) -> set[str]:
    return {one.shape.removeprefix(SHAPES) for one in report(document)[0].violations}


def warned(document: str) -> set[str]:
    return {one.shape.removeprefix(SHAPES) for one in report(document)[0].warnings}


SINGULAR = {"type": "affine", "affine": [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0]]}
GOOD = {"type": "affine", "affine": [[-2, 0, 0, 5], [0, 0, 2, 0], [0, 2, 0, 0]]}


def test_scalars_are_plain_properties() -> None:
    quads = report(record(GOOD))[1]
    for name, value in (
        ("mirrored", '"false"'),
        ("invertible", '"true"'),
        ("parametersFit", '"true"'),
        ("inputDimension", '"3"'),
        ("outputDimension", '"3"'),
        ("meanScale", '"2"'),
        ("conditionNumber", '"1"'),
    ):
        lines = [line for line in quads.splitlines() if f"<{VOCABULARY}{name}>" in line]
        assert len(lines) == 1, name
        assert value in lines[0], lines


def test_numbers_that_do_not_fit_the_axes_refuse_the_record() -> None:
    wrong = {"type": "affine", "affine": [[1, 0, 0], [0, 1, 0]]}
    assert "CoordinateTransformation-parameters-fit" in violated(record(wrong))
    assert "CoordinateTransformation-parameters-fit" in violated(record({"type": "scale", "scale": [1, 2]}))
    assert not violated(record(GOOD))


def test_said_to_be_invertible_but_singular() -> None:
    assert "CoordinateTransformation-invertible-as-stated" in violated(record(SINGULAR, invertible=True))
    assert "CoordinateTransformation-invertible-as-stated" not in violated(record(GOOD, invertible=True))
    assert "CoordinateTransformation-singular" in violated(record(SINGULAR))


def test_legs_of_a_bijection_that_do_not_undo_one_another() -> None:
    legs = {
        "forward": {"type": "scale", "scale": [2, 2, 2]},
        "inverse": {"type": "scale", "scale": [0.5, 0.5, 0.5]},
    }
    assert not violated(record({"type": "bijection", **legs}))
    legs["inverse"]["scale"] = [0.5, 0.5, 0.4]
    assert "CoordinateTransformation-bijection-legs" in violated(record({"type": "bijection", **legs}))


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"type": "scale", "scale": [1, -1, 1]}, "scale-not-positive"),
        ({"type": "warp"}, "unknown-type"),
        ({"type": "rotation", "rotation": [[2, 0, 0], [0, 1, 0], [0, 0, 1]]}, "rotation-not-orthonormal"),
        ({"type": "sequence", "transformations": []}, "empty-sequence"),
        ({"type": "affine", "affine": [[1e300, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]}, "out-of-range"),
        ([], "not-a-transformation"),
    ],
)
def test_parameters_that_break_a_rule_are_kept_with_the_reason(parameters: Any, code: str) -> None:
    found, quads = report(record(parameters))
    assert not found.violations
    assert "CoordinateTransformation-usable-parameters" in {
        one.shape.removeprefix(SHAPES) for one in found.warnings
    }
    assert f'<{VOCABULARY}parametersFault> "{code}"' in quads
    stated = parse(quads.encode(), format=RdfFormat.N_QUADS)
    kept = [quad.object.value for quad in stated if quad.predicate.value == VOCABULARY + "parameters"]  # type: ignore[union-attr]
    assert [json.loads(text) for text in kept] == [parameters]


def test_a_stated_error_is_compared_with_the_landmarks_of_the_record() -> None:
    pairs = [
        {"source": [z, y, x], "target": [5 - 2 * z + (0.1 if z == y else -0.1), 2 * x, 2 * y]}
        for z in (0, 1)
        for y in (0, 1)
        for x in (0, 1)
    ]
    sets = [
        {
            "key": "m",
            "source_coordinate_system": "cs/a",
            "target_coordinate_system": "cs/b",
            "landmarks": pairs,
        }
    ]
    error = {"error_kind": "FRE", "statistic": "rms", "unit_code": "nm", "measured_in": "cs/b"}
    right = record(
        GOOD, sets=sets, has_landmarks=["landmarks/m"], has_error=[{**error, "numeric_value": 100}]
    )
    wrong = record(GOOD, sets=sets, has_landmarks=["landmarks/m"], has_error=[{**error, "numeric_value": 90}])
    assert "RegistrationError-recomputed" not in warned(right)
    assert "RegistrationError-recomputed" in warned(wrong)
    quads = report(right)[1]
    assert f'<{VOCABULARY}freRecomputed> "100"' in quads


def test_across_records_the_error_is_recomputed_when_both_are_here(tmp_path: Path) -> None:
    documents = [yaml.safe_dump(node, sort_keys=False) for node in yaml.safe_load_all(RECORDS)]
    with opened(made(tmp_path / "home", documents)) as snapshot:
        assert _recomputed(snapshot) == [f"{sqrt(14 * 1.75) / 1000:.9g}"]
        found = [one.shape.removeprefix(SHAPES) for one in snapshot.validation(LIGHT)]
        assert "RegistrationError-recomputed-across" in found
        node: Node = snapshot.record(LIGHT).node(f"{DATA}{LIGHT}/transform/lm--em")  # type: ignore[union-attr,assignment]
        assert node.flag("parameters_fit") is None  # the electrons' axes stand in the other record
    with opened(made(tmp_path / "alone", documents[0])) as snapshot:
        assert _recomputed(snapshot) == []


def _recomputed(snapshot: Snapshot) -> list[str]:
    predicate = NamedNode(VOCABULARY + "freRecomputed")
    quads = snapshot._store.quads_for_pattern(None, predicate, None, DefaultGraph())
    return sorted(quad.object.value for quad in quads)  # type: ignore[union-attr]


def test_the_graph_of_the_generation_before_is_let_go(tmp_path: Path) -> None:
    """It is kept out of the search for garbage as long as it is served, and no longer."""
    documents = [yaml.safe_dump(node, sort_keys=False) for node in yaml.safe_load_all(RECORDS)]
    home = made(tmp_path / "home", documents)
    reader = Reader(home)
    try:
        prepare_places(reader)
        with reader.snapshot() as snapshot:
            before = weakref.ref(snapshot.atlas)
        del snapshot
        frozen = gc.get_freeze_count()
        prepare_places(reader)  # nothing to do
        assert 0 < frozen == gc.get_freeze_count()
        publish(home, study("EXAMPLE-0899"))
        prepare_places(reader)
        assert before() is None
        with reader.snapshot() as snapshot:
            assert "atlas" in snapshot.__dict__
    finally:
        reader.close()
        gc.unfreeze()
