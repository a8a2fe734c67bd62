"""Works on documents in processes of their own, in order. A document that kills its process fails alone.

Every document is foreign, so none is ever worked on in the calling process. A child (see `child`) has one document at
a time, so that its end names the guilty one, and nothing but that one is lost. A document that was not the first of
its child gets a second try in a fresh one: what earlier documents left behind may be to blame.

Children are started anew, never forked: the parent holds the ingest lock, and a fork would inherit it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing.connection import Pipe
from queue import Empty, SimpleQueue
from threading import Lock
from typing import TypeVar, cast

from rembigraph.app import child
from rembigraph.app.child import Limits

IN_FLIGHT = 64
BYTES_IN_FLIGHT = 96 * 1024 * 1024
_MOST_KEPT = 2
_Surroundings = tuple[int, Limits, tuple[str, ...]]
_TIME_OVER = frozenset({-signal.SIGPROF, -signal.SIGALRM})

Item = TypeVar("Item")
Result = TypeVar("Result")


class Lost(Exception):
    """An item that gave no result; `why` is `died`, `memory` or `slow`."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def _without_size(item: object) -> int:
    return 0


def map_in_order(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    processes: int = 0,
    *,
    limits: Limits | None = None,
    size_of: Callable[[Item], int] = _without_size,
) -> Iterator[Result | Lost]:
    """Yield the result for each item, in order.

    Args:
        work: picklable, like the items and the results; what it raises is raised here.
        items: taken as needed, at most `IN_FLIGHT` ahead, so that memory stays bounded.
        processes: how many; 0 for one a core.
        limits: what one item may take.
        size_of: bytes of an item; those ahead are not many more than `BYTES_IN_FLIGHT`.
    """
    children = _borrowed(processes or os.cpu_count() or 1, limits or Limits())
    waiting: deque[tuple[Future[Result | Lost], int]] = deque()
    ahead = 0
    try:
        for item in items:
            waiting.append((children.submit(work, item), size_of(item)))
            ahead += waiting[-1][1]
            while len(waiting) >= IN_FLIGHT or (len(waiting) > 1 and ahead > BYTES_IN_FLIGHT):
                ahead -= waiting[0][1]
                yield waiting.popleft()[0].result()
        while waiting:
            yield waiting.popleft()[0].result()
    finally:
        _given_back(children, is_idle=not waiting)


@contextlib.contextmanager
def kept_children() -> Iterator[None]:
    """While the context lasts, children whose work is done stay, for the next work of this process.

    For a process that loads again and again: the start of a child takes longer than most documents do. They keep the
    environment that they were started with.
    """
    global _kept
    before, _kept = _kept, []
    try:
        yield
    finally:
        kept, _kept = _kept, before
        for children in kept:
            children.close()


_kept: list[_Children] | None = None
"""Idle children that stay; None when none do."""


def _borrowed(processes: int, limits: Limits) -> _Children:
    of = (processes, limits, tuple(sys.path))
    fit = next((each for each in _kept or () if each.of == of), None)
    if fit is None or _kept is None:
        return _Children(of)
    _kept.remove(fit)
    return fit


def _given_back(children: _Children, *, is_idle: bool) -> None:
    if is_idle and _kept is not None and len(_kept) < _MOST_KEPT:
        _kept.append(children)
    else:
        children.close()


class _Children:
    """As many threads as children may work at once; each has a child for the time of one item.

    Attributes:
        of: how many at once, what one item may take, and where they find modules.
    """

    def __init__(self, of: _Surroundings) -> None:
        self.of = of
        processes, self._limits, *_ = of
        self._threads = ThreadPoolExecutor(processes)
        self._idle: SimpleQueue[_Child] = SimpleQueue()
        self._alive: set[_Child] = set()
        self._lock = Lock()
        self._closed = False
        self._idle.put(self._fresh())  # its start takes about as long as reading the first document does

    def submit(self, work: Callable[[Item], Result], item: Item) -> Future[Result | Lost]:
        return self._threads.submit(self._result, work, item)

    def _result(self, work: Callable[[Item], Result], item: Item) -> Result | Lost:
        try:
            at_hand = self._idle.get_nowait()
        except Empty:
            at_hand = self._fresh()
        is_first = not at_hand.has_worked
        found = at_hand.result(work, item)
        if isinstance(found, Lost):
            self._end(at_hand)
            if is_first or found.why == "slow":
                return found
            at_hand = self._fresh()
            found = at_hand.result(work, item)
        if isinstance(found, Lost):
            self._end(at_hand)
        else:
            self._idle.put(at_hand)
        return cast("Result | Lost", found)

    def _fresh(self) -> _Child:
        with self._lock:
            if self._closed:
                raise RuntimeError("the work was given up")
            started = _Child(self._limits)
            self._alive.add(started)
        return started

    def _end(self, one: _Child) -> None:
        with self._lock:
            self._alive.discard(one)
        one.end()

    def close(self) -> None:
        """End every child, whatever it does."""
        with self._lock:
            self._closed = True
            alive, self._alive = self._alive, set()
            for one in alive:
                one.kill()
        self._threads.shutdown(wait=True, cancel_futures=True)
        for one in alive:
            one.end()


class _Child:
    """A process that works on one item at a time."""

    def __init__(self, limits: Limits) -> None:
        self.has_worked = False
        self._work: object = None
        self._pipe, far = Pipe()
        command = [sys.executable, "-P", "-m", child.__name__, str(far.fileno()), str(os.getpid())]
        # A backtrace of the parser's allocator says nothing, at length.
        environment = {**os.environ, "RUST_BACKTRACE": "0"}
        self._process = subprocess.Popen(  # noqa: S603 - our own module, and two numbers
            command, stdin=subprocess.DEVNULL, env=environment, pass_fds=[far.fileno()]
        )
        far.close()
        with contextlib.suppress(OSError):  # it died at once: the first item will say so
            self._pipe.send((limits, sys.path))

    def result(self, work: object, item: object) -> object:
        """Return the result for an item, or why there is none; what the work raises is raised."""
        self.has_worked = True
        try:
            self._pipe.send((None if work is self._work else work, item))
            self._work = work
            state, value = self._pipe.recv()
        except (EOFError, OSError):
            return Lost("slow" if self._process.wait() in _TIME_OVER else "died")
        if state == child.RAISED:
            raise value
        return Lost("memory") if state == child.NO_MEMORY else value

    def kill(self) -> None:
        """Have it end now."""
        self._process.kill()

    def end(self) -> None:
        """End it, if it has not, and give back what it holds."""
        self._process.kill()
        self._process.wait()
        self._pipe.close()
