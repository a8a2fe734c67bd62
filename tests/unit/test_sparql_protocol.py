"""The SPARQL protocol's requests, and the choice of a format."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from rembigraph.app.sparql.formats import (
    GRAPH_FORMATS,
    HTML,
    RESULT_FORMATS,
    choose_by_accept,
    choose_by_name,
)
from rembigraph.app.sparql.limits import QueryLimits
from rembigraph.app.sparql.page import excerpt
from rembigraph.app.sparql.problems import (
    ProtocolError,
    choose_problem_format,
    place_of,
    plain_text,
    problem_of,
)
from rembigraph.app.sparql.protocol import DIRECT, FORM, ProtocolRequest, read_get, read_post
from rembigraph.ontology.errors import (
    Busy,
    CatalogueError,
    QueryError,
    QueryRefused,
    QuerySyntaxError,
    QueryTimeout,
    QueryTooLarge,
)

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", "json"),
        ("*/*", "json"),
        (BROWSER, "html"),
        ("application/sparql-results+xml", "xml"),
        ("application/xml;q=0.5, text/csv;q=0.6", "csv"),
        ("application/sparql-results+xml, */*", "xml"),
        ("text/*", "csv"),
        ("text/*;q=0.5, text/csv;q=0, text/html;q=0", "tsv"),
        ("TEXT/Tab-Separated-Values ; q=1.0", "tsv"),
        ("application/json;q=0.2, text/html;q=0.1", "json"),
        ("text/csv;q=nonsense, application/sparql-results+json;q=0.1", "json"),
        ("image/png", None),
        ("*/*;q=0", None),
        ("application/sparql-results+json;q=0, */*;q=0.1", "xml"),
        ("text/csv;q=0.9, text/html;q=0.9", "csv"),
    ],
)
def test_negotiation_of_results(accept: str, chosen: str | None) -> None:
    offer = choose_by_accept(accept, (*RESULT_FORMATS, HTML))
    assert (offer.name if offer else None) == chosen


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [("*/*", "turtle"), (BROWSER, "html"), ("application/rdf+xml", "rdfxml"), ("application/json", "jsonld")],
)
def test_negotiation_of_graphs(accept: str, chosen: str) -> None:
    offer = choose_by_accept(accept, (*GRAPH_FORMATS, HTML))
    assert offer is not None
    assert offer.name == chosen


@pytest.mark.parametrize(
    ("name", "chosen"),
    [("json", "jsonld"), ("xml", "rdfxml"), ("TTL", "turtle"), ("text/turtle", "turtle"), ("nt", "ntriples")],
)
def test_short_names(name: str, chosen: str) -> None:
    offer = choose_by_name(name, GRAPH_FORMATS)
    assert offer is not None
    assert offer.name == chosen
    assert choose_by_name("csv", GRAPH_FORMATS) is None


def test_get_reads_all_parameters() -> None:
    graphs = b"default-graph-uri=urn:a&default-graph-uri=urn:b&named-graph-uri=urn:c"
    asked = read_get(b"query=ASK%20%7B%7D&" + graphs + b"&timeout=1.5&format=csv")
    assert asked.query == "ASK {}"
    assert asked.dataset is not None
    assert asked.dataset.default_graphs == ("urn:a", "urn:b")
    assert asked.dataset.named_graphs == ("urn:c",)
    assert asked.timeout_seconds == 1.5
    assert asked.format == "csv"
    assert read_get(b"") == ProtocolRequest(query=None)
    assert read_get(b"query=%EF%BB%BFASK{}").query == "ASK{}"


@pytest.mark.parametrize(
    "url",
    [
        b"query=ASK{}&query=ASK{}",
        b"update=CLEAR%20ALL",
        b"default-graph-uri=urn:a",
        b"timeout=1",
        b"query=%FF%FE",
        b"query=ASK{}&default-graph-uri=relative",
        b"query=ASK{}&default-graph-uri=urn:a%0d%0ab",
        b"query=ASK{}&timeout=0",
        b"query=ASK{}&timeout=nan",
        b"query=ASK{}&timeout=soon",
        b"query=ASK{}" + b"&a=b" * 1_000,
    ],
)
def test_bad_get(url: bytes) -> None:
    with pytest.raises(ProtocolError) as caught:
        read_get(url)
    assert caught.value.status == 400


def post(body: bytes, url: bytes = b"", limits: QueryLimits | None = None, **headers: str) -> ProtocolRequest:
    async def parts() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 1_000):
            yield body[start : start + 1_000]

    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return asyncio.run(read_post(url, named, parts(), limits or QueryLimits()))


def test_post_reads_both_forms() -> None:
    assert post(b"query=ASK+%7B%7D&named-graph-uri=urn:a", content_type=FORM).query == "ASK {}"
    asked = post(
        "ASK { ?é ?b ?c }".encode(), b"default-graph-uri=urn:a", content_type=f"{DIRECT}; charset=UTF-8"
    )
    assert asked.query == "ASK { ?é ?b ?c }"
    assert asked.dataset is not None
    assert asked.dataset.default_graphs == ("urn:a",)


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"ASK {}", {"content_type": "text/plain"}, 415),
        (b"ASK {}", {}, 415),
        (b"CLEAR ALL", {"content_type": "application/sparql-update"}, 415),
        ("ASK {}".encode("utf-16"), {"content_type": f"{DIRECT}; charset=UTF-16"}, 415),
        ("ASK {}".encode("utf-16"), {"content_type": DIRECT}, 400),
        (b"ASK {}", {"content_type": DIRECT, "content_encoding": "gzip"}, 415),
        (b"a=b", {"content_type": FORM}, 400),
        (b"query=ASK{}&query=ASK{}", {"content_type": FORM}, 400),
        (b"update=CLEAR+ALL", {"content_type": FORM}, 400),
        (b"A" * 3_000, {"content_type": DIRECT}, 413),
        (b"A", {"content_type": DIRECT, "content_length": "3000"}, 413),
    ],
)
def test_bad_post(body: bytes, headers: dict[str, str], status: int) -> None:
    with pytest.raises(ProtocolError) as caught:
        post(body, limits=QueryLimits(max_body_bytes=2_000), **headers)
    assert caught.value.status == status


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (QuerySyntaxError("bad", line=2, column=3), 400),
        (QueryRefused("no", rule="service"), 403),
        (QueryRefused("no", rule="update"), 403),
        (QueryRefused("long", rule="bytes"), 413),
        (QueryTimeout("late"), 504),
        (QueryTooLarge("big"), 413),
        (QueryError("odd"), 400),
        (Busy("later", retry_after=7), 503),
        (ProtocolError(415, "type"), 415),
    ],
)
def test_statuses(error: CatalogueError | ProtocolError, status: int) -> None:
    problem = problem_of(error)
    body = problem.body("/sparql")
    assert problem.status == body["status"] == status
    assert problem.detail in plain_text(problem)
    if isinstance(error, Busy):
        assert problem.headers["Retry-After"] == "7"
    if isinstance(error, QuerySyntaxError):
        assert (body["line"], body["column"]) == place_of(problem) == (2, 3)


@pytest.mark.parametrize(
    ("accept", "name"),
    [
        ("*/*", "json"),
        ("application/sparql-results+json", "json"),
        ("text/turtle", "text"),
        ("text/plain", "text"),
        (BROWSER, "html"),
    ],
)
def test_problem_format(accept: str, name: str) -> None:
    assert choose_problem_format(accept).name == name


def test_excerpt_points_at_the_column() -> None:
    assert excerpt("a\r\nbcd", 2, 3) == "bcd\n  ^"
    assert excerpt("a", 2, 1) == ""
    line, caret = excerpt("x" * 500, 1, 300).split("\n")
    assert line.startswith("…")
    assert line.endswith("…")
    assert len(line) < 130
    assert caret == " " * 61 + "^"
