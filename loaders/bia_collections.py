"""Collections of the BioImage Archive: a name, a title and the accessions of studies. A collection is no study."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rembigraph.loaders.json_bounds import parse_json
from rembigraph.loaders.reading import Document, Reading
from rembigraph.loaders.values import prose
from rembigraph.ontology.errors import SourceError, SourceMalformed, SourceSkipped

FORMAT = "bia-collection"
SOURCE = "bia-v1"

_SNIFFED_BYTES = 64 * 1024
_MOST_NAMED = 20
_SHOWN = 100  # characters of one name or title


def recognises(document: Document) -> bool:
    """Whether the bytes begin like a JSON object with a list of studies, and are no study themselves."""
    head = document.data[:_SNIFFED_BYTES].removeprefix(b"\xef\xbb\xbf").lstrip()
    if not head.startswith(b"{") or b'"@graph"' in head or b'"accession_id"' in document.data:
        return False
    return b'"accession_ids"' in document.data or (
        b'"BIACollection"' in head and b'"study_uuids"' in document.data
    )


def read(document: Document) -> Iterator[Reading | SourceError]:
    """Say that there is no study in it, what it is called, and which studies it names."""
    try:
        parsed = parse_json(document)
        members = parsed if isinstance(parsed, dict) else {}
        named = members.get("accession_ids", members.get("study_uuids"))
        if not isinstance(named, list):
            raise SourceMalformed(
                "a collection needs its `accession_ids` as a list",
                source=document.place,
                pointer="/accession_ids",
                code="no-list",
                fix='Write "accession_ids": ["S-BIAD1", ...].',
            )
        yield SourceSkipped(
            f"this is a BIA collection{_called(members)} of {_studies(named)}; a collection is no study",
            where=document.place,
            fix="Load the studies that it names.",
        )
    except SourceError as error:
        yield error


def _called(members: dict[str, Any]) -> str:
    texts = [prose(value) for key in ("name", "title") if isinstance(value := members.get(key), str)]
    texts = [text[:_SHOWN] for text in texts if text]
    return f" ({': '.join(texts)})" if texts else ""


def _studies(named: list[Any]) -> str:
    shown = [prose(one)[:_SHOWN] for one in named[:_MOST_NAMED] if isinstance(one, str)]
    more = f" and {len(named) - len(shown)} more" if len(named) > len(shown) else ""
    count = f"{len(named)} {'study' if len(named) == 1 else 'studies'}"
    return f"{count}: {', '.join(shown)}{more}" if shown else count
