from __future__ import annotations

import string

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rembigraph.ontology.fields import enum_iris
from rembigraph.ontology.identifiers import (
    ARCHIVES,
    RESERVED_PATHS,
    Iris,
    NotAnAccession,
    is_accession,
    is_iri,
    is_web_address,
    parse_accession,
    resolve_reference,
    safe_key,
    slug,
)


@pytest.mark.parametrize(
    ("given_text", "canonical", "archive"),
    [
        ("EMPIAR-10310", "EMPIAR-10310", "EMPIAR"),
        (" empiar-10310 ", "EMPIAR-10310", "EMPIAR"),
        ("S-BIAD1076", "S-BIAD1076", "BioImageArchive"),
        ("s-biad-23", "S-BIAD23", "BioImageArchive"),
        ("S-BSST429", "S-BSST429", "BioImageArchive"),
        ("S-DHCA0", "S-DHCA0", "BioImageArchive"),
        ("EXT-CTC1", "EXT-CTC1", "BioImageArchive"),
        ("PRE-TFCRYO2023", "PRE-TFCRYO2023", "BioImageArchive"),
        ("IDR0001", "idr0001", "IDR"),
        ("ssbd-repos-000435", "ssbd-repos-000435", "SSBD"),
        ("SSBD-DB-10-Komatsuzaki-MolDyn", "ssbd-db-10-Komatsuzaki-MolDyn", "SSBD"),
        ("example-0001", "EXAMPLE-0001", "Example"),
    ],
)
def test_an_accession_is_read_in_any_usual_spelling(given_text: str, canonical: str, archive: str) -> None:
    accession = parse_accession(given_text)
    assert (accession.text, accession.archive_key) == (canonical, archive)
    assert parse_accession(accession.text) == accession
    assert is_accession(canonical)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "EMPIAR-1",
        "EMPIAR-10310/..",
        "S-BIAD",
        "idr00011",
        "../etc/passwd",
        "EMPIAR-١٢٣٤٥",
        "S-BIAD1\n2",
        "graph",
    ],
)
def test_other_text_is_no_accession(text: str) -> None:
    with pytest.raises(NotAnAccession):
        parse_accession(text)


@given(st.text(alphabet=string.ascii_letters + string.digits + "-", max_size=20))
def test_reading_an_accession_twice_changes_nothing(text: str) -> None:
    try:
        once = parse_accession(text)
    except NotAnAccession:
        return
    assert parse_accession(once.text) == once


def test_no_accession_pattern_matches_a_reserved_path() -> None:
    """A landing page must never hide another page, nor a page an accession."""
    for path in RESERVED_PATHS:
        assert not is_accession(path)
        with pytest.raises(NotAnAccession):
            parse_accession(path)


def test_the_archive_table_and_the_schema_name_the_same_archives() -> None:
    assert {archive.key: archive.iri for archive in ARCHIVES} == enum_iris("Archive")


@pytest.mark.parametrize(
    ("text", "resolved"),
    [
        ("specimen/fish-3", "S-BSST429/specimen/fish-3"),
        ("EMPIAR-10460/image/1", "EMPIAR-10460/image/1"),
        ("EMPIAR-10460", "EMPIAR-10460"),
        ("NCBITaxon:7955", "http://purl.obolibrary.org/obo/NCBITaxon_7955"),
        ("https://orcid.org/0000-0002-4321-0257", "https://orcid.org/0000-0002-4321-0257"),
    ],
)
def test_references_are_resolved_against_the_study(text: str, resolved: str) -> None:
    assert resolve_reference(text, "S-BSST429") == resolved


def test_iris_are_absolute_and_come_back() -> None:
    iris = Iris("https://data.example/x/")
    iri = iris.absolute("S-BSST429/specimen/fish-3")
    assert iri == "https://data.example/x/S-BSST429/specimen/fish-3"
    assert iris.accession_of(iri) == "S-BSST429"
    assert iris.relative("https://other.example/S-BSST429") is None
    assert iris.accession_of("https://data.example/x/graph/terms") is None


@pytest.mark.parametrize("reference", ["S-BSST429/a b", 'S-BSST429/"', "S-BSST429/<x>", "S-BSST429/\n"])
def test_an_illegal_iri_is_refused(reference: str) -> None:
    with pytest.raises(ValueError, match="legal IRI"):
        Iris().absolute(reference)


@pytest.mark.parametrize(
    "text", ["javascript:alert(1)", "data:text/html,x", "http://a b", "//evil.example", "https://"]
)
def test_only_http_addresses_may_become_links(text: str) -> None:
    assert not is_web_address(text)
    assert not is_iri("javascript:alert(1)")


@pytest.mark.nightly
@given(st.text(max_size=200))
def test_keys_are_always_legal_in_an_iri(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return
    assert is_iri("urn:x:" + safe_key(text))
    made = slug(text)
    assert len(made) <= 60
    assert not made or is_iri("urn:x:" + made)


@settings(max_examples=1000)
@example("@@")
@example("a:b:1")
@example("[::1]/")
@given(st.text(st.sampled_from("ahtp:/%#[]?@! <>é\u2028\ufeff\U000e0001zZ09.-_"), max_size=12))
def test_what_counts_as_an_iri_is_always_accepted_by_the_store(rest: str) -> None:
    import pyoxigraph as ox

    for text in (f"https://{rest}", f"urn:x:{rest}"):
        if is_iri(text):
            (triple,) = ox.parse(f"<{text}> <urn:x:p> <urn:x:o> .".encode(), format=ox.RdfFormat.N_TRIPLES)
            assert triple.subject.value == text
