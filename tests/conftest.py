"""A made-up catalogue that the tests of reader, search and pages share."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import pytest
import yaml

collect_ignore = (
    []
    if all(map(find_spec, ("bibtexparser", "citeproc", "datacite", "lxml", "pybtex", "pylatexenc", "rispy")))
    else ["unit/test_citations.py", "unit/test_datacite.py", "realdata/test_citations_realdata.py"]
)
"""What needs the parsers of others, which come with the dev extra; .ci/run has them."""


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name packed bytes by their kind: they hold the time of packing, and every process must collect the same names."""
    return "bytes" if isinstance(val, bytes) else None


DATA = "https://w3id.org/rembigraph/id/"
HUMAN = {"id": "NCBITaxon:9606", "scientific_name": "Homo sapiens", "common_name": ["human"]}
FISH = {"id": "NCBITaxon:7955", "scientific_name": "Danio rerio", "common_name": ["zebrafish"]}
YEAST = {"id": "NCBITaxon:4932", "scientific_name": "Saccharomyces cerevisiae"}
CONFOCAL = {"id": "FBbi:00000251", "label": "confocal microscopy"}
FIBSEM = {"id": "FBbi:00050000", "label": "focussed ion beam scanning electron microscopy (FIB-SEM)"}
HOSTILE = "<script>alert('x')</script><img src=x onerror=alert(1)> \u202egnp.exe\u202c \u2066isolated"

STUDIES = """
accession: S-BSST707
title: Benchmark Airyscan data matching FIB SEM data deposited on EMPIAR
description: "Airyscan data of HeLa cells. The FIB SEM data can be found on EMPIAR, entry # EMPIAR-10819."
issued: "2021-10-13"
license: https://creativecommons.org/licenses/by/4.0/
keyword: [HeLa, mitochondria]
organism: [{id: "NCBITaxon:9606", scientific_name: Homo sapiens, common_name: [human]}]
imaging_method: [{id: "FBbi:00000251", label: confocal microscopy}]
contribution:
  - {position: 2, display_name: Romain Laine, person: {name: Romain Laine}}
  - {position: 1, display_name: Daniel Krentzel, person: {id: "orcid:0000-0002-1825-0097", name: Daniel Krentzel}}
related:
  - {link_to: EMPIAR-10819, link_relation: images_same_specimen, evidence_kind: prose, asserted_by: depositor,
     evidence_text: ["The FIB SEM data can be found on EMPIAR, entry # EMPIAR-10819."], confidence: 1.0}
---
accession: EMPIAR-10819
title: Benchmark FIB SEM data of HeLa cells previously imaged by Zeiss LSM900 Airyscan microscopy
issued: "2021-10-29"
organism: [{id: "NCBITaxon:9606", scientific_name: Homo sapiens}]
imaging_method:
  - {id: "FBbi:00050000", label: focussed ion beam scanning electron microscopy (FIB-SEM)}
byte_size: 91124559572
file_count: 5899
---
accession: EXAMPLE-0101
title: "Made up: confocal stack of cell 7"
issued: "2026-05"
organism: [{id: "NCBITaxon:9606", scientific_name: Homo sapiens}]
imaging_method: [{id: "FBbi:00000251", label: confocal microscopy}]
biosample: [{key: hela, title: HeLa cells, biological_entity: [adherent cells]}]
specimen:
  - {key: "cell 7", title: Cell 7, prepared_from: [biosample/hela], same_specimen_as: [EXAMPLE-0102/specimen/cell-7]}
acquisition: [{key: confocal, title: Confocal, imaging_method: [{id: "FBbi:00000251", label: confocal microscopy}]}]
image:
  - key: stack
    title: Stack
    of_specimen: [specimen/cell%207]
    generated_by: [acquisition/confocal]
    representation: [{format: TIFF, size_x: 1024, size_y: 1024,
      voxel_size: [{title: x, numeric_value: 80, unit_code: nm, value_si: 8.0e-08}]}]
  - {key: a.json, title: A key that ends like a suffix}
correlation:
  - key: cell-7
    title: Cell 7 twice
    has_member:
      - {member_image: EXAMPLE-0101/image/stack, attributed_to: depositor}
      - {member_image: EXAMPLE-0102/image/volume, attributed_to: depositor}
    has_transformation: [transform/lm--em]
coordinate_system:
  - {key: lm, title: Light space, has_axis: [{axis_name: z, axis_type: space, unit_code: um},
     {axis_name: y, axis_type: space, unit_code: um}, {axis_name: x, axis_type: space, unit_code: um}]}
transformation:
  - key: lm--em
    title: Light to electrons
    source_coordinate_system: cs/lm
    target_coordinate_system: EXAMPLE-0102/cs/em
    parameters: {type: affine, affine: [[-952.385, 37.784, -52.788, 1.0e-5], [37.2, 896.4, -402.4, -0.0],
      [-45.4, 400.8, 893.4, -42299.97]]}
    registered_by: {registration_method: landmark, software: Correlator}
    has_error: [{error_kind: FRE, statistic: rms, numeric_value: 53.1, unit_code: nm, sample_size: 8}]
---
accession: EXAMPLE-0102
title: "Made up: FIB-SEM of cell 7"
issued: "2026-04-02"
imaging_method_text: ["FIB-SEM, no term given"]
experiment_type: {id: "rembi:FibSemExperiment"}
scale: [{id: "rembi:CellScale"}]
data_size_text: 6.7 GB
component:
  - key: micrographs
    title: Micrographs
    file_set:
      - {key: micrographs, path_pattern: [data/cell7], format: TIFF, image_category: micrographs - single frame,
         image_count: 46, frames_per_image: 1, voxel_type: BIT, size_x: 1024, size_y: 768,
         voxel_size: [{title: x, numeric_value: 3.425, unit_code: Ao, value_si: 3.425e-10},
           {title: y, numeric_value: 3.425, unit_code: Ao, value_si: 3.425e-10}]}
image:
  - {key: volume, title: Volume, representation: [{format: OME-Zarr,
     voxel_size: [{title: x, numeric_value: 8, unit_code: nm, value_si: 8.0e-09}]}]}
coordinate_system:
  - {key: em, title: Electron space, has_axis: [{axis_name: z, axis_type: space, unit_code: nm},
     {axis_name: y, axis_type: space, unit_code: nm}, {axis_name: x, axis_type: space, unit_code: nm}]}
kept_value: [{pointer: /extra/thing, raw_text: kept as it is}]
---
accession: EXAMPLE-0104
title: A study that names what is not here
related:
  - {link_to: EMPIAR-99998, link_relation: images_same_specimen, evidence_kind: same_authors, asserted_by: inferred}
  - {link_to: S-BIAD4711, link_relation: part_of_same_experiment, evidence_kind: file_attribute,
     asserted_by: depositor, evidence_text: ["Associated IDs: S-BIAD4711"]}
  - {link_to: EXAMPLE-0105, link_relation: supersedes, evidence_kind: reference_field, asserted_by: archive}
  - {link_to: "https://www.ebi.ac.uk/emdb/EMD-1", link_relation: related, evidence_kind: links_section,
     asserted_by: depositor}
---
accession: EXAMPLE-0105
title: A study that is withdrawn later
"""


@dataclass(frozen=True)
class MadeUp:
    """The made-up catalogue: its home, and the plain facts that answers are compared with."""

    home: Any
    plain: list[dict[str, Any]]


def documents() -> list[dict[str, Any]]:
    studies = list(yaml.safe_load_all(STUDIES))
    studies.append(
        {
            "accession": "EXAMPLE-0103",
            "title": HOSTILE,
            "description": f"{HOSTILE} \x00\x1b[31m \udb40".encode("utf-8", "replace").decode(),
            "keyword": [HOSTILE, "=HYPERLINK(1)", '"><svg onload=alert(1)>'],
            "organism": [{"id": "NCBITaxon:7955", "scientific_name": "Danio rerio"}],
            "contribution": [{"position": 1, "display_name": "=cmd|' /C calc'!A0"}],
            "specimen": [{"key": "../../evil?x#y", "title": "\u202eTitle <b>"}],
        }
    )
    for number in range(40):
        study: dict[str, Any] = {
            "accession": f"EXAMPLE-{200 + number:04d}",
            "title": f"Generated study {number} of {'cells' if number % 3 else 'larvae'}",
            "issued": f"{2015 + number % 7}-0{1 + number % 9}-11",
        }
        study["organism"] = [
            t for t, wanted in ((HUMAN, number % 2), (FISH, number % 3), (YEAST, number % 5 == 0)) if wanted
        ]
        study["imaging_method"] = [
            t for t, wanted in ((CONFOCAL, number % 4), (FIBSEM, number % 6 == 0)) if wanted
        ]
        studies.append(study)
    return studies


def record(
    study: dict[str, Any], source: str = "rembigraph", extra: tuple[str, ...] = (), date: str = ""
) -> Any:
    """Return a canonical record of a plain study, with provenance and one validation result."""
    from rembigraph.catalogue.ingest import Incoming, source_record
    from rembigraph.catalogue.publish import CanonicalRecord
    from rembigraph.catalogue.rdf import to_nquads
    from rembigraph.catalogue.validation import ValidationReport, ValidationResult, report_quads
    from rembigraph.ontology.completion import complete
    from rembigraph.ontology.generated.models import Study
    from rembigraph.ontology.identifiers import Iris

    iris = Iris(DATA)
    body = json.dumps(study, sort_keys=True).encode()
    plain = json.loads(body)
    for each in plain.get("transformation", []):
        each["parameters"] = json.dumps(each["parameters"])
    complete(model := Study.model_validate(plain), source)
    incoming = Incoming(model, source, "yaml", body, 3, 1, 0, "original", "", "made-up", "1")
    result = ValidationResult(
        "Warning",
        iris.study(str(model.accession)),
        f"{DATA}p",
        f"{DATA}shape",
        "",
        "No licence is given.",
        "required",
    )
    graph = iris.record_graph(str(model.accession), source)
    quads = to_nquads([model], iris, graph) + to_nquads(
        [source_record(incoming, iris)], iris, iris.graph("provenance")
    )
    quads += report_quads(ValidationReport((result,)), iris, str(model.accession), source)
    lines = {*quads.split(b"\n"), *(f"{line} <{graph}> .".encode() for line in extra)} - {b""}
    return CanonicalRecord(
        str(model.accession),
        source,
        body,
        b"".join(line + b"\n" for line in sorted(lines)),
        "1",
        "original",
        date,
        "made-up",
    )


@pytest.fixture(scope="session", autouse=True)
def _kept_children() -> Iterator[None]:
    """Keep the processes that map documents from one test to the next: their start is half of a small load."""
    from rembigraph.app.parallel import kept_children

    with kept_children():
        yield


@pytest.fixture(scope="session")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> MadeUp:
    """A published catalogue of made-up studies; EXAMPLE-0105 is withdrawn. Tests must not write to it."""
    from rembigraph.catalogue.derive import derive
    from rembigraph.catalogue.home import Home
    from rembigraph.catalogue.publish import Withdrawal, Writer

    home = Home.init(tmp_path_factory.mktemp("made-up") / "catalogue", DATA)
    plain = documents()
    records = [record(study) for study in plain if study["accession"] != "EXAMPLE-0103"]
    hostile = next(study for study in plain if study["accession"] == "EXAMPLE-0103")
    subject = f"<{DATA}EXAMPLE-0103>"
    records.append(
        record(
            hostile,
            extra=(
                f"{subject} <http://www.w3.org/ns/dcat#landingPage> <javascript:alert(1)>",
                f"{subject} <http://purl.org/dc/terms/license> <javascript:alert(2)>",
                f"{subject} <https://w3id.org/rembigraph/ns#datasetDOI> <data:text/html,x>",
            ),
        )
    )
    second = {
        "accession": "EMPIAR-10819",
        "title": "Benchmark FIB SEM data of HeLa cells",
        "contribution": [
            {"position": 1, "display_name": "Peddie CJ"},
            {"position": 2, "display_name": "Domart MC"},
        ],
    }
    records.append(record(second, "gide"))
    with Writer(home, derive) as writer:
        writer.publish(records)
        writer.publish([], withdraw=[Withdrawal("EXAMPLE-0105", "made up twice", "EXAMPLE-0104")])
    served = [study for study in plain if study["accession"] != "EXAMPLE-0105"]
    return MadeUp(home, served)


@pytest.fixture
def snapshot(made_up: MadeUp) -> Iterator[Any]:
    """The newest snapshot of the made-up catalogue."""
    from rembigraph.catalogue.following import Reader

    reader = Reader(made_up.home)
    with reader.snapshot() as opened:
        yield opened
    reader.close()


@contextmanager
def running(make_app: Callable[[str], Any], lifespan: str = "off") -> Iterator[str]:
    """Run an application on a free port of loopback; give its address."""
    import uvicorn

    # With the protocol number, asyncio turns Nagle's algorithm off: 1 ms for an answer instead of 44.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    config = uvicorn.Config(
        make_app(address), log_level="warning", lifespan=lifespan, http="httptools", ws="none"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        while not server.started:
            if not thread.is_alive():
                raise RuntimeError("the server did not start")
            threading.Event().wait(0.02)
        yield address
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()


def pages_app(home: Any, public_url: str) -> Any:
    """Return an application with the pages and the error handlers, as the server has them."""
    from fastapi import FastAPI
    from rembigraph.app import problems
    from rembigraph.app.pages.rendering import make_renderer
    from rembigraph.app.pages.router import pages_router
    from rembigraph.catalogue.following import Reader

    render = make_renderer(public_url, DATA)
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    problems.install(app, render)
    app.include_router(pages_router(Reader(home), public_url=public_url, data_base=DATA, render=render))
    return app


@pytest.fixture(scope="session")
def pages_url(made_up: MadeUp) -> Iterator[str]:
    """Address of a running server of the made-up catalogue whose public address is another one."""
    with running(lambda _: pages_app(made_up.home, "https://catalogue.example")) as address:
        yield address


@pytest.fixture(scope="session")
def browser_url(made_up: MadeUp) -> Iterator[str]:
    """Address of a running server of the made-up catalogue, whole, that knows its own address."""
    from rembigraph.app.main import create_app
    from rembigraph.app.sparql.limits import QueryLimits

    with running(lambda address: create_app(made_up.home, address, QueryLimits()), lifespan="on") as address:
        yield address
