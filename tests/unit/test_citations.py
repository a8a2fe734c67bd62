"""Citations: CSL-JSON, BibTeX, RIS and the line for people say the same, and parsers of others read it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rembigraph.catalogue.exports.citation import citation_text, cite, date_parts, one_line, paragraphs
from rembigraph.catalogue.exports.described import NO_TITLE, Described
from rembigraph.catalogue.recordview import RecordView, Value, field_iri
from rembigraph.ontology.identifiers import parse_accession

from tests.citing import FORMS, Said, carets, from_bibtex, from_csl, from_ris, said_of

DATA = "https://w3id.org/rembigraph/id/"
SITE = "http://127.0.0.1:8000"
RTL = "\u202e"
TEX = "100% of \\alpha {x} }y{ ~^<>| $&#_ \"q\" ``a'' it''s --- ,, ?` \\textbf{b} @misc{k, t={"


def described(
    accession: str = "EXAMPLE-0001", people: tuple[dict[str, str], ...] = (), **fields: str
) -> Described:
    """A study with these texts; https addresses are IRIs."""
    iri = DATA + accession
    facts = {
        iri: {field_iri(name): (Value(text, text.startswith("https:")),) for name, text in fields.items()}
    }
    facts[iri][field_iri("contribution")] = tuple(Value(f"{iri}/c/{n}", True) for n in range(len(people)))
    for number, person in enumerate(people):
        node = f"{iri}/c/{number}"
        facts[node] = {field_iri("position"): (Value(str(number + 1)),)}
        facts[node][field_iri("display_name")] = (Value(person["name"]),)
        kind = "contributing_organisation" if "group" in person else "person"
        facts[node][field_iri(kind)] = (Value(f"{node}/x", True),)
        parts = {key: person[key] for key in ("given_name", "family_name") if key in person}
        facts[f"{node}/x"] = {field_iri(name): (Value(text),) for name, text in parts.items()}
    view = RecordView(accession, iri, ("rembigraph",), facts)
    return Described(view, f"{SITE}/{accession}", f"{SITE}/{accession}", SITE)


PEOPLE = (
    {"name": "Lovelace A", "given_name": "Ada", "family_name": "Lovelace"},
    {"name": "L van der Berg", "given_name": "Lea Ida", "family_name": "van der Berg"},
    {"name": "Grace Brewster Murray Hopper"},
    {"name": "Light and Electrons, Inc.", "group": "yes"},
    {"name": "山田太郎", "given_name": "太郎", "family_name": "山田"},
)


def test_all_forms_say_what_the_record_says() -> None:
    study = described("EMPIAR-99999999", PEOPLE, title="HeLa\n cells", issued="2021-03-04")
    expected = Said(
        "EMPIAR-99999999",
        "HeLa cells",
        ("Lovelace, Ada", "van der Berg, Lea Ida", "Grace Brewster Murray Hopper",
         "Light and Electrons, Inc.", "山田, 太郎"),
        "2021",
        "EMPIAR",
        "10.6019/EMPIAR-99999999",
        "https://doi.org/10.6019/EMPIAR-99999999",
    )  # fmt: skip
    assert said_of(study) == (expected, expected, expected)
    assert citation_text(study) == (
        "Lovelace, Ada; van der Berg, Lea Ida; Grace Brewster Murray Hopper; Light and Electrons, Inc.; 山田, 太郎 "
        "(2021). HeLa cells. EMPIAR, EMPIAR-99999999. https://doi.org/10.6019/EMPIAR-99999999"
    )


def test_what_is_unknown_is_left_out() -> None:
    study = described("S-BIADTEST_1")
    expected = Said("S-BIADTEST_1", NO_TITLE, (), "", "", "", f"{SITE}/S-BIADTEST_1")
    assert said_of(study) == (expected, expected, expected)
    assert citation_text(study) == f"{NO_TITLE} (n.d.). S-BIADTEST_1. {SITE}/S-BIADTEST_1"


@pytest.mark.parametrize(
    "title", [TEX, "ends in \\", "{", "}}}", "<script>", "\\", "%", "和 é ß \u05d0\u05d1"]
)
def test_hostile_titles_and_names_come_back(title: str) -> None:
    people = ({"name": title}, {"name": "x", "given_name": "A and B", "family_name": title.replace(",", ";")})
    study = described(people=people, title=title)
    want = cite(study)
    assert want.title == one_line(title)
    for said in said_of(study):
        assert (said.title, said.names) == (title, tuple(name.inverted for name in want.names))


@given(st.text(max_size=60), st.lists(st.text(max_size=20), max_size=3), st.text(max_size=12))
def test_any_text_stays_one_entry_that_agrees(title: str, names: list[str], issued: str) -> None:
    people = tuple({"name": name} for name in names)
    study = described("S-BIAD1", people, title=title, issued=issued)
    want = cite(study)
    expected = (want.title, tuple(name.literal for name in want.names), want.year)
    for said in (from_csl(study), from_ris(study)):
        assert (said.title, said.names, said.year) == expected
    said = from_bibtex(study)
    assert (said.title, said.names) == (
        carets(want.title),
        tuple(carets(name.literal) for name in want.names),
    )


def test_control_characters_and_turned_text_are_inert() -> None:
    study = described(title=f"a\x00\x1b[31m\x85b\u2028{RTL}c\r\nER  - \r\nTY  - BOOK", issued="2020")
    for form in FORMS:
        document = form.make(study)
        assert document == form.make(study)
        assert not {*document} & {*range(9), 11, 12, *range(14, 32), 127}
    assert len({said.title for said in said_of(study)}) == 1
    text = citation_text(study)
    assert RTL not in text
    assert text.isprintable()


def test_only_web_addresses_are_cited() -> None:
    iri = f"{DATA}EXAMPLE-0001"
    facts = {iri: {field_iri("landing_page"): (Value("javascript:alert(1)", True),)}}
    view = RecordView("EXAMPLE-0001", iri, ("rembigraph",), facts)
    study = Described(view, f"{SITE}/EXAMPLE-0001", f"{SITE}/EXAMPLE-0001", SITE)
    assert cite(study).url == f"{SITE}/EXAMPLE-0001"
    assert all(b"javascript" not in form.make(study) for form in FORMS)


def test_a_huge_title_is_kept() -> None:
    study = described(title="word " * 20_000)
    assert from_csl(study).title == from_ris(study).title == ("word " * 20_000).strip()


@pytest.mark.parametrize(
    ("text", "parts"),
    [("2021", (2021,)), ("2021-13", (2021,)), ("2020-02-29", (2020, 2, 29)), ("0000", ()), ("٢٠٢١", ())],
)
def test_dates_are_as_exact_as_they_are_true(text: str, parts: tuple[int, ...]) -> None:
    assert date_parts(text) == parts


def test_paragraphs_keep_lines_and_lose_control_characters() -> None:
    assert paragraphs(" a\r\nb\x0bc\x00\ufffe\td ") == "a\nb\nc\td"


def test_keys_are_accessions() -> None:
    for accession in ("EMPIAR-10310", "S-BIAD1", "idr0001", "ssbd-repos-000001", "DRAFT-0123456789"):
        assert parse_accession(accession).text == from_csl(described(accession, title="x")).accession
