"""One study in a few lines: what lists, cards, facets and counts need. Made while a generation is built."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pyoxigraph import NamedNode
from rembigraph.catalogue.lookups import objects
from rembigraph.catalogue.recordview import Node, RecordView, field_iri, natural_key, short_iri, source_order
from rembigraph.ontology.identifiers import DOI, PREFIXES, Iris, parse_accession

if TYPE_CHECKING:
    from pyoxigraph import Store

_UNRESOLVED: Final = PREFIXES["rembi"] + "Unresolved"
_SYNONYM: Final = PREFIXES["skos"] + "altLabel"

ORCID: Final = "https://orcid.org/"
"""Beginning of the iD of a person."""


@dataclass(frozen=True)
class Term:
    """A term that a study uses, or a text that stands where it gives no term.

    Attributes:
        value: IRI of the term, or the text.
        label: what to show.
        names: every name under which it can be asked for, the label included.
    """

    value: str
    label: str
    names: tuple[str, ...] = ()

    @property
    def is_term(self) -> bool:
        """Whether it is a term, not a text of the source."""
        return "://" in self.value

    @property
    def short(self) -> str:
        """Its CURIE where there is one, else the value."""
        return short_iri(self.value) if self.is_term else self.value


@dataclass(frozen=True)
class StudySummary:
    """A study in a few lines. What the record does not say is None or empty, never zero.

    Attributes:
        accession: the study.
        archive: key of its archive.
        title: its title.
        description: its description.
        issued: date of release as exact as it is known.
        license: licence IRI, or the text where it is none.
        authors: names in order.
        publications: IRIs of its publications (`https://doi.org/...`), and `pubmed:` with a number.
        keywords: keywords.
        organisms: taxa; texts of the source where it names no taxon.
        methods: imaging methods; texts of the source where it gives no term.
        texts: what the source calls organisms and methods, for the word index.
        entities: what was imaged (tissue, cell, molecule), in words.
        byte_size: stated size in bytes.
        file_count: stated number of files.
        images: number of image records.
        correlations: number of image correlations.
        transformations: number of coordinate transformations.
        kept_values: number of source values kept verbatim.
        unresolved: number of source values for which no term was found.
        voxel: smallest pixel or voxel distance in metres.
        extent: largest physical extent of an image in metres.
    """

    accession: str
    archive: str
    title: str
    description: str
    issued: str
    license: str
    authors: tuple[str, ...]
    publications: tuple[str, ...]
    keywords: tuple[str, ...]
    organisms: tuple[Term, ...]
    methods: tuple[Term, ...]
    texts: tuple[str, ...]
    entities: tuple[str, ...]
    byte_size: int | None
    file_count: int | None
    images: int
    correlations: int
    transformations: int
    kept_values: int
    unresolved: int
    voxel: float | None
    extent: float | None

    @property
    def year(self) -> int | None:
        """Year of release."""
        return int(self.issued[:4]) if self.issued[:4].isdecimal() else None


def summarise(store: Store, iris: Iris, view: RecordView) -> StudySummary:
    """Return the summary of a study.

    Args:
        store: the store, which names the terms.
        iris: makes IRIs for its data base.
        view: the merged study.
    """
    study = view.study
    count = {
        name: len(view.of_class(name))
        for name in ("Image", "ImageCorrelation", "CoordinateTransformation", "KeptValue")
    }
    return StudySummary(
        accession=view.accession,
        archive=parse_accession(view.accession).archive_key,
        title=study.text("title"),
        description=study.text("description"),
        issued=study.text("issued"),
        license=study.text("license") or study.text("license_text"),
        authors=tuple(name for name in map(contributor_name, authors(view)) if name),
        publications=tuple(_publications(study)),
        keywords=tuple(study.texts("keyword")),
        organisms=_terms(store, iris, study, "organism"),
        methods=_terms(store, iris, study, "imaging_method"),
        texts=_texts(view),
        entities=tuple(_entities(view)),
        byte_size=study.integer("byte_size"),
        file_count=study.integer("file_count"),
        images=count["Image"],
        correlations=count["ImageCorrelation"],
        transformations=count["CoordinateTransformation"],
        kept_values=count["KeptValue"],
        unresolved=sum(_is_unresolved(node) for node in view.of_class("Resolution")),
        voxel=min(_lengths(view, "ImageRepresentation", "voxel_size"), default=None),
        extent=max(_lengths(view, "Image", "physical_size"), default=None),
    )


def contributions(view: RecordView) -> list[Node]:
    """Return the contributions of a study in their order, from the source that names most of them.

    Two sources name the same people in different spellings; adding them up would name everybody twice.
    """
    by_source: dict[str, list[Node]] = {}
    for node in view.study.nodes("contribution"):
        for source in node.origins or view.sources[:1]:
            by_source.setdefault(source, []).append(node)
    if not by_source:
        return []
    best = min(by_source, key=lambda source: (-len(by_source[source]), source_order(source)))
    return sorted(by_source[best], key=_position)


def contributor_name(contribution: Node) -> str:
    """Return the name of who contributed: as written, else that of the person, else the ORCID iD; empty if unknown."""
    person = contribution.first("person") or contribution.first("contributing_organisation")
    orcids = [
        iri for field in ("agent", "person") for iri in contribution.iris(field) if iri.startswith(ORCID)
    ]
    named = [contribution.text("display_name"), person.text("name") if person else "", *orcids]
    return next((name for name in named if name), "")


def authors(view: RecordView) -> list[Node]:
    """Return the contributions that have a place in the row of authors; without such places, all of them.

    A principal investigator or corresponding author may be named apart from the authors.
    """
    every = contributions(view)
    return [node for node in every if node.integer("position") is not None] or every


def _publications(study: Node) -> Iterator[str]:
    for node in study.nodes("publication"):
        yield from (f"{DOI}{doi.lower().removeprefix(DOI)}" for doi in node.texts("doi"))
        yield from (f"pubmed:{number}" for number in node.texts("pubmed_id"))


def _position(node: Node) -> tuple[int, tuple[tuple[int, int, str], ...]]:
    return node.integer("position") or 1_000_000, natural_key(node.iri)


def _terms(store: Store, iris: Iris, study: Node, field: str) -> tuple[Term, ...]:
    """Return the terms of a field; where there are none, the texts of its twin field."""
    found = study.iris(field)
    if not found:
        texts = dict.fromkeys(text.strip() for text in study.texts(f"{field}_text"))
        return tuple(Term(text, text, (text,)) for text in texts if text)
    return tuple(_term(store, iris, study.view, iri) for iri in found)


def _term(store: Store, iris: Iris, view: RecordView, iri: str) -> Term:
    # What the catalogue's own terms graph calls it comes before what the record calls it.
    curated = list(_names(store, iri, NamedNode(iris.graph("terms"))))
    node = view.node(iri)
    own = [*([node.name] if node and node.name else []), *(node.texts("common_name") if node else [])]
    names = tuple(dict.fromkeys([*curated, *own]))
    return Term(iri, names[0] if names else short_iri(iri), names)


def _names(store: Store, iri: str, graph: NamedNode) -> Iterator[str]:
    fields = ("scientific_name", "label", "name", "title", "common_name")
    for predicate in (*map(field_iri, fields), _SYNONYM):
        yield from (value.text for value in objects(store, iri, predicate, graph))


def _texts(view: RecordView) -> tuple[str, ...]:
    fields = (
        "organism_text",
        "imaging_method_text",
        "biological_entity",
        "instrument_text",
        "sample_identity",
    )
    nodes = [
        view.study,
        *(
            node
            for name in ("Biosample", "StudyComponent", "ImageAcquisition")
            for node in view.of_class(name)
        ),
    ]
    texts = (text for node in nodes for field in fields for text in node.texts(field))
    return tuple(dict.fromkeys(text for text in texts if text.strip()))


def _entities(view: RecordView) -> Iterable[str]:
    entities = (text for node in view.of_class("Biosample") for text in node.texts("biological_entity"))
    return dict.fromkeys(text for text in entities if text.strip())


def _is_unresolved(node: Node) -> bool:
    return _UNRESOLVED in node.iris("resolution_method")


def _lengths(view: RecordView, name: str, field: str) -> Iterator[float]:
    """Yield lengths in metres; a quantity without an SI value is of unknown size."""
    for node in view.of_class(name):
        for quantity in node.nodes(field):
            metres = quantity.number("value_si")
            if metres and 0 < metres < float("inf"):
                yield metres
