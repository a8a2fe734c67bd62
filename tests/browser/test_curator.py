"""A curator's way, from the pages alone: see why two studies are linked, refute it, load everything again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

SAMPLE = str(resources.files("rembigraph.app").joinpath("sample"))
pytestmark = pytest.mark.browser


def _command(home: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "rembigraph.app", "--home", str(home), *arguments]


def _run(home: Path, *arguments: str) -> str:
    found = subprocess.run(_command(home, *arguments), capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    return found.stdout


@pytest.fixture
def home(tmp_path: Path) -> Path:
    _run(tmp_path / "home", "load", SAMPLE)
    return tmp_path / "home"


@pytest.fixture
def page(home: Path, browser: Any) -> Iterator[Any]:
    command = _command(home, "serve", "--port", "0")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout
        try:
            address = process.stdout.readline().removeprefix("Serving ").strip()
            page = browser.new_context(java_script_enabled=False, accept_downloads=True).new_page()
            page.goto(address)
            yield page
            page.context.close()
        finally:  # else leaving this block waits for the server for ever
            process.send_signal(signal.SIGTERM)


def _goto_when(page: Any, address: str, parts_title: str) -> None:
    """Opens a page once the server follows the new generation: it answers from the old one until then."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        page.goto(address)
        if page.locator("#parts-title").inner_text() == parts_title:
            return
        time.sleep(0.2)
    pytest.fail(f"{address} does not say {parts_title!r}")


def test_a_refuted_link_stays_refuted_after_everything_is_loaded_again(
    page: Any, home: Path, tmp_path: Path
) -> None:
    page.get_by_role("link", name="EMPIAR-10819").first.click()
    study = page.url
    assert "One whole" in page.locator("#parts-title").inner_text()
    page.get_by_role("link", name="Evidence and verdict").first.click()
    assert "The FIB SEM data can be found on EMPIAR" in page.locator("main").inner_text()
    page.get_by_label("Who decides").fill("Ada Lovelace")
    page.get_by_label("Why", exact=True).fill("Made up for a test: other cells were imaged.")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the decision").click()
    decision = tmp_path / download.value.suggested_filename
    download.value.save_as(decision)
    _run(home, "load", str(decision))
    for again in (False, True):
        if again:
            os.utime(decision)
            _run(home, "load", SAMPLE, str(decision))
        _goto_when(page, study, "Other parts of this study")
        assert "S-BSST707 does not belong to it" in page.locator("main").inner_text()
        assert "Made up for a test: other cells were imaged." in page.locator("main").inner_text()
    page.get_by_role("link", name="Why?", exact=True).first.click()
    assert "A curator refuted this link" in page.locator("main").inner_text()
    assert "refuted by a curator" in _run(home, "links", "EMPIAR-10819")
    assert "verdict: refuted" in _run(home, "curation", "EMPIAR-10819")


def test_a_decision_without_a_reason_is_not_given_out(page: Any) -> None:
    address = page.url + "links/EMPIAR-10819/S-BSST707/decision.yaml?verdict=refuted&who=Ada"
    answer = page.request.get(address)
    assert answer.status == 400
    assert "why" in answer.text()
