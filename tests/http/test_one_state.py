"""One state: after each change, page, RDF, SPARQL, list, and every feed and dump say the same of a study."""

from __future__ import annotations

import csv
import gzip
import html
import io
import re
import zipfile
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from xml.etree import ElementTree as ET

import httpx
import pytest
import rdflib
from pyoxigraph import RdfFormat, parse

from tests.conftest import DATA, HUMAN
from tests.feeding import Catalogue, study

NAME = "EXAMPLE-0007"
IRI = rdflib.URIRef(DATA + NAME)
DC = "{http://purl.org/dc/elements/1.1/}"
OAI = "{http://www.openarchives.org/OAI/2.0/}"

Title = str | None
"""Title of the study as a channel tells it; None when the channel says that it is gone."""


def got(client: httpx.Client, address: str, **asked: str) -> httpx.Response:
    answer = client.get(address, params=asked or None, follow_redirects=True)
    assert answer.status_code in {200, 410}, (address, answer.status_code)
    return answer


def page(client: httpx.Client) -> Title:
    answer = client.get(f"/{NAME}", headers={"Accept": "text/html"})
    heading = re.search(r"<h1[^>]*>(.*?)</h1>", answer.text, re.DOTALL)
    assert heading
    text = " ".join(html.unescape(re.sub("<[^>]*>", "", heading[1])).split())
    if answer.status_code == 410:
        assert text == f"{NAME} was withdrawn"
        return None
    assert answer.status_code == 200
    return text.removeprefix(NAME).strip()


def form(suffix: str, parsed_as: RdfFormat) -> Callable[[httpx.Client], Title]:
    def read(client: httpx.Client) -> Title:
        answer = got(client, f"/{NAME}.{suffix}")
        if answer.status_code == 410:
            return None
        return title_in(answer.content, parsed_as)

    return read


def title_in(content: bytes, form: RdfFormat) -> Title:
    """Title of the study in RDF; None when it is not there."""
    about = (quad for quad in parse(content, form) if str(quad.subject) == f"<{IRI}>")
    titles = {quad.object.value for quad in about if quad.predicate.value == str(rdflib.DCTERMS.title)}
    assert len(titles) <= 1
    return titles.pop() if titles else None


def sparql(client: httpx.Client) -> Title:
    query = f"SELECT ?title {{ <{IRI}> a <https://w3id.org/rembigraph/ns#Study> ; <{rdflib.DCTERMS.title}> ?title }}"
    rows = got(client, "/sparql", query=query, format="json").json()["results"]["bindings"]
    return rows[0]["title"]["value"] if rows else None


def listed(client: httpx.Client) -> Title:
    items = got(client, "/studies", format="json", per_page="100").json()["items"]
    return next((one["title"] for one in items if one["accession"] == NAME), None)


def changes(client: httpx.Client) -> Title:
    """`/changes` tells the state; the title is behind the address that it gives."""
    (one,) = (one for one in got(client, "/changes").json()["changes"] if one["accession"] == NAME)
    if one["change"] == "withdrawn":
        return None
    said = got(client, httpx.URL(one["page"]).path + ".csl.json").json()
    return str((said[0] if isinstance(said, list) else said)["title"])


def oai(client: httpx.Client) -> Title:
    asked = {"verb": "ListRecords", "metadataPrefix": "oai_dc"}
    records = ET.fromstring(got(client, "/oai", **asked).content).iter(f"{OAI}record")
    (record,) = (one for one in records if one.findtext(f".//{OAI}identifier") == str(IRI))
    return record.findtext(f".//{DC}title")


def sitemap(client: httpx.Client) -> Title:
    """The sitemap tells what is held; the title is behind the address."""
    return page(client) if f"/{NAME}</loc>" in got(client, "/sitemap.xml").text else None


def dcat(client: httpx.Client) -> Title:
    graph = rdflib.Graph().parse(data=got(client, "/dcat").content, format="turtle")
    found = [one for one in graph.objects(None, rdflib.DCAT.dataset) if str(one).endswith(f"/{NAME}")]
    return str(graph.value(found[0], rdflib.DCTERMS.title)) if found else None


def point(client: httpx.Client) -> Title:
    answer = got(client, f"/fdp/dataset/{NAME}")
    if answer.status_code == 410:
        return None
    graph = rdflib.Graph().parse(data=answer.content, format="turtle")
    (found,) = (one for one in graph.subjects(rdflib.RDF.type, rdflib.DCAT.Dataset) if f"/{NAME}" in str(one))
    return str(graph.value(found, rdflib.DCTERMS.title))


def crates(client: httpx.Client) -> Title:
    archive = zipfile.ZipFile(io.BytesIO(got(client, "/feeds/gide.zip").content))
    (name,) = [one for one in archive.namelist() if NAME in one] or [""]
    found = re.search(r'"name": "(Title [^"]*)"', archive.read(name).decode()) if name else None
    return found[1] if found else None


def unpacked(client: httpx.Client, name: str) -> bytes:
    return gzip.decompress(got(client, f"/dumps/latest/{name}.gz").content)


def dumped(client: httpx.Client) -> Title:
    return title_in(unpacked(client, "all.nq"), RdfFormat.N_QUADS)


def dumped_by_archive(client: httpx.Client) -> Title:
    table = csv.DictReader(io.StringIO(unpacked(client, "Example.csv").decode()))
    return next((row["title"] for row in table if row["accession"] == NAME), None)


CHANNELS: dict[str, Callable[[httpx.Client], Title]] = {
    "page": page,
    "Turtle": form("ttl", RdfFormat.TURTLE),
    "N-Quads": form("nq", RdfFormat.N_QUADS),
    "JSON-LD": form("jsonld", RdfFormat.JSON_LD),
    "RDF/XML": form("rdf", RdfFormat.RDF_XML),
    "SPARQL": sparql,
    "list": listed,
    "/changes": changes,
    "OAI-PMH": oai,
    "sitemap": sitemap,
    "DCAT": dcat,
    "FAIR Data Point": point,
    "GIDE": crates,
    "dump": dumped,
    "dump of an archive": dumped_by_archive,
}


def a_study(title: str) -> dict[str, object]:
    return study(7, title, issued="2026-01-02", organism=[HUMAN])


def steps(catalogue: Catalogue) -> Iterator[Title]:
    """Change the catalogue step by step; yield the title that every channel must tell then."""
    catalogue.publish(a_study("Title one"), study(8, "Another"))
    yield "Title one"
    catalogue.publish(a_study("Title two & <more>"), dates="2026-02-01")
    yield "Title two & <more>"
    catalogue.publish(withdraw=[NAME])
    yield None
    catalogue.publish(study(9, "A third"))
    yield None
    catalogue.publish(reinstate=[NAME])
    yield "Title two & <more>"
    catalogue.publish(a_study("Title three"), withdraw=["EXAMPLE-0008"], dates="2026-03-01")
    yield "Title three"


@pytest.mark.slow
def test_every_channel_tells_the_same_after_each_step(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path)
    after = steps(catalogue)
    first = next(after)
    with catalogue.served() as address, httpx.Client(base_url=address, timeout=60) as client:
        for title in chain([first], after):
            catalogue.await_followed(address)
            assert {name: read(client) for name, read in CHANNELS.items()} == dict.fromkeys(CHANNELS, title)
