"""The ontology as pages show it: its header and its terms, read from the published Turtle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from rembigraph.app.pages.vocabulary_forms import ontology_graph
from rembigraph.ontology.fields import Field, RecordClass, classes, enum_iris
from rembigraph.ontology.identifiers import PREFIXES, VOCABULARY

if TYPE_CHECKING:
    from rdflib import Graph, URIRef

ONTOLOGY: Final = VOCABULARY.rstrip("#")
CLASS, OBJECT, DATATYPE, ANNOTATION, SCHEME, CONCEPT, OTHER = (
    "class",
    "object property",
    "datatype property",
    "annotation property",
    "concept scheme",
    "concept",
    "term",
)
PROPERTIES: Final = frozenset([OBJECT, DATATYPE, ANNOTATION])
_KINDS: Final = (
    ("skos:ConceptScheme", SCHEME),
    ("owl:Class", CLASS),
    ("owl:AnnotationProperty", ANNOTATION),
    ("owl:ObjectProperty", OBJECT),
    ("owl:DatatypeProperty", DATATYPE),
    ("skos:Concept", CONCEPT),
)
_MATCHES: Final = {
    "skos:exactMatch": "the same as",
    "skos:closeMatch": "nearly the same as",
    "skos:broadMatch": "narrower than",
    "skos:narrowMatch": "broader than",
    "skos:relatedMatch": "related to",
}
_RELATIONS: Final = {
    "rdfs:subClassOf": "is a kind of",
    "rdfs:subPropertyOf": "is a narrower form of",
    "owl:inverseOf": "is the other direction of",
    "owl:disjointWith": "is never also",
    "skos:broader": "is narrower than",
    "skos:related": "is related to",
    "rdfs:seeAlso": "see also",
    "dcterms:isReplacedBy": "is replaced by",
}
_VALUES: Final = {
    "string": "text",
    "integer": "whole number",
    "double": "number",
    "boolean": "true or false",
    "json": "JSON",
    "date": "date",
    "iri": "IRI",
    "object": "a thing of its own",
    "enum": "concept",
}


@dataclass(frozen=True)
class Term:
    """One term of the ontology.

    Attributes:
        name: local name, also its anchor.
        iri: its IRI.
        kind: one of the kinds above.
        label: label for people.
        definition: what it means.
        sources: REMBI rows or documents that it comes from.
        examples: example values.
        notes: further remarks.
        other_names: alternative labels and notations.
        schemes: IRIs of the concept schemes it is in.
        mappings: (how it matches, IRI of another vocabulary's term).
        relations: (words, IRI) of every other statement about it that leads to a term.
        ranges: IRIs of what its values may be.
        deprecated: whether it should not be used any more.
    """

    name: str
    iri: str
    kind: str
    label: str
    definition: str
    sources: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    other_names: tuple[str, ...] = ()
    schemes: tuple[str, ...] = ()
    mappings: tuple[tuple[str, str], ...] = ()
    relations: tuple[tuple[str, str], ...] = ()
    ranges: tuple[str, ...] = ()
    deprecated: bool = False


@dataclass(frozen=True)
class Place:
    """Where a property is used: the class, the field's name there, and what its values are."""

    record_class: RecordClass
    field: Field

    @property
    def values(self) -> str:
        """What the values are, in words; empty when `iri` says it."""
        return "" if self.iri else _VALUES.get(self.field.kind, self.field.kind)

    @property
    def iri(self) -> str:
        """IRI of the class or the concept scheme of the values; empty for literals."""
        of = self.field.of
        if self.field.kind == "enum":
            return _scheme_of(of)
        return classes()[of].iri if of in classes() else ""


@dataclass(frozen=True)
class Header:
    """What the ontology says about itself."""

    title: str
    description: str
    version: str
    version_iri: str
    licence: str
    issued: str
    creators: tuple[str, ...]
    sources: tuple[str, ...]
    notes: tuple[str, ...]
    uses: tuple[str, ...]
    prefix: str
    namespace: str = VOCABULARY
    iri: str = field(default=ONTOLOGY)


def local_name(iri: str) -> str:
    """Return the name of a term of ours after the `#`; empty for any other IRI."""
    return iri.removeprefix(VOCABULARY) if iri.startswith(VOCABULARY) else ""


@cache
def terms() -> Mapping[str, Term]:
    """Return every term of the ontology by local name, sorted without regard to case."""
    graph = ontology_graph()
    found = {str(subject) for subject in graph.subjects() if str(subject).startswith(VOCABULARY)}
    ordered = sorted(found, key=lambda iri: (iri.casefold(), iri))
    return MappingProxyType({local_name(iri): _term(graph, iri) for iri in ordered})


def of_kind(*kinds: str) -> list[Term]:
    """Return the terms of some kinds."""
    return [term for term in terms().values() if term.kind in kinds]


def concepts_of(scheme: Term) -> list[Term]:
    """Return the concepts of a scheme."""
    return [term for term in of_kind(CONCEPT, OTHER) if scheme.iri in term.schemes]


def home_of(concept: Term) -> str:
    """Return the IRI of the first scheme of ours that a concept is in; empty when it is in none."""
    return next((iri for iri in concept.schemes if local_name(iri) in terms()), "")


@cache
def places() -> Mapping[str, tuple[Place, ...]]:
    """Return where each predicate is used: IRI -> classes and fields, in schema order."""
    found: dict[str, list[Place]] = {}
    for entry in classes().values():
        for each in entry.fields.values():
            found.setdefault(each.iri, []).append(Place(entry, each))
    return {iri: tuple(each) for iri, each in found.items()}


def record_class(term: Term) -> RecordClass | None:
    """Return the class of the record model that a term is."""
    return next((entry for entry in classes().values() if entry.iri == term.iri), None)


@cache
def header() -> Header:
    """Return what the ontology says about itself."""
    graph = ontology_graph()

    def all_of(name: str) -> tuple[str, ...]:
        return _texts(graph, ONTOLOGY, name)

    def one(name: str) -> str:
        return next(iter(all_of(name)), "")

    return Header(
        title=one("dcterms:title"),
        description=one("dcterms:description"),
        version=one("owl:versionInfo"),
        version_iri=one("owl:versionIRI"),
        licence=one("dcterms:license"),
        issued=one("dcterms:issued"),
        creators=all_of("dcterms:creator"),
        sources=all_of("dcterms:source"),
        notes=all_of("skos:note"),
        uses=all_of("rembi:usesTerm"),
        prefix=next(iter(_texts(graph, ONTOLOGY, "vann:preferredNamespacePrefix")), "rembi"),
    )


def _term(graph: Graph, iri: str) -> Term:
    label = next(iter(_texts(graph, iri, "rdfs:label") or _texts(graph, iri, "skos:prefLabel")), "")
    return Term(
        name=local_name(iri),
        iri=iri,
        kind=_kind(graph, iri),
        label=label or local_name(iri),
        definition=" ".join(_texts(graph, iri, "skos:definition")),
        sources=_texts(graph, iri, "dcterms:source"),
        examples=_texts(graph, iri, "skos:example"),
        notes=_texts(graph, iri, "skos:note") + _texts(graph, iri, "skos:scopeNote"),
        other_names=_texts(graph, iri, "skos:altLabel") + _texts(graph, iri, "skos:notation"),
        schemes=_texts(graph, iri, "skos:inScheme"),
        mappings=_led_to(graph, iri, _MATCHES),
        relations=_led_to(graph, iri, _RELATIONS),
        ranges=_texts(graph, iri, "schema:rangeIncludes"),
        deprecated="true" in _texts(graph, iri, "owl:deprecated"),
    )


def _kind(graph: Graph, iri: str) -> str:
    types = _texts(graph, iri, "rdf:type")
    return next((kind for name, kind in _KINDS if _expand(name) in types), OTHER)


def _led_to(graph: Graph, iri: str, predicates: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((words, other) for name, words in predicates.items() for other in _texts(graph, iri, name))


def _texts(graph: Graph, iri: str, name: str) -> tuple[str, ...]:
    """Return the values of a property that are texts or IRIs, sorted."""
    return tuple(sorted(_values(graph.objects(_node(iri), _node(_expand(name))))))


def _values(found: Iterable[object]) -> Iterator[str]:
    from rdflib import BNode

    return (str(value) for value in found if not isinstance(value, BNode))


def _node(iri: str) -> URIRef:
    from rdflib import URIRef

    return URIRef(iri)


def _expand(name: str) -> str:
    prefix, _, local = name.partition(":")
    return {**PREFIXES, "vann": "http://purl.org/vocab/vann/"}[prefix] + local


def _scheme_of(enum: str) -> str:
    """Return the IRI of the scheme that the values of an enum are in."""
    for iri in enum_iris(enum).values():
        term = terms().get(local_name(iri))
        if term and term.schemes:
            return term.schemes[0]
    return ""
