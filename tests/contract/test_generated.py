"""The generated files are what the schema gives. Needs the `schema` extra; `.ci/run` installs it."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from rdflib import Graph
from rembigraph.ontology.fields import classes, generated, predicates
from rembigraph.ontology.identifiers import VOCABULARY
from rembigraph.shapes import shape_files

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(
    find_spec("linkml") is None, reason="the schema extra (linkml) is not installed; .ci/run does it"
)
def test_generated_files_are_in_sync_with_the_schema(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-m", "rembigraph.ontology.generate", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    made = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    assert len(made) == 7
    for path in made:
        assert (ROOT / path).read_bytes() == (tmp_path / path).read_bytes(), (
            f"{path}: run the generator and commit"
        )


def test_models_and_field_table_name_the_same_fields() -> None:
    from rembigraph.ontology.generated import models

    for name, entry in classes().items():
        fields = set(getattr(models, name).model_fields) - {"id"}
        assert fields == set(entry.fields), name


def test_every_term_of_ours_that_data_or_shapes_use_is_defined_in_the_ontology() -> None:
    ontology = Graph().parse(data=generated("rembi.ttl"))
    defined = {str(term) for term in ontology.subjects()}
    used = {iri for iri in predicates() if iri.startswith(VOCABULARY)} | {
        entry.iri for entry in classes().values()
    }
    for text in shape_files().values():
        for triple in Graph().parse(data=text):
            used |= {str(term) for term in triple if str(term).startswith(VOCABULARY)}
    assert used <= defined, sorted(used - defined)


def test_no_two_fields_of_a_class_share_a_predicate() -> None:
    for name, entry in classes().items():
        iris = [field.iri for field in entry.fields.values()]
        assert len(iris) == len(set(iris)), name


def test_ontology_and_shapes_are_the_same_graph_in_both_rdf_libraries() -> None:
    import pyoxigraph as ox

    for text in [generated("rembi.ttl"), *shape_files().values()]:
        triples = list(ox.parse(text.encode(), format=ox.RdfFormat.TURTLE))
        assert len(triples) == len(Graph().parse(data=text))
