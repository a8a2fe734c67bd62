"""Places over HTTP: 50,000 coordinate systems and 75,000 transformations in 2,500 studies, in a real server.

Run `python benchmarks/places.py`. Each study has 20 systems, each of an image of its own, and a correlation; the
transformations join them study by study (`apart`), or all of them into one part (`together`). Both catalogues are made,
loaded (without SHACL) and served, and one client asks. It prints one JSON document, milliseconds: `transform` is
`/transform?from=&to=&point=` between random systems of one part, as JSON; `many` a POST of 10,000 points; `page` the
landing page of a random correlation. `transform` and `page` have a bar for their 95th percentile. Systems are made up.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

sys.path.insert(0, str(Path(__file__).parent))

from correlation import ASKED, MANY, STUDY, SYSTEMS, figures, random_maps  # beside this file
from harvest import served
from made_studies import write
from rembigraph.ontology.identifiers import DEFAULT_DATA_BASE
from scale import load

BARS = {"transform": 25.0, "page": 100.0}
AXES = [
    {"axis_name": name, "axis_type": "space", "unit": "unit:MicroM", "unit_code": "um"}
    for name in ("z", "y", "x")
]


def accession_of(system: int) -> str:
    """Return the study of a system."""
    return f"EXAMPLE-{system // STUDY + 1:07d}"


def studies(part: int) -> Iterator[dict[str, Any]]:
    """Yield the studies whose transformations join so many systems into one part each."""
    from_study: dict[str, list[dict[str, Any]]] = {}
    for source, target, affine, rms in random_maps(1, part):
        from_study.setdefault(accession_of(source), []).append(_transformation(source, target, affine, rms))
    for first in range(0, SYSTEMS, STUDY):
        yield _study(accession_of(first), range(STUDY), from_study.get(accession_of(first), []))


def _study(accession: str, systems: Iterable[int], transformations: list[dict[str, Any]]) -> dict[str, Any]:
    for number, one in enumerate(transformations):
        one["key"] = f"t{number}"
    return {
        "accession": accession,
        "title": f"Made up for measurements: {accession}",
        "image": [_image(at) for at in systems],
        "coordinate_system": [
            {
                "key": f"s{at}",
                "title": f"System {at}",
                "coordinate_system_of": [f"image/i{at}"],
                "has_axis": AXES,
            }
            for at in systems
        ],
        "transformation": transformations,
        "correlation": [
            {
                "key": "c",
                "title": "All images",
                "has_member": [{"member_image": f"{accession}/image/i{at}"} for at in systems],
                "has_transformation": [f"transform/{one['key']}" for one in transformations],
            }
        ],
    }


def _image(at: int) -> dict[str, Any]:
    size = {"format": "TIFF", "size_x": 512, "size_y": 512, "size_z": 64}
    return {
        "key": f"i{at}",
        "title": f"Image {at}",
        "in_coordinate_system": [f"cs/s{at}"],
        "representation": [size],
    }


def _transformation(source: int, target: int, affine: Any, rms: float) -> dict[str, Any]:
    error = {
        "error_kind": "TRE",
        "statistic": "rms",
        "numeric_value": rms,
        "unit": "unit:MicroM",
        "unit_code": "um",
    }
    ends = [f"{accession_of(system)}/cs/s{system % STUDY}" for system in (source, target)]
    return {
        "source_coordinate_system": ends[0],
        "target_coordinate_system": ends[1],
        "parameters": {"type": "affine", "affine": affine.tolist()},
        "registered_by": {"title": "Made up", "registration_method": "landmark"},
        "has_error": [{**error, "value_si": rms * 1e-6, "sample_size": 8, "measured_in": ends[1]}],
    }


def _asked(address: str, questions: Iterable[tuple[str, bytes]], media_type: str) -> dict[str, float]:
    """Ask one after another on one connection, by POST where there is a body; milliseconds, the first apart."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=120)
    times: list[float] = []
    for path, body in questions:
        headers = {"Accept": media_type} | ({"Content-Type": media_type} if body else {})
        begun = time.perf_counter()
        connection.request("POST" if body else "GET", path, body or None, headers)
        answer = connection.getresponse()
        said = answer.read()
        assert answer.status == 200, (path, answer.status, said[:1000])
        times.append((time.perf_counter() - begun) * 1000)
    return figures(times)


def _ends(part: int) -> Iterator[dict[str, str]]:
    chance = random.Random(7)
    for _ in range(ASKED):
        start = chance.randrange(SYSTEMS // part) * part
        ends = (start + at for at in chance.sample(range(part), 2))
        one, other = (f"{DEFAULT_DATA_BASE}{accession_of(system)}/cs/s{system % STUDY}" for system in ends)
        yield {"from": one, "to": other}


def _questions(part: int) -> Iterator[tuple[str, bytes]]:
    for ends in _ends(part):
        yield "/transform?" + urlencode({**ends, "point": "1,2,3", "format": "json"}), b""


def _many(part: int) -> Iterator[tuple[str, bytes]]:
    chance = random.Random(9)
    points = [[chance.uniform(0, 64) for _ in range(3)] for _ in range(MANY)]
    for ends in islice(_ends(part), ASKED // 10):
        yield "/transform", json.dumps({**ends, "points": points}).encode()


def measure(folder: Path, part: int) -> dict[str, Any]:
    """Make, load and serve a catalogue, and ask it."""
    home = folder / "home"
    write(studies(part), folder / "records", per_file=STUDY)
    loaded = load(home, folder / "records", unvalidated=True)["seconds"]
    chance = random.Random(8)
    pages = [(f"/{accession_of(chance.randrange(SYSTEMS))}/correlation/c?n={at}", b"") for at in range(ASKED)]
    with served(home) as (address, _):
        transform = _asked(address, _questions(part), "application/json")
        many = _asked(address, _many(part), "application/json")
        page = _asked(address, pages, "text/html")
    return {"load_seconds": loaded, "transform": transform, "many": many, "page": page}


def main() -> None:
    """Measure both catalogues."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--folder", type=Path, help="where the catalogues are made and kept; else a temporary one"
    )
    parser.add_argument("--check", action="store_true", help="end with 1 if a bar is not met")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.folder or Path(temporary)
        found = {
            name: measure(folder / name, part) for name, part in (("apart", STUDY), ("together", SYSTEMS))
        }
    missed = [
        (name, what) for name, said in found.items() for what, bar in BARS.items() if said[what]["p95"] > bar
    ]
    print(json.dumps({"systems": SYSTEMS, "bars": BARS, "missed": missed, **found}, indent=1))
    if asked.check and missed:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
