"""Runs the HTTP server: binds, says where it serves, drains on SIGTERM and ends with 0."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import ipaddress
import shutil
import signal
import socket
import subprocess
import sys
import webbrowser
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import uvicorn
from rembigraph.app.settings import Settings, picture_hosts, query_limits
from rembigraph.app.sparql.location import StoreLocation
from rembigraph.app.sparql.peers import Peers, read_peers
from rembigraph.catalogue.following import Reader
from rembigraph.ontology.errors import SourceUnavailable, UsageError

if TYPE_CHECKING:
    from fastapi import FastAPI
    from rembigraph.catalogue.home import Home

GRACE_SECONDS = 10
_ARENAS: Final = 2
_M_ARENA_MAX: Final = -8  # malloc.h of the GNU C library
Bind = tuple[str, int]


class _Server(uvicorn.Server):
    """uvicorn, except that we handle signals (it would end with the signal's code) and say when it is ready."""

    def __init__(self, config: uvicorn.Config, url: str, open_browser: bool) -> None:
        super().__init__(config)
        self.url = url
        self.open_browser = open_browser

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._drain)
        yield

    def _drain(self) -> None:
        self.force_exit = self.should_exit  # a second signal does not wait
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.should_exit:
            return
        print(f"Serving {self.url}", flush=True)  # noqa: T201 - the one line that tells where
        if self.open_browser:
            webbrowser.open(self.url)


def serve_catalogue(
    home: Home, bind: Bind, settings: Settings, *, allow_unsandboxed: bool = False, open_browser: bool = False
) -> None:
    """Serve a catalogue until a signal comes."""
    _share_arenas()
    with _sandbox_tried(bind[0], allow_unsandboxed):
        from rembigraph.app.feeds import Repository
        from rembigraph.app.main import create_app
    with _bound(bind) as listener:
        url = _url(listener)
        reader = _checked_reader(home)
        app = create_app(
            home,
            settings.public_url or url.rstrip("/"),
            query_limits(settings),
            persistent_iris=settings.persistent_iris,
            page_workers=settings.page_workers,
            repository=Repository.of(settings),
            peers=_peers(settings, bind[0], url),
            picture_hosts=picture_hosts(settings),
            reader=reader,
        )
        _run(app, listener, url, open_browser)


def _share_arenas() -> None:
    """Let all threads take memory from the same two arenas.

    The GNU C library gives each thread one of its own, up to eight a core, and each keeps what it once held: a harvest,
    which goes from thread to thread, would fill them all. Other C libraries have no such switch.
    """
    with contextlib.suppress(AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)


def serve_store(
    dataset: Path | None,
    store: Path | None,
    union: bool,
    bind: Bind,
    settings: Settings,
    allow_unsandboxed: bool,
) -> None:
    """Serve SPARQL over an RDF file or an Oxigraph folder, read-only, until a signal comes.

    Raises:
        SourceUnavailable: there is no such file or folder.
    """
    with _sandbox_tried(bind[0], allow_unsandboxed):
        from rembigraph.app.main import create_sparql_app
    with contextlib.ExitStack() as stack:
        path = _staged(dataset, stack) if dataset else store
        if path is None or not path.is_dir():
            raise SourceUnavailable(f"there is no Oxigraph folder at {path}", fix="Name an existing folder.")
        listener = stack.enter_context(_bound(bind))
        url = _url(listener)
        location = StoreLocation(path, f"fixed-{path.stat().st_mtime_ns}", union_default_graph=union)
        public_url = settings.public_url or url.rstrip("/")
        peers = _peers(settings, bind[0], url)
        app = create_sparql_app(location, public_url, query_limits(settings), peers)
        _run(app, listener, url, open_browser=False)


def _peers(settings: Settings, host: str, url: str) -> Peers:
    own = f"{settings.public_url or url.rstrip('/')}/sparql"
    return read_peers(settings.query_services, is_loopback=_is_loopback(host), own=own)


def _checked_reader(home: Home) -> Reader:
    """Open what is to be served, so that what is wrong with it is said before the server starts."""
    reader = Reader(home)
    with reader.snapshot() as snapshot:
        if reader.damages:
            print(f"Warning: serving generation {snapshot.generation}, because of damage:", file=sys.stderr)  # noqa: T201
            for damage in reader.damages:
                print(f"  {damage} ({damage.fix})", file=sys.stderr)  # noqa: T201
    return reader


def _staged(dataset: Path, stack: contextlib.ExitStack) -> Path:
    from rembigraph.app.sparql.dataset import stage_dataset

    folder = stage_dataset(dataset)
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    return folder


@contextlib.contextmanager
def _sandbox_tried(host: str, allow_unsandboxed: bool) -> Iterator[None]:
    """Try the sandbox while the body runs; in a process of its own, because it can't be taken off again.

    Queries that could reach the network may be served on loopback only, unless the person insists.

    Raises:
        UsageError: it does not hold here.
    """
    code = "from rembigraph.app.sparql.sandbox import confine_sockets; print(confine_sockets())"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as trial:  # noqa: S603
        yield
        said, _ = trial.communicate()
    fault = said.strip() if trial.returncode == 0 else "it ended with an error"
    if not fault:
        return
    if not (_is_loopback(host) or allow_unsandboxed):
        fix = "Bind 127.0.0.1, or add --allow-unsandboxed if you accept that queries run without a network lock."
        raise UsageError(f"the query sandbox can't be installed here ({fault})", fix=fix)
    print("Warning: queries run without the network lock; SERVICE is still refused.", file=sys.stderr)  # noqa: T201


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@contextlib.contextmanager
def _bound(bind: Bind) -> Iterator[socket.socket]:
    host, port = bind
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Without the protocol number asyncio would leave Nagle's algorithm on: 44 ms for an answer instead of 1.5.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        message = f"can't listen at {host}:{port}: {error.strerror}"
        raise UsageError(
            message, fix="Stop the other program, or choose another --port (0 picks a free one)."
        ) from error
    with listener:
        yield listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def _run(app: FastAPI, listener: socket.socket, url: str, open_browser: bool) -> None:
    config = uvicorn.Config(
        app,
        http="httptools",
        ws="none",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        limit_concurrency=512,
    )
    server = _Server(config, url, open_browser)
    asyncio.run(server.serve(sockets=[listener]))
    if not server.started:
        raise UsageError("the server could not start", fix="See the messages above.")
