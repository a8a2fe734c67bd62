"""What the graph exports say of a study: addresses of its files, articles, terms, and how other studies belong to it.

schema.org, RO-Crate, DCAT and Croissant are written from these plain facts, so that they cannot disagree.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from rembigraph.catalogue.exports.citation import one_line, publisher_of
from rembigraph.ontology.identifiers import DOI, is_web_address

if TYPE_CHECKING:
    from rembigraph.catalogue.exports.described import Described
    from rembigraph.catalogue.parts import Link, Part
    from rembigraph.catalogue.recordview import Node

Listed = tuple["FileAddress", ...]

PUBMED: Final = "https://pubmed.ncbi.nlm.nih.gov/"
_FREE_LICENCES: Final = "https://creativecommons.org/"

_REGISTRIES: Final = (DOI, "https://identifiers.org/")
_DOI: Final = re.compile(r"10\.\d{4,9}/\S+", re.ASCII)
_NUMBER: Final = re.compile(r"[1-9]\d*", re.ASCII)
_CHECKSUM: Final = re.compile(r"([A-Za-z0-9-]+):([0-9A-Fa-f]{8,128})", re.ASCII)
_MEDIA_TYPE: Final = re.compile(r"[a-z]+/[A-Za-z0-9!#$&^_.+-]+", re.ASCII)
_WITH_FILES: Final = ("ImageRepresentation", "FileSet", "FileReference")

RELATIONS: Final[Mapping[str, tuple[str, str]]] = {
    "images_same_specimen": ("Images the same specimen as {0}.", "Images the same specimen as {0}."),
    "part_of_same_experiment": ("Part of the same experiment as {0}.", "Part of the same experiment as {0}."),
    "same_data": ("Holds the same data as {0}.", "Holds the same data as {0}."),
    "derived_from": ("The data of {0} were made from it.", "Its data were made from {0}."),
    "raw_data_for": ("Its data were made from {0}.", "The data of {0} were made from it."),
    "supersedes": ("Replaced by {0}.", "Replaces {0}."),
    "same_publication": ("Goes with the same publication as {0}.", "Goes with the same publication as {0}."),
    "has_member": ("A member of {0}.", "A collection that lists {0}."),
    "reconstructed_as": (
        "A map that was reconstructed from the images of {0}.",
        "Holds the images that {0} was reconstructed from.",
    ),
    "modelled_as": ("An atomic model that was built on {0}.", "What {0} was built on."),
    "described_in": ("A publication that describes {0}.", "Described in {0}."),
    "related": (
        "Related to {0}; the source does not say how.",
        "Related to {0}; the source does not say how.",
    ),
}
"""What the *other* study is to this one (`{0}`): when this side states the link, and when the other side does."""


@dataclass(frozen=True)
class FileAddress:
    """An address under which a source says that a file, a store or a folder of a study lies.

    Attributes:
        url: http(s) address.
        name: what it is called; never empty.
        format: format by its usual name, or empty.
        media_type: media type, or empty.
        byte_size: size in bytes, None when unknown.
        checksum: algorithm in lower case and hexadecimal digest; empty texts when unknown.
        is_file: whether the address gives the bytes of one file; stores and folders are opened by other means.
    """

    url: str
    name: str
    format: str = ""
    media_type: str = ""
    byte_size: int | None = None
    checksum: tuple[str, str] = ("", "")
    is_file: bool = True


@dataclass(frozen=True)
class Article:
    """A publication that goes with a study.

    Attributes:
        iri: its DOI or PubMed address, else an address or IRI of the record.
        title: its title, or what the source writes instead; may be empty.
        doi: DOI without resolver, or empty.
        pubmed: identifier in PubMed, or empty.
        published: date as exact as it is known, or empty.
        authors: authors in one text, or empty.
        journal: journal or book, or empty.
    """

    iri: str
    title: str
    doi: str
    pubmed: str
    published: str
    authors: str
    journal: str


@dataclass(frozen=True)
class Related:
    """Another record that somebody says with certainty to belong to a study.

    Attributes:
        identifier: accession, or its own identifier elsewhere.
        name: its title, else its identifier.
        archive: name of its archive, or empty.
        iri: address of its page at its archive, else here.
        page: its page here, or empty.
        relations: keys of the relations, the closest first, each with whether the study itself states it.
        words: what it is to the study, in sentences.
        correlative: whether the two are parts of one whole.
    """

    identifier: str
    name: str
    archive: str
    iri: str
    page: str
    relations: tuple[tuple[str, bool], ...]
    words: str
    correlative: bool

    @property
    def is_source(self) -> bool:
        """Whether the data of the study were made from it."""
        return bool({("derived_from", True), ("raw_data_for", False)} & set(self.relations))


def web_addresses(iris: Iterable[str]) -> list[str]:
    """Return those IRIs that are http(s) addresses, each once: the only ones that a reader may be sent to."""
    return [iri for iri in dict.fromkeys(iris) if is_web_address(iri)]


def identifiers(study: Described) -> list[str]:
    """Return the accession, then the study's registered identifiers: the archive's DOI, identifiers.org."""
    registered = (iri for iri in web_addresses(study.same_as) if iri.startswith(_REGISTRIES))
    return [str(study.accession), *registered]


def is_free(study: Described) -> bool:
    """Whether everybody may have the data without a fee: an archive released them, under a Creative Commons licence.

    The archives ask nobody for money, and every licence and waiver of Creative Commons is free of royalties. Of other
    studies nothing is known: they are not said to cost anything.
    """
    return bool(publisher_of(study)) and license_of(study).startswith(_FREE_LICENCES)


def license_of(study: Described) -> str:
    """Return the address of the licence, or empty."""
    return next(iter(web_addresses([study.license])), "")


def origin_of(study: Described) -> str:
    """Return the address of the study's page at its archive, else the identifier that resolves here."""
    return next(iter(web_addresses([study.archive_page])), study.persistent)


def folder_of(study: Described) -> FileAddress | None:
    """Return the folder in which the archive publishes all files of the study, None when there is no such rule."""
    url = study.accession.files
    return FileAddress(url, "Folder with all files of the study", is_file=False) if url else None


def file_addresses(study: Described, most: int) -> tuple[Listed, int]:
    """Return the first addresses of files that the record states, and how many there are in all.

    Args:
        study: the study.
        most: how many to return.
    """
    found: dict[str, tuple[Node, bool]] = {}
    for name in _WITH_FILES:
        for node in study.view.of_class(name):
            for field, is_file in (("download_url", True), ("access_url", False)):
                for url in node.iris(field):
                    if is_web_address(url):
                        found.setdefault(url, (node, is_file))
    first = islice(found.items(), most)
    return tuple(file_at(url, node, is_file=is_file) for url, (node, is_file) in first), len(found)


def file_at(url: str, node: Node, *, is_file: bool = True) -> FileAddress:
    """Return what a record says of the file at an address."""
    media_type = one_line(node.text("media_type"))
    checksum = _CHECKSUM.fullmatch(node.text("checksum").strip())
    size = node.integer("byte_size")
    return FileAddress(
        url=url,
        name=_name(node, url),
        format=one_line(node.text("format")),
        media_type=media_type if _MEDIA_TYPE.fullmatch(media_type) else "",
        byte_size=size if size is not None and size >= 0 else None,
        checksum=(checksum[1].lower(), checksum[2].lower()) if checksum else ("", ""),
        is_file=is_file,
    )


def _name(node: Node, url: str) -> str:
    images = node.view.pointing(node.iri, "representation")
    names = [*(image.name for image in images), node.text("path"), node.name]
    return next((text for text in map(one_line, names) if text), "") or url


def articles(study: Described) -> tuple[Article, ...]:
    """Return the publications of a study that say who they are; each once."""
    found: dict[str, Article] = {}
    for node in study.study.nodes("publication"):
        article = _article(node)
        if article.title or article.doi or article.pubmed:
            found.setdefault(article.iri, article)
    return tuple(found.values())


def _article(node: Node) -> Article:
    dois = (text.removeprefix(DOI) for text in node.texts("doi"))
    doi = next((text for text in dois if _DOI.fullmatch(text) and is_web_address(DOI + text)), "")
    pubmed = next((text for text in node.texts("pubmed_id") if _NUMBER.fullmatch(text)), "")
    known = [f"{DOI}{doi}" if doi else "", f"{PUBMED}{pubmed}/" if pubmed else ""]
    return Article(
        iri=next(filter(None, [*known, *web_addresses(node.iris("web_page"))]), node.iri),
        title=one_line(node.text("title") or node.text("raw_text")),
        doi=doi,
        pubmed=pubmed,
        published=one_line(node.text("publication_date")),
        authors=one_line(node.text("authors_text")),
        journal=one_line(node.text("journal")),
    )


def related(study: Described) -> tuple[Related, ...]:
    """Return the records that belong to a study: no hints, nothing refuted, no mere sets of links."""
    found = (_related(study, part) for part in study.parts if not _is_of_statements(part))
    return tuple(one for one in found if one)


def _is_of_statements(part: Part) -> bool:
    return part.archive is not None and part.archive.is_of_statements


def _related(study: Described, part: Part) -> Related | None:
    sure = [claim.link for claim in part.claims if not (claim.link.is_suggestion or claim.link.is_refuted)]
    page = f"{study.catalogue}/{part.accession}" if part.held and part.archive else ""
    iri = next(iter(web_addresses([part.landing_page, part.accession, page])), "")
    if not sure or not iri:
        return None
    relations = _relations(sure)
    said = (RELATIONS[key][0 if outgoing else 1].format(study.accession) for key, outgoing in relations)
    return Related(
        identifier=part.accession,
        name=one_line(part.title) or part.accession,
        archive=part.archive.label if part.archive else "",
        iri=iri,
        page=page,
        relations=relations,
        words=" ".join(dict.fromkeys(said)),
        correlative=part.correlative,
    )


def _relations(links: Sequence[Link]) -> tuple[tuple[str, bool], ...]:
    found = {(link.relation, link.outgoing): link for link in links}
    return tuple(sorted(found, key=lambda pair: (not found[pair].is_correlative, pair[0], not pair[1])))


def biosample_terms(study: Described) -> list[tuple[str, str]]:
    """Return (IRI, label) of what the study and its samples are about, besides organisms: terms and cell lines."""
    found = dict(study.terms("about_term"))
    for sample in study.study.nodes("biosample"):
        for field in ("cell_line", "about_term"):
            found |= {iri: study.view.label(iri) for iri in sample.iris(field)}
    return terms_of(found.items())


def terms_of(found: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return (IRI, label) of the terms that have a web address, each once, with labels on one line."""
    return [(iri, one_line(label) or iri) for iri, label in dict(found).items() if is_web_address(iri)]


def texts_without_term(study: Described, field: str) -> list[str]:
    """Return how the sources write organisms or methods (`organism`, `imaging_method`) where they name no term."""
    if study.study.iris(field):
        return []
    return [text for text in dict.fromkeys(map(one_line, study.study.texts(f"{field}_text"))) if text]


def cut_short(of: str, listed: int, known: int) -> str:
    """Say in words that a list is cut; empty when it is complete.

    >>> cut_short("addresses of files", 20, 5339)
    'Lists 20 of 5339 addresses of files.'
    """
    return f"Lists {listed} of {known} {of}." if listed < known else ""


def notes(*found: str) -> Iterator[str]:
    """Yield the notes that are not empty."""
    return (note for note in found if note)
