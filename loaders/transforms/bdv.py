"""BigDataViewer and BigStitcher XML (SpimData): view registrations and voxel sizes.

The transformations of a view are listed outermost first: its model is the product of all in that order, so the last one
listed is applied first (SpimData's `ViewRegistration.updateModel`). Each is twelve numbers, row-major, x,y,z; systems
here have z,y,x, so rows and columns are reversed. Integers are voxel centres, as in OME-Zarr.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from rembigraph.loaders.transforms.numbers import affine, chain, numbers, reversed_axes, rows_of
from rembigraph.loaders.transforms.places import space
from rembigraph.loaders.transforms.texts import Element
from rembigraph.ontology.errors import TransformRefused
from rembigraph.ontology.transform_dialects import shown
from rembigraph.ontology.transform_documents import ReadStep, Stated, TransformDocument

FORMAT: Final = "bdv-xml"
WORLD: Final = "world"
AXES: Final = ("z", "y", "x")


def recognises(root: Element) -> bool:
    """Whether the root is that of SpimData."""
    return root.tag == "SpimData"


def read(root: Element, stated: Stated) -> TransformDocument:
    """Read voxel sizes and view registrations.

    Raises:
        TransformRefused: what is wrong, with element and line.
    """
    found = TransformDocument(FORMAT, root.attributes.get("version", ""))
    setups = _setups(root)
    registrations = root.first("ViewRegistrations")
    if registrations is None:
        raise TransformRefused("no-transformations", "the file has no <ViewRegistrations>", where=root.where)
    units = {_unit(setup) for setup in setups.values()}
    unit = stated.target_unit or stated.unit or (units.pop() if len(units) == 1 else "")
    found.systems[WORLD] = space(WORLD, AXES, unit)
    if not unit:
        found.note("the file states no one unit for all views, so the unit of the world is not known")
    for number, element in setups.items():
        _add_voxels(found, number, element)
    views = [(_view(one), one) for one in registrations.all("ViewRegistration")]
    times = _times(views)
    for (setup, time), view in views:
        _add_view(found, setup, time if len(times.get(setup, ())) > 1 else "", time, view)
    found.kept = dict(_kept(root))
    return found


def _times(views: list[tuple[tuple[str, str], Element]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for (setup, time), view in views:
        if time in found.setdefault(setup, set()):
            said = f"setup {setup} at time point {time} is registered twice"
            raise TransformRefused("view-twice", said, where=view.where)
        found[setup].add(time)
    return found


def _setups(root: Element) -> dict[str, Element]:
    description = root.first("SequenceDescription")
    listed = description.first("ViewSetups") if description else None
    found: dict[str, Element] = {}
    for setup in listed.all("ViewSetup") if listed else ():
        number = setup.word("id")
        if not number.isdecimal() or number in found:
            said = f"{shown(number)} is no id of a view setup, or stands twice"
            raise TransformRefused("missing-end", said, where=setup.where)
        found[number] = setup
    return found


def _unit(setup: Element) -> str:
    size = setup.first("voxelSize")
    return size.word("unit") if size else ""


def _pixels(setup: str, time: str = "") -> str:
    return f"setup{setup}" + (f"/t{time}" if time else "")


def _add_voxels(found: TransformDocument, number: str, setup: Element) -> None:
    """The voxel size as an exact scale to a physical system of the setup."""
    voxel = setup.first("voxelSize")
    found.systems[_pixels(number)] = space(_pixels(number), AXES, kind="array")
    if voxel is None or not voxel.word("size"):
        return
    size = numbers(voxel.word("size"), len(AXES), voxel.where)
    if min(size) <= 0:
        raise TransformRefused("scale-not-positive", "a voxel size is positive", where=voxel.where)
    key = f"{_pixels(number)}/physical"
    found.systems[key] = space(key, AXES, voxel.word("unit"))
    scale = {"type": "scale", "scale": size[::-1]}
    context = {"setup": number, **({"name": name} if (name := setup.word("name")) else {})}
    found.add(
        ReadStep(f"{voxel.where} setup {number}", _pixels(number), key, scale, exact=True, context=context)
    )


def _view(view: Element) -> tuple[str, str]:
    setup, time = view.attributes.get("setup", ""), view.attributes.get("timepoint", "")
    if not setup.isdecimal() or not time.isdecimal():
        said = "a view registration names its setup and its time point by number"
        raise TransformRefused("missing-end", said, where=view.where)
    return setup, time


def _add_view(found: TransformDocument, setup: str, shown_time: str, time: str, view: Element) -> None:
    key = _pixels(setup, shown_time)
    found.systems.setdefault(key, space(key, AXES, kind="array"))
    parts = [_affine(one) for one in view.all("ViewTransform")]
    if not parts:
        parts = [{"type": "identity"}]
        found.note(f"{view.where}: no transformation is listed, so a view lies in the world as it is")
    context = {"setup": setup, "timepoint": time}
    found.add(
        ReadStep(
            f"{view.where} setup {setup} timepoint {time}", key, WORLD, chain(parts[::-1]), context=context
        )
    )


def _affine(transform: Element) -> dict[str, Any]:
    kind = transform.attributes.get("type", "affine")
    if kind != "affine" or transform.first("affine") is None:
        said = f"a view transformation of type {shown(kind)} is not read, only affine ones"
        raise TransformRefused("unknown-type", said, where=transform.where)
    twelve = numbers(transform.word("affine"), 12, transform.where)
    name = transform.word("Name") or transform.word("name")
    return affine(reversed_axes(rows_of(twelve, 4)), name)


_TAKEN_TEXT: Final = frozenset(
    {"ViewSetup/id", "ViewSetup/name", "voxelSize/unit", "voxelSize/size"}
    | {"ViewTransform/affine", "ViewTransform/Name", "ViewTransform/name"}
)
_TAKEN_ATTRIBUTES: Final = frozenset(
    ("SpimData/version", "ViewRegistration/setup", "ViewRegistration/timepoint", "ViewTransform/type")
)


def _kept(root: Element) -> Iterator[tuple[str, str]]:
    """Every text and attribute that was not taken, by element, line and name."""
    waiting = [(root, "")]
    while waiting:
        element, above = waiting.pop()
        path = f"{above}/{element.tag}"
        for name, value in element.attributes.items():
            if f"{element.tag}/{name}" not in _TAKEN_ATTRIBUTES:
                yield f"{path}@{name} line {element.place}", value
        tail = "/".join(path.split("/")[-2:])
        if (text := element.text.strip()) and tail not in _TAKEN_TEXT:
            yield f"{path} line {element.place}", text
        waiting.extend((child, path) for child in reversed(element.children))
