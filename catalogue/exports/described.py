"""What every export of a study is made from: its merged facts, its parts, who made it, and where it is found."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from rembigraph.catalogue.summary import authors
from rembigraph.ontology.identifiers import DOI, Accession, is_web_address, parse_accession

if TYPE_CHECKING:
    from rembigraph.catalogue.parts import Part
    from rembigraph.catalogue.recordview import Node, RecordView

ORCID: Final = "https://orcid.org/"
NO_TITLE: Final = "Untitled study"
_ORCID_IRI: Final = re.compile(r"https?://orcid\.org/(\d{4}-\d{4}-\d{4}-\d{3}[\dX])/?")
_DATE: Final = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")


@dataclass(frozen=True)
class Author:
    """Somebody who made a study, as a citation names them.

    Attributes:
        name: as the source writes it, or the ORCID iD where it has none; never empty.
        given: given names, or empty when the source does not tell them apart.
        family: family name, or empty likewise.
        orcid: ORCID iD as an https address, or empty.
        affiliations: names of where they work.
        is_organisation: whether it is a group or institution.
    """

    name: str
    given: str = ""
    family: str = ""
    orcid: str = ""
    affiliations: tuple[str, ...] = ()
    is_organisation: bool = False


@dataclass(frozen=True)
class Described:
    """One study as exports see it.

    Attributes:
        view: its facts, merged by precedence and corrected by curators.
        page: public address of its landing page here.
        persistent: the identifier that resolves to that page: its w3id IRI, or the address itself.
        catalogue: public address of this catalogue, without a slash at the end.
        parts: the studies that hang together with it, those of one whole first.
    """

    view: RecordView
    page: str
    persistent: str
    catalogue: str
    parts: tuple[Part, ...] = ()

    @property
    def study(self) -> Node:
        """The study itself."""
        return self.view.study

    @cached_property
    def accession(self) -> Accession:
        """Its accession."""
        return parse_accession(self.view.accession)

    @property
    def publisher(self) -> str:
        """Name of the archive that publishes the data."""
        return self.accession.archive.label

    @cached_property
    def title(self) -> str:
        """Its title on one line; `NO_TITLE` when the record has none, because citations must have one."""
        return " ".join(self.study.text("title").split()) or NO_TITLE

    @cached_property
    def description(self) -> str:
        """Its description, or empty."""
        return self.study.text("description").strip()

    @cached_property
    def authors(self) -> tuple[Author, ...]:
        """Its authors in order; nobody twice.

        Who has neither a name nor an ORCID iD can't be cited, and is left out.
        """
        return tuple(dict.fromkeys(author for node in authors(self.view) if (author := _author(node))))

    @cached_property
    def issued(self) -> str:
        """Date of release as exact as it is known: `2021`, `2021-03` or `2021-03-04`; empty when unknown."""
        found = _DATE.match(self.study.text("issued"))
        return found[0] if found else ""

    @property
    def year(self) -> str:
        """Year of release, or empty."""
        return self.issued[:4]

    @cached_property
    def doi(self) -> str:
        """DOI that the archive gave the data, without its resolver (`10.6019/EMPIAR-10310`); empty when none.

        What the record states comes before what the archive gives every study.
        """
        found = (iri for iri in self.study.iris("dataset_doi") if iri.startswith(DOI))
        return next((iri.removeprefix(DOI) for iri in found), "") or self.accession.doi

    @cached_property
    def archive_page(self) -> str:
        """Address of its page at the archive, or empty."""
        stated = (iri for iri in self.study.iris("landing_page") if is_web_address(iri))
        return self.accession.landing_page or next(stated, "")

    @property
    def cited_at(self) -> str:
        """The address that a citation gives: the archive's DOI, else its page there, else the page here."""
        return f"{DOI}{self.doi}" if self.doi else self.archive_page or self.persistent

    @cached_property
    def same_as(self) -> tuple[str, ...]:
        """Other identifiers of the study: the archive's DOI and page, identifiers.org, what the record states."""
        pattern = self.accession.archive.identifiers_org
        found = [f"{DOI}{self.doi}"] if self.doi else []
        found += [pattern.format(self.accession)] if pattern else []
        found += [self.archive_page] if self.archive_page else []
        found += filter(is_web_address, self.study.iris("same_as"))
        own = {self.page, self.persistent}
        return tuple(iri for iri in dict.fromkeys(found) if iri not in own)

    @property
    def license(self) -> str:
        """Address of its licence, or empty."""
        return next((iri for iri in self.study.iris("license") if is_web_address(iri)), "")

    @cached_property
    def keywords(self) -> tuple[str, ...]:
        """Its keywords as the sources give them; each once."""
        texts = (" ".join(text.split()) for text in self.study.texts("keyword"))
        return tuple(dict.fromkeys(text for text in texts if text))

    def terms(self, field: str) -> Iterator[tuple[str, str]]:
        """Yield (IRI, label) of the terms of a field: `organism`, `imaging_method`, `about_term`."""
        for iri in self.study.iris(field):
            yield iri, self.view.label(iri)


def _author(node: Node) -> Author | None:
    person = node.first("person")
    group = node.first("contributing_organisation")
    addresses = [*node.iris("agent"), *node.iris("person")]
    orcid = next((found[1] for iri in addresses if (found := _ORCID_IRI.fullmatch(iri))), "")
    named = (one.text("name") for one in (person, group) if one)
    name = _one_line(next(filter(str.strip, (node.text("display_name"), *named)), "") or orcid)
    if not name:
        return None
    places = [*node.concepts("affiliation"), *(person.concepts("affiliation") if person else ())]
    places += person.texts("affiliation_text") if person else ()
    return Author(
        name=name,
        given=_one_line(person.text("given_name")) if person else "",
        family=_one_line(person.text("family_name")) if person else "",
        orcid=ORCID + orcid if orcid else "",
        affiliations=tuple(dict.fromkeys(filter(None, map(_one_line, places)))),
        is_organisation=group is not None and person is None,
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())
