"""Makes every generated file from `rembi.yaml`: run `python -m rembigraph.ontology.generate [TARGET]`.

This is the only module that imports linkml (a development tool: `pip install -e '.[schema]'`). What LinkML gives is
taken as a graph or a schema and changed as such, never by editing text; `owl.py` and `base_shapes.py` say what is
changed and why.
"""

from __future__ import annotations

import copy
import json
import sys
import warnings
from pathlib import Path
from typing import Any

from linkml.generators.jsonldcontextgen import ContextGenerator
from linkml.generators.jsonschemagen import JsonSchemaGenerator
from linkml.generators.owlgen import OwlSchemaGenerator
from linkml.generators.pydanticgen import PydanticGenerator
from linkml.generators.pydanticgen.pydanticgen import MetadataMode
from linkml.generators.shaclgen import ShaclGenerator
from linkml_runtime import SchemaView
from linkml_runtime.dumpers import yaml_dumper
from rdflib import Graph
from rembigraph.ontology.base_shapes import base_shapes
from rembigraph.ontology.owl import ontology_graph
from rembigraph.ontology.reference import reference_page

HERE = Path(__file__).resolve().parent
SCHEMA = HERE / "rembi.yaml"
LITERAL_TYPES = {
    "string": "string",
    "integer": "integer",
    "double": "double",
    "boolean": "boolean",
    "JsonText": "json",
    "PartialDate": "date",
}


def field_table(view: SchemaView) -> dict[str, Any]:
    """Return the table that the run time writes RDF by: class -> field -> predicate, kind, level.

    kind: `iri` (an IRI), `object` (a nested record), `enum`, or a literal type
    (`string integer double boolean json date`).
    """
    classes = {str(name): _class_entry(view, str(name)) for name in view.all_classes()}
    enums = {str(name): _enum_entry(view, str(name)) for name in view.all_enums()}
    return {"version": view.schema.version, "classes": classes, "enums": enums}


def _class_entry(view: SchemaView, name: str) -> dict[str, Any]:
    definition = view.get_class(name)
    slots = [view.induced_slot(slot, name) for slot in view.class_slots(name)]
    return {
        "iri": view.expand_curie(definition.class_uri),
        "description": definition.description,
        "segment": _annotation(definition, "segment"),
        "within": _annotation(definition, "within") or "study",
        "source": _annotation(definition, "source"),
        "slots": {str(slot.name): _slot_entry(view, slot) for slot in slots if slot.name != "id"},
    }


def _slot_entry(view: SchemaView, slot: Any) -> dict[str, Any]:
    kind, of = _kind(view, slot)
    return {
        "iri": view.expand_curie(slot.slot_uri),
        "label": slot.title or str(slot.name).replace("_", " "),
        "kind": kind,
        "of": of,
        "many": bool(slot.multivalued),
        "level": _annotation(slot, "level"),
        "source": _annotation(slot, "source") or _annotation(view.get_slot(slot.name), "source"),
        "description": slot.description,
    }


def _kind(view: SchemaView, slot: Any) -> tuple[str, str]:
    target = str(slot.range)
    if target in view.all_classes():
        inlined = bool(slot.inlined or slot.inlined_as_list)
        return ("object" if inlined else "iri"), target
    if target in view.all_enums():
        return "enum", target
    return LITERAL_TYPES.get(target, "iri"), ""


def _enum_entry(view: SchemaView, name: str) -> dict[str, Any]:
    definition = view.get_enum(name)
    values = {
        str(value.text): {
            "iri": view.expand_curie(value.meaning),
            "label": value.title,
            "description": value.description,
        }
        for value in definition.permissible_values.values()
    }
    return {
        "description": definition.description,
        "scheme": _annotation(definition, "scheme"),
        "values": values,
    }


def _annotation(element: Any, tag: str) -> str:
    annotations = element.annotations
    found = annotations.get(tag) if isinstance(annotations, dict) else getattr(annotations, tag, None)
    return str(found.value) if found is not None else ""


def lenient_schema(view: SchemaView) -> str:
    """Return the schema as the models need it: nothing required, references as plain IRIs.

    The gate is SHACL, which names every fault at once; a model that refuses an incomplete record would hide all
    but the first.
    """
    schema = copy.deepcopy(view.schema)
    for slot in schema.slots.values():
        slot.identifier = None
        if str(slot.range) in schema.classes and not (slot.inlined or slot.inlined_as_list):
            slot.range = "uriorcurie"
    for definition in schema.classes.values():
        for usage in definition.slot_usage.values():
            usage.required = None
    return str(yaml_dumper.dumps(schema))


def models(view: SchemaView) -> str:
    """Return the Pydantic models as Python source."""
    generator = PydanticGenerator(
        lenient_schema(view),
        metadata_mode=MetadataMode.NONE,
        empty_list_for_multivalued_slots=True,
        template_dir=HERE / "templates",
    )
    module = generator.render()
    for definition in module.classes.values():
        for attribute in (definition.attributes or {}).values():
            _never_none(attribute)
    return _tidy(generator.serialize(rendered_module=module))


def _never_none(attribute: Any) -> None:
    """A list field is empty when nothing is given, never None."""
    if attribute.range.startswith("Optional[list"):
        attribute.range = attribute.range.removeprefix("Optional[")[:-1]
        attribute.predefined = "[]"


def context(view: SchemaView) -> dict[str, Any]:
    """Return the JSON-LD context: LinkML's, with JSON literals typed and LinkML's own prefix left out."""
    made = json.loads(ContextGenerator(str(SCHEMA), xsd_anyuri_as_iri=True, metadata=False).serialize())
    terms = made["@context"]
    terms.pop("linkml", None)
    table = field_table(view)
    for entry in table["classes"].values():
        for name, slot in entry["slots"].items():
            terms[name] = _context_term(terms, slot)
        terms.pop("", None)
    for name, entry in table["classes"].items():
        terms[name] = {"@id": entry["iri"]}
    terms["id"], terms["type"] = "@id", "@type"
    return {"@context": dict(sorted(terms.items(), key=lambda item: (not item[0].startswith("@"), item[0])))}


def _context_term(terms: dict[str, Any], slot: dict[str, Any]) -> dict[str, str]:
    types = {
        "iri": "@id",
        "object": "@id",
        "enum": "@id",
        "json": "@json",
        "integer": "http://www.w3.org/2001/XMLSchema#integer",
        "double": "http://www.w3.org/2001/XMLSchema#double",
        "boolean": "http://www.w3.org/2001/XMLSchema#boolean",
    }
    term = {"@id": slot["iri"]}
    if slot["kind"] in types:
        term["@type"] = types[slot["kind"]]
    return term


def json_schema(view: SchemaView) -> dict[str, Any]:
    """Return the JSON Schema of a record."""
    made: dict[str, Any] = json.loads(
        JsonSchemaGenerator(str(SCHEMA), top_class="Study", include_null=False).serialize()
    )
    return made


def linkml_owl() -> Graph:
    """Return LinkML's OWL graph with the flags that keep our predicates and drop vacuous axioms."""
    text = OwlSchemaGenerator(
        str(SCHEMA),
        use_native_uris=False,
        metaclasses=False,
        type_objects=False,
        add_ols_annotations=False,
        xsd_anyuri_as_iri=True,
        skip_vacuous_min_zero_cardinality_axioms=True,
        skip_vacuous_local_range_axioms=True,
        consolidate_cardinality_axioms=True,
        default_language="en",
    ).serialize()
    return Graph().parse(data=text, format="turtle")


def linkml_shapes() -> Graph:
    """Return LinkML's SHACL graph: open shapes, named apart from the classes."""
    text = ShaclGenerator(str(SCHEMA), closed=False, suffix="Shape", default_language="en").serialize()
    return Graph().parse(data=text, format="turtle")


def outputs() -> dict[str, str]:
    """Return every generated file: path relative to the repository root -> text."""
    warnings.simplefilter("ignore")
    view = SchemaView(str(SCHEMA))
    table = field_table(view)
    header = Graph().parse(HERE / "header.ttl")
    return {
        "ontology/generated/models.py": models(view),
        "ontology/generated/fields.json": _json(table),
        "ontology/generated/context.jsonld": _json(context(view)),
        "ontology/generated/rembi.schema.json": _json(json_schema(view)),
        "ontology/generated/rembi.ttl": _turtle(ontology_graph(linkml_owl(), header, table)),
        "shapes/generated/base.ttl": _turtle(base_shapes(linkml_shapes(), table)),
        "docs/reference/model.md": reference_page(table),
    }


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def _turtle(graph: Graph) -> str:
    return _tidy(graph.serialize(format="longturtle"))


def _tidy(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines()) + "\n"


def main(target: Path) -> None:
    """Write every generated file below `target` (the repository root)."""
    for path, text in outputs().items():
        file = target / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent)
