"""Images, their stored forms, and annotations of a BIA study, with how each was made (CreationProcess)."""

from __future__ import annotations

from typing import TypeAlias

from rembigraph.loaders.bia_fields import Fields, whole_number
from rembigraph.loaders.bia_files import file_reference
from rembigraph.loaders.bia_objects_index import Objects, claim, metadata, uuid_in
from rembigraph.loaders.bia_sizes import length
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

    def map_all(self) -> None:
        """Map images, annotations, then the stored forms, which name their image."""
        described = [(uuid, of, self._image(of)) for uuid, of in self._objects.of_type("Image")]
        images = {uuid: image for uuid, _, image in described if uuid}
        self._study.image = [image for _, _, image in described]
        self._study.annotation = [self._annotation(of) for _, of in self._objects.of_type("AnnotationData")]
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
            title=of.text("label", "title", "name"),
            part_of=self._objects.resolve(of, "Dataset", "submission_dataset_uuid"),
            of_specimen=self._objects.resolve(of, "Specimen", "subject_uuid"),
            generated_by=self._objects.resolve(of, "ImageAcquisitionProtocol", "acquisition_process_uuid"),
            derived_from=self._objects.resolve(of, "Image", "source_image_uuid"),
            attribute_text=[*said, *metadata(of)],
        )
        self._made(of, image)
        return image

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
        annotation.file_reference = self._files(of)
        self._point_at_files(annotation)
        return annotation

    def _point_at_files(self, annotation: Annotation) -> None:
        """An annotation of no image that is named is of the files of its dataset."""
        if annotation.derived_from:
            return
        parts = {f"component/{one.key}": one for one in self._study.component}
        sets = [found for name in annotation.part_of if name in parts for found in parts[name].file_set]
        annotation.derived_from = [f"fileset/{one.key}" for one in sets if one.key]

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
        setattr(found, name, of.integer(name))
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
    """Whether it is an OME-Zarr that can be read in parts: by its format, and not packed.

    >>> _is_store(".ome.zarr", []), _is_store(".ome.zarr.zip", []), _is_store(".tiff", [])
    (True, False, False)
    """
    name = (form or "").casefold().lstrip(".").replace("-", ".").replace("_", ".")
    return name in {"ome.zarr", "zarr", "ome.ngff"} and not any(one.endswith(".zip") for one in addresses)


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
