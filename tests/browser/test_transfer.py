"""What a visit costs: few requests, few bytes, nothing from other hosts, and pictures only where they may be shown."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.conftest import PictureHost, serving
from tests.browser.test_accessibility import PAGES

MOST_REQUESTS, MOST_BYTES = 5, 60_000
PICTURED = "/EXAMPLE-0902"
pytestmark = pytest.mark.browser


def _visit(browser: Any, address: str) -> tuple[Any, list[Any]]:
    """Open a page with an empty cache; return it and the requests that it made."""
    page = browser.new_context().new_page()
    made: list[Any] = []
    for event in ("requestfinished", "requestfailed"):
        page.on(event, lambda request: made.append(request))
    page.goto(address, wait_until="networkidle")
    return page, made


@pytest.mark.parametrize("kind", PAGES)
def test_five_requests_and_60_kilobytes_at_most(browser: Any, every_page_url: str, kind: str) -> None:
    page, made = _visit(browser, every_page_url + PAGES[kind])
    sizes = [request.sizes() for request in made]
    page.context.close()
    assert all(request.url.startswith(every_page_url) for request in made)
    assert 2 <= len(made) <= MOST_REQUESTS
    assert sum(each["responseBodySize"] + each["responseHeadersSize"] for each in sizes) <= MOST_BYTES


def test_pictures_of_others_wait_for_a_click(
    browser: Any, every_page_url: str, picture_host: PictureHost
) -> None:
    picture_host.asked.clear()
    page, made = _visit(browser, every_page_url + PICTURED)
    assert picture_host.asked == []
    assert page.locator("img").count() == 0
    assert "img-src 'self' data:;" in made[0].response().headers["content-security-policy"]
    page.get_by_role("link", name="Show picture 1").click()
    page.wait_for_url(f"{picture_host.url}/*")
    assert "/picture.svg" in picture_host.asked
    page.context.close()


def test_pictures_of_a_named_host_are_shown_at_once(
    browser: Any, every_page_home: Any, picture_host: PictureHost
) -> None:
    picture_host.asked.clear()
    with serving(every_page_home, (picture_host.url,)) as address:
        page, made = _visit(browser, address + PICTURED)
        policy = made[0].response().headers["content-security-policy"]
        assert f"img-src 'self' data: {picture_host.url};" in policy
        picture = page.locator("img")
        picture.scroll_into_view_if_needed()
        page.wait_for_function("document.querySelector('img').naturalWidth > 0", timeout=10_000)
        assert picture.get_attribute("alt").startswith("Picture 1 of EXAMPLE-0902")
        assert picture_host.asked == ["/picture.svg"]
        page.context.close()


def test_a_named_host_opens_no_other(browser: Any, every_page_home: Any, picture_host: PictureHost) -> None:
    picture_host.asked.clear()
    with serving(every_page_home, ("https://images.example",)) as address:
        page, _ = _visit(browser, address + PICTURED)
        assert page.locator("img").count() == 0
        page.context.close()
    assert picture_host.asked == []
