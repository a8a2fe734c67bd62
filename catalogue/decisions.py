"""Curators' decisions: corrected fields and judged links, read from the store and applied to what sources say.

Of several decisions about the same thing the later one holds. A correction lapses when no source says any more what it
corrects: then the sources are shown as they are, and the page says that the decision lapsed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Final

from pyoxigraph import NamedNode
from rembigraph.catalogue.lookups import facts_of, subjects
from rembigraph.catalogue.rdf import XSD, date_type
from rembigraph.catalogue.recordview import RDF_TYPE, RecordView, Value, field_iri, natural_key
from rembigraph.ontology.fields import Field, classes, enum_iris
from rembigraph.ontology.identifiers import VOCABULARY, Iris, expand_curie, is_iri, resolve_reference

if TYPE_CHECKING:
    from pyoxigraph import Store

APPLIED, LAPSED, OVERRULED = "applied", "lapsed", "overruled"
CONFIRMED, REFUTED = "confirmed", "refuted"
DECISION_STATE: Final = VOCABULARY + "decisionState"
"""Predicate of the state of a decision."""
_CLASS: Final = classes()["CurationDecision"].iri


@dataclass(frozen=True)
class Decision:
    """A curator's decision.

    Attributes:
        iri: its IRI.
        study: IRI of the study that it is about.
        thing: IRI of the thing whose field is corrected; empty for a link.
        field: the corrected field; empty for a link.
        old, new: what the field says, and what it should say; empty for nothing.
        link_to: IRI of the other end of the link; empty for a field.
        verdict: `confirmed` or `refuted`; empty for a field.
        relation: key of the relation that the verdict is about; empty for any.
        who, when, why: who decided it, when (ISO), and the reason.
    """

    iri: str
    study: str
    thing: str = ""
    field: str = ""
    old: str = ""
    new: str = ""
    link_to: str = ""
    verdict: str = ""
    relation: str = ""
    who: str = ""
    when: str = ""
    why: str = ""

    @property
    def subject(self) -> tuple[str, ...]:
        """What it is about: of two decisions about the same thing the later one holds."""
        if self.verdict:
            return "link", *sorted((self.study, self.link_to)), self.relation
        return "field", self.thing, self.field, self.old

    @property
    def order(self) -> tuple[str, bool, str]:
        """Sort key: the later decision comes last, a day being its first moment; of one moment, a refutation does."""
        return _moment(self.when), self.verdict == REFUTED, self.iri


def _moment(when: str) -> str:
    """Return a date or time as a text that sorts, in UTC; one that can't be read sorts as it is written."""
    try:
        moment = datetime.fromisoformat(when)
        return (moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat(
            timespec="microseconds"
        )
    except (ValueError, OverflowError):
        return when


def decisions_about(store: Store, study: str) -> list[Decision]:
    """Return the decisions about a study (its IRI), the earlier first: its fields, and links from and to it."""
    names = {field_iri("about_study"), field_iri("link_to")}
    found = {node for name in names for node in subjects(store, name, NamedNode(study))}
    return _read_all(store, found)


def every_decision(store: Store) -> list[Decision]:
    """Return all decisions, the earlier first."""
    return _read_all(store, subjects(store, RDF_TYPE, NamedNode(_CLASS)))


def _read_all(store: Store, nodes: Iterable[str]) -> list[Decision]:
    found = (_read(store, node) for node in sorted(nodes))
    return sorted((one for one in found if one), key=lambda decision: decision.order)


def _read(store: Store, node: str) -> Decision | None:
    facts = {predicate: value.text for _, predicate, value, _ in facts_of(store, node)}
    if facts.get(RDF_TYPE) != _CLASS:
        return None

    def text(name: str) -> str:
        return facts.get(field_iri(name), "")

    return Decision(
        iri=node,
        study=text("about_study"),
        thing=text("about_thing"),
        field=text("of_field"),
        old=text("old_value"),
        new=text("new_value"),
        link_to=text("link_to"),
        verdict=_key(text("verdict"), "Verdict"),
        relation=_key(text("link_relation"), "LinkRelation"),
        who=text("decided_by"),
        when=text("decided_on"),
        why=text("decision_reason"),
    )


def _key(iri: str, enum: str) -> str:
    return next((key for key, value in enum_iris(enum).items() if value == iri), "")


def holding(decisions: Iterable[Decision]) -> list[Decision]:
    """Return the decisions that no later one overrules."""
    latest = {decision.subject: decision for decision in sorted(decisions, key=lambda one: one.order)}
    by_pair: defaultdict[frozenset[str], list[Decision]] = defaultdict(list)
    for decision in latest.values():
        if decision.verdict:
            by_pair[frozenset((decision.study, decision.link_to))].append(decision)
    held = [decision for decision in latest.values() if not decision.verdict]
    for about in by_pair.values():
        held += [decision for decision in about if _still_holds(decision, about)]
    return sorted(held, key=lambda decision: decision.order)


def _still_holds(decision: Decision, about: list[Decision]) -> bool:
    now = verdict_on(about, decision.relation)
    return now is not None and now.verdict == decision.verdict


def states_of(decisions: Iterable[Decision], fields: Mapping[str, str]) -> dict[str, str]:
    """Return the state of every decision: IRI -> `applied`, `lapsed` or `overruled`.

    Args:
        decisions: all decisions, or all that concern one study.
        fields: state of the decisions about fields (`corrected`); one that is not there is about a study that is not
            here, and lapses.
    """
    every = list(decisions)
    links = {decision.iri for decision in holding(one for one in every if one.verdict)}
    return {
        one.iri: (APPLIED if one.iri in links else OVERRULED) if one.verdict else fields.get(one.iri, LAPSED)
        for one in every
    }


def corrected(view: RecordView, decisions: Iterable[Decision]) -> tuple[RecordView, dict[str, str]]:
    """Apply corrections to the merged facts of a study.

    Args:
        view: the merged study.
        decisions: decisions about it; those about links change nothing here.

    Returns:
        The corrected study, and the state of each decision about a field: IRI -> `applied`, `lapsed` or `overruled`.
    """
    own = [decision for decision in decisions if decision.field]
    states = {decision.iri: OVERRULED for decision in own}
    facts = {subject: dict(stated) for subject, stated in view.facts.items()} if own else view.facts
    iris = Iris(view.iri.removesuffix(view.accession))
    for decision in holding(own):
        stated = facts.get(decision.thing)
        of = _fields().get(decision.field)
        values = _corrected(decision, stated.get(of.iri, ()), of, iris) if of and stated is not None else None
        states[decision.iri] = LAPSED if values is None else APPLIED
        if of and stated is not None and values is not None:
            facts = {**facts, decision.thing: {**stated, of.iri: values}}
    return replace(view, facts=facts) if own else view, states


@cache
def _fields() -> dict[str, Field]:
    return {name: of for entry in classes().values() for name, of in entry.fields.items()}


def _corrected(
    decision: Decision, before: tuple[Value, ...], of: Field, iris: Iris
) -> tuple[Value, ...] | None:
    """Return the values of a corrected field; None when the decision lapsed."""
    accession = iris.accession_of(decision.study) or ""
    old = _value(decision.old, of, iris, accession)
    left = tuple(value for value in before if value.text not in {decision.old, old.text})
    if (decision.old and len(left) == len(before)) or (not decision.old and before):
        return None
    new = [_value(decision.new, of, iris, accession)] if decision.new else []
    return tuple(sorted({*left, *new}, key=lambda value: (natural_key(value.text), value)))


def new_fact(decision: Decision, iris: Iris) -> tuple[str, str, Value] | None:
    """Return the triple that a correction states when it holds: thing, predicate, value; None when it only deletes."""
    of = _fields().get(decision.field)
    if of is None or not decision.new:
        return None
    value = _value(decision.new, of, iris, iris.accession_of(decision.study) or "")
    return decision.thing, of.iri, value


def _value(text: str, of: Field, iris: Iris, accession: str) -> Value:
    """Return a value of a field as a source would state it."""
    if of.kind == "enum":
        return Value(enum_iris(of.of).get(text, expand_curie(text)), is_iri=True)
    if of.kind in {"iri", "object"}:
        path = resolve_reference(text, accession) if of.of else expand_curie(text)
        absolute = path if is_iri(path) else iris.data_base + path
        return Value(absolute, is_iri=True)
    if of.kind == "date":
        return Value(text, datatype=date_type(text))
    return Value(text, datatype="" if of.kind == "string" else XSD + of.kind)


def verdict_on(decisions: Iterable[Decision], relation: str) -> Decision | None:
    """Return which of the decisions about one pair of records holds about a link between them; None when none does.

    A decision that names a relation is about links of that relation only, one that names none about all; the latest
    holds. Who confirms any relation takes back that nothing joins the two: then other links are as sources state them.

    Args:
        decisions: decisions about one pair.
        relation: the relation of the link; empty for what is said of all links.
    """
    ordered = sorted((one for one in decisions if one.verdict), key=lambda decision: decision.order)
    found = None
    for decision in ordered:
        if decision.relation in {"", relation}:
            found = decision
        elif decision.verdict == CONFIRMED and found and found.verdict == REFUTED and not found.relation:
            found = None
    return found
