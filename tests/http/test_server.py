"""The real server process: it says where it serves, follows new generations, and ends with 0 on SIGTERM."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.server
COUNT = "SELECT (COUNT(*) AS ?n) { ?s a <https://w3id.org/rembigraph/ns#Study> }"


def _command(*arguments: str, home: Path) -> list[str]:
    return [sys.executable, "-m", "rembigraph.app", "--home", str(home), *arguments]


def _run(*arguments: str, home: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    return subprocess.run(_command(*arguments, home=home), check=check, capture_output=True, text=True)


def _record(folder: Path, number: int) -> str:
    path = folder / f"r{number}.yaml"
    path.write_text(f"accession: EXAMPLE-{number:04}\ntitle: made up {number}\n", encoding="utf-8")
    return str(path)


@contextmanager
def _serving(*arguments: str, home: Path) -> Iterator[tuple[httpx.Client, subprocess.Popen[str]]]:
    command = _command("serve", "--port", "0", *arguments, home=home)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        line = process.stdout.readline()
        assert line.startswith("Serving http://127.0.0.1:"), process.stderr.read() if process.stderr else ""
        try:
            with httpx.Client(base_url=line.removeprefix("Serving ").strip(), timeout=20) as client:
                yield client, process
        except BaseException:
            process.kill()  # else leaving this block waits for the server for ever
            raise
        process.send_signal(signal.SIGTERM)
        rest, errors = process.communicate(timeout=20)
        assert (process.returncode, rest, errors) == (0, "", "")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    _run("load", _record(tmp_path, 1), home=tmp_path / "home")
    return tmp_path / "home"


def _count(client: httpx.Client) -> int:
    answer = client.get("sparql", params={"query": COUNT}, headers={"Accept": "text/csv"})
    assert answer.status_code == 200, answer.text
    return int(answer.text.split()[1])


def test_it_serves_pages_rdf_and_queries_and_ends_with_0(home: Path) -> None:
    with _serving(home=home) as (client, _):
        assert "made up 1" in client.get("EXAMPLE-0001", headers={"Accept": "text/html"}).text
        assert "rembi:Study" in client.get("EXAMPLE-0001", headers={"Accept": "text/turtle"}).text
        assert _count(client) == 1
        assert client.get("health").json() == {"status": "ok"}
        status = client.get("status").json()
        assert status["query"]["ok"] is True
        assert status["query"]["studies"] == status["counts"]["studies"] == 1
        assert "Queries work" in client.get("status", headers={"Accept": "text/html"}).text


@pytest.mark.slow
def test_it_follows_new_generations_and_withdrawals_without_a_restart(home: Path, tmp_path: Path) -> None:
    with _serving(home=home) as (client, _):
        assert client.get("EXAMPLE-0002").status_code == 404
        _run("load", _record(tmp_path, 2), home=home)
        assert client.get("EXAMPLE-0002").status_code == 200
        assert _count(client) == 2
        _run("withdraw", "EXAMPLE-0002", "--reason", "a test", home=home)
        gone = client.get("EXAMPLE-0002")
        assert gone.status_code == 410
        assert "a test" in gone.text
        assert _count(client) == 1


@pytest.mark.slow
def test_every_answer_carries_the_security_headers_and_no_server_name(home: Path) -> None:
    with _serving(home=home) as (client, _):
        for path in ("", "studies", "EXAMPLE-0001", "sparql", "status", "nothing-here", "health"):
            headers = client.get(path, headers={"Accept": "text/html", "Host": "evil.example"}).headers
            assert "default-src 'none'" in headers["content-security-policy"], path
            assert headers["x-content-type-options"] == "nosniff"
            assert "server" not in headers
            assert "evil.example" not in str(headers)


def _methods(routes: Iterable[Any]) -> Iterator[tuple[str, str]]:
    """Every (path, method), those of included routers too."""
    for route in routes:
        inner = getattr(route, "original_router", route)
        yield from _methods(getattr(inner, "routes", None) or ())
        for method in getattr(route, "methods", None) or ():
            yield route.path, method


@pytest.mark.slow
def test_no_route_changes_state(home: Path) -> None:
    from rembigraph.app.main import create_app
    from rembigraph.app.sparql.limits import QueryLimits
    from rembigraph.catalogue.home import Home

    app = create_app(Home.open(home), "http://127.0.0.1:1", QueryLimits())
    methods = set(_methods(app.routes))
    assert ("/studies", "GET") in methods
    asked_in_a_body = {path for path, method in methods if method not in {"GET", "HEAD", "OPTIONS"}}
    assert asked_in_a_body == {"/sparql", "/oai", "/transform"}


@pytest.mark.parametrize(
    "suffix", ["trig", *(pytest.param(one, marks=pytest.mark.slow) for one in ("ttl", "nq", "nt"))]
)
def test_it_serves_one_rdf_file(home: Path, tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"data.{suffix}"
    file.write_text("<urn:x:a> <urn:x:p> <urn:x:b> .\n", encoding="utf-8")
    with _serving("--dataset", str(file), home=home) as (client, _):
        answer = client.get("sparql", params={"query": "ASK { <urn:x:a> ?p ?o }"})
        assert answer.json()["boolean"] is True
        assert client.get("health").status_code == 200
        assert client.get("").status_code == 404


@pytest.mark.slow
def test_it_serves_an_oxigraph_folder_with_its_graphs_as_one(home: Path, tmp_path: Path) -> None:
    import pyoxigraph as ox

    store = ox.Store(str(tmp_path / "store"))
    store.add(
        ox.Quad(ox.NamedNode("urn:x:a"), ox.NamedNode("urn:x:p"), ox.Literal("b"), ox.NamedNode("urn:x:g"))
    )
    store.flush()
    del store
    query = {"query": "ASK { ?s ?p ?o }"}
    with _serving("--store", str(tmp_path / "store"), home=home) as (client, _):
        assert client.get("sparql", params=query).json()["boolean"] is False
    with _serving("--store", str(tmp_path / "store"), "--union-default-graph", home=home) as (client, _):
        assert client.get("sparql", params=query).json()["boolean"] is True


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("serve", "--port", "0"), "catalogue is empty"),
        (("serve", "--dataset", "/no/such.nq"), "no such file"),
        (("serve", "--store", "/no/such"), "no Oxigraph folder"),
    ],
)
def test_what_cannot_be_served_is_said_in_words(
    tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    home = tmp_path / "empty"
    _run("init", home=home)
    result = _run(*arguments, home=home, check=False)
    assert result.returncode in {2, 3}
    assert words in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.slow
def test_the_demo_loads_its_sample_and_serves_it(tmp_path: Path) -> None:
    environment = {**os.environ, "XDG_DATA_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "rembigraph.app", "demo", "--port", "0"]
    begun = time.monotonic()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout
        url = process.stdout.readline().removeprefix("Serving ").strip()
        assert url.startswith("http://127.0.0.1:")
        assert "EMPIAR-10460" in httpx.get(url + "S-BSST429", headers={"Accept": "text/html"}).text
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    assert time.monotonic() - begun < 120
    assert not list(tmp_path.iterdir()), "the demo leaves nothing behind"


def _heed_interrupts() -> None:
    """A command that a shell starts in the background ignores interrupts, and hands that on to its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.slow
def test_an_interrupted_load_ends_with_130_and_publishes_nothing(tmp_path: Path) -> None:
    records = tmp_path / "records"
    records.mkdir()
    for number in range(1, 2000):
        _record(records, number)
    home = tmp_path / "home"
    with subprocess.Popen(
        _command("load", str(records), home=home),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_heed_interrupts,
    ) as process:
        while not (home / "lock").exists():
            time.sleep(0.05)
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "Interrupted" in errors
    assert "Traceback" not in errors
    assert not (home / "current").exists()
    assert _run("load", _record(tmp_path, 1), home=home).returncode == 0
