"""Whole EMPIAR documents in every form: each field in its slot, the rest kept or left out under a rule."""

from __future__ import annotations

import json
from typing import Any

import pytest
from rembigraph.loaders import read as read_any
from rembigraph.loaders.reading import Document, Reading
from rembigraph.ontology.errors import SourceError, SourceMalformed

HEADER = """<?xml version="1.0" encoding="UTF-8"?>
<e:entry xmlns:e="EMPIARSchema" accessionCode="EMPIAR-99998" public="true" schemaVersion="1.8">
  <e:admin>
    <e:currentStatus>OBS</e:currentStatus>
    <e:keyDates>
      <e:depositionDate>2021-12-31</e:depositionDate><e:releaseDate>2022-02-07</e:releaseDate>
      <e:obsoleteDate>2023-01-01</e:obsoleteDate><e:updateDate>2023-01-02</e:updateDate>
    </e:keyDates>
    <e:title>A made-up header &amp;amp; its title</e:title>
    <e:correspondingAuthor>
      <e:firstName>Ada</e:firstName><e:middleName>King</e:middleName><e:lastName>Lovelace</e:lastName>
      <e:organization type="academic">Made-up Institute</e:organization>
      <e:street>Secret Street</e:street><e:townOrCity>Hidden</e:townOrCity>
      <e:stateOrProvince>Private</e:stateOrProvince><e:country>Nowhere</e:country>
      <e:postOrZipCode>XX1</e:postOrZipCode>
      <e:email type="work">ada@example.org</e:email>
      <e:telephone><e:country>00</e:country><e:area>11</e:area><e:local>2222</e:local></e:telephone>
      <e:fax><e:local>3333</e:local></e:fax>
    </e:correspondingAuthor>
    <e:authorsList><e:author>Hopper G</e:author></e:authorsList>
    <e:versionHistory>
      <e:version><e:versionNumber>1</e:versionNumber><e:date>2022-02-07</e:date><e:statusCode>REL</e:statusCode>
        <e:annotator>A Curator</e:annotator></e:version>
      <e:version><e:versionNumber>2</e:versionNumber><e:date>2023-01-02</e:date><e:statusCode>OBS</e:statusCode>
        <e:details>Withdrawn by the authors.</e:details></e:version>
    </e:versionHistory>
    <e:datasetSize units="GB">12.5</e:datasetSize>
    <e:entryDOI>10.6019/EMPIAR-99998</e:entryDOI>
    <e:experimentType>FIB-SEM</e:experimentType>
    <e:scale>tissue</e:scale>
    <e:scipionWorkflow>data/workflow.json</e:scipionWorkflow>
    <e:grantReferences>
      <e:grantReference><e:fundingBody>Made-up Fund</e:fundingBody><e:code>M/1</e:code></e:grantReference>
      <e:grantReference><e:fundingBody>Other Fund</e:fundingBody></e:grantReference>
    </e:grantReferences>
  </e:admin>
  <e:crossReferences>
    <e:relatedEMDBEntries><e:emdbEntry>EMD-1234</e:emdbEntry></e:relatedEMDBEntries>
    <e:relatedBioStudiesEntries>
      <e:bioStudiesEntry>S-BIAD1</e:bioStudiesEntry><e:bioStudiesEntry>S-MADE-UP-1</e:bioStudiesEntry>
    </e:relatedBioStudiesEntries>
    <e:relatedIdrEntries><e:idrEntry>idr0001</e:idrEntry></e:relatedIdrEntries>
    <e:relatedEmpiarEntries><e:empiarEntry>EMPIAR-99997</e:empiarEntry></e:relatedEmpiarEntries>
    <e:citationList>
      <e:universalCitation><e:nonJournalCitation published="false">
        <e:author order="2">Hopper G</e:author><e:author order="1">Lovelace A</e:author>
        <e:editor order="1">Babbage C</e:editor>
        <e:bookTitle>A made-up book</e:bookTitle><e:publisher>Made-up Press</e:publisher>
        <e:publicationLocation>Nowhere</e:publicationLocation><e:volume>3</e:volume><e:year>1843</e:year>
        <e:firstPage>1</e:firstPage><e:lastPage>9</e:lastPage>
      </e:nonJournalCitation></e:universalCitation>
      <e:universalCitation><e:journalCitation published="true" preprint="true">
        <e:title>A made-up paper</e:title><e:journal>J</e:journal><e:journalAbbreviation>J.</e:journalAbbreviation>
        <e:externalReferences type="pubmed">123</e:externalReferences>
      </e:journalCitation></e:universalCitation>
    </e:citationList>
  </e:crossReferences>
  <e:imageSet>
    <e:name>Slices</e:name><e:directory>data/slices</e:directory><e:category>stitched maps</e:category>
    <e:numImagesOrTiltSeries>7</e:numImagesOrTiltSeries><e:framesPerImage>4</e:framesPerImage>
    <e:frameRange><e:frameRangeMin>2</e:frameRangeMin><e:frameRangeMax>3</e:frameRangeMax></e:frameRange>
    <e:dimensions><e:imageWidth>variable</e:imageWidth><e:imageHeight>8</e:imageHeight>
      <e:pixelWidth>12.5</e:pixelWidth><e:pixelHeight units="furlong">1</e:pixelHeight></e:dimensions>
    <e:segmentationList>
      <e:segmentation><e:segmentationId>41</e:segmentationId><e:file>data/nuclei.hff</e:file>
        <e:description>Nuclei</e:description><e:originalFiles>data/nuclei.am</e:originalFiles>
        <e:originalFormat>Amira Mesh</e:originalFormat></e:segmentation>
      <e:segmentation><e:segmentationId>42</e:segmentationId><e:file>data/cells.hff</e:file></e:segmentation>
    </e:segmentationList>
  </e:imageSet>
</e:entry>"""


def _only(data: bytes) -> Reading:
    (result,) = read_any(Document("made-up", "", data))
    assert isinstance(result, Reading), result
    return result


def _read(value: Any) -> list[Reading | SourceError]:
    return list(read_any(Document("made-up.json", "", json.dumps(value).encode())))


# --- XML headers


@pytest.fixture(scope="module")
def header() -> Reading:
    return _only(HEADER.encode())


def test_a_header_in_another_namespace_is_read_whole(header: Reading) -> None:
    kept = {one.pointer: one.raw_text for one in header.study.kept_value}
    sizes = "/entry/imageSet/dimensions"
    assert kept == {
        "/entry/@public": "true",
        "/entry/@schemaVersion": "1.8",
        "/entry/admin/correspondingAuthor/organization/@type": "academic",
        f"{sizes}/imageWidth": "variable",
    }


def test_a_header_gives_dates_versions_size_and_terms(header: Reading) -> None:
    study = header.study
    assert (study.title, study.release_status) == ("A made-up header & its title", "OBS")
    assert (study.deposited, study.issued, study.modified, study.obsoleted) == (
        "2021-12-31",
        "2022-02-07",
        "2023-01-02",
        "2023-01-01",
    )
    assert study.version_note == ["1 (2022-02-07, REL)", "2 (2023-01-02, OBS): Withdrawn by the authors."]
    assert (study.data_size_text, study.dataset_doi) == ("12.5 GB", "https://doi.org/10.6019/empiar-99998")
    assert study.experiment_type
    assert (study.experiment_type.label, study.scale[0].label) == (
        "focused ion beam scanning electron microscopy",
        "tissue",
    )
    assert [one.title for one in study.protocol] == ["data/workflow.json"]
    assert [(one.grant_identifier, one.funder[0].name) for one in study.grant] == [
        ("M/1", "Made-up Fund"),
        (None, "Other Fund"),
    ]


def test_who_is_no_author_has_no_place_among_authors(header: Reading) -> None:
    people = [(one.display_name, one.position, one.role) for one in header.study.contribution]
    assert people == [("Hopper G", 1, []), ("Ada King Lovelace", None, ["corresponding author"])]
    text = header.study.model_dump_json()
    private = ("Secret", "Hidden", "Private", "XX1", "2222", "3333", "example.org", "A Curator")
    assert not any(word in text for word in private)


def test_references_of_a_header_are_links_that_quote_it(header: Reading) -> None:
    study = header.study
    assert [(one.link_to, one.evidence_text) for one in study.related] == [
        ("http://www.ebi.ac.uk/emdb/EMD-1234", ["relatedEMDBEntries: EMD-1234"]),
        ("S-BIAD1", ["relatedBioStudiesEntries: S-BIAD1"]),
        ("idr0001", ["relatedIdrEntries: idr0001"]),
        ("EMPIAR-99997", ["relatedEmpiarEntries: EMPIAR-99997"]),
    ]
    assert [(one.external_identifier, one.external_archive) for one in study.see_also] == [
        ("S-MADE-UP-1", "BioStudies")
    ]
    assert [one.external_identifier for one in study.reconstructed_as] == ["EMD-1234"]


def test_a_book_and_a_preprint(header: Reading) -> None:
    papers = {one.title: one for one in header.study.publication}
    book, preprint = papers["A made-up book"], papers["A made-up paper"]
    assert (book.authors_text, book.editors_text) == ("Lovelace A; Hopper G", "Babbage C")
    assert book.publisher
    assert (book.publisher.name, book.publisher.address, book.publication_date) == (
        "Made-up Press",
        "Nowhere",
        "1843",
    )
    assert (book.journal_volume, book.first_page, book.last_page) == ("3", "1", "9")
    assert book.publication_status == ["unpublished", "non-journal publication"]
    assert preprint.publication_status == ["published", "preprint", "journal publication"]
    assert (preprint.pubmed_id, preprint.journal_abbreviation) == ("123", "J.")


def test_an_image_set_of_a_header_with_frames_sizes_and_segmentations(header: Reading) -> None:
    (part,) = header.study.component
    files = part.file_set[0]
    assert (files.first_frame, files.last_frame, files.size_x, files.size_y) == (2, 3, None, 8)
    assert [(one.title, one.unit_code, one.raw_text) for one in files.voxel_size] == [
        ("x", "Ao", "12.5"),
        ("y", None, "1 furlong"),
    ]
    nuclei, cells = header.study.annotation
    assert (nuclei.id, nuclei.description, nuclei.part_of) == (
        "EMPIAR-99998/annotation/41",
        "Nuclei",
        [part.id],
    )
    assert [one.path for one in nuclei.file_reference] == ["data/nuclei.hff"]
    assert (nuclei.file_set[0].path_pattern, nuclei.file_set[0].format) == (["data/nuclei.am"], "Amira Mesh")
    assert [one.path for one in cells.file_reference] == ["data/cells.hff"]


# --- depositions

DEPOSITION: dict[str, Any] = {
    "title": "A made-up deposition",
    "release_date": "HP",
    "experiment_type": 7,
    "scale": "4",
    "cross_references": [{"name": "EMD-8000"}],
    "biostudies_references": [{"name": "S-SCDT-MADE-UP"}],
    "empiar_references": [{"name": "EMPIAR-10002"}],
    "workflows": [{"url": "https://example.org/workflow.1", "type": 1}],
    "scipion": {"scipion_workflow": "data/workflow.json"},
    "authors": [
        {"name": "(u'Hopper', u'G')", "order_id": 1, "author_orcid": None},
        {"name": "('De la Cruz', 'MJ')", "order_id": 0, "author_orcid": "0000-0002-1825-0097"},
    ],
    "corresponding_author": {
        "author_orcid": "0000-0002-1825-0097",
        "first_name": "Maria",
        "middle_name": None,
        "last_name": "De la Cruz",
        "organization": "Made-up Institute",
        "street": "Secret Street",
        "city": "Hidden",
        "state": "Private",
        "postal_code": "XX1",
        "telephone": "012345",
        "fax": None,
        "email": "maria@example.org",
        "country": "ES",
    },
    "principal_investigator": [],
    "imagesets": [
        {
            "name": "Light and electrons",
            "directory": "/data/clem",
            "category": "(u'T14', u'')",
            "header_format": "('T1', '')",
            "data_format": "('OT', 'TEXT')",
            "voxel_type": "('T9', '')",
            "num_images_or_tilt_series": 16,
            "frames_per_image": 121,
            "pixel_width": 1.6,
            "pixel_height": None,
            "image_width": 3838,
            "image_height": None,
            "details": None,
        }
    ],
    "citation": [
        {"authors": [], "published": False, "j_or_nj_citation": True, "title": "Soon", "year": None}
    ],
}


def test_a_deposition_is_read_whole() -> None:
    study = _only(json.dumps(DEPOSITION).encode()).study
    files = study.component[0].file_set[0]
    assert (files.image_category, files.header_format, files.format, files.voxel_type) == (
        "subtomograms",
        "MRC",
        "TEXT",
        "4 BIT INTEGER",
    )
    assert [(one.numeric_value, one.unit_code) for one in files.voxel_size] == [(1.6, "Ao")]
    assert [(one.position, one.display_name, one.role) for one in study.contribution] == [
        (1, "De la Cruz MJ", ["corresponding author"]),
        (2, "Hopper G", []),
    ]
    assert study.experiment_type
    assert (study.experiment_type.label, study.scale[0].label) == (
        "correlative light-electron microscopy",
        "tissue",
    )
    assert [one.link_to for one in study.related] == ["http://www.ebi.ac.uk/emdb/EMD-8000", "EMPIAR-10002"]
    assert [(one.external_identifier, one.external_archive) for one in study.see_also] == [
        ("https://example.org/workflow.1", "WorkflowHub"),
        ("S-SCDT-MADE-UP", "BioStudies"),
    ]
    assert study.protocol[0].title == "data/workflow.json"
    assert study.publication[0].publication_status == ["unpublished", "journal publication"]
    assert {one.pointer: one.raw_text for one in study.kept_value} == {"/release_date": "HP"}
    text = study.model_dump_json()
    assert not any(word in text for word in ("Secret", "Hidden", "Private", "XX1", "012345", 'example.org"'))


# --- entries of the API without an envelope, or several


def test_an_entry_of_the_api_that_names_itself() -> None:
    entry = {
        "title": "A made-up entry",
        "imagesets": [{"name": "Set", "pixel_width": 2}],
        "experiment_type": "EMDB",
        "release_date": "2022-02-07",
        "entry_doi": "https://doi.org/10.6019/EMPIAR-99998",
    }
    (reading,) = _read(entry)
    assert isinstance(reading, Reading)
    assert (reading.study.accession, reading.format, reading.study.issued) == (
        "EMPIAR-99998",
        "empiar-api",
        "2022-02-07",
    )
    assert (reading.leaves.total, reading.leaves.kept) == (6, 0)


def test_a_list_of_entries_is_several_studies() -> None:
    first = {"id": "EMPIAR-99997", "title": "One", "imagesets": []}
    second = {"id": "99998", "title": "Two", "imagesets": [], "other": "[x]"}
    nameless = {"title": "Three", "imagesets": []}
    one, two, third = _read([first, second, nameless])
    assert isinstance(one, Reading)
    assert isinstance(two, Reading)
    assert (one.study.accession, two.study.accession, two.part) == ("EMPIAR-99997", "EMPIAR-99998", 2)
    assert [(value.pointer, value.raw_text) for value in two.study.kept_value] == [("/other", "[x]")]
    assert isinstance(third, SourceMalformed)
    assert third.code == "unknown-accession"


def test_numbers_for_keys_and_a_bad_entry_among_good_ones() -> None:
    found = _read({"99998": {"title": "One", "imagesets": []}, "EMPIAR-1": {"title": "Two"}, "99997": "none"})
    assert [type(one).__name__ for one in found] == ["Reading", "SourceMalformed", "SourceSkipped"]
