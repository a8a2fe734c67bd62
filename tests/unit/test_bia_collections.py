"""Collections of the BioImage Archive: sets of links from the collection to each member, none between members."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
from rembigraph.catalogue.rdf import to_nquads
from rembigraph.catalogue.validation import validate
from rembigraph.loaders import bia_collections, bia_objects, documents_of, read
from rembigraph.loaders.reading import Document, Reading
from rembigraph.ontology.errors import SourceError, SourceMalformed
from rembigraph.ontology.generated.models import LinkSet, Study
from rembigraph.ontology.identifiers import Iris

from tests.json_places import JUNK, leaf_count, places

FOLDER = Path(__file__).parents[1] / "data" / "links"
COLLECTION = json.loads((FOLDER / "collection.json").read_text(encoding="utf-8"))
OBJECT = json.loads((FOLDER / "collection_object.json").read_text(encoding="utf-8"))
ADDRESS = re.compile(r"[\w.+-]@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}")


def document(value: Any) -> Document:
    return Document("made-up.json", "", json.dumps(value).encode())


def results(value: Any) -> list[Reading | SourceError]:
    return list(read(document(value)))


def the_reading(value: Any) -> Reading:
    (found,) = results(value)
    assert isinstance(found, Reading), found
    return found


def the_set(value: Any) -> LinkSet:
    found = the_reading(value).study
    assert isinstance(found, LinkSet)
    return found


def test_a_collection_links_to_each_member_and_members_not_to_each_other() -> None:
    found = the_set(COLLECTION)
    assert (found.accession, found.title) == ("LINKS-BIA-MADE-UP", "Made-up correlative imaging")
    assert found.description == "A made-up collection."
    assert [(link.link_from, link.link_to) for link in found.related] == [
        ("LINKS-BIA-MADE-UP", "S-BIADTEST1"),
        ("LINKS-BIA-MADE-UP", "EMPIAR-99901"),
        ("LINKS-BIA-MADE-UP", "EMPIAR-99902"),
    ]
    for link in found.related:
        assert (link.link_relation, link.evidence_kind, link.asserted_by) == (
            "has_member",
            "collection",
            "archive",
        )
    assert found.related[2].evidence_text == [
        'collection "Made-up correlative imaging" (Studies that nobody did), accession_ids: empiar-99902'
    ]
    assert "subtitle: Studies that nobody did" in found.attribute_text
    assert "page-suffix: -made-up.html" in found.attribute_text


def test_what_is_no_accession_is_kept_and_counted() -> None:
    reading = the_reading(COLLECTION)
    assert isinstance(reading.study, LinkSet)
    assert [(one.pointer, one.raw_text) for one in reading.study.kept_value] == [
        ("/accession_ids/3", "no accession"),
        ("/accession_ids/4", "7"),
    ]
    assert reading.unmapped == {"accession_ids": 2}


def test_a_member_that_stands_twice_is_linked_once() -> None:
    found = the_set({**COLLECTION, "accession_ids": ["EMPIAR-99901", "empiar-99901"]})
    (link,) = found.related
    assert [text.rpartition(": ")[2] for text in link.evidence_text] == ["EMPIAR-99901", "empiar-99901"]


def test_a_member_elsewhere_has_the_iri_that_others_use() -> None:
    found = the_set({**COLLECTION, "accession_ids": ["EMD-99990"]})
    assert found.related[0].link_to == "http://www.ebi.ac.uk/emdb/EMD-99990"


def test_a_collection_is_no_member_of_one() -> None:
    assert the_set({**COLLECTION, "accession_ids": ["LINKS-BIA-OTHER"]}).related == []


def test_uuids_of_members_are_kept_for_nobody_knows_whose_they_are() -> None:
    reading = the_reading(OBJECT)
    assert isinstance(reading.study, LinkSet)
    assert reading.study.related == []
    assert "00000000-0000-4000-8000-000000000002" in {one.raw_text for one in reading.study.kept_value}
    assert reading.unmapped["study_uuids"] == 1


def test_an_object_stands_beside_the_document_with_the_accessions() -> None:
    ours, theirs = the_reading(COLLECTION), the_reading(OBJECT)
    assert ours.accession == theirs.accession
    assert (ours.source, theirs.source) == ("bia-v1", "bia")


def test_documents_of_one_name_are_versions_of_one_collection() -> None:
    shorter = {**COLLECTION, "accession_ids": COLLECTION["accession_ids"][:1]}
    assert the_reading(shorter).accession == the_reading(COLLECTION).accession
    assert the_reading({**COLLECTION, "name": "other"}).accession == "LINKS-BIA-OTHER"


def test_a_list_of_collections_is_read_one_by_one() -> None:
    found = results([COLLECTION, {**COLLECTION, "name": "second"}, {"title": "x", "accession_ids": 3}])
    assert [one.accession for one in found if isinstance(one, Reading)] == [
        "LINKS-BIA-MADE-UP",
        "LINKS-BIA-SECOND",
    ]
    assert [one.part for one in found if isinstance(one, Reading)] == [1, 2]
    (error,) = (one for one in found if isinstance(one, SourceError))
    assert "needs its `accession_ids` as a list" in str(error)


def test_a_list_of_objects_of_the_api_is_read_one_by_one(tmp_path: Path) -> None:
    (tmp_path / "collections.json").write_text(json.dumps([OBJECT, {**OBJECT, "name": "second"}]))
    found = [one for doc in documents_of([str(tmp_path)]) if isinstance(doc, Document) for one in read(doc)]
    assert sorted(one.accession for one in found if isinstance(one, Reading)) == [
        "LINKS-BIA-MADE-UP",
        "LINKS-BIA-SECOND",
    ]


def test_a_collection_with_neither_name_nor_title_is_refused_in_words() -> None:
    (error,) = results({"accession_ids": ["EMPIAR-99901"]})
    assert isinstance(error, SourceMalformed)
    assert "neither name nor title" in str(error)


def test_the_name_stands_in_for_a_title() -> None:
    assert the_set({"name": "made_up", "accession_ids": []}).title == "made_up"


def test_recognisers_do_not_steal_from_each_other() -> None:
    study = {"accession_id": "S-BIADTEST", "title": "x", "accession_ids": ["EMPIAR-99901"]}
    assert not bia_collections.recognises(document(study))
    assert bia_collections.recognises(document(OBJECT))
    assert not bia_objects.recognises(document(OBJECT))
    (found,) = results(study | {"description": "", "authors": [], "organism": "", "release_date": "2024"})
    assert isinstance(found, Reading)
    assert isinstance(found.study, Study)


@pytest.mark.parametrize("clean", [COLLECTION, OBJECT], ids=["document", "object"])
def test_whatever_stands_anywhere_nothing_is_lost(clean: dict[str, Any]) -> None:
    for number in range(len(list(places(clean)))):
        for junk in JUNK:
            soiled = copy.deepcopy(clean)
            holder, key = list(places(soiled))[number]
            holder[key] = junk
            for one in results(soiled):
                said = str(one) if isinstance(one, SourceError) else one.study.model_dump_json()
                assert not ADDRESS.search(said)
                if isinstance(one, Reading):
                    assert one.leaves.total == leaf_count(soiled)
                    assert sum(one.unmapped.values()) == one.leaves.kept == len(one.study.kept_value)  # type: ignore[union-attr]
                    to_nquads([one.study], Iris(), Iris().record_graph(one.accession, one.source))
                else:
                    assert len(str(one).split()) > 5


@pytest.mark.parametrize("value", [COLLECTION, OBJECT], ids=["document", "object"])
def test_the_record_is_valid(value: dict[str, Any]) -> None:
    found = the_reading(value)
    graph = Iris().record_graph(found.accession, found.source)
    assert validate(to_nquads([found.study], Iris(), graph)).results == ()
