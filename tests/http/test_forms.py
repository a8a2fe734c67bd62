"""Forms by suffix, media type and profile; typed links that clients written by others read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import httpx
import pytest
import rdflib
from rembigraph.app.pages.representations import BY_TAIL
from rembigraph.app.pages.signposting import LINKSETS
from rembigraph.catalogue.exports import EXPORTS

PUBLIC = "https://catalogue.example"
_ONCE = {"anchor", "alternate"}
"""`describedby alternate` is one link of the text and two of the JSON."""
STUDY = "/EMPIAR-10819"
ROCRATE = "https://w3id.org/ro/crate/1.2"
needs_signposting = pytest.mark.skipif(
    find_spec("signposting") is None, reason="signposting is not installed"
)
needs_extruct = pytest.mark.skipif(find_spec("extruct") is None, reason="extruct is not installed")


@pytest.fixture(scope="module")
def client(pages_url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=pages_url, timeout=30) as opened:
        yield opened


def profile_of(answer: httpx.Response) -> str:
    found = re.search(r'<([^>]+)>; rel="profile"', answer.headers["link"])
    return found[1] if found else ""


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_has_an_address_of_its_own(client: httpx.Client, name: str) -> None:
    export = EXPORTS[name]
    answer = client.get(STUDY + export.tail)
    if answer.status_code == 406:
        assert name == "croissant", "this study has no annotations, but everything else"
        return
    assert answer.status_code == 200
    assert answer.headers["content-type"].split(";")[0] == export.media_type
    assert answer.headers["content-location"] == PUBLIC + STUDY + export.tail
    assert f'<{PUBLIC}{STUDY}>; rel="describes"; type="text/html"' in answer.headers["link"]
    assert profile_of(answer) == export.profile
    again = client.get(STUDY + export.tail, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("query", "headers", "tail"),
    [
        ("?_profile=schemaorg", {}, ".schema.jsonld"),
        ("?_profile=rocrate", {"Accept": "text/html"}, None),
        (f"?_profile={ROCRATE}", {}, "-ro-crate-metadata.json"),
        ("?_profile=datacite", {}, ".datacite.json"),
        ("?_profile=datacite&_mediatype=application/vnd.datacite.datacite%2Bxml", {}, ".datacite.xml"),
        ("?_profile=dcat", {"Accept": "text/turtle"}, ".dcat.ttl"),
        ("?_profile=rembi", {"Accept": "application/ld+json"}, ".jsonld"),
        ("?_profile=rembi", {}, ".ttl"),
        ("?_mediatype=text/turtle", {"Accept": "text/html"}, ".ttl"),
        ("?_profile=nobody", {}, None),
        ("", {"Accept-Profile": f"<{ROCRATE}>"}, "-ro-crate-metadata.json"),
        ("", {"Accept-Profile": f"<urn:none>, <{ROCRATE}>;q=0.5"}, "-ro-crate-metadata.json"),
        ("", {"Accept-Profile": "<http://data.europa.eu/r5r/>;q=0.3, <http://datacite.org/schema/kernel-4>"},
         ".datacite.json"),
        ("", {"Accept-Profile": "<urn:none>"}, None),
        ("", {"Accept-Profile": "nonsense"}, ".html"),
        ("", {"Accept": f'application/ld+json;profile="{ROCRATE}"'}, "-ro-crate-metadata.json"),
        ("", {"Accept": "application/ld+json"}, ".jsonld"),
        ("", {"Accept": "application/x-bibtex"}, ".bib"),
        ("", {"Accept": "application/vnd.citationstyles.csl+json, text/html;q=0.5"}, ".csl.json"),
        ("", {"Accept": "image/png"}, None),
        ("", {}, ".html"),
    ],
)  # fmt: skip
def test_a_request_gets_the_form_that_it_asks_for(
    client: httpx.Client, query: str, headers: dict[str, str], tail: str | None
) -> None:
    answer = client.get(STUDY + query, headers=headers)
    if tail is None:
        assert answer.status_code == 406
        assert "text/html" in headers.get("Accept", "") or answer.json()["offered"]
    else:
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-location"] == PUBLIC + STUDY + tail
        assert answer.headers["vary"] == "Accept, Accept-Profile"


def test_every_form_is_listed_and_leads_somewhere(client: httpx.Client) -> None:
    page = client.get(STUDY, headers={"Accept": "text/html"})
    listed = re.findall(rf'<{PUBLIC}{STUDY}([^>]+)>; rel="describedby alternate"', page.headers["link"])
    assert set(listed) == set(BY_TAIL) - {".html", ".croissant.json"}
    for tail in listed:
        assert client.get(STUDY + tail).status_code == 200, tail


def _told(found: Any, page: str) -> set[tuple[str, str, str, str]]:
    """(relation, target, media type, profiles) of what links a page with others."""
    return {
        (str(link.rel), str(link.target), str(link.type or ""), " ".join(sorted(map(str, link.profiles))))
        for link in found.signposts
        if link.context is None or str(link.context) == page
    }


@needs_signposting
@pytest.mark.parametrize("study", ["EMPIAR-10819", "S-BSST707", "EXAMPLE-0101", "EXAMPLE-0103"])
def test_header_page_and_linksets_say_the_same(browser_url: str, study: str) -> None:
    import signposting

    page = f"{browser_url}/{study}"
    by_header = _told(signposting.find_signposting_http(page), page)
    assert ("cite-as", page, "", "") in by_header
    assert ("type", "https://schema.org/AboutPage", "", "") in by_header
    assert by_header == _told(signposting.find_signposting_html(page), page)
    for tail, kind in LINKSETS.items():
        assert by_header <= _told(signposting.find_signposting_linkset(page + tail, kind), page), tail


@needs_extruct
def test_the_document_in_the_page_is_the_one_at_its_address(client: httpx.Client) -> None:
    import extruct

    page = client.get(STUDY, headers={"Accept": "text/html"}).text
    (found,) = extruct.extract(page, base_url=PUBLIC, syntaxes=["json-ld"])["json-ld"]
    assert found == json.loads(client.get(STUDY + ".schema.jsonld").content)
    assert found["@type"] == "Dataset"
    assert found["name"].startswith("Benchmark FIB SEM")


def test_linksets_are_complete(client: httpx.Client) -> None:
    document = client.get(STUDY + ".linkset.json")
    assert document.headers["content-type"] == "application/linkset+json"
    contexts = {each["anchor"]: each for each in document.json()["linkset"]}
    own = contexts[PUBLIC + STUDY]
    assert own["cite-as"] == [{"href": PUBLIC + STUDY}]
    for each in own["describedby"]:
        assert contexts[each["href"]]["describes"] == [{"href": PUBLIC + STUDY, "type": "text/html"}]
    text = client.get(STUDY + ".linkset")
    assert text.headers["content-type"] == "application/linkset"
    lists = [each for context in contexts.values() for rel, each in context.items() if rel not in _ONCE]
    assert text.text.count("\n") == sum(map(len, lists))


@pytest.mark.parametrize("tail", LINKSETS)
def test_linksets_know_the_canonical_spelling_only(client: httpx.Client, tail: str) -> None:
    answer = client.get("/empiar-10819" + tail)
    assert (answer.status_code, answer.headers["location"]) == (301, STUDY + tail)


def test_the_graph_of_the_dcat_form_parses(client: httpx.Client) -> None:
    graph = rdflib.Graph().parse(data=client.get(STUDY + ".dcat.ttl").content, format="turtle")
    assert (rdflib.URIRef(PUBLIC + STUDY), rdflib.RDF.type, rdflib.DCAT.Dataset) in graph
