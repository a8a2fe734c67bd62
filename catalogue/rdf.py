"""Record -> quads: the one place that writes RDF, driven by the field table generated from the schema.

The result is canonical: N-Quads lines without blank nodes, each once, sorted, so that the same record always gives
the same bytes and their SHA-256 names the content.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import cache
from typing import Any

from pydantic import BaseModel
from rembigraph.ontology.fields import Field, RecordClass, classes, enum_iris, record_class
from rembigraph.ontology.identifiers import PREFIXES, Iris

RDF_TYPE = f"<{PREFIXES['rdf']}type>"
XSD = PREFIXES["xsd"]
_DATE_TYPES = {4: "gYear", 7: "gYearMonth", 10: "date"}
_ESCAPES = {
    "\\": "\\\\",
    '"': '\\"',
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\b": "\\b",
    "\f": "\\f",
}
_NEEDS_ESCAPE = re.compile(r'[\x00-\x1f\x7f"\\]')


def to_nquads(records: Iterable[BaseModel], iris: Iris, graph: str) -> bytes:
    """Return the canonical N-Quads of completed records, all in one named graph.

    Args:
        records: completed records (`rembigraph.ontology.completion`).
        iris: makes absolute IRIs for this catalogue's data base.
        graph: IRI of the named graph.

    Raises:
        ValueError: a record holds an IRI that RDF cannot hold (completion moves those to kept values).
    """
    context = f" <{graph}> ."
    lines = {triple + context for record in records for triple in triples(record, iris)}
    return canonical(lines)


def canonical(lines: Iterable[str]) -> bytes:
    """Return N-Quads lines sorted, each once, in UTF-8 with a line feed after each."""
    return "".join(f"{line}\n" for line in sorted(set(lines))).encode("utf-8")


def triples(record: BaseModel, iris: Iris) -> Iterator[str]:
    """Yield the triples of a record and of everything nested in it, in N-Triples without the final dot."""
    subject = f"<{iris.absolute(record.id)}>"  # type: ignore[attr-defined]
    entry = record_class(record)
    yield f"{subject} {RDF_TYPE} <{entry.iri}>"
    for predicate, of in _predicates(entry.name):
        value = getattr(record, of.name)
        if value is None:
            continue
        for item in value if isinstance(value, list) else (value,):
            yield f"{subject} {predicate} {_object(item, of, iris)}"
            if of.kind == "object":
                yield from triples(item, iris)


@cache
def _predicates(name: str) -> list[tuple[str, Field]]:
    entry: RecordClass = classes()[name]
    return [(f"<{of.iri}>", of) for of in entry.fields.values()]


def _object(value: Any, of: Field, iris: Iris) -> str:
    match of.kind:
        case "object":
            return f"<{iris.absolute(value.id)}>"
        case "iri":
            return f"<{iris.absolute(value)}>"
        case "enum":
            return f"<{enum_iris(of.of)[value]}>"
        case _:
            return literal(value, of.kind)


def literal(value: Any, kind: str) -> str:
    """Return a literal in N-Triples. Plain text carries no datatype; numbers, dates and JSON carry theirs."""
    if kind == "string":
        return quoted(str(value))
    if kind == "json":
        return f"{quoted(str(value))}^^<{PREFIXES['rdf']}JSON>"
    if kind == "date":
        return f"{quoted(value)}^^<{date_type(value)}>"
    return f"{quoted(_lexical(value))}^^<{XSD}{kind}>"


def date_type(text: str) -> str:
    """Return the datatype of a date: of a year, of a month, or of a day."""
    return XSD + _DATE_TYPES.get(len(text), "date")


def _lexical(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if math.isinf(value):
            return "INF" if value > 0 else "-INF"
        return "NaN" if math.isnan(value) else _decimal(value)
    return str(value)


def _decimal(value: float) -> str:
    """The spelling that the store keeps, so that what it serves equals what the archive holds, byte for byte."""
    text = format(Decimal(repr(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def quoted(text: str) -> str:
    """Return text as a quoted N-Triples string."""
    return f'"{_NEEDS_ESCAPE.sub(_escape, text)}"'


def _escape(match: re.Match[str]) -> str:
    char = match.group()
    return _ESCAPES.get(char) or f"\\u{ord(char):04X}"


def json_text(value: Any) -> str:
    """Return a JSON value as text that keeps numbers as they were given."""
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))
