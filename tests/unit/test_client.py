"""The Python client over a folder: typed values, tables, prefixes, errors; hostile records are inert in notebooks."""

import asyncio
import builtins
import json
import subprocess
import sys
from datetime import UTC, date, datetime
from html.parser import HTMLParser

import pytest
from rembigraph import Catalogue, Part, Table
from rembigraph.app.sparql.prefixes import WELL_KNOWN
from rembigraph.catalogue.home import Home
from rembigraph.client.catalogue import COLUMNS
from rembigraph.client.display import inert
from rembigraph.client.errors import (
    BrokenAnswer,
    CatalogueError,
    MissingPackage,
    QueryRefused,
    QuerySyntaxError,
    QueryTimeout,
    UnknownStudy,
    UsageError,
    WithdrawnStudy,
)
from rembigraph.client.prefixes import with_prefixes
from rembigraph.client.values import read_results, value_of

from tests.conftest import DATA, HOSTILE

XSD = "http://www.w3.org/2001/XMLSchema#"


@pytest.fixture(scope="module")
def catalogue(made_up):
    with Catalogue.open(made_up.home.path) as opened:
        yield opened


class Harmless(HTMLParser):
    """HTML that holds nothing but tables and links to web pages."""

    def __init__(self, text):
        super().__init__()
        self.texts = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        assert tag in {"table", "caption", "thead", "tbody", "tr", "th", "td", "a"}
        for name, value in attrs:
            assert name in {"href", "rel"}
            assert name != "href" or value.startswith(("https://", "http://"))

    def handle_data(self, data):
        self.texts.append(data)


# Import


def _python(code):
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def test_the_package_imports_nothing_before_it_is_asked():
    code = (
        "import sys; before = set(sys.modules); import rembigraph; loaded = sorted(set(sys.modules) - before);"
        " import json; print(json.dumps(loaded))"
    )
    loaded = {name for name in json.loads(_python(code)) if not name.startswith("__editable__")}
    assert loaded <= {"rembigraph", "__future__"}


def test_the_client_loads_neither_a_web_framework_nor_a_validator_nor_a_table_package():
    code = "from rembigraph import Catalogue; import rembigraph.client.folder, sys; print('\\n'.join(sys.modules))"
    loaded = set(_python(code).split())
    assert not loaded & {"fastapi", "starlette", "pyshacl", "linkml", "pandas", "polars", "rdflib"}


def test_what_the_package_has_is_listed_and_the_rest_is_an_attribute_error():
    import rembigraph

    assert {"Catalogue", "Study", "Table"} <= set(dir(rembigraph))
    with pytest.raises(AttributeError, match="Catalog'"):
        rembigraph.Catalog  # noqa: B018


# Values


@pytest.mark.parametrize(
    ("text", "datatype", "value"),
    [
        ("12", "integer", 12),
        ("123456789012345678901234567890", "integer", 123456789012345678901234567890),
        ("-7", "long", -7),
        ("1.5", "decimal", 1.5),
        ("1e3", "double", 1000.0),
        ("INF", "double", float("inf")),
        ("true", "boolean", True),
        ("0", "boolean", False),
        ("2026-11-28", "date", date(2026, 11, 28)),
        ("2026-11-28T12:00:00Z", "dateTime", datetime(2026, 11, 28, 12, tzinfo=UTC)),
        ("2026-11-28Z", "date", "2026-11-28Z"),
        ("2026-02-30", "date", "2026-02-30"),
        ("2026-05", "gYearMonth", "2026-05"),
        ("1_000", "integer", "1_000"),
        ("abc", "double", "abc"),
        ("maybe", "boolean", "maybe"),
    ],
)
def test_a_literal_becomes_the_value_that_its_datatype_says_or_stays_text(text, datatype, value):
    found = value_of({"type": "literal", "value": text, "datatype": XSD + datatype})
    assert (found, type(found)) == (value, type(value))


def test_what_is_no_result_is_told():
    for data in (
        b"<html>",
        b"[]",
        b'{"head": {}}',
        b"\xff",
        b'{"head":{"vars":["a"]},"results":{"bindings":[3]}}',
    ):
        with pytest.raises(BrokenAnswer):
            read_results(data)


def test_a_query_gives_typed_rows_in_their_order(catalogue):
    found = catalogue.query(
        "SELECT ?study ?bytes ?issued WHERE { ?study a rembi:Study ; dcterms:title ?t ."
        " OPTIONAL { ?study dcat:byteSize ?bytes } OPTIONAL { ?study dcterms:issued ?issued }"
        " FILTER (?study IN (<EMPIAR-10819>, <EXAMPLE-0104>)) } GROUP BY ?study ?bytes ?issued ORDER BY ?study"
    )
    assert isinstance(found, Table)
    assert found.columns == ("study", "bytes", "issued")
    assert found.rows == [
        {"study": f"{DATA}EMPIAR-10819", "bytes": 91124559572, "issued": date(2021, 10, 29)},
        {"study": f"{DATA}EXAMPLE-0104", "bytes": None, "issued": None},
    ]


# Tables

MIXED = Table(
    ("n", "x", "is", "day", "at", "text", "many", "none", "any", "big"),
    [
        (1, 1.5, True, date(2026, 1, 2), datetime(2026, 1, 2, tzinfo=UTC), "a", ["b"], None, "c", 2**70),
        (None, 2, None, None, None, None, [], None, 4, 1),
    ],
)


def test_a_pandas_frame_keeps_the_types_beside_gaps():
    pytest.importorskip("pandas", reason="the extra `pandas` is not installed")
    frame = MIXED.to_pandas()
    kinds = {name: str(kind) for name, kind in frame.dtypes.items()}
    assert kinds["n"] == "Int64"
    assert kinds["x"] == "Float64"
    assert kinds["is"] == "boolean"
    assert kinds["day"] == "datetime64[s]"
    assert kinds["at"].endswith("UTC]")
    assert kinds["text"] == "string"
    assert kinds["many"] == kinds["none"] == kinds["any"] == kinds["big"] == "object"
    assert frame["n"].isna().tolist() == [False, True]
    assert frame["big"][0] == 2**70
    assert frame.shape == (2, 10)


def test_a_polars_frame_keeps_the_types_beside_gaps():
    polars = pytest.importorskip("polars", reason="the extra `polars` is not installed")
    frame = MIXED.to_polars()
    assert frame.schema["n"] == polars.Int64
    assert frame.schema["x"] == polars.Float64
    assert frame.schema["is"] == polars.Boolean
    assert frame.schema["day"] == polars.Date
    assert frame.schema["at"] == polars.Datetime("us", "UTC")
    assert frame.schema["text"] == polars.String
    assert frame.schema["many"] == polars.List(polars.String)
    assert frame.schema["any"] == frame.schema["big"] == polars.Object
    assert frame["n"].to_list() == [1, None]
    assert frame["big"].to_list() == [2**70, 1]


@pytest.mark.parametrize("package", ["pandas", "polars"])
def test_a_missing_package_is_told_with_the_line_that_installs_it(package, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingPackage, match=rf"pip install 'rembigraph\[{package}\]'") as caught:
        getattr(MIXED, f"to_{package}")()
    assert isinstance(caught.value, ImportError)


def test_an_empty_table_has_its_columns_everywhere():
    empty = Table(("a", "b"), [])
    assert (len(empty), bool(empty), list(empty)) == (0, False, [])
    assert "0 rows." in repr(empty)
    for package in ("pandas", "polars"):
        pytest.importorskip(package, reason=f"the extra `{package}` is not installed")
        assert list(getattr(empty, f"to_{package}")().columns) == ["a", "b"]


def test_a_table_is_asked_by_row_and_column():
    assert MIXED[0]["n"] == 1
    assert MIXED[-1]["any"] == 4
    assert MIXED.column("any") == ["c", 4]
    with pytest.raises(UsageError, match="Columns: n, x"):
        MIXED.column("m")
    with pytest.raises(IndexError):
        MIXED[2]


def test_a_long_table_shows_twenty_rows_and_says_how_many_there_are():
    table = Table(("n",), [(n,) for n in range(345)])
    assert table._repr_html_().count("<tr>") == 21
    assert "First 20 of 345 rows." in table._repr_html_()
    assert "First 10 of 345 rows." in repr(table)


def test_a_wide_table_says_which_columns_are_left_out():
    lines = repr(Table([f"column{n}" for n in range(30)], [["x" * 90] * 30])).splitlines()
    assert lines[0].endswith("(+28 columns)")
    assert max(map(len, lines)) < 130


# Hostile text


def test_hostile_titles_are_inert(catalogue):
    study = catalogue["EXAMPLE-0103"]
    assert study.title == HOSTILE
    shown = [
        study,
        catalogue,
        catalogue.search("alert"),
        catalogue.query("SELECT ?s ?p ?o { ?s ?p ?o } LIMIT 5000"),
    ]
    shown.append(
        Table([HOSTILE], [[HOSTILE], ["javascript:alert(1)"], ['https://e.example/"><script>'], [[HOSTILE]]])
    )
    for each in shown:
        Harmless(each._repr_html_())
        for text in (repr(each), each._repr_html_()):
            assert not set(text) & set("\u202e\u2066\x1b\x00")
    assert "<script>alert('x')</script>" in " ".join(Harmless(study._repr_html_()).texts)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb\x1b[31m", "a b [31m"),
        ("\u202egnp.exe", "gnp.exe"),
        ("x" * 300, "x" * 199 + "…"),
        ("\ud800", ""),
        ("é\u0301 ü", "é\u0301 ü"),
    ],
)
def test_shown_text_is_one_line_that_acts_on_nothing(text, shown):
    assert inert(text) == shown


def test_a_text_of_a_hundred_megabytes_is_shown_at_once():
    assert len(inert("\x00" * 100_000_000)) == 1


# Studies


def test_a_study_has_its_facts(catalogue):
    study = catalogue["s-bsst 707".replace(" ", "")]
    assert study.accession == "S-BSST707"
    assert study.archive == "BioImageArchive"
    assert study.license == "https://creativecommons.org/licenses/by/4.0/"
    assert study.organisms == ("Homo sapiens",)
    assert study.methods == ("confocal microscopy",)
    assert study.issued == "2021-10-13"
    assert study.byte_size is None
    assert [author.name for author in study.authors] == ["Daniel Krentzel", "Romain Laine"]
    assert [author.orcid for author in study.authors] == ["https://orcid.org/0000-0002-1825-0097", ""]
    assert study.parts == (
        Part("EMPIAR-10819", "EMPIAR", ("images_same_specimen",), True, f"{DATA}EMPIAR-10819"),
    )
    assert study.parts[0].relation == "images_same_specimen"
    assert repr(study) == f"Study('S-BSST707', '{study.title}')"


def test_authors_of_a_study_without_a_year_are_there_too(catalogue):
    assert [author.name for author in catalogue["EXAMPLE-0103"].authors] == ["=cmd|' /C calc'!A0"]
    assert catalogue["EXAMPLE-0104"].authors == ()


def test_suggestions_make_no_whole_and_parts_that_are_not_here_lead_to_their_archive(catalogue):
    assert [(part.accession, part.held) for part in catalogue["EXAMPLE-0104"].parts] == [
        ("S-BIAD4711", False)
    ]
    (part,) = catalogue["EXAMPLE-0104"].parts
    assert part.page == "https://www.ebi.ac.uk/biostudies/bioimages/studies/S-BIAD4711"


def test_what_is_not_here_says_what_to_do(catalogue):
    with pytest.raises(
        UnknownStudy, match="EMPIAR-99999 is not in this catalogue → Nearest here: EMPIAR-10819"
    ) as one:
        catalogue["EMPIAR-99999"]
    assert one.value.archive_page == "https://www.ebi.ac.uk/empiar/EMPIAR-99999/"
    with pytest.raises(UnknownStudy) as named:
        catalogue["EMPIAR-99998"]
    assert named.value.named_by == ("EXAMPLE-0104",)
    with pytest.raises(UnknownStudy, match="no accession of a known archive → Write one such as"):
        catalogue["Nature 2021"]
    assert isinstance(one.value, KeyError)
    assert isinstance(one.value, CatalogueError)
    assert "S-BSST707" in catalogue
    assert "EMPIAR-99999" not in catalogue


def test_what_was_withdrawn_says_why_when_and_what_took_its_place(catalogue):
    with pytest.raises(WithdrawnStudy, match=r"made up twice → Its successor is EXAMPLE-0104\.") as caught:
        catalogue["EXAMPLE-0105"]
    assert (caught.value.reason, caught.value.successor) == ("made up twice", "EXAMPLE-0104")
    assert date.fromisoformat(caught.value.date) <= datetime.now(UTC).date()
    assert isinstance(caught.value, KeyError)


# Queries


def test_a_query_that_declares_its_prefixes_is_sent_as_it_is():
    query = "PREFIX rembi: <urn:mine:> SELECT ?x { ?x a rembi:Study ; foo:bar 'dcat:x', <dcat:y> # dcat:z\n}"
    assert with_prefixes(query) == query
    assert with_prefixes("ASK { ?x a dcat:Dataset }") == (
        "PREFIX dcat: <http://www.w3.org/ns/dcat#>\nASK { ?x a dcat:Dataset }"
    )


def test_every_well_known_prefix_needs_no_declaration(catalogue):
    patterns = " . ".join(f"?s {prefix}:x ?o" for prefix in WELL_KNOWN)
    assert catalogue.query(f"ASK {{ {patterns} }}") is False


@pytest.mark.parametrize(
    ("query", "line", "column"),
    [
        ("SELECT ?x {\n ?x a rembi:Study ) }", 2, 19),
        ("SELECT ?x {\n ?x a rembi:Study . FILTR(?x) }", 2, 21),
        ("SELECT ?x {\n ?x a nowhere:Study }", 2, 7),
        ("SELECT ?x WHERE {\n ?x a dcat:Dataset .\n ?x }", 3, 5),
    ],
)
def test_a_wrong_query_is_placed_in_the_query_as_it_was_written(catalogue, query, line, column):
    with pytest.raises(QuerySyntaxError, match=f"at line {line}, column {column} →") as caught:
        catalogue.query(query)
    assert (caught.value.line, caught.value.column) == (line, column)


def test_the_other_bracket_is_placed_in_the_query_as_it_was_written(catalogue):
    with pytest.raises(QuerySyntaxError, match=r"does not close the \{ of line 1, column 11"):
        catalogue.query("SELECT ?x {\n ?x a rembi:Study ) }")


def test_updates_and_service_are_refused_and_slow_queries_stopped(catalogue):
    with pytest.raises(QueryRefused):
        catalogue.query("DELETE WHERE { ?s ?p ?o }")
    with pytest.raises(QueryRefused):
        catalogue.query("SELECT * { SERVICE <http://127.0.0.1/> { ?s ?p ?o } }")
    cross = " ".join(f"?a{n} ?b{n} ?c{n} ." for n in range(6))
    with pytest.raises(QueryTimeout):
        catalogue.query(f"SELECT (COUNT(*) AS ?n) {{ {cross} }}", timeout=0.5)


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf"), "5", 1e9])
def test_a_time_that_is_none_is_refused(catalogue, seconds):
    with pytest.raises(UsageError, match="no time in seconds"):
        catalogue.query("ASK {}", timeout=seconds)


def test_a_query_works_inside_an_event_loop_as_notebooks_have_one(catalogue):
    async def cell():
        return catalogue.query("ASK { ?s a rembi:Study }")

    assert asyncio.run(cell()) is True


# Lists


def test_a_list_holds_every_study_over_all_pages(catalogue, made_up, monkeypatch):
    monkeypatch.setattr(type(catalogue._source), "page_size", 7)
    found = catalogue.studies()
    assert found.columns == COLUMNS
    assert sorted(found.column("accession")) == sorted(study["accession"] for study in made_up.plain)
    assert len(catalogue) == len(found) == len(list(catalogue))


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [
        ({"year": 2018}, 2018, 2018),
        ({"year__ge": 2020}, 2020, 9999),
        ({"year__le": 2016}, 0, 2016),
        ({"year__ge": 2016, "year__le": 2018}, 2016, 2018),
        ({"year__ge": 1000, "year__le": 2018}, 1000, 2018),
        ({"year__ge": 2018, "year__le": 2016}, 1, 0),
    ],
)
def test_years_are_what_the_records_say(catalogue, made_up, wanted, first, last):
    expected = {
        s["accession"] for s in made_up.plain if first <= int(s.get("issued", "-1")[:4] or -1) <= last
    }
    assert set(catalogue.studies(**wanted).column("accession")) == expected


def test_filters_are_names_or_terms_and_unknown_ones_are_told(catalogue, made_up):
    fish = {
        s["accession"]
        for s in made_up.plain
        if any(o["id"] == "NCBITaxon:7955" for o in s.get("organism", ()))
    }
    for name in ("zebrafish", "Danio rerio", "NCBITaxon:7955"):
        assert set(catalogue.studies(organism=name).column("accession")) == fish
    both = catalogue.studies(
        organism=["zebrafish", "NCBITaxon:4932"], method="confocal microscopy", archive="Example"
    )
    assert all({"Danio rerio", "Saccharomyces cerevisiae"} & set(row["organisms"]) for row in both)
    assert both
    nothing = catalogue.studies(organism="Homo sapien")
    assert not nothing
    assert "No study has the organism 'Homo sapien'; near: Homo sapiens." in nothing.note
    assert nothing.note in repr(nothing)


def test_words_find_studies_the_best_first(catalogue):
    found = catalogue.search("airyscan hela")
    assert found.column("accession")[0] == "S-BSST707"
    assert catalogue.search("airyscan", archive="EMPIAR").column("archive") == ["EMPIAR"]


@pytest.mark.parametrize(
    "ask",
    [
        lambda c: c.search("word " * 40),
        lambda c: c.studies(organism=[str(n) for n in range(11)]),
        lambda c: c.studies(method=" "),
        lambda c: c.studies(archive="x" * 201),
        lambda c: c.studies(year=2020, year__ge=2019),
        lambda c: c["S-BSST707"].cite("endnote"),
    ],
)
def test_what_a_catalogue_would_silently_cut_is_refused(catalogue, ask):
    with pytest.raises(UsageError, match="→"):
        ask(catalogue)


def test_coverage_counts_what_the_records_state(catalogue, made_up):
    found = {row["field"]: row for row in catalogue.coverage()}
    total = len(made_up.plain)
    for field in ("title", "issued", "organism", "imaging_method", "keyword", "byte_size", "correlation"):
        expected = sum(bool(study.get(field)) for study in made_up.plain)
        assert (found[field]["studies"], found[field]["total"]) == (expected, total), field
        assert found[field]["rate"] == pytest.approx(expected / total)
    assert found["title"]["level"] == "identity"
    assert found["grant"]["studies"] == 0


# Opening


def test_a_folder_without_a_catalogue_and_an_empty_one_are_told(tmp_path):
    with pytest.raises(UsageError):
        Catalogue.open(tmp_path)
    Home.init(tmp_path / "home", DATA)
    with pytest.raises(UsageError, match="empty"):
        Catalogue.open(tmp_path / "home")
    with pytest.raises(UsageError, match=r"Catalogue\.open"):
        Catalogue(str(tmp_path))


def test_opening_writes_nothing(made_up):
    def files():
        return {path: path.stat().st_mtime_ns for path in made_up.home.path.rglob("*")}

    before = files()
    with Catalogue.open(made_up.home.path) as opened:
        opened.studies()
        opened.query("ASK {}")
        opened["S-BSST707"].cite()
    assert files() == before


def test_the_names_of_errors_shadow_no_builtin():
    from rembigraph.client import errors

    assert not set(errors.__all__) & set(dir(builtins))
