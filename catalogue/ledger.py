"""The ledger: what was published, when, and what became of it. Append-only JSON lines.

Every batch is written at once and ends with a line of kind `publish`, which carries the SHA-256 of the batch.
That line on the disk *is* the commit: a batch without a valid one was never acknowledged, is
ignored by readers and cut off by the next writer.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Final, TypeAlias

from rembigraph.catalogue.archive import QUALITIES, AnyRecord
from rembigraph.catalogue.batches import COMMIT, Batch, BatchCopies, certifies, parsed
from rembigraph.ontology.errors import StoreDamaged

Key: TypeAlias = tuple[str, str]
"""Accession and source."""

_COMMIT_START: Final = b'{"kind":"publish"'
_BLOCK: Final = 1024 * 1024
"""Bytes of the ledger that are looked at together where not all of it is wanted."""

_RESTORE: Final = "run `rembigraph restore`: it puts the ledger together again from its second copies"


@dataclass(frozen=True, kw_only=True)
class RecordEntry:
    """A line of kind `record`: the state that a record took in a generation.

    Attributes:
        generation: number of the generation that began with this state.
        time: when it was published (UTC, ISO 8601).
        accession: the study.
        source: kind of source.
        state: `active` (served), `superseded` (a better one is active) or `withdrawn`.
        source_sha256: SHA-256 of the source bytes.
        quads_sha256: SHA-256 of the canonical quads.
        triples: number of quads in the study graph.
        quads: number of quads in all graphs.
        mapping_version: version of the mapping that made the quads.
        quality: `curated`, `original` or `draft`.
        source_date: the ISO date that the source states, or an empty string.
        file: file name for people.
        reason: why it is superseded or withdrawn; empty when active.
    """

    kind: ClassVar[str] = "record"
    generation: int
    time: str
    accession: str
    source: str
    state: str
    source_sha256: str
    quads_sha256: str
    triples: int
    quads: int
    mapping_version: str
    quality: str
    source_date: str
    file: str
    reason: str = ""

    @classmethod
    def of(cls, record: AnyRecord, generation: int, time: str) -> RecordEntry:
        """Return the line that says: this record is active."""
        return cls(
            generation=generation,
            time=time,
            accession=record.accession,
            source=record.source,
            state="active",
            source_sha256=record.source_sha256,
            quads_sha256=record.quads_sha256,
            triples=record.triples,
            quads=record.quad_count,
            mapping_version=record.mapping_version,
            quality=record.quality,
            source_date=record.source_date,
            file=record.file,
        )

    @property
    def key(self) -> Key:
        """Accession and source."""
        return self.accession, self.source

    @property
    def rank(self) -> tuple[int, str, int, str, str]:
        """The greatest rank wins within one (accession, source), in whatever order records come."""
        # The last part decides between source documents that give the same quads.
        hashes = self.quads_sha256, self.source_sha256
        return QUALITIES.index(self.quality), self.source_date, self.triples, *hashes

    def is_made_from(self, source_sha256: str, mapping_version: str) -> bool:
        """Whether it is the same source document, mapped by the same mapping."""
        return self.source_sha256 == source_sha256 and self.mapping_version == mapping_version


@dataclass(frozen=True, kw_only=True)
class WithdrawalEntry:
    """A line of kind `withdrawal`: the accession is no longer served.

    Attributes:
        generation: number of the first generation without it.
        time: when it was withdrawn (UTC, ISO 8601).
        accession: the study.
        reason: why, for people.
        successor: accession or IRI that takes its place, or an empty string.
    """

    kind: ClassVar[str] = "withdrawal"
    generation: int
    time: str
    accession: str
    reason: str
    successor: str = ""


@dataclass(frozen=True, kw_only=True)
class ReinstatementEntry:
    """A line of kind `reinstatement`: a withdrawal is taken back."""

    kind: ClassVar[str] = "reinstatement"
    generation: int
    time: str
    accession: str


Entry: TypeAlias = RecordEntry | WithdrawalEntry | ReinstatementEntry
_KINDS: Final[dict[str, type[Entry]]] = {
    kind.kind: kind for kind in (RecordEntry, WithdrawalEntry, ReinstatementEntry)
}


@dataclass
class LedgerState:
    """What the ledger says after some generation.

    Attributes:
        generation: number of the last committed generation; 0 before the first.
        time: when it was committed (UTC, ISO 8601).
        active: the record that is served for each (accession, source).
        variants: for each (accession, source) the newest entry of every source document ever received, by the
            SHA-256 of its bytes: active, superseded and withdrawn ones.
        withdrawn: the withdrawal of each accession that is withdrawn now.
    """

    generation: int = 0
    time: str = ""
    active: dict[Key, RecordEntry] = field(default_factory=dict)
    variants: dict[Key, dict[str, RecordEntry]] = field(default_factory=dict)
    withdrawn: dict[str, WithdrawalEntry] = field(default_factory=dict)
    _sources: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def sources(self, accession: str) -> tuple[str, ...]:
        """Kinds of source of which this accession has ever had a record, sorted; empty if it is unknown."""
        return self._sources.get(accession, ())

    def accessions(self) -> list[str]:
        """Accessions with an active record, sorted."""
        return sorted({accession for accession, _ in self.active})

    def superseded(self, key: Key) -> list[RecordEntry]:
        """Records of this (accession, source) that lost to a better one, best first."""
        entries = (entry for entry in self.variants.get(key, {}).values() if entry.state == "superseded")
        return sorted(entries, key=lambda entry: entry.rank, reverse=True)

    def records_of(self, accession: str) -> list[RecordEntry]:
        """Active records of an accession, in order of their kinds of source."""
        keys = ((accession, source) for source in self.sources(accession))
        return [self.active[key] for key in keys if key in self.active]

    def copy(self) -> LedgerState:
        """Return a state that can be moved on without changing this one."""
        # `apply` replaces the inner dictionaries and tuples instead of changing them: one level is enough.
        return replace(
            self,
            active=dict(self.active),
            variants=dict(self.variants),
            withdrawn=dict(self.withdrawn),
            _sources=dict(self._sources),
        )

    def apply(self, entry: Entry) -> None:
        """Move the state on by one line of the ledger."""
        if isinstance(entry, WithdrawalEntry):
            self.withdrawn[entry.accession] = entry
        elif isinstance(entry, ReinstatementEntry):
            self.withdrawn.pop(entry.accession, None)
        else:
            self._apply_record(entry)

    def _apply_record(self, entry: RecordEntry) -> None:
        key = entry.key
        self.variants[key] = {**self.variants.get(key, {}), entry.source_sha256: entry}
        self._sources[entry.accession] = tuple(sorted({*self.sources(entry.accession), entry.source}))
        served = self.active.get(key)
        if entry.state == "active":
            self.active[key] = entry
        elif served and served.source_sha256 == entry.source_sha256:
            del self.active[key]


class Ledger:
    """The ledger file of a catalogue.

    Args:
        path: the file `ledger.jsonl`.

    Attributes:
        copies: the second copies of its batches.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.copies = BatchCopies(path.parent / "archive" / ".ledger")

    def read(self, *, until: int | None = None) -> LedgerState:
        """Replay the ledger.

        Args:
            until: number of the last generation to count, for readers that hold an older one.

        Raises:
            StoreDamaged: a committed batch is not what its commit line says.
        """
        state = LedgerState()
        for batch in self.batches():
            if until is not None and batch.generation > until:
                break
            for entry in self.entries(batch):
                state.apply(entry)
            state.generation, state.time = batch.generation, batch.commit["time"]
        return state

    def entries(self, batch: Batch) -> Iterator[Entry]:
        """Yield the entries of a batch.

        Raises:
            StoreDamaged: another version of Rembigraph wrote it.
        """
        return map(self._entry, batch.lines())

    def history(self, accession: str) -> list[Entry]:
        """Return every committed line about an accession, oldest first.

        Raises:
            StoreDamaged: a committed batch is not what its commit line says.
        """
        found = (batch.lines(naming=accession) for batch in self.batches())
        entries = (self._entry(line) for lines in found for line in lines)
        return [entry for entry in entries if entry.accession == accession]

    def commit_of(self, generation: int) -> dict[str, Any] | None:
        """Return the commit line of a generation; None if it has none.

        Nothing else of the ledger is parsed, and it is read in blocks: servers ask every few seconds.

        Raises:
            StoreDamaged: the batch is damaged.
        """
        if not self.path.exists():
            return None
        with self.path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            begin = _last_place(file, b'{"kind":"publish","generation":%d,' % generation, end)
            if begin < 0:
                return None
            file.seek(begin)
            line = file.readline()
            commit = parsed(line) if line.endswith(b"\n") else {}
            start, before = 0, _last_place(file, _COMMIT_START, begin)
            if before >= 0:
                file.seek(before)
                start = before + len(file.readline())
            if not certifies(commit, _pieces(file, start, begin)):
                raise self.damage()
        return commit

    def append(
        self, entries: Sequence[Entry], *, generation: int, time: str, meta_sha256: str = "", cause: str = ""
    ) -> None:
        """Commit a batch: when this returns, it is on the disk, and so is its copy.

        Args:
            entries: its lines; none when a generation is built anew.
            generation: number of the generation that it makes.
            time: when (UTC, ISO 8601).
            meta_sha256: SHA-256 of the generation's `meta.json`, which proves all of its files.
            cause: `restore` when the generation was built anew from the archive; else empty.

        Raises:
            OSError: it could not be written; what was written of it is then torn, see `cut_torn_tail`.
        """
        said = {"meta_sha256": meta_sha256, "cause": cause}
        lines = [{"kind": entry.kind, **_values(entry)} for entry in entries]
        batch = Batch.of(
            lines, generation=generation, time=time, **{key: value for key, value in said.items() if value}
        )
        self.copies.put(batch)
        with self.path.open("ab") as file:
            file.write(batch.content)
            file.flush()
            os.fsync(file.fileno())

    def cut_torn_tail(self) -> int:
        """Cut off what follows the last committed batch and return its size in bytes. For the writer only.

        Raises:
            StoreDamaged: what follows is not a torn tail but damage.
        """
        end = generation = 0
        for batch in self.batches():
            end, generation = end + len(batch.content), batch.generation
        torn = self.path.stat().st_size - end
        if torn:
            with self.path.open("r+b") as file:
                file.truncate(end)
                os.fsync(file.fileno())
        self.copies.drop_after(generation)
        return torn

    def batches(self) -> Iterator[Batch]:
        """Yield the committed batches; raises StoreDamaged where the file breaks off before its end."""
        content = self._content()
        start = position = last = 0
        while (stop := content.find(b"\n", position)) >= 0:
            line = content[position:stop]
            commit = parsed(line) if line.startswith(_COMMIT_START) else {}
            if commit:
                batch = Batch(content[start:position], commit)
                if not batch.is_whole or batch.generation != last + 1:
                    break
                yield batch
                start, last = stop + 1, batch.generation
            position = stop + 1
        self._check_tail(content[start:], last)

    def _content(self) -> bytes:
        return self.path.read_bytes() if self.path.exists() else b""

    def _check_tail(self, tail: bytes, last: int) -> None:
        """Tell a torn tail, which a killed writer leaves, from damage in the middle of the file.

        A writer appends one batch, so a torn tail is of one generation, with nothing after a commit line.
        """
        *complete, _ = [parsed(line) for line in tail.split(b"\n")]
        commits = [number for number, line in enumerate(complete) if line.get("kind") == COMMIT]
        later = any(line.get("generation", last + 1) != last + 1 for line in complete)
        if later or (commits and (not tail.endswith(b"\n") or commits != [len(complete) - 1])):
            raise self.damage()

    def damage(self) -> StoreDamaged:
        """Return the error that says that this file is damaged."""
        return StoreDamaged("a committed batch of the ledger is damaged", where=str(self.path), fix=_RESTORE)

    def _entry(self, line: dict[str, Any]) -> Entry:
        kind = _KINDS.get(line.get("kind", ""))
        if kind is None:
            raise StoreDamaged(
                f"the ledger has a line of unknown kind {line.get('kind')!r}",
                where=str(self.path),
                fix="use the version of Rembigraph that wrote it",
            )
        try:
            return kind(**{name: line[name] for name in _FIELDS[kind] if name in line})
        except TypeError as error:
            raise StoreDamaged(
                f"a line of the ledger is incomplete: {error}", where=str(self.path)
            ) from error


_FIELDS: Final = {kind: tuple(each.name for each in fields(kind)) for kind in _KINDS.values()}


def _values(entry: Entry) -> dict[str, Any]:
    """Return the fields of an entry; an empty reason is left out."""
    values = {name: getattr(entry, name) for name in _FIELDS[type(entry)]}
    return {
        name: value for name, value in values.items() if name != "reason" or value or entry.kind != "record"
    }


def _last_place(file: BinaryIO, words: bytes, end: int) -> int:
    """Where some bytes last begin before a place in a file; -1 if they do not. Searched from there backwards."""
    while end > 0:
        start = max(end - _BLOCK, 0)
        file.seek(start)
        found = file.read(end - start + len(words) - 1).rfind(words)
        if found >= 0:
            return start + found
        end = start
    return -1


def _pieces(file: BinaryIO, start: int, end: int) -> Iterator[bytes]:
    """Yield the bytes of a file between two places, a block at a time."""
    file.seek(start)
    while start < end and (piece := file.read(min(_BLOCK, end - start))):
        start += len(piece)
        yield piece
