"""Foreign RDF text in bounds: Turtle, TriG, N-Triples, N-Quads and RDF/XML become statements, or an error.

The parser is pyoxigraph, never in its lenient mode, and it gets nothing that could make it recurse, expand or fetch:
nesting is measured first, DTDs and triple terms are refused first. The number of statements is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NoReturn
from xml.parsers import expat

from pyoxigraph import DefaultGraph, Literal, NamedNode, RdfFormat, Triple, parse
from rembigraph.loaders.rdf_terms import RELATIVE, XSD_STRING, Statement, Text, size_of
from rembigraph.loaders.reading import Document
from rembigraph.loaders.values import without_email
from rembigraph.ontology.errors import SourceMalformed

MAX_DEPTH = 64
MAX_STATEMENTS = 400_000
MAX_CHARACTERS = 128_000_000  # of all statements written out: a prefix may be long and used often
MAX_ATTRIBUTES = 256  # of one XML tag, namespaces included
MAX_TEXT_BYTES = 16 * 1024 * 1024  # of one literal

_SNIFFED_BYTES = 64 * 1024
_RDF_NAMESPACE = b"http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_BOM = b"\xef\xbb\xbf"
# Possessive (`++`, `*+`): a hostile text can't make these look at anything twice.
_BLANK = rb"(?:[ \t\r\n]++|#[^\n]*+(?:\n|\Z))*+"
_TEXT_START = re.compile(
    _BLANK + rb"(?:<[^<>\n]*+>" + _BLANK + rb"(?:[<\[(\"]|_:|a[\s<]|[A-Za-z][\w.-]*:|\{|:)"
    rb"|_:[^\s<>]+\s"
    rb"|@(?:prefix|base|version)\s|(?i:prefix\s+[^\s<>]*:\s*<|base\s*<|graph\s*(?:<|_:)|version\s*[\"'])"
    rb"|[\[({]\s*(?:<[^<>\s]*>|_:|a\s|\]\s*<))"
)
_XML_START = re.compile(
    rb"\s*+<(?:\?xml[\s?]|!|([A-Za-z_][\w.-]*+(?::[\w.-]++)?)(?:\s++[\w:.-]++\s*+=|\s*+/?>))"
)
_TOKEN = re.compile(
    r'"""(?:[^"\\]++|\\.|"{1,2}+(?!"))*+(?:"""|\Z)'
    r"|'''(?:[^'\\]++|\\.|'{1,2}+(?!'))*+(?:'''|\Z)"
    r'|"(?:[^"\\\n]++|\\.)*+"?|' + r"'(?:[^'\\\n]++|\\.)*+'?"
    r"|\\.|<<|<[^<>\s\"{}|^`]*+>|\#[^\n]*+|[\[\](){}]",
    re.DOTALL,
)
_LABEL = re.compile(r"_:([\w.-]*\w)")
_XML_LABEL = re.compile(r"""nodeID\s*=\s*["']([^"'<]*)""")
_STEP = {"[": 1, "(": 1, "{": 1, "]": -1, ")": -1, "}": -1}
_QUOTED_IN_MESSAGE = re.compile(r"'([^']+)'")
_POSITION = re.compile(
    r"^Parser error at line \d+ (?:column \d+|between columns? \d+ and (?:column )?\d+): | \(line \d+\)$"
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_TEXT_FIX = "Mend it there; RDF is read strictly, as its W3C recommendation says."


def is_rdf_text(document: Document) -> bool:
    """Whether the bytes begin like Turtle, TriG, N-Triples or N-Quads (and not like XML or JSON)."""
    return bool(_TEXT_START.match(_head(document))) and not _is_xml(document)


def is_rdf_xml(document: Document) -> bool:
    """Whether the bytes begin like XML and name the RDF namespace."""
    return _is_xml(document) and _RDF_NAMESPACE in document.data


def _head(document: Document) -> bytes:
    return document.data[:_SNIFFED_BYTES].removeprefix(_BOM)


def _is_xml(document: Document) -> bool:
    """`<urn:a>` may begin a tag or a triple; XML closes its tags."""
    match = _XML_START.match(_head(document))
    if not match or match.group(1) is None:
        return bool(match)
    return b"</" + match.group(1) in document.data or b"/>" in document.data


def text_statements(document: Document) -> list[Statement]:
    """Parse Turtle, TriG, N-Triples or N-Quads.

    Raises:
        SourceMalformed: it is none of them, or breaks a bound; `pointer` is `line:column`.
    """
    text = decoded(document)
    _check_tokens(text, document)
    try:
        return _statements(text, RdfFormat.TRIG, document)
    except SyntaxError as error:
        as_trig = error
    try:
        return _statements(text, RdfFormat.N_QUADS, document)
    except SyntaxError as error:
        _refuse_syntax(document, max(as_trig, error, key=_where))


def xml_statements(document: Document) -> list[Statement]:
    """Parse RDF/XML.

    Raises:
        SourceMalformed: it is not RDF/XML, has a DTD, or breaks a bound; `pointer` is `line:column`.
    """
    text = decoded(document)
    _check_xml(document)
    try:
        return _statements(text, RdfFormat.RDF_XML, document)
    except SyntaxError as error:
        _refuse_syntax(document, error, text)


def decoded(document: Document) -> str:
    """Return the text of a document.

    Raises:
        SourceMalformed: it is not UTF-8, or holds the character U+0000.
    """
    try:
        text = document.data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = document.data.count(b"\n", 0, error.start) + 1
        column = error.start - document.data.rfind(b"\n", 0, error.start)
        message = f"the file is not UTF-8 text (byte 0x{document.data[error.start]:02x} there)"
        raise _malformed(document, message, f"{line}:{column}", "encoding", "Save it as UTF-8.") from None
    if "\0" in text:
        refuse_nul(document, text, text.index("\0"))
    return text


def refuse_nul(document: Document, text: str, position: int) -> NoReturn:
    """Refuse the character U+0000, which no other tool would carry on."""
    message, fix = "there is a character U+0000 in it", "Take the character out; it stands for nothing."
    raise _malformed(document, message, place(text, position), "nul", fix)


def too_many_statements(document: Document) -> SourceMalformed:
    """The error for a document that says more than fits."""
    millions = MAX_CHARACTERS // 1_000_000
    message = f"the file holds more than {MAX_STATEMENTS} statements or {millions} million characters"
    return _malformed(document, message, "1:1", "too-large", "Split it, one file for each study.")


def place(text: str, position: int) -> str:
    """Return `line:column` of a position, from 1."""
    return f"{text.count(chr(10), 0, position) + 1}:{position - text.rfind(chr(10), 0, position)}"


# --- bounds before parsing


def _check_tokens(text: str, document: Document) -> None:
    depth = 0
    for token in _TOKEN.finditer(text):
        found = token.group()
        if found == "<<":
            _refuse_triple_term(document, place(text, token.start()))
        depth += _STEP.get(found, 0)
        if depth > MAX_DEPTH:
            _refuse_depth(document, place(text, token.start()))


def _refuse_triple_term(document: Document, where: str) -> NoReturn:
    message = "triples about triples (RDF 1.2) are not read"
    raise _malformed(document, message, where, "triple-term", "Write the statement as a node of its own.")


def _refuse_depth(document: Document, where: str) -> NoReturn:
    message = f"values are nested more than {MAX_DEPTH} deep"
    raise _malformed(document, message, where, "too-deep", "Flatten it: give the inner nodes names.")


def _check_xml(document: Document) -> None:
    """Walk the tags with expat, which stops at a DTD before any entity is known, and sees an end that is missing."""
    parser: Any = expat.ParserCreate("utf-8")
    open_tags = 0

    def here() -> str:
        return f"{parser.CurrentLineNumber}:{parser.CurrentColumnNumber + 1}"

    def refuse_dtd(*_: object) -> None:
        message, fix = "the XML has a DTD (<!DOCTYPE ...>)", "Take the DTD out and write its entities out."
        raise _malformed(document, message, here(), "dtd", fix)

    def opened(_: str, attributes: list[str]) -> None:
        nonlocal open_tags
        open_tags += 1
        if len(attributes) > 2 * MAX_ATTRIBUTES:
            message, fix = f"a tag has more than {MAX_ATTRIBUTES} attributes", "Write them as elements."
            raise _malformed(document, message, here(), "too-large", fix)
        if open_tags > MAX_DEPTH:
            _refuse_depth(document, here())

    def closed(_: str) -> None:
        nonlocal open_tags
        open_tags -= 1

    parser.ordered_attributes = True
    parser.StartDoctypeDeclHandler = refuse_dtd
    parser.StartElementHandler = opened
    parser.EndElementHandler = closed
    try:
        parser.Parse(document.data.removeprefix(_BOM), True)
    except expat.ExpatError as error:
        where = f"{error.lineno}:{error.offset + 1}"
        message = f"this is not XML: {expat.ErrorString(error.code)}"
        raise _malformed(document, message, where, "syntax", "Check the tags and quotes there.") from None


# --- parsing


class _Names:
    """Names of nodes, each name one object. Blank nodes without a label in the text are numbered in its order."""

    def __init__(self, text: str) -> None:
        self._labels = frozenset(_LABEL.findall(text)) | frozenset(_XML_LABEL.findall(text))
        self._known: dict[str, str] = {}
        self._anonymous = 0

    def of(self, node: Any) -> str:
        given = node.value if isinstance(node, NamedNode) else f"_:{node.value}"
        name = self._known.get(given)
        if name is None:
            name = self._known[given] = self._new(given)
        return name

    def _new(self, given: str) -> str:
        if not given.startswith("_:") or given[2:] in self._labels:
            return given
        self._anonymous += 1
        return f"_:.{self._anonymous}"


def _statements(text: str, form: RdfFormat, document: Document) -> list[Statement]:
    found: list[Statement] = []
    names = _Names(text)
    characters = 0
    for quad in _quads(text, form, document, found):
        if isinstance(quad.object, Triple):
            _refuse_triple_term(document, "1:1")
        graph = "" if isinstance(quad.graph_name, DefaultGraph) else names.of(quad.graph_name)
        term = _literal(quad.object) if isinstance(quad.object, Literal) else names.of(quad.object)
        found.append(Statement(names.of(quad.subject), names.of(quad.predicate), term, graph))
        characters += sum(map(len, (found[-1].subject, found[-1].predicate, graph))) + size_of(term)
        if len(found) > MAX_STATEMENTS or characters > MAX_CHARACTERS:
            raise too_many_statements(document)
        if isinstance(term, Text) and "\0" in term.text:
            refuse_nul(document, text, max(text.lower().find("\\u0000"), 0))
    return found


def _quads(text: str, form: RdfFormat, document: Document, found: list[Statement]) -> Iterator[Any]:
    try:
        yield from parse(text.encode("utf-8"), form, base_iri=RELATIVE)
    except MemoryError:  # the parser's own bound
        message = f"after {len(found)} statements there is a text longer than {MAX_TEXT_BYTES >> 20} MiB"
        fix = "A record holds metadata; name the file instead of writing it out."
        raise _malformed(document, message, _place_of_longest(text), "too-large", fix) from None


def _place_of_longest(text: str) -> str:
    longest = max(_TOKEN.finditer(text), key=lambda token: len(token.group()), default=None)
    return place(text, longest.start()) if longest else "1:1"


def _literal(literal: Literal) -> Text:
    if literal.language:
        direction = f"--{literal.direction}" if literal.direction else ""
        return Text(literal.value, "", literal.language + direction)
    datatype = literal.datatype.value
    return Text(literal.value, "" if datatype == XSD_STRING else datatype)


# --- errors


def _where(error: SyntaxError) -> tuple[int, int]:
    return error.lineno or 0, error.offset or 0


def _refuse_syntax(document: Document, error: SyntaxError, text: str = "") -> NoReturn:
    line, column = _where(error)
    where = f"{line}:{column}" if line else _place_of_quoted(str(error), text)
    problem = _POSITION.sub("", _POSITION.sub("", str(error)))
    problem = _CONTROL.sub(lambda found: f"U+{ord(found.group()):04X}", without_email(problem)[:200])
    raise _malformed(document, f"this is not RDF: {problem}", where, "syntax", _TEXT_FIX) from None


def _place_of_quoted(message: str, text: str) -> str:
    """The parser of RDF/XML names no line, but quotes what it can't read."""
    quoted = _QUOTED_IN_MESSAGE.search(message)
    position = text.find(quoted.group(1)) if quoted else -1
    return place(text, position) if position >= 0 else "1:1"


def _malformed(document: Document, message: str, pointer: str, code: str, fix: str) -> SourceMalformed:
    return SourceMalformed(message, source=document.place, pointer=pointer, code=code, fix=fix)
