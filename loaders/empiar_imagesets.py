"""Image sets of an EMPIAR entry: each is a part of the study with one set of files."""

from __future__ import annotations

from rembigraph.loaders.empiar_codes import Unit, decoded, is_code, unit_of
from rembigraph.loaders.empiar_places import Place, decimal
from rembigraph.ontology.generated.models import FileSet, QuantityValue, StudyComponent

_UNIT_NAMES = ("units", "unit")


def components(imagesets: list[Place], pixel_unit: Unit | None) -> list[StudyComponent]:
    """Return the image sets as parts of the study.

    Args:
        imagesets: the image sets.
        pixel_unit: unit of pixel sizes that state none themselves; None where the format has no rule.
    """
    return [_component(place | place.place("dimensions"), pixel_unit) for place in imagesets]


def _component(place: Place, pixel_unit: Unit | None) -> StudyComponent:
    place.leaves("segmentations")  # an empty list: no annotations, as the record says
    return StudyComponent(
        title=place.text("name"),
        description=place.text("details"),
        file_set=[_files(place, pixel_unit), *_picked_particles(place)],
    )


def _files(place: Place, pixel_unit: Unit | None) -> FileSet:
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
            *_size(place, "x", "pixel_width", pixel_unit),
            *_size(place, "y", "pixel_height", pixel_unit),
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


def _size(place: Place, axis: str, name: str, pixel_unit: Unit | None) -> list[QuantityValue]:
    """Return the size of a pixel along an axis; without a known unit there is no size in metres."""
    leaf = place.leaf(name)
    number = decimal(leaf.text) if leaf else None
    if leaf is None or number is None or number <= 0:
        return []
    unit, unit_text = _stated_unit(place.place(name), pixel_unit)
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


def _stated_unit(place: Place, otherwise: Unit | None) -> tuple[Unit | None, str]:
    """Return the unit that a size states itself, with its words; else that of the format."""
    words = place.text(*_UNIT_NAMES)
    return (unit_of(words), words) if words else (otherwise, "")
