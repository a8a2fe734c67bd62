"""The archive: every source document as received, and the canonical quads made from it, kept for good.

```
archive/<ACCESSION>/<source>/<sha256>.src.zst   the source bytes (mode 0600: private, never served)
archive/<ACCESSION>/<source>/<sha256>.nq.zst    the canonical quads (the truth that is served)
```
The name of a file is the SHA-256 of its *uncompressed* content, so every reading is a check.
Files are written beside the archive proper, synced, and only then moved to their names: a name that exists
has its whole content.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Final

import zstandard
from rembigraph.ontology.errors import StoreDamaged, UsageError
from rembigraph.ontology.identifiers import Iris

MAX_DOCUMENT_BYTES: Final = 1 << 30
"""Largest document, uncompressed, that is archived or read back: 1 GiB."""

QUALITIES: Final = ("draft", "original", "curated")
"""From the least to the best; the best wins within one (accession, source)."""

_COMPRESSION_LEVEL: Final = 3  # measured on 42 kB of quads: 0.06 ms; level 12 takes 0.6 ms and saves nothing
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_PRIVATE, _PUBLIC = 0o600, 0o644
_REPAIR: Final = "run `rembigraph fsck` to see everything that is damaged"


@dataclass(frozen=True)
class CanonicalRecord:
    """One source record of one accession, ready to be published.

    Attributes:
        accession: the study, in canonical spelling.
        source: kind of source (`gide`, `rembigraph`, `pagetab`, ...).
        source_bytes: the document as received.
        quads: canonical N-Quads: unique sorted lines, each ended by a line feed, all in named graphs.
        mapping_version: version of the mapping that made the quads from the source bytes.
        quality: `curated`, `original` or `draft`.
        source_date: the ISO date that the source states, or an empty string.
        file: file name for people.
    """

    accession: str
    source: str
    source_bytes: bytes
    quads: bytes
    mapping_version: str
    quality: str
    source_date: str
    file: str

    @property
    def key(self) -> tuple[str, str]:
        """Accession and source: one record of each such pair is active at most."""
        return self.accession, self.source

    @cached_property
    def source_sha256(self) -> str:
        """SHA-256 of the source bytes, in hexadecimal."""
        return sha256(self.source_bytes).hexdigest()

    @cached_property
    def quads_sha256(self) -> str:
        """SHA-256 of the canonical quads, in hexadecimal."""
        return sha256(self.quads).hexdigest()

    @cached_property
    def triples(self) -> int:
        """Number of quads in the study graph, the record's own."""
        # A raw line feed never stands inside a canonical line, so this text can only end a line.
        return self.quads.count(f"/graph/{self.accession}/{self.source}> .\n".encode())

    @cached_property
    def quad_count(self) -> int:
        """Number of quads in all graphs."""
        return self.quads.count(b"\n")


def split_quad(line: bytes) -> tuple[bytes, bytes]:
    """Split a canonical quad (without its line feed) into its triple and the IRI of its named graph."""
    triple, graph, _ = line.rsplit(b" ", 2)
    return triple, graph[1:-1]


def check_canonical(record: CanonicalRecord, data_base: str) -> None:
    """Check that the record keeps the contract on which exact replacement rests.

    Its quads are sorted, unique and free of blank nodes; they lie in the study graph of the record, or in one
    of the shared graphs `provenance`, `validation` and `links`, and there the IRI of the subject has the
    accession as a segment.

    Raises:
        ValueError: the mapping that made the record has a fault (it is no fault of the source).
        UsageError: accession or source cannot name a folder.
    """
    where = f"record {record.accession} ({record.source})"
    check_name(record.accession)
    check_name(record.source)
    if record.quality not in QUALITIES:
        raise ValueError(f"{where}: unknown quality {record.quality!r}")
    if max(len(record.quads), len(record.source_bytes)) > MAX_DOCUMENT_BYTES:
        raise ValueError(f"{where}: larger than {MAX_DOCUMENT_BYTES} bytes")
    lines = record.quads.split(b"\n")
    if lines.pop() or not record.triples:
        raise ValueError(f"{where}: no triples in its own graph, or no line feed at the end")
    if any(first >= second for first, second in pairwise(lines)):
        raise ValueError(f"{where}: quads are not sorted and unique")
    iris = Iris(data_base)
    own = iris.record_graph(record.accession, record.source).encode()
    shared = {iris.graph(name).encode() for name in ("provenance", "validation", "links")}
    belongs = re.compile(rb"[/#]" + re.escape(record.accession.encode()) + rb"[/#>]")
    for line in lines:
        _check_quad(line, own, shared, belongs, where)


def _check_quad(line: bytes, own: bytes, shared: set[bytes], belongs: re.Pattern[bytes], where: str) -> None:
    terms = line.split(b" ", 2)
    graph = b""
    if len(terms) == 3 and terms[2].endswith(b"> .") and terms[2].count(b" ") >= 2:
        graph = split_quad(line)[1]
    if graph != own and (graph not in shared or not belongs.search(terms[0])):
        raise ValueError(f"{where}: a quad outside of what belongs to it: {line[:200]!r}")
    if terms[0].startswith(b"_:") or terms[2].startswith(b"_:"):
        raise ValueError(f"{where}: a blank node: {line[:200]!r}")


def check_name(text: str) -> str:
    """Return the text if it can name a folder of the archive.

    Raises:
        UsageError: it cannot (empty, a path, longer than 200 characters, ...).
    """
    if not _NAME.fullmatch(text):
        raise UsageError(f"{text[:80]!r} cannot be an accession or a kind of source in this catalogue")
    return text


class Archive:
    """The archive folder of a catalogue.

    Args:
        path: the folder `archive`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._incoming = path / ".incoming"

    def source_path(self, accession: str, source: str, sha256_hex: str) -> Path:
        """Path of archived source bytes."""
        return self._folder(accession, source) / f"{sha256_hex}.src.zst"

    def quads_path(self, accession: str, source: str, sha256_hex: str) -> Path:
        """Path of archived canonical quads."""
        return self._folder(accession, source) / f"{sha256_hex}.nq.zst"

    def read_source(self, accession: str, source: str, sha256_hex: str) -> bytes:
        """Return source bytes as received.

        Raises:
            StoreDamaged: the file is missing, unreadable or not what its name says.
        """
        return _read(self.source_path(accession, source, sha256_hex), sha256_hex)

    def read_quads(self, accession: str, source: str, sha256_hex: str) -> bytes:
        """Return canonical quads.

        Raises:
            StoreDamaged: the file is missing, unreadable or not what its name says.
        """
        return _read(self.quads_path(accession, source, sha256_hex), sha256_hex)

    def store(self, records: Iterable[CanonicalRecord]) -> None:
        """Archive source bytes and quads of these records; when this returns they are on the disk.

        Files that are there already with the right content are left alone.

        Raises:
            OSError: the disk is full or not writable; files that were not complete are removed.
        """
        self.sweep()
        self._incoming.mkdir(mode=0o700, exist_ok=True)
        moves: dict[Path, Path] = {}
        folders = {self.path}
        try:
            for record in records:
                folder = self._folder(*record.key)
                folder.mkdir(parents=True, exist_ok=True)
                folders |= {folder.parent, folder}
                self._write_missing(record, moves)
            # All writes come before the first fsync: the file system then commits them in few rounds.
            for fresh in moves.values():
                sync_file(fresh)
            for final, fresh in moves.items():
                fresh.replace(final)
            for folder in sorted(folders, reverse=True):
                sync_folder(folder)
        finally:
            self.sweep()

    def sweep(self) -> None:
        """Remove what an interrupted `store` left behind."""
        shutil.rmtree(self._incoming, ignore_errors=True)

    def _folder(self, accession: str, source: str) -> Path:
        return self.path / check_name(accession) / check_name(source)

    def _write_missing(self, record: CanonicalRecord, moves: dict[Path, Path]) -> None:
        targets = (
            (self.source_path(*record.key, record.source_sha256), record.source_bytes, _PRIVATE),
            (self.quads_path(*record.key, record.quads_sha256), record.quads, _PUBLIC),
        )
        for final, content, mode in targets:
            if final not in moves and not _holds(final, content):
                fresh = self._incoming / f"{len(moves)}"
                write_file(fresh, compress(content), mode)
                moves[final] = fresh


def compress(content: bytes) -> bytes:
    """Compress a document with Zstandard; the same bytes always give the same file."""
    return zstandard.ZstdCompressor(level=_COMPRESSION_LEVEL, write_checksum=True).compress(content)


def decompress(packed: bytes, *, limit: int = MAX_DOCUMENT_BYTES) -> bytes:
    """Return the document in a Zstandard frame that states its size.

    Raises:
        ValueError: not one whole frame, or larger than `limit` bytes.
    """
    try:
        # The stated size is checked first, because the decompressor allocates that much without asking.
        size = zstandard.frame_content_size(packed)
        if not 0 <= size <= limit:
            raise ValueError(f"states a size of {size} bytes, more than {limit}")
        return zstandard.ZstdDecompressor().decompress(packed, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise ValueError(str(error)) from error


def write_file(path: Path, content: bytes, mode: int = _PUBLIC) -> None:
    """Write a new file; it is not on the disk before `sync_file`."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def sync_file(path: Path) -> None:
    """Return when the content of the file (or the entries of the folder) is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


sync_folder = sync_file


def _read(path: Path, sha256_hex: str) -> bytes:
    try:
        content = decompress(path.read_bytes())
    except FileNotFoundError as error:
        raise StoreDamaged("an archived file is missing", where=str(path), fix=_REPAIR) from error
    except (OSError, ValueError) as error:
        raise StoreDamaged(
            f"an archived file is unreadable: {error}", where=str(path), fix=_REPAIR
        ) from error
    if sha256(content).hexdigest() != sha256_hex:
        raise StoreDamaged("an archived file is not what its name says", where=str(path), fix=_REPAIR)
    return content


def _holds(path: Path, content: bytes) -> bool:
    """Whether the file holds exactly this content; a damaged file does not."""
    try:
        return decompress(path.read_bytes()) == content
    except (OSError, ValueError):
        return False
