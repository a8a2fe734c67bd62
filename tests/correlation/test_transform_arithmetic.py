"""Arithmetic against scipy and SimpleITK, laws that hold for any transformation, and hostile input."""

from __future__ import annotations

import json
import math
import time
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rembigraph.catalogue.transforms import (
    TransformRefused,
    canonical_unit,
    describe,
    fit,
    leave_one_out,
    parse_transformation,
    run_case,
    unit_factor,
)
from rembigraph.catalogue.transforms.affine import condition_number, invert, is_invertible
from rembigraph.catalogue.transforms.fields import field_data
from rembigraph.catalogue.transforms.hull import Hull

NUMBERS = st.floats(-100, 100, allow_nan=False)
VECTORS = st.lists(NUMBERS, min_size=3, max_size=3)
LINEAR = st.one_of(
    VECTORS.map(lambda shift: {"type": "translation", "translation": shift}),
    st.lists(st.floats(0.01, 100), min_size=3, max_size=3).map(lambda by: {"type": "scale", "scale": by}),
    st.permutations([0, 1, 2]).map(lambda order: {"type": "mapAxis", "mapAxis": list(order)}),
    st.just({"type": "identity"}),
    st.floats(-3, 3).map(
        lambda a: {
            "type": "rotation",
            "rotation": [[1, 0, 0], [0, math.cos(a), -math.sin(a)], [0, math.sin(a), math.cos(a)]],
        }
    ),
    NUMBERS.map(lambda k: {"type": "affine", "affine": [[-1, k, 0, 1], [0, 1, 0, 2], [0, 0, 2, 3]]}),
)
CHAINS = st.lists(LINEAR, min_size=1, max_size=6).map(
    lambda parts: {"type": "sequence", "transformations": parts}
)


@given(CHAINS, VECTORS)
@settings(max_examples=150, deadline=None)
def test_a_chain_is_its_matrix_and_its_inverse_undoes_it(chain: dict, point: list[float]) -> None:
    transform = parse_transformation(chain, 3, 3)
    there = transform.apply(np.array([point]))
    matrix = transform.affine(3)
    assert np.allclose(there[0], matrix[:, :-1] @ point + matrix[:, -1], rtol=1e-9, atol=1e-6)
    if condition_number(matrix) < 1e8:
        back = transform.inverse(3).apply(there)
        assert np.allclose(back[0], point, atol=1e-5 * (1 + condition_number(matrix)))


@given(CHAINS)
@settings(max_examples=50, deadline=None)
def test_parameters_are_kept_as_they_came(chain: dict) -> None:
    assert parse_transformation(chain).parameters() == chain
    assert (
        describe(chain, 3, 3).parameters_hash == describe(json.loads(json.dumps(chain)), 3, 3).parameters_hash
    )


def test_mirrored_sheared_and_scaled_chains_give_exact_matrices() -> None:
    mirror = {"type": "affine", "affine": [[-1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]}
    shear = {"type": "affine", "affine": [[1, 0.5, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]}
    double = {"type": "scale", "scale": [2, 2, 2]}
    found = parse_transformation({"type": "sequence", "transformations": [mirror, shear, double]})
    assert found.affine(3).tolist() == [[-2, 1, 0, 0], [0, 2, 0, 0], [0, 0, 2, 0]]
    assert describe(found.parameters()).mirrored is True


def test_fits_against_scipy_and_simpleitk() -> None:
    rotation = pytest.importorskip("scipy.spatial.transform").Rotation
    chance = np.random.default_rng(1)
    source = chance.normal(0, 10, (8, 3))
    turn = rotation.from_euler("xyz", [20, -35, 70], degrees=True)
    target = turn.apply(source) + np.array([1, 2, 3]) + chance.normal(0, 0.1, (8, 3))
    found = fit(source, target, "rigid")
    middle, other = source - source.mean(axis=0), target - target.mean(axis=0)
    assert np.allclose(found.affine[:, :3], rotation.align_vectors(other, middle)[0].as_matrix())
    itk = pytest.importorskip("SimpleITK")
    start = itk.LandmarkBasedTransformInitializer(
        itk.VersorRigid3DTransform(), source.ravel().tolist(), target.ravel().tolist()
    )
    assert np.allclose(
        start.TransformPoint([5.0, -4.0, 3.0]), found.affine[:, :3] @ [5, -4, 3] + found.affine[:, 3]
    )


GRID = np.array(list(product(range(6), repeat=3)), dtype=float)


@pytest.mark.parametrize(
    ("landmarks", "spread"),
    [
        (np.random.default_rng(2).normal(0, 1, (12, 3)), 1.2),
        (np.random.default_rng(3).normal(0, 1, (400, 2)), 3),
        (np.repeat(GRID, 2, axis=0), 3),
        (GRID * [1, 1e-4, 1] + 1e6, [3, 3e-4, 3]),
        (np.random.default_rng(4).integers(0, 3, (9, 4)).astype(float), 1),
    ],
    ids=["few", "plane", "grid", "thin and far", "four axes"],
)
def test_the_hull_against_scipy(landmarks: np.ndarray, spread: float) -> None:
    delaunay = pytest.importorskip("scipy.spatial").Delaunay
    chance = np.random.default_rng(5)
    asked = landmarks.mean(axis=0) + chance.normal(0, 1, (300, landmarks.shape[1])) * spread
    outside = delaunay(landmarks).find_simplex(asked) < 0
    assert 0 < outside.sum() < 300
    assert Hull(landmarks).is_outside(asked).tolist() == outside.tolist()
    assert not Hull(landmarks).is_outside(landmarks).any()


@pytest.mark.parametrize(
    "corners", [[[1, 2, 3]], [[1, 2, 3]] * 3, [[0, 2, 3], [2, 2, 3]], [[0, 0, 3], [2, 4, 3], [1, 2, 3]]]
)
def test_the_hull_of_points_in_a_point_and_a_line(corners: list[list[float]]) -> None:
    asked = np.array([[1, 2, 3], [1, 2, 3.001], [1, 2.001, 3], [3, 6, 3]], dtype=float)
    assert Hull(np.array(corners, dtype=float)).is_outside(asked).tolist() == [False, True, True, True]


def test_the_hull_of_points_in_a_plane() -> None:
    corners = np.array([[0, 0, 0], [4, 0, 4], [0, 4, 0], [4, 4, 4]], dtype=float)
    asked = np.array([[2, 2, 2], [2, 2, 2.001], [-1, 2, -1], [4, 4, 4]], dtype=float)
    assert Hull(corners).is_outside(asked).tolist() == [False, True, True, False]


def test_a_field_against_scipy() -> None:
    map_coordinates = pytest.importorskip("scipy.ndimage").map_coordinates
    chance = np.random.default_rng(4)
    vectors = chance.normal(size=(5, 6, 7, 3))
    asked = chance.uniform(0, 4, (50, 3))
    found = field_data(vectors).at(asked)
    expected = [map_coordinates(vectors[..., part], asked.T, order=1) for part in range(3)]
    assert np.allclose(found, np.array(expected).T)


@pytest.mark.parametrize("where", [(0, 0, 0), (30, 0, 0), (100, 100, 100)])
def test_the_error_at_a_point_against_simulation(where: tuple[float, ...]) -> None:
    chance = np.random.default_rng(5)
    source = chance.uniform(-10, 10, (6, 3))
    distances, variances = [], []
    for _ in range(1500):
        found = fit(source, source + chance.normal(0, 0.1, source.shape), "rigid")
        distances.append(np.linalg.norm(found.affine[:, :3] @ where + found.affine[:, 3] - where))
        variances.append(found.error_at(np.array([where], dtype=float))[0] ** 2)
    assert np.sqrt(np.mean(variances)) == pytest.approx(np.sqrt(np.mean(np.square(distances))), rel=0.06)


def test_leaving_one_out_is_a_fit_to_the_others() -> None:
    chance = np.random.default_rng(6)
    source = chance.normal(0, 10, (6, 2))
    target = source * 2 + chance.normal(0, 0.1, (6, 2))
    rest = fit(source[1:], target[1:], "affine")
    expected = np.linalg.norm(rest.affine[:, :2] @ source[0] + rest.affine[:, 2] - target[0])
    assert leave_one_out(source, target, "affine")[0] == pytest.approx(expected)


def test_condition_and_not_determinant_decides() -> None:
    assert is_invertible(np.column_stack((np.eye(3) * 1e-9, np.zeros(3))))
    assert is_invertible(np.array([[1e-9, 0, 0], [0, 3600, 0]]))
    assert not is_invertible(np.array([[1, 1, 0], [1, 1 + 2e-16, 0]]))
    with pytest.raises(TransformRefused, match="singular"):
        invert(np.array([[1, 1, 0], [1, 1 + 2e-16, 0]]))


@pytest.mark.parametrize("unit", ["parsnip", "", "MM", "nmm", None, 3, "x" * 10_000])
def test_an_unknown_unit_is_refused(unit) -> None:
    with pytest.raises(TransformRefused) as refused:
        canonical_unit(unit)
    assert refused.value.code == "unknown-unit"
    assert len(str(refused.value)) < 300


def test_units_by_size_and_kind() -> None:
    assert unit_factor("Å", "nm") == pytest.approx(0.1)
    assert unit_factor("Mm", "mm") == pytest.approx(1e9)
    assert unit_factor("Micrometres", "um") == 1
    with pytest.raises(TransformRefused, match="length"):
        unit_factor("nm", "s")
    with pytest.raises(TransformRefused, match="no size"):
        unit_factor("pixel", "nm")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just(10**400),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
KINDS = ("identity", "mapAxis", "projectAxis", "translation", "scale", "affine", "rotation", "sequence")
KINDS += ("displacements", "coordinates", "byDimension", "bijection")
KEYS = (
    *KINDS,
    "transformations",
    "forward",
    "inverse",
    "path",
    "createdOutputs",
    "droppedInputs",
    "inputAxes",
)
MANGLED = st.builds(
    lambda kind, rest: {**rest, "type": kind},
    st.sampled_from(KINDS),
    st.dictionaries(st.sampled_from(KEYS), JSON),
)
OPERATIONS = (
    "map_point",
    "path",
    "compose",
    "invert",
    "validate",
    "to_affine",
    "map_box",
    "fit",
    "loo_tre",
    "export",
)


@pytest.mark.parametrize("model", ["rigid", "similarity", "affine"])
@pytest.mark.parametrize("operation", ["fit", "loo_tre"])
def test_one_landmark_tells_no_map(operation: str, model: str) -> None:
    given = {"source": [[1, 2, 3]], "target": [[1, 2, 3]]}
    assert (
        run_case({"given": given, "ask": {"op": operation, "model": model}})["error"]
        == "degenerate-landmarks"
    )


@given(MANGLED | JSON, JSON, st.sampled_from(OPERATIONS))
@settings(max_examples=400, deadline=2000)
def test_mangled_input_is_answered_in_words(transformation, anything, operation: str) -> None:
    edges = [{"from": "A", "to": "B", "transformation": transformation}]
    held = {
        "transformation": transformation,
        "edges": edges,
        "ndim": 3,
        "source": anything,
        "target": anything,
    }
    ask = {"op": operation, "from": "A", "to": "B", "point": anything, "box": anything, "model": "affine"}
    answer = run_case({"given": held, "ask": ask})
    assert isinstance(answer, dict)
    if "error" in answer and "message" in answer:
        assert len(answer["message"]) < 1000


NESTED: dict = {"type": "identity"}
for _ in range(500):
    NESTED = {"type": "sequence", "transformations": [NESTED]}
ENDLESS: dict = {"type": "sequence", "transformations": []}
ENDLESS["transformations"].append(ENDLESS)

HOSTILE = {
    "not-finite": {"type": "translation", "translation": [math.nan, 0, 0]},
    "out-of-range": {"type": "scale", "scale": [10**400, 1, 1]},
    "ragged-matrix": {"type": "affine", "affine": [[1, 0, 0, 0], [0, 1]]},
    "too-many-steps": {"type": "sequence", "transformations": [{"type": "identity"}] * 10_000},
    "too-deep": NESTED,
    "too-many-axes": {"type": "translation", "translation": [0] * 100_000},
    "empty-sequence": {"type": "sequence", "transformations": []},
    "unknown-type": {"type": "thin-plate-spline"},
    "not-a-number": {"type": "scale", "scale": ["1", "1", "1"]},
    "rotation-not-orthonormal": {"type": "rotation", "rotation": [[2, 0], [0, 2]]},
    "vector-length": {"type": "sequence", "transformations": [{"type": "scale", "scale": [1, 1]}]},
    "output-axis-missing": {
        "type": "byDimension",
        "transformations": [{"transformation": {"type": "identity"}, "inputAxes": [0], "outputAxes": [1]}],
    },
}


@pytest.mark.parametrize("code", HOSTILE)
def test_hostile_transformations_are_refused_quickly(code: str) -> None:
    begun = time.perf_counter()
    axes = 2 if code.startswith("rotation") else 3
    with pytest.raises(TransformRefused) as refused:
        parse_transformation(HOSTILE[code], axes, axes)
    assert refused.value.code == code
    assert time.perf_counter() - begun < 20


def test_a_transformation_that_holds_itself_is_refused() -> None:
    with pytest.raises(TransformRefused, match="deeper"):
        parse_transformation(ENDLESS)


def test_numbers_that_overflow_on_the_way_are_refused() -> None:
    huge = {"type": "sequence", "transformations": [{"type": "scale", "scale": [1e140]}] * 5}
    with pytest.raises(TransformRefused, match="infinite"):
        parse_transformation(huge).apply(np.array([[1e140]]))
