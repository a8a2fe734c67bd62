"""Objects of a document while they are mapped: values by any spelling of their name, each accounted for.

EMPIAR writes the same name as `author_orcid` (JSON), `authorORCID` (XML element or attribute) or `Author ORCID`; here
they are one name. Reading a value through a `Place` says that it goes into a slot. An empty value (`null`, `""`, `[]`)
of a field that has a slot is accounted for, too: the empty slot says the same.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from rembigraph.loaders.leaves import LeafAccount, escaped, raw_json
from rembigraph.loaders.values import E_MAIL_REMOVED, is_placeholder, partial_date, prose
from rembigraph.ontology.generated.models import Resolution, ResolutionMethod

TEXT = "#text"
"""Member that holds the text of an XML element that has attributes or children, too."""

_SEPARATORS = re.compile(r"[@#\s_-]+")
_WHOLE = re.compile(r"[0-9]{1,15}(?:\.0+)?")
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,30}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})(?:[eE][+-]?[0-9]{1,3})?")
_ESCAPED_TWICE = re.compile(r"&(?:amp|lt|gt|quot|apos|#[0-9]{1,6}|#x[0-9a-fA-F]{1,5});")


@lru_cache(maxsize=4096)
def folded(name: str) -> str:
    """Return a name as it is compared: lower case, nothing between its words.

    >>> folded("author_orcid") == folded("authorORCID") == folded("@authorORCID")
    True
    """
    return _SEPARATORS.sub("", name).casefold()


@dataclass
class Taking:
    """What is known while one entry is mapped.

    Attributes:
        account: the leaves of the document.
        resolutions: how values were read that do not stand in the record as they were written.
        escaped_twice: whether texts may hold entities that were escaped once too often.
    """

    account: LeafAccount
    resolutions: dict[tuple[str, str], Resolution] = field(default_factory=dict)
    escaped_twice: bool = False

    def resolve_code(self, of_field: str, leaf: Leaf, *, known: bool, iri: str | None = None) -> None:
        """Record how a code was read that stands where words could stand, or that its meaning is not known."""
        self._resolve(
            of_field, leaf, Resolution(raw_text=prose(raw_json(leaf.value)), resolved_to=iri), known
        )

    def resolve_identifier(self, of_field: str, leaf: Leaf, iri: str | None, words: str | None) -> None:
        """Record how the identifier of a term was read; words are what the source calls the term."""
        found = Resolution(raw_text=words, raw_identifier=prose(raw_json(leaf.value)), resolved_to=iri)
        self._resolve(of_field, leaf, found, iri is not None)

    def _resolve(self, of_field: str, leaf: Leaf, found: Resolution, known: bool) -> None:
        """Add a resolution, once for each field and value."""
        found.of_field, found.pointer = of_field, leaf.pointer
        found.resolution_method = ResolutionMethod.by_identifier if known else ResolutionMethod.unresolved
        self.resolutions.setdefault((of_field, found.raw_identifier or found.raw_text or ""), found)


@dataclass(frozen=True)
class Leaf:
    """One value of the document with its place."""

    value: Any
    pointer: str
    taking: Taking

    @property
    def text(self) -> str:
        """The value as text, cleaned; empty for what says nothing and for what is neither text nor number."""
        if isinstance(self.value, bool) or not isinstance(self.value, (str, int, float)):
            return ""
        text = raw_json(self.value)
        if self.taking.escaped_twice and _ESCAPED_TWICE.search(text):
            text = html.unescape(text)
        text = prose(text)
        return "" if text == E_MAIL_REMOVED else text

    @property
    def is_empty(self) -> bool:
        """Whether the value is null or an empty text, list or object."""
        return self.value is None or self.value in ("", [], {})

    def take(self) -> str:
        """Account for the value as being in a slot and return its text."""
        self.taking.account.mapped(self.pointer)
        return self.text


class Place:
    """An object of the document, or several whose members are looked for together.

    Args:
        taking: what is known of the entry.
        objects: objects with their pointers; the first one that has a member gives it.
    """

    def __init__(self, taking: Taking, *objects: tuple[dict[str, Any], str]) -> None:
        self.taking = taking
        self._members: dict[str, tuple[Any, str]] = {}
        for value, pointer in objects:
            for name, member in value.items():
                self._members.setdefault(folded(name), (member, f"{pointer}/{escaped(name)}"))

    def __or__(self, other: Place) -> Place:
        """Return a place with the members of both; those of the left come first."""
        joined = Place(self.taking)
        joined._members = {**other._members, **self._members}
        return joined

    def names(self) -> list[str]:
        """Return the folded names of all members."""
        return list(self._members)

    def spelt(self, name: str) -> str:
        """Return a member's name as the document writes it."""
        _, pointer = self._members[folded(name)]
        return prose(pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~"))

    def has(self, *names: str) -> bool:
        """Whether one of these members is there and says something."""
        return any(self._members.get(folded(name), (None,))[0] for name in names)

    # --- parts

    def place(self, *names: str) -> Place:
        """Return the object below a name; an empty place when there is none."""
        return next(iter(self.places(*names)), Place(self.taking))

    def places(self, *names: str) -> list[Place]:
        """Return the objects below a name, which may hold one or a list of them; empty ones are accounted for."""
        found = []
        for one in self.items(*names):
            if isinstance(one, Place):
                found.append(one)
            elif one.is_empty:
                one.take()
        return found

    def places_in(self, *names: str, of: str) -> list[Place]:
        """Return the objects below a name, where the XML header has each in an element `of` of its own."""
        return [one for found in self.places(*names) for one in (found.places(of) or [found])]

    def items(self, *names: str) -> list[Place | Leaf]:
        """Return what a name holds, one or a list: objects as places, other values as leaves."""
        return [
            Place(self.taking, (value, pointer)) if isinstance(value, dict) and value else leaf
            for leaf in self._each(names)
            for value, pointer in [(leaf.value, leaf.pointer)]
        ]

    def _each(self, names: tuple[str, ...]) -> Iterator[Leaf]:
        for name in dict.fromkeys(map(folded, names)):
            value, pointer = self._members.get(name, (None, ""))
            if isinstance(value, list) and value:
                yield from (
                    Leaf(item, f"{pointer}/{index}", self.taking)
                    for index, item in enumerate(value)
                    if not isinstance(item, list) or not item
                )
            elif pointer:
                yield Leaf(value, pointer, self.taking)

    # --- values

    def leaves(self, *names: str) -> list[Leaf]:
        """Return the values below a name, one or a list; empty ones are accounted for and left out."""
        found: list[Leaf] = []
        for leaf in self._each(names):
            inner = self._with_text(leaf)
            if inner is not None and inner.is_empty:
                self.taking.account.mapped(inner.pointer)
            elif inner is not None:
                found.append(inner)
        return found

    def _with_text(self, leaf: Leaf) -> Leaf | None:
        """The leaf itself; of an XML element with attributes its text; of any other object nothing."""
        if isinstance(leaf.value, dict) and leaf.value:
            if isinstance(leaf.value.get(TEXT), str):
                return Leaf(leaf.value[TEXT], f"{leaf.pointer}/{escaped(TEXT)}", self.taking)
            return None
        return leaf

    def leaf(self, *names: str) -> Leaf | None:
        """Return the first value below these names."""
        return next(iter(self.leaves(*names)), None)

    def text(self, *names: str) -> str | None:
        """Return the first usable text, taken: not blank, no placeholder."""
        for leaf in self.leaves(*names):
            if leaf.text and not is_placeholder(leaf.text):
                return leaf.take()
        return None

    def peek(self, *names: str) -> str | None:
        """Return the first usable text, not taken."""
        usable = (leaf.text for leaf in self.leaves(*names))
        return next((text for text in usable if text and not is_placeholder(text)), None)

    def texts(self, *names: str) -> list[str]:
        """Return every usable text, taken."""
        return [leaf.take() for leaf in self.leaves(*names) if leaf.text and not is_placeholder(leaf.text)]

    def whole(self, *names: str) -> int | None:
        """Return a whole number that is not negative, taken; a text of digits counts."""
        for leaf in self.leaves(*names):
            if _WHOLE.fullmatch(leaf.text):
                return int(leaf.take().partition(".")[0])
        return None

    def date(self, *names: str) -> str | None:
        """Return a date, taken."""
        for leaf in self.leaves(*names):
            if found := partial_date(leaf.text):
                leaf.take()
                return found
        return None

    def ignore(self, rule: str, *names: str) -> None:
        """Leave out everything below these names under a rule."""
        for name in names:
            _, pointer = self._members.get(folded(name), (None, ""))
            if pointer:
                self.taking.account.ignored_under(pointer, rule)


def decimal(text: str) -> Decimal | None:
    """Return a number exactly as it is written; None for anything else.

    >>> decimal("3.425"), decimal("about 3")
    (Decimal('3.425'), None)
    """
    try:
        return Decimal(text) if _NUMBER.fullmatch(text) else None
    except InvalidOperation:
        return None
