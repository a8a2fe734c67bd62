"""The field table: what the schema says about each field, without LinkML at run time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any


@dataclass(frozen=True)
class Field:
    """One field of a class.

    Attributes:
        name: name in records and models.
        iri: predicate.
        kind: `iri`, `object` (nested record), `enum`, or a literal type: `string integer double boolean json date`.
        of: class or enum of the value, where there is one.
        many: whether several values are allowed.
        level: `identity`, `required`, `recommended` or empty.
        description: meaning in words.
    """

    name: str
    iri: str
    kind: str
    of: str
    many: bool
    level: str
    description: str


@dataclass(frozen=True)
class RecordClass:
    """One class of the record model.

    Attributes:
        name: class name in models.
        iri: class IRI.
        segment: path segment of its IRIs.
        within: `study` or `parent`: what its IRIs lie below.
        description: meaning in words.
        fields: field name -> field, in schema order; `id` is not among them.
    """

    name: str
    iri: str
    segment: str
    within: str
    description: str
    fields: dict[str, Field]


def generated(name: str) -> str:
    """Return the text of a generated file of the ontology (`rembi.ttl`, `context.jsonld` ...)."""
    return resources.files("rembigraph.ontology.generated").joinpath(name).read_text(encoding="utf-8")


@cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = json.loads(generated("fields.json"))
    return table


@cache
def classes() -> dict[str, RecordClass]:
    """Return every class of the record model by name."""
    return {name: _record_class(name, entry) for name, entry in _table()["classes"].items()}


def record_class(record: object) -> RecordClass:
    """Return the class of a record; the models themselves, which are slow to import, are not needed for it."""
    return classes()[type(record).__name__]


def _record_class(name: str, entry: dict[str, Any]) -> RecordClass:
    fields = {
        slot: Field(slot, of["iri"], of["kind"], of["of"], of["many"], of["level"], of["description"])
        for slot, of in entry["slots"].items()
    }
    return RecordClass(name, entry["iri"], entry["segment"], entry["within"], entry["description"], fields)


@cache
def enum_iris(enum: str) -> dict[str, str]:
    """Return the IRIs of an enum's values: text -> IRI."""
    return {text: value["iri"] for text, value in _table()["enums"][enum]["values"].items()}


@cache
def concept_labels() -> dict[str, str]:
    """Return the labels of every enum value: IRI -> label for people."""
    return {
        value["iri"]: value["label"]
        for enum in _table()["enums"].values()
        for value in enum["values"].values()
    }


@cache
def predicates() -> dict[str, Field]:
    """Return one field for each predicate of the model (the first in schema order)."""
    found: dict[str, Field] = {}
    for entry in classes().values():
        for field in entry.fields.values():
            found.setdefault(field.iri, field)
    return found


def schema_version() -> str:
    """Return the version of the record model."""
    return str(_table()["version"])
