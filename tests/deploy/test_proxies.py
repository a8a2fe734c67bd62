"""Both proxies in front of a real server: what must come through, and what must not."""

from __future__ import annotations

import itertools
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.deploy.fronts import NAMES, Front, caddy_version, front
from tests.deploy.served import DEADLINE_SECONDS, PUBLIC_URL, Site, decent_client
from tests.deploy.wire import HOST, body_of, exchange, opened, recording, rest_of, status_of

pytestmark = [pytest.mark.server, pytest.mark.slow]

STUDY = "S-BSST429"
COUNT = "SELECT (COUNT(*) AS ?n) { ?s a <https://w3id.org/rembigraph/ns#Study> }"
ENDLESS = "?a ?b ?c . ?d ?e ?f . ?g ?h ?i"
NEVER = f"{ENDLESS} FILTER(STRLEN(CONCAT(STR(?c), STR(?f), STR(?i))) < 1)"
SILENT = f"SELECT (COUNT(*) AS ?n) {{ {NEVER} }}"
_PART_BYTES = 65536
ROWS = "SELECT ?a ?b ?c { ?a ?b ?c } LIMIT 2000"
ROWS_THEN_SILENCE = f"SELECT ?a ?b ?c {{ {{ {ROWS} }} UNION {{ {NEVER} }} }}"
TOO_MANY_ROWS = f"SELECT * {{ {ENDLESS} }}"
SLOW_HEADER = b"GET / HTTP/1.1\r\nX-Slow: "
SLOW_BODY = b"POST /sparql HTTP/1.1\r\n" + HOST + b"Connection: close\r\nContent-Length: 99\r\n\r\n"
CSV = {"Accept": "text/csv"}


def _asking(query: str, accept: str = "text/csv", more: str = "") -> bytes:
    body = query.encode()
    head = f"POST /sparql HTTP/1.1\r\nContent-Type: application/sparql-query\r\nAccept: {accept}\r\n{more}"
    return head.encode() + HOST + b"Content-Length: %d\r\n\r\n" % len(body) + body


def _until(condition: Callable[[], bool], seconds: float) -> float:
    """Wait for a condition and return how long that took."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < seconds, "it did not come true in time"
        time.sleep(0.05)
    return time.monotonic() - begun


def test_pages_records_and_queries_come_through(client: httpx.Client) -> None:
    assert STUDY in client.get("/", headers={"Accept": "text/html"}).text + client.get("/studies").text
    assert "rembi:Study" in client.get(f"/{STUDY}", headers={"Accept": "text/turtle"}).text
    assert client.get("/health").json() == {"status": "ok"}
    by_get = client.get("/sparql", params={"query": COUNT}, headers=CSV)
    by_form = client.post("/sparql", data={"query": COUNT}, headers=CSV)
    direct = {**CSV, "Content-Type": "application/sparql-query"}
    by_body = client.post("/sparql", content=COUNT, headers=direct)
    assert int(by_get.text.split()[1]) > 0
    assert by_get.text == by_form.text == by_body.text
    assert client.head(f"/{STUDY}").status_code == 200
    assert client.options("/sparql").headers["access-control-allow-origin"] == "*"


def test_headers_of_the_server_come_through_unchanged(client: httpx.Client, site: Site) -> None:
    kept = ("cache-control", "content-security-policy", "link", "content-location", "content-type")
    kept += ("access-control-allow-origin", "access-control-expose-headers", "referrer-policy", "allow")
    with decent_client(site.port, "127.0.0.1") as straight:
        for path in ("/", "/studies", f"/{STUDY}", f"/{STUDY}.ttl", "/sparql", "/status", "/nothing-here"):
            ours, through = straight.get(path), client.get(path)
            assert through.status_code == ours.status_code
            assert {name: through.headers.get(name) for name in kept} == {
                name: ours.headers.get(name) for name in kept
            }, path
            assert set(ours.headers.get("vary", "").split(", ")) <= set(
                through.headers.get("vary", "").split(", ")
            )
            if path != "/status":
                assert through.text == ours.text, path


def test_what_is_compressed_can_still_be_validated(client: httpx.Client) -> None:
    for path in ("/", f"/{STUDY}.ttl"):
        first = client.get(path, headers={"Accept-Encoding": "gzip"})
        assert first.headers["content-encoding"] == "gzip"
        assert "Accept-Encoding" in first.headers["vary"]
        again = client.get(path, headers={"Accept-Encoding": "gzip", "If-None-Match": first.headers["etag"]})
        assert again.status_code == 304
    assert "content-encoding" not in client.get("/health", headers={"Accept-Encoding": "gzip"}).headers


def _poisoned() -> Iterator[bytes]:
    targets = [
        "/",
        "/studies",
        f"/{STUDY}",
        f"/{STUDY}.ttl",
        f"/{STUDY}/",
        "/sparql",
        "/sparql?query=x",
        "/none",
    ]
    evil, good = b"evil.example", HOST
    for target in (each.encode() for each in targets):
        for accept in (b"text/html", b"text/turtle", b"*/*"):
            start = b"GET %s HTTP/1.1\r\nConnection: close\r\nAccept: %s\r\n" % (target, accept)
            yield start + b"Host: %s\r\n\r\n" % evil
            yield start + b"Host: catalogue.example@%s\r\n\r\n" % evil
            yield start + good + b"X-Forwarded-Host: %s\r\nX-Forwarded-Server: %s\r\n\r\n" % (evil, evil)
            yield (
                start
                + good
                + b"Forwarded: host=%s;proto=gopher\r\nX-Forwarded-Prefix: //%s\r\n\r\n" % (evil, evil)
            )
            yield start + good + b"X-Host: %s\r\nX-Original-URL: //%s/\r\n\r\n" % (evil, evil)
            yield start + good + b"Host: %s\r\n\r\n" % evil
        yield b"GET http://evil.example%s HTTP/1.1\r\nConnection: close\r\n" % target + good + b"\r\n"
        yield (
            b"GET http://catalogue.example%s HTTP/1.1\r\nConnection: close\r\nHost: evil.example\r\n\r\n"
            % target
        )
        yield b"GET %s HTTP/1.0\r\nHost: evil.example\r\n\r\n" % target


def test_a_poisoned_host_is_in_no_answer(proxy: Front) -> None:
    answered = 0
    for number, request in enumerate(_poisoned()):
        answer = exchange(proxy.port, request, f"127.0.2.{number // 30 + 2}")
        assert b"evil.example" not in answer, request
        assert b"gopher" not in answer, request
        answered += status_of(answer) == 200
        assert status_of(answer) not in {429, 500, 502, 503}, (request, answer[:500])
    assert answered > 20
    right = exchange(
        proxy.port, b"GET /%s.ttl HTTP/1.1\r\nConnection: close\r\n" % STUDY.encode() + HOST + b"\r\n"
    )
    assert f"{PUBLIC_URL}/{STUDY}".encode() in right


def test_two_lengths_of_one_body_smuggle_nothing(proxy: Front, address: str, tmp_path: Path) -> None:
    """Nginx refuses. Caddy decides for the chunks and passes on that alone, so that nobody behind it can disagree."""
    body = b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nConnection: close\r\n" + HOST + b"\r\n"
    length, chunked = b"Content-Length: %d\r\n" % len(body), b"Transfer-Encoding: chunked\r\n"
    with recording() as (backend, received), front(proxy.name, tmp_path, backend) as watched:
        for framing in (length + chunked, chunked + length):
            request = b"POST /sparql HTTP/1.1\r\n" + HOST + framing + b"\r\n" + body
            answer = exchange(watched.port, request, address, seconds=2)
            assert status_of(answer) == (400 if proxy.name == "nginx" else 200)
    heads = [each.lower().partition(b"\r\n\r\n")[0] for each in received]
    targets = [head.split()[1] for head in heads]
    assert targets == ([] if proxy.name == "nginx" else [b"/sparql", b"/smuggled"] * 2)
    for head in heads:
        assert head.count(b"content-length:") + head.count(b"transfer-encoding:") <= 1
    assert not any(b"smuggled" in each for each in received[::2])


@pytest.mark.parametrize(
    "framing",
    [
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"Transfer-Encoding : chunked\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Content-Length: +5\r\n",
        b"Content-Length: 5,5\r\n",
    ],
)
def test_odd_framings_are_refused(proxy: Front, address: str, framing: bytes) -> None:
    answer = exchange(
        proxy.port, b"POST /sparql HTTP/1.1\r\n" + HOST + framing + b"\r\n0\r\n\r\n", address, seconds=2
    )
    assert status_of(answer) in {400, 415, 501}


def test_a_body_over_a_megabyte_is_refused(proxy: Front, address: str) -> None:
    start = b"POST /sparql HTTP/1.1\r\nConnection: close\r\nContent-Type: application/sparql-query\r\n" + HOST
    announced = exchange(proxy.port, start + b"Content-Length: 200000000\r\n\r\n", address, seconds=1)
    assert status_of(announced) == 413
    chunk = b"186A0\r\n" + b" " * 100_000 + b"\r\n"
    grown = exchange(
        proxy.port,
        start + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 30 + b"0\r\n\r\n",
        address,
        seconds=1,
    )
    assert status_of(grown) == 413


def test_long_addresses_and_headers_are_refused(proxy: Front, address: str) -> None:
    end = b" HTTP/1.1\r\nConnection: close\r\nAccept: text/csv\r\n" + HOST
    query = b"/sparql?query=ASK%20%7B%7D%23"
    fits = exchange(proxy.port, b"GET " + query + b"x" * 7_900 + end + b"\r\n", address)
    assert status_of(fits) == 200
    for length in (8_300, 20_000, 1_000_000):
        long = exchange(proxy.port, b"GET " + query + b"x" * length + end + b"\r\n", address)
        assert status_of(long) in {414, 431}, long[:200]
    large = exchange(proxy.port, b"GET /" + end + b"X-Large: " + b"x" * 60_000 + b"\r\n\r\n", address)
    assert status_of(large) in {400, 431}


def _read_rows(connection: socket.socket, received: bytearray, size: int, coding: str) -> bytes:
    """Read on until that many bytes of rows are there, decoded."""
    while True:
        rows = body_of(bytes(received))
        rows = zlib.decompressobj(wbits=31).decompress(rows) if coding == "gzip" else rows
        if len(rows) >= size:
            return rows
        part = connection.recv(65536)
        assert part, "the query ended, and something of what the server sent had been held back"
        received += part


@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_rows_come_through_at_once(proxy: Front, address: str, coding: str, site: Site) -> None:
    """While the query goes on in silence, all is there but the part that the server itself has not sent yet."""
    with decent_client(site.port, "127.0.0.1") as straight:
        whole = straight.get("/sparql", params={"query": ROWS}, headers=CSV).content
    assert len(whole) > 3 * _PART_BYTES
    received = bytearray()
    with opened(proxy.port, address, DEADLINE_SECONDS) as connection:
        begun = time.monotonic()
        connection.sendall(_asking(ROWS_THEN_SILENCE, more=f"Accept-Encoding: {coding}\r\n"))
        _read_rows(connection, received, 300, coding)
        assert time.monotonic() - begun <= 1.0
        rows = _read_rows(connection, received, len(whole) - _PART_BYTES, coding)
    assert whole.startswith(rows)
    assert status_of(bytes(received)) == 200
    assert not received.endswith(b"\r\n0\r\n\r\n"), "the query has not ended yet"
    # The server's own coding: the proxy lets it through as it is.
    assert (b"content-encoding: gzip" in received.lower()) == (coding == "gzip")


def test_an_answer_that_breaks_off_never_looks_whole(proxy: Front, client: httpx.Client) -> None:
    if proxy.name == "caddy" and caddy_version() < (2, 7, 6):
        pytest.skip("Caddy before 2.7.6 ends such an answer as if it were whole")
    for coding in ("identity", "gzip"):
        headers = {**CSV, "Accept-Encoding": coding}
        with pytest.raises(httpx.RemoteProtocolError, match=r"incomplete|peer closed"):
            client.get("/sparql", params={"query": TOO_MANY_ROWS}, headers=headers)


def test_a_slow_body_does_not_reach_the_server(proxy: Front, address: str, tmp_path: Path) -> None:
    if proxy.name == "caddy" and caddy_version() < (2, 7):
        pytest.skip("Caddy before 2.7 has no request_buffers")
    with recording() as (backend, received), front(proxy.name, tmp_path, backend) as watched:
        with opened(watched.port, address) as connection:
            connection.sendall(SLOW_BODY + b"x" * 98)
            time.sleep(0.6)
            assert received == []
            connection.sendall(b"x")
            assert status_of(rest_of(connection)) == 200
        assert received[0].endswith(b"x" * 99)


@pytest.mark.parametrize("query", [SILENT, ROWS_THEN_SILENCE], ids=["before the answer", "during the answer"])
def test_a_client_that_leaves_frees_its_worker(
    proxy: Front, client: httpx.Client, address: str, site: Site, query: str
) -> None:
    killed = site.status()["workers_killed"]
    with ExitStack() as stack:
        hogs = [stack.enter_context(opened(proxy.port, address)) for _ in range(2)]
        for hog in hogs:
            hog.sendall(_asking(query))
        time.sleep(0.7)
    _until(lambda: site.status()["workers_killed"] >= killed + 2, seconds=3)
    assert client.get("/sparql", params={"query": COUNT}, headers=CSV, timeout=3).status_code == 200


def _drip(connections: dict[socket.socket, float], begun: float) -> None:
    """Send a byte on each connection that is open; note the time at which one was closed."""
    for connection in [each for each, closed in connections.items() if not closed]:
        try:
            connection.send(b"x")
            ended = connection.recv(65536) is not None  # an answer (408), or the end
        except BlockingIOError:
            ended = False
        except OSError:
            ended = True
        if ended:
            connections[connection] = time.monotonic() - begun


def test_slow_headers_are_closed_while_others_are_served(started: dict[str, Front]) -> None:
    """200 half-open requests at each proxy, each of which sends a byte a second; and a query of more than 10 s."""
    fronts = [started[name] for name in NAMES]
    slow: dict[str, httpx.Response] = {}
    askers = [threading.Thread(target=_ask_for_long, args=(each, slow)) for each in fronts]
    with ExitStack() as stack:
        begun = time.monotonic()
        connections = {}
        for each, _ in itertools.product(fronts, range(200)):
            connection = stack.enter_context(opened(each.port, "127.0.3.2"))
            connection.sendall(SLOW_HEADER)
            connection.setblocking(False)
            connections[connection] = 0.0
        for asker in askers:
            asker.start()
        clients = [stack.enter_context(decent_client(each.port, "127.0.3.3")) for each in fronts]
        waits = []
        while not all(connections.values()) and time.monotonic() - begun < 16:
            _drip(connections, begun)
            waits += [_normal_wait(each) for each in clients]
            time.sleep(1)
    assert all(connections.values()), f"{list(connections.values()).count(0.0)} are still open"
    assert 8 < min(connections.values()) <= max(connections.values()) <= 15
    assert max(waits) <= 2, waits
    for asker in askers:
        asker.join(timeout=20)
    # The server's own words about its deadline: no proxy was quicker, although its limit for headers is shorter.
    assert {name: answer.status_code for name, answer in slow.items()} == dict.fromkeys(NAMES, 504)
    assert all(answer.json()["status"] == 504 for answer in slow.values())
    assert all(answer.elapsed.total_seconds() > DEADLINE_SECONDS - 1 for answer in slow.values())


def _normal_wait(client: httpx.Client) -> float:
    begun = time.monotonic()
    assert client.get(f"/{STUDY}").status_code == 200
    return time.monotonic() - begun


def _ask_for_long(proxy: Front, answers: dict[str, httpx.Response]) -> None:
    with decent_client(proxy.port, "127.0.3.4") as client:
        headers = {"Accept": "application/sparql-results+json, application/problem+json"}
        answers[proxy.name] = client.post("/sparql", data={"query": SILENT}, headers=headers)


def test_a_restart_behind_the_proxy_is_a_short_absence(
    proxy: Front, client: httpx.Client, site: Site
) -> None:
    assert client.get("/health").status_code == 200
    site.stop()
    try:
        away = client.get("/health")
        assert away.status_code == 503
        assert int(away.headers["retry-after"]) > 0
        asked = client.post("/sparql", data={"query": COUNT})
        assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (503, "*")
    finally:
        site.start()
    _until(lambda: client.get("/health").status_code == 200, seconds=5)
    assert client.get("/sparql", params={"query": COUNT}, headers=CSV).status_code == 200
