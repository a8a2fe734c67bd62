"""How long each stage of loading takes, how much memory all its processes hold, and storing beside a raw bulk load.

Run `python benchmarks/ingest.py PATH...`. It prints one JSON document.

1. **load**: the documents are loaded into a new catalogue as `rembigraph load` does it, in as many processes as cores.
   `stages` adds up seconds over these processes: parse (bytes -> typed record), map (record -> canonical quads),
   validate (quads -> report), archive (check, hash, compress and write; fsync and move to the archive), publish
   (everything else until readers see the generation, by step). `peak_mib` is the greatest sum of resident memory
   of all processes, seen every 50 ms; pages that they share count once for each.
2. **storing**: what makes the same records durable, done again in one process, in turn with the baselines: hash,
   compress, write, fsync, load into named and default graph, compare counts, fsync of the store, ledger. Only what
   is derived from the records (search index, counts, terms) is left out.
   The baseline `both` is one `bulk_load` of one N-Quads file with exactly the quads that storing puts into the
   store, copies for the default graph included, into an empty store. The engine syncs the table files that it
   writes; no other flush or fsync is in it. `named` is the same without the copies. Ratios are medians of the
   rounds' own ratios.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from threading import Event, Thread
from typing import Any, Self

from pyoxigraph import RdfFormat, Store
from rembigraph import loaders
from rembigraph.app import loading
from rembigraph.app.loading import Mapping, Outcome, failure, mapping_version
from rembigraph.app.parallel import Lost, map_in_order
from rembigraph.catalogue import ingest
from rembigraph.catalogue.archive import CanonicalRecord, StagedRecord
from rembigraph.catalogue.derive import derive
from rembigraph.catalogue.generations import default_copies
from rembigraph.catalogue.home import Home
from rembigraph.catalogue.ledger import RecordEntry
from rembigraph.catalogue.publish import Decision, DeriveContext, Writer
from rembigraph.loaders.reading import Document
from rembigraph.ontology.errors import SourceError, SourceMalformed
from rembigraph.ontology.identifiers import DEFAULT_DATA_BASE, Iris

ROUNDS = 3
BARS = {"seconds": 180, "peak_mib": 1024, "storing_to_both": 1.5}
_spent: defaultdict[str, float] = defaultdict(float)


# --- stages


def _timed(stage: str, work: Callable[..., Any]) -> Callable[..., Any]:
    """Return the same function; its seconds are added to a stage."""

    def run(*arguments: Any, **named: Any) -> Any:
        started = time.perf_counter()
        try:
            return work(*arguments, **named)
        finally:
            _spent[stage] += time.perf_counter() - started

    return run


def _timed_read(document: Document) -> Iterator[Any]:
    steps = iter(_read(document))
    advance = _timed("parse", lambda: next(steps, None))
    while (found := advance()) is not None:
        yield found


_read = loaders.read


def _instrument() -> None:
    """Time the stages in this process, once."""
    if loaders.read is not _timed_read:
        loaders.read = _timed_read
        for module, name in ((ingest, "validate"), (loading, "prepare"), (loading, "stage")):
            setattr(module, name, _timed(name, getattr(module, name)))


@dataclass(frozen=True)
class TimedMapping:
    """A mapping that gives, with the outcomes of a document, the seconds of each stage."""

    mapping: Mapping

    def __call__(self, source: Document | SourceError) -> tuple[list[Outcome], dict[str, float]]:
        """Map a document, in any process."""
        _instrument()
        _spent.clear()
        outcomes = self.mapping(source)
        return outcomes, dict(_spent)


class TimedWriter(Writer):
    """A writer that notes when each step of publishing was reached."""

    def publish(self, *arguments: Any, **named: Any) -> Any:
        """Publish; `steps` then has the seconds of each step."""
        self._marks = [("", time.perf_counter())]
        result = super().publish(*arguments, **named)
        self.steps = {
            step: moment - before
            for (_, before), (step, moment) in zip(self._marks, self._marks[1:], strict=False)
        }
        return result

    def _reached(self, step: str) -> None:
        self._marks.append((step, time.perf_counter()))


# --- memory


class Watch:
    """Notes the greatest resident memory of this process and all below it, while the context lasts."""

    def __enter__(self) -> Self:
        self.peak_bytes = 0
        self._done = Event()
        self._thread = Thread(target=self._run)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._done.wait(0.05):
            self.peak_bytes = max(self.peak_bytes, tree_bytes(os.getpid()))


def tree(root: int) -> Iterator[Path]:
    """Yield the folders in `/proc` of a process and of all below it."""
    pending = [root]
    while pending:
        folder = Path(f"/proc/{pending.pop()}")
        # A child belongs to the thread that started it. What has just ended has no files any more.
        for path in folder.glob("task/*/children"):
            with suppress(OSError):
                pending += map(int, path.read_text(encoding="ascii").split())
        yield folder


def tree_bytes(root: int) -> int:
    """Resident bytes of a process and all below it."""
    total = 0
    for folder in tree(root):
        with suppress(OSError, IndexError):
            total += int((folder / "statm").read_text(encoding="ascii").split()[1])
    return total * os.sysconf("SC_PAGE_SIZE")


# --- the load


def _loaded(paths: list[str], home: Home) -> dict[str, Any]:
    """Load the documents and return what it took."""
    spent: defaultdict[str, float] = defaultdict(float)
    states: Counter[str] = Counter()
    records: list[StagedRecord] = []
    documents = 0
    started = time.perf_counter()
    with Watch() as watch, TimedWriter(home, derive) as writer:
        mapping = TimedMapping(Mapping(Iris(home.data_base), mapping_version(), {}, writer.staging()))
        for result in map_in_order(mapping, loaders.documents_of(paths), size_of=_size):
            documents += 1
            lost = failure(SourceMalformed("its process gave no result"))
            outcomes, seconds_of = ([lost], {}) if isinstance(result, Lost) else result
            for stage, taken in seconds_of.items():
                spent[stage] += taken
            states.update(outcome.state for outcome in outcomes if not outcome.record)
            records += [outcome.record for outcome in outcomes if outcome.record]
        states.update(str(decision) for decision in writer.publish(records).decisions)
        steps = writer.steps
    seconds = time.perf_counter() - started
    archive = {"staged": spent["stage"], "stored": steps.pop("archived")}
    return {
        "seconds": seconds,
        "processes": os.cpu_count(),
        "peak_mib": watch.peak_bytes / 2**20,
        "documents": documents,
        "states": {state: states[state] for state in sorted({*states, *map(str, Decision)})},
        "stages": {
            "parse": spent["parse"],
            "map": spent["prepare"] - spent["validate"],
            "validate": spent["validate"],
            "archive": sum(archive.values()),
            "publish": sum(steps.values()),
            "archive by step": archive,
            "publish by step": steps,
        },
    }


def _size(source: Document | SourceError) -> int:
    return len(source.data) if isinstance(source, Document) else 0


# --- storing and its baselines


def _storing(folder: Path, records: list[CanonicalRecord]) -> float:
    home = Home.init(folder, DEFAULT_DATA_BASE)
    with TimedWriter(home, _nothing) as writer:
        started = time.perf_counter()
        iris = Iris(home.data_base)
        staged = [ingest.stage(record, writer.staging(), iris) for record in records]
        middle = time.perf_counter()
        writer.publish(staged)
        return middle - started + sum(writer.steps.values()) - writer.steps["derived"]


def _nothing(context: DeriveContext) -> dict[str, Any]:
    return {}


def _raw(folder: Path, quads: Path) -> float:
    started = time.perf_counter()
    Store(str(folder)).bulk_load(path=str(quads), format=RdfFormat.N_QUADS)
    return time.perf_counter() - started


def _compared(folder: Path, home: Home) -> dict[str, Any]:
    """Store the records of a catalogue anew, in turn with the baselines."""
    files = {name: folder / f"{name}.nq" for name in ("named", "both")}
    records = list(records_of(home, home.state().active.values()))
    with files["named"].open("wb") as named, files["both"].open("wb") as both:
        for record in records:
            named.write(record.quads)
            both.write(record.quads + default_copies(record.quads, home.data_base))
    runs: list[dict[str, float]] = []
    for number in range(ROUNDS):
        run = {name: _raw(folder / f"{number}-{name}", path) for name, path in files.items()}
        fresh = [replace(record) for record in records]  # copies: their hashes are not known yet
        run["storing"] = _storing(folder / f"{number}-home", fresh)
        runs.append(run)
    return {
        "quads": {name: path.read_bytes().count(b"\n") for name, path in files.items()},
        "seconds": {name: [run[name] for run in runs] for name in ("storing", *files)},
        "storing_to": {name: statistics.median(run["storing"] / run[name] for run in runs) for name in files},
    }


def records_of(home: Home, entries: Iterable[RecordEntry]) -> Iterator[CanonicalRecord]:
    """Yield the records of these entries, from the archive."""
    for entry in entries:
        yield CanonicalRecord(
            accession=entry.accession,
            source=entry.source,
            source_bytes=home.archive.read_source(*entry.key, entry.source_sha256),
            quads=home.archive.read_quads(*entry.key, entry.quads_sha256),
            mapping_version=entry.mapping_version,
            quality=entry.quality,
            source_date=entry.source_date,
            file=entry.file,
        )


def main(paths: list[str]) -> dict[str, Any]:
    """Load documents into a new catalogue and return seconds, memory, counts and ratios."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        home = Home.init(folder / "catalogue", DEFAULT_DATA_BASE)
        load = _loaded(paths, home)
        storing = _compared(folder, home)
    found = {
        "seconds": load["seconds"],
        "peak_mib": load["peak_mib"],
        "storing_to_both": storing["storing_to"]["both"],
    }
    bars = {
        name: {"bar": bar, "found": round(found[name], 2), "met": found[name] <= bar}
        for name, bar in BARS.items()
    }
    return {"load": load, "storing": storing, "bars": bars}


if __name__ == "__main__":
    # Under its own name, so that the processes that map can import it too.
    print(json.dumps(import_module("ingest").main(sys.argv[1:]), indent=1))
