"""Neuroglancer states (JSON, or the address of a viewer that holds one): the transformations of layers.

A matrix is rank x (rank+1). Neuroglancer multiplies its linear part by the ratio of input to output scale, so what is
stored is a pure ratio of physical coordinates; the translation is in units of the output scale. Systems here are
physical, in the base unit of their scales (metres, seconds), with axes in the order of the state. Its coordinates agree
with OME-Zarr for layers of that format, whose reader shifts by half a voxel; for others, where a voxel spans [i, i+1),
a note says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

from rembigraph.loaders.transforms.numbers import Rows, affine, number, numbers
from rembigraph.loaders.transforms.places import unused
from rembigraph.ontology.errors import TransformRefused
from rembigraph.ontology.transform_dialects import shown
from rembigraph.ontology.transform_documents import MOST_AXES, ReadStep, Stated, System, TransformDocument

FORMAT: Final = "neuroglancer"
GLOBAL: Final = "global"
MOST_LAYERS: Final = 10_000

_UNITS: Final = {"m": ("space", "meter"), "s": ("time", "second")}
_PREFIXES: Final = {"": 1.0, "p": 1e-12, "n": 1e-9, "u": 1e-6, "µ": 1e-6, "m": 1e-3, "c": 1e-2, "k": 1e3}
_SIZES: Final = {prefix + base: (base, size) for base in _UNITS for prefix, size in _PREFIXES.items()}
_CENTRED: Final = ("zarr://", "zarr2://", "zarr3://", "|zarr", "|zarr2:", "|zarr3:")


@dataclass(frozen=True)
class _Dimensions:
    """Names, scales and units of a coordinate space."""

    names: tuple[str, ...]
    scales: tuple[float, ...]
    units: tuple[str, ...]

    def system(self, key: str) -> System:
        """The coordinate system; a unit that is neither length nor time stays as it is written."""
        axes = []
        for name, unit in zip(self.names, self.units, strict=True):
            kind, word = _UNITS.get(unit, ("", unit))
            axes.append(
                {"name": name, **({"type": kind} if kind else {}), **({"unit": word} if word else {})}
            )
        return {"name": key, "axes": axes}


def recognises_json(value: dict[str, Any]) -> bool:
    """Whether it has layers as a viewer state has them."""
    layers = value.get("layers")
    return isinstance(layers, list | dict) and any(
        key in value for key in ("dimensions", "navigation", "layout", "position", "crossSectionScale")
    )


def recognises_address(text: str) -> bool:
    """Whether it is an address with a state in its fragment."""
    return text.lstrip().startswith(("http://", "https://")) and "#!" in text


def state_in_address(text: str) -> bytes:
    """The state in the fragment of an address.

    Raises:
        TransformRefused: `no-transformations` where the fragment only names where a state lies.
    """
    state = unquote(text.strip().partition("#!")[2])
    if not state.startswith("{"):
        said = "the address names a state that lies elsewhere, which is not fetched"
        raise TransformRefused(
            "no-transformations", said, where="#!", fix="give the JSON of the state itself"
        )
    return state.encode()


def read_json(value: dict[str, Any], stated: Stated) -> TransformDocument:
    """Read the transformations of all layers.

    Raises:
        TransformRefused: what is wrong, with the JSON pointer.
    """
    del stated  # a state tells its axes, units and names
    found = TransformDocument(FORMAT)
    taken: set[str] = set()
    layers = value.get("layers")
    if not isinstance(layers, list) or len(layers) > MOST_LAYERS:
        said = f"layers is no list of at most {MOST_LAYERS}"
        raise TransformRefused(
            "not-a-document", said, where="/layers", fix="save the state with a newer version"
        )
    world = _dimensions(value["dimensions"], "/dimensions") if "dimensions" in value else None
    if world:
        found.systems[GLOBAL] = world.system(GLOBAL)
    for at, layer in enumerate(layers):
        if not isinstance(layer, dict):
            raise TransformRefused("not-a-document", f"{shown(layer)} is no layer", where=f"/layers/{at}")
        for place, source in _sources(layer.get("source"), f"/layers/{at}/source"):
            if isinstance(source.get("transform"), dict):
                _add(found, layer, source, place, world)
                taken.add(f"{place}/transform")
    if not found.steps:
        found.note("no layer has a transformation: the layers lie where their own metadata say")
    found.kept = unused(value, taken)
    return found


def _sources(value: Any, where: str) -> list[tuple[str, Mapping[str, Any]]]:
    if isinstance(value, dict):
        return [(where, value)]
    if isinstance(value, list):
        return [(f"{where}/{at}", one) for at, one in enumerate(value[:MOST_LAYERS]) if isinstance(one, dict)]
    return []


def _dimensions(value: Any, where: str) -> _Dimensions:
    if not isinstance(value, dict) or not 1 <= len(value) <= MOST_AXES:
        said = f"{shown(value)} is no object of at most {MOST_AXES} dimensions"
        raise TransformRefused("not-a-system", said, where=where)
    scales, units = [], []
    for name, pair in value.items():
        here = f"{where}/{name}"
        if not isinstance(pair, list) or len(pair) != 2 or not isinstance(pair[1], str):
            if not isinstance(pair, dict) or "coordinates" not in pair:
                raise TransformRefused("not-a-system", "a dimension is [scale, unit]", where=here)
            pair = [1, ""]  # a dimension of named coordinates
        scale = number(pair[0], here)
        if scale <= 0:
            raise TransformRefused("scale-not-positive", "a scale is positive", where=here)
        base, size = _SIZES.get(pair[1], (pair[1], 1.0))
        scales.append(scale * size)
        units.append(base)
    return _Dimensions(tuple(value), tuple(scales), tuple(units))


def _add(
    found: TransformDocument,
    layer: Mapping[str, Any],
    source: Mapping[str, Any],
    where: str,
    world: _Dimensions | None,
) -> None:
    given = source["transform"]
    here = f"{where}/transform"
    made = _dimensions(given.get("outputDimensions"), f"{here}/outputDimensions")
    if "inputDimensions" in given:
        taken = _dimensions(given["inputDimensions"], f"{here}/inputDimensions")
    else:
        taken = _unnamed(made)
        found.note(f"{here}: inputDimensions are left out, so the axes of the layer are known by number only")
    rows = _rows(given.get("matrix"), taken, made, f"{here}/matrix")
    name = layer.get("name")
    key = _free(found, name if isinstance(name, str) and name else where)
    found.systems[key] = taken.system(key)
    target = GLOBAL
    if world is None or set(world.names) != set(made.names):
        target = f"{key}/output"
        found.systems[target] = made.system(target)
    else:
        rows = [rows[made.names.index(one)] for one in world.names]
        _check_units(made, world, here)
    url = source.get("url", "")
    if isinstance(url, str) and not any(mark in url for mark in _CENTRED):
        found.note(
            f"{here}: voxels of this format span [i, i+1) in Neuroglancer: centres lie half a voxel further"
        )
    context = {"layer": key, **({"url": url} if isinstance(url, str) and url else {})}
    found.add(ReadStep(here, key, target, affine(rows), context=context))


def _unnamed(made: _Dimensions) -> _Dimensions:
    """As many input dimensions as come out; with their unit only where all have one, because a ratio has none."""
    units = made.units if len(set(made.units)) == 1 else ("",) * len(made.units)
    return _Dimensions(tuple(f"d{at}" for at in range(len(made.names))), made.scales, units)


def _free(found: TransformDocument, name: str) -> str:
    keys = (name, *(f"{name}#{number}" for number in range(2, len(found.systems) + 3)))
    return next(key for key in keys if key not in found.systems)


def _rows(matrix: Any, taken: _Dimensions, made: _Dimensions, where: str) -> Rows:
    """The map between physical coordinates; the identity where there is no matrix."""
    if len(taken.names) != len(made.names):
        said = f"{len(taken.names)} dimensions go in and {len(made.names)} come out"
        raise TransformRefused("dimension-mismatch", said, where=where)
    rank = len(made.names)
    if matrix is None:
        return [[float(row == at) for at in range(rank + 1)] for row in range(rank)]
    if not isinstance(matrix, list) or len(matrix) != rank:
        raise TransformRefused("matrix-shape", f"a matrix of {rank} rows is expected", where=where)
    rows = [numbers(row, rank + 1, f"{where}/{at}") for at, row in enumerate(matrix)]
    return [[*row[:-1], row[-1] * scale] for row, scale in zip(rows, made.scales, strict=True)]


def _check_units(made: _Dimensions, world: _Dimensions, where: str) -> None:
    for name, unit in zip(made.names, made.units, strict=True):
        other = world.units[world.names.index(name)]
        if unit != other:
            said = f"dimension {shown(name)} is in {shown(unit)} here and in {shown(other)} in the viewer"
            raise TransformRefused("unit-mismatch", said, where=f"{where}/outputDimensions/{name}")
