"""The leaf account: which values of a source document found a slot, and what became of the others.

A *leaf* is each scalar (null included) and each empty object or list, at its JSON pointer; JSON-LD contexts
do not count. A loader says `mapped` only of values that really went into a typed slot and can be recovered
from there, and `ignored` only under a named rule. The rest is kept: mapped + kept + ignored = total.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from rembigraph.loaders.json_bounds import JsonFloat
from rembigraph.loaders.reading import Leaves
from rembigraph.loaders.values import without_email
from rembigraph.ontology.generated.models import KeptValue

RULES: dict[str, str] = {
    "ro-crate-descriptor": "The metadata descriptor describes the document, not the study.",
    "private-email": "E-mail addresses of people are not published by this catalogue.",
    "private-contact": "Telephone and fax numbers of people are not published by this catalogue.",
    "private-account": "Accounts and keys of the archive's own users are not published by this catalogue.",
    "pagetab-document": "Template, converter and project of a submission describe the document, not the study.",
    "biostudies-internal": "Technical fields of the internal form of BioStudies' database.",
    "file-row": "Rows of files are summed up (number, bytes, columns); the rows stay in the archived source.",
    "private-address": "Postal addresses of people are not published by this catalogue.",
    "xml-schema-location": "Where the schema of an XML document lies describes the document, not the study.",
    "source-unknown": "The source itself says that there is no value (Unknown, None, n/a, null).",
    "bia-zero-size": "BIA models need a size and write 0 where none was measured; no stored image has 0 bytes.",
    "dump-report": "Graphs that a catalogue makes of its records (reports, links, conclusions, terms) are made anew.",
    "decision-key": "The key of a curator's decision is made anew of what it says; a key that says otherwise is none.",
    "structural-list": "Cell of an RDF list; its items went into the record in their order.",
    "structural-type": "Type of a node or value that went whole into one slot, and the slot says what it is.",
    "structural-id": "Name, inside the document only, of a node that went whole into one slot.",
}

_MAPPED = "mapped"
_NOT_COUNTED = "@context"


class LeafAccount:
    """Accounts for every leaf of one parsed JSON document.

    Args:
        parsed: the document as `parse_json` gives it.
    """

    def __init__(self, parsed: Any) -> None:
        self._values: list[Any] = []
        self._states: list[str] = []  # "" (kept), "mapped", or the name of a rule
        self._pointers: dict[str, int] = {}  # leaf -> number
        self._spans: dict[str, tuple[int, int]] = {}  # object or list -> first leaf, one behind its last
        self._add(parsed, "")

    def _add(self, value: Any, pointer: str) -> None:
        if not value or not isinstance(value, (dict, list)):
            self._pointers[pointer] = len(self._values)
            self._values.append(value)
            self._states.append("")
            return
        first = len(self._values)
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            if key != _NOT_COUNTED:
                self._add(item, f"{pointer}/{key if isinstance(key, int) else escaped(key)}")
        self._spans[pointer] = (first, len(self._values))

    def mapped(self, pointer: str) -> None:
        """Record that the leaf at this pointer went into a typed slot; this outweighs any rule.

        Raises:
            KeyError: there is no such leaf.
        """
        self._states[self._pointers[pointer]] = _MAPPED

    def mapped_under(self, pointer: str) -> None:
        """Record that every leaf at or below this pointer went into typed slots.

        Raises:
            KeyError: there is nothing at this pointer.
        """
        for number in self._under(pointer):
            self._states[number] = _MAPPED

    def ignored(self, pointer: str, rule: str) -> None:
        """Record that the leaf at this pointer is left out under a rule of `RULES`, unless it is mapped.

        Raises:
            KeyError: there is no such leaf or no such rule.
        """
        self._ignore(self._pointers[pointer], rule)

    def ignored_under(self, pointer: str, rule: str) -> None:
        """Record that every leaf at or below this pointer is left out under a rule, unless it is mapped.

        Raises:
            KeyError: there is nothing at this pointer or no such rule.
        """
        for number in self._under(pointer):
            self._ignore(number, rule)

    def _ignore(self, number: int, rule: str) -> None:
        if rule not in RULES:
            raise KeyError(rule)
        self._states[number] = self._states[number] or rule

    def _under(self, pointer: str) -> range:
        if pointer in self._spans:
            return range(*self._spans[pointer])
        number = self._pointers[pointer]
        return range(number, number + 1)

    def state(self, pointer: str) -> str:
        """Return `mapped`, `kept`, or the name of the rule that the leaf at this pointer is ignored under."""
        return self._states[self._pointers[pointer]] or "kept"

    def states(self) -> dict[str, str]:
        """Return the state of every leaf by pointer, in document order."""
        return {pointer: self._states[number] or "kept" for pointer, number in self._pointers.items()}

    def kept(self) -> list[KeptValue]:
        """Return every value that has no slot, in document order, verbatim but for e-mail addresses."""
        return [
            KeptValue(pointer=without_email(pointer), raw_text=without_email(raw_json(self._values[number])))
            for pointer, number in self._pointers.items()
            if not self._states[number]
        ]

    def leaves(self) -> Leaves:
        """Return the sums."""
        mapped = self._states.count(_MAPPED)
        kept = self._states.count("")
        return Leaves(mapped=mapped, kept=kept, ignored=len(self._states) - mapped - kept)

    def ignored_by_rule(self) -> dict[str, int]:
        """Return how many leaves each rule left out."""
        return dict(Counter(state for state in self._states if state not in {"", _MAPPED}))

    def unmapped(self, name: Callable[[str], str] | None = None) -> dict[str, int]:
        """Return how many kept leaves each name of the source has.

        Args:
            name: gives the name of a leaf from its pointer; without it, the last member name of the pointer.
        """
        naming = name or leaf_name
        states = zip(self._pointers, self._states, strict=True)
        return dict(Counter(without_email(naming(pointer)) for pointer, state in states if not state))


def escaped(name: str) -> str:
    """Escape a member name for a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def leaf_name(pointer: str) -> str:
    """Return the last segment of a pointer that is not a list index.

    >>> leaf_name("/section/attributes/3")
    'attributes'
    """
    names = [segment for segment in pointer.split("/") if segment and not segment.isdigit()]
    return names[-1].replace("~1", "/").replace("~0", "~") if names else ""


def raw_json(value: Any) -> str:
    """Return a string as it is, and any other leaf as JSON text with its number as it was written.

    >>> raw_json(None), raw_json(JsonFloat("1.50")), raw_json("a b")
    ('null', '1.50', 'a b')
    """
    if isinstance(value, str):
        return value
    return value.text if isinstance(value, JsonFloat) else json.dumps(value, ensure_ascii=False)
