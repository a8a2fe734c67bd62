"""The SPARQL 1.1 Service Description of this endpoint."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pyoxigraph as ox
from rembigraph.app.sparql.formats import GRAPH_FORMATS, RESULT_FORMATS, Format
from rembigraph.app.sparql.functions import described
from rembigraph.app.sparql.limits import QueryLimits

_SD: Final = "http://www.w3.org/ns/sparql-service-description#"
_RDFS: Final = "http://www.w3.org/2000/01/rdf-schema#"
_TYPE: Final = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")


def describe_service(
    endpoint: str, limits: QueryLimits, rdf_format: Format, *, union_default_graph: bool
) -> bytes:
    """Write the service description.

    Args:
        endpoint: the absolute URL of the endpoint.
        limits: what a query may cost, told in a comment.
        rdf_format: one of the formats of graphs.
        union_default_graph: whether the default graph is the union of all.
    """
    written = ox.RdfFormat.from_media_type(rdf_format.media_type)
    assert written is not None
    document = ox.serialize(
        _triples(endpoint, limits, union_default_graph), format=written, prefixes={"sd": _SD, "rdfs": _RDFS}
    )
    return document or b""


def _triples(endpoint: str, limits: QueryLimits, union_default_graph: bool) -> Iterator[ox.Triple]:
    service, dataset, graph = ox.BlankNode("service"), ox.BlankNode("dataset"), ox.BlankNode("graph")
    yield ox.Triple(service, _TYPE, _sd("Service"))
    yield ox.Triple(service, _sd("endpoint"), ox.NamedNode(endpoint))
    yield ox.Triple(service, _sd("supportedLanguage"), _sd("SPARQL11Query"))
    for offer in (*RESULT_FORMATS, *GRAPH_FORMATS):
        yield ox.Triple(service, _sd("resultFormat"), ox.NamedNode(offer.iri))
    for function, meaning in described().items():
        yield ox.Triple(service, _sd("extensionFunction"), ox.NamedNode(function))
        yield ox.Triple(ox.NamedNode(function), _TYPE, _sd("Function"))
        yield ox.Triple(
            ox.NamedNode(function), ox.NamedNode(f"{_RDFS}comment"), ox.Literal(meaning, language="en")
        )
    if union_default_graph:
        yield ox.Triple(service, _sd("feature"), _sd("UnionDefaultGraph"))
    comment = (
        f"Read-only; no SERVICE. A query may run {limits.deadline_seconds:g} s and give"
        f" {limits.max_result_bytes} bytes; its text may have {limits.max_query_bytes} bytes."
    )
    yield ox.Triple(service, ox.NamedNode(f"{_RDFS}comment"), ox.Literal(comment, language="en"))
    yield ox.Triple(service, _sd("defaultDataset"), dataset)
    yield ox.Triple(dataset, _TYPE, _sd("Dataset"))
    yield ox.Triple(dataset, _sd("defaultGraph"), graph)
    yield ox.Triple(graph, _TYPE, _sd("Graph"))


def _sd(name: str) -> ox.NamedNode:
    return ox.NamedNode(_SD + name)
