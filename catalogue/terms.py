"""The graph `graph/terms`: what the term tables say of taxa, imaging methods and licences, as triples.

All of it is there, whether a study uses it or not, so that a path upwards (`rembi:parentTaxon*`, `skos:broader*`)
never breaks off, and so that the graph changes with the tables only. Records may give a term other labels;
`skos:prefLabel` is stated here alone, once for each term.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rembigraph.catalogue.generations import derived_hash, replace_graph
from rembigraph.catalogue.rdf import RDF_TYPE, canonical, literal, quoted
from rembigraph.ontology.identifiers import PREFIXES, VOCABULARY, Iris
from rembigraph.ontology.term_tables import Licence, Method, Taxon, licences, methods, taxa

if TYPE_CHECKING:
    from rembigraph.catalogue.publish import DeriveContext

DERIVED_KEY: Final = "terms"
"""Key of `derived` in `meta.json` that holds the hash of the graph."""

_RDFS_LABEL: Final = f"<{PREFIXES['rdfs']}label>"
_SKOS: Final = PREFIXES["skos"]
_PREFERRED: Final = f"<{_SKOS}prefLabel>"
_ALTERNATIVE: Final = f"<{_SKOS}altLabel>"


@cache
def terms_triples() -> bytes:
    """Return the canonical N-Triples of the graph; they do not depend on the data base IRI."""
    return canonical(f"{triple} ." for triple in _triples())


@cache
def terms_hash() -> str:
    """Return the SHA-256 of the triples: equal hashes mean that nothing is to be written."""
    return hashlib.sha256(terms_triples()).hexdigest()


def terms_quads(iris: Iris) -> bytes:
    """Return the canonical N-Quads of the graph.

    Args:
        iris: knows the data base IRI, and so the name of the graph.
    """
    context = f" <{iris.graph('terms')}> ."
    return canonical(triple + context for triple in _triples())


def derive_terms(context: DeriveContext) -> dict[str, Any]:
    """Bring the graph of a generation that is being built up to date, if the generation before has another one.

    Returns:
        What is to stand under `derived` in `meta.json`, from which the next generation knows.
    """
    if not has_current_terms(context.previous):
        graph = Iris(context.data_base).graph("terms")
        replace_graph(context.store, graph, terms_triples(), context.data_base)
    return {DERIVED_KEY: terms_hash()}


def has_current_terms(generation: Path | None) -> bool:
    """Whether a generation holds the terms as they are now."""
    return derived_hash(generation, DERIVED_KEY) == terms_hash()


def _triples() -> Iterator[str]:
    for taxon in taxa().values():
        yield from _of(taxon.iri, _taxon(taxon))
    for method in methods().values():
        yield from _of(method.iri, _method(method))
    for licence in licences().values():
        yield from _of(licence.iri, _licence(licence))


def _of(subject: str, statements: Iterable[tuple[str, str]]) -> Iterator[str]:
    for predicate, value in statements:
        yield f"<{subject}> {predicate} {value}"


def _taxon(taxon: Taxon) -> Iterator[tuple[str, str]]:
    yield RDF_TYPE, f"<{VOCABULARY}Taxon>"
    yield from _labels(taxon.scientific_name, taxon.synonyms)
    yield f"<{VOCABULARY}scientificName>", quoted(taxon.scientific_name)
    yield f"<{VOCABULARY}taxonRank>", quoted(taxon.rank)
    for name in taxon.common_names:
        yield f"<{VOCABULARY}commonName>", quoted(name)
    if taxon.parent:
        yield f"<{VOCABULARY}parentTaxon>", f"<{taxon.parent}>"


def _method(method: Method) -> Iterator[tuple[str, str]]:
    yield RDF_TYPE, f"<{_SKOS}Concept>"
    yield RDF_TYPE, f"<{VOCABULARY}OntologyTerm>"
    yield from _labels(method.label, method.synonyms)
    for iri in method.broader:
        yield f"<{_SKOS}broader>", f"<{iri}>"
    for iri in method.close_matches:
        yield f"<{_SKOS}closeMatch>", f"<{iri}>"
    if method.definition:
        yield f"<{_SKOS}definition>", quoted(method.definition)
    if method.deprecated:
        yield f"<{PREFIXES['owl']}deprecated>", literal(True, "boolean")


def _licence(licence: Licence) -> Iterator[tuple[str, str]]:
    yield RDF_TYPE, f"<{PREFIXES['dcterms']}LicenseDocument>"
    yield from _labels(licence.label, ())
    yield f"<{VOCABULARY}spdxId>", quoted(licence.spdx)
    yield f"<{PREFIXES['dcterms']}description>", quoted(licence.in_words)


def _labels(label: str, others: Iterable[str]) -> Iterator[tuple[str, str]]:
    yield _RDFS_LABEL, quoted(label)
    yield _PREFERRED, quoted(label)
    for name in others:
        yield _ALTERNATIVE, quoted(name)
