"""File lists of BioStudies: one row a file, as JSON or TSV. On its own a file list is no study.

With the study that names it (see `file_lists_gather`) a list becomes a FileSet: number, bytes, formats and columns,
never one thing a file. Its rows count by column in the leaf account, and stay in the archived source, from where
`rembigraph files` shows them.
"""

from __future__ import annotations

import csv
import io
import re
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from rembigraph.loaders.bia_files import FileTable
from rembigraph.loaders.json_bounds import parse_items
from rembigraph.loaders.reading import Document, Leaves, Reading
from rembigraph.ontology.errors import SourceError, SourceMalformed, SourceSkipped
from rembigraph.ontology.generated.models import FileSet, StudyLink
from rembigraph.ontology.mentions import add_link

FORMAT = "file-list"
SOURCE = "pagetab"
MOST_COLUMNS = 1000
STRUCTURAL = frozenset({"path", "filePath", "fileName", "size", "type"})
INTERNAL = frozenset(
    {"relPath", "fireId", "firePath", "published", "extType", "md5"}
)  # of BioStudies' storage

_SNIFFED_BYTES = 4096
_ROW = re.compile(rb'\[\s*(?:\]|\{.*?"(?:path|filePath|fileName)"\s*:)', re.DOTALL)
_PATHS = ("path", "filePath", "fileName")  # the two latter in the internal form
_ATTRIBUTES = "attributes"
_ENDING = re.compile(r"\.(?:json|tsv|txt|xml|xlsx?)$", re.IGNORECASE)
_TAR_MAGIC = slice(257, 262)
_NUMBER_OF_MEMBER = re.compile(r"^\d{5}/")


def recognises(document: Document) -> bool:
    """Whether the bytes begin like a list of files: a JSON array of objects with `path`, or a TSV headed `Files`."""
    head = document.data[:_SNIFFED_BYTES].removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(b"["):
        return bool(_ROW.match(head))
    return _cell(head.split(b"\n", 1)[0].split(b"\t", 1)[0]) == b"files"


def _cell(text: bytes) -> bytes:
    return text.strip().strip(b'"').lower()


def read(document: Document) -> Iterator[Reading | SourceError]:
    """Say that there is no study in it."""
    yield SourceSkipped(
        "this is a file list on its own, which is no study",
        where=document.place,
        fix="Load it together with the submission that names it: in the same folder, under the name that the "
        "submission gives it, or that name behind `ACCESSION__`.",
    )


# --- rows


@dataclass
class ListedFiles(FileTable):
    """What is known of the files of one list; of the files in a folder that it lists, nothing is.

    Attributes:
        has_folders: whether a row is a folder.
    """

    has_folders: bool = False

    def add(self, row: Any, study: str | None = None) -> None:
        """Take a row."""
        super().add(row, study)
        kind = row.get("type") if isinstance(row, dict) else None
        self.has_folders = self.has_folders or (isinstance(kind, str) and kind.strip().lower() == "directory")

    def summary(self, key: str | None, title: str | None) -> FileSet:
        """Return the sum of the rows."""
        found = self.file_set(key or "", title, STRUCTURAL | INTERNAL)
        found.key = key
        found.file_count = None if self.has_folders else found.file_count
        return found


def rows(document: Document) -> Iterator[dict[str, Any]]:
    """Yield one object a file: `path`, its other members, and its attributes by their names.

    Raises:
        SourceMalformed: it is no list of files; rows before the fault have been yielded.
    """
    if document.data[:64].removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"["):
        yield from map(row, parse_items(document))
    else:
        yield from _rows_of_table(document)


def row(item: Any) -> dict[str, Any]:
    """Return one entry of a list (or of the `files` of a section) as an object of plain cells.

    >>> row({"path": "a.tif", "size": 3, "attributes": [{"name": "Well", "value": "B2"}]})
    {'path': 'a.tif', 'size': 3, 'attributes': {'Well': 'B2'}}
    """
    if not isinstance(item, dict):
        return {"": item}
    found = {name: value for name, value in item.items() if name != _ATTRIBUTES}
    path = next((text for name in _PATHS if isinstance(text := item.get(name), str)), None)
    if path is not None:
        found["path"] = path
    attributes: dict[str, Any] = {}
    for one in _flat(item.get(_ATTRIBUTES)):
        name = one.get("name")
        _add(attributes, name if isinstance(name, str) else "", one.get("value"))
    return found | ({_ATTRIBUTES: attributes} if attributes else {})


def _flat(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        for item in value:
            yield from _flat(item)
    elif isinstance(value, dict):
        yield value


def _add(attributes: dict[str, Any], name: str, value: Any) -> None:
    """An attribute that a row has twice has two values."""
    if name not in attributes:
        attributes[name] = value
    else:
        known = attributes[name]
        attributes[name] = [*known, value] if isinstance(known, list) else [known, value]


def _rows_of_table(document: Document) -> Iterator[dict[str, Any]]:
    try:
        text = document.data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _malformed(
            document, f"the file is not UTF-8 text (byte {error.start})", "Save it as UTF-8."
        ) from None
    table = csv.reader(io.StringIO(text, newline=""), delimiter="\t")
    try:
        header = [name.strip() for name in next(table, [])]
        for cells in table:
            if any(cells):
                yield _row_of_cells(header, cells)
    except csv.Error as error:
        where = f"the table can't be read in line {table.line_num}: {error}"
        raise _malformed(document, where, "Check its quotes.") from None


def _row_of_cells(header: list[str], cells: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"path": cells[0]}
    attributes: dict[str, Any] = {}
    for number, cell in enumerate(cells[1:], start=1):
        name = header[number] if number < len(header) else ""
        if name.casefold() == "size":
            found["size"] = cell
        elif name or cell:
            _add(attributes, name, cell)
    return found | ({_ATTRIBUTES: attributes} if attributes else {})


def _malformed(document: Document, message: str, fix: str) -> SourceMalformed:
    return SourceMalformed(message, source=document.place, code="file-list", fix=fix)


# --- what a study says of its lists


def stem(name: str) -> str:
    """Return the name of a list as it is compared: BioStudies keeps the same list as JSON, TSV and XML.

    >>> stem("/Files/list_1.JSON") == stem("list_1.tsv"), stem("a/list_1")
    (True, 'a/list_1')
    """
    return _ENDING.sub("", name.strip().lstrip("/").removeprefix("Files/")).casefold()


def last_part(path: str) -> str:
    """Return what stands behind the last slash."""
    return path.rpartition("/")[2]


def own_name(document: Document, accession: str) -> str:
    """Return a list's file name without the accession that may stand before it."""
    name, prefix = document.name, f"{accession}__".casefold()
    return name[len(prefix) :] if accession and name.casefold().startswith(prefix) else name


@dataclass
class FileLists:
    """The lists that came with one study: sums them up as they are named, and accounts for them.

    Attributes:
        documents: the lists.
        accession: accession as the submission writes it.
        leaves: account of the lists that were read.
        errors: what was wrong with lists that could not be read.
        links: links that columns assert, by the study that they name and the kind of evidence.
    """

    documents: tuple[Document, ...] = ()
    accession: str = ""
    leaves: Leaves = field(default_factory=Leaves)
    errors: list[SourceError] = field(default_factory=list)
    links: dict[tuple[str, str], StudyLink] = field(default_factory=dict)
    _tables: dict[int, ListedFiles | None] = field(default_factory=dict)

    def file_set(self, name: str) -> FileSet:
        """Return the FileSet of the list that a submission names so; without its document, the name alone."""
        number = self._number(name)
        table = None if number is None else self._table(number)
        if table is None:
            return FileSet(title=name)
        return table.summary(None, name)

    def document(self, name: str) -> Document | None:
        """Return the list that a submission names so, if it came with it."""
        number = self._number(name)
        return None if number is None else self.documents[number]

    def read_all(self) -> None:
        """Account for lists, too, that no part has asked for under their name."""
        for number in range(len(self.documents)):
            self._table(number)

    def _number(self, name: str) -> int | None:
        """The list of that path, else the only one of that name."""
        wanted = stem(name)
        places = [f"/{stem(document.place)}" for document in self.documents]
        found = [number for number, place in enumerate(places) if place.endswith(f"/{wanted}")]
        if len(found) != 1:
            names = [stem(own_name(document, self.accession)) for document in self.documents]
            found = [number for number, known in enumerate(names) if known == last_part(wanted)]
        return found[0] if len(found) == 1 else None

    def _table(self, number: int) -> ListedFiles | None:
        if number not in self._tables:
            try:
                self._tables[number] = self._read(self.documents[number])
            except SourceError as error:
                self.errors.append(error)
                self._tables[number] = None
        return self._tables[number]

    def _read(self, document: Document) -> ListedFiles:
        table = summed(rows(document), document, self.accession)
        internal = sum(name in INTERNAL for name in table.columns)
        self.leaves += Leaves(mapped=len(table.columns) - internal, ignored=internal)
        for link in table.named.values():
            add_link(self.links, link)
        return table


def summed(found: Iterable[dict[str, Any]], document: Document, study: str) -> ListedFiles:
    """Sum up rows.

    Raises:
        SourceMalformed: they can't be read, or have more than a thousand columns.
    """
    table = ListedFiles()
    waiting = iter(found)
    while several := list(islice(waiting, 1000)):
        for one in several:
            table.add(one, study)
        if len(table.columns) > MOST_COLUMNS:
            message = f"the file list has more than {MOST_COLUMNS} columns"
            raise _malformed(document, message, "Give one column a property, and one row a file.")
    return table


# --- the archived source


def unbundled(data: bytes, name: str) -> Document:
    """Return what `Document.bundle` packed: a submission with the lists that came with it.

    Args:
        data: archived source bytes.
        name: name of the source for messages.
    """
    main = Document(name, "", data)
    if data[_TAR_MAGIC] != b"ustar":
        return main
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
        parts = [
            Document(_NUMBER_OF_MEMBER.sub("", member.name), "", file.read())
            for member in tar
            if (file := tar.extractfile(member))
        ]
    return replace(parts[0], attached=tuple(parts[1:])) if parts else main
