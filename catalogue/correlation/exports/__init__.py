"""Files of other formats from a found path: what they can hold exactly, or a refusal with the reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from rembigraph.catalogue.correlation.exports.bdv import write_bdv, write_mobie
from rembigraph.catalogue.correlation.exports.flattened import write_flattened
from rembigraph.catalogue.correlation.exports.model import Export, Image, Placed
from rembigraph.catalogue.correlation.exports.neuroglancer import (
    neuroglancer_address,
    viewer_address,
    write_neuroglancer,
)
from rembigraph.catalogue.correlation.exports.scene import Member, write_path_scene, write_scene
from rembigraph.catalogue.correlation.exports.tables import write_itk, write_landmarks, write_matrix
from rembigraph.catalogue.correlation.paths import Path
from rembigraph.catalogue.transforms.refusal import TransformRefused

__all__ = [
    "FORMATS",
    "Export",
    "Image",
    "Member",
    "Placed",
    "export_path",
    "neuroglancer_address",
    "viewer_address",
    "write_bdv",
    "write_landmarks",
    "write_mobie",
    "write_neuroglancer",
    "write_scene",
]

FORMATS: Final[Mapping[str, Callable[[Path, Image], Export]]] = MappingProxyType(
    {
        "ome-zarr-0.6": lambda path, image: write_path_scene(path),
        "ome-zarr-0.5": write_flattened,
        "neuroglancer": lambda path, image: write_neuroglancer([Placed(image, path)]),
        "mobie": lambda path, image: write_mobie([Placed(image, path)], "correlation"),
        "bdv-xml": lambda path, image: write_bdv([Placed(image, path)]),
        "itk": lambda path, image: write_itk(path),
        "matrix": lambda path, image: write_matrix(path),
    }
)
"""Writers of one path by the name of their format."""


def export_path(path: Path, format_name: str, image: Image) -> Export:
    """A path as a file of another format.

    Args:
        path: from the system of the image to the system that it is wanted in.
        format_name: one of `FORMATS`.
        image: the image that it starts from.

    Raises:
        TransformRefused: `unknown-format`; `not-representable` with the reason where the format cannot hold it.
    """
    if format_name not in FORMATS:
        said = f"{format_name[:40]!r} is no format that is written"
        raise TransformRefused("unknown-format", said, where="/format", fix=f"one of {', '.join(FORMATS)}")
    return FORMATS[format_name](path, image)
