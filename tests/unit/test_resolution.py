from __future__ import annotations

import pytest
from rembigraph.ontology.completion import complete
from rembigraph.ontology.generated.models import Study
from rembigraph.ontology.identifiers import OBO


def _study(**values: object) -> Study:
    return complete(Study.model_validate({"accession": "EXAMPLE-0003", "title": "x", **values}), "rembigraph")


def _resolutions(study: Study) -> dict[str | None, tuple[str | None, str | None]]:
    return {one.raw_text: (one.resolved_to, one.resolution_method) for one in study.resolution}


def test_an_exact_name_becomes_a_term_beside_the_text() -> None:
    study = _study(organism_text=["Homo sapiens (human)"], imaging_method_text=["confocal microscopy"])
    assert [taxon.id for taxon in study.organism] == [OBO + "NCBITaxon_9606"]
    assert [term.id for term in study.imaging_method] == [OBO + "FBbi_00000251"]
    assert study.organism_text == ["Homo sapiens (human)"], "the text stays"
    assert {how for _, how in _resolutions(study).values()} <= {"label", "synonym"}


@pytest.mark.parametrize("text", ["Wistar rats, perhaps", "confocl microscopy", "beads"])
def test_what_is_not_exact_stays_text_and_is_counted(text: str) -> None:
    study = _study(organism_text=[text], imaging_method_text=[text])
    assert not study.organism
    assert not study.imaging_method
    assert _resolutions(study)[text] == (None, "unresolved")


def test_a_text_of_a_part_reaches_the_study() -> None:
    study = _study(acquisition=[{"title": "a", "imaging_method_text": ["confocal microscopy"]}])
    assert [term.id for term in study.imaging_method] == [OBO + "FBbi_00000251"]


def test_a_name_and_an_identifier_that_disagree_are_reported_and_left_alone() -> None:
    """A real error of an archive: Oryzias latipes with the id of the genus Salvelinus."""
    study = _study(organism=[{"id": "NCBITaxon:8033", "scientific_name": "Oryzias latipes"}])
    (taxon,) = study.organism
    assert (taxon.id, taxon.scientific_name) == (OBO + "NCBITaxon_8033", "Oryzias latipes")
    (resolution,) = study.resolution
    assert (resolution.resolution_method, resolution.raw_identifier) == (
        "contradiction",
        OBO + "NCBITaxon_8033",
    )


def test_resolving_twice_changes_nothing() -> None:
    study = _study(organism_text=["Danio rerio", "nobody"], imaging_method_text=["TEM"])
    before = study.model_dump_json()
    assert complete(study, "rembigraph").model_dump_json() == before
