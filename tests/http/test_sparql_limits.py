"""Limits are settings that are read with care and shown; a client that asks for too much at once gets 429."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pyoxigraph as ox
import pytest
from rembigraph.app.settings import load_settings, query_limits
from rembigraph.app.sparql.limits import MEBIBYTE, QueryLimits, read_limits
from rembigraph.app.sparql.scheduler import Scheduler
from rembigraph.ontology.errors import Busy, TooManyQueries, UsageError

from tests.conftest import MadeUp, running
from tests.sparql_server import serving

ENDLESS = "SELECT (COUNT(*) AS ?n) { " + " ".join(f"?s{n} ?p{n} ?o{n} ." for n in range(6)) + " }"


def test_limits_are_read() -> None:
    assert read_limits("") == {}
    found = read_limits("max_depth=64 grace_seconds=0.5 spares=0")
    assert found == {"max_depth": 64, "grace_seconds": 0.5, "spares": 0}
    assert isinstance(found["max_depth"], int)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("max_dept=64", "Did you mean max_depth?"),
        ("zzz=1", "Known names:"),
        ("max_depth", "whole number"),
        ("max_depth=", "whole number"),
        ("max_depth=0", "from 1"),
        ("max_depth=-1", "from 1"),
        ("max_depth=1.5", "whole number"),
        ("max_depth=\u0661", "whole number"),
        ("max_depth=99999999999999999", "to "),
        ("grace_seconds=nan", "number"),
        ("grace_seconds=inf", "number"),
        ("grace_seconds=0", "number"),
        ("stack_bytes=1", f"from {MEBIBYTE:g}"),
        ("niceness=20", "to 19"),
        ("queue=1 queue=2", "once"),
    ],
)
def test_what_is_no_limit_is_refused_with_what_to_write(text: str, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        read_limits(text)
    assert said in f"{refused.value.message} {refused.value.fix}"


def test_the_setting_reaches_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REMBIGRAPH_QUERY_LIMITS", "max_depth=7 workers=3")
    monkeypatch.setenv("REMBIGRAPH_QUERY_WORKERS", "2")
    assert query_limits(load_settings()) == QueryLimits(max_depth=7, workers=3)


def test_the_status_shows_every_limit(made_up: MadeUp) -> None:
    from rembigraph.app.main import create_app

    with running(
        lambda address: create_app(made_up.home, address, QueryLimits(max_depth=77)), lifespan="on"
    ) as url:
        shown = httpx.get(f"{url}/status").json()["service"]["limits"]
        page = httpx.get(f"{url}/status", headers={"Accept": "text/html"}).text
    assert set(shown) == set(QueryLimits.__slots__)
    assert shown["max_depth"] == 77
    assert all(f"<code>{name}</code>" in page for name in shown)


def test_one_client_can_not_fill_the_queue() -> None:
    async def waiting() -> None:
        scheduler = Scheduler(1, queue=8, slow_slots=1, client_queue=2)
        slot = await scheduler.enter("held", 1)
        waits = [asyncio.create_task(scheduler.enter("greedy", 30)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(TooManyQueries):
            await scheduler.enter("greedy", 30)
        other = asyncio.create_task(scheduler.enter("other", 30))
        await asyncio.sleep(0)
        assert scheduler.waiting == 3
        slot.leave()
        for each in asyncio.as_completed([*waits, other]):
            (await each).leave()

    asyncio.run(waiting())


@pytest.mark.server
def test_too_much_of_one_client_is_429_with_a_time_and_others_are_answered(tmp_path: Path) -> None:
    store = ox.Store(str(tmp_path / "store"))
    store.extend(ox.Quad(ox.NamedNode(f"urn:{n}"), ox.NamedNode("urn:p"), ox.Literal(n)) for n in range(300))
    store.flush()
    del store
    limits = {
        "query_timeout": "3",
        "query_workers": "1",
        "query_limits": "client_queue=2 slow_workers=1 suspended=1",
    }

    async def hammer(url: str) -> list[httpx.Response]:
        async with httpx.AsyncClient(timeout=60, limits=httpx.Limits(max_connections=None)) as client:
            asked: list[Any] = [client.get(url, params={"query": f"{ENDLESS} # {n}"}) for n in range(20)]
            return list(await asyncio.gather(*asked))

    with serving("--store", str(tmp_path / "store"), **limits) as served:
        answers = asyncio.run(hammer(served.sparql))
        after = httpx.get(served.sparql, params={"query": "ASK {}"}, timeout=60)
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= {429, 503, 504}, statuses
    assert statuses[429] > 5
    for answer in answers:
        if answer.status_code == 429:
            assert int(answer.headers["retry-after"]) > 0
            assert "waiting already" in answer.text
    assert after.status_code == 200


def test_who_waits_too_long_is_told_so_as_ever() -> None:
    async def late() -> None:
        scheduler = Scheduler(1, queue=8)
        await scheduler.enter("held", 1)
        with pytest.raises(Busy) as refused:
            await scheduler.enter("other", 0.01)
        assert not isinstance(refused.value, TooManyQueries)

    asyncio.run(late())
