"""The W3C's SPARQL 1.1 cases over HTTP, by `rembigraph serve --dataset`: what passes there is what pyoxigraph passes.

Query evaluation and result formats are judged twice, by the HTTP answer and by pyoxigraph in this process: both must
agree. Protocol cases pass by their own expected status; updates pass by being refused.
"""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pyoxigraph as ox
import pytest
from rdflib import RDF, Graph, Literal, Namespace, URIRef
from rdflib.collection import Collection
from rdflib.plugins.sparql.results.rdfresults import RDFResult
from rdflib.term import Node
from sparql_server import Served, serving

MF = Namespace("http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#")
QT = Namespace("http://www.w3.org/2001/sw/DataAccess/tests/test-query#")
UT = Namespace("http://www.w3.org/2009/sparql/tests/test-update#")
HT = Namespace("http://www.w3.org/2011/http#")
CNT = Namespace("http://www.w3.org/2011/content#")
HTS = "http://www.w3.org/2011/http-statusCodes#StatusCode"
XSD = "http://www.w3.org/2001/XMLSchema#"
SD = "http://www.w3.org/ns/sparql-service-description#"
SUITES = ("aggregates", "csv-tsv-res", "functions", "json-res", "property-path")
ROOT = (
    Path(os.environ.get("REMBIGRAPH_SHARED") or Path(__file__).resolve().parents[3] / "shared")
    / "w3c"
    / "sparql"
    / "sparql11"
)
EVALUATION = {MF.QueryEvaluationTest, MF.CSVResultFormatTest}

# What pyoxigraph itself does not pass; over HTTP it fails alike.
_TAGGED = "the engine's GROUP_CONCAT of literals with a language tag is no plain string"
_ABSENT = "to the engine, a path of no length does not begin or end at a constant that the data do not hold"
KNOWN = {
    "aggregates/agg-empty-group-count-graph": "the engine counts over all graphs together, and ?g is unbound",
    "aggregates/agg-groupconcat-04": _TAGGED,
    "aggregates/agg-groupconcat-06": _TAGGED,
    "csv-tsv-res/tsv03": "the engine's store keeps xsd:negativeInteger as xsd:integer",
    "functions/bnode01": "the engine's BNODE gives one blank node per argument over all solutions",
    "property-path/zero_or_more_set_end": _ABSENT,
    "property-path/zero_or_more_set_start": _ABSENT,
    "property-path/zero_or_one_set_end": _ABSENT,
    "property-path/zero_or_one_set_start": _ABSENT,
}
# Protocol cases whose expected status is success, and which a read-only endpoint refuses.
REFUSED_UPDATES = "the endpoint is read-only: an update is refused in words"

pytestmark = pytest.mark.skipif(not ROOT.is_dir(), reason="the W3C's cases are not here (REMBIGRAPH_SHARED)")


@dataclass(frozen=True)
class Case:
    """An evaluation case: a query over files, and what it must give."""

    name: str
    query: Path
    data: tuple[Path, ...]
    graphs: tuple[Path, ...]
    result: Path


@dataclass(frozen=True)
class Exchange:
    """A request of a protocol case, and what the answer must be."""

    name: str
    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    statuses: frozenset[str]
    boolean: bool | None


def path_of(node: Node) -> Path:
    return Path(str(node).removeprefix("file://"))


def manifest(suite: str) -> tuple[Graph, list[Node]]:
    path = ROOT / suite / "manifest.ttl"
    graph = Graph().parse(path, format="turtle", publicID=path.as_uri())
    head = graph.value(predicate=RDF.type, object=MF.Manifest)
    entries = graph.value(head, MF.entries)
    assert entries is not None
    return graph, list(Collection(graph, entries))


@cache
def cases() -> tuple[Case, ...]:
    """All evaluation cases, those over the same files next to each other."""
    found = []
    for suite in SUITES:
        graph, entries = manifest(suite)
        for entry in entries:
            if graph.value(entry, RDF.type) not in EVALUATION:
                continue
            action, result = graph.value(entry, MF.action), graph.value(entry, MF.result)
            query = graph.value(action, QT.query)
            assert query is not None
            assert result is not None
            data = tuple(sorted(map(path_of, graph.objects(action, QT.data))))
            graphs = tuple(sorted(map(path_of, graph.objects(action, QT.graphData))))
            name = f"{suite}/{str(entry).rpartition('#')[2]}"
            found.append(Case(name, path_of(query), data, graphs, path_of(result)))
    return tuple(sorted(found, key=lambda case: (case.data, case.graphs, case.name)))


def read_file(path: Path) -> Iterator[ox.Quad]:
    """The triples of a data file, its blank nodes its own."""
    rdf_format = ox.RdfFormat.from_extension(path.suffix[1:])
    assert rdf_format is not None
    return ox.parse(path=str(path), format=rdf_format, base_iri=path.as_uri(), rename_blank_nodes=True)


def dataset_of(case: Case) -> ox.Store:
    """The files of a case in a store; a named graph has the address of its file."""
    store = ox.Store()
    for path in case.data:
        store.extend(read_file(path))
    for path in case.graphs:
        graph = ox.NamedNode(path.as_uri())
        store.add_graph(graph)
        store.extend(ox.Quad(each.subject, each.predicate, each.object, graph) for each in read_file(path))
    return store


def comparable(results: bytes, media_type: str, base: Path) -> object:
    """What a result says, whatever order its rows have and its blank nodes are called."""
    if media_type == "text/csv":
        rows = list(csv.DictReader(io.StringIO(results.decode())))
        return Counter(frozenset((name, plain_value(value)) for name, value in row.items()) for row in rows)
    rdf_format = ox.RdfFormat.from_media_type(media_type)
    if rdf_format is not None:
        return canonical(ox.parse(results, format=rdf_format, base_iri=base.as_uri()))
    parsed = ox.parse_query_results(results, format=ox.QueryResultsFormat.from_media_type(media_type))
    if isinstance(parsed, ox.QueryBoolean):
        return bool(parsed)
    variables = [each.value for each in parsed.variables]
    return frozenset(variables), canonical(solution_quads(parsed, variables))


def plain_value(text: str) -> str:
    """A value in CSV: a number by its value, a blank node without its name."""
    try:
        return repr(float(text))
    except ValueError:
        return "_:" if text.startswith("_:") else text


def by_value(
    term: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple,
) -> ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple:
    """A number in one spelling per value and datatype, as the W3C's cases are compared; other terms as they are."""
    if not isinstance(term, ox.Literal) or not term.datatype.value.startswith(XSD):
        return term
    kind = term.datatype.value.removeprefix(XSD)
    if kind in ("integer", "decimal"):
        return ox.Literal(str(Decimal(term.value).normalize()), datatype=term.datatype)
    if kind in ("double", "float"):
        return ox.Literal(repr(float(term.value)), datatype=term.datatype)
    return term


def solution_quads(solutions: ox.QuerySolutions, variables: list[str]) -> Iterator[ox.Quad]:
    for solution in solutions:
        row = ox.BlankNode()
        yield ox.Quad(row, ox.NamedNode("urn:row"), ox.Literal("row"))
        for name, term in zip(variables, solution, strict=True):
            if term is not None:
                yield ox.Quad(row, ox.NamedNode(f"urn:variable:{name}"), by_value(term))


def canonical(quads: Iterable[ox.Quad]) -> frozenset[str]:
    dataset = ox.Dataset(quads)
    dataset.canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
    return frozenset(map(str, dataset))


MEDIA_TYPES = {
    ".srx": "application/sparql-results+xml",
    ".srj": "application/sparql-results+json",
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".ttl": "text/turtle",
}


def query_of(case: Case) -> str:
    return f"BASE <{case.query.as_uri()}>\n{case.query.read_text(encoding='utf-8')}"


def recorded_result(case: Case) -> tuple[str, bytes]:
    """What a case expects: the format to ask for, and the result in it; some results are written as RDF."""
    media_type, recorded = MEDIA_TYPES[case.result.suffix], case.result.read_bytes()
    if media_type != "text/turtle" or b"result-set#" not in recorded:
        return media_type, recorded
    document = RDFResult(
        Graph().parse(data=recorded, format="turtle", publicID=case.result.as_uri())
    ).serialize(format="json")
    assert document is not None
    return MEDIA_TYPES[".srj"], document


def in_process(case: Case, media_type: str) -> bytes:
    results = dataset_of(case).query(query_of(case))
    if isinstance(results, ox.QueryTriples):
        return results.serialize(format=ox.RdfFormat.from_media_type(media_type)) or b""
    return results.serialize(format=ox.QueryResultsFormat.from_media_type(media_type)) or b""


@contextmanager
def serving_bytes(nquads: bytes, folder: Path) -> Iterator[Served]:
    file = folder / "dataset.nq"
    file.write_bytes(nquads)
    with serving("--dataset", str(file), query_workers="1") as served:
        yield served


def all_files() -> bytes:
    """Every data file of the cases as N-Quads, in a graph that has the address of the file."""
    quads: list[ox.Quad] = []
    for path in sorted({path for case in cases() for path in (*case.data, *case.graphs)}):
        graph = ox.NamedNode(path.as_uri())
        quads += [ox.Quad(each.subject, each.predicate, each.object, graph) for each in read_file(path)]
    return ox.serialize(quads, format=ox.RdfFormat.N_QUADS) or b""


def dataset_parameters(case: Case) -> dict[str, list[str]]:
    """The dataset of a case in words of the protocol; one without data has an empty default graph."""
    default = [path.as_uri() for path in case.data] or ["urn:empty"]
    return {"default-graph-uri": default, "named-graph-uri": [path.as_uri() for path in case.graphs]}


def test_evaluation_and_result_formats(tmp_path: Path) -> None:
    """Every case over HTTP passes or fails as it does in process; what fails is listed with a reason."""
    failed, disagreeing = [], []
    with serving_bytes(all_files(), tmp_path) as served, httpx.Client(timeout=30) as client:
        for case in cases():
            media_type, recorded = recorded_result(case)
            expected = comparable(recorded, media_type, case.query)
            answer = client.post(
                served.sparql,
                params=dataset_parameters(case),
                content=query_of(case).encode(),
                headers={"accept": media_type, "content-type": "application/sparql-query"},
            )
            assert answer.status_code == 200, (case.name, answer.text)
            passes = comparable(answer.content, media_type, case.query) == expected
            if passes != (comparable(in_process(case, media_type), media_type, case.query) == expected):
                disagreeing.append(case.name)
            if not passes:
                failed.append(case.name)
    assert disagreeing == []
    assert sorted(failed) == sorted(KNOWN)
    assert len(cases()) >= 150


# The protocol


@cache
def exchanges() -> tuple[Exchange, ...]:
    graph, entries = manifest("protocol")
    found = []
    for entry in entries:
        connection = graph.value(entry, MF.action)
        requests = graph.value(connection, HT.requests)
        assert requests is not None
        for request in Collection(graph, requests):
            found.append(exchange_of(graph, str(entry).rpartition("#")[2], request))
    return tuple(found)


def exchange_of(graph: Graph, name: str, request: Node) -> Exchange:
    headers = graph.value(request, HT.headers)
    fields = Collection(graph, headers) if headers else ()
    response = graph.value(request, HT.resp)
    body = graph.value(request, HT.body)
    text = graph.value(body, CNT.chars) if body else None
    encoding = str(graph.value(body, CNT.characterEncoding) or "UTF-8") if body else "UTF-8"
    boolean = graph.value(response, MF.expectedBoolean)
    return Exchange(
        name,
        str(graph.value(request, HT.methodName)),
        str(graph.value(request, HT.absolutePath)).removeprefix("/sparql/"),
        tuple(
            (str(graph.value(each, HT.fieldName)), str(graph.value(each, HT.fieldValue))) for each in fields
        ),
        str(text or "").encode(encoding),
        frozenset(str(each).removeprefix(HTS)[0] for each in graph.objects(response, MF.expectedStatus)),
        bool(boolean) if isinstance(boolean, Literal) else None,
    )


def is_update(exchange: Exchange) -> bool:
    return "update" in exchange.name.replace("bad_update", "")


def protocol_data() -> bytes:
    graph, _ = manifest("protocol")
    quads: dict[str, list[ox.Quad]] = {}
    for node in set(graph.objects(predicate=UT.graphData)):
        path, label = (
            graph.value(node, UT.graph),
            graph.value(node, URIRef("http://www.w3.org/2000/01/rdf-schema#label")),
        )
        assert path is not None
        name = ox.NamedNode(str(label))
        parsed = ox.parse(path=str(path_of(path)), format=ox.RdfFormat.N_TRIPLES)
        quads[str(label)] = [ox.Quad(each.subject, each.predicate, each.object, name) for each in parsed]
    return (
        ox.serialize((quad for each in quads.values() for quad in each), format=ox.RdfFormat.N_QUADS) or b""
    )


def test_protocol(tmp_path: Path) -> None:
    """Each case by its own expected status; of updates, the requests that would change something are refused."""
    wrong = []
    with serving_bytes(protocol_data(), tmp_path) as served, httpx.Client(timeout=30) as client:
        for each in exchanges():
            headers = {"accept": "application/sparql-results+json, text/turtle", **dict(each.headers)}
            url = served.sparql + each.target
            answer = client.request(each.method, url, content=each.body or None, headers=headers)
            status = str(answer.status_code)[0]
            if is_update(each) and "sparql-results" not in answer.headers["content-type"]:
                right = status == "4" and "read-only" in answer.text
            else:
                right = status in each.statuses or is_update(each)
                right = right and (
                    each.boolean is None or is_update(each) or answer.json()["boolean"] is each.boolean
                )
            if not right:
                wrong.append((each.name, answer.status_code, answer.text[:200]))
    assert wrong == []
    assert len({each.name for each in exchanges()}) >= 30


# The service description


def test_service_description(tmp_path: Path) -> None:
    """The three cases: RDF comes, names this endpoint, and keeps to the vocabulary's domains and cardinalities."""
    with serving_bytes(b"<urn:s> <urn:p> <urn:o> .\n", tmp_path) as served:
        answer = httpx.get(served.sparql, headers={"accept": "text/turtle"})
    assert answer.status_code == 200
    triples = list(ox.parse(answer.content, format=ox.RdfFormat.TURTLE))
    rdf_type = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
    services = [
        each.subject
        for each in triples
        if each.predicate.value == rdf_type and each.object == ox.NamedNode(SD + "Service")
    ]
    assert len(services) == 1
    endpoints = [each for each in triples if each.predicate.value == SD + "endpoint"]
    assert [(each.subject, each.object) for each in endpoints] == [(services[0], ox.NamedNode(served.sparql))]
    of_service = {"endpoint", "supportedLanguage", "resultFormat", "feature", "defaultDataset", "inputFormat"}
    for each in triples:
        local = each.predicate.value.removeprefix(SD)
        if local in of_service:
            assert each.subject == services[0]
            assert not isinstance(each.object, ox.Literal)
    assert urljoin(served.url, "sparql") == served.sparql
