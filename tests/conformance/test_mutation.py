"""For 40 valid records, break one field at a time: the right shape must say so.

A sample runs by default; `NIGHTLY_RUN=1` runs every mutation of every record (about half an hour).
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from mutation import Mutation, Record, every_mutation, made_up_records, record_of
from rembigraph.catalogue.rdf import to_nquads
from rembigraph.catalogue.validation import ValidationResult, validate
from rembigraph.loaders import read
from rembigraph.loaders.reading import Document, Reading
from rembigraph.ontology.fields import classes
from rembigraph.ontology.identifiers import SHAPES, Iris
from rembigraph.shapes import themes

from tests.study_classes import classes_of_a_study

SAMPLE = Path(__file__).resolve().parents[2] / "app" / "sample"
SAMPLE_SIZE = 60
SHARE = 0.95
ALWAYS = ("EXAMPLE-0001", "EXAMPLE-0002", "S-BSST429", "S-BSST707")


@cache
def _records() -> list[Record]:
    """20 of the sample and 20 made-up ones."""
    found = {}
    for file in sorted(SAMPLE.glob("*.yaml")):
        for reading in read(Document(file.name, "", file.read_bytes())):
            assert isinstance(reading, Reading)
            accession = str(reading.study.accession)
            iris = Iris()
            quads = to_nquads([reading.study], iris, iris.record_graph(accession, "rembigraph"))
            found[accession] = record_of(quads, accession)
    others = [record for accession, record in found.items() if accession not in ALWAYS]
    spread = others[:: len(others) // (20 - len(ALWAYS))][: 20 - len(ALWAYS)]
    return [*(found[accession] for accession in ALWAYS), *spread, *made_up_records(20)]


@cache
def _untouched(accession: str) -> frozenset[ValidationResult]:
    (record,) = (record for record in _records() if record.accession == accession)
    return frozenset(validate(record.quads()).results)


IN_A_RECORD = classes_of_a_study() | {"SourceRecord"}


def _order(mutation: Mutation) -> str:
    text = f"{mutation.place} {mutation.kind} {mutation.record.accession}"
    return hashlib.sha256(text.encode()).hexdigest()


def _mutations() -> list[Mutation]:
    """Every mutation, or of each kind and class of fields a few: always the same ones."""
    every = sorted((one for record in _records() for one in every_mutation(record)), key=_order)
    if os.environ.get("NIGHTLY_RUN"):
        return every
    turns: Counter[tuple[str, str]] = Counter()
    ranked = []
    for mutation in every:
        group = (mutation.kind, mutation.place.split(".")[0])
        turns[group] += 1
        ranked.append((turns[group], _order(mutation), mutation))
    ranked.sort(key=lambda entry: entry[:2])
    return [mutation for _, _, mutation in ranked[:SAMPLE_SIZE]]


def _reported(mutation: Mutation) -> bool:
    """Whether the expected shape says something new about the expected thing."""
    new = set(validate(mutation.record.quads()).results) - _untouched(mutation.record.accession)
    return any(result.shape == mutation.shape and result.focus_node == mutation.focus for result in new)


def test_forty_valid_records_hold_every_class_of_the_model() -> None:
    records = _records()
    assert len(records) == len({record.accession for record in records}) == 40
    for record in records[20:]:
        assert set(record.things()) == IN_A_RECORD
    for record in records:
        violations = [one for one in _untouched(record.accession) if one.severity == "Violation"]
        assert violations == [], record.accession


def test_made_up_records_break_no_rule() -> None:
    info = {SHAPES + "Study-orcid", SHAPES + "Study-ror", SHAPES + "Study-ome-zarr"}
    for record in _records()[20:]:
        found = {one.shape for one in _untouched(record.accession)} & set(themes())
        assert found <= info, (record.accession, found)


def test_an_untouched_record_gets_no_new_result() -> None:
    for record in _records()[::4]:
        again = Record(record.accession, record.triples[::-1])
        assert frozenset(validate(again.quads()).results) == _untouched(record.accession)


def test_no_ill_formed_value_stops_the_run() -> None:
    record = _records()[-1]
    broken = [one for one in every_mutation(record) if one.kind in {"ill-formed value", "ill-formed date"}]
    assert len(broken) > 20
    triples = set(record.triples)
    for mutation in broken:
        triples -= set(record.triples) - set(mutation.record.triples)
        triples |= set(mutation.record.triples) - set(record.triples)
    found = {
        (one.shape, one.focus_node)
        for one in validate(Record(record.accession, tuple(triples)).quads()).results
    }
    assert {(mutation.shape, mutation.focus) for mutation in broken} <= found


def test_every_field_has_a_mutation() -> None:
    broken = {mutation.place for record in _records()[20:] for mutation in every_mutation(record)}
    entries = [classes()[name] for name in IN_A_RECORD]
    fields = {
        f"{entry.name}.{name}"
        for entry in entries
        for name, of in entry.fields.items()
        if of.kind != "object"
        or of.of != entry.name  # no made-up record nests a thing in one of its own kind
    }
    # It is written only where something is wrong, so no valid record has it to be changed.
    assert fields - broken == {"CoordinateTransformation.parameters_fault"}


def test_the_right_shape_reports_each_mutation(capsys: pytest.CaptureFixture[str]) -> None:
    mutations = _mutations()
    missed = [mutation for mutation in mutations if not _reported(mutation)]
    share = 1 - len(missed) / len(mutations)
    kinds = Counter(mutation.kind for mutation in mutations)
    with capsys.disabled():
        print(f"\n{len(mutations)} mutations of {len(kinds)} kinds: {share:.1%} reported")
        for mutation in missed:
            print(f"missed: {mutation.kind}, {mutation.place}, {mutation.record.accession}")
    assert len(mutations) >= SAMPLE_SIZE
    assert share >= SHARE, [f"{one.kind}: {one.place}" for one in missed]
