"""Landing pages under load: made anew, kept, and beside a constant answer of the same size on the same server.

Run `python benchmarks/pages.py --home HOME`; it prints one JSON document. `rembigraph serve` of that catalogue and a
server of one constant Starlette answer run by turns under the same clients (each with one connection kept open):

- **anew**: every request asks for a page that nobody has asked for (`?n=1`, `?n=2`, ... are pages of their own);
- **kept**: every request asks for one of a few pages again;
- **constant**: `baseline` of `kept`: a Starlette route that returns bytes, as many as those pages have on average,
  with the headers of one of them (a client takes as long to read headers as a server to send them).

Figures are medians of the rounds; `ratio` is kept to constant.
"""

from __future__ import annotations

import argparse
import csv
import http.client
import io
import json
import multiprocessing
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FRESH = 20_000
"""Addresses of one round that nobody has asked for: more than are asked for in it."""
CONSTANT = """
import json, sys, uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
body, headers = b"x" * int(sys.argv[2]), json.loads(sys.argv[3])
async def answer(request):
    return Response(body, headers=headers)
app = Starlette(routes=[Route("/{path:path}", answer)])
uvicorn.run(app, port=int(sys.argv[1]), log_level="warning", access_log=False, http="httptools", ws="none")
"""


def _clients(port: int, paths: Sequence[str], clients: int, seconds: float) -> tuple[float, list[float]]:
    """Return answers a second, and the times of all of them in seconds, sorted."""
    with multiprocessing.get_context("spawn").Pool(clients) as pool:
        shares = [(port, list(paths[number::clients]), seconds) for number in range(clients)]
        times = sorted(time for share in pool.starmap(_client, shares) for time in share)
    return len(times) / seconds, times


def _client(port: int, paths: Sequence[str], seconds: float) -> list[float]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    times: list[float] = []
    end = time.perf_counter() + seconds
    while (begun := time.perf_counter()) < end:
        connection.request("GET", paths[len(times) % len(paths)], headers={"Accept": "text/html"})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, answer.status
        times.append(time.perf_counter() - begun)
    return times


@contextmanager
def _started(command: list[str], port: int) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        for _ in range(600):
            try:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                connection.request("GET", "/")
                connection.getresponse().read()
                break
            except OSError:
                time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


def _accessions(port: int, most: int) -> list[str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/studies?format=csv")
    rows = csv.DictReader(io.StringIO(connection.getresponse().read().decode()))
    return [row["accession"] for row in rows][:most]


def _like(port: int, accessions: Sequence[str]) -> tuple[int, dict[str, str]]:
    """Return how many bytes those pages have on average, and the headers of the last."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    total, headers = 0, {}
    for accession in accessions:
        connection.request("GET", f"/{accession}", headers={"Accept": "text/html"})
        answer = connection.getresponse()
        total += len(answer.read())
        headers = dict(answer.getheaders())
    del headers["content-length"], headers["date"]
    return total // len(accessions), headers


def _figures(run: tuple[float, list[float]]) -> dict[str, float]:
    rate, times = run
    at = {name: times[int(len(times) * part)] * 1000 for name, part in (("p50_ms", 0.5), ("p99_ms", 0.99))}
    return {"per_second": rate, **at}


def _median(rounds: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: round(statistics.median(one[name] for one in rounds), 2) for name in rounds[0]}


def measure(home: Path, clients: int, seconds: float, rounds: int) -> dict[str, Any]:
    """Measure all three by turns."""
    port, constant = 8870, 8871
    serve = [sys.executable, "-m", "rembigraph.app", "--home", str(home), "serve", "--port", str(port)]
    found: dict[str, list[dict[str, float]]] = {"anew": [], "kept": [], "constant": []}
    with _started(serve, port):
        accessions = _accessions(port, 1000)
        few = accessions[:8]
        size, headers = _like(port, few)
        like = [sys.executable, "-c", CONSTANT, str(constant), str(size), json.dumps(headers)]
        with _started(like, constant):
            for turn in range(rounds):
                times = FRESH // len(accessions) + 1
                fresh = [f"/{accession}?n={turn}.{n}" for n in range(times) for accession in accessions]
                found["anew"].append(_figures(_clients(port, fresh, clients, seconds)))
                found["kept"].append(_figures(_clients(port, [f"/{a}" for a in few], clients, seconds)))
                found["constant"].append(_figures(_clients(constant, ["/x"] * clients, clients, seconds)))
    medians: dict[str, Any] = {name: _median(figures) for name, figures in found.items()}
    ratio = medians["kept"]["per_second"] / medians["constant"]["per_second"]
    return {
        "studies": len(accessions),
        "bytes": size,
        "clients": clients,
        **medians,
        "ratio": round(ratio, 3),
    }


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    print(json.dumps(measure(chosen.home, chosen.clients, chosen.seconds, chosen.rounds), indent=1))


if __name__ == "__main__":
    main()
