"""Images of a BIA v1 study: their stored forms, sizes, attributes and other names."""

from __future__ import annotations

import re
from typing import Any

from rembigraph.loaders.bia_fields import Fields, whole_number
from rembigraph.loaders.bia_files import extension, file_reference
from rembigraph.loaders.bia_sizes import length
from rembigraph.loaders.values import prose
from rembigraph.ontology.generated.models import (
    FileReference,
    Image,
    ImageRepresentation,
    QuantityValue,
    Study,
)

_NUMBERS = re.compile(r"\(?\s*([0-9]{1,9}(?:\s*,\s*[0-9]{1,9})+)\s*,?\s*\)?")
_FIVE_AXES = ("size_t", "size_c", "size_z", "size_y", "size_x")  # the order of OME-Zarr's first versions
_PICTURES = frozenset({"thumbnail", "representative", "static_display"})
_ZARR = frozenset({"ome_ngff", "ome-ngff", "ome_zarr"})


class Images:
    """Maps the images of one study, wherever they are described.

    Args:
        of: the study's document.
        study: its record, with its accession.
        files: the rows of its list of files.
    """

    def __init__(self, of: Fields, study: Study, files: list[Any]) -> None:
        self._of = of
        self._study = study
        self._files = _rows_by_id(files)
        self._by_id: dict[str, Image] = {}

    @property
    def images(self) -> list[Image]:
        """The images in the order of the source."""
        return list(self._by_id.values())

    def add_all(self, parts: list[Fields]) -> None:
        """Map the images of the study's document, then what documents of their own say."""
        for name, image in self._of.named_objects("images"):
            if name != "*":
                self._image(image, name)
        for part in parts:
            if part.present("original_relpath", "representations"):
                self._image(part, "")
        for name, alias in self._of.named_objects("image_aliases"):
            self._alias(alias, name)
        for part in parts:
            if part.present("uri"):
                self._representation_of(part)
            elif part.present("key") and part.present("value"):
                self._annotation(part)
            elif part.present("image_id") and part.present("name"):
                self._alias(part, "")

    # --- one image

    def _image(self, of: Fields, name: str) -> None:
        key = of.text("id") or name or None
        path = of.text("original_relpath", "name")
        title = of.text("name", "original_relpath")
        self._same_study(of)
        image = self._by_id.setdefault(
            key or of.pointer or str(len(self._by_id)), Image(key=key, title=title)
        )
        if image.title is None:
            image.title = title
        for one in of.objects("representations"):
            self._representation(one, image, path)
        self._add_sizes(of, image)
        image.attribute_text += of.attributes("attributes")
        if path and path not in {image.title, *self._paths(image)}:
            image.attribute_text.append(f"original_relpath: {path}")

    def _paths(self, image: Image) -> list[str]:
        return [str(file.path) for form in image.representation for file in form.file_reference]

    def _same_study(self, of: Fields) -> None:
        given = of.peek("accession_id")
        if isinstance(given, str) and given.strip().casefold() == str(self._study.accession).casefold():
            of.text("accession_id")

    def _add_sizes(self, of: Fields, image: Image) -> None:
        """What is said of the image holds for the form that was submitted: the first that is no picture of it."""
        forms = [form for form in image.representation if form.title not in _PICTURES]
        sizes = _sizes(of.peek("dimensions"))
        if (text := of.text("dimensions")) and image.size_text is None:
            image.size_text = text
        given = of.peek("attributes")
        attributes = given if isinstance(given, dict) else {}
        if not forms:
            return
        for name in _FIVE_AXES:
            number = sizes.get(name) or whole_number(attributes.get(name))
            if number and getattr(forms[0], name) is None:
                setattr(forms[0], name, number)
        forms[0].voxel_size = forms[0].voxel_size or _voxel_sizes(attributes)

    # --- stored forms

    def _representation_of(self, part: Fields) -> None:
        image = self._by_id.get(str(part.peek("image_id")))
        if image is not None:
            self._representation(part, image, None)

    def _representation(self, of: Fields, image: Image, path: str | None) -> None:
        self._same_study(of)
        if of.peek("image_id") == image.key:
            of.text("image_id")
        kind = of.text("type")
        addresses, words = of.addresses("uri")
        store = kind in _ZARR
        form = ImageRepresentation(
            title=kind,
            format="OME-Zarr" if store else extension((addresses or words or [path or ""])[0]) or None,
            random_access=True if store else None,
            access_url=addresses if store else [],
            download_url=[] if store else addresses,
            byte_size=_bytes(of),
            file_reference=self._submitted(of, addresses),
            attribute_text=[f"uri: {word}" for word in words],
        )
        for name, number in _sizes(of.peek("dimensions")).items():
            setattr(form, name, number)
        if text := of.text("dimensions"):
            form.attribute_text.append(f"dimensions: {text}")
        form.attribute_text += of.attributes("attributes")
        form.attribute_text += of.attributes("rendering", of="rendering")
        if kind in _PICTURES and addresses:
            image.thumbnail += [one for one in addresses if one not in image.thumbnail]
        image.representation.append(form)

    def _submitted(self, of: Fields, addresses: list[str]) -> list[FileReference]:
        """The files of the study's list that a stored form was made of, but for the file that it is."""
        given = of.peek("attributes")
        names = given.get("fileref_ids") if isinstance(given, dict) else None
        rows = [self._files.get(name) for name in names or () if isinstance(name, str)][:20]
        files = [file for row in rows if row is not None and (file := file_reference(row)) is not None]
        return [file for file in files if file.download_url != addresses]

    # --- what is said elsewhere

    def _alias(self, of: Fields, name: str) -> None:
        image = self._by_id.get(str(of.peek("image_id")))
        if image is None:
            return
        self._same_study(of)
        of.text("image_id")
        text = of.text("name") or name
        image.attribute_text += [f"alias: {text}"] if text else []

    def _annotation(self, of: Fields) -> None:
        """An annotation of v1 is a named value of an image, or of the study when it names no image."""
        image_id = of.peek("image_id")
        image = self._by_id.get(str(image_id))
        if image_id is not None and image is None:
            return
        name = prose(str(of.peek("key") or ""))
        found = of.attributes("value", of=name)
        if not found:
            return
        of.text("key")
        of.text("image_id")
        self._same_study(of)
        (image or self._study).attribute_text += found


def _rows_by_id(rows: list[Any]) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in rows if isinstance(row, dict) and isinstance(row.get("id"), str)}


def _bytes(of: Fields) -> int | None:
    size = of.integer("size", "size_in_bytes", least=1)
    if size is None and whole_number(of.peek("size", "size_in_bytes")) == 0:
        of.ignored("bia-zero-size", "size", "size_in_bytes")
    return size


def _sizes(dimensions: Any) -> dict[str, int]:
    """Read dimensions that are written as a tuple; two different numbers alone don't say which is x.

    >>> _sizes("(1, 2, 11, 512, 256)")["size_x"], _sizes("(128, 128)"), _sizes("(128, 64)")
    (256, {'size_y': 128, 'size_x': 128}, {})
    """
    match = _NUMBERS.fullmatch(dimensions.strip()) if isinstance(dimensions, str) else None
    numbers = [int(part) for part in match.group(1).split(",")] if match else []
    if len(numbers) == len(_FIVE_AXES) and all(numbers):
        return dict(zip(_FIVE_AXES, numbers, strict=True))
    if len(numbers) == 2 and numbers[0] == numbers[1] > 0:
        return {"size_y": numbers[0], "size_x": numbers[1]}
    return {}


def _voxel_sizes(attributes: dict[str, Any]) -> list[QuantityValue]:
    """Pixel sizes that the archive's converter read from the file, in the unit that stands beside them."""
    found = []
    for axis in "xyz":
        raw, unit = attributes.get(f"physical_size_{axis}"), attributes.get(f"physical_size_{axis}_unit")
        if isinstance(unit, str):
            found += length(axis, raw, unit.strip())
    return found
