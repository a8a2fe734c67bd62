"""The generated files are what the schema gives. Needs the `schema` extra; `.ci/run` installs it."""

from __future__ import annotations

import difflib
import json
import os
import re
import shutil
import subprocess
import sys
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
import yaml
from rdflib import Graph, URIRef
from rembigraph.ontology.fields import classes, generated, predicates
from rembigraph.ontology.identifiers import VOCABULARY
from rembigraph.shapes import shape_files

ROOT = Path(__file__).resolve().parents[2]
TURTLE = ("ontology/generated/rembi.ttl", "shapes/generated/base.ttl")
DOUBLE = r'"([^"]*)"\^\^<http://www\.w3\.org/2001/XMLSchema#double>'
needs_linkml = pytest.mark.skipif(
    find_spec("linkml") is None, reason="the schema extra (linkml) is not installed; .ci/run does it"
)

rdflib_json_ld = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")


def _generate(target: Path, *arguments: str, seed: str = "0") -> None:
    command = [sys.executable, "-W", "ignore", "-m", "rembigraph.ontology.generate", str(target), *arguments]
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT, env=environment)


@needs_linkml
@pytest.mark.parametrize("seed", ["1", "2"])
def test_generated_files_are_in_sync_with_the_schema(tmp_path: Path, seed: str) -> None:
    """Whatever the order of sets is, the bytes are the same."""
    _generate(tmp_path, seed=seed)
    made = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    assert len(made) == 7
    for path in made:
        assert (ROOT / path).read_bytes() == (tmp_path / path).read_bytes(), (
            f"{path}: run the generator and commit"
        )


@needs_linkml
def test_one_slot_more_changes_few_lines_of_each_turtle_file(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in ("rembi.yaml", "header.ttl", "mappings.sssom.tsv"):
        shutil.copy(ROOT / "ontology" / name, source)
    schema = source / "rembi.yaml"
    text = schema.read_text(encoding="utf-8")
    slot = (
        "\nslots:\n  mounting_medium:\n    slot_uri: rembi:mountingMedium\n"
        "    description: What the specimen lies in.\n    examples: [{value: epoxy resin}]\n"
    )
    usage = "    slot_usage:\n      prepared_from:"
    assert text.count("\nslots:\n") == text.count(usage) == text.count("channel, same_specimen_as]") == 1
    text = text.replace("\nslots:\n", slot).replace(
        "channel, same_specimen_as]", "channel, same_specimen_as, mounting_medium]"
    )
    text = text.replace(
        usage,
        "    slot_usage:\n      mounting_medium: {annotations: {level: recommended}}\n      prepared_from:",
    )
    schema.write_text(text, encoding="utf-8")
    _generate(tmp_path / "made", "--from", str(source))
    for path in TURTLE:
        before = (ROOT / path).read_text(encoding="utf-8").splitlines()
        after = (tmp_path / "made" / path).read_text(encoding="utf-8").splitlines()
        changed = [line for line in difflib.ndiff(before, after) if line.startswith(("+ ", "- "))]
        assert 5 <= len(changed) <= 30, (path, changed)


def test_models_and_field_table_name_the_same_fields() -> None:
    from rembigraph.ontology.generated import models

    for name, entry in classes().items():
        fields = set(getattr(models, name).model_fields) - {"id"}
        assert fields == set(entry.fields), name


def test_every_term_of_ours_that_data_or_shapes_use_is_defined_in_the_ontology() -> None:
    ontology = Graph().parse(data=generated("rembi.ttl"))
    defined = {str(term) for term in ontology.subjects()}
    used = {iri for iri in predicates() if iri.startswith(VOCABULARY)}
    used |= {entry.iri for entry in classes().values()}
    for text in shape_files().values():
        for triple in Graph().parse(data=text):
            used |= {str(term) for term in triple if isinstance(term, URIRef) and term.startswith(VOCABULARY)}
    assert used <= defined, sorted(used - defined)


def test_no_two_fields_of_a_class_share_a_predicate() -> None:
    for name, entry in classes().items():
        iris = [field.iri for field in entry.fields.values()]
        assert len(iris) == len(set(iris)), name


def _canonical(data: str, form: ox.RdfFormat) -> set[str]:
    """The triples as pyoxigraph reads them, blank nodes under names that depend on the graph alone.

    Doubles are compared by value: rdflib writes 0e0 as 0.0.
    """
    dataset = ox.Dataset(ox.parse(data.encode(), format=form))
    dataset.canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
    return {re.sub(DOUBLE, lambda found: repr(float(found.group(1))), str(quad)) for quad in dataset}


def _through_rdflib(data: str, form: str) -> set[str]:
    triples = Graph().parse(data=data, format=form).serialize(format="nt", encoding="utf-8").decode()
    return _canonical(triples, ox.RdfFormat.N_TRIPLES)


def _turtle_files() -> dict[str, str]:
    return {"rembi.ttl": generated("rembi.ttl"), **shape_files()}


@pytest.mark.parametrize("name", _turtle_files())
def test_turtle_is_the_same_graph_in_both_rdf_libraries(name: str) -> None:
    text = _turtle_files()[name]
    assert _canonical(text, ox.RdfFormat.TURTLE) == _through_rdflib(text, "turtle")


@rdflib_json_ld
def test_the_ontology_as_json_ld_is_the_same_graph_in_both_rdf_libraries() -> None:
    text = Graph().parse(data=generated("rembi.ttl")).serialize(format="json-ld")
    assert _canonical(text, ox.RdfFormat.JSON_LD) == _through_rdflib(text, "json-ld")
    assert _canonical(text, ox.RdfFormat.JSON_LD) == _canonical(generated("rembi.ttl"), ox.RdfFormat.TURTLE)


@rdflib_json_ld
def test_a_record_with_the_context_is_the_same_graph_in_both_rdf_libraries() -> None:
    record: dict[str, Any] = {
        **json.loads(generated("context.jsonld")),
        "id": "https://example.org/EXAMPLE-0001",
        "type": "Study",
        "title": "a study",
        "byte_size": 9007199254740993,
        "archive": VOCABULARY + "Example",
        "organism": [{"id": "http://purl.obolibrary.org/obo/NCBITaxon_7955", "type": "Taxon"}],
        "image": [
            {"id": "https://example.org/EXAMPLE-0001/image/a", "type": "Image", "image_type": "primary"}
        ],
    }
    text = json.dumps(record)
    triples = _canonical(text, ox.RdfFormat.JSON_LD)
    assert triples == _through_rdflib(text, "json-ld")
    assert len(triples) == 9
    assert any('"9007199254740993"^^' in triple for triple in triples)


# --- the JSON Schema


def _json_schema() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(generated("rembi.schema.json"))
    return schema


def test_the_json_schema_says_what_each_field_means_with_an_example() -> None:
    definitions = _json_schema()["$defs"]
    for name, entry in classes().items():
        assert definitions[name]["description"] == entry.description
        for field in entry.fields.values():
            says = definitions[name]["properties"][field.name]
            assert says["description"] == field.description, (name, field.name)
            assert says["title"], (name, field.name)
            assert says["examples"], (name, field.name)


@pytest.mark.skipif(
    find_spec("jsonschema") is None, reason="jsonschema is not installed; it comes with linkml"
)
def test_the_sample_and_every_example_fit_the_json_schema() -> None:
    from jsonschema import Draft201909Validator

    schema = _json_schema()
    validator = Draft201909Validator(schema)
    for entry in resources.files("rembigraph.app").joinpath("sample").iterdir():
        for document in yaml.safe_load_all(entry.read_text(encoding="utf-8")):
            faults = [
                f"{list(fault.absolute_path)}: {fault.message}" for fault in validator.iter_errors(document)
            ]
            assert faults == [], (entry.name, faults)
    for name, definition in schema["$defs"].items():
        for field, says in definition.get("properties", {}).items():
            one = Draft201909Validator({**says, "$defs": schema["$defs"]})
            assert all(one.is_valid(example) for example in says["examples"]), (name, field)


@pytest.mark.skipif(
    find_spec("jsonschema") is None, reason="jsonschema is not installed; it comes with linkml"
)
def test_the_json_schema_refuses_what_the_loader_refuses() -> None:
    from jsonschema import Draft201909Validator

    validator = Draft201909Validator(_json_schema())
    sound: dict[str, Any] = {"accession": "EXAMPLE-0003", "title": "x"}
    assert validator.is_valid(sound)
    for bad in ({"titel": "x"}, {"byte_size": "many"}, {"archive": "EMPAIR"}, {"title": ["a"]}):
        assert not validator.is_valid({**sound, **bad}), bad
    assert not validator.is_valid({"title": "x"})
