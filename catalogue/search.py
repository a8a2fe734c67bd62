"""The index of one generation: the study list, cards, links, and each study's facts. Read-only, for many threads."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from rembigraph.catalogue.advice import advise
from rembigraph.catalogue.criteria import Criteria
from rembigraph.catalogue.parts import Link
from rembigraph.catalogue.question import Question, items_of, nearest_in
from rembigraph.catalogue.read_model import read_findings, read_record
from rembigraph.catalogue.studylist import StudyItem, StudyPage
from rembigraph.ontology.errors import StoreDamaged

if TYPE_CHECKING:
    from rembigraph.catalogue.findings import Finding
    from rembigraph.catalogue.recordview import RecordView
    from rembigraph.ontology.identifiers import Iris

INDEX_FILE: Final = "index.sqlite"
INDEX_VERSION: Final = 5
"""Raise it when the tables change: an older index is then built anew."""

MAX_SET: Final = 200
MAX_LINKS: Final = 1000
_CACHED_PAGES: Final = 256
_LINK: Final = (
    "here, there, node, kind, relation, outgoing, evidence, asserter, confidence"
    ", relayed_by, fixture, verdict, decision"
)


class Search:
    """The index of one generation. Open it with `Search.open`; close it when no request uses it any more."""

    def __init__(self, path: Path) -> None:
        self._address = f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1"
        self._idle: SimpleQueue[sqlite3.Connection] = SimpleQueue()
        # Generations never change, so an answer holds as long as the index is open.
        self._cached = lru_cache(maxsize=_CACHED_PAGES)(self._page)

    @classmethod
    def open(cls, folder: Path) -> Search:
        """Open the index in the `search` folder of a generation.

        Raises:
            StoreDamaged: there is none, or another version of Rembigraph made it.
        """
        path = folder / INDEX_FILE
        search = cls(path)
        try:
            with search.connection() as index:
                (version,) = index.execute("PRAGMA user_version").fetchone()
        except sqlite3.DatabaseError as error:
            raise StoreDamaged(f"the search index cannot be opened: {error}", where=str(path)) from error
        if version != INDEX_VERSION:
            raise StoreDamaged(
                "the search index is of another version", where=str(path), fix="run `rembigraph restore`"
            )
        return search

    def close(self) -> None:
        """Close every idle connection; those in use are closed when they are given back."""
        self._address = ""
        while True:
            try:
                self._idle.get_nowait().close()
            except Empty:
                return

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """Lend a read-only connection to one thread."""
        address = self._address
        try:
            index = self._idle.get_nowait()
        except Empty:
            index = sqlite3.connect(address, uri=True, check_same_thread=False)
        try:
            yield index
        finally:
            if self._address:
                self._idle.put(index)
            else:
                index.close()

    def studies(
        self,
        q: str = "",
        archive: Iterable[str] = (),
        organism: Iterable[str] = (),
        method: Iterable[str] = (),
        correlative: bool | None = None,
        year: Iterable[str | int] = (),
        page: int = 1,
        per_page: int = 25,
        sort: str = "",
    ) -> StudyPage:
        """Return one page of the studies that have all of the words and pass all of the filters.

        Several values of one filter mean any of them. Every parameter is cut to its bounds (`criteria`).
        """
        return self.page(
            Criteria.of(
                q,
                archive=archive,
                organism=organism,
                method=method,
                year=year,
                correlative=correlative,
                sort=sort,
                page=page,
                per_page=per_page,
            )
        )

    def page(self, criteria: Criteria) -> StudyPage:
        """Return the page of the study list that these criteria ask for."""
        return self._cached(criteria)

    def cards(self, accessions: Iterable[str]) -> dict[str, StudyItem]:
        """Return those of the accessions that are held here, as cards."""
        with self.connection() as index:
            rows = index.execute(
                "SELECT id, NULL FROM study WHERE accession IN (SELECT value FROM json_each(?))",
                (json.dumps(list(accessions)),),
            ).fetchall()
            return {item.accession: item for item in items_of(index, [row[0] for row in rows])}

    def record(self, iris: Iris, accession: str) -> RecordView | None:
        """Return every fact that a study's records state, without labels; None when it is not here."""
        with self.connection() as index:
            return read_record(index, iris, accession)

    def findings(self, accession: str) -> list[Finding]:
        """Return what the validation found about a study, the worst first."""
        with self.connection() as index:
            return read_findings(index, accession)

    def links(self, accession: str) -> list[Link]:
        """Return every statement that joins a study with another, in both directions (at most 1000)."""
        with self.connection() as index:
            rows = index.execute(
                f"SELECT {_LINK} FROM edge WHERE here = ? ORDER BY there, node, relation, outgoing LIMIT ?",  # noqa: S608
                (accession, MAX_LINKS),
            ).fetchall()
        return [_link(row) for row in rows]

    def describing(self, publication: str) -> list[str]:
        """Return the studies whose records name a publication, given by its IRI with the DOI in small letters."""
        with self.connection() as index:
            rows = index.execute(
                "SELECT accession FROM kin WHERE instr(publications, ?) ORDER BY accession",
                (json.dumps(publication, ensure_ascii=False),),
            ).fetchall()
        return [row[0] for row in rows]

    def accessions(self) -> list[str]:
        """Return every study that is here, in order."""
        with self.connection() as index:
            return [row[0] for row in index.execute("SELECT accession FROM study ORDER BY accession")]

    def suggestions(self, limit: int) -> list[tuple[str, str]]:
        """Return the pairs that are only suggested and not judged, the surest first: for a curator."""
        with self.connection() as index:
            rows = index.execute(
                "SELECT here, there FROM edge AS hint WHERE outgoing AND evidence = 'same_authors' AND verdict = ''"
                " AND NOT EXISTS (SELECT 1 FROM edge WHERE edge.here = hint.here AND edge.there = hint.there"
                " AND edge.evidence <> 'same_authors') ORDER BY confidence DESC, here, there LIMIT ?",
                (limit,),
            )
            return [(here, there) for here, there in rows]

    def starts(self) -> list[str]:
        """Return every record from which a link starts, in order."""
        with self.connection() as index:
            rows = index.execute("SELECT DISTINCT here FROM edge WHERE outgoing ORDER BY here")
            return [row[0] for row in rows]

    def correlative(self) -> list[str]:
        """Return every study here that is one whole with another study, in order."""
        with self.connection() as index:
            rows = index.execute(
                "SELECT accession FROM study WHERE accession IN (SELECT here FROM edge WHERE correlative) ORDER BY 1"
            )
            return [row[0] for row in rows]

    def correlative_set(self, accession: str) -> list[str]:
        """Return the whole that a study is part of, directly or through others: itself first, at most 200."""
        with self.connection() as index:
            rows = index.execute(
                "WITH RECURSIVE whole(accession) AS (VALUES (?) UNION SELECT edge.there FROM whole"
                " JOIN edge ON edge.here = whole.accession WHERE edge.correlative LIMIT ?)"
                " SELECT accession FROM whole",
                (accession, MAX_SET),
            ).fetchall()
        first, *others = (row[0] for row in rows)
        return [first, *sorted(others)]

    def edges(self, accessions: Iterable[str]) -> list[tuple[str, str, str]]:
        """Return the correlative relations among some studies, each pair once: (one, other, relation)."""
        wanted = json.dumps(list(accessions))
        with self.connection() as index:
            rows = index.execute(
                "SELECT DISTINCT min(here, there), max(here, there), relation FROM edge WHERE correlative"
                " AND here IN (SELECT value FROM json_each(?1))"
                " AND there IN (SELECT value FROM json_each(?1))"
                " ORDER BY 1, 2, 3 LIMIT 2000",
                (wanted,),
            ).fetchall()
        return [(one, other, relation) for one, other, relation in rows]

    def nearest(self, accession: str, limit: int = 4) -> list[str]:
        """Return accessions that are here and next to the given one in its series."""
        with self.connection() as index:
            return nearest_in(index, accession, limit)

    def _page(self, criteria: Criteria) -> StudyPage:
        with self.connection() as index:
            question = Question.of(index, criteria)
            total = question.total(index)
            rows = question.rows(index)
            items = tuple(items_of(index, rows, question.expression))
            facets = tuple(question.facets(index))
            advice = None if total else advise(index, question)
        return StudyPage(criteria, total, items, facets, advice)


def _link(row: tuple[Any, ...]) -> Link:
    here, there, node, kind, relation, outgoing, *said, relayed_by, fixture, verdict, decision = row
    evidence, asserter, confidence = said
    return Link(
        here=here,
        there=there,
        node=node,
        kind=kind,
        relation=relation,
        outgoing=bool(outgoing),
        evidence=evidence,
        asserter=asserter,
        confidence=confidence,
        relayed_by=relayed_by,
        fixture=bool(fixture),
        verdict=verdict,
        decision=decision,
    )
