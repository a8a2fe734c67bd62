"""Maps many documents in processes, in order. A document that kills its process fails alone.

Processes are spawned, never forked: the parent holds the ingest lock, and a fork would inherit it.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import chain, islice
from typing import Any, Generic, TypeVar

INLINE_ITEMS = 3
IN_FLIGHT = 64
WORKER_BYTES = 2 * 1024**3

Item = TypeVar("Item")
Result = TypeVar("Result")


class Lost(Exception):
    """The process that worked on this item died; it was tried twice, the second time alone."""


def map_in_order(
    work: Callable[[Item], Result], items: Iterable[Item], processes: int = 0
) -> Iterator[Result | Lost]:
    """Yield the result for each item, in order.

    Args:
        work: picklable, like the items and the results; it should not raise.
        items: taken as needed, at most `IN_FLIGHT` ahead, so that memory stays bounded.
        processes: how many; 0 for one a core. A few items are done here: starting processes would take longer.
    """
    stream = iter(items)
    head = list(islice(stream, INLINE_ITEMS + 1))
    if len(head) <= INLINE_ITEMS:
        yield from map(work, head)
        return
    workers = _Workers(work, processes or os.cpu_count() or 1)
    try:
        waiting: deque[tuple[Item, Future[Result]]] = deque()
        for item in chain(head, stream):
            waiting.append((item, workers.submit(item)))
            if len(waiting) >= IN_FLIGHT:
                yield workers.result(*waiting.popleft())
        while waiting:
            yield workers.result(*waiting.popleft())
    finally:
        workers.close()


class _Workers(Generic[Item, Result]):
    """A pool that is replaced when one of its processes dies."""

    def __init__(self, work: Callable[[Item], Result], processes: int) -> None:
        self._work = work
        self._processes = processes
        self._pool = self._fresh(processes)

    def _fresh(self, processes: int) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(processes, context, _start, (self._work,))

    def submit(self, item: Item) -> Future[Result]:
        try:
            return self._pool.submit(_do, item)
        except BrokenProcessPool:
            self._pool.shutdown(wait=False)
            self._pool = self._fresh(self._processes)
            return self._pool.submit(_do, item)

    def result(self, item: Item, future: Future[Result]) -> Result | Lost:
        try:
            return future.result()
        except BrokenProcessPool:
            return self._alone(item)

    def _alone(self, item: Item) -> Result | Lost:
        """All items in flight lose their process with the one that killed it; each gets a second try, alone."""
        with self._fresh(1) as pool:
            try:
                result: Result = pool.submit(_do, item).result()
            except BrokenProcessPool:
                return Lost("the process that read this document died")
            return result

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


_work: Callable[..., Any] | None = None


def _start(work: Callable[..., Any]) -> None:
    global _work
    _work = work
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C reaches the whole group; the parent says what it means
    if sys.platform.startswith("linux"):
        resource.setrlimit(resource.RLIMIT_AS, (WORKER_BYTES, WORKER_BYTES))


def _do(item: Any) -> Any:
    if _work is None:
        raise RuntimeError("the worker was not started for any work")
    return _work(item)
