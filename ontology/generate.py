"""Makes every generated file from `rembi.yaml`: run `python -m rembigraph.ontology.generate [TARGET]`.

This is the only module that imports linkml (a development tool: `pip install -e '.[schema]'`). What LinkML gives is
taken as a graph or a schema and changed as such, never by editing text; `owl.py` and `base_shapes.py` say what is
changed and why. With `--release` it also writes the terms of this version into `released_terms.tsv`.
"""

from __future__ import annotations

import argparse
import copy
import json
import warnings
from io import BytesIO
from pathlib import Path
from typing import Any

from linkml.generators.jsonldcontextgen import ContextGenerator
from linkml.generators.jsonschemagen import JsonSchemaGenerator
from linkml.generators.pydanticgen import PydanticGenerator
from linkml.generators.pydanticgen.pydanticgen import MetadataMode
from linkml.generators.shaclgen import ShaclGenerator
from linkml_runtime import SchemaView
from linkml_runtime.dumpers import yaml_dumper
from linkml_runtime.utils.formatutils import remove_empty_items
from rdflib import BNode, Graph
from rdflib.plugins.serializers.longturtle import LongTurtleSerializer
from rembigraph.ontology.base_shapes import base_shapes
from rembigraph.ontology.lint import release
from rembigraph.ontology.mappings import read_mappings
from rembigraph.ontology.owl import ontology_graph, words
from rembigraph.ontology.reference import reference_page
from rembigraph.ontology.term_tables import methods

HERE = Path(__file__).resolve().parent
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
        "label": definition.title or words(name),
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
        "unit": slot.unit.ucum_code if slot.unit else "",
        "example": _example(slot),
    }


def _example(slot: Any) -> str:
    """The first example of a slot as text; a nested record as compact JSON."""
    for example in slot.examples:
        if example.object is not None:
            return json.dumps(remove_empty_items(example.object), ensure_ascii=False)
        return str(example.value)
    return ""


def axioms(view: SchemaView) -> dict[str, Any]:
    """Return what the schema says for the OWL file alone.

    Superclasses, classes that share no individual, what is said of properties (label, notes, superproperties,
    inverse, symmetry) and properties that no record has.
    """
    classes = [view.get_class(name) for name in view.all_classes()]
    used = {str(slot) for name in view.all_classes() for slot in view.class_slots(name)}
    slots = [view.get_slot(name) for name in view.all_slots()]
    return {
        "superclasses": {view.expand_curie(c.class_uri): _iris(view, c, "superclass") for c in classes},
        "disjoint": [view.expand_curie(c.class_uri) for c in classes if _annotation(c, "disjoint")],
        "properties": {view.expand_curie(slot.slot_uri): _says(view, slot) for slot in slots},
        "free": {str(slot.name): _slot_entry(view, slot) for slot in slots if str(slot.name) not in used},
    }


def _says(view: SchemaView, slot: Any) -> dict[str, Any]:
    inverse = view.get_slot(slot.inverse) if slot.inverse else None
    return {
        "label": _annotation(slot, "term_label"),
        "notes": [str(note) for note in slot.comments],
        "superproperties": _iris(view, slot, "subproperty_of"),
        "inverse": view.expand_curie(inverse.slot_uri) if inverse else "",
        "symmetric": bool(slot.symmetric),
    }


def _iris(view: SchemaView, element: Any, tag: str) -> list[str]:
    return [view.expand_curie(curie) for curie in _annotation(element, tag).split()]


def _kind(view: SchemaView, slot: Any) -> tuple[str, str]:
    target = str(slot.range or view.schema.default_range)
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
            "notation": _annotation(value, "notation"),
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


def context(view: SchemaView, schema: Path) -> dict[str, Any]:
    """Return the JSON-LD context: LinkML's, with JSON literals typed and LinkML's own prefix left out."""
    made = json.loads(ContextGenerator(str(schema), xsd_anyuri_as_iri=True, metadata=False).serialize())
    terms = made["@context"]
    terms.pop("linkml", None)
    table = field_table(view)
    for slots in (axioms(view)["free"], *(entry["slots"] for entry in table["classes"].values())):
        terms.update({name: _context_term(slot) for name, slot in slots.items()})
    terms.pop("", None)
    for name, entry in table["classes"].items():
        terms[name] = {"@id": entry["iri"]}
    terms["id"], terms["type"] = "@id", "@type"
    return {"@context": dict(sorted(terms.items(), key=lambda item: (not item[0].startswith("@"), item[0])))}


def _context_term(slot: dict[str, Any]) -> dict[str, str]:
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


def json_schema(view: SchemaView, schema: Path) -> dict[str, Any]:
    """Return the JSON Schema of a record as a person writes it.

    LinkML's schema asks for identifiers and for what this catalogue fills in, and knows JSON values as text only.
    """
    made: dict[str, Any] = json.loads(
        JsonSchemaGenerator(str(schema), top_class="Study", include_null=False).serialize()
    )
    made.pop("version", None)
    for name, definition in [*made["$defs"].items(), ("Study", made)]:
        if name in view.all_classes():
            _as_written(view, name, definition)
    made["properties"]["model"] = {
        "description": "Version of the record model, so that an old record can be told from a new one.",
        "examples": [f"rembigraph/{'.'.join(str(view.schema.version).split('.')[:2])}"],
        "type": "string",
    }
    return made


def _as_written(view: SchemaView, name: str, definition: dict[str, Any]) -> None:
    for slot_name in view.class_slots(name):
        slot = view.induced_slot(slot_name, name)
        says = definition["properties"][str(slot.name)]
        says["title"] = slot.title or str(slot.name).replace("_", " ")
        if str(slot.range) == "JsonText":
            says["type"] = ["object", "array", "string"]
        if slot.identifier or _annotation(slot, "filled"):
            definition["required"] = [key for key in definition.get("required", []) if key != slot.name]
    if not definition.get("required"):
        definition.pop("required", None)


def linkml_shapes(schema: Path) -> Graph:
    """Return LinkML's SHACL graph: open shapes, named apart from the classes."""
    text = ShaclGenerator(str(schema), closed=False, suffix="Shape", default_language="en").serialize()
    return Graph().parse(data=text, format="turtle")


def outputs(source: Path = HERE) -> dict[str, str]:
    """Return every generated file: path relative to the repository root -> text.

    Args:
        source: folder with `rembi.yaml`, `header.ttl` and `mappings.sssom.tsv`.
    """
    warnings.simplefilter("ignore")
    schema = source / "rembi.yaml"
    view = SchemaView(str(schema))
    table = field_table(view)
    mappings = read_mappings((source / "mappings.sssom.tsv").read_text(encoding="utf-8"))
    header = Graph().parse(source / "header.ttl")
    says = axioms(view)
    ontology = ontology_graph(header, table, says, mappings, methods().values())
    return {
        "ontology/generated/models.py": models(view),
        "ontology/generated/fields.json": _json(table),
        "ontology/generated/context.jsonld": _json(context(view, schema)),
        "ontology/generated/rembi.schema.json": _json(json_schema(view, schema)),
        "ontology/generated/rembi.ttl": _turtle(ontology),
        "shapes/generated/base.ttl": _turtle(base_shapes(linkml_shapes(schema), table)),
        "docs/reference/model.md": reference_page(table, says["free"]),
    }


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


class _ByName(LongTurtleSerializer):
    """Long Turtle with terms by name: rdflib's order is by number of references, which moves whole blocks."""

    def orderSubjects(self) -> list[Any]:  # noqa: N802 - rdflib's name
        return sorted(self._subjects, key=self._place)

    def _place(self, subject: Any) -> tuple[bool, int, Any]:
        blank = isinstance(subject, BNode)
        return blank, self._references[subject] if blank else 0, subject


def _turtle(graph: Graph) -> str:
    stream = BytesIO()
    _ByName(graph).serialize(stream)  # type: ignore[no-untyped-call]
    return _tidy(stream.getvalue().decode())


def _tidy(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines()) + "\n"


def main(target: Path, source: Path, *, released: bool) -> None:
    """Write every generated file below `target` (the repository root)."""
    made = outputs(source)
    for path, text in made.items():
        file = target / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    if released:
        file = target / "ontology" / "released_terms.tsv"
        before = file.read_text(encoding="utf-8") if file.exists() else ""
        graph = Graph().parse(data=made["ontology/generated/rembi.ttl"])
        file.write_text(release(before, graph), encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m rembigraph.ontology.generate", description=__doc__)
    parser.add_argument("target", nargs="?", type=Path, default=HERE.parent, help="the repository root")
    parser.add_argument("--from", dest="source", type=Path, default=HERE, help="folder of the schema")
    parser.add_argument("--release", action="store_true", help="also write released_terms.tsv")
    given = parser.parse_args()
    main(given.target, given.source, released=given.release)
