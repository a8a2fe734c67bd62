"""Versions of a study: version n is the n-th content that the ledger says was served for its accession.

The content of a version is in the archive, which keeps every canonical file. It is read as it was published: without
what the catalogue derives, and without what others have linked with it since.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from pyoxigraph import RdfFormat, Store, parse
from rembigraph.catalogue.ledger import Entry, RecordEntry
from rembigraph.catalogue.lookups import record_quads, record_view
from rembigraph.ontology.identifiers import Iris

if TYPE_CHECKING:
    from pyoxigraph import Quad
    from rembigraph.catalogue.home import Home
    from rembigraph.catalogue.recordview import RecordView

Content = tuple[tuple[str, str], ...]
"""What is served for an accession: (kind of source, SHA-256 of its canonical quads), sorted."""


@dataclass(frozen=True)
class Version:
    """A content of a study.

    Attributes:
        number: from 1, in the order in which the contents were first served.
        generation: number of the generation that served it first.
        time: when that was published (UTC, ISO 8601).
        content: what it is made of.
    """

    number: int
    generation: int
    time: str
    content: Content


@dataclass(frozen=True)
class History:
    """Every version of a study.

    Attributes:
        versions: the versions, the first one first.
        current: number of the version that is served now; 0 when the study is withdrawn.
    """

    versions: tuple[Version, ...]
    current: int

    def version(self, number: int) -> Version | None:
        """Return a version by number, None when there is none."""
        return self.versions[number - 1] if 0 < number <= len(self.versions) else None


def history_of(entries: Iterable[Entry]) -> History:
    """Return the versions that the ledger's lines about one accession tell of.

    A content that is served again is no new version.
    """
    found: dict[Content, Version] = {}
    current = 0
    for generation, time, content in _contents(entries):
        if content and content not in found:
            found[content] = Version(len(found) + 1, generation, time, content)
        current = found[content].number if content else 0
    return History(tuple(found.values()), current)


def _contents(entries: Iterable[Entry]) -> Iterator[tuple[int, str, Content]]:
    """Yield (generation, time, content) after each generation that says something about the accession."""
    active: dict[str, RecordEntry] = {}
    for generation, group in groupby(entries, key=lambda entry: entry.generation):
        lines = list(group)
        for entry in lines:
            if isinstance(entry, RecordEntry):
                _apply(active, entry)
        content = sorted((source, entry.quads_sha256) for source, entry in active.items())
        yield generation, lines[0].time, tuple(content)


def _apply(active: dict[str, RecordEntry], entry: RecordEntry) -> None:
    """Move on by one line, as `ledger.LedgerState` does for the whole ledger."""
    served = active.get(entry.source)
    if entry.state == "active":
        active[entry.source] = entry
    elif served and served.source_sha256 == entry.source_sha256:
        del active[entry.source]


def archived(home: Home, accession: str, version: Version) -> tuple[RecordView, list[Quad]]:
    """Return the facts of a version and its quads, from the archive.

    Raises:
        StoreDamaged: the archive has lost a file of it.
    """
    store, iris = Store(), Iris(home.data_base)
    for source, sha256 in version.content:
        store.extend(parse(home.archive.read_quads(accession, source, sha256), format=RdfFormat.N_QUADS))
    view = record_view(store, iris, accession)
    if view is None:
        raise ValueError(f"the canonical files of {accession} describe no study")
    return view, list(record_quads(store, iris, accession))
