"""Random dirt at random places of BIA documents: reading never fails otherwise than in words, and loses nothing."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from rembigraph.loaders import gathered, read
from rembigraph.loaders.reading import Document, Reading
from rembigraph.ontology.errors import SourceError

from tests.json_places import places
from tests.unit import test_bia_objects as model
from tests.unit import test_bia_v1 as v1

pytestmark = pytest.mark.nightly

ADDRESSES = ("jane.doe@example.org", "mailto:bob@mail.example.com", "Ask <al@example.net>, 5 kV@1 nA")
ADDRESS = re.compile(r"[\w.+-]@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}")
OBJECTS = [model.a_study(), *model.the_parts()]
FLAT = [
    v1.a_study(),
    v1.a_form("ome_ngff", "https://example.org/IM1.zarr/1"),
    {"accession_id": "S-BIADTEST", "image_id": "IM1", "key": "PhysicalSizeX", "value": "1.0"},
    {"accession_id": "S-BIADTEST", "key": "imaging_type", "value": "confocal microscopy"},
    {"accession_id": "S-BIADTEST", "image_id": "IM1", "name": "a-cell"},
]
SUMMED_UP = ("file_references", "archive_files", "other_files")

TEXTS = st.one_of(
    st.sampled_from(
        [
            *ADDRESSES,
            "",
            " ",
            "N/A",
            "Unknown",
            "\x02\x00 \x7f",
            "a\u2028b\r\n\tc\u200b",
            "http://[x",
            "%zz",
            "//",
        ]
    ),
    st.sampled_from(
        ["(0, 0, 0, 0, 0)", "(1, 2)", "1e400", "-1", "9" * 40, model.IMAGE, model.DATASET, model.STUDY]
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXTS,
)
NAMES = st.one_of(
    st.sampled_from(
        ["uuid", "name", "value", "@context", "contact_email", "model", "*", "", "a/b~c", "LICENSE"]
    ),
    TEXTS,
)
DIRT = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=5,
)


@st.composite
def soiled(draw: st.DrawFn, clean: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A copy of clean documents with dirt at some places."""
    batch = copy.deepcopy(clean)
    for _ in range(draw(st.integers(1, 6))):
        holder, key = draw(st.sampled_from(list(places(draw(st.sampled_from(batch))))))
        match draw(st.sampled_from(["replace", "remove", "add", "wrap"])):
            case "remove" if isinstance(holder, list) or len(holder) > 1:
                del holder[key]
            case "add" if isinstance(holder, dict):
                holder[draw(NAMES)] = draw(DIRT)
            case "wrap":
                holder[key] = [holder[key]]
            case _:
                holder[key] = draw(DIRT)
    return batch


def leaf_count(value: Any) -> int:
    if isinstance(value, dict) and value:
        return sum(leaf_count(item) for key, item in value.items() if key != "@context")
    return sum(map(leaf_count, value)) if isinstance(value, list) and value else 1


def columns(value: Any, name: str = "") -> set[str]:
    if isinstance(value, dict) and value:
        found = [
            columns(item, f"{name}/{key}" if name else key)
            for key, item in value.items()
            if key != "@context"
        ]
        return set().union(*found)
    return (
        set().union(*(columns(item, name) for item in value)) if isinstance(value, list) and value else {name}
    )


def expected(parsed: dict[str, Any]) -> int:
    """Leaves of a document, its lists of files by column."""
    total = leaf_count({key: value for key, value in parsed.items() if key.casefold() not in SUMMED_UP})
    for key, table in parsed.items():
        if key.casefold() not in SUMMED_UP:
            continue
        rows = (
            list(table.values() if isinstance(table, dict) else table)
            if isinstance(table, dict | list)
            else []
        )
        of_files = [row for row in rows if isinstance(row, dict)]
        by_column = len(set().union(*map(columns, of_files))) if of_files else 0
        total += by_column + sum(leaf_count(row) for row in rows if not isinstance(row, dict)) if rows else 1
    return total


def check(batch: list[dict[str, Any]]) -> list[Reading]:
    """Load a batch, checking all that must hold whatever stands in it."""
    readings = []
    documents = [Document(f"{number}.json", "", json.dumps(one).encode()) for number, one in enumerate(batch)]
    for one in gathered(iter(documents)):
        for result in [one] if isinstance(one, SourceError) else read(one):
            if isinstance(result, SourceError):
                assert len(str(result).split()) > 3
                said = f"{result} {getattr(result, 'pointer', '')}"
            else:
                assert len(result.study.kept_value) >= result.leaves.kept
                assert sum(result.unmapped.values()) == result.leaves.kept
                said = result.study.model_dump_json() + json.dumps(result.unmapped)
                readings.append(result)
                files = [part for part in one.attached if b'"FileReference"' in part.data]
                if not files:
                    parts = [json.loads(part.data) for part in (one, *one.attached)]
                    assert result.leaves.total == sum(map(expected, parts))
            assert not ADDRESS.search(said), ADDRESS.search(said)
    return readings


@pytest.mark.parametrize("clean", [OBJECTS, FLAT], ids=["model", "v1"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_at_any_place_gets_nowhere(clean: list[dict[str, Any]], address: str) -> None:
    for place in range(len(clean)):
        for number in range(len(list(places(clean[place])))):
            for as_name in (False, True):
                batch = copy.deepcopy(clean)
                holder, key = list(places(batch[place]))[number]
                if as_name and isinstance(holder, dict):
                    holder[address] = holder.pop(key)
                else:
                    holder[key] = address
                check(batch)


@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(st.one_of(soiled(OBJECTS), soiled(FLAT), soiled([one for one in OBJECTS if "file_path" not in one])))
def test_soiled_documents_are_read_or_refused_in_words(batch: list[dict[str, Any]]) -> None:
    check(batch)
