"""What was fetched is kept, asked about, and never believed blindly."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from rembigraph.loaders.fetch import Answer
from rembigraph.loaders.live_cache import Cache
from replay import Page, Replay, made_up_entry, made_up_list, made_up_submission

URL = "https://example.org/a.json"
ANSWER = Answer(b'{"a": 1}', "application/json", '"1"', "Thu, 01 Jan 2026 00:00:00 GMT")


def test_a_kept_answer_comes_back(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    assert cache.get(URL) is None
    cache.put(URL, ANSWER)
    assert cache.get(URL) == ANSWER
    assert cache.get(f"{URL}x") is None
    cache.put(URL, Answer(b"[]", "application/json", '"2"'))
    assert cache.get(URL) == Answer(b"[]", "application/json", '"2"')
    cache.drop(URL)
    assert cache.get(URL) is None


def test_an_answer_that_cannot_be_asked_about_is_not_kept(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    cache.put(URL, Answer(b"[]", "application/json"))
    cache.put(URL, Answer(b"[]", "application/json", etag='"' + "x" * 20_000 + '"'))
    assert cache.get(URL) is None


@pytest.mark.parametrize(
    "harm", ["cut", "changed", "empty", "no head", "other address", "head of another kind"]
)
def test_a_damaged_file_is_as_none(tmp_path: Path, harm: str) -> None:
    cache = Cache(tmp_path)
    cache.put(URL, ANSWER)
    (path,) = (one for one in tmp_path.rglob("*") if one.is_file())
    whole = path.read_bytes()
    body = whole.partition(b"\n")[2]
    path.write_bytes(
        {
            "cut": whole[:-1],
            "changed": whole[:-1] + b"]",
            "empty": b"",
            "no head": body,
            "other address": whole.replace(b"example.org", b"example.net"),
            "head of another kind": b"[1]\n" + body,
        }[harm]
    )
    assert cache.get(URL) is None


def _serve(replay: Replay) -> None:
    lists = {"a.json": made_up_list(3), "b.json": made_up_list(4)}
    replay.submission("S-BIADTEST1", made_up_submission("S-BIADTEST1", tuple(lists)), lists, linked=True)
    replay.entry("EMPIAR-MADEUP", made_up_entry("EMPIAR-MADEUP"))


def test_the_second_run_fetches_nothing_whole(
    replay: Replay, settings_of: Any, load_live: Any, dump_of: Any
) -> None:
    _serve(replay)
    settings = settings_of()
    load_live(settings, "S-BIADTEST1", "EMPIAR-MADEUP")
    before, count = dump_of(settings), len(replay.asked)
    replay.forget()
    report = load_live(settings, "S-BIADTEST1", "EMPIAR-MADEUP")
    assert report.count("unchanged") == 2
    assert dump_of(settings) == before
    assert len(replay.asked) == count
    assert {one.status for one in replay.asked} == {304, 404}  # 404: where a linked list is looked for first
    assert sum(one.sent for one in replay.asked if one.status == 304) == 0


def test_a_new_version_and_a_damaged_cache_are_fetched_whole(
    replay: Replay, settings_of: Any, load_live: Any
) -> None:
    _serve(replay)
    settings = settings_of()
    load_live(settings, "S-BIADTEST1", "EMPIAR-MADEUP")
    body = made_up_entry("EMPIAR-MADEUP").replace(b"Made-up entry", b"Changed entry")
    replay.entry("EMPIAR-MADEUP", body)
    replay.forget()
    report = load_live(settings, "EMPIAR-MADEUP")
    assert [one.state for one in report.outcomes] != ["unchanged"]
    assert [(one.status, one.conditional) for one in replay.asked] == [(200, True)]
    for path in (settings.home / "cache").rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:-1])
    replay.forget()
    load_live(settings, "S-BIADTEST1")
    assert not any(one.conditional for one in replay.asked)
    assert {one.status for one in replay.asked} == {200, 404}


def test_pages_without_a_version_are_fetched_each_time(
    replay: Replay, settings_of: Any, load_live: Any
) -> None:
    replay.pages["/empiar/api/entry/EMPIAR-MADEUP/"] = Page(made_up_entry("EMPIAR-MADEUP"), validators=False)
    for _ in range(2):
        load_live(settings_of(), "EMPIAR-MADEUP")
    assert [(one.status, one.conditional) for one in replay.asked] == [(200, False)] * 2


def test_a_killed_run_goes_on_where_it_was(
    replay: Replay, settings_of: Any, load_live: Any, dump_of: Any
) -> None:
    """The run is killed at its seventh request: what came before is only asked about."""
    names = [f"EMPIAR-MADEUP{number}" for number in range(12)]
    for name in names:
        replay.entry(name, made_up_entry(name))
    settings = settings_of("killed")
    replay.plan = lambda path, number: "stall" if path.endswith("EMPIAR-MADEUP6/") else ""
    replay.patience = 30
    environment = {
        **os.environ,
        "REMBIGRAPH_EMPIAR_URL": settings.empiar_url,
        "REMBIGRAPH_LIVE_PAUSE": "0",
    }
    command = [sys.executable, "-m", "rembigraph.app", "--home", str(settings.home), "load", "--live", *names]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as run:
        end = time.monotonic() + 60
        while len(replay.asked) < 7 and time.monotonic() < end:
            time.sleep(0.02)
        time.sleep(0.1)
        run.send_signal(signal.SIGKILL)
    assert len(replay.asked) == 7
    replay.plan = lambda path, number: ""
    replay.asked.clear()
    report = load_live(settings, *names)
    assert report.count("loaded") == 12
    by_status = [one.status for one in replay.asked]
    assert by_status == [304] * 6 + [200] * 6
    other = settings_of("whole")
    load_live(other, *names)
    assert dump_of(other) == dump_of(settings)
