"""The example queries as data: SHACL's SPARQLExecutable, after the practice of the SIB's endpoints."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

import pyoxigraph as ox
from rembigraph.app.sparql.page import Example

_SH: Final = "http://www.w3.org/ns/shacl#"
_RDFS: Final = "http://www.w3.org/2000/01/rdf-schema#"
_SCHEMA: Final = "https://schema.org/"
_SPEX: Final = "https://purl.expasy.org/sparql-examples/ontology#"
_TYPE: Final = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
_FORM: Final = re.compile(r"^\s*(SELECT|ASK|CONSTRUCT|DESCRIBE)\b", re.MULTILINE | re.IGNORECASE)
_OTHERS: Final = re.compile(r"SERVICE\s+(?:SILENT\s+)?<([^>]+)>", re.IGNORECASE)

PREFIXES: Final = {"sh": _SH, "rdfs": _RDFS, "schema": _SCHEMA, "spex": _SPEX}


def describe_examples(examples: Sequence[Example], base: str, endpoint: str) -> Iterator[ox.Triple]:
    """Write example queries as statements.

    Args:
        examples: the queries; each holds its own prefixes.
        base: what the IRI of an example begins with; its name follows.
        endpoint: where they are to be asked.
    """
    for example in examples:
        query = ox.NamedNode(base + example.name)
        match = _FORM.search(example.text)
        form = match[1].lower() if match else "select"
        yield ox.Triple(query, _TYPE, ox.NamedNode(f"{_SH}SPARQLExecutable"))
        yield ox.Triple(query, _TYPE, ox.NamedNode(f"{_SH}SPARQL{form.capitalize()}Executable"))
        yield ox.Triple(query, ox.NamedNode(f"{_RDFS}label"), ox.Literal(example.title, language="en"))
        yield ox.Triple(
            query, ox.NamedNode(f"{_RDFS}comment"), ox.Literal(example.description, language="en")
        )
        yield ox.Triple(query, ox.NamedNode(f"{_SH}{form}"), ox.Literal(example.text))
        yield ox.Triple(query, ox.NamedNode(f"{_SCHEMA}target"), ox.NamedNode(endpoint))
        for other in sorted(set(_OTHERS.findall(example.text))):
            yield ox.Triple(query, ox.NamedNode(f"{_SPEX}federatesWith"), ox.NamedNode(other))
