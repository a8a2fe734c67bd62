"""The SQL of the study list. Only fixed texts and question marks are joined; every value is bound.

Everything here runs on a read-only index (`derive` has the tables).
"""

# ruff: noqa: S608 - the parts that are joined are constants of this module

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from rembigraph.catalogue.criteria import (
    KINDS,
    MARK_OFF,
    MARK_ON,
    Criteria,
    accessions_in,
    archive_key,
    fold,
    match_expression,
    series_of,
    words_of,
)
from rembigraph.catalogue.studylist import Facet, FacetValue, Match, StudyItem
from rembigraph.catalogue.summary import Term

SHOWN_VALUES: Final = 30
"""Most values shown of one facet."""

_COLUMNS: Final = ("accession", "title", "keywords", "organisms", "methods", "authors", "description")
_WEIGHTS: Final = "10.0, 6.0, 4.0, 3.0, 3.0, 2.0, 1.0"
_EXPLAINED: Final = ("keywords", "organisms", "methods", "authors", "description")
_ORDERS: Final = {
    "relevance": "score, issued DESC, accession",
    "newest": "issued DESC, accession",
    "oldest": "issued = '', issued, accession",
    "title": "title COLLATE NOCASE, accession",
    "accession": "series, number, accession",
    "largest": "byte_size IS NULL, byte_size DESC, accession",
}


@dataclass(frozen=True)
class Question:
    """Criteria, resolved against one index.

    Attributes:
        criteria: what was asked for.
        expression: FTS5 expression of quoted words; empty for none.
        accessions: accessions that the words may mean.
        wanted: filter -> each wanted name -> the values of the index that it stands for.
    """

    criteria: Criteria
    expression: str
    accessions: tuple[str, ...]
    wanted: Mapping[str, Mapping[str, tuple[str, ...]]]

    @classmethod
    def of(cls, index: sqlite3.Connection, criteria: Criteria) -> Question:
        """Resolve criteria against an index."""
        wanted = {
            kind: _resolve(index, kind, criteria.values(kind)) for kind in KINDS if criteria.values(kind)
        }
        return cls(
            criteria,
            match_expression(words_of(criteria.q)),
            tuple(accessions_in(criteria.q)) if criteria.q else (),
            wanted,
        )

    def total(self, index: sqlite3.Connection, *, without: str = "") -> int:
        """Count the studies, leaving one filter out when told so."""
        if self.criteria.is_open:
            return _total(index, "all", "")
        sql, values = self._hits(without)
        return int(index.execute(f"{sql} SELECT count(*) FROM hit", values).fetchone()[0])

    def rows(self, index: sqlite3.Connection) -> list[int]:
        """Return the row numbers of the studies on the page, in order."""
        sql, values = self._hits()
        criteria = self.criteria
        pinned = next(iter(self.accessions), "")
        order = _ORDERS[criteria.sort]
        offset = (criteria.page - 1) * criteria.per_page
        rows = index.execute(
            f"{sql} SELECT study.id FROM hit JOIN study USING (id)"
            f" ORDER BY (study.accession = ?) DESC, {order} LIMIT ? OFFSET ?",
            [*values, pinned, criteria.per_page, offset],
        )
        return [row[0] for row in rows]

    def facets(self, index: sqlite3.Connection) -> Iterator[Facet]:
        """Yield the facets; each counts the studies that all other filters leave."""
        for kind in KINDS:
            counted = self._counted(index, kind)
            shown = [*counted[:SHOWN_VALUES], *(value for value in counted[SHOWN_VALUES:] if value.selected)]
            yield Facet(kind, tuple(shown), len(counted) - len(shown))
        joined = self._correlative(index)
        given = ("yes",) if self.criteria.correlative else ()
        yield Facet("correlative", (FacetValue(Term("yes", "with a part elsewhere"), "yes", joined, given),))

    def _counted(self, index: sqlite3.Connection, kind: str) -> list[FacetValue]:
        if self.criteria.is_open:
            rows = index.execute(
                "SELECT t.value, term.label, t.studies FROM total t JOIN term USING (kind, value)"
                " WHERE t.kind = ? ORDER BY t.studies DESC, term.label, t.value",
                (kind,),
            )
        else:
            sql, values = self._hits(kind)
            rows = index.execute(
                f"{sql} SELECT f.value, term.label, count(*) AS studies FROM hit"
                " JOIN facet f ON f.study = hit.id AND f.kind = ?"
                " JOIN term ON term.kind = f.kind AND term.value = f.value"
                " GROUP BY f.value ORDER BY studies DESC, term.label, f.value",
                [*values, kind],
            )
        return [self._facet_value(kind, *row) for row in rows]

    def _facet_value(self, kind: str, value: str, label: str, studies: int) -> FacetValue:
        term = Term(value, label)
        given = tuple(name for name, values in self.wanted.get(kind, {}).items() if value in values)
        return FacetValue(term, term.short if kind in {"organism", "method"} else value, studies, given)

    def _correlative(self, index: sqlite3.Connection) -> int:
        if self.criteria.is_open:
            return _total(index, "correlative", "yes")
        sql, values = self._hits("correlative")
        joined = "accession IN (SELECT here FROM edge WHERE correlative)"
        query = f"{sql} SELECT count(*) FROM hit JOIN study USING (id) WHERE {joined}"
        return int(index.execute(query, values).fetchone()[0])

    def _hits(self, without: str = "") -> tuple[str, list[Any]]:
        """Return the SQL that makes the table `hit` of all studies that pass, and its values."""
        values: list[Any] = []
        source = "SELECT id, 0.0 FROM study"
        if self.criteria.q and without != "q":
            # An accession that the words mean is a hit even where no word matches.
            sources = [
                "SELECT id, -1e9 AS score FROM study WHERE accession IN (SELECT value FROM json_each(?))"
            ]
            values.append(json.dumps(self.accessions))
            if self.expression:
                sources.append(f"SELECT rowid, bm25(words, {_WEIGHTS}) FROM words WHERE words MATCH ?")
                values.append(self.expression)
            source = f"SELECT id, min(score) FROM ({' UNION ALL '.join(sources)}) GROUP BY id"
        conditions = list(self._conditions(without, values))
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        sql = (
            f"WITH found(id, score) AS ({source}),"
            f" hit(id, score) AS MATERIALIZED (SELECT id, score FROM found{where})"
        )
        return sql, values

    def _conditions(self, without: str, values: list[Any]) -> Iterator[str]:
        for kind, wanted in self.wanted.items():
            if kind != without:
                values += [kind, json.dumps(sorted({value for named in wanted.values() for value in named}))]
                yield (
                    "id IN (SELECT study FROM facet WHERE kind = ?"
                    " AND value IN (SELECT value FROM json_each(?)))"
                )
        if self.criteria.correlative is not None and without != "correlative":
            negation = "" if self.criteria.correlative else "NOT "
            yield (
                f"id {negation}IN (SELECT id FROM study"
                " WHERE accession IN (SELECT here FROM edge WHERE correlative))"
            )


def _total(index: sqlite3.Connection, kind: str, value: str) -> int:
    row = index.execute("SELECT studies FROM total WHERE kind = ? AND value = ?", (kind, value)).fetchone()
    return int(row[0]) if row else 0


def _resolve(index: sqlite3.Connection, kind: str, given: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return for each given name the values of the index that it stands for."""
    if kind == "archive":
        return {name: (archive_key(name) or name,) for name in given}
    if kind == "year":
        return {name: (name,) for name in given}
    query = "SELECT value FROM name WHERE kind = ? AND folded = ? ORDER BY value"
    return {name: tuple(row[0] for row in index.execute(query, (kind, fold(name)))) for name in given}


def nearest_in(index: sqlite3.Connection, accession: str, limit: int) -> list[str]:
    """Return accessions of an index that are next to the given one in its series."""
    series, number = series_of(accession)
    if number is None:
        return []
    found: list[tuple[int, int, str]] = []
    for comparison, order in (("<", "DESC"), (">=", "ASC")):
        rows = index.execute(
            f"SELECT number, accession FROM study WHERE series = ? AND number {comparison} ?"
            f" ORDER BY number {order} LIMIT ?",
            (series, number, limit),
        )
        found += ((abs(near - number), near, text) for near, text in rows)
    return [text for _, _, text in sorted(found)[:limit] if text != accession]


def items_of(index: sqlite3.Connection, ids: list[int], expression: str = "") -> Iterator[StudyItem]:
    """Yield the items of these row numbers, in their order; with an expression, with what matched."""
    wanted = json.dumps(ids)
    rows = index.execute(
        "SELECT id, accession, archive, title, issued, license, authors, entities, byte_size, file_count,"
        " images, correlations, transformations, voxel, extent, (SELECT count(DISTINCT there) FROM edge"
        " WHERE here = accession AND correlative) AS parts"
        " FROM study WHERE id IN (SELECT value FROM json_each(?))",
        (wanted,),
    )
    by_id = {row[0]: row for row in rows}
    terms = _terms_of(index, wanted)
    matches = _matches(index, wanted, expression) if expression and ids else {}
    for number in ids:
        row = by_id[number]
        heading, match = matches.get(number, (None, None))
        yield StudyItem(
            accession=row[1],
            archive=row[2],
            title=row[3],
            issued=row[4],
            license=row[5],
            authors=tuple(json.loads(row[6])),
            entities=tuple(json.loads(row[7])),
            organisms=tuple(terms.get((number, "organism"), ())),
            methods=tuple(terms.get((number, "method"), ())),
            byte_size=row[8],
            file_count=row[9],
            images=row[10],
            correlations=row[11],
            transformations=row[12],
            voxel=row[13],
            extent=row[14],
            parts=row[15],
            heading=heading,
            match=match,
        )


def _terms_of(index: sqlite3.Connection, wanted: str) -> dict[tuple[int, str], list[Term]]:
    rows = index.execute(
        "SELECT f.study, f.kind, f.value, term.label FROM facet f JOIN term USING (kind, value)"
        " WHERE f.study IN (SELECT value FROM json_each(?)) AND f.kind IN ('organism', 'method')"
        " ORDER BY f.study, f.kind, f.place",
        (wanted,),
    )
    found: dict[tuple[int, str], list[Term]] = {}
    for study, kind, value, label in rows:
        found.setdefault((study, kind), []).append(Term(value, label))
    return found


def _matches(
    index: sqlite3.Connection, wanted: str, expression: str
) -> dict[int, tuple[Match | None, Match | None]]:
    """Return for each study its title with what matched, and the best other place that matched."""
    snippets = ", ".join(f"snippet(words, {_COLUMNS.index(name)}, ?1, ?2, '…', 24)" for name in _EXPLAINED)
    rows = index.execute(
        f"SELECT rowid, highlight(words, 1, ?1, ?2), {snippets} FROM words"
        " WHERE words MATCH ?3 AND rowid IN (SELECT value FROM json_each(?4))",
        (MARK_ON, MARK_OFF, expression, wanted),
    )
    found = {}
    for number, heading, *texts in rows:
        named = zip(_EXPLAINED, texts, strict=True)
        other = next((Match(field, _pieces(text)) for field, text in named if MARK_ON in text), None)
        found[number] = (Match("title", _pieces(heading)) if MARK_ON in heading else None, other)
    return found


def _pieces(text: str) -> tuple[tuple[str, bool], ...]:
    pieces: list[tuple[str, bool]] = []
    for part in text.split(MARK_ON):
        marked, off, rest = part.partition(MARK_OFF)
        pieces += [(marked, True), (rest, False)] if off else [(part, False)]
    return tuple(piece for piece in pieces if piece[0])
