"""Names of things from foreign RDF in the record: IRIs below a data base become relative, blank nodes get IRIs.

A blank node is named by the file's hash and its label: the same file gives the same IRI, and `_:b0` of two files
are two things.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise

from rembigraph.loaders.rdf_facts import Facts
from rembigraph.loaders.rdf_terms import RDF_TYPE, RELATIVE, is_blank
from rembigraph.loaders.values import has_email
from rembigraph.ontology.fields import classes, predicates
from rembigraph.ontology.identifiers import (
    DEFAULT_DATA_BASE,
    NotAnAccession,
    is_accession,
    is_iri,
    parse_accession,
    safe_key,
)

_KNOWN_BASES = (DEFAULT_DATA_BASE, RELATIVE)


def accession_at_end(iri: str) -> str:
    """Return the accession that an IRI ends with, in canonical spelling; empty for none."""
    try:
        return parse_accession(iri.rstrip("/").rsplit("/", 1)[-1].rsplit(":", 1)[-1]).text
    except NotAnAccession:
        return ""


def base_of(node: str, accession: str) -> str:
    """Return the data base IRI that a study's IRI lies below; empty when it is no such IRI."""
    own_page = parse_accession(accession).landing_page.rstrip("/")
    return node.removesuffix(accession) if node.endswith(f"/{accession}") and node != own_page else ""


@cache
def segments() -> frozenset[str]:
    """Return every path segment that says of what class a thing is."""
    return frozenset(entry.segment for entry in classes().values() if entry.segment)


@dataclass(frozen=True)
class Naming:
    """Names things of one study.

    Attributes:
        accession: of the study.
        studies: node -> accession, for every study of the file.
        digest: hash of the file, for blank nodes.
        classes_of: blank node -> name of its class, for those whose class is known.
        bases: data base IRIs that references may lie below.
    """

    accession: str
    studies: Mapping[str, str]
    digest: str
    classes_of: Mapping[str, str] = field(default_factory=dict)
    bases: tuple[str, ...] = _KNOWN_BASES

    @classmethod
    def of(cls, accession: str, studies: Mapping[str, str], facts: Facts, digest: str) -> Naming:
        """Make the names of one study of a file."""
        bases = (base for node, name in studies.items() if (base := base_of(node, name)))
        found = tuple(dict.fromkeys((*bases, *_KNOWN_BASES)))
        return cls(accession, studies, digest, _classes_of_blanks(facts), found)

    def reference(self, node: str) -> str | None:
        """Return what a record calls a node; None when it can't name it."""
        if node in self.studies:
            return self.studies[node]
        if is_blank(node):
            return self._of_blank(node)
        relative = self._relative(node)
        if relative is not None:
            return relative
        return node if is_iri(node) and not has_email(node) and not node.startswith(RELATIVE) else None

    def own(self, node: str, class_name: str) -> str | None:
        """Return what a record calls a thing that it describes; None when the thing belongs to another study."""
        if node in self.studies:
            return None
        name = self.reference(node)
        if name is None:
            segment = classes()[class_name].segment
            return (
                None
                if has_email(node)
                else f"{self.accession}/{segment}/{safe_key(node.removeprefix(RELATIVE))}"
            )
        return None if self._belongs_elsewhere(name) else name

    def _belongs_elsewhere(self, name: str) -> bool:
        if name.startswith(self.bases):
            return True  # below the data base, but of no study: a shared graph, a page
        parts = name.split("/")
        return any(
            part != self.accession and is_accession(part) and after in segments()
            for part, after in pairwise(parts)
        ) or (is_accession(name) and name != self.accession)

    def _relative(self, iri: str) -> str | None:
        base = next((base for base in self.bases if iri.startswith(base)), None)
        if base is None:
            return None
        rest = iri.removeprefix(base)
        first, slash, below = rest.partition("/")
        if not is_accession(first) or (slash and not below) or not is_iri(f"urn:x:{rest}"):
            return None
        return None if iri.rstrip("/") == parse_accession(first).landing_page.rstrip("/") else rest

    def _of_blank(self, node: str) -> str | None:
        class_name = self.classes_of.get(node)
        segment = classes()[class_name].segment if class_name else ""
        return f"{self.accession}/{segment}/{self.digest}-{safe_key(node[2:])}" if segment else None


def _classes_of_blanks(facts: Facts) -> dict[str, str]:
    """What blank nodes are: by their type, else by what refers to them."""
    by_iri = {entry.iri: name for name, entry in classes().items()}
    found: dict[str, str] = {}
    for statement in facts.statements:
        if statement.predicate == RDF_TYPE and is_blank(statement.subject) and statement.object in by_iri:
            found.setdefault(statement.subject, by_iri[str(statement.object)])
    for number, statement in enumerate(facts.statements):
        of = predicates().get(statement.predicate)
        if of and of.of in classes():
            for _, term in _linked(facts, number):
                if isinstance(term, str) and is_blank(term):
                    found.setdefault(term, of.of)
    return found


def _linked(facts: Facts, number: int) -> Iterable[tuple[int, object]]:
    return facts.items(number)[0]
