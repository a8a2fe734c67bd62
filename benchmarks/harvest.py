"""A full harvest of OAI-PMH: does the server's memory stay flat, and is the last page as quick as the first?

Run `python benchmarks/harvest.py --home HOME`; `rembigraph serve` of that catalogue is harvested from beginning to end,
in each format that is asked for. Make a catalogue of any size with `made_studies.py` and `rembigraph load`. It prints
one JSON document:

- **first**, **last**: median seconds of the first and the last pages of 100 records; `last_to_first` has a bar;
- **growth_mib**: resident memory of all the server's processes at its greatest, over what it was after the first
  pages; it has a bar. **late_growth_mib** is the same over what it was after 50 pages: RocksDB keeps blocks that it has
  read in caches of a fixed size, which a harvest fills within 2,000 records and then only turns over;
- **records**: how many were given, beside the size of the list that the server named.

With `--identifiers` the headers are listed only, which shows what the order of the list costs by itself.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

sys.path.insert(0, str(Path(__file__).parent))

from ingest import tree_bytes  # beside this file

BARS = {"last_to_first": 1.5, "growth_mib": 50.0}
SAMPLE = 10
"""Pages of which the median is taken, and after which memory counts."""
LATE = 50
"""Pages after which what is read no longer fills caches, but turns them over."""
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


def settle(process: int) -> None:
    """Wait until all processes of a server have started, as far as their memory tells."""
    seen = [tree_bytes(process)]
    while len(seen) <= CALM_SECONDS or max(seen[-CALM_SECONDS:]) - min(seen[-CALM_SECONDS:]) > CALM_BYTES:
        time.sleep(1)
        seen.append(tree_bytes(process))


def harvest(address: str, process: int, verb: str, prefix: str) -> dict[str, Any]:
    """Harvest everything in one format and return what it took."""
    times: list[float] = []
    memory: list[int] = []
    records = size = 0
    for took, found, named in pages(address, verb, prefix):
        times.append(took)
        records, size = records + found, max(size, named)
        memory.append(tree_bytes(process))
    first, last = (statistics.median(some) for some in (times[1 : SAMPLE + 1], times[-SAMPLE - 1 : -1]))
    return {
        "pages": len(times),
        "records": records,
        "list_size": size or records,
        "seconds": sum(times),
        "first": first,
        "last": last,
        "last_to_first": last / first,
        "growth_mib": _growth_mib(memory, SAMPLE),
        "late_growth_mib": _growth_mib(memory, LATE),
    }


def _growth_mib(memory: list[int], pages: int) -> float:
    """Return what memory was at its greatest over what it was after so many pages."""
    return (max(memory) - memory[min(pages, len(memory)) - 1]) / 2**20


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
    parser.add_argument("--check", action="store_true", help="end with 1 if a bar is not met")
    asked = parser.parse_args()
    verb = "ListIdentifiers" if asked.identifiers else "ListRecords"
    with served(asked.home) as (address, process):
        found = {prefix: harvest(address, process, verb, prefix) for prefix in asked.formats}
    missed = [
        (prefix, name) for prefix, said in found.items() for name, bar in BARS.items() if said[name] > bar
    ]
    print(json.dumps({"verb": verb, "bars": BARS, "missed": missed, "formats": found}, indent=1))
    if asked.check and missed:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
