"""People, organisations, publications and grants of an RO-Crate."""

from __future__ import annotations

import re

from rembigraph.loaders.ro_crate_graph import Node, Value
from rembigraph.loaders.ro_crate_terms import Crate
from rembigraph.loaders.values import (
    absolute_iri,
    doi,
    doi_iri,
    has_email,
    orcid_iri,
    prose,
    pubmed_id,
    pubmed_iri,
    ror_iri,
    web_address,
)
from rembigraph.ontology.generated.models import Contribution, Grant, Organisation, Person, Publication

ORGANISATION_TYPES = (
    "Organization",
    "ResearchOrganization",
    "CollegeOrUniversity",
    "EducationalOrganization",
    "GovernmentOrganization",
    "FundingAgency",
    "NGO",
    "Corporation",
    "Consortium",
    "Project",
)
# Which properties of the root name contributors, and the role that the name of the property says.
_CONTRIBUTORS = {"author": "", "creator": "", "contributor": "contributor", "editor": "editor"}
_WORD = r"[^\W\d_][\w.'\u2019-]*"
_SEVERAL = re.compile(rf"{_WORD}(?: {_WORD}){{1,4}}(?: ?[&;] ?{_WORD}(?: {_WORD}){{1,4}}){{1,20}}")
"""Names of several people in one text: an ampersand or semicolon stands in nobody's name."""
_SSBD_AFFILIATION = re.compile(r"(?:Organization|Department|Laboratory)\s*:", re.IGNORECASE)
_ORCID_HOST = re.compile(r"(?:https?://)?(?:www\.)?orcid\.org\b", re.IGNORECASE)
_DOI_HOST = re.compile(r"https?://(?:dx\.|www\.)?doi\.org\b", re.IGNORECASE)


class People:
    """Maps the agents of one crate; an organisation or person named twice is one object."""

    def __init__(self, crate: Crate) -> None:
        self._crate = crate
        self._organisations: dict[str, Organisation] = {}
        self._persons: dict[str, Person] = {}

    def contributions(self, root: Node) -> list[Contribution]:
        """Return authors and contributors in the order of the crate."""
        found: dict[str, list[Contribution]] = {}
        for name, role in _CONTRIBUTORS.items():
            for value in self._crate.values(root, name):
                self._contribute(found, value, role)
        every = [contribution for each in found.values() for contribution in each]
        for position, contribution in enumerate(every, start=1):
            contribution.position = position
        return every

    def _contribute(self, found: dict[str, list[Contribution]], value: Value, role: str) -> None:
        known = found.get(value.node) if value.node else None
        contributions = known or self._contributions(value)
        if not contributions:
            return
        if node := self._crate.graph.target(value) if len(contributions) > 1 else None:
            self._crate.dissolve(node, value)
        else:
            self._crate.follow(value)
        for contribution in contributions:
            contribution.role = [*(contribution.role or []), *([role] if role else [])]
        found[value.node or value.pointer] = contributions

    def _contributions(self, value: Value) -> list[Contribution]:
        """Return what a value names: one agent, or the people whom one node names together."""
        node = self._crate.graph.target(value)
        if node is None:
            found = self._contribution_without_node(value)
            return [found] if found else []
        if node.is_a(*ORGANISATION_TYPES):
            organisation = self.organisation(value)
            name = organisation.name if organisation else None
            return [Contribution(display_name=name, contributing_organisation=organisation)]
        people = _apart(self._person(node))
        if len(people) == 1:
            self._crate.claim(node, "Person")
        return list(map(_of_person, people))

    def _contribution_without_node(self, value: Value) -> Contribution | None:
        if value.node:
            orcid = orcid_iri(value.node)
            if orcid:
                return Contribution(person=Person(id=orcid))
            organisation = self.organisation(value)
            return Contribution(contributing_organisation=organisation) if organisation else None
        name = prose(value.text or "")
        if not name or has_email(value.text or ""):
            return None
        return Contribution(display_name=name, person=Person(name=name))

    def _person(self, node: Node) -> Person:
        known = self._persons.get(node.id)
        if known:
            return known
        crate = self._crate
        crate.claim_types(node, "Person")
        name = self._name(node, names_a_person=True)
        iri, key = crate.identity(node, "person", name, _person_iri)
        person = Person(
            id=iri,
            key=key,
            name=name,
            given_name=crate.text(node, "givenName", names_a_person=True),
            family_name=crate.text(node, "familyName", names_a_person=True),
            address=crate.text(node, "address"),
            affiliation=self._organisations_of(node, "affiliation"),
            affiliation_text=[*crate.texts(node, "affiliation"), *self._packed_affiliation(node)],
            web_page=crate.addresses(node, "url"),
            alternate_identifier=crate.texts(node, "identifier"),
        )
        self._persons[node.id] = person
        return person

    def _name(self, node: Node, *, names_a_person: bool = False) -> str | None:
        """Return the name of an agent. IDR repeats the local id (`#person-3`) where it has no name: that is none."""
        name = self._crate.text(node, "name", names_a_person=names_a_person)
        return None if name == node.id and node.id.startswith(("#", "_:")) else name

    def _packed_affiliation(self, node: Node) -> list[str]:
        """SSBD packs the affiliation into the description of a person."""
        text = self._crate.peek(node, "description")
        if text is None or not _SSBD_AFFILIATION.match(text):
            return []
        self._crate.take(node, "description", text)
        return [text]

    def _organisations_of(self, node: Node, name: str) -> list[Organisation]:
        references = (value for value in self._crate.values(node, name) if value.node)
        return [found for value in references if (found := self.organisation(value))]

    def organisation(self, value: Value) -> Organisation | None:
        """Return the organisation that a value refers to or names; None if it says nothing usable."""
        node = self._crate.graph.target(value)
        if node is None:
            return self._organisation_without_node(value)
        self._crate.follow(value)
        if node.id not in self._organisations:
            self._organisations[node.id] = self._new_organisation(node)
        return self._organisations[node.id]

    def _organisation_without_node(self, value: Value) -> Organisation | None:
        iri = _agent_iri(value.node) if value.node else None
        name = prose(value.text or "") or None
        if iri is None and (name is None or has_email(value.text or "")):
            return None
        self._crate.follow(value)
        return Organisation(id=iri, name=name)

    def _new_organisation(self, node: Node) -> Organisation:
        crate = self._crate
        crate.claim(node, "Organization")
        name = self._name(node)
        iri, key = crate.identity(node, "organisation", name, _agent_iri)
        return Organisation(
            id=iri,
            key=key,
            name=name,
            address=crate.text(node, "address"),
            web_page=crate.addresses(node, "url"),
            alternate_identifier=crate.texts(node, "identifier"),
        )

    def grants(self, root: Node) -> list[Grant]:
        """Return the grants of the root; of a funder alone, a grant of which only the funder is known."""
        return [grant for value in self._crate.values(root, "funder") if (grant := self._grant(value))]

    def _grant(self, value: Value) -> Grant | None:
        node = self._crate.graph.target(value)
        if node is not None and not node.is_a(*ORGANISATION_TYPES):
            self._crate.follow(value)
            return self._new_grant(node)
        organisation = self.organisation(value) if value.node else None
        return Grant(funder=[organisation]) if organisation else None

    def _new_grant(self, node: Node) -> Grant:
        crate = self._crate
        crate.claim(node, "Grant")
        title = crate.text(node, "name")
        iri, key = crate.identity(node, "grant", title, _agent_iri)
        return Grant(
            id=iri,
            key=key,
            title=title,
            description=crate.text(node, "description"),
            grant_identifier=crate.text(node, "identifier"),
            funder=[*self._organisations_of(node, "funder"), *self._organisations_of(node, "sponsor")],
        )


def _of_person(person: Person) -> Contribution:
    given = " ".join(part for part in (person.given_name, person.family_name) if part)
    return Contribution(
        display_name=person.name or given or None, person=person, affiliation=person.affiliation
    )


def _apart(person: Person) -> list[Person]:
    """Return the people whom one node names together (`Ann Example & Bob Example`), else the person alone.

    Nobody is taken apart who has an identifier or name parts: these would belong to one of them only. What else the
    node says, such as where they work, it says of all.
    """
    told = person.id or person.given_name or person.family_name or person.alternate_identifier
    if told or not _SEVERAL.fullmatch(person.name or ""):
        return [person]
    names = re.split(r" ?[&;] ?", person.name or "")
    return [person.model_copy(update={"key": None, "name": name}, deep=True) for name in names]


def _person_iri(text: str) -> str | None:
    return None if _ORCID_HOST.match(text) and not orcid_iri(text) else _agent_iri(text)


def _agent_iri(text: str) -> str | None:
    return orcid_iri(text) or ror_iri(text) or absolute_iri(text)


# --- publications


def publications(crate: Crate, root: Node) -> list[Publication]:
    """Return the publications that the root cites or points to, each once."""
    found: dict[str, Publication] = {}
    for name in ("citation", "seeAlso"):
        for value in crate.values(root, name):
            known = value.node or value.pointer
            publication = found.get(known) or _publication(crate, value)
            if publication:
                crate.follow(value)
                found[known] = publication
    return list(found.values())


def _publication(crate: Crate, value: Value) -> Publication | None:
    node = crate.graph.target(value)
    if node is not None:
        return _publication_of_node(crate, node)
    raw = value.node or prose(value.text or "")
    if not raw or (value.node and not web_address(raw) and not doi(raw)):
        return None
    publication = Publication(doi=doi(raw), pubmed_id=pubmed_id(raw))
    if publication.doi is None and publication.pubmed_id is None:
        address = web_address(raw)
        publication.web_page, publication.raw_text = ([address], None) if address else ([], raw)
    publication.id = _publication_iri(publication)
    return publication


def _publication_of_node(crate: Crate, node: Node) -> Publication:
    crate.claim(node, "ScholarlyArticle")
    publication = Publication(
        title=_publication_title(crate, node),
        doi=doi(node.id),
        pubmed_id=pubmed_id(node.id),
        publication_date=crate.date(node, "datePublished"),
        authors_text=_authors(crate, node),
    )
    publication.web_page, publication.alternate_identifier = [], []
    for name in ("identifier", "sameAs", "url"):
        for value in crate.values(node, name):
            if _add_identifier(publication, value):
                crate.follow(value)
    publication.id = _publication_iri(publication)
    if doi(node.id) is None and pubmed_id(node.id) is None:
        iri, publication.key = crate.identity(node, "publication", publication.title, _document_iri)
        publication.id = publication.id or iri
        if iri and iri != publication.id:
            publication.web_page.insert(0, iri)
    return publication


def _publication_iri(publication: Publication) -> str | None:
    if publication.doi:
        return doi_iri(publication.doi)
    return pubmed_iri(publication.pubmed_id) if publication.pubmed_id else None


def _document_iri(text: str) -> str | None:
    """A DOI that is none must not become an IRI: another study might give the same wrong one."""
    return None if _DOI_HOST.match(text) else absolute_iri(text)


def _publication_title(crate: Crate, node: Node) -> str | None:
    """SSBD writes the address where it has no title; that is no title, but nothing is lost with it."""
    text = crate.peek(node, "name")
    if text is not None and web_address(text):
        if text == node.id:
            crate.take(node, "name", text)
        return None
    return crate.text(node, "name")


def _authors(crate: Crate, node: Node) -> str | None:
    texts = crate.texts(node, "author")
    return "; ".join(texts) or None


def _add_identifier(publication: Publication, value: Value) -> bool:
    """Put an identifier or address where it belongs; returns whether there was a place for it."""
    raw = value.raw if isinstance(value.raw, str) else value.text or ""
    found_doi, found_pubmed, address = doi(raw), pubmed_id(raw), web_address(raw)
    if found_doi and publication.doi in {None, found_doi}:
        publication.doi = found_doi
    elif found_pubmed and publication.pubmed_id in {None, found_pubmed}:
        publication.pubmed_id = found_pubmed
    elif address and publication.web_page is not None:
        publication.web_page.append(address)
    elif publication.alternate_identifier is not None and not value.node and prose(raw) == raw.strip() != "":
        publication.alternate_identifier.append(prose(raw))
    else:
        return False
    return True
