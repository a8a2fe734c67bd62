"""What the validation found in the records of a study, read from the reports that are stored with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pyoxigraph import NamedNode
from rembigraph.catalogue.lookups import ACROSS_SOURCE, objects, subjects, text_of
from rembigraph.catalogue.recordview import natural_key
from rembigraph.ontology.identifiers import PREFIXES

if TYPE_CHECKING:
    from pyoxigraph import Store
    from rembigraph.catalogue.recordview import RecordView
    from rembigraph.ontology.identifiers import Iris

_SH: Final = PREFIXES["sh"]
_FOCUS: Final = NamedNode(_SH + "focusNode")
_SHAPE: Final = NamedNode(_SH + "sourceShape")
_ABSENCE: Final = _SH + "MinCountConstraintComponent"
_SEVERITIES: Final = ("Violation", "Warning", "Info")
_LEVELS: Final = ("identity", "required", "recommended", "")
_MAX_FOCUS: Final = 5000


class Finding(NamedTuple):
    """One result of the validation that is stored with a record.

    Attributes:
        severity: `Violation`, `Warning` or `Info`.
        level: `required` or `recommended` for what REMBI asks for, or empty.
        focus: IRI of the thing.
        path: predicate IRI, or empty.
        message: what is missing or wrong, in words.
        value: the value that is wrong, or empty.
        shape: IRI of the shape.
    """

    severity: str
    level: str
    focus: str
    path: str
    message: str
    value: str
    shape: str


def report_iris(iris: Iris, accession: str, kinds: Iterable[str]) -> list[str]:
    """Return the IRIs of the reports of a study: one for each kind of source, and one of the rules across records."""
    return [iris.absolute(f"{accession}/report/{kind}") for kind in (*kinds, ACROSS_SOURCE)]


def result_iris(store: Store, iris: Iris, view: RecordView) -> list[str]:
    """Return the IRIs of the results about a study: of its reports, else what points to its things."""
    graph = NamedNode(iris.graph("validation"))
    reports = report_iris(iris, view.accession, view.sources)
    found = {one for report in reports for one in results_of(store, graph, report)}
    return sorted(found or _unreported(store, graph, view))


def _unreported(store: Store, graph: NamedNode, view: RecordView) -> set[str]:
    """Return the IRIs of results that no report has and that point to the things of a study."""
    things = map(NamedNode, islice(view.facts, _MAX_FOCUS))
    return {one for thing in things for one in subjects(store, _FOCUS.value, thing, graph)}


def findings_about(store: Store, iris: Iris, view: RecordView) -> list[Finding]:
    """Return what the validation found about a study, each once, the worst first."""
    graph = NamedNode(iris.graph("validation"))
    reports = report_iris(iris, view.accession, view.sources)
    found = {one for report in reports for one in findings_of(store, graph, report)}
    found = found or {finding_at(store, graph, result) for result in _unreported(store, graph, view)}
    return sorted(found, key=_order)


def results_of(store: Store, graph: NamedNode, report: str) -> list[str]:
    """Return the IRIs of the results of one report, sorted."""
    return [result.text for result in objects(store, report, _SH + "result", graph)]


def findings_of(store: Store, graph: NamedNode, report: str) -> Iterator[Finding]:
    """Yield the findings of one report.

    What is missing from hundreds of things is said of each in the same words, by the same shape (SHACL 1.0, 3.6.2:
    `sh:resultMessage` is that of the shape). So only the thing is read of each, and the rest once.
    """
    said: dict[str, Finding] = {}
    for node in map(NamedNode, results_of(store, graph, report)):
        shape = _first(store, node, _SHAPE, graph)
        if shape in said:
            yield said[shape]._replace(focus=_first(store, node, _FOCUS, graph))
            continue
        finding, component = _read(store, node, graph)
        if component == _ABSENCE and not finding.value:
            said[shape] = finding
        yield finding


def finding_at(store: Store, graph: NamedNode, result: str) -> Finding:
    """Return the finding that one result of a report states."""
    return _read(store, NamedNode(result), graph)[0]


def _read(store: Store, result: NamedNode, graph: NamedNode) -> tuple[Finding, str]:
    """Return a finding, and the IRI of the constraint component that made it."""
    stated = store.quads_for_pattern(result, None, None, graph)
    facts = {quad.predicate.value: text_of(quad.object) for quad in stated}
    finding = Finding(
        severity=facts.get(_SH + "resultSeverity", "").removeprefix(_SH),
        level=facts.get(PREFIXES["rembi"] + "level", "").removeprefix(PREFIXES["rembi"]),
        focus=facts.get(_SH + "focusNode", ""),
        path=facts.get(_SH + "resultPath", ""),
        message=facts.get(_SH + "resultMessage", ""),
        value=facts.get(_SH + "value", ""),
        shape=facts.get(_SH + "sourceShape", ""),
    )
    return finding, facts.get(_SH + "sourceConstraintComponent", "")


def _first(store: Store, node: NamedNode, predicate: NamedNode, graph: NamedNode) -> str:
    quad = next(store.quads_for_pattern(node, predicate, None, graph), None)
    return text_of(quad.object) if quad else ""


def not_given(found: Iterable[Finding], views: Sequence[RecordView]) -> list[Finding]:
    """Return findings without those of something that one of the views does state."""
    return [one for one in found if not _is_given(one, views)]


def _is_given(finding: Finding, views: Sequence[RecordView]) -> bool:
    """Whether something that is asked for and was not found in one source is there after all."""
    if not finding.level or finding.value:
        return False
    return any(view.facts.get(finding.focus, {}).get(finding.path) for view in views)


def _order(finding: Finding) -> tuple[int, int, Any, str, str]:
    severity = _SEVERITIES.index(finding.severity) if finding.severity in _SEVERITIES else len(_SEVERITIES)
    level = _LEVELS.index(finding.level) if finding.level in _LEVELS else len(_LEVELS)
    return severity, level, natural_key(finding.focus), finding.path, finding.message
