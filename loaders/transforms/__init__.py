"""Readers of transformation files, one module per format; `read_transforms` recognises the format by the content."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rembigraph.loaders.transforms import (
    bdv,
    bigwarp,
    ec_clem,
    itk,
    matrix,
    mobie,
    neuroglancer,
    ngff,
)
from rembigraph.loaders.transforms.texts import json_of, text_of, xml_of
from rembigraph.ontology.errors import TransformRefused
from rembigraph.ontology.transform_documents import (
    NOTHING_STATED,
    LandmarkRow,
    ReadLandmarks,
    ReadStep,
    Stated,
    TransformDocument,
)

__all__ = ["LandmarkRow", "ReadLandmarks", "ReadStep", "Stated", "TransformDocument", "read_transforms"]

_KNOWN = (
    "OME-Zarr metadata (0.4 to 0.6), BigDataViewer XML, BigWarp landmarks (CSV) and projects (JSON), MoBIE's "
    "dataset.json, ITK transformations (.tfm), a plain 3x4 or 4x4 matrix with axes and unit, a Neuroglancer state, "
    "eC-CLEM XML"
)


def read_transforms(
    content: bytes,
    name: str = "",
    *,
    stated: Stated = NOTHING_STATED,
    beside: Mapping[str, bytes] | None = None,
) -> TransformDocument:
    """Read a file of transformations or landmarks of any format that is known; the content decides, not the name.

    Args:
        content: the bytes of the file.
        name: its name, for messages.
        stated: axes, units and names that the file itself does not tell.
        beside: for OME-Zarr scenes, the `zarr.json` of sub-groups by path.

    Raises:
        TransformRefused: what is wrong, where, and how to mend it; `where` begins with the name.
    """
    try:
        return _read(content, stated, beside or {})
    except TransformRefused as refused:
        refused.where = "#".join(part for part in (name, refused.where) if part)
        raise
    except RecursionError as error:
        raise TransformRefused("too-deep", "the file is nested too deep", where=name) from error


def _read(content: bytes, stated: Stated, beside: Mapping[str, bytes]) -> TransformDocument:
    text = text_of(content)
    head = text.lstrip()[:1]
    if not head:
        raise TransformRefused("unknown-format", "the file is empty", fix=f"it reads {_KNOWN}")
    if head == "<":
        return _read_xml(content, stated)
    if head in "{[" and not matrix.recognises_text(text):
        return _read_json(json_of(content), stated, beside)
    if neuroglancer.recognises_address(text):
        return neuroglancer.read_json(json_of(neuroglancer.state_in_address(text)), stated)
    if itk.recognises(text):
        return itk.read(text, stated)
    if bigwarp.recognises(text):
        return bigwarp.read(text, stated)
    if matrix.recognises_text(text):
        return matrix.read_text(text, stated)
    raise _unknown("no format of transformations")


def _read_xml(content: bytes, stated: Stated) -> TransformDocument:
    root = xml_of(content)
    if bdv.recognises(root):
        return bdv.read(root, stated)
    if ec_clem.recognises(root):
        return ec_clem.read(root, stated)
    raise _unknown(f"<{root.tag[:40]}> is the root of no format of transformations", root.where)


def _read_json(value: Any, stated: Stated, beside: Mapping[str, bytes]) -> TransformDocument:
    if isinstance(value, dict):
        if ngff.recognises(value):
            return ngff.read(value, stated, beside)
        if mobie.recognises_json(value):
            return mobie.read_json(value, stated)
        if bigwarp.recognises_json(value):
            return bigwarp.read_json(value, stated)
        if neuroglancer.recognises_json(value):
            return neuroglancer.read_json(value, stated)
        if matrix.recognises_json(value):
            return matrix.read_json(value, stated)
    raise _unknown("the JSON is of no format of transformations")


def _unknown(message: str, where: str = "") -> TransformRefused:
    return TransformRefused("unknown-format", message, where=where, fix=f"it reads {_KNOWN}")
