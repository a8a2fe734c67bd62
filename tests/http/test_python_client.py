"""The Python client over HTTP: the same answers as from the folder, and clear errors about servers."""

import doctest
import http.server
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import rdflib
from pyoxigraph import RdfFormat, parse
from rdflib.compare import isomorphic
from rembigraph import Catalogue
from rembigraph.app.problems import STATUSES, Problem
from rembigraph.catalogue.exports import EXPORTS, citation_text
from rembigraph.catalogue.home import Home
from rembigraph.client import server as client_server
from rembigraph.client.errors import (
    BrokenAnswer,
    CatalogueError,
    NotRembigraph,
    QueryRefused,
    QuerySyntaxError,
    QueryTimeout,
    QueryTooLarge,
    ServerError,
    ServerTooSlow,
    ServerUnreachable,
    UnknownStudy,
    UsageError,
    WithdrawnStudy,
)
from rembigraph.client.folder import sample_folder
from rembigraph.client.problems import error_of

from tests.conftest import HOSTILE, running

LINKED = ("S-BSST429", "EMPIAR-10460", "EXAMPLE-0001", "idr0013", "ssbd-repos-000452")
QUERIES = (
    "SELECT ?s ?p ?o WHERE { ?s a rembi:Study ; ?p ?o } ORDER BY ?s ?p ?o",
    (
        "SELECT ?a (COUNT(?s) AS ?n) (SUM(?b) AS ?bytes)"
        " { ?s rembi:archive ?a OPTIONAL { ?s dcat:byteSize ?b } } GROUP BY ?a ORDER BY ?a"
    ),
    "ASK { ?s a rembi:Study }",
    "ASK { ?s a rembi:NoSuchClass }",
    "SELECT ?title { <EXAMPLE-0001> dcterms:title ?title }",
)


@contextmanager
def _process(home):
    """A server process of a catalogue on loopback, as `rembigraph serve` starts it; gives its address."""
    command = [sys.executable, "-m", "rembigraph.app", "--home", str(home), "serve", "--port", "0"]
    with subprocess.Popen(
        command,
        env={**os.environ, "REMBIGRAPH_QUERY_SERVICES": "none"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        line = process.stdout.readline()
        try:
            assert line.startswith("Serving http://127.0.0.1:"), line
            yield line.removeprefix("Serving ").strip()
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=20)


@pytest.fixture(scope="module")
def sample():
    """The sample catalogue: its folder, and the address of a server process of it."""
    with sample_folder() as home, _process(home) as url:
        yield home, url


@pytest.fixture(scope="module")
def both(sample):
    """The sample, opened in both ways."""
    home, url = sample
    with Catalogue.open(home, public_url=url.rstrip("/")) as local, Catalogue(url) as remote:
        yield local, remote


@pytest.fixture(scope="module", params=["folder", "server"])
def catalogue(request, both):
    """The sample, opened in each way."""
    return both[request.param == "server"]


@pytest.fixture(scope="module")
def made_up_both(made_up, browser_url):
    """The made-up catalogue, opened in both ways."""
    with Catalogue.open(made_up.home.path, public_url=browser_url) as local, Catalogue(browser_url) as remote:
        yield local, remote


pytestmark = pytest.mark.server


# The same assertions for both


def test_a_study_and_its_parts(catalogue):
    study = catalogue["S-BSST429"]
    assert study.title.startswith("The zebrafish as a novel model")
    assert (study.archive, study.issued, study.license) == ("BioImageArchive", "2020-07-03", None)
    assert study.organisms == ("Danio rerio",)
    assert study.authors[0].name == "Nagisa Yoshida"
    assert len(study.authors) == 10
    parts = {part.accession: part for part in study.parts}
    assert set(parts) == {f"EMPIAR-{number}" for number in range(10459, 10465)}
    assert parts["EMPIAR-10460"].held
    assert parts["EMPIAR-10460"].page == study.page.replace("S-BSST429", "EMPIAR-10460")
    assert not parts["EMPIAR-10459"].held
    assert parts["EMPIAR-10459"].page == "https://www.ebi.ac.uk/empiar/EMPIAR-10459/"


def test_a_record_as_json_and_as_a_graph(catalogue):
    study = catalogue["S-BSST429"]
    document = study.json()
    assert document["@graph"][0]["id"] == study.iri
    quads = parse(json.dumps(document).encode(), format=RdfFormat.JSON_LD)
    graph = study.graph()
    assert {str(quad.subject)[1:-1] for quad in quads} == {str(subject) for subject in graph.subjects()}
    assert (rdflib.URIRef(study.iri), rdflib.DCTERMS.title, rdflib.Literal(study.title)) in graph


def test_citations(catalogue):
    study = catalogue["S-BSST429"]
    assert study.cite("bibtex").startswith("@dataset{S-BSST429,")
    assert study.cite("ris").startswith("TY  - ")
    assert json.loads(study.cite("csl"))[0]["title"] == study.title
    assert json.loads(study.cite("datacite"))["titles"] == [{"title": study.title}]
    assert study.cite() == study.cite("text")
    assert study.cite().endswith(
        "BioImage Archive, S-BSST429. https://www.ebi.ac.uk/biostudies/bioimages/studies/S-BSST429"
    )


def test_queries_answer_with_tables_truth_and_graphs(catalogue):
    found = catalogue.query("SELECT ?s ?n { ?s a rembi:Study ; dcat:byteSize ?n } ORDER BY ?s")
    assert len(found) > 10
    assert all(type(n) is int for n in found.column("n"))
    graph = catalogue.query("CONSTRUCT { ?s dcterms:title ?t } WHERE { ?s a rembi:Study ; dcterms:title ?t }")
    assert len(set(graph.subjects())) == len(catalogue)


def test_lists_and_coverage(catalogue):
    every = catalogue.studies()
    assert len(every) == len(catalogue)
    fish = catalogue.studies(organism="zebrafish", year__ge=2020)
    assert fish
    assert all("Danio rerio" in row["organisms"] and row["year"] >= 2020 for row in fish)
    title = next(row for row in catalogue.coverage() if row["field"] == "title")
    assert (title["studies"], title["total"], title["rate"]) == (len(every), len(every), 1.0)


def test_the_page_about_the_client_shows_its_real_output(sample):
    text = (Path(__file__).parents[2] / "docs" / "client.md").read_text(encoding="utf-8")
    text = re.sub(
        r"^```.*$",
        "",
        text.replace("Catalogue.demo()", f"Catalogue.open({str(sample[0])!r})"),
        flags=re.MULTILINE,
    )
    examples = doctest.DocTestParser().get_doctest(text, {}, "client.md", None, 0)
    said = io.StringIO()
    found = doctest.DocTestRunner().run(examples, out=said.write)
    assert found.attempted > 10
    assert found.failed == 0, said.getvalue()


# The same answers from both


def test_lists_are_the_same(both, made_up_both):
    for local, remote in (both, made_up_both):
        assert local.studies() == remote.studies()
        assert local.search("cell") == remote.search("cell")
        assert local.studies(correlative=True, year__ge=2018) == remote.studies(
            correlative=True, year__ge=2018
        )
        assert local.coverage() == remote.coverage()
        nothing = [each.studies(organism="Homo sapien") for each in (local, remote)]
        assert nothing[0].note == nothing[1].note != ""


def test_every_study_is_the_same(both, made_up_both):
    for local, remote in (both, made_up_both):
        for accession in local:
            one, other = local[accession], remote[accession]
            assert one._item == other._item
            assert one.parts == other.parts
            assert one.authors == other.authors
            assert one._repr_html_() == other._repr_html_()


@pytest.mark.slow
def test_a_whole_holds_what_is_joined_through_others(tmp_path):
    """A is linked with B, and B with C: A's whole is B and C, and so for all three, in both ways."""
    for name, other in (("0301", "0302"), ("0302", "0303"), ("0303", "")):
        related = f"[{{link_to: EXAMPLE-{other}, link_relation: images_same_specimen, evidence_kind: prose,"
        text = f"accession: EXAMPLE-{name}\ntitle: made up {name}\n"
        text += f"related: {related} asserted_by: depositor}}]\n" if other else ""
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "rembigraph.app",
        "--home",
        str(tmp_path / "home"),
        "load",
        *map(str, tmp_path.glob("*.yaml")),
    ]
    subprocess.run(command, check=True, capture_output=True)
    with (
        _process(tmp_path / "home") as url,
        Catalogue(url) as remote,
        Catalogue.open(tmp_path / "home") as local,
    ):
        for each in (local, remote):
            whole = {a: [(p.accession, p.relations) for p in each[a].parts] for a in each}
            same = ("images_same_specimen",)
            assert whole == {
                "EXAMPLE-0301": [("EXAMPLE-0302", same), ("EXAMPLE-0303", ())],
                "EXAMPLE-0302": [("EXAMPLE-0301", same), ("EXAMPLE-0303", same)],
                "EXAMPLE-0303": [("EXAMPLE-0302", same), ("EXAMPLE-0301", ())],
            }


@pytest.mark.parametrize("form", ["text", *EXPORTS])
def test_citations_are_the_same(both, form):
    local, remote = both
    for accession in LINKED:
        given = []
        for each in (local, remote):
            try:
                given.append(each[accession].cite(form))
            except UsageError as error:
                given.append(str(error))
        assert given[0] == given[1]


def test_the_line_for_people_is_worded_as_the_catalogue_words_it(both):
    local, remote = both
    source = local._source
    with source._reader.snapshot() as snapshot:
        for accession in local:
            assert local[accession].cite() == citation_text(source._described(snapshot, accession))
    assert remote["EXAMPLE-0001"].cite() == local["EXAMPLE-0001"].cite()


def test_graphs_are_the_same(both):
    local, remote = both
    for accession in LINKED:
        assert isomorphic(local[accession].graph(), remote[accession].graph())
        assert local[accession].json() == remote[accession].json()


@pytest.mark.parametrize("query", QUERIES)
def test_queries_are_answered_the_same(both, query):
    local, remote = both
    assert local.query(query) == remote.query(query)


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("SELECT ?x {\n ?x a rembi:Study ) }", QuerySyntaxError),
        ("SELECT ?x {\n ?x a rembi:Study . ?y }", QuerySyntaxError),
        ("", QuerySyntaxError),
        ("SELECT ?x { ?x a nowhere:Study }", QuerySyntaxError),
        ("\ud800", QuerySyntaxError),
        ("DROP ALL", QueryRefused),
        ("SELECT * { SERVICE <http://127.0.0.1/> { ?s ?p ?o } }", QueryRefused),
        (f"SELECT * {{ {'#' * 70_000}\n }}", QueryRefused),
        (f"SELECT (COUNT(*) AS ?n) {{ {' '.join(f'?a{n} ?b{n} ?c{n} .' for n in range(6))} }}", QueryTimeout),
    ],
)
def test_errors_about_queries_are_the_same(both, query, kind):
    said = []
    for each in both:
        with pytest.raises(CatalogueError) as caught:
            each.query(query, timeout=1)
        said.append((type(caught.value), str(caught.value)))
    assert said[0] == said[1]
    assert said[0][0] is kind


@pytest.mark.parametrize(
    "accession", ["EMPIAR-99999", "EMPIAR-99998", "EXAMPLE-0105", "idr9999", "nothing", "../status"]
)
def test_errors_about_studies_are_the_same(made_up_both, accession):
    said = []
    for each in made_up_both:
        with pytest.raises(KeyError) as caught:
            each[accession]
        said.append((type(caught.value), str(caught.value), vars(caught.value)))
    assert said[0] == said[1]
    assert said[0][0] is (WithdrawnStudy if accession == "EXAMPLE-0105" else UnknownStudy)


def test_a_study_with_hostile_text_is_the_same(made_up_both):
    for each in made_up_both:
        study = each["EXAMPLE-0103"]
        assert study.title == HOSTILE
        assert "<script>" not in study._repr_html_()
        quoted = study._repr_html_().split('"')
        assert not [part for part in quoted if part.startswith(("javascript:", "data:"))]
        with pytest.raises(UsageError, match="EXAMPLE-0103 has not what DataCite JSON needs"):
            study.cite("datacite")


@pytest.mark.slow
def test_newer_content_is_followed(tmp_path):
    def load(number):
        (tmp_path / f"{number}.yaml").write_text(
            f"accession: EXAMPLE-{number}\ntitle: made up\n", encoding="utf-8"
        )
        command = [sys.executable, "-m", "rembigraph.app", "--home", str(tmp_path / "home"), "load"]
        subprocess.run([*command, str(tmp_path / f"{number}.yaml")], check=True, capture_output=True)

    load("0401")
    with Catalogue.open(tmp_path / "home") as local:
        assert list(local) == ["EXAMPLE-0401"]
        load("0402")
        assert len(local) == 2
        assert (
            local.query("SELECT ?s { ?s a rembi:Study }").column("s") == local.studies().column("page")[::-1]
            or len(local.query("SELECT ?s { ?s a rembi:Study }")) == 2
        )


# Servers that are none, or do not answer


class _Strange(http.server.BaseHTTPRequestHandler):
    """Answers every request as `answer` says: status, headers, pieces of the body with a pause before each."""

    answer = (200, {}, [])

    def do_GET(self):
        status, headers, pieces = self.answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            for pause, piece in pieces:
                time.sleep(pause)
                self.wfile.write(piece)
                self.wfile.flush()
        except OSError:
            pass  # the client has gone, as it should

    do_POST = do_GET  # noqa: N815 - the name that the server looks for

    def log_message(self, *_):
        pass


@contextmanager
def _strange(status=200, headers=None, pieces=()):
    handler = type("Handler", (_Strange,), {"answer": (status, headers or {}, list(pieces))})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (200, {"Content-Type": "text/html"}, b"<html>"),
        (200, {}, b""),
        (200, JSON, b"[1]"),
        (200, JSON, b"{}"),
        (200, JSON, b"{"),
        (200, JSON, b'{"total": "x", "items": 3, "advice": [], "facets": {"archive": []}}'),
        (404, {"Content-Type": "text/html"}, b"not here"),
        (500, {"Content-Type": "application/problem+json"}, b"[]"),
        (302, {"Location": "/"}, b""),
        (302, {"Location": "ftp://127.0.0.1/"}, b""),
    ],
)
def test_something_else_that_answers_is_told_as_such(status, headers, body):
    length = {"Content-Length": str(len(body))}
    with _strange(status, {**headers, **length}, [(0, body)]) as url, pytest.raises(NotRembigraph) as caught:
        Catalogue(url)
    assert "is no Rembigraph server" in str(caught.value)
    assert "→" in str(caught.value)


def test_nothing_that_answers_is_told_as_such():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        free = listener.getsockname()[1]
    with pytest.raises(
        ServerUnreachable, match=f"http://127.0.0.1:{free} can't be reached → Is the address right"
    ):
        Catalogue(f"http://127.0.0.1:{free}/")


def test_a_password_in_the_address_is_not_shown():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        free = listener.getsockname()[1]
    with pytest.raises(ServerUnreachable) as caught:
        Catalogue(f"http://me:secret@127.0.0.1:{free}")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("pieces", [[(5, b"{}")], [(0.2, b" ")] * 25], ids=["silent", "dripping"])
def test_a_slow_server_is_given_up_in_time(pieces):
    started = time.monotonic()
    with _strange(200, JSON, pieces) as url:
        with pytest.raises(ServerTooSlow, match="no whole answer in 1 s"):
            Catalogue(url, timeout=1)
        assert time.monotonic() - started < 4


def test_an_answer_that_breaks_off_or_never_ends_is_told(monkeypatch):
    with _strange(200, {**JSON, "Content-Length": "1000"}, [(0, b"{")]) as url, pytest.raises(BrokenAnswer):
        Catalogue(url)
    monkeypatch.setattr(client_server, "MAX_ANSWER_BYTES", 100_000)
    with (
        _strange(200, JSON, [(0, b" " * 50_000)] * 4) as url,
        pytest.raises(BrokenAnswer, match="longer than"),
    ):
        Catalogue(url)


def test_an_empty_catalogue_is_told_as_such(tmp_path):
    from rembigraph.app.main import create_app
    from rembigraph.app.sparql.limits import QueryLimits

    home = Home.init(tmp_path / "home", "https://w3id.org/rembigraph/id/")
    app = running(lambda address: create_app(home, address, QueryLimits()), lifespan="on")
    with app as url, pytest.raises(UsageError, match="this catalogue is empty"):
        Catalogue(url)


def test_a_server_of_queries_alone_is_told_as_such(tmp_path):
    (tmp_path / "one.ttl").write_text("<urn:a> <urn:b> <urn:c> .", encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "rembigraph.app",
        "serve",
        "--dataset",
        str(tmp_path / "one.ttl"),
        "--port",
        "0",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        url = process.stdout.readline().removeprefix("Serving ").strip()
        try:
            with pytest.raises(ServerError):
                Catalogue(url)
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=20)


@pytest.mark.parametrize(
    "url", ["", "catalogue", "ftp://a.example", "http://", "file:///etc/passwd", "javascript:1"]
)
def test_what_is_no_web_address_is_refused(url):
    with pytest.raises(UsageError, match="no http"):
        Catalogue(url)


def test_every_error_that_a_server_tells_becomes_one_of_the_tree():
    from rembigraph.app.problems import problem_of
    from rembigraph.ontology.errors import TransformRefused

    for kind in STATUSES:
        told = problem_of(kind("singular", "made up") if kind is TransformRefused else kind("made up"))
        body = json.dumps(told.body("/x")).encode()
        found = error_of(body)
        assert isinstance(found, CatalogueError)
        assert told.detail in str(found) or isinstance(found, UnknownStudy | WithdrawnStudy)
    assert isinstance(
        error_of(json.dumps(Problem(413, "", "long", "query-too-large").body("")).encode()), QueryTooLarge
    )
    for strange in (b"", b"[]", b"{}", b'{"detail": 3}', b'{"detail": "x", "code": [1]}', b"\xff"):
        error_of(strange)
