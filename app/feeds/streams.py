"""Answers that are sent while they are made: memory does not grow with the catalogue."""

from __future__ import annotations

from hashlib import sha256
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from rembigraph.app.pages.answers import OPEN, holds
from starlette.responses import Response, StreamingResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from rembigraph.catalogue.following import Reader
    from starlette.requests import Request

PIECE_BYTES: Final = 1 << 16


def streamed(
    request: Request, reader: Reader, media_type: str, make: Callable[[], Iterator[bytes]], name: str = ""
) -> Response:
    """Answer with what is made piece by piece; 304 when the client holds that of this generation.

    Args:
        request: the request; its address and the generation alone decide the answer.
        reader: the catalogue.
        media_type: media type of the answer.
        make: begins to make it.
        name: name of the file that a browser saves; empty to show it.
    """
    with reader.snapshot() as snapshot:
        told = f"{version('rembigraph')} {snapshot.generation} {request.url.path}?{request.url.query}"
    etag = f'W/"{sha256(told.encode()).hexdigest()[:32]}"'
    headers = {"Cache-Control": "no-cache", "ETag": etag, **OPEN}
    if holds(request.headers.get("if-none-match", ""), etag.removeprefix("W/")):
        return Response(status_code=304, headers=headers)
    if name:
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
    if request.method == "HEAD":
        return Response(b"", 200, headers, media_type)
    return StreamingResponse(make(), 200, headers, media_type)


def gathered(pieces: Iterable[bytes], size: int = PIECE_BYTES) -> Iterator[bytes]:
    """Yield pieces of at least so many bytes, but for the last."""
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        if len(waiting) >= size:
            yield bytes(waiting)
            waiting.clear()
    if waiting:
        yield bytes(waiting)
