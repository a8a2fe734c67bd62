"""A federator's task from the page /sparql alone: join our studies with a second endpoint, from both sides."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rembigraph.app.sparql.peers import SHIPPED
from sparql_server import Served, serving

DATA = Path(__file__).resolve().parents[1] / "data" / "peers"
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def taxonomy() -> Iterator[Served]:
    with serving("--dataset", str(DATA / "ubergraph.trig")) as running:
        yield running


@pytest.fixture(scope="module")
def ours(taxonomy: Served) -> Iterator[Served]:
    services = f"{SHIPPED['ubergraph']}=>{taxonomy.sparql}"
    with serving("--dataset", str(DATA / "here.trig"), query_services=services) as running:
        yield running


@pytest.fixture(scope="module")
def page(browser: Any) -> Iterator[Any]:
    page = browser.new_context(java_script_enabled=False).new_page()
    yield page
    page.context.close()


def test_from_our_side(page: Any, ours: Served) -> None:
    """Choose an example, run it: our studies with the other's labels, in a table."""
    page.goto(ours.sparql)
    page.get_by_text("Other endpoints that SERVICE may ask").click()
    assert page.get_by_text(SHIPPED["ubergraph"], exact=True).is_visible()
    page.get_by_role("link", name="Which studies are about any vertebrate, by Ubergraph?").click()
    page.get_by_role("button", name="Run query").click()
    table = page.get_by_role("region", name="Query result")
    assert table.get_by_role("row").all_inner_texts()[1].split("\t") == [
        "EXAMPLE-1",
        "http://purl.obolibrary.org/obo/NCBITaxon_9606",
        "Homo sapiens",
    ]


def test_from_their_side(page: Any, ours: Served) -> None:
    """Copy the example for the other side: it names our address, and runs at the other endpoint as it is."""
    page.goto(ours.sparql)
    page.get_by_role("link", name="Which correlative studies here go with the proteins").click()
    query = page.get_by_label("Query", exact=True).input_value()
    assert f"SERVICE <{ours.sparql}>" in query
    with serving("--dataset", str(DATA / "uniprot.trig"), query_services=ours.sparql) as theirs:
        page.goto(theirs.sparql)
        page.get_by_label("Query", exact=True).fill(query)
        page.get_by_role("button", name="Run query").click()
        rows = page.get_by_role("region", name="Query result").get_by_role("row").all_inner_texts()
    assert len(rows) == 2
    assert rows[1].split("\t")[2:] == ["EXAMPLE-1", "EXAMPLE-2"]
