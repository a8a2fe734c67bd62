"""Images, their stored forms, and annotations of a BIA study, with how each was made (CreationProcess)."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import Any, TypeAlias

from rembigraph.loaders.bia_fields import Fields, leaves, whole_number
from rembigraph.loaders.bia_files import file_reference, path_of
from rembigraph.loaders.bia_objects_index import Objects, claim, first_api_words, metadata, uuid_in
from rembigraph.loaders.bia_sizes import length
from rembigraph.loaders.bia_stored_forms import PICTURES, add_sizes, stored_form
from rembigraph.ontology.generated.models import (
    Annotation,
    FileReference,
    Image,
    ImageRepresentation,
    QuantityValue,
    Study,
)

_MOST_FILES = 20  # of one image that are named one by one
_AXES = ("x", "y", "z")
_SIZES = ("size_x", "size_y", "size_z", "size_c", "size_t")
_ACQUIRED = ("acquisition_process_uuid", "image_acquisitions_uuid", "image_acquisition_methods_uuid")
_SOURCE_IMAGE = re.compile(r"source[ _]image(?:[ _](?:association|id|file|path))?", re.IGNORECASE)
_PICTURES = frozenset({"THUMBNAIL", "STATIC_DISPLAY"})
_Made: TypeAlias = Image | Annotation


class Images:
    """Maps the images and annotations of a study.

    Args:
        objects: the objects.
        study: the record, with all that images name.
    """

    def __init__(self, objects: Objects, study: Study) -> None:
        self._objects = objects
        self._study = study
        self._by_path: dict[str, set[str]] = defaultdict(set)  # path of a file -> the images in it
        self._annotated: Counter[str] = Counter()  # dataset -> its files that hold annotations

    def map_all(self) -> None:
        """Map images, annotations, then the stored forms, which name their image."""
        described = [(uuid, of, self._image(of)) for uuid, of in self._objects.of_type("Image")]
        images = {uuid: image for uuid, _, image in described if uuid}
        self._study.image = [image for _, _, image in described]
        for uuid, of in self._objects.of_type("Image"):
            for row in self._rows(of):
                self._by_path[path_of(row)].add(f"image/{uuid}")
        annotations = [of for _, of in self._objects.of_type("AnnotationData")]
        for of in annotations:
            for row in self._rows(of):
                self._annotated[f"component/{uuid_in(row.get('submission_dataset_uuid'))}"] += 1
        self._study.annotation = [self._annotation(of) for of in annotations]
        for _, of in self._objects.of_type("ImageRepresentation"):
            image = images.get(uuid_in(of.peek("representation_of_uuid")))
            if image is not None:
                of.text("representation_of_uuid")
                image.representation.append(_representation(of, image))
        for _, of, image in described:
            self._add_files(of, image)

    def _image(self, of: Fields) -> Image:
        key, said = claim(of)
        image = Image(
            key=key,
            title=of.text("label", "title", "name", "original_relpath"),
            part_of=self._objects.resolve(of, "Dataset", "submission_dataset_uuid"),
            of_specimen=self._objects.resolve(of, "Specimen", "subject_uuid"),
            generated_by=self._objects.resolve(of, "ImageAcquisitionProtocol", *_ACQUIRED),
            derived_from=self._objects.resolve(of, "Image", "source_image_uuid"),
            attribute_text=[*said, *metadata(of)],
        )
        self._made(of, image)
        self._first_api(of, image)
        return image

    def _first_api(self, of: Fields, image: Image) -> None:
        """The first API's images hold their stored forms, and name their study."""
        if of.peek("study_uuid") in self._study.alternate_identifier:
            of.text("study_uuid")
        path = of.text("original_relpath")
        image.attribute_text += [f"original_relpath: {path}"] if path and path != image.title else []
        image.size_text = of.text("dimensions")
        image.attribute_text += first_api_words(of)
        for one in of.objects("representations"):
            form = stored_form(one, path, [])
            image.representation.append(form)
            if form.title in PICTURES:
                image.thumbnail = _together(image.thumbnail, form.download_url)
        given = of.peek("attributes")
        add_sizes(image, given if isinstance(given, dict) else {})

    def _annotation(self, of: Fields) -> Annotation:
        key, said = claim(of)
        annotation = Annotation(
            key=key,
            title=of.text("label", "title", "name"),
            part_of=self._objects.resolve(of, "Dataset", "submission_dataset_uuid"),
            derived_from=self._objects.resolve(of, "Image", "source_image_uuid"),
            attribute_text=[*said, *metadata(of)],
        )
        self._made(of, annotation)
        files = [uuid for uuid, _ in of.references("original_file_reference_uuid")]
        annotation.file_reference = self._files(of)
        self._point_at_source(annotation, files)
        return annotation

    def _point_at_source(self, annotation: Annotation, files: list[str]) -> None:
        """Without an image that is named by uuid, one that its file names by path, else the files of its dataset.

        A dataset that has no more files than annotations were made of is not what they are of.
        """
        paths = [path for uuid in files for path in _sources(self._objects.file_rows.get(uuid))]
        named = [name for path in paths if len(names := self._by_path.get(path, ())) == 1 for name in names]
        annotation.derived_from = _together(annotation.derived_from, named)
        if annotation.derived_from:
            return
        for component in self._study.component:
            name = f"component/{component.key}"
            sets = component.file_set if name in annotation.part_of else []
            others = [one for one in sets if one.file_count is None or one.file_count > self._annotated[name]]
            annotation.derived_from += [f"fileset/{one.key}" for one in others if one.key]

    # --- how it was made

    def _made(self, of: Fields, thing: _Made) -> None:
        for name, place in of.references("creation_process_uuid"):
            process = self._objects.get(name, "CreationProcess")
            if process is None:
                continue
            of.account.mapped(place)
            uuid, said = claim(process)
            words = [f"creation_process_uuid: {uuid}", *said, *metadata(process)]
            self._process(process, thing)
            thing.attribute_text = list(dict.fromkeys([*thing.attribute_text, *words]))

    def _process(self, process: Fields, thing: _Made) -> None:
        resolve = self._objects.resolve
        thing.derived_from = _together(thing.derived_from, resolve(process, "Image", "input_image_uuid"))
        thing.processing_protocol = _together(
            thing.processing_protocol, resolve(process, "Protocol", "protocol_uuid")
        )
        thing.by_annotation_method = _together(
            thing.by_annotation_method, resolve(process, "AnnotationMethod", "annotation_method_uuid")
        )
        if isinstance(thing, Image):
            thing.of_specimen = _together(
                thing.of_specimen, resolve(process, "Specimen", "subject_specimen_uuid")
            )
            thing.generated_by = _together(
                thing.generated_by,
                resolve(process, "ImageAcquisitionProtocol", "image_acquisition_protocol_uuid"),
            )
            return
        for name in ("subject_specimen_uuid", "image_acquisition_protocol_uuid"):
            process.nothing(name)

    # --- files

    def _rows(self, of: Fields) -> list[dict[str, Any]]:
        named = of.references("original_file_reference_uuid")
        return [row for uuid, _ in named if (row := self._objects.file_rows.get(uuid)) is not None]

    def _files(self, of: Fields) -> list[FileReference]:
        """Take the files that a thing was made of; many are summed up with the files of their dataset."""
        named = of.references("original_file_reference_uuid")
        found = []
        for uuid, place in named:
            row = self._objects.file_rows.get(uuid)
            if row is None:
                continue
            if len(named) > _MOST_FILES:
                of.account.ignored(place, "file-row")
            elif file := file_reference(row):
                of.account.mapped(place)
                found.append(file)
        return found

    def _add_files(self, of: Fields, image: Image) -> None:
        """Files belong to the stored form that gives their addresses, else to one that stands for them."""
        files = self._files(of)
        if not files:
            return
        addresses = {address for file in files for address in file.download_url}
        form = next((one for one in image.representation if addresses & set(one.download_url)), None)
        if form is None:
            form = ImageRepresentation(title="original files", format=_only(files))
            image.representation.append(form)
        form.file_reference = files


def _sources(row: dict[str, Any] | None) -> list[str]:
    """Return the paths of images that a file of annotations names, where its list has a column for that."""
    cells = leaves(row, "", "") if row else ()
    return [
        value.strip()
        for name, value, _ in cells
        if isinstance(value, str) and value.strip() and _SOURCE_IMAGE.fullmatch(name.rpartition("/")[2])
    ]


def _only(files: list[FileReference]) -> str | None:
    formats = {file.format for file in files}
    return formats.pop() if len(formats) == 1 else None


def _together(known: list[str], more: list[str]) -> list[str]:
    return list(dict.fromkeys([*known, *more]))


# --- stored forms


def _representation(of: Fields, image: Image) -> ImageRepresentation:
    key, said = claim(of)
    form, use = of.text("image_format"), of.text("use_type")
    addresses, words = of.addresses("file_uri")
    store = _is_store(form, addresses)
    found = ImageRepresentation(
        key=key,
        title=use,
        format=form,
        random_access=True if store else None,
        access_url=addresses if store else [],
        download_url=[] if store else addresses,
        byte_size=_bytes(of),
        voxel_size=[one for axis in _AXES for one in _metres(of, f"voxel_physical_size_{axis}", axis)],
        attribute_text=[*said, *(f"file_uri: {word}" for word in words), *metadata(of)],
    )
    for name in _SIZES:
        setattr(found, name, of.integer(name, least=1))
    # What older models state in metres is the extent of the whole image, not of a voxel.
    extent = [one for axis in _AXES for one in _metres(of, f"physical_size_{axis}", axis)]
    image.physical_size = image.physical_size or extent
    if image.physical_size is not extent and extent and image.physical_size != extent:
        found.attribute_text += [f"physical_size_{one.title}: {one.raw_text}" for one in extent]
    found.attribute_text += of.attributes("image_viewer_setting")
    if use in _PICTURES and addresses:
        image.thumbnail = _together(image.thumbnail, addresses)
    of.nothing("original_file_reference_uuid")
    return found


def _is_store(form: str | None, addresses: list[str]) -> bool:
    """Whether it is an OME-Zarr that can be read in parts: it has an address, and is not packed.

    >>> _is_store(".ome.zarr", ["https://example.org/a.ome.zarr/0"]), _is_store(".ome.zarr", [])
    (True, False)
    >>> _is_store(".ome.zarr.zip", ["https://example.org/a.zip"]), _is_store(".tiff", ["https://example.org/a"])
    (False, False)
    """
    name = (form or "").casefold().strip().lstrip(".").replace("-", ".").replace("_", ".")
    stores = bool(addresses) and not any(one.casefold().endswith(".zip") for one in addresses)
    return stores and name in {"ome.zarr", "omezarr", "zarr", "ome.ngff"}


def _bytes(of: Fields) -> int | None:
    size = of.integer("total_size_in_bytes", least=1)
    if size is None and whole_number(of.peek("total_size_in_bytes")) == 0:
        of.ignored("bia-zero-size", "total_size_in_bytes")
    return size


def _metres(of: Fields, name: str, axis: str) -> list[QuantityValue]:
    found = length(axis, of.peek(name), "m")
    if found:
        of.number(name)
    else:
        of.nothing(name)
    return found
