"""Hand-written rules: each has a good and a bad example, and says the same of a record alone and of a whole store."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from functools import cache
from pathlib import Path

import pyoxigraph as ox
import pytest
from rdflib import RDF, SH, Graph, URIRef
from rdflib.paths import MulPath
from rembigraph.catalogue.across_reports import reports
from rembigraph.catalogue.consistency import across_rules, check
from rembigraph.catalogue.rdf import to_nquads
from rembigraph.catalogue.validation import ValidationReport, ValidationResult, report_quads, validate
from rembigraph.loaders import read
from rembigraph.loaders.reading import Document, Reading
from rembigraph.ontology.fields import classes, generated
from rembigraph.ontology.identifiers import SHAPES, VOCABULARY, Iris
from rembigraph.ontology.term_tables import licences
from rembigraph.shapes import (
    ACROSS,
    QueryRule,
    query_rules,
    running_shapes,
    shape_files,
    shapes_graph,
    themes,
)

from tests.study_classes import classes_of_a_study

IRIS = Iris()
ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "tests" / "data" / "rules"
RULES = sorted(iri.removeprefix(SHAPES) for iri in themes())
QUERIES = {rule.shape for rule in query_rules()}
# IRI fields that name no child of a study, so that they can't lead nowhere inside it.
ELSEWHERE = {
    *("license", "landing_page", "dataset_doi", "same_as", "thumbnail", "modelled_as", "conforms_to", "unit"),
    *("access_url", "download_url", "web_page", "link_from", "link_to", "primary_source", "record_graph"),
}


def _of_files(files: list[Path]) -> list[bytes]:
    """The quads of each study in these files."""
    found = []
    for file in files:
        data = file.read_bytes()
        if file.suffix == ".nt":
            found.append(data)
            continue
        for reading in read(Document(file.name, "", data)):
            assert isinstance(reading, Reading), f"{file}: {reading}"
            accession = str(reading.study.accession)
            found.append(to_nquads([reading.study], IRIS, IRIS.record_graph(accession, "rembigraph")))
    return found


@cache
def _example(rule: str, kind: str) -> list[bytes]:
    (file,) = (EXAMPLES / rule).glob(f"{kind}.*")
    return _of_files([file])


@cache
def _samples() -> list[bytes]:
    return _of_files(sorted((ROOT / "app" / "sample").glob("*.yaml")))


@cache
def _sample_reports() -> list[tuple[bytes, ValidationReport]]:
    return [(quads, validate(quads)) for quads in _samples()]


def _store(records: list[bytes]) -> ox.Store:
    """A store with the records in its default graph, as a generation has them."""
    store = ox.Store()
    for quads in records:
        parsed = ox.parse(quads, format=ox.RdfFormat.N_QUADS)
        store.extend(ox.Quad(quad.subject, quad.predicate, quad.object) for quad in parsed)
    return store


def _found(rule: str, kind: str) -> list[ValidationResult]:
    """What the rules and base shapes say of an example."""
    records = _example(rule, kind)
    found = [result for quads in records for result in validate(quads).results]
    return found + check(_store(records), IRIS, across_rules())


def _by_hand(results: list[ValidationResult]) -> set[str]:
    return {result.shape.removeprefix(SHAPES) for result in results if result.shape in themes()}


def test_every_rule_has_its_folder_of_examples_and_every_folder_its_rule() -> None:
    assert sorted(folder.name for folder in EXAMPLES.iterdir()) == RULES


@pytest.mark.parametrize("rule", RULES)
def test_the_good_example_is_good(rule: str) -> None:
    results = _found(rule, "good")
    assert not [result for result in results if result.severity == "Violation"]
    assert _by_hand(results) == set()


@pytest.mark.parametrize("rule", RULES)
def test_the_bad_example_fails_on_this_rule_alone(rule: str) -> None:
    results = _found(rule, "bad")
    assert _by_hand(results) == {rule}
    violations = {result.shape for result in results if result.severity == "Violation"}
    assert violations <= {SHAPES + rule}
    severity = {result.severity for result in results if result.shape == SHAPES + rule}
    assert severity == {str(shapes_graph().value(URIRef(SHAPES + rule), SH.severity)).removeprefix(str(SH))}


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_says_in_words_what_is_wrong_and_what_to_do(rule: str) -> None:
    from rdflib import RDFS

    graph, shape = shapes_graph(), URIRef(SHAPES + rule)
    for predicate in (RDFS.label, SH.message):
        (text,) = graph.objects(shape, predicate)
        assert text.language == "en", (predicate, text)
    said = [result.message for result in _found(rule, "bad") if result.shape == SHAPES + rule]
    for message in said:
        assert message.count(". ") >= 1 or ", " in message, "a fault and a remedy"
        assert message.endswith(".")
        assert "{" not in message, "every variable has its value"
        assert message.count(message.split(". ")[0]) == 1, "said once"


def test_no_rule_has_the_name_of_a_generated_shape() -> None:
    base = Graph().parse(data=shape_files()["base"])
    assert not {shape for shape in themes() if (URIRef(shape), None, None) in base}


def test_examples_are_about_made_up_studies() -> None:
    for file in EXAMPLES.rglob("*.*"):
        text = file.read_text(encoding="utf-8")
        assert re.search(r"EXAMPLE-09\d\d", text), file
        assert "made up" in text.lower(), file


def test_the_queries_bind_this_to_their_target_and_use_terms_that_exist() -> None:
    graph, ontology = shapes_graph(), Graph().parse(data=generated("rembi.ttl"))
    known = {str(term).removeprefix(VOCABULARY) for term in ontology.subjects()}
    assert {rule.shape for rule in query_rules()} == {str(shape) for shape in graph.subjects(SH.sparql)}
    for rule in query_rules():
        target = graph.value(URIRef(rule.shape), SH.targetClass)
        assert f"$this a {graph.namespace_manager.curie(target)}" in re.sub(
            r"; a |\s+", " ", rule.select
        ) or (f"$this a rembi:{str(target).removeprefix(VOCABULARY)}" in rule.select), rule.shape
        assert set(re.findall(r"\brembi:(\w+)", rule.select)) <= known, rule.shape
        assert rule.query == rule.prologue + rule.select


def test_a_message_puts_no_free_text_in_place_of_a_variable() -> None:
    """PySHACL takes a backslash in such a text for an escape and fails the whole run."""
    places = {name for rule in query_rules() for name in re.findall(r"\{\?(\w+)\}", rule.message)}
    assert places <= {"subject", "value", "system", "image", "other", "computed"}
    texts = {f"{VOCABULARY}{name}" for name in ("scientificName", "imagingMethodText", "memberAccession")}
    assert not [rule.shape for rule in query_rules() if rule.path in texts and "{?" in rule.message]


def test_every_licence_of_the_term_table_is_known() -> None:
    graph = shapes_graph()
    known = set(graph.items(graph.value(URIRef(SHAPES + "Study-licence"), SH["in"])))
    assert {URIRef(iri) for iri in licences()} <= known


def test_severity_is_the_shapes_and_never_the_querys() -> None:
    graph = shapes_graph()
    for shape, constraint in graph.subject_objects(SH.sparql):
        assert graph.value(shape, SH.severity), shape
        assert not graph.value(constraint, SH.severity), constraint


def test_the_rule_on_references_knows_every_reference_and_every_segment_of_the_model() -> None:
    (rule,) = (rule for rule in query_rules() if rule.shape == SHAPES + "Study-own-references")
    declared = dict(re.findall(r"PREFIX (\w+): <(.*)>", rule.prologue))
    path = rule.select.split("?subject", 2)[2].split("?value")[0]
    named = {declared[prefix] + name for prefix, name in re.findall(r"(\w+):(\w+)", path)}
    entries = [classes()[name] for name in classes_of_a_study() | {"SourceRecord"}]
    fields = [of for entry in entries for of in entry.fields.values() if of.kind == "iri"]
    assert named == {of.iri for of in fields if of.name not in ELSEWHERE}
    (segments,) = re.findall(r'"/\((.*)\)/"', rule.select)
    of_model = {entry.segment for entry in entries if entry.within == "study" and entry.segment}
    assert set(segments.split("|")) == of_model


# --- one text, two ways


def _of_queries(report: ValidationReport) -> set[ValidationResult]:
    """What queries found, but for things that records share: `check` leaves those out."""
    own = (result for result in report.results if result.focus_node.startswith(IRIS.data_base))
    return {result for result in own if result.shape in QUERIES}


@pytest.mark.parametrize("rule", RULES)
def test_shacl_and_the_store_find_the_same_in_an_example(rule: str) -> None:
    for kind in ("good", "bad"):
        for quads in _example(rule, kind):
            assert _of_queries(validate(quads)) == set(check(_store([quads]), IRIS))


@pytest.mark.nightly
def test_shacl_and_the_store_find_the_same_in_each_sample_record() -> None:
    found = 0
    for quads, report in _sample_reports():
        expected = _of_queries(report)
        assert set(check(_store([quads]), IRIS)) == expected
        found += len(expected)
    assert found > 30


def _renamed(records: list[bytes], number: int) -> list[bytes]:
    """The same records under other made-up accessions, so that many examples fit into one store."""
    return [re.sub(rb"EXAMPLE-?09", b"EXAMPLE-%02d" % number, quads) for quads in records]


@pytest.fixture(scope="module")
def every_bad_example() -> list[bytes]:
    return [
        quads
        for number, rule in enumerate(RULES, start=10)
        for quads in _renamed(_example(rule, "bad"), number)
    ]


@pytest.mark.nightly
def test_shacl_and_the_store_find_the_same_in_all_records_together(every_bad_example: list[bytes]) -> None:
    """SHACL over one graph of many studies is slow, but it is the judge."""
    together = b"".join([*every_bad_example, *_samples()[:12]])
    expected = _of_queries(validate(together))
    results = check(_store([together]), IRIS)
    assert set(results) == expected
    assert results == sorted(results)
    assert {result.shape for result in results} >= QUERIES


@pytest.mark.nightly
def test_rules_about_several_records_say_nothing_about_one() -> None:
    across = {rule.shape for rule in across_rules()}
    assert across == {iri for iri, theme in themes().items() if theme == ACROSS}
    for quads, report in _sample_reports():
        assert not check(_store([quads]), IRIS, across_rules())
        assert not across & {result.shape for result in report.results}


def test_check_is_deterministic_and_capped(every_bad_example: list[bytes]) -> None:
    results = check(_store(every_bad_example), IRIS)
    assert check(_store(every_bad_example[::-1]), IRIS) == results
    for rule in query_rules():
        mine = [result for result in results if result.shape == rule.shape]
        firsts = {result.focus_node: result for result in reversed(mine)}
        assert check(_store(every_bad_example), IRIS, [rule], max_results=1) == sorted(firsts.values())


def test_a_rule_asked_about_some_focus_nodes_says_what_it_says_of_them_among_all(
    every_bad_example: list[bytes],
) -> None:
    store = _store(every_bad_example)
    for rule in query_rules():
        results = check(store, IRIS, [rule])
        nodes = sorted({result.focus_node for result in results})
        for some in (nodes, nodes[::2], []):
            expected = [result for result in results if result.focus_node in some]
            assert check(store, IRIS, [rule], focus_nodes={rule.target: some}) == expected


def test_check_stays_fast_as_the_store_grows(every_bad_example: list[bytes]) -> None:
    """A query that joins anew for each row takes minutes here; all of them together take seconds."""
    accession = re.compile(rb"((?:EXAMPLE-|EMPIAR-|S-[A-Z]{4}|EXT-EXAMPLE|idr|ssbd-repos-)\d+)")
    copies = (rb"\g<1>9%03d" % number for number in range(8))
    store = _store(
        [accession.sub(copy, quads) for copy in copies for quads in [*every_bad_example, *_samples()]]
    )
    assert len(store) > 40_000
    started = time.process_time()
    assert len(check(store, IRIS)) > 1000
    assert time.process_time() - started < 40


def test_results_about_several_records_become_a_report_for_each_study() -> None:
    results = check(_store(_example("Study-duplicate-title", "bad")), IRIS)
    by_study = reports(results, IRIS)
    assert list(by_study) == ["EXAMPLE-0901", "EXT-EXAMPLE0902"]
    for accession, report in by_study.items():
        quads = list(
            ox.parse(report_quads(report, IRIS, accession, "catalogue"), format=ox.RdfFormat.N_QUADS)
        )
        assert len([quad for quad in quads if quad.predicate.value.endswith("#result")]) == len(
            report.results
        )


def test_another_data_base_changes_nothing() -> None:
    iris = Iris("https://catalogue.example/data/")
    for rule in RULES:
        moved = [
            quads.replace(IRIS.data_base.encode(), iris.data_base.encode()) for quads in _example(rule, "bad")
        ]
        before = check(_store(_example(rule, "bad")), IRIS)
        assert [(one.shape, one.severity) for one in check(_store(moved), iris)] == [
            (one.shape, one.severity) for one in before
        ]


# --- what real records hold


HOSTILE = ('a\\d "quoted" \\1 \\g<0>', "{?value} {$this}", "line\nline", "\u202egnp", "")


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_in_any_field_can_be_validated(text: str) -> None:
    for quads in (
        _samples()[0],
        *_example("Study-generic-method-text", "bad"),
        *_example("Study-ome-zarr", "bad"),
    ):
        lines = []
        for quad in ox.parse(quads, format=ox.RdfFormat.N_QUADS):
            plain = isinstance(quad.object, ox.Literal) and quad.object.datatype.value.endswith("#string")
            lines.append(f"{quad.subject} {quad.predicate} {ox.Literal(text) if plain else quad.object} .\n")
        assert validate("".join(lines).encode()).results


def test_every_sample_record_conforms() -> None:
    for _, report in _sample_reports():
        assert report.conforms


@pytest.mark.realdata
def test_real_crates_are_never_refused(shared: Path) -> None:
    folders = ("rocrate_bia", "rocrate_idr", "rocrate_ssbd")
    files = [file for name in folders for file in sorted((shared / "realdata" / name).glob("*.json"))]
    records = _of_files(files[:: len(files) // 60][:60])
    assert len(records) == 60
    for quads in records:
        assert validate(quads).violations == ()
    severities = {result.severity for result in check(_store(records), IRIS)}
    assert "Violation" not in severities


def test_only_the_shapes_of_the_classes_at_hand_run() -> None:
    running = running_shapes(frozenset([VOCABULARY + "Axis"]))
    assert set(running.subjects(SH.targetClass)) == set(
        shapes_graph().subjects(SH.targetClass, URIRef(VOCABULARY + "Axis"))
    )
    assert len(running) < len(shapes_graph()) / 5
    assert (None, RDF.type, SH.NodeShape) in running


def _rule(name: str) -> QueryRule:
    return next(rule for rule in query_rules() if rule.shape == SHAPES + name)


def test_a_message_of_a_store_result_has_its_values() -> None:
    (result,) = check(_store(_example("Study-own-references", "bad")), IRIS, [_rule("Study-own-references")])
    assert result.message.startswith("https://w3id.org/rembigraph/id/EXAMPLE-0901/specimen/dish points to")
    assert result.path == VOCABULARY + "preparedFrom"
    assert result.value.endswith("/biosample/cultura")


def test_rules_that_the_writer_runs_take_nothing_together() -> None:
    """Over a damaged table, aggregates and ORDER BY take up one error for ever; other queries raise it."""
    for rule in across_rules():
        assert not re.search(
            r"\b(GROUP|ORDER)\s+BY\b|\b(COUNT|SUM|MIN|MAX|AVG|SAMPLE|GROUP_CONCAT)\s*\(", rule.query
        )


def _ring(members: int, times: int) -> bytes:
    """A study whose images are joined in a ring, each step stated so many times."""
    space = [{"axis_name": name, "axis_type": "space", "unit_code": "um"} for name in "zyx"]
    steps = [
        {
            "key": f"t{at}",
            "source_coordinate_system": f"cs/s{at % members}",
            "target_coordinate_system": f"cs/s{(at + 1) % members}",
            "parameters": {"type": "translation", "translation": [1, 2, 3]},
        }
        for at in range(members * times)
    ]
    study = {
        "accession": "EXAMPLE-0900",
        "title": "Made up: a ring",
        "image": [
            {"key": f"i{at}", "title": "Image", "in_coordinate_system": [f"cs/s{at}"]}
            for at in range(members)
        ],
        "coordinate_system": [
            {"key": f"s{at}", "title": "System", "has_axis": space} for at in range(members)
        ],
        "transformation": steps,
        "correlation": [
            {
                "key": "c",
                "title": "All",
                "has_member": [{"member_image": f"EXAMPLE-0900/image/i{at}"} for at in range(members)],
                "has_transformation": [f"transform/{one['key']}" for one in steps],
            }
        ],
    }
    text = "".join(f"{name}: {json.dumps(value)}\n" for name, value in study.items())  # JSON values are YAML
    (reading,) = read(Document("ring.yaml", "", text.encode()))
    assert isinstance(reading, Reading), reading
    return to_nquads([reading.study], IRIS, IRIS.record_graph("EXAMPLE-0900", "rembigraph"))


def test_each_pair_of_members_is_looked_at_once_however_many_transformations_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counted = Counter[int]()
    times, evaluate = 0, MulPath.eval

    def counting(self: MulPath, *arguments: object) -> object:
        counted[times] += 1
        return evaluate(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(MulPath, "eval", counting)
    for times in (1, 4):
        report = validate(_ring(6, times))
        assert not any("transformation-path" in one.shape for one in report.results)
    assert counted[4] <= 1.5 * counted[1]
