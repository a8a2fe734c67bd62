from __future__ import annotations

import pytest
import yaml
from rembigraph.loaders import rembi_yaml, yaml_bounds
from rembigraph.loaders.reading import Document, Reading
from rembigraph.ontology.errors import SourceError, SourceMalformed


def _read(text: str | bytes) -> list[Reading | SourceError]:
    data = text.encode() if isinstance(text, str) else text
    return list(rembi_yaml.read(Document("f.yaml", "", data)))


def _one(text: str) -> Reading:
    (result,) = _read(text)
    assert isinstance(result, Reading), result
    return result


def _error(text: str | bytes) -> SourceMalformed:
    (result,) = _read(text)
    assert isinstance(result, SourceMalformed), result
    return result


def test_text_stays_text_whatever_yaml_would_make_of_it() -> None:
    study = _one("accession: EXAMPLE-0003\ntitle: NO\nissued: 2020-01-02\nkeyword: [2020, on, 1e3]\n").study
    assert (study.title, study.issued, study.keyword) == ("NO", "2020-01-02", ["2020", "on", "1e3"])


def test_one_value_may_stand_for_a_list_and_json_fields_are_written_as_yaml() -> None:
    reading = _one(
        "accession: EXAMPLE-0003\n"
        "organism: {id: 'NCBITaxon:9606', scientific_name: Homo sapiens}\n"
        "transformation:\n"
        "- source_coordinate_system: cs/a\n"
        "  target_coordinate_system: cs/b\n"
        "  parameters: {type: scale, scale: [1, 1e-3]}\n"
    )
    assert reading.study.organism[0].scientific_name == "Homo sapiens"
    assert reading.study.transformation[0].parameters == '{"type": "scale", "scale": [1, 0.001]}'


def test_every_document_is_read_and_a_bad_one_does_not_hide_the_others() -> None:
    first, second, third = _read(
        "accession: EXAMPLE-0003\n---\naccession: nonsense\n---\naccession: EXAMPLE-0004\n"
    )
    assert isinstance(first, Reading)
    assert isinstance(third, Reading)
    assert isinstance(second, SourceMalformed)
    assert (first.part, third.part) == (1, 3)
    assert third.source_bytes == b"accession: EXAMPLE-0004\n"


def test_all_leaves_are_accounted_for() -> None:
    leaves = _one(
        "model: rembigraph/0.1\naccession: EXAMPLE-0003\nkeyword: [a, b]\ndescription: null\ngrant: []\n"
    ).leaves
    assert (leaves.mapped, leaves.kept, leaves.ignored, leaves.total) == (5, 0, 1, 6)


@pytest.mark.parametrize(
    ("text", "code", "place", "words"),
    [
        ("accession: EXAMPLE-0003\ntitel: x\n", "unknown-field", "/titel (line 2)", "title"),
        ("accession: EXAMPLE-0003\nbyte_size: many\n", "wrong-value", "/byte_size (line 2)", "whole number"),
        ("accession: EXAMPLE-0003\narchive: EMPAIR\n", "wrong-value", "/archive (line 2)", "EMPIAR"),
        ("accession: EXAMPLE-0003\ntitle: [a]\n", "wrong-value", "/title (line 2)", "one value"),
        ("accession: EXAMPLE-0003\naccession: EXAMPLE-0004\n", "duplicate", "/accession (line 2)", "twice"),
        ("accession: FOO-1\n", "unknown-accession", "/accession", "EMPIAR-10310"),
        (
            "model: rembigraph/9\naccession: EXAMPLE-0003\n",
            "model-version",
            "/model (line 1)",
            "rembigraph/0.1",
        ),
        ("accession: [\n", "syntax", "2:1", "YAML"),
        ("accession: &a EXAMPLE-0003\ntitle: *a\n", "syntax", "2:8", "aliases"),
        ("accession: " + "[" * 65, "too-deep", "1:75", "64 deep"),
        ("accession: " + "[" * 5000, "too-deep", "1:", "64 deep"),
        ("accession: " + "[" * 200_000 + "]" * 200_000, "too-deep", "1:", "64 deep"),
        ("accession: EXAMPLE-0003\nrole: " + "{a: " * 20_000, "too-deep", "2:", "64 deep"),
        ("accession: EXAMPLE-0003\nrole:\n" + "- " * 20_000 + "x", "too-deep", "3:", "64 deep"),
        ("accession: EXAMPLE-0003\nrole: [" + "a," * 500_001, "too-large", "2:", "500000 values"),
        ("accession: !!python/object/apply:os.system [x]\n", "syntax", "1:12", "tags"),
        ("accession: EXAMPLE-0003\ntitle: !!python/name:os.system x\n", "syntax", "2:8", "tags"),
    ],
)
def test_errors_say_what_where_and_what_to_do(text: str, code: str, place: str, words: str) -> None:
    error = _error(text)
    assert error.code == code
    assert error.pointer.startswith(place)
    assert words in str(error)
    assert error.fix


@pytest.mark.parametrize("loader", ["CSafeLoader", "SafeLoader"])
@pytest.mark.parametrize("nested", ["[" * 400, "{a: " * 400, "\n" + "- " * 400, "[" * 5000], ids=len)
def test_both_parsers_of_yaml_say_too_deep(loader: str, nested: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_bounds, "_LOADER", getattr(yaml, loader, yaml.SafeLoader))
    error = _error(f"accession: EXAMPLE-0003\nrole: {nested}")
    assert (error.code, error.message) == ("too-deep", "values are nested more than 64 deep")


def test_brackets_in_text_are_no_nesting() -> None:
    text = "[{" * 100
    study = _one(f"accession: EXAMPLE-0003\ndescription: |\n  {text}\ntitle: a{text}\n").study
    assert (study.description, study.title) == (f"{text}\n", f"a{text}")


def test_an_empty_or_binary_file_is_refused_in_words() -> None:
    assert "no study" in _error("").message
    assert "UTF-8" in _error(b"accession: \xff\n").message


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"model: rembigraph/0.1\n", True),
        (b"# x\naccession: EXAMPLE-0003\n", True),
        (b'{"accession": 1}', False),
        (b"title: x\n", False),
        (b"<a>accession: x</a>", False),
    ],
)
def test_the_format_is_recognised_from_content(data: bytes, expected: bool) -> None:
    assert rembi_yaml.recognises(Document("x", "", data)) is expected


@pytest.mark.parametrize("null", ["", " ~", " null", " Null"])
def test_a_plain_null_is_no_value_and_a_quoted_one_is_a_word(null: str) -> None:
    study = _one(
        f"accession: EXAMPLE-0003\ntitle: 'null'\ndescription:{null}\nbyte_size:{null}\nkeyword:{null}\n"
    ).study
    assert (study.title, study.description, study.byte_size, study.keyword) == ("null", None, None, [])
