"""Writing files so that they are on the disk, whole, when a function returns."""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

_SYNC_THREADS: Final = 8  # fsyncs that wait together share one commit of the file system's journal


def write_file(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a new file; it is not on the disk before `sync_file`."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def sync_file(path: Path) -> None:
    """Return when the content of the file (or the entries of the folder) is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


sync_folder = sync_file


def sync_files(paths: Iterable[Path]) -> None:
    """Return when all these files (or the entries of these folders) are on the disk.

    Each gets its own fsync. They are waited for together: one commit of the journal then serves many of them,
    where one after the other would take a commit each.
    """
    with ThreadPoolExecutor(_SYNC_THREADS) as pool:
        for _ in pool.map(sync_file, paths):
            pass


def is_disk_full(error: BaseException) -> bool:
    """Whether an error of the system or of the store means that there is no space left."""
    text = str(error).lower()
    return any(
        words in text for words in ("no space left", "quota", "disk is full")
    )  # system, system, SQLite


def replace_file(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Give a file this content, atomically; when this returns, it is on the disk.

    Raises:
        OSError: it could not be written; the file is what it was.
    """
    unfinished = path.with_name(f"{path.name}.tmp")
    unfinished.unlink(missing_ok=True)
    write_file(unfinished, content, mode)
    sync_file(unfinished)
    put_in_place(unfinished, path)
    sync_folder(path.parent)


def put_in_place(fresh: Path, final: Path) -> None:
    """Give a file its name, in place of whatever has it; a folder there is kept under another name."""
    if final.is_dir() and not final.is_symlink():
        final.rename(final.with_name(f"{final.name}.{os.urandom(4).hex()}.not-a-file"))
    fresh.replace(final)
