"""Where a catalogue is read from: what both a folder and a server can be asked, in plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Protocol

RESULTS: Final = "application/sparql-results+json"
TRIPLES: Final = "application/n-triples"


@dataclass(frozen=True)
class Wanted:
    """What a list of studies is asked for; every filter holds if any of its values fits.

    Attributes:
        words: words that must all be there.
        archive: keys or names of archives.
        organism: names, NCBITaxon identifiers or IRIs.
        method: labels, FBbi identifiers or IRIs.
        year: years of release.
        correlative: whether there must (or must not) be a part elsewhere; None for all.
    """

    words: str = ""
    archive: tuple[str, ...] = ()
    organism: tuple[str, ...] = ()
    method: tuple[str, ...] = ()
    year: tuple[str, ...] = ()
    correlative: bool | None = None


@dataclass(frozen=True)
class Item:
    """A study as lists show it. What its record does not say is None or empty.

    Attributes:
        accession: the study.
        iri: its IRI.
        page: address of its page.
        archive: key of its archive.
        title: its title.
        organisms: labels of its organisms.
        organism_iris: their IRIs, where they are terms.
        methods: labels of its imaging methods.
        method_iris: their IRIs, where they are terms.
        issued: date of release as exact as it is known (`2026`, `2026-05`, `2026-05-04`).
        license: IRI of its licence, or the text where it gives none.
        bytes: stated size in bytes.
        files: stated number of files.
        images: number of image records.
        parts: number of other studies that it is one whole with.
    """

    accession: str
    iri: str
    page: str
    archive: str
    title: str
    organisms: tuple[str, ...] = ()
    organism_iris: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    method_iris: tuple[str, ...] = ()
    issued: str | None = None
    license: str | None = None
    bytes: int | None = None
    files: int | None = None
    images: int = 0
    parts: int = 0


@dataclass(frozen=True)
class Listed:
    """A page of a list of studies.

    Attributes:
        total: how many studies there are on all pages.
        items: those of this page.
        archives: archive key -> how many of them are there.
        unknown: (filter, value, names that are near) of values that no study has.
    """

    total: int
    items: tuple[Item, ...]
    archives: dict[str, int] = field(default_factory=dict)
    unknown: tuple[tuple[str, str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True)
class Joined:
    """Another study that is one whole with the one asked for, directly or through others.

    Attributes:
        accession: the other study, or an IRI.
        held: whether it is in this catalogue.
        relations: keys of what it is to the study; empty when they are joined through others only.
    """

    accession: str
    held: bool
    relations: tuple[str, ...] = ()


class Source(Protocol):
    """A catalogue in a folder or on a server. Every method raises `CatalogueError` when it can't answer."""

    @property
    def name(self) -> str:
        """Where it is, for people."""

    @property
    def page_size(self) -> int:
        """Most studies on one page of a list."""

    def studies(self, wanted: Wanted, page: int, per_page: int) -> Listed:
        """Return a page of a list of studies."""

    def item(self, accession: str) -> Item:
        """Return a study; raises `UnknownStudy` or `WithdrawnStudy` when it is not here."""

    def joined(self, item: Item) -> list[Joined]:
        """Return the other studies of the whole that a study is a part of, those joined directly first."""

    def document(self, accession: str, form: str) -> bytes | None:
        """Return a study in a form, by the form's name; None when the study has not what the form needs."""

    def query(self, text: str, seconds: float | None) -> tuple[str, bytes]:
        """Answer a query: `RESULTS` or `TRIPLES`, and the answer."""

    def close(self) -> None:
        """Let go of it."""
