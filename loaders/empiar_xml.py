"""EMPIAR's XML headers (`{nnnnn}.xml` beside the data), the form that came before the API.

Read by expat in bounds: a document type, and with it every entity of the document's own, is refused. Elements and
attributes become nested objects (`@name` an attribute, `#text` the text of an element that has more than text), so
that every attribute and every text that is not blank has a JSON pointer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NoReturn
from xml.parsers import expat

from rembigraph.loaders.empiar_entry import SOURCE, Form, accession_of, reading
from rembigraph.loaders.empiar_places import TEXT, Place, Taking
from rembigraph.loaders.json_bounds import MAX_DEPTH
from rembigraph.loaders.leaves import LeafAccount
from rembigraph.loaders.reading import Document, Reading
from rembigraph.loaders.values import without_email
from rembigraph.ontology.errors import SourceError, SourceMalformed

FORMAT = "empiar-xml"

__all__ = ["FORMAT", "SOURCE", "nested", "read", "recognises"]

_SNIFFED_BYTES = 64 * 1024
_FORM = Form(FORMAT, escaped_twice=True)
_ENTRY = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?entry[\s>/]")
_OURS = re.compile(rb"""pdbe\.org/empiar|empiar\.xsd|\saccessionCode\s*=\s*["']EMPIAR-""")
_ATTRIBUTE = "@"


def recognises(document: Document) -> bool:
    """Whether the text begins like XML with an `entry` of EMPIAR: in its namespace, or by its accession."""
    head = document.data[:_SNIFFED_BYTES].removeprefix(b"\xef\xbb\xbf").lstrip()
    return head.startswith(b"<") and bool(_ENTRY.search(head)) and bool(_OURS.search(head))


def read(document: Document) -> Iterator[Reading | SourceError]:
    """Read the entry of a header."""
    try:
        parsed = nested(document)
        yield _entry(document, parsed)
    except SourceError as error:
        yield error


def _entry(document: Document, parsed: dict[str, Any]) -> Reading:
    root = parsed.get("entry")
    code = root.get(f"{_ATTRIBUTE}accessionCode") if isinstance(root, dict) else None
    accession = accession_of(code) if isinstance(code, str) else None
    if not isinstance(root, dict) or accession is None:
        message = f"the header names no entry of EMPIAR (it says {without_email(str(code))[:80]!r})"
        raise SourceMalformed(
            message,
            source=document.place,
            pointer="/entry/@accessionCode",
            code="unknown-accession",
            fix='Write <entry accessionCode="EMPIAR-10310" ...>.',
        )
    account = LeafAccount(parsed)
    return reading(_FORM, accession, account, lambda taking: _flat(taking, root), document.data)


def _flat(taking: Taking, root: dict[str, Any]) -> Place:
    """Return the entry as one place: the header spreads over sections what the API has side by side."""
    entry = Place(taking, (root, "/entry"))
    entry.ignore("xml-schema-location", "schema_location", "no_namespace_schema_location")
    admin = entry.place("admin")
    crossed = entry.place("cross_references")
    return entry | admin | admin.place("key_dates") | crossed


# --- XML


def nested(document: Document) -> dict[str, Any]:
    """Return the elements of a document as nested objects.

    Raises:
        SourceMalformed: it is no XML, has a document type, or is nested too deep; `pointer` is `line:column`.
    """
    builder = _Builder(document)
    try:
        builder.parser.Parse(document.data, True)
    except expat.ExpatError as error:
        message = f"this is not XML: {expat.ErrorString(error.code)}"
        place = f"{error.lineno}:{error.offset + 1}"
        raise SourceMalformed(
            message, source=document.place, pointer=place, code="syntax", fix="Check the tags there."
        ) from None
    except (ValueError, LookupError) as error:  # an encoding that Python does not know
        message = f"this is not XML that can be decoded ({error})"
        raise SourceMalformed(
            message, source=document.place, code="encoding", fix="Save it as UTF-8."
        ) from None
    return builder.root


class _Builder:
    """Builds nested objects from the events of one parser."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.root: dict[str, Any] = {}
        self._open: list[dict[str, Any]] = [self.root]
        self._texts: list[list[str]] = [[]]
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._refuse_document_type

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) > MAX_DEPTH:
            self._refuse(f"elements are nested more than {MAX_DEPTH} deep", "too-deep", "Flatten it.")
        self._open.append({f"{_ATTRIBUTE}{_local(key)}": value for key, value in attributes.items()})
        self._texts.append([])

    def _end(self, name: str) -> None:
        element: Any = self._open.pop()
        text = "".join(self._texts.pop()).strip()
        if text:
            element = {**element, TEXT: text} if element else text
        if element:
            _add(self._open[-1], _local(name), element)

    def _text(self, text: str) -> None:
        self._texts[-1].append(text)

    def _refuse_document_type(self, *_: object) -> None:
        self._refuse("a document type (<!DOCTYPE>) is refused", "dtd", "Remove it and its entities.")

    def _refuse(self, message: str, code: str, fix: str) -> NoReturn:
        place = f"{self.parser.CurrentLineNumber}:{self.parser.CurrentColumnNumber + 1}"
        raise SourceMalformed(message, source=self._document.place, pointer=place, code=code, fix=fix)


def _local(name: str) -> str:
    return name.rpartition(" ")[2]


def _add(parent: dict[str, Any], name: str, element: Any) -> None:
    """Add an element; several of one name become a list. An element without anything in it is no value."""
    known = parent.get(name)
    if known is None:
        parent[name] = element
    elif isinstance(known, list):
        known.append(element)
    else:
        parent[name] = [known, element]
