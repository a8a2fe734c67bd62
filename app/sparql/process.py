"""One worker process, as the service sees it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final, cast

from rembigraph.app.sparql import frames
from rembigraph.app.sparql.frames import Frame
from rembigraph.app.sparql.limits import QueryLimits
from rembigraph.app.sparql.location import StoreLocation
from rembigraph.app.sparql.worker import Configuration
from rembigraph.ontology.errors import StoreDamaged

_READ_AHEAD_BYTES: Final = 128 * 1024
_LAST_WORDS_BYTES: Final = 2_000
_ENDING_SECONDS: Final = 1.0


class StartFailedError(Exception):
    """A worker process ended before it was ready, for no reason that it gave."""


class StoreGoneError(Exception):
    """The store was removed before the worker held it: a newer one is published."""


class _Channel(asyncio.SubprocessProtocol):
    """Feeds what the process writes into a stream, which stops reading while nobody takes from it."""

    def __init__(self) -> None:
        self.reader = asyncio.StreamReader(limit=_READ_AHEAD_BYTES)
        self.exited = asyncio.Event()
        self.on_exit: Callable[[], None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        pipe = cast(asyncio.SubprocessTransport, transport).get_pipe_transport(1)
        assert pipe is not None
        self.reader.set_transport(pipe)

    def pipe_data_received(self, fd: int, data: bytes | str) -> None:
        if fd == 1 and isinstance(data, bytes):
            self.reader.feed_data(data)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        if fd == 1:
            self.reader.feed_eof()

    def process_exited(self) -> None:
        self.exited.set()
        if self.on_exit is not None:
            self.on_exit()


class WorkerProcess:
    """A started worker; made by `start`.

    Attributes:
        location: the store it has open.
        unconfined: why its sockets are not filtered; empty when they are.
        served: the queries it was given.
        resident_bytes: the memory it held when it last said so; 0 where it cannot know.
        resident_bytes_at_start: the same, when it had opened the store.
    """

    def __init__(
        self,
        location: StoreLocation,
        transport: asyncio.SubprocessTransport,
        channel: _Channel,
        errors: BinaryIO,
    ) -> None:
        self.location = location
        self.unconfined = ""
        self.served = 0
        self.resident_bytes = 0
        self.resident_bytes_at_start = 0
        self._transport = transport
        self._channel = channel
        self._errors = errors

    @classmethod
    async def start(cls, location: StoreLocation, limits: QueryLimits) -> WorkerProcess:
        """Start a process and wait until it has the store open.

        Raises:
            StoreDamaged: it cannot open the store, or does not do so in time.
            StartFailedError: it ended before it was ready.
            StoreGoneError: the store was removed before it could be held.
        """
        configuration = Configuration(
            store=str(location.path),
            lease=str(location.lease or ""),
            parent=os.getpid(),
            memory_bytes=limits.memory_bytes,
            stack_bytes=limits.stack_bytes,
            niceness=limits.niceness,
        )
        errors = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115 - it lives as long as the process
        try:
            transport, channel = await _spawn(configuration.argument(), errors)
        except BaseException:
            errors.close()
            raise
        worker = cls(location, transport, channel, errors)
        try:
            await worker._get_ready(limits.start_seconds)
        except BaseException:
            worker.kill()
            await worker.exited()
            worker.forget()
            raise
        return worker

    async def _get_ready(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                frame = await self.receive()
        except TimeoutError:
            raise StoreDamaged(f"The store was not open after {seconds:g} s.", where=self._where) from None
        if frame is None:
            await self._channel.exited.wait()
            raise StartFailedError(f"ended by signal {self.signal}: {self.last_words()}")
        document = frame.document()
        if frame.kind == frames.ERROR and document["code"] == "gone":
            raise StoreGoneError(document["message"])
        if frame.kind != frames.READY:
            raise StoreDamaged(f"The store cannot be opened: {document['message']}", where=self._where)
        self.unconfined = document["unconfined"]
        self.resident_bytes_at_start = self.resident_bytes = document["resident_bytes"]

    @property
    def _where(self) -> str:
        return str(self.location.path)

    @property
    def process_id(self) -> int:
        """Its id in the operating system."""
        return self._transport.get_pid()

    @property
    def alive(self) -> bool:
        """Whether the process runs, as far as is known: the end of its output comes before its exit code."""
        return not self._channel.exited.is_set() and not self._channel.reader.at_eof()

    @property
    def signal(self) -> int:
        """The signal that ended the process; 0 if none did, or not yet."""
        return -min(self._transport.get_returncode() or 0, 0)

    def on_exit(self, callback: Callable[[], None]) -> None:
        """Have a function called when the process has ended; at once if it has."""
        self._channel.on_exit = callback
        if self._channel.exited.is_set():
            callback()

    def send(self, job: bytes) -> None:
        """Give it a query, as a frame."""
        self.served += 1
        pipe = self._transport.get_pipe_transport(0)
        assert isinstance(pipe, asyncio.WriteTransport)
        pipe.write(job)

    async def receive(self) -> Frame | None:
        """Read its next frame; None when it has ended or was killed."""
        try:
            return await frames.receive(self._channel.reader)
        except ValueError:
            self.kill()
            return None

    def renice(self, niceness: int) -> None:
        """Let the process yield to others from now on, by so much more than this one does; there is no way back."""
        with contextlib.suppress(OSError):
            niceness += os.getpriority(os.PRIO_PROCESS, 0)
            # Niceness belongs to a thread on Linux.
            for thread in Path(f"/proc/{self.process_id}/task").iterdir():
                os.setpriority(os.PRIO_PROCESS, int(thread.name), niceness)

    def suspend(self) -> None:
        """Stop the process where it is."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a suspended process go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._transport.send_signal(number)

    def kill(self) -> None:
        """End the process now and give its pipes back; a second call does nothing."""
        if self._channel.reader.at_eof() and not self._channel.exited.is_set():
            # It is ending by itself. To close the transport now would race its watcher for the exit code.
            asyncio.get_running_loop().call_later(_ENDING_SECONDS, self._transport.close)
        else:
            self._transport.close()

    async def exited(self) -> None:
        """Wait until the process has ended."""
        await self._channel.exited.wait()

    def last_words(self) -> str:
        """The end of what it wrote to standard error."""
        size = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(size - _LAST_WORDS_BYTES, 0))
        return self._errors.read().decode(errors="replace").strip()

    def forget(self) -> None:
        """Close what is left of an ended process."""
        self._transport.close()
        self._errors.close()


async def _spawn(argument: str, errors: BinaryIO) -> tuple[asyncio.SubprocessTransport, _Channel]:
    command = [sys.executable, "-P", "-m", "rembigraph.app.sparql.worker", argument]
    # A backtrace of the engine's allocator says nothing, at length.
    environment = {**os.environ, "RUST_BACKTRACE": "0"}
    loop = asyncio.get_running_loop()
    return await loop.subprocess_exec(_Channel, *command, stderr=errors, env=environment)
