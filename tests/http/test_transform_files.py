"""A way between two images, downloaded as a file of another program, and read back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import httpx
import numpy as np
import pytest
import yaml
from rembigraph.app.main import create_app
from rembigraph.app.sparql.limits import QueryLimits
from rembigraph.app.transform_files import read_transform_file
from rembigraph.catalogue.correlation.exports import FORMATS
from rembigraph.ontology.transform_documents import WRITTEN

from tests.conftest import running
from tests.made_catalogue import made

SAMPLE = Path(__file__).parents[2] / "app/sample/example.yaml"
FROM, TO = "EXAMPLE-0001/cs/confocal", "EXAMPLE-0002/cs/fib-sem"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    nodes = yaml.safe_load_all(SAMPLE.read_text(encoding="utf-8"))
    documents = [yaml.safe_dump(node, sort_keys=False) for node in nodes]
    home = made(tmp_path_factory.mktemp("files") / "home", documents)
    with running(lambda address: create_app(home, address, QueryLimits()), lifespan="on") as address:
        yield address


def asked(address: str, name: str, start: str = FROM, end: str = TO) -> httpx.Response:
    return httpx.get(f"{address}/transform", params={"from": start, "to": end, "format": name})


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_each_format_comes_as_a_file_or_is_refused_in_words(server: str, name: str) -> None:
    answer = asked(server, name)
    if answer.status_code == 422:
        assert answer.json()["detail"]
        return
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    file_name = answer.headers["content-disposition"].split('"')[1]
    read = read_transform_file(answer.content, file_name)
    assert read.steps


def test_the_description_names_every_format() -> None:
    assert tuple(FORMATS) == WRITTEN


def test_a_file_holds_the_map_that_the_answer_tells(server: str) -> None:
    told = asked(server, "json").json()["path"]["affine"]
    numbers = [
        [float(word) for word in line.split()]
        for line in asked(server, "matrix").text.splitlines()
        if line and not line.startswith("#")
    ]
    assert np.allclose(np.array(numbers)[:3], told, rtol=1e-12)


def test_the_page_offers_what_can_be_written_and_says_why_not_the_rest(server: str) -> None:
    page = httpx.get(f"{server}/transform", params={"from": FROM, "to": TO, "format": "html"}).text
    for name in FORMATS:
        is_written = asked(server, name).status_code == 200
        assert (f"format={name}" in page) == is_written, name
        assert is_written or f"{name}: " in page


def test_the_page_of_a_correlation_offers_its_ways_as_files(server: str) -> None:
    page = httpx.get(f"{server}/EXAMPLE-0001/correlation/cell-7", headers={"Accept": "text/html"}).text
    links = [unescape(link) for link in re.findall(r'href="(/transform\?from=[^"]*&amp;format=[^"]*)"', page)]
    assert {link.rpartition("=")[2] for link in links} >= {"ome-zarr-0.6", "mobie", "bdv-xml", "itk", "json"}
    assert {httpx.get(server + link).status_code for link in links} == {200}


def test_no_way_no_file(server: str) -> None:
    assert asked(server, "itk", end="EXAMPLE-0009/cs/nowhere").status_code == 404
    assert asked(server, "elastix").status_code == 406
