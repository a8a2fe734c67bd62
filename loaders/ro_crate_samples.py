"""Samples, protocols, sizes and parts of the Datasets of an RO-Crate."""

from __future__ import annotations

import re
from collections.abc import Set
from decimal import Decimal
from typing import NotRequired, TypedDict

from rembigraph.loaders.json_bounds import JsonFloat
from rembigraph.loaders.ro_crate_graph import Node, Value
from rembigraph.loaders.ro_crate_terms import Crate
from rembigraph.loaders.values import absolute_iri, taxon_iri, term_iri, web_address
from rembigraph.ontology.generated.models import (
    Biosample,
    ImageAcquisition,
    OntologyTerm,
    Protocol,
    QuantityValue,
    StudyComponent,
    Taxon,
)
from rembigraph.ontology.identifiers import safe_key

# Unit -> slot and the words that the GIDE profile prescribes for it.
_SIZE_UNITS = {"UO_0000189": ("file_count", "file count"), "UO_0000233": ("byte_size", "bytes")}
_UNIT = re.compile(r"(?:https?://purl\.obolibrary\.org/obo/|obo:)?(UO)[_:]([0-9]{7})")
_WHOLE_NUMBER = re.compile(r"[0-9]{1,30}")
_NUMBER = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,2})?")

# The IDR gives every protocol of a study as an imaging protocol and says what it is by a term of EFO ("growth
# protocol", "HCS library protocol"). Those terms name kinds of protocol, not imaging methods.
_EFO = "http://www.ebi.ac.uk/efo/EFO_"
_KINDS_OF_PROTOCOL = frozenset(
    _EFO + number for number in ("0003789", "0003790", "0003969", "0005518", "0007571", "0007572", "0007573")
)
_IMAGING_PROTOCOL = _EFO + "0007572"  # image acquisition and feature extraction


class Sizes(TypedDict):
    """What a Dataset says about its size."""

    file_count: NotRequired[int]
    byte_size: NotRequired[int]
    stated_size: list[QuantityValue]


class Samples:
    """Maps the samples and protocols of one crate, each node once."""

    def __init__(self, crate: Crate) -> None:
        self._crate = crate
        self.biosamples: dict[str, Biosample] = {}
        self.acquisitions: dict[str, ImageAcquisition] = {}
        self.protocols: dict[str, Protocol] = {}

    def map_all(self, root: Node) -> None:
        """Map every sample and protocol: those of the root in its order, then the others."""
        graph = self._crate.graph
        for name, known in (("about", self._sample), ("measurementMethod", self._protocol)):
            for reference in root.references(name):
                if reference in graph.nodes:
                    known(graph.nodes[reference])
        for node in graph.nodes.values():
            self._sample(node)
            self._protocol(node)

    # --- samples

    def _sample(self, node: Node) -> None:
        if not node.is_a("BioSample", "Sample") or node.id in self.biosamples:
            return
        crate = self._crate
        crate.claim(node, "BioSample")
        title = crate.text(node, "name")
        iri, key = crate.identity(node, "biosample", title, absolute_iri)
        organisms, organism_texts = self._organisms(node)
        self.biosamples[node.id] = Biosample(
            id=iri,
            key=key,
            title=title,
            description=crate.text(node, "description"),
            sample_identity=crate.text(node, "identifier"),
            biological_entity=crate.texts(node, "biologicalEntityDescription"),
            intrinsic_variable=crate.texts(node, "intrinsicVariableDescription"),
            extrinsic_variable=crate.texts(node, "extrinsicVariableDescription"),
            experimental_variable=crate.texts(node, "experimentalVariableDescription"),
            organism=organisms,
            organism_text=organism_texts,
            cell_line=terms(crate, node, "hasCellLine", "cell_line"),
        )

    def _organisms(self, node: Node) -> tuple[list[Taxon], list[str]]:
        taxa: list[Taxon] = []
        texts: list[str] = []
        for value in self._crate.values(node, "taxonomicRange"):
            taxon = self._crate.taxon(value)
            if taxon:
                taxa.append(taxon)
            elif not value.node and (text := self._crate.one_text(value)):
                texts.append(text)
        return taxa, texts

    # --- protocols

    def _protocol(self, node: Node) -> None:
        if not _is_protocol(node) or node.id in self.acquisitions or node.id in self.protocols:
            return
        self._crate.claim(node, "LabProtocol")
        if _is_about_something_else(self._crate, node):
            self._other_protocol(node)
        else:
            self._acquisition(node)

    def _other_protocol(self, node: Node) -> None:
        crate = self._crate
        title = crate.text(node, "name")
        iri, key = crate.identity(node, "protocol", title, absolute_iri)
        self.protocols[node.id] = Protocol(
            id=iri,
            key=key,
            title=title,
            description=crate.text(node, "description"),
            instrument_text=crate.texts(node, "labEquipment"),
            protocol_type=_kinds(crate, node),
        )

    def _acquisition(self, node: Node) -> None:
        crate = self._crate
        title = crate.text(node, "name")
        iri, key = crate.identity(node, "acquisition", title, absolute_iri)
        self.acquisitions[node.id] = ImageAcquisition(
            id=iri,
            key=key,
            title=title,
            description=crate.text(node, "description"),
            instrument_text=crate.texts(node, "labEquipment"),
            protocol_type=_kinds(crate, node),
            imaging_method=terms(crate, node, "measurementTechnique", "imaging_method"),
            imaging_method_text=[
                *method_texts(crate, node, "measurementTechnique"),
                *crate.texts(node, "imagingMethodName"),
            ],
        )

    # --- Datasets

    def about(self, node: Node) -> tuple[list[Biosample], list[Taxon], list[OntologyTerm]]:
        """Return what a Dataset is about: samples, taxa and other terms."""
        samples: list[Biosample] = []
        taxa: list[Taxon] = []
        about_terms: list[OntologyTerm] = []
        for value in self._crate.values(node, "about"):
            target = self._crate.graph.target(value)
            if value.node in self.biosamples:
                self._crate.follow(value)
                samples.append(self.biosamples[value.node])
            elif self._means_taxon(value, target):
                taxa += [taxon] if (taxon := self._crate.taxon(value)) else []
            elif term := self._crate.term(value, "about_term"):
                about_terms.append(term)
        return samples, taxa, about_terms

    def _means_taxon(self, value: Value, target: Node | None) -> bool:
        if target is not None and target.types:
            return target.is_a("Taxon")
        return taxon_iri(self._crate.graph.names.expanded(value.node or value.text or "")) is not None

    def methods(self, node: Node) -> tuple[list[ImageAcquisition], list[OntologyTerm], list[str]]:
        """Return how a Dataset was measured: acquisitions, terms, and methods in words."""
        acquisitions: list[ImageAcquisition] = []
        for name in ("measurementMethod", "measurementTechnique"):
            for value in self._crate.values(node, name):
                if value.node in self.acquisitions:
                    self._crate.follow(value)
                    acquisitions.append(self.acquisitions[value.node])
                elif value.node in self.protocols:
                    self._crate.follow(value)
        read = self.acquisitions.keys() | self.protocols.keys()
        found = [
            *terms(self._crate, node, "measurementMethod", "imaging_method", read),
            *terms(self._crate, node, "measurementTechnique", "imaging_method", read),
        ]
        texts = [
            *method_texts(self._crate, node, "measurementMethod"),
            *method_texts(self._crate, node, "measurementTechnique"),
        ]
        return acquisitions, found, texts

    def component(self, node: Node) -> tuple[StudyComponent, list[OntologyTerm]]:
        """Return the part of the study that a further Dataset describes, and what else it is about."""
        crate = self._crate
        crate.claim(node, "Dataset")
        title = crate.text(node, "name")
        names = crate.texts(node, "identifier")
        address = web_address(node.id)
        if address:
            iri, key, names = None, next(iter(names), None), [*names[1:], address]
        else:
            iri, key = crate.identity(node, "component", title, absolute_iri)
        samples, taxa, about_terms = self.about(node)
        acquisitions, methods, method_words = self.methods(node)
        component = StudyComponent(
            id=iri,
            key=key,
            title=title,
            description=crate.text(node, "description"),
            imaging_method=methods,
            imaging_method_text=method_words,
            organism=taxa,
            uses_biosample=_references("biosample", samples),
            uses_acquisition=_references("acquisition", acquisitions),
            alternate_identifier=names,
            **sizes(crate, node),
        )
        return component, about_terms


def terms(
    crate: Crate, node: Node, name: str, of_field: str, but_not: Set[str] = frozenset()
) -> list[OntologyTerm]:
    """Return the terms that a property names; kinds of protocol are no imaging methods."""
    found: list[OntologyTerm] = []
    for value in crate.values(node, name):
        if value.node and value.node in but_not:
            continue
        if _names_kind_of_protocol(crate, value):
            continue
        term = crate.term(value, of_field)
        if term:
            found.append(term)
    return found


def method_texts(crate: Crate, node: Node, name: str) -> list[str]:
    """Return the values of a property that name a method in words only."""
    return [
        text
        for value in crate.values(node, name)
        if not value.node and not crate.names_term(value) and (text := crate.one_text(value))
    ]


def _names_kind_of_protocol(crate: Crate, value: Value) -> bool:
    iri = crate.graph.names.expanded(value.node or value.text or "")
    if not iri.startswith(_EFO):
        return False
    return iri in _KINDS_OF_PROTOCOL or (crate.peek(crate.graph.target(value), "name") or "").endswith(
        "protocol"
    )


def _kinds(crate: Crate, node: Node) -> list[OntologyTerm]:
    kinds = (
        value for value in crate.values(node, "measurementTechnique") if _names_kind_of_protocol(crate, value)
    )
    return [term for value in kinds if (term := crate.term(value, "protocol_type"))]


def _is_about_something_else(crate: Crate, node: Node) -> bool:
    """Whether every technique of a protocol is a kind of protocol that is not about imaging (growth, treatment)."""
    techniques = list(crate.values(node, "measurementTechnique"))
    return bool(techniques) and all(
        _names_kind_of_protocol(crate, value)
        and crate.graph.names.expanded(value.node or value.text or "") != _IMAGING_PROTOCOL
        for value in techniques
    )


def _is_protocol(node: Node) -> bool:
    return node.is_a("LabProtocol") or (
        not node.is_a("Dataset")
        and ("labEquipment" in node.properties or "measurementTechnique" in node.properties)
    )


def _references(segment: str, things: list[Biosample] | list[ImageAcquisition]) -> list[str]:
    """References to things whose IRI is known before completion."""
    return [thing.id or f"{segment}/{safe_key(thing.key or '')}" for thing in things if thing.id or thing.key]


def sizes(crate: Crate, node: Node) -> Sizes:
    """Return what a Dataset says about its size: number of files, bytes, and every size as it is stated."""
    found = Sizes(stated_size=[])
    for value in crate.values(node, "size"):
        quantity = crate.graph.target(value)
        if quantity is not None:
            found["stated_size"].append(_stated_size(crate, quantity, value, found))
        elif isinstance(value.raw, str) and not value.node and (text := crate.one_text(value)):
            found["stated_size"].append(QuantityValue(raw_text=text))
    return found


def _stated_size(crate: Crate, quantity: Node, reference: Value, found: Sizes) -> QuantityValue:
    """Take the size that a node states; whole numbers of files and bytes go where everybody looks for them, too."""
    crate.follow(reference)
    crate.claim(quantity, "QuantitativeValue")
    slot = _slot_of_size(crate, quantity)
    unit = _unit(crate, quantity)
    title = crate.text(quantity, "unitText")
    iri, key = crate.identity(quantity, "stated_size", title, absolute_iri)
    size = QuantityValue(
        id=iri, key=key, title=title, unit=unit, raw_text=crate.text(quantity, "description")
    )
    for value in crate.values(quantity, "value"):
        count = _count(value)
        if count is not None and slot == "file_count" and found.setdefault("file_count", count) == count:
            crate.follow(value)
        if count is not None and slot == "byte_size" and found.setdefault("byte_size", count) == count:
            crate.follow(value)
        if size.numeric_value is None:
            size.numeric_value = _stated_number(crate, value)
    return size


def _slot_of_size(crate: Crate, quantity: Node) -> str:
    for value in quantity.properties.get("unitCode", ()):
        match = _UNIT.fullmatch(crate.graph.names.expanded(value.node or value.text or ""))
        if match:
            return _SIZE_UNITS.get("_".join(match.groups()), ("", ""))[0]
    words = crate.peek(quantity, "unitText")
    return next((slot for slot, text in _SIZE_UNITS.values() if text == words), "")


def _unit(crate: Crate, quantity: Node) -> str | None:
    """The term of a unit; codes of other systems (`E34`) stay kept."""
    for value in crate.values(quantity, "unitCode"):
        unit = term_iri(crate.graph.names.expanded(value.node or value.text or ""))
        if unit:
            crate.follow(value)
            return unit
    return None


def _count(value: Value) -> int | None:
    raw = value.raw
    if isinstance(raw, JsonFloat):
        return int(raw) if raw.is_integer() and raw >= 0 else None
    if isinstance(raw, str) and _WHOLE_NUMBER.fullmatch(raw.strip()):
        return int(raw)
    return raw if isinstance(raw, int) and not isinstance(raw, bool) and raw >= 0 else None


def _stated_number(crate: Crate, value: Value) -> float | None:
    """The number of a size, if it can be held exactly; taking it."""
    text = (value.text or "").strip()
    if not _NUMBER.fullmatch(text) or Decimal(text) != Decimal(repr(float(text))):
        return None
    crate.follow(value)
    return float(text)
