"""What a BIA v1 document is, which study it belongs to, and the parts that came beside a study."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rembigraph.loaders.bia_fields import Fields
from rembigraph.loaders.bia_files import FileTable
from rembigraph.loaders.bia_v1_tables import MOST_IMAGES, head
from rembigraph.loaders.json_bounds import parse_json
from rembigraph.loaders.leaves import LeafAccount
from rembigraph.loaders.reading import Document

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


class Parts:
    """The documents that came beside a study: each for itself, or summed up when they describe too many images.

    Args:
        attached: the documents.

    Attributes:
        documents: those that are read one by one, by name; and what is summed up, by column.
        tables: kind of documents -> what they hold, of those that are summed up.
    """

    def __init__(self, attached: Sequence[Document]) -> None:
        self.documents: list[tuple[str, Fields]] = []
        self.tables: dict[str, FileTable] = {}
        kinds = [kind_of(head(one)) for one in attached]
        too_many = kinds.count("image") > MOST_IMAGES
        self.fields: list[Fields] = []
        for document, kind in zip(attached, kinds, strict=True):
            parsed = parse_json(document)
            if too_many and (kind == "image" or parsed.get("image_id") is not None):
                self.tables.setdefault(f"{kind}-documents", FileTable()).add(parsed)
            else:
                self.fields.append(Fields(parsed, "", LeafAccount(parsed)))
                self.documents.append((document.name, self.fields[-1]))
        for name, found in self.tables.items():
            shown = {name: {"*": found.columns}}
            self.documents.append((name, Fields(shown, "", LeafAccount(shown))))
            self.documents[-1][1].account.mapped_under("")
