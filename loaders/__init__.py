"""Loaders: one module per kind of source, pure functions from bytes to completed records.

`read(document)` finds the loader by content. To add a source, write a module with `FORMAT`, `SOURCE`, `recognises`
and `read` (see `reading.Loader`) and name it in `LOADERS`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rembigraph.loaders import file_lists, pagetab, rembi_yaml, ro_crate
from rembigraph.loaders.documents import documents as every_document
from rembigraph.loaders.reading import Document, Leaves, Loader, Reading
from rembigraph.ontology.errors import SourceError, SourceMalformed

LOADERS: tuple[Loader, ...] = (ro_crate, pagetab, file_lists, rembi_yaml)

__all__ = ["LOADERS", "Document", "Leaves", "Loader", "Reading", "documents_of", "gathered", "read"]


def documents_of(paths: Sequence[str]) -> Iterator[Document | SourceError]:
    """Yield every document below the paths, with what belongs to one study gathered into one document."""
    return gathered(every_document(paths))


def gathered(found: Iterator[Document | SourceError]) -> Iterator[Document | SourceError]:
    """Attach to a study's document what came beside it and belongs to it."""
    return found


def read(document: Document) -> Iterator[Reading | SourceError]:
    """Read every study of a document with the loader that recognises its content."""
    for loader in LOADERS:
        if loader.recognises(document):
            yield from loader.read(document)
            return
    yield SourceMalformed(
        "this is no format that Rembigraph reads",
        source=document.place,
        code="unknown-format",
        fix="It reads GIDE RO-Crates (JSON with @context and @graph), BioStudies PageTab (JSON with accno and "
        "section) and Rembigraph YAML (accession: ...).",
    )
