"""File lists: with the submission that names them they are summed up, and `files` shows their rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rembigraph.app.cli import main
from rembigraph.loaders import documents_of, file_lists_gather, read
from rembigraph.loaders.file_lists import FileLists, rows, unbundled
from rembigraph.loaders.listed_files import Listing, list_files
from rembigraph.loaders.reading import Document, Leaves, Reading
from rembigraph.ontology.errors import SourceError, SourceMalformed, SourceSkipped
from rembigraph.ontology.generated.models import FileSet

ROWS = [
    {"path": "plate/a.ome.tiff", "size": 3, "type": "file", "attributes": [{"name": "Well", "value": "B2"}]},
    {"path": "plate/b.tif", "size": 4, "type": "file", "attributes": [{"name": "Note", "value": "None"}]},
    {
        "path": "plate/c.tif",
        "size": 5,
        "type": "file",
        "attributes": [
            {"name": "Well", "value": "B4"},
            {"name": "Associated EMPIAR IDs", "value": "EMPIAR-99997-99998"},
        ],
    },
]
TABLE = "Files\tWell\tsize\nplate/a.ome.tiff\tB2\t3\nplate/b.tif\t\t4\n"


def submission(*names: str, accno: str = "S-BIADTEST", **more: Any) -> dict[str, Any]:
    components = [
        {
            "type": "Study Component",
            "accno": f"Study Component-{number}",
            "attributes": [{"name": "Name", "value": name}, {"name": "File List", "value": name}],
        }
        for number, name in enumerate(names, start=1)
    ]
    title = [{"name": "Title", "value": "Made up"}]
    study = {"type": "Study", "attributes": title, "subsections": components} | more
    return {"accno": accno, "type": "submission", "attributes": [], "section": study}


def write(folder: Path, **documents: Any) -> None:
    for name, document in documents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")


def loaded(*paths: Path) -> tuple[list[Reading], list[SourceError]]:
    found: list[Reading | SourceError] = []
    for one in documents_of([str(path) for path in paths]):
        found += read(one) if isinstance(one, Document) else [one]
    readings = [one for one in found if isinstance(one, Reading)]
    return readings, [one for one in found if isinstance(one, SourceError)]


def only_set(reading: Reading) -> FileSet:
    (component,) = reading.study.component
    (files,) = component.file_set
    return files


# --- which list belongs to which study


@pytest.mark.parametrize(
    ("named", "place"),
    [
        ("list.json", "list.json"),
        ("list.tsv", "list.json"),
        ("list", "list.json"),
        ("List.JSON", "Files/list.json"),
        ("deep/list.json", "Files/deep/list.json"),
        ("list.json", "lists/S-BIADTEST__list.json"),
        ("list.json", "S-BIADTEST__list.json"),
    ],
)
def test_a_list_beside_its_submission_is_summed_up(tmp_path: Path, named: str, place: str) -> None:
    write(tmp_path, **{"study.json": submission(named), place: ROWS})
    (found,), errors = loaded(tmp_path)
    files = only_set(found)
    assert errors == []
    assert (files.title, files.file_count, files.byte_size) == (named, 3, 12)
    assert files.files_by_format == [".ome.tiff: 1", ".tif: 2"]
    assert files.path_pattern == ["plate/"]
    assert files.column == ["Well", "Note", "Associated EMPIAR IDs"]
    assert files.files_by_column == ["Well: 2", "Note: 1", "Associated EMPIAR IDs: 1"]
    assert found.study.component[0].file_count == 3


def test_a_table_is_the_same_list(tmp_path: Path) -> None:
    write(tmp_path, **{"study.json": submission("list.json"), "list.tsv": TABLE})
    (found,), errors = loaded(tmp_path)
    files = only_set(found)
    assert (errors, files.file_count, files.byte_size, files.column) == ([], 2, 7, ["Well"])


def test_links_of_a_column_are_quoted_evidence(tmp_path: Path) -> None:
    write(tmp_path, **{"study.json": submission("list.json"), "list.json": ROWS})
    (found,), _ = loaded(tmp_path)
    quoted = 'file attribute "Associated EMPIAR IDs": EMPIAR-99997-99998'
    assert [(one.link_to, str(one.evidence_kind), one.evidence_text) for one in found.study.related] == [
        ("EMPIAR-99997", "file_attribute", [quoted]),
        ("EMPIAR-99998", "file_attribute", [quoted]),
    ]


def test_rows_count_by_column_however_many_there_are(tmp_path: Path) -> None:
    write(tmp_path, **{"study.json": submission("list.json")})
    (alone,), _ = loaded(tmp_path)
    write(tmp_path, **{"list.json": ROWS * 50})
    (found,), _ = loaded(tmp_path)
    assert found.leaves == alone.leaves + Leaves(mapped=6)  # path, size, type, and three of the submitter's
    assert found.study.kept_value == []


def test_columns_of_the_store_itself_are_ignored(tmp_path: Path) -> None:
    internal = {"filePath": "a.tif", "relPath": "Files/a.tif", "fireId": "x", "md5": "00", "size": 2}
    write(tmp_path, **{"study.json": submission("list.json"), "list.json": [internal]})
    (found,), _ = loaded(tmp_path)
    assert only_set(found).column == []
    assert only_set(found).format == ".tif"
    assert found.leaves.ignored == 3


def test_of_a_folder_nobody_knows_how_many_files_it_holds(tmp_path: Path) -> None:
    folder = {"path": "stack", "size": 9, "type": "directory"}
    write(tmp_path, **{"study.json": submission("list.json"), "list.json": [*ROWS, folder]})
    (found,), _ = loaded(tmp_path)
    assert (only_set(found).file_count, only_set(found).byte_size) == (None, 21)
    assert found.study.component[0].file_count is None


def test_a_list_that_is_not_here_is_a_name() -> None:
    (found,) = read(Document("study.json", "", json.dumps(submission("list.json")).encode()))
    assert isinstance(found, Reading)
    assert only_set(found).model_dump(exclude_defaults=True, exclude={"id"}) == {"title": "list.json"}


def test_each_list_goes_to_the_part_that_names_it(tmp_path: Path) -> None:
    write(tmp_path, **{"study.json": submission("one.json", "two.json"), "one.json": ROWS, "two.tsv": TABLE})
    (found,), _ = loaded(tmp_path)
    assert [component.file_count for component in found.study.component] == [3, 2]


def test_a_list_on_its_own_is_skipped(tmp_path: Path) -> None:
    write(tmp_path, **{"study.json": submission("other.json"), "list.json": ROWS, "table.tsv": TABLE})
    readings, errors = loaded(tmp_path)
    assert len(readings) == 1
    assert [type(error) for error in errors] == [SourceSkipped, SourceSkipped]


def test_the_same_list_in_two_forms_is_taken_once(tmp_path: Path) -> None:
    write(tmp_path, **{"study.json": submission("list.json"), "list.json": ROWS, "list.tsv": TABLE})
    (found,), (error,) = loaded(tmp_path)
    assert only_set(found).file_count == 3
    assert isinstance(error, SourceSkipped)
    assert "another form" in error.message


def test_a_list_that_two_studies_name_goes_to_neither(tmp_path: Path) -> None:
    write(
        tmp_path,
        **{
            "a.json": submission("list.json"),
            "b.json": submission("list.json", accno="S-BIADTEST2"),
            "list.json": ROWS,
        },
    )
    readings, (error,) = loaded(tmp_path)
    assert [only_set(found).file_count for found in readings] == [None, None]
    assert "S-BIADTEST, S-BIADTEST2" in error.message


def test_studies_in_folders_of_their_own_share_no_list(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write(
            tmp_path / name,
            **{"study.json": submission("list.json", accno=f"S-BIADTEST{name}"), "list.json": ROWS},
        )
    readings, errors = loaded(tmp_path)
    assert ([only_set(found).file_count for found in readings], errors) == ([3, 3], [])


def test_objects_of_the_same_batch_are_gathered_too(tmp_path: Path) -> None:
    write(
        tmp_path,
        **{
            "list.json": ROWS,
            "study.json": submission("list.json"),
            "v1.json": {"accession_id": "S-BIADTEST9", "title": "Made up", "images": {}},
            "v1-image.json": {
                "accession_id": "S-BIADTEST9",
                "id": "i-1",
                "name": "an image",
                "original_relpath": "a.tif",
                "representations": [],
            },
        },
    )
    readings, errors = loaded(tmp_path)
    assert errors == []
    assert {found.format: len(found.study.image) for found in readings} == {"pagetab": 0, "bia-v1": 1}


# --- what is wrong with a list


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[{"path": "a.tif"}, {"path": ]', "not JSON"),
        ('[{"path": "a.tif"}] x', "something follows"),
        ('[{"path": "a.tif", "path": "b.tif"}]', "twice"),
        ('Files\tx\na.tif\t"' + "y" * 200_000, "can't be read"),
    ],
)
def test_a_broken_list_fails_in_words_and_the_study_stands(tmp_path: Path, text: str, words: str) -> None:
    write(tmp_path, **{"study.json": submission("list.json"), "list.json": text})
    (found,), (error,) = loaded(tmp_path)
    assert only_set(found).file_count is None
    assert isinstance(error, SourceMalformed)
    assert words in error.message
    assert "list.json" in error.where


@pytest.mark.parametrize(
    "row", [None, 1, "a.tif", [], {}, {"path": 3}, {"path": None, "attributes": {"a": 1}}]
)
def test_a_row_of_any_kind_counts_as_one(row: Any) -> None:
    lists = FileLists((Document("list.json", "", json.dumps([{"path": "a.tif"}, row]).encode()),))
    assert lists.file_set("list.json").file_count == 2
    assert lists.errors == []


MEMBERS = st.sampled_from(
    [
        "path",
        "size",
        "type",
        "attributes",
        "name",
        "value",
        "md5",
        "Well",
        "E-mail",
        "jane@example.org",
        "",
        "a/b",
    ]
)
CELLS = st.recursive(
    st.sampled_from(
        [None, True, 3, 1.5, "", "x", "jane@example.org", "EMPIAR-99998", "\x00", "a\tb", "huge"]
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(MEMBERS, inner, max_size=3)),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.one_of(CELLS, st.dictionaries(MEMBERS, CELLS, max_size=4)), min_size=1, max_size=5))
def test_rows_of_any_kind_are_summed_up_and_listed(found: list[Any]) -> None:
    document = Document("list.json", "", json.dumps(found).encode())
    lists = FileLists((document,))
    files = lists.file_set("list.json")
    assert lists.errors == []
    assert lists.leaves.kept == 0
    assert files.file_count in {len(found), None}
    study = Document("study.json", "", json.dumps(submission("list.json")).encode(), (document,))
    listing = Listing(3)
    list_files(study.bundle(), "study.json", listing)
    assert (listing.count, len(listing.files), listing.problems) == (len(found), min(len(found), 3), [])
    assert "jane@" not in f"{files!r}{listing.files!r}"


def test_a_list_of_thousands_of_columns_is_refused() -> None:
    wide = [{"path": "a", "attributes": [{"name": f"c{number}", "value": "x"} for number in range(1100)]}]
    lists = FileLists((Document("list.json", "", json.dumps(wide).encode()),))
    assert lists.file_set("list.json").file_count is None
    assert "1000 columns" in str(lists.errors[0])


def test_rows_are_read_one_at_a_time() -> None:
    """What comes first is there before the end of the list has been looked at."""
    broken = json.dumps(ROWS)[:-1].encode() + b', {"path": ]'
    waiting = rows(Document("list.json", "", broken))
    assert next(waiting)["path"] == "plate/a.ome.tiff"
    with pytest.raises(SourceMalformed):
        list(waiting)


@pytest.mark.nightly
def test_a_hundred_thousand_rows_make_one_set() -> None:
    text = "Files\tWell\n" + "".join(f"p/{number}.tif\tA{number % 12}\n" for number in range(100_000))
    files = FileLists((Document("list.tsv", "", text.encode()),)).file_set("list.tsv")
    assert (files.file_count, files.format, files.column) == (100_000, ".tif", ["Well"])


def test_more_than_may_wait_is_not_read(tmp_path: Path) -> None:
    study = Document("f/study.json", "", json.dumps(submission("list.json")).encode())
    big = Document("f/list.json", "", json.dumps(ROWS * 100).encode())
    found = list(file_lists_gather.gathered(iter([study, big]), most_bytes=5000))
    assert [type(one) for one in found] == [SourceMalformed, Document]
    assert not found[1].attached  # type: ignore[union-attr]


def test_a_bundle_unpacks_to_what_was_packed() -> None:
    lists = tuple(Document(f"f/{name}", "", json.dumps(ROWS).encode()) for name in ("a.json", "b.json"))
    study = Document("f/study.json", "", b"{}", lists)
    found = unbundled(study.bundle(), "study.json")
    assert (found.data, [one.name for one in found.attached]) == (b"{}", ["a.json", "b.json"])
    assert [one.data for one in found.attached] == [one.data for one in lists]
    assert unbundled(b"{}", "x").attached == ()


# --- rembigraph files


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REMBIGRAPH_HOME", str(tmp_path / "home"))
    return tmp_path / "records"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def files_of(accession: str, *options: str) -> dict[str, Any]:
    result = run("files", accession, "--json", *options)
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert isinstance(found, dict)
    return found


@pytest.mark.nightly
def test_files_are_listed_from_the_archive(home: Path) -> None:
    own = [[{"path": "x/y.tif", "size": "7", "attributes": [{"name": "Stain", "value": "DAPI"}]}]]
    write(home, **{"study.json": submission("list.json", "gone.json", files=own), "Files/list.json": ROWS})
    assert run("load", str(home)).exit_code == 0
    for path in home.rglob("*.json"):
        path.unlink()
    found = files_of("s-biadtest")
    assert (found["accession"], found["total"], found["bytes"]) == ("S-BIADTEST", 4, 19)
    assert found["sources"] == {"pagetab": {"total": 4, "bytes": 19}}
    assert found["missing_lists"] == ["gone.json"]
    assert [(one["path"], one["bytes"], one["format"], one["list"]) for one in found["files"]] == [
        ("x/y.tif", 7, ".tif", ""),
        ("plate/a.ome.tiff", 3, ".ome.tiff", "list.json"),
        ("plate/b.tif", 4, ".tif", "list.json"),
        ("plate/c.tif", 5, ".tif", "list.json"),
    ]
    assert found["files"][0]["attributes"] == {"Stain": "DAPI"}
    assert found["files"][3]["attributes"]["Associated EMPIAR IDs"] == "EMPIAR-99997-99998"


def test_the_text_form_has_a_line_for_each_file(home: Path) -> None:
    write(home, **{"study.json": submission("list.json", "gone.json"), "list.json": ROWS})
    run("load", str(home))
    result = run("files", "S-BIADTEST")
    lines = [line.split("\t") for line in result.stdout.splitlines()]
    assert lines[1] == ["plate/a.ome.tiff", "3", "Well=B2"]
    assert "list.json" in lines[0][0]
    assert "3 files, 12 bytes" in lines[-1][0]
    assert "gone.json" in result.stderr


def test_a_limit_bounds_what_is_shown_and_says_so(home: Path) -> None:
    write(home, **{"study.json": submission("list.tsv"), "list.tsv": TABLE})
    run("load", str(home))
    found = files_of("S-BIADTEST", "--limit", "1")
    assert (found["total"], found["bytes"], len(found["files"])) == (2, 7, 1)
    assert "1 more; --limit shows more" in run("files", "S-BIADTEST", "--limit", "1").stdout
    assert run("files", "S-BIADTEST", "--limit", "0").exit_code == 2


def test_no_address_is_printed(home: Path) -> None:
    private = [
        {"name": "Contact e-mail", "value": "someone at a place"},
        {"name": "Imaged by", "value": "Jane <jane@example.org>"},
        {"name": "jane@example.org", "value": "x\ty\nz"},
    ]
    row = {"path": "jane@example.org.tif", "attributes": private}
    write(home, **{"study.json": submission("list.json"), "list.json": [row]})
    run("load", str(home))
    for options in ((), ("--json",)):
        text = run("files", "S-BIADTEST", *options).stdout
        assert "example.org" not in text
        assert "someone" not in text
        assert "Jane" in text


@pytest.mark.parametrize(
    ("document", "path", "size"),
    [
        (
            {
                "accession_id": "S-BIADTEST",
                "title": "Made up",
                "file_references": {
                    "f": {"id": "f", "name": "a/b.tif", "size_in_bytes": 8, "attributes": {}}
                },
            },
            "a/b.tif",
            8,
        ),
        (submission(files=[{"path": "c.zarr", "size": 4}]), "c.zarr", 4),
    ],
)
def test_every_format_that_lists_files_is_asked(home: Path, document: Any, path: str, size: int) -> None:
    write(home, **{"study.json": document})
    assert run("load", str(home)).exit_code == 0
    (file,) = files_of("S-BIADTEST")["files"]
    assert (file["path"], file["bytes"]) == (path, size)


def test_what_can_not_be_listed_is_said_in_a_sentence(home: Path) -> None:
    write(home, **{"a.yaml": "accession: EXAMPLE-0001\ntitle: made up\n", "b.json": submission("gone.json")})
    run("load", str(home))
    assert "sources list no files" in run("files", "EXAMPLE-0001").stdout
    assert files_of("EXAMPLE-0001")["files"] == []
    missing = run("files", "S-BIADTEST")
    assert "lists of its files are not here" in missing.stdout
    assert "gone.json" in missing.stderr


def test_an_unknown_or_withdrawn_study_is_an_error(home: Path) -> None:
    write(home, **{"study.json": submission("list.json"), "list.json": ROWS})
    run("load", str(home))
    run("withdraw", "S-BIADTEST", "--reason", "by request")
    for accession, code, words in (
        ("S-BIADTEST7", 1, "not in this catalogue"),
        ("not-an-accession", 2, "not an accession"),
        ("S-BIADTEST", 1, "withdrawn"),
    ):
        result = run("files", accession)
        assert (result.exit_code, result.stdout, words in result.stderr) == (code, "", True)


def test_a_list_that_can_not_be_read_gives_the_others_and_exit_code_3(home: Path) -> None:
    write(home, **{"study.json": submission("a.json", "b.json"), "a.json": '[{"path": ]', "b.json": ROWS})
    run("load", str(home))
    result = run("files", "S-BIADTEST", "--json")
    found = json.loads(result.stdout)
    assert (result.exit_code, found["total"], len(found["problems"])) == (3, 3, 1)
