"""Indexes of FAIR Data Points are told where ours is, and only those that the keeper names."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from rembigraph.app.feeds import Repository
from rembigraph.app.feeds.index_ping import AGAIN_SECONDS, WEEK_SECONDS, IndexPing, index_addresses
from rembigraph.app.main import create_app
from rembigraph.app.sparql.limits import QueryLimits
from rembigraph.ontology.errors import UsageError

from tests.conftest import MadeUp, running

POINT = "https://catalogue.example/fdp"


@contextmanager
def an_index(status: int = 204) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """An index on loopback that notes what it is told."""
    noted: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            noted.append({"type": self.headers["Content-Type"], **json.loads(body)})
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "http://127.0.0.1:9/")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", noted
    finally:
        server.shutdown()
        server.server_close()


def test_an_index_is_told_once_a_week() -> None:
    with an_index() as (address, noted):
        ping = IndexPing([address], POINT)
        assert ping.tell() == WEEK_SECONDS
    assert noted == [{"type": "application/json", "clientUrl": POINT}]
    assert [(one.index, one.problem) for one in ping.told] == [(address, "")]


@pytest.mark.parametrize("status", [302, 400, 404, 500])
def test_one_that_refuses_is_told_again_after_an_hour_and_the_others_at_once(status: int) -> None:
    with an_index(status) as (bad, _), an_index() as (good, noted):
        ping = IndexPing([bad, "http://127.0.0.1:9/", good], POINT)
        assert ping.tell() == AGAIN_SECONDS
    assert len(noted) == 1
    assert [bool(one.problem) for one in ping.told] == [True, True, False]


def test_a_public_name_for_a_private_address_is_not_told() -> None:
    with an_index() as (address, noted):
        port = address.rsplit(":", 1)[1]
        ping = IndexPing([f"http://catalogue.invalid:{port}"], POINT)
        ping.tell()
    assert noted == []
    assert ping.told[0].problem


def test_the_server_tells_and_shows_it(made_up: MadeUp) -> None:
    with an_index() as (address, noted):
        repository = Repository(indexes=(address,))
        with running(
            lambda _: create_app(
                made_up.home, "https://catalogue.example", QueryLimits(), repository=repository
            ),
            lifespan="on",
        ) as url:
            until = time.monotonic() + 60
            while not (told := httpx.get(f"{url}/status").json()["indexes"]) and time.monotonic() < until:
                time.sleep(0.05)
            page = httpx.get(f"{url}/status", headers={"Accept": "text/html"}).text
    assert [(one["index"], one["problem"]) for one in told] == [(address, "")]
    assert [one["clientUrl"] for one in noted] == [POINT]
    assert f"{address} was told" in " ".join(page.split())


def test_without_the_setting_nobody_is_told(made_up: MadeUp) -> None:
    with running(lambda address: create_app(made_up.home, address, QueryLimits()), lifespan="on") as url:
        assert httpx.get(f"{url}/status").json()["indexes"] == []


def test_settings_are_read_with_care() -> None:
    assert index_addresses("", "") == ()
    two = "https://a.example/ https://b.example/ https://a.example/"
    assert index_addresses(two, "https://catalogue.example") == ("https://a.example/", "https://b.example/")
    with pytest.raises(UsageError, match="no http"):
        index_addresses("ftp://a.example/", "https://catalogue.example")
    with pytest.raises(UsageError, match="only this machine"):
        index_addresses("https://a.example/", "")
