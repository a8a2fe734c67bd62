"""The catalogue folder: where everything lies, which generation is current, who may write.

```
<home>/rembigraph.json             format and data base IRI, fixed by `init`
<home>/archive/                    see `archive`; with a second copy of the ledger, see `batches`
<home>/ledger.jsonl                see `ledger`
<home>/dumps/000042/               what `export` wrote of a generation; may be deleted
<home>/cache/                      documents fetched by `load --live`; may be deleted
<home>/generations/000042/         see `generations`
<home>/current -> generations/000042
<home>/lock                        held (flock) by the one process that writes
```
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from rembigraph.catalogue.archive import Archive
from rembigraph.catalogue.durable import replace_file, sync_folder
from rembigraph.catalogue.generations import META_FILE, Generation
from rembigraph.catalogue.ledger import Ledger, LedgerState
from rembigraph.ontology.errors import StoreDamaged, StoreLocked, UsageError
from rembigraph.ontology.identifiers import is_web_address

FORMAT: Final = 1
"""Version of the folder layout."""

KEPT_GENERATIONS: Final = 3
"""How many generations stay on the disk, the current one included."""

_CONFIGURATION: Final = "rembigraph.json"
_OURS: Final = frozenset({"archive", "generations", "ledger.jsonl", f"{_CONFIGURATION}.tmp"})
_DUMPS: Final = "dumps"
_POLL_SECONDS: Final = 0.05
_NUMBERED: Final = re.compile(r"\d{6,}")
_RESTORE: Final = "run `rembigraph restore`"
_REWRITE: Final = (
    f'copy it from a backup, or write {{"format": {FORMAT}, "data_base": "..."}} '
    "with the IRI that all data IRIs begin with"
)


class Home:
    """A catalogue folder. Make one with `Home.init` or `Home.open`.

    Attributes:
        path: the folder (absolute).
        data_base: the data base IRI, fixed for the life of the catalogue.
        archive: its archive.
        ledger: its ledger.
    """

    def __init__(self, path: Path, data_base: str) -> None:
        self.path = path
        self.data_base = data_base
        self.archive = Archive(path / "archive")
        self.ledger = Ledger(path / "ledger.jsonl")
        self._link = str(path / "current")

    @classmethod
    def init(cls, path: Path, data_base: str) -> Home:
        """Create a catalogue in this folder; doing it again with the same data base IRI changes nothing.

        Raises:
            UsageError: the folder holds something else, or a catalogue with another data base IRI, or the IRI
                is not an http(s) IRI that ends with a slash.
        """
        if not (is_web_address(data_base) and data_base.endswith("/")):
            raise UsageError(
                f"{data_base!r} cannot be a data base IRI", fix="give an http(s) IRI that ends with a slash"
            )
        if (path / _CONFIGURATION).exists():
            return cls._same(path, data_base)
        _refuse_foreign(path)
        (path / "archive").mkdir(parents=True, exist_ok=True)
        (path / "generations").mkdir(exist_ok=True)
        (path / "ledger.jsonl").touch()
        # The configuration comes last: it is what makes the folder a catalogue.
        document = {"format": FORMAT, "data_base": data_base}
        replace_file(path / _CONFIGURATION, json.dumps(document, indent=1).encode() + b"\n")
        return cls.open(path)

    @classmethod
    def open(cls, path: Path) -> Home:
        """Open the catalogue in this folder. Nothing is written.

        Raises:
            UsageError: there is none, or a newer version of Rembigraph made it.
            StoreDamaged: its configuration is unreadable.
        """
        configuration = _configuration(path.absolute() / _CONFIGURATION)
        if configuration.get("format") != FORMAT:
            raise UsageError(
                f"the catalogue {path} has format {configuration.get('format')!r}, this is for {FORMAT}",
                fix="use the version of Rembigraph that made it",
            )
        return cls(path.absolute(), str(configuration["data_base"]))

    @property
    def generations(self) -> Path:
        """Folder of the generations."""
        return self.path / "generations"

    def generation(self, number: int) -> Generation:
        """Return the generation of this number, whether or not it is on the disk."""
        return Generation(number, self.generations / f"{number:06d}")

    def dumps(self, number: int) -> Path:
        """Return the folder of what `export` wrote of a generation; it goes when the generation goes."""
        return self.path / _DUMPS / f"{number:06d}"

    def unfinished(self, number: int) -> Path:
        """Folder in which the generation of this number is built."""
        return self.generations / f"{number:06d}.tmp"

    def current_number(self) -> int:
        """Number of the generation that `current` names; 0 before the first one is published.

        Raises:
            StoreDamaged: `current` is not a link to a generation.
        """
        try:
            name = os.path.basename(os.readlink(self._link))  # noqa: PTH115, PTH119 - every request asks
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise StoreDamaged(
                "`current` is not a link to a generation", where=self._link, fix=_RESTORE
            ) from error
        if not _NUMBERED.fullmatch(name):
            raise StoreDamaged(
                f"`current` names {name!r}, which is no generation", where=self._link, fix=_RESTORE
            )
        return int(name)

    def current(self) -> Generation | None:
        """Return the published generation; None before the first.

        Raises:
            StoreDamaged: `current` names a generation that is not there.
        """
        while number := self.current_number():
            generation = self.generation(number)
            if generation.path.is_dir():
                return generation
            # In between, writers may have published others and removed this one: then look again.
            if number == self.current_number():
                where = str(generation.path)
                raise StoreDamaged(f"generation {number} is missing", where=where, fix=_RESTORE)
        return None

    def numbers(self) -> list[int]:
        """Numbers of the generations on the disk, in order."""
        return sorted(
            int(folder.name)
            for folder in self.generations.glob("*")
            if _NUMBERED.fullmatch(folder.name) and folder.is_dir()
        )

    @contextmanager
    def lease(self) -> Iterator[Generation | None]:
        """Hold the published generation: no writer removes it before the context ends.

        Raises:
            StoreDamaged: `current` names a generation that is not there.
        """
        while (generation := self.current()) is not None:
            with self.hold(generation) as is_held:
                if is_held:
                    yield generation
                    return
            if generation.number == self.current_number() and not (generation.path / META_FILE).exists():
                raise StoreDamaged("a generation has no meta.json", where=str(generation.path), fix=_RESTORE)
        yield None

    @contextmanager
    def hold(self, generation: Generation) -> Iterator[bool]:
        """Hold a generation, if it is there: no writer removes it before the context ends. Gives whether it is."""
        try:
            held = os.open(generation.path / META_FILE, os.O_RDONLY)
        except (FileNotFoundError, NotADirectoryError):
            yield False
            return
        try:
            fcntl.flock(held, fcntl.LOCK_SH)
            yield generation.path.is_dir()  # else it was removed before we held it
        finally:
            os.close(held)

    def published_number(self) -> int:
        """Number of the newest generation that was published, as the disk knows; 0 when there is no trace of any.

        A generation gets its name when it is in the ledger, so the ledger can't be behind this. What only `current`
        names, and neither a folder nor a second copy of the ledger, never was: then the link is broken. The last
        copy may be of a batch that was not committed any more.
        """
        known, copies = self.numbers(), self.ledger.copies.numbers()
        with suppress(StoreDamaged):
            known += [number for number in (self.current_number(),) if number in copies]
        return max([0, *known, *(number - 1 for number in copies[-1:])])

    def state(self) -> LedgerState:
        """Return the committed state of the catalogue.

        Raises:
            StoreDamaged: the ledger is damaged, or has lost a batch that was published.
        """
        published = self.published_number()  # read first: the ledger is always ahead of it
        state = self.ledger.read()
        if state.generation < published:
            raise StoreDamaged(
                f"generation {published} is published, but the ledger ends with {state.generation}",
                where=str(self.ledger.path),
                fix=_RESTORE,
            )
        return state

    @contextmanager
    def lock(self, *, wait_seconds: float = 0.0) -> Iterator[None]:
        """Be the one process that writes.

        Args:
            wait_seconds: how long to wait for another one to end.

        Raises:
            StoreLocked: another process is writing.
            UsageError: this user may not write here.
        """
        path = self.path / "lock"
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except PermissionError as error:
            raise UsageError("no permission to write in this catalogue", where=str(path)) from error
        try:
            _take(descriptor, path, time.monotonic() + wait_seconds)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
            yield
        finally:
            os.close(descriptor)

    def switch(self, number: int) -> None:
        """Make this generation the current one, atomically: readers see the old one or the new one."""
        temporary, link = self.path / ".current.tmp", Path(self._link)
        if link.is_dir() and not link.is_symlink():  # a tool that follows links has copied the catalogue
            link.rename(self.generations / f"copy-of-current-{uuid4().hex}.tmp")
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(Path("generations") / f"{number:06d}")
        temporary.replace(link)
        sync_folder(self.path)

    def prune(self) -> list[int]:
        """Remove generations beyond the last three and their dumps, but none that a reader holds (see `lease`).

        Returns:
            Numbers of those that should go, but are held. They are tried again next time.
        """
        held = [number for number in self.numbers()[:-KEPT_GENERATIONS] if not self.remove(number)]
        kept = {self.dumps(number) for number in self.numbers()}
        for folder in (self.path / _DUMPS).glob("*"):
            if _NUMBERED.fullmatch(folder.name) and folder not in kept:
                shutil.rmtree(folder, ignore_errors=True)
        return held

    def remove(self, number: int) -> bool:
        """Remove a generation unless a reader holds it; say whether it is gone. For the writer only."""
        folder, unfinished = self.generation(number).path, self.unfinished(number)
        try:
            # A folder without meta.json can't be held.
            with self._alone(folder):
                # Under its unfinished name a folder that is only half removed is swept, never read.
                folder.rename(unfinished)
        except OSError:
            return not folder.exists()
        shutil.rmtree(unfinished, ignore_errors=True)
        return True

    def sweep(self) -> None:
        """Remove unfinished generations and files. For the writer only."""
        for folder in self.generations.glob("*.tmp"):
            shutil.rmtree(folder, ignore_errors=True)
        (self.path / ".current.tmp").unlink(missing_ok=True)
        self.archive.sweep()

    @contextmanager
    def _alone(self, folder: Path) -> Iterator[None]:
        """Hold a generation that nobody else holds; raises BlockingIOError if somebody does."""
        with ExitStack() as stack:
            with suppress(FileNotFoundError):
                held = os.open(folder / META_FILE, os.O_RDONLY)
                stack.callback(os.close, held)
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield

    @classmethod
    def _same(cls, path: Path, data_base: str) -> Home:
        home = cls.open(path)
        if home.data_base != data_base:
            raise UsageError(
                f"the catalogue {path} has the data base IRI {home.data_base}, which cannot be changed",
                fix="make another catalogue in an empty folder",
            )
        return home


def _refuse_foreign(path: Path) -> None:
    if path.exists() and not path.is_dir():
        raise UsageError(f"{path} is not a folder")
    # Our own names may be left from an `init` that was killed; settings may be written before it.
    foreign = [entry.name for entry in path.glob("*") if entry.name not in _OURS and entry.suffix != ".toml"]
    if foreign:
        raise UsageError(
            f"the folder {path} holds other things ({', '.join(sorted(foreign)[:3])})",
            fix="give an empty folder, or one that does not exist",
        )


def _configuration(path: Path) -> dict[str, Any]:
    try:
        configuration = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UsageError(
            f"there is no catalogue in {path.parent}", fix=f"run `rembigraph init {path.parent}`"
        ) from error
    except (OSError, ValueError) as error:
        raise StoreDamaged(
            f"the configuration is unreadable: {error}", where=str(path), fix=_REWRITE
        ) from error
    if not isinstance(configuration, dict) or not {"format", "data_base"} <= configuration.keys():
        raise StoreDamaged(
            "the configuration has no format or no data base IRI", where=str(path), fix=_REWRITE
        )
    return configuration


def _take(descriptor: int, path: Path, deadline: float) -> None:
    """Take the lock before the deadline (on the monotonic clock) or raise StoreLocked."""
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
                raise StoreLocked(
                    f"another process{f' ({holder})' if holder else ''} is writing to this catalogue",
                    where=str(path),
                    fix="wait until it has ended, then try again",
                ) from None
            time.sleep(_POLL_SECONDS)
        else:
            return
