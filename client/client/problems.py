"""Problems that a server tells (RFC 9457) as the errors that the same question to a folder would raise."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from rembigraph.catalogue.serialisation import NotRepresentableError
from rembigraph.client.errors import (
    Busy,
    CatalogueError,
    QueryError,
    QueryRefused,
    QuerySyntaxError,
    QueryTimeout,
    QueryTooLarge,
    StoreDamaged,
    UnknownStudy,
    UsageError,
    WithdrawnStudy,
)

Told = Mapping[str, Any]


def error_of(content: bytes) -> CatalogueError | None:
    """Return the error that the body of a problem tells; None when it tells none."""
    try:
        told = json.loads(content)
    except ValueError:
        return None
    if not isinstance(told, dict) or not isinstance(told.get("detail"), str):
        return None
    if _text(told, "code") == "not-found":
        return None  # a server that has no such page at all
    make = _MAKERS.get(_text(told, "code"), _plain(CatalogueError))
    return make(told)


def _text(told: Told, name: str) -> str:
    value = told.get(name, "")
    return value if isinstance(value, str) else ""


def _texts(told: Told, name: str) -> tuple[str, ...]:
    values = told.get(name, ())
    return tuple(value for value in values if isinstance(value, str)) if isinstance(values, list) else ()


def _number(told: Told, name: str) -> int:
    value = told.get(name, 0)
    return value if isinstance(value, int) else 0


def _plain(kind: type[CatalogueError]) -> Callable[[Told], CatalogueError]:
    return lambda told: kind(_text(told, "detail"), where=_text(told, "where"), fix=_text(told, "fix"))


def _syntax(told: Told) -> CatalogueError:
    line, column = _number(told, "line"), _number(told, "column")
    return QuerySyntaxError(_text(told, "detail"), line=line, column=column, fix=_text(told, "fix"))


def _refused(told: Told) -> CatalogueError:
    return QueryRefused(
        _text(told, "detail"), rule=_text(told, "rule"), where=_text(told, "where"), fix=_text(told, "fix")
    )


def _busy(told: Told) -> CatalogueError:
    error = Busy(_text(told, "detail"))
    error.fix = _text(told, "fix")
    return error


def _unknown(told: Told) -> CatalogueError:
    return UnknownStudy(
        _text(told, "accession"),
        archive=_text(told, "archive"),
        archive_page=_text(told, "archive_page"),
        nearest=_texts(told, "nearest"),
        named_by=_texts(told, "named_by"),
    )


def _withdrawn(told: Told) -> CatalogueError:
    return WithdrawnStudy(
        _text(told, "accession"),
        reason=_text(told, "reason"),
        date=_text(told, "date"),
        successor=_text(told, "successor"),
    )


_MAKERS: Final[Mapping[str, Callable[[Told], CatalogueError]]] = {
    "query-syntax": _syntax,
    "query-refused": _refused,
    "query-timeout": _plain(QueryTimeout),
    "query-too-large": _plain(QueryTooLarge),
    "query": _plain(QueryError),
    "protocol-error": _plain(QueryError),
    "busy": _busy,
    "unknown-accession": _unknown,
    "withdrawn-accession": _withdrawn,
    "not-representable": _plain(NotRepresentableError),
    "usage": _plain(UsageError),
    "empty-catalogue": _plain(UsageError),
    "store-damaged": _plain(StoreDamaged),
}
