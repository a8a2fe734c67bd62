"""The catalogue as a whole: `/data`, DCAT-AP and FAIR Data Point, GIDE crates, dumps."""

from __future__ import annotations

import csv
import gzip
import html
import io
import json
import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pyshacl
import pytest
import rdflib
import zstandard
from rdflib.namespace import DCAT, RDF, SH

from tests.conftest import CONFOCAL, DATA, HUMAN, documents
from tests.feeding import Catalogue, study

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # rdflib's own

HYDRA = rdflib.Namespace("http://www.w3.org/ns/hydra/core#")
LDP = rdflib.Namespace("http://www.w3.org/ns/ldp#")
LICENCE = "https://licence.example/own"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    catalogue = Catalogue(tmp_path_factory.mktemp("whole"))
    catalogue.publish(*documents())
    catalogue.publish(withdraw=["EXAMPLE-0105"])
    with catalogue.served(licence=LICENCE) as found:
        yield found


@pytest.fixture(scope="module")
def held(address: str) -> set[str]:
    found = httpx.get(f"{address}/changes").json()
    assert found["next"] is None
    return {one["accession"] for one in found["changes"] if one["change"] != "withdrawn"}


def whole(number: int, *others: int) -> dict[str, object]:
    related = [
        {
            "link_to": f"EXAMPLE-{other:04d}",
            "link_relation": "images_same_specimen",
            "evidence_kind": "prose",
            "asserted_by": "depositor",
            "confidence": 1.0,
        }
        for other in others
    ]
    return study(number, related=related)


def test_an_aggregator_harvests_with_what_the_entrance_says(tmp_path: Path) -> None:
    pytest.importorskip("sickle")
    catalogue = Catalogue(tmp_path / "catalogue")
    catalogue.publish(whole(1, 2), whole(2), whole(3), whole(4, 5), whole(5))
    with catalogue.served() as address:
        page = httpx.get(f"{address}/data").text
        told = re.search(r'<code id="harvester">(.*?)</code>', page, re.DOTALL)
        assert told
        program = html.unescape(told[1])

        def harvested() -> tuple[list[str], set[str]]:
            done = subprocess.run(
                [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr
            return done.stdout.splitlines(), {one.stem for one in (tmp_path / "harvested").glob("*.xml")}

        lines, files = harvested()
        assert files == {f"EXAMPLE-000{number}" for number in (1, 2, 4, 5)}
        assert harvested() == (["nothing new"], files)
        catalogue.publish(withdraw=["EXAMPLE-0004"])
        ended = time.monotonic() + 30
        while (
            httpx.get(f"{address}/EXAMPLE-0004").status_code != 410
        ):  # a request may meet the old generation
            assert time.monotonic() < ended
        lines, files = harvested()
        assert sorted(lines) == ["gone EXAMPLE-0004", "gone EXAMPLE-0005"]  # the other one is alone now
        assert files == {"EXAMPLE-0001", "EXAMPLE-0002"}
        page = re.sub(r"\s+", " ", re.sub("<[^>]+>", "", httpx.get(f"{address}/data").text))
        assert "4 studies, 2 of them with a part in another study" in page
        assert "1 was withdrawn" in page


def graph(url: str, kind: str = "text/turtle") -> rdflib.Graph:
    answer = httpx.get(url, headers={"Accept": kind}, follow_redirects=True).raise_for_status()
    assert answer.headers["content-type"].startswith(kind)
    return rdflib.Graph().parse(data=answer.content, format=kind, publicID=url)


@pytest.mark.parametrize("kind", ["text/turtle", "application/ld+json", "application/rdf+xml"])
def test_links_of_hydra_lead_to_every_dataset_once(
    address: str, held: set[str], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr("rembigraph.app.feeds.dcat.PAGE", 20)
    found: list[str] = []
    url: str | None = f"{address}/dcat"
    while url:
        page = graph(url, kind)
        catalogue = rdflib.URIRef(f"{address}/dcat")
        found += [str(one) for one in page.objects(catalogue, DCAT.dataset)]
        assert int(str(page.value(catalogue, HYDRA.totalItems))) == len(held)
        view = page.value(catalogue, HYDRA.view)
        assert page.value(view, HYDRA.next) == page.value(view, HYDRA.nextPage)
        url = str(page.value(view, HYDRA.next) or "") or None
    assert sorted(found) == sorted(f"{address}/{name}" for name in held)


@pytest.mark.slow
def test_a_client_of_a_data_point_gets_from_its_root_to_every_study(address: str, held: set[str]) -> None:
    shapes = graph(f"{address}/fdp/shapes")
    seen: set[str] = set()
    waiting = [f"{address}/fdp"]
    while waiting:
        url = waiting.pop()
        record = graph(url)
        seen.add(url)
        conforms, _, text = pyshacl.validate(record, shacl_graph=shapes, allow_warnings=True)
        assert conforms, (url, text)
        found = {str(one) for has in (LDP.contains, HYDRA.next) for one in record.objects(None, has)}
        waiting += sorted(one for one in found - seen if one.startswith(address) and "#" not in one)
    assert {one for one in seen if "?" not in one} == {
        f"{address}/fdp",
        f"{address}/dcat",
        *(f"{address}/fdp/dataset/{name}" for name in held),
    }


@pytest.mark.parametrize("path", ["/fdp", "/dcat", "/fdp/dataset/EMPIAR-10819"])
def test_the_shapes_notice_what_is_missing(address: str, path: str) -> None:
    shapes = graph(f"{address}/fdp/shapes")
    assert set(shapes.subjects(RDF.type, SH.NodeShape))
    fdp = rdflib.Namespace("https://w3id.org/fdp/fdp-o#")
    for needed in (fdp.metadataIssued, fdp.metadataIdentifier, LDP.hasMemberRelation):
        record = graph(f"{address}{path}")
        record.remove((None, needed, None))
        assert not pyshacl.validate(record, shacl_graph=shapes, allow_warnings=True)[0], needed


def test_no_licence_is_made_up(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path)
    catalogue.publish(study(1))
    with catalogue.served() as address:
        point = graph(f"{address}/fdp")
        assert point.value(rdflib.URIRef(f"{address}/fdp"), rdflib.DCTERMS.license) is None
        conforms, _, text = pyshacl.validate(point, shacl_graph=graph(f"{address}/fdp/shapes"))
        assert not conforms
        assert text.count("Constraint Violation") == 1


def test_a_withdrawn_study_is_gone_from_the_data_point(address: str) -> None:
    assert httpx.get(f"{address}/fdp/dataset/EXAMPLE-0105").status_code == 410
    assert httpx.get(f"{address}/fdp/dataset/EXAMPLE-9999").status_code == 404


def test_crates_that_lack_something_are_told_apart_and_not_padded(address: str, held: set[str]) -> None:
    listed = {one["accession"]: one for one in httpx.get(f"{address}/feeds/gide").json()["changes"]}
    assert {name for name, one in listed.items() if one["change"] != "withdrawn"} == held
    assert "crate" not in listed["EXAMPLE-0105"]
    packed = zipfile.ZipFile(io.BytesIO(httpx.get(f"{address}/feeds/gide.zip").content))
    assert packed.testzip() is None
    told = json.loads(packed.read("not-conformant.json"))
    assert told["gone"] == ["EXAMPLE-0105"]
    good, bad = set(), set()
    for name in held:
        one = listed[name]
        place = one["file"] if one["conforms"] else f"not-conformant/{one['file']}"
        content = packed.read(place)
        assert content == httpx.get(one["crate"]).content
        (good if one["conforms"] else bad).add(name)
        assert told["lacks"].get(name, []) == one["lacks"]
    assert len(packed.namelist()) == len(held) + 1
    assert good
    assert bad


def test_only_a_taxon_and_a_method_make_a_crate_conform(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path)
    more = {
        "description": "Made up, to be looked at.",
        "issued": "2024-05-06",
        "license": "https://creativecommons.org/licenses/by/4.0/",
        "contribution": [{"position": 1, "display_name": "Ada Example", "person": {"name": "Ada Example"}}],
    }
    taxon, method = {"organism": [HUMAN]}, {"imaging_method": [CONFOCAL]}
    catalogue.publish(
        study(1, **more, **taxon, **method), study(2, **more, **method), study(3, **more, **taxon)
    )
    with catalogue.served() as address:
        found = {one["accession"]: one for one in httpx.get(f"{address}/feeds/gide").json()["changes"]}
        lacks = [found[f"EXAMPLE-000{number}"]["lacks"] for number in (1, 2, 3)]
        assert lacks == [[], ["about: a Taxon"], ["measurementMethod: a term for an imaging method"]]
        narrow = httpx.get(f"{address}/feeds/gide.zip?set=method:FBbi_00000251").content
        names = zipfile.ZipFile(io.BytesIO(narrow)).namelist()
        assert {name.split("-ro")[0].split("/")[-1] for name in names[:-1]} == {
            "EXAMPLE-0001",
            "EXAMPLE-0002",
        }
        assert httpx.get(f"{address}/feeds/gide.zip?set=no:such").status_code == 400


@pytest.mark.slow
def test_a_dump_holds_what_the_addresses_of_studies_give(address: str, held: set[str]) -> None:
    latest = httpx.get(f"{address}/dumps/latest", follow_redirects=True).json()
    files = {one["name"]: one["url"] for one in latest["files"]}
    plain = gzip.decompress(httpx.get(files["all.nq.gz"]).content)
    assert plain == zstandard.ZstdDecompressor().decompressobj().decompress(
        httpx.get(files["all.nq.zst"]).content
    )
    lines = set(plain.splitlines())
    studies: set[bytes] = set()
    for name in held:
        studies |= set(httpx.get(f"{address}/{name}.nq").content.splitlines())
    derived = {line for line in lines if f"<{DATA}graph/".encode() in line} - studies
    assert lines == studies | derived
    assert all(b"/graph/links>" in line or b"/graph/inferred>" in line for line in derived)
    assert len(set(rdflib.Dataset().parse(data=plain, format="nquads").quads())) == len(lines)
    trig = rdflib.Dataset().parse(
        data=gzip.decompress(httpx.get(files["all.trig.gz"]).content), format="trig"
    )
    assert len(set(trig.quads())) == len(studies)
    rows = list(csv.DictReader(io.StringIO(gzip.decompress(httpx.get(files["all.csv.gz"]).content).decode())))
    assert {row["accession"] for row in rows} == held
    empiar = gzip.decompress(httpx.get(files["EMPIAR.nq.gz"]).content)
    assert set(empiar.splitlines()) == set(httpx.get(f"{address}/EMPIAR-10819.nq").content.splitlines())


def test_a_dump_is_the_same_each_time_and_is_not_sent_again(address: str) -> None:
    first = httpx.get(f"{address}/dumps/latest/all.nq.gz", follow_redirects=True)
    assert first.content == httpx.get(first.url).content
    again = httpx.get(first.url, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert httpx.head(first.url).content == b""


@pytest.mark.parametrize(
    "path", ["1", "x", "2/all.nq", "2/None.nq.gz", "2/..%2fmeta.json", "02/all.nq.gz", "1/all.nq.gz", "2/%00"]
)
def test_there_are_no_other_dumps(address: str, path: str) -> None:
    assert httpx.get(f"{address}/dumps/{path}").status_code == 404


def test_void_tells_where_everything_is(address: str, held: set[str]) -> None:
    void = rdflib.Namespace("http://rdfs.org/ns/void#")
    found = graph(f"{address}/dumps/void.ttl")
    (dataset,) = found.subjects(RDF.type, void.Dataset)
    assert int(str(found.value(dataset, void.documents))) == len(held)
    for file in found.objects(dataset, void.dataDump):
        assert httpx.head(str(file), follow_redirects=True).status_code == 200
