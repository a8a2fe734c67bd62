"""Records of every format hold what a person who read the source says they must, and nothing else in those slots."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from gold_facts import Fact, Gold, Score, changed_files, compare, read_gold, unknown_slots
from rembigraph import loaders
from rembigraph.loaders.reading import Reading

OWN = Path(__file__).parent / "facts"
FORMATS = ("gide", "pagetab", "empiar", "bia_v1", "bia_model")
PRECISION, RECALL = 0.99, 0.95


@pytest.fixture(scope="module")
def folder(request: pytest.FixtureRequest) -> Path:
    """Folder of the facts: `--gold DIR`, `REMBIGRAPH_GOLD`, or our own."""
    given = request.config.getoption("--gold") or os.environ.get("REMBIGRAPH_GOLD")
    return Path(given) if given else OWN


@pytest.fixture(scope="module")
def gold(folder: Path) -> list[Gold]:
    return read_gold(folder)


def read_record(one: Gold, realdata: Path) -> tuple[dict[str, Any] | None, list[str]]:
    """Read the record of a gold document through the loaders, as `load` does; with what went wrong."""
    paths = [str(realdata / name) for name in one.files]
    found = [result for document in loaders.documents_of(paths) for result in _read(document)]
    readings = [result for result in found if isinstance(result, Reading)]
    faults = [f"{one.name}: {result}" for result in found if not isinstance(result, Reading)]
    if len(readings) != 1:
        faults.append(f"{one.name}: {len(readings)} studies where there is one")
    fits = [reading for reading in readings if one.accession in ("", reading.study.accession)]
    if not fits:
        faults.append(f"{one.name}: no study {one.accession}")
        return None, faults
    return fits[0].study.model_dump(mode="json"), faults


def _read(document: Any) -> list[Any]:
    return [document] if isinstance(document, Exception) else list(loaders.read(document))


@pytest.mark.realdata
def test_facts_are_written_for_the_files_and_slots_that_there_are(gold: list[Gold], shared: Path) -> None:
    wrong = [
        f"{one.name}: other bytes: {name}" for one in gold for name in changed_files(one, shared / "realdata")
    ]
    wrong += [
        f"{one.name}: {fact.path}: no slot {slot}"
        for one in gold
        for fact in one.facts
        for slot in unknown_slots(fact.path)
    ]
    assert not wrong, "\n".join(wrong)


def test_our_gold_set_covers_every_format() -> None:
    own = read_gold(OWN)
    count = {name: sum(one.format == name for one in own) for name in FORMATS}
    assert sum(count.values()) == len(own) >= 30
    assert min(count.values()) >= 5, count


@pytest.mark.realdata
def test_records_hold_the_facts(gold: list[Gold], shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    total, faults = Score(), []
    by_format: dict[str, Score] = defaultdict(Score)
    by_slot: dict[str, Score] = defaultdict(Score)
    for one in gold:
        record, wrong = read_record(one, shared / "realdata")
        faults += wrong
        for fact in one.facts:
            score = compare(one, fact, record)
            for place in (total, by_format[one.format], by_slot[fact.path]):
                place.add(score)
    with capsys.disabled():
        print(_report(total, by_format, by_slot, faults))
    listed = "\n".join([*faults, *total.differences])
    assert total.precision >= PRECISION, f"precision {total.precision:.4f}\n{listed}"
    assert total.recall >= RECALL, f"recall {total.recall:.4f}\n{listed}"


def _report(total: Score, by_format: dict[str, Score], by_slot: dict[str, Score], faults: list[str]) -> str:
    lines = ["", *(_line(name, score) for name, score in sorted(by_format.items()))]
    lines.append(_line("all", total))
    lines += [_line(path, score) for path, score in sorted(by_slot.items()) if score.differences]
    return "\n".join([*lines, *faults, *total.differences])


def _line(name: str, score: Score) -> str:
    return (
        f"{name}: precision {score.precision:.4f} ({score.right}/{score.given}), "
        f"recall {score.recall:.4f} ({score.found}/{score.expected})"
    )


RECORD = {
    "id": "EXAMPLE-0001",
    "title": "A  study",
    "biosample": [{"id": "EXAMPLE-0001/biosample/a", "title": "A", "organism": [{"id": "NCBITaxon:9606"}]}],
    "component": [
        {"title": "One", "association": [{"uses_biosample": ["EXAMPLE-0001/biosample/a"]}]},
        {"title": "Two", "association": [{"uses_biosample": []}]},
    ],
}


@pytest.mark.parametrize(
    ("path", "values", "right", "found"),
    [
        ("title", ["A study"], 1, 1),
        ("title", [{"begins": "A study", "length": 7}], 1, 1),
        ("title", [{"begins": "A study", "length": 8}], 0, 0),
        ("biosample.organism.id", ["http://purl.obolibrary.org/obo/NCBITaxon_9606"], 1, 1),
        ("biosample.organism.id", [], 0, 0),
        ("component.association[^title, uses_biosample.title]", [["One", "A"], ["Two", None]], 2, 2),
        ("component.association[^title, uses_biosample.title]", [["Two", "A"]], 0, 0),
        ("title|component.title", ["A study", "One"], 2, 2),
        ("biosample.id~biosample/a", ["EXAMPLE-0001/biosample/a"], 1, 1),
    ],
)
def test_comparing_finds_what_is_there_and_what_is_not(
    path: str, values: list[Any], right: int, found: int
) -> None:
    score = compare(Gold("made-up", "gide", "", {}, ()), Fact(path, tuple(values)), RECORD)
    assert (score.right, score.found) == (right, found)
    assert bool(score.differences) == (right < score.given or found < len(values))


def test_paths_are_checked_against_the_model() -> None:
    assert unknown_slots("component.association[^title, uses_biosample.organism.id]") == []
    assert unknown_slots("component.nonsense") == ["nonsense"]
    assert unknown_slots("component[titel]") == ["titel"]
