"""BioStudies submissions: templates, associations, links, dirt, private values, leaf accounts."""

import json
from typing import Any

import pytest
from rembigraph.loaders import read
from rembigraph.loaders.reading import Document, Reading
from rembigraph.ontology.errors import SourceMalformed, SourceSkipped


def attribute(name: str, value: Any, **more: Any) -> dict[str, Any]:
    return {"name": name, "value": value, **more}


def attributes(**values: str) -> list[dict[str, Any]]:
    return [attribute(name.replace("_", " "), value) for name, value in values.items()]


def part(kind: str, accno: str = "", below: Any = (), **values: str) -> dict[str, Any]:
    found: dict[str, Any] = {"type": kind, "attributes": attributes(**values)}
    return found | ({"accno": accno} if accno else {}) | ({"subsections": list(below)} if below else {})


def submission(*sections: Any, links: Any = (), accno: str = "S-BIADTEST", **values: str) -> dict[str, Any]:
    study = {
        "type": "Study",
        "attributes": attributes(**values),
        "subsections": list(sections),
        "links": list(links),
    }
    return {"accno": accno, "type": "submission", "attributes": attributes(Title="Made up"), "section": study}


def reading(document: Any) -> Reading:
    (found,) = read(Document("made-up.json", "", json.dumps(document).encode()))
    assert isinstance(found, Reading), found
    return found


def error(document: Any) -> Exception:
    (found,) = read(Document("made-up.json", "", json.dumps(document).encode()))
    assert isinstance(found, Exception)
    return found


SAMPLES = (
    part("Biosample", "Biosample-1", Title="Mouse", Organism="Mus musculus (mouse)"),
    part("Biosample", "Biosample-2", Title="Fish", Organism="Danio rerio"),
    part("Specimen", "Specimen-1", Title="Slice", Sample_preparation_protocol="Cut."),
    part("Specimen", "Specimen-2", Title="Whole", Growth_protocol="In water."),
    part("Image acquisition", "Image acquisition-3", Title="Confocal", Imaging_method="confocal microscopy"),
)


def test_each_associations_section_is_one_tuple_and_never_a_cross_product():
    one = part("Associations", Biosample="Mouse", Specimen="Slice", Image_acquisition="confocal ")
    two = part("Associations", Biosample="Fish", Specimen="Whole", Image_acquisition="Confocal")
    component = part("Study Component", "Study Component-1", [one, two], Name="Both", File_List="list.json")
    study = reading(submission(*SAMPLES, component)).study
    (found,) = study.component
    tuples = [(each.uses_biosample, each.uses_specimen, each.uses_acquisition) for each in found.association]
    name = "S-BIADTEST/{}".format
    acquisition = [name("acquisition/Image%20acquisition-3")]
    assert tuples == [
        ([name("biosample/Biosample-1")], [name("specimen/Specimen-1")], acquisition),
        ([name("biosample/Biosample-2")], [name("specimen/Specimen-2")], acquisition),
    ]
    assert {one.title: one.prepared_from for one in study.specimen} == {
        "Slice": [name("biosample/Biosample-1")],
        "Whole": [name("biosample/Biosample-2")],
    }
    assert [files.title for files in found.file_set] == ["list.json"]
    assert not study.kept_value


@pytest.mark.parametrize("title", ["All specimens", "None", "Slice 2"])
def test_a_dangling_association_stays_kept(title):
    component = part("Study Component", "", [part("Associations", Specimen=title)], Name="One")
    found = reading(submission(*SAMPLES, component))
    assert [kept.raw_text for kept in found.study.kept_value] == ["Specimen", title]
    assert found.unmapped == {"associations: specimen": 2}
    assert not found.study.component[0].association


def test_a_title_of_two_things_names_neither():
    twice = part("Biosample", "Biosample-9", Title="Mouse", Organism="Mus musculus (mouse)")
    component = part("Study Component", "", [part("Associations", Biosample="Mouse")], Name="One")
    found = reading(submission(*SAMPLES, twice, component))
    assert found.study.component[0].uses_biosample == []
    assert "Mouse" in [kept.raw_text for kept in found.study.kept_value]


def test_lists_in_lists_empty_links_and_names_in_any_case():
    nested = [[part("AUTHOR", Name="Made Up"), [part("author", NAME="Second One")]]]
    links = [{}, [{"url": "EMPIAR-99998", "attributes": attributes(Type="empiar", Description="the EM")}]]
    study = reading(submission(*nested, *SAMPLES, links=links, KEYWORDS="one")).study
    assert [each.display_name for each in study.contribution] == ["Made Up", "Second One"]
    (link,) = study.related
    assert (link.link_to, link.evidence_text) == ("EMPIAR-99998", ["empiar; EMPIAR-99998; the EM"])
    assert study.keyword == ["one"]


def test_a_dataset_doi_is_a_link_and_other_addresses_are_seen_also():
    links = [
        {"url": "https://dx.doi.org/10.6019/EMPIAR-99998", "attributes": []},
        {"url": "ERP000000", "attributes": attributes(Type="ENA")},
        {"url": "LC3 and p62 ", "attributes": [attribute("Description", None)]},
        {"url": "S-BIADTEST"},
    ]
    found = reading(submission(links=links))
    assert [(one.link_to, str(one.evidence_kind)) for one in found.study.related] == [
        ("EMPIAR-99998", "dataset_doi")
    ]
    assert [one.external_identifier for one in found.study.see_also] == [
        "ERP000000",
        "LC3 and p62",
        "S-BIADTEST",
    ]
    assert [one.landing_page for one in found.study.see_also] == [None, None, None]
    assert found.leaves.kept == 0


def test_people_without_addresses_and_affiliations_by_name_or_in_words():
    person = part("author", Name="A Person", ORCID="0000-0002-1825-0097", Role="curator")
    person["attributes"] += [
        attribute("E-mail", "a.person@example.org"),
        attribute("affiliation", "o1", reference=True),
        attribute("affiliation", "Elsewhere"),
    ]
    found = reading(submission(person, part("organisation", "o1", Name="The Institute")))
    (author,) = found.study.contribution
    assert author.person.id == "https://orcid.org/0000-0002-1825-0097"
    assert [one.name for one in author.affiliation] == ["The Institute"]
    assert author.person.affiliation_text == ["Elsewhere"]
    assert "example.org" not in found.study.model_dump_json()
    assert found.leaves.kept == 0


def test_ontology_terms_of_the_newer_template():
    organism = part(
        "Organism", Scientific_name="Danio rerio", NCBI_taxon_ID="NCBITaxon_7955", Common_name="zebrafish"
    )
    method = part(
        "Imaging Method",
        Ontology_Value="confocal microscopy",
        Ontology_Name="FBbi",
        Ontology_Term_ID="FBbi:00000251",
    )
    found = reading(
        submission(
            part("Biosample", "b", [organism], Title="Fish"),
            part("Image acquisition", "a", [method], Title="C"),
        )
    )
    (taxon,) = found.study.biosample[0].organism
    assert (taxon.id, taxon.common_name) == ("http://purl.obolibrary.org/obo/NCBITaxon_7955", ["zebrafish"])
    (term,) = found.study.acquisition[0].imaging_method
    assert (term.id, term.label) == ("http://purl.obolibrary.org/obo/FBbi_00000251", "confocal microscopy")
    assert found.leaves.kept == 0


def test_the_internal_form_loses_accounts_and_nothing_else():
    document = {
        "accNo": "S-BIADTEST",
        "secretKey": "not-to-be-told",
        "owner": "someone@example.org",
        "section": {
            "type": "Study",
            "extType": "section",
            "attributes": [attribute("Title", "Made up", nameAttrs=[], valueAttrs=[])],
            "sections": [part("author", Name="A Person")],
            "fileList": {"fileName": "list.tsv", "path": "x"},
        },
    }
    found = reading(document)
    text = found.study.model_dump_json()
    assert found.study.title == "Made up"
    assert "not-to-be-told" not in text
    assert "someone" not in text
    assert found.leaves.kept == 0


def test_files_in_the_submission_are_summed_up():
    document = submission()
    document["section"]["files"] = [[{"path": "a.tif", "size": 2}, {"path": "b.tif", "size": 3}]]
    (component,) = reading(document).study.component
    (files,) = component.file_set
    assert (files.file_count, files.byte_size) == (2, 5)


def test_a_draft_gets_an_accession_of_its_title_and_says_so():
    document = submission()
    del document["accno"]
    found = reading(document)
    assert (found.study.accession[:6], found.quality) == ("DRAFT-", "draft")
    document["attributes"] = []
    assert "neither an accession nor a title" in str(error(document))


def test_what_is_no_study_is_skipped_and_a_wrong_accession_refused():
    assert isinstance(error({"accno": "X", "attributes": [], "section": {"type": "Project"}}), SourceSkipped)
    assert isinstance(error({"accno": "X", "attributes": []}), SourceSkipped)
    assert isinstance(error([{"path": "a.tif", "attributes": []}]), SourceSkipped)
    wrong = error(submission(accno="MY-1"))
    assert isinstance(wrong, SourceMalformed)
    assert (wrong.code, wrong.pointer) == ("unknown-accession", "/accno")


STRANGE = [
    None,
    True,
    7,
    1.5,
    "",
    "x",
    [],
    {},
    [[]],
    [{}],
    {"a": 1},
    ["x"],
    {"name": None},
    [None, {"name": 3}],
]


@pytest.mark.parametrize("value", STRANGE, ids=repr)
def test_a_value_of_any_type_anywhere_is_accounted_for(value):
    """Put a strange value in every place of a submission, one after the other."""
    component = part("Study Component", "c", [part("Associations", Specimen="Slice")], Name="One")
    links = [{"url": "EMPIAR-99998", "attributes": attributes(Type="empiar")}]
    whole = submission(
        *SAMPLES, component, part("author", Name="A"), part("Annotations", Title="T"), links=links
    )
    text = json.dumps(whole)
    places = list(_places(whole, ()))
    assert len(places) > 80
    for place in places:
        changed = json.loads(text)
        target = changed
        for step in place[:-1]:
            target = target[step]
        target[place[-1]] = value
        for found in read(Document("strange.json", "", json.dumps(changed).encode())):
            if isinstance(found, Reading):
                assert found.leaves.total == sum(1 for _ in _leaves(changed)), place


def _places(value: Any, place: tuple[Any, ...]):
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*place, key)
        yield from _places(item, (*place, key))


def _leaves(value: Any):
    if isinstance(value, dict | list) and value:
        for item in value.values() if isinstance(value, dict) else value:
            yield from _leaves(item)
    else:
        yield value
