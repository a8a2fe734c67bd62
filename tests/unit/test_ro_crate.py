"""GIDE RO-Crates, the leaf account and the value rules that all loaders share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from rembigraph.loaders import ro_crate, values
from rembigraph.loaders.json_bounds import parse_json
from rembigraph.loaders.leaves import RULES, LeafAccount
from rembigraph.loaders.reading import Document, Reading
from rembigraph.ontology.errors import SourceError, SourceMalformed, SourceSkipped

CRATES = Path(__file__).parent.parent / "data" / "ro_crate"
OBO = "http://purl.obolibrary.org/obo/"
CONTEXT = "https://w3id.org/ro/crate/1.2/context"


def _file(name: str) -> Reading:
    return _reading((CRATES / f"{name}.json").read_bytes())


def _reading(crate: bytes | dict[str, Any]) -> Reading:
    result = _read(crate)
    assert isinstance(result, Reading), result
    return result


def _read(crate: bytes | dict[str, Any]) -> Reading | SourceError:
    data = crate if isinstance(crate, bytes) else json.dumps(crate).encode()
    (result,) = ro_crate.read(Document("crate.json", "", data))
    return result


def _crate(*nodes: dict[str, Any], context: Any = CONTEXT, **root: Any) -> dict[str, Any]:
    """A small crate about EXAMPLE-0014; `root` adds to or replaces its properties."""
    dataset = {"@id": "./", "@type": "Dataset", "identifier": "EXAMPLE-0014", "name": "Made up"} | root
    descriptor = {
        "@id": "ro-crate-metadata.json",
        "@type": "CreativeWork",
        "about": {"@id": dataset["@id"]},
        "conformsTo": {"@id": "https://w3id.org/ro/crate/1.2"},
    }
    return {"@context": context, "@graph": [descriptor, dataset, *nodes]}


def _resolved(reading: Reading) -> dict[str | None, tuple[Any, ...]]:
    return {
        of.raw_identifier: (of.of_field, of.raw_text, of.resolved_to, of.resolution_method)
        for of in reading.study.resolution or []
    }


def _kept(reading: Reading) -> dict[str | None, str | None]:
    return {kept.pointer: kept.raw_text for kept in reading.study.kept_value or []}


# --- a flat crate with the dirt of real ones


def test_the_study_itself_is_mapped() -> None:
    study = _file("flat").study
    assert (study.accession, study.archive) == ("EXAMPLE-0011", "Example")
    assert study.title == "Made-up light and electron micrographs of zebrafish"
    assert (study.issued, study.modified) == ("2024-06-15", "2024-07-01")
    assert study.license == "https://creativecommons.org/licenses/by/4.0/"
    assert study.landing_page == "https://example.org/studies/EXAMPLE-0011"
    assert (study.byte_size, study.file_count) == (9007199254740993, 12)
    assert study.keyword == ["zebrafish", "CLEM"]
    assert study.rights == "Doe et al., 2024"
    assert study.thumbnail == ["https://example.org/thumb.png"]


def test_contributions_keep_order_and_a_broken_orcid_stays_visible() -> None:
    reading = _file("flat")
    contributions = reading.study.contribution or []
    assert [(one.position, one.display_name, one.agent) for one in contributions] == [
        (1, "Jane Doe", "https://orcid.org/0000-0002-1825-0097"),
        (2, "Na", "EXAMPLE-0011/person/auth-2"),
        (3, "Li Example", "EXAMPLE-0011/person/li-example"),
        (4, "Example consortium", "EXAMPLE-0011/organisation/consortium"),
    ]
    broken = "https://orcid.org/0000-0002-1825-0098 (Li)"
    assert _resolved(reading)[broken] == ("person", "Li Example", None, "unresolved")
    jane, na = contributions[0].person, contributions[1].person
    assert jane is not None
    assert na is not None
    assert [of.id for of in jane.affiliation or []] == [
        "https://ror.org/00xy44n04",
        "EXAMPLE-0011/organisation/org-2",
    ]
    assert na.affiliation_text == ["Organization: Example Institute; Department: Imaging"]


def test_publications_are_named_by_doi_pubmed_or_key() -> None:
    by_doi, by_key, by_pubmed = _file("flat").study.publication or []
    assert (by_doi.id, by_doi.doi, by_doi.pubmed_id) == (
        "https://doi.org/10.1234/example.1",
        "10.1234/example.1",
        "23456",
    )
    assert (by_doi.publication_date, by_doi.web_page) == (None, ["https://example.org/paper"])
    assert (by_key.id, by_key.publication_date) == ("EXAMPLE-0011/publication/article", "2023-05")
    assert (by_pubmed.id, by_pubmed.title) == ("https://pubmed.ncbi.nlm.nih.gov/12345/", None)


def test_terms_have_one_spelling_and_the_source_spelling_is_kept_beside_it() -> None:
    reading = _file("flat")
    study = reading.study
    assert [(taxon.id, taxon.scientific_name, taxon.common_name) for taxon in study.organism or []] == [
        (OBO + "NCBITaxon_7955", "Danio rerio", ["zebrafish"])
    ]
    assert {term.id: term.label for term in study.imaging_method or []} == {
        OBO + "FBbi_00000246": "fluorescence microscopy",
        OBO + "FBbi_00050000": "FIB-SEM",
    }
    assert _resolved(reading)["FBbi_ 00050000"] == (
        "imaging_method",
        "FIB-SEM",
        OBO + "FBbi_00050000",
        "identifier",
    )
    assert _resolved(reading)["obo:NCBITaxon_7955"][2] == OBO + "NCBITaxon_7955"
    assert OBO + "GO_0034613" not in _resolved(reading)


def test_two_iris_in_one_give_a_term_of_the_study_and_nothing_vanishes() -> None:
    reading = _file("flat")
    terms = {term.id: term.label for term in reading.study.about_term or []}
    assert terms["EXAMPLE-0011/term/mc-38-cell-aml12-cell"] == "MC-38 cell, AML12 cell"
    both = f"{OBO}BTO_0004163, {OBO}CLO_0001716"
    assert _resolved(reading)[both] == ("about_term", "MC-38 cell, AML12 cell", None, "unresolved")


def test_a_term_without_a_node_is_mapped_without_a_label() -> None:
    (sample,) = _file("flat").study.biosample or []
    assert [(term.id, term.label) for term in sample.cell_line or []] == [(OBO + "CLO_0003684", None)]


def test_placeholders_and_what_has_no_slot_are_kept_verbatim() -> None:
    kept = _kept(_file("flat"))
    assert kept["/@graph/9/datePublished"] == "None"
    assert kept["/@graph/17/description"] == "N/A"
    assert kept["/@graph/1/temporalCoverage"] == "2023"
    assert kept["/@graph/1/thumbnailUrl/1"] == "not an address"


def test_private_values_reach_nothing() -> None:
    reading = _file("flat")
    text = reading.study.model_dump_json()
    assert "@example.org" not in text
    assert "555 0100" not in text
    assert reading.study.description == "A made-up study. Questions to [e-mail removed], please."


def test_every_leaf_is_accounted_for_and_unmapped_ones_are_named() -> None:
    reading = _file("flat")
    assert len(reading.study.kept_value or []) == sum(reading.unmapped.values()) == 4
    assert reading.unmapped["ScholarlyArticle.datePublished"] == 1
    assert (reading.source, reading.format, reading.source_date) == ("gide", "ro-crate", "2024-07-01")


# --- screens, nesting, names


def test_further_datasets_are_components_that_refer_to_samples_and_acquisitions() -> None:
    study = _file("screens").study
    second, first = study.component or []
    assert (second.id, second.title) == ("EXAMPLE-0012/component/screen-2", "Screen B")
    assert (first.key, first.alternate_identifier, first.file_count) == (
        "screen-1",
        ["EXAMPLE-0012/screenA"],
        7,
    )
    assert first.uses_biosample == [sample.id for sample in study.biosample or []]
    assert first.uses_acquisition == [(study.acquisition or [])[0].id]
    assert [term.id for term in study.about_term or []] == [OBO + "GO_0000001"]
    assert (study.license, study.license_text) == (
        "https://creativecommons.org/licenses/by/4.0/",
        "CC BY 4.0",
    )


def test_kinds_of_protocol_are_no_imaging_methods() -> None:
    reading = _file("screens")
    assert [term.label for term in reading.study.imaging_method or []] == [
        "confocal microscopy",
        "spinning disk confocal microscopy",
    ]
    assert [one.title for one in reading.study.acquisition] == ["spinning disk"]
    (growth,) = reading.study.protocol
    assert growth.title == "growth protocol"
    assert [term.id for term in growth.protocol_type] == ["http://www.ebi.ac.uk/efo/EFO_0003789"]
    assert _resolved(reading)["#00000251"] == ("imaging_method", "confocal microscopy", None, "unresolved")


def test_nested_nodes_prefixes_and_full_iris_mean_the_same() -> None:
    study = _file("nested").study
    assert (study.accession, study.title, study.file_count) == ("EXAMPLE-0013", "Made-up nested crate", 3)
    assert [one.display_name for one in study.contribution or []] == ["Ann Example", "Bob Example"]
    (sample,) = study.biosample or []
    assert (sample.title, sample.organism_text) == ("Root tip", ["Unnamed fern"])
    assert [taxon.scientific_name for taxon in sample.organism or []] == ["Arabidopsis thaliana"]
    assert [(term.id, term.label) for term in sample.cell_line or []] == [
        (OBO + "CLO_0000031", "Made-up line")
    ]
    (acquisition,) = study.acquisition or []
    assert [term.id for term in acquisition.imaging_method or []] == [OBO + "FBbi_00000369"]
    assert acquisition.imaging_method_text == ["by eye"]


def test_the_words_of_the_earlier_template_are_understood() -> None:
    sample = {
        "@id": "#s",
        "@type": "BioSample",
        "name": "s",
        "biologicalEntityDescription": "leaf",
        "organismClassification": [{"@id": "NCBITaxon:3702"}],
    }
    protocol = {
        "@id": "#p",
        "@type": "DefinedTerm",
        "name": "p",
        "imagingMethodName": ["confocal"],
        "fbbiId": ["obo:FBbi_00000251"],
        "imagingInstrumentDescription": "scope",
    }
    study = _reading(_crate(sample, protocol)).study
    (biosample,), (acquisition,) = study.biosample or [], study.acquisition or []
    assert (biosample.biological_entity, [taxon.id for taxon in biosample.organism or []]) == (
        ["leaf"],
        [OBO + "NCBITaxon_3702"],
    )
    assert [term.id for term in acquisition.imaging_method or []] == [OBO + "FBbi_00000251"]
    assert (acquisition.imaging_method_text, acquisition.instrument_text) == (["confocal"], ["scope"])


def test_a_node_written_twice_is_one_and_a_second_label_is_kept() -> None:
    reading = _reading(
        _crate(
            {"@id": "obo:NCBITaxon_9606", "@type": "Taxon", "scientificName": "Homo sapiens"},
            {"@id": "NCBITaxon:9606", "@type": "Taxon", "scientificName": "Human"},
            {"@id": "obo:NCBITaxon_9606", "vernacularName": "human"},
            about=[{"@id": "obo:NCBITaxon_9606"}, {"@id": "NCBITaxon:9606"}],
        )
    )
    (taxon,) = reading.study.organism or []
    assert (taxon.scientific_name, taxon.common_name) == ("Homo sapiens", ["human"])
    assert _kept(reading)["/@graph/3/scientificName"] == "Human"


def test_a_taxon_that_is_none_keeps_its_label_and_its_address() -> None:
    home = "http://www.ontobee.org/ontology/NCBITaxon"
    node = {"@id": home, "@type": "Taxon", "scientificName": "unclassified alga"}
    reading = _reading(_crate(node, about={"@id": home}))
    (taxon,) = reading.study.organism or []
    assert (taxon.id, taxon.scientific_name) == ("EXAMPLE-0014/taxon/gide-1", "unclassified alga")
    assert _resolved(reading)[home] == ("organism", "unclassified alga", None, "unresolved")


def test_contributors_who_are_authors_too_get_a_role() -> None:
    person = {"@id": "#a", "@type": "Person", "givenName": "Ann", "familyName": "Example"}
    study = _reading(_crate(person, author={"@id": "#a"}, contributor=[{"@id": "#a"}, "Bob"])).study
    assert [(one.display_name, one.role) for one in study.contribution or []] == [
        ("Ann Example", ["contributor"]),
        ("Bob", ["contributor"]),
    ]


def test_a_local_id_in_the_place_of_a_name_is_no_name() -> None:
    unnamed = {"@id": "#person-3", "@type": "Person", "name": "#person-3", "address": "Made-up Street 1"}
    group = {"@id": "_:g", "@type": "Organization", "name": "_:g"}
    named = {"@id": "Ann", "@type": "Person", "name": "Ann"}
    study = _reading(
        _crate(unnamed, group, named, author=[{"@id": id_} for id_ in ("#person-3", "_:g", "Ann")])
    ).study
    assert [one.display_name for one in study.contribution or []] == [None, None, "Ann"]
    assert study.creator == [
        f"EXAMPLE-0014/{end}" for end in ("person/person-3", "organisation/g", "person/Ann")
    ]
    person = (study.contribution or [])[0].person
    assert person is not None
    assert (person.name, person.address) == (None, "Made-up Street 1")


@pytest.mark.parametrize(
    ("name", "more", "names"),
    [
        ("Ann Example & Bob Example", {}, ["Ann Example", "Bob Example"]),
        (
            "A. Example; B. D'Example;Çelik Example-Two",
            {},
            ["A. Example", "B. D'Example", "Çelik Example-Two"],
        ),
        ("Ann Example & Bob Example", {"identifier": "lab-3"}, None),
        ("Ann Example & Bob Example", {"familyName": "Example"}, None),
        ("Ann & Bob", {}, None),
        ("Example, A. & Example, B.", {}, None),
        ("Ann Example &amp; Bob", {}, None),
        ("Ann Example and Bob Example", {}, None),
    ],
)
def test_people_whom_one_node_names_together_are_people(
    name: str, more: dict[str, str], names: list[str] | None
) -> None:
    place = {"@id": "https://ror.org/00xy44n04", "@type": "Organization", "name": "Institute"}
    person = {"@id": "#p", "@type": "Person", "name": name, "affiliation": {"@id": place["@id"]}, **more}
    carl = {"@id": "#c", "@type": "Person", "name": "Carl Example"}
    crate = _crate(person, place, carl, author=[{"@id": "#p"}, {"@id": "#c"}], editor={"@id": "#p"})
    reading = _reading(crate)
    *together, last = reading.study.contribution or []
    assert [one.display_name for one in together] == (names or [name])
    assert [one.position for one in together] + [last.position] == list(range(1, len(together) + 2))
    assert last.display_name == "Carl Example"
    for one in together:
        assert one.role == ["editor"]
        assert [of.name for of in one.affiliation or []] == ["Institute"]
    assert len({one.agent for one in together}) == len(together)
    assert reading.leaves.kept == 0


def test_references_to_people_outside_the_crate_are_agents() -> None:
    orcid, ror = "http://orcid.org/0000-0002-1825-0097", "https://ror.org/00xy44n04"
    study = _reading(_crate(author=[{"@id": orcid}, {"@id": ror}, {"@id": "#missing"}])).study
    assert study.creator == ["https://orcid.org/0000-0002-1825-0097", ror]


def test_an_email_as_an_id_is_no_key() -> None:
    person = {"@id": "#jane@example.org", "@type": "Person", "name": "Jane"}
    other = {"@id": "mailto:bob@example.org", "@type": "Person", "name": "Bob"}
    authors = [{"@id": "#jane@example.org"}, {"@id": "mailto:bob@example.org"}]
    reading = _reading(_crate(person, other, author=authors))
    assert "@example.org" not in reading.study.model_dump_json()
    assert reading.study.creator == ["EXAMPLE-0014/person/jane", "EXAMPLE-0014/person/bob"]
    assert (reading.leaves.kept, reading.leaves.ignored) == (0, 8)


def test_funders_are_grants_and_funding_in_words_is_a_statement() -> None:
    funder = {"@id": "https://ror.org/00xy44n04", "@type": "Organization", "name": "Funder"}
    study = _reading(_crate(funder, funder=[{"@id": "https://ror.org/00xy44n04"}, "Paid by friends."])).study
    (grant,) = study.grant or []
    assert [organisation.name for organisation in grant.funder or []] == ["Funder"]
    assert study.funding_statement == "Paid by friends."


def _quantity(**values: Any) -> dict[str, Any]:
    return {"@id": "#q", "@type": "QuantitativeValue"} | values


@pytest.mark.parametrize(
    ("quantity", "stated", "sums", "kept"),
    [
        (
            _quantity(value="2048", unitText="bytes", description="2 kB"),
            ("q", "bytes", 2048, None, "2 kB"),
            (2048, None),
            [],
        ),
        (
            _quantity(value=3, unitCode={"@id": f"{OBO}UO_0000189"}),
            ("q", None, 3, f"{OBO}UO_0000189", None),
            (None, 3),
            [],
        ),
        (
            _quantity(value=1.5, unitCode="obo:UO_0000032"),
            ("q", None, 1.5, f"{OBO}UO_0000032", None),
            (None, None),
            [],
        ),
        (_quantity(value=4, unitCode="E34"), ("q", None, 4, None, None), (None, None), ["E34"]),
        (_quantity(value=-1, unitText="bytes"), ("q", "bytes", -1, None, None), (None, None), []),
        (_quantity(value=[7, 8], unitText="bytes"), ("q", "bytes", 7, None, None), (7, None), ["8"]),
        (_quantity(value="many", unitText="bytes"), ("q", "bytes", None, None, None), (None, None), ["many"]),
        (_quantity(value=2**53 + 1), ("q", None, None, None, None), (None, None), [str(2**53 + 1)]),
        ("174.2 GB", (None, None, None, None, "174.2 GB"), (None, None), []),
    ],
)
def test_sizes_are_kept_as_they_are_stated_and_known_units_are_summed(
    quantity: Any, stated: tuple[Any, ...], sums: tuple[Any, ...], kept: list[str]
) -> None:
    reading = _reading(_crate(size=quantity))
    (size,) = reading.study.stated_size
    assert (size.key, size.title, size.numeric_value, size.unit, size.raw_text) == stated
    assert (reading.study.byte_size, reading.study.file_count) == sums
    assert [one.raw_text for one in reading.study.kept_value] == kept


@pytest.mark.parametrize(
    ("licence", "iri", "text"),
    [
        ("CC0", "https://creativecommons.org/publicdomain/zero/1.0/", None),
        ({"@id": "https://example.org/terms"}, "https://example.org/terms", None),
        ("Free for friends", None, "Free for friends"),
        ("None", None, None),
        (["CC BY 4.0", "and be nice"], "https://creativecommons.org/licenses/by/4.0/", "and be nice"),
    ],
)
def test_licences(licence: Any, iri: str | None, text: str | None) -> None:
    study = _reading(_crate(license=licence)).study
    assert (study.license, study.license_text) == (iri, text)


def test_samples_and_protocols_stand_in_the_order_of_the_root() -> None:
    nodes = [{"@id": f"#s{number}", "@type": "BioSample", "name": f"s{number}"} for number in (1, 2, 3)]
    study = _reading(_crate(*nodes, about=[{"@id": "#s3"}, {"@id": "#s1"}])).study
    assert [sample.title for sample in study.biosample or []] == ["s3", "s1", "s2"]


def test_identifiers_and_pages_of_people_organisations_and_articles() -> None:
    person = {
        "@id": "#p",
        "@type": "Person",
        "name": "P",
        "url": "https://example.org/p",
        "identifier": "lab-3",
        "affiliation": {"@id": "#o"},
    }
    organisation = {"@id": "#o", "@type": "Organization", "name": "O", "identifier": "GRID.1"}
    article = {"@id": "#a", "@type": "ScholarlyArticle", "identifier": "arXiv:2504.18737", "author": "P, O"}
    study = _reading(
        _crate(person, organisation, article, author={"@id": "#p"}, citation={"@id": "#a"})
    ).study
    (contribution,), (publication,) = study.contribution or [], study.publication or []
    assert contribution.person is not None
    assert contribution.person.web_page == ["https://example.org/p"]
    assert contribution.person.alternate_identifier == ["lab-3"]
    assert [one.alternate_identifier for one in contribution.affiliation or []] == [["GRID.1"]]
    assert publication.alternate_identifier == ["arXiv:2504.18737"]
    assert publication.authors_text == "P, O"


def test_publications_without_a_node_are_read_from_their_address() -> None:
    cited = [{"@id": "https://doi.org/10.1000/X"}, "PMID: 123", "Doe et al., in press"]
    study = _reading(_crate(citation=cited, seeAlso={"@id": "https://example.org/paper"})).study
    assert [(one.doi, one.pubmed_id, one.raw_text, one.web_page) for one in study.publication or []] == [
        ("10.1000/x", None, None, []),
        (None, "123", None, []),
        (None, None, "Doe et al., in press", []),
        (None, None, None, ["https://example.org/paper"]),
    ]


def test_the_type_of_a_study_is_named_by_its_label() -> None:
    term = {"@id": "http://www.ebi.ac.uk/efo/EFO_0007550", "@type": "DefinedTerm", "name": "screen"}
    study = _reading(_crate(term, studyType={"@id": term["@id"]})).study
    assert study.study_type == "screen"


def test_schema_org_documents_may_write_id_and_type() -> None:
    crate = {
        "@context": "https://schema.org/",
        "@graph": [{"id": "./", "type": "Dataset", "identifier": "EXAMPLE-0015", "name": "Plain"}],
    }
    assert _reading(crate).study.title == "Plain"


@pytest.mark.parametrize(
    ("name", "mapped", "kept", "ignored"),
    [("flat", 125, 4, 5), ("screens", 63, 4, 5), ("nested", 26, 3, 4)],
)
def test_the_leaves_of_each_example_add_up(name: str, mapped: int, kept: int, ignored: int) -> None:
    leaves = _file(name).leaves
    assert (leaves.mapped, leaves.kept, leaves.ignored) == (mapped, kept, ignored)


# --- accession, addresses


def test_empiar_keeps_its_own_page_and_the_mirror_is_another_identifier() -> None:
    page = "https://www.ebi.ac.uk/biostudies/bioimages/studies/EMPIAR-99999"
    study = _reading(_crate(**{"@id": page, "identifier": "EMPIAR-99999"})).study
    assert study.landing_page == "https://www.ebi.ac.uk/empiar/EMPIAR-99999/"
    assert study.alternate_identifier == [page]


def test_an_ssbd_project_gets_an_accession_of_the_table() -> None:
    page = "https://ssbd.riken.jp/v9/project/999-Example-MadeUp"
    study = _reading(_crate(**{"@id": page, "identifier": "999-Example-MadeUp"})).study
    assert (study.accession, study.landing_page) == ("ssbd-db-999-Example-MadeUp", page)


@pytest.mark.parametrize(
    "root",
    [
        {"identifier": ["a local name", "EXAMPLE-0014"]},
        {"identifier": {"@type": "PropertyValue", "propertyID": "x", "value": "example-0014"}},
        {"@id": "https://example.org/study/EXAMPLE-0014/", "identifier": None},
        {"identifier": "https://example.org/studies/EXAMPLE-0014"},
    ],
)
def test_the_accession_is_found_in_any_usual_place(root: dict[str, Any]) -> None:
    assert _reading(_crate(**root)).study.accession == "EXAMPLE-0014"


def test_further_identifiers_and_the_doi_of_the_data() -> None:
    identifiers = ["EXAMPLE-0014", "https://doi.org/10.6019/Made.Up", "lab-7"]
    study = _reading(_crate(identifier=identifiers, sameAs="https://example.org/copy")).study
    assert study.dataset_doi == "https://doi.org/10.6019/made.up"
    assert study.alternate_identifier == ["lab-7", "https://example.org/copy"]


@pytest.mark.parametrize(
    ("crate", "kind", "code", "words"),
    [
        (_crate(identifier="MY-1"), SourceMalformed, "unknown-accession", "EXAMPLE-0001"),
        (_crate(identifier=None), SourceMalformed, "unknown-accession", "identifier"),
        (
            _crate(identifier="jane@example.org"),
            SourceMalformed,
            "unknown-accession",
            "e-mail removed",
        ),
        (_crate(**{"@type": "Person", "identifier": "x"}), SourceSkipped, "", "about Person"),
        (
            _crate(
                {"@id": "#1", "@type": "Dataset", "identifier": "idr0001"},
                {"@id": "#2", "@type": "Dataset", "identifier": "idr0002"},
                identifier=None,
            ),
            SourceSkipped,
            "",
            "index of 2",
        ),
        ({"@context": CONTEXT, "@graph": []}, SourceSkipped, "", "holds no study"),
        ({"@context": CONTEXT, "@graph": 1}, SourceMalformed, "no-graph", "flattened"),
        (
            _crate({"@id": "#x", "@context": {}, "@type": "Person"}),
            SourceMalformed,
            "nested-context",
            "@context",
        ),
    ],
)
def test_what_is_no_study_is_said_in_words(
    crate: dict[str, Any], kind: type[SourceError], code: str, words: str
) -> None:
    error = _read(crate)
    assert isinstance(error, kind)
    assert getattr(error, "code", "") == code
    assert words in str(error)


@pytest.mark.parametrize(
    "context",
    [
        "http://127.0.0.1:28471/ctx.jsonld",
        [CONTEXT, "https://example.org/context"],
        {"@import": "https://example.org/context"},
        {"name": {"@id": "schema:name", "@context": "https://example.org/context"}},
        [CONTEXT, 7],
    ],
)
def test_foreign_contexts_are_refused_and_never_fetched(context: Any) -> None:
    error = _read(_crate(context=context))
    assert isinstance(error, SourceMalformed)
    assert (error.code, error.pointer) == ("remote-context", "/@context")


@pytest.mark.parametrize(
    "context",
    [
        "https://w3id.org/ro/crate/1.1/context",
        ["https://w3id.org/ro/crate/1.3/context", None, {"x": "https://example.org/"}],
        "https://schema.org/",
        "./gide-search-context.jsonld",
    ],
)
def test_known_contexts_are_understood_by_their_iri(context: Any) -> None:
    assert _reading(_crate(context=context)).study.title == "Made up"


def test_a_term_that_the_document_defines_otherwise_is_not_taken_for_ours() -> None:
    reading = _reading(_crate(context=[CONTEXT, {"keywords": "https://example.org/ns#keys"}], keywords=["a"]))
    assert reading.study.keyword == []
    assert _kept(reading)["/@graph/1/keywords/0"] == "a"
    assert reading.unmapped == {"Dataset.keywords": 1}


@pytest.mark.parametrize(
    ("data", "known"),
    [
        (b'\xef\xbb\xbf {"@context": "x", "@graph": []}', True),
        (b'{"@graph": [' + b" " * 100_000 + b'], "@context": "x"}', True),
        (b'{"@graph": []}', False),
        (b'[{"@context": "x", "@graph": []}]', False),
        (b'{"accession_id": "S-BIAD1", "@context": "x"}', False),
        (b"", False),
    ],
)
def test_crates_are_recognised_by_their_content(data: bytes, known: bool) -> None:
    assert ro_crate.recognises(Document("x.txt", "", data)) is known


def test_a_document_that_is_no_json_is_an_error_of_that_document() -> None:
    error = _read(b'{"@context": 1, "@graph": [}')
    assert isinstance(error, SourceMalformed)
    assert (error.code, error.pointer) == ("syntax", "1:28")


# --- the leaf account


def _account(text: str) -> LeafAccount:
    return LeafAccount(parse_json(Document("x", "", text.encode())))


def test_leaves_are_scalars_and_empty_things_and_contexts_do_not_count() -> None:
    account = _account('{"@context": {"a": 1}, "a/b": [null, {}, []], "m~n": 1.50, "t": true, "s": ""}')
    assert list(account.states()) == ["/a~1b/0", "/a~1b/1", "/a~1b/2", "/m~0n", "/t", "/s"]
    assert [kept.raw_text for kept in account.kept()] == ["null", "{}", "[]", "1.50", "true", ""]
    assert account.leaves().total == account.leaves().kept == 6


def test_mapped_kept_and_ignored_add_up_and_mapped_outweighs_a_rule() -> None:
    account = _account('{"a": {"b": [1, 2], "c": 3}, "d": 4, "e": "jane@example.org"}')
    account.ignored_under("/a", "structural-id")
    account.mapped_under("/a/b")
    account.mapped("/d")
    account.ignored("/d", "private-email")
    leaves = account.leaves()
    assert (leaves.mapped, leaves.kept, leaves.ignored, leaves.total) == (3, 1, 1, 5)
    assert account.ignored_by_rule() == {"structural-id": 1}
    assert account.unmapped() == {"e": 1}
    assert [kept.raw_text for kept in account.kept()] == ["[e-mail removed]"]
    assert account.state("/a/b/1") == "mapped"


def test_a_wrong_pointer_or_rule_is_a_fault_of_ours() -> None:
    account = _account('{"a": 1}')
    with pytest.raises(KeyError):
        account.mapped("/b")
    with pytest.raises(KeyError):
        account.ignored("/a", "because")
    assert all(reason.endswith(".") for reason in RULES.values())


# --- value rules


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2024", "2024"),
        ("2024-02", "2024-02"),
        (" 2024-02-29 ", "2024-02-29"),
        ("2023-02-29", None),
        ("2024-13", None),
        ("2019-03-02 00:00:00.000000", "2019-03-02"),
        ("2019-03-02_00:00:00", "2019-03-02"),
        ("2019-03-02T10:00:00Z", "2019-03-02"),
        ("6/28/2021", None),
        ("9/2/2021", None),
        ("44148", None),
        ("20170914", None),
        ("Late 2019", None),
        ("None", None),
        ("0000", None),
        ("9999-12-31", None),
        ("٢٠٢٤", None),
    ],
)
def test_partial_dates(text: str, date: str | None) -> None:
    assert values.partial_date(text) == date


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("10.1016/J.devcel.2014.09.005", "10.1016/j.devcel.2014.09.005"),
        ("https://doi.org/10.1101/2023.01.02", "10.1101/2023.01.02"),
        ("http://dx.doi.org/10.1101%2F2023", "10.1101/2023"),
        ("doi: 10.1000/x", "10.1000/x"),
        ("DOI: https://doi.org/10.1000/x", "10.1000/x"),
        ("https:// dx.doi.org/10.1000/x", "10.1000/x"),
        ("//doi.org/10.1000/x", "10.1000/x"),
        ("https://doi.org/DOI: 10.1000/x", "10.1000/x"),
        ("10.1038/s41592-024-1.", "10.1038/s41592-024-1"),
        ("(10.1000/x)", None),
        ("10.1000/x(1)", "10.1000/x(1)"),
        ("10.1000/a b", None),
        ("https://www.nature.com/articles/s41586-024-1", None),
        ("https://doi.org/1038/s41467-023-43855-2", None),
        ("0.1101/2023", None),
        ("TBD", None),
    ],
)
def test_dois(text: str, name: str | None) -> None:
    assert values.doi(text) == name


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("0000-0002-1825-0097", True),
        ("https://orcid.org/0000-0002-1825-0097/", True),
        ("http://www.orcid.org/0000-0002-1825-0097", True),
        ("ORCID: 0000-0002-1825-0097", True),
        ("0000-0002-1825-0098", False),
        ("0000-0000-0000-0000", False),
        ("https://orcid.org/NA", False),
        ("https://orcid.org/0000-0002-1825-0097 (Jane)", False),
        ("", False),
    ],
)
def test_orcids_are_checked(text: str, right: bool) -> None:
    assert values.orcid_iri(text) == ("https://orcid.org/0000-0002-1825-0097" if right else None)


def test_an_orcid_may_end_in_x() -> None:
    assert values.orcid_iri("0000-0002-1694-233x") == "https://orcid.org/0000-0002-1694-233X"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("obo:NCBITaxon_9606", "9606"),
        ("NCBITaxon:9606", "9606"),
        ("https://purl.obolibrary.org/obo/NCBITaxon_9606", "9606"),
        ("https://www.ncbi.nlm.nih.gov/datasets/taxonomy/9606/", "9606"),
        ("https://www.ncbi.nlm.nih.gov/Taxonomy/Browser/wwwtax.cgi?mode=Info&id=9606", "9606"),
        ("NCBI:txid9534", "9534"),
        ("https://identifiers.org/taxonomy:9606", "9606"),
        ("9606", None),
        ("NCBITaxon:0", None),
        ("NCBITaxon_9606_extra", None),
        ("http://purl.obolibrary.org/obo/FBbi_00000246", None),
        ("Homo sapiens", None),
    ],
)
def test_taxa(text: str, number: str | None) -> None:
    assert values.taxon_iri(text) == (f"{OBO}NCBITaxon_{number}" if number else None)
    assert values.taxon_iri("9606", bare=True) == OBO + "NCBITaxon_9606"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("FBbi:00050000", "00050000"),
        ("FBbi_ 00000246", "00000246"),
        ("http://purl.obolibrary.org/obo/FBbi_ 00000246", "00000246"),
        ("obo:FBbi_00000246", "00000246"),
        ("FBbi: 00000254", "00000254"),
        ("FBbi:246", None),
        ("http://edamontology.org/topic_3382", None),
        ("#00000251", None),
    ],
)
def test_methods(text: str, number: str | None) -> None:
    assert values.method_iri(text) == (f"{OBO}FBbi_{number}" if number else None)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("https://creativecommons.org/licenses/by/4.0/", "licenses/by/4.0/"),
        ("http://creativecommons.org/licenses/by-nc-sa/3.0", "licenses/by-nc-sa/3.0/"),
        ("https://creativecommons.org/licenses/by/4.0/legalcode.de", "licenses/by/4.0/"),
        ("https://creativecommons.org/licenses/by/3.0/us/", "licenses/by/3.0/us/"),
        ("https://creativecommons.org/publicdomain/zero/1.0/legalcode", "publicdomain/zero/1.0/"),
        ("CC BY 4.0", "licenses/by/4.0/"),
        ("CC-BY 4.0", "licenses/by/4.0/"),
        ("CC_BY_4.0", "licenses/by/4.0/"),
        ("CC BY-NC-ND 4.0 International", "licenses/by-nc-nd/4.0/"),
        ("https://spdx.org/licenses/CC-BY-SA-4.0", "licenses/by-sa/4.0/"),
        ("CC0", "publicdomain/zero/1.0/"),
        ("CC0-1.0", "publicdomain/zero/1.0/"),
        ("CC BY", None),
        ("CC BY 5.0", None),
        ("https://v18.proteinatlas.org/about/licence", None),
    ],
)
def test_licence_spellings(text: str, path: str | None) -> None:
    assert values.licence_iri(text) == (f"https://creativecommons.org/{path}" if path else None)


@pytest.mark.parametrize(
    "text", ["", " ", "NA", "n/a", "N/A", "none", "None", "null", "Unknown", "UNSURE", "-"]
)
def test_placeholders(text: str) -> None:
    assert values.is_placeholder(text)


@pytest.mark.parametrize("text", ["0", "no", "Nan Zhang", "not stained", "unknown alga"])
def test_values_that_are_no_placeholders(text: str) -> None:
    assert not values.is_placeholder(text)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("Ask Jülia Nöth <julia@uni-example.de>!", "Ask Jülia Nöth <[e-mail removed]>!"),
        ("mailto:a.b+c@x.co.uk", "mailto:[e-mail removed]"),
        ("1.5 kV@1.5 pA, @lab", "1.5 kV@1.5 pA, @lab"),
        ("https://medium.com/@user/page.html", "https://medium.com/@user/page.html"),
        ("name [at] host.org and name(at)host.org", "[e-mail removed] and [e-mail removed]"),
        ("name (at) host (dot) org", "[e-mail removed]"),
        ("jane at example dot ac dot uk", "[e-mail removed]"),
        ("at every dot of the grid, (at) 5 kV", "at every dot of the grid, (at) 5 kV"),
        ("jane@ example.org", "[e-mail removed]"),
        ("\u202ajane@exam\u200bple.org", "[e-mail removed]"),
        ('"Jane Doe"@example.org', "[e-mail removed]"),
        ("jane\uff20example.org, jane&#64;example.org", "[e-mail removed], [e-mail removed]"),
        ("https://example.org/?u=jane%40example.org", "https://example.org/?u=[e-mail removed]"),
        ("30 kV@ 1.5 nA probe", "30 kV@ 1.5 nA probe"),
        (" two\x02 words\n", "two words"),
    ],
)
def test_prose_loses_addresses_and_control_characters_only(text: str, cleaned: str) -> None:
    assert values.prose(text) == cleaned


@pytest.mark.parametrize(
    ("text", "legal"),
    [
        ("https://example.org/a%20b?c=d#e", True),
        ("https://example.org/é", True),
        ("https://example.org/a b", False),
        ("https://example.org/%zz", False),
        ("https://example.org/[x]", False),
        ("https://example.org/#a#b", False),
        ("https://example.org:port/", False),
        ("javascript:alert(1)", False),
        ("https://jane@example.org/", False),
        ("example.org", False),
    ],
)
def test_web_addresses_are_legal_iris(text: str, legal: bool) -> None:
    assert values.web_address(text) == (text if legal else None)
