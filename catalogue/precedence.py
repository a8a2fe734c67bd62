"""Which source is believed: one declared table says, field by field, whose values the merged study shows.

`ontology/terms/source_precedence.tsv`: the *first* source in the order that states the field (sources joined by `+`
count as one), the source that states the *most* values, or *all* of them. A curator's decision comes before every
source (`decisions`). What is not shown stays in its source record's graph, and what disagrees is a conflict.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from rembigraph.catalogue.recordview import RecordView, Value, field_iri
from rembigraph.ontology.fields import classes
from rembigraph.ontology.term_tables import read_table

FIRST, MOST, ALL = "first", "most", "all"
_EVERY_OTHER: Final = "*"
_WORD: Final = re.compile(r"\w+")
_LOWEST: Final = 1_000


@dataclass(frozen=True)
class Precedence:
    """How the values of one field are merged.

    Attributes:
        rule: `first`, `most` or `all`.
        ranks: kind of source -> place in the order, the best first; equal places count as one source.
        compared: how values are compared for conflicts: `text`, `date`, `exact`, `overlap`, or empty for not at all.
    """

    rule: str
    ranks: Mapping[str, int]
    compared: str = ""

    def rank(self, source: str) -> int:
        """Place of a kind of source; one that the table does not name comes last."""
        return self.ranks.get(source, _LOWEST)


@dataclass(frozen=True, order=True)
class Conflict:
    """A field of a study about which its sources do not say the same.

    Attributes:
        field: the field.
        preferred: values that the merged study shows.
        preferred_sources: kinds of source that state them.
        others: values that it does not show, each with the kinds of source that state it.
    """

    field: str
    preferred: tuple[str, ...]
    preferred_sources: tuple[str, ...]
    others: tuple[tuple[str, tuple[str, ...]], ...]


@cache
def table() -> Mapping[str, Precedence]:
    """Return the table of precedence: field -> how it is merged; `*` stands for every field that it does not name."""
    return {
        row["field"]: Precedence(row["rule"], _ranks(row["order"]), row["compared"])
        for row in read_table("source_precedence.tsv")
    }


def _ranks(order: str) -> dict[str, int]:
    places = [place.split("+") for place in order.split(">")]
    return {
        source.strip(): rank for rank, sources in enumerate(places) for source in sources if source.strip()
    }


def precedence_of(field: str) -> Precedence:
    """Return how a field is merged."""
    return table().get(field) or table()[_EVERY_OTHER]


def merged(view: RecordView) -> RecordView:
    """Return the study as its sources together have it: of each field the values of those that are believed.

    What only a dropped value led to (the parts of a study as another source lists them) is left out too.
    """
    if len(view.sources) < 2:
        return view
    facts = dict(view.facts)
    facts[view.iri] = {
        predicate: _chosen(view, view.iri, predicate, values) for predicate, values in facts[view.iri].items()
    }
    return replace(view, facts=_reachable(view, facts))


def conflicts(view: RecordView) -> list[Conflict]:
    """Return the fields of a study about which its sources do not say the same, in order of their names."""
    return sorted(_conflicts(view)) if len(view.sources) > 1 else []


def _conflicts(view: RecordView) -> Iterator[Conflict]:
    for field, of in table().items():
        values = tuple(_stated(view, field_iri(field), view.study.values(field))) if of.compared else ()
        shown = _chosen(view, view.iri, field_iri(field), values) if len(values) > 1 else ()
        hidden = [value for value in values if value not in shown]
        if hidden and shown and _disagree(view, field, shown, hidden):
            yield Conflict(
                field,
                tuple(value.text for value in shown),
                tuple(sorted({source for value in shown for source in _sources(view, field, value)})),
                tuple((value.text, _sources(view, field, value)) for value in hidden),
            )


def _sources(view: RecordView, field: str, value: Value) -> tuple[str, ...]:
    return tuple(sorted(view.said.get((view.iri, field_iri(field), value), frozenset())))


def _disagree(view: RecordView, field: str, shown: tuple[Value, ...], hidden: list[Value]) -> bool:
    """Whether values that are not shown say something else than those that are.

    A text that holds the other, a date that is only less exact, and sets that overlap do not disagree.
    """
    compared = precedence_of(field).compared
    if compared == "overlap":
        agreeing = {source for value in shown for source in _sources(view, field, value)}
        return any(not agreeing.intersection(_sources(view, field, value)) for value in hidden)
    alike = {"text": _same_text, "date": _same_date}.get(compared, _same)
    return any(not any(alike(other.text, value.text) for value in shown) for other in hidden)


def _same(one: str, other: str) -> bool:
    return one == other


def _same_text(one: str, other: str) -> bool:
    left, right = _folded(one), _folded(other)
    return left in right or right in left


def _same_date(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(_WORD.findall(plain))


def _chosen(view: RecordView, subject: str, predicate: str, values: tuple[Value, ...]) -> tuple[Value, ...]:
    of = precedence_of(_field_names().get(predicate, ""))
    by_source = _by_source(view, subject, predicate, values)
    if of.rule == ALL or not by_source:
        return values
    if of.rule == MOST:
        best = min(by_source, key=lambda source: (-len(by_source[source]), of.rank(source), source))
        believed = {best}
    else:
        top = min(of.rank(source) for source in by_source)
        believed = {source for source in by_source if of.rank(source) == top}
    return tuple(value for value in values if any(value in by_source[source] for source in believed))


def _by_source(
    view: RecordView, subject: str, predicate: str, values: tuple[Value, ...]
) -> dict[str, list[Value]]:
    """Group values by the sources that state them."""
    found: dict[str, list[Value]] = {}
    for value in _stated(view, predicate, values):
        for source in view.said.get((subject, predicate, value), frozenset()):
            found.setdefault(source, []).append(value)
    return found


def _stated(view: RecordView, predicate: str, values: tuple[Value, ...]) -> Iterator[Value]:
    """Yield the values that say something: a title that is only the accession is none, if there is another."""
    told = [value for value in values if value.text.strip().casefold() != view.accession.casefold()]
    yield from told if told and predicate == field_iri("title") else values


def _reachable(
    view: RecordView, facts: Mapping[str, Mapping[str, tuple[Value, ...]]]
) -> dict[str, Mapping[str, tuple[Value, ...]]]:
    """Leave out what the study led to before, and does not lead to any more."""
    gone = _led_to(view.facts, view.iri) - _led_to(facts, view.iri)
    return {subject: stated for subject, stated in facts.items() if subject not in gone}


def _led_to(facts: Mapping[str, Mapping[str, tuple[Value, ...]]], start: str) -> set[str]:
    found, waiting = {start}, [start]
    while waiting:
        stated = facts.get(waiting.pop(), {})
        fresh = {
            value.text
            for values in stated.values()
            for value in values
            if value.is_iri and value.text in facts
        }
        waiting += fresh - found
        found |= fresh
    return found


@cache
def _field_names() -> dict[str, str]:
    return {of.iri: name for name, of in classes()["Study"].fields.items()}
