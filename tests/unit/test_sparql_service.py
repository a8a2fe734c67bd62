"""The query service with real stores and real worker processes, without HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
from rembigraph.app.sparql.dataset import stage_dataset
from rembigraph.app.sparql.gate import Admitted, admit
from rembigraph.app.sparql.limits import MEBIBYTE, QueryLimits
from rembigraph.app.sparql.location import StoreLocation
from rembigraph.app.sparql.service import QueryService, RequestDataset, query_once
from rembigraph.ontology.errors import (
    Busy,
    QueryError,
    QueryRefused,
    QuerySyntaxError,
    QueryTimeout,
    QueryTooLarge,
    SourceMalformed,
    SourceUnavailable,
    StoreDamaged,
    UsageError,
)

JSON = "application/sparql-results+json"
LIMITS = QueryLimits(deadline_seconds=20, memory_bytes=192 * MEBIBYTE, max_result_bytes=2_000_000, workers=2)
ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
COUNT = "SELECT (COUNT(*) AS ?n) %s { ?s ?p ?o }"
G1, G2, G3 = (ox.NamedNode(f"urn:g{number}") for number in (1, 2, 3))


def make_store(path: Path, quads: list[ox.Quad]) -> StoreLocation:
    store = ox.Store(str(path))
    store.extend(quads)
    store.flush()
    return StoreLocation(path, path.name)


def triple(number: int, graph: ox.NamedNode | ox.DefaultGraph) -> ox.Quad:
    return ox.Quad(
        ox.NamedNode(f"urn:s{number}"), ox.NamedNode("urn:p"), ox.Literal(f"value {number}"), graph
    )


@pytest.fixture(scope="module")
def location(tmp_path_factory: pytest.TempPathFactory) -> StoreLocation:
    """100 triples in the default graph; 10 in g1, 10 in g2 of which 5 are in g1 too."""
    quads = [triple(number, ox.DefaultGraph()) for number in range(100)]
    quads += [triple(number, G1) for number in range(10)] + [triple(number, G2) for number in range(5, 15)]
    return make_store(tmp_path_factory.mktemp("stores") / "first", quads)


def run(
    location: StoreLocation,
    scenario: Callable[[QueryService], Awaitable[Any]],
    limits: QueryLimits = LIMITS,
    **options: Any,
) -> Any:
    """Run a scenario with a started service."""

    async def main() -> Any:
        async with started(QueryService(lambda: location, limits, **options)) as service:
            return await scenario(service)

    return asyncio.run(main())


@contextlib.asynccontextmanager
async def started(service: QueryService) -> AsyncIterator[QueryService]:
    await service.start()
    try:
        yield service
    finally:
        await service.stop()


async def ask(service: QueryService, text: str | Admitted, media_type: str = JSON, **options: Any) -> bytes:
    query = text if isinstance(text, Admitted) else service.admit(text)
    answer = await service.answer(query, media_type, **options)
    try:
        return b"".join([data async for data in answer])
    finally:
        answer.close()


async def count(service: QueryService, text: str, **options: Any) -> int:
    document = json.loads(await ask(service, text, **options))
    (row,) = document["results"]["bindings"]
    return int(row["n"]["value"])


def test_datasets(location: StoreLocation) -> None:
    async def scenario(service: QueryService) -> None:
        assert await count(service, COUNT % "") == 100
        assert await count(service, COUNT % "FROM <urn:g1>") == 10
        assert await count(service, COUNT % "FROM <urn:g1> FROM <urn:g1>") == 10
        assert await count(service, COUNT % "FROM <urn:g1> FROM <urn:g2>") == 15
        assert await count(
            service, "PREFIX u: <urn:> BASE <urn:x> " + COUNT % "FROM u:g1 FROM u:\\g2".replace("\\", "")
        )
        assert await count(service, COUNT % "FROM <urn:g1> FROM <urn:absent>") == 10
        named = "SELECT (COUNT(*) AS ?n) %s { GRAPH ?g { ?s ?p ?o } }"
        assert await count(service, named % "") == 20
        assert await count(service, named % "FROM <urn:g1> FROM <urn:g2>") == 0
        assert await count(service, named % "FROM <urn:g1> FROM <urn:g2> FROM NAMED <urn:g2>") == 10
        assert await count(service, COUNT % "FROM NAMED <urn:g2>") == 0
        two = RequestDataset(default_graphs=("urn:g1", "urn:g2"))
        assert await count(service, COUNT % "", dataset=two) == 15
        assert await count(service, COUNT % "FROM <urn:g2>", dataset=RequestDataset(("urn:g1",))) == 10
        assert await count(service, named % "", dataset=two) == 0
        assert await count(service, named % "", dataset=RequestDataset((), ("urn:g1",))) == 10
        assert await count(service, COUNT % "", dataset=RequestDataset((), ("urn:g1",))) == 0

    run(location, scenario)


def test_union_is_only_for_queries_that_name_no_dataset(location: StoreLocation) -> None:
    async def scenario(service: QueryService) -> None:
        distinct = "SELECT (COUNT(DISTINCT ?s) AS ?n) %s { ?s ?p ?o }"
        assert await count(service, distinct % "FROM <urn:g2>") == 10
        assert await count(service, COUNT % "FROM <urn:g1> FROM <urn:g2>") == 15
        assert await count(service, COUNT % "FROM NAMED <urn:g2>") == 0
        assert await count(service, COUNT % "", dataset=RequestDataset(("urn:g2",))) == 10
        assert await count(service, "SELECT (COUNT(*) AS ?n) { ?s ?p 'value 12' }") >= 1

    run(replace(location, union_default_graph=True), scenario)


def test_merge_has_a_limit(location: StoreLocation) -> None:
    async def scenario(service: QueryService) -> None:
        with pytest.raises(QueryTooLarge, match="19"):
            await ask(service, COUNT % "FROM <urn:g1> FROM <urn:g2>")
        assert await count(service, COUNT % "FROM <urn:g1>") == 10

    run(location, scenario, replace(LIMITS, max_merge_quads=19))


def test_base_iri(location: StoreLocation) -> None:
    async def refused(service: QueryService) -> None:
        with pytest.raises(QuerySyntaxError, match="relative"):
            await ask(service, "SELECT * { <s1> ?p ?o }")

    async def resolved(service: QueryService) -> None:
        assert b"value 1" in await ask(service, "SELECT * { <urn:s1> ?p ?o }")
        assert b"http://x/y" in await ask(service, "SELECT (<y> AS ?x) {}")

    run(location, refused)
    run(location, resolved, base_iri="http://x/")


def test_a_query_is_killed_at_its_deadline_and_the_next_answers(location: StoreLocation) -> None:
    async def scenario(service: QueryService) -> None:
        began = time.monotonic()
        with pytest.raises(QueryTimeout):
            await ask(service, ENDLESS, timeout_seconds=0.5)
        assert 0.4 < time.monotonic() - began < 5
        began = time.monotonic()
        assert await count(service, COUNT % "") == 100
        assert time.monotonic() - began < 5
        assert service.workers_killed == 1

    run(location, scenario)


def test_timeout_is_only_lowered(location: StoreLocation) -> None:
    async def scenario(service: QueryService) -> None:
        began = time.monotonic()
        with pytest.raises(QueryTimeout):
            await ask(service, ENDLESS, timeout_seconds=1e9)
        assert time.monotonic() - began < 5

    run(location, scenario, replace(LIMITS, deadline_seconds=0.5))


def test_memory_is_capped(location: StoreLocation) -> None:
    doubling = " ".join(f"BIND(CONCAT(?x{n}, ?x{n}) AS ?x{n + 1})" for n in range(24))
    text = f"SELECT (STRLEN(?x24) AS ?n) {{ BIND('{'a' * 64}' AS ?x0) {doubling} }}"

    async def scenario(service: QueryService) -> None:
        with pytest.raises(QueryTooLarge, match="memory"):
            await ask(service, text)
        assert await count(service, COUNT % "") == 100

    run(location, scenario)


def test_result_bytes_are_capped_and_the_answer_breaks_off(location: StoreLocation) -> None:
    text = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"

    async def scenario(service: QueryService) -> int:
        answer = await service.answer(service.admit(text), JSON)
        sizes: list[int] = []

        async def read() -> None:
            async for data in answer:
                sizes.append(len(data))

        with pytest.raises(QueryTooLarge, match="2000000"):
            await read()
        assert service.workers_killed == 0
        return sum(sizes)

    assert 1_900_000 < run(location, scenario) <= 2_000_000


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the socket filter is Linux's")
def test_workers_open_no_network_socket(location: StoreLocation) -> None:
    """Even a SERVICE clause that slipped through the gate would reach nobody."""

    async def scenario(service: QueryService, port: int) -> None:
        assert service.sandboxed
        assert service.unsandboxed_reason == ""
        for silent in ("", "SILENT"):
            for host in ("127.0.0.1", "[::1]"):
                text = f"SELECT * {{ SERVICE {silent} <http://{host}:{port}/> {{ ?s ?p ?o }} }}"
                with pytest.raises(QueryRefused):
                    service.admit(text)
                smuggled = Admitted(text, "select", "", {})
                with contextlib.suppress(QueryError):
                    await ask(service, smuggled)

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(0.2)
        run(location, lambda service: scenario(service, listener.getsockname()[1]))
        with pytest.raises(TimeoutError):
            listener.accept()


@pytest.mark.slow
def test_depth_ends_at_most_a_worker(location: StoreLocation) -> None:
    deep = QueryLimits(max_depth=10**6, max_consecutive_unary=10**6, max_query_bytes=10**6, max_tokens=10**6)
    texts = [
        f"ASK {{ FILTER({'!' * 100_000}true) }}",
        f"SELECT (({'(' * 50_000}1{')' * 50_000}) AS ?x) {{}}",
        f"ASK {'{' * 50_000}{'}' * 50_000}",
    ]

    async def scenario(service: QueryService) -> None:
        for text in texts:
            with contextlib.suppress(QueryError):
                await ask(service, admit(text, deep), timeout_seconds=2)
            assert await count(service, COUNT % "") == 100

    run(location, scenario)


def test_too_many_wait(location: StoreLocation) -> None:
    limits = replace(LIMITS, workers=1, spares=0, queue=1, queue_seconds=0.3, grace_seconds=10)

    async def scenario(service: QueryService) -> None:
        running = asyncio.create_task(ask(service, ENDLESS, timeout_seconds=1.5))
        await asyncio.sleep(0.1)
        waiting = asyncio.create_task(ask(service, COUNT % ""))
        await asyncio.sleep(0.05)
        assert service.queries_waiting == 1
        with pytest.raises(Busy, match="Too many"):
            await ask(service, COUNT % "")
        with pytest.raises(Busy, match="busy"):
            await waiting
        with pytest.raises(QueryTimeout):
            await running
        assert await count(service, COUNT % "") == 100
        assert service.queries_waiting == 0

    run(location, scenario, limits)


def test_abandoned_answers_give_their_workers_back(location: StoreLocation) -> None:
    async def scenario(service: QueryService) -> None:
        query = service.admit("SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }")
        for _ in range(3):
            answer = await service.answer(query, JSON)
            answer.close()
            answer.close()
        task = asyncio.create_task(ask(service, ENDLESS))
        while not service._pool._busy:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await count(service, COUNT % "") == 100
        assert service.workers_killed == 4

    run(location, scenario, replace(LIMITS, workers=1))


def test_killed_workers_are_replaced(location: StoreLocation) -> None:
    async def scenario(service: QueryService) -> None:
        for _ in range(3):
            for worker in service._pool._idle.copy():
                os.kill(worker.process_id, signal.SIGKILL)
            assert await count(service, COUNT % "") == 100
        async with asyncio.timeout(3):
            while service.workers_alive < 3:
                await asyncio.sleep(0.01)

    run(location, scenario)


def test_workers_are_recycled_after_so_many_queries(location: StoreLocation) -> None:
    async def scenario(service: QueryService) -> None:
        seen = set()
        for _ in range(6):
            answer = await service.answer(service.admit("ASK {}"), JSON)
            seen.add(answer._worker.process_id)
            async for _ in answer:
                pass
        assert len(seen) >= 3
        assert service.workers_killed == 0
        assert service.queries_served == 6

    run(location, scenario, replace(LIMITS, workers=1, spares=0, queries_per_worker=2))


def test_queries_that_follow_each_other_use_the_same_worker(location: StoreLocation) -> None:
    """Its cache is warm; workers that took turns would each have read the same blocks."""

    async def scenario(service: QueryService) -> None:
        while service.workers_alive < 3:
            await asyncio.sleep(0.01)
        seen = set()
        for _ in range(6):
            answer = await service.answer(service.admit("ASK {}"), JSON)
            seen.add(answer._worker.process_id)
            async for _ in answer:
                pass
        assert len(seen) == 1

    run(location, scenario, replace(LIMITS, workers=2, spares=1))


def test_a_new_generation_is_served_at_once(location: StoreLocation, tmp_path: Path) -> None:
    newer = make_store(tmp_path / "second", [triple(1, G3)])
    published = [location]

    async def main() -> None:
        async with started(QueryService(lambda: published[-1], LIMITS)) as service:
            assert await count(service, COUNT % "") == 100
            running = await service.answer(service.admit("SELECT ?a ?d { ?a ?b ?c . ?d ?e ?f }"), JSON)
            published.append(newer)
            assert await count(service, COUNT % "FROM <urn:g3>") == 1
            assert service.generations_in_use == {"first", "second"}
            assert len(b"".join([data async for data in running])) > 500_000  # the old one is whole
            async with asyncio.timeout(3):
                while service.generations_in_use != {"second"}:
                    await asyncio.sleep(0.01)

    asyncio.run(main())


def test_a_short_answer_is_whole_and_keeps_no_worker(location: StoreLocation) -> None:
    async def scenario(service: QueryService) -> None:
        short = await service.answer(service.admit(COUNT % ""), JSON)
        whole = short.whole()
        assert whole is not None
        assert (short.complete, json.loads(whole)["results"]["bindings"][0]["n"]["value"]) == (True, "100")
        assert await asyncio.wait_for(count(service, COUNT % ""), 5) == 100
        assert b"".join([data async for data in short]) == whole
        long = await service.answer(service.admit("SELECT * { ?a ?b ?c . ?d ?e ?f }"), JSON)
        try:
            assert (long.whole(), long.complete) == (None, False)
        finally:
            long.close()

    run(location, scenario, replace(LIMITS, workers=1, spares=0))


def test_a_store_that_cannot_be_opened(tmp_path: Path) -> None:
    async def main() -> None:
        service = QueryService(lambda: StoreLocation(tmp_path / "absent", "none"), LIMITS)
        with pytest.raises(StoreDamaged, match="cannot be opened"):
            await service.start()

    asyncio.run(main())


def test_workers_end_with_their_parent(location: StoreLocation) -> None:
    script = f"""
import asyncio, pathlib
from rembigraph.app.sparql.limits import QueryLimits
from rembigraph.app.sparql.service import QueryService, StoreLocation
async def main():
    service = QueryService(lambda: StoreLocation(pathlib.Path({str(location.path)!r}), "1"), QueryLimits(spares=1))
    await service.start()
    asyncio.create_task(service.answer(service.admit({ENDLESS!r}), {JSON!r}))
    while service.workers_alive < 3:
        await asyncio.sleep(0.1)
    print(*[worker.process_id for worker in (*service._pool._idle, *service._pool._busy)], flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        workers = [int(word) for word in parent.stdout.readline().split()]
        parent.kill()
    assert len(workers) >= 3
    deadline = time.monotonic() + 3
    while any(
        Path(f"/proc/{worker}/cmdline").exists() and Path(f"/proc/{worker}/cmdline").read_bytes()
        for worker in workers
    ):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_query_once(location: StoreLocation) -> None:
    out = io.BytesIO()
    query_once(location, "SELECT ?o { <urn:s1> ?p ?o }", "text/csv", LIMITS, out)
    assert out.getvalue() == b"o\r\nvalue 1\r\n"
    out = io.BytesIO()
    query_once(location, "PREFIX u: <urn:> CONSTRUCT WHERE { u:s1 u:p ?o }", "text/turtle", LIMITS, out)
    assert b"u:s1 u:p" in out.getvalue()
    with pytest.raises(UsageError, match="text/turtle"):
        query_once(location, "ASK {}", "text/turtle", LIMITS, out)
    with pytest.raises(QuerySyntaxError):
        query_once(location, "ASK { ?s ?p }", JSON, LIMITS, out)
    with pytest.raises(QueryRefused):
        query_once(location, "ASK { SERVICE <urn:x> {} }", JSON, LIMITS, out)
    with pytest.raises(QueryTimeout):
        query_once(location, ENDLESS, JSON, replace(LIMITS, deadline_seconds=0.3), out)
    with pytest.raises(QueryError, match="urn:f"):
        query_once(location, "SELECT (<urn:f>(1) AS ?x) {}", JSON, LIMITS, out)


def test_staged_datasets(tmp_path: Path) -> None:
    trig = tmp_path / "data.trig"
    trig.write_text("<#a> <#b> <#c> . <urn:g> { <urn:a> <urn:b> 1 }")
    directory = stage_dataset(trig)
    quads = set(ox.Store.read_only(str(directory)))
    here = trig.as_uri()
    assert ox.Quad(*(ox.NamedNode(f"{here}#{name}") for name in "abc")) in quads
    assert len(quads) == 2
    trig.write_text("<urn:a> <urn:b> 1 .\n<urn:a> <urn:b> oops .\n")
    with pytest.raises(SourceMalformed, match="oops") as caught:
        stage_dataset(trig)
    assert caught.value.pointer == "2:17"
    with pytest.raises(SourceUnavailable):
        stage_dataset(tmp_path / "absent.nq")
    with pytest.raises(SourceMalformed):
        stage_dataset(tmp_path / "data.csv")
