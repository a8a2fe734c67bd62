"""Content codings of answers: gzip and zstd, as a stream whose first bytes leave at once (RFC 9110, 8.4; RFC 8878)."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterable, AsyncIterator
from typing import Final, Literal, Protocol

import zstandard
from rembigraph.app.negotiation import codings

Coding = Literal["zstd", "gzip", ""]

_GZIP_WINDOW: Final = 31
_LEVEL: Final = 1
_OFFERED: Final[tuple[Coding, ...]] = ("zstd", "gzip")


class _Encoder(Protocol):
    def compress(self, data: bytes) -> bytes: ...

    def flush(self, mode: int = ...) -> bytes: ...


def choose_coding(accept_encoding: str) -> Coding:
    """Return the coding that a client takes, zstd before gzip at the same quality; empty for none.

    >>> choose_coding("gzip, deflate, br, zstd"), choose_coding("gzip;q=1.0, zstd;q=0.5"), choose_coding("br")
    ('zstd', 'gzip', '')
    """
    qualities = codings(accept_encoding)
    best: Coding = ""
    for coding in _OFFERED:
        if 0 < qualities.get(coding, 0.0) <= 1 and qualities[coding] > qualities.get(best, 0.0):
            best = coding
    return best


async def encoded(parts: AsyncIterable[bytes], coding: Coding) -> AsyncIterator[bytes]:
    """Encode a stream; each part is sent on whole, before the next one is there.

    Where the stream breaks off, the coding is not ended either.
    """
    encoder, flush_mode = _encoder(coding)
    async for part in parts:
        yield encoder.compress(part) + encoder.flush(flush_mode)
    yield encoder.flush()


def encode(body: bytes, coding: Coding) -> bytes:
    """Encode a whole body."""
    encoder, _ = _encoder(coding)
    return encoder.compress(body) + encoder.flush()


def _encoder(coding: Coding) -> tuple[_Encoder, int]:
    if coding == "zstd":
        return zstandard.ZstdCompressor(level=_LEVEL).compressobj(), zstandard.COMPRESSOBJ_FLUSH_BLOCK
    return zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP_WINDOW), zlib.Z_SYNC_FLUSH
