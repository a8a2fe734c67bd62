"""The formats of answers, and which of them a client wants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rembigraph.app.sparql.gate import Form


@dataclass(frozen=True, slots=True)
class Format:
    """A format that is offered.

    Attributes:
        name: its short name, for `format=` and for pages.
        media_type: the registered media type.
        label: its name for people.
        aliases: other media types and short names that ask for it.
        parameters: what follows the media type in `Content-Type`.
        iri: its IRI among the W3C's unique URIs for file formats; empty if it has none.
    """

    name: str
    media_type: str
    label: str
    aliases: tuple[str, ...] = ()
    parameters: str = ""
    iri: str = ""

    @property
    def content_type(self) -> str:
        """The value of `Content-Type`."""
        return self.media_type + self.parameters


_W3C: Final = "http://www.w3.org/ns/formats/"
_UTF8: Final = "; charset=utf-8"

RESULT_FORMATS: Final = (
    Format(
        "json",
        "application/sparql-results+json",
        "JSON",
        ("application/json", "text/json"),
        iri=f"{_W3C}SPARQL_Results_JSON",
    ),
    Format(
        "xml",
        "application/sparql-results+xml",
        "XML",
        ("application/xml", "text/xml"),
        iri=f"{_W3C}SPARQL_Results_XML",
    ),
    Format("csv", "text/csv", "CSV", (), f"{_UTF8}; header=present", f"{_W3C}SPARQL_Results_CSV"),
    Format("tsv", "text/tab-separated-values", "TSV", (), _UTF8, f"{_W3C}SPARQL_Results_TSV"),
)
GRAPH_FORMATS: Final = (
    Format(
        "turtle",
        "text/turtle",
        "Turtle",
        ("ttl", "n3", "application/turtle", "application/x-turtle", "text/n3"),
        _UTF8,
        f"{_W3C}Turtle",
    ),
    Format("ntriples", "application/n-triples", "N-Triples", ("nt", "text/plain"), "", f"{_W3C}N-Triples"),
    Format(
        "jsonld",
        "application/ld+json",
        "JSON-LD",
        ("json", "json-ld", "application/json"),
        "",
        f"{_W3C}JSON-LD",
    ),
    Format(
        "rdfxml",
        "application/rdf+xml",
        "RDF/XML",
        ("xml", "rdf", "rdf+xml", "application/xml", "text/xml"),
        "",
        f"{_W3C}RDF_XML",
    ),
    Format("trig", "application/trig", "TriG", (), "", f"{_W3C}TriG"),
    Format("nquads", "application/n-quads", "N-Quads", ("nq",), "", f"{_W3C}N-Quads"),
)
HTML: Final = Format("html", "text/html", "a page", ("application/xhtml+xml",), _UTF8)


def formats_of(form: Form) -> tuple[Format, ...]:
    """The formats that queries of a form can be answered in, the default first."""
    return RESULT_FORMATS if form in ("select", "ask") else GRAPH_FORMATS


def choose_by_name(name: str, offers: Sequence[Format]) -> Format | None:
    """Return the offer of this short name or media type; None if there is none."""
    wanted = name.strip().lower()
    for offer in offers:
        if wanted in (offer.name, offer.media_type):
            return offer
    return next((offer for offer in offers if wanted in offer.aliases), None)


def choose_by_accept(accept: str, offers: Sequence[Format]) -> Format | None:
    """Return the offer that an `Accept` header likes best; None if it refuses all.

    Of equal qualities, the more specific range wins, then the earlier one in the header, then the earlier
    offer. An empty header takes the first offer.
    """
    ranges = _media_ranges(accept)
    if not ranges:
        return offers[0] if offers else None
    best: tuple[tuple[float, int, int], Format] | None = None
    for offer in offers:
        rank = _rank(offer, ranges)
        if rank is not None and (best is None or rank > best[0]):
            best = rank, offer
    return best[1] if best else None


def _media_ranges(accept: str) -> list[tuple[str, float]]:
    ranges: list[tuple[str, float]] = []
    for part in accept.split(","):
        media_type, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.strip() == "q":
                quality = _quality(value.strip())
        if "/" in media_type:
            ranges.append((media_type, quality))
    return ranges


def _quality(value: str) -> float:
    try:
        quality = float(value)
    except ValueError:
        return 0.0
    return quality if 0.0 <= quality <= 1.0 else 0.0


def _rank(offer: Format, ranges: Sequence[tuple[str, float]]) -> tuple[float, int, int] | None:
    """How much an offer is wanted: quality, specificity, place in the header. None if it is not.

    An alias counts where the header names it, but not where a wildcard covers it.
    """
    patterns = ("*/*", offer.media_type.partition("/")[0] + "/*", offer.media_type)
    matches = [
        (patterns.index(pattern), -place, quality)
        for place, (pattern, quality) in enumerate(ranges)
        if pattern in patterns
    ]
    named = [
        (2, -place, quality) for place, (pattern, quality) in enumerate(ranges) if pattern in offer.aliases
    ]
    if not matches and not named:
        return None
    candidates = [max(matches)] if matches else []
    quality, specificity, place = max(
        (quality, specificity, place) for specificity, place, quality in (*candidates, *named)
    )
    return (quality, specificity, place) if quality > 0 else None
