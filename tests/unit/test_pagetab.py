"""BioStudies submissions: templates, associations, links, dirt, private values, leaf accounts."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rembigraph.loaders import read
from rembigraph.loaders.reading import Document, Reading
from rembigraph.ontology.errors import SourceMalformed, SourceSkipped


def attribute(name: str, value: Any, **more: Any) -> dict[str, Any]:
    return {"name": name, "value": value, **more}


def attributes(**values: str) -> list[dict[str, Any]]:
    return [attribute(name.replace("_", " "), value) for name, value in values.items()]


def part(kind: str, accno: str = "", below: Any = (), **values: str) -> dict[str, Any]:
    found: dict[str, Any] = {"type": kind, "attributes": attributes(**values)}
    return found | ({"accno": accno} if accno else {}) | ({"subsections": list(below)} if below else {})


def submission(*sections: Any, links: Any = (), accno: str = "S-BIADTEST", **values: str) -> dict[str, Any]:
    study = {
        "type": "Study",
        "attributes": attributes(**values),
        "subsections": list(sections),
        "links": list(links),
    }
    return {"accno": accno, "type": "submission", "attributes": attributes(Title="Made up"), "section": study}


def reading(document: Any) -> Reading:
    (found,) = read(Document("made-up.json", "", json.dumps(document).encode()))
    assert isinstance(found, Reading), found
    return found


def error(document: Any) -> Exception:
    (found,) = read(Document("made-up.json", "", json.dumps(document).encode()))
    assert isinstance(found, Exception)
    return found


SAMPLES = (
    part("Biosample", "Biosample-1", Title="Mouse", Organism="Mus musculus (mouse)"),
    part("Biosample", "Biosample-2", Title="Fish", Organism="Danio rerio"),
    part("Specimen", "Specimen-1", Title="Slice", Sample_preparation_protocol="Cut."),
    part("Specimen", "Specimen-2", Title="Whole", Growth_protocol="In water."),
    part("Image acquisition", "Image acquisition-3", Title="Confocal", Imaging_method="confocal microscopy"),
)


def test_each_associations_section_is_one_tuple_and_never_a_cross_product():
    one = part("Associations", Biosample="Mouse", Specimen="Slice", Image_acquisition="confocal ")
    two = part("Associations", Biosample="Fish", Specimen="Whole", Image_acquisition="Confocal")
    component = part("Study Component", "Study Component-1", [one, two], Name="Both", File_List="list.json")
    study = reading(submission(*SAMPLES, component)).study
    (found,) = study.component
    tuples = [(each.uses_biosample, each.uses_specimen, each.uses_acquisition) for each in found.association]
    name = "S-BIADTEST/{}".format
    acquisition = [name("acquisition/Image%20acquisition-3")]
    assert tuples == [
        ([name("biosample/Biosample-1")], [name("specimen/Specimen-1")], acquisition),
        ([name("biosample/Biosample-2")], [name("specimen/Specimen-2")], acquisition),
    ]
    assert {one.title: one.prepared_from for one in study.specimen} == {
        "Slice": [name("biosample/Biosample-1")],
        "Whole": [name("biosample/Biosample-2")],
    }
    assert [files.title for files in found.file_set] == ["list.json"]
    assert not study.kept_value


@pytest.mark.parametrize("title", ["All specimens", "None", "Slice 2"])
def test_a_dangling_association_stays_kept(title):
    component = part("Study Component", "", [part("Associations", Specimen=title)], Name="One")
    found = reading(submission(*SAMPLES, component))
    assert [kept.raw_text for kept in found.study.kept_value] == ["Specimen", title]
    assert found.unmapped == {"associations: specimen": 2}
    assert not found.study.component[0].association


@pytest.mark.parametrize("kind", ["Biosample", "Specimen", "Image acquisition", "Image analysis"])
def test_a_part_that_says_nothing_but_its_name_stays_kept(kind):
    """Curators took such a part for a slip: a thing without properties would be made up."""
    component = part("Study Component", "c", [{"type": kind, "accno": "x-1"}], Name="One")
    study = reading(submission(*SAMPLES, component)).study
    assert [kept.raw_text for kept in study.kept_value] == [kind, "x-1"]
    (found,) = study.component
    assert [found.uses_biosample, found.uses_specimen, found.uses_acquisition, found.uses_analysis] == [
        []
    ] * 4
    assert (len(study.biosample), len(study.specimen), len(study.acquisition)) == (2, 2, 1)
    assert study.analyzed_data == []


def test_a_title_of_two_things_names_neither():
    twice = part("Biosample", "Biosample-9", Title="Mouse", Organism="Mus musculus (mouse)")
    component = part("Study Component", "", [part("Associations", Biosample="Mouse")], Name="One")
    found = reading(submission(*SAMPLES, twice, component))
    assert found.study.component[0].uses_biosample == []
    assert "Mouse" in [kept.raw_text for kept in found.study.kept_value]


def test_lists_in_lists_empty_links_and_names_in_any_case():
    nested = [[part("AUTHOR", Name="Made Up"), [part("author", NAME="Second One")]]]
    links = [{}, [{"url": "EMPIAR-99998", "attributes": attributes(Type="empiar", Description="the EM")}]]
    study = reading(submission(*nested, *SAMPLES, links=links, KEYWORDS="one")).study
    assert [each.display_name for each in study.contribution] == ["Made Up", "Second One"]
    (link,) = study.related
    assert (link.link_to, link.evidence_text) == ("EMPIAR-99998", ["empiar; EMPIAR-99998; the EM"])
    assert study.keyword == ["one"]


def test_a_dataset_doi_is_a_link_and_other_addresses_are_seen_also():
    links = [
        {"url": "https://dx.doi.org/10.6019/EMPIAR-99998", "attributes": []},
        {"url": "ERP000000", "attributes": attributes(Type="ENA")},
        {"url": "LC3 and p62 ", "attributes": [attribute("Description", None)]},
        {"url": "S-BIADTEST"},
    ]
    found = reading(submission(links=links))
    assert [(one.link_to, str(one.evidence_kind)) for one in found.study.related] == [
        ("EMPIAR-99998", "dataset_doi")
    ]
    assert [one.external_identifier for one in found.study.see_also] == [
        "ERP000000",
        "LC3 and p62",
        "S-BIADTEST",
    ]
    assert [one.landing_page for one in found.study.see_also] == [None, None, None]
    assert found.leaves.kept == 0


def test_people_without_addresses_and_affiliations_by_name_or_in_words():
    person = part("author", Name="A Person", ORCID="0000-0002-1825-0097", Role="curator")
    person["attributes"] += [
        attribute("E-mail", "a.person@example.org"),
        attribute("affiliation", "o1", reference=True),
        attribute("affiliation", "Elsewhere"),
    ]
    found = reading(submission(person, part("organisation", "o1", Name="The Institute")))
    (author,) = found.study.contribution
    assert author.person.id == "https://orcid.org/0000-0002-1825-0097"
    assert [one.name for one in author.affiliation] == ["The Institute"]
    assert author.person.affiliation_text == ["Elsewhere"]
    assert "example.org" not in found.study.model_dump_json()
    assert found.leaves.kept == 0


def test_ontology_terms_of_the_newer_template():
    organism = part(
        "Organism", Scientific_name="Danio rerio", NCBI_taxon_ID="NCBITaxon_7955", Common_name="zebrafish"
    )
    method = part(
        "Imaging Method",
        Ontology_Value="confocal microscopy",
        Ontology_Name="FBbi",
        Ontology_Term_ID="FBbi:00000251",
    )
    found = reading(
        submission(
            part("Biosample", "b", [organism], Title="Fish"),
            part("Image acquisition", "a", [method], Title="C"),
        )
    )
    (taxon,) = found.study.biosample[0].organism
    assert (taxon.id, taxon.common_name) == ("http://purl.obolibrary.org/obo/NCBITaxon_7955", ["zebrafish"])
    (term,) = found.study.acquisition[0].imaging_method
    assert (term.id, term.label) == ("http://purl.obolibrary.org/obo/FBbi_00000251", "confocal microscopy")
    assert found.leaves.kept == 0


def test_the_internal_form_loses_accounts_and_nothing_else():
    document = {
        "accNo": "S-BIADTEST",
        "secretKey": "not-to-be-told",
        "owner": "someone@example.org",
        "section": {
            "type": "Study",
            "extType": "section",
            "attributes": [attribute("Title", "Made up", nameAttrs=[], valueAttrs=[])],
            "sections": [part("author", Name="A Person")],
            "fileList": {"fileName": "list.tsv", "path": "x"},
        },
    }
    found = reading(document)
    text = found.study.model_dump_json()
    assert found.study.title == "Made up"
    assert "not-to-be-told" not in text
    assert "someone" not in text
    assert found.leaves.kept == 0


def test_files_in_the_submission_are_summed_up():
    document = submission()
    document["section"]["files"] = [[{"path": "a.tif", "size": 2}, {"path": "b.tif", "size": 3}]]
    (component,) = reading(document).study.component
    (files,) = component.file_set
    assert (files.file_count, files.byte_size) == (2, 5)


def test_a_draft_gets_an_accession_of_its_title_and_says_so():
    document = submission()
    del document["accno"]
    found = reading(document)
    assert (found.study.accession[:6], found.quality) == ("DRAFT-", "draft")
    document["attributes"] = []
    assert "neither an accession nor a title" in str(error(document))


def test_what_is_no_study_is_skipped_and_a_wrong_accession_refused():
    assert isinstance(error({"accno": "X", "attributes": [], "section": {"type": "Project"}}), SourceSkipped)
    assert isinstance(error({"accno": "X", "attributes": []}), SourceSkipped)
    assert isinstance(error([{"path": "a.tif", "attributes": []}]), SourceSkipped)
    wrong = error(submission(accno="MY-1"))
    assert isinstance(wrong, SourceMalformed)
    assert (wrong.code, wrong.pointer) == ("unknown-accession", "/accno")


# --- templates


def raw(found: Reading) -> list[str]:
    return [one.raw_text for one in found.study.kept_value]


def test_version_4_writes_organisms_and_methods_in_words():
    sample = part(
        "Biosample", "b", Title="Cell", Organism="Homo sapiens (human)", Experimental_variable="a, b"
    )
    image = part("Image acquisition", "i", Title="C", Imaging_method="confocal microscopy")
    found = reading(submission(sample, image))
    (one,) = found.study.biosample
    assert [taxon.id for taxon in one.organism] == ["http://purl.obolibrary.org/obo/NCBITaxon_9606"]
    assert (one.organism_text, one.experimental_variable) == (["Homo sapiens (human)"], ["a, b"])
    assert raw(found) == []


def test_an_organism_without_a_number_is_written_as_version_4_would():
    organism = part("Organism", Scientific_name="Homo sapiens", Common_name="human", NCBI_taxon_ID="")
    unsure = part("Organism", Scientific_name="Somebody", NCBI_taxon_ID="not yet")
    found = reading(
        submission(part("Biosample", "b", [organism], Title="A"), part("Biosample", "c", [unsure], Title="B"))
    )
    assert [one.organism_text for one in found.study.biosample] == [["Homo sapiens (human)"], ["Somebody"]]
    assert raw(found) == ["NCBI taxon ID", "not yet"]


@pytest.mark.parametrize(
    ("ontology", "term", "kept"),
    [
        ("EDAM", "http://edamontology.org/topic_3383", []),
        ("Biological Imaging Methods Ontology (FBbi)", "FBbi:00000251", []),
        ("some list", "FBbi:00000251", ["Ontology Name", "some list"]),
        ("", "", []),
        ("FBbi", "no such term", ["Ontology Name", "FBbi", "Ontology Term ID", "no such term"]),
    ],
)
def test_the_name_of_an_ontology_goes_where_its_term_says_it(ontology, term, kept):
    method = part("Imaging Method", Ontology_Value="confocal", Ontology_Name=ontology, Ontology_Term_ID=term)
    assert raw(reading(submission(part("Image acquisition", "a", [method], Title="C")))) == kept


def test_mifa_says_how_annotations_were_made_and_which_version_they_are():
    version = part("Version", Annotation_version="1.0", Version_timestamp="2024-03-06 16:30:00")
    annotation = part(
        "Annotations",
        "Annotations-1",
        [version],
        Title="Masks",
        Annotation_Overview="of nuclei",
        Annotation_Type="segmentation_mask",
        Annotation_Method="by hand",
        Annotation_Confidence_Level="high",
        Annotation_Criteria="no debris",
        Annotation_Coverage="all",
        File_List="masks.json",
    )
    found = reading(submission(annotation))
    (one,), (method,) = found.study.annotation, found.study.annotation_method
    assert (one.title, one.description, [files.title for files in one.file_set]) == (
        "Masks",
        "of nuclei",
        ["masks.json"],
    )
    assert one.attribute_text == [
        "Version: Annotation version: 1.0",
        "Version: Version timestamp: 2024-03-06 16:30:00",
    ]
    assert (method.description, method.annotation_confidence) == ("by hand", "high")
    assert (method.annotation_criteria, method.annotation_coverage) == ("no debris", "all")
    assert one.by_annotation_method == [method.id]
    assert raw(found) == []


def test_an_annotation_that_says_nothing_of_its_method_has_none():
    found = reading(submission(part("Annotation", "a", Title="Masks", Annotation_method="")))
    assert found.study.annotation[0].by_annotation_method == []
    assert found.study.annotation_method == []
    assert raw(found) == []


def test_the_early_style_of_experiments_and_protocols():
    growth = part("Protocol", "e : growth", Description="In water.")
    growth["attributes"].append(
        attribute(
            "Type",
            "growth protocol",
            valqual=[{"name": "Ontology", "value": "EFO"}, {"name": "TermId", "value": "EFO_0003789"}],
        )
    )
    other = part("Protocol", Type="another protocol", Description="By hand.")
    experiment = part("Experiment", "e", [growth, other], Description="Screen")
    experiment["attributes"] += [
        attribute("Characteristics [Organism]", "Danio rerio"),
        attribute(
            "Imaging Method",
            "fluorescence microscopy",
            valqual=[{"name": "Ontology", "value": "Fbbi"}, {"name": "TermId", "value": "FBbi_00000246"}],
        ),
        attribute("Phenotype", "bent", valqual=[{"name": "Score type", "value": "manual"}]),
    ]
    experiment["files"] = [{"path": "one.txt", "size": 2, "attributes": attributes(Format="text")}]
    found = reading(submission(experiment))
    (component,) = found.study.component
    (files,) = component.file_set
    assert (files.file_count, files.byte_size, files.path_pattern) == (1, 2, ["one.txt"])
    assert files.attribute_text == ["Format: text"]
    assert [term.id for term in component.imaging_method] == ["http://purl.obolibrary.org/obo/FBbi_00000246"]
    assert component.attribute_text == ["Phenotype: bent [Score type: manual]"]
    assert [one.description for one in found.study.protocol] == ["In water.", "By hand."]
    assert [[term.id for term in one.protocol_type] for one in found.study.protocol] == [
        ["http://www.ebi.ac.uk/efo/EFO_0003789"],
        [],
    ]
    assert found.study.protocol[1].attribute_text == ["Type: another protocol"]
    assert "Danio rerio" in found.study.organism_text
    assert (raw(found), found.leaves.ignored) == ([], 0)


def test_the_default_template_has_everything_in_the_study_section():
    document = submission(Organism="Mus musculus (mouse)", File_List="all.tsv", Experiment_type="imaging")
    document["section"]["files"] = [{"path": "fig 1", "size": 3, "type": "directory"}]
    study = reading(document).study
    (component,) = study.component
    assert [(files.title, files.file_count, files.byte_size) for files in component.file_set] == [
        ("all.tsv", None, None),
        (None, None, 3),
    ]
    assert study.attribute_text == ["Experiment type: imaging"]
    assert [taxon.scientific_name for taxon in study.organism] == ["Mus musculus"]


def test_a_section_that_no_class_is_for_is_told_in_words_or_lists_files():
    table = part("Software Informations", "", Column_1="https://example.org/tool")
    analysis = part("Image analysis", "a", [[table]], Title="Counting")
    extra = part("Supplementary Data", "", Description="Movies", File_List="movies.json")
    found = reading(submission(analysis, extra, part("Weather", "", Wind="west")))
    (analysed,), (component,) = found.study.analyzed_data, found.study.component
    assert analysed.attribute_text == ["Software Informations: Column 1: https://example.org/tool"]
    assert (component.title, component.description) == ("Supplementary Data", "Movies")
    assert [files.title for files in component.file_set] == ["movies.json"]
    assert found.study.attribute_text == ["Weather: Wind: west"]
    assert raw(found) == []


def test_the_internal_form_says_when_it_was_released():
    document = submission() | {"releaseTime": "2020-12-17T00:00:00Z", "released": True}
    document["collections"] = [{"accNo": "BioImages"}]
    assert reading(document).study.issued == "2020-12-17"
    assert raw(reading(document)) == []
    assert reading(document | {"released": False}).study.issued is None


# --- dirt


def test_an_association_without_a_title_names_nothing():
    unnamed = part("Specimen", "s", Title="", Growth_protocol="In water.")
    component = part(
        "Study Component", "c", [part("Associations", Specimen="", Biosample="Mouse")], Name="One"
    )
    found = reading(submission(*SAMPLES[:2], unnamed, component))
    (one,) = found.study.component
    assert (one.uses_specimen, len(one.uses_biosample)) == ([], 1)
    assert found.study.specimen[0].prepared_from == []


def test_an_affiliation_may_name_an_organisation_as_it_is_called():
    institute = part("organization", "o1", Name="The Institute", Address="Road 1")
    twice = [part("organization", f"o{number}", Name="A Department") for number in (2, 3)]
    person = part("author", Name="A Person")
    person["attributes"] += [
        attribute("affiliation", "the institute", reference=True),
        attribute("affiliation", "A Department", reference=True),
    ]
    (author,) = reading(submission(person, institute, *twice)).study.contribution
    assert [(one.name, one.address) for one in author.affiliation] == [("The Institute", "Road 1")]
    assert author.person.affiliation_text == ["A Department"]


@pytest.mark.parametrize(
    ("text", "doi", "kept"),
    [
        ("https://doi.org/10.1234/AB.", "10.1234/ab", []),
        ("doi: https://doi.org/DOI: 10.1234/ab", "10.1234/ab", []),
        (" https:// dx.doi.org/10.1234/ab ", "10.1234/ab", []),
        ("arXiv:2504.18737v1 ", "10.48550/arxiv.2504.18737", []),
        ("0.1234/ab", None, ["0.1234/ab"]),
        ("https://doi.org/10.1234/ab Funding", None, ["https://doi.org/10.1234/ab Funding"]),
        ("2024.09.23.614351", None, ["2024.09.23.614351"]),
        ("TBD", None, ["TBD"]),
    ],
)
def test_a_doi_is_read_in_every_form_that_is_one_and_else_kept(text, doi, kept):
    found = reading(submission(part("Publication", Title="A paper", DOI=text)))
    (one,) = found.study.publication
    assert one.doi == doi
    assert raw(found) == ([] if not kept else ["DOI", *kept])


@pytest.mark.parametrize("text", ["pending", "in revision", "BIO "])
def test_a_publication_that_is_none_stays_kept(text):
    found = reading(submission(part("Publication", Pubmed_ID=text)))
    assert found.study.publication == []
    assert raw(found) == ["Publication", "Pubmed ID", text]


def test_the_doi_of_a_publication_given_as_its_link_is_said_once():
    paper = part("Publication", Title="A paper")
    paper["links"] = [{"url": "doi: https://doi.org/10.1234/ab", "attributes": attributes(Type="DOI")}]
    study = reading(submission(paper)).study
    assert [one.doi for one in study.publication] == ["10.1234/ab"]
    assert study.see_also == []


def test_accessions_in_a_row_or_in_an_attribute_made_for_them_are_links():
    document = submission(links=[{"url": "EMPIAR-99997-99998"}], IDR_accession_number="idr9999")
    assert [(one.link_to, str(one.evidence_kind)) for one in reading(document).study.related] == [
        ("EMPIAR-99997", "links_section"),
        ("EMPIAR-99998", "links_section"),
        ("idr9999", "reference_field"),
    ]


def test_nothing_private_passes_whatever_it_hides_in():
    person = part("author", Name="Jane <jane@example.org>", ORCID="0000-0002-1825-0097", Phone="123")
    person["attributes"] += [
        attribute("E-mail", "jane@ut"),
        attribute("Email", "\u202bjane@example.org"),
        attribute("Role", "author", valqual=[{"name": "e-mail", "value": "jane@ut"}]),
    ]
    links = [{"url": "mailto:jane@example.org"}, {"url": "x", "attributes": attributes(E_mail="jane@ut")}]
    document = submission(person, links=links, Description="Ask jane (at) example.org")
    document["section"]["files"] = [{"path": "jane@example.org", "attributes": attributes(Email="jane@ut")}]
    text = reading(document).study.model_dump_json()
    assert "jane@" not in text
    assert "(at)" not in text
    assert "123" not in text.replace("0000-0002-1825-0097", "")
    assert "Jane <[e-mail removed]>" in text


STRANGE = [
    None,
    True,
    7,
    1.5,
    "",
    "x",
    [],
    {},
    [[]],
    [{}],
    {"a": 1},
    ["x"],
    {"name": None},
    [None, {"name": 3}],
]


@pytest.mark.nightly
@pytest.mark.parametrize("value", STRANGE, ids=repr)
def test_a_value_of_any_type_anywhere_is_accounted_for(value):
    """Put a strange value in every place of a submission, one after the other."""
    component = part("Study Component", "c", [part("Associations", Specimen="Slice")], Name="One")
    links = [{"url": "EMPIAR-99998", "attributes": attributes(Type="empiar")}]
    whole = submission(
        *SAMPLES, component, part("author", Name="A"), part("Annotations", Title="T"), links=links
    )
    text = json.dumps(whole)
    places = list(_places(whole, ()))
    assert len(places) > 80
    for place in places:
        changed = json.loads(text)
        target = changed
        for step in place[:-1]:
            target = target[step]
        target[place[-1]] = value
        for found in read(Document("strange.json", "", json.dumps(changed).encode())):
            if isinstance(found, Reading):
                assert found.leaves.total == sum(1 for _ in _leaves(changed)), place


def _places(value: Any, place: tuple[Any, ...]):
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*place, key)
        yield from _places(item, (*place, key))


def _leaves(value: Any):
    if isinstance(value, dict | list) and value:
        for item in value.values() if isinstance(value, dict) else value:
            yield from _leaves(item)
    else:
        yield value


# --- submissions that nobody has seen

ADDRESS = "jane.doe@example.org"
TEXTS = st.sampled_from(
    [
        *("", " ", "None", "UNSURE", "o1", "Mouse", "Danio rerio", "9606", "FBbi:00000251", "EFO_0003789"),
        *("10.1234/ab", "EMPIAR-99997-99998", "2024-06-15", "CC0", "list.json", "https://example.org/a b"),
        *("\u202bx\u200b", "\x00\x02", "huge", "a\tb\r\nc", "\U0001f41f", "%zz", "//"),
        *(ADDRESS, f"Jane <{ADDRESS}>", f"mailto:{ADDRESS}", "jane.doe [at] example.org"),
    ]
).map(lambda text: text * 20_000 if text == "huge" else text)
ODD = st.sampled_from([None, True, 3, -1.5, [], {}, [[]], [None], {"name": ["x"]}, {"value": {"a": {}}}])


@st.composite
def drawn(draw: st.DrawFn, kind: str) -> Any:
    """Something of a kind by its name, so that strategies made of it stay short to print."""
    return draw(STRATEGIES[kind])


VALUES, NAMES, ATTRIBUTES = drawn("values"), drawn("names"), drawn("attributes")
KNOWN_NAMES = st.sampled_from(
    [
        *("Title", "NAME", "description", "Organism", "File List", "E-mail", "affiliation", "ORCID", "Role"),
        *("DOI", "Pubmed ID", "Year", "Agency", "grant_id", "License", "Keyword", "Imaging method", "Type"),
        *(
            "Biosample",
            "Specimen",
            "Image acquisition",
            "NCBI taxon ID",
            "Scientific name",
            "Ontology Term ID",
        ),
        *("Ontology Value", "Ontology Name", "ReleaseDate", "Growth protocol", "IDR accession number"),
    ]
)
KINDS = st.one_of(
    st.sampled_from(
        [
            *("author", "organisation", "Publication", "Funding", "Biosample", "Specimen", "Organism"),
            *("Image acquisition", "Imaging Method", "Image analysis", "Image correlation", "Annotations"),
            *("Study Component", "Associations", "Experiment", "Protocol", "Study", "Table", ADDRESS),
        ]
    ),
    VALUES,
)
QUALIFIERS = st.lists(st.fixed_dictionaries({"name": NAMES, "value": VALUES}), max_size=2)
STRATEGIES: dict[str, st.SearchStrategy[Any]] = {
    "values": st.one_of(TEXTS, TEXTS, ODD),
    "names": st.one_of(KNOWN_NAMES, KNOWN_NAMES, VALUES),
    "attributes": st.lists(
        st.one_of(
            st.fixed_dictionaries(
                {"name": NAMES, "value": VALUES},
                optional={"reference": ODD, "valqual": QUALIFIERS, "nmqual": QUALIFIERS, "extra": VALUES},
            ),
            ODD,
        ),
        max_size=5,
    ),
}
LINKS = st.lists(st.one_of(ODD, st.fixed_dictionaries({"url": VALUES, "attributes": ATTRIBUTES})), max_size=2)
FILES = st.lists(
    st.one_of(
        ODD,
        st.fixed_dictionaries({"path": VALUES, "size": VALUES, "type": VALUES, "attributes": ATTRIBUTES}),
    ),
    max_size=3,
)


def sections(below: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    several = st.lists(st.one_of(below, st.lists(below, max_size=2)), max_size=4)
    return st.fixed_dictionaries(
        {"type": KINDS, "attributes": ATTRIBUTES},
        optional={"accno": VALUES, "subsections": several, "links": LINKS, "files": FILES, "odd": VALUES},
    )


SECTION = st.recursive(sections(ODD), sections, max_leaves=8)


@pytest.mark.nightly
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(study=SECTION, more=ATTRIBUTES, extra=st.dictionaries(TEXTS, VALUES, max_size=2))
def test_any_submission_is_read_and_accounted_for(study: Any, more: Any, extra: Any) -> None:
    document = {"accno": "S-BIADTEST", "attributes": more, "section": study | {"type": "Study"}} | extra
    for found in read(Document("made-up.json", "", json.dumps(document).encode())):
        assert isinstance(found, Reading), found
        text = found.study.model_dump_json() + json.dumps(found.unmapped)
        assert "jane.doe" not in text
        assert found.leaves.total == sum(1 for _ in _leaves(document))
        assert found.leaves.kept == len(
            [one for one in found.study.kept_value if one.pointer.startswith("/")]
        )
