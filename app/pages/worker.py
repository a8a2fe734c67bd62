"""The process that makes pages: `python -m rembigraph.app.pages.worker CONFIGURATION`.

It answers one request after another, from its standard input to its standard output, and follows the newest
generation by itself. It is meant to be killed at any moment: it owns nothing but memory. It can open no socket, grows
no further than it is told, and ends with its parent.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import select
import signal
import struct
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from rembigraph.app.sparql import sandbox
from rembigraph.ontology.errors import CatalogueError

if TYPE_CHECKING:
    from rembigraph.catalogue.following import Reader
    from starlette.types import ASGIApp, Message, Scope

SIZES: Final = struct.Struct(">II")
"""Stands before each message: bytes of its JSON, bytes of its body."""
_LOOK_SECONDS: Final = 5.0
"""How often a worker that nobody asks looks for a new generation."""
_MUCH_GARBAGE: Final = 200_000
"""Objects that are left over when garbage is looked for, between two answers: a page makes little of it."""
_TRIES: Final = 3

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Configuration:
    """What a worker is told when it starts.

    Attributes:
        home: folder of the catalogue.
        public_url: address that people reach the server at.
        registered: whether IRIs of the data base lead to the pages.
        picture_hosts: origins whose pictures pages show at once.
        parent: id of the process that starts it.
        seconds: longest time for one answer; then it ends itself, should nobody else.
        memory_bytes: most that its address space grows by once it has started.
    """

    home: str
    public_url: str
    registered: bool
    picture_hosts: tuple[str, ...]
    parent: int
    seconds: float
    memory_bytes: int

    def argument(self) -> str:
        """Return it as a command-line argument."""
        return json.dumps(asdict(self))


@dataclass(frozen=True)
class Asked:
    """What decides an answer: the method, the address, and the headers that are negotiated by."""

    method: str
    path: str
    raw_path: str
    query: str
    headers: list[list[str]]

    def scope(self) -> Scope:
        """Return the ASGI scope of the request."""
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "scheme": "http",
            "method": self.method,
            "path": self.path,
            "raw_path": self.raw_path.encode("latin-1"),
            "query_string": self.query.encode("latin-1"),
            "root_path": "",
            "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in self.headers],
        }


@dataclass(frozen=True)
class Made:
    """An answer, as it leaves a worker.

    Attributes:
        status: HTTP status.
        headers: names and values.
        keep: whether it holds for everybody who asks the same of this generation.
        generation: number of the generation that it is made from; 0 if none could be read.
        body: its content.
    """

    status: int
    headers: list[list[str]]
    keep: bool
    generation: int
    body: bytes = b""


def encode(message: Asked | Made) -> bytes:
    """Write a message."""
    document = asdict(message)
    body: bytes = document.pop("body", b"")
    text = json.dumps(document).encode()
    return SIZES.pack(len(text), len(body)) + text + body


def main() -> None:
    """Start the process: confine it, then serve."""
    configuration = Configuration(**json.loads(sys.argv[1]))
    # Both may reach the whole group. The parent says what they mean, when it has answered what was asked.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sandbox.forbid_core_dumps()
    sandbox.die_with_parent(configuration.parent)
    sandbox.confine_sockets()
    requests, answers = _claim_streams()
    asyncio.run(_serve(configuration, requests, answers))


def _claim_streams() -> tuple[BinaryIO, BinaryIO]:
    """Take standard input and output for the messages; whatever prints, prints to standard error."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    return requests, answers


async def _serve(configuration: Configuration, requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer until nobody asks any more. Reading blocks: nothing else happens between two requests."""
    from rembigraph.catalogue.following import Reader
    from rembigraph.catalogue.home import Home

    reader = Reader(Home.open(Path(configuration.home)))
    app = _pages(reader, configuration)
    _generation(reader)
    gc.collect()
    gc.freeze()
    gc.disable()
    sandbox.cap_memory(configuration.memory_bytes)
    _send(answers, SIZES.pack(0, 0))
    while True:
        while not _is_asked(requests):
            _generation(reader)  # lets go of a generation that is served no more, so that it can be removed
        if (asked := _receive(requests)) is None:
            return
        sandbox.kill_at(configuration.seconds)
        _send(answers, encode(await _make(app, reader, asked)))
        sandbox.kill_at(0)
        if gc.get_count()[0] > _MUCH_GARBAGE:
            gc.collect()


def _pages(reader: Reader, configuration: Configuration) -> ASGIApp:
    from fastapi import FastAPI
    from rembigraph.app import problems
    from rembigraph.app.pages.rendering import make_renderer
    from rembigraph.app.pages.router import pages_router

    public_url, data_base = configuration.public_url, reader.home.data_base
    render = make_renderer(public_url, data_base, tuple(configuration.picture_hosts))
    app = FastAPI(openapi_url=None, redirect_slashes=False)
    problems.install(app, render)
    app.include_router(
        pages_router(
            reader,
            public_url=public_url,
            data_base=data_base,
            render=render,
            registered=configuration.registered,
        )
    )
    return app


def _is_asked(requests: BinaryIO) -> bool:
    """Wait a while for a request, or for the end. Nothing is read ahead: the next request follows the answer."""
    readable, _, _ = select.select([requests], [], [], _LOOK_SECONDS)
    return bool(readable)


def _receive(requests: BinaryIO) -> Asked | None:
    head = requests.read(SIZES.size)
    if len(head) < SIZES.size:
        return None
    size, _ = SIZES.unpack(head)
    text = requests.read(size)
    return Asked(**json.loads(text)) if len(text) == size else None


def _send(answers: BinaryIO, data: bytes) -> None:
    """Write all of it; end the process when nobody reads."""
    try:
        answers.write(data)
        answers.flush()
    except BrokenPipeError:
        os._exit(0)


async def _make(app: ASGIApp, reader: Reader, asked: Asked) -> Made:
    """Make an answer from one generation alone: when another one came meanwhile, make it again."""
    after = _generation(reader)
    for _ in range(_TRIES):
        before = after
        answer = _Answer()
        scope = asked.scope()
        await answer.fill(app, scope)
        after = _generation(reader)
        if before == after:
            break
    return answer.made(scope, min(before, after))


def _generation(reader: Reader) -> int:
    """Return the number of the generation that a request would get now; 0 if there is none."""
    try:
        with reader.snapshot() as snapshot:
            return snapshot.generation
    except CatalogueError:
        return 0


@dataclass
class _Answer:
    """Collects what an ASGI application sends."""

    _start: Message = field(default_factory=dict)
    _body: bytearray = field(default_factory=bytearray)

    async def fill(self, app: ASGIApp, scope: Scope) -> None:
        """Ask; what the application itself can't answer is logged, after it has said so to the client.

        Raises:
            MemoryError: there is no memory for it in this process.
        """
        try:
            await app(scope, self._receive, self._take)
        except MemoryError:
            raise
        except Exception:
            _log.exception("%s", scope["path"])

    def made(self, scope: Scope, generation: int) -> Made:
        """Return the answer."""
        from rembigraph.app.pages.answers import KEEP

        headers = [
            [name.decode("latin-1"), value.decode("latin-1")] for name, value in self._start["headers"]
        ]
        return Made(self._start["status"], headers, bool(scope.get(KEEP)), generation, bytes(self._body))

    async def _take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
        else:
            self._body += message.get("body", b"")

    @staticmethod
    async def _receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}


if __name__ == "__main__":
    main()
