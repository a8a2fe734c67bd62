"""Starts `rembigraph serve` over a store or a file as its users do, and asks it as any HTTP client does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

START_SECONDS = 30


@dataclass(frozen=True)
class Served:
    """A running server.

    Attributes:
        url: its address, with a slash at the end.
        process_id: of the process that speaks HTTP.
    """

    url: str
    process_id: int

    @property
    def sparql(self) -> str:
        """Address of its endpoint."""
        return self.url + "sparql"

    def workers(self) -> list[int]:
        """Process ids of its query workers that live."""
        found = Path(f"/proc/{self.process_id}/task").glob("*/children")
        return [pid for each in found for pid in map(int, each.read_text().split()) if _is_alive(pid)]


@dataclass(frozen=True)
class Outcome:
    """How a request ended.

    Attributes:
        status: HTTP status; 0 when the connection broke before one came.
        whole: whether the answer ended as HTTP says it must.
        body: what came of it.
        seconds: by the clock.
    """

    status: int
    whole: bool
    body: bytes
    seconds: float


@contextmanager
def serving(*arguments: str, **settings: str) -> Iterator[Served]:
    """Run `rembigraph serve --port 0` with arguments and settings (`query_timeout="2"`); end it with SIGTERM."""
    environment = {**os.environ, **{f"REMBIGRAPH_{name.upper()}": value for name, value in settings.items()}}
    command = [sys.executable, "-m", "rembigraph.app", "serve", "--port", "0", *arguments]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        assert server.stdout is not None
        line = server.stdout.readline()
        assert line.startswith("Serving http://"), f"the server said {line!r}"
        yield Served(line.split()[1], server.pid)
        server.send_signal(signal.SIGTERM)
        assert server.wait(START_SECONDS) == 0
    finally:
        server.kill()
        server.wait()
        if server.stdout is not None:
            server.stdout.close()


def ask(
    client: httpx.Client, url: str, query: str, accept: str = "application/sparql-results+json, text/turtle"
) -> Outcome:
    """Post a query; an answer that breaks off is an outcome, not an error."""
    began, status, parts = time.monotonic(), 0, []
    headers = {"content-type": "application/sparql-query", "accept": accept, "accept-encoding": "identity"}
    try:
        with client.stream("POST", url, content=query.encode(), headers=headers) as response:
            status = response.status_code
            parts.extend(response.iter_raw())
    except httpx.TransportError:
        return Outcome(status, False, b"".join(parts), time.monotonic() - began)
    return Outcome(status, True, b"".join(parts), time.monotonic() - began)


def resident_bytes(process_id: int) -> int:
    """Memory that a process holds; 0 when it has ended."""
    try:
        pages = Path(f"/proc/{process_id}/statm").read_text().split()[1]
    except OSError:
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _is_alive(process_id: int) -> bool:
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
