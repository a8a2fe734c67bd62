"""Text for pages: foreign text made harmless, numbers, sizes, dates and lengths for people."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from markupsafe import Markup

_HARMFUL: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
    "\ufff9-\ufffb\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)
"""Controls, also bidirectional ones, interlinear marks, tags: they hide or reorder what stands beside them."""

_MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_DECIMAL: Final = ("bytes", "kB", "MB", "GB", "TB", "PB", "EB")
_LENGTHS: Final = ((1.0, "m"), (1e-3, "mm"), (1e-6, "µm"), (1e-9, "nm"), (1e-12, "pm"))
_UNITS: Final = {"um": "µm", "us": "µs", "uL": "µL", "Ao": "Å", "Cel": "°C", "deg": "°", "%": "%"}


def clean(text: str) -> str:
    """Replace characters that hide or reorder text by a visible mark.

    >>> clean("a" + chr(0x202E) + "b") == "a" + chr(0xFFFD) + "b"
    True
    """
    if text.isascii() and text.isprintable():  # most are, and it is much quicker to see
        return text
    return _HARMFUL.sub("\ufffd", text)


def shown(value: object) -> object:
    """Return what a page prints for a value: nothing for None, text cleaned; markup was made of what was cleaned."""
    if value is None:
        return ""
    return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def cut(text: str, limit: int) -> str:
    """Return text of at most so many characters, with an ellipsis where it was cut."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def paragraphs(text: str, limit: int = 20_000) -> list[str]:
    """Split a description at blank lines; what follows after the limit is left out."""
    parts = (part.strip() for part in re.split(r"\n\s*\n|\r\n\s*\r\n", cut(text, limit)))
    return [part for part in parts if part]


def number(value: float | None) -> str:
    """Return a number with thin spaces between thousands; empty when it is unknown."""
    if value is None:
        return ""
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}".replace(",", "\u202f")
    return f"{value:.4g}"


def size(value: int | None) -> str:
    """Return a size in decimal units; empty when it is unknown.

    >>> size(91124559572)
    '91.1 GB'
    """
    if value is None:
        return ""
    amount, step = float(value), 0
    while amount >= 999.5 and step < len(_DECIMAL) - 1:
        amount, step = amount / 1000, step + 1
    return f"{amount:.3g} {_DECIMAL[step]}" if step else f"{value} {'byte' if value == 1 else 'bytes'}"


def when(text: str) -> str:
    """Return a partial date for people: `2020`, `May 2020`, `7 May 2020`; other text as it is.

    >>> when("2020-05-07")
    '7 May 2020'
    """
    match = re.fullmatch(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?(T.*)?", text)
    if not match or not 1 <= int(match[2] or 1) <= 12:
        return text
    parts = (str(int(match[3])) if match[3] else "", _MONTHS[int(match[2]) - 1] if match[2] else "", match[1])
    return " ".join(part for part in parts if part)


def length(metres: float | None) -> str:
    """Return a length in the unit that fits it; empty when it is unknown.

    >>> length(8e-9)
    '8 nm'
    """
    if metres is None or not 0 < metres < 1e6:
        return ""
    scale, unit = next(((s, u) for s, u in _LENGTHS if metres >= s * 0.9995), _LENGTHS[-1])
    return f"{metres / scale:.3g} {unit}"


def unit(code: str, iri: str = "") -> str:
    """Return a unit for people from its UCUM code, else the end of its IRI."""
    return _UNITS.get(code, code) or iri.rstrip("/").rsplit("/", 1)[-1]


def joined(texts: Iterable[str], last: str = "and") -> str:
    """Join texts as a sentence does: `a, b and c`."""
    every = [text for text in texts if text]
    if len(every) < 2:
        return "".join(every)
    return f"{', '.join(every[:-1])} {last} {every[-1]}"


def spelt(count: int) -> str:
    """Return a small number as a word."""
    names = ("no", "one", "two", "three", "four", "five", "six")
    return names[count] if 0 <= count < len(names) else number(count)


def capitalised(text: str) -> str:
    """Return text with a capital at its beginning, the rest as it is."""
    return text[:1].upper() + text[1:]


def plural(count: int, one: str, many: str = "") -> str:
    """Return a count with its noun: `1 study`, `2 studies`."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def file_name(text: str) -> str:
    """Return a text as part of a file name.

    >>> file_name("https://doi.org/10.1/x y")
    'https-doi.org-10.1-x-y'
    """
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-")[:80]
