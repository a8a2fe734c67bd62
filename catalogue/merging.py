"""A study as a whole: what its source records say, merged by precedence, with curators' corrections applied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rembigraph.catalogue.decisions import Decision, corrected, decisions_about
from rembigraph.catalogue.lookups import record_view
from rembigraph.catalogue.precedence import Conflict, conflicts, merged

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyoxigraph import Store
    from rembigraph.catalogue.recordview import RecordView
    from rembigraph.ontology.identifiers import Iris


@dataclass(frozen=True)
class MergedStudy:
    """A study with what its sources disagree about and what curators decided.

    Attributes:
        view: the merged and corrected facts.
        conflicts: fields about which its sources do not say the same.
        decisions: decisions about its fields and its links, the earlier first.
        states: state of each decision about a field, by its IRI: `applied`, `lapsed` or `overruled`.
    """

    view: RecordView
    conflicts: tuple[Conflict, ...]
    decisions: tuple[Decision, ...]
    states: Mapping[str, str]


def merged_study(store: Store, iris: Iris, accession: str) -> MergedStudy | None:
    """Return a study as a whole, None when the store holds no record of it."""
    view = record_view(store, iris, accession)
    return merged_view(store, view) if view else None


def merged_view(store: Store, view: RecordView) -> MergedStudy:
    """Return a study as a whole from the facts of all of its sources."""
    decisions = decisions_about(store, view.iri)
    facts, states = corrected(merged(view), decisions)
    return MergedStudy(facts, tuple(conflicts(view)), tuple(decisions), states)
