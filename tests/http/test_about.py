"""Pages about what studies share: people, taxa, methods, publications."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote

import httpx
import pytest

HTML = {"Accept": "text/html"}
JSON = {"Accept": "application/json"}
HUMAN = "http://purl.obolibrary.org/obo/NCBITaxon_9606"


@pytest.fixture(scope="module")
def client(pages_url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=pages_url, timeout=30) as opened:
        yield opened


def test_a_taxon_lists_the_studies_that_the_list_of_studies_finds(client: httpx.Client) -> None:
    found = client.get("/about/NCBITaxon:9606", headers=JSON).json()
    listed = client.get("/studies", params={"organism": "NCBITaxon:9606", "format": "json"}).json()
    assert found["total"] == listed["total"] > 1
    assert {each["accession"] for each in found["studies"]} >= {each["accession"] for each in listed["items"]}
    page = client.get("/about/NCBITaxon:9606", headers=HTML)
    assert "Homo sapiens" in page.text
    assert f"{found['total']} studies here" in page.text


def test_any_iri_leads_to_its_page(client: httpx.Client) -> None:
    answer = client.get("/about", params={"iri": HUMAN})
    assert (answer.status_code, unquote(answer.headers["location"])) == (303, "/about/NCBITaxon:9606")
    again = client.get(f"/about/{HUMAN}")
    assert (again.status_code, again.headers["location"]) == (301, "/about/NCBITaxon:9606")


def test_people_and_publications_of_a_study_have_pages(client: httpx.Client) -> None:
    page = client.get("/S-BSST707", headers=HTML).text
    paths = {part.split('"')[0] for part in page.split('href="/about/')[1:]}
    assert {path.partition(":")[0] for path in paths} >= {"ORCID"}, paths
    for path in paths:
        answer = client.get(f"/about/{path}", headers=JSON)
        assert answer.status_code == 200, path
        assert "S-BSST707" in {each["accession"] for each in answer.json()["studies"]}, path


@pytest.mark.parametrize(
    "path",
    ["/about/NCBITaxon:1", "/about/nonsense", "/about/", "/about/javascript:alert(1)", "/about/" + "a" * 3000,
     "/about/http://[", "/about/DOI:10.1/x%00y", "/about/ORCID:"],
)  # fmt: skip
def test_what_nobody_names_is_unknown(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("iri", ["", "x", "javascript:alert(1)", "http://a b", "a" * 5000, "mailto:a@b"])
def test_what_is_no_address_is_refused(client: httpx.Client, iri: str) -> None:
    assert client.get("/about", params={"iri": iri}).status_code == 400
