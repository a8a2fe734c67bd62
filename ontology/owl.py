"""Makes the ontology that is published: light, labelled, and silent about other people's terms.

LinkML's own OWL generator is not used: it states a restriction for every slot of every class, makes classes of enum
values, gives foreign terms axioms of ours and drops the superclasses that the schema names. What would be left of it
after clean-up is what is written here from the field table. `docs/decisions/0008-ontology.md` says what is an axiom.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rdflib import DCTERMS, OWL, RDF, RDFS, SKOS, XSD, BNode, Graph, Literal, Namespace, URIRef
from rdflib.collection import Collection
from rembigraph.ontology.identifiers import PREFIXES, VOCABULARY
from rembigraph.ontology.mappings import MappingSet
from rembigraph.ontology.term_tables import Method

NS = Namespace(VOCABULARY)
ONTOLOGY = URIRef(VOCABULARY.rstrip("#"))
DOMAIN = URIRef(PREFIXES["schema"] + "domainIncludes")
RANGE = URIRef(PREFIXES["schema"] + "rangeIncludes")
DATATYPES = {
    "string": (XSD.string,),
    "integer": (XSD.integer,),
    "double": (XSD.double,),
    "boolean": (XSD.boolean,),
    "json": (RDF.JSON,),
    "date": (XSD.date, XSD.gYearMonth, XSD.gYear),
}
VANN = "http://purl.org/vocab/vann/"
LEVELS = {
    "required": "REMBI asks for it always, in our reading.",
    "recommended": "REMBI, or good practice, asks for it where it is known.",
}
ANNOTATION_PROPERTIES = {
    "level": "How much REMBI asks for a property, in our reading: rembi:required or rembi:recommended.",
    "usesTerm": "Property of another vocabulary that things of a class have here, unchanged.",
    "valueOf": "Property of another vocabulary that leads to things of a class here.",
    "valueScheme": "Concept scheme that the values of a property come from.",
}


def ontology_graph(
    header: Graph,
    table: dict[str, Any],
    axioms: dict[str, Any],
    mapping_set: MappingSet,
    methods: Iterable[Method],
) -> Graph:
    """Return the published ontology: header, classes, properties, concept schemes and mappings of `rembi:`.

    Args:
        header: the ontology's own description.
        table: the field table.
        axioms: what the schema says beyond it (`generate.axioms`).
        mapping_set: mappings to other vocabularies, from our terms outwards.
        methods: imaging methods; those with an IRI of ours are described.
    """
    graph = Graph(bind_namespaces="none")
    for prefix, namespace in {**mapping_set.prefixes, **PREFIXES, "vann": VANN}.items():
        graph.bind(prefix, namespace)
    graph += header
    _classes(graph, table, axioms)
    _properties(graph, table, axioms)
    _free_properties(graph, axioms)
    _schemes(graph, table)
    _own_annotations(graph)
    _own_methods(graph, methods)
    for mapping in mapping_set.mappings:
        if mapping.object:
            graph.add((URIRef(mapping.subject), URIRef(mapping.predicate), URIRef(mapping.object)))
    return graph


def _classes(graph: Graph, table: dict[str, Any], axioms: dict[str, Any]) -> None:
    for entry in table["classes"].values():
        term = URIRef(entry["iri"])
        graph.add((term, RDF.type, OWL.Class))
        _describe(graph, term, entry["label"], entry["description"], entry["source"])
        for parent in axioms["superclasses"].get(entry["iri"], ()):
            graph.add((term, RDFS.subClassOf, URIRef(parent)))
    _disjoint(graph, axioms["disjoint"])


def _disjoint(graph: Graph, classes: list[str]) -> None:
    axiom, members = BNode("disjoint"), BNode("members")
    graph.add((axiom, RDF.type, OWL.AllDisjointClasses))
    graph.add((axiom, OWL.members, members))
    Collection(graph, members, [URIRef(iri) for iri in sorted(classes)])


def _properties(graph: Graph, table: dict[str, Any], axioms: dict[str, Any]) -> None:
    taken = {entry["label"] for entry in table["classes"].values()}
    for entry in table["classes"].values():
        for slot in entry["slots"].values():
            term = URIRef(slot["iri"])
            if not slot["iri"].startswith(VOCABULARY):
                _use(graph, table, entry, slot)
                continue
            if (term, RDF.type, None) not in graph:
                _property(graph, slot, axioms, taken)
            graph.add((term, DOMAIN, URIRef(entry["iri"])))
            _say_values(graph, table, slot)


def _use(graph: Graph, table: dict[str, Any], entry: dict[str, Any], slot: dict[str, Any]) -> None:
    """Say on our side where a property of another vocabulary is used, since nothing is said about it itself."""
    graph.add((URIRef(entry["iri"]), NS["usesTerm"], URIRef(slot["iri"])))
    if slot["kind"] in {"iri", "object"} and slot["of"]:
        graph.add((URIRef(table["classes"][slot["of"]]["iri"]), NS["valueOf"], URIRef(slot["iri"])))


def _property(graph: Graph, slot: dict[str, Any], axioms: dict[str, Any], taken: set[str]) -> None:
    term = URIRef(slot["iri"])
    says = axioms["properties"].get(slot["iri"], {})
    graph.add((term, RDF.type, OWL.DatatypeProperty if slot["kind"] in DATATYPES else OWL.ObjectProperty))
    label = says.get("label") or words(slot["iri"].removeprefix(VOCABULARY))
    _describe(graph, term, f"has {label}" if label in taken else label, slot["description"], slot["source"])
    if slot["example"]:
        graph.add((term, SKOS.example, Literal(slot["example"])))
    for parent in says.get("superproperties", ()):
        graph.add((term, RDFS.subPropertyOf, URIRef(parent)))
    for note in says.get("notes", ()):
        graph.add((term, SKOS.note, Literal(note, lang="en")))
    if says.get("inverse"):
        graph.add((term, OWL.inverseOf, URIRef(says["inverse"])))
    if says.get("symmetric"):
        graph.add((term, RDF.type, OWL.SymmetricProperty))


def _say_values(graph: Graph, table: dict[str, Any], slot: dict[str, Any]) -> None:
    term, kind = URIRef(slot["iri"]), slot["kind"]
    if kind in DATATYPES:
        for datatype in DATATYPES[kind]:
            graph.add((term, RANGE, datatype))
    elif kind == "enum":
        graph.add((term, RANGE, SKOS.Concept))
        graph.add((term, NS["valueScheme"], NS[table["enums"][slot["of"]]["scheme"]]))
    elif slot["of"]:
        graph.add((term, RANGE, URIRef(table["classes"][slot["of"]]["iri"])))


def _free_properties(graph: Graph, axioms: dict[str, Any]) -> None:
    """Properties that no record has: the catalogue states them about terms of other vocabularies."""
    for slot in axioms["free"].values():
        if slot["iri"].startswith(VOCABULARY):
            _property(graph, slot, axioms, set())
            for datatype in DATATYPES.get(slot["kind"], ()):
                graph.add((URIRef(slot["iri"]), RANGE, datatype))
        else:
            graph.add((ONTOLOGY, NS["usesTerm"], URIRef(slot["iri"])))


def _schemes(graph: Graph, table: dict[str, Any]) -> None:
    for entry in table["enums"].values():
        scheme = _scheme(graph, entry["scheme"], entry["description"])
        for text, value in entry["values"].items():
            concept = URIRef(value["iri"])
            _concept(graph, scheme, concept, (value["label"], value["description"]))
            if value["notation"]:
                graph.add((concept, SKOS.notation, Literal(value["notation"])))
                if text != value["label"]:
                    graph.add((concept, SKOS.altLabel, Literal(text, lang="en")))


def _scheme(graph: Graph, name: str, description: str) -> URIRef:
    scheme = NS[name]
    graph.add((scheme, RDF.type, SKOS.ConceptScheme))
    _describe(graph, scheme, words(name), description, "")
    return scheme


def _concept(graph: Graph, scheme: URIRef, concept: URIRef, says: tuple[str, str]) -> None:
    label, description = says
    graph.add((concept, RDF.type, SKOS.Concept))
    graph.add((concept, RDF.type, OWL.NamedIndividual))
    graph.add((concept, SKOS.inScheme, scheme))
    graph.add((concept, SKOS.prefLabel, Literal(label, lang="en")))
    _describe(graph, concept, label, description, "")


def _own_annotations(graph: Graph) -> None:
    for name, definition in ANNOTATION_PROPERTIES.items():
        graph.add((NS[name], RDF.type, OWL.AnnotationProperty))
        _describe(graph, NS[name], words(name), definition, "")
    levels = _scheme(graph, "Levels", "How much REMBI asks for a property, in our reading.")
    for name, definition in LEVELS.items():
        _concept(graph, levels, NS[name], (name, definition))


def _own_methods(graph: Graph, methods: Iterable[Method]) -> None:
    """Methods that FBbi lacks. Their skos:prefLabel is in the terms graph, once a term (decision 0007)."""
    scheme = _scheme(graph, "ImagingMethods", "Imaging methods for which FBbi has no term.")
    for method in methods:
        if not method.iri.startswith(VOCABULARY):
            continue
        concept = URIRef(method.iri)
        graph.add((concept, RDF.type, SKOS.Concept))
        graph.add((concept, RDF.type, OWL.NamedIndividual))
        graph.add((concept, SKOS.inScheme, scheme))
        _describe(graph, concept, method.label, method.definition, "")
        for predicate, iris in ((SKOS.broader, method.broader), (SKOS.closeMatch, method.close_matches)):
            for iri in iris:
                graph.add((concept, predicate, URIRef(iri)))


def _describe(graph: Graph, term: URIRef, label: str, definition: str, source: str) -> None:
    graph.add((term, RDFS.label, Literal(label, lang="en")))
    graph.add((term, SKOS.definition, Literal(definition, lang="en")))
    graph.add((term, RDFS.isDefinedBy, ONTOLOGY))
    if source:
        graph.add((term, DCTERMS.source, Literal(source)))


def words(name: str) -> str:
    """Split a name into words: `sourceCoordinateSystem` -> `source coordinate system`; acronyms stay together."""
    out = ""
    for index, char in enumerate(name):
        starts = (
            char.isupper()
            and index > 0
            and (not name[index - 1].isupper() or name[index + 1 : index + 2].islower())
        )
        out += (" " if starts else "") + char
    return " ".join(word if word.isupper() and len(word) > 1 else word.lower() for word in out.split())
