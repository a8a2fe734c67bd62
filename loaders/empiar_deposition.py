"""EMPIAR depositions: the flat JSON that people submit, in codes, before there is an accession."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from rembigraph.loaders.empiar_entry import SOURCE, Form, reading
from rembigraph.loaders.empiar_places import Place, Taking
from rembigraph.loaders.json_bounds import parse_json
from rembigraph.loaders.leaves import LeafAccount
from rembigraph.loaders.reading import Document, Reading
from rembigraph.loaders.values import prose
from rembigraph.ontology.errors import SourceError, SourceMalformed
from rembigraph.ontology.identifiers import draft_accession

FORMAT = "empiar-deposition"

__all__ = ["FORMAT", "SOURCE", "read", "recognises"]

_FORM = Form(FORMAT, quality="draft", has_release_date=False)
_IMAGESETS = re.compile(rb'"imagesets"\s*:\s*\[')
_AGAIN = re.compile(rb'"(?:experiment_type|principal_investigator|corresponding_author)"\s*:')


def recognises(document: Document) -> bool:
    """Whether the text is a JSON object with the fields of a deposition."""
    data = document.data.removeprefix(b"\xef\xbb\xbf").lstrip()
    return data.startswith(b"{") and bool(_IMAGESETS.search(data)) and bool(_AGAIN.search(data))


def read(document: Document) -> Iterator[Reading | SourceError]:
    """Read the deposition as a draft."""
    try:
        parsed = parse_json(document)
        yield _draft(document, parsed)
    except SourceError as error:
        yield error


def _draft(document: Document, parsed: dict[str, Any]) -> Reading:
    if "imagesets" not in parsed:
        message = "the image sets do not stand where a deposition has them, at the top"
        fix = "A deposition is flat; an entry of the API stands under its accession."
        raise SourceMalformed(message, source=document.place, code="no-entry", fix=fix)
    title = parsed.get("title")
    if not isinstance(title, str) or not prose(title):
        message = "the deposition has no title, and without one there is nothing to call it by"
        raise SourceMalformed(
            message, source=document.place, pointer="/title", code="no-title", fix='Add a "title".'
        )

    def place(taking: Taking) -> Place:
        return Place(taking, (parsed, ""))

    return reading(_FORM, draft_accession(title), LeafAccount(parsed), place, document.data)
