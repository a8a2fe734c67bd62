"""The rules that are queries, over the whole store at once: what only several records together show, and the rest.

The text of each query is the one that SHACL runs on one record, with `$this` left free. What needs no second record
was found when the record was loaded, so `check(store, iris, across_rules())` is enough after each publishing; with
all rules it tells whether the store still holds what was validated.
"""

from __future__ import annotations

import heapq
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Final

from pyoxigraph import Literal, NamedNode, QuerySolutions, RdfFormat, parse
from rembigraph.catalogue.lookups import ACROSS_SOURCE
from rembigraph.catalogue.validation import SH, ValidationReport, ValidationResult, report_quads
from rembigraph.shapes import ACROSS, QueryRule, query_rules

if TYPE_CHECKING:
    from pyoxigraph import Quad, QuerySolution, Store
    from rembigraph.ontology.identifiers import Iris

MAX_RESULTS: Final = 10_000
"""Results kept of one rule: the first in order."""

_PLACE: Final = re.compile(r"\{[?$](\w+)\}")


@cache
def across_rules() -> tuple[QueryRule, ...]:
    """Return the rules about several records together."""
    return tuple(rule for rule in query_rules() if rule.theme == ACROSS)


def check(
    store: Store, iris: Iris, rules: Iterable[QueryRule] | None = None, *, max_results: int = MAX_RESULTS
) -> list[ValidationResult]:
    """Run rules over the default graph of a store.

    Args:
        store: the store; nothing is written.
        iris: tells the things of this catalogue. Things that records share (taxa, terms, people with an ORCID iD)
            are judged record by record only: in the store nobody can tell whose words they bear.
        rules: the rules to run; all when not given.
        max_results: results kept of each rule, the first in order.

    Returns:
        The results in order, each once: the same for the same triples, however they were loaded.
    """
    found: list[ValidationResult] = []
    for rule in query_rules() if rules is None else rules:
        results = (one for one in _results(store, rule) if one.focus_node.startswith(iris.data_base))
        found += heapq.nsmallest(max_results, results)
    return sorted(set(found))


def reports(results: Iterable[ValidationResult], iris: Iris) -> dict[str, ValidationReport]:
    """Return results by accession of the study that they are about, for `validation.report_quads`."""
    grouped: defaultdict[str, set[ValidationResult]] = defaultdict(set)
    for result in results:
        grouped[result.focus_node.removeprefix(iris.data_base).split("/", 1)[0]].add(result)
    return {accession: ValidationReport(tuple(sorted(grouped[accession]))) for accession in sorted(grouped)}


def derive_reports(store: Store, iris: Iris) -> int:
    """Bring what the rules across records find up to date in the validation graph of a store that is being built.

    Returns:
        The number of results.
    """
    present = set(_stored(store, iris))
    found = reports(check(store, iris, across_rules()), iris)
    lines = b"".join(
        report_quads(report, iris, accession, ACROSS_SOURCE) for accession, report in found.items()
    )
    wanted = set(parse(lines, format=RdfFormat.N_QUADS))
    for quad in present - wanted:
        store.remove(quad)
    store.extend(wanted - present)
    return sum(len(report.results) for report in found.values())


def _stored(store: Store, iris: Iris) -> Iterator[Quad]:
    """Every quad of the reports that `derive_reports` made before."""
    graph, result = NamedNode(iris.graph("validation")), NamedNode(SH + "result")
    for stated in store.quads_for_pattern(None, NamedNode(SH + "conforms"), None, graph):
        report = stated.subject
        if isinstance(report, NamedNode) and report.value.endswith(f"/report/{ACROSS_SOURCE}"):
            for quad in store.quads_for_pattern(report, None, None, graph):
                yield quad
                if quad.predicate == result and isinstance(quad.object, NamedNode):
                    yield from store.quads_for_pattern(quad.object, None, None, graph)


def _results(store: Store, rule: QueryRule) -> Iterator[ValidationResult]:
    solutions = store.query(rule.query)
    if not isinstance(solutions, QuerySolutions):
        raise TypeError(f"rule {rule.shape} is no SELECT query")
    names = [variable.value for variable in solutions.variables]
    for solution in solutions:
        yield _result(rule, names, solution)


def _result(rule: QueryRule, names: list[str], solution: QuerySolution) -> ValidationResult:
    bound = {name: value.value for name in names if isinstance(value := solution[name], NamedNode | Literal)}
    focus = bound["this"]
    return ValidationResult(
        severity=rule.severity,
        focus_node=focus,
        path=bound.get("path", rule.path),
        shape=rule.shape,
        # SHACL: a node shape without a value has its focus node for one.
        value=bound.get("value", "" if rule.path else focus),
        message=_PLACE.sub(lambda place: bound.get(place[1], place[0]), rule.message),
        level=rule.level,
        component=SH + "SPARQLConstraintComponent",
    )
