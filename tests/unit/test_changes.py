"""What became of each study: every change that a reader could see has a datestamp, and no other has."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from rembigraph.app.pages.record import described
from rembigraph.app.pages.site import Site
from rembigraph.app.showing import open_snapshot
from rembigraph.catalogue.change_log import sorted_into
from rembigraph.catalogue.changes import Change, Changes, Window, later, strictly_later
from rembigraph.catalogue.exports import EXPORTS
from rembigraph.catalogue.reader import Snapshot
from rembigraph.ontology.errors import StoreDamaged

from tests.conftest import CONFOCAL, DATA, FIBSEM, FISH, HUMAN
from tests.feeding import Catalogue, Clock, study

SITE = Site.of("https://catalogue.example", DATA)


@contextmanager
def snapshot(catalogue: Catalogue) -> Iterator[Snapshot]:
    with open_snapshot(catalogue.home) as opened:
        yield opened


def told(snapshot: Snapshot, accession: str) -> object:
    """Everything that is served of a study but its page: each export and each form of RDF."""
    view = snapshot.record(accession)
    assert view
    whole = described(snapshot, view, SITE)
    exports = {name: one.make(whole) for name, one in EXPORTS.items() if one.applies(whole)}
    return exports, snapshot.serialise(accession, "nquads"), snapshot.serialise(accession, "turtle")


def made_up(dice: random.Random, number: int) -> dict[str, Any]:
    """A study whose links, terms, names of terms and licence are up to chance."""
    name = dice.choice(["", "person", "human being"])
    organism = [HUMAN, FISH, {"id": "NCBITaxon:562", "scientific_name": f"Made up {name}".strip()}]
    other = dice.randrange(1, 9)
    related = [
        {
            "link_to": f"EXAMPLE-{other:04d}",
            "link_relation": dice.choice(["images_same_specimen", "related", "supersedes"]),
            "evidence_kind": "prose",
            "asserted_by": "depositor",
            "confidence": dice.choice([0.2, 1.0]),
        }
    ]
    return study(
        number,
        f"Title {dice.randrange(4)}",
        issued=dice.choice(["2020-02-02", "2021"]),
        organism=dice.sample(organism, dice.randrange(3)),
        imaging_method=dice.sample([CONFOCAL, FIBSEM], dice.randrange(3)),
        related=related if other != number and dice.random() < 0.6 else [],
        license=dice.choice(["https://creativecommons.org/licenses/by/4.0/", "https://licence.example/own"]),
    )


def step(catalogue: Catalogue, dice: random.Random, day: int) -> None:
    """Publish one generation in which one or several things happen."""
    state = catalogue.home.ledger.read()
    gone, held = sorted(state.withdrawn), state.accessions()
    kind = dice.random()
    if gone and kind < 0.2:
        catalogue.publish(reinstate=[dice.choice(gone)])
    elif len(held) > 2 and kind < 0.4:
        catalogue.publish(withdraw=dice.sample(held, dice.choice([1, 2])))
    else:
        free = [number for number in range(1, 9) if f"EXAMPLE-{number:04d}" not in gone]
        some = dice.sample(free, min(len(free), dice.choice([1, 1, 2])))
        # A later date wins; now and then one that lost, which changes nothing that is served.
        date = f"{2000 + day}-01-01" if dice.random() < 0.9 else "1999-01-01"
        catalogue.publish(*(made_up(dice, number) for number in some), dates=date)


@pytest.mark.parametrize(
    "steps", [pytest.param(15, marks=pytest.mark.nightly), pytest.param(200, marks=pytest.mark.nightly)]
)
def test_whatever_a_reader_could_see_has_the_datestamp_of_its_change(tmp_path: Path, steps: int) -> None:
    dice, catalogue = random.Random(11), Catalogue(tmp_path, Clock())
    seen: dict[str, object] = {}
    known: dict[str, Change] = {}
    moved_by_others = 0
    for day in range(steps):
        step(catalogue, dice, day)
        with snapshot(catalogue) as opened, catalogue.opened() as changes:
            now = {accession: told(opened, accession) for accession in opened.search.accessions()}
            state = {change.accession: change for change in changes.listed(Window(), 1000)}
            stated = {entry.accession for entry in _entries(catalogue, opened.generation)}
            assert {name for name, change in state.items() if change.is_held} == set(now)
            assert {name for name, change in state.items() if not change.is_held} == set(
                opened.meta["withdrawn"]
            )
            for accession, change in state.items():
                is_new = change.time == changes.time
                differs = now.get(accession) != seen.get(accession)
                assert is_new or not differs, f"{accession} changed in step {day}, untold"
                moved_by_others += is_new and accession not in stated
                if not is_new:
                    assert change == known[accession]
        seen, known = now, state
    assert moved_by_others >= steps / 10  # the test has met what it is about


def _entries(catalogue: Catalogue, generation: int) -> list[Any]:
    ledger = catalogue.home.ledger
    return [
        entry
        for batch in ledger.batches()
        if batch.generation == generation
        for entry in ledger.entries(batch)
    ]


def test_the_four_changes(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path)

    def kinds() -> dict[str, str]:
        return {change.accession[-1]: change.kind for change in catalogue.changes()}

    catalogue.publish(study(1), study(2))
    assert kinds() == {"1": "created", "2": "created"}
    catalogue.publish(study(2, "Changed"), dates="2026-01-01")
    assert kinds() == {"1": "created", "2": "changed"}
    catalogue.publish(withdraw=["EXAMPLE-0001"])
    gone = catalogue.changes()[-1]
    assert (gone.kind, gone.reason, gone.successor) == (
        "withdrawn",
        "EXAMPLE-0001 was made up",
        "EXAMPLE-0001",
    )
    assert gone.categories == ("archive", "archive:Example")
    catalogue.publish(reinstate=["EXAMPLE-0001"])
    assert kinds() == {"1": "reinstated", "2": "changed"}
    assert catalogue.changes()[-1].reason == ""
    assert catalogue.changes()[-1].created == catalogue.changes()[0].created < catalogue.changes()[0].time


def test_what_was_superseded_on_arrival_is_no_change(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path)
    catalogue.publish(study(1), dates="2026-01-01")
    before = catalogue.changes()
    catalogue.publish(study(1, "Older"), dates="2020-01-01")
    assert catalogue.changes() == before


@pytest.mark.nightly
def test_datestamps_grow_whatever_the_clock_does(tmp_path: Path) -> None:
    clock = Clock()
    catalogue = Catalogue(tmp_path, clock)
    times = []
    for number, seconds in enumerate([0, 0, 0, -3600, 0, 7200, -86400], start=1):
        clock.go(seconds)
        catalogue.publish(study(number))
        with catalogue.opened() as changes:
            times.append(changes.time)
            assert changes.next_time == later(changes.time)
    assert times == sorted(set(times))
    assert times[0] == "2026-01-01T00:00:00Z"
    assert times[5] == "2026-01-01T01:00:00Z"
    assert [change.time for change in catalogue.changes()] == times


def test_a_study_that_leaves_a_set_stays_on_its_list_as_one_that_left(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path)
    fish = Window(category="organism:NCBITaxon_7955")
    catalogue.publish(study(1, organism=[FISH]), study(2, organism=[FISH]))
    catalogue.publish(study(1, organism=[HUMAN]), dates="2026-01-01")
    found = {change.accession: change.is_held for change in catalogue.changes(fish)}
    assert found == {"EXAMPLE-0001": False, "EXAMPLE-0002": True}
    assert catalogue.changes()[-1].is_held
    catalogue.publish(study(1, "Fish again", organism=[FISH]), dates="2026-01-02")
    assert all(change.is_held for change in catalogue.changes(fish))
    assert len(catalogue.changes(fish)) == 2


def test_an_other_study_makes_a_study_correlative(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path)
    catalogue.publish(study(1))
    link = {"link_to": "EXAMPLE-0001", "link_relation": "images_same_specimen", "evidence_kind": "prose"}
    catalogue.publish(study(2, related=[{**link, "asserted_by": "depositor", "confidence": 1.0}]))
    correlative = Window(category="correlative")
    assert [change.accession for change in catalogue.changes(correlative)] == ["EXAMPLE-0001", "EXAMPLE-0002"]
    assert {change.time for change in catalogue.changes(correlative)} == {catalogue.changes()[-1].time}
    catalogue.publish(withdraw=["EXAMPLE-0002"])
    one, other = catalogue.changes(correlative)
    assert (one.accession, one.kind, one.left) == ("EXAMPLE-0001", "changed", True)
    assert (other.accession, other.kind) == ("EXAMPLE-0002", "withdrawn")


@pytest.mark.nightly
def test_a_catalogue_built_anew_forgets_no_withdrawal_and_goes_back_with_no_datestamp(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path, Clock())
    catalogue.publish(study(1, organism=[FISH]), study(2, organism=[HUMAN]))
    catalogue.publish(withdraw=["EXAMPLE-0001"])
    before = {change.accession: change for change in catalogue.changes()}
    catalogue.publish(anew=True)
    after = {change.accession: change for change in catalogue.changes()}
    assert after["EXAMPLE-0001"] == before["EXAMPLE-0001"]
    assert after["EXAMPLE-0002"].time == "2026-01-01T00:00:02Z"
    assert after["EXAMPLE-0002"].kind == "changed"
    assert after["EXAMPLE-0002"].created == before["EXAMPLE-0002"].created


def test_going_on_after_a_place_misses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path)
    for batch in range(3):
        catalogue.publish(*(study(10 * batch + number) for number in range(5)))
    whole = catalogue.changes()
    with catalogue.opened() as changes:
        found: list[Change] = []
        while page := changes.listed(Window(after=found[-1].place if found else ("", "")), 2):
            window = Window(after=found[-1].place if found else ("", ""))
            assert changes.count(window) == 15 - len(found)
            found += page
        assert found == whole
        middle = Window(since=whole[5].time, until=whole[9].time)
        assert changes.listed(middle, 100) == whole[5:10]
        assert changes.count(middle) == 5
        assert [name for name, _ in changes.held("", 4)] == sorted(one.accession for one in whole)[:4]
        assert [after for after, _ in changes.parts(6)] == ["", "EXAMPLE-0010", "EXAMPLE-0021"]


def test_a_generation_of_an_older_version_says_what_to_do(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path)
    catalogue.publish(study(1))
    generation = catalogue.home.current()
    assert generation
    (generation.path / "search" / "changes.sqlite").unlink()
    with pytest.raises(StoreDamaged, match="rembigraph restore"), Changes.opened(generation.path):
        pass


def test_sets_have_names_that_the_protocol_allows() -> None:
    found = list(
        sorted_into(
            [
                ("organism", "http://purl.obolibrary.org/obo/NCBITaxon_9606", "Homo sapiens"),
                ("organism", "a fish, not named", "a fish, not named"),
                ("method", "https://terms.example/a b/ü#x:y&z", "Odd"),
                ("licence", "https://creativecommons.org/licenses/by/4.0/", "x"),
                ("licence", "", ""),
            ]
        )
    )
    specs = list(dict.fromkeys(one.spec for one in found))
    assert specs[:3] == ["organism", "organism:NCBITaxon_9606", "method"]
    assert specs[-2:] == ["licence", "licence:CC-BY-4.0"]
    assert all(
        part.isascii() and " " not in part and "&" not in part for spec in specs for part in spec.split(":")
    )


@pytest.mark.parametrize(
    ("stamps", "expected"),
    [
        (["2026-01-01T00:00:00Z"] * 3, ["00", "01", "02"]),
        (["2026-01-01T00:00:05Z", "2026-01-01T00:00:01Z", "2026-01-01T00:00:09Z"], ["05", "06", "09"]),
    ],
)
def test_times_of_generations_become_datestamps_that_grow(stamps: list[str], expected: list[str]) -> None:
    found = strictly_later(dict(enumerate(stamps, start=1)))
    assert [stamp[17:19] for _, stamp in found] == expected
