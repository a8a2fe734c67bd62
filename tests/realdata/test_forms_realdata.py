"""Every study of the shared folder, in every form, from a running server: each parses, and all say the same."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import httpx
import pytest
import rdflib
from pyoxigraph import CanonicalizationAlgorithm, Dataset, RdfFormat, parse
from rembigraph.app.main import create_app
from rembigraph.app.pages.record import described
from rembigraph.app.pages.representations import Representation, offered
from rembigraph.app.pages.signposting import LINKSETS
from rembigraph.app.pages.site import Site
from rembigraph.app.showing import open_snapshot
from rembigraph.app.sparql.limits import QueryLimits
from rembigraph.catalogue.exports import EXPORTS, Described
from rembigraph.catalogue.home import Home

from tests.conftest import running
from tests.unit.test_exports_graph import BIOSCHEMAS

lxml = pytest.importorskip("lxml.etree")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.realdata,
    pytest.mark.server,
    pytest.mark.timeout(900),  # the first test loads the whole folder
    pytest.mark.filterwarnings("ignore::DeprecationWarning:rdflib"),
]
RDF = {
    ".ttl": (RdfFormat.TURTLE, "turtle"),
    ".nt": (RdfFormat.N_TRIPLES, "nt"),
    ".nq": (RdfFormat.N_QUADS, "nquads"),
    ".trig": (RdfFormat.TRIG, "trig"),
    ".rdf": (RdfFormat.RDF_XML, "xml"),
    ".jsonld": (RdfFormat.JSON_LD, "json-ld"),
}
"""Forms in this catalogue's own words: the format as pyoxigraph and as rdflib call it."""
GRAPHS = (".nq", ".trig")
"""Those of them that say which source states what."""
FEWEST = 800
"""There are more studies than this in the folder."""


@dataclass(frozen=True)
class Served:
    """A study, and what of it the server offers."""

    accession: str
    described: Described
    forms: list[Representation]


@dataclass(frozen=True)
class Server:
    """A running server of every study."""

    address: str
    client: httpx.Client
    studies: list[Served]

    def get(self, path: str) -> bytes:
        answer = self.client.get(path)
        assert answer.status_code == 200, (path, answer.text[:300])
        return answer.content

    def page(self, study: Served) -> bytes:
        return self.get(f"/{study.accession}.html")


@pytest.fixture(scope="module")
def server(real_home: Home) -> Iterator[Server]:
    with (
        running(lambda address: create_app(real_home, address, QueryLimits()), lifespan="on") as address,
        httpx.Client(base_url=address, timeout=60) as client,
    ):
        studies = list(_studies(real_home, address))
        assert len(studies) > FEWEST
        yield Server(address, client, studies)


def _studies(home: Home, address: str) -> Iterator[Served]:
    site = Site(public_url=address, data_base=home.data_base)
    with open_snapshot(home) as snapshot:
        for accession in sorted(snapshot.search.accessions()):
            view = snapshot.record(accession)
            if view is not None:
                study = described(snapshot, view, site)
                yield Served(accession, study, offered(view, study))


def _canonical(document: bytes, form: RdfFormat) -> list[str]:
    """The quads of a document in canonical N-Quads, sorted."""
    quads = Dataset(parse(document, format=form, base_iri="http://127.0.0.1/"))
    quads.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    return sorted(map(str, quads))


def _triples(document: bytes, form: RdfFormat) -> set[str]:
    return {str(quad.triple) for quad in parse(document, format=form, base_iri="http://127.0.0.1/")}


def test_the_rdf_forms_hold_the_same_triples_and_other_parsers_read_them(server: Server) -> None:
    """Forms with graphs are the same dataset, which holds all that the forms of triples say, and reports besides.

    Another parser, rdflib, reads one form of each study, in turn; reading all six takes it minutes.
    """
    turn = list(RDF)
    read: Counter[str] = Counter()
    for number, study in enumerate(server.studies):
        tails = [form.tail for form in study.forms if form.tail in RDF]
        documents = {tail: server.get(f"/{study.accession}{tail}") for tail in tails}
        quads = {tail: _canonical(documents[tail], RDF[tail][0]) for tail in tails}
        assert quads[".ttl"]
        assert all(quads[tail] == quads[".nt"] for tail in tails if tail not in GRAPHS), study.accession
        assert quads[".nq"] == quads[".trig"], study.accession
        assert _triples(documents[".nt"], RDF[".nt"][0]) <= _triples(documents[".nq"], RDF[".nq"][0])
        if ".rdf" in documents:
            lxml.fromstring(documents[".rdf"])
        tail = turn[number % len(turn)]
        if tail in documents:
            graph = rdflib.Dataset().parse(data=documents[tail], format=RDF[tail][1])
            assert len(list(graph.quads())) == len(quads[tail]), (study.accession, tail)
            read[tail] += 1
    print("\n", len(server.studies), "studies; read by rdflib:", dict(read))
    assert min(read[tail] for tail in RDF) > 100


def test_every_export_is_served_as_it_is_made_and_parses(server: Server) -> None:
    """That the exports are right is tested where they are made; here, that the server gives those bytes."""
    seen: Counter[str] = Counter()
    for study in server.studies:
        for form in study.forms:
            if not form.is_export:
                continue
            document = server.get(f"/{study.accession}{form.tail}")
            assert document == EXPORTS[form.name].make(study.described), (study.accession, form.name)
            if form.media_type.endswith("json"):
                json.loads(document)
            elif form.media_type.endswith("xml"):
                lxml.fromstring(document)
            elif form.tail.endswith(".ttl"):
                assert list(parse(document, format=RdfFormat.TURTLE))
            seen[form.name] += 1
    print("\n", dict(seen))
    assert set(EXPORTS) - {"croissant"} <= set(seen)  # only where images and annotations lie open
    every = {name for name, export in EXPORTS.items() if name != "croissant" and "datacite" not in name}
    assert {seen[name] for name in every} == {len(server.studies)}


@pytest.mark.skipif(find_spec("extruct") is None, reason="extruct is not installed")
def test_every_page_holds_the_document_of_bioschemas(server: Server) -> None:
    import extruct

    for study in server.studies:
        page = server.page(study).decode()
        (found,) = extruct.extract(page, base_url=server.address, syntaxes=["json-ld"])["json-ld"]
        assert found == json.loads(server.get(f"/{study.accession}.schema.jsonld"))
        lacking = {name for name in BIOSCHEMAS["required"] if name not in found}
        has = study.described
        known = {"description": has.description, "keywords": has.keywords, "license": has.license}
        assert lacking == {name for name, value in known.items() if not value}, study.accession


def _told(found: Any, page: str) -> set[tuple[str, str, str, str]]:
    """(relation, target, media type, profiles) of what links a page with others."""
    return {
        (str(link.rel), str(link.target), str(link.type or ""), " ".join(sorted(map(str, link.profiles))))
        for link in found.signposts
        if link.context is None or str(link.context) == page
    }


@pytest.mark.skipif(find_spec("signposting") is None, reason="signposting is not installed")
def test_header_page_and_linksets_tell_a_client_the_same(server: Server) -> None:
    import signposting

    for study in server.studies:
        page = f"{server.address}/{study.accession}"
        header = _told(signposting.find_signposting_http(page), page)
        assert ("cite-as", page, "", "") in header
        assert header == _told(signposting.find_signposting_html(page), page), study.accession
        for tail, kind in LINKSETS.items():
            whole = _told(signposting.find_signposting_linkset(page + tail, kind), page)
            assert header <= whole, (study.accession, tail, header - whole)
