"""Metadata of the CZ CryoET Data Portal: which records of EMPIAR, EMDB and PDB its datasets name as related.

Three spellings are read: objects as the Python client gives them (`to_dict`: `id`, `related_database_entries`), the
metadata files of datasets and depositions (`dataset_identifier`, `cross_references`), and answers of the GraphQL
service (`relatedDatabaseEntries` below `data`). Each dataset, deposition or tomogram is a set of links of its own,
from its page at the portal; a tomogram has no page, so its links start from that of its run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from rembigraph.loaders.bia_documents import ignore_private
from rembigraph.loaders.bia_fields import Fields, whole_number
from rembigraph.loaders.json_bounds import parse_json
from rembigraph.loaders.leaves import LeafAccount, escaped, raw_json
from rembigraph.loaders.reading import Document, Reading
from rembigraph.loaders.values import doi, doi_iri, partial_date, prose, web_address
from rembigraph.ontology.completion import complete_links
from rembigraph.ontology.errors import SourceError, SourceMalformed
from rembigraph.ontology.external import CRYOET_PORTAL, External, parse_external
from rembigraph.ontology.generated.models import LinkSet, StudyLink
from rembigraph.ontology.identifiers import NotAnAccession, link_set_accession, parse_accession
from rembigraph.ontology.mentions import studies_named

FORMAT = "cryoet-portal"
SOURCE = "cryoet-portal"

_KIND = "CRYOET"
_PORTAL = "https://cryoetdataportal.czscience.com/"
_SNIFFED_BYTES = 64 * 1024
_ENTRIES = re.compile(rb'"(?:related_database_entries|relatedDatabaseEntries)"\s*:')
_METADATA = re.compile(rb'"(?:dataset|deposition)_identifier"\s*:')
_REFERENCES = re.compile(rb'"cross_references"\s*:')
_OF_ENTRIES = ("related_database_entries", "relateddatabaseentries")
_OF_PUBLICATIONS = (
    *("publications", "dataset_publications", "datasetpublications"),
    *("deposition_publications", "depositionpublications"),
)
_SEPARATORS = (re.compile(r"[,\n]"), re.compile(r"[,;|\n]"), re.compile(r"[,;|\s]"))
_FIX = (
    "Save the objects as the portal's client gives them (`to_dict`), one or a list, or its dataset_metadata.json or "
    "deposition_metadata.json."
)
_DOI_START = re.compile(r"10\.\d{4,9}/")
_DATES = ("last_modified_date", "lastmodifieddate", "release_date", "releasedate")


@dataclass(frozen=True)
class _Kind:
    """A kind of object of the portal.

    Attributes:
        word: its name, as GraphQL has it but in lower case.
        prefix: what its identifiers begin with at the portal.
        marks: members that only such objects have.
    """

    word: str
    prefix: str
    marks: frozenset[str]


_KINDS: Final = (
    _Kind(
        "deposition",
        "CZCDP",
        frozenset(
            [
                *("deposition_identifier", "deposition_title", "deposition_publications", "deposition_types"),
                *("depositionpublications", "depositiontypes", "deposition_description"),
            ]
        ),
    ),
    _Kind(
        "tomogram",
        "TM",
        frozenset(
            [
                *("run_id", "runid", "voxel_spacing", "voxelspacing", "tomogram_version", "ctf_corrected"),
                *("ctfcorrected", "reconstruction_method", "reconstructionmethod"),
            ]
        ),
    ),
    _Kind(
        "dataset",
        "DS",
        frozenset(
            [
                *("dataset_identifier", "dataset_title", "dataset_publications", "datasetpublications"),
                *("dataset_description", "organism_name", "organismname", "sample_type", "sampletype"),
                *("grid_preparation", "sample_preparation", "gridpreparation", "samplepreparation"),
            ]
        ),
    ),
)


def recognises(document: Document) -> bool:
    """Whether the bytes begin like JSON and name related entries as the portal does; or are its metadata file."""
    head = document.data[:_SNIFFED_BYTES].removeprefix(b"\xef\xbb\xbf").lstrip()
    if not head.startswith((b"{", b"[")) or b'"@graph"' in head or b'"@context"' in head:
        return False
    return bool(
        _ENTRIES.search(document.data)
        or (_METADATA.search(document.data) and _REFERENCES.search(document.data))
    )


def read(document: Document) -> Iterator[Reading | SourceError]:
    """Read every object of a document; one that can't be read is yielded as an error."""
    try:
        found = list(_items(parse_json(document), ""))
    except SourceError as error:
        yield error
        return
    if not found:
        yield _malformed(document, "the list is empty", "")
    for part, (pointer, value) in enumerate(found, start=1):
        try:
            yield _reading(document, pointer, value, part if len(found) > 1 else 0)
        except SourceError as error:
            yield error


def _items(value: Any, pointer: str) -> Iterator[tuple[str, Any]]:
    """Yield the objects of a document: itself, those of a list, or of the lists in a GraphQL answer."""
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield f"{pointer}/{number}", item
    elif isinstance(value, dict) and isinstance(value.get("data"), dict) and "id" not in value:
        for name, member in value.items():
            lists = member.items() if name == "data" else [("", member)]
            for key, item in lists:
                yield from _items(item, f"/{escaped(name)}" + (f"/{escaped(key)}" if key else ""))
    else:
        yield pointer, value


def _reading(document: Document, pointer: str, value: Any, part: int) -> Reading:
    if not isinstance(value, dict) or not value:
        raise _malformed(document, "this is no object of the CryoET Data Portal", pointer)
    of = Fields(value, "", LeafAccount(value))
    kind = _kind(of)
    number = _number(of, kind) if kind else None
    if kind is None or number is None:
        word = kind.word if kind else "dataset, deposition or tomogram"
        raise _malformed(document, f"there is no {word} of the portal in it that has an `id`", pointer)
    links, date = _link_set(of, kind, number), _date(of)
    ignore_private(of)
    links.kept_value = of.account.kept()
    return Reading(
        study=complete_links(links, SOURCE),
        source=SOURCE,
        format=FORMAT,
        source_bytes=_written(value).encode() if pointer else document.data,
        leaves=of.account.leaves(),
        source_date=date,
        part=part,
        unmapped=of.account.unmapped(),
    )


def _kind(of: Fields) -> _Kind | None:
    """Return what an object is: as GraphQL says, else by members that only one kind has."""
    stated = of.peek("__typename")
    keys = {key.casefold() for key in of.value}
    for kind in _KINDS:
        if isinstance(stated, str) and stated.casefold() == kind.word:
            return kind
    return next((kind for kind in _KINDS if keys & kind.marks), None)


def _number(of: Fields, kind: _Kind) -> int | None:
    name = next(iter(of.present(f"{kind.word}_identifier", "id")), None)
    given = of.value[name] if name else None
    if isinstance(given, str):
        given = given.strip().upper().removeprefix(f"{kind.prefix}-")
    number = whole_number(given)
    if name and number is not None and number > 0:
        of.account.mapped(of.place(name))
        return number
    return None


def _link_set(of: Fields, kind: _Kind, number: int) -> LinkSet:
    """Return what an object says; `title`, `description` and links are mapped, the rest is kept."""
    identifier = f"{kind.prefix}-{number}"
    title = of.text(f"{kind.word}_title", "title", "name")
    links = LinkSet(
        accession=link_set_accession(_KIND, identifier).text,
        title=title or f"CryoET Data Portal, {kind.word} {identifier}",
        description=of.text(f"{kind.word}_description", "description"),
    )
    start = _run(of)
    if kind.word != "tomogram":
        external = External(identifier, CRYOET_PORTAL)
        start = links.landing_page = external.iri
        links.external_record = [external.record(title)]
    found: dict[tuple[str, str], StudyLink] = {}
    for fields in (of, *of.objects("cross_references")):
        for text in _texts(fields, _OF_ENTRIES, _related):
            _add(found, text, start)
        for text in _texts(fields, _OF_PUBLICATIONS, _published):
            _add(found, text, start)
    links.related = [link for _, link in sorted(found.items())]
    return links


def _run(of: Fields) -> str | None:
    """Return the page of the run that a tomogram belongs to."""
    number = of.integer("run_id", "runid", least=1) if of.present("run_id", "runid") else None
    return f"{_PORTAL}runs/{number}" if number else None


@dataclass(frozen=True)
class _Target:
    """A record that a text names.

    Attributes:
        end: its accession or IRI.
        relation, evidence: of the link to it.
        quote: the text with the name of its member.
    """

    end: str
    relation: str
    evidence: str
    quote: str = ""


def _texts(
    of: Fields, names: tuple[str, ...], read_text: Callable[[str], list[_Target]]
) -> Iterator[_Target]:
    """Yield what the texts of some members name; a text of which a part names nothing stays kept as well."""
    for key in of.present(*names):
        of.nothing(key)
        value, place = of.value[key], of.place(key)
        items = enumerate(value) if isinstance(value, list) and value else [(None, value)]
        for number, item in items:
            if item is None or item == "":
                of.account.mapped(place if number is None else f"{place}/{number}")
            if not isinstance(item, str) or not item.strip():
                continue
            parts = _parts(item, read_text)
            if parts and all(targets for _, targets in parts):
                of.account.mapped(place if number is None else f"{place}/{number}")
            for text, targets in parts:
                yield from (replace(target, quote=f"{key}: {text}") for target in targets)


def _parts(text: str, read_text: Callable[[str], list[_Target]]) -> list[tuple[str, list[_Target]]]:
    """Return the entries of a text with what each names; an entry may hold a separator itself."""
    for separator in (None, *_SEPARATORS):
        entries = [one for one in (separator.split(text) if separator else [text]) if one.strip()]
        parts = [(prose(entry), read_text(prose(entry))) for entry in entries]
        if parts and all(targets for _, targets in parts):
            break
    return parts


def _related(text: str) -> list[_Target]:
    try:
        ends = [parse_accession(text).text]
    except NotAnAccession:
        external = parse_external(text)
        is_one_word = web_address(text) or not re.search(r"[\s,]", text)
        ends = [external.iri] if external else studies_named(text) if is_one_word else []
    return [_Target(end, "related", "reference_field") for end in ends]


def _published(text: str) -> list[_Target]:
    """A DOI is that of a publication, unless it is that of a data set."""
    name = doi(text)
    if name is None or len(_DOI_START.findall(name)) > 1:
        return []
    data = studies_named(name)
    if data:
        return [_Target(end, "related", "dataset_doi") for end in data]
    return [_Target(doi_iri(name), "described_in", "reference_field")]


def _add(found: dict[tuple[str, str], StudyLink], target: _Target, start: str | None) -> None:
    link = found.setdefault(
        (target.end, target.evidence),
        StudyLink(
            link_from=start,
            link_to=target.end,
            link_relation=target.relation,
            evidence_kind=target.evidence,
            asserted_by="archive",
        ),
    )
    link.evidence_text = list(dict.fromkeys([*link.evidence_text, target.quote]))


def _date(of: Fields) -> str:
    for fields in (of, *of.objects("dates")):
        given = fields.peek(*_DATES)
        if isinstance(given, str) and (date := partial_date(given.replace("T", " ").split(" ")[0])):
            return date
    return ""


def _written(value: Any) -> str:
    """Write a parsed value as JSON again, its numbers as they were."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(name)}: {_written(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_written, value)) + "]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else raw_json(value)


def _malformed(document: Document, message: str, pointer: str) -> SourceMalformed:
    return SourceMalformed(message, source=document.place, pointer=pointer or "/", code="no-object", fix=_FIX)
