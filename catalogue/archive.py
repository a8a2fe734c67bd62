"""The archive: every source document as received, and the canonical quads made from it, kept for good.

```
archive/<ACCESSION>/<source>/<sha256>.src.zst   the source bytes (mode 0600: private, never served)
archive/<ACCESSION>/<source>/<sha256>.nq.zst    the canonical quads (the truth that is served)
```
The name of a file is the SHA-256 of its *uncompressed* content, so every reading is a check.
Files are written in a staging folder (`archive/.incoming/`), synced, and only then moved to their names: a name
that exists has its whole content. A batch is staged record by record, by whatever process mapped it, so that it
is never in memory as a whole; what is staged is no part of the catalogue until it is stored and in the ledger.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from itertools import islice
from operator import ge
from pathlib import Path
from threading import local
from typing import TYPE_CHECKING, Final, TypeAlias
from uuid import uuid4

import zstandard
from rembigraph.catalogue.durable import put_in_place, sync_files, write_file
from rembigraph.ontology.errors import StoreDamaged, UsageError
from rembigraph.ontology.identifiers import Iris

if TYPE_CHECKING:
    from rembigraph.catalogue.ledger import RecordEntry

MAX_DOCUMENT_BYTES: Final = 1 << 30
"""Largest document, uncompressed, that is archived or read back: 1 GiB."""

QUALITIES: Final = ("draft", "original", "curated")
"""From the least to the best; the best wins within one (accession, source)."""

_COMPRESSION_LEVEL: Final = 3  # measured on 42 kB of quads: 0.06 ms; level 12 takes 0.6 ms and saves nothing
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_PRIVATE, _PUBLIC = 0o600, 0o644
_of_thread: Final = local()
_FOUR_TERMS: Final = re.compile(rb"(?!_:)[^ ]+ [^ ]+ (?!_:)[^ ]+ (?!\.$)")  # how a sound line begins
_REPAIR: Final = (
    "run `rembigraph fsck` to see everything that is damaged, and `rembigraph restore` to mend it"
)


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


@dataclass(frozen=True)
class StagedRecord:
    """A canonical record whose bytes lie in a staging folder; what is left to hold is small.

    Attributes:
        accession, source, mapping_version, quality, source_date, file: as of the canonical record.
        source_sha256: SHA-256 of the source bytes, in hexadecimal.
        quads_sha256: SHA-256 of the canonical quads, in hexadecimal.
        triples: number of quads in the study graph.
        quad_count: number of quads in all graphs.
        source_path: the staged source bytes (Zstandard).
        quads_path: the staged quads (Zstandard).
    """

    accession: str
    source: str
    mapping_version: str
    quality: str
    source_date: str
    file: str
    source_sha256: str
    quads_sha256: str
    triples: int
    quad_count: int
    source_path: Path
    quads_path: Path

    @property
    def key(self) -> tuple[str, str]:
        """Accession and source: one record of each such pair is active at most."""
        return self.accession, self.source


AnyRecord: TypeAlias = CanonicalRecord | StagedRecord
"""A record to publish: in memory, or staged."""


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
    if any(map(ge, lines, islice(lines, 1, None))):
        raise ValueError(f"{where}: quads are not sorted and unique")
    if not all(map(_FOUR_TERMS.match, lines)):
        unsound = next(line for line in lines if not _FOUR_TERMS.match(line))
        raise ValueError(f"{where}: a blank node, or no named graph: {unsound[:200]!r}")
    for line in _strays(record, lines, Iris(data_base)):
        raise ValueError(f"{where}: a quad outside of what belongs to it: {line[:200]!r}")


def _strays(record: CanonicalRecord, lines: Iterable[bytes], iris: Iris) -> Iterator[bytes]:
    """Yield quads that lie neither in the record's own graph nor, about its own things, in a shared graph."""
    own = f" <{iris.record_graph(record.accession, record.source)}> .".encode()
    shared = tuple(f" <{iris.graph(name)}> .".encode() for name in ("validation", "provenance", "links"))
    segments = [f"{first}{record.accession}{last}".encode() for first in "/#" for last in "/>#"]
    for line in lines:
        if not line.endswith(own):
            subject = line.partition(b" ")[0]
            if not (line.endswith(shared) and any(segment in subject for segment in segments)):
                yield line


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

    def has_source(self, accession: str, source: str, sha256_hex: str) -> bool:
        """Whether the source bytes are there, with the content that their name says."""
        return archived(self.source_path(accession, source, sha256_hex), sha256_hex) is not None

    def has_quads(self, accession: str, source: str, sha256_hex: str) -> bool:
        """Whether the canonical quads are there, with the content that their name says."""
        return archived(self.quads_path(accession, source, sha256_hex), sha256_hex) is not None

    def staging(self) -> Staging:
        """Make a folder for the records of one batch. For the writer only."""
        folder = self._incoming / uuid4().hex
        folder.mkdir(mode=0o700, parents=True)
        return Staging(folder)

    def store(self, records: Iterable[AnyRecord]) -> None:
        """Archive source bytes and quads of these records; when this returns they are on the disk.

        Staged records leave their staging folder. Files that are there already with the right content are left
        alone.

        Raises:
            OSError: the disk is full or not writable, or a staged file is gone; what was written here and is
                not complete is removed.
        """
        records = list(records)
        if not records:
            return
        own = self.staging()
        moves: dict[Path, Path] = {}
        folders = {self.path}
        try:
            for record in records:
                folder = self._folder(*record.key)
                folder.mkdir(parents=True, exist_ok=True)
                folders |= {folder.parent, folder}
                self._note_missing(record, own, moves)
            # All writes come before the first fsync: the file system then commits them in few rounds.
            sync_files(moves.values())
            for final, fresh in moves.items():
                put_in_place(fresh, final)
            for depth in sorted({len(folder.parts) for folder in folders}, reverse=True):
                sync_files(folder for folder in folders if len(folder.parts) == depth)
        finally:
            own.clear()

    def holds(self, record: AnyRecord | RecordEntry) -> bool:
        """Whether source bytes and quads of a record are there, with the content that their names say."""
        return all(archived(path, digest) is not None for path, digest in self.files_of(record))

    def files_of(self, record: AnyRecord | RecordEntry) -> tuple[tuple[Path, str], tuple[Path, str]]:
        """Return where the source bytes and the quads of a record lie, each with the SHA-256 of its content."""
        return (
            (self.source_path(*record.key, record.source_sha256), record.source_sha256),
            (self.quads_path(*record.key, record.quads_sha256), record.quads_sha256),
        )

    def sweep(self) -> None:
        """Remove everything that is staged. For the writer only."""
        shutil.rmtree(self._incoming, ignore_errors=True)

    def _folder(self, accession: str, source: str) -> Path:
        return self.path / check_name(accession) / check_name(source)

    def _note_missing(self, record: AnyRecord, own: Staging, moves: dict[Path, Path]) -> None:
        """Note which staged files must be moved where; records in memory are staged first."""
        missing = [
            (final, final not in moves and archived(final, digest) is None)
            for final, digest in self.files_of(record)
        ]
        if any(lacks for _, lacks in missing):
            staged = record if isinstance(record, StagedRecord) else own.put(record)
            for (final, lacks), path in zip(missing, (staged.source_path, staged.quads_path), strict=True):
                if lacks:
                    moves[final] = path


@dataclass(frozen=True)
class Staging:
    """A folder in which records of one batch wait, compressed. Any process may put records into it.

    Attributes:
        path: the folder; it exists as long as its batch.
    """

    path: Path

    def put(self, record: CanonicalRecord) -> StagedRecord:
        """Write the bytes of a record into the folder; they are not yet synced.

        Raises:
            OSError: the disk is full, or the batch has ended; nothing of the record is left.
        """
        name = uuid4().hex
        source_path, quads_path = self.path / f"{name}.src.zst", self.path / f"{name}.nq.zst"
        try:
            write_file(source_path, compress(record.source_bytes), mode_of(source_path))
            write_file(quads_path, compress(record.quads), mode_of(quads_path))
        except OSError:
            source_path.unlink(missing_ok=True)
            quads_path.unlink(missing_ok=True)
            raise
        return StagedRecord(
            accession=record.accession,
            source=record.source,
            mapping_version=record.mapping_version,
            quality=record.quality,
            source_date=record.source_date,
            file=record.file,
            source_sha256=record.source_sha256,
            quads_sha256=record.quads_sha256,
            triples=record.triples,
            quad_count=record.quad_count,
            source_path=source_path,
            quads_path=quads_path,
        )

    def clear(self) -> None:
        """Remove the folder with all that is in it."""
        ended = self.path.with_suffix(".ended")
        with suppress(
            OSError
        ):  # under another name first: a process that is still at work puts nothing more into it
            self.path.rename(ended)
            shutil.rmtree(ended, ignore_errors=True)
        with suppress(OSError):  # another batch may be staged beside it
            self.path.parent.rmdir()


def compress(content: bytes) -> bytes:
    """Compress a document with Zstandard; the same bytes always give the same file."""
    return _compressor().compress(content)


def _compressor() -> zstandard.ZstdCompressor:
    """Return this thread's compressor: making one takes as long as compressing a small record."""
    if not hasattr(_of_thread, "compressor"):
        _of_thread.compressor = zstandard.ZstdCompressor(level=_COMPRESSION_LEVEL, write_checksum=True)
    compressor: zstandard.ZstdCompressor = _of_thread.compressor
    return compressor


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


def mode_of(path: Path) -> int:
    """Return the mode of an archived file: source bytes are private."""
    return _PRIVATE if path.name.endswith(".src.zst") else _PUBLIC


def archived(path: Path, sha256_hex: str) -> bytes | None:
    """Return the content of an archived file; None if it is missing, unreadable or not what its name says."""
    try:
        return _read(path, sha256_hex)
    except StoreDamaged:
        return None
