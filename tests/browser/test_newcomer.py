"""A newcomer's way, on the demo: from the home page to both parts of a correlative study and their data."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest

CHROMIUM = "/usr/bin/chromium"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_spec("playwright") is None, reason="playwright is not installed"),
    pytest.mark.skipif(shutil.which(CHROMIUM) is None, reason="chromium is not installed"),
]


@pytest.fixture(scope="module")
def demo() -> Iterator[str]:
    command = [sys.executable, "-m", "rembigraph.app", "demo", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout
        yield process.stdout.readline().removeprefix("Serving ").strip()
        process.send_signal(signal.SIGTERM)


@pytest.fixture
def page(demo: str) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        page = browser.new_context(java_script_enabled=False).new_page()
        page.goto(demo)
        yield page
        browser.close()


def _data_links(page: Any) -> set[str]:
    links = page.locator("a[href^='https://www.ebi.ac.uk/']:visible")
    return {links.nth(index).get_attribute("href") for index in range(links.count())}


def test_both_parts_and_their_data_are_three_clicks_away(page: Any) -> None:
    """Click one: the study. Its page shows both parts; clicks two and three: the data of each at its archive."""
    page.get_by_role("link", name="EMPIAR-10819").first.click()
    assert page.locator("h1").inner_text().startswith("Benchmark FIB SEM data")
    assert page.get_by_role("link", name="S-BSST707").first.is_visible()
    assert {
        "https://www.ebi.ac.uk/empiar/EMPIAR-10819/",
        "https://www.ebi.ac.uk/biostudies/bioimages/studies/S-BSST707",
    } <= _data_links(page)


def test_the_light_data_of_a_named_empiar_entry_is_found_by_its_number(page: Any) -> None:
    box = page.get_by_role("searchbox").first
    box.fill("empiar 10460")
    box.press("Enter")
    page.get_by_role("link", name="EMPIAR-10460").first.click()
    page.get_by_role("link", name="S-BSST429").first.click()
    assert "zebrafish" in page.locator("h1").inner_text()


def test_an_example_query_runs_from_the_form(page: Any) -> None:
    page.get_by_role("link", name="SPARQL").first.click()
    page.get_by_role("link", name="Which studies used FIB-SEM").click()
    page.get_by_role("button", name="Run query").first.click()
    assert page.get_by_role("cell", name="EMPIAR-10819").first.is_visible()


def test_a_broken_query_is_explained_above_the_form(page: Any) -> None:
    page.get_by_role("link", name="SPARQL").first.click()
    page.get_by_label("Query").first.fill("SELECT ?title WHERE { ?s dct:title ?title }")
    page.get_by_role("button", name="Run query").first.click()
    assert "dct:" in page.get_by_role("alert").inner_text()
