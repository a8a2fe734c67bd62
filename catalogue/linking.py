"""All links of a catalogue: what sources state, what follows from them, and what curators say of both."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from rembigraph.catalogue.decisions import CONFIRMED, Decision, verdict_on
from rembigraph.catalogue.parts import Link, both_ways, end_of

HAS_MEMBER: Final = "has_member"

if TYPE_CHECKING:
    from rembigraph.ontology.identifiers import Iris


def all_links(
    stated: Iterable[Link], iris: Iris, derived: Iterable[Link], decisions: Sequence[Decision]
) -> list[Link]:
    """Return every link, seen from both ends, with the verdict of the decision that holds about it.

    Args:
        stated: what sources state, seen from both ends.
        iris: makes IRIs for the data base.
        derived: what no record states, each once, from the first of its ends in the alphabet.
        decisions: all decisions of curators.
    """
    found = list(stated)
    sets = _memberships(found)
    found += (seen for link in derived for seen in both_ways(_with_collections(link, sets)))
    by_pair: defaultdict[frozenset[str], list[Decision]] = defaultdict(list)
    for decision in decisions:
        if decision.verdict:
            by_pair[_pair(iris, decision)].append(decision)
    for about in by_pair.values():
        found += (seen for decision in about for seen in both_ways(_confirmed(iris, decision, about)))
    return [_judged(link, by_pair.get(frozenset((link.here, link.there)), ())) for link in found]


def _memberships(links: Iterable[Link]) -> dict[str, set[str]]:
    """Return the sets of links (collections) that list each record."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for link in links:
        if link.relation == HAS_MEMBER and link.outgoing:
            found[link.there].add(link.here)
    return found


def _with_collections(link: Link, sets: Mapping[str, set[str]]) -> Link:
    """Say of a link that the catalogue derived which collections list both of its ends: that speaks for it."""
    both = sorted(sets.get(link.here, set()) & sets.get(link.there, set()))
    return replace(link, quotes=(*link.quotes, *(f"{name} lists both" for name in both)))


def _pair(iris: Iris, decision: Decision) -> frozenset[str]:
    return frozenset((end_of(iris, decision.study), end_of(iris, decision.link_to)))


def _confirmed(iris: Iris, decision: Decision, about: Sequence[Decision]) -> Link | None:
    """The link that a curator who confirms it states with that, unless it was taken back since."""
    here, there = end_of(iris, decision.study), end_of(iris, decision.link_to)
    if decision.verdict != CONFIRMED or verdict_on(about, decision.relation) is None:
        return None
    relation = decision.relation or "related"
    return Link(here, there, decision.iri, "decision", relation, True, "curated", "curator", 1.0)


def _judged(link: Link, decisions: Sequence[Decision]) -> Link:
    decision = verdict_on(decisions, link.relation) if decisions else None
    if decision is None:
        return link
    return replace(link, verdict=decision.verdict, decision=decision.iri)


def correlative_sets(links: Iterable[Link]) -> Iterator[tuple[tuple[str, ...], Link]]:
    """Yield the correlative sets, each with the weakest of the links that hold it together.

    A set is held together by its strongest links: of all ways to join its members the one whose weakest link is the
    strongest (a maximum spanning tree).
    """
    parent: dict[str, str] = {}
    weakest: dict[str, Link] = {}
    joined = [link for link in links if link.is_correlative and link.outgoing]
    for link in sorted(joined, key=lambda link: (-link.strength, link.here, link.there, link.node)):
        one, other = _root(parent, link.here), _root(parent, link.there)
        if one != other:
            first, second = sorted((one, other))
            parent[second] = first
            weakest[first] = link  # links come by falling strength, so the last one is the weakest
            weakest.pop(second, None)
    members: defaultdict[str, list[str]] = defaultdict(list)
    for member in sorted(parent):
        members[_root(parent, member)].append(member)
    for root in sorted(weakest):
        yield tuple(sorted({root, *members[root]})), weakest[root]


def _root(parent: dict[str, str], member: str) -> str:
    parent.setdefault(member, member)
    while parent[member] != member:
        parent[member] = parent[parent[member]]
        member = parent[member]
    return member
