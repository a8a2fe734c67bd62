"""Pages about links over HTTP: what a record is linked with, why two are, a decision to download, short addresses."""

from __future__ import annotations

import re

import httpx
import pytest
import yaml
from rembigraph.loaders import read
from rembigraph.loaders.reading import Document, Reading

HTML = {"Accept": "text/html"}
JSON = {"Accept": "application/json"}


@pytest.fixture(scope="module")
def client(browser_url):
    with httpx.Client(base_url=browser_url) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "status", "location"),
    [
        ("/links", 200, ""),
        ("/links/S-BSST707", 200, ""),
        ("/links/s-bsst707", 301, "/links/S-BSST707"),
        ("/links/S-BSST707/EMPIAR-10819", 200, ""),
        ("/links/EMPIAR-99998", 200, ""),
        ("/links/EMPIAR-99997", 404, ""),
        ("/links/S-BSST707/EMPIAR-99999", 404, ""),
        ("/links/S-BSST707/EMPIAR-10819/more", 404, ""),
        ("/links/%3Cscript%3E", 404, ""),
        ("/links/EMD-99990", 404, ""),
        ("/EMD-99990", 303, "/links/EMD-99990"),
        ("/emd-99990", 303, "/links/EMD-99990"),
        ("/9zzz", 303, "/links/9ZZZ"),
        ("/pdb_00009zzz", 303, "/links/9ZZZ"),
        ("/1234", 404, ""),
    ],
)
def test_every_address_answers_as_it_should(client, path, status, location):
    answer = client.get(path, headers=HTML)
    assert answer.status_code == status
    assert answer.headers.get("location", "").removeprefix(str(client.base_url).rstrip("/")) == location


def test_a_pair_shows_its_evidence_with_the_quoted_place(client):
    page = client.get("/links/S-BSST707/EMPIAR-10819", headers=HTML).text
    assert "The FIB SEM data can be found on EMPIAR, entry # EMPIAR-10819." in page
    entry = client.get("/links/S-BSST707/EMPIAR-10819", headers=JSON).json()["links"][0]
    assert (entry["from"], entry["to"], entry["relation"]) == (
        "S-BSST707",
        "EMPIAR-10819",
        "images_same_specimen",
    )
    assert entry["correlated"]
    assert entry["quotes"] == ["The FIB SEM data can be found on EMPIAR, entry # EMPIAR-10819."]


def test_both_ends_list_the_link(client):
    for end in ("S-BSST707", "EMPIAR-10819"):
        links = client.get(f"/links/{end}", headers=JSON).json()["links"]
        assert ("S-BSST707", "EMPIAR-10819") in {(one["from"], one["to"]) for one in links}


def test_a_page_that_is_not_here_leads_to_what_is_known_of_it(client):
    page = client.get("/EMPIAR-99998", headers=HTML)
    assert page.status_code == 404
    assert 'href="/links/EMPIAR-99998"' in page.text


def test_a_downloaded_decision_can_be_loaded(client):
    asked = {"verdict": "refuted", "who": "Ada: Lovelace #1", "why": "line one\nline 'two' \"three\" {x}"}
    answer = client.get("/links/S-BSST707/EMPIAR-10819/decision.yaml", params=asked)
    assert answer.headers["content-type"].startswith("application/yaml")
    assert "attachment" in answer.headers["content-disposition"]
    assert answer.headers["cache-control"] == "no-store"
    (reading,) = read(Document("decision.yaml", "", answer.content))
    assert isinstance(reading, Reading)
    assert (reading.study.about_study, reading.study.link_to) == ("S-BSST707", "EMPIAR-10819")
    assert reading.study.decided_by == asked["who"]
    assert yaml.safe_load(answer.text)["curation"][0]["why"] == asked["why"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "whether the link holds"),
        ({"verdict": "maybe", "who": "a", "why": "b"}, "whether the link holds"),
        ({"verdict": "refuted"}, "who and why"),
        ({"verdict": "refuted", "who": "  ", "why": "b"}, "who"),
        ({"verdict": "confirmed", "who": "a", "why": "b", "relation": "<b>"}, "no relation"),
    ],
)
def test_a_decision_that_says_too_little_is_not_given_out(client, asked, said):
    answer = client.get("/links/S-BSST707/EMPIAR-10819/decision.yaml", params=asked, headers=JSON)
    assert answer.status_code == 400
    assert said in answer.json()["detail"]
    assert answer.json()["fix"]


def test_the_home_page_leads_to_how_studies_are_linked(client):
    assert re.search(r'href="/links"', client.get("/", headers=HTML).text)
    page = client.get("/links", headers=HTML).text
    assert "Links by what they say and rest on" in page


def test_no_route_about_links_takes_anything_but_reading(client):
    for path in ("/links", "/links/S-BSST707", "/links/S-BSST707/EMPIAR-10819/decision.yaml"):
        assert client.post(path).status_code == 405


def test_what_curators_decided_about_a_map_is_on_the_page_of_the_link(tmp_path):
    from rembigraph.app.loading import load
    from rembigraph.catalogue.home import Home

    from tests.conftest import DATA, pages_app, running

    (tmp_path / "study.yaml").write_text(
        "accession: EXAMPLE-0111\ntitle: A made-up study of a map\n"
        "reconstructed_as: [{id: 'http://www.ebi.ac.uk/emdb/EMD-99990', external_identifier: EMD-99990}]\n",
        encoding="utf-8",
    )
    (tmp_path / "decision.yaml").write_text(
        "curation: {accession: EXAMPLE-0111, link_to: EMD-99990, verdict: refuted, who: Ada, when: 2026-11-28,"
        " why: made up for a test}\n",
        encoding="utf-8",
    )
    home = Home.init(tmp_path / "home", DATA)
    assert (
        load([str(file) for file in sorted(tmp_path.glob("*.yaml"))], home, processes=1).count("loaded") == 2
    )
    with running(lambda address: pages_app(home, address)) as address:
        page = httpx.get(f"{address}/links/EXAMPLE-0111/EMD-99990", headers=HTML).text
    assert "made up for a test" in page
    assert "Nothing yet" not in page
