"""Asks again where that can help: after a pause that doubles, with jitter, and as long as the server asks for.

What a failure means for other documents is known here, too: a host that can't be reached, or asks for a long pause, is
not asked again in this run.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from secrets import SystemRandom
from typing import TypeVar
from urllib.parse import urlsplit

from rembigraph.loaders.fetch import Answer, Client, Failed, Manners, Why
from rembigraph.loaders.live_cache import Cache
from rembigraph.ontology.errors import SourceNotFetched

Read = TypeVar("Read")

_TRIES = {Why.NOT_FOUND: 1, Why.REFUSED: 1, Why.OFFLINE: 3, Why.WRONG: 3, Why.LARGE: 3}
_HOST_AT_FAULT = {Why.OFFLINE: 1, Why.BUSY: 10, Why.BROKEN: 10}  # documents in a row until it is left alone
_LONG_WAITS = 3  # documents in a row that a host asks a long pause for
_AGAIN = "Call the same command again later: what was fetched is kept."
FIXES = {
    Why.NOT_FOUND: "Check the accession; a study that is not released yet is not there.",
    Why.REFUSED: "Look at the address in a browser; a record that you have as a file can be loaded from there.",
    Why.OFFLINE: "Check the network, and HTTPS_PROXY if you need a proxy; files can be loaded without a network.",
    Why.BUSY: _AGAIN,
    Why.BROKEN: _AGAIN,
    Why.WRONG: "Look at the address in a browser; if it is right there, call the same command again later.",
    Why.LARGE: "A record holds metadata of one study; ask its archive about this one.",
}


class Fetcher:
    """Fetches documents, one after the other.

    Args:
        client: asks for them.
        cache: what was fetched before.
        manners: how often, and with what pauses.
    """

    def __init__(self, client: Client, cache: Cache, manners: Manners) -> None:
        self._client = client
        self._cache = cache
        self._manners = manners
        self._dice = SystemRandom()
        self._in_a_row: Counter[tuple[str, str]] = Counter()
        self._left_alone: dict[str, tuple[Why, str]] = {}

    def fetch(self, url: str, read: Callable[[Answer], Read]) -> tuple[bytes, Read]:
        """Return a document and what `read` makes of it.

        Args:
            url: its address.
            read: raises `Failed` when the answer is not what was asked for; that is asked for again.

        Raises:
            SourceNotFetched: it could not be had.
        """
        host = urlsplit(url).netloc
        if host in self._left_alone:
            why, message = self._left_alone[host]
            raise _error(why, message, url)
        work = _Work(self._manners, self._dice)
        while True:
            try:
                found = self._once(url, read, work.end_of_try())
            except Failed as failed:
                if not work.may_go_on(failed):
                    raise self._given_up(url, host, failed, work) from failed
                time.sleep(work.wait(failed))
            else:
                self._note(host, None)
                return found

    def _once(self, url: str, read: Callable[[Answer], Read], until: float) -> tuple[bytes, Read]:
        known = self._cache.get(url)
        answer = self._client.get(url, known, until)
        if answer.not_modified and known is not None:
            try:
                return known.body, read(known)
            except Failed:
                self._cache.drop(url)  # an earlier version of this program was content with it
                raise
        made = read(answer)
        self._cache.put(url, answer)
        return answer.body, made

    def _given_up(self, url: str, host: str, failed: Failed, work: _Work) -> SourceNotFetched:
        times = f" (asked {work.count} times)" if work.count > 1 else ""
        long = work.is_long(failed)
        message = f"{host} {failed.message}{times}"
        if long:
            message += f"; it asks to wait {failed.retry_after:.0f} s"
        self._note(host, failed.why, long=long)
        limit = _LONG_WAITS if long else _HOST_AT_FAULT.get(failed.why)
        if limit and self._in_a_row[host, "long" if long else failed.why] >= limit:
            self._left_alone[host] = (failed.why, f"{message}; it was not asked again in this run")
        return _error(failed.why, message, url)

    def _note(self, host: str, why: Why | None, *, long: bool = False) -> None:
        """Count failures of one kind in a row; an answer of any kind ends the row."""
        kind = "long" if long else why
        for key in [key for key in self._in_a_row if key[0] == host and key[1] != kind]:
            del self._in_a_row[key]
        if kind is not None:
            self._in_a_row[host, kind] += 1


def _error(why: Why, message: str, url: str) -> SourceNotFetched:
    return SourceNotFetched(message, source=url, code=why.value, fix=FIXES[why])


class _Work:
    """The tries for one document.

    Attributes:
        until: moment (`time.monotonic`) at which it is given up.
        count: tries so far.
    """

    def __init__(self, manners: Manners, dice: SystemRandom) -> None:
        self._manners = manners
        self._dice = dice
        self._failures: Counter[Why] = Counter()
        self.until = time.monotonic() + manners.deadline_seconds

    @property
    def count(self) -> int:
        return self._failures.total()

    def end_of_try(self) -> float:
        """Return when the next try must be done: half of the time that is left, so that there is time for another."""
        return (time.monotonic() + self.until) / 2

    def is_long(self, failed: Failed) -> bool:
        """Whether the server asks for a longer pause than we take."""
        return (failed.retry_after or 0.0) > self._manners.longest_wait_seconds

    def may_go_on(self, failed: Failed) -> bool:
        """Note a failure; return whether to ask again."""
        self._failures[failed.why] += 1
        most = min(self._manners.tries, _TRIES.get(failed.why, self._manners.tries))
        if self.count >= self._manners.tries or self._failures[failed.why] >= most or self.is_long(failed):
            return False
        return time.monotonic() + (failed.retry_after or 0.0) < self.until

    def wait(self, failed: Failed) -> float:
        """Return the seconds to wait: half to all of a pause that doubles, and no less than the server asks for."""
        manners = self._manners
        longest = min(manners.first_wait_seconds * 2.0 ** (self.count - 1), manners.longest_wait_seconds)
        left = max(0.0, self.until - time.monotonic())
        return max(failed.retry_after or 0.0, min(longest * self._dice.uniform(0.5, 1.0), left))
