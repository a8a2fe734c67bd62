"""Processes that make pages, and the route that hands requests to them.

The process that listens neither reads the store for a page nor fills a template: it hands a request over and sends
what comes back, so that it has time for `/sparql` and for answers that are kept.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from rembigraph.app.pages.answers import KEEP
from rembigraph.app.pages.worker import SIZES, Asked, Configuration, Made, encode
from rembigraph.ontology.errors import Busy, CatalogueError
from starlette.routing import Route

if TYPE_CHECKING:
    from rembigraph.catalogue.following import Reader
    from starlette.types import ASGIApp, Receive, Scope, Send

SECONDS: Final = 20.0
"""Longest time in which a worker makes one answer; then it is ended."""
MEMORY_BYTES: Final = 2 * 1024**3
"""Most that the address space of a worker grows by."""
_START_SECONDS: Final = 60.0
_WAITING_PER_WORKER: Final = 64
_PAUSE_SECONDS: Final = 1.0
_READ_AHEAD_BYTES: Final = 1024 * 1024
_TRIES: Final = 2
_PLACES: Final = "/correlation/"
"""In the path of a page that needs the graph of all coordinate systems. This process prepares and holds it: one that is
large takes longer to read than a worker may take, and much memory in each."""
_NEGOTIATED: Final = (b"accept", b"accept-profile", b"if-none-match")

_log = logging.getLogger(__name__)


class _GoneError(Exception):
    """A worker has ended before it answered."""


@dataclass(eq=False)
class _Worker:
    """One started process."""

    process: asyncio.subprocess.Process

    @classmethod
    async def start(cls, configuration: Configuration) -> _Worker:
        """Start a process and wait until it can answer.

        Raises:
            OSError: the system starts no process.
            _GoneError: it ended before it was ready.
            TimeoutError: it was not ready in time.
        """
        command = [sys.executable, "-P", "-m", "rembigraph.app.pages.worker", configuration.argument()]
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *command, stdin=pipe, stdout=pipe, limit=_READ_AHEAD_BYTES
        )
        worker = cls(process)
        try:
            async with asyncio.timeout(_START_SECONDS):
                await worker._read()
        except BaseException:
            await worker.end()
            raise
        return worker

    @property
    def is_alive(self) -> bool:
        """Whether it can be asked, as far as is known."""
        stdout = self.process.stdout
        return self.process.returncode is None and stdout is not None and not stdout.at_eof()

    async def ask(self, asked: Asked, seconds: float) -> Made:
        """Have a request answered.

        Raises:
            _GoneError: it ended meanwhile.
            TimeoutError: it took too long.
        """
        assert self.process.stdin is not None
        try:
            async with asyncio.timeout(seconds):
                self.process.stdin.write(encode(asked))
                await self.process.stdin.drain()
                return await self._read_made()
        except ConnectionError as error:
            raise _GoneError from error

    async def _read_made(self) -> Made:
        text, body = await self._read()
        return Made(**json.loads(text), body=body)

    async def _read(self) -> tuple[bytes, bytes]:
        assert self.process.stdout is not None
        try:
            sizes = SIZES.unpack(await self.process.stdout.readexactly(SIZES.size))
            text, body = [await self.process.stdout.readexactly(size) for size in sizes]
        except asyncio.IncompleteReadError as error:
            raise _GoneError from error
        return text, body

    def kill(self) -> None:
        """End the process, if it has not ended."""
        with suppress(ProcessLookupError):
            self.process.kill()

    async def end(self) -> None:
        """End the process and wait until it has ended."""
        self.kill()
        await self.process.wait()


@dataclass
class PageWorkers:
    """A fixed number of processes; one that ends or hangs is replaced. Lives in the event loop's thread alone.

    Attributes:
        configuration: what each is told.
        count: how many there are.
        seconds: longest time for one answer.
        replaced: how many ended without being told to.
        are_starting: whether none was ready yet since the server began.
    """

    configuration: Configuration
    count: int
    seconds: float = SECONDS
    replaced: int = 0
    are_starting: bool = True
    _idle: asyncio.Queue[_Worker] = field(default_factory=asyncio.Queue)
    _alive: set[_Worker] = field(default_factory=set)
    _keepers: list[asyncio.Task[None]] = field(default_factory=list)
    _asking: int = 0

    @classmethod
    def of(
        cls,
        home: str,
        public_url: str,
        count: int,
        *,
        registered: bool = False,
        picture_hosts: tuple[str, ...] = (),
        seconds: float = SECONDS,
    ) -> PageWorkers:
        """Return the workers of a catalogue, not yet started; `seconds` is the longest time for one answer."""
        alarm = seconds + 1  # for a parent that is stopped
        told = Configuration(home, public_url, registered, picture_hosts, os.getpid(), alarm, MEMORY_BYTES)
        return cls(told, count, seconds)

    @property
    def alive(self) -> int:
        """How many are ready or at work."""
        return sum(worker.is_alive for worker in self._alive)

    def start(self) -> None:
        """Start them all. What is asked before the first is ready is made here, so that a server answers at once."""
        _log.info("%d processes make the pages", self.count)
        self._keepers = [asyncio.create_task(self._keep()) for _ in range(self.count)]

    async def stop(self) -> None:
        """End them all, and wait until they have ended."""
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)

    async def ask(self, asked: Asked) -> Made:
        """Have a request answered, by another worker when the first one ends over it.

        Raises:
            Busy: too many wait, none was free in time, or the answer takes too long or ends the workers.
        """
        if self._asking >= self.count * _WAITING_PER_WORKER:
            raise Busy("too many pages are being made")
        self._asking += 1
        try:
            for _ in range(_TRIES):
                with suppress(_GoneError):
                    return await self._ask_one(asked)
        finally:
            self._asking -= 1
        raise Busy("this page could not be made", retry_after=5)

    async def _ask_one(self, asked: Asked) -> Made:
        async with self._lent() as worker:
            try:
                return await worker.ask(asked, self.seconds)
            except TimeoutError:
                _log.warning("a page took longer than %g s: %.200r", self.seconds, asked.path)
                raise Busy(f"this page was not made within {self.seconds:g} s", retry_after=30) from None

    @asynccontextmanager
    async def _lent(self) -> AsyncIterator[_Worker]:
        """Lend a worker; one that did not answer is out of step, and ended."""
        worker = await self._take()
        try:
            yield worker
        except BaseException:
            worker.kill()
            raise
        self._idle.put_nowait(worker)

    async def _take(self) -> _Worker:
        try:
            async with asyncio.timeout(self.seconds):
                while not (worker := await self._idle.get()).is_alive:
                    pass
                return worker
        except TimeoutError:
            raise Busy("no worker was free to make this page", retry_after=5) from None

    async def _keep(self) -> None:
        """Keep one process running, for ever."""
        while True:
            begun = time.monotonic()
            try:
                await self._run_one()
            except (OSError, TimeoutError, _GoneError) as error:
                _log.warning("a page worker did not start (%s)", type(error).__name__)
            self.replaced += 1
            await asyncio.sleep(max(0.0, _PAUSE_SECONDS - (time.monotonic() - begun)))

    async def _run_one(self) -> None:
        worker = await _Worker.start(self.configuration)
        self.are_starting = False
        self._alive.add(worker)
        self._idle.put_nowait(worker)
        try:
            code = await worker.process.wait()
            _log.warning("a page worker ended (code %d); another one starts", code)
        finally:
            self._alive.discard(worker)
            await worker.end()


@dataclass
class MadeByWorkers:
    """A route's ASGI application: has its answers made by workers, and never goes back to an older generation.

    Args:
        workers: make the answers.
        reader: knows which generation is served.
        here: makes an answer in this process, while workers start or when they can't follow the generation.
    """

    workers: PageWorkers
    reader: Reader
    here: ASGIApp
    _newest: int = 0
    _following: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; raises `Busy` when no worker can."""
        if _PLACES in scope["path"]:
            await self.here(scope, receive, send)
            return
        following = self._follow()
        made = await self._current(_asked(scope))
        if (
            following
        ):  # else what is asked next of this process might be of an older generation than this answer
            await asyncio.shield(following)
        if made is None:
            await self.here(scope, receive, send)
            return
        if made.keep and made.generation == self.reader.served():
            scope[KEEP] = True
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in made.headers]
        await send({"type": "http.response.start", "status": made.status, "headers": headers})
        await send({"type": "http.response.body", "body": made.body})

    async def _current(self, asked: Asked) -> Made | None:
        """Return an answer that is no older than those before; None when the workers have none, or are starting."""
        for _ in range(0 if self.workers.are_starting else _TRIES):
            made = await self.workers.ask(asked)
            if self._is_current(made.generation):
                return made
        return None

    def _is_current(self, generation: int) -> bool:
        served = self.reader.served()
        floor = (
            self._newest if served is None else served
        )  # the reader alone may go back, when there is damage
        self._newest = max(floor, generation)
        return generation >= floor

    def _follow(self) -> asyncio.Task[None] | None:
        """Have the reader of this process look for a new generation, which nobody else asks it to."""
        is_idle = self._following is None or self._following.done()
        if is_idle and self.reader.served() is None:
            self._following = asyncio.create_task(asyncio.to_thread(self._look))
        elif is_idle:
            return None
        return self._following

    def _look(self) -> None:
        with suppress(CatalogueError), self.reader.snapshot():
            pass


def workers_route(made: MadeByWorkers) -> Route:
    """Return the route that answers every path; include it after what this process answers, before the pages."""
    return Route("/{path:path}", made, methods=["GET", "HEAD"], include_in_schema=False)


def _asked(scope: Scope) -> Asked:
    return Asked(
        method=scope["method"],
        path=scope["path"],
        raw_path=(scope.get("raw_path") or scope["path"].encode()).decode("latin-1"),
        query=scope["query_string"].decode("latin-1"),
        headers=[
            [name.decode("latin-1"), value.decode("latin-1")]
            for name, value in scope["headers"]
            if name in _NEGOTIATED
        ],
    )
