"""Publishing: from canonical records to a new generation that readers see whole or not at all.

`Writer.publish` decides what a batch changes (`plan.make_plan`), then lets it take effect in an order that
survives being killed at any point (`Writer._take_effect`).
"""

from __future__ import annotations

import gc
import shutil
import sqlite3
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeAlias

from pyoxigraph import Store
from rembigraph.catalogue.archive import AnyRecord, CanonicalRecord, Staging, check_canonical
from rembigraph.catalogue.durable import is_disk_full, sync_folder
from rembigraph.catalogue.generations import Generation, StoreChange, sync_tree, write_meta
from rembigraph.catalogue.home import Home
from rembigraph.catalogue.ledger import LedgerState
from rembigraph.catalogue.plan import Decision, Plan, Withdrawal, known, make_plan
from rembigraph.catalogue.soundness import Damage, check_quickly, file_table
from rembigraph.ontology.errors import CatalogueError, StoreDamaged

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

    @cached_property
    def stores(self) -> tuple[Store, ...]:
        """What there is to compare: the store of the generation before, read-only, if any, and the new one."""
        if self.previous is None:
            return (self.store,)
        return Generation(int(self.previous.resolve().name), self.previous).open_store(), self.store


_TRUSTED_SECONDS: Final = 1.0
"""How long a generation that was found sound counts as sound for the writer."""

_LARGE_LOG: Final = 1024 * 1024
"""Bytes of the store's log that are worth opening it once more."""

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


class Writer:
    """The one process that changes a catalogue. A context manager: inside it, the ingest lock is held.

    Entering also finishes or clears away what a killed writer left, and looks whether the current generation is
    sound. If it is not, what is published next is built anew from the archive.

    Args:
        home: the catalogue.
        derive: brings derived graphs, counts and the search index up to date; what it returns goes to
            `meta.json` under `derived`.
        wait_seconds: how long to wait for another writer.
        clock: gives the time of a batch. A clock that runs behind the last batch does not make time go back.
        mend: called under the lock before anything is read; for `restore`.

    Attributes:
        state: the committed state of the ledger.
        damages: what is wrong with the current generation.
    """

    def __init__(
        self,
        home: Home,
        derive: Derive,
        *,
        wait_seconds: float = 0.0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        mend: Callable[[], None] = lambda: None,
    ) -> None:
        self.home = home
        self.derive = derive
        self.state = LedgerState()
        self.damages: tuple[Damage, ...] = ()
        self._base: Generation | None = None  # the generation on which the next one is built
        self._inspected = 0.0
        self._wait_seconds = wait_seconds
        self._clock = clock
        self._mend = mend
        self._held = ExitStack()
        self._staging: Staging | None = None

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self.home.lock(wait_seconds=self._wait_seconds))
            self._mend()
            self._recover()
            self._held = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._staging:
            self._staging.clear()
            self._staging = None
        self._held.close()

    def staging(self) -> Staging:
        """Return the folder in which records may wait for `publish`, put there by any process.

        What is in it and not published is removed when the context ends, or when publishing fails; what a
        killed writer left in its own is removed by the next one.

        Raises:
            StoreDamaged: the disk is full or not writable; nothing was changed.
        """
        if self._staging is None:
            try:
                self._staging = self.home.archive.staging()
            except OSError as error:
                raise self._damage(error, self.state.generation + 1) from error
        return self._staging

    def decide(
        self, accession: str, source: str, source_sha256: str, mapping_version: str
    ) -> Decision | None:
        """Say what would become of a source document that need not be mapped; None if it must be.

        Never gives `loaded`.
        """
        if accession in self.state.withdrawn:
            return Decision.WITHDRAWN
        entry = known(self.state, (accession, source), source_sha256, mapping_version)
        if entry is None:
            return None
        return Decision.UNCHANGED if entry.state == "active" else Decision.SUPERSEDED

    def publish(
        self,
        records: Sequence[AnyRecord],
        *,
        withdraw: Sequence[Withdrawal] = (),
        reinstate: Sequence[str] = (),
        anew: bool = False,
    ) -> PublishResult:
        """Publish one generation with all of this; none if it changes nothing and the current one is sound.

        When it returns, the batch is on the disk and readers see it. When it raises, nothing was changed,
        except as the message says, and nothing is staged any more.

        Args:
            records: records in memory, which are checked here, and staged ones, which were checked before. What
                the archive has lost of a record that is given again is archived again.
            withdraw: accessions to withdraw.
            reinstate: accessions of which to take back the withdrawal.
            anew: build the generation from the archive alone, even if nothing changes.

        Raises:
            ValueError: a record breaks the contract of `check_canonical`.
            SyntaxError: its quads are not N-Quads.
            UnknownAccession: an accession to withdraw or reinstate was never loaded.
            UsageError: an accession to reinstate is not withdrawn.
            StoreDamaged: the disk is full, or what is on it is damaged.
        """
        for record in records:
            if isinstance(record, CanonicalRecord):
                check_canonical(record, self.home.data_base)
        if time.monotonic() - self._inspected > _TRUSTED_SECONDS:
            self._inspect()  # again: between the beginning and the end of a long load something may have happened
        if anew:
            self._base = None
        moment = max(self._clock().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), self.state.time)
        plan = make_plan(self.state, records, withdraw, reinstate, time=moment)
        changes = bool(plan.entries) or (self._base is None and bool(self.state.generation))
        try:
            # Everything from which the generation could be built again is on the disk before anything else.
            archive = self.home.archive
            archive.store([*plan.fresh, *(record for record in plan.again if not archive.holds(record))])
            if changes:
                self._take_effect(plan)
        except BaseException as error:
            # Frames in the traceback hold the store open; as long as they do, it can't be opened again.
            traceback.clear_frames(error.__traceback__)
            self._staging = None
            with suppress(OSError, CatalogueError):
                self._recover()
            is_corrupt = isinstance(error, RuntimeError) and "Corruption" in str(error)
            if isinstance(error, Exception) and (is_corrupt or isinstance(error, OSError | sqlite3.Error)):
                raise self._damage(error, plan.after.generation) from error
            raise
        return PublishResult(self.state.generation, published=changes, decisions=plan.decisions)

    def _take_effect(self, plan: Plan) -> None:
        """Let a plan take effect. The order of these lines is what durability rests on.

        Killed before the commit point, the batch never was; killed after it, the next writer ends the work
        (`_recover`). Readers follow `current`, so they see the old generation or the new one.
        """
        home, number = self.home, plan.after.generation
        target = home.unfinished(number)

        # 1. The records are archived (see `publish`).
        self._reached("archived")

        # 2. The new store: hard links to the old one, then all removals, then one bulk load.
        store = self._copy_store(target)
        self._reached("copied")
        changes = plan.changes() if self._base else plan.everything()
        change = StoreChange(changes, plan.after, home.archive, home.data_base)
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
        _drop_old_logs(target / "store")
        files = file_table(target, self._base)
        meta_sha256 = write_meta(target, _meta(plan.after, derived, change.sample, files))
        self._reached("closed")

        # 4. All of it is on the disk, under its unfinished name.
        sync_tree(target)
        self._reached("synced")

        # 5. The commit point: from here on the batch is acknowledged.
        cause = "restore" if self._base is None and plan.before.generation else ""
        home.ledger.append(
            plan.entries, generation=number, time=plan.after.time, meta_sha256=meta_sha256, cause=cause
        )
        self.state = plan.after
        self._reached("committed")

        # 6. Readers get to see it.
        self._finish(number)
        self._base, self.damages = home.generation(number), ()
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
            StoreDamaged: the ledger is damaged.
        """
        home = self.home
        state = home.state()  # refuses, before anything is cut off, a ledger that lost a published batch
        home.ledger.cut_torn_tail()
        number = state.generation
        committed = home.generation(number)
        if home.unfinished(number).exists() and not committed.path.exists():
            self._finish(number)  # it was killed between its commit and its name
        home.sweep()
        self.state = state
        self._inspect()
        if self._base and not self._is_current(number):
            self._finish(number)
        home.prune()

    def _inspect(self) -> None:
        """Look whether the newest generation is sound: only then the next one is built on it."""
        generation = self.home.generation(self.state.generation)
        self.damages = tuple(check_quickly(self.home, generation)) if generation.number else ()
        self._base = generation if generation.number and not self.damages else None
        self._inspected = time.monotonic()

    def _is_current(self, number: int) -> bool:
        with suppress(StoreDamaged):
            return self.home.current_number() == number
        return False

    def _copy_store(self, target: Path) -> Store:
        """Make the folder of the new generation, with a copy of the store in it on which it is built (hard links)."""
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        if self._base:
            try:
                self._base.open_store().backup(str(target / "store"))
            except StoreDamaged:  # since it was found sound
                self._base = None
                shutil.rmtree(target / "store", ignore_errors=True)
        return Store(str(target / "store"))

    def _derive(self, store: Store, plan: Plan, target: Path) -> dict[str, Any]:
        return self.derive(
            DeriveContext(
                store=store,
                data_base=self.home.data_base,
                touched=plan.touched if self._base else frozenset(plan.after.accessions()),
                state=plan.after,
                previous=self._base.path if self._base else None,
                target=target,
            )
        )

    def _damage(self, error: Exception, number: int) -> StoreDamaged:
        full = is_disk_full(error)
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


def _meta(
    state: LedgerState, derived: dict[str, Any], counts: dict[str, int], files: dict[str, list[Any]]
) -> dict[str, Any]:
    """What `meta.json` says; `counts` and `files` are what `soundness` compares with the disk."""
    return {
        "generation": state.generation,
        "time": state.time,
        "records": len(state.active),
        "quads": sum(entry.quads for entry in state.active.values()),
        "derived": derived,
        "withdrawn": {accession: asdict(entry) for accession, entry in sorted(state.withdrawn.items())},
        "counts": counts,
        "files": files,
    }


def _drop_old_logs(store: Path) -> None:
    """Open and close a store once more where it keeps a large log.

    RocksDB keeps logs whose content it has flushed, to write to the same files again, until the store is opened anew.
    Every check of the generation would read them.
    """
    if any(path.stat().st_size > _LARGE_LOG for path in store.glob("*.log")):
        Store(str(store))
