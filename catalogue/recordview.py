"""The facts of one study as plain values: what pages, summaries and serialisations read.

Nothing here knows the store. `reader` fills a `RecordView` from the named graphs of one accession.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Final, NamedTuple

from rembigraph.ontology.fields import Field, classes, concept_labels, predicates
from rembigraph.ontology.identifiers import CURIES, PREFIXES

RDF_TYPE: Final = PREFIXES["rdf"] + "type"
RDFS_LABEL: Final = PREFIXES["rdfs"] + "label"
SAME_SPECIMEN: Final = PREFIXES["rembi"] + "sameSpecimenAs"

LABEL_FIELDS: Final = (
    "title",
    "scientific_name",
    "label",
    "display_name",
    "name",
    "path",
    "axis_name",
    "key",
)
"""Fields that name a thing, the best first."""

_FIRST_SOURCE, _LAST_SOURCE = "rembigraph", "gide"
_NUMBER: Final = re.compile(r"(\d{1,18})")


class Value(NamedTuple):
    """One object of a triple.

    Attributes:
        text: the IRI, or the literal as it is written.
        is_iri: whether it is an IRI.
        datatype: datatype IRI of a literal; empty for plain text.
        language: language tag of a literal, or empty.
    """

    text: str
    is_iri: bool = False
    datatype: str = ""
    language: str = ""


@dataclass(frozen=True)
class RecordView:
    """Every fact that the source records of one accession state.

    Attributes:
        accession: the study.
        iri: IRI of the study.
        sources: kinds of source whose records were merged, the preferred one first.
        facts: subject IRI -> predicate IRI -> values; subjects and values in natural order.
        origins: subject IRI -> kinds of source that state something about it.
        said: triple -> kinds of source that state it; filled only when there are several sources.
        labels: labels of terms that the record only names: IRI -> label.
        elsewhere: IRIs of the data base that the record names and other records here describe.
    """

    accession: str
    iri: str
    sources: tuple[str, ...]
    facts: Mapping[str, Mapping[str, tuple[Value, ...]]]
    origins: Mapping[str, frozenset[str]] = field(default_factory=dict)
    said: Mapping[tuple[str, str, Value], frozenset[str]] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    elsewhere: frozenset[str] = frozenset()

    @property
    def study(self) -> Node:
        """The study itself."""
        return Node(self, self.iri)

    def node(self, iri: str) -> Node | None:
        """Return the thing with this IRI, or None when the record states nothing about it."""
        return Node(self, iri) if iri in self.facts else None

    def has(self, iri: str) -> bool:
        """Whether this record or another one here says something about an IRI."""
        return iri in self.facts or iri in self.elsewhere

    def of_class(self, name: str) -> list[Node]:
        """Return every thing of a class of the record model, in natural order of their IRIs."""
        return [Node(self, iri) for iri in self._by_class.get(name, ())]

    def below(self, iri: str) -> Iterator[Node]:
        """Yield what lies below an IRI (`{iri}/...`), in natural order."""
        yield from (Node(self, subject) for subject in self.facts if subject.startswith(f"{iri}/"))

    def mentions(self, iri: str) -> list[tuple[Node, str]]:
        """Return what points to an IRI, as (thing, predicate IRI), in natural order."""
        found = sorted(self._mentions.get(iri, ()), key=lambda pair: (natural_key(pair[0]), pair[1]))
        return [(Node(self, subject), predicate) for subject, predicate in found]

    def pointing(self, iri: str, name: str) -> list[Node]:
        """Return the things whose field of this name points to an IRI, in natural order."""
        wanted = field_iri(name)
        return [Node(self, subject) for subject, by in self._mentions.get(iri, ()) if by == wanted]

    def label(self, iri: str) -> str:
        """Return a label for an IRI: what names it here, elsewhere or in the model; else its end."""
        node = self.node(iri)
        own = node.name if node else ""
        return own or self.labels.get(iri, "") or concept_labels().get(iri, "") or short_iri(iri)

    def unlabelled(self) -> set[str]:
        """Return IRIs that the record points to without saying anything about them; not addresses of files."""
        objects = {value.text for (_, by), value in self._objects() if by not in _addresses()}
        return {iri for iri in objects if iri not in self.facts and iri not in concept_labels()}

    def _objects(self) -> Iterator[tuple[tuple[str, str], Value]]:
        for subject, by_predicate in self.facts.items():
            for predicate, values in by_predicate.items():
                if predicate != RDF_TYPE:
                    yield from (((subject, predicate), value) for value in values if value.is_iri)

    @cached_property
    def _mentions(self) -> dict[str, list[tuple[str, str]]]:
        # IRIs, not nodes: a view that holds nodes holds itself, and is garbage for long when nobody needs it any more.
        found: dict[str, list[tuple[str, str]]] = {}
        for place, value in self._objects():
            found.setdefault(value.text, []).append(place)
        return found

    @cached_property
    def _by_class(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for iri, stated in self.facts.items():
            for value in stated.get(RDF_TYPE, ()):
                name = class_names().get(value.text)
                if name:
                    found.setdefault(name, []).append(iri)
        return found


@dataclass(frozen=True)
class Node:
    """One thing of a record, read by the field names of the record model.

    Attributes:
        view: the record that it belongs to.
        iri: its IRI.
    """

    view: RecordView
    iri: str

    @property
    def facts(self) -> Mapping[str, tuple[Value, ...]]:
        """Predicate IRI -> values."""
        return self.view.facts.get(self.iri, {})

    @property
    def class_name(self) -> str:
        """Name of its class in the record model, or empty."""
        names = (class_names().get(value.text, "") for value in self.facts.get(RDF_TYPE, ()))
        return next((name for name in names if name), "")

    @property
    def name(self) -> str:
        """What it is called in its own record, or empty."""
        stated = self.facts
        for predicate in _label_iris():
            if (
                predicate in stated
                and (text := max([value.text for value in stated[predicate]], key=len)).strip()
            ):
                return text
        return ""

    @property
    def label(self) -> str:
        """What to call it on a page; never empty."""
        return self.view.label(self.iri)

    @property
    def origins(self) -> tuple[str, ...]:
        """Kinds of source that state something about it, sorted."""
        return tuple(sorted(self.view.origins.get(self.iri, ())))

    def values(self, name: str) -> tuple[Value, ...]:
        """Values of a field of the record model, in natural order."""
        return self.facts.get(field_iri(name), ())

    def texts(self, name: str) -> list[str]:
        """Values of a field as text, in natural order."""
        return [value.text for value in self.values(name)]

    def text(self, name: str) -> str:
        """The value of a field as text; of several the longest, then the first; empty when there is none."""
        texts = self.texts(name)
        return max(texts, key=len) if texts else ""

    def number(self, name: str) -> float | None:
        """The value of a field as a number; None when there is none or it is no number."""
        for text in self.texts(name):
            try:
                return float(text)
            except ValueError:
                continue
        return None

    def integer(self, name: str) -> int | None:
        """The value of a field as a whole number; of several the largest; None when there is none."""
        numbers = [int(text) for text in self.texts(name) if re.fullmatch(r"[+-]?\d{1,30}", text)]
        return max(numbers) if numbers else None

    def flag(self, name: str) -> bool | None:
        """The value of a field as true or false; None when there is none."""
        known = {"true": True, "1": True, "false": False, "0": False}
        return next((known[text] for text in self.texts(name) if text in known), None)

    def iris(self, name: str) -> list[str]:
        """IRIs that a field points to, in natural order."""
        return [value.text for value in self.values(name) if value.is_iri]

    def nodes(self, name: str) -> list[Node]:
        """Things of this record that a field points to, in natural order."""
        return [node for node in map(self.view.node, self.iris(name)) if node]

    def first(self, name: str) -> Node | None:
        """The first thing of this record that a field points to."""
        return next(iter(self.nodes(name)), None)

    def concepts(self, name: str) -> list[str]:
        """Labels of what a field points to, in natural order."""
        return [self.view.label(iri) for iri in self.iris(name)]

    def concept(self, name: str) -> str:
        """Label of the first thing that a field points to, or empty."""
        return next(iter(self.concepts(name)), "")


def merge(facts: Iterable[tuple[str, str, Value]]) -> dict[str, dict[str, tuple[Value, ...]]]:
    """Group triples by subject and predicate; each value once, in natural order."""
    grouped: defaultdict[str, defaultdict[str, set[Value]]] = defaultdict(lambda: defaultdict(set))
    for subject, predicate, value in facts:
        grouped[subject][predicate].add(value)
    return {
        subject: {predicate: _in_order(values) for predicate, values in sorted(by_predicate.items())}
        for subject, by_predicate in sorted(grouped.items(), key=lambda item: natural_key(item[0]))
    }


def _in_order(values: set[Value]) -> tuple[Value, ...]:
    if len(values) == 1:
        return tuple(values)
    return tuple(sorted(values, key=lambda value: (natural_key(value.text), value)))


def natural_key(text: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key that puts `fish-2` before `fish-10`."""
    parts = _NUMBER.split(text)
    return tuple([(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part])


def source_order(source: str) -> tuple[int, str]:
    """Sort key of kinds of source: our own curated records first, derived summaries last."""
    return {_FIRST_SOURCE: 0, _LAST_SOURCE: 2}.get(source, 1), source


def short_iri(iri: str) -> str:
    """Return an IRI as a CURIE where a known prefix fits, else its last part."""
    for prefix, namespace in _longest_first():
        rest = iri.removeprefix(namespace)
        if rest != iri and rest and "/" not in rest:
            return f"{prefix}:{rest}"
    return iri.rstrip("/").rsplit("/", 1)[-1].rsplit("#", 1)[-1] or iri


@cache
def _longest_first() -> list[tuple[str, str]]:
    # Of two prefixes with one namespace the one that people write comes first (`ORCID`, `ROR`, `doi`).
    return sorted(CURIES.items(), key=lambda item: (-len(item[1]), item[0]))


@cache
def class_names() -> dict[str, str]:
    """Class IRI -> class name of the record model."""
    return {entry.iri: name for name, entry in classes().items()}


@cache
def _field_iris() -> dict[str, str]:
    return {name: of.iri for entry in classes().values() for name, of in entry.fields.items()}


@cache
def _addresses() -> frozenset[str]:
    return frozenset(map(field_iri, ("download_url", "access_url")))


@cache
def _label_iris() -> tuple[str, ...]:
    return tuple(map(field_iri, LABEL_FIELDS))


def field_iri(name: str) -> str:
    """Predicate IRI of a field of the record model; raises KeyError for an unknown field."""
    return _field_iris()[name]


def field_of(class_name: str, predicate: str) -> Field | None:
    """Return what the model says about a predicate, in a class if that class has it."""
    entry = classes().get(class_name)
    own = (of for of in entry.fields.values() if of.iri == predicate) if entry else iter(())
    return next(own, None) or predicates().get(predicate)
