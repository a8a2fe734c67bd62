"""One answer on its way from a worker to a client."""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Callable
from typing import Any, Final

from rembigraph.app.sparql import frames
from rembigraph.app.sparql.evaluation import Job
from rembigraph.app.sparql.frames import Frame
from rembigraph.app.sparql.pool import Pool
from rembigraph.app.sparql.process import WorkerProcess
from rembigraph.ontology.errors import (
    Busy,
    CatalogueError,
    QueryError,
    QuerySyntaxError,
    QueryTimeout,
    QueryTooLarge,
    StoreDamaged,
)

_LOG = logging.getLogger(__name__)
_LIMIT_FIX: Final = "Ask for less: fewer variables, a LIMIT, or a more selective pattern first."


class WorkerLostError(Exception):
    """Somebody else killed the worker before it had begun to answer, `seconds` after it was asked."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"killed after {seconds:.3f} s")
        self.seconds = seconds


class Answer:
    """The bytes of an answer, as an asynchronous iterator; made by `QueryService.answer`.

    It holds a worker from `begin` on until its end, its deadline or `close`, whichever comes first. Whoever
    has one calls `close`, read or not.

    Attributes:
        media_type: what the bytes are.
        cut: whether a preview left something out; known at the end.
    """

    def __init__(self, job: Job, worker: WorkerProcess, pool: Pool, deadline: float) -> None:
        self.media_type = job.media_type
        self.cut = False
        self._job = job
        self._worker = worker
        self._pool = pool
        self._on_close: list[Callable[[], object]] = []
        self._first: bytes | None = None
        self._complete = False
        self._closed = False
        self._expired = False
        self._refusal: Busy | None = None
        self._begun = False
        self._sent_at = 0.0
        loop = asyncio.get_running_loop()
        self._timer = loop.call_at(deadline, self._expire)

    async def begin(self) -> None:
        """Send the query, and wait for the first bytes of its answer.

        Until here, every failure is an exception and nothing has been promised to the client.

        Raises:
            QuerySyntaxError, QueryTimeout, QueryTooLarge, QueryError: there is no answer.
            StoreDamaged: a file of the store is not what it was.
            WorkerLostError: the worker was killed from outside.
        """
        try:
            self._sent_at = time.monotonic()
            self._worker.send(frames.encode(frames.JOB, self._job.document()))
            self._first = await self._next_data()
            self._begun = True
        except BaseException:
            self.close()
            raise
        if self._complete:
            self.close()  # what is left to do needs no worker

    def __aiter__(self) -> Answer:
        return self

    async def __anext__(self) -> bytes:
        """Return the next bytes.

        Raises:
            QueryTimeout, QueryTooLarge, QueryError: the answer ends here, incomplete.
        """
        first, self._first = self._first, None
        try:
            data = first or await self._next_data()
        except BaseException:
            self.close()
            raise
        if data is None:
            self.close()
            raise StopAsyncIteration
        return data

    def whole(self) -> bytes | None:
        """Return all bytes of an answer that came in one piece, before any is iterated over; None of any other."""
        return (self._first or b"") if self._complete else None

    def close(self) -> None:
        """Give the worker back, killing it unless the answer is complete; a second call does nothing."""
        if self._closed:
            return
        self._closed = True
        self._timer.cancel()
        self._pool.give(self._worker, fit=self._complete)
        for callback in self._on_close:
            callback()

    def on_close(self, callback: Callable[[], object]) -> None:
        """Have a function called when the worker is given back; at once if it has been."""
        self._on_close.append(callback)
        if self._closed:
            callback()

    @property
    def generation(self) -> str:
        """The generation that it is about."""
        return self._worker.location.generation

    @property
    def complete(self) -> bool:
        """Whether the worker has said all it had to say."""
        return self._complete

    def demote(self) -> None:
        """Go on in the slow lane."""
        if not self._closed:
            self._pool.demote(self._worker)

    def suspend(self) -> None:
        """Stop the evaluation where it is; `resume` lets it go on. The deadline goes on meanwhile."""
        self.demote()
        if not self._closed:
            self._worker.suspend()

    def resume(self) -> None:
        """Let a suspended evaluation go on."""
        if not self._closed:
            self._worker.resume()

    def refuse(self, reason: Busy) -> None:
        """End the evaluation because others need its place."""
        if not self._closed:
            self._refusal = reason
            self._worker.kill()
            self.close()

    def _expire(self) -> None:
        self._expired = True
        self._worker.kill()
        self.close()

    async def _next_data(self) -> bytes | None:
        """The payload of the next data frame; None at the end."""
        while not self._complete:
            frame = await self._receive()
            if frame.kind == frames.LAST:
                self._finish(await self._receive())
            if frame.kind in (frames.DATA, frames.LAST):
                return frame.payload
            if frame.kind == frames.ERROR:
                document = frame.document()
                self._complete = document["code"] != "memory"
                raise self._explain(document)
            if frame.kind == frames.END:
                self._finish(frame)
        return None

    async def _receive(self) -> Frame:
        frame = await self._worker.receive()
        if frame is None:
            raise await self._explain_end()
        return frame

    def _finish(self, frame: Frame) -> None:
        document = frame.document()
        self._complete = True
        self.cut = bool(document["cut"])
        self._worker.resident_bytes = document["resident_bytes"]

    def _explain(self, document: dict[str, Any]) -> CatalogueError:
        code = document["code"]
        if code == "syntax":
            return QuerySyntaxError(
                document["message"], line=document["line"], column=document["column"], fix=document["fix"]
            )
        if code == "result-bytes":
            message = f"The answer has more than {self._job.max_result_bytes} bytes."
            return QueryTooLarge(message, fix=_LIMIT_FIX)
        if code == "merge-quads":
            return QueryTooLarge(
                f"The default graphs hold more than {self._job.max_merge_quads} triples together.",
                fix="Name fewer of them, or name none and ask the endpoint's own default graph.",
            )
        if code == "memory":
            return _memory_used_up()
        message = str(document["message"])
        if any(sign in message for sign in ("Corruption", "IO error")):
            return StoreDamaged(f"A store can't be read: {message}", where=str(self._worker.location.path))
        return QueryError(f"The query cannot be evaluated: {message}")

    async def _explain_end(self) -> CatalogueError:
        """Say why the worker has ended without a word."""
        if self._expired:
            return QueryTimeout(
                "The query was stopped at its deadline.",
                fix="Make it more selective, or ask for less at a time.",
            )
        if self._refusal is not None:
            return self._refusal
        if self._closed:
            return QueryError("The answer was abandoned.")
        await self._worker.exited()
        number = self._worker.signal
        if number in _signals("SIGKILL") and not self._begun:
            raise WorkerLostError(time.monotonic() - self._sent_at)
        _LOG.warning("a query ended its worker by signal %s: %s", number, self._worker.last_words())
        if number in _signals("SIGALRM"):
            return QueryTimeout("The query was stopped at its deadline.")
        if number in _signals("SIGSEGV", "SIGBUS"):
            return QueryTooLarge("The query is nested too deeply to be evaluated.")
        return _memory_used_up()


def _memory_used_up() -> QueryTooLarge:
    return QueryTooLarge("The query used up the memory that one query may have.", fix=_LIMIT_FIX)


def _signals(*names: str) -> set[int]:
    return {int(getattr(signal, name)) for name in names if hasattr(signal, name)}
