from __future__ import annotations

import pytest
from rembigraph.catalogue.rdf import to_nquads
from rembigraph.catalogue.validation import ValidationReport, report_quads, report_turtle, validate
from rembigraph.ontology.completion import complete
from rembigraph.ontology.generated.models import Study
from rembigraph.ontology.identifiers import ARCHIVES, SHAPES, Iris
from rembigraph.shapes import shapes_graph

IRIS = Iris()
RDF_TYPE_IRI = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
FAULTY = {
    "license": "https://example.org/licence",
    "imaging_method_text": ["microscopy"],
    "related": [{"link_to": "EXAMPLE-0003"}],
    "specimen": [{"title": "a", "prepared_from": ["biosample/nope"]}],
}
SYSTEM = {"key": "a", "has_axis": [{"axis_name": "z"}, {"axis_name": "y"}]}


def _validate(**values: object) -> ValidationReport:
    study = complete(
        Study.model_validate({"accession": "EXAMPLE-0003", "title": "x", **values}), "rembigraph"
    )
    return validate(to_nquads([study], IRIS, IRIS.record_graph("EXAMPLE-0003", "rembigraph")))


def test_a_thin_record_conforms_and_its_gaps_are_warnings_with_a_level() -> None:
    report = _validate()
    assert report.conforms
    levels = {result.shape.removeprefix(SHAPES): result.level for result in report.warnings}
    assert levels["Study-license-required"] == "required"
    assert levels["Study-keyword-recommended"] == "recommended"


@pytest.mark.parametrize(
    ("values", "shape"),
    [
        ({"title": None}, "Study-title"),
        ({"archive": "EMPIAR"}, "Study-accession-archive"),
        ({"issued": "2020-13-01"}, "Study-issued"),
        ({"specimen": [{"title": "a", "prepared_from": ["biosample/nope"]}]}, "Study-own-references"),
        ({"coordinate_system": [{**SYSTEM, "dimension": 3}]}, "CoordinateSystem-axes"),
        (
            {"coordinate_system": [{"key": "a", "has_axis": [{"axis_name": "z", "axis_index": 1}]}]},
            "CoordinateSystem-axes",
        ),
        (
            {
                "coordinate_system": [SYSTEM],
                "transformation": [
                    {
                        "source_coordinate_system": "cs/a",
                        "target_coordinate_system": "cs/a",
                        "parameters": '{"type": "identity"}',
                    }
                ],
            },
            "CoordinateTransformation-distinct-ends",
        ),
        ({"related": [{"link_to": "EXAMPLE-0003"}]}, "StudyLink-distinct-ends"),
    ],
)
def test_each_violation_is_reported_by_its_shape_alone(values: dict[str, object], shape: str) -> None:
    report = _validate(**values)
    assert {result.shape.removeprefix(SHAPES) for result in report.violations} == {shape}
    (result, *_) = report.violations
    assert result.focus_node.startswith("https://w3id.org/rembigraph/id/EXAMPLE-0003")
    assert len(result.message.split()) >= 5, "a message is a sentence"


def test_a_reference_to_another_study_may_dangle() -> None:
    assert _validate(specimen=[{"title": "a", "same_specimen_as": ["EXAMPLE-0009/specimen/b"]}]).conforms


@pytest.mark.parametrize("archive", ARCHIVES, ids=lambda archive: archive.key)
def test_the_accession_of_every_archive_agrees_with_it(archive: object) -> None:
    accession = {
        "EMPIAR": "EMPIAR-10310",
        "BioImageArchive": "S-BIAD1",
        "IDR": "idr0001",
        "SSBD": "ssbd-db-1-A",
        "Example": "EXAMPLE-0001",
        "Draft": "S-BIADTEST",
        "Statements": "LINKS-MADE-UP",
    }[archive.key]  # type: ignore[attr-defined]
    assert _validate(accession=accession).conforms


def test_results_are_stored_as_rdf_and_printed_as_a_shacl_report() -> None:
    import pyoxigraph as ox
    from rdflib import SH, Graph

    report = _validate()
    quads = list(
        ox.parse(report_quads(report, IRIS, "EXAMPLE-0003", "rembigraph"), format=ox.RdfFormat.N_QUADS)
    )
    assert {quad.graph_name.value for quad in quads} == {IRIS.graph("validation")}
    printed = Graph().parse(data=report_turtle([report]))
    assert len(list(printed.objects(None, SH.result))) == len(report.results)


def test_every_property_shape_has_an_iri_a_message_and_a_severity() -> None:
    from rdflib import RDF, SH, URIRef

    graph = shapes_graph()
    for shape in graph.subjects(RDF.type, SH.PropertyShape):
        assert isinstance(shape, URIRef)
        assert graph.value(shape, SH.message), shape
        assert graph.value(shape, SH.severity), shape


def test_the_order_of_the_triples_changes_nothing() -> None:
    study = complete(
        Study.model_validate({"accession": "EXAMPLE-0003", "title": "x", **FAULTY}), "rembigraph"
    )
    lines = to_nquads([study], IRIS, IRIS.record_graph("EXAMPLE-0003", "rembigraph")).splitlines(
        keepends=True
    )
    report = validate(b"".join(lines))
    assert len(report.results) > 10
    assert list(report.results) == sorted(set(report.results))
    assert validate(b"".join(lines[::-1])) == report


def test_a_value_is_reported_as_it_is_spelt() -> None:
    study = f"<{IRIS.study('EXAMPLE-0003')}>"
    predicate = "<https://w3id.org/rembigraph/ns#fileCount>"
    integer = "<http://www.w3.org/2001/XMLSchema#integer>"
    quads = f"{study} <{RDF_TYPE_IRI}> <https://w3id.org/rembigraph/ns#Study> .\n"
    quads += f'{study} {predicate} "-007"^^{integer} .\n'
    (result,) = (one for one in validate(quads.encode()).results if one.shape == SHAPES + "Study-file_count")
    assert result.value == "-007"
    assert result.component == "http://www.w3.org/ns/shacl#MinInclusiveConstraintComponent"


def test_a_query_rule_has_one_message_with_its_values() -> None:
    report = _validate(specimen=[{"title": "a", "prepared_from": ["biosample/nope"]}])
    (result,) = report.violations
    assert result.message == (
        "https://w3id.org/rembigraph/id/EXAMPLE-0003/specimen/a points to "
        "https://w3id.org/rembigraph/id/EXAMPLE-0003/biosample/nope, which this study does not hold. "
        "Add it, or correct the reference."
    )
    assert result.component.endswith("#SPARQLConstraintComponent")


def test_quoted_triples_and_blank_nodes_are_no_surprise() -> None:
    study = f"<{IRIS.study('EXAMPLE-0003')}>"
    quads = f"{study} <{RDF_TYPE_IRI}> <https://w3id.org/rembigraph/ns#Study> .\n"
    quads += f"{study} <https://w3id.org/rembigraph/ns#organism> _:b .\n_:b <{RDF_TYPE_IRI}> _:c .\n"
    quads += f'{study} <http://purl.org/dc/terms/title> "titre"@fr .\n'
    shapes = {one.shape.removeprefix(SHAPES) for one in validate(quads.encode()).violations}
    assert {"Study-organism", "Study-title"} <= shapes
