"""Shared records, fetched and from files: the same catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rembigraph.app.loading import load
from rembigraph.catalogue.home import Home
from replay import Replay, replay_shared, shared_records


@pytest.mark.slow
@pytest.mark.realdata
def test_shared_records_are_the_same_from_files(
    replay: Replay, settings_of: Any, load_live: Any, dump_of: Any, shared: Path, tmp_path: Path
) -> None:
    records = shared_records(shared)
    replay_shared(replay, records)
    fetched = load_live(settings_of(), *(record.accession for record in records))
    for record in records:
        folder = tmp_path / "in" / record.accession
        for name, content in {f"{record.accession}.json": record.body, **record.lists}.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
    other = settings_of("other")
    read = load([str(tmp_path / "in")], Home.init(other.home, other.data_base), processes=1)
    assert fetched.count("loaded") == read.count("loaded") >= len(records) * 0.9
    assert dump_of(settings_of()) == dump_of(other)
