"""How long each stage of loading takes, beside a raw bulk load of the same quads.

Run `python benchmarks/ingest.py PATH...`.

One process, so that stages add up. Storing is what makes a batch durable: archive with fsync, load into named and
default graphs, fsync of the store. The baselines load the same quads into an empty Oxigraph store, without fsync:
`named` as the records' graphs only, `both` with the copies in the default graph, which is what storing writes.
"""

from __future__ import annotations

import io
import json
import resource
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pyoxigraph import RdfFormat, Store
from rembigraph import loaders
from rembigraph.app.loading import Mapping, mapping_version
from rembigraph.catalogue import ingest
from rembigraph.catalogue.archive import CanonicalRecord
from rembigraph.catalogue.derive import derive
from rembigraph.catalogue.generations import default_copies
from rembigraph.catalogue.home import Home
from rembigraph.catalogue.publish import Writer
from rembigraph.ontology.identifiers import DEFAULT_DATA_BASE, Iris

STORING = ("archived", "copied", "removed", "loaded", "closed", "synced", "committed")


class Stages:
    """Seconds by stage."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)

    @contextmanager
    def __call__(self, name: str) -> Any:
        """Add the time that the block takes to a stage."""
        started = time.perf_counter()
        yield
        self.seconds[name] += time.perf_counter() - started

    def timed(self, name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """Return the same function, timed."""

        def run(*arguments: Any, **named: Any) -> Any:
            with self(name):
                return work(*arguments, **named)

        return run


class TimedWriter(Writer):
    """A writer that notes when each step of publishing was reached."""

    marks: list[tuple[str, float]]

    def _reached(self, step: str) -> None:
        self.marks.append((step, time.perf_counter()))


def main(paths: list[str]) -> dict[str, Any]:
    """Load documents into a new catalogue and return the seconds of each stage, with ratios to the baselines."""
    stages = Stages()
    records, documents = _mapped(paths, stages)
    with tempfile.TemporaryDirectory() as folder:
        home = Home.init(Path(folder) / "catalogue", DEFAULT_DATA_BASE)
        publishing = _published(home, records)
        named = b"".join(record.quads for record in records)
        both = named + b"".join(default_copies(record.quads, home.data_base) for record in records)
        baselines = {
            name: _raw(Path(folder) / name, quads) for name, quads in (("named", named), ("both", both))
        }
    storing = sum(publishing[step] for step in STORING)
    return {
        "documents": documents,
        "records": len(records),
        "quads": named.count(b"\n"),
        "seconds": {**stages.seconds, **{f"publish: {step}": taken for step, taken in publishing.items()}},
        "baseline_seconds": baselines,
        "storing_seconds": storing,
        "storing_to_baseline": {name: storing / taken for name, taken in baselines.items()},
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _mapped(paths: list[str], stages: Stages) -> tuple[list[CanonicalRecord], int]:
    """Read, map and validate; the last document of one accession and source is the one that counts."""
    ingest.validate = stages.timed("validate", ingest.validate)
    mapping = Mapping(Iris(), mapping_version(), {})
    found: dict[tuple[str, str], CanonicalRecord] = {}
    count = 0
    stream = loaders.documents_of(paths)
    while True:
        with stages("read"):
            document = next(stream, None)
        if document is None:
            break
        count += 1
        with stages("parse, map, validate"):
            outcomes = mapping(document)
        found |= {one.record.key: one.record for one in outcomes if one.record and one.state == "loaded"}
    stages.seconds["parse and map"] = stages.seconds.pop("parse, map, validate") - stages.seconds["validate"]
    return list(found.values()), count


def _published(home: Home, records: list[CanonicalRecord]) -> dict[str, float]:
    writer = TimedWriter(home, derive)
    writer.marks = []
    with writer:
        writer.marks = [("", time.perf_counter())]
        writer.publish(records)
    pairs = zip(writer.marks, writer.marks[1:], strict=False)
    return {step: moment - before for (_, before), (step, moment) in pairs}


def _raw(folder: Path, quads: bytes) -> float:
    started = time.perf_counter()
    store = Store(str(folder))
    store.bulk_load(io.BytesIO(quads), format=RdfFormat.N_QUADS)
    return time.perf_counter() - started


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1:]), indent=1))
