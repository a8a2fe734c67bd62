"""The one error tree. Every error says what is wrong, where, and how to mend it.

```
CatalogueError
├── UsageError                  a command or setting that cannot work
├── SourceError                 a source document
│   ├── SourceUnavailable       it cannot be reached or opened
│   │   └── SourceNotFetched    a live source did not give it
│   ├── SourceMalformed         it cannot be read: carries file and JSON pointer
│   └── SourceSkipped           it is recognised, but holds no study
├── TransformRefused            a transformation, point or landmark set that can't be evaluated, read or written
├── RecordInvalid               SHACL violations: carries the report
├── UnknownAccession            not in this catalogue
├── WithdrawnAccession          was here, has been withdrawn
├── QueryError
│   ├── QueryRefused            policy: SERVICE, update, too deep, too long
│   ├── QuerySyntaxError        carries line, column and a proposal
│   ├── QueryTimeout            killed at its deadline
│   └── QueryTooLarge           memory or result bytes over the limit
├── Busy                        no free worker in time: try again
├── StoreDamaged                what is on disk is not what the ledger says
└── StoreLocked                 another process is writing
```

It lies in `ontology` because that is the only package that both loaders and catalogue may import.
"""

from __future__ import annotations

from typing import Any


class CatalogueError(Exception):
    """Root of every error that a person may see.

    Args:
        message: what is wrong, in a sentence.
        where: file and JSON pointer, focus node, line and column: whatever locates it.
        fix: what to do about it.
    """

    def __init__(self, message: str, *, where: str = "", fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.fix = fix

    def __str__(self) -> str:
        parts = [self.message]
        if self.where:
            parts.append(f"at {self.where}")
        if self.fix:
            parts.append(f"→ {self.fix}")
        return " ".join(parts)


class UsageError(CatalogueError):
    """A command, option or setting that cannot work."""


class SourceError(CatalogueError):
    """A source document cannot be used."""


class SourceUnavailable(SourceError):
    """A source document cannot be reached or opened."""


class SourceNotFetched(SourceUnavailable):
    """A live source did not give a record, or not all that belongs to it.

    Args:
        message: what happened.
        source: address that was asked.
        accession: record that was asked for.
        code: a short stable word for programs, such as `not-found` or `offline`.
        fix: what to do about it.
    """

    def __init__(
        self, message: str, *, source: str = "", accession: str = "", code: str = "offline", fix: str = ""
    ) -> None:
        super().__init__(message, where=source, fix=fix)
        self.source = source
        self.accession = accession
        self.code = code


class SourceMalformed(SourceError):
    """A source document cannot be read.

    Args:
        message: what is wrong.
        source: file name, with the member of an archive after `!`.
        pointer: JSON pointer (RFC 6901) or `line:column`; empty for the whole document.
        code: a short stable word for programs.
        fix: what to do about it.
    """

    def __init__(
        self, message: str, *, source: str = "", pointer: str = "", code: str = "malformed", fix: str = ""
    ) -> None:
        where = f"{source}#{pointer}" if pointer else source
        super().__init__(message, where=where, fix=fix)
        self.source = source
        self.pointer = pointer
        self.code = code


class SourceSkipped(SourceError):
    """A document that is recognised but holds no study (a schema, a file list on its own)."""


class SourceSuperseded(SourceSkipped):
    """A document of which a better version came in the same batch, and was taken."""


class TransformRefused(CatalogueError):
    """A transformation, a point or a landmark set cannot be evaluated, fitted, inverted, read or written.

    Args:
        code: a short stable word for programs, such as `matrix-shape` or `unknown-unit`.
        message: what is wrong, in a sentence.
        where: JSON pointer, line or element of the offending part; empty for the whole.
        fix: what to do about it.
        facts: numbers that belong to the refusal, such as `expected` and `got`.
    """

    def __init__(self, code: str, message: str, *, where: str = "", fix: str = "", **facts: Any) -> None:
        super().__init__(message, where=where, fix=fix)
        self.code = code
        self.facts = facts


class RecordInvalid(CatalogueError):
    """A record violates a shape of severity Violation; `report` holds the results."""

    def __init__(self, message: str, *, report: object = None, where: str = "", fix: str = "") -> None:
        super().__init__(message, where=where, fix=fix)
        self.report = report


class UnknownAccession(CatalogueError):
    """No such accession in this catalogue."""


class UnknownTerm(CatalogueError):
    """The vocabulary has no such term, version or form."""


class WithdrawnAccession(CatalogueError):
    """The accession was withdrawn; `reason` and `date` say why and when."""

    def __init__(self, message: str, *, reason: str = "", date: str = "") -> None:
        super().__init__(message)
        self.reason = reason
        self.date = date


class QueryError(CatalogueError):
    """A SPARQL query was not answered."""


class QueryRefused(QueryError):
    """The query breaks a rule of this endpoint; `rule` names it."""

    def __init__(self, message: str, *, rule: str = "", where: str = "", fix: str = "") -> None:
        super().__init__(message, where=where, fix=fix)
        self.rule = rule


class QuerySyntaxError(QueryError):
    """The query is not SPARQL 1.1; `line` and `column` count from 1 (0: unknown)."""

    def __init__(self, message: str, *, line: int = 0, column: int = 0, fix: str = "") -> None:
        super().__init__(message, where=f"line {line}, column {column}" if line else "", fix=fix)
        self.line = line
        self.column = column


class QueryTimeout(QueryError):
    """The query was stopped at its deadline."""


class QueryTooLarge(QueryError):
    """The query needs more memory, or gives more bytes, than this endpoint allows."""


class ServiceFailed(QueryError):
    """Another endpoint that a query asks gave no answer."""


class Busy(CatalogueError):
    """No worker was free in time; `retry_after` is in seconds."""

    def __init__(self, message: str, *, retry_after: int = 1) -> None:
        super().__init__(message, fix=f"Try again in {retry_after} s.")
        self.retry_after = retry_after


class TooManyQueries(Busy):
    """One client lets too many queries wait."""


class StoreDamaged(CatalogueError):
    """What lies on disk is not what the ledger says."""


class StoreLocked(CatalogueError):
    """Another process holds the ingest lock."""
