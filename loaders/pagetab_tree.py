"""The sections of a BioStudies submission (PageTab as JSON), with the place of every value.

PageTab says the same in many ways: lists within lists, `{}` for a link, names in any case, `reference` or
`isReference`, and an internal form of BioStudies (`accNo`, `sections`, `fileList`). All of that ends here; what
maps the sections sees one form.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from rembigraph.loaders.file_lists import FileLists
from rembigraph.loaders.leaves import LeafAccount, escaped
from rembigraph.loaders.values import E_MAIL_REMOVED, has_email, is_placeholder, prose

_SECTIONS = ("subsections", "sections")
_ACCESSIONS = ("accno", "accNo")
_REFERENCE_FLAGS = ("reference", "isReference")
_QUALIFIERS = ("valqual", "nmqual", "nameAttrs", "valueAttrs", "nameQualifiers", "valueQualifiers")


_LISTS = (*_SECTIONS, "attributes", "links", "files")
_OF_FILES = frozenset({"file list", "file lists"})
_NEVER_WORDS = frozenset(  # a class is for them: where they say too little for it, they stay as they are
    {
        *("author", "authors", "contact", "organisation", "organization", "affiliation"),
        *("organisations", "organizations", "publication", "publications", "funding", "grant"),
        *("associations", "association"),
    }
)
_MAY_BE_EMPTY = ("attributes", "links", "files", "fileList", "linkList", "title", "doi")
_EMPTY_SAYS_NOTHING = (*_MAY_BE_EMPTY, *_SECTIONS, *_ACCESSIONS)


def folded(name: object) -> str:
    """Return a name as it is compared: lower case, words joined by single blanks.

    >>> folded(" Sample_Preparation  Protocol")
    'sample preparation protocol'
    """
    return re.sub(r"[\s_-]+", " ", name).strip().casefold() if isinstance(name, str) else ""


@dataclass(frozen=True)
class Qualifier:
    """A name and value that qualify the value of an attribute: `Ontology`, `TermId`, `URL`.

    Attributes:
        name: its name, folded.
        label: its name as written, cleaned.
        text: its value as text, cleaned.
        pointers: places of both.
    """

    name: str
    label: str
    text: str
    pointers: tuple[str, ...]


@dataclass(frozen=True)
class Attribute:
    """One attribute of a section.

    Attributes:
        name: its name, folded.
        label: its name as written, cleaned.
        text: its value as text, cleaned; empty when it has none.
        raw: its value as it stands in the document.
        pointer: place of the value; empty when there is none.
        names: places of its name and of flags that only say how the value is meant.
        is_reference: whether the value names a section.
        qualifiers: what qualifies the value.
    """

    name: str
    label: str
    text: str
    raw: Any
    pointer: str
    names: tuple[str, ...]
    is_reference: bool
    qualifiers: tuple[Qualifier, ...]


@dataclass
class Section:
    """A section of a submission, or a link or file of one.

    Attributes:
        type: what it is, folded (`study component`).
        value: the object in the document.
        pointer: its place.
    """

    type: str
    value: dict[str, Any]
    pointer: str
    attributes: list[Attribute] = field(default_factory=list)

    @property
    def accno(self) -> str:
        """Its name in the document, or an empty string."""
        return next(
            (text for name in _ACCESSIONS if isinstance(text := self.value.get(name), str)), ""
        ).strip()

    def says_something(self) -> bool:
        """Whether anything stands in it beside its type and name."""
        return any(one.text for one in self.attributes) or any(
            next(found, None) is not None for found in (self.sections(), self.links(), self.files())
        )

    def sections(self) -> Iterator[Section]:
        """Yield the sections right below this one."""
        for name in _SECTIONS:
            for value, pointer in _objects(self.value.get(name), f"{self.pointer}/{name}"):
                yield section(value, pointer)

    def below(self, *types: str) -> list[Section]:
        """Return the sections right below this one that are of one of these types."""
        return [found for found in self.sections() if found.type in types]

    def everything(self) -> Iterator[Section]:
        """Yield this section and all below it, in document order."""
        yield self
        for below in self.sections():
            yield from below.everything()

    def empty_items(self) -> Iterator[str]:
        """Yield the places of empty objects, empty lists and nulls in its lists: `{}` for a link, say."""
        for name in _LISTS:
            yield from _empty_items(self.value.get(name), f"{self.pointer}/{name}")

    def links(self) -> Iterator[Section]:
        """Yield the links of this section."""
        for value, pointer in _objects(self.value.get("links"), f"{self.pointer}/links"):
            yield section(value, pointer)

    def files(self) -> Iterator[Section]:
        """Yield the files that this section lists itself."""
        for value, pointer in _objects(self.value.get("files"), f"{self.pointer}/files"):
            yield section(value, pointer)


def section(value: dict[str, Any], pointer: str) -> Section:
    """Return an object of the document as a section."""
    found = Section(folded(value.get("type")), value, pointer)
    found.attributes = [
        _attribute(one, place) for one, place in _objects(value.get("attributes"), f"{pointer}/attributes")
    ]
    return found


def _objects(value: Any, pointer: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield the objects of a list and of the lists in it (section tables), with their places."""
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _objects(item, f"{pointer}/{number}")
    elif isinstance(value, dict) and value:
        yield value, pointer


def _empty_items(value: Any, pointer: str) -> Iterator[str]:
    for number, item in enumerate(value if isinstance(value, list) else ()):
        if item is None or item == {} or item == []:
            yield f"{pointer}/{number}"
        else:
            yield from _empty_items(item, f"{pointer}/{number}")


def _attribute(value: dict[str, Any], pointer: str) -> Attribute:
    raw = value.get("value")
    names = [name for name in ("name", *_REFERENCE_FLAGS) if _is_leaf(value.get(name, {"": ""}))]
    names += [name for name in _QUALIFIERS if name in value and not value[name]]
    return Attribute(
        name=folded(value.get("name")),
        label=_cleaned(value.get("name")),
        text=_cleaned(raw),
        raw=raw,
        pointer=f"{pointer}/value" if "value" in value and _is_leaf(raw) else "",
        names=tuple(f"{pointer}/{name}" for name in names),
        is_reference=any(value.get(name) is True for name in _REFERENCE_FLAGS),
        qualifiers=tuple(_qualifiers(value, pointer)),
    )


def _cleaned(value: Any) -> str:
    return prose(value) if isinstance(value, str) else ""


def _is_leaf(value: Any) -> bool:
    return not value or not isinstance(value, dict | list)


def _qualifiers(value: dict[str, Any], pointer: str) -> Iterator[Qualifier]:
    for name in _QUALIFIERS:
        for item, place in _objects(value.get(name), f"{pointer}/{name}"):
            text = item.get("value")
            pointers = tuple(
                f"{place}/{key}" for key in ("name", "value") if _is_leaf(item.get(key, {"": ""}))
            )
            yield Qualifier(folded(item.get("name")), _cleaned(item.get("name")), _cleaned(text), pointers)


class Taken:
    """Takes values of sections into slots, and accounts for them.

    Args:
        account: the leaf account of the document.
        lists: file lists that came with it.
    """

    def __init__(self, account: LeafAccount, lists: FileLists | None = None) -> None:
        self.account = account
        self.lists = lists or FileLists()
        self._keys: set[tuple[str, str]] = set()
        self._asked: dict[str, set[str]] = {}  # place of a section -> names that its mapping knows
        self.done: set[str] = set()  # places of links and lists of files that something has taken

    def texts(self, of: Section, *names: str) -> list[str]:
        """Take every value of the attributes with one of these names, each text once; empty values say nothing."""
        found = [text for one in self.attributes(of, *names) if (text := self.one(one))]
        return list(dict.fromkeys(found))

    def text(self, of: Section, *names: str, names_a_person: bool = False) -> str | None:
        """Take the first value of the attributes with one of these names, the names in order of preference.

        Further values that say something else stay kept. `Na` is a name, but no description.
        """
        taken: str | None = None
        for name in names:
            for one in self.attributes(of, name):
                if taken is None or one.text in {"", taken}:
                    taken = self.one(one, names_a_person=names_a_person) or taken
        return taken

    def attributes(self, of: Section, *names: str) -> list[Attribute]:
        """Return the attributes with one of these names, not taken."""
        self._asked.setdefault(of.pointer, set()).update(names)
        return [one for one in of.attributes if one.name in names]

    def rest(self, of: Section) -> list[str]:
        """Take every attribute that its submitter invented, as name and value, and those of sections that nothing maps.

        Call it when all others are taken.
        """
        known = self._asked.get(of.pointer, set()) | _OF_FILES
        own = [one for one in of.attributes if one.label and one.name not in known and self._is_kept(one)]
        found = [f"{one.label}: {text}{self._qualified(one)}" for one in own if (text := self.one(one))]
        for below in of.sections():
            found += self._unknown(below)
        return list(dict.fromkeys(found))

    def _unknown(self, of: Section) -> list[str]:
        """Take a section below another that no class is for: what it says is said of the other."""
        label = _cleaned(of.value.get("type"))
        if not label or of.type in _NEVER_WORDS or not self.is_unclaimed(of):
            return []
        found = [f"{label}: {text}" for text in self.rest(of)]
        if found:
            self.claim(of)
            self.named(of)
        return found

    def _qualified(self, attribute: Attribute) -> str:
        """Take the qualifiers of an attribute, as they are written behind its value."""
        said = ""
        for one in attribute.qualifiers:
            if one.label and one.text and not is_placeholder(one.text) and one.text != E_MAIL_REMOVED:
                said += f" [{one.label}: {one.text}]"
                self.qualified(one)
        return said

    def _is_kept(self, attribute: Attribute) -> bool:
        return bool(attribute.pointer) and self.account.state(attribute.pointer) == "kept"

    def one(self, attribute: Attribute, *, names_a_person: bool = False) -> str:
        """Take the value of an attribute; a placeholder (`None`, `n/a`) is no value and stays kept."""
        if attribute.text == E_MAIL_REMOVED:
            self.ignored(attribute, "private-email")
        elif attribute.pointer and attribute.text and (names_a_person or not is_placeholder(attribute.text)):
            self.mapped(attribute)
            return attribute.text
        elif attribute.raw is None or attribute.raw == "":
            self.mapped(attribute)
        elif attribute.pointer and isinstance(attribute.raw, str) and has_email(attribute.raw):
            self.ignored(attribute, "private-email")
        return ""

    def mapped(self, attribute: Attribute) -> None:
        """Account for an attribute whose value is in a slot; the slot says what its name says."""
        for pointer in (*attribute.names, *([attribute.pointer] if attribute.pointer else [])):
            self.account.mapped(pointer)

    def ignored(self, attribute: Attribute, rule: str) -> None:
        """Account for an attribute, with its qualifiers, that is left out under a rule."""
        qualifiers = (pointer for one in attribute.qualifiers for pointer in one.pointers)
        for pointer in (*attribute.names, *([attribute.pointer] if attribute.pointer else []), *qualifiers):
            self.account.ignored(pointer, rule)

    def qualifier(self, attribute: Attribute, *names: str) -> str:
        """Take the first value of the qualifiers with one of these names."""
        for one in attribute.qualifiers:
            if one.name in names and one.text:
                self.qualified(one)
                return one.text
        return ""

    def qualified(self, qualifier: Qualifier) -> None:
        """Account for a qualifier whose value is in a slot."""
        for pointer in qualifier.pointers:
            self.account.mapped(pointer)

    def empty(self, of: Section, *names: str) -> None:
        """Account for the attributes with one of these names that say nothing."""
        for one in self.attributes(of, *names):
            if not one.text:
                self.one(one)

    def claim(self, of: Section) -> None:
        """Account for a section that became a thing of a class which says what its type says."""
        self._mapped_member(of, "type")
        if "extType" in of.value and _is_leaf(of.value["extType"]):
            self.account.ignored(f"{of.pointer}/extType", "structural-type")
        for name in _EMPTY_SAYS_NOTHING:
            if name in of.value and not of.value[name]:
                self._mapped_member(of, name)

    def is_unclaimed(self, of: Section) -> bool:
        """Whether a section says what it is, and has become nothing yet."""
        return bool(of.type) and self.account.state(f"{of.pointer}/type") == "kept"

    def key(self, of: Section, kind: str) -> str | None:
        """Take the section's own name for the key of its thing; None when it has none or another thing has it."""
        if not of.accno or (kind, of.accno) in self._keys or has_email(of.accno):
            return None
        self._keys.add((kind, of.accno))
        for name in _ACCESSIONS:
            self._mapped_member(of, name)
        return of.accno

    def named(self, of: Section) -> None:
        """Account for a section's own name that only joins sections of this document."""
        for name in _ACCESSIONS:
            if isinstance(of.value.get(name), str):
                self.account.ignored(f"{of.pointer}/{name}", "structural-id")

    def _mapped_member(self, of: Section, name: str) -> None:
        if name in of.value and _is_leaf(of.value[name]):
            self.account.mapped(f"{of.pointer}/{escaped(name)}")
