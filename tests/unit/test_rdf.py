from __future__ import annotations

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rembigraph.catalogue.rdf import literal, to_nquads
from rembigraph.ontology.completion import complete
from rembigraph.ontology.generated.models import Study
from rembigraph.ontology.identifiers import DEFAULT_DATA_BASE, Iris

GRAPH = "https://w3id.org/rembigraph/id/graph/EXAMPLE-0003/rembigraph"


def _quads(study: Study, iris: Iris | None = None) -> bytes:
    return to_nquads([complete(study, "rembigraph")], iris or Iris(), GRAPH)


def _example() -> Study:
    return Study.model_validate(
        {
            "accession": "EXAMPLE-0003",
            "title": 'a "title" with \\ and \u0002 and \U0001f41f\n',
            "issued": "2020-02",
            "byte_size": 2**60,
            "organism": [{"id": "NCBITaxon:7955", "scientific_name": "Danio rerio"}],
            "coordinate_system": [{"key": "lm", "has_axis": [{"axis_name": "x", "axis_type": "space"}]}],
            "transformation": [
                {
                    "source_coordinate_system": "cs/lm",
                    "target_coordinate_system": "EXAMPLE-0002/cs/em",
                    "parameters": '{"type": "scale", "scale": [1e-5, 0.30000000000000004, -0.0]}',
                }
            ],
        }
    )


def test_quads_are_canonical_without_blank_nodes_and_parse_to_themselves() -> None:
    quads = _quads(_example())
    lines = quads.decode().splitlines()
    assert lines == sorted(set(lines))
    assert "_:" not in quads.decode()
    parsed = ox.parse(quads, format=ox.RdfFormat.N_QUADS)
    assert sorted(f"{quad} ." for quad in parsed) == lines


def test_values_keep_their_types_and_numbers_their_text() -> None:
    text = _quads(_example()).decode()
    assert '"1152921504606846976"^^<http://www.w3.org/2001/XMLSchema#integer>' in text
    assert '"2020-02"^^<http://www.w3.org/2001/XMLSchema#gYearMonth>' in text
    assert '[1e-5, 0.30000000000000004, -0.0]}"^^<http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON>' in text
    assert "ns#axisType> <https://w3id.org/rembigraph/ns#SpaceAxis>" in text


def test_the_data_base_changes_every_data_iri_and_no_vocabulary_iri() -> None:
    here = _quads(_example()).decode()
    there = _quads(_example(), Iris("https://data.example/")).decode()
    assert here.count("https://w3id.org/rembigraph/ns#") == there.count("https://w3id.org/rembigraph/ns#")
    assert DEFAULT_DATA_BASE not in there.replace(GRAPH, "")


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=60))
def test_any_text_survives_as_a_literal(text: str) -> None:
    line = f"<urn:x:s> <urn:x:p> {literal(text, 'string')} ."
    (triple,) = ox.parse(line.encode(), format=ox.RdfFormat.N_TRIPLES)
    assert triple.object.value == text


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (True, "boolean", '"true"^^<http://www.w3.org/2001/XMLSchema#boolean>'),
        (0.1, "double", '"0.1"^^<http://www.w3.org/2001/XMLSchema#double>'),
        ("2020", "date", '"2020"^^<http://www.w3.org/2001/XMLSchema#gYear>'),
        ("plain", "string", '"plain"'),
    ],
)
def test_literals(value: object, kind: str, expected: str) -> None:
    assert literal(value, kind) == expected


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_written_as_the_store_keeps_them(number: float) -> None:
    line = f"<urn:x:s> <urn:x:p> {literal(number, 'double')} ."
    store = ox.Store()
    store.load(line.encode(), format=ox.RdfFormat.N_TRIPLES)
    (quad,) = store
    assert line == f"{quad.triple} ."
    assert float(quad.object.value) == number
