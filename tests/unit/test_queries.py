"""Every named query runs over the bundled sample and gives the recorded answer."""

from __future__ import annotations

import io
from importlib import resources
from pathlib import Path

import pytest
from rembigraph.app.loading import load
from rembigraph.app.sparql.limits import QueryLimits
from rembigraph.app.sparql.location import StoreLocation
from rembigraph.app.sparql.service import query_once
from rembigraph.catalogue.home import Home
from rembigraph.catalogue.queries import named_queries
from rembigraph.ontology.identifiers import DEFAULT_DATA_BASE

ANSWERS = Path(__file__).resolve().parents[1] / "data" / "answers"


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> StoreLocation:
    home = Home.init(tmp_path_factory.mktemp("sample") / "home", DEFAULT_DATA_BASE)
    with resources.as_file(resources.files("rembigraph.app").joinpath("sample")) as folder:
        report = load([str(folder)], home)
    assert {outcome.state for outcome in report.outcomes} == {"loaded"}
    generation = home.current()
    assert generation
    return StoreLocation(generation.store_path, "1")


LOCAL = [name for name, query in named_queries().items() if "SERVICE" not in query.text]
"""The others are run against peers on loopback, in tests/http/test_sparql_federation.py."""


@pytest.mark.parametrize("name", LOCAL)
def test_a_named_query_gives_the_recorded_answer(sample: StoreLocation, name: str) -> None:
    """After a change of the sample: delete the recorded answer, run this, look at the new one, commit it."""
    out = io.BytesIO()
    query_once(sample, named_queries()[name].text, "text/csv", QueryLimits(), out)
    answer = out.getvalue().decode().replace("\r\n", "\n")
    recorded = ANSWERS / f"{name}.csv"
    if not recorded.exists():
        recorded.parent.mkdir(parents=True, exist_ok=True)
        recorded.write_text(answer, encoding="utf-8")
        pytest.fail(f"recorded the answer of {name}: look at it, then commit it")
    assert answer == recorded.read_text(encoding="utf-8")


def test_at_least_ten_questions_have_an_answer_in_the_sample() -> None:
    rows = {path.stem: path.read_text(encoding="utf-8").count("\n") - 1 for path in ANSWERS.glob("*.csv")}
    assert set(rows) == set(LOCAL)
    assert sum(count > 0 for count in rows.values()) >= 10


def test_every_query_says_what_it_answers_and_who_asks() -> None:
    assert len(named_queries()) >= 10
    for query in named_queries().values():
        assert query.title.endswith("?")
        assert query.description
        assert query.asked_by
