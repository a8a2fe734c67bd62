"""What a BIA v1 document is, and which study it belongs to."""

from __future__ import annotations

from typing import Any

_STUDY = frozenset(
    {
        "organism",
        "imaging_type",
        "images",
        "file_references",
        "authors",
        "links",
        "archive_files",
        "other_files",
    }
    | {"image_aliases", "example_image_uri", "release_date", "description", "license", "tags"}
)


def kind_of(parsed: Any) -> str | None:
    """Return what a document with `accession_id` is: `study`, or a part of one; None for anything else.

    >>> kind_of({"accession_id": "S-BIAD1", "image_id": "IM1", "uri": "https://example.org/a"})
    'representation'
    """
    if not isinstance(parsed, dict):
        return None
    names = {name.casefold() for name in parsed}
    if "accession_id" not in names:
        return None
    if "id" in names and names & {"original_relpath", "representations"}:
        return "image"
    if "image_id" in names and "uri" in names:
        return "representation"
    if "key" in names and "value" in names:
        return "annotation"
    if "image_id" in names and "name" in names:
        return "alias"
    return "study" if "title" in names and names & _STUDY else None
