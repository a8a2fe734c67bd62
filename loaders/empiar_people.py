"""People, grants and citations of an EMPIAR entry, in every form that EMPIAR writes them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from rembigraph.loaders.empiar_codes import pair
from rembigraph.loaders.empiar_places import TEXT, Leaf, Place
from rembigraph.loaders.values import doi, doi_iri, orcid_iri, pubmed_id, pubmed_iri
from rembigraph.ontology.generated.models import Contribution, Grant, Organisation, Person, Publication

_NAME = ("name", TEXT, "author")
_ORCID = ("author_orcid", "orcid")
_ORDER = ("order_id", "order")
_PRIVATE = {
    **dict.fromkeys(("email", "e_mail", "mail", "email_address"), "private-email"),
    **dict.fromkeys(("telephone", "phone", "phone_number", "mobile", "fax"), "private-contact"),
    **dict.fromkeys(("address", "postal_address", "street", "street_address"), "private-address"),
    **dict.fromkeys(("town_or_city", "town", "city", "state_or_province", "state"), "private-address"),
    **dict.fromkeys(("province", "post_or_zip", "post_or_zip_code", "postal_code"), "private-address"),
    **dict.fromkeys(("post_code", "zip", "zip_code"), "private-address"),
}
_PUBMED_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
JOURNAL, OTHER_THAN_JOURNAL = "journal publication", "non-journal publication"
_STATES = {
    "published": ("published", "unpublished"),
    "preprint": ("preprint", "not a preprint"),
    "j_or_nj_citation": (JOURNAL, OTHER_THAN_JOURNAL),
}


@dataclass(frozen=True)
class Name:
    """The name of a person.

    Attributes:
        shown: the name as it is shown.
        given: given names or initials, where they are known.
        family: family name, where it is known.
    """

    shown: str
    given: str = ""
    family: str = ""


def name_of(text: str) -> Name:
    """Read a name; a deposition writes it as a pair.

    >>> name_of("('De la Cruz', 'MJ')").shown
    'De la Cruz MJ'
    """
    parts = pair(text)
    if parts is None or not parts[0]:
        return Name(text)
    family, given = parts
    return Name(" ".join(part for part in parts if part), given, family)


@dataclass(frozen=True)
class _Listed:
    """A contribution with its person, and its number among all."""

    contribution: Contribution
    person: Person
    number: int


@dataclass
class People:
    """The contributors of one entry.

    The same ORCID is one person. Authors of the same name are several people; but somebody with a role who is called
    as one author is that author. Somebody who is no author has no place in their order.
    """

    accession: str
    found: list[Contribution] = field(default_factory=list)
    _affiliated: set[tuple[int, str, str | None]] = field(default_factory=set)
    _authors: int = 0
    _by_orcid: dict[str, _Listed] = field(default_factory=dict)
    _by_name: dict[str, list[_Listed]] = field(default_factory=dict)

    def add_all(self, people: Iterable[Place | Leaf], role: str = "") -> None:
        """Add people in their order.

        Args:
            people: each an object, perhaps with the person under `author`, or a name.
            role: what they are beside authors.
        """
        for one in _in_order(list(people)):
            listed = self._of_leaf(one, role) if isinstance(one, Leaf) else self._of_place(one, role)
            if listed and role and role not in listed.contribution.role:
                listed.contribution.role.append(role)

    def _of_leaf(self, leaf: Leaf, role: str) -> _Listed | None:
        if leaf.is_empty:
            leaf.take()
            return None
        return self._known(name_of(leaf.take()), None, role) if leaf.text else None

    def _of_place(self, outer: Place, role: str) -> _Listed | None:
        place = outer.place("author") | outer
        private(place)
        self._take_own_accession(place)
        orcid, other = _orcid(place)
        name, parts = _name(place)
        if not (name or orcid or other):
            return None
        listed = self._known(name, orcid, role)
        _take_what_is_said(listed.person, name, parts)
        if other and other not in listed.person.alternate_identifier:
            listed.person.alternate_identifier.append(other)
        self._affiliate(listed, place)
        position = place.leaf(*_ORDER)
        if position and position.text in _spellings_of_position(listed.contribution):
            position.take()
        return listed

    def _take_own_accession(self, place: Place) -> None:
        entry = place.leaf("entry")
        if entry and entry.text == self.accession:
            entry.take()

    def _affiliate(self, listed: _Listed, place: Place) -> None:
        name = place.text("organization", "organisation")
        if name is None:
            place.ignore("private-address", "country")
            return
        organisation = Organisation(name=name, address=place.text("country"))
        said = (listed.number, name, organisation.address)
        if said not in self._affiliated:
            self._affiliated.add(said)
            listed.contribution.affiliation.append(organisation)
            listed.person.affiliation.append(organisation)

    def _known(self, name: Name | None, orcid: str | None, role: str) -> _Listed:
        """Return a person with the contribution, new ones when the person is not here yet."""
        namesakes = self._by_name.get(name.shown, []) if name and role else []
        known = self._by_orcid.get(orcid or "") or (namesakes[0] if len(namesakes) == 1 else None)
        if known is None or (orcid and known.person.id not in {None, orcid}):
            known = self._new(name, is_author=not role)
        _fill(known, name, orcid)
        if orcid:
            self._by_orcid.setdefault(orcid, known)
        return known

    def _new(self, name: Name | None, *, is_author: bool) -> _Listed:
        person = Person(alternate_identifier=[], affiliation=[])
        self._authors += is_author
        position = self._authors if is_author else None
        contribution = Contribution(position=position, role=[], affiliation=[], person=person)
        self.found.append(contribution)
        listed = _Listed(contribution, person, len(self.found))
        if name:
            self._by_name.setdefault(name.shown, []).append(listed)
        return listed


def _fill(listed: _Listed, name: Name | None, orcid: str | None) -> None:
    person = listed.person
    person.id = person.id or orcid
    if name is None:
        return
    listed.contribution.display_name = listed.contribution.display_name or name.shown
    person.name = person.name or name.shown
    if name.given and _is_shown(person.given_name, listed.contribution.display_name):
        person.given_name = name.given  # in full, perhaps; the initials stay where they are shown
    person.given_name = person.given_name or name.given or None
    person.family_name = person.family_name or name.family or None


def _is_shown(given: str | None, shown: str | None) -> bool:
    """Whether a given name, or its initials, can be read from a name as it is shown: `Smith JW`."""
    return bool(given and shown and shown.endswith(f" {given}"))


def _in_order(people: list[Place | Leaf]) -> list[Place | Leaf]:
    """Sort people by the order that they state, if all do."""
    orders = [_order(one) for one in people]
    if any(order is None for order in orders):
        return people
    return [one for _, one in sorted(zip(orders, people, strict=True), key=lambda item: item[0] or 0)]


def _order(one: Place | Leaf) -> int | None:
    leaf = one.leaf(*_ORDER) if isinstance(one, Place) else None
    return int(leaf.text) if leaf and leaf.text.isascii() and leaf.text.isdigit() else None


def _spellings_of_position(contribution: Contribution) -> set[str]:
    """A deposition counts from 0, the XML header from 1."""
    position = contribution.position
    return {str(position - 1), str(position)} if position else set()


def private(place: Place) -> None:
    """Leave out how to reach a person."""
    for name, rule in _PRIVATE.items():
        place.ignore(rule, name)


def _orcid(place: Place) -> tuple[str | None, str | None]:
    """Return the ORCID of a person, or what stands in its place."""
    leaf = place.leaf(*_ORCID)
    if leaf is None or not leaf.text:
        return None, None
    found = orcid_iri(leaf.take())
    return found, None if found else leaf.text


def _name(place: Place) -> tuple[Name | None, list[Leaf]]:
    """Return the name of a person, and the values that say it."""
    whole = next((leaf for leaf in place.leaves(*_NAME) if leaf.text), None)
    first = [leaf for leaf in place.leaves("first_name", "given_name", "middle_name") if leaf.text]
    last = [leaf for leaf in place.leaves("last_name", "family_name")[:1] if leaf.text]
    given, family = (" ".join(leaf.text for leaf in leaves) for leaves in (first, last))
    known = name_of(whole.text) if whole else Name(f"{given} {family}".strip())
    name = Name(known.shown, given or known.given, family or known.family)
    return name if name.shown else None, [*([whole] if whole else []), *first, *last]


def _take_what_is_said(person: Person, name: Name | None, parts: list[Leaf]) -> None:
    """Account for the parts of a name that the person has; a name in other words stays a kept value."""
    said = {person.name, person.given_name, person.family_name, *(person.given_name or "").split()}
    for leaf in parts:
        if leaf.text in said or (
            name and name.shown == person.name and name_of(leaf.text).shown == name.shown
        ):
            leaf.take()


# --- grants


def grants(entry: Place) -> list[Grant]:
    """Return the grants of an entry."""
    found = []
    for place in entry.places_in("grant_references", of="grant_reference"):
        code, funder = place.text("code"), place.text("funding_body")
        country = place.text("country") if funder else None
        funders = [Organisation(name=funder, address=country)] if funder else []
        if code or funders:
            found.append(Grant(grant_identifier=code, funder=funders))
    return found


# --- citations


def publications(citations: list[tuple[Place, str]]) -> list[Publication]:
    """Return the publications of an entry, each with an IRI of its own.

    Args:
        citations: each with what its element in the XML header says of its kind, or "".
    """
    found: list[Publication] = []
    known: set[str] = set()
    for place, kind in citations:
        publication = _publication(place)
        if kind and kind not in publication.publication_status:
            publication.publication_status.append(kind)
        if publication.id in known:
            publication.id = None
        known.add(publication.id or "")
        found.append(publication)
    return found


def _publication(place: Place) -> Publication:
    publication = Publication(
        title=place.text("title", "book_title"),
        description=place.text("details"),
        publication_date=place.date("year"),
        publication_status=_states(place),
        publisher=_publisher(place),
        journal=place.text("journal"),
        journal_abbreviation=place.text("journal_abbreviation"),
        journal_volume=place.text("volume"),
        journal_issue=place.text("issue"),
        first_page=place.text("first_page"),
        last_page=place.text("last_page"),
        publication_language=place.text("language"),
        alternate_identifier=[],
    )
    publication.authors_text, publication.creator = _authors(place.items("authors", "author"))
    publication.editors_text, _ = _authors(place.items("editors", "editor"), "")
    _identify(publication, place)
    return publication


def _publisher(place: Place) -> Organisation | None:
    """Return the publisher; where there is none, its address, if there is one, stays a kept value."""
    name = place.text("publisher")
    if name is None:
        place.leaves("publication_location", "country")
        return None
    address = ", ".join(place.texts("publication_location") + place.texts("country"))
    return Organisation(name=name, address=address or None)


def _states(place: Place) -> list[str]:
    """What a citation says of itself by yes and no."""
    found = []
    for name, (yes, no) in _STATES.items():
        leaf = place.leaf(name)
        said = str(leaf.value).strip().casefold() if leaf else ""
        if leaf and said in {"true", "false"}:
            leaf.take()
            found.append(yes if said == "true" else no)
    return found


def _authors(people: list[Place | Leaf], orcid: str = "author_orcid") -> tuple[str | None, list[str]]:
    """Return names in their order, and ORCIDs; a name is shown as in a list of authors."""
    names, orcids = [], []
    for one in _in_order(people):
        leaf = one if isinstance(one, Leaf) else one.leaf(*_NAME)
        if leaf and leaf.text:
            names.append(name_of(leaf.take()).shown)
        elif leaf and leaf.is_empty:
            leaf.take()
        if isinstance(one, Place):
            private(one)
            _take_order(one, len(names))
            orcids += _orcids(one, orcid)
    return "; ".join(names) or None, list(dict.fromkeys(orcids))


def _take_order(place: Place, position: int) -> None:
    """Account for the number of an author: it is the place of the name in the list of names."""
    number = place.leaf(*_ORDER)
    if number and number.text in {str(position - 1), str(position)}:
        number.take()


def _orcids(place: Place, name: str) -> list[str]:
    leaf = place.leaf(name) if name else None
    found = orcid_iri(leaf.text) if leaf else None
    if leaf and found:
        leaf.take()
    return [found] if found else []


def _identify(publication: Publication, place: Place) -> None:
    """Take identifiers, by name of their field (API) or with their kind as an attribute (XML)."""
    for leaf in place.leaves("doi"):
        _add_identifier(publication, leaf, "doi")
    for leaf in place.leaves("pubmedid", "pubmed_id"):
        _add_identifier(publication, leaf, "pubmed")
    for reference in place.places("external_references"):
        found = [leaf for leaf in reference.leaves(TEXT) if leaf.text]
        kind = (reference.text("type") if found else "") or ""
        for leaf in found:
            _add_identifier(publication, leaf, kind.casefold(), f"{kind}:" if kind else "")
    if publication.doi:
        publication.id = doi_iri(publication.doi)
    elif publication.pubmed_id:
        publication.id = pubmed_iri(publication.pubmed_id)


def _add_identifier(publication: Publication, leaf: Leaf, kind: str, prefix: str = "") -> None:
    """Put an identifier into its slot; what is not of its kind stays one in words, with its kind as a prefix."""
    text = leaf.text
    name = doi(text) if kind == "doi" else None
    number = _pubmed(text) if kind == "pubmed" else None
    if name and publication.doi in {None, name}:
        publication.doi = name
    elif number and publication.pubmed_id in {None, number}:
        publication.pubmed_id = number
    elif text:
        publication.alternate_identifier.append(prefix + text)
    else:
        return
    leaf.take()


def _pubmed(text: str) -> str | None:
    return pubmed_id(text) or (text if _PUBMED_NUMBER.fullmatch(text) else None)
