"""Federation in: other people's clients and servers ask this endpoint, in the ways that they do."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from rdflib import Graph, URIRef
from rdflib.plugins.stores.sparqlstore import SPARQLStore
from sparql_server import Served, serving
from SPARQLWrapper import CSV, JSON, N3, POST, TURTLE, XML, SPARQLWrapper

ROOT = Path(__file__).resolve().parents[2]
COMUNICA = ROOT / "tests" / "clients" / "node_modules" / ".bin" / "comunica-sparql"
STUDIES = 3_000
STUDY = "?study <urn:p:model> ?pdb ; <urn:p:name> ?name"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    file = tmp_path_factory.mktemp("data") / "data.ttl"
    lines = (
        f'<urn:study:{number}> <urn:p:model> <urn:pdb:{number}> ; <urn:p:name> "study {number}" .\n'
        for number in range(STUDIES)
    )
    file.write_text("".join(lines))
    with serving("--dataset", str(file)) as running:
        yield running


@pytest.mark.slow
def test_blocks_of_a_thousand_rows_are_exact_and_quick(served: Served) -> None:
    """What a bind join sends, as POST: also rows that match nothing, and the wrapper that FedX and Ontop write."""
    values = " ".join(f"(<urn:pdb:{number}>)" for number in range(2_500, 3_500))
    both = "?study <urn:p:model> ?pdb . ?study <urn:p:name> ?name"
    inner = "SELECT ?study ?pdb WHERE { ?study <urn:p:model> ?pdb }"
    block = f"VALUES (?pdb) {{ {values} }}"
    texts = [
        f"SELECT * WHERE {{ {block} {both} }}",
        f"SELECT * WHERE {{ {{ {inner} }} {block} ?study <urn:p:name> ?name }}",
        f"SELECT ?study ?pdb ?name WHERE {{ {both} }} {block}",
    ]
    for text in texts:
        began = time.monotonic()
        answer = httpx.post(
            served.sparql, data={"query": text}, headers={"accept": "application/sparql-results+json"}
        )
        assert answer.status_code == 200, answer.text
        found = {row["pdb"]["value"] for row in answer.json()["results"]["bindings"]}
        assert found == {f"urn:pdb:{number}" for number in range(2_500, 3_000)}
        assert time.monotonic() - began < 10


def test_sparqlwrapper(served: Served) -> None:
    wrapper = SPARQLWrapper(served.sparql)
    wrapper.setQuery("SELECT ?name { <urn:study:7> <urn:p:name> ?name }")
    wrapper.setReturnFormat(JSON)
    assert wrapper.queryAndConvert()["results"]["bindings"][0]["name"]["value"] == "study 7"
    wrapper.setReturnFormat(XML)
    assert "study 7" in wrapper.queryAndConvert().toxml()
    wrapper.setReturnFormat(CSV)
    wrapper.setMethod(POST)
    assert b"study 7" in wrapper.queryAndConvert()
    wrapper.setQuery("CONSTRUCT WHERE { <urn:study:7> ?p ?o }")
    for form in (TURTLE, N3):
        wrapper.setReturnFormat(form)
        assert len(Graph().parse(data=wrapper.queryAndConvert(), format="turtle")) == 2


@pytest.mark.parametrize("method", ["GET", "POST", "POST_FORM"])
def test_rdflib_sparqlstore(served: Served, method: str) -> None:
    graph = Graph(SPARQLStore(served.sparql, method=method))
    assert str(graph.value(URIRef("urn:study:7"), URIRef("urn:p:name"))) == "study 7"
    assert len(list(graph.query("SELECT ?s { ?s <urn:p:model> <urn:pdb:9> }"))) == 1


def test_rdflib_service(served: Served) -> None:
    local = Graph().parse(data="<urn:protein> <urn:see> <urn:pdb:8> .", format="turtle")
    query = f"SELECT ?name {{ ?protein <urn:see> ?pdb SERVICE <{served.sparql}> {{ {STUDY} }} }}"
    assert [str(row[0]) for row in local.query(query)] == ["study 8"]


def test_pyoxigraph_service(served: Served) -> None:
    """The engine of the oxigraph server, which asks without bindings."""
    code = (
        "import sys, pyoxigraph as ox; store = ox.Store();"
        "store.update('INSERT DATA { <urn:protein> <urn:see> <urn:pdb:8> }');"
        "print([row['name'].value for row in store.query(sys.argv[1])])"
    )
    query = f"SELECT ?name {{ ?protein <urn:see> ?pdb SERVICE <{served.sparql}> {{ {STUDY} }} }}"
    found = subprocess.run(
        [sys.executable, "-c", code, query], capture_output=True, text=True, timeout=60, check=True
    )
    assert found.stdout.strip() == "['study 8']"


@pytest.mark.skipif(not COMUNICA.exists(), reason="npm install --prefix tests/clients brings Comunica")
def test_comunica(served: Served, tmp_path: Path) -> None:
    """A join of this endpoint with a file of the asker, and of this endpoint with itself."""
    assert shutil.which("node")
    file = tmp_path / "theirs.ttl"
    file.write_text("<urn:protein> <urn:see> <urn:pdb:8>, <urn:pdb:2999> .")
    with serving("--dataset", str(file)) as theirs:
        query = "SELECT ?name { ?protein <urn:see> ?pdb . ?study <urn:p:model> ?pdb ; <urn:p:name> ?name }"
        command = [
            str(COMUNICA),
            f"sparql@{theirs.sparql}",
            f"sparql@{served.sparql}",
            "-q",
            query,
            "-t",
            "application/sparql-results+json",
        ]
        found = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    names = {row["name"]["value"] for row in json.loads(found.stdout)["results"]["bindings"]}
    assert names == {"study 8", "study 2999"}


def test_a_browser_may_ask_from_any_page(served: Served) -> None:
    """CORS: the preflight, and the headers that a script may read."""
    ask = {
        "origin": "https://elsewhere.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type",
    }
    preflight = httpx.options(served.sparql, headers=ask)
    assert preflight.status_code == 204
    assert "POST" in preflight.headers["access-control-allow-methods"]
    assert "content-type" in preflight.headers["access-control-allow-headers"].lower()
    answer = httpx.get(
        served.sparql, params={"query": "ASK {}"}, headers={"origin": "https://elsewhere.example"}
    )
    assert answer.headers["access-control-allow-origin"] == "*"
    exposed = answer.headers["access-control-expose-headers"]
    assert all(name in exposed for name in ("Link", "Content-Location", "ETag", "Retry-After"))
