"""One study of a catalogue: its facts, its other parts, its citations, its graph."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any, Final

from rembigraph.catalogue.exports import EXPORTS
from rembigraph.catalogue.parts import archive_of, page_of
from rembigraph.client.display import html_facts, html_of, inert
from rembigraph.client.errors import BrokenAnswer, UnknownStudy, UsageError
from rembigraph.ontology.identifiers import is_web_address

if TYPE_CHECKING:
    import rdflib
    from rembigraph.client.source import Item, Joined, Source

_UNKNOWN: Final = ":unav"
_ORCID: Final = "https://orcid.org/"
_SHOWN_AUTHORS: Final = 10
_SHOWN_PARTS: Final = 20
_LONGEST_LINE: Final = 1_000_000


@dataclass(frozen=True)
class Author:
    """Somebody who made a study.

    Attributes:
        name: family name first where the source tells them apart, else as the source writes it.
        orcid: ORCID iD as an https address, or empty.
        affiliations: names of where they work.
    """

    name: str
    orcid: str = ""
    affiliations: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """Another study of the whole that a study is a part of.

    Attributes:
        accession: the other study, or the IRI of something that is no study of a known archive.
        archive: key of its archive, or empty.
        relations: what it is to the study (`images_same_specimen`, `part_of_same_experiment` ...), the closest
            first; empty when the two are joined through other studies only.
        held: whether it is in this catalogue.
        page: its page here when it is held, else the archive's page; empty when that is not known.
    """

    accession: str
    archive: str
    relations: tuple[str, ...]
    held: bool
    page: str

    @property
    def relation(self) -> str:
        """The closest relation, or empty."""
        return next(iter(self.relations), "")


class Study:
    """A study of a catalogue. What its record does not say is None or empty."""

    def __init__(self, source: Source, item: Item) -> None:
        self._source = source
        self._item = item

    @property
    def accession(self) -> str:
        """Its accession."""
        return self._item.accession

    @property
    def iri(self) -> str:
        """Its IRI, as the graph names it."""
        return self._item.iri

    @property
    def title(self) -> str:
        """Its title."""
        return self._item.title

    @property
    def archive(self) -> str:
        """Key of its archive: `EMPIAR`, `BioImageArchive`, `IDR` ..."""
        return self._item.archive

    @property
    def license(self) -> str | None:
        """IRI of its licence, or the text where it gives none."""
        return self._item.license

    @property
    def issued(self) -> str | None:
        """Date of release as exact as it is known: `2026`, `2026-05` or `2026-05-04`."""
        return self._item.issued

    @property
    def organisms(self) -> tuple[str, ...]:
        """Names of its organisms."""
        return self._item.organisms

    @property
    def methods(self) -> tuple[str, ...]:
        """Names of its imaging methods."""
        return self._item.methods

    @property
    def byte_size(self) -> int | None:
        """Its size in bytes, as its archive states it."""
        return self._item.bytes

    @property
    def page(self) -> str:
        """Address of its page; its IRI for a catalogue in a folder that no setting gives an address."""
        return self._item.page

    @cached_property
    def authors(self) -> tuple[Author, ...]:
        """Its authors, in order."""
        rich = self._source.document(self.accession, "datacite")
        try:
            if rich is not None:
                creators = json.loads(rich)["creators"]
                return tuple(_creator(one) for one in creators if one["name"] != _UNKNOWN)
            return tuple(_named(one) for one in self._csl().get("author", ()))
        except (ValueError, KeyError, TypeError) as error:
            raise BrokenAnswer(f"the authors of {self.accession} can't be read") from error

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The other studies of the whole that it is a part of: those joined with it directly, then the others.

        Suggestions, and links that a curator refuted, make no whole.
        """
        return tuple(self._part(other) for other in self._source.joined(self._item))

    def cite(self, form: str = "text") -> str:
        """Return its citation.

        Args:
            form: `text` for people, or `bibtex`, `ris`, `csl` (CSL-JSON), `datacite` (JSON), or any other export by its
                name.

        Raises:
            UsageError: there is no such form, or the record has not what it needs (DataCite asks for a year).
        """
        if form == "text":
            return _line(self._csl())
        if form not in EXPORTS:
            known = ", ".join(["text", *EXPORTS])
            raise UsageError(f"there is no form {form[:40]!r} of a citation", fix=f"Choose one of {known}.")
        return self._export(form).decode("utf-8")

    def json(self) -> dict[str, Any]:
        """Return its record as JSON-LD, with the facts of all of its sources."""
        document: dict[str, Any] = json.loads(self._form("json"))
        return document

    def graph(self) -> rdflib.Graph:
        """Return its record as a graph, with the facts of all of its sources."""
        from rdflib import Graph

        return Graph().parse(data=self._form("ntriples"), format="nt")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Study):
            return NotImplemented
        return self._source is other._source and self._item == other._item

    def __hash__(self) -> int:
        return hash(self._item)

    def __repr__(self) -> str:
        return f"Study({self.accession!r}, {inert(self.title)!r})"

    def _repr_html_(self) -> str:
        return html_facts(f"{self.accession}: {self.title}", self._shown())

    def _shown(self) -> Iterator[tuple[str, str]]:
        yield "Archive", html_of(self.archive)
        yield "Authors", _shortened([html_of(author.name) for author in self.authors], _SHOWN_AUTHORS)
        yield "Released", html_of(self.issued)
        yield "Licence", html_of(self.license)
        yield "Organisms", html_of(self.organisms)
        yield "Methods", html_of(self.methods)
        yield "Other parts", _shortened([_part_html(part) for part in self.parts], _SHOWN_PARTS)
        yield "Page", html_of(self.page)

    def _part(self, other: Joined) -> Part:
        archive = archive_of(other.accession)
        here = self.page.removesuffix(self.accession) + other.accession
        return Part(
            accession=other.accession,
            archive=archive.key if archive else "",
            relations=other.relations,
            held=other.held,
            page=here if other.held else page_of(other.accession),
        )

    def _csl(self) -> dict[str, Any]:
        (item,) = json.loads(self._export("csl"))
        found: dict[str, Any] = item
        return found

    def _export(self, form: str) -> bytes:
        found = self._source.document(self.accession, form)
        if found is None:
            raise UsageError(
                f"{self.accession} has not what {EXPORTS[form].label} needs", fix="Choose another form."
            )
        return found

    def _form(self, form: str) -> bytes:
        found = self._source.document(self.accession, form)
        if found is None:
            raise UnknownStudy(self.accession)
        return found


def _creator(entry: Mapping[str, Any]) -> Author:
    names = (each["nameIdentifier"] for each in entry.get("nameIdentifiers", ()))
    return Author(
        name=str(entry["name"]),
        orcid=next((name for name in names if name.startswith(_ORCID)), ""),
        affiliations=tuple(str(each["name"]) for each in entry.get("affiliation", ())),
    )


def _named(entry: Mapping[str, str]) -> Author:
    return Author(entry.get("literal") or f"{entry['family']}, {entry['given']}")


def _line(item: Mapping[str, Any]) -> str:
    """Return a CSL item as a citation for people, worded as `exports.citation.citation_text` words it."""
    names = "; ".join(_named(name).name for name in item.get("author", ()))
    year = f"({item['issued']['date-parts'][0][0]:04})" if "issued" in item else "(n.d.)"
    title = item["title"]
    ended = title if title.endswith((".", "?", "!")) else f"{title}."
    begin = f"{names} {year}. {ended}" if names else f"{title} {year}."
    where = ", ".join(filter(None, (item.get("publisher", ""), item["number"])))
    return inert(f"{begin} {where}. {item['URL']}", _LONGEST_LINE)


def _part_html(part: Part) -> str:
    label = escape(inert(part.accession))
    is_safe = is_web_address(part.page)
    link = f'<a href="{escape(part.page)}" rel="noreferrer noopener">{label}</a>' if is_safe else label
    relation = part.relation.replace("_", " ") or "through other studies"
    return f"{link} ({escape(relation)}{'' if part.held else ', not in this catalogue'})"


def _shortened(shown: Sequence[str], most: int) -> str:
    more = f" and {len(shown) - most} more" if len(shown) > most else ""
    return "; ".join(shown[:most]) + more
