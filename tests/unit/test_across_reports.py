"""After each batch the reports of the rules across records are what a judgement of all studies would say."""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from pyoxigraph import Quad, RdfFormat, Store, parse
from rembigraph.catalogue import across_reports, derive
from rembigraph.catalogue.across_reports import reports
from rembigraph.catalogue.consistency import MAX_RESULTS, across_rules, check
from rembigraph.catalogue.lookups import ACROSS_SOURCE
from rembigraph.catalogue.publish import DeriveContext
from rembigraph.catalogue.read_model import differing
from rembigraph.catalogue.validation import report_quads
from rembigraph.ontology.identifiers import SHAPES, VOCABULARY, Iris

from tests.feeding import Catalogue
from tests.made_catalogue import made, opened, study

IRIS = Iris()
EXAMPLES = Path(__file__).resolve().parents[1] / "data" / "rules"
# Two archives, since one rule is about studies of different ones.
ACCESSIONS = [*(f"EXAMPLE-{number:04d}" for number in range(1, 9)), *(f"EMPIAR-9990{n}" for n in range(1, 6))]
QUIET = [f"EXAMPLE-{number:04d}" for number in range(5001, 5021)]
Node: TypeAlias = dict[str, Any]


def _wanted(store: Store) -> set[Quad]:
    """The reports of a judgement of everything."""
    found = reports(check(store, IRIS, across_rules()), IRIS)
    lines = (report_quads(report, IRIS, accession, ACROSS_SOURCE) for accession, report in found.items())
    return set(parse(b"".join(lines), format=RdfFormat.N_QUADS))


def _held(store: Store) -> set[Quad]:
    """The reports that a store holds."""
    names = across_reports._reported(store, IRIS)
    return {quad for name in names for quad in across_reports._stored(store, IRIS, name)}


class Judgements:
    """What was judged while batches were published."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.whole = 0
        self.part = 0
        self.found: set[str] = set()
        monkeypatch.setattr(derive, "derive_reports", self._derive)

    def _derive(self, context: DeriveContext, relinked: Iterable[Quad]) -> across_reports.Judged:
        before = _held(context.stores[0]) if context.previous else set()
        if across_reports._must_judge_all(context):
            self.whole += 1
        else:
            self.part += 1
        judged = across_reports.derive_reports(context, relinked)
        held = _held(context.store)
        assert held == _wanted(context.store)
        assert judged.changed == {IRIS.accession_of(str(quad.subject)[1:-1]) for quad in held ^ before}
        self.found |= {
            quad.object.value for quad in held ^ before if quad.predicate.value.endswith("#sourceShape")
        }
        return judged


def _random_study(accession: str, chance: random.Random) -> Node:
    def some(most: int) -> list[str]:
        return chance.sample(ACCESSIONS, chance.randint(0, most))

    ends = [(chance.choice([None, *ACCESSIONS]), other) for other in some(3)]
    links: list[Node] = [
        {"link_to": other, "link_relation": "related", "evidence_kind": "curated", "asserted_by": "curator"}
        | ({"link_from": end} if end else {})
        for end, other in ends
        if other != (end or accession)
    ]
    members = [{"member_accession": one, "member_role": "overview"} for one in {accession, *some(2)}]
    papers = [f"https://doi.org/10.0000/made-up-{chance.randint(1, 3)}" for _ in range(chance.randint(0, 1))]
    return {
        "accession": accession,
        "title": f"Made up: {chance.choice(['this', 'that', 'one ' + accession])}",
        "related": links,
        "publication": [{"id": one, "title": "Made up"} for one in papers],
        "correlation": [{"key": "pair", "title": "A pair", "has_member": members}]
        if len(members) > 1
        else [],
    }


def _walk(folder: Path, steps: int, seed: int) -> None:
    chance = random.Random(seed)
    catalogue = Catalogue(folder)
    catalogue.publish(*({"accession": one, "title": f"Made up: quiet {one}"} for one in QUIET))
    here: set[str] = set()
    gone: set[str] = set()
    for _ in range(steps):
        name = chance.choice(ACCESSIONS)
        if name in gone:
            catalogue.publish(reinstate=[name])
            gone.remove(name)
        elif name in here and chance.random() < 0.4:
            catalogue.publish(withdraw=[name])
            gone.add(name)
        else:
            free = [one for one in ACCESSIONS if one not in gone]
            names = {name, *chance.sample(free, min(len(free), chance.randint(0, 2)))}
            catalogue.publish(*(_random_study(one, chance) for one in sorted(names)))
            here |= names
        with opened(catalogue.home) as snapshot, snapshot.search.connection() as index:
            assert differing(index, snapshot._store, IRIS, [*ACCESSIONS, *QUIET]) == []


def test_through_a_random_history_the_reports_are_those_of_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judgements = Judgements(monkeypatch)
    _walk(tmp_path, 12, 1)
    assert (judgements.whole, judgements.part) == (1, 12)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 6))
def test_through_many_random_histories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    judgements = Judgements(monkeypatch)
    _walk(tmp_path, 50, seed)
    assert judgements.part == 50
    # An accession is an IRI, so two have the same only in RDF of others; errors have their own test.
    rare = {SHAPES + "Study-unique-identifier", SHAPES + "RegistrationError-recomputed-across"}
    assert judgements.found == {rule.shape for rule in across_rules()} - rare


@pytest.mark.slow
@pytest.mark.parametrize("rule", sorted(rule.shape.removeprefix(SHAPES) for rule in across_rules()))
def test_an_example_of_each_rule_comes_in_either_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rule: str
) -> None:
    files = [EXAMPLES / rule / f"{kind}.yaml" for kind in ("bad", "good")]
    if not files[0].exists():
        pytest.skip("its example is RDF that no record states")
    judgements = Judgements(monkeypatch)
    bad, good = (file.read_text(encoding="utf-8").split("\n---\n") for file in files)
    quiet = "\n---\n".join(study(one, f"Made up: quiet {one}") for one in QUIET)
    for number, order in enumerate(([*bad, *good], [*bad[::-1], *good[::-1]])):
        made(tmp_path / str(number), quiet, *order)
    assert judgements.whole == 2
    assert judgements.part >= 2 * len(bad)
    assert SHAPES + rule in judgements.found


def test_other_rules_judge_all_studies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judgements = Judgements(monkeypatch)
    catalogue = Catalogue(tmp_path)
    catalogue.publish(*({"accession": one, "title": "Made up: one title"} for one in QUIET))
    catalogue.publish({"accession": ACCESSIONS[0], "title": "Made up: another"})
    assert (judgements.whole, judgements.part) == (1, 1)
    monkeypatch.setattr(across_reports, "_rules_hash", lambda: "of other rules")
    catalogue.publish({"accession": ACCESSIONS[1], "title": "Made up: a third"})
    catalogue.publish({"accession": ACCESSIONS[1], "title": "Made up: a fourth"})
    assert (judgements.whole, judgements.part) == (2, 2)


def test_a_title_of_many_studies_is_reported_up_to_a_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Judgements(monkeypatch)
    catalogue = Catalogue(tmp_path)
    catalogue.publish(*({"accession": one, "title": "Made up: untitled"} for one in QUIET))
    catalogue.publish({"accession": ACCESSIONS[-1], "title": "Made up: untitled"})
    generation = catalogue.home.current()
    assert generation
    shape = SHAPES + "Study-duplicate-title"
    found = [one for one in check(generation.open_store(), IRIS, across_rules()) if one.shape == shape]
    mine = [one.value for one in found if one.focus_node == IRIS.study(ACCESSIONS[-1])]
    assert mine == [IRIS.study(one) for one in QUIET[:MAX_RESULTS]]
    assert len(found) == MAX_RESULTS + len(QUIET)


def test_one_study_of_many_is_judged_without_asking_about_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, list[str]]] = []
    focus_nodes = across_reports._focus_nodes

    def noted(*arguments: Any) -> dict[str, list[str]]:
        asked.append(focus_nodes(*arguments))
        return asked[-1]

    monkeypatch.setattr(across_reports, "_focus_nodes", noted)
    catalogue = Catalogue(tmp_path)
    catalogue.publish(*({"accession": one, "title": f"Made up: quiet {one}"} for one in QUIET))
    catalogue.publish({"accession": ACCESSIONS[0], "title": f"Made up: quiet {QUIET[3]}"})
    assert asked[0][VOCABULARY + "Study"] == [IRIS.study(ACCESSIONS[0]), IRIS.study(QUIET[3])]
