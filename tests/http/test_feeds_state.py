"""All feeds tell one state, and a harvester that follows increments ends where one does that starts afresh."""

from __future__ import annotations

import gzip
import random
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import pytest
import rdflib

pytest.importorskip("sickle")
pytest.importorskip("oaipmh_scythe")
import oaipmh_scythe
import sickle

from tests.conftest import DATA
from tests.feeding import Catalogue
from tests.unit.test_changes import step

FORMATS = ("oai_dc", "oai_datacite", "datacite", "dcat_ap", "rembi")
OAI = "{http://www.openarchives.org/OAI/2.0/}"
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


class Sickle:
    """Harvests with sickle; keeps what it got, by identifier."""

    def __init__(self, address: str, prefix: str, category: str = "") -> None:
        self.address, self.prefix, self.category = f"{address}/oai", prefix, category
        self.held: dict[str, str] = {}
        self.since = ""

    def harvest(self) -> None:
        asked = {"metadataPrefix": self.prefix, "from": self.since, "set": self.category}
        client = sickle.Sickle(self.address)
        try:
            records = client.ListRecords(**{name: text for name, text in asked.items() if text})
        except sickle.oaiexceptions.NoRecordsMatch:
            return
        # The guidelines: the next harvest begins at the responseDate of this one.
        self.since = records.oai_response.xml.find(f"{OAI}responseDate").text
        for record in records:
            if record.deleted:
                self.held.pop(record.header.identifier, None)
            else:
                self.held[record.header.identifier] = ET.tostring(
                    ET.fromstring(record.raw).find(f"{OAI}metadata"), encoding="unicode"
                )


class Scythe:
    """Harvests with oaipmh-scythe; keeps datestamps, by identifier."""

    def __init__(self, address: str) -> None:
        self.address = f"{address}/oai"
        self.held: dict[str, str] = {}
        self.since = ""

    def harvest(self) -> None:
        with oaipmh_scythe.Scythe(self.address) as client:
            asked = {"from_": self.since} if self.since else {}
            try:
                for header in client.list_identifiers(metadata_prefix="oai_dc", **asked):
                    if header.deleted:
                        self.held.pop(header.identifier, None)
                    else:
                        self.held[header.identifier] = header.datestamp
                    self.since = max(self.since, header.datestamp)
            except oaipmh_scythe.exceptions.NoRecordsMatch:
                return


class Follower:
    """Follows `/changes`; keeps the sets of each study."""

    def __init__(self, address: str) -> None:
        self.url = f"{address}/changes"
        self.held: dict[str, Any] = {}

    def harvest(self) -> None:
        url: str | None = self.url
        while url:
            answer = httpx.get(url).raise_for_status().json()
            for change in answer["changes"]:
                if change["change"] == "withdrawn":
                    self.held.pop(change["accession"], None)
                else:
                    self.held[change["accession"]] = change["sets"], change["time"]
            url, self.url = answer["next"], answer["later"]


def harvesters(address: str) -> list[Any]:
    whole = [Sickle(address, prefix) for prefix in FORMATS]
    some = [Sickle(address, "oai_dc", "correlative"), Sickle(address, "rembi", "organism:NCBITaxon_7955")]
    return [*whole, *some, Scythe(address), Follower(address)]


@pytest.mark.parametrize("steps", [15, pytest.param(200, marks=pytest.mark.nightly)])
def test_increments_end_with_the_state_of_a_fresh_harvest(
    tmp_path: Path, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rembigraph.app.feeds.oai.PAGE", 3)
    monkeypatch.setattr("rembigraph.app.feeds.change_list.PAGE", 3)
    dice, catalogue = random.Random(5), Catalogue(tmp_path)
    step(catalogue, dice, 0)
    with catalogue.served() as address:
        followers = harvesters(address)
        for day in range(1, steps):
            step(catalogue, dice, day)
            for one in dice.sample(followers, 2):
                one.harvest()
            if day % 10 == 0:
                agree(address, catalogue)
        agree(address, catalogue)
        for follower, fresh in zip(followers, harvesters(address), strict=True):
            follower.harvest()
            fresh.harvest()
            assert follower.held == fresh.held


def told(address: str) -> dict[str, Any]:
    """The last change of every study that was ever here, as `/changes` tells it on all its pages."""
    changes: dict[str, Any] = {}
    url: str | None = f"{address}/changes"
    while url:
        page = httpx.get(url).json()
        changes |= {one["accession"]: one for one in page["changes"]}
        url = page["next"]
    return changes


def agree(address: str, catalogue: Catalogue) -> None:
    """Check that every channel tells the same of every study that was ever here."""
    state = catalogue.home.ledger.read()
    held, gone = set(state.accessions()), set(state.withdrawn)
    catalogue.await_followed(address)
    changes = told(address)
    assert {name for name, one in changes.items() if one["change"] != "withdrawn"} == held
    assert {name for name, one in changes.items() if one["change"] == "withdrawn"} == gone
    urls = ET.fromstring(httpx.get(f"{address}/sitemap.xml").content).findall(f"{SITEMAP}url")
    listed = {one.findtext(f"{SITEMAP}loc"): one.findtext(f"{SITEMAP}lastmod") for one in urls}
    assert listed == {f"{address}/{name}": changes[name]["time"] for name in held}
    crates = {}
    url = f"{address}/feeds/gide"
    while url:
        page = httpx.get(url).json()
        crates |= {one["accession"]: one.get("crate", "") for one in page["changes"]}
        url = page["next"]
    assert {name for name, crate in crates.items() if crate} == held
    catalogue_page = rdflib.Graph().parse(data=httpx.get(f"{address}/dcat").content, format="turtle")
    datasets = {str(one) for one in catalogue_page.objects(None, rdflib.DCAT.dataset)}
    assert datasets == {f"{address}/{name}" for name in held}
    rows = gzip.decompress(httpx.get(f"{address}/dumps/latest/all.csv.gz", follow_redirects=True).content)
    assert {line.split(",")[0] for line in rows.decode().splitlines()[1:]} == held
    for name in held | gone:
        for form in ("", ".ttl"):
            assert httpx.get(f"{address}/{name}{form}").status_code == (200 if name in held else 410)
        asked = {"verb": "GetRecord", "metadataPrefix": "oai_dc", "identifier": DATA + name}
        record = ET.fromstring(httpx.get(f"{address}/oai", params=asked).content).find(f".//{OAI}record")
        assert record is not None
        header = record.find(f"{OAI}header")
        assert header is not None
        assert header.get("status") == ("deleted" if name in gone else None)
        assert header.findtext(f"{OAI}datestamp") == changes[name]["time"]
        assert [one.text for one in header.findall(f"{OAI}setSpec")] == changes[name]["sets"]
        assert (record.find(f"{OAI}metadata") is None) == (name in gone)
