"""Makes up any number of studies, for measurements: the same numbers always give the same bytes.

Run `python benchmarks/made_studies.py --studies 100000 OUT`. It writes files of 500 studies each, in the format of
`rembigraph load`, in a memory that does not depend on their number. With `--changed 0.01` it writes only the studies of
that fraction, each with a later date and another title: the same set after a day. Nothing of it is true: accessions
are of the archive `Example`, and names, titles and identifiers are put together from parts.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from rembigraph.ontology.term_tables import methods, taxa

PER_FILE = 500
ORGANISMS = 300
AUTHORS = 20_000
FAMILY = (
    "Ada",
    "Bek",
    "Cor",
    "Dun",
    "Eli",
    "Fra",
    "Gor",
    "Hal",
    "Ibe",
    "Jon",
    "Kov",
    "Lin",
    "Mor",
    "Nak",
    "Oka",
)
ENDS = ("ford", "man", "sen", "ova", "elli", "ishi", "stein", "berg", "wood", "well")
WORDS = (
    *(
        "actin",
        "mitochondria",
        "nuclear pores",
        "synapses",
        "cilia",
        "vesicles",
        "chromatin",
        "membranes",
        "spindles",
    ),
    *(
        "ribosomes",
        "the Golgi",
        "lysosomes",
        "microtubules",
        "nanobodies",
        "capsids",
        "organoids",
        "embryos",
        "roots",
    ),
)


def studies(number: int, seed: int = 1) -> Iterator[dict[str, Any]]:
    """Yield this many studies; each depends on the seed and its own number only."""
    organisms = sorted(taxa().values(), key=lambda taxon: taxon.iri)[:ORGANISMS]
    ways = sorted(
        (method for method in methods().values() if not method.deprecated), key=lambda method: method.iri
    )
    for place in range(1, number + 1):
        yield _study(place, number, random.Random(seed * 1_000_003 + place), organisms, ways)


def changed(some: Iterable[dict[str, Any]], fraction: float) -> Iterator[dict[str, Any]]:
    """Yield this fraction of studies, spread evenly, as they are after a change."""
    every = max(1, round(1 / fraction))
    for place, study in enumerate(some):
        if place % every == 0:
            yield study | {
                "title": f"{study['title']}, revised",
                "modified": "2026-11-01",
                "keyword": ["revised"],
            }


def _study(
    place: int, number: int, dice: random.Random, organisms: list[Any], ways: list[Any]
) -> dict[str, Any]:
    # Few organisms and methods have most of the studies, as in the archives.
    taxon = organisms[min(int(dice.expovariate(0.03)), len(organisms) - 1)]
    method = ways[min(int(dice.expovariate(0.05)), len(ways) - 1)]
    word, other = dice.sample(WORDS, 2)
    accession = f"EXAMPLE-{place:07d}"
    size = dice.choice((512, 1024, 2048, 4096))
    voxel = round(dice.uniform(0.2, 400), 2)
    study: dict[str, Any] = {
        "accession": accession,
        "title": f"Made up {place}: {word} and {other} of {taxon.scientific_name} seen by {method.label}",
        "description": f"Made up for measurements. {word.capitalize()} next to {other}, specimen {place}.",
        "issued": f"{dice.randint(2012, 2025)}-{dice.randint(1, 12):02d}-{dice.randint(1, 28):02d}",
        "license": "https://creativecommons.org/licenses/by/4.0/",
        "keyword": sorted({word, other, dice.choice(WORDS)}),
        "organism": [{"id": taxon.iri, "scientific_name": taxon.scientific_name}],
        "imaging_method": [{"id": method.iri, "label": method.label}],
        "byte_size": dice.randint(10**6, 10**12),
        "file_count": dice.randint(1, 5000),
        "contribution": [_author(position, dice) for position in range(1, dice.randint(3, 6))],
        "component": [{"key": "all", "title": f"Images of {word}"}],
        "biosample": [
            {"key": "b", "title": f"{taxon.scientific_name} {place % 97}", "biological_entity": [word]}
        ],
        "specimen": [{"key": "s", "title": "Specimen", "prepared_from": ["biosample/b"]}],
        "acquisition": [
            {
                "key": "a",
                "title": "Acquisition",
                "imaging_method": [{"id": method.iri, "label": method.label}],
            }
        ],
        "image": [
            {
                "key": "i",
                "title": f"Stack of {word}",
                "of_specimen": ["specimen/s"],
                "generated_by": ["acquisition/a"],
                "representation": [
                    {
                        "format": "TIFF",
                        "size_x": size,
                        "size_y": size,
                        "voxel_size": [{"title": "x", "numeric_value": voxel, "unit_code": "nm"}],
                    }
                ],
            }
        ],
    }
    if dice.random() < 0.7:  # every tenth publication is that of two studies
        paper = place - 1 if place > 1 and place % 10 == 0 else place
        study["publication"] = [{"id": f"doi:10.5555/made-up.{paper}", "title": f"Paper {paper}"}]
    if dice.random() < 0.05:
        study["related"] = [_link(dice.randint(1, number), "related", dice)]
    if dice.random() < 0.01:
        study["related"] = [_link(dice.randint(1, number), "images_same_specimen", dice)]
    return study


def _author(position: int, dice: random.Random) -> dict[str, Any]:
    person = int(dice.random() ** 2 * AUTHORS)
    name = f"{FAMILY[person % len(FAMILY)]}{ENDS[person // len(FAMILY) % len(ENDS)]}{person // 150}"
    return {"position": position, "display_name": f"{chr(65 + person % 26)} {name}", "person": {"name": name}}


def _link(to: int, relation: str, dice: random.Random) -> dict[str, Any]:
    return {
        "link_to": f"EXAMPLE-{to:07d}",
        "link_relation": relation,
        "evidence_kind": "reference_field",
        "evidence_text": [f"see EXAMPLE-{to:07d}"],
        "asserted_by": "depositor",
        "confidence": round(dice.uniform(0.5, 1), 2),
    }


def write(some: Iterable[dict[str, Any]], folder: Path, per_file: int = PER_FILE) -> int:
    """Write studies into files of a folder, so many in each; return how many they are."""
    folder.mkdir(parents=True, exist_ok=True)
    held: list[str] = []
    written = 0
    for study in some:
        lines = (f"{name}: {json.dumps(value, ensure_ascii=False)}\n" for name, value in study.items())
        held.append("".join(lines))  # a JSON value is a YAML value
        written += 1
        if len(held) == per_file:
            _put(held, folder, written)
            held = []
    if held:
        _put(held, folder, written)
    return written


def _put(documents: list[str], folder: Path, last: int) -> None:
    text = "".join(f"---\n{document}" for document in documents)
    (folder / f"made-up-{last:07d}.yaml").write_text(text, encoding="utf-8")


def main() -> None:
    """Write the studies that the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--changed", type=float, default=0.0, help="only this fraction, changed")
    asked = parser.parse_args()
    some = studies(asked.studies, asked.seed)
    print(write(changed(some, asked.changed) if asked.changed else some, asked.folder), "studies")


if __name__ == "__main__":
    main()
