"""RDF in our own vocabulary -> records: the inverse of how the catalogue writes them, driven by the same field table.

A value that its slot can't hold exactly (a language, a time of day, digits that a double has not) goes into the slot
and is kept verbatim beside it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError
from rembigraph.loaders.json_bounds import parse_json
from rembigraph.loaders.rdf_facts import Facts
from rembigraph.loaders.rdf_naming import Naming
from rembigraph.loaders.rdf_terms import RDF, RDF_TYPE, XSD, Term, Text
from rembigraph.loaders.reading import Document
from rembigraph.loaders.values import E_MAIL_REMOVED, has_email, partial_date, without_email
from rembigraph.ontology.errors import SourceMalformed
from rembigraph.ontology.fields import Field, classes, enum_iris
from rembigraph.ontology.generated import models
from rembigraph.ontology.identifiers import NotAnAccession, is_iri, parse_accession

MAX_RECORDS = 60_000  # as many parts as a record may have (loaders.MAX_PARTS)
_ORDER = ("position", "axis_index")
_WITH_ACCESSION = frozenset({"Study", "LinkSet"})
_SIZES_OF_INTEGER = ("integer", "int", "long", "short", "byte")
_SIGNS_OF_INTEGER = ("nonNegative", "positive", "nonPositive", "negative")
_INTEGER_TYPES = frozenset(
    XSD + name
    for name in (
        *_SIZES_OF_INTEGER,
        *(f"{sign}Integer" for sign in _SIGNS_OF_INTEGER),
        *(f"unsigned{size.capitalize()}" for size in _SIZES_OF_INTEGER[1:]),
    )
)
_EXACT_TYPES = {
    "string": frozenset({""}),
    "json": frozenset({"", RDF + "JSON"}),
    "date": frozenset({"", XSD + "date", XSD + "gYear", XSD + "gYearMonth"}),
    "integer": _INTEGER_TYPES | {""},
    "boolean": frozenset({"", XSD + "boolean"}),
    "double": frozenset({"", XSD + "double", XSD + "float", XSD + "decimal"}) | _INTEGER_TYPES,
    "iri": frozenset({"", XSD + "anyURI"}),
    "enum": frozenset({""}),
}
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,400}(?:\.[0-9]{0,400})?|\.[0-9]{1,400})(?:[eE][+-]?[0-9]{1,3})?")
_MAX_DIGITS = 40
_SPECIAL = {"INF": math.inf, "+INF": math.inf, "-INF": -math.inf, "NaN": math.nan}
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


class RecordReader:
    """Reads records from facts.

    Args:
        facts: what the file says; each fact that goes into a slot is accounted for.
        naming: what the record calls things.
        source: the document, for messages.
    """

    def __init__(self, facts: Facts, naming: Naming, source: str) -> None:
        self._facts = facts
        self._naming = naming
        self._source = source
        self._built = 0

    def record(self, node: str, class_name: str, name: str) -> BaseModel:
        """Return the record of a class that a node is.

        Args:
            node: the node in the file.
            class_name: class of the record model.
            name: what the record is called.

        Raises:
            SourceMalformed: it has more parts than a record may have.
        """
        self._built += 1
        if self._built > MAX_RECORDS:
            message = f"the record has more than {MAX_RECORDS} parts"
            fix = "Describe files together, not one by one."
            raise SourceMalformed(message, source=self._source, pointer="1:1", code="too-large", fix=fix)
        values: dict[str, Any] = {"id": name}
        entry = classes()[class_name]
        for number, fact in self._facts.about(node):
            of = _fields_of(class_name).get(fact.predicate)
            if fact.predicate == RDF_TYPE and fact.object == entry.iri:
                self._facts.mapped(number)
            elif of is not None and class_name in _WITH_ACCESSION and of.name == "accession":
                self._accession(number, fact.object, values)
            elif of is not None:
                self._fill(values, number, of, class_name)
        in_order = {
            slot: _ordered(value) if isinstance(value, list) else value for slot, value in values.items()
        }
        return _model(class_name)(**in_order)

    def _accession(self, number: int, term: Term, values: dict[str, Any]) -> None:
        """A study, or a set of links, may have identifiers beside its accession: those are kept."""
        if isinstance(term, Text) and _names(term.text, self._naming.accession):
            values["accession"] = self._naming.accession
            self._facts.mapped(number)

    def _fill(self, values: dict[str, Any], number: int, of: Field, class_name: str) -> None:
        items, links = self._facts.items(number)
        for fact, term in items:
            found = self._value(term, of)
            if found is None or not _fits(found[0], of, class_name):
                continue
            value, exact = found
            if value == E_MAIL_REMOVED:
                self._facts.ignored(fact, "private-email")
                continue
            if of.many:
                values.setdefault(of.name, []).append(value)
            elif of.name in values:
                continue
            else:
                values[of.name] = value
            if exact:
                self._facts.mapped(fact)
                for link in links:
                    self._facts.ignored(link, "structural-list")

    def _value(self, term: Term, of: Field) -> tuple[Any, bool] | None:
        """Return the value for a slot and whether it says all that the term says; None when it does not fit."""
        if of.kind == "object":
            return self._nested(term, of.of) if isinstance(term, str) else None
        if isinstance(term, str):
            value = _enum_value(term, of.of) if of.kind == "enum" else None
            value = self._naming.reference(term) if of.kind == "iri" else value
            return None if value is None else (value, True)
        found = _READ[of.kind](term.text) if of.kind != "enum" else _enum_text(term.text, of.of)
        if found is None:
            return None
        value, exact = found
        return value, exact and not term.language and term.datatype in _EXACT_TYPES[of.kind]

    def _nested(self, node: str, class_name: str) -> tuple[Any, bool] | None:
        name = self._naming.own(node, class_name)
        if name is None:
            return None
        return self.record(node, class_name, name), name == self._naming.reference(node)


@cache
def _fields_of(class_name: str) -> dict[str, Field]:
    return {of.iri: of for of in classes()[class_name].fields.values()}


def _model(class_name: str) -> type[BaseModel]:
    model: type[BaseModel] = getattr(models, class_name)
    return model


def _fits(value: Any, of: Field, class_name: str) -> bool:
    """Whether the model takes a number there: some have a least or a greatest value."""
    if of.kind not in {"integer", "double"}:
        return True
    try:
        _model(class_name)(**{of.name: [value] if of.many else value})
    except ValidationError:
        return False
    return True


def _ordered(values: list[Any]) -> list[Any]:
    """Put things that have a place into their order; others keep that of the file."""
    return sorted(values, key=_place_in_order)


def _place_in_order(value: Any) -> float:
    place = next((number for name in _ORDER if (number := getattr(value, name, None)) is not None), None)
    return math.inf if place is None else place


def _names(text: str, accession: str) -> bool:
    try:
        return parse_accession(text).text == accession
    except NotAnAccession:
        return False


# --- literals: text -> value, and whether the value says as much as the text


_Found = tuple[Any, bool] | None


def _string(text: str) -> _Found:
    return without_email(text), True


def _json_text(text: str) -> _Found:
    try:
        parse_json(Document("", "", text.encode("utf-8")))
    except SourceMalformed:
        return None
    return without_email(text), True


def _date(text: str) -> _Found:
    date = partial_date(text)
    return None if date is None else (date, date == text)


def _integer(text: str) -> _Found:
    if not _NUMBER.fullmatch(text) or len(text) > _MAX_DIGITS:
        return None
    number = Decimal(text)
    if number != number.to_integral_value() or abs(number.adjusted()) > _MAX_DIGITS:
        return None
    return int(number), True


def _double(text: str) -> _Found:
    if text in _SPECIAL:
        return _SPECIAL[text], True
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    return None if math.isinf(number) else (number, Decimal(repr(number)) == Decimal(text))


def _boolean(text: str) -> _Found:
    return (_BOOLEANS[text], True) if text in _BOOLEANS else None


def _iri(text: str) -> _Found:
    return (text, True) if is_iri(text) and not has_email(text) else None


def _enum_text(text: str, enum: str) -> _Found:
    return (text, True) if text in enum_iris(enum) else None


@cache
def _enum_texts(enum: str) -> dict[str, str]:
    return {iri: text for text, iri in enum_iris(enum).items()}


def _enum_value(iri: str, enum: str) -> str | None:
    return _enum_texts(enum).get(iri)


_READ: dict[str, Callable[[str], _Found]] = {
    "string": _string,
    "json": _json_text,
    "date": _date,
    "integer": _integer,
    "double": _double,
    "boolean": _boolean,
    "iri": _iri,
}
