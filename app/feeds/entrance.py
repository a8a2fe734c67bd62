"""The entrance for aggregators, `/data`: every feed with commands to copy, and how much it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rembigraph.app.feeds.dumps import dumps_of
from rembigraph.app.feeds.formats import FORMATS
from rembigraph.catalogue.changes import Changes
from rembigraph.catalogue.recordview import natural_key

if TYPE_CHECKING:
    from rembigraph.app.feeds.repository import Repository
    from rembigraph.app.pages.site import Site
    from rembigraph.catalogue.reader import Snapshot

_SETS: Final = 8
"""Narrow sets of a kind that are named, the largest first."""


def entrance(snapshot: Snapshot, site: Site, repository: Repository) -> dict[str, Any]:
    """Return what the page shows."""
    with Changes.opened(snapshot.path) as changes:
        sizes = changes.sizes()
        held = next(changes.every_held(), ("", ""))[0]
        return {
            "repository": repository,
            "generation": snapshot.generation,
            "time": changes.time,
            "next_time": changes.next_time,
            "counts": changes.kinds(),
            "kinds": _kinds(sizes),
            "correlative": next((size for one, size in sizes if one.spec == "correlative"), 0),
            "formats": list(FORMATS.values()),
            "dumps": [one for one in dumps_of(snapshot) if one.packing == "gz"],
            "sample": held,
            "origin": site.public_url,
            "canonical": site.url("/data"),
        }


def _kinds(sizes: list[tuple[Any, int]]) -> list[tuple[Any, int, list[tuple[Any, int]], int]]:
    """Return by kind of set: the wide set, its size, the largest narrow ones, how many more there are."""
    found = []
    for wide, size in sizes:
        if ":" not in wide.spec:
            narrow = [(one, n) for one, n in sizes if one.spec.startswith(f"{wide.spec}:")]
            narrow.sort(key=lambda pair: (-pair[1], natural_key(pair[0].spec)))
            found.append((wide, size, narrow[:_SETS], max(len(narrow) - _SETS, 0)))
    return found
