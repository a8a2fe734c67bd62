"""MoBIE's `dataset.json`: the transformations of its views.

Affines are twelve numbers, row-major, x,y,z, in the physical space of the sources and in addition to what the sources'
own metadata say; in a view the first listed is applied first. A grid lays sources out side by side: that is layout and
no registration, so a source that stands in a grid of a view has no place in the world of that view. A source that is
displayed in a view without any transformation lies there as it is. Each view is a world of its own: two views may
disagree about one pair.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from rembigraph.loaders.transforms.numbers import affine, chain, numbers, reversed_axes, rows_of
from rembigraph.loaders.transforms.places import escaped, space, unused
from rembigraph.ontology.errors import TransformRefused
from rembigraph.ontology.transform_dialects import shown
from rembigraph.ontology.transform_documents import MOST_STEPS, ReadStep, Stated, TransformDocument

FORMAT: Final = "mobie"
AXES: Final = ("z", "y", "x")
MOST_PARTS: Final = 1000
MOST_PARTS_OF_FILE: Final = 50_000
MOST_SOURCES: Final = 100_000

_GRIDS: Final = ("grid", "mergedGrid", "transformedGrid")


def recognises_json(value: dict[str, Any]) -> bool:
    """Whether it has views and sources."""
    return isinstance(value.get("views"), dict) and isinstance(value.get("sources"), dict | list)


@dataclass
class _View:
    """The state of one view while its transformations are folded."""

    where: str
    chains: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    origin: dict[str, str] = field(default_factory=dict)
    laid_out: set[str] = field(default_factory=set)
    unread: dict[str, str] = field(default_factory=dict)
    timepoints: dict[str, list[Any]] = field(default_factory=dict)
    names: dict[str, list[str]] = field(default_factory=dict)
    parts: int = 0


def read_json(value: dict[str, Any], stated: Stated) -> TransformDocument:
    """Read the transformations of all views.

    Raises:
        TransformRefused: what is wrong, with the JSON pointer.
    """
    found = TransformDocument(FORMAT, str(value.get("specVersion", "")))
    taken: set[str] = set()
    known = {source for source in value["sources"] if isinstance(source, str)}
    parts = 0
    for name, view in value["views"].items():
        where = f"/views/{escaped(name)}"
        if not isinstance(view, dict):
            raise TransformRefused("not-a-document", f"{shown(view)} is no view", where=where)
        parts = _read_view(found, name, view, stated, taken, known, parts)
    found.kept = unused(value, taken)
    if not found.steps:
        found.note("no view registers a source: what the views have is layout, or nothing")
    if not stated.unit:
        found.note("dataset.json states no unit: it is that of the images' own metadata")
    return found


def _read_view(
    found: TransformDocument,
    name: str,
    value: dict[str, Any],
    stated: Stated,
    taken: set[str],
    known: set[str],
    parts: int,
) -> int:
    """Read one view; takes and gives how many parts all sources of the file have by now."""
    view = _View(f"/views/{escaped(name)}", parts=parts)
    items = value.get("sourceTransforms", [])
    if not isinstance(items, list) or len(items) > MOST_STEPS:
        said = f"sourceTransforms is no list of at most {MOST_STEPS} entries"
        raise TransformRefused("not-a-document", said, where=f"{view.where}/sourceTransforms")
    for at, item in enumerate(items):
        here = f"{view.where}/sourceTransforms/{at}"
        if not isinstance(item, dict) or len(item) != 1:
            raise TransformRefused("not-a-transformation", f"{shown(item)} has no one type", where=here)
        kind, body = next(iter(item.items()))
        if _fold(view, kind, body, f"{here}/{escaped(kind)}"):
            taken.add(here)
    if any(view.chains.values()):
        for source in _displayed(value, view.where):
            if source in known:  # a merged grid is displayed, too, and no image
                view.chains.setdefault(source, [])
    _add_steps(found, name, view, stated)
    return view.parts


def _fold(view: _View, kind: str, body: Any, where: str) -> bool:
    """Take one entry into a view; false for what is kept verbatim instead."""
    if not isinstance(body, dict):
        raise TransformRefused("not-a-transformation", f"{shown(body)} is no object", where=where)
    if kind == "affine":
        _fold_affine(view, body, where)
        return True
    named = _named_in(body, where)
    if kind in _GRIDS:
        view.laid_out |= named
    elif kind != "timepoints" and not (kind == "crop" and body.get("shiftToOrigin") is False):
        view.unread |= dict.fromkeys(named | _named_in(body, where, "sourceNamesAfterTransform"), kind)
    return False


def _fold_affine(view: _View, body: dict[str, Any], where: str) -> None:
    twelve = numbers(body.get("parameters"), 12, f"{where}/parameters")
    part = affine(reversed_axes(rows_of(twelve, 4)), _word(body.get("name"), f"{where}/name"))
    sources = _words(body.get("sources"), f"{where}/sources")
    after = _words(body.get("sourceNamesAfterTransform", sources), f"{where}/sourceNamesAfterTransform")
    if len(after) != len(sources):
        said = f"{len(sources)} sources have {len(after)} names afterwards"
        raise TransformRefused("landmark-count", said, where=f"{where}/sourceNamesAfterTransform")
    for source, renamed in zip(sources, after, strict=True):
        before = view.chains.get(source, [])
        view.parts += len(before) + 1 if renamed != source else 1
        if len(before) >= MOST_PARTS or view.parts > MOST_PARTS_OF_FILE:
            raise TransformRefused("too-many-steps", "a source is transformed too often", where=where)
        view.chains[renamed] = [*before, part] if renamed != source else _appended(before, part)
        view.origin[renamed] = view.origin.get(source, source)
        view.names.setdefault(renamed, []).append(where)
        if "timepoints" in body:
            view.timepoints.setdefault(renamed, []).append(body["timepoints"])


def _appended(before: list[dict[str, Any]], part: dict[str, Any]) -> list[dict[str, Any]]:
    before.append(part)
    return before


_NAMING: Final = ("sources", "nestedSources", "gridSources")


def _named_in(body: Mapping[str, Any], where: str, *keys: str) -> set[str]:
    """All sources that an entry names, in whatever way its version writes them."""
    found: set[str] = set()
    waiting: list[Any] = [body.get(key) for key in keys or _NAMING]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            found.add(one)
        elif isinstance(one, list | dict):
            waiting.extend(one.values() if isinstance(one, dict) else one)
        if len(found) > MOST_SOURCES:
            raise TransformRefused("too-large", f"more than {MOST_SOURCES} sources", where=where)
    return found


def _displayed(view: dict[str, Any], where: str) -> list[str]:
    """Sources that a view displays."""
    found: dict[str, None] = {}
    displays = view.get("sourceDisplays", [])
    if not isinstance(displays, list):
        raise TransformRefused("not-a-document", "sourceDisplays is no list", where=f"{where}/sourceDisplays")
    for display in displays:
        for body in display.values() if isinstance(display, dict) else ():
            sources = body.get("sources") if isinstance(body, dict) else None
            found |= (
                dict.fromkeys(one for one in sources if isinstance(one, str))
                if isinstance(sources, list)
                else {}
            )
    return list(found)


def _add_steps(found: TransformDocument, name: str, view: _View, stated: Stated) -> None:
    target = f"view/{name}"
    for source, parts in view.chains.items():
        origin = view.origin.get(source, source)
        if {source, origin} & view.laid_out:
            found.note(f"{view.where}: {shown(origin)} stands in a grid, which is layout and no registration")
            continue
        if kind := view.unread.get(source) or view.unread.get(origin):
            found.note(f"{view.where}: {shown(kind)} of {shown(origin)} is kept and not evaluated")
            continue
        for key in (origin, target):
            found.systems.setdefault(key, space(key, AXES, stated.unit))
        context = {"view": name} | ({"renamed": source} if source != origin else {})
        if source in view.timepoints:
            context["timepoints"] = ",".join(map(str, view.timepoints[source]))
        if not parts:
            context["implied"] = "displayed without a transformation"
        where = view.names.get(source, [f"{view.where}/sourceDisplays"])[0]
        map_ = chain(parts or [{"type": "identity"}])
        found.add(ReadStep(f"{where} ({source})", origin, target, map_, context=context))


def _words(value: Any, where: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise TransformRefused("missing-end", f"{shown(value)} is no list of sources", where=where)
    return value


def _word(value: Any, where: str) -> str:
    if value is not None and not isinstance(value, str):
        raise TransformRefused("not-a-document", f"{shown(value)} is no name", where=where)
    return value or ""
