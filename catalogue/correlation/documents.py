"""What was read from a foreign file, checked by the arithmetic: systems, steps of a graph, landmark pairs.

Readers (`loaders.transforms`) know the words of a format; this knows what the numbers may be: shapes against axes,
orthonormal rotations, legs of a bijection that undo one another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from rembigraph.catalogue.correlation.graph import Step, SystemGraph
from rembigraph.catalogue.transforms.landmarks import Fit, fit
from rembigraph.catalogue.transforms.numbers import Array
from rembigraph.catalogue.transforms.reading import check, read_transformation
from rembigraph.catalogue.transforms.refusal import TransformRefused
from rembigraph.catalogue.transforms.systems import CoordinateSystem, read_system
from rembigraph.ontology.transform_documents import ReadLandmarks, TransformDocument


@dataclass(frozen=True)
class LandmarkPairs:
    """The usable pairs of a landmark set.

    Attributes:
        system_from: key of the system of the moving points.
        system_to: key of the system of the fixed points.
        names: of the pairs.
        source: moving points, shape (count, N).
        target: fixed points, shape (count, M).
        skipped: rows that are inactive or lack an end.
    """

    system_from: str
    system_to: str
    names: tuple[str, ...]
    source: Array
    target: Array
    skipped: int

    def fit(self, model: str, *, may_mirror: bool = False) -> Fit:
        """Fit a map to the pairs; see `transforms.fit`."""
        return fit(self.source, self.target, model, may_mirror=may_mirror)


@dataclass(frozen=True)
class CheckedDocument:
    """A document whose numbers keep the rules.

    Attributes:
        document: as it was read.
        systems: coordinate systems by key.
        steps: transformations, each with its place in the file as key.
        landmarks: usable pairs of every landmark set.
    """

    document: TransformDocument
    systems: dict[str, CoordinateSystem] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    landmarks: list[LandmarkPairs] = field(default_factory=list)

    def graph(self) -> SystemGraph:
        """The graph of this document alone."""
        return SystemGraph(self.systems, self.steps)


def _same(key: str) -> str:
    return key


def checked(document: TransformDocument, name: Callable[[str], str] = _same) -> CheckedDocument:
    """Check the numbers of a document.

    Args:
        document: as a reader gives it.
        name: turns keys of systems, and places of steps, into IRIs.

    Raises:
        TransformRefused: the first rule that is broken, with its place in the file.
    """
    found = CheckedDocument(document)
    for key, system in document.systems.items():
        with _place(f"/{key}"):
            found.systems[name(key)] = read_system(system)
    times: dict[str, int] = {}
    for step in document.steps:
        source, target = name(step.source), name(step.target)
        inputs, outputs = (
            found.systems[end].dimension if end in found.systems else None for end in (source, target)
        )
        with _place(step.where):
            transform = read_transformation(step.parameters)
            check(transform, inputs, outputs)
        times[step.where] = times.get(step.where, 0) + 1
        where = step.where if times[step.where] == 1 else f"{step.where} ({times[step.where]})"
        found.steps.append(Step(name(where), source, target, transform, exact=step.exact))
    found.landmarks.extend(_pairs(one, name) for one in document.landmarks)
    return found


@contextmanager
def _place(where: str) -> Iterator[None]:
    """A refusal gets the place in the file before its own."""
    try:
        yield
    except TransformRefused as refused:
        refused.where = f"{where}{refused.where}"
        raise


def _pairs(landmarks: ReadLandmarks, name: Callable[[str], str]) -> LandmarkPairs:
    usable = [row for row in landmarks.rows if row.usable]
    axes = len(landmarks.rows[0].source) if landmarks.rows else 0
    ends = [np.array([getattr(row, end) for row in usable], dtype=np.float64) for end in ("source", "target")]
    source, target = (end.reshape(len(usable), axes) for end in ends)
    names = tuple(row.name for row in usable)
    skipped = len(landmarks.rows) - len(usable)
    return LandmarkPairs(name(landmarks.source), name(landmarks.target), names, source, target, skipped)
