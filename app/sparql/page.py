"""What the HTML page of the endpoint shows: the form, and a bounded part of a result or a problem."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import urlencode

from rembigraph.app.problems import Problem
from rembigraph.app.sparql.formats import GRAPH_FORMATS, RESULT_FORMATS, formats_of
from rembigraph.app.sparql.gate import Admitted
from rembigraph.app.sparql.problems import place_of
from rembigraph.app.sparql.protocol import ProtocolRequest
from rembigraph.app.sparql.service import QueryService, RequestDataset

TEMPLATE: Final = "sparql.html"

_TITLES: Final = {
    400: "The query cannot be read",
    403: "The query is refused",
    413: "The query asks for too much",
    429: "You have too many queries waiting",
    503: "The endpoint is busy",
    504: "The query took too long",
}
_MAX_CELL_CHARACTERS: Final = 1_000
_EXCERPT_CHARACTERS: Final = 60


class Example(Protocol):
    """A query that the page offers."""

    @property
    def name(self) -> str:
        """Its short name, as in a URL."""

    @property
    def title(self) -> str:
        """The question it answers."""

    @property
    def description(self) -> str:
        """What it shows, in a sentence or two."""

    @property
    def text(self) -> str:
        """The query."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a result table.

    Attributes:
        text: what is shown.
        href: where it leads; empty for what is no link.
        note: the language or the datatype of a literal; may be empty.
    """

    text: str
    href: str = ""
    note: str = ""


def form_context(
    asked: ProtocolRequest | None, examples: Sequence[Example], endpoint: str, service: QueryService
) -> dict[str, Any]:
    """Return what every state of the page needs; `asked` is None when the request cannot be read."""
    asked = asked or ProtocolRequest(query=None)
    dataset = asked.dataset or RequestDataset()
    example = next((example.text for example in examples if example.name == asked.example), "")
    return {
        "query": asked.query if asked.query is not None else example,
        "endpoint": endpoint,
        "examples": examples,
        "example_links": {e.name: "sparql?" + urlencode({"example": e.name}) for e in examples},
        "result_formats": RESULT_FORMATS,
        "graph_formats": GRAPH_FORMATS,
        "default_graphs": dataset.default_graphs,
        "named_graphs": dataset.named_graphs,
        "timeout_seconds": asked.timeout_seconds,
        "limits": service.limits,
        "peers": tuple(service.federation.peers),
        "failures": (),
        "here_nav": "/sparql",
        "result": None,
        "problem": None,
    }


def problem_context(problem: Problem, query: str) -> dict[str, Any]:
    """Return what the page shows of a problem: the words, and the line of the query with a caret under it."""
    line, column = place_of(problem)
    return {
        "problem": problem,
        "problem_title": _TITLES.get(problem.status, problem.title),
        "line": line,
        "column": column,
        "excerpt": excerpt(query, line, column),
    }


def excerpt(query: str, line: int, column: int) -> str:
    """Return a line of the query and a caret below the column; empty if there is no such line."""
    lines = query.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if not 1 <= line <= len(lines):
        return ""
    start = max(column - 1 - _EXCERPT_CHARACTERS, 0)
    shown = lines[line - 1][start : column - 1 + _EXCERPT_CHARACTERS].replace("\t", " ")
    before = "…" if start else ""
    after = "…" if column - 1 + _EXCERPT_CHARACTERS < len(lines[line - 1]) else ""
    return f"{before}{shown}{after}\n{' ' * (len(before) + column - 1 - start)}^"


def result_context(
    query: Admitted,
    asked: ProtocolRequest,
    data: bytes,
    seconds: float,
    local_link: Callable[[str], str],
    *,
    cut: bool,
) -> dict[str, Any]:
    """Return what the page shows of a result.

    Args:
        query: the query.
        asked: the request, for the links to the whole result.
        data: SPARQL JSON of a SELECT or ASK, Turtle of a graph; already bounded by the worker.
        seconds: how long it took.
        local_link: gives the address here of an IRI; empty, or the IRI itself, for one that is not of here.
        cut: whether there is more than `data`.
    """
    result: dict[str, Any] = {"seconds": seconds, "cut": cut, "links": _download_links(query, asked)}
    if query.form in ("construct", "describe"):
        result |= {"kind": "graph", "turtle": data.decode()}
    else:
        document = json.loads(data)
        if "boolean" in document:
            result |= {"kind": "boolean", "answer": bool(document["boolean"])}
        else:
            result |= {"kind": "table", **_table(document, local_link)}
    return {"result": result}


def _download_links(query: Admitted, asked: ProtocolRequest) -> list[dict[str, str]]:
    fields: list[tuple[str, str]] = [("query", query.text)]
    if asked.dataset is not None:
        fields += [("default-graph-uri", iri) for iri in asked.dataset.default_graphs]
        fields += [("named-graph-uri", iri) for iri in asked.dataset.named_graphs]
    return [
        {"label": offer.label, "href": "sparql?" + urlencode([*fields, ("format", offer.name)])}
        for offer in formats_of(query.form)
    ]


def _table(document: Mapping[str, Any], local_link: Callable[[str], str]) -> dict[str, Any]:
    columns: list[str] = document["head"]["vars"]
    rows = [
        [_cell(binding[name], local_link) if name in binding else None for name in columns]
        for binding in document["results"]["bindings"]
    ]
    return {"columns": columns, "rows": rows}


def _cell(term: Mapping[str, Any], local_link: Callable[[str], str]) -> Cell:
    kind, value = term["type"], term["value"]
    if kind == "uri":
        return Cell(_shown(value), href=_href(value, local_link))
    if kind == "bnode":
        return Cell(_shown(f"_:{value}"))
    if kind == "triple":
        return Cell(_shown(_triple_text(value)))
    note = term.get("xml:lang") or _local_name(term.get("datatype", ""))
    return Cell(_shown(value), note=note)


def _shown(text: str) -> str:
    return text if len(text) <= _MAX_CELL_CHARACTERS else text[:_MAX_CELL_CHARACTERS] + "…"


def _triple_text(triple: Mapping[str, Any]) -> str:
    terms = (triple[name] for name in ("subject", "predicate", "object"))
    texts = (_triple_text(term["value"]) if term["type"] == "triple" else term["value"] for term in terms)
    return f"<<( {' '.join(texts)} )>>"


def _local_name(iri: str) -> str:
    return iri.replace("#", "/").rpartition("/")[2]


def _href(iri: str, local_link: Callable[[str], str]) -> str:
    """Where an IRI leads: a web address or a page here; never another scheme, such as `javascript:`."""
    if not iri.startswith(("http://", "https://")):
        return ""
    link = local_link(iri) or iri
    is_local = link.startswith("/") and not link.startswith(("//", "/\\"))
    return link if is_local or link.startswith(("http://", "https://")) else ""
