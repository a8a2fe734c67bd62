"""A served catalogue in which every kind of page exists: the sample, the longest texts, versions, a withdrawn study."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import DATA, running

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LONGEST = "EXAMPLE-0900"
"""A made-up study with 100 authors, long words, 40 images."""


def longest_study() -> dict[str, Any]:
    """Return a made-up study as wide and long as records get."""
    word = "poly" * 40
    places = [
        {"id": f"https://ror.org/00example{n}", "name": f"Department {n} of {word}, University of Nowhere"}
        for n in range(1, 9)
    ]
    return {
        "accession": LONGEST,
        "title": f"Made up: {'in situ cryo-electron tomography of ' * 12}{word}",
        "description": "\n\n".join(f"Paragraph {n}: {'imaging of cells ' * 60}{word}" for n in range(8)),
        "issued": "2026-03-04",
        "license": "https://creativecommons.org/licenses/by/4.0/",
        "keyword": [f"keyword {n} {word[: n * 4]}" for n in range(30)],
        "organism": [{"id": "NCBITaxon:9606", "scientific_name": "Homo sapiens", "common_name": ["human"]}],
        "imaging_method": [{"id": "FBbi:00000251", "label": "confocal microscopy"}],
        "contribution": [
            {
                "position": n,
                "display_name": f"Author-{n} {word[: n % 60]}",
                "person": {"id": f"orcid:0000-0002-{n:04d}-0000", "name": f"Author-{n} {word[: n % 60]}"},
                "affiliation": [dict(places[n % 8])],
            }
            for n in range(1, 101)
        ],
        "publication": [{"title": f"Paper about {word}", "doi": "10.9999/example.900", "authors_text": word}],
        "specimen": [{"key": "cell", "title": f"Cell {word}"}],
        "image": [
            {
                "key": f"image-{n}",
                "title": f"{word}_{n}.tif",
                "of_specimen": ["specimen/cell"],
                "representation": [
                    {
                        "format": "TIFF",
                        "size_x": 4096,
                        "size_y": 4096,
                        "access_url": [f"https://example.org/{word}/{n}.tif"],
                    }
                ],
            }
            for n in range(40)
        ],
    }


class PictureHost(ThreadingHTTPServer):
    """Another host with pictures; it remembers what it was asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Pictures)
        self.asked: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class _Pictures(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        picture = b'<svg xmlns="http://www.w3.org/2000/svg" width="64" height="48"><rect width="9" height="9"/></svg>'
        self.send_response(200)
        self.send_header("Content-Type", "image/svg+xml")
        self.send_header("Content-Length", str(len(picture)))
        self.end_headers()
        self.wfile.write(picture)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def picture_host() -> Iterator[PictureHost]:
    """A host of pictures on another port."""
    with PictureHost() as host:
        threading.Thread(target=host.serve_forever, daemon=True).start()
        yield host
        host.shutdown()


@pytest.fixture(scope="session")
def every_page_home(tmp_path_factory: pytest.TempPathFactory, picture_host: PictureHost) -> Any:
    """A catalogue with every kind of page. Tests must not write to it."""
    from rembigraph.app.loading import load
    from rembigraph.catalogue.derive import derive
    from rembigraph.catalogue.home import Home
    from rembigraph.catalogue.publish import Withdrawal, Writer

    home = Home.init(tmp_path_factory.mktemp("every-page") / "catalogue", DATA)
    folder = tmp_path_factory.mktemp("made-up-records")
    with resources.as_file(resources.files("rembigraph.app").joinpath("sample")) as sample:
        _write(folder, {"accession": "EXAMPLE-0901", "title": "Made up, to be withdrawn"})
        _write(folder, longest_study())
        for title, beside in (("First title", []), ("Second title", [str(sample)])):
            study = {"accession": "EXAMPLE-0902", "title": f"Made up: {title}"}
            date = f"2026-01-0{1 + len(beside)}"
            _write(folder, {**study, "modified": date, "thumbnail": [f"{picture_host.url}/picture.svg"]})
            report = load([str(folder), *beside], home)
            assert [each for each in report.outcomes if each.state in {"failed", "refused"}] == []
    with Writer(home, derive) as writer:
        writer.publish([], withdraw=[Withdrawal("EXAMPLE-0901", "a test", "EXAMPLE-0902")])
    return home


def _write(folder: Path, study: dict[str, Any]) -> None:
    text = yaml.safe_dump({"model": "rembigraph/0.1", **study}, sort_keys=False)
    (folder / f"{study['accession']}.yaml").write_text(text, encoding="utf-8")


@pytest.fixture(scope="session")
def every_page_url(every_page_home: Any) -> Iterator[str]:
    """Address of a running server of the catalogue with every kind of page."""
    with serving(every_page_home) as address:
        yield address


@contextmanager
def serving(home: Any, picture_hosts: tuple[str, ...] = ()) -> Iterator[str]:
    """Serve a catalogue; give its address."""
    from rembigraph.app.main import create_app
    from rembigraph.app.sparql.limits import QueryLimits

    def make(address: str) -> Any:
        return create_app(home, address, QueryLimits(), picture_hosts=picture_hosts)

    with running(make, lifespan="on") as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A real Chromium."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if shutil.which(CHROMIUM) is None:
        pytest.skip("chromium is not installed")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def demo() -> Iterator[str]:
    """Address of the demo, as its command prints it."""
    command = [sys.executable, "-m", "rembigraph.app", "demo", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout
        yield process.stdout.readline().removeprefix("Serving ").strip()
        process.send_signal(signal.SIGTERM)
