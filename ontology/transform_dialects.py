"""Transformation objects of OME-Zarr 0.6 and of the drafts before it, brought to the words of 0.6.

Drafts (0.6.dev1 to dev4 in public files): ends as plain strings; `transforms` for `transformations`; parts of
`byDimension` written inline, with `input_axes` and `output_axes` (before that `input` and `output`) by name; `mapAxis`
as an object of names; `inverseOf`, which has no successor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rembigraph.ontology.errors import TransformRefused
from rembigraph.ontology.transform_documents import MOST_STEPS

DEEPEST: Final = 16

_BLOCK_KEYS: Final = ("input_axes", "output_axes", "inputAxes", "outputAxes", "transformation")

Names = Sequence[str] | None
"""Names of the axes of a system; none where they are not known."""


def invalid(code: str, message: str, where: str, fix: str = "") -> TransformRefused:
    """The refusal of metadata that break a rule."""
    return TransformRefused(code, message, where=where, fix=fix)


def shown(value: Any) -> str:
    """How a foreign value is quoted in an error."""
    if isinstance(value, str):
        return repr(value[:40])
    if value is None or isinstance(value, bool | float):
        return repr(value)
    return f"a value of type {type(value).__name__}"


def without_ends(item: Mapping[str, Any]) -> dict[str, Any]:
    """The object without its ends."""
    return {key: part for key, part in item.items() if key not in ("input", "output")}


def current(item: Any, inputs: Names, outputs: Names, where: str, depth: int = 0) -> dict[str, Any]:
    """A transformation object without ends, in the words of 0.6.

    Args:
        item: as read.
        inputs: names of the axes of its input system.
        outputs: names of the axes of its output system.
        where: JSON pointer of it.
        depth: levels above it.

    Raises:
        TransformRefused: `not-a-transformation`, `too-deep`, `unknown-axis`, `retired`.
    """
    if not isinstance(item, Mapping):
        raise invalid("not-a-transformation", f"{shown(item)} is no transformation object", where)
    if depth > DEEPEST:
        raise invalid("too-deep", f"transformations nested deeper than {DEEPEST} levels are not read", where)
    given = dict(item) if depth else without_ends(item)
    if "input_axes" in given or "output_axes" in given:
        fix = "put the parts into a byDimension"
        raise invalid("retired", "a transformation of some axes only is a part of byDimension", where, fix)
    if "transforms" in given and "transformations" not in given:
        given["transformations"] = given.pop("transforms")
    match given.get("type"):
        case "sequence":
            return given | {"transformations": _parts(given, where, depth, inputs, outputs)}
        case "byDimension":
            return given | {"transformations": _blocks(given, where, depth, inputs, outputs)}
        case "bijection":
            forward = current(given.get("forward"), inputs, outputs, f"{where}/forward", depth + 1)
            backward = current(given.get("inverse"), outputs, inputs, f"{where}/inverse", depth + 1)
            return given | {"forward": forward, "inverse": backward}
        case "mapAxis" if isinstance(given.get("mapAxis"), Mapping):
            return given | {"mapAxis": _order(given["mapAxis"], inputs, outputs, f"{where}/mapAxis")}
        case "inverseOf":
            fix = "write the transformation the other way round, or a bijection with both legs"
            raise invalid("retired", "inverseOf is no type of 0.6", f"{where}/type", fix)
    return given


def _listed(given: Mapping[str, Any], where: str) -> list[Any]:
    parts = given.get("transformations")
    if not isinstance(parts, list) or len(parts) > MOST_STEPS:
        said = f"transformations is no list of at most {MOST_STEPS} parts"
        raise invalid("not-a-transformation", said, f"{where}/transformations")
    return parts


def _parts(
    given: Mapping[str, Any], where: str, depth: int, inputs: Names, outputs: Names
) -> list[dict[str, Any]]:
    """Parts of a sequence: only its first and last axes have names."""
    parts = _listed(given, where)
    last = len(parts) - 1
    return [
        current(
            part,
            inputs if at == 0 else None,
            outputs if at == last else None,
            f"{where}/transformations/{at}",
            depth + 1,
        )
        for at, part in enumerate(parts)
    ]


def _blocks(
    given: Mapping[str, Any], where: str, depth: int, inputs: Names, outputs: Names
) -> list[dict[str, Any]]:
    return [
        _block(item, inputs, outputs, f"{where}/transformations/{at}", depth)
        for at, item in enumerate(_listed(given, where))
    ]


def _block(item: Any, inputs: Names, outputs: Names, where: str, depth: int) -> dict[str, Any]:
    if not isinstance(item, Mapping):
        raise invalid("not-a-transformation", f"{shown(item)} is no part of byDimension", where)
    rest = {key: part for key, part in item.items() if key not in _BLOCK_KEYS}
    part = item.get("transformation")
    if "transformation" not in item:
        part, rest = without_ends(rest), {}  # written inline
    taken = _indices(_first(item, "inputAxes", "input_axes", "input"), inputs, f"{where}/inputAxes")
    made = _indices(_first(item, "outputAxes", "output_axes", "output"), outputs, f"{where}/outputAxes")
    names = (_picked(inputs, taken), _picked(outputs, made))
    found = current(part, *names, f"{where}/transformation", depth + 1)
    return rest | {"transformation": found, "inputAxes": taken, "outputAxes": made}


def _first(item: Mapping[str, Any], *keys: str) -> Any:
    return next((item[key] for key in keys if key in item), None)


def _picked(names: Names, indices: list[Any]) -> Names:
    if names is None or not all(isinstance(at, int) and 0 <= at < len(names) for at in indices):
        return None
    return [names[at] for at in indices]


def _indices(value: Any, names: Names, where: str) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise invalid("missing-parameter", f"{shown(value)} is no list of axes", where)
    return [_index(one, names, f"{where}/{at}") for at, one in enumerate(value)]


def _index(value: Any, names: Names, where: str) -> Any:
    if not isinstance(value, str):
        return value
    if names is None:
        said = f"the axis {shown(value)} cannot be looked up: the system is not declared here"
        raise invalid("unknown-axis", said, where, "name axes by index")
    if value not in names:
        raise invalid("unknown-axis", f"the system has no axis {shown(value)}", where)
    return list(names).index(value)


def _order(given: Mapping[str, Any], inputs: Names, outputs: Names, where: str) -> list[int]:
    """`mapAxis` by names; read where the names themselves say which end is which."""
    if inputs is None or outputs is None:
        raise invalid(
            "unknown-axis", "axes by name need declared systems", where, "list indices of input axes"
        )
    pairs = [(key, value) for key, value in given.items() if isinstance(value, str)]
    forwards = {key for key, _ in pairs} == set(outputs) and {value for _, value in pairs} == set(inputs)
    backwards = {key for key, _ in pairs} == set(inputs) and {value for _, value in pairs} == set(outputs)
    if forwards == backwards:
        said = "the names do not tell which axes are those of the output"
        raise invalid("ambiguous", said, where, "list the index of the input axis for each output axis")
    found = dict(pairs) if forwards else {value: key for key, value in pairs}
    return [list(inputs).index(found[name]) for name in outputs]
