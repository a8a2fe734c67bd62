"""Record -> quads -> every form of RDF -> record is identity: studies (and their YAML), sets of links, decisions.

RDF has no order and says nothing twice: lists are compared as sets. What has a place (authors, axes) keeps it.
"""

from __future__ import annotations

import gzip
import io
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from rembigraph.app.loading import load
from rembigraph.app.showing import open_snapshot
from rembigraph.catalogue.generations import dump
from rembigraph.catalogue.home import Home
from rembigraph.catalogue.rdf import canonical, to_nquads, triples
from rembigraph.catalogue.serialisation import serialise
from rembigraph.loaders import curation, rdf_documents, read, rembi_yaml
from rembigraph.loaders.rdf_facts import Facts
from rembigraph.loaders.rdf_naming import Naming
from rembigraph.loaders.rdf_syntax import text_statements
from rembigraph.loaders.reading import Document, Reading
from rembigraph.loaders.record_from_rdf import RecordReader
from rembigraph.ontology.completion import complete, complete_links
from rembigraph.ontology.fields import Field, classes, enum_iris
from rembigraph.ontology.generated import models
from rembigraph.ontology.generated.models import CurationDecision, LinkSet, Study
from rembigraph.ontology.identifiers import VOCABULARY, Iris
from rembigraph.ontology.records import Record

from tests.study_classes import NOT_IN_A_STUDY, classes_of_a_study

SAMPLES = sorted((Path(__file__).resolve().parents[2] / "app" / "sample").glob("*.yaml"))
BASES = ("https://w3id.org/rembigraph/id/", "https://catalogue.example/data/")
FORMS = ("turtle", "ntriples", "nquads", "trig", "rdfxml", "jsonld")
ACCESSION = "EXAMPLE-0042"
LINKS = "LINKS-BIA-MADE-UP"
OWN_ACCESSIONS = {"Study": ACCESSION, "LinkSet": LINKS}
SUBMISSION = {
    "accno": "S-BIADTEST7",
    "attributes": [{"name": "Title", "value": "Cells sent in"}, {"name": "Odd", "value": "kept"}],
    "section": {"type": "Study", "attributes": [{"name": "Description", "value": "made up"}]},
}
CRATE = {
    "@context": "https://w3id.org/ro/crate/1.2/context",
    "@graph": [
        {
            "@id": "./",
            "@type": "Dataset",
            "identifier": "S-BIADTEST7",
            "name": "Cells in a crate",
            "odd": ["kept"],
        },
        {"@id": "ro-crate-metadata.json", "@type": "CreativeWork", "about": {"@id": "./"}},
    ],
}
COLLECTION = {
    "name": "made-up",
    "title": "Made-up pairs",
    "accession_ids": ["EMPIAR-10000", "S-BIADTEST7"],
    "odd": 1,
}
TABLE = "EMDB_ID\tPDB_ID\tASSEMBLY\tMOLECULAR_WEIGHT\nEMD-0001\t1abc\tdimer\t52000.5\nEMD-0002\t2xyz\t\t\n"
PORTAL = {
    "id": 10000,
    "dataset_title": "Made-up tomograms",
    "related_database_entries": "EMPIAR-10001, EMD-1234",
}
SIGNED = {"who": "Ada Lovelace", "when": "2026-11-28", "why": "made up"}
DECISIONS = [
    {
        "accession": ACCESSION,
        "field": "title",
        "old_value": "Made up",
        "new_value": 'Made "up"\ncut',
        **SIGNED,
    },
    {"accession": "S-BIADTEST7", "link_to": "EMPIAR-10000", "verdict": "refuted", **SIGNED},
    {
        "accession": "S-BIADTEST7",
        "link_to": "EMD-0001",
        "verdict": "confirmed",
        "relation": "reconstructed_as",
        **SIGNED,
    },
]
_PHASES = [
    Phase.explicit,
    Phase.reuse,
    Phase.generate,
]  # records are large: making a failing one small takes minutes
_CHARACTERS = st.characters(
    exclude_categories=["Cs", "Cc"], exclude_characters="@", include_characters='\n\t\\"'
)
_TEXTS = st.text(_CHARACTERS, min_size=1, max_size=12)
_NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=64)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=6,
)
_PLAIN: dict[str, st.SearchStrategy[Any]] = {
    "string": _TEXTS,
    "integer": st.integers(-(10**18), 10**18),
    "double": _NUMBERS.map(lambda number: number + 0.0),
    "boolean": st.booleans(),
    "date": st.sampled_from(["2024", "1999-12", "2020-02-29"]),
    "json": _JSON.map(json.dumps),
}


# --- records of any class, from the field table


@st.composite
def records(
    draw: st.DrawFn, class_name: str, name: str = "", *, depth: int = 0, full: bool = False
) -> BaseModel:
    """Draw a record whose parts all have an IRI of their own; with `full`, one that has every slot."""
    values: dict[str, Any] = {"id": name} if name else {}
    if class_name in OWN_ACCESSIONS:
        values["accession"] = OWN_ACCESSIONS[class_name]
    for number, of in enumerate(classes()[class_name].fields.values()):
        if of.name in values or not (full or draw(st.booleans())):
            continue
        drawn = [
            draw(_value(of, f"{name or OWN_ACCESSIONS[class_name]}/{number}.{index}", depth, full))
            for index in range(2 if of.many and not full else 1)
        ]
        given = {of.name: drawn if of.many else drawn[0]}
        if of.kind not in {"integer", "double"} or _is_valid(class_name, given):
            values |= given
        elif full:
            values[of.name] = [1] if of.many else 1
    model: type[BaseModel] = getattr(models, class_name)
    return model(**values)


def _is_valid(class_name: str, values: dict[str, Any]) -> bool:
    try:
        getattr(models, class_name)(**values)
    except ValidationError:
        return False
    return True


def _value(of: Field, place: str, depth: int, full: bool) -> st.SearchStrategy[Any]:
    if of.name == "key":
        return st.just(place.replace("/", "."))
    if of.kind == "object":
        owner, _, rest = place.partition("/")
        name = f"{owner}/{classes()[of.of].segment}/{rest.replace('/', '.')}"
        return (
            records(of.of, name, depth=depth + 1, full=full)
            if depth < 3
            else st.just(getattr(models, of.of)(id=name))
        )
    if of.kind == "enum":
        return st.sampled_from(sorted(enum_iris(of.of)))
    if of.kind != "iri":
        return _PLAIN[of.kind]
    known = [f"https://example.org/{of.name}", "urn:x:1", "http://purl.obolibrary.org/obo/FBbi_00000251"]
    if of.of in classes():
        known += [f"{ACCESSION}/{classes()[of.of].segment}/k%20{index}" for index in range(2)]
        known += [f"EMPIAR-10310/{classes()[of.of].segment}/other"]
    return st.sampled_from(known)


def _plain(value: Any, class_name: str) -> Any:
    """A record as YAML writes it: without what is empty, lists as sets, in the order of places where there are any."""
    plain: dict[str, Any] = {"id": value.id} if value.id else {}
    for of in classes()[class_name].fields.values():
        given = getattr(value, of.name)
        if given is None or given == []:
            continue
        items = [_plain_item(item, of) for item in (given if isinstance(given, list) else [given])]
        if of.many:
            texts = sorted({json.dumps(item, sort_keys=True) for item in items})
            items = sorted(map(json.loads, texts), key=_place)
        plain[of.name] = items if of.many else items[0]
    return plain


def _place(item: Any) -> float:
    places = (
        [item[name] for name in ("position", "axis_index") if name in item] if isinstance(item, dict) else []
    )
    return places[0] if places else math.inf


def _plain_item(item: Any, of: Field) -> Any:
    if of.kind == "object":
        return _plain(item, of.of)
    return json.loads(item) if of.kind == "json" else item


# --- the round trip


def _read_back(data: bytes) -> Reading:
    (reading,) = rdf_documents.read(Document("record", "", data))
    assert isinstance(reading, Reading), reading
    return reading


def _study(data: bytes) -> Study:
    record = _read_back(data).study
    assert isinstance(record, Study)
    return record


def _forms(quads: bytes, first: str) -> Iterator[tuple[str, bytes]]:
    parsed = list(ox.parse(quads, ox.RdfFormat.N_QUADS))
    for form in FORMS:
        yield form, serialise(parsed, form, first)


def _studies(path: Path) -> Iterator[Study]:
    for reading in _readings(path.read_bytes()):
        assert isinstance(reading.study, Study)
        yield reading.study


@pytest.mark.nightly
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
@pytest.mark.parametrize("base", BASES)
def test_samples_come_back_from_every_form(path: Path, base: str) -> None:
    iris = Iris(base)
    for study in _studies(path):
        graph = iris.record_graph(str(study.accession), "rembigraph")
        quads = to_nquads([study], iris, graph)
        for form, data in _forms(quads, iris.study(str(study.accession))):
            document = Document(f"record.{form}", "", data)
            (reading,) = read(document)
            assert isinstance(reading, Reading), (form, reading)
            assert reading.format == "rdf"
            assert to_nquads([reading.study], iris, graph) == quads, form
            assert _plain(reading.study, "Study") == _plain(study, "Study"), form
            assert reading.leaves.kept == 0
            assert reading.leaves.total == quads.count(b"\n")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A catalogue of the samples, one study that two sources tell of, sets of links, and a curator's decisions."""
    folder = tmp_path_factory.mktemp("round-trip")
    texts = {
        "submission.json": json.dumps(SUBMISSION),
        "crate.json": json.dumps(CRATE),
        "collection.json": json.dumps(COLLECTION),
        "portal.json": json.dumps(PORTAL),
        "models.tsv": TABLE,
        "decisions.yaml": yaml.safe_dump({"curation": DECISIONS}),
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
    home = Home.init(folder / "catalogue", BASES[0])
    report = load([*(str(folder / name) for name in texts), *map(str, SAMPLES)], home)
    assert report.exit_code == 0, report.as_json()
    return home


def _dumped(home: Home) -> bytes:
    out = io.BytesIO()
    dump(home, out)
    return out.getvalue()


def _of_records(quads: bytes) -> list[bytes]:
    """The quads of record graphs; the others are made anew with each load."""
    graphs = tuple(f" <{BASES[0]}graph/{name}> .".encode() for name in ("validation", "provenance"))
    return sorted(line for line in quads.splitlines() if not line.endswith(graphs))


@pytest.mark.nightly
@pytest.mark.parametrize("is_packed", [False, True])
def test_a_dump_gives_the_same_records_in_another_catalogue(
    filled: Home, tmp_path: Path, is_packed: bool
) -> None:
    dumped = _dumped(filled)
    (tmp_path / "dump").write_bytes(gzip.compress(dumped) if is_packed else dumped)
    other = Home.init(tmp_path / "catalogue", BASES[0])
    report = load([str(tmp_path / "dump")], other)
    assert report.exit_code == 0, [outcome.reason for outcome in report.outcomes if outcome.reason]
    assert _of_records(_dumped(other)) == _of_records(dumped)
    assert {outcome.leaves.kept for outcome in report.outcomes} == {0}
    assert sum(outcome.leaves.total for outcome in report.outcomes) == len(dumped.splitlines())
    assert other.state().active.keys() == filled.state().active.keys()
    assert {source for _, source in other.state().active} >= {"bia-v1", "cryoet-portal", "emicss", "gide"}
    assert sum(source.startswith("curation-") for _, source in other.state().active) == 3


@pytest.mark.nightly
@pytest.mark.parametrize("form", [ox.RdfFormat.N_QUADS, ox.RdfFormat.TRIG])
def test_a_dump_of_the_whole_store_gives_the_same_records(
    filled: Home, tmp_path: Path, form: ox.RdfFormat
) -> None:
    """It has the default graph, too, and the graphs that the catalogue makes of its records."""
    with open_snapshot(filled) as snapshot:
        store = ox.Store.read_only(str(snapshot.store_path))
        graphs = {str(quad.graph_name) for quad in store}
        assert graphs >= {f"<{BASES[0]}graph/{name}>" for name in ("inferred", "links", "terms")} | {
            "DEFAULT"
        }
        store.dump(str(tmp_path / "store"), form)
        named = sum(isinstance(quad.graph_name, ox.NamedNode) for quad in store)
    other = Home.init(tmp_path / "catalogue", BASES[0])
    report = load([str(tmp_path / "store")], other)
    assert report.exit_code == 0, [outcome.reason for outcome in report.outcomes if outcome.reason]
    assert _of_records(_dumped(other)) == _of_records(_dumped(filled))
    assert {outcome.leaves.kept for outcome in report.outcomes} == {0}
    assert sum(outcome.leaves.total for outcome in report.outcomes) == named


@pytest.mark.nightly
@pytest.mark.parametrize("form", FORMS)
def test_the_forms_of_a_page_give_the_same_record(filled: Home, form: str) -> None:
    """What does not come back in its slot is kept as text.

    That is how other records link the study; and in forms without graphs, where the records of two sources become
    one, the second value of a slot for one. A curator's verdict on a link comes back as the record that it is.
    """
    iris = Iris(BASES[0])
    with open_snapshot(filled) as snapshot:
        for accession in sorted(snapshot.search.accessions()):
            own = f"{BASES[0]}graph/{accession}/"
            facts = {
                _line(quad) for quad in snapshot.quads(accession) if quad.graph_name.value.startswith(own)
            }
            readings = list(_readings(snapshot.serialise(accession, form)))
            found = {line for reading in readings for line in _lines(reading.study, iris)}
            studies = [reading.study for reading in readings if isinstance(reading.study, Study)]
            kept = {f"{one.pointer} {one.raw_text}" for study in studies for one in study.kept_value}
            assert facts - found <= kept
            assert facts <= found or (form not in {"nquads", "trig"} and accession == SUBMISSION["accno"])
            new = (
                f"<{iris.study(accession)}/kept/rdf-",
                f"<{iris.study(accession)}> <{VOCABULARY}keptValue>",
            )
            assert all(line.startswith(new) for line in found - facts)


def _readings(data: bytes) -> Iterator[Reading]:
    for result in read(Document("page", "", data)):
        assert isinstance(result, Reading), result
        yield result


def _line(quad: ox.Quad) -> str:
    return f"{quad.subject} {quad.predicate} {quad.object}"


def _lines(record: Record, iris: Iris) -> Iterator[str]:
    return map(_line, ox.parse(to_nquads([record], iris, "urn:g"), ox.RdfFormat.N_QUADS))


def test_authors_and_axes_keep_their_order() -> None:
    text = (
        f"accession: {ACCESSION}\ntitle: x\ncontribution:\n"
        + "".join(f"- {{position: {place}, display_name: Author {place}}}\n" for place in range(1, 13))
        + "coordinate_system:\n- key: s\n  has_axis:\n"
        + "".join(f"  - {{axis_name: a{place}}}\n" for place in range(12))
    )
    (first,) = rembi_yaml.read(Document("record.yaml", "", text.encode()))
    assert isinstance(first, Reading)
    study = _study(to_nquads([first.study], Iris(), "urn:g").replace(b" <urn:g> .", b" ."))
    assert [author.position for author in study.contribution] == list(range(1, 13))
    assert [axis.axis_index for axis in study.coordinate_system[0].has_axis] == list(range(12))


@pytest.mark.nightly
@settings(max_examples=60, deadline=None, phases=_PHASES, suppress_health_check=list(HealthCheck))
@given(records("Study"), st.sampled_from(BASES), st.sampled_from(["turtle", "nquads", "jsonld"]))
def test_any_study_comes_back(study: Study, base: str, form: str) -> None:
    complete(study, "rembigraph")
    iris = Iris(base)
    graph = iris.record_graph(ACCESSION, "rembigraph")
    quads = to_nquads([study], iris, graph)
    data = serialise(ox.parse(quads, ox.RdfFormat.N_QUADS), form, iris.study(ACCESSION))
    reading = _read_back(data)
    assert _plain(reading.study, "Study") == _plain(study, "Study")
    assert to_nquads([reading.study], iris, graph) == quads
    assert reading.leaves.kept == 0


@settings(max_examples=40, deadline=None, phases=_PHASES, suppress_health_check=list(HealthCheck))
@given(records("LinkSet"), st.sampled_from(BASES), st.sampled_from(FORMS))
def test_any_set_of_links_comes_back(links: LinkSet, base: str, form: str) -> None:
    complete_links(links, "emicss")
    iris = Iris(base)
    graph = iris.record_graph(LINKS, "emicss")
    quads = to_nquads([links], iris, graph)
    data = serialise(ox.parse(quads, ox.RdfFormat.N_QUADS), form, iris.study(LINKS))
    reading = _read_back(data)
    assert _plain(reading.study, "LinkSet") == _plain(links, "LinkSet")
    assert to_nquads([reading.study], iris, graph) == quads
    assert reading.source == ("emicss" if form in {"nquads", "trig"} else "rembigraph")
    assert (reading.leaves.kept, reading.leaves.total) == (0, quads.count(b"\n"))


_WORDS = st.text(_CHARACTERS, min_size=1, max_size=12).map(str.strip).filter(bool)
_WHO_WHEN_WHY = {
    "accession": st.sampled_from([ACCESSION, "S-BIADTEST7"]),
    "who": _WORDS | st.just("https://orcid.org/0000-0002-1825-0097"),
    "when": st.sampled_from(["2026-11-28", "2026-11-28T12:00:00Z", "2026-11-28T12:00:00.5+01:00"]),
    "why": _WORDS,
}
_DECISIONS = st.fixed_dictionaries(
    _WHO_WHEN_WHY
    | {
        "link_to": st.sampled_from(
            ["EMPIAR-10000", "EMD-0001", "1abc", "10.1234/X.y", "https://example.org/a"]
        ),
        "verdict": st.sampled_from(sorted(enum_iris("Verdict"))),
    },
    optional={"relation": st.sampled_from(sorted(enum_iris("LinkRelation")))},
) | st.fixed_dictionaries(
    _WHO_WHEN_WHY
    | {"field": st.sampled_from(["title", "description"]), "old_value": _WORDS, "new_value": _WORDS},
    optional={"thing": st.sampled_from(["specimen/fish-3", "biosample/a%20b", "urn:x:1"])},
).filter(lambda decision: decision["old_value"] != decision["new_value"])


@settings(max_examples=100, deadline=None, phases=_PHASES, suppress_health_check=list(HealthCheck))
@given(_DECISIONS, st.sampled_from(BASES), st.sampled_from(FORMS))
def test_any_decision_comes_back(said: dict[str, str], base: str, form: str) -> None:
    text = yaml.safe_dump({"curation": [said]}, default_style='"')
    (first,) = curation.read(Document("c.yaml", "", text.encode()))
    assert isinstance(first, Reading), first
    assert isinstance(first.study, CurationDecision)
    iris = Iris(base)
    graph = iris.record_graph(first.accession, first.source)
    quads = to_nquads([first.study], iris, graph)
    reading = _read_back(
        serialise(ox.parse(quads, ox.RdfFormat.N_QUADS), form, iris.absolute(first.study.id))
    )
    assert reading.study == first.study
    assert (reading.source, reading.quality) == (first.source, first.quality)
    assert reading.source_date == first.source_date
    assert to_nquads([reading.study], iris, graph) == quads
    assert (reading.leaves.mapped, reading.leaves.total) == (quads.count(b"\n"),) * 2


@pytest.mark.nightly
@settings(max_examples=40, deadline=None, phases=_PHASES, suppress_health_check=list(HealthCheck))
@given(records("Study"))
def test_yaml_to_quads_to_yaml_is_identity(study: Study) -> None:
    text = yaml.safe_dump(_plain(study, "Study"), allow_unicode=True, sort_keys=False)
    (first,) = rembi_yaml.read(Document("record.yaml", "", text.encode()))
    assert isinstance(first, Reading), first
    iris = Iris()
    reading = _read_back(to_nquads([first.study], iris, iris.record_graph(ACCESSION, "rembigraph")))
    written = yaml.safe_dump(_plain(reading.study, "Study"), allow_unicode=True)
    assert written == yaml.safe_dump(_plain(first.study, "Study"), allow_unicode=True)


@pytest.mark.parametrize("class_name", sorted(classes()))
@settings(max_examples=15, deadline=None, phases=_PHASES, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_class_comes_back(class_name: str, data: st.DataObject) -> None:
    name = OWN_ACCESSIONS.get(class_name, f"{ACCESSION}/{classes()[class_name].segment}/it")
    _comes_back(data.draw(records(class_name, name)), class_name, name)


@pytest.mark.parametrize("class_name", sorted(classes()))
@settings(max_examples=2, deadline=None, phases=_PHASES, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_slot_of_every_class_comes_back(class_name: str, data: st.DataObject) -> None:
    name = OWN_ACCESSIONS.get(class_name, f"{ACCESSION}/{classes()[class_name].segment}/it")
    record = data.draw(records(class_name, name, depth=2, full=True))
    assert _plain(record, class_name).keys() - {"id"} == classes()[class_name].fields.keys()
    _comes_back(record, class_name, name)


def test_a_yaml_file_can_hold_every_class_that_a_study_is_made_of() -> None:
    """What `test_yaml_to_quads_to_yaml_is_identity` draws from reaches every class, except what we write ourselves."""
    assert classes().keys() - classes_of_a_study() == NOT_IN_A_STUDY


def _comes_back(record: BaseModel, class_name: str, name: str) -> None:
    iris = Iris()
    lines = canonical(f"{triple} ." for triple in triples(record, iris))
    document = Document("record.nt", "", lines)
    facts = Facts(text_statements(document))
    accession = name.split("/", 1)[0]
    naming = Naming.of(accession, {iris.study(accession): accession}, facts, "0" * 12)
    back = RecordReader(facts, naming, "record.nt").record(iris.absolute(name), class_name, name)
    assert _plain(back, class_name) == _plain(record, class_name)
    assert canonical(f"{triple} ." for triple in triples(back, iris)) == lines
    assert facts.leaves().kept == 0
