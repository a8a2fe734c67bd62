"""What curators of the BioImage Archive write about EMPIAR entries, in both forms."""

from __future__ import annotations

import json

import pytest
from rembigraph.loaders import empiar_curation, rembi_yaml
from rembigraph.loaders import read as read_any
from rembigraph.loaders.reading import Document, Reading
from rembigraph.ontology.errors import SourceMalformed, SourceSkipped
from rembigraph.ontology.generated.models import Study

BY_OBJECT = """
accession_id: EMPIAR-MADEUPTEST
paper_doi: ["https://doi.org/10.1000/Made.Up"]
rembis:
  BioSample:
    - title: "Made-up cells"
      organism_classification:
        - {common_name: "Yeast", scientific_name: "Saccharomyces cerevisiae", ncbi_id: "NCBI:txid4932"}
        - {common_name: "Baker's yeast", scientific_name: "S. cerevisiae", ncbi_id: "NCBI:txid4932"}
        - {common_name: "Thing", scientific_name: "Res ficta", ncbi_id: "NCBI:txid000001"}
      biological_entity_description: Cells in a dish.
      growth_protocol_title: ["Growth"]
  SpecimenImagingPreparationProtocol:
    - {title: Freezing, protocol_description: Plunge.}
  Specimen:
    - title: Specimen 1
      biosample_title: made-up  cells
      specimen_imaging_preparation_protocol_title: Freezing
  ImageAcquisitionProtocol:
    - title: Tomography
      protocol_description: Tilting.
      imaging_instrument_description: Made-up Scope 1
      fbbi_id: ["obo:FBbi_00000256"]
      imaging_method_name: ["cryo-electron tomography"]
  AnnotationMethod:
    - {title: Picking, protocol_description: By hand., method_type: [point_annotations]}
  Protocol:
    - {title: Growth, protocol_description: Warm.}
    - {title: Reconstruction, protocol_description: Back projection.}
dataset_rembis:
  ImageAnalysisMethod: [{title: Counting, protocol_description: One by one., features_analysed: Dots.}]
  ImageCorrelationMethod:
    - {title: Overlay, protocol_description: Laid over., fiducials_used: Beads, transformation_matrix: m.csv}
datasets:
  - title: Frames
    id: set 1
    assigned_dataset_rembis:
      - image_acquisition_protocol_title: Tomography
      - image_analysis_method_title: Counting
      - {protocol_title: Reconstruction, annotation_method_title: Picking}
      - specimen_imaging_preparation_protocol_title: Freezing
      - image_correlation_method_title: [Overlay]
    assigned_images:
      - {label_prefix: Frames 1, file_pattern: "frames/TS_1_{}.tif", specimen_title: Specimen 1}
      - label: Lone image
        file_pattern: frames/lone.tif
        biosample_title: Made-up cells
        specimen_imaging_preparation_protocol_title: Freezing
        image_acquisition_protocol_title: Tomography
    additional_files: [{file_pattern: readme.txt}]
  - title: Tomograms
    assigned_images:
      - label: Tomogram 1
        file_pattern: tomograms/1.mrc
        protocol_title: [Reconstruction]
        input_label_prefix: Frames 1
        input_file_pattern: "frames/TS_1_{}.tif"
    assigned_annotations:
      - {label: Dots 1, file_pattern: dots.csv, annotation_method_title: Picking, input_label: [Tomogram 1, Nothing]}
"""

BY_RULE = """
accession_id: EMPIAR-MADEUPTEST
specimen_defaults:
  biosample_title: Cells
  specimen_imaging_preparation_protocol_titles: [Freezing]
specimens:
  patterns: ["tomo_(\\\\d{4})"]
  literal_alias_mappings:
    "cell_01": ["**/TS_1*", "**/one.mrc"]
biosamples:
  - {title: Cells, biological_entity_description: Cells.}
specimen_imaging_preparation_protocols: [{title: Freezing}]
image_acquisition_protocols: [{title: Tomography}]
protocols: [{title: Reconstruction}]
datasets:
  - name: Tomograms
    data_directories: [data/tomo]
    file_globs: {tilt_series: ["*.st"], tomogram: ["*.mrc"]}
    image_acquisition_protocol_title: {dataset: [Tomography]}
    protocol_titles: {tomogram: [Reconstruction]}
"""


def _document(text: str) -> Document:
    return Document("curated.yaml", "", text.encode())


def _reading(text: str) -> Reading:
    (result,) = read_any(_document(text))
    assert isinstance(result, Reading), result
    return result


def _study(text: str) -> Study:
    return _reading(text).study


def test_a_record_of_its_own_kind_without_a_title() -> None:
    reading = _reading(BY_OBJECT)
    assert (reading.format, reading.source, reading.quality) == ("bia-curation", "bia-curation", "curated")
    assert reading.study.title == "EMPIAR-MADEUPTEST"
    assert [one.resolution_method for one in reading.study.resolution if one.of_field == "title"] == [
        "unresolved"
    ]
    assert reading.study.publication[0].doi == "10.1000/made.up"


def test_everything_is_joined_by_title() -> None:
    study = _study(BY_OBJECT)
    named, unnamed = study.specimen
    assert named.prepared_from == unnamed.prepared_from == [study.biosample[0].id]
    protocols = {one.title: one.id for one in study.protocol}
    assert named.preparation_protocol == [protocols["Freezing"]]
    assert study.biosample[0].growth_protocol == [protocols["Growth"]]
    frames, lone, tomogram = study.image
    assert (frames.title, frames.of_specimen) == ("Frames 1", [named.id])
    assert (lone.of_specimen, lone.generated_by) == ([unnamed.id], [study.acquisition[0].id])
    assert tomogram.derived_from == [frames.id]
    assert tomogram.processing_protocol == [protocols["Reconstruction"]]
    assert tomogram.representation[0].file_reference[0].path == "tomograms/1.mrc"
    (mark,) = study.annotation
    assert mark.part_of == ["EMPIAR-MADEUPTEST/component/tomograms"]
    assert (mark.derived_from, mark.by_annotation_method) == ([tomogram.id], [study.annotation_method[0].id])


def test_parts_know_their_images_samples_and_methods() -> None:
    frames, tomograms = _study(BY_OBJECT).component
    assert (frames.title, frames.alternate_identifier) == ("Frames", ["set 1"])
    assert frames.uses_acquisition == ["EMPIAR-MADEUPTEST/acquisition/tomography"]
    assert frames.uses_analysis == ["EMPIAR-MADEUPTEST/analyzed/counting"]
    assert frames.uses_correlation == ["EMPIAR-MADEUPTEST/correlation/overlay"]
    assert frames.file_set[0].path_pattern == ["readme.txt"]
    assert frames.preparation_protocol == ["EMPIAR-MADEUPTEST/protocol/freezing"]
    assert frames.processing_protocol == ["EMPIAR-MADEUPTEST/protocol/reconstruction"]
    assert frames.by_annotation_method == ["EMPIAR-MADEUPTEST/annotation-method/picking"]
    assert len(frames.uses_specimen) == len(frames.has_image) == 2
    assert tomograms.has_image == ["EMPIAR-MADEUPTEST/image/tomogram-1"]


def test_organisms_and_methods_are_terms_and_what_names_none_is_kept() -> None:
    study = _study(BY_OBJECT)
    (sample,) = study.biosample
    yeast = sample.organism[0]
    assert (yeast.id, yeast.scientific_name) == (
        "http://purl.obolibrary.org/obo/NCBITaxon_4932",
        "Saccharomyces cerevisiae",
    )
    assert yeast.common_name == ["Yeast", "Baker's yeast"]
    assert sample.organism_text == ["S. cerevisiae"]
    assert study.acquisition[0].imaging_method_text == ["cryo-electron tomography"]
    assert [(t.id, t.label) for t in study.acquisition[0].imaging_method] == [
        ("http://purl.obolibrary.org/obo/FBbi_00000256", "electron microscopy"),
        ("http://purl.obolibrary.org/obo/FBbi_00100015", "cryogenic electron tomography"),
    ]
    assert {str(one.raw_text) for one in study.kept_value} == {"NCBI:txid000001", "Nothing"}


def test_rules_give_specimens_and_files_but_are_not_run() -> None:
    study = _study(BY_RULE)
    (specimen,) = study.specimen
    assert (specimen.title, specimen.prepared_from) == ("cell_01", [study.biosample[0].id])
    assert specimen.file_set[0].path_pattern == ["**/TS_1*", "**/one.mrc"]
    (part,) = study.component
    folder, tilts, tomograms = part.file_set
    assert (folder.path_pattern, tilts.image_category, tilts.path_pattern) == (
        ["data/tomo"],
        "tilt_series",
        ["*.st"],
    )
    assert tomograms.processing_protocol == ["EMPIAR-MADEUPTEST/protocol/reconstruction"]
    assert part.uses_acquisition == [study.acquisition[0].id]
    assert [one.raw_text for one in study.kept_value] == ["tomo_(\\d{4})"]


def test_defaults_are_nobody_s_when_a_dataset_has_a_pattern_of_its_own() -> None:
    patterned = "{specimen_id_pattern: 'cell_.*', biosample_title: Cells}"
    named = "{specimen_ids: [7], biosample_title: Cells}"
    group = f"    specimen_groups: [{patterned}, {named}]\n"
    study = _study(BY_RULE + group)
    made = {one.title: (one.prepared_from, one.preparation_protocol) for one in study.specimen if one.title}
    assert made == {"cell_01": ([], []), "7": ([study.biosample[0].id], [])}
    assert len(study.component[0].uses_specimen) == 2


def test_the_same_as_json() -> None:
    record = {
        "accession_id": "EMPIAR-MADEUPTEST",
        "rembis": {"BioSample": [{"title": "Cells"}]},
        "datasets": [],
    }
    assert _study(json.dumps(record)).biosample[0].title == "Cells"


def test_things_of_one_title_stay_apart() -> None:
    text = "accession_id: EMPIAR-MADEUPTEST\nrembis: {Protocol: [{title: P}, {title: P}, {title: '!'}, {}]}\n"
    assert len({one.id for one in _study(text).protocol}) == 3


def test_several_records_in_one_file() -> None:
    results = list(read_any(_document(BY_RULE + "---\n" + BY_OBJECT.replace("MADEUPTEST", "OTHERTEST"))))
    assert [result.part for result in results if isinstance(result, Reading)] == [1, 2]


def test_text_stays_text() -> None:
    study = _study(
        "accession_id: EMPIAR-MADEUPTEST\npaper_doi: no\nrembis: {x: 2024-01-01, y: 1.50, z: 007}\n"
    )
    assert [value.raw_text for value in study.kept_value] == ["no", "2024-01-01", "1.50", "007"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("accession_id: &a EMPIAR-10002\nrembis: {x: *a}\n", "syntax"),
        ("accession_id: EMPIAR-10002\nrembis: " + "[" * 80 + "]" * 80 + "\n", "too-deep"),
        ("accession_id: EMPIAR-10002\naccession_id: EMPIAR-10003\nrembis: {}\n", "duplicate-key"),
        ("accession_id: EMPIAR-10002\nrembis: {[a]: 1}\n", "duplicate-key"),
        ("accession_id: nonsense\nrembis: {}\n", "unknown-accession"),
        ("accession_id: [EMPIAR-10002]\nrembis: {}\n", "unknown-accession"),
        ("accession_id: EMPIAR-10002\nrembis: {\n", "syntax"),
    ],
)
def test_a_bad_record_is_refused_in_words(text: str, code: str) -> None:
    (result,) = empiar_curation.read(_document(text))
    assert isinstance(result, SourceMalformed)
    assert (result.code, bool(result.pointer), bool(result.fix)) == (code, True, True)


@pytest.mark.parametrize(
    "junk", ["~", "7", "x", "[]", "{}", "[[]]", "[~, 1, x, {}]", "{a: {b: [c]}}", "[{title: {}}]"]
)
def test_wrong_types_anywhere_are_kept_not_fatal(junk: str) -> None:
    for name in (
        "rembis",
        "datasets",
        "specimens",
        "specimen_defaults",
        "biosamples",
        "protocols",
        "paper_doi",
    ):
        reading = _reading(f"accession_id: EMPIAR-MADEUPTEST\n{name}: {junk}\n")
        assert len(reading.study.kept_value) == reading.leaves.kept


def test_templates_and_lists_of_annotation_files_hold_no_study() -> None:
    points = '[{"mode": "star", "proposal": [{"annotation_data_uuid": "x"}]}]'
    for text in ("accession_id: EMPIAR-XXXXX\nrembis: {}\n", points):
        (result,) = read_any(_document(text))
        assert isinstance(result, SourceSkipped)


def test_rembigraph_s_own_yaml_is_still_its_own() -> None:
    own = _document("model: rembigraph/0.1\naccession: EXAMPLE-0001\ntitle: Made-up\n")
    assert rembi_yaml.recognises(own)
    assert not empiar_curation.recognises(own)
    assert not rembi_yaml.recognises(_document(BY_OBJECT))


def test_of_a_key_that_stands_twice_the_last_value_counts_and_the_first_is_reported() -> None:
    text = (
        "accession_id: EMPIAR-MADEUPTEST\n"
        "rembis: {AnnotationMethod: [{title: By hand}, {title: By program}]}\n"
        "datasets:\n"
        "  - title: Tomograms\n"
        "    assigned_annotations:\n"
        "      - label: Points\n"
        "        annotation_method_title: By hand and program\n"
        "        annotation_method_title: [By hand, By program]\n"
        "    additional_files: [{file_pattern: a}]\n"
        "    additional_files: [{file_pattern: b}]\n"
    )
    reading = _reading(text)
    study = reading.study
    assert study.annotation[0].by_annotation_method == [one.id for one in study.annotation_method]
    replaced = [
        (one.of_field, one.raw_text, one.pointer) for one in study.resolution if one.of_field != "title"
    ]
    assert replaced == [
        (
            "annotation_method_title",
            "By hand and program",
            "/datasets/0/assigned_annotations/0/annotation_method_title",
        ),
        ("additional_files", "a", "/datasets/0/additional_files"),
    ]
    assert (reading.leaves.kept, reading.leaves.total) == (0, 8)
