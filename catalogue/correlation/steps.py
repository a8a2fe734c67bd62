"""Records of transformations -> steps of the graph: their map, the error that counts, the fit behind it.

What is not said stays unknown: an error counts only as a root mean square in a system of the step; a step is exact only
where the record says that both of its ends are the same image's own systems and states neither a registration nor an
error.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from rembigraph.catalogue.correlation.graph import Step, StepError
from rembigraph.catalogue.correlation.records import (
    LandmarkRecord,
    StatedError,
    SystemRecord,
    TransformRecord,
    parsed,
)
from rembigraph.catalogue.transforms.affine import apply_affine
from rembigraph.catalogue.transforms.landmarks import Fit, landmark_pairs
from rembigraph.catalogue.transforms.model import Transform
from rembigraph.catalogue.transforms.numbers import Array, brief
from rembigraph.catalogue.transforms.reading import check, read_transformation
from rembigraph.catalogue.transforms.refusal import TransformRefused

BEST_FIRST: Final = ("TRE", "leave_one_out", "FRE")
"""Kinds of error, the most telling first: what is left at points that the fit did not use comes before what it used."""

_EVEN: Final = 1e-6
"""How far the singular values of a linear part may differ, as a share, for it to be called a similarity."""

Systems = Mapping[str, SystemRecord]


def step_of(
    record: TransformRecord, systems: Systems, landmarks: list[LandmarkRecord], superseded: bool
) -> Step:
    """The step that a record describes.

    Raises:
        TransformRefused: its parameters break a rule or do not fit its ends.
    """
    transform = read_transformation(parsed(record.text, "the parameters"))
    check(
        transform,
        *(
            systems[end].system.dimension if end in systems else None
            for end in (record.source, record.target)
        ),
    )
    return Step(
        record.iri,
        record.source,
        record.target,
        transform,
        error_of(record),
        exact=is_exact(record, systems),
        superseded=superseded,
        fit=fit_of(record, transform, landmarks),
    )


def counting_error(record: TransformRecord) -> StatedError | None:
    """Of the stated errors, the one that is carried along a path: a root mean square in one of the step's systems."""
    ends = (record.source, record.target, "")
    usable = [one for one in record.errors if one.statistic == "rms" and one.measured_in in ends]
    ranked = [one for kind in BEST_FIRST for one in usable if one.kind == kind]
    return ranked[0] if ranked else None


def error_of(record: TransformRecord) -> StepError | None:
    """The error that is carried along a path; measured in the target system where the record does not say where."""
    found = counting_error(record)
    if found is None:
        return None
    try:
        return StepError(found.value, found.unit, found.measured_in == record.source)
    except TransformRefused:
        return None


def is_exact(record: TransformRecord, systems: Systems) -> bool:
    """Whether a step is exact by definition: between two systems of one image that are its own."""
    ends = [systems.get(end) for end in (record.source, record.target)]
    if record.errors or record.registration or record.landmarks or None in ends:
        return False
    one, other = (end for end in ends if end is not None)
    return one.intrinsic is True and other.intrinsic is True and bool(set(one.images) & set(other.images))


def pairs_of(record: LandmarkRecord, source: str, target: str) -> tuple[Array, Array]:
    """Both ends of the pairs of a landmark set, in the order of a transformation's ends.

    Raises:
        TransformRefused: `other-systems` where the set belongs to other systems, or what is wrong with its pairs.
    """
    ends = (record.source, record.target)
    if ends not in ((source, target), (target, source)):
        raise TransformRefused(
            "other-systems", f"{record.iri} does not say that its pairs lie in both systems"
        )
    listed: Any = parsed(record.text, "the landmarks")
    if not isinstance(listed, list) or not all(isinstance(pair, Mapping) for pair in listed):
        raise TransformRefused("not-a-table", f"{brief(listed)} is no list of landmark pairs")
    one, other = landmark_pairs(
        [pair.get("source") for pair in listed], [pair.get("target") for pair in listed]
    )
    return (one, other) if ends == (source, target) else (other, one)


def fit_of(record: TransformRecord, transform: Transform, landmarks: list[LandmarkRecord]) -> Fit | None:
    """What the landmarks say about the stated map: its residuals, and where they lie; none where they do not tell."""
    for one in landmarks:
        try:
            source, target = pairs_of(one, record.source, record.target)
            affine = transform.affine(source.shape[1])
            residuals = np.linalg.norm(apply_affine(affine, source) - target, axis=1)
        except (TransformRefused, ValueError):
            continue
        model, scale = _model_of(affine)
        mirrored = affine.shape[0] == source.shape[1] and bool(np.linalg.det(affine[:, :-1]) < 0)
        return Fit(model, affine, scale, residuals, source, mirrored)
    return None


def _model_of(affine: Array) -> tuple[str, float | None]:
    """The model with fewest numbers that a matrix can have come from, and its scale."""
    linear = affine[:, :-1]
    values = np.linalg.svd(linear, compute_uv=False)
    if linear.shape[0] != linear.shape[1] or values[0] - values[-1] > _EVEN * values[0]:
        return "affine", None
    scale = float(np.mean(values))
    return ("rigid", 1.0) if abs(scale - 1.0) <= _EVEN else ("similarity", scale)
