"""Every query of a hostile corpus against `rembigraph serve --store`: `pytest tests/hostile --corpus DIR`.

A corpus is a folder with `queries.json`: id, file, kind and `expect` of each query, as its README says. The store
that is asked has the shape that the corpus assumes, in a small size: one named graph for a made-up study.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pyoxigraph as ox
import pytest
from sparql_server import Outcome, Served, ask, resident_bytes, serving

DEADLINE = 2.0
STUDIES = 1_000
WORKERS, SLOW, SUSPENDED, SPARES = 2, 2, 2, 3
SENTINEL_PORT = "28471"
MEBIBYTE = 1024 * 1024
MEMORY = 256
BASE = "https://cat.example.org/"
CHEAP = f"SELECT ?o {{ <{BASE}entry/EMPIAR-10007> <http://schema.org/identifier> ?o }}"


@dataclass(frozen=True)
class Hostile:
    """One query of the corpus."""

    name: str
    kind: str
    expect: str
    file: Path


def corpus_of(config: pytest.Config) -> list[Hostile]:
    """Read the corpus that `--corpus` names, or the shared one; without either there is nothing to test."""
    given = config.getoption("--corpus")
    root = Path(
        given or Path(os.environ.get("REMBIGRAPH_SHARED") or config.rootpath.parent / "shared") / "hostile"
    )
    index = root / "queries.json"
    if not index.is_file():
        if given:
            raise pytest.UsageError(f"--corpus {given}: there is no queries.json")
        return []
    entries: list[dict[str, Any]] = json.loads(index.read_text(encoding="utf-8"))
    return [Hostile(each["id"], each["kind"], each["expect"], root / each["file"]) for each in entries]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "hostile" in metafunc.fixturenames:
        corpus = corpus_of(metafunc.config)
        metafunc.parametrize("hostile", corpus, ids=[each.name for each in corpus])


class Sentinel:
    """Listens on both loopback addresses at one port and counts who comes."""

    def __init__(self) -> None:
        self.connections = 0
        first = socket.create_server(("127.0.0.1", 0))
        self.port = first.getsockname()[1]
        self._listeners = [first]
        if socket.has_ipv6:
            with contextlib.suppress(OSError):  # a machine without IPv6 can't be reached by it
                self._listeners.append(socket.create_server(("::1", self.port), family=socket.AF_INET6))
        for listener in self._listeners:
            threading.Thread(target=self._count, args=(listener,), daemon=True).start()

    def _count(self, listener: socket.socket) -> None:
        while True:
            try:
                listener.accept()[0].close()
            except OSError:
                return
            self.connections += 1

    def close(self) -> None:
        for listener in self._listeners:
            listener.close()


def quads(studies: int) -> Iterator[ox.Quad]:
    """The data that the corpus assumes: types, names, dates, organisms, a correlation and images of each study."""
    schema, own = "http://schema.org/", BASE + "vocab#"
    rdf_type = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
    for number in range(studies):
        graph = ox.NamedNode(f"{BASE}graph/EMPIAR-{10000 + number}")
        study = ox.NamedNode(f"{BASE}entry/EMPIAR-{10000 + number}")
        other = ox.NamedNode(f"{BASE}entry/EMPIAR-{10000 + number * 7919 % studies}")
        date = ox.Literal(f"20{10 + number % 15}-{1 + number % 12:02}-01")
        yield ox.Quad(study, rdf_type, ox.NamedNode(own + "Study"), graph)
        yield ox.Quad(
            study, ox.NamedNode(schema + "name"), ox.Literal(f"Tomogram {number} of an organelle"), graph
        )
        yield ox.Quad(
            study, ox.NamedNode(schema + "identifier"), ox.Literal(f"EMPIAR-{10000 + number}"), graph
        )
        yield ox.Quad(study, ox.NamedNode(schema + "datePublished"), date, graph)
        taxon = ox.NamedNode(f"http://purl.obolibrary.org/obo/NCBITaxon_{9606 + number % 50}")
        yield ox.Quad(study, ox.NamedNode(own + "organism"), taxon, graph)
        yield ox.Quad(study, ox.NamedNode(own + "correlatesWith"), other, graph)
        for index in range(5):
            image = ox.NamedNode(f"{study.value}/image/{index}")
            yield ox.Quad(study, ox.NamedNode(own + "hasImage"), image, graph)
            yield ox.Quad(image, rdf_type, ox.NamedNode(own + "Image"), graph)
            yield ox.Quad(image, ox.NamedNode(own + "sizeBytes"), ox.Literal(number * 1009 + index), graph)
            method = ox.NamedNode(f"{own}method{(number + index) % 12}")
            yield ox.Quad(image, ox.NamedNode(own + "method"), method, graph)
            text = f"Image {index}, voxel size 0.{number % 1000:03} nm, microscope {number % 37}"
            yield ox.Quad(image, ox.NamedNode(schema + "description"), ox.Literal(text), graph)


def stored(folder: Path) -> Path:
    """Fill a store with the studies; return its folder."""
    store = ox.Store(str(folder))
    store.bulk_extend(quads(STUDIES))
    store.flush()
    return folder


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = stored(tmp_path_factory.mktemp("corpus-store"))
    settings = {"query_timeout": f"{DEADLINE:g}", "query_memory": str(MEMORY), "query_workers": str(WORKERS)}
    with serving("--store", str(folder), "--union-default-graph", **settings) as running:
        yield running


@pytest.fixture(scope="module")
def sentinel() -> Iterator[Sentinel]:
    listening = Sentinel()
    yield listening
    listening.close()


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=30) as client:
        yield client


def assert_sound(client: httpx.Client, served: Served) -> None:
    """After whatever was asked, the server is well and a cheap query is answered right."""
    began = time.monotonic()
    assert client.get(served.url + "health").status_code == 200
    assert time.monotonic() - began <= 0.25
    cheap = ask(client, served.sparql, CHEAP)
    assert cheap.status == 200
    assert b'"EMPIAR-10007"' in cheap.body


def is_bounded(outcome: Outcome) -> bool:
    """Whether an answer is complete, a refusal in words, or visibly cut."""
    if outcome.status == 200:
        return True if not outcome.whole else is_complete_document(outcome.body)
    return (
        outcome.whole and bool(outcome.body) and (400 <= outcome.status < 500 or outcome.status in (503, 504))
    )


def is_complete_document(body: bytes) -> bool:
    """Whether a body that ended as HTTP says is a whole document of its format."""
    if body.lstrip().startswith(b"{"):
        return isinstance(json.loads(body), dict)
    return all(True for _ in ox.parse(body, format=ox.RdfFormat.TURTLE))


def meets(hostile: Hostile, outcome: Outcome) -> bool:
    """Whether an outcome is what the corpus expects."""
    refused = outcome.whole and 400 <= outcome.status < 500
    if hostile.expect == "ok":
        if outcome.status == 200 and outcome.whole:
            return is_complete_document(outcome.body)
        # Nested and long queries are accepted, but some are slow: the corpus lets these be bounded.
        return hostile.kind in ("stack", "opt") and not refused and is_bounded(outcome)
    if hostile.expect == "reject":
        return refused or is_bounded(outcome)
    if hostile.expect == "policy":
        return refused and b"SERVICE" in outcome.body
    if hostile.expect == "bounded":
        return is_bounded(outcome)
    if hostile.expect == "any-clean":
        return outcome.whole and outcome.status > 0
    raise AssertionError(f"the corpus expects {hostile.expect!r}, which its README does not name")


def test_query(hostile: Hostile, client: httpx.Client, served: Served, sentinel: Sentinel) -> None:
    text = hostile.file.read_text(encoding="utf-8", errors="surrogateescape")
    before = sentinel.connections
    outcome = ask(client, served.sparql, text.replace(SENTINEL_PORT, str(sentinel.port)))
    assert outcome.seconds <= DEADLINE + 1
    assert meets(hostile, outcome), (outcome.status, outcome.whole, outcome.body[:500])
    if hostile.expect == "policy":
        assert outcome.seconds <= 1
    assert_sound(client, served)
    assert sentinel.connections == before


def test_memory_after_all(client: httpx.Client, served: Served) -> None:
    """R3: after the corpus, all processes together hold no more than the limits allow."""
    processes = served.workers()
    held = resident_bytes(served.process_id) + sum(map(resident_bytes, processes))
    assert held <= (400 + len(processes) * (MEMORY + 300)) * MEBIBYTE
    assert resident_bytes(served.process_id) <= 300 * MEBIBYTE
    assert len(processes) <= WORKERS + SPARES + SLOW + SUSPENDED
    assert_sound(client, served)
