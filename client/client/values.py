"""Answers of SPARQL queries as values of Python."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Final

from rembigraph.client.errors import BrokenAnswer
from rembigraph.ontology.identifiers import PREFIXES

_XSD: Final = PREFIXES["xsd"]
_TRUTH: Final = {"true": True, "1": True, "false": False, "0": False}
_WHOLE: Final = (
    "integer int long short byte nonNegativeInteger positiveInteger nonPositiveInteger negativeInteger"
    " unsignedLong unsignedInt unsignedShort unsignedByte"
)
_WHOLE_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,1000}")
_NUMBER: Final = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?INF|NaN")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})?"
)


def _checked(pattern: re.Pattern[str], read: Callable[[str], object]) -> Callable[[str], object]:
    def convert(text: str) -> object:
        if not pattern.fullmatch(text):
            raise ValueError(text)
        return read(text)

    return convert


_READERS: Final[dict[str, Callable[[str], object]]] = {
    **{_XSD + name: _checked(_WHOLE_NUMBER, int) for name in _WHOLE.split()},
    **{_XSD + name: _checked(_NUMBER, float) for name in ("double", "float", "decimal")},
    _XSD + "boolean": _TRUTH.__getitem__,
    _XSD + "date": _checked(_DAY, date.fromisoformat),
    _XSD + "dateTime": _checked(_MOMENT, datetime.fromisoformat),
}


def value_of(term: dict[str, Any]) -> object:
    """Return a term of SPARQL 1.1 Query Results JSON as a value: int, float, bool, date, datetime, else text.

    Whole numbers stay exact; a decimal becomes a float. A literal that its datatype does not allow, a date with a time
    zone, and a year or month alone stay text, as they are written. An IRI is text; a blank node begins with `_:`.
    """
    text = str(term["value"])
    if term.get("type") == "bnode":
        return f"_:{text}"
    read = _READERS.get(term.get("datatype", ""))
    if read is None:
        return text
    try:
        return read(text)
    except (KeyError, ValueError):
        return text


def read_results(data: bytes) -> bool | tuple[list[str], list[list[object]]]:
    """Read SPARQL 1.1 Query Results JSON: the answer of ASK, or columns and rows.

    Raises:
        BrokenAnswer: it is something else.
    """
    try:
        document = json.loads(data)
        if "boolean" in document:
            return bool(document["boolean"])
        columns = [str(name) for name in document["head"]["vars"]]
        bindings = document["results"]["bindings"]
        rows = [[value_of(row[name]) if name in row else None for name in columns] for row in bindings]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BrokenAnswer("the answer is no SPARQL result in JSON") from error
    return columns, rows
