"""Pages made by worker processes: the same answers, whatever happens to the workers, and nothing left behind."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi import FastAPI
from rembigraph.app import problems
from rembigraph.app.main import create_app
from rembigraph.app.pages.answers import KEEP
from rembigraph.app.pages.rendering import make_renderer
from rembigraph.app.pages.router import pages_router
from rembigraph.app.pages.workers import MadeByWorkers, PageWorkers, workers_route
from rembigraph.app.sparql.limits import QueryLimits
from rembigraph.catalogue.derive import derive
from rembigraph.catalogue.following import Reader
from rembigraph.catalogue.home import Home
from rembigraph.catalogue.publish import Writer

from tests.conftest import DATA, record, running

PUBLIC = "https://catalogue.example"
PATIENCE = 60
PATHS = [
    "/",
    "/studies?q=hela",
    "/studies?format=csv",
    "/S-BSST707",
    "/EXAMPLE-0103",
    "/EXAMPLE-0101.ttl",
    "/EXAMPLE-0101/image/stack",
    "/EXAMPLE-0101/specimen/cell%207",
    "/EXAMPLE-0105",
    "/example-0101",
    "/links",
    "/about?iri=http://purl.obolibrary.org/obo/NCBITaxon_9606",
    "/nothing",
    "/studies?format=nonsense",
    "/%ff%fe%00",
    "/..%2f..%2fetc",
    "/" + "a" * 5000,
    "/S-BSST707?" + "n" * 5000,
]
GARBAGE = [
    {},
    {"Accept": "text/turtle"},
    {"Accept": "image/png"},
    {"Accept": "\xff\xfe;q=, ,,"},
    {"Accept-Profile": "<https://schema.org/>"},
    {"If-None-Match": "*"},
]


@pytest.fixture(scope="module")
def by_workers(made_up):
    """Client of a whole server of the made-up catalogue whose pages two workers make."""
    with served(made_up, 2) as client:
        yield client


@pytest.fixture(scope="module")
def by_itself(made_up):
    """Client of such a server that makes the pages itself."""
    with served(made_up, 0) as client:
        yield client


@contextmanager
def served(made_up, page_workers):
    limits = QueryLimits(workers=1, spares=0)
    with (
        running(
            lambda _: create_app(made_up.home, PUBLIC, limits, page_workers=page_workers), lifespan="on"
        ) as address,
        httpx.Client(base_url=address, timeout=PATIENCE) as client,
    ):
        yield client


@asynccontextmanager
async def at_work(home, seconds=PATIENCE):
    """Two workers that are ready, a client of theirs, and what hands requests to them."""
    reader = Reader(home)
    render = make_renderer(PUBLIC, DATA)
    workers = PageWorkers.of(str(home.path), PUBLIC, 2, seconds=seconds)
    made = MadeByWorkers(
        workers, reader, pages_router(reader, public_url=PUBLIC, data_base=DATA, render=render)
    )
    app = FastAPI()
    problems.install(app, render)
    app.router.routes.append(workers_route(made))
    workers.start()
    try:
        await until(lambda: workers.alive == 2)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=PUBLIC, timeout=PATIENCE) as client:
            yield client, workers, made
    finally:
        await workers.stop()
        reader.close()


async def until(holds):
    async with asyncio.timeout(PATIENCE):
        while not holds():
            await asyncio.sleep(0.02)


def send_all(workers, number):
    for worker in workers._alive:
        os.kill(worker.process.pid, number)


def busy(workers):
    """The workers that have a request."""
    return workers._alive - set(workers._idle._queue)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_workers_answer_as_the_server_itself_does(by_workers, by_itself, path, method):
    for headers in GARBAGE:
        given = {name: value.encode("latin-1") for name, value in headers.items()}
        there = by_workers.request(method, path, headers=given)
        here = by_itself.request(method, path, headers=given)
        assert (there.status_code, there.content) == (here.status_code, here.content), headers
        for name, value in here.headers.items():
            if name not in {"date", "server"}:
                assert there.headers[name] == value, (headers, name)


def test_what_no_page_answers_stays_with_the_server(by_workers):
    assert by_workers.post("/S-BSST707").status_code == 405
    assert by_workers.get("/health").json() == {"status": "ok"}
    assert by_workers.get("/ns", headers={"Accept": "text/turtle"}).status_code == 200
    query = {"query": "SELECT (1 AS ?one) {}"}
    assert by_workers.get("/sparql", params=query, headers={"Accept": "text/csv"}).text == "one\r\n1\r\n"
    assert "/studies" in by_workers.get("/openapi.json").json()["paths"]


def test_the_status_says_how_many_workers_there_are(by_workers):
    by_workers.get("/S-BSST707")
    assert by_workers.get("/status").json()["pages"]["wanted"] == 2
    assert re.search(
        r"Page workers</th><td>\d of 2", by_workers.get("/status", headers={"Accept": "text/html"}).text
    )


def test_clients_that_leave_do_no_harm(by_workers):
    place = urlsplit(str(by_workers.base_url))
    for number in range(60):
        with socket.create_connection((place.hostname, place.port)) as client:
            client.sendall(f"GET /S-BSST707?n={number} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert by_workers.get("/S-BSST707?n=last").status_code == 200


def test_a_worker_killed_over_a_request_is_replaced_and_another_answers(made_up):
    async def main():
        async with at_work(made_up.home) as (client, workers, _):
            send_all(workers, signal.SIGSTOP)
            asked = asyncio.create_task(client.get("/S-BSST707"))
            await until(lambda: len(busy(workers)) == 1)
            (victim,) = busy(workers)
            os.kill(victim.process.pid, signal.SIGKILL)
            send_all(workers, signal.SIGCONT)
            assert (await asked).status_code == 200
            await until(lambda: workers.alive == 2 and victim not in workers._alive)
            assert workers.replaced == 1

    asyncio.run(main())


@pytest.mark.slow
def test_a_request_over_which_two_workers_end_is_answered_503(made_up):
    async def main():
        async with at_work(made_up.home) as (client, workers, _):
            send_all(workers, signal.SIGSTOP)
            asked = asyncio.create_task(client.get("/S-BSST707"))
            seen = set()
            for _ in range(2):
                await until(lambda: busy(workers) - seen)
                (victim,) = busy(workers) - seen
                seen.add(victim)
                os.kill(victim.process.pid, signal.SIGKILL)
            answer = await asked
            assert answer.status_code == 503
            assert int(answer.headers["retry-after"]) > 0
            await until(lambda: workers.alive == 2 and not seen & workers._alive)
            assert (await client.get("/S-BSST707")).status_code == 200

    asyncio.run(main())


@pytest.mark.slow
def test_a_worker_that_hangs_is_replaced_and_the_request_answered_503(made_up):
    async def main():
        async with at_work(made_up.home, seconds=3) as (client, workers, _):
            hung = set(workers._alive)
            send_all(workers, signal.SIGSTOP)
            answers = await asyncio.gather(client.get("/S-BSST707"), client.get("/EXAMPLE-0101"))
            for answer in answers:
                assert answer.status_code == 503
                assert int(answer.headers["retry-after"]) > 0
                assert "not made within 3 s" in answer.json()["detail"]
            await until(lambda: workers.alive == 2 and not hung & workers._alive)
            assert (await client.get("/S-BSST707")).status_code == 200

    asyncio.run(main())


def test_pages_of_correlations_are_made_where_the_graph_of_places_is(made_up):
    """That of 50,000 coordinate systems took a worker longer to read than it may take: its page never came."""

    async def ask():
        async with at_work(made_up.home, seconds=1) as (client, workers, _):
            send_all(workers, signal.SIGSTOP)
            return [
                (await client.get(path)).status_code for path in ("/S-BSST707/correlation/c", "/S-BSST707")
            ]

    assert asyncio.run(ask()) == [404, 503]


@pytest.mark.slow
def test_more_than_may_wait_are_sent_away_at_once(made_up):
    async def main():
        async with at_work(made_up.home) as (client, workers, _):
            send_all(workers, signal.SIGSTOP)
            waiting = [asyncio.create_task(client.get(f"/nothing-{number}")) for number in range(128)]
            await until(lambda: workers._asking == 128)
            refused = await client.get("/S-BSST707")
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
            send_all(workers, signal.SIGCONT)
            assert {answer.status_code for answer in await asyncio.gather(*waiting)} == {404}

    asyncio.run(main())


@pytest.mark.slow
def test_no_answer_is_older_than_one_before(tmp_path):
    """Readers ask without a pause while the same study is published again and again."""
    home = Home.init(tmp_path / "catalogue", DATA)

    def publish(number):
        with Writer(home, derive) as writer:
            study = {"accession": "EXAMPLE-0001", "title": f"Edition {number}."}
            writer.publish([record(study, date=f"2026-01-0{number}")])

    async def look(client, seen, publishing):
        while publishing.is_alive():
            begun = time.monotonic()
            answer = await client.get("/EXAMPLE-0001", headers={"Accept": "text/html"})
            assert answer.status_code == 200
            edition = int(re.search(r"<h1[^>]*>.*?Edition (\d+)\.", answer.text, re.DOTALL)[1])
            seen.append((begun, time.monotonic(), edition))

    async def main():
        async with at_work(home) as (client, _, _):
            publishing = threading.Thread(target=lambda: [publish(number) for number in range(2, 7)])
            publishing.start()
            seen = []
            await asyncio.gather(*(look(client, seen, publishing) for _ in range(6)))
            assert "Edition 6." in (await client.get("/EXAMPLE-0001", headers={"Accept": "text/html"})).text
            return seen

    publish(1)
    seen = asyncio.run(main())
    assert len({edition for _, _, edition in seen}) > 2, "it saw the editions come"
    for begun, _, edition in seen:
        assert edition >= max((older for _, ended, older in seen if ended < begun), default=1)


def test_an_answer_older_than_what_is_served_is_made_again(made_up):
    async def main():
        async with at_work(made_up.home) as (_, _, made):
            with made.reader.snapshot() as snapshot:
                served = snapshot.generation
            assert not made._is_current(served - 1)
            assert made._is_current(served)
            assert made._is_current(served + 1), "a worker may be quicker than this process"

    asyncio.run(main())


def test_only_what_the_served_generation_says_is_kept(made_up):
    async def main():
        async with at_work(made_up.home) as (_, _, made):
            with made.reader.snapshot():
                pass
            scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": []}
            await made(scope, None, ignore)
            assert scope[KEEP]

    async def ignore(_):
        pass

    asyncio.run(main())


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_workers_are_bounded_and_end_with_the_server(made_up):
    async def main():
        async with at_work(made_up.home) as (_, workers, _):
            ids = [worker.process.pid for worker in workers._alive]
            for each in ids:
                limits = Path(f"/proc/{each}/limits").read_text()
                assert re.search(r"Max address space +\d+ ", limits)
            return ids

    assert not any(Path(f"/proc/{each}").exists() for each in asyncio.run(main()))


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_process_is_left_however_the_server_ends(made_up, number):
    command = [
        sys.executable,
        "-m",
        "rembigraph.app",
        "--home",
        str(made_up.home.path),
        "serve",
        "--port",
        "0",
    ]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, env={**os.environ, "REMBIGRAPH_PAGE_WORKERS": "2"}
    ) as server:
        line = server.stdout.readline().decode()
        httpx.get(line.split()[1] + "S-BSST707", timeout=PATIENCE).raise_for_status()
        made = children(server.pid)
        assert sum(b"pages.worker" in command for command in made.values()) == 2
        server.send_signal(number)
        server.wait(PATIENCE)
    deadline = time.monotonic() + PATIENCE
    while any(Path(f"/proc/{each}").exists() for each in made):
        assert time.monotonic() < deadline, "processes are left"
        time.sleep(0.05)


def children(parent):
    """Process ids of the children of a process, with their command lines."""
    found = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return {int(each): Path(f"/proc/{each}/cmdline").read_bytes() for each in found}
