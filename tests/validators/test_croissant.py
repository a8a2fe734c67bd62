"""Croissant by mlcroissant: it accepts the document, fetches the files that it names, and checks their bytes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

STUDY = "S-BIAD999001"
FILES = {"/labels.csv": b"cell,label\n1,mitochondrion\n2,nucleus\n", "/one.tif": b"made-up pixels"}


@pytest.fixture
def files() -> Iterator[dict[str, bytes]]:
    """The files of the made-up study, served at the port that its record names; a test may change them."""
    served = dict(FILES)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = served.get(self.path)
            self.send_response(200 if content is not None else 404)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    port = int(os.environ["VALIDATED_FILES_PORT"])
    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield served
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def croissant(server: str) -> dict[str, Any]:
    answer = requests.get(f"{server}/{STUDY}.croissant.json", timeout=30)
    answer.raise_for_status()
    return answer.json()


def with_rows(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the columns of the labels: a reader adds what no record says, to reach the rows."""
    (labels,) = (one["@id"] for one in document["distribution"] if one["contentUrl"].endswith(".csv"))
    fields = [
        {"@id": f"rows/{name}", "@type": "cr:Field", "name": name, "dataType": "sc:Text",
         "source": {"fileObject": {"@id": labels}, "extract": {"column": name}}}
        for name in ("cell", "label")
    ]  # fmt: skip
    return {
        **document,
        "recordSet": [{"@id": "rows", "@type": "cr:RecordSet", "name": "rows", "field": fields}],
    }


def run(document: dict[str, Any], folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command of mlcroissant on a document, with a cache of its own."""
    path = folder / "croissant.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    command = [Path(sys.executable).with_name("mlcroissant"), *words, "--jsonld", path]
    environment = {**os.environ, "CROISSANT_CACHE": str(folder / "cache")}
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=300, env=environment)


def test_the_document_is_accepted_as_it_is_served(croissant: dict[str, Any], tmp_path: Path) -> None:
    done = run(croissant, tmp_path, "validate")
    assert done.returncode == 0, done.stderr
    assert "@context" not in done.stderr, "the context is the standard one"
    assert "error" not in done.stderr.lower()
    assert {one["contentUrl"].rpartition("/")[2] for one in croissant["distribution"]} == {
        name[1:] for name in FILES
    }


def test_the_validator_notices_a_file_without_an_address(croissant: dict[str, Any], tmp_path: Path) -> None:
    first, *others = croissant["distribution"]
    nowhere = {name: value for name, value in first.items() if name != "contentUrl"}
    done = run({**croissant, "distribution": [nowhere, *others]}, tmp_path, "validate")
    assert done.returncode != 0
    assert "contentUrl" in done.stderr


def test_its_files_are_fetched_and_checked(
    croissant: dict[str, Any], files: dict[str, bytes], tmp_path: Path
) -> None:
    done = run(with_rows(croissant), tmp_path, "load", "--record_set", "rows")
    assert done.returncode == 0, done.stderr
    assert "nucleus" in done.stdout + done.stderr


def test_other_bytes_are_noticed(croissant: dict[str, Any], files: dict[str, bytes], tmp_path: Path) -> None:
    files["/labels.csv"] += b"3,made up later\n"
    done = run(with_rows(croissant), tmp_path, "load", "--record_set", "rows")
    assert done.returncode != 0
    assert "Hash of downloaded file" in done.stderr
