"""The rules that are queries, over a store: what only several records together show, and the rest.

The text of each query is the one that SHACL runs on one record, with `$this` left free. What needs no second record
was found when the record was loaded, so `check(store, iris, across_rules())` is enough after each publishing; with
all rules it tells whether the store still holds what was validated.
"""

from __future__ import annotations

import re
from bisect import insort
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Final

from pyoxigraph import Literal, NamedNode, QuerySolutions
from rembigraph.catalogue.validation import SH, ValidationResult
from rembigraph.shapes import ACROSS, QueryRule, query_rules

if TYPE_CHECKING:
    from pyoxigraph import QuerySolution, Store
    from rembigraph.ontology.identifiers import Iris

MAX_RESULTS: Final = 10
"""Results kept of one rule about one focus node, the first in order: a thousand studies with one title are a million
pairs. It is counted for each focus node, so that what is found about one does not depend on all the others."""

_AT_ONCE: Final = 1000
"""Focus nodes of one query."""

_PLACE: Final = re.compile(r"\{[?$](\w+)\}")


@cache
def across_rules() -> tuple[QueryRule, ...]:
    """Return the rules about several records together."""
    return tuple(rule for rule in query_rules() if rule.theme == ACROSS)


def check(
    store: Store,
    iris: Iris,
    rules: Iterable[QueryRule] | None = None,
    *,
    focus_nodes: Mapping[str, Sequence[str]] | None = None,
    max_results: int = MAX_RESULTS,
) -> list[ValidationResult]:
    """Run rules over the default graph of a store.

    Args:
        store: the store; nothing is written.
        iris: tells the things of this catalogue. Things that records share (taxa, terms, people with an ORCID iD)
            are judged record by record only: in the store nobody can tell whose words they bear.
        rules: the rules to run; all when not given.
        focus_nodes: IRIs to ask about, by the class that rules have for their target; all when not given.
        max_results: results kept of each rule about each focus node, the first in order.

    Returns:
        The results in order, each once: the same for the same triples, however they were loaded.
    """
    found: list[ValidationResult] = []
    for rule in query_rules() if rules is None else rules:
        queries = [rule.query] if focus_nodes is None else _queries(rule, focus_nodes.get(rule.target, ()))
        results = (result for query in queries for result in _results(store, rule, query))
        found += _first((one for one in results if one.focus_node.startswith(iris.data_base)), max_results)
    return sorted(found)


def _queries(rule: QueryRule, focus_nodes: Sequence[str]) -> Iterator[str]:
    """Yield the query of a rule about these focus nodes only, in pieces that are read in one go."""
    for start in range(0, len(focus_nodes), _AT_ONCE):
        yield rule.query_about(focus_nodes[start : start + _AT_ONCE])


def _first(results: Iterable[ValidationResult], number: int) -> Iterator[ValidationResult]:
    """Yield the first results about each focus node, each once."""
    kept: defaultdict[str, list[ValidationResult]] = defaultdict(list)
    for result in results:
        mine = kept[result.focus_node]
        if result not in mine:
            insort(mine, result)
            del mine[number:]
    for mine in kept.values():
        yield from mine


def _results(store: Store, rule: QueryRule, query: str) -> Iterator[ValidationResult]:
    solutions = store.query(query)
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
