"""What goes out whole goes out gzipped for who reads that, and says the same as what is not."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

import httpx
import pytest

from tests.conftest import MadeUp, running

STUDY = "/S-BSST707"
FORMS = ["", ".ttl", ".jsonld", ".nt", ".nq", ".trig", ".rdf", ".json", ".bib", ".linkset.json"]
GZIP = {"Accept-Encoding": "gzip"}
PLAIN = {"Accept-Encoding": "identity"}


@pytest.fixture(scope="module")
def client(made_up: MadeUp) -> Iterator[httpx.Client]:
    from rembigraph.app.main import create_app
    from rembigraph.app.sparql.limits import QueryLimits

    def make(address: str) -> object:
        return create_app(made_up.home, address, QueryLimits())

    with running(make, lifespan="on") as url, httpx.Client(base_url=url, timeout=30) as opened:
        yield opened


def _sent(client: httpx.Client, path: str, headers: dict[str, str]) -> tuple[httpx.Response, bytes]:
    """The answer, and its bytes as they were sent."""
    with client.stream("GET", path, headers=headers) as answer:
        return answer, b"".join(answer.iter_raw())


@pytest.mark.parametrize("form", FORMS)
def test_both_codings_hold_the_same(client: httpx.Client, form: str) -> None:
    plain, content = _sent(client, STUDY + form, PLAIN)
    assert "content-encoding" not in plain.headers
    for _ in range(2):  # made, then kept
        coded, packed = _sent(client, STUDY + form, GZIP)
        if len(content) < 1000:
            assert packed == content
            continue
        assert coded.headers["content-encoding"] == "gzip"
        assert int(coded.headers["content-length"]) == len(packed) < len(content)
        assert gzip.decompress(packed) == content
        assert coded.headers["etag"] == "W/" + plain.headers["etag"]
        for answer in (plain, coded):
            assert answer.headers.get_list("vary", split_commas=True).count("Accept-Encoding") == 1
            assert form or "Accept" in answer.headers.get_list("vary", split_commas=True)


@pytest.mark.parametrize("coding", [GZIP, PLAIN])
def test_a_tag_of_either_coding_is_recognised(client: httpx.Client, coding: dict[str, str]) -> None:
    tags = [_sent(client, STUDY, each)[0].headers["etag"] for each in (GZIP, PLAIN)]
    for tag in tags:
        answer, body = _sent(client, STUDY, {**coding, "If-None-Match": tag})
        assert (answer.status_code, body) == (304, b"")
        assert "content-encoding" not in answer.headers
        assert "Accept-Encoding" in answer.headers["vary"]


@pytest.mark.parametrize(
    "value",
    ["", "identity", "br", "gzip;q=0", "gzip; q=0.000", "*;q=0", "gzip;q=0, *", "gzi", "x" * 7000, ",;,=;q"],
)
def test_who_does_not_read_gzip_gets_none(client: httpx.Client, value: str) -> None:
    answer, body = _sent(client, STUDY, {"Accept-Encoding": value})
    assert "content-encoding" not in answer.headers
    assert body.startswith(b"<!DOCTYPE html>")


@pytest.mark.parametrize("value", ["gzip", "GZIP", "br, gzip;q=0.5", "*", "x-gzip", "deflate, gzip;q=1.0"])
def test_who_reads_gzip_gets_it(client: httpx.Client, value: str) -> None:
    answer, body = _sent(client, STUDY, {"Accept-Encoding": value})
    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(body).startswith(b"<!DOCTYPE html>")


@pytest.mark.parametrize("path", [STUDY, "/EMPIAR-10819/versions", "/status", "/nothing"])
def test_head_says_what_get_says(client: httpx.Client, path: str) -> None:
    ignored = {"content-length", "date", "etag"} if path == "/status" else {"content-length", "date"}
    headers = {**GZIP, "Accept": "text/html"}
    head = client.head(path, headers=headers)
    get, _ = _sent(client, path, headers)
    assert {k: v for k, v in head.headers.items() if k not in ignored} == {
        k: v for k, v in get.headers.items() if k not in ignored
    }


def test_results_of_queries_stream_as_they_are(client: httpx.Client) -> None:
    query = {"query": "SELECT * WHERE { ?s ?p ?o } LIMIT 2000"}
    headers = {**GZIP, "Accept": "application/sparql-results+json"}
    with client.stream("GET", "/sparql", params=query, headers=headers) as answer:
        assert "content-length" not in answer.headers  # coded by the endpoint itself, piece by piece
        assert len(b"".join(answer.iter_bytes())) > 100_000


@pytest.mark.parametrize("path", ["/", "/studies", "/links", "/ns", "/sparql", "/status", "/EMPIAR-99998"])
def test_every_page_is_gzipped(client: httpx.Client, path: str) -> None:
    answer, body = _sent(client, path, {**GZIP, "Accept": "text/html"})
    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(body).startswith(b"<!DOCTYPE html>")
