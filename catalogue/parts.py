"""How studies hang together: every statement that joins two of them, whoever made it, in both directions.

`every_link` walks all statements while a generation is built and fills the index; on a request the index says
which statements touch a study, and `claim_of` reads those few from the store.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import permutations
from typing import TYPE_CHECKING, Final

from pyoxigraph import NamedNode
from rembigraph.catalogue.decisions import CONFIRMED, REFUTED
from rembigraph.catalogue.lookups import facts_of, plain
from rembigraph.catalogue.recordview import SAME_SPECIMEN, Value, field_iri
from rembigraph.catalogue.summary import Term
from rembigraph.ontology.evidence import EVIDENCE_WORTH
from rembigraph.ontology.external import External, external_of, parse_external
from rembigraph.ontology.fields import enum_iris
from rembigraph.ontology.identifiers import (
    Accession,
    Archive,
    Iris,
    NotAnAccession,
    is_web_address,
    parse_accession,
)

if TYPE_CHECKING:
    from pyoxigraph import Store

CORRELATIVE: Final = frozenset({"images_same_specimen", "part_of_same_experiment"})
"""Relations that make two studies parts of one whole."""

SAME: Final = "images_same_specimen"
DESCRIBED_IN: Final = "described_in"
_SURE: Final = 0.5
_MAX_PAIRED: Final = 100
"""A correlation of more studies than this joins each with the one that describes it, not every pair."""

_EVIDENCE: Final = {
    "link": ("evidence_text",),
    "publication": ("evidence_text",),
    "correlation": ("related_images_and_relationship",),
    "decision": ("decision_reason",),
}

Facts = dict[str, list[Value]]


@dataclass(frozen=True)
class Link:
    """One statement that joins two studies, as the index keeps it.

    Attributes:
        here: accession of one end.
        there: accession of the other end, or its IRI when it is no study of a known archive.
        node: IRI of the thing that states it.
        kind: `link`, `publication`, `correlation`, `specimen` or `decision`.
        relation: key of the relation.
        outgoing: whether it is stated from `here` to `there`.
        evidence: key of the kind of evidence, or `image_correlation`, `same_specimen` for those; empty when
            not stated.
        asserter: key of who says so; empty when not stated.
        confidence: from 0 to 1, or None.
        relayed_by: table or service that passes the statement on; empty when its own record states it.
        fixture: whether the record that states it is a test record of an archive.
        verdict: `confirmed` or `refuted` where a curator's decision about it holds, else empty.
        decision: IRI of that decision.
        quotes: what a link that the catalogue derived rests on; of others the record holds it.
    """

    here: str
    there: str
    node: str
    kind: str
    relation: str
    outgoing: bool
    evidence: str = ""
    asserter: str = ""
    confidence: float | None = None
    relayed_by: str = ""
    fixture: bool = False
    verdict: str = ""
    decision: str = ""
    quotes: tuple[str, ...] = ()

    @property
    def is_refuted(self) -> bool:
        """Whether a curator says that it does not hold."""
        return self.verdict == REFUTED

    @property
    def is_suggestion(self) -> bool:
        """Whether it is only a hint: it rests on equal authors, its confidence is low, or a test states it."""
        weak = self.confidence is not None and self.confidence < _SURE
        return self.verdict != CONFIRMED and (weak or self.fixture or self.evidence == "same_authors")

    @property
    def is_correlative(self) -> bool:
        """Whether it makes the two studies parts of one whole."""
        return self.relation in CORRELATIVE and not self.is_suggestion and not self.is_refuted

    @property
    def strength(self) -> float:
        """How sure it is, from 0 to 1: what it states itself, but no more than its kind of evidence is worth."""
        if self.verdict == CONFIRMED:
            return 1.0
        worth = EVIDENCE_WORTH.get(self.evidence, _SURE)
        return worth if self.confidence is None else min(self.confidence, worth)

    @property
    def assertion(self) -> tuple[str, ...]:
        """What is asserted, by whom and on what evidence: equal assertions are one, however often passed on."""
        start, end = (self.here, self.there) if self.outgoing else (self.there, self.here)
        return start, end, self.relation, self.evidence, self.asserter


@dataclass(frozen=True)
class Claim:
    """One statement that joins a study with another, with all that it rests on.

    Attributes:
        link: what is stated.
        texts: the places in the source, quoted.
        documents: IRIs of the documents that it comes from.
        stated_in: accession of the study whose record states it.
        sources: kinds of source that state it, or the shared graph (`links`, `inferred`).
        grade: for an image correlation, how far it can be computed: the stated grade, else what is recorded.
    """

    link: Link
    texts: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    stated_in: str = ""
    sources: tuple[str, ...] = ()
    grade: str = ""


@dataclass(frozen=True)
class Part:
    """Another study that hangs together with the one asked for.

    Attributes:
        accession: the other study, or the IRI of something that is no study of a known archive.
        archive: its archive, None when unknown.
        held: whether this catalogue holds it.
        title: its title when it is held, else empty.
        organisms: its organisms when it is held.
        methods: its imaging methods when it is held.
        entities: what it images, in words, when it is held.
        voxel: its smallest voxel distance in metres, when known.
        extent: its largest extent in metres, when known.
        issued: its date of release, when held.
        claims: every statement that joins the two.
    """

    accession: str
    archive: Archive | None
    held: bool
    title: str = ""
    organisms: tuple[Term, ...] = ()
    methods: tuple[Term, ...] = ()
    entities: tuple[str, ...] = ()
    voxel: float | None = None
    extent: float | None = None
    issued: str = ""
    claims: tuple[Claim, ...] = ()

    @property
    def assertions(self) -> list[tuple[Claim, ...]]:
        """The statements, grouped by what is asserted: one that a table passes on stands with the one it passes on."""
        grouped: dict[tuple[str, ...], list[Claim]] = {}
        for claim in self.claims:
            grouped.setdefault(claim.link.assertion, []).append(claim)
        return [tuple(sorted(group, key=lambda claim: claim.link.relayed_by)) for group in grouped.values()]

    @property
    def landing_page(self) -> str:
        """The archive's own page, from the archive table; empty when it can't be derived."""
        return page_of(self.accession)

    @cached_property
    def relations(self) -> tuple[str, ...]:
        """Keys of the relations, each once, the closest first."""
        found = {claim.link.relation for claim in self.claims}
        return tuple(sorted(found, key=lambda key: (key not in CORRELATIVE, key)))

    @property
    def directions(self) -> tuple[str, ...]:
        """`out` when this study's side states a link, `in` when the other side does."""
        found = {"out" if claim.link.outgoing else "in" for claim in self.claims}
        return tuple(sorted(found, reverse=True))

    @property
    def correlative(self) -> bool:
        """Whether the two are parts of one whole."""
        return any(claim.link.is_correlative for claim in self.claims)

    @property
    def is_suggestion(self) -> bool:
        """Whether nothing but hints joins the two."""
        return all(claim.link.is_suggestion for claim in self.claims)

    @property
    def is_refuted(self) -> bool:
        """Whether a curator says that nothing joins the two."""
        return bool(self.claims) and all(claim.link.is_refuted for claim in self.claims)

    @property
    def grades(self) -> tuple[str, ...]:
        """Keys of the grades of the image correlations that join the two, each once."""
        return tuple(sorted({claim.grade for claim in self.claims if claim.grade}))

    @property
    def correlations(self) -> tuple[tuple[str, str], ...]:
        """Image correlations that join the two: (IRI, accession of the study that describes it)."""
        found = {(c.link.node, c.stated_in) for c in self.claims if c.link.kind == "correlation"}
        return tuple(sorted(found))


def archive_of(text: str) -> Archive | None:
    """Return the archive of an accession, or of an identifier of an external archive; None for anything else."""
    found = _record_of(text)
    return found.archive if found else None


def page_of(text: str) -> str:
    """Return the archive's own page of an accession or identifier; empty when it can't be derived."""
    found = _record_of(text)
    return found.landing_page if found else ""


def _record_of(text: str) -> Accession | External | None:
    """Return the record that an accession, or an identifier of an external archive in its own spelling, names."""
    try:
        return parse_accession(text)
    except NotAnAccession:
        external = parse_external(text)
        return external if external and external.identifier == text else None


def end_of(iris: Iris, iri: str) -> str:
    """Return what to call the end of a link: an accession, the identifier of an external record, else its IRI."""
    external = external_of(iri)
    return iris.accession_of(iri) or (external.identifier if external else iri)


def iri_of(iris: Iris, end: str) -> str:
    """Return the IRI of the end of a link: the reverse of `end_of`."""
    found = _record_of(end)
    return found.iri if isinstance(found, External) else iris.absolute(end)


def other_statements(store: Store, iris: Iris) -> Iterator[Link]:
    """Yield what joins two records and is no link, once in each direction: correlations, and the same specimen."""
    for correlation in sorted(_named(store, field_iri("has_member"))):
        yield from _correlation_links(store, iris, correlation)
    for specimen, value in _stated(store, SAME_SPECIMEN):
        yield from both_ways(_same_specimen(iris, specimen, value))


def claim_of(store: Store, iris: Iris, link: Link) -> Claim:
    """Read what a statement rests on."""
    facts, graphs = _read(store, link.node)
    return Claim(
        link=link,
        texts=tuple(text for field in _EVIDENCE.get(link.kind, ()) for text in _texts(facts, field)),
        documents=tuple(_texts(facts, "source_document")),
        stated_in=iris.accession_of(link.node) or "",
        sources=tuple(sorted({graph.rsplit("/", 1)[-1] for graph in graphs})),
        grade=_grade(store, facts) if link.kind == "correlation" else "",
    )


def _grade(store: Store, facts: Facts) -> str:
    stated = _key(facts, "correlation_grade", "CorrelationGrade")
    transformations = _iris(facts, "has_transformation")
    if stated or not transformations:
        return stated or ("landmarks" if _iris(facts, "has_landmarks") else "described")
    with_error = any(_iris(_read(store, each)[0], "has_error") for each in transformations)
    return "transform_with_error" if with_error else "transform"


def both_ways(link: Link | None) -> Iterator[Link]:
    """Yield a link as seen from both of its ends; nothing for none, or for one that leads to where it starts."""
    if link is None or link.here == link.there:
        return
    yield link
    if archive_of(link.there) or is_web_address(link.there):
        yield replace(link, here=link.there, there=link.here, outgoing=False)


def study_link(store: Store, iris: Iris, node: str) -> tuple[Link | None, set[str]]:
    """Return the link that a source states with a node, and the named graphs that describe the node.

    What the catalogue itself derived (graphs `links` and `inferred`) is no statement: it is made anew each time.
    """
    facts, graphs = _read(store, node)
    return _link(iris, node, facts), graphs - {iris.graph("links"), iris.graph("inferred")}


def _link(iris: Iris, node: str, facts: Facts) -> Link | None:
    ends = [_end(iris, facts, field) for field in ("link_from", "link_to")]
    if not all(ends) or not archive_of(ends[0]):
        return None
    relation = _key(facts, "link_relation", "LinkRelation") or "related"
    return Link(
        here=ends[0],
        there=ends[1],
        node=node,
        kind="publication" if relation == DESCRIBED_IN else "link",
        relation=relation,
        outgoing=True,
        evidence=_key(facts, "evidence_kind", "EvidenceKind"),
        asserter=_key(facts, "asserted_by", "Asserter"),
        confidence=_number(facts, "confidence"),
        relayed_by=next(iter(_texts(facts, "relayed_by")), ""),
        fixture="true" in _texts(facts, "is_test_fixture"),
    )


def _same_specimen(iris: Iris, specimen: str, value: Value) -> Link | None:
    here, there = iris.accession_of(specimen), iris.accession_of(value.text)
    if not here or not there or not value.is_iri:
        return None
    return Link(here, there, specimen, "specimen", SAME, outgoing=True, evidence="same_specimen")


def _correlation_links(store: Store, iris: Iris, correlation: str) -> Iterator[Link]:
    """Join the studies that take part in an image correlation, the one that describes it among them."""
    members = _members(store, iris, correlation)
    owner = iris.accession_of(correlation) or ""
    for here, there in _pairs(owner, {*members, owner} - {""}):
        yield Link(
            here,
            there,
            correlation,
            "correlation",
            SAME,
            outgoing=here == owner,
            evidence="image_correlation",
            asserter=members.get(there) or members.get(here, ""),
        )


def _pairs(owner: str, members: set[str]) -> Iterator[tuple[str, str]]:
    if len(members) <= _MAX_PAIRED:
        yield from permutations(sorted(members), 2)
        return
    for member in sorted(members - {owner}):
        yield from ((owner, member), (member, owner))


def _members(store: Store, iris: Iris, correlation: str) -> dict[str, str]:
    """Return the accessions that take part in a correlation, with who says so."""
    found: dict[str, str] = {}
    facts, _ = _read(store, correlation)
    for member in _iris(facts, "has_member"):
        own, _ = _read(store, member)
        asserter = _key(own, "attributed_to", "Asserter")
        images = (iris.accession_of(iri) or "" for iri in _iris(own, "member_image"))
        for accession in {*filter(archive_of, _texts(own, "member_accession")), *images} - {""}:
            found[accession] = found.get(accession) or asserter
    return found


def _stated(store: Store, predicate: str) -> Iterator[tuple[str, Value]]:
    """Yield every (subject, object) of a predicate, without the copies in the default graph."""
    for quad in store.quads_for_pattern(None, NamedNode(predicate), None, None):
        if isinstance(quad.graph_name, NamedNode):
            subject, _, value = plain(quad)
            yield subject, value


def _named(store: Store, predicate: str) -> set[str]:
    return {subject for subject, _ in _stated(store, predicate)}


def _read(store: Store, node: str) -> tuple[Facts, set[str]]:
    """Return the facts of a node and the named graphs that state them."""
    facts: Facts = {}
    graphs = set()
    for _, predicate, value, graph in facts_of(store, node):
        facts.setdefault(predicate, []).append(value)
        graphs.add(graph)
    return facts, graphs


def _texts(facts: Facts, field: str) -> list[str]:
    return sorted({value.text for value in facts.get(field_iri(field), ())})


def _iris(facts: Facts, field: str) -> list[str]:
    return sorted({value.text for value in facts.get(field_iri(field), ()) if value.is_iri})


def _end(iris: Iris, facts: Facts, field: str) -> str:
    return end_of(iris, next(iter(_iris(facts, field)), ""))


def _key(facts: Facts, field: str, enum: str) -> str:
    given = _texts(facts, field)
    return next((key for key, iri in enum_iris(enum).items() if iri in given), "")


def _number(facts: Facts, field: str) -> float | None:
    try:
        return float(next(iter(_texts(facts, field)), ""))
    except ValueError:
        return None
