"""Fiducial registration errors computed anew from the landmarks, in the unit in which the record states them."""

from __future__ import annotations

from collections.abc import Iterator

from rembigraph.catalogue.correlation.atlas import Atlas
from rembigraph.catalogue.correlation.records import StatedError, TransformRecord
from rembigraph.catalogue.correlation.steps import pairs_of
from rembigraph.catalogue.transforms.landmarks import residual_statistics
from rembigraph.catalogue.transforms.refusal import TransformRefused
from rembigraph.catalogue.transforms.units import unit_factor


def recomputed_errors(atlas: Atlas) -> Iterator[tuple[str, float]]:
    """Yield the IRI of each stated fiducial registration error whose landmarks are here, and the recomputed number.

    Those whose target system is in the same record were recomputed when it was loaded.
    """
    across = (
        one for one in atlas.transformations.values() if not one.target.startswith(_below(atlas, one.study))
    )
    for record in across:
        for error in record.errors:
            value = recomputed(atlas, record, error)
            if value is not None:
                yield error.iri, value


def _below(atlas: Atlas, study: str) -> str:
    return f"{atlas.iris.study(study)}/"


def recomputed(atlas: Atlas, record: TransformRecord, error: StatedError) -> float | None:
    """A stated error computed anew; none where landmarks, frame, unit or statistic do not allow it."""
    step = atlas.graph.steps.get(record.iri)
    frame = atlas.systems.get(record.target)
    if step is None or frame is None or error.kind != "FRE" or error.measured_in not in ("", record.target):
        return None
    unit = frame.system.length_unit
    for one in atlas.landmarks(record):
        try:
            source, target = pairs_of(one, record.source, record.target)
            found = residual_statistics(step.transform.affine(source.shape[1]), source, target)
            factor = unit_factor(unit, error.unit) if unit else None
        except (TransformRefused, ValueError):
            continue
        value = found.get(error.statistic)
        if value is not None and factor is not None:
            return float(f"{value * factor:.9g}")
    return None
