"""The query service: one per process that serves HTTP, or one query for the command line."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import BinaryIO, Final

from rembigraph.app.sparql.answer import Answer, WorkerLostError
from rembigraph.app.sparql.evaluation import Job, Preview
from rembigraph.app.sparql.federation import Failure, Federation
from rembigraph.app.sparql.formats import RESULT_FORMATS, formats_of
from rembigraph.app.sparql.gate import Admitted, admit, without_services
from rembigraph.app.sparql.lanes import Lanes
from rembigraph.app.sparql.limits import QueryLimits
from rembigraph.app.sparql.location import StoreLocation
from rembigraph.app.sparql.peers import NO_PEERS, Peers
from rembigraph.app.sparql.pool import Pool
from rembigraph.app.sparql.scheduler import Scheduler, Slot, client_of
from rembigraph.ontology.errors import Busy, CatalogueError, QueryTooLarge, StoreDamaged, UsageError

__all__ = ["QueryService", "RequestDataset", "StoreLocation", "query_once"]

JSON: Final = RESULT_FORMATS[0].media_type
_LOG = logging.getLogger(__name__)
_FOLLOW_SECONDS: Final = 1.0
_NOTICE_SECONDS: Final = 0.02
_EARLY_SECONDS: Final = 0.25
_ALARM_GRACE_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class RequestDataset:
    """The dataset that a request names; it replaces the query's own.

    Attributes:
        default_graphs: IRIs whose merge is the default graph.
        named_graphs: IRIs of the named graphs.
    """

    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Ask:
    """One call of `QueryService.answer`; the deadline is a time of the event loop's clock."""

    query: Admitted
    media_type: str
    dataset: RequestDataset
    seconds: float
    deadline: float
    preview: bool
    only_parse: bool = False

    @property
    def key(self) -> tuple[str, RequestDataset]:
        """What makes it the same question when it comes again."""
        return self.query.normal, self.dataset


class QueryService:
    """Answers SPARQL queries in worker processes.

    Args:
        current: gives the published store; called for each query and once a second, so it must be cheap.
        limits: what a query may cost.
        base_iri: against which relative IRIs in queries are resolved; None refuses them.
        examine: looks whether the published store is still sound, before a worker opens it and when one could not
            read it; called in a thread. `current` then gives another one, if it is not.
        peers: the endpoints that SERVICE may ask.

    Attributes:
        federation: asks the other endpoints.
    """

    def __init__(
        self,
        current: Callable[[], StoreLocation],
        limits: QueryLimits | None = None,
        *,
        base_iri: str | None = None,
        examine: Callable[[], None] = lambda: None,
        peers: Peers = NO_PEERS,
    ) -> None:
        self.limits = limits or QueryLimits()
        self.queries_served = 0
        self._current = current
        self._base_iri = base_iri
        self._examine = examine
        self._pool = Pool(self.limits, self._sound)
        self._scheduler = Scheduler(
            self.limits.workers, self.limits.queue, self.limits.slow_workers, self.limits.client_queue
        )
        self._lanes = Lanes(self.limits)
        self.federation = Federation(
            peers, self.limits, f"Rembigraph/{version('rembigraph')} SPARQL federation"
        )
        self._following: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the workers, in the event loop that will serve.

        While there is no store to serve, queries say so, and workers start when there is one.

        Raises:
            StoreDamaged: the store cannot be opened.
        """
        try:
            self._pool.aim(self._current())
        except StoreDamaged:
            raise
        except CatalogueError as error:
            _LOG.warning("there is nothing to query yet: %s", error)
        try:
            await self._pool.ready()
        except BaseException:
            await self._pool.stop()
            raise
        self._following = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """End the workers, whatever they do."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)
        self.federation.close()
        await self._pool.stop()

    @property
    def sandboxed(self) -> bool:
        """Whether the workers can open no network socket."""
        return not self._pool.unconfined

    @property
    def unsandboxed_reason(self) -> str:
        """Why the workers' sockets are not filtered; empty when they are."""
        return self._pool.unconfined

    @property
    def union_default_graph(self) -> bool:
        """Whether the default graph of the current store is the union of all."""
        return self._current().union_default_graph

    @property
    def generation(self) -> str:
        """The generation that is published now.

        Raises:
            CatalogueError: there is none.
        """
        return self._current().generation

    @property
    def workers_alive(self) -> int:
        """Worker processes that run now, spares included."""
        return self._pool.alive

    @property
    def workers_killed(self) -> int:
        """Workers that were ended, or ended themselves, while they had a query."""
        return self._pool.killed

    @property
    def queries_waiting(self) -> int:
        """Queries that wait for a worker."""
        return self._scheduler.waiting

    @property
    def generations_in_use(self) -> frozenset[str]:
        """The generations that some worker has open; the others may be deleted."""
        return frozenset(location.generation for location in self._pool.locations)

    def admit(self, text: str) -> Admitted:
        """Apply the rules of the gate to a query text.

        Raises:
            QueryRefused, QuerySyntaxError: it does not pass.
        """
        return admit(text, self.limits, tuple(self.federation.peers))

    async def resolve(
        self,
        query: Admitted,
        *,
        dataset: RequestDataset | None = None,
        timeout_seconds: float | None = None,
        client: str = "",
        hops: int = 0,
    ) -> tuple[Admitted, tuple[Failure, ...]]:
        """Ask the other endpoints that a query names, and return the query over our own data.

        Args:
            query: a query with SERVICE clauses.
            dataset: as of `answer`, as are the next two.
            timeout_seconds: of everything together.
            client: who asks.
            hops: how many endpoints have passed the query on.

        Raises:
            QueryError: there is no answer.
            Busy: too much is asked at the same time.
        """

        async def evaluate(part: Admitted, *, only_parse: bool = False) -> bytes:
            left = max(until - asyncio.get_running_loop().time(), 0.01)
            answer = await self.answer(
                part, JSON, dataset=dataset, timeout_seconds=left, client=client, only_parse=only_parse
            )
            try:
                return b"".join([data async for data in answer])
            finally:
                answer.close()

        seconds = min(timeout_seconds or self.limits.deadline_seconds, self.limits.deadline_seconds)
        until = asyncio.get_running_loop().time() + seconds
        await evaluate(replace(query, text=without_services(query)), only_parse=True)
        return await self.federation.resolve(query, evaluate, seconds, hops)

    async def answer(
        self,
        query: Admitted,
        media_type: str,
        *,
        dataset: RequestDataset | None = None,
        timeout_seconds: float | None = None,
        preview: bool = False,
        only_parse: bool = False,
        client: str = "",
    ) -> Answer:
        """Evaluate a query; return when its answer begins.

        Args:
            query: what `admit` let pass.
            media_type: one that the query's form can be answered in.
            dataset: the dataset that the request names, if it does.
            timeout_seconds: lowers the deadline; it cannot raise it.
            preview: whether only as much is wanted as an HTML page shows.
            only_parse: whether the text is only to be looked at for faults; the answer is empty.
            client: who asks, for a fair share.

        Returns:
            The answer; the caller closes it.

        Raises:
            QueryError: there is no answer.
            Busy: no worker was free in time.
            StoreDamaged: workers cannot open the store.
        """
        seconds = min(timeout_seconds or self.limits.deadline_seconds, self.limits.deadline_seconds)
        deadline = asyncio.get_running_loop().time() + seconds
        location = self._current()
        self._pool.aim(location)
        ask = _Ask(query, media_type, dataset or RequestDataset(), seconds, deadline, preview, only_parse)
        patience = min(self.limits.queue_seconds, 0.75 * seconds)
        slot = await self._scheduler.enter(client_of(client), patience, slow=ask.key in self._lanes.slow)
        self.queries_served += 1
        try:
            answer = await self._begin(ask, slot)
        except BaseException:
            slot.leave()
            raise
        answer.on_close(slot.leave)
        return answer

    async def _begin(self, ask: _Ask, slot: Slot) -> Answer:
        """Ask a worker; ask another one when it turns out to have been killed before it was asked."""
        damaged: StoreDamaged | None = None
        for _ in range(self.limits.workers + self.limits.spares + 1):
            try:
                return await self._begin_once(ask, slot)
            except StoreDamaged as error:
                if damaged is not None:
                    raise
                damaged = error
                await self._leave_damaged()
            except WorkerLostError as error:
                if error.seconds > _EARLY_SECONDS:
                    break  # what had it killed may be the query
            await asyncio.sleep(_NOTICE_SECONDS)  # if others are gone as well, it is known by then
        raise QueryTooLarge("The system ended the query, most likely because of the memory it used.")

    async def _begin_once(self, ask: _Ask, slot: Slot) -> Answer:
        try:
            async with asyncio.timeout_at(ask.deadline):
                worker = await self._pool.take(slow=not slot.is_fast)
        except TimeoutError:
            raise Busy("No worker came up in time.") from None
        answer = Answer(self._job(ask, worker.location), worker, self._pool, ask.deadline)
        self._lanes.attend(answer, slot, ask.key)
        await answer.begin()
        return answer

    def _sound(self) -> StoreLocation:
        """Give the store that a worker is to open."""
        self._examine()
        return self._current()

    async def _leave_damaged(self) -> None:
        """A worker could not open or read its store: go to another generation, if there is a sound one."""
        before = self._current()
        location = await asyncio.to_thread(self._sound)
        if location != before:
            self._pool.drop(before)
        self._pool.aim(location)

    def _job(self, ask: _Ask, location: StoreLocation) -> Job:
        query, limits = ask.query, self.limits
        return Job(
            text=query.text,
            media_type=ask.media_type,
            prologue=query.prologue,
            prefixes={name: iri for name, iri in query.prefixes.items() if ":" in iri and "\\" not in iri},
            from_default=query.default_graphs,
            from_named=query.named_graphs,
            default_graphs=ask.dataset.default_graphs,
            named_graphs=ask.dataset.named_graphs,
            union_default_graph=location.union_default_graph,
            base_iri=self._base_iri,
            max_result_bytes=limits.max_result_bytes,
            max_merge_quads=limits.max_merge_quads,
            alarm_seconds=ask.seconds + _ALARM_GRACE_SECONDS,
            preview=Preview(limits.page_rows, limits.page_cells, limits.page_bytes) if ask.preview else None,
            only_parse=ask.only_parse,
        )

    async def _follow(self) -> None:
        """Have workers ready on a new generation before the first query comes for it."""
        while True:
            await asyncio.sleep(_FOLLOW_SECONDS)
            try:
                self._pool.aim(await asyncio.to_thread(self._current))
            except (CatalogueError, OSError) as error:
                _LOG.warning("the current store is not known: %s", error)


def query_once(
    location: StoreLocation, text: str, media_type: str, limits: QueryLimits, out: BinaryIO
) -> None:
    """Answer one query from the command line: the same gate, worker, deadline and limits.

    Args:
        location: the store.
        text: the query.
        media_type: the format of the answer.
        limits: what it may cost.
        out: where the answer goes; when this raises, what was written is incomplete.

    Raises:
        UsageError: the query's form has no such format.
        QueryError: there is no answer, or only part of it.
        StoreDamaged: the store cannot be opened.
    """
    query = admit(text, limits)
    offered = [offer.media_type for offer in formats_of(query.form)]
    if media_type not in offered:
        message = f"{media_type} is no format for {query.form.upper()}."
        raise UsageError(message, fix=f"Choose one of {', '.join(offered)}.")
    asyncio.run(_query_once(location, query, media_type, limits, out))


async def _query_once(
    location: StoreLocation, query: Admitted, media_type: str, limits: QueryLimits, out: BinaryIO
) -> None:
    service = QueryService(lambda: location, replace(limits, workers=1, spares=0))
    await service.start()
    try:
        answer = await service.answer(query, media_type)
        async for data in answer:
            out.write(data)
    finally:
        await service.stop()
