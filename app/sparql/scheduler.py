"""Who may use a worker next: a queue with a bound, first come, first served."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from rembigraph.ontology.errors import Busy

_FULL_RETRY_SECONDS: Final = 5
_LATE_RETRY_SECONDS: Final = 2


class Slot:
    """The right to use one worker; `leave` gives it back, once."""

    def __init__(self, leave: Callable[[], None]) -> None:
        self._leave: Callable[[], None] | None = leave

    def leave(self) -> None:
        """Give the slot back; a second call does nothing."""
        leave, self._leave = self._leave, None
        if leave is not None:
            leave()


class Scheduler:
    """Hands out slots.

    Args:
        slots: queries that run at the same time.
        queue: requests that may wait.
    """

    def __init__(self, slots: int, queue: int) -> None:
        self._free = asyncio.Semaphore(slots)
        self._queue = queue
        self.waiting = 0

    async def enter(self, client: str, patience_seconds: float) -> Slot:
        """Wait for a slot.

        Args:
            client: who asks; first come, first served takes no notice of it.
            patience_seconds: how long to wait.

        Raises:
            Busy: too many wait already, or none came free in time.
        """
        del client
        if self._free.locked() and self.waiting >= self._queue:
            raise Busy("Too many queries are waiting.", retry_after=_FULL_RETRY_SECONDS)
        self.waiting += 1
        try:
            async with asyncio.timeout(patience_seconds):
                await self._free.acquire()
        except TimeoutError:
            raise Busy("All workers are busy.", retry_after=_LATE_RETRY_SECONDS) from None
        finally:
            self.waiting -= 1
        return Slot(self._free.release)
