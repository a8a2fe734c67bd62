"""Loads folders with the command line, and keeps how that went in a file, for other processes."""

from __future__ import annotations

import fcntl
import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.ingest import tree_bytes

SECONDS = 900  # a command that takes longer is ended


@dataclass(frozen=True)
class WholeLoad:
    """How `load --json` of every folder of real records ended.

    Attributes:
        home: folder of the catalogue. Tests must not change it.
        command: what was run.
        report: what it printed, parsed.
        peak: most bytes that its processes held together.
        seconds: by the clock.
    """

    home: str
    command: list[str]
    report: dict[str, Any]
    peak: int
    seconds: float


def _loaded(home: Path, folders: list[str]) -> WholeLoad:
    command = [sys.executable, "-m", "rembigraph.app", "--home", str(home), "load", "--json", *folders]
    begun, peak = time.monotonic(), 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            peak = max(peak, tree_bytes(process.pid))
            if time.monotonic() - begun > SECONDS:
                process.kill()
            try:
                process.communicate(timeout=0.1)
            except subprocess.TimeoutExpired:
                continue
        output, errors = process.communicate()
    assert process.returncode == 0, errors
    return WholeLoad(str(home), command, json.loads(output), peak, time.monotonic() - begun)


def loaded_once(folder: Path, sources: list[str]) -> WholeLoad:
    """Load `sources` into a catalogue in `folder`, or wait for the process that does, and return how that went."""
    done = folder / "load.json"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            done.write_text(json.dumps(asdict(_loaded(folder / "catalogue", sources))), encoding="utf-8")
        return WholeLoad(**json.loads(done.read_text(encoding="utf-8")))
