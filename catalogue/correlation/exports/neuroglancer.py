"""Neuroglancer states: each image as a layer with its transformation into one frame.

Neuroglancer multiplies the linear part by the ratio of the scales, so it is written as a pure ratio of lengths; the
translation is in units of the output scale, which is one unit of the target system. The scale of an input dimension is
that of a pixel: another one would stretch the image, so dimensions are left to the file where the record says no size.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

import numpy as np
from rembigraph.catalogue.correlation.exports.model import (
    Export,
    Image,
    Placed,
    affine_of,
    lost_on_the_way,
    system_of,
)
from rembigraph.catalogue.transforms.refusal import TransformRefused
from rembigraph.catalogue.transforms.systems import Axis, CoordinateSystem
from rembigraph.catalogue.transforms.units import canonical_unit, unit_kind, unit_size

_SCHEMES: Final = {".zarr": "zarr://", ".n5": "n5://", ".nii": "nifti://", ".nii.gz": "nifti://"}
_BASE: Final = {"length": "m", "time": "s"}


def write_neuroglancer(placed: Sequence[Placed]) -> Export:
    """A state with one layer for each image.

    Args:
        placed: images with their paths into one system.

    Raises:
        TransformRefused: `no-address` for an image without one; `unknown-unit`, `unit-without-size` where a scale
            cannot be told; `not-representable` for fields and embeddings.
    """
    targets = {one.path.target for one in placed}
    if len(targets) != 1:
        said = f"the images are brought into {len(targets)} systems"
        raise TransformRefused("no-path", said, fix="bring all into one")
    frame = system_of(placed[0].path, targets.pop())
    dimensions = _dimensions(frame)
    layers = [_layer(one, dimensions) for one in placed]
    state = {"dimensions": dimensions, "layers": layers, "layout": "4panel"}
    content = json.dumps(state, indent=1, ensure_ascii=False, allow_nan=False).encode() + b"\n"
    notes = dict.fromkeys(note for one in placed for note in (*lost_on_the_way(one.path), _axes_note(one)))
    return Export(content, "application/json", ".neuroglancer.json", tuple(notes))


def viewer_address(state: Export, viewer: str) -> str:
    """The address of a viewer that opens a state: `viewer` with the state in its fragment."""
    compact = json.dumps(json.loads(state.content), separators=(",", ":"), ensure_ascii=False)
    return f"{viewer}#!{quote(compact, safe=':,/')}"


def _dimensions(system: CoordinateSystem) -> dict[str, list[Any]]:
    return {axis.name: _scale(axis, f"{system.name}/{axis.name}") for axis in system.axes}


def _scale(axis: Axis, where: str) -> list[Any]:
    """One unit of an axis: [size, base unit]; [1, ""] for axes that are neither space nor time."""
    if axis.kind not in ("space", "time", "") or (axis.kind == "" and not axis.unit):
        return [1, ""]
    return [unit_size(axis.unit, where), _BASE[unit_kind(canonical_unit(axis.unit, where))]]


def _axes_note(placed: Placed) -> str:
    names = ",".join(axis.name for axis in system_of(placed.path, placed.path.source).axes)
    return f"the layer is for an array with the axes {names} alone: add channels and times in the viewer"


def _layer(placed: Placed, dimensions: dict[str, list[Any]]) -> dict[str, Any]:
    address = neuroglancer_address(placed.image)
    affine = affine_of(placed.path, "a Neuroglancer state")
    if affine.shape[0] != affine.shape[1] - 1:
        said = f"a Neuroglancer layer has as many axes as the viewer, not {affine.shape[1] - 1} of {affine.shape[0]}"
        raise TransformRefused("not-representable", said)
    taken = _dimensions(system_of(placed.path, placed.path.source))
    sizes = [pair[0] for pair in taken.values()]
    units = [pair[0] for pair in dimensions.values()]
    ratios = np.array([[one / other for other in sizes] for one in units])
    matrix = np.column_stack((affine[:, :-1] * ratios, affine[:, -1]))
    transform = {"matrix": matrix.tolist(), "outputDimensions": dimensions}
    if taken.keys() <= placed.image.pixels.keys():
        transform["inputDimensions"] = {name: [placed.image.pixels[name], "m"] for name in taken}
    return {
        "type": "image",
        "name": placed.image.name,
        "source": {"url": address, "transform": transform},
    }


def neuroglancer_address(image: Image) -> str:
    """The address of an image with the format in front, as the viewer wants it.

    Raises:
        TransformRefused: `no-address`: none is known, or it is in a format that the viewer does not read.
    """
    url = image.url
    if "://" in url and not url.startswith(("http://", "https://", "s3://", "gs://")):
        return url
    path = url.rstrip("/").lower()
    scheme = next((scheme for ending, scheme in _SCHEMES.items() if path.endswith(ending)), "")
    if not scheme:
        said = f"no address of the pixels of {image.name!r} is known in a format that Neuroglancer reads"
        raise TransformRefused("no-address", said, fix="state the address of an OME-Zarr, N5 or NIfTI file")
    return scheme + url
