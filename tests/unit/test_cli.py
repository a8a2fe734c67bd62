"""The command line as a person uses it: what it prints, and the exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rembigraph.app.cli import main

GOOD = "accession: EXAMPLE-0003\ntitle: made up\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REMBIGRAPH_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def _run(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(main, arguments, input=stdin)


def _file(tmp_path: Path, text: str, name: str = "record.yaml") -> str:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_catalogue_from_init_to_dump(home: Path, tmp_path: Path) -> None:
    assert _run("init").exit_code == 0
    loaded = _run("load", _file(tmp_path, GOOD))
    assert loaded.exit_code == 0
    assert "1 loaded" in loaded.stdout
    shown = _run("show", "example-0003")
    assert "made up" in shown.stdout
    assert "rembi:Study" in _run("show", "EXAMPLE-0003", "--format", "turtle").stdout
    assert "EXAMPLE-0003" in _run("search", "made").stdout
    assert json.loads(_run("search", "made", "--json").stdout)["total"] == 1
    assert json.loads(_run("status", "--json").stdout)["records"] == 1
    assert "EXAMPLE-0003" in _run("dump").stdout
    assert _run("withdraw", "EXAMPLE-0003", "--reason", "test").exit_code == 0
    gone = _run("show", "EXAMPLE-0003")
    assert gone.exit_code == 1
    assert "withdrawn" in gone.stderr
    assert _run("reinstate", "EXAMPLE-0003").exit_code == 0
    assert _run("show", "EXAMPLE-0003").exit_code == 0


def test_load_json_prints_one_document_on_stdout(home: Path, tmp_path: Path) -> None:
    result = _run("load", "--json", _file(tmp_path, GOOD))
    assert json.loads(result.stdout)["totals"]["loaded"] == 1


CRATE = {
    "@context": "https://w3id.org/ro/crate/1.2/context",
    "@graph": [
        {
            "@id": "ro-crate-metadata.json",
            "@type": "CreativeWork",
            "about": {"@id": "https://example.org/S-BIAD99999"},
        },
        {
            "@id": "https://example.org/S-BIAD99999",
            "@type": "Dataset",
            "identifier": "S-BIAD99999",
            "name": "Made-up study",
            "moonPhase": "waning",
        },
    ],
}


def test_coverage_counts_by_format_and_names_what_has_no_slot(home: Path, tmp_path: Path) -> None:
    paths = _file(tmp_path, json.dumps(CRATE), "crate.json"), _file(tmp_path, GOOD)
    report = json.loads(_run("load", "--json", "--coverage", *paths).stdout)
    forms = report["coverage"]["formats"]
    assert set(forms) == {"ro-crate", "rembigraph-yaml"}
    assert forms["rembigraph-yaml"] == {"total": 2, "mapped": 2, "kept": 0, "ignored": 0}
    for key, total in report["totals"]["leaves"].items():
        assert sum(leaves[key] for leaves in forms.values()) == total
    assert report["coverage"]["unmapped"]["Dataset.moonPhase"] == 1
    text = _run("load", "--coverage", *paths).stdout
    assert f"ro-crate: {forms['ro-crate']['total']} values" in text
    assert "kept      1 x Dataset.moonPhase" in text


def test_standard_input_is_read(home: Path) -> None:
    result = _run("load", "-", stdin=GOOD)
    assert result.exit_code == 0
    assert "1 loaded" in result.stdout


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        (GOOD, 0, "1 records: 0 violations"),
        (GOOD + "archive: EMPIAR\n", 1, "does not look like one of the stated archive"),
        ("accession: [\n", 3, "not YAML"),
        ("nothing known", 3, "no format"),
    ],
)
def test_validate_needs_no_catalogue(home: Path, tmp_path: Path, text: str, code: int, words: str) -> None:
    result = _run("validate", _file(tmp_path, text))
    assert result.exit_code == code
    assert words in result.stdout
    assert not home.exists()


def test_validate_prints_json_and_turtle(home: Path, tmp_path: Path) -> None:
    from rdflib import SH, Graph

    path = _file(tmp_path, GOOD + "archive: EMPIAR\n")
    document = json.loads(_run("validate", "--format", "json", path).stdout)
    assert document["conforms"] is False
    assert document["records"][0]["results"][0]["severity"] == "Violation"
    graph = Graph().parse(data=_run("validate", "--format", "turtle", path).stdout)
    assert (None, SH.conforms, None) in graph
    assert _run("validate", "--fail-on", "warning", _file(tmp_path, GOOD)).exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("show", "EXAMPLE-0003"), 2, "rembigraph init"),
        (("laod", "x"), 2, "load"),
        (("load",), 2, "PATH"),
        (("load", "/no/such/path"), 3, "/no/such/path"),
        (("--home", "/proc/nowhere", "load", "x"), 7, ""),
    ],
)
def test_errors_have_a_sentence_and_an_exit_code(
    home: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    result = _run(*arguments)
    assert result.exit_code == code, result.output
    assert words in result.output
    assert "Traceback" not in result.output


def test_an_accession_that_is_not_here_names_the_nearest(home: Path, tmp_path: Path) -> None:
    _run("load", _file(tmp_path, GOOD))
    result = _run("show", "EXAMPLE-0004")
    assert result.exit_code == 1
    assert "EXAMPLE-0003" in result.stderr
    assert _run("show", "nonsense").exit_code == 2


def test_unknown_settings_are_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REMBIGRAPH_QUERY_TIMOUT", "3")
    result = _run("status")
    assert result.exit_code == 2
    assert "REMBIGRAPH_QUERY_TIMEOUT" in result.stderr


def test_settings_may_stand_in_a_file_of_the_home_folder(home: Path) -> None:
    from rembigraph.app.settings import load_settings

    _run("init")
    (home / "rembigraph.toml").write_text("query_timeout = 3.5\n", encoding="utf-8")
    assert load_settings(home=home).query_timeout == 3.5


def test_a_query_is_answered_and_bad_ones_exit_4(home: Path, tmp_path: Path) -> None:
    _run("load", _file(tmp_path, GOOD))
    query = "SELECT ?t { <https://w3id.org/rembigraph/id/EXAMPLE-0003> <http://purl.org/dc/terms/title> ?t }"
    assert '"made up"' in _run("query", query, "--format", "tsv").stdout
    assert json.loads(_run("query", query, "--format", "json").stdout)["head"]["vars"] == ["t"]
    assert _run("query", "SELECT {").exit_code == 4
    refused = _run("query", "SELECT * { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }")
    assert refused.exit_code == 4
    assert "SERVICE" in refused.stderr
    assert _run("query", "@no_such_query").exit_code == 2
    assert _run("query", "@gaps_by_field", "--format", "csv").exit_code == 0
