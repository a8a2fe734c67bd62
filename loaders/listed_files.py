"""The files that the source of a study lists, one by one, as its archived bytes have them.

Records hold no file of a list (see `file_lists`); whoever wants them reads them from the source, here. It works for
submissions (lists that came with them, and files that their sections list) and for BIA documents of either kind; where
a BIA v1 document lists no files, the stored forms of its images are its files.
"""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from rembigraph.loaders import LOADERS, bia_objects, bia_v1, pagetab
from rembigraph.loaders.bia_fields import PRIVATE, leaves, whole_number
from rembigraph.loaders.bia_files import extension, shown
from rembigraph.loaders.bia_objects_index import type_of
from rembigraph.loaders.bia_v1_parts import kind_of
from rembigraph.loaders.bia_v1_tables import FILES, IMAGES
from rembigraph.loaders.file_lists import INTERNAL, FileLists, own_name, row, rows, stem, unbundled
from rembigraph.loaders.file_lists_gather import names_of_lists
from rembigraph.loaders.json_bounds import parse_json, parse_members
from rembigraph.loaders.leaves import raw_json
from rembigraph.loaders.pagetab_people import private_rule
from rembigraph.loaders.pagetab_tree import folded, section
from rembigraph.loaders.reading import Document
from rembigraph.loaders.values import prose
from rembigraph.ontology.errors import SourceError

_PATHS = ("path", "file_path", "name", "original_relpath")
_SIZES = ("size", "size_in_bytes", "total_size_in_bytes", "original_size")
_FORMAT = "format"
_NOTHING: tuple[Any, ...] = (None, {}, [])
_OTHER_PATHS = frozenset({"filePath", "fileName"})  # of the internal form, whose row has `path`, too
_FOLDER = "directory"


@dataclass(frozen=True, slots=True)
class ListedFile:
    """One row of a list: a file, or a folder.

    Attributes:
        path: its path or name in the archive; empty when the row has none.
        byte_size: its size in bytes, if stated.
        format: its format as stated, else the ending of its name, else empty.
        attributes: what else the row says, by the name of its column; nothing private.
        of_list: the list, as the source names it; empty for files that the source lists itself.
    """

    path: str
    byte_size: int | None
    format: str
    attributes: dict[str, str]
    of_list: str


@dataclass
class Listing:
    """The files of one or more sources.

    Attributes:
        limit: how many files are kept in `files`; all are counted.
        files: the first ones.
        count: number of rows.
        folders: number of rows that say they are folders.
        byte_size: sum of all sizes; None as soon as a row states none.
        missing: lists that a source names, but that did not come with it.
        problems: lists that cannot be read.
    """

    limit: int
    files: list[ListedFile] = field(default_factory=list)
    count: int = 0
    folders: int = 0
    byte_size: int | None = 0
    missing: list[str] = field(default_factory=list)
    problems: list[SourceError] = field(default_factory=list)

    def take(self, row: Any, of_list: str = "") -> None:
        """Count a row, and keep it within the limit."""
        members = row if isinstance(row, dict) else {"": row}
        size = _size(members)
        self.count += 1
        self.folders += _text(members, "type").casefold() == _FOLDER
        self.byte_size = None if self.byte_size is None or size is None else self.byte_size + size
        if len(self.files) < self.limit:
            self.files.append(_listed(members, size, of_list))


def list_files(data: bytes, name: str, listing: Listing) -> None:
    """Add the files that an archived source lists; a source of a format without lists adds none.

    Args:
        data: the archived bytes.
        name: of the source, for messages.
        listing: takes the files.

    Raises:
        SourceMalformed: the source itself (not one of its lists) cannot be read.
    """
    document = _unpacked(data, name)
    loader = next((one for one in LOADERS if one.recognises(document)), None)
    take = _READERS.get(loader.FORMAT) if loader else None
    if take is not None:
        take(document, listing)


def _unpacked(data: bytes, name: str) -> Document:
    try:
        return unbundled(data, name)
    except tarfile.TarError:  # a text that has the mark of a tar file by chance
        return Document(name, "", data)


# --- submissions


def _of_submission(document: Document, listing: Listing) -> None:
    parsed = parse_json(document)
    study = parsed.get("section") if isinstance(parsed, dict) else None
    if not isinstance(study, dict):
        return
    for part in section(study, "/section").everything():
        for file in part.files():
            listing.take(row(file.value))
    root = section(parsed, "")
    lists = FileLists(document.attached, root.accno or section(study, "/section").accno)
    for name, found in _named_lists(parsed, lists):
        if found is None:
            listing.missing.append(prose(name))
        else:
            _take_rows(found, prose(name), listing)


def _named_lists(parsed: Any, lists: FileLists) -> Iterator[tuple[str, Document | None]]:
    """Yield each list once: those that the submission names, in its order, then what else came with it."""
    seen: set[str] = set()
    taken: list[Document] = []
    for name in names_of_lists(parsed):
        if stem(name) not in seen:
            seen.add(stem(name))
            found = lists.document(name)
            if found is None or found not in taken:
                taken += [found] if found else []
                yield name, found
    for document in lists.documents:
        if document not in taken:
            yield own_name(document, lists.accession), document


def _take_rows(document: Document, name: str, listing: Listing) -> None:
    try:
        for one in rows(document):
            listing.take(one, name)
    except SourceError as error:
        listing.problems.append(error)


# --- BIA documents


def _of_objects(document: Document, listing: Listing) -> None:
    for parsed in _parsed(document.attached, listing):
        if type_of(parsed) == "FileReference":
            listing.take({name: value for name, value in parsed.items() if name not in {"model", "version"}})


def _parsed(documents: tuple[Document, ...], listing: Listing) -> Iterator[Any]:
    for one in documents:
        try:
            yield parse_json(one)
        except SourceError as error:
            listing.problems.append(error)


def _of_v1(document: Document, listing: Listing) -> None:
    before = listing.count
    parse_members(document, _is_named(*FILES), lambda table, _, row: listing.take(row, table))
    if listing.count > before:
        return
    parse_members(document, _is_named(IMAGES), lambda table, _, image: _take_forms(image, table, listing))
    for parsed in _parsed(document.attached, listing):
        kind = kind_of(parsed)
        if kind == "image":
            _take_forms(parsed, IMAGES, listing)
        elif kind == "representation":
            listing.take(_stored_form(parsed), IMAGES)


def _is_named(*names: str) -> Callable[[str], bool]:
    return lambda name: name.casefold() in names


def _take_forms(image: Any, table: str, listing: Listing) -> None:
    """Take the stored forms of an image of v1."""
    forms = image.get("representations") if isinstance(image, dict) else None
    for form in forms if isinstance(forms, list) else ():
        if isinstance(form, dict) and form:
            listing.take(_stored_form(form), table)


def _stored_form(form: dict[str, Any]) -> dict[str, Any]:
    """Return a stored form as a file; a size of zero says that its size is not known."""
    address = form.get("uri")
    known = {name: value for name, value in form.items() if name not in _SIZES or whole_number(value) != 0}
    if isinstance(address, str):
        known = {"path": address} | {name: value for name, value in known.items() if name != "uri"}
    return known


_READERS: dict[str, Callable[[Document, Listing], None]] = {
    pagetab.FORMAT: _of_submission,
    bia_objects.FORMAT: _of_objects,
    bia_v1.FORMAT: _of_v1,
}


# --- rows


def _size(members: dict[str, Any]) -> int | None:
    sizes = (whole_number(members.get(name)) for name in _SIZES)
    return next((size for size in sizes if size is not None and size >= 0), None)


def _text(members: dict[str, Any], *names: str) -> str:
    texts = (prose(value) for name in names if isinstance(value := members.get(name), str))
    return next((text for text in texts if text), "")


def _listed(members: dict[str, Any], size: int | None, of_list: str) -> ListedFile:
    path, form = _text(members, *_PATHS), _text(members, _FORMAT)
    told = {*INTERNAL, next((name for name in _PATHS if _text(members, name)), "")}
    told |= _OTHER_PATHS if path else set()
    told |= {name for name in _SIZES if size is not None and whole_number(members.get(name)) == size}
    told |= {_FORMAT} if form else set()
    told |= {"type"} if members.get("type") == "file" else set()
    attributes: dict[str, str] = {}
    for name, value, _ in leaves(members, "", ""):
        label = shown(name)
        text = prose(value if isinstance(value, str) else raw_json(value))
        if text and value not in _NOTHING and name not in told and _is_public(label):
            attributes[label] = f"{attributes[label]}; {text}" if label in attributes else text
    return ListedFile(path, size, form or extension(path), attributes, of_list)


def _is_public(label: str) -> bool:
    name = label.rsplit("/", 1)[-1]
    return not private_rule(folded(name)) and name.casefold() not in PRIVATE
