"""The graph of an RO-Crate while it is made: every thing once, under an id of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from typing import TYPE_CHECKING

from rembigraph.catalogue.exports import schema_org, schema_org_things
from rembigraph.catalogue.exports.citation import one_line
from rembigraph.catalogue.exports.schema_org_things import Thing, filled
from rembigraph.ontology.term_tables import licences

if TYPE_CHECKING:
    from rembigraph.catalogue.exports.described import Author, Described
    from rembigraph.catalogue.exports.schema_org_facts import Article, FileAddress

Reference = dict[str, str]


class Graph:
    """Collects the things of a crate; of two with one id the first stays.

    Attributes:
        notes: what the crate leaves out, in words.
    """

    def __init__(self) -> None:
        self._things: dict[str, Thing] = {}
        self._places: dict[str, Reference] = {}
        self.notes: list[str] = []

    def add(self, thing: Thing) -> Reference:
        """Take a thing and return the reference to it."""
        self._things.setdefault(thing["@id"], thing)
        return {"@id": thing["@id"]}

    def has(self, name: str) -> bool:
        """Whether there is a thing with this id."""
        return name in self._things

    def things(self, but_not: Set[str]) -> list[Thing]:
        """Return what was taken, in the order of its coming, without the things of these ids."""
        return [thing for name, thing in self._things.items() if name not in but_not]

    def authors(self, authors: Iterable[Author]) -> list[Reference]:
        """Take authors: a Person by ORCID, or by a name of the crate; two people never share an id."""
        return [self._author(number, author) for number, author in enumerate(authors, start=1)]

    def _author(self, number: int, author: Author) -> Reference:
        local = f"#author-{number}"
        if author.is_organisation:
            return self.add({"@id": local, "@type": "Organization", "name": one_line(author.name)})
        taken = not author.orcid or self.has(author.orcid)
        person = {
            "@id": local if taken else author.orcid,
            "@type": "Person",
            "name": one_line(author.name),
            "givenName": one_line(author.given),
            "familyName": one_line(author.family),
            "affiliation": [self._place(place) for place in author.affiliations],
        }
        return self.add(filled(person))

    def _place(self, name: str) -> Reference:
        known = self._places.get(name)
        if known is None:
            local = f"#organisation-{len(self._places) + 1}"
            known = self._places[name] = self.add(
                {"@id": local, "@type": "Organization", "name": one_line(name)}
            )
        return known

    def publisher(self, study: Described) -> Reference | None:
        """Take the archive that released the study; None for drafts."""
        archive = schema_org.publisher(study)
        return self.add(archive) if archive else None

    def license(self, iri: str) -> Reference:
        """Take a licence, with its name where the table of licences has it."""
        known = licences().get(iri)
        named = {"name": known.label, "identifier": known.spdx} if known else {}
        return self.add({"@id": iri, "@type": "CreativeWork", **named})

    def article(self, one: Article) -> Reference:
        """Take a publication."""
        thing = schema_org_things.article(one)
        thing.pop("url", None)
        return self.add(thing)

    def grants(self, study: Described) -> Iterator[Reference]:
        """Take the grants of a study, and who paid."""
        for number, grant in enumerate(schema_org_things.grants(study), start=1):
            funders = [self._place(one["name"]) for one in grant.pop("funder", ())]
            yield self.add(filled({"@id": f"#grant-{number}", **grant, "funder": funders}))

    def file(self, one: FileAddress) -> Reference:
        """Take a file of the web; `contentSize` is in bytes."""
        return self.add(
            filled(
                {
                    "@id": one.url,
                    "@type": "File",
                    "name": one.name,
                    "encodingFormat": one.media_type or one.format,
                    "contentSize": str(one.byte_size) if one.byte_size is not None else "",
                }
            )
        )
