"""Foreign files mean what the programs that write them say: against SimpleITK, the schemas of OME-Zarr, and by hand."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rembigraph.app.transform_files import Stated, TransformRefused, read_transform_file
from rembigraph.catalogue.correlation import find_path
from rembigraph.catalogue.correlation.exports import Image, export_path
from rembigraph.catalogue.correlation.foreign import bigwarp_landmarks, mobie_transform
from rembigraph.catalogue.correlation.ngff import read_ngff
from rembigraph.catalogue.transforms.affine import reversed_axes

MANY = settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
numbers = st.floats(-1e3, 1e3).map(lambda one: round(one, 6))
UM = Stated(unit="micrometer")


def read(value, **options):
    content = value if isinstance(value, bytes) else value if isinstance(value, str) else json.dumps(value)
    return read_transform_file(content.encode() if isinstance(content, str) else content, "file", **options)


def refused(value, **options) -> TransformRefused:
    with pytest.raises(TransformRefused) as caught:
        read(value, **options)
    assert caught.value.message
    assert caught.value.where.startswith("file")
    return caught.value


def mapped(found, point, at: int = -1):
    return found.steps[at].transform.apply(np.array([point], dtype=np.float64))[0]


# --- ITK


def angles(count):
    return st.lists(st.floats(-1.5, 1.5), min_size=count, max_size=count)


def values(count):
    return st.lists(numbers, min_size=count, max_size=count)


small = st.floats(-0.5, 0.5)
ITK = {
    "AffineTransform3": (values(12), 3),
    "AffineTransform2": (values(6), 2),
    "Euler3DTransform": (angles(6), 3),
    "Euler2DTransform": (angles(3), 2),
    "Similarity2DTransform": (angles(4), 2),
    "VersorTransform": (st.lists(small, min_size=3, max_size=3), 3),
    "VersorRigid3DTransform": (st.lists(small, min_size=6, max_size=6), 3),
    "Similarity3DTransform": (st.lists(small, min_size=6, max_size=6).map(lambda one: [*one, 1.7]), 3),
    "TranslationTransform": (values(3), 3),
    "ScaleTransform": (values(3), 3),
}


def itk_transform(sitk, name, parameters, centre):
    kind = name.removesuffix("2") if name == "AffineTransform2" else name.removesuffix("3")
    kind = kind if hasattr(sitk, kind) else name
    made = getattr(sitk, kind)(
        *([len(centre)] if kind in ("AffineTransform", "TranslationTransform", "ScaleTransform") else [])
    )
    made.SetParameters(parameters)
    if kind != "TranslationTransform":
        made.SetCenter(centre)
    return made


@pytest.mark.parametrize("name", ITK)
@MANY
@given(data=st.data())
def test_linear_itk_transformations_map_points_as_itk_does(tmp_path_factory, name, data):
    sitk = pytest.importorskip("SimpleITK")
    strategy, axes = ITK[name]
    made = itk_transform(sitk, name, data.draw(strategy), data.draw(values(axes)))
    path = tmp_path_factory.mktemp("itk") / "one.tfm"
    sitk.WriteTransform(made, str(path))
    point = data.draw(values(axes))
    expected = made.TransformPoint(point)[::-1]
    found = read(path.read_bytes())
    scale = 1 + np.abs(expected).max() + 1e3 * np.abs(found.steps[0].transform.affine(axes)).max()
    assert np.allclose(mapped(found, point[::-1]), expected, atol=1e-9 * scale)


def test_an_itk_composite_applies_the_last_first(tmp_path):
    sitk = pytest.importorskip("SimpleITK")
    turn, shift = (
        sitk.Euler3DTransform([1.0, 2.0, 3.0], 0.1, 0.2, 0.3),
        sitk.TranslationTransform(3, [5.0, 6.0, 7.0]),
    )
    both = sitk.CompositeTransform([turn, shift])
    sitk.WriteTransform(both, str(tmp_path / "both.tfm"))
    expected = both.TransformPoint((1.0, 2.0, 3.0))[::-1]
    found = read((tmp_path / "both.tfm").read_bytes())
    assert np.allclose(mapped(found, [3.0, 2.0, 1.0]), expected)
    assert found.steps[0].transform.kind == "sequence"


def test_itk_reads_what_is_written(tmp_path):
    sitk = pytest.importorskip("SimpleITK")
    rows = [[1.0, 2.0, 3.0, 4.0], [0.5, -1.0, 0.25, 5.0], [0.0, 1.5, -2.0, 6.0]]
    source = read(
        {"matrix": rows, "axes": ["z", "y", "x"], "unit": "micrometer", "source": "lm", "target": "em"}
    )
    export = export_path(find_path(source.graph(), "lm", "em"), "itk", Image("lm"))
    (tmp_path / "out.tfm").write_bytes(export.content)
    made = sitk.ReadTransform(str(tmp_path / "out.tfm"))
    assert np.allclose(
        made.TransformPoint((3.0, 2.0, 1.0))[::-1], mapped(source, [1.0, 2.0, 3.0]), rtol=1e-14
    )


def test_itk_fields_are_refused():
    head = "#Insight Transform File V1.0\n#Transform 0\n"
    error = refused(f"{head}Transform: BSplineTransform_double_3_3\nParameters: 0\nFixedParameters: 0\n")
    assert (error.code, error.where) == ("not-representable", "file#line 3")


# --- BigDataViewer

SPIM = """<?xml version="1.0"?><SpimData version="0.2"><BasePath type="relative">.</BasePath><SequenceDescription>
<ImageLoader format="bdv.n5"><n5 type="relative">TEST.n5</n5></ImageLoader><ViewSetups><ViewSetup><id>0</id>
<name>TEST</name><voxelSize><unit>um</unit><size>0.5 0.25 2</size></voxelSize></ViewSetup></ViewSetups>
</SequenceDescription><ViewRegistrations>{}</ViewRegistrations></SpimData>"""
VIEW = '<ViewRegistration timepoint="{}" setup="0">{}</ViewRegistration>'
OUTER = '<ViewTransform type="affine"><Name>manual</Name><affine>0 -1 0 10 1 0 0 20 0 0 1 30</affine></ViewTransform>'
INNER = '<ViewTransform type="affine"><affine>0.5 0 0 0 0 0.25 0 0 0 0 2 0</affine></ViewTransform>'


def test_bigdataviewer_lists_the_outermost_first():
    found = read(SPIM.format(VIEW.format(0, OUTER + INNER)))
    voxels, view = found.steps
    assert mapped(found, [1.0, 8.0, 4.0], 0).tolist() == [2.0, 2.0, 2.0]
    assert mapped(found, [1.0, 8.0, 4.0]).tolist() == [32.0, 22.0, 8.0]  # x=2, y=2, z=2 turned, then moved
    assert (voxels.exact, view.exact) == (True, False)
    assert [part.parameters().get("name") for part in view.transform.parts] == [None, "manual"]
    assert "bdv.n5" in found.document.kept.values()
    assert "TEST.n5" in found.document.kept.values()


def test_each_time_point_has_a_system_of_its_own():
    found = read(SPIM.format(VIEW.format(0, OUTER + INNER) + VIEW.format(1, INNER)))
    assert [step.source for step in found.steps] == ["setup0", "setup0/t0", "setup0/t1"]


def test_a_view_twice_is_refused():
    assert refused(SPIM.format(VIEW.format(0, INNER) * 2)).code == "view-twice"


# --- BigWarp, against the reader of the worked cases

cells = st.one_of(st.just("Infinity"), st.just("-Infinity"), numbers.map(repr))
bigwarp_rows = st.lists(st.tuples(st.sampled_from(["true", "false"]), *[cells] * 6), min_size=1, max_size=6)


@MANY
@given(bigwarp_rows)
def test_usable_landmarks_are_those_of_the_worked_cases(rows):
    text = "".join(
        f'"Pt-{at}",' + ",".join(f'"{cell}"' for cell in row) + "\n" for at, row in enumerate(rows)
    )
    moving, fixed, skipped = bigwarp_landmarks(text, ["z", "y", "x"])
    found = read(text).landmarks[0]
    assert (found.source.tolist(), found.target.tolist(), found.skipped) == (moving, fixed, skipped)


def test_a_bigwarp_project_has_the_same_landmarks_and_keeps_the_rest():
    table = {
        "type": "BigWarpLandmarks", "numDimensions": 2, "movingPoints": [[1.0, 2.0], [3.0, 4.0]],
        "fixedPoints": [[5.0, 6.0], [7.0, 8.0]], "active": [True, False], "names": ["a", "b"],
    }  # fmt: skip
    found = read(
        {"Sources": {"0": {"uri": "TEST"}}, "Transform": {"type": "Affine", "landmarks": table}}, stated=UM
    )
    assert found.landmarks[0].source.tolist() == [[2.0, 1.0]]
    assert found.document.kept == {"/Sources": {"0": {"uri": "TEST"}}, "/Transform/type": "Affine"}
    assert found.systems["fixed"].length_unit == "micrometer"


def test_a_fit_to_landmarks_of_a_file_has_its_error():
    rows = [(0, 0, 0), (10, 0, 0), (0, 10, 0), (0, 0, 10), (10, 10, 10)]
    text = "".join(f"p,true,{x},{y},{z},{2 * x + 1},{2 * y},{2 * z}\n" for x, y, z in rows)
    fit = read(text).landmarks[0].fit("similarity")
    assert fit.scale == pytest.approx(2.0)
    assert fit.fre_rms == pytest.approx(0.0, abs=1e-9)


# --- MoBIE


def mobie(*transforms, shown=()):
    displays = [{"imageDisplay": {"name": name, "sources": [name]}} for name in shown]
    view = {"sourceTransforms": list(transforms), "sourceDisplays": displays, "isExclusive": True}
    return {"is2D": False, "sources": {"a": {}, "b": {}, "c": {}}, "views": {"TEST": view}}


def mobie_affine(parameters, *sources, **more):
    return {"affine": {"parameters": parameters, "sources": list(sources), **more}}


@MANY
@given(st.lists(values(12), min_size=1, max_size=4))
def test_mobie_views_fold_as_those_of_the_worked_cases(many):
    dataset = mobie(*(mobie_affine(one, "a", "b") for one in many))
    expected = reversed_axes(mobie_transform(dataset, "TEST", "a"))
    found = read(dataset)
    size = np.prod([1 + np.abs(one).max() for one in many]) * 3 ** len(many)
    for step in found.steps:
        assert np.allclose(step.transform.affine(3), expected, atol=1e-12 * size, rtol=0)


SHIFT = [1.0, 0, 0, 1, 0, 1, 0, 2, 0, 0, 1, 3]


def test_a_grid_is_no_registration():
    dataset = mobie(mobie_affine(SHIFT, "a", "b"), {"grid": {"nestedSources": [["b"], ["c"]]}}, shown="abc")
    found = read(dataset)
    assert [step.source for step in found.steps] == ["a"]
    assert any("layout" in note for note in found.document.notes)
    assert found.document.kept["/views/TEST/sourceTransforms/1"] == {
        "grid": {"nestedSources": [["b"], ["c"]]}
    }


def test_a_source_that_is_shown_beside_registered_ones_lies_as_it_is():
    found = read(mobie(mobie_affine(SHIFT, "a"), shown="ab"))
    assert [(step.source, step.transform.kind) for step in found.steps] == [
        ("a", "affine"),
        ("b", "identity"),
    ]
    assert find_path(found.graph(), "a", "b").apply(np.zeros((1, 3))).tolist() == [[3.0, 2.0, 1.0]]


def test_a_merged_grid_is_no_image():
    grid = {"mergedGrid": {"sources": ["b", "c"], "mergedGridSourceName": "merged"}}
    found = read(mobie(mobie_affine(SHIFT, "a"), grid, shown=["a", "merged"]))
    assert [step.source for step in found.steps] == ["a"]


def test_a_view_of_layout_only_gives_nothing():
    assert read(mobie({"grid": {"sources": ["a", "b"]}}, shown="ab")).steps == []


def test_a_renamed_source_is_the_same_image():
    dataset = mobie(mobie_affine(SHIFT, "a", sourceNamesAfterTransform=["a2"]), mobie_affine(SHIFT, "a2"))
    found = read(dataset)
    assert [
        (step.source, mapped(found, [0.0, 0, 0], at).tolist()) for at, step in enumerate(found.steps)
    ] == [("a", [6.0, 4.0, 2.0])]


def test_a_crop_that_moves_the_origin_is_not_evaluated():
    found = read(mobie(mobie_affine(SHIFT, "a", "b"), {"crop": {"sources": ["a"], "min": [0, 0, 0]}}))
    assert [step.source for step in found.steps] == ["b"]


# --- Neuroglancer

DIMENSIONS = {"x": [4e-9, "m"], "y": [4e-9, "m"], "z": [4e-8, "m"]}


def test_a_neuroglancer_shift_is_in_units_of_the_output_scale():
    transform = {"matrix": [[1, 0, 0, 10], [0, 1, 0, 0], [0, 0, 2, -1]], "outputDimensions": DIMENSIONS}
    layer = {
        "name": "TEST",
        "type": "image",
        "source": {"url": "zarr://https://example.org/TEST", "transform": transform},
    }
    state = {"dimensions": DIMENSIONS, "layers": [layer], "position": [0, 0, 0]}
    for value in (state, f"https://example.org/#!{quote(json.dumps(state))}"):
        found = read(value)
        assert np.allclose(mapped(found, [1e-6, 0.0, 1e-6]), [1e-6 + 4e-8, 0.0, 2e-6 - 4e-8])
        assert found.document.kept["/position"] == [0, 0, 0]


def test_a_neuroglancer_layer_in_another_order_lies_in_the_order_of_the_viewer():
    turned = {"z": [4e-8, "m"], "y": [4e-9, "m"], "x": [4e-9, "m"]}
    transform = {"matrix": [[1, 0, 0, 1], [0, 1, 0, 0], [0, 0, 1, 0]], "outputDimensions": turned}
    state = {
        "dimensions": DIMENSIONS,
        "layers": [{"name": "T", "source": {"transform": transform}}],
        "layout": "4panel",
    }
    found = read(state)
    assert np.allclose(mapped(found, [0.0, 0.0, 7e-6]), [7e-6, 0.0, 4e-8])


def test_units_with_a_prefix_are_those_without():
    um = {"x": [0.5, "um"], "y": [1, ""]}
    transform = {"matrix": [[2, 0, 4], [0, 1, 3]], "outputDimensions": um, "inputDimensions": um}
    layers = [{"source": {"transform": transform}}]
    found = read({"dimensions": {"x": [1e-9, "m"], "y": [1, ""]}, "layers": layers})
    assert mapped(found, [1.0, 0.0]).tolist() == pytest.approx([2.0 + 2e-6, 3.0])
    assert [axis.unit for axis in found.systems["global"].axes] == ["meter", ""]


def test_axes_of_a_layer_without_input_dimensions_have_numbers():
    turned = {"matrix": [[0, 1, 0], [1, 0, 0]], "outputDimensions": {"x": [1e-9, "m"], "t": [1, "s"]}}
    found = read({"layout": "xy", "layers": [{"name": "T", "source": {"transform": turned}}]})
    assert [(axis.name, axis.unit) for axis in found.systems["T"].axes] == [("d0", ""), ("d1", "")]


# --- plain matrices and eC-CLEM


@pytest.mark.parametrize(("text", "code"), [
    ("1 0 0 5\n0 1 0 6\n0 0 1 7\n", "axes-not-stated"),
    ("# axes: z,y,x\n1 0 0 5\n0 1 0 6\n0 0 1 7\n", "unit-not-stated"),
    ("# axes: z,y,x\n# unit: um\n1 0 0 5\n0 1 0 6\n0 0 1 7\n0 0 0.1 1", "projective"),
    ("# axes: z,y,x\n# unit: um\n1 0 0 5\n0 1 0\n0 0 1 7\n", "ragged-matrix"),
    ("# axes: y,x\n# unit: um\n1 0 0 5\n0 1 0 6\n0 0 1 7\n", "matrix-shape"),
    ("# axes: z,y,x\n# unit: um\n1 0 0 nan\n0 1 0 6\n0 0 1 7\n", "not-finite"),
])  # fmt: skip
def test_a_matrix_that_does_not_say_what_it_maps_is_refused(text, code):
    assert refused(text).code == code


def test_a_matrix_in_several_notations_is_one_map():
    rows = "1 2 3 4\n5 6 7 8\n9 10 11 12\n"
    stated = Stated(axes=("x", "y", "z"), unit="nm")
    forms = [
        rows,
        rows + "0 0 0 1\n",
        rows.replace(" ", ", "),
        f"# TEST\n{rows}",
        "[[1,2,3,4],\n[5,6,7,8],\n[9,10,11,12]]",
    ]
    for text in forms:
        assert mapped(read(text, stated=stated), [1.0, 1.0, 1.0]).tolist() == [10.0, 26.0, 42.0]


def test_ec_clem_applies_the_first_first_and_wants_a_unit():
    def one(scale, shift):
        cells = {f"m{row}{at}": float(row == at) * scale for row in range(3) for at in range(3)}
        cells |= {f"m3{at}": 0.0 for at in range(3)} | {"m03": shift, "m13": 0.0, "m23": 0.0, "m33": 1.0}
        written = " ".join(f"{key}='{cell}'" for key, cell in cells.items())
        return f"<MatrixTransformation order='0' {written}/>"

    text = f"<root>{one(2.0, 1.0)}{one(3.0, 0.0)}</root>"
    assert refused(text).code == "unit-not-stated"
    found = read(text, stated=UM)
    assert mapped(found, [0.0, 0.0, 1.0]).tolist() == [0.0, 0.0, 9.0]
    assert list(found.document.kept.values()) == ["0", "0"]


# --- OME-Zarr

YX = [{"name": axis, "type": "space", "unit": "micrometer"} for axis in "yx"]


def image(version="0.6", level=None, axes=None, **more):
    string = ".dev" in version
    ends = (
        {"input": "0", "output": "physical"}
        if string
        else {"input": {"path": "0"}, "output": {"name": "physical"}}
    )
    levels = [{"type": "scale", "scale": [2.0, 0.5], **ends}] if level is None else level
    multiscale = {
        "coordinateSystems": [{"name": "physical", "axes": axes or YX}],
        "datasets": [{"path": "0", "coordinateTransformations": levels}],
        **more,
    }
    return {
        "zarr_format": 3,
        "node_type": "group",
        "attributes": {"ome": {"version": version, "multiscales": [multiscale]}},
    }


def scene(*transformations, systems=("a", "b"), version="0.6"):
    declared = [{"name": name, "axes": YX} for name in systems]
    inside = {"coordinateSystems": declared, "coordinateTransformations": list(transformations)}
    return {"ome": {"version": version, "scene": inside}}


AB = {"input": {"name": "a"}, "output": {"name": "b"}}
ENDS = {"input": {"path": "0"}, "output": {"name": "physical"}}


def leveled(kind, ends=ENDS, **parameters):
    return image(level=[{"type": kind, **parameters, **ends}])


def related(kind, ends=AB, **parameters):
    return scene({"type": kind, **parameters, **ends})


TWICE = [{"type": "scale", "scale": [1, 1], **ENDS}] * 2
SWAPPED = [{"type": "translation", "translation": [0, 0]}, {"type": "scale", "scale": [1, 1]}]
SAME_AXIS = [{"transformation": {"type": "identity"}, "inputAxes": [at], "outputAxes": [0]} for at in (0, 1)]
SOME_AXES = [{"type": "scale", "scale": [2.0], "input_axes": ["y"], "output_axes": ["y"]}]
TURNED = [
    axis | {"orientation": {"type": "anatomical", "value": value}}
    for axis, value in zip(YX, ("left-to-right", "right-to-left"), strict=True)
]
DOUBLE = {"type": "scale", "scale": [2, 2]}
INVALID = {
    "two transformations in a level": (image(level=TWICE), "level-transformation"),
    "no transformation in a level": (image(level=[]), "missing-part"),
    "an affine level": (leveled("affine", affine=[[1, 0, 0], [0, 1, 0]]), "level-transformation"),
    "translation before scale": (leveled("sequence", transformations=SWAPPED), "level-transformation"),
    "a scale of zero": (leveled("scale", scale=[0, 1]), "scale-not-positive"),
    "a long scale": (leveled("scale", scale=[1, 1, 1]), "vector-length"),
    "no ends": (leveled("scale", {}, scale=[1, 1]), "missing-end"),
    "text ends": (leveled("scale", {"input": "0", "output": "physical"}, scale=[1, 1]), "missing-end"),
    "an axis twice": (image(axes=[YX[0], YX[0]]), "axis-name-twice"),
    "one space axis": (image(axes=[YX[0], {"name": "x", "type": "channel"}]), "axis-count"),
    "six axes": (image(axes=[{"name": str(at), "type": "space"} for at in range(6)]), "axis-count"),
    "an axis without name": (image(axes=[YX[0], {"type": "space"}]), "not-a-system"),
    "a unit that is a number": (image(axes=[YX[0], {"name": "x", "type": "space", "unit": 4}]), "not-a-system"),
    "an unknown output": (leveled("identity", ENDS | {"output": {"name": "none"}}), "unknown-system"),
    "no ends in an image": (image(coordinateTransformations=[{"type": "scale", "scale": ["x"]}]), "missing-end"),
    "no levels": (image(datasets=[]), "missing-part"),
    "a path that is a number": (image(datasets=[{"path": 0, "coordinateTransformations": []}]), "missing-part"),
    "an orientation twice": (image(axes=TURNED), "orientation"),
    "a skewed rotation": (related("rotation", rotation=[[1, 1], [0, 1]]), "rotation-not-orthonormal"),
    "a mirror as rotation": (related("rotation", rotation=[[1, 0], [0, -1]]), "rotation-determinant"),
    "a rotation that is not square": (related("rotation", rotation=[[1, 0, 0], [0, 1, 0]]), "matrix-shape"),
    "an affine for three axes": (related("affine", affine=[[1, 0, 0, 0], [0, 1, 0, 0]]), "matrix-shape"),
    "a ragged affine": (related("affine", affine=[[1, 0, 0], [0, 1]]), "ragged-matrix"),
    "an affine without ends": (related("affine", {}, affine=[[1, 0, 0], [0, 1, 0]]), "missing-end"),
    "an end that is no object": (related("identity", AB | {"input": ["a"]}), "missing-end"),
    "an end with more": (related("identity", AB | {"input": {"name": "a", "url": "x"}}), "missing-end"),
    "a system that hangs nowhere": (scene({"type": "identity", **AB}, systems="abc"), "not-connected"),
    "an empty scene": (scene(), "missing-part"),
    "an empty sequence": (related("sequence", transformations=[]), "empty-sequence"),
    "an unknown type": (related("warp"), "unknown-type"),
    "an output axis twice": (related("byDimension", transformations=SAME_AXIS), "output-axis-twice"),
    "legs that differ": (related("bijection", forward=DOUBLE, inverse=DOUBLE), "bijection-mismatch"),
    "a retired inverse": (related("inverseOf", transformation={"type": "identity"}), "retired"),
    "axes of a part of a sequence": (related("sequence", transformations=SOME_AXES), "retired"),
    "a draft without scale": (
        image("0.6.dev2", level=[{"type": "translation", "translation": [1, 1], "input": "0", "output": "physical"}]),
        "level-transformation",
    ),
    "four space axes of a later draft": (
        image("0.9.dev2", axes=[{"name": name, "type": "space"} for name in "Xzyx"]), "axis-count"
    ),
    "version 0.2": ({"multiscales": [{"version": "0.2", "datasets": [{"path": "0"}]}]}, "no-transformations"),
    "a plate": ({"ome": {"version": "0.6", "plate": {"wells": []}}}, "no-transformations"),
}  # fmt: skip


@pytest.mark.parametrize("what", INVALID)
def test_metadata_that_break_a_rule_are_refused_with_it(what):
    document, code = INVALID[what]
    assert refused(document).code == code


def schemas():
    """The 0.6 schemas that ngff-zarr brings, by their address; nothing of it is imported."""
    spec = importlib.util.find_spec("ngff_zarr")
    if spec is None or spec.origin is None:
        pytest.skip("ngff-zarr is not installed")
    folder = Path(spec.origin).parent / "spec" / "0.6" / "schemas"
    return {
        one["$id"]: one for one in map(json.loads, (path.read_text() for path in folder.glob("*.schema")))
    }


def schema_says(kind: str, document) -> bool:
    jsonschema, referencing = pytest.importorskip("jsonschema"), pytest.importorskip("referencing")
    found = schemas()
    resources = [(key, referencing.Resource.from_contents(one)) for key, one in found.items()]
    schema = found[f"https://ngff.openmicroscopy.org/0.6/schemas/{kind}.schema"]
    registry = referencing.Registry().with_resources(resources)
    attributes = document.get("attributes", document)
    return jsonschema.Draft202012Validator(schema, registry=registry).is_valid(attributes)


@pytest.mark.parametrize("what", INVALID)
def test_whatever_the_schemas_refuse_is_refused(what):
    document, _ = INVALID[what]
    kind = "scene" if "scene" in document.get("ome", {}) else "image"
    if not schema_says(kind, document):
        refused(document)


@pytest.mark.parametrize(("kind", "document"), [
    ("image", image()),
    ("image", image(level=[{"type": "identity", **ENDS}])),
    ("image", image(axes=[{"name": "angle"}, *YX], level=[{"type": "scale", "scale": [1, 1, 1], **ENDS}])),
    ("scene", scene({"type": "identity", **AB})),
    ("scene", scene({"type": "rotation", "path": "numbers/rotation", **AB})),
])  # fmt: skip
def test_valid_documents_are_read(kind, document):
    assert schema_says(kind, document)
    assert read(document).steps


@pytest.mark.parametrize("axes", ["x", "tczyxa"])
def test_later_drafts_let_an_image_have_any_axes(axes):
    kinds = [{"name": name, "type": "space" if name in "zyx" else "other"} for name in axes]
    level = {"type": "scale", "scale": [1.0] * len(axes), "input": "0", "output": "physical"}
    assert read(image("0.9.dev2", axes=kinds, level=[level])).systems["physical"].dimension == len(axes)


def test_a_scene_that_is_written_is_valid_by_the_schema():
    source = read(
        {"matrix": [[1, 0, 0], [0, 1, 0]], "axes": ["y", "x"], "unit": "um", "source": "lm", "target": "em"}
    )
    export = export_path(find_path(source.graph(), "lm", "em"), "ome-zarr-0.6", Image("lm"))
    assert schema_says("scene", json.loads(export.content))


@pytest.mark.parametrize("inner", [
    {"input_axes": ["x"], "output_axes": ["x"]}, {"input_axes": [1], "output_axes": [1]},
    {"input": ["x"], "output": ["x"]},
])  # fmt: skip
@pytest.mark.parametrize("key", ["transformations", "transforms"])
def test_drafts_name_axes_and_write_parts_inline(inner, key):
    other = {"type": "translation", "translation": [5.0], "input_axes": ["y"], "output_axes": ["y"]}
    step = {
        "type": "byDimension",
        "input": "a",
        "output": "b",
        key: [{"type": "scale", "scale": [3.0], **inner}, other],
    }
    found = read(scene(step, version="0.6.dev3"))
    assert (mapped(found, [1.0, 1.0]).tolist(), found.document.dialect) == ([6.0, 3.0], "0.6.dev3")


@pytest.mark.parametrize("document", [
    image(),
    image("0.6.dev3"),
    scene({"type": "rotation", "path": "numbers/rotation", **AB}),
    scene({"type": "byDimension", "input": "a", "output": "b", "transforms": [
        {"type": "scale", "scale": [3.0], "input_axes": ["x"], "output_axes": ["x"]},
        {"type": "translation", "translation": [5.0], "input": ["y"], "output": ["y"]}]}, version="0.6.dev1"),
])  # fmt: skip
def test_the_reader_of_the_worked_cases_reads_the_same(document):
    found, other = read(document), read_ngff(document)
    assert [(step.key, step.source, step.target, step.transform.parameters()) for step in found.steps] == [
        (step.key, step.source, step.target, step.transform.parameters()) for step in other.steps
    ]


def test_an_axis_that_is_not_there_is_refused_by_name():
    parts = [{"type": "scale", "scale": [3.0], "input_axes": ["x"], "output_axes": ["z"]}]
    step = {"type": "byDimension", "input": "a", "output": "b", "transformations": parts}
    assert refused(scene(step, version="0.6.dev2")).code == "unknown-axis"


def test_what_lies_beside_tells_the_axes_of_sub_groups():
    step = {
        "type": "translation",
        "translation": [1.0, 2.0, 3.0],
        "input": {"path": "tile", "name": "physical"},
        "output": {"name": "a"},
    }
    document = scene(step, systems=("a",))
    assert refused(document, beside={"tile": json.dumps(image()).encode()}).code == "vector-length"
    step["translation"].pop()
    assert (
        read(document, beside={"tile": json.dumps(image()).encode()}).systems["tile/physical"].dimension == 2
    )
    step["input"]["name"] = "none"
    assert refused(document, beside={"tile": json.dumps(image()).encode()}).code == "unknown-system"


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_levels_of_old_images_go_through_the_scale_of_the_image(version):
    levels = [
        {"path": "0", "coordinateTransformations": [{"type": "scale", "scale": [1.0, 2.0]}]},
        {"path": "1", "coordinateTransformations": [
            {"type": "scale", "scale": [2.0, 4.0]}, {"type": "translation", "translation": [0.5, 1.0]}]},
    ]  # fmt: skip
    common = [{"type": "scale", "scale": [10.0, 10.0]}]
    one = {
        "axes": YX,
        "datasets": levels,
        "coordinateTransformations": common,
        "version": version,
        "type": "TEST",
    }
    document = (
        {"multiscales": [one]}
        if version == "0.4"
        else {"attributes": {"ome": {"version": version, "multiscales": [one]}}}
    )
    found = read(document)
    assert [mapped(found, [1.0, 1.0], at).tolist() for at in (0, 1)] == [[10.0, 20.0], [25.0, 50.0]]
    assert all(step.exact for step in found.steps)
    assert "TEST" in found.document.kept.values()
    levels[0]["coordinateTransformations"] *= 2
    assert refused(document).code == "level-transformation"


def test_one_transformation_on_its_own_needs_names_for_its_ends():
    assert refused({"type": "scale", "scale": [1, 2]}).code == "missing-end"
    found = read({"type": "scale", "scale": [1, 2]}, stated=Stated(source="a", target="b"))
    assert (found.steps[0].source, found.steps[0].target) == ("a", "b")
