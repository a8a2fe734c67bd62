"""Publishing: from canonical records to a new generation that readers see whole or not at all.

`Writer.publish` decides what a batch changes (pure: `make_plan`), then lets it take effect in an order that
survives being killed at any point (`Writer._take_effect`).
"""

from __future__ import annotations

import gc
import shutil
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias

from pyoxigraph import Store
from rembigraph.catalogue.archive import CanonicalRecord, check_canonical, sync_folder
from rembigraph.catalogue.generations import (
    StoreChange,
    sync_tree,
    write_meta,
)
from rembigraph.catalogue.home import Home
from rembigraph.catalogue.ledger import (
    Entry,
    Key,
    LedgerState,
    RecordEntry,
    ReinstatementEntry,
    WithdrawalEntry,
)
from rembigraph.ontology.errors import CatalogueError, StoreDamaged, UnknownAccession, UsageError

__all__ = [
    "CanonicalRecord",
    "Decision",
    "DeriveContext",
    "Plan",
    "PublishResult",
    "Withdrawal",
    "Writer",
    "make_plan",
]


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
class DeriveContext:
    """What a function needs that brings derived graphs, counts and the search index up to date.

    Attributes:
        store: the store of the new generation, records already in place; it may write to shared graphs
            (`generations.replace_graph`), never to study graphs. It must not be kept.
        data_base: the data base IRI.
        touched: accessions of which a line stands in this batch of the ledger.
        state: what the ledger will say after this batch.
        previous: folder of the generation before, None for the first.
        target: folder of the new generation, in which to write (`target / "search"`).
    """

    store: Store
    data_base: str
    touched: frozenset[str]
    state: LedgerState
    previous: Path | None
    target: Path


Derive: TypeAlias = Callable[[DeriveContext], dict[str, Any]]


@dataclass(frozen=True)
class PublishResult:
    """What a batch did.

    Attributes:
        generation: number of the current generation; the same as before when nothing changed.
        published: whether a new generation was made.
        decisions: one for each record, in the order in which they came.
    """

    generation: int
    published: bool
    decisions: tuple[Decision, ...]


@dataclass(frozen=True)
class Plan:
    """What a batch changes. Nothing of it has happened.

    Attributes:
        before: the state of the ledger now.
        after: the state after it.
        entries: lines for the ledger, without the commit line.
        fresh: records to archive.
        decisions: one for each record given, in order.
    """

    before: LedgerState
    after: LedgerState
    entries: list[Entry] = field(default_factory=list)
    fresh: list[CanonicalRecord] = field(default_factory=list)
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

    def note(self, entry: Entry) -> None:
        """Add a line and move the state on by it."""
        self.entries.append(entry)
        self.after.apply(entry)


def make_plan(
    state: LedgerState,
    records: Sequence[CanonicalRecord],
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
    fresh: dict[Key, list[CanonicalRecord]] = {}
    for record in _distinct(admitted, plan.after):
        fresh.setdefault(record.key, []).append(record)
        plan.fresh.append(record)
    for key, candidates in fresh.items():
        _settle(plan, key, candidates)
    return replace(plan, decisions=tuple(_decisions(plan, records)))


def _distinct(records: Iterable[CanonicalRecord], state: LedgerState) -> Iterator[CanonicalRecord]:
    """Yield the records that are neither known nor repeated within the batch."""
    seen = set()
    for record in records:
        identity = (record.key, record.source_sha256, record.mapping_version)
        if identity not in seen and _known(state, *identity) is None:
            seen.add(identity)
            yield record


def _known(state: LedgerState, key: Key, source_sha256: str, mapping_version: str) -> RecordEntry | None:
    """Return the entry of the identical record, whatever its state."""
    entry = state.variants.get(key, {}).get(source_sha256)
    return entry if entry and entry.is_made_from(source_sha256, mapping_version) else None


def _settle(plan: Plan, key: Key, fresh: Sequence[CanonicalRecord]) -> None:
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


def _decisions(plan: Plan, records: Sequence[CanonicalRecord]) -> Iterator[Decision]:
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


class Writer:
    """The one process that changes a catalogue. A context manager: inside it, the ingest lock is held.

    Entering also finishes or clears away what a killed writer left.

    Args:
        home: the catalogue.
        derive: brings derived graphs, counts and the search index up to date; what it returns goes to
            `meta.json` under `derived`.
        wait_seconds: how long to wait for another writer.
        clock: gives the time of a batch.

    Attributes:
        state: the committed state of the ledger.
    """

    def __init__(
        self,
        home: Home,
        derive: Derive,
        *,
        wait_seconds: float = 0.0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.home = home
        self.derive = derive
        self.state = LedgerState()
        self._wait_seconds = wait_seconds
        self._clock = clock
        self._held = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self.home.lock(wait_seconds=self._wait_seconds))
            self._recover()
            self._held = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.close()

    def decide(
        self, accession: str, source: str, source_sha256: str, mapping_version: str
    ) -> Decision | None:
        """Say what would become of a source document that need not be mapped; None if it must be.

        Never gives `loaded`.
        """
        if accession in self.state.withdrawn:
            return Decision.WITHDRAWN
        known = _known(self.state, (accession, source), source_sha256, mapping_version)
        if known is None:
            return None
        return Decision.UNCHANGED if known.state == "active" else Decision.SUPERSEDED

    def publish(
        self,
        records: Sequence[CanonicalRecord],
        *,
        withdraw: Sequence[Withdrawal] = (),
        reinstate: Sequence[str] = (),
    ) -> PublishResult:
        """Publish one generation with all of this; none if it changes nothing.

        When it returns, the batch is on the disk and readers see it. When it raises, nothing was changed,
        except as the message says.

        Raises:
            ValueError: a record breaks the contract of `check_canonical`.
            SyntaxError: its quads are not N-Quads.
            UnknownAccession: an accession to withdraw or reinstate was never loaded.
            UsageError: an accession to reinstate is not withdrawn.
            StoreDamaged: the disk is full, or what is on it is damaged.
        """
        for record in records:
            check_canonical(record, self.home.data_base)
        time = self._clock().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        plan = make_plan(self.state, records, withdraw, reinstate, time=time)
        if not plan.entries:
            return PublishResult(self.state.generation, published=False, decisions=plan.decisions)
        try:
            self._take_effect(plan)
        except BaseException as error:
            # Frames in the traceback hold the store open; as long as they do, it can't be opened again.
            traceback.clear_frames(error.__traceback__)
            with suppress(OSError, CatalogueError):
                self._recover()
            if isinstance(error, OSError) or (isinstance(error, RuntimeError) and "Corruption" in str(error)):
                raise self._damage(error, plan.after.generation) from error
            raise
        return PublishResult(self.state.generation, published=True, decisions=plan.decisions)

    def _take_effect(self, plan: Plan) -> None:
        """Let a plan take effect. The order of these lines is what durability rests on.

        Killed before the commit point, the batch never was; killed after it, the next writer ends the work
        (`_recover`). Readers follow `current`, so they see the old generation or the new one.
        """
        home, number = self.home, plan.after.generation
        target = home.unfinished(number)

        # 1. Everything from which the generation could be built again is on the disk.
        home.archive.store(plan.fresh)
        self._reached("archived")

        # 2. The new store: hard links to the old one, then all removals, then one bulk load.
        store = self._copy_store(target)
        self._reached("copied")
        change = StoreChange(plan.changes(), plan.after, home.archive, home.data_base)
        change.apply_removals(store)
        self._reached("removed")
        change.apply_loads(store)
        self._reached("loaded")

        # 3. What is derived from the records; then the store is checked and closed.
        derived = self._derive(store, plan, target)
        self._reached("derived")
        change.verify(store)
        store.flush()
        del store
        gc.collect()  # the files are final only when the handle is gone
        write_meta(target, _meta(plan.after, derived))
        self._reached("closed")

        # 4. All of it is on the disk, under its unfinished name.
        sync_tree(target)
        self._reached("synced")

        # 5. The commit point: from here on the batch is acknowledged.
        home.ledger.append(plan.entries, generation=number, time=plan.after.time)
        self.state = plan.after
        self._reached("committed")

        # 6. Readers get to see it.
        self._finish(number)
        home.prune()
        self._reached("pruned")

    def _reached(self, step: str) -> None:
        """Do nothing: the place where tests stop or kill the writer."""

    def _finish(self, number: int) -> None:
        """Give a committed generation its name and make it current; skip what is done already."""
        final, unfinished = self.home.generation(number).path, self.home.unfinished(number)
        if not final.exists():
            unfinished.rename(final)
            sync_folder(self.home.generations)
        self._reached("renamed")
        self.home.switch(number)
        self._reached("switched")

    def _recover(self) -> None:
        """End or clear away what a killed or failed writer left, and read the state.

        Raises:
            StoreDamaged: the ledger is damaged, or the committed generation is not on the disk.
        """
        state = self.home.state()  # refuses, before anything is cut off, a ledger that lost a published batch
        self.home.ledger.cut_torn_tail()
        number = state.generation
        if self.home.current_number() != number:
            if not (self.home.generation(number).path.exists() or self.home.unfinished(number).exists()):
                raise StoreDamaged(
                    f"generation {number} is in the ledger, but not on the disk",
                    where=str(self.home.generation(number).path),
                    fix="run `rembigraph restore`",
                )
            self._finish(number)
        self.home.sweep()
        self.home.prune()
        self.state = state

    def _copy_store(self, target: Path) -> Store:
        """Make the folder of the new generation, with a copy of the current store in it (hard links)."""
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        current = self.home.current()
        if current is not None:
            current.open_store().backup(str(target / "store"))
        return Store(str(target / "store"))

    def _derive(self, store: Store, plan: Plan, target: Path) -> dict[str, Any]:
        current = self.home.current()
        return self.derive(
            DeriveContext(
                store=store,
                data_base=self.home.data_base,
                touched=plan.touched,
                state=plan.after,
                previous=current.path if current else None,
                target=target,
            )
        )

    def _damage(self, error: Exception, number: int) -> StoreDamaged:
        full = "no space left" in str(error).lower() or "quota" in str(error).lower()
        outcome = (
            f"generation {number} is committed and the next writer will end the work"
            if self.state.generation == number
            else "nothing was changed"
        )
        return StoreDamaged(
            f"disk full while publishing; {outcome}" if full else f"cannot publish: {error}; {outcome}",
            where=str(self.home.path),
            fix="free some space, then do it again" if full else "run `rembigraph fsck`",
        )


def _meta(state: LedgerState, derived: dict[str, Any]) -> dict[str, Any]:
    return {
        "generation": state.generation,
        "time": state.time,
        "records": len(state.active),
        "quads": sum(entry.quads for entry in state.active.values()),
        "derived": derived,
    }
