"""`rembigraph export --site`: another web server shows the copy, and it tells what the live server tells."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import httpx
import pytest
from click.testing import CliRunner, Result
from rembigraph.app.cli import main
from rembigraph.app.main import create_app
from rembigraph.app.showing import open_snapshot
from rembigraph.app.sparql.limits import QueryLimits
from rembigraph.app.static_site import file_of
from rembigraph.catalogue.changes import Changes, Window
from rembigraph.catalogue.following import StandingReader

from tests.conftest import MadeUp, running
from tests.feeding import Catalogue, study

pytestmark = pytest.mark.slow
URL = "https://catalogue.example/below"
LINK = re.compile(r'\b(?:href|src|action)="([^"]*)"')


def exported(home: Path, folder: Path) -> Result:
    return CliRunner().invoke(main, ["--home", str(home), "export", "--site", str(folder), "--url", URL])


@dataclass(frozen=True)
class Copied:
    """A copy, and where another server shows it."""

    folder: Path
    url: str
    said: dict[str, Any]


@pytest.fixture(scope="module")
def copied(made_up: MadeUp, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copied]:
    folder = tmp_path_factory.mktemp("copy") / "site"
    done = exported(made_up.home.path, folder)
    assert done.exit_code == 0, done.output
    assert done.stdout.strip() == str(folder / "index.html")
    command = [
        sys.executable,
        "-u",
        "-m",
        "http.server",
        "0",
        "--bind",
        "127.0.0.1",
        "--directory",
        str(folder),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout
            port = re.search(r"port (\d+)", process.stdout.readline())
            assert port
            yield Copied(
                folder, f"http://127.0.0.1:{port[1]}/", json.loads((folder / "site.json").read_text())
            )
        finally:
            process.kill()


def test_every_page_is_reached_from_the_first_and_no_link_is_broken(copied: Copied, made_up: MadeUp) -> None:
    seen, waiting = set(), [copied.url]
    with httpx.Client() as client:
        while waiting:
            if (address := waiting.pop()) in seen:
                continue
            seen.add(address)
            answer = client.get(address)
            assert answer.status_code == 200, address
            if answer.headers["content-type"].startswith("text/html"):
                found = (urljoin(address, unescape(each)) for each in LINK.findall(answer.text))
                waiting += [each.partition("#")[0] for each in found if each.startswith(copied.url)]
    reached = {unquote(urlsplit(each).path) for each in seen}
    assert {f"/{study['accession']}.html" for study in made_up.plain} <= reached
    assert "/EXAMPLE-0101/specimen/cell 7.html" in reached
    assert copied.said["left_out"] == {}


def test_what_only_a_server_answers_leads_to_the_live_one(copied: Copied) -> None:
    page = (copied.folder / "S-BSST707.html").read_text()
    links = [unescape(each) for each in LINK.findall(page)]
    assert [each for each in links if each.startswith("/")] == []
    live = [each for each in links if each.startswith(f"{URL}/sparql?query=")]
    assert len(live) > 3
    form = re.search(r'<form[^>]*action="([^"]*)"', (copied.folder / "studies.html").read_text())
    assert form
    assert form[1] == f"{URL}/studies"


def test_the_forms_and_feeds_are_those_of_the_server(copied: Copied, made_up: MadeUp) -> None:
    with (
        running(lambda _: create_app(made_up.home, URL, QueryLimits()), lifespan="on") as address,
        httpx.Client(base_url=address) as client,
    ):
        for path in (
            "/S-BSST707.ttl",
            "/S-BSST707.bib",
            "/EXAMPLE-0103.jsonld",
            "/sitemap.xml",
            "/robots.txt",
        ):
            assert (copied.folder / file_of(path)).read_bytes() == client.get(path).content, path
        dump = f"dumps/{copied.said['generation']}/all.nq.gz"
        assert (copied.folder / dump).read_bytes() == client.get(f"/{dump}").content
        told = json.loads((copied.folder / "changes.json").read_text())
        assert told["changes"] == client.get("/changes").json()["changes"]
        crates = json.loads((copied.folder / "feeds" / "gide.json").read_text())
        assert len(crates["changes"]) == len(told["changes"]) == told["total"]
        page = client.get("/dcat", headers={"Accept": "application/n-triples"}).content
        assert (copied.folder / "dcat.nt").read_bytes() == page
    with open_snapshot(made_up.home) as snapshot, Changes.opened(snapshot.path) as changes:
        gone = {change.accession for change in changes.every(Window()) if not change.is_held}
    withdrawn = {path for path, status in copied.said["absent"].items() if status == 410}
    assert withdrawn == {f"/{accession}" for accession in gone} == {"/EXAMPLE-0105"}
    assert "withdrawn" in (copied.folder / "EXAMPLE-0105.html").read_text()


def test_hostile_keys_stay_inside(copied: Copied) -> None:
    (evil,) = copied.folder.rglob("*evil*.html")
    assert evil.parent == copied.folder / "EXAMPLE-0103" / "specimen"
    assert not [*copied.folder.parent.glob("*evil*"), *copied.folder.glob("*evil*")]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/a/..%2F..%2Fb", "a/%2E.%2F..%2Fb.html"),
        ("/a/%2e%2e", "a/%2e%2e.html"),
        ("/a/..", "a/%2E..html"),
        ("/a//b", ""),
        ("/a/%00", "a/%00.html"),
        ("/a/.htaccess", "a/%2Ehtaccess.html"),
        ("/a/" + "x" * 300, ""),
    ],
)
def test_no_path_makes_a_name_that_leads_elsewhere(path: str, name: str) -> None:
    assert file_of(path) == name


def test_a_copy_is_replaced_and_nothing_else_is(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path)
    catalogue.publish(study(1), study(2))
    folder = tmp_path / "site"
    assert exported(catalogue.home.path, folder).exit_code == 0
    catalogue.publish(withdraw=["EXAMPLE-0002"])
    assert exported(catalogue.home.path, folder).exit_code == 0
    assert not (folder / "EXAMPLE-0002.ttl").exists()
    assert json.loads((folder / "site.json").read_text())["absent"] == {"/EXAMPLE-0002": 410}
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("mine")
    refused = exported(catalogue.home.path, tmp_path / "mine")
    assert refused.exit_code == 2
    assert "holds something else" in refused.stderr
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["letter.txt"]


def test_a_standing_reader_stays_at_its_generation(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path)
    catalogue.publish(study(1))
    reader = StandingReader(catalogue.home)
    with reader.snapshot() as before:
        catalogue.publish(study(2))
        with reader.snapshot() as after:
            assert after.generation == before.generation == 1
        assert reader.served() == 1
    reader.close()
