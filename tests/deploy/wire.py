"""HTTP as bytes on the wire, for requests that no decent client makes."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

HOST = b"Host: catalogue.example\r\n"


def opened(port: int, source: str = "127.0.0.1", seconds: float = 5.0) -> socket.socket:
    """Connect from an address of the loopback network; proxies tell clients apart by it."""
    return socket.create_connection(("127.0.0.1", port), timeout=seconds, source_address=(source, 0))


def rest_of(connection: socket.socket) -> bytes:
    """Read until the other side closes, or is silent for the connection's timeout."""
    parts = []
    with suppress(TimeoutError, ConnectionResetError):
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


def exchange(port: int, request: bytes, source: str = "127.0.0.1", seconds: float = 5.0) -> bytes:
    """Send bytes and return all that comes back until the connection ends."""
    with opened(port, source, seconds) as connection:
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(request)
        return rest_of(connection)


def status_of(answer: bytes) -> int:
    """Status of the first response in these bytes; 0 if there is none."""
    words = answer.split(b"\r\n", 1)[0].split()
    return int(words[1]) if len(words) > 1 and words[0].startswith(b"HTTP/") else 0


def body_of(answer: bytes) -> bytes:
    """The body of a chunked response, as far as it came."""
    rest, body = answer.partition(b"\r\n\r\n")[2], b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size or b"0", 16)
        body, rest = body + rest[:length], rest[length + 2 :]
    return body


class _Recorder(socketserver.BaseRequestHandler):
    """Keeps each connection's bytes, and answers once when nothing more comes."""

    def handle(self) -> None:
        self.request.settimeout(0.3)
        received = rest_of(self.request)
        self.server.received.append(received)  # type: ignore[attr-defined]
        with suppress(OSError):
            self.request.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 256


@contextmanager
def recording() -> Iterator[tuple[int, list[bytes]]]:
    """Stand where the catalogue's server would, and give the port and what arrives there, one item a connection."""
    with _Server(("127.0.0.1", 0), _Recorder) as server:
        received: list[bytes] = []
        server.received = received  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield int(server.server_address[1]), received
        finally:
            server.shutdown()
            thread.join()
