"""Content coding: what goes out as a whole goes out compressed, for who can read that (RFC 9110, section 8.4).

Results of queries are streams, and coded as such (`app.sparql.coding`).
"""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from typing import Final, TypeAlias

from rembigraph.app.negotiation import LEAST_CODED_BYTES, codings

_LEVEL: Final = 6
_TEXT: Final = (b"text/", b"image/svg+xml")
_TEXT_ENDS: Final = (b"json", b"xml", b"n-triples", b"n-quads", b"trig", b"linkset", b"bibtex", b"yaml")

Headers: TypeAlias = Sequence[tuple[bytes, bytes]]


def reads_gzip(accept_encoding: bytes) -> bool:
    """Whether an `Accept-Encoding` header lets an answer be gzipped: named, or by `*`, with a weight that isn't 0."""
    named = codings(accept_encoding.decode("latin-1"))
    return named.get("gzip", named.get("x-gzip", named.get("*", 0.0))) > 0


def may_be_coded(headers: Headers, size: int) -> bool:
    """Whether an answer is text, long enough, and not coded yet."""
    found = dict(headers)
    kind = found.get(b"content-type", b"").split(b";")[0].strip()
    is_text = kind.startswith(_TEXT) or kind.endswith(_TEXT_ENDS)
    return is_text and size >= LEAST_CODED_BYTES and b"content-encoding" not in found


def varying(headers: Headers) -> list[tuple[bytes, bytes]]:
    """Return headers that say that the answer depends on `Accept-Encoding`."""
    vary = b", ".join([value for name, value in headers if name == b"vary"] + [b"Accept-Encoding"])
    return [pair for pair in headers if pair[0] != b"vary"] + [(b"vary", vary)]


def packed(body: bytes) -> bytes:
    """Return a body gzipped; the same bytes each time."""
    return gzip.compress(body, _LEVEL, mtime=0)


def coded(headers: Headers, size: int | None) -> list[tuple[bytes, bytes]]:
    """Return the headers of an answer once it is gzipped.

    Its entity tag becomes a weak one, because the bytes are others and what they say is the same.

    Args:
        headers: those of the answer as it is, which varies by coding already.
        size: its gzipped size in bytes; None when nothing was gzipped, as in an answer to HEAD.
    """
    kept = [(name, _weak(value) if name == b"etag" else value) for name, value in headers]
    kept = [pair for pair in kept if pair[0] != b"content-length"]
    length = [] if size is None else [(b"content-length", str(size).encode())]
    return [*kept, (b"content-encoding", b"gzip"), *length]


def _weak(tag: bytes) -> bytes:
    return tag if tag.startswith(b"W/") else b"W/" + tag
