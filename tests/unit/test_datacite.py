"""DataCite JSON and XML: valid, complete, equal, and silent about what is not known."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from rembigraph.catalogue.exports.datacite import DATACITE_JSON, UNKNOWN, metadata
from rembigraph.catalogue.exports.datacite_relations import RELATIONS
from rembigraph.catalogue.exports.datacite_xml import DATACITE_XML
from rembigraph.catalogue.exports.described import Described
from rembigraph.catalogue.home import Home
from rembigraph.catalogue.parts import Claim, Link, Part, archive_of
from rembigraph.ontology.fields import enum_iris

from tests.datacite_schema import faults
from tests.made_catalogue import made, opened
from tests.made_catalogue import study as document
from tests.unit.test_citations import SITE, described

ORCID = "https://orcid.org/0000-0002-1825-0097"
FULL = {
    "title": "HeLa cells by light & electrons",
    "description": "First line.\n\nSecond <b>.",
    "deposited": "2020-12",
    "issued": "2021-03-04",
    "modified": "2022",
    "license": "https://creativecommons.org/licenses/by/4.0/",
    "rights": "The authors",
    "keyword": ["CLEM", "HeLa"],
    "byte_size": 2048,
    "file_count": 1,
    "alternate_identifier": ["old-7"],
    "organism": [{"id": "NCBITaxon:9606", "scientific_name": "Homo sapiens"}],
    "imaging_method": [{"id": "FBbi:00000251", "label": "confocal microscopy"}],
    "contribution": [
        {"position": 1, "display_name": "Lovelace A", "affiliation": [{"name": "Example Institute"}],
         "person": {"id": ORCID, "given_name": "Ada", "family_name": "Lovelace", "name": "Ada Lovelace"}},
        {"position": 2, "display_name": "The Group", "contributing_organisation": {"name": "The Group"}},
    ],
    "publication": [
        {"key": "a", "title": "With DOI", "doi": "10.1000/example", "journal": "Examples"},
        {"key": "b", "title": "With number", "pubmed_id": "123"},
        {"key": "c", "title": "With nothing", "publication_date": "2021-01"},
    ],
    "grant": [{"key": "g", "grant_identifier": "EX-123", "funder": [{"name": "Example Foundation"}]},
              {"key": "h", "grant_identifier": "EX-124"}],
    "image": [{"key": "stack", "representation": [{"format": "OME-Zarr"}, {"format": "TIFF"}]}],
    "related": [{"link_to": "EMPIAR-99999998", "link_relation": "images_same_specimen",
                 "evidence_kind": "reference_field", "asserted_by": "depositor"}],
}  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return made(tmp_path_factory.mktemp("datacite") / "home", document("S-BIAD999999", **FULL))


def full(home: Home) -> Described:
    with opened(home) as snapshot:
        whole = snapshot.study("S-BIAD999999")
        assert whole
        page = f"{SITE}/S-BIAD999999"
        return Described(whole.view, page, page, SITE, tuple(snapshot.parts("S-BIAD999999")))


def test_a_full_record(home: Home) -> None:
    study = full(home)
    assert faults(study) == []
    said = json.loads(DATACITE_JSON.make(study))
    assert said == metadata(study)
    first, second = said["creators"]
    assert (first["name"], first["nameType"], first["familyName"]) == (
        "Lovelace, Ada",
        "Personal",
        "Lovelace",
    )
    assert first["nameIdentifiers"][0]["nameIdentifier"] == ORCID
    assert first["affiliation"] == [{"name": "Example Institute"}]
    assert second == {"name": "The Group", "nameType": "Organizational"}
    assert [(each["dateType"], each["date"]) for each in said["dates"]] == [
        ("Issued", "2021-03-04"), ("Submitted", "2020-12"), ("Updated", "2022")
    ]  # fmt: skip
    assert [(each.get("subjectScheme"), each["subject"]) for each in said["subjects"]] == [
        ("NCBITaxon", "Homo sapiens"), ("FBbi", "confocal microscopy"), (None, "CLEM"), (None, "HeLa")
    ]  # fmt: skip
    assert said["rightsList"][0]["rightsIdentifier"] == "CC-BY-4.0"
    assert said["rightsList"][1] == {"rights": "The authors"}
    assert said["sizes"] == ["2048 bytes", "1 file"]
    assert said["formats"] == ["OME-Zarr", "TIFF"]
    assert {each["awardNumber"]: each["funderName"] for each in said["fundingReferences"]} == {
        "EX-123": "Example Foundation", "EX-124": UNKNOWN
    }  # fmt: skip
    assert said["descriptions"][0]["description"] == "First line.\n\nSecond <b>."


def test_what_it_is_related_to(home: Home) -> None:
    said = metadata(full(home))
    found = {
        each["relatedIdentifier"]: (each["relationType"], each["relatedIdentifierType"])
        for each in said["relatedIdentifiers"]
    }
    assert found == {
        "10.1000/example": ("IsSupplementTo", "DOI"),
        "123": ("IsSupplementTo", "PMID"),
        "https://www.ebi.ac.uk/empiar/EMPIAR-99999998/": ("IsSupplementTo", "URL"),
        f"{SITE}/S-BIAD999999": ("HasMetadata", "URL"),
    }
    assert [item["titles"][0]["title"] for item in said["relatedItems"]] == ["With nothing"]


def test_every_relation_has_a_word_and_its_inverse() -> None:
    assert set(RELATIONS) == set(enum_iris("LinkRelation"))
    for here, there in RELATIONS.values():
        study = replace(described("S-BIAD1", title="t", issued="2020"), parts=())
        for outgoing, kind in ((True, here), (False, there)):
            key = next(key for key, pair in RELATIONS.items() if pair == (here, there))
            link = Link("S-BIAD1", "EMPIAR-99999998", "x", "link", key, outgoing)
            part = Part("EMPIAR-99999998", archive_of("EMPIAR-99999998"), False, claims=(Claim(link),))
            joined = replace(study, parts=(part,))
            types = [each["relationType"] for each in metadata(joined)["relatedIdentifiers"]]
            assert types == ([kind] if kind else []) + ["HasMetadata"]
            assert faults(joined) == []


@pytest.mark.parametrize(
    "changed", [{"verdict": "refuted"}, {"evidence": "same_authors"}, {"confidence": 0.1}]
)
def test_hints_and_refuted_links_are_not_passed_on(changed: dict[str, object]) -> None:
    link = replace(Link("S-BIAD1", "EMPIAR-99999998", "x", "link", "related", True), **changed)
    part = Part("EMPIAR-99999998", archive_of("EMPIAR-99999998"), False, claims=(Claim(link),))
    study = replace(described("S-BIAD1", title="t", issued="2020"), parts=(part,))
    assert b"EMPIAR" not in DATACITE_JSON.make(study)


def test_what_is_not_known_has_the_code_of_the_standard() -> None:
    study = described("S-BIADTEST_1", issued="2020")
    said = metadata(study)
    assert faults(study) == []
    assert said["creators"] == [{"name": UNKNOWN}]
    assert said["titles"] == [{"title": UNKNOWN}]
    assert said["publisher"] == {"name": UNKNOWN}
    assert not said.keys() & {"doi", "rightsList", "sizes", "formats", "descriptions", "fundingReferences"}
    assert not DATACITE_JSON.applies(described("S-BIADTEST_1"))
    assert not DATACITE_XML.applies(described("S-BIADTEST_1", issued="soon"))


def test_the_identifier_is_the_dois() -> None:
    study = described("EMPIAR-99999999", title="t", issued="2020")
    root = etree.fromstring(DATACITE_XML.make(study))
    assert (root[0].get("identifierType"), root[0].text) == ("DOI", "10.6019/EMPIAR-99999999")
    assert metadata(study)["doi"] == "10.6019/EMPIAR-99999999"


@given(st.text(max_size=50), st.text(max_size=50), st.text(max_size=30))
def test_any_text_is_valid_and_equal_in_both(title: str, description: str, name: str) -> None:
    study = described(
        "S-BIAD1", ({"name": name},), title=title, description=description, keyword=name, license_text=title,
        rights=description, issued="2020",
    )  # fmt: skip
    assert faults(study) == []
    assert DATACITE_XML.make(study) == DATACITE_XML.make(study)


def test_addresses_of_other_kinds_are_left_out() -> None:
    study = described("EXAMPLE-0001", title="</script>", issued="2020", license="javascript:alert(1)")
    assert b"javascript" not in DATACITE_JSON.make(study) + DATACITE_XML.make(study)
