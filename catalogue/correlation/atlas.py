"""The correlation graph of a generation: every correlation, system and transformation of all its records, ready to ask.

Made once a generation, from the default graph; what a record says wrongly stays out of the graph and is listed in
`faults` with the reason.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final

from rembigraph.catalogue.correlation.graph import Step, SystemGraph
from rembigraph.catalogue.correlation.images import ImageRecord, field_of, read_image
from rembigraph.catalogue.correlation.paths import find_path
from rembigraph.catalogue.correlation.records import (
    CorrelationRecord,
    LandmarkRecord,
    MemberRecord,
    RecordReader,
    SystemRecord,
    TransformRecord,
)
from rembigraph.catalogue.correlation.routing import SMALL_PART
from rembigraph.catalogue.correlation.steps import step_of
from rembigraph.catalogue.lookups import is_described, label, sources
from rembigraph.catalogue.transforms.geometry import Box
from rembigraph.catalogue.transforms.refusal import TransformRefused
from rembigraph.ontology.identifiers import is_accession

if TYPE_CHECKING:
    from pyoxigraph import Store
    from rembigraph.ontology.identifiers import Iris

GRADES: Final = ("described", "landmarks", "transform", "transform_with_error")
"""Grades of correlations, the least first."""

MOST_NAMED: Final = 12
"""Systems that a refusal lists."""


@dataclass(frozen=True)
class Member:
    """A member of a correlation and what is known of it here.

    Attributes:
        record: as the correlation names it.
        state: `resolved` (its image is described here), `study-only` (its study is here, the image is not described),
            `dangling` (its study is not here), or `unnamed` (neither an image nor an accession).
        one_sided: whether its study is here and states no correlation with this one; none where that cannot be told.
        systems: IRIs of the coordinate systems of its image.
    """

    record: MemberRecord
    state: str
    one_sided: bool | None
    systems: tuple[str, ...]


class Atlas:
    """All that is known of correlations in one generation. Threads may share it.

    Args:
        store: the store of the generation.
        iris: makes IRIs for its data base.
    """

    def __init__(self, store: Store, iris: Iris) -> None:
        reader = RecordReader(store, iris)
        self.iris = iris
        self._store = store
        self._reader = reader
        self.systems = {one.iri: one for one in reader.systems()}
        self.transformations = {one.iri: one for one in reader.transformations()}
        self.correlations = {one.iri: one for one in reader.correlations()}
        self.superseded_by = self._replaced()
        self.faults: dict[str, TransformRefused] = {}
        self.graph = SystemGraph({iri: one.system for iri, one in self.systems.items()}, self._steps())
        self.is_cut = reader.is_cut
        self.systems_of: dict[str, tuple[str, ...]] = self._systems_of_images()
        self.image = lru_cache(maxsize=4096)(self._image)
        self.title = lru_cache(maxsize=4096)(self._title)
        self._named_by = self._studies_named()
        self._grades: dict[str, str] = {}

    def _replaced(self) -> dict[str, str]:
        """Earlier version -> the version that replaces it."""
        return {
            old: one.iri for one in self.transformations.values() for old in one.replaces if old != one.iri
        }

    def _steps(self) -> list[Step]:
        steps = []
        for record in self.transformations.values():
            try:
                steps.append(
                    step_of(record, self.systems, self.landmarks(record), record.iri in self.superseded_by)
                )
            except TransformRefused as refused:
                self.faults[record.iri] = refused
        return steps

    def landmarks(self, record: TransformRecord) -> list[LandmarkRecord]:
        """The landmark sets that a transformation rests on and that are here."""
        return [found for iri in record.landmarks[:16] if (found := self._reader.landmark_set(iri))]

    def _systems_of_images(self) -> dict[str, tuple[str, ...]]:
        found: defaultdict[str, list[str]] = defaultdict(list)
        for one in self.systems.values():
            for image in one.images:
                found[image].append(one.iri)
        return {image: tuple(systems) for image, systems in found.items()}

    def _studies_named(self) -> dict[str, set[str]]:
        """Study -> studies that its correlations name."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        for one in self.correlations.values():
            found[one.study] |= {member.accession for member in one.members}
        return dict(found)

    def _image(self, iri: str) -> ImageRecord | None:
        return read_image(self._reader, iri)

    def holds(self, accession: str) -> bool:
        """Whether there is a record of a study."""
        return is_accession(accession) and bool(sources(self._store, self.iris, accession))

    def _title(self, iri: str) -> str:
        """What a thing is called by a record; else its IRI, below the data base without it."""
        return label(self._store, self.iris, iri) or self.short(iri)

    def short(self, iri: str) -> str:
        """An IRI of the data base without it; any other as it is."""
        return iri.removeprefix(self.iris.data_base)

    def members(self, correlation: CorrelationRecord) -> list[Member]:
        """The members of a correlation and what is known of them here."""
        return [self._member(correlation, one) for one in correlation.members]

    def _member(self, correlation: CorrelationRecord, one: MemberRecord) -> Member:
        held = self.holds(one.accession)
        if one.image and is_described(self._store, one.image):
            state = "resolved"
        elif held:
            state = "study-only"
        else:
            state = "dangling" if one.image or one.accession else "unnamed"
        told = None
        if held and one.accession != correlation.study:
            told = correlation.study not in self._named_by.get(one.accession, ())
        return Member(one, state, told, self.systems_of.get(one.image, ()))

    def usable(self, correlation: CorrelationRecord) -> list[Step]:
        """Transformations of a correlation that can be computed, earlier versions left out."""
        steps = (self.graph.steps.get(iri) for iri in correlation.transformations)
        return [
            step for step in steps if step and not step.superseded and not step.transform.reads_elsewhere()
        ]

    @cached_property
    def joined(self) -> list[SystemRecord]:
        """Coordinate systems at an end of a transformation, in order of their IRIs."""
        ends = {end for step in self.graph.steps.values() for end in (step.source, step.target)}
        return [self.systems[iri] for iri in sorted(ends) if iri in self.systems]

    def grade(self, correlation: CorrelationRecord) -> str:
        """How far a correlation can be computed, from what its record holds alone."""
        if correlation.iri not in self._grades:
            self._grades[correlation.iri] = self._computed_grade(correlation)
        return self._grades[correlation.iri]

    def _computed_grade(self, correlation: CorrelationRecord) -> str:
        usable = self.usable(correlation)
        if usable:
            known = any(self.graph.stated_rms(step) is not None for step in usable if not step.exact)
            return "transform_with_error" if known else "transform"
        sets = [*correlation.landmarks, *(iri for t in self._of(correlation) for iri in t.landmarks)]
        return "landmarks" if any(map(self._reader.landmark_set, sets)) else "described"

    def _of(self, correlation: CorrelationRecord) -> list[TransformRecord]:
        return [
            self.transformations[iri] for iri in correlation.transformations if iri in self.transformations
        ]

    def connected(self, accession: str) -> list[CorrelationRecord]:
        """Correlations of a study, of the studies that these name, and so on, over all archives."""
        joined: defaultdict[str, list[CorrelationRecord]] = defaultdict(list)
        for one in self.correlations.values():
            for study in {one.study, *(member.accession for member in one.members)} - {""}:
                joined[study].append(one)
        found: dict[str, CorrelationRecord] = {}
        seen, waiting = {accession}, [accession]
        while waiting:
            for one in joined[waiting.pop()]:
                found[one.iri] = one
                fresh = {one.study, *(member.accession for member in one.members)} - seen - {""}
                seen |= fresh
                waiting += sorted(fresh)
        return [found[iri] for iri in sorted(found)]

    def field_of_view(self, system: str) -> list[tuple[str, Box]]:
        """Images that have a system, with the region that they cover in it where that is known."""
        record = self.systems.get(system)
        if record is None:
            return []
        found = []
        for iri in record.images:
            image = self.image(iri)
            box = field_of(image, record, self._pixel_map(record)) if image else None
            if box is not None:
                found.append((iri, box))
        return found

    def _pixel_map(self, record: SystemRecord) -> Step | None:
        """The exact step into a system from one that counts the pixels of the same image."""
        for move in self.graph.arriving(record.iri):
            start = self.systems.get(move.start)
            if move.direction == "forward" and move.step.exact and start and start.is_of_pixels:
                return move.step
        return None

    def warm(self) -> None:
        """Prepare what the first question would have to wait for: connected parts, and large ones as networks."""
        large = [
            iri
            for iri, part in self.graph.components.items()
            if self.graph.component_sizes[part] > SMALL_PART
        ]
        if large:
            with suppress(TransformRefused):
                find_path(self.graph, large[0], large[-1])

    def iri_of(self, name: str) -> str:
        """The IRI that a name means: itself, or one below the data base; empty for what can be none."""
        if not name or "://" in name[:12]:
            return name
        try:
            return self.iris.absolute(name.lstrip("/"))
        except ValueError:
            return ""

    def system_for(self, name: str) -> str:
        """The system that a name means: its own IRI or that of an image that has it, absolute or below the data base.

        Raises:
            TransformRefused: `unknown-system`, `image-without-system`, or `ambiguous-system` with those to choose from.
        """
        text = name.strip()
        iri = self.iri_of(text)
        if iri in self.systems or (iri and iri in self.graph):
            return iri
        found = self.systems_of.get(iri, ())
        physical = [one for one in found if not self.systems[one].is_of_pixels]
        if len(found) == 1 or len(physical) == 1:
            return (physical or list(found))[0]
        if found:
            raise self._choice("ambiguous-system", f"{text[:300]} has {len(found)} coordinate systems", found)
        within = [one.iri for one in self.systems.values() if one.study == self.short(iri)]
        if within:
            raise self._choice("ambiguous-system", f"{text[:300]} is a study", within)
        if self.image(iri) is not None:
            said = f"no record gives the image {text[:300]} a coordinate system"
            raise TransformRefused("image-without-system", said, fix="a record that describes one would help")
        said = f"no record here describes the coordinate system {text[:300]!r}"
        raise TransformRefused("unknown-system", said, fix="see /correlations for those that are known")

    def _choice(self, code: str, said: str, found: Iterable[str]) -> TransformRefused:
        names = sorted(map(self.short, found))
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        return TransformRefused(code, said, fix=f"name one system: {', '.join(names[:MOST_NAMED])}{more}")
