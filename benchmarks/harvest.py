"""A full harvest of OAI-PMH: does the server's memory stay flat, and is the last page as quick as the first?

Run `python benchmarks/harvest.py --home HOME`; `rembigraph serve` of that catalogue is harvested from beginning to end,
in each format that is asked for. Make a catalogue of any size with `made_studies.py` and `rembigraph load`. It prints
one JSON document:

- **first**, **last**: median seconds of the first and the last pages of 100 records; `last_to_first` has a bar;
- **growth_mib**: memory of all the server's processes at its greatest, over what it was after the first pages. Memory
  is what the processes themselves have written (`RssAnon`): pages of files are the kernel's to take back;
- **store_growth_mib**: the same for a bare process that reads the same records from the same store and does nothing
  with them: RocksDB keeps the index of each file that it has opened, and blocks in a cache of a fixed size;
- **again_growth_mib**: memory at its greatest during a second harvest, over its greatest in the first; it has a bar.
  What caches hold is there by then, so what grows is kept for each record;
- **records**: how many were given, beside the size of the list that the server named.

With `--identifiers` the headers are listed only, which shows what the order of the list costs by itself.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

sys.path.insert(0, str(Path(__file__).parent))

from ingest import tree  # beside this file
from pyoxigraph import DefaultGraph, NamedNode
from rembigraph.catalogue.home import Home
from rembigraph.ontology.identifiers import Iris

BARS = {"last_to_first": 1.5, "again_growth_mib": 50.0}
SAMPLE = 10
"""Pages of which the median is taken, and after which memory counts."""
PAGE = 100
"""Records of a page."""
CALM_SECONDS, CALM_BYTES = 3, 2**20
"""A server has started when its memory changes by no more than this for so long; it answers before."""

_TOKEN = re.compile(r'<resumptionToken[^>]*completeListSize="(\d+)"[^>]*>([^<]+)</resumptionToken>')


def pages(address: str, verb: str, prefix: str) -> Iterator[tuple[float, int, int]]:
    """Harvest; yield seconds, records and the size of the list, page by page."""
    asked = {"verb": verb, "metadataPrefix": prefix}
    size = 0
    while asked:
        begun = time.perf_counter()
        with urlopen(f"{address}oai?{urlencode(asked)}") as answer:
            text = answer.read().decode()
        took = time.perf_counter() - begun
        token = _TOKEN.search(text)
        size = int(token[1]) if token else size
        yield took, text.count("<header"), size
        asked = {"verb": verb, "resumptionToken": token[2]} if token else {}


def own_bytes(root: int) -> int:
    """Bytes that a process and all below it have written and hold in memory."""
    found = 0
    for folder in tree(root):
        with suppress(OSError):  # it has just ended
            lines = (folder / "status").read_text(encoding="ascii").splitlines()
            found += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon:"))
    return found


def settle(process: int) -> None:
    """Wait until all processes of a server have started, as far as their memory tells."""
    seen = [own_bytes(process)]
    while len(seen) <= CALM_SECONDS or max(seen[-CALM_SECONDS:]) - min(seen[-CALM_SECONDS:]) > CALM_BYTES:
        time.sleep(1)
        seen.append(own_bytes(process))


def harvest(address: str, process: int, verb: str, prefix: str) -> dict[str, Any]:
    """Harvest everything in one format and return what it took."""
    times: list[float] = []
    memory: list[int] = []
    records = size = 0
    for took, found, named in pages(address, verb, prefix):
        times.append(took)
        records, size = records + found, max(size, named)
        memory.append(own_bytes(process))
    first, last = (statistics.median(some) for some in (times[1 : SAMPLE + 1], times[-SAMPLE - 1 : -1]))
    return {
        "pages": len(times),
        "records": records,
        "list_size": size or records,
        "seconds": sum(times),
        "first": first,
        "last": last,
        "last_to_first": last / first,
        "growth_mib": _growth_mib(memory),
        "peak_mib": max(memory) / 2**20,
    }


def twice(address: str, process: int, verb: str, prefix: str) -> dict[str, Any]:
    """Harvest everything twice; return what the first took, and how much memory the second added."""
    first, second = (harvest(address, process, verb, prefix) for _ in range(2))
    return first | {"again_growth_mib": second["peak_mib"] - first["peak_mib"]}


def _growth_mib(memory: list[int]) -> float:
    """Return what memory was at its greatest over what it was after the first pages."""
    return (max(memory) - memory[min(SAMPLE, len(memory)) - 1]) / 2**20


def read_bare(home: Path) -> None:
    """Read the quads of every study, page by page, and print by how many MiB that made this process grow."""
    catalogue = Home.open(home)
    generation, iris = catalogue.current(), Iris(catalogue.data_base)
    assert generation
    store, memory = generation.open_store(), []
    for number, (accession, source) in enumerate(sorted(catalogue.state().active), start=1):
        study = NamedNode(iris.study(accession))
        for pattern in (
            (None, None, None, NamedNode(iris.record_graph(accession, source))),
            (study, None, None, None),
            (None, None, study, DefaultGraph()),
        ):
            for _ in store.quads_for_pattern(*pattern):
                pass
        if number % PAGE == 0:
            memory.append(own_bytes(os.getpid()))
    print(_growth_mib(memory))


def store_growth_mib(home: Path) -> float:
    """Return by how many MiB a process grows that does nothing but read the records."""
    command = [sys.executable, __file__, "--home", str(home), "--bare"]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@contextmanager
def served(home: Path) -> Iterator[tuple[str, int]]:
    """Serve a catalogue and give the address and the process, once all of its processes have started."""
    command = [sys.executable, "-m", "rembigraph.app", "--home", str(home), "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        address = server.stdout.readline().removeprefix("Serving ").strip()
        try:
            settle(server.pid)
            yield address, server.pid
        finally:
            server.terminate()


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--home", type=Path, required=True, help="a catalogue of at least 20,000 studies")
    parser.add_argument("--formats", nargs="+", default=["oai_dc"])
    parser.add_argument("--identifiers", action="store_true", help="ListIdentifiers instead of ListRecords")
    parser.add_argument("--bare", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--check", action="store_true", help="end with 1 if a bar is not met")
    asked = parser.parse_args()
    if asked.bare:
        read_bare(asked.home)
        return
    verb = "ListIdentifiers" if asked.identifiers else "ListRecords"
    with served(asked.home) as (address, process):
        found = {prefix: twice(address, process, verb, prefix) for prefix in asked.formats}
    missed = [
        (prefix, name) for prefix, said in found.items() for name, bar in BARS.items() if said[name] > bar
    ]
    bare = store_growth_mib(asked.home)
    said = {"verb": verb, "store_growth_mib": bare, "bars": BARS, "missed": missed, "formats": found}
    print(json.dumps(said, indent=1))
    if asked.check and missed:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
