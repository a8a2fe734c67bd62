"""OME-Zarr metadata: 0.4, 0.5, 0.6 and the drafts before 0.6; images, scenes and bare fragments.

An array of a data set is a coordinate system of its own, named by its path, whose axes are those of the array
(specification 0.6, "array coordinate systems"); maps from there are exact by definition. A system of a sub-group has
the key `path/name`. In 0.4 and 0.5 the physical system has no name; it gets that of the image, or `physical`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from rembigraph.loaders.transforms import ngff_rules as rules
from rembigraph.loaders.transforms.ngff_levels import LEVEL_TYPES, add_unnamed_image, check_level
from rembigraph.loaders.transforms.ngff_rules import entries, system_of
from rembigraph.loaders.transforms.places import unused
from rembigraph.loaders.transforms.texts import json_of
from rembigraph.ontology.errors import TransformRefused
from rembigraph.ontology.transform_dialects import current, invalid, shown
from rembigraph.ontology.transform_documents import ReadStep, Stated, System, TransformDocument

FORMAT: Final = "ome-zarr"

_DRAFT: Final = re.compile(r"[0-9.]+(dev|a)")
_TYPES: Final = frozenset(
    {"identity", "mapAxis", "projectAxis", "translation", "scale", "affine", "rotation", "sequence"}
    | {"displacements", "coordinates", "byDimension", "bijection"}
)
_UNNAMED: Final = ("0.1", "0.2", "0.3", "0.4", "0.5")
_WITHOUT_SCALES: Final = ("0.1", "0.2", "0.3")
_PARTS: Final = ("scene", "multiscales", "coordinateTransformations", "coordinateSystems")
_OTHER_GROUPS: Final = ("plate", "well", "bioformats2raw.layout", "labels", "series")


def recognises(value: Any) -> bool:
    """Whether parsed JSON looks like the metadata of a Zarr group, or a fragment of one."""
    document, _ = _core(value)
    if _is_transformation(value):
        return True
    keys = (*_PARTS, *_OTHER_GROUPS, "image-label")
    return isinstance(document, Mapping) and ("zarr_format" in value or any(key in document for key in keys))


def _is_transformation(value: Any) -> bool:
    kind = value.get("type") if isinstance(value, Mapping) else None
    return isinstance(kind, str) and kind in _TYPES


def _core(value: Any) -> tuple[Any, str]:
    """The OME part of a `zarr.json`, a `.zattrs` or a bare document, and its pointer."""
    where = ""
    for key in ("attributes", "ome"):
        if isinstance(value, Mapping) and isinstance(value.get(key), Mapping):
            value, where = value[key], f"{where}/{key}"
    return value, where


def read(value: Any, stated: Stated, beside: Mapping[str, bytes]) -> TransformDocument:
    """Read the metadata of a group, or one transformation on its own.

    Args:
        value: parsed `zarr.json`, `.zattrs`, a fragment, or a transformation object.
        stated: the ends of a transformation on its own that names none.
        beside: the `zarr.json` of sub-groups, by path.

    Raises:
        TransformRefused: the rule of the specification that is broken, with the JSON pointer; `no-transformations`.
    """
    if _is_transformation(value):
        return _read_one(value, stated)
    document, where = _core(value)
    if not isinstance(document, Mapping) or not any(document.get(key) for key in _PARTS):
        said = "the metadata hold neither multiscales nor a scene nor transformations"
        raise invalid("no-transformations", said, where, "give the zarr.json of an image or a scene")
    reader = _Reader(document, where, {**_consolidated(value), **_siblings(beside)})
    reader.read()
    reader.found.kept = unused(value, reader.taken)
    return reader.found


def _read_one(value: Mapping[str, Any], stated: Stated) -> TransformDocument:
    """A transformation on its own: the systems that it names are not declared."""
    ends = {"input": stated.source, "output": stated.target}
    given = {key: end for key, end in ends.items() if end} | dict(value)
    reader = _Reader({"coordinateTransformations": [given]}, "", {})
    reader.read()
    reader.found.note("the axes of its systems are not declared")
    return reader.found


def _consolidated(value: Any) -> dict[str, Any]:
    """Metadata of sub-nodes that a `zarr.json` repeats."""
    found = value.get("consolidated_metadata") if isinstance(value, Mapping) else None
    nodes = found.get("metadata") if isinstance(found, Mapping) else None
    return dict(nodes) if isinstance(nodes, Mapping) else {}


def _siblings(beside: Mapping[str, bytes]) -> dict[str, Any]:
    return {path.strip("/"): json_of(content) for path, content in beside.items()}


class _Reader:
    """Reads one document.

    Args:
        document: the OME part.
        where: its pointer.
        nodes: parsed metadata of sub-groups and arrays by path.
    """

    def __init__(self, document: Mapping[str, Any], where: str, nodes: Mapping[str, Any]) -> None:
        self.document, self.where, self.nodes = document, where, nodes
        self.version = _version(document, where)
        self.found = TransformDocument(FORMAT, self.version)
        self.taken: set[str] = {f"{where}/version"}

    def read(self) -> None:
        """Read everything."""
        rules.check_channels(self.document, self.where)
        rules.check_label(self.document, self.where)
        if "multiscales" in self.document:
            images = entries(self.document, "multiscales", self.where, required=True)
            for at, image in enumerate(images):
                self._image(image, f"{self.where}/multiscales/{at}")
        if "scene" in self.document:
            self._group(self.document["scene"], f"{self.where}/scene", scene=True)
        if "multiscales" not in self.document and "scene" not in self.document:
            self._group(self.document, self.where, scene=False)

    def _group(self, holder: Any, where: str, *, scene: bool) -> None:
        self._declare(holder, where)
        entries(holder, "coordinateTransformations", where, required=scene)
        self._steps(holder, where)
        if scene:
            self._check_connected(where)

    def _image(self, image: Any, where: str) -> None:
        if not isinstance(image, Mapping):
            raise invalid("not-a-document", f"{shown(image)} is no multiscale image", where)
        if self.version.startswith(_UNNAMED) or (not self.version and "axes" in image):
            self.taken |= add_unnamed_image(self.found, image, where)
            return
        entries(image, "coordinateSystems", where, required=True)
        for system in self._declare(image, where):
            rules.check_image_axes(system["axes"], where, relaxed=not self.version.startswith("0.6"))
        for at, level in enumerate(entries(image, "datasets", where, required=True)):
            here = f"{where}/datasets/{at}"
            path = check_level(level, here, draft=self._may_be_text())
            self.taken.add(f"{here}/path")
            self._array(path, level, here)
            self._steps(level, here, exact=True)
        if "coordinateTransformations" in image:
            self._steps(image, where)

    def _declare(self, holder: Any, where: str) -> list[System]:
        found = []
        for at, value in enumerate(entries(holder, "coordinateSystems", where)):
            here = f"{where}/coordinateSystems/{at}"
            system = system_of(value, here)
            if system["name"] in self.found.systems:
                raise invalid("system-name-twice", f"two systems are named {shown(system['name'])}", here)
            self.found.systems[system["name"]] = system
            self.taken.add(here)
            found.append(system)
        return found

    def _array(self, path: str, level: Mapping[str, Any], where: str) -> None:
        """Declare the system of an array: as many axes as its image."""
        target = self._end(
            level["coordinateTransformations"][0].get("output"), f"{where}/coordinateTransformations/0/output"
        )
        system = self._system(target)
        if system is None:
            raise invalid("unknown-system", f"no system is named {shown(target)}", where)
        node = self.nodes.get(path)
        names = node.get("dimension_names") if isinstance(node, Mapping) else None
        count = len(system["axes"])
        usable = isinstance(names, list) and len(names) == count and len(set(map(str, names))) == count
        axes = names if usable and all(isinstance(one, str) for one in names) else None  # type: ignore[union-attr]
        listed = axes or [f"dim_{at}" for at in range(count)]
        array = {"name": path, "axes": [{"name": one, "type": "array"} for one in listed]}
        self.found.systems.setdefault(path, array)

    def _steps(self, holder: Any, where: str, *, exact: bool = False) -> None:
        for at, item in enumerate(entries(holder, "coordinateTransformations", where)):
            here = f"{where}/coordinateTransformations/{at}"
            if not isinstance(item, Mapping):
                raise invalid("not-a-transformation", f"{shown(item)} is no transformation object", here)
            source, target = (self._end(item.get(end), f"{here}/{end}") for end in ("input", "output"))
            parameters = current(item, self._names(source), self._names(target), here)
            level = exact and parameters.get("type") in LEVEL_TYPES
            self.found.add(ReadStep(here, source, target, parameters, level))
            self.taken.add(here)

    def _end(self, value: Any, where: str) -> str:
        """The key of an end: a name, a path, or both; drafts write a plain string."""
        if isinstance(value, str) and value and self._may_be_text():
            return value
        if isinstance(value, Mapping) and set(value) <= {"name", "path"}:
            words = [part for key in ("path", "name") if (part := value.get(key)) is not None]
            if words and all(isinstance(word, str) for word in words) and any(words):
                return "/".join(word.strip("/") for word in words if word not in ("", "."))
        fix = "write an object with name, path or both"
        raise invalid("missing-end", f"{shown(value)} names no coordinate system", where, fix)

    def _may_be_text(self) -> bool:
        return not self.version or bool(_DRAFT.match(self.version))

    def _names(self, key: str) -> list[str] | None:
        system = self._system(key)
        return [axis["name"] for axis in system["axes"]] if system else None

    def _system(self, key: str) -> System | None:
        """A system by key; those of sub-groups are looked up in what lies beside, and kept."""
        path, _, name = key.rpartition("/")
        if key not in self.found.systems and path in self.nodes:
            for system in _systems_of(self.nodes[path], path):
                self.found.systems.setdefault(f"{path}/{system['name']}", system)
            if f"{path}/{name}" not in self.found.systems:
                raise invalid("unknown-system", f"{shown(path)} declares no system {shown(name)}", self.where)
        return self.found.systems.get(key)

    def _check_connected(self, where: str) -> None:
        """The graph of a scene is connected; an image is one part of it, with all of its own systems."""
        parts = {_image_of(key): _image_of(key) for key in self.found.systems}

        def top(part: str) -> str:
            while parts.setdefault(part, part) != part:
                part = parts[part]
            return part

        for step in self.found.steps:
            parts[top(_image_of(step.source))] = top(_image_of(step.target))
        if len({top(part) for part in parts}) > 1:
            said = "the coordinate systems are not all connected by transformations"
            raise invalid("not-connected", said, where, "add the missing transformation, or make two scenes")


def _image_of(key: str) -> str:
    path, mark, name = key.rpartition("/")
    return f"/{path}" if mark else name


def _systems_of(node: Any, path: str) -> list[System]:
    document, where = _core(node)
    images = document.get("multiscales", []) if isinstance(document, Mapping) else []
    found = []
    for at, image in enumerate(images if isinstance(images, list) else []):
        for number, value in enumerate(
            entries(image, "coordinateSystems", f"{path}{where}/multiscales/{at}")
        ):
            found.append(system_of(value, f"{path}{where}/multiscales/{at}/coordinateSystems/{number}"))
    return found


def _version(document: Mapping[str, Any], where: str) -> str:
    """The version: of the document, or in 0.4 of its first image."""
    found = document.get("version")
    images = document.get("multiscales")
    if found is None and isinstance(images, list) and images and isinstance(images[0], Mapping):
        found = images[0].get("version")
    if found is not None and not isinstance(found, str):
        raise invalid("version", f"{shown(found)} is no version", f"{where}/version")
    if found and found.startswith(_WITHOUT_SCALES):
        said = f"OME-Zarr {found[:20]} states no transformations"
        raise TransformRefused("no-transformations", said, where=where, fix="convert it to 0.4 or later")
    return found or ""
