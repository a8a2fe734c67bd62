"""Real commands in processes of their own that are killed at a random point, and what the disk shows afterwards.

`Warm` is a process that has imported everything. For each command it forks a child, the leader of a new process group,
that calls the command line with its arguments and is killed (SIGKILL) when so much time has passed, or before the
so-many-th change of the file system that it makes from Python: the moments between two steps are short, and time alone
rarely hits them.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import mmap
import os
import pkgutil
import random
import select
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rembigraph.catalogue.home import Home
from rembigraph.ontology.errors import CatalogueError

CHANGES = frozenset(f"os.{name}" for name in ("chmod", "link", "mkdir", "rename", "symlink", "truncate")) | {
    "sqlite3.connect"
}
"""Audit events before which a command may be killed; opening a file for writing is one too."""

_PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True)
class Kill:
    """When a command is killed.

    Attributes:
        after: seconds after its start; below zero for never.
        before: number of the change of the file system before which it is killed; 0 for none.
        at: text in a path: it is killed before its first change of such a file; empty for none.
        fill: file to write until the disk is full, instead of killing.
        alone: kill only its first process, as the system does when memory is short; else the whole group.
    """

    after: float = -1
    before: int = 0
    at: str = ""
    fill: str = ""
    alone: bool = False


@dataclass(frozen=True)
class Ended:
    """How a command ended.

    Attributes:
        code: its exit code; below zero when it was killed.
        seconds: how long it lived.
        changes: how many changes of the file system it had begun.
        said: what it wrote to its outputs.
        orphans: processes of its group that outlived it by two seconds.
    """

    code: int
    seconds: float
    changes: int
    said: str
    orphans: list[str]

    @property
    def is_acknowledged(self) -> bool:
        return self.code == 0

    @property
    def was_killed(self) -> bool:
        return self.code == -signal.SIGKILL


class Warm:
    """Runs commands of the command line in children of a process that has everything imported."""

    def __init__(self, folder: Path) -> None:
        self._output = folder / "said"
        self._process = subprocess.Popen(
            [sys.executable, "-P", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={name: value for name, value in os.environ.items() if not name.startswith("REMBIGRAPH_")},
        )
        assert self._process.stdout
        assert self._process.stdout.readline() == "ready\n"

    def run(self, *arguments: str | Path, kill: Kill | None = None, uid: int = 0) -> Ended:
        """Run a command to its end, or until it is killed; with `uid`, as another user."""
        assert self._process.stdin
        assert self._process.stdout
        asked = {
            "arguments": [str(each) for each in arguments],
            "output": str(self._output),
            "kill": asdict(kill or Kill()),
            "uid": uid,
        }
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return Ended(**json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        self._process.communicate(timeout=20)


def serve() -> None:
    """Be the warm process: run one command for each line of standard input."""
    for package in ("app", "catalogue", "loaders", "ontology", "shapes"):
        _import_all(f"rembigraph.{package}")
    # Orphans of a killed command become our children, so that they are gone when they have ended.
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(asdict(_run(**json.loads(line)))), flush=True)


def _import_all(package: str) -> None:
    for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
        if not module.name.endswith("__main__"):
            with suppress(ImportError):  # what needs an optional library
                importlib.import_module(module.name)


def _run(arguments: list[str], output: str, kill: dict[str, Any], uid: int) -> Ended:
    when = Kill(**kill)
    counter = mmap.mmap(-1, 8)
    begun = time.monotonic()
    if not (child := os.fork()):
        _be_the_command(arguments, output, when, uid, counter)
    descriptor = os.pidfd_open(child)
    if not select.select([descriptor], [], [], when.after if when.after >= 0 else 120)[0]:
        with suppress(ProcessLookupError):
            (os.kill if when.alone else os.killpg)(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    os.close(descriptor)
    seconds = time.monotonic() - begun
    return Ended(
        os.waitstatus_to_exitcode(status),
        seconds,
        int.from_bytes(counter[:8], "little"),
        Path(output).read_text(errors="replace") if Path(output).exists() else "",
        _orphans(child),
    )


def _be_the_command(arguments: list[str], output: str, when: Kill, uid: int, counter: mmap.mmap) -> None:
    code = 70
    try:
        os.setsid()
        file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(file, 1)
        os.dup2(file, 2)
        if uid:
            os.setgid(uid)
            os.setuid(uid)
        _count_changes(when, counter)
        from rembigraph.app.cli import main

        try:
            main(arguments)
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1 if ended.code else 0
        except BaseException:  # as the interpreter says it
            traceback.print_exc()
            code = 1
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _count_changes(when: Kill, counter: mmap.mmap) -> None:
    """Count what is changed from Python, and kill before the change that is meant."""
    is_done = False

    def hook(event: str, values: tuple[Any, ...]) -> None:
        nonlocal is_done
        writes = event == "open" and len(values) == 3 and _writes(values)
        if is_done or not (writes or event in CHANGES):
            return
        number = int.from_bytes(counter[:8], "little") + 1
        counter[:8] = number.to_bytes(8, "little")
        if number == when.before or (when.at and any(when.at in str(value) for value in values)):
            is_done = True
            if when.fill:
                fill(Path(when.fill))
            else:
                (os.kill if when.alone else os.killpg)(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def _writes(values: tuple[Any, ...]) -> bool:
    flags = values[2]
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR))


def fill(ballast: Path) -> None:
    """Take all space that is left, as another program on the same disk may."""
    with ballast.open("ab", buffering=0) as file:
        size = 1 << 20
        while size:
            try:
                file.write(bytes(size))
            except OSError:
                size //= 2


def _orphans(group: int) -> list[str]:
    """Return the processes of a group that don't end within two seconds."""
    deadline = time.monotonic() + 2
    while True:
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        found = list(_members(group))
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(0.005)


def _members(group: int) -> Iterator[str]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError, ValueError):
                after_name = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(after_name[2]) == group and after_name[0] != "Z":
                    yield f"{entry.name}: {(entry / 'cmdline').read_text()}"


def moments(dice: random.Random, cycles: int, seconds: float, changes: int) -> Iterator[Kill]:
    """Yield moments that spread over the life of a command: by turns by time, and by its changes of the disk.

    Args:
        dice: gives the moments.
        cycles: how many.
        seconds: how long the command lives when nobody kills it.
        changes: how many changes of the file system it makes.
    """
    parts = [(number + dice.random()) / cycles for number in range(cycles)]
    dice.shuffle(parts)
    for number, part in enumerate(parts):
        alone = dice.random() < 0.3
        if number % 2:
            yield Kill(before=1 + int(part * changes), alone=alone)
        else:
            yield Kill(after=part * seconds * 1.1, alone=alone)


def stage_reached(home: Home, before: int) -> str:
    """Say, from the files on the disk, how far the command came that was to publish the generation after `before`."""
    unfinished, final = home.unfinished(before + 1), home.generation(before + 1).path
    with suppress(CatalogueError):
        if home.state().generation > before:
            if not final.exists():
                return "7 committed"
            return "9 current" if home.current_number() > before else "8 named"
    if any(number > before for number in home.ledger.copies.numbers()):
        return "6 ledger copy"
    if (unfinished / "meta.json").exists():
        return "5 closed"
    if (unfinished / "search").exists():
        return "4 derived"
    if unfinished.exists():
        return "3 store"
    incoming = home.archive.path / ".incoming"
    if incoming.exists():
        return "2 staged" if any(incoming.glob("*/*")) else "1 begun"
    return "0 nothing"


def unfinished(home: Home) -> list[str]:
    """Name everything on the disk that is left of commands that did not end, the archive's own files aside."""
    found = [*home.generations.glob("*.tmp"), *home.path.glob("*.tmp"), *home.path.glob(".*.tmp")]
    found += [*home.archive.path.rglob("*.tmp"), *(home.archive.path / ".incoming").glob("*")]
    found += [path for path in home.generations.iterdir() if not path.name.isdecimal()]
    end = sum(len(batch.content) for batch in home.ledger.batches())
    if home.ledger.path.stat().st_size != end:
        found.append(home.ledger.path)
    return sorted({str(path.relative_to(home.path)) for path in found})


if __name__ == "__main__":
    serve()
