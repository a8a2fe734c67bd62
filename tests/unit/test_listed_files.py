"""Files of a submission where lists are odd or large: other places and encodings, folders, addresses, bounds."""

from __future__ import annotations

import json
import time
import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rembigraph.catalogue.rdf import to_nquads
from rembigraph.loaders import documents_of, read
from rembigraph.loaders.documents import MIB
from rembigraph.loaders.file_lists import rows
from rembigraph.loaders.reading import Document, Reading
from rembigraph.ontology.errors import SourceError, SourceMalformed, SourceSkipped
from rembigraph.ontology.generated.models import FileSet
from rembigraph.ontology.identifiers import Iris

from tests.conftest import DATA

ROWS = [{"path": f"a/{number}.tif", "size": number, "type": "file"} for number in (3, 4, 5)]
MANY = 100_000


def attributes(**values: Any) -> list[dict[str, Any]]:
    return [{"name": name.replace("_", " "), "value": value} for name, value in values.items()]


def submission(*lists: str, accno: str = "S-BIADTEST", **section: Any) -> dict[str, Any]:
    """A submission with a study component for each list."""
    parts = [
        {"type": "Study Component", "attributes": attributes(Name=name, File_List=name)} for name in lists
    ]
    study = {"type": "Study", "attributes": attributes(Title="Made up"), "subsections": parts} | section
    return {"accno": accno, "type": "submission", "attributes": [], "section": study}


def folder(place: Path, files: dict[str, Any]) -> Path:
    """Write files; what is no text is written as JSON."""
    for name, content in files.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return place


def results(place: Path) -> Iterator[Reading | SourceError]:
    for one in documents_of([str(place)]):
        if isinstance(one, SourceError):
            yield one
        else:
            yield from read(one)


def reading(place: Path, files: dict[str, Any]) -> Reading:
    (found,) = results(folder(place, files))
    assert isinstance(found, Reading), found
    return found


def file_set(found: Reading | SourceError) -> FileSet:
    assert isinstance(found, Reading), found
    (component,) = found.study.component
    (files,) = component.file_set
    return files


# --- other places


def test_lists_within_an_archive_file_go_to_the_study_of_their_folder(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as packed:
        for number in (1, 2):
            document = submission("list.json", accno=f"EXAMPLE-000{number}")
            packed.writestr(f"{number}/submission.json", json.dumps(document))
            packed.writestr(f"{number}/Files/list.json", json.dumps(ROWS * number))
    assert [file_set(one).file_count for one in results(tmp_path)] == [3, 6]


def test_an_accession_before_the_name_says_whose_a_list_is(tmp_path: Path) -> None:
    files = {
        "one.json": submission("list.json", accno="EXAMPLE-0001"),
        "two.json": submission("list.json", accno="EXAMPLE-0002"),
        "EXAMPLE-0001__list.json": ROWS[:1],
        "EXAMPLE-0002__list.json": ROWS,
    }
    assert [file_set(one).file_count for one in results(folder(tmp_path, files))] == [1, 3]


def test_a_list_of_another_folder_is_not_taken(tmp_path: Path) -> None:
    files = {"a/submission.json": submission("list.json"), "b/list.json": ROWS}
    found, skipped = results(folder(tmp_path, files))
    assert file_set(found).file_count is None
    assert isinstance(skipped, SourceSkipped)
    assert "a file list on its own" in str(skipped)
    assert "the submission that names it" in str(skipped.fix)


# --- other forms


def test_a_table_with_ragged_rows_quotes_and_blank_lines(tmp_path: Path) -> None:
    table = '\ufeff"Files"\tWell\tWell\r\n"a b.tif"\tA1\tA2\r\n\r\nb.tif\r\nc.tif\tx\ty\tmore\r\n'
    known = file_set(reading(tmp_path, {"s.json": submission("list.tsv"), "list.tsv": table}))
    assert (known.file_count, known.byte_size, known.format) == (3, None, ".tif")
    assert (known.column, known.files_by_column) == (["Well"], ["Well: 2"])


def test_a_table_that_is_no_utf_8_fails_beside_its_study(tmp_path: Path) -> None:
    folder(tmp_path, {"submission.json": submission("list.tsv")})
    (tmp_path / "list.tsv").write_bytes(b"Files\tName\na.tif\t\xe9\n")
    found, failed = results(tmp_path)
    assert (file_set(found).title, file_set(found).file_count) == ("list.tsv", None)
    assert isinstance(failed, SourceMalformed)
    assert "not UTF-8 text (byte 17)" in str(failed)
    assert failed.fix


@pytest.mark.parametrize("kind", ["directory", "Directory"])
@pytest.mark.parametrize("embedded", [True, False], ids=["embedded", "listed"])
def test_a_folder_among_files_leaves_their_number_unknown(tmp_path: Path, kind: str, embedded: bool) -> None:
    """Nothing says how many files it holds; its bytes are stated."""
    listed = [*ROWS, {"path": "b", "size": 9, "type": kind}]
    document = submission(files=listed) if embedded else submission("list.json")
    files = {"s.json": document} | ({} if embedded else {"list.json": listed})
    known = file_set(reading(tmp_path, files))
    assert (known.file_count, known.byte_size) == (None, 21)


def test_sizes_that_are_not_all_stated_have_no_sum(tmp_path: Path) -> None:
    listed = [{"path": "a.tif", "size": 1}, {"path": "b.tif"}]
    known = file_set(reading(tmp_path, {"s.json": submission("list.json"), "list.json": listed}))
    assert (known.file_count, known.byte_size, known.format) == (2, None, ".tif")


# --- what rows say


def test_a_row_of_accessions_links_to_each_with_its_evidence_and_never_to_the_study_itself(
    tmp_path: Path,
) -> None:
    names = ["EMPIAR-10459-10460-10461", "EMPIAR-10459", "S-BIADTEST", "unknown", None]
    listed = [{"path": "1.mrc", "attributes": attributes(Associated_EMPIAR_IDs=name)} for name in names]
    found = reading(tmp_path, {"s.json": submission("list.json"), "list.json": listed})
    column = 'file attribute "Associated EMPIAR IDs": '
    quoted = [f"{column}EMPIAR-10459-10460-10461"]
    twice = [*quoted, f"{column}EMPIAR-10459"]
    assert [
        (link.link_to, str(link.evidence_kind), link.evidence_text, str(link.asserted_by))
        for link in found.study.related
    ] == [
        (f"EMPIAR-{number}", "file_attribute", texts, "depositor")
        for number, texts in ((10459, twice), (10460, quoted), (10461, quoted))
    ]


def test_any_column_may_name_a_study_but_a_path_names_none(tmp_path: Path) -> None:
    listed = [{"path": "EMPIAR-10460/1.mrc", "attributes": attributes(Comment="like EMPIAR-10459")}]
    found = reading(tmp_path, {"s.json": submission("list.json"), "list.json": listed})
    assert [(link.link_to, link.evidence_text) for link in found.study.related] == [
        ("EMPIAR-10459", ['file attribute "Comment": like EMPIAR-10459'])
    ]
    assert file_set(found).column == ["Comment"]


def test_addresses_in_rows_get_nowhere(tmp_path: Path) -> None:
    listed = [
        {"path": "jane.doe@example.org/a.tif", "attributes": [{"name": "al@example.org", "value": "x"}]},
        {
            "path": "jane.doe@example.org/b.tif",
            "attributes": attributes(Source_accession="bob@example.org S-BIAD1"),
        },
    ]
    found = reading(tmp_path, {"s.json": submission("list.json"), "list.json": listed})
    said = found.study.model_dump_json()
    assert [link.link_to for link in found.study.related] == ["S-BIAD1"]
    assert file_set(found).file_count == 2
    assert not any(name in said for name in ("jane.doe", "al@", "bob@"))


# --- bounds


@pytest.fixture(scope="module", params=["json", "tsv"])
def many_files(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a submission and a list of a hundred thousand files."""
    if request.param == "json":
        listed = (
            {"path": f"p/{n}.tif", "size": n, "type": "file", "attributes": attributes(Well=f"W{n}")}
            for n in range(MANY)
        )
        content = "[" + ",".join(map(json.dumps, listed)) + "]"
    else:
        content = "Files\tsize\tWell\n" + "".join(f"p/{n}.tif\t{n}\tW{n}\n" for n in range(MANY))
    name = f"list.{request.param}"
    return folder(tmp_path_factory.mktemp("many"), {"s.json": submission(name), name: content})


@pytest.mark.nightly
def test_a_hundred_thousand_rows_in_bounded_time(many_files: Path) -> None:
    started = time.process_time()
    found = reading(many_files, {})
    assert time.process_time() - started < 100
    known = file_set(found)
    assert (known.file_count, known.byte_size) == (MANY, MANY * (MANY - 1) // 2)
    assert (known.column, known.files_by_column) == (["Well"], [])
    assert len(to_nquads([found.study], Iris(DATA), "urn:g")) < 20_000


@pytest.mark.nightly
def test_a_hundred_thousand_rows_are_never_whole_in_memory(many_files: Path) -> None:
    """Checking the text takes memory in proportion to it; each row that is read after that takes none."""
    (path,) = many_files.glob("list.*")
    listed = rows(Document(path.name, "", path.read_bytes()))
    tracemalloc.start()
    try:
        first = next(listed)
        checked = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        held = tracemalloc.get_traced_memory()[0]
        number = 1 + sum(1 for _ in listed)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (first["path"], number) == ("p/0.tif", MANY)
    assert checked < 12 * path.stat().st_size
    assert most - held < MIB
