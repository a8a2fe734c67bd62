"""Curation documents: what is read of them, and the sentence for everything that is wrong."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from rembigraph import loaders
from rembigraph.loaders import curation
from rembigraph.loaders.curation import FORMAT, MAX_TEXT, NAMES, recognises
from rembigraph.loaders.reading import Document, Reading
from rembigraph.ontology.errors import SourceError, SourceMalformed
from rembigraph.ontology.identifiers import DEFAULT_DATA_BASE

FIELD = {
    "accession": "EXAMPLE-0001",
    "field": "title",
    "old_value": "Made-up fihs",
    "new_value": "Made-up fish",
    "who": "https://orcid.org/0000-0002-1825-0097",
    "when": "2026-11-28",
    "why": "misspelt",
}
LINK = {
    "accession": "EXAMPLE-0001",
    "link_to": "EXAMPLE-0002",
    "verdict": "refuted",
    "who": "Ada Lovelace",
    "when": "2026-11-28T12:00:00Z",
    "why": "Other cells were imaged.",
}


def _document(text: str | bytes) -> Document:
    return Document("curation.yaml", "", text if isinstance(text, bytes) else text.encode())


def _written(*decisions: dict[str, Any]) -> str:
    return yaml.safe_dump({"curation": list(decisions)}, allow_unicode=True, sort_keys=False)


def _read(text: str | bytes) -> list[Reading | SourceError]:
    document = _document(text)
    assert recognises(document)
    return list(loaders.read(document))


def _readings(text: str | bytes) -> list[Reading]:
    found = _read(text)
    assert all(isinstance(one, Reading) for one in found), [str(one) for one in found]
    return [one for one in found if isinstance(one, Reading)]


def _decision(**changed: Any) -> Any:
    """The record of the decision about a field (or, with `link_to`, a link), with some values changed."""
    base = LINK if "link_to" in changed else FIELD
    (reading,) = _readings(_written({k: v for k, v in {**base, **changed}.items() if v is not None}))
    return reading.study


def _error(decision: dict[str, Any] | str | bytes) -> SourceMalformed:
    text = _written(decision) if isinstance(decision, dict) else decision
    (error,) = _read(text)
    assert isinstance(error, SourceMalformed), error
    assert error.fix
    assert "(line " in error.pointer or ":" in error.pointer
    assert error.where.startswith("curation.yaml#")
    return error


# --- what is read


def test_both_kinds_of_decision_are_read() -> None:
    corrected, judged = _readings(_written(FIELD, LINK))
    assert corrected.study.model_dump(exclude_none=True, exclude={"id", "key"}) == {
        "about_study": "EXAMPLE-0001",
        "about_thing": "EXAMPLE-0001",
        "of_field": "title",
        "old_value": "Made-up fihs",
        "new_value": "Made-up fish",
        "decided_by": "https://orcid.org/0000-0002-1825-0097",
        "decided_on": "2026-11-28",
        "decision_reason": "misspelt",
    }
    assert judged.study.model_dump(exclude_none=True, exclude={"id", "key"}) == {
        "about_study": "EXAMPLE-0001",
        "link_to": "EXAMPLE-0002",
        "verdict": "refuted",
        "decided_by": "Ada Lovelace",
        "decided_on": "2026-11-28T12:00:00Z",
        "decision_reason": "Other cells were imaged.",
    }
    for reading, number in ((corrected, 1), (judged, 2)):
        assert reading.accession == "EXAMPLE-0001"
        assert reading.format == FORMAT
        assert reading.source == f"curation-{reading.study.key}"
        assert reading.study.id == f"EXAMPLE-0001/curation/{reading.study.key}"
        assert reading.part == number
    assert corrected.leaves.mapped == corrected.leaves.total == len(FIELD)


def test_names_of_slots_are_understood_and_accessions_are_canonical() -> None:
    by_slot = {NAMES[name]: value for name, value in FIELD.items()}
    assert _readings(_written(by_slot))[0].study == _readings(_written(FIELD))[0].study
    assert _decision(accession=" example-0001 ").about_study == "EXAMPLE-0001"
    assert _decision(accession=f"{DEFAULT_DATA_BASE}EXAMPLE-0001").about_study == "EXAMPLE-0001"


@pytest.mark.parametrize(
    ("given", "end"),
    [
        ("example-0002", "EXAMPLE-0002"),
        ("S-BIAD-23", "S-BIAD23"),
        (f"{DEFAULT_DATA_BASE}EXAMPLE-0002", "EXAMPLE-0002"),
        ("emd-99990", "http://www.ebi.ac.uk/emdb/EMD-99990"),
        ("PDB: 9zzz", "http://rdf.wwpdb.org/pdb/9ZZZ"),
        ("http://rdf.wwpdb.org/pdb/9ZZZ", "http://rdf.wwpdb.org/pdb/9ZZZ"),
        ("https://doi.org/10.1234/MADE.up", "https://doi.org/10.1234/made.up"),
        ("doi:10.1234/MADE.up", "https://doi.org/10.1234/made.up"),
        ("10.6019/EMPIAR-99901", "EMPIAR-99901"),
        ("https://www.ebi.ac.uk/empiar/EMPIAR-99901/", "EMPIAR-99901"),
        ("https://example.org/what", "https://example.org/what"),
    ],
)
def test_the_end_of_a_link_is_named_as_links_name_it(given: str, end: str) -> None:
    assert _decision(link_to=given).link_to == end


@pytest.mark.parametrize(
    "given", ["specimen/fish-3", "EXAMPLE-0001/specimen/fish-3", "example-0001/specimen/fish-3"]
)
def test_a_thing_of_the_study_is_named_with_or_without_it(given: str) -> None:
    assert _decision(thing=given).about_thing == "EXAMPLE-0001/specimen/fish-3"
    assert _decision(thing=DEFAULT_DATA_BASE + "EXAMPLE-0001/specimen/fish-3") == _decision(thing=given)


def test_text_stays_text() -> None:
    text = _written(FIELD).replace("Made-up fihs", "NO").replace("Made-up fish", "2020")
    (reading,) = _readings(text)
    assert (reading.study.old_value, reading.study.new_value) == ("NO", "2020")


@pytest.mark.parametrize("empty", ["", " ~", " null", " ''", " '  '"])
def test_an_empty_value_is_none(empty: str) -> None:
    """Taking a value out and filling a gap; an empty text is nothing, however it is written."""
    text = _written({**FIELD, "new_value": "GONE"}).replace(" GONE", empty)
    assert _readings(text)[0].study.new_value is None
    text = _written({**FIELD, "old_value": "GONE"}).replace(" GONE", empty)
    assert _readings(text)[0].study.old_value is None


def test_a_single_decision_needs_no_list() -> None:
    text = "curation:\n" + "".join(f"  {name}: {value!r}\n" for name, value in FIELD.items())
    (reading,) = _readings(text)
    assert reading.part == 0
    assert reading.study == _readings(_written(FIELD))[0].study


@pytest.mark.parametrize(
    "text",
    [
        _written(FIELD, LINK),
        "# about the fish\nmodel: rembigraph/0.1\n" + _written(FIELD, LINK),
        "\ufeff" + _written(FIELD, LINK),
        _written(FIELD, LINK).replace("\n", "\r\n"),
        "---\n" + _written(FIELD) + "---\n" + _written(LINK) + "...\n",
        "curation: ["
        + ",\n ".join(yaml.safe_dump(one, default_flow_style=True) for one in (FIELD, LINK))
        + "]\n",
        "curation:\n"
        + "".join(f"-   {yaml.safe_dump(one, default_flow_style=True, width=40)}" for one in (FIELD, LINK)),
    ],
    ids=[
        "plain",
        "comment and model",
        "byte order mark",
        "CRLF",
        "two documents",
        "flow list",
        "flow decisions",
    ],
)
def test_each_decision_is_read_again_alone_as_the_same(text: str) -> None:
    """What is archived of a decision is a document that gives the identical record, and the same document again."""
    readings = _readings(text)
    assert len(readings) == 2
    for reading in readings:
        (again,) = _readings(reading.source_bytes)
        assert again.study == reading.study
        assert again.source == reading.source
        assert again.source_bytes == reading.source_bytes
    assert [one.study for one in readings] == [one.study for one in _readings(_written(FIELD, LINK))]


def test_long_and_odd_texts_are_read_again_alone_as_the_same() -> None:
    """Block texts, blank lines at their ends, comments between decisions, letters beyond the basic plane."""
    text = (
        "curation:\n"
        "      - accession: EXAMPLE-0001  # \U0001f41f\n"
        "        thing: specimen/\U0001f41f\n"
        "        field: description\n"
        "        old_value: |+\n          One \U0001f41f: two\n\n          - three # four\n\n\n"
        "        # a comment\n"
        "        new_value: >-\n          Folded\n          text\n"
        "        who: 'Ada ''the first'''\n        when: 2026-11-28\n        why: |\n          Because.\n"
        "    # the next one\n"
        "      - {accession: EXAMPLE-0001, link_to: EXAMPLE-0002, verdict: confirmed, relation: related,\n"
        '  who: "Ada\\tLovelace", when: 2026-11-28, why: "a\n\n   b"}\n'
    )
    first, second = _readings(text)
    assert first.study.old_value == "One \U0001f41f: two\n\n- three # four"
    assert first.study.new_value == "Folded text"
    assert second.study.decision_reason == "a\nb"
    for reading in (first, second):
        assert _readings(reading.source_bytes)[0].study == reading.study


def test_the_key_is_made_of_what_a_decision_says() -> None:
    """The same decision has the same key wherever it stands and however it is written; another one has another."""
    alone = _readings(_written(FIELD))[0].study.key
    assert _readings(_written(LINK, FIELD))[1].study.key == alone
    shuffled = dict(reversed({**FIELD, "accession": "example-0001", "thing": "EXAMPLE-0001"}.items()))
    assert _readings(_written(shuffled))[0].study.key == alone
    others = [
        {**FIELD, name: "2026-11-29" if name == "when" else value + "x"}
        for name, value in FIELD.items()
        if name not in {"accession", "field"}
    ]
    keys = {_readings(_written(one))[0].study.key for one in others}
    assert len(keys | {alone}) == len(others) + 1


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("curation:\n  - accession: EXAMPLE-0001\n", True),
        ("\ufeffcuration: []\n", True),
        ("model: rembigraph/0.1\n\ncuration:\n", True),
        ("accession: EXAMPLE-0001\ntitle: curation\n", False),
        ("accession: EXAMPLE-0001\ntitle: |\n  curation: of fish\n", False),
        ('{"curation": []}', False),
        ("PREFIX curation: <https://example.org/>\ncuration:fish a curation:Fish .\n", False),
        ("EMDB_ID\tcuration:\n", False),
    ],
)
def test_only_curation_documents_are_recognised(text: str, is_one: bool) -> None:
    assert recognises(_document(text)) is is_one


# --- what is wrong


@pytest.mark.parametrize("name", ["accession", "who", "when", "why"])
@pytest.mark.parametrize("base", [FIELD, LINK], ids=["field", "link"])
def test_what_is_missing_is_named(name: str, base: dict[str, str]) -> None:
    for decision in ({k: v for k, v in base.items() if k != name}, {**base, name: ""}):
        error = _error(decision)
        assert error.message == f"a decision needs {name!r}"
        assert error.pointer.startswith(f"/curation/0/{name} (line ")


@pytest.mark.parametrize(
    ("base", "changed", "message", "field"),
    [
        (FIELD, {"field": None}, "a `field` or about a link", ""),
        (FIELD, {"link_to": "EXAMPLE-0002"}, "one of them", ""),
        (FIELD, {"old_value": None, "new_value": None}, "needs a value", "old_value"),
        (FIELD, {"new_value": "Made-up fihs"}, "say the same", "new_value"),
        (FIELD, {"verdict": "refuted"}, "has no verdict", ""),
        (FIELD, {"relation": "related"}, "no relation", ""),
        (FIELD, {"field": "titel"}, "has no field 'titel'", "field"),
        (FIELD, {"field": "contribution"}, "'contribution' for one value", "field"),
        (FIELD, {"field": "accession"}, "has no field 'accession'", "field"),
        (FIELD, {"field": "voxel_type"}, "has no field 'voxel_type'", "field"),
        (FIELD, {"thing": "specimen/fish-3", "field": "license"}, "fish-3 has no field 'license'", "field"),
        (FIELD, {"field": "license"}, "is no IRI", "new_value"),
        (FIELD, {"field": "organism", "new_value": "human"}, "'human' is no IRI", "new_value"),
        (FIELD, {"field": "issued", "new_value": "last week"}, "is not a date", "new_value"),
        (FIELD, {"field": "byte_size", "new_value": "6.7 GB"}, "is not a whole number", "new_value"),
        (
            FIELD,
            {"thing": "specimen/a", "field": "experimental_status"},
            "is not one of the values",
            "new_value",
        ),
        (FIELD, {"thing": "EXAMPLE-0002/specimen/fish-3"}, "lies in EXAMPLE-0002", "thing"),
        (FIELD, {"thing": f"{DEFAULT_DATA_BASE}EXAMPLE-0002"}, "lies in EXAMPLE-0002", "thing"),
        (FIELD, {"thing": "../EXAMPLE-0002/specimen/fish-3"}, "can't name a thing", "thing"),
        (FIELD, {"thing": "specimen/fish 3"}, "can't name a thing", "thing"),
        (FIELD, {"thing": "specimen//"}, "can't name a thing", "thing"),
        (LINK, {"verdict": None}, "needs a verdict", "verdict"),
        (LINK, {"verdict": "maybe"}, "'maybe' is not one of the values", "verdict"),
        (LINK, {"relation": "looks like"}, "'looks like' is not one of the values", "relation"),
        (LINK, {"new_value": "x"}, "corrects no value", ""),
        (LINK, {"thing": "specimen/fish-3"}, "corrects no value", ""),
        (LINK, {"link_to": "the other one"}, "names nothing", "link_to"),
        (LINK, {"link_to": "mailto:x"}, None, "link_to"),
        (LINK, {"link_to": "example-0001"}, "linked with itself", "link_to"),
        (LINK, {"accession": "fish"}, "not an accession", "accession"),
        *(
            (LINK, {"when": when}, "is no date", "when")
            for when in (
                "yesterday",
                "2026-13-01",
                "2026-11-31",
                "28.11.2026",
                "2026-11-28 12:00",
                "2026-11-28T25:00Z",
                "2026",
                "20261128",
                "\u0662\u0660\u0662\u0666-11-28",
            )
        ),
        (LINK, {"key": "mine"}, "has no field 'key'", "key"),
        (LINK, {"id": "EXAMPLE-0002"}, "has no field 'id'", "id"),
        (LINK, {"wy": "x"}, "has no field 'wy'", "wy"),
        (LINK, {"decided_by": "Ada"}, "'who' is written twice", "who"),
        (LINK, {"why": ["a", "b"]}, "one value, not a list", "why"),
        (LINK, {"who": {"name": "Ada"}}, "one value, not a list", "who"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    base: dict[str, Any], changed: dict[str, Any], message: str | None, field: str
) -> None:
    decision = {name: value for name, value in {**base, **changed}.items() if value is not None}
    if message is None:  # an address of a scheme that is no place to link to, but legal and no e-mail address
        assert _decision(**decision).link_to == changed["link_to"]
        return
    error = _error(decision)
    assert message in error.message
    line = next(
        (n for n, text in enumerate(_written(decision).splitlines(), 1) if field and f" {field}:" in text), 2
    )
    wanted = f"/curation/0/{field}" if field else "/curation/0"
    assert error.pointer == f"{wanted} (line {line})"


def test_the_nearest_name_is_proposed() -> None:
    assert "'title'" in _error({**FIELD, "field": "titel"}).fix
    assert "'verdict'" in _error({**LINK, "verdikt": "x"}).fix


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("curation: []\n", "holds no decision"),
        ("curation:\n", "written as fields"),
        ("curation: EXAMPLE-0001\n", "written as fields"),
        ("curation:\n  - EXAMPLE-0001\n", "written as fields"),
        ("curation:\n  - [a]\n", "written as fields"),
        ("curation: [\n", "not YAML"),
        ("curation:\n\t- a\n", "not YAML"),
        (b"curation:\n  - \xff\n", "not UTF-8"),
        ("curation:\n  - !!python/object:os.system {a: b}\n", "tags of programming languages"),
        ("curation:\n  - ? [a]\n    : b\n", "has no field '?'"),
    ],
)
def test_what_is_no_list_of_decisions_is_said_in_a_sentence(text: str | bytes, message: str) -> None:
    assert message in _error(text).message


def test_a_bad_part_leaves_the_others() -> None:
    """In the same list, in other documents of the file, at the top level: each is an error, and the rest is read."""
    text = (
        "who: Ada\n"
        + _written(FIELD, {**LINK, "when": "soon"}, LINK)
        + "---\n- a list\n---\naccession: EXAMPLE-0003\ntitle: a study\n---\nmodel: rembigraph/9\n"
        + _written({**LINK, "link_to": "EXAMPLE-0004"})
        + "---\n"
        + _written(FIELD)
        + _written(LINK)
    )
    found = _read(text)
    good = [one for one in found if isinstance(one, Reading)]
    messages = [one.message for one in found if isinstance(one, SourceMalformed)]
    assert [one.study.link_to for one in good] == [None, "EXAMPLE-0002", "EXAMPLE-0004", None]
    assert len(messages) == 7
    for part in (
        "no field 'who'",
        "is no date",
        "begins with `curation:`",
        "no field 'accession'",
        "no field 'title'",
        "this version reads rembigraph/0.1",
        "'curation' is written twice",
    ):
        assert sum(part in message for message in messages) == 1, part
    assert len({one.part for one in good}) == len(good)


# --- e-mail addresses


def test_an_e_mail_address_of_who_decides_is_taken_out() -> None:
    decision = _decision(who="Ada Lovelace <ada@example.org>", why="See ada@example.org, she knows.")
    assert decision.decided_by == "Ada Lovelace <[e-mail removed]>"
    assert decision.decision_reason == "See [e-mail removed], she knows."


@pytest.mark.parametrize(
    ("base", "changed"),
    [
        *(
            (LINK, {name: "<ada@example.org>"})
            for name in ("who", "why", "link_to", "when", "verdict", "accession")
        ),
        (LINK, {"link_to": "mailto:ada@example.org"}),
        (LINK, {"link_to": "https://example.org/?to=ada@example.org"}),
        *((FIELD, {name: "Ask ada@example.org"}) for name in ("old_value", "new_value", "field", "thing")),
        (FIELD, {"who": "ada@example.org"}),
        (FIELD, {"ada@example.org": "x"}),
    ],
)
def test_an_e_mail_address_never_gets_in(base: dict[str, str], changed: dict[str, str]) -> None:
    """Where leaving it out would change what is decided, the decision is refused; the sentence does not repeat it."""
    error = _error({**base, **changed})
    assert "ada@example" not in f"{error} {error.pointer} {error.where}"


# --- bounds


def test_aliases_and_depth_are_bounded() -> None:
    bomb = "curation:\n  - &a {why: x}\n" + "".join(f"  - &a{n} [*a, *a]\n" for n in range(60))
    assert "aliases" in _error(bomb).message
    deep = "curation:\n  - who: " + "[" * 100_000
    assert _error(deep).code == "too-deep"
    nested = "curation:\n" + "".join(f"{' ' * n}- \n" for n in range(2, 80)) + " " * 80 + "- a\n"
    assert _error(nested).code == "too-deep"


@pytest.mark.nightly
@pytest.mark.parametrize("name", [*NAMES, "unknown"])
def test_a_text_of_a_megabyte_is_refused_in_a_short_sentence(name: str) -> None:
    base = LINK if name in {"link_to", "verdict", "relation"} else FIELD
    started = time.process_time()
    error = _error({**base, name: "ab " * 400_000} if name in NAMES else {**base, "x" * 1_200_000: "x"})
    assert time.process_time() - started < 30
    assert len(str(error)) < 600
    assert len(error.pointer) < 200


def test_the_longest_allowed_text_is_read() -> None:
    assert len(_decision(new_value="b" * MAX_TEXT).new_value) == MAX_TEXT
    assert f"at most {MAX_TEXT}" in _error({**FIELD, "new_value": "b" * (MAX_TEXT + 1)}).fix


def test_a_list_of_a_thousand_decisions_is_read_in_order() -> None:
    decisions = [{**FIELD, "accession": f"EXAMPLE-{number:04d}"} for number in range(1, 1001)]
    readings = _readings(_written(*decisions))
    assert [one.part for one in readings] == list(range(1, 1001))
    assert [one.accession for one in readings] == [one["accession"] for one in decisions]
    assert {
        one.source for one in curation.read(_document(_written(*decisions))) if isinstance(one, Reading)
    } == {one.source for one in readings}


# --- the page for curators


PAGE = (Path(__file__).parents[2] / "docs" / "curation.md").read_text(encoding="utf-8")


def test_the_examples_of_the_documentation_are_read() -> None:
    examples = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    assert [len(_readings(example)) for example in examples] == [3, 2]


def test_the_documentation_explains_every_field() -> None:
    rows = re.findall(r"^\| ([a-z_, ]+) \| .+ \|$", PAGE, re.MULTILINE)
    assert {name for row in rows[1:] for name in row.split(", ")} == set(NAMES)
