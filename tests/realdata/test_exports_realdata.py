"""Every study of the shared folder in the words of schema.org, RO-Crate and DCAT: well-formed, and all agree."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import rdflib
from pyoxigraph import NamedNode, RdfFormat, parse
from rembigraph import loaders
from rembigraph.catalogue.exports.citation import cite, one_line
from rembigraph.catalogue.exports.croissant import CROISSANT
from rembigraph.catalogue.exports.dcat import DCAT
from rembigraph.catalogue.exports.described import Described
from rembigraph.catalogue.exports.ro_crate import RO_CRATE, gaps
from rembigraph.catalogue.exports.schema_org import SCHEMA_ORG, script_text
from rembigraph.catalogue.lookups import plain
from rembigraph.catalogue.rdf import to_nquads
from rembigraph.catalogue.recordview import RecordView, merge
from rembigraph.loaders import ro_crate as crates
from rembigraph.loaders.reading import Document, Reading
from rembigraph.ontology.generated.models import Study
from rembigraph.ontology.identifiers import DEFAULT_DATA_BASE, Iris

from tests.unit.test_exports_graph import BIOSCHEMAS, as_rdf, walk

pytestmark = [
    pytest.mark.slow,
    pytest.mark.realdata,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:rdflib"),
]
SITE = "https://rembigraph.example"
E_MAIL = re.compile(rb"[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}")
DCT, FOAF = "http://purl.org/dc/terms/", "http://xmlns.com/foaf/0.1/"
TYPE = NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
FEWEST = 900
"""There are more records than this in the folder."""


@dataclass(frozen=True)
class Real:
    """A study of one document, as it was read and as the exports see it."""

    study: Study
    described: Described
    is_crate: bool
    source: bytes


@pytest.fixture(scope="module")
def every(shared: Path) -> list[Real]:
    folders = sorted(str(folder) for folder in (shared / "realdata").iterdir() if folder.is_dir())
    found = [real for document in loaders.documents_of(folders) for real in _read(document)]
    assert len(found) > FEWEST
    return found


def _read(document: object) -> Iterator[Real]:
    for reading in loaders.read(document) if isinstance(document, Document) else ():
        if isinstance(reading, Reading) and isinstance(reading.study, Study):
            described = _described(reading.study, reading.source)
            yield Real(reading.study, described, reading.format == crates.FORMAT, document.data)


def _described(study: Study, source: str) -> Described:
    iris, accession = Iris(DEFAULT_DATA_BASE), str(study.accession)
    graph = iris.record_graph(accession, source)
    quads = parse(to_nquads([study], iris, graph), format=RdfFormat.N_QUADS)
    view = RecordView(accession, iris.study(accession), (source,), merge(plain(quad) for quad in quads))
    return Described(view, f"{SITE}/{accession}", f"{SITE}/{accession}", SITE)


def _crate(described: Described) -> list[dict[str, Any]]:
    return json.loads(RO_CRATE.make(described))["@graph"]


def test_every_document_is_well_formed_private_and_the_same_each_time(every: list[Real]) -> None:
    for real in every:
        for export in (SCHEMA_ORG, RO_CRATE, DCAT):
            document = export.make(real.described)
            assert document == export.make(real.described)
            mails = [one for one in E_MAIL.findall(document) if not one.endswith(b".invalid")]
            assert not mails, (real.study.accession, export.name)
        schema = json.loads(SCHEMA_ORG.make(real.described))
        assert json.loads(script_text(real.described)) == schema
        assert not set(script_text(real.described)) & set("<>&")
        for document in (schema, _crate(real.described)):
            assert not [value for value in walk(document) if value in ("", None, [], {})]


def test_every_document_is_rdf(every: list[Real]) -> None:
    """Another parser reads all of them; every seventh of each kind, because reading JSON-LD is slow."""
    for real in every[::7]:
        schema = as_rdf(json.loads(SCHEMA_ORG.make(real.described)))
        dataset = rdflib.URIRef(real.described.persistent)
        assert schema.value(dataset, rdflib.RDF.type) == rdflib.URIRef("http://schema.org/Dataset")
        crate = as_rdf(json.loads(RO_CRATE.make(real.described)))
        root = rdflib.URIRef(_crate(real.described)[1]["@id"])
        assert crate.value(root, rdflib.RDF.type) == rdflib.URIRef("http://schema.org/Dataset")
        rdflib.Graph().parse(data=DCAT.make(real.described), format="turtle")


def test_all_agree_about_a_study(every: list[Real]) -> None:
    for real in every:
        described, cited = real.described, cite(real.described)
        schema, crate = json.loads(SCHEMA_ORG.make(described)), _crate(described)
        by_id, root = {thing["@id"]: thing for thing in crate}, crate[1]
        dcat = _Turtle(described)
        names = [one_line(author.name) for author in described.authors]
        assert schema["name"] == root["name"] == dcat.one(DCT + "title") == cited.title
        assert [one["name"] for one in schema.get("creator", ())] == names
        assert [by_id[one["@id"]]["name"] for one in root.get("author", ())] == names
        assert dcat.names() == Counter(names)
        assert schema.get("datePublished", "") == root.get("datePublished", "") == described.issued
        assert dcat.one(DCT + "issued") == described.issued
        licence = root.get("license", {}).get("@id", "")
        assert schema.get("license", "") == licence == dcat.one(DCT + "license") == described.license
        if described.doi:
            doi = f"https://doi.org/{described.doi}"
            assert doi in schema["identifier"]
            assert doi in root["sameAs"]
            assert f'"{doi}"^^xsd:anyURI' in dcat.text


class _Turtle:
    """The DCAT of a study, read by a parser that is no part of the writer's way."""

    def __init__(self, described: Described) -> None:
        document = DCAT.make(described)
        self.text = document.decode()
        self.triples = list(parse(document, format=RdfFormat.TURTLE))
        self._dataset = described.persistent

    def all(self, predicate: str, subject: str = "") -> list[str]:
        wanted = subject or self._dataset
        return [
            triple.object.value
            for triple in self.triples
            if (triple.subject.value, triple.predicate.value) == (wanted, predicate)
        ]

    def one(self, predicate: str) -> str:
        found = self.all(predicate)
        assert len(found) <= 1, predicate
        return found[0] if found else ""

    def names(self) -> Counter[str]:
        return Counter(name for agent in self.all(DCT + "creator") for name in self.all(FOAF + "name", agent))


def test_bioschemas_keys_are_there_where_the_record_has_them(every: list[Real]) -> None:
    counted: Counter[str] = Counter()
    for real in every:
        document, described = json.loads(SCHEMA_ORG.make(real.described)), real.described
        has = {
            "description": described.description,
            "keywords": described.keywords,
            "license": described.license,
            "creator": described.authors,
            "datePublished": described.issued,
            "identifier": True,
            "name": True,
            "url": True,
            "includedInDataCatalog": True,
            "measurementTechnique": real.study.imaging_method or real.study.imaging_method_text,
            "citation": any(one.doi or one.title or one.pubmed_id for one in real.study.publication or ()),
        }
        counted.update(name for name in has if name in document)
        assert {*BIOSCHEMAS["required"]} <= set(has)
        for name, value in has.items():
            assert (name in document) == bool(value), (name, real.study.accession)
    print("\n", len(every), dict(counted))
    assert min(counted.values()) > 0


def test_every_object_of_dcat_has_its_class(every: list[Real]) -> None:
    for real in every:
        turtle = _Turtle(real.described)
        typed = {triple.subject for triple in turtle.triples if triple.predicate == TYPE}
        objects = {triple.object for triple in turtle.triples if triple.predicate != TYPE}
        assert {one for one in objects if isinstance(one, NamedNode)} <= typed
        assert turtle.one(DCT + "description")
        assert turtle.one(DCT + "identifier") == real.study.accession


def test_every_crate_is_read_back_as_the_same_study(every: list[Real]) -> None:
    for real in every:
        (reading,) = crates.read(Document("ro-crate-metadata.json", "", RO_CRATE.make(real.described)))
        assert isinstance(reading, Reading), (real.study.accession, reading)
        again, described = _described(reading.study, reading.source), real.described
        assert again.view.accession == described.view.accession
        assert (cite(again).title, again.issued) == (cite(described).title, described.issued)
        assert again.license == described.license
        assert again.doi.lower() == described.doi.lower()  # the case of a DOI says nothing
        assert [author.name for author in again.authors] == [author.name for author in described.authors]
        assert _orcids(again) <= _orcids(described)
        for field, start in (("organism", "NCBITaxon_"), ("imaging_method", "FBbi_")):
            known = {iri for iri in described.study.iris(field) if start in iri}
            assert known <= set(again.study.iris(field)), (field, real.study.accession)
        texts = {one_line(text) for text in described.study.texts("keyword")}
        assert texts == set(again.study.texts("keyword"))


def _orcids(described: Described) -> set[str]:
    return {author.orcid for author in described.authors if author.orcid}


def test_every_crate_is_whole(every: list[Real]) -> None:
    for real in every:
        graph = _crate(real.described)
        ids = [thing["@id"] for thing in graph]
        used = {one["@id"] for one in walk(graph) if isinstance(one, dict) and set(one) == {"@id"}}
        assert len(ids) == len(set(ids))
        assert used - set(ids) <= {"https://w3id.org/ro/crate/1.2"}
        assert set(ids) <= used | {"ro-crate-metadata.json"}
        assert [thing["@type"] for thing in graph].count("Dataset") == 1


def test_our_crates_have_what_the_archives_own_crates_have(every: list[Real]) -> None:
    """No property of the profile that an archive's crate fills is missing in ours."""
    profile = {
        "name", "description", "datePublished", "license", "author", "publisher", "about", "measurementMethod",
        "thumbnailUrl", "identifier", "keywords", "size", "seeAlso", "funder",
    }  # fmt: skip
    missing: Counter[str] = Counter()
    compared = 0
    for real in every:
        if not real.is_crate:
            continue
        compared += 1
        theirs = _root_of(json.loads(real.source))
        ours = _crate(real.described)[1]
        missing.update(name for name in profile if theirs.get(name) and name not in ours)
    print("\n", compared, "crates; missing:", dict(missing))
    assert compared > 700
    assert sum(missing.values()) <= 0.01 * compared * len(profile)


def _root_of(crate: dict[str, Any]) -> dict[str, Any]:
    by_id = {thing.get("@id"): thing for thing in crate["@graph"]}
    descriptor = next(
        thing
        for thing in crate["@graph"]
        if "about" in thing and thing.get("@type") in ("CreativeWork", ["CreativeWork"])
    )
    return by_id[descriptor["about"]["@id"]]


def test_gaps_are_few_and_named(every: list[Real]) -> None:
    found = [gaps(real.described) for real in every if real.is_crate]
    complete = sum(not one for one in found)
    print("\n", complete, "of", len(found), Counter(name for one in found for name in one).most_common(8))
    assert complete >= 0.75 * len(found)


def test_croissant_where_images_and_annotations_lie_open(every: list[Real]) -> None:
    """Only records with addresses of both have the form, and then every listed file has one."""
    for real in every:
        addresses = {
            url
            for name in ("ImageRepresentation", "FileReference", "FileSet")
            for node in real.described.view.of_class(name)
            for url in node.iris("download_url")
        }
        if CROISSANT.applies(real.described):
            listed = json.loads(CROISSANT.make(real.described))["distribution"]
            assert {one["contentUrl"] for one in listed} <= addresses
            assert real.described.view.of_class("Annotation")
        else:
            assert not addresses or not real.described.view.of_class("Annotation") or not real.study.image
