"""The shapes in words: rule, severity, message and what it is about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from rembigraph.ontology.identifiers import PREFIXES, SHAPES, VOCABULARY
from rembigraph.shapes import shapes_graph, themes

if TYPE_CHECKING:
    from rdflib.term import Node

BASE: Final = "base"
SEVERITIES: Final[Mapping[str, str]] = {
    "Violation": "a record that breaks it is refused",
    "Warning": "a record that breaks it is kept, and the warning with it",
    "Info": "worth a look",
}
_ORDER: Final = tuple(SEVERITIES)


@dataclass(frozen=True)
class Rule:
    """One shape that says something.

    Attributes:
        name: local name of its IRI, also its anchor.
        label: name for people.
        severity: `Violation`, `Warning` or `Info`.
        message: what is wrong when it is broken, and what to do.
        level: `required` or `recommended` for what REMBI asks for, or empty.
        path: predicate IRI, or empty.
        targets: IRIs of the classes it is about.
        theme: `base`, or name of the file of hand-written rules.
        links: addresses that explain it.
    """

    name: str
    label: str
    severity: str
    message: str
    level: str
    path: str
    targets: tuple[str, ...]
    theme: str
    links: tuple[str, ...]

    @property
    def iri(self) -> str:
        """Its IRI."""
        return SHAPES + self.name


@cache
def rules() -> tuple[Rule, ...]:
    """Return every shape with a message: hand-written ones by theme, then the base, each by name."""
    from rdflib import SH, URIRef

    graph = shapes_graph()
    shapes = {shape for shape in graph.subjects(SH.severity) if isinstance(shape, URIRef)}
    shapes |= {shape for shape in graph.subjects(SH.message) if isinstance(shape, URIRef)}
    shapes -= set(graph.subjects(SH.select))
    found = (_rule(shape) for shape in shapes)
    return tuple(sorted(found, key=lambda rule: (rule.theme == BASE, rule.theme, rule.name)))


def rules_about(iri: str) -> list[Rule]:
    """Return the rules whose path or target is a term: the gravest first, hand-written before generated."""
    found = [rule for rule in rules() if iri == rule.path or iri in rule.targets]
    return sorted(found, key=lambda rule: (rule.theme == BASE, _ORDER.index(rule.severity)))


def _rule(shape: Node) -> Rule:
    from rdflib import RDFS, SH, URIRef

    name = str(shape).removeprefix(SHAPES)
    level = next(_texts(shape, URIRef(VOCABULARY + "level")), "").removeprefix(VOCABULARY)
    severity = next(_texts(shape, SH.severity), "").removeprefix(PREFIXES["sh"])
    return Rule(
        name=name,
        label=next(_texts(shape, RDFS.label), "") or next(_texts(shape, SH.name), "") or name,
        severity=severity if severity in SEVERITIES else "Violation",
        message=_message(shape),
        level=level,
        path=next(_texts(shape, SH.path), ""),
        targets=_targets(shape),
        theme=themes().get(str(shape), BASE),
        links=tuple(_texts(shape, RDFS.seeAlso)),
    )


def _message(shape: Node) -> str:
    from rdflib import SH

    own = next(_texts(shape, SH.message), "")
    queries = shapes_graph().objects(shape, SH.sparql)
    return own or next((text for query in queries for text in _texts(query, SH.message)), "")


def _targets(shape: Node) -> tuple[str, ...]:
    """Return the classes a shape is about: its own targets, or those of the shape that it belongs to."""
    from rdflib import SH

    holders = [shape, *shapes_graph().subjects(SH.property, shape)]
    return tuple(sorted({target for holder in holders for target in _texts(holder, SH.targetClass)}))


def _texts(subject: Node, predicate: Node) -> Iterator[str]:
    from rdflib import BNode

    found = shapes_graph().objects(subject, predicate)
    return iter(sorted(str(value) for value in found if not isinstance(value, BNode)))
