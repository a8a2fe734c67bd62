"""All published GIDE crates of the shared folder: nothing fails, nothing vanishes, nothing private gets through."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rembigraph.loaders import ro_crate
from rembigraph.loaders.leaves import LeafAccount
from rembigraph.loaders.reading import Document, Leaves, Reading
from rembigraph.loaders.values import (
    doi,
    licence_iri,
    method_iri,
    orcid_iri,
    partial_date,
    prose,
    pubmed_id,
    ror_iri,
    taxon_iri,
    term_iri,
)
from rembigraph.ontology.completion import walk

from tests.json_places import leaf_count

pytestmark = pytest.mark.realdata

FOLDERS = ("rocrate_bia", "rocrate_idr", "rocrate_ssbd")
E_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}")
CALLS = 25_000  # of a crate, on average; they take 2 to 3 ms
# The class of a record stands for the type of a node, and a slot for the unit of a size.
CLASSES = {
    "Dataset": "Study",
    "Person": "Person",
    "Organization": "Organisation",
    "BioSample": "Biosample",
    "LabProtocol": "ImageAcquisition",
    "DefinedTerm": "OntologyTerm",
    "Taxon": "Taxon",
    "ScholarlyArticle": "Publication",
    "Grant": "Grant",
    "QuantitativeValue": "QuantityValue",
    "QuantitiveValue": "QuantityValue",
    "CreativeWork": "SourceRecord",
}
UNITS = {
    "http://purl.obolibrary.org/obo/UO_0000189": "file_count",
    "file count": "file_count",
    "http://purl.obolibrary.org/obo/UO_0000233": "byte_size",
    "bytes": "byte_size",
}
SPELLINGS = (prose, doi, pubmed_id, orcid_iri, ror_iri, method_iri, term_iri, licence_iri, partial_date)


@dataclass(frozen=True)
class Crate:
    """One real crate, what was read from it, and how its leaves were accounted for."""

    file: Path
    parsed: dict[str, Any]
    reading: Reading
    account: LeafAccount
    dump: dict[str, Any]  # typed slots only
    strings: frozenset[str]


@pytest.fixture(scope="module")
def crates(shared: Path) -> list[Crate]:
    accounts: list[LeafAccount] = []

    class Recorded(LeafAccount):
        def __init__(self, parsed: Any) -> None:
            super().__init__(parsed)
            accounts.append(self)

    found: list[Crate] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ro_crate, "LeafAccount", Recorded)
        for file in _files(shared):
            document = Document(str(file), "", file.read_bytes())
            assert ro_crate.recognises(document), file
            (result,) = ro_crate.read(document)
            assert isinstance(result, Reading), f"{file}: {result}"
            dump = result.study.model_dump(mode="json", exclude={"kept_value"})
            strings = frozenset(_strings(dump))
            found.append(Crate(file, json.loads(document.data), result, accounts[-1], dump, strings))
    return found


def _files(shared: Path) -> list[Path]:
    return [file for folder in FOLDERS for file in sorted((shared / "realdata" / folder).glob("*.json"))]


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _strings(item)
    elif value is not None:
        yield str(value)


def _at(value: Any, pointer: str) -> Any:
    for segment in pointer.split("/")[1:]:
        name = segment.replace("~1", "/").replace("~0", "~")
        value = value[int(name)] if isinstance(value, list) else value[name]
    return value


def test_every_crate_is_read(crates: list[Crate]) -> None:
    assert len(crates) > 700
    archives = Counter(crate.reading.study.archive for crate in crates)
    assert set(archives) == {"BioImageArchive", "EMPIAR", "IDR", "SSBD"}
    assert all(crate.reading.study.title and crate.reading.study.issued for crate in crates)


def test_mapped_kept_and_ignored_add_up_to_every_leaf(crates: list[Crate]) -> None:
    for crate in crates:
        leaves = crate.reading.leaves
        assert leaves.total == leaf_count(crate.parsed), crate.file
        kept = crate.reading.study.kept_value or []
        assert len(kept) == leaves.kept == sum(crate.reading.unmapped.values()), crate.file
        assert all(_at(crate.parsed, str(value.pointer)) == value.raw_text for value in kept)


def test_every_value_that_counts_as_mapped_can_be_recovered_from_a_slot(crates: list[Crate]) -> None:
    checked = 0
    for crate in crates:
        classes = {type(record).__name__ for record in walk(crate.reading.study)} | {"SourceRecord"}
        everything = "\n".join(crate.strings)
        for pointer, state in crate.account.states().items():
            value = _at(crate.parsed, pointer)
            if state != "mapped" or value in ([], ""):  # an empty slot says the same
                continue
            checked += 1
            if "@type" in pointer.split("/")[-2:]:
                assert CLASSES[value] in classes, (crate.file, pointer)
            elif value in UNITS:
                assert crate.dump[UNITS[value]] is not None, (crate.file, pointer)
            else:
                assert _recoverable(value, crate.strings, everything), (crate.file, pointer, value)
    assert checked > 60_000


def _recoverable(value: Any, strings: frozenset[str], everything: str) -> bool:
    text = str(value)
    if " & " in text and all(_recoverable(name, strings, "") for name in text.split(" & ")):
        return True  # two people in one name
    spellings = {rule(text) for rule in SPELLINGS} | {taxon_iri(text, bare=True), text.lstrip("#")}
    return not strings.isdisjoint(spelling for spelling in spellings if spelling) or (
        len(text) > 4 and text in everything
    )


def test_no_email_address_gets_into_a_record(crates: list[Crate]) -> None:
    for crate in crates:
        assert not E_MAIL.search(crate.reading.study.model_dump_json()), crate.file


def test_agents_samples_and_protocols_are_all_represented(crates: list[Crate]) -> None:
    for crate in crates:
        for node in crate.parsed["@graph"]:
            types = node["@type"] if isinstance(node["@type"], list) else [node["@type"]]
            if set(types) & {"Person", "Organization", "BioSample", "LabProtocol"}:
                name = node["@id"]
                known = {name, name.lstrip("#"), orcid_iri(name), ror_iri(name), *_told_apart(node)}
                assert not crate.strings.isdisjoint(known), (crate.file, name)


def _told_apart(node: dict[str, Any]) -> list[str]:
    """Names of the people whom one node names together, as SSBD does."""
    name = str(node.get("name", "")).strip()
    return name.split(" & ") if " & " in name and node["@type"] == "Person" else []


def test_taxa_and_terms_keep_their_labels(crates: list[Crate]) -> None:
    for crate in crates:
        study = crate.reading.study
        taxa = {taxon.scientific_name for taxon in study.organism or []}
        common = {name for taxon in study.organism or [] for name in taxon.common_name or []}
        for node in crate.parsed["@graph"]:
            if "Taxon" in node["@type"]:
                assert node["scientificName"].strip() in taxa, crate.file
                assert node.get("vernacularName", "").strip() in common | {""}, crate.file


def test_contributions_keep_the_order_of_authors(crates: list[Crate]) -> None:
    for crate in crates:
        nodes = {node["@id"]: node for node in crate.parsed["@graph"]}
        root = next(node for node in nodes.values() if "Dataset" in node["@type"])
        authors = [nodes[author["@id"]] for author in root["author"]]
        names = [
            None if name == author["@id"] else name  # IDR repeats the id of who has no name
            for author in authors
            for name in _told_apart(author) or [author["name"].strip()]
        ]
        assert [one.display_name for one in crate.reading.study.contribution or []] == names, crate.file


def test_every_term_has_one_spelling(crates: list[Crate]) -> None:
    for crate in crates:
        study = crate.reading.study
        terms = [*(study.organism or []), *(study.imaging_method or []), *(study.about_term or [])]
        for term in terms:
            iri = str(term.id)
            assert term_iri(iri) == iri or iri.startswith(f"{study.accession}/"), (crate.file, iri)


def test_dirty_identifiers_are_resolved_or_said_to_be_unresolved(crates: list[Crate]) -> None:
    resolutions = {of.raw_identifier: of for crate in crates for of in crate.reading.study.resolution or []}
    mended = resolutions["http://purl.obolibrary.org/obo/FBbi_ 00000245"]
    assert mended.resolved_to == "http://purl.obolibrary.org/obo/FBbi_00000245"
    unresolved = [str(raw) for raw, of in resolutions.items() if of.resolution_method == "unresolved"]
    assert any(raw.startswith("https://orcid.org/0000-0002-0349-4072 (") for raw in unresolved)
    assert any(", http://purl.obolibrary.org/obo/CLO_" in raw for raw in unresolved)
    assert any("WormBase ID" in raw for raw in unresolved)


def test_nearly_everything_finds_a_slot(crates: list[Crate], capsys: pytest.CaptureFixture[str]) -> None:
    leaves = _sum(crates)
    rules: Counter[str] = Counter()
    unmapped: Counter[str] = Counter()
    for crate in crates:
        rules.update(crate.account.ignored_by_rule())
        unmapped.update(crate.reading.unmapped)
    with capsys.disabled():
        print(f"\n{len(crates)} crates: {leaves}, total {leaves.total}; ignored: {dict(rules)}")
        print("unmapped:", ", ".join(f"{name} {count}" for name, count in unmapped.most_common(12)))
    assert leaves.mapped / (leaves.mapped + leaves.kept) >= 0.99
    assert leaves.mapped / leaves.total >= 0.95
    # One person of all is two people, whose node's id says nothing more: the id and its one mention.
    assert {**rules, "private-email": 0, "ro-crate-descriptor": 0} == {
        "private-email": 0,
        "ro-crate-descriptor": 0,
        "structural-id": 2,
    }


def _sum(crates: list[Crate]) -> Leaves:
    each = [crate.reading.leaves for crate in crates]
    return Leaves(
        sum(one.mapped for one in each), sum(one.kept for one in each), sum(one.ignored for one in each)
    )


def test_reading_makes_few_calls(shared: Path, calls: Callable[[Callable[[], object]], int]) -> None:
    documents = [Document(str(file), "", file.read_bytes()) for file in _files(shared)[::5]]
    made = calls(lambda: [list(ro_crate.read(document)) for document in documents])
    assert made / len(documents) < CALLS
