"""A study as a citation names it: what CSL-JSON, BibTeX, RIS and the line for people are made from.

All of them are written from one `Citation`, so that they cannot disagree.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from rembigraph.catalogue.exports.described import NO_TITLE
from rembigraph.ontology.identifiers import is_web_address

if TYPE_CHECKING:
    from rembigraph.catalogue.exports.described import Author, Described

_NO_TEXT: Final = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ufffe\uffff]")
"""Control characters that stand for no space and no line break, and what XML 1.0 cannot hold."""
_TURNED: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Characters that turn the direction of what follows them."""
_DATE: Final = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)


@dataclass(frozen=True)
class Name:
    """A name in a citation: either `family` and `given`, or `literal`.

    Attributes:
        literal: the whole name as the source writes it, where the source does not split it or it is a group's.
        family: family name with its particles.
        given: given names.
    """

    literal: str = ""
    family: str = ""
    given: str = ""

    @property
    def inverted(self) -> str:
        """The name with the family name first; empty when there is none."""
        return f"{self.family}, {self.given}" if self.family else self.literal


@dataclass(frozen=True)
class Citation:
    """What a citation of a study says. All texts are on one line and hold no control characters.

    Attributes:
        accession: accession in the archive; letters, digits, `-` and `_` only.
        title: title; never empty.
        names: who made it, in order.
        issued: release date as exact as it is known: year, month, day; empty when unknown.
        publisher: the archive; empty when no archive has released the study.
        doi: the archive's DOI without resolver, or empty.
        url: http(s) address: the DOI's, else that of the archive's page, else of the page here.
    """

    accession: str
    title: str
    names: tuple[Name, ...]
    issued: tuple[int, ...]
    publisher: str
    doi: str
    url: str

    @property
    def year(self) -> str:
        """Year of release with four digits, or empty."""
        return f"{self.issued[0]:04}" if self.issued else ""


def cite(study: Described) -> Citation:
    """Return what a citation of a study says."""
    names = map(name_of, study.authors)
    return Citation(
        accession=str(study.accession),
        title=one_line(study.title) or NO_TITLE,
        names=tuple(name for name in names if name.inverted),
        issued=date_parts(study.issued),
        publisher=publisher_of(study),
        doi=study.doi,
        url=web_address_of(study),
    )


def citation_text(study: Described) -> str:
    """Return a citation for people, on one line.

    The order is DataCite's (metadata schema 4, section 2.2: creators, year, title, publisher, identifier), with the
    accession before the address; `n.d.` stands for an unknown year.
    """
    cited = cite(study)
    year = f"({cited.year or 'n.d.'})"
    names = "; ".join(name.inverted for name in cited.names)
    begin = f"{names} {year}. {_ended(cited.title)}" if names else f"{cited.title} {year}."
    where = ", ".join(filter(None, (cited.publisher, cited.accession)))
    return _TURNED.sub("", f"{begin} {where}. {cited.url}")


def publisher_of(study: Described) -> str:
    """Return the name of the archive that released the study, or empty when none did."""
    archive = study.accession.archive
    return "" if archive.is_of_drafts or archive.is_of_statements else study.publisher


def web_address_of(study: Described) -> str:
    """Return the http(s) address that a citation gives."""
    return study.cited_at if is_web_address(study.cited_at) else study.persistent


def name_of(author: Author) -> Name:
    """Return a name as citations write it; it is split only where the source splits it.

    A part with a comma in it stays in the whole name: RIS knows no other sign between family and given name.
    """
    family, given = one_line(author.family), one_line(author.given)
    if family and given and "," not in family + given and not author.is_organisation:
        return Name(family=family, given=given)
    return Name(literal=one_line(author.name))


def one_line(text: str) -> str:
    """Return a text on one line: every run of spaces and line breaks becomes a space; no control characters."""
    return " ".join(_NO_TEXT.sub("", text).split())


def paragraphs(text: str) -> str:
    """Return a text without control characters but tabs and line feeds; every line break becomes a line feed."""
    return _NO_TEXT.sub("", "\n".join(text.splitlines())).replace("\x1f", " ").strip()


def date_parts(text: str) -> tuple[int, ...]:
    """Return year, month and day of a partial date, as far as they are a date; empty when there is no year.

    >>> date_parts("2021-03"), date_parts("2021-02-30"), date_parts("soon")
    ((2021, 3), (2021, 2), ())
    """
    found = _DATE.match(text)
    parts = tuple(int(part) for part in found.groups() if part) if found else ()
    while parts and not _is_date(parts):
        parts = parts[:-1]
    return parts


def _is_date(parts: tuple[int, ...]) -> bool:
    year, month, day = (*parts, 1, 1)[:3]
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _ended(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else f"{text}."
