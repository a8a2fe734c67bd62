"""How the page about an IRI of somebody else is addressed: `/about/NCBITaxon:9606`, `/about/DOI:10.1038/...`."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from rembigraph.catalogue.recordview import short_iri
from rembigraph.ontology.identifiers import DOI, expand_curie, is_web_address

_SAFE: Final = ":/-._~@+,=();"


def about_path(iri: str) -> str:
    """Return the path of the page about an IRI, without what a site has before it; empty when it can have none."""
    return "/about/" + quote(term_name(iri), safe=_SAFE) if is_web_address(iri) else ""


def term_name(iri: str) -> str:
    """Return how the path names an IRI: as a CURIE where one fits (a DOI keeps its slashes), else whole."""
    if iri.startswith(DOI):
        return f"DOI:{iri.removeprefix(DOI)}"
    short = short_iri(iri)
    return short if expand_curie(short) == iri else iri
