"""A study in the words of others: citations, DataCite, schema.org, DCAT-AP, RO-Crate, Croissant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rembigraph.catalogue.exports.bibtex import BIBTEX
from rembigraph.catalogue.exports.citation import citation_text
from rembigraph.catalogue.exports.croissant import CROISSANT
from rembigraph.catalogue.exports.csl import CSL
from rembigraph.catalogue.exports.datacite import DATACITE_JSON
from rembigraph.catalogue.exports.datacite_xml import DATACITE_XML
from rembigraph.catalogue.exports.dcat import DCAT
from rembigraph.catalogue.exports.described import Author, Described
from rembigraph.catalogue.exports.kinds import Export
from rembigraph.catalogue.exports.ris import RIS
from rembigraph.catalogue.exports.ro_crate import RO_CRATE
from rembigraph.catalogue.exports.schema_org import SCHEMA_ORG, script_text

EXPORTS: Final[Mapping[str, Export]] = {
    one.name: one
    for one in (SCHEMA_ORG, DCAT, RO_CRATE, CROISSANT, DATACITE_JSON, DATACITE_XML, BIBTEX, RIS, CSL)
}
"""Exports by name."""

__all__ = ["EXPORTS", "Author", "Described", "Export", "citation_text", "script_text"]
