"""The store of a generation compared with the archive, quad by quad."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final, cast

from pyoxigraph import NamedNode, Quad, RdfFormat, Store, parse
from rembigraph.catalogue.generations import contributes
from rembigraph.catalogue.lookups import ACROSS_SOURCE
from rembigraph.catalogue.soundness import Damage
from rembigraph.catalogue.terms import has_current_terms, terms_quads
from rembigraph.ontology.errors import StoreDamaged
from rembigraph.ontology.identifiers import Iris

if TYPE_CHECKING:
    from pyoxigraph import QuerySolutions
    from rembigraph.catalogue.generations import Generation
    from rembigraph.catalogue.home import Home
    from rembigraph.catalogue.ledger import LedgerState, RecordEntry

_SHARED: Final = ("provenance", "validation")
_NO_COPY: Final = """
SELECT ?s ?p ?o WHERE {{
  GRAPH ?g {{ ?s ?p ?o }} FILTER({contributing}) FILTER NOT EXISTS {{ ?s ?p ?o }}
}} LIMIT {limit}
"""
_NO_ORIGINAL: Final = """
SELECT ?s ?p ?o WHERE {{
  ?s ?p ?o FILTER NOT EXISTS {{ GRAPH ?g {{ ?s ?p ?o }} FILTER({contributing}) }}
}} LIMIT {limit}
"""


def compare_store(
    home: Home, generation: Generation, state: LedgerState, compared: dict[str, int]
) -> Iterator[Damage]:
    """Yield every difference between a store and the records that it should hold.

    Args:
        home: the catalogue.
        generation: the generation that the state describes; held by the caller.
        state: what the ledger says.
        compared: gets the numbers of quads and graphs compared.
    """
    where = f"generations/{generation.path.name}/store"
    try:
        store = generation.open_store()
        # Tables of another version of Rembigraph may be in the generation: then it is whole, but not of this version.
        has_terms = has_current_terms(generation.path)
        for message in _differences(home, store, state, compared, has_terms=has_terms):
            yield Damage("content", where, message)
    except StoreDamaged as error:
        yield Damage("store", where, error.message)
    except (OSError, RuntimeError) as error:  # a corrupt table is found when it is read
        yield Damage("store", where, f"the store can't be read: {error}")


def _differences(
    home: Home, store: Store, state: LedgerState, compared: dict[str, int], *, has_terms: bool
) -> Iterator[str]:
    iris = Iris(home.data_base)
    shared: set[int] = set()  # hashes of quads: a 64-bit number for each of some ten a record
    graphs = {iris.graph(name) for name in ("provenance", "validation", "links", "terms", "inferred")}
    quads, unread = 0, 0
    for key in sorted(state.active):
        entry = state.active[key]
        graphs.add(iris.record_graph(*key))
        try:
            content = home.archive.read_quads(*key, entry.quads_sha256)
        except StoreDamaged:
            unread += 1  # reported with the archive
            continue
        quads += entry.quads
        yield from _record_differences(store, entry, content, iris, shared)
    if not unread:  # else nobody can say what is too much
        yield from _shared_differences(store, iris, shared)
    if has_terms:
        yield from _terms_differences(store, iris)
    strange = sorted({_iri(name) for name in store.named_graphs()} - graphs)
    if strange:
        yield f"{len(strange)} named graphs belong to no record, as {strange[0]}"
    yield from _default_differences(store, iris)
    compared |= {"quads": quads, "graphs": len(graphs)}


def _record_differences(
    store: Store, entry: RecordEntry, content: bytes, iris: Iris, shared: set[int]
) -> Iterator[str]:
    graph = NamedNode(iris.record_graph(*entry.key))
    expected, elsewhere = set(), []
    for quad in parse(content, format=RdfFormat.N_QUADS):
        if quad.graph_name == graph:
            expected.add(quad)
        else:
            elsewhere.append(quad)
            shared.add(hash(quad))
    found = set(store.quads_for_pattern(None, None, None, graph))
    missing = [*(expected - found), *(quad for quad in elsewhere if quad not in store)]
    if missing:
        yield f"{len(missing)} quads of {entry.accession} ({entry.source}) are missing, as {_first(missing)}"
    if found - expected:
        strange = _first(found - expected)
        yield f"{len(found - expected)} quads in {graph.value} are not of its record, as {strange}"


def _shared_differences(store: Store, iris: Iris, shared: set[int]) -> Iterator[str]:
    """Find quads in shared graphs that no record states; reports across records are the catalogue's own."""
    for name in _SHARED:
        graph = iris.graph(name)
        strange = [
            quad
            for quad in store.quads_for_pattern(None, None, None, NamedNode(graph))
            if hash(quad) not in shared and f"/report/{ACROSS_SOURCE}" not in _iri(quad.subject)
        ]
        if strange:
            yield f"{len(strange)} quads in {graph} are of no record, as {_first(strange)}"


def _terms_differences(store: Store, iris: Iris) -> Iterator[str]:
    graph = NamedNode(iris.graph("terms"))
    found = set(store.quads_for_pattern(None, None, None, graph))
    wanted = set(parse(terms_quads(iris), format=RdfFormat.N_QUADS))
    if found != wanted:
        yield f"{len(found ^ wanted)} quads in {graph.value} are missing or too many, as {_first(found ^ wanted)}"


def _default_differences(store: Store, iris: Iris) -> Iterator[str]:
    """Compare the merged default graph with the graphs that it is merged from, in both directions."""
    others = [name for name in map(_iri, store.named_graphs()) if not contributes(name, iris.data_base)]
    contributing = f"?g NOT IN ({', '.join(f'<{name}>' for name in sorted(others))})" if others else "true"
    for query, what in (
        (_NO_COPY, "triples are not in the default graph"),
        (_NO_ORIGINAL, "triples of the default graph are in no graph that it is merged from"),
    ):
        text = query.format(contributing=contributing, limit=1_000_000)
        found = list(cast("QuerySolutions", store.query(text)))
        if found:
            first = " ".join(str(found[0][name]) for name in ("s", "p", "o"))
            yield f"{len(found)} {what}, as {first}"


def _first(quads: Iterable[Quad]) -> str:
    return min(map(str, quads))[:300]


def _iri(node: object) -> str:
    return node.value if isinstance(node, NamedNode) else ""
