"""Plain files: ITK transformations, matrices with stated axes and unit, landmark tables."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from rembigraph.catalogue.correlation.exports.model import (
    SPACE,
    Export,
    affine_of,
    lost_on_the_way,
    spatial_affine,
    system_of,
)
from rembigraph.catalogue.correlation.paths import Path
from rembigraph.catalogue.transforms.refusal import TransformRefused
from rembigraph.catalogue.transforms.systems import CoordinateSystem
from rembigraph.ontology.transform_documents import LandmarkRow


def write_itk(path: Path) -> Export:
    """An ITK affine that maps points of the source of a path to points of its target.

    In the words of ITK the source is the fixed and the target the moving image.

    Raises:
        TransformRefused: `not-representable` for fields, and for ends that are not x,y(,z).
    """
    affine = spatial_affine(path, "an ITK transformation", (2, 3))
    axes = affine.shape[0]
    numbers = [*affine[:, :-1].ravel().tolist(), *affine[:, -1].tolist()]
    lines = [
        "#Insight Transform File V1.0",
        "#Transform 0",
        f"Transform: AffineTransform_double_{axes}_{axes}",
        f"Parameters: {' '.join(map(repr, numbers))}",
        f"FixedParameters: {' '.join(['0'] * axes)}",
    ]
    units = [_units(system_of(path, end)) or "not stated" for end in (path.source, path.target)]
    notes = (
        f"maps points of {path.source} (fixed, unit {units[0]}) to {path.target} (moving, unit {units[1]})",
        "an ITK file states neither its ends nor units",
        *lost_on_the_way(path),
    )
    return Export(("\n".join(lines) + "\n").encode(), "text/plain", ".tfm", notes)


def _units(system: CoordinateSystem) -> str:
    units = {axis.unit for axis in system.axes}
    return units.pop() if len(units) == 1 else ""


def write_matrix(path: Path) -> Export:
    """The matrix of a path as text, with its axes, units and ends in comments.

    Raises:
        TransformRefused: `not-representable` for fields, for ends with different axes, and for axes of several units.
    """
    affine = affine_of(path, "a matrix")
    source, target = (system_of(path, end) for end in (path.source, path.target))
    names = [axis.name for axis in source.axes]
    if names != [axis.name for axis in target.axes]:
        said = "a plain matrix names its axes once; here they differ between the ends"
        raise TransformRefused("not-representable", said, fix="export an OME-Zarr 0.6 scene")
    units = [_units(system) for system in (source, target)]
    if not all(units):
        said = "a plain matrix states one unit for each end; here axes have several or none"
        raise TransformRefused("not-representable", said, fix="export an OME-Zarr 0.6 scene")
    lines = [
        f"# axes: {_one_line(','.join(names))}",
        f"# unit: {_one_line(units[0])}",
        f"# target unit: {_one_line(units[1])}",
        f"# source: {_one_line(path.source)}",
        f"# target: {_one_line(path.target)}",
        *(" ".join(map(repr, row)) for row in affine.tolist()),
    ]
    content = ("\n".join(lines) + "\n").encode()
    return Export(content, "text/plain", ".txt", lost_on_the_way(path))


def _one_line(text: str) -> str:
    """A name as one line, so that nothing in it becomes a row of numbers."""
    return " ".join(text.split())


def write_landmarks(rows: Sequence[LandmarkRow], axes: Sequence[str]) -> Export:
    """A landmark table as BigWarp reads it: every row, inactive ones and missing ends too.

    Args:
        rows: landmark pairs.
        axes: names of the axes of their coordinates; x,y(,z) in any order.

    Raises:
        TransformRefused: `not-representable`, `ragged-points`.
    """
    wanted = SPACE[: len(axes)]
    if len(axes) not in (2, 3) or sorted(axes) != sorted(wanted):
        raise TransformRefused("not-representable", f"BigWarp has the axes x,y(,z), not {','.join(axes)}")
    order = [list(axes).index(axis) for axis in wanted]
    written = io.StringIO()
    writer = csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\n")
    for at, row in enumerate(rows, start=1):
        if len(row.source) != len(axes) or len(row.target) != len(axes):
            raise TransformRefused("ragged-points", f"a pair has {len(axes)} axes", where=f"row {at}")
        ends = [end[place] for end in (row.source, row.target) for place in order]
        cells = ["Infinity" if one is None else repr(float(one)) for one in ends]
        writer.writerow([row.name, "true" if row.active else "false", *cells])
    notes = ("BigWarp tables state no unit",)
    return Export(written.getvalue().encode(), "text/csv", ".landmarks.csv", notes)
