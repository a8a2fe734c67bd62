"""Crates that nobody has seen yet: real ones written in other ways that say the same give the same facts."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rembigraph.catalogue.rdf import to_nquads
from rembigraph.loaders import read
from rembigraph.loaders.reading import Document, Reading
from rembigraph.ontology.generated.models import Study
from rembigraph.ontology.identifiers import Iris

pytestmark = pytest.mark.realdata

CrateJson = dict[str, Any]
FOLDERS = ("rocrate_bia", "rocrate_idr", "rocrate_ssbd")
OF_EACH = 9
# Names of the crates' contexts -> namespace; the others are schema.org's.
NAMESPACES = {
    "scientificName": "http://rs.tdwg.org/dwc/terms/",
    "vernacularName": "http://rs.tdwg.org/dwc/terms/",
    "taxonomicRange": "https://bioschemas.org/terms/",
    "labEquipment": "https://bioschemas.org/terms/",
    "seeAlso": "http://www.w3.org/2000/01/rdf-schema#",
    "hasCellLine": "http://www.bioassayontology.org/bao#",
    "conformsTo": "http://purl.org/dc/terms/",
}


def _nodes(crate: CrateJson) -> list[CrateJson]:
    return crate["@graph"]


def _root(crate: CrateJson) -> CrateJson:
    (descriptor,) = (node for node in _nodes(crate) if "conformsTo" in node)
    return next(node for node in _nodes(crate) if node["@id"] == descriptor["about"]["@id"])


def _each(crate: CrateJson, change: Callable[[str, Any], Any]) -> CrateJson:
    """Change every property of every node."""
    for node in _nodes(crate):
        for name in list(node):
            if not name.startswith("@"):
                node[name] = change(name, node[name])
    return crate


def _renamed(crate: CrateJson, rename: Callable[[str], str]) -> CrateJson:
    crate["@graph"] = [
        {name if name.startswith("@") else rename(name): value for name, value in node.items()}
        for node in _nodes(crate)
    ]
    return crate


# --- the variants


def contexts_in_another_order(crate: CrateJson) -> CrateJson:
    given = crate["@context"]
    crate["@context"] = given[::-1] if isinstance(given, list) else [{"x": "https://example.org/x#"}, given]
    return crate


def single_objects_for_lists(crate: CrateJson) -> CrateJson:
    return _each(crate, lambda _, value: value[0] if isinstance(value, list) and len(value) == 1 else value)


def lists_for_single_values(crate: CrateJson) -> CrateJson:
    return _each(crate, lambda _, value: value if isinstance(value, list) else [value])


def lists_in_lists_and_sets(crate: CrateJson) -> CrateJson:
    return _each(crate, lambda _, value: {"@set": value} if isinstance(value, list) else {"@list": [value]})


def the_graph_the_other_way_round(crate: CrateJson) -> CrateJson:
    crate["@graph"] = _nodes(crate)[::-1]
    return crate


def no_descriptor(crate: CrateJson) -> CrateJson:
    crate["@graph"] = [node for node in _nodes(crate) if "conformsTo" not in node]
    return crate


def another_name_of_the_descriptor(crate: CrateJson) -> CrateJson:
    (descriptor,) = (node for node in _nodes(crate) if "conformsTo" in node)
    descriptor["@id"] = "https://example.org/made-up/metadata.jsonld"
    return crate


def types_as_lists_with_more(crate: CrateJson) -> CrateJson:
    for node in _nodes(crate):
        given = node["@type"]
        node["@type"] = ["Thing", *(given if isinstance(given, list) else [given])]
    return crate


def blanks_around_iris_of_terms(crate: CrateJson) -> CrateJson:
    text = json.dumps(crate)
    for start in ("FBbi_0", "NCBITaxon_"):
        text = text.replace(f"/obo/{start}", f"/obo/{start.split('_')[0]}_ {start.split('_')[1]}")
    changed: CrateJson = json.loads(text)
    return changed


def texts_with_a_language(crate: CrateJson) -> CrateJson:
    return _each(
        crate,
        lambda name, value: (
            {"@value": value, "@language": "en"}
            if name in {"name", "description", "scientificName"} and isinstance(value, str)
            else value
        ),
    )


def texts_with_a_type(crate: CrateJson) -> CrateJson:
    kind = "http://www.w3.org/2001/XMLSchema#string"
    return _each(
        crate,
        lambda _, value: {"@value": value, "@type": kind} if isinstance(value, str) and value else value,
    )


def nodes_in_place_of_references(crate: CrateJson) -> CrateJson:
    """Every node that is referred to stands where it is referred to first."""
    nodes = {node["@id"]: node for node in _nodes(crate)}
    placed: set[str] = set()

    def filled(value: Any) -> Any:
        if isinstance(value, list):
            return [filled(item) for item in value]
        name = value.get("@id") if isinstance(value, dict) and len(value) == 1 else None
        if name not in nodes or name in placed:
            return value
        placed.add(name)
        return {key: filled(item) for key, item in nodes[name].items()}

    descriptor = next(node for node in _nodes(crate) if "conformsTo" in node)
    placed |= {descriptor["@id"]}
    whole = {key: filled(item) for key, item in descriptor.items()}
    rest = [node for name, node in nodes.items() if name not in placed]
    crate["@graph"] = [whole, *rest]
    return crate


def full_names_of_properties(crate: CrateJson) -> CrateJson:
    return _renamed(crate, lambda name: NAMESPACES.get(name, "http://schema.org/") + name)


def https_names_of_schema_org(crate: CrateJson) -> CrateJson:
    return _renamed(crate, lambda name: NAMESPACES.get(name, "https://schema.org/") + name)


def prefixed_names(crate: CrateJson) -> CrateJson:
    crate["@context"] = [
        "https://w3id.org/ro/crate/1.2/context",
        {"s": "https://schema.org/", "dwc": "http://rs.tdwg.org/dwc/terms/"},
    ]
    return _renamed(
        crate,
        lambda name: (
            f"dwc:{name}"
            if "tdwg" in NAMESPACES.get(name, "")
            else name
            if name in NAMESPACES
            else f"s:{name}"
        ),
    )


def see_also_of_rdf(crate: CrateJson) -> CrateJson:
    """The context of the BioImage Archive has rdf:seeAlso, which RDF has not."""
    crate["@context"] = ["https://w3id.org/ro/crate/1.2/context", {"seeAlso": {"@id": "rdf:seeAlso"}}]
    return _renamed(crate, lambda name: "rdf:seeAlso" if name == "seeAlso" else name)


def aliases_of_id_and_type(crate: CrateJson) -> CrateJson:
    given = crate["@context"]
    crate["@context"] = [*(given if isinstance(given, list) else [given]), {"id": "@id", "type": "@type"}]

    def renamed(value: Any) -> Any:
        if isinstance(value, list):
            return [renamed(item) for item in value]
        if isinstance(value, dict):
            return {
                {"@id": "id", "@type": "type"}.get(key, key): renamed(item) for key, item in value.items()
            }
        return value

    crate["@graph"] = renamed(crate["@graph"])
    return crate


def numbers_as_texts(crate: CrateJson) -> CrateJson:
    return _each(crate, lambda _, value: str(value) if isinstance(value, int) else value)


def nodes_in_two_pieces(crate: CrateJson) -> CrateJson:
    pieces: list[CrateJson] = []
    for node in _nodes(crate):
        names = [name for name in node if not name.startswith("@")]
        half = set(names[len(names) // 2 :]) if "conformsTo" not in node else set()
        pieces.append({name: value for name, value in node.items() if name not in half})
        if half:
            pieces.append({"@id": node["@id"]} | {name: node[name] for name in names if name in half})
    crate["@graph"] = pieces
    return crate


SAME = (
    contexts_in_another_order,
    single_objects_for_lists,
    lists_for_single_values,
    lists_in_lists_and_sets,
    the_graph_the_other_way_round,
    no_descriptor,
    another_name_of_the_descriptor,
    types_as_lists_with_more,
    blanks_around_iris_of_terms,
    texts_with_a_language,
    texts_with_a_type,
    nodes_in_place_of_references,
    full_names_of_properties,
    https_names_of_schema_org,
    prefixed_names,
    see_also_of_rdf,
    aliases_of_id_and_type,
    numbers_as_texts,
    nodes_in_two_pieces,
)


@pytest.fixture(scope="module")
def crates(shared: Path) -> list[CrateJson]:
    found: list[CrateJson] = []
    for folder in FOLDERS:
        files = sorted((shared / "realdata" / folder).glob("*.json"))
        found += [json.loads(file.read_bytes()) for file in files[:: len(files) // OF_EACH]]
    return found


def _study(crate: CrateJson) -> Study:
    (result,) = read(Document("made-up.json", "", json.dumps(crate).encode()))
    assert isinstance(result, Reading), result
    return result.study


def _facts(study: Study) -> set[bytes]:
    """What the record says, but for pointers into the document and how its identifiers were written."""
    plain = study.model_copy(update={"kept_value": [], "resolution": []})
    return set(to_nquads([plain], Iris(), "urn:g").splitlines())


def _differences(first: set[bytes], second: set[bytes]) -> Iterator[str]:
    for sign, lines in (("-", first - second), ("+", second - first)):
        yield from (f"{sign} {line.decode()[:300]}" for line in sorted(lines))


@pytest.mark.parametrize("variant", SAME, ids=lambda variant: variant.__name__)
def test_the_same_said_otherwise_gives_the_same_facts(
    variant: Callable[[CrateJson], CrateJson], crates: list[CrateJson]
) -> None:
    changed = 0
    for crate in crates:
        other = variant(copy.deepcopy(crate))
        changed += other != crate
        found = list(_differences(_facts(_study(crate)), _facts(_study(other))))
        assert not found, (crate["@graph"][1]["@id"], found[:8], len(found))
    assert changed >= len(crates) / 4


def test_a_subcrate_adds_a_component_and_changes_nothing_else(crates: list[CrateJson]) -> None:
    """The IDR lists its experiments and screens as parts with a page of their own."""
    for crate in crates:
        other = copy.deepcopy(crate)
        part = {
            "@id": "https://idr.openmicroscopy.org/webclient/?show=project-1",
            "@type": ["Dataset"],
            "identifier": "experimentA",
            "name": "Experiment A",
            "measurementMethod": _root(other).get("measurementMethod", []),
        }
        _nodes(other).append(part)
        _root(other)["hasPart"] = [{"@id": part["@id"]}]
        before, after = _study(crate), _study(other)
        (component,) = (one for one in after.component if one.title == "Experiment A")
        assert component.key == "experimentA"
        assert set(component.uses_acquisition) <= {one.id for one in before.acquisition}
        assert bool(component.uses_acquisition) == bool(before.acquisition)
        assert not _facts(before) - _facts(after)


def test_the_same_bytes_in_another_layout(crates: list[CrateJson]) -> None:
    for crate in crates:
        pretty = b"\xef\xbb\xbf\n" + json.dumps(crate, indent=4, ensure_ascii=False, sort_keys=True).encode()
        (result,) = read(Document("made-up.json", "", pretty))
        assert isinstance(result, Reading)
        assert _facts(result.study) == _facts(_study(crate))
