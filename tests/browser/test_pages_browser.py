"""The pages in a real Chromium: nothing from elsewhere, nothing in the console, nothing too wide, no script."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

PAGES = [
    "/",
    "/studies",
    "/studies?q=cells&organism=human",
    "/studies?q=zebrafsh&archive=SSBD",
    "/S-BSST707",
    "/EXAMPLE-0101",
    "/EXAMPLE-0102",
    "/EXAMPLE-0103",
    "/EXAMPLE-0104",
    "/EXAMPLE-0101/transform/lm--em",
    "/links",
    "/links/EXAMPLE-0102",
    "/links/EXAMPLE-0101/EXAMPLE-0102",
    "/ns",
    "/ns/changes",
    "/ns/term/Image",
    "/shapes.html",
]
ERRORS = ["/EMPIAR-99998", "/EXAMPLE-0105", "/nothing"]

pytestmark = pytest.mark.browser


@pytest.fixture
def visit(browser, browser_url):
    """Open pages of a given size and scheme; collect what goes wrong."""
    contexts = []

    def open_(path: str, width: int = 1280, scheme: str = "light", **more: Any) -> Any:
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, **more)
        contexts.append(context)
        page = context.new_page()
        page.wrong = []
        page.on("console", lambda message: page.wrong.append(message.text))
        page.on("pageerror", lambda error: page.wrong.append(str(error)))
        page.on("request", lambda r: None if r.url.startswith(browser_url) else page.wrong.append(r.url))
        page.on("dialog", lambda dialog: page.wrong.append(dialog.message))
        page.goto(browser_url + path)
        return page

    yield open_
    for context in contexts:
        context.close()


def too_wide(page: Any) -> int:
    script = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    return int(page.evaluate(script))


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_wrong_and_nothing_comes_from_elsewhere(visit, path):
    page = visit(path)
    assert page.wrong == []
    assert (
        page.evaluate("document.querySelectorAll('script:not([type=\"application/ld+json\"])').length") == 0
    )
    assert page.evaluate("getComputedStyle(document.body).display") == "flex", "the style sheet is there"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", [*PAGES, *ERRORS])
def test_a_narrow_screen_does_not_scroll_sideways(visit, path, scheme):
    page = visit(path, width=320, scheme=scheme)
    assert too_wide(page) <= 0
    for element in page.query_selector_all("details:not([open]) > summary"):
        element.click()
    assert too_wide(page) <= 0


@pytest.mark.parametrize("path", [*PAGES, *ERRORS])
def test_large_letters_on_a_narrow_screen_fit_too(visit, path):
    page = visit(path, width=320, bypass_csp=True)
    page.add_style_tag(content="html { font-size: 200% }")
    assert too_wide(page) <= 0


def test_pages_can_be_used_without_a_script(visit):
    page = visit("/", java_script_enabled=False)
    page.fill("main input[name=q]", "empiar 10819")
    page.click("main button[type=submit]")
    assert "q=empiar+10819" in page.url
    page.click("ol.hits h3 a")
    assert page.url.endswith("/EMPIAR-10819")
    page.click("text=S-BSST707")
    assert page.url.endswith("/S-BSST707")


def test_keyboard_reaches_the_content_and_shows_where_it_is(visit):
    page = visit("/S-BSST707")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#main"
    page.keyboard.press("Tab")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_both_schemes_differ_and_hostile_text_is_inert(visit):
    paper = {
        scheme: visit("/EXAMPLE-0103", scheme=scheme).evaluate(
            "getComputedStyle(document.documentElement).backgroundColor"
        )
        for scheme in ("light", "dark")
    }
    assert paper["light"] != paper["dark"]
    page = visit("/EXAMPLE-0103")
    assert page.wrong == []
    assert "<script>alert('x')</script>" in page.inner_text("h1")


@pytest.mark.parametrize(
    ("name", "width", "scheme"), [("desktop", 1280, "light"), ("phone", 390, "light"), ("dark", 1280, "dark")]
)
def test_pictures_of_the_pages(visit, tmp_path: Path, name, width, scheme):
    for number, path in enumerate(("/", "/studies", "/S-BSST707", "/EXAMPLE-0101")):
        file = tmp_path / f"{name}-{number}.png"
        visit(path, width=width, scheme=scheme).screenshot(path=file, full_page=True)
        assert file.stat().st_size > 10_000
