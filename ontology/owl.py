"""Turns LinkML's OWL into the ontology that is published: light, labelled, and silent about other people's terms.

LinkML states a restriction for every slot of every class, makes classes of enum values and gives foreign terms axioms
of ours. Here constraints are dropped (SHACL has them), enum values become SKOS concepts and only our own terms stay.
"""

from __future__ import annotations

from typing import Any

from rdflib import DCTERMS, OWL, RDF, RDFS, SKOS, BNode, Graph, Literal, Namespace, URIRef
from rdflib.term import Node
from rembigraph.ontology.identifiers import PREFIXES, VOCABULARY

NS = Namespace(VOCABULARY)
ONTOLOGY = URIRef(VOCABULARY.rstrip("#"))
KEPT = (SKOS.closeMatch, RDFS.subPropertyOf)
PROPERTY_TYPES = {"iri": OWL.ObjectProperty, "object": OWL.ObjectProperty, "enum": OWL.ObjectProperty}


def ontology_graph(linkml: Graph, header: Graph, table: dict[str, Any]) -> Graph:
    """Return the published ontology: header, classes, properties and concept schemes of the `rembi:` namespace."""
    graph = Graph()
    for prefix, namespace in PREFIXES.items():
        graph.bind(prefix, namespace)
    for triple in header:
        graph.add(triple)
    _classes(graph, linkml, table)
    _properties(graph, linkml, table)
    _concepts(graph, table)
    _annotation_properties(graph)
    return graph


def _classes(graph: Graph, linkml: Graph, table: dict[str, Any]) -> None:
    for name, entry in table["classes"].items():
        term = URIRef(entry["iri"])
        graph.add((term, RDF.type, OWL.Class))
        _describe(graph, term, _words(name), entry["description"], entry["source"])
        _copy_kept(graph, linkml, term)


def _properties(graph: Graph, linkml: Graph, table: dict[str, Any]) -> None:
    for entry in table["classes"].values():
        for slot in entry["slots"].values():
            term = URIRef(slot["iri"])
            if not slot["iri"].startswith(VOCABULARY) or (term, RDF.type, None) in graph:
                continue
            graph.add((term, RDF.type, PROPERTY_TYPES.get(slot["kind"], OWL.DatatypeProperty)))
            _describe(
                graph, term, _words(slot["iri"].removeprefix(VOCABULARY)), slot["description"], slot["source"]
            )
            _copy_kept(graph, linkml, term)


def _concepts(graph: Graph, table: dict[str, Any]) -> None:
    for entry in table["enums"].values():
        scheme = NS[entry["scheme"]]
        graph.add((scheme, RDF.type, SKOS.ConceptScheme))
        _describe(graph, scheme, _words(entry["scheme"]), entry["description"], "")
        for value in entry["values"].values():
            concept = URIRef(value["iri"])
            graph.add((concept, RDF.type, SKOS.Concept))
            graph.add((concept, RDF.type, OWL.NamedIndividual))
            graph.add((concept, SKOS.inScheme, scheme))
            graph.add((concept, SKOS.prefLabel, Literal(value["label"], lang="en")))
            _describe(graph, concept, value["label"], value["description"], "")


def _annotation_properties(graph: Graph) -> None:
    term = NS["level"]
    graph.add((term, RDF.type, OWL.AnnotationProperty))
    text = "How much REMBI asks for a property, in our reading: rembi:required or rembi:recommended."
    _describe(graph, term, "level", text, "")
    for name, definition in (
        ("required", "REMBI asks for it always, in our reading."),
        ("recommended", "REMBI, or good practice, asks for it where it is known."),
    ):
        graph.add((NS[name], RDF.type, SKOS.Concept))
        graph.add((NS[name], RDF.type, OWL.NamedIndividual))
        _describe(graph, NS[name], name, definition, "")


def _describe(graph: Graph, term: URIRef, label: str, definition: str, source: str) -> None:
    graph.add((term, RDFS.label, Literal(label, lang="en")))
    graph.add((term, SKOS.definition, Literal(definition, lang="en")))
    graph.add((term, RDFS.isDefinedBy, ONTOLOGY))
    if source:
        graph.add((term, DCTERMS.source, Literal(source)))


def _copy_kept(graph: Graph, linkml: Graph, term: URIRef) -> None:
    for predicate in KEPT:
        for value in linkml.objects(term, predicate):
            if not isinstance(value, BNode) and value != term:
                graph.add((term, predicate, value))


def _words(name: str) -> str:
    """`sourceCoordinateSystem` -> `source coordinate system`; acronyms stay together."""
    out = ""
    for index, char in enumerate(name):
        starts = (
            char.isupper()
            and index > 0
            and (not name[index - 1].isupper() or name[index + 1 : index + 2].islower())
        )
        out += (" " if starts else "") + char
    return " ".join(word if word.isupper() and len(word) > 1 else word.lower() for word in out.split())


def subjects(graph: Graph) -> set[Node]:
    """Return the terms that the ontology describes."""
    return {subject for subject in graph.subjects() if isinstance(subject, URIRef)}
