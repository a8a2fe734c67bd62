"""Sets of links and curators' decisions in RDF, files of several records, and dumps too large to be one document."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest
from rembigraph.catalogue.rdf import to_nquads
from rembigraph.loaders import curation, documents_of, rdf_documents, rdf_dumps, rdf_syntax, read
from rembigraph.loaders.reading import Document, Reading
from rembigraph.ontology.errors import SourceError, SourceMalformed
from rembigraph.ontology.generated.models import CurationDecision, LinkSet, Study
from rembigraph.ontology.identifiers import Iris

DATA = "https://catalogue.example/data/"
PREFIXES = (
    "@prefix rembi: <https://w3id.org/rembigraph/ns#> .\n"
    "@prefix dcterms: <http://purl.org/dc/terms/> .\n"
    f"@prefix d: <{DATA}> .\n"
)
STUDY = "d:EXAMPLE-0042 a rembi:Study ; dcterms:identifier 'EXAMPLE-0042' ; dcterms:title 'Cells' ."
LINKS = "LINKS-BIA-MADE-UP"
LINK_SET = (
    f"d:{LINKS} a rembi:LinkSet ; dcterms:identifier '{LINKS}' ; dcterms:title 'Pairs' ;"
    f" rembi:related d:{LINKS}\\/link\\/a . d:{LINKS}\\/link\\/a a rembi:StudyLink ;"
    f" rembi:linkFrom d:{LINKS} ; rembi:linkTo d:EXAMPLE-0042 ; rembi:evidenceText 'accession_ids' ."
)
SAID = {
    "accession": "EXAMPLE-0042",
    "field": "title",
    "old_value": "Cells",
    "new_value": "Yeast cells",
    "who": "Ada Lovelace",
    "when": "2026-11-28",
    "why": "made up",
}


def _decision(**changed: str) -> Reading:
    """A decision as its curation document gives it."""
    lines = "".join(f"  {name}: {value!r}\n" for name, value in {**SAID, **changed}.items() if value)
    text = f"curation:\n- {lines.lstrip()}"
    (reading,) = curation.read(Document("c.yaml", "", text.encode()))
    assert isinstance(reading, Reading), reading
    return reading


def _quads(reading: Reading, graph: str = "") -> str:
    iris = Iris(DATA)
    return to_nquads(
        [reading.study], iris, graph or iris.record_graph(reading.accession, reading.source)
    ).decode()


def _in(graph: str, body: str) -> str:
    return f"<{DATA}graph/{graph}> {{ {body} }}\n"


def _read(text: str) -> list[Reading | SourceError]:
    return list(read(Document("f.trig", "", text.encode())))


def _readings(text: str) -> list[Reading]:
    found = _read(text)
    assert all(isinstance(one, Reading) for one in found), [str(one) for one in found]
    return [one for one in found if isinstance(one, Reading)]


def _error(text: str) -> SourceMalformed:
    (error,) = [one for one in _read(text) if not isinstance(one, Reading)]
    assert isinstance(error, SourceMalformed), error
    assert error.fix
    assert error.pointer
    return error


def _leaves(reading: Reading) -> tuple[int, int, int]:
    return reading.leaves.mapped, reading.leaves.kept, reading.leaves.ignored


# --- sets of links


@pytest.mark.parametrize("source", ["bia-v1", "bia", "emicss", "cryoet-portal"])
def test_a_set_of_links_is_read_from_its_own_graph(source: str) -> None:
    (reading,) = _readings(PREFIXES + _in(f"{LINKS}/{source}", LINK_SET))
    links = reading.study
    assert isinstance(links, LinkSet)
    assert (reading.accession, reading.source, links.title) == (LINKS, source, "Pairs")
    assert [(link.link_from, link.link_to) for link in links.related] == [(LINKS, "EXAMPLE-0042")]
    assert _leaves(reading) == (8, 0, 0)


def test_what_a_set_of_links_has_no_slot_for_is_kept() -> None:
    (reading,) = _readings(f"{PREFIXES}{LINK_SET} d:{LINKS} <urn:p> 1 . <urn:x> <urn:q> 'z' .")
    links = reading.study
    assert isinstance(links, LinkSet)
    assert (reading.source, len(links.kept_value)) == ("rembigraph", 2)
    assert _leaves(reading) == (8, 2, 0)


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        (_in("EXAMPLE-0042/gide", LINK_SET), "foreign-graph", "the set of links"),
        (_in("EXAMPLE-0042/gide", f"{STUDY} {LINK_SET}"), "foreign-graph", "own graph"),
        (STUDY + _in("EXAMPLE-0042/gide", LINK_SET), "foreign-graph", "own graph"),
        (_in(f"{LINKS}/curation-0123", LINK_SET), "foreign-graph", "own graph"),
        (
            LINK_SET.replace(LINKS, "EXAMPLE-0042"),
            "unknown-accession",
            "can't be the accession of a set of links",
        ),
        (STUDY.replace("EXAMPLE-0042", LINKS), "unknown-accession", "can't be the accession of a study"),
        (f"{LINK_SET} d:{LINKS} a rembi:Study .", "two-kinds", "a set of links and a study"),
        (
            LINK_SET.replace(f"identifier '{LINKS}'", "identifier 'LINKS-BIA-OTHER'"),
            "unknown-accession",
            "OTHER",
        ),
        (LINK_SET.replace(f"d:{LINKS} a", "<urn:x> a") + LINK_SET, "two-studies", "the set of links"),
    ],
)
def test_sets_of_links_that_are_not_what_they_say(text: str, code: str, words: str) -> None:
    error = _error(PREFIXES + text)
    assert (error.code, words in str(error)) == (code, True), str(error)


# --- decisions


def test_a_decision_is_read_as_its_curation_document_gives_it() -> None:
    first = _decision()
    for text in (_quads(first), _quads(first).replace(f" <{DATA}graph/EXAMPLE-0042/{first.source}> .", " .")):
        (reading,) = _readings(text)
        assert reading.study == first.study
        assert (reading.source, reading.quality, reading.source_date) == (
            first.source,
            "curated",
            "2026-11-28",
        )
        assert _leaves(reading) == (len(text.splitlines()), 0, 0)


def test_a_key_is_never_believed() -> None:
    """Another decision under the key of this one would take its place."""
    first = _decision(link_to="EMPIAR-10000", verdict="refuted", field="", old_value="", new_value="")
    changed = _quads(first).replace("#Refuted>", "#Confirmed>")
    assert changed != _quads(first)
    (reading,) = _readings(changed)
    decision = reading.study
    assert isinstance(decision, CurationDecision)
    assert decision.verdict == "confirmed"
    assert reading.source != first.source
    assert reading.source == f"curation-{decision.key}"
    assert decision.id == f"EXAMPLE-0042/curation/{decision.key}"
    assert _leaves(reading) == (len(changed.splitlines()) - 1, 0, 1)
    (again,) = _readings(_quads(reading))
    assert again.study == decision


def test_a_study_and_decisions_in_one_file() -> None:
    corrected, judged = _decision(), _decision(thing="specimen/a")
    specimen = "d:EXAMPLE-0042 rembi:specimen d:EXAMPLE-0042\\/specimen\\/a . d:EXAMPLE-0042\\/specimen\\/a"
    text = f"{PREFIXES}{STUDY} {specimen} a rembi:Specimen ; dcterms:title 'A' .\n"
    for quads in (
        _quads(corrected) + _quads(judged),
        (_quads(corrected) + _quads(judged)).replace("/graph/", "/g/"),
    ):
        plain = "/g/" in quads
        lines = [f"{line.rsplit(' <', 1)[0]} ." for line in quads.splitlines()]
        body = "\n".join(lines) if plain else _in_graphs(quads)
        study, first, second = _readings(text + body)
        assert isinstance(study.study, Study)
        assert [thing.title for thing in study.study.specimen] == ["A"]
        assert _leaves(study) == (6, 0, 0)
        assert {first.source, second.source} == {corrected.source, judged.source}
        assert [one.part for one in (study, first, second)] == [1, 2, 3]
        assert b"old" not in study.source_bytes
        assert _readings(first.source_bytes.decode())[0].study == first.study


def _in_graphs(quads: str) -> str:
    """N-Quads as TriG."""
    split = (line.removesuffix(" .").rsplit(" ", 1) for line in quads.splitlines())
    return "".join(f"{graph} {{ {triple} }}\n" for triple, graph in split)


@pytest.mark.parametrize(
    ("changed", "code", "words"),
    [
        ((f"{DATA}graph/EXAMPLE-0042/", f"{DATA}graph/EXAMPLE-0043/"), "foreign-graph", "own graph"),
        ((f"{DATA}EXAMPLE-0042/curation", f"{DATA}EXAMPLE-0043/curation"), "unknown-accession", "not the study of"),
        ((f"aboutStudy> <{DATA}EXAMPLE-0042>", "aboutStudy> <urn:x>"), "unknown-accession", "which study"),
        (("aboutStudy", "aboutSomething"), "unknown-accession", "has no rembi:aboutStudy"),
        (("/graph/EXAMPLE-0042/curation-", "/graph/EXAMPLE-0042/gide-"), "foreign-graph", "own graph"),
        ((f"aboutThing> <{DATA}EXAMPLE-0042>", f"aboutThing> <{DATA}EXAMPLE-0043/specimen/a>"), "curation", "lies in"),
        (('"Yeast cells"', '"Hefe"@de'), "unknown-field", "no place for rembi:newValue"),
        (('"Yeast cells"', '"Cells"'), "curation", "say the same"),
        (("newValue", "newestValue"), "unknown-field", "rembi:newestValue"),
        (('"title"', '"accession"'), "unknown-field", "no field"),
        (('"2026-11-28"', '"some day"'), "curation", "is no date"),
        (('"Ada Lovelace"', '"ada@example.org"'), "curation", "needs 'who'"),
        (("ns#CurationDecision>", "ns#Study>"), "unknown-accession", "no accession"),
    ],
)  # fmt: skip
def test_decisions_that_are_not_whole(changed: tuple[str, str], code: str, words: str) -> None:
    text = _quads(_decision())
    assert changed[0] in text
    error = _error(text.replace(*changed))
    assert (error.code, words in str(error)) == (code, True), str(error)


def test_one_bad_decision_takes_no_other_with_it() -> None:
    good, bad = _decision(), _decision(why="other")
    found = _read(_quads(good) + _quads(bad).replace("decidedBy", "decidedOff"))
    assert [one.study for one in found if isinstance(one, Reading)] == [good.study]
    assert len(found) == 2


def test_what_no_record_of_a_file_can_hold_is_an_error_of_its_own() -> None:
    first = _decision()
    reading, error = _read(_quads(first) + '<urn:x> <urn:p> "a" .\n<urn:y> <urn:p> "b" .\n')
    assert isinstance(reading, Reading)
    assert reading.study == first.study
    assert isinstance(error, SourceMalformed)
    assert "2 statements belong to no record" in error.message


def test_a_decision_about_another_catalogue_s_study_keeps_its_references() -> None:
    text = _quads(_decision()).replace(DATA, "https://elsewhere.example/id/")
    (reading,) = _readings(text)
    assert reading.study == _decision().study


# --- files of several records


def test_what_the_default_graph_says_over_again_is_one_fact() -> None:
    """As in a dump of a whole store: the default graph has what records say, and the catalogue's links."""
    second = STUDY.replace("42", "43").replace("'Cells'", "'Other' ; rembi:organism <urn:t>")
    first = STUDY.replace("'Cells'", "'Cells' ; rembi:organism <urn:t>")
    taxon = "<urn:t> a rembi:Taxon ; rembi:scientificName 'Danio rerio' ."
    made = "d:EXAMPLE-0042 rembi:reconstructedAs <urn:map> . <urn:map> a rembi:ExternalRecord ."
    named = _in("EXAMPLE-0042/gide", f"{first} {taxon}") + _in("EXAMPLE-0043/pagetab", second)
    alone = {one.accession: one for one in _readings(PREFIXES + named)}
    text = f"{PREFIXES}{first} {second} {taxon} {made}\n{named}{_in('links', made)}"
    whole = {one.accession: one for one in _readings(text)}
    assert {name: (one.source, one.study) for name, one in whole.items()} == {
        name: (one.source, one.study) for name, one in alone.items()
    }
    assert [_leaves(one) for one in whole.values()] == [(6, 0, 2), (4, 0, 0)]


def test_a_graph_takes_nothing_that_is_said_of_another_record() -> None:
    other = STUDY.replace("42", "43")
    text = (
        f"{PREFIXES}{STUDY}\n{_in('EXAMPLE-0043/gide', other + ' d:EXAMPLE-0042 dcterms:title %sCells%s .')}"
    )
    first, second = _readings(text.replace("%s", "'"))
    assert isinstance(first.study, Study)
    assert first.study.title == "Cells"
    assert (_leaves(first), _leaves(second)) == ((3, 0, 0), (3, 1, 0))


def test_quads_of_a_record_s_graph_are_its_own_wherever_they_lead() -> None:
    """Nothing is lost when a record says something of another's thing: it is kept as text."""
    other = STUDY.replace("42", "43")
    text = _in("EXAMPLE-0042/gide", STUDY) + _in("EXAMPLE-0043/gide", f"{other} d:EXAMPLE-0042 <urn:p> 1 .")
    first, second = _readings(PREFIXES + text)
    assert (_leaves(first), _leaves(second)) == ((3, 0, 0), (3, 1, 0))


# --- bounds


def _loose(number: int) -> str:
    return PREFIXES + STUDY + "".join(f"<urn:a> <urn:p> {n} .\n" for n in range(number))


def test_bounds_of_one_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rdf_documents, "MAX_KEPT_OF_RECORD", 10)
    assert isinstance(_read(_loose(10))[0], Reading)
    assert "have no place" in _error(_loose(11)).message
    monkeypatch.setattr(rdf_documents, "MAX_STATEMENTS_OF_RECORD", 12)
    assert "more than 12 statements" in _error(_loose(10)).message


# --- dumps that are too large to be one document


def _dump(accessions: int, titles: int = 1) -> bytes:
    """A dump as the catalogue writes it: record after record, each sorted."""
    found = []
    for number in range(accessions):
        iris = Iris(DATA)
        name = f"EXAMPLE-{number:04d}"
        study = Study(
            id=name, accession=name, title=f"Made up {number}", keyword=[f"k{n}" for n in range(titles)]
        )
        facts = to_nquads([study], iris, iris.record_graph(name, "gide")).splitlines(keepends=True)
        report = f'<{DATA}{name}/source/gide> <urn:p> "x" <{DATA}graph/provenance> .\n'.encode()
        found += sorted([*facts, report])
    return b"".join(found)


@pytest.fixture
def _small_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rdf_dumps, "PIECE_BYTES", 1500)
    monkeypatch.setattr(rdf_dumps, "MAX_STATEMENTS", 50)


def _documents(path: Path, data: bytes) -> list[Document | SourceError]:
    path.write_bytes(data)
    return list(documents_of([str(path)]))


@pytest.mark.usefixtures("_small_documents")
@pytest.mark.parametrize("is_packed", [False, True])
def test_a_large_dump_is_cut_between_its_records(tmp_path: Path, is_packed: bool) -> None:
    data = _dump(20, titles=3)
    found = _documents(tmp_path / "dump", gzip.compress(data) if is_packed else data)
    documents = [one for one in found if isinstance(one, Document)]
    assert len(documents) == len(found) > 3
    assert b"".join(document.data for document in documents) == data
    assert documents[0].member == f"lines 1-{documents[0].data.count(bytes([10]))}"
    readings: list[Any] = [reading for document in documents for reading in read(document)]
    assert [reading.accession for reading in readings] == [f"EXAMPLE-{number:04d}" for number in range(20)]
    assert {_leaves(reading) for reading in readings} == {(6, 0, 1)}


def test_a_dump_that_fits_is_one_document(tmp_path: Path) -> None:
    data = _dump(20)
    assert [one.data for one in _documents(tmp_path / "dump", data) if isinstance(one, Document)] == [data]


@pytest.mark.usefixtures("_small_documents")
@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda data: data + data.split(b"\n")[0] + b"\n", "do not stand together"),
        (lambda data: data + b"<urn:x> <urn:y> 'z' .\n", "no quad"),
        (lambda data: data + f"<urn:x> <urn:y> 'z' <{DATA}graph/provenance> .\n".encode(), "no quad"),
        (lambda data: data[:-20], "no quad"),
        (lambda data: data.replace(b"\n", b"\n\n"), "no quad"),
    ],
)
def test_what_stops_being_a_dump_is_told_with_its_line(tmp_path: Path, damage: Any, words: str) -> None:
    *_, error = _documents(tmp_path / "dump", damage(_dump(20)))
    assert isinstance(error, SourceMalformed)
    assert (error.code, words in error.message) == ("too-large", True), error.message
    assert error.pointer.endswith(":1")


@pytest.mark.usefixtures("_small_documents")
def test_a_record_that_is_too_large_ends_a_dump(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rdf_dumps, "MAX_PIECE_BYTES", 5_000)
    *_, error = _documents(tmp_path / "dump", _dump(1, titles=100))
    assert isinstance(error, SourceMalformed)
    assert "EXAMPLE-0000 are too many" in error.message


def test_other_large_files_are_no_dumps() -> None:
    lines = b"<urn:a> <urn:b> <urn:c> .\n"
    for first in (lines, b"<urn:a> <urn:b> <urn:c> <urn:g> .\n", b"accession: EXAMPLE-0042\n"):
        assert not rdf_dumps.is_large_dump(first + lines * (rdf_syntax.MAX_STATEMENTS + 1), 100)
    quad = f"<{DATA}EXAMPLE-0042> <urn:p> 'x' <{DATA}graph/EXAMPLE-0042/gide> .\n".encode()
    assert rdf_dumps.is_large_dump(quad * 2, 100)
    assert not rdf_dumps.is_large_dump(quad * 2, 1000)
