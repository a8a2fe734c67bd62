"""Every PageTab document of the shared folder: read whole, accounted for, repaired as curators do or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rembigraph.catalogue.rdf import to_nquads
from rembigraph.catalogue.validation import validate
from rembigraph.loaders import read
from rembigraph.loaders.reading import Document, Leaves, Reading
from rembigraph.loaders.values import has_email
from rembigraph.ontology.errors import SourceSkipped
from rembigraph.ontology.identifiers import Iris

SHARED = Path(os.environ.get("REMBIGRAPH_SHARED", Path(__file__).resolve().parents[3] / "shared"))
FOLDER = SHARED / "realdata" / "biostudies"
FILES = sorted(FOLDER.glob("*.json"))
TWINS = sorted(FOLDER.glob("*__original.json"))

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not FILES, reason="the folder of real records is not here"),
]


def one(path: Path) -> Reading | Exception:
    (found,) = read(Document(path.name, "", path.read_bytes()))
    return found


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list) and value:
        for item in value.values() if isinstance(value, dict) else value:
            yield from leaves(item)
    else:
        yield value


def test_every_study_is_read_and_every_leaf_accounted_for():
    total, skipped = Leaves(), []
    for path in FILES:
        found = one(path)
        if isinstance(found, Exception):
            assert isinstance(found, SourceSkipped), (path.name, found)
            skipped.append(path.name)
            continue
        assert found.leaves.total == sum(1 for _ in leaves(json.loads(path.read_bytes()))), path.name
        assert len(found.study.kept_value) >= found.leaves.kept
        assert not has_email(found.study.model_dump_json()), path.name
        total += found.leaves
    assert skipped == ["BioImages__test.json", "simple_submission.json"]
    assert total.total > 15_000
    assert total.kept / (total.mapped + total.kept) < 0.05


def test_no_real_study_is_refused():
    for path in FILES:
        found = one(path)
        if isinstance(found, Reading):
            accession = str(found.study.accession)
            iris = Iris()
            quads = to_nquads([found.study], iris, iris.record_graph(accession, found.source))
            assert validate(quads).violations == (), path.name


def test_file_lists_are_no_studies():
    files = sorted((FOLDER / "filelists").iterdir())
    assert files
    assert {type(one(path)) for path in files} == {SourceSkipped}


@pytest.mark.parametrize("path", TWINS, ids=lambda path: path.name.partition("__")[0])
def test_a_term_is_that_of_the_curated_twin_or_the_text_stays_as_it_is(path):
    """Where a curator changed a value by hand, ours equals theirs or is the raw one: never a third."""
    ours, theirs = one(path), one(path.with_name(path.name.replace("__original", "__override")))
    assert isinstance(ours, Reading)
    assert isinstance(theirs, Reading)
    raw = path.read_text(encoding="utf-8")
    curated = {taxon.id for taxon in theirs.study.organism}
    for taxon in ours.study.organism:
        assert taxon.id in curated or str(taxon.scientific_name).casefold() in raw.casefold()
    assert ours.study.title == theirs.study.title or str(ours.study.title) in raw
    assert ours.study.issued in {theirs.study.issued, None} or str(ours.study.issued) in raw
