"""A BIA v1 document as it is read: its lists of files a row at a time, for they may hold 10⁵ files and more."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rembigraph.loaders.bia_files import FileTable
from rembigraph.loaders.json_bounds import parse_members
from rembigraph.loaders.reading import Document
from rembigraph.ontology.mentions import studies_named

MOST_IMAGES = 2_000  # described one by one; more are summed up as files are
FILES = {
    "file_references": "Files of the study",
    "archive_files": "Archive files of the study",
    "other_files": "Other files of the study",
}
INSIDE = "-in-archives"  # behind the name of a list: files that are inside others of it
IMAGES = "images"
_INSIDE = "file_in_zip"
_OF_A_FILE = ("id", "uuid", "name", "uri", "size_in_bytes")


@dataclass
class Parsed:
    """A document, with what its lists of files (and of too many images) hold.

    Attributes:
        shown: the document; a list in `tables` stands in it by column.
        tables: name of each list that is summed up -> what it holds.
        files: id -> what is needed to name one file.
    """

    shown: dict[str, Any]
    tables: dict[str, FileTable] = field(default_factory=dict)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)


def parse(document: Document) -> Parsed:
    """Parse a document of v1, whatever it is.

    Raises:
        SourceMalformed: it is not JSON, no object, or breaks a bound.
    """
    reader = _Reader()
    shown = parse_members(document, is_table, reader.take)
    return reader.parsed(shown)


def head(document: Document) -> dict[str, Any]:
    """Return a document of v1 without its tables.

    Raises:
        SourceMalformed: it is not JSON, no object, or breaks a bound.
    """
    return parse_members(document, is_table, lambda *_: None)


def is_table(name: str) -> bool:
    """Whether a member is a list that may be too long to be read at once."""
    return name.casefold() in FILES or name.casefold() == IMAGES


class _Reader:
    """Takes the rows of all tables."""

    def __init__(self) -> None:
        self._tables: dict[str, FileTable] = {}
        self._images: dict[str | int, Any] = {}  # as long as there are not too many
        self._odd: dict[str, dict[str, Any]] = {}  # what stands in a list of files and is no row
        self._files: dict[str, dict[str, Any]] = {}

    def take(self, table: str, name: str | int, row: Any) -> None:
        if table.casefold() == IMAGES:
            self._take_image(table, name, row)
        elif not isinstance(row, dict):
            self._odd.setdefault(table, {})[str(name)] = row
        else:
            place = table + INSIDE if row.get("type") == _INSIDE else table
            self._tables.setdefault(place, FileTable()).add(row)
            if table.casefold() == "file_references" and isinstance(key := row.get("id"), str):
                self._files.setdefault(key, {one: row[one] for one in _OF_A_FILE if one in row})

    def _take_image(self, table: str, name: str | int, row: Any) -> None:
        found = self._tables.setdefault(table, FileTable())
        found.add(row)
        if found.count <= MOST_IMAGES:
            self._images[name] = row
        else:
            self._images.clear()

    def parsed(self, members: dict[str, Any]) -> Parsed:
        """Return the document whose members are these, but for its tables."""
        shown = dict(members)
        tables: dict[str, FileTable] = {}
        own = next(iter(studies_named(str(members.get("accession_id")))), None)
        for name, empty in members.items():
            if not is_table(name):
                continue
            if name.casefold() == IMAGES and self._images:
                shown[name] = self._images if isinstance(empty, dict) else list(self._images.values())
                continue
            found = {key: one for key in (name, name + INSIDE) if (one := self._tables.get(key))}
            for one in found.values():
                one.named = {key: link for key, link in one.named.items() if link.link_to != own}
            tables |= found
            columns = {"*": _columns(list(found.values()))} if found else {}
            shown[name] = (columns | self._odd.get(name, {})) or empty
        return Parsed(shown, tables, self._files)


def _columns(tables: list[FileTable]) -> dict[str, Any]:
    """Return the columns of tables together, each with a value of it where there is one."""
    found: dict[str, Any] = {}
    for table in tables:
        for name, value in table.columns.items():
            if found.get(name) in (None, "", {}, []):
                found[name] = value
    return found
