"""Objects of BioImage Archive documents: their values go into slots and are accounted for here.

Names are compared without case; a value of the wrong type is never an error: it stays kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from rembigraph.loaders.json_bounds import JsonFloat
from rembigraph.loaders.leaves import LeafAccount, escaped, raw_json
from rembigraph.loaders.values import E_MAIL_REMOVED, has_email, is_placeholder, prose, web_address

PRIVATE = {
    **dict.fromkeys(("contact_email", "author_email", "email", "e-mail", "e_mail", "mail"), "private-email"),
    **dict.fromkeys(("phone", "telephone", "fax", "fax_number", "phone_number"), "private-contact"),
    **dict.fromkeys(("secretkey", "secret_key", "owner", "submitter", "password"), "private-account"),
}

_NO_LEAF = "@context"
_NO_PATH = "//"
_WHOLE_NUMBER = re.compile(r"[0-9]{1,18}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,30}(?:\.[0-9]{0,30})?(?:[eE][+-]?[0-9]{1,3})?")
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")


class Fields:
    """One JSON object of a document, whose values are taken into slots.

    Args:
        value: the object.
        pointer: its place in the document.
        account: the leaf account of the document.
    """

    def __init__(self, value: dict[str, Any], pointer: str, account: LeafAccount) -> None:
        self.value = value
        self.pointer = pointer
        self.account = account
        self._keys: dict[str, str] = {}
        for key in value:
            if key != _NO_LEAF:
                self._keys.setdefault(key.casefold(), key)

    def place(self, key: str) -> str:
        """Return the pointer of a member."""
        return f"{self.pointer}/{escaped(key)}"

    def present(self, *names: str) -> list[str]:
        """Return the keys of the object that have one of these names, the names in order of preference."""
        return [self._keys[name] for name in names if name in self._keys]

    def peek(self, *names: str) -> Any:
        """Return the first value under one of these names without taking it; None when there is none."""
        return next((self.value[key] for key in self.present(*names)), None)

    def text(self, *names: str) -> str | None:
        """Take the first text under one of these names; one under a further name is taken if it says the same."""
        taken: str | None = None
        for key in self.present(*names):
            if taken is None or _cleaned(self.value[key]) in {taken, ""}:
                taken = taken or self._leaf(self.value[key], self.place(key))
        return taken

    def texts(self, *names: str) -> list[str]:
        """Take every text under these names, lone or in a list, each once."""
        found: dict[str, None] = {}
        for key in self.present(*names):
            value, place = self.value[key], self.place(key)
            items = enumerate(value) if isinstance(value, list) and value else [(None, value)]
            for number, item in items:
                text = self._leaf(item, place if number is None else f"{place}/{number}")
                found |= {text: None} if text else {}
        return list(found)

    def _leaf(self, value: Any, place: str) -> str | None:
        """Take one value as text: null and empty say nothing, a placeholder says that there is nothing."""
        if _says_nothing(value):
            self.account.mapped(place)
            return None
        text = _cleaned(value)
        if not text:
            return None
        if is_placeholder(text):
            self.account.ignored(place, "source-unknown")
            return None
        if text == E_MAIL_REMOVED:
            self.account.ignored(place, "private-email")
            return None
        self.account.mapped(place)
        return text

    def integer(self, *names: str, least: int = 0) -> int | None:
        """Take the first whole number under one of these names, also one that is written as text."""
        for key in self.present(*names):
            number = whole_number(self.value[key])
            if number is not None and number >= least:
                self.account.mapped(self.place(key))
                return number
            self.nothing(key)
        return None

    def number(self, *names: str) -> float | None:
        """Take the first number under one of these names, also one that is written as text."""
        for key in self.present(*names):
            value = decimal(self.value[key])
            if value is not None:
                self.account.mapped(self.place(key))
                return value
            self.nothing(key)
        return None

    def nothing(self, *names: str) -> None:
        """Account for members that are null or empty: an empty slot says the same."""
        for name in names:
            for key in self.present(name.casefold()):
                if _says_nothing(self.value[key]):
                    self.account.mapped(self.place(key))

    def objects(self, *names: str) -> Iterator[Fields]:
        """Yield the objects under these names, lone or in a list."""
        for key in self.present(*names):
            value, place = self.value[key], self.place(key)
            self.nothing(key)
            items = enumerate(value) if isinstance(value, list) else [(None, value)]
            for number, item in items:
                if isinstance(item, dict) and item:
                    yield Fields(item, place if number is None else f"{place}/{number}", self.account)
                elif number is not None and _says_nothing(item):
                    self.account.mapped(f"{place}/{number}")

    def named_objects(self, *names: str) -> Iterator[tuple[str, Fields]]:
        """Yield the objects of a table (name -> object) or list, each with its name or number."""
        for key in self.present(*names):
            value, place = self.value[key], self.place(key)
            self.nothing(key)
            items = value.items() if isinstance(value, dict) else enumerate(_listed(value))
            for name, item in items:
                if isinstance(item, dict) and item and name != _NO_LEAF:
                    yield str(name), Fields(item, f"{place}/{escaped(str(name))}", self.account)

    def references(self, *names: str) -> list[tuple[str, str]]:
        """Return the identifiers under these names, lone or in a list, with their places; none is taken yet."""
        found = []
        for key in self.present(*names):
            value, place = self.value[key], self.place(key)
            self.nothing(key)
            items = enumerate(value) if isinstance(value, list) else [(None, value)]
            for number, item in items:
                if isinstance(item, str) and item.strip():
                    found.append((item.strip().casefold(), place if number is None else f"{place}/{number}"))
        return found

    def attributes(self, *names: str, of: str = "") -> list[str]:
        """Take every value at or below these names as `name: value`; of a null or empty one nothing can be said."""
        found: dict[str, None] = {}
        for key in self.present(*names):
            for name, value, place in leaves(self.value[key], of, self.place(key)):
                found |= dict.fromkeys(self._attribute(name or key, value, place))
        return list(found)

    def _attribute(self, name: str, value: Any, place: str) -> list[str]:
        private = PRIVATE.get(name.rsplit("/", 1)[-1].casefold())
        if private and not _says_nothing(value):
            self.account.ignored(place, private)
            return []
        text = prose(value if isinstance(value, str) else raw_json(value))
        if _says_nothing(value) or not text:
            if value == {} or value == []:
                self.account.mapped(place)
            else:
                self.account.ignored(place, "source-unknown")
            return []
        self.account.mapped(place)
        return [f"{prose(name)}: {text}"]

    def addresses(self, *names: str) -> tuple[list[str], list[str]]:
        """Take the web addresses under these names; what is none is returned apart, in words."""
        found: list[str] = []
        words: list[str] = []
        for text in self.texts(*names):
            address = file_address(text)
            (found if address else words).append(address or text)
        return found, words

    def ignored(self, rule: str, *names: str) -> None:
        """Account for members that are left out under a rule; null and empty ones say nothing."""
        for name in names:
            self.nothing(name)
            for key in self.present(name):
                self.account.ignored_under(self.place(key), rule)


def _says_nothing(value: Any) -> bool:
    return value is None or value in ("", [], {}) or (isinstance(value, str) and not value.strip())


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _cleaned(value: Any) -> str:
    """Return a value as text: cleaned prose, or a number as it is written; empty for anything else."""
    if isinstance(value, str):
        return prose(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return raw_json(value)
    return ""


def leaves(value: Any, name: str, place: str) -> Iterator[tuple[str, Any, str]]:
    """Yield every leaf with its name (`a/b`; items of a list have that of the list) and place."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            if key != _NO_LEAF:
                yield from leaves(item, f"{name}/{key}" if name else key, f"{place}/{escaped(key)}")
    elif isinstance(value, list) and value:
        for number, item in enumerate(value):
            yield from leaves(item, name, f"{place}/{number}")
    else:
        yield name, value, place


def whole_number(value: Any) -> int | None:
    """Return a whole number, also one that is written as text or with a fraction of zero.

    >>> whole_number("960"), whole_number(True), whole_number("9.5")
    (960, None, None)
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, JsonFloat):
        return int(value) if value.is_integer() and abs(value) < 1e18 else None
    if isinstance(value, str):
        return int(value) if _WHOLE_NUMBER.fullmatch(value.strip()) else None
    return value if isinstance(value, int) and abs(value) < 10**18 else None


def decimal(value: Any) -> float | None:
    """Return a number, also one that is written as text.

    >>> decimal("3.5e-08"), decimal("8 nm")
    (3.5e-08, None)
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return float(value) if _NUMBER.fullmatch(value.strip()) else None
    if isinstance(value, int):
        return float(value) if abs(value) < 10**300 else None
    return float(value) if isinstance(value, float) else None


def file_address(text: str) -> str | None:
    """Return the address of a file; blanks and other characters that an address can't hold are escaped.

    >>> file_address("https://example.org/a b.tif"), file_address("a.tif")
    ('https://example.org/a%20b.tif', None)
    """
    given = web_address(text)
    if given or has_email(text) or _NO_PATH not in text:
        return given
    safe = "/:;()._-,+=@!$&'*~?#" + ("%" if _ESCAPE.search(text) else "")
    return web_address(quote(text.strip(), safe=safe))
