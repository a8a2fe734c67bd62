"""The same question again: entity tags, kept results, content codings, over a real server."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from sparql_server import Served, serving

ROWS = "SELECT ?s ?o { ?s <urn:p> ?o } ORDER BY ?o"
ENDLESS = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    file = tmp_path_factory.mktemp("data") / "data.nt"
    file.write_text("".join(f'<urn:s{number}> <urn:p> "value {number:04}" .\n' for number in range(400)))
    with serving("--dataset", str(file), query_timeout="3", query_result_bytes="2000000") as running:
        yield running


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=30) as client:
        yield client


def test_the_same_question_has_the_same_tag(served: Served, client: httpx.Client) -> None:
    first = client.get(served.sparql, params={"query": ROWS})
    again = client.get(served.sparql, params={"query": ROWS.replace(" ", "\n \t") + " # again"})
    assert first.status_code == again.status_code == 200
    assert first.headers["etag"] == again.headers["etag"]
    assert first.json() == again.json()
    assert len(first.json()["results"]["bindings"]) == 400
    held = {"if-none-match": first.headers["etag"]}
    unchanged = client.get(served.sparql, params={"query": ROWS}, headers=held)
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert unchanged.headers["etag"] == first.headers["etag"]
    other = client.get(served.sparql, params={"query": ROWS, "format": "csv"}, headers=held)
    assert other.status_code == 200


def test_a_tag_is_no_answer_to_a_broken_query(served: Served, client: httpx.Client) -> None:
    answer = client.get(served.sparql, params={"query": "SELECT * { ?s"}, headers={"if-none-match": "*"})
    assert answer.status_code == 400
    assert (
        client.get(served.sparql, params={"query": "ASK {}"}, headers={"if-none-match": "*"}).status_code
        == 200
    )


def test_what_changes_has_no_tag(served: Served, client: httpx.Client) -> None:
    query = {"query": "SELECT (STRUUID() AS ?id) {}"}
    first, second = client.get(served.sparql, params=query), client.get(served.sparql, params=query)
    assert "etag" not in first.headers
    assert first.json() != second.json()


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_codings(served: Served, client: httpx.Client, coding: str) -> None:
    plain = client.get(served.sparql, params={"query": ROWS}, headers={"accept-encoding": "identity"})
    query = ROWS + (" LIMIT 399" if coding == "gzip" else " LIMIT 398")
    answers = [
        client.get(served.sparql, params={"query": query}, headers={"accept-encoding": coding})
        for _ in range(2)
    ]
    for answer in answers:  # made, and kept
        assert answer.headers["content-encoding"] == coding
        assert "Accept-Encoding" in answer.headers["vary"]
        assert (
            answer.json()["results"]["bindings"]
            == plain.json()["results"]["bindings"][: 399 if coding == "gzip" else 398]
        )
    assert "content-encoding" not in plain.headers


def test_a_cut_answer_in_gzip_never_looks_complete(served: Served) -> None:
    where = urlsplit(served.url)
    body = ENDLESS.encode()
    head = (
        "POST /sparql HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\nConnection: close\r\n"
        f"Content-Type: application/sparql-query\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection((where.hostname, where.port)) as connection:
        connection.sendall(head.encode() + body)
        reply = connection.makefile("rb").read()
    assert b"200 OK" in reply[:20]
    assert not reply.endswith(b"0\r\n\r\n")
    lines = reply.partition(b"\r\n\r\n")[2]
    with pytest.raises((EOFError, gzip.BadGzipFile)):
        gzip.decompress(dechunked(lines))


def dechunked(data: bytes) -> bytes:
    """Join the whole chunks of a body in chunked transfer coding."""
    parts = []
    while data:
        size, _, rest = data.partition(b"\r\n")
        length = int(size, 16)
        parts.append(rest[:length])
        data = rest[length + 2 :]
    return b"".join(parts)


@pytest.mark.slow
def test_a_query_of_a_new_dataset_has_a_new_tag(served: Served, client: httpx.Client, tmp_path: Path) -> None:
    file = tmp_path / "other.nt"
    file.write_text('<urn:s> <urn:p> "other" .\n')
    held = {"if-none-match": client.get(served.sparql, params={"query": ROWS}).headers["etag"]}
    with serving("--dataset", str(file)) as other:
        answer = client.get(other.sparql, params={"query": ROWS}, headers=held)
    assert answer.status_code == 200
    assert "other" in answer.text
