"""Notes what became of each study while a generation is built: the file that `changes.Changes` reads.

What is served of a study depends on others too: the titles of its parts, the names of terms, curators' decisions. So
every study that a batch could have touched is compared, as it is served, with what it was in the generation before.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from pyoxigraph import NamedNode, Store
from rembigraph.catalogue.changes import (
    CHANGED,
    CHANGES_FILE,
    CHANGES_VERSION,
    CREATED,
    REINSTATED,
    WITHDRAWN,
    Category,
    later,
    strictly_later,
    version_of,
)
from rembigraph.catalogue.generations import Generation
from rembigraph.catalogue.home import Home
from rembigraph.catalogue.ledger import LedgerState, RecordEntry
from rembigraph.catalogue.lookups import label, record_quads
from rembigraph.catalogue.reader import Snapshot
from rembigraph.catalogue.search import INDEX_FILE, INDEX_VERSION, Search
from rembigraph.catalogue.summary import summarise
from rembigraph.catalogue.versions import archived, history_of
from rembigraph.ontology.errors import CatalogueError
from rembigraph.ontology.identifiers import OBO, Iris, is_web_address, parse_accession
from rembigraph.ontology.term_tables import licence

if TYPE_CHECKING:
    from rembigraph.catalogue.publish import DeriveContext

_SCHEMA: Final = """
CREATE TABLE moment (generation INTEGER PRIMARY KEY, stamp TEXT NOT NULL UNIQUE);
CREATE TABLE study (
  accession TEXT PRIMARY KEY, change TEXT NOT NULL, created INTEGER NOT NULL, generation INTEGER NOT NULL,
  reason TEXT NOT NULL, successor TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX study_order ON study (generation, accession);
CREATE TABLE category (id INTEGER PRIMARY KEY, spec TEXT NOT NULL UNIQUE, name TEXT NOT NULL);
CREATE TABLE member (
  category INTEGER NOT NULL, generation INTEGER NOT NULL, accession TEXT NOT NULL, belongs INTEGER NOT NULL,
  PRIMARY KEY (category, generation, accession)
) WITHOUT ROWID;
CREATE INDEX member_accession ON member (accession, category);
"""
_PARENTS: Final = {
    "archive": "By archive",
    "method": "By imaging method",
    "organism": "By organism",
    "licence": "By licence",
}
_CORRELATIVE: Final = "correlative", "Correlative: with a part in another study"
_NOT_IN_A_NAME: Final = re.compile(r"[^A-Za-z0-9_.-]")


def derive_changes(context: DeriveContext, judged: Collection[str]) -> None:
    """Write what became of each study into a generation that is being built; the last thing that `derive` does.

    Args:
        context: the generation.
        judged: studies of which the rules across records find something else than before.
    """
    with _Record(context, judged) as record:
        record.settle()


@dataclass
class _Record:
    """The file of changes while it is written. A context manager.

    Attributes:
        context: the generation that is being built.
        judged: studies of which the rules across records find something else than before.
        has_past: whether the generation before has such a file; without it every study is stamped anew.
    """

    context: DeriveContext
    judged: Collection[str]
    has_past: bool = False
    _file: sqlite3.Connection = field(init=False)
    _held: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> _Record:
        folder = self.context.target / "search"
        previous = self.context.previous
        self.has_past = _copy(previous, folder / CHANGES_FILE)
        self._file = sqlite3.connect(
            f"file:{quote(str(folder / CHANGES_FILE))}", uri=True, isolation_level=None
        )
        self._held.enter_context(closing(self._file))
        # Nobody else sees this file before it is complete, so a rollback journal would only cost time.
        self._file.execute("PRAGMA journal_mode = OFF")
        self._file.execute("PRAGMA synchronous = OFF")
        for name, generation in (("fresh", self.context.target), ("old", previous)):
            if generation and (name == "fresh" or self.has_past):
                address = f"file:{quote(str(generation / 'search' / INDEX_FILE))}?mode=ro&immutable=1"
                self._file.execute(f"ATTACH ? AS {name}", (address,))
        self._file.execute("BEGIN")
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._file.execute("COMMIT")
        self._held.close()

    @property
    def number(self) -> int:
        """Number of the generation."""
        return self.context.state.generation

    def settle(self) -> None:
        """Note what the batch did to each study."""
        if self.has_past:
            (last,) = self._file.execute("SELECT max(stamp) FROM moment").fetchone()
            self._file.execute(
                "INSERT OR IGNORE INTO moment VALUES (?, ?)",
                (self.number, max(self.context.state.time, later(last))),
            )
        else:
            self._begin()
        if self.has_past and self._is_comparable():
            own = {name for name in self.context.touched if _is_stated(self.context.state, name)}
            touched = own | self._moved(self._neighbours() - own)
        else:
            touched = {row[0] for row in self._file.execute("SELECT accession FROM fresh.study")}
            touched |= self.context.touched
        for accession in sorted(touched):
            self._note(accession)

    def _is_comparable(self) -> bool:
        """Whether what was served before can be read: not when another version wrote the index."""
        (version,) = self._file.execute("PRAGMA old.user_version").fetchone()
        return bool(version == INDEX_VERSION)

    def _note(self, accession: str) -> None:
        """Note the last change of one study."""
        was = self._file.execute(
            "SELECT change, created FROM study WHERE accession = ?", (accession,)
        ).fetchone()
        before, created = was or ("", self.number)
        is_held = self._file.execute("SELECT 1 FROM fresh.study WHERE accession = ?", (accession,)).fetchone()
        withdrawal = self.context.state.withdrawn.get(accession)
        if is_held:
            again = REINSTATED if before == WITHDRAWN else CHANGED
            kind, reason, successor = again if was else CREATED, "", ""
            self._sort(accession, self._categories(accession))
        elif was:
            kind, reason, successor = WITHDRAWN, "", ""
            if withdrawal:
                reason, successor = withdrawal.reason, withdrawal.successor
            self._move(accession)
        else:
            return  # no study: a set of links, or decisions about a study that is not here
        self._file.execute(
            "INSERT OR REPLACE INTO study VALUES (?, ?, ?, ?, ?, ?)",
            (accession, kind, created, self.number, reason, successor),
        )

    def _sort(self, accession: str, categories: Iterable[Category]) -> None:
        """Put a study in its sets; of those that it has left, it stays on the list as one that left."""
        wanted = {self._id(one) for one in categories}
        rows = self._file.execute(
            "SELECT category, belongs FROM member WHERE accession = ?", (accession,)
        ).fetchall()
        left = {one for one, belongs in rows if belongs and one not in wanted}
        self._file.executemany(
            "DELETE FROM member WHERE accession = ? AND category = ?",
            [(accession, one) for one in left | {one for one, _ in rows if one in wanted}],
        )
        self._file.executemany(
            "INSERT INTO member VALUES (?, ?, ?, ?)",
            [(one, self.number, accession, one in wanted) for one in sorted(wanted | left)],
        )

    def _move(self, accession: str) -> None:
        """Give what sets say of a withdrawn study the time of its withdrawal."""
        self._file.execute(
            "UPDATE member SET generation = ? WHERE accession = ? AND belongs", (self.number, accession)
        )

    def _id(self, category: Category) -> int:
        self._file.execute(
            "INSERT INTO category (spec, name) VALUES (?, ?) ON CONFLICT (spec) DO UPDATE SET name = excluded.name",
            (category.spec, category.name),
        )
        row = self._file.execute("SELECT id FROM category WHERE spec = ?", (category.spec,)).fetchone()
        return int(row[0])

    def _categories(self, accession: str) -> Iterator[Category]:
        """Yield the sets that a study is in, from the search index."""
        facets = self._file.execute(
            "SELECT kind, value, coalesce(label, value) FROM fresh.facet LEFT JOIN fresh.term USING (kind, value)"
            " WHERE study = (SELECT id FROM fresh.study WHERE accession = ?)"
            " AND kind IN ('archive', 'organism', 'method')",
            (accession,),
        ).fetchall()
        (terms,) = self._file.execute(
            "SELECT license FROM fresh.study WHERE accession = ?", (accession,)
        ).fetchone()
        yield from sorted_into([*facets, ("licence", terms, terms)])
        if self._file.execute(
            "SELECT 1 FROM fresh.edge WHERE here = ? AND correlative LIMIT 1", (accession,)
        ).fetchone():
            yield Category(*_CORRELATIVE)

    def _begin(self) -> None:
        """Begin without a file before: from the ledger come the times and what is withdrawn.

        All that is served counts as changed now, because what was told of it before is not known.
        """
        home = Home.open(self.context.target.parents[1])
        created: dict[str, int] = {}
        stamps: dict[int, str] = {}
        for batch in home.ledger.batches():
            stamps[batch.generation] = str(batch.commit["time"])
            for entry in home.ledger.entries(batch):
                if isinstance(entry, RecordEntry) and entry.state == "active":
                    created.setdefault(entry.accession, entry.generation)
        stamps[self.number] = self.context.state.time
        self._file.executemany("INSERT INTO moment VALUES (?, ?)", strictly_later(stamps))
        studies = {row[0] for row in self._file.execute("SELECT accession FROM fresh.study")}
        rows = [
            (name, CHANGED, created[name])
            for name in sorted(studies)
            if created.get(name, self.number) < self.number
        ]
        self._file.executemany("INSERT INTO study VALUES (?, ?, ?, 0, '', '')", rows)
        for accession, gone in sorted(self.context.state.withdrawn.items()):
            if accession in created and not parse_accession(accession).archive.is_of_statements:
                row = accession, WITHDRAWN, created[accession], gone.generation, gone.reason, gone.successor
                self._file.execute("INSERT INTO study VALUES (?, ?, ?, ?, ?, ?)", row)
                ids = {self._id(one) for one in self._last_categories(home, accession)}
                self._file.executemany(
                    "INSERT INTO member VALUES (?, ?, ?, 1)",
                    [(one, gone.generation, accession) for one in sorted(ids)],
                )

    def _last_categories(self, home: Home, accession: str) -> Iterator[Category]:
        """Yield the sets that a withdrawn study was in, as far as the archive knows."""
        archive = parse_accession(accession).archive
        found = [("archive", archive.key, archive.label)]
        with suppress(CatalogueError, ValueError, IndexError):
            view, _ = archived(home, accession, history_of(home.ledger.history(accession)).versions[-1])
            told = summarise(self.context.store, Iris(home.data_base), view)
            found += [("organism", term.value, term.label) for term in told.organisms]
            found += [("method", term.value, term.label) for term in told.methods]
            found.append(("licence", told.license, told.license))
        yield from sorted_into(found)

    def _neighbours(self) -> set[str]:
        """Return the studies that are not stated anew, but of which something may be served anew."""
        self._file.execute("CREATE TEMP TABLE touched (accession TEXT PRIMARY KEY)")
        self._file.executemany(
            "INSERT INTO touched VALUES (?)", [(one,) for one in sorted(self.context.touched)]
        )
        beside = "SELECT there FROM {0}.edge WHERE here IN (SELECT accession FROM touched)"
        differing = "SELECT here FROM (SELECT * FROM {0}.edge EXCEPT SELECT * FROM {1}.edge)"
        both = [("fresh", "old"), ("old", "fresh")]
        found = " UNION ".join(sql.format(*names) for sql in (beside, differing) for names in both)
        named = {row[0] for row in self._file.execute(found)} | set(self.context.touched)
        return {*named, *self._renamed(), *self.judged} & self._known()

    def _known(self) -> set[str]:
        sql = "SELECT accession FROM fresh.study UNION SELECT accession FROM old.study"
        return {row[0] for row in self._file.execute(sql)}

    def _renamed(self) -> set[str]:
        """Return the studies that name a term or a person whose name has changed with this batch."""
        iris, stores = Iris(self.context.data_base), self.context.stores
        described: set[str] = set()
        for accession in self.context.touched:
            for store in stores:
                described.update(_foreign_subjects(store, iris, accession))
        found: set[str] = set()
        for iri in described:
            if len({label(store, iris, iri) for store in stores}) > 1:
                for store in stores:
                    found.update(_naming(store, iris, iri))
        return found

    def _moved(self, candidates: Collection[str]) -> set[str]:
        """Return those studies of which something else is served than before."""
        previous = self.context.previous
        if not candidates or previous is None:
            return set()
        with ExitStack() as stack:
            old = Snapshot.open(previous, self.context.data_base)
            stack.callback(old.close)
            index = Search.open(self.context.target / "search")
            generation = _Unfinished(self.number, self.context.target)
            fresh = Snapshot(generation, self.context.data_base, self.context.store, index)
            stack.callback(fresh.close)
            return {one for one in candidates if _served(old, one) != _served(fresh, one)}


class _Unfinished(Generation):
    """A generation that is being built: it has no `meta.json` yet, and what is looked at here does not need it."""

    meta: Mapping[str, Any] = {}


def sorted_into(facets: Iterable[tuple[str, str, str]]) -> Iterator[Category]:
    """Yield the sets for (kind, value, label) of a study; what has no IRI is in the wider set only."""
    for kind, value, name in facets:
        if not value:
            continue
        yield Category(kind, _PARENTS[kind])
        known = licence(value) if kind == "licence" else None
        if known:
            yield Category(f"licence:{known.spdx}", known.label)
        elif kind == "archive" or is_web_address(value):
            yield Category(f"{kind}:{_local_name(value)}", name)


def _local_name(value: str) -> str:
    """Return a value as a part of the spec of a set; the local name of an IRI of OBO, others told apart by a hash."""
    name = re.split(r"[/#]", value.rstrip("/#"))[-1]
    plain = _NOT_IN_A_NAME.sub("-", name)[:80]
    if value.startswith(OBO) or not is_web_address(value):
        return plain
    return f"{plain}-{sha256(value.encode()).hexdigest()[:8]}"


def _is_stated(state: LedgerState, accession: str) -> bool:
    """Whether the batch changed which records of a study are served, or its withdrawal."""
    gone = state.withdrawn.get(accession)
    active = state.records_of(accession)
    is_new = any(entry.generation == state.generation for entry in active)
    return is_new or (gone is not None and gone.generation == state.generation)


def _served(snapshot: Snapshot, accession: str) -> object:
    """Return all that exports, forms of RDF and the page of a study are made from."""
    if not snapshot.holds(accession):
        return None
    return (
        snapshot.study(accession),
        snapshot.parts(accession),
        snapshot.serialise(accession, "nquads"),
    )


def _foreign_subjects(store: Store, iris: Iris, accession: str) -> Iterator[str]:
    """Yield the IRIs that a study's records describe and that belong to no study: terms, people, organisations."""
    for quad in record_quads(store, iris, accession):
        if isinstance(quad.subject, NamedNode) and not quad.subject.value.startswith(iris.data_base):
            yield quad.subject.value


def _naming(store: Store, iris: Iris, iri: str) -> Iterator[str]:
    """Yield the accessions of the studies that name a term or a person."""
    for quad in store.quads_for_pattern(None, None, NamedNode(iri), None):
        if isinstance(quad.subject, NamedNode) and (found := iris.accession_of(quad.subject.value)):
            yield str(found)


def _copy(previous: Path | None, target: Path) -> bool:
    """Copy the file of the generation before, or make an empty one. Say whether it was copied."""
    source = previous / "search" / CHANGES_FILE if previous else None
    target.unlink(missing_ok=True)
    if source and source.is_file():
        shutil.copyfile(source, target)
        with closing(sqlite3.connect(target)) as file:
            if version_of(file) == CHANGES_VERSION:
                return True
        target.unlink()
    with closing(sqlite3.connect(target)) as file:
        file.executescript(_SCHEMA)
        file.execute(f"PRAGMA user_version = {CHANGES_VERSION}")
    return False
