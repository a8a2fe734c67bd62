"""Versions of a study, and the tombstone of a withdrawn one, over HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import rdflib
from rembigraph.catalogue.versions import history_of

from tests.conftest import DATA, pages_app, record, running

PUBLIC = "https://catalogue.example"
HTML = {"Accept": "text/html"}
TITLE = rdflib.DCTERMS.title


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """EXAMPLE-0001 in three contents from two sources; EXAMPLE-0002 is withdrawn."""
    from rembigraph.catalogue.derive import derive
    from rembigraph.catalogue.home import Home
    from rembigraph.catalogue.publish import Withdrawal, Writer

    home = Home.init(tmp_path_factory.mktemp("versions") / "catalogue", DATA)
    first = {"accession": "EXAMPLE-0001", "title": "First title"}
    second = {"accession": "EXAMPLE-0001", "title": "Second title"}
    other = {
        "accession": "EXAMPLE-0002",
        "title": "Withdrawn study",
        "issued": "2019-02-03",
        "contribution": [{"position": 1, "display_name": "Ada Example"}],
    }
    with Writer(home, derive) as writer:
        writer.publish([record(first, date="2020-01-01"), record(other)])
        writer.publish([record(second, date="2021-01-01")])
        writer.publish([record({"accession": "EXAMPLE-0003", "title": "Of no concern"})])
        writer.publish([record({**second, "issued": "2021-05-05"}, "gide")])
        writer.publish(
            [], withdraw=[Withdrawal("EXAMPLE-0001", "for a test"), Withdrawal("EXAMPLE-0002", "twice")]
        )
        writer.reinstate(["EXAMPLE-0001"]) if hasattr(writer, "reinstate") else writer.publish(
            [], reinstate=["EXAMPLE-0001"]
        )
    return home


@pytest.fixture(scope="module")
def client(home: Any) -> Iterator[httpx.Client]:
    with running(lambda _: pages_app(home, PUBLIC)) as address, httpx.Client(base_url=address) as opened:
        yield opened


def titles(content: bytes) -> set[str]:
    graph = rdflib.Graph().parse(data=content, format="turtle")
    return {str(title) for title in graph.objects(rdflib.URIRef(f"{DATA}EXAMPLE-0001"), TITLE)}


@pytest.mark.slow
def test_a_content_that_comes_again_is_no_new_version(home: Any) -> None:
    history = history_of(home.ledger.history("EXAMPLE-0001"))
    assert [version.number for version in history.versions] == [1, 2, 3]
    assert [version.generation for version in history.versions] == [1, 2, 4]
    assert history.current == 3
    gone = history_of(home.ledger.history("EXAMPLE-0002"))
    assert (len(gone.versions), gone.current) == (1, 0)
    assert history_of(home.ledger.history("EXAMPLE-000")) == history_of([])


def test_each_version_is_what_was_published(client: httpx.Client) -> None:
    assert titles(client.get("/EXAMPLE-0001/v1.ttl").content) == {"First title"}
    assert titles(client.get("/EXAMPLE-0001/v2.ttl").content) == {"Second title"}
    graphs = {line.rsplit(" ", 2)[1] for line in client.get("/EXAMPLE-0001/v3.nq").text.splitlines()}
    assert graphs == {f"<{DATA}graph/EXAMPLE-0001/{source}>" for source in ("gide", "rembigraph")}
    page = client.get("/EXAMPLE-0001/v1", headers=HTML)
    assert "First title" in page.text
    assert "Version 1 of 3" in page.text


def test_versions_lead_to_each_other(client: httpx.Client) -> None:
    def links(number: int) -> dict[str, str]:
        header = client.get(f"/EXAMPLE-0001/v{number}", headers=HTML).headers["link"]
        return {
            rel: href
            for href, rel in re.findall(r'<([^>]+)>; rel="([a-z-]+-version|version-history)"', header)
        }

    page = f"{PUBLIC}/EXAMPLE-0001"
    always = {"latest-version": page, "version-history": f"{page}/versions"}
    assert links(1) == {**always, "successor-version": f"{page}/v2"}
    assert links(2) == {**always, "predecessor-version": f"{page}/v1", "successor-version": f"{page}/v3"}
    assert links(3) == {**always, "predecessor-version": f"{page}/v2"}
    listed = client.get("/EXAMPLE-0001/versions", headers=HTML).text
    assert re.findall(r">v(\d)</a>", listed) == ["3", "2", "1"]
    assert 'rel="version-history"' in client.get("/EXAMPLE-0001").headers["link"]


@pytest.mark.parametrize("rest", ["v0", "v4", "v99999999", "v", "v1.bib", "v1.exe", "version", "v-1", "v1/x"])
def test_what_was_never_published_is_unknown(client: httpx.Client, rest: str) -> None:
    assert client.get(f"/EXAMPLE-0001/{rest}").status_code in {404, 406}


def test_a_tombstone_tells_how_the_data_are_cited(client: httpx.Client) -> None:
    answer = client.get("/EXAMPLE-0002")
    assert answer.status_code == 410
    told = answer.json()
    assert told["reason"] == "twice"
    assert told["citation"].startswith("Ada Example (2019). Withdrawn study. ")
    assert "Ada Example (2019)" in client.get("/EXAMPLE-0002", headers=HTML).text
    assert client.get("/EXAMPLE-0002/v1").status_code == 410


def test_a_lost_file_of_the_archive_is_said(home: Any, client: httpx.Client, tmp_path: Path) -> None:
    first = history_of(home.ledger.history("EXAMPLE-0001")).versions[0]
    ((source, sha256),) = first.content
    path = home.archive.quads_path("EXAMPLE-0001", source, sha256)
    path.rename(tmp_path / "away")
    try:
        assert client.get("/EXAMPLE-0001/v1.nt").status_code == 503
        assert client.get("/EXAMPLE-0001").status_code == 200
    finally:
        (tmp_path / "away").rename(path)
