"""A real server follows what is published and what is damaged, without a restart and without a failed request."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from rembigraph.catalogue.home import Home
from rembigraph.catalogue.restore import restore

from tests.durability import damaging
from tests.made_catalogue import made, publish, study

pytestmark = pytest.mark.server
NS = "https://w3id.org/rembigraph/ns#"
BOTH = """
SELECT ?title ?word WHERE {
  <https://w3id.org/rembigraph/id/EXAMPLE-0001> <http://purl.org/dc/terms/title> ?title ;
    <http://www.w3.org/ns/dcat#keyword> ?word
}"""
PAIRS = f"SELECT ?a ?b {{ ?a a <{NS}Study> . ?b ?p ?o . ?c ?q ?r . ?d ?s ?t }}"


def version(number: int) -> str:
    """A study of which two facts change together."""
    return study(
        "EXAMPLE-0001", f"Version {number}", keyword=[f"word {number}"], modified=f"{2000 + number}-01-01"
    )


@contextmanager
def serving(home: Home) -> Iterator[httpx.Client]:
    command = [sys.executable, "-m", "rembigraph.app", "--home", str(home.path), "serve", "--port", "0"]
    # Five generations are published while one answer is read, on a machine that may do other work.
    environment = {**os.environ, "REMBIGRAPH_QUERY_TIMEOUT": "300"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout
        line = process.stdout.readline()
        assert line.startswith("Serving http://127.0.0.1:"), process.stderr.read() if process.stderr else ""
        try:
            with httpx.Client(base_url=line.removeprefix("Serving ").strip(), timeout=20) as client:
                yield client
        finally:
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=20)
        assert process.returncode == 0
        assert "Traceback" not in errors, errors


def title_and_word(client: httpx.Client) -> tuple[str, str]:
    answer = client.get("sparql", params={"query": BOTH}, headers={"Accept": "text/tab-separated-values"})
    assert answer.status_code == 200, answer.text
    rows = answer.text.strip().split("\n")[1:]
    assert len(rows) == 1, rows
    title, word = rows[0].split("\t")
    return title.strip('"').removeprefix("Version "), word.strip('"').removeprefix("word ")


def page(client: httpx.Client) -> str:
    """The number that the landing page's Turtle shows; title and keyword agree."""
    answer = client.get("EXAMPLE-0001", headers={"Accept": "text/turtle"})
    assert answer.status_code == 200, answer.text
    number = answer.text.partition('"Version ')[2].partition('"')[0]
    assert f'"word {number}"' in answer.text
    return number


def status(client: httpx.Client) -> dict:
    return client.get("status", headers={"Accept": "application/json"}).json()


def until(said, seconds: float = 15.0) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not said():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def damage(home: Home, number: int = 0) -> Path:
    """Cut the manifest of a generation's store; RocksDB opens it all the same, with data missing."""
    generation = home.generation(number) if number else home.current()
    path = next(generation.store_path.glob("MANIFEST-*"))
    damaging.truncated(path)
    return path


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return made(tmp_path / "home", version(1), version(2), version(3))


class TestPublications:
    @pytest.mark.slow
    def test_readers_while_100_generations_follow_each_other(self, home):
        """R12: no request fails, and every answer is exactly one version."""
        publications = 100
        seen: dict[str, list[int]] = {"page": [], "sparql": [], "search": []}
        failures: list[str] = []
        done = threading.Event()

        def read(kind: str, address: str) -> None:
            with httpx.Client(base_url=address, timeout=20) as client:
                while not done.is_set():
                    try:
                        if kind == "page":
                            seen[kind].append(int(page(client)))
                        elif kind == "sparql":
                            title, word = title_and_word(client)
                            assert title == word
                            seen[kind].append(int(title))
                        else:
                            answer = client.get("studies", params={"q": "version"})
                            assert answer.status_code == 200
                            seen[kind].append(0)
                    except Exception as error:
                        failures.append(f"{kind}: {type(error).__name__}: {error}")
                        return

        with serving(home) as client:
            readers = [
                threading.Thread(target=read, args=(kind, str(client.base_url)))
                for kind in seen
                for _ in range(2)
            ]
            for reader in readers:
                reader.start()
            for number in range(4, 4 + publications):
                publish(home, version(number))
            done.set()
            for reader in readers:
                reader.join()
            assert failures == []
            # While one thread opens the last generation, the others answer from the one before.
            until(lambda: status(client)["generation"] == publications + 3)
            assert int(page(client)) == int(title_and_word(client)[0]) == publications + 3
            assert all(len(numbers) > publications // 2 for numbers in seen.values()), {
                k: len(v) for k, v in seen.items()
            }
            assert len(set(seen["page"])) > publications // 4
            until(lambda: len(home.numbers()) <= 4)
            publish(home, version(200))
        assert len(home.numbers()) <= 4

    def test_a_long_answer_is_of_one_version_and_its_generation_stays(self, home):
        first = home.current_number()
        with serving(home) as client:
            query = {
                "query": "SELECT ?s ?p ?o ?a { GRAPH ?g { ?s ?p ?o } GRAPH ?h { ?a ?b ?c } } LIMIT 100000"
            }
            # Not compressed: it must be too long to wait in the system's buffers while nobody reads it.
            headers = {"Accept": "text/csv", "Accept-Encoding": "identity"}
            with client.stream("GET", "sparql", params=query, headers=headers) as answer:
                assert answer.status_code == 200
                parts = answer.iter_bytes()
                size = len(next(parts))
                for number in range(4, 9):
                    publish(home, version(number))
                assert home.generation(first).path.is_dir()
                until(
                    lambda: page(client) == "8"
                )  # what is open is served until another thread has opened it
                size += sum(map(len, parts))
            assert size > 5_000_000
            until(lambda: "8" in title_and_word(client))
            until(lambda: not (home.prune() or home.generation(first).path.exists()))


class TestDamage:
    def test_what_is_open_stays_when_the_link_is_broken(self, home):
        with serving(home) as client:
            link = home.path / "current"
            link.unlink()
            assert (page(client), title_and_word(client)) == ("3", ("3", "3"))
            until(lambda: not status(client)["sound"])
            assert status(client)["problems"][0]["code"] == "current"
            link.symlink_to("nowhere")
            assert (page(client), title_and_word(client)) == ("3", ("3", "3"))
            link.unlink()
            link.symlink_to("generations/000003")
            until(lambda: status(client)["sound"])
            assert page(client) == "3"

    def test_it_falls_back_and_comes_back(self, home):
        damaged = damage(home)
        with serving(home) as client:
            assert (page(client), title_and_word(client)) == ("2", ("2", "2"))
            found = status(client)
            assert (found["generation"], found["current"], found["sound"]) == (2, 3, False)
            assert found["problems"][0]["where"] == f"generations/000003/store/{damaged.name}"
            assert "restore" in found["problems"][0]["fix"]
            assert str(home.path) not in str(found)
            text = client.get("status", headers={"Accept": "text/html"}).text
            assert "Generation 3 can't be served, so you see" in " ".join(text.split())
            restore(home)
            until(lambda: status(client)["sound"])
            assert (page(client), title_and_word(client)) == ("3", ("3", "3"))
            assert status(client)["generation"] == 4

    def test_damage_while_it_is_served(self, home):
        with serving(home) as client:
            assert page(client) == "3"
            whole = (path := next(home.current().store_path.glob("MANIFEST-*"))).read_bytes()
            damage(home)
            until(lambda: status(client)["generation"] == 2)
            assert (page(client), title_and_word(client)) == ("2", ("2", "2"))
            path.write_bytes(whole)  # the keeper puts the file back in place
            until(lambda: status(client)["sound"])
            assert (page(client), title_and_word(client)) == ("3", ("3", "3"))

    def test_nothing_sound_at_all(self, home):
        with serving(home) as client:
            for number in home.numbers():
                damage(home, number)
            until(lambda: client.get("EXAMPLE-0001").status_code == 503)
            answer = client.get("EXAMPLE-0001", headers={"Accept": "application/json"})
            assert int(answer.headers["Retry-After"]) > 0
            assert str(home.path) not in answer.text
            assert client.get("sparql", params={"query": BOTH}).status_code == 503
            assert client.get("health").status_code == 200
            found = client.get("status", headers={"Accept": "application/json"})
            assert (found.status_code, found.json()["sound"]) == (503, False)
            assert client.get("status", headers={"Accept": "text/html"}).status_code == 503
            restore(home)
            until(lambda: status(client)["sound"])
            assert (page(client), title_and_word(client)) == ("3", ("3", "3"))

    def test_it_does_not_start_on_nothing_sound(self, home):
        for number in home.numbers():
            damage(home, number)
        command = [sys.executable, "-m", "rembigraph.app", "--home", str(home.path), "serve", "--port", "0"]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        assert (ended.returncode, ended.stdout) == (7, "")
        assert "no generation is sound" in ended.stderr
        assert "rembigraph restore" in ended.stderr
