"""EMPIAR documents with random dirt: always read or refused in words, sums right, no e-mail address."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from rembigraph.loaders import read as read_any
from rembigraph.loaders.reading import Document, Reading
from rembigraph.loaders.values import has_email
from rembigraph.ontology.errors import SourceError

from tests.json_places import leaf_count

pytestmark = pytest.mark.nightly


def _among(words: str) -> st.SearchStrategy[str]:
    return st.sampled_from(words.split())


ADDRESSES = ("ada [at] example.org", "ada@example.org", "Ada <ada.l@cs.example.co.uk>")
TEXTS = (
    st.text(max_size=8)
    | st.sampled_from(
        [
            "",
            " ",
            "N/A",
            "3",
            "('T9', '')",
            "('OT', 'CZI')",
            "(",
            "EMD-1234",
            "S-BIAD1",
            "EMPIAR-10002",
            *ADDRESSES,
        ]
    )
    | st.sampled_from(
        [
            "10.1000/x",
            "0000-0002-1825-0097",
            "2020-01-02",
            "\x00",
            "\u202e",
            "variable",
            "&amp;amp;",
            "~/#",
            "1abc",
        ]
    )
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-5, 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
)
NAMES = _among(
    """
    title name imagesets authors author author_orcid corresponding_author citation editors
    principal_investigator first_name email street cross_references idr_references id type category
    data_format pixel_width image_width frame_range_min segmentations file country version_history
    version grant_references dataset_size experiment_type scale entry_doi workflow_file workflows
    url year doi pubmedid published organization details path
    """
)
CURATED = _among(
    """
    rembis BioSample Specimen Protocol ImageAcquisitionProtocol fbbi_id imaging_method_name
    datasets assigned_images assigned_annotations file_pattern label input_label title name
    specimens literal_alias_mappings specimen_defaults specimen_groups specimen_ids biosamples
    organism_classification ncbi_id scientific_name file_globs data_directories protocol_titles
    image_acquisition_protocol_title biosample_title growth_protocol_title paper_doi
    ada@example.org
    """
)


def _values(names: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names | TEXTS, inner, max_size=5),
        max_leaves=25,
    )


def _check(data: bytes, leaves: int) -> None:
    for result in read_any(Document("made-up", "", data)):
        assert isinstance(result, Reading | SourceError)
        if isinstance(result, SourceError):
            assert result.message
            assert not has_email(str(result))
            continue
        assert result.leaves.total == leaves
        assert len(result.study.kept_value) == result.leaves.kept == sum(result.unmapped.values())
        assert not has_email(result.study.model_dump_json())


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(NAMES | TEXTS, _values(NAMES), max_size=8))
def test_entries_of_the_api_with_dirt(entry: dict[str, Any]) -> None:
    document = {"EMPIAR-MADEUPTEST": {"title": "Made up", **entry}}
    _check(json.dumps(document).encode(), leaf_count(document))


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(NAMES | TEXTS, _values(NAMES), max_size=8))
def test_depositions_with_dirt(entry: dict[str, Any]) -> None:
    document = {"title": "Made up", "imagesets": [{}], "experiment_type": 3, **entry}
    _check(json.dumps(document).encode(), leaf_count(document))


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(CURATED | TEXTS, _values(CURATED), max_size=8))
def test_curated_records_with_dirt(record: dict[str, Any]) -> None:
    document = {"rembis": {}, "datasets": [], **record, "accession_id": "EMPIAR-MADEUPTEST"}
    _check(json.dumps(document).encode(), leaf_count(document))
    text = yaml.safe_dump(document, allow_unicode=True, sort_keys=False)
    _check(text.encode(), leaf_count(document))


NAMES_XML = _among(
    """
    admin title author authorsList imageSet dimensions pixelWidth email organization
    crossReferences citationList universalCitation journalCitation externalReferences keyDates
    versionHistory version segmentationList segmentation file relatedEMDBEntries emdbEntry
    """
)
ATTRIBUTES = st.dictionaries(st.sampled_from(("units", "type", "order", "authorORCID")), TEXTS, max_size=2)


@st.composite
def _elements(draw: st.DrawFn, depth: int = 0) -> tuple[str, int]:
    """An element as text, with the number of its attributes and texts."""
    name, attributes = draw(NAMES_XML), draw(ATTRIBUTES)
    text = draw(TEXTS)
    children = draw(st.lists(_elements(depth=depth + 1), max_size=3)) if depth < 3 else []
    shown = "".join(f' {key}="{_xml(value)}"' for key, value in attributes.items())
    count = len(attributes) + bool(_xml(text).strip()) + sum(number for _, number in children)
    return f"<{name}{shown}>{_xml(text)}{''.join(child for child, _ in children)}</{name}>", count


def _xml(text: str) -> str:
    legal = "".join(char for char in text if char in "\t\n" or " " <= char < "\ud800")
    return legal.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


@settings(max_examples=150, deadline=None)
@given(st.lists(_elements(), min_size=1, max_size=6))
def test_headers_with_dirt(elements: list[tuple[str, int]]) -> None:
    inside = "".join(text for text, _ in elements)
    header = f'<entry xmlns="http://pdbe.org/empiar" accessionCode="EMPIAR-99998">{inside}</entry>'
    _check(header.encode(), 1 + sum(number for _, number in elements))
