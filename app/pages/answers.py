"""Answers with validators: the same request twice costs a hash the second time."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Final

from rembigraph.app.pages.rendering import secure
from starlette.requests import Request
from starlette.responses import Response

KEEP: Final = "rembigraph.keep"
"""Key of a request's scope: the generation, the address and what is negotiated alone decide its answer."""
OPEN: Final[Mapping[str, str]] = {"Access-Control-Allow-Origin": "*"}
"""What says that pages of any origin may read an answer."""
CACHE_BYTES: Final = 32 * 1024 * 1024


@dataclass(frozen=True)
class Body:
    """A rendered answer: its bytes and its entity tag."""

    content: bytes
    etag: str

    @classmethod
    def of(cls, content: bytes) -> Body:
        """Tag an answer with the hash of its content."""
        return cls(content, f'"{hashlib.sha256(content).hexdigest()[:32]}"')


@dataclass
class BodyCache:
    """Rendered answers of a generation, the least used leave first. Bounded by bytes; threads share it."""

    limit: int = CACHE_BYTES
    _held: OrderedDict[Hashable, Body] = field(default_factory=OrderedDict)
    _bytes: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, key: Hashable, make: Callable[[], bytes]) -> Body:
        """Return the answer for a key, making it when it is not there."""
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key]
        body = Body.of(make())
        with self._lock:
            if key not in self._held and len(body.content) <= self.limit // 8:
                self._held[key] = body
                self._bytes += len(body.content)
            while self._bytes > self.limit:
                _, dropped = self._held.popitem(last=False)
                self._bytes -= len(dropped.content)
        return body


def answer(
    request: Request,
    body: Body,
    media_type: str,
    headers: Mapping[str, str] | None = None,
    status: int = 200,
    *,
    keep: bool = True,
) -> Response:
    """Return an answer with its validators: 304 when the client holds it already, no content for HEAD.

    It must depend on nothing but the generation, the address and what is negotiated, unless `keep` is false: it may
    be kept (see `kept`).
    """
    request.scope[KEEP] = keep
    fields = {"Cache-Control": "no-cache", "ETag": body.etag, **(headers or {})}
    if status == 200 and holds(request.headers.get("if-none-match", ""), body.etag):
        return Response(status_code=304, headers=fields)
    charset = "; charset=utf-8" if media_type.startswith("text/") and "charset" not in media_type else ""
    fields["Content-Type"] = media_type + charset
    response = Response(b"" if request.method == "HEAD" else body.content, status, fields)
    response.headers["Content-Length"] = str(len(body.content))
    if media_type.startswith("text/html"):
        secure(response.headers)
    return response


def holds(header: str, etag: str) -> bool:
    """Whether an `If-None-Match` header names the tag (weak comparison, RFC 9110 section 13.1.2)."""
    if header.strip() == "*":
        return True
    tags = (tag.strip().removeprefix("W/") for tag in header[:8192].split(","))
    return etag in tags
