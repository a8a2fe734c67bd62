"""The W3C's SHACL cases (core and SPARQL) through `validate_graph()`: what passes there is what pySHACL itself passes.

Each case is judged twice: by pySHACL's own report, term by term, and by our results as far as they carry the terms
(an IRI of the shape or path, the text of the value). Both must agree with the expected report, or both must not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeAlias

import pyoxigraph as ox
import pyshacl
import pytest
from rdflib import RDF, SH, BNode, Graph, Literal, Namespace, URIRef
from rdflib.collection import Collection
from rdflib.term import Node
from rembigraph.catalogue.validation import ValidationReport, validate_graph
from rembigraph.shapes.conversion import rdflib_term

MF = Namespace("http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#")
SHT = Namespace("http://www.w3.org/ns/shacl-test#")
PARTS = {"core": 98, "sparql": 22}
# pySHACL's own failures; ours fail with it.
KNOWN = {
    "core/property/uniqueLang-002": "pySHACL takes the literal '1' of sh:uniqueLang for true",
    "sparql/pre-binding/shapesGraph-001": "pySHACL does not bind $shapesGraph",
}
# Where we and pySHACL differ.
EXCEPTIONS: dict[str, str] = {}

Row: TypeAlias = "tuple[str, str, str, str, str, str]"
"""Focus node, path, severity, component, shape and value of a result."""


@dataclass(frozen=True)
class Case:
    """One case of the suite."""

    name: str
    data: Graph
    shapes: Graph
    expected: Node  # the report, or sht:Failure
    manifest: Graph


@dataclass(frozen=True)
class Verdict:
    """Whether a case passes, and what was found."""

    passes: bool
    why: str = ""


def _load(file: Path) -> Graph:
    """Read Turtle with each literal spelt as it is; some queries of the suite lean on the file's own prefixes."""
    graph = Graph(bind_namespaces="none")
    parser = ox.parse(file.read_bytes(), format=ox.RdfFormat.TURTLE, base_iri=file.as_uri())
    for quad in parser:
        graph.add((rdflib_term(quad.subject), rdflib_term(quad.predicate), rdflib_term(quad.object)))
    for prefix, namespace in parser.prefixes.items():
        graph.bind(prefix, namespace)
    return graph


def _manifests(file: Path) -> Iterator[Path]:
    yield file
    for other in _load(file).objects(None, MF.include):
        yield from _manifests(Path(str(other).removeprefix("file://")))


def _cases(folder: Path, part: str) -> Iterator[Case]:
    for manifest in _manifests(folder / part / "manifest.ttl"):
        listed = _load(manifest)
        files = {Path(str(other).removeprefix("file://")) for other in listed.objects(None, MF.include)}
        entries = [manifest] if (None, MF.entries, None) in listed else []
        for file in [*entries, *(each for each in files if each.name != "manifest.ttl")]:
            yield from _of_file(folder, file)


def _of_file(folder: Path, file: Path) -> Iterator[Case]:
    graph = _load(file)
    for entry in graph.subjects(RDF.type, SHT.Validate):
        action = graph.value(entry, MF.action)
        loaded = {
            name: graph if other == URIRef(file.as_uri()) else _load(Path(str(other).removeprefix("file://")))
            for name, other in (
                ("data", graph.value(action, SHT.dataGraph)),
                ("shapes", graph.value(action, SHT.shapesGraph)),
            )
        }
        name = str(file.relative_to(folder).with_suffix(""))
        yield Case(name, loaded["data"], loaded["shapes"], graph.value(entry, MF.result), graph)


@pytest.fixture(scope="module")
def suite(shared: Path) -> Path:
    folder = shared / "w3c" / "shacl"
    if not folder.is_dir():
        pytest.skip("the W3C's SHACL cases are not here")
    return folder


# --- comparing


def _rows(report: Graph, node: Node, *, whole: bool) -> Counter[Row]:
    """The results of a report; with all terms exact, or as far as our results carry them."""
    found: Counter[Row] = Counter()
    for result in report.objects(node, SH.result):
        found[
            _shown(report, result, SH.focusNode, whole),
            _path(report, report.value(result, SH.resultPath), whole),
            str(report.value(result, SH.resultSeverity)),
            str(report.value(result, SH.sourceConstraintComponent)),
            _shape(report.value(result, SH.sourceShape)),
            _shown(report, result, SH.value, whole),
        ] += 1
    return found


def _shown(report: Graph, result: Node, predicate: Node, whole: bool) -> str:
    value = report.value(result, predicate)
    if value is None:
        return ""
    return repr(value) if whole else str(value)


def _shape(shape: Node | None) -> str:
    return str(shape) if isinstance(shape, URIRef) else ""


def _path(graph: Graph, path: Node | None, whole: bool) -> str:
    """A path as text; one that is no IRI is `complex` where only its being there is carried."""
    if path is None or isinstance(path, URIRef):
        return str(path or "")
    return _structure(graph, path) if whole else "complex"


def _structure(graph: Graph, path: Node) -> str:
    if isinstance(path, URIRef):
        return str(path)
    if graph.value(path, RDF.first) is not None:
        return "(" + " ".join(_structure(graph, one) for one in Collection(graph, path)) + ")"
    return "".join(
        sorted(
            f"[{predicate} {_structure(graph, value)}]" for predicate, value in graph.predicate_objects(path)
        )
    )


def _of_ours(report: ValidationReport) -> Counter[Row]:
    return Counter(
        (
            one.focus_node,
            one.path if not one.path or ":" in one.path else "complex",
            one.severity if ":" in one.severity else f"{SH}{one.severity}",
            one.component,
            one.shape,
            one.value,
        )
        for one in report.results
    )


# --- the two judges


def _theirs(case: Case) -> Verdict:
    """PySHACL's own run."""
    try:
        conforms, report, _ = pyshacl.validate(case.data, shacl_graph=case.shapes, inplace=True)
    except Exception as error:  # whatever it raises, it did not validate
        return Verdict(case.expected == SHT.Failure, repr(error))
    if not isinstance(report, Graph):
        return Verdict(case.expected == SHT.Failure, repr(report))
    if case.expected == SHT.Failure:
        return Verdict(False, "no failure")
    (node,) = report.subjects(RDF.type, SH.ValidationReport)
    found, wanted = _rows(report, node, whole=True), _rows(case.manifest, case.expected, whole=True)
    same = bool(case.manifest.value(case.expected, SH.conforms).toPython()) == conforms
    return Verdict(same and found == wanted, f"{found - wanted} {wanted - found}")


def _ours(case: Case) -> Verdict:
    try:
        report = validate_graph(case.data, case.shapes)
    except RuntimeError as error:
        return Verdict(case.expected == SHT.Failure, repr(error))
    if case.expected == SHT.Failure:
        return Verdict(False, "no failure")
    wanted = _rows(case.manifest, case.expected, whole=False)
    found = _of_ours(report)
    same = bool(case.manifest.value(case.expected, SH.conforms).toPython()) == (not report.results)
    return Verdict(same and found == wanted, f"{found - wanted} {wanted - found}")


@cache
def _verdicts(folder: Path, part: str) -> dict[str, tuple[Verdict, Verdict]]:
    return {case.name: (_ours(case), _theirs(case)) for case in _cases(folder, part)}


@pytest.mark.parametrize("part", PARTS)
def test_the_pass_set_is_pyshacls_own(suite: Path, part: str, capsys: pytest.CaptureFixture[str]) -> None:
    verdicts = _verdicts(suite, part)
    ours = {name for name, (mine, _) in verdicts.items() if mine.passes}
    theirs = {name for name, (_, other) in verdicts.items() if other.passes}
    with capsys.disabled():
        print(f"\nW3C SHACL {part}: {len(ours)} of {len(verdicts)} pass, pySHACL itself {len(theirs)}")
    assert len(verdicts) == PARTS[part]
    different = {name: verdicts[name] for name in ours ^ theirs if name not in EXCEPTIONS}
    assert different == {}
    assert set(verdicts) - theirs == {name for name in KNOWN if name.startswith(f"{part}/")}


def test_a_broken_shapes_graph_is_an_error_and_no_report() -> None:
    shapes = Graph()
    shape = URIRef("https://example.org/shape")
    shapes.add((shape, RDF.type, SH.NodeShape))
    shapes.add((shape, SH.targetNode, shape))
    constraint = BNode()
    shapes.add((shape, SH.sparql, constraint))
    shapes.add((constraint, SH.select, Literal("SELECT $this WHERE { VALUES ?a { 1 } $this ?p ?a }")))
    with pytest.raises(RuntimeError, match="the shapes could not be run"):
        validate_graph(Graph(), shapes)
