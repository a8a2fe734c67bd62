"""Links between records: from every kind of source, both ways, each once, whatever is here and in any order."""

from __future__ import annotations

import csv
import io
import json
import random
from itertools import combinations, permutations
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from rembigraph.app.cli import main
from rembigraph.catalogue.home import Home
from rembigraph.catalogue.kinship import MOST_SHARING, Kin, shared_publications
from rembigraph.catalogue.linking import correlative_sets
from rembigraph.catalogue.parts import EVIDENCE_WORTH, Link
from rembigraph.ontology.identifiers import Iris

from tests.made_catalogue import (
    DATA,
    everything,
    graph,
    in_default_graph,
    judgement,
    links,
    made,
    opened,
    publish,
    study,
)

ENTRY, MAP, MODEL = "EMPIAR-99901", "EMD-99990", "9ZZZ"
MAP_IRI, MODEL_IRI = f"http://www.ebi.ac.uk/emdb/{MAP}", f"http://rdf.wwpdb.org/pdb/{MODEL}"
REMBI = "https://w3id.org/rembigraph/ns#"
IDENTIFIER = "<http://purl.org/dc/terms/identifier>"


def _empiar(accession: str = ENTRY, **more: Any) -> str:
    sets = [{"name": "Made-up tilt series", "directory": "data/tilt", "segmentations": []}]
    return json.dumps({accession: {"title": "A made-up entry", "imagesets": sets, **more}})


def _pagetab(accession: str, *urls: str, title: str = "Made up", **values: str) -> str:
    attributes = [{"name": name.replace("_", " "), "value": value} for name, value in values.items()]
    found = [{"url": url, "attributes": []} for url in urls]
    section = {
        "type": "Study",
        "attributes": [{"name": "Title", "value": title}, *attributes],
        "links": found,
    }
    return json.dumps(
        {"accno": accession, "attributes": [{"name": "Title", "value": title}], "section": section}
    )


def _link(to: str, relation: str = "related", evidence: str = "links_section", **more: Any) -> dict[str, Any]:
    return {"link_to": to, "link_relation": relation, "evidence_kind": evidence, "asserted_by": "depositor",
            "evidence_text": [f"see {to}"], **more}  # fmt: skip


def _between(found: list[dict[str, Any]], one: str, other: str) -> list[dict[str, Any]]:
    return [link for link in found if {link["from"], link["to"]} == {one, other}]


# --- what is here and what is not


@pytest.mark.slow
def test_what_is_not_here_is_an_external_node_until_it_comes(tmp_path: Path) -> None:
    home = made(tmp_path / "home", study("EXAMPLE-0001", related=[_link("S-BIAD99901"), _link(MAP_IRI)]))
    absent = DATA + "S-BIAD99901"
    for iri, identifier, archive, page in (
        (
            absent,
            "S-BIAD99901",
            "BioImageArchive",
            "https://www.ebi.ac.uk/biostudies/bioimages/studies/S-BIAD99901",
        ),
        (MAP_IRI, MAP, "EMDB", f"https://www.ebi.ac.uk/emdb/{MAP}"),
    ):
        stated = in_default_graph(home, iri)
        assert f'{IDENTIFIER} "{identifier}"' in stated
        assert any(archive in line for line in stated)
        assert any(page in line for line in stated)
        assert f"<http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <{REMBI}ExternalRecord>" in stated
        assert any(line.startswith(f"<{iri}> ") for line in graph(home, "links"))
    publish(home, study("S-BIAD99901", "It came"))
    assert not any(line.startswith(f"<{absent}> ") for line in graph(home, "links"))
    assert any(line.startswith(f"<{MAP_IRI}> ") for line in graph(home, "links"))
    stated = in_default_graph(home, absent)
    assert not any("ExternalRecord" in line for line in stated)
    assert stated.count(f'{IDENTIFIER} "S-BIAD99901"') == 1
    with opened(home) as snapshot:
        (part,) = (part for part in snapshot.parts("EXAMPLE-0001") if part.accession == "S-BIAD99901")
        assert part.held
        assert part.title == "It came"


def test_a_link_is_seen_from_both_ends(tmp_path: Path) -> None:
    home = made(tmp_path / "home", [study("EXAMPLE-0001", related=[_link("EXAMPLE-0002", "supersedes")]),
                                    study("EXAMPLE-0002")])  # fmt: skip
    out, back = links(home, "EXAMPLE-0001"), links(home, "EXAMPLE-0002")
    assert out == back == links(home)
    (link,) = out
    assert (link["from"], link["to"], link["relation"]) == ("EXAMPLE-0001", "EXAMPLE-0002", "supersedes")
    assert link["quotes"] == ["see EXAMPLE-0002"]
    assert link["stated_in"] == ["EXAMPLE-0001"]


@pytest.mark.parametrize("url", ["EMPIAR-99901", "https://doi.org/10.6019/EMPIAR-99901",
                                 "https://www.ebi.ac.uk/empiar/EMPIAR-99901/"])  # fmt: skip
def test_both_sides_of_a_link_may_state_it(tmp_path: Path, url: str) -> None:
    documents = [_pagetab("S-BIAD99901", url), _empiar(cross_references=["S-BIAD99901"])]
    found = {
        json.dumps(links(made(tmp_path / str(n), *order))) for n, order in enumerate(permutations(documents))
    }
    assert len(found) == 1
    both = _between(json.loads(found.pop()), "S-BIAD99901", ENTRY)
    assert {(link["from"], link["stated_in"][0]) for link in both} == {("S-BIAD99901",) * 2, (ENTRY,) * 2}


# --- maps and models

EMDB_EMPIAR = f"EMDB_ID\tEMPIAR_ID\tPROVENANCE\n{MAP}\t{ENTRY}\tEMPIAR\nEMD-99991\t{ENTRY}\tEMDB\n"
EMDB_PDB = f"EMDB_ID\tPDB_ID\tASSEMBLY\tMOLECULAR_WEIGHT\n{MAP}\t{MODEL}\t1\t420.5\n"


@pytest.mark.slow
def test_what_a_table_passes_on_is_one_assertion(tmp_path: Path) -> None:
    """EMICSS has its EMDB-EMPIAR rows from EMPIAR's own header: no second evidence for the same thing."""
    documents = [_empiar(cross_references=[MAP]), EMDB_EMPIAR, EMDB_PDB]
    homes = [made(tmp_path / str(n), *order) for n, order in enumerate(permutations(documents))]
    assert len({everything(home) for home in homes}) == 1
    (link,) = _between(links(homes[0]), ENTRY, MAP)
    assert (link["from"], link["relation"], link["evidence"]) == (
        ENTRY,
        "reconstructed_as",
        "reference_field",
    )
    assert link["relayed_by"] == ["EMICSS"]
    assert ENTRY in link["stated_in"]
    assert len(_between(links(homes[0], MAP), ENTRY, MAP)) == 1
    only_in_the_table = _between(links(homes[0]), ENTRY, "EMD-99991")
    assert [link["relayed_by"] for link in only_in_the_table] == [["EMICSS"]]


def test_models_are_reached_through_the_map(tmp_path: Path) -> None:
    home = made(tmp_path / "home", _empiar(cross_references=[MAP]))
    modelled = f"<{DATA}{ENTRY}> <{REMBI}modelledAs> <{MODEL_IRI}>"
    assert modelled not in graph(home, "links")
    publish(home, EMDB_PDB)
    assert modelled in graph(home, "links")
    assert f"<{REMBI}modelledAs> <{MODEL_IRI}>" in in_default_graph(home, DATA + ENTRY)
    assert f'{IDENTIFIER} "{MODEL}"' in in_default_graph(home, MODEL_IRI)
    assert [(link["from"], link["to"]) for link in links(home, MODEL)] == [(MAP, MODEL)]
    publish(home, judgement(ENTRY, MAP, "refuted"))
    assert modelled not in graph(home, "links")


def test_publications_are_linked_both_ways(tmp_path: Path) -> None:
    paper = "https://doi.org/10.1234/made.up"
    home = made(tmp_path / "home", [_empiar(citation=[_citation("10.1234/MADE.UP")]), study("EXAMPLE-0001")])
    (link,) = links(home, ENTRY)
    assert (link["from"], link["to"], link["relation"]) == (ENTRY, paper, "described_in")
    assert [one["from"] for one in links(home, paper)] == [ENTRY]
    with opened(home) as snapshot:
        assert snapshot.publications(ENTRY) == [paper]
        assert snapshot.publications(paper) == [ENTRY]
        assert snapshot.parts(ENTRY) == []


def _citation(doi: str, title: str = "A made-up paper") -> dict[str, Any]:
    return {"title": title, "doi": doi, "authors": [{"author": {"name": "Doe J"}}], "published": True}


# --- shared publications


@pytest.mark.parametrize("spelt", ["10.1234/MADE.up", "doi:10.1234/made.UP", "https://dx.doi.org/10.1234/Made.Up",
                                   "https://doi.org/10.1234/made.up."])  # fmt: skip
def test_a_shared_publication_is_a_link_however_its_doi_is_spelt(tmp_path: Path, spelt: str) -> None:
    paper = {"type": "Publication", "attributes": [{"name": "Title", "value": "A made-up paper"},
                                                   {"name": "DOI", "value": spelt}]}  # fmt: skip
    document = json.loads(_pagetab("S-BIAD99901"))
    document["section"]["subsections"] = [paper]
    home = made(tmp_path / "home", [_empiar(citation=[_citation("10.1234/made.up")]), json.dumps(document)])
    (link,) = _between(links(home), ENTRY, "S-BIAD99901")
    assert (link["relation"], link["evidence"], link["asserted_by"]) == (
        "same_publication", "shared_publication", "inferred",
    )  # fmt: skip
    assert link["quotes"] == ["both name the publication https://doi.org/10.1234/made.up"]
    assert not link["correlated"]
    node = f"{DATA}link/{ENTRY}--S-BIAD99901/same-publication"
    assert any("SharedPublication" in line for line in in_default_graph(home, node))


@pytest.mark.parametrize(
    ("studies", "pairs"), [(1, 0), (2, 1), (3, 3), (MOST_SHARING, 190), (MOST_SHARING + 1, 0)]
)
def test_a_publication_of_many_studies_joins_no_pairs(studies: int, pairs: int) -> None:
    kin = [
        Kin(f"EXAMPLE-{n:04d}", f"Title {n}", (), ("https://doi.org/10.1234/x",))
        for n in range(1, studies + 1)
    ]
    random.Random(1).shuffle(kin)
    found = list(shared_publications(kin, Iris(DATA)))
    assert len(found) == pairs
    assert all(link.here < link.there for link in found)


def test_the_studies_of_a_publication_of_many_meet_at_it(tmp_path: Path) -> None:
    names = [f"EMPIAR-999{n:02d}" for n in range(MOST_SHARING + 1)]
    home = made(tmp_path / "home", [_empiar(name, citation=[_citation("10.1234/x")]) for name in names])
    assert [link["from"] for link in links(home, "https://doi.org/10.1234/x")] == names
    assert not any(link["evidence"] == "shared_publication" for link in links(home))


# --- suggestions and test records


def _alike(accession: str, *names: str, title: str = "Made-up fish larvae in blue water") -> str:
    people = [{"position": n, "display_name": name} for n, name in enumerate(names, start=1)]
    return study(accession, title, contribution=people)


def test_a_suggestion_is_never_asserted(tmp_path: Path) -> None:
    one = _alike("EXAMPLE-0001", "Ada Lovelace", "Grace Hopper")
    home = made(tmp_path / "home", [one, _alike("EXAMPLE-0002", "Lovelace A", "Hopper G")])
    (link,) = _between(links(home), "EXAMPLE-0001", "EXAMPLE-0002")
    assert (link["evidence"], link["suggestion"], link["correlated"]) == ("same_authors", True, False)
    assert link["confidence"] < 0.5
    node = f"{DATA}link/EXAMPLE-0001--EXAMPLE-0002/related"
    assert in_default_graph(home, node) == []
    assert any(line.startswith(f"<{node}> ") for line in graph(home, "inferred"))
    assert not any(line.startswith(f"<{node}> ") for line in graph(home, "links"))
    assert not any("correlatedWith" in line for line in graph(home, "inferred"))
    with opened(home) as snapshot:
        assert [part.is_suggestion for part in snapshot.parts("EXAMPLE-0002")] == [True]
        assert len(snapshot.correlative_set("EXAMPLE-0001")) == 1


@pytest.mark.slow
def test_a_test_record_of_an_archive_proves_nothing(tmp_path: Path) -> None:
    """An archive's fixture under an accession that looks released, and a draft: marked so, never correlated."""
    said = "The same cells were imaged by electron microscopy: EMPIAR-11380."
    fixture = made(tmp_path / "fixture", _pagetab("S-BIAD1492", Description=said))
    draft = made(tmp_path / "draft", _pagetab("S-BIADTEST", Description=said))
    released = made(tmp_path / "released", _pagetab("S-BIAD99901", Description=said))
    for home, marked in ((fixture, True), (draft, True), (released, False)):
        (link,) = (link for link in links(home, "EMPIAR-11380"))
        assert (link["test_fixture"], link["suggestion"]) == (marked, marked)
        assert link["relation"] == "images_same_specimen"
        assert link["correlated"] is not marked
        assert any("correlatedWith" in line for line in graph(home, "inferred")) is not marked
    elsewhere = made(
        tmp_path / "elsewhere", _pagetab("S-BIAD1492", Description=said.replace("11380", "99901"))
    )
    assert [link["test_fixture"] for link in links(elsewhere)] == [False]


# --- correlative sets


def _same(here: str, there: str, evidence: str, sure: float | None = None) -> Link:
    node = f"{DATA}{here}/link/{there}-{evidence}"
    return Link(here, there, node, "link", "images_same_specimen", True, evidence, "depositor", sure)


def _brute_force(links: list[Link]) -> dict[tuple[str, ...], float]:
    """For each set, the greatest strength at which its links still hold it together without all weaker ones."""

    def components(kept: list[Link]) -> set[frozenset[str]]:
        groups = [{end} for end in {end for link in links for end in (link.here, link.there)}]
        for link in kept:
            joined = [group for group in groups if group & {link.here, link.there}]
            groups = [group for group in groups if group not in joined] + [set().union(*joined)]
        return {frozenset(group) for group in groups}

    strengths = sorted({link.strength for link in links}, reverse=True)
    return {
        tuple(sorted(whole)): next(
            least
            for least in strengths
            if whole in components([each for each in links if each.strength >= least])
        )
        for whole in components(links)
    }


@pytest.mark.parametrize("seed", range(60))
def test_sets_and_their_weakest_evidence_are_those_of_brute_force(seed: int) -> None:
    chance = random.Random(seed)
    names = [f"EXAMPLE-{n:04d}" for n in range(chance.randint(2, 9))]
    strong = [kind for kind in EVIDENCE_WORTH if kind != "same_authors"]
    pairs = chance.choices(list(combinations(names, 2)), k=chance.randint(1, 14))
    drawn = (
        _same(*chance.sample(pair, 2), chance.choice(strong), chance.choice((None, 0.5, 0.75, 1.0)))
        for pair in pairs
    )
    found = list({link.node: link for link in drawn}.values())
    sets = dict(correlative_sets(found))
    assert {members: weakest.strength for members, weakest in sets.items()} == _brute_force(found)
    for members, weakest in sets.items():
        assert {weakest.here, weakest.there} <= set(members)
    for _ in range(3):
        assert dict(correlative_sets(chance.sample(found, len(found)))) == sets


def test_a_set_is_queryable_with_its_weakest_evidence(tmp_path: Path) -> None:
    chain = [
        study("EXAMPLE-0001", related=[_link("EXAMPLE-0002", "images_same_specimen", "reference_field")]),
        study("EXAMPLE-0002", related=[_link("EXAMPLE-0003", "part_of_same_experiment", "prose")]),
        study("EXAMPLE-0003", related=[_link("EMPIAR-99901", "images_same_specimen", "links_section")]),
        study("EXAMPLE-0004", related=[_link("EXAMPLE-0001", "related", "reference_field")]),
    ]
    home = made(tmp_path / "home", *chain)
    result = CliRunner().invoke(
        main, ["--home", str(home.path), "query", "@correlative_sets", "--format", "csv"]
    )
    assert result.exit_code == 0, result.stderr
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    members = ["EMPIAR-99901", "EXAMPLE-0001", "EXAMPLE-0002", "EXAMPLE-0003"]
    assert [row["study"].removeprefix(DATA) for row in rows] == members
    assert {row["evidence"].removeprefix(REMBI) for row in rows} == {"Prose"}
    assert {float(row["confidence"]) for row in rows} == {EVIDENCE_WORTH["prose"]}
    assert len({row["set"] for row in rows}) == 1
    with opened(home) as snapshot:
        for start in ("EMPIAR-99901", "EXAMPLE-0002"):
            assert len(snapshot.correlative_set(start)) == 4


# --- the command


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return made(
        tmp_path_factory.mktemp("links") / "home",
        [
            _empiar(cross_references=[MAP, "S-BIAD99901"]),
            EMDB_PDB,
            _alike("EXAMPLE-0001", "Ada Lovelace", "Grace Hopper"),
            _alike("EXAMPLE-0002", "Lovelace A", "Hopper G"),
            _alike("EXAMPLE-0003", "Lovelace A", "Hopper G"),
            judgement("EXAMPLE-0001", "EXAMPLE-0003", "refuted"),
            judgement("EXAMPLE-0002", "EXAMPLE-0003", "confirmed", "supersedes"),
        ],
    )


def _run(home: Home, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--home", str(home.path), "links", *arguments])


def test_links_are_listed_as_text(home: Home) -> None:
    result = _run(home, ENTRY.lower())
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert f"{ENTRY} -> S-BIAD99901  related" in lines
    assert '    "cross_references: S-BIAD99901"' in lines
    assert f"{ENTRY} -> {MAP}  reconstructed as" in lines
    assert "    reference field, says the depositor; confidence 0.95" in lines
    assert result.stderr == "2 links\n"
    assert "EXAMPLE-0001 -> EXAMPLE-0003  related (refuted by a curator)" in _run(home).stdout


def test_links_are_listed_as_json(home: Home) -> None:
    document = json.loads(_run(home, "--json").stdout)
    assert document["version"] == 1
    assert document["links"] == links(home)
    assert json.loads(_run(home, MAP, "--json").stdout)["links"] == links(home, MAP)


def test_suggestions_are_what_nobody_has_judged(home: Home) -> None:
    result = _run(home, "--suggest")
    assert result.stdout.splitlines()[0] == "EXAMPLE-0001 -> EXAMPLE-0002  related (suggestion)"
    assert result.stderr == "1 suggestion\n"
    asked = CliRunner().invoke(
        main, ["--home", str(home.path), "query", "@suggested_links", "--format", "csv"]
    )
    rows = list(csv.DictReader(io.StringIO(asked.stdout)))
    assert [(row["one"], row["other"]) for row in rows] == [(f"{DATA}EXAMPLE-0001", f"{DATA}EXAMPLE-0002")]
    assert [
        link["to"] for link in json.loads(_run(home, "EXAMPLE-0001", "--suggest", "--json").stdout)["links"]
    ] == ["EXAMPLE-0002"]


@pytest.mark.parametrize("name", ["emd-99990", "EMDB-99990", "EMD-99990"])
def test_identifiers_of_maps_are_understood(home: Home, name: str) -> None:
    result = _run(home, name)
    assert {line for line in result.stdout.splitlines() if "->" in line} == {
        f"{ENTRY} -> {MAP}  reconstructed as", f"{MAP} -> {MODEL}  modelled as",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["9zzz", "PDB: 9ZZZ", "pdb_00009zzz"])
def test_identifiers_of_models_are_understood(home: Home, name: str) -> None:
    assert f"{MAP} -> {MODEL}  modelled as" in _run(home, name).stdout.splitlines()


@pytest.mark.parametrize("name", ["fish", "1234", "mailto:x", "", " "])
def test_what_names_no_record_is_said_in_a_sentence(home: Home, name: str) -> None:
    result = _run(home, name)
    assert result.exit_code == 1
    assert "is no accession of an archive that links lead to" in result.stderr
    assert "Traceback" not in result.output


def test_a_record_that_nothing_links_has_no_links(home: Home) -> None:
    result = _run(home, "S-BIAD99999")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "0 links\n")


def test_an_empty_catalogue_says_what_to_do(tmp_path: Path) -> None:
    result = _run(Home.init(tmp_path / "empty", DATA))
    assert result.exit_code == 2
    assert "rembigraph load" in result.stderr
