"""A cryo-EM user's task on the demo, without JavaScript: light data for an EM volume, the error, a point; and axe."""

from __future__ import annotations

from importlib.resources import files
from importlib.util import find_spec
from typing import Any

import pytest

pytestmark = pytest.mark.browser
PLACE = "/transform?from=EXAMPLE-0001/image/stack&to=EXAMPLE-0002/cs/fib-sem&point=5,40,38"
PAGES = [
    "/correlations",
    "/correlations/health",
    "/correlations/covering?system=EXAMPLE-0002/cs/fib-sem&box=0,0,0;1000,2000,3000",
    "/transform",
    PLACE,
    "/transform?from=nothing&to=nowhere",
    "/EXAMPLE-0001/correlation/cell-7",
    "/EXAMPLE-0001/correlation/cell-7?frame=EXAMPLE-0001/cs/stage",
    "/S-BSST429/correlation/fish-3",
]


def test_light_data_for_an_em_volume_and_a_point_in_it_take_three_clicks(demo: str, browser: Any) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(demo)
    page.get_by_role("link", name="Correlations", exact=True).click()
    page.get_by_role("link", name="Cell 7 by cryo-confocal and FIB-SEM").click()
    ways = page.get_by_role("region", name="Table: what can be brought into what")
    row = ways.get_by_role("row").filter(
        has=page.get_by_role("rowheader", name="Cell 7, cryo-confocal stack")
    )
    assert "Cell 7, FIB-SEM volume" in row.inner_text()
    assert "± 115 nanometer" in row.inner_text()
    page.get_by_role("textbox", name="Point").fill("5, 40, 38")
    page.get_by_role("button", name="Find it").click()
    text = page.locator("main").inner_text()
    assert "4136.59, 4489.06, 7458.4" in text
    assert "± 28.3 nanometer" in text
    assert "8 landmark pairs" in text


def place_in(page: Any, system: str) -> list[float]:
    """The coordinates that the table shows for a coordinate system."""
    row = page.locator("#places").get_by_role("row").filter(has=page.get_by_role("rowheader", name=system))
    return [float(number) for number in row.get_by_role("cell").nth(1).inner_text().split(", ")]


def test_the_place_under_the_pointer_is_shown_in_every_frame(demo: str, browser: Any) -> None:
    """As `/transform` says it, before and after a look from nearer, by mouse and by keyboard."""
    page = browser.new_page()
    page.goto(demo + "EXAMPLE-0001/correlation/cell-7")
    picture = page.locator("figure.fields svg").first
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + box["height"] * 0.5)
    drawn = place_in(page, "FIB-SEM volume, physical")
    asked = {"from": "EXAMPLE-0002/cs/fib-sem", "to": "EXAMPLE-0001/cs/confocal", "format": "json"}

    def transformed(point: list[float]) -> list[float]:
        given = {**asked, "point": ",".join(map(str, point))}
        found = page.request.get(f"{demo}transform", params=given).json()["points"][0]["point"]
        return [float(value) for value in found]

    assert place_in(page, "Confocal stack, physical") == pytest.approx(transformed(drawn), rel=1e-4)
    page.get_by_role("button", name="Closer").first.click()
    page.get_by_role("button", name="Closer").first.click()
    assert "5 µm" in page.locator("figure.fields").first.inner_text()
    picture.focus()
    page.keyboard.press("ArrowRight")
    moved = place_in(page, "FIB-SEM volume, physical")
    assert moved[2] > drawn[2]
    assert moved[:2] == pytest.approx(drawn[:2], rel=1e-4)
    assert place_in(page, "Confocal stack, physical") == pytest.approx(transformed(moved), rel=1e-4)
    page.get_by_label("z is").fill("0")
    assert place_in(page, "FIB-SEM volume, physical")[0] == 0
    page.get_by_label("Draw them in").select_option(label="Cryo-stage")
    page.wait_for_url("**frame=EXAMPLE-0001%2Fcs%2Fstage**")
    assert not page.get_by_role("button", name="Draw").is_visible()
    page.context.close()


def test_another_frame_is_chosen_without_a_script(demo: str, browser: Any) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(demo + "EXAMPLE-0001/correlation/cell-7")
    page.get_by_label("Draw them in").select_option(label="Cryo-stage")
    page.get_by_role("button", name="Draw").click()
    assert "along the first axis of Cryo-stage" in page.locator("main").inner_text()
    assert page.locator("#places").count() == 0
    page.context.close()


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(("width", "scheme"), [(320, "dark"), (1280, "light")])
def test_pages_fit_the_window_and_say_nothing_in_the_console(
    demo: str, browser: Any, path: str, width: int, scheme: str
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    wrong: list[str] = []
    page.on("request", lambda request: None if request.url.startswith(demo) else wrong.append(request.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(demo + path.removeprefix("/"))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert wrong == []
    context.close()


@pytest.mark.skipif(
    find_spec("axe_playwright_python") is None, reason="axe-playwright-python is not installed"
)
@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(demo: str, browser: Any, path: str, scheme: str) -> None:
    context = browser.new_context(color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    page.goto(demo + path.removeprefix("/"))
    page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("axe.run()")
    assert [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]] == []
    context.close()
