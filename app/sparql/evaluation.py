"""Evaluation of one query in a worker: its dataset, its results, and their serialisation.

Results of pyoxigraph belong to the thread that made them: everything here runs in one thread.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Protocol

import pyoxigraph as ox
from rembigraph.app.sparql.functions import custom_functions

_PLAIN_TEXT: Final = (ox.RdfFormat.N_TRIPLES, ox.RdfFormat.N_QUADS)


class TooManyQuadsError(Exception):
    """The default graphs to be merged hold more quads than may be copied."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What an HTML page can show: no more rows or triples, table cells and bytes than these."""

    rows: int
    cells: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Job:
    """One query as a worker gets it.

    Attributes:
        text: the query, admitted by the gate.
        media_type: the canonical media type of the answer.
        prologue: the declarations at the head of `text`.
        prefixes: prefix → namespace of these declarations, for Turtle and its kin.
        from_default: graphs of the query's own FROM, as written.
        from_named: graphs of its FROM NAMED, as written.
        default_graphs: IRIs of the request's `default-graph-uri`.
        named_graphs: IRIs of the request's `named-graph-uri`.
        union_default_graph: whether the default graph of a query that names no dataset is the union of all.
        base_iri: against which relative IRIs are resolved; None refuses them.
        max_result_bytes: bytes of the answer.
        max_merge_quads: quads copied to merge default graphs.
        alarm_seconds: after which the worker ends itself, whatever happens.
        preview: set for an HTML page.
        only_parse: whether to do no more than find the faults of the text; the answer is empty.
    """

    text: str
    media_type: str
    prologue: str
    prefixes: dict[str, str]
    from_default: tuple[str, ...]
    from_named: tuple[str, ...]
    default_graphs: tuple[str, ...]
    named_graphs: tuple[str, ...]
    union_default_graph: bool
    base_iri: str | None
    max_result_bytes: int
    max_merge_quads: int
    alarm_seconds: float
    preview: Preview | None = None
    only_parse: bool = False

    def document(self) -> dict[str, Any]:
        """Return the job as a JSON object."""
        document = {name: getattr(self, name) for name in self.__slots__}
        return document | {"preview": asdict(self.preview) if self.preview else None}

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Job:
        """Read what `document` wrote."""
        preview = document.pop("preview")
        return cls(**document, preview=Preview(**preview) if preview else None)


class Output(Protocol):
    """Where the bytes of an answer go."""

    def write(self, data: bytes) -> int:
        """Take some bytes; raises to stop the evaluation."""

    def flush(self) -> None:
        """Do nothing: the output sends when it has enough."""


def evaluate(store: ox.Store, job: Job, output: Output) -> bool:
    """Evaluate a query and write its answer.

    Returns:
        Whether the answer was cut, which only a preview ever is.

    Raises:
        QuerySyntaxError: the query is not SPARQL 1.1.
        TooManyQuadsError: several default graphs cannot be merged.
    """
    try:
        results = _query(ox.Store() if job.only_parse else store, job)
    except SyntaxError as error:
        # A worker that never sees a broken query starts in half the time without the patterns of the lexer.
        from rembigraph.app.sparql.diagnosis import diagnose

        raise diagnose(job.text, str(error), lambda text: store.query(text, base_iri=job.base_iri)) from None
    if job.only_parse:
        return False
    if job.preview:
        return _write_preview(results, job, job.preview, output)
    _serialize(results, job, output)
    return False


# The dataset


def _query(store: ox.Store, job: Job) -> ox.QuerySolutions | ox.QueryTriples | ox.QueryBoolean:
    graphs = _dataset(store, job)
    if graphs is None:
        own = bool(job.from_default or job.from_named)
        # The engine's union flag overrides FROM: never both.
        union = job.union_default_graph and not own
        return store.query(
            job.text,
            base_iri=job.base_iri,
            use_default_graph_as_union=union,
            custom_functions=custom_functions(),
        )
    default_graphs, named_graphs = graphs
    if len(default_graphs) > 1:
        merged = _merge(store, default_graphs, named_graphs, job.max_merge_quads)
        return merged.query(
            job.text,
            base_iri=job.base_iri,
            default_graph=ox.DefaultGraph(),
            named_graphs=list[ox.NamedNode | ox.BlankNode](named_graphs),
            custom_functions=custom_functions(),
        )
    return store.query(
        job.text,
        base_iri=job.base_iri,
        default_graph=list[ox.NamedNode | ox.BlankNode | ox.DefaultGraph](default_graphs),
        named_graphs=list[ox.NamedNode | ox.BlankNode](named_graphs),
        custom_functions=custom_functions(),
    )


def _dataset(store: ox.Store, job: Job) -> tuple[list[ox.NamedNode], list[ox.NamedNode]] | None:
    """The default and the named graphs to set for the query; None leaves it to its own words."""
    if job.default_graphs or job.named_graphs:  # the request's dataset replaces the query's
        return _named(job.default_graphs), _named(job.named_graphs)
    if len(job.from_default) < 2:
        return None
    try:
        return _resolve(store, job, job.from_default), _resolve(store, job, job.from_named)
    except SyntaxError:
        return None  # the query itself has the same fault, at the place to report


def _resolve(store: ox.Store, job: Job, written: Sequence[str]) -> list[ox.NamedNode]:
    """Have the engine read graph names as it would in the query: prefixes, BASE and escapes."""
    if not written:
        return []
    query = f"{job.prologue}\nSELECT ?graph {{ VALUES ?graph {{ {' '.join(written)} }} }}"
    solutions = store.query(query, base_iri=job.base_iri)
    assert isinstance(solutions, ox.QuerySolutions)
    return _named(term.value for (term,) in solutions if isinstance(term, ox.NamedNode))


def _named(iris: Iterable[str]) -> list[ox.NamedNode]:
    return [ox.NamedNode(iri) for iri in dict.fromkeys(iris)]


def _merge(
    store: ox.Store,
    default_graphs: Sequence[ox.NamedNode],
    named_graphs: Sequence[ox.NamedNode],
    max_quads: int,
) -> ox.Store:
    """Copy graphs to memory, the default ones into one graph: a triple of several counts once, as it must."""
    merged = ox.Store()
    merged.bulk_extend(_copied(store, default_graphs, named_graphs, max_quads))
    for graph in named_graphs:
        merged.add_graph(graph)
    return merged


def _copied(
    store: ox.Store,
    default_graphs: Sequence[ox.NamedNode],
    named_graphs: Sequence[ox.NamedNode],
    max_quads: int,
) -> Iterator[ox.Quad]:
    left = max_quads
    for graphs, into_default in ((default_graphs, True), (named_graphs, False)):
        for graph in graphs:
            for quad in store.quads_for_pattern(None, None, None, graph):
                left -= 1
                if left < 0:
                    raise TooManyQuadsError
                yield ox.Quad(quad.subject, quad.predicate, quad.object) if into_default else quad


# Serialisation


def _serialize(
    results: ox.QuerySolutions | ox.QueryTriples | ox.QueryBoolean, job: Job, output: Output
) -> None:
    # pyoxigraph asks for an IO[bytes] and uses `write` and `flush`.
    target: Any = output
    if not isinstance(results, ox.QueryTriples):
        results_format = ox.QueryResultsFormat.from_media_type(job.media_type)
        assert results_format is not None
        results.serialize(target, format=results_format)
        return
    rdf_format = ox.RdfFormat.from_media_type(job.media_type)
    assert rdf_format is not None
    if rdf_format in _PLAIN_TEXT or not job.prefixes:
        results.serialize(target, format=rdf_format)
    else:
        ox.serialize(results, target, format=rdf_format, prefixes=job.prefixes)


def _write_preview(
    results: ox.QuerySolutions | ox.QueryTriples | ox.QueryBoolean, job: Job, preview: Preview, output: Output
) -> bool:
    if isinstance(results, ox.QueryBoolean):
        _serialize(results, job, output)
        return False
    if isinstance(results, ox.QueryTriples):
        triples, cut = _first_triples(results, preview)
        turtle = ox.serialize(triples, format=ox.RdfFormat.TURTLE, prefixes=job.prefixes)
        output.write(turtle or b"")
        return cut
    rows, cut = _first_rows(results, preview)
    variables = [variable.value for variable in results.variables]
    head = json.dumps({"vars": variables}, ensure_ascii=False)
    output.write(f'{{"head":{head},"results":{{"bindings":[{",".join(rows)}]}}}}'.encode())
    return cut


def _first_triples(results: ox.QueryTriples, preview: Preview) -> tuple[list[ox.Triple], bool]:
    triples: list[ox.Triple] = []
    size = 0
    for triple in results:
        size += len(str(triple).encode())
        if len(triples) >= preview.rows or size > preview.bytes:
            return triples, True
        triples.append(triple)
    return triples, False


def _first_rows(results: ox.QuerySolutions, preview: Preview) -> tuple[list[str], bool]:
    variables = [variable.value for variable in results.variables]
    most = min(preview.rows, preview.cells // max(len(variables), 1))
    rows: list[str] = []
    size = 0
    for solution in results:
        bindings = {
            name: term_document(term)
            for name, term in zip(variables, solution, strict=True)
            if term is not None
        }
        row = json.dumps(bindings, ensure_ascii=False)
        size += len(row.encode())
        if len(rows) >= most or size > preview.bytes:
            return rows, True
        rows.append(row)
    return rows, False


def term_document(term: Any) -> dict[str, Any]:
    """Write an RDF term as SPARQL 1.1 Query Results JSON does, quoted triples as SPARQL 1.2."""
    if isinstance(term, ox.NamedNode):
        return {"type": "uri", "value": term.value}
    if isinstance(term, ox.BlankNode):
        return {"type": "bnode", "value": term.value}
    if isinstance(term, ox.Triple):
        parts = {"subject": term.subject, "predicate": term.predicate, "object": term.object}
        return {"type": "triple", "value": {name: term_document(part) for name, part in parts.items()}}
    document = {"type": "literal", "value": term.value}
    if term.language:
        document["xml:lang"] = term.language
    elif term.datatype.value != "http://www.w3.org/2001/XMLSchema#string":
        document["datatype"] = term.datatype.value
    return document
