"""Every BIA document of the shared folder: no failure, every leaf accounted for, what is called mapped is there."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rembigraph.catalogue.rdf import to_nquads
from rembigraph.catalogue.validation import validate
from rembigraph.loaders import documents_of, read
from rembigraph.loaders.bia_fields import file_address
from rembigraph.loaders.reading import Document, Leaves, Reading
from rembigraph.loaders.values import doi, has_email, is_placeholder, licence_iri, orcid_iri, prose, ror_iri
from rembigraph.ontology.errors import SourceSkipped
from rembigraph.ontology.generated.models import LinkSet
from rembigraph.ontology.identifiers import Iris

SHARED = Path(os.environ.get("REMBIGRAPH_SHARED", Path(__file__).resolve().parents[3] / "shared"))
FOLDER = SHARED / "realdata" / "bia_api"
FILES = sorted(FOLDER.glob("*/*.json"))
LISTS = ("file_references", "archive_files", "other_files")

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not FILES, reason="the folder of real records is not here"),
]


@pytest.fixture(scope="module")
def loaded() -> tuple[list[tuple[Document, Reading]], list[SourceSkipped], int]:
    """What comes of the folder: studies with their documents, what is skipped, and how many are attached."""
    readings, skipped, attached = [], [], 0
    for one in documents_of([str(FOLDER)]):
        results = [one] if isinstance(one, Exception) else list(read(one))
        attached += len(one.attached) if isinstance(one, Document) else 0
        for result in results:
            if isinstance(result, Reading):
                readings.append((one, result))
            else:
                assert isinstance(result, SourceSkipped), result
                skipped.append(result)
    return readings, skipped, attached


def leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict | list) and value:
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(item, f"{name}/{key}")
    else:
        yield name, value


def columns(rows: Any) -> set[str]:
    """A column of a list of files: the path of a value in its row, whatever the number of an item in a list."""
    names = (name for row in rows.values() for name, _ in leaves(row))
    return {re.sub(r"/[0-9]+(?=/|$)", "", name) for name in names}


def expected(document: Document) -> int:
    parsed = json.loads(document.data)
    lists = {name: parsed[name] for name in LISTS if parsed.get(name)}
    rest = {name: value for name, value in parsed.items() if name not in lists}
    return sum(1 for _ in leaves(rest)) + sum(len(columns(rows)) for rows in lists.values())


def test_every_document_is_loaded_attached_or_skipped_in_words(loaded):
    readings, skipped, attached = loaded
    assert len(readings) + len(skipped) + attached == len(FILES)
    assert Counter(reading.source for _, reading in readings) == {"bia-v1": 103, "bia": 21}
    reasons = Counter(re.sub(r"[0-9a-f-]{36} |\d+ ", "", str(one).split(" at ")[0]) for one in skipped)
    assert (
        sum(count for words, count in reasons.items() if "was taken" in words or "came twice" in words) == 74
    )
    assert sum(count for words, count in reasons.items() if "did not come with its study" in words) == 2


def test_every_leaf_is_accounted_for(loaded):
    total: dict[str, Leaves] = {"bia": Leaves(), "bia-v1": Leaves()}
    for document, reading in loaded[0]:
        parts = sum(map(expected, document.attached))
        assert reading.leaves.total == expected(document) + parts, document.place
        assert len(reading.study.kept_value) >= reading.leaves.kept
        assert sum(reading.unmapped.values()) == reading.leaves.kept
        assert not has_email(reading.study.model_dump_json()), document.place
        total[reading.source] += reading.leaves
    for source, sums in total.items():
        assert sums.total > {"bia": 2_500, "bia-v1": 100_000}[source]
        assert sums.mapped / sums.total > 0.9, source


def test_what_is_not_kept_is_found_in_the_record(loaded):
    """Mapped means that the value can be had back; what says nothing or is private need not be there."""
    for document, reading in loaded[0]:
        record = reading.study.model_dump(exclude={"kept_value"}, exclude_defaults=True)
        values = [value for _, value in leaves(record)]
        words = {str(value) for value in values}
        said = (
            words | {text.partition(": ")[2] for text in words} | {text.rpartition(": ")[2] for text in words}
        )
        numbers = {float(value) for value in values if isinstance(value, int | float)}
        everything = "\n".join(words)
        kept = {one.pointer.partition("#")[2] or one.pointer for one in reading.study.kept_value}
        for one in (document, *document.attached):
            for name, value in leaves({k: v for k, v in json.loads(one.data).items() if k not in LISTS}):
                if name not in kept and not recovered(name, value, said, numbers, everything):
                    raise AssertionError((one.place, name, str(value)[:80]))


def recovered(name: str, value: Any, said: set[str], numbers: set[float], everything: str) -> bool:
    if value is None or value == [] or value == {}:
        return True
    if isinstance(value, bool | int | float):
        text = json.dumps(value)
        zero_bytes = value == 0 and name.endswith(("/size", "size_in_bytes"))
        stated = isinstance(value, int | float) and float(value) in numbers
        return zero_bytes or stated or text in said or f"version {text}" in everything
    text = prose(value)
    if not text or is_placeholder(text) or has_email(value) or text in said:
        return True
    normal = (licence_iri(text), orcid_iri(text), ror_iri(text), doi(text), file_address(text))
    return any(one and one in everything for one in normal) or text in everything


def test_no_real_study_is_refused(loaded):
    iris = Iris()
    for document, reading in loaded[0]:
        images = getattr(reading.study, "image", [])
        if len(images) > 100 and reading.accession != "EMPIAR-10988":
            continue  # many images of one kind take their time and show nothing new
        graph = iris.record_graph(reading.accession, reading.source)
        assert validate(to_nquads([reading.study], iris, graph)).violations == (), document.place


def test_every_collection_links_to_all_its_members(loaded):
    collections = [(document, one) for document, one in loaded[0] if isinstance(one.study, LinkSet)]
    assert len(collections) == len(list((FOLDER / "v1_collections").glob("*.json"))) > 10
    for document, reading in collections:
        parsed = json.loads(document.data)
        links = reading.study.related
        assert [link.link_to for link in links] == list(dict.fromkeys(parsed["accession_ids"]))
        assert {link.link_from for link in links} == {reading.accession}
        assert {str(link.link_relation) for link in links} == {"has_member"}
        assert all(parsed["title"] in link.evidence_text[0] for link in links)
        assert reading.leaves.kept == 0


def test_the_correlative_collection_has_its_eight_members(loaded):
    (links,) = (one.study.related for _, one in loaded[0] if one.accession == "LINKS-BIA-CORRELATIVE")
    assert len(links) == 8
    assert {"S-BIAD19", "EMPIAR-10416", "S-BSST707", "EMPIAR-10819"} <= {link.link_to for link in links}
