"""What arithmetic says about the transformations of one record, put into plain properties before it is validated.

Rules only compare these. What the record itself states stays: nothing is overwritten. What needs a system of another
record is not known here; the graph of conclusions says it once all records are together.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from rembigraph.catalogue.transforms.described import Described, describe
from rembigraph.catalogue.transforms.landmarks import landmark_pairs, residual_statistics
from rembigraph.catalogue.transforms.reading import read_transformation
from rembigraph.catalogue.transforms.refusal import TransformRefused
from rembigraph.catalogue.transforms.units import unit_factor
from rembigraph.ontology.generated.models import CoordinateTransformation, Study

SHAPE_FAULTS: Final = frozenset(
    [
        "matrix-shape",
        "vector-length",
        "dimension-mismatch",
        "ragged-matrix",
        "axis-index",
        "output-axis-missing",
    ]
)
"""Refusals that say that the numbers do not fit the axes."""

_MOST_TEXT: Final = 2_000_000


def derive_scalars(study: Study) -> None:
    """Fill in what follows from the parameters of a completed record's transformations, in place."""
    if not study.transformation:
        return
    axes = {str(system.id): list(system.has_axis) for system in study.coordinate_system}
    landmarks = {str(one.id): one for one in study.landmark_set}
    for one in study.transformation:
        if one.parameters and len(one.parameters) <= _MOST_TEXT:
            _describe(one, axes)
            _recompute(one, axes, [landmarks[iri] for iri in one.has_landmarks if iri in landmarks])


def _describe(one: CoordinateTransformation, axes: Mapping[str, list[Any]]) -> None:
    ends = [len(axes[end]) if axes.get(end) else None for end in _ends(one)]
    stated = one.invertible
    try:
        found = describe(json.loads(one.parameters or ""), *ends)
    except TransformRefused as refused:
        if refused.code == "dimension-unknown":
            return
        one.parameters_fault = refused.code
        if refused.code == "bijection-mismatch":
            one.inverse_fits = False
        elif refused.code in SHAPE_FAULTS:
            one.parameters_fit = False
        return
    except (ValueError, RecursionError):
        one.parameters_fault = "not-json"
        return
    _fill(one, found)
    if None not in ends:
        one.parameters_fit = True
    # Said only against what is stated: a dump that is loaded again states what was derived, and stays as it was.
    if stated is not None and stated != found.invertible:
        one.invertible_computed = found.invertible
    if found.kind == "bijection":
        one.inverse_fits = True


def _ends(one: CoordinateTransformation) -> tuple[str, str]:
    return str(one.source_coordinate_system), str(one.target_coordinate_system)


def _fill(one: CoordinateTransformation, found: Described) -> None:
    """Set what the record does not state itself."""
    condition = found.condition_number
    values: dict[str, Any] = {
        "input_dimension": found.input_dimension,
        "output_dimension": found.output_dimension,
        "invertible": found.invertible,
        "condition_number": condition if condition is not None and condition < float("inf") else None,
        "mean_scale": found.mean_scale,
        "mirrored": found.mirrored,
    }
    for name, value in values.items():
        if getattr(one, name) is None and value is not None:
            setattr(one, name, float(f"{value:.9g}") if isinstance(value, float) else value)


def _recompute(one: CoordinateTransformation, axes: Mapping[str, list[Any]], sets: list[Any]) -> None:
    """Recompute the stated fiducial registration errors whose landmarks and target system are in this record."""
    source, target = _ends(one)
    unit = _unit(axes.get(target, []))
    for error in (error for error in one.has_error if str(error.error_kind) == "FRE"):
        given = str(error.unit or error.unit_code or "")
        if str(error.measured_in or target) != target or not unit or error.statistic is None:
            continue
        found = _statistics(one, sets, (source, target))
        value = found.get(str(error.statistic))
        try:
            factor = unit_factor(unit, given)
        except TransformRefused:
            continue
        if value is not None:
            error.fre_recomputed = float(f"{value * factor:.9g}")


def _unit(axes: list[Any]) -> str:
    """The one unit of all axes, as written; empty where there is none or more than one."""
    units = {str(axis.unit or axis.unit_code or "") for axis in axes}
    return units.pop() if len(units) == 1 else ""


def _statistics(one: CoordinateTransformation, sets: list[Any], ends: tuple[str, str]) -> dict[str, float]:
    for each in sets:
        if (
            str(each.source_coordinate_system),
            str(each.target_coordinate_system),
        ) != ends or not each.landmarks:
            continue
        try:
            pairs = json.loads(each.landmarks)
            source, target = landmark_pairs(
                [pair["source"] for pair in pairs], [pair["target"] for pair in pairs]
            )
            affine = read_transformation(json.loads(one.parameters or "")).affine(source.shape[1])
            return residual_statistics(affine, source, target)
        except (TransformRefused, ValueError, TypeError, KeyError, RecursionError):
            continue
    return {}
