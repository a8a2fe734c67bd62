"""Plain facts about correlations, coordinate systems and transformations, read from a store by bounded look-ups."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from pyoxigraph import Literal, NamedNode
from rembigraph.catalogue.lookups import DEFAULT
from rembigraph.catalogue.recordview import RDF_TYPE, field_iri
from rembigraph.catalogue.transforms.numbers import brief
from rembigraph.catalogue.transforms.refusal import TransformRefused
from rembigraph.catalogue.transforms.systems import Axis, CoordinateSystem
from rembigraph.ontology.fields import enum_iris
from rembigraph.ontology.identifiers import VOCABULARY

if TYPE_CHECKING:
    from pyoxigraph import Store
    from rembigraph.ontology.identifiers import Iris

MOST_READ: Final = 300_000
"""Things of one class that are read; more are left out, and `is_cut` says so."""

MOST_JSON: Final = 2_000_000
"""Characters of the parameters of a transformation, or of a landmark set."""

Facts = dict[str, list[str]]


@dataclass(frozen=True)
class SystemRecord:
    """A coordinate system as its record describes it.

    Attributes:
        iri: its IRI.
        study: accession of the record.
        title: what it is called, or empty.
        images: IRIs of the images that have it; none for a shared frame.
        intrinsic: whether it is the image's own pixel or physical system; none where it is not said.
        system: its axes in order.
    """

    iri: str
    study: str
    title: str
    images: tuple[str, ...]
    intrinsic: bool | None
    system: CoordinateSystem

    @property
    def is_of_pixels(self) -> bool:
        """Whether its axes count pixels."""
        return all(axis.kind == "array" for axis in self.system.axes)


@dataclass(frozen=True)
class StatedError:
    """An error as the record states it.

    Attributes:
        iri: its IRI.
        kind: key of `ErrorKind`, or empty.
        statistic: key of `ErrorStatistic`, or empty.
        value: the number.
        unit: as the record writes it, or empty.
        count: number of points; none where it is not said.
        measured_in: IRI of the coordinate system, or empty.
    """

    iri: str
    kind: str
    statistic: str
    value: float
    unit: str
    count: int | None
    measured_in: str


@dataclass(frozen=True)
class TransformRecord:
    """A transformation as its record describes it.

    Attributes:
        iri: its IRI.
        study: accession of the record.
        title: what it is called, or empty.
        source: IRI of the system that goes in.
        target: IRI of the system that comes out.
        text: its parameters, JSON.
        errors: what is stated about its error.
        landmarks: IRIs of the landmark sets that it rests on.
        replaces: IRIs of earlier versions.
        documents: documents and files that it comes from.
        registration: what is said about the registration: title, method, software, version, who.
    """

    iri: str
    study: str
    title: str
    source: str
    target: str
    text: str
    errors: tuple[StatedError, ...] = ()
    landmarks: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    registration: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class MemberRecord:
    """What takes part in a correlation: IRI of an image (or part of a study), accession, role; empty where not said."""

    image: str
    accession: str
    role: str
    attributed_to: str


@dataclass(frozen=True)
class CorrelationRecord:
    """An image correlation as its record describes it."""

    iri: str
    study: str
    title: str
    members: tuple[MemberRecord, ...]
    transformations: tuple[str, ...]
    landmarks: tuple[str, ...]
    stated_grade: str


@dataclass(frozen=True)
class LandmarkRecord:
    """Landmark pairs: the systems of their ends (empty where not said), and the pairs as JSON text."""

    iri: str
    source: str
    target: str
    text: str


class RecordReader:
    """Reads what concerns correlation from the default graph of a store.

    Args:
        store: the store of a generation.
        iris: makes IRIs for its data base.
    """

    def __init__(self, store: Store, iris: Iris) -> None:
        self.store = store
        self.iris = iris
        self.is_cut = False

    def facts(self, iri: str) -> Facts:
        """Predicate IRI -> values of a thing, sorted; nothing for what is no IRI."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        try:
            node = NamedNode(iri)
        except ValueError:
            return {}
        for quad in self.store.quads_for_pattern(node, None, None, DEFAULT):
            if isinstance(quad.object, NamedNode | Literal):
                found[quad.predicate.value].add(quad.object.value)
        return {predicate: sorted(values) for predicate, values in found.items()}

    def of_class(self, name: str) -> list[str]:
        """IRIs of the things of a class of the record model, sorted."""
        quads = self.store.quads_for_pattern(None, NamedNode(RDF_TYPE), NamedNode(VOCABULARY + name), DEFAULT)
        read = list(islice(quads, MOST_READ + 1))
        self.is_cut = self.is_cut or len(read) > MOST_READ
        return sorted(quad.subject.value for quad in read[:MOST_READ] if isinstance(quad.subject, NamedNode))

    def study_of(self, iri: str) -> str:
        """Accession of the study whose IRI a thing's begins with, or empty."""
        return str(self.iris.accession_of(iri) or "")

    def systems(self) -> Iterator[SystemRecord]:
        """Every coordinate system with readable axes."""
        images: defaultdict[str, set[str]] = defaultdict(set)
        within = NamedNode(field_iri("in_coordinate_system"))
        for quad in islice(self.store.quads_for_pattern(None, within, None, DEFAULT), 4 * MOST_READ):
            if isinstance(quad.subject, NamedNode) and isinstance(quad.object, NamedNode):
                images[quad.object.value].add(quad.subject.value)
        for iri in self.of_class("CoordinateSystem"):
            facts = self.facts(iri)
            axes = self._axes(facts)
            if axes:
                of = images[iri] | set(all_of(facts, "coordinate_system_of"))
                yield SystemRecord(
                    iri,
                    self.study_of(iri),
                    first_of(facts, "title"),
                    tuple(sorted(of)),
                    {"true": True, "false": False}.get(first_of(facts, "is_intrinsic")),
                    CoordinateSystem(iri, axes),
                )

    def _axes(self, facts: Facts) -> tuple[Axis, ...]:
        kinds = {iri: key for key, iri in enum_iris("AxisType").items()}
        found: dict[int, Axis] = {}
        for iri in all_of(facts, "has_axis")[:64]:
            said = self.facts(iri)
            place = first_of(said, "axis_index")
            if place.isdecimal() and len(place) < 3:
                unit = first_of(said, "unit") or first_of(said, "unit_code")
                kind = kinds.get(first_of(said, "axis_type"), "")
                found[int(place)] = Axis(first_of(said, "axis_name"), kind, unit)
        return tuple(found[at] for at in sorted(found)) if sorted(found) == list(range(len(found))) else ()

    def transformations(self) -> Iterator[TransformRecord]:
        """Every transformation with parameters and both ends."""
        for iri in self.of_class("CoordinateTransformation"):
            facts = self.facts(iri)
            ends = first_of(facts, "source_coordinate_system"), first_of(facts, "target_coordinate_system")
            text = first_of(facts, "parameters")
            if text and all(ends):
                yield TransformRecord(
                    iri,
                    self.study_of(iri),
                    first_of(facts, "title"),
                    *ends,
                    text,
                    errors=tuple(filter(None, map(self._error, all_of(facts, "has_error")[:64]))),
                    landmarks=tuple(all_of(facts, "has_landmarks")),
                    replaces=tuple(all_of(facts, "revision_of")),
                    documents=tuple(all_of(facts, "source_document")),
                    registration=self._registration(first_of(facts, "registered_by")),
                )

    def _error(self, iri: str) -> StatedError | None:
        facts = self.facts(iri)
        value = number_of(facts, "numeric_value")
        if value is None or value < 0:
            return None
        count = first_of(facts, "sample_size")
        return StatedError(
            iri,
            _key("ErrorKind", first_of(facts, "error_kind")),
            _key("ErrorStatistic", first_of(facts, "statistic")),
            value,
            first_of(facts, "unit") or first_of(facts, "unit_code"),
            int(count) if count.isdecimal() and len(count) < 10 else None,
            first_of(facts, "measured_in"),
        )

    def _registration(self, iri: str) -> dict[str, str]:
        if not iri:
            return {}
        facts = self.facts(iri)
        names = ("title", "description", "software", "software_version", "performed_by")
        found = {name: first_of(facts, name) for name in names}
        found["method"] = _key("RegistrationMethod", first_of(facts, "registration_method"))
        return {name: text for name, text in found.items() if text}

    def correlations(self) -> Iterator[CorrelationRecord]:
        """Every image correlation."""
        for iri in self.of_class("ImageCorrelation"):
            facts = self.facts(iri)
            yield CorrelationRecord(
                iri,
                self.study_of(iri),
                first_of(facts, "title"),
                tuple(map(self._member, all_of(facts, "has_member")[:1000])),
                tuple(all_of(facts, "has_transformation")),
                tuple(all_of(facts, "has_landmarks")),
                _key("CorrelationGrade", first_of(facts, "correlation_grade")),
            )

    def _member(self, iri: str) -> MemberRecord:
        facts = self.facts(iri)
        image = first_of(facts, "member_image")
        accession = first_of(facts, "member_accession") or self.study_of(image)
        who = _key("Asserter", first_of(facts, "attributed_to"))
        return MemberRecord(image, accession, first_of(facts, "member_role"), who)

    def landmark_set(self, iri: str) -> LandmarkRecord | None:
        """A landmark set that is described here with its pairs."""
        facts = self.facts(iri)
        text = first_of(facts, "landmarks")
        source, target = (first_of(facts, f"{end}_coordinate_system") for end in ("source", "target"))
        return LandmarkRecord(iri, source, target, text) if text else None


def all_of(facts: Facts, name: str) -> list[str]:
    """Values of a field of the record model."""
    return facts.get(field_iri(name), [])


def first_of(facts: Facts, name: str) -> str:
    """The first value of a field, or empty."""
    return next(iter(all_of(facts, name)), "")


def number_of(facts: Facts, name: str) -> float | None:
    """The value of a field as a number; none where there is none, or it is no number."""
    try:
        return float(first_of(facts, name))
    except ValueError:
        return None


def _key(enum: str, iri: str) -> str:
    return next((key for key, value in enum_iris(enum).items() if value == iri), "")


def parsed(text: str, what: str) -> Any:
    """Foreign JSON, in bounds.

    Raises:
        TransformRefused: `not-json` or `too-large`.
    """
    if len(text) > MOST_JSON:
        raise TransformRefused("too-large", f"{what} are longer than {MOST_JSON} characters")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise TransformRefused("not-json", f"{what} are no JSON: {brief(text)}") from error
