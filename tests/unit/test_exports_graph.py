"""schema.org, RO-Crate, DCAT and Croissant: what they say of a full, an empty, a hostile and a huge record."""

import json
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest
import rdflib
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import NamedNode, RdfFormat, parse
from rdflib.compare import to_isomorphic
from rembigraph.catalogue.exports.croissant import CROISSANT
from rembigraph.catalogue.exports.dcat import DCAT, dataset_triples, record_triples, turtle
from rembigraph.catalogue.exports.described import NO_TITLE, Described
from rembigraph.catalogue.exports.ro_crate import RO_CRATE, gaps
from rembigraph.catalogue.exports.schema_org import MOST_CHARACTERS, SCHEMA_ORG, cut, script_text
from rembigraph.catalogue.lookups import plain
from rembigraph.catalogue.parts import Claim, Link, Part, archive_of
from rembigraph.catalogue.recordview import RecordView, merge
from rembigraph.loaders import ro_crate as loader
from rembigraph.loaders.reading import Document, Reading

from tests.conftest import DATA, HOSTILE, record

pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")
BIOSCHEMAS = json.loads(
    (Path(__file__).parents[1] / "data" / "exports" / "bioschemas_dataset.json").read_text(encoding="utf-8")
)
EVERY = (SCHEMA_ORG, RO_CRATE, DCAT, CROISSANT)
SITE = "http://127.0.0.1:8000"
HUMAN = "http://purl.obolibrary.org/obo/NCBITaxon_9606"
CONFOCAL = "http://purl.obolibrary.org/obo/FBbi_00000251"
CC_BY = "https://creativecommons.org/licenses/by/4.0/"
NS = {
    "dct": rdflib.Namespace("http://purl.org/dc/terms/"),
    "dcat": rdflib.Namespace("http://www.w3.org/ns/dcat#"),
    "foaf": rdflib.Namespace("http://xmlns.com/foaf/0.1/"),
    "adms": rdflib.Namespace("http://www.w3.org/ns/adms#"),
    "schema": rdflib.Namespace("http://schema.org/"),
}
FULL = {
    "accession": "S-BIAD999001",
    "title": "Confocal and FIB-SEM images\n of a made-up cell",
    "description": "Cells that nobody has seen.\n\nIn two archives.",
    "issued": "2024-05-06",
    "modified": "2024-06",
    "license": CC_BY,
    "rights": "The made-up authors, 2024",
    "dataset_doi": "https://doi.org/10.6019/s-biad999001",
    "keyword": ["HeLa", "made up", "HeLa"],
    "byte_size": 91124559572,
    "file_count": 5899,
    "thumbnail": ["https://example.org/small.png"],
    "organism": [{"id": "NCBITaxon:9606", "scientific_name": "Homo sapiens", "common_name": ["human"]}],
    "imaging_method": [{"id": "FBbi:00000251", "label": "confocal microscopy"}],
    "contribution": [
        {"position": 2, "display_name": "The Made-up Consortium",
         "contributing_organisation": {"name": "The Made-up Consortium"}},
        {"position": 1, "display_name": "Ada B. Example", "person": {
            "id": "orcid:0000-0002-1825-0097", "name": "Ada B. Example", "given_name": "Ada B.",
            "family_name": "Example", "affiliation_text": ["Institute of Nowhere"]}},
    ],
    "publication": [{"title": "A paper", "doi": "10.1234/made.up", "pubmed_id": "12345678"}],
    "grant": [{"title": "A grant", "grant_identifier": "G-1", "funder": [{"name": "A funder"}]}],
    "biosample": [{"key": "hela", "title": "HeLa cells", "description": "Grown.",
                   "organism": [{"id": "NCBITaxon:9606", "scientific_name": "Homo sapiens"}],
                   "cell_line": [{"id": "CLO:0003684", "label": "HeLa cell"}]}],
    "acquisition": [{"key": "lm", "title": "Light", "description": "Taken.", "instrument_text": ["LSM 900"],
                     "imaging_method": [{"id": "FBbi:00000251", "label": "confocal microscopy"}]}],
    "image": [{"key": "one", "title": "Stack one", "representation": [
        {"format": "TIFF", "byte_size": 12, "download_url": ["https://example.org/one.tif"]},
        {"format": "OME-Zarr", "access_url": ["https://example.org/one.zarr"]}]}],
    "annotation": [{"key": "mask", "title": "Mask", "file_reference": [
        {"path": "mask.tif", "media_type": "image/tiff", "checksum": f"sha256:{'0a' * 32}",
         "download_url": ["https://example.org/mask.tif"]}]}],
}  # fmt: skip


def described(study: dict, parts: tuple[Part, ...] = ()) -> Described:
    """Return what the exports see of a plain study that stands alone."""
    quads = parse(record(study).quads, format=RdfFormat.N_QUADS)
    graph = NamedNode(f"{DATA}graph/{study['accession']}/rembigraph")
    facts = merge(plain(quad) for quad in quads if quad.graph_name == graph)
    accession = study["accession"]
    view = RecordView(accession, f"{DATA}{accession}", ("rembigraph",), facts)
    return Described(view, f"{SITE}/{accession}", f"{SITE}/{accession}", SITE, parts)


def part(accession: str, relation: str, **more: object) -> Part:
    link = Link("S-BIAD999001", accession, f"{DATA}x", "link", relation, outgoing=True, **more)  # type: ignore[arg-type]
    title = f"Title of {accession}"
    return Part(accession, archive_of(accession), True, title=title, claims=(Claim(link),))


@pytest.fixture(scope="module")
def full() -> Described:
    parts = (
        part("EMPIAR-99001", "images_same_specimen", evidence="prose"),
        part("EMPIAR-99002", "derived_from", evidence="prose"),
        part("EMPIAR-99003", "related", evidence="same_authors"),
        part("EMPIAR-99004", "images_same_specimen", evidence="prose", verdict="refuted"),
        part("LINKS-MADE-UP", "has_member", evidence="collection"),
    )
    return described(FULL, parts)


@pytest.fixture(scope="module")
def sparse() -> Described:
    return described({"accession": "EXAMPLE-0001"})


@pytest.fixture(scope="module")
def huge() -> Described:
    images = [
        {"key": str(number), "title": f"Image {number}", "representation": [
            {"download_url": [f"https://example.org/{number}.tif"]}]} for number in range(10_000)
    ]  # fmt: skip
    return described({"accession": "S-BIAD999002", "title": "Huge", "image": images})


@pytest.fixture
def hostile(snapshot) -> Described:
    view = snapshot.study("EXAMPLE-0103").view
    return Described(view, f"{SITE}/EXAMPLE-0103", f"{SITE}/EXAMPLE-0103", SITE)


def schema_of(study: Described) -> dict:
    return json.loads(SCHEMA_ORG.make(study))


def crate_of(study: Described) -> list[dict]:
    return json.loads(RO_CRATE.make(study))["@graph"]


def dcat_of(study: Described) -> rdflib.Graph:
    return rdflib.Graph().parse(data=DCAT.make(study), format="turtle")


def as_rdf(document: dict) -> rdflib.Graph:
    """Read a document of schema.org or RO-Crate without fetching its context."""
    local = [one for one in document["@context"] if isinstance(one, dict)]
    context = [
        {"@vocab": "http://schema.org/", "rdf": str(rdflib.RDF)},
        *(local if isinstance(document["@context"], list) else ()),
    ]
    return rdflib.Graph().parse(data=json.dumps({**document, "@context": context}), format="json-ld")


def walk(value: object):
    """Yield every value of a JSON document, the containers too."""
    yield value
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        yield from walk(child)


class Scripts(HTMLParser):
    """Collects the JSON-LD of a page, as programs that read pages do."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.inside, self.texts, self.tags = False, [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.inside = tag == "script" and dict(attrs).get("type") == "application/ld+json"

    def handle_endtag(self, tag):
        self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.texts.append(data)


# --- all of them


def test_all_say_the_same_of_a_study(full):
    schema, crate, graph = schema_of(full), crate_of(full), dcat_of(full)
    croissant = json.loads(CROISSANT.make(full))
    by_id = {thing["@id"]: thing for thing in crate}
    root, dataset = crate[1], rdflib.URIRef(full.persistent)
    dct, foaf = NS["dct"], NS["foaf"]
    title = "Confocal and FIB-SEM images of a made-up cell"
    assert [schema["name"], root["name"], croissant["name"], str(graph.value(dataset, dct.title))] == [
        title
    ] * 4
    names = ["Ada B. Example", "The Made-up Consortium"]
    assert [one["name"] for one in schema["creator"]] == names
    assert [one["name"] for one in croissant["creator"]] == names
    assert [by_id[one["@id"]]["name"] for one in root["author"]] == names
    assert {str(graph.value(one, foaf.name)) for one in graph.objects(dataset, dct.creator)} == set(names)
    dates = [schema["datePublished"], root["datePublished"], croissant["datePublished"]]
    assert [*dates, str(graph.value(dataset, dct.issued))] == ["2024-05-06"] * 4
    licences = [schema["license"], root["license"]["@id"], croissant["license"]]
    assert [*licences, str(graph.value(dataset, dct.license))] == [CC_BY] * 4
    doi = "https://doi.org/10.6019/s-biad999001"
    notations = {str(text) for text in graph.objects(None, rdflib.SKOS.notation)}
    assert doi in schema["identifier"]
    assert doi in root["sameAs"]
    assert doi in croissant["sameAs"]
    assert doi in notations


@pytest.mark.slow
@pytest.mark.parametrize("export", EVERY, ids=lambda one: one.name)
def test_the_same_study_gives_the_same_bytes_and_nothing_empty(export, full, sparse, huge):
    for study in (full, sparse, huge):
        again = Described(study.view, study.page, study.persistent, study.catalogue, study.parts)
        document = export.make(study)
        assert document == export.make(again)
        if export is not DCAT:
            assert not [value for value in walk(json.loads(document)) if value in ("", None, [], {})]


def test_unknown_stays_unknown(sparse):
    assert sparse.title == NO_TITLE
    known = {"@context", "@id", "@type", "http://purl.org/dc/terms/conformsTo", "identifier", "name", "url"}
    assert set(schema_of(sparse)) == {*known, "publisher", "includedInDataCatalog"}
    assert set(crate_of(sparse)[1]) == {"@id", "@type", "name", "identifier", "publisher"}
    graph = dcat_of(sparse)
    for name in ("issued", "license", "creator", "rights", "accessRights", "relation"):
        assert graph.value(None, NS["dct"][name]) is None, name
    assert not list(graph.subjects(rdflib.RDF.type, NS["dcat"].Distribution))
    assert not CROISSANT.applies(sparse)


def test_a_draft_has_no_publisher():
    draft = described({"accession": "S-BIAD-MADEUP", "title": "A draft"})
    assert "publisher" not in schema_of(draft)
    assert "publisher" in gaps(draft)
    assert dcat_of(draft).value(None, NS["dct"].publisher) is None


def test_a_huge_record_is_cut_and_says_so_with_numbers(huge):
    begun = time.process_time()
    schema, crate, graph = schema_of(huge), crate_of(huge), dcat_of(huge)
    assert time.process_time() - begun < 60
    assert len(schema["distribution"]) == 20
    assert [one["text"] for one in schema["comment"]] == ["Lists 20 of 10000 addresses of files."]
    assert len(SCHEMA_ORG.make(huge)) < 20_000
    assert len(crate[1]["hasPart"]) == 100
    assert crate[0]["description"] == "Lists 100 of 10000 addresses of files."
    assert len(list(graph.subjects(rdflib.RDF.type, NS["dcat"].Distribution))) == 200
    notes = {str(text) for text in graph.objects(rdflib.URIRef(huge.persistent), rdflib.RDFS.comment)}
    assert notes == {"Lists 200 of 10000 addresses of files."}


def test_hostile_text_stays_text_and_leads_nowhere(hostile):
    for export in EVERY:
        document = export.make(hostile)
        assert b"javascript:" not in document, export.name
        assert b"data:text" not in document, export.name
    assert schema_of(hostile)["name"] == " ".join(HOSTILE.split())
    graph = dcat_of(hostile)
    assert str(graph.value(rdflib.URIRef(hostile.persistent), NS["dct"].title)) == " ".join(HOSTILE.split())
    assert not {name for name in graph.objects() if "\x00" in name or "\x1b" in name}


def test_other_studies_are_named_where_it_is_sure(full):
    schema, crate, graph = schema_of(full), crate_of(full), dcat_of(full)
    itself, other = schema["isPartOf"]["hasPart"]
    assert itself == {"@id": full.persistent}
    assert other["identifier"] == "EMPIAR-99001"
    assert other["publisher"]["name"] == "EMPIAR"
    assert other["@id"] == "https://www.ebi.ac.uk/empiar/EMPIAR-99001/"
    assert other["url"] == f"{SITE}/EMPIAR-99001"
    assert other["description"] == "Images the same specimen as S-BIAD999001."
    assert [one["identifier"] for one in schema["isBasedOn"]] == ["EMPIAR-99002"]
    related = graph.objects(rdflib.URIRef(full.persistent), NS["dct"].relation)
    said = {str(graph.value(one, NS["dct"].identifier)) for one in related}
    in_crate = {thing["identifier"] for thing in crate if thing.get("additionalType")}
    assert said == in_crate == {"EMPIAR-99001", "EMPIAR-99002"}
    for document in (SCHEMA_ORG.make(full), RO_CRATE.make(full), DCAT.make(full)):
        assert not [name for name in (b"99003", b"99004", b"LINKS-") if name in document]


# --- schema.org


def test_a_full_record_has_what_bioschemas_asks_for(full):
    document = schema_of(full)
    wanted = {*BIOSCHEMAS["required"], *BIOSCHEMAS["recommended"]}
    assert wanted <= set(document)
    assert document["http://purl.org/dc/terms/conformsTo"] == {"@id": BIOSCHEMAS["profile"]}
    assert document["@context"] == "https://schema.org/"
    assert document["isAccessibleForFree"] is True
    assert document["keywords"] == ["HeLa", "made up"]
    assert document["creator"][0]["@id"] == "https://orcid.org/0000-0002-1825-0097"
    assert document["creator"][1]["@type"] == "Organization"
    assert [one["@id"] for one in document["measurementTechnique"]] == [CONFOCAL]
    assert document["measurementTechnique"][0]["termCode"] == "FBbi:00000251"
    assert document["about"][0] == {
        "@id": HUMAN, "@type": "Taxon", "name": "Homo sapiens", "alternateName": ["human"], "url": HUMAN
    }  # fmt: skip
    urls = [one["contentUrl"] for one in document["distribution"]]
    assert urls == [f"https://example.org/{name}" for name in ("one.tif", "one.zarr", "mask.tif")]
    assert [one["value"] for one in document["size"]] == [91124559572, 5899]
    assert document["citation"][0]["@id"] == "https://doi.org/10.1234/made.up"


def test_the_document_is_rdf_of_schema_org(full):
    graph = as_rdf(schema_of(full))
    schema, dataset = NS["schema"], rdflib.URIRef(full.persistent)
    assert graph.value(dataset, rdflib.RDF.type) == schema.Dataset
    assert {str(one) for one in graph.objects(dataset, schema.about)} >= {HUMAN}
    conforms = graph.value(dataset, NS["dct"].conformsTo)
    assert str(conforms) == BIOSCHEMAS["profile"]


def test_a_reader_of_pages_finds_the_same_document(full, sparse, hostile):
    for study in (full, sparse, hostile):
        text = script_text(study)
        assert not set(text) & set("<>&\u2028\u2029")
        page = Scripts()
        page.feed(f'<html><script type="application/ld+json">{text}</script><p>after</p></html>')
        assert page.tags == ["html", "script", "p"]
        assert json.loads("".join(page.texts)) == schema_of(study)


def test_line_separators_and_ends_of_scripts_are_escaped():
    title = "a\u2028b\u2029c</script><!--&amp;"
    study = described({"accession": "EXAMPLE-0001", "title": "x", "keyword": [title]})
    text = script_text(study)
    assert "</" not in text
    assert json.loads(text) == schema_of(study)


@given(st.text(alphabet="ab \n", max_size=60), st.integers(min_value=2, max_value=40))
def test_a_text_is_cut_at_a_word(text, most):
    short = cut(text, most)
    assert len(short) <= most
    if len(text) <= most:
        assert short == text
    else:
        head = short.removesuffix("…")
        assert short.endswith("…")
        assert text.startswith(head)
        at_word = text[len(head)].isspace()
        assert at_word or not any(character.isspace() for character in text[1 : most - 1])


def test_a_long_description_is_cut_in_the_page_only():
    words = "word " * 40_000
    study = described({"accession": "EXAMPLE-0001", "title": "x", "description": words})
    description = schema_of(study)["description"]
    assert len(description) <= MOST_CHARACTERS
    assert description.endswith("word…")
    assert crate_of(study)[1]["description"] == words.strip()


# --- RO-Crate


def read_back(study: Described) -> Reading:
    (reading,) = loader.read(Document("made-up-ro-crate-metadata.json", "", RO_CRATE.make(study)))
    assert isinstance(reading, Reading), reading
    return reading


def test_our_own_loader_reads_the_same_study_back(full):
    study = read_back(full).study
    assert study.accession == "S-BIAD999001"
    assert study.title == "Confocal and FIB-SEM images of a made-up cell"
    assert study.license == CC_BY
    assert str(study.issued) == "2024-05-06"
    assert study.dataset_doi == "https://doi.org/10.6019/s-biad999001"
    assert [one.display_name for one in study.contribution] == ["Ada B. Example", "The Made-up Consortium"]
    assert study.contribution[0].person.id == "https://orcid.org/0000-0002-1825-0097"
    assert study.contribution[1].contributing_organisation.name == "The Made-up Consortium"
    assert [one.id for one in study.organism] == [HUMAN]
    assert [one.id for one in study.imaging_method] == [CONFOCAL]
    assert [one.doi for one in study.publication] == ["10.1234/made.up"]
    assert (study.byte_size, study.file_count) == (91124559572, 5899)
    assert [one.title for one in study.biosample] == ["HeLa cells"]
    assert [one.title for one in study.acquisition] == ["Light"]


def test_a_crate_has_one_descriptor_one_dataset_and_no_loose_ends(full, sparse, huge):
    for study in (full, sparse, huge):
        graph = crate_of(study)
        ids = [thing["@id"] for thing in graph]
        assert len(ids) == len(set(ids))
        assert graph[0]["@id"] == "ro-crate-metadata.json"
        assert graph[0]["about"] == {"@id": graph[1]["@id"]}
        assert [thing["@type"] for thing in graph].count("Dataset") == 1
        used = {one["@id"] for one in walk(graph) if isinstance(one, dict) and set(one) == {"@id"}}
        assert used - set(ids) <= {"https://w3id.org/ro/crate/1.2"}
        reached = used | {"ro-crate-metadata.json"}
        assert set(ids) <= reached


def test_terms_of_samples_are_linked_from_the_dataset_too(full):
    graph = crate_of(full)
    root = graph[1]
    linked = {one["@id"] for name in ("about", "measurementMethod") for one in root[name]}
    for thing in graph:
        for name in ("taxonomicRange", "hasCellLine", "measurementTechnique"):
            assert {one["@id"] for one in thing.get(name, ())} <= linked
    assert "http://purl.obolibrary.org/obo/CLO_0003684" in linked
    rdf = as_rdf(json.loads(RO_CRATE.make(full)))
    method = rdflib.URIRef("http://rs.tdwg.org/dwc/iri/measurementMethod")
    assert rdflib.URIRef(CONFOCAL) in set(rdf.objects(rdflib.URIRef(root["@id"]), method))


def test_two_people_never_share_an_id():
    person = {"id": "orcid:0000-0002-1825-0097"}
    study = described({"accession": "EXAMPLE-0001", "title": "x", "contribution": [
        {"position": 1, "display_name": "A", "person": person},
        {"position": 2, "display_name": "B", "person": person}]})  # fmt: skip
    graph = crate_of(study)
    names = {thing["@id"]: thing.get("name") for thing in graph}
    assert [names[one["@id"]] for one in graph[1]["author"]] == ["A", "B"]
    dcat = dcat_of(study)
    assert {str(one) for one in dcat.objects(None, NS["foaf"].name)} >= {"A", "B"}
    assert len(set(dcat.objects(None, NS["dct"].creator))) == 2


@pytest.mark.parametrize(
    ("accession", "license_", "free"),
    [
        ("S-BIAD999001", CC_BY, True),
        ("EMPIAR-99001", "https://creativecommons.org/publicdomain/zero/1.0/", True),
        ("S-BIAD999001", "https://example.org/licence", False),
        ("S-BIAD999001", None, False),
        ("S-BIADMADEUP", CC_BY, False),
    ],
)
def test_only_what_an_archive_released_under_creative_commons_is_said_to_be_free(accession, license_, free):
    plain_study = {"accession": accession, "title": "x"} | ({"license": license_} if license_ else {})
    study = described(plain_study)
    assert schema_of(study).get("isAccessibleForFree", False) is free
    rights = dcat_of(study).value(rdflib.URIRef(study.persistent), NS["dct"].accessRights)
    assert str(rights).endswith("/PUBLIC") is free


def test_who_has_no_name_is_cited_by_orcid_or_not_at_all():
    orcid = "https://orcid.org/0000-0002-1825-0097"
    study = described({"accession": "EXAMPLE-0001", "title": "x", "contribution": [
        {"position": 1, "person": {"key": "person-1", "address": "Made-up Street 1"}},
        {"position": 2, "person": {"id": "orcid:0000-0002-1825-0097"}},
        {"position": 3, "person": {"name": "Ada Example"}},
        {"position": 4, "contributing_organisation": {"name": "Consortium"}}]})  # fmt: skip
    assert [author.name for author in study.authors] == ["0000-0002-1825-0097", "Ada Example", "Consortium"]
    assert study.authors[0].orcid == orcid
    assert [one["name"] for one in schema_of(study)["creator"]] == [author.name for author in study.authors]


def test_gaps_name_what_the_profile_needs_and_the_record_lacks(full, sparse):
    assert gaps(full) == ()
    assert gaps(sparse) == (
        "description", "datePublished", "license", "author",
        "about: a Taxon", "measurementMethod: a term for an imaging method",
    )  # fmt: skip
    bare = {**FULL, "biosample": [{"key": "a", "title": "A"}, {"key": "b", "title": "B"}]}
    assert gaps(described(bare)) == ("description of 2 BioSample",)


# --- DCAT


def test_a_dataset_has_what_dcat_ap_demands_and_every_object_its_class(full, sparse, huge):
    for study in (full, sparse, huge):
        graph, dataset = dcat_of(study), rdflib.URIRef(study.persistent)
        dct, dcat = NS["dct"], NS["dcat"]
        assert graph.value(dataset, rdflib.RDF.type) == dcat.Dataset
        assert len(list(graph.objects(dataset, dct.title))) == 1
        assert str(graph.value(dataset, dct.description)).strip()
        assert str(graph.value(dataset, dct.identifier)) == study.view.accession
        for distribution in graph.subjects(rdflib.RDF.type, dcat.Distribution):
            assert graph.value(distribution, dcat.accessURL)
        objects = {value for _, name, value in graph if name != rdflib.RDF.type}
        untyped = {
            one for one in objects if isinstance(one, rdflib.URIRef) and not graph.value(one, rdflib.RDF.type)
        }
        assert not untyped
        assert not [one for one in graph.all_nodes() if isinstance(one, rdflib.BNode)]


def test_classes_and_datatypes_are_those_of_dcat_ap(full):
    graph, dataset = dcat_of(full), rdflib.URIRef(full.persistent)
    dct, dcat = NS["dct"], NS["dcat"]
    for name, kind in (
        (dct.license, dct.LicenseDocument),
        (dct.accessRights, dct.RightsStatement),
        (dct.rights, dct.RightsStatement),
        (dct.publisher, NS["foaf"].Agent),
        (dcat.landingPage, NS["foaf"].Document),
        (NS["adms"].identifier, NS["adms"].Identifier),
        (dcat.theme, rdflib.SKOS.Concept),
        (dct.subject, rdflib.SKOS.Concept),
    ):
        for value in graph.objects(dataset, name):
            assert (value, rdflib.RDF.type, kind) in graph, name
        assert graph.value(dataset, name), name
    assert graph.value(dataset, dct.issued).datatype == rdflib.XSD.date
    assert graph.value(dataset, dct.modified).datatype == rdflib.XSD.gYearMonth
    (size,) = graph.objects(None, dcat.byteSize)
    assert size.datatype == rdflib.XSD.nonNegativeInteger
    media_type = graph.value(None, dcat.mediaType)
    assert (media_type, rdflib.RDF.type, dct.MediaType) in graph
    assert {str(one) for one in graph.objects(None, dcat.accessURL)} == {
        f"https://example.org/{name}" for name in ("one.tif", "one.zarr", "mask.tif")
    }
    assert len(list(graph.objects(None, dcat.downloadURL))) == 2


def test_feeds_get_the_triples_and_the_record_of_the_catalogue(full):
    whole = rdflib.Graph().parse(data=turtle(dataset_triples(full)), format="turtle")
    assert to_isomorphic(whole) == to_isomorphic(dcat_of(full))
    record_of = rdflib.Graph().parse(
        data=turtle(record_triples(full, "2026-01-02T03:04:05Z")), format="turtle"
    )
    (entry,) = record_of.subjects(rdflib.RDF.type, NS["dcat"].CatalogRecord)
    assert str(record_of.value(entry, NS["foaf"].primaryTopic)) == full.persistent
    assert record_of.value(entry, NS["dct"].modified).datatype == rdflib.XSD.dateTime


def test_empiar_publishes_a_folder_of_its_own():
    study = described({"accession": "EMPIAR-99001", "title": "x"})
    (node,) = dcat_of(study).objects(None, NS["dcat"].accessURL)
    folder = "https://ftp.ebi.ac.uk/empiar/world_availability/99001/"
    assert str(node) == folder
    assert [one["contentUrl"] for one in schema_of(study)["distribution"]] == [folder]
    assert crate_of(study)[1]["distribution"] == {"@id": folder}


# --- Croissant


def test_croissant_needs_images_and_annotations_with_addresses(full, sparse, huge):
    assert CROISSANT.applies(full)
    assert not CROISSANT.applies(sparse)
    assert not CROISSANT.applies(huge)
    without = {**FULL, "annotation": [{"key": "m", "title": "M", "file_reference": [{"path": "mask.tif"}]}]}
    assert not CROISSANT.applies(described(without))


def test_a_dataset_is_live_unless_every_checksum_is_known(full):
    document = json.loads(CROISSANT.make(full))
    assert document["isLiveDataset"] is True
    image, mask = document["distribution"]
    assert (image["contentUrl"], mask["contentUrl"]) == (
        "https://example.org/one.tif",
        "https://example.org/mask.tif",
    )
    assert (mask["sha256"], mask["encodingFormat"]) == ("0a" * 32, "image/tiff")
    assert "sha256" not in image
    file = {"path": "1.tif", "checksum": f"md5:{'0b' * 16}", "download_url": ["https://example.org/1.tif"]}
    known = [{"key": "one", "representation": [{"file_reference": [file]}]}]
    fixed = json.loads(CROISSANT.make(described({**FULL, "image": known})))
    assert "isLiveDataset" not in fixed
    assert fixed["distribution"][0]["md5"] == "0b" * 16


def test_the_library_of_croissant_accepts_the_document(full, tmp_path):
    mlcroissant = pytest.importorskip("mlcroissant")
    place = tmp_path / "croissant.json"
    place.write_bytes(CROISSANT.make(full))
    metadata = mlcroissant.Dataset(jsonld=place).metadata
    assert metadata.name == "Confocal and FIB-SEM images of a made-up cell"
    assert not metadata.ctx.issues.errors
    assert [one.content_url for one in metadata.distribution] == [
        "https://example.org/one.tif",
        "https://example.org/mask.tif",
    ]
    without = json.loads(CROISSANT.make(full))
    del without["isLiveDataset"]
    place.write_text(json.dumps(without), encoding="utf-8")
    with pytest.raises(mlcroissant.ValidationError):
        mlcroissant.Dataset(jsonld=place)
