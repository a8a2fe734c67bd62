"""Foreign JSON as tests look at it: its leaves, counted without any code of ours, and the places to put dirt at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

JUNK: list[Any] = [
    *(None, [], {}, 7, -1.5, True, "", " ", "x", ",;", [[None]], {"a": [{}]}, ["y"]),
    *("jane.doe@example.org", "\x02", "\x02\x00"),
]
"""Values that stand in no field on purpose, to be put in every place of a document."""


def leaf_count(value: Any) -> int:
    """Scalars and empty objects and lists; what stands under @context does not count."""
    if isinstance(value, dict) and value:
        return sum(leaf_count(item) for key, item in value.items() if key != "@context")
    if isinstance(value, list) and value:
        return sum(map(leaf_count, value))
    return 1


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every member and item of a document, as what holds it and its name or number there."""
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from places(value[key])
