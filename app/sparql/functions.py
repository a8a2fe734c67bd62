"""Functions for places that queries may call: pure, bounded, without access to the store or anything else.

Points are JSON lists of numbers (`"[1.5, 2, 3]"`), transformations the JSON objects of OME-Zarr 0.6 that records hold
(`rembi:parameters`). What cannot be computed is an error of the expression, as SPARQL has it: nothing is bound.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

if TYPE_CHECKING:
    from rembigraph.catalogue.transforms.model import Transform

NAMESPACE: Final = "https://w3id.org/rembigraph/functions#"
"""Names of the functions begin with it."""

MOST_TEXT: Final = 200_000
"""Characters of one argument."""

_JSON: Final = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON")

Function = Callable[..., ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple | None]


class _NoAnswerError(Exception):
    """An argument is of the wrong kind or too long."""


def _text(term: Any) -> str:
    if not isinstance(term, ox.Literal) or len(term.value) > MOST_TEXT:
        raise _NoAnswerError
    return term.value


@lru_cache(maxsize=256)
def _transform(text: str) -> Transform:
    from rembigraph.catalogue.transforms.reading import parse_transformation

    return parse_transformation(json.loads(text))


def _point(term: Any) -> Any:
    from rembigraph.catalogue.transforms.numbers import vector

    return vector(json.loads(_text(term)))


def _literal(value: Any) -> ox.Literal:
    return ox.Literal(json.dumps(value, separators=(",", ":"), allow_nan=False), datatype=_JSON)


def _mapped(parameters: Any, point: Any) -> ox.Literal:
    place = _point(point)
    return _literal(_transform(_text(parameters)).apply(place[None, :])[0].tolist())


def _unmapped(parameters: Any, point: Any) -> ox.Literal:
    transform, place = _transform(_text(parameters)), _point(point)
    axes = transform.input_dimension or len(place)
    return _literal(transform.inverse(axes).apply(place[None, :])[0].tolist())


def _inverse(parameters: Any) -> ox.Literal:
    transform = _transform(_text(parameters))
    return _literal(transform.inverse(transform.dimension(None)).parameters())


def _composed(first: Any, then: Any) -> ox.Literal:
    from rembigraph.catalogue.transforms.affine import compose
    from rembigraph.catalogue.transforms.model import linear_of

    one, other = _transform(_text(first)), _transform(_text(then))
    axes = one.dimension(None)
    matrix = compose(one.affine(axes), other.affine(one.output_dimension(axes)))
    return _literal(linear_of(matrix).parameters())


def _coordinate(point: Any, index: Any) -> ox.Literal:
    place, at = _point(point), _text(index)
    if not at.isdecimal() or int(at[:3]) >= len(place):
        raise _NoAnswerError
    return ox.Literal(float(place[int(at)]))


def _distance(one: Any, other: Any) -> ox.Literal:
    first, second = _point(one), _point(other)
    if len(first) != len(second):
        raise _NoAnswerError
    return ox.Literal(float(sum((first - second) ** 2) ** 0.5))


_FUNCTIONS: Final[dict[str, tuple[Callable[..., ox.Literal], int, str]]] = {
    "mapPoint": (_mapped, 2, "Where a transformation (JSON of OME-Zarr 0.6) puts a point (JSON list)."),
    "mapPointBack": (
        _unmapped,
        2,
        "The point that a transformation puts there; none where it has no inverse.",
    ),
    "inverse": (_inverse, 1, "The transformation that undoes one; none where there is none."),
    "compose": (_composed, 2, "The affine that applies the first transformation, then the second."),
    "coordinate": (_coordinate, 2, "One coordinate of a point, by its place from 0."),
    "distance": (_distance, 2, "The distance of two points of one system."),
}


def _guarded(function: Callable[..., ox.Literal], count: int) -> Function:
    from rembigraph.ontology.errors import TransformRefused

    def call(*terms: Any) -> ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple | None:
        if len(terms) != count:
            return None
        try:
            return function(*terms)
        except (TransformRefused, _NoAnswerError, ValueError, RecursionError, OverflowError):
            return None

    return call


def described() -> dict[str, str]:
    """Return what each function does, by its IRI."""
    return {NAMESPACE + name: said for name, (_, _, said) in _FUNCTIONS.items()}


@cache
def custom_functions() -> dict[ox.NamedNode, Function]:
    """Return the functions for the engine. Arithmetic is loaded by the first call, on one thread."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    return {
        ox.NamedNode(NAMESPACE + name): _guarded(function, count)
        for name, (function, count, _) in _FUNCTIONS.items()
    }
