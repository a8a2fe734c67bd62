"""Backups: a folder that is itself a catalogue, made while the catalogue is loaded and served.

A backup holds the ledger, the archive and the current generation of one moment. It can be served, examined and backed
up as every catalogue can. Making it again adds what is new. Its ledger and its link `current` change last, so that one
that was interrupted is still the backup that it was before.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rembigraph.catalogue.archive import archived, mode_of
from rembigraph.catalogue.batches import Batch
from rembigraph.catalogue.durable import put_in_place, replace_file, sync_files, sync_folder, write_file
from rembigraph.catalogue.generations import META_FILE, sync_tree
from rembigraph.catalogue.home import Home
from rembigraph.catalogue.mending import recorded
from rembigraph.catalogue.soundness import Damage, check_quickly, files_of, hash_of, newest_sound
from rembigraph.ontology.errors import StoreDamaged, UsageError

if TYPE_CHECKING:
    from rembigraph.catalogue.generations import Generation

_RESTORE_FIRST: Final = "run `rembigraph restore`, then make the backup again"


@dataclass(frozen=True)
class BackedUp:
    """What a backup holds now.

    Attributes:
        generation: number of the generation.
        records: records that are served.
        copied: files that were new.
        bytes: how many bytes these have.
        lost: files of the archive that are damaged in the catalogue and missing in the backup.
    """

    generation: int
    records: int
    copied: int
    bytes: int
    lost: tuple[Damage, ...]


def back_up(home: Home, folder: Path) -> BackedUp:
    """Make a backup, or bring one up to date. Every file is checked on the way.

    Args:
        home: the catalogue; others may load into it meanwhile.
        folder: a folder that is empty, is not there, or holds an earlier backup of this catalogue.

    Raises:
        UsageError: the folder is no backup of this catalogue, or nothing was ever published.
        StoreDamaged: the ledger or every generation is damaged; the backup is what it was before.
        StoreLocked: another process writes to the backup.
    """
    _require_apart(home, folder)
    with newest_sound(home) as served:
        if served.generation is None:
            raise UsageError("there is nothing to back up: this catalogue is empty")
        batches = _batches(home, served.generation)
        target = Home.init(folder, home.data_base)
        with target.lock(wait_seconds=5.0):
            _require_same(target, batches)
            return _copy(home, target, served.generation, batches)


def _require_apart(home: Home, folder: Path) -> None:
    one, other = home.path.resolve(), folder.resolve()
    if one == other or one in other.parents or other in one.parents:
        raise UsageError(
            f"a backup can't lie in the catalogue itself: {folder}", fix="name a folder on another disk"
        )


def _batches(home: Home, generation: Generation) -> list[Batch]:
    batches = [batch for batch in home.ledger.batches() if batch.generation <= generation.number]
    if len(batches) != generation.number:
        raise StoreDamaged(
            f"the ledger ends before generation {generation.number}",
            where=str(home.ledger.path),
            fix=_RESTORE_FIRST,
        )
    return batches


def _require_same(target: Home, batches: list[Batch]) -> None:
    """Refuse to write over the backup of another catalogue, or over one that knows more than this catalogue."""
    held = target.ledger.path.read_bytes()
    ours = b"".join(batch.content for batch in batches)
    if not ours.startswith(held):
        raise UsageError(
            f"{target.path} is not an earlier state of this catalogue, or its ledger is damaged: it is left alone",
            fix="name another folder; if this catalogue lost something: `rembigraph restore --from` that folder",
        )


def _copy(home: Home, target: Home, generation: Generation, batches: list[Batch]) -> BackedUp:
    target.sweep()
    lost: list[Damage] = []
    fresh = list(_archive(home, target, generation.number, lost))
    made = target.generation(generation.number)
    unfinished = target.unfinished(generation.number)
    if not made.path.is_dir() or (check_quickly(target, made) and target.remove(made.number)):
        _generation(target, generation, unfinished)
        fresh += [unfinished / name for name in files_of(generation)]
    size = sum(path.stat().st_size for path in fresh)
    for batch in batches:
        if target.ledger.copies.get(batch.generation) is None:
            target.ledger.copies.put(batch)
    # From here on it is the new backup.
    replace_file(target.ledger.path, b"".join(batch.content for batch in batches))
    if unfinished.exists():
        unfinished.rename(made.path)
        sync_folder(target.generations)
    target.switch(generation.number)
    for number in target.numbers():
        if number != generation.number:
            target.remove(number)
    records = int(generation.meta.get("records", 0))
    return BackedUp(generation.number, records, len(fresh), size, tuple(lost))


def _archive(home: Home, target: Home, until: int, lost: list[Damage]) -> Iterator[Path]:
    """Copy what the backup does not have; yield the new files, on the disk."""
    fresh: dict[Path, Path] = {}
    entries = recorded(home.ledger, until=until)
    for source, digest in dict(pair for entry in entries for pair in home.archive.files_of(entry)).items():
        final = target.archive.path / source.relative_to(home.archive.path)
        if final.exists() and _size(final) == _size(source):
            continue
        if archived(source, digest) is None:
            if not final.exists():
                name = source.relative_to(home.path).as_posix()
                lost.append(Damage("archive", name, "it is damaged and can't be backed up", _RESTORE_FIRST))
            continue
        final.parent.mkdir(parents=True, exist_ok=True)
        unfinished = final.with_name(f"{final.name}.tmp")
        unfinished.unlink(missing_ok=True)
        write_file(unfinished, source.read_bytes(), mode_of(final))
        fresh[final] = unfinished
    sync_files(fresh.values())
    for final, unfinished in fresh.items():
        put_in_place(unfinished, final)
    folders = {folder for final in fresh for folder in (final.parent, final.parent.parent)}
    sync_files([*folders, target.archive.path])
    yield from fresh


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _generation(target: Home, generation: Generation, unfinished: Path) -> None:
    """Copy a generation, checking each file; files that the backup has already (by their hashes) are linked."""
    held = {
        tuple(said): target.generation(number).path / name
        for number in target.numbers()
        for name, said in files_of(target.generation(number)).items()
    }
    unfinished.mkdir()
    shutil.copyfile(generation.path / META_FILE, unfinished / META_FILE)
    for name, (size, digest) in files_of(generation).items():
        path = unfinished / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(OSError, KeyError):
            os.link(held[size, digest], path)
        if not path.exists() or hash_of(path) != digest:
            path.unlink(missing_ok=True)
            shutil.copyfile(generation.path / name, path)
            if hash_of(path) != digest:
                raise StoreDamaged(
                    "a file of the generation is damaged and can't be backed up",
                    where=str(generation.path / name),
                    fix=_RESTORE_FIRST,
                )
    sync_tree(unfinished)
