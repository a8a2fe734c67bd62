"""Rules of OME-Zarr metadata around transformations, in 0.4 to 0.6: axes, levels, channels, labels.

Sources: specification 0.4, 0.5, 0.6 (axes, multiscales, omero, image-label), RFC-4 (orientation). What the JSON schemas
of the specification check is checked here too, so that an invalid document is refused and never half read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rembigraph.ontology.transform_dialects import invalid, shown
from rembigraph.ontology.transform_documents import MOST_AXES, System

MOST_ENTRIES: Final = 10_000

_SPACE_AXES: Final = (2, 3)
_IMAGE_AXES: Final = (2, 5)

_OPPOSITE: Final = (
    ("left-to-right", "right-to-left"), ("anterior-to-posterior", "posterior-to-anterior"),
    ("inferior-to-superior", "superior-to-inferior"), ("dorsal-to-ventral", "ventral-to-dorsal"),
    ("dorsal-to-palmar", "palmar-to-dorsal"), ("dorsal-to-plantar", "plantar-to-dorsal"),
    ("rostral-to-caudal", "caudal-to-rostral"), ("cranial-to-caudal", "caudal-to-cranial"),
    ("proximal-to-distal", "distal-to-proximal"),
)  # fmt: skip
_LINES: Final = {name: at for at, pair in enumerate(_OPPOSITE) for name in pair}


def entries(holder: Any, key: str, where: str, *, required: bool = False) -> list[Any]:
    """The list at a key, in bounds; empty where it is not there and may be so.

    Raises:
        TransformRefused: `not-a-document`, `missing-part`.
    """
    if not isinstance(holder, Mapping):
        raise invalid("not-a-document", f"{shown(holder)} is no object", where)
    if key not in holder and not required:
        return []
    found = holder.get(key)
    if not isinstance(found, list) or len(found) > MOST_ENTRIES:
        raise invalid(
            "not-a-document", f"{key} is no list of at most {MOST_ENTRIES} entries", f"{where}/{key}"
        )
    if required and not found:
        raise invalid("missing-part", f"{key} is empty", f"{where}/{key}")
    return found


def system_of(value: Any, where: str) -> System:
    """A named coordinate system whose axes have names.

    Raises:
        TransformRefused: `not-a-system`, `axis-name-twice`, `too-many-axes`, `orientation`.
    """
    if not isinstance(value, Mapping) or not isinstance(value.get("name"), str) or not value["name"]:
        raise invalid("not-a-system", f"{shown(value)} is no coordinate system with a name", where)
    axes_of(value, where)
    return dict(value)


def axes_of(holder: Mapping[str, Any], where: str) -> list[Any]:
    """The axes of a system, or of an image in 0.4 and 0.5.

    Raises:
        TransformRefused: see `system_of`.
    """
    axes = entries(holder, "axes", where, required=True)
    if len(axes) > MOST_AXES:
        raise invalid(
            "too-many-axes", f"{len(axes)} axes where at most {MOST_AXES} are read", f"{where}/axes"
        )
    names = [_axis_name(axis, f"{where}/axes/{at}") for at, axis in enumerate(axes)]
    if len(set(names)) < len(names):
        raise invalid("axis-name-twice", "two axes have one name", f"{where}/axes")
    _check_orientations(axes, f"{where}/axes")
    return axes


def _axis_name(axis: Any, where: str) -> str:
    if not isinstance(axis, Mapping) or not isinstance(axis.get("name"), str) or not axis["name"]:
        fix = "axes are objects with a name since version 0.4"
        raise invalid("not-a-system", f"{shown(axis)} is no axis with a name", where, fix)
    for key, kind in (("type", str), ("unit", str), ("longName", str), ("discrete", bool)):
        if key in axis and not isinstance(axis[key], kind):
            raise invalid("not-a-system", f"{key} of an axis is {shown(axis[key])}", f"{where}/{key}")
    return str(axis["name"])


def _check_orientations(axes: list[Any], where: str) -> None:
    """Anatomical orientations (RFC-4): known values, of space axes, each line of the body once."""
    taken: dict[int, int] = {}
    for at, axis in enumerate(axes):
        given = axis.get("orientation")
        if given is None:
            continue
        here = f"{where}/{at}/orientation"
        value = given.get("value") if isinstance(given, Mapping) else None
        if not isinstance(given, Mapping) or given.get("type") != "anatomical" or value not in _LINES:
            raise invalid("orientation", "the orientation is none of RFC-4's anatomical ones", here)
        if axis.get("type") != "space":
            raise invalid("orientation", "only a space axis has an orientation", here)
        if taken.setdefault(_LINES[value], at) != at:
            raise invalid("orientation", f"two axes are oriented along {value}", here)


def check_image_axes(axes: list[Any], where: str, *, relaxed: bool = False) -> None:
    """Two to five axes, two or three of them of space, or at least two of an array (0.4 to 0.6).

    RFC-3, which later versions follow, lets an image have any axes, but no more than three of space.

    Raises:
        TransformRefused: `axis-count`.
    """
    kinds = [axis.get("type") for axis in axes]
    if relaxed:
        if kinds.count("space") > _SPACE_AXES[1]:
            said = f"an image has at most three space axes, this one {kinds.count('space')}"
            raise invalid("axis-count", said, f"{where}/axes")
        return
    if not _IMAGE_AXES[0] <= len(axes) <= _IMAGE_AXES[1]:
        raise invalid("axis-count", f"an image has two to five axes, this one {len(axes)}", f"{where}/axes")
    if not _SPACE_AXES[0] <= kinds.count("space") <= _SPACE_AXES[1] and kinds.count("array") < _SPACE_AXES[0]:
        said = f"an image has two or three space axes, this one {kinds.count('space')}"
        raise invalid("axis-count", said, f"{where}/axes")


def check_channels(document: Mapping[str, Any], where: str) -> None:
    """Channels of `omero`: colours as text, windows with four numbers.

    Raises:
        TransformRefused: `omero`.
    """
    if "omero" not in document:
        return
    here = f"{where}/omero"
    for at, channel in enumerate(entries(document["omero"], "channels", here)):
        place = f"{here}/channels/{at}"
        if not isinstance(channel, Mapping):
            raise invalid("omero", f"{shown(channel)} is no channel", place)
        if "color" in channel and not isinstance(channel["color"], str):
            raise invalid("omero", "a colour is text of hexadecimal digits", f"{place}/color")
        if "window" in channel and not _is_window(channel["window"]):
            said = "a window has the numbers start, min, end and max"
            raise invalid("omero", said, f"{place}/window")


def _is_window(window: Any) -> bool:
    keys = ("start", "min", "end", "max")
    return isinstance(window, Mapping) and all(_is_number(window.get(key)) for key in keys)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def check_label(document: Mapping[str, Any], where: str) -> None:
    """Colours and properties of `image-label`: with a label value, each once, colours of four bytes.

    Raises:
        TransformRefused: `image-label`.
    """
    if "image-label" not in document:
        return
    here, label = f"{where}/image-label", document["image-label"]
    if not isinstance(label, Mapping):
        raise invalid("image-label", f"{shown(label)} is no object", here)
    for key in ("colors", "properties"):
        seen: list[Any] = []
        listed = entries(label, key, here, required=key in label)
        for at, item in enumerate(listed):
            place = f"{here}/{key}/{at}"
            value = item.get("label-value") if isinstance(item, Mapping) else None
            if not _is_number(value):
                raise invalid("image-label", "a label value is a number", f"{place}/label-value")
            seen.append(value)
            if key == "colors" and "rgba" in item and not _is_rgba(item["rgba"]):
                raise invalid("image-label", "a colour is four whole numbers of 0 to 255", f"{place}/rgba")
        if len(set(seen)) < len(seen):
            raise invalid("image-label", "a label value stands twice", f"{here}/{key}")


def _is_rgba(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == len("rgba")
        and all(isinstance(part, int) and not isinstance(part, bool) and 0 <= part <= 255 for part in value)
    )
