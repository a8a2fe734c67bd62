"""Faults, one at a time: from a valid record and the field table, every way in which one field can be broken.

A `Mutation` says beforehand which shape must report it. Nothing here looks at a validation report.
"""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, TypeAlias

import pyoxigraph as ox
import yaml
from rembigraph.catalogue.rdf import to_nquads
from rembigraph.ontology.completion import complete
from rembigraph.ontology.fields import Field, RecordClass, classes, enum_iris
from rembigraph.ontology.generated.models import SourceRecord, Study
from rembigraph.ontology.identifiers import PREFIXES, SHAPES, VOCABULARY, Iris

IRIS = Iris()
RDF_TYPE = ox.NamedNode(PREFIXES["rdf"] + "type")
NOWHERE = "specimen/nowhere-at-all"

Term: TypeAlias = "ox.NamedNode | ox.Literal"
Triples: TypeAlias = "tuple[tuple[ox.NamedNode, ox.NamedNode, Term], ...]"


@dataclass(frozen=True)
class Record:
    """A record as triples."""

    accession: str
    triples: Triples

    @property
    def study(self) -> ox.NamedNode:
        """IRI of the study."""
        return ox.NamedNode(IRIS.study(self.accession))

    def quads(self) -> bytes:
        """The record as N-Triples."""
        return "".join(f"{' '.join(map(str, triple))} .\n" for triple in self.triples).encode()

    def with_values(self, subject: ox.NamedNode, predicate: str, values: Iterable[Term]) -> Record:
        """The record with other values of one property of one thing."""
        key = (subject, ox.NamedNode(predicate))
        kept = tuple(triple for triple in self.triples if triple[:2] != key)
        return Record(self.accession, kept + tuple((*key, value) for value in values))

    def values(self, subject: ox.NamedNode, predicate: str) -> list[Term]:
        """The values of one property of one thing."""
        key = (subject, ox.NamedNode(predicate))
        return [triple[2] for triple in self.triples if triple[:2] == key]

    def things(self) -> dict[str, list[ox.NamedNode]]:
        """The things of each class: name of the class -> IRIs."""
        names = {entry.iri: entry.name for entry in classes().values()}
        found: defaultdict[str, list[ox.NamedNode]] = defaultdict(list)
        for subject, predicate, value in self.triples:
            if predicate == RDF_TYPE and value.value in names:
                found[names[value.value]].append(subject)
        return found


@dataclass(frozen=True)
class Mutation:
    """One fault in one record.

    Attributes:
        kind: what was done, in a few words.
        place: class and field, `Axis.unit`.
        shape: IRI of the shape that must report it.
        focus: the thing that it must report.
        record: the broken record.
    """

    kind: str
    place: str
    shape: str
    focus: str
    record: Record


def record_of(quads: bytes, accession: str) -> Record:
    """Read a record from its quads."""
    parsed = ox.parse(quads, format=ox.RdfFormat.N_QUADS)
    return Record(accession, tuple((quad.subject, quad.predicate, quad.object) for quad in parsed))  # type: ignore[misc]


# --- faults of single fields, from the field table


@dataclass(frozen=True)
class _Place:
    """A field of a thing in a record, with its values."""

    record: Record
    thing: ox.NamedNode
    entry: RecordClass
    of: Field

    @property
    def values(self) -> list[Term]:
        return self.record.values(self.thing, self.of.iri)

    def broken(self, kind: str, values: Iterable[Term], ending: str = "") -> Mutation:
        shape = f"{SHAPES}{self.entry.name}-{self.of.name}{ending}"
        return self.reported_by(kind, values, shape, self.thing)

    def reported_by(self, kind: str, values: Iterable[Term], shape: str, focus: ox.NamedNode) -> Mutation:
        record = self.record.with_values(self.thing, self.of.iri, values)
        return Mutation(kind, f"{self.entry.name}.{self.of.name}", shape, focus.value, record)


def field_mutations(record: Record) -> Iterator[Mutation]:
    """Yield every fault of every field that has a value, in the first thing of each class that has one."""
    things = record.things()
    for entry in classes().values():
        for of in entry.fields.values():
            places = (_Place(record, thing, entry, of) for thing in things.get(entry.name, []))
            place = next((place for place in places if place.values), None)
            if place is not None:
                yield from _of_place(place)


def _of_place(place: _Place) -> Iterator[Mutation]:
    of, first = place.of, place.values[0]
    if of.level == "identity":
        yield place.broken("identity field missing", [])
    elif of.level:
        yield place.broken(f"{of.level} field missing", [], f"-{of.level}")
    if not of.many:
        yield place.broken("two values where one is allowed", [first, _another(first)])
    yield from _of_kind(place)
    low, high = _bounds(of.name)
    if low is not None:
        yield place.broken("number too small", [_number(of, low - 1)])
    if high is not None:
        yield place.broken("number too large", [_number(of, high + 1)])
    if of.kind == "iri" and first.value.startswith(place.record.study.value + "/"):
        nowhere = ox.NamedNode(f"{place.record.study.value}/{NOWHERE}")
        shape = SHAPES + "Study-own-references"
        yield place.reported_by("reference that leads nowhere", [nowhere], shape, place.record.study)


def _of_kind(place: _Place) -> Iterator[Mutation]:
    of, first = place.of, place.values[0]
    if of.kind in {"iri", "object", "enum"}:
        yield place.broken("literal where an IRI belongs", [ox.Literal(first.value)])
    if of.kind == "enum":
        yield place.broken("value outside the list", [ox.NamedNode("https://example.org/no-such-value")])
        yield place.broken("label instead of the term", [ox.Literal(next(iter(enum_iris(of.of))))])
    if of.kind == "string":
        yield place.broken("number where text belongs", [_typed("5", "integer")])
        yield place.broken("IRI where text belongs", [ox.NamedNode("https://example.org/text")])
    if of.kind in {"integer", "double", "boolean", "json"}:
        yield place.broken("text where another type belongs", [ox.Literal("a few")])
    if of.kind in {"integer", "double", "boolean"}:
        yield place.broken("ill-formed value", [_typed("a few", of.kind)])
    if of.kind == "date":
        yield place.broken("ill-formed date", [_typed("2020-13-01", "date")])
        yield place.broken("text where a date belongs", [ox.Literal("last spring")])


def _another(value: Term) -> Term:
    """A second value of the same kind."""
    if isinstance(value, ox.NamedNode):
        return ox.NamedNode(value.value + "-2")
    if value.datatype.value.endswith("boolean"):
        return _typed("false" if value.value == "true" else "true", "boolean")
    if value.value.lstrip("-").replace(".", "", 1).isdigit() and not value.datatype.value.endswith("string"):
        same = value.datatype.value.rsplit("#")[-1]
        return _typed(str(int(float(value.value)) + 1), same)
    return ox.Literal(value.value + " again", datatype=value.datatype)


def _typed(text: str, name: str) -> ox.Literal:
    return ox.Literal(text, datatype=ox.NamedNode(PREFIXES["xsd"] + name))


def _number(of: Field, value: float) -> ox.Literal:
    return _typed(str(int(value)) if of.kind == "integer" else str(value), of.kind)


@cache
def _bounds(slot: str) -> tuple[float | None, float | None]:
    """Least and greatest value of a slot, from the schema itself."""
    entry = _schema()["slots"][slot]
    return entry.get("minimum_value"), entry.get("maximum_value")


@cache
def _schema() -> dict[str, Any]:
    text = resources.files("rembigraph.ontology").joinpath("rembi.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return found


# --- faults between fields, for the rules written by hand


def rule_mutations(record: Record) -> Iterator[Mutation]:
    """Yield the faults that only hand-written rules can see, in the first thing that can have each."""
    seen: set[str] = set()
    for name, things in record.things().items():
        for thing in things:
            for fault in _FAULTS.get(name, ()):
                mutation = fault(record, thing)
                if mutation is not None and mutation.kind not in seen:
                    seen.add(mutation.kind)
                    yield mutation


_Fault: TypeAlias = "Callable[[Record, ox.NamedNode], Mutation | None]"
_FAULTS: defaultdict[str, list[_Fault]] = defaultdict(list)


def _fault(kind: str, place: str, shape: str) -> Callable[[Callable[[Record, ox.NamedNode], Any]], None]:
    """Register a function that breaks a thing (gives the broken record, or None if it can't)."""
    name, slot = place.split(".")

    def register(breaks: Callable[[Record, ox.NamedNode], Record | None]) -> None:
        def fault(record: Record, thing: ox.NamedNode) -> Mutation | None:
            broken = breaks(record, thing)
            if broken is None:
                return None
            return Mutation(kind, place, SHAPES + shape, thing.value, broken)

        assert slot in classes()[name].fields
        _FAULTS[name].append(fault)

    return register


def _iri(name: str, slot: str) -> str:
    return classes()[name].fields[slot].iri


def _first(record: Record, thing: ox.NamedNode, iri: str) -> Term | None:
    return next(iter(record.values(thing, iri)), None)


def _set(name: str, slot: str, *values: Term) -> Callable[[Record, ox.NamedNode], Record | None]:
    """Give a field that has a value these instead."""

    def breaks(record: Record, thing: ox.NamedNode) -> Record | None:
        iri = _iri(name, slot)
        return record.with_values(thing, iri, values) if record.values(thing, iri) else None

    return breaks


def _copy(name: str, source: str, target: str) -> Callable[[Record, ox.NamedNode], Record | None]:
    """Make a field say what another one says."""

    def breaks(record: Record, thing: ox.NamedNode) -> Record | None:
        value = _first(record, thing, _iri(name, source))
        return None if value is None else record.with_values(thing, _iri(name, target), [value])

    return breaks


_SECOND = ox.NamedNode("http://qudt.org/vocab/unit/SEC")
_OBO = "http://purl.obolibrary.org/obo/"
_LINK = _copy("StudyLink", "link_to", "link_from")
_ENDS = _copy("CoordinateTransformation", "source_coordinate_system", "target_coordinate_system")

_fault("link to itself", "StudyLink.link_from", "StudyLink-distinct-ends")(_LINK)
_fault(
    "same ends", "CoordinateTransformation.target_coordinate_system", "CoordinateTransformation-distinct-ends"
)(_ENDS)
_fault("negative error", "RegistrationError.numeric_value", "RegistrationError-not-negative")(
    _set("RegistrationError", "numeric_value", _typed("-0.5", "double"))
)
_fault("error in seconds", "RegistrationError.unit", "RegistrationError-unit-kind")(
    _set("RegistrationError", "unit", _SECOND)
)
_fault("error without system", "RegistrationError.measured_in", "RegistrationError-frame")(
    _set("RegistrationError", "measured_in")
)
_fault(
    "numbers that do not fit",
    "CoordinateTransformation.parameters_fit",
    "CoordinateTransformation-parameters-fit",
)(_set("CoordinateTransformation", "parameters_fit", _typed("false", "boolean")))
_fault("unknown licence", "Study.license", "Study-licence")(
    _set("Study", "license", ox.NamedNode("https://example.org/licence"))
)
_fault("organism that is no taxon", "Study.organism", "Study-organism-taxon")(
    _set("Study", "organism", ox.NamedNode(_OBO + "BTO_0000042"))
)
_fault("method that is no term of FBbi", "Study.imaging_method", "Study-method-term")(
    _set("Study", "imaging_method", ox.NamedNode(_OBO + "MI_2213"))
)
_fault("generic method", "Study.imaging_method", "Study-generic-method")(
    _set("Study", "imaging_method", ox.NamedNode(_OBO + "FBbi_00000345"))
)
_fault("generic method in words", "ImageAcquisition.imaging_method_text", "Study-generic-method-text")(
    _set("ImageAcquisition", "imaging_method_text", ox.Literal("Microscopy"))
)
_fault("accession of another archive", "Study.archive", "Study-accession-archive")(
    lambda record, thing: record.with_values(
        thing, _iri("Study", "archive"), [ox.NamedNode(VOCABULARY + _other_archive(record.accession))]
    )
)


def _other_archive(accession: str) -> str:
    return "IDR" if accession.startswith("EMPIAR") else "EMPIAR"


@_fault("gap in the axis numbers", "CoordinateSystem.has_axis", "CoordinateSystem-axes")
def _(record: Record, thing: ox.NamedNode) -> Record | None:
    axes = sorted(value.value for value in record.values(thing, _iri("CoordinateSystem", "has_axis")))
    return record.with_values(ox.NamedNode(axes[-1]), _iri("Axis", "axis_index"), [_typed("9", "integer")])


@_fault("wrong dimension", "CoordinateSystem.dimension", "CoordinateSystem-axes")
def _(record: Record, thing: ox.NamedNode) -> Record | None:
    axes = record.values(thing, _iri("CoordinateSystem", "has_axis"))
    wrong = _typed(str(len(axes) + 1), "integer")
    return record.with_values(thing, _iri("CoordinateSystem", "dimension"), [wrong])


@_fault("two axes of one name", "CoordinateSystem.has_axis", "CoordinateSystem-axis-names")
def _(record: Record, thing: ox.NamedNode) -> Record | None:
    axes = record.values(thing, _iri("CoordinateSystem", "has_axis"))
    if len(axes) < 2:
        return None
    for axis in axes:
        record = record.with_values(ox.NamedNode(axis.value), _iri("Axis", "axis_name"), [ox.Literal("x")])
    return record


@_fault("space in seconds", "Axis.unit", "Axis-unit-kind")
def _(record: Record, thing: ox.NamedNode) -> Record | None:
    kind = _first(record, thing, _iri("Axis", "axis_type"))
    space = kind == ox.NamedNode(enum_iris("AxisType")["space"])
    return record.with_values(thing, _iri("Axis", "unit"), [_SECOND]) if space else None


@_fault("space without unit", "Axis.unit", "Axis-missing-unit")
def _(record: Record, thing: ox.NamedNode) -> Record | None:
    kind = _first(record, thing, _iri("Axis", "axis_type"))
    if kind != ox.NamedNode(enum_iris("AxisType")["space"]) or not record.values(thing, _iri("Axis", "unit")):
        return None
    return record.with_values(thing, _iri("Axis", "unit"), [])


@_fault(
    "revision of itself", "CoordinateTransformation.revision_of", "CoordinateTransformation-revision-cycle"
)
def _(record: Record, thing: ox.NamedNode) -> Record | None:
    return record.with_values(thing, _iri("CoordinateTransformation", "revision_of"), [thing])


@_fault(
    "end that is an image",
    "CoordinateTransformation.source_coordinate_system",
    "CoordinateTransformation-end-types",
)
def _(record: Record, thing: ox.NamedNode) -> Record | None:
    images = record.things().get("Image")
    iri = _iri("CoordinateTransformation", "source_coordinate_system")
    return record.with_values(thing, iri, images[:1]) if images else None


@_fault("specimen of another study", "Image.of_specimen", "Image-specimen")
def _(record: Record, thing: ox.NamedNode) -> Record | None:
    foreign = ox.NamedNode(IRIS.study("EXAMPLE-9999") + "/specimen/foreign")
    return record.with_values(thing, _iri("Image", "of_specimen"), [foreign])


@_fault("one member only", "ImageCorrelation.has_member", "ImageCorrelation-two-members")
def _(record: Record, thing: ox.NamedNode) -> Record | None:
    members = record.values(thing, _iri("ImageCorrelation", "has_member"))
    return record.with_values(thing, _iri("ImageCorrelation", "has_member"), members[:1])


@_fault("one image for all members", "ImageCorrelation.has_member", "ImageCorrelation-distinct-members")
def _(record: Record, thing: ox.NamedNode) -> Record | None:
    members = record.values(thing, _iri("ImageCorrelation", "has_member"))
    if len(members) < 2:
        return None
    image = ox.NamedNode(record.study.value + "/image/one")
    for member in members:
        record = record.with_values(
            ox.NamedNode(member.value), _iri("CorrelationMember", "member_image"), [image]
        )
    return record


# --- made-up records in which every class of the model occurs

_KEYED = ("a", "b")


def made_up_records(count: int) -> list[Record]:
    """Return made-up valid records, each with every class of the model; the same in each run."""
    return [_made_up(number) for number in range(count)]


def _made_up(number: int) -> Record:
    accession = f"EXAMPLE-{8000 + number}"
    writing = _Writing(random.Random(number), accession)
    study = complete(Study.model_validate(writing.study()), "rembigraph")
    source = SourceRecord.model_validate(
        {**writing.record("SourceRecord"), "id": f"{accession}/source/made-up"}
    )
    return record_of(to_nquads([study, source], IRIS, IRIS.graph("made-up")), accession)


@dataclass
class _Writing:
    """Writes a record: for each field a value of its kind, and geometry that is right."""

    random: random.Random
    accession: str
    count: int = 0
    keys: Counter[str] = field(default_factory=Counter)

    def study(self) -> dict[str, Any]:
        """Return a study whose parts are all there."""
        written = self.record("Study")
        fish = self.record("Taxon") | {"id": "NCBITaxon:7955", "scientific_name": "Danio rerio"}
        fish |= {"taxon_rank": "species", "parent_taxon": "NCBITaxon:7954"}
        method = {"id": "FBbi:00000251", "label": "confocal microscopy"}
        written |= {"accession": self.accession, "archive": "Example", "organism": [fish]}
        written |= {"imaging_method": [method]}
        written["resolution"] = [self.record("Resolution") | {"resolution_method": "curated"}]
        written |= {
            "license": "https://creativecommons.org/licenses/by/4.0/",
            "landing_page": "https://example.org/",
        }
        for part in (*written["biosample"], *written["component"], *written["acquisition"]):
            part |= {"organism": [fish]} if "organism" in part else {}
            part |= {"imaging_method": [method]} if "imaging_method" in part else {}
        return written | self.geometry() | self.links()

    def links(self) -> dict[str, Any]:
        """Return a link to another study."""
        link = self.record("StudyLink") | {"link_from": self.accession, "link_to": "EXAMPLE-9999"}
        return {"related": [link]}

    def geometry(self) -> dict[str, Any]:
        """Return two systems, a transformation with its error, landmarks and a correlation that fit each other."""
        axes = [
            self.record("Axis")
            | {"axis_index": index, "axis_name": name, "axis_type": "space", "unit": "unit:NanoM"}
            for index, name in enumerate("zyx")
        ]
        systems = [
            self.record("CoordinateSystem")
            | {"key": key, "coordinate_system_of": [f"image/{key}"], "has_axis": axes, "dimension": 3}
            for key in _KEYED
        ]
        ends = {"source_coordinate_system": "cs/a", "target_coordinate_system": "cs/b"}
        error = self.record("RegistrationError") | {
            "unit": "unit:NanoM",
            "measured_in": "cs/b",
            "error_kind": "TRE",
        }
        error["numeric_value"] = abs(error["numeric_value"])
        transformation = (
            self.record("CoordinateTransformation")
            | ends
            | {
                "key": "a--b",
                "parameters": json.dumps(
                    {"type": "translation", "translation": [1, 2, self.random.random()]}
                ),
                "input_dimension": 3,
                "output_dimension": 3,
                "invertible": True,
                "invertible_computed": True,
                "inverse_fits": True,
                "parameters_fit": True,
                "parameters_fault": None,
                "revision_of": ["https://example.org/older"],
                "has_error": [error],
            }
        )
        members = [self.record("CorrelationMember") | {"member_image": f"image/{key}"} for key in _KEYED]
        for member in members:
            member |= {"member_accession": None, "member_archive": None}
        correlation = self.record("ImageCorrelation") | {"key": "a", "has_member": members}
        correlation["has_transformation"] = ["transform/a--b"]
        landmarks = self.record("LandmarkSet") | ends | {"key": "a"}
        return {
            "coordinate_system": systems,
            "transformation": [transformation],
            "correlation": [correlation],
            "landmark_set": [landmarks],
        }

    def record(self, name: str) -> dict[str, Any]:
        """Return a record of a class: what REMBI asks for always, the rest most often."""
        written: dict[str, Any] = {}
        fields = [of for of in classes()[name].fields.values() if of.of != name or of.kind != "object"]
        for of in fields:  # but for what holds things of its own kind: that would never end
            if of.level or of.kind == "object" or self.random.random() < 0.8:
                one = [self.value(of)]
                written[of.name] = one if of.many else one[0]
        if "key" in classes()[name].fields:
            self.keys[name] += 1
            written["key"] = "a" if self.keys[name] == 1 else f"a{self.keys[name]}"
        if name == "Study":
            written["image"] = [self.record("Image") | {"key": key} for key in _KEYED]
        return written

    def value(self, of: Field) -> Any:
        """Return a value of the kind that a field asks for."""
        self.count += 1
        match of.kind:
            case "object":
                return self.record(of.of)
            case "enum":
                return self.random.choice(sorted(enum_iris(of.of)))
            case "iri" if of.of:
                segment = classes()[of.of].segment
                return f"{segment}/{'a--b' if segment == 'transform' else 'a'}"
            case "iri":
                return f"https://example.org/{of.name}/{self.count}"
            case _:
                return self.literal(of)

    def literal(self, of: Field) -> Any:
        """Return a literal of the kind that a field asks for."""
        low, high = _bounds(of.name)
        match of.kind:
            case "integer":
                return self.random.randint(int(low or 0) + 1, int(high or 10**12) - 1)
            case "double":
                return round(self.random.uniform(low or 0, high or 1000), 6)
            case "boolean":
                return self.random.random() < 0.5
            case "date":
                return self.random.choice(["2026", "2026-05", "2026-05-17"])
            case "json":
                return '[{"name": "one", "source": [1, 2, 3], "target": [2, 4, 3.5]}]'
            case _:
                return f"made up {self.count}"


def every_mutation(record: Record) -> Sequence[Mutation]:
    """Return every fault of a record."""
    return [*field_mutations(record), *rule_mutations(record)]
