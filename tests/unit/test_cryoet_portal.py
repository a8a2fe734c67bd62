"""Metadata of the CryoET Data Portal: the records and publications that its objects name."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
from rembigraph.catalogue.rdf import to_nquads
from rembigraph.catalogue.validation import validate
from rembigraph.loaders import LOADERS, cryoet_portal, read
from rembigraph.loaders.reading import Document, Reading
from rembigraph.ontology.errors import SourceError
from rembigraph.ontology.external import CRYOET_PORTAL, External, external_of, parse_external
from rembigraph.ontology.generated.models import LinkSet
from rembigraph.ontology.identifiers import Iris

from tests.json_places import JUNK, leaf_count, places

FOLDER = Path(__file__).parents[1] / "data" / "links"
OBJECTS: list[dict[str, Any]] = json.loads((FOLDER / "cryoet_datasets.json").read_text(encoding="utf-8"))
METADATA: dict[str, Any] = json.loads((FOLDER / "cryoet_metadata.json").read_text(encoding="utf-8"))
DATASET, DEPOSITION, TOMOGRAM = OBJECTS
PAGE = "https://cryoetdataportal.czscience.com/"
ADDRESS = re.compile(r"[\w.+-]@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}")
TWO_PAPERS = {(f"https://doi.org/10.1234/{name}", "described_in") for name in "ab"}


def results(value: Any) -> list[Reading | SourceError]:
    return list(read(Document("made-up.json", "", json.dumps(value).encode())))


def the_set(value: Any) -> LinkSet:
    (found,) = results(value)
    assert isinstance(found, Reading), found
    assert isinstance(found.study, LinkSet)
    return found.study


def ends(links: LinkSet) -> set[tuple[str | None, str | None, str]]:
    return {(link.link_from, link.link_to, str(link.link_relation)) for link in links.related}


def related(text: Any) -> tuple[set[str | None], list[str | None]]:
    """What entries lead to, and what is kept of them."""
    found = the_set({**DATASET, "dataset_publications": None, "related_database_entries": text})
    kept = [
        one.raw_text for one in found.kept_value if str(one.pointer).startswith("/related_database_entries")
    ]
    return {link.link_to for link in found.related}, kept


def test_a_dataset_links_to_what_it_names_as_related() -> None:
    found = the_set(DATASET)
    start = f"{PAGE}datasets/99901"
    assert found.accession == "LINKS-CRYOET-DS-99901"
    assert (found.title, found.description) == ("Made-up lamellae", "Tomograms that nobody took.")
    assert ends(found) == {
        (start, "EMPIAR-99901", "related"),
        (start, "http://www.ebi.ac.uk/emdb/EMD-99990", "related"),
        (start, "http://rdf.wwpdb.org/pdb/9ZZZ", "related"),
        (start, "https://doi.org/10.1234/made.up", "described_in"),
    }
    assert {(link.evidence_kind, link.asserted_by) for link in found.related} == {
        ("reference_field", "archive")
    }
    assert {text for link in found.related for text in link.evidence_text} == {
        *(f"related_database_entries: {name}" for name in ("EMPIAR-99901", "EMD-99990", "PDB-9ZZZ")),
        "dataset_publications: https://doi.org/10.1234/MADE.up",
    }
    (record,) = found.external_record
    assert (record.id, record.external_identifier, record.title) == (start, "DS-99901", "Made-up lamellae")


def test_depositions_and_tomograms_are_told_apart() -> None:
    deposition, tomogram = the_set(DEPOSITION), the_set(TOMOGRAM)
    assert deposition.accession == "LINKS-CRYOET-CZCDP-99902"
    assert ends(deposition) == {(f"{PAGE}depositions/99902", "EMPIAR-99902", "related")}
    assert tomogram.accession == "LINKS-CRYOET-TM-7"
    assert ends(tomogram) == {(f"{PAGE}runs/77", "http://www.ebi.ac.uk/emdb/EMD-99991", "related")}
    assert tomogram.title == "CryoET Data Portal, tomogram TM-7"


def test_a_tomogram_without_its_run_is_where_its_own_links_start() -> None:
    found = the_set({name: value for name, value in TOMOGRAM.items() if name != "run_id"})
    assert [link.link_from for link in found.related] == ["LINKS-CRYOET-TM-7"]


def test_the_metadata_file_of_a_dataset_says_the_same_in_other_places() -> None:
    (reading,) = results(METADATA)
    assert isinstance(reading, Reading)
    found = the_set(METADATA)
    start = f"{PAGE}datasets/99903"
    assert ends(found) == {
        (start, "EMPIAR-99901", "related"),
        (start, "https://doi.org/10.1234/made.up", "described_in"),
    }
    assert reading.source_date == "2024-03-01"
    assert "jane.doe" not in found.model_dump_json()


def test_an_answer_of_the_graphql_service_is_read() -> None:
    item = {
        "id": 99901,
        "title": "Made-up",
        "relatedDatabaseEntries": "EMD-99990",
        "datasetPublications": None,
    }
    other = {"id": 99902, "__typename": "Deposition", "relatedDatabaseEntries": "EMPIAR-99901"}
    found = results({"data": {"datasets": [item], "depositions": [other]}})
    assert [one.accession for one in found if isinstance(one, Reading)] == [
        "LINKS-CRYOET-DS-99901",
        "LINKS-CRYOET-CZCDP-99902",
    ]
    assert [one.part for one in found if isinstance(one, Reading)] == [1, 2]


def test_what_else_is_in_such_an_answer_is_told() -> None:
    found = results({"data": {"datasets": [DATASET], "total": 3}})
    assert [type(one) for one in found].count(Reading) == 1
    (error,) = (one for one in found if isinstance(one, SourceError))
    assert "/data/total" in str(error)


@pytest.mark.parametrize(
    ("text", "targets"),
    [
        ("EMPIAR-99901", {"EMPIAR-99901"}),
        ("EMPIAR-99901,EMPIAR-99902", {"EMPIAR-99901", "EMPIAR-99902"}),
        ("EMPIAR-99901; empiar-99902", {"EMPIAR-99901", "EMPIAR-99902"}),
        ("EMPIAR-99901 EMPIAR-99902", {"EMPIAR-99901", "EMPIAR-99902"}),
        ("EMPIAR-99901-99902", {"EMPIAR-99901", "EMPIAR-99902"}),
        (["EMPIAR-99901", "EMPIAR-99902"], {"EMPIAR-99901", "EMPIAR-99902"}),
        ("PDB: 9zzz", {"http://rdf.wwpdb.org/pdb/9ZZZ"}),
        ("EMDB-99990", {"http://www.ebi.ac.uk/emdb/EMD-99990"}),
        ("https://www.ebi.ac.uk/empiar/EMPIAR-99901/", {"EMPIAR-99901"}),
        ("S-BIAD99901", {"S-BIAD99901"}),
        (None, set()),
        ("", set()),
        ([], set()),
    ],
)
def test_entries_are_read_in_every_usual_spelling(text: Any, targets: set[str]) -> None:
    assert related(text) == (targets, [])


@pytest.mark.parametrize(
    ("text", "targets"),
    [
        ("nothing known", set()),
        ("EMPIAR-99901, pending", {"EMPIAR-99901"}),
        ("EMD-", set()),
        ("1234", set()),
        (",", set()),
        (7, set()),
    ],
)
def test_an_entry_that_names_nothing_stays_kept_whole(text: Any, targets: set[str]) -> None:
    assert related(text) == (targets, [str(text)])


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("10.1234/A, 10.1234/b", TWO_PAPERS),
        ("10.1234/a,10.1234/b", TWO_PAPERS),
        ("doi:10.1234/(a;b)", {("https://doi.org/10.1234/(a;b)", "described_in")}),
        ("https://doi.org/10.6019/EMPIAR-99901", {("EMPIAR-99901", "related")}),
        ("A made-up paper, 2024", set()),
    ],
)
def test_publications_are_dois(text: str, links: set[tuple[str, str]]) -> None:
    found = the_set({**DATASET, "related_database_entries": None, "dataset_publications": text})
    assert {(link.link_to, link.link_relation) for link in found.related} == links
    kept = [one.raw_text for one in found.kept_value if one.pointer == "/dataset_publications"]
    assert kept == ([] if links else [text])


@pytest.mark.parametrize("number", [None, "x", -1, 0, True, 1.5, [7]])
def test_an_object_without_its_number_is_refused_in_words(number: Any) -> None:
    (error,) = results({**DATASET, "id": number})
    assert isinstance(error, SourceError)
    assert "no dataset of the portal in it that has an `id`" in str(error)


@pytest.mark.parametrize("number", ["99901", "DS-99901", 99901, 99901.0])
def test_the_number_may_be_written_as_the_portal_shows_it(number: Any) -> None:
    assert the_set({**DATASET, "id": number}).accession == "LINKS-CRYOET-DS-99901"


def test_what_an_object_is_is_never_guessed() -> None:
    (error,) = results({"id": 99901, "title": "x", "related_database_entries": "EMPIAR-99901"})
    assert "no dataset, deposition or tomogram" in str(error)


def test_an_object_that_can_not_be_read_does_not_hide_the_others() -> None:
    found = results([DATASET, 3, {"related_database_entries": "x"}, TOMOGRAM])
    assert [isinstance(one, Reading) for one in found] == [True, False, False, True]
    assert ["#/1" in str(found[1]), "#/2" in str(found[2])] == [True, True]


def test_an_object_of_a_list_is_read_again_from_its_own_bytes() -> None:
    for one in results(OBJECTS):
        assert isinstance(one, Reading)
        (again,) = read(Document("again.json", "", one.source_bytes))
        assert isinstance(again, Reading)
        assert again.study.model_dump() == one.study.model_dump()
        assert again.leaves == one.leaves


def test_numbers_are_kept_as_they_were_written() -> None:
    data = (FOLDER / "cryoet_datasets.json").read_bytes()
    last = list(read(Document("made-up.json", "", data)))[-1]
    assert isinstance(last, Reading)
    assert b'"voxel_spacing": 10.50' in last.source_bytes
    assert [one.raw_text for one in last.study.kept_value] == ["10.50"]  # type: ignore[union-attr]


@pytest.mark.parametrize("value", [DATASET, DEPOSITION, TOMOGRAM, METADATA, OBJECTS, [METADATA]])
def test_no_other_loader_takes_it(value: Any) -> None:
    data = json.dumps(value).encode()
    first = next(loader for loader in LOADERS if loader.recognises(Document("x.json", "", data)))
    assert first is cryoet_portal


@pytest.mark.parametrize(
    "value",
    [
        {"accno": "S-BIADTEST", "attributes": [{"name": "related_database_entries", "value": "x"}]},
        [{"path": "a.tif", "attributes": [{"name": "related_database_entries", "value": "x"}]}],
        {"@context": {}, "@graph": [{"related_database_entries": "x"}]},
        {"dataset_identifier": "somebody else's"},
    ],
)
def test_it_takes_nothing_of_others(value: Any) -> None:
    assert not cryoet_portal.recognises(Document("x.json", "", json.dumps(value).encode()))


@pytest.mark.parametrize("clean", [DATASET, DEPOSITION, TOMOGRAM, METADATA], ids=str)
def test_whatever_stands_anywhere_nothing_is_lost(clean: dict[str, Any]) -> None:
    for number in range(len(list(places(clean)))):
        for junk in JUNK:
            soiled = copy.deepcopy(clean)
            holder, key = list(places(soiled))[number]
            holder[key] = junk
            for one in cryoet_portal.read(Document("x.json", "", json.dumps(soiled).encode())):
                said = str(one) if isinstance(one, SourceError) else one.study.model_dump_json()
                assert not ADDRESS.search(said)
                if isinstance(one, Reading):
                    assert isinstance(one.study, LinkSet)
                    assert one.leaves.total == leaf_count(soiled)
                    assert sum(one.unmapped.values()) == one.leaves.kept == len(one.study.kept_value)
                    to_nquads([one.study], Iris(), Iris().record_graph(one.accession, one.source))
                else:
                    assert len(str(one).split()) > 5


def test_the_records_are_valid() -> None:
    for one in (*results(OBJECTS), *results(METADATA)):
        assert isinstance(one, Reading)
        graph = Iris().record_graph(one.accession, one.source)
        assert validate(to_nquads([one.study], Iris(), graph)).results == ()


@pytest.mark.parametrize("name", ["DS-99901", "CZCDP-99901"])
def test_pages_of_the_portal_and_identifiers_belong_together(name: str) -> None:
    external = External(name, CRYOET_PORTAL)
    assert external_of(external.iri) == external == parse_external(name.lower())
    assert external.landing_page == external.iri
