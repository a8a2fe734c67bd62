"""Whether a generation on the disk is what was published: a quick check at every opening, a whole one by `fsck`.

The ledger's commit line carries the SHA-256 of the generation's `meta.json`, and that the size and SHA-256 of each of
its files: so no byte of a generation can change unseen. RocksDB alone can't be trusted with this: it opens a store
whose log or manifest was cut without an error and with data missing.

The quick check takes milliseconds whatever the size: all sizes, the hashes of all files but tables and index, and the
number of quads in some of the graphs that were written last.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from hashlib import file_digest, sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rembigraph.catalogue.generations import META_FILE, Generation, verify_counts
from rembigraph.ontology.errors import StoreDamaged

if TYPE_CHECKING:
    from rembigraph.catalogue.home import Home

CommitOf = Callable[[int], dict[str, Any] | None]
"""Gives the commit line of a generation, as `Ledger.commit_of` does."""

RESTORE: Final = "run `rembigraph restore`: it builds a new generation from the archive"
_LARGE: Final = (".sst", ".sqlite")  # table files and index: hashed by `fsck` only
_OF_NO_ACCOUNT: Final = ("LOG", "LOCK")  # RocksDB's diary and an empty file: no data, never read


@dataclass(frozen=True)
class Damage:
    """Something on the disk that is not as it was written.

    Attributes:
        code: a short stable word for programs: `file-missing`, `file-size`, `file-content`, `file-extra`, `meta`,
            `counts`, `store`, `current`, `generation-missing`, `ledger`, ...
        where: the file or the graph; files are named relative to the catalogue folder.
        message: what is wrong.
        fix: what to do about it.
    """

    code: str
    where: str
    message: str
    fix: str = RESTORE

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


@dataclass(frozen=True)
class Served:
    """A generation that can be served.

    Attributes:
        generation: the newest sound one; None when nothing was ever published.
        damages: what is wrong with newer ones, with `current` or with the ledger; empty when all is well.
    """

    generation: Generation | None
    damages: tuple[Damage, ...] = ()


def file_table(generation: Path, previous: Generation | None) -> dict[str, list[Any]]:
    """Return size and SHA-256 of each file of a generation that is being built, for its `meta.json`.

    Args:
        generation: its folder, under whatever name; nobody writes to it any more.
        previous: the generation before, with whose files (hard links) this one shares most of its own.
    """
    known = files_of(previous) if previous else {}
    table: dict[str, list[Any]] = {}
    for name in _files_in(generation):
        path = generation / name
        shared = previous is not None and name in known and _is_same(path, previous.path / name)
        table[name] = known[name] if shared else [path.stat().st_size, hash_of(path)]
    return table


def hash_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal.

    Raises:
        OSError: it can't be read.
    """
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def files_of(generation: Generation) -> dict[str, list[Any]]:
    """Return size and SHA-256 of each file, as `meta.json` says; nothing if it can't be read."""
    try:
        return dict(generation.meta.get("files", {}))
    except StoreDamaged:
        return {}


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _files_in(generation: Path) -> list[str]:
    """Names of the files whose content matters, relative to the generation."""
    paths = (path for part in ("store", "search") for path in sorted((generation / part).rglob("*")))
    counted = (path for path in paths if not (path.is_dir() or path.name.startswith(_OF_NO_ACCOUNT)))
    return [path.relative_to(generation).as_posix() for path in counted]


def check_quickly(home: Home, generation: Generation, commit_of: CommitOf | None = None) -> list[Damage]:
    """Check a generation in milliseconds; an empty list means that no damage was seen.

    Args:
        home: its catalogue.
        generation: held by the caller, so that it is not removed meanwhile.
        commit_of: gives its commit line; the ledger's own unless told.
    """
    return list(_checked(home, generation, commit_of or home.ledger.commit_of, wholly=False))


def check_files(home: Home, generation: Generation) -> list[Damage]:
    """Check a generation as `check_quickly` does, and the hash of every file."""
    return list(_checked(home, generation, home.ledger.commit_of, wholly=True))


def _checked(home: Home, generation: Generation, commit_of: CommitOf, *, wholly: bool) -> Iterator[Damage]:
    name = f"generations/{generation.path.name}"
    if not generation.path.is_dir():
        yield Damage("generation-missing", name, "the folder of this generation is missing")
        return
    unreadable = list(_meta_damage(generation, commit_of, name))
    if unreadable:
        yield from unreadable
        return
    files: Mapping[str, list[Any]] = generation.meta.get("files", {})
    broken = [damage for each in files.items() if (damage := _file_damage(generation.path, each, wholly))]
    broken += [
        Damage("file-extra", each, "this file is not part of the generation")
        for each in _files_in(generation.path)
        if files and each not in files
    ]
    for damage in broken:
        yield Damage(damage.code, f"{name}/{damage.where}", damage.message, damage.fix)
    if not broken:
        for damage in _count_damage(generation, name):
            yield replace(damage, message=damage.message.replace(f"{home.path}/", ""))


def _meta_damage(generation: Generation, commit_of: CommitOf, name: str) -> Iterator[Damage]:
    """Check `meta.json` against the ledger. A damaged ledger is no fault of the generation."""
    try:
        content = (generation.path / META_FILE).read_bytes()
        _ = generation.meta
    except (OSError, StoreDamaged) as error:
        yield Damage("meta", f"{name}/{META_FILE}", getattr(error, "message", "") or str(error))
        return
    try:
        commit = commit_of(generation.number) or {}
    except (OSError, StoreDamaged):
        return
    if commit.get("meta_sha256", "") not in {"", sha256(content).hexdigest()}:
        yield Damage("meta", f"{name}/{META_FILE}", "it is not what the ledger says")


def _file_damage(folder: Path, named: tuple[str, list[Any]], wholly: bool) -> Damage | None:
    name, (size, digest) = named
    path = folder / name
    try:
        found = path.stat().st_size
        if found != size:
            return Damage("file-size", name, f"it has {found} bytes instead of {size}")
        if (wholly or not name.endswith(_LARGE)) and hash_of(path) != digest:
            return Damage("file-content", name, "its content is not what was written")
    except FileNotFoundError:
        return Damage("file-missing", name, "the file is missing")
    except OSError as error:
        return Damage("file-unreadable", name, f"the file can't be read: {error.strerror or error}")
    return None


def _count_damage(generation: Generation, name: str) -> Iterator[Damage]:
    try:
        verify_counts(generation.open_store(), generation.meta.get("counts", {}))
    except StoreDamaged as error:
        code = "counts" if error.where.startswith("http") else "store"
        yield Damage(
            code, f"{name}/store", f"{error.message} ({error.where})" if code == "counts" else error.message
        )
    except (OSError, RuntimeError) as error:  # a corrupt table is found when it is read
        yield Damage("store", f"{name}/store", f"the store can't be read: {error}")


@contextmanager
def newest_sound(home: Home) -> Iterator[Served]:
    """Hold the newest generation that passes the quick check: no writer removes it before the context ends.

    Raises:
        StoreDamaged: something was published, and no generation on the disk is sound.
    """
    with ExitStack() as stack:
        yield _newest_sound(home, stack)


def _newest_sound(home: Home, stack: ExitStack) -> Served:
    while True:
        commit_of = cache(home.ledger.commit_of)  # it reads the whole ledger
        current, damages = current_of(home)
        for number in sorted(home.numbers(), reverse=True):
            if current and number > current:
                continue  # committed, but not shown yet
            generation, held = home.generation(number), ExitStack()
            if held.enter_context(home.hold(generation)):
                found = check_quickly(home, generation, commit_of)
                if not found:
                    stack.push(held.pop_all())
                    return Served(
                        generation, (*damages, *ledger_damage(home, max(current, number), commit_of))
                    )
                damages += found
            elif generation.path.is_dir():
                damages += check_quickly(home, generation, commit_of)
            held.close()
        if current_of(home)[0] == current:  # else others were published and removed under our hands
            break
    if current or home.numbers() or damages or home.ledger.path.stat().st_size:
        raise _nothing_sound(home, damages)
    return Served(None)


def current_of(home: Home) -> tuple[int, list[Damage]]:
    """Return the number that `current` names (0 if none) and what is wrong with it."""
    try:
        number = home.current_number()
    except StoreDamaged as error:
        return 0, [Damage("current", "current", error.message)]
    if number and not home.generation(number).path.is_dir():
        where = f"generations/{number:06d}"
        return number, [Damage("generation-missing", where, "the current generation is missing")]
    if not number and home.numbers():
        return 0, [Damage("current", "current", "the link to the current generation is missing")]
    return number, []


def ledger_damage(home: Home, number: int, commit_of: CommitOf | None = None) -> Iterator[Damage]:
    """Say if the ledger does not know the newest generation."""
    try:
        if (commit_of or home.ledger.commit_of)(number):
            return
        message = f"generation {number} was published, but is not in the ledger"
    except (OSError, StoreDamaged) as error:
        message = getattr(error, "message", "") or str(error)
    yield Damage("ledger", home.ledger.path.name, message, "run `rembigraph restore`")


def _nothing_sound(home: Home, damages: list[Damage]) -> StoreDamaged:
    first = "; ".join(map(str, damages[:3])) or "no generation is on the disk, but the ledger is not empty"
    more = f" and {len(damages) - 3} more" if len(damages) > 3 else ""
    return StoreDamaged(f"no generation is sound: {first}{more}", where=os.fspath(home.path), fix=RESTORE)
