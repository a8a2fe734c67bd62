"""Image sets of an EMPIAR entry: each is a part of the study with one set of files.

Pixel sizes are in ångström unless they state a unit themselves: EMPIAR's entry pages show them so, and the archive
copies them unchanged from depositions and XML headers.
"""

from __future__ import annotations

from rembigraph.loaders.empiar_codes import ANGSTROM, Unit, decoded, is_code, unit_of
from rembigraph.loaders.empiar_curation_samples import Titles
from rembigraph.loaders.empiar_places import Place, decimal
from rembigraph.ontology.generated.models import (
    Annotation,
    FileReference,
    FileSet,
    QuantityValue,
    StudyComponent,
)

_UNIT_NAMES = ("units", "unit")


def components(imagesets: list[Place]) -> list[StudyComponent]:
    """Return the image sets as parts of the study."""
    return [_component(place | place.place("dimensions") | place.place("frame_range")) for place in imagesets]


def segmentations(imagesets: list[Place], components: list[StudyComponent]) -> list[Annotation]:
    """Return the segmentations of image sets as annotations; a part that has some gets its IRI here.

    Args:
        imagesets: the image sets.
        components: the part of the study that each became.
    """
    found, titles = [], Titles()
    for place, component in zip(imagesets, components, strict=True):
        iri = titles.claim("component", "component", component.title)
        for one in place.places_in("segmentations", "segmentation_list", of="segmentation"):
            files = [FileReference(path=path) for path in one.texts("file")]
            originals, description = _originals(one), one.text("description")
            if files or originals or description:
                component.id = iri
                found.append(
                    Annotation(
                        key=one.text("segmentation_id", "id"),
                        description=description,
                        file_reference=files,
                        file_set=originals,
                        part_of=[iri],
                    )
                )
    return found


def _originals(segmentation: Place) -> list[FileSet]:
    """Return the files that a segmentation was converted from."""
    patterns = segmentation.texts("original_files")
    if not patterns:
        return []
    form = segmentation.text("original_format")
    return [FileSet(title="original files", path_pattern=patterns, format=form)]


def _component(place: Place) -> StudyComponent:
    return StudyComponent(
        title=place.text("name"),
        description=place.text("details"),
        file_set=[_files(place), *_picked_particles(place)],
    )


def _files(place: Place) -> FileSet:
    return FileSet(
        path_pattern=place.texts("directory", "micrographs_file_pattern"),
        image_category=_coded(place, "image_category", "category"),
        header_format=_coded(place, "header_format", "header_format"),
        format=_coded(place, "format", "data_format"),
        voxel_type=_coded(place, "voxel_type", "voxel_type"),
        image_count=place.whole("num_images_or_tilt_series"),
        frames_per_image=place.whole("frames_per_image"),
        first_frame=place.whole("frame_range_min"),
        last_frame=place.whole("frame_range_max"),
        size_x=place.whole("image_width"),
        size_y=place.whole("image_height"),
        voxel_size=[
            *_size(place, "x", "pixel_width"),
            *_size(place, "y", "pixel_height"),
        ],
    )


def _picked_particles(place: Place) -> list[FileSet]:
    """Where the particles lie that were picked in the images."""
    patterns = place.texts("picked_particles_directory", "picked_particles_file_pattern")
    return [FileSet(title="picked particles", path_pattern=patterns)] if patterns else []


def _coded(place: Place, slot: str, name: str) -> str | None:
    """Return a code's meaning, or words as they are; an unknown code stays a kept value."""
    leaf = place.leaf(name)
    if leaf is None or not leaf.text:
        return None
    if not is_code(leaf.text):
        return place.text(name)
    meaning = decoded(slot, leaf.text)
    place.taking.resolve_code(slot, leaf, known=meaning is not None)
    if meaning is not None:
        leaf.take()
    return meaning


def _size(place: Place, axis: str, name: str) -> list[QuantityValue]:
    """Return the size of a pixel along an axis; in a unit that is not known there is no size in metres."""
    leaf = place.leaf(name)
    number = decimal(leaf.text) if leaf else None
    if leaf is None or number is None or number <= 0:
        return []
    unit, unit_text = _unit(place.place(name))
    return [
        QuantityValue(
            title=axis,
            numeric_value=float(number),
            unit=unit.iri if unit else None,
            unit_code=unit.code if unit else None,
            value_si=float(number * unit.metres) if unit else None,
            raw_text=f"{leaf.take()} {unit_text}".strip(),
        )
    ]


def _unit(place: Place) -> tuple[Unit | None, str]:
    """Return the unit that a size states itself, with its words; else ångström."""
    words = place.text(*_UNIT_NAMES)
    return (unit_of(words), words) if words else (ANGSTROM, "")
