"""BioImage Archive model objects (v1 to v4): one JSON document each, joined by uuids; together they are one study.

`{"uuid", "version", "model": {"type_name", "version"}, ...}`. `bia_objects_gather` attaches the objects of a batch to
their Study. Older models are read as they come: `title_id` for `title`, `attribute` for `additional_metadata`,
datasets and images by what they were called then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from rembigraph.loaders.bia_documents import ignore_private, kept_values, study_of
from rembigraph.loaders.bia_objects_images import Images
from rembigraph.loaders.bia_objects_index import Objects, type_of
from rembigraph.loaders.bia_objects_parts import Parts
from rembigraph.loaders.bia_objects_study import describe
from rembigraph.loaders.json_bounds import parse_json
from rembigraph.loaders.leaves import leaf_name
from rembigraph.loaders.reading import Document, Leaves, Reading
from rembigraph.ontology.completion import complete
from rembigraph.ontology.errors import SourceError, SourceMalformed, SourceSkipped
from rembigraph.ontology.generated.models import Study

FORMAT = "bia"
SOURCE = "bia"

_SNIFFED_BYTES = 64 * 1024


def recognises(document: Document) -> bool:
    """Whether the bytes begin like a JSON object with `uuid` and a model's `type_name`, or an early Study without."""
    head = document.data[:_SNIFFED_BYTES].removeprefix(b"\xef\xbb\xbf").lstrip()
    if not head.startswith(b"{") or b'"@graph"' in head or b'"uuid"' not in document.data:
        return False
    if b'"BIACollection"' in head:
        return False
    return b'"type_name"' in document.data or (b'"accession_id"' in head and b'"author"' in head)


def read(document: Document) -> Iterator[Reading | SourceError]:
    """Read a Study with the objects that are attached to it; any other object on its own is skipped."""
    try:
        parsed = parse_json(document)
        kind = type_of(parsed)
        if not kind and "uuid" not in parsed:
            message = "this holds BIA objects inside one another, as exports for the archive's website do"
            raise SourceSkipped(message, where=document.place, fix="Load the objects that it was made from.")
        if not kind:
            raise SourceMalformed(
                "this has a uuid, but its `model` does not say what it is",
                source=document.place,
                pointer="/model/type_name",
                code="unknown-format",
                fix='A BIA object says "model": {"type_name": "Study", "version": 3}.',
            )
        if kind != "Study":
            message = f"this is a BIA {kind}, and its study did not come with it"
            raise SourceSkipped(message, where=document.place, fix="Load it together with its Study object.")
        yield _reading(document, parsed)
    except SourceError as error:
        yield error


def _reading(document: Document, parsed: dict[str, Any]) -> Reading:
    objects = Objects(document, parsed)
    study, quality = study_of(objects.root, document)
    _map(objects, study)
    for _, fields in objects.documents():
        ignore_private(fields)
    study.kept_value = kept_values(objects.documents())
    accounts = [(kind, fields.account) for kind, fields in objects.accounted()]
    return Reading(
        study=complete(study, SOURCE),
        source=SOURCE,
        format=FORMAT,
        source_bytes=document.bundle(),
        leaves=sum((account.leaves() for _, account in accounts), Leaves()),
        quality=quality,
        unmapped=_unmapped(accounts),
    )


def _map(objects: Objects, study: Study) -> None:
    describe(objects.root, study)
    parts = Parts(objects, study)
    parts.map_all()
    Images(objects, study).map_all()
    parts.complete_components()


def _unmapped(accounts: list[tuple[str, Any]]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for kind, account in accounts:
        found.update(account.unmapped(lambda pointer, kind=kind: f"{kind}: {leaf_name(pointer)}"))
    return dict(found)
