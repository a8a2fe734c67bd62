"""Coordinate transformations of OME-Zarr 0.6 (RFC-5): what they map, and whether that can be undone.

Forward maps points of the input system to points of the output system; points are columns in axis order. All
transformations whose map is affine are `Linear`; fields keep their numbers elsewhere and are never guessed.
"""

# ruff: noqa: D102 -- the base class says what each method does
from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from rembigraph.catalogue.transforms.affine import apply_affine, compose, identity_matrix, invert
from rembigraph.catalogue.transforms.fields import FieldData
from rembigraph.catalogue.transforms.numbers import Array, finite
from rembigraph.catalogue.transforms.refusal import TransformRefused

Parameters = Mapping[str, Any]


def mismatch(code: str, expected: int, got: int, what: str) -> TransformRefused:
    """The refusal of a dimension that does not fit."""
    said = f"{what}: {expected} coordinates expected, {got} given"
    return TransformRefused(code, said, expected=expected, got=got)


class Transform(ABC):
    """One coordinate transformation.

    Attributes:
        kind: its type name in OME-Zarr 0.6.
    """

    kind: str

    @property
    @abstractmethod
    def input_dimension(self) -> int | None:
        """Number of coordinates that go in, where the numbers themselves say it."""

    @abstractmethod
    def output_dimension(self, axes: int) -> int:
        """Number of coordinates that come out when `axes` go in; refuses what does not fit."""

    @abstractmethod
    def affine(self, axes: int) -> Array:
        """The map as an M x (N+1) matrix; refused with `not-affine` for fields."""

    @abstractmethod
    def inverse(self, axes: int) -> Transform:
        """The transformation that undoes this one for points of `axes` coordinates; refused where there is none."""

    @abstractmethod
    def parameters(self) -> dict[str, Any]:
        """The OME-Zarr 0.6 object, without input and output."""

    def apply(self, points: Array) -> Array:
        """Map points, shape (count, N), to shape (count, M)."""
        return apply_affine(self.affine(points.shape[1]), points)

    def reads_elsewhere(self) -> tuple[str, ...]:
        """Paths of arrays that hold numbers of this transformation."""
        return ()

    def dimension(self, given: int | None) -> int:
        """The dimension that goes in: the one given, else the one that the numbers say.

        Raises:
            TransformRefused: `dimension-unknown`.
        """
        found = given if given is not None else self.input_dimension
        if found is None:
            said = f"the dimension of {self.kind} is not told by its numbers"
            raise TransformRefused("dimension-unknown", said, fix="name the coordinate systems of both ends")
        return found


@dataclass(frozen=True, eq=False)
class Linear(Transform):
    """identity, mapAxis, projectAxis, translation, scale, affine or rotation.

    Attributes:
        given: the object as read.
        fixed: number of coordinates that go in, where the numbers say it.
        build: gives the matrix for a number of coordinates that goes in.
        rule: refuses numbers that the specification forbids.
    """

    kind: str
    given: Parameters
    fixed: int | None
    build: Callable[[int], Array]
    rule: Callable[[], None] = field(default=lambda: None)
    path: str = ""

    @property
    def input_dimension(self) -> int | None:
        return self.fixed

    def affine(self, axes: int) -> Array:
        if self.fixed is not None and axes != self.fixed:
            code = {"affine": "matrix-shape", "rotation": "matrix-shape"}.get(self.kind, "vector-length")
            raise mismatch(code, self.fixed, axes, self.kind)
        return self.build(axes)

    def output_dimension(self, axes: int) -> int:
        if self.path:
            return axes
        return int(self.affine(axes).shape[0])

    def inverse(self, axes: int) -> Transform:
        if self.kind == "identity":
            return self
        if self.kind == "projectAxis" and self.given.get("droppedInputs"):
            raise TransformRefused(
                "dimension-dropped", "projectAxis drops a coordinate, which nothing brings back"
            )
        return linear_of(invert(self.affine(axes)))

    def parameters(self) -> dict[str, Any]:
        return dict(self.given)

    def reads_elsewhere(self) -> tuple[str, ...]:
        return (self.path,) if self.path else ()


def linear_of(affine: Array) -> Linear:
    """An `affine` transformation of a matrix, shape M x (N+1)."""
    given = {"type": "affine", "affine": affine.tolist()}
    return Linear("affine", given, affine.shape[1] - 1, lambda _: affine)


@dataclass(frozen=True, eq=False)
class Field(Transform):
    """displacements or coordinates: the numbers lie in an array at `path`.

    Attributes:
        data: the array, where it was given in readable, bounded form.
    """

    kind: str
    given: Parameters
    path: str
    data: FieldData | None = None

    @property
    def input_dimension(self) -> int | None:
        return self.data.axes if self.data else None

    def output_dimension(self, axes: int) -> int:
        if self.data is None:
            return axes
        if axes != self.data.axes:
            raise mismatch("dimension-mismatch", self.data.axes, axes, self.kind)
        return self.data.components

    def affine(self, axes: int) -> Array:
        raise TransformRefused("not-affine", f"{self.kind} is a field, which no matrix can hold")

    def apply(self, points: Array) -> Array:
        if self.data is None:
            said = f"the field at {self.path!r} is given by reference only, so it cannot be evaluated here"
            raise TransformRefused("field-not-loaded", said, fix="give the field itself, in bounds")
        found = self.data.at(points)
        return finite(points + found if self.kind == "displacements" else found)

    def inverse(self, axes: int) -> Transform:
        said = f"a field of {self.kind} has no inverse in closed form"
        raise TransformRefused(
            "not-closed-form", said, fix="supply the inverse field: a bijection holds both"
        )

    def parameters(self) -> dict[str, Any]:
        return dict(self.given)

    def reads_elsewhere(self) -> tuple[str, ...]:
        return (self.path,)


@dataclass(frozen=True, eq=False)
class Sequence(Transform):
    """Transformations one after the other, the first listed applied first."""

    given: Parameters
    parts: tuple[Transform, ...]
    kind: str = "sequence"

    @property
    def input_dimension(self) -> int | None:
        for part in self.parts:
            if part.input_dimension is not None or part.kind not in ("identity", "displacements"):
                return part.input_dimension
        return None

    def output_dimension(self, axes: int) -> int:
        for part in self.parts:
            axes = part.output_dimension(axes)
        return axes

    def affine(self, axes: int) -> Array:
        result = identity_matrix(axes)
        for part in self.parts:
            result = compose(result, part.affine(result.shape[0]))
        return result

    def apply(self, points: Array) -> Array:
        for part in self.parts:
            points = part.apply(points)
        return points

    def inverse(self, axes: int) -> Transform:
        undone = []
        for part in self.parts:
            undone.append(part.inverse(axes))
            axes = part.output_dimension(axes)
        parts = tuple(reversed(undone))
        given = {"type": "sequence", "transformations": [part.parameters() for part in parts]}
        return Sequence(given, parts)

    def parameters(self) -> dict[str, Any]:
        return dict(self.given)

    def reads_elsewhere(self) -> tuple[str, ...]:
        return tuple(path for part in self.parts for path in part.reads_elsewhere())


@dataclass(frozen=True)
class Block:
    """One part of byDimension: which input axes it takes, and which output axes it makes."""

    part: Transform
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class ByDimension(Transform):
    """Transformations of subsets of the axes; every output axis is made exactly once."""

    given: Parameters
    blocks: tuple[Block, ...]
    kind: str = "byDimension"

    @property
    def input_dimension(self) -> int | None:
        return max(axis for block in self.blocks for axis in block.inputs) + 1

    def output_dimension(self, axes: int) -> int:
        self._check_inputs(axes)
        for block in self.blocks:
            made = block.part.output_dimension(len(block.inputs))
            if made != len(block.outputs):
                raise mismatch("dimension-mismatch", len(block.outputs), made, "a part of byDimension")
        return sum(len(block.outputs) for block in self.blocks)

    def _check_inputs(self, axes: int) -> None:
        if (self.input_dimension or 0) > axes:
            raise mismatch(
                "axis-index", axes, self.input_dimension or 0, "byDimension takes an axis beyond the last"
            )

    def affine(self, axes: int) -> Array:
        result = np.zeros((self.output_dimension(axes), axes + 1))
        for block in self.blocks:
            part = block.part.affine(len(block.inputs))
            result[np.ix_(block.outputs, (*block.inputs, axes))] = part
        return result

    def apply(self, points: Array) -> Array:
        result = np.zeros((len(points), self.output_dimension(points.shape[1])))
        for block in self.blocks:
            result[:, block.outputs] = block.part.apply(points[:, block.inputs])
        return result

    def inverse(self, axes: int) -> Transform:
        self._check_inputs(axes)
        taken = sorted(axis for block in self.blocks for axis in block.inputs)
        if taken != list(range(axes)):
            said = "byDimension uses an input axis twice or not at all, which nothing brings back"
            raise TransformRefused("dimension-dropped", said)
        undone = [Block(one.part.inverse(len(one.inputs)), one.outputs, one.inputs) for one in self.blocks]
        return ByDimension(
            {"type": "byDimension", "transformations": [_block(one) for one in undone]}, tuple(undone)
        )

    def parameters(self) -> dict[str, Any]:
        return dict(self.given)

    def reads_elsewhere(self) -> tuple[str, ...]:
        return tuple(path for block in self.blocks for path in block.part.reads_elsewhere())


def _block(block: Block) -> dict[str, Any]:
    inputs, outputs = list(block.inputs), list(block.outputs)
    return {"transformation": block.part.parameters(), "inputAxes": inputs, "outputAxes": outputs}


@dataclass(frozen=True, eq=False)
class Bijection(Transform):
    """A transformation together with the one that undoes it."""

    given: Parameters
    forward: Transform
    backward: Transform
    kind: str = "bijection"

    @property
    def input_dimension(self) -> int | None:
        return self.forward.input_dimension

    def output_dimension(self, axes: int) -> int:
        made = self.forward.output_dimension(axes)
        back = self.backward.output_dimension(made)
        if back != axes or made != axes:
            raise mismatch("dimension-mismatch", axes, made, "the legs of a bijection have one dimension")
        return made

    def affine(self, axes: int) -> Array:
        return self.forward.affine(axes)

    def apply(self, points: Array) -> Array:
        return self.forward.apply(points)

    def inverse(self, axes: int) -> Transform:
        swapped = dict(self.given) | {
            "forward": self.backward.parameters(),
            "inverse": self.forward.parameters(),
        }
        return Bijection(swapped, self.backward, self.forward)

    def parameters(self) -> dict[str, Any]:
        return dict(self.given)

    def reads_elsewhere(self) -> tuple[str, ...]:
        return self.forward.reads_elsewhere() + self.backward.reads_elsewhere()
