"""Foreign JSON within bounds: UTF-8, at most 64 levels deep, no duplicate keys, no NaN, no lone surrogates.

Whatever breaks a bound is refused with its line and column, so that a person finds the place in an editor.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import accumulate
from typing import Any, NoReturn

from rembigraph.loaders.reading import Document
from rembigraph.loaders.values import without_email
from rembigraph.ontology.errors import SourceMalformed

MAX_DEPTH = 64
MAX_VALUES = 500_000  # objects, lists and items: they take far more room in memory than in the text

# Possessive (`++`, `*+`): a hostile text can't make these look at anything twice.
_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[{}\[\],:]|[^\s{}\[\],:"]++', re.DOTALL)
_BRACKET = re.compile(r"[{}\[\]]")
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


def _expected(mark: str, text: str, position: int, document: Document) -> int:
    """Return the position behind a mark; an empty mark is the end of the text."""
    position = _behind_blanks(text, position)
    if not text.startswith(mark, position) or (not mark and position < len(text)):
        what = f"{mark!r} is expected there" if mark else "something follows the list"
        _refuse(document, text, f"this is not a JSON list: {what}", position, "syntax", _SYNTAX_FIX)
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
    brackets = _BRACKET.findall(_STRING.sub("", text))
    if max(accumulate(map(_STEP.__getitem__, brackets)), default=0) <= MAX_DEPTH:
        return
    depth, position = 0, 0
    for token in _TOKEN.finditer(text):
        depth += _STEP.get(token.group(), 0)
        if depth > MAX_DEPTH:
            position = token.start()
            break
    message = f"values are nested more than {MAX_DEPTH} deep"
    _refuse(document, text, message, position, "too-deep", "Flatten it; no record format nests that deep.")


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
