"""Foreign text, JSON and XML within bounds.

XML is read by expat: a document type, and with it every entity of the document's own, is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from xml.parsers import expat

from rembigraph.loaders.json_bounds import parse_json
from rembigraph.loaders.reading import Document
from rembigraph.ontology.errors import SourceMalformed, TransformRefused

MOST_BYTES: Final = 32 * 1024 * 1024
"""Size of a transformation file; fields are read by reference only."""

MOST_ELEMENTS: Final = 200_000
DEEPEST: Final = 64


def text_of(content: bytes) -> str:
    """The text of a file.

    Raises:
        TransformRefused: `too-large`, `not-text`.
    """
    if len(content) > MOST_BYTES:
        raise TransformRefused("too-large", f"the file is larger than {MOST_BYTES} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        said = "the file is not UTF-8 text"
        fix = "binary transformations (.h5, .mat) are not read: save them as text (.tfm)"
        raise TransformRefused("not-text", said, where=f"byte {error.start}", fix=fix) from error


def json_of(content: bytes) -> Any:
    """Parsed JSON.

    Raises:
        TransformRefused: `not-json`, or the bound that is broken, with line and column.
    """
    try:
        return parse_json(Document("", "", content))
    except SourceMalformed as error:
        code = "not-json" if error.code in ("syntax", "encoding") else error.code
        raise TransformRefused(code, error.message, where=error.pointer, fix=error.fix) from error


@dataclass
class Element:
    """An XML element.

    Attributes:
        tag: its name.
        place: line and column where it begins.
        attributes: in the order of the document.
        pieces: the text directly inside of it, between its children.
        children: elements directly inside of it.
    """

    tag: str
    place: str
    attributes: dict[str, str] = field(default_factory=dict)
    pieces: list[str] = field(default_factory=list)
    children: list[Element] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The text directly inside of it."""
        return "".join(self.pieces)

    @property
    def where(self) -> str:
        """Its place, for messages."""
        return f"<{self.tag[:40]}> line {self.place}"

    def all(self, tag: str) -> Iterator[Element]:
        """Children of that name."""
        return (child for child in self.children if child.tag == tag)

    def first(self, tag: str) -> Element | None:
        """The first child of that name."""
        return next(self.all(tag), None)

    def word(self, tag: str) -> str:
        """The stripped text of the first child of that name; empty where there is none."""
        found = self.first(tag)
        return found.text.strip() if found else ""


class _TreeBuilder:
    """Builds elements as expat reports them, in bounds."""

    def __init__(self, parser: expat.XMLParserType) -> None:
        self.parser = parser
        self.open: list[Element] = []
        self.root: Element | None = None
        self.count = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.count += 1
        place = f"{self.parser.CurrentLineNumber}:{self.parser.CurrentColumnNumber + 1}"
        if self.count > MOST_ELEMENTS:
            raise TransformRefused("too-large", f"more than {MOST_ELEMENTS} elements", where=f"line {place}")
        if len(self.open) >= DEEPEST:
            said = f"elements are nested more than {DEEPEST} deep"
            raise TransformRefused("too-deep", said, where=f"line {place}")
        element = Element(tag, place, attributes)
        if self.open:
            self.open[-1].children.append(element)
        else:
            self.root = element
        self.open.append(element)

    def end(self, _: str) -> None:
        self.open.pop()

    def text(self, piece: str) -> None:
        self.open[-1].pieces.append(piece)

    def doctype(self, *_: object) -> None:
        said = "a document type is not read: its entities could stand for anything"
        where = f"line {self.parser.CurrentLineNumber}"
        raise TransformRefused("document-type", said, where=where, fix="delete the <!DOCTYPE ...>")


def xml_of(content: bytes) -> Element:
    """The root element of an XML document.

    Raises:
        TransformRefused: `not-xml`, `document-type`, `too-large`, `too-deep`.
    """
    if len(content) > MOST_BYTES:
        raise TransformRefused("too-large", f"the file is larger than {MOST_BYTES} bytes")
    parser = expat.ParserCreate()
    parser.buffer_text = True
    builder = _TreeBuilder(parser)
    parser.StartElementHandler, parser.EndElementHandler = builder.start, builder.end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = builder.text, builder.doctype
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        where = f"line {parser.CurrentLineNumber}"
        raise TransformRefused("not-xml", f"this is no well-formed XML: {error}", where=where) from error
    if builder.root is None:
        raise TransformRefused("not-xml", "the file holds no element")
    return builder.root
