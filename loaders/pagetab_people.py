"""People, organisations, grants and publications of a BioStudies submission."""

from __future__ import annotations

from collections.abc import Callable

from rembigraph.loaders.pagetab_tree import Section, Taken
from rembigraph.loaders.values import doi, doi_iri, orcid_iri, partial_date, pubmed_id, pubmed_iri, ror_iri
from rembigraph.ontology.generated.models import Contribution, Grant, Organisation, Person, Publication

ORGANISATIONS = ("organisation", "organization", "affiliation")


def contributions(study: Section, taken: Taken) -> list[Contribution]:
    """Return the authors in the order of the submission, with the organisations that they name."""
    known = {one.accno: _organisation(one, taken) for one in study.below(*ORGANISATIONS)}
    authors = study.below("author")
    return [_contribution(author, known, place, taken) for place, author in enumerate(authors, start=1)]


def _organisation(of: Section, taken: Taken) -> Organisation:
    taken.claim(of)
    ror = next((one for one in taken.attributes(of, "rorid", "ror") if ror_iri(one.text)), None)
    if ror:
        taken.mapped(ror)
    taken.named(of)
    return Organisation(
        id=ror_iri(ror.text) if ror else None,
        name=taken.text(of, "name"),
        address=taken.text(of, "address"),
    )


def _contribution(
    author: Section, known: dict[str, Organisation], position: int, taken: Taken
) -> Contribution:
    taken.claim(author)
    taken.named(author)
    for one in taken.attributes(author, "e mail", "email"):
        taken.ignored(one, "private-email")
    orcid = next((one for one in taken.attributes(author, "orcid") if orcid_iri(one.text)), None)
    if orcid:
        taken.mapped(orcid)
    organisations, words = _affiliations(author, known, taken)
    name = taken.text(author, "name")
    person = Person(
        id=orcid_iri(orcid.text) if orcid else None,
        name=name,
        affiliation=organisations,
        affiliation_text=words,
        alternate_identifier=taken.texts(author, "orcid") if orcid is None else [],
    )
    return Contribution(
        position=position,
        display_name=name,
        role=taken.texts(author, "role"),
        person=person,
        affiliation=organisations,
    )


def _affiliations(
    author: Section, known: dict[str, Organisation], taken: Taken
) -> tuple[list[Organisation], list[str]]:
    """Return the organisations that an author names, and what names none of the submission's."""
    found: dict[str, Organisation] = {}
    words = []
    for one in taken.attributes(author, "affiliation"):
        if one.text and one.text in known:
            taken.mapped(one)
            found[one.text] = known[one.text]
        elif text := taken.one(one):
            words.append(text)
    return list(found.values()), words


def grants(study: Section, taken: Taken) -> list[Grant]:
    """Return the grants of a study."""
    found = []
    for of in study.below("funding", "grant"):
        taken.claim(of)
        agencies = taken.texts(of, "agency", "funder", "funding agency")
        grant = Grant(
            key=taken.key(of, "grant"),
            grant_identifier=taken.text(of, "grant id", "grant number"),
            funder=[Organisation(name=name) for name in agencies],
        )
        if grant.grant_identifier or agencies:
            found.append(grant)
    return found


def publications(study: Section, taken: Taken) -> list[Publication]:
    """Return the publications of a study."""
    found = (_publication(of, taken) for of in study.below("publication"))
    return [one for one in found if any((one.title, one.doi, one.pubmed_id, one.alternate_identifier))]


def _publication(of: Section, taken: Taken) -> Publication:
    taken.claim(of)
    name = _parsed(of, taken, "doi", doi)
    number = _parsed(of, taken, "pubmed id", lambda text: text if text.isdecimal() else pubmed_id(text))
    iri = doi_iri(name) if name else pubmed_iri(number) if number else None
    if iri:
        taken.named(of)
    return Publication(
        id=iri,
        key=None if iri else taken.key(of, "publication"),
        title=taken.text(of, "title"),
        doi=name,
        pubmed_id=number,
        publication_date=_parsed(of, taken, "year", partial_date),
        authors_text=taken.text(of, "authors", "author"),
        alternate_identifier=taken.texts(of, "pmc id", "pmcid"),
        journal=taken.text(of, "journal"),
        journal_volume=taken.text(of, "volume"),
        journal_issue=taken.text(of, "issue"),
    )


def _parsed(of: Section, taken: Taken, name: str, parse: Callable[[str], str | None]) -> str | None:
    """Take the first value of an attribute that can be read as what it should be; others stay kept."""
    for one in taken.attributes(of, name):
        if value := parse(one.text):
            taken.mapped(one)
            return value
        if not one.text:
            taken.one(one)
    return None
