"""axe-core on every kind of page, in both schemes, on a phone and on a desk; nothing scrolls sideways."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import Any

import pytest

from tests.browser.conftest import LONGEST

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PAGES = {
    "home": "/",
    "search": "/studies",
    "search, filtered": "/studies?q=cells&organism=human",
    "search, nothing found": "/studies?q=zebrafsh&archive=SSBD",
    "study, correlative": "/EMPIAR-10819",
    "study with a transformation": "/EXAMPLE-0001",
    "study, the longest": f"/{LONGEST}",
    "study, hardly anything known": "/EXAMPLE-0902",
    "specimen": "/EXAMPLE-0001/specimen/disc-3-cell-7",
    "biosample": "/EXAMPLE-0001/biosample/hela-mito",
    "acquisition": "/EXAMPLE-0001/acquisition/stack",
    "component": "/EXAMPLE-0001/component/stack",
    "image": "/EXAMPLE-0001/image/stack",
    "image with long words": f"/{LONGEST}/image/image-1",
    "person": "/about/ORCID:0000-0002-0001-0000",
    "organisation": "/about/ROR:00example1",
    "taxon": "/about/NCBITaxon:9606",
    "method": "/about/FBbi:00000251",
    "publication": "/about/DOI:10.9999/example.900",
    "versions": "/EXAMPLE-0902/versions",
    "version": "/EXAMPLE-0902/v1",
    "withdrawn (410)": "/EXAMPLE-0901",
    "unknown study (404)": "/EMPIAR-99998",
    "unknown address (404)": "/nothing",
    "links": "/links",
    "links of a study": "/links/EMPIAR-10819",
    "evidence and verdict": "/links/EMPIAR-10819/S-BSST707",
    "query": "/sparql",
    "query with a result": "/sparql?query=SELECT+%2A+WHERE+%7B+%3Fs+a+%3Fclass+%7D+LIMIT+5",
    "query with a graph": "/sparql?query=CONSTRUCT+WHERE+%7B+%3Fs+a+%3Fclass+%7D+LIMIT+5",
    "query with a fault": "/sparql?query=SELECT+%3Ftitle+WHERE+%7B+%3Fs+dct%3Atitle+%3Ftitle+%7D",
    "vocabulary": "/ns",
    "vocabulary, a class": "/ns/term/Image",
    "vocabulary, changes": "/ns/changes",
    "shapes": "/shapes.html",
    "status": "/status",
}

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_spec("axe_playwright_python") is None, reason="axe-core is not installed"),
]


def faults(page: Any) -> list[str]:
    """What axe-core finds wrong: the rule, what it asks, and the first places."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": RULES}}).response["violations"]
    return [
        f"{each['id']}: {each['help']}: {[node['html'][:160] for node in each['nodes'][:3]]}"
        for each in found
    ]


def too_wide(page: Any) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


# Every colour and both widths on every page. In the nightly run the other two pairs and long pages, a minute for each.
VIEWS = [("light", 1280), ("dark", 320)]
LONG = ("vocabulary", "shapes")
if "NIGHTLY_RUN" in os.environ:
    VIEWS += [("light", 320), ("dark", 1280)]


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=pytest.mark.nightly) if kind in LONG else kind for kind in PAGES]
)
def test_axe_finds_nothing_and_nothing_scrolls_sideways(browser: Any, every_page_url: str, kind: str) -> None:
    context = browser.new_context(bypass_csp=True)  # axe-core itself needs it, the page does not
    page = context.new_page()
    page.goto(every_page_url + PAGES[kind])
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    wrong = []
    for scheme, width in VIEWS:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": 800})
        wrong += [f"{scheme} {width}: {fault}" for fault in faults(page)]
        if too_wide(page) > 0:
            wrong.append(f"{scheme} {width}: {too_wide(page)} px too wide")
    context.close()
    assert wrong == []


def test_the_kinds_of_pages_are_what_they_are_called(browser: Any, every_page_url: str) -> None:
    """Else a misspelt address would test the page of an error instead."""
    page = browser.new_page()
    statuses = {kind: page.goto(every_page_url + path).status for kind, path in PAGES.items()}
    page.close()
    expected = {kind: 404 if "404" in kind else 410 if "410" in kind else 200 for kind in PAGES}
    assert statuses == {**expected, "query with a fault": 400}


def test_axe_would_find_a_fault(browser: Any, every_page_url: str) -> None:
    context = browser.new_context(bypass_csp=True)
    page = context.new_page()
    page.goto(every_page_url + "/")
    page.evaluate("document.documentElement.removeAttribute('lang')")
    assert any(fault.startswith("html-has-lang:") for fault in faults(page))
    context.close()
