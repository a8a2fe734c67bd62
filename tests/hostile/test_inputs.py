"""Hostile files, loaded by the real command line in bounded memory and time.

`pytest tests/hostile --corpus DIR` reads `DIR/inputs.json` (what each file must come to) beside the files made here.
Every file ends with an exit code and words that name it; a refused one leaves the catalogue as it was, and nothing
ever connects anywhere. The files of the corpus are loaded one by one, those made here in few batches.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from command import MEMORY_KIB, Run, Sentinel, held, is_clean, rembigraph
from made_files import LOADED, PORT, REFUSED, STUDY

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "hostile"
TABLE = Path(__file__).resolve().parents[2] / "docs" / "hostile-inputs.md"
REWRITTEN_BYTES = 1024 * 1024
BATCH_SECONDS = 300  # for all of them; alone, none takes a tenth
ALONE = ("deep-everything.jsonld", "triples-in-triples.ttl", "deep-flow.yaml", "many-closed.json")


@pytest.fixture(scope="module")
def sentinel() -> Iterator[Sentinel]:
    watching = Sentinel()
    yield watching
    watching.close()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalogue with one study in it."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "first.yaml").write_text("accession: EXAMPLE-0001\ntitle: The study that must stay\n")
    assert rembigraph(folder / "catalogue", "load", str(folder / "first.yaml")).code == 0
    return folder / "catalogue"


def _for_sentinel(data: bytes, sentinel: Sentinel) -> bytes:
    return data.replace(f"127.0.0.1:{PORT}".encode(), f"127.0.0.1:{sentinel.port}".encode())


# --- the corpus


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "entry" in metafunc.fixturenames:
        entries = _entries(metafunc.config)
        metafunc.parametrize("entry", entries, ids=[entry["file"] for entry in entries])


def _corpus(config: pytest.Config) -> Path:
    return Path(config.getoption("--corpus") or CORPUS)


def _entries(config: pytest.Config) -> list[dict[str, Any]]:
    listing = _corpus(config) / "inputs.json"
    return json.loads(listing.read_text(encoding="utf-8")) if listing.is_file() else []


@pytest.fixture(scope="module")
def corpus_runs(
    pytestconfig: pytest.Config, home: Path, sentinel: Sentinel, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[Run, bool]]:
    """How each file of the corpus, loaded alone into a catalogue of its own, ended; and whether that is as it was."""
    folder = tmp_path_factory.mktemp("corpus")

    def load(name: str) -> tuple[Run, bool]:
        source = _corpus(pytestconfig) / name
        place = folder / name.replace("/", "-")
        shutil.copytree(home, place / "home", symlinks=True)
        data = source.read_bytes()
        (place / source.name).write_bytes(
            _for_sentinel(data, sentinel) if len(data) < REWRITTEN_BYTES else data
        )
        before = held(place / "home")
        run = rembigraph(place / "home", "load", "--json", str(place / source.name))
        assert not list(place.glob("pwned*"))
        return run, held(place / "home") == before

    names = [entry["file"] for entry in _entries(pytestconfig)]
    with ThreadPoolExecutor(2) as two:
        return dict(zip(names, two.map(load, names), strict=True))


def test_every_file_of_the_corpus_ends_as_stated_or_stricter(
    entry: dict[str, Any], corpus_runs: dict[str, tuple[Run, bool]], sentinel: Sentinel
) -> None:
    run, unchanged = corpus_runs[entry["file"]]
    assert is_clean(run), (run.code, run.words[-2000:])
    assert Path(entry["file"]).name in run.output
    assert unchanged or not run.code
    assert sentinel.connections == 0
    if entry["expect"] == "reject":
        assert run.code == 3, run.output


def test_the_documented_table_says_what_happens(
    corpus_runs: dict[str, tuple[Run, bool]], pytestconfig: pytest.Config, sentinel: Sentinel
) -> None:
    if _corpus(pytestconfig) != CORPUS or not corpus_runs:
        pytest.skip("the table is of the shared corpus")
    rows = [_row(entry, corpus_runs[entry["file"]][0], sentinel) for entry in _entries(pytestconfig)]
    documented = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if re.match(r"\| `", line)]
    table = [line for line in documented if line.count("|") == 7]
    assert table == rows, "the table of docs/hostile-inputs.md is to be:\n" + "\n".join(rows)


def _row(entry: dict[str, Any], run: Run, sentinel: Sentinel) -> str:
    reason = run.records[0]["reason"] or {"code": "-", "pointer": "", "message": "loaded"}
    words = reason["message"].split(" at /")[0].replace(str(sentinel.port), str(PORT))
    cells = (
        f"`{Path(entry['file']).name}`",
        entry["expect"],
        str(run.code),
        f"`{reason['code']}`",
        reason["pointer"] or "-",
        words,
    )
    return f"| {' | '.join(cells)} |"


# --- files of more kinds, made here


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, sentinel: Sentinel) -> Path:
    """A folder with every file that must be refused."""
    folder = tmp_path_factory.mktemp("made")
    for name, (make, _) in REFUSED.items():
        (folder / name).write_bytes(_for_sentinel(make(), sentinel))
    return folder


@pytest.fixture(scope="module")
def refused(made: Path, home: Path, sentinel: Sentinel) -> Run:
    """All of them, loaded in one batch."""
    before = held(home)
    run = rembigraph(home, "load", "--json", str(made), seconds=BATCH_SECONDS)
    assert is_clean(run), (run.code, run.peak_kib, run.words[-2000:])
    assert run.code == 3
    assert held(home) == before
    assert sentinel.connections == 0
    assert not [*made.glob("pwned*"), *Path().glob("pwned*")]
    return run


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_end_or_no_right_to_be_there_is_refused(name: str, refused: Run, made: Path) -> None:
    place = str(made / name)
    found = [record for record in refused.records if record["file"].split("!")[0] == place]
    assert {record["state"] for record in found} == {"failed"}, found[:5]
    assert found[-1]["reason"]["code"] == REFUSED[name][1], found[-1]["reason"]
    assert "→" in found[-1]["reason"]["message"], "it says what to do"
    assert refused.peak_kib <= MEMORY_KIB


@pytest.mark.parametrize("name", ALONE)
def test_alone_a_hostile_file_does_not_take_the_command_with_it(
    name: str, made: Path, home: Path, sentinel: Sentinel
) -> None:
    before = held(home)
    for command in ("load", "validate"):
        run = rembigraph(home, command, str(made / name))
        assert is_clean(run), (command, run.code, run.words[-2000:])
        assert run.code == 3
        assert name in run.output + run.words
    assert held(home) == before
    assert sentinel.connections == 0


def test_what_is_only_text_stays_text(home: Path, sentinel: Sentinel, tmp_path: Path) -> None:
    for name, make in LOADED.items():
        (tmp_path / name).write_bytes(make())
    run = rembigraph(home, "load", "--json", str(tmp_path))
    assert is_clean(run), (run.code, run.words[-2000:])
    assert {Path(record["file"]).name: record["state"] for record in run.records} == dict.fromkeys(
        LOADED, "loaded"
    )
    shown = rembigraph(home, "show", "EXAMPLE-0001", "--format", "ntriples").output
    assert "The study that must stay" in shown
    assert "taken over" not in shown
    assert sentinel.connections == 0


def test_a_hostile_file_does_not_stop_the_others(home: Path, made: Path, tmp_path: Path) -> None:
    for name in ALONE:
        (tmp_path / name).symlink_to(made / name)
    for number in range(4):
        text = STUDY.replace("EXAMPLE-0042", f"EXAMPLE-005{number}")
        (tmp_path / f"good-{number}.ttl").write_text(text)
    run = rembigraph(home, "load", "--json", str(tmp_path))
    assert run.code == 3
    assert json.loads(run.output)["totals"]["loaded"] == 4


def test_files_that_are_no_files_are_said(home: Path, tmp_path: Path) -> None:
    """A pipe, a link to nothing and to itself, a folder in itself, a file whose bytes can't be had, odd names."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "nothing").symlink_to(tmp_path / "none")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "folder").symlink_to(tmp_path)
    (tmp_path / "unreadable").symlink_to("/proc/self/mem")
    (tmp_path / os.fsdecode(b"\xff\n\x1b[31m.ttl")).write_text(STUDY.replace("EXAMPLE-0042", "EXAMPLE-0070"))
    run = rembigraph(home, "load", "--json", str(tmp_path), "no\udcffwhere", "https://127.0.0.1:9/x.ttl")
    assert is_clean(run), (run.code, run.words[-2000:])
    states = [record["state"] for record in run.records]
    assert sorted(states) == ["failed"] * 5 + ["loaded"] + ["skipped"] * 2, run.output
    shown = rembigraph(home, "load", str(tmp_path))
    assert "\x1b[31m" not in shown.output + shown.words


def test_blank_nodes_of_two_files_stay_two(home: Path, tmp_path: Path) -> None:
    for number, title in enumerate(("one", "two")):
        text = STUDY.replace("EXAMPLE-0042", f"EXAMPLE-006{number}")
        subject = text.split(" ", 1)[0]
        (tmp_path / f"{title}.ttl").write_text(
            f"{text}{subject} <https://w3id.org/rembigraph/ns#specimen> _:b0 . "
            f"_:b0 <http://purl.org/dc/terms/title> '{title}' ."
        )
    assert rembigraph(home, "load", str(tmp_path)).code == 0
    shown = [rembigraph(home, "show", f"EXAMPLE-006{n}", "--format", "ntriples").output for n in (0, 1)]
    names = [
        line.split(" ")[0] for text in shown for line in text.splitlines() if re.search('"(one|two)"', line)
    ]
    assert len(set(names)) == len(names) == 2
