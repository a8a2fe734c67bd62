"""The main job on real records: 734 crates through the command line, in bounds."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.realdata
FOLDERS = ("rocrate_bia", "rocrate_idr", "rocrate_ssbd")
SECONDS = 120
BYTES = 1024**3


def _tree_bytes(root: int) -> int:
    """Resident bytes of a process and all below it."""
    total, pending = 0, [root]
    while pending:
        process = pending.pop()
        try:
            pages = int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
            children = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii").split()
        except (OSError, IndexError):
            continue
        total += pages * 4096
        pending += [int(child) for child in children]
    return total


def test_all_crates_load_in_time_and_memory_and_twice_changes_nothing(shared: Path, tmp_path: Path) -> None:
    folders = [str(shared / "realdata" / name) for name in FOLDERS]
    crates = sum(len(list(Path(folder).rglob("*.json"))) for folder in folders)
    command = [
        sys.executable,
        "-m",
        "rembigraph.app",
        "--home",
        str(tmp_path / "home"),
        "load",
        "--json",
        *folders,
    ]
    begun, peak = time.monotonic(), 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None and time.monotonic() - begun < 3 * SECONDS:
            peak = max(peak, _tree_bytes(process.pid))
            try:
                process.communicate(timeout=0.2)
            except subprocess.TimeoutExpired:
                continue
        output, errors = process.communicate()
    seconds = time.monotonic() - begun
    assert process.returncode == 0, errors
    totals = json.loads(output)["totals"]
    print(f"\n{crates} crates in {seconds:.0f} s, {peak / 2**20:.0f} MiB: {totals}")  # noqa: T201 - the figures are the point
    assert totals["failed"] == totals["refused"] == 0
    landed = totals["loaded"] + totals["unchanged"] + totals["superseded"]
    assert landed >= 0.99 * (crates - totals["skipped"])
    assert seconds <= SECONDS
    assert peak < BYTES
    again = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert again["totals"]["loaded"] == 0
    assert again["generation"] == 1
