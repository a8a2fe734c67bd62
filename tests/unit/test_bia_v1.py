"""Flat study documents of the BIA integrator v1, their parts, and collections."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from rembigraph.catalogue.rdf import to_nquads
from rembigraph.catalogue.validation import validate
from rembigraph.loaders import gathered, read
from rembigraph.loaders.bia_objects_gather import gathered as gathered_within
from rembigraph.loaders.reading import Document, Reading
from rembigraph.ontology.errors import SourceError, SourceSkipped
from rembigraph.ontology.identifiers import Iris

FILE = "00000000-0000-4000-8000-000000000001"


def a_form(kind: str, uri: str, **more: Any) -> dict[str, Any]:
    head = {"accession_id": "S-BIADTEST", "image_id": "IM1", "uri": uri, "size": 0, "type": kind}
    return head | {"dimensions": None, "attributes": {}, "rendering": None} | more


def a_study(**more: Any) -> dict[str, Any]:
    return {
        "accession_id": "S-BIADTEST",
        "title": "Made-up cells",
        "description": "Made up. Ask ada@example.org.",
        "authors": [{"name": "Ada Lovelace"}, {"name": "Charles Babbage"}],
        "organism": "Homo sapiens (human)",
        "release_date": "2023-05-01",
        "imaging_type": "Unknown",
        "license": "CC BY 4.0",
        "links": {
            "Unknown": "https://idr.openmicroscopy.org/webclient/?show=project-1105",
            "Raw data (EMPIAR-10310)": "https://example.org/raw",
        },
        "example_image_uri": "S-BIADTEST-example.png",
        "example_annotation_uri": "",
        "attributes": {"study_size_in_bytes": "30", "n_files_in_study": "2", "study_size": "30 B"},
        "images": {
            "IM1": {
                "id": "IM1",
                "accession_id": "S-BIADTEST",
                "name": "a.tif",
                "original_relpath": "data/a.tif",
                "dimensions": "(1, 2, 11, 512, 256)",
                "representations": [
                    a_form("fire_object", "https://example.org/data/a b.tif", size=10),
                    a_form("ome_ngff", "https://example.org/IM1.zarr/0"),
                    a_form("thumbnail", "https://example.org/IM1.png", dimensions="(128, 128)"),
                ],
                "attributes": {
                    "physical_size_x": "0.5",
                    "physical_size_x_unit": "µm",
                    "Treatment": "NA",
                    "Sex": None,
                },
            }
        },
        "file_references": {
            FILE: {
                "id": FILE,
                "name": "data/a.tif",
                "uri": "https://example.org/data/a.tif",
                "size_in_bytes": 10,
                "attributes": {"Associated EMPIAR IDs": "EMPIAR-10459-10460"},
            },
            "F2": {"id": "F2", "name": "data/b.csv", "uri": "", "size_in_bytes": 20, "attributes": {}},
        },
        "archive_files": {},
        "other_files": {},
        "image_aliases": {"cell": {"name": "cell", "accession_id": "S-BIADTEST", "image_id": "IM1"}},
        "tags": ["2D", "made-up"],
    } | more


def document(value: Any, name: str = "study.json") -> Document:
    return Document(name, "", json.dumps(value).encode())


def results(*values: Any) -> list[Reading | SourceError]:
    found: list[Reading | SourceError] = []
    for one in gathered(iter([document(value, f"{n}.json") for n, value in enumerate(values)])):
        found += [one] if isinstance(one, SourceError) else list(read(one))
    return found


def the_reading(*values: Any) -> Reading:
    (found,) = results(*values)
    assert isinstance(found, Reading), found
    return found


@pytest.fixture(scope="module")
def reading() -> Reading:
    return the_reading(a_study())


def test_what_the_study_says_of_itself(reading):
    study = reading.study
    assert (reading.source, reading.format, study.accession) == ("bia-v1", "bia-v1", "S-BIADTEST")
    assert [one.display_name for one in study.contribution] == ["Ada Lovelace", "Charles Babbage"]
    assert [one.scientific_name for one in study.organism] == ["Homo sapiens"]
    assert study.imaging_method_text == [], "unknown is no imaging method"
    assert study.license == "https://creativecommons.org/licenses/by/4.0/"
    assert (study.byte_size, study.file_count) == (30, 2)
    assert "tag: 2D" in study.attribute_text
    assert "example_image_uri: S-BIADTEST-example.png" in study.attribute_text


def test_links_are_what_the_source_says_and_quoted(reading):
    study = reading.study
    assert [(one.title, one.external_identifier) for one in study.see_also] == [
        (None, "https://idr.openmicroscopy.org/webclient/?show=project-1105"),
        ("Raw data (EMPIAR-10310)", "https://example.org/raw"),
    ]
    assert [(one.link_to, one.evidence_kind) for one in study.related] == [
        ("EMPIAR-10310", "links_section"),
        ("EMPIAR-10459", "file_attribute"),
        ("EMPIAR-10460", "file_attribute"),
    ]
    assert study.related[1].evidence_text == ['file attribute "Associated EMPIAR IDs": EMPIAR-10459-10460']


def test_an_image_with_its_stored_forms(reading):
    (image,) = reading.study.image
    assert (image.key, image.title, image.size_text) == ("IM1", "a.tif", "(1, 2, 11, 512, 256)")
    original, store, thumbnail = image.representation
    assert original.download_url == ["https://example.org/data/a%20b.tif"]
    assert (original.format, original.byte_size) == (".tif", 10)
    assert (original.size_t, original.size_c, original.size_z, original.size_y, original.size_x) == (
        1,
        2,
        11,
        512,
        256,
    )
    (voxel,) = original.voxel_size
    assert (voxel.title, voxel.numeric_value, voxel.unit_code, voxel.value_si) == ("x", 0.5, "um", 5e-07)
    assert (store.format, store.random_access, store.byte_size) == ("OME-Zarr", True, None)
    assert store.access_url == ["https://example.org/IM1.zarr/0"]
    assert image.thumbnail == thumbnail.download_url == ["https://example.org/IM1.png"]
    assert (thumbnail.size_x, thumbnail.size_y) == (128, 128)
    assert {"Treatment: NA", "alias: cell", "original_relpath: data/a.tif"} <= set(image.attribute_text)


def test_files_are_summed_up_and_count_by_column(reading):
    (part,) = reading.study.component
    (files,) = part.file_set
    assert (files.file_count, files.byte_size, files.format) == (2, 30, None)
    assert files.files_by_format == [".csv: 1", ".tif: 1"]
    assert "Associated EMPIAR IDs: 1" in files.files_by_column
    assert files.path_pattern == ["data/"]
    assert files.column == ["id", "name", "uri", "size_in_bytes", "Associated EMPIAR IDs", "attributes"]


def test_every_leaf_is_accounted_for(reading):
    def count(value: Any) -> int:
        if isinstance(value, dict | list) and value:
            return sum(map(count, value.values() if isinstance(value, dict) else value))
        return 1

    columns = 6
    assert reading.leaves.total == count(a_study(file_references={})) - 1 + columns
    assert reading.leaves.kept == 0
    assert reading.study.kept_value == []
    assert "@" not in reading.study.model_dump_json()


def test_the_record_conforms(reading):
    iris = Iris()
    assert (
        validate(to_nquads([reading.study], iris, iris.record_graph("S-BIADTEST", "bia-v1"))).violations == ()
    )


def test_parts_that_came_beside_the_study_are_in_it():
    image = {"id": "IM2", "accession_id": "S-BIADTEST", "original_relpath": "b.tif", "representations": []}
    form = a_form("ome_ngff", "https://example.org/IM2.zarr", image_id="IM2")
    alias = {"name": "other", "accession_id": "S-BIADTEST", "image_id": "IM2"}
    of_image = {"accession_id": "S-BIADTEST", "key": "voxel", "value": "5 nm", "image_id": "IM2"}
    of_study = {"accession_id": "S-BIADTEST", "key": "note", "value": "checked", "image_id": None}
    lost = {"accession_id": "S-BIADTEST", "key": "note", "value": "lost", "image_id": "IM9"}
    found = the_reading(form, alias, of_image, of_study, lost, image, a_study())
    added = found.study.image[1]
    assert (added.key, added.title) == ("IM2", "b.tif")
    assert [one.access_url for one in added.representation] == [["https://example.org/IM2.zarr"]]
    assert {"alias: other", "voxel: 5 nm"} <= set(added.attribute_text)
    assert "note: checked" in found.study.attribute_text
    assert {one.raw_text for one in found.study.kept_value} == {"S-BIADTEST", "note", "lost", "IM9"}
    assert found.source_bytes != document(a_study()).data, "the parts are archived with it"


def test_a_part_without_its_study_is_skipped_in_words():
    (found,) = results(a_form("ome_ngff", "https://example.org/IM2.zarr"))
    assert isinstance(found, SourceSkipped)
    assert "a stored form of an image of study S-BIADTEST" in str(found)


def test_a_collection_is_no_study():
    (found,) = results({"name": "x", "title": "Made-up", "subtitle": "", "accession_ids": ["S-BIADTEST"]})
    assert isinstance(found, SourceSkipped)
    assert "a collection of 1 studies" in str(found)


def test_studies_pass_when_too_much_waits():
    many = [document(a_study(accession_id=f"S-BIADTEST{n}"), f"{n}.json") for n in range(5)]
    assert list(gathered_within(iter(many), most_bytes=100)) == many


@pytest.mark.parametrize("junk", [None, [], {}, 7, True, "x", [[None]], {"a": [{}]}, ["y"]])
def test_a_value_of_the_wrong_type_is_kept_not_a_crash(junk):
    for name in a_study():
        if name not in {"accession_id", "title"}:
            assert the_reading(a_study(**{name: junk})).study.title == "Made-up cells"
    for name in a_study()["images"]["IM1"]:
        image = a_study()["images"]["IM1"] | {name: junk}
        assert the_reading(a_study(images={"IM1": image})).study.title == "Made-up cells"


def test_tens_of_thousands_of_files_take_seconds():
    rows = {
        f"F{n}": {
            "id": f"F{n}",
            "name": f"data/{n}.tif",
            "uri": f"https://example.org/{n}",
            "size_in_bytes": 1,
            "attributes": {"Well": f"A{n % 96}", "Field": n},
        }
        for n in range(60_000)
    }
    started = time.perf_counter()
    found = the_reading(a_study(file_references=rows))
    assert found.study.component[0].file_set[0].byte_size == 60_000
    assert time.perf_counter() - started < 20


def test_a_great_many_images_are_summed_up():
    images = {
        f"IM{n}": {"id": f"IM{n}", "original_relpath": f"data/{n}.tif", "representations": []}
        for n in range(2001)
    }
    found = the_reading(a_study(images=images))
    assert found.study.image == []
    assert [one.file_count for one in found.study.component[0].file_set] == [2, 2001]
