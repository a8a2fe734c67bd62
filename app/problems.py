"""Errors over HTTP: one table from error class to status, RFC 9457 bodies for programs, pages for people.

`install` registers the handlers; routes raise and never build error answers themselves.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from rembigraph.app.feeds.repository import UnknownKeeperError
from rembigraph.app.negotiation import NotAcceptableError, wants_html
from rembigraph.app.pages.rendering import secure
from rembigraph.catalogue.reader import EmptyCatalogueError
from rembigraph.catalogue.serialisation import NotRepresentableError
from rembigraph.ontology import errors
from rembigraph.ontology.errors import CatalogueError
from starlette.exceptions import HTTPException
from starlette.responses import Response

PROBLEM_JSON: Final = "application/problem+json"

STATUSES: Final[dict[type[CatalogueError], int]] = {
    errors.UsageError: 400,
    errors.QuerySyntaxError: 400,
    errors.QueryRefused: 403,
    errors.UnknownAccession: 404,
    errors.UnknownTerm: 404,
    NotAcceptableError: 406,
    NotRepresentableError: 406,
    errors.WithdrawnAccession: 410,
    errors.QueryTooLarge: 413,
    errors.SourceError: 422,
    errors.RecordInvalid: 422,
    errors.TransformRefused: 422,
    errors.QueryError: 400,
    errors.StoreDamaged: 503,
    errors.QueryTimeout: 504,
    errors.ServiceFailed: 502,
    errors.Busy: 503,
    errors.TooManyQueries: 429,
    errors.StoreLocked: 503,
    EmptyCatalogueError: 503,
    UnknownKeeperError: 503,
    errors.CatalogueError: 500,
}
"""HTTP status of each error; a class that is not here has the status of its nearest base that is."""

_ABSENT: Final = frozenset({"no-path", "unknown-system", "unknown-image"})
"""Refusals of a transformation that say that something is not there: 404."""
_LATER: Final = frozenset({429, 503})
_DAMAGED_RETRY_SECONDS: Final = 30
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Problem:
    """An error as the outside sees it.

    Attributes:
        status: HTTP status.
        title: the status in words.
        detail: what is wrong, in a sentence.
        code: short stable word for programs.
        where: what locates it, or empty.
        fix: what to do about it, or empty.
        details: further members of the body.
        headers: headers of the answer.
    """

    status: int
    title: str
    detail: str
    code: str
    where: str = ""
    fix: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def body(self, instance: str) -> dict[str, Any]:
        """Return the RFC 9457 members; empty ones are left out."""
        members = {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "instance": instance,
            "code": self.code,
            "where": self.where,
            "fix": self.fix,
            **self.details,
        }
        return {name: value for name, value in members.items() if value not in ("", [], None)}


def status_of(error: CatalogueError | type[CatalogueError]) -> int:
    """Return the HTTP status of an error or error class."""
    if isinstance(error, errors.TransformRefused) and error.code in _ABSENT:
        return 404
    kind = error if isinstance(error, type) else type(error)
    return next(STATUSES[base] for base in kind.__mro__ if base in STATUSES)


def problem_of(error: CatalogueError) -> Problem:
    """Return the problem that an error is."""
    status = status_of(error)
    headers = {"Retry-After": str(getattr(error, "retry_after", 5))} if status in _LATER else {}
    details = dict(getattr(error, "details", {}))
    if isinstance(error, NotAcceptableError):
        details["offered"] = list(error.offered)
    if isinstance(error, errors.QuerySyntaxError):
        details |= {"line": error.line, "column": error.column}
    code = _code(type(error))
    if isinstance(error, errors.TransformRefused):
        code, details = error.code, details | error.facts
    # What is on our disk is nobody's business outside.
    is_damage = isinstance(error, errors.StoreDamaged)
    inside = status == 500 or is_damage
    if is_damage:
        headers["Retry-After"] = str(_DAMAGED_RETRY_SECONDS)
    return Problem(
        status=status,
        title=HTTPStatus(status).phrase,
        detail="the catalogue cannot answer; its keeper has been told" if inside else error.message,
        code=code,
        where="" if inside else error.where,
        fix="" if inside else error.fix,
        details=details,
        headers=headers,
    )


def problem_response(
    request: Request, problem: Problem, render: Callable[[str, dict[str, Any]], str]
) -> Response:
    """Return the answer for a problem: a page to browsers and at addresses that end with .html, else RFC 9457 JSON."""
    headers = {"Cache-Control": "no-store", "Vary": "Accept", **problem.headers}
    if wants_html(request.headers.get("accept")) or request.url.path.endswith(".html"):
        page = render("problem.html", {"problem": problem, "path": request.url.path[:500]})
        answer = Response(page, problem.status, headers, "text/html; charset=utf-8")
        secure(answer.headers)
        return answer
    body = json.dumps(problem.body(_instance(request)), ensure_ascii=False, indent=1)
    return Response(body + "\n", problem.status, headers, PROBLEM_JSON)


def install(app: FastAPI, render: Callable[[str, dict[str, Any]], str]) -> None:
    """Register handlers so that every error of every route is answered from the one table.

    Args:
        app: the application.
        render: renders a template with values.
    """

    def on_error(request: Request, error: Exception) -> Response:
        if not isinstance(error, CatalogueError):
            raise error
        if isinstance(error, errors.StoreDamaged):
            _log.error("%s: %s", request.url.path, error)
        elif status_of(error) == 500:
            _log.error("%s: %s", request.url.path, error, exc_info=error)
        return problem_response(request, problem_of(error), render)

    def on_http(request: Request, error: Exception) -> Response:
        return problem_response(request, _of_http(error), render)

    def on_invalid(request: Request, error: Exception) -> Response:
        return problem_response(request, _of_validation(error), render)

    app.add_exception_handler(CatalogueError, on_error)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(RequestValidationError, on_invalid)


def _of_http(error: Exception) -> Problem:
    if not isinstance(error, HTTPException):
        raise error
    status = HTTPStatus(error.status_code)
    detail = "there is no such page here" if status == HTTPStatus.NOT_FOUND else str(error.detail)
    code = status.name.lower().replace("_", "-")
    return Problem(status.value, status.phrase, detail, code, headers=dict(error.headers or {}))


def _of_validation(error: Exception) -> Problem:
    if not isinstance(error, RequestValidationError):
        raise error
    first = error.errors()[0]
    name = str(first["loc"][-1])[:80]
    return Problem(400, "Bad Request", f"parameter {name}: {first['msg']}", "bad-parameter", where=name)


def _code(kind: type[CatalogueError]) -> str:
    """Return `unknown-accession` for `UnknownAccession`; a class without a status has its base's code."""
    own = next(base for base in kind.__mro__ if base in STATUSES).__name__.removesuffix("Error")
    return "".join(f"-{char.lower()}" if char.isupper() else char for char in own).strip("-") or "error"


def _instance(request: Request) -> str:
    return request.url.path[:500]
