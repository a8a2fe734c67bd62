"""Turns LinkML's SHACL into the base shapes: named property shapes, messages for people, severity by level.

LinkML's property shapes are blank nodes without message or severity, and a reference to another record demands that
record in the same graph, which no link between archives can satisfy. Here each property shape gets an IRI
(`shapes#Study-title`), a message and a severity; references only have to be IRIs; and what REMBI merely asks for is a
shape of its own with severity Warning, because severity belongs to a shape, not to a constraint.
"""

from __future__ import annotations

from typing import Any

from rdflib import DCTERMS, RDF, RDFS, SH, XSD, Graph, Literal, Namespace, URIRef
from rdflib.collection import Collection
from rdflib.term import BNode, Node
from rembigraph.ontology.identifiers import ARCHIVES, PREFIXES, SHAPES, VOCABULARY

NS = Namespace(VOCABULARY)
SHAPE = Namespace(SHAPES)
VALUE_CONSTRAINTS = (SH.datatype, SH.minInclusive, SH.maxInclusive, SH.pattern)
WORDS = {
    "iri": "an IRI",
    "object": "a nested record",
    "enum": "one of the listed terms",
    "string": "text",
    "integer": "a whole number",
    "double": "a number",
    "boolean": "true or false",
    "json": "valid JSON (rdf:JSON)",
    "date": "a date: year, month or day (xsd:gYear, xsd:gYearMonth, xsd:date)",
}


def base_shapes(linkml: Graph, table: dict[str, Any]) -> Graph:
    """Return the base shapes graph of every class in the field table."""
    graph = Graph(bind_namespaces="none")
    for prefix, namespace in {**PREFIXES, "rembish": SHAPES}.items():
        graph.bind(prefix, namespace)
    for name, entry in table["classes"].items():
        _node_shape(graph, linkml, name, entry)
    _archive_agreement(graph)
    return graph


def _archive_agreement(graph: Graph) -> None:
    """The accession must look like those of the stated archive: the archive table as one sh:or."""
    shape = SHAPE["Study-accession-archive"]
    graph.add((shape, RDF.type, SH.NodeShape))
    graph.add((shape, SH.targetClass, NS["Study"]))
    graph.add((shape, RDFS.label, Literal("accession and archive agree", lang="en")))
    graph.add((shape, SH.severity, SH.Violation))
    text = "The accession does not look like one of the stated archive. Correct the accession or the archive."
    graph.add((shape, SH.message, Literal(text, lang="en")))
    choices: list[Node] = []
    for archive in ARCHIVES:
        choice = SHAPE[f"Study-in-{archive.key}"]
        _choice_property(graph, choice, "archive", (NS["archive"], SH.hasValue, URIRef(archive.iri)))
        pattern = Literal(f"^({archive.pattern})$")
        _choice_property(graph, choice, "accession", (DCTERMS.identifier, SH.pattern, pattern))
        choices.append(choice)
    _list(graph, shape, SH["or"], choices)


def _choice_property(
    graph: Graph, choice: URIRef, name: str, constraint: tuple[URIRef, URIRef, Node]
) -> None:
    path, predicate, value = constraint
    node = URIRef(f"{choice}-{name}")
    graph.add((choice, SH.property, node))
    graph.add((node, SH.path, path))
    graph.add((node, predicate, value))


def _node_shape(graph: Graph, linkml: Graph, name: str, entry: dict[str, Any]) -> None:
    shape = SHAPE[name]
    graph.add((shape, RDF.type, SH.NodeShape))
    graph.add((shape, SH.targetClass, URIRef(entry["iri"])))
    graph.add((shape, RDFS.label, Literal(f"{name} shape", lang="en")))
    source = next(linkml.subjects(SH.targetClass, URIRef(entry["iri"])))
    by_path = {linkml.value(node, SH.path): node for node in linkml.objects(source, SH.property)}
    for slot_name, slot in entry["slots"].items():
        where = (name, slot_name, slot)
        _property_shape(graph, linkml, by_path[URIRef(slot["iri"])], where, entry["label"])
        if slot["level"] in {"required", "recommended"}:
            _asked_for(graph, where, entry["label"])


def _property_shape(
    graph: Graph, linkml: Graph, node: Node, where: tuple[str, str, dict[str, Any]], label: str
) -> None:
    name, slot_name, slot = where
    shape = SHAPE[f"{name}-{slot_name}"]
    graph.add((SHAPE[name], SH.property, shape))
    _head(graph, shape, slot)
    graph.add((shape, SH.severity, SH.Violation))
    graph.add((shape, SH.message, Literal(_message(label, slot), lang="en")))
    if not slot["many"]:
        graph.add((shape, SH.maxCount, Literal(1)))
    if slot["level"] == "identity":
        graph.add((shape, SH.minCount, Literal(1)))
    if slot["unit"]:
        graph.add((shape, NS["unitCode"], Literal(slot["unit"])))
    _values(graph, linkml, node, shape, slot)


def _values(graph: Graph, linkml: Graph, node: Node, shape: URIRef, slot: dict[str, Any]) -> None:
    kind = slot["kind"]
    if kind in {"iri", "object"}:
        graph.add((shape, SH.nodeKind, SH.IRI))
    elif kind == "enum":
        (listed,) = linkml.objects(node, SH["in"])
        _list(graph, shape, SH["in"], sorted(Collection(linkml, listed), key=str))
    elif kind == "date":
        _one_of_datatypes(graph, shape, (XSD.date, XSD.gYearMonth, XSD.gYear))
    else:
        for predicate in VALUE_CONSTRAINTS:
            for value in linkml.objects(node, predicate):
                graph.add((shape, predicate, value))


def _asked_for(graph: Graph, where: tuple[str, str, dict[str, Any]], label: str) -> None:
    name, slot_name, slot = where
    shape = SHAPE[f"{name}-{slot_name}-{slot['level']}"]
    graph.add((SHAPE[name], SH.property, shape))
    _head(graph, shape, slot)
    graph.add((shape, SH.minCount, Literal(1)))
    graph.add((shape, SH.severity, SH.Warning))
    graph.add((shape, NS["level"], NS[slot["level"]]))
    text = f"No {slot['label']} given. {slot['description']} It is {slot['level']} of {_with_article(label)}."
    graph.add((shape, SH.message, Literal(text, lang="en")))


def _head(graph: Graph, shape: URIRef, slot: dict[str, Any]) -> None:
    graph.add((shape, RDF.type, SH.PropertyShape))
    graph.add((shape, SH.path, URIRef(slot["iri"])))
    graph.add((shape, SH.name, Literal(slot["label"], lang="en")))
    graph.add((shape, SH.description, Literal(slot["description"], lang="en")))


def _message(label: str, slot: dict[str, Any]) -> str:
    if slot["level"] == "identity":
        count = "one or more" if slot["many"] else "exactly one"
    else:
        count = "any number of" if slot["many"] else "at most one"
    return f"{_sentence_case(slot['label'])} ({label}): {count}, each {WORDS[slot['kind']]}."


def _sentence_case(label: str) -> str:
    return label[:1].upper() + label[1:]


def _with_article(label: str) -> str:
    """`image acquisition` -> `an image acquisition`."""
    return f"an {label}" if label[0] in "aeiou" else f"a {label}"


def _one_of_datatypes(graph: Graph, shape: URIRef, datatypes: tuple[URIRef, ...]) -> None:
    choices: list[Node] = []
    for datatype in datatypes:
        choice = BNode()
        graph.add((choice, SH.datatype, datatype))
        choices.append(choice)
    _list(graph, shape, SH["or"], choices)


def _list(graph: Graph, shape: URIRef, predicate: Node, members: list[Node]) -> None:
    head = BNode()
    Collection(graph, head, members)
    graph.add((shape, predicate, head))
