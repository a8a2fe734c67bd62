"""Following the published generation: every request gets the newest sound one, whole from beginning to end.

What is wrong on the disk never takes away what is open: as long as some generation can be read, it is served, and
`Reader.damages` says why it is not the newest. That is looked at again every few seconds, and at once when another
generation is published, so that a server need not be restarted when the damage is mended.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rembigraph.catalogue.ledger import WithdrawalEntry
from rembigraph.catalogue.reader import EmptyCatalogueError, Snapshot
from rembigraph.catalogue.soundness import Damage, check_quickly, newest_sound
from rembigraph.ontology.errors import CatalogueError, StoreDamaged

if TYPE_CHECKING:
    from rembigraph.catalogue.home import Home

_AGAIN_SECONDS: Final = 3.0
_NOTHING: Final = -1  # no number of a generation


@dataclass
class _Held:
    """A snapshot with the requests that use it, and what to undo when the last one ends."""

    snapshot: Snapshot
    resources: ExitStack
    users: int = 0


class Reader:
    """Gives every request the newest sound generation, whole from its beginning to its end. Threads share it.

    Args:
        home: the catalogue.
    """

    def __init__(self, home: Home) -> None:
        self.home = home
        self._lock = threading.Lock()  # of what is below; held for moments only
        self._opening = threading.Lock()  # of the one thread that checks and opens generations
        self._held: _Held | None = None
        self._damages: tuple[Damage, ...] = ()
        self._fault: CatalogueError | None = None  # why nothing can be served
        self._seen = _NOTHING  # what `current` named when it was last followed
        self._again = 0.0  # when to look again although it names the same

    @property
    def damages(self) -> tuple[Damage, ...]:
        """What is wrong with the catalogue, as far as it is known; empty when all is well."""
        return self._damages

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Lend the snapshot of the newest sound generation; a writer does not remove what is lent.

        Raises:
            EmptyCatalogueError: nothing has been published yet.
            StoreDamaged: no generation is sound, or this one turned out to be damaged while it was read.
        """
        held = self._lend()
        try:
            yield held.snapshot
        except (sqlite3.DatabaseError, OSError, RuntimeError) as error:
            if not _tells_of_damage(error):
                raise
            self.suspect()
            raise StoreDamaged(
                f"a generation can't be read: {error}", where=str(held.snapshot.path)
            ) from error
        finally:
            self._give_back(held)

    def served(self) -> int | None:
        """Return the number of the generation that is served; None when it must first be looked at what is there."""
        held = self._held
        return None if held is None or self._is_stale() else held.snapshot.generation

    def withdrawn(self, accession: str) -> WithdrawalEntry | None:
        """Return the withdrawal of an accession that is withdrawn now, with reason, time and successor."""
        try:
            held = self._lend()
        except EmptyCatalogueError:
            return None
        try:
            return held.snapshot.withdrawal(accession)
        finally:
            self._give_back(held)

    def suspect(self) -> None:
        """Check what is served, and what is published; fall back or go forward if that must be. Takes milliseconds.

        Requests go on meanwhile.
        """
        with self._opening:
            held = self._held
            damaged = bool(held and check_quickly(self.home, self.home.generation(held.snapshot.generation)))
            if damaged or self._damages or self._fault or self._is_stale():
                self._follow(away=damaged)

    def close(self) -> None:
        """Let go of the current snapshot; requests that still use it end first."""
        self._replace(None)

    def _lend(self) -> _Held:
        """Return what to serve; costs one look at a link, unless something has changed or is damaged.

        While one thread opens another generation, the others are served from what is open.
        """
        wait = self._held is None
        if (wait or self._is_stale()) and self._opening.acquire(blocking=wait):
            try:
                if self._is_stale():
                    self._follow()
            finally:
                self._opening.release()
        with self._lock:
            if self._held is None:
                raise self._fault or EmptyCatalogueError(
                    "this catalogue is empty", fix="load records with `rembigraph load PATH...`"
                )
            self._held.users += 1
            return self._held

    def _give_back(self, held: _Held) -> None:
        with self._lock:
            held.users -= 1
            is_done = held.users == 0 and held is not self._held
        if is_done:
            _close(held)

    def _is_stale(self) -> bool:
        is_same = self._number() == self._seen
        is_well = not (self._damages or self._fault)
        return not (is_same and (is_well or time.monotonic() < self._again))

    def _number(self) -> int:
        try:
            return self.home.current_number()
        except StoreDamaged:
            return _NOTHING - 1

    def _follow(self, *, away: bool = False) -> None:
        """Open the newest sound generation, unless it is open; keep what is open when there is none.

        Args:
            away: what is open is damaged: let go of it even if there is nothing else.
        """
        self._seen, self._again = self._number(), time.monotonic() + _AGAIN_SECONDS
        if away:
            self._replace(None)
        with ExitStack() as stack:
            try:
                served = stack.enter_context(newest_sound(self.home))
                held = self._held.snapshot.generation if self._held else _NOTHING
                if served.generation and served.generation.number != held:
                    snapshot = Snapshot.open(served.generation.path, self.home.data_base)
                    stack.callback(snapshot.close)
                    self._replace(_Held(snapshot, stack.pop_all()))
            except (CatalogueError, OSError) as error:
                self._note(error)
                return
            # Last: that all is well is said when it is served.
            self._damages, self._fault = served.damages, None

    def _note(self, error: CatalogueError | OSError) -> None:
        """Remember why nothing could be opened."""
        fault = (
            error
            if isinstance(error, CatalogueError)
            else StoreDamaged(f"the catalogue can't be read: {error}")
        )
        self._fault = fault
        message = fault.message.replace(f"{self.home.path}/", "")
        self._damages = (Damage("unsound", "generations", message, fault.fix),)

    def _replace(self, fresh: _Held | None) -> None:
        """Serve another snapshot from now on; the one before is closed when its last request ends."""
        with self._lock:
            old, self._held = self._held, fresh
            is_done = old is not None and old.users == 0
        if old and is_done:
            _close(old)


class StandingReader(Reader):
    """A reader that stays at the generation that it opened first, as long as that is sound."""

    def _is_stale(self) -> bool:
        return self._held is None


def _close(held: _Held) -> None:
    with suppress(OSError):
        held.resources.close()


def _tells_of_damage(error: Exception) -> bool:
    """Whether an error of the store, the index or the system means that a file is not what it was."""
    text = str(error).lower()
    signs = ("corruption", "malformed", "disk i/o", "not a database", "unable to open database", "io error")
    return isinstance(error, OSError) or any(sign in text for sign in signs)
