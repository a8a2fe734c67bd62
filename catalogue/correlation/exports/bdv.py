"""BigDataViewer XML and MoBIE views: twelve numbers, row-major, x,y,z."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final
from xml.etree import ElementTree as ET

import numpy as np
from rembigraph.catalogue.correlation.exports.model import (
    Export,
    Placed,
    in_space,
    levels_of,
    lost_on_the_way,
    spatial_order,
    system_of,
    with_third_axis,
)
from rembigraph.catalogue.transforms.numbers import Array
from rembigraph.catalogue.transforms.refusal import TransformRefused
from rembigraph.catalogue.transforms.systems import CoordinateSystem

_ILLEGAL: Final = {code: None for code in range(32) if code not in (9, 10, 13)} | {0xFFFE: None, 0xFFFF: None}


def write_bdv(placed: Sequence[Placed]) -> Export:
    """View setups and registrations of images in one world; who has the images adds their loader.

    Raises:
        TransformRefused: `not-representable` for fields, and for ends that are not x,y,z.
    """
    root = ET.Element("SpimData", version="0.2")
    description = ET.SubElement(root, "SequenceDescription")
    setups = ET.SubElement(description, "ViewSetups")
    times = ET.SubElement(description, "Timepoints", type="pattern")
    ET.SubElement(times, "integerpattern").text = "0"
    registrations = ET.SubElement(root, "ViewRegistrations")
    notes = {"the XML holds no image loader: add that of the images to <SequenceDescription>": None}
    for number, one in enumerate(placed):
        notes |= dict.fromkeys(_add_view(setups, registrations, number, one))
    ET.indent(root)
    content = ET.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"
    return Export(content, "application/xml", ".bdv.xml", tuple(notes))


def _add_view(setups: ET.Element, registrations: ET.Element, number: int, placed: Placed) -> list[str]:
    affine, added = in_space(placed.path, "BigDataViewer XML")
    setup = ET.SubElement(setups, "ViewSetup")
    ET.SubElement(setup, "id").text = str(number)
    ET.SubElement(setup, "name").text = _clean(placed.image.name)
    view = ET.SubElement(registrations, "ViewRegistration", timepoint="0", setup=str(number))
    _add_affine(view, affine, f"{placed.path.source} to {placed.path.target}")
    notes = [*added, *lost_on_the_way(placed.path)]
    levels = levels_of(placed.path)
    source = system_of(placed.path, placed.path.source)
    if not levels:
        notes.append(f"coordinates of {placed.path.source} are taken to be those of the view setup")
    elif source.axes[0].kind != "array":
        _add_calibration(setup, view, levels[0].affine, source)
    return notes


def _add_calibration(setup: ET.Element, view: ET.Element, level: Array, source: CoordinateSystem) -> None:
    """The exact map from voxels to the image's own frame, applied first; as voxel size where it only scales."""
    order = spatial_order(source, "BigDataViewer XML", (2, 3))
    calibration = with_third_axis(level[np.ix_(order, (*order, len(order)))])
    _add_affine(view, calibration, "calibration")
    linear = calibration[:, :-1]
    if np.all(linear == np.diag(np.diag(linear))):
        size = ET.SubElement(setup, "voxelSize")
        ET.SubElement(size, "unit").text = source.length_unit or "pixel"
        ET.SubElement(size, "size").text = " ".join(map(repr, np.diag(linear).tolist()))


def _add_affine(view: ET.Element, affine: Array, name: str) -> None:
    transform = ET.SubElement(view, "ViewTransform", type="affine")
    ET.SubElement(transform, "Name").text = _clean(name)
    ET.SubElement(transform, "affine").text = " ".join(map(repr, affine.ravel().tolist()))


def _clean(text: str) -> str:
    return text.translate(_ILLEGAL)


def write_mobie(placed: Sequence[Placed], view: str) -> Export:
    """A view of a MoBIE data set, to be put into the `views` of its `dataset.json`.

    Raises:
        TransformRefused: `not-representable` for fields, and for ends that are not x,y,z; `name-twice`.
    """
    names = [one.image.name for one in placed]
    if len(set(names)) < len(names):
        raise TransformRefused("name-twice", "two images have one name, by which MoBIE tells sources apart")
    notes: dict[str, None] = {"the sources have to be in the data set under these names": None}
    transforms = []
    for one in placed:
        affine, added = in_space(one.path, "MoBIE")
        notes |= dict.fromkeys((*added, *lost_on_the_way(one.path)))
        transforms.append(
            {
                "affine": {
                    "name": f"{one.path.source} to {one.path.target}",
                    "parameters": affine.ravel().tolist(),
                    "sources": [one.image.name],
                }
            }
        )
    shown = [{"imageDisplay": {"name": name, "sources": [name]}} for name in names]
    body = {
        "isExclusive": True,
        "uiSelectionGroup": "correlation",
        "sourceTransforms": transforms,
        "sourceDisplays": shown,
    }
    content = json.dumps(
        {"sources": {name: {} for name in names}, "views": {view: body}}, indent=1, ensure_ascii=False
    )
    return Export(content.encode() + b"\n", "application/json", ".mobie.json", tuple(notes))
