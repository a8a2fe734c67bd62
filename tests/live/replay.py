"""A server on loopback that replays records as BioStudies and EMPIAR give them, and can do everything wrong."""

from __future__ import annotations

import gzip
import json
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

JSON = "application/json"
MIB = 1024 * 1024
FOR_EVER = "/for-ever/"


@dataclass(frozen=True)
class Page:
    body: bytes
    content_type: str = JSON
    validators: bool = True

    @property
    def etag(self) -> str:
        return f'"{sha256(self.body).hexdigest()[:16]}"'


@dataclass
class Asked:
    """A request as the server saw it, and what it has answered so far."""

    path: str
    fault: str
    conditional: bool
    agent: str
    moment: float
    status: int = 0
    sent: int = 0


Plan = Callable[[str, int], str]


@dataclass
class Replay:
    """Pages by path, and for each request what goes wrong with it (empty: nothing)."""

    pages: dict[str, Page] = field(default_factory=dict)
    plan: Plan = lambda path, number: ""
    asked: list[Asked] = field(default_factory=list)
    address: str = ""
    elsewhere: str = "http://127.0.0.2:9/elsewhere.json"
    patience: float = 1.0
    _counts: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def fault(self, path: str) -> str:
        with self._lock:
            self._counts[path] += 1
            return self.plan(path, self._counts[path])

    def note(self, asked: Asked) -> None:
        with self._lock:
            self.asked.append(asked)

    def forget(self) -> None:
        with self._lock:
            self.asked.clear()
            self._counts.clear()

    # --- records

    def entry(self, accession: str, body: bytes) -> None:
        self.pages[f"/empiar/api/entry/{accession}/"] = Page(body)

    def submission(
        self, accession: str, body: bytes, lists: dict[str, bytes] | None = None, linked: bool = False
    ) -> None:
        """A submission as the API gives it: itself, or (`linked`) an address below which it and its lists lie."""
        api = f"/biostudies/api/v1/studies/{accession}"
        files = f"/biostudies/files/{accession}/"
        if linked:
            folder = f"/fire/{accession}/"
            link = json.dumps({"ftpHttp_link": self.address + folder}).encode()
            self.pages[api] = Page(link)
            self.pages[f"{folder}{accession}.json"] = Page(body)
            files = f"{folder}Files/"
        else:
            self.pages[api] = Page(body)
        for name, content in (lists or {}).items():
            kind = "text/tab-separated-values" if name.endswith(".tsv") else JSON
            self.pages[files + quote(name)] = Page(content, kind)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *args: Any) -> None:
        """Nothing is printed."""

    def do_GET(self) -> None:
        replay = self.server.replay
        path = quote(unquote(self.path))
        fault = "redirects for ever" if path.startswith(FOR_EVER) else replay.fault(path)
        conditional = "If-None-Match" in self.headers or "If-Modified-Since" in self.headers
        self._asked = Asked(path, fault, conditional, self.headers.get("User-Agent", ""), time.monotonic())
        replay.note(self._asked)
        try:
            if fault:
                _FAULTS[fault](self, replay.pages.get(path, Page(b"{}")))
            else:
                self.plain(replay.pages.get(path))
        except (TimeoutError, ConnectionError):
            self.close_connection = True

    def plain(self, page: Page | None) -> None:
        if page is None:
            self.give(404, b'{"errorMessage": "Study not found"}')
        elif page.validators and self.headers.get("If-None-Match") == page.etag:
            self.give(304, b"", {"ETag": page.etag})
        else:
            validators = {"ETag": page.etag} if page.validators else {}
            self.give(200, page.body, {"Content-Type": page.content_type, **validators})

    def give(
        self, status: int, body: bytes, headers: dict[str, str] | None = None, announced: int = -1
    ) -> None:
        self._asked.status = status
        self.send_response(status)
        given = {"Content-Type": JSON, **(headers or {})}
        if status != 304 and "Transfer-Encoding" not in given:
            given["Content-Length"] = str(announced if announced >= 0 else len(body))
        for name, value in given.items():
            self.send_header(name, value)
        self.end_headers()
        self.push(body)

    def push(self, data: bytes) -> None:
        self.wfile.write(data)
        self.wfile.flush()
        self._asked.sent += len(data)

    def hang_up(self) -> None:
        self.wfile.flush()
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def rest(self) -> bool:
        """Wait a little; return whether the client is still there."""
        time.sleep(0.02)
        self.connection.setblocking(False)
        try:
            return self.connection.recv(1, socket.MSG_PEEK) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False
        finally:
            self.connection.setblocking(True)


def _reset(handler: _Handler, page: Page) -> None:
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True
    handler.connection.close()


def _stall(handler: _Handler, page: Page) -> None:
    end = time.monotonic() + 20 * handler.server.replay.patience
    while time.monotonic() < end and handler.rest():
        pass
    handler.close_connection = True


def _truncated(handler: _Handler, page: Page) -> None:
    handler.give(200, page.body[: len(page.body) // 2], announced=len(page.body))
    handler.hang_up()


def _truncated_chunked(handler: _Handler, page: Page) -> None:
    half = page.body[: len(page.body) // 2]
    handler.give(200, b"%x\r\n%s\r\n" % (len(half), half), {"Transfer-Encoding": "chunked"})
    handler.hang_up()


def _truncated_gzip(handler: _Handler, page: Page) -> None:
    packed = gzip.compress(page.body)
    handler.give(200, packed[:-9], {"Content-Encoding": "gzip"})


def _length_lies(handler: _Handler, page: Page) -> None:
    """Less is announced than sent: what is cut off goes on as if it were the next answer."""
    handler.give(200, page.body, announced=len(page.body) // 2)
    handler.hang_up()


def _packed(handler: _Handler, page: Page) -> None:
    """No fault: the same document, packed in two gzip members and in chunks."""
    half = len(page.body) // 2
    packed = gzip.compress(page.body[:half]) + gzip.compress(page.body[half:])
    chunks = [packed[at : at + 100] for at in range(0, len(packed), 100)]
    body = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    headers = {"Content-Encoding": "gzip", "Transfer-Encoding": "chunked", "ETag": page.etag}
    handler.give(200, body, headers)


def _oversize(handler: _Handler, page: Page) -> None:
    handler.give(200, b"", {"Transfer-Encoding": "chunked"})
    block = b"%x\r\n%s\r\n" % (MIB, b" " * MIB)
    for _ in range(100):
        handler.push(block)


def _oversize_announced(handler: _Handler, page: Page) -> None:
    handler.give(200, b"{}", announced=10**12)
    handler.hang_up()


_BOMB = gzip.compress(b" " * (200 * MIB), 9)


def _bomb(handler: _Handler, page: Page) -> None:
    handler.give(200, _BOMB, {"Content-Encoding": "gzip"})


def _drip(handler: _Handler, page: Page) -> None:
    """A byte now and then: never silent for long, and never done."""
    handler.give(200, b"", announced=len(page.body) + 10**6)
    while handler.rest():
        handler.push(b" ")
    handler.close_connection = True


def _drip_head(handler: _Handler, page: Page) -> None:
    handler.push(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while handler.rest():
        handler.push(b"x")
    handler.close_connection = True


def _redirect(where: Callable[[_Handler], str]) -> Callable[[_Handler, Page], None]:
    return lambda handler, page: handler.give(302, b"", {"Location": where(handler)})


def _give(status: int, body: bytes = b"", **headers: str) -> Callable[[_Handler, Page], None]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler, page: handler.give(status, body, named)


HTML = b"<!DOCTYPE html><html><head><title>Service under maintenance</title></head><body>soon</body></html>"
_FAULTS: dict[str, Callable[[_Handler, Page], None]] = {
    "429": _give(429),
    "429 after 0 s": _give(429, Retry_After="0"),
    "429 after 1 s": _give(429, Retry_After="1"),
    "429 after a date": _give(429, Retry_After="Thu, 01 Jan 2015 00:00:00 GMT"),
    "429 after a day": _give(429, Retry_After="86400"),
    "500": _give(500),
    "502": _give(502, HTML, Content_Type="text/html"),
    "503": _give(503),
    "503 after 0 s": _give(503, Retry_After="0"),
    "403": _give(403),
    "404": _give(404),
    "204": _give(204),
    "304 not asked for": _give(304),
    "reset": _reset,
    "closed": lambda handler, page: handler.hang_up(),
    "stall": _stall,
    "truncated": _truncated,
    "truncated chunks": _truncated_chunked,
    "truncated gzip": _truncated_gzip,
    "damaged gzip": _give(200, b"\x1f\x8b\x08\x00nonsense", Content_Encoding="gzip"),
    "length lies": _length_lies,
    "other packing": _give(200, b"{}", Content_Encoding="br"),
    "wrong type": _give(200, b"\x89PNG", Content_Type="image/png"),
    "page": _give(200, HTML, Content_Type="text/html; charset=utf-8"),
    "page as json": _give(200, HTML),
    "wrong json": _give(200, b'{"accno": "S-BIADTEST1", "section": }'),
    "cut json": lambda handler, page: handler.give(200, page.body[:-2]),
    "other json": _give(200, b'{"status": "busy"}'),
    "json list": _give(200, b"[1, 2]"),
    "empty": _give(200, b""),
    "oversize": _oversize,
    "oversize announced": _oversize_announced,
    "gzip bomb": _bomb,
    "redirect loop": _redirect(lambda handler: handler.path),
    "redirects for ever": _redirect(lambda handler: f"{FOR_EVER}{len(handler.server.replay.asked)}"),
    "redirect away": _redirect(lambda handler: handler.server.replay.elsewhere),
    "redirect to a file": _redirect(lambda handler: "file:///etc/passwd"),
    "slow drip": _drip,
    "slow head": _drip_head,
    "packed": _packed,
}  # fmt: skip
HARMLESS = ("packed",)
PERMANENT = ("404", "403", "429 after a day")
SLOW = ("stall", "slow drip", "slow head", "429 after 1 s")
TRANSIENT = tuple(name for name in _FAULTS if name not in HARMLESS + PERMANENT + SLOW)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, replay: Replay) -> None:
        self.replay = replay
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is what many of the tests want."""


@contextmanager
def replaying() -> Iterator[Replay]:
    """Run a server until the block ends."""
    replay = Replay()
    server = _Server(replay)
    replay.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield replay
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)


# --- records


def made_up_submission(accession: str, lists: tuple[str, ...] = (), title: str = "made up") -> bytes:
    components = [
        {
            "type": "Study Component",
            "attributes": [{"name": "Name", "value": f"Part {name}"}, {"name": "File List", "value": name}],
        }
        for name in lists
    ]
    section = {
        "type": "Study",
        "attributes": [
            {"name": "Title", "value": title},
            {"name": "Description", "value": "A made-up study."},
        ],
        "subsections": components,
    }
    release = [{"name": "ReleaseDate", "value": "2026-01-02"}]
    return json.dumps(
        {"accno": accession, "type": "submission", "attributes": release, "section": section}
    ).encode()


def made_up_list(count: int) -> bytes:
    rows = [{"path": f"a/{number}.tif", "size": 10 + number, "type": "file"} for number in range(count)]
    return json.dumps(rows).encode()


def made_up_entry(accession: str) -> bytes:
    entry = {
        "title": f"Made-up entry {accession}",
        "status": "REL",
        "release_date": "2026-02-03",
        "authors": [{"author": {"name": "Doe J", "author_orcid": None}}],
        "imagesets": [{"name": "Micrographs", "directory": "data", "num_images_or_tilt_series": 3}],
    }
    return json.dumps({accession: entry}).encode()


@dataclass(frozen=True)
class Shared:
    """A shared record that can be replayed."""

    accession: str
    body: bytes
    lists: dict[str, bytes]


def shared_records(folder: Path) -> list[Shared]:
    """The shared submissions and entries, one version each; lists that are not there are made up."""
    from rembigraph.loaders.file_lists_gather import names_of_lists
    from rembigraph.ontology.identifiers import is_accession

    found: dict[str, Shared] = {}
    for path in sorted((folder / "realdata" / "biostudies").glob("S-*.json")):
        document = json.loads(path.read_bytes())
        accession = document.get("accno") or ""
        if accession and is_accession(accession) and path.name.startswith(f"{accession}__"):
            lists = {name: _shared_list(folder, accession, name) for name in set(names_of_lists(document))}
            found.setdefault(accession, Shared(accession, path.read_bytes(), lists))
    for path in sorted((folder / "realdata" / "empiar").glob("EMPIAR-*.json")):
        (accession,) = json.loads(path.read_bytes())
        found.setdefault(accession, Shared(accession, path.read_bytes(), {}))
    return list(found.values())


def _shared_list(folder: Path, accession: str, name: str) -> bytes:
    path = folder / "realdata" / "biostudies" / "filelists" / f"{accession}__{name}"
    return path.read_bytes() if path.is_file() else made_up_list(3 + len(name) % 5)


def replay_shared(replay: Replay, records: list[Shared]) -> None:
    """Serve shared records, every other submission by a link."""
    for number, record in enumerate(records):
        if record.accession.startswith("EMPIAR"):
            replay.entry(record.accession, record.body)
        else:
            replay.submission(record.accession, record.body, record.lists, linked=number % 2 == 0)
