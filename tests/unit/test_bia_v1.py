"""Flat study documents of the BIA integrator v1 and their parts."""

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


def test_a_study_that_says_accession_ids_somewhere_is_a_study():
    found = the_reading(a_study(attributes={"accession_ids": ["S-BIADTEST2"]}))
    assert "accession_ids: S-BIADTEST2" in found.study.attribute_text


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


@pytest.mark.nightly
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
    started = time.process_time()
    found = the_reading(a_study(file_references=rows))
    assert found.study.component[0].file_set[0].byte_size == 60_000
    assert time.process_time() - started < 100


def test_a_great_many_images_are_summed_up():
    images = {
        f"IM{n}": {"id": f"IM{n}", "original_relpath": f"data/{n}.tif", "representations": []}
        for n in range(2001)
    }
    found = the_reading(a_study(images=images, image_aliases={}))
    assert found.study.image == []
    summed, files = found.study.component[0].file_set
    assert (summed.title, summed.image_count, summed.file_count) == ("Images of the study", 2001, None)
    assert summed.description == "2001 in the source, summed up here"
    assert (files.title, files.file_count) == ("Files of the study", 2)
    assert found.leaves.kept == 0


def test_a_great_many_documents_of_images_are_summed_up():
    head = {"accession_id": "S-BIADTEST"}
    images = [
        head | {"id": f"X{n}", "original_relpath": f"{n}.tif", "representations": []} for n in range(2001)
    ]
    notes = [head | {"image_id": f"X{n}", "key": "SizeX", "value": "5"} for n in range(2001)]
    of_study = head | {"key": "imaging_type", "value": "confocal microscopy"}
    found = the_reading(a_study(), *images, *notes, of_study)
    sets = {one.title: one for one in found.study.component[0].file_set}
    assert sets["Image documents of the study"].image_count == 2001
    assert sets["Annotation documents of the study"].description == "2001 in the source, summed up here"
    assert [one.key for one in found.study.image] == ["IM1"], "those of the study's own document stay"
    assert found.study.imaging_method_text == ["confocal microscopy"]
    assert found.study.kept_value == []


@pytest.mark.nightly
def test_a_document_of_more_values_than_are_held_at_once_is_read_row_by_row():
    rows = {
        f"F{n}": {"id": f"F{n}", "name": f"{n}.tif", "attributes": {f"k{m}": m for m in range(20)}}
        for n in range(30_000)
    }
    found = the_reading(a_study(file_references=rows))
    assert found.study.component[0].file_set[0].file_count == 30_000


def test_files_inside_archive_files_are_not_counted_with_those_that_are_stored():
    rows = {
        "F1": {"id": "F1", "name": "a.zip", "size_in_bytes": 10, "type": None},
        "F2": {
            "id": "F2",
            "name": "a/1.tif",
            "size_in_bytes": 30,
            "type": "file_in_zip",
            "attributes": {"Well": "A1"},
        },
    }
    found = the_reading(a_study(file_references=rows))
    sets = [(one.title, one.file_count, one.byte_size) for one in found.study.component[0].file_set]
    assert sets == [
        ("Files of the study", 1, 10),
        ("Files of the study, inside its archive files", 1, 30),
    ]
    assert found.leaves.kept == 0


def test_a_row_of_files_that_is_none_is_kept():
    rows = {"F1": {"id": "F1", "name": "a.tif"}, "F2": 7, "F3": []}
    found = the_reading(a_study(file_references=rows))
    assert found.study.component[0].file_set[0].file_count == 1
    assert [(one.pointer, one.raw_text) for one in found.study.kept_value] == [
        ("/file_references/F2", "7"),
        ("/file_references/F3", "[]"),
    ]


def test_what_the_converter_noted_of_an_image_is_its_size():
    notes = {
        "PhysicalSizeX": "1.5",
        "PhysicalSizeXUnit": "Å",
        "PhysicalSizeY": "2",
        "SizeX": "7",
        "SizeZ": "0",
    }
    notes |= {"dimensions": "(1, 1, 3, 8, 7)"}
    head = {"accession_id": "S-BIADTEST", "image_id": "IM2"}
    form = a_form("ome_ngff", "https://example.org/IM2.zarr/0", image_id="IM2")
    image = {
        "id": "IM2",
        "accession_id": "S-BIADTEST",
        "original_relpath": "b.tif",
        "representations": [form],
    }
    documents = [head | {"key": key, "value": value} for key, value in notes.items()]
    found = the_reading(a_study(), image, form, *documents).study.image[1]
    (stored,) = found.representation
    assert (stored.size_x, stored.size_y, stored.size_z, stored.size_c, stored.size_t) == (7, 8, 3, 1, 1)
    assert [(one.title, one.numeric_value, one.unit_code, one.value_si) for one in stored.voxel_size] == [
        ("x", 1.5, "Ao", 1.5e-10)
    ], "a length without a unit is none"
    assert found.size_text == "(1, 1, 3, 8, 7)"
    assert "PhysicalSizeY: 2" in found.attribute_text


def test_a_store_without_an_address_is_not_called_readable_in_parts():
    form = a_form("ome_ngff", "/data/IM2.zarr", image_id="IM2")
    image = {
        "id": "IM2",
        "accession_id": "S-BIADTEST",
        "original_relpath": "b.tif",
        "representations": [form],
    }
    (stored,) = the_reading(a_study(images={"IM2": image})).study.image[0].representation
    assert (stored.random_access, stored.access_url, stored.format) == (None, [], "OME-Zarr")
    assert stored.attribute_text == ["uri: /data/IM2.zarr"]


def test_what_a_curator_noted_of_a_study_stands_in_for_the_unknown():
    notes = {
        "imaging_type": "confocal microscopy",
        "organism": "Danio rerio",
        "example_image_uri": "https://e.org/a.png",
    }
    documents = [{"accession_id": "S-BIADTEST", "key": key, "value": value} for key, value in notes.items()]
    study = the_reading(a_study(organism="Unknown"), *documents).study
    assert [one.scientific_name for one in study.organism] == ["Danio rerio"]
    assert study.imaging_method_text == ["confocal microscopy"]
    assert study.thumbnail == ["https://e.org/a.png"]


def test_studies_in_one_list_are_studies_each():
    found = results([a_study(), a_study(accession_id="S-BIADTEST2")])
    assert [one.study.accession for one in found if isinstance(one, Reading)] == ["S-BIADTEST", "S-BIADTEST2"]
