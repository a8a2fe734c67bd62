"""Documents from wherever a person keeps them: files, folders, archive files, standard input; one at a time.

Containers (zip, tar, gzip) are recognised by content, not by name, and read within bounds. Nothing is written
to disk, so names inside an archive can't reach anything. Archives in archives are refused.
"""

from __future__ import annotations

import gzip
import io
import lzma
import os
import re
import stat
import struct
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

from rembigraph.loaders import rdf_dumps
from rembigraph.loaders.reading import Document
from rembigraph.ontology.errors import SourceError, SourceMalformed, SourceSkipped, SourceUnavailable

MIB = 1024 * 1024
MAX_DOCUMENT_BYTES = 64 * MIB  # one document, inflated
MAX_ARCHIVE_BYTES = 2048 * MIB  # all members of one archive file, inflated
MAX_STREAM_BYTES = 256 * MIB  # standard input or a pipe, as received
MAX_MEMBERS = 200_000  # members of one archive file
MAX_RATIO = 200  # inflated to packed size, looked at above RATIO_FLOOR_BYTES
RATIO_FLOOR_BYTES = 8 * MIB
MAX_DIRECTORY_BYTES = 128 * MAX_MEMBERS  # table of contents of a zip file
MAX_HEADER_BYTES = MIB  # of one member of a tar file

_HEAD_BYTES = 512
_CHUNK_BYTES = MIB
_ZIP, _GZIP, _TAR, _OTHER_PACKER, _PLAIN = "zip", "gzip", "tar", "other", ""
_MAGIC = (
    (b"PK\x03\x04", _ZIP),
    (b"PK\x05\x06", _ZIP),
    (b"\x1f\x8b", _GZIP),
    (b"BZh", _OTHER_PACKER),
    (b"\xfd7zXZ\x00", _OTHER_PACKER),
    (b"\x28\xb5\x2f\xfd", _OTHER_PACKER),
    (b"7z\xbc\xaf\x27\x1c", _OTHER_PACKER),
    (b"Rar!\x1a\x07", _OTHER_PACKER),
)
_TAR_MAGIC = slice(257, 262)
_DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    gzip.BadGzipFile,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
    LookupError,
    struct.error,
)
_SKIPPED_FOLDER = "__MACOSX"
_SPLIT = "Split it into smaller archives."
_DIGITS = re.compile(rb"[0-9]{200}")


def documents(paths: Sequence[str]) -> Iterator[Document | SourceError]:
    """Yield every document below the paths, in a stable order, and an error for each that can't be had.

    Args:
        paths: files, folders (read to any depth, sorted by name, hidden entries left out), archive files, or
            `-` for standard input.
    """
    for path in paths:
        if path == "-":
            yield from _stream("-", sys.stdin.buffer)
        else:
            yield from _path(path)


# --- files and folders


def _path(path: str) -> Iterator[Document | SourceError]:
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError) as error:
        yield _unavailable(path, error)
        return
    if stat.S_ISDIR(mode):
        yield from _folder(path)
    else:
        yield from _file(path, mode)


def _folder(folder: str) -> Iterator[Document | SourceError]:
    errors: list[OSError] = []
    found = False
    for parent, folders, files in os.walk(folder, onerror=errors.append):
        folders[:] = sorted(name for name in folders if not _hidden(name))
        for linked in (str(Path(parent, name)) for name in folders):
            if Path(linked).is_symlink():
                message, fix = "this is a link to a folder, which is not followed", "Name the folder itself."
                yield SourceSkipped(message, where=_printable(linked), fix=fix)
        for name in sorted(files):
            if not _hidden(name):
                found = True
                yield from _entry(str(Path(parent, name)))
        while errors:
            yield _unavailable(str(errors[0].filename), errors.pop(0))
    for error in errors:
        yield _unavailable(str(error.filename), error)
    if not found and not errors:
        yield SourceSkipped("the folder holds no files", where=_printable(folder))


def _entry(path: str) -> Iterator[Document | SourceError]:
    """A file met in a folder: unlike one that was named, a pipe or device is left alone."""
    try:
        mode = Path(path).stat().st_mode
    except OSError as error:
        yield _unavailable(path, error)
        return
    if stat.S_ISREG(mode):
        yield from _file(path, mode)
    else:
        yield SourceSkipped("this is a pipe or device, not a file", where=_printable(path))


def _file(path: str, mode: int) -> Iterator[Document | SourceError]:
    try:
        with Path(path).open("rb") as file:
            if stat.S_ISREG(mode):
                yield from _contents(_printable(path), file, os.fstat(file.fileno()).st_size)
            else:
                yield from _stream(_printable(path), file)
    except OSError as error:
        yield _unavailable(path, error)


def _stream(name: str, stream: IO[bytes]) -> Iterator[Document | SourceError]:
    """Read a stream that can't seek into memory, within its bound."""
    data = stream.read(MAX_STREAM_BYTES + 1)
    if len(data) > MAX_STREAM_BYTES:
        message = f"more than {MAX_STREAM_BYTES // MIB} MiB came in on one stream"
        yield _malformed(message, name, "too-large", "Write it to a file and name the file.")
        return
    yield from _contents(name, io.BytesIO(data), len(data))


def _hidden(name: str) -> bool:
    return name == _SKIPPED_FOLDER or (name.startswith(".") and name not in {".", ".."})


def _printable(path: str) -> str:
    return os.fsencode(path).decode("utf-8", "replace")


# --- contents


def _contents(name: str, file: IO[bytes], size: int) -> Iterator[Document | SourceError]:
    head = file.read(_HEAD_BYTES)
    file.seek(0)
    match _container(head):
        case "zip":
            yield from _zip(name, file)
        case "gzip":
            yield from _gzip(name, _Metered(gzip.GzipFile(fileobj=file), name, size))
        case "tar":
            yield from _tar(name, _Metered(file, name, 0))
        case "other":
            yield _malformed(
                "this kind of archive is not read", name, "container", "Unpack it, or use zip or tar.gz."
            )
        case _:
            yield from _plain_or_dump(name, file.read)


def _container(head: bytes) -> str:
    """Return what kind of container these first bytes begin; empty for a plain document."""
    if head[_TAR_MAGIC] == b"ustar":
        return _TAR
    return next((kind for magic, kind in _MAGIC if head.startswith(magic)), _PLAIN)


def _plain_or_dump(name: str, read: Callable[[int], bytes]) -> Iterator[Document | SourceError]:
    data = read(MAX_DOCUMENT_BYTES + 1)
    if rdf_dumps.is_large_dump(data, MAX_DOCUMENT_BYTES):
        yield from rdf_dumps.cut(name, data, read)
    else:
        yield _plain(name, "", data)


def _plain(name: str, member: str, data: bytes) -> Document | SourceError:
    place = f"{name}!{member}" if member else name
    if len(data) > MAX_DOCUMENT_BYTES:
        message = f"the document is larger than {MAX_DOCUMENT_BYTES // MIB} MiB"
        return _malformed(message, place, "too-large", "A record holds metadata of one study; split it.")
    if member and _container(data[:_HEAD_BYTES]):
        fix = "Unpack the outer archive and load the inner one on its own."
        return _malformed("this is an archive inside an archive", place, "nested-archive", fix)
    return Document(name, member, data)


class _Metered:
    """Reads a stream forwards and counts what comes out, so that no archive gives more than its bounds allow.

    It can go back within the first block, which is all that looking at the head of a stream needs.

    Args:
        stream: the stream, inflating or not.
        name: of the archive file, for messages.
        packed: its size on disk; 0 for a stream that is not packed, which may be skipped without reading.
    """

    def __init__(self, stream: IO[bytes] | gzip.GzipFile, name: str, packed: int) -> None:
        self._stream = stream
        self._name = name
        self._packed = packed
        self._head = b""
        self._position = 0  # of the reader
        self._produced = 0  # read from the stream

    def peek(self) -> bytes:
        """Return the first block without moving."""
        if not self._head:
            self._head = self._pull(_HEAD_BYTES)
        return self._head

    def tell(self) -> int:
        """Return the position of the reader."""
        return self._position

    def read(self, size: int) -> bytes:
        """Read at most `size` bytes."""
        data = self._head[self._position : self._position + size]
        data += self._pull(size - len(data)) if size > len(data) else b""
        self._position += len(data)
        return data

    def seek(self, position: int) -> int:
        """Go forwards to a position.

        Raises:
            ValueError: the position lies behind, or the stream ends before it.
        """
        if position < self._position:
            raise ValueError("the archive refers back to an earlier place")
        if not self._packed:
            self._stream.seek(position)
            self._position = position
            return position
        step = min(_CHUNK_BYTES, MAX_DOCUMENT_BYTES)
        while self._position < position and self.read(min(step, position - self._position)):
            pass
        return self._position

    def _pull(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._produced += len(data)
        if self._produced > MAX_ARCHIVE_BYTES:
            message = f"the archive holds more than {MAX_ARCHIVE_BYTES // MIB} MiB"
            raise _malformed(message, self._name, "too-large", _SPLIT)
        if self._packed and self._produced > max(RATIO_FLOOR_BYTES, MAX_RATIO * self._packed):
            message = f"the file inflates to more than {MAX_RATIO} times its size"
            raise _malformed(message, self._name, "ratio", "This looks like a decompression bomb.")
        return data


# --- containers


def _gzip(name: str, inflated: _Metered) -> Iterator[Document | SourceError]:
    try:
        kind = _container(inflated.peek())
        if kind == _TAR:
            yield from _tar(name, inflated)
        elif kind:
            fix = "Unpack it once and load the inner archive."
            yield _malformed("this is an archive inside an archive", name, "nested-archive", fix)
        else:
            yield from _plain_or_dump(name, inflated.read)
    except SourceError as error:
        yield error
    except _DAMAGE as error:
        yield _damaged(name, error)


def _tar(name: str, file: _Metered) -> Iterator[Document | SourceError]:
    try:
        with tarfile.TarFile(fileobj=_Headers(file, name), mode="r") as archive:  # type: ignore[arg-type]
            for count, info in enumerate(_tar_members(archive), start=1):
                if count > MAX_MEMBERS:
                    yield _too_many(name)
                    return
                yield from _tar_member(name, info, file)
    except SourceError as error:
        yield error
    except _DAMAGE as error:
        yield _damaged(name, error)


class _Headers:
    """A tar file as `tarfile` reads it: the headers only, none of which may be large.

    Some of its patterns look at a long row of digits again from each of them.
    """

    def __init__(self, file: _Metered, name: str) -> None:
        self._file = file
        self._name = name
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int) -> bytes:
        """Read a header, or a part of one.

        Raises:
            SourceMalformed: it is no header of a normal archive.
        """
        header = self._file.read(size) if size <= MAX_HEADER_BYTES else b""
        if size > MAX_HEADER_BYTES or _DIGITS.search(header):
            raise _malformed(
                "a header of the archive is too large", self._name, "too-large", "Pack it again."
            )
        return header


def _tar_members(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    while (info := archive.next()) is not None:
        archive.members = []  # type: ignore[attr-defined]  # else it remembers every member
        yield info


def _tar_member(name: str, info: tarfile.TarInfo, file: _Metered) -> Iterator[Document | SourceError]:
    member = _printable(info.name)
    if info.isdir() or _in_hidden(member):
        return
    if not info.isreg() or info.issparse():
        yield SourceSkipped("this member is a link or device, not a file", where=f"{name}!{member}")
        return
    if info.size > MAX_DOCUMENT_BYTES:
        message = f"the document is larger than {MAX_DOCUMENT_BYTES // MIB} MiB"
        yield _malformed(message, f"{name}!{member}", "too-large", "Load it on its own, or split it.")
        return
    file.seek(info.offset_data)
    data = file.read(max(info.size, 0))
    if len(data) != info.size:
        raise EOFError("the archive ends in the middle of a member")
    yield _plain(name, member, data)


def _zip(name: str, file: IO[bytes]) -> Iterator[Document | SourceError]:
    try:
        directory = _Directory(file, name)
        archive = zipfile.ZipFile(directory)
        directory.most = MAX_DOCUMENT_BYTES + MIB
    except SourceError as error:
        yield error
        return
    except _DAMAGE as error:
        yield _damaged(name, error)
        return
    if len(archive.infolist()) > MAX_MEMBERS:
        yield _too_many(name)
        return
    inflated = _Inflated(name)
    try:
        for info in archive.infolist():
            if not info.is_dir() and not _in_hidden(info.filename):
                yield _zip_member(name, archive, info, inflated)
    except SourceError as error:
        yield error


class _Directory:
    """A zip file whose table of contents has a bound: it is read whole, and each entry takes half a kilobyte then.

    Attributes:
        most: bytes that may be read at once.
    """

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._file = file
        self._name = name
        self.most = MAX_DIRECTORY_BYTES
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        """Read at most `size` bytes; all that is left where it is negative.

        Raises:
            SourceMalformed: that is too much.
        """
        data = self._file.read(min(size, self.most + 1) if size >= 0 else self.most + 1)
        if len(data) > self.most:
            raise _malformed("its table of contents is too large", self._name, "too-many", _SPLIT)
        return data


class _Inflated:
    """Counts what the members of an archive give, those that are refused included: they may overlap."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._left = MAX_ARCHIVE_BYTES

    def read(self, packed: IO[bytes], most: int) -> bytes:
        """Read a member up to `most` bytes.

        Raises:
            SourceMalformed: the archive gives more than it may.
        """
        data = packed.read(most)
        self._left -= len(data)
        if self._left < 0:
            message = f"the archive holds more than {MAX_ARCHIVE_BYTES // MIB} MiB"
            raise _malformed(message, self._name, "too-large", _SPLIT)
        return data


def _zip_member(
    name: str, archive: zipfile.ZipFile, info: zipfile.ZipInfo, inflated: _Inflated
) -> Document | SourceError:
    member = _printable(info.filename)
    place = f"{name}!{member}"
    if stat.S_ISLNK(info.external_attr >> 16):
        return SourceSkipped("this member is a link, not a file", where=place)
    most = max(RATIO_FLOOR_BYTES, MAX_RATIO * info.compress_size)
    try:
        with archive.open(info) as packed:
            data = inflated.read(packed, min(most, MAX_DOCUMENT_BYTES) + 1)
    except _DAMAGE as error:
        return _damaged(place, error)
    if len(data) > most:
        message = f"the member inflates to more than {MAX_RATIO} times its size"
        return _malformed(message, place, "ratio", "This looks like a decompression bomb.")
    return _plain(name, member, data)


def _in_hidden(member: str) -> bool:
    return any(_hidden(part) for part in member.split("/"))


# --- errors


def _unavailable(path: str, error: Exception) -> SourceUnavailable:
    reason = getattr(error, "strerror", None) or str(error)
    fix = "Download it first and name the file." if "://" in path else "Check the path and its permissions."
    return SourceUnavailable(f"it can't be read: {reason}", where=_printable(path), fix=fix)


def _damaged(place: str, error: Exception) -> SourceMalformed:
    encrypted = "encrypted" in str(error)
    message = (
        "the archive is encrypted"
        if encrypted
        else f"the archive is damaged ({error or type(error).__name__})"
    )
    fix = "Unpack it first." if encrypted else "Fetch or pack it again."
    return _malformed(message, place, "damaged", fix)


def _too_many(name: str) -> SourceMalformed:
    message = f"the archive holds more than {MAX_MEMBERS} members"
    return _malformed(message, name, "too-many", _SPLIT)


def _malformed(message: str, place: str, code: str, fix: str) -> SourceMalformed:
    return SourceMalformed(message, source=place, code=code, fix=fix)
