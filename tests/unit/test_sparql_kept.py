"""Which results are kept: small ones that are asked for again stay, whatever else comes by."""

from __future__ import annotations

import gzip

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from rembigraph.app.sparql.coding import choose_coding, encode
from rembigraph.app.sparql.gate import admit
from rembigraph.app.sparql.kept_results import KeptResults, Question, is_lasting
from rembigraph.app.sparql.limits import QueryLimits
from rembigraph.app.sparql.service import RequestDataset

MOST = 1_000_000


def question(name: str, generation: str = "1") -> Question:
    return Question(name, RequestDataset(), "text/csv", generation)


def test_a_flood_never_drops_what_is_asked_for_again() -> None:
    kept = KeptResults(MOST)
    hot = [question(f"hot {number}") for number in range(50)]
    for each in hot:
        kept.put(each, each.query.encode())
    for number in range(5_000):
        kept.put(question(f"flood {number}"), bytes(MOST // 64))
        if number % 3 == 0:
            assert kept.get(question(f"flood {number}")) is not None
        if number % 50 == 0:
            for each in hot:
                assert kept.get(each) == each.query.encode()
        assert kept.bytes <= MOST


def test_what_is_too_large_is_not_kept() -> None:
    kept = KeptResults(MOST)
    kept.put(question("large"), bytes(kept.largest + 1))
    assert kept.get(question("large")) is None
    assert kept.bytes == 0


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 20_000), st.booleans()), max_size=200))
def test_the_bytes_are_counted_right(steps: list[tuple[int, int, bool]]) -> None:
    kept = KeptResults(100_000)
    for number, size, is_read in steps:
        if is_read:
            kept.get(question(str(number)))
        else:
            kept.put(question(str(number)), bytes(size))
        assert 0 <= kept.bytes <= 100_000


def test_questions_differ_in_what_decides_the_answer() -> None:
    base = question("ASK {}")
    others = [
        question("ASK { }"),
        question("ASK {}", "2"),
        Question("ASK {}", RequestDataset(("urn:g",)), "text/csv", "1"),
        Question("ASK {}", RequestDataset((), ("urn:g",)), "text/csv", "1"),
        Question("ASK {}", RequestDataset(), "application/sparql-results+json", "1"),
    ]
    assert len({each.etag for each in (base, *others)}) == 6


@pytest.mark.parametrize(
    ("text", "lasting"),
    [
        ("SELECT ?now { ?now <urn:rand> 'UUID()' } # RAND()", True),
        ("SELECT (NOW() AS ?n) {}", False),
        ("SELECT (rand() AS ?n) {}", False),
        ("SELECT (struuid() AS ?n) {}", False),
    ],
)
def test_what_changes_is_not_kept(text: str, lasting: bool) -> None:
    assert is_lasting(admit(text, QueryLimits())) is lasting


@pytest.mark.parametrize(
    ("header", "coding"),
    [
        ("", ""),
        ("gzip", "gzip"),
        ("zstd, gzip", "zstd"),
        ("zstd;q=0, gzip", "gzip"),
        ("br, *", ""),
        ("gzip;q=x", ""),
    ],
)
def test_the_coding_is_one_that_the_client_takes(header: str, coding: str) -> None:
    assert choose_coding(header) == coding


def test_codings_are_what_other_libraries_read() -> None:
    body = b"row\r\n" * 1_000
    assert gzip.decompress(encode(body, "gzip")) == body
    with zstandard.ZstdDecompressor().stream_reader(encode(body, "zstd")) as reader:
        assert reader.read() == body
