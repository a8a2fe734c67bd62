"""Keeps whole answers: what one generation says at an address is made once, and then sent as it is.

Outermost in the server, before any routing. Only what `answers.answer` made is kept: the generation, the address and
what is negotiated decide it alone.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from rembigraph.app.pages.answers import KEEP, holds
from starlette.types import ASGIApp, Message, Receive, Scope, Send

KEPT_BYTES: Final = 64 * 1024 * 1024
_NEGOTIATED: Final = (b"accept", b"accept-profile")
_MAX_KEY: Final = 2048
_NOT_IN_304: Final = (b"content-type", b"content-length")

Headers: TypeAlias = list[tuple[bytes, bytes]]
Key: TypeAlias = tuple[int, bytes, bytes, bytes, bytes]


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
        generation = self.generation() if scope["type"] == "http" else None
        if generation is None or scope["method"] not in {"GET", "HEAD"}:
            await self.app(scope, receive, send)
            return
        asked = dict(reversed(scope["headers"]))
        key = _key(generation, scope, asked)
        kept = self._held.get(key)
        if kept:
            self._held.move_to_end(key)
            for message in kept.messages(scope, asked.get(b"if-none-match", b"").decode("latin-1")):
                await send(message)
            return
        made = _Recorder(send)
        await self.app(scope, receive, made)
        if scope["method"] == "GET" and scope.get(KEEP) and self.generation() == generation:
            self._keep(key, made.kept())

    def _keep(self, key: Key, kept: _Kept | None) -> None:
        if kept is None or kept.size > self.limit // 8 or sum(map(len, key[1:])) > _MAX_KEY:
            return
        if key not in self._held:
            self._held[key] = kept
            self._bytes += kept.size
        while self._bytes > self.limit:
            _, dropped = self._held.popitem(last=False)
            self._bytes -= dropped.size


class _Recorder:
    """Sends an answer on and remembers it."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message = {}
        self._bodies: list[Message] = []

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
        elif not self._bodies:
            self._bodies.append(message)
        await self._send(message)

    def kept(self) -> _Kept | None:
        """Return the answer, if it is whole and has an entity tag."""
        headers: Headers = list(self._start.get("headers", ()))
        etag = dict(headers).get(b"etag", b"").decode("latin-1")
        if self._start.get("status") != 200 or not etag or len(self._bodies) != 1:
            return None
        (body,) = self._bodies
        return None if body.get("more_body") else _Kept(headers, body.get("body", b""), etag)


def _key(generation: int, scope: Scope, asked: Mapping[bytes, bytes]) -> Key:
    path = scope.get("raw_path") or scope["path"].encode()
    accept, profile = (asked.get(name, b"") for name in _NEGOTIATED)
    return generation, path, scope["query_string"], accept, profile
