"""OME-Zarr 0.6 scenes: every step as it is stored, in its own direction, fields by reference.

A scene can name sub-groups of its own store only. Ends that lie in other archives become systems of the scene; their
IRIs, and what 0.6 has no words for (errors, versions, what is exact), stand beside `ome` under `rembigraph`, so that
nothing is lost.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from rembigraph.catalogue.correlation.exports.model import Export, axis_object, error_object
from rembigraph.catalogue.correlation.graph import Step, SystemGraph
from rembigraph.catalogue.correlation.paths import Path
from rembigraph.catalogue.transforms.refusal import TransformRefused
from rembigraph.catalogue.transforms.systems import CoordinateSystem

VERSION: Final = "0.6"
MOST_STEPS: Final = 10_000

_RENAMED: Final = {"input_axes": "inputAxes", "output_axes": "outputAxes"}


@dataclass(frozen=True)
class Member:
    """Where a system lies in the store of the scene: the sub-group of an image, and its name there."""

    path: str
    name: str


def write_path_scene(path: Path, members: Mapping[str, Member] | None = None) -> Export:
    """The steps of a path as a scene."""
    steps = {move.step.key: move.step for move in path.moves}
    return write_scene(path.graph, steps.values(), members)


def write_scene(
    graph: SystemGraph, steps: Iterable[Step] | None = None, members: Mapping[str, Member] | None = None
) -> Export:
    """Steps of a graph as the `zarr.json` of a scene.

    Args:
        graph: coordinate systems and transformations.
        steps: those that are written; all of the graph where none are named.
        members: systems that lie in images of the same store.

    Raises:
        TransformRefused: `no-transformations`, `too-many-steps`, `not-connected`, `axes-not-stated`.
    """
    written = list(graph.steps.values() if steps is None else steps)
    if not written:
        raise TransformRefused("no-transformations", "a scene has at least one transformation")
    if len(written) > MOST_STEPS:
        raise TransformRefused("too-many-steps", f"a scene of more than {MOST_STEPS} steps is not written")
    _check_connected(written)
    inside = members or {}
    ends = dict.fromkeys(end for step in written for end in (step.source, step.target))
    names = _names([end for end in ends if end not in inside])
    systems = [_system(graph, end, name) for end, name in names.items()]
    keys = {end: {"name": name} for end, name in names.items()} | {
        end: {"path": one.path, "name": one.name} for end, one in inside.items() if end in ends
    }
    scene = {
        **({"coordinateSystems": systems} if systems else {}),
        "coordinateTransformations": [_step(step, keys) for step in written],
    }
    beside = {
        "systems": [{**keys[end], "iri": end} for end in ends],
        "transformations": [_beside(step) for step in written],
    }
    document = {
        "zarr_format": 3,
        "node_type": "group",
        "attributes": {"ome": {"version": VERSION, "scene": scene}, "rembigraph": beside},
    }
    content = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False).encode() + b"\n"
    return Export(content, "application/json", ".zarr.json", (*_notes(written), *_bare(systems)))


def _notes(steps: list[Step]) -> tuple[str, ...]:
    paths = sorted({path for step in steps for path in step.transform.reads_elsewhere()})
    if not paths:
        return ()
    return (f"arrays are kept by reference and must lie in the store of the scene: {', '.join(paths)}",)


def _bare(systems: list[dict[str, Any]]) -> tuple[str, ...]:
    """Systems that the schema of 0.6 does not allow, because nothing says of which type their axes are."""
    kinds = {system["name"]: [axis.get("type") for axis in system["axes"]] for system in systems}
    bare = [
        name
        for name, found in kinds.items()
        if found.count("space") not in (2, 3) and found.count("array") < 2
    ]
    if not bare:
        return ()
    listed = ", ".join(bare)
    return (f"the schema of 0.6 wants two or three space axes, which {listed} is not known to have",)


def _check_connected(steps: list[Step]) -> None:
    parts: dict[str, str] = {}

    def top(part: str) -> str:
        while parts.setdefault(part, part) != part:
            parts[part] = parts[parts[part]]
            part = parts[part]
        return part

    for step in steps:
        parts[top(step.source)] = top(step.target)
    if len({top(part) for part in list(parts)}) > 1:
        said = "the steps are not all connected, as a scene has to be"
        raise TransformRefused("not-connected", said, fix="write one scene for each connected part")


def _names(ends: list[str]) -> dict[str, str]:
    """A short name for each IRI, unique in the scene."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for end in ends:
        words = [word for word in re.split(r"[^\w.-]+", end.rpartition("://")[2]) if word]
        short = "_".join(words[-2:]) or "system"
        name, number = short, 1
        while name in taken:
            number += 1
            name = f"{short}_{number}"
        taken.add(name)
        found[end] = name
    return found


def _system(graph: SystemGraph, end: str, name: str) -> dict[str, Any]:
    system = graph.systems.get(end)
    if system is None:
        raise TransformRefused(
            "axes-not-stated", f"the axes of {end} are not known", fix="declare the system"
        )
    return {"name": name, "axes": axes_of(system)}


def axes_of(system: CoordinateSystem) -> list[dict[str, Any]]:
    """Axes as OME-Zarr writes them."""
    return [axis_object(axis) for axis in system.axes]


def _step(step: Step, keys: Mapping[str, Any]) -> dict[str, Any]:
    parameters = current_words(step.transform.parameters())
    kind = {"type": parameters.pop("type")}
    return {**kind, "input": keys[step.source], "output": keys[step.target], **parameters}


def current_words(value: Any) -> Any:
    """A transformation object in the words of 0.6, as plain JSON."""
    if isinstance(value, Mapping):
        return {_RENAMED.get(str(key), key): current_words(part) for key, part in value.items()}
    return [current_words(part) for part in value] if isinstance(value, list | tuple) else value


def _beside(step: Step) -> dict[str, Any]:
    error = error_object(step)
    return {
        "iri": step.key,
        "exact": step.exact,
        "superseded": step.superseded,
        **({"error": error} if error else {}),
    }
