from __future__ import annotations

import pytest
from rembigraph.ontology.completion import complete, walk
from rembigraph.ontology.generated.models import Study
from rembigraph.ontology.identifiers import NotAnAccession


def _study(**values: object) -> Study:
    return complete(Study.model_validate({"accession": "EXAMPLE-0003", **values}), "gide")


def test_children_are_named_by_key_then_title_then_number() -> None:
    study = _study(
        biosample=[{"key": "#b1", "title": "HeLa"}, {"title": "HeLa cells"}, {"description": "nameless"}],
    )
    assert [sample.id for sample in study.biosample] == [
        "EXAMPLE-0003/biosample/b1",
        "EXAMPLE-0003/biosample/hela-cells",
        "EXAMPLE-0003/biosample/gide-1",
    ]


def test_different_things_of_one_name_are_numbered_in_source_order_and_equal_things_are_one() -> None:
    study = _study(
        biosample=[{"title": "cells"}, {"title": "cells", "description": "other"}],
        contribution=[
            {"position": 1, "affiliation": [{"name": "Crick"}]},
            {"position": 2, "affiliation": [{"name": "Crick"}]},
        ],
    )
    assert [sample.id for sample in study.biosample] == [
        "EXAMPLE-0003/biosample/cells",
        "EXAMPLE-0003/biosample/cells-2",
    ]
    first, second = study.contribution
    assert first.affiliation[0].id == second.affiliation[0].id == "EXAMPLE-0003/organisation/crick"


def test_parts_lie_below_their_parent_and_axes_by_index() -> None:
    study = _study(coordinate_system=[{"key": "em", "has_axis": [{"axis_name": "z"}, {"axis_name": "y"}]}])
    system = study.coordinate_system[0]
    assert [axis.id for axis in system.has_axis] == ["EXAMPLE-0003/cs/em/axis/0", "EXAMPLE-0003/cs/em/axis/1"]
    assert system.dimension == 2


def test_a_transformation_is_named_by_its_ends() -> None:
    study = _study(
        transformation=[
            {
                "source_coordinate_system": "cs/lm",
                "target_coordinate_system": "EXAMPLE-0002/cs/em",
                "parameters": '{"type": "identity"}',
            }
        ]
    )
    transformation = study.transformation[0]
    assert transformation.id == "EXAMPLE-0003/transform/lm--em"
    assert transformation.transformation_type == "identity"
    assert transformation.target_coordinate_system == "EXAMPLE-0002/cs/em"


def test_study_level_terms_follow_from_the_parts_and_creators_from_contributions() -> None:
    fish = {"id": "NCBITaxon:7955", "scientific_name": "Danio rerio"}
    study = _study(
        biosample=[{"title": "fish", "organism": [fish]}, {"title": "fish 2", "organism": [fish]}],
        acquisition=[{"title": "confocal", "imaging_method": [{"id": "FBbi:00000251", "label": "confocal"}]}],
        contribution=[
            {"position": 1, "display_name": "A. Author", "person": {"id": "orcid:0000-0002-4321-0257"}}
        ],
    )
    assert [taxon.id for taxon in study.organism] == ["http://purl.obolibrary.org/obo/NCBITaxon_7955"]
    assert [term.id for term in study.imaging_method] == ["http://purl.obolibrary.org/obo/FBbi_00000251"]
    assert study.creator == ["https://orcid.org/0000-0002-4321-0257"]


def test_a_value_that_is_no_iri_is_kept_verbatim_not_dropped() -> None:
    study = _study(license="CC BY, ask us", thumbnail=["https://a.example/x.png", "x y.png"])
    assert study.license is None
    assert study.thumbnail == ["https://a.example/x.png"]
    assert {kept.raw_text for kept in study.kept_value} == {"CC BY, ask us", "x y.png"}
    assert all(kept.id for kept in study.kept_value)


def test_everything_has_an_identifier_and_completing_twice_changes_nothing() -> None:
    study = _study(
        title="x",
        related=[{"link_to": "EXAMPLE-0002", "evidence_kind": "curated", "link_relation": "related"}],
        correlation=[
            {"has_member": [{"member_image": "EXAMPLE-0002/image/em"}, {"member_accession": "EXAMPLE-0003"}]}
        ],
    )
    assert all(record.id for record in walk(study))  # type: ignore[attr-defined]
    member = study.correlation[0].has_member[0]
    assert (member.member_accession, member.member_archive) == ("EXAMPLE-0002", "Example")
    before = study.model_dump_json()
    assert complete(study, "gide").model_dump_json() == before


def test_an_unknown_accession_is_refused() -> None:
    with pytest.raises(NotAnAccession):
        complete(Study(accession="FOO-1"), "gide")
