"""A study as a whole: what its source records say, merged by precedence, with curators' corrections applied."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from rembigraph.catalogue.decisions import APPLIED, Decision, corrected, decisions_about, states_of
from rembigraph.catalogue.precedence import Conflict, conflicts, merged

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyoxigraph import Store
    from rembigraph.catalogue.recordview import RecordView

CURATOR: Final = "curator"
"""Stands for curators where kinds of source are named."""


@dataclass(frozen=True)
class MergedStudy:
    """A study with what its sources disagree about and what curators decided.

    Attributes:
        view: the merged and corrected facts.
        conflicts: fields about which its sources do not say the same.
        decisions: decisions about its fields and its links, the earlier first.
        states: state of each decision, by its IRI: `applied`, `lapsed` or `overruled`.
    """

    view: RecordView
    conflicts: tuple[Conflict, ...]
    decisions: tuple[Decision, ...]
    states: Mapping[str, str]


def merged_view(store: Store, view: RecordView) -> MergedStudy:
    """Return a study as a whole from the facts of all of its sources."""
    decisions = decisions_about(store, view.iri)
    facts, fields = corrected(merged(view), decisions)
    decided = {
        one.field for one in decisions if one.thing == view.iri and one.new and fields.get(one.iri) == APPLIED
    }
    found = tuple(
        _settled(conflict, facts) if conflict.field in decided else conflict for conflict in conflicts(view)
    )
    return MergedStudy(facts, found, tuple(decisions), states_of(decisions, fields))


def _settled(conflict: Conflict, facts: RecordView) -> Conflict:
    """Return a conflict that a curator settled: the study shows what the curator says, and all sources disagree."""
    shown = tuple(facts.study.texts(conflict.field))
    said = [(value, conflict.preferred_sources) for value in conflict.preferred]
    others = tuple((value, by) for value, by in (*said, *conflict.others) if value not in shown)
    return replace(conflict, preferred=shown, preferred_sources=(CURATOR,), others=others)
