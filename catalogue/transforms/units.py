"""Units of axes: spelling, kind and size; a unit that is not known is refused, never guessed.

Names are those of OME-Zarr 0.6 (UDUNITS-2); spellings are those seen in real files, QUDT and UO.
"""

from __future__ import annotations

from typing import Any, Final

from rembigraph.catalogue.transforms.numbers import brief
from rembigraph.catalogue.transforms.refusal import TransformRefused

_PREFIXES: Final = (
    ("yocto", "y", -24), ("zepto", "z", -21), ("atto", "a", -18), ("femto", "f", -15), ("pico", "p", -12),
    ("nano", "n", -9), ("micro", "u", -6), ("milli", "m", -3), ("centi", "c", -2), ("deci", "d", -1), ("", "", 0),
    ("deca", "da", 1), ("hecto", "h", 2), ("kilo", "k", 3), ("mega", "M", 6), ("giga", "G", 9), ("tera", "T", 12),
    ("peta", "P", 15), ("exa", "E", 18), ("zetta", "Z", 21), ("yotta", "Y", 24),
)  # fmt: skip

_OTHERS: Final = {
    "angstrom": ("length", 1e-10), "inch": ("length", 0.0254), "foot": ("length", 0.3048),
    "yard": ("length", 0.9144), "mile": ("length", 1609.344), "parsec": ("length", 3.0856775814913673e16),
    "minute": ("time", 60.0), "hour": ("time", 3600.0), "day": ("time", 86400.0),
}  # fmt: skip

_SIZES: Final[dict[str, tuple[str, float]]] = _OTHERS | {
    prefix + base: (kind, float(f"1e{power}"))
    for base, kind in (("meter", "length"), ("second", "time"))
    for prefix, _, power in _PREFIXES
}

_QUDT: Final = {
    "M": "meter", "MilliM": "millimeter", "CentiM": "centimeter", "DeciM": "decimeter", "KiloM": "kilometer",
    "MicroM": "micrometer", "NanoM": "nanometer", "PicoM": "picometer", "FemtoM": "femtometer",
    "ANGSTROM": "angstrom", "IN": "inch", "FT": "foot", "YD": "yard", "MI": "mile", "PARSEC": "parsec",
    "SEC": "second", "MilliSEC": "millisecond", "MicroSEC": "microsecond", "NanoSEC": "nanosecond",
    "PicoSEC": "picosecond", "MIN": "minute", "HR": "hour", "DAY": "day",
}  # fmt: skip

_UO: Final = {
    "0000008": "meter", "0000015": "centimeter", "0000016": "millimeter", "0000017": "micrometer",
    "0000018": "nanometer", "0000019": "angstrom", "0000020": "picometer", "0000010": "second",
    "0000028": "millisecond", "0000029": "microsecond", "0000030": "picosecond", "0000031": "minute",
    "0000032": "hour", "0000033": "day", "0000150": "nanosecond",
}  # fmt: skip

_SPELLINGS: Final[dict[str, str]] = (
    {name: name for name in _SIZES}
    | {symbol + letter: prefix + base for prefix, symbol, _ in _PREFIXES
       for letter, base in (("m", "meter"), ("s", "second"))}
    | {"µm": "micrometer", "μm": "micrometer", "µs": "microsecond", "μs": "microsecond",
       "Å": "angstrom", "\u212b": "angstrom", "A": "angstrom", "ångstrom": "angstrom", "ångström": "angstrom",
       "ångstroms": "angstrom", "micron": "micrometer", "microns": "micrometer",
       "sec": "second", "min": "minute", "h": "hour", "hr": "hour", "d": "day", "in": "inch", "ft": "foot"}
    | {f"{vocabulary}{key}": name for key, name in _QUDT.items()
       for vocabulary in ("http://qudt.org/vocab/unit/", "https://qudt.org/vocab/unit/", "unit:")}
    | {f"{vocabulary}{key}": name for key, name in _UO.items()
       for vocabulary in ("http://purl.obolibrary.org/obo/UO_", "UO:", "obo:UO_")}
)  # fmt: skip

_NO_SIZE: Final = frozenset(("pixel", "pixels", "px", "voxel", "voxels", "pixel/voxel"))


def canonical_unit(spelling: Any, where: str = "") -> str:
    """The OME-Zarr name of a unit, such as `micrometer` for `µm`.

    Raises:
        TransformRefused: `unknown-unit`; `unit-without-size` for pixels, whose size the image must state.
    """
    if isinstance(spelling, str):
        text = spelling.strip()
        if found := _SPELLINGS.get(text) or _SPELLINGS.get(_plain(text)):
            return found
        if text.lower() in _NO_SIZE:
            said = f"{text!r} has no size of its own"
            fix = "give the pixel size as a scale transformation into a physical coordinate system"
            raise TransformRefused("unit-without-size", said, where=where, fix=fix)
    fix = "use a name of OME-Zarr, a QUDT or a UO IRI, such as micrometer"
    raise TransformRefused(
        "unknown-unit", f"{brief(spelling)} is no unit that is known", where=where, fix=fix
    )


def _plain(text: str) -> str:
    """A spelled-out unit without capitals, British spelling and plural; symbols stay as they are: Mm is not mm."""
    if len(text) <= 3:
        return text
    name = text.lower().replace("metre", "meter")
    return name if name in _SPELLINGS else name.removesuffix("s")


def unit_kind(unit: str) -> str:
    """`length` or `time`, for a canonical unit."""
    return _SIZES[unit][0]


def unit_size(unit: Any, where: str = "") -> float:
    """Size of a unit in metres or seconds.

    Raises:
        TransformRefused: see `canonical_unit`.
    """
    return _SIZES[canonical_unit(unit, where)][1]


def unit_factor(source: Any, target: Any, where: str = "") -> float:
    """The factor that turns a number in one unit into a number in the other.

    Raises:
        TransformRefused: `unit-mismatch` between a length and a time; else see `canonical_unit`.
    """
    one, other = canonical_unit(source, where), canonical_unit(target, where)
    if unit_kind(one) != unit_kind(other):
        said = f"{one} is a {unit_kind(one)}, {other} a {unit_kind(other)}"
        raise TransformRefused("unit-mismatch", said, where=where)
    return _SIZES[one][1] / _SIZES[other][1]


def is_unit(spelling: Any) -> bool:
    """Whether `canonical_unit` knows it."""
    try:
        canonical_unit(spelling)
    except TransformRefused:
        return False
    return True
