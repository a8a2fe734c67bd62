"""What became of each study, and when: the one state that pages and feeds tell.

A study is *created* when it is first served, *changed* when anything that is served of it changes, *withdrawn*, and
*reinstated*. `change_log.derive_changes` notes the last change of every study while a generation is built; `Changes`
reads it.

**Datestamps.** The changes of a generation bear its time: what the ledger says, but at least a second more than the
generation before. So datestamps grow strictly with generations, whatever clocks do, and in whole seconds: what is
published later has a later datestamp, and `Changes.next_time` is the earliest that anything still to come can have.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import quote

from rembigraph.ontology.errors import StoreDamaged
from rembigraph.ontology.identifiers import parse_accession

CHANGES_FILE: Final = "changes.sqlite"
CHANGES_VERSION: Final = 1
"""Raise it when the tables change: an older file is then made anew."""

CREATED, CHANGED, WITHDRAWN, REINSTATED = "created", "changed", "withdrawn", "reinstated"
TIME_FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}:\d{2}Z)?", re.ASCII)

_AT_ONCE: Final = 1000
_NEVER: Final = 10**9  # no number of a generation
_END: Final = datetime(9999, 12, 31, 23, 59, 58, tzinfo=UTC)
_Row: TypeAlias = tuple[str, str, str, str, str, str, int]


@dataclass(frozen=True)
class Category:
    """A set of studies that may be harvested on its own.

    Attributes:
        spec: its name for programs; a colon leads from a wider set to a narrower one.
        name: its name for people.
    """

    spec: str
    name: str


@dataclass(frozen=True)
class Change:
    """The last change of a study.

    Attributes:
        accession: the study.
        kind: `created`, `changed`, `withdrawn` or `reinstated`.
        time: its datestamp (UTC, whole seconds).
        created: datestamp of the study's first change.
        reason: why it was withdrawn, for people; else empty.
        successor: accession or IRI that takes the place of a withdrawn study, or empty.
        categories: specs of the sets that it is in; of a withdrawn study those that it was in.
        left: it is no longer in the set that was asked for.
    """

    accession: str
    kind: str
    time: str
    created: str
    reason: str = ""
    successor: str = ""
    categories: tuple[str, ...] = ()
    left: bool = False

    @property
    def is_held(self) -> bool:
        """Whether the study is served, and in the set that was asked for."""
        return self.kind != WITHDRAWN and not self.left

    @property
    def place(self) -> tuple[str, str]:
        """Its place in the order of changes."""
        return self.time, self.accession


@dataclass(frozen=True)
class Window:
    """Which changes are asked for.

    Attributes:
        since: earliest datestamp; empty for no limit.
        until: latest datestamp; empty for no limit.
        category: spec of a set; empty for all studies.
        after: (datestamp, accession) after which to begin; empty texts to begin at the beginning.
    """

    since: str = ""
    until: str = ""
    category: str = ""
    after: tuple[str, str] = ("", "")


class Changes:
    """The last change of every study, as a generation knows it; in order of datestamp, then accession.

    A study appears once, at the time of its last change. A reader that goes on after the last place it saw never
    misses one: what changes meanwhile moves behind that place. Make one with `Changes.opened`.
    """

    def __init__(self, file: sqlite3.Connection) -> None:
        self._file = file
        first, last = file.execute("SELECT min(stamp), max(stamp) FROM moment").fetchone()
        self.earliest: str = first or ""
        self.time: str = last or ""

    @classmethod
    @contextmanager
    def opened(cls, generation: Path) -> Iterator[Changes]:
        """Open the changes of the generation in this folder.

        Raises:
            StoreDamaged: there are none, or another version of Rembigraph wrote them.
        """
        path = generation / "search" / CHANGES_FILE
        address = f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1"
        try:
            file = sqlite3.connect(address, uri=True, check_same_thread=False)
        except sqlite3.DatabaseError as error:
            raise _unreadable(path, str(error)) from error
        with closing(file):
            if version_of(file) != CHANGES_VERSION:
                raise _unreadable(path, "of another version")
            yield cls(file)

    @property
    def next_time(self) -> str:
        """The earliest datestamp that a change can have that is not known yet."""
        return later(self.time)

    def listed(self, window: Window, limit: int) -> list[Change]:
        """Return the first changes in a window, at most so many."""
        sql, values = self._selected(window)
        rows = self._file.execute(
            f"SELECT study.accession, change, moment.stamp, born.stamp, reason, successor, belongs {sql}"
            " ORDER BY place.generation, place.accession LIMIT ?",
            (*values, limit),
        ).fetchall()
        return [self._change(row) for row in rows]

    def every(self, window: Window) -> Iterator[Change]:
        """Yield all changes in a window; only some of them are in memory at a time."""
        while found := self.listed(window, _AT_ONCE):
            yield from found
            window = replace(window, after=found[-1].place)

    def count(self, window: Window) -> int:
        """Return how many changes there are in a window."""
        sql, values = self._selected(window, joined=False)
        (found,) = self._file.execute(f"SELECT count(*) {sql}", values).fetchone()
        return int(found)

    def of(self, accession: str) -> Change | None:
        """Return the last change of a study; None if it never was here."""
        row = self._file.execute(
            "SELECT accession, change, moment.stamp, born.stamp, reason, successor, 1 FROM study"
            " JOIN moment USING (generation) JOIN moment AS born ON born.generation = created"
            " WHERE accession = ?",
            (accession,),
        ).fetchone()
        return self._change(row) if row else None

    def held(self, after: str, limit: int) -> list[tuple[str, str]]:
        """Return (accession, datestamp) of the studies that are served, in order of accession, after one of them."""
        return self._file.execute(
            "SELECT accession, stamp FROM study JOIN moment USING (generation)"
            " WHERE accession > ? AND change <> 'withdrawn' ORDER BY accession LIMIT ?",
            (after, limit),
        ).fetchall()

    def parts(self, size: int) -> list[tuple[str, str]]:
        """Cut the served studies into parts of so many; return the accession before each, and its latest datestamp."""
        rows = self._file.execute(
            "SELECT min(accession), max(generation) FROM (SELECT accession, generation,"
            " (row_number() OVER (ORDER BY accession) - 1) / ? AS part FROM study WHERE change <> 'withdrawn')"
            " GROUP BY part ORDER BY part",
            (size,),
        ).fetchall()
        stamps = dict(self._file.execute("SELECT generation, stamp FROM moment").fetchall())
        return [(self._before(first), stamps[generation]) for first, generation in rows]

    def has_category(self, spec: str) -> bool:
        """Whether there is, or was, a study in a set."""
        return self._category(spec) is not None

    def categories(self, after: str, limit: int) -> list[Category]:
        """Return sets in order of their specs, after one of them."""
        rows = self._file.execute(
            "SELECT spec, name FROM category WHERE spec > ? ORDER BY spec LIMIT ?", (after, limit)
        )
        return [Category(spec, name) for spec, name in rows]

    def sizes(self) -> list[tuple[Category, int]]:
        """Return every set with the number of studies that are in it now, in order of their specs."""
        rows = self._file.execute(
            "SELECT spec, name, count(*) FROM category JOIN member ON member.category = category.id"
            " JOIN study USING (accession) WHERE belongs AND change <> 'withdrawn' GROUP BY spec ORDER BY spec"
        )
        return [(Category(spec, name), studies) for spec, name, studies in rows]

    def every_held(self, archive: str = "") -> Iterator[tuple[str, str]]:
        """Yield (accession, datestamp) of all studies that are served, or those of an archive, by accession."""
        after = ""
        while found := self.held(after, _AT_ONCE):
            for accession, time in found:
                if not archive or parse_accession(accession).archive.key == archive:
                    yield accession, time
            after = found[-1][0]

    def kinds(self) -> dict[str, int]:
        """Return how many studies there are by the kind of their last change."""
        return dict(self._file.execute("SELECT change, count(*) FROM study GROUP BY change ORDER BY change"))

    def count_categories(self) -> int:
        """Return how many sets there are."""
        (found,) = self._file.execute("SELECT count(*) FROM category").fetchone()
        return int(found)

    def _before(self, accession: str) -> str:
        row = self._file.execute(
            "SELECT accession FROM study WHERE accession < ? AND change <> 'withdrawn'"
            " ORDER BY accession DESC LIMIT 1",
            (accession,),
        ).fetchone()
        return str(row[0]) if row else ""

    def _change(self, row: _Row) -> Change:
        accession, kind, time, created, reason, successor, belongs = row
        specs = self._file.execute(
            "SELECT spec FROM member JOIN category ON category.id = member.category"
            " WHERE accession = ? AND belongs ORDER BY spec",
            (accession,),
        )
        categories = tuple(spec for (spec,) in specs)
        return Change(accession, kind, time, created, reason, successor, categories, left=not belongs)

    def _category(self, spec: str) -> int | None:
        row = self._file.execute("SELECT id FROM category WHERE spec = ?", (spec,)).fetchone()
        return int(row[0]) if row else None

    def _selected(self, window: Window, *, joined: bool = True) -> tuple[str, list[str | int | None]]:
        """Return what follows SELECT and its columns for a window; the order is that of an index."""
        source = "(SELECT accession, generation, 1 AS belongs FROM study)"
        values: list[str | int | None] = []
        if window.category:
            source = "(SELECT accession, generation, belongs FROM member WHERE category = ?)"
            values.append(self._category(window.category))
        conditions = []
        if window.after[0]:
            conditions.append("(place.generation, place.accession) > (?, ?)")
            values += [self._generation(window.after[0]), window.after[1]]
        if window.since:
            conditions.append("place.generation >= ?")
            values.append(self._generation(window.since))
        if window.until:
            conditions.append("place.generation < ?")
            values.append(self._generation(later(window.until)))
        tables = f"FROM {source} AS place"
        if joined:
            tables += (
                " JOIN study ON study.accession = place.accession"
                " JOIN moment ON moment.generation = place.generation"
                " JOIN moment AS born ON born.generation = study.created"
            )
        return f"{tables} WHERE {' AND '.join(conditions) or '1'}", values

    def _generation(self, stamp: str) -> int:
        """Return the first generation that is not before a datestamp."""
        (found,) = self._file.execute(
            "SELECT min(generation) FROM moment WHERE stamp >= ?", (stamp,)
        ).fetchone()
        return _NEVER if found is None else int(found)


def strictly_later(stamps: dict[int, str]) -> Iterator[tuple[int, str]]:
    """Yield (generation, datestamp) from the times of generations: each later than the one before.

    >>> list(strictly_later({1: "2026-01-01T00:00:00Z", 2: "2026-01-01T00:00:00Z"}))[1]
    (2, '2026-01-01T00:00:01Z')
    """
    last = ""
    for generation in sorted(stamps):
        last = max(stamps[generation], later(last)) if last else stamps[generation]
        yield generation, last


def later(stamp: str) -> str:
    """Return the second after a datestamp; of no time, no time. The end of time stays what it is."""
    if not stamp:
        return ""
    moment = datetime.strptime(stamp, TIME_FORMAT).replace(tzinfo=UTC)
    return (min(moment, _END) + timedelta(seconds=1)).strftime(TIME_FORMAT)


def version_of(file: sqlite3.Connection) -> int:
    """Return the version of the tables in a file of changes; 0 when it is none."""
    try:
        (version,) = file.execute("PRAGMA user_version").fetchone()
        return int(version)
    except sqlite3.DatabaseError:
        return 0


def _unreadable(path: Path, why: str) -> StoreDamaged:
    return StoreDamaged(
        f"the list of changes cannot be read: {why}", where=str(path), fix="run `rembigraph restore`"
    )


def is_date(text: str) -> bool:
    """Whether a text is a day or a time in UTC, as feeds take them: `2026-11-28` or `2026-11-28T12:00:00Z`."""
    if not _DATE.fullmatch(text):
        return False
    try:
        datetime.strptime(text, TIME_FORMAT if "T" in text else "%Y-%m-%d")  # noqa: DTZ007 - only looked at
    except ValueError:
        return False
    return True
