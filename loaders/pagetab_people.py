"""People, organisations, grants and publications of a BioStudies submission."""

from __future__ import annotations

import re
from collections.abc import Callable

from rembigraph.loaders.pagetab_tree import Attribute, Section, Taken, folded
from rembigraph.loaders.values import doi, doi_iri, orcid_iri, partial_date, pubmed_id, pubmed_iri, ror_iri
from rembigraph.ontology.generated.models import Contribution, Grant, Organisation, Person, Publication

ORGANISATIONS = ("organisation", "organization", "affiliation", "organisations", "organizations")
AUTHORS = ("author", "authors", "contact")

# Names of attributes of people that this catalogue does not publish.
_PRIVATE = (
    (re.compile(r"email|\be mail"), "private-email"),
    (re.compile(r"(?:tele)?phone|fax|mobile"), "private-contact"),
    (re.compile(r"address|street|post ?code|zip"), "private-address"),
)
_ARXIV = re.compile(r"arxiv:\s*(?P<number>[0-9]{4}\.[0-9]{4,5})(?:v[0-9]{1,3})?", re.IGNORECASE)
_SEPARATORS = re.compile(r"\s*[,;|]\s*")


def ignore_private(study: Section, taken: Taken) -> None:
    """Leave out what belongs to people alone, wherever it stands; an organisation's address is not private."""
    for of in study.everything():
        for part in (of, *of.links()):
            for one in part.attributes:
                _ignore(one, taken, is_person=part.type in AUTHORS)


def _ignore(attribute: Attribute, taken: Taken, *, is_person: bool) -> None:
    if rule := private_rule(attribute.name, is_person=is_person):
        taken.ignored(attribute, rule)
    for one in attribute.qualifiers:
        if rule := private_rule(one.name, is_person=is_person):
            for pointer in one.pointers:
                taken.account.ignored(pointer, rule)


def private_rule(name: str, *, is_person: bool = False) -> str:
    """Return the rule under which what has this (folded) name is left out; empty when it is not private.

    >>> private_rule("contact e mail"), private_rule("address"), private_rule("address", is_person=True)
    ('private-email', '', 'private-address')
    """
    rules = (rule for pattern, rule in _PRIVATE if pattern.search(name))
    return next((rule for rule in rules if is_person or rule == "private-email"), "")


# --- authors


def contributions(study: Section, taken: Taken) -> list[Contribution]:
    """Return the authors in the order of the submission, with the organisations that they name."""
    affiliations = _Affiliations(study, taken)
    found: list[Contribution] = []
    for author in study.below(*AUTHORS):
        contribution = _contribution(author, affiliations, taken)
        if contribution:
            contribution.position = len(found) + 1
            found.append(contribution)
    return found


class _Affiliations:
    """The organisations of a submission by what names them; one is read when an author names it.

    That is its name in the submission (`o1`), or in broken submissions the very name that it has.
    """

    def __init__(self, study: Section, taken: Taken) -> None:
        self._taken = taken
        self._sections: dict[str, Section] = {}
        self._read: dict[str, Organisation] = {}
        every = [of for of in study.everything() if of.type in ORGANISATIONS]
        for of in every:
            if of.accno:
                self._sections.setdefault(of.accno.casefold(), of)
        self._titles = _titled(every)

    def of(self, author: Section) -> tuple[list[Organisation], list[str]]:
        """Return the organisations that an author names, and what names none of the submission's."""
        found: dict[int, Organisation] = {}
        words: list[str] = []
        for one in self._taken.attributes(
            author, "affiliation", "affiliations", "organisation", "organization"
        ):
            names = self._names(one)
            if names:
                self._taken.mapped(one)
                found |= {id(known): known for known in map(self._organisation, names)}
            elif text := self._taken.one(one):
                words.append(text)
        words += self._taken.texts(author, "department", "institution", "institute")
        return list(found.values()), words

    def _names(self, one: Attribute) -> list[str]:
        """The organisations that a value names: one, or several in a row (`o1, o2`)."""
        text = one.text.casefold()
        if text in self._sections or text in self._titles:
            return [text]
        parts = _SEPARATORS.split(text)
        return parts if text and all(part in self._sections for part in parts) else []

    def _organisation(self, name: str) -> Organisation:
        of = self._sections.get(name) or self._titles[name]
        if of.pointer not in self._read:
            self._read[of.pointer] = _organisation(of, self._taken)
        return self._read[of.pointer]


def _titled(organisations: list[Section]) -> dict[str, Section]:
    """Organisations by the names that they have, where one alone has it."""
    found: dict[str, list[Section]] = {}
    for of in organisations:
        for name in {one.text.casefold() for one in of.attributes if one.name == "name" and one.text}:
            found.setdefault(name, []).append(of)
    return {name: several[0] for name, several in found.items() if len(several) == 1}


def _organisation(of: Section, taken: Taken) -> Organisation:
    taken.claim(of)
    taken.named(of)
    ror = _parsed(of, taken, ("rorid", "ror", "ror id"), ror_iri)
    return Organisation(id=ror, name=taken.text(of, "name", "title"), address=taken.text(of, "address"))


def _contribution(author: Section, affiliations: _Affiliations, taken: Taken) -> Contribution | None:
    name = taken.text(author, "name", "full name", names_a_person=True)
    orcid = _parsed(author, taken, ("orcid", "orcid id"), orcid_iri)
    if name is None and orcid is None:
        return None
    taken.claim(author)
    taken.named(author)
    organisations, words = affiliations.of(author)
    person = Person(
        id=orcid,
        name=name,
        affiliation=organisations,
        affiliation_text=words,
        alternate_identifier=[] if orcid else taken.texts(author, "orcid", "orcid id"),
    )
    roles = taken.texts(author, "role", "roles")
    return Contribution(display_name=name, role=roles, person=person, affiliation=organisations)


# --- grants


def grants(study: Section, taken: Taken) -> list[Grant]:
    """Return the grants of a study; a section that names neither funder nor grant is none."""
    return [grant for of in study.below("funding", "grant") if (grant := _grant(of, taken))]


def _grant(of: Section, taken: Taken) -> Grant | None:
    agencies = taken.texts(of, "agency", "funder", "funding agency")
    number = taken.text(of, "grant id", "grant number", "grant")
    title = taken.text(of, "title", "name")
    if not (agencies or number or title):
        return None
    taken.claim(of)
    funders = [Organisation(name=name) for name in agencies]
    return Grant(key=taken.key(of, "grant"), title=title, grant_identifier=number, funder=funders)


# --- publications


def publications(study: Section, taken: Taken) -> list[Publication]:
    """Return the publications of a study; a section that says of none what it is (`in revision`) is none."""
    return [one for of in study.below("publication", "publications") if (one := _publication(of, taken))]


def _publication(of: Section, taken: Taken) -> Publication | None:
    preprint = _parsed(of, taken, ("doi",), _preprint)
    name = _parsed(of, taken, ("doi",), doi) or _doi_of_link(of, taken) or _doi_of_preprint(preprint)
    number = _parsed(of, taken, ("pubmed id", "pmid", "pubmed"), _pubmed)
    iri = doi_iri(name) if name else pubmed_iri(number) if number else None
    found = Publication(
        id=iri,
        title=taken.text(of, "title"),
        doi=name,
        pubmed_id=number,
        publication_date=_parsed(of, taken, ("year", "date", "publication date"), partial_date),
        authors_text=taken.text(of, "authors", "author"),
        alternate_identifier=[*([preprint] if preprint else []), *taken.texts(of, "pmc id", "pmcid", "pmc")],
        journal=taken.text(of, "journal"),
        journal_volume=taken.text(of, "volume"),
        journal_issue=taken.text(of, "issue"),
    )
    if not any(value for _, value in found):
        return None
    taken.claim(of)
    if iri:
        taken.named(of)
    else:
        found.key = taken.key(of, "publication")
    return found


def _preprint(text: str) -> str | None:
    """Return the arXiv identifier that a text is."""
    return text if _ARXIV.fullmatch(text) else None


def _doi_of_preprint(text: str | None) -> str | None:
    """Return the DOI of an arXiv identifier: arXiv registers one for each, made of it without the version."""
    match = _ARXIV.fullmatch(text or "")
    return f"10.48550/arxiv.{match['number']}" if match else None


def _pubmed(text: str) -> str | None:
    return text if re.fullmatch("[1-9][0-9]{0,8}", text) else pubmed_id(text)


def _doi_of_link(of: Section, taken: Taken) -> str | None:
    """Older submissions give the DOI of a publication as a link of its section."""
    for link in of.links():
        url = link.value.get("url")
        kinds = [one.text for one in taken.attributes(link, "type")]
        name = doi(url) if isinstance(url, str) else None
        if name and all(folded(kind) == "doi" for kind in kinds):
            taken.claim(link)
            taken.account.mapped(f"{link.pointer}/url")
            taken.texts(link, "type")
            taken.done.add(link.pointer)
            return name
    return None


def _parsed(
    of: Section, taken: Taken, names: tuple[str, ...], parse: Callable[[str], str | None]
) -> str | None:
    """Take the first value of an attribute that can be read as what it should be; others stay kept."""
    found: str | None = None
    for one in taken.attributes(of, *names):
        value = parse(one.text)
        if value and found in {None, value}:
            taken.mapped(one)
            found = value
        elif not one.text:
            taken.one(one)
    return found
