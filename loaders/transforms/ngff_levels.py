"""Levels of multiscale images: what 0.6 allows between an array and its system, and images of 0.4 and 0.5.

Sources: specification 0.4 and 0.5 ("multiscales"): a level has one scale, then at most one translation, and those of
the image itself follow; specification 0.6: one identity, one scale, or a sequence of a scale and a translation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rembigraph.loaders.transforms.ngff_rules import axes_of, check_image_axes, entries
from rembigraph.loaders.transforms.numbers import chain
from rembigraph.ontology.transform_dialects import invalid, shown
from rembigraph.ontology.transform_documents import ReadStep, TransformDocument

LEVEL_TYPES: Final = ("identity", "scale", "sequence")
_PARTS: Final = (["scale"], ["scale", "translation"])


def check_level(level: Any, where: str, *, draft: bool) -> str:
    """Check a data set of 0.6 and give the path of its array; drafts allowed other types than a translation.

    Raises:
        TransformRefused: `missing-part`, `level-transformation`.
    """
    path = _path(level, where)
    items = entries(level, "coordinateTransformations", where, required=True)
    here = f"{where}/coordinateTransformations"
    if len(items) != 1 or not isinstance(items[0], Mapping):
        raise invalid("level-transformation", "a level has exactly one transformation", here)
    kind = items[0].get("type")
    if draft and kind != "translation":
        return path
    if kind not in LEVEL_TYPES:
        said = (
            f"a level has an identity, a scale, or a sequence of a scale and a translation, not {shown(kind)}"
        )
        raise invalid("level-transformation", said, f"{here}/0/type")
    if kind == "sequence" and _kinds(items[0].get("transformations")) != _PARTS[1]:
        said = "the sequence of a level is a scale and then a translation"
        raise invalid("level-transformation", said, f"{here}/0/transformations")
    return path


def _path(level: Any, where: str) -> str:
    path = level.get("path") if isinstance(level, Mapping) else None
    if not isinstance(path, str) or not path:
        raise invalid("missing-part", f"{shown(path)} is no path of an array", f"{where}/path")
    return path


def _kinds(items: Any) -> list[Any] | None:
    if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
        return None
    return [item.get("type") for item in items]


def add_unnamed_image(found: TransformDocument, image: Mapping[str, Any], where: str) -> set[str]:
    """Add an image of 0.4 or 0.5, whose systems have no names; gives the pointers that were taken.

    Raises:
        TransformRefused: the rule that is broken.
    """
    axes = axes_of(image, where)
    check_image_axes(axes, where)
    key = _free_key(found, image.get("name"), where)
    found.systems[key] = {"name": key, "axes": axes}
    common = _unnamed_steps(image, where, len(axes), required=False)
    levels = entries(image, "datasets", where, required=True)
    for at, level in enumerate(levels):
        _add_level(found, key, level, common, f"{where}/datasets/{at}")
    if common:
        found.note(f"{where}/coordinateTransformations follow those of every level, as 0.4 and 0.5 say")
    own = {f"{where}/{part}" for part in ("axes", "name", "version", "coordinateTransformations")}
    return own | {f"{where}/datasets/{at}/{part}" for at in range(len(levels)) for part in _LEVEL_KEYS}


_LEVEL_KEYS: Final = ("path", "coordinateTransformations")


def _add_level(
    found: TransformDocument, key: str, level: Any, common: list[dict[str, Any]], where: str
) -> None:
    path = _path(level, where)
    axes = found.systems[key]["axes"]
    array = path if path not in found.systems else f"{key}/{path}"
    found.systems[array] = {
        "name": array,
        "axes": [{"name": axis["name"], "type": "array"} for axis in axes],
    }
    parts = _unnamed_steps(level, where, len(axes), required=True) + common
    found.add(ReadStep(f"{where}/coordinateTransformations", array, key, chain(parts), exact=True))


def _free_key(found: TransformDocument, name: Any, where: str) -> str:
    if name is not None and not isinstance(name, str):
        raise invalid("not-a-document", f"{shown(name)} is no name", f"{where}/name")
    wanted = name or "physical"
    keys = (wanted, *(f"{wanted}#{number}" for number in range(2, len(found.systems) + 3)))
    return next(key for key in keys if key not in found.systems)


def _unnamed_steps(holder: Any, where: str, axes: int, *, required: bool) -> list[dict[str, Any]]:
    """A scale, then at most one translation, each as long as there are axes."""
    items = entries(holder, "coordinateTransformations", where, required=required)
    here = f"{where}/coordinateTransformations"
    kinds = _kinds(items)
    if items and kinds not in _PARTS:
        said = "a level has one scale, and then at most one translation"
        raise invalid("level-transformation", said, here)
    for at, item in enumerate(items):
        values = item.get(item["type"])
        if isinstance(values, list) and len(values) != axes:
            said = f"{item['type']} has {len(values)} numbers, the image {axes} axes"
            raise invalid("vector-length", said, f"{here}/{at}/{item['type']}")
    return [dict(item) for item in items]
