"""What the study list answers with: items, why they matched, facets, advice. Plain values."""

from __future__ import annotations

from dataclasses import dataclass

from rembigraph.catalogue.criteria import Criteria
from rembigraph.catalogue.summary import Term


@dataclass(frozen=True)
class Match:
    """Why a study is in the list: a piece of text with what matched in it.

    Attributes:
        field: where it was found.
        pieces: (text, whether it matched), in order.
    """

    field: str
    pieces: tuple[tuple[str, bool], ...]

    @property
    def text(self) -> str:
        """The piece as plain text."""
        return "".join(text for text, _ in self.pieces)


@dataclass(frozen=True)
class StudyItem:
    """A study in a list or on a card. What its record does not say is None or empty.

    Attributes:
        accession: the study.
        archive: key of its archive.
        title: its title.
        issued: date of release.
        license: licence IRI or text.
        authors: names in order.
        entities: what was imaged, in words.
        organisms: organisms.
        methods: imaging methods.
        byte_size: stated size in bytes.
        file_count: stated number of files.
        images: number of image records.
        correlations: number of image correlations.
        transformations: number of coordinate transformations.
        voxel: smallest voxel distance in metres.
        extent: largest extent in metres.
        parts: number of other studies that it is one whole with.
        heading: the title with what matched; None when nothing was searched for.
        match: why it is in the list, when the title does not say so.
    """

    accession: str
    archive: str
    title: str
    issued: str
    license: str
    authors: tuple[str, ...]
    entities: tuple[str, ...]
    organisms: tuple[Term, ...]
    methods: tuple[Term, ...]
    byte_size: int | None
    file_count: int | None
    images: int
    correlations: int
    transformations: int
    voxel: float | None
    extent: float | None
    parts: int
    heading: Match | None = None
    match: Match | None = None


@dataclass(frozen=True)
class FacetValue:
    """One value of a facet.

    Attributes:
        term: what it is.
        query: how to ask for it.
        studies: how many studies have it.
        given: how it was asked for; empty when it was not.
    """

    term: Term
    query: str
    studies: int
    given: tuple[str, ...] = ()

    @property
    def selected(self) -> bool:
        """Whether it was asked for."""
        return bool(self.given)


@dataclass(frozen=True)
class Facet:
    """The values of a facet among the studies that the other filters leave, most frequent first.

    Attributes:
        kind: `archive`, `organism`, `method`, `year` or `correlative`.
        values: the first values, and those that are asked for.
        more: how many further values there are.
    """

    kind: str
    values: tuple[FacetValue, ...]
    more: int = 0


@dataclass(frozen=True)
class Advice:
    """What to do about an empty list.

    Attributes:
        accessions: accessions that are here and near the one asked for.
        queries: the words, corrected.
        drops: (filter, value, how many studies there are without it).
        unknown: (filter, value, names that are near) of values that nothing has.
    """

    accessions: tuple[str, ...] = ()
    queries: tuple[str, ...] = ()
    drops: tuple[tuple[str, str, int], ...] = ()
    unknown: tuple[tuple[str, str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True)
class StudyPage:
    """One page of the study list.

    Attributes:
        criteria: what was asked for.
        total: how many studies there are on all pages.
        items: studies on this page.
        facets: what the list can be narrowed to.
        advice: what to do when the list is empty.
    """

    criteria: Criteria
    total: int
    items: tuple[StudyItem, ...]
    facets: tuple[Facet, ...]
    advice: Advice | None = None

    @property
    def pages(self) -> int:
        """Number of pages, at least 1."""
        return max(1, -(-self.total // self.criteria.per_page))
