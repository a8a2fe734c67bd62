"""What a record must satisfy: the base shapes generated from the schema, and the rules written by hand.

Severity: Violation refuses a record (identity, well-typed values, references that lead nowhere, impossible geometry);
Warning is stored with it (what REMBI asks for); both are in `docs/decisions/0004-severity.md`.

How a rule is written (`rules/*.ttl`, one file a theme):

* one shape a rule, with an IRI, `rdfs:label`, `sh:message` and `sh:severity`; severity inside `sh:sparql` is ignored;
* a query holds `$this a <target class>`, so that the same text finds the same with `$this` given (SHACL, one record)
  and free (`rembigraph.catalogue.consistency`, the whole store); a sub-select must project `$this`;
* inside EXISTS stands one pattern, a sequence of properties as `(a/b)?`: Oxigraph answers one path from its given end,
  but joins several patterns anew for each row, over the whole store;
* arithmetic is on `xsd:double(STR(?x))`: rdflib recurses without end on an ill-formed number;
* a message puts only IRIs and numbers in place of `{?variables}`: pySHACL takes a backslash in a text for an escape;
* a rule of `across.ttl` asks for another study, so that it says nothing about a record alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import TYPE_CHECKING

from rembigraph.ontology.identifiers import PREFIXES, VOCABULARY

if TYPE_CHECKING:
    from rdflib import Graph
    from rdflib.term import Node

RULES = ("prefixes", "references", "geometry", "correlation", "links", "terms", "across")
ACROSS = "across"
"""The theme of the rules about several records together."""


@dataclass(frozen=True, order=True)
class QueryRule:
    """A rule that is a SPARQL query, for running over a whole store.

    Attributes:
        shape: IRI of the shape.
        theme: name of its file.
        severity: `Violation`, `Warning` or `Info`.
        level: `required` or `recommended` for what REMBI asks for, or empty.
        path: predicate IRI of a property shape, or empty.
        message: what is wrong and what to do, with `{?variable}` in places.
        select: the text of the query as the shape has it.
        prologue: its PREFIX lines.
    """

    shape: str
    theme: str
    severity: str
    level: str
    path: str
    message: str
    select: str
    prologue: str

    @property
    def query(self) -> str:
        """The whole query."""
        return self.prologue + self.select


def shape_files() -> dict[str, str]:
    """Return the shape files: name -> Turtle text."""
    root = resources.files("rembigraph.shapes")
    files = {"base": root.joinpath("generated", "base.ttl").read_text(encoding="utf-8")}
    files |= {name: root.joinpath("rules", f"{name}.ttl").read_text(encoding="utf-8") for name in RULES}
    return files


@cache
def shapes_graph() -> Graph:
    """Return all shapes as one graph, parsed once a process. It is shared: do not change it."""
    from rdflib import Graph

    graph = Graph()
    for text in shape_files().values():
        graph.parse(data=text, format="turtle")
    return graph


@cache
def themes() -> dict[str, str]:
    """Return the hand-written rules: IRI of the shape -> name of its file."""
    from rdflib import SH, Graph

    return {
        str(shape): name
        for name, text in shape_files().items()
        if name != "base"
        for shape in Graph().parse(data=text, format="turtle").subjects(SH.targetClass)
    }


@cache
def query_rules() -> tuple[QueryRule, ...]:
    """Return every rule that is a query, sorted by IRI."""
    from rdflib import SH

    graph = shapes_graph()
    rules = (_query_rule(graph, *pair) for pair in graph.subject_objects(SH.sparql))
    return tuple(sorted(rules))


def _query_rule(graph: Graph, shape: Node, constraint: Node) -> QueryRule:
    from rdflib import SH, URIRef

    def text(subject: Node, predicate: Node) -> str:
        value = graph.value(subject, predicate)
        return "" if value is None else str(value)

    return QueryRule(
        shape=str(shape),
        theme=themes()[str(shape)],
        severity=text(shape, SH.severity).removeprefix(PREFIXES["sh"]),
        level=text(shape, URIRef(VOCABULARY + "level")).removeprefix(VOCABULARY),
        path=text(shape, SH.path),
        message=text(constraint, SH.message) or text(shape, SH.message),
        select=text(constraint, SH.select),
        prologue=_prologue(graph, constraint),
    )


def _prologue(graph: Graph, constraint: Node) -> str:
    """The PREFIX lines of a query, from what its `sh:prefixes` declares."""
    from rdflib import SH

    lines = {
        f"PREFIX {graph.value(one, SH.prefix)}: <{graph.value(one, SH.namespace)}>\n"
        for declarer in graph.objects(constraint, SH.prefixes)
        for one in graph.objects(declarer, SH.declare)
    }
    return "".join(sorted(lines))


@lru_cache(maxsize=64)
def running_shapes(classes: frozenset[str]) -> Graph:
    """Return the shapes of these classes without what is only for people. It is shared: do not change it.

    pySHACL reads the shapes anew in each run, so a record is validated against those that can say something about
    it. A query carries its prefixes, and a shape whose query has a message loses its own, else both are reported.
    """
    from rdflib import SH, Literal, URIRef
    from rembigraph.shapes.remembering import RememberingGraph

    graph, running = shapes_graph(), RememberingGraph(bind_namespaces="none")
    targets = (shape for name in classes for shape in graph.subjects(SH.targetClass, URIRef(name)))
    for triple in _closure(graph, targets):
        running.add(triple)
    for shape, constraint in list(running.subject_objects(SH.sparql)):
        select = running.value(constraint, SH.select)
        running.set((constraint, SH.select, Literal(_prologue(graph, constraint) + str(select))))
        if (constraint, SH.message, None) in running:
            running.remove((shape, SH.message, None))
    return running


def _closure(graph: Graph, nodes: Iterable[Node]) -> Iterator[tuple[Node, Node, Node]]:
    """Yield the triples that say what these shapes, and what they refer to, demand."""
    from rdflib import RDFS, SH, Literal, URIRef

    for_people = {
        RDFS.label,
        RDFS.seeAlso,
        SH.name,
        SH.description,
        SH.prefixes,
        URIRef(VOCABULARY + "level"),
    }
    waiting: list[Node] = list(nodes)
    seen: set[Node] = set()
    while waiting:
        node = waiting.pop()
        if node in seen or isinstance(node, Literal):
            continue
        seen.add(node)
        for predicate, value in graph.predicate_objects(node):
            if predicate not in for_people:
                yield node, predicate, value
                waiting.append(value)
