"""Errors of the endpoint as HTTP problems (RFC 9457), by the table of `rembigraph.app.problems`."""

from __future__ import annotations

import re
from dataclasses import replace
from http import HTTPStatus
from typing import Final

from rembigraph.app import problems
from rembigraph.app.problems import Problem
from rembigraph.app.sparql.formats import HTML, Format, choose_by_accept
from rembigraph.ontology.errors import CatalogueError, QueryRefused

_PLACE: Final = re.compile(r"line (\d+), column (\d+)")

PROBLEM_JSON: Final = Format(
    "json", problems.PROBLEM_JSON, "JSON", ("application/json", "application/sparql-results+json")
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


def problem_of(error: CatalogueError | ProtocolError) -> Problem:
    """Describe an error for the client."""
    if isinstance(error, ProtocolError):
        title = HTTPStatus(error.status).phrase
        return Problem(
            error.status, title, error.message, "protocol-error", fix=error.fix, headers=error.headers
        )
    problem = problems.problem_of(error)
    if isinstance(error, QueryRefused):
        problem.details["rule"] = error.rule
    status = _special_status(error) or problem.status
    headers = problem.headers if status == problem.status else {}
    return replace(problem, status=status, title=HTTPStatus(status).phrase, headers=headers)


def _special_status(error: CatalogueError) -> int:
    if isinstance(error, QueryRefused) and error.rule == "bytes":
        return 413
    return 0


def place_of(problem: Problem) -> tuple[int, int]:
    """Return the line and the column of the query that a problem is about; zeros if there is no such place."""
    match = _PLACE.fullmatch(problem.where)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def plain_text(problem: Problem) -> str:
    """Write a problem for people without a browser."""
    where = f" ({problem.where})" if problem.where else ""
    lines = [f"{problem.title}: {problem.detail}{where}", problem.fix]
    return "\n".join(line for line in lines if line) + "\n"


def choose_problem_format(accept: str) -> Format:
    """Return the format of an error for a client that would have liked `accept`."""
    chosen = choose_by_accept(accept, (PROBLEM_JSON, PLAIN_TEXT, HTML))
    if chosen is not None:
        return chosen
    # Somebody who asks for CSV or Turtle reads text.
    return PLAIN_TEXT if "text/" in accept else PROBLEM_JSON
