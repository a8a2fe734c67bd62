"""The main job on real records: all of them through the command line, in bounds of time and memory."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.ingest import tree_bytes

pytestmark = pytest.mark.realdata
SECONDS = 180
BYTES = 1024**3


def _busy() -> tuple[float, float]:
    """Processor seconds that the whole machine, and children of ours that have ended, have used so far."""
    fields = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:9]
    user, nice, system, _idle, _waiting, *interrupts = map(int, fields)
    ours = resource.getrusage(resource.RUSAGE_CHILDREN)
    machine = (user + nice + system + sum(interrupts)) / os.sysconf("SC_CLK_TCK")
    return machine, ours.ru_utime + ours.ru_stime


def test_all_records_load_in_time_and_memory_and_twice_changes_nothing(shared: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    folders = sorted(str(folder) for folder in (shared / "realdata").iterdir() if folder.is_dir())
    command = [sys.executable, "-m", "rembigraph.app", "--home", str(home), "load", "--json", *folders]
    begun, peak, (machine, ours) = time.monotonic(), 0, _busy()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None and time.monotonic() - begun < 5 * SECONDS:
            peak = max(peak, tree_bytes(process.pid))
            try:
                process.communicate(timeout=0.1)
            except subprocess.TimeoutExpired:
                continue
        output, errors = process.communicate()
    elapsed = time.monotonic() - begun
    others = (_busy()[0] - machine) - (_busy()[1] - ours)
    # What other programs took of the processors meanwhile is no time of ours; waiting is.
    seconds = elapsed - max(0.0, others) / (os.cpu_count() or 1)
    assert process.returncode == 0, errors
    report = json.loads(output)
    totals, documents = report["totals"], len(report["records"])
    figures = (
        f"{documents} documents in {seconds:.0f} s ({elapsed:.0f} s by the clock), {peak / 2**20:.0f} MiB"
    )
    print(f"\n{figures}: {totals}")
    assert totals["failed"] == totals["refused"] == 0
    landed = totals["loaded"] + totals["unchanged"] + totals["superseded"]
    assert landed >= 0.99 * (documents - totals["skipped"]) > 0
    assert seconds <= SECONDS
    assert peak < BYTES
    assert not (home / "archive" / ".incoming").exists()
    again = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert again["totals"]["loaded"] == 0
    assert again["generation"] == 1
