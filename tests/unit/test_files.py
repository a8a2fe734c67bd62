"""`rembigraph files`: the files of a study, one by one, from its sources in the archive folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from rembigraph.app.cli import main
from rembigraph.loaders.listed_files import Listing, list_files

STUDY = "2f7c1f4e-0000-4000-8000-000000000001"
PAGE = "https://www.ebi.ac.uk/biostudies/bioimages/studies/S-BIAD99999"

Load = Callable[[dict[str, Any]], None]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Load files into a new catalogue, then remove them: only the archive has them."""
    monkeypatch.setenv("REMBIGRAPH_HOME", str(tmp_path / "home"))

    def load_files(files: dict[str, Any]) -> None:
        for name, content in files.items():
            path = tmp_path / "in" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        result = _run("load", "--processes", "1", str(tmp_path / "in"))
        assert result.exit_code == 0, result.stdout
        shutil.rmtree(tmp_path / "in")

    return load_files


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def _files(*arguments: str) -> list[str]:
    result = _run("files", *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()


def _json(*arguments: str) -> dict[str, Any]:
    result = _run("files", *arguments, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def _attributes(**values: str) -> list[dict[str, str]]:
    return [{"name": name.replace("_", " "), "value": value} for name, value in values.items()]


def _submission(*lists: str, **section: Any) -> dict[str, Any]:
    parts = [
        {"type": "Study Component", "attributes": _attributes(Name=name, File_List=name)} for name in lists
    ]
    study = {"type": "Study", "attributes": _attributes(Title="Made up"), "subsections": parts} | section
    return {
        "accno": "S-BIAD99999",
        "type": "submission",
        "attributes": _attributes(Title="Made up"),
        "section": study,
    }


ROWS = [
    {"path": "a/1.tif", "size": 3, "type": "file", "attributes": _attributes(Well="B2")},
    {"path": "a/2.tif", "size": 4, "type": "file", "attributes": []},
]
TABLE = "Files\tSize\tWell\tWell\nb/3.ome.tiff\t5\tB3\tB4\n"


def test_lists_of_a_submission_one_file_a_line(load: Load) -> None:
    load({"study.json": _submission("one.json", "two.tsv"), "one.json": ROWS, "two.tsv": TABLE})
    assert _files("s-biad99999") == [
        "# pagetab: one.json",
        "a/1.tif\t3\tWell=B2",
        "a/2.tif\t4",
        "# pagetab: two.tsv",
        "b/3.ome.tiff\t5\tWell=B3; B4",
        "3 files, 12 bytes",
    ]


def test_json_has_the_same_files(load: Load) -> None:
    load({"study.json": _submission("one.json", "two.tsv"), "one.json": ROWS, "two.tsv": TABLE})
    found = _json("S-BIAD99999")
    assert (found["version"], found["accession"], found["total"], found["bytes"]) == (1, "S-BIAD99999", 3, 12)
    assert found["files"][2] == {
        "source": "pagetab",
        "list": "two.tsv",
        "path": "b/3.ome.tiff",
        "bytes": 5,
        "format": ".ome.tiff",
        "attributes": {"Well": "B3; B4"},
    }


def test_a_limit_cuts_the_list_but_not_the_sums(load: Load) -> None:
    load({"study.json": _submission("one.json", "two.tsv"), "one.json": ROWS, "two.tsv": TABLE})
    lines = _files("S-BIAD99999", "--limit", "1")
    assert lines[1:] == ["a/1.tif\t3\tWell=B2", "3 files, 12 bytes; and 2 more; --limit shows more"]
    found = _json("S-BIAD99999", "--limit", "1")
    assert (found["total"], found["bytes"], len(found["files"])) == (3, 12, 1)


def test_files_that_sections_list_themselves_in_nested_lists(load: Load) -> None:
    inner = {"type": "Figure", "files": [[{"path": "deep.png", "size": "7", "attributes": []}], {}]}
    top = [{"path": "raw", "size": 9, "type": "directory", "attributes": _attributes(Description="All data")}]
    load({"study.json": _submission(files=top, subsections=[[inner]])})
    assert _files("S-BIAD99999") == [
        "# pagetab",
        "raw\t9\ttype=directory\tDescription=All data",
        "deep.png\t7",
        "2 files (1 of them folders), 16 bytes",
    ]


def test_a_size_that_is_no_number_is_shown_and_the_sum_is_unknown(load: Load) -> None:
    load({"study.json": _submission(files=[{"path": "a.tif", "size": "3 MB"}])})
    assert _files("S-BIAD99999")[1:] == ["a.tif\t\tsize=3 MB", "1 file, sizes not all stated"]
    assert _json("S-BIAD99999")["bytes"] is None


def test_a_list_that_did_not_come_with_the_submission_is_named(load: Load) -> None:
    load({"study.json": _submission("one.json", "lost.json"), "one.json": ROWS})
    result = _run("files", "S-BIAD99999")
    assert result.stdout.splitlines()[-1] == "2 files, 7 bytes"
    assert "lost.json" in result.stderr
    assert _json("S-BIAD99999")["missing_lists"] == ["lost.json"]


def test_nothing_but_missing_lists_is_said_apart_from_no_lists(load: Load) -> None:
    load({"study.json": _submission("lost.json")})
    assert _files("S-BIAD99999") == [
        f"S-BIAD99999: the lists of its files are not here; the data are at {PAGE}"
    ]


def test_addresses_are_replaced_and_private_columns_left_out(load: Load) -> None:
    rows = [
        {
            "path": "jane@example.org/1.tif",
            "size": 1,
            "attributes": _attributes(
                Note="ask bob@example.org", Contact_E_mail="bob@example.org", Phone="123"
            ),
        }
    ]
    load({"study.json": _submission("one.json"), "one.json": rows})
    assert _files("S-BIAD99999")[1] == "[e-mail removed]/1.tif\t1\tNote=ask [e-mail removed]"
    assert "example.org" not in json.dumps(_json("S-BIAD99999"))


def test_nothing_can_move_the_cursor_or_reorder_a_line(load: Load) -> None:
    path = "a\u202egnp.\x9b2Jexe\tb\n"
    load({"study.json": _submission("one.json"), "one.json": [{"path": path, "size": 1}]})
    assert _files("S-BIAD99999")[1] == "a\ufffdgnp.\ufffd2Jexe b\t1"


V1 = {
    "accession_id": "S-BIAD99999",
    "title": "Made up",
    "organism": "Homo sapiens",
    "imaging_type": "confocal",
    "authors": [],
    "images": {
        "IM1": {
            "id": "IM1",
            "accession_id": "S-BIAD99999",
            "original_relpath": "x.czi",
            "representations": [
                {"image_id": "IM1", "uri": "https://example.org/IM1.zarr", "size": 0, "type": "ome_ngff"},
                {"image_id": "IM1", "uri": "https://example.org/x.czi", "size": 8, "type": "fire_object"},
            ],
        }
    },
}


def test_a_bia_v1_document_lists_its_files(load: Load) -> None:
    files = [{"id": "f1", "name": "x.czi", "uri": "https://example.org/x.czi", "size_in_bytes": 8}]
    others = {"g": {"id": "g", "name": "notes.txt", "size_in_bytes": 2, "attributes": {"Kind": "text"}}}
    load({"v1.json": V1 | {"file_references": files, "other_files": others}})
    assert _files("S-BIAD99999") == [
        "# bia-v1: file_references",
        "x.czi\t8\tid=f1\turi=https://example.org/x.czi",
        "# bia-v1: other_files",
        "notes.txt\t2\tid=g\tKind=text",
        "2 files, 10 bytes",
    ]


def test_without_files_the_stored_forms_of_images_are_listed_and_zero_is_no_size(load: Load) -> None:
    load({"v1.json": V1})
    assert _files("S-BIAD99999") == [
        "# bia-v1: images",
        "https://example.org/IM1.zarr\t\timage_id=IM1\ttype=ome_ngff",
        "https://example.org/x.czi\t8\timage_id=IM1\ttype=fire_object",
        "2 files, sizes not all stated",
    ]


OBJECTS = {
    "study.json": {
        "uuid": STUDY,
        "version": 1,
        "model": {"type_name": "Study", "version": 3},
        "accession_id": "S-BIAD99999",
        "title": "Made up",
        "author": [],
        "release_date": "2024-01-01",
    },
    "dataset.json": {
        "uuid": STUDY[:-1] + "2",
        "version": 1,
        "model": {"type_name": "Dataset", "version": 1},
        "submitted_in_study_uuid": STUDY,
        "title": "Part",
    },
    "file.json": {
        "uuid": STUDY[:-1] + "3",
        "version": 1,
        "model": {"type_name": "FileReference", "version": 2},
        "submission_dataset_uuid": STUDY[:-1] + "2",
        "file_path": "c/4.tif",
        "format": "image/tiff",
        "size_in_bytes": 11,
        "uri": "https://example.org/c/4.tif",
        "additional_metadata": [{"name": "columns", "value": {"attributes": {"Well": "C4"}}}],
    },
}


def test_file_references_of_a_folder_of_bia_objects(load: Load) -> None:
    load(OBJECTS)
    found = _json("S-BIAD99999")
    (file,) = found["files"]
    assert (file["source"], file["path"], file["bytes"], file["format"]) == (
        "bia",
        "c/4.tif",
        11,
        "image/tiff",
    )
    assert file["attributes"]["uri"] == "https://example.org/c/4.tif"
    assert "C4" in file["attributes"].values()
    assert "format=image/tiff" in _files("S-BIAD99999")[1].split("\t")


def test_each_source_of_a_study_is_named(load: Load) -> None:
    load({"pagetab/study.json": _submission(files=[{"path": "a.tif", "size": 1}]), "v1/v1.json": V1})
    lines = _files("S-BIAD99999")
    assert [line for line in lines if line.startswith("#")] == ["# bia-v1: images", "# pagetab"]
    assert "from 2 sources, which may list the same files" in lines[-1]
    assert {file["source"] for file in _json("S-BIAD99999")["files"]} == {"bia-v1", "pagetab"}


def test_a_study_whose_sources_list_no_files_is_no_error(load: Load) -> None:
    load({"study.yaml": "accession: S-BIAD99999\ntitle: made up\n"})
    assert _files("S-BIAD99999") == [f"S-BIAD99999: its sources list no files; the data are at {PAGE}"]
    found = _json("S-BIAD99999")
    assert (found["total"], found["bytes"], found["files"]) == (0, None, [])


def test_unknown_and_withdrawn_studies_are_refused_as_show_does(load: Load) -> None:
    load({"study.json": _submission(files=[{"path": "a.tif", "size": 1}])})
    for accession in ("S-BIAD99998", "nonsense here"):
        ours, shown = _run("files", accession), _run("show", accession)
        assert (ours.exit_code, ours.stderr) == (shown.exit_code, shown.stderr)
        assert ours.exit_code in {1, 2}
    assert _run("withdraw", "S-BIAD99999", "--reason", "test").exit_code == 0
    gone = _run("files", "S-BIAD99999")
    assert gone.exit_code == 1
    assert gone.stderr == _run("show", "S-BIAD99999").stderr
    assert "a.tif" not in gone.output


def test_a_damaged_archive_is_said_in_words(load: Load, tmp_path: Path) -> None:
    load({"study.json": _submission(files=[{"path": "a.tif", "size": 1}])})
    (source,) = (tmp_path / "home" / "archive" / "S-BIAD99999" / "pagetab").glob("*.src.zst")
    source.write_bytes(b"other")
    result = _run("files", "S-BIAD99999")
    assert result.exit_code == 7
    assert "Error:" in result.stderr


def test_rows_of_other_json_and_bytes_like_a_tar_file_are_no_trouble() -> None:
    listing = Listing(10)
    list_files(b" " * 257 + b"ustar" + b" " * 300, "odd", listing)
    list_files(json.dumps(_submission(files=[[["x"], 3, None, {"path": 5}]])).encode(), "odd", listing)
    assert [(file.path, file.attributes) for file in listing.files] == [("", {"path": "5"})]
