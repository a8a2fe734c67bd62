"""Reading a published generation: facts, parts in both directions, RDF forms, swapping under users."""

import json
import threading

import pytest
import rdflib
from pyoxigraph import NamedNode, RdfFormat, parse
from rdflib.compare import isomorphic, to_isomorphic
from rembigraph.catalogue.derive import derive
from rembigraph.catalogue.findings import finding_at, result_iris
from rembigraph.catalogue.following import Reader
from rembigraph.catalogue.home import Home
from rembigraph.catalogue.publish import Withdrawal, Writer
from rembigraph.catalogue.reader import EmptyCatalogueError
from rembigraph.catalogue.recordview import field_iri, natural_key
from rembigraph.catalogue.serialisation import FORMS, NotRepresentableError
from rembigraph.ontology.fields import generated

from tests.conftest import DATA, documents, record
from tests.made_catalogue import made, opened
from tests.made_catalogue import study as made_study

STUDIES = ["S-BSST707", "EMPIAR-10819", "EXAMPLE-0101", "EXAMPLE-0102", "EXAMPLE-0104"]


def test_a_record_has_every_fact_of_its_sources(snapshot):
    view = snapshot.record("EMPIAR-10819")
    assert view.sources == ("rembigraph", "gide")
    assert view.study.text("title").startswith("Benchmark FIB SEM data of HeLa cells previously")
    assert len(view.study.texts("title")) == 2
    assert view.study.integer("byte_size") == 91124559572
    said = view.said[view.iri, field_iri("title"), view.study.values("title")[0]]
    assert said == {"gide"}
    assert view.study.concepts("organism") == ["Homo sapiens"]
    assert view.label("https://w3id.org/rembigraph/ns#Prose") == "prose"


def test_what_is_not_here_is_none(snapshot):
    assert snapshot.record("EMPIAR-99999") is None
    assert snapshot.record("EXAMPLE-0105") is None
    assert not snapshot.holds("EXAMPLE-0105")
    view = snapshot.record("EXAMPLE-0102")
    assert view.study.integer("byte_size") is None
    assert view.study.text("license") == ""


def test_links_are_seen_from_both_ends(snapshot):
    (there,) = snapshot.parts("S-BSST707")
    (here,) = snapshot.parts("EMPIAR-10819")
    assert (there.accession, there.directions, there.held) == ("EMPIAR-10819", ("out",), True)
    assert (here.accession, here.directions, here.held) == ("S-BSST707", ("in",), True)
    assert there.archive.key == "EMPIAR"
    assert there.landing_page == "https://www.ebi.ac.uk/empiar/EMPIAR-10819/"
    assert there.title.startswith("Benchmark FIB SEM")
    assert [term.label for term in there.organisms] == ["Homo sapiens"]
    for part in (there, here):
        (claim,) = part.claims
        assert part.relations == ("images_same_specimen",)
        assert (claim.link.evidence, claim.link.asserter, claim.link.confidence) == (
            "prose",
            "depositor",
            1.0,
        )
        assert claim.texts == ("The FIB SEM data can be found on EMPIAR, entry # EMPIAR-10819.",)
        assert (claim.stated_in, claim.sources) == ("S-BSST707", ("rembigraph",))


def test_correlations_and_specimens_join_both_ends(snapshot):
    for one, other, direction in (
        ("EXAMPLE-0101", "EXAMPLE-0102", "out"),
        ("EXAMPLE-0102", "EXAMPLE-0101", "in"),
    ):
        (part,) = snapshot.parts(one)
        assert (part.accession, part.directions, part.correlative) == (other, (direction,), True)
        assert {claim.link.kind for claim in part.claims} == {"correlation", "specimen"}
        assert part.correlations == ((f"{DATA}EXAMPLE-0101/correlation/cell-7", "EXAMPLE-0101"),)
        assert part.grades == ("transform_with_error",)


def test_parts_that_are_not_here_are_told_as_such(snapshot):
    parts = {part.accession: part for part in snapshot.parts("EXAMPLE-0104")}
    assert set(parts) == {"EMPIAR-99998", "S-BIAD4711", "EXAMPLE-0105", "https://www.ebi.ac.uk/emdb/EMD-1"}
    assert not any(part.held for part in parts.values())
    assert parts["S-BIAD4711"].correlative
    assert parts["EMPIAR-99998"].is_suggestion
    assert not parts["EMPIAR-99998"].correlative
    assert parts["https://www.ebi.ac.uk/emdb/EMD-1"].archive is None
    assert [part.accession for part in snapshot.parts("S-BIAD4711")] == ["EXAMPLE-0104"]


def test_the_whole_set_is_transitive_and_leaves_hints_out(tmp_path):
    home = Home.init(tmp_path / "catalogue", DATA)
    chain = [{"accession": f"EXAMPLE-{n:04d}", "title": str(n)} for n in range(1, 6)]
    for study, following in zip(chain, [*range(2, 6), None], strict=True):
        if following:
            weak = {"evidence_kind": "same_authors"} if following == 5 else {"evidence_kind": "curated"}
            link = {"link_to": f"EXAMPLE-{following:04d}", "link_relation": "part_of_same_experiment"}
            study["related"] = [{**link, **weak, "asserted_by": "curator"}]
    with Writer(home, derive) as writer:
        writer.publish([record(study) for study in chain])
    reader = Reader(home)
    with reader.snapshot() as snapshot:
        for start in ("EXAMPLE-0001", "EXAMPLE-0003"):
            members = [part.accession for part in snapshot.correlative_set(start)]
            assert members[0] == start
            assert sorted(members) == [f"EXAMPLE-{n:04d}" for n in range(1, 5)]
        assert [part.accession for part in snapshot.correlative_set("EXAMPLE-0005")] == ["EXAMPLE-0005"]
        assert snapshot.counts["sets"] == 1
        assert snapshot.counts["correlative_studies"] == 4


def test_the_whole_set_is_bounded(tmp_path):
    home = Home.init(tmp_path / "catalogue", DATA)
    related = [
        {"link_to": f"S-BIAD{n}", "link_relation": "images_same_specimen", "evidence_kind": "prose"}
        for n in range(1, 400)
    ]
    with Writer(home, derive) as writer:
        writer.publish([record({"accession": "EXAMPLE-0001", "title": "many", "related": related})])
    reader = Reader(home)
    with reader.snapshot() as snapshot:
        assert len(snapshot.correlative_set("EXAMPLE-0001")) == 200
        assert len(snapshot.parts("EXAMPLE-0001")) == 399


def test_sources_and_validation_come_with_a_record(snapshot):
    first, second = snapshot.sources("EMPIAR-10819")
    assert (first.kind, second.kind) == ("rembigraph", "gide")
    assert first.mapping_version == "1"
    assert len(first.sha256) == 64
    assert first.leaves == {"total": 4, "mapped": 3, "kept": 1, "ignored": 0}
    (finding, *_) = snapshot.validation("EMPIAR-10819")
    assert (finding.severity, finding.level, finding.message) == (
        "Warning",
        "required",
        "No licence is given.",
    )
    assert finding.focus == f"{DATA}EMPIAR-10819"


def test_findings_said_in_the_same_words_are_the_same_as_read_one_by_one(tmp_path):
    """All images lack the same; what the study lacks is said once."""
    images = [{"key": f"image-{number}", "title": f"Image {number}"} for number in range(50)]
    home = made(tmp_path / "home", made_study("EXAMPLE-0001", image=images))
    with opened(home) as snapshot:
        graph = NamedNode(snapshot.iris.graph("validation"))
        found = snapshot.validation("EXAMPLE-0001")
        results = result_iris(snapshot._store, snapshot.iris, snapshot.record("EXAMPLE-0001"))
        single = [finding_at(snapshot._store, graph, result) for result in results]
    assert len(found) > 50
    assert 5 < len({one.shape for one in found}) < 20
    assert set(found) == set(single)


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
@pytest.mark.parametrize("accession", STUDIES)
def test_all_triple_forms_hold_the_same_graph(snapshot, accession):
    graphs = {}
    for form, name in (("turtle", "turtle"), ("ntriples", "nt"), ("jsonld", "json-ld"), ("rdfxml", "xml")):
        graphs[form] = rdflib.Graph().parse(data=snapshot.serialise(accession, form), format=name)
    assert len(graphs["ntriples"]) > 5
    for form, graph in graphs.items():
        assert isomorphic(graph, graphs["ntriples"]), form
        # Isomorphism alone would accept 1.0 for 1.00: literals must be the same to the letter.
        assert {str(term) for triple in graph for term in triple} == {
            str(term) for triple in graphs["ntriples"] for term in triple
        }


@pytest.mark.parametrize("accession", STUDIES)
def test_a_second_parser_reads_the_same(snapshot, accession):
    def triples(form, oxigraph):
        return {quad.triple for quad in parse(snapshot.serialise(accession, form), format=oxigraph)}

    expected = triples("ntriples", RdfFormat.N_TRIPLES)
    assert triples("turtle", RdfFormat.TURTLE) == expected
    assert triples("jsonld", RdfFormat.JSON_LD) == expected
    assert triples("json", RdfFormat.JSON_LD) == expected
    assert triples("rdfxml", RdfFormat.RDF_XML) == expected


def test_dataset_forms_name_graphs_and_hold_provenance(snapshot):
    quads = set(parse(snapshot.serialise("EMPIAR-10819", "nquads"), format=RdfFormat.N_QUADS))
    assert quads == set(parse(snapshot.serialise("EMPIAR-10819", "trig"), format=RdfFormat.TRIG))
    graphs = {quad.graph_name.value.removeprefix(DATA) for quad in quads}
    assert {
        "graph/EMPIAR-10819/rembigraph",
        "graph/EMPIAR-10819/gide",
        "graph/provenance",
        "graph/validation",
    } <= graphs
    assert "graph/S-BSST707/rembigraph" in graphs, "the link that the other study states belongs to it"


def test_serialisations_do_not_depend_on_chance(snapshot, made_up):
    again = Reader(made_up.home)
    with again.snapshot() as other:
        for form in FORMS:
            assert snapshot.serialise("EXAMPLE-0101", form) == other.serialise("EXAMPLE-0101", form)


def test_the_json_ld_uses_the_names_of_the_model(snapshot):
    document = json.loads(snapshot.serialise("EXAMPLE-0101", "jsonld"))
    context = document["@context"]
    whole = json.loads(generated("context.jsonld"))["@context"]
    for name, term in context.items():
        if name not in {"id", "type"}:
            iri = term["@id"] if isinstance(term, dict) else term
            assert whole[name]["@id"] == iri, name
    study = document["@graph"][0]
    assert (study["id"], study["type"]) == (f"{DATA}EXAMPLE-0101", "Study")
    assert "parameters" in next(
        node for node in document["@graph"] if node["type"] == "CoordinateTransformation"
    )


def test_one_thing_comes_with_what_lies_below_it(snapshot):
    image = f"{DATA}EXAMPLE-0101/image/stack"
    triples = list(parse(snapshot.serialise("EXAMPLE-0101", "ntriples", image), format=RdfFormat.N_TRIPLES))
    subjects = {triple.subject.value for triple in triples}
    assert image in subjects
    assert all(subject == image or subject.startswith(f"{image}/") for subject in subjects)
    assert len(subjects) > 2


def test_xml_says_when_it_cannot_hold_a_record(snapshot):
    with pytest.raises(NotRepresentableError):
        snapshot.serialise("EXAMPLE-0103", "rdfxml")
    assert to_isomorphic(
        rdflib.Graph().parse(data=snapshot.serialise("EXAMPLE-0103", "turtle"), format="turtle")
    )


@pytest.mark.slow
def test_readers_follow_new_generations_and_keep_their_own(tmp_path):
    home = Home.init(tmp_path / "catalogue", DATA)
    reader = Reader(home)
    with pytest.raises(EmptyCatalogueError), reader.snapshot():
        pass
    with Writer(home, derive) as writer:
        writer.publish([record({"accession": "EXAMPLE-0001", "title": "first"})])
        with reader.snapshot() as old:
            assert old.record("EXAMPLE-0001").study.text("title") == "first"
            for number in range(5):
                writer.publish([record({"accession": "EXAMPLE-0002", "title": f"second {number}"})])
            assert not old.holds("EXAMPLE-0002")
            assert old.search.studies().total == 1
            with reader.snapshot() as new:
                assert new.generation > old.generation
                assert new.search.studies().total == 2
            assert old.path.is_dir(), "what a reader holds is not removed"
        writer.publish([record({"accession": "EXAMPLE-0003", "title": "third"})])
    assert not old.path.is_dir()
    reader.close()


def test_withdrawals_are_told(tmp_path):
    home = Home.init(tmp_path / "catalogue", DATA)
    reader = Reader(home)
    assert reader.withdrawn("EXAMPLE-0001") is None
    with Writer(home, derive) as writer:
        writer.publish([record({"accession": "EXAMPLE-0001", "title": "first"})])
        assert reader.withdrawn("EXAMPLE-0001") is None
        writer.publish([], withdraw=[Withdrawal("EXAMPLE-0001", "a mistake", "EXAMPLE-0002")])
    gone = reader.withdrawn("EXAMPLE-0001")
    assert (gone.reason, gone.successor) == ("a mistake", "EXAMPLE-0002")
    with reader.snapshot() as snapshot:
        assert snapshot.search.studies().total == 0
        assert snapshot.counts["studies"] == 0
        assert snapshot.counts["bytes"] is None


def test_what_only_several_records_show_is_reported_and_lapses(tmp_path):
    home = Home.init(tmp_path / "catalogue", DATA)
    reader = Reader(home)

    def duplicates(accession):
        with reader.snapshot() as snapshot:
            found = [
                one for one in snapshot.validation(accession) if one.shape.endswith("#Study-duplicate-title")
            ]
            report = f"{DATA}{accession}/report/catalogue"
            assert bool(found) == any(quad.subject.value == report for quad in snapshot.quads(accession))
            return [one.value.removeprefix(DATA) for one in found]

    twins = [{"accession": name, "title": "one cell twice"} for name in ("EXAMPLE-0901", "EXT-EXAMPLE0902")]
    with Writer(home, derive) as writer:
        writer.publish([record(twins[0])])
        assert duplicates("EXAMPLE-0901") == []
        writer.publish([record(twins[1])])
        assert duplicates("EXAMPLE-0901") == ["EXT-EXAMPLE0902"]
        assert duplicates("EXT-EXAMPLE0902") == ["EXAMPLE-0901"]
        writer.publish([record({"accession": "EXAMPLE-0903", "title": "another"})])
        assert duplicates("EXAMPLE-0901") == ["EXT-EXAMPLE0902"]
        writer.publish([], withdraw=[Withdrawal("EXT-EXAMPLE0902", "a mistake")])
        assert duplicates("EXAMPLE-0901") == []
    reader.close()


@pytest.mark.slow
def test_many_threads_read_while_generations_change(tmp_path):
    home = Home.init(tmp_path / "catalogue", DATA)
    reader, stop, problems = Reader(home), threading.Event(), []

    def read():
        while not stop.is_set():
            with reader.snapshot() as snapshot:
                total = snapshot.search.studies().total
                if total != snapshot.counts["studies"] or not snapshot.record("EXAMPLE-0001"):
                    problems.append(total)

    with Writer(home, derive) as writer:
        writer.publish([record({"accession": "EXAMPLE-0001", "title": "first"})])
        threads = [threading.Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        for number in range(2, 12):
            writer.publish([record({"accession": f"EXAMPLE-{number:04d}", "title": f"study {number}"})])
        stop.set()
        for thread in threads:
            thread.join()
    assert not problems


@pytest.mark.slow
def test_incremental_counts_equal_counts_made_at_once(tmp_path):
    studies = [study for study in documents() if study["accession"] != "EXAMPLE-0103"]
    once, slowly = Home.init(tmp_path / "once", DATA), Home.init(tmp_path / "slowly", DATA)
    with Writer(once, derive) as writer:
        writer.publish([record({**studies[0], "modified": "2022"}), *map(record, studies[1:])])
    with Writer(slowly, derive) as writer:
        for start in range(len(studies) - 1, -1, -7):
            writer.publish([record(study) for study in studies[max(0, start - 6) : start + 1]])
        writer.publish([record({**studies[0], "title": "other", "keyword": ["other"]}, date="2021")])
        writer.publish([record({**studies[0], "modified": "2022"}, date="2022")])
        writer.publish([], withdraw=[Withdrawal(studies[1]["accession"], "")])
        writer.publish([], reinstate=[studies[1]["accession"]])
    readers = [Reader(once), Reader(slowly)]
    with readers[0].snapshot() as one, readers[1].snapshot() as other:
        assert one.record("S-BSST707").facts == other.record("S-BSST707").facts
        assert one.counts == other.counts
        for question in (
            {"q": "hela"},
            {"q": "cells generated"},
            {"organism": ["human"], "year": [2017]},
            {},
        ):
            assert one.search.studies(**question) == other.search.studies(**question)


def test_natural_order():
    assert sorted(["fish-10", "fish-2", "fish"], key=natural_key) == ["fish", "fish-2", "fish-10"]
    assert natural_key("9" * 10_000)
