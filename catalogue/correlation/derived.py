"""What follows from the correlations of all records, for the graph of conclusions: grades, and images in register."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from rembigraph.catalogue.correlation.atlas import Atlas
from rembigraph.catalogue.correlation.paths import find_path
from rembigraph.catalogue.correlation.recomputed import recomputed_errors
from rembigraph.catalogue.recordview import field_iri
from rembigraph.catalogue.transforms.refusal import TransformRefused
from rembigraph.ontology.fields import enum_iris

if TYPE_CHECKING:
    from rembigraph.catalogue.correlation.records import CorrelationRecord

IN_REGISTER: Final = "http://purl.obolibrary.org/obo/RO_0002026"
"""Relation Ontology, in register with: points of one image can be brought into the other."""

_XSD_DOUBLE: Final = "http://www.w3.org/2001/XMLSchema#double"
_MOST_PAIRS: Final = 400
"""Pairs of member images of one correlation between which a path is looked for."""


def derived_lines(atlas: Atlas) -> Iterator[str]:
    """Yield triples in N-Triples without the final dot.

    They say the computed grade of every correlation, and which of its member images can be brought into one another.
    """
    grades = enum_iris("CorrelationGrade")
    for correlation in atlas.correlations.values():
        grade = atlas.grade(correlation)
        yield f"<{correlation.iri}> <{field_iri('correlation_grade')}> <{grades[grade]}>"
        if grade.startswith("transform"):
            for one, other in _in_register(atlas, correlation):
                yield f"<{one}> <{IN_REGISTER}> <{other}>"


def recomputed_lines(atlas: Atlas) -> Iterator[str]:
    """Yield triples of the errors that were computed anew from landmarks."""
    for iri, value in recomputed_errors(atlas):
        yield f'<{iri}> <{field_iri("fre_recomputed")}> "{value!r}"^^<{_XSD_DOUBLE}>'


def _in_register(atlas: Atlas, correlation: CorrelationRecord) -> Iterator[tuple[str, str]]:
    """Pairs of member images of which points of the first can be brought into the second."""
    images = list(dict.fromkeys(m.record.image for m in atlas.members(correlation) if m.systems))
    pairs = [(one, other) for one in images for other in images if one != other]
    for one, other in pairs[:_MOST_PAIRS]:
        if any(_joined(atlas, a, b) for a in atlas.systems_of[one] for b in atlas.systems_of[other]):
            yield one, other


def _joined(atlas: Atlas, source: str, target: str) -> bool:
    try:
        path = find_path(atlas.graph, source, target)
    except TransformRefused:
        return False
    return not any(move.step.transform.reads_elsewhere() for move in path.moves)
