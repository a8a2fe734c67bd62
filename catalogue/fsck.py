"""`fsck`: everything on the disk compared with the ledger, and the store with the archive, quad by quad.

What is compared: the ledger with its own hashes and with its second copies; each file of the archive with the hash
that is its name; each file of each generation with the hash that was written when it was published; the store of the
current generation with the archive (every record's quads, nothing more in its graph, the merged default graph in both
directions, the shared graphs); the search index with the ledger. Nothing is changed.
"""

from __future__ import annotations

import sqlite3
import stat
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rembigraph.catalogue.comparison import compare_store
from rembigraph.catalogue.ledger import LedgerState
from rembigraph.catalogue.mending import recorded
from rembigraph.catalogue.read_model import differing
from rembigraph.catalogue.search import INDEX_FILE, INDEX_VERSION
from rembigraph.catalogue.soundness import (
    RESTORE,
    Damage,
    check_files,
    check_quickly,
    current_of,
    ledger_damage,
)
from rembigraph.ontology.errors import StoreDamaged
from rembigraph.ontology.identifiers import Iris

if TYPE_CHECKING:
    from rembigraph.catalogue.generations import Generation
    from rembigraph.catalogue.home import Home
    from rembigraph.catalogue.ledger import RecordEntry

_THREADS: Final = 4  # reading, hashing and decompressing all let other threads run
_CLOCK_SLACK_SECONDS: Final = 300
_MAX_REPORTED: Final = 1000


@dataclass
class Examination:
    """What was compared, and what was found.

    Attributes:
        damages: what is not as it was written; empty when the catalogue is sound. At most 1,000 are kept.
        remarks: what is worth knowing and no damage.
        compared: how many things of each kind were compared.
        seconds: how long it took.
    """

    damages: list[Damage] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    compared: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def is_sound(self) -> bool:
        """Whether nothing is damaged."""
        return not self.damages

    def as_json(self) -> dict[str, Any]:
        """Return the document that `fsck --json` prints."""
        return {
            "version": 1,
            "sound": self.is_sound,
            "damages": [asdict(damage) for damage in self.damages],
            "remarks": self.remarks,
            "compared": self.compared,
            "seconds": round(self.seconds, 3),
        }

    def note(self, damages: Iterator[Damage]) -> None:
        """Take up damages, as many as are kept."""
        for damage in damages:
            if len(self.damages) >= _MAX_REPORTED:
                self.remarks.append(f"more than {_MAX_REPORTED} damages: only the first are listed")
                return
            self.damages.append(damage)


def examine(
    home: Home, *, quick: bool = False, progress: Callable[[str], None] = lambda step: None
) -> Examination:
    """Examine a catalogue. It may be loaded or served meanwhile: what is compared is one committed generation.

    Args:
        home: the catalogue.
        quick: only what is checked at every opening: no archive, no content.
        progress: called with what is done next.
    """
    found, started = Examination(), time.monotonic()
    with ExitStack() as stack:
        generations = _held(home, stack)
        progress("ledger")
        newest = generations[-1].number if generations else 0
        state = None if quick else _ledger(home, found, newest)
        found.note(iter(current_of(home)[1]))
        if quick and newest:
            found.note(ledger_damage(home, newest))
        if state and state.generation and not generations:
            where = f"generations/{state.generation:06d}"
            found.note(iter([Damage("generation-missing", where, "no generation is on the disk")]))
        for generation in generations:
            progress(f"generation {generation.number}")
            found.note(iter((check_quickly if quick else check_files)(home, generation)))
        found.compared["generations"] = len(generations)
        if state and not quick:
            _deeply(home, state, found, generations, progress)
    found.seconds = time.monotonic() - started
    return found


def _held(home: Home, stack: ExitStack) -> list[Generation]:
    """Hold every generation that is there, so that none is removed under our hands."""
    held = []
    for number in home.numbers():
        generation = home.generation(number)
        is_held = stack.enter_context(home.hold(generation))
        if is_held or generation.path.is_dir():  # one without meta.json can't be held, but is to be reported
            held.append(generation)
    return held


def _deeply(
    home: Home,
    state: LedgerState,
    found: Examination,
    generations: list[Generation],
    progress: Callable[[str], None],
) -> None:
    progress("archive")
    with suppress(StoreDamaged):
        found.note(_archive(home, list(recorded(home.ledger)), found))
    current = next((each for each in generations if each.number == state.generation), None)
    spoiled = f"generations/{state.generation:06d}"
    if current and not any(damage.where.startswith(spoiled) for damage in found.damages):
        progress("content of the store")
        found.note(compare_store(home, current, state, found.compared))
        found.note(_index(home, current, state, found.compared))
    found.remarks += _remarks(home, state)


def _ledger(home: Home, found: Examination, newest: int) -> LedgerState | None:
    """Check the ledger; return its state after the newest generation held, None if it can't be trusted.

    Others may publish meanwhile: what is compared is what was there at the beginning.
    """
    name = home.ledger.path.name
    try:
        state = home.state()
    except (StoreDamaged, OSError) as error:
        found.note(iter([Damage("ledger", name, getattr(error, "message", "") or str(error))]))
        return None
    size, times = 0, []
    for batch in home.ledger.batches():
        size += len(batch.content)
        times.append(str(batch.commit["time"]))
        copy = home.ledger.copies.get(batch.generation)
        if copy is None or copy.content != batch.content:
            where = home.ledger.copies.file(batch.generation).relative_to(home.path).as_posix()
            message = "the second copy of a batch of the ledger is missing or damaged"
            found.note(iter([Damage("ledger-copy", where, message)]))
    if torn := home.ledger.path.stat().st_size - size:
        found.remarks.append(
            f"{torn} bytes of a batch that was never committed; the next writer cuts them off"
        )
    found.remarks += _clock(times)
    found.compared["batches"] = len(times)
    return home.ledger.read(until=newest) if 0 < newest < state.generation else state


def _clock(times: list[str]) -> Iterator[str]:
    """Tell of times that no right clock gives. Nothing depends on them but what is shown as the time of a change."""
    backward = sum(later < earlier for earlier, later in pairwise(times))
    if backward:
        yield f"{backward} batches of the ledger are dated before the one before them: the clock was set back"
    now = datetime.fromtimestamp(time.time() + _CLOCK_SLACK_SECONDS, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if times and times[-1] > now:
        yield (
            f"the last batch is dated {times[-1]}, which is in the future: the clock is or was wrong; until then every "
            "batch gets that time (set the clock right; order and content don't depend on it)"
        )


def _archive(home: Home, entries: list[RecordEntry], found: Examination) -> Iterator[Damage]:
    """Check every file that the ledger names, whether it is served or not."""
    found.compared["archived records"] = len(entries)
    with ThreadPoolExecutor(_THREADS) as pool:
        for entry, damages in zip(
            entries, pool.map(lambda entry: _damages(home, entry), entries), strict=True
        ):
            for path, message in damages:
                fix = f"{RESTORE}; if that can't, load the document again ({entry.file or 'its name is not known'})"
                yield Damage("archive", path.relative_to(home.path).as_posix(), message, fix)


def _damages(home: Home, entry: RecordEntry) -> list[tuple[Path, str]]:
    archive = home.archive
    found = []
    reads = (archive.read_source, archive.read_quads)
    for (path, digest), read in zip(archive.files_of(entry), reads, strict=True):
        try:
            read(*entry.key, digest)
            if path.name.endswith(".src.zst") and stat.S_IMODE(path.stat().st_mode) & 0o077:
                found.append(
                    (path, "source documents are private, but others may read this file (chmod 600)")
                )
        except StoreDamaged as error:
            found.append((path, error.message))
    return found


def _index(
    home: Home, generation: Generation, state: LedgerState, compared: dict[str, int]
) -> Iterator[Damage]:
    """Check the index: whole, of exactly the studies that are served, and saying of each what the store says."""
    path = generation.search_path / INDEX_FILE
    where = f"generations/{generation.path.name}/search/{INDEX_FILE}"
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as index:
            (verdict,) = index.execute("PRAGMA integrity_check(1)").fetchone()
            listed = {accession for (accession,) in index.execute("SELECT accession FROM study")}
            wrong = _differing(home, generation, index, sorted(listed))
    except (sqlite3.DatabaseError, StoreDamaged) as error:
        yield Damage("index", where, f"the search index can't be read: {error}")
        return
    if verdict != "ok":
        yield Damage("index", where, f"the search index is damaged: {verdict}")
    unknown = listed - set(state.accessions())
    if unknown:
        yield Damage(
            "index", where, f"it lists {len(unknown)} studies that are not served, as {min(unknown)}"
        )
    if wrong:
        yield Damage(
            "index", where, f"it says of {len(wrong)} studies, as {wrong[0]}, not what the store says"
        )
    compared["studies of the index"] = len(listed)


def _differing(home: Home, generation: Generation, index: sqlite3.Connection, listed: list[str]) -> list[str]:
    """Return the studies of which the index and the store differ; none when another version made the index."""
    (version,) = index.execute("PRAGMA user_version").fetchone()
    if version != INDEX_VERSION:
        return []
    return differing(index, generation.open_store(), Iris(home.data_base), listed)


def _remarks(home: Home, state: LedgerState) -> Iterator[str]:
    """Tell what lies in the archive and is in no batch of the ledger: left by loading that failed. It does no harm."""
    named = {path for entry in recorded(home.ledger) for path, _ in home.archive.files_of(entry)}
    strays = [path for path in home.archive.path.glob("*/*/*") if path not in named]
    if strays:
        size = sum(path.lstat().st_size for path in strays)
        yield f"{len(strays)} archived files ({size:,} bytes) are in no batch of the ledger: left by failed loading"
    behind = [number for number in home.numbers() if number > state.generation]
    if behind:
        yield f"generations {behind} were published while this was examined"
