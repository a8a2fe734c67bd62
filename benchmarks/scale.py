"""A catalogue of many studies: loading, a change of 1 %, cold start, memory, beside a raw bulk load.

Run `python benchmarks/scale.py --studies 100000`. It prints one JSON document. Studies are made up (`made_studies`).

1. **load**: `rembigraph load` of all studies into a new catalogue, and then of the 1 % that have changed: seconds,
   processor seconds, and the greatest sum of resident memory of all processes (`peak_mib`, seen every 50 ms).
2. **publishing**: the same two batches once more without reading, mapping and validating: from canonical records in
   staging to readers who see the generation. `steps` says where the time goes.
3. **start**: `rembigraph serve` until it says where it serves, until the first landing page, and the first answer.
4. **raw**: one `bulk_load` of one N-Quads file with exactly the quads of the store, default graph included, into an
   empty store, flushed: the baseline `raw` of all rates.

`--unvalidated` maps without SHACL, which takes most of the time of a load: to measure all the rest at full size.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from importlib import import_module
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from threading import Event, Thread
from typing import Any, Self
from urllib.request import Request, urlopen

sys.path.insert(0, str(Path(__file__).parent))

from ingest import TimedWriter, records_of, tree_bytes  # beside this file
from made_studies import changed, studies, write
from pyoxigraph import RdfFormat, Store
from rembigraph.app import loading
from rembigraph.app.loading import Mapping
from rembigraph.catalogue import ingest
from rembigraph.catalogue.derive import derive
from rembigraph.catalogue.home import Home
from rembigraph.catalogue.ledger import RecordEntry
from rembigraph.catalogue.validation import ValidationReport
from rembigraph.ontology.identifiers import DEFAULT_DATA_BASE

CHANGED = 0.01
BARS = {
    "peak_mib": 3 * 1024,
    "changed_to_load": 0.10,
    "changed_to_load_cpu": 0.10,
    "changed_to_load_publishing": 0.10,
    "start_seconds": 2.0,
}


class Watched:
    """A command whose processes are watched: their greatest resident memory together, while the context lasts.

    They end with the context, however that ends.
    """

    def __init__(self, command: list[str]) -> None:
        self.command = command

    def __enter__(self) -> Self:
        self.peak_bytes = 0
        self._done = Event()
        self.started = time.perf_counter()
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
        self.process = subprocess.Popen(
            self.command, stdout=subprocess.PIPE, text=True, env=environment, start_new_session=True
        )
        self._thread = Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._done.set()
        self._thread.join()
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def _watch(self) -> None:
        while not self._done.wait(0.05):
            self.peak_bytes = max(self.peak_bytes, tree_bytes(self.process.pid))


def load(home: Path, folder: Path, *, unvalidated: bool) -> dict[str, Any]:
    """Load a folder and return what it took."""
    program = [sys.executable, "-m", "rembigraph.app", "--home", str(home), "load", str(folder), "--json"]
    if unvalidated:
        program = [sys.executable, __file__, "--load-unvalidated", str(home), str(folder)]
    before = children_seconds()
    with Watched(program) as watched:
        out, _ = watched.process.communicate()
    if watched.process.returncode:
        raise SystemExit(f"{watched.command} ended with {watched.process.returncode}: {out[-2000:]}")
    seconds = time.perf_counter() - watched.started
    return {
        "seconds": seconds,
        "cpu_seconds": children_seconds() - before,
        "peak_mib": watched.peak_bytes / 2**20,
    }


def children_seconds() -> float:
    """Return the processor time of all processes that were started here, and by those, and have ended."""
    used = getrusage(RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def start(home: Path, accession: str) -> dict[str, float]:
    """Start a server and return the seconds until it answers."""
    command = [sys.executable, "-m", "rembigraph.app", "--home", str(home), "serve", "--port", "0"]
    with Watched(command) as watched:
        assert watched.process.stdout
        line = watched.process.stdout.readline()
        found = {"serving": time.perf_counter() - watched.started}
        address = line.removeprefix("Serving ").strip()
        for name, path in (
            ("page", accession),
            ("answer", "sparql?query=ASK%20%7B%20%3Fs%20%3Fp%20%3Fo%20%7D"),
            ("search", "studies?q=actin"),
            ("home", ""),
        ):
            with urlopen(
                Request(address + path, headers={"Accept": "text/html, application/json"})
            ) as answer:
                answer.read()
            found[name] = time.perf_counter() - watched.started
        watched.process.terminate()
        watched.process.wait()
    return found | {"peak_mib": watched.peak_bytes / 2**20}


def publishing(home: Home, folder: Path) -> list[dict[str, Any]]:
    """Publish the batches of a catalogue once more, from canonical records in staging; return steps of each."""
    target = Home.init(folder, home.data_base)
    found = []
    for batch in home.ledger.batches():
        lines = home.ledger.entries(batch)
        entries = [one for one in lines if isinstance(one, RecordEntry) and one.state == "active"]
        with TimedWriter(target, derive) as writer:
            staging = writer.staging()
            staged = [staging.put(record) for record in records_of(home, entries)]
            writer.publish(staged)
            found.append(
                {"records": len(staged), "seconds": sum(writer.steps.values()), "steps": writer.steps}
            )
    return found


def raw(home: Home, folder: Path) -> dict[str, float]:
    """Load the quads of the current store into an empty one, from one file."""
    generation = home.current()
    assert generation
    file = folder / "all.nq"
    with file.open("wb") as out:
        generation.open_store().dump(out, RdfFormat.N_QUADS)
    with file.open("rb") as lines:
        quads = sum(1 for _ in lines)
    started = time.perf_counter()
    store = Store(str(folder / "raw"))
    store.bulk_load(path=str(file), format=RdfFormat.N_QUADS)
    store.flush()
    return {"quads": quads, "seconds": time.perf_counter() - started}


def measure(number: int, folder: Path, *, unvalidated: bool) -> dict[str, Any]:
    """Measure everything with this many studies."""
    write(studies(number), folder / "all")
    write(changed(studies(number), CHANGED), folder / "changed")
    home = folder / "home"
    whole = load(home, folder / "all", unvalidated=unvalidated)
    few = load(home, folder / "changed", unvalidated=unvalidated)
    opened = Home.open(home)
    started = start(home, "EXAMPLE-0000001")
    again = publishing(opened, folder / "again")
    baseline = raw(opened, folder)
    found = {
        "peak_mib": max(whole["peak_mib"], few["peak_mib"]),
        "changed_to_load": few["seconds"] / whole["seconds"],
        "changed_to_load_cpu": few["cpu_seconds"] / whole["cpu_seconds"],
        "changed_to_load_publishing": again[1]["seconds"] / again[0]["seconds"],
        "start_seconds": started["answer"],
    }
    generation = opened.current()
    return {
        "studies": number,
        "validated": not unvalidated,
        "processes": os.cpu_count(),
        "quads": generation.meta["quads"] if generation else 0,
        "load": whole,
        "changed": few,
        "publishing": again,
        "start": started,
        "raw": baseline | {"quads_per_second": baseline["quads"] / baseline["seconds"]},
        "rates": {
            "load_to_raw": whole["seconds"] / baseline["seconds"],
            "publishing_to_raw": again[0]["seconds"] / baseline["seconds"],
            "studies_per_second": number / whole["seconds"],
        },
        "bars": {
            name: {"bar": bar, "found": round(found[name], 4), "met": found[name] <= bar}
            for name, bar in BARS.items()
        },
    }


class UnvalidatedMapping(Mapping):
    """Maps without SHACL."""

    def __call__(self, source: Any) -> list[loading.Outcome]:
        """Map a document, in any process."""
        ingest.validate = lambda quads: ValidationReport(())
        return super().__call__(source)


def load_unvalidated(home: Path, folder: str) -> None:
    """Load as `rembigraph load` does, but without SHACL."""
    loading.Mapping = UnvalidatedMapping  # type: ignore[misc]
    loading.load([folder], Home.init(home, DEFAULT_DATA_BASE))


def main() -> None:
    """Measure what the command line asks for."""
    if sys.argv[1:2] == ["--load-unvalidated"]:
        # Under its own name, so that the processes that map can import it too.
        import_module("scale").load_unvalidated(Path(sys.argv[2]), sys.argv[3])
        return
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--unvalidated", action="store_true")
    parser.add_argument("--keep", type=Path, help="work in this folder and keep it")
    parser.add_argument("--check", action="store_true", help="end with 1 if a bar is not met")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started ends too
    with ExitStack() as stack:
        folder = asked.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        found = measure(asked.studies, folder, unvalidated=asked.unvalidated)
    print(json.dumps(found, indent=1))
    if asked.check and not all(bar["met"] for bar in found["bars"].values()):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
