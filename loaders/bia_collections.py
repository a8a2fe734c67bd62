"""Collections of the BioImage Archive: a name, a title and the accessions of studies. A collection is no study.

It becomes a set of links (`LINKS-BIA-CORRELATIVE`) from the collection to each member. It does not say which members
belong together, so there are no links between them. Members that are given only as uuids of the integrator, or that
are no accession, stay kept: whose uuid it is can't be read off it.

The name is what tells collections apart, in the archive's addresses too. So documents of one name are versions of one
collection, of which the catalogue serves the better one and `load` calls the other superseded; files of different
names may well hold the same collection. Objects of the integrator's API have a source of their own (`bia`, not
`bia-v1`): they stand beside the document with the accessions and can't replace it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from rembigraph.loaders.bia_documents import ignore_private
from rembigraph.loaders.bia_fields import Fields
from rembigraph.loaders.json_bounds import parse_json, split_list
from rembigraph.loaders.leaves import LeafAccount
from rembigraph.loaders.reading import Document, Reading
from rembigraph.ontology.completion import complete_links
from rembigraph.ontology.errors import SourceError, SourceMalformed
from rembigraph.ontology.external import parse_external
from rembigraph.ontology.generated.models import LinkSet, StudyLink
from rembigraph.ontology.identifiers import NotAnAccession, link_set_accession, parse_accession

FORMAT = "bia-collection"
SOURCE = "bia-v1"

_OBJECT_SOURCE = "bia"
_KIND = "BIA"
_SNIFFED_BYTES = 64 * 1024
_MEMBERS = "accession_ids"
_UUIDS = "study_uuids"


def recognises(document: Document) -> bool:
    """Whether the bytes begin like a JSON object with a list of studies, and are no study themselves; or a list."""
    head = document.data[:_SNIFFED_BYTES].removeprefix(b"\xef\xbb\xbf").lstrip()
    if b'"@graph"' in head or b'"accession_id"' in document.data:
        return False
    has_members = b'"accession_ids"' in document.data
    if head.startswith(b"["):
        return has_members and b'"title"' in head
    return head.startswith(b"{") and (
        has_members or (b'"BIACollection"' in head and b'"study_uuids"' in document.data)
    )


def read(document: Document) -> Iterator[Reading | SourceError]:
    """Read each collection; one that can't be read is yielded as an error."""
    try:
        parts = _parts(document)
    except SourceError as error:
        yield error
        return
    for number, part in enumerate(parts, start=1):
        try:
            yield _reading(part, number if len(parts) > 1 else 0)
        except SourceError as error:
            yield error


def _parts(document: Document) -> list[Document]:
    head = document.data[:_SNIFFED_BYTES].removeprefix(b"\xef\xbb\xbf").lstrip()
    if not head.startswith(b"["):
        return [document]
    _, items = split_list(document, lambda item: isinstance(item, dict))
    return [replace(document, data=data) for data in items] or [document]


def _reading(document: Document, part: int) -> Reading:
    parsed = parse_json(document)
    if not isinstance(parsed, dict) or not _lists_members(parsed):
        raise _malformed(
            document,
            "a collection needs its `accession_ids` as a list",
            f"/{_MEMBERS}",
            'Write "accession_ids": ["S-BIAD1", ...].',
        )
    of = Fields(parsed, "", LeafAccount(parsed))
    name, title = of.text("name"), of.text("title")
    if not (name or title):
        raise _malformed(document, "the collection has neither name nor title", "/name", "Give it a `name`.")
    subtitle = of.attributes("subtitle")
    links = LinkSet(
        accession=link_set_accession(_KIND, str(name or title)).text,
        title=title or name,
        description=of.text("description"),
        attribute_text=[*([f"name: {name}"] if name else []), *subtitle, *of.attributes("uuid", "version")],
    )
    links.attribute_text += of.attributes("attributes")
    links.related = _members(of, _quoted(links, subtitle))
    of.nothing(_MEMBERS, _UUIDS, "annotations")
    ignore_private(of)
    links.kept_value = of.account.kept()
    source = _OBJECT_SOURCE if of.peek("uuid") is not None else SOURCE
    return Reading(
        study=complete_links(links, source),
        source=source,
        format=FORMAT,
        source_bytes=document.data,
        leaves=of.account.leaves(),
        part=part,
        unmapped=of.account.unmapped(),
    )


def _lists_members(parsed: dict[str, Any]) -> bool:
    return any(isinstance(parsed.get(name), list) for name in (_MEMBERS, _UUIDS))


def _quoted(links: LinkSet, subtitle: list[str]) -> str:
    """Return the collection's name as evidence quotes it."""
    words = subtitle[0].partition(": ")[2] if subtitle else ""
    return f'collection "{links.title}"' + (f" ({words})" if words else "")


def _members(of: Fields, collection: str) -> list[StudyLink]:
    """Return a link to each member that is an accession, once."""
    found: dict[str, StudyLink] = {}
    given = of.peek(_MEMBERS)
    for number, text in enumerate(given if isinstance(given, list) else []):
        target = _target(text) if isinstance(text, str) else None
        if target is None:
            continue
        of.account.mapped(f"{of.place(of.present(_MEMBERS)[0])}/{number}")
        link = found.setdefault(
            target,
            StudyLink(
                link_to=target,
                link_relation="has_member",
                evidence_kind="collection",
                asserted_by="archive",
            ),
        )
        quote = f"{collection}, {_MEMBERS}: {text.strip()}"
        link.evidence_text = list(dict.fromkeys([*link.evidence_text, quote]))
    return list(found.values())


def _target(text: str) -> str | None:
    """Return the accession of a member, or the IRI of a record elsewhere; None when it is neither."""
    try:
        accession = parse_accession(text)
    except NotAnAccession:
        external = parse_external(text)
        return external.iri if external else None
    return None if accession.archive.is_of_statements else accession.text


def _malformed(document: Document, message: str, pointer: str, fix: str) -> SourceMalformed:
    return SourceMalformed(message, source=document.place, pointer=pointer, code="no-list", fix=fix)
