"""Files that a BIA document lists, one row a file: summed up as a FileSet, never one thing a file.

Rows count by column: a column is a leaf, however many rows have it, and its name is in the record.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from rembigraph.loaders.bia_fields import file_address, whole_number
from rembigraph.loaders.values import prose
from rembigraph.ontology.generated.models import FileReference, FileSet, StudyLink
from rembigraph.ontology.mentions import add_link, links_to

_PATHS = ("file_path", "name", "original_relpath", "path")
_SIZES = ("size_in_bytes", "total_size_in_bytes", "original_size", "size")
_EXTENSION = re.compile(r"(?:\.ome)?\.[A-Za-z][A-Za-z0-9]{0,9}(?:\.(?:gz|zip|bz2|xz))?$|\.7z$", re.IGNORECASE)
_OPEN_FIELDS = re.compile(r"^(?:attributes|additional_metadata/value|attribute/value|attribute)/")
_FOR_STUDIES = re.compile(r"empiar|bio-?studies|bioimage|\bidr\b|accession", re.IGNORECASE)
_NAMES_A_STUDY = re.compile(r"EMPIAR|S-B(?:IAD|SST|SMS)|\bEMD-", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_MOST_FORMATS = 40
_MOST_LINKS = 50


@dataclass
class FileTable:
    """What is known of the files of one list after its rows have gone by.

    Attributes:
        columns: name of each column -> a value of it.
        count: number of rows.
        sizes: sum of the sizes; None as soon as one is not stated.
        filled: name of each column -> number of rows with a value in it.
        formats: formats by their extension or as stated -> number of files.
        folder: folder that all files share, so far.
        named: (study that a value names, kind of evidence) -> the link, with what is quoted.
    """

    columns: dict[str, Any] = field(default_factory=dict)
    count: int = 0
    sizes: int | None = 0
    filled: Counter[str] = field(default_factory=Counter)
    formats: Counter[str] = field(default_factory=Counter)
    folder: str | None = None
    named: dict[tuple[str, str], StudyLink] = field(default_factory=dict)

    def add(self, row: Any, study: str | None = None) -> None:
        """Take a row; one that is no object counts as a file of which nothing is known."""
        self.count += 1
        filled = set()
        for name, value in _cells(row, ""):
            if value not in (None, "", {}, []):
                filled.add(name)
            if self.columns.get(name) in (None, "", {}, []):
                self.columns[name] = value
            if isinstance(value, str) and len(self.named) < _MOST_LINKS and _may_name_a_study(name, value):
                self._link(name, value, study)
        self.filled.update(filled)
        members = row if isinstance(row, dict) else {}
        size = next((size for key in _SIZES if (size := whole_number(members.get(key))) is not None), None)
        self.sizes = self.sizes + size if self.sizes is not None and size is not None and size >= 0 else None
        path = path_of(members)
        stated = members.get("format")
        form = prose(stated) if isinstance(stated, str) else ""
        if form := form or extension(path):
            self.formats[form if form in self.formats or len(self.formats) < _MOST_FORMATS else "other"] += 1
        folder = path.rpartition("/")[0]
        self.folder = folder if self.folder is None else _shared(self.folder, folder)

    def _link(self, name: str, value: str, study: str | None) -> None:
        for link in links_to(
            study, value, "file_attribute", f'file attribute "{shown(name)}": {prose(value)}'
        ):
            add_link(self.named, link)

    def file_set(self, key: str, title: str | None, structural: frozenset[str] = frozenset()) -> FileSet:
        """Return the sum of the rows; with several formats, how many files there are of each.

        Args:
            key: of the FileSet.
            title: of the FileSet.
            structural: columns that every list of the format has, and that other slots hold.
        """
        formats = sorted(self.formats.items())
        one_format = len(formats) == 1 and formats[0][1] == self.count
        counts = {
            text: self.filled[name]
            for name in self.columns
            if name not in structural and (text := shown(name))
        }
        return FileSet(
            key=key,
            title=title,
            file_count=self.count,
            byte_size=self.sizes,
            format=formats[0][0] if one_format else None,
            files_by_format=[] if one_format else [f"{form}: {number}" for form, number in formats],
            path_pattern=[f"{prose(self.folder)}/"] if self.folder and prose(self.folder) else [],
            column=list(counts),
            files_by_column=[f"{name}: {number}" for name, number in counts.items() if number != self.count],
        )


def table(rows: Iterable[Any], study: str | None = None) -> FileTable:
    """Sum up rows."""
    found = FileTable()
    for row in rows:
        found.add(row, study)
    return found


def _may_name_a_study(column: str, value: str) -> bool:
    """Whether a column is made for accessions, or a value that is no path has one."""
    return bool(_FOR_STUDIES.search(column)) or (column not in _PATHS and bool(_NAMES_A_STUDY.search(value)))


def _cells(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            if key != "@context":
                yield from _cells(item, f"{name}/{key}" if name else key)
    elif isinstance(value, list) and value:
        for item in value:
            yield from _cells(item, name)
    else:
        yield name, value


def shown(column: str) -> str:
    """Return the name of a column as its list has it.

    >>> shown("attributes/Associated EMPIAR IDs"), shown("representations/uri")
    ('Associated EMPIAR IDs', 'representations/uri')
    """
    return prose(_OPEN_FIELDS.sub("", column))


def extension(path: str) -> str:
    """Return what the end of a file name says of its format, as the BIA writes formats.

    >>> extension("a/b.OME.TIFF"), extension("frames/Stack_0.5z8nm"), extension("x.zarr/0")
    ('.ome.tiff', '', '.zarr')
    """
    match = _EXTENSION.search(re.sub(r"(\.zarr)/.*$", r"\1", path.rstrip("/")))
    return match.group().lower() if match else ""


def path_of(row: dict[str, Any]) -> str:
    """Return the path of a file as its row states it; empty when it states none."""
    return next((path for key in _PATHS if isinstance(path := row.get(key), str) and path), "")


def file_reference(row: dict[str, Any]) -> FileReference | None:
    """Return one file of a list that something in the record names; its IRI holds the source's own id."""
    path = next((path for key in _PATHS if isinstance(path := row.get(key), str) and prose(path)), None)
    if path is None:
        return None
    name = next((name for key in ("uuid", "id") if isinstance(name := row.get(key), str)), "")
    uri, form = row.get("uri"), row.get("format")
    address = file_address(uri) if isinstance(uri, str) else None
    return FileReference(
        id=f"file/{name}" if _NAME.fullmatch(name) else None,
        path=prose(path),
        format=prose(form) or None if isinstance(form, str) else None,
        byte_size=next(
            (n for key in _SIZES if (n := whole_number(row.get(key))) is not None and n >= 0), None
        ),
        download_url=[address] if address else [],
    )


def _shared(left: str, right: str) -> str:
    if left == right:
        return left
    parts = []
    for one, other in zip(left.split("/"), right.split("/"), strict=False):
        if one != other:
            break
        parts.append(one)
    return "/".join(parts)
