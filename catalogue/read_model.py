"""What pages and exports read of a study, as one row of the index: its merged facts, and what the validation found.

The store decodes four terms for each triple and would be asked for each finding, so a study of 20,000 triples took most
of a second. `derive` packs the same values while a generation is built; `fsck` compares them with the store.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Hashable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar

from rembigraph.catalogue.findings import Finding, findings_about
from rembigraph.catalogue.lookups import record_view
from rembigraph.catalogue.recordview import RecordView, Value
from rembigraph.ontology.errors import StoreDamaged

if TYPE_CHECKING:
    import sqlite3

    from pyoxigraph import Store
    from rembigraph.ontology.identifiers import Iris

SCHEMA: Final = """
CREATE TABLE record (study INTEGER PRIMARY KEY, facts BLOB NOT NULL);
CREATE TABLE found (study INTEGER PRIMARY KEY, findings BLOB NOT NULL);
"""
TABLES: Final = "record", "found"
_FAST: Final = 1
"""Level of compression: a higher one makes rows a tenth smaller and takes three times as long."""
_Thing = TypeVar("_Thing", bound=Hashable)


def write_record(index: sqlite3.Connection, study: int, view: RecordView) -> None:
    """Keep the facts of a study under its number in the index."""
    index.execute("INSERT OR REPLACE INTO record VALUES (?, ?)", (study, pack_view(view)))


def write_findings(index: sqlite3.Connection, accession: str, findings: Iterable[Finding]) -> None:
    """Keep what the validation found about a study, in the order in which it is told."""
    index.execute(
        "INSERT OR REPLACE INTO found SELECT id, ? FROM study WHERE accession = ?",
        (pack_findings(findings), accession),
    )


def read_record(index: sqlite3.Connection, iris: Iris, accession: str) -> RecordView | None:
    """Return the facts of a study without labels, as `lookups.record_view` does; None when it is not here."""
    row = index.execute(
        "SELECT facts FROM record WHERE study = (SELECT id FROM study WHERE accession = ?)", (accession,)
    ).fetchone()
    return unpack_view(row[0], accession, iris.study(accession)) if row else None


def read_findings(index: sqlite3.Connection, accession: str) -> list[Finding]:
    """Return what the validation found about a study, the worst first; nothing when it is not here."""
    row = index.execute(
        "SELECT findings FROM found WHERE study = (SELECT id FROM study WHERE accession = ?)", (accession,)
    ).fetchone()
    return unpack_findings(row[0]) if row else []


def differing(index: sqlite3.Connection, store: Store, iris: Iris, accessions: Iterable[str]) -> list[str]:
    """Return the studies of which these rows say something else than the store."""
    return [one for one in accessions if not _is_same(index, store, iris, one)]


def _is_same(index: sqlite3.Connection, store: Store, iris: Iris, accession: str) -> bool:
    view = record_view(store, iris, accession)
    found = findings_about(store, iris, view) if view else []
    return (read_record(index, iris, accession), read_findings(index, accession)) == (view, found)


def pack_view(view: RecordView) -> bytes:
    """Pack the facts of a study and which source states what; labels depend on other records and stay out."""
    predicates, values, groups = _Numbers[str](), _Numbers[Value](), _Numbers[frozenset[str]]()
    facts = {
        subject: [[predicates[one], *(values[value] for value in stated)] for one, stated in by.items()]
        for subject, by in view.facts.items()
    }
    origins = [groups[view.origins[subject]] for subject in view.facts]
    said = [groups[view.said[triple]] for triple in _triples(view.facts)] if view.said else []
    document = {
        "sources": view.sources,
        "predicates": list(predicates),
        "values": list(values),
        "groups": [sorted(group) for group in groups],
        "facts": facts,
        "origins": origins,
        "said": said,
    }
    return _packed(document)


def unpack_view(row: bytes, accession: str, iri: str) -> RecordView:
    """Return what `pack_view` packed."""
    document = _unpacked(row)
    predicates, values = document["predicates"], list(map(Value._make, document["values"]))
    groups = list(map(frozenset, document["groups"]))
    facts = {
        subject: {predicates[one]: tuple([values[place] for place in places]) for one, *places in stated}
        for subject, stated in document["facts"].items()
    }
    said = (groups[place] for place in document["said"])
    return RecordView(
        accession=accession,
        iri=iri,
        sources=tuple(document["sources"]),
        facts=facts,
        origins={subject: groups[place] for subject, place in zip(facts, document["origins"], strict=True)},
        said=dict(zip(_triples(facts), said, strict=True)) if document["said"] else {},
    )


def pack_findings(findings: Iterable[Finding]) -> bytes:
    """Pack findings in their order; what is said of many things is kept once."""
    said = _Numbers[Finding]()
    found = [[said[one._replace(focus="")], one.focus] for one in findings]
    return _packed({"said": list(said), "found": found})


def unpack_findings(row: bytes) -> list[Finding]:
    """Return what `pack_findings` packed."""
    document = _unpacked(row)
    said = list(map(Finding._make, document["said"]))
    return [said[place]._replace(focus=focus) for place, focus in document["found"]]


class _Numbers(dict[_Thing, int]):
    """Numbers things in the order in which they are first asked for."""

    def __missing__(self, thing: _Thing) -> int:
        number = self[thing] = len(self)
        return number


def _triples(facts: Mapping[str, Mapping[str, Iterable[Value]]]) -> Iterable[tuple[str, str, Value]]:
    return (
        (subject, predicate, value)
        for subject, by_predicate in facts.items()
        for predicate, values in by_predicate.items()
        for value in values
    )


def _packed(document: dict[str, Any]) -> bytes:
    return zlib.compress(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode(), _FAST)


def _unpacked(row: bytes) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(zlib.decompress(row))
    except (zlib.error, ValueError) as error:
        raise StoreDamaged(
            f"a row of the index can't be read: {error}", fix="run `rembigraph restore`"
        ) from error
    return document
