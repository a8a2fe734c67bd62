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
* a rule of `across.ttl` asks for another study, so that it says nothing about a record alone: one that the study
  mentions or is mentioned by, itself or in a third record, or one with the same identifier, title or publication.
  After a batch only such studies are judged anew (`rembigraph.catalogue.across_reports`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from pyoxigraph import NamedNode, RdfFormat, Triple, parse
from rembigraph.ontology.identifiers import PREFIXES, VOCABULARY

if TYPE_CHECKING:
    from rdflib import Graph
    from rdflib.term import Node

_WHERE: Final = "WHERE {"
RULES = ("prefixes", "references", "geometry", "correlation", "links", "terms", "across")
_SH: Final = PREFIXES["sh"]
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
        target: IRI of the class whose things are judged.
        select: the text of the query as the shape has it.
        prologue: its PREFIX lines.
    """

    shape: str
    theme: str
    severity: str
    level: str
    path: str
    message: str
    target: str
    select: str
    prologue: str

    @property
    def query(self) -> str:
        """The whole query."""
        return self.prologue + self.select

    def query_about(self, focus_nodes: Iterable[str]) -> str:
        """Return the whole query about these IRIs only, which must be legal ones."""
        named = " ".join(f"<{iri}>" for iri in focus_nodes)
        return self.query.replace(_WHERE, f"{_WHERE} VALUES $this {{ {named} }}", 1)


def shape_files() -> dict[str, str]:
    """Return the shape files: name -> Turtle text."""
    root = resources.files("rembigraph.shapes")
    files = {"base": root.joinpath("generated", "base.ttl").read_text(encoding="utf-8")}
    files |= {name: root.joinpath("rules", f"{name}.ttl").read_text(encoding="utf-8") for name in RULES}
    return files


@cache
def _triples() -> tuple[tuple[str, Triple], ...]:
    """Return the triples of the shape files, each with the name of its file, parsed once a process."""
    return tuple(
        (name, quad.triple)
        for name, text in shape_files().items()
        for quad in parse(text, format=RdfFormat.TURTLE, rename_blank_nodes=True)
    )


@cache
def shapes_graph() -> Graph:
    """Return all shapes as one graph. It is shared: do not change it."""
    from rdflib import Graph
    from rembigraph.shapes.conversion import rdflib_term

    graph = Graph()
    for _, triple in _triples():
        graph.add((rdflib_term(triple.subject), rdflib_term(triple.predicate), rdflib_term(triple.object)))
    return graph


@cache
def themes() -> dict[str, str]:
    """Return the hand-written rules: IRI of the shape -> name of its file."""
    target = NamedNode(_SH + "targetClass")
    pairs = ((name, triple) for name, triple in _triples() if name != "base")
    return {str(triple.subject)[1:-1]: name for name, triple in pairs if triple.predicate == target}


@cache
def query_rules() -> tuple[QueryRule, ...]:
    """Return every rule that is a query, sorted by IRI; rdflib, which is slow to import, is not needed for it."""
    with_queries = ((shape, values.get(_SH + "sparql", ())) for shape, values in _facts().items())
    return tuple(
        sorted(_query_rule(shape, str(constraint)) for shape, found in with_queries for constraint in found)
    )


@cache
def _facts() -> dict[str, dict[str, list[Any]]]:
    """Return what the shape files say: node (in N-Triples) -> IRI of the predicate -> values."""
    found: dict[str, dict[str, list[Any]]] = {}
    for _, triple in _triples():
        values = found.setdefault(str(triple.subject), {})
        values.setdefault(triple.predicate.value, []).append(triple.object)
    return found


def _query_rule(shape: str, constraint: str) -> QueryRule:
    def text(node: str, predicate: str) -> str:
        values = _facts()[node].get(predicate)
        return values[0].value if values else ""

    iri = shape[1:-1]
    return QueryRule(
        shape=iri,
        theme=themes()[iri],
        severity=text(shape, _SH + "severity").removeprefix(_SH),
        level=text(shape, VOCABULARY + "level").removeprefix(VOCABULARY),
        path=text(shape, _SH + "path"),
        message=text(constraint, _SH + "message") or text(shape, _SH + "message"),
        target=text(shape, _SH + "targetClass"),
        select=text(constraint, _SH + "select"),
        prologue=_prologue(constraint),
    )


def _prologue(constraint: str) -> str:
    """The PREFIX lines of a query, from what its `sh:prefixes` declares."""
    facts = _facts()
    declarations = (
        facts[str(one)]
        for declarer in facts[constraint].get(_SH + "prefixes", ())
        for one in facts[str(declarer)][_SH + "declare"]
    )
    lines = {
        f"PREFIX {one[_SH + 'prefix'][0].value}: <{one[_SH + 'namespace'][0].value}>\n"
        for one in declarations
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
        running.set((constraint, SH.select, Literal(_prologue(constraint.n3()) + str(select))))
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
