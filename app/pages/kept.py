"""Keeps whole answers: what one generation says at an address is made once, and then sent as it is.

Outermost in the server, before any routing. Only what `answers.answer` made is kept: the generation, the address and
what is negotiated decide it alone. What is sent as a whole is compressed here (`coding`), once when it is kept.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from rembigraph.app.pages.answers import KEEP, holds
from rembigraph.app.pages.coding import coded, may_be_coded, packed, reads_gzip, varying
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

KEPT_BYTES: Final = 64 * 1024 * 1024
_NEGOTIATED: Final = (b"accept", b"accept-profile")
_MAX_KEY: Final = 2048
_NOT_IN_304: Final = (b"content-type", b"content-length", b"content-encoding")
_LONG: Final = 16_384

Headers: TypeAlias = list[tuple[bytes, bytes]]
Key: TypeAlias = tuple[int, bytes, bytes, bytes, bytes, bool]


@dataclass(frozen=True)
class _Kept:
    """An answer of status 200 as it was sent."""

    headers: Headers
    body: bytes
    etag: str

    @property
    def size(self) -> int:
        return len(self.body) + sum(len(name) + len(value) for name, value in self.headers)

    def messages(self, scope: Scope, if_none_match: str) -> tuple[Message, Message]:
        """Return what answers a request: nothing but the headers when the client holds it already."""
        status, headers, body = 200, self.headers, self.body
        if if_none_match and holds(if_none_match, self.etag):
            status, body = 304, b""
            headers = [pair for pair in headers if pair[0] not in _NOT_IN_304]
        if scope["method"] == "HEAD":
            body = b""
        start = {"type": "http.response.start", "status": status, "headers": headers}
        return start, {"type": "http.response.body", "body": body}


@dataclass
class KeptAnswers:
    """Answers of the generation that is served; the least used leave first. Lives in the event loop's thread alone.

    Args:
        app: the server behind it.
        generation: gives the number of the generation that is served; None while that must be looked at.
        limit: most bytes that are kept.
    """

    app: ASGIApp
    generation: Callable[[], int | None]
    limit: int = KEPT_BYTES
    _held: OrderedDict[Key, _Kept] = field(default_factory=OrderedDict)
    _bytes: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from what is kept, or ask the server and keep what it says."""
        if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"}:
            await self.app(scope, receive, send)
            return
        generation = self.generation()
        asked = dict(reversed(scope["headers"]))
        gzip = reads_gzip(asked.get(b"accept-encoding", b""))
        key = _key(generation or 0, scope, asked, gzip)
        kept = self._held.get(key) if generation is not None else None
        if kept:
            self._held.move_to_end(key)
            for message in kept.messages(scope, asked.get(b"if-none-match", b"").decode("latin-1")):
                await send(message)
            return
        made = _Recorder(send, gzip, is_head=scope["method"] == "HEAD")
        await self.app(scope, receive, made)
        is_answer = scope["method"] == "GET" and scope.get(KEEP)
        if is_answer and generation is not None and generation == self.generation():
            self._keep(key, made.kept())

    def _keep(self, key: Key, kept: _Kept | None) -> None:
        if kept is None or kept.size > self.limit // 8 or sum(map(len, key[1:5])) > _MAX_KEY:
            return
        if key not in self._held:
            self._held[key] = kept
            self._bytes += kept.size
        while self._bytes > self.limit:
            _, dropped = self._held.popitem(last=False)
            self._bytes -= dropped.size


class _Recorder:
    """Sends an answer on, gzipped if it is whole and the client reads that, and remembers what it sent."""

    def __init__(self, send: Send, gzip: bool, is_head: bool) -> None:
        self._send = send
        self._gzip = gzip
        self._is_head = is_head
        self._start: Message = {}
        self._kept: _Kept | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        start, self._start = self._start, {}
        if start and message["type"] == "http.response.body" and not message.get("more_body"):
            start, message = await self._whole(start, message.get("body", b""))
        if start:
            await self._send(start)
        await self._send(message)

    async def _whole(self, start: Message, body: bytes) -> tuple[Message, Message]:
        """Return an answer of one piece as it is sent."""
        headers: Headers = list(start.get("headers", ()))
        etag = dict(headers).get(b"etag", b"").decode("latin-1")
        length = int(dict(headers).get(b"content-length", b"0")) if self._is_head else len(body)
        codable = may_be_coded(headers, length)
        if codable or start["status"] == 304:
            headers = varying(headers)
        if codable and self._gzip:
            body = await run_in_threadpool(packed, body) if len(body) > _LONG else packed(body)
            headers = coded(headers, None if self._is_head else len(body))
            body = b"" if self._is_head else body
        if start["status"] == 200 and etag:
            self._kept = _Kept(headers, body, etag)
        return {**start, "headers": headers}, {"type": "http.response.body", "body": body}

    def kept(self) -> _Kept | None:
        """Return the answer as it was sent, if it was whole and has an entity tag."""
        return self._kept


def _key(generation: int, scope: Scope, asked: Mapping[bytes, bytes], gzip: bool) -> Key:
    path = scope.get("raw_path") or scope["path"].encode()
    accept, profile = (asked.get(name, b"") for name in _NEGOTIATED)
    return generation, path, scope["query_string"], accept, profile, gzip
