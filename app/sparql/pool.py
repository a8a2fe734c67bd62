"""The worker processes: enough of them, on the newest store, with a spare one at hand."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from rembigraph.app.sparql.limits import QueryLimits
from rembigraph.app.sparql.location import StoreLocation
from rembigraph.app.sparql.process import StartFailedError, StoreGoneError, WorkerProcess
from rembigraph.ontology.errors import CatalogueError, StoreDamaged

_LOG = logging.getLogger(__name__)
_MANY_DEATHS: Final = 5
_PAUSE_SECONDS: Final = 1.0
_PATIENCE_SECONDS: Final = 1.5


class Pool:
    """Keeps `limits.workers + limits.spares` processes alive on the newest store.

    When another store becomes the newest, workers on the one before stay until the first on the new one is ready.
    The others start after the first, which is ready sooner when it is alone.

    Args:
        limits: what a query may cost.
        newest: gives the store that a worker is to open; called in a thread, when one is started.

    Attributes:
        killed: workers ended while they had a query.
        unconfined: why the workers' sockets are not filtered; empty when they are.
    """

    def __init__(self, limits: QueryLimits, newest: Callable[[], StoreLocation]) -> None:
        self.killed = 0
        self.unconfined = "no worker has started"
        self._limits = limits
        self._newest = newest
        self._location: StoreLocation | None = None
        self._ranks: dict[StoreLocation, int] = {}  # the later a store was aimed at, the higher
        self._idle: list[WorkerProcess] = []
        self._busy: set[WorkerProcess] = set()
        self._demoted: set[WorkerProcess] = set()  # busy ones in the slow lane: others take their places
        self._ending: set[WorkerProcess] = set()
        self._starting: dict[
            asyncio.Task[None], StoreLocation | None
        ] = {}  # None: it is still to be seen which
        self._fault: CatalogueError | None = None
        self._fault_until = 0.0
        self._deaths = 0  # workers that ended before they had done anything, in a row
        self._pause: asyncio.TimerHandle | None = None
        self._waiters: set[asyncio.Future[None]] = set()
        self._closed = False

    @property
    def alive(self) -> int:
        """Processes that run now."""
        return sum(worker.alive for worker in (*self._idle, *self._busy))

    @property
    def locations(self) -> frozenset[StoreLocation]:
        """The stores that some process has open."""
        return frozenset(worker.location for worker in (*self._idle, *self._busy, *self._ending))

    def aim(self, location: StoreLocation) -> None:
        """Make this the store of all workers; those of another one end when the first on this one is ready."""
        if location == self._location or self._closed:
            return
        self._location = location
        used = {worker.location for worker in (*self._idle, *self._busy)}
        rank = max(self._ranks.values(), default=0) + 1
        self._ranks = {each: old for each, old in self._ranks.items() if each in used} | {location: rank}
        self._fault = None
        self._fill()

    def drop(self, location: StoreLocation) -> None:
        """End the idle workers on a store that turned out to be damaged."""
        for worker in [worker for worker in self._idle if worker.location == location]:
            self._idle.remove(worker)
            self._end(worker)
        self._fill()

    async def ready(self) -> None:
        """Wait until the first worker has started; the others follow.

        Raises:
            StoreDamaged: none could.
        """
        while self._starting and not self._idle:
            await asyncio.wait(set(self._starting), return_when=asyncio.FIRST_COMPLETED)
        if self._idle:
            return
        if self._fault is not None:
            raise self._fault
        if self._deaths >= _MANY_DEATHS:
            raise StoreDamaged("The query workers end before they are ready; the log says more.")

    async def take(self, *, slow: bool = False) -> WorkerProcess:
        """Get an idle worker on what is now the newest store, or a newer one, waiting for one to start.

        When none comes for a while, because publications follow each other faster than workers start or because
        the newest store can't be opened, a worker on an older store is better than no answer. A query of the slow
        lane (`slow`) leaves the last idle worker to quick ones.

        Raises:
            StoreDamaged: workers cannot open the store.
        """
        wanted = self._rank(self._location)
        patience = time.monotonic() + _PATIENCE_SECONDS
        kept = int(slow and self._limits.workers + self._limits.spares > 1)
        while True:
            is_late = self._fault is not None or time.monotonic() >= patience
            worker = self._best(0 if is_late else wanted, kept)
            if worker is not None:
                return worker
            if self._fault is not None and (self._closed or time.monotonic() < self._fault_until):
                raise self._fault
            self._fault = None
            self._fill()
            with suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    await self._change()

    def _best(self, at_least: int, kept: int) -> WorkerProcess | None:
        """Take the idle worker on the newest store, if that is new enough and `kept` others are left.

        Of several it is the one that came back last: its cache of the store's blocks is the warmest.
        """
        for worker in [worker for worker in self._idle if not worker.alive]:
            self._idle.remove(worker)
            self._end(worker)
        best = max(reversed(self._idle), key=lambda worker: self._rank(worker.location), default=None)
        if best is None or self._rank(best.location) < at_least or len(self._idle) <= kept:
            return None
        self._idle.remove(best)
        self._busy.add(best)
        return best

    def _rank(self, location: StoreLocation | None) -> int:
        return self._ranks.get(location, 0) if location else 0

    def demote(self, worker: WorkerProcess) -> None:
        """Move a busy worker to the slow lane; another one is started in its place."""
        if worker in self._busy and worker not in self._demoted:
            self._demoted.add(worker)
            worker.renice(self._limits.slow_niceness)
            self._fill()

    def give(self, worker: WorkerProcess, *, fit: bool) -> None:
        """Return a worker; one that is not fit, old, demoted, or on another store is ended."""
        self._busy.discard(worker)
        demoted = worker in self._demoted
        self._demoted.discard(worker)
        grown = worker.resident_bytes - worker.resident_bytes_at_start > self._limits.memory_bytes // 2
        old = demoted or worker.served >= self._limits.queries_per_worker or self._is_outdated(worker)
        if fit:
            self._deaths = 0
        if fit and not old and not grown and worker.alive and not self._closed:
            self._idle.append(worker)
        else:
            self.killed += not fit
            self._end(worker)
        self._fill()
        self._tell()

    def _is_outdated(self, worker: WorkerProcess) -> bool:
        """Whether some other worker is ready on a newer store."""
        others = (other for other in (*self._idle, *self._busy) if other.alive)
        return any(self._rank(other.location) > self._rank(worker.location) for other in others)

    async def stop(self) -> None:
        """End all processes and wait until they are gone."""
        self._closed = True
        if self._pause is not None:
            self._pause.cancel()
        self._fault = StoreDamaged("The query service has stopped.")
        for task in set(self._starting):
            task.cancel()
        await asyncio.gather(*self._starting, return_exceptions=True)
        workers = (*self._idle, *self._busy)
        self._idle.clear()
        self._busy.clear()
        self._demoted.clear()
        for worker in workers:
            self._end(worker)
        await asyncio.gather(*(worker.exited() for worker in self._ending))
        await asyncio.sleep(0)  # lets the transports of the last processes close
        self._tell()

    def _fill(self) -> None:
        if self._location is None or self._closed:
            return
        if self._deaths >= _MANY_DEATHS:
            if self._pause is None:
                self._pause = asyncio.get_running_loop().call_later(_PAUSE_SECONDS, self._resume)
            return
        wanted = self._limits.workers + self._limits.spares
        counted = (*self._idle, *(self._busy - self._demoted))
        present = sum(worker.location == self._location for worker in counted)
        if not present:
            wanted = 1
        coming = sum(self._may_be_wanted(location) for location in self._starting.values())
        for _ in range(wanted - present - coming):
            self._starting[asyncio.get_running_loop().create_task(self._start())] = None

    def _may_be_wanted(self, location: StoreLocation | None) -> bool:
        """Whether a worker that starts on this store starts on the newest, as far as is known."""
        return location in (None, self._location)

    def _resume(self) -> None:
        """Try again, once, after workers have kept dying."""
        self._pause = None
        self._deaths = _MANY_DEATHS - 1
        self._fill()

    async def _start(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        try:
            location = await asyncio.to_thread(self._newest)
            self._starting[task] = location
            self.aim(location)
            worker = await WorkerProcess.start(location, self._limits)
        except CatalogueError as error:
            _LOG.error("%s", error)
            self._report_fault(error, self._starting[task])
        except OSError as error:  # no process, no memory, no file descriptor
            _LOG.error("a query worker cannot be started: %s", error)
            fault = StoreDamaged(f"A query worker cannot be started: {error}")
            self._report_fault(fault, self._starting[task])
        except StoreGoneError:
            pass  # another one is started, on the store that is the newest then
        except StartFailedError as error:
            _LOG.warning("a query worker did not start: %s", error)
            self._deaths += 1
        else:
            self._admit(worker)
        finally:
            self._starting.pop(task, None)
            self._tell()
        if self._fault is None:
            self._fill()

    def _report_fault(self, error: CatalogueError, location: StoreLocation | None) -> None:
        """Remember why workers do not start, unless it is about a store before; for a second, nobody tries again."""
        if self._may_be_wanted(location):
            self._fault = error
            self._fault_until = time.monotonic() + _PAUSE_SECONDS

    def _admit(self, worker: WorkerProcess) -> None:
        self.unconfined = worker.unconfined
        if self._closed or self._is_outdated(worker):
            self._end(worker)
            return
        self._fault = None
        for other in [
            other for other in self._idle if self._rank(other.location) < self._rank(worker.location)
        ]:
            self._idle.remove(other)
            self._end(other)
        self._idle.append(worker)
        worker.on_exit(lambda: self._exited(worker))

    def _end(self, worker: WorkerProcess) -> None:
        self._ending.add(worker)
        worker.on_exit(lambda: self._exited(worker))
        worker.kill()

    def _exited(self, worker: WorkerProcess) -> None:
        """Forget a process that has ended, whoever ended it."""
        if worker in self._busy:
            return  # whoever has it finds out and gives it back
        self._ending.discard(worker)
        if worker in self._idle:
            self._idle.remove(worker)
            self._deaths += not worker.served
            _LOG.warning("an idle query worker ended by signal %s: %s", worker.signal, worker.last_words())
            self._fill()
        worker.forget()

    async def _change(self) -> None:
        """Wait until a worker has come, gone or failed to start."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            await waiter
        finally:
            self._waiters.discard(waiter)

    def _tell(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
