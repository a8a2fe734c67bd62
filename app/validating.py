"""Validates documents without a catalogue."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rembigraph.app.loading import Mapping, Outcome, map_documents, mapping_version
from rembigraph.loaders import documents_of
from rembigraph.ontology.identifiers import Iris


def validate_paths(
    paths: Sequence[str], progress: Callable[[int], None] = lambda done: None
) -> list[Outcome]:
    """Read, map and validate every record below the paths; nothing is stored."""
    mapping = Mapping(Iris(), mapping_version(), {})
    outcomes: list[Outcome] = []
    for done, found in enumerate(map_documents(documents_of(paths), mapping), start=1):
        outcomes += found
        progress(done)
    return outcomes
