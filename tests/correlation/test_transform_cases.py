"""Every worked case of `correlation-cases.json`, or of the file that `--cases` names, within its tolerance."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from rembigraph.catalogue.transforms import run_case

ROOT = Path(__file__).resolve().parents[2]


def _shared() -> Path:
    return Path(os.environ.get("REMBIGRAPH_SHARED") or ROOT.parent / "shared")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    path = Path(metafunc.config.getoption("--cases") or _shared() / "correlation-cases.json")
    cases = json.loads(path.read_text(encoding="utf-8"))["cases"] if path.is_file() else []
    known = {case["id"]: case for case in cases}
    metafunc.parametrize(
        "case", [_resolved(case, known) for case in cases], ids=[case["id"] for case in cases]
    )


def _resolved(case: dict, known: dict) -> dict:
    other = known.get(case["given"].get("same_as", ""))
    if other is None:
        return case
    kept = {key: part for key, part in case["given"].items() if key != "same_as"}
    return {**case, "given": {**other["given"], **kept}}


def _absent(case: dict) -> str:
    """Why a case cannot be run here: a file or a case that it rests on is not at hand."""
    file = case["given"].get("file")
    if file and not (_shared() / file).is_file():
        return f"{file} is not in the shared folder"
    return f"case {case['given']['same_as']} is not in this file" if "same_as" in case["given"] else ""


def _differences(expected, found, tolerance: float, where: str = ""):
    if isinstance(expected, dict):
        for key, value in expected.items():
            if not isinstance(found, dict) or key not in found:
                yield f"{where}/{key} is missing"
            else:
                yield from _differences(value, found[key], tolerance, f"{where}/{key}")
    elif isinstance(expected, list):
        if not isinstance(found, list) or len(found) != len(expected):
            yield f"{where}: {found!r} is not of the length of {expected!r}"
        else:
            for at, (one, other) in enumerate(zip(expected, found, strict=True)):
                yield from _differences(one, other, tolerance, f"{where}/{at}")
    elif isinstance(expected, int | float) and not isinstance(expected, bool):
        if not isinstance(found, int | float) or not abs(found - expected) <= tolerance:
            yield f"{where}: {found!r} instead of {expected!r}"
    elif expected != found:
        yield f"{where}: {found!r} instead of {expected!r}"


def _facing(expect: dict, found: dict) -> tuple[dict, dict]:
    """Bring what is defined up to a sign or by a bound to one form."""
    expect = dict(expect)
    key = "unit_normal_up_to_sign"
    if key in expect and sum(a * b for a, b in zip(expect[key], found[key], strict=True)) < 0:
        expect[key] = [-part for part in expect[key]]
    bound = expect.pop("affine_legs_max_deviation_below", None)
    if bound is not None:
        assert found["affine_legs_max_deviation"] < bound
    return expect, found


def test_the_case_is_answered(case: dict) -> None:
    if absent := _absent(case):
        pytest.skip(absent)
    expect, found = _facing(case["expect"], run_case(case))
    assert list(_differences(expect, found, case["tolerance"]["abs"])) == [], found.get("message")
