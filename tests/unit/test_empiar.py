"""EMPIAR's API, depositions and XML headers: every form of a value, nothing private, nothing made up."""

from __future__ import annotations

import json
from typing import Any

import pytest
from rembigraph.loaders import empiar, empiar_deposition, empiar_xml
from rembigraph.loaders import read as read_any
from rembigraph.loaders.reading import Document, Reading
from rembigraph.ontology.errors import SourceMalformed, SourceSkipped
from rembigraph.ontology.generated.models import Study

ORCID = "0000-0002-1825-0097"
CONCEPTS = "https://w3id.org/rembigraph/ns#"


def _imageset(**more: Any) -> dict[str, Any]:
    return {"name": "Made-up tilt series", "directory": "data/tilt", "segmentations": [], **more}


def _entry(**more: Any) -> dict[str, Any]:
    return {"title": "A made-up entry", "imagesets": [_imageset()], **more}


def _document(value: Any) -> Document:
    return Document("entry.json", "", value if isinstance(value, bytes) else json.dumps(value).encode())


def _readings(value: Any) -> list[Reading]:
    results = list(read_any(_document(value)))
    assert all(isinstance(result, Reading) for result in results), results
    return results  # type: ignore[return-value]


def _study(**more: Any) -> Study:
    (reading,) = _readings({"EMPIAR-MADEUPTEST": _entry(**more)})
    return reading.study


def _kept(study: Study) -> dict[str, str]:
    return {
        str(value.pointer).removeprefix("/EMPIAR-MADEUPTEST"): str(value.raw_text)
        for value in study.kept_value
    }


def test_the_key_of_the_envelope_is_the_accession() -> None:
    (reading,) = _readings({"EMPIAR-MADEUPTEST": _entry(entry_doi="10.6019/EMPIAR-10002")})
    assert (reading.study.accession, reading.format, reading.source) == (
        "EMPIAR-MADEUPTEST",
        "empiar-api",
        "empiar",
    )
    assert reading.study.dataset_doi == "https://doi.org/10.6019/empiar-10002"
    assert reading.part == 0
    assert reading.study.related == []


def test_several_entries_are_several_studies_with_their_own_bytes() -> None:
    first = b'"EMPIAR-MADEUPTEST": {"title": "One", "imagesets": [{"pixel_width": 1.50}]}'
    text = b"{" + first + b', "EMPIAR-99998": {"title": "Two"}}'
    one, two = _readings(text)
    assert (one.part, two.part) == (1, 2)
    assert one.source_bytes == b'{"EMPIAR-MADEUPTEST":{"imagesets":[{"pixel_width":1.50}],"title":"One"}}'
    assert (one.leaves.total, two.leaves.total) == (2, 1)


@pytest.mark.parametrize(
    "entry", [{}, None, [], "not found", {"message": "Entry not found"}, {"error": "no"}]
)
def test_an_envelope_without_an_entry_is_skipped(entry: Any) -> None:
    (result,) = read_any(_document({"EMPIAR-99999": entry}))
    assert isinstance(result, SourceSkipped)
    assert "EMPIAR has no entry EMPIAR-99999" in result.message


def test_a_schema_is_skipped_even_when_it_is_broken() -> None:
    text = b'{"$id": "https://empiar.example/x", "$schema": "http://json-schema.org/schema#", "a": 1, "a": 2}'
    (result,) = read_any(_document(text))
    assert isinstance(result, SourceSkipped)


def test_an_accession_that_is_none_is_refused_with_its_place() -> None:
    (result,) = empiar.read(_document({"EMPIAR-1": _entry()}))
    assert isinstance(result, SourceMalformed)
    assert (result.code, result.pointer) == ("unknown-accession", "/EMPIAR-1")


def test_an_entry_without_a_title_is_called_by_its_accession() -> None:
    (reading,) = _readings({"EMPIAR-MADEUPTEST": {"imagesets": [], "title": None, "authors": []}})
    assert reading.study.title == "EMPIAR-MADEUPTEST"
    assert [(one.of_field, one.resolution_method) for one in reading.study.resolution] == [
        ("title", "unresolved")
    ]


# --- image sets


def test_pixel_sizes_of_the_api_are_in_angstrom_with_metres_beside() -> None:
    study = _study(
        imagesets=[_imageset(pixel_width=3.425, pixel_height="70", image_width="5760", image_height=4092)]
    )
    files = study.component[0].file_set[0]
    x, y = files.voxel_size
    assert (x.title, x.numeric_value, x.unit_code, x.value_si, x.raw_text) == (
        "x",
        3.425,
        "Ao",
        3.425e-10,
        "3.425",
    )
    assert (y.title, y.value_si, y.unit) == ("y", 7e-09, "http://qudt.org/vocab/unit/ANGSTROM")
    assert (files.size_x, files.size_y) == (5760, 4092)


def test_what_is_no_number_stays_as_it_is() -> None:
    study = _study(
        imagesets=[_imageset(pixel_width="about 3", pixel_height=0, image_width="4k", frames_per_image=-1)]
    )
    files = study.component[0].file_set[0]
    assert (files.voxel_size, files.size_x, files.frames_per_image) == ([], None, None)
    assert _kept(study) == {
        "/imagesets/0/pixel_width": "about 3",
        "/imagesets/0/pixel_height": "0",
        "/imagesets/0/image_width": "4k",
        "/imagesets/0/frames_per_image": "-1",
    }


def test_an_image_set_is_a_part_with_its_files() -> None:
    study = _study(
        imagesets=[
            _imageset(
                category="tilt series",
                header_format="MRC",
                data_format="TIFF",
                voxel_type="32 BIT FLOAT",
                num_images_or_tilt_series=2,
                frames_per_image=10.0,
                frame_range_min=1,
                frame_range_max=10,
                details="Aligned.",
                micrographs_file_pattern="data/tilt/*.mrc",
                picked_particles_directory="data/picked",
                picked_particles_file_pattern="",
            )
        ]
    )
    (part,) = study.component
    assert (part.title, part.description) == ("Made-up tilt series", "Aligned.")
    images, picked = part.file_set
    assert images.path_pattern == ["data/tilt", "data/tilt/*.mrc"]
    assert (images.image_category, images.header_format, images.format) == ("tilt series", "MRC", "TIFF")
    assert (images.image_count, images.frames_per_image, images.first_frame, images.last_frame) == (
        2,
        10,
        1,
        10,
    )
    assert picked.path_pattern == ["data/picked"]
    assert study.kept_value == []


def test_image_sets_of_the_same_name_stay_apart() -> None:
    study = _study(imagesets=[_imageset(frames_per_image=1), _imageset(frames_per_image=2)])
    assert len({part.id for part in study.component}) == len({p.file_set[0].id for p in study.component}) == 2


# --- terms, sizes, dates


@pytest.mark.parametrize(
    ("given", "concept"),
    [
        ("FIB-SEM", "FibSemExperiment"),
        ("fib-sem", "FibSemExperiment"),
        (5, "FibSemExperiment"),
        ("13", "SsetExperiment"),
    ],
)
def test_experiment_types_by_name_and_number(given: Any, concept: str) -> None:
    study = _study(experiment_type=given)
    assert study.experiment_type
    assert study.experiment_type.id == CONCEPTS + concept
    assert study.resolution[0].raw_text == str(given)


def test_an_unknown_experiment_type_is_kept_and_reported() -> None:
    study = _study(experiment_type=10, scale="planet")
    assert (study.experiment_type, study.scale) == (None, [])
    assert _kept(study) == {"/experiment_type": "10", "/scale": "planet"}
    assert {one.resolution_method for one in study.resolution} == {"unresolved"}


def test_a_rounded_size_is_no_number_of_bytes() -> None:
    study = _study(dataset_size="1.9 TB", scale="cell")
    assert (study.data_size_text, study.byte_size) == ("1.9 TB", None)
    assert study.scale[0].id == CONCEPTS + "CellScale"


def test_dates_status_and_versions() -> None:
    study = _study(
        status="OBS",
        deposition_date="2020-01-02",
        release_date="2020-02-03",
        update_date="2021-01-01",
        obsolete_date="2022-01-01",
        version_history=[
            {"version_number": 2, "date": "2021-01-01", "status_code": "REL", "details": "Pixel size."}
        ],
    )
    assert (study.deposited, study.issued, study.modified) == ("2020-01-02", "2020-02-03", "2021-01-01")
    assert (study.obsoleted, study.release_status) == ("2022-01-01", "OBS")
    assert study.version_note == ["2 (2021-01-01, REL): Pixel size."]
    assert study.kept_value == []


# --- people


def test_authors_in_every_shape() -> None:
    study = _study(
        authors=[
            {"author": {"name": "Lovelace A", "author_orcid": ORCID}},
            {"name": "('De la Cruz', 'MJ')", "author_orcid": None},
            "Hopper G",
            {"author": {"name": "Wang Y", "author_orcid": "0000-0002-1825-0098"}},
            {"author": {"name": "Wang Y", "author_orcid": None}},
        ]
    )
    people = study.contribution
    assert [one.display_name for one in people] == [
        "Lovelace A",
        "De la Cruz MJ",
        "Hopper G",
        "Wang Y",
        "Wang Y",
    ]
    assert [one.position for one in people] == [1, 2, 3, 4, 5]
    assert people[0].agent == f"https://orcid.org/{ORCID}"
    assert people[1].person
    assert (people[1].person.family_name, people[1].person.given_name) == ("De la Cruz", "MJ")
    assert people[3].person
    assert people[3].person.alternate_identifier == ["0000-0002-1825-0098"]
    assert study.kept_value == []


def test_roles_go_to_the_author_of_the_same_orcid_and_contacts_are_left_out() -> None:
    contact = {
        "author_orcid": ORCID,
        "first_name": "Ada",
        "middle_name": "King",
        "last_name": "Lovelace",
        "organization": "Made-up Institute",
        "street": "Secret Street 1",
        "town_or_city": "Hidden",
        "state_or_province": "Private",
        "post_or_zip": "XX1",
        "country": "Nowhere",
        "telephone": "+00 1",
        "fax": None,
        "email": "ada [at] example.org",
        "entry": "EMPIAR-MADEUPTEST",
    }
    study = _study(
        authors=[{"author": {"name": "Lovelace A", "author_orcid": ORCID}}],
        corresponding_author={"author": contact},
        principal_investigator=[contact],
    )
    (one,) = study.contribution
    assert one.role == ["corresponding author", "principal investigator"]
    assert one.person
    assert (one.person.given_name, one.person.family_name) == ("Ada King", "Lovelace")
    assert [(at.name, at.address) for at in one.person.affiliation] == [("Made-up Institute", "Nowhere")]
    text = study.model_dump_json()
    assert not any(
        word in text for word in ("Secret", "Hidden", "Private", "XX1", "+00", "ada ", "example.org")
    )
    assert study.kept_value == []


def test_no_corresponding_author_is_an_empty_list() -> None:
    assert _study(corresponding_author=[], authors=[], principal_investigator=[]).kept_value == []


def test_an_obfuscated_address_in_words_is_removed() -> None:
    study = _study(imagesets=[_imageset(details="Ask ada.l [at] example.org for more.")])
    assert study.component[0].description == "Ask [e-mail removed] for more."


def test_grants_name_their_funder_and_its_country() -> None:
    study = _study(grant_references=[{"funding_body": "Made-up Fund", "code": "M/1", "country": "Nowhere"}])
    (grant,) = study.grant
    assert (grant.grant_identifier, grant.funder[0].name, grant.funder[0].address) == (
        "M/1",
        "Made-up Fund",
        "Nowhere",
    )


# --- citations and references


def _citation(**more: Any) -> dict[str, Any]:
    return {"title": "A made-up paper", "journal": "J", "doi": "10.1000/x", "pubmedid": "123", **more}


def test_a_citation_with_authors_and_orcids() -> None:
    study = _study(
        citation=[
            _citation(
                authors=[
                    {"name": "('B', 'A')", "order_id": 1},
                    {"name": "Z", "order_id": 0, "author_orcid": ORCID},
                ],
                editors=[],
                published=True,
                preprint=False,
                j_or_nj_citation=True,
                year=2019,
                details=None,
                publisher=None,
                country="",
            )
        ]
    )
    (paper,) = study.publication
    assert paper.id == "https://doi.org/10.1000/x"
    assert (paper.pubmed_id, paper.authors_text, paper.publication_date) == ("123", "Z; B A", "2019")
    assert paper.creator == [f"https://orcid.org/{ORCID}"]
    assert paper.publication_status == ["published", "not a preprint", "journal publication"]
    assert study.kept_value == []


def test_two_citations_of_one_doi_and_what_is_no_doi() -> None:
    study = _study(
        citation=[_citation(), _citation(title="Again"), _citation(doi="pending", pubmedid="soon")]
    )
    first, second, third = study.publication
    assert first.id != second.id
    assert third.alternate_identifier == ["pending", "soon"]


@pytest.mark.parametrize("wrap", [lambda name: name, lambda name: {"name": name}])
def test_references_go_where_their_archive_belongs(wrap: Any) -> None:
    names = [
        "EMD-1234",
        "emd-12345",
        "PDB-7nv0",
        "1abc",
        "S-BIAD1",
        "idr0001",
        "EMPIAR-10002",
        "S-SCDT-X",
        "10003",
    ]
    study = _study(cross_references=[wrap(name) for name in names])
    assert [one.external_identifier for one in study.reconstructed_as] == ["EMD-1234", "EMD-12345"]
    assert [(one.id, one.external_identifier) for one in study.modelled_as] == [
        ("http://rdf.wwpdb.org/pdb/7NV0", "7NV0"),
        ("http://rdf.wwpdb.org/pdb/1ABC", "1ABC"),
    ]
    assert study.reconstructed_as[0].id == "http://www.ebi.ac.uk/emdb/EMD-1234"
    elsewhere = [one.id for one in (*study.reconstructed_as, *study.modelled_as)]
    assert [link.link_to for link in study.related] == [*elsewhere, "S-BIAD1", "idr0001", "EMPIAR-10002"]
    relations = [link.link_relation for link in study.related[:4]]
    assert relations == ["reconstructed_as", "reconstructed_as", "modelled_as", "modelled_as"]
    assert study.related[2].evidence_text == ["cross_references: PDB-7nv0"]
    assert study.related[4].evidence_text == ["cross_references: S-BIAD1"]
    assert {link.evidence_kind for link in study.related} == {"reference_field"}
    assert [one.external_identifier for one in study.see_also] == ["S-SCDT-X", "10003"]


def test_a_reference_to_itself_is_no_link() -> None:
    study = _study(empiar_references=[{"name": "EMPIAR-MADEUPTEST"}])
    assert study.related == []
    assert _kept(study) == {"/empiar_references/0/name": "EMPIAR-MADEUPTEST"}


def test_workflows() -> None:
    study = _study(
        workflows=[{"url": "https://example.org/w", "type": 1}], workflow_file={"path": "data/w.json"}
    )
    assert (study.see_also[0].external_archive, study.see_also[0].landing_page) == (
        "WorkflowHub",
        "https://example.org/w",
    )
    assert study.protocol[0].title == "data/w.json"
    assert study.kept_value == []


@pytest.mark.parametrize(
    "junk", [None, True, 7, "x", [], {}, [[]], [None], {"a": [{}]}, ["x", 1], {"name": {"name": []}}]
)
def test_wrong_types_anywhere_are_kept_not_fatal(junk: Any) -> None:
    names = (
        "imagesets",
        "authors",
        "corresponding_author",
        "principal_investigator",
        "citation",
        "cross_references",
    )
    names += (
        "grant_references",
        "version_history",
        "dataset_size",
        "experiment_type",
        "scale",
        "entry_doi",
        "workflows",
    )
    for name in names:
        (reading,) = _readings({"EMPIAR-MADEUPTEST": _entry(**{name: junk})})
        assert len(reading.study.kept_value) == reading.leaves.kept


# --- depositions


def _deposition(**more: Any) -> dict[str, Any]:
    return _entry(
        experiment_type=3, release_date="RE", authors=[{"name": "('B', 'A')", "order_id": 0}], **more
    )


def test_a_deposition_is_a_draft_with_decoded_codes() -> None:
    imageset = _imageset(
        category="('T9', '')",
        header_format="('OT', 'MY FORMAT')",
        data_format="('T8', '')",
        voxel_type="('T99', '')",
        pixel_width=1.6,
    )
    (reading,) = _readings(_deposition(imagesets=[imageset], scale="3"))
    files = reading.study.component[0].file_set[0]
    assert (reading.format, reading.quality, reading.study.archive) == ("empiar-deposition", "draft", "Draft")
    assert (files.image_category, files.header_format, files.format) == (
        "tilt series",
        "MY FORMAT",
        "BIG DATA VIEWER HDF5",
    )
    assert files.voxel_type is None
    assert (files.voxel_size[0].unit_code, files.voxel_size[0].value_si) == ("Ao", 1.6e-10)
    assert {one.raw_text for one in reading.study.resolution} >= {"('T9', '')", "('T99', '')"}
    assert (reading.study.issued, reading.study.contribution[0].display_name) == (None, "B A")
    assert set(_kept(reading.study)) == {"/release_date", "/imagesets/0/voxel_type"}


def test_a_deposition_without_a_title_is_refused() -> None:
    (result,) = empiar_deposition.read(_document(_deposition(title=" ")))
    assert isinstance(result, SourceMalformed)
    assert result.pointer == "/title"


# --- XML headers

HEADER = """<entry xmlns="http://pdbe.org/empiar" accessionCode="EMPIAR-99998" public="true">
  <admin>
    <currentStatus>REL</currentStatus>
    <keyDates><depositionDate>2021-12-31</depositionDate><releaseDate>2022-02-07</releaseDate></keyDates>
    <title>A made-up header</title>
    <correspondingAuthor><authorORCID>0000-0002-1825-0097</authorORCID><firstName>Ada</firstName>
      <lastName>Lovelace</lastName><organization>Sea &amp;amp; Sky</organization><street>Secret Street</street>
      <postOrZipCode>XX1</postOrZipCode></correspondingAuthor>
    <authorsList><author authorORCID="0000-0002-1825-0097">Lovelace A</author><author>Hopper G</author></authorsList>
    <datasetSize units="TB">1.9</datasetSize>
    <experimentType>CLEM</experimentType>
  </admin>
  <crossReferences><relatedEMDBEntries>
    <emdbEntry>EMD-1234</emdbEntry><emdbEntry>EMD-1235</emdbEntry></relatedEMDBEntries>
    <citationList><universalCitation><journalCitation published="true" preprint="false">
      <author order="1">Lovelace A</author><author order="2">Hopper G</author><title>Paper</title>
      <externalReferences type="doi">10.1000/x</externalReferences>
      <externalReferences type="issn">0000-0000</externalReferences>
    </journalCitation></universalCitation></citationList>
  </crossReferences>
  <imageSet><name>Set</name><directory>/data/x</directory><dimensions><imageWidth>10</imageWidth>
    <pixelWidth units="nm">0.5</pixelWidth><pixelHeight>5</pixelHeight></dimensions><segmentationList/></imageSet>
</entry>"""


def _xml(text: str) -> Document:
    return Document("99998.xml", "", text.encode())


def test_a_header_says_what_the_api_says() -> None:
    (reading,) = read_any(_xml(HEADER))
    assert isinstance(reading, Reading)
    study = reading.study
    assert (study.accession, study.issued, study.release_status) == ("EMPIAR-99998", "2022-02-07", "REL")
    assert [one.display_name for one in study.contribution] == ["Lovelace A", "Hopper G"]
    assert study.contribution[0].affiliation[0].name == "Sea & Sky"
    assert study.data_size_text == "1.9 TB"
    assert [one.external_identifier for one in study.reconstructed_as] == ["EMD-1234", "EMD-1235"]
    assert (study.publication[0].doi, study.publication[0].alternate_identifier) == (
        "10.1000/x",
        ["issn:0000-0000"],
    )
    x, y = study.component[0].file_set[0].voxel_size
    assert (x.value_si, x.raw_text) == (5e-10, "0.5 nm")
    assert (y.numeric_value, y.unit_code, y.value_si) == (5, "Ao", pytest.approx(5e-10))
    assert [value.pointer for value in study.kept_value] == ["/entry/@public"]
    assert "Secret" not in study.model_dump_json()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('<!DOCTYPE entry [<!ENTITY a "b">]>' + HEADER.replace("REL", "&a;"), "dtd"),
        ('<!DOCTYPE entry SYSTEM "file:///etc/passwd">' + HEADER, "dtd"),
        (HEADER.replace("REL", "&nothing;"), "syntax"),
        (HEADER[:-9], "syntax"),
        (HEADER.replace("<name>", "<name>" + "<a>" * 80), "too-deep"),
        (HEADER.replace("EMPIAR-99998", "EMPIAR-1"), "unknown-accession"),
        (HEADER.replace('accessionCode="EMPIAR-99998"', ""), "unknown-accession"),
        ('<?xml version="1.0" encoding="no-such-code"?>' + HEADER, "encoding"),
    ],
)
def test_a_bad_header_is_refused_in_words(text: str, code: str) -> None:
    (result,) = empiar_xml.read(_xml(text))
    assert isinstance(result, SourceMalformed)
    assert (result.code, bool(result.fix)) == (code, True)


def test_other_documents_are_not_taken() -> None:
    for text in (
        "<html><entry/></html>",
        '{"imagesets": 1}',
        '{"title": "EMPIAR-10002"}',
        "accession: EMPIAR-10002",
    ):
        document = _document(text.encode())
        assert not any(module.recognises(document) for module in (empiar, empiar_deposition, empiar_xml))
