"""Hostile transformation files: every one is read or refused in words, in bounded time, and never with a traceback."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rembigraph.app.transform_files import Stated, TransformRefused, read_transform_file

STATED = Stated(axes=("z", "y", "x"), unit="micrometer")
MANY = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
SECONDS = 60.0  # each of these takes about one


def outcome(content: bytes | str) -> str:
    """The code of the refusal, or `read`."""
    given = content if isinstance(content, bytes) else content.encode()
    refused = None
    try:
        read_transform_file(given, "TEST", stated=STATED)
    except TransformRefused as caught:
        refused = caught
    if refused is None:
        return "read"
    assert refused.message
    assert refused.where.startswith("TEST")
    assert len(str(refused)) < 2000
    return refused.code


SPACE = [{"name": axis, "type": "space", "unit": "micrometer"} for axis in "zyx"]
IDENTITY = {"type": "identity"}


def scene(transformation) -> str:
    ends = {"input": {"name": "a"}, "output": {"name": "b"}}
    systems = [{"name": name, "axes": SPACE} for name in "ab"]
    listed = [{**transformation, **ends}]
    inside = {"coordinateSystems": systems, "coordinateTransformations": listed}
    return json.dumps({"ome": {"version": "0.6", "scene": inside}})


def nested(depth: int):
    found = IDENTITY
    for _ in range(depth):
        found = {"type": "sequence", "transformations": [found]}
    return found


def itk(count: int) -> str:
    one = "#Transform {}\nTransform: TranslationTransform_double_3_3\nParameters: 1 2 3\nFixedParameters:\n"
    return "#Insight Transform File V1.0\n" + "".join(one.format(at) for at in range(count))


def spim(inside: str) -> str:
    return f"<SpimData><ViewRegistrations>{inside}</ViewRegistrations></SpimData>"


VIEW = "<ViewRegistration timepoint='{}' setup='{}'>{}</ViewRegistration>"
LAUGHS = "".join(f"<!ENTITY a{at} '{f'&a{at - 1};' * 10 if at else 'ha'}'>" for at in range(10))
AFFINE = {"affine": {"parameters": [1.0] * 12, "sources": ["a"]}}


def translation(*numbers: str) -> str:
    return scene({"type": "translation", "translation": "@"}).replace('"@"', f"[{', '.join(numbers)}]")


def view(numbers: str, time: int = 0) -> str:
    transform = f"<ViewTransform type='affine'><affine>{numbers}</affine></ViewTransform>"
    return VIEW.format(time, 0, transform)


STEPS = {"type": "sequence", "transformations": [IDENTITY] * 10_000}
MANY_AFFINES = {"sources": {}, "views": {"v": {"sourceTransforms": [AFFINE] * 2000}}}
RENAMED = [
    {"affine": {"parameters": [1.0] * 12, "sources": [f"s{at}"], "sourceNamesAfterTransform": [f"s{at + 1}"]}}
    for at in range(999)
]
MANY_RENAMES = {"sources": {}, "views": {"v": {"sourceTransforms": RENAMED}}}
ENTITY = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
HEAD = "#Insight Transform File V1.0\n"
OVERFLOW = f"Parameters: {'1e149 ' * 4} 0 0\nFixedParameters: 1e149 1e149\n"

HOSTILE = {
    "an external entity": (f"{ENTITY}<SpimData>&x;</SpimData>", "document-type"),
    "a billion laughs": (f"<!DOCTYPE a [{LAUGHS}]><SpimData>&a9;</SpimData>", "document-type"),
    "deep XML": ("<SpimData>" * 100_000, "too-deep"),
    "many elements": (f"<SpimData>{'<a/>' * 300_000}</SpimData>", "too-large"),
    "text between many elements": (f"<SpimData>{'x<a/>' * 150_000}</SpimData>", "no-transformations"),
    "XML that stops": ("<SpimData><View", "not-xml"),
    "XML of another encoding": (b"<?xml version='1.0' encoding='x-none'?><SpimData/>", "not-xml"),
    "deep JSON": ("[" * 200_000, "too-deep"),
    "a deep sequence": (scene(nested(25)), "too-deep"),
    "a sequence of 10,000 steps": (scene(STEPS), "too-many-steps"),
    "NaN in JSON": (translation("NaN", "0", "0"), "number"),
    "infinity in JSON": (translation("1e999", "0", "0"), "number"),
    "a number of 5,000 digits": (translation("9" * 5000, "0", "0"), "number"),
    "a huge number": (translation("1e300", "0", "0"), "out-of-range"),
    "NaN in XML": (spim(view("nan " * 12)), "not-finite"),
    "thirteen numbers": (spim(view("1 " * 13)), "vector-length"),
    "a million numbers": (spim(view("1 " * 10**6)), "vector-length"),
    "too many views": (spim("".join(VIEW.format(at, 0, "") for at in range(10_001))), "too-many-steps"),
    "too many parts of ITK": (itk(1002), "too-many-steps"),
    "an ITK type of a megabyte": (f"{HEAD}Transform: {'A' * 10**6}\n", "unknown-type"),
    "ITK numbers that overflow": (f"{HEAD}Transform: AffineTransform_double_2_2\n{OVERFLOW}", "out-of-range"),
    "many landmarks": ("p,true,1,2,3,4\n" * 100_001, "too-many-points"),
    "ragged landmarks": ("p,true,1,2,3,4\np,true,1,2,3\n", "not-a-table"),
    "a cell of a megabyte": ("p,true,1,2,3,4\n" + "x" * 10**6 + ",true,1,2,3,4\n", "not-a-table"),
    "NaN landmarks": ("p,true,nan,2,3,4\n", "not-a-number"),
    "a source that is moved too often": (json.dumps(MANY_AFFINES), "too-many-steps"),
    "a long chain of renamed sources": (json.dumps(MANY_RENAMES), "too-many-steps"),
    "many matrix rows": ("1 2 3 4\n" * 100_000, "unknown-format"),
    "underscored numbers": ("1_0 0 0 0\n0 1 0 0\n0 0 1 0\n", "unknown-format"),
    "an enormous state address": (f"https://example.org/#!{'%7B' * 10**6}", "too-large"),
    "half a character": (b"\xc3", "not-text"),
    "a binary file": (b"\x89HDF\r\n\x1a\n" + bytes(1000), "not-text"),
    "33 MiB": (b" " * (33 * 1024 * 1024), "too-large"),
    "nothing": ("", "unknown-format"),
    "blanks": (" \n\t ", "unknown-format"),
    "a null": ("null", "unknown-format"),
    "a label that is null": ('{"multiscales": [], "image-label": null, "scene": {"a": 1}}', "image-label"),
    "a return where a table begins": ("\r# axes\n1 2\n", "matrix-shape"),
    "NUL": ("\0\0\0", "unknown-format"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_files_are_refused_in_words_and_time(what):
    content, code = HOSTILE[what]
    before = time.perf_counter()
    assert outcome(content) == code
    assert time.perf_counter() - before < SECONDS


# --- fuzz: good files with one piece changed

PARTS = [
    {"type": "affine", "affine": [[1.0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]},
    {"type": "byDimension", "transformations": [
        {"transformation": {"type": "scale", "scale": [2.0]}, "inputAxes": [0], "outputAxes": [0]},
        {"transformation": {"type": "mapAxis", "mapAxis": [1, 0]}, "inputAxes": [1, 2], "outputAxes": [1, 2]}]},
    {"type": "bijection", "forward": IDENTITY, "inverse": IDENTITY},
]  # fmt: skip
LEVEL = {"path": "0", "coordinateTransformations": [{"type": "scale", "scale": [1.0, 1, 1]}]}
CHANNEL = {"color": "FF0000", "window": {"start": 0, "end": 1, "min": 0, "max": 1}}
NAMED = {"parameters": [1.0] * 12, "sources": ["a"], "name": "n", "sourceNamesAfterTransform": ["b"]}
X = {"x": [1e-9, "m"]}
LAYER = {"url": "u", "transform": {"matrix": [[1, 0]], "outputDimensions": X, "inputDimensions": X}}
LANDMARKS = {
    "numDimensions": 2, "movingPoints": [[1, 2]], "fixedPoints": [[1, 2]], "active": [True], "names": ["a"]
}  # fmt: skip
GOOD = {
    "scene": json.loads(scene({"type": "sequence", "transformations": PARTS})),
    "image": {
        "multiscales": [{"version": "0.4", "axes": SPACE, "datasets": [LEVEL]}],
        "omero": {"channels": [CHANNEL]},
        "image-label": {"colors": [{"label-value": 1, "rgba": [1, 2, 3, 4]}]},
    },
    "mobie": {"sources": {"a": {}}, "views": {"v": {
        "sourceTransforms": [{"affine": NAMED}, {"grid": {"nestedSources": [["c"]]}}],
        "sourceDisplays": [{"imageDisplay": {"sources": ["a"]}}]}}},
    "neuroglancer": {"dimensions": X, "layout": "xy", "layers": [{"name": "l", "source": LAYER}]},
    "bigwarp": {"Transform": {"landmarks": LANDMARKS}},
    "matrix": {"matrix": [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]], "axes": ["z", "y", "x"], "unit": "um"},
}  # fmt: skip

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-10**40, 10**40), st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12), st.sampled_from(["", "a", "0", "identity", "affine", "sequence", "/", "~", "é", "\0"]),
)  # fmt: skip


def holders(inner):
    return st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3))


anything = st.recursive(scalars, holders, max_leaves=6)


def places(value, above=()):
    yield above
    for key, part in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield from places(part, (*above, key))


def changed(value, place, new):
    if not place:
        return new
    made = value.copy()
    made[place[0]] = changed(value[place[0]], place[1:], new)
    return made


@pytest.mark.parametrize("name", GOOD)
def test_the_files_that_are_changed_can_be_read(name):
    assert outcome(json.dumps(GOOD[name])) == "read"


@pytest.mark.parametrize("name", GOOD)
@MANY
@given(data=st.data())
def test_a_file_with_anything_anywhere_is_read_or_refused(name, data):
    value = GOOD[name]
    for _ in range(data.draw(st.integers(1, 2))):
        found = list(places(value))
        place = found[data.draw(st.integers(0, len(found) - 1))]
        value = changed(value, place, data.draw(anything))
    outcome(json.dumps(value))


CELLS = " ".join(f"m{row}{at}='{int(row == at)}'" for row in range(4) for at in range(4))
TEXTS = [
    spim(
        VIEW.format(
            0, 0, "<ViewTransform type='affine'><affine>1 0 0 0 0 1 0 0 0 0 1 0</affine></ViewTransform>"
        )
    ),
    itk(2),
    '"Pt-0","true","1.0","2.0","0.5","10.0","20.0","5.0"\n' * 3,
    "# axes: z,y,x\n# unit: um\n1 0 0 5\n0 1 0 6\n0 0 1 7\n",
    f"<r><MatrixTransformation order='0' {CELLS}/></r>",
]


pieces = st.one_of(st.binary(max_size=6), st.sampled_from([b"nan", b"1e400", b"<", b"-", b"\n"]))


@pytest.mark.parametrize("text", TEXTS)
@MANY
@given(data=st.data())
def test_text_with_anything_anywhere_is_read_or_refused(text, data):
    content = bytearray(text.encode())
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(content)))
        upto = data.draw(st.integers(at, min(at + 20, len(content))))
        content[at:upto] = data.draw(
            st.one_of(st.binary(max_size=6), st.sampled_from([b"nan", b"1e400", b"<", b"-", b"\n"]))
        )
    outcome(bytes(content))
