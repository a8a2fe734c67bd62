"""Stored forms and sizes of images as the integrator's first version described them, in its files and its API."""

from __future__ import annotations

import re
from typing import Any

from rembigraph.loaders.bia_fields import Fields, whole_number
from rembigraph.loaders.bia_files import extension
from rembigraph.loaders.bia_sizes import length
from rembigraph.ontology.generated.models import FileReference, Image, ImageRepresentation, QuantityValue

PICTURES = frozenset({"thumbnail", "representative", "static_display"})

_NUMBERS = re.compile(r"\(?\s*([0-9]{1,9}(?:\s*,\s*[0-9]{1,9})+)\s*,?\s*\)?")
_FIVE_AXES = ("size_t", "size_c", "size_z", "size_y", "size_x")  # the order of OME-Zarr's first versions
_ZARR = frozenset({"ome_ngff", "ome-ngff", "ome_zarr"})
_STATED = re.compile(
    r"(?P<pixels>size_[xyzct]|Size[XYZCT])|(?P<length>physical_size_[xyz]|PhysicalSize[XYZ])(?P<unit>_unit|Unit)?"
)


def stored_form(of: Fields, path: str | None, submitted: list[FileReference]) -> ImageRepresentation:
    """Map one stored form of an image.

    Args:
        of: its object.
        path: where the image lay in the submission.
        submitted: files of the submission that the form was made of; one that it is itself is left out.
    """
    kind = of.text("type")
    addresses, words = of.addresses("uri")
    store = kind in _ZARR and bool(addresses)
    form = ImageRepresentation(
        title=kind,
        format="OME-Zarr" if kind in _ZARR else extension((addresses or words or [path or ""])[0]) or None,
        random_access=True if store else None,
        access_url=addresses if store else [],
        download_url=[] if store else addresses,
        byte_size=_bytes(of),
        file_reference=[file for file in submitted if file.download_url != addresses],
        attribute_text=[f"uri: {word}" for word in words],
    )
    for name, number in sizes_in(of.peek("dimensions")).items():
        setattr(form, name, number)
    if text := of.text("dimensions"):
        form.attribute_text.append(f"dimensions: {text}")
    form.attribute_text += of.attributes("attributes")
    form.attribute_text += of.attributes("rendering", of="rendering")
    return form


def add_sizes(image: Image, stated: dict[str, Any]) -> None:
    """Copy what is stated of an image to its stored forms, but for pictures of it, which are smaller.

    Args:
        image: the image, with its stored forms.
        stated: names as the archive's converter wrote them (`SizeX`, `physical_size_x_unit`) -> value.
    """
    pixels, lengths, units = _sorted(stated)
    sizes = sizes_in(image.size_text)
    for form in image.representation:
        if form.title in PICTURES:
            continue
        for name in _FIVE_AXES:
            number = sizes.get(name) or whole_number(pixels.get(name))
            if number and number > 0 and getattr(form, name) is None:
                setattr(form, name, number)
        form.voxel_size = form.voxel_size or _voxel_sizes(lengths, units)


def _bytes(of: Fields) -> int | None:
    size = of.integer("size", "size_in_bytes", least=1)
    if size is None and whole_number(of.peek("size", "size_in_bytes")) == 0:
        of.ignored("bia-zero-size", "size", "size_in_bytes")
    return size


def sizes_in(dimensions: Any) -> dict[str, int]:
    """Read dimensions that are written as a tuple; two different numbers alone don't say which is x.

    >>> sizes_in("(1, 2, 11, 512, 256)")["size_x"], sizes_in("(128, 128)"), sizes_in("(128, 64)")
    (256, {'size_y': 128, 'size_x': 128}, {})
    """
    match = _NUMBERS.fullmatch(dimensions.strip()) if isinstance(dimensions, str) else None
    numbers = [int(part) for part in match.group(1).split(",")] if match else []
    if len(numbers) == len(_FIVE_AXES) and all(numbers):
        return dict(zip(_FIVE_AXES, numbers, strict=True))
    if len(numbers) == 2 and numbers[0] == numbers[1] > 0:
        return {"size_y": numbers[0], "size_x": numbers[1]}
    return {}


def _sorted(stated: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, str]]:
    """Return numbers of pixels by slot, lengths by axis, and their units by axis."""
    pixels: dict[str, Any] = {}
    lengths: dict[str, Any] = {}
    units: dict[str, str] = {}
    for name, value in stated.items():
        match = _STATED.fullmatch(name)
        axis = match[0].removesuffix("_unit").removesuffix("Unit")[-1].casefold() if match else ""
        if match and match["pixels"]:
            pixels.setdefault(f"size_{axis}", value)
        elif match and match["unit"] and isinstance(value, str):
            units.setdefault(axis, value.strip())
        elif match and not match["unit"]:
            lengths.setdefault(axis, value)
    return pixels, lengths, units


def _voxel_sizes(lengths: dict[str, Any], units: dict[str, str]) -> list[QuantityValue]:
    """Pixel sizes that the archive's converter read from the file, in the unit that stands beside them."""
    return [one for axis in "xyz" for one in length(axis, lengths.get(axis), units.get(axis, ""))]
