"""Random dirt at random places of crates and submissions: reading never fails otherwise than in words.

Whatever stands there, every leaf is accounted for, no e-mail address gets through, and the record can be stored.
"""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from rembigraph.catalogue.ingest import Incoming, prepare
from rembigraph.loaders import read
from rembigraph.loaders.reading import Document, Reading
from rembigraph.ontology.errors import SourceError
from rembigraph.ontology.identifiers import Iris

from tests.json_places import leaf_count, places

pytestmark = pytest.mark.nightly

ADDRESSES = (
    "jane.doe@example.org",
    "mailto:bob@mail.example.com",
    "eve [at] example.net",
    "al(at)example.org",
)
ADDRESS = re.compile(r"[\w.+-]@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}|(?:eve|al) ?[\[(]at", re.IGNORECASE)
OBO = "http://purl.obolibrary.org/obo/"
DIRTY = settings(
    max_examples=250,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)

CRATE: dict[str, Any] = {
    "@context": "https://w3id.org/ro/crate/1.2/context",
    "@graph": [
        {
            "@id": "ro-crate-metadata.json",
            "@type": "CreativeWork",
            "about": {"@id": "https://example.org/EXAMPLE-0015"},
            "conformsTo": {"@id": "https://w3id.org/ro/crate/1.2"},
        },
        {
            "@id": "https://example.org/EXAMPLE-0015",
            "@type": ["Dataset"],
            "identifier": "EXAMPLE-0015",
            "name": "Made up",
            "description": "A made-up study.",
            "datePublished": "2024-06-15",
            "license": {"@id": "https://creativecommons.org/licenses/by/4.0/"},
            "keywords": ["zebrafish", "CLEM"],
            "publisher": {"@id": "#archive"},
            "author": [{"@id": "https://orcid.org/0000-0002-1825-0097"}, {"@id": "#a2"}],
            "about": [{"@id": "#sample"}, {"@id": "obo:NCBITaxon_7955"}],
            "measurementMethod": [{"@id": "#protocol"}, {"@id": f"{OBO}FBbi_00000246"}],
            "size": [{"@id": "#bytes"}, {"@id": "#files"}],
            "seeAlso": {"@id": "#paper"},
            "funder": {"@id": "#grant"},
            "hasPart": [{"@id": "#part"}],
            "thumbnailUrl": ["https://example.org/thumb.png"],
        },
        {
            "@id": "https://orcid.org/0000-0002-1825-0097",
            "@type": "Person",
            "name": "Jane Doe",
            "email": "jane.doe@example.org",
            "affiliation": [{"@id": "#org"}],
        },
        {"@id": "#a2", "@type": "Person", "givenName": "Al", "familyName": "Na", "affiliation": "Institute"},
        {"@id": "#org", "@type": "Organization", "name": "Institute", "address": "Example Road 1"},
        {"@id": "#archive", "@type": "Organization", "name": "Archive", "url": "https://example.org/"},
        {
            "@id": "#sample",
            "@type": "BioSample",
            "name": "Larva",
            "description": "five days old",
            "taxonomicRange": [{"@id": "obo:NCBITaxon_7955"}],
            "hasCellLine": {"@id": f"{OBO}CLO_0003684"},
        },
        {
            "@id": "obo:NCBITaxon_7955",
            "@type": "Taxon",
            "scientificName": "Danio rerio",
            "vernacularName": "fish",
        },
        {
            "@id": "#protocol",
            "@type": "LabProtocol",
            "name": "Imaging",
            "labEquipment": "scope",
            "measurementTechnique": [{"@id": f"{OBO}FBbi_00000246"}],
        },
        {"@id": f"{OBO}FBbi_00000246", "@type": "DefinedTerm", "name": "fluorescence microscopy"},
        {
            "@id": "#bytes",
            "@type": "QuantitativeValue",
            "value": 1024,
            "unitCode": f"{OBO}UO_0000233",
            "unitText": "bytes",
        },
        {
            "@id": "#files",
            "@type": "QuantitativeValue",
            "value": "12",
            "unitCode": {"@id": f"{OBO}UO_0000189"},
            "unitText": "file count",
        },
        {
            "@id": "#paper",
            "@type": "ScholarlyArticle",
            "name": "Paper",
            "sameAs": "https://doi.org/10.1234/x",
        },
        {"@id": "#grant", "@type": "Grant", "name": "G-1", "funder": {"@id": "#org"}},
        {"@id": "#part", "@type": "Dataset", "name": "Part", "about": {"@id": "#sample"}},
    ],
}


def _attributes(**values: str) -> list[dict[str, Any]]:
    return [{"name": name.replace("_", " "), "value": value} for name, value in values.items()]


def _section(kind: str, accno: str, *below: Any, **values: str) -> dict[str, Any]:
    return {"type": kind, "accno": accno, "attributes": _attributes(**values), "subsections": list(below)}


SUBMISSION: dict[str, Any] = {
    "accno": "S-BIADTEST",
    "type": "submission",
    "attributes": _attributes(Title="Made up", ReleaseDate="2024-06-15", AttachTo="BioImages"),
    "section": {
        "type": "Study",
        "attributes": [
            *_attributes(Description="A made-up study.", Keywords="fish", DOI="10.1234/x"),
            {
                "name": "License",
                "value": "CC0",
                "valqual": [{"name": "url", "value": "https://example.org/l"}],
            },
        ],
        "links": [{"url": "EMPIAR-99999", "attributes": _attributes(Type="empiar")}, {}],
        "files": [[{"path": "a.tif", "size": 3, "type": "file", "attributes": []}]],
        "subsections": [
            {
                "type": "author",
                "attributes": [
                    *_attributes(Name="Jane Doe", Email="jane.doe@example.org", ORCID="0000-0002-1825-0097"),
                    {"name": "affiliation", "value": "o1", "reference": True},
                ],
            },
            [_section("organisation", "o1", Name="Institute", Address="Example Road 1")],
            _section("Publication", "", Title="Paper", DOI="doi: 10.1234/y", Year="2024"),
            _section("Funding", "", Agency="Funder", grant_id="G-1"),
            _section("Biosample", "B-1", Title="Larva", Organism="Danio rerio (zebrafish)"),
            _section("Specimen", "S-1", Title="Slice", Sample_preparation_protocol="Cut."),
            _section("Image acquisition", "I-1", Title="Confocal", Imaging_method="confocal microscopy"),
            _section("Image correlation", "C-1", Title="By eye", Fiducials_used="beads"),
            _section("Annotations", "A-1", Title="Masks", Annotation_type="segmentation"),
            _section(
                "Study Component",
                "SC-1",
                _section(
                    "Associations", "", Biosample="Larva", Specimen="Slice", Image_acquisition="Confocal"
                ),
                Name="Images",
                File_List="list.json",
            ),
        ],
    },
}

TEXTS = st.one_of(
    st.sampled_from(
        [
            *ADDRESSES,
            "Ask Jane <jane.doe@example.org>!",
            "\u202ajane.doe@example.org\u202c",
            "https://example.org/?mail=jane.doe@example.org",
            "",
            " ",
            "N/A",
            "\x02\x00 \x7f",
            "a\u2028b\r\n\tc\u200b",
            "<script>alert(1)</script> &amp; \\ \" '",
            "\udbff\udfff\U0001f41f",
            "http://example.org/a b",
            "http://[x",
            "javascript:alert(1)",
            "urn:x",
            "//",
            "%zz",
            "http://",
            ":",
            "#",
            "_:b0",
            "../../x",
            "EXAMPLE-0015",
            "EMPIAR-10310",
            "obo:NCBITaxon_7955",
            f"{OBO}FBbi_ 00000246",
            "https://orcid.org/0000-0002-1825-0097",
            "10.1234/x",
            "9/2/2021",
            "44148",
            "Dataset",
            "Person",
            "Taxon",
            "author",
            "Biosample",
            "Study Component",
            "o1",
            "x" * 100_000,
        ]
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
)
REFERENCES = st.sampled_from(
    [
        "#sample",
        "#part",
        "#nowhere",
        "#a2",
        "https://example.org/EXAMPLE-0015",
        "ro-crate-metadata.json",
        "",
        "a b",
    ]
).map(lambda name: {"@id": name})
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXTS,
)
KEYWORDS = [
    "@id",
    "@type",
    "@value",
    "@list",
    "@set",
    "@language",
    "@graph",
    "@reverse",
    "@context",
    "@included",
]
MEMBERS = [
    *SUBMISSION,
    *SUBMISSION["section"],
    "name",
    "value",
    "url",
    "about",
    "identifier",
    "email",
    "schema:name",
]
NAMES = st.one_of(
    st.sampled_from([*KEYWORDS, *MEMBERS, "jane.doe@example.org", "http://schema.org/name", ""]),
    TEXTS.filter(lambda text: len(text) < 100),
)
DIRT = st.recursive(
    st.one_of(SCALARS, REFERENCES),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(NAMES, inner, max_size=3),
        inner.map(lambda value: [[value]]),
        inner.map(lambda value: {"@value": value, "@language": "en"}),
    ),
    max_leaves=5,
)


@st.composite
def soiled(draw: st.DrawFn, clean: dict[str, Any]) -> dict[str, Any]:
    """A copy of a clean document with dirt at some places."""
    document = copy.deepcopy(clean)
    for _ in range(draw(st.integers(1, 8))):
        found = list(places(document))
        if not found:
            break
        holder, key = draw(st.sampled_from(found))
        match draw(st.sampled_from(["replace", "remove", "add", "copy", "wrap"])):
            case "replace":
                holder[key] = draw(DIRT)
            case "remove":
                del holder[key]
            case "add" if isinstance(holder, dict):
                holder[draw(NAMES)] = draw(DIRT)
            case "add":
                holder.insert(key, draw(DIRT))
            case "copy" if isinstance(holder, list):
                holder.append(copy.deepcopy(holder[key]))
            case _:
                holder[key] = [holder[key]]
    return document


def _readings(document: dict[str, Any]) -> list[Reading]:
    """Read a document, checking all that must hold whatever stands in it."""
    found = list(read(Document("made-up.json", "", json.dumps(document).encode())))
    assert found
    for result in found:
        if isinstance(result, SourceError):
            assert len(str(result).split()) > 3
            said = f"{result} {getattr(result, 'pointer', '')}"
        else:
            assert result.leaves.total == leaf_count(document)
            assert len(result.study.kept_value) >= result.leaves.kept
            said = result.study.model_dump_json() + json.dumps(result.unmapped)
        assert not ADDRESS.search(said.replace("\\u202a", "")), ADDRESS.search(said)
    return [result for result in found if isinstance(result, Reading)]


def _store(reading: Reading) -> None:
    """Take a record through everything that storing it does."""
    leaves = reading.leaves
    prepared = prepare(
        Incoming(
            study=reading.study,
            source=reading.source,
            format=reading.format,
            source_bytes=reading.source_bytes,
            mapped=leaves.mapped,
            kept=leaves.kept,
            ignored=leaves.ignored,
            quality=reading.quality,
            source_date=reading.source_date,
            file="made-up.json",
            mapping_version="1",
        ),
        Iris(),
    )
    assert prepared.record.accession == reading.study.accession
    assert not ADDRESS.search(prepared.record.quads.decode())
    assert all(ADDRESS.search(result.sentence) is None for result in prepared.report.results)


def test_the_clean_documents_are_read_whole() -> None:
    for clean in (CRATE, SUBMISSION):
        (reading,) = _readings(clean)
        assert reading.leaves.kept <= 3, reading.unmapped
        _store(reading)


@pytest.mark.parametrize("clean", [CRATE, SUBMISSION], ids=["crate", "submission"])
@pytest.mark.parametrize("address", [ADDRESSES[1], ADDRESSES[3], "Jane <jane.doe@example.org>, 5 kV@1 nA"])
def test_an_address_at_any_place_gets_nowhere(clean: dict[str, Any], address: str) -> None:
    for number in range(len(list(places(clean)))):
        for as_name in (False, True):
            document = copy.deepcopy(clean)
            holder, key = list(places(document))[number]
            if as_name and isinstance(holder, dict) and key != "@context":
                holder[address] = holder.pop(key)
            else:
                holder[key] = address
            _readings(document)


@DIRTY
@given(soiled(CRATE))
def test_a_soiled_crate_is_read_or_refused_in_words(document: dict[str, Any]) -> None:
    _readings(document)


@DIRTY
@given(soiled(SUBMISSION))
def test_a_soiled_submission_is_read_or_refused_in_words(document: dict[str, Any]) -> None:
    _readings(document)


@settings(DIRTY, max_examples=25)
@given(st.one_of(soiled(CRATE), soiled(SUBMISSION)))
def test_what_was_read_can_be_stored(document: dict[str, Any]) -> None:
    for reading in _readings(document):
        _store(reading)
