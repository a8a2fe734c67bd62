"""Records by accession from where their archives publish them: which addresses, and what belongs to one document.

A document comes whole or not at all: a submission of BioStudies with every file list that it names, as if all were
read from one folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import quote, urlsplit

from rembigraph.loaders import live_answers
from rembigraph.loaders.documents import MIB
from rembigraph.loaders.fetch import Why
from rembigraph.loaders.file_lists import stem
from rembigraph.loaders.file_lists_gather import MAX_HELD_BYTES, names_of_lists
from rembigraph.loaders.live_retry import FIXES, Fetcher
from rembigraph.loaders.reading import Document
from rembigraph.ontology.errors import SourceError, SourceNotFetched
from rembigraph.ontology.identifiers import Accession

MAX_LISTS = 1000  # of one submission

_READABLE = (".json", ".tsv", ".txt")
_OTHER_FORMS = (".json", ".tsv")
_FILES = "Files/"


@dataclass(frozen=True)
class Bases:
    """Addresses that those of the records begin with, without a slash at the end."""

    biostudies: str
    empiar: str


class Live:
    """Reads records from BioStudies and EMPIAR.

    Args:
        fetcher: fetches documents.
        bases: where the sources are.
    """

    def __init__(self, fetcher: Fetcher, bases: Bases) -> None:
        self._fetcher = fetcher
        self._biostudies = bases.biostudies.rstrip("/")
        self._empiar = bases.empiar.rstrip("/")

    def documents(self, wanted: Iterable[Accession | SourceError]) -> Iterator[Document | SourceError]:
        """Yield the document of each accession, or why it could not be had; errors among them pass."""
        for one in wanted:
            yield self._document(one) if isinstance(one, Accession) else one

    def _document(self, accession: Accession) -> Document | SourceError:
        try:
            return reader_of(accession)(self, accession)
        except SourceNotFetched as error:
            message = f"{accession} was not loaded: {error.message}"
            return SourceNotFetched(
                message, source=error.source, accession=accession.text, code=error.code, fix=error.fix
            )

    def entry(self, accession: Accession) -> Document:
        """Fetch an entry of EMPIAR.

        Raises:
            SourceNotFetched: it could not be had.
        """
        url = f"{self._empiar}/api/entry/{quote(accession.text, safe='')}/"
        body, _ = self._fetcher.fetch(url, partial(live_answers.entry, accession=accession))
        return Document(url, f"{accession}.json", body)

    def submission(self, accession: Accession) -> Document:
        """Fetch a submission of BioStudies with the file lists that it names.

        Raises:
            SourceNotFetched: one of them could not be had.
        """
        name = quote(accession.text, safe="")
        url = f"{self._biostudies}/api/v1/studies/{name}"
        folders = [f"{self._biostudies}/files/{name}/"]
        read = partial(live_answers.submission_or_link, accession=accession)
        body, found = self._fetcher.fetch(url, read)
        document = Document(url, f"{accession}.json", body)
        if link := live_answers.link_of(found):
            folder = _folder(link, url)
            body, found = self._fetcher.fetch(
                f"{folder}{name}.json", partial(live_answers.submission, accession=accession)
            )
            document = Document(f"{folder}{name}.json", "", body)
            folders += [f"{folder}{_FILES}", folder]
        return replace(document, attached=tuple(self._lists(found, folders, document)))

    def _lists(self, found: dict[str, Any], folders: list[str], document: Document) -> list[Document]:
        names: dict[str, str] = {}
        for name in names_of_lists(found):
            names.setdefault(stem(name), name.strip())
        if len(names) > MAX_LISTS:
            raise _whole(f"it names more than {MAX_LISTS} file lists", document.file, Why.LARGE)
        lists: list[Document] = []
        left = MAX_HELD_BYTES - len(document.data)
        for name in names.values():
            lists.append(self._list(name, folders))
            left -= len(lists[-1].data)
            if left < 0:
                message = f"it and its file lists are more than {MAX_HELD_BYTES // MIB} MiB together"
                raise _whole(message, document.file, Why.LARGE)
        return sorted(lists, key=lambda one: one.file)

    def _list(self, name: str, folders: list[str]) -> Document:
        """Fetch a list from the first folder that has it; that one comes first for the next list."""
        absent: SourceNotFetched | None = None
        for folder in tuple(folders):
            for path in _paths(name):
                url = folder + "/".join(quote(part, safe="") for part in path.split("/"))
                try:
                    body, _ = self._fetcher.fetch(url, partial(live_answers.file_list, name=path))
                except SourceNotFetched as error:
                    if error.code != Why.NOT_FOUND:
                        raise _of_list(name, error) from error
                    absent = absent or error
                else:
                    folders.sort(key=lambda one: one != folder)
                    return Document(folder + path, "", body)
        raise _of_list(name, absent or _whole("it has no name that can be asked for", folders[0], Why.WRONG))


def reader_of(accession: Accession) -> Callable[[Live, Accession], Document]:
    """Return what reads records of the accession's archive.

    Raises:
        KeyError: it is not read live.
    """
    for prefix, reader in (("EMPIAR-", Live.entry), ("S-", Live.submission)):
        if accession.text.startswith(prefix):
            return reader
    raise KeyError(accession.text)


def _paths(name: str) -> list[str]:
    """Return the paths that a list may have in its folder: BioStudies keeps it as JSON and as TSV, too.

    >>> _paths("/a/list 1.json"), _paths("list_1.xlsx"), _paths("../list.json")
    (['a/list 1.json'], ['list_1.json', 'list_1.tsv'], [])
    """
    path = name.strip().lstrip("/").removeprefix(_FILES)
    if any(part in {"", ".", ".."} for part in path.split("/")):
        return []
    if path.lower().endswith(_READABLE):
        return [path]
    bare = path[: len(stem(path))]
    return [bare + ending for ending in _OTHER_FORMS]


def _folder(link: str, url: str) -> str:
    """Return the address of a submission's folder with a slash at its end."""
    try:
        parts = urlsplit(link)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or parts.query or parts.fragment:
        raise _whole(
            "BioStudies says that it is at an address that is not plain http or https", url, Why.WRONG
        )
    return link if link.endswith("/") else f"{link}/"


def _of_list(name: str, error: SourceNotFetched) -> SourceNotFetched:
    message = (
        f"its file list {name[:80]!r} could not be had, and it is loaded whole or not at all: {error.message}"
    )
    code = "list-not-found" if error.code == Why.NOT_FOUND else error.code
    fix = FIXES[Why.WRONG] if error.code == Why.NOT_FOUND else error.fix
    return SourceNotFetched(message, source=error.source, code=code, fix=fix)


def _whole(message: str, url: str, why: Why) -> SourceNotFetched:
    return SourceNotFetched(message, source=url, code=why.value, fix=FIXES[why])
