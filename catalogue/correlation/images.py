"""Images as far as correlation needs them: how many pixels of what size, and the region that they cover."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from rembigraph.catalogue.correlation.records import RecordReader, SystemRecord, all_of, first_of, number_of
from rembigraph.catalogue.transforms.geometry import Box, map_box
from rembigraph.catalogue.transforms.refusal import TransformRefused
from rembigraph.catalogue.transforms.units import unit_size

if TYPE_CHECKING:
    from rembigraph.catalogue.correlation.graph import Step


@dataclass(frozen=True)
class ImageRecord:
    """An image: its study, title, pixels along each axis, and the distance of pixel centres in metres, where stated."""

    iri: str
    study: str
    title: str
    counts: Mapping[str, int] = field(default_factory=dict)
    pixels: Mapping[str, float] = field(default_factory=dict)
    address: str = ""


def read_image(reader: RecordReader, iri: str) -> ImageRecord | None:
    """What a record says about an image; none where it is not described here."""
    facts = reader.facts(iri)
    if not facts or not any(kind.endswith("#Image") for kinds in facts.values() for kind in kinds):
        return None
    counts: dict[str, int] = {}
    pixels: dict[str, float] = {}
    address = ""
    for representation in all_of(facts, "representation")[:16]:
        said = reader.facts(representation)
        address = address or first_of(said, "access_url")
        for axis in "xyztc":
            count = first_of(said, f"size_{axis}")
            if count.isdecimal() and len(count) < 12:
                counts.setdefault(axis, int(count))
        for size in all_of(said, "voxel_size")[:16]:
            quantity = reader.facts(size)
            metres = number_of(quantity, "value_si")
            if metres and 0 < metres < 1:
                pixels.setdefault(first_of(quantity, "title"), metres)
    return ImageRecord(iri, reader.study_of(iri), first_of(facts, "title"), counts, pixels, address)


def field_of(image: ImageRecord, record: SystemRecord, from_pixels: Step | None = None) -> Box | None:
    """The region of an image in one of its own systems; none where the record does not tell.

    Pixel centres are whole numbers (OME-Zarr 0.6), so N pixels span -0.5 to N-0.5. In a physical system of the image
    the centre of the first pixel is the origin, unless the record gives the step from pixels.

    Args:
        image: the image.
        record: the system.
        from_pixels: the exact step into the system from the image's pixels.
    """
    counts = [image.counts.get(axis.name) for axis in record.system.axes]
    if any(not count for count in counts) or record.intrinsic is False:
        return None
    pixels = np.array([float(count or 0) for count in counts])
    box = Box(np.full(len(pixels), -0.5), pixels - 0.5)
    if record.is_of_pixels:
        return box
    try:
        if from_pixels is not None:
            return map_box(from_pixels.transform, box)[1]
        sizes = np.array([image.pixels[axis.name] / unit_size(axis.unit) for axis in record.system.axes])
    except (TransformRefused, KeyError):
        return None
    return Box(box.low * sizes, box.high * sizes) if record.intrinsic else None
