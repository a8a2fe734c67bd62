"""Search index and counts of a generation: made while it is built, so that no page ever counts.

`derive` copies the index of the generation before, replaces the rows of what the batch touched, and counts
with SQL. An index of another version, or none, is built anew from the store.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing
from dataclasses import astuple
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from rembigraph.catalogue import link_tables, read_model
from rembigraph.catalogue.across_reports import derive_reports
from rembigraph.catalogue.change_log import derive_changes
from rembigraph.catalogue.counts import count
from rembigraph.catalogue.criteria import names_of, searchable, series_of
from rembigraph.catalogue.decisions import Decision, every_decision, states_of
from rembigraph.catalogue.findings import findings_about
from rembigraph.catalogue.inference import atlas_of, write_inferred, write_links
from rembigraph.catalogue.kinship import shared_publications
from rembigraph.catalogue.link_tables import (
    published_kin,
    refresh_statements,
    refresh_suggestions,
    statements,
    suggested,
)
from rembigraph.catalogue.linking import all_links
from rembigraph.catalogue.lookups import record_view
from rembigraph.catalogue.merging import merged_view
from rembigraph.catalogue.parts import Link, both_ways, other_statements
from rembigraph.catalogue.precedence import Conflict
from rembigraph.catalogue.recordview import short_iri
from rembigraph.catalogue.search import INDEX_FILE, INDEX_VERSION
from rembigraph.catalogue.summary import StudySummary, Term, summarise
from rembigraph.catalogue.terms import derive_terms, has_current_terms
from rembigraph.ontology.identifiers import Iris, archive_by_key

if TYPE_CHECKING:
    from pyoxigraph import Quad, Store
    from rembigraph.catalogue.publish import DeriveContext
    from rembigraph.catalogue.recordview import RecordView

Key: TypeAlias = tuple[str, str]
"""Kind of facet and value."""

_SCHEMA: Final = """
CREATE TABLE study (
  id INTEGER PRIMARY KEY, accession TEXT NOT NULL UNIQUE, archive TEXT NOT NULL,
  series TEXT NOT NULL, number INTEGER,
  title TEXT NOT NULL, issued TEXT NOT NULL, license TEXT NOT NULL,
  authors TEXT NOT NULL, entities TEXT NOT NULL,
  byte_size INTEGER, file_count INTEGER, images INTEGER NOT NULL,
  correlations INTEGER NOT NULL, transformations INTEGER NOT NULL,
  kept_values INTEGER NOT NULL, unresolved INTEGER NOT NULL, voxel REAL, extent REAL
);
CREATE INDEX study_issued ON study (issued DESC, accession);
CREATE INDEX study_series ON study (series, number);
CREATE TABLE facet (
  kind TEXT NOT NULL, value TEXT NOT NULL, study INTEGER NOT NULL,
  place INTEGER NOT NULL, names TEXT NOT NULL,
  PRIMARY KEY (kind, value, study)
) WITHOUT ROWID;
CREATE INDEX facet_study ON facet (study, kind, place);
CREATE TABLE term (
  kind TEXT NOT NULL, value TEXT NOT NULL, label TEXT NOT NULL, PRIMARY KEY (kind, value)
) WITHOUT ROWID;
CREATE TABLE name (
  kind TEXT NOT NULL, folded TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (kind, folded, value)
) WITHOUT ROWID;
CREATE INDEX name_value ON name (kind, value);
CREATE TABLE edge (
  here TEXT NOT NULL, there TEXT NOT NULL, node TEXT NOT NULL, outgoing INTEGER NOT NULL,
  kind TEXT NOT NULL, relation TEXT NOT NULL, evidence TEXT NOT NULL, asserter TEXT NOT NULL,
  confidence REAL, relayed_by TEXT NOT NULL, fixture INTEGER NOT NULL,
  verdict TEXT NOT NULL, decision TEXT NOT NULL, correlative INTEGER NOT NULL,
  PRIMARY KEY (here, there, node, relation, outgoing)
) WITHOUT ROWID;
CREATE TABLE kin (
  study INTEGER PRIMARY KEY, accession TEXT NOT NULL UNIQUE, title TEXT NOT NULL, authors TEXT NOT NULL,
  publications TEXT NOT NULL, issued TEXT NOT NULL
);
CREATE TABLE disagreement (
  study INTEGER NOT NULL, accession TEXT NOT NULL, field TEXT NOT NULL, conflict TEXT NOT NULL,
  PRIMARY KEY (study, field)
) WITHOUT ROWID;
CREATE TABLE decided (
  study INTEGER NOT NULL, decision TEXT NOT NULL, state TEXT NOT NULL, PRIMARY KEY (study, decision)
) WITHOUT ROWID;
CREATE TABLE total (
  kind TEXT NOT NULL, value TEXT NOT NULL, studies INTEGER NOT NULL, PRIMARY KEY (kind, value)
);
CREATE VIRTUAL TABLE words USING fts5(
  accession, title, keywords, organisms, methods, authors, description,
  tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3 4'
);
CREATE VIRTUAL TABLE vocabulary USING fts5vocab(words, 'row');
"""
_CACHE_KIB: Final = 256 * 1024
"""Memory for the pages of the index while it is built; SQLite's own 2 MiB are too few for 100,000 studies."""

_INSERT: Final = """
INSERT INTO study (
  accession, archive, series, number, title, issued, license, authors, entities, byte_size, file_count,
  images, correlations, transformations, kept_values, unresolved, voxel, extent
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


def derive(context: DeriveContext) -> dict[str, Any]:
    """Bring the search index of a generation that is being built up to date, and count.

    Returns:
        The counts for `meta.json`; what no record states is None, never zero.
    """
    iris = Iris(context.data_base)
    target = context.target / "search" / INDEX_FILE
    target.parent.mkdir(parents=True, exist_ok=True)
    touched: Collection[str] = context.touched
    terms = derive_terms(context)
    if not _copy(context.previous, target) or not has_current_terms(context.previous):
        touched = context.state.accessions()
    with closing(sqlite3.connect(target, isolation_level=None)) as index:
        # Nobody else sees this file before it is complete, so a rollback journal would only cost time.
        index.execute("PRAGMA journal_mode = OFF")
        index.execute("PRAGMA synchronous = OFF")
        index.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        index.execute("BEGIN")
        stale: set[Key] = set()
        for accession in sorted(touched):
            stale |= _remove(index, accession)
            view = record_view(context.store, iris, accession)
            if view:
                stale |= _insert(index, view, context.store, iris)
        _replace_terms(index, stale)
        kinds = {accession: context.state.sources(accession) for accession in touched}
        refresh_statements(index, context.store, iris, kinds)
        refresh_suggestions(index, iris, touched)
        links, decisions = _link(context.store, iris, index)
        _replace_edges(index, links)
        states = states_of(decisions, dict(index.execute("SELECT decision, state FROM decided").fetchall()))
        relinked = _infer(context.store, iris, index, links, (decisions, states))
        counts = {**count(index), "decisions": dict(sorted(Counter(states.values()).items()))}
        _replace_totals(index, counts)
        judged = derive_reports(context, relinked)
        _find(index, context.store, iris, sorted({*touched, *judged.changed}))
        index.execute("COMMIT")
    derive_changes(context, judged.changed)  # last: it compares what is served with the generation before
    return {**counts, **terms, **judged.derived}


def _copy(previous: Path | None, target: Path) -> bool:
    """Copy the index of the generation before, or make an empty one. Say whether it was copied."""
    source = previous / "search" / INDEX_FILE if previous else None
    target.unlink(missing_ok=True)
    if source and source.is_file():
        shutil.copyfile(source, target)
        if _version(target) == INDEX_VERSION:
            return True
        target.unlink()
    with closing(sqlite3.connect(target)) as index:
        index.executescript(_SCHEMA + read_model.SCHEMA + link_tables.SCHEMA)
        index.execute(f"PRAGMA user_version = {INDEX_VERSION}")
    return False


def _version(path: Path) -> int:
    try:
        with closing(sqlite3.connect(path)) as index:
            (version,) = index.execute("PRAGMA user_version").fetchone()
            return int(version)
    except sqlite3.DatabaseError:
        return 0


def _remove(index: sqlite3.Connection, accession: str) -> set[Key]:
    """Remove a study and return the facet values that it had."""
    found = index.execute("SELECT id FROM study WHERE accession = ?", (accession,)).fetchone()
    if not found:
        return set()
    values = set(index.execute("SELECT kind, value FROM facet WHERE study = ?", found))
    for table in ("facet", "kin", "disagreement", "decided", *read_model.TABLES):
        index.execute(f"DELETE FROM {table} WHERE study = ?", found)  # noqa: S608 - names of our own
    index.execute("DELETE FROM words WHERE rowid = ?", found)
    index.execute("DELETE FROM study WHERE id = ?", found)
    return values


def _insert(index: sqlite3.Connection, view: RecordView, store: Store, iris: Iris) -> set[Key]:
    """Add a study and return the facet values that it has."""
    merged = merged_view(store, view)
    summary = summarise(store, iris, merged.view)
    study = int(index.execute(_INSERT, _row(summary)).lastrowid or 0)
    read_model.write_record(index, study, view)
    index.execute(
        "INSERT INTO kin VALUES (?, ?, ?, ?, ?, ?)",
        (
            study,
            summary.accession,
            summary.title,
            _json(summary.authors),
            _json(summary.publications),
            summary.issued,
        ),
    )
    index.executemany(
        "INSERT INTO disagreement VALUES (?, ?, ?, ?)",
        [(study, summary.accession, one.field, _json(astuple(one))) for one in merged.conflicts],
    )
    index.executemany(
        "INSERT INTO decided VALUES (?, ?, ?)",
        [
            (study, one.iri, merged.states[one.iri])
            for one in merged.decisions
            if one.iri in merged.states and one.field
        ],
    )
    facets = list(_facets(summary))
    index.executemany(
        "INSERT OR IGNORE INTO facet VALUES (?, ?, ?, ?, ?)",
        [(kind, term.value, study, place, _names(term)) for place, (kind, term) in enumerate(facets)],
    )
    index.execute(
        "INSERT INTO words (rowid, accession, title, keywords, organisms, methods, authors, description)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (study, *map(searchable, _words(summary))),
    )
    return {(kind, term.value) for kind, term in facets}


def _find(index: sqlite3.Connection, store: Store, iris: Iris, accessions: Iterable[str]) -> None:
    """Keep what the validation found about some studies, once all of it is known."""
    for accession in accessions:
        view = read_model.read_record(index, iris, accession)
        if view:
            read_model.write_findings(index, accession, findings_about(store, iris, view))


def _names(term: Term) -> str:
    return json.dumps(term.names or ([] if term.is_term else [term.label]), ensure_ascii=False)


def _row(summary: StudySummary) -> tuple[object, ...]:
    series, number = series_of(summary.accession)
    return (
        summary.accession,
        summary.archive,
        series,
        number,
        summary.title,
        summary.issued,
        summary.license,
        _json(summary.authors),
        _json(summary.entities),
        summary.byte_size,
        summary.file_count,
        summary.images,
        summary.correlations,
        summary.transformations,
        summary.kept_values,
        summary.unresolved,
        summary.voxel,
        summary.extent,
    )


def _facets(summary: StudySummary) -> Iterator[tuple[str, Term]]:
    yield "archive", Term(summary.archive, archive_by_key(summary.archive).label)
    yield from (("organism", term) for term in summary.organisms)
    yield from (("method", term) for term in summary.methods)
    if summary.year is not None:
        yield "year", Term(str(summary.year), str(summary.year))


def _replace_terms(index: sqlite3.Connection, keys: set[Key]) -> None:
    """Name facet values anew from every study that has them, so that load order does not matter.

    The label is the one that most studies use; of equals the longer, then the first in the alphabet.
    """
    for kind, value in sorted(keys):
        index.execute("DELETE FROM term WHERE kind = ? AND value = ?", (kind, value))
        index.execute("DELETE FROM name WHERE kind = ? AND value = ?", (kind, value))
        rows = index.execute(
            "SELECT names, count(*) FROM facet WHERE kind = ? AND value = ? GROUP BY names", (kind, value)
        ).fetchall()
        if rows:
            term = _named(value, [(json.loads(names), studies) for names, studies in rows])
            index.execute("INSERT INTO term VALUES (?, ?, ?)", (kind, value, term.label))
            names = [(kind, folded, value) for folded in sorted(names_of(kind, term))]
            index.executemany("INSERT INTO name VALUES (?, ?, ?)", names)


def _named(value: str, used: list[tuple[list[str], int]]) -> Term:
    """Return a facet value with its label, from what studies call it: (names, the first the label; studies)."""
    counts: Counter[str] = Counter()
    for names, studies in used:
        counts.update({names[0]: studies} if names else {})
    ranked = sorted(counts, key=lambda label: (-counts[label], -len(label), label))
    return Term(
        value, ranked[0] if ranked else short_iri(value), tuple(n for names, _ in used for n in names)
    )


def _words(summary: StudySummary) -> tuple[str, ...]:
    organisms = (name for term in summary.organisms for name in (*term.names, term.short))
    methods = (name for term in summary.methods for name in (*term.names, term.short))
    return (
        summary.accession,
        summary.title,
        " · ".join(summary.keywords),
        " · ".join(dict.fromkeys(organisms)),
        " · ".join(dict.fromkeys([*methods, *summary.texts])),
        " · ".join(summary.authors),
        summary.description,
    )


def _link(store: Store, iris: Iris, index: sqlite3.Connection) -> tuple[list[Link], list[Decision]]:
    """Put all links together: one study's record may say something about any other."""
    stated = chain(
        (seen for link in statements(index) for seen in both_ways(link)), other_statements(store, iris)
    )
    derived = chain(shared_publications(published_kin(index), iris), suggested(index))
    decisions = every_decision(store)
    return all_links(stated, iris, derived, decisions), decisions


def _infer(
    store: Store,
    iris: Iris,
    index: sqlite3.Connection,
    links: list[Link],
    decided: tuple[list[Decision], dict[str, str]],
) -> Iterable[Quad]:
    """Bring the graphs up to date that hold what follows from the records; return what changed in `graph/links`."""
    held = [row[0] for row in index.execute("SELECT accession FROM study")]
    rows = index.execute("SELECT accession, conflict FROM disagreement ORDER BY accession, field")
    conflicts = [(accession, _conflict(text)) for accession, text in rows]
    atlas = atlas_of(store, iris)
    relinked = write_links(store, iris, links, held, atlas)
    write_inferred(store, iris, links, *decided, conflicts, atlas)
    return relinked


def _conflict(text: str) -> Conflict:
    field, preferred, sources, others = json.loads(text)
    told = tuple((value, tuple(by)) for value, by in others)
    return Conflict(field, tuple(preferred), tuple(sources), told)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _replace_edges(index: sqlite3.Connection, links: Iterable[Link]) -> None:
    """Write all statements that join studies anew: one study's record may say something about any other."""
    index.execute("DELETE FROM edge")
    index.executemany(
        "INSERT OR IGNORE INTO edge VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (
                link.here,
                link.there,
                link.node,
                link.outgoing,
                link.kind,
                link.relation,
                link.evidence,
                link.asserter,
                link.confidence,
                link.relayed_by,
                link.fixture,
                link.verdict,
                link.decision,
                link.is_correlative,
            )
            for link in links
        ),
    )


def _replace_totals(index: sqlite3.Connection, counts: dict[str, Any]) -> None:
    """Keep the facets of the whole catalogue, so that the unfiltered list counts nothing."""
    index.execute("DELETE FROM total")
    index.execute(
        "INSERT INTO total SELECT kind, value, count(*) FROM facet GROUP BY kind, value"
        " UNION ALL SELECT 'all', '', count(*) FROM study"
    )
    index.execute("INSERT INTO total VALUES ('correlative', 'yes', ?)", (counts["correlative_studies"],))
