"""What a person asks the study list for, made safe: bounds, words, accessions and terms in any spelling.

User text never becomes an FTS expression: it is cut into words, and every word is quoted.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from rembigraph.catalogue.summary import Term
from rembigraph.ontology.identifiers import ARCHIVES, CURIES, NotAnAccession, parse_accession

MAX_QUERY: Final = 200
MAX_WORDS: Final = 16
MAX_VALUES: Final = 10
MAX_PAGE: Final = 1000
MAX_PER_PAGE: Final = 1000

SORTS: Final = ("relevance", "newest", "oldest", "title", "accession", "largest")
KINDS: Final = ("archive", "organism", "method", "year")
"""Facets, in the order in which they are shown."""

MARK_ON, MARK_OFF = "\ue000", "\ue001"
"""Private characters around what matched; `searchable` keeps them out of the index."""

_MAX_TEXT: Final = 20_000
"""Most characters of a field that can be searched; marking what matched costs the square of them."""

_WORD: Final = re.compile(r"[^\W_]+")
_SPELLINGS: Final = (
    (re.compile(r"\bempiar[\W_]*(\d{5,9})\b"), "EMPIAR-{0}"),
    (re.compile(r"\bs[\W_]*([a-z]{4})[\W_]*(\d{1,9})\b"), "S-{0}{1}"),
    (re.compile(r"\b(biad|bsst)[\W_]*(\d{1,9})\b"), "S-{0}{1}"),
    (re.compile(r"\bidr[\W_]*(\d{1,4})\b"), "idr{0:0>4}"),
    (re.compile(r"\bssbd[\W_]*repos[\W_]*(\d{1,6})\b"), "ssbd-repos-{0:0>6}"),
    (re.compile(r"\bexample[\W_]*(\d{1,4})\b"), "EXAMPLE-{0:0>4}"),
)
_ARCHIVES: Final = {"bia": "BioImageArchive", "biostudies": "BioImageArchive", "example": "Example"} | {
    name.casefold(): archive.key for archive in ARCHIVES for name in (archive.key, archive.label)
}


@dataclass(frozen=True)
class Criteria:
    """A question to the study list, within bounds. Make one with `Criteria.of`.

    Attributes:
        q: words.
        archive: keys or names of archives; any of them.
        organism: names, NCBITaxon identifiers or IRIs; any of them.
        method: labels, FBbi identifiers or IRIs; any of them.
        year: years of release; any of them.
        correlative: only studies with (True) or without (False) a part elsewhere; None for all.
        sort: one of `SORTS`.
        page: number of the page, from 1.
        per_page: studies on a page.
    """

    q: str = ""
    archive: tuple[str, ...] = ()
    organism: tuple[str, ...] = ()
    method: tuple[str, ...] = ()
    year: tuple[str, ...] = ()
    correlative: bool | None = None
    sort: str = "newest"
    page: int = 1
    per_page: int = 25

    @classmethod
    def of(
        cls,
        q: str = "",
        *,
        archive: Iterable[str] = (),
        organism: Iterable[str] = (),
        method: Iterable[str] = (),
        year: Iterable[str | int] = (),
        correlative: bool | None = None,
        sort: str = "",
        page: int = 1,
        per_page: int = 25,
    ) -> Criteria:
        """Return criteria cut to the bounds; what can't be used is left out."""
        text = " ".join(clean(q)[:MAX_QUERY].split())
        default = "relevance" if text else "newest"
        return cls(
            q=text,
            archive=_values(archive),
            organism=_values(organism),
            method=_values(method),
            year=_values(map(str, year)),
            correlative=correlative,
            sort=sort if sort in SORTS and not (sort == "relevance" and not text) else default,
            page=min(max(page, 1), MAX_PAGE),
            per_page=min(max(per_page, 1), MAX_PER_PAGE),
        )

    def values(self, kind: str) -> tuple[str, ...]:
        """Return the wanted values of a facet."""
        found: tuple[str, ...] = getattr(self, kind)
        return found

    @property
    def is_open(self) -> bool:
        """Whether nothing is asked for: the list of everything."""
        return not self.q and self.correlative is None and not any(map(self.values, KINDS))

    def without(self, kind: str, value: str = "") -> Criteria:
        """Return the same question without one filter, or without one value of it; on page 1."""
        if kind == "q":
            return replace(self, q="", page=1, sort="newest" if self.sort == "relevance" else self.sort)
        if kind == "correlative":
            return replace(self, correlative=None, page=1)
        left = tuple(each for each in self.values(kind) if value and each != value)
        return self._having(kind, left)

    def dropping(self, kind: str, given: Iterable[str]) -> Criteria:
        """Return the same question without some values of a filter, as they were given; on page 1."""
        gone = set(given)
        return self._having(kind, tuple(value for value in self.values(kind) if value not in gone))

    def asking(self, q: str) -> Criteria:
        """Return the same question with other words; on page 1."""
        return replace(self, q=q, page=1)

    def including(self, kind: str, value: str) -> Criteria:
        """Return the same question with one more value of a filter; on page 1."""
        if kind == "correlative":
            return replace(self, correlative=True, page=1)
        return self._having(kind, _values([*self.values(kind), value]))

    def _having(self, kind: str, values: tuple[str, ...]) -> Criteria:
        change: dict[str, Any] = {kind: values}
        return replace(self, page=1, **change)


def _values(given: Iterable[str]) -> tuple[str, ...]:
    texts = (" ".join(clean(text)[:MAX_QUERY].split()) for text in given)
    return tuple(dict.fromkeys(text for text in texts if text))[:MAX_VALUES]


def clean(text: str) -> str:
    """Replace what a database or a page can't hold: NUL, lone surrogates and the like."""
    return "".join(" " if unicodedata.category(char) in {"Cc", "Cs"} else char for char in text[:10_000])


def fold(text: str) -> str:
    """Make names comparable: case, width and spaces do not count."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def searchable(text: str) -> str:
    """Return text as the word index holds it: without our marks, and of bounded length."""
    return text.replace(MARK_ON, " ").replace(MARK_OFF, " ").replace("\0", " ")[:_MAX_TEXT]


def words_of(q: str) -> list[str]:
    """Return the words of a question."""
    return _WORD.findall(q)[:MAX_WORDS]


def match_expression(words: Iterable[str]) -> str:
    """Return an FTS5 expression for all of the words; the last may be the beginning of a word.

    >>> match_expression(["fish", "OR"])
    '"fish" AND "OR"*'
    """
    quoted = [f'"{word}"' for word in words]
    return " AND ".join(quoted) + "*" if quoted else ""


def accessions_in(q: str) -> list[str]:
    """Return the accessions that a question may mean, in canonical spelling, best guess first.

    >>> accessions_in("empiar 10819")
    ['EMPIAR-10819']
    """
    folded = fold(q)
    guesses = [q.strip(), re.sub(r"[\s_]+", "-", q.strip())]
    guesses += (
        form.format(*match.groups()) for spelling, form in _SPELLINGS for match in spelling.finditer(folded)
    )
    return list(dict.fromkeys(_canonical(guesses)))


def _canonical(guesses: Iterable[str]) -> Iterator[str]:
    for guess in guesses:
        try:
            yield parse_accession(guess).text
        except NotAnAccession:
            continue


def series_of(accession: str) -> tuple[str, int | None]:
    """Split an accession into its series and its number: `("S-BIAD", 23)`."""
    series = accession.rstrip("0123456789")
    digits = accession.removeprefix(series)
    return series, int(digits) if digits and len(digits) < 19 else None


def archive_key(text: str) -> str:
    """Return the key of an archive named by key, label or usual short name; empty when unknown."""
    return _ARCHIVES.get(fold(text), "")


def names_of(kind: str, term: Term) -> set[str]:
    """Return every folded name under which a term can be asked for: labels, CURIE, number, IRI."""
    names = {term.label, *term.names, term.value}
    if term.is_term:
        names.add(term.short)
        names.add(term.value.rsplit("/", 1)[-1])
        if kind == "organism" and term.value.startswith(CURIES["NCBITaxon"]):
            names.add(term.value.removeprefix(CURIES["NCBITaxon"]))
    return {fold(name) for name in names if name.strip()}
