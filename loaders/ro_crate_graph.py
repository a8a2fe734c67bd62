"""The graph of an RO-Crate as plain nodes: names without prefixes, every value with its JSON pointer.

No JSON-LD processor runs, nothing is fetched. Remote contexts are known by their IRI or refused; definitions
in the document (prefixes, terms, aliases of `@id`, `@type`) are followed. Nested nodes are taken out: nested
and flat crates give the same graph. One node may be written in several places.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from rembigraph.loaders.json_bounds import JsonFloat
from rembigraph.loaders.leaves import escaped
from rembigraph.loaders.values import without_email
from rembigraph.ontology.errors import SourceMalformed
from rembigraph.ontology.identifiers import PREFIXES, expand_curie

# Contexts whose names this module knows; `gide-search-context.jsonld` is the GIDE profile's own.
_KNOWN_CONTEXT = re.compile(
    r"https?://w3id\.org/ro/crate/1\.[0-3](?:-DRAFT)?/context(?:\.jsonld)?"
    r"|https?://(?:www\.)?schema\.org/?(?:docs/jsonldcontext\.jsonl?d?)?"
    r"|(?:(?:https://(?:raw\.githubusercontent\.com|github\.com)/(?:BioImage-Archive|German-BioImaging)/)"
    r"[\w./-]*|\./)?gide-search-context\.jsonld"
)
_SCHEMA_CONTEXT = re.compile(r"https?://(?:www\.)?schema\.org")

_NAMESPACES = (
    "http://schema.org/",
    "https://schema.org/",
    "http://rs.tdwg.org/dwc/terms/",
    "http://rs.tdwg.org/dwc/iri/",
    "https://bioschemas.org/terms/",
    "https://bioschemas.org/properties/",
    "https://bioschemas.org/types/",
    "https://bioschemas.org/",
    "https://bioimage-archive.org/ro-crate/",
)
_RDF, _RDFS, _DCTERMS = PREFIXES["rdf"], PREFIXES["rdfs"], PREFIXES["dcterms"]
_SHORT_NAMES = {
    _RDF + "seeAlso": "seeAlso",  # the BioImage Archive's context has it, although RDF has not
    _RDFS + "seeAlso": "seeAlso",
    _RDFS + "label": "name",
    "http://www.bioassayontology.org/bao#BAO_0002004": "hasCellLine",
    "http://www.bioassayontology.org/bao#hasCellLine": "hasCellLine",
    _DCTERMS + "title": "name",
    _DCTERMS + "description": "description",
    _DCTERMS + "license": "license",
    _DCTERMS + "issued": "datePublished",
    _DCTERMS + "modified": "dateModified",
    _DCTERMS + "identifier": "identifier",
    _DCTERMS + "publisher": "publisher",
    _DCTERMS + "creator": "creator",
    _DCTERMS + "conformsTo": "conformsTo",
    _DCTERMS + "hasPart": "hasPart",
}
_SYNONYMS = {
    "QuantitiveValue": "QuantitativeValue",  # as the BioImage Archive spells it
    "Organisation": "Organization",
    "organismClassification": "taxonomicRange",
    "commonName": "vernacularName",
    "imagingInstrumentDescription": "labEquipment",
    "fbbiId": "measurementTechnique",
    "screenImagingMethod": "measurementMethod",
    "funding": "funder",
}
_PREFIXES = {
    **PREFIXES,
    "schema": "http://schema.org/",
    "sdo": "https://schema.org/",
    "dct": PREFIXES["dcterms"],
    "dwc": "http://rs.tdwg.org/dwc/terms/",
    "dwciri": "http://rs.tdwg.org/dwc/iri/",
    "bao": "http://www.bioassayontology.org/bao#",
    "bioschemas": "https://bioschemas.org/",
    "bia": "https://bioimage-archive.org/ro-crate/",
}
_DESCRIPTOR_ID = re.compile(r"(?:.*[/-])?ro-crate-metadata\.jsonl?d?")
_CRATE_SPECIFICATION = re.compile(r"https?://w3id\.org/ro/crate(?:/.*)?")


def is_known_context(name: Any) -> bool:
    """Whether a context is one whose names are known here, so that nothing has to be fetched."""
    return isinstance(name, str) and bool(_KNOWN_CONTEXT.fullmatch(name))


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a property.

    Attributes:
        pointer: JSON pointer of the leaf, for a reference of its `@id`; empty for a nested node without one.
        raw: the scalar, or the id as written.
        node: id of the node that it refers to; empty for a scalar.
    """

    pointer: str
    raw: Any
    node: str = ""

    @property
    def text(self) -> str | None:
        """The scalar as text; None for references, truth values and the like."""
        if self.node or isinstance(self.raw, bool):
            return None
        if isinstance(self.raw, JsonFloat):
            return self.raw.text
        return str(self.raw) if isinstance(self.raw, (str, int)) else None


@dataclass(slots=True)
class Node:
    """One node of the graph, with everything that the document says about it anywhere.

    Attributes:
        id: its id as written; `_:` and a pointer if it has none.
        types: its types without prefix, each with the pointer of its leaf.
        id_pointers: where its id is written as the node's own.
        properties: name without prefix -> values, in document order.
        places: name without prefix -> pointers of the property.
        empty: name without prefix -> pointers of nulls, empty lists and empty objects.
    """

    id: str
    types: dict[str, list[str]] = field(default_factory=dict)
    id_pointers: list[str] = field(default_factory=list)
    properties: dict[str, list[Value]] = field(default_factory=dict)
    places: dict[str, list[str]] = field(default_factory=dict)
    empty: dict[str, list[str]] = field(default_factory=dict)

    @property
    def anonymous(self) -> bool:
        """Whether the document gives it no id."""
        return not self.id_pointers

    def is_a(self, *types: str) -> bool:
        """Whether it has one of these types."""
        return any(name in self.types for name in types)

    def references(self, name: str) -> Iterator[str]:
        """Yield the ids that a property refers to."""
        return (value.node for value in self.properties.get(name, ()) if value.node)


class Names:
    """Names and ids of one document without their prefixes, by its own definitions and the known contexts.

    Args:
        context: value of `@context`.
        source: the document, for messages.

    Raises:
        SourceMalformed: a remote context is not known.
    """

    def __init__(self, context: Any, source: str) -> None:
        self._source = source
        self._terms: dict[str, str] = {}
        self._vocabulary = ""
        self._short: dict[str, str] = {}
        self.id_key = {"@id"}
        self.type_key = {"@type"}
        for item in context if isinstance(context, list) else [context]:
            if isinstance(item, dict):
                self._define(item)
            elif item is not None:
                self._check_known(item)
        self._find_aliases()

    def _define(self, definitions: dict[str, Any]) -> None:
        for name, definition in definitions.items():
            if name == "@import":
                self._check_known(definition)
            elif name == "@vocab" and isinstance(definition, str):
                self._vocabulary = definition
            elif isinstance(definition, str):
                self._terms[name] = definition
            elif isinstance(definition, dict):
                self._define_term(name, definition)

    def _define_term(self, name: str, definition: dict[str, Any]) -> None:
        if isinstance(definition.get("@id"), str):
            self._terms[name] = definition["@id"]
        scoped = definition.get("@context")
        for item in scoped if isinstance(scoped, list) else [scoped]:
            if isinstance(item, str):
                self._check_known(item)

    def _check_known(self, context: Any) -> None:
        if not is_known_context(context):
            raise SourceMalformed(
                f"the context {without_email(str(context)[:200])!r} is not one of those that are built in",
                source=self._source,
                pointer="/@context",
                code="remote-context",
                fix="Nothing is fetched: use https://w3id.org/ro/crate/1.2/context and write others out.",
            )
        if _SCHEMA_CONTEXT.match(context):
            self._terms |= {"id": "@id", "type": "@type"}

    def _find_aliases(self) -> None:
        self.id_key |= {name for name, iri in self._terms.items() if iri == "@id"}
        self.type_key |= {name for name, iri in self._terms.items() if iri == "@type"}

    def short(self, name: str) -> str:
        """Return the name of a property or type without prefix; a name of a foreign vocabulary as its IRI.

        >>> Names(None, "").short("dwc:scientificName"), Names(None, "").short("https://schema.org/name")
        ('scientificName', 'name')
        """
        known = self._short.get(name)
        if known is None:
            known = self._short[name] = self._shorten(name)
        return known

    def _shorten(self, name: str) -> str:
        iri = self.iri(name)
        if ":" not in iri:
            return _SYNONYMS.get(iri, iri)
        short = _SHORT_NAMES.get(iri)
        if short is None:
            namespace = next((start for start in _NAMESPACES if iri.startswith(start)), "")
            short = iri.removeprefix(namespace) or iri
        return _SYNONYMS.get(short, short)

    def iri(self, name: str) -> str:
        """Expand a name as far as the definitions go; a plain name of a known context stays plain."""
        iri = self._terms.get(name, name)
        if ":" in iri:
            return self.expanded(iri)
        return self._vocabulary + iri if self._vocabulary and not iri.startswith("@") else iri

    def expanded(self, text: str) -> str:
        """Expand a CURIE by the document's own prefixes, else by the usual ones; other text stays."""
        prefix, colon, rest = text.partition(":")
        if not colon or rest.startswith("//"):
            return text
        namespace = self._terms.get(prefix) or _PREFIXES.get(prefix)
        if namespace and rest and not namespace.startswith("@"):
            return namespace + rest
        return expand_curie(text)


class CrateGraph:
    """All nodes of a crate.

    Args:
        parsed: the document; `@graph` must be a list of nodes or one node.
        source: the document, for messages.

    Raises:
        SourceMalformed: there is no graph, or a context is not known.
    """

    def __init__(self, parsed: dict[str, Any], source: str) -> None:
        self.names = Names(parsed.get("@context"), source)
        self.nodes: dict[str, Node] = {}
        self._source = source
        self._types_at: dict[str, Node] = {}  # pointer of a node object -> node
        graph = parsed.get("@graph")
        if not isinstance(graph, (list, dict)):
            message, fix = "@graph is no list of nodes", "Write the flattened form of JSON-LD."
            raise SourceMalformed(message, source=source, pointer="/@graph", code="no-graph", fix=fix)
        items = enumerate(graph) if isinstance(graph, list) else [("", graph)]
        for index, item in items:
            if isinstance(item, dict) and item:
                self._add(item, f"/@graph/{index}".rstrip("/"))

    def _add(self, raw: dict[str, Any], pointer: str) -> tuple[Node, str]:
        id_key = next((key for key in raw if key in self.names.id_key and isinstance(raw[key], str)), None)
        name = raw[id_key] if id_key else f"_:{pointer}"
        node = self.nodes.get(name)
        if node is None:
            node = self.nodes[name] = Node(name)
        self._types_at[pointer] = node
        id_pointer = f"{pointer}/{escaped(id_key)}" if id_key else ""
        if id_pointer:
            node.id_pointers.append(id_pointer)
        for key, value in raw.items():
            self._add_member(node, key, value, f"{pointer}/{escaped(key)}")
        return node, id_pointer

    def _add_member(self, node: Node, key: str, value: Any, pointer: str) -> None:
        if key in self.names.type_key:
            for number, item in enumerate(value if isinstance(value, list) else [value]):
                if isinstance(item, str):
                    place = f"{pointer}/{number}" if isinstance(value, list) else pointer
                    node.types.setdefault(self.names.short(item), []).append(place)
        elif key == "@context":
            self._refuse_nested_context(pointer)
        elif key not in self.names.id_key and not key.startswith("@"):
            name = self.names.short(key)
            node.places.setdefault(name, []).append(pointer)
            self._add_values(node, name, value, pointer)

    def _refuse_nested_context(self, pointer: str) -> None:
        message, fix = (
            "a node has a @context of its own",
            "Move its definitions to the @context of the document.",
        )
        raise SourceMalformed(message, source=self._source, pointer=pointer, code="nested-context", fix=fix)

    def _add_values(self, node: Node, name: str, raw: Any, pointer: str) -> None:
        if raw is None or raw == [] or raw == {}:
            node.empty.setdefault(name, []).append(pointer)
        elif isinstance(raw, list):
            for number, item in enumerate(raw):
                self._add_values(node, name, item, f"{pointer}/{number}")
        elif isinstance(raw, dict):
            self._add_object(node, name, raw, pointer)
        else:
            node.properties.setdefault(name, []).append(Value(pointer, raw))

    def _add_object(self, node: Node, name: str, raw: dict[str, Any], pointer: str) -> None:
        wrapper = next((key for key in ("@value", "@list", "@set") if key in raw), None)
        if wrapper:
            self._add_values(node, name, raw[wrapper], f"{pointer}/{wrapper}")
            return
        key = next(iter(raw))
        if len(raw) == 1 and key in self.names.id_key and isinstance(raw[key], str):
            value = Value(f"{pointer}/{escaped(key)}", raw[key], raw[key])
        else:
            nested, id_pointer = self._add(raw, pointer)
            value = Value(id_pointer, nested.id, nested.id)
        node.properties.setdefault(name, []).append(value)

    def target(self, value: Value) -> Node | None:
        """Return the node that a value refers to, if the document has it."""
        return self.nodes.get(value.node) if value.node else None

    def of_type(self, *types: str) -> list[Node]:
        """Return the nodes with one of these types, in document order."""
        return [node for node in self.nodes.values() if node.is_a(*types)]

    def descriptor(self) -> Node | None:
        """Return the metadata descriptor: about the root, conforming to RO-Crate, whatever its name."""
        found = [node for node in self.nodes.values() if self._is_descriptor(node)]
        named = [node for node in found if _DESCRIPTOR_ID.fullmatch(node.id)]
        return next(iter(named or found), None)

    def _is_descriptor(self, node: Node) -> bool:
        if node.is_a("Dataset") or not any(True for _ in node.references("about")):
            return False
        conforms = any(_CRATE_SPECIFICATION.fullmatch(iri) for iri in node.references("conformsTo"))
        return conforms or bool(_DESCRIPTOR_ID.fullmatch(node.id))

    def root(self) -> Node | None:
        """Return the root Dataset: what the descriptor is about, else the only one that can be meant."""
        descriptor = self.descriptor()
        for name in descriptor.references("about") if descriptor else ():
            if name in self.nodes:
                return self.nodes[name]
        datasets = self.of_type("Dataset")
        identified = [node for node in datasets if "identifier" in node.properties]
        return next((found[0] for found in (identified, datasets) if len(found) == 1), None)

    def leaf_name(self, pointer: str) -> str:
        """Name a leaf `{type}.{property}` after the innermost node that it belongs to."""
        above, rest = pointer, ""
        while above and above not in self._types_at:
            above, _, segment = above.rpartition("/")
            rest = segment if not segment.isdigit() else rest
        node = self._types_at.get(above)
        kind = next(iter(node.types), "") if node else ""
        return f"{kind}.{rest}".strip(".").replace("~1", "/").replace("~0", "~")
