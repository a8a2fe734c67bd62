"""What was imaged and how, in the words of the GIDE profile: BioSample, Taxon, LabProtocol, DefinedTerm.

Every taxon and term of a sample or protocol is linked from the Dataset itself as well, as the profile demands.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from rembigraph.catalogue.exports.citation import one_line, paragraphs
from rembigraph.catalogue.exports.schema_org_facts import biosample_terms, cut_short, terms_of
from rembigraph.catalogue.exports.schema_org_things import Thing, filled

if TYPE_CHECKING:
    from rembigraph.catalogue.exports.described import Described
    from rembigraph.catalogue.exports.ro_crate_things import Graph, Reference
    from rembigraph.catalogue.recordview import Node

MOST_NODES: Final = 500
"""Most samples, and most protocols, that a crate describes."""


class Samples:
    """Samples and protocols of one study.

    Args:
        study: the study.
        graph: takes their things.
    """

    def __init__(self, study: Described, graph: Graph) -> None:
        self._study = study
        self._graph = graph

    def about(self) -> list[Reference]:
        """Take what was imaged: samples, taxa, then other terms."""
        samples = self._study.study.nodes("biosample")
        listed = [self._sample(node) for node in samples[:MOST_NODES]]
        self._note("samples", samples)
        taxa = dict(self._study.terms("organism"))
        for node in samples:
            taxa |= {iri: self._study.view.label(iri) for iri in node.iris("organism")}
        found = [self._taxon(iri, label) for iri, label in terms_of(taxa.items())]
        return _once([*listed, *found, *self._terms(biosample_terms(self._study))])

    def methods(self) -> list[Reference]:
        """Take how images were made: acquisitions, then the terms of imaging methods."""
        acquisitions = self._study.study.nodes("acquisition")
        listed = [self._protocol(node) for node in acquisitions[:MOST_NODES]]
        self._note("image acquisitions", acquisitions)
        terms = dict(self._study.terms("imaging_method"))
        for node in acquisitions:
            terms |= {iri: self._study.view.label(iri) for iri in node.iris("imaging_method")}
        return _once([*listed, *self._terms(terms_of(terms.items()))])

    def _note(self, of: str, known: list[Node]) -> None:
        self._graph.notes.append(cut_short(of, min(len(known), MOST_NODES), len(known)))

    def _sample(self, node: Node) -> Reference:
        taxa = [self._taxon(*found) for found in self._labelled(node, "organism")]
        return self._graph.add(
            filled(
                {
                    "@id": node.iri,
                    "@type": "BioSample",
                    "name": one_line(node.text("title")) or one_line(node.label),
                    "description": _words(node, "biological_entity"),
                    "taxonomicRange": [*taxa, *_texts(node, "organism_text")],
                    "hasCellLine": self._terms(self._labelled(node, "cell_line")),
                }
            )
        )

    def _protocol(self, node: Node) -> Reference:
        equipment = [*_texts(node, "instrument_text"), *map(one_line, node.concepts("instrument"))]
        methods = self._terms(self._labelled(node, "imaging_method"))
        return self._graph.add(
            filled(
                {
                    "@id": node.iri,
                    "@type": "LabProtocol",
                    "name": one_line(node.text("title")) or one_line(node.label),
                    "description": _words(node, "parameters_text"),
                    "labEquipment": list(dict.fromkeys(equipment)),
                    "measurementTechnique": [*methods, *_texts(node, "imaging_method_text")],
                }
            )
        )

    def _labelled(self, node: Node, field: str) -> list[tuple[str, str]]:
        return terms_of((iri, self._study.view.label(iri)) for iri in node.iris(field))

    def _taxon(self, iri: str, label: str) -> Reference:
        node = self._study.view.node(iri)
        common = [one_line(text) for text in node.texts("common_name")] if node else []
        thing: Thing = {"@id": iri, "@type": "Taxon", "name": label, "scientificName": label}
        return self._graph.add(filled({**thing, "vernacularName": next(iter(common), "")}))

    def _terms(self, found: Iterable[tuple[str, str]]) -> list[Reference]:
        return [
            self._graph.add({"@id": iri, "@type": "DefinedTerm", "name": label, "url": iri})
            for iri, label in found
        ]


def _words(node: Node, instead: str) -> str:
    """The description of a node, or what the record says of it in another field of running text."""
    return paragraphs(node.text("description")) or "; ".join(_texts(node, instead))


def _texts(node: Node, field: str) -> list[str]:
    return [text for text in dict.fromkeys(map(one_line, node.texts(field))) if text]


def _once(references: Iterable[Reference]) -> list[Reference]:
    return [{"@id": name} for name in dict.fromkeys(reference["@id"] for reference in references)]
