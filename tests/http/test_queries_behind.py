"""Behind every number and list of the pages stands a query, and it gives what the page shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from rembigraph.catalogue.parts import iri_of
from rembigraph.ontology.fields import enum_iris

from tests.conftest import DATA, running
from tests.shown_numbers import differences, rows

html = pytest.importorskip("lxml.html")


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Any, httpx.Client, Any]]:
    """The sample: (a snapshot of it, a client of its server, its site)."""
    from rembigraph.app.demo import sample_catalogue
    from rembigraph.app.main import create_app
    from rembigraph.app.pages.site import Site
    from rembigraph.app.settings import Settings
    from rembigraph.app.sparql.limits import QueryLimits
    from rembigraph.catalogue.following import Reader

    with sample_catalogue(Settings(), lambda _: None) as home:

        def make(address: str) -> Any:
            return create_app(home, address, QueryLimits())

        reader = Reader(home)
        with (
            running(make, lifespan="on") as url,
            httpx.Client(base_url=url, timeout=60) as client,
            reader.snapshot() as snapshot,
        ):
            yield snapshot, client, Site.of(url, DATA)
        reader.close()


def test_the_numbers_of_the_home_page(served: Any) -> None:
    from rembigraph.app.pages.behind import home_queries

    snapshot, client, site = served
    counts = snapshot.counts
    found = {name: rows(client, path) for name, path in home_queries(site).items()}
    by_archive = {row["archive"].rpartition("#")[2]: int(row["studies"]) for row in found["studies"]}
    assert by_archive == counts["archives"]
    assert found["correlative"] == [
        {"studies": str(counts["correlative_studies"]), "sets": str(counts["sets"])}
    ]
    assert found["across"] == [{"sets": str(counts["sets_across_archives"])}]
    assert found["joined"] == [{"sets": str(counts["sets_with_transformation"])}]
    assert 0 < counts["sets_across_archives"] < counts["sets"] > counts["sets_with_transformation"] > 0
    assert found["transformations"] == [{"transformations": str(counts["transformations"])}]
    assert found["images"] == [{"images": str(counts["images"])}]
    assert found["bytes"] == [{"bytes": str(counts["bytes"]), "studies": str(counts["bytes_stated_by"])}]
    newest = [row["study"].removeprefix(DATA) for row in found["newest"]]
    assert newest == [each["accession"] for each in counts["newest"]]
    assert len({row["set"] for row in found["sets"]}) == counts["sets"]


def test_the_lists_of_every_study(served: Any) -> None:
    snapshot, client, site = served
    assert [
        wrong
        for accession in snapshot.search.accessions()
        for wrong in differences(client, snapshot, accession, site)
    ] == []


def test_every_list_of_a_study_has_its_query(served: Any) -> None:
    _, client, _ = served
    page = html.fromstring(client.get("/EXAMPLE-0001", headers={"Accept": "text/html"}).text)
    lists = {"parts-title", "correlation", "components", "samples", "acquisitions", "images", "files", "also"}
    for name in lists | {"missing"}:
        (link,) = page.xpath(f"//*[@id='{name}']/following-sibling::a[@class='ask']")
        assert link.text_content().startswith("Show query for ")
        assert client.get(link.get("href"), headers={"Accept": "text/html"}).status_code == 200
    (count,) = page.xpath("//*[@id='images']/span[@class='count']")
    (link,) = page.xpath("//*[@id='images']/following-sibling::a")
    assert len(rows(client, link.get("href"))) == int(count.text_content())


def test_links_by_what_they_say(served: Any) -> None:
    snapshot, client, _ = served
    page = html.fromstring(client.get("/links", headers={"Accept": "text/html"}).text)
    kinds, suggested = (link.get("href") for link in page.xpath("//a[@class='ask']"))
    relations, evidences = (
        {iri: key for key, iri in enum_iris(enum).items()} for enum in ("LinkRelation", "EvidenceKind")
    )
    found = {
        (relations[row["relation"]], evidences.get(row["evidence"], "")): int(row["links"])
        for row in rows(client, kinds)
    }
    shown = {(each["relation"], each["evidence"]): each["links"] for each in snapshot.counts["links"]}
    assert found == shown
    pairs = {
        (row["one"].removeprefix(DATA), row["two"].removeprefix(DATA)) for row in rows(client, suggested)
    }
    assert pairs == set(snapshot.search.suggestions(200))


def test_the_numbers_of_the_status(served: Any) -> None:
    snapshot, client, _ = served
    page = html.fromstring(client.get("/status", headers={"Accept": "text/html"}).text)
    by_archive, kept, unresolved = (
        rows(client, link.get("href")) for link in page.xpath("//a[@class='ask']")
    )
    assert {row["archive"].rpartition("#")[2]: int(row["studies"]) for row in by_archive} == snapshot.counts[
        "archives"
    ]
    assert kept == [{"values": str(snapshot.counts["kept_values"])}]
    assert unresolved == [{"texts": str(snapshot.counts["unresolved"])}]


def test_the_home_page_links_them(served: Any) -> None:
    _, client, _ = served
    text = client.get("/", headers={"Accept": "text/html"}).text
    assert len(re.findall('class="ask"', text)) == 9


def test_what_records_are_linked_with(served: Any) -> None:
    snapshot, client, _ = served
    with snapshot.search.connection() as index:
        ends = [end for (end,) in index.execute("SELECT DISTINCT here FROM edge WHERE kind != 'publication'")]
    assert len(ends) > 20
    for end in ends:
        page = html.fromstring(
            client.get(f"/links/{quote(end, safe='')}", headers={"Accept": "text/html"}).text
        )
        (link,) = page.xpath("//*[@id='links']/following-sibling::a")
        found = {row["other"] for row in rows(client, link.get("href"))}
        assert found == {iri_of(snapshot.iris, part.accession) for part in snapshot.parts(end)}, end


@pytest.mark.parametrize("name", ["NCBITaxon:9606", "FBbi:00000251"])
def test_the_studies_of_a_term(served: Any, name: str) -> None:
    _, client, _ = served
    page = html.fromstring(client.get(f"/about/{name}", headers={"Accept": "text/html"}).text)
    listed = {link.text_content() for link in page.xpath("//a[@class='accession']")}
    (link,) = page.xpath("//a[text()='Query its studies']")
    found = {row["study"].removeprefix(DATA) for row in rows(client, link.get("href"))}
    assert listed
    assert listed <= found


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"archive": ["EMPIAR"]},
        {"archive": ["EMPIAR", "BIA"], "correlative": "yes"},
        {"correlative": "no"},
        {"organism": ["Homo sapiens"]},
        {"organism": ["Homo sapiens", "NCBITaxon:10090"], "method": ["confocal microscopy", "FIB-SEM"]},
        {"year": ["2021", "2022"]},
        {"year": ["1812"]},
        {"organism": ["nobody"], "archive": ["nowhere"]},
    ],
    ids=str,
)
def test_the_list_of_studies_and_the_counts_of_its_filters(served: Any, asked: dict[str, Any]) -> None:
    _, client, _ = served
    listed = client.get("/studies", params={**asked, "format": "json", "per_page": 1000}).json()
    page = html.fromstring(client.get("/studies", params=asked, headers={"Accept": "text/html"}).text)
    links = {link.text_content(): link.get("href") for link in page.xpath("//a[@class='ask']")}
    whole = links.pop("Show query for these studies", None)
    found = {row["study"].removeprefix(DATA) for row in rows(client, whole)} if whole else set()
    assert found == {item["accession"] for item in listed["items"]}
    shown = {
        kind: {str(each["value"]): each["studies"] for each in values}
        for kind, values in listed["facets"].items()
        if kind != "correlative" and values
    }
    asks = [link.get("href") for link in page.xpath("//aside//a[@class='ask']")]
    assert len(asks) == len(shown)
    for (kind, values), path in zip(shown.items(), asks, strict=True):
        counted = {_short(row[kind]): int(row["studies"]) for row in rows(client, path)}
        assert {name: counted.get(name.removeprefix("rembi:")) for name in values} == values, kind


def _short(value: str) -> str:
    from rembigraph.catalogue.summary import Term

    return Term(value, value).short.removeprefix("rembi:")


def test_behind_a_list_that_words_narrow_stand_the_studies_of_its_page(served: Any) -> None:
    _, client, _ = served
    listed = client.get("/studies", params={"q": "actin", "format": "json", "per_page": 25}).json()
    page = html.fromstring(
        client.get("/studies", params={"q": "actin"}, headers={"Accept": "text/html"}).text
    )
    (link,) = page.xpath("//a[@class='ask']")
    assert link.text_content() == "Show query for the studies on this page"
    assert {row["study"].removeprefix(DATA) for row in rows(client, link.get("href"))} == {
        item["accession"] for item in listed["items"]
    }


def test_a_text_that_a_source_gives_for_an_organism_stays_a_text() -> None:
    from rembigraph.app.pages.behind_list import _term

    assert _term("organism", "http://purl.obolibrary.org/obo/NCBITaxon_9606") == (
        "<http://purl.obolibrary.org/obo/NCBITaxon_9606>"
    )
    hostile = 'see http://x.example "> } ; DROP'
    assert _term("organism", hostile) == '"see http://x.example \\"> } ; DROP"'


@pytest.mark.parametrize("query", ["".join(map(chr, range(128))), "ASK { ?s ?p 'µm, \u2028 and 中' }", ""])
def test_the_address_of_a_query_gives_it_back(query: str) -> None:
    from urllib.parse import parse_qs, urlsplit

    from rembigraph.app.pages.site import Site

    path = Site.of("https://catalogue.example/below", DATA).query(query)
    assert path.startswith("/below/sparql?query=")
    assert parse_qs(urlsplit(path).query, keep_blank_values=True) == {"query": [query]}
