"""What is written can be read again: the same numbers where a format can hold them, a refusal where it cannot."""

from __future__ import annotations

import json
from pathlib import Path as File

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rembigraph.app.transform_files import Stated, TransformRefused, read_transform_file
from rembigraph.catalogue.correlation import Step, StepError, SystemGraph, find_path
from rembigraph.catalogue.correlation.exports import (
    FORMATS,
    Image,
    Member,
    Placed,
    export_path,
    viewer_address,
    write_bdv,
    write_landmarks,
    write_mobie,
    write_neuroglancer,
    write_scene,
)
from rembigraph.catalogue.transforms import parse_transformation, read_system
from rembigraph.ontology.transform_documents import LandmarkRow

LM, EM = "https://example.org/TEST-LM/physical", "https://example.org/TEST-EM/physical"
IMAGE = Image("TEST-LM", "zarr://https://example.org/TEST-LM.zarr")
MANY = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))

numbers = st.floats(-1e6, 1e6, allow_nan=False).map(lambda one: 0.0 if one == 0 else one)


def affines(rows: int = 3, columns: int = 4):
    return st.lists(st.lists(numbers, min_size=columns, max_size=columns), min_size=rows, max_size=rows)


def system(key: str, axes: str = "zyx", unit: str = "micrometer", kind: str = "space"):
    units = {"unit": unit} if unit else {}
    return read_system({"name": key, "axes": [{"name": axis, "type": kind, **units} for axis in axes]})


def path_of(parameters, source=None, target=None, error=None):
    systems = {LM: source or system(LM), EM: target or system(EM)}
    transform = parse_transformation(parameters, systems[LM].dimension, systems[EM].dimension)
    step = Step("https://example.org/TEST-LM/to-em", LM, EM, transform, error=error)
    return find_path(SystemGraph(systems, [step]), LM, EM)


def affine(rows):
    return {"type": "affine", "affine": rows}


def read_back(export, **stated):
    return read_transform_file(export.content, f"again{export.suffix}", stated=Stated(**stated))


def only_affine(found, at: int = -1):
    step = found.steps[at]
    return step.transform.affine(found.systems[step.source].dimension)


@MANY
@given(affines())
def test_a_matrix_survives_mobie_bdv_itk_and_text_to_the_last_bit(rows):
    path = path_of(affine(rows))
    for name in ("mobie", "bdv-xml", "itk", "matrix"):
        found = read_back(export_path(path, name, IMAGE), unit="micrometer")
        assert np.array_equal(only_affine(found), np.array(rows)), name


@MANY
@given(affines(), st.permutations("xyz"), st.permutations("xyz"))
def test_axes_in_any_order_mean_the_same_map(rows, before, after):
    path = path_of(affine(rows), system(LM, before), system(EM, after))
    there = path.apply(np.array([[1.0, 2.0, 3.0]]))[0]
    found = read_back(export_path(path, "mobie", IMAGE))
    point = np.array([[1.0, 2.0, 3.0]])[:, [before.index(axis) for axis in "zyx"]]
    again = found.steps[0].transform.apply(point)[0]
    assert np.allclose(again, there[[after.index(axis) for axis in "zyx"]], rtol=1e-12, atol=1e-6)


@MANY
@given(
    affines(), st.sampled_from(["nanometer", "micrometer", "angstrom"]), st.sampled_from(["micrometer", "mm"])
)
def test_neuroglancer_keeps_a_map_between_units(rows, before, after):
    path = path_of(affine(rows), system(LM, unit=before), system(EM, unit=after))
    found = read_back(export_path(path, "neuroglancer", IMAGE))
    sizes = {"nanometer": 1e-9, "micrometer": 1e-6, "angstrom": 1e-10, "mm": 1e-3}
    point = np.array([[3.0, -5.0, 7.0]])
    metres = found.steps[0].transform.apply(point * sizes[before])[0]
    expected = path.apply(point)[0] * sizes[after]
    size = sizes[after] * (np.abs(np.array(rows)) @ np.array([3.0, 5.0, 7.0, 1.0])).max()
    assert np.allclose(metres, expected, rtol=0, atol=1e-13 * size)
    assert {axis.unit for axis in found.systems["global"].axes} == {"meter"}


def test_a_neuroglancer_matrix_is_a_pure_ratio_and_its_shift_in_output_units():
    rows = [[2.0, 0, 0, 10.0], [0, 2.0, 0, 20.0], [0, 0, 2.0, 30.0]]
    path = path_of(affine(rows), system(LM, unit="nanometer"), system(EM, unit="micrometer"))
    state = json.loads(export_path(path, "neuroglancer", IMAGE).content)
    transform = state["layers"][0]["source"]["transform"]
    assert np.allclose(np.array(transform["matrix"])[:, :3], np.eye(3) * 2000.0)
    assert [row[3] for row in transform["matrix"]] == [10.0, 20.0, 30.0]
    assert transform["outputDimensions"]["x"] == [1e-6, "m"]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.org/a.ome.zarr", "zarr://https://example.org/a.ome.zarr"),
        ("https://example.org/a.zarr/", "zarr://https://example.org/a.zarr/"),
        ("https://example.org/a.nii.gz", "nifti://https://example.org/a.nii.gz"),
        ("precomputed://gs://made-up/a", "precomputed://gs://made-up/a"),
    ],
)
def test_a_neuroglancer_layer_names_the_format_of_its_pixels(url, expected):
    state = json.loads(export_path(path_of({"type": "identity"}), "neuroglancer", Image("A", url)).content)
    assert state["layers"][0]["source"]["url"] == expected


def test_the_scale_of_a_neuroglancer_input_is_that_of_a_pixel_or_left_to_the_file():
    """The viewer stretches an image whose file says another one."""
    path = path_of(affine([[2.0, 0, 0, 10.0], [0, 2.0, 0, 20.0], [0, 0, 2.0, 30.0]]))
    pixels = {"z": 8e-9, "y": 4e-9, "x": 4e-9}
    known = export_path(path, "neuroglancer", Image("A", "https://example.org/a.zarr", pixels))
    unknown = export_path(path, "neuroglancer", Image("A", "https://example.org/a.zarr", {"z": 8e-9}))
    one, other = (json.loads(each.content)["layers"][0]["source"]["transform"] for each in (known, unknown))
    assert one.pop("inputDimensions") == {"z": [8e-9, "m"], "y": [4e-9, "m"], "x": [4e-9, "m"]}
    assert one == other
    assert np.array_equal(only_affine(read_back(known)), only_affine(read_back(unknown)))
    assert any("z,y,x alone" in note for note in known.notes)


# --- OME-Zarr 0.6 scenes

vectors = st.lists(numbers, min_size=3, max_size=3)
positive = st.lists(st.floats(1e-3, 1e3), min_size=3, max_size=3)
leaves = st.one_of(
    st.just({"type": "identity"}),
    vectors.map(lambda one: {"type": "translation", "translation": one}),
    positive.map(lambda one: {"type": "scale", "scale": one}),
    st.permutations(range(3)).map(lambda one: {"type": "mapAxis", "mapAxis": list(one)}),
    affines().map(affine),
    st.just({"type": "displacements", "path": "fields/one", "interpolation": "linear"}),
    st.just({"type": "rotation", "rotation": [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]}),
    st.just({"type": "affine", "path": "numbers/affine"}),
)


def block(transformation, taken, made):
    return {"transformation": transformation, "inputAxes": taken, "outputAxes": made}


def compound(parts):
    sequence = st.lists(parts, min_size=1, max_size=4).map(
        lambda many: {"type": "sequence", "transformations": many, "name": "TEST"}
    )
    both = st.just({"type": "displacements", "path": "fields/back"})
    bijection = both.flatmap(
        lambda leg: st.just({"type": "bijection", "forward": leg, "inverse": dict(leg, path="fields/there")})
    )
    by_dimension = vectors.map(
        lambda one: {
            "type": "byDimension",
            "transformations": [
                {
                    "transformation": {"type": "scale", "scale": [2.0, 3.0]},
                    "inputAxes": [0, 2],
                    "outputAxes": [2, 0],
                },
                {
                    "transformation": {"type": "translation", "translation": one[:1]},
                    "inputAxes": [1],
                    "outputAxes": [1],
                },
            ],
        }
    )
    return st.one_of(sequence, bijection, by_dimension)


@MANY
@given(st.recursive(leaves, compound, max_leaves=8))
def test_a_scene_keeps_every_transformation_as_it_is(parameters):
    path = path_of(parameters, error=StepError(0.25, "micrometer"))
    export = export_path(path, "ome-zarr-0.6", IMAGE)
    found = read_back(export)
    assert [step.transform.parameters() for step in found.steps] == [parameters]
    beside = json.loads(export.content)["attributes"]["rembigraph"]
    assert [one["iri"] for one in beside["systems"]] == [LM, EM]
    assert beside["transformations"][0]["error"] == {
        "statistic": "rms", "value": 0.25, "unit": "micrometer", "measuredIn": "target"
    }  # fmt: skip
    again = write_scene(found.graph())
    assert (
        json.loads(again.content)["attributes"]["ome"]["scene"]["coordinateTransformations"]
        == (json.loads(export.content)["attributes"]["ome"]["scene"]["coordinateTransformations"])
    )


def test_a_scene_names_images_of_its_own_store_by_path():
    path = path_of({"type": "identity"})
    export = write_scene(path.graph, members={LM: Member("lm", "physical")})
    scene = json.loads(export.content)["attributes"]["ome"]["scene"]
    assert scene["coordinateTransformations"][0]["input"] == {"path": "lm", "name": "physical"}
    assert [one["name"] for one in scene["coordinateSystems"]] == ["TEST-EM_physical"]
    found = read_back(export)
    assert found.steps[0].source == "lm/physical"


@MANY
@given(st.lists(affines(), min_size=1, max_size=3), positive)
def test_a_bigdataviewer_file_becomes_a_scene_with_the_same_numbers(many, size):
    def text(rows):
        return " ".join(repr(cell) for row in rows for cell in row)

    parts = "".join(
        f"<ViewTransform type='affine'><affine>{text(rows)}</affine></ViewTransform>" for rows in many
    )
    voxels = f"<voxelSize><unit>um</unit><size>{' '.join(map(repr, size))}</size></voxelSize>"
    setups = f"<ViewSetups><ViewSetup><id>3</id>{voxels}</ViewSetup></ViewSetups>"
    view = f"<ViewRegistration timepoint='0' setup='3'>{parts}</ViewRegistration>"
    registrations = f"<ViewRegistrations>{view}</ViewRegistrations>"
    content = f"<SpimData><SequenceDescription>{setups}</SequenceDescription>{registrations}</SpimData>"
    source = read_transform_file(content.encode())
    found = read_back(write_scene(source.graph()))
    assert [step.transform.parameters() for step in found.steps] == [
        step.transform.parameters() for step in source.steps
    ]
    assert {axis.unit for axis in found.systems["world"].axes} == {"micrometer"}


def test_a_name_of_several_lines_is_no_row_of_a_matrix():
    systems = {"a\n9 9 9": system("a"), "b": system("b")}
    step = Step("s", "a\n9 9 9", "b", parse_transformation({"type": "identity"}))
    path = find_path(SystemGraph(systems, [step]), "a\n9 9 9", "b")
    found = read_back(export_path(path, "matrix", IMAGE))
    assert (found.steps[0].source, only_affine(found).tolist()) == ("a 9 9 9", np.eye(3, 4).tolist())


def test_the_address_of_a_viewer_holds_the_state():
    rows = [[2.0, 0, 0, 10.0], [0, 2.0, 0, 20.0], [0, 0, 2.0, 30.0]]
    export = export_path(path_of(affine(rows)), "neuroglancer", IMAGE)
    address = viewer_address(export, "https://example.org/viewer/")
    assert address.isascii()
    assert np.array_equal(only_affine(read_transform_file(address.encode())), only_affine(read_back(export)))


def test_systems_that_the_schema_does_not_allow_are_named():
    export = export_path(
        path_of({"type": "identity"}, system(LM, kind=""), system(EM)), "ome-zarr-0.6", IMAGE
    )
    assert [note for note in export.notes if "TEST-LM_physical" in note]


def test_steps_that_hang_together_nowhere_are_no_scene():
    one, other = (
        path_of({"type": "identity"}),
        Step("b", "c", "d", parse_transformation({"type": "identity"})),
    )
    with pytest.raises(TransformRefused) as refused:
        write_scene(one.graph, [*one.graph.steps.values(), other])
    assert refused.value.code == "not-connected"


# --- refusals

FIELD = {"type": "displacements", "path": "fields/one"}
EMBEDDING = affine([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 5.0]])
CASES = [
    *(("field", name, "not-representable") for name in FORMATS if name != "ome-zarr-0.6"),
    *(
        ("embedding", name, "not-representable")
        for name in FORMATS
        if name not in ("ome-zarr-0.6", "ome-zarr-0.5")
    ),
    ("embedding", "ome-zarr-0.5", "no-levels"),
    ("no unit", "neuroglancer", "unknown-unit"),
    ("pixels", "neuroglancer", "unit-without-size"),
    ("no unit", "matrix", "not-representable"),
    ("plain", "nrrd", "unknown-format"),
]


@pytest.mark.parametrize(("what", "name", "code"), CASES)
def test_what_a_format_cannot_hold_is_refused_with_the_reason(what, name, code):
    path = {
        "field": lambda: path_of(FIELD),
        "embedding": lambda: path_of(EMBEDDING, system(LM, "yx")),
        "no unit": lambda: path_of({"type": "identity"}, system(LM, unit=""), system(EM, unit="")),
        "pixels": lambda: path_of({"type": "identity"}, system(LM, unit="pixel")),
        "plain": lambda: path_of({"type": "identity"}),
    }[what]()
    with pytest.raises(TransformRefused) as refused:
        export_path(path, name, IMAGE)
    assert (refused.value.code, bool(refused.value.message)) == (code, True)


def test_a_layer_without_an_address_is_refused():
    with pytest.raises(TransformRefused) as refused:
        export_path(path_of({"type": "identity"}), "neuroglancer", Image("TEST"))
    assert refused.value.code == "no-address"


# --- levels: 0.5 and calibration


def image_path(rows, scale=(4.0, 0.5, 0.25)):
    array = "https://example.org/TEST-LM/0"
    systems = {LM: system(LM), EM: system(EM), array: system(array, unit="", kind="array")}
    level = Step(
        "level", array, LM, parse_transformation({"type": "scale", "scale": list(scale)}), exact=True
    )
    step = Step("step", LM, EM, parse_transformation(affine(rows), 3, 3))
    return find_path(SystemGraph(systems, [level, step]), LM, EM)


def test_a_flattened_image_lies_in_the_target():
    path = image_path([[2.0, 0, 0, 1.0], [0, 2.0, 0, 2.0], [0, 0, 2.0, 3.0]])
    export = export_path(path, "ome-zarr-0.5", IMAGE)
    found = read_back(export)
    assert found.steps[0].transform.apply(np.array([[1.0, 1.0, 1.0]])).tolist() == [[9.0, 3.0, 3.5]]
    assert found.steps[0].exact


@pytest.mark.parametrize("rows", [
    [[-2.0, 0, 0, 0], [0, 2.0, 0, 0], [0, 0, 2.0, 0]],
    [[2.0, 0.1, 0, 0], [0, 2.0, 0, 0], [0, 0, 2.0, 0]],
])  # fmt: skip
def test_a_mirror_or_a_shear_is_not_flattened(rows):
    with pytest.raises(TransformRefused) as refused:
        export_path(image_path(rows), "ome-zarr-0.5", IMAGE)
    assert refused.value.code == "not-representable"


def test_bdv_has_the_calibration_of_the_image_inside():
    rows = [[0.0, 1.0, 0, 1.0], [-1.0, 0, 0, 2.0], [0, 0, 1.0, 3.0]]
    found = read_transform_file(write_bdv([Placed(IMAGE, image_path(rows))]).content)
    voxels, view = found.steps
    assert (voxels.exact, voxels.transform.parameters()["scale"]) == (True, [4.0, 0.5, 0.25])
    expected = image_path(rows).apply(np.array([[4.0, 1.0, 0.75]]))
    assert view.transform.apply(np.array([[1.0, 2.0, 3.0]])).tolist() == expected.tolist()
    assert found.systems["world"].length_unit == "micrometer"


def test_an_image_in_the_plane_keeps_its_depth_in_three_axes():
    rows = [[0.0, -2.0, 5.0], [3.0, 0.0, 7.0]]
    path = path_of(affine(rows), system(LM, "yx"), system(EM, "yx"))
    for name in ("mobie", "bdv-xml"):
        export = export_path(path, name, IMAGE)
        found = read_back(export).steps[-1].transform.affine(3)
        assert found.tolist() == [[1.0, 0, 0, 0], [0, 0.0, -2.0, 5.0], [0, 3.0, 0.0, 7.0]]
        assert any("left as it is" in note for note in export.notes)


def test_two_images_share_a_view():
    paths = [path_of(affine(np.eye(3, 4).tolist())), path_of(affine((np.eye(3, 4) * 2).tolist()))]
    placed = [Placed(Image(name, "zarr://x"), path) for name, path in zip("ab", paths, strict=True)]
    for export in (write_mobie(placed, "both"), write_neuroglancer(placed), write_bdv(placed)):
        found = read_transform_file(export.content)
        assert len([step for step in found.steps if not step.exact]) == 2


# --- landmarks

coordinates = st.one_of(st.none(), st.floats(-1e9, 1e9, allow_nan=False))
names = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=8)
tables = st.integers(2, 3).flatmap(
    lambda axes: st.lists(
        st.builds(LandmarkRow, names, st.booleans(), *(st.tuples(*[coordinates] * axes) for _ in "ab")),
        min_size=1,
        max_size=8,
    )
)


@MANY
@given(tables)
def test_every_row_of_a_landmark_table_survives(rows):
    axes = "zyx"[-len(rows[0].source) :]
    found = read_transform_file(write_landmarks(rows, axes).content).document
    assert list(found.landmarks[0].rows) == rows


def test_the_formats_are_in_the_documentation():
    text = (File(__file__).resolve().parents[2] / "docs" / "transform-formats.md").read_text(encoding="utf-8")
    assert [name for name in FORMATS if f"`{name}`" not in text] == []
