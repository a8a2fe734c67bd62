"""What pages read of a study: the same as the store says, whatever happened to the study."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rembigraph.catalogue.derive import derive
from rembigraph.catalogue.findings import Finding, findings_about
from rembigraph.catalogue.fsck import examine
from rembigraph.catalogue.lookups import record_view
from rembigraph.catalogue.publish import Withdrawal, Writer
from rembigraph.catalogue.read_model import (
    pack_findings,
    pack_view,
    unpack_findings,
    unpack_view,
    write_record,
)
from rembigraph.catalogue.recordview import RecordView, Value, merge, natural_key
from rembigraph.catalogue.restore import restore
from rembigraph.ontology.errors import StoreDamaged

from tests.made_catalogue import DATA, made, opened, publish, study

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SUBJECTS = st.sampled_from([f"{DATA}EXAMPLE-0001/image/{number}" for number in (1, 2, 10)])
VALUES = st.builds(
    Value, TEXTS, st.booleans(), st.sampled_from(["", "urn:integer"]), st.sampled_from(["", "ja"])
)
TRIPLES = st.tuples(SUBJECTS, st.sampled_from(["urn:title", "urn:size"]), VALUES)
SAID = st.frozensets(st.sampled_from(["rembigraph", "gide", "bia-v1"]), min_size=1)


@given(st.dictionaries(TRIPLES, SAID, max_size=20))
def test_facts_are_unpacked_as_they_were_packed(said):
    facts = merge(said)
    origins = {
        subject: frozenset().union(*(by for at, by in said.items() if at[0] == subject)) for subject in facts
    }
    view = RecordView(
        "EXAMPLE-0001", f"{DATA}EXAMPLE-0001", ("rembigraph", "gide", "bia-v1"), facts, origins, said
    )
    again = unpack_view(pack_view(view), view.accession, view.iri)
    assert again == view
    assert [list(by.items()) for by in again.facts.values()] == [list(by.items()) for by in facts.values()]


@given(st.lists(st.builds(Finding, TEXTS, TEXTS, SUBJECTS, TEXTS, TEXTS, TEXTS, TEXTS)))
def test_findings_are_unpacked_in_their_order(findings):
    assert unpack_findings(pack_findings(findings)) == findings


@pytest.mark.parametrize("row", [b"", b"x", pack_findings([])[:-3]])
def test_a_torn_row_is_a_clear_error(row):
    with pytest.raises(StoreDamaged, match="row of the index") as caught:
        unpack_findings(row)
    assert "restore" in caught.value.fix


def assert_as_stored(snapshot):
    for accession in snapshot.search.accessions():
        view = record_view(snapshot._store, snapshot.iris, accession)
        row = snapshot.search.record(snapshot.iris, accession)
        assert row == view, accession
        assert list(row.facts) == sorted(row.facts, key=natural_key)
        assert snapshot.search.findings(accession) == findings_about(snapshot._store, snapshot.iris, view)


def test_the_sample_is_read_as_it_is_stored(snapshot):
    assert len(snapshot.search.accessions()) > 10
    assert_as_stored(snapshot)


def test_what_changes_is_read_anew(tmp_path):
    home = made(tmp_path / "home", [study("EXAMPLE-0001"), study("EXAMPLE-0002")])
    publish(home, study("EXAMPLE-0002", "Another title", modified="2026-01-01"))
    with opened(home) as snapshot:
        assert snapshot.record("EXAMPLE-0002").study.text("title") == "Another title"
        assert_as_stored(snapshot)
    with Writer(home, derive) as writer:
        writer.publish([], withdraw=[Withdrawal("EXAMPLE-0001", "made up")])
    with opened(home) as snapshot:
        assert snapshot.record("EXAMPLE-0001") is None
        assert snapshot.search.findings("EXAMPLE-0001") == []
        assert_as_stored(snapshot)
    assert examine(home).is_sound


def test_fsck_tells_of_a_row_that_says_something_else(tmp_path, monkeypatch):
    def forgetful(index, study, view):
        write_record(index, study, replace(view, facts={view.iri: view.facts[view.iri]}))

    monkeypatch.setattr("rembigraph.catalogue.read_model.write_record", forgetful)
    home = made(tmp_path / "home", study("EXAMPLE-0001", image=[{"key": "one", "title": "One"}]))
    monkeypatch.undo()
    (damage,) = examine(home).damages
    assert (damage.code, damage.message[:33]) == ("index", "it says of 1 studies, as EXAMPLE-")
    restore(home)
    assert examine(home).is_sound
