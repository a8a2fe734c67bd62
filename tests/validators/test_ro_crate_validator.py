"""RO-Crate 1.2, level REQUIRED, by roc-validator: no issue but what the record itself lacks."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from requests_cache import CachedRequest, CachedResponse, CachedSession

PROFILE = "https://w3id.org/ro/crate/1.2"
OPTIONS = (
    "-y --disable-color validate --metadata-only --packaging-mode detached --skip-availability-check"
    " -p ro-crate-1.2 -l required --offline --output-format json"
)
ROOT = {"name", "description", "datePublished", "license"}
"""What RO-Crate 1.2 demands of the root."""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The validator's cache, with a small context in the place of the one that it would fetch from w3id.org."""
    path = tmp_path_factory.mktemp("validator") / "http"
    address = f"{PROFILE}/context"
    terms = {
        "@vocab": "http://schema.org/",
        "File": "http://schema.org/MediaObject",
        "conformsTo": "http://purl.org/dc/terms/conformsTo",
        "dct": "http://purl.org/dc/terms/",
        "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    }
    request = CachedRequest(method="GET", url=address)
    answer = CachedResponse(status_code=200, url=address, request=request)
    answer._content = json.dumps({"@context": terms}).encode()
    CachedSession(cache_name=str(path)).cache.save_response(answer)
    return path


def issues(crate: bytes, name: str, folder: Path, cache: Path) -> list[str]:
    """Return what the validator finds wrong with a crate."""
    document, report = folder / f"{name}-ro-crate-metadata.json", folder / f"{name}.report.json"
    document.write_bytes(crate)
    program = Path(sys.executable).with_name("rocrate-validator")
    command = [program, *OPTIONS.split(), "--cache-path", cache, "-o", report, document]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300)
    assert report.exists(), done.stdout + done.stderr
    told = json.loads(report.read_bytes())
    assert told["passed"] is (not told["issues"])
    return [issue["message"] for issue in told["issues"]]


def root_of(crate: bytes) -> dict[str, Any]:
    return json.loads(crate)["@graph"][1]


def test_no_issue_but_what_the_record_lacks(
    server: str, accessions: list[str], cache: Path, tmp_path: Path
) -> None:
    crates = {
        name: requests.get(f"{server}/{name}-ro-crate-metadata.json", timeout=30).content
        for name in accessions
    }
    with ThreadPoolExecutor(2) as pool:
        found = dict(
            zip(
                crates,
                pool.map(lambda one: issues(one[1], one[0], tmp_path, cache), crates.items()),
                strict=True,
            )
        )
    for name, messages in found.items():
        lacking = ROOT - set(root_of(crates[name]))
        named = {word for message in messages for word in re.findall(r"`(\w+)`", message)} & ROOT
        assert named == lacking, (name, messages)
        assert len(messages) == len(lacking), (name, messages)
    flawless = [name for name, messages in found.items() if not messages]
    print(f"\n{len(flawless)} of {len(found)} crates without an issue; others lack what their records lack")
    assert len(flawless) >= 0.5 * len(found) >= 10


def test_the_validator_notices_a_missing_title(
    server: str, accessions: list[str], cache: Path, tmp_path: Path
) -> None:
    crate = json.loads(requests.get(f"{server}/S-BIAD999001-ro-crate-metadata.json", timeout=30).content)
    assert issues(json.dumps(crate).encode(), "whole", tmp_path, cache) == []
    del crate["@graph"][1]["name"]
    assert issues(json.dumps(crate).encode(), "untitled", tmp_path, cache)
