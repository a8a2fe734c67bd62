"""The files of a study, one by one, from the sources in the archive of the catalogue. No network is used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from rembigraph.app.pages.text import clean
from rembigraph.app.showing import open_study
from rembigraph.catalogue.home import Home
from rembigraph.loaders.listed_files import ListedFile, Listing, list_files
from rembigraph.loaders.values import without_email
from rembigraph.ontology.errors import CatalogueError


@dataclass(frozen=True)
class StudyFiles:
    """The files that the sources of one study list.

    Attributes:
        accession: the study.
        landing_page: its page in its archive; empty when none is known.
        sources: kinds of source that list files, each with what it lists.
    """

    accession: str
    landing_page: str
    sources: dict[str, Listing]

    @property
    def count(self) -> int:
        """Number of files in all sources."""
        return sum(listing.count for listing in self.sources.values())

    @property
    def byte_size(self) -> int | None:
        """Bytes of all files; None when the size of one is not stated, or nothing is listed."""
        sizes = [listing.byte_size for listing in self.sources.values()]
        known = [size for size in sizes if size is not None]
        return sum(known) if self.count and len(known) == len(sizes) else None

    @property
    def shown(self) -> int:
        """Number of files within the limit."""
        return sum(len(listing.files) for listing in self.sources.values())

    @property
    def problems(self) -> list[CatalogueError]:
        """What of the sources could not be read."""
        return [error for listing in self.sources.values() for error in listing.problems]

    @property
    def missing(self) -> list[str]:
        """Lists that a source names, but that were not loaded with it."""
        return [name for listing in self.sources.values() for name in listing.missing]


def study_files(home: Home, accession: str, limit: int) -> StudyFiles:
    """Read the files of a study from its archived sources.

    Args:
        home: the catalogue.
        accession: the study, in any spelling.
        limit: how many files are returned at most; all are counted.

    Returns:
        What they list. A study whose sources list nothing is no error, as a search that finds nothing is none.

    Raises:
        UnknownAccession, WithdrawnAccession: it is not in the catalogue.
        SourceMalformed: an archived source cannot be read.
        StoreDamaged: the archive is damaged.
    """
    with open_study(home, accession) as (snapshot, name):
        view = snapshot.record(name)
        sources: dict[str, Listing] = {}
        for entry in home.state().records_of(name):
            listing = Listing(limit)
            list_files(home.archive.read_source(name, entry.source, entry.source_sha256), entry.file, listing)
            limit -= len(listing.files)
            if listing.count or listing.missing or listing.problems:
                sources[entry.source] = listing
        return StudyFiles(name, view.study.text("landing_page") if view else "", sources)


def files_json(found: StudyFiles) -> dict[str, Any]:
    """Return the document that `files --json` prints."""
    return {
        "version": 1,
        "accession": found.accession,
        "total": found.count,
        "bytes": found.byte_size,
        "sources": {
            source: {"total": listing.count, "bytes": listing.byte_size if listing.count else None}
            for source, listing in found.sources.items()
        },
        "files": [
            {"source": source, **_file_json(file)}
            for source, listing in found.sources.items()
            for file in listing.files
        ],
        "missing_lists": found.missing,
        "problems": [without_email(str(error)) for error in found.problems],
    }


def _file_json(file: ListedFile) -> dict[str, Any]:
    return {
        "list": file.of_list,
        "path": file.path,
        "bytes": file.byte_size,
        "format": file.format,
        "attributes": file.attributes,
    }


def files_lines(found: StudyFiles) -> Iterator[str]:
    """Yield one file a line (path, bytes and `name=value`s, with tabs between them), then how many there are.

    A line that begins with `#` says which source, and which of its lists, the files below it are from.
    """
    for source, listing in found.sources.items():
        for of_list, files in groupby(listing.files, key=lambda file: file.of_list):
            yield _one_line(f"# {source}: {of_list}" if of_list else f"# {source}")
            yield from map(_file_line, files)
    yield _summary(found)


def _file_line(file: ListedFile) -> str:
    size = "" if file.byte_size is None else str(file.byte_size)
    words = [f"{name}={text}" for name, text in file.attributes.items()]
    if file.format and not file.path.casefold().endswith(file.format.casefold()):
        words.insert(0, f"format={file.format}")
    return "\t".join(map(_one_line, (file.path, size, *words)))


def _one_line(text: str) -> str:
    return clean(" ".join(text.split()))


def _summary(found: StudyFiles) -> str:
    if not found.count:
        page = f"; the data are at {found.landing_page}" if found.landing_page else ""
        what = "the lists of its files are not here" if found.sources else "its sources list no files"
        return f"{found.accession}: {what}{page}"
    folders = sum(listing.folders for listing in found.sources.values())
    what = "1 file" if found.count == 1 else f"{found.count} files"
    what += f" ({folders} of them folders)" if folders else ""
    size = "sizes not all stated" if found.byte_size is None else f"{found.byte_size} bytes"
    several = sum(bool(listing.count) for listing in found.sources.values())
    if several > 1:
        size += f", from {several} sources, which may list the same files"
    rest = found.count - found.shown
    return f"{what}, {size}" + (f"; and {rest} more; --limit shows more" if rest else "")


def remarks(found: StudyFiles) -> Iterator[str]:
    """Yield what a person needs to know beside the files: lists that are missing or cannot be read."""
    if found.missing:
        names = _one_line(", ".join(found.missing))
        yield f"Not here, because not loaded with the study: {names}"
        yield "Load the submission again, with these lists beside it in the same folder."
    for error in found.problems:
        yield f"Not read: {_one_line(without_email(str(error)))}"
