"""File lists of BioStudies: one row a file, as JSON or TSV. On its own a file list is no study."""

from __future__ import annotations

from collections.abc import Iterator

from rembigraph.loaders.reading import Document, Reading
from rembigraph.ontology.errors import SourceError, SourceSkipped

FORMAT = "file-list"
SOURCE = "pagetab"

_SNIFFED_BYTES = 4096


def recognises(document: Document) -> bool:
    """Whether the bytes begin like a list of files: a JSON array of objects with `path`, or a TSV headed `Files`."""
    head = document.data[:_SNIFFED_BYTES].removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(b"["):
        return head[1:].lstrip().startswith((b"{", b"]")) and (b'"path"' in head or b'"attributes"' in head)
    return head.split(b"\n", 1)[0].split(b"\t", 1)[0].strip().lower() == b"files"


def read(document: Document) -> Iterator[Reading | SourceError]:
    """Say that there is no study in it."""
    yield SourceSkipped(
        "this is a file list, which is no study",
        where=document.place,
        fix="Load the study that names it; the study's record names the list.",
    )
