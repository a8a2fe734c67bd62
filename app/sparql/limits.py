"""What one query may cost. Every number of the endpoint that bounds something is here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from typing import Final

from rembigraph.ontology.errors import UsageError

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class QueryLimits:
    """Bounds of the query service; the defaults suit a public endpoint on a small machine.

    Attributes:
        deadline_seconds: longest time from a request's arrival to its last byte. The worker is killed then.
        memory_bytes: address space a worker may add to what it has with the store open.
        stack_bytes: stack of the thread that parses and evaluates; deep queries need it.
        max_result_bytes: longest answer body, before any transfer coding.
        max_query_bytes: longest query text, in UTF-8.
        max_body_bytes: longest request body (a form may carry more than the query).
        max_depth: deepest nesting of `{`, `(` and `[` together.
        max_tokens: most lexical tokens in a query.
        max_consecutive_unary: longest run of `!`, `+` and `-`; each is a level of recursion, as a bracket is.
        max_merge_quads: most quads copied to merge several default graphs.
        workers: queries that run at the same time in the fast lane.
        slow_workers: queries that run at the same time in the slow lane.
        suspended: queries that may be stopped in the middle until the slow lane has room; each keeps its memory.
        grace_seconds: how long a query may run before it belongs to the slow lane.
        spares: idle worker processes kept ready beyond `workers`.
        queue: requests that may wait for a worker.
        client_queue: requests of one client that may wait.
        queue_seconds: longest wait for a worker; never more than three quarters of the request's deadline.
        queries_per_worker: a worker is replaced after so many queries, should it not have grown too large before.
        start_seconds: longest time a new worker may take to open the store.
        niceness: added to a worker's scheduling niceness, so that the HTTP process stays prompt.
        slow_niceness: the same, for a worker in the slow lane.
        page_rows: most rows or triples shown on an HTML page.
        page_cells: most table cells shown on an HTML page.
        page_bytes: most bytes of SPARQL JSON or Turtle behind an HTML page.
        kept_bytes: most bytes of results that are kept to be given again.
        service_clauses: most SERVICE clauses in a query.
        service_seconds: longest time for one answer of another endpoint; the query's deadline goes on.
        service_bindings: most rows that are sent to another endpoint for one clause.
        service_block_rows: most rows in one request.
        service_block_bytes: most bytes of rows in one request.
        service_rows: most rows taken for one clause.
        service_bytes: longest answer of another endpoint.
        service_requests: requests to other endpoints that are on their way at the same time.
    """

    deadline_seconds: float = 20.0
    memory_bytes: int = 512 * MEBIBYTE
    stack_bytes: int = 256 * MEBIBYTE
    max_result_bytes: int = 50_000_000
    max_query_bytes: int = 64 * 1024
    max_body_bytes: int = 1_000_000
    max_depth: int = 128
    max_tokens: int = 20_000
    max_consecutive_unary: int = 128
    max_merge_quads: int = 1_000_000
    workers: int = 2
    slow_workers: int = 2
    suspended: int = 2
    grace_seconds: float = 0.25
    slow_niceness: int = 15
    spares: int = 3
    queue: int = 256
    client_queue: int = 128
    queue_seconds: float = 10.0
    queries_per_worker: int = 50_000
    start_seconds: float = 30.0
    niceness: int = 5
    page_rows: int = 1_000
    page_cells: int = 20_000
    page_bytes: int = 2_000_000
    kept_bytes: int = 64 * MEBIBYTE
    service_clauses: int = 4
    service_seconds: float = 15.0
    service_bindings: int = 10_000
    service_block_rows: int = 1_000
    service_block_bytes: int = 200_000
    service_rows: int = 10_000
    service_bytes: int = 5_000_000
    service_requests: int = 8


_MAY_BE_ZERO: Final = frozenset(
    {"kept_bytes", "niceness", "queue", "service_clauses", "slow_niceness", "spares", "suspended"}
)
_LEAST: Final[Mapping[str, float]] = {"stack_bytes": MEBIBYTE, "memory_bytes": 64 * MEBIBYTE}
_MOST: Final[Mapping[str, float]] = {
    "niceness": 19,
    "slow_niceness": 19,
    "workers": 64,
    "slow_workers": 64,
    "spares": 64,
}
_MOST_OF_ALL: Final = 2**40


def read_limits(text: str) -> dict[str, float]:
    """Read limits as a setting gives them: names of `QueryLimits` with values, and spaces between them.

    Raises:
        UsageError: an unknown or repeated name, or a value that the limit can't have.

    >>> read_limits("max_depth=64 grace_seconds=0.5")
    {'max_depth': 64, 'grace_seconds': 0.5}
    """
    kinds = {field.name: float if field.type == "float" else int for field in fields(QueryLimits)}
    found: dict[str, float] = {}
    for pair in text.split():
        name, _, value = pair.partition("=")
        if name not in kinds:
            near = get_close_matches(name, kinds, n=1)
            fix = f"Did you mean {near[0]}?" if near else f"Known names: {', '.join(sorted(kinds))}."
            raise UsageError(f"setting query_limits: there is no limit {name[:80]!r}", fix=fix)
        if name in found:
            raise UsageError(f"setting query_limits: {name} is given twice", fix="Give each limit once.")
        found[name] = _number(name, value, kinds[name])
    return found


def _number(name: str, text: str, kind: type[float]) -> float:
    least = _LEAST.get(name, 0 if name in _MAY_BE_ZERO or kind is float else 1)
    most = _MOST.get(name, _MOST_OF_ALL)
    try:
        value = kind(text) if text.isascii() and len(text) < 20 else -1
    except ValueError:
        value = -1
    if not (least <= value <= most and (value or name in _MAY_BE_ZERO)):
        what = "number" if kind is float else "whole number"
        raise UsageError(
            f"setting query_limits: {name}={text[:40]} can't be",
            fix=f"Write a {what} from {least:g} to {most:g}.",
        )
    return value
