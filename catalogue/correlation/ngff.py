"""Coordinate systems and transformations of an OME-Zarr 0.6 metadata document, older 0.6-dev dialects included."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from rembigraph.catalogue.correlation.graph import Step
from rembigraph.catalogue.transforms.numbers import brief
from rembigraph.catalogue.transforms.reading import check, read_transformation
from rembigraph.catalogue.transforms.refusal import TransformRefused
from rembigraph.catalogue.transforms.systems import CoordinateSystem, read_system
from rembigraph.ontology.transform_dialects import current

MOST_ENTRIES: Final = 10_000
"""Systems, data sets or transformations of one document."""

Sibling = Callable[[str], Any]


@dataclass
class NgffDocument:
    """What a document holds.

    Attributes:
        version: as the document states it.
        systems: declared coordinate systems; those of a sub-group by `path/name`.
        steps: transformations between them, in the order of the document.
    """

    version: str = ""
    systems: dict[str, CoordinateSystem] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)


def read_ngff(document: Any, sibling: Sibling | None = None) -> NgffDocument:
    """Read the metadata of a Zarr group.

    Args:
        document: parsed `zarr.json` (or its `ome` object, or a bare list of systems and transformations).
        sibling: gives the parsed document of a sub-group by path, or none.

    Raises:
        TransformRefused: what breaks a rule, with the JSON pointer.
    """
    where = ""
    for key in ("attributes", "ome"):
        if isinstance(document, Mapping) and isinstance(document.get(key), Mapping):
            document, where = document[key], f"{where}/{key}"
    if not isinstance(document, Mapping):
        raise TransformRefused("not-a-document", f"{brief(document)} is no metadata of a Zarr group")
    found = NgffDocument(str(document.get("version", "")))
    reader = _DocumentReader(found, sibling)
    if "scene" in document:
        reader.group(document["scene"], f"{where}/scene")
    for at, image in enumerate(_entries(document, "multiscales", where)):
        reader.image(image, f"{where}/multiscales/{at}")
    if "scene" not in document and "multiscales" not in document:
        reader.group(document, where)
    return found


def _entries(holder: Any, key: str, where: str) -> list[Any]:
    if not isinstance(holder, Mapping):
        raise TransformRefused("not-a-document", f"{brief(holder)} is no object", where=where)
    found = holder.get(key, [])
    if not isinstance(found, list) or len(found) > MOST_ENTRIES:
        raise TransformRefused("not-a-document", f"{key} is no list in bounds", where=f"{where}/{key}")
    return found


class _DocumentReader:
    def __init__(self, found: NgffDocument, sibling: Sibling | None) -> None:
        self.found = found
        self.sibling = sibling
        self.seen: dict[str, NgffDocument | None] = {}

    def group(self, holder: Any, where: str) -> None:
        """Systems and transformations of a scene or a fragment."""
        for at, system in enumerate(_entries(holder, "coordinateSystems", where)):
            self._declare(read_system(system, f"{where}/coordinateSystems/{at}"), where)
        self._steps(holder, where)

    def image(self, holder: Any, where: str) -> None:
        """A multiscale image: its systems, its data sets, its own transformations."""
        for at, system in enumerate(_entries(holder, "coordinateSystems", where)):
            self._declare(read_system(system, f"{where}/coordinateSystems/{at}"), where)
        for at, level in enumerate(_entries(holder, "datasets", where)):
            self._steps(level, f"{where}/datasets/{at}", exact=True)
        self._steps(holder, where)

    def _declare(self, system: CoordinateSystem, where: str) -> None:
        if system.name in self.found.systems:
            raise TransformRefused("system-name-twice", f"two systems are named {system.name!r}", where=where)
        self.found.systems[system.name] = system

    def _steps(self, holder: Any, where: str, *, exact: bool = False) -> None:
        for at, item in enumerate(_entries(holder, "coordinateTransformations", where)):
            here = f"{where}/coordinateTransformations/{at}"
            if not isinstance(item, Mapping):
                said = f"{brief(item)} is no transformation object"
                raise TransformRefused("not-a-transformation", said, where=here)
            source, target = (self._end(item.get(end), f"{here}/{end}") for end in ("input", "output"))
            inputs, outputs = self._dimension(source), self._dimension(target)
            parameters = current(item, self._names(source), self._names(target), here)
            transform = read_transformation(parameters, here)
            try:
                check(transform, inputs, outputs)
            except TransformRefused as refused:
                refused.where = refused.where or here
                raise
            self.found.steps.append(Step(here, source, target, transform, exact=exact))

    def _end(self, value: Any, where: str) -> str:
        """The key of an end: a name, a path, or both; older dialects write a plain string."""
        if isinstance(value, str) and value:
            return value
        if isinstance(value, Mapping):
            parts = [value.get("path"), value.get("name")]
            words = [part for part in parts if isinstance(part, str) and part]
            if words:
                return "/".join(words)
        said = f"{brief(value)} names no coordinate system"
        raise TransformRefused(
            "missing-end", said, where=where, fix="write an object with name, path or both"
        )

    def _names(self, end: str) -> list[str] | None:
        system = self.found.systems.get(end)
        return [axis.name for axis in system.axes] if system else None

    def _dimension(self, end: str) -> int | None:
        if end in self.found.systems:
            return self.found.systems[end].dimension
        path, _, name = end.rpartition("/")
        other = self._sub_group(path) if path else None
        if other and name in other.systems:
            self.found.systems[end] = other.systems[name]
            return other.systems[name].dimension
        return None

    def _sub_group(self, path: str) -> NgffDocument | None:
        if path not in self.seen:
            document = self.sibling(path) if self.sibling else None
            self.seen[path] = None if document is None else read_ngff(document)
        return self.seen[path]
