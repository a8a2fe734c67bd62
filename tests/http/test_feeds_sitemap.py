"""Sitemap, robots.txt and /changes over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.robotparser import RobotFileParser

import httpx
import pytest

from tests.feeding import Catalogue, study


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    catalogue = Catalogue(tmp_path_factory.mktemp("sitemap"))
    catalogue.publish(*(study(number) for number in range(1, 8)))
    catalogue.publish(withdraw=["EXAMPLE-0003"])
    with catalogue.served() as found:
        yield found


@pytest.mark.parametrize("most", [50_000, 4, 2])
def test_another_program_finds_every_study(address: str, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    usp = pytest.importorskip("usp.tree")
    monkeypatch.setattr("rembigraph.app.feeds.sitemap.sitemap.__defaults__", ("", most))
    pages = list(usp.sitemap_tree_for_homepage(address).all_pages())
    assert {page.url for page in pages} == {f"{address}/EXAMPLE-000{number}" for number in (1, 2, 4, 5, 6, 7)}
    assert all(page.last_modified for page in pages)


def test_a_sitemap_is_not_sent_again(address: str) -> None:
    first = httpx.get(f"{address}/sitemap.xml")
    again = httpx.get(f"{address}/sitemap.xml", headers={"If-None-Match": first.headers["etag"]})
    assert (first.status_code, again.status_code) == (200, 304)
    assert httpx.get(f"{address}/sitemap-2.xml").status_code == 404
    assert httpx.get(f"{address}/sitemap-x.xml").status_code == 404
    assert httpx.get(f"{address}/sitemap-01.xml").status_code == 404


def test_robots_may_read_studies(address: str) -> None:
    rules = RobotFileParser()
    rules.parse(httpx.get(f"{address}/robots.txt").text.splitlines())
    assert rules.site_maps() == [f"{address}/sitemap.xml"]
    assert rules.can_fetch("any", f"{address}/EXAMPLE-0001")
    assert not rules.can_fetch("any", f"{address}/sparql?query=x")


@pytest.mark.parametrize(
    "query",
    ["since=yesterday", "since=2026-02-30", "since=", "x=1", "since=2026-01-01&since=2026-01-02", "set=%00",
     "set=no:such", "after=EXAMPLE-0001", "since=2026-01-01&after=<x>"],
)  # fmt: skip
def test_what_is_wrong_with_a_question_is_said(address: str, query: str) -> None:
    answer = httpx.get(f"{address}/changes?{query}")
    assert answer.status_code == (200 if query == "since=" else 400)
    assert query == "since=" or answer.json()["fix"]


def test_what_comes_later_is_asked_for_by_a_link(address: str) -> None:
    first = httpx.get(f"{address}/changes").json()
    assert [one["change"] for one in first["changes"]] == ["created"] * 6 + ["withdrawn"]
    assert first["changes"][-1]["reason"] == "EXAMPLE-0003 was made up"
    assert first["next"] is None
    assert httpx.get(first["later"]).json()["changes"] == []
