"""The numbers that pages show, counted with SQL over the index of a generation."""

from __future__ import annotations

import json
import sqlite3
from typing import Any, Final

from rembigraph.catalogue.parts import archive_of

TOP: Final = 50
"""How many organisms and methods are listed."""

NEWEST: Final = 10
SETS: Final = 12
"""How many correlative sets the home page may show."""

_MAX_SET: Final = 200


def count(index: sqlite3.Connection) -> dict[str, Any]:
    """Return every number of a catalogue. What no record states is None, never zero."""
    sets = _sets(index)
    return {
        "studies": _one(index, "SELECT count(*) FROM study"),
        "archives": _pairs(index, "SELECT archive, count(*) FROM study GROUP BY archive ORDER BY archive"),
        "organisms": _top(index, "organism"),
        "methods": _top(index, "method"),
        "images": _one(index, "SELECT coalesce(sum(images), 0) FROM study"),
        "correlations": _one(index, "SELECT coalesce(sum(correlations), 0) FROM study"),
        "transformations": _one(index, "SELECT coalesce(sum(transformations), 0) FROM study"),
        "correlative_studies": _one(
            index,
            "SELECT count(*) FROM study WHERE accession IN (SELECT here FROM edge WHERE correlative)",
        ),
        "sets": len(sets),
        "sets_with_transformation": sum(_has_transformation(index, members) for members in sets),
        "sets_across_archives": sum(_crosses(index, members) for members in sets),
        "bytes": _one(index, "SELECT sum(byte_size) FROM study"),
        "bytes_stated_by": _one(index, "SELECT count(byte_size) FROM study"),
        "files": _one(index, "SELECT sum(file_count) FROM study"),
        "files_stated_by": _one(index, "SELECT count(file_count) FROM study"),
        "links": _links(index),
        "kept_values": _one(index, "SELECT coalesce(sum(kept_values), 0) FROM study"),
        "unresolved": _one(index, "SELECT coalesce(sum(unresolved), 0) FROM study"),
        "newest": _newest(index),
        "correlative": [_described(index, members) for members in _best(index, sets)],
    }


def _one(index: sqlite3.Connection, query: str) -> Any:
    return index.execute(query).fetchone()[0]


def _pairs(index: sqlite3.Connection, query: str) -> dict[str, int]:
    return dict(index.execute(query).fetchall())


def _top(index: sqlite3.Connection, kind: str) -> list[dict[str, Any]]:
    rows = index.execute(
        "SELECT f.value, t.label, count(*) AS studies FROM facet f"
        " JOIN term t ON t.kind = f.kind AND t.value = f.value WHERE f.kind = ?"
        " GROUP BY f.value ORDER BY studies DESC, t.label, f.value LIMIT ?",
        (kind, TOP),
    )
    return [{"value": value, "label": label, "studies": studies} for value, label, studies in rows]


def _links(index: sqlite3.Connection) -> list[dict[str, Any]]:
    rows = index.execute(
        "SELECT relation, evidence, count(*) FROM edge WHERE kind = 'link' AND outgoing"
        " GROUP BY relation, evidence ORDER BY relation, evidence"
    )
    return [
        {"relation": relation, "evidence": evidence, "links": links} for relation, evidence, links in rows
    ]


def _newest(index: sqlite3.Connection) -> list[dict[str, Any]]:
    rows = index.execute(
        "SELECT accession, archive, title, issued FROM study WHERE issued != '' AND archive NOT IN ('Example', 'Draft')"
        " ORDER BY issued DESC, accession LIMIT ?",
        (NEWEST,),
    )
    return [dict(zip(("accession", "archive", "title", "issued"), row, strict=True)) for row in rows]


def _sets(index: sqlite3.Connection) -> list[tuple[str, ...]]:
    """Return the correlative sets with a member here: studies that hang together, directly or not."""
    neighbours: dict[str, set[str]] = {}
    for here, there in index.execute("SELECT DISTINCT here, there FROM edge WHERE correlative"):
        neighbours.setdefault(here, set()).add(there)
        neighbours.setdefault(there, set()).add(here)
    seen: set[str] = set()
    sets = []
    for start in sorted(neighbours):
        if start not in seen:
            members = _reachable(start, neighbours)
            seen |= members
            sets.append(tuple(sorted(members)))
    return [members for members in sets if _held(index, members)]


def _reachable(start: str, neighbours: dict[str, set[str]]) -> set[str]:
    found, waiting = {start}, [start]
    while waiting:
        fresh = neighbours[waiting.pop()] - found
        found |= fresh
        waiting += fresh
    return found


def _held(index: sqlite3.Connection, members: tuple[str, ...]) -> list[tuple[Any, ...]]:
    rows = index.execute(
        "SELECT accession, archive, issued, transformations FROM study"
        " WHERE accession IN (SELECT value FROM json_each(?)) ORDER BY accession",
        (json.dumps(members),),
    )
    return rows.fetchall()


def _has_transformation(index: sqlite3.Connection, members: tuple[str, ...]) -> bool:
    return any(transformations for *_, transformations in _held(index, members))


def _crosses(index: sqlite3.Connection, members: tuple[str, ...]) -> bool:
    return len({archive.key for archive in map(archive_of, members) if archive}) > 1


def _best(index: sqlite3.Connection, sets: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Choose the sets for the home page: across archives first, with a transformation, then the fullest."""

    def order(members: tuple[str, ...]) -> tuple[Any, ...]:
        held = _held(index, members)
        newest = max((issued for _, _, issued, _ in held), default="")
        digits = int(newest.replace("-", "").ljust(8, "0") or 0) if newest[:4].isdecimal() else 0
        return (
            len(held) == 1,
            not _crosses(index, members),
            not any(transformations for *_, transformations in held),
            -len(held),
            -digits,
            members,
        )

    return sorted(sets, key=order)[:SETS]


def _described(index: sqlite3.Connection, members: tuple[str, ...]) -> dict[str, Any]:
    wanted = json.dumps(members[:_MAX_SET])
    rows = index.execute(
        "SELECT DISTINCT relation, evidence, asserter FROM edge WHERE correlative"
        " AND here IN (SELECT value FROM json_each(?)) ORDER BY relation, evidence, asserter",
        (wanted,),
    )
    statements = [dict(zip(("relation", "evidence", "asserter"), row, strict=True)) for row in rows]
    return {
        "members": list(members[:_MAX_SET]),
        "transformation": _has_transformation(index, members),
        "statements": statements,
    }
