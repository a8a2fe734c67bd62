"""OME-Zarr 0.5 images in the frame of another system: scale and translation of each level, and nothing else.

Viewers that read no 0.6 show an image in place from this, where its way there neither turns, shears nor mirrors.
"""

from __future__ import annotations

import json
from typing import Any, Final

import numpy as np
from rembigraph.catalogue.correlation.exports.model import (
    Export,
    Image,
    affine_of,
    axis_object,
    levels_of,
    lost_on_the_way,
    system_of,
)
from rembigraph.catalogue.correlation.paths import Path
from rembigraph.catalogue.transforms.affine import compose
from rembigraph.catalogue.transforms.numbers import Array
from rembigraph.catalogue.transforms.refusal import TransformRefused

VERSION: Final = "0.5"


def write_flattened(path: Path, image: Image) -> Export:
    """The `zarr.json` of an image whose levels lie in the target system of a path.

    Raises:
        TransformRefused: `not-representable` where the way there is more than scale and translation; `no-levels`.
    """
    what = "OME-Zarr 0.5"
    affine = affine_of(path, what)
    levels = levels_of(path)
    if not levels:
        said = f"no array is known that has an exact map to {path.source}"
        raise TransformRefused("no-levels", said, fix="start the path at an array of the image")
    target = system_of(path, path.target)
    datasets = [_dataset(level.name, compose(level.affine, affine)) for level in levels]
    axes = [axis_object(axis) for axis in target.axes]
    multiscale = {"name": image.name, "axes": axes, "datasets": datasets}
    document = {
        "zarr_format": 3,
        "node_type": "group",
        "attributes": {"ome": {"version": VERSION, "multiscales": [multiscale]}},
    }
    content = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False).encode() + b"\n"
    notes = (f"the axes are those of {path.target}: arrays have to have as many, in this order",)
    return Export(content, "application/json", ".zarr.json", (*lost_on_the_way(path), *notes))


def _dataset(name: str, affine: Array) -> dict[str, Any]:
    linear = affine[:, :-1]
    if linear.shape[0] != linear.shape[1]:
        raise _refused(f"the number of axes changes from {linear.shape[1]} to {linear.shape[0]}")
    scale = np.diag(linear)
    if np.any(linear != np.diag(scale)):
        raise _refused("the way there turns or shears")
    if np.any(scale <= 0):
        raise _refused("the way there mirrors")
    transformations: list[dict[str, Any]] = [{"type": "scale", "scale": scale.tolist()}]
    if np.any(affine[:, -1]):
        transformations.append({"type": "translation", "translation": affine[:, -1].tolist()})
    return {"path": name, "coordinateTransformations": transformations}


def _refused(why: str) -> TransformRefused:
    said = f"OME-Zarr 0.5 holds a scale and a translation only: {why}"
    return TransformRefused(
        "not-representable", said, fix="export an OME-Zarr 0.6 scene or a Neuroglancer state"
    )
