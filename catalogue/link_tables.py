"""What the index remembers of links, so that a batch looks only at what it touches: statements and suggestions.

Both are exact: a statement is read anew when a graph changes that describes its node, and two studies are compared
anew when one of them changes, or when a name that both bear becomes, or is no more, too frequent to say something.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import astuple
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from pyoxigraph import NamedNode
from rembigraph.catalogue.kinship import BLOCK, Kin, suggestion
from rembigraph.catalogue.parts import Link, study_link
from rembigraph.catalogue.recordview import field_iri

if TYPE_CHECKING:
    import sqlite3

    from pyoxigraph import Store
    from rembigraph.ontology.identifiers import Iris

SCHEMA: Final = """
CREATE TABLE statement (
  node TEXT NOT NULL, graph TEXT NOT NULL, link TEXT NOT NULL, PRIMARY KEY (node, graph)
) WITHOUT ROWID;
CREATE INDEX statement_graph ON statement (graph);
CREATE TABLE author (
  name TEXT NOT NULL, accession TEXT NOT NULL, PRIMARY KEY (name, accession)
) WITHOUT ROWID;
CREATE INDEX author_accession ON author (accession);
CREATE TABLE suggestion (
  here TEXT NOT NULL, there TEXT NOT NULL, link TEXT NOT NULL, PRIMARY KEY (here, there)
) WITHOUT ROWID;
CREATE INDEX suggestion_there ON suggestion (there);
"""
_LINK_FROM: Final = NamedNode(field_iri("link_from"))


# --- statements


def refresh_statements(
    index: sqlite3.Connection, store: Store, iris: Iris, touched: Mapping[str, Iterable[str]]
) -> None:
    """Read the statements anew that a graph of a touched accession describes, or did.

    Args:
        index: the index that is being built.
        store: the store of the same generation.
        iris: makes IRIs for its data base.
        touched: accessions of which something changed, each with all kinds of source that it ever had.
    """
    for accession, kinds in touched.items():
        prefix = iris.record_graph(accession, "")
        bounds = (prefix, f"{prefix}\U0010ffff")
        described = {
            node
            for (node,) in index.execute("SELECT node FROM statement WHERE graph BETWEEN ? AND ?", bounds)
        }
        for kind in kinds:
            graph = NamedNode(iris.record_graph(accession, kind))
            described |= {
                quad.subject.value
                for quad in store.quads_for_pattern(None, _LINK_FROM, None, graph)
                if isinstance(quad.subject, NamedNode)
            }
        for node in described:
            _read_again(index, store, iris, node)


def _read_again(index: sqlite3.Connection, store: Store, iris: Iris, node: str) -> None:
    index.execute("DELETE FROM statement WHERE node = ?", (node,))
    link, graphs = study_link(store, iris, node)
    rows = [(node, graph, _packed(link)) for graph in graphs]
    index.executemany("INSERT INTO statement VALUES (?, ?, ?)", rows)


def statements(index: sqlite3.Connection) -> Iterator[Link]:
    """Yield every statement that joins two records, once, in order of their nodes."""
    for (packed,) in index.execute("SELECT link FROM statement WHERE link != '' GROUP BY node ORDER BY node"):
        yield _unpacked(packed)


# --- suggestions


def refresh_suggestions(index: sqlite3.Connection, iris: Iris, touched: Collection[str]) -> None:
    """Compare touched studies with their relatives anew; the table `kin` is up to date already."""
    names = {name for accession in touched for name in _names(index, accession)}
    before = {name: _bearers(index, name) for name in names}
    index.executemany("DELETE FROM author WHERE accession = ?", ((accession,) for accession in touched))
    read = lru_cache(maxsize=_REMEMBERED)(lambda accession: _kin(index, accession))
    for accession in touched:
        kin = read(accession)
        if kin and not kin.is_draft:
            rows = [(name, accession) for name in sorted(set(kin.names))]
            index.executemany("INSERT INTO author VALUES (?, ?)", rows)
            for name in set(kin.names) - names:
                before.setdefault(name, _bearers(index, name) - 1)
    affected = set(touched) | set(_tipped(index, before))
    for accession in affected:
        index.execute("DELETE FROM suggestion WHERE here = ? OR there = ?", (accession, accession))
    for accession in sorted(affected):
        others = (
            other for other in _relatives(index, accession) if other not in affected or other > accession
        )
        for other in others:
            one, two = (read(each) for each in sorted((accession, other)))
            found = suggestion(one, two, iris) if one and two else None
            if found:
                row = (found.here, found.there, _packed(found))
                index.execute("INSERT INTO suggestion VALUES (?, ?, ?)", row)


def _tipped(index: sqlite3.Connection, before: dict[str, int]) -> Iterator[str]:
    """Yield the bearers of names that became too frequent, or are no more."""
    for name, count in before.items():
        if (count > BLOCK) != (_bearers(index, name) > BLOCK):
            for (accession,) in index.execute("SELECT accession FROM author WHERE name = ?", (name,)):
                yield accession


def _names(index: sqlite3.Connection, accession: str) -> list[str]:
    return [name for (name,) in index.execute("SELECT name FROM author WHERE accession = ?", (accession,))]


def _bearers(index: sqlite3.Connection, name: str) -> int:
    (count,) = index.execute("SELECT count(*) FROM author WHERE name = ?", (name,)).fetchone()
    return int(count)


def _relatives(index: sqlite3.Connection, accession: str) -> set[str]:
    """Studies that share an author name with this one, unless too many bear it."""
    found: set[str] = set()
    for name in _names(index, accession):
        query = "SELECT accession FROM author WHERE name = ? LIMIT ?"
        bearers = [other for (other,) in index.execute(query, (name, BLOCK + 1))]
        if len(bearers) <= BLOCK:
            found.update(bearers)
    return found - {accession}


def suggested(index: sqlite3.Connection) -> Iterator[Link]:
    """Yield every suggestion, from the first to the second in the alphabet."""
    for (packed,) in index.execute("SELECT link FROM suggestion ORDER BY here, there"):
        yield _unpacked(packed)


def published_kin(index: sqlite3.Connection) -> Iterator[Kin]:
    """Yield what tells the relatives of each study that goes with a publication, in order of their accessions."""
    yield from map(_of_row, index.execute(f"{_KIN} WHERE publications != '[]' ORDER BY accession"))


_REMEMBERED: Final = 250_000
"""Studies whose folded names and titles are remembered, about 2 kB each: more than a catalogue compares at once, since
relatives are met in no order that a smaller memory could follow."""
_KIN: Final = "SELECT accession, title, authors, publications, issued FROM kin"


def _kin(index: sqlite3.Connection, accession: str) -> Kin | None:
    row = index.execute(f"{_KIN} WHERE accession = ?", (accession,)).fetchone()
    return _of_row(row) if row else None


def _of_row(row: tuple[str, ...]) -> Kin:
    accession, title, authors, publications, issued = row
    return Kin(accession, title, tuple(json.loads(authors)), tuple(json.loads(publications)), issued)


def _packed(link: Link | None) -> str:
    return json.dumps(astuple(link), ensure_ascii=False) if link else ""


def _unpacked(packed: str) -> Link:
    *said, quotes = json.loads(packed)
    made: Any = (*said, tuple(quotes))
    return Link(*made)
