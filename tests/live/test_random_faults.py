"""Many runs with random faults end in the catalogue of a run without, and ask little more.

The fault of a request is drawn by chance from all passing ones: one request in five has one, and no address more than
two in a row. Requests are counted as the server sees them, hops of redirects and repeats included; the bar of 1.5 holds
for the sum over the runs.
"""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest
from replay import (
    TRANSIENT,
    Plan,
    Replay,
    Shared,
    made_up_entry,
    made_up_list,
    made_up_submission,
    replay_shared,
    shared_records,
)

RUNS, GROUPS = 200, 10
CHANCE, MOST_IN_A_ROW = 0.2, 2
MOST_REQUESTS = 1.5
FAULTS = (*TRANSIENT, "stall", "slow drip", "slow head")
RECORDS = 6


def _faults(seed: int, drawn: list[str]) -> Plan:
    dice = random.Random(seed)
    in_a_row: dict[str, int] = {}

    def plan(path: str, number: int) -> str:
        failing = dice.random() < CHANCE and in_a_row.get(path, 0) < MOST_IN_A_ROW
        in_a_row[path] = in_a_row.get(path, 0) + 1 if failing else 0
        drawn.append(dice.choice(FAULTS) if failing else "")
        return drawn[-1]

    return plan


def _made_up() -> list[Shared]:
    lists = {"a.json": made_up_list(300), "b.tsv": b"Files\tWell\na.tif\tB2\n"}
    submissions = [f"S-BIADTEST{number}" for number in range(3)]
    entries = [f"EMPIAR-MADEUP{number}" for number in range(3)]
    found = [Shared(name, made_up_submission(name, tuple(lists)), lists) for name in submissions]
    return found + [Shared(name, made_up_entry(name), {}) for name in entries]


def _records(seed: int) -> list[Shared]:
    """A draw of the shared records where they are, else made-up ones."""
    folder = Path(os.environ.get("REMBIGRAPH_SHARED", "no such folder"))
    every = shared_records(folder) if (folder / "realdata").is_dir() else []
    return random.Random(seed).sample(every, RECORDS) if every else _made_up()


@pytest.mark.parametrize(
    "group", [pytest.param(n, marks=pytest.mark.slow if n else ()) for n in range(GROUPS + 1)]
)
def test_faults_change_nothing_and_cost_little(
    replay: Replay, settings_of: Any, load_live: Any, dump_of: Any, group: int, record_property: Any
) -> None:
    """Group 0 is two runs, for every day."""
    records = _records(group)
    replay_shared(replay, records)
    names = [record.accession for record in records]
    quick = {"live_timeout": 0.3, "live_deadline": 8.0, "live_longest_wait": 5.0}
    load_live(settings_of("plain", **quick), *names)
    wanted, count = dump_of(settings_of("plain")), len(replay.asked)
    assert all(name.encode() in wanted for name in names)
    asked, drawn, runs = 0, [], 2 if group == 0 else RUNS // GROUPS
    for run in range(runs):
        replay.forget()
        replay.plan = _faults(1000 * group + run, drawn)
        settings = settings_of(f"run-{run}", **quick)
        report = load_live(settings, *names)
        asked += len(replay.asked)
        assert [one.reason for one in report.outcomes] == [None] * len(names)
        assert dump_of(settings) == wanted
    assert any(drawn)
    record_property("requests", f"{asked} in {runs} runs, {count} in one without faults")
    assert asked <= MOST_REQUESTS * runs * count
