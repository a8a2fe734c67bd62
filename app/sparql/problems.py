"""Errors of the endpoint as HTTP problems (RFC 9457)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from rembigraph.app.sparql.formats import HTML, Format, choose_by_accept
from rembigraph.ontology.errors import (
    Busy,
    CatalogueError,
    QueryError,
    QueryRefused,
    QuerySyntaxError,
    QueryTimeout,
    QueryTooLarge,
    StoreDamaged,
)

_TYPE: Final = "urn:rembigraph:problem:"
_PLACE: Final = re.compile(r"line (\d+), column (\d+)")
_BY_RULE: Final = {"service": 403, "update": 403, "bytes": 413}

# The first class that fits decides. A result over a limit is 413, as a query over one is: both are
# mended by the client asking for less, which no 5xx says.
_BY_CLASS: Final[tuple[tuple[type[CatalogueError], int, str, str], ...]] = (
    (QuerySyntaxError, 400, "query-syntax", "The query is not SPARQL 1.1"),
    (QueryRefused, 400, "query-refused", "The query is refused"),
    (QueryTimeout, 504, "query-timeout", "The query took too long"),
    (QueryTooLarge, 413, "query-too-large", "The query asks for too much"),
    (QueryError, 400, "query-error", "The query cannot be answered"),
    (Busy, 503, "busy", "The endpoint is busy"),
    (StoreDamaged, 503, "store", "The store cannot be read"),
)

PROBLEM_JSON: Final = Format(
    "json",
    "application/problem+json",
    "JSON",
    ("application/json", "application/ld+json", "application/sparql-results+json"),
)
PLAIN_TEXT: Final = Format("text", "text/plain", "text", (), "; charset=utf-8")


class ProtocolError(Exception):
    """A request that breaks the SPARQL 1.1 Protocol or HTTP.

    Args:
        status: the HTTP status that says so.
        message: what is wrong.
        fix: what to do about it.
        headers: further headers of the response.
    """

    def __init__(
        self, status: int, message: str, *, fix: str = "", headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.fix = fix
        self.headers = headers or {}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is told to the client about an error.

    Attributes:
        status: HTTP status.
        code: a short stable word for programs.
        title: the kind of problem, for people.
        detail: this problem.
        fix: what to do about it; may be empty.
        line: line in the query, from 1; 0 if it is not about a place.
        column: column in that line, from 1.
        rule: the rule of the gate that the query breaks; may be empty.
        headers: further headers of the response.
    """

    status: int
    code: str
    title: str
    detail: str
    fix: str = ""
    line: int = 0
    column: int = 0
    rule: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Return it as an RFC 9457 object."""
        document: dict[str, Any] = {
            "type": _TYPE + self.code,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        optional = {"fix": self.fix, "line": self.line, "column": self.column, "rule": self.rule}
        document.update({name: value for name, value in optional.items() if value})
        return document

    def text(self) -> str:
        """Return it as plain text."""
        place = f" (line {self.line}, column {self.column})" if self.line else ""
        lines = [f"{self.title}.", f"{self.detail}{place}", self.fix]
        return "\n".join(line for line in lines if line) + "\n"


def problem_of(error: CatalogueError | ProtocolError) -> Problem:
    """Describe an error for the client."""
    if isinstance(error, ProtocolError):
        title = HTTPStatus(error.status).phrase
        return Problem(error.status, "protocol", title, error.message, error.fix, headers=error.headers)
    kind = next((kind for kind in _BY_CLASS if isinstance(error, kind[0])), None)
    _, status, code, title = kind or (CatalogueError, 500, "internal", "The endpoint failed")
    place = _PLACE.fullmatch(error.where)
    line, column = (int(place[1]), int(place[2])) if place else (0, 0)
    rule = ""
    if isinstance(error, QueryRefused):
        rule = error.rule
        status = _BY_RULE.get(rule, status)
    headers = {"Retry-After": str(error.retry_after)} if isinstance(error, Busy) else {}
    return Problem(status, code, title, error.message, error.fix, line, column, rule, headers)


def choose_problem_format(accept: str) -> Format:
    """Return the format of an error for a client that would have liked `accept`."""
    chosen = choose_by_accept(accept, (PROBLEM_JSON, PLAIN_TEXT, HTML))
    if chosen is not None:
        return chosen
    # Somebody who asks for CSV or Turtle reads text.
    return PLAIN_TEXT if "text/" in accept else PROBLEM_JSON
