"""The SPARQL endpoint beside others over the same store: one run, rotated order, medians and their ratios.

Run `python benchmarks/sparql.py --studies 20000`; it makes a store of 31 quads a study and prints one JSON document.
Each round asks every server the same shapes in another order:

- **rembigraph**: `rembigraph serve --store`, every query new (about another study, or with another LIMIT);
- **kept**: the same server, the same query again;
- **oxigraph**: `oxigraph serve-read-only` (PyPI: `oxigraph`), left out where it is not installed;
- **in_process**: pyoxigraph in this process, without any server.

Times are milliseconds at one client until the last byte; `throughput` is look-ups a second of 64 clients, each with an
address of its own on loopback, because a client is known by its address and gets a fair share. `baseline` is
`oxigraph`, else `in_process`; `ratio` is to it.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pyoxigraph as ox

BASE = "https://cat.example.org/"
OWN = BASE + "vocab#"
SCHEMA = "http://schema.org/"
ACCEPT = "application/sparql-results+json"
CLIENTS = 64
IDLE_SECONDS = 2.0
Ask = Callable[[str], int]


def shapes(number: int, studies: int) -> dict[str, str]:
    """Return one query of each shape; another number gives another query that costs the same."""
    study = f"<{BASE}entry/EXAMPLE-{number % studies}>"
    return {
        "look-up": f"SELECT ?p ?o {{ {study} ?p ?o }}",
        "join": f"SELECT ?i ?m {{ {study} <{OWN}correlatesWith>/<{OWN}hasImage> ?i . ?i <{OWN}method> ?m }}",
        "facet": f"SELECT ?t (COUNT(?s) AS ?n) {{ ?s <{OWN}organism> ?t }} GROUP BY ?t ORDER BY ?n LIMIT {50 + number}",
        "sort": f"SELECT ?i {{ ?i <{OWN}sizeBytes> ?b }} ORDER BY DESC(?b) LIMIT {10 + number}",
        "dump": f"SELECT ?s ?o {{ ?s <{SCHEMA}description> ?o }} LIMIT {20_000 + number}",
    }


def quads(studies: int) -> Iterator[ox.Quad]:
    """Yield 31 quads for each made-up study, in a graph of its own."""
    rdf_type = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
    for number in range(studies):
        graph = ox.NamedNode(f"{BASE}graph/EXAMPLE-{number}")
        study = ox.NamedNode(f"{BASE}entry/EXAMPLE-{number}")
        taxon = ox.NamedNode(f"{BASE}taxon/{number % 50}")
        yield ox.Quad(study, rdf_type, ox.NamedNode(OWN + "Study"), graph)
        yield ox.Quad(study, ox.NamedNode(SCHEMA + "name"), ox.Literal(f"Made-up study {number}"), graph)
        yield ox.Quad(study, ox.NamedNode(SCHEMA + "identifier"), ox.Literal(f"EXAMPLE-{number}"), graph)
        yield ox.Quad(
            study, ox.NamedNode(SCHEMA + "datePublished"), ox.Literal(f"{2010 + number % 15}"), graph
        )
        yield ox.Quad(study, ox.NamedNode(OWN + "organism"), taxon, graph)
        other = ox.NamedNode(f"{BASE}entry/EXAMPLE-{number * 7919 % studies}")
        yield ox.Quad(study, ox.NamedNode(OWN + "correlatesWith"), other, graph)
        for index in range(5):
            image = ox.NamedNode(f"{study.value}/image/{index}")
            method = ox.NamedNode(f"{OWN}method{(number + index) % 12}")
            yield ox.Quad(study, ox.NamedNode(OWN + "hasImage"), image, graph)
            yield ox.Quad(image, rdf_type, ox.NamedNode(OWN + "Image"), graph)
            yield ox.Quad(image, ox.NamedNode(OWN + "sizeBytes"), ox.Literal(number * 1009 + index), graph)
            yield ox.Quad(image, ox.NamedNode(OWN + "method"), method, graph)
            yield ox.Quad(
                image, ox.NamedNode(SCHEMA + "description"), ox.Literal(f"Image {index} of {number}"), graph
            )


def _make(folder: Path, studies: int) -> None:
    store = ox.Store(str(folder))
    store.bulk_extend(quads(studies))
    store.optimize()
    store.flush()


def _poster(port: int, path: str, client: int = 1) -> Ask:
    """Ask over one connection that is kept open; one that the server closed while it lay idle is opened again."""
    headers = {"Accept": ACCEPT, "Content-Type": "application/sparql-query"}
    own = (f"127.0.0.{client}", 0)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120, source_address=own)
    last = 0.0

    def ask(query: str) -> int:
        nonlocal last
        if time.perf_counter() - last > IDLE_SECONDS:
            connection.close()
            connection.connect()
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.request("POST", path, query.encode(), headers)
        answer = connection.getresponse()
        size = len(answer.read())
        last = time.perf_counter()
        if answer.status != 200:
            raise RuntimeError(f"{answer.status} from port {port}: {query[:200]}")
        return size

    return ask


@contextmanager
def _running(command: list[str], port: int) -> Iterator[int]:
    environment = {**os.environ, "REMBIGRAPH_QUERY_TIMEOUT": "120"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            with socket.socket() as attempt:
                if attempt.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _in_process(folder: Path) -> Ask:
    store = ox.Store.read_only(str(folder))

    def ask(query: str) -> int:
        results = store.query(query, use_default_graph_as_union=True)
        return len(results.serialize(format=ox.QueryResultsFormat.JSON) or b"")

    return ask


def _median_times(askers: dict[str, Ask], studies: int, rounds: int) -> dict[str, dict[str, float]]:
    times: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    names, numbers = list(askers), count()
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            queries = shapes(0 if name == "kept" else next(numbers), studies)
            for shape, query in queries.items():
                begun = time.perf_counter()
                askers[name](query)
                times[name][shape].append(1000 * (time.perf_counter() - begun))
    return {
        name: {shape: round(statistics.median(each), 3) for shape, each in found.items()}
        for name, found in times.items()
    }


def _throughput(port: int, path: str, studies: int, seconds: float) -> float:
    done, numbers = count(), count()
    end = time.perf_counter() + seconds

    def loop(client: int) -> None:
        ask = _poster(port, path, client)
        while time.perf_counter() < end:
            ask(shapes(next(numbers), studies)["look-up"])
            next(done)

    threads = [threading.Thread(target=loop, args=(client,)) for client in range(1, CLIENTS + 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return round(next(done) / seconds, 1)


def measure(studies: int, rounds: int, seconds: float) -> dict[str, Any]:
    """Measure everything over one store."""
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        _make(root / "store", studies)
        own, other = _free_port(), _free_port()
        serve = ["serve", "--store", str(root / "store"), "--union-default-graph", "--port", str(own)]
        stack.enter_context(_running([sys.executable, "-m", "rembigraph.app", *serve], own))
        askers = {"rembigraph": _poster(own, "/sparql"), "kept": _poster(own, "/sparql")}
        servers = {"rembigraph": (own, "/sparql")}
        binary = shutil.which("oxigraph")
        if binary:
            shutil.copytree(root / "store", root / "copy")
            bind = ["--location", str(root / "copy"), "--bind", f"127.0.0.1:{other}"]
            stack.enter_context(_running([binary, "serve-read-only", *bind], other))
            askers["oxigraph"] = _poster(other, "/query?union-default-graph")
            servers["oxigraph"] = (other, "/query?union-default-graph")
        askers["in_process"] = _in_process(root / "store")
        _median_times(askers, studies, 2)  # caches of the file system and of the stores
        times = _median_times(askers, studies, rounds)
        rates = {name: _throughput(port, path, studies, seconds) for name, (port, path) in servers.items()}
    baseline = "oxigraph" if binary else "in_process"
    ratios = {
        name: {shape: round(time / times[baseline][shape], 2) for shape, time in each.items()}
        for name, each in times.items()
    }
    return {
        "quads": 31 * studies,
        "milliseconds": times,
        "throughput": rates,
        "baseline": baseline,
        "ratio": ratios,
        "load_average": os.getloadavg()[0],
    }


def main() -> None:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--studies", type=int, default=20_000, help="made-up studies; each has 31 quads")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each throughput")
    given = parser.parse_args()
    print(json.dumps(measure(given.studies, given.rounds, given.seconds), indent=2))


if __name__ == "__main__":
    main()
