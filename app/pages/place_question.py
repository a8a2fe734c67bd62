"""How a question about places looks as the JSON body of a request, and how much one may ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

MOST_NAME: Final = 2000
"""Characters of the name of a coordinate system."""

MOST_GEOMETRY: Final = 1000
"""Points, boxes or polygons of an address; boxes or polygons of a body."""

MOST_POINTS: Final = 20_000
"""Points of a body, or corners of one of its polygons."""

MOST_BYTES: Final = 4 * 1024 * 1024
"""Size of a body."""

_NAME: Final = {"type": "string", "minLength": 1, "maxLength": MOST_NAME}
_NAMES: Final = {"type": "array", "items": _NAME, "maxItems": MOST_GEOMETRY}
_PLACE: Final = {
    "type": "array",
    "items": {"type": "number", "minimum": -1e150, "maximum": 1e150},
    "minItems": 1,
}
_BOX: Final = {"type": "object", "required": ["min", "max"], "properties": {"min": _PLACE, "max": _PLACE}}
_RING: Final = {"type": "array", "items": _PLACE, "minItems": 3, "maxItems": MOST_POINTS}

BODY: Final[Mapping[str, Any]] = {
    "type": "object",
    "required": ["from", "to"],
    "additionalProperties": False,
    "properties": {
        "from": _NAME,
        "to": _NAME,
        "points": {"type": "array", "items": _PLACE, "maxItems": MOST_POINTS},
        "boxes": {"type": "array", "items": _BOX, "maxItems": MOST_GEOMETRY},
        "polygons": {"type": "array", "items": _RING, "maxItems": MOST_GEOMETRY},
        "via": _NAMES,
        "avoid": _NAMES,
        "prefer": {"enum": ["error", "hops"]},
        "alternatives": {"type": "boolean"},
    },
}
"""JSON Schema of a body; coordinates are in the axis order of `from`."""
