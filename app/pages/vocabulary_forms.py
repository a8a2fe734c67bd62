"""RDF forms of the ontology and of the shapes: made once a process, the same bytes in every process.

rdflib is imported here and in the modules beside it, and only when the first page or form is asked for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from rembigraph.catalogue.serialisation import FORMS, Form
from rembigraph.ontology.fields import generated
from rembigraph.ontology.identifiers import PREFIXES
from rembigraph.shapes import shape_files

if TYPE_CHECKING:
    from rdflib import Graph
    from rdflib.term import Node

ONTOLOGY_FILE: Final = "rembi.ttl"
CONTEXT_FILE: Final = "context.jsonld"
FORMS_OFFERED: Final[Mapping[str, Form]] = {
    name: FORMS[name] for name in ("turtle", "jsonld", "rdfxml", "ntriples")
}
"""Forms by name, in the order in which they are offered."""

_FORMATS: Final = {"rdfxml": "xml", "ntriples": "nt11"}
_XML_DESCRIPTION: Final = b"\n  <rdf:Description"
_XML_END: Final = b"\n</rdf:RDF>\n"
_LOCAL: Final = re.compile(r"[\w.-]+")
_DIGITS: Final = re.compile(r"\d+$")


@cache
def ontology_graph() -> Graph:
    """Return the published ontology, parsed once a process. It is shared: do not change it."""
    return _parsed([generated(ONTOLOGY_FILE)])


@cache
def ontology_form(name: str) -> bytes:
    """Return the ontology in a form; its Turtle is the committed file."""
    if name == "turtle":
        return generated(ONTOLOGY_FILE).encode("utf-8")
    return _serialised(ontology_graph(), name)


@cache
def shapes_form(name: str) -> bytes:
    """Return all shapes in a form; their Turtle is the committed files one after the other, comments and all."""
    texts = shape_files()
    if name == "turtle":
        return "\n".join(f"# --- {key}\n\n{text}" for key, text in texts.items()).encode("utf-8")
    return _serialised(_parsed(list(texts.values())), name)


def context_document() -> bytes:
    """Return the JSON-LD context of records."""
    return generated(CONTEXT_FILE).encode("utf-8")


def _parsed(texts: list[str]) -> Graph:
    """Parse Turtle texts into one graph whose triples have a stable order and whose blank nodes a stable name."""
    from rdflib import Graph

    whole = Graph(bind_namespaces="none")
    for prefix, namespace in PREFIXES.items():
        whole.bind(prefix, namespace)
    for place, text in enumerate(texts):
        part = Graph(bind_namespaces="none").parse(data=text, format="turtle")
        for prefix, namespace in part.namespaces():
            whole.bind(prefix, namespace, override=False)
        names = _stable_names(part, place)
        triples = (tuple(names.get(node, node) for node in triple) for triple in part)
        for subject, predicate, value in sorted(triples, key=lambda triple: [node.n3() for node in triple]):
            whole.add((subject, predicate, value))
    return whole


def _stable_names(graph: Graph, place: int) -> dict[Node, Node]:
    """Name blank nodes by the order in which the parser met them; rdflib's own names are random."""
    from rdflib import BNode

    found = {node for triple in graph for node in triple if isinstance(node, BNode)}

    def met(node: BNode) -> tuple[int, str]:
        number = _DIGITS.search(node)
        return (int(number[0]), "") if number else (-1, str(node))

    return {node: BNode(f"n{place}x{count}") for count, node in enumerate(sorted(found, key=met))}


def _serialised(graph: Graph, name: str) -> bytes:
    if name == "jsonld":
        return _json_ld(graph)
    data = graph.serialize(format=_FORMATS[name], encoding="utf-8")
    if name == "ntriples":
        return b"".join(sorted(data.splitlines(keepends=True)))
    head, *descriptions = data.removesuffix(_XML_END).split(_XML_DESCRIPTION)
    return head + b"".join(_XML_DESCRIPTION + each for each in sorted(descriptions)) + _XML_END


def _json_ld(graph: Graph) -> bytes:
    """Return flat JSON-LD whose literals are written out: rdflib makes JSON numbers of them, and 0.0 an integer."""
    prefixes = {name: str(space) for name, space in graph.namespaces() if space.endswith(("#", "/"))}
    nodes: dict[str, dict[str, Any]] = {}
    for subject, predicate, value in graph:
        name, key = _compact(str(subject.n3()).strip("<>"), prefixes), _compact(str(predicate), prefixes)
        node = nodes.setdefault(name, {"@id": name})
        shown: Any = _json_value(value, prefixes)
        if key == "rdf:type":
            key, shown = "@type", shown["@id"]
        node.setdefault(key, []).append(shown)
    ordered = [
        {key: value if key == "@id" else _in_order(value) for key, value in sorted(nodes[name].items())}
        for name in sorted(nodes)
    ]
    document = {"@context": dict(sorted(prefixes.items())), "@graph": ordered}
    return json.dumps(document, ensure_ascii=False, indent=1).encode("utf-8") + b"\n"


def _json_value(node: Node, prefixes: Mapping[str, str]) -> dict[str, str]:
    from rdflib import Literal

    if not isinstance(node, Literal):
        return {"@id": _compact(node.n3().strip("<>"), prefixes)}
    if node.language:
        return {"@value": str(node), "@language": node.language}
    datatype = {"@type": _compact(str(node.datatype), prefixes)} if node.datatype else {}
    return {"@value": str(node), **datatype}


def _compact(iri: str, prefixes: Mapping[str, str]) -> str:
    for prefix, namespace in prefixes.items():
        local = iri.removeprefix(namespace)
        if local != iri and _LOCAL.fullmatch(local):
            return f"{prefix}:{local}"
    return iri


def _in_order(values: list[Any]) -> list[Any]:
    return sorted(values, key=lambda each: json.dumps(each, sort_keys=True))
