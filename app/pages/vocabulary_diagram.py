"""The class diagram of the ontology: boxes at places chosen by hand, lines and words from the field table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from rembigraph.app.pages.vocabulary_terms import local_name, places, terms
from rembigraph.ontology.fields import Field, classes

WIDTH: Final = 1080
HEIGHT: Final = 640
BOX_HEIGHT: Final = 38
_LETTER: Final = 8.6
_PADDING: Final = 30
_PLACES: Final = {
    "Biosample": (120, 90),
    "Specimen": (400, 90),
    "Annotation": (690, 90),
    "FileReference": (960, 90),
    "StudyComponent": (190, 210),
    "Image": (620, 210),
    "ImageRepresentation": (960, 210),
    "Instrument": (120, 330),
    "ImageAcquisition": (400, 330),
    "CoordinateSystem": (740, 340),
    "Axis": (960, 340),
    "CorrelationMember": (120, 460),
    "ImageCorrelation": (390, 460),
    "CoordinateTransformation": (740, 460),
    "RegistrationError": (960, 560),
    "LandmarkSet": (390, 570),
    "Registration": (740, 570),
}
"""Middle of each box. What is not here is not drawn."""

_LINES: Final = (
    ("Specimen", "Biosample"),
    ("StudyComponent", "Specimen"),
    ("StudyComponent", "Biosample"),
    ("StudyComponent", "ImageAcquisition"),
    ("StudyComponent", "Image"),
    ("Image", "Specimen"),
    ("Image", "ImageAcquisition"),
    ("Image", "ImageRepresentation"),
    ("Image", "CoordinateSystem"),
    ("Annotation", "Image"),
    ("Annotation", "FileReference"),
    ("ImageRepresentation", "FileReference"),
    ("ImageAcquisition", "Instrument"),
    ("CoordinateSystem", "Axis"),
    ("CoordinateTransformation", "CoordinateSystem"),
    ("CoordinateTransformation", "Registration"),
    ("CoordinateTransformation", "RegistrationError"),
    ("CoordinateTransformation", "LandmarkSet"),
    ("ImageCorrelation", "CorrelationMember"),
    ("ImageCorrelation", "CoordinateTransformation"),
    ("ImageCorrelation", "LandmarkSet"),
)
"""Pairs of classes whose properties are drawn, in the direction of the properties."""

_UNTYPED: Final = {("Annotation", "Image"): "http://www.w3.org/ns/prov#wasDerivedFrom"}
"""Properties that name no class in the schema, because their values may be in another study."""


@dataclass(frozen=True)
class Box:
    """A class: its name, the middle of its box, and the width."""

    name: str
    x: int
    y: int
    width: int

    @property
    def left(self) -> int:
        """Left edge."""
        return self.x - self.width // 2

    @property
    def top(self) -> int:
        """Upper edge."""
        return self.y - BOX_HEIGHT // 2


@dataclass(frozen=True)
class Line:
    """An arrow between two boxes, and the names of the properties that it stands for with their first line's place."""

    source: str
    target: str
    start: tuple[int, int]
    end: tuple[int, int]
    labels: tuple[str, ...]
    x: int
    y: int


def boxes() -> dict[str, Box]:
    """Return the boxes of the classes that the ontology has."""
    return {
        name: Box(name, x, y, round(len(name) * _LETTER) + _PADDING)
        for name, (x, y) in _PLACES.items()
        if name in terms()
    }


def lines() -> list[Line]:
    """Return the arrows for which the field table has properties."""
    known = boxes()
    found = []
    for source, target in _LINES:
        labels = tuple(dict.fromkeys(_names(source, target)))
        if source in known and target in known and labels:
            found.append(_line(known[source], known[target], labels))
    return found


def _names(source: str, target: str) -> list[str]:
    entry = classes().get(source)
    fields: list[Field] = list(entry.fields.values()) if entry else []
    untyped = _UNTYPED.get((source, target), "")
    return [_short(each) for each in fields if each.of == target or (untyped and each.iri == untyped)]


def _short(field: Field) -> str:
    return local_name(field.iri) or field.iri.rsplit("/", 1)[-1].rsplit("#", 1)[-1]


def _line(source: Box, target: Box, labels: tuple[str, ...]) -> Line:
    start, end = _edge(source, target), _edge(target, source)
    middle_x, middle_y = (start[0] + end[0]) // 2, (start[1] + end[1]) // 2
    above = 6 if start[1] == end[1] else -4
    return Line(
        source.name, target.name, start, end, labels, middle_x, middle_y - above - 14 * (len(labels) - 1)
    )


def _edge(box: Box, towards: Box) -> tuple[int, int]:
    """Return where the line from a box's middle to another's leaves the box."""
    across, down = towards.x - box.x, towards.y - box.y
    factors = [reach / abs(way) for reach, way in ((box.width / 2, across), (BOX_HEIGHT / 2, down)) if way]
    factor = min(factors)
    return round(box.x + across * factor), round(box.y + down * factor)


def summary() -> str:
    """Return in one sentence what the diagram shows, for those who do not see it."""
    said = [f"{line.source} {' and '.join(line.labels)} {line.target}" for line in lines()]
    return "; ".join(said) + "."


def places_of_study() -> list[str]:
    """Return the names of the properties with which a study holds what the diagram shows."""
    inside = {classes()[name].iri for name in boxes() if name in classes()}
    return [
        local_name(iri) or iri
        for iri, found in places().items()
        for place in found
        if place.record_class.name == "Study" and place.iri in inside
    ]
