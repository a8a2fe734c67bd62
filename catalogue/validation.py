"""Quads -> report: SHACL behind one `validate()`. pySHACL is the judge; nothing here runs on a request path.

A result names the shape, the focus node, the path and the value, and says in words what is wrong and what to do.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from rembigraph.catalogue.rdf import RDF_TYPE, canonical, quoted
from rembigraph.ontology.identifiers import PREFIXES, VOCABULARY, Iris
from rembigraph.shapes import running_shapes, shapes_graph

if TYPE_CHECKING:
    from rdflib import Graph
    from rdflib.term import Node

SH = PREFIXES["sh"]

# rdflib logs a traceback for each ill-typed literal; the report says it in words.
logging.getLogger("rdflib.term").setLevel(logging.CRITICAL)


@dataclass(frozen=True, order=True)
class ValidationResult:
    """One result of a validation.

    Attributes:
        severity: `Violation` (refuses the record), `Warning` or `Info`.
        focus_node: IRI of the thing that is wrong.
        path: predicate IRI, or empty.
        shape: IRI of the shape that says so.
        value: the offending value as text, or empty.
        message: what is wrong and what to do, in words.
        level: `required` or `recommended` when the result is about something that REMBI asks for.
        component: IRI of the constraint component (SHACL) that failed.
    """

    severity: str
    focus_node: str
    path: str
    shape: str
    value: str
    message: str
    level: str = ""
    component: str = ""

    @property
    def sentence(self) -> str:
        """The result in one line for people."""
        at = f" at {self.focus_node}" + (f" ({_short(self.path)})" if self.path else "")
        value = f" It says: {self.value[:120]}." if self.value and self.value not in self.message else ""
        return f"{self.severity}: {self.message}{value} [{_short(self.shape)}{at}]"


@dataclass(frozen=True)
class ValidationReport:
    """All results for one record, sorted."""

    results: tuple[ValidationResult, ...]

    @property
    def violations(self) -> tuple[ValidationResult, ...]:
        """Results that refuse the record."""
        return tuple(result for result in self.results if result.severity == "Violation")

    @property
    def warnings(self) -> tuple[ValidationResult, ...]:
        """What REMBI asks for and the record lacks, and what looks wrong; stored with the record."""
        return tuple(result for result in self.results if result.severity == "Warning")

    @property
    def notes(self) -> tuple[ValidationResult, ...]:
        """What would make the record more useful; stored with it."""
        return tuple(result for result in self.results if result.severity == "Info")

    @property
    def conforms(self) -> bool:
        """Whether the record may be stored."""
        return not self.violations


def validate(quads: bytes) -> ValidationReport:
    """Validate the quads of one record (N-Quads or N-Triples; graph names are ignored) against all shapes.

    Equal results are one.
    """
    from rdflib import RDF

    graph = _graph(quads)
    classes = frozenset(str(each) for each in graph.objects(None, RDF.type))
    results = _run(graph, running_shapes(classes), shapes_graph())
    return ValidationReport(tuple(sorted(set(results))))


def validate_graph(data: Graph, shapes: Graph) -> ValidationReport:
    """Validate an rdflib graph against a shapes graph and return what pySHACL finds.

    Raises:
        RuntimeError: pySHACL could not run (a broken shapes graph).
    """
    return ValidationReport(tuple(sorted(_run(data, shapes, shapes))))


def _run(data: Graph, shapes: Graph, described: Graph) -> Iterator[ValidationResult]:
    """Run shapes; `described` says what else is known of them."""
    import pyshacl

    _find_parameters_by_hash()
    try:
        _, report, text = pyshacl.validate(
            data, shacl_graph=shapes, inplace=True, allow_warnings=True, allow_infos=True
        )
    except Exception as error:  # pySHACL and rdflib raise bare exceptions for a query that they can't read
        raise RuntimeError(f"the shapes could not be run: {error}") from error
    if isinstance(report, Exception) or not hasattr(report, "subjects"):
        raise RuntimeError(f"the shapes could not be run: {text}")
    return _results(report, described)


@cache
def _find_parameters_by_hash() -> None:
    """Give pySHACL its own list of constraint parameters as one in which a parameter is found by its hash.

    It looks for each predicate of each shape there, one comparison after another.
    """
    from pyshacl import constraints, shape

    class Parameters(list[Any]):
        def __contains__(self, parameter: object) -> bool:
            return parameter in constraints.CONSTRAINT_PARAMETERS_MAP

    parameters = Parameters(constraints.ALL_CONSTRAINT_PARAMETERS)
    vars(shape)["CONSTRAINT_PARAMS"] = (parameters, constraints.CONSTRAINT_PARAMETERS_MAP)


def _graph(quads: bytes) -> Graph:
    """Return quads as a graph, each literal spelt as it was given.

    pyoxigraph reads them, because it refuses what RDF does not allow.
    """
    from pyoxigraph import RdfFormat, parse
    from rembigraph.shapes.conversion import rdflib_term

    graph = _record_graph_class()(bind_namespaces="none")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of an ill-formed boolean, which the report says in words
        for quad in parse(quads, format=RdfFormat.N_QUADS):
            graph.add((rdflib_term(quad.subject), rdflib_term(quad.predicate), rdflib_term(quad.object)))
    return graph


@cache
def _record_graph_class() -> type[Graph]:
    """The class of a record's graph; made late, because rdflib is slow to import."""
    from rdflib import Graph
    from rdflib.plugins.sparql import prepareQuery

    prepared = lru_cache(maxsize=256)(prepareQuery)

    class RecordGraph(Graph):
        """A graph that reads the text of a query once a process: pySHACL asks the same for each focus node."""

        def query(self, query_object: Any, *arguments: Any, **named: Any) -> Any:
            if isinstance(query_object, str):
                query_object = prepared(query_object)
            return super().query(query_object, *arguments, **named)

    return RecordGraph


def _results(report: Graph, shapes: Graph) -> Iterator[ValidationResult]:
    from rdflib import SH as SHACL
    from rdflib import URIRef

    for node in report.objects(None, SHACL.result):
        shape = report.value(node, SHACL.sourceShape)
        level = shapes.value(shape, URIRef(VOCABULARY + "level")) if shape is not None else None
        yield ValidationResult(
            severity=_text(report, node, SHACL.resultSeverity).removeprefix(SH),
            focus_node=_text(report, node, SHACL.focusNode),
            path=_text(report, node, SHACL.resultPath),
            shape=str(shape) if isinstance(shape, URIRef) else "",
            value=_text(report, node, SHACL.value),
            message=" ".join(sorted(str(text) for text in report.objects(node, SHACL.resultMessage))),
            level=str(level).removeprefix(VOCABULARY) if level is not None else "",
            component=_text(report, node, SHACL.sourceConstraintComponent),
        )


def _text(report: Graph, node: Node, predicate: Node) -> str:
    value = report.value(node, predicate)
    return "" if value is None else str(value)


def report_quads(report: ValidationReport, iris: Iris, accession: str, source: str) -> bytes:
    """Return a stored record's results as quads of the validation graph, so that they can be queried.

    Each result is an `sh:ValidationResult` whose IRI lies below the study.
    """
    graph = f" <{iris.graph('validation')}> ."
    node = iris.absolute(f"{accession}/report/{source}")
    lines = [f"<{node}> {RDF_TYPE} <{SH}ValidationReport>"]
    lines.append(f'<{node}> <{SH}conforms> "{str(report.conforms).lower()}"^^<{PREFIXES["xsd"]}boolean>')
    for number, result in enumerate(report.results, start=1):
        one = f"{node}/{number}"
        lines.append(f"<{node}> <{SH}result> <{one}>")
        lines += _result_triples(one, result)
    return canonical(line + graph for line in lines)


def _result_triples(node: str, result: ValidationResult) -> Iterable[str]:
    yield f"<{node}> {RDF_TYPE} <{SH}ValidationResult>"
    yield f"<{node}> <{SH}resultSeverity> <{SH}{result.severity}>"
    yield f"<{node}> <{SH}focusNode> <{result.focus_node}>"
    yield f"<{node}> <{SH}resultMessage> {quoted(result.message)}"
    if result.path:
        yield f"<{node}> <{SH}resultPath> <{result.path}>"
    if result.shape:
        yield f"<{node}> <{SH}sourceShape> <{result.shape}>"
    if result.component:
        yield f"<{node}> <{SH}sourceConstraintComponent> <{result.component}>"
    if result.value:
        yield f"<{node}> <{SH}value> {quoted(result.value)}"
    if result.level:
        yield f"<{node}> <{VOCABULARY}level> <{VOCABULARY}{result.level}>"


def report_turtle(reports: Iterable[ValidationReport]) -> str:
    """Return reports as one SHACL validation report in Turtle, for programs."""
    from rdflib import RDF, BNode, Graph, Literal, URIRef
    from rdflib import SH as SHACL

    graph = Graph()
    graph.bind("sh", SH)
    top = BNode()
    every = list(reports)
    graph.add((top, RDF.type, SHACL.ValidationReport))
    graph.add((top, SHACL.conforms, Literal(all(report.conforms for report in every))))
    for report in every:
        for result in report.results:
            node = BNode()
            graph.add((top, SHACL.result, node))
            lines = "\n".join(f"{line} ." for line in _result_triples("urn:x:result", result))
            for _, predicate, value in Graph().parse(data=lines, format="nt"):
                graph.add((node, predicate, URIRef(value) if isinstance(value, URIRef) else value))
    return graph.serialize(format="turtle")


def _short(iri: str) -> str:
    for prefix, namespace in {**PREFIXES, "rembish": VOCABULARY.replace("/ns#", "/shapes#")}.items():
        if iri.startswith(namespace):
            return f"{prefix}:{iri.removeprefix(namespace)}"
    return iri
