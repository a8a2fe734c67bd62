"""ITK transformation files (`.tfm`, `.txt`): linear transformations and composites of them.

ITK maps points of the fixed image to points of the moving one. Numbers are x,y,z and about a centre, which stands in
the fixed parameters; systems here have z,y,x. A composite applies the last one listed first. Fields (BSpline,
displacement) have no form here and are refused. The file states no unit: ITK itself says nothing more than "physical".
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rembigraph.loaders.transforms.numbers import Rows, affine, chain, numbers, reversed_axes, rows_of
from rembigraph.loaders.transforms.places import space
from rembigraph.ontology.errors import TransformRefused
from rembigraph.ontology.transform_dialects import shown
from rembigraph.ontology.transform_documents import ReadStep, Stated, TransformDocument

FORMAT: Final = "itk"
MOST_TRANSFORMS: Final = 1000

_HEADER: Final = "#Insight Transform File"
_TYPE: Final = re.compile(r"([A-Za-z0-9]+?)_(?:double|float)_([0-9])_([0-9])")

Flat = Sequence[float]


@dataclass(frozen=True)
class _Entry:
    kind: str
    axes: int
    parameters: list[float]
    fixed: list[float]
    where: str


def recognises(text: str) -> bool:
    """Whether the text begins as ITK writes it."""
    return text.lstrip().startswith(_HEADER)


def read(text: str, stated: Stated) -> TransformDocument:
    """Read all transformations as one from fixed to moving.

    Raises:
        TransformRefused: `not-representable` for fields, `unknown-type`, or what is wrong, with its line.
    """
    entries = [entry for entry in _entries(text) if entry.kind != "CompositeTransform"]
    if not entries:
        raise TransformRefused("no-transformations", "the file lists no transformation", where="line 1")
    if len({entry.axes for entry in entries}) > 1:
        raise TransformRefused("dimension-mismatch", "the transformations are of different dimension")
    parts = [affine(reversed_axes(_rows(entry)), entry.kind) for entry in reversed(entries)]
    source, target = stated.source or "fixed", stated.target or "moving"
    axes = ("z", "y", "x")[-entries[0].axes :]
    found = TransformDocument(FORMAT, text.lstrip().splitlines()[0].removeprefix(_HEADER).strip())
    found.systems = {
        source: space(source, axes, stated.unit),
        target: space(target, axes, stated.target_unit or stated.unit),
    }
    found.add(ReadStep(entries[0].where, source, target, chain(parts)))
    found.note("ITK maps points of the fixed image to the moving image, and so does this step")
    if not stated.unit:
        found.note("the file states no unit: give that of the images")
    return found


def _entries(text: str) -> list[_Entry]:
    found: list[_Entry] = []
    fields: dict[str, str] = {}
    start = 0
    for at, line in enumerate([*text.splitlines(), "Transform: "], start=1):
        key, mark, value = line.partition(":")
        if line.lstrip().startswith("#") or not mark:
            if line.strip() and not line.lstrip().startswith("#"):
                raise TransformRefused("not-a-table", f"{shown(line)} is no line of it", where=f"line {at}")
            continue
        if key == "Transform":
            if fields:
                found.append(_entry(fields, f"line {start}"))
            fields, start = {}, at
        elif key not in ("Parameters", "FixedParameters") or not start or key in fields:
            raise TransformRefused("not-a-table", f"{shown(key)} is not expected here", where=f"line {at}")
        fields[key] = value.strip()
        if len(found) > MOST_TRANSFORMS:
            said = f"more than {MOST_TRANSFORMS} transformations are not read"
            raise TransformRefused("too-many-steps", said, where=f"line {at}")
    return found


def _entry(fields: Mapping[str, str], where: str) -> _Entry:
    match = _TYPE.fullmatch(fields["Transform"])
    if match is None:
        raise TransformRefused("unknown-type", f"{shown(fields['Transform'])} is no type of ITK", where=where)
    kind, axes = match[1], int(match[2])
    if kind == "CompositeTransform":
        return _Entry(kind, axes, [], [], where)
    if kind not in _KINDS:
        code = "not-representable" if "BSpline" in kind or "Displacement" in kind else "unknown-type"
        said = f"a {shown(kind)} is not read: only linear transformations have a form here"
        fix = "resample it to a displacement field in OME-Zarr, which is kept by reference"
        raise TransformRefused(code, said, where=where, fix=fix)
    if match[2] != match[3] or axes not in _KINDS[kind][0]:
        raise TransformRefused("dimension-mismatch", f"{kind} of {match[2]} to {match[3]} axes", where=where)
    parameters, fixed = (_flat(fields.get(key, ""), where) for key in ("Parameters", "FixedParameters"))
    return _Entry(kind, axes, parameters, fixed, where)


def _flat(text: str, where: str) -> list[float]:
    return numbers(text, len(text.split()), where)


def _rows(entry: _Entry) -> Rows:
    """The map in x,y,z: M (p - centre) + centre + shift."""
    axes, (_, sizes, build) = entry.axes, _KINDS[entry.kind]
    count = sizes(axes)
    if len(entry.parameters) != count:
        said = f"{entry.kind} has {count} parameters, not {len(entry.parameters)}"
        raise TransformRefused("vector-length", said, where=entry.where, expected=count)
    if entry.fixed and len(entry.fixed) < axes:
        raise TransformRefused("vector-length", f"a centre has {axes} numbers", where=entry.where)
    centre = entry.fixed[:axes] if entry.fixed else [0.0] * axes
    linear, shift = build(entry)
    offsets = [
        shift[row] + centre[row] - math.fsum(linear[row][at] * centre[at] for at in range(axes))
        for row in range(axes)
    ]
    return [[*linear[row], offsets[row]] for row in range(axes)]


Built = tuple[Rows, list[float]]


def _unit(axes: int, sizes: Flat = ()) -> Rows:
    return [
        [(sizes[row] if sizes else 1.0) if row == at else 0.0 for at in range(axes)] for row in range(axes)
    ]


def _product(*matrices: Rows) -> Rows:
    result = matrices[0]
    for other in matrices[1:]:
        columns = list(zip(*other, strict=True))
        result = [
            [math.fsum(a * b for a, b in zip(row, column, strict=True)) for column in columns]
            for row in result
        ]
    return result


def _affine(entry: _Entry) -> Built:
    square = entry.axes**2
    return rows_of(entry.parameters[:square], entry.axes), entry.parameters[square:]


def _translation(entry: _Entry) -> Built:
    return _unit(entry.axes), entry.parameters


def _identity(entry: _Entry) -> Built:
    return _unit(entry.axes), [0.0] * entry.axes


def _scale(entry: _Entry) -> Built:
    return _unit(entry.axes, entry.parameters), [0.0] * entry.axes


def _turn(angle: float) -> Rows:
    return [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]


def _euler_2d(entry: _Entry) -> Built:
    return _turn(entry.parameters[0]), entry.parameters[1:]


def _similarity_2d(entry: _Entry) -> Built:
    scale, angle, *shift = entry.parameters
    return [[scale * value for value in row] for row in _turn(angle)], shift


def _euler_3d(entry: _Entry) -> Built:
    """Turns about z, x, y in this order of the product, or z, y, x where the fixed parameters say so."""
    (cx, sx), (cy, sy), (cz, sz) = ((math.cos(one), math.sin(one)) for one in entry.parameters[:3])
    about_x = [[1.0, 0.0, 0.0], [0.0, cx, -sx], [0.0, sx, cx]]
    about_y = [[cy, 0.0, sy], [0.0, 1.0, 0.0], [-sy, 0.0, cy]]
    about_z = [[cz, -sz, 0.0], [sz, cz, 0.0], [0.0, 0.0, 1.0]]
    is_zyx = len(entry.fixed) > 3 and entry.fixed[3] != 0
    order = (about_z, about_y, about_x) if is_zyx else (about_z, about_x, about_y)
    return _product(*order), entry.parameters[3:]


def _versor(entry: _Entry) -> Rows:
    """The rotation of a versor, whose fourth part makes its length one."""
    x, y, z = entry.parameters[:3]
    rest = 1.0 - (x * x + y * y + z * z)
    if rest < -1e-9:
        raise TransformRefused("rotation-not-orthonormal", "a versor is longer than one", where=entry.where)
    w = math.sqrt(max(rest, 0.0))
    return [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]


def _versor_only(entry: _Entry) -> Built:
    return _versor(entry), [0.0] * entry.axes


def _versor_rigid(entry: _Entry) -> Built:
    return _versor(entry), entry.parameters[3:6]


def _similarity_3d(entry: _Entry) -> Built:
    scale = entry.parameters[6]
    return [[scale * value for value in row] for row in _versor(entry)], entry.parameters[3:6]


_Kind = tuple[tuple[int, ...], Callable[[int], int], Callable[[_Entry], Built]]

_ANY: Final = (2, 3)
_KINDS: Final[dict[str, _Kind]] = {
    "AffineTransform": (_ANY, lambda axes: axes * (axes + 1), _affine),
    "MatrixOffsetTransformBase": (_ANY, lambda axes: axes * (axes + 1), _affine),
    "TranslationTransform": (_ANY, lambda axes: axes, _translation),
    "IdentityTransform": (_ANY, lambda _: 0, _identity),
    "ScaleTransform": (_ANY, lambda axes: axes, _scale),
    "Euler2DTransform": ((2,), lambda _: 3, _euler_2d),
    "Rigid2DTransform": ((2,), lambda _: 3, _euler_2d),
    "Similarity2DTransform": ((2,), lambda _: 4, _similarity_2d),
    "Euler3DTransform": ((3,), lambda _: 6, _euler_3d),
    "VersorTransform": ((3,), lambda _: 3, _versor_only),
    "VersorRigid3DTransform": ((3,), lambda _: 6, _versor_rigid),
    "Similarity3DTransform": ((3,), lambda _: 7, _similarity_3d),
}


def reads() -> tuple[Any, ...]:
    """Names of the types that are read."""
    return tuple(sorted(_KINDS))
