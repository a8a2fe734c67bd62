"""Publishing: what readers see is always whole, and is what the records say, whatever happens on the way."""

import errno
import io
import itertools
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import DefaultGraph, NamedNode, Quad, RdfFormat, Store
from rembigraph.catalogue.generations import contributes, default_copies, dump, replace_graph
from rembigraph.catalogue.home import KEPT_GENERATIONS, Home
from rembigraph.catalogue.publish import CanonicalRecord, Decision, Withdrawal, Writer
from rembigraph.catalogue.soundness import check_files
from rembigraph.ontology.errors import StoreDamaged, StoreLocked, UnknownAccession, UsageError

DATA = "https://example.org/id/"
LOADED, UNCHANGED, SUPERSEDED, WITHDRAWN = Decision
SHARED_GRAPHS = ("links", "provenance", "validation")


def record(
    accession="S-BIAD1", source="gide", version=0, *, quality="original", date="", mapping="1", size=4
):
    """Make a record whose triples overlap with those of other sources, accessions and versions."""
    own, study = f"<{DATA}graph/{accession}/{source}>", f"<{DATA}{accession}>"
    lines = {f'{study} <http://p/version> "{version} {mapping}" {own} .'}
    lines |= {
        f"<http://taxon/{(version + k) % 5}> <http://p/label> <http://taxon/x> {own} ." for k in range(size)
    }
    lines |= {f'{study} <http://p/title> "title {version % 2}" {own} .'}
    lines |= {f"{study} <http://p/linked> <http://o/{version % 3}> <{DATA}graph/links> ."}
    lines |= {
        f"{study} <http://p/title> <http://o/both> {graph} ." for graph in (own, f"<{DATA}graph/links>")
    }
    lines |= {f'{study} <http://p/made> "by {source} {version % 2}" <{DATA}graph/provenance> .'}
    if version % 2:
        lines |= {f'<{DATA}{accession}/v> <http://p/found> "x" <{DATA}graph/validation> .'}
    quads = "".join(f"{line}\n" for line in sorted(lines)).encode()
    body = json.dumps([accession, source, version, quality, date]).encode()
    return CanonicalRecord(accession, source, body, quads, mapping, quality, date, f"{version}.json")


def derive(context):
    return {"touched": sorted(context.touched), "records": len(context.state.active)}


def content(store):
    """Return all quads of a store as sorted lines of N-Quads."""
    return sorted(store.dump(format=RdfFormat.N_QUADS).splitlines())


def expected(records):
    """Say, from first principles, what a store with these records holds."""
    quads = {line for each in records for line in each.quads.splitlines()}
    default = {
        line.rsplit(b" ", 2)[0] + b" ."
        for line in quads
        if b"graph/provenance>" not in line and b"graph/validation>" not in line
    }
    return sorted(quads | default)


def served(home):
    generation = home.current()
    return content(generation.open_store()) if generation else []


def dumped(home):
    out = io.BytesIO()
    dump(home, out)
    return out.getvalue()


def assert_serves(home, records):
    """Check store, names of graphs, dump and meta.json against the records that should be active."""
    records = sorted(records, key=lambda each: each.key)
    store = home.current().open_store()
    assert content(store) == expected(records)
    graphs = {
        NamedNode(line.rsplit(b" ", 2)[1][1:-1].decode()) for r in records for line in r.quads.splitlines()
    }
    assert set(store.named_graphs()) == graphs
    assert dumped(home) == b"".join(each.quads for each in records)
    meta = home.current().meta
    assert meta["records"] == len(records)
    assert meta["quads"] == sum(each.quad_count for each in records)
    assert set(home.state().active) == {each.key for each in records}


@pytest.fixture
def home(tmp_path):
    return Home.init(tmp_path / "home", DATA)


@pytest.fixture
def writer(home):
    with Writer(home, derive) as writer:
        yield writer


class TestHome:
    def test_init_is_idempotent_and_keeps_the_data_base(self, tmp_path):
        (tmp_path / "rembigraph.toml").touch()
        first = Home.init(tmp_path, DATA)
        before = sorted(tmp_path.rglob("*"))
        assert Home.init(tmp_path, DATA).data_base == first.data_base == Home.open(tmp_path).data_base
        assert sorted(tmp_path.rglob("*")) == before
        with pytest.raises(UsageError, match="cannot be changed"):
            Home.init(tmp_path, "https://other.org/")
        assert first.current() is None
        assert dumped(first) == b""

    @pytest.mark.parametrize("iri", ["", "id/", "https://example.org", "ftp://example.org/", "https://a b/"])
    def test_a_data_base_must_be_a_web_folder(self, tmp_path, iri):
        with pytest.raises(UsageError, match="data base"):
            Home.init(tmp_path / "home", iri)
        assert not (tmp_path / "home").exists()

    def test_a_foreign_folder_is_left_alone(self, tmp_path):
        (tmp_path / "thesis.tex").touch()
        with pytest.raises(UsageError, match=r"thesis\.tex"):
            Home.init(tmp_path, DATA)
        with pytest.raises(UsageError, match="rembigraph init"):
            Home.open(tmp_path)
        with pytest.raises(UsageError, match="not a folder"):
            Home.init(tmp_path / "thesis.tex", DATA)

    def test_an_interrupted_init_can_be_done_again(self, tmp_path):
        (tmp_path / "archive").mkdir()
        (tmp_path / "rembigraph.json.tmp").write_text("{")
        assert Home.init(tmp_path, DATA).data_base == DATA

    def test_a_strange_configuration_is_refused(self, home):
        configuration = home.path / "rembigraph.json"
        configuration.write_text('{"format": 2, "data_base": "https://example.org/"}')
        with pytest.raises(UsageError, match="format 2"):
            Home.open(home.path)
        configuration.write_text("{")
        with pytest.raises(StoreDamaged):
            Home.open(home.path)


class TestDefaultGraph:
    def test_which_graphs_count(self):
        counted = [f"{DATA}graph/S-BIAD1/gide", f"{DATA}graph/links", f"{DATA}graph/terms"]
        other = [
            *(f"{DATA}graph/{name}" for name in ("provenance", "validation", "inferred")),
            "http://shapes",
        ]
        assert all(contributes(graph, DATA) for graph in counted)
        assert not any(contributes(graph, DATA) for graph in [*other, f"{DATA}graph/a/b/c"])

    def test_copies_are_those_of_the_contributing_graphs(self):
        quads = record(version=1).quads
        copies = set(default_copies(quads, DATA).splitlines())
        assert copies == set(expected([record(version=1)])) - set(quads.splitlines())

    @pytest.mark.parametrize("few", [0, 1000], ids=["in bulk", "one by one"])
    def test_a_replaced_graph_of_terms(self, monkeypatch, few):
        monkeypatch.setattr("rembigraph.catalogue.generations._FEW_QUADS", few)
        store = Store()
        terms, inferred = f"{DATA}graph/terms", f"{DATA}graph/inferred"
        study = NamedNode(f"{DATA}graph/S-BIAD1/gide")
        store.bulk_load(b"<http://a> <http://p> <http://o> .", format=RdfFormat.N_TRIPLES, to_graph=study)
        store.bulk_load(b"<http://a> <http://p> <http://o> .", format=RdfFormat.N_TRIPLES)
        for names in ("ab", "bc", "", "a", "c"):
            triples = "".join(f"<http://{name}> <http://p> <http://o> .\n" for name in names).encode()
            replace_graph(store, terms, triples, DATA)
            replace_graph(store, inferred, b"<http://z> <http://p> <http://o> .\n", DATA)
            default = {q.subject.value for q in store.quads_for_pattern(None, None, None, DefaultGraph())}
            assert default == {"http://a", *(f"http://{name}" for name in names)}
            in_graph = {q.subject.value for q in store.quads_for_pattern(None, None, None, NamedNode(terms))}
            assert in_graph == {f"http://{name}" for name in names}
            assert store.contains_named_graph(NamedNode(terms)) == bool(names)

    @pytest.mark.slow
    @pytest.mark.parametrize("seed", [1, 2])
    def test_it_is_exact_after_any_history(self, home, writer, seed):
        """A model of what is active, by the rules of the documentation, stays equal to the store."""
        dice = random.Random(seed)
        received, active, withdrawn = {}, {}, set()
        accessions = ["S-BIAD1", "S-BIAD12", "EMPIAR-10001"]
        for _ in range(12):
            batch = [
                record(
                    dice.choice(accessions), dice.choice(["gide", "pagetab"]), dice.randrange(6), date=date
                )
                for date in dice.choices(["", "2024"], k=dice.randrange(5))
            ]
            gone = {dice.choice(accessions)} & {key[0] for key in received} if dice.random() < 0.3 else set()
            back = {each for each in withdrawn - gone if dice.random() < 0.5}
            withdrawn = withdrawn - back | gone
            writer.publish(batch, withdraw=[Withdrawal(a, "r") for a in sorted(gone)], reinstate=sorted(back))
            for each in batch:
                if each.accession not in withdrawn:
                    received.setdefault(each.key, {})[each.source_sha256] = each
            active = {
                key: max(candidates.values(), key=lambda each: (each.source_date, each.quads_sha256))
                for key, candidates in received.items()
                if key[0] not in withdrawn
            }
            if home.current():
                assert_serves(home, active.values())
        assert active


class TestWinner:
    def test_quality_then_date_then_hash(self, writer, home):
        draft = record(version=1, quality="draft", date="2030")
        old, new = record(version=2, date="2020"), record(version=3, date="2021")
        curated = record(version=4, quality="curated")
        assert writer.publish([new, draft, old]).decisions == (LOADED, SUPERSEDED, SUPERSEDED)
        assert_serves(home, [new])
        assert writer.publish([curated, curated, new]).decisions == (LOADED, UNCHANGED, SUPERSEDED)
        assert_serves(home, [curated])
        losers = home.state().superseded(curated.key)
        assert [entry.quads_sha256 for entry in losers] == [r.quads_sha256 for r in (new, old, draft)]
        assert "4.json (curated)" in losers[0].reason
        for loser in (new, old, draft):
            assert home.archive.read_source(*loser.key, loser.source_sha256) == loser.source_bytes
            assert home.archive.read_quads(*loser.key, loser.quads_sha256) == loser.quads

    def test_a_superseded_record_stays_so_and_is_not_written_again(self, writer, home):
        better, worse = record(version=1, quality="curated"), record(version=2)
        writer.publish([better])
        assert writer.publish([worse]).decisions == (SUPERSEDED,)
        size = home.ledger.path.stat().st_size
        again = writer.publish([worse, better])
        assert again.decisions == (SUPERSEDED, UNCHANGED)
        assert not again.published
        assert home.ledger.path.stat().st_size == size

    def test_decide_knows_without_mapping(self, writer):
        better, worse, other = record(version=1, quality="curated"), record(version=2), record("S-BIAD2")
        writer.publish([better, worse, other])
        writer.publish([], withdraw=[Withdrawal("S-BIAD2", "r")])
        for each, decision in ((better, UNCHANGED), (worse, SUPERSEDED), (other, WITHDRAWN)):
            assert writer.decide(*each.key, each.source_sha256, each.mapping_version) == decision
        assert writer.decide(*better.key, better.source_sha256, "2") is None
        assert writer.decide(*better.key, "0" * 64, "1") is None
        assert writer.decide("S-BIAD3", "gide", better.source_sha256, "1") is None

    def test_a_new_mapping_of_a_document_replaces_the_old_one(self, writer, home):
        for mapping in "23456":  # whichever hash is greater
            again = record(mapping=mapping)
            assert writer.publish([again]).decisions == (LOADED,)
            assert_serves(home, [again])
        assert writer.decide(*again.key, again.source_sha256, "2") is None
        assert home.state().superseded(again.key) == []

    def test_a_mapping_that_sees_less_worth_gives_way_to_the_other_document(self, writer, home):
        best, second = record(version=1, date="2024"), record(version=2, date="2023")
        writer.publish([best, second])
        demoted = replace(best, mapping_version="2", source_date="")
        assert writer.publish([demoted]).decisions == (SUPERSEDED,)
        assert_serves(home, [second])
        assert writer.publish([demoted, second]).decisions == (SUPERSEDED, UNCHANGED)

    def test_documents_with_the_same_quads_do_not_depend_on_order(self, tmp_path):
        twins = [replace(record(), source_bytes=body) for body in (b"{}", b"{ }")]
        winners = []
        for number, order in enumerate((twins, twins[::-1])):
            home = Home.init(tmp_path / str(number), DATA)
            with Writer(home, derive) as writer:
                for each in order:
                    writer.publish([each])
            assert_serves(home, twins[:1])
            winners.append(home.state().active[twins[0].key].source_sha256)
        assert winners[0] == winners[1]

    @pytest.mark.slow
    @settings(max_examples=5, deadline=None)
    @given(st.data())
    def test_order_and_batches_do_not_matter(self, tmp_path_factory, data):
        pool = [
            record(accession, source, version, quality=quality, date=date)
            for accession, source in itertools.product(["S-BIAD1", "S-BIAD2"], ["gide", "pagetab"])
            for version, quality, date in [(0, "draft", "2024"), (1, "original", ""), (2, "original", "2023")]
        ] + [record("S-BIAD1", "gide", version) for version in (3, 4)]
        order = data.draw(st.permutations(pool))
        cuts = sorted(data.draw(st.sets(st.integers(1, len(pool) - 1), max_size=4)))
        results = []
        for batches in ([pool], [order[a:b] for a, b in itertools.pairwise([0, *cuts, len(pool)])]):
            home = Home.init(tmp_path_factory.mktemp("home") / "home", DATA)
            with Writer(home, derive) as writer:
                for batch in batches:
                    writer.publish(batch)
            active = {key: entry.source_sha256 for key, entry in home.state().active.items()}
            losers = {key: [e.source_sha256 for e in home.state().superseded(key)] for key in active}
            results.append((served(home), dumped(home), active, losers))
        assert results[0] == results[1]


class TestPublish:
    def test_loading_again_changes_nothing(self, writer, home):
        records = [record(), record("S-BIAD2")]
        first = writer.publish(records)
        files = {path: path.stat().st_mtime_ns for path in home.path.rglob("*")}
        second = writer.publish(records)
        assert (first.generation, first.published, first.decisions) == (1, True, (LOADED, LOADED))
        assert (second.generation, second.published, second.decisions) == (1, False, (UNCHANGED, UNCHANGED))
        assert {path: path.stat().st_mtime_ns for path in home.path.rglob("*")} == files
        assert writer.publish([]).generation == 1

    def test_staged_records_give_what_records_in_memory_give(self, tmp_path):
        batches = [
            [record(), record("S-BIAD2"), record(version=1, quality="draft")],
            [record(version=2, date="2024"), record("S-BIAD2")],
        ]
        results = []
        for staged in (False, True):
            home = Home.init(tmp_path / str(staged), DATA)
            with Writer(home, derive) as writer:
                put = writer.staging().put if staged else lambda each: each
                decisions = [writer.publish(list(map(put, batch))).decisions for batch in batches]
            archived = sorted(
                (path.relative_to(home.path), path.read_bytes())
                for path in home.archive.path.glob("*/*/*")
                if path.is_file()
            )
            results.append((decisions, served(home), dumped(home), archived))
        assert results[0] == results[1]

    def test_what_is_staged_and_not_published_goes(self, home):
        with Writer(home, derive) as writer:
            writer.staging().put(record())
            writer.publish([writer.staging().put(record("S-BIAD2"))])
        assert_serves(home, [record("S-BIAD2")])
        assert {path.parent.parent.name for path in home.archive.path.glob("*/*/*.zst")} == {"S-BIAD2"}

    @pytest.mark.slow
    @pytest.mark.parametrize("size", [1, 300, 1_000, 1 << 20])
    def test_the_size_of_the_pieces_that_are_loaded_does_not_matter(self, writer, home, monkeypatch, size):
        monkeypatch.setattr("rembigraph.catalogue.generations.PIECE_BYTES", size)
        records = [record(f"S-BIAD{number}", version=number) for number in range(1, 8)]
        writer.publish(records)
        assert_serves(home, records)

    @pytest.mark.slow
    def test_a_broken_piece_among_many_stops_the_batch(self, writer, home, monkeypatch):
        monkeypatch.setattr("rembigraph.catalogue.generations.PIECE_BYTES", 1)
        records = [record(f"S-BIAD{number}") for number in range(1, 20)]
        bad = f"<{DATA}a> <not an iri> <{DATA}graph/S-BIAD7/gide> .\n".encode()
        with pytest.raises(SyntaxError):
            writer.publish([*records[:6], replace(records[6], quads=bad), *records[7:]])
        assert home.current() is None
        assert writer.publish(records).generation == 1
        assert_serves(home, records)

    def test_publishing_nothing_at_first(self, writer, home):
        assert writer.publish([]).generation == 0
        assert home.current() is None

    def test_derive_gets_the_new_store_and_its_result_is_kept(self, home):
        seen = []

        def index(context):
            seen.append((context.touched, context.previous, context.target.name, content(context.store)))
            (context.target / "search").mkdir()
            (context.target / "search" / "index").write_text(str(context.state.generation))
            return {"count": len(context.state.active)}

        with Writer(home, index) as writer:
            writer.publish([record(), record("S-BIAD2")])
            writer.publish([record("S-BIAD2", version=1, quality="curated")])
        first, second = seen
        assert first[:3] == ({"S-BIAD1", "S-BIAD2"}, None, "000001.tmp")
        assert first[3] == expected([record(), record("S-BIAD2")])
        assert second[:3] == ({"S-BIAD2"}, home.generation(1).path, "000002.tmp")
        assert (home.current().search_path / "index").read_text() == "2"
        assert home.current().meta["derived"] == {"count": 2}
        assert home.current().meta["generation"] == 2

    def test_times_are_in_ledger_and_meta_only(self, writer, home):
        writer.publish([record()])
        assert home.current().meta["time"] == home.state().time
        assert home.state().time.endswith("Z")
        assert home.state().time[:10].encode() not in dumped(home)

    def test_current_is_a_relative_link_and_old_generations_go(self, writer, home):
        for version in range(5):
            writer.publish([record(version=version, date=str(version))])
        assert (home.path / "current").readlink() == Path("generations/000005")
        assert sorted(path.name for path in home.generations.iterdir()) == ["000003", "000004", "000005"]

    @pytest.mark.slow
    def test_a_leased_generation_stays(self, writer, home):
        writer.publish([record()])
        with home.lease() as held:
            for version in range(1, 5):
                writer.publish([record(version=version, date=str(version))])
            assert content(held.open_store()) == expected([record()])
        writer.publish([record(version=5, date="5")])
        assert not held.path.exists()
        with home.lease() as current:
            assert current.number == 6

    def test_lease_of_an_empty_catalogue(self, home):
        with home.lease() as generation:
            assert generation is None

    def test_quads_that_mean_the_same_are_refused(self, writer, home):
        own = f"<{DATA}graph/S-BIAD1/gide>"
        integer = "<http://www.w3.org/2001/XMLSchema#integer>"
        lines = [f'<{DATA}S-BIAD1> <http://p> "{text}"^^{integer} {own} .\n' for text in ("01", "1")]
        with pytest.raises(StoreDamaged, match="holds 1 quads instead of 2"):
            writer.publish([replace(record(), quads="".join(lines).encode())])
        assert home.current() is None

    def test_a_record_that_is_no_rdf_stops_the_batch(self, writer, home):
        bad = replace(
            record("S-BIAD2"), quads=f"<{DATA}a> <not an iri> <{DATA}graph/S-BIAD2/gide> .\n".encode()
        )
        with pytest.raises(SyntaxError):
            writer.publish([record(), bad])
        assert home.current() is None
        assert writer.publish([record()]).generation == 1

    def test_a_store_that_differs_from_the_records_is_not_published(self, home):
        def spoil(context):
            (quad, *_) = context.store.quads_for_pattern(
                None, None, None, NamedNode(f"{DATA}graph/S-BIAD1/gide")
            )
            context.store.remove(quad)
            return {}

        with Writer(home, spoil) as writer, pytest.raises(StoreDamaged, match="named graph"):
            writer.publish([record()])
        assert home.current() is None
        assert list(home.generations.iterdir()) == []


class TestWithdrawal:
    def test_there_and_back(self, writer, home):
        both = [record(), record(source="pagetab", version=1)]
        other = record("S-BIAD2")
        loser = record(version=2, quality="draft")
        writer.publish([*both, other, loser])
        writer.publish([], withdraw=[Withdrawal("S-BIAD1", "wrong", "S-BIAD2")])
        assert_serves(home, [other])
        entry = home.state().withdrawn["S-BIAD1"]
        assert (entry.reason, entry.successor, entry.generation) == ("wrong", "S-BIAD2", 2)
        newer = record(version=5, quality="curated")
        refused = writer.publish([newer, both[0], other])
        assert refused.decisions == (WITHDRAWN, WITHDRAWN, UNCHANGED)
        assert not refused.published
        assert not home.archive.source_path(*newer.key, newer.source_sha256).exists()
        assert not writer.publish([], withdraw=[Withdrawal("S-BIAD1", "wrong", "S-BIAD2")]).published
        writer.publish([], reinstate=["S-BIAD1", "S-BIAD1"])
        assert_serves(home, [*both, other])
        assert home.state().withdrawn == {}
        assert writer.publish([newer]).decisions == (LOADED,)

    def test_the_last_study_can_go(self, writer, home):
        writer.publish([record(version=1)])
        writer.publish([], withdraw=[Withdrawal("S-BIAD1", "wrong")])
        assert_serves(home, [])

    def test_together_with_records(self, writer, home):
        writer.publish([record(), record("S-BIAD2")])
        batch = [record(version=1, date="2024"), record("S-BIAD2", version=1, date="2024")]
        result = writer.publish(batch, withdraw=[Withdrawal("S-BIAD1", "wrong")])
        assert result.decisions == (WITHDRAWN, LOADED)
        result = writer.publish(batch, reinstate=["S-BIAD1"])
        assert result.decisions == (LOADED, UNCHANGED)
        assert_serves(home, batch)

    def test_what_is_not_there(self, writer):
        writer.publish([record()])
        with pytest.raises(UnknownAccession):
            writer.publish([], withdraw=[Withdrawal("S-BIAD2", "wrong")])
        with pytest.raises(UnknownAccession):
            writer.publish([], reinstate=["S-BIAD2"])
        with pytest.raises(UsageError, match="not withdrawn"):
            writer.publish([], reinstate=["S-BIAD1"])


class TestDamage:
    def test_a_damaged_archive_file_is_found_by_dump(self, writer, home):
        writer.publish([record()])
        path = home.archive.quads_path(*record().key, record().quads_sha256)
        path.write_bytes(path.read_bytes()[:-1])
        with pytest.raises(StoreDamaged, match=path.name):
            dumped(home)

    def test_a_damaged_archive_file_stops_a_replacement(self, writer, home):
        writer.publish([record()])
        home.archive.quads_path(*record().key, record().quads_sha256).unlink()
        with pytest.raises(StoreDamaged, match="missing"):
            writer.publish([record(version=1, date="2024")])
        assert served(home) == expected([record()])

    def test_a_ledger_that_lost_a_published_batch_is_never_cut(self, writer, home):
        writer.publish([record()])
        writer.publish([record("S-BIAD2")])
        whole = home.ledger.path.read_bytes()
        home.ledger.path.write_bytes(whole[:-20])
        with pytest.raises(StoreDamaged, match="ledger ends with 1"):
            home.state()
        writer.__exit__(None, None, None)
        with pytest.raises(StoreDamaged, match="ledger ends with 1"), Writer(home, derive):
            pass
        assert home.ledger.path.read_bytes() == whole[:-20]

    def test_a_missing_generation_is_noticed_and_built_anew(self, writer, home):
        writer.publish([record()])
        home.current().path.rename(home.path / "elsewhere")
        with pytest.raises(StoreDamaged, match="missing"):
            home.current()
        (home.path / "current").unlink()
        writer.__exit__(None, None, None)
        with Writer(home, derive) as other:
            assert [damage.code for damage in other.damages] == ["generation-missing"]
            assert other.publish([]).published
        assert_serves(home, [record()])

    def test_nothing_is_built_on_a_broken_store(self, writer, home):
        writer.publish([record(), record("S-BIAD2")])
        (home.current().store_path / "CURRENT").write_bytes(b"")
        writer.publish([record(version=1, date="2024")])
        assert_serves(home, [record(version=1, date="2024"), record("S-BIAD2")])
        assert home.ledger.commit_of(2)["cause"] == "restore"

    def test_what_the_archive_has_lost_comes_back_with_the_same_record(self, writer, home):
        writer.publish([record()])
        for path in (
            home.archive.source_path(*record().key, record().source_sha256),
            home.archive.quads_path(*record().key, record().quads_sha256),
        ):
            path.write_bytes(b"")
            assert not home.archive.holds(record())
            assert not writer.publish([record()]).published
            assert home.archive.holds(record())


class TestDurability:
    def test_readers_always_find_a_current_generation(self, writer, home):
        writer.publish([record()])
        writer.publish([record("S-BIAD2")])
        seen, done = set(), threading.Event()

        def read():
            while not done.is_set():
                seen.add(home.current_number())

        reader = threading.Thread(target=read)
        reader.start()
        for number in [1, 2] * 200:
            home.switch(number)
        done.set()
        reader.join()
        assert seen <= {1, 2}

    def test_no_log_of_what_was_flushed_stays_in_a_generation(self, home):
        """Every check would read it."""
        graph, written = NamedNode(f"{DATA}graph/inferred"), 20_000

        def deriving(context):
            nodes = [NamedNode(f"http://o/{number}") for number in range(written)]
            context.store.extend(Quad(node, node, node, graph) for node in nodes)
            return derive(context)

        with Writer(home, deriving) as writer:
            writer.publish([record()])
        store = home.current().store_path
        assert sum(path.stat().st_size for path in store.glob("*.log")) < 1024
        assert len(list(home.current().open_store().quads_for_pattern(None, None, None, graph))) == written
        assert not check_files(home, home.current())

    def test_everything_is_synced_before_the_commit(self, writer, home, monkeypatch):
        writer.publish([record()])
        synced, fsync = [], os.fsync

        def recording(descriptor):
            path = Path(f"/proc/self/fd/{descriptor}").readlink()
            fsync(descriptor)
            synced.append(path)

        staged = writer.staging().put(record("S-BIAD2"))
        monkeypatch.setattr(os, "fsync", recording)
        writer.publish([staged, record(version=1, date="2024")])
        commit = synced.index(home.ledger.path)
        before, after = synced[:commit], synced[commit + 1 :]

        generation, unfinished = home.current().path, home.unfinished(2)
        own = [path for path in generation.rglob("*") if path.is_dir() or path.stat().st_nlink == 1]
        assert {path.name for path in own} >= {"meta.json", "store", "CURRENT"}
        assert {unfinished / path.relative_to(generation) for path in own} <= set(before)
        assert before.index(unfinished / "store" / "CURRENT") < before.index(unfinished / "store")
        copy = home.ledger.copies.path
        assert before[-4:] == [unfinished, home.generations, copy / "000002.jsonl.zst.tmp", copy]

        archive = home.archive.path
        assert len({path for path in before if path.is_relative_to(archive / ".incoming")}) == 4
        assert {staged.source_path, staged.quads_path} <= set(before)
        folders = [archive / "S-BIAD2" / "gide", archive / "S-BIAD2", archive]
        assert [path for path in before if path in folders] == folders
        assert after == [home.generations, home.path]


class TestLock:
    def test_one_writer(self, writer, home):
        with pytest.raises(StoreLocked, match=str(os.getpid())), Writer(home, derive):
            pass
        with pytest.raises(StoreLocked), Writer(home, derive, wait_seconds=0.1):
            pass
        writer.__exit__(None, None, None)
        with Writer(home, derive) as other:
            assert other.publish([record()]).published

    def test_it_is_free_again_after_an_error(self, home):
        with pytest.raises(KeyboardInterrupt), Writer(home, derive):
            raise KeyboardInterrupt
        with Writer(home, derive):
            pass


STEPS = [
    *("archived", "copied", "removed", "loaded", "derived", "closed", "synced"),
    *("committed", "renamed", "switched", "pruned"),
]
COMMITTED = STEPS[STEPS.index("committed") :]
BEFORE = [record(version=1), record("S-BIAD2"), record("S-BIAD3")]
AFTER = [record(version=2, date="2024"), record("S-BIAD2"), record("S-BIAD4")]
BATCH = {"records": [AFTER[0], AFTER[2]], "withdraw": [Withdrawal("S-BIAD3", "wrong")]}


class Failing(Writer):
    """A writer that fails at a step."""

    step = ""
    error: BaseException = OSError(errno.ENOSPC, "No space left on device")

    def _reached(self, step):
        if step == self.step:
            self.step = ""
            raise self.error


@pytest.mark.parametrize(
    ("step", "error"),
    [*((step, Failing.error) for step in STEPS), *((step, KeyboardInterrupt()) for step in STEPS[3::4])],
    ids=str,
)
@pytest.mark.slow
def test_a_failure_at_any_step_leaves_the_old_or_the_new(home, step, error):
    with Failing(home, derive) as writer:
        writer.publish(BEFORE)
        writer.step, writer.error = step, error
        kind = StoreDamaged if isinstance(error, OSError) else KeyboardInterrupt
        staged = BATCH | {"records": [writer.staging().put(each) for each in BATCH["records"]]}
        with pytest.raises(kind) as caught:
            writer.publish(**staged)
        assert_serves(home, AFTER if step in COMMITTED else BEFORE)
        if kind is StoreDamaged:
            assert "disk full" in str(caught.value)
            assert ("committed" in str(caught.value)) == (step in COMMITTED)
        assert not list(home.path.rglob("*.tmp"))
        assert not (home.archive.path / ".incoming").exists()
        # The same writer goes on, although `caught` still holds the frames of the failed attempt.
        assert writer.publish(**BATCH).published == (step not in COMMITTED)
        assert_serves(home, AFTER)


def test_a_full_disk_while_the_index_is_written(home):
    def full(context):
        raise sqlite3.OperationalError("database or disk is full")

    with Writer(home, derive) as writer:
        writer.publish(BEFORE)
        writer.derive = full
        with pytest.raises(StoreDamaged, match="disk full while publishing; nothing was changed"):
            writer.publish(**BATCH)
        assert_serves(home, BEFORE)
        writer.derive = derive
        writer.publish(**BATCH)
        assert_serves(home, AFTER)


def test_a_full_disk_while_the_ledger_is_written(home, monkeypatch):
    def half(ledger, entries, **said):
        with ledger.path.open("ab") as file:
            file.write(b'{"kind":"record","generation":2,"ti')
        raise OSError(errno.ENOSPC, "No space left on device")

    with Writer(home, derive) as writer:
        writer.publish(BEFORE)
        with monkeypatch.context() as patch:
            patch.setattr("rembigraph.catalogue.ledger.Ledger.append", half)
            with pytest.raises(StoreDamaged, match="disk full while publishing; nothing was changed"):
                writer.publish(**BATCH)
        assert_serves(home, BEFORE)
        writer.publish(**BATCH)
        assert_serves(home, AFTER)


def test_what_a_killed_writer_had_staged_is_never_counted_and_swept_by_the_next(home):
    program = f"""
        import os, signal, sys
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        import test_generations as t
        with t.Writer(t.Home.open(t.Path({str(home.path)!r})), t.derive) as writer:
            writer.publish([writer.staging().put(t.record())])
            writer.staging().put(t.record("S-BIAD2"))
            os.kill(os.getpid(), signal.SIGKILL)
    """
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(list((home.archive.path / ".incoming").rglob("*.zst"))) == 2
    assert_serves(home, [record()])
    with Writer(home, derive):
        assert not (home.archive.path / ".incoming").exists()
    assert_serves(home, [record()])


@pytest.mark.parametrize(
    "step", ["archived", "copied", "loaded", "synced", "committed", "renamed", "switched"]
)
@pytest.mark.slow
def test_a_kill_at_any_step_leaves_the_old_or_the_new(home, step):
    with Writer(home, derive) as writer:
        if step == "switched":  # so that the killed one leaves more generations than are kept
            writer.publish(BEFORE[:1])
            writer.publish(BEFORE[:2])
        writer.publish(BEFORE)
    program = f"""
        import os, signal, sys
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        import test_generations as t
        class Killed(t.Writer):
            def _reached(self, step):
                if step == {step!r}:
                    os.kill(os.getpid(), signal.SIGKILL)
        with Killed(t.Home.open(t.Path({str(home.path)!r})), t.derive) as writer:
            writer.publish(**t.BATCH)
    """
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=False)
    assert killed.returncode == -signal.SIGKILL

    # A reader sees the one or the other before any writer has come.
    visible = step in COMMITTED[2:]
    assert served(home) == expected(AFTER if visible else BEFORE)
    with Writer(home, derive) as writer:
        assert_serves(home, AFTER if step in COMMITTED else BEFORE)
        assert not list(home.path.rglob("*.tmp"))
        assert len(list(home.generations.iterdir())) <= KEPT_GENERATIONS
        writer.publish(**BATCH)
        assert_serves(home, AFTER)
