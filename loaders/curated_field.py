"""Which fields of a thing a curator may correct, and to what values."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from rembigraph.ontology.fields import Field, classes, enum_iris
from rembigraph.ontology.identifiers import expand_curie, is_accession, is_iri

_TERMS: Final = frozenset({"Taxon", "OntologyTerm"})
"""Classes whose things are named by the IRI of a term, so that the IRI is the value."""

_NAMES_OF_STUDY: Final = frozenset({"accession", "archive"})
_FORMS: Final = {
    "integer": (r"[+-]?[0-9]{1,30}", "a whole number"),
    "double": (r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?", "a number"),
    "boolean": ("true|false", "true or false"),
    "date": (r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?", "a date (YYYY, YYYY-MM or YYYY-MM-DD)"),
}


def fields_of(thing: str, study: str) -> dict[str, Field]:
    """Return the fields that hold one value each: of the study, of what a path names, or of any class.

    Args:
        thing: path of the thing (`EXAMPLE-0001/specimen/fish-3`), or its IRI; empty for the study.
        study: accession of the study.
    """
    if thing in {"", study}:
        return {name: of for name, of in _values("Study").items() if name not in _NAMES_OF_STUDY}
    segments = thing.removeprefix(f"{study}/").split("/")
    owners = [
        entry.name for entry in classes().values() if entry.segment and entry.segment in segments[-2:-1]
    ]
    names = owners if len(segments) % 2 == 0 and not is_iri(thing) and owners else list(classes())
    return {name: of for owner in names for name, of in _values(owner).items()}


@cache
def _values(owner: str) -> dict[str, Field]:
    """The fields of a class that hold plain values or terms."""
    fields = classes()[owner].fields.items()
    return {name: of for name, of in fields if of.kind not in {"object", "json"} or of.of in _TERMS}


def check_value(text: str, of: Field) -> tuple[str, str] | None:
    """Return what is wrong with a value of a field, and what to do about it; None when nothing is."""
    if not text:
        return None
    if of.kind in {"iri", "object"}:
        iri = expand_curie(text)
        if is_iri(iri) or (of.of and is_iri(f"urn:x:{text}") and "/" in text) or is_accession(text):
            return None
        fix = "Write an IRI or its short form, such as NCBITaxon:9606."
        return f"{text[:80]!r} is no IRI, and {of.name} holds IRIs", fix
    if of.kind == "enum" and text not in enum_iris(of.of):
        return f"{text[:80]!r} is not one of the values", f"Write one of: {', '.join(enum_iris(of.of))}."
    pattern, what = _FORMS.get(of.kind, ("", ""))
    if pattern and not re.fullmatch(pattern, text):
        return f"{text[:80]!r} is not {what}", f"Write {what}."
    return None
