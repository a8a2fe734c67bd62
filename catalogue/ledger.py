"""The ledger: what was published, when, and what became of it. Append-only JSON lines.

Every batch is written at once and ends with a line of kind `publish`, which carries the SHA-256 of the batch.
That line on the disk *is* the commit: a batch without a valid one was never acknowledged, is
ignored by readers and cut off by the next writer.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar, Final, TypeAlias

from rembigraph.catalogue.archive import QUALITIES, AnyRecord
from rembigraph.ontology.errors import StoreDamaged

Key: TypeAlias = tuple[str, str]
"""Accession and source."""

_COMMIT: Final = "publish"
_RESTORE: Final = "restore the file `ledger.jsonl` from a backup, then run `rembigraph fsck`"


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


@dataclass(frozen=True)
class _Batch:
    """A committed batch: its lines, its commit line and where it ends in the file (bytes)."""

    lines: list[dict[str, Any]]
    commit: dict[str, Any]
    end: int


class Ledger:
    """The ledger file of a catalogue.

    Args:
        path: the file `ledger.jsonl`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, *, until: int | None = None) -> LedgerState:
        """Replay the ledger.

        Args:
            until: number of the last generation to count, for readers that hold an older one.

        Raises:
            StoreDamaged: a committed batch is not what its commit line says.
        """
        state = LedgerState()
        for batch in self._batches():
            if until is not None and batch.commit["generation"] > until:
                break
            for line in batch.lines:
                state.apply(self._entry(line))
            state.generation, state.time = batch.commit["generation"], batch.commit["time"]
        return state

    def history(self, accession: str) -> list[Entry]:
        """Return every committed line about an accession, oldest first.

        Raises:
            StoreDamaged: a committed batch is not what its commit line says.
        """
        lines = (line for batch in self._batches() for line in batch.lines)
        return [self._entry(line) for line in lines if line.get("accession") == accession]

    def append(self, entries: Sequence[Entry], *, generation: int, time: str) -> None:
        """Commit a batch: when this returns, it is on the disk.

        Raises:
            OSError: it could not be written; what was written of it is then torn, see `cut_torn_tail`.
        """
        body = b"".join(_line({"kind": entry.kind, **_values(entry)}) for entry in entries)
        commit = {"kind": _COMMIT, "generation": generation, "time": time, "records": len(entries)}
        commit_line = _line(commit | {"sha256": _digest(body, commit)})
        with self.path.open("ab") as file:
            file.write(body + commit_line)
            file.flush()
            os.fsync(file.fileno())

    def cut_torn_tail(self) -> int:
        """Cut off what follows the last committed batch and return its size in bytes. For the writer only.

        Raises:
            StoreDamaged: what follows is not a torn tail but damage.
        """
        end = max((batch.end for batch in self._batches()), default=0)
        torn = self.path.stat().st_size - end
        if torn:
            with self.path.open("r+b") as file:
                file.truncate(end)
                os.fsync(file.fileno())
        return torn

    def _batches(self) -> Iterator[_Batch]:
        """Yield the committed batches; raises StoreDamaged where the file breaks off before its end."""
        content = self.path.read_bytes() if self.path.exists() else b""
        start = position = 0
        last = 0
        lines: list[dict[str, Any]] = []
        while (stop := content.find(b"\n", position)) >= 0:
            line = _parsed(content[position:stop])
            if line.get("kind") != _COMMIT:
                lines.append(line)
                position = stop + 1
                continue
            if not _is_commit_of(line, content[start:position], lines, last):
                break
            yield _Batch(lines, line, stop + 1)
            start = position = stop + 1
            last, lines = line["generation"], []
        self._check_tail(content[start:], last)

    def _check_tail(self, tail: bytes, last: int) -> None:
        """Tell a torn tail, which a killed writer leaves, from damage in the middle of the file.

        A writer appends one batch, so a torn tail is of one generation, with nothing after a commit line.
        """
        *complete, _ = [_parsed(line) for line in tail.split(b"\n")]
        commits = [number for number, line in enumerate(complete) if line.get("kind") == _COMMIT]
        later = any(line.get("generation", last + 1) != last + 1 for line in complete)
        if later or (commits and (not tail.endswith(b"\n") or commits != [len(complete) - 1])):
            raise StoreDamaged(
                "a committed batch of the ledger is damaged", where=str(self.path), fix=_RESTORE
            )

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
_encode: Final[Callable[[Any], str]] = json.JSONEncoder(separators=(",", ":")).encode


def _values(entry: Entry) -> dict[str, Any]:
    """Return the fields of an entry; an empty reason is left out."""
    values = {name: getattr(entry, name) for name in _FIELDS[type(entry)]}
    return {
        name: value for name, value in values.items() if name != "reason" or value or entry.kind != "record"
    }


def _line(values: dict[str, Any]) -> bytes:
    return _encode(values).encode("ascii") + b"\n"


def _parsed(line: bytes) -> dict[str, Any]:
    """Return the JSON object in a line, or an empty one if there is none."""
    try:
        value = json.loads(line)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _digest(body: bytes, commit: dict[str, Any]) -> str:
    """Return the SHA-256 of a batch's lines and of what its commit line says besides."""
    return sha256(body + _line(commit)).hexdigest()


def _is_commit_of(commit: dict[str, Any], body: bytes, lines: list[dict[str, Any]], last: int) -> bool:
    return (
        commit.get("sha256") == _digest(body, {key: commit[key] for key in commit if key != "sha256"})
        and commit.get("records") == len(lines)
        and commit.get("generation") == last + 1
        and isinstance(commit.get("time"), str)
    )
