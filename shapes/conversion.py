"""Terms of pyoxigraph, which parses fast and strictly, as terms of rdflib, which pySHACL works on."""

from __future__ import annotations

from typing import Final

from pyoxigraph import BlankNode, NamedNode, Triple
from pyoxigraph import Literal as StoreLiteral
from rdflib import BNode, Literal, URIRef
from rdflib.term import Node
from rembigraph.ontology.identifiers import PREFIXES

_XSD_STRING: Final = PREFIXES["xsd"] + "string"


def rdflib_term(term: NamedNode | BlankNode | StoreLiteral | Triple) -> Node:
    """Return the same term; a literal is spelt as it was given.

    Raises:
        TypeError: it is a quoted triple, which neither records nor shapes hold.
    """
    if isinstance(term, NamedNode):
        return URIRef(term.value)
    if isinstance(term, BlankNode):
        return BNode(term.value)
    if isinstance(term, Triple):
        raise TypeError("records and shapes hold no quoted triples")
    if term.language:
        return Literal(term.value, lang=term.language)
    if term.datatype.value == _XSD_STRING:
        return Literal(term.value)
    return Literal(term.value, datatype=URIRef(term.datatype.value), normalize=False)
