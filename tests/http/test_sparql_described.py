"""What the endpoint says about itself and its data: service description, VoID, examples, whole graphs."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from rdflib import Graph, Namespace, URIRef
from rdflib.namespace import RDF, VOID
from rembigraph.catalogue.queries import named_queries
from sparql_server import Served, serving

SD = Namespace("http://www.w3.org/ns/sparql-service-description#")
SH = Namespace("http://www.w3.org/ns/shacl#")
TRIG = """
PREFIX : <http://example.org/>
:a a :Thing ; :p 1 , 2 . :b a :Thing , :Other .
:g { :c :p 3 } :empty {}
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    file = tmp_path_factory.mktemp("data") / "data.trig"
    file.write_text(TRIG)
    with serving("--dataset", str(file)) as running:
        yield running


def graph_of(answer: httpx.Response, kind: str = "turtle") -> Graph:
    assert answer.status_code == 200, answer.text
    return Graph().parse(data=answer.text, format=kind)


@pytest.mark.parametrize(
    ("accept", "kind"),
    [("text/turtle", "turtle"), ("application/rdf+xml", "xml"), ("application/n-triples", "nt")],
)
def test_service_description_with_counts(served: Served, accept: str, kind: str) -> None:
    httpx.get(served.url + ".well-known/void")
    found = graph_of(httpx.get(served.sparql, headers={"accept": accept}), kind)
    (service,) = found.subjects(RDF.type, SD.Service)
    (graph,) = found.objects(predicate=SD.defaultGraph)
    assert found.value(service, SD.endpoint) == URIRef(served.sparql)
    assert int(found.value(graph, VOID.triples)) == 5
    assert (service, SD.feature, SD.BasicFederatedQuery) in found


def test_void(served: Served) -> None:
    answer = httpx.get(served.url + ".well-known/void")
    found = graph_of(answer)
    (dataset,) = found.subjects(VOID.sparqlEndpoint, URIRef(served.sparql))
    counts = {
        found.value(part, VOID["class"]): int(found.value(part, VOID.entities))
        for part in found.objects(dataset, VOID.classPartition)
    }
    assert counts == {URIRef("http://example.org/Thing"): 2, URIRef("http://example.org/Other"): 1}
    assert int(found.value(dataset, VOID.properties)) == 2
    assert sorted(map(str, found.objects(dataset, VOID.vocabulary))) == [
        "http://example.org/",
        "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    ]
    held = {"if-none-match": answer.headers["etag"]}
    assert httpx.get(served.url + ".well-known/void", headers=held).status_code == 304
    assert httpx.get(served.url + ".well-known/void", headers={"accept": "image/png"}).status_code == 406


def test_examples_are_data(served: Served) -> None:
    found = graph_of(httpx.get(served.url + ".well-known/sparql-examples"))
    queries = set(found.subjects(RDF.type, SH.SPARQLExecutable))
    assert len(queries) == len(named_queries())
    for query in queries:
        text = found.value(query, SH.select) or found.value(query, SH.construct) or found.value(query, SH.ask)
        name = str(query).rpartition("#")[2]
        assert str(text).splitlines()[0] == named_queries()[name].text.splitlines()[0]
    federated = {
        str(query).rpartition("#")[2]
        for query in found.subjects(URIRef("https://purl.expasy.org/sparql-examples/ontology#federatesWith"))
    }
    assert federated == {name for name in named_queries() if name.startswith("federated_")}


def test_graph_store(served: Served) -> None:
    url = served.url + "graphs"
    one = httpx.get(
        url, params={"graph": "http://example.org/g"}, headers={"accept": "application/n-triples"}
    )
    assert (
        one.text.strip()
        == '<http://example.org/c> <http://example.org/p> "3"^^<http://www.w3.org/2001/XMLSchema#integer> .'
    )
    assert len(graph_of(httpx.get(url, params={"default": ""}))) == 5
    head = httpx.head(url, params={"graph": "http://example.org/g"})
    assert (head.status_code, head.content) == (200, b"")
    assert httpx.get(url, params={"graph": "http://example.org/nothing"}).status_code == 404


@pytest.mark.parametrize(
    "query", ["", "?graph=relative", "?default&graph=urn:a", "?graph=urn:a&graph=urn:b", "?graph=urn:a%3E"]
)
def test_graph_names_that_are_none(served: Served, query: str) -> None:
    answer = httpx.get(f"{served.url}graphs{query}")
    assert answer.status_code == 400
    assert "graph" in answer.json()["detail"].lower()


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH"])
def test_nothing_is_written(served: Served, method: str) -> None:
    answer = httpx.request(method, served.url + "graphs?default", content=b"<urn:a> <urn:b> <urn:c> .")
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]
