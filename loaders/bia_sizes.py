"""Lengths with their unit: pixel sizes and extents of images in BIA documents."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rembigraph.loaders.bia_fields import decimal
from rembigraph.loaders.leaves import raw_json
from rembigraph.ontology.generated.models import QuantityValue
from rembigraph.ontology.identifiers import PREFIXES

# Unit as it is written -> UCUM code, QUDT name, power of ten in metres.
_UNITS = {
    "m": ("m", "M", 0),
    "mm": ("mm", "MilliM", -3),
    "µm": ("um", "MicroM", -6),
    "μm": ("um", "MicroM", -6),
    "um": ("um", "MicroM", -6),
    "nm": ("nm", "NanoM", -9),
    "Å": ("Ao", "ANGSTROM", -10),
    "pm": ("pm", "PicoM", -12),
}
_FINITE = 1e100


def length(axis: str, raw: Any, unit: str) -> list[QuantityValue]:
    """Return a length along an axis as stated and in metres; none for what is no positive number or known unit.

    >>> length("x", 3.5e-08, "m")[0].value_si, length("x", "0.5", "furlong")
    (3.5e-08, [])
    """
    number = decimal(raw)
    if number is None or not 0 < number < _FINITE or unit not in _UNITS:
        return []
    code, name, power = _UNITS[unit]
    return [
        QuantityValue(
            title=axis,
            numeric_value=number,
            unit=PREFIXES["unit"] + name,
            unit_code=code,
            value_si=float(Decimal(repr(number)).scaleb(power)),
            raw_text=f"{raw_json(raw)} {unit}",
        )
    ]
