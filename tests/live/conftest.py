"""The replay server, and a catalogue whose sources it is."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from replay import Replay, replaying


@pytest.fixture
def replay() -> Iterator[Replay]:
    with replaying() as server:
        yield server


@pytest.fixture
def settings_of(replay: Replay, tmp_path: Path) -> Callable[..., Any]:
    """Settings of a catalogue that reads from the replay server, without pauses."""
    from rembigraph.app.settings import Settings

    def make(home: str = "home", **changes: Any) -> Settings:
        plain = {
            "home": tmp_path / home,
            "biostudies_url": f"{replay.address}/biostudies",
            "empiar_url": f"{replay.address}/empiar",
            "live_pause": 0.0,
            "live_timeout": 0.5,
            "live_backoff": 0.001,
            "live_deadline": 20.0,
        }
        return Settings(**{**plain, **changes})

    return make


@pytest.fixture
def load_live() -> Callable[..., Any]:
    """Load accessions with these settings; return the report."""
    from rembigraph.app.live import asked_for, live_documents
    from rembigraph.app.loading import load
    from rembigraph.catalogue.home import Home

    def run(settings: Any, *accessions: str) -> Any:
        home = Home.init(settings.home, settings.data_base)
        documents = live_documents(asked_for(accessions, None), settings, home)
        return load([], home, documents=documents, processes=1)

    return run


@pytest.fixture
def dump_of() -> Callable[[Any], bytes]:
    """The canonical dump of the catalogue of these settings."""
    from rembigraph.catalogue.generations import dump
    from rembigraph.catalogue.home import Home

    def run(settings: Any) -> bytes:
        out = io.BytesIO()
        dump(Home.open(settings.home), out)
        return out.getvalue()

    return run
