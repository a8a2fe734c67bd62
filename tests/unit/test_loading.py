"""Documents in, one generation and one report out."""

from __future__ import annotations

import io
import random
import subprocess
import sys
from pathlib import Path

import pytest
from rembigraph.app.loading import LoadReport, Mapping, load
from rembigraph.catalogue.generations import dump
from rembigraph.catalogue.home import Home
from rembigraph.catalogue.ingest import Ingest
from rembigraph.loaders.reading import Document
from rembigraph.ontology.identifiers import DEFAULT_DATA_BASE, Iris


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.init(tmp_path / "home", DEFAULT_DATA_BASE)


def _write(folder: Path, number: int, title: str = "made up", extra: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"r{number}-{title.replace(' ', '-')}.yaml"
    path.write_text(f"accession: EXAMPLE-{number:04}\ntitle: {title}\n{extra}", encoding="utf-8")
    return path


def _dump(home: Home) -> bytes:
    out = io.BytesIO()
    dump(home, out)
    return out.getvalue()


def _states(report: LoadReport) -> dict[str, str]:
    return {
        outcome.accession or outcome.file.rsplit("/", 1)[-1]: outcome.state for outcome in report.outcomes
    }


@pytest.mark.parametrize("count", [1, 5, 9, *(pytest.param(n, marks=pytest.mark.slow) for n in (3, 4))])
def test_every_document_of_a_folder_gets_an_outcome(tmp_path: Path, home: Home, count: int) -> None:
    """Few documents are mapped here, many in processes; none may fall between."""
    for number in range(1, count + 1):
        _write(tmp_path / "in", number)
    report = load([str(tmp_path / "in")], home, processes=2)
    assert len(report.outcomes) == count == report.count("loaded")
    assert home.current() is not None


def test_loading_twice_publishes_nothing(tmp_path: Path, home: Home) -> None:
    _write(tmp_path / "in", 1)
    first = load([str(tmp_path / "in")], home)
    again = load([str(tmp_path / "in")], home)
    assert (first.generation, again.generation) == (1, 1)
    assert _states(again) == {"EXAMPLE-0001": "unchanged"}
    assert home.generation(1).meta["records"] == 1


@pytest.mark.slow
def test_load_order_does_not_change_the_dump(tmp_path: Path) -> None:
    """Versions of one record included: the later stated date wins, in whatever order they come."""
    folder = tmp_path / "in"
    files = [str(_write(folder, number)) for number in (1, 2, 3)]
    files.append(str(_write(folder, 1, "newer", "modified: 2026-01-02\n")))
    files.append(str(_write(folder, 1, "older", "modified: 2025-01-02\n")))
    dumps = set()
    for seed in range(4):
        home = Home.init(tmp_path / f"home{seed}", DEFAULT_DATA_BASE)
        shuffled = random.Random(seed).sample(files, len(files))
        cut = seed + 1
        load(shuffled[:cut], home)
        load(shuffled[cut:], home)
        dumps.add(_dump(home))
    assert len(dumps) == 1
    (only,) = dumps
    assert b'"newer"' in only
    assert b'"older"' not in only


def test_good_records_land_although_others_do_not(tmp_path: Path, home: Home) -> None:
    folder = tmp_path / "in"
    _write(folder, 1)
    _write(folder, 2, "wrong archive", "archive: EMPIAR\n")
    (folder / "bad.yaml").write_text("accession: [\n", encoding="utf-8")
    (folder / "notes.txt").write_text("hello", encoding="utf-8")
    report = load([str(folder)], home)
    assert _states(report) == {
        "EXAMPLE-0001": "loaded",
        "EXAMPLE-0002": "refused",
        "bad.yaml": "failed",
        "notes.txt": "failed",
    }
    assert report.exit_code == 3
    refused = next(outcome for outcome in report.outcomes if outcome.state == "refused")
    assert refused.reason is not None
    assert refused.reason.shape.endswith("Study-accession-archive")
    assert b"EXAMPLE-0002" not in _dump(home)


def test_strict_loads_all_or_nothing(tmp_path: Path, home: Home) -> None:
    _write(tmp_path / "in", 1)
    _write(tmp_path / "in", 2, "wrong archive", "archive: EMPIAR\n")
    report = load([str(tmp_path / "in")], home, strict=True)
    assert set(_states(report).values()) == {"refused"}
    assert home.current() is None
    assert report.exit_code == 1
    assert list(home.archive.path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 8])
def test_a_file_that_cannot_be_written_refuses_the_batch_in_words(
    tmp_path: Path, home: Home, count: int
) -> None:
    """The limit on the size of files is the kernel's: the batch is mapped here, or in processes, and not stored."""
    load([str(_write(tmp_path / "before", 9))], home)
    before = _dump(home)
    for number in range(1, count + 1):
        _write(tmp_path / "in", number)
    dice = random.Random(7)
    long = "".join(dice.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(300_000))
    _write(tmp_path / "in", count, "long", f"description: {long}\n")
    command = [sys.executable, "-m", "rembigraph.app", "--home", str(home.path), "load", str(tmp_path / "in")]
    done = subprocess.run(
        ["prlimit", "--fsize=100000", *command], capture_output=True, text=True, check=False
    )
    assert done.returncode == 7, done.stderr
    assert "while loading; nothing was changed" in done.stderr
    assert "Traceback" not in done.stderr
    assert _dump(home) == before
    with Ingest(home):
        assert {path.name for path in home.archive.path.iterdir()} == {"EXAMPLE-0009", ".ledger"}


def test_a_mapping_that_fails_fails_its_document_only(tmp_path: Path, home: Home) -> None:
    """With a data base that is no address, no record can become RDF."""
    broken = Mapping(Iris("not an address"), "1", {})
    (outcome,) = broken(Document("r.yaml", "", b"accession: EXAMPLE-0001\ntitle: made up\n"))
    assert outcome.state == "failed"
    assert outcome.reason is not None
    assert outcome.reason.code == "loader-fault"
    assert "not a legal IRI" in outcome.reason.message


def test_the_report_has_the_documented_shape(tmp_path: Path, home: Home) -> None:
    _write(tmp_path / "in", 1)
    document = load([str(tmp_path / "in")], home).as_json()
    assert set(document) == {"version", "generation", "records", "totals"}
    assert set(document["records"][0]) == {
        "file", "member", "accession", "format", "state", "reason", "violations", "warnings", "leaves",
    }  # fmt: skip
    assert set(document["totals"]) == {
        "loaded", "unchanged", "superseded", "refused", "skipped", "failed", "seconds", "triples", "leaves",
    }  # fmt: skip
    leaves = document["records"][0]["leaves"]
    assert leaves["mapped"] + leaves["kept"] + leaves["ignored"] == leaves["total"] == 2


def test_a_withdrawn_study_stays_away_until_it_is_reinstated(tmp_path: Path, home: Home) -> None:
    path = _write(tmp_path / "in", 1)
    other = _write(tmp_path / "in", 2)
    load([str(path), str(other)], home)
    before = _dump(home)
    with Ingest(home) as ingest:
        ingest.withdraw("EXAMPLE-0001", "asked by the depositor")
    assert b"EXAMPLE-0001" not in _dump(home)
    refused = load([str(path)], home)
    assert _states(refused) == {"EXAMPLE-0001": "refused"}
    assert refused.outcomes[0].reason is not None
    assert refused.outcomes[0].reason.code == "withdrawn"
    with Ingest(home) as ingest:
        ingest.reinstate("EXAMPLE-0001")
    assert _dump(home) == before


def test_a_superseded_record_says_what_to_do(tmp_path: Path, home: Home) -> None:
    load([str(_write(tmp_path / "in", 1, "new", "modified: 2026-01-02\n"))], home)
    report = load([str(_write(tmp_path / "in", 1, "old", "modified: 2025-01-02\n"))], home)
    (outcome,) = report.outcomes
    assert outcome.state == "superseded"
    assert outcome.reason is not None
    assert "modified" in outcome.reason.message


def test_stored_quads_hold_provenance_and_validation_beside_the_facts(tmp_path: Path, home: Home) -> None:
    load([str(_write(tmp_path / "in", 1))], home)
    text = _dump(home).decode()
    for graph in ("graph/EXAMPLE-0001/rembigraph", "graph/provenance", "graph/validation"):
        assert f"<{DEFAULT_DATA_BASE}{graph}> ." in text
    assert "leavesMapped" in text


def test_line_separators_inside_text_do_not_break_a_record(tmp_path: Path, home: Home) -> None:
    path = tmp_path / "r.yaml"
    text = "one\u2028two\u0085three\u000bfour"
    path.write_text(
        f'accession: EXAMPLE-0001\ntitle: "{text.encode("unicode_escape").decode()}"\n', encoding="utf-8"
    )
    report = load([str(path)], home)
    assert report.count("loaded") == 1, report.outcomes[0].reason
    assert f'"{text}"'.replace("\u000b", "\\u000B") in _dump(home).decode()


def test_what_one_source_lacks_and_another_gives_is_not_reported_as_missing(
    tmp_path: Path, home: Home
) -> None:
    from rembigraph.catalogue.reader import Snapshot

    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "crate.json").write_text(
        '{"@context": "https://w3id.org/ro/crate/1.2/context", "@graph": ['
        '{"@id": "ro-crate-metadata.json", "@type": "CreativeWork",'
        ' "conformsTo": {"@id": "https://w3id.org/ro/crate/1.2"}, "about": {"@id": "https://x.example/EXAMPLE-0001"}},'
        '{"@id": "https://x.example/EXAMPLE-0001", "@type": "Dataset", "identifier": "EXAMPLE-0001",'
        ' "name": "made up 1", "description": "one\\r\\ntwo"}]}',
        encoding="utf-8",
    )
    _write(folder, 1)
    assert load([str(folder)], home).count("loaded") == 2
    snapshot = Snapshot.open(home.path / "current", home.data_base)
    missing = {finding.path.rsplit("/", 1)[-1] for finding in snapshot.validation("EXAMPLE-0001")}
    assert "description" not in missing
    assert "license" in missing
    xml = snapshot.serialise("EXAMPLE-0001", "rdfxml")
    assert b"one&#13;\ntwo" in xml
    snapshot.close()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["src", "nq"])
def test_loading_again_puts_back_what_the_archive_lost(tmp_path: Path, home: Home, kind: str) -> None:
    _write(tmp_path / "in", 1)
    load([str(tmp_path / "in")], home)
    (path,) = home.archive.path.glob(f"*/*/*.{kind}.zst")
    whole = path.read_bytes()
    path.write_bytes(whole[:-3])
    again = load([str(tmp_path / "in")], home)
    assert (again.generation, _states(again)) == (1, {"EXAMPLE-0001": "unchanged"})
    assert path.read_bytes() == whole
