"""`rembigraph export`: the files, their checksums, and what partners read."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree as ET

import httpx
import pytest
from click.testing import CliRunner, Result
from rembigraph.app.cli import main
from rembigraph.app.feeds.partners import links
from rembigraph.app.pages.site import Site
from rembigraph.app.showing import open_snapshot
from rembigraph.catalogue.changes import Changes

from tests.conftest import DATA, HUMAN, documents
from tests.feeding import Catalogue, study

URL = "https://catalogue.example"


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    found = Catalogue(tmp_path)
    paper = {"title": "Made up", "doi": "10.9999/made-up", "pubmed_id": "99999999"}
    found.publish(*documents(), study(7, 'A & B < "C"', organism=[HUMAN], publication=[paper]))
    found.publish(withdraw=["EXAMPLE-0105"])
    return found


def exported(catalogue: Catalogue, *options: str, **variables: str) -> Result:
    return CliRunner().invoke(
        main, ["--home", str(catalogue.home.path), "export", *options], env=dict(variables)
    )


@pytest.mark.slow
def test_every_file_has_its_checksum_and_the_server_gives_it(catalogue: Catalogue) -> None:
    done = exported(catalogue, "--url", URL)
    assert done.exit_code == 0, done.output
    folder = Path(done.stdout.strip())
    sums = dict(line.split("  ")[::-1] for line in (folder / "SHA256SUMS").read_text().splitlines())
    assert set(sums) == {path.name for path in folder.iterdir()} - {"SHA256SUMS"}
    for name, digest in sums.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest, name
    with catalogue.served() as address:
        assert "all.parquet" in sums or find_spec("pyarrow") is None
        for name in ("SHA256SUMS", *sums):
            answer = httpx.get(f"{address}/dumps/latest/{name}", follow_redirects=True)
            assert answer.content == (folder / name).read_bytes()
        part = httpx.get(f"{address}/dumps/2/all.nq.gz", headers={"Range": "bytes=10-19"})
        assert (part.status_code, part.content) == (206, (folder / "all.nq.gz").read_bytes()[10:20])
        written = {one["name"] for one in httpx.get(f"{address}/dumps").json()["written"]}
        assert written == {*sums, "SHA256SUMS"}


@pytest.mark.slow
def test_dumps_go_with_their_generation(catalogue: Catalogue) -> None:
    folder = Path(exported(catalogue, "--url", URL).stdout.strip())
    for number in range(2):
        catalogue.publish(study(600 + number))
        assert (folder / "SHA256SUMS").is_file(), "the generation is still kept"
    catalogue.publish(study(602))
    assert not folder.exists()
    assert Path(exported(catalogue, "--url", URL).stdout.strip()).name == "000005"


@pytest.mark.slow
def test_the_same_generation_gives_the_same_bytes(catalogue: Catalogue, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert exported(catalogue, str(tmp_path / name), "--url", URL).exit_code == 0
    assert (tmp_path / "one" / "SHA256SUMS").read_text() == (tmp_path / "two" / "SHA256SUMS").read_text()


@pytest.mark.slow
def test_parquet_and_csv_tell_the_same(catalogue: Catalogue, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    exported(catalogue, str(tmp_path / "out"), "--url", URL)
    table = parquet.read_table(tmp_path / "out" / "all.parquet").to_pylist()
    text = gzip.decompress((tmp_path / "out" / "all.csv.gz").read_bytes()).decode()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [
        {name: "" if value is None else str(value) for name, value in row.items()} for row in table
    ] == rows
    assert "EXAMPLE-0105" not in {row["accession"] for row in rows}


@pytest.mark.slow
def test_what_ebi_search_reads(catalogue: Catalogue, tmp_path: Path) -> None:
    exported(catalogue, str(tmp_path / "out"), "--url", URL)
    root = ET.parse(tmp_path / "out" / "ebi-search.xml").getroot()
    entries = {one.get("id"): one for one in root.iter("entry")}
    assert root.findtext("entry_count") == str(len(entries))
    assert "EXAMPLE-0105" not in entries
    one = entries["EXAMPLE-0007"]
    assert one.findtext("name") == 'A & B < "C"'
    assert {(ref.get("dbname"), ref.get("dbkey")) for ref in one.iter("ref")} == {
        ("TAXONOMY", "9606"),
        ("pubmed", "99999999"),
        ("doi", "10.9999/made-up"),
    }
    assert {date.get("type") for date in one.iter("date")} == {"last_modification"}  # no release is stated


@pytest.mark.slow
def test_links_are_made_only_for_a_provider_and_cut(catalogue: Catalogue, tmp_path: Path) -> None:
    exported(catalogue, str(tmp_path / "none"), "--url", URL)
    assert not list((tmp_path / "none").glob("labslink*"))
    exported(catalogue, str(tmp_path / "some"), "--url", URL, REMBIGRAPH_LABSLINK_PROVIDER="9999")
    providers = ET.parse(tmp_path / "some" / "labslink-providers.xml")
    assert [one.text for one in providers.iter("id")] == ["9999"]
    (link,) = [
        one
        for one in ET.parse(tmp_path / "some" / "labslink-links-1.xml").iter("link")
        if one.findtext("resource/url") == f"{URL}/EXAMPLE-0007"
    ]
    assert (link.get("providerId"), link.findtext("record/source")) == ("9999", "MED")
    catalogue.publish(
        *(study(500 + n, publication=[{"title": "x", "doi": f"10.9999/{n}"}]) for n in range(20))
    )
    with open_snapshot(catalogue.home) as snapshot, Changes.opened(snapshot.path) as changes:
        parts = list(links(snapshot, changes, Site.of(URL, DATA), "9999", most=1000))
        whole = list(links(snapshot, changes, Site.of(URL, DATA), "9999"))
    assert len(parts) > 2
    assert all(len(part) <= 1000 for part in parts)
    assert sum(len(ET.fromstring(part)) for part in parts) == len(ET.fromstring(whole[0])) >= 21


def test_what_cannot_be_written_is_said(catalogue: Catalogue, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("mine")
    refused = exported(catalogue, str(tmp_path / "mine"), "--url", URL)
    assert refused.exit_code != 0
    assert (tmp_path / "mine" / "letter.txt").read_text() == "mine"
    assert exported(catalogue, str(tmp_path / "new")).exit_code != 0  # no address
    assert not (tmp_path / "new").exists()
