"""Places over HTTP and SPARQL: the worked cases as records of a running server, and what it refuses."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from rembigraph.app.main import create_app
from rembigraph.app.sparql.limits import QueryLimits
from rembigraph.catalogue.transforms.reading import read_transformation

from tests.conftest import running
from tests.correlation.made_places import ELECTRONS, LIGHT, RECORDS, X_RAYS
from tests.made_catalogue import DATA, made

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("REMBIGRAPH_SHARED") or ROOT.parent / "shared")
OPS = {"map_point", "path", "compose", "map_box", "invert"}
PREFER = {"lowest-error": "error", "fewest-hops": "hops"}
FUNCTIONS = "PREFIX f: <https://w3id.org/rembigraph/functions#>"


def cases() -> list[dict[str, Any]]:
    """The worked cases that ask for a place, and that a record can hold."""
    path = SHARED / "correlation-cases.json"
    every = json.loads(path.read_text(encoding="utf-8"))["cases"] if path.is_file() else []
    known = {case["id"]: case["given"] for case in every}
    found = []
    for case in every:
        given = {**known.get(case["given"].get("same_as", ""), {}), **case["given"]}
        ask, edges = case["ask"], given.get("edges") or "transformation" in given
        asked = "point" in ask or "box" in ask or ask["op"] == "compose"
        if ask["op"] in OPS and edges and asked and "file" not in given and "error" not in case["expect"]:
            found.append({**case, "given": given})
    return found


def ends(given: dict[str, Any], ask: dict[str, Any]) -> tuple[str, str]:
    """Names of the systems that a case asks about."""
    names = [system["name"] for system in given.get("coordinateSystems", [])] or ["in", "out"]
    return ask.get("from", names[0]), ask.get("to", names[-1])


def edges_of(given: dict[str, Any], ask: dict[str, Any]) -> list[dict[str, Any]]:
    if "edges" in given:
        return [{"id": f"e{at}", **edge} for at, edge in enumerate(given["edges"])]
    source, target = ends(given, ask)
    whole = {name: part for name, part in given["transformation"].items() if name not in ("input", "output")}
    return [{"id": "only", "from": source, "to": target, "transformation": whole}]


def record(case: dict[str, Any], accession: str) -> str:
    """A case as a made-up record."""
    given, ask = case["given"], case["ask"]
    edges = edges_of(given, ask)
    axes = {system["name"]: system["axes"] for system in given.get("coordinateSystems", [])}
    for edge in edges:
        transform = read_transformation(edge["transformation"])
        known = axes.get(edge["from"])
        count = transform.dimension(len(known) if known else given.get("ndim"))
        for end, size in ((edge["from"], count), (edge["to"], transform.output_dimension(count))):
            plain = [{"name": name, "type": "space", "unit": "micrometer"} for name in "zyx"[-size:]]
            axes.setdefault(end, plain)
    keys = {name: f"s{at}" for at, name in enumerate(axes)}
    systems = [
        {"key": keys[name], "title": name, "has_axis": list(map(axis, of))} for name, of in axes.items()
    ]
    study = {
        "accession": accession,
        "title": f"TEST, made up: case {case['id']}",
        "coordinate_system": systems,
        "transformation": [transformation(edge, keys) for edge in edges],
    }
    return yaml.safe_dump(json.loads(json.dumps(study)), sort_keys=False)


def axis(of: dict[str, Any]) -> dict[str, Any]:
    unit = {"unit_code": of["unit"]} if "unit" in of else {}
    return {"axis_name": of["name"], "axis_type": of["type"], **unit}


def transformation(edge: dict[str, Any], keys: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "key": edge["id"],
        "source_coordinate_system": f"cs/{keys[edge['from']]}",
        "target_coordinate_system": f"cs/{keys[edge['to']]}",
        "parameters": edge["transformation"],
    }
    if "error" in edge:
        stated = edge["error"]
        said = {"numeric_value": stated["rms"], "unit_code": stated["unit"], "error_kind": stated["kind"]}
        found["has_error"] = [{**said, "statistic": "rms", "measured_in": found["target_coordinate_system"]}]
    return found


CASES = {f"EXAMPLE-{1700 + at}": case for at, case in enumerate(cases())}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    documents = [yaml.safe_dump(node, sort_keys=False) for node in yaml.safe_load_all(RECORDS)]
    documents += [record(case, accession) for accession, case in CASES.items()]
    home = made(tmp_path_factory.mktemp("places") / "home", documents)
    with running(lambda address: create_app(home, address, QueryLimits()), lifespan="on") as address:
        yield address


def get(server: str, path: str, **parameters: Any) -> httpx.Response:
    return httpx.get(server + path, params=parameters, headers={"Accept": "application/json"}, timeout=30)


def system(accession: str, name: str) -> str:
    case = CASES[accession]
    edges = edges_of(case["given"], case["ask"])
    named = [one["name"] for one in case["given"].get("coordinateSystems", [])]
    order = dict.fromkeys([*named, *(end for edge in edges for end in (edge["from"], edge["to"]))])
    return f"{DATA}{accession}/cs/s{list(order).index(name)}"


def written(point: list[float]) -> str:
    return ",".join(map(repr, point))


def close(found: Any, expected: Any, tolerance: float) -> bool:
    if isinstance(expected, list):
        return len(found) == len(expected) and all(
            close(a, b, tolerance) for a, b in zip(found, expected, strict=True)
        )
    return bool(abs(found - expected) <= tolerance)


def test_there_are_twenty_cases() -> None:
    if not (SHARED / "correlation-cases.json").is_file():
        pytest.skip("the worked cases are not here (REMBIGRAPH_SHARED)")
    assert len(CASES) >= 20


@pytest.mark.parametrize("accession", CASES, ids=[case["id"] for case in CASES.values()])
def test_a_worked_case_over_http(server: str, accession: str) -> None:
    case = CASES[accession]
    ask, expect, tolerance = case["ask"], case["expect"], case["tolerance"]["abs"]
    source, target = (system(accession, name) for name in ends(case["given"], ask))
    parameters: dict[str, Any] = {"from": source, "to": target}
    if "point" in ask:
        parameters["point"] = written(ask["point"])
    if "box" in ask:
        parameters["box"] = f"{written(ask['box']['min'])};{written(ask['box']['max'])}"
    if "prefer" in ask:
        parameters["prefer"] = PREFER.get(ask["prefer"], ask["prefer"])
    answer = get(server, "/transform", **parameters)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    for key, value in {"point": expect.get("point"), "forward_point": expect.get("forward_point")}.items():
        assert value is None or close(found["points"][0]["point"], value, tolerance), key
    check_path(found["path"], ask, expect, tolerance)
    if "closure_error_at_point" in expect:
        assert found["points"][0]["closure_error"] == pytest.approx(expect["closure_error_at_point"])
    if "corners" in expect:
        assert close(found["boxes"][0]["corners"], expect["corners"], tolerance)
        assert close(found["boxes"][0]["box"]["max"], expect["aabb"]["max"], tolerance)
    if "roundtrip_point" in expect:
        there = written(found["points"][0]["point"])
        back = get(server, "/transform", **{"from": target, "to": source, "point": there}).json()
        assert close(back["points"][0]["point"], expect["roundtrip_point"], max(tolerance, 1e-9))


def check_path(path: dict[str, Any], ask: dict[str, Any], expect: dict[str, Any], tolerance: float) -> None:
    if "affine" in expect:
        assert close(path["affine"], expect["affine"], tolerance)
    if "path" in expect and ask["op"] == "path":
        steps = [[s["transformation"].rsplit("/", 1)[-1], s["direction"]] for s in path["steps"]]
        assert steps == expect["path"]
    if "predicted_rms" in expect:
        assert path["rms"] == pytest.approx(expect["predicted_rms"])


def ask_sparql(server: str, query: str) -> list[dict[str, Any]]:
    answer = httpx.get(
        f"{server}/sparql",
        params={"query": f"{FUNCTIONS} PREFIX rembi: <https://w3id.org/rembigraph/ns#> {query}"},
        headers={"Accept": "application/sparql-results+json"},
        timeout=30,
    )
    assert answer.status_code == 200, answer.text
    bindings: list[dict[str, Any]] = answer.json()["results"]["bindings"]
    return bindings


@pytest.mark.parametrize("accession", CASES, ids=[case["id"] for case in CASES.values()])
def test_a_worked_case_in_sparql(server: str, accession: str) -> None:
    """The functions compute, the query says along which transformations."""
    case = CASES[accession]
    ask, expect, tolerance = case["ask"], case["expect"], case["tolerance"]["abs"]
    edges = edges_of(case["given"], ask)
    chosen = expect.get("path") or [[edge["id"], "forward"] for edge in edges]
    steps = [(f"<{DATA}{accession}/transform/{key}>", direction) for key, direction in chosen]
    for start, expected in _places(case):
        value, lines = f'"{json.dumps(start)}"', []
        for at, (iri, direction) in enumerate(steps):
            name = "mapPoint" if direction == "forward" else "mapPointBack"
            lines.append(f"{iri} rembi:parameters ?t{at} . BIND (f:{name}(?t{at}, {value}) AS ?p{at})")
            value = f"?p{at}"
        back = (
            f"BIND (f:mapPointBack(?t0, {value}) AS ?back)"
            if "roundtrip_point" in expect and len(steps) == 1
            else ""
        )
        (row,) = ask_sparql(server, f"SELECT ({value} AS ?place) ?back WHERE {{ {' '.join(lines)} {back} }}")
        assert close(json.loads(row["place"]["value"]), expected, tolerance)
        if back:
            assert close(json.loads(row["back"]["value"]), expect["roundtrip_point"], max(tolerance, 1e-9))


def _places(case: dict[str, Any]) -> list[tuple[list[float], list[float]]]:
    """Points that a case names, with where they must lie."""
    ask, expect = case["ask"], case["expect"]
    if "box" in ask:
        low, high = ask["box"]["min"], ask["box"]["max"]
        return [(low, expect["corners"][0]), (high, expect["corners"][-1])]
    if "affine" in expect and "point" not in expect:
        axes = len(expect["affine"][0]) - 1
        return [([0.0] * axes, [row[-1] for row in expect["affine"]])]
    place = expect["point"] if "point" in expect else expect["forward_point"]
    return [(ask["point"], place)]


@pytest.mark.slow
def test_functions_leave_unbound_what_they_cannot_compute(server: str) -> None:
    scale = '"""{\\"type\\": \\"scale\\", \\"scale\\": [2, 4]}"""'
    flat = '"""{\\"type\\": \\"affine\\", \\"affine\\": [[1, 1, 0], [1, 1, 0]]}"""'
    (row,) = ask_sparql(
        server,
        f"""SELECT (f:mapPoint({scale}, "[1, 2, 3]") AS ?a) (f:mapPoint("x", "[1]") AS ?b) (f:inverse({flat}) AS ?c)
        (f:mapPoint({scale}, "[1e999, 0]") AS ?d) (f:coordinate("[1, 2]", 9) AS ?e) (f:mapPoint({scale}) AS ?f)
        (f:inverse({scale}) AS ?inverse) (f:compose({scale}, {scale}) AS ?both) (f:distance("[0,0]", "[3,4]") AS ?five)
        WHERE {{}}""",
    )
    assert set(row) == {"inverse", "both", "five"}
    assert json.loads(row["inverse"]["value"])["affine"] == [[0.5, 0, 0], [0, 0.25, 0]]
    assert json.loads(row["both"]["value"])["affine"] == [[4, 0, 0], [0, 16, 0]]
    assert float(row["five"]["value"]) == 5


def test_the_functions_are_in_the_service_description(server: str) -> None:
    told = httpx.get(f"{server}/sparql", headers={"Accept": "application/n-triples"}).text
    assert told.count("sparql-service-description#extensionFunction") == 6
    assert "https://w3id.org/rembigraph/functions#mapPoint" in told


LM, EM = f"{LIGHT}/cs/lm", f"{ELECTRONS}/cs/em"


@pytest.mark.parametrize(
    ("path", "parameters", "status", "code"),
    [
        ("/transform", {}, 400, "usage"),
        ("/transform", {"from": LM}, 400, "usage"),
        ("/transform", {"from": LM, "to": f"{LIGHT}/cs/lost"}, 404, "no-path"),
        ("/transform", {"from": LM, "to": "x" * 2001}, 400, "usage"),
        ("/transform", {"from": LM, "to": EM, "point": "1,2"}, 422, "dimension-mismatch"),
        ("/transform", {"from": LM, "to": EM, "point": "nan,1,1"}, 422, "not-finite"),
        ("/transform", {"from": LM, "to": EM, "point": "1e200,1,1"}, 422, "out-of-range"),
        ("/transform", {"from": LM, "to": EM, "point": "1;DROP,2,3"}, 422, "not-a-number"),
        ("/transform", {"from": LM, "to": EM, "point": ",".join("1" * 400)}, 422, "too-many-axes"),
        ("/transform", {"from": LM, "to": EM, "point": ["1,1,1"] * 1001}, 400, "usage"),
        ("/transform", {"from": LM, "to": EM, "box": "1,1,1"}, 422, "not-a-box"),
        ("/transform", {"from": LM, "to": EM, "polygon": "1,1,1;2,2,2"}, 422, "not-a-polygon"),
        ("/transform", {"from": LM, "to": EM, "prefer": "luck"}, 422, "unknown-preference"),
        ("/transform", {"from": LM, "to": EM, "via": [LM] * 17}, 422, "too-many-stops"),
        ("/transform", {"from": LM, "to": EM, "format": "exe"}, 406, "not-acceptable"),
        ("/correlations", {"grade": "best"}, 400, "usage"),
        ("/correlations", {"study": "nothing"}, 400, "usage"),
        ("/correlations", {"page": "0"}, 400, "usage"),
        ("/correlations/covering", {"system": LM}, 400, "usage"),
        ("/correlations/covering", {"system": LM, "box": "0,0;1,1"}, 422, "dimension-mismatch"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_words(
    server: str, path: str, parameters: dict[str, Any], status: int, code: str
) -> None:
    answer = get(server, path, **parameters)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert len(answer.json()["detail"]) > 10
    page = httpx.get(server + path, params=parameters, headers={"Accept": "text/html"})
    assert page.status_code in {status, 200 if not parameters else status}
    assert "Traceback" not in page.text


def post(server: str, body: Any, kind: str = "application/json") -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return httpx.post(server + "/transform", content=content, headers={"Content-Type": kind}, timeout=30)


def test_many_places_are_answered_as_each_is(server: str) -> None:
    """Thousands of places get what an address says of each: inside of the landmarks, far off, at one of them."""
    asked = [[1.5, 2, 4], [1000, -3.25, 4], [8, 8, 8]]
    ends = {"from": LM, "to": EM}
    place = {"min": [1, 21, 4], "max": [2, 22, 5]}
    body = {**ends, "points": asked * 3000, "boxes": [place], "polygons": [asked], "alternatives": True}
    answer = post(server, body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["access-control-allow-origin"] == "*"
    found = answer.json()
    assert found["points"][3:] == found["points"][:-3]
    single = get(
        server,
        "/transform",
        **ends,
        point=[written(one) for one in asked],
        box=f"{written(place['min'])};{written(place['max'])}",
        polygon=";".join(map(written, asked)),
        alternatives="yes",
    ).json()
    assert {**found, "points": found["points"][:3]} == single
    assert [one["extrapolated"] for one in single["points"]] == [False, True, False]
    assert post(server, ends).json()["points"] == []


BROKEN_BODIES = [
    (b"", 400, "usage"),
    (b"[" * 200_000, 400, "usage"),
    (b"\xff\xfe", 400, "usage"),
    ([], 400, "usage"),
    ({"from": LM}, 400, "usage"),
    ({"from": LM, "to": 7}, 400, "usage"),
    ({"from": LM, "to": "x" * 2001}, 400, "usage"),
    ({"from": LM, "to": EM, "point": [1, 1, 1]}, 400, "usage"),
    ({"from": LM, "to": EM, "boxes": {}}, 400, "usage"),
    ({"from": LM, "to": EM, "alternatives": "yes"}, 400, "usage"),
    ({"from": LM, "to": EM, "prefer": None}, 400, "usage"),
    ({"from": LM, "to": EM, "points": [[1e149, 1e149, 1e149]]}, 422, "not-finite"),
    ({"from": LM, "to": EM, "via": ["x"] * 1001}, 400, "usage"),
    ({"from": LM, "to": EM, "via": [LM] * 17}, 422, "too-many-stops"),
    ({"from": LM, "to": EM, "points": {}}, 422, "not-a-vector"),
    ({"from": LM, "to": EM, "points": [[1, 1]]}, 422, "dimension-mismatch"),
    ({"from": LM, "to": EM, "points": [[1, 1, 1], [1, 1]]}, 422, "ragged-points"),
    ({"from": LM, "to": EM, "points": [[1, 1, "1"]]}, 422, "not-a-number"),
    ({"from": LM, "to": EM, "points": [[1, 1, True]]}, 422, "not-a-number"),
    ({"from": LM, "to": EM, "points": [[1, 1, float("nan")]]}, 422, "not-finite"),
    ({"from": LM, "to": EM, "points": [[1, 1, 10**400]]}, 422, "out-of-range"),
    ({"from": LM, "to": EM, "points": [[1, 1, 1e200]]}, 422, "out-of-range"),
    ({"from": LM, "to": EM, "points": [[1, 1, 1]] * 20_001}, 422, "too-many-points"),
    ({"from": LM, "to": EM, "boxes": [[1, 1, 1]]}, 422, "not-a-box"),
    ({"from": LM, "to": EM, "polygons": [[[1, 1, 1]] * 2]}, 422, "not-a-polygon"),
    ({"from": LM, "to": EM, "polygons": [[]]}, 422, "not-a-polygon"),
    ({"from": LM, "to": f"{LIGHT}/cs/lost"}, 404, "no-path"),
]


@pytest.mark.parametrize(("body", "status", "code"), BROKEN_BODIES)
def test_a_body_that_cannot_be_answered_is_refused_in_words(
    server: str, body: Any, status: int, code: str
) -> None:
    answer = post(server, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert len(answer.json()["detail"]) > 10


def test_a_body_is_json_and_not_too_long(server: str) -> None:
    assert post(server, {"from": LM, "to": EM}, "text/plain").status_code == 415
    assert post(server, b" " * (4 * 1024 * 1024 + 1)).status_code == 413
    told = httpx.options(server + "/transform").headers
    assert "POST" in told["access-control-allow-methods"]
    assert "Content-Type" in told["access-control-allow-headers"]


def test_every_step_names_its_record_and_documents(server: str) -> None:
    (step,) = get(server, "/transform", **{"from": LM, "to": EM}).json()["path"]["steps"]
    assert step["record"] == LIGHT
    assert step["documents"] == ["https://example.org/registration.tfm"]
    assert [one["source"] for one in step["sources"]] == ["rembigraph"]
    assert len(step["sources"][0]["sha256"]) == 64


def test_correlations_are_listed_with_what_they_lack(server: str) -> None:
    found = get(server, "/correlations", study=X_RAYS).json()
    assert {one["study"] for one in found["correlations"]} == {LIGHT, X_RAYS}
    cell = next(one for one in found["correlations"] if one["study"] == LIGHT)
    assert [member["state"] for member in cell["members"]] == ["resolved", "resolved", "dangling"]
    assert any("EMPIAR-99990 has no record" in line for line in cell["lacking"])
    assert any("has been replaced by" in line for line in cell["lacking"])
    only = get(server, "/correlations", grade="transform").json()
    assert [(one["grade"], one["stated_grade"]) for one in only["correlations"]] == [
        ("transform", "transform_with_error")
    ]


def test_images_that_cover_a_place(server: str) -> None:
    found = get(server, "/correlations/covering", system=LM, box="1,21,4;2,22,5").json()
    shares = {one["image"].removeprefix(DATA): one["share_of_place"] for one in found["images"]}
    assert shares[f"{LIGHT}/image/stack"] == 1.0
    assert shares[f"{ELECTRONS}/image/volume"] == 1.0


def test_health_says_what_its_query_says(server: str) -> None:
    found = get(server, "/correlations/health").json()
    answer = httpx.get(
        f"{server}/sparql",
        params={"query": found["query"]},
        headers={"Accept": "application/sparql-results+json"},
    )
    rows = [
        (
            row["archive"]["value"].rsplit("#", 1)[-1],
            row["year"]["value"] if "year" in row else None,
            row["grade"]["value"],
            int(row["studies"]["value"]),
        )
        for row in answer.json()["results"]["bindings"]
    ]
    assert rows == [
        tuple(row[name] for name in ("archive", "year", "grade", "studies")) for row in found["rows"]
    ]
    assert found["studies"] == 3


def test_the_page_of_a_correlation_says_what_is_there_and_what_is_not(server: str) -> None:
    page = httpx.get(f"{server}/{LIGHT}/correlation/cell", headers={"Accept": "text/html"}).text
    for words in (
        "± 60 nanometer",
        "no record here",
        "Fields of view to scale",
        "by hand, then by landmarks",
        "<bdi>stack</bdi> is not in it: no address of the pixels",
    ):
        assert words in page
    assert page.count("<polygon") >= 2
    data = httpx.get(f"{server}/{LIGHT}/correlation/cell.ttl")
    assert "spatialAndTemporalAlignment" in data.text
