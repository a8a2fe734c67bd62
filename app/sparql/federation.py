"""Queries that ask other endpoints: each SERVICE clause is answered before the engine sees the query.

The workers reach no network, and the engine would send no bindings. So the part of the query that stands next to the
clause is evaluated here first; what it binds goes to the other endpoint in VALUES blocks (a bind join); the answer
takes the clause's place as one more VALUES block. What is left is a query over our own data.

What is sent restricts the other's answer only to what can still be part of a solution: elements whose removal
could lose one (FILTER and BIND over what the clause binds, OPTIONAL, MINUS) are left out of the local part.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, Final

from rembigraph.app.sparql.gate import Admitted, ServiceClause
from rembigraph.app.sparql.group import Element, Group, GroupReader, walk
from rembigraph.app.sparql.lexer import read_tokens
from rembigraph.app.sparql.limits import QueryLimits
from rembigraph.app.sparql.peers import Peers
from rembigraph.app.sparql.remote import (
    Peer,
    PeerFailedError,
    Rows,
    ask_peer,
    blocks,
    read_rows,
    values_block,
)
from rembigraph.ontology.errors import Busy, QueryRefused, QueryTooLarge, ServiceFailed

_MOST_HOPS: Final = 2
_BLANK: Final = "urn:rembigraph:blank:"
_INCLUDED: Final = ("triples", "values", "graph", "group")
_JOINED: Final = ("group", "service")
_RETRY_SECONDS: Final = 5

Evaluate = Callable[[Admitted], Awaitable[bytes]]
"""Evaluates a query over our own data and gives SPARQL's JSON."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A clause with SILENT whose endpoint gave no answer.

    Attributes:
        endpoint: its IRI, as the query names it.
        reason: the end of a sentence about it.
    """

    endpoint: str
    reason: str


@dataclass(slots=True)
class _Plan:
    """A query whose clauses are replaced one after the other.

    Attributes:
        answers: text that takes the place of a clause, by the token position where that begins.
    """

    query: Admitted
    reader: GroupReader
    where: Group
    clauses: dict[int, ServiceClause]
    answers: dict[int, str] = field(default_factory=dict)
    bound: dict[int, frozenset[str]] = field(default_factory=dict)

    def text(self, start: int, end: int) -> str:
        """The text between two token positions, with the answers that are there."""
        parts: list[str] = []
        position = start
        for at in sorted(each for each in self.answers if start <= each < end):
            parts += [self._slice(position, at), self.answers[at]]
            position = self._end_of(at)
        return "".join((*parts, self._slice(position, end)))

    def _slice(self, start: int, end: int) -> str:
        tokens = self.reader.tokens
        return self.query.text[tokens[start].start : tokens[end].start] if start < end else ""

    def _end_of(self, at: int) -> int:
        return self.clauses[at].end

    def is_open(self, element: Element) -> bool:
        """Whether a clause in an element has no answer yet."""
        return any(element.start <= at < element.end for at in self.clauses if at not in self.answers)


class Federation:
    """Asks the allowed endpoints.

    Args:
        peers: which may be asked, and where.
        limits: rows, bytes and seconds.
        user_agent: who asks.
    """

    def __init__(self, peers: Peers, limits: QueryLimits, user_agent: str) -> None:
        self.peers = peers
        self.requests = 0
        self._limits = limits
        self._user_agent = user_agent
        self._threads = ThreadPoolExecutor(limits.service_requests, thread_name_prefix="peer")
        self._asking = 0

    def close(self) -> None:
        """Begin no further request."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def resolve(
        self, query: Admitted, evaluate: Evaluate, seconds: float, hops: int
    ) -> tuple[Admitted, tuple[Failure, ...]]:
        """Replace the clauses of a query by what the other endpoints answer.

        Args:
            query: a query with clauses, found to be SPARQL.
            evaluate: evaluates the local parts.
            seconds: how long all of it may take.
            hops: how many endpoints have passed the query on before this one.

        Returns:
            The query over our own data, and the clauses with SILENT that failed.

        Raises:
            QueryRefused: a clause stands where it cannot be asked apart, or the query goes round in a circle.
            ServiceFailed: an endpoint gave no answer.
            QueryTooLarge: more would be sent or taken than is allowed.
            Busy: too many requests are on their way.
        """
        if hops >= _MOST_HOPS:
            raise QueryRefused(
                f"The query has been passed on by {hops} endpoints already.",
                rule="service-loop",
                fix="Ask the last of them directly.",
            )
        plan = _plan(query)
        until = time.monotonic() + seconds
        failures: list[Failure] = []
        while len(plan.answers) < len(plan.clauses):
            path = _next(plan)
            failure = await self._answer(plan, path, evaluate, until, hops)
            failures += [failure] if failure else []
        return replace(query, text=plan.text(0, len(plan.reader.tokens) - 1), services=()), tuple(failures)

    async def _answer(
        self, plan: _Plan, path: _Path, evaluate: Evaluate, until: float, hops: int
    ) -> Failure | None:
        element = _last(path)
        clause = plan.clauses[element.start]
        try:
            rows = await self._rows(plan, path, clause, evaluate, until, hops)
        except PeerFailedError as error:
            if not clause.silent:
                raise ServiceFailed(
                    f"<{clause.endpoint}> {error}.",
                    fix="Try again, or write SERVICE SILENT to go on without its part.",
                ) from None
            plan.answers[element.start], plan.bound[element.start] = "{}", frozenset()
            return Failure(clause.endpoint, str(error))
        plan.answers[element.start] = f"{{ {values_block(rows)} }} "
        plan.bound[element.start] = _always_bound(rows)
        return None

    async def _rows(
        self, plan: _Plan, path: _Path, clause: ServiceClause, evaluate: Evaluate, until: float, hops: int
    ) -> Rows:
        limits = self._limits
        (body,) = _last(path).groups
        wanted = plan.reader.variables(body.start, body.end)
        shared, local = _local_part(plan, path)
        if not shared:
            document = await self._ask(clause, _remote_query(plan, body, ""), until, hops)
            return read_rows(document, wanted, limits.service_rows, self._blank(clause))
        text = f"{plan.query.prologue}SELECT DISTINCT {' '.join(f'?{name}' for name in shared)} WHERE {local}"
        text += f" LIMIT {limits.service_bindings + 1}"
        found = json.loads(await evaluate(replace(plan.query, text=text, form="select", services=())))
        if len(found["results"]["bindings"]) > limits.service_bindings:
            raise QueryTooLarge(
                f"More than {limits.service_bindings} rows would go to <{clause.endpoint}>.",
                fix="Make the part of the query next to this SERVICE more selective, for example with VALUES.",
            )
        bindings = read_rows(found, shared, limits.service_bindings)
        rows: list[tuple[str | None, ...]] = []
        for block in blocks(bindings, limits.service_block_rows, limits.service_block_bytes):
            document = await self._ask(clause, _remote_query(plan, body, values_block(block)), until, hops)
            left = limits.service_rows - len(rows)
            rows += read_rows(document, wanted, left, self._blank(clause)).rows
        return Rows(tuple(sorted(wanted)), tuple(rows))

    def _blank(self, clause: ServiceClause) -> str:
        return f"{_BLANK}{clause.endpoint.partition('://')[2].partition('/')[0]}:"

    async def _ask(self, clause: ServiceClause, query: str, until: float, hops: int) -> dict[str, Any]:
        if self._asking >= self._limits.service_requests:
            raise Busy("Too many requests to other endpoints are on their way.", retry_after=_RETRY_SECONDS)
        until = min(until, time.monotonic() + self._limits.service_seconds)
        peer = Peer(
            self.peers.addresses[clause.endpoint], self._user_agent, hops + 1, self._limits.service_bytes
        )
        self._asking += 1
        self.requests += 1
        work = asyncio.get_running_loop().run_in_executor(self._threads, ask_peer, peer, query, until)
        work.add_done_callback(self._done)
        return await asyncio.shield(work)  # who leaves does not stop it, but its time does

    def _done(self, work: asyncio.Future[dict[str, Any]]) -> None:
        self._asking -= 1
        if not work.cancelled():
            work.exception()  # seen, even when nobody waits any more


_Path = tuple[tuple[Group, int], ...]


def _last(path: _Path) -> Element:
    group, number = path[-1]
    return group.elements[number]


def _plan(query: Admitted) -> _Plan:
    tokens = tuple(read_tokens(query.text))
    reader = GroupReader(tokens)
    form = next(number for number, token in enumerate(tokens) if token.is_word(query.form.upper()))
    where = reader.where(form)
    clauses = {clause.start: clause for clause in query.services}
    reached = {_last(path).start for path in walk(where)}
    for clause in query.services:
        if clause.start not in reached:
            raise QueryRefused(
                "This SERVICE stands in EXISTS, GRAPH or another SERVICE, and can't be asked there.",
                rule="service-place",
                where=clause.where,
                fix="Move it next to the patterns that it belongs with.",
            )
    return _Plan(query, reader, where, clauses)


def _next(plan: _Plan) -> _Path:
    """The clause to answer next: one that something is known for already, else the first."""
    left = [path for path in walk(plan.where) if _last(path).start not in plan.answers]
    return next((path for path in left if _local_part(plan, path)[0]), left[0])


def _local_part(plan: _Plan, path: _Path) -> tuple[tuple[str, ...], str]:
    """The variables that the clause shares with what stands next to it, and the text of that, as a group."""
    reader = plan.reader
    (body,) = _last(path).groups
    there = reader.projected(body) if body.is_select else reader.certain(body)
    here: set[str] = set()
    parts: list[str] = []
    for group, number in path:
        chosen = _joined_with(plan, group, number)
        parts += ["{ ", *(f"{plan.text(each.start, each.end)} .\n" for each in chosen)]
        here |= {name for each in chosen for name in _names(plan, each)}
    return tuple(sorted(there & here)), "".join((*parts, "}" * len(path)))


def _joined_with(plan: _Plan, group: Group, number: int) -> list[Element]:
    """Elements of a group that restrict the solutions of another one of it, and lose none."""
    whole = group.elements[number].kind in _JOINED
    others = [each for at, each in enumerate(group.elements) if at < number or (whole and at > number)]
    kept = [each for each in others if each.kind in (*_INCLUDED, "service") and not plan.is_open(each)]
    certain = frozenset(
        name
        for each in kept
        if each.kind == "triples"
        for name in plan.reader.variables(each.start, each.end)
    )
    filters = [each for each in others if each.kind == "filter" and _is_decided(plan, each, certain)]
    return kept + filters


def _is_decided(plan: _Plan, constraint: Element, certain: frozenset[str]) -> bool:
    """Whether a filter says the same with the local part alone as with all of the query."""
    reader = plan.reader
    is_plain = all(token.text != "{" for token in reader.tokens[constraint.start : constraint.end])
    return is_plain and reader.variables(constraint.start, constraint.end) <= certain


def _names(plan: _Plan, element: Element) -> frozenset[str]:
    if element.kind == "filter":
        return frozenset()
    if element.kind == "service":
        return plan.bound[element.start]
    return plan.reader.variables(element.start, element.end)


def _always_bound(rows: Rows) -> frozenset[str]:
    bound = [all(row[place] is not None for row in rows.rows) for place in range(len(rows.names))]
    return frozenset(name for name, always in zip(rows.names, bound, strict=True) if always)


def _remote_query(plan: _Plan, body: Group, values: str) -> str:
    tokens = plan.reader.tokens
    inner = " ".join(token.text for token in tokens[body.start + 1 : body.end - 1])
    if body.is_select:
        inner = f"{{ {inner} }}"
    declared = " ".join(token.text for token in read_tokens(plan.query.prologue) if token.kind != "end")
    return f"{declared}\nSELECT * WHERE {{ {values} {inner} }}"
