"""Every EMPIAR document of the shared folder: nothing fails, nothing vanishes, nothing private gets through."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml
from rembigraph.loaders import (
    LOADERS,
    empiar,
    empiar_curation,
    empiar_deposition,
    empiar_xml,
    read,
)
from rembigraph.loaders.leaves import LeafAccount, raw_json
from rembigraph.loaders.reading import Document, Leaves, Reading
from rembigraph.loaders.values import doi, method_iri, orcid_iri, prose, taxon_iri
from rembigraph.ontology.errors import SourceSkipped

pytestmark = pytest.mark.realdata

MINE = (empiar, empiar_deposition, empiar_xml, empiar_curation)
E_MAIL = re.compile(r"[\w.+-]+(?:@|\s\[at\]\s)[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}")
SPELLINGS = (prose, html.unescape, doi, orcid_iri, method_iri, taxon_iri)
SAID_BY = {True: {"published", "preprint", "journal publication"}, "true": {"published", "preprint"}}
SAID_BY |= {False: {"unpublished", "not a preprint"}, "false": {"unpublished", "not a preprint"}}


@dataclass(frozen=True)
class Entry:
    """One real document, what was read from it, and how its leaves were accounted for."""

    file: Path
    reading: Reading
    account: LeafAccount
    strings: frozenset[str]


def _files(shared: Path) -> list[Path]:
    return sorted(file for file in (shared / "realdata" / "empiar").rglob("*") if file.is_file())


@pytest.fixture(scope="module")
def entries(shared: Path) -> list[Entry]:
    accounts: list[LeafAccount] = []

    class Recorded(LeafAccount):
        def __init__(self, parsed: Any) -> None:
            super().__init__(parsed)
            accounts.append(self)

    found: list[Entry] = []
    with pytest.MonkeyPatch.context() as patch:
        for module in MINE:
            patch.setattr(module, "LeafAccount", Recorded)
        for file in _files(shared):
            for result in read(Document(str(file), "", file.read_bytes())):
                if isinstance(result, SourceSkipped):
                    continue
                assert isinstance(result, Reading), f"{file}: {result}"
                dump = result.study.model_dump(mode="json", exclude={"kept_value"})
                found.append(Entry(file, result, accounts[-1], frozenset(_strings(dump))))
    return found


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _strings(item)
    elif value is not None:
        yield str(value)


def test_every_document_is_recognised_by_the_loader_that_reads_it(shared: Path) -> None:
    for file in _files(shared):
        document = Document(str(file), "", file.read_bytes())
        first = next((loader for loader in LOADERS if loader.recognises(document)), None)
        assert first in MINE, file


def test_what_holds_no_study_is_skipped_and_all_else_is_read(shared: Path, entries: list[Entry]) -> None:
    skipped = {file.name for file in _files(shared)} - {entry.file.name for entry in entries}
    assert all(re.search("schema|template|EMPIAR-12104.json", name) for name in skipped)
    assert len(entries) + len(skipped) == len(_files(shared))
    assert {entry.reading.format for entry in entries} == {"empiar-api", "empiar-xml", "bia-curation"}


def _count(value: Any) -> int:
    if isinstance(value, dict) and value:
        return sum(map(_count, value.values()))
    if isinstance(value, list) and value:
        return sum(map(_count, value))
    return 1


def _count_xml(element: ET.Element) -> int:
    own = len(element.attrib) + bool((element.text or "").strip())
    return own + sum(map(_count_xml, element))


def _recounted(file: Path) -> int:
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".xml":
        return _count_xml(ET.fromstring(text))
    return _count(json.loads(text) if file.suffix == ".json" else yaml.safe_load(text))


def test_mapped_kept_and_ignored_add_up_to_every_leaf(entries: list[Entry]) -> None:
    for entry in entries:
        leaves = entry.reading.leaves
        assert leaves.total == _recounted(entry.file), entry.file
        assert len(entry.reading.study.kept_value) == leaves.kept == sum(entry.reading.unmapped.values())


def test_most_leaves_are_mapped(entries: list[Entry]) -> None:
    total = sum((entry.reading.leaves for entry in entries), Leaves())
    assert total.mapped >= 0.95 * total.total
    for entry in entries:
        assert entry.reading.leaves.mapped >= 0.80 * entry.reading.leaves.total, entry.file


def _is_said(value: Any, pointer: str, strings: frozenset[str], everything: str) -> bool:
    if value in ("", None, [], {}) and not isinstance(value, bool):
        return True  # the empty slot says the same
    if isinstance(value, bool) or pointer.endswith(("@published", "@preprint")):
        return bool(SAID_BY[value] & strings)
    if pointer.endswith("@order") or re.search(r"/externalReferences/\d+/@type$", pointer):
        return True  # the place in the list of authors; the slot that is named after the kind of identifier
    text = raw_json(value)
    spellings = {text, *(spelt for spelling in SPELLINGS if (spelt := spelling(text)))}
    return bool(spellings & strings) or any(spelling in everything for spelling in spellings)


def test_every_value_that_counts_as_mapped_can_be_recovered_from_a_slot(entries: list[Entry]) -> None:
    for entry in entries:
        everything = "\n".join(entry.strings)
        pairs = zip(entry.account.states().items(), entry.account._values, strict=True)
        for (pointer, state), value in pairs:
            if state == "mapped":
                assert _is_said(value, pointer, entry.strings, everything), (entry.file, pointer, value)


def test_no_way_to_reach_a_person_gets_into_a_record(entries: list[Entry]) -> None:
    for entry in entries:
        text = entry.reading.study.model_dump_json()
        assert not E_MAIL.search(text), entry.file
        assert "Bateman Street" not in text
        assert "CB2 1LR" not in text


def test_pixel_sizes_are_in_angstrom(entries: list[Entry]) -> None:
    sizes = [
        (entry.reading.format, size)
        for entry in entries
        for component in entry.reading.study.component
        for files in component.file_set
        for size in files.voxel_size
    ]
    assert {form for form, _ in sizes} == {"empiar-api", "empiar-xml"}
    for _, size in sizes:
        assert size.unit_code == "Ao"
        assert size.value_si == pytest.approx(size.numeric_value * 1e-10)


def test_a_test_copy_keeps_its_own_accession_beside_the_doi_of_its_model(entries: list[Entry]) -> None:
    (copy,) = [entry for entry in entries if entry.file.name == "EMPIAR-TEST.json"]
    assert copy.reading.study.accession == "EMPIAR-TEST"
    assert copy.reading.study.archive == "Draft"
    assert copy.reading.study.dataset_doi == "https://doi.org/10.6019/empiar-10442"
    assert [link.link_relation for link in copy.reading.study.related] == ["described_in"]


def test_curated_records_join_specimens_images_and_annotations(entries: list[Entry]) -> None:
    (curated,) = [entry for entry in entries if entry.file.name == "EMPIAR-10988__empiar_10988.yaml"]
    study = curated.reading.study
    assert curated.reading.quality == "curated"
    assert study.title == study.accession == "EMPIAR-10988"
    ids = {one.id for one in (*study.specimen, *study.image, *study.biosample, *study.protocol)}
    for image in study.image:
        assert {*image.of_specimen, *image.derived_from, *image.processing_protocol} <= ids
    assert all(image.of_specimen or image.derived_from for image in study.image)
    assert all(mark.derived_from for mark in study.annotation)
    assert study.organism[0].scientific_name == "Schizosaccharomyces pombe"
