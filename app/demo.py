"""The demo: the bundled sample records in a temporary catalogue."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

from rembigraph.app.loading import load
from rembigraph.app.settings import Settings
from rembigraph.catalogue.home import Home


@contextmanager
def sample_catalogue(settings: Settings, progress: Callable[[int], None]) -> Iterator[Home]:
    """Load the sample into a temporary catalogue, give it, and remove it afterwards.

    Raises:
        RuntimeError: a bundled record was not accepted (a fault of ours).
    """
    with tempfile.TemporaryDirectory(prefix="rembigraph-demo-") as folder:
        home = Home.init(Path(folder) / "catalogue", settings.data_base)
        with resources.as_file(resources.files("rembigraph.app").joinpath("sample")) as sample:
            report = load([str(sample)], home, progress=progress)
        rejected = [outcome for outcome in report.outcomes if outcome.state in {"failed", "refused"}]
        if rejected:
            raise RuntimeError(f"a bundled record was not accepted: {rejected[0]}")
        yield home
