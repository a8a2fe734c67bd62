"""Worked cases (`correlation-cases/1`): one question put to the arithmetic and the graph, one answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from rembigraph.catalogue.correlation import foreign
from rembigraph.catalogue.correlation.case_files import document_of, shared_case
from rembigraph.catalogue.correlation.graph import Step, StepError, SystemGraph
from rembigraph.catalogue.correlation.ngff import NgffDocument, read_ngff
from rembigraph.catalogue.correlation.paths import closure_errors, find_path, other_paths
from rembigraph.catalogue.transforms import geometry
from rembigraph.catalogue.transforms.affine import (
    is_mirrored,
    plane_projection,
    reversed_axes,
)
from rembigraph.catalogue.transforms.fields import FieldData, field_data
from rembigraph.catalogue.transforms.landmarks import fit, landmark_pairs, leave_one_out
from rembigraph.catalogue.transforms.model import Bijection, Transform, linear_of
from rembigraph.catalogue.transforms.numbers import Array, brief, matrix, points, vector
from rembigraph.catalogue.transforms.reading import (
    affine_part,
    check,
    parse_transformation,
    read_transformation,
    round_trip_error,
)
from rembigraph.catalogue.transforms.refusal import TransformRefused
from rembigraph.catalogue.transforms.systems import CoordinateSystem, conversion, read_system
from rembigraph.catalogue.transforms.units import canonical_unit

Given = Mapping[str, Any]
Operation = Callable[[Given, Given], dict[str, Any]]


def answer_case(case: Any) -> dict[str, Any]:
    """Answer one case; a refusal is an answer with `error` (its code) and `message`."""
    try:
        given, ask = _parts_of(case)
        return _operation(ask.get("op"))(given, ask)
    except TransformRefused as refused:
        return {"error": refused.code, "message": str(refused), "where": refused.where, **refused.facts}


def _operation(name: Any) -> Operation:
    if not isinstance(name, str) or name not in _OPERATIONS:
        raise TransformRefused("unknown-operation", f"{brief(name)} is no operation", where="/ask/op")
    return _OPERATIONS[name]


def _parts_of(case: Any) -> tuple[Given, Given]:
    if not isinstance(case, Mapping):
        raise TransformRefused("not-a-case", f"{brief(case)} is no case")
    given, ask = case.get("given"), case.get("ask")
    if not isinstance(given, Mapping) or not isinstance(ask, Mapping):
        raise TransformRefused("not-a-case", "a case has given and ask")
    if isinstance(given.get("same_as"), str):
        given = {
            **shared_case(given["same_as"]),
            **{key: part for key, part in given.items() if key != "same_as"},
        }
    return given, ask


def _ngff(given: Given) -> NgffDocument:
    name = str(given["file"])

    def sibling(path: str) -> Any:
        flat = path.replace("/", "__")
        folder, _, last = name.rpartition("zarr.json")
        if last:
            return None
        try:
            return document_of(
                f"{folder}{flat}__zarr.json" if folder.endswith("__") else f"{folder}{path}/zarr.json"
            )
        except TransformRefused:
            return None

    return read_ngff(document_of(name), sibling)


def _graph(given: Given) -> SystemGraph:
    if "file" in given:
        document = _ngff(given)
        return SystemGraph(document.systems, document.steps)
    systems = {one.name: one for one in _systems(given)}
    steps = []
    for at, edge in enumerate(given.get("edges", [])):
        where = f"/edges/{at}"
        if not isinstance(edge, Mapping):
            raise TransformRefused("not-a-transformation", f"{brief(edge)} is no edge", where=where)
        source, target = str(edge.get("from")), str(edge.get("to"))
        inputs, outputs = (systems[end].dimension if end in systems else None for end in (source, target))
        transform = parse_transformation(
            edge.get("transformation"), inputs, outputs, f"{where}/transformation"
        )
        steps.append(
            Step(
                str(edge.get("id", at)),
                source,
                target,
                transform,
                _error(edge.get("error"), source),
                exact=edge.get("exact") is True,
                superseded=edge.get("superseded") is True or "supersededBy" in edge,
            )
        )
    return SystemGraph(systems, steps)


def _error(value: Any, source: str) -> StepError | None:
    if not isinstance(value, Mapping) or "rms" not in value:
        return None
    unit = value.get("unit")
    return StepError(value["rms"], unit if isinstance(unit, str) else "", value.get("measuredIn") == source)


def _systems(given: Given) -> list[CoordinateSystem]:
    items = given.get("coordinateSystems", [])
    return [read_system(item, f"/coordinateSystems/{at}") for at, item in enumerate(items)]


def _fields(given: Given) -> dict[str, FieldData]:
    held = given.get("field")
    transformation = given.get("transformation")
    if not isinstance(held, Mapping) or not isinstance(transformation, Mapping):
        return {}
    vectors = next((part for key, part in held.items() if key.startswith("vectors")), None)
    interpolation = transformation.get("interpolation", "linear")
    found = field_data(vectors, held.get("scale"), held.get("translation"), interpolation)
    return {str(transformation.get("path")): found}


def _dimensions(given: Given, ask: Given) -> tuple[int | None, int | None]:
    if "input_axes" in given or "output_axes" in given:
        return given.get("input_axes"), given.get("output_axes")
    systems = {one.name: one.dimension for one in _systems(given)}
    ends = [_end_name(given, ask, *keys) for keys in (("from", "input"), ("to", "output"))]
    found = [systems.get(end) for end in ends]
    if found == [None, None] and len(systems) == 2:
        found = list(systems.values())
    return found[0] if found[0] is not None else given.get("ndim"), found[1]


def _end_name(given: Given, ask: Given, asked: str, end: str) -> str:
    transformation = given.get("transformation")
    stated = transformation.get(end) if isinstance(transformation, Mapping) else None
    name = ask.get(asked) or (stated.get("name") if isinstance(stated, Mapping) else stated)
    return str(name)


def _transform(given: Given, ask: Given) -> Transform:
    return parse_transformation(given.get("transformation"), *_dimensions(given, ask), fields=_fields(given))


def _map_point(given: Given, ask: Given) -> dict[str, Any]:
    if "transformation" not in given:
        return _map_by_graph(given, ask)
    transform = _transform(given, ask)
    if "points" in ask:
        return {"points": transform.apply(points(ask["points"], "/points")).tolist()}
    asked = vector(ask.get("point"), "/point")
    expected = _dimensions(given, ask)[0]
    if expected is not None and len(asked) != expected:
        said = f"the point has {len(asked)} coordinates, its system {expected}"
        raise TransformRefused("dimension-mismatch", said, expected=expected, got=len(asked))
    return {"point": transform.apply(asked[None, :])[0].tolist()}


def _map_by_graph(given: Given, ask: Given) -> dict[str, Any]:
    graph = _graph(given)
    for end in ("from", "to"):
        if str(ask.get(end)) not in graph:
            raise TransformRefused("unknown-system", f"no system {brief(ask.get(end))}", where=f"/ask/{end}")
    path = find_path(graph, str(ask["from"]), str(ask["to"]))
    answer: dict[str, Any] = {"point": path.apply(vector(ask.get("point"), "/point")[None, :])[0].tolist()}
    if "file" in given:
        answer["dialect"] = _ngff(given).version
    return answer


def _compose(given: Given, ask: Given) -> dict[str, Any]:
    path = find_path(_graph(given), str(ask.get("from")), str(ask.get("to")))
    return {"affine": path.affine().tolist(), "path": [list(key) for key in path.keys]}


_PREFERENCES: Final = {"lowest-error": "error", "fewest-hops": "hops"}


def _path(given: Given, ask: Given) -> dict[str, Any]:
    graph = _graph(given)
    asked = str(ask.get("prefer", "error"))
    prefer: Any = _PREFERENCES.get(asked, asked)
    via, avoid = ask.get("via", []), ask.get("avoid", [])
    path = find_path(graph, str(ask.get("from")), str(ask.get("to")), via=via, avoid=avoid, prefer=prefer)
    answer: dict[str, Any] = {"path": [list(key) for key in path.keys]}
    if path.moves:
        answer |= _affine_or_nothing(path.affine)
        answer |= {"predicted_rms": path.rms(), "unknown_error_steps": list(path.unknown_errors)}
    if "point" in ask:
        answer |= _point_on_path(path, vector(ask["point"], "/point"), prefer, avoid)
    return answer


def _affine_or_nothing(affine: Callable[[], Array]) -> dict[str, Any]:
    try:
        return {"affine": affine().tolist()}
    except TransformRefused as refused:
        if refused.code in ("not-affine", "parameters-not-loaded"):
            return {}
        raise


def _point_on_path(path: Any, point: Array, prefer: Any, avoid: Any) -> dict[str, Any]:
    there = path.apply(point[None, :])
    answer: dict[str, Any] = {"point": there[0].tolist()}
    here = point[None, :]
    for move in path.moves:
        here = path.graph.map_of(move).apply(here)
        answer.setdefault(move.end, here[0].tolist())
    try:
        answer["roundtrip_point"] = path.undo(there)[0].tolist()
    except TransformRefused as refused:
        answer["roundtrip_refused"] = refused.code
    others = other_paths(path, prefer, avoid)
    answer["alternatives"] = [
        {"path": [list(key) for key in other.keys], "point": other.apply(point[None, :])[0].tolist()}
        for other in others
    ]
    if others:
        answer["closure_error_at_point"] = max(
            float(closure_errors(path, other, point[None, :])[0]) for other in others
        )
    return answer


def _invert(given: Given, ask: Given) -> dict[str, Any]:
    transform = read_transformation(given.get("transformation"), fields=_fields(given))
    try:
        axes = transform.dimension(_dimensions(given, ask)[0])
        inverse = transform.inverse(axes)
        check(transform, axes)
    except TransformRefused as refused:
        return {"invertible": False, "error": refused.code, "message": str(refused)}
    answer: dict[str, Any] = {"invertible": True, "inverse": inverse.parameters()}
    found = _affine_or_nothing(lambda: inverse.affine(transform.output_dimension(axes)))
    answer["numeric"] = bool(found)
    answer |= {"inverse_affine": found["affine"]} if found else {}
    if "point" in ask:
        forward = transform.apply(vector(ask["point"], "/point")[None, :])
        answer["forward_point"] = forward[0].tolist()
        answer["roundtrip_point"] = inverse.apply(forward)[0].tolist()
    return answer


def _validate(given: Given, ask: Given) -> dict[str, Any]:
    try:
        if "file" in given:
            _ngff(given)
        elif "edges" in given:
            _graph(given)
        else:
            _transform(given, ask)
    except TransformRefused as refused:
        where = refused.where
        return {
            "valid": False,
            "error": refused.code,
            "message": str(refused),
            "where": where,
            **refused.facts,
        }
    return {"valid": True}


def _to_affine(given: Given, ask: Given) -> dict[str, Any]:
    transform = _transform(given, ask)
    return {"affine": transform.affine(transform.dimension(_dimensions(given, ask)[0])).tolist()}


def _map_box(given: Given, ask: Given) -> dict[str, Any]:
    transform = _transform(given, ask)
    box = geometry.read_box(ask.get("box"))
    corners, around = geometry.map_box(transform, box)
    answer = {"corners": corners.tolist(), "aabb": _box(around)}
    found = _affine_or_nothing(lambda: transform.affine(len(box.low)))
    normal = geometry.plane_normal(np.array(found["affine"])) if found else None
    if normal is not None:
        answer["unit_normal_up_to_sign"] = normal.tolist()
    return answer


def _box(box: geometry.Box) -> dict[str, Any]:
    return {"min": box.low.tolist(), "max": box.high.tolist()}


def _map_polygon(given: Given, ask: Given) -> dict[str, Any]:
    return {"polygon": geometry.map_polygon(_transform(given, ask), ask.get("polygon")).tolist()}


def _overlap(given: Given, ask: Given) -> dict[str, Any]:
    one, other = geometry.read_box(given.get("a"), "/a"), geometry.read_box(given.get("b"), "/b")
    common, content, first, second = geometry.overlap_shares(one, other)
    size = {2: "area", 3: "volume"}.get(len(one.low), "content")
    meeting = _box(common) if common else None
    return {"intersection": meeting, size: content, "fraction_of_a": first, "fraction_of_b": second}


def _export(given: Given, ask: Given) -> dict[str, Any]:
    transform = _transform(given, ask)
    axes = transform.dimension(_dimensions(given, ask)[0])
    formats = ask.get("formats") or [ask.get("format")]
    answer: dict[str, Any] = {}
    for name in formats:
        if name in ("rfc5", "ome-zarr"):
            answer["transformation"] = transform.parameters()
        elif name in ("bdv-xml", "mobie", "neuroglancer"):
            affine = foreign.affine_representable(transform, axes)
            answer["affine"] = affine.tolist()
            if name != "neuroglancer":
                answer["affine12"] = foreign.twelve_of_affine(affine, ["z", "y", "x"])
        else:
            raise TransformRefused("unknown-format", f"{brief(name)} is no format", where="/ask/formats")
    return answer


def _roundtrip(given: Given, ask: Given) -> dict[str, Any]:
    if ask.get("format") not in ("mobie", "bdv", "bdv-xml"):
        raise TransformRefused(
            "unknown-format", f"{brief(ask.get('format'))} is no format", where="/ask/format"
        )
    twelve = foreign.twelve_of_affine(matrix(given.get("affine"), "/affine"), ["z", "y", "x"])
    return {"affine": foreign.affine_of_twelve(twelve, ["z", "y", "x"]).tolist(), "affine12": twelve}


def _fit(given: Given, ask: Given) -> dict[str, Any]:
    found = fit(*landmark_pairs(given.get("source"), given.get("target")), str(ask.get("model")))
    answer = {
        "affine": found.affine.tolist(),
        "translation": found.affine[:, -1].tolist(),
        "fre_rms": found.fre_rms,
        "fre_max": float(found.residuals.max()),
        "per_landmark": found.residuals.tolist(),
        "mirrored": found.mirrored,
    }
    if found.scale is not None:
        answer |= {"scale": found.scale, "rotation": (found.affine[:, :-1] / found.scale).tolist()}
    if "unit" in given:
        answer["unit"] = canonical_unit(given["unit"], "/unit")
    return answer


def _leave_one_out(given: Given, ask: Given) -> dict[str, Any]:
    source, target = landmark_pairs(given.get("source"), given.get("target"))
    errors = leave_one_out(source, target, str(ask.get("model")))
    return {"per_landmark": errors.tolist(), "rms": float(np.sqrt(np.mean(errors**2)))}


def _import_landmarks(given: Given, ask: Given) -> dict[str, Any]:
    if given.get("format") != "bigwarp-csv":
        raise TransformRefused(
            "unknown-format", f"{brief(given.get('format'))} is no format", where="/given/format"
        )
    moving, fixed, skipped = foreign.bigwarp_landmarks(str(given.get("text")), list(ask.get("axes", [])))
    return {"moving": moving, "fixed": fixed, "skipped": skipped}


def _import(given: Given, ask: Given) -> dict[str, Any]:
    if given.get("format") not in ("bdv", "bdv-xml", "mobie"):
        raise TransformRefused(
            "unknown-format", f"{brief(given.get('format'))} is no format", where="/given/format"
        )
    return {"affine": foreign.affine_of_twelve(given.get("affine12"), list(ask.get("axes", []))).tolist()}


def _import_view(given: Given, ask: Given) -> dict[str, Any]:
    affine = foreign.mobie_transform(
        document_of(given.get("file")), str(given.get("view")), str(given.get("source"))
    )
    return {
        "affine_xyz": affine.tolist(),
        "affine_zyx": reversed_axes(affine).tolist(),
        "determinant_negative": is_mirrored(affine),
    }


def _check_bijection(given: Given, ask: Given) -> dict[str, Any]:
    found = [step.transform for step in _graph(given).steps.values() if isinstance(step.transform, Bijection)]
    if not found:
        raise TransformRefused("no-bijection", "the document holds no bijection")
    transform = found[0]
    axes = ask.get("ndim", 3)
    forward, backward = affine_part(transform.forward, axes), affine_part(transform.backward, axes)
    answer = {
        "affine_legs_max_deviation": round_trip_error(forward, backward),
        "referenced_arrays": list(transform.reads_elsewhere()),
    }
    try:
        transform.affine(axes)
    except TransformRefused as refused:
        answer["to_affine_error"] = refused.code
    return answer


def _convert_units(given: Given, ask: Given) -> dict[str, Any]:
    systems = {one.name: one for one in _systems(given)}
    for end in ("from", "to"):
        if ask.get(end) not in systems:
            raise TransformRefused("unknown-system", f"no system {brief(ask.get(end))}", where=f"/ask/{end}")
    affine = conversion(systems[ask["from"]], systems[ask["to"]])
    point = vector(ask.get("point"), "/point")
    return {"point": linear_of(affine).apply(point[None, :])[0].tolist(), "affine": affine.tolist()}


def _normalise_unit(given: Given, ask: Given) -> dict[str, Any]:
    spellings = given["units"] if "units" in given else [given.get("unit")]
    found = [canonical_unit(one, f"/units/{at}") for at, one in enumerate(spellings)]
    answer: dict[str, Any] = {"units": found, "unit": found[0]}
    return answer | ({"all_equal_to": found[0]} if len(set(found)) == 1 else {})


def _extent(given: Given, ask: Given) -> dict[str, Any]:
    box = geometry.field_of_view(given.get("shape"), given.get("scale"), given.get("translation"))
    return _box(box) | {"size": box.size.tolist()}


def _corner_to_centre(given: Given, ask: Given) -> dict[str, Any]:
    pixels = geometry.corner_to_centre(vector(given.get("corner_point_px"), "/corner_point_px"))
    return {
        "centre_px": pixels.tolist(),
        "centre_physical": (pixels * vector(given.get("pixel_size"))).tolist(),
    }


def _project(given: Given, ask: Given) -> dict[str, Any]:
    transform = _transform(given, ask)
    affine = transform.affine(transform.dimension(_dimensions(given, {})[0]))
    inside, distance = plane_projection(affine, vector(ask.get("point"), "/point"))
    return {"point": inside.tolist(), "distance": distance}


_OPERATIONS: Final[Mapping[str, Operation]] = {
    "map_point": _map_point,
    "map_points": _map_point,
    "compose": _compose,
    "path": _path,
    "invert": _invert,
    "validate": _validate,
    "to_affine": _to_affine,
    "map_box": _map_box,
    "map_polygon": _map_polygon,
    "overlap": _overlap,
    "export": _export,
    "roundtrip": _roundtrip,
    "fit": _fit,
    "loo_tre": _leave_one_out,
    "import_landmarks": _import_landmarks,
    "import": _import,
    "import+compose": _import_view,
    "check_bijection": _check_bijection,
    "convert_units": _convert_units,
    "normalise_unit": _normalise_unit,
    "extent": _extent,
    "corner_to_centre": _corner_to_centre,
    "project_to_plane": _project,
}
