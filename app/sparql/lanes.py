"""Moves queries that run long to the slow lane, and remembers them."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Hashable
from typing import Final

from rembigraph.app.sparql.answer import Answer
from rembigraph.app.sparql.limits import QueryLimits
from rembigraph.app.sparql.scheduler import Slot
from rembigraph.ontology.errors import Busy

_LOG = logging.getLogger(__name__)
_REMEMBERED: Final = 2_000
_RETRY_SECONDS: Final = 5


class SlowQueries:
    """The queries that were seen to run long, the latest ones: they begin in the slow lane."""

    def __init__(self) -> None:
        self._keys: OrderedDict[int, None] = OrderedDict()

    def remember(self, key: Hashable) -> None:
        """Note a query."""
        self._keys[hash(key)] = None
        self._keys.move_to_end(hash(key))
        if len(self._keys) > _REMEMBERED:
            self._keys.popitem(last=False)

    def forget(self, key: Hashable) -> None:
        """Drop a query that turned out to be quick."""
        self._keys.pop(hash(key), None)

    def __contains__(self, key: Hashable) -> bool:
        return hash(key) in self._keys


class Lanes:
    """Watches each running query, and moves it when its grace is over.

    Where the slow lane is full, the query is stopped in the middle until there is room; where too many are
    stopped already, it is refused.

    Args:
        limits: the grace, and how many may be stopped.
    """

    def __init__(self, limits: QueryLimits) -> None:
        self.slow = SlowQueries()
        self._limits = limits
        self._suspended = 0

    def attend(self, answer: Answer, slot: Slot, key: Hashable) -> None:
        """Watch a query from now until its answer is closed.

        Args:
            answer: a query that is about to begin.
            slot: what it runs on.
            key: what makes it the same query when it comes again.
        """
        began = asyncio.get_running_loop().time()
        if slot.is_fast:
            task = asyncio.create_task(self._watch(answer, slot, key))
            answer.on_close(task.cancel)
            return
        answer.demote()

        def reconsider() -> None:
            quick = asyncio.get_running_loop().time() - began < self._limits.grace_seconds / 2
            if quick and answer.complete:
                self.slow.forget(key)

        answer.on_close(reconsider)

    async def _watch(self, answer: Answer, slot: Slot, key: Hashable) -> None:
        await asyncio.sleep(self._limits.grace_seconds)
        self.slow.remember(key)
        if slot.move_now():
            answer.demote()
        elif self._suspended < self._limits.suspended:
            await self._wait_for_room(answer, slot)
        else:
            answer.refuse(Busy("Too many long queries run already.", retry_after=_RETRY_SECONDS))

    async def _wait_for_room(self, answer: Answer, slot: Slot) -> None:
        self._suspended += 1
        try:
            answer.suspend()
            await slot.move()
            answer.resume()
        finally:
            self._suspended -= 1
