"""OME-Zarr 0.6 transformation objects, read in bounds and checked against the specification."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from rembigraph.catalogue.transforms.affine import MIRROR_TOLERANCE, compose, identity_matrix
from rembigraph.catalogue.transforms.fields import FieldData
from rembigraph.catalogue.transforms.model import (
    Bijection,
    Block,
    ByDimension,
    Field,
    Linear,
    Sequence,
    Transform,
    mismatch,
)
from rembigraph.catalogue.transforms.numbers import MOST_AXES, Array, brief, listed, matrix, vector
from rembigraph.catalogue.transforms.refusal import TransformRefused

MOST_STEPS: Final = 1000
"""Parts of one transformation, nested ones counted."""

DEEPEST: Final = 16
"""Levels of nesting of one transformation."""

ENDS: Final = ("input", "output")


class _Reader:
    """Reads one transformation object; counts its parts."""

    def __init__(self, fields: Mapping[str, FieldData]) -> None:
        self.fields = fields
        self.parts = 0

    def read(self, value: Any, where: str, depth: int = 0) -> Transform:
        if not isinstance(value, Mapping):
            said = f"{brief(value)} is no transformation object"
            raise TransformRefused("not-a-transformation", said, where=where)
        self.parts += 1
        if self.parts > MOST_STEPS:
            said = f"a transformation of more than {MOST_STEPS} parts is not read"
            raise TransformRefused(
                "too-many-steps", said, where=where, fix="compose the parts into one affine"
            )
        if depth > DEEPEST:
            said = f"transformations nested deeper than {DEEPEST} levels are not read"
            raise TransformRefused("too-deep", said, where=where)
        kind = value.get("type")
        if not isinstance(kind, str) or kind not in _READERS:
            said = f"{brief(kind)} is no type of transformation"
            raise TransformRefused(
                "unknown-type", said, where=f"{where}/type", fix=f"one of {', '.join(_READERS)}"
            )
        given = {key: part for key, part in value.items() if key not in ENDS}
        return _READERS[kind](self, given, where, depth)

    def sequence(self, given: dict[str, Any], where: str, depth: int) -> Transform:
        items = given.get("transformations")
        if isinstance(items, list | tuple) and not items:
            raise TransformRefused("empty-sequence", "a sequence needs at least one part", where=where)
        parts = self._items(items, where)
        found = tuple(
            self.read(part, f"{where}/transformations/{at}", depth + 1) for at, part in enumerate(parts)
        )
        return Sequence(given, found)

    def by_dimension(self, given: dict[str, Any], where: str, depth: int) -> Transform:
        blocks = []
        for at, item in enumerate(self._items(given.get("transformations"), where)):
            here = f"{where}/transformations/{at}"
            if not isinstance(item, Mapping):
                raise TransformRefused("not-a-transformation", f"{brief(item)} is no object", where=here)
            part = self.read(item.get("transformation"), f"{here}/transformation", depth + 1)
            inputs = _axes(item.get("inputAxes", item.get("input_axes")), f"{here}/inputAxes")
            outputs = _axes(item.get("outputAxes", item.get("output_axes")), f"{here}/outputAxes")
            blocks.append(Block(part, inputs, outputs))
        _check_outputs([axis for block in blocks for axis in block.outputs], where)
        return ByDimension(given, tuple(blocks))

    def bijection(self, given: dict[str, Any], where: str, depth: int) -> Transform:
        forward = self.read(given.get("forward"), f"{where}/forward", depth + 1)
        return Bijection(given, forward, self.read(given.get("inverse"), f"{where}/inverse", depth + 1))

    def displacements(self, given: dict[str, Any], where: str, depth: int) -> Transform:
        path = given.get("path")
        if not isinstance(path, str) or not path:
            raise TransformRefused(
                "missing-parameter", "a field needs the path of its array", where=f"{where}/path"
            )
        return Field(str(given["type"]), given, path, self.fields.get(path))

    @staticmethod
    def _items(value: Any, where: str) -> list[Any]:
        here = f"{where}/transformations"
        return list(listed(value, here, MOST_STEPS, "too-many-steps"))


def _check_outputs(outputs: list[int], where: str) -> None:
    twice = sorted({axis for axis in outputs if outputs.count(axis) > 1})
    if twice:
        said = f"output axis {twice[0]} is made by two parts"
        raise TransformRefused("output-axis-twice", said, where=where)
    missing = sorted(set(range(len(outputs))) - set(outputs))
    if missing:
        raise TransformRefused("output-axis-missing", f"no part makes output axis {missing[0]}", where=where)


def _axes(value: Any, where: str) -> tuple[int, ...]:
    items = listed(value, where, MOST_AXES)
    for item in items:
        if isinstance(item, bool) or not isinstance(item, int) or not 0 <= item < MOST_AXES:
            raise TransformRefused("axis-index", f"{brief(item)} is no index of an axis", where=where)
    return tuple(items)


def _identity(_: _Reader, given: dict[str, Any], where: str, depth: int) -> Transform:
    return Linear("identity", given, None, identity_matrix)


def _elsewhere(given: dict[str, Any], key: str, where: str) -> Linear | None:
    """A transformation whose numbers lie in an array, which is named by `path`."""
    path = given.get("path")
    if key in given or not isinstance(path, str) or not path:
        return None

    def unread(_: int) -> Array:
        said = f"the numbers of {given['type']} lie in the array {path!r}, which is not read here"
        raise TransformRefused("parameters-not-loaded", said, where=where)

    return Linear(str(given["type"]), given, None, unread, path=path)


def _of(given: dict[str, Any], key: str, where: str) -> Any:
    if key not in given:
        raise TransformRefused("missing-parameter", f"{given['type']} needs {key!r}", where=f"{where}/{key}")
    return given[key]


def _translation(_: _Reader, given: dict[str, Any], where: str, depth: int) -> Transform:
    if found := _elsewhere(given, "translation", where):
        return found
    shift = vector(_of(given, "translation", where), f"{where}/translation")
    affine = np.column_stack((np.eye(len(shift)), shift))
    return Linear("translation", given, len(shift), lambda _: affine)


def _scale(_: _Reader, given: dict[str, Any], where: str, depth: int) -> Transform:
    if found := _elsewhere(given, "scale", where):
        return found
    factors = vector(_of(given, "scale", where), f"{where}/scale")
    affine = np.column_stack((np.diag(factors), np.zeros(len(factors))))

    def positive() -> None:
        if np.any(factors <= 0):
            fix = "write a mirror as an affine"
            raise TransformRefused(
                "scale-not-positive", "a scale must be positive", where=f"{where}/scale", fix=fix
            )

    return Linear("scale", given, len(factors), lambda _: affine, positive)


def _affine(_: _Reader, given: dict[str, Any], where: str, depth: int) -> Transform:
    if found := _elsewhere(given, "affine", where):
        return found
    affine = matrix(_of(given, "affine", where), f"{where}/affine")
    if affine.shape[1] < 2:
        said = "an affine has M rows of N+1 numbers, the last of them the translation"
        raise TransformRefused("matrix-shape", said, where=f"{where}/affine")
    return Linear("affine", given, affine.shape[1] - 1, lambda _: affine)


def _rotation(_: _Reader, given: dict[str, Any], where: str, depth: int) -> Transform:
    if found := _elsewhere(given, "rotation", where):
        return found
    turn = matrix(_of(given, "rotation", where), f"{where}/rotation")
    if turn.shape[0] != turn.shape[1]:
        said = f"a rotation is square, this one is {turn.shape[0]} x {turn.shape[1]}"
        raise TransformRefused("matrix-shape", said, where=f"{where}/rotation")
    affine = np.column_stack((turn, np.zeros(len(turn))))

    def proper() -> None:
        with np.errstate(over="ignore", invalid="ignore"):
            off = np.abs(turn @ turn.T - np.eye(len(turn))).max()
        if not off <= MIRROR_TOLERANCE:
            said = "the rows are not orthonormal"
            raise TransformRefused(
                "rotation-not-orthonormal", said, where=f"{where}/rotation", fix="use affine"
            )
        if np.linalg.det(turn) < 0:
            said = "the determinant is -1: a mirror is no rotation"
            raise TransformRefused("rotation-determinant", said, where=f"{where}/rotation", fix="use affine")

    return Linear("rotation", given, len(turn), lambda _: affine, proper)


def _map_axis(_: _Reader, given: dict[str, Any], where: str, depth: int) -> Transform:
    order = _axes(_of(given, "mapAxis", where), f"{where}/mapAxis")
    if sorted(order) != list(range(len(order))):
        said = "mapAxis names every input axis once"
        raise TransformRefused("not-a-permutation", said, where=f"{where}/mapAxis")
    affine = np.column_stack((np.eye(len(order))[list(order)], np.zeros(len(order))))
    return Linear("mapAxis", given, len(order), lambda _: affine)


def _project_axis(_: _Reader, given: dict[str, Any], where: str, depth: int) -> Transform:
    dropped, created = (
        _axes(given[key], f"{where}/{key}") if given.get(key) else ()
        for key in ("droppedInputs", "createdOutputs")
    )
    if not dropped and not created:
        said = "projectAxis needs droppedInputs or createdOutputs"
        raise TransformRefused("missing-parameter", said, where=where)
    if len(set(dropped)) < len(dropped) or len(set(created)) < len(created):
        raise TransformRefused("axis-index", "projectAxis names an axis twice", where=where)

    def build(axes: int) -> Array:
        kept = [axis for axis in range(axes) if axis not in dropped]
        total = len(kept) + len(created)
        if any(axis >= axes for axis in dropped) or any(axis >= total for axis in created) or not kept:
            said = f"projectAxis does not fit {axes} coordinates"
            raise TransformRefused("axis-index", said, where=where)
        result = np.zeros((total, axes + 1))
        filled = [axis for axis in range(total) if axis not in created]
        result[filled, kept] = 1.0
        return result

    return Linear("projectAxis", given, None, build)


_READERS: Final[Mapping[str, Callable[[_Reader, dict[str, Any], str, int], Transform]]] = {
    "identity": _identity,
    "mapAxis": _map_axis,
    "projectAxis": _project_axis,
    "translation": _translation,
    "scale": _scale,
    "affine": _affine,
    "rotation": _rotation,
    "sequence": _Reader.sequence,
    "displacements": _Reader.displacements,
    "coordinates": _Reader.displacements,
    "byDimension": _Reader.by_dimension,
    "bijection": _Reader.bijection,
}


def read_transformation(
    value: Any, where: str = "", fields: Mapping[str, FieldData] | None = None
) -> Transform:
    """The structure of a transformation object; its numbers may still break a rule of the specification.

    Args:
        value: parsed JSON.
        where: JSON pointer of it, for errors.
        fields: fields that were given in readable form, by their path.

    Raises:
        TransformRefused: what is wrong, with the JSON pointer.
    """
    return _Reader(fields or {}).read(value, where)


def parse_transformation(
    value: Any,
    inputs: int | None = None,
    outputs: int | None = None,
    where: str = "",
    fields: Mapping[str, FieldData] | None = None,
) -> Transform:
    """A transformation object that keeps all rules of OME-Zarr 0.6, and fits the dimensions of its ends where given.

    Raises:
        TransformRefused: what is wrong, with the JSON pointer.
    """
    found = read_transformation(value, where, fields)
    check(found, inputs, outputs)
    return found


def check(transform: Transform, inputs: int | None = None, outputs: int | None = None) -> None:
    """Refuse numbers that the specification forbids, and dimensions that do not fit.

    Raises:
        TransformRefused: the first rule that is broken.
    """
    for part in _parts(transform):
        if isinstance(part, Linear):
            part.rule()
    axes = inputs if inputs is not None else transform.input_dimension
    if axes is None:
        return
    made = transform.output_dimension(axes)
    if outputs is not None and made != outputs and not transform.reads_elsewhere():
        raise mismatch(_shape_code(transform), outputs, made, f"{transform.kind} gives")
    _check_bijections(transform, axes)


def _shape_code(transform: Transform) -> str:
    codes = {"affine": "matrix-shape", "rotation": "matrix-shape", "scale": "vector-length"}
    return {**codes, "translation": "vector-length", "mapAxis": "vector-length"}.get(
        transform.kind, "dimension-mismatch"
    )


def _children(transform: Transform) -> tuple[Transform, ...]:
    match transform:
        case Sequence():
            return transform.parts
        case ByDimension():
            return tuple(block.part for block in transform.blocks)
        case Bijection():
            return (transform.forward, transform.backward)
    return ()


def _parts(transform: Transform) -> list[Transform]:
    found, waiting = [], [transform]
    while waiting:
        part = waiting.pop()
        found.append(part)
        waiting.extend(reversed(_children(part)))
    return found


def _check_bijections(transform: Transform, axes: int) -> None:
    if isinstance(transform, Bijection):
        _check_legs(transform, axes)
    elif isinstance(transform, Sequence):
        for part in transform.parts:
            _check_bijections(part, axes)
            axes = part.output_dimension(axes)
    elif isinstance(transform, ByDimension):
        for block in transform.blocks:
            _check_bijections(block.part, len(block.inputs))


def _check_legs(transform: Bijection, axes: int) -> None:
    try:
        forward, backward = transform.forward.affine(axes), transform.backward.affine(axes)
    except TransformRefused as refused:
        if refused.code in ("not-affine", "parameters-not-loaded"):
            return
        raise
    off = round_trip_error(forward, backward)
    if off > 1e-6 * (1 + float(np.abs(forward).max())):
        said = f"forward and inverse do not undo one another: a point comes back {off:.6g} off"
        raise TransformRefused("bijection-mismatch", said, roundtrip_error=off)


def round_trip_error(forward: Array, backward: Array) -> float:
    """How far points come back from where they started: the worst of the origin and the unit points."""
    off = compose(forward, backward) - identity_matrix(forward.shape[1] - 1)
    ends = np.column_stack((np.zeros(len(off)), np.eye(len(off))))
    return float(np.linalg.norm(off[:, :-1] @ ends + off[:, -1:], axis=0).max())


def affine_part(transform: Transform, axes: int) -> Array:
    """The composition of the affine steps of a sequence, fields left out: what the numbers at hand can be checked by.

    Raises:
        TransformRefused: where a step is neither affine nor a field.
    """
    result = identity_matrix(axes)
    steps = transform.parts if isinstance(transform, Sequence) else (transform,)
    for step in steps:
        if not isinstance(step, Field):
            result = compose(result, step.affine(result.shape[0]))
    return result
