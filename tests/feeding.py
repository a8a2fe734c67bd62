"""Catalogues of made-up studies that change, and a server of their feeds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from rembigraph.app.feeds import Repository
from rembigraph.app.main import create_app
from rembigraph.app.sparql.limits import QueryLimits
from rembigraph.catalogue.changes import Change, Changes, Window
from rembigraph.catalogue.derive import derive
from rembigraph.catalogue.home import Home
from rembigraph.catalogue.publish import Withdrawal, Writer

from tests.conftest import DATA, record, running

KEEPER = "keeper@catalogue.test"


class Clock:
    """A clock that tests set."""

    def __init__(self, start: str = "2026-01-01T00:00:00") -> None:
        self.now = datetime.fromisoformat(start).replace(tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def go(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Catalogue:
    """A catalogue that tests write to."""

    def __init__(self, folder: Path, clock: Callable[[], datetime] | None = None) -> None:
        self.home = Home.init(folder / "catalogue", DATA)
        self._clock = {"clock": clock} if clock else {}

    def publish(
        self,
        *studies: dict[str, Any],
        withdraw: Sequence[str] = (),
        reinstate: Sequence[str] = (),
        anew: bool = False,
        dates: str = "",
    ) -> None:
        """Publish one generation."""
        with Writer(self.home, derive, **self._clock) as writer:
            gone = [Withdrawal(one, f"{one} was made up", "EXAMPLE-0001") for one in withdraw]
            records = [record(study, date=dates) for study in studies]
            writer.publish(records, withdraw=gone, reinstate=list(reinstate), anew=anew)

    def changes(self, window: Window | None = None) -> list[Change]:
        """The changes that the newest generation knows."""
        with self.opened() as changes:
            return changes.listed(window or Window(), 100_000)

    @contextmanager
    def opened(self) -> Iterator[Changes]:
        """The changes of the newest generation."""
        generation = self.home.current()
        assert generation
        with Changes.opened(generation.path) as changes:
            yield changes

    def await_followed(self, address: str) -> None:
        """Wait until a server has opened the newest generation: requests get the one before until then."""
        newest, until = self.home.current_number(), time.monotonic() + 60
        while httpx.get(f"{address}/changes", timeout=60).json()["generation"] < newest:
            assert time.monotonic() < until, "the server does not follow"

    @contextmanager
    def served(self, keeper: str = KEEPER, licence: str = "") -> Iterator[str]:
        """Serve it; give the address."""
        with running(
            lambda address: create_app(
                self.home, address, QueryLimits(), repository=Repository("Made up", keeper, licence)
            ),
            lifespan="on",
        ) as address:
            yield address


def study(number: int, title: str = "Made up", **more: Any) -> dict[str, Any]:
    """A study."""
    return {"accession": f"EXAMPLE-{number:04d}", "title": title, **more}
