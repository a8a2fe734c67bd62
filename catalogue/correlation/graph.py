"""Coordinate systems and the transformations between them, as a graph that is searched.

A step is forward or inverse; an inverse exists only where it is exact (an affine map of good condition) or supplied (a
bijection). Superseded steps are kept for display and never walked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import sqrt
from typing import Final, Literal

import numpy as np
from rembigraph.catalogue.transforms.affine import mean_scale
from rembigraph.catalogue.transforms.landmarks import Fit
from rembigraph.catalogue.transforms.model import Transform
from rembigraph.catalogue.transforms.numbers import Array, number
from rembigraph.catalogue.transforms.refusal import TransformRefused
from rembigraph.catalogue.transforms.systems import CoordinateSystem
from rembigraph.catalogue.transforms.units import unit_factor

Direction = Literal["forward", "inverse"]

FORWARD: Final = "forward"
INVERSE: Final = "inverse"


@dataclass(frozen=True)
class StepError:
    """A stated error of a step.

    Attributes:
        rms: root mean square of the distance.
        unit: of the number; empty where it is not stated, and then the error counts as unknown if the frame has one.
        in_source: whether it was measured in the source system of the step; else in its target system.
    """

    rms: float
    unit: str = ""
    in_source: bool = False

    def __post_init__(self) -> None:
        if number(self.rms, "/error") < 0:
            raise TransformRefused("negative-error", "an error is not negative", where="/error")


@dataclass(frozen=True, eq=False)
class Step:
    """A transformation between two coordinate systems.

    Attributes:
        key: its IRI.
        source: IRI of the system that goes in.
        target: IRI of the system that comes out.
        transform: the map.
        error: stated error; none where it is unknown.
        exact: exact by definition (pixel size, unit, axis order, declared mirror): no error, and no hop.
        superseded: replaced by a later version.
        fit: fit to the landmarks that it rests on, where these are kept.
    """

    key: str
    source: str
    target: str
    transform: Transform
    error: StepError | None = None
    exact: bool = False
    superseded: bool = False
    fit: Fit | None = None


@dataclass(frozen=True)
class Move:
    """A step walked in one direction, from `start` to `end`."""

    step: Step
    direction: Direction

    @property
    def start(self) -> str:
        """IRI of the system that it leaves."""
        return self.step.source if self.direction == FORWARD else self.step.target

    @property
    def end(self) -> str:
        """IRI of the system that it reaches."""
        return self.step.target if self.direction == FORWARD else self.step.source

    @property
    def back(self) -> Move:
        """The same step walked the other way."""
        return Move(self.step, INVERSE if self.direction == FORWARD else FORWARD)


class SystemGraph:
    """The graph.

    Args:
        systems: coordinate systems by IRI; a system that only a step names has unknown axes.
        steps: the transformations.
    """

    def __init__(self, systems: Mapping[str, CoordinateSystem], steps: Iterable[Step]) -> None:
        self.systems = dict(systems)
        self.steps = {step.key: step for step in steps}
        self._out: dict[str, list[Move]] = defaultdict(list)
        self._in: dict[str, list[Move]] = defaultdict(list)
        self._maps: dict[tuple[str, Direction], Transform] = {}
        self._walkable: dict[tuple[str, Direction], bool] = {}
        self._linear: dict[tuple[str, Direction], Array] = {}
        self._spreads: dict[tuple[str, Direction], Array | None] = {}
        self._rms: dict[str, float | None] = {}
        for step in self.steps.values():
            if not step.superseded:
                self._join(Move(step, "forward"))
                self._join(Move(step, "inverse"))
        self._dimensions = self._spread_dimensions()

    def _join(self, move: Move) -> None:
        self._out[move.start].append(move)
        self._in[move.end].append(move)

    def __contains__(self, system: str) -> bool:
        return system in self.systems or system in self._out

    def _spread_dimensions(self) -> dict[str, int]:
        """Dimensions of systems: those declared, and those that the numbers of their steps tell."""
        known = {name: system.dimension for name, system in self.systems.items()}
        for step in self.steps.values():
            said = step.transform.input_dimension
            if step.source not in known and said is not None:
                known[step.source] = said
        waiting = list(known)
        while waiting:
            here = waiting.pop()
            for move in self._out.get(here, ()):
                if move.direction == FORWARD and move.end not in known:
                    try:
                        known[move.end] = move.step.transform.output_dimension(known[here])
                    except TransformRefused:
                        continue
                    waiting.append(move.end)
        return known

    def dimension(self, system: str) -> int:
        """Number of axes of a system.

        Raises:
            TransformRefused: `dimension-unknown`.
        """
        if system not in self._dimensions:
            raise TransformRefused("dimension-unknown", f"nothing says how many axes {system} has")
        return self._dimensions[system]

    def leaving(self, system: str) -> list[Move]:
        """Moves that leave a system."""
        return self._out.get(system, [])

    def arriving(self, system: str) -> list[Move]:
        """Moves that reach a system."""
        return self._in.get(system, [])

    def map_of(self, move: Move) -> Transform:
        """The transformation of a move, inverted where it is walked backwards.

        Raises:
            TransformRefused: where there is no inverse.
        """
        key = (move.step.key, move.direction)
        if key not in self._maps:
            transform = move.step.transform
            backwards = move.direction == INVERSE
            self._maps[key] = transform.inverse(self.dimension(move.step.source)) if backwards else transform
        return self._maps[key]

    def is_walkable(self, move: Move) -> bool:
        """Whether the map of a move exists, and fits the dimensions of both its ends."""
        key = (move.step.key, move.direction)
        if key not in self._walkable:
            try:
                made = self.map_of(move).output_dimension(self.dimension(move.start))
                self._walkable[key] = made == self.dimension(move.end)
            except TransformRefused:
                self._walkable[key] = False
        return self._walkable[key]

    def linear_part(self, move: Move) -> Array:
        """Linear part of the map of a move, shape (axes of its end, axes of its start); a field counts as one."""
        key = (move.step.key, move.direction)
        if key not in self._linear:
            axes = self.dimension(move.start)
            try:
                self._linear[key] = self.map_of(move).affine(axes)[:, :-1]
            except TransformRefused as refused:
                if refused.code not in ("not-affine", "parameters-not-loaded"):
                    raise
                self._linear[key] = np.eye(self.dimension(move.end), axes)
        return self._linear[key]

    def covariance(self, move: Move, rms: float | None = None) -> Array | None:
        """Error covariance of a move in the system that it reaches; none where it is unknown.

        Args:
            move: the move.
            rms: error of its step in the step's target system; the stated one where it is not given.

        A step that is walked backwards has another error: that of the step, carried through its inverse.
        """
        if rms is not None:
            return self._covariance(move, rms)
        key = (move.step.key, move.direction)
        if key not in self._spreads:
            self._spreads[key] = self._covariance(move, None)
        return self._spreads[key]

    def _covariance(self, move: Move, rms: float | None) -> Array | None:
        step = move.step
        axes = self.dimension(move.end)
        if step.exact:
            return np.zeros((axes, axes))
        here = step.error.in_source if step.error and rms is None else False
        frame = step.source if here else step.target
        found = rms if rms is not None else self.stated_rms(step)
        if found is None:
            return None
        inner = self.dimension(frame)
        spread = np.eye(inner) * found**2 / inner
        if frame == move.end:
            return spread
        linear = self.linear_part(move)
        result: Array = linear @ spread @ linear.T
        return result

    def stated_rms(self, step: Step) -> float | None:
        """The stated error in the unit of the system that it was measured in; none where it is unknown.

        A number whose unit is unknown, or does not fit that of the system, is an unknown error.
        """
        if step.key not in self._rms:
            self._rms[step.key] = self._stated_rms(step)
        return self._rms[step.key]

    def _stated_rms(self, step: Step) -> float | None:
        if step.exact:
            return 0.0
        if step.error is None:
            return None
        frame = self.systems.get(step.source if step.error.in_source else step.target)
        if frame is None:
            return step.error.rms
        if frame.length_unit is None:
            return None
        try:
            return step.error.rms * unit_factor(step.error.unit, frame.length_unit)
        except TransformRefused:
            return None

    @cached_property
    def components(self) -> dict[str, int]:
        """The number of each system's connected part, directions not regarded."""
        found: dict[str, int] = {}
        for start in sorted({*self.systems, *self._out}):
            if start in found:
                continue
            number_of_part = len(found)
            found[start], waiting = number_of_part, [start]
            while waiting:
                for move in self._out.get(waiting.pop(), ()):
                    if move.end not in found:
                        found[move.end] = number_of_part
                        waiting.append(move.end)
        return found

    @cached_property
    def component_sizes(self) -> dict[int, int]:
        """Number of systems of each connected part."""
        sizes: dict[int, int] = defaultdict(int)
        for part in self.components.values():
            sizes[part] += 1
        return dict(sizes)

    def part_size(self, system: str) -> int:
        """Number of systems of the connected part of a system; 0 for one that nothing names."""
        return self.component_sizes.get(self.components.get(system, -1), 0)

    @cached_property
    def sizes(self) -> dict[str, float]:
        """How much larger a length is in the frame of each system than in the first of its connected part.

        Taken along a tree. Where loops close it is the same along every path.
        """
        found: dict[str, float] = {}
        for start in self.components:
            if start in found:
                continue
            found[start], waiting = 1.0, [start]
            while waiting:
                here = waiting.pop()
                for move in self._out.get(here, ()):
                    if move.end not in found and move.direction == FORWARD:
                        found[move.end] = found[here] * self._growth(move)
                        waiting.append(move.end)
                    elif move.end not in found:
                        found[move.end] = found[here] / self._growth(Move(move.step, "forward"))
                        waiting.append(move.end)
        return found

    def _growth(self, move: Move) -> float:
        try:
            axes = self.dimension(move.start)
            return mean_scale(move.step.transform.affine(axes)) or 1.0
        except TransformRefused:
            return 1.0

    def common_variance(self, step: Step) -> float | None:
        """Variance of a step in the frame of the first system of its part; none where it is unknown."""
        rms = self.stated_rms(step)
        if rms is None:
            return None
        frame = step.source if step.error and step.error.in_source else step.target
        return (rms / self.sizes[frame]) ** 2


def rms_of(covariance: Array) -> float:
    """Root mean square distance of a covariance."""
    return sqrt(max(float(np.trace(covariance)), 0.0))
