"""Bounded look-ups in a store: quad patterns with at least one bound term, never SPARQL, never a scan.

`reader` (on the request path) and `derive` (while a generation is built) both stand on these.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from pyoxigraph import DefaultGraph, Literal, NamedNode
from rembigraph.catalogue.recordview import (
    RDF_TYPE,
    RDFS_LABEL,
    RecordView,
    Value,
    field_iri,
    merge,
    source_order,
)
from rembigraph.ontology.identifiers import PREFIXES, VOCABULARY, Iris

if TYPE_CHECKING:
    from pyoxigraph import BlankNode, Quad, Store, Triple

STUDY: Final = NamedNode(VOCABULARY + "Study")
DEFAULT: Final = DefaultGraph()
ACROSS_SOURCE: Final = "catalogue"
"""Stands for the kind of source in the IRI of a study's report of the rules across records."""
XSD_STRING: Final = PREFIXES["xsd"] + "string"

_Term: TypeAlias = NamedNode | Literal
_Thing = TypeVar("_Thing", bound=Hashable)
_TYPE: Final = NamedNode(RDF_TYPE)
_ELSEWHERE: Final = NamedNode(VOCABULARY + "ExternalRecord")
_ABBREVIATED: Final = re.compile(r"\w\. ")
"""Beginning of `M. musculus` and the like."""

_LABELS: Final = tuple(
    NamedNode(iri)
    for iri in (
        field_iri("scientific_name"),
        RDFS_LABEL,
        PREFIXES["skos"] + "prefLabel",
        field_iri("name"),
        field_iri("title"),
    )
)
"""Predicates that name a term, the best first."""


def sources(store: Store, iris: Iris, accession: str) -> tuple[str, ...]:
    """Return the kinds of source that the store holds of this accession, the preferred one first."""
    prefix = f"{iris.data_base}graph/{accession}/"
    typed = store.quads_for_pattern(NamedNode(iris.study(accession)), _TYPE, STUDY, None)
    graphs = (quad.graph_name.value for quad in typed if isinstance(quad.graph_name, NamedNode))
    return tuple(sorted((g.removeprefix(prefix) for g in graphs if g.startswith(prefix)), key=source_order))


def record_quads(store: Store, iris: Iris, accession: str) -> Iterator[Quad]:
    """Yield every quad of the source records of one accession."""
    for source in sources(store, iris, accession):
        graph = NamedNode(iris.record_graph(accession, source))
        yield from store.quads_for_pattern(None, None, None, graph)


def record_view(store: Store, iris: Iris, accession: str) -> RecordView | None:
    """Return the merged facts of one accession, or None when the store holds no record of it."""
    found = sources(store, iris, accession)
    if not found:
        return None
    stated = {source: _stated(store, iris.record_graph(accession, source)) for source in found}
    several = len(found) > 1
    return RecordView(
        accession=accession,
        iri=iris.study(accession),
        sources=found,
        facts=merge(triple for triples in stated.values() for triple in triples),
        origins=_by_source({source: [triple[0] for triple in triples] for source, triples in stated.items()}),
        said=_by_source(stated) if several else {},
    )


def _stated(store: Store, graph: str) -> list[tuple[str, str, Value]]:
    return list(map(plain, store.quads_for_pattern(None, None, None, NamedNode(graph))))


def _by_source(stated: Mapping[str, Iterable[_Thing]]) -> dict[_Thing, frozenset[str]]:
    """Return for each thing the sources that state it; things of the same sources share one set."""
    found: dict[_Thing, frozenset[str]] = {}
    for source, things in stated.items():
        alone = frozenset((source,))
        joined: dict[frozenset[str], frozenset[str]] = {}
        for thing in dict.fromkeys(things):
            before = found.get(thing)
            found[thing] = joined.setdefault(before, before | alone) if before else alone
    return found


def plain(quad: Quad) -> tuple[str, str, Value]:
    """Return a quad without its graph as plain values."""
    subject = quad.subject.value if isinstance(quad.subject, NamedNode) else str(quad.subject)
    return subject, quad.predicate.value, plain_value(quad.object)


def plain_value(term: object) -> Value:
    """Return the object of a quad as a plain value."""
    if isinstance(term, NamedNode):
        return Value(term.value, True)
    if isinstance(term, Literal):
        if language := term.language:
            return Value(term.value, False, "", language)
        datatype = term.datatype.value
        return Value(term.value, False, "" if datatype == XSD_STRING else datatype)
    return Value(str(term), True)


def text_of(term: NamedNode | BlankNode | Literal | Triple) -> str:
    """Return the text of the plain value of a quad's object, for less than the whole value costs."""
    return term.value if isinstance(term, NamedNode | Literal) else str(term)


def objects(store: Store, subject: str, predicate: str, graph: object = DEFAULT) -> list[Value]:
    """Return the objects of a subject and predicate in a graph (the default graph unless told), sorted."""
    quads = store.quads_for_pattern(NamedNode(subject), NamedNode(predicate), None, graph)  # type: ignore[arg-type]
    return sorted({plain_value(quad.object) for quad in quads})


def subjects(store: Store, predicate: str, term: _Term, graph: object = None) -> list[str]:
    """Return the subjects of a predicate and object (in any graph unless told), each once, sorted."""
    quads = store.quads_for_pattern(None, NamedNode(predicate), term, graph)  # type: ignore[arg-type]
    return sorted({quad.subject.value for quad in quads if isinstance(quad.subject, NamedNode)})


def facts_of(store: Store, subject: str, graph: object = None) -> Iterator[tuple[str, str, Value, str]]:
    """Yield (subject, predicate, value, named graph) of one subject, without the default graph's copies."""
    for quad in store.quads_for_pattern(NamedNode(subject), None, None, graph):  # type: ignore[arg-type]
        if isinstance(quad.graph_name, NamedNode):
            yield *plain(quad), quad.graph_name.value


def label(store: Store, iris: Iris, iri: str) -> str:
    """Return the label of a term, or an empty string.

    The catalogue's own terms graph decides; else the shortest label that any record gives and that is no
    abbreviation, so that the answer does not depend on load order.
    """
    try:
        node = NamedNode(iri)
    except ValueError:
        return ""
    if next(store.quads_for_pattern(node, None, None, None), None) is None:
        return ""  # most of what records name: one look-up instead of ten
    return _label_in(store, node, NamedNode(iris.graph("terms"))) or _label_in(store, node, None)


def _label_in(store: Store, node: NamedNode, graph: NamedNode | None) -> str:
    ranked = [
        (rank, bool(_ABBREVIATED.match(text)), len(text), text)
        for rank, predicate in enumerate(_LABELS)
        for text in _literals(store, node, predicate, graph)
    ]
    return min(ranked)[-1] if ranked else ""


def _literals(store: Store, node: NamedNode, predicate: NamedNode, graph: NamedNode | None) -> set[str]:
    quads = store.quads_for_pattern(node, predicate, None, graph)
    return {term.value for quad in quads if isinstance(term := quad.object, Literal)}


def is_described(store: Store, iri: str) -> bool:
    """Whether a record here says what kind of thing this is; what is only known to be elsewhere is not described."""
    kinds = (quad.object for quad in store.quads_for_pattern(NamedNode(iri), _TYPE, None, DEFAULT))
    return any(kind != _ELSEWHERE for kind in kinds)


def labels(store: Store, iris: Iris, wanted: Iterable[str]) -> dict[str, str]:
    """Return the labels of terms; those without one are left out."""
    found = ((iri, label(store, iris, iri)) for iri in sorted(set(wanted)))
    return {iri: text for iri, text in found if text}
