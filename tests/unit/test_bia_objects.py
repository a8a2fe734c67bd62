"""BIA model objects: gathered into one study, mapped by uuid, and accounted for to the last leaf."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from rembigraph.catalogue.rdf import to_nquads
from rembigraph.catalogue.validation import validate
from rembigraph.loaders import gathered, read
from rembigraph.loaders.bia_objects_gather import gathered as gathered_within
from rembigraph.loaders.reading import Document, Reading
from rembigraph.ontology.errors import SourceError, SourceMalformed, SourceSkipped, SourceSuperseded
from rembigraph.ontology.identifiers import Iris


def uuid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


STUDY, DATASET, SAMPLE, SPECIMEN, PREPARATION, ACQUISITION, GROWTH = map(uuid, range(1, 8))
METHOD, FILE, IMAGE, FORM, PROCESS, MASK, MASK_PROCESS, ANNOTATION, MASK_FILE = map(uuid, range(8, 17))


def made(kind: str, name: str, version: int = 3, **fields: Any) -> dict[str, Any]:
    head = {"uuid": name, "version": 0, "model": {"type_name": kind, "version": version}}
    return head | {"object_creator": "bia_ingest", "additional_metadata": []} | fields


def named(name: str, value: Any) -> dict[str, Any]:
    return {"provenance": "bia_ingest", "name": name, "value": {name: value}}


def a_study(**fields: Any) -> dict[str, Any]:
    return made(
        "Study",
        STUDY,
        accession_id="S-BIADTEST7",
        licence="https://creativecommons.org/licenses/by/4.0/",
        title="Made-up cells by light and by electrons",
        release_date="2024-02-13",
        description="Made up for a test.",
        keyword=["made-up"],
        acknowledgement=None,
        funding_statement="",
        see_also=[
            {"link": "https://example.org/EMPIAR-10310", "link_type": "raw data", "link_description": "EM"}
        ],
        related_publication=[
            {"title": "A made-up paper", "authors_name": None, "doi": "10.1000/Made", "pubmed_id": None},
            {"title": None, "doi": None, "pubmed_id": None, "publication_year": None},
        ],
        grant=[{"id": "EX-1", "funder": [{"display_name": "Example Foundation", "id": None}]}],
        author=[
            {
                "display_name": "Ada Lovelace",
                "orcid": "0000-0002-1825-0097",
                "contact_email": "ada@example.org",
                "address": "1 Private Street",
                "role": ["first author"],
                "affiliation": [
                    {"display_name": "Example Institute", "rorid": "None", "address": None, "website": None}
                ],
            }
        ],
        **fields,
    )


def the_parts() -> list[dict[str, Any]]:
    return [
        made(
            "Dataset",
            DATASET,
            2,
            title="Confocal stacks",
            description=None,
            analysis_method=[
                {"title": "Count", "protocol_description": "counted", "features_analysed": "nuclei"}
            ],
            correlation_method=[
                {
                    "title": "CLEM",
                    "protocol_description": "by hand",
                    "fiducials_used": "beads",
                    "transformation_matrix": "[[1, 0],\n [0, 1]] ",
                }
            ],
            example_image_uri=["https://example.org/a b.png"],
            submitted_in_study_uuid=STUDY,
        )
        | {
            "additional_metadata": [
                named("bio_sample_uuid", [SAMPLE]),
                named("image_acquisition_protocol_uuid", ACQUISITION),
                named("annotation_method_uuid", [uuid(99)]),
                {
                    "provenance": "bia_ingest",
                    "name": "associations",
                    "value": {
                        "associations": [
                            {
                                "biosample": "Made-up cells",
                                "specimen": "Fixed",
                                "image_acquisition": "Confocal",
                                "image_analysis": "Count",
                                "image_correlation": "CLEM",
                            }
                        ]
                    },
                },
            ]
        },
        made(
            "BioSample",
            SAMPLE,
            4,
            title="Made-up cells",
            organism_classification=[
                {"common_name": "human", "scientific_name": "Homo sapiens", "ncbi_id": "NCBI:txid9606"},
                {"common_name": "mouse", "scientific_name": "Mus musculus", "ncbi_id": None},
            ],
            biological_entity_description="cells",
            experimental_variable_description=["time"],
            extrinsic_variable_description=None,
            intrinsic_variable_description=[],
            growth_protocol_uuid=GROWTH,
        ),
        made("Specimen", SPECIMEN, sample_of_uuid=[SAMPLE], imaging_preparation_protocol_uuid=[PREPARATION]),
        made(
            "SpecimenImagingPreparationProtocol",
            PREPARATION,
            title="Fixed",
            protocol_description="in made-up fixative",
            signal_channel_information=[
                {
                    "signal_contrast_mechanism_description": "fluorescence",
                    "channel_content_description": "GFP",
                    "channel_biological_entity": "actin",
                    "channel_label": "green",
                }
            ],
        ),
        made(
            "ImageAcquisitionProtocol",
            ACQUISITION,
            title="Confocal",
            protocol_description="20x",
            imaging_instrument_description="a microscope",
            fbbi_id=["http://purl.obolibrary.org/obo/FBbi_00000251"],
            imaging_method_name=["confocal microscopy"],
        ),
        made("Protocol", GROWTH, title="Growth", protocol_description="on glass"),
        made(
            "AnnotationMethod",
            METHOD,
            4,
            title="By hand",
            protocol_description="drawn",
            annotation_criteria="all cells",
            method_type=["segmentation_mask"],
            spatial_information="pixels",
        ),
        made(
            "FileReference",
            FILE,
            file_path="data/a.tif",
            format=".tif",
            size_in_bytes=10,
            uri="https://example.org/data/a.tif",
            submission_dataset_uuid=DATASET,
        )
        | {"additional_metadata": [named("attributes_from_file_list", {"Treatment": "none"})]},
        made(
            "FileReference",
            MASK_FILE,
            file_path="data/mask.tif",
            format=".tif",
            size_in_bytes=5,
            uri="https://example.org/data/mask.tif",
            submission_dataset_uuid=DATASET,
        ),
        made(
            "Image",
            IMAGE,
            2,
            label="Cell 7",
            submission_dataset_uuid=DATASET,
            creation_process_uuid=PROCESS,
            original_file_reference_uuid=[FILE],
        ),
        made(
            "CreationProcess",
            PROCESS,
            subject_specimen_uuid=SPECIMEN,
            image_acquisition_protocol_uuid=[ACQUISITION],
            input_image_uuid=[],
            protocol_uuid=None,
            annotation_method_uuid=[],
        ),
        made(
            "ImageRepresentation",
            FORM,
            4,
            image_format=".ome.zarr",
            file_uri=["https://example.org/cell-7.ome.zarr/0"],
            total_size_in_bytes=0,
            voxel_physical_size_x=3.5e-08,
            voxel_physical_size_y=3.5e-08,
            voxel_physical_size_z=None,
            size_x=2048,
            size_y=1024,
            size_z=41,
            size_c=2,
            size_t=1,
            image_viewer_setting=[],
            representation_of_uuid=IMAGE,
        ),
        made(
            "AnnotationData",
            ANNOTATION,
            2,
            submission_dataset_uuid=DATASET,
            creation_process_uuid=MASK_PROCESS,
            original_file_reference_uuid=[MASK_FILE, uuid(98)],
        ),
        made(
            "CreationProcess",
            MASK_PROCESS,
            subject_specimen_uuid=None,
            image_acquisition_protocol_uuid=[],
            input_image_uuid=[IMAGE],
            protocol_uuid=[],
            annotation_method_uuid=[METHOD],
        ),
    ]


def documents(*objects: Any) -> list[Document]:
    return [
        Document(f"batch/{number}/{one['uuid']}.json", "", json.dumps(one).encode())
        for number, one in enumerate(objects)
    ]


def results(*objects: Any) -> list[Reading | SourceError]:
    found: list[Reading | SourceError] = []
    for one in gathered(iter(documents(*objects))):
        found += [one] if isinstance(one, SourceError) else list(read(one))
    return found


def the_reading(*objects: Any) -> Reading:
    (found,) = results(*objects)
    assert isinstance(found, Reading), found
    return found


@pytest.fixture(scope="module")
def reading() -> Reading:
    return the_reading(*reversed(the_parts()), a_study())


def leaf_count(value: Any) -> int:
    if isinstance(value, dict | list) and value:
        return sum(leaf_count(one) for one in (value.values() if isinstance(value, dict) else value))
    return 1


def columns(value: Any, name: str = "") -> Iterator[str]:
    if isinstance(value, dict) and value:
        for key, one in value.items():
            yield from columns(one, f"{name}/{key}")
    elif isinstance(value, list) and value:
        for one in value:
            yield from columns(one, name)
    else:
        yield name


def test_the_objects_of_a_folder_are_one_study(reading):
    study = reading.study
    assert (study.accession, study.title) == ("S-BIADTEST7", "Made-up cells by light and by electrons")
    assert (reading.source, reading.format, reading.quality) == ("bia", "bia", "draft")
    assert study.license == "https://creativecommons.org/licenses/by/4.0/"
    assert study.alternate_identifier == [STUDY]
    assert [one.id for one in study.publication] == ["https://doi.org/10.1000/made"]
    assert study.grant[0].funder[0].name == "Example Foundation"
    assert [(one.link_to, one.evidence_kind) for one in study.related] == [
        ("EMPIAR-10310", "links_section"),
        ("https://doi.org/10.1000/made", "reference_field"),
    ]


def test_iris_are_made_of_uuids(reading):
    study = reading.study
    assert study.component[0].id == f"S-BIADTEST7/component/{DATASET}"
    assert study.image[0].id == f"S-BIADTEST7/image/{IMAGE}"
    assert study.annotation[0].id == f"S-BIADTEST7/annotation/{ANNOTATION}"


def test_samples_and_how_they_were_prepared(reading):
    (sample,), (specimen,) = reading.study.biosample, reading.study.specimen
    assert [taxon.id.rpartition("_")[2] for taxon in sample.organism] == ["9606", "10090"]
    assert sample.organism_text == ["Mus musculus (mouse)"]
    assert sample.growth_protocol == [f"S-BIADTEST7/protocol/{GROWTH}"]
    assert specimen.prepared_from == [f"S-BIADTEST7/biosample/{SAMPLE}"]
    assert specimen.preparation_protocol == [f"S-BIADTEST7/protocol/{PREPARATION}"]
    assert [(one.title, one.channel_content, one.channel_entity) for one in specimen.channel] == [
        ("green", "GFP", "actin")
    ]
    assert specimen.signal_contrast_mechanism == ["fluorescence"]


def test_a_dataset_names_what_it_is_about(reading):
    (part,) = reading.study.component
    assert part.uses_biosample == [f"S-BIADTEST7/biosample/{SAMPLE}"]
    assert part.uses_specimen == [f"S-BIADTEST7/specimen/{SPECIMEN}"]
    assert part.uses_acquisition == [f"S-BIADTEST7/acquisition/{ACQUISITION}"]
    (association,) = part.association
    assert association.uses_specimen == part.uses_specimen
    assert association.uses_analysis == part.uses_analysis == [reading.study.analyzed_data[0].id]
    assert association.uses_correlation == part.uses_correlation
    assert part.by_annotation_method == [], "a method that is not here is not pointed to"
    assert f"annotation_method_uuid [bia_ingest]: {uuid(99)}" in part.attribute_text
    (files,) = part.file_set
    assert (files.file_count, files.byte_size, files.format) == (2, 15, ".tif")
    assert "attributes_from_file_list/Treatment" in files.column
    assert reading.study.thumbnail == ["https://example.org/a%20b.png"]


def test_a_correlation_is_verbatim(reading):
    (correlation,) = reading.study.correlation
    assert correlation.fiducials_used == ["beads"]
    assert correlation.transformation_matrix_text == ["[[1, 0],\n [0, 1]]"]
    assert reading.study.component[0].uses_correlation == [correlation.id]


def test_an_image_says_how_it_was_made_and_stored(reading):
    (image,) = reading.study.image
    assert image.title == "Cell 7"
    assert image.part_of == [f"S-BIADTEST7/component/{DATASET}"]
    assert image.of_specimen == [f"S-BIADTEST7/specimen/{SPECIMEN}"]
    assert image.generated_by == [f"S-BIADTEST7/acquisition/{ACQUISITION}"]
    store, original = image.representation
    assert (store.format, store.random_access, store.byte_size) == (".ome.zarr", True, None)
    assert store.access_url == ["https://example.org/cell-7.ome.zarr/0"]
    assert (store.size_x, store.size_y, store.size_z, store.size_c, store.size_t) == (2048, 1024, 41, 2, 1)
    assert [(one.title, one.numeric_value, one.unit_code, one.value_si) for one in store.voxel_size] == [
        ("x", 3.5e-08, "m", 3.5e-08),
        ("y", 3.5e-08, "m", 3.5e-08),
    ]
    assert [(one.id, one.path) for one in original.file_reference] == [
        (f"S-BIADTEST7/file/{FILE}", "data/a.tif")
    ]


def test_an_annotation_points_to_its_image_and_what_is_not_here_is_kept(reading):
    (annotation,) = reading.study.annotation
    assert annotation.derived_from == [f"S-BIADTEST7/image/{IMAGE}"]
    assert annotation.by_annotation_method == [f"S-BIADTEST7/annotation-method/{METHOD}"]
    assert annotation.part_of == [f"S-BIADTEST7/component/{DATASET}"]
    assert [one.path for one in annotation.file_reference] == ["data/mask.tif"]
    assert [(one.pointer, one.raw_text) for one in reading.study.kept_value] == [
        (f"{ANNOTATION}.json#/original_file_reference_uuid/1", uuid(98))
    ]
    assert reading.unmapped == {"AnnotationData: original_file_reference_uuid": 1}


def annotated(*changes: dict[str, Any]) -> Reading:
    """The study without the image that the process of the annotation names, and with changed objects."""
    changed = {one["uuid"]: one for one in changes}
    parts = [changed.get(one["uuid"], one) for one in the_parts()]
    process = next(one for one in parts if one["uuid"] == MASK_PROCESS)
    process["input_image_uuid"] = []
    return the_reading(a_study(), *parts)


def test_an_annotation_points_to_the_image_that_its_file_names_by_path():
    mask = next(one for one in the_parts() if one["uuid"] == MASK_FILE)
    mask["additional_metadata"] = [named("attributes_from_file_list", {"Source image": "data/a.tif"})]
    (annotation,) = annotated(mask).study.annotation
    assert annotation.derived_from == [f"S-BIADTEST7/image/{IMAGE}"]


def test_an_annotation_of_no_image_that_is_named_is_of_the_files_of_its_dataset():
    (annotation,) = annotated().study.annotation
    assert annotation.derived_from == [f"S-BIADTEST7/fileset/{DATASET}"]


def test_the_files_of_annotations_are_not_what_they_are_of():
    lone = next(one for one in the_parts() if one["uuid"] == FILE) | {"submission_dataset_uuid": uuid(60)}
    other = the_parts()[0] | {"uuid": uuid(60)}
    parts = [lone if one["uuid"] == FILE else one for one in the_parts()]
    next(one for one in parts if one["uuid"] == MASK_PROCESS)["input_image_uuid"] = []
    (annotation,) = the_reading(a_study(), other, *parts).study.annotation
    assert annotation.derived_from == []


def test_a_thing_of_which_only_the_title_is_known_is_in_the_record():
    study = the_reading(a_study(), the_parts()[0]).study
    (sample,), (specimen,), (acquisition,) = study.biosample, study.specimen, study.acquisition
    assert (sample.title, specimen.title, acquisition.title) == ("Made-up cells", "Fixed", "Confocal")
    assert specimen.prepared_from == [sample.id]
    assert study.component[0].association[0].uses_specimen == [specimen.id]


def test_a_study_that_running_text_names_is_linked_with_the_sentence():
    text = "We made cells. See EMPIAR-10311, please. They are ours, S-BIADTEST7."
    links = the_reading(a_study() | {"description": text}).study.related
    studies = [one for one in links if one.link_relation != "described_in"]
    assert [(one.link_to, one.evidence_kind, one.evidence_text) for one in studies] == [
        ("EMPIAR-10310", "links_section", ["raw data; https://example.org/EMPIAR-10310; EM"]),
        ("EMPIAR-10311", "prose", ["See EMPIAR-10311, please."]),
    ]


def test_every_leaf_is_accounted_for(reading):
    parts = the_parts()
    files = [one for one in parts if one["model"]["type_name"] == "FileReference"]
    others = [one for one in [a_study(), *parts] if one not in files]
    by_column = {name for one in files for name in columns(one)}
    assert reading.leaves.total == sum(map(leaf_count, others)) + len(by_column)
    assert reading.leaves.kept == 1
    assert reading.leaves.mapped / reading.leaves.total > 0.95


def test_nothing_private_gets_into_the_record(reading):
    text = reading.study.model_dump_json()
    assert "ada@" not in text
    assert "Private Street" not in text


def test_the_record_conforms(reading):
    iris = Iris()
    quads = to_nquads([reading.study], iris, iris.record_graph("S-BIADTEST7", "bia"))
    assert validate(quads).violations == ()


def test_the_order_of_documents_does_not_matter(reading):
    other = the_reading(a_study(), *the_parts())
    assert other.leaves == reading.leaves
    iris = Iris()
    graph = iris.record_graph("S-BIADTEST7", "bia")
    assert sorted(to_nquads([other.study], iris, graph)) == sorted(to_nquads([reading.study], iris, graph))


def test_the_greater_version_of_an_object_is_taken_and_the_other_is_skipped_in_words():
    newer = a_study() | {"version": 1, "title": "Second version"}
    found = results(a_study(), newer)
    studies = [one for one in found if isinstance(one, Reading)]
    (skipped,) = [one for one in found if isinstance(one, SourceSkipped)]
    assert [one.study.title for one in studies] == ["Second version"]
    assert "version 1 of this Study is in the batch and was taken; this is 0" in str(skipped)


def test_of_two_documents_with_the_same_version_the_one_that_says_more_is_taken():
    found = results(a_study(), a_study() | {"acknowledgement": "We thank nobody."})
    (reading,) = [one for one in found if isinstance(one, Reading)]
    (other,) = [one for one in found if isinstance(one, SourceSuperseded)]
    assert reading.study.acknowledgement == "We thank nobody."
    assert "that says more" in str(other)


def test_of_two_documents_with_the_same_version_the_greater_hash_is_taken_whatever_the_order():
    one, other = a_study(), a_study() | {"title": "Another title"}
    titles = {
        found.study.title
        for batch in ((one, other), (other, one))
        for found in results(*batch)
        if isinstance(found, Reading)
    }
    assert len(titles) == 1


def test_an_object_without_its_study_is_skipped_in_words():
    found = results(*the_parts())
    assert {type(one) for one in found} == {SourceSkipped}
    assert "which did not come with its study" in str(found[0])


def test_an_object_that_is_named_by_two_studies_belongs_to_both():
    other = a_study() | {"uuid": uuid(50), "accession_id": "S-BIADTEST8"}
    dataset = the_parts()[0] | {"uuid": uuid(51), "submitted_in_study_uuid": uuid(50)}
    found = results(a_study(), other, dataset, *the_parts())
    assert [len(one.study.biosample) for one in found if isinstance(one, Reading)] == [1, 1]


def test_too_much_in_one_batch_is_refused_in_words():
    batch = documents(a_study(), *the_parts())
    found = list(gathered_within(iter(batch), most_bytes=3000))
    assert len(found) == len(batch)
    assert {type(one) for one in found} == {SourceMalformed}
    assert "Load the folder of one study at a time." in str(found[0])


def test_older_models_are_read():
    study = {
        "uuid": STUDY,
        "accession_id": "S-BIADTEST7",
        "licence": "CC0",
        "author": [{"display_name": "Ada Lovelace", "orcid": "1111-1111-1111-1111", "role": "first author"}],
        "title": "Without a model",
        "release_date": "2024-02-13",
        "attribute": {},
    }
    dataset = {
        "uuid": DATASET,
        "title_id": "Old dataset",
        "model": {"type_name": "ExperimentalImagingDataset", "version": 1},
        "attribute": {"a": "b"},
        "submitted_in_study_uuid": STUDY,
    }
    image = {
        "uuid": IMAGE,
        "model": {"type_name": "ExperimentallyCapturedImage", "version": 1},
        "submission_dataset_uuid": DATASET,
        "acquisition_process_uuid": [ACQUISITION],
    }
    acquisition = {
        "uuid": ACQUISITION,
        "title_id": "Confocal",
        "model": {"type_name": "ImageAcquisition", "version": 1},
        "imaging_method_name": "confocal microscopy",
    }
    form = {
        "uuid": FORM,
        "model": {"type_name": "ImageRepresentation", "version": 3},
        "image_format": "png",
        "use_type": "THUMBNAIL",
        "file_uri": ["https://example.org/t.png"],
        "physical_size_x": 1e-05,
        "representation_of_uuid": IMAGE,
    }
    found = the_reading(study, dataset, image, acquisition, form).study
    assert found.license == "https://creativecommons.org/publicdomain/zero/1.0/"
    assert found.component[0].title == "Old dataset"
    assert found.image[0].generated_by == [f"S-BIADTEST7/acquisition/{ACQUISITION}"]
    assert found.image[0].thumbnail == ["https://example.org/t.png"]
    assert found.image[0].physical_size[0].value_si == 1e-05, "the extent of the image, not of a voxel"
    assert found.image[0].representation[0].voxel_size == []
    assert found.contribution[0].person.alternate_identifier == ["1111-1111-1111-1111"]


def test_a_study_with_a_name_of_no_archive_is_a_draft():
    found = the_reading(a_study() | {"accession_id": "point_annotations"})
    assert found.quality == "draft"
    assert str(found.study.accession).startswith("DRAFT-")
    assert "point_annotations" in found.study.alternate_identifier


def test_a_study_without_name_and_title_is_refused_with_its_place():
    (found,) = results(a_study() | {"accession_id": None, "title": None})
    assert isinstance(found, SourceMalformed)
    assert found.pointer == "/accession_id"


@pytest.mark.nightly
@pytest.mark.parametrize("junk", [None, [], {}, 7, True, "x", [[None]], {"a": [{}]}, "@context"])
def test_a_value_of_the_wrong_type_is_kept_not_a_crash(junk):
    for one in [a_study(), *the_parts()]:
        for name in one:
            if name in {"uuid", "model", "accession_id", "title", "version"}:
                continue
            changed = one | {name: junk}
            rest = [other for other in [a_study(), *the_parts()] if other["uuid"] != one["uuid"]]
            readings = [found for found in results(changed, *rest) if isinstance(found, Reading)]
            assert readings, (one["model"], name)


def test_a_great_many_images_are_summed_up():
    parts = the_parts()
    image = next(one for one in parts if one["uuid"] == IMAGE)
    many = [image | {"uuid": uuid(10_000 + number)} for number in range(2001)]
    found = the_reading(a_study(), *(one for one in parts if one["uuid"] != FORM), *many)
    assert found.study.image == []
    summed = {one.title: one for one in found.study.component[-1].file_set}
    assert summed["Image"].image_count == 2002
    assert "creation_process_uuid" in summed["Image"].column
    assert found.leaves.mapped + found.leaves.kept + found.leaves.ignored == found.leaves.total


def in_one_document(value: Any) -> list[Reading | SourceError]:
    found: list[Reading | SourceError] = []
    for one in gathered(iter([Document("page.json", "", json.dumps(value).encode())])):
        found += [one] if isinstance(one, SourceError) else list(read(one))
    return found


@pytest.mark.parametrize("page", [False, True])
def test_a_list_of_objects_is_one_study_too(reading, page):
    objects = [a_study(), *the_parts()]
    (found,) = in_one_document({"items": objects, "total": len(objects)} if page else objects)
    assert isinstance(found, Reading)
    assert found.leaves == reading.leaves
    assert found.study.image[0].representation[0].size_x == 2048


def test_a_broken_list_of_objects_is_refused_with_its_place():
    data = json.dumps([a_study()], indent=1).encode()[:-2]
    (found,) = list(gathered(iter([Document("page.json", "", data)])))
    assert isinstance(found, SourceMalformed)
    assert found.pointer.partition(":")[0] == str(data.count(b"\n") + 1)


def test_a_list_of_something_else_is_left_alone():
    rows = [{"path": "a.tif", "size": 1, "attributes": [{"name": '"accession_id"', "value": "x"}]}]
    (found,) = in_one_document(rows)
    assert "a file list on its own" in str(found)


def test_a_size_of_nothing_is_unknown():
    parts = the_parts()
    form = next(one for one in parts if one["uuid"] == FORM)
    form |= {"size_x": 0, "voxel_physical_size_x": 0, "file_uri": []}
    stored = the_reading(a_study(), *parts).study.image[0].representation[0]
    assert (stored.size_x, stored.size_y) == (None, 1024)
    assert [one.title for one in stored.voxel_size] == ["y"]
    assert stored.random_access is None, "there is no address to read it by"


def test_datasets_that_an_early_study_holds_are_parts_of_it():
    dataset = {
        "description": "Confocal stacks",
        "analysis_method": [{"protocol_description": "counted", "features_analysed": "nuclei"}],
        "correlation_method": [],
        "example_image_uri": [],
    }
    (found,) = results(a_study(experimental_imaging_component=[dataset | {"uuid": DATASET}, dataset]))
    assert isinstance(found, Reading)
    assert [one.description for one in found.study.component] == ["Confocal stacks"] * 2
    assert [one.result_type for one in found.study.analyzed_data] == ["nuclei"] * 2
    assert len({one.id for one in found.study.analyzed_data}) == 2
    assert found.leaves.kept == 0


def first_api(kind: str, uuid: str, **fields: Any) -> dict[str, Any]:
    head = {"@context": "https://example.org/c", "uuid": uuid, "version": 0, "attributes": {}}
    return head | {"model": {"type_name": kind, "version": 1}, "annotations": [], **fields}


def test_a_study_of_the_first_api_is_read_with_its_images_and_files():
    note = {"author_email": "ada@example.org", "key": "organism", "value": "Danio rerio", "state": "active"}
    study = first_api(
        "BIAStudy",
        STUDY,
        accession_id="S-BIADTEST7",
        title="Made-up cells",
        authors=[{"name": "Ada Lovelace"}],
        organism="Homo sapiens (human)",
        imaging_type="confocal microscopy",
        release_date="2024-02-21",
        example_image_uri="https://example.org/a.png",
        tags=["3D"],
        file_references_count=3,
        annotations=[note],
        annotations_applied=False,
    )
    form = {"size": 0, "uri": ["https://example.org/f.zarr/0"], "type": "ome_ngff", "dimensions": None}
    image = first_api(
        "BIAImage",
        IMAGE,
        study_uuid=STUDY,
        name="Cell 7",
        original_relpath="data/a.tif",
        dimensions="(1, 2, 3, 8, 7)",
        alias={"name": "IM7"},
        representations=[form],
        image_acquisitions_uuid=[],
    )
    file = first_api("FileReference", FILE, study_uuid=STUDY, name="data/a.tif", uri="", size_in_bytes=4)
    found = the_reading(study, image, file)
    assert [one.scientific_name for one in found.study.organism] == ["Homo sapiens"]
    assert [one.label for one in found.study.imaging_method] == ["confocal microscopy"]
    assert found.study.contribution[0].display_name == "Ada Lovelace"
    assert {"organism [active]: Danio rerio", "tag: 3D"} <= set(found.study.attribute_text)
    (mapped,) = found.study.image
    assert {"alias: IM7", "original_relpath: data/a.tif"} <= set(mapped.attribute_text)
    (stored,) = mapped.representation
    assert (stored.random_access, stored.size_x, stored.size_c) == (True, 7, 2)
    assert [one.byte_size for one in found.study.component[0].file_set] == [4]
    assert found.leaves.kept == 0
    assert "ada@" not in found.study.model_dump_json()


def test_objects_inside_one_another_are_skipped_in_words():
    (found,) = in_one_document({"S-BIADTEST7": a_study() | {"dataset": the_parts()[:1]}})
    assert isinstance(found, SourceSkipped)
    assert "inside one another" in str(found)
