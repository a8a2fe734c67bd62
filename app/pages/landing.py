"""What the landing page of a study shows: its parts in other archives first, then its own record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from markupsafe import Markup
from rembigraph.app.pages import text, words
from rembigraph.app.pages.behind import study_queries
from rembigraph.app.pages.getting import readers, snippets, ways
from rembigraph.app.pages.scales import Scale, scale_bars, ticks
from rembigraph.app.pages.site import web_address
from rembigraph.catalogue.exports import EXPORTS, citation_text, script_text
from rembigraph.catalogue.merging import MergedStudy
from rembigraph.catalogue.parts import archive_of
from rembigraph.catalogue.summary import ORCID, contributions, contributor_name
from rembigraph.ontology.identifiers import DOI, Archive, parse_accession

if TYPE_CHECKING:
    from rembigraph.app.pages.representations import Representation
    from rembigraph.app.pages.signposting import TypedLink
    from rembigraph.app.pages.site import Site
    from rembigraph.catalogue.exports import Described
    from rembigraph.catalogue.parts import Claim, Part
    from rembigraph.catalogue.reader import Finding, Snapshot
    from rembigraph.catalogue.recordview import Node, RecordView

_MAX_RECORDS: Final = 8
"""Most records of other studies that are read for what they say about correlations with this one."""
_MOST_NAMED: Final = 8
"""Things that are named of those that one finding is about."""


@dataclass(frozen=True)
class Statement:
    """One statement that joins two studies, in words."""

    words: str
    confidence: str
    quotes: tuple[str, ...]
    documents: tuple[str, ...]


@dataclass(frozen=True)
class Card:
    """A study as a part of a whole.

    Attributes:
        accession: the study, or the IRI of something that is no study of a known archive.
        archive: its archive.
        held: whether it has a page here.
        path: its page here, or empty.
        archive_page: its page at the archive, or empty.
        title: its title, or empty.
        methods: labels of imaging methods.
        subject: what was imaged.
        scale: at which scale, in words.
        relations: what it is to the study of the page, in words; empty for the study itself.
        statements: what that rests on.
        grades: how far correlations with it can be computed, in words.
        suggestion: whether only hints join the two.
        refuted: whether a curator says that nothing joins the two.
        reasons: path of the page that shows what joins the two and lets a curator judge it; empty for the study itself.
    """

    accession: str
    archive: Archive | None
    held: bool
    path: str
    archive_page: str
    title: str
    methods: tuple[str, ...]
    subject: str
    scale: str
    relations: tuple[str, ...] = ()
    statements: tuple[Statement, ...] = ()
    grades: tuple[str, ...] = ()
    suggestion: bool = False
    refuted: bool = False
    reasons: str = ""

    @property
    def is_collection(self) -> bool:
        """Whether it is a set of links, no study."""
        return self.archive is not None and self.archive.is_of_statements


@dataclass(frozen=True)
class Member:
    """An image or study that takes part in a correlation."""

    label: str
    accession: str
    archive: Archive | None
    path: str
    role: str
    says: str


@dataclass(frozen=True)
class Correlation:
    """An image correlation, described in this record or in another one."""

    node: Node
    described_in: str
    grade: str
    members: tuple[Member, ...]
    transformations: tuple[Node, ...]


@dataclass(frozen=True)
class Place:
    """Where somebody works: what it is called, and its IRI where the record gives one."""

    label: str
    iri: str = ""


@dataclass(frozen=True)
class Author:
    """A contributor with what identifies them."""

    name: str
    orcid: str
    affiliations: tuple[Place, ...]
    roles: tuple[str, ...]


@dataclass(frozen=True)
class Difference:
    """A field that the sources of a study fill in different ways: (value, kinds of source that say so)."""

    name: str
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Missing:
    """What the validation found, for one severity and level.

    Attributes:
        heading: the level in words.
        count: number of findings.
        findings: messages, each with labels and IRIs of the first things it is about, and how many there are.
    """

    heading: str
    count: int
    findings: tuple[tuple[str, tuple[tuple[str, str], ...], int], ...]


def landing(
    snapshot: Snapshot,
    view: RecordView,
    site: Site,
    described: Described,
    forms: Sequence[Representation],
    links: Sequence[TypedLink],
) -> dict[str, Any]:
    """Return the values of the template `study.html`.

    Args:
        snapshot: the generation.
        view: what all sources say about the study.
        site: where it is served.
        described: the study as exports see it.
        forms: the forms in which it is offered.
        links: the typed links of its page.
    """
    merged = snapshot.study(view.accession) or MergedStudy(view, (), (), {})
    stated, view = view, merged.view
    study = view.study
    parts = list(described.parts)
    whole = snapshot.correlative_set(view.accession)
    correlations = list(_correlations(snapshot, view, parts, site))
    used = {node.iri for correlation in correlations for node in correlation.transformations}
    others = [card_of(part, site, view.accession) for part in parts]
    authors = [_author(node) for node in contributions(view)]
    joined = {part.accession for part in parts if part.correlative}
    return {
        "view": view,
        "study": study,
        "accession": view.accession,
        "archive": parse_accession(view.accession).archive,
        "archive_page": parse_accession(view.accession).landing_page,
        "here": card_of(whole[0], site),
        "close": [card for card in others if card.accession in joined],
        "further": [
            card for card in others if not (card.accession in joined or card.refuted or card.is_collection)
        ],
        "collections": [_collection(snapshot, card) for card in others if card.is_collection],
        "refuted": [card for card in others if card.refuted],
        "decisions": list(_decided(merged, snapshot, site)),
        "indirect": [card_of(p, site) for p in whole[1:] if p.accession not in joined],
        "archives": _archives(whole),
        "scale": _scales(whole),
        "ruler": ticks(),
        "correlations": correlations,
        "transformations": [t for t in view.of_class("CoordinateTransformation") if t.iri not in used],
        "systems": view.of_class("CoordinateSystem"),
        "authors": authors,
        "places": {
            place: n for n, place in enumerate(dict.fromkeys(p for a in authors for p in a.affiliations), 1)
        },
        "licence": words.licence(study.text("license")) if study.text("license") else None,
        "missing": list(_missing(snapshot.validation(view.accession), view)),
        "sources": snapshot.sources(view.accession),
        "differences": [
            Difference(conflict.field.replace("_", " "), tuple(words.disagreement(view, conflict)))
            for conflict in merged.conflicts
        ],
        "forms": [form for form in forms if form.name not in {"html", "json"}],
        "typed_links": links,
        "script": Markup(script_text(described)),  # noqa: S704 - no <, > or & in it
        "described": described,
        "citation": citation_text(described),
        "bibtex": EXPORTS["bibtex"].make(described).decode(),
        "ways": ways(described),
        "snippets": snippets(described, site),
        "readers": readers(described),
        "query": site.query(study_query(view.iri)),
        "queries": study_queries(stated, view, site),
        "canonical": site.url(f"/{view.accession}"),
        "outside": list(_outside(study)),
    }


def study_query(iri: str) -> str:
    """Return a query that lists what the graph says about an IRI."""
    return (
        "PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>\n"
        "SELECT ?property ?value ?label WHERE {\n"
        f"  <{iri}> ?property ?value .\n"
        "  OPTIONAL { ?value rdfs:label ?label }\n"
        "}\nORDER BY ?property\nLIMIT 200"
    )


def card_of(part: Part, site: Site, beside: str = "") -> Card:
    """Return a part as a card; `beside` is the accession of the study whose page it stands on."""
    groups = sorted(part.assertions, key=lambda group: _strength(group[0]))
    return Card(
        accession=part.accession,
        archive=part.archive,
        held=part.held,
        path=_path(part, site),
        archive_page=part.landing_page or (web_address(part.accession) if not part.archive else ""),
        title=part.title,
        methods=tuple(term.label for term in part.methods),
        subject=_subject(part),
        scale=words.scale(part.voxel, part.extent),
        relations=tuple(words.relations(part)),
        statements=tuple(dict.fromkeys(map(statement_of, groups))),
        grades=tuple(words.GRADES[grade] for grade in part.grades),
        suggestion=bool(part.claims) and part.is_suggestion,
        refuted=part.is_refuted,
        reasons=site.path(f"/links/{quote(beside)}/{quote(part.accession, safe='')}")
        if beside and part.claims
        else "",
    )


def _path(part: Part, site: Site) -> str:
    """Return the page of a part here: its own, else for records of other archives the one with its links."""
    if part.held:
        return site.path(f"/{part.accession}")
    return site.path(f"/links/{part.accession}") if part.archive else ""


def _strength(claim: Claim) -> tuple[bool, bool, bool, int, float]:
    """Sort key that puts the statement first that a reader should see: sure, quoted, by who should know."""
    link = claim.link
    asserters = list(words.ASSERTERS)
    who = asserters.index(link.asserter) if link.asserter in asserters else len(asserters)
    sure = -1.0 if link.confidence is None else link.confidence
    return link.is_suggestion, not link.is_correlative, not claim.texts, who, -sure


def _subject(part: Part) -> str:
    texts = [*part.entities[:2], *(term.label for term in part.organisms[:3])]
    return " · ".join(text.cut(each, 120) for each in dict.fromkeys(texts))


def statement_of(claims: Sequence[Claim]) -> Statement:
    """Return what several claims assert as one: the same assertion, in its own record and where it is passed on."""
    first = claims[0]
    quotes = tuple(dict.fromkeys(text.cut(each, 600) for claim in claims for each in claim.texts[:6]))
    documents = tuple(dict.fromkeys(each for claim in claims for each in claim.documents[:4]))
    relayed = [claim.link.relayed_by for claim in claims[1:] if claim.link.relayed_by]
    also = f"; passed on by {text.joined(sorted(set(relayed)))}" if relayed else ""
    return Statement(words.evidence(first) + also, words.confidence(first), quotes, documents)


def _collection(snapshot: Snapshot, card: Card) -> tuple[str, str]:
    """Return the title of a set of links and the path of the page that lists what it links."""
    return snapshot.label(snapshot.iris.study(card.accession)) or card.accession, card.path


def _decided(merged: MergedStudy, snapshot: Snapshot, site: Site) -> Iterator[words.Judged]:
    for decision in merged.decisions:
        yield words.judged(decision, merged.states.get(decision.iri, ""), site.data_base)


def _archives(whole: list[Part]) -> list[str]:
    """Return the names of the archives that hold parts of the whole, that of the study itself first."""
    return list(dict.fromkeys(part.archive.label for part in whole if part.archive))


def _scales(whole: list[Part]) -> list[Scale]:
    known = [part for part in whole if part.voxel or part.extent]
    if len(known) < 2:
        return []
    return scale_bars(
        [
            (part.accession, part.archive.key if part.archive else "", part.voxel, part.extent)
            for part in known
        ]
    )


def _correlations(
    snapshot: Snapshot, view: RecordView, parts: list[Part], site: Site
) -> Iterator[Correlation]:
    """Yield the image correlations of this record, then those of other records that name this study."""
    own = dict.fromkeys(node.iri for node in view.of_class("ImageCorrelation"))  # in order
    places = [(iri, view.accession) for iri in own]
    places += sorted({place for part in parts for place in part.correlations if place[0] not in own})
    others = list(dict.fromkeys(accession for _, accession in places))[:_MAX_RECORDS]
    for iri, accession in places:
        record = snapshot.record(accession) if accession in others else None
        node = record.node(iri) if record else None
        if node:
            yield Correlation(
                node,
                accession,
                words.grade_of(node),
                tuple(_member(member, snapshot, site) for member in node.nodes("has_member")),
                tuple(node.nodes("has_transformation")),
            )


def _member_path(member: Node, image: str, accession: str, snapshot: Snapshot, site: Site) -> str:
    """Return the page of a member, else that of its study; empty when neither is here."""
    if image and member.view.has(image):
        return site.link(image)
    return site.path(f"/{accession}") if archive_of(accession) and snapshot.holds(accession) else ""


def _member(member: Node, snapshot: Snapshot, site: Site) -> Member:
    image = next(iter(member.iris("member_image")), "")
    accession = member.text("member_accession")
    label = member.view.label(image) if image else accession
    said = member.iris("attributed_to")
    asserter = said[0].rsplit("#", 1)[-1].removesuffix("Asserter").lower() if said else ""
    return Member(
        label=label,
        accession=accession,
        archive=archive_of(accession),
        path=_member_path(member, image, accession, snapshot, site),
        role=member.text("member_role"),
        says=words.ASSERTERS.get(asserter, ""),
    )


def _author(node: Node) -> Author:
    person = node.first("person") or node.first("contributing_organisation")
    agents = [*node.iris("agent"), *node.iris("person")]
    orcid = next((iri for iri in agents if iri.startswith(ORCID)), "")
    holders = [node, *([person] if person else [])]
    places = [Place(node.view.label(iri), iri) for each in holders for iri in each.iris("affiliation")]
    texts = map(Place, person.texts("affiliation_text") if person else [])
    return Author(
        name=contributor_name(node) or "name not given",
        orcid=orcid,
        affiliations=tuple(dict.fromkeys([*places, *texts])),
        roles=tuple(node.texts("role")),
    )


def _missing(findings: list[Finding], view: RecordView) -> Iterator[Missing]:
    """Yield what the validation found, the most important first."""
    for (severity, level), group in groupby(findings, key=lambda finding: (finding.severity, finding.level)):
        heading = "Wrong" if severity == "Violation" else words.LEVELS.get(level, words.LEVELS[""])
        found = list(group)
        things: dict[str, list[str]] = {}
        for each in found:
            about = [each.focus] if each.focus not in {"", view.iri} else []
            things.setdefault(each.message, []).extend(about)
        lines = (
            (message, tuple((view.label(iri), iri) for iri in about[:_MOST_NAMED]), len(about))
            for message, about in things.items()
        )
        yield Missing(heading, len(found), tuple(lines))


def _outside(study: Node) -> Iterator[tuple[str, str]]:
    """Yield (label, address) of what lies elsewhere: the same record, models, reconstructions."""
    for iri in study.iris("dataset_doi"):
        yield f"DOI {iri.removeprefix(DOI)}", iri
    for iri in study.iris("modelled_as"):
        yield f"Model {study.view.label(iri)}", iri
    for record in study.nodes("reconstructed_as"):
        page = next(iter(record.iris("landing_page")), record.iri)
        yield f"Reconstruction {record.text('external_identifier') or record.label}", page
    for iri in study.iris("same_as"):
        yield f"identifiers.org {iri.rsplit(':', 1)[-1]}" if "identifiers.org" in iri else iri, iri
