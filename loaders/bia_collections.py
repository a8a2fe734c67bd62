"""Collections of the BioImage Archive: a name, a title and the accessions of studies. A collection is no study."""

from __future__ import annotations

from collections.abc import Iterator

from rembigraph.loaders.json_bounds import parse_json
from rembigraph.loaders.reading import Document, Reading
from rembigraph.ontology.errors import SourceError, SourceMalformed, SourceSkipped

FORMAT = "bia-collection"
SOURCE = "bia-v1"

_SNIFFED_BYTES = 64 * 1024


def recognises(document: Document) -> bool:
    """Whether the bytes begin like a JSON object with a list of `accession_ids`."""
    head = document.data[:_SNIFFED_BYTES].removeprefix(b"\xef\xbb\xbf").lstrip()
    return head.startswith(b"{") and b'"@context"' not in head and b'"accession_ids"' in document.data


def read(document: Document) -> Iterator[Reading | SourceError]:
    """Say that there is no study in it, and how many it names."""
    try:
        parsed = parse_json(document)
        named = parsed.get("accession_ids") if isinstance(parsed, dict) else None
        if not isinstance(named, list):
            raise SourceMalformed(
                "a collection needs its `accession_ids` as a list",
                source=document.place,
                pointer="/accession_ids",
                code="no-list",
                fix='Write "accession_ids": ["S-BIAD1", ...].',
            )
        yield SourceSkipped(
            f"this is a collection of {len(named)} studies, which is no study",
            where=document.place,
            fix="Load the studies that it names.",
        )
    except SourceError as error:
        yield error
