"""The vocabulary over HTTP: forms, anchors, term pages with live counts, shapes, context, hostile names."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import threading
from collections import Counter
from types import SimpleNamespace
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pyoxigraph as ox
import pytest
import rdflib
import uvicorn
from fastapi import FastAPI
from rdflib.compare import isomorphic
from rembigraph.app import problems
from rembigraph.app.main import create_app
from rembigraph.app.pages import vocabulary_changes as released
from rembigraph.app.pages.rendering import HTML_HEADERS, make_renderer
from rembigraph.app.pages.vocabulary import vocabulary_router
from rembigraph.app.pages.vocabulary_diagram import boxes, lines
from rembigraph.app.pages.vocabulary_rules import rules
from rembigraph.app.pages.vocabulary_terms import terms
from rembigraph.app.sparql.limits import QueryLimits
from rembigraph.app.sparql.service import QueryService
from rembigraph.catalogue.following import Reader
from rembigraph.catalogue.home import Home
from rembigraph.ontology.errors import QueryTimeout
from rembigraph.ontology.fields import classes, generated, schema_version
from rembigraph.ontology.identifiers import SHAPES, VOCABULARY
from rembigraph.shapes import shape_files

from tests.conftest import DATA
from tests.parsed_page import Page

pytestmark = pytest.mark.filterwarnings(
    "ignore:ConjunctiveGraph:DeprecationWarning"
)  # rdflib's own JSON-LD parser

PUBLIC = "https://catalogue.example/imaging"
HTML = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
FORMS = {
    "ttl": ("text/turtle", "turtle", ox.RdfFormat.TURTLE),
    "jsonld": ("application/ld+json", "json-ld", ox.RdfFormat.JSON_LD),
    "rdf": ("application/rdf+xml", "xml", ox.RdfFormat.RDF_XML),
    "nt": ("application/n-triples", "nt", ox.RdfFormat.N_TRIPLES),
}
PAGES = ["/ns", "/ns/changes", "/shapes", "/ns/term/Image", "/ns/term/imagingMethod", "/ns/term/Archives"]
PAGES += ["/ns/term/EMPIAR", "/ns/term/Study", "/ns/term/contributes", "/ns/nothing"]


@pytest.fixture(scope="module")
def client(made_up):
    """A client of a running server of the made-up catalogue, workers and all."""
    app = create_app(made_up.home, PUBLIC, QueryLimits(workers=1, spares=0))
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # without Nagle's delay
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="on", ws="none"))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        while not server.started and thread.is_alive():
            threading.Event().wait(0.02)
        with httpx.Client(base_url=address, timeout=30) as opened:
            yield opened
    finally:
        server.should_exit = True
        thread.join(timeout=20)
        listener.close()


@pytest.fixture(scope="module")
def committed():
    return rdflib.Graph().parse(data=generated("rembi.ttl"), format="turtle")


@pytest.fixture
def store(made_up):
    reader = Reader(made_up.home)
    with reader.snapshot() as snapshot:
        yield ox.Store.read_only(str(snapshot.store_path))
    reader.close()


def page(client, path, status=200):
    answer = client.get(path, headers=HTML)
    assert answer.status_code == status, answer.text[:300]
    return Page(answer.text)


# --- forms


@pytest.mark.parametrize("suffix", FORMS)
@pytest.mark.parametrize("path", ["/ns", f"/ns/{schema_version()}"])
def test_every_form_is_the_committed_ontology(client, committed, path, suffix):
    media_type, name, form = FORMS[suffix]
    asked = client.get(path, headers={"Accept": media_type})
    named = client.get(f"{path}.{suffix}")
    assert asked.status_code == named.status_code == 200
    assert asked.content == named.content
    assert asked.headers["content-type"].split(";")[0] == media_type
    assert isomorphic(rdflib.Graph().parse(data=asked.content, format=name), committed)
    assert len(list(ox.parse(asked.content, form))) == len(committed)


@pytest.mark.slow
@pytest.mark.parametrize("suffix", FORMS)
def test_every_form_of_the_shapes_is_the_committed_files(client, suffix):
    media_type, name, form = FORMS[suffix]
    wanted = {_plain(q) for text in shape_files().values() for q in ox.parse(text, ox.RdfFormat.TURTLE)}
    asked = client.get("/shapes", headers={"Accept": media_type})
    found = {_plain(quad) for quad in ox.parse(asked.content, form)}
    assert len(found) == len(wanted)
    assert {t for t in found if not _nameless(t)} == {t for t in wanted if not _nameless(t)}
    if name != "turtle":
        data = client.get("/shapes.ttl").content
        turtle = rdflib.Graph().parse(data=data, format="turtle")
        assert isomorphic(rdflib.Graph().parse(data=asked.content, format=name), turtle)


def _plain(quad):
    """A triple; rdflib writes the double 0e0 as 0.0."""
    value = quad.object
    if isinstance(value, ox.Literal) and value.datatype.value.endswith("#double"):
        return quad.subject, quad.predicate, float(value.value)
    return quad.subject, quad.predicate, value


def _nameless(triple):
    return any(isinstance(node, ox.BlankNode) for node in triple)


@pytest.mark.slow
def test_forms_are_the_same_bytes_in_another_process(client):
    """So entity tags hold across processes and restarts, whatever the hash seed."""
    code = (
        "import hashlib\n"
        "from rembigraph.app.pages.vocabulary_forms import FORMS_OFFERED, ontology_form, shapes_form\n"
        "print(*(hashlib.sha256(make(name)).hexdigest() for make in (ontology_form, shapes_form)"
        " for name in FORMS_OFFERED))"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, check=True, capture_output=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(runs) == 1


@pytest.mark.parametrize(
    ("path", "accept", "got"),
    [
        ("/ns", None, "text/html"),
        ("/ns", "*/*", "text/html"),
        ("/ns", HTML["Accept"], "text/html"),
        ("/ns", "text/turtle;q=0.5, text/html;q=0.4", "text/turtle"),
        ("/ns", "application/*", "application/ld+json"),
        ("/ns", "text/*;q=0.3, application/rdf+xml", "application/rdf+xml"),
        ("/ns", "application/rdf+xml, text/turtle;q=0.9", "application/rdf+xml"),
        ("/ns", "text/html;q=0, */*", "text/turtle"),
        ("/ns/" + schema_version(), "application/n-triples", "application/n-triples"),
        ("/shapes", None, "text/turtle"),
        ("/shapes", "*/*", "text/turtle"),
        ("/shapes", HTML["Accept"], "text/html"),
        ("/shapes", "application/ld+json", "application/ld+json"),
        ("/ns/changes", "application/json", "application/json"),
        ("/ns/changes", None, "text/html"),
        ("/context.jsonld", "application/json", "application/ld+json"),
    ],
)
def test_the_form_is_the_one_that_is_liked_best(client, path, accept, got):
    request = client.build_request("GET", path)
    request.headers.pop("accept", None)
    if accept:
        request.headers["accept"] = accept
    answer = client.send(request)
    assert answer.status_code == 200
    assert answer.headers["content-type"].split(";")[0] == got


@pytest.mark.parametrize(
    "path", ["/ns", "/ns/" + schema_version(), "/shapes", "/ns/changes", "/ns/term/Image"]
)
def test_nothing_acceptable_is_406(client, path):
    answer = client.get(path, headers={"Accept": "image/png"})
    assert answer.status_code == 406
    assert answer.headers["content-type"] == "application/problem+json"
    assert "text/html" in answer.json()["offered"]


@pytest.mark.parametrize(
    "path", ["/ns", "/ns.ttl", "/shapes", "/shapes.nt", "/context.jsonld", "/ns/changes"]
)
def test_validators_head_and_cors(client, path):
    got = client.get(path, headers={"Accept": "application/*, text/turtle"})
    again = client.get(
        path, headers={"Accept": "application/*, text/turtle", "If-None-Match": got.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == got.headers["etag"]
    head = client.head(path, headers={"Accept": "application/*, text/turtle"})
    ignored = {"date", "server"}
    assert head.content == b""
    assert {k: v for k, v in head.headers.items() if k not in ignored} == {
        k: v for k, v in got.headers.items() if k not in ignored
    }
    assert got.headers["access-control-allow-origin"] == "*"
    if "context" not in path:
        assert got.headers["vary"] == "Accept, Accept-Encoding"


def test_links_name_the_other_forms_and_the_public_address(client):
    answer = client.get("/ns", headers={"Accept": "text/turtle"})
    links = re.findall(r'<([^>]*)>; rel="([^"]*)"(?:; type="([^"]*)")?', answer.headers["link"])
    assert (f"{PUBLIC}/ns", "canonical", "") in links
    alternates = {(address, kind) for address, rel, kind in links if rel == "alternate"}
    assert alternates == {
        (f"{PUBLIC}/ns.html", "text/html"),
        *((f"{PUBLIC}/ns.{suffix}", FORMS[suffix][0]) for suffix in FORMS if suffix != "ttl"),
    }
    assert answer.headers["content-location"] == f"{PUBLIC}/ns.ttl"


# --- the context


def test_the_context_reads_a_compact_document(client):
    context = json.loads(client.get("/context.jsonld").content)["@context"]
    name, entry = next(
        (name, entry)
        for name, entry in context.items()
        if isinstance(entry, dict) and entry.get("@id", "") == VOCABULARY + "ofSpecimen"
    )
    document = json.dumps(
        {
            "@context": context,
            "@id": DATA + "EXAMPLE-1",
            "@type": "Image",
            name: DATA + "EXAMPLE-1/specimen/a",
        }
    )
    graph = rdflib.Graph().parse(data=document, format="json-ld")
    assert set(graph.predicates()) == {rdflib.RDF.type, rdflib.URIRef(VOCABULARY + "ofSpecimen")}
    assert graph.value(predicate=rdflib.RDF.type, object=rdflib.URIRef(VOCABULARY + "Image"))
    other = rdflib.Graph()
    for quad in ox.parse(document, ox.RdfFormat.JSON_LD):
        other.parse(data=f"{quad.triple} .", format="nt")
    assert isomorphic(graph, other)
    assert entry["@id"] == VOCABULARY + "ofSpecimen"


# --- pages


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_sound(client, path):
    answer = client.get(path, headers=HTML)
    for name, value in HTML_HEADERS.items():
        assert answer.headers[name] == value
    found = Page(answer.text)
    assert len([tag for tag, _ in found.elements if tag == "h1"]) == 1
    assert not {tag for tag, _ in found.elements} & {"script", "style", "iframe", "object", "embed", "img"}
    for _, attrs in found.elements:
        assert not any(name.startswith("on") or name == "style" for name in attrs)
    assert [each for each, count in Counter(found.ids).items() if count > 1] == []
    for attrs in found.links:
        if not attrs["href"].startswith(("/imaging", "#")):
            assert urlsplit(attrs["href"]).scheme in {"http", "https"}
            assert {"noopener", "nofollow", "external"} <= set(attrs["rel"].split())
    anchors = {attrs["href"][1:] for attrs in found.links if attrs["href"].startswith("#")}
    assert anchors <= set(found.ids)


def test_the_document_has_an_anchor_for_each_term_and_says_what_it_is(client, committed):
    found = page(client, "/ns")
    ours = {str(s).removeprefix(VOCABULARY) for s in committed.subjects() if str(s).startswith(VOCABULARY)}
    assert len(ours) > 200
    assert ours <= set(found.ids)
    for text in ("Not registered at w3id.org yet", schema_version(), VOCABULARY, "Rembigraph ontology"):
        assert text in found.text
    assert f"/imaging/ns/term/{'Image'}" in {attrs["href"] for attrs in found.links}


def test_the_diagram_shows_properties_of_the_model_and_describes_itself(client):
    assert {"Study", "Image"} <= {*boxes(), "Study"} <= set(classes())
    for line in lines():
        names = {each.iri.rsplit("#")[-1].rsplit("/")[-1] for each in classes()[line.source].fields.values()}
        assert set(line.labels) <= names
    assert len(lines()) > 15
    found = page(client, "/ns")
    svg = [attrs for tag, attrs in found.elements if tag == "svg" and "aria-labelledby" in attrs]
    assert [each["aria-labelledby"] for each in svg] == ["diagram-title diagram-desc"]
    assert {"diagram-title", "diagram-desc"} <= set(found.ids)


def test_boxes_of_the_diagram_lie_apart_and_inside():
    from rembigraph.app.pages.vocabulary_diagram import BOX_HEIGHT, HEIGHT, WIDTH

    found = list(boxes().values())
    for box in found:
        assert box.left > 5
        assert box.left + box.width < WIDTH - 5
        assert 26 < box.top < HEIGHT - BOX_HEIGHT - 6
        for other in found:
            apart = abs(box.x - other.x) * 2 >= box.width + other.width + 8
            assert box is other or apart or abs(box.y - other.y) >= BOX_HEIGHT + 8


def test_words_of_level_arrows_have_room():
    for line in lines():
        if line.start[1] == line.end[1]:
            assert abs(line.end[0] - line.start[0]) > max(7 * len(label) for label in line.labels), line


@pytest.mark.crawl
def test_every_term_has_a_page(client):
    for term in terms().values():
        answer = client.get(f"/ns/term/{term.name}", headers=HTML)
        assert answer.status_code == 200, term.name
        found = Page(answer.text)
        assert term.iri in found.text
        assert " ".join(term.definition.split()) in found.text
        assert "cannot be said now" not in found.text, term.name
        assert all(re.match(r"/imaging(/|$)|#|https?://", attrs["href"]) for attrs in found.links)


def test_terms_and_rules_lead_to_each_other(client):
    shapes = page(client, "/shapes")
    named = {rule.name for rule in rules()}
    assert named <= set(shapes.ids)
    about = [rule for rule in rules() if VOCABULARY + "Image" in rule.targets]
    found = page(client, "/ns/term/Image")
    assert about
    for rule in about:
        assert " ".join(rule.message.split()) in found.text
        assert f"/imaging/shapes#{rule.name}" in {attrs["href"] for attrs in found.links}
    graph = rdflib.Graph()
    for text in shape_files().values():
        graph.parse(data=text, format="turtle")
    with_message = {str(s).removeprefix(SHAPES) for s in graph.subjects(rdflib.SH.severity)}
    assert with_message <= named


@pytest.mark.crawl
def test_every_link_to_this_site_leads_somewhere(client):
    seen = set()
    for path in PAGES[:-2]:
        for attrs in page(client, path).links:
            target = attrs["href"].split("#")[0].removeprefix("/imaging")
            if attrs["href"].startswith("/imaging") and target not in seen and "/sparql?" not in target:
                seen.add(target)
    for target in sorted(seen):
        assert client.get(target or "/", headers=HTML).status_code == 200, target


# --- live counts


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("Study", "?thing a <{}>"),
        ("Image", "?thing a <{}>"),
        ("Specimen", "?thing a <{}>"),
        ("imagingMethod", "?thing <{}> ?value"),
        ("ofSpecimen", "?thing <{}> ?value"),
        ("EMPIAR", "?thing ?property <{}>"),
        ("SameAuthors", "?thing ?property <{}>"),
    ],
)
def test_counts_are_those_of_the_store(client, store, name, pattern):
    if name not in terms():
        pytest.skip("the ontology has no such term")
    where = pattern.format(VOCABULARY + name)
    # The default graph as a program would make it: every statement once, whoever states it.
    rows = store.query(f"SELECT DISTINCT * {{ {where} }}", use_default_graph_as_union=True)
    things = {row["thing"] for row in rows}
    found = page(client, f"/ns/term/{name}")
    if not things:
        assert "No record here uses it" in found.text
        return
    counted = next(
        query for query in _queries(found) if "COUNT" in query
    )  # the query that is shown is the one that was asked
    answer = client.get("/sparql", params={"query": counted}, headers={"Accept": "text/csv"})
    uses, of = (int(each) for each in answer.text.split()[1].split(","))
    assert of == len(things)
    numbers = found.text.replace("\u202f", "")
    said = f"{of} thing" if terms()[name].kind == "class" else f"{uses} statement"
    assert said in numbers
    examples = {attrs["href"] for attrs in found.links if re.match(r"/imaging/[A-Z]", attrs["href"])}
    served = {f"/imaging/{thing.value.removeprefix(DATA)}" for thing in things}
    assert examples
    assert len(examples & served) == min(5, len(things))


def _queries(found):
    return [
        parse_qs(urlsplit(attrs["href"]).query)["query"][0]
        for attrs in found.links
        if attrs["href"].startswith("/imaging/sparql?")
    ]


def _app(service, home):
    render = make_renderer(PUBLIC, DATA)
    app = FastAPI()
    problems.install(app, render)
    app.include_router(
        vocabulary_router(service, Reader(home), public_url=PUBLIC, data_base=DATA, render=render)
    )
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=PUBLIC.removesuffix("/imaging"))


class Refusing:
    """A query service that never answers in time."""

    def __init__(self):
        self.asked = 0

    def admit(self, text):
        return text

    async def answer(self, *_, **__):
        self.asked += 1
        raise QueryTimeout("the query <b>took</b> too long")


def _get(service, home, *paths):
    import asyncio

    async def ask():
        async with _app(service, home) as client:
            return [await client.get(path, headers=HTML) for path in paths]

    return asyncio.run(ask())


def test_a_failing_query_is_said_in_words_and_asked_again(made_up):
    service = Refusing()
    answers = _get(service, made_up.home, "/ns/term/Image", "/ns/term/Image")
    for answer in answers:
        assert answer.status_code == 200
        assert (
            "How often it is used cannot be said now: the query &lt;b&gt;took&lt;/b&gt; too long"
            in answer.text
        )
    assert service.asked == 2


def test_counts_are_asked_once_a_generation(made_up):
    class Counting(Refusing):
        async def answer(self, query, *_, **__):
            self.asked += 1
            rows = [{"uses": {"value": "0"}, "things": {"value": "0"}}]
            return _Answer(json.dumps({"results": {"bindings": rows}}).encode())

    service = Counting()
    answers = _get(service, made_up.home, "/ns/term/Image", "/ns/term/Image")
    assert [answer.status_code for answer in answers] == [200, 200]
    assert "No record here uses it" in answers[0].text
    assert service.asked == 1


class _Answer(SimpleNamespace):
    def __init__(self, body):
        super().__init__(body=body, close=lambda: None)

    async def __aiter__(self):
        yield self.body


def test_the_vocabulary_is_served_before_anything_is_loaded(tmp_path):
    home = Home.init(tmp_path / "empty", DATA)
    answers = _get(Refusing(), home, "/ns", "/ns/term/Image", "/shapes")
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert "cannot be said now" in answers[1].text


def test_every_shown_query_passes_the_gate():
    from rembigraph.app.pages.vocabulary_usage import count_query, example_query

    service = QueryService(lambda: None, QueryLimits())
    for term in terms().values():
        for query in (count_query(term), example_query(term)):
            service.admit(query)
            ox.Store().query(query)


# --- versions, changes, errors


def test_the_current_version_is_the_same_document_and_others_are_unknown(client):
    assert (
        client.get(f"/ns/{schema_version()}", headers=HTML).content == client.get("/ns", headers=HTML).content
    )
    for path in ("/ns/9.9.9", "/ns/9.9.9.ttl", "/ns/.ttl", f"/ns/{schema_version()}.csv", "/ns/latest"):
        answer = client.get(path)
        assert answer.status_code == 404, path
        assert f"known versions: {schema_version()}" in answer.json()["fix"]
    assert client.get("/ns.csv").status_code == 404
    assert client.get("/shapes.exe").status_code == 404


def test_changes_name_every_term(client):
    answer = client.get("/ns/changes", headers={"Accept": "application/json"}).json()
    named = {term["iri"] for version in answer["versions"] for term in version["terms"]}
    assert {term.iri for term in terms().values()} <= named
    assert answer["current"] == schema_version()
    assert "Version " + schema_version() in page(client, "/ns/changes").text


def test_changes_follow_the_file_of_released_terms():
    text = "term\tsince\tstatus\nrembi:Image\t0.1.0\t\nrembi:Gone\t0.1.0\tdeprecated\nrembi:Axis\t0.10.0\tcurrent\n"
    found = released.versions(text)
    assert [version.number for version in found] == ["", "0.10.0", "0.1.0"]
    assert [(each.name, each.status) for each in found[2].changes] == [("Gone", "deprecated"), ("Image", "")]
    assert [each.name for each in found[1].changes] == ["Axis"]
    assert {"Study", "Specimen"} <= {each.name for each in found[0].changes}
    assert {change.since for change in released.changes("").values()} == {schema_version()}


@pytest.mark.parametrize(
    "name",
    [
        "Nothing",
        "image ",
        "<script>alert(1)</script>",
        "Image\u202egnp",
        "Image%00",
        "__class__",
        "A" * 5000,
        "Image } UNION { ?s ?p ?o",
        "%",
        "Ima\u0301ge",
    ],
)
def test_hostile_and_unknown_names_are_404(client, name):
    answer = client.get(f"/ns/term/{quote(name, safe='')}", headers=HTML)
    assert answer.status_code == 404
    assert "<script" not in answer.text
    assert "\u202e" not in answer.text
    assert len(answer.content) < 10_000
    Page(answer.text)


def test_a_name_right_below_the_ontology_leads_to_its_page(client):
    there = client.get("/ns/Image", follow_redirects=False)
    assert (there.status_code, there.headers["location"].rpartition("/ns/")[2]) == (303, "term/Image")
    unknown = client.get("/ns/Imag", headers={"Accept": "application/json"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown-term")


def test_an_unknown_name_is_told_what_is_near(client):
    assert client.get("/ns/term/imageing").json()["fix"].startswith("near it: image")
    assert client.get("/ns/term/Image/more").status_code == 404


def test_only_reading_is_allowed(client):
    for path in ("/ns", "/shapes", "/context.jsonld", "/ns/term/Image"):
        assert client.post(path).status_code == 405
