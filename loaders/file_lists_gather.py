"""Attaches file lists to the submission that names them, where both come in one folder of a batch.

A list belongs to a submission when it lies in the submission's folder (or in `Files` below it) under the path or name
that a `File List` attribute gives it, or in that folder or one right below it under that name behind `ACCESSION__`.
What waits does so in bounded memory, and only until the batch goes on to another folder.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from rembigraph.loaders import file_lists
from rembigraph.loaders.file_lists import last_part, own_name, stem
from rembigraph.loaders.json_bounds import parse_json
from rembigraph.loaders.pagetab_tree import folded
from rembigraph.loaders.reading import Document
from rembigraph.ontology.errors import SourceError, SourceMalformed, SourceSkipped

MAX_HELD_BYTES = 128 * 1024 * 1024
_NAMES_LISTS = re.compile(rb'"(?:file[ _-]?list|fileList)"', re.IGNORECASE)
_SECTION = b'"section"'
_NAME = "file list"


@dataclass(frozen=True)
class _Waiting:
    """A document that waits for what belongs to it, or for what it belongs to.

    Attributes:
        document: as received.
        wanted: names of the lists that it names; None for a list.
        accession: accession of a submission, as it writes it.
    """

    document: Document
    wanted: frozenset[str] | None = None
    accession: str = ""

    @property
    def folder(self) -> str:
        """Folder that it lies in, with a slash at its end; for a member of an archive file, within that."""
        place = _path(self.document)
        return place[: len(place) - len(last_part(place))]


def gathered(
    found: Iterator[Document | SourceError], *, most_bytes: int = MAX_HELD_BYTES
) -> Iterator[Document | SourceError]:
    """Attach file lists to the submissions of a batch; everything else passes at once."""
    held = _Held(most_bytes)
    for one in found:
        waiting = _waiting(one) if isinstance(one, Document) and not one.attached else None
        if waiting is None:
            yield one
        else:
            yield from held.take(waiting)
    yield from held.let_go()


def _path(document: Document) -> str:
    path = f"{document.file}!/{document.member}" if document.member else document.file
    return path.replace("\\", "/")


def _waiting(document: Document) -> _Waiting | None:
    if file_lists.recognises(document):
        return _Waiting(document)
    if _SECTION not in document.data or not _NAMES_LISTS.search(document.data):
        return None
    try:
        parsed = parse_json(document)
    except SourceError:
        return None  # its loader says what is wrong with it
    wanted = frozenset(stem(name) for name in names_of_lists(parsed))
    if not isinstance(parsed, dict) or not wanted:
        return None
    accession = next((text for key in ("accno", "accNo") if isinstance(text := parsed.get(key), str)), "")
    return _Waiting(document, wanted, accession.strip())


def names_of_lists(value: Any) -> Iterator[str]:
    """Yield the names that a submission gives to file lists, anywhere in it."""
    if isinstance(value, list):
        for item in value:
            yield from names_of_lists(item)
    elif isinstance(value, dict):
        inner = value.get("fileList")
        names = (
            value.get("value") if folded(value.get("name")) == _NAME else None,
            inner.get("fileName") if isinstance(inner, dict) else None,
        )
        yield from (name for name in names if isinstance(name, str) and name.strip())
        for item in value.values():
            yield from names_of_lists(item)


class _Held:
    """What waits in one folder and the folders below it.

    Args:
        most_bytes: bound of all documents together.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._waiting: list[_Waiting] = []
        self._bytes = 0
        self._folder = ""
        self._full = False

    def take(self, one: _Waiting) -> Iterator[Document | SourceError]:
        """Let a document wait; what waits in another folder has all that it will get."""
        if self._waiting and not (one.folder.startswith(self._folder) or self._folder.startswith(one.folder)):
            yield from self.let_go()
        fits = self._bytes + len(one.document.data) <= self._most
        if not fits and one.wanted is not None:
            yield from self.let_go()
            self._full = True
        elif not fits or (self._full and one.wanted is None):
            self._full = True
            yield self._too_much(one)
            return
        if not self._waiting or self._folder.startswith(one.folder):
            self._folder = one.folder
        self._waiting.append(one)
        self._bytes += len(one.document.data)

    def _too_much(self, one: _Waiting) -> SourceError:
        return SourceMalformed(
            f"submissions and file lists of this folder are more than {self._most // 2**20} MiB together; "
            "this list was not read",
            source=one.document.place,
            code="too-large",
            fix="Put each study into a folder of its own, and load them again.",
        )

    def let_go(self) -> Iterator[Document | SourceError]:
        """Yield all that waits, lists with their submissions."""
        waiting, self._waiting, self._bytes, self._full = self._waiting, [], 0, False
        yield from _matched(waiting)


def _matched(waiting: list[_Waiting]) -> Iterator[Document | SourceError]:
    submissions = [one for one in waiting if one.wanted is not None]
    by_name: dict[str, list[int]] = defaultdict(list)
    for number, one in enumerate(submissions):
        for name in {last_part(name) for name in one.wanted or ()}:
            by_name[name].append(number)
    chosen: dict[int, dict[str, Document]] = defaultdict(dict)
    alone: list[Document | SourceError] = []
    for one in waiting:
        if one.wanted is None:
            owners = _owners(one, submissions, by_name)
            alone += _given(one.document, [(number, submissions[number]) for number in owners], chosen)
    for number, one in enumerate(submissions):
        lists = sorted(chosen[number].values(), key=_path)
        yield replace(one.document, attached=tuple(lists)) if lists else one.document
    yield from alone


def _owners(one: _Waiting, submissions: list[_Waiting], by_name: dict[str, list[int]]) -> list[int]:
    name = one.document.name
    names = {stem(name), stem(name.partition("__")[2])} | {
        stem(name[place:]) for place in _behind_underscores(name)
    }
    near = sorted({number for key in names for number in by_name.get(key, ())})
    return [number for number in near if _names(submissions[number], one)]


def _behind_underscores(name: str) -> list[int]:
    """Places where a name may begin behind an accession: accessions of tests hold underscores, too."""
    return [match.end() for match in re.finditer("__", name)][:8]


def _names(submission: _Waiting, one: _Waiting) -> bool:
    """Whether a submission names a list, which lies where it may lie."""
    path = _path(one.document)
    if not path.startswith(submission.folder) or submission.wanted is None:
        return False
    inside = path[len(submission.folder) :]
    names = {last_part(name) for name in submission.wanted}
    if _is_prefixed(submission, one):
        return inside.count("/") <= 1 and stem(own_name(one.document, submission.accession)) in names
    known = stem(inside)
    return known in submission.wanted or ("/" not in known and known in names)


def _is_prefixed(submission: _Waiting, one: _Waiting) -> bool:
    return own_name(one.document, submission.accession) != one.document.name


def _given(
    document: Document, owners: list[tuple[int, _Waiting]], chosen: dict[int, dict[str, Document]]
) -> Iterator[Document | SourceError]:
    """Give a list to its submissions: versions of one study may share it, two studies may not."""
    accessions = {one.accession.casefold() for _, one in owners}
    if not owners:
        yield document
    elif len(accessions) > 1:
        several = ", ".join(sorted(one.accession or "a draft" for _, one in owners)[:5])
        yield SourceSkipped(
            f"several studies name this file list ({several}), and nothing says whose it is",
            where=document.place,
            fix="Put each study into a folder of its own, or the accession and `__` before the list's name.",
        )
    else:
        taken = [_choose(chosen[number], one, document) for number, one in owners]
        if not any(taken):
            message = "the same file list is there in another form, which was taken"
            yield SourceSkipped(message, where=document.place)


def _choose(lists: dict[str, Document], submission: _Waiting, document: Document) -> bool:
    """Take a list unless the same one is there in another form; JSON has more than TSV, and comes first by name."""
    name = stem(_path(document)[len(submission.folder) :].replace(f"{submission.accession}__", ""))
    return lists.setdefault(name, document) is document
