"""Content negotiation: which offered media type answers an `Accept` header, or the suffix of a path."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rembigraph.ontology.errors import CatalogueError

HTML: Final = "text/html"
JSON: Final = "application/json"

LEAST_CODED_BYTES: Final = 1000
"""Shorter answers gain nothing from a content coding."""
_MAX_HEADER: Final = 4096
_MAX_RANGES: Final = 64
_TOKEN: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - the token of RFC 9110
_RANGE: Final = re.compile(rf"({_TOKEN})/({_TOKEN})")
_QUALITY: Final = re.compile(r"0(\.\d{0,3})?|1(\.0{0,3})?")


class NotAcceptableError(CatalogueError):
    """Nothing that is offered is acceptable; `offered` lists it."""

    def __init__(self, message: str, *, offered: Sequence[str] = ()) -> None:
        super().__init__(message, fix=f"ask for one of: {', '.join(offered)}")
        self.offered = tuple(offered)


@dataclass(frozen=True)
class _Range:
    """A media range of an `Accept` header: `text/*;q=0.5`."""

    type: str
    subtype: str
    quality: float
    parameters: int

    def fit(self, media_type: str) -> int:
        """How exactly it names a media type: 3 exact, 2 its type, 1 anything, 0 not at all."""
        type_, _, subtype = media_type.partition("/")
        if self.type == self.subtype == "*":
            return 1
        if self.type != type_:
            return 0
        return 3 if self.subtype == subtype else 2 if self.subtype == "*" else 0


def negotiate(accept: str | None, offered: Sequence[str]) -> str:
    """Return the best of the offered media types for an `Accept` header (RFC 9110, section 12.5.1).

    The most exact range decides the quality of a type; of equals the first offered wins. Without a header, or
    with one that holds no media range, anything is acceptable. Parameters other than `q` are not compared.

    Raises:
        NotAcceptableError: the header excludes everything that is offered.
    """
    ranges = _ranges(accept or "")
    if not ranges:
        return offered[0]
    best, best_quality = "", 0.0
    for media_type in offered:
        quality = _quality(media_type, ranges)
        if quality > best_quality:
            best, best_quality = media_type, quality
    if not best:
        raise NotAcceptableError("nothing that is offered here is acceptable", offered=offered)
    return best


def profiles_of(accept: str, media_type: str) -> set[str]:
    """Return the profiles that an `Accept` header names for a media type: `application/ld+json;profile="..."`."""
    found: set[str] = set()
    for item in accept[:_MAX_HEADER].split(",")[:_MAX_RANGES]:
        name, *parameters = (part.strip() for part in item.split(";"))
        values = (part.partition("=") for part in parameters if name.lower() == media_type)
        found.update(value.strip(' "') for key, _, value in values if key.strip().lower() == "profile")
    return found


def codings(accept_encoding: str) -> dict[str, float]:
    """Return the content codings that an `Accept-Encoding` header names, with their quality (RFC 9110, section 12.5.3).

    >>> codings("br, gzip;q=0.5, zstd;q=nonsense")
    {'br': 1.0, 'gzip': 0.5, 'zstd': 0.0}
    """
    found: dict[str, float] = {}
    for item in accept_encoding.lower()[:_MAX_HEADER].split(",")[:_MAX_RANGES]:
        name, *parameters = (part.strip() for part in item.split(";"))
        found[name], _ = _parameters(parameters)
    return found


def wants_html(accept: str | None) -> bool:
    """Whether a browser asks: it names HTML, and likes no form better in which errors are offered."""
    ranges = _ranges(accept or "")
    if not any(each.fit(HTML) >= 2 for each in ranges):
        return False
    machine = max(_quality(each, ranges) for each in (JSON, "application/problem+json"))
    return _quality(HTML, ranges) >= machine


def _quality(media_type: str, ranges: Sequence[_Range]) -> float:
    fitting = [each for each in ranges if each.fit(media_type)]
    if not fitting:
        return 0.0
    # A range with parameters is more exact, but names the same thing to us: the plain one decides.
    best = max(fitting, key=lambda each: (each.fit(media_type), -each.parameters, each.quality))
    return best.quality


def _ranges(header: str) -> list[_Range]:
    """Parse a header; what is no media range is left out."""
    found = []
    for item in header[:_MAX_HEADER].split(",")[:_MAX_RANGES]:
        name, *parameters = (part.strip() for part in item.split(";"))
        match = _RANGE.fullmatch(name.lower())
        if match and not (match[1] == "*" and match[2] != "*"):
            quality, others = _parameters(parameters)
            found.append(_Range(match[1], match[2], quality, others))
    return found


def _parameters(parameters: Sequence[str]) -> tuple[float, int]:
    """Return the quality (1 when there is none, 0 when malformed) and the number of other parameters."""
    quality, others = 1.0, 0
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            quality = float(value) if _QUALITY.fullmatch(value.strip()) else 0.0
        elif name.strip():
            others += 1
    return quality, others
