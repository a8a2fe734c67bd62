"""Files of transformations and landmarks -> a correlation record; and the score of a map on held-out landmarks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import yaml
from rembigraph.app.transform_files import read_transform_file
from rembigraph.catalogue.correlation.paths import find_path
from rembigraph.catalogue.transforms.landmarks import Fit, fit, leave_one_out
from rembigraph.catalogue.transforms.reading import parse_transformation
from rembigraph.catalogue.transforms.units import unit_factor
from rembigraph.ontology.errors import SourceUnavailable, TransformRefused, UsageError
from rembigraph.ontology.identifiers import is_accession
from rembigraph.ontology.transform_documents import Stated

if TYPE_CHECKING:
    from rembigraph.catalogue.correlation.atlas import Atlas
    from rembigraph.catalogue.correlation.documents import CheckedDocument, LandmarkPairs
    from rembigraph.catalogue.correlation.records import SystemRecord
    from rembigraph.catalogue.transforms.model import Transform
    from rembigraph.catalogue.transforms.numbers import Array

MOST_BYTES: Final = 64 * 1024 * 1024
"""Size of a file of transformations."""

_MOST_KEPT: Final = 200


@dataclass(frozen=True)
class End:
    """An end of a correlation, as far as it is known.

    Attributes:
        name: what was given, without the data base.
        system: the coordinate system, without the data base; empty where the record must describe one.
        axes: names of its axes; empty where not known.
        unit: its unit of length; empty where not known.
        described: its system as the catalogue has it.
        image_titles: titles of the images of the system, by their names without the data base.
    """

    name: str
    system: str = ""
    axes: tuple[str, ...] = ()
    unit: str = ""
    described: SystemRecord | None = None
    image_titles: Mapping[str, str] = field(default_factory=dict)

    @property
    def study(self) -> str:
        """Accession that the name begins with, or empty."""
        first = self.name.split("/", 1)[0]
        return first if is_accession(first) else ""


@dataclass
class Correlated:
    """What was read from files for one pair of ends.

    Attributes:
        transform: parameters of the map, and whether it leads from the fixed to the moving end.
        landmarks: usable landmark pairs, from the moving to the fixed end.
        systems: OME-Zarr systems of the two ends, as the files have them.
        kept: what has no place of its own, verbatim, a line each.
        files: what was read, in words.
    """

    transform: dict[str, Any] | None = None
    backwards: bool = False
    landmarks: LandmarkPairs | None = None
    systems: dict[str, dict[str, Any]] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)


def end_of(name: str, data_base: str, atlas: Atlas | None) -> End:
    """Return what is known of an end: from the catalogue, where there is one that has its system."""
    short = name.removeprefix(data_base)
    if atlas is not None:
        try:
            iri = atlas.system_for(name)
        except TransformRefused as refused:
            if refused.code == "ambiguous-system":
                raise
        else:
            record = atlas.systems.get(iri)
            if record is None:
                return End(short, atlas.short(iri))
            titles = {atlas.short(image): atlas.title(image) for image in record.images}
            axes = tuple(axis.name for axis in record.system.axes)
            return End(short, atlas.short(iri), axes, record.system.length_unit or "", record, titles)
    return End(short, short if "/cs/" in short else "")


def read_files(paths: Sequence[Path], moving: End, fixed: End, stated: Stated) -> Correlated:
    """Read the files of one correlation.

    Raises:
        SourceUnavailable: a file cannot be read.
        TransformRefused: what is wrong with one; more than one map.
    """
    found = Correlated()
    for path in paths:
        document, digest = _read(path, moving, fixed, stated)
        found.files.append(f"{path.name} ({document.document.format}, SHA-256 {digest})")
        found.kept += _kept(path.name, document)
        for pairs in document.landmarks:
            found.landmarks = _only(found.landmarks, pairs, path.name, "landmark set")
        if document.steps:
            parameters, backwards = _whole_map(document, path.name)
            found.transform = _only(found.transform, parameters, path.name, "transformation")
            found.backwards = backwards
        found.systems |= _ends_of(document)
    return found


def _only(before: Any, now: Any, name: str, what: str) -> Any:
    if before is not None:
        raise TransformRefused("several", f"{name} holds a second {what}", fix=f"give one {what} at a time")
    return now


def _read(path: Path, moving: End, fixed: End, stated: Stated) -> tuple[CheckedDocument, str]:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise TransformRefused(
                "too-large", f"{path.name} is larger than {MOST_BYTES} bytes", where=path.name
            )
        content = path.read_bytes()
    except OSError as error:
        raise SourceUnavailable(f"{path} cannot be read: {error.strerror}", where=str(path)) from error
    ends = (moving, fixed)
    document = read_transform_file(content, path.name, stated=_stated(stated, *ends))
    if document.document.format == "itk":  # it leads from fixed to moving
        document = read_transform_file(content, path.name, stated=_stated(stated, *reversed(ends)))
    return document, hashlib.sha256(content).hexdigest()


def _stated(stated: Stated, source: End, target: End) -> Stated:
    unit, other = stated.unit or source.unit, stated.target_unit or target.unit
    return Stated(stated.axes or source.axes, unit, other)


def _kept(name: str, document: CheckedDocument) -> Iterator[str]:
    """Yield what the file says beside its map and its usable landmarks."""
    lines = [
        f"{name}{where}: {json.dumps(value, ensure_ascii=False)}"
        for where, value in document.document.kept.items()
    ]
    for landmarks in document.document.landmarks:
        for row in landmarks.rows:
            if not row.usable:
                said = "inactive" if not row.active else "incomplete"
                lines.append(f"{name}: landmark {row.name} ({said}): {list(row.source)} {list(row.target)}")
    if len(lines) > _MOST_KEPT:
        said = f"{name} holds {len(lines)} values that have no place in a record"
        raise TransformRefused(
            "too-much-kept", said, fix="leave out what does not belong to this pair of images"
        )
    yield from lines


def _whole_map(document: CheckedDocument, name: str) -> tuple[dict[str, Any], bool]:
    """The map from one end of the file to the other, and whether it leads from fixed to moving."""
    starts = {step.source for step in document.steps} - {step.target for step in document.steps}
    goals = {step.target for step in document.steps} - {step.source for step in document.steps}
    if len(starts) != 1 or len(goals) != 1:
        listed = ", ".join(f"{step.source} to {step.target}" for step in document.steps[:8])
        said = f"{name} holds transformations between several pairs of systems: {listed}"
        raise TransformRefused("several", said, where=name, fix="give a file with the map of this pair alone")
    (start,), (goal,) = starts, goals
    path = find_path(document.graph(), start, goal)
    parts = [document.graph().map_of(move).parameters() for move in path.moves]
    whole = parts[0] if len(parts) == 1 else {"type": "sequence", "transformations": parts}
    return whole, (start, goal) == ("fixed", "moving")


def _ends_of(document: CheckedDocument) -> dict[str, dict[str, Any]]:
    """The systems of the file's two ends, as `moving` and `fixed`."""
    systems = document.document.systems
    if {"moving", "fixed"} <= set(systems):
        return {name: systems[name] for name in ("moving", "fixed")}
    if document.steps and {document.steps[0].source, document.steps[-1].target} <= set(systems):
        return {"moving": systems[document.steps[0].source], "fixed": systems[document.steps[-1].target]}
    return {}


def fitted(
    found: Correlated, model: str, *, may_mirror: bool, units: tuple[str, str] = ("", "")
) -> tuple[Fit, float | None]:
    """Fit a map to the landmarks; return it with its leave-one-out error where enough landmarks are left.

    Args:
        found: what the files hold.
        model: one of `landmarks.MODELS`.
        may_mirror: let a rigid or similarity fit change handedness.
        units: of the moving and the fixed end; a rigid map keeps lengths, not the numbers that stand for them.

    Raises:
        TransformRefused: there are no landmarks, they do not tell the map, or one end has no unit of length.
    """
    if found.landmarks is None:
        raise TransformRefused("no-landmarks", "the files hold no landmarks to fit a map to")
    pairs = found.landmarks
    factor = unit_factor(*units) if model == "rigid" and all(units) else 1.0
    source = pairs.source * factor
    result = fit(source, pairs.target, model, may_mirror=may_mirror)
    affine = np.column_stack((result.affine[:, :-1] * factor, result.affine[:, -1]))
    result = replace(result, affine=affine, source=pairs.source)
    if may_mirror:
        return result, None  # leaving out is defined for maps that keep handedness, and for affine ones
    try:
        left_out = leave_one_out(source, pairs.target, model)
    except TransformRefused:
        return result, None
    return result, float(np.sqrt(np.mean(left_out**2)))


def scored(transform: Transform, backwards: bool, source: Array, target: Array) -> dict[str, float]:
    """Score a map on landmarks that it was not made from: distances in the system that it leads to.

    Raises:
        TransformRefused: the dimensions do not fit.
    """
    start, goal = (target, source) if backwards else (source, target)
    off = np.linalg.norm(transform.apply(start) - goal, axis=1)
    return {
        "landmarks": len(off),
        "rms": float(np.sqrt(np.mean(off**2))),
        "median": float(np.median(off)),
        "mean": float(np.mean(off)),
        "max": float(off.max()),
    }


@dataclass(frozen=True)
class Wanted:
    """What the record is to say beside the files: accession and title of the study, and errors."""

    accession: str
    title: str
    errors: tuple[dict[str, Any], ...] = ()
    method: str = ""
    description: str = ""


def record_of(found: Correlated, moving: End, fixed: End, wanted: Wanted) -> str:
    """Return a Rembigraph YAML document with the correlation.

    Raises:
        UsageError: the study that the record belongs to is not known.
    """
    if not is_accession(wanted.accession):
        fix = "Say --accession, or name the moving image by its accession."
        raise UsageError(f"{wanted.accession or 'nothing'} is no accession", fix=fix)
    names = {"moving": moving, "fixed": fixed}
    systems = {name: end.system or f"cs/{_slug(end.name, name)}" for name, end in names.items()}
    described = [_system(found, name, end, systems[name]) for name, end in names.items() if not end.system]
    own = [end for end in (moving, fixed) if end.system.startswith(f"{wanted.accession}/")]
    ends = (systems["fixed"], systems["moving"]) if found.backwards else (systems["moving"], systems["fixed"])
    key = f"{_last(moving.name)}--{_last(fixed.name)}"
    correlation: dict[str, Any] = {
        "key": key,
        "title": f"{moving.name} and {fixed.name}",
        "has_member": [_member(moving, "moving"), _member(fixed, "fixed")],
    }
    study: dict[str, Any] = {
        "model": "rembigraph/0.1",
        "accession": wanted.accession,
        "title": wanted.title,
        "image": _own_images(own, wanted.accession, (moving, fixed)),
        "correlation": [correlation],
        "coordinate_system": described + [_as_described(end, end.described) for end in own if end.described],
    }
    if found.transform is not None:
        correlation["has_transformation"] = [f"transform/{key}"]
        study["transformation"] = [_transformation(found, key, ends, wanted)]
    if found.landmarks is not None:
        correlation["has_landmarks"] = [f"landmarks/{key}"]
        study["landmark_set"] = [_landmarks(found.landmarks, key, systems)]
    if found.kept:
        correlation["attribute_text"] = found.kept
    plain = json.loads(json.dumps({name: value for name, value in study.items() if value}))  # no YAML aliases
    return yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=110)


def _last(name: str) -> str:
    return _slug(name, "end")


def _slug(name: str, default: str) -> str:
    kept = "".join(
        char if char.isalnum() or char in "-_." else "-" for char in name.rstrip("/").rsplit("/", 1)[-1]
    )
    return kept.strip("-.") or default


def _member(end: End, role: str) -> dict[str, Any]:
    if "/cs/" in end.name:
        return {"member_accession": end.study, "member_role": role} if end.study else {"member_role": role}
    return {"member_image": end.name, "member_role": role}


def _system(found: Correlated, name: str, end: End, reference: str) -> dict[str, Any]:
    given = found.systems.get(name)
    if given is None:
        said = f"neither the catalogue nor the files tell the axes of {end.name}"
        raise TransformRefused("system-unknown", said, fix="name a coordinate system that the catalogue has")
    axes = [
        {"axis_name": axis["name"], "axis_type": axis.get("type", "space")}
        | ({"unit_code": axis["unit"]} if axis.get("unit") else {})
        for axis in given["axes"]
    ]
    return {"key": reference.removeprefix("cs/"), "coordinate_system_of": [end.name], "has_axis": axes}


def _transformation(found: Correlated, key: str, ends: tuple[str, str], wanted: Wanted) -> dict[str, Any]:
    registration = {"title": wanted.description or "Read from a file", "description": "; ".join(found.files)}
    if wanted.method:
        registration["registration_method"] = wanted.method
    made: dict[str, Any] = {
        "key": key,
        "source_coordinate_system": ends[0],
        "target_coordinate_system": ends[1],
        "parameters": found.transform,
        "registered_by": registration,
    }
    if found.landmarks is not None:
        made["has_landmarks"] = [f"landmarks/{key}"]
    if wanted.errors:
        made["has_error"] = [{**error, "measured_in": ends[1]} for error in wanted.errors]
    return made


def _landmarks(pairs: LandmarkPairs, key: str, systems: dict[str, str]) -> dict[str, Any]:
    listed = [
        {"name": name, "source": source, "target": target}
        for name, source, target in zip(
            pairs.names, pairs.source.tolist(), pairs.target.tolist(), strict=True
        )
    ]
    return {
        "key": key,
        "source_coordinate_system": systems["moving"],
        "target_coordinate_system": systems["fixed"],
        "landmarks": listed,
    }


def transform_of(found: Correlated) -> Transform:
    """Return the map that the files hold.

    Raises:
        TransformRefused: they hold none.
    """
    if found.transform is None:
        raise TransformRefused(
            "no-transformation", "the files hold no transformation", fix="give one, or --fit MODEL"
        )
    return parse_transformation(found.transform)


def _as_described(end: End, record: SystemRecord) -> dict[str, Any]:
    """A system of the record's own study as the catalogue has it: a record stands on its own."""
    axes = [
        {"axis_name": axis.name}
        | ({"axis_type": axis.kind} if axis.kind else {})
        | ({("unit" if "://" in axis.unit else "unit_code"): axis.unit} if axis.unit else {})
        for axis in record.system.axes
    ]
    said: dict[str, Any] = {"key": end.system.rsplit("/", 1)[-1], "title": record.title}
    if record.intrinsic is not None:
        said["is_intrinsic"] = record.intrinsic
    return said | {"coordinate_system_of": sorted(end.image_titles), "has_axis": axes}


def _own_images(own: Sequence[End], accession: str, ends: Sequence[End]) -> list[dict[str, Any]]:
    """Images of the record's own study that it names."""
    titles = {name: title for end in own for name, title in end.image_titles.items()}
    titles |= {end.name: end.name for end in ends if "/image/" in end.name and end.name not in titles}
    named = {name: title for name, title in sorted(titles.items()) if name.startswith(f"{accession}/image/")}
    return [{"key": name.rsplit("/", 1)[-1], "title": title} for name, title in named.items()]
