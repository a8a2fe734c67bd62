"""A newcomer's way, on the demo: from the home page to both parts of a correlative study and their data."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser


@pytest.fixture
def page(demo: str, browser: Any) -> Iterator[Any]:
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(demo)
    yield page
    page.context.close()


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


class Walk:
    """Goes from page to page and counts the clicks; Enter in the search box is one."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.clicks = 0

    def click(self, name: str) -> None:
        self.page.get_by_role("link", name=name, exact=True).first.click()
        self.clicks += 1

    def find(self, words: str) -> None:
        box = self.page.get_by_role("searchbox").first
        box.fill(words)
        box.press("Enter")
        self.page.wait_for_url("**/studies?**")
        self.clicks += 1

    def code(self, section: str, label: str) -> str:
        """The text of a box of code that is in view after the last click."""
        box = self.page.locator(f"section:has(#{section})").get_by_label(label, exact=True).first
        assert box.is_visible()
        return str(box.inner_text())


@pytest.fixture
def walk(page: Any) -> Walk:
    return Walk(page)


def test_light_data_of_a_named_entry_in_three_clicks(walk: Walk) -> None:
    walk.find("EMPIAR-10460")
    walk.click("EMPIAR-10460")
    walk.click("S-BSST429")
    assert walk.page.url.endswith("/S-BSST429")
    assert "https://www.ebi.ac.uk/biostudies/bioimages/studies/S-BSST429" in _data_links(walk.page)
    assert walk.clicks == 3


def test_a_citation_in_bibtex_in_three_clicks(walk: Walk) -> None:
    import bibtexparser

    walk.find("EMPIAR-10819")
    walk.click("EMPIAR-10819")
    walk.click("Cite")
    (entry,) = bibtexparser.parse_string(walk.code("cite", "BibTeX")).entries
    assert entry.key == "EMPIAR-10819"
    assert "10.6019/EMPIAR-10819" in entry["doi"]
    assert walk.clicks == 3


def test_a_download_command_in_three_clicks(walk: Walk) -> None:
    walk.find("EMPIAR-10819")
    walk.click("EMPIAR-10819")
    walk.click("Download")
    command = shlex.split(walk.code("get", "Command"))
    assert command[0] in {"wget", "curl"}
    assert command[-1].startswith("https://ftp.ebi.ac.uk/empiar/world_availability/10819/")
    assert walk.clicks == 3


def test_the_metadata_in_python_in_three_clicks(walk: Walk) -> None:
    walk.find("EMPIAR-10819")
    walk.click("EMPIAR-10819")
    walk.click("Use in Python")
    code = walk.code("use", "Python: metadata, parts and citation")
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    title, parts, *citation = found.stdout.splitlines()
    assert title.startswith("Benchmark FIB SEM data of HeLa cells")
    assert "S-BSST707" in parts
    assert citation[0] == "@dataset{EMPIAR-10819,"
    assert walk.clicks == 3


def test_every_snippet_of_a_page_works(walk: Walk, demo: str, tmp_path: Path) -> None:
    walk.find("EMPIAR-10819")
    walk.click("EMPIAR-10819")
    for command in (
        walk.code("use", "Shell: the record as RDF"),
        walk.code("use", "Shell: the BibTeX entry"),
    ):
        found = subprocess.run(shlex.split(command), capture_output=True, text=True, check=False)
        assert found.returncode == 0, found.stderr
        assert "EMPIAR-10819" in found.stdout
    query = walk.code("use", f"SPARQL: at {demo}sparql")
    answer = walk.page.request.get(f"{demo}sparql", params={"query": query}, headers={"Accept": "text/csv"})
    assert answer.status == 200
    assert len(answer.text().split()) > 1
    _check_r(walk.code("use", "R: the record as a list"), tmp_path)


def _check_r(code: str, folder: Path) -> None:
    """Run R code where R with jsonlite is, else look whether its brackets and quotes are balanced."""
    file = folder / "snippet.R"
    file.write_text(code + '\nstopifnot(grepl("EMPIAR-10819", toString(study)))\n', encoding="utf-8")
    if shutil.which("Rscript"):
        found = subprocess.run(["Rscript", str(file)], capture_output=True, text=True, check=False)
        assert found.returncode == 0 or "there is no package called" in found.stderr, found.stderr
    assert re.fullmatch(r'library\(jsonlite\)\nstudy <- fromJSON\("http[^"\s]+"\)', code.strip())


def test_a_printed_page_is_whole(page: Any, tmp_path: Path) -> None:
    """Printed, nothing is folded or cut, navigation is left out, and links show where they lead."""
    page.goto(page.url + "EMPIAR-10819")
    page.emulate_media(media="print")
    assert page.locator("nav[aria-label=Main]").is_hidden()
    assert page.locator("a.ask").first.is_hidden()
    shown = "getComputedStyle(document.querySelector('a.out'), '::after').content"
    assert "attr(href)" in page.evaluate(shown) or "https://" in page.evaluate(shown)
    cut = """() => [...document.querySelectorAll('main *')].filter(each =>
        each.clientWidth && each.scrollWidth > each.clientWidth + 1
        && ['auto', 'hidden', 'scroll'].includes(getComputedStyle(each).overflowX)
        && !each.closest('.quiet-text, .hidden, svg')).map(each => each.outerHTML.slice(0, 120))"""
    page.set_viewport_size({"width": 718, "height": 1000})  # A4 with the margins of the browser
    assert page.evaluate(cut) == []
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    file = tmp_path / "page.pdf"
    page.pdf(path=file, format="A4")
    assert file.read_bytes().startswith(b"%PDF")
