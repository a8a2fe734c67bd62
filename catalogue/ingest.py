"""Records -> quads -> report -> generation: the seam through which everything enters the catalogue.

`prepare` is a pure function, and `stage` puts what it made on the disk: both can run in any process, so that the
batch is never in the memory of one. `Ingest` holds the lock and publishes one generation a batch. Times of runs are
in the ledger only, so the same records always give the same quads.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256
from types import TracebackType
from typing import Self

from rembigraph.catalogue.archive import AnyRecord, CanonicalRecord, StagedRecord, Staging, check_canonical
from rembigraph.catalogue.derive import derive
from rembigraph.catalogue.durable import is_disk_full
from rembigraph.catalogue.home import Home
from rembigraph.catalogue.publish import Decision, PublishResult, Withdrawal, Writer
from rembigraph.catalogue.rdf import canonical, to_nquads
from rembigraph.catalogue.soundness import Damage
from rembigraph.catalogue.validation import ValidationReport, report_quads, validate
from rembigraph.ontology.errors import StoreDamaged
from rembigraph.ontology.generated.models import SourceRecord, Study
from rembigraph.ontology.identifiers import Iris
from rembigraph.ontology.records import Record, accession_of


@dataclass(frozen=True)
class Incoming:
    """A completed record with what is known about its source document.

    Attributes:
        study: the completed record.
        source: kind of source; names the record's graph.
        format: format of the document.
        source_bytes: the document, or the part of it, as received.
        mapped, kept, ignored: leaf account of those bytes.
        quality: `curated`, `original` or `draft`.
        source_date: date that the source states for the record, or empty.
        file: file name for people.
        mapping_version: version of the mapping that made the record.
    """

    study: Record
    source: str
    format: str
    source_bytes: bytes
    mapped: int
    kept: int
    ignored: int
    quality: str
    source_date: str
    file: str
    mapping_version: str

    @property
    def accession(self) -> str:
        """The accession under which the record is kept."""
        return accession_of(self.study)


@dataclass(frozen=True, slots=True)
class Known:
    """What became of a document that was mapped before.

    Attributes:
        decision: what would become of it now.
        quads_sha256: SHA-256 of the quads that were made from it.
    """

    decision: Decision
    quads_sha256: str


@dataclass(frozen=True)
class Prepared:
    """A record ready to publish, with its validation report. Publish it only if the report conforms."""

    record: CanonicalRecord
    report: ValidationReport


def prepare(incoming: Incoming, iris: Iris) -> Prepared:
    """Map a record to canonical quads (its facts, its source record, its validation results) and validate it."""
    accession, source = incoming.accession, incoming.source
    if isinstance(incoming.study, Study) and incoming.study.transformation:
        from rembigraph.catalogue.correlation.ingested import (
            derive_scalars,  # numpy: only for those that need it
        )

        derive_scalars(incoming.study)
    facts = to_nquads([incoming.study], iris, iris.record_graph(accession, source))
    report = validate(facts)
    provenance = to_nquads([source_record(incoming, iris)], iris, iris.graph("provenance"))
    results = report_quads(report, iris, accession, source)
    # Only a line feed ends a line: splitlines() would also cut at U+2028 inside a literal.
    lines = b"".join((facts, provenance, results)).decode("utf-8").rstrip("\n").split("\n")
    record = CanonicalRecord(
        accession=accession,
        source=source,
        source_bytes=incoming.source_bytes,
        quads=canonical(lines),
        mapping_version=incoming.mapping_version,
        quality=incoming.quality,
        source_date=incoming.source_date,
        file=incoming.file,
    )
    return Prepared(record, report)


def stage(record: CanonicalRecord, staging: Staging, iris: Iris) -> StagedRecord:
    """Check a record and write it to a staging folder, where it waits to be published.

    Raises:
        ValueError: it breaks the contract of `check_canonical`.
        StoreDamaged: the disk is full or not writable; nothing was changed.
    """
    check_canonical(record, iris.data_base)
    try:
        return staging.put(record)
    except OSError as error:
        full = is_disk_full(error)
        raise StoreDamaged(
            f"{'disk full' if full else f'cannot write ({error})'} while loading; nothing was changed",
            where=str(staging.path.parent),
            fix="free some space, then do it again" if full else "see to it that this folder can be written",
        ) from error


def source_record(incoming: Incoming, iris: Iris) -> SourceRecord:
    """Return the provenance node of a record: which document, which mapping, how much of it was understood."""
    accession, source = incoming.accession, incoming.source
    return SourceRecord(
        id=f"{accession}/source/{source}",
        accession=accession,
        source_kind=source,
        source_format=incoming.format,
        source_sha256=sha256(incoming.source_bytes).hexdigest(),
        source_date=incoming.source_date or None,
        mapping_version=incoming.mapping_version,
        primary_source=accession,
        record_graph=iris.record_graph(accession, source),
        leaves_total=incoming.mapped + incoming.kept + incoming.ignored,
        leaves_mapped=incoming.mapped,
        leaves_kept=incoming.kept,
        leaves_ignored=incoming.ignored,
    )


class Ingest:
    """Holds the ingest lock of a catalogue and publishes into it. A context manager.

    Raises:
        StoreLocked: another process is loading.
    """

    def __init__(self, home: Home, *, wait_seconds: float = 5.0) -> None:
        self.home = home
        self._writer = Writer(home, derive, wait_seconds=wait_seconds)
        self._held = ExitStack()

    def __enter__(self) -> Self:
        self._held.enter_context(self._writer)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.close()

    @property
    def damages(self) -> tuple[Damage, ...]:
        """What is wrong with the current generation; what is published next is then built from the archive."""
        return self._writer.damages

    def decide(
        self, accession: str, source: str, source_sha256: str, mapping_version: str
    ) -> Decision | None:
        """Say what would become of a document that was loaded before, or None if it is new."""
        return self._writer.decide(accession, source, source_sha256, mapping_version)

    def known(self, mapping_version: str) -> dict[tuple[str, str, str], Known]:
        """Return every document that this mapping has already mapped, by accession, source and its SHA-256."""
        found = {}
        for (accession, source), variants in self._writer.state.variants.items():
            for source_sha256, entry in variants.items():
                decision = self.decide(accession, source, source_sha256, mapping_version)
                if decision is not None:
                    found[accession, source, source_sha256] = Known(decision, entry.quads_sha256)
        return found

    def staging(self) -> Staging:
        """Return the folder for the records of this batch; what is not published is removed at the end.

        Raises:
            StoreDamaged: the disk is full or not writable; nothing was changed.
        """
        return self._writer.staging()

    def publish(self, records: Sequence[AnyRecord]) -> PublishResult:
        """Publish one generation with all these records; none if they change nothing."""
        return self._writer.publish(records)

    def withdraw(self, accession: str, reason: str, successor: str = "") -> PublishResult:
        """Withdraw an accession: its facts go, a tombstone stays."""
        return self._writer.publish([], withdraw=[Withdrawal(accession, reason, successor)])

    def reinstate(self, accession: str) -> PublishResult:
        """Take back a withdrawal."""
        return self._writer.publish([], reinstate=[accession])
