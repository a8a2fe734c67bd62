"""Who may use a worker next: two lanes, each fair by what its clients have spent.

A query begins in the fast lane. One that runs longer than a moment, or is known to, belongs to the slow lane,
which has its own few slots; so long queries never hold what short ones need. In either lane the client that has
spent the fewest worker-seconds of late goes first, and clients in debt together leave one fast slot to the others.
"""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

from rembigraph.ontology.errors import Busy, TooManyQueries

_FULL_RETRY_SECONDS: Final = 5
_LATE_RETRY_SECONDS: Final = 2
_HALF_LIFE_SECONDS: Final = 30.0
_DEBT_SECONDS: Final = 0.5
_DEPOSIT_SECONDS: Final = 0.25
_MOST_CLIENTS: Final = 10_000


def client_of(address: str) -> str:
    """Return whom an address stands for: itself, or the /64 network of an IPv6 address."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:100]
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.ip_network((int(parsed) >> 64 << 64, 64)).network_address)


class Ledger:
    """Worker-seconds that each client has spent; half of them are forgotten every 30 s.

    Attributes:
        running: slots that each client holds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.running: Counter[str] = Counter()
        self._clock = clock
        self._spent: dict[str, tuple[float, float]] = {}

    def spent(self, client: str) -> float:
        """Seconds that still count."""
        seconds, since = self._spent.get(client, (0.0, 0.0))
        return float(seconds * 0.5 ** ((self._clock() - since) / _HALF_LIFE_SECONDS)) if seconds else 0.0

    def turn(self, client: str) -> float:
        """Where a client stands among those who wait: the lower, the sooner; what it runs now counts on account."""
        return self.spent(client) + _DEPOSIT_SECONDS * self.running[client]

    def charge(self, client: str, seconds: float) -> None:
        """Add to what a client has spent."""
        self._spent[client] = self.spent(client) + seconds, self._clock()
        if len(self._spent) > _MOST_CLIENTS:
            least = sorted(self._spent, key=self.spent)[: _MOST_CLIENTS // 10]
            for each in least:
                del self._spent[each]

    def in_debt(self, client: str) -> bool:
        """Whether a client has had more than its share."""
        return self.spent(client) > _DEBT_SECONDS


class Lane:
    """Some slots, and who waits for one.

    Args:
        slots: queries that run at the same time.
        reserved: slots that clients in debt may not take.
        ledger: what the clients have spent.
    """

    def __init__(self, slots: int, reserved: int, ledger: Ledger) -> None:
        self._slots = slots
        self._reserved = reserved
        self._ledger = ledger
        self._held: list[str] = []
        self._waiters: list[tuple[str, asyncio.Future[None]]] = []

    @property
    def waiting(self) -> int:
        """Requests that wait."""
        return len(self._waiters)

    def waiting_of(self, client: str) -> int:
        """Requests of one client that wait."""
        return sum(name == client for name, _ in self._waiters)

    @property
    def _is_full(self) -> bool:
        return len(self._held) >= self._slots

    def may_enter(self, client: str) -> bool:
        """Whether a slot is free for this client now."""
        if self._is_full:
            return False
        if not self._ledger.in_debt(client):
            return True
        in_debt = sum(self._ledger.in_debt(each) for each in self._held)
        return in_debt < self._slots - self._reserved

    def enter_now(self, client: str) -> bool:
        """Take a slot if one is free for this client; say whether it was."""
        if not self.may_enter(client):
            return False
        self._held.append(client)
        self._ledger.running[client] += 1
        return True

    async def enter(self, client: str) -> None:
        """Wait for a slot, and take it."""
        if self.enter_now(client):
            return
        waiter = (client, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        try:
            await waiter[1]
        except asyncio.CancelledError:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
            else:
                self.leave(client)  # it was given the slot in the moment it gave up
            raise

    def leave(self, client: str) -> None:
        """Give a slot back; the waiting client that has spent the least takes it."""
        self._held.remove(client)
        self._ledger.running[client] -= 1
        if not self._ledger.running[client]:
            del self._ledger.running[client]
        turns = {name: self._ledger.turn(name) for name in {name for name, _ in self._waiters}}
        for waiter in sorted(self._waiters, key=lambda waiter: turns[waiter[0]]):
            if self._is_full:
                break
            name, future = waiter
            if future.done() or not self.enter_now(name):
                continue
            self._waiters.remove(waiter)
            future.set_result(None)


class Slot:
    """The right to use one worker; `leave` gives it back, once."""

    def __init__(self, scheduler: Scheduler, client: str, lane: Lane) -> None:
        self.client = client
        self._scheduler = scheduler
        self._lane: Lane | None = lane
        self._since = time.monotonic()

    @property
    def is_fast(self) -> bool:
        """Whether it is one of the fast lane."""
        return self._lane is self._scheduler.fast

    def leave(self) -> None:
        """Give the slot back and charge the client for it; a second call does nothing."""
        lane, self._lane = self._lane, None
        if lane is not None:
            self._scheduler.ledger.charge(self.client, time.monotonic() - self._since)
            lane.leave(self.client)

    def move_now(self) -> bool:
        """Exchange it for a slot of the slow lane, if one is free; say whether it was."""
        if not self._scheduler.slow.enter_now(self.client):
            return False
        self._enter_slow()
        return True

    async def move(self) -> None:
        """Give the slot back and wait for one of the slow lane; when cancelled, none is held."""
        self.leave()
        await self._scheduler.slow.enter(self.client)
        self._enter_slow()

    def _enter_slow(self) -> None:
        self.leave()
        self._since = time.monotonic()
        self._lane = self._scheduler.slow


class Scheduler:
    """Hands out slots.

    Args:
        slots: queries that run at the same time in the fast lane.
        queue: requests that may wait, in both lanes together.
        slow_slots: queries that run at the same time in the slow lane.
        client_queue: requests of one client that may wait; all that fit when not given.
    """

    def __init__(self, slots: int, queue: int, slow_slots: int = 1, client_queue: int | None = None) -> None:
        self.ledger = Ledger()
        self.fast = Lane(slots, 1 if slots > 1 else 0, self.ledger)
        self.slow = Lane(slow_slots, 0, self.ledger)
        self._queue = queue
        self._client_queue = queue if client_queue is None else client_queue

    @property
    def waiting(self) -> int:
        """Requests that wait."""
        return self.fast.waiting + self.slow.waiting

    async def enter(self, client: str, patience_seconds: float, *, slow: bool = False) -> Slot:
        """Wait for a slot.

        Args:
            client: who asks.
            patience_seconds: how long to wait.
            slow: whether the query is known to take long.

        Raises:
            TooManyQueries: too many of this client wait already.
            Busy: too many wait already, or none came free in time.
        """
        lane = self.slow if slow else self.fast
        if not lane.enter_now(client):
            self._check_queue(lane, client)
            try:
                async with asyncio.timeout(patience_seconds):
                    await lane.enter(client)
            except TimeoutError:
                raise Busy("All workers are busy.", retry_after=_LATE_RETRY_SECONDS) from None
        return Slot(self, client, lane)

    def _check_queue(self, lane: Lane, client: str) -> None:
        """Each lane may fill three quarters of the queue, so that slow queries never shut out quick ones."""
        if self.fast.waiting_of(client) + self.slow.waiting_of(client) >= self._client_queue:
            raise TooManyQueries(
                f"{self._client_queue} of your queries are waiting already.", retry_after=_FULL_RETRY_SECONDS
            )
        most = self._queue if self._queue < 4 else self._queue * 3 // 4
        if self.waiting >= self._queue or lane.waiting >= most:
            raise Busy("Too many queries are waiting.", retry_after=_FULL_RETRY_SECONDS)
