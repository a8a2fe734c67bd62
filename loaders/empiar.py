"""EMPIAR's API: `{"EMPIAR-10310": {...}}`, one entry or several; and EMPIAR's schemas, which hold no entry.

The accession is the key of the envelope. A test copy of an entry keeps the DOI of the entry that it was copied from;
that does not make them one study. An entry without an envelope, alone or in a list, is called as its `id` says, or its
DOI.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from rembigraph.loaders.empiar_entry import SOURCE, Form, accession_of, reading
from rembigraph.loaders.empiar_places import Place, Taking
from rembigraph.loaders.json_bounds import JsonFloat, parse_json
from rembigraph.loaders.leaves import LeafAccount, escaped
from rembigraph.loaders.reading import Document, Reading
from rembigraph.loaders.values import doi, without_email
from rembigraph.ontology.errors import SourceError, SourceMalformed, SourceSkipped

FORMAT = "empiar-api"

__all__ = ["FORMAT", "SOURCE", "canonical_json", "is_template", "read", "recognises"]

_SNIFFED_BYTES = 64 * 1024
_FORM = Form(FORMAT)
_ENVELOPE = re.compile(rb'\{\s*"(?:EMPIAR-[A-Za-z0-9_-]{1,90}|[0-9]{5,9})"\s*:', re.IGNORECASE)
_SCHEMA = re.compile(
    rb'"\$schema"\s*:\s*"https?://json-schema\.org/|"(?:swagger|openapi)"\s*:\s*"[0-9]', re.IGNORECASE
)
_TEMPLATE = re.compile(r"EMPIAR-(?:X+|N+)", re.IGNORECASE)
_OWN_NAMES = ("id", "entry_doi")
_NAMES_ITSELF = re.compile(rb'"(?:id|entry_doi)"\s*:\s*"[^"]{0,40}EMPIAR-[A-Za-z0-9_-]{1,90}"', re.IGNORECASE)
_IMAGESETS = re.compile(rb'"imagesets"\s*:')
_DOI_PREFIX = "10.6019/"
_FIELDS = ("title", "imagesets", "authors", "experiment_type", "entry_doi", "citation")
_FIX = "An entry's key is its accession, such as EMPIAR-10310."


def recognises(document: Document) -> bool:
    """Whether the text is an envelope around EMPIAR entries, such entries themselves, or a schema of EMPIAR's."""
    data = document.data.removeprefix(b"\xef\xbb\xbf").lstrip()
    head = data[:_SNIFFED_BYTES]
    if not head.startswith((b"{", b"[")):
        return False
    return _has_entries(data) or (bool(_SCHEMA.search(head)) and b"empiar" in head.lower())


def _has_entries(data: bytes) -> bool:
    return bool(_ENVELOPE.match(data)) or bool(_IMAGESETS.search(data) and _NAMES_ITSELF.search(data))


def is_template(accession: str) -> bool:
    """Whether an accession only shows where one belongs.

    >>> is_template("EMPIAR-XXXXX"), is_template("EMPIAR-TEST")
    (True, False)
    """
    return bool(_TEMPLATE.fullmatch(accession.strip()))


def read(document: Document) -> Iterator[Reading | SourceError]:
    """Read every entry; one that can't be read is yielded as an error."""
    try:
        if not _has_entries(document.data.removeprefix(b"\xef\xbb\xbf").lstrip()):
            raise SourceSkipped("this is a schema: it describes records and holds none", where=document.place)
        parsed = parse_json(document)
    except SourceError as error:
        yield error
        return
    entries = _entries(parsed)
    alone = len(entries) == 1 and not isinstance(parsed, list)
    for number, (key, whole) in enumerate(entries, start=1):
        try:
            yield _entry(document, key, whole, 0 if alone else number)
        except SourceError as error:
            yield error


def _entries(parsed: Any) -> list[tuple[str, Any]]:
    """Return accessions, each with what stands for its entry: the entry itself, or an envelope around it alone."""
    if isinstance(parsed, list):
        return [(_own_name(entry), entry) for entry in parsed]
    if any(name in parsed for name in _FIELDS):
        return [(_own_name(parsed), parsed)]
    return [(key, {key: entry}) for key, entry in parsed.items()]


def _own_name(entry: Any) -> str:
    names = [entry.get(name) for name in _OWN_NAMES] if isinstance(entry, dict) else []
    texts = [name for name in names if isinstance(name, str)]
    return next(((doi(text) or text).removeprefix(_DOI_PREFIX) for text in texts), "")


def _entry(document: Document, key: str, whole: Any, part: int) -> Reading:
    in_envelope = isinstance(whole, dict) and list(whole) == [key]
    entry, pointer = (whole[key], f"/{escaped(key)}") if in_envelope else (whole, "")
    if not isinstance(entry, dict) or not any(name in entry for name in _FIELDS):
        message = f"EMPIAR has no entry {without_email(key)[:80]}{_said(entry)}"
        raise SourceSkipped(message, where=document.place, fix="Check the accession.")
    if is_template(key):
        raise SourceSkipped("this is a template: it holds no study", where=document.place)
    accession = accession_of(key)
    if accession is None:
        message = f"{without_email(key)[:80]!r} is not an accession of EMPIAR"
        where = f"/{escaped(without_email(key)[:80])}" if in_envelope else "/id"
        raise SourceMalformed(
            message, source=document.place, pointer=where, code="unknown-accession", fix=_FIX
        )
    source = canonical_json(whole).encode() if part else document.data

    def place(taking: Taking) -> Place:
        return Place(taking, (entry, pointer))

    return reading(_FORM, accession, LeafAccount(whole), place, source, part)


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
