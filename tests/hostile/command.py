"""Runs the real command line in a limited child, and watches what must not happen: connections, changed catalogues."""

from __future__ import annotations

import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

ADDRESS_SPACE = 4 * 1024**3
MEMORY_KIB = 1024 * 1024
SECONDS = 30


@dataclass(frozen=True)
class Run:
    """How a command ended.

    Attributes:
        code: its exit code; negative for a signal.
        output: standard output.
        words: standard error.
        peak_kib: most memory of the command and of any process that it started, whichever is more.
        seconds: by the clock.
    """

    code: int
    output: str
    words: str
    peak_kib: int
    seconds: float

    @property
    def records(self) -> list[dict[str, Any]]:
        """The records of `load --json`."""
        found: list[dict[str, Any]] = json.loads(self.output)["records"]
        return found


class Sentinel:
    """Counts connections to a port of loopback."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.connections = 0
        threading.Thread(target=self._count, daemon=True).start()

    def _count(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            connection.close()

    def close(self) -> None:
        """Listen no more."""
        self._listener.close()


def _limits() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def rembigraph(home: Path, *arguments: str, seconds: float = SECONDS) -> Run:
    """Run a command; it is killed when it takes longer than `seconds`. `wait4` tells the memory of this child alone."""
    started = time.monotonic()
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(
            [sys.executable, "-m", "rembigraph.app", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            env={**os.environ, "REMBIGRAPH_HOME": str(home), "NO_COLOR": "1"},
            preexec_fn=_limits,
        )
        timer = threading.Timer(seconds, child.kill)
        timer.start()
        _, status, usage = os.wait4(child.pid, 0)
        timer.cancel()
        child.returncode = os.waitstatus_to_exitcode(status)
        texts = [stream.seek(0) or stream.read().decode("utf-8", "replace") for stream in (output, errors)]
    return Run(child.returncode, texts[0], texts[1], usage.ru_maxrss, time.monotonic() - started)


def held(home: Path) -> str:
    """A digest of everything that the catalogue holds but for locks: its ledgers, archived sources and generations."""
    digest = sha256()
    for path in sorted(home.rglob("*")):
        if path.is_file() and "lock" not in path.name.lower():
            digest.update(str(path.relative_to(home)).encode() + b"\0" + sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def is_clean(run: Run) -> bool:
    """Whether a command ended by itself, in words and in bounds."""
    said = run.output + run.words
    in_words = "Traceback" not in said and "could not cope" not in said and "worker-died" not in said
    return run.code in {0, 1, 3} and in_words and run.peak_kib <= MEMORY_KIB
