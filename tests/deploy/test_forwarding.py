"""What the proxies tell the server about a request, and what nginx alone can do: limits a client, TLS by hand."""

from __future__ import annotations

import ssl
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.deploy.fronts import NAMES, caddy_command, free_port, front, nginx_command, program
from tests.deploy.served import Site
from tests.deploy.wire import HOST, exchange, recording, status_of

pytestmark = [pytest.mark.server, pytest.mark.slow]

GET = b"GET /sparql HTTP/1.1\r\nConnection: close\r\n" + HOST
SAID_ADDRESS = "set_real_ip_from 127.0.0.1; real_ip_header X-Test-Address;"


@pytest.mark.parametrize("name", NAMES)
def test_the_configuration_passes_the_check_of_its_program(name: str, tmp_path: Path) -> None:
    if name == "nginx":
        command = [*nginx_command(tmp_path, free_port(), 8000), "-t"]
    else:
        binary, _, *options = caddy_command(tmp_path, free_port(), 8000)
        command = [binary, "validate", *options]
    checked = subprocess.run(command, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    assert "[warn]" not in checked.stderr


@pytest.mark.parametrize("name", NAMES)
def test_the_server_is_told_the_client_and_nothing_that_the_client_made_up(name: str, tmp_path: Path) -> None:
    made_up = b"X-Forwarded-For: 10.9.8.7\r\nX-Forwarded-Proto: gopher\r\nForwarded: for=10.9.8.7\r\n"
    made_up += b"X-Forwarded-Host: evil.example\r\n"
    # The target's host counts, not the header's (RFC 9112, 3.2.2); it must not be the other way round behind the proxy.
    two_names = b"GET http://catalogue.example/sparql HTTP/1.1\r\nConnection: close\r\nHost: evil.example\r\n"
    with recording() as (backend, received), front(name, tmp_path, backend) as proxy:
        for start in (GET, two_names):
            assert status_of(exchange(proxy.port, start + made_up + b"\r\n", "127.0.4.2")) == 200
    for told in received:
        lines = told.decode().split("\r\n")
        assert lines[0] == "GET /sparql HTTP/1.1"
        fields = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
        assert fields["host"] == fields["x-forwarded-host"] == "catalogue.example"
        assert fields["x-forwarded-for"] == "127.0.4.2"
        assert fields["x-forwarded-proto"] == "http"
        assert b"10.9.8.7" not in told
        assert b"evil.example" not in told


def _until_refused(ask: Callable[[int], bytes]) -> list[bytes]:
    """Ask four at a time, fewer than a client may have open, until one is refused or 400 were not."""
    answers: list[bytes] = []
    with ThreadPoolExecutor(4) as askers:
        while len(answers) < 400 and all(status_of(each) == 200 for each in answers[-4:]):
            answers += askers.map(ask, range(len(answers), len(answers) + 4))
    return answers


def test_a_client_that_asks_too_often_is_told_so_and_others_are_served(site: Site, tmp_path: Path) -> None:
    with front("nginx", tmp_path, site.port) as proxy:
        begun = time.monotonic()
        answers = _until_refused(lambda _: exchange(proxy.port, GET + b"\r\n", "127.0.4.2"))
        let_in_since = 10 * (time.monotonic() - begun)
        statuses = Counter(map(status_of, answers))
        assert set(statuses) == {200, 429}
        assert 30 <= statuses[200] <= 31 + let_in_since
        refused = next(each for each in answers if status_of(each) == 429)
        assert b"Retry-After: 5\r\n" in refused
        assert b"Access-Control-Allow-Origin: *\r\n" in refused
        assert status_of(exchange(proxy.port, GET + b"\r\n", "127.0.4.3")) == 200


def test_addresses_of_one_ipv6_network_are_one_client(site: Site, tmp_path: Path) -> None:
    with front("nginx", tmp_path, site.port, more=SAID_ADDRESS) as proxy:

        def asked_from(address: str) -> bytes:
            return exchange(proxy.port, GET + f"X-Test-Address: {address}\r\n\r\n".encode())

        same = _until_refused(lambda number: asked_from(f"2001:db8:0:a::{number:x}"))
        assert {200, 429} == set(map(status_of, same))
        assert status_of(asked_from("2001:db8:0:b::1")) == 200


def test_a_client_may_have_five_queries_open(tmp_path: Path) -> None:
    with recording() as (backend, _), front("nginx", tmp_path, backend) as proxy:
        answers: list[bytes] = []
        askers = [
            threading.Thread(target=lambda: answers.append(exchange(proxy.port, GET + b"\r\n", "127.0.4.2")))
            for _ in range(8)
        ]
        for asker in askers:
            asker.start()
        for asker in askers:
            asker.join()
    assert Counter(map(status_of, answers)) == {200: 5, 429: 3}


def _certificate(folder: Path) -> ssl.SSLContext:
    """Make a certificate where the configuration is told to look, and return who trusts it."""
    command = [
        program("openssl"),
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
    ]
    command += [
        "-subj",
        "/CN=catalogue.example",
        "-addext",
        "subjectAltName=DNS:catalogue.example",
        "-days",
        "2",
    ]
    command += ["-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")]
    subprocess.run(command, check=True, capture_output=True)
    return ssl.create_default_context(cafile=str(folder / "fullchain.pem"))


def test_the_commented_tls_part_works(site: Site, tmp_path: Path) -> None:
    context = _certificate(tmp_path)
    port = free_port()
    places = {
        "    # TLS: listen [::]:443 ssl default_server;\n": "",
        "    # TLS: listen [::]:443 ssl http2;\n": "",
        "# TLS: ": "",
        "listen 443": f"listen 127.0.0.1:{port}",
        "/etc/letsencrypt/live/catalogue.example": str(tmp_path),
    }
    with front("nginx", tmp_path, site.port, places=places) as proxy, httpx.Client(verify=context) as client:
        name = {"Host": "catalogue.example"}
        page = client.get(
            f"https://127.0.0.1:{port}/health", headers=name, extensions={"sni_hostname": "catalogue.example"}
        )
        assert page.json() == {"status": "ok"}
        assert page.headers["strict-transport-security"] == "max-age=31536000"
        moved = client.get(f"http://127.0.0.1:{proxy.port}/studies?q=a%2Fb", headers=name)
        assert moved.status_code == 301
        assert moved.headers["location"] == "https://catalogue.example/studies?q=a%2Fb"
        with (
            httpx.Client(verify=context) as stranger,
            pytest.raises(httpx.ConnectError, match=r"(?i)unrecognized.name"),
        ):
            stranger.get(f"https://127.0.0.1:{port}/", extensions={"sni_hostname": "evil.example"})
