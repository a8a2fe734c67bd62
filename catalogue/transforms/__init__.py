"""Coordinate transformations: points, boxes and polygons through them, inverses, units, landmarks; numpy only."""

from __future__ import annotations

from typing import Any

from rembigraph.catalogue.transforms.described import Described, describe
from rembigraph.catalogue.transforms.landmarks import Fit, fit, leave_one_out
from rembigraph.catalogue.transforms.model import Transform
from rembigraph.catalogue.transforms.reading import parse_transformation, read_transformation
from rembigraph.catalogue.transforms.refusal import TransformRefused
from rembigraph.catalogue.transforms.systems import CoordinateSystem, read_system
from rembigraph.catalogue.transforms.units import canonical_unit, unit_factor

__all__ = [
    "CoordinateSystem",
    "Described",
    "Fit",
    "Transform",
    "TransformRefused",
    "canonical_unit",
    "describe",
    "fit",
    "leave_one_out",
    "parse_transformation",
    "read_system",
    "read_transformation",
    "run_case",
    "unit_factor",
]


def run_case(case: dict[str, Any]) -> dict[str, Any]:
    """Run one case of `correlation-cases/1`: what is asked of what is given.

    Args:
        case: an object with `given` and `ask`; `expect` is not looked at.

    Returns:
        The answer in the terms of the case; `error` holds the code of a refusal and `message` its words.
    """
    from rembigraph.catalogue.correlation.cases import answer_case  # it uses this package

    return answer_case(case)
