"""The main job on real records: all of them through the command line, in bounds of memory."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.whole_load import WholeLoad

pytestmark = pytest.mark.realdata
BYTES = 1024**3


def test_all_records_load_in_bounded_memory_and_twice_changes_nothing(whole_load: WholeLoad) -> None:
    totals, documents = whole_load.report["totals"], len(whole_load.report["records"])
    print(
        f"\n{documents} documents in {whole_load.seconds:.0f} s, {whole_load.peak / 2**20:.0f} MiB: {totals}"
    )
    assert totals["failed"] == totals["refused"] == 0
    landed = totals["loaded"] + totals["unchanged"] + totals["superseded"]
    assert landed >= 0.99 * (documents - totals["skipped"]) > 0
    assert whole_load.peak < BYTES
    assert not (Path(whole_load.home) / "archive" / ".incoming").exists()
    again = json.loads(subprocess.run(whole_load.command, check=True, capture_output=True, text=True).stdout)
    assert again["totals"]["loaded"] == 0
    assert again["generation"] == 1
