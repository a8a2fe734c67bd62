"""Another endpoint on loopback: answers from data in a peer's shape, keeps what it was asked, can misbehave."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pyoxigraph as ox

_BLOCK = re.compile(r"VALUES \(([^)]*)\) \{(.*?)\} ", re.DOTALL)


@dataclass
class LoopbackPeer:
    """What a peer does, and what it was asked.

    Attributes:
        store: its data.
        url: its address.
        demands_values: whether it refuses a query without bindings, as a large endpoint in effect does.
        status: sent instead of an answer, when it is not 200.
        location: of a redirect.
        body: sent instead of an answer, when it is not empty.
        delay: seconds before it answers.
    """

    store: ox.Store
    url: str = ""
    demands_values: bool = True
    status: int = 200
    location: str = ""
    body: bytes = b""
    delay: float = 0.0
    queries: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def rows_sent(self) -> list[int]:
        """Rows of the VALUES block of each query that came; -1 where there is none."""
        return [rows_of(query) for query in self.queries]


def rows_of(query: str) -> int:
    """Rows of the first VALUES block of a query; -1 when it has none."""
    block = _BLOCK.search(query)
    return len(re.findall(r"\((?:<[^>]*>|\"(?:[^\"\\]|\\.)*\"\S*|UNDEF| )+\)", block[2])) if block else -1


@contextmanager
def peer_of(data: Path | None) -> Iterator[LoopbackPeer]:
    """Serve a TriG file until the end of the block."""
    peer = LoopbackPeer(ox.Store())
    if data:
        peer.store.load(path=str(data), format=ox.RdfFormat.TRIG)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["content-length"])).decode()
            peer.queries.append(query)
            peer.headers.append({name.lower(): value for name, value in self.headers.items()})
            time.sleep(peer.delay)
            self._answer(*self._outcome(query))

        def _outcome(self, query: str) -> tuple[int, bytes]:
            if peer.status != 200 or peer.body:
                return peer.status, peer.body
            if peer.demands_values and not 0 <= rows_of(query) <= 1_000:
                return 400, b"without bindings this is too much"
            results = peer.store.query(query)
            assert isinstance(results, ox.QuerySolutions)
            return 200, results.serialize(format=ox.QueryResultsFormat.JSON) or b""

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            if peer.location:
                self.send_header("Location", peer.location)
            self.send_header("Content-Type", "application/sparql-results+json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    peer.url = f"http://127.0.0.1:{server.server_port}/sparql"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield peer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
