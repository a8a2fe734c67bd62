"""Plain RDF in our own vocabulary and in GIDE's."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rembigraph.loaders import LOADERS, curation, documents_of, rdf_documents, read, ro_crate
from rembigraph.loaders.rdf_json import json_statements
from rembigraph.loaders.rdf_terms import RELATIVE, Statement, Text, written
from rembigraph.loaders.reading import Document, Reading
from rembigraph.ontology.errors import SourceError, SourceMalformed

PREFIXES = (
    "@prefix rembi: <https://w3id.org/rembigraph/ns#> .\n"
    "@prefix dcterms: <http://purl.org/dc/terms/> .\n"
    "@prefix schema: <http://schema.org/> .\n"
    "@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .\n"
    "@prefix d: <https://catalogue.example/data/> .\n"
)
STUDY = PREFIXES + 'd:EXAMPLE-0042 a rembi:Study ; dcterms:identifier "EXAMPLE-0042" ; dcterms:title "Cells" '
CRATE: dict[str, Any] = {
    "@context": "https://w3id.org/ro/crate/1.2/context",
    "@graph": [
        {
            "@id": "https://example.org/EXAMPLE-0042",
            "@type": "Dataset",
            "identifier": "EXAMPLE-0042",
            "name": "Cells",
            "datePublished": "2024-05-06",
            "license": {"@id": "https://creativecommons.org/licenses/by/4.0/"},
            "author": [{"@id": "https://orcid.org/0000-0002-1825-0097"}, {"@id": "#second"}],
            "about": [{"@id": "http://purl.obolibrary.org/obo/NCBITaxon_9606"}],
            "strange": "kept",
        },
        {"@id": "https://orcid.org/0000-0002-1825-0097", "@type": "Person", "name": "A B"},
        {"@id": "#second", "@type": "Person", "name": "C D"},
        {
            "@id": "http://purl.obolibrary.org/obo/NCBITaxon_9606",
            "@type": "Taxon",
            "scientificName": "Homo sapiens",
        },
    ],
}


def _read(data: str | bytes, name: str = "f.ttl") -> list[Reading | SourceError]:
    return list(read(Document(name, "", data.encode() if isinstance(data, str) else data)))


def _one(data: str | bytes) -> Reading:
    (result,) = _read(data)
    assert isinstance(result, Reading), result
    return result


def _error(data: str | bytes) -> SourceMalformed:
    (result,) = _read(data)
    assert isinstance(result, SourceMalformed), result
    assert result.pointer
    assert result.fix
    return result


def _kept(reading: Reading) -> list[tuple[str | None, str | None]]:
    return [(kept.pointer, kept.raw_text) for kept in reading.study.kept_value]


# --- our own vocabulary


def test_every_statement_is_a_leaf_and_what_has_no_slot_is_kept() -> None:
    reading = _one(
        STUDY + '; rembi:keyWord "a" ; dcterms:issued "2024-05"^^xsd:gYearMonth . <urn:x> <urn:y> 5 .'
    )
    assert (reading.format, reading.source, reading.study.issued) == ("rdf", "rembigraph", "2024-05")
    assert (reading.leaves.mapped, reading.leaves.kept, reading.leaves.total) == (4, 2, 6)
    assert _kept(reading) == [
        ("<https://catalogue.example/data/EXAMPLE-0042> <https://w3id.org/rembigraph/ns#keyWord>", '"a"'),
        ("<urn:x> <urn:y>", '"5"^^<http://www.w3.org/2001/XMLSchema#integer>'),
    ]
    assert reading.unmapped == {"rembi:keyWord": 1, "urn:y": 1}


def test_references_become_relative_and_addresses_of_archives_do_not() -> None:
    study = _one(
        STUDY + "; <http://www.w3.org/ns/dcat#landingPage> <https://www.ebi.ac.uk/empiar/EMPIAR-10310/> ;"
        'rembi:specimen d:EXAMPLE-0042\\/specimen\\/a . d:EXAMPLE-0042\\/specimen\\/a dcterms:title "A" ;'
        "rembi:preparedFrom d:EXAMPLE-0042\\/biosample\\/b , d:EMPIAR-10310\\/biosample\\/c ."
    ).study
    assert study.id == "EXAMPLE-0042"
    assert study.landing_page == "https://www.ebi.ac.uk/empiar/EMPIAR-10310/"
    assert study.specimen[0].id == "EXAMPLE-0042/specimen/a"
    assert study.specimen[0].prepared_from == ["EXAMPLE-0042/biosample/b", "EMPIAR-10310/biosample/c"]


def test_a_study_elsewhere_is_the_same_record_elsewhere() -> None:
    study = _one(STUDY.replace("d:EXAMPLE-0042", "<https://other.example/record/7>") + ".").study
    assert (study.id, study.same_as) == ("EXAMPLE-0042", ["https://other.example/record/7"])


def test_blank_nodes_of_two_files_are_two_things_and_of_one_file_one() -> None:
    text = STUDY + "; rembi:specimen _:b0 . _:b0 dcterms:title {title!r} ; rembi:preparedFrom _:b1 ."
    first, second = (_one(text.replace("{title!r}", f'"{title}"')).study for title in ("one", "two"))
    again = _one(text.replace("{title!r}", '"one"')).study
    names = {first.specimen[0].id, second.specimen[0].id}
    assert len(names) == 2
    assert all(str(name).startswith("EXAMPLE-0042/specimen/") and str(name).endswith("-b0") for name in names)
    assert again.specimen[0].id == first.specimen[0].id
    assert first.specimen[0].prepared_from[0].startswith("EXAMPLE-0042/biosample/")


def test_nodes_without_a_label_get_the_same_name_each_time() -> None:
    text = STUDY + '; rembi:specimen [ dcterms:title "a" ] , [ dcterms:title "b" ] .'
    names = [specimen.id for specimen in _one(text).study.specimen]
    assert len(set(names)) == 2
    assert names == [specimen.id for specimen in _one(text).study.specimen]


def test_what_a_slot_cannot_hold_exactly_is_also_kept() -> None:
    reading = _one(
        PREFIXES + 'd:EXAMPLE-0042 a rembi:Study ; dcterms:title "Zellen"@de ; '
        'dcterms:issued "2024-05-06T10:00:00Z"^^xsd:dateTime ; rembi:fileCount "many" , 7 , 8 .'
    )
    study = reading.study
    assert (study.title, study.issued, study.file_count) == ("Zellen", "2024-05-06", 7)
    assert [text for _, text in _kept(reading)] == [
        '"Zellen"@de',
        '"2024-05-06T10:00:00Z"^^<http://www.w3.org/2001/XMLSchema#dateTime>',
        '"many"',
        '"8"^^<http://www.w3.org/2001/XMLSchema#integer>',
    ]


def test_numbers_that_the_model_does_not_take_are_kept() -> None:
    reading = _one(STUDY + '; rembi:contribution [ rembi:position 0 ; rembi:displayName "A" ] .')
    assert reading.study.contribution[0].position is None
    assert len(_kept(reading)) >= 1


def test_private_values_are_neither_mapped_nor_kept() -> None:
    reading = _one(
        STUDY + '; dcterms:description "Ask jane.doe@example.org" ; schema:email "jane.doe@example.org" ; '
        'schema:telephone "555" ; <urn:p> <mailto:jane.doe@example.org> .'
    )
    assert "@" not in reading.study.model_dump_json()
    assert "555" not in reading.study.model_dump_json()
    assert reading.leaves.ignored == 2
    assert reading.leaves.total == 7


def test_a_file_may_not_describe_things_of_other_studies() -> None:
    text = '. d:EMPIAR-10310\\/specimen\\/x dcterms:title "no" . d:EMPIAR-10310 dcterms:title "no" .'
    reading = _one(STUDY + "; rembi:specimen d:EMPIAR-10310\\/specimen\\/x " + text)
    assert reading.study.specimen == []
    assert len(_kept(reading)) == 3


def test_no_address_of_another_kind_gets_into_a_slot() -> None:
    reading = _one(STUDY + "; dcterms:license <javascript:alert(1)> ; dcterms:source <data:text/html,x> .")
    assert reading.study.license is None
    assert reading.leaves.kept == 2


def test_lists_give_their_items_in_order() -> None:
    reading = _one(STUDY + '; <http://www.w3.org/ns/dcat#keyword> ( "b" "a" "c" ) .')
    assert reading.study.keyword == ["b", "a", "c"]
    assert (reading.leaves.kept, reading.leaves.ignored) == (0, 4)


def test_several_studies_in_a_file_are_several_records() -> None:
    text = (
        STUDY
        + "; rembi:organism <urn:t> . <urn:t> rembi:scientificName 'Danio rerio' . <urn:lost> <urn:p> 1 .\n"
    )
    second = "d:EXAMPLE-0043 a rembi:Study ; dcterms:title 'Two' ; rembi:organism <urn:t> ."
    first, other = (reading for reading in _read(text + second) if isinstance(reading, Reading))
    assert (first.part, other.part) == (1, 2)
    assert (first.leaves.total, other.leaves.total) == (6, 4)
    assert other.study.organism[0].scientific_name == "Danio rerio"
    assert b"EXAMPLE-0042" not in other.source_bytes


def test_a_record_may_write_its_own_graph() -> None:
    graph = "<https://catalogue.example/data/graph/EXAMPLE-0042/gide>"
    body = STUDY.removeprefix(PREFIXES) + "."
    assert _one(f"{PREFIXES}{graph} {{ {body} }}").study.title == "Cells"


@pytest.mark.parametrize(
    "graph",
    [
        "<https://catalogue.example/data/graph/EMPIAR-10001/gide>",
        "<https://catalogue.example/data/graph/provenance>",
        "<https://elsewhere.example/graph/EXAMPLE-0042/gide>",
        "<urn:g>",
        "_:g",
    ],
)
def test_other_graphs_are_refused(graph: str) -> None:
    error = _error(f"{STUDY} .\n{graph} {{ <urn:a> <urn:b> 'c' }}")
    assert error.code == "foreign-graph"
    assert "own graph" in error.message
    if graph.startswith("<"):
        assert error.pointer.startswith("7:")


_DATA = "https://catalogue.example/data/"


def test_record_graphs_name_the_sources_of_records() -> None:
    """As a dump writes them: two records of one study are two records, and stay what they were."""
    readings = _read(
        f"{STUDY} .\n"
        f"<{_DATA}graph/EXAMPLE-0042/gide> {{ d:EXAMPLE-0042 a rembi:Study ; dcterms:title 'Cells of a crate' }}\n"
        f"<{_DATA}graph/EXAMPLE-0042/pagetab> {{ d:EXAMPLE-0042 a rembi:Study ; dcterms:title 'Cells sent in' }}"
    )
    found = [(r.source, r.study.title, r.part, r.leaves.total) for r in readings if isinstance(r, Reading)]
    assert found == [("gide", "Cells", 1, 4), ("pagetab", "Cells sent in", 2, 2)]


@pytest.mark.parametrize("source", sorted({loader.SOURCE for loader in LOADERS} - {curation.SOURCE}))
def test_every_source_is_one_that_a_record_graph_may_name(source: str) -> None:
    body = STUDY.removeprefix(PREFIXES)
    assert _one(f"{PREFIXES}<{_DATA}graph/EXAMPLE-0042/{source}> {{ {body} }}").source == source


@pytest.mark.parametrize("source", ["evil", "curation", "rembigraph2", "EMPIAR"])
def test_a_graph_that_names_no_source_is_the_file_s_own(source: str) -> None:
    body = STUDY.removeprefix(PREFIXES)
    assert _one(f"{PREFIXES}<{_DATA}graph/EXAMPLE-0042/{source}> {{ {body} }}").source == "rembigraph"


def test_what_a_dump_reports_of_its_own_records_is_left_out() -> None:
    reading = _one(
        f"{STUDY} . <{_DATA}graph/validation> {{ d:EXAMPLE-0042\\/report\\/rembigraph <urn:p> 1 }}"
        f" <{_DATA}graph/provenance> {{ d:EXAMPLE-0042\\/source\\/rembigraph <urn:p> 2 , 3 }}"
    )
    assert (reading.leaves.mapped, reading.leaves.kept, reading.leaves.ignored) == (3, 0, 3)


@pytest.mark.parametrize("name", ["inferred", "links", "terms"])
def test_what_a_catalogue_makes_of_its_records_is_left_out(name: str) -> None:
    """It is about anything, so that it can't be told whose it is; but it writes nothing."""
    reading = _one(
        f"{STUDY} . <{_DATA}graph/{name}> {{ d:EXAMPLE-0042 dcterms:title 'concluded' . <urn:x> <urn:p> 1 ."
        " d:EXAMPLE-0043 a rembi:Study ; dcterms:identifier 'EXAMPLE-0043' }"
    )
    assert (reading.accession, reading.study.title) == ("EXAMPLE-0042", "Cells")
    assert (reading.leaves.mapped, reading.leaves.kept, reading.leaves.ignored) == (3, 0, 4)


@pytest.mark.parametrize(
    "quad",
    [
        "<{0}graph/validation> {{ d:EMPIAR-10001\\/report\\/x <urn:p> 1 }}",
        "<{0}graph/validation> {{ d:EXAMPLE-0042 <urn:p> 1 }}",
        "<{0}graph/provenance> {{ <urn:x> <urn:p> 1 }}",
        "<https://elsewhere.example/graph/provenance> {{ d:EXAMPLE-0042\\/source\\/x <urn:p> 1 }}",
        "<{0}graph/EMPIAR-10001/gide> {{ d:EMPIAR-10001 dcterms:title 'taken over' }}",
        "<{0}graph/EMPIAR-10001/gide> {{ d:EXAMPLE-0042\\/link\\/x <urn:p> 1 }}",
        "<https://elsewhere.example/graph/inferred> {{ d:EXAMPLE-0042\\/link\\/x <urn:p> 1 }}",
        "<{0}graph/ontology> {{ <urn:x> <urn:p> 1 }}",
    ],
)
def test_reports_on_anything_else_are_another_graph(quad: str) -> None:
    assert _error(f"{STUDY} .\n{quad.format(_DATA)}").code == "foreign-graph"


def test_a_link_that_a_page_quotes_of_another_record_is_kept_as_text() -> None:
    reading = _one(
        f"{STUDY} . <{_DATA}graph/EMPIAR-10001/gide> {{ d:EMPIAR-10001\\/link\\/x rembi:linkTo d:EXAMPLE-0042 }}"
    )
    assert (reading.source, reading.study.related) == ("rembigraph", [])
    assert _kept(reading) == [
        (f"<{_DATA}EMPIAR-10001/link/x> <https://w3id.org/rembigraph/ns#linkTo>", f"<{_DATA}EXAMPLE-0042>")
    ]


def test_new_names_never_meet_names_that_are_there() -> None:
    """A file brings `kept/rembigraph-1` along; what is kept of it now gets another name."""
    text = (
        STUDY
        + "; <urn:p> 1 ; rembi:organismText 'no such thing' ; rembi:keptValue d:EXAMPLE-0042\\/kept\\/rembigraph-1 ;"
        " rembi:resolution d:EXAMPLE-0042\\/resolution\\/rembigraph-1 ."
        "d:EXAMPLE-0042\\/kept\\/rembigraph-1 a rembi:KeptValue ; rembi:rawText 'old' ."
        "d:EXAMPLE-0042\\/resolution\\/rembigraph-1 a rembi:Resolution ; rembi:rawText 'old' ."
    )
    study = _one(text).study
    assert len({kept.id for kept in study.kept_value}) == len(study.kept_value) == 2
    assert len({found.id for found in study.resolution}) == len(study.resolution) == 2


# --- errors


@pytest.mark.parametrize(
    ("text", "code", "place", "words"),
    [
        ("<urn:a> <urn:b> 'c' .", "no-study", "1:1", "holds no study"),
        (PREFIXES + "<urn:a> a rembi:Study .", "unknown-accession", "6:", "no accession"),
        (STUDY + ". d:EXAMPLE-0042 dcterms:title 'x", "syntax", "6:", "not RDF"),
        (STUDY + "; <urn:a b> 1 .", "syntax", "6:", "IRI"),
        (STUDY + "; <urn:p> 'x'@not_a_tag .", "syntax", "6:", "not RDF"),
        (STUDY + "; <urn:p> 'a\\u0000b' .", "nul", "6:", "U+0000"),
        (STUDY + "; <urn:p> <<( <urn:a> <urn:b> <urn:c> )>> .", "triple-term", "6:", "RDF 1.2"),
        (STUDY + "; <urn:p> " + "[ <urn:p> " * 70, "too-deep", "6:", "64 deep"),
        (
            STUDY + ". <urn:e> a rembi:Study ; dcterms:identifier 'EXAMPLE-0042' .",
            "two-studies",
            "6:",
            "two nodes",
        ),
        (
            STUDY + ". d:EXAMPLE-0043 a rembi:Study ; dcterms:identifier 'EXAMPLE-0044' .",
            "unknown-accession",
            "",
            "0044",
        ),
        ("<urn:a> <urn:b> <urn:c> <urn:d> .\n<urn:a> <urn:b>", "syntax", "2:", "not RDF"),
        ('{"@context": "https://example.org/c", "@id": "urn:a"}', "remote-context", "1:14", "built in"),
        ('{"@id": "urn:a", "urn:p": {"@context": {}, "@id": "urn:b"}}', "nested-context", "1:", "of its own"),
        ('{"@id": "http://a/b c", "@type": "urn:t"}', "iri", "1:9", "legal IRI"),
        ('{"@id": "urn:a",\n "http://p q": 1}', "iri", "2:2", "legal IRI"),
        (
            '{"@id": "urn:a", "urn:p": {"@value": "x", "@language": "not_a_tag"}}',
            "language",
            "1:",
            "language",
        ),
        ('{"@id": "urn:a", "urn:p": "a\\u0000b"}', "nul", "1:", "U+0000"),
        ('{"@id": "urn:a", "urn:p": ' + '{"@list": [' * 40, "too-deep", "1:", "64 deep"),
        ('<?xml version="1.0"?>\n<!DOCTYPE x><a>22-rdf-syntax-ns#</a>', "unknown-format", "", "no format"),
    ],
)
def test_errors_say_what_where_and_what_to_do(text: str, code: str, place: str, words: str) -> None:
    error = _error(text)
    assert (error.code, words in str(error)) == (code, True), str(error)
    assert error.pointer.startswith(place)


@pytest.mark.parametrize(
    ("body", "code", "place"),
    [
        ('<!DOCTYPE r [<!ENTITY x "y">]><rdf:RDF {ns}/>', "dtd", "2:"),
        ("<rdf:RDF {ns}><rdf:Description rdf:about='urn:a'>", "syntax", "2:"),
        ("<rdf:RDF {ns}>\n<rdf:Description rdf:about='urn:a b'/></rdf:RDF>", "syntax", ""),
        (
            "<rdf:RDF {ns}>\n<s:a rdf:about='urn:a'><s:b xml:lang='not_a'>x</s:b></s:a></rdf:RDF>",
            "syntax",
            "3:",
        ),
        ("<rdf:RDF {ns}>" + "<s:a><s:b>" * 40, "too-deep", "2:"),
        ("<rdf:RDF {ns} " + " ".join(f'xmlns:n{n}="urn:{n}"' for n in range(300)) + "/>", "too-large", "2:"),
        ("<rdf:RDF {ns}/>", "no-study", "1:1"),
    ],
)
def test_rdf_xml_is_read_in_bounds(body: str, code: str, place: str) -> None:
    namespaces = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:s="http://schema.org/"'
    error = _error('<?xml version="1.0"?>\n' + body.replace("{ns}", namespaces))
    assert error.code == code, str(error)
    assert error.pointer.startswith(place)


# --- recognition


@pytest.mark.parametrize(
    "text",
    [
        "# a comment\n\n<urn:a> <urn:b> <urn:c> .",
        "PREFIX x: <urn:x>\nx:a x:b x:c .",
        "base <urn:x>",
        "@prefix : <urn:x> .",
        "_:a <urn:b> 'c' .",
        "<urn:a> a <urn:c> .",
        "[ <urn:a> <urn:b> ] .",
        "<urn:g> { <urn:a> <urn:b> <urn:c> }",
        "GRAPH <urn:g> { }",
        '{"@id": "urn:a"}',
        '[{"@type": ["urn:a"]}]',
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>',
    ],
)
def test_rdf_is_recognised_by_content(text: str) -> None:
    document = Document("anything", "", text.encode())
    assert [loader.FORMAT for loader in LOADERS if loader.recognises(document)] == ["rdf"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a,b\n1,2\n",
        "<html><body>x</body></html>",
        "<entry><admin><x/></admin></entry>",
        "<ns:entry><ns:x>1</ns:x></ns:entry>",
        '{"accno": "S-BIADTEST", "section": {}}',
        '{"a": 1}',
        "[1, 2]",
        "accession: EXAMPLE-0042\ntitle: x\n",
    ],
)
def test_other_documents_are_left_alone(text: str) -> None:
    assert not rdf_documents.recognises(Document("f.ttl", "", text.encode()))


def test_crates_stay_crates_and_our_json_ld_does_not() -> None:
    assert _one(json.dumps(CRATE)).format == "ro-crate"
    ours = {
        "@context": "https://w3id.org/rembigraph/context.jsonld",
        "@graph": [{"@id": "EXAMPLE-0042", "@type": "Study"}],
    }
    assert not ro_crate.recognises(Document("f", "", json.dumps(ours).encode()))
    assert _one(json.dumps(ours)).study.accession == "EXAMPLE-0042"


def test_every_file_may_be_gzipped(tmp_path: Path) -> None:
    (tmp_path / "record").write_bytes(gzip.compress((STUDY + ".").encode()))
    (document,) = documents_of([str(tmp_path / "record")])
    assert isinstance(document, Document)
    assert [type(result) for result in read(document)] == [Reading]


# --- GIDE's vocabulary


def _as_turtle(crate: dict[str, Any]) -> str:
    statements = json_statements(Document("f", "", json.dumps(crate).encode()))
    lines = (" ".join(map(written, statement[:3])) for statement in statements)
    return f"@base <{RELATIVE}> .\n" + "".join(f"{line} .\n" for line in lines)


def test_a_crate_in_turtle_gives_the_record_of_the_crate() -> None:
    crate, turtle = _one(json.dumps(CRATE)), _one(_as_turtle(CRATE))
    assert (turtle.source, turtle.format) == ("gide", "rdf")
    without = {"kept_value", "resolution"}
    assert turtle.study.model_dump(exclude=without) == crate.study.model_dump(exclude=without)
    assert (turtle.leaves.kept, turtle.leaves.total) == (1, 15)
    assert _kept(turtle) == [("<https://example.org/EXAMPLE-0042> <http://schema.org/strange>", '"kept"')]
    assert [name.display_name for name in turtle.study.contribution] == ["A B", "C D"]


def test_schema_org_json_ld_without_a_graph_is_read() -> None:
    document = {
        "@context": "https://schema.org",
        **CRATE["@graph"][0],
        "author": {"@type": "Person", "name": "A B"},
    }
    reading = _one(json.dumps(document))
    assert (reading.format, reading.study.title) == ("rdf", "Cells")
    assert reading.study.contribution[0].display_name == "A B"


# --- JSON-LD, beside the parser of the W3C algorithms

_IRIS = st.sampled_from(["urn:a", "urn:b", "http://example.org/c", "_:d"])
_VALUES = st.recursive(
    st.one_of(
        st.booleans(),
        st.integers(-(10**15), 10**15),
        st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=5),
        st.fixed_dictionaries({"@id": _IRIS}),
        st.fixed_dictionaries({"@value": st.just("x"), "@language": st.sampled_from(["en", "pt-BR"])}),
        st.fixed_dictionaries(
            {"@value": st.just("5"), "@type": st.just("http://www.w3.org/2001/XMLSchema#integer")}
        ),
    ),
    lambda inner: st.one_of(
        st.lists(inner.filter(lambda value: not isinstance(value, list)), max_size=3),
        st.fixed_dictionaries(
            {"@list": st.lists(inner.filter(lambda value: not isinstance(value, list)), max_size=3)}
        ),
        st.dictionaries(st.sampled_from(["urn:p", "name", "ex:q", "link"]), inner, min_size=1, max_size=2),
        st.fixed_dictionaries(
            {"@id": _IRIS, "@type": st.just("ex:T"), "@reverse": st.just({"urn:r": {"@id": "urn:z"}})}
        ),
    ),
    max_leaves=8,
)
_CONTEXT = {
    "ex": "http://example.org/",
    "name": "http://schema.org/name",
    "link": {"@id": "ex:link", "@type": "@id"},
}


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(["urn:p", "name", "ex:q", "link"]), _VALUES, max_size=3), _IRIS)
def test_json_ld_says_what_the_w3c_algorithms_say(properties: dict[str, Any], name: str) -> None:
    document = json.dumps({"@context": _CONTEXT, "@id": name, **properties}).encode()
    if not all(map(_is_iri_reference, _linked(properties))):
        with pytest.raises(SourceMalformed, match="gives no legal IRI"):
            json_statements(Document("f", "", document))  # they drop the link in silence
        return
    ours = ox.Dataset(_quad(statement) for statement in json_statements(Document("f", "", document)))
    theirs = ox.Dataset(ox.parse(document, ox.RdfFormat.JSON_LD, base_iri=RELATIVE))
    for dataset in (ours, theirs):
        dataset.canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
    assert set(ours) == set(theirs)


def _linked(value: Any, name: str = "") -> Iterator[str]:
    """The texts that stand for nodes: the values of `link`, in lists, too."""
    if isinstance(value, str):
        yield from [value] if name == "link" else []
    elif isinstance(value, list):
        for item in value:
            yield from _linked(item, name)
    elif isinstance(value, dict) and "@value" not in value:
        for key, item in value.items():
            yield from _linked(item, name if key == "@list" else key)


def _is_iri_reference(text: str) -> bool:
    head = re.split("[/?#]", text, maxsplit=1)[0]
    if ":" in head and not re.match("[A-Za-z][A-Za-z0-9+.-]*:", head):
        return False
    try:
        return bool(ox.NamedNode(urljoin(RELATIVE, text)))
    except ValueError:
        return False


def _quad(statement: Statement) -> ox.Quad:
    term = statement.object
    if isinstance(term, Text) and term.language:
        literal: Any = ox.Literal(term.text, language=term.language)
    elif isinstance(term, Text):
        literal = ox.Literal(term.text, datatype=ox.NamedNode(term.datatype) if term.datatype else None)
    else:
        literal = _node(term)
    return ox.Quad(_node(statement.subject), ox.NamedNode(statement.predicate), literal)


def _node(name: str) -> Any:
    return ox.BlankNode(name[2:].replace(".", "x")) if name.startswith("_:") else ox.NamedNode(name)
