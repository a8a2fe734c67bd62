"""Federation out: the shipped examples against peers on loopback in the others' data shapes, and what may go wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from rembigraph.app.sparql.peers import SHIPPED
from rembigraph.catalogue.queries import named_queries
from sparql_peer import LoopbackPeer, peer_of
from sparql_server import Served, serving

DATA = Path(__file__).resolve().parents[1] / "data" / "peers"
THEIRS = "https://catalogue.example.org/sparql"
STUDIES = "PREFIX rembi: <https://w3id.org/rembigraph/ns#> PREFIX dcterms: <http://purl.org/dc/terms/>"
PDB = "http://rdf.wwpdb.org/pdb/"

# Name of the example, the peer it asks, a row of the answer, the rows, and the bindings that must be sent.
EXAMPLES = [
    ("federated_proteins_of_raw_data", "uniprot", {"acc": "EXAMPLE-1", "name": "Made-up spike"}, 1, 2),
    ("federated_resolution_of_models", "rdfportal-pdb", {"res": "3.2", "pdb": f"{PDB}0XA1"}, 1, 2),
    ("federated_raw_images_of_a_protein", "rdfportal-pdb", {"acc": "EXAMPLE-1", "emdb": "EMD-00001"}, 1, 1),
    ("federated_studies_on_vertebrates", "ubergraph", {"acc": "EXAMPLE-1", "label": "Homo sapiens"}, 1, 2),
    ("federated_parts_of_the_mitochondrion", "ubergraph", {"label": "mitochondrial inner membrane"}, 1, 2),
    ("federated_ssbd_same_organism_and_method", "ssbd", {"zarr": "https://s3.example.org/1.zarr"}, 1, 2),
    ("federated_omero_same_organism", "omero-nfdi4bioimage", {"name": "Homo sapiens", "images": "1"}, 1, 2),
    ("federated_zenodo_records_about_studies", "nfdi4bioimage", {"title": "A made-up poster"}, 2, 2),
    ("federated_citations_of_papers", "wikidata-scholarly", {"acc": "EXAMPLE-1", "cited": "2"}, 1, 2),
]


@dataclass(frozen=True)
class Setting:
    served: Served
    peers: dict[str, LoopbackPeer]


@pytest.fixture(scope="module")
def here() -> Iterator[Setting]:
    with ExitStack() as stack:
        names = sorted({peer for _, peer, *_ in EXAMPLES})
        peers = {name: stack.enter_context(peer_of(DATA / f"{name}.trig")) for name in names}
        services = " ".join(f"{name}=>{peer.url}" for name, peer in peers.items())
        dataset = str(DATA / "here.trig")
        served = stack.enter_context(
            serving("--dataset", dataset, query_services=services, query_timeout="10")
        )
        yield Setting(served, peers)


@pytest.fixture(autouse=True)
def _well_behaved(here: Setting) -> None:
    for peer in here.peers.values():
        peer.demands_values, peer.status, peer.location, peer.body, peer.delay = True, 200, "", b"", 0.0
        peer.queries.clear()
        peer.headers.clear()


def ask(served: Served, query: str, **headers: str) -> httpx.Response:
    accept = {"accept": "application/sparql-results+json, application/problem+json"}
    return httpx.post(served.sparql, data={"query": query}, headers=accept | headers, timeout=30)


def rows(response: httpx.Response) -> list[dict[str, str]]:
    assert response.status_code == 200, response.text
    found = response.json()["results"]["bindings"]
    return [{name: term["value"] for name, term in row.items()} for row in found]


@pytest.mark.parametrize(
    ("name", "peer", "row", "count", "sent"), EXAMPLES, ids=[each[0] for each in EXAMPLES]
)
def test_a_shipped_example(
    here: Setting, name: str, peer: str, row: dict[str, str], count: int, sent: int
) -> None:
    """Each example gives its rows, and the peer sees bindings: it refuses to answer without."""
    answer = ask(here.served, named_queries()[name].text)
    found = rows(answer)
    assert len(found) == count
    assert any(row.items() <= each.items() for each in found), found
    asked = here.peers[peer]
    assert len(asked.queries) == 1
    assert len(asked.rows_sent()) == 1
    assert 1 <= asked.rows_sent()[0] <= 2 * sent
    assert "SERVICE" not in asked.queries[0]
    assert asked.headers[0]["rembigraph-hops"] == "1"
    assert asked.headers[0]["user-agent"].startswith("Rembigraph/")
    assert "etag" not in answer.headers  # the other's data may change at any time


@pytest.mark.slow
def test_the_example_from_the_other_side(here: Setting) -> None:
    """A second server, with UniProt's data, asks this one for its correlative studies."""
    text = named_queries()["federated_from_the_other_side"].text
    services = f"{THEIRS}=>{here.served.sparql}"
    with serving("--dataset", str(DATA / "uniprot.trig"), query_services=services) as theirs:
        found = rows(ask(theirs, text))
    assert [(each["acc"], each["lightdata"], each["pdb"]) for each in found] == [
        ("EXAMPLE-1", "EXAMPLE-2", f"{PDB}0XA1")
    ]
    with peer_of(DATA / "here.trig") as peer:
        services = f"{THEIRS}=>{peer.url}"
        with serving("--dataset", str(DATA / "uniprot.trig"), query_services=services) as theirs:
            assert len(rows(ask(theirs, text))) == 1
        assert peer.rows_sent() == [2]


def test_all_peers_of_the_examples_are_on_the_shipped_list() -> None:
    federated = {name: query.text for name, query in named_queries().items() if "SERVICE" in query.text}
    assert len(federated) == 10
    for text in federated.values():
        assert any(f"SERVICE <{address}>" in text for address in (*SHIPPED.values(), THEIRS))


def many(number: int, prefix: str = "urn:n") -> str:
    return " ".join(f"<{prefix}{each}>" for each in range(number))


def service(body: str, silent: str = "") -> str:
    return f"SERVICE {silent} <{SHIPPED['ubergraph']}> {{ {body} }}"


def test_bindings_go_in_blocks(here: Setting) -> None:
    peer = here.peers["ubergraph"]
    found = rows(
        ask(here.served, f"SELECT * {{ VALUES ?s {{ {many(2_300)} }} {service('GRAPH ?g { ?s ?p ?o }')} }}")
    )
    assert found == []
    assert peer.rows_sent() == [1_000, 1_000, 300]
    refused = ask(here.served, f"SELECT * {{ VALUES ?s {{ {many(10_001, 'n:')} }} {service('?s ?p ?o')} }}")
    assert refused.status_code in (403, 413)
    assert len(peer.queries) == 3


def test_nothing_bound_means_nobody_is_asked(here: Setting) -> None:
    query = f"SELECT * {{ ?s <urn:absent> ?taxon {service('GRAPH ?g { ?taxon ?p ?o }')} }}"
    assert rows(ask(here.served, query)) == []
    assert here.peers["ubergraph"].queries == []


TAXON = f"{STUDIES} SELECT ?acc ?label {{ ?study dcterms:identifier ?acc ; rembi:organism ?taxon . %s }} ORDER BY ?acc"
LABEL = "GRAPH ?g { ?taxon <http://www.w3.org/2000/01/rdf-schema#label> ?label }"


HUMAN = ("EXAMPLE-1", "Homo sapiens")
PLAIN = "GRAPH ?g { ?taxon <http://www.w3.org/2000/01/rdf-schema#label> ?l }"
GROUPED = f"{{ SELECT ?taxon (SAMPLE(?l) AS ?label) {{ {PLAIN} }} GROUP BY ?taxon }}"
INNER = f"{{ SELECT ?taxon ?label {{ ?study rembi:organism ?taxon {service(LABEL)} }} LIMIT 5 }}"
UNION = f"{{ {service(LABEL)} }} UNION {{ BIND('none' AS ?label) }}"


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (f"OPTIONAL {{ {service(LABEL)} }}", [HUMAN, ("EXAMPLE-2", None)]),
        (UNION, [HUMAN, ("EXAMPLE-1", "none"), ("EXAMPLE-2", "none")]),
        (f"MINUS {{ {service(LABEL)} }}", [("EXAMPLE-2", None)]),
        (f"{service(LABEL)} FILTER(?label != 'Homo sapiens')", []),
        (f"{service(LABEL)} FILTER(?acc = 'EXAMPLE-1')", [HUMAN]),
        (f"FILTER(STRLEN(?label) > 3) {service(LABEL)} OPTIONAL {{ ?study rembi:unknown ?label }}", [HUMAN]),
        (INNER, [HUMAN]),
        (service(GROUPED), [HUMAN]),
        (f"{service(LABEL)} . {service(LABEL.replace('?label', '?again'))}", [HUMAN]),
    ],
)
def test_it_means_what_sparql_says(
    here: Setting, pattern: str, expected: list[tuple[str, str | None]]
) -> None:
    peer = here.peers["ubergraph"]
    peer.demands_values = "SELECT ?taxon (SAMPLE" not in pattern
    found = rows(ask(here.served, TAXON % pattern))
    assert Counter((each["acc"], each.get("label")) for each in found) == Counter(expected)


FAULTS = [
    ({"status": 503}, "503"),
    ({"status": 302, "location": "http://127.0.0.1:9/"}, "not followed"),
    ({"body": b"<html>"}, "JSON"),
    ({"body": b'{"results":{"bindings":[7]}}'}, "JSON"),
    (
        {"body": b'{"results":{"bindings":[{"taxon":{"type":"uri","value":"urn:a> } #"}}]}}'},
        "RDF does not allow",
    ),
    ({"body": b"[" * 100_000}, "JSON"),
    ({"body": b'{"results":{"bindings":[' + b",".join([b"{}"] * 10_001) + b"]}}"}, "rows"),
    ({"body": b" " * 5_000_001}, "more than"),
    ({"delay": 20.0}, "deadline"),
]


@pytest.mark.parametrize(("fault", "words"), FAULTS, ids=[words for _, words in FAULTS])
def test_a_peer_that_fails(here: Setting, fault: dict[str, object], words: str) -> None:
    """Without SILENT the query fails and says why; with it, the answer says that a part is missing."""
    for name, value in fault.items():
        setattr(here.peers["ubergraph"], name, value)
    timeout = {"timeout": "2"} if "delay" in fault else {}
    loud = httpx.post(
        here.served.sparql,
        data={"query": TAXON % service(LABEL), **timeout},
        headers={"accept": "application/sparql-results+json"},
        timeout=30,
    )
    assert loud.status_code == 502
    assert words in loud.json()["detail"]
    if timeout:
        return
    silent = ask(here.served, TAXON % service(LABEL, "SILENT"))
    assert [each["acc"] for each in rows(silent)] == ["EXAMPLE-1", "EXAMPLE-2"]
    assert SHIPPED["ubergraph"] in silent.headers["rembigraph-failed-service"]
    assert words in silent.headers["rembigraph-failed-service"]


@pytest.mark.parametrize(
    ("query", "rule"),
    [
        ("SELECT * { SERVICE <https://elsewhere.example/sparql> { ?s ?p ?o } }", "service"),
        ("SELECT * { SERVICE SILENT ?where { ?s ?p ?o } }", "service"),
        (f"SELECT * {{ ?s ?p ?o FILTER EXISTS {{ {service('?s ?p ?o')} }} }}", "service-place"),
        (f"SELECT * {{ GRAPH ?g {{ {service('?s ?p ?o')} }} }}", "service-place"),
        (f"SELECT * {{ {service(service('?s ?p ?o'))} }}", "service-place"),
        (f"SELECT * {{ {' '.join([service('?s ?p ?o')] * 5)} }}", "service"),
        (f"PREFIX : <urn:> SELECT * {{ {service('?s ?p ?o')} SERVICE:x {{ ?a ?b ?c }} }}", "service"),
    ],
)
def test_what_is_refused(here: Setting, query: str, rule: str) -> None:
    answer = ask(here.served, query)
    assert answer.status_code == 403
    assert answer.json()["rule"] == rule
    assert "SERVICE" in answer.json()["detail"]
    assert all(not peer.queries for peer in here.peers.values())


def test_a_circle_ends(here: Setting) -> None:
    answer = ask(here.served, TAXON % service(LABEL), **{"rembigraph-hops": "2"})
    assert (answer.status_code, answer.json()["rule"]) == (403, "service-loop")
    assert here.peers["ubergraph"].queries == []


def test_a_fault_is_told_at_its_place(here: Setting) -> None:
    query = f"SELECT *\n{{ {service('GRAPH ?g { ?taxon ?p ?o }')}\n  ?s ?p }}"
    answer = ask(here.served, query)
    assert answer.status_code == 400
    assert answer.json()["where"].startswith("line 3")
    assert here.peers["ubergraph"].queries == []


def test_blank_nodes_of_another_endpoint_stay_apart(here: Setting) -> None:
    peer = here.peers["ubergraph"]
    peer.demands_values = False
    peer.body = b'{"head":{"vars":["s"]},"results":{"bindings":[{"s":{"type":"bnode","value":"b1"}}]}}'
    query = f"SELECT ?s {{ {service('?s <urn:p> <urn:o>')} }}"
    assert rows(ask(here.served, query)) == [{"s": "urn:rembigraph:blank:ubergraph.apps.renci.org:b1"}]


@pytest.mark.slow
def test_none_is_asked_unless_named() -> None:
    with serving("--dataset", str(DATA / "here.trig"), query_services="none") as served:
        answer = ask(served, named_queries()["federated_studies_on_vertebrates"].text)
    assert answer.status_code == 403
    assert "asks no other endpoint" in answer.json()["detail"]
