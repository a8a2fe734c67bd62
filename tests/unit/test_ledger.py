"""The ledger: replaying gives the state; a torn tail is cut, damage is never taken for one."""

import json
import random
import tracemalloc
from pathlib import Path

import pytest
from rembigraph.catalogue.ledger import (
    Ledger,
    LedgerState,
    RecordEntry,
    ReinstatementEntry,
    WithdrawalEntry,
)
from rembigraph.ontology.errors import StoreDamaged

TIME = "2024-05-06T07:08:09Z"


def entry(name="a", *, generation=1, accession="S-BIAD1", state="active", quality="original", date=""):
    return RecordEntry(
        generation=generation,
        time=TIME,
        accession=accession,
        source="gide",
        state=state,
        source_sha256=f"source-{name}",
        quads_sha256=f"quads-{name}",
        triples=3,
        quads=5,
        mapping_version="1",
        quality=quality,
        source_date=date,
        file=f"{name}.json",
        reason="" if state == "active" else "because",
    )


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    (tmp_path / "ledger.jsonl").touch()
    return Ledger(tmp_path / "ledger.jsonl")


def filled(ledger: Ledger, batches: int = 3) -> Ledger:
    for number in range(1, batches + 1):
        lines = [entry(f"{number}-{k}", generation=number, accession=f"S-BIAD{number}{k}") for k in range(2)]
        ledger.append(lines, generation=number, time=TIME)
    return ledger


def test_an_empty_or_absent_ledger_is_the_beginning(ledger):
    assert ledger.read() == LedgerState()
    ledger.path.unlink()
    assert ledger.read().generation == 0


def test_replaying_gives_back_what_was_written(ledger):
    first, better = entry("a"), entry("b", generation=2, quality="curated")
    old = entry("a", generation=2, state="superseded")
    gone = entry("b", generation=3, quality="curated", state="withdrawn")
    withdrawal = WithdrawalEntry(generation=3, time=TIME, accession="S-BIAD1", reason="error", successor="X")
    ledger.append([first], generation=1, time=TIME)
    ledger.append([old, better], generation=2, time=TIME)
    ledger.append([withdrawal, gone], generation=3, time=TIME)

    state = ledger.read()
    assert (state.generation, state.time) == (3, TIME)
    assert state.active == {}
    assert state.withdrawn == {"S-BIAD1": withdrawal}
    assert state.superseded(("S-BIAD1", "gide")) == [old]
    assert state.variants["S-BIAD1", "gide"] == {"source-a": old, "source-b": gone}
    assert state.sources("S-BIAD1") == ("gide",)
    assert state.sources("S-BIAD2") == ()

    assert ledger.read(until=2).active == {("S-BIAD1", "gide"): better}
    assert ledger.read(until=2).withdrawn == {}
    assert ledger.read(until=1).records_of("S-BIAD1") == [first]
    assert ledger.history("S-BIAD1") == [first, old, better, withdrawal, gone]

    back = ReinstatementEntry(generation=4, time=TIME, accession="S-BIAD1")
    ledger.append([back, better], generation=4, time=TIME)
    assert ledger.read().withdrawn == {}
    assert ledger.read().accessions() == ["S-BIAD1"]


def test_a_copied_state_is_independent(ledger):
    state = filled(ledger).read()
    before = ledger.read()
    copy = state.copy()
    copy.apply(entry("1-0", generation=4, accession="S-BIAD10", state="superseded"))
    copy.apply(entry("new", generation=4, accession="S-BIAD10"))
    copy.apply(WithdrawalEntry(generation=4, time=TIME, accession="S-BIAD11", reason=""))
    assert state == before
    assert copy != state


def test_lines_are_as_documented(ledger):
    ledger.append([entry("a", state="superseded"), entry("b")], generation=1, time=TIME)
    superseded, active, commit = (json.loads(line) for line in ledger.path.read_text().splitlines())
    assert list(superseded) == [
        *("kind", "generation", "time", "accession", "source", "state", "source_sha256", "quads_sha256"),
        *("triples", "quads", "mapping_version", "quality", "source_date", "file", "reason"),
    ]
    assert "reason" not in active
    assert (commit["kind"], commit["generation"], commit["records"]) == ("publish", 1, 2)


def test_a_file_name_with_strange_characters_survives(ledger):
    strange = RecordEntry(**{**vars(entry()), "file": 'a\nb\u2028"\udcff.json'})
    ledger.append([strange], generation=1, time=TIME)
    assert ledger.read().records_of("S-BIAD1") == [strange]


def test_every_way_to_tear_the_last_batch_gives_the_state_before(ledger):
    filled(ledger, 2)
    before, size = ledger.read(), ledger.path.stat().st_size
    filled_three = entry("x", generation=3)
    ledger.append([filled_three], generation=3, time=TIME)
    whole = ledger.path.read_bytes()
    for cut in range(size, len(whole)):
        ledger.path.write_bytes(whole[:cut])
        assert ledger.read() == before
    # A block that never reached the disk, as a power failure leaves it.
    ledger.path.write_bytes(whole[:size] + b"\0" * 40 + whole[size + 40 :])
    assert ledger.read() == before
    assert ledger.cut_torn_tail() == len(whole) - size
    assert ledger.path.read_bytes() == whole[:size]
    assert ledger.cut_torn_tail() == 0
    ledger.append([filled_three], generation=3, time=TIME)
    assert ledger.path.read_bytes() == whole


def test_damage_before_the_last_batch_is_never_taken_for_a_torn_tail(ledger):
    whole = filled(ledger).path.read_bytes()
    end = len(whole) - len(b"".join(whole.splitlines(keepends=True)[-3:]))
    dice = random.Random(1)
    for position in dice.sample(range(end), 200):
        flipped = bytes([whole[position] ^ (1 << dice.randrange(8))])
        ledger.path.write_bytes(whole[:position] + flipped + whole[position + 1 :])
        with pytest.raises(StoreDamaged, match="damaged"):
            ledger.read()
        with pytest.raises(StoreDamaged, match="damaged"):
            ledger.cut_torn_tail()


def test_a_lost_or_repeated_line_in_the_middle_is_damage(ledger):
    lines = filled(ledger).path.read_bytes().splitlines(keepends=True)
    for damaged in (lines[:3] + lines[4:], lines[:4] + lines[3:], lines[:3] + lines[:3] + lines[3:]):
        ledger.path.write_bytes(b"".join(damaged))
        with pytest.raises(StoreDamaged):
            ledger.read()


@pytest.mark.parametrize("block", [1, 7, 64, 2**20])
def test_a_commit_line_is_found_whatever_the_size_of_blocks(ledger, block, monkeypatch):
    monkeypatch.setattr("rembigraph.catalogue.ledger._BLOCK", block)
    assert ledger.commit_of(1) is None
    batches = list(filled(ledger).batches())
    assert [ledger.commit_of(number) for number in (1, 2, 3)] == [batch.commit for batch in batches]
    assert ledger.commit_of(4) is ledger.commit_of(0) is None


def test_no_commit_is_given_of_a_batch_with_a_changed_byte(ledger):
    first, second, _ = filled(ledger).batches()
    whole, start = ledger.path.read_bytes(), len(first.content)
    for place in range(start + len(second.content)):
        ledger.path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        try:
            found = ledger.commit_of(2)
        except StoreDamaged:
            found = None
        assert found in ([None] if place >= start else [None, second.commit]), place


def test_a_commit_line_without_its_end_is_none(ledger):
    filled(ledger)
    ledger.path.write_bytes(ledger.path.read_bytes()[:-1])
    with pytest.raises(StoreDamaged):
        ledger.commit_of(3)


def test_looking_for_a_commit_takes_no_memory(ledger):
    ledger.append([entry(str(number)) for number in range(50_000)], generation=1, time=TIME)
    assert ledger.path.stat().st_size > 10_000_000
    tracemalloc.start()
    try:
        assert ledger.commit_of(1)
        assert tracemalloc.get_traced_memory()[1] < 4 * 2**20
    finally:
        tracemalloc.stop()


def test_a_line_of_an_unknown_kind_is_refused(ledger):
    class Strange(ReinstatementEntry):
        kind = "embargo"

    strange = Strange(generation=1, time=TIME, accession="S-BIAD1")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rembigraph.catalogue.ledger._FIELDS", {Strange: ("generation", "time", "accession")})
        ledger.append([strange], generation=1, time=TIME)
    with pytest.raises(StoreDamaged, match="unknown kind 'embargo'"):
        ledger.read()


def test_rank_is_quality_then_date_then_hash():
    entries = [
        entry("b", quality="curated", date="2020-01-01"),
        entry("c", quality="original", date="2024-01-02"),
        entry("d", quality="original", date="2024-01-01"),
        entry("b", quality="original"),
        entry("a", quality="original"),
        entry("z", quality="draft", date="2030-01-01"),
    ]
    assert sorted(entries, key=lambda each: each.rank, reverse=True) == entries
