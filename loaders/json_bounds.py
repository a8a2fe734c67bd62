"""Foreign JSON within bounds: UTF-8, at most 64 levels deep, no duplicate keys, no NaN, no lone surrogates.

Whatever breaks a bound is refused with its line and column, so that a person finds the place in an editor.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from rembigraph.loaders.reading import Document
from rembigraph.loaders.values import without_email
from rembigraph.ontology.errors import SourceMalformed

MAX_DEPTH = 64
MAX_VALUES = 500_000  # objects, lists and items: they take far more room in memory than in the text
_LOOKED_AT = (4 * 1024, 64 * 1024, 1024 * 1024, 64 * 1024 * 1024)  # characters for one member or row

# Possessive (`++`, `*+`): a hostile text can't make these look at anything twice.
_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[{}\[\],:]|[^\s{}\[\],:"]++', re.DOTALL)
_BRACKET = re.compile(r'(?:[^{}\[\]"]++|"(?:[^"\\]++|\\.)*+"?)*+([{}\[\]]?)', re.DOTALL)
_CLOSING = {"{": "}", "[": "]"}
_STEP = {"{": 1, "[": 1, "}": -1, "]": -1}
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_BLANKS = re.compile(r"[ \t\r\n]*")
_SYNTAX_FIX = "Check commas, quotes and brackets there; a file holds one JSON document."


class JsonFloat(float):
    """A number with a fraction or exponent that remembers how it was written."""

    text: str

    def __new__(cls, text: str) -> JsonFloat:
        """Read the number and keep its text."""
        number = super().__new__(cls, text)
        number.text = text
        return number


class _RefusedError(ValueError):
    """Raised from inside the parser, which does not know where it is; the place is looked up afterwards."""

    def __init__(self, message: str, code: str, fix: str, find: Callable[[str], int]) -> None:
        super().__init__(message)
        self.message, self.code, self.fix, self.find = message, code, fix, find


def parse_json(document: Document) -> Any:
    """Parse a document; numbers with a fraction become `JsonFloat`, whole numbers stay exact.

    Raises:
        SourceMalformed: it is not JSON or breaks a bound; `pointer` is `line:column`.
    """
    _check_size(document)
    text = _checked(document)
    with _refusals(document, text):
        value = _DECODER.decode(text)
    if _SURROGATE.search(text):
        _check_surrogates(text, document)
    return value


def parse_items(document: Document) -> Iterator[Any]:
    """Parse a document that is one JSON list, an item at a time: a list of many files is never whole in memory.

    Raises:
        SourceMalformed: it is not JSON, no list, or breaks a bound; `pointer` is `line:column`.
    """
    text = _checked(document)
    with _refusals(document, text):
        _check_surrogates(text, document)
    position = _expected("[", text, 0, document)
    closing = text.startswith("]", _behind_blanks(text, position))
    while not closing:
        with _refusals(document, text):
            item, position = _DECODER.raw_decode(text, _behind_blanks(text, position))
        yield item
        closing = text.startswith("]", _behind_blanks(text, position))
        position = position if closing else _expected(",", text, position, document)
    _expected("", text, _expected("]", text, position, document), document)


def parse_members(
    document: Document, is_table: Callable[[str], bool], take: Callable[[str, str | int, Any], None]
) -> dict[str, Any]:
    """Parse a document that is one JSON object, its tables a row at a time: they are never whole in memory.

    Args:
        document: the document.
        is_table: whether the member of this name is a table where it is an object or a list.
        take: takes the name of a table, the name or number of a row, and the row.

    Returns:
        The object; a table in it is empty.

    Raises:
        SourceMalformed: it is not JSON, no object, or breaks a bound; `pointer` is `line:column`.
    """
    text = _checked(document)
    with _refusals(document, text):
        _check_surrogates(text, document)
        _expected("{", text, 0, document)
        cursor = _Cursor(document, text)
        members: dict[str, Any] = {}
        for key in cursor.names():
            mark = cursor.mark()
            if mark in ("{", "[") and is_table(str(key)):
                members[str(key)] = {} if mark == "{" else []
                for name in cursor.names():
                    take(str(key), name, cursor.value())
            else:
                members[str(key)] = cursor.value()
        _expected("", text, cursor.position, document)
    return members


def split_list(
    document: Document, is_wanted: Callable[[Any], bool], member: str = ""
) -> tuple[dict[str, Any], list[bytes]]:
    """Return the bytes of each item of a document that is a JSON list.

    Args:
        document: the document.
        is_wanted: whether an item is what the list is to be of; if one is not, no item is returned.
        member: name of the list where the document is an object that holds it.

    Returns:
        The other members of such an object, and the items.

    Raises:
        SourceMalformed: it is not JSON, not such a list, or breaks a bound; `pointer` is `line:column`.
    """
    text = _checked(document)
    members: dict[str, Any] = {}
    items: list[bytes] = []
    with _refusals(document, text):
        _check_surrogates(text, document)
        _expected("{" if member else "[", text, 0, document)
        cursor = _Cursor(document, text)
        for name in cursor.names() if member else [""]:
            if name != member or cursor.mark() != "[":
                members[str(name)] = cursor.value()
                continue
            for value, data in cursor.items():
                if not is_wanted(value):
                    return members, []
                items.append(data)
        _expected("", text, cursor.position, document)
    return members, items


class _Cursor:
    """Goes through the text of a document whose depth is in bounds, a value at a time.

    Args:
        document: the document, for messages.
        text: its text.
    """

    def __init__(self, document: Document, text: str) -> None:
        self.position = 0
        self._document = document
        self._text = text

    def mark(self) -> str:
        """Return the first character of what comes next."""
        self.position = _behind_blanks(self._text, self.position)
        return self._text[self.position : self.position + 1]

    def names(self) -> Iterator[str | int]:
        """Go into an object or list: yield the name or number of each value, which is to be taken before the next."""
        opening = "[" if self.mark() == "[" else "{"
        closing = _CLOSING[opening]
        self._pass(opening)
        seen: set[str | int] = set()
        while self.mark() != closing:
            if seen:
                self._pass(",")
            name = len(seen) if opening == "[" else self._name()
            if name in seen:
                _object([(str(name), None)] * 2)
            seen.add(name)
            yield name
        self._pass(closing)

    def items(self) -> Iterator[tuple[Any, bytes]]:
        """Yield each value of a list with its bytes."""
        for _ in self.names():
            self.mark()
            start, value = self.position, self.value()
            yield value, self._text[start : self.position].encode()

    def _name(self) -> str:
        self._pass('"')
        self.position -= 1
        name = str(self.value())
        self._pass(":")
        return name

    def _pass(self, mark: str) -> None:
        self.position = _expected(mark, self._text, self.position, self._document)

    def value(self) -> Any:  # noqa: RET503 — `_refuse` never returns
        """Take the value that comes next; only as much as it may hold is ever parsed."""
        start = _behind_blanks(self._text, self.position)
        for size in _LOOKED_AT:
            part = self._text[start : start + size]
            whole = start + size >= len(self._text)
            if sum(map(part.count, ",[{")) > MAX_VALUES:
                break
            try:
                value, end = _DECODER.raw_decode(part)
            except json.JSONDecodeError as error:
                if whole:
                    raise json.JSONDecodeError(error.msg, self._text, start + error.pos) from None
                continue
            if whole or end < len(part):
                self.position = start + end
                return value
        message = f"one value holds more than {MAX_VALUES} values"
        fix = "Split the document, one for each study."
        _refuse(self._document, self._text, message, start, "too-large", fix)


def _expected(mark: str, text: str, position: int, document: Document) -> int:
    """Return the position behind a mark; an empty mark is the end of the text."""
    position = _behind_blanks(text, position)
    if not text.startswith(mark, position) or (not mark and position < len(text)):
        what = f"{mark!r} is expected there" if mark else "something follows what it begins with"
        _refuse(document, text, f"this is not JSON: {what}", position, "syntax", _SYNTAX_FIX)
    return position + len(mark)


def _behind_blanks(text: str, position: int) -> int:
    match = _BLANKS.match(text, position)
    return match.end() if match else position


def _checked(document: Document) -> str:
    """Return the text of a document whose depth and characters are in bounds."""
    text = _decoded(document)
    _check_depth(text, document)
    return text


@contextmanager
def _refusals(document: Document, text: str) -> Iterator[None]:
    """Say where in a document the parser stopped."""
    try:
        yield
    except json.JSONDecodeError as error:
        _refuse(
            document, text, f"this is not JSON: {_problem(text, error)}", error.pos, "syntax", _SYNTAX_FIX
        )
    except _RefusedError as error:
        _refuse(document, text, error.message, error.find(text), error.code, error.fix)


def _problem(text: str, error: json.JSONDecodeError) -> str:
    return error.msg.removesuffix(" at").lower() if text.strip() else "it is empty"


def _decoded(document: Document) -> str:
    try:
        return document.data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place, message = _place_of_byte(document.data, error.start)
    raise SourceMalformed(
        message, source=document.place, pointer=place, code="encoding", fix="Save it as UTF-8."
    )


def _place_of_byte(data: bytes, position: int) -> tuple[str, str]:
    line = data.count(b"\n", 0, position) + 1
    column = position - data.rfind(b"\n", 0, position)
    what = "UTF-16" if data.startswith(_UTF16) else f"byte 0x{data[position]:02x} there"
    return f"{line}:{column}", f"the file is not UTF-8 text ({what})"


def _check_size(document: Document) -> None:
    if sum(map(document.data.count, (b",", b"[", b"{"))) > MAX_VALUES:
        message = f"the document holds more than {MAX_VALUES} values"
        fix = "Split it, one document for each study."
        raise SourceMalformed(message, source=document.place, pointer="1:1", code="too-large", fix=fix)


def _check_depth(text: str, document: Document) -> None:
    """Measure before parsing: the parser itself would recurse as deep as the text says."""
    depth = 0
    for piece in _BRACKET.finditer(text):
        depth += _STEP.get(piece[1], 0)
        if depth > MAX_DEPTH:
            message = f"values are nested more than {MAX_DEPTH} deep"
            fix = "Flatten it; no record format nests that deep."
            _refuse(document, text, message, piece.start(1), "too-deep", fix)
        if depth < 0:
            return  # the parser will not get behind this place


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    seen: set[str] = set()
    key = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
    message = f"the key {without_email(key[:80])!r} stands twice in one object"
    raise _RefusedError(message, "duplicate-key", "Keep one of them, or make it a list.", _place_of_duplicate)


def _float(text: str) -> JsonFloat:
    number = JsonFloat(text)
    if math.isinf(number):
        raise _number_refused(text)
    return number


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise _number_refused(text) from None


def _constant(text: str) -> NoReturn:
    raise _RefusedError(f"{text} is not JSON", "number", "Write null or leave the value out.", _finder(text))


def _number_refused(text: str) -> _RefusedError:
    message = f"the number {text[:20]}{'...' if len(text) > 20 else ''} is too large to be kept exactly"
    return _RefusedError(message, "number", "Write it as a string.", _finder(text))


# --- places, looked up only when something is refused


def _finder(wanted: str) -> Callable[[str], int]:
    return lambda text: next((token.start() for token in _TOKEN.finditer(text) if token.group() == wanted), 0)


def _place_of_duplicate(text: str) -> int:
    keys: list[set[str] | None] = []  # one entry for each open bracket; None for a list
    key_next = False
    for token in _TOKEN.finditer(text):
        match token.group()[0]:
            case "{" | "[" as bracket:
                keys.append(set() if bracket == "{" else None)
                key_next = bracket == "{"
            case "}" | "]":
                keys.pop()
            case ",":
                key_next = keys[-1] is not None
            case '"' if key_next and (known := keys[-1]) is not None:
                key, key_next = json.loads(token.group()), False
                if key in known:
                    return token.start()
                known.add(key)
    return 0


def _check_surrogates(text: str, document: Document) -> None:
    for start, token in _strings_with_surrogates(text):
        try:
            json.loads(token).encode("utf-8")
        except UnicodeEncodeError:
            message = "half of a surrogate pair stands alone: no character has that code"
            _refuse(
                document, text, message, start, "surrogate", "Write the character itself, or both halves."
            )


def _strings_with_surrogates(text: str) -> Iterator[tuple[int, str]]:
    for token in _STRING.finditer(text):
        if _SURROGATE.search(token.group()):
            yield token.start(), token.group()


def _refuse(document: Document, text: str, message: str, position: int, code: str, fix: str) -> NoReturn:
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    raise SourceMalformed(
        message, source=document.place, pointer=f"{line}:{column}", code=code, fix=fix
    ) from None


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_float, parse_constant=_constant, parse_int=_integer
)
