"""Real documents with addresses of people, in every form that was seen: none reaches anything that is not private.

The shared records have one redacted address everywhere. Here each stands for a made-up person of its own, so that one
that gets through is found by name, whatever form it had.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import zstandard
from rembigraph.catalogue.home import Home

from tests.conftest import pages_app, running

pytestmark = pytest.mark.realdata

REDACTED = "redacted@redacted.invalid"
FORMS = (
    "{}@example.org",
    "{} [at] example.org",
    "{}(at)example.org",
    "\u202a{}@example.org",
    "Some One <{}@example.org>",
    "mailto:{}@example.org",
    "{}@mail.example.co.uk; {}@example.com",
    "{}@ example.org",
)
PERSON = re.compile(r"jdoe-?\d+-?secret")
ADDRESS = re.compile(rb"[\w.+-]@(?:[\w-]{1,63}\.)+[A-Za-z]{2,}")
PRIVATE = re.compile(
    r"secret_?key|owner|submitter|(?:tele)?phone(?:_?number)?|fax(?:_?number)?|street|post_or_zip(?:_code)?",
    re.IGNORECASE,
)
PUBLIC_VALUES = re.compile(r"[\d.]{0,5}|\W*|none|null|n/?a|unknown", re.IGNORECASE)
CRATES_OF_EACH = 12


@dataclass(frozen=True)
class Loaded:
    """What the command line did with the documents, and what it must not say."""

    home: Path
    report: dict[str, Any]
    output: str
    private: frozenset[str]
    people: int


def _chosen(realdata: Path) -> Iterator[Path]:
    """Every document that has an address, but of crates a sample; and those of BioStudies' internal form."""
    for folder in ("biostudies", "bia_api", "empiar"):
        for file in sorted((realdata / folder).rglob("*")):
            if file.is_file() and (REDACTED.encode() in (data := file.read_bytes()) or b"secretKey" in data):
                yield file
    for folder in ("rocrate_bia", "rocrate_idr", "rocrate_ssbd"):
        files = [
            file for file in sorted((realdata / folder).glob("*.json")) if REDACTED in file.read_text("utf-8")
        ]
        yield from files[:: max(1, len(files) // CRATES_OF_EACH)][:CRATES_OF_EACH]


def _private_values(value: Any, name: str = "") -> Iterator[str]:
    """What stands in the fields of people that are not published, as member or as attribute of that name."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _private_values(item, key)
        if isinstance(value.get("name"), str) and isinstance(value.get("value"), str):
            yield from _private_values(value["value"], value["name"])
    elif isinstance(value, list):
        for item in value:
            yield from _private_values(item, name)
    elif isinstance(value, str) and PRIVATE.fullmatch(name) and not PUBLIC_VALUES.fullmatch(value.strip()):
        yield value.strip()


def _with_people(text: str, first: int) -> tuple[str, int]:
    """Replace the redacted address by people who can be told apart, each in another form."""
    pieces = text.split(REDACTED)
    found = [pieces[0]]
    for number, piece in enumerate(pieces[1:], start=first):
        person = f"jdoe{number}secret"
        found += [FORMS[number % len(FORMS)].replace("{}", person), piece]
    return "".join(found), first + len(pieces) - 1


def _with_contact(text: str, number: int) -> str:
    """Add a person to every description: addresses stand in prose, too."""
    contact = FORMS[number % len(FORMS)].replace("{}", f"jdoe-{number}-secret")
    return re.sub(r'("description": ")', rf"\1Contact {contact}, please. ", text)


def _command(home: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "rembigraph.app", "--home", str(home), *arguments]


@pytest.fixture(scope="module")
def loaded(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    realdata, folder = shared / "realdata", tmp_path_factory.mktemp("private")
    private: set[str] = set()
    people = 0
    for number, file in enumerate(_chosen(realdata)):
        target = folder / "documents" / file.relative_to(realdata)
        target.parent.mkdir(parents=True, exist_ok=True)
        text, people = _with_people(file.read_text("utf-8"), people)
        if file.suffix == ".json":
            private.update(_private_values(json.loads(text)))
        if file.parent.name.startswith("rocrate"):
            text = _with_contact(text, number)
        target.write_text(text, "utf-8")
    home = folder / "home"
    command = _command(home, "load", "--json", "--coverage", str(folder / "documents"))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)
    plain = subprocess.run(
        _command(home, "load", str(folder / "documents")), capture_output=True, text=True, check=False
    )
    output = "".join((done.stdout, done.stderr, plain.stdout, plain.stderr)).replace(str(folder), "")
    return Loaded(home, report, output, frozenset(private), people)


def _assert_nothing_private(text: str, loaded: Loaded, where: str) -> None:
    assert not PERSON.search(text), (where, text[max(0, PERSON.search(text).start() - 80) :][:200])
    address = ADDRESS.search(text.encode("utf-8", "replace"))
    assert not address, (where, address)
    for value in loaded.private:
        assert value not in text, (where, value)


def test_the_documents_hold_what_must_not_get_out(loaded: Loaded) -> None:
    totals = loaded.report["totals"]
    assert totals["loaded"] > 60
    assert totals["failed"] == 0
    assert loaded.people > 200
    assert len(loaded.private) >= 5, loaded.private


def test_reports_hold_nothing_private(loaded: Loaded) -> None:
    assert len(loaded.output) > 10_000
    _assert_nothing_private(loaded.output, loaded, "output")


def test_the_dump_holds_nothing_private(loaded: Loaded) -> None:
    dumped = subprocess.run(_command(loaded.home, "dump"), capture_output=True, text=True, check=True).stdout
    assert dumped.count("\n") > 10_000
    _assert_nothing_private(dumped, loaded, "dump")


def test_pages_hold_nothing_private(loaded: Loaded) -> None:
    accessions = sorted({one["accession"] for one in loaded.report["records"] if one["state"] == "loaded"})
    with (
        running(lambda address: pages_app(Home.open(loaded.home), address)) as address,
        httpx.Client() as client,
    ):
        for accession in accessions:
            answer = client.get(f"{address}/{accession}", headers={"Accept": "text/html"})
            assert answer.status_code == 200, accession
            _assert_nothing_private(answer.text, loaded, accession)
        for words in ("jdoe1secret", "example.org", "secret"):
            found = client.get(f"{address}/studies", params={"q": words}, headers={"Accept": "text/html"})
            shown = found.text.replace(words, "")
            _assert_nothing_private(shown, loaded, words)


def test_only_private_files_of_the_catalogue_hold_the_sources(loaded: Loaded) -> None:
    sources = list(loaded.home.rglob("*.src.zst"))
    assert len(sources) > 100
    assert {file.stat().st_mode & 0o777 for file in sources} == {0o600}
    assert any(b"jdoe" in _inflated(file) for file in sources)
    others = [file for file in loaded.home.rglob("*") if file.is_file() and file not in set(sources)]
    assert any(file.name == "ledger.jsonl" for file in others)
    for file in others:
        data = _inflated(file) if file.suffix == ".zst" else file.read_bytes()
        found = re.search(rb"jdoe-?\d+-?secret", data)
        assert not found, (file, data[max(0, found.start() - 100) : found.end() + 50])


def _inflated(file: Path) -> bytes:
    with zstandard.open(file, "rb") as opened:
        return bytes(opened.read())


def test_an_address_in_a_file_name_gets_into_nothing_that_is_kept(shared: Path, tmp_path: Path) -> None:
    source = next(iter(sorted((shared / "realdata" / "rocrate_idr").glob("idr*.json"))))
    folder = tmp_path / "jdoe8secret@example.org"
    folder.mkdir()
    named = folder / "jdoe9secret@example.org.json"
    named.write_bytes(source.read_bytes().replace(REDACTED.encode(), b""))
    home = tmp_path / "home"
    subprocess.run(_command(home, "load", str(named)), capture_output=True, check=True)
    dumped = subprocess.run(_command(home, "dump"), capture_output=True, check=True).stdout
    assert dumped.count(b"\n") > 100
    assert b"secret@" not in dumped
    for file in home.rglob("*"):
        if file.is_file() and not file.name.endswith(".src.zst"):
            data = _inflated(file) if file.suffix == ".zst" else file.read_bytes()
            assert b"secret@example" not in data, file
