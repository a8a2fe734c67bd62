"""The published ontology: complete after REMBI, without the defects that lints find, consistent, mapped."""

from __future__ import annotations

import json
import re
import shutil
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml
from rdflib import DCTERMS, OWL, RDF, RDFS, SH, SKOS, BNode, Graph, Literal, URIRef
from rembigraph.catalogue.queries import named_queries
from rembigraph.catalogue.rdf import triples
from rembigraph.loaders import read, rembi_yaml, ro_crate
from rembigraph.loaders.reading import Document, Reading
from rembigraph.ontology import lint
from rembigraph.ontology.completion import complete
from rembigraph.ontology.errors import SourceMalformed
from rembigraph.ontology.fields import classes, enum_iris, generated
from rembigraph.ontology.generated.models import SourceRecord
from rembigraph.ontology.identifiers import PREFIXES, SHAPES, VOCABULARY, Iris
from rembigraph.ontology.mappings import FILE, read_mappings
from rembigraph.ontology.term_tables import methods
from rembigraph.shapes import shapes_graph

ROOT = Path(__file__).resolve().parents[2]
ONTOLOGY = URIRef(VOCABULARY.rstrip("#"))
REMBI = {  # the eight modules and 35 attributes (Sarkans et al. 2021, doi:10.1038/s41592-021-01166-8)
    "Study": ("Study type", "Study description", "General dataset info"),
    "Study component": ("Imaging method", "Study component description"),
    "Biosample": (
        "Identity",
        "Biological entity",
        "Organism",
        "Intrinsic variable",
        "Extrinsic variable",
        "Experimental variables",
    ),
    "Specimen": (
        "Experimental status",
        "Location within biosample",
        "Preparation method",
        "Signal/contrast mechanism",
        "Channel - content",
        "Channel - biological entity",
    ),
    "Image acquisition": ("Instrument attributes", "Image acquisition parameters"),
    "Image data": (
        "Type",
        "Format & compression",
        "Dimension extents",
        "Size description",
        "Pixel/voxel size description",
        "Channel information",
        "Image processing method",
        "Contrast inversion (to TEM)",
        "QC info",
    ),
    "Image correlation": (
        "Spatial and temporal alignment",
        "Fiducials used",
        "Transformation matrix (/other info)",
        "Related images and relationship",
    ),
    "Analysed data": ("Analysis result type", "Data used for analysis", "Analysis method and details"),
}
MIFA = (
    "authors",
    "annotation id",
    "annotation type",
    "source image",
    "transformations",
    "spatial information",
    "annotation creation time",
    "annotation overview",
    "annotation method",
    "annotation criteria",
    "annotation coverage",
    "annotation confidence level",
)
NOT_ASKED = "none of the 25 competency questions is about it; "
WITHOUT_QUESTION = {
    "AnalyzedData": NOT_ASKED + "results are shown with their study",
    "AnnotationMethod": NOT_ASKED + "it explains annotations, which question 18 is about",
    "Association": NOT_ASKED + "it joins sample and acquisition, which questions ask for apart",
    "Axis": NOT_ASKED + "shapes check it; paths go from system to system",
    "FileReference": NOT_ASKED + "files are fetched by path, not searched",
    "FileSet": NOT_ASKED + "it holds counts of files that no triple names",
    "Instrument": NOT_ASKED + "settings (question 12) are on the acquisition",
    "KeptValue": NOT_ASKED + "it keeps what no slot takes, so that nothing vanishes",
    "LandmarkSet": NOT_ASKED + "it is evidence of a transformation, for computing",
    "Registration": NOT_ASKED + "it explains a transformation",
    "SignalChannel": NOT_ASKED + "channels are read with their image",
    "StudyComponent": NOT_ASKED + "it groups images of a study",
}
WITHOUT_EXAMPLE: dict[str, str] = {
    "CorrelativeSet": "the catalogue concludes it from links; no document states one",
    "FieldConflict": "the catalogue finds it in what several sources say; no document states one",
}


def _records() -> Iterator[str]:
    """The triples of every example record: the demo sample, crates and sets of links of the tests, a source record."""
    iris = Iris()
    samples = [Path(str(entry)) for entry in resources.files("rembigraph.app").joinpath("sample").iterdir()]
    crates = (ROOT / "tests" / "data" / "ro_crate").glob("*.json")
    for loader, paths, source in ((rembi_yaml, samples, "rembigraph"), (ro_crate, crates, "gide")):
        for path in paths:
            for reading in loader.read(Document(path.name, "", path.read_bytes())):
                assert isinstance(reading, Reading), reading
                yield from triples(complete(reading.study, source), iris)
    stated = [*(ROOT / "tests/data/links").glob("*.[jt]s*"), *(ROOT / "tests/data/curation").glob("*.yaml")]
    for path in sorted(stated):
        for links in read(Document(path.name, "", path.read_bytes())):
            assert isinstance(links, Reading), links
            yield from triples(links.study, iris)
    record = SourceRecord(
        id="EXAMPLE-0001/source/x", accession="EXAMPLE-0001", source_kind="x", leaves_total=1
    )
    yield from triples(record, iris)


@pytest.fixture(scope="module")
def published() -> lint.Published:
    schema = yaml.safe_load((ROOT / "ontology" / "rembi.yaml").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return lint.Published(
        ontology=Graph().parse(data=generated("rembi.ttl")),
        shapes=shapes_graph(),
        data=Graph().parse(data="".join(f"{line} .\n" for line in sorted(set(_records()))), format="nt"),
        queries={name: query.text for name, query in named_queries().items()},
        prefixes=schema["prefixes"],
        slots={*schema["slots"], *schema["classes"]},
        version=project["version"],
        released=(ROOT / "ontology" / "released_terms.tsv").read_text(encoding="utf-8"),
        without_question=WITHOUT_QUESTION,
        without_example=WITHOUT_EXAMPLE,
    )


@pytest.fixture(scope="module")
def ontology(published: lint.Published) -> Graph:
    return published.ontology


# --- completeness


def _table() -> dict[str, Any]:
    table: dict[str, Any] = json.loads(generated("fields.json"))
    return table


def _slots() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, entry in _table()["classes"].items():
        for slot, says in entry["slots"].items():
            yield f"{name}.{slot}", says


def test_every_attribute_of_rembi_is_the_source_of_a_slot() -> None:
    rows = {f"REMBI {module}: {attribute}" for module, names in REMBI.items() for attribute in names}
    assert len(rows) == 35
    sources = {says["source"] for _, says in _slots()}
    assert rows <= sources, sorted(rows - sources)
    assert {source for source in sources if source.startswith("REMBI")} <= rows


def test_every_module_of_rembi_is_the_source_of_a_class() -> None:
    sources = {entry["source"] for entry in _table()["classes"].values()}
    assert {f"REMBI module {module}" for module in REMBI} <= sources


def test_the_annotation_fields_of_mifa_are_sources_of_slots() -> None:
    sources = {says["source"] for _, says in _slots()}
    assert {f"MIFA: {name}" for name in MIFA} <= sources


def test_every_slot_has_a_label_a_definition_an_example_and_a_cardinality() -> None:
    for name, says in _slots():
        assert says["label"], name
        assert says["description"].endswith("."), name
        assert says["example"], name
        assert isinstance(says["many"], bool), name


def test_labels_of_fields_are_lower_case_and_differ_within_a_class() -> None:
    for name, entry in _table()["classes"].items():
        labels = Counter(says["label"] for says in entry["slots"].values())
        assert max(labels.values()) == 1, (name, labels.most_common(2))
        for label in labels:
            first = label.split()[0]
            assert first.islower() or first.isupper() or first in {"PubMed", "SHA-256"}, label


def test_what_is_measured_has_a_unit_in_words_as_term_and_in_si() -> None:
    for name in ("QuantityValue", "RegistrationError"):
        fields = classes()[name].fields
        assert {"numeric_value", "unit", "unit_code", "value_si"} <= set(fields)
        assert fields["unit"].kind == "iri"
        assert fields["unit_code"].kind == "string"


def test_the_schemes_of_empiar_have_its_numbers(ontology: Graph) -> None:
    for enum, numbers in (("ExperimentType", {*range(1, 10), *range(11, 14)}), ("Scale", set(range(1, 6)))):
        concepts = [URIRef(iri) for iri in enum_iris(enum).values()]
        found = {int(str(ontology.value(concept, SKOS.notation))) for concept in concepts}
        assert found == numbers


# --- the OWL file


def test_the_header_says_what_the_ontology_is(ontology: Graph) -> None:
    for predicate in ("title", "description", "creator", "license", "issued", "source"):
        assert (ONTOLOGY, DCTERMS[predicate], None) in ontology, predicate
    assert str(ontology.value(ONTOLOGY, DCTERMS.source)) == "https://doi.org/10.1038/s41592-021-01166-8"
    vann = "http://purl.org/vocab/vann/preferredNamespace"
    assert str(ontology.value(ONTOLOGY, URIRef(f"{vann}Prefix"))) == "rembi"
    assert str(ontology.value(ONTOLOGY, URIRef(f"{vann}Uri"))) == VOCABULARY
    assert (ONTOLOGY, OWL.priorVersion, None) not in ontology


def test_what_the_terms_graph_says_is_documented(ontology: Graph) -> None:
    assert (URIRef(VOCABULARY + "spdxId"), RDF.type, OWL.DatatypeProperty) in ontology
    assert (ONTOLOGY, URIRef(VOCABULARY + "usesTerm"), SKOS.broader) in ontology
    for name in ("imagingMethod", "organism"):
        assert any("*" in str(note) for note in ontology.objects(URIRef(VOCABULARY + name), SKOS.note)), name


def test_our_own_imaging_methods_are_described_like_other_terms(ontology: Graph) -> None:
    scheme = URIRef(VOCABULARY + "ImagingMethods")
    own = {iri for iri in methods() if iri.startswith(VOCABULARY)}
    assert own
    assert {str(concept) for concept in ontology.subjects(SKOS.inScheme, scheme)} == own


def test_axioms_are_light_and_true_of_the_examples(published: lint.Published) -> None:
    graph = published.ontology
    assert not set(graph.subjects(RDF.type, OWL.Restriction))
    (axiom,) = graph.subjects(RDF.type, OWL.AllDisjointClasses)
    disjoint = set(graph.items(graph.value(axiom, OWL.members)))
    assert {URIRef(VOCABULARY + name) for name in ("Study", "Biosample", "Specimen", "Image")} <= disjoint
    for subject in set(published.data.subjects()):
        assert len(disjoint & set(published.data.objects(subject, RDF.type))) <= 1, subject


def test_mappings_are_in_the_ontology_from_our_side_only(ontology: Graph) -> None:
    matches = {SKOS.exactMatch, SKOS.closeMatch, SKOS.broadMatch, SKOS.narrowMatch, SKOS.relatedMatch}
    stated = {(s, p, o) for s, p, o in ontology if p in matches}
    listed = {
        (URIRef(mapping.subject), URIRef(mapping.predicate), URIRef(mapping.object))
        for mapping in read_mappings().mappings
        if mapping.object
    }
    assert listed <= stated
    assert all(str(s).startswith(VOCABULARY) and not str(o).startswith(VOCABULARY) for s, _, o in stated)
    assert not set(ontology.subject_objects(OWL.equivalentClass))
    assert not set(ontology.subject_objects(OWL.equivalentProperty))


# --- mappings


def test_mappings_name_terms_and_labels_of_the_ontology(ontology: Graph) -> None:
    for mapping in read_mappings().mappings:
        labels = {str(label) for label in ontology.objects(URIRef(mapping.subject), RDFS.label)}
        assert labels == {mapping.subject_label}, mapping


def test_mappings_reach_the_vocabularies_that_others_query() -> None:
    counts = Counter(mapping.vocabulary for mapping in read_mappings().mappings)
    wanted = {"dcat", "schema", "prov", "obo", "sosa", "ssbd", "omecore", "edam", "bia", "geosrs", "REMBI"}
    assert wanted <= set(counts), wanted - set(counts)


def test_every_attribute_of_rembi_is_mapped() -> None:
    rows = {f"REMBI {module}: {attribute}" for module, names in REMBI.items() for attribute in names}
    assert {m.object_label for m in read_mappings().mappings if not m.object} == rows


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("\tskos:closeMatch\t", "\towl:equivalentClass\t", "predicate"),
        ("\nrembi:", "\nbia:", "term of ours"),
        ("\tsemapv:ManualMappingCuration\t", "\tsemapv:LexicalMatching\t", "justification"),
        ("\tbia:AnnotationData\t", "\tbai:AnnotationData\t", "CURIE"),
        ("\tbia:AnnotationData\t", "\thttp://bia/AnnotationData\t", "CURIE"),
        ("\tbia:AnnotationData\t", "\t\t", "IRI"),
        ("\tbia:AnnotationData\tannotation data\t", "\tbia:AnnotationData\t \t", "empty"),
        ("#mapping_set_id", "#mapping_set", "mapping_set_id"),
        ("\nsubject_id\t", "\nsubject\t", "columns"),
        ("\nrembi:Axis\t", "\nrembi:Axis\tx\t", "columns"),
        ("bia:BioSample\tbio sample", "obo:OBI_0000747\tbio sample", "twice"),
    ],
)
def test_a_fault_in_the_mapping_file_is_named_with_its_line(old: str, new: str, words: str) -> None:
    text = FILE.read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(SourceMalformed, match=words) as error:
        read_mappings(text.replace(old, new, 1))
    assert re.fullmatch(r"\d+:1", error.value.pointer)


# --- lints, and the proof that each can complain


def test_no_lint_complains(published: lint.Published) -> None:
    assert lint.complaints(published) == {}


STUDY, IMAGE = URIRef(VOCABULARY + "Study"), URIRef(VOCABULARY + "Image")
TITLE, SIZE = URIRef(VOCABULARY + "displayName"), URIRef(VOCABULARY + "sizeX")
NEW = URIRef(VOCABULARY + "New")
FOREIGN = URIRef(PREFIXES["dcat"] + "Dataset")
Fault = Callable[[lint.Published], lint.Published]


def _with(*added: tuple[URIRef, URIRef, Any], on: str = "ontology") -> Fault:
    def seed(sound: lint.Published) -> lint.Published:
        return replace(sound, **{on: _copy(getattr(sound, on), added)})

    return seed


def _copy(graph: Graph, added: tuple[tuple[Any, Any, Any], ...]) -> Graph:
    copied = Graph()
    copied += graph
    for triple in added:
        copied.add(triple)
    return copied


def _without(
    subject: URIRef | None, predicate: URIRef | None, value: Any = None, on: str = "ontology"
) -> Fault:
    def seed(sound: lint.Published) -> lint.Published:
        graph = _copy(getattr(sound, on), ())
        assert (subject, predicate, value) in graph
        graph.remove((subject, predicate, value))
        return replace(sound, **{on: graph})

    return seed


def _but(**changed: Any) -> Fault:
    return lambda sound: replace(sound, **changed)


def _described(term: URIRef, kind: URIRef) -> tuple[tuple[URIRef, URIRef, Any], ...]:
    label = str(term).rpartition("#")[2]
    return (
        (term, RDF.type, kind),
        (term, RDFS.label, Literal(f"{label} of a test", lang="en")),
        (term, SKOS.definition, Literal("Made for a test.", lang="en")),
    )


FAULTS: list[tuple[str, str, Fault]] = [
    ("labels_and_definitions", "no label", _without(STUDY, RDFS.label)),
    ("labels_and_definitions", "no definition", _without(SIZE, SKOS.definition)),
    (
        "labels_and_definitions",
        "repeats",
        _with(*_described(NEW, OWL.Class)[:2], (NEW, SKOS.definition, Literal("New of a test.", lang="en"))),
    ),
    ("duplicate_labels", "size x", _with((TITLE, RDFS.label, Literal("size x", lang="en")))),
    ("empty_texts", "empty", _with((STUDY, SKOS.note, Literal("  ", lang="en")))),
    ("undefined_terms", "rembi:Nowhere", _with((STUDY, RDFS.subClassOf, URIRef(VOCABULARY + "Nowhere")))),
    (
        "undefined_terms",
        "rembi:noSuchProperty",
        _with((URIRef("https://x/1"), URIRef(VOCABULARY + "noSuchProperty"), Literal("1")), on="data"),
    ),
    (
        "undefined_terms",
        "rembi:noSuchProperty",
        _with((URIRef(SHAPES + "Study-title"), SH.path, URIRef(VOCABULARY + "noSuchProperty")), on="shapes"),
    ),
    ("unknown_foreign_terms", "owl:subClassOf", _with((STUDY, URIRef(str(OWL) + "subClassOf"), IMAGE))),
    ("unknown_foreign_terms", "sh:minimum", _with((STUDY, URIRef(str(SH) + "minimum"), IMAGE), on="shapes")),
    ("wrong_ranges", "rembi:Image", _with((SIZE, URIRef(PREFIXES["schema"] + "rangeIncludes"), IMAGE))),
    ("wrong_ranges", "inverse functional", _with((SIZE, RDF.type, OWL.InverseFunctionalProperty))),
    ("wrong_ranges", "literals and of things", _with((SIZE, RDF.type, OWL.ObjectProperty))),
    ("biting_restrictions", "rdfs:domain", _with((SIZE, RDFS.domain, IMAGE))),
    ("biting_restrictions", "rdfs:range", _with((SIZE, RDFS.range, IMAGE))),
    (
        "units_without_shape",
        "Study-byte_size",
        _without(URIRef(SHAPES + "Study-byte_size"), URIRef(VOCABULARY + "unitCode"), on="shapes"),
    ),
    (
        "unlisted_properties",
        "https://x/p",
        _with((URIRef("https://x/1"), URIRef("https://x/p"), Literal("1")), on="data"),
    ),
    ("unlisted_properties", "dcterms:title", _without(None, URIRef(VOCABULARY + "usesTerm"), DCTERMS.title)),
    ("unused_properties", "rembi:sizeX", _without(None, SH.path, SIZE, on="shapes")),
    ("hijacked_terms", "dcat:Dataset", _with((FOREIGN, RDFS.subClassOf, STUDY))),
    ("label_languages", "English", _with((STUDY, SKOS.prefLabel, Literal("study")))),
    ("label_languages", "more than one", _with((STUDY, RDFS.label, Literal("studies", lang="en")))),
    ("spelling", "analyzed", _with((STUDY, RDFS.label, Literal("analyzed thing", lang="en")))),
    ("prefix_clashes", "schema", _but(slots={"schema"})),
    (
        "subclass_cycles",
        "rembi:Study",
        _with((STUDY, RDFS.subClassOf, IMAGE), (IMAGE, RDFS.subClassOf, STUDY)),
    ),
    ("orphan_classes", "nothing leads", _with(*_described(NEW, OWL.Class))),
    (
        "orphan_classes",
        "no property",
        _with(*_described(NEW, OWL.Class), (NEW, RDFS.subClassOf, STUDY)),
    ),
    ("term_names", "UpperCamel", _with(*_described(URIRef(VOCABULARY + "new_class"), OWL.Class))),
    ("term_names", "lowerCamel", _with(*_described(URIRef(VOCABULARY + "SizeX"), OWL.DatatypeProperty))),
    ("classes_without_question", "rembi:Study", _but(queries={"one": "SELECT * WHERE { ?s ?p ?o }"})),
    ("classes_without_example", "rembi:Study", _but(data=Graph())),
    ("excuses_without_class", "no class", _but(without_example={"Nothing": "a reason"})),
    ("excuses_without_class", "reason", _but(without_question={"Study": " "})),
    ("version_mismatch", "owl:versionIRI", _but(version="9.9.9")),
    ("version_mismatch", "missing", _without(ONTOLOGY, OWL.versionInfo)),
    ("removed_terms", "gone", _without(SIZE, RDF.type)),
    ("removed_terms", "stable", _with((SIZE, OWL.deprecated, Literal(True)))),
]


@pytest.mark.parametrize(("title", "words", "seed"), FAULTS, ids=[f"{f[0]}-{f[1]}" for f in FAULTS])
def test_a_seeded_fault_is_found_by_its_lint(
    published: lint.Published, title: str, words: str, seed: Fault
) -> None:
    found = list(lint.LINTS[title](seed(published)))
    assert any(words in complaint for complaint in found), found


def test_every_lint_has_a_seeded_fault() -> None:
    assert {title for title, _, _ in FAULTS} == set(lint.LINTS)


# --- released terms


def test_a_release_keeps_what_earlier_versions_had(ontology: Graph) -> None:
    before = "term\tsince\tstatus\nGone\t0.0.1\tstable\nsizeX\t0.0.1\tstable\nNeverReleased\t0.1.0\tstable\n"
    after = lint.released_terms(lint.release(before, ontology))
    assert after["Gone"] == ("0.0.1", "stable")
    assert after["sizeX"] == ("0.0.1", "stable")
    assert after["Study"] == ("0.1.0", "stable")
    assert "NeverReleased" not in after
    assert lint.release(lint.release(before, ontology), ontology) == lint.release(before, ontology)


@pytest.mark.parametrize("text", ["term\tsince\nA\t1\n", "term\tsince\tstatus\nA\t1\tnew\n", "x\ty\tz\n"])
def test_a_malformed_list_of_released_terms_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="released_terms"):
        lint.released_terms(text)


def test_a_term_cannot_be_released_twice() -> None:
    with pytest.raises(ValueError, match="twice"):
        lint.released_terms("term\tsince\tstatus\nA\t1\tstable\nA\t2\tstable\n")


# --- reasoning


def _inconsistent(graph: Graph) -> Graph:
    """A copy with one thing that is a study and a specimen."""
    thing = URIRef("https://example.org/both")
    return _copy(graph, ((thing, RDF.type, STUDY), (thing, RDF.type, URIRef(VOCABULARY + "Specimen"))))


def _hermit(graph: Graph, folder: Path) -> str:
    """What HermiT says: consistent, inconsistent, or the classes that can have no member."""
    from owlready2 import OwlReadyInconsistentOntologyError, World, sync_reasoner_hermit

    file = folder / "checked.nt"
    file.write_text(graph.serialize(format="nt", encoding="utf-8").decode(), encoding="utf-8")
    world = World()
    world.get_ontology(file.as_uri()).load()
    try:
        sync_reasoner_hermit(world, debug=0, ignore_unsupported_datatypes=True)
    except OwlReadyInconsistentOntologyError:
        return "inconsistent"
    empty = {found.iri for found in world.inconsistent_classes()} - {str(OWL.Nothing)}
    return ", ".join(sorted(empty)) or "consistent"


@pytest.mark.skipif(
    find_spec("owlready2") is None or shutil.which("java") is None,
    reason="needs owlready2 (the dev extra) and java; .ci/run has them",
)
@pytest.mark.filterwarnings("default")  # owlready2 leaves files open
def test_hermit_finds_ontology_and_examples_consistent_and_a_seeded_fault(
    published: lint.Published, tmp_path: Path
) -> None:
    whole = published.ontology + published.data
    assert _hermit(whole, tmp_path) == "consistent"
    assert _hermit(_inconsistent(whole), tmp_path) == "inconsistent"
    impossible = tuple((NEW, RDFS.subClassOf, parent) for parent in (STUDY, IMAGE))
    weird = _copy(published.ontology, (*_described(NEW, OWL.Class), *impossible))
    assert _hermit(weird, tmp_path) == str(NEW)


def _owl_rl_errors(graph: Graph) -> list[str]:
    import owlrl

    closed = _copy(graph, ())
    owlrl.DeductiveClosure(owlrl.OWLRL_Semantics).expand(closed)
    error = URIRef("http://www.daml.org/2002/03/agents/agent-ont#error")
    return [str(message) for message in closed.objects(None, error)]


@pytest.mark.slow
@pytest.mark.skipif(find_spec("owlrl") is None, reason="owlrl is not installed; it comes with pySHACL")
def test_owl_rl_rules_find_the_ontology_consistent_and_a_seeded_fault(ontology: Graph) -> None:
    assert _owl_rl_errors(ontology) == []
    assert any("isjoint" in message for message in _owl_rl_errors(_inconsistent(ontology)))


def test_no_blank_node_but_the_disjointness_axiom(ontology: Graph) -> None:
    assert len({s for s in ontology.subjects() if isinstance(s, BNode)} - set(_list_nodes(ontology))) == 1


def _list_nodes(graph: Graph) -> Iterator[BNode]:
    for subject in graph.subjects(RDF.first):
        if isinstance(subject, BNode):
            yield subject
