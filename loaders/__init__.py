"""Loaders: one module per kind of source, pure functions from bytes to completed records.

`read(document)` finds the loader by content. To add a source, write a module with `FORMAT`, `SOURCE`, `recognises`
and `read` (see `reading.Loader`) and name it in `LOADERS`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from rembigraph.loaders import (
    bia_collections,
    bia_objects,
    bia_objects_gather,
    bia_v1,
    cryoet_portal,
    curation,
    emicss,
    empiar,
    empiar_curation,
    empiar_deposition,
    empiar_xml,
    file_lists,
    file_lists_gather,
    pagetab,
    rdf_documents,
    rembi_yaml,
    ro_crate,
)
from rembigraph.loaders.documents import documents as every_document
from rembigraph.loaders.reading import Document, Leaves, Loader, Reading
from rembigraph.loaders.values import has_email, without_email
from rembigraph.ontology.completion import walk
from rembigraph.ontology.errors import SourceError, SourceMalformed

MAX_PARTS = 60_000  # of one record: about 200,000 triples, eight times the largest known

LOADERS: tuple[Loader, ...] = (
    ro_crate,
    pagetab,
    empiar,
    empiar_deposition,
    empiar_xml,
    empiar_curation,
    emicss,
    file_lists,
    bia_objects,
    bia_collections,
    bia_v1,
    cryoet_portal,
    curation,
    rembi_yaml,
    rdf_documents,
)

__all__ = ["LOADERS", "Document", "Leaves", "Loader", "Reading", "documents_of", "gathered", "read"]


def documents_of(paths: Sequence[str]) -> Iterator[Document | SourceError]:
    """Yield every document below the paths, with what belongs to one study gathered into one document."""
    return gathered(every_document(paths))


def gathered(found: Iterator[Document | SourceError]) -> Iterator[Document | SourceError]:
    """Attach to a study's document what came beside it and belongs to it."""
    return bia_objects_gather.gathered(file_lists_gather.gathered(found))


def read(document: Document) -> Iterator[Reading | SourceError]:
    """Read every study of a document with the loader that recognises its content."""
    for loader in LOADERS:
        if loader.recognises(document):
            for result in loader.read(document):
                yield _without_addresses(_in_bounds(result, document), document)
            return
    yield SourceMalformed(
        "this is no format that Rembigraph reads",
        source=document.place,
        pointer="1:1",
        code="unknown-format",
        fix="It reads GIDE RO-Crates (JSON with @context and @graph), BioStudies PageTab (JSON with accno and "
        "section), BioImage Archive documents (JSON with accession_id, or uuid and model), EMPIAR entries (JSON, XML) "
        "and their curation, BIA collections, EMICSS tables (TSV with EMDB_ID), metadata of the CryoET Data Portal, "
        "Rembigraph YAML (accession: ..., or curation: ...) and RDF.",
    )


def _in_bounds(result: Reading | SourceError, document: Document) -> Reading | SourceError:
    """Refuse a record with so many parts that validating it would take all memory."""
    if isinstance(result, SourceError) or next(islice(walk(result.study), MAX_PARTS, None), None) is None:
        return result
    return SourceMalformed(
        f"the record of {result.accession} has more than {MAX_PARTS} parts",
        source=document.place,
        pointer="1:1",
        code="too-large",
        fix="A record holds metadata of one study: describe files and images together, not one by one.",
    )


def _without_addresses(result: Reading | SourceError, document: Document) -> Reading | SourceError:
    """Take e-mail addresses out of what is said about a document; the place keeps the name that it was given by."""
    if isinstance(result, Reading):
        names = {without_email(name): 0 for name in result.unmapped}
        for name, count in result.unmapped.items():
            names[without_email(name)] += count
        return replace(result, unmapped=names)
    result.message, result.fix = without_email(result.message), without_email(result.fix)
    if isinstance(result, SourceMalformed) and has_email(result.pointer):
        result.pointer = without_email(result.pointer)
        result.where = f"{document.place}#{result.pointer}"
    return result
