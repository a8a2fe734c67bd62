"""The SPARQL 1.1 Service Description of this endpoint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import pyoxigraph as ox
from rembigraph.app.sparql.formats import GRAPH_FORMATS, RESULT_FORMATS, Format
from rembigraph.app.sparql.functions import described
from rembigraph.app.sparql.limits import MEBIBYTE, QueryLimits
from rembigraph.app.sparql.void import VOID, Contents

_SD: Final = "http://www.w3.org/ns/sparql-service-description#"
_RDFS: Final = "http://www.w3.org/2000/01/rdf-schema#"
PREFIXES: Final = {"sd": _SD, "rdfs": _RDFS, "void": VOID}
_TYPE: Final = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")


def write(triples: Iterable[ox.Triple], rdf_format: Format, prefixes: dict[str, str]) -> bytes:
    """Serialise statements in one of the formats of graphs."""
    written = ox.RdfFormat.from_media_type(rdf_format.media_type)
    assert written is not None
    return ox.serialize(triples, format=written, prefixes=prefixes) or b""


def describe_service(
    endpoint: str,
    limits: QueryLimits,
    *,
    union_default_graph: bool,
    contents: Contents | None = None,
    peers: Sequence[str] = (),
) -> Iterator[ox.Triple]:
    """Describe the service.

    Args:
        endpoint: the absolute URL of the endpoint.
        limits: what a query may cost, told in a comment.
        union_default_graph: whether the default graph is the union of all.
        contents: what the default graph holds, if it is known.
        peers: the endpoints that SERVICE may ask.
    """
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
    if peers:
        yield ox.Triple(service, _sd("feature"), _sd("BasicFederatedQuery"))
    comment = ox.Literal(limits_in_words(limits, peers), language="en")
    yield ox.Triple(service, ox.NamedNode(f"{_RDFS}comment"), comment)
    yield ox.Triple(service, _sd("defaultDataset"), dataset)
    yield ox.Triple(dataset, _TYPE, _sd("Dataset"))
    yield ox.Triple(dataset, _sd("defaultGraph"), graph)
    yield ox.Triple(graph, _TYPE, _sd("Graph"))
    if contents:
        yield from contents.describe(graph)


def limits_in_words(limits: QueryLimits, peers: Sequence[str]) -> str:
    """Say what a query may cost, and which endpoints it may ask."""
    federation = "no SERVICE"
    if peers:
        listed = ", ".join(f"<{peer}>" for peer in peers)
        federation = (
            f"SERVICE only to {listed}, in at most {limits.service_clauses} clauses, with at most"
            f" {limits.service_bindings} rows sent and {limits.service_rows} rows or"
            f" {limits.service_bytes} bytes taken for each"
        )
    return (
        f"Read-only; {federation}. A query may run {limits.deadline_seconds:g} s, use"
        f" {limits.memory_bytes // MEBIBYTE} MiB and give {limits.max_result_bytes} bytes; its text may have"
        f" {limits.max_query_bytes} bytes, {limits.max_tokens} words and signs, {limits.max_depth} nested brackets and"
        f" {limits.max_consecutive_unary} signs of negation in a row. {limits.workers} quick and {limits.slow_workers}"
        f" long queries run at a time, and {limits.queue} wait,"
        f" {limits.client_queue} of one client; after {limits.grace_seconds:g} s a query is a long one."
    )


def _sd(name: str) -> ox.NamedNode:
    return ox.NamedNode(_SD + name)
