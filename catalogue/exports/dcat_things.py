"""Triples of DCAT while they are made: every object with its class, names of its own instead of blank nodes."""

from __future__ import annotations

import re
from typing import Final

from pyoxigraph import Literal, NamedNode, Triple
from rembigraph.catalogue.exports.citation import date_parts, paragraphs

DCAT_TERMS: Final = "http://www.w3.org/ns/dcat#"
DCT: Final = "http://purl.org/dc/terms/"
XSD: Final = "http://www.w3.org/2001/XMLSchema#"
DCTYPE_DATASET: Final = "http://purl.org/dc/dcmitype/Dataset"
PREFIXES: Final[dict[str, str]] = {
    "adms": "http://www.w3.org/ns/adms#",
    "bibo": "http://purl.org/ontology/bibo/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcat": DCAT_TERMS,
    "dct": DCT,
    "foaf": "http://xmlns.com/foaf/0.1/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "spdx": "http://spdx.org/rdf/terms#",
    "xsd": XSD,
}
FEED_PREFIXES: Final[dict[str, str]] = {
    **PREFIXES,
    "datacite": "http://purl.org/spar/datacite/",
    "fdp-o": "https://w3id.org/fdp/fdp-o#",
    "hydra": "http://www.w3.org/ns/hydra/core#",
    "ldp": "http://www.w3.org/ns/ldp#",
}
"""Those of feeds of many Datasets, too."""
_TIME: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})", re.ASCII)
_DATE_TYPES: Final = ("gYear", "gYearMonth", "date")


class Facts:
    """Collects triples.

    Args:
        page: what the names of things without an IRI begin with, before a `#`.

    Attributes:
        triples: the triples so far.
    """

    def __init__(self, page: str) -> None:
        self._page = page
        self.triples: list[Triple] = []

    def add(self, subject: str, predicate: str, value: NamedNode | Literal) -> None:
        """State one triple; the predicate is a CURIE of `FEED_PREFIXES`."""
        self.triples.append(Triple(NamedNode(subject), NamedNode(expanded(predicate)), value))

    def link(self, subject: str, predicate: str, target: str, kind: str, label: str = "") -> None:
        """State that a thing points to another one, of which class that is, and what it is called.

        Concepts get a `skos:prefLabel`, other things an `rdfs:label`.
        """
        self.add(subject, predicate, NamedNode(target))
        self.add(target, "rdf:type", NamedNode(expanded(kind)))
        if label:
            name = "skos:prefLabel" if kind == "skos:Concept" else "rdfs:label"
            self.add(target, name, plain(label))

    def own(self, subject: str, predicate: str, name: str, kind: str) -> str:
        """Make a thing that has no IRI of its own, point to it, and return its name here."""
        iri = f"{self._page}#{name}"
        self.link(subject, predicate, iri, kind)
        return iri


def expanded(curie: str) -> str:
    """Return the IRI of a CURIE of `FEED_PREFIXES`; raises KeyError for an unknown prefix."""
    prefix, _, name = curie.partition(":")
    return FEED_PREFIXES[prefix] + name


def plain(text: str) -> Literal:
    """Return a text as a literal without control characters."""
    return Literal(paragraphs(text))


def typed(text: str, datatype: str) -> Literal:
    """Return a literal with the datatype of a CURIE."""
    return Literal(text, datatype=NamedNode(expanded(datatype)))


def dated(text: str) -> Literal:
    """Return a date as exact as it is known: `xsd:gYear`, `xsd:gYearMonth`, `xsd:date`, or a time `xsd:dateTime`.

    A text that is no date stays a plain text.
    """
    if _TIME.fullmatch(text):
        return typed(text, "xsd:dateTime")
    parts = date_parts(text)
    if not parts:
        return plain(text)
    written = "-".join([f"{parts[0]:04}", *(f"{part:02}" for part in parts[1:])])
    return typed(written, f"xsd:{_DATE_TYPES[len(parts) - 1]}")
