"""Links over the shared real records, against two judged lists (tests/links) that were made without the finder."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from rembigraph.app.pages.linkage import entries, suggested
from rembigraph.app.showing import open_snapshot
from rembigraph.catalogue.archive import CanonicalRecord
from rembigraph.catalogue.derive import derive
from rembigraph.catalogue.generations import dump
from rembigraph.catalogue.home import Home
from rembigraph.catalogue.publish import Writer
from rembigraph.ontology.identifiers import DEFAULT_DATA_BASE

pytestmark = pytest.mark.realdata
JUDGED = Path(__file__).resolve().parents[1] / "links"
ORDERS = 20
NOT_IN_THE_FIGURES = ("[doubtful]", "[content]", "[test copy]", "[draft]", "[explicit]")
CORRELATIVE = "LINKS-BIA-CORRELATIVE"

Pair = frozenset[str]


class Catalogue(NamedTuple):
    """Every shared record in one catalogue, with its links."""

    home: Home
    links: list[dict[str, Any]]
    held: set[str]

    def pairs(self, *evidence: str) -> set[Pair]:
        return {frozenset((one["from"], one["to"])) for one in self.links if one["evidence"] in evidence}


@pytest.fixture(scope="module")
def catalogue(real_home: Home) -> Catalogue:
    with open_snapshot(real_home) as snapshot:
        return Catalogue(real_home, list(entries(snapshot)), set(snapshot.search.accessions()))


def judged(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((JUDGED / name).read_text(encoding="utf-8").splitlines(), delimiter="\t"))


def end(text: str) -> str:
    """An end of a judged link, as the catalogue calls it."""
    return f"https://doi.org/{text}" if text.startswith("10.17867/") else text


EXPLICIT = ("reference_field", "links_section", "dataset_doi", "file_attribute", "prose")


def test_no_explicit_link_is_missed_and_at_most_one_in_fifty_is_false(catalogue: Catalogue) -> None:
    rows = [row for row in judged("judged_explicit.tsv") if row["evidence"] != "collection"]
    true = {frozenset(map(end, (row["from"], row["to"]))) for row in rows if row["verdict"] == "true"}
    fixtures = {frozenset((row["from"], row["to"])) for row in rows if row["verdict"] == "fixture"}
    explicit = [
        one for one in catalogue.links if one["evidence"] in EXPLICIT and one["relation"] != "described_in"
    ]
    every = {frozenset((one["from"], one["to"])) for one in explicit}
    assert len(true) >= 24
    assert sorted(map(sorted, true - every)) == []
    found = {frozenset((one["from"], one["to"])) for one in explicit if not one["test_fixture"]}
    false = found - true - fixtures
    assert len(false) <= 0.02 * len(found), sorted(map(sorted, false))


def test_the_members_of_every_collection_are_found(catalogue: Catalogue) -> None:
    listed = {row["to"] for row in judged("judged_explicit.tsv") if row["evidence"] == "collection"}
    found = {one["to"] for one in catalogue.links if one["evidence"] == "collection"}
    assert found == listed


def test_suggestions_are_mostly_right_and_find_most(catalogue: Catalogue) -> None:
    names = {name.removeprefix("ssbd-db-"): name for name in catalogue.held}
    verdicts: dict[Pair, str] = {}
    for row in judged("judged_suggestions.tsv"):
        if not row["reason"].startswith(NOT_IN_THE_FIGURES) and not any(
            tag in row["reason"] for tag in NOT_IN_THE_FIGURES
        ):
            pair = frozenset(names.get(row[side], row[side]) for side in "ab")
            verdicts[pair] = row["verdict"]
    proposed = catalogue.pairs("same_authors") & set(verdicts)
    right = {pair for pair in proposed if verdicts[pair] == "related"}
    related = {pair for pair in verdicts if verdicts[pair] == "related"}
    print(f"\n{len(proposed)} judged suggestions, {len(right)} right; {len(related)} related pairs")
    assert len(related) >= 40
    assert len(right) / len(proposed) >= 0.8
    assert len(right) / len(related) >= 0.7


def test_the_correlative_pairs_are_found_with_their_evidence(catalogue: Catalogue) -> None:
    fish = {f"EMPIAR-{number}" for number in range(10459, 10465)}
    of_fish = {one["to"] for one in catalogue.links if one["from"] == "S-BSST429" and one["correlated"]}
    assert of_fish == fish
    cells = [one for one in catalogue.links if {one["from"], one["to"]} == {"S-BSST707", "EMPIAR-10819"}]
    assert {one["evidence"] for one in cells} >= {"prose"}
    assert any("EMPIAR-10819" in quote for one in cells for quote in one["quotes"])
    assert any(one["correlated"] for one in cells)
    tomograms = [one for one in catalogue.links if {one["from"], one["to"]} == {"S-BIAD19", "EMPIAR-10416"}]
    assert [(one["evidence"], one["suggestion"], one["correlated"]) for one in tomograms] == [
        ("same_authors", True, False)
    ]
    assert f"{CORRELATIVE} lists both" in tomograms[0]["quotes"]
    assert {frozenset(("S-BIAD19", "EMPIAR-10416"))} <= {
        frozenset((one["from"], one["to"])) for one in suggested(catalogue.links)
    }


def test_nothing_else_is_correlated(catalogue: Catalogue) -> None:
    """Every correlated pair of the shared records was read: six fish, and the HeLa cell."""
    fish = {frozenset(("S-BSST429", f"EMPIAR-{number}")) for number in range(10459, 10465)}
    found = {frozenset((one["from"], one["to"])) for one in catalogue.links if one["correlated"]}
    assert found == fish | {frozenset(("S-BSST707", "EMPIAR-10819"))}


def test_members_that_are_not_here_are_external_nodes(catalogue: Catalogue) -> None:
    members = {one["to"] for one in catalogue.links if one["from"] == CORRELATIVE}
    absent = members - catalogue.held
    assert absent
    with open_snapshot(catalogue.home) as snapshot:
        for accession in sorted(absent):
            node = snapshot.iris.study(accession)
            assert snapshot.label(node) == ""
            (collection,) = (part for part in snapshot.parts(accession) if part.accession == CORRELATIVE)
            assert {claim.link.evidence for claim in collection.claims} == {"collection"}
            assert snapshot.identifier(node) == accession


def test_no_link_leads_from_a_record_to_itself_and_every_one_quotes_its_place(catalogue: Catalogue) -> None:
    stated = [one for one in catalogue.links if one["relation"] not in {"described_in", "reconstructed_as"}]
    assert len(stated) > 100
    for one in stated:
        assert one["from"] != one["to"]
        assert one["quotes"], one


# --- order


def _records(home: Home) -> Iterator[CanonicalRecord]:
    """Every record that the catalogue was ever given, the superseded ones among them."""
    for (accession, source), variants in home.state().variants.items():
        for entry in variants.values():
            yield CanonicalRecord(
                accession=accession,
                source=source,
                source_bytes=home.archive.read_source(accession, source, entry.source_sha256),
                quads=home.archive.read_quads(accession, source, entry.quads_sha256),
                mapping_version=entry.mapping_version,
                quality=entry.quality,
                source_date=entry.source_date,
                file=entry.file,
            )


def _published(home: Home) -> tuple[bytes, list[str], list[str]]:
    """The canonical dump, the links, and what the catalogue derived from them."""
    out = io.BytesIO()
    dump(home, out)
    with open_snapshot(home) as snapshot:
        links = sorted(map(str, entries(snapshot)))
        derived = sorted(snapshot.derived_triples())
    return out.getvalue(), links, derived


@pytest.mark.nightly
def test_any_order_of_loading_gives_the_same_dump_and_links(catalogue: Catalogue, tmp_path: Path) -> None:
    """Every record, in random orders and random batches."""
    records = list(_records(catalogue.home))
    assert len(records) > 100
    results = []
    for seed in range(ORDERS):
        chance = random.Random(seed)
        home = Home.init(tmp_path / str(seed), DEFAULT_DATA_BASE)
        order = chance.sample(records, len(records))
        cuts = sorted(chance.sample(range(1, len(order)), seed % 3))
        with Writer(home, derive) as writer:
            for start, stop in zip([0, *cuts], [*cuts, len(order)], strict=True):
                writer.publish(order[start:stop])
        results.append(_published(home))
    first = results[0]
    assert len(first[1]) > 100
    for seed, result in enumerate(results):
        assert result == first, seed
