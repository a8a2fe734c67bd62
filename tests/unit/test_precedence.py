"""Which source is believed: the table, the rules, what is not shown and not lost, and conflicts."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Mapping
from itertools import permutations
from pathlib import Path

import pytest
from click.testing import CliRunner
from rembigraph.app.cli import main
from rembigraph.catalogue.home import Home
from rembigraph.catalogue.merging import MergedStudy
from rembigraph.catalogue.precedence import (
    ALL,
    FIRST,
    MOST,
    Conflict,
    conflicts,
    merged,
    precedence_of,
    table,
)
from rembigraph.catalogue.recordview import RecordView, Value, field_iri
from rembigraph.loaders import LOADERS
from rembigraph.ontology.fields import classes, predicates

from tests.made_catalogue import (
    DATA,
    From,
    correction,
    dumped,
    everything,
    graph,
    made,
    opened,
    publish,
    study,
)

NAME = "S-BIAD99901"
IRI = DATA + NAME
NOT_OF_A_STUDY = {"emicss", "cryoet-portal", "curation"}
"""Kinds of source whose documents state links and decisions, no studies."""


# --- the table


def test_every_field_of_the_table_is_one_of_a_study() -> None:
    assert set(table()) - {"*"} <= set(classes()["Study"].fields)


def test_every_field_that_holds_several_things_is_in_the_table() -> None:
    """Of lists the rule is said, so that nobody is surprised by what is not shown."""
    lists = {name for name, of in classes()["Study"].fields.items() if of.many and of.kind == "object"}
    assert sorted(lists - set(table())) == []


@pytest.mark.parametrize("field", sorted(table()))
def test_every_kind_of_source_has_its_place(field: str) -> None:
    of = table()[field]
    assert of.rule in {FIRST, MOST, ALL}
    assert of.compared in {"", "text", "date", "exact", "overlap"}
    kinds = {loader.SOURCE for loader in LOADERS}
    if of.rule != ALL:
        assert set(of.ranks) == kinds - NOT_OF_A_STUDY
        assert of.rank("rembigraph") == 0
        assert of.rank("a kind that nobody knows") > max(of.ranks.values())
    assert of.rule != ALL or not of.compared


def test_a_field_that_the_table_does_not_name_is_merged_like_the_others() -> None:
    assert precedence_of("nothing of the kind") == table()["*"]


# --- the rules, on plain facts


def _view(said: Mapping[str, Mapping[str, list[str]]], below: tuple[str, ...] = ()) -> RecordView:
    """A study from what its sources say: source -> field -> values."""
    of: dict[tuple[str, str, Value], set[str]] = {}
    for source, fields in said.items():
        for field, values in fields.items():
            kind = predicates()[field_iri(field)].kind
            for text in values:
                value = Value(text, is_iri=kind in {"iri", "object"})
                of.setdefault((IRI, field_iri(field), value), set()).add(source)
    facts: dict[str, dict[str, tuple[Value, ...]]] = {IRI: {}}
    for subject, predicate, value in sorted(of):
        facts[subject][predicate] = (*facts[subject].get(predicate, ()), value)
    facts |= {iri: {field_iri("title"): (Value(iri),)} for iri in below}
    return RecordView(
        NAME, IRI, tuple(said), facts, said={triple: frozenset(sources) for triple, sources in of.items()}
    )


def _shown(said: Mapping[str, list[str]], field: str) -> list[str]:
    return merged(_view({source: {field: values} for source, values in said.items()})).study.texts(field)


@pytest.mark.parametrize(
    ("field", "said", "shown"),
    [
        ("title", {"gide": ["G"], "pagetab": ["P"]}, ["P"]),
        ("title", {"gide": ["G"], "pagetab": ["P"], "rembigraph": ["R"]}, ["R"]),
        ("title", {"gide": ["G"], "unheard-of": ["U"]}, ["G"]),
        ("title", {"unheard-of": ["U"], "another": []}, ["U"]),
        ("title", {"gide": ["The title"], "pagetab": [NAME]}, ["The title"]),
        ("title", {"gide": [NAME.lower()], "bia": ["The title"], "pagetab": [NAME]}, ["The title"]),
        ("title", {"gide": [NAME], "pagetab": [NAME]}, [NAME]),
        ("description", {"pagetab": [], "gide": ["G"]}, ["G"]),
        ("keyword", {"gide": ["a", "b"], "pagetab": ["b", "c"]}, ["a", "b", "c"]),
        ("contribution", {"gide": ["urn:g1", "urn:g2"], "pagetab": ["urn:p1"]}, ["urn:g1", "urn:g2"]),
        ("contribution", {"gide": ["urn:g1"], "pagetab": ["urn:p1"]}, ["urn:p1"]),
        ("contribution", {"gide": ["urn:1", "urn:2"], "bia": ["urn:1", "urn:2"]}, ["urn:1", "urn:2"]),
        ("biosample", {"empiar": ["urn:e"], "bia-curation": ["urn:c"], "bia": ["urn:b"]}, ["urn:c", "urn:e"]),
        ("license", {"gide": ["urn:g"], "empiar": ["urn:e"], "bia-v1": ["urn:v"]}, ["urn:v"]),
        ("data_size_text", {"gide": ["1 GB"], "empiar": ["2 GB"]}, ["2 GB"]),
    ],
)
def test_the_rule_of_a_field_says_what_is_shown(
    field: str, said: dict[str, list[str]], shown: list[str]
) -> None:
    for order in permutations(said):
        assert sorted(_shown({source: said[source] for source in order}, field)) == shown


def test_what_only_a_losing_source_lists_is_left_out_with_all_below_it() -> None:
    kept, lost, inner = (f"{IRI}/component/{name}" for name in ("kept", "lost", "lost/x"))
    view = _view({"pagetab": {"component": [kept]}, "gide": {"component": [lost, kept]}}, (kept, lost, inner))
    view.facts[lost][field_iri("title")] = (Value(inner, is_iri=True),)  # type: ignore[index]
    whole = merged(view)
    assert set(view.facts) == {IRI, kept, lost, inner}
    assert set(whole.facts) == {IRI, kept}


@pytest.mark.parametrize(
    ("field", "said", "disagree"),
    [
        ("title", {"pagetab": ["Fish 3"], "gide": ["Fish 4"]}, True),
        ("title", {"pagetab": ["Fish 3"], "gide": ["fish  3."]}, False),
        ("title", {"pagetab": ["Fish 3"], "gide": ["Images of fish 3 in water"]}, False),
        ("title", {"pagetab": ["Fish 3"], "gide": [NAME]}, False),
        ("title", {"pagetab": [NAME], "gide": ["Fish 3"]}, False),
        ("issued", {"pagetab": ["2026-01-02"], "gide": ["2026-01"]}, False),
        ("issued", {"pagetab": ["2026"], "gide": ["2026-01-03"]}, False),
        ("issued", {"pagetab": ["2026-01-02"], "gide": ["2026-01-03"]}, True),
        ("license", {"pagetab": ["urn:a"], "gide": ["urn:b"]}, True),
        ("license", {"pagetab": ["urn:a"], "gide": ["urn:a"]}, False),
        ("license", {"pagetab": ["urn:a"], "gide": []}, False),
        ("byte_size", {"pagetab": ["10"], "gide": ["11"]}, True),
        ("organism", {"pagetab": ["urn:fish"], "gide": ["urn:mouse"]}, True),
        ("organism", {"pagetab": ["urn:fish"], "gide": ["urn:mouse", "urn:fish"]}, False),
        (
            "organism",
            {"pagetab": ["urn:fish"], "gide": ["urn:mouse", "urn:fish"], "bia-v1": ["urn:rat"]},
            True,
        ),
        ("imaging_method", {"pagetab": ["urn:em"], "empiar": ["urn:xray"]}, True),
        ("keyword", {"pagetab": ["a"], "gide": ["b"]}, False),
    ],
)
def test_only_what_says_something_else_is_a_conflict(
    field: str, said: dict[str, list[str]], disagree: bool
) -> None:
    found = conflicts(_view({source: {field: values} for source, values in said.items()}))
    assert [one.field for one in found] == [field] * disagree


def test_a_conflict_says_who_says_what() -> None:
    view = _view({"gide": {"title": ["G"]}, "pagetab": {"title": ["P"]}, "bia": {"title": ["G"]}})
    assert conflicts(view) == [Conflict("title", ("P",), ("pagetab",), (("G", ("bia", "gide")),))]
    assert conflicts(_view({"gide": {"title": ["G", "H"]}})) == [], "one source does not disagree with itself"


# --- in a catalogue


CRATE = json.dumps({
    "@context": "https://w3id.org/ro/crate/1.2/context",
    "@graph": [
        {"@id": "ro-crate-metadata.json", "@type": "CreativeWork", "about": {"@id": f"https://example.org/{NAME}"}},
        {"@id": f"https://example.org/{NAME}", "@type": "Dataset", "identifier": NAME, "name": "Made-up mouse",
         "license": "https://creativecommons.org/licenses/by/4.0/", "datePublished": "2026-01-02"},
    ],
})  # fmt: skip
CC0 = "https://creativecommons.org/publicdomain/zero/1.0/"
PAGETAB = json.dumps({
    "accno": NAME,
    "attributes": [{"name": "Title", "value": "Made-up fish"}, {"name": "ReleaseDate", "value": "2026-01-03"}],
    "section": {"type": "Study", "attributes": [{"name": "Title", "value": "Made-up fish"},
                                                {"name": "License", "value": "CC0"}],
                "subsections": [{"type": "Study Component", "accno": "Study Component-1",
                                 "attributes": [{"name": "Name", "value": "Stacks"}]}]},
})  # fmt: skip
DERIVED = From(
    "bia-v1", study(NAME, "Made-up fish", component=[{"key": "x", "title": "Stacks, as listed elsewhere"}])
)
WRITTEN = From(
    "bia", study(NAME, NAME, organism=[{"id": "NCBITaxon:7955", "scientific_name": "Danio rerio"}])
)
DOCUMENTS = [CRATE, PAGETAB, DERIVED, WRITTEN]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return made(tmp_path_factory.mktemp("sources") / "home", DOCUMENTS)


def _whole(home: Home) -> MergedStudy:
    with opened(home) as snapshot:
        whole = snapshot.study(NAME)
        assert whole
        return whole


def test_several_sources_are_one_study(home: Home) -> None:
    whole = _whole(home)
    assert set(whole.view.sources) == {"gide", "pagetab", "bia-v1", "bia"}
    assert whole.view.study.texts("title") == ["Made-up fish"]
    assert whole.view.study.texts("license") == [CC0]
    assert whole.view.study.texts("issued") == ["2026-01-03"]
    assert [node.name for node in whole.view.study.nodes("component")] == ["Stacks"]
    assert [node.text("scientific_name") for node in whole.view.study.nodes("organism")] == ["Danio rerio"]
    assert [one.field for one in whole.conflicts] == ["issued", "license", "title"]


@pytest.mark.nightly
def test_the_order_of_sources_does_not_matter(tmp_path: Path, home: Home) -> None:
    found = {everything(home)}
    for seed in range(3):
        shuffled = random.Random(seed).sample(DOCUMENTS, len(DOCUMENTS))
        found.add(everything(made(tmp_path / str(seed), *shuffled[: seed + 1], shuffled[seed + 1 :])))
    assert len(found) == 1


def test_what_is_not_shown_is_not_lost(home: Home) -> None:
    """It is in the dump, in the source's own graph, and a page of its own."""
    part = f"{IRI}/component/x"
    assert f"<{part}> <http://purl.org/dc/terms/title> ".encode() in dumped(home)
    with opened(home) as snapshot:
        view = snapshot.record(NAME)
        assert view
        node = view.node(part)
        assert node
        assert node.origins == ("bia-v1",)


def test_conflicts_are_queryable(home: Home) -> None:
    result = CliRunner().invoke(
        main, ["--home", str(home.path), "query", "@source_conflicts", "--format", "csv"]
    )
    assert result.exit_code == 0, result.stderr
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert {row["study"] for row in rows} == {IRI}
    told = {(row["field"], row["shown"], row["source"], row["other"], row["says"]) for row in rows}
    assert ("title", "Made-up fish", "pagetab", "Made-up mouse", "gide") in told
    assert ("issued", "2026-01-03", "pagetab", "2026-01-02", "gide") in told
    assert {row["field"] for row in rows} == {"issued", "license", "title"}


def test_conflicts_are_shown_on_the_command_line(home: Home) -> None:
    shown = CliRunner().invoke(main, ["--home", str(home.path), "show", NAME]).stdout
    assert shown.startswith(f"{NAME}  Made-up fish\n")
    _, _, below = shown.partition("Its sources disagree:\n")
    assert "  title\n    Made-up fish (shown; so bia-v1 and pagetab)\n    Made-up mouse (gide)\n" in below


def test_a_curator_settles_a_conflict(tmp_path: Path) -> None:
    """The study shows what the curator says; what every source says stands beside it, until the decision lapses."""
    home = made(tmp_path / "home", [*DOCUMENTS, correction(NAME, "title", "Made-up fish", "Made-up axolotl")])
    (title,) = (one for one in _whole(home).conflicts if one.field == "title")
    assert (title.preferred, title.preferred_sources) == (("Made-up axolotl",), ("curator",))
    assert dict(title.others) == {"Made-up fish": ("bia-v1", "pagetab"), "Made-up mouse": ("gide",)}
    assert any("preferredSource" in line and '"curator"' in line for line in graph(home, "inferred"))
    publish(home, From("rembigraph", study(NAME, "Written by hand")))
    (title,) = (one for one in _whole(home).conflicts if one.field == "title")
    assert (title.preferred, title.preferred_sources) == (("Written by hand",), ("rembigraph",))


def test_pages_show_conflicts_and_keep_the_page_of_what_is_not_shown(home: Home) -> None:
    import httpx

    from tests.conftest import pages_app, running

    with running(lambda address: pages_app(home, address)) as address:
        page = httpx.get(f"{address}/{NAME}", headers={"Accept": "text/html"})
        assert page.status_code == 200
        assert "Where the sources differ" in page.text
        assert "Made-up mouse" in page.text
        assert "Stacks, as listed elsewhere" not in page.text
        part = httpx.get(f"{address}/{NAME}/component/x", headers={"Accept": "text/html"})
        assert part.status_code == 200
        assert "Stacks, as listed elsewhere" in part.text
