"""Terms and statements of foreign RDF as plain Python values, and how a person reads them: in N-Triples.

A node is its IRI, or `_:` and its label. IRIs that a document gives relative to nothing lie below `RELATIVE`, an
address that can't exist, until it is known what they are relative to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from rembigraph.ontology.identifiers import CURIES, PREFIXES

RELATIVE = "https://relative.invalid/"
XSD = PREFIXES["xsd"]
RDF = PREFIXES["rdf"]
RDF_TYPE, RDF_FIRST, RDF_REST, RDF_NIL = RDF + "type", RDF + "first", RDF + "rest", RDF + "nil"
XSD_STRING = XSD + "string"

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r"})


@dataclass(frozen=True, slots=True)
class Text:
    """A literal.

    Attributes:
        text: its lexical form.
        datatype: IRI of its datatype; empty for plain text.
        language: its language tag (with direction, where it has one); empty for none.
    """

    text: str
    datatype: str = ""
    language: str = ""


Term: TypeAlias = "str | Text"


class Statement(NamedTuple):
    """One quad; the graph is empty for the default graph."""

    subject: str
    predicate: str
    object: Term
    graph: str = ""


def is_blank(node: str) -> bool:
    """Whether a node has no IRI."""
    return node.startswith("_:")


def size_of(term: Term) -> int:
    """Return the number of characters of a term."""
    return len(term) if isinstance(term, str) else len(term.text) + len(term.datatype)


def written(term: Term) -> str:
    """Return a term in N-Triples; a relative IRI is shown as it was given.

    >>> written("urn:a"), written(Text("a b", "", "en")), written(Text("1", XSD + "integer"))
    ('<urn:a>', '"a b"@en', '"1"^^<http://www.w3.org/2001/XMLSchema#integer>')
    """
    if isinstance(term, str):
        return term if is_blank(term) else f"<{term.removeprefix(RELATIVE)}>"
    quoted = f'"{term.text.translate(_ESCAPES)}"'
    if term.language:
        return f"{quoted}@{term.language}"
    return f"{quoted}^^<{term.datatype}>" if term.datatype else quoted


def short(iri: str) -> str:
    """Return an IRI as a CURIE where a usual prefix fits.

    >>> short("http://schema.org/name"), short("urn:x:1")
    ('schema:name', 'urn:x:1')
    """
    for prefix, namespace in CURIES.items():
        if iri.startswith(namespace) and len(iri) > len(namespace):
            return f"{prefix}:{iri.removeprefix(namespace)}"
    return iri.removeprefix(RELATIVE)
