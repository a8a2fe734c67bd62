"""Dumps that are too large to be one document, cut into documents of whole records.

The canonical dump has all quads of an accession in one run, those about its reading and validation among them, and a
quad says in its graph, or in its subject, of which accession it is. So it is cut between accessions, line by line, and
is never in memory as a whole. Any other large file is left as it is: only whole records can be read on their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from rembigraph.loaders.rdf_syntax import MAX_STATEMENTS
from rembigraph.loaders.reading import Document
from rembigraph.ontology.errors import SourceError, SourceMalformed

MIB: Final = 1024 * 1024
PIECE_BYTES: Final = 8 * MIB
MAX_PIECE_BYTES: Final = 64 * MIB  # of one accession
MAX_DUMP_BYTES: Final = 2048 * MIB

_CHUNK_BYTES: Final = MIB
_QUAD: Final = re.compile(
    rb"<(?P<subject>[^<>]*)> <[^<>]*> .+ <(?P<base>[^<>]*/)graph/"
    rb"(?:(?P<accession>[^<>/]+)/[^<>/]+|provenance|validation)> \.\n"
)
_FIX: Final = "Load what `rembigraph dump` writes as it is, or split the file, whole records in each."


def is_large_dump(data: bytes, most: int) -> bool:
    """Whether this begins like a canonical dump and is more than one document may hold.

    Args:
        data: the first bytes of a file, more than `most` where there are more.
        most: bytes that one document may have.
    """
    is_large = len(data) > most or data.count(b"\n") > MAX_STATEMENTS
    return is_large and _QUAD.fullmatch(data[: data.find(b"\n") + 1]) is not None


def cut(name: str, start: bytes, read: Callable[[int], bytes]) -> Iterator[Document | SourceError]:
    """Yield the documents of a dump; an error, and nothing more, where it stops being one.

    Args:
        name: of the file.
        start: its first bytes.
        read: gives at most as many of the bytes that follow, none at the end.
    """
    piece = _Piece(name)
    done: set[bytes] = set()
    for line in _lines(start, read):
        accession = _accession(line)
        if accession != piece.accession:
            if not accession or accession in done or piece.place > MAX_DUMP_BYTES:
                yield piece.error(accession)
                return
            done.add(piece.accession)
            if piece.size >= PIECE_BYTES:
                yield piece.taken()
        if piece.size > MAX_PIECE_BYTES:
            yield piece.error(accession)
            return
        piece.add(line, accession)
    yield piece.taken()


class _Piece:
    """The lines that are the next document."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lines: list[bytes] = []
        self._first = 1
        self.accession = b""
        self.size = self.place = 0

    def add(self, line: bytes, accession: bytes) -> None:
        """Add a line of an accession."""
        self._lines.append(line)
        self.accession = accession
        self.size += len(line)
        self.place += len(line)

    def taken(self) -> Document:
        """Return the document, and begin the next."""
        last = self._first + len(self._lines) - 1
        document = Document(self._name, f"lines {self._first}-{last}", b"".join(self._lines))
        self._lines, self._first, self.size = [], last + 1, 0
        return document

    def error(self, accession: bytes) -> SourceMalformed:
        """Return the error for the line that comes next."""
        shown = accession.decode("utf-8", "replace")[:80]
        message = (
            f"the quads of {shown} are too many, or do not stand together" if accession else "this is no quad"
        )
        return SourceMalformed(
            f"a file of this size is read only as a dump with whole records, one after the other: {message}",
            source=self._name,
            pointer=f"{self._first + len(self._lines)}:1",
            code="too-large",
            fix=_FIX,
        )


def _lines(start: bytes, read: Callable[[int], bytes]) -> Iterator[bytes]:
    """Yield lines with their ends. A last line without one, or one that is too long, is no quad."""
    rest, chunk = b"", start
    while chunk and len(rest) <= MAX_PIECE_BYTES:
        *whole, after = chunk.split(b"\n")  # a line feed only: splitlines() knows other ends
        for line in whole:
            yield rest + line + b"\n"
            rest = b""
        rest += after
        chunk = read(_CHUNK_BYTES)
    if rest:
        yield rest


def _accession(line: bytes) -> bytes:
    """Return the accession that a quad belongs to; empty for what is none of a dump's quads."""
    quad = _QUAD.fullmatch(line)
    if quad is None:
        return b""
    if quad["accession"]:
        return quad["accession"]
    subject, base = quad["subject"], quad["base"]
    return subject.removeprefix(base).split(b"/", 1)[0] if subject.startswith(base) else b""
