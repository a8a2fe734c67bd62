"""Curators' decisions: they hold, lapse, come back and overrule one another, in whatever order things are loaded."""

from __future__ import annotations

import random
from itertools import pairwise, permutations
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from rembigraph.app.cli import main
from rembigraph.app.loading import load
from rembigraph.app.pages.linkage import curation_yaml
from rembigraph.catalogue.decisions import CONFIRMED, REFUTED, Decision, holding, verdict_on
from rembigraph.catalogue.home import Home
from rembigraph.catalogue.ingest import Ingest

from tests.made_catalogue import (
    DATA,
    correction,
    curation,
    dumped,
    everything,
    graph,
    judgement,
    links,
    made,
    opened,
    publish,
    states,
    study,
    texts,
)

HUMAN, FISH, MOUSE = "NCBITaxon:9606", "NCBITaxon:7955", "NCBITaxon:10090"
OBO = "http://purl.obolibrary.org/obo/"
CC0 = "https://creativecommons.org/publicdomain/zero/1.0/"
CC_BY = "https://creativecommons.org/licenses/by/4.0/"
WHOLE = study(
    "EXAMPLE-0001",
    "Made-up fihs",
    issued="2026-01-02",
    license=CC_BY,
    byte_size="10",
    keyword=["fish", "fihs"],
    organism=[
        {"id": FISH, "scientific_name": "Danio rerio"},
        {"id": MOUSE, "scientific_name": "Mus musculus"},
    ],
    specimen=[{"key": "fish-3", "title": "Fish three", "experimental_status": "control"}],
)
FIX = correction("EXAMPLE-0001", "title", "Made-up fihs", "Made-up fish")


def _link(relation: str = "related", accession: str = "EXAMPLE-0001", to: str = "EXAMPLE-0002") -> str:
    link = {"link_to": to, "link_relation": relation, "evidence_kind": "links_section", "asserted_by": "depositor",
            "evidence_text": [f"see {to}"]}  # fmt: skip
    return study(accession, related=[link])


# --- corrected fields


APPLIED = [
    ("title", "Made-up fihs", "Made-up fish", "", ["Made-up fish"]),
    ("keyword", "fihs", "larva", "", ["fish", "larva"]),
    ("keyword", "fihs", None, "", ["fish"]),
    ("keyword", "fihs", "fish", "", ["fish"]),
    ("description", None, "Of fish.", "", ["Of fish."]),
    ("license", CC_BY, CC0, "", [CC0]),
    ("license", CC_BY, None, "", []),
    ("issued", "2026-01-02", "2025", "", ["2025"]),
    ("byte_size", "10", "11", "", ["11"]),
    ("organism", MOUSE, HUMAN, "", [f"{OBO}NCBITaxon_7955", f"{OBO}NCBITaxon_9606"]),
    ("organism", f"{OBO}NCBITaxon_10090", None, "", [f"{OBO}NCBITaxon_7955"]),
    ("title", "Fish three", "Fish 3", "specimen/fish-3", ["Fish 3"]),
    ("description", None, "In water", "specimen/fish-3", ["In water"]),
]
LAPSED = [
    ("title", "made-up fihs", "Made-up fish", ""),
    ("title", None, "Made-up fish", ""),
    ("organism", HUMAN, FISH, ""),
    ("title", "Fish three", "Fish 3", "specimen/fish-4"),
    ("title", None, "Fish 4", "specimen/fish-4"),
]


def _each(folder: Path, cases: list[Any]) -> Home:
    """A catalogue with a copy of the same study for each case, and one decision about it."""
    documents = []
    for number, (field, old, new, thing, *_) in enumerate(cases, start=1):
        name, more = f"EXAMPLE-{number:04d}", {"thing": thing} if thing else {}
        documents += [WHOLE.replace("EXAMPLE-0001", name), correction(name, field, old, new, **more)]
    return made(folder, documents)


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return _each(tmp_path_factory.mktemp("applied") / "home", APPLIED)


@pytest.fixture(scope="module")
def lapsed(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return _each(tmp_path_factory.mktemp("lapsed") / "home", LAPSED)


@pytest.mark.parametrize("number", range(1, len(APPLIED) + 1))
def test_a_correction_is_applied(applied: Home, number: int) -> None:
    field, _, _, thing, shown = APPLIED[number - 1]
    with opened(applied) as snapshot:
        whole = snapshot.study(f"EXAMPLE-{number:04d}")
        assert whole
        assert list(whole.states.values()) == ["applied"]
        assert {state for _, state in snapshot.decisions()} == {"applied"}
    assert texts(applied, f"EXAMPLE-{number:04d}", field, thing) == shown


@pytest.mark.parametrize("number", range(1, len(LAPSED) + 1))
def test_a_correction_of_what_is_not_there_lapses(lapsed: Home, number: int) -> None:
    """Another value, a gap that is none, a thing that is not there: the sources are shown as they are."""
    name = f"EXAMPLE-{number:04d}"
    with opened(lapsed) as snapshot:
        whole, plain = snapshot.study(name), snapshot.record(name)
        assert whole
        assert plain
        assert list(whole.states.values()) == ["lapsed"]
        assert {state for _, state in snapshot.decisions()} == {"lapsed"}
        assert whole.view.facts == plain.facts


@pytest.mark.nightly
def test_a_corrected_enum_is_one_of_its_values(tmp_path: Path) -> None:
    from rembigraph.ontology.fields import enum_iris

    before, after = list(enum_iris("ExperimentalStatus"))[:2]
    source = study("EXAMPLE-0001", specimen=[{"key": "a", "title": "A", "experimental_status": before}])
    change = correction("EXAMPLE-0001", "experimental_status", before, after, thing="specimen/a")
    home = made(tmp_path / "home", source, change)
    assert set(states(home).values()) == {"applied"}
    shown = texts(home, "EXAMPLE-0001", "experimental_status", "specimen/a")
    assert shown == [enum_iris("ExperimentalStatus")[after]]


@pytest.mark.nightly
def test_a_correction_lapses_when_the_source_changes_and_comes_back(tmp_path: Path) -> None:
    """The catalogue goes: decision before its source, source, same source again, changed, changed back."""
    home = made(tmp_path / "home", FIX)
    assert states(home) == {"Made-up fish: made up": "lapsed"}
    publish(home, WHOLE)
    assert states(home) == {"Made-up fish: made up": "applied"}
    publish(home, WHOLE)
    assert texts(home, "EXAMPLE-0001", "title") == ["Made-up fish"]
    publish(home, study("EXAMPLE-0001", "Made-up fish 3", modified="2026-02-01"))
    assert states(home) == {"Made-up fish: made up": "lapsed"}
    assert texts(home, "EXAMPLE-0001", "title") == ["Made-up fish 3"]
    publish(home, study("EXAMPLE-0001", "Made-up fihs", modified="2026-03-01"))
    assert states(home) == {"Made-up fish: made up": "applied"}
    assert texts(home, "EXAMPLE-0001", "title") == ["Made-up fish"]


def test_a_withdrawn_study_and_its_decisions_come_back(tmp_path: Path) -> None:
    home = made(tmp_path / "home", [WHOLE, FIX])
    before = dumped(home)
    with Ingest(home) as ingest:
        ingest.withdraw("EXAMPLE-0001", "made up")
        assert states(home) == {}
        ingest.reinstate("EXAMPLE-0001")
    assert states(home) == {"Made-up fish: made up": "applied"}
    assert dumped(home) == before


def test_of_decisions_about_the_same_value_the_latest_holds(tmp_path: Path) -> None:
    home = made(
        tmp_path / "home",
        [
            WHOLE,
            correction(
                "EXAMPLE-0001", "title", "Made-up fihs", "Second", when="2026-11-28T10:00:00Z", why="2"
            ),
            correction("EXAMPLE-0001", "title", "Made-up fihs", "First", when="2026-11-28", why="1"),
            correction("EXAMPLE-0001", "title", "Second", "Third", when="2026-11-29", why="3"),
            correction("EXAMPLE-0001", "title", "Third", "Too early", when="2026-11-01", why="0"),
        ],
    )
    assert states(home) == {
        "Second: 2": "applied", "First: 1": "overruled", "Third: 3": "applied", "Too early: 0": "lapsed",
    }  # fmt: skip
    assert texts(home, "EXAMPLE-0001", "title") == ["Third"]


def test_moments_are_compared_in_universal_time() -> None:
    """From the earlier to the later, although their texts sort otherwise."""
    moments = ["2026-11-27", "2026-11-28", "2026-11-28T12:00:00+05:00", "2026-11-28T08:00Z", "2026-11-28T08:00:01Z",
               "2026-11-28T08:00:01.5Z", "2026-11-28T04:30:00-05:00", "2026-11-28T10:00", "2026-11-29"]  # fmt: skip
    decisions = [
        Decision(f"{DATA}x/curation/{9 - n}", DATA + "x", when=when) for n, when in enumerate(moments)
    ]
    shuffled = random.Random(1).sample(decisions, len(decisions))
    assert [one.when for one in sorted(shuffled, key=lambda one: one.order)] == moments


# --- judged links


def _judged(verdict: str, relation: str = "", when: str = "2026-11-28", iri: str = "a") -> Decision:
    return Decision(iri, "x", link_to="y", verdict=verdict, relation=relation, when=when)


@pytest.mark.parametrize(
    ("decisions", "verdicts", "held"),
    [
        ([], {"related": "", "same": ""}, []),
        ([_judged(REFUTED)], {"related": REFUTED, "same": REFUTED}, [0]),
        ([_judged(REFUTED, "same")], {"related": "", "same": REFUTED}, [0]),
        ([_judged(CONFIRMED, "same")], {"related": "", "same": CONFIRMED}, [0]),
        ([_judged(REFUTED, when="2026-01-01"), _judged(CONFIRMED)], {"related": CONFIRMED, "same": CONFIRMED}, [1]),
        ([_judged(CONFIRMED, when="2026-01-01"), _judged(REFUTED)], {"related": REFUTED, "same": REFUTED}, [1]),
        ([_judged(CONFIRMED, "same", "2026-01-01"), _judged(REFUTED)], {"related": REFUTED, "same": REFUTED}, [1]),
        ([_judged(REFUTED, when="2026-01-01"), _judged(CONFIRMED, "same")], {"related": "", "same": CONFIRMED}, [1]),
        ([_judged(REFUTED, "same", "2026-01-01"), _judged(CONFIRMED, "related")],
         {"related": CONFIRMED, "same": REFUTED}, [0, 1]),
        ([_judged(REFUTED, "same", "2026-01-01"), _judged(REFUTED, "related")],
         {"related": REFUTED, "same": REFUTED}, [0, 1]),
        ([_judged(CONFIRMED, "same", "2026-01-01"), _judged(CONFIRMED, "same")], {"same": CONFIRMED}, [1]),
        ([_judged(REFUTED, iri="a"), _judged(CONFIRMED, iri="b")], {"related": REFUTED}, [0]),
        ([_judged(REFUTED, iri="b"), _judged(CONFIRMED, iri="a")], {"related": REFUTED}, [0]),
    ],
)  # fmt: skip
def test_which_verdict_holds(decisions: list[Decision], verdicts: dict[str, str], held: list[int]) -> None:
    """The latest decision about a relation, or about everything between the two; of one moment, the refutation."""
    named = [Decision(**{**vars(one), "iri": f"{one.iri}{n}"}) for n, one in enumerate(decisions)]
    for order in permutations(named):
        for relation, verdict in verdicts.items():
            found = verdict_on(order, relation)
            assert (found.verdict if found else "") == verdict
        assert holding(order) == sorted((named[n] for n in held), key=lambda one: one.order)


def _of(
    found: list[dict[str, Any]], one: str = "EXAMPLE-0001", other: str = "EXAMPLE-0002"
) -> list[dict[str, Any]]:
    return [link for link in found if {link["from"], link["to"]} == {one, other}]


@pytest.mark.nightly
def test_a_confirmed_link_with_its_relation_makes_two_studies_correlated(tmp_path: Path) -> None:
    correlated = f"<{DATA}EXAMPLE-0001> <https://w3id.org/rembigraph/ns#correlatedWith> <{DATA}EXAMPLE-0002>"
    home = made(tmp_path / "home", [_link(), study("EXAMPLE-0002")])
    assert correlated not in graph(home, "inferred")
    publish(home, judgement("EXAMPLE-0001", "EXAMPLE-0002", CONFIRMED))
    assert correlated not in graph(home, "inferred")
    assert {link["verdict"] for link in _of(links(home))} == {CONFIRMED}
    publish(home, judgement("EXAMPLE-0002", "EXAMPLE-0001", CONFIRMED, "images_same_specimen", why="seen"))
    assert correlated in graph(home, "inferred")
    (curated,) = (link for link in _of(links(home)) if link["relation"] == "images_same_specimen")
    assert (curated["evidence"], curated["asserted_by"], curated["quotes"]) == (
        "curated",
        "curator",
        ["seen"],
    )
    assert curated["correlated"]
    publish(home, judgement("EXAMPLE-0001", "EXAMPLE-0002", REFUTED, when="2026-11-29"))
    assert correlated not in graph(home, "inferred")
    assert {link["verdict"] for link in _of(links(home))} == {REFUTED}
    assert sorted(states(home).values()) == ["applied", "overruled", "overruled"]
    publish(
        home,
        judgement("EXAMPLE-0001", "EXAMPLE-0002", CONFIRMED, "part_of_same_experiment", when="2026-11-30"),
    )
    assert correlated in graph(home, "inferred")
    found = {link["relation"]: link["verdict"] for link in _of(links(home))}
    assert found["part_of_same_experiment"] == CONFIRMED
    assert found["related"] is None
    assert "images_same_specimen" not in found


def test_a_refuted_link_stays_refuted(tmp_path: Path) -> None:
    """Everything loaded again, a changed record, and another source that states the same link."""
    first = _link("images_same_specimen")
    home = made(
        tmp_path / "home", first, study("EXAMPLE-0002"), judgement("EXAMPLE-0002", "EXAMPLE-0001", REFUTED)
    )
    back = _link("images_same_specimen", "EXAMPLE-0002", "EXAMPLE-0001")
    for again in (
        [first, study("EXAMPLE-0002")],
        [first + "modified: 2027-01-01\n"],
        [back + "modified: 2027-01-01\n"],
    ):
        publish(home, *again)
        found = _of(links(home))
        assert found
        assert {(link["verdict"], link["correlated"]) for link in found} == {(REFUTED, False)}
        assert not any("correlatedWith" in line for line in graph(home, "inferred"))
    assert {link["from"] for link in _of(links(home))} == {"EXAMPLE-0001", "EXAMPLE-0002"}


def test_one_relation_is_refuted_and_the_others_stay(tmp_path: Path) -> None:
    both = study(
        "EXAMPLE-0001",
        related=[
            {
                "link_to": "EXAMPLE-0002",
                "link_relation": relation,
                "evidence_kind": kind,
                "asserted_by": "depositor",
            }
            for relation, kind in (("images_same_specimen", "prose"), ("supersedes", "links_section"))
        ],
    )
    home = made(tmp_path / "home", [both, study("EXAMPLE-0002")],
                judgement("EXAMPLE-0001", "EXAMPLE-0002", REFUTED, "images_same_specimen"))  # fmt: skip
    found = {link["relation"]: link["verdict"] for link in _of(links(home))}
    assert found == {"images_same_specimen": REFUTED, "supersedes": None}
    with opened(home) as snapshot:
        (part,) = snapshot.parts("EXAMPLE-0001")
        assert not part.is_refuted
        assert not part.correlative


@pytest.mark.nightly
def test_a_refuted_link_splits_the_correlative_set(tmp_path: Path) -> None:
    names = [f"EXAMPLE-{n:04d}" for n in range(1, 6)]
    chain = [_link("images_same_specimen", one, other) for one, other in pairwise(names)]
    home = made(tmp_path / "home", [*chain, study(names[-1])])

    def sets() -> list[list[str]]:
        with opened(home) as snapshot:
            return [sorted(part.accession for part in snapshot.correlative_set(name)) for name in names]

    assert sets() == [names] * 5
    assert sum("CorrelativeSet>" in line for line in graph(home, "inferred")) == 1
    publish(home, judgement(names[2], names[1], REFUTED))
    assert sets() == [names[:2]] * 2 + [names[2:]] * 3
    assert sum("CorrelativeSet>" in line for line in graph(home, "inferred")) == 2


def test_a_link_to_what_is_not_here_is_judged(tmp_path: Path) -> None:
    home = made(
        tmp_path / "home", [_link(to="EMPIAR-99901"), judgement("EXAMPLE-0001", "empiar-99901", REFUTED)]
    )
    assert {link["verdict"] for link in _of(links(home), other="EMPIAR-99901")} == {REFUTED}
    maps = study("EXAMPLE-0003", reconstructed_as=[{"id": "http://www.ebi.ac.uk/emdb/EMD-99990"}])
    publish(home, maps, judgement("EXAMPLE-0003", "EMD-99990", REFUTED, "reconstructed_as"))
    assert {link["verdict"] for link in links(home, "EMD-99990")} == {REFUTED}


# --- order


SETS = {
    "chain of corrections": [
        WHOLE,
        FIX,
        correction("EXAMPLE-0001", "title", "Made-up fish", "Made-up larva", when="2026-11-29"),
    ],
    "changed source": [WHOLE, study("EXAMPLE-0001", "Other", modified="2026-02-01"), FIX],
    "verdicts": [
        _link("images_same_specimen"),
        judgement("EXAMPLE-0001", "EXAMPLE-0002", CONFIRMED, "part_of_same_experiment"),
        judgement("EXAMPLE-0002", "EXAMPLE-0001", REFUTED),
    ],
}


@pytest.mark.nightly
@pytest.mark.parametrize("name", SETS)
def test_the_order_of_loading_does_not_matter(tmp_path: Path, name: str) -> None:
    documents = SETS[name]
    found = {
        everything(made(tmp_path / str(number), *order))
        for number, order in enumerate(permutations(documents))
    }
    assert len(found) == 1


@pytest.mark.nightly
def test_random_orders_and_batches_give_the_same_catalogue(tmp_path: Path) -> None:
    documents = [
        *SETS["verdicts"],
        WHOLE,
        study("EXAMPLE-0002"),
        FIX,
        _link("related", "EXAMPLE-0003", "EXAMPLE-0002"),
    ]
    found = {everything(made(tmp_path / "at-once", documents))}
    for seed in range(2):
        shuffled = random.Random(seed).sample(documents, len(documents))
        batches = [shuffled[:2], shuffled[2:3], shuffled[3:]]
        found.add(everything(made(tmp_path / str(seed), *batches)))
    assert len(found) == 1


# --- what a person sees


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REMBIGRAPH_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def _run(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(main, arguments, input=stdin)


@pytest.mark.nightly
def test_a_lapsed_decision_is_a_warning(home: Path) -> None:
    assert _run("load", "-", stdin=WHOLE).stderr == ""
    loaded = _run("load", "-", stdin=curation(*_two()))
    assert loaded.exit_code == 0
    assert "1 decision of curators lapsed" in loaded.stderr
    assert "“Made-up phish” to “Made-up fish”" in loaded.stderr
    assert "Ada Lovelace" in loaded.stderr
    assert "lapsed" not in loaded.stdout
    assert "decisions of curators: 1 applied, 1 lapsed" in _run("status").stdout
    shown = _run("show", "EXAMPLE-0001").stdout
    assert "applied    keyword of EXAMPLE-0001 from “fihs” to “nothing”" in shown
    assert "lapsed     title of EXAMPLE-0001" in shown
    for form in ("yaml", "tsv"):
        assert "Made-up phish" in _run("curation", "EXAMPLE-0001", "--format", form).stdout
        assert "Made-up phish" not in _run("curation", "EXAMPLE-0002", "--format", form).stdout
    assert "lapsed" in _run("query", "@curators_decisions").stdout.casefold()
    assert "lapsed" in _run("load", "-", stdin=study("EXAMPLE-0002")).stderr, "as long as it has lapsed"
    changed = study("EXAMPLE-0001", "Made-up phish", keyword=["fihs"], modified="2026-02-01")
    assert _run("load", "-", stdin=changed).stderr == ""


def _two() -> list[dict[str, str]]:
    said = {"accession": "EXAMPLE-0001", "who": "Ada Lovelace", "when": "2026-11-28", "why": "made up"}
    return [
        {**said, "field": "title", "old_value": "Made-up phish", "new_value": "Made-up fish"},
        {**said, "field": "keyword", "old_value": "fihs"},
    ]


def test_what_a_curator_gives_is_not_missing_any_more(tmp_path: Path) -> None:
    home = made(tmp_path / "home", study("EXAMPLE-0001"))
    with opened(home) as snapshot:
        assert any("license" in finding.path for finding in snapshot.validation("EXAMPLE-0001"))
    publish(home, correction("EXAMPLE-0001", "license", None, CC_BY))
    with opened(home) as snapshot:
        assert not any("license" in finding.path for finding in snapshot.validation("EXAMPLE-0001"))


def test_lists_and_search_follow_the_curator(home: Path) -> None:
    _run("load", "-", stdin=WHOLE)
    _run("load", "-", stdin=FIX.replace("Made-up fish", "Made-up axolotl"))
    _run("load", "-", stdin=correction("EXAMPLE-0001", "organism", MOUSE, HUMAN))
    assert "EXAMPLE-0001" in _run("search", "axolotl").stdout
    assert "EXAMPLE-0001" in _run("search", "--organism", HUMAN).stdout
    assert "EXAMPLE-0001" not in _run("search", "--organism", MOUSE).stdout
    shown = _run("show", "EXAMPLE-0001").stdout
    assert shown.startswith("EXAMPLE-0001  Made-up axolotl\n")
    assert "Homo sapiens" in shown
    assert "Mus musculus" not in shown


@pytest.mark.nightly
def test_what_is_exported_is_the_same_when_loaded_elsewhere(tmp_path: Path) -> None:
    """Every kind of decision, into a catalogue whose data IRIs begin otherwise."""
    decisions = [
        FIX,
        correction(
            "EXAMPLE-0001", "title", "Fish three", "Fish: 'three' #3\n- \u00fc", thing="specimen/fish-3"
        ),
        correction("EXAMPLE-0001", "organism", MOUSE, None),
        correction("EXAMPLE-0001", "license", None, CC0),
        judgement("EXAMPLE-0001", "EXAMPLE-0002", REFUTED),
        judgement("EXAMPLE-0001", "EMD-99990", CONFIRMED, "related"),
        judgement("EXAMPLE-0001", "https://doi.org/10.1234/x", REFUTED, when="2026-11-28T01:02:03.5+01:00"),
    ]
    source, target = (
        Home.init(tmp_path / "home", DATA),
        Home.init(tmp_path / "other", "https://other.example/id/"),
    )
    load([_file(tmp_path / "in", number, text) for number, text in enumerate([WHOLE, *decisions])], source)
    with opened(source) as snapshot:
        stated = snapshot.decisions()
        exported = curation_yaml((one for one, _ in stated), snapshot.iris)
    load([_file(tmp_path / "out", number, text) for number, text in enumerate([exported, WHOLE])], target)
    with opened(target) as snapshot:
        again = snapshot.decisions()
        assert curation_yaml((one for one, _ in again), snapshot.iris) == exported
    assert len(again) == len(decisions)
    assert [state for _, state in again] == [state for _, state in stated]
    assert [one.iri.removeprefix(target.data_base) for one, _ in again] == [
        one.iri.removeprefix(DATA) for one, _ in stated
    ]


def _file(folder: Path, number: int, text: str) -> str:
    folder.mkdir(exist_ok=True)
    (folder / f"{number}.yaml").write_text(text, encoding="utf-8")
    return str(folder / f"{number}.yaml")
