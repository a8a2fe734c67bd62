"""The OpenAPI description: it names every route, and a client written by others finds nothing that it does not say."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from rembigraph.app.description import OPERATIONS
from rembigraph.app.pages.representations import BY_TAIL

EXAMPLES = "20" if os.environ.get("NIGHTLY_RUN") else "5"  # of each operation
SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
ALLOWED = {200, 301, 303, 304, 400, 404, 406, 410}
PUBLIC = "https://catalogue.example"


def test_every_route_is_described_and_nothing_else(browser_url: str) -> None:
    schema = httpx.get(f"{browser_url}/openapi.json").json()
    found = {(method, path) for path, methods in schema["paths"].items() for method in methods}
    assert {pair for pair in found if pair[0] != "head"} == set(OPERATIONS)
    assert schema["servers"] == [{"url": browser_url}]
    told = schema["paths"]["/{path}"]["get"]["responses"]["200"]["content"]
    assert set(told) >= {each.media_type for each in BY_TAIL.values()}


@pytest.mark.skipif(not SCHEMATHESIS.exists(), reason="schemathesis is not installed")
@pytest.mark.parametrize("loose", [False, True])
def test_another_client_finds_no_fault(browser_url: str, tmp_path: Path, loose: bool) -> None:
    """No JSON Schema can say that a text is no query or no set that is here, or that points have different axes.

    So some operations refuse what theirs allows.
    """
    names = ("/sparql", "/changes", "/dcat", "/feeds/gide", "/feeds/gide.zip")
    places = "transform_many_transform_post_post"
    paths = [option for name in names for option in ("--include-path", name)]
    paths += ["--include-operation-id", places]
    paths += ["--exclude-checks", "positive_data_acceptance"]
    others = [option for name in names for option in ("--exclude-path", name)]
    others += ["--exclude-operation-id", places]
    command = [str(SCHEMATHESIS), "run", f"{browser_url}/openapi.json", "--url", browser_url, "-n", EXAMPLES]
    command += ["--phases", "examples,coverage,fuzzing", "--max-failures", "10", "--seed", "7"]
    command += paths if loose else others
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stdout[-6000:]


def strange_paths(count: int) -> list[str]:
    """Return paths that look like accessions, more or less; the same ones every time."""
    chance = random.Random(7)
    stems = [
        "EMPIAR-10819",
        "S-BSST707",
        "EXAMPLE-0105",
        "idr0001",
        "S-BIAD",
        "empiar-1",
        "ssbd-db-a",
        "DRAFT-",
        "EXAMPLE-01",
    ]
    tails = [
        *BY_TAIL,
        ".linkset",
        ".linkset.json",
        "/versions",
        "/v1",
        "/v9",
        "/image/a",
        "/",
        "//",
        "/../x",
        ".exe",
    ]
    signs = "0123456789-ABCxyz./~%2F%00éü<>\"'&;=+ "

    def one() -> str:
        text = chance.choice(stems) + (chance.choice(tails) if chance.random() < 0.6 else "")
        for _ in range(chance.randrange(4)):
            place = chance.randrange(len(text) + 1)
            text = text[:place] + chance.choice(signs) + text[place + chance.randrange(2) :]
        return "/" + text

    return [one() for _ in range(count)]


def strange_header(chance: random.Random) -> str:
    kinds = [
        *(each.media_type for each in BY_TAIL.values()),
        "*/*",
        "text/*",
        "a/b",
        "",
        "nonsense",
        "text/html;q=2",
    ]
    return ",".join(f"{chance.choice(kinds)};q={chance.random():.2f}" for _ in range(chance.randrange(4)))


@pytest.mark.parametrize("count", [1000, pytest.param(10_000, marks=pytest.mark.nightly)])
def test_strange_addresses_and_headers_get_an_answer_of_those_named(pages_url: str, count: int) -> None:
    chance = random.Random(3)
    seen = set()
    with httpx.Client(base_url=pages_url, timeout=30) as client:
        for path in strange_paths(count):
            headers = {
                "Accept": strange_header(chance),
                "Host": "evil.example",
                "X-Forwarded-Host": "evil.example",
                "X-Forwarded-Proto": "gopher",
                "Forwarded": "host=evil.example",
            }
            answer = client.get(path.encode("ascii", "ignore").decode(), headers=headers)
            assert answer.status_code in ALLOWED, path
            assert "evil.example" not in answer.text + str(answer.headers), path
            assert "gopher" not in answer.text + str(answer.headers), path
            seen.add(answer.status_code)
    assert seen >= {200, 301, 404, 406, 410}
