"""What a transformation is, in the plain properties that a record carries beside its parameters."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from rembigraph.catalogue.transforms.affine import condition_number, is_mirrored, mean_scale
from rembigraph.catalogue.transforms.reading import check, read_transformation
from rembigraph.catalogue.transforms.refusal import TransformRefused


@dataclass(frozen=True)
class Described:
    """Derived scalars of a transformation; none means that the numbers at hand do not tell.

    Attributes:
        kind: type name of OME-Zarr 0.6.
        input_dimension: number of coordinates that go in.
        output_dimension: number of coordinates that come out.
        invertible: whether the inverse can be computed.
        condition_number: of the linear part, where the map is affine.
        mean_scale: geometric mean of the scale factors, where the map is affine.
        mirrored: whether handedness changes, where the map is affine.
        parameters_hash: SHA-256 of the canonical JSON of the parameters.
    """

    kind: str
    input_dimension: int
    output_dimension: int
    invertible: bool
    condition_number: float | None
    mean_scale: float | None
    mirrored: bool | None
    parameters_hash: str


def parameters_hash(parameters: Any) -> str:
    """SHA-256 of the canonical JSON: sorted keys, no blanks."""
    text = json.dumps(parameters, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def describe(parameters: Any, inputs: int | None = None, outputs: int | None = None) -> Described:
    """Derive the scalars of parsed parameters between systems of known dimension.

    Raises:
        TransformRefused: where the parameters break a rule or do not fit the ends.
    """
    transform = read_transformation(parameters)
    check(transform, inputs, outputs)
    axes = transform.dimension(inputs)
    made = transform.output_dimension(axes)
    try:
        transform.inverse(axes)
        invertible = True
    except TransformRefused:
        invertible = False
    found: tuple[float | None, float | None, bool | None] = (None, None, None)
    try:
        affine = transform.affine(axes)
        found = (condition_number(affine), mean_scale(affine), is_mirrored(affine))
    except TransformRefused:
        pass
    return Described(transform.kind, axes, made, invertible, *found, parameters_hash(transform.parameters()))
