"""EMPIAR's API: `{"EMPIAR-10310": {...}}`, one entry or several; and EMPIAR's schemas, which hold no entry.

The accession is the key of the envelope. A test copy of an entry keeps the DOI of the entry that it was copied from;
that does not make them one study.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from rembigraph.loaders.empiar_codes import ANGSTROM
from rembigraph.loaders.empiar_entry import SOURCE, Form, accession_of, reading
from rembigraph.loaders.empiar_places import Place, Taking
from rembigraph.loaders.json_bounds import JsonFloat, parse_json
from rembigraph.loaders.leaves import LeafAccount, escaped
from rembigraph.loaders.reading import Document, Reading
from rembigraph.loaders.values import without_email
from rembigraph.ontology.errors import SourceError, SourceMalformed, SourceSkipped

FORMAT = "empiar-api"

__all__ = ["FORMAT", "SOURCE", "canonical_json", "is_template", "read", "recognises"]

_SNIFFED_BYTES = 64 * 1024
_FORM = Form(FORMAT, pixel_unit=ANGSTROM)
_ENVELOPE = re.compile(rb'\{\s*"(?:EMPIAR-[A-Za-z0-9_-]{1,90}|[0-9]{5,9})"\s*:', re.IGNORECASE)
_SCHEMA = re.compile(
    rb'"\$schema"\s*:\s*"https?://json-schema\.org/|"(?:swagger|openapi)"\s*:\s*"[0-9]', re.IGNORECASE
)
_TEMPLATE = re.compile(r"EMPIAR-(?:X+|N+)", re.IGNORECASE)
_FIELDS = ("title", "imagesets", "authors", "experiment_type", "entry_doi", "citation")
_FIX = "An entry's key is its accession, such as EMPIAR-10310."


def recognises(document: Document) -> bool:
    """Whether the text begins like an envelope around EMPIAR entries, or is a schema of EMPIAR's."""
    data = document.data.removeprefix(b"\xef\xbb\xbf")
    head = data[:_SNIFFED_BYTES].lstrip()
    if not head.startswith(b"{"):
        return False
    return bool(_ENVELOPE.match(head)) or (bool(_SCHEMA.search(head)) and b"empiar" in head.lower())


def is_template(accession: str) -> bool:
    """Whether an accession only shows where one belongs.

    >>> is_template("EMPIAR-XXXXX"), is_template("EMPIAR-TEST")
    (True, False)
    """
    return bool(_TEMPLATE.fullmatch(accession.strip()))


def read(document: Document) -> Iterator[Reading | SourceError]:
    """Read every entry of the envelope; one that can't be read is yielded as an error."""
    try:
        if not _ENVELOPE.match(document.data.removeprefix(b"\xef\xbb\xbf").lstrip()):
            raise SourceSkipped("this is a schema: it describes records and holds none", where=document.place)
        parsed = parse_json(document)
    except SourceError as error:
        yield error
        return
    for number, (key, entry) in enumerate(parsed.items(), start=1):
        try:
            yield _entry(document, key, entry, number if len(parsed) > 1 else 0)
        except SourceError as error:
            yield error


def _entry(document: Document, key: str, entry: Any, part: int) -> Reading:
    if not isinstance(entry, dict) or not any(name in entry for name in _FIELDS):
        message = f"EMPIAR has no entry {without_email(key)[:80]}{_said(entry)}"
        raise SourceSkipped(message, where=document.place, fix="Check the accession.")
    if is_template(key):
        raise SourceSkipped("this is a template: it holds no study", where=document.place)
    accession = accession_of(key)
    if accession is None:
        message = f"{without_email(key)[:80]!r} is not an accession of EMPIAR"
        pointer = f"/{escaped(without_email(key)[:80])}"
        raise SourceMalformed(
            message, source=document.place, pointer=pointer, code="unknown-accession", fix=_FIX
        )
    source = canonical_json({key: entry}).encode() if part else document.data
    pointer = f"/{escaped(key)}"

    def place(taking: Taking) -> Place:
        return Place(taking, (entry, pointer))

    return reading(_FORM, accession, LeafAccount({key: entry}), place, source, part)


def _said(entry: Any) -> str:
    """What the API says instead of an entry, in a few words."""
    words = entry if isinstance(entry, str) else None
    if isinstance(entry, dict):
        words = next((str(entry[name]) for name in ("message", "error", "detail") if entry.get(name)), None)
    return f" (it says: {without_email(words)[:120]})" if words else ""


def canonical_json(value: Any) -> str:
    """Return JSON with sorted names, without blanks, and with every number as it was written.

    >>> canonical_json({"b": [None, True, JsonFloat("1.50")], "a": "ö"})
    '{"a":"ö","b":[null,true,1.50]}'
    """
    if isinstance(value, dict):
        members = (
            f"{json.dumps(k, ensure_ascii=False)}:{canonical_json(v)}" for k, v in sorted(value.items())
        )
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical_json, value)) + "]"
    return value.text if isinstance(value, JsonFloat) else json.dumps(value, ensure_ascii=False)
