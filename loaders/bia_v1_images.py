"""Images of a BIA v1 study: their stored forms, sizes, attributes and other names."""

from __future__ import annotations

from typing import Any

from rembigraph.loaders.bia_fields import Fields, file_address
from rembigraph.loaders.bia_files import file_reference
from rembigraph.loaders.bia_stored_forms import PICTURES, add_sizes, stored_form
from rembigraph.loaders.values import is_placeholder, prose
from rembigraph.ontology.generated.models import FileReference, Image, Study

# An annotation with the name of a field is what a curator put in its place.
_FIELDS = {
    "organism": "organism_text",
    "imaging_type": "imaging_method_text",
    "example_image_uri": "thumbnail",
}


class Images:
    """Maps the images of one study, wherever they are described.

    Args:
        of: the study's document.
        study: its record, with its accession.
        files: id -> file, of its list of files.
    """

    def __init__(self, of: Fields, study: Study, files: dict[str, dict[str, Any]]) -> None:
        self._of = of
        self._study = study
        self._files = files
        self._by_id: dict[str, Image] = {}
        self._stated: dict[str, dict[str, Any]] = {}  # image -> what is said of it by name

    @property
    def images(self) -> list[Image]:
        """The images in the order of the source."""
        return list(self._by_id.values())

    def add_all(self, parts: list[Fields]) -> None:
        """Map the images of the study's document, then what documents of their own say."""
        for name, described in self._of.named_objects("images"):
            if name != "*":
                self._image(described, name)
        for part in parts:
            if part.present("original_relpath", "representations"):
                self._image(part, "")
        for name, alias in self._of.named_objects("image_aliases"):
            self._alias(alias, name)
        for part in parts:
            self._part(part)
        for key, image in self._by_id.items():
            add_sizes(image, self._stated.get(key, {}))

    def _part(self, part: Fields) -> None:
        if part.present("uri"):
            self._representation_of(part)
        elif part.present("key") and part.present("value"):
            self._annotation(part)
        elif part.present("image_id") and part.present("name"):
            self._alias(part, "")

    # --- one image

    def _image(self, of: Fields, name: str) -> None:
        key = of.text("id") or prose(name) or None
        path = of.text("original_relpath", "name")
        title = of.text("name", "original_relpath")
        self._same_study(of)
        place = key or of.pointer or str(len(self._by_id))
        image = self._by_id.setdefault(place, Image(key=key, title=title))
        if image.title is None:
            image.title = title
        for one in of.objects("representations"):
            self._representation(one, image, path)
        if (text := of.text("dimensions")) and image.size_text != text:
            image.attribute_text += [f"dimensions: {text}"] if image.size_text else []
            image.size_text = image.size_text or text
        given = of.peek("attributes")
        stated = self._stated.setdefault(place, {})
        for word, value in given.items() if isinstance(given, dict) else ():
            stated.setdefault(word, value)
        image.attribute_text = _together(image.attribute_text, of.attributes("attributes"))
        if path and path not in {image.title, *self._paths(image)}:
            image.attribute_text = _together(image.attribute_text, [f"original_relpath: {path}"])

    def _paths(self, image: Image) -> list[str]:
        return [str(file.path) for form in image.representation for file in form.file_reference]

    def _same_study(self, of: Fields) -> None:
        given = of.peek("accession_id")
        if isinstance(given, str) and given.strip().casefold() == str(self._study.accession).casefold():
            of.text("accession_id")

    # --- stored forms

    def _representation_of(self, part: Fields) -> None:
        image = self._by_id.get(str(part.peek("image_id")))
        if image is not None:
            self._representation(part, image, None)

    def _representation(self, of: Fields, image: Image, path: str | None) -> None:
        self._same_study(of)
        if of.peek("image_id") == image.key:
            of.text("image_id")
        form = stored_form(of, path, self._submitted(of))
        if form.title in PICTURES:
            image.thumbnail = _together(image.thumbnail, form.download_url)
        if form not in image.representation:  # the same one also comes as a document of its own
            image.representation.append(form)

    def _submitted(self, of: Fields) -> list[FileReference]:
        """The files of the study's list that a stored form was made of."""
        given = of.peek("attributes")
        names = given.get("fileref_ids") if isinstance(given, dict) else None
        rows = [self._files.get(name) for name in names or () if isinstance(name, str)][:20]
        return [file for row in rows if row is not None and (file := file_reference(row)) is not None]

    # --- what is said elsewhere

    def _alias(self, of: Fields, name: str) -> None:
        image = self._by_id.get(str(of.peek("image_id")))
        if image is None:
            return
        self._same_study(of)
        of.text("image_id")
        text = of.text("name") or prose(name)
        image.attribute_text = _together(image.attribute_text, [f"alias: {text}"] if text else [])

    def _annotation(self, of: Fields) -> None:
        """An annotation of v1 is a named value of an image, or of the study when it names no image."""
        image_id = of.peek("image_id")
        image = self._by_id.get(str(image_id))
        if image_id is not None and image is None:
            return
        value, name = of.peek("value"), prose(str(of.peek("key") or ""))
        found = of.attributes("value", of=name)
        if not found:
            return
        of.text("key")
        of.text("image_id")
        self._same_study(of)
        said = image or self._study
        said.attribute_text = _together(said.attribute_text, found)
        if image is None:
            self._of_study(name, value)
        else:
            self._stated.setdefault(str(image_id), {}).setdefault(name, value)
            if name == "dimensions" and isinstance(value, str):
                image.size_text = image.size_text or prose(value) or None

    def _of_study(self, name: str, value: Any) -> None:
        slot = _FIELDS.get(name)
        text = prose(value) if isinstance(value, str) else ""
        if not slot or is_placeholder(text):
            return
        given = [address] if (address := file_address(text)) else []
        known = getattr(self._study, slot)
        setattr(self._study, slot, _together(known, given if slot == "thumbnail" else [text]))


def _together(known: list[str], more: list[str]) -> list[str]:
    return list(dict.fromkeys([*known, *more]))
