"""Accessions in text, in every spelling; and what the words around them say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from rembigraph.ontology.evidence import EVIDENCE_WORTH
from rembigraph.ontology.fields import enum_iris
from rembigraph.ontology.mentions import links_in_prose, studies_named
from rembigraph.ontology.relations import PHRASES, relation_of


@pytest.mark.parametrize("phrase", PHRASES, ids=lambda phrase: phrase.relation)
def test_every_phrase_is_found_in_its_example_and_by_no_phrase_before_it(phrase):
    assert relation_of(phrase.example) == phrase.relation


@pytest.mark.parametrize(
    "text",
    [
        "See also @.",
        "the ribosome map (EMDB accession @) as reference failed",
        "We thank the authors of @ for advice.",
        "",
    ],
)
def test_words_that_say_nothing_give_no_relation(text):
    assert relation_of(text) == "related"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("EMPIAR 10819", ["EMPIAR-10819"]),
        ("EMPIAR ID: 10819", ["EMPIAR-10819"]),
        ("EMPIAR, entry # EMPIAR-10819.", ["EMPIAR-10819"]),
        ("empiar.org/10310", ["EMPIAR-10310"]),
        ("https://www.ebi.ac.uk/empiar/EMPIAR-10310/", ["EMPIAR-10310"]),
        ("https://www.ebi.ac.uk/pdbe/emdb/empiar/entry/10310/", ["EMPIAR-10310"]),
        ("EMPIAR-10459-10460-10461", ["EMPIAR-10459", "EMPIAR-10460", "EMPIAR-10461"]),
        ("EMPIAR\u201110463 and 10464", ["EMPIAR-10463", "EMPIAR-10464"]),
        ("10.6019/EMPIAR-10094", ["EMPIAR-10094"]),
        ("S-BIAD 634, s-biad-23 and S-BSST707", ["S-BIAD634", "S-BIAD23", "S-BSST707"]),
        ("IDR0033 (idr0033-rohban-pathways)", ["idr0033"]),
        ("https://idr.openmicroscopy.org/search/?query=Name:idr0010", ["idr0010"]),
        ("10.17867/10000105", ["https://doi.org/10.17867/10000105"]),
        ("EMD-12602, EMDB entry 3228", [f"http://www.ebi.ac.uk/emdb/EMD-{n}" for n in (12602, 3228)]),
        ("PDB ID 7NV0 and PDB: 1abc", [f"http://rdf.wwpdb.org/pdb/{n}" for n in ("7NV0", "1ABC")]),
        ("webclient/?show=project-1105", []),
        ("20201022-ftp/experimentA/idr0000-template", []),
        ("fire/S-BSST/023/S-BSST1023x", []),
        ("EMPIAR-10988/0062a8d9-00ca", ["EMPIAR-10988"]),
        ("the PDB 2021 release, PDB files, EMPIAR in 20210 words", []),
        ("xEMPIAR-10310, S-BIADX, EMPIAR-TEST", []),
    ],
)
def test_accessions_are_found_in_every_spelling_and_nowhere_else(text, named):
    assert studies_named(text) == named


def test_a_sentence_quotes_itself_and_says_the_relation():
    text = (
        "We made cells. The FIB SEM data can be found on EMPIAR, entry # EMPIAR-10819. EMPIAR-10819 is large."
    )
    (link,) = links_in_prose("S-BSST707", [text])
    assert (link.link_to, link.link_relation) == ("EMPIAR-10819", "part_of_same_experiment")
    assert link.evidence_text == [
        "The FIB SEM data can be found on EMPIAR, entry # EMPIAR-10819.",
        "EMPIAR-10819 is large.",
    ]


def test_of_maps_and_models_no_relation_is_read_off_words():
    (link,) = links_in_prose("EMPIAR-10988", ["matching FIB SEM data with EMD-1623 of the same cells"])
    assert link.link_relation == "related"


def test_a_doi_and_an_accession_are_two_kinds_of_evidence_and_a_study_never_links_to_itself():
    found = links_in_prose("S-BIAD1", ["(S-BIAD1947, DOI:10.6019/S-BIAD1947), see S-BIAD1"])
    assert {(link.link_to, link.evidence_kind) for link in found} == {
        ("S-BIAD1947", "prose"),
        ("S-BIAD1947", "dataset_doi"),
    }


def test_a_long_text_is_quoted_in_bounds():
    (link,) = links_in_prose("S-BIAD1", ["word " * 4000 + "EMPIAR-10310" + " word" * 4000])
    assert len(link.evidence_text[0]) <= 400
    assert "EMPIAR-10310" in link.evidence_text[0]


def test_the_documented_kinds_of_evidence_are_those_of_the_table():
    text = (Path(__file__).resolve().parents[2] / "docs" / "links.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.*?`) \| .* \| ([\d.]*) \|$", text, re.MULTILINE)
    told = {kind: float(worth) for kinds, worth in rows if worth for kind in re.findall(r"`(\w+)`", kinds)}
    assert told == {kind: worth for kind, worth in EVIDENCE_WORTH.items() if kind != "same_authors"}
    assert set(EVIDENCE_WORTH) == set(enum_iris("EvidenceKind"))
