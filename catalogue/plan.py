"""What a batch changes: decided from the ledger's state and the records alone, before anything happens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from rembigraph.catalogue.archive import AnyRecord
from rembigraph.catalogue.ledger import (
    Entry,
    Key,
    LedgerState,
    RecordEntry,
    ReinstatementEntry,
    WithdrawalEntry,
)
from rembigraph.ontology.errors import UnknownAccession, UsageError


class Decision(StrEnum):
    """What became of a record."""

    LOADED = "loaded"
    """It is active now."""
    UNCHANGED = "unchanged"
    """The same source document, mapped by the same mapping, is active already."""
    SUPERSEDED = "superseded"
    """A better record of the same accession and source is active; this one is archived."""
    WITHDRAWN = "withdrawn"
    """The accession is withdrawn: the record was not taken."""


@dataclass(frozen=True)
class Withdrawal:
    """The wish to withdraw an accession.

    Attributes:
        accession: the study.
        reason: why, for people.
        successor: accession or IRI that takes its place, or an empty string.
    """

    accession: str
    reason: str
    successor: str = ""


@dataclass(frozen=True)
class Plan:
    """What a batch changes. Nothing of it has happened.

    Attributes:
        before: the state of the ledger now.
        after: the state after it.
        entries: lines for the ledger, without the commit line.
        fresh: records to archive.
        again: records that were archived before; what the archive has lost of them is archived again.
        decisions: one for each record given, in order.
    """

    before: LedgerState
    after: LedgerState
    entries: list[Entry] = field(default_factory=list)
    fresh: list[AnyRecord] = field(default_factory=list)
    again: list[AnyRecord] = field(default_factory=list)
    decisions: tuple[Decision, ...] = ()

    @property
    def touched(self) -> frozenset[str]:
        """Accessions of which a line is in the batch."""
        return frozenset(entry.accession for entry in self.entries)

    def changes(self) -> Iterator[tuple[RecordEntry | None, RecordEntry | None]]:
        """Yield, for each (accession, source) whose quads change, the old and new active record."""
        for key in sorted({entry.key for entry in self.entries if isinstance(entry, RecordEntry)}):
            old, new = self.before.active.get(key), self.after.active.get(key)
            if (old and old.quads_sha256) != (new and new.quads_sha256):
                yield old, new

    def everything(self) -> Iterator[tuple[None, RecordEntry]]:
        """Yield, as `changes` does, what has to be put into an empty store."""
        for key in sorted(self.after.active):
            yield None, self.after.active[key]

    def note(self, entry: Entry) -> None:
        """Add a line and move the state on by it."""
        self.entries.append(entry)
        self.after.apply(entry)


def make_plan(
    state: LedgerState,
    records: Sequence[AnyRecord],
    withdraw: Sequence[Withdrawal] = (),
    reinstate: Sequence[str] = (),
    *,
    time: str,
) -> Plan:
    """Decide what a batch changes: first reinstatements, then withdrawals, then records.

    Raises:
        UnknownAccession: an accession to withdraw or reinstate was never loaded.
        UsageError: an accession to reinstate is not withdrawn.
    """
    plan = Plan(state, state.copy())
    plan.after.generation, plan.after.time = state.generation + 1, time
    for accession in dict.fromkeys(reinstate):
        _reinstate(plan, accession)
    for withdrawal in withdraw:
        _withdraw(plan, withdrawal)
    admitted = [record for record in records if record.accession not in plan.after.withdrawn]
    fresh: dict[Key, list[AnyRecord]] = {}
    for record in _distinct(admitted):
        before = known(plan.after, record.key, record.source_sha256, record.mapping_version)
        if before is None:
            fresh.setdefault(record.key, []).append(record)
            plan.fresh.append(record)
        elif before.quads_sha256 == record.quads_sha256:
            plan.again.append(record)
    for key, candidates in fresh.items():
        _settle(plan, key, candidates)
    return replace(plan, decisions=tuple(_decisions(plan, records)))


def _distinct(records: Iterable[AnyRecord]) -> Iterator[AnyRecord]:
    """Yield the records that are not repeated within the batch."""
    seen = set()
    for record in records:
        identity = (record.key, record.source_sha256, record.mapping_version)
        if identity not in seen:
            seen.add(identity)
            yield record


def known(state: LedgerState, key: Key, source_sha256: str, mapping_version: str) -> RecordEntry | None:
    """Return the entry of the identical record, whatever its state."""
    entry = state.variants.get(key, {}).get(source_sha256)
    return entry if entry and entry.is_made_from(source_sha256, mapping_version) else None


def _settle(plan: Plan, key: Key, fresh: Sequence[AnyRecord]) -> None:
    """Find the winner of one (accession, source) among all documents received; note who changes state.

    Each source document takes part with its newest mapping only: otherwise an old mapping of a document could
    win over the new one.
    """
    served = plan.after.active.get(key)
    entries = [RecordEntry.of(record, plan.after.generation, plan.after.time) for record in fresh]
    pool = plan.after.variants.get(key, {}) | {entry.source_sha256: entry for entry in entries}
    winner = max(pool.values(), key=lambda entry: entry.rank)
    if served and served is not winner:
        plan.note(_superseded(served, winner, plan.after))
    for entry in entries:
        plan.note(entry if entry is winner else _superseded(entry, winner, plan.after))
    if winner is not served and winner not in entries:
        plan.note(_active(winner, plan.after))


def _decisions(plan: Plan, records: Sequence[AnyRecord]) -> Iterator[Decision]:
    fresh = {id(record) for record in plan.fresh}
    for record in records:
        served = plan.after.active.get(record.key)
        if record.accession in plan.after.withdrawn:
            yield Decision.WITHDRAWN
        elif not (served and served.is_made_from(record.source_sha256, record.mapping_version)):
            yield Decision.SUPERSEDED
        elif id(record) in fresh:
            fresh.remove(id(record))  # the same object given twice is loaded once
            yield Decision.LOADED
        else:
            yield Decision.UNCHANGED


def _withdraw(plan: Plan, wish: Withdrawal) -> None:
    state = plan.after
    if not state.sources(wish.accession):
        raise UnknownAccession(f"{wish.accession} is not in this catalogue")
    present = state.withdrawn.get(wish.accession)
    if present and (present.reason, present.successor) == (wish.reason, wish.successor):
        return
    stamp: dict[str, Any] = {"generation": state.generation, "time": state.time}
    plan.note(
        WithdrawalEntry(accession=wish.accession, reason=wish.reason, successor=wish.successor, **stamp)
    )
    for entry in state.records_of(wish.accession):
        plan.note(replace(entry, state="withdrawn", reason=wish.reason, **stamp))


def _reinstate(plan: Plan, accession: str) -> None:
    state = plan.after
    if not state.sources(accession):
        raise UnknownAccession(f"{accession} is not in this catalogue")
    if accession not in state.withdrawn:
        raise UsageError(f"{accession} is not withdrawn")
    plan.note(ReinstatementEntry(generation=state.generation, time=state.time, accession=accession))
    for source in state.sources(accession):
        for entry in state.variants[accession, source].values():
            if entry.state == "withdrawn":
                plan.note(_active(entry, state))


def _active(entry: RecordEntry, state: LedgerState) -> RecordEntry:
    return replace(entry, state="active", reason="", generation=state.generation, time=state.time)


def _superseded(entry: RecordEntry, winner: RecordEntry, state: LedgerState) -> RecordEntry:
    if entry.source_sha256 == winner.source_sha256:
        reason = f"mapped again by mapping {winner.mapping_version}"
    else:
        reason = f"{winner.file or winner.source_sha256[:12]} ({winner.quality}) is better"
    return replace(entry, state="superseded", reason=reason, generation=state.generation, time=state.time)
