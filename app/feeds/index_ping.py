"""Tells indexes of FAIR Data Points where ours is, so that they harvest it: only those that the keeper names.

An index takes `{"clientUrl": ...}` by POST. It is told when the server starts, and then every week, as the reference
implementation does; one that does not answer is told again after an hour.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from rembigraph.app.feeds.oai_request import utc_now
from rembigraph.ontology.errors import UsageError
from rembigraph.ontology.identifiers import is_web_address

if TYPE_CHECKING:
    from collections.abc import Sequence

WEEK_SECONDS: Final = 7 * 24 * 3600.0
AGAIN_SECONDS: Final = 3600.0
_DEADLINE_SECONDS: Final = 30.0
_MOST_BYTES: Final = 65_536


@dataclass(frozen=True)
class Told:
    """What an index said when it was told.

    Attributes:
        index: its address.
        time: when, in UTC.
        problem: why it does not know; empty when it does.
    """

    index: str
    time: str
    problem: str = ""


class IndexPing:
    """Tells indexes of a FAIR Data Point.

    Args:
        indexes: addresses of the indexes.
        point: address of the FAIR Data Point.

    Attributes:
        told: what each said when it was told last.
    """

    def __init__(self, indexes: Sequence[str], point: str) -> None:
        self.told: tuple[Told, ...] = ()
        self._indexes = tuple(indexes)
        self._point = point
        self._over = threading.Event()

    def tell(self) -> float:
        """Tell every index once; return the seconds after which to do it again."""
        self.told = tuple(Told(index, utc_now(), self._told_by(index)) for index in self._indexes)
        return AGAIN_SECONDS if any(one.problem for one in self.told) else WEEK_SECONDS

    def start(self) -> None:
        """Tell the indexes now, and then again and again; does nothing when there are none."""
        if self._indexes:
            threading.Thread(target=self._keep_telling, daemon=True).start()

    def stop(self) -> None:
        """Tell them no more; who is being told right now is not waited for."""
        self._over.set()

    def _keep_telling(self) -> None:
        while not self._over.wait(self.tell()):
            continue

    def _told_by(self, index: str) -> str:
        """Tell an index and return what went wrong."""
        # Not on start-up: the loaders bring requests with them, and most servers tell nobody.
        from rembigraph.loaders.fetch import Client, Failed, Manners
        from rembigraph.loaders.live_addresses import Sites

        manners = Manners(
            f"rembigraph/{version('rembigraph')}", 0.0, 10.0, _DEADLINE_SECONDS, most_bytes=_MOST_BYTES
        )
        client = Client(manners, Sites((index,)))
        body = json.dumps({"clientUrl": self._point}).encode()
        try:
            client.post(
                index, body, {"Content-Type": "application/json"}, time.monotonic() + _DEADLINE_SECONDS
            )
        except Failed as failed:
            return failed.message
        finally:
            client.close()
        return ""


def index_addresses(text: str, public_url: str) -> tuple[str, ...]:
    """Return the addresses of indexes that a setting names, with spaces between them.

    Raises:
        UsageError: one is no http(s) address, or nobody has said which address the server has for others.
    """
    found = tuple(dict.fromkeys(text.split()))
    for one in found:
        if not is_web_address(one):
            fix = "Write the address that takes the ping, such as https://index.example/."
            raise UsageError(f"setting fdp_indexes: {one[:200]!r} is no http(s) address", fix=fix)
    if found and not public_url:
        raise UsageError(
            "setting fdp_indexes: an index would be told an address that only this machine may reach",
            fix="Set REMBIGRAPH_PUBLIC_URL.",
        )
    return found
