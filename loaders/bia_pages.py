"""Lists of BioImage Archive objects in one document, as the integrator's API gives them: one document each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from rembigraph.loaders.bia_objects_index import type_of, uuid_of
from rembigraph.loaders.bia_v1_parts import kind_of
from rembigraph.loaders.json_bounds import split_list
from rembigraph.loaders.reading import Document
from rembigraph.ontology.errors import SourceError

_SNIFFED_BYTES = 4 * 1024
_ITEMS = "items"  # member that holds the list of a page
_OF_AN_OBJECT = ("uuid", "accession_id", "model", "@graph", "section")


def objects_of(document: Document) -> Iterator[Document | SourceError]:
    """Yield the objects of a list or page, each by its number; any other document as it is."""
    head = document.data[:_SNIFFED_BYTES].removeprefix(b"\xef\xbb\xbf").lstrip()
    member = _ITEMS if head.startswith(b"{") and b'"items"' in head else ""
    if not (member or head.startswith(b"[")) or not _names_objects(document.data):
        yield document
        return
    try:
        others, items = split_list(document, is_object, member)
    except SourceError as error:
        is_list = not member and b'"type_name"' in head
        yield error if is_list else document  # the loader of any other document says what is wrong with it
        return
    if not items or any(name in others for name in _OF_AN_OBJECT):
        yield document
        return
    for number, data in enumerate(items):
        place = f"{member}/{number}" if member else str(number)
        yield replace(document, member=f"{document.member}/{place}".lstrip("/"), data=data)


def _names_objects(data: bytes) -> bool:
    return (b'"type_name"' in data and b'"uuid"' in data) or b'"accession_id"' in data


def is_object(value: Any) -> bool:
    """Whether it is a model object, or a document of v1."""
    return bool(type_of(value) and uuid_of(value)) or kind_of(value) is not None
