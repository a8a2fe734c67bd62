"""Prefixes that people in this field write without declaring them."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from difflib import get_close_matches
from typing import Final

WELL_KNOWN: Final = {
    "bibo": "http://purl.org/ontology/bibo/",
    "cito": "http://purl.org/spar/cito/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "dcterms": "http://purl.org/dc/terms/",
    "edam": "http://edamontology.org/",
    "fbbi": "http://purl.obolibrary.org/obo/FBbi_",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "geo": "http://www.opengis.net/ont/geosparql#",
    "obo": "http://purl.obolibrary.org/obo/",
    "owl": "http://www.w3.org/2002/07/owl#",
    "pav": "http://purl.org/pav/",
    "prov": "http://www.w3.org/ns/prov#",
    "qudt": "http://qudt.org/schema/qudt/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "rembi": "https://w3id.org/rembigraph/ns#",
    "rembif": "https://w3id.org/rembigraph/functions#",
    "schema": "http://schema.org/",
    "sd": "http://www.w3.org/ns/sparql-service-description#",
    "sh": "http://www.w3.org/ns/shacl#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "up": "http://purl.uniprot.org/core/",
    "void": "http://rdfs.org/ns/void#",
    "wd": "http://www.wikidata.org/entity/",
    "wdt": "http://www.wikidata.org/prop/direct/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


def undeclared_prefix(prefix: str, declared: AbstractSet[str]) -> tuple[str, str]:
    """Say that a prefix is not declared, and what to add: a sentence and a proposal."""
    shown = prefix[:60]
    message = f"The prefix {shown}: is not declared."
    iri = WELL_KNOWN.get(prefix.lower())
    if iri:
        return message, f"Add at the top: PREFIX {shown}: <{iri}>"
    close = get_close_matches(prefix.lower()[:40], sorted({*declared, *WELL_KNOWN}), n=1, cutoff=0.75)
    if close and close[0] in declared:
        return message, f"Did you mean {close[0]}:?"
    if close:
        return message, f"Did you mean PREFIX {close[0]}: <{WELL_KNOWN[close[0]]}>?"
    return message, f"Add at the top: PREFIX {shown}: <the IRI that it stands for>"
