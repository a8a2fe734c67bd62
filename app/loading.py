"""Joins loaders and catalogue: documents in, one published generation and one report out.

Reading, mapping and validation of documents run in as many processes as there are cores; only the results come back,
in the order of the documents. A record lands wholly or not at all; the batch publishes one generation.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from rembigraph import loaders
from rembigraph.app.child import Limits
from rembigraph.app.parallel import Lost, map_in_order
from rembigraph.catalogue.archive import Archive, StagedRecord, Staging
from rembigraph.catalogue.home import Home
from rembigraph.catalogue.ingest import Incoming, Ingest, Known, prepare, stage
from rembigraph.catalogue.publish import Decision
from rembigraph.catalogue.validation import ValidationReport, ValidationResult
from rembigraph.loaders.reading import Document, Leaves, Reading
from rembigraph.loaders.values import without_email
from rembigraph.ontology.errors import (
    CatalogueError,
    SourceError,
    SourceMalformed,
    SourceNotFetched,
    SourceSkipped,
    SourceSuperseded,
)
from rembigraph.ontology.fields import schema_version
from rembigraph.ontology.identifiers import Iris

MAPPING_PACKAGES = (
    "rembigraph.loaders",
    "rembigraph.ontology",
    "rembigraph.ontology.generated",
    "rembigraph.shapes",
)
MAPPING_SUFFIXES = (".py", ".json", ".ttl", ".tsv")


@dataclass(frozen=True)
class Reason:
    """Why a record was not loaded."""

    code: str
    message: str
    pointer: str = ""
    shape: str = ""


@dataclass(frozen=True)
class Tally:
    """How many results of each severity a validation has."""

    violations: int = 0
    warnings: int = 0
    notes: int = 0

    @classmethod
    def of(cls, report: ValidationReport) -> Tally:
        """Count the results of a report."""
        return cls(len(report.violations), len(report.warnings), len(report.notes))


@dataclass(frozen=True)
class Outcome:
    """What became of one record of a batch.

    state: `loaded`, `unchanged`, `superseded`, `refused`, `skipped` or `failed` (docs: README, "Loading").
    report: what the validation found; left out of a record that is staged, which has it among its quads.
    tally: how much it found.
    is_remote: whether a live source is to blame for a failure.
    """

    file: str
    member: str
    accession: str
    format: str
    state: str
    reason: Reason | None = None
    report: ValidationReport = ValidationReport(())  # noqa: RUF009 - it is frozen
    tally: Tally = Tally()
    leaves: Leaves = field(default_factory=Leaves)
    unmapped: dict[str, int] = field(default_factory=dict)
    record: StagedRecord | None = None
    is_remote: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the record's entry of `load --json`."""
        return {
            "file": self.file,
            "member": self.member,
            "accession": self.accession,
            "format": self.format,
            "state": self.state,
            "reason": asdict(self.reason) if self.reason else None,
            "violations": self.tally.violations,
            "warnings": self.tally.warnings,
            "leaves": leaves_json(self.leaves),
        }


@dataclass(frozen=True)
class LoadReport:
    """What became of a batch.

    mended: what was wrong with the generation before, so that this one was built anew from the archive.
    """

    generation: int
    outcomes: tuple[Outcome, ...]
    seconds: float
    mended: tuple[str, ...] = ()

    def count(self, state: str) -> int:
        """Number of records in a state."""
        return sum(outcome.state == state for outcome in self.outcomes)

    @property
    def exit_code(self) -> int:
        """3 if something was unreadable, else 5 if a live source failed, else 1 if something was refused, else 0."""
        failures = {outcome.is_remote for outcome in self.outcomes if outcome.state == "failed"}
        return 3 if False in failures else 5 if failures else 1 if self.count("refused") else 0

    def as_json(self) -> dict[str, Any]:
        """Return the document that `load --json` prints."""
        states = ("loaded", "unchanged", "superseded", "refused", "skipped", "failed")
        totals: dict[str, Any] = {state: self.count(state) for state in states}
        totals["seconds"] = round(self.seconds, 3)
        totals["triples"] = sum(
            outcome.record.triples
            for outcome in self.outcomes
            if outcome.record and outcome.state == "loaded"
        )
        totals["leaves"] = leaves_json(total_leaves(self.outcomes))
        return {
            "version": 1,
            "generation": self.generation,
            "records": [outcome.as_json() for outcome in self.outcomes],
            "totals": totals,
        }

    def unmapped(self) -> Counter[str]:
        """Return how often each name without a slot occurred."""
        counter: Counter[str] = Counter()
        for outcome in self.outcomes:
            counter.update(outcome.unmapped)
        return counter


def total_leaves(outcomes: Iterable[Outcome]) -> Leaves:
    """Add up leaf accounts."""
    return sum((outcome.leaves for outcome in outcomes), Leaves())


def leaves_json(leaves: Leaves) -> dict[str, int]:
    """Return a leaf account as in `load --json`."""
    return {"total": leaves.total, "mapped": leaves.mapped, "kept": leaves.kept, "ignored": leaves.ignored}


def mapping_version() -> str:
    """Return the version of the mapping: the schema's, with a fingerprint of the code and tables that map.

    A change of any of them maps again what is loaded again, so a stored record never hides a better mapping.
    """
    digest = sha256()
    for package in MAPPING_PACKAGES:
        for folder in (resources.files(package), resources.files(package).joinpath("terms")):
            _digest_files(folder, digest)
    _digest_files(resources.files("rembigraph.catalogue.transforms"), digest)
    for name in ("rdf.py", "validation.py", "ingest.py", "correlation/ingested.py"):
        digest.update(resources.files("rembigraph.catalogue").joinpath(name).read_bytes())
    return f"{schema_version()}+{digest.hexdigest()[:12]}"


def _digest_files(folder: Traversable, digest: Any) -> None:
    for file in sorted(folder.iterdir() if folder.is_dir() else (), key=lambda item: item.name):
        if file.name.endswith(MAPPING_SUFFIXES) and file.is_file():
            digest.update(file.name.encode() + b"\0" + file.read_bytes())


# --- one document, in any process


@dataclass(frozen=True)
class Mapping:
    """Maps and validates documents for one catalogue.

    Attributes:
        iris: makes IRIs for the catalogue's data base.
        version: version of the mapping.
        known: what need not be mapped again, by accession, source and SHA-256 of the document.
        staging: where records that conform are put to wait for the end of the batch; None to keep none of them.
        archive: where what is known must still lie; None to take that for granted.
    """

    iris: Iris
    version: str
    known: dict[tuple[str, str, str], Known]
    staging: Staging | None = None
    archive: Archive | None = None

    def __call__(self, source: Document | SourceError) -> list[Outcome]:
        """Return the outcome of every study of a document; none is published yet.

        Raises:
            StoreDamaged: there is no space left for what was made of it; the catalogue is as it was.
        """
        if isinstance(source, SourceError):
            return [failure(source)]
        return [self._outcome(source, result) for result in _read(source)]

    def _outcome(self, document: Document, result: Reading | SourceError) -> Outcome:
        if isinstance(result, SourceError):
            return failure(result, document)
        member = document.member or (f"#{result.part}" if result.part else "")
        accession = result.accession
        base = Outcome(document.file, member, accession, result.format, "loaded", leaves=result.leaves)
        base = replace(base, unmapped=result.unmapped)
        before = self.known.get((accession, result.source, sha256(result.source_bytes).hexdigest()))
        if before is not None and (
            before.decision is Decision.WITHDRAWN or self._is_archived(result, before)
        ):
            return decided(base, before.decision)
        try:
            return self._prepared(base, self._incoming(document, result))
        except (CatalogueError, MemoryError):
            raise
        except Exception as error:
            return failure(_fault("the mapping to RDF", document, error), document)

    def _is_archived(self, result: Reading, before: Known) -> bool:
        """Whether the archive still has what was made of a document; else it is made, and archived, again."""
        if self.archive is None:
            return True
        name = (result.accession, result.source)
        digest = sha256(result.source_bytes).hexdigest()
        return self.archive.has_source(*name, digest) and self.archive.has_quads(*name, before.quads_sha256)

    def _prepared(self, base: Outcome, incoming: Incoming) -> Outcome:
        prepared = prepare(incoming, self.iris)
        base = replace(base, tally=Tally.of(prepared.report))
        if not prepared.report.conforms:
            return _refused(replace(base, report=prepared.report), prepared.report.violations)
        if self.staging is None:
            return replace(base, report=prepared.report)
        return replace(base, record=stage(prepared.record, self.staging, self.iris))

    def _incoming(self, document: Document, reading: Reading) -> Incoming:
        leaves = reading.leaves
        return Incoming(
            study=reading.study,
            source=reading.source,
            format=reading.format,
            source_bytes=reading.source_bytes,
            mapped=leaves.mapped,
            kept=leaves.kept,
            ignored=leaves.ignored,
            quality=reading.quality,
            source_date=reading.source_date,
            file=without_email(document.name),
            mapping_version=self.version,
        )


def _read(document: Document) -> Iterator[Reading | SourceError]:
    """Read a document; a fault of ours in a loader fails this document, in words, and not the batch."""
    try:
        yield from loaders.read(document)
    except SourceError as error:
        yield error
    except MemoryError:
        raise
    except Exception as error:
        yield _fault("the loader", document, error)


def _fault(what: str, document: Document, error: Exception) -> SourceMalformed:
    return SourceMalformed(
        f"{what} could not cope with this document ({type(error).__name__}: {error})",
        source=document.place,
        code="loader-fault",
        fix="Please report it with the document.",
    )


def failure(error: SourceError, document: Document | None = None) -> Outcome:
    """Return the outcome of a document that could not be read."""
    source = document.file if document else getattr(error, "source", "") or error.where
    reason = Reason(getattr(error, "code", "unavailable"), str(error), getattr(error, "pointer", ""))
    member = document.member if document else ""
    accession = error.accession if isinstance(error, SourceNotFetched) else ""
    is_remote = isinstance(error, SourceNotFetched)
    return Outcome(source, member, accession, "", _state_of(error), reason, is_remote=is_remote)


def _state_of(error: SourceError) -> str:
    if isinstance(error, SourceSuperseded):
        return "superseded"
    return "skipped" if isinstance(error, SourceSkipped) else "failed"


def decided(outcome: Outcome, decision: Decision) -> Outcome:
    """Return an outcome as the ledger decided it, with words for the person."""
    if decision is Decision.WITHDRAWN:
        message = (
            f"{outcome.accession} is withdrawn. To take it back: rembigraph reinstate {outcome.accession}"
        )
        return replace(outcome, state="refused", reason=Reason("withdrawn", message))
    if decision is Decision.SUPERSEDED:
        message = (
            "another version of this record is served (curated before original before draft, then the later date "
            "of the source, then the one that says more, then the greater hash). "
            "To replace it, give this one a later `modified` date."
        )
        return replace(outcome, state="superseded", reason=Reason("superseded", message))
    return replace(outcome, state=str(decision))


def _refused(outcome: Outcome, violations: Sequence[ValidationResult]) -> Outcome:
    first = violations[0]
    more = f" ({len(violations) - 1} more violations)" if len(violations) > 1 else ""
    reason = Reason("violation", first.sentence + more, first.focus_node, first.shape)
    return replace(outcome, state="refused", reason=reason)


# --- many documents


def map_documents(
    sources: Iterable[Document | SourceError], mapping: Mapping, processes: int = 0
) -> Iterator[list[Outcome]]:
    """Yield the outcomes of each document, in order, mapped in `processes` processes (0: one a core)."""
    given: deque[Document | SourceError] = deque()

    def noted() -> Iterator[Document | SourceError]:
        for source in sources:
            given.append(source)
            yield source

    for outcomes in map_in_order(mapping, noted(), processes, size_of=_size):
        source = given.popleft()
        yield [_lost(source, outcomes.why)] if isinstance(outcomes, Lost) else outcomes


_LIMITS = Limits()
_LOST = {
    "died": ("worker-died", "reading this document killed its process (too large or too deep)"),
    "memory": (
        "too-large",
        f"reading this document needs more than {_LIMITS.address_bytes // 2**20} MiB of memory",
    ),
    "slow": (
        "too-slow",
        f"reading this document takes more than {_LIMITS.processor_seconds:.0f} s of processor time",
    ),
}


def _lost(source: Document | SourceError, why: str) -> Outcome:
    document = source if isinstance(source, Document) else None
    code, message = _LOST[why]
    error = SourceMalformed(message, code=code, fix="Split it, or report it if it is a normal record.")
    return failure(error, document)


def _size(source: Document | SourceError) -> int:
    if isinstance(source, SourceError):
        return 0
    return len(source.data) + sum(len(one.data) for one in source.attached)


def load(
    paths: Sequence[str],
    home: Home,
    *,
    documents: Iterable[Document | SourceError] | None = None,
    strict: bool = False,
    processes: int = 0,
    progress: Callable[[int], None] = lambda done: None,
) -> LoadReport:
    """Load every record below the paths and publish one generation.

    Args:
        paths: files, folders, archives, or `-` for standard input.
        home: the catalogue.
        documents: load these, such as fetched ones, instead of what lies below the paths.
        strict: publish nothing unless every record can be loaded.
        processes: number of mapping processes; 0 for as many as cores.
        progress: called with the number of documents done so far.

    Raises:
        StoreLocked: another process is loading.
        StoreDamaged: the disk is full, or what is on it is damaged; the message says whether anything changed.
    """
    started = time.monotonic()
    version = mapping_version()
    with Ingest(home) as ingest:
        known = ingest.known(version)
        mapping = Mapping(Iris(home.data_base), version, known, ingest.staging(), home.archive)
        outcomes: list[Outcome] = []
        given = loaders.documents_of(paths) if documents is None else documents
        for done, found in enumerate(map_documents(given, mapping, processes), start=1):
            outcomes += found
            progress(done)
        if strict and any(outcome.state in {"failed", "refused"} for outcome in outcomes):
            outcomes = [_held_back(outcome) for outcome in outcomes]
        mended = tuple(map(str, ingest.damages))
        generation, outcomes = _publish(ingest, outcomes)
    return LoadReport(generation, tuple(outcomes), time.monotonic() - started, mended)


def _held_back(outcome: Outcome) -> Outcome:
    if outcome.state != "loaded":
        return outcome
    reason = Reason(
        "strict", "nothing was published, because another record of the batch could not be loaded"
    )
    return replace(outcome, state="refused", reason=reason)


def _publish(ingest: Ingest, outcomes: list[Outcome]) -> tuple[int, list[Outcome]]:
    ready = [index for index, outcome in enumerate(outcomes) if outcome.state == "loaded" and outcome.record]
    result = ingest.publish([record for index in ready if (record := outcomes[index].record)])
    for index, decision in zip(ready, result.decisions, strict=True):
        outcomes[index] = decided(outcomes[index], decision)
    return result.generation, outcomes
