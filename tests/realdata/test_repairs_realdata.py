"""Twins: submissions as received beside those that curators repaired by hand.

Whatever differs between the two, our record of the original says what the record of the repaired one says, or what the
original itself says, or keeps it raw: never something third.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rembigraph.loaders import read
from rembigraph.loaders.reading import Document, Reading
from rembigraph.loaders.values import doi, has_email, prose

SHARED = Path(os.environ.get("REMBIGRAPH_SHARED", Path(__file__).resolve().parents[3] / "shared"))
FOLDER = SHARED / "realdata" / "biostudies"
PAIRS = [
    (original, override)
    for original in sorted(FOLDER.glob("*__original.json"))
    for override in sorted(FOLDER.glob(original.name.replace("__original.json", "__override*.json")))
]
NAMES_ONLY = {"key"}  # names that sections have in one document, which a curator may change

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not PAIRS, reason="the folder of real records is not here"),
]


@dataclass
class Twin:
    """One document, what it says by place, and what its record says by slot."""

    leaves: dict[str, Any]
    slots: set[tuple[str, str]]
    kept: dict[str, str]
    reading: Reading


def twin(path: Path) -> Twin:
    (found,) = read(Document(path.name, "", path.read_bytes()))
    assert isinstance(found, Reading), found
    record = found.study.model_dump(mode="json", exclude_none=True)
    kept = {one["pointer"]: one["raw_text"] for one in record.pop("kept_value")}
    own = f"{found.study.accession}/"
    slots = {
        (slot, text) for slot, text in scalars(record) if slot not in NAMES_ONLY and not text.startswith(own)
    }
    return Twin(dict(leaves(json.loads(path.read_bytes()))), slots, kept, found)


def leaves(value: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict | list) and value:
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(item, f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}")
    else:
        yield pointer, value


def scalars(value: Any, slot: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from scalars(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from scalars(item, slot)
    else:
        yield slot, str(value)


def plain(text: str) -> str:
    return " ".join(prose(text).casefold().split())


def says(source: str, text: str) -> bool:
    """Whether a source says a text: in one piece, or as name and value."""
    parts = [plain(text)] if plain(text) in source else re.split(r": | \[|; | \(|\)", plain(text))
    return all(part in source for part in parts)


@pytest.fixture(params=PAIRS, ids=lambda pair: pair[1].stem)
def pair(request: pytest.FixtureRequest) -> tuple[Twin, Twin]:
    return twin(request.param[0]), twin(request.param[1])


def test_no_slot_says_something_third(pair: tuple[Twin, Twin]) -> None:
    ours, theirs = pair
    source = "\n".join(plain(value) for value in ours.leaves.values() if isinstance(value, str))
    third = {(slot, text) for slot, text in ours.slots - theirs.slots if not says(source, text)}
    assert not third


def test_what_a_curator_changed_is_in_a_slot_or_kept_raw(pair: tuple[Twin, Twin]) -> None:
    ours, theirs = pair
    slots = "\n".join(plain(text) for _, text in ours.slots)
    common = {plain(text) for _, text in ours.slots & theirs.slots if len(text) > 3}
    lost = {}
    for pointer, value in ours.leaves.items():
        if not isinstance(value, str) or not value.strip() or theirs.leaves.get(pointer) == value:
            continue
        if not pointer.endswith("/value") or is_private(ours.leaves, pointer):
            continue
        is_raw = ours.kept.get(pointer) == value
        if (
            not is_raw
            and plain(value) not in slots
            and not any(same_identifier(text, value) for text in common)
        ):
            lost[pointer] = value
    assert not lost


def same_identifier(known: str, raw: str) -> bool:
    """Whether a raw text is another spelling of an identifier: it holds it, or has its number."""
    number = re.search(r"[0-9]{2,}$", raw.strip())
    return known in plain(raw) or (
        known.startswith("http") and bool(number) and known.endswith(f"_{number[0]}")
    )


def is_private(document: dict[str, Any], pointer: str) -> bool:
    name = str(document.get(pointer.removesuffix("value") + "name", ""))
    return "mail" in name.casefold() or has_email(str(document[pointer]))


def test_an_association_names_what_its_own_section_names(pair: tuple[Twin, Twin]) -> None:
    """Never the part that a curator had to find out by hand, unless the original says its title."""
    ours = pair[0]
    study = ours.reading.study
    titles = {
        str(one.id): plain(one.title or "")
        for one in (*study.biosample, *study.specimen, *study.acquisition, *study.analyzed_data)
    }
    stated = {
        plain(str(value))
        for pointer, value in ours.leaves.items()
        if re.search(r"/subsections/\d+/subsections/\d+(?:/\d+)?/attributes/\d+/value$", pointer)
    }
    named = {
        titles[reference]
        for component in study.component
        for one in component.association
        for reference in (*one.uses_biosample, *one.uses_specimen, *one.uses_acquisition, *one.uses_analysis)
    }
    assert named <= stated


def test_a_doi_that_a_curator_changed_is_repaired_by_rule_or_kept_raw() -> None:
    repaired, kept = 0, 0
    for original, override in PAIRS:
        ours, theirs = twin(original), twin(override)
        for pointer, value in ours.leaves.items():
            curated = theirs.leaves.get(pointer)
            is_doi = str(ours.leaves.get(pointer.removesuffix("value") + "name")).casefold() == "doi"
            if not pointer.endswith("/value") or not is_doi or curated == value:
                continue
            wanted = doi(curated) if isinstance(curated, str) else None
            if ours.kept.get(pointer) == value:
                kept += 1
            else:
                assert ("doi", wanted) in ours.slots, (original.name, pointer)
                repaired += 1
    assert repaired >= 2  # `DOI: https://doi.org/...` with a full stop, and an arXiv identifier
    assert kept >= 4  # one digit short, a word behind it, no prefix, `TBD`: nobody can know


def test_a_repair_that_changes_no_fact_gives_the_same_record() -> None:
    same = {o.name.partition("__")[0] for o, t in PAIRS if twin(o).slots == twin(t).slots}
    assert len(same) >= 4  # references without their flag, hidden characters, addresses of people
