"""Restoring: a new generation from the archive, whatever happened to the ones on the disk.

It is published as every other one, with a number of its own and a batch of the ledger that changes no record: a server
follows it without a restart, and being killed at any point does no harm.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rembigraph.catalogue.derive import derive
from rembigraph.catalogue.home import Home
from rembigraph.catalogue.mending import Mended, mend_archive, mend_ledger
from rembigraph.catalogue.publish import Writer
from rembigraph.catalogue.soundness import Damage, check_files
from rembigraph.ontology.errors import StoreDamaged, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

_LEASE_SECONDS: Final = 5.0
_POLL_SECONDS: Final = 0.1


@dataclass(frozen=True)
class Restored:
    """What restoring did.

    Attributes:
        generation: number of the new generation; 0 when nothing was ever published.
        records: records that it serves.
        done: what was put right, in words.
        lost: what could not be put right; none of it is needed for what is served.
    """

    generation: int
    records: int
    done: tuple[str, ...]
    lost: tuple[Damage, ...]


def restore(home: Home, backup: Home | None = None, *, wait_seconds: float = 5.0) -> Restored:
    """Mend ledger and archive, build a new generation from the archive, and remove the damaged ones.

    Args:
        home: the catalogue.
        backup: a backup of it, from which to take what is lost here.
        wait_seconds: how long to wait for another writer.

    Raises:
        StoreLocked: another process is writing.
        StoreDamaged: something that is served can't be put back; the message says what, and how to go on.
        UsageError: the backup is of another catalogue.
    """
    if backup and backup.data_base != home.data_base:
        raise UsageError(
            f"{backup.path} is a backup of another catalogue (its data IRIs begin with {backup.data_base})"
        )
    mended = Mended()

    def mend() -> None:
        mend_ledger(home, backup, mended)
        mend_archive(home, backup, mended)
        _require(home, mended.lost)

    with Writer(home, derive, wait_seconds=wait_seconds, mend=mend) as writer:
        mended.done += [f"{damage} (built anew)" for damage in writer.damages]
        if not writer.state.generation:
            return Restored(0, 0, tuple(mended.done), tuple(mended.lost))
        result = writer.publish([], anew=True)
        mended.done += _discard(home, result.generation)
        return Restored(result.generation, len(writer.state.active), tuple(mended.done), tuple(mended.lost))


def _require(home: Home, lost: Iterable[Damage]) -> None:
    """Refuse to go on without what is served."""
    served = {
        home.archive.quads_path(*entry.key, entry.quads_sha256).relative_to(home.path).as_posix()
        for entry in home.state().active.values()
    }
    needed = [damage for damage in lost if damage.where in served]
    if needed:
        named = "; ".join(map(str, needed[:3])) + (f" and {len(needed) - 3} more" if len(needed) > 3 else "")
        raise StoreDamaged(
            f"{len(needed)} of {len(served)} served records can't be restored, so nothing was built: {named}",
            where=str(home.archive.path),
            fix=needed[0].fix,
        )


def _discard(home: Home, newest: int) -> list[str]:
    """Remove older generations that are damaged; wait a little for readers that still hold them."""
    damaged = [
        number for number in home.numbers() if number < newest and check_files(home, home.generation(number))
    ]
    deadline = time.monotonic() + _LEASE_SECONDS
    waiting = [number for number in damaged if not home.remove(number)]
    while waiting and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
        waiting = [number for number in waiting if not home.remove(number)]
    gone = [
        f"generation {number}, which was damaged, is removed" for number in damaged if number not in waiting
    ]
    return gone + [
        f"generation {number} is damaged and still in use: `rembigraph gc` removes it" for number in waiting
    ]


def open_backup(path: Path) -> Home:
    """Open a backup.

    Raises:
        UsageError: there is none in this folder.
    """
    try:
        return Home.open(path)
    except UsageError as error:
        raise UsageError(
            f"{path} is no backup of a catalogue", fix="make one with `rembigraph backup DIR`"
        ) from error


@dataclass(frozen=True)
class Collected:
    """What was cleared away.

    Attributes:
        freed_bytes: disk space that is free again.
        kept: numbers of the generations that stay.
        in_use: those of them that would go, but a reader holds them.
    """

    freed_bytes: int
    kept: tuple[int, ...]
    in_use: tuple[int, ...]


def collect_garbage(home: Home, *, wait_seconds: float = 5.0) -> Collected:
    """Remove generations beyond the last three that nobody uses, and what killed writers left.

    Raises:
        StoreLocked: another process is writing.
        StoreDamaged: the ledger is damaged.
    """
    before = _used_bytes(home)
    with Writer(home, derive, wait_seconds=wait_seconds):  # entering clears away
        in_use = home.prune()
        return Collected(max(0, before - _used_bytes(home)), tuple(home.numbers()), tuple(in_use))


def _used_bytes(home: Home) -> int:
    """Bytes on the disk of generations and staged files; what several names share counts once."""
    sizes: dict[int, int] = {}
    for folder in (home.generations, home.archive.path / ".incoming"):
        for path in folder.rglob("*"):
            with suppress(OSError):
                found = path.lstat()
                sizes[found.st_ino] = found.st_blocks * 512
    return sum(sizes.values())
