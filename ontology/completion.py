"""Completes a record: gives every nested thing its IRI, resolves references, and fills what follows from the rest.

A loader builds a `Study` from its source and leaves identifiers to this module, so that all sources mint alike:

* children of a study get `{accession}/{segment}/{key}`; key is the source's own id, else a slug of the title, else
  `{source}-{number}`; different things that would share a key are numbered `-2`, `-3` in source order;
* parts of a child (axes, quantities, files) lie below their parent;
* equal things are one thing: an organisation named by three authors is minted once.

Nothing is looked up and nothing guessed, so the result depends on the record alone, never on load order.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel
from rembigraph.ontology.evidence import EVIDENCE_WORTH
from rembigraph.ontology.external import external_of
from rembigraph.ontology.fields import Field, classes, record_class
from rembigraph.ontology.generated.models import (
    Asserter,
    CurationDecision,
    EvidenceKind,
    ExternalRecord,
    KeptValue,
    LinkRelation,
    LinkSet,
    OntologyTerm,
    Publication,
    Study,
    StudyLink,
    Taxon,
)
from rembigraph.ontology.identifiers import (
    DOI,
    NotAnAccession,
    is_accession,
    is_iri,
    parse_accession,
    resolve_reference,
    safe_key,
    slug,
)
from rembigraph.ontology.mentions import links_in_prose
from rembigraph.ontology.resolution import resolve_texts
from rembigraph.ontology.term_tables import read_table

_Term = TypeVar("_Term", Taxon, OntologyTerm)
_HAND_WRITTEN = "rembigraph"
_DRAFT = "Draft"
_CURATOR = Asserter.curator
_LINKED_FIELDS = {
    "reconstructed_as": LinkRelation.reconstructed_as,
    "modelled_as": LinkRelation.modelled_as,
    "publication": LinkRelation.described_in,
}
_NO_PROSE = frozenset(
    [
        "accession", "key", "raw_text", "pointer", "evidence_text", "path", "path_pattern", "parameters", "landmarks",
        "external_identifier", "alternate_identifier", "address", "column", "files_by_column", "files_by_format",
        "doi", "version_note", "raw_identifier", "attribute_text",
    ]
)  # fmt: skip
"""Text fields that hold identifiers, paths, data, or what another field quotes."""


@dataclass
class _Minting:
    """What has been minted in one study."""

    study: str
    source: str
    owners: dict[str, str] = field(default_factory=dict)  # IRI -> fingerprint of what has it
    numbers: dict[str, int] = field(default_factory=dict)  # prefix -> last number given


def complete(study: Study, source: str) -> Study:
    """Complete a record in place and return it.

    Args:
        study: the record; `accession` must be set to a spelling that the archive table knows.
        source: kind of source (`gide`, `rembigraph`, ...), part of the keys of things that have no name.

    Raises:
        NotAnAccession: the accession fits no archive.
    """
    accession = parse_accession(study.accession or "")
    study.accession = accession.text
    study.id = accession.text
    study.archive = study.archive or accession.archive_key  # type: ignore[assignment]
    study.landing_page = study.landing_page or accession.landing_page or None
    if accession.identifiers_org and accession.identifiers_org not in study.same_as:
        study.same_as.append(accession.identifiers_org)
    _resolve_references(study, accession.text)
    resolve_texts(study)
    _link_fields(study, source)
    _add_mentions(study, source)
    minting = _Minting(accession.text, source, _given(study))
    _complete_links(study)
    _mint_children(study, accession.text, minting)
    _fill_study(study)
    _keep_illegal_iris(study)
    _mint_children(study, accession.text, minting)
    return study


def complete_links(links: LinkSet, source: str) -> LinkSet:
    """Complete a set of links in place and return it; what a link starts from is the set itself unless it says so.

    Args:
        links: the record; `accession` must be one of a set of links (`identifiers.link_set_accession`).
        source: kind of source, part of the keys of things that have no name.

    Raises:
        NotAnAccession: the accession fits no archive.
    """
    accession = parse_accession(links.accession or "")
    links.accession = links.id = accession.text
    links.archive = links.archive or accession.archive_key  # type: ignore[assignment]
    _resolve_references(links, accession.text)
    _complete_ends(links.related, accession.text)
    links.kept_value += _without_illegal_iris(links)
    _mint_children(links, accession.text, _Minting(accession.text, source, _given(links)))
    return links


def complete_decision(decision: CurationDecision) -> CurationDecision:
    """Complete a curator's decision in place and return it: its key is the hash of what it says.

    Raises:
        NotAnAccession: `about_study` is no accession.
    """
    accession = parse_accession(decision.about_study or "").text
    decision.about_study = accession
    if not decision.verdict:
        decision.about_thing = decision.about_thing or accession
    _resolve_references(decision, accession)
    decision.key = (
        decision.key
        or hashlib.sha256(
            decision.model_dump_json(exclude_none=True, exclude={"id", "key"}).encode(
                "utf-8", "surrogatepass"
            )
        ).hexdigest()[:12]
    )
    decision.id = f"{accession}/curation/{safe_key(decision.key)}"
    return decision


def walk(record: BaseModel) -> Iterator[BaseModel]:
    """Yield the record and everything nested in it, parents first, in schema order."""
    yield record
    for of, value in _values(record):
        if of.kind == "object":
            yield from walk(value)


def _values(record: BaseModel) -> Iterator[tuple[Field, Any]]:
    for of in record_class(record).fields.values():
        value = getattr(record, of.name)
        if value is None:
            continue
        for item in value if isinstance(value, list) else [value]:
            yield of, item


def _replace(record: BaseModel, of: Field, change: Callable[[Any], Any]) -> None:
    value = getattr(record, of.name)
    if isinstance(value, list):
        setattr(record, of.name, [change(item) for item in value])
    elif value is not None:
        setattr(record, of.name, change(value))


# --- references


def _resolve_references(study: BaseModel, accession: str) -> None:
    for record in walk(study):
        identifier = getattr(record, "id", None)
        if identifier and record is not study:
            record.id = resolve_reference(identifier, accession)  # type: ignore[attr-defined]
        for of in record_class(record).fields.values():
            if of.kind == "iri" and of.of:
                _replace(record, of, lambda text: resolve_reference(text, accession))
            elif of.kind == "iri":
                _replace(record, of, lambda text: _resolve_plain(text, accession))


def _resolve_plain(text: str, accession: str) -> str:
    """A field for IRIs of any kind: a path is a reference only if it names a study or a child of this one."""
    resolved = resolve_reference(text, accession)
    if is_iri(resolved) or is_accession(text.split("/", 1)[0]):
        return resolved
    segments = {entry.segment for entry in classes().values() if entry.segment}
    return resolved if "/" in text and text.split("/", 1)[0] in segments else text


def _link_fields(study: Study, source: str) -> None:
    """Link to the records that fields made for one kind of record name: maps, models, publications with a DOI."""
    known = {(link.link_to, str(link.link_relation)) for link in study.related}
    for name, relation in _LINKED_FIELDS.items():
        for record in getattr(study, name):
            if _is_elsewhere(record.id or "") and (record.id, relation) not in known:
                study.related.append(
                    StudyLink(
                        link_to=record.id,
                        link_relation=relation,
                        evidence_kind=EvidenceKind.reference_field,
                        evidence_text=[f"{name.replace('_', ' ')}: {_called(record)}"],
                        asserted_by=_CURATOR if source == _HAND_WRITTEN else Asserter.depositor,
                    )
                )


def _is_elsewhere(iri: str) -> bool:
    return iri.startswith(DOI) or external_of(iri) is not None


def _called(record: ExternalRecord | Publication) -> str:
    return str(
        record.external_identifier if isinstance(record, ExternalRecord) else record.title or record.doi
    )


def _complete_ends(links: list[StudyLink], start: str) -> None:
    """Let links start at `start` unless they say where, and be as sure as their evidence is worth."""
    for link in links:
        link.link_from = link.link_from or start
        if link.confidence is None and link.evidence_kind:
            link.confidence = EVIDENCE_WORTH[str(link.evidence_kind)]


def _add_mentions(study: Study, source: str) -> None:
    """Link to the records that the study's texts name, unless the source itself states that link on such evidence.

    What people write by hand states its links itself; only what it names without linking to is added.
    """
    known = {(link.link_to, str(link.evidence_kind)) for link in study.related}
    linked = {link.link_to for link in study.related}
    by_hand = source == _HAND_WRITTEN
    for link in links_in_prose(study.accession, _prose(study)):
        if (link.link_to, str(link.evidence_kind)) not in known and not (by_hand and link.link_to in linked):
            link.asserted_by = _CURATOR if by_hand else link.asserted_by
            study.related.append(link)
    linked = {link.link_to for link in study.related}
    attributes = links_in_prose(study.accession, _attributes(study))
    study.related += [link for link in attributes if link.link_to not in linked]


@cache
def _known_fixtures() -> frozenset[tuple[str, str]]:
    """Links that archives' test records state under accessions that look released."""
    return frozenset((row["from"], row["to"]) for row in read_table("test_fixtures.tsv"))


def _prose(study: Study) -> Iterator[str]:
    """Yield the texts of a study that people wrote to be read."""
    for record in walk(study):
        if isinstance(record, StudyLink | ExternalRecord):
            continue
        for of, value in _values(record):
            if of.kind == "string" and of.name not in _NO_PROSE:
                yield value


def _attributes(study: Study) -> Iterator[str]:
    """Yield the attributes that have no field of their own."""
    for record in walk(study):
        yield from getattr(record, "attribute_text", ())


def _complete_links(study: Study) -> None:
    _complete_ends(study.related, str(study.id))
    for link in study.related:
        if study.archive == _DRAFT or (link.link_from, link.link_to) in _known_fixtures():
            link.is_test_fixture = True
    for correlation in study.correlation:
        for member in correlation.has_member:
            _complete_member(member)
    for system in study.coordinate_system:
        for index, axis in enumerate(system.has_axis):
            axis.axis_index = index if axis.axis_index is None else axis.axis_index
        system.dimension = system.dimension or len(system.has_axis) or None
    for transformation in study.transformation:
        _complete_transformation(transformation)
    for landmarks in study.landmark_set:
        if landmarks.landmarks and landmarks.landmark_count is None:
            pairs = json.loads(landmarks.landmarks)
            landmarks.landmark_count = len(pairs) if isinstance(pairs, list) else None


def _complete_member(member: Any) -> None:
    if member.member_accession is None and member.member_image:
        first = member.member_image.split("/", 1)[0]
        member.member_accession = first if is_accession(first) else None
    if member.member_accession and member.member_archive is None:
        try:
            member.member_archive = parse_accession(member.member_accession).archive_key
        except NotAnAccession:
            return


def _complete_transformation(transformation: Any) -> None:
    if not transformation.parameters:
        return
    value = json.loads(transformation.parameters)
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"))
    transformation.parameters_hash = hashlib.sha256(canonical.encode()).hexdigest()
    if isinstance(value, dict) and isinstance(value.get("type"), str):
        transformation.transformation_type = value["type"]


# --- minting


def _given(study: Study | LinkSet) -> dict[str, str]:
    """What has its IRI already, from its source: no new thing may get the same one."""
    return {
        record.id: _fingerprint(record)  # type: ignore[attr-defined]
        for record in walk(study)
        if record is not study and str(record.id or "").startswith(f"{study.accession}/")  # type: ignore[attr-defined]
    }


def _mint_children(parent: BaseModel, accession: str, minting: _Minting) -> None:
    for of, child in _values(parent):
        if of.kind != "object":
            continue
        if not child.id:
            child.id = _mint(child, str(parent.id), minting)  # type: ignore[attr-defined]
        _mint_children(child, accession, minting)


def _mint(child: BaseModel, parent: str, minting: _Minting) -> str:
    entry = record_class(child)
    base = parent if entry.within == "parent" else minting.study
    prefix = f"{base}/{entry.segment}/"
    name = _name(child, minting.study)
    fingerprint = _fingerprint(child)
    if not name:
        return _numbered(prefix, fingerprint, minting)
    return _claim(prefix + name, fingerprint, minting)


def _name(child: Any, study: str) -> str:
    """The key of a child that has a name of its own; empty when it must be numbered."""
    given = getattr(child, "key", None)
    if given:
        return safe_key(str(given))
    if type(child).__name__ == "CoordinateTransformation" and child.source_coordinate_system:
        ends = (child.source_coordinate_system, child.target_coordinate_system or "")
        return "--".join(end.rsplit("/", 1)[-1] for end in ends)
    if type(child).__name__ == "Axis" and child.axis_index is not None:
        return str(child.axis_index)
    if type(child).__name__ == "StudyLink" and child.link_to:
        return _link_name(child, study)
    text = next(
        (
            getattr(child, name, None)
            for name in ("title", "name", "path", "label")
            if getattr(child, name, None)
        ),
        "",
    )
    return slug(str(text))


def _link_name(link: StudyLink, study: str) -> str:
    ends = [str(end).rsplit("/", 1)[-1] for end in (link.link_from, link.link_to) if end and end != study]
    return safe_key(f"{'--'.join(ends)}-{link.link_relation or 'related'}-{link.evidence_kind or ''}")


def _claim(iri: str, fingerprint: str, minting: _Minting) -> str:
    number, candidate = 1, iri
    while minting.owners.setdefault(candidate, fingerprint) != fingerprint:
        number += 1
        candidate = f"{iri}-{number}"
    return candidate


def _numbered(prefix: str, fingerprint: str, minting: _Minting) -> str:
    number = minting.numbers.get(prefix, 0) + 1
    while f"{prefix}{minting.source}-{number}" in minting.owners:
        number += 1
    minting.numbers[prefix] = number
    iri = f"{prefix}{minting.source}-{number}"
    minting.owners[iri] = fingerprint
    return iri


def _fingerprint(child: Any) -> str:
    """Two things with the same source id are one; without one, two things are one when they say the same."""
    if getattr(child, "key", None):
        return f"{type(child).__name__}:{child.key}"
    return hashlib.sha256(child.model_dump_json(exclude={"id"}).encode("utf-8", "surrogatepass")).hexdigest()


# --- what follows from the rest


def _fill_study(study: Study) -> None:
    for contribution in study.contribution:
        agent = contribution.person or contribution.contributing_organisation
        contribution.agent = contribution.agent or (agent.id if agent else None)
    agents = [contribution.agent for contribution in study.contribution if contribution.agent]
    study.creator = _unique([*study.creator, *agents])
    taxa = [*study.organism, *(taxon for sample in study.biosample for taxon in sample.organism)]
    study.organism = _unique_terms([*taxa, *(taxon for part in study.component for taxon in part.organism)])
    methods = [*study.imaging_method, *(term for act in study.acquisition for term in act.imaging_method)]
    study.imaging_method = _unique_terms(
        [*methods, *(t for part in study.component for t in part.imaging_method)]
    )


def _unique(values: list[str]) -> list[str]:
    return list(dict.fromkeys(values))


def _unique_terms(terms: list[_Term]) -> list[_Term]:
    return list({term.id: term for term in reversed(terms)}.values())[::-1]


def _keep_illegal_iris(study: Study) -> None:
    study.kept_value += _without_illegal_iris(study)


def _without_illegal_iris(root: Study | LinkSet) -> list[KeptValue]:
    """Take the values of IRI fields that are no IRI out: RDF could not hold them, and they must not vanish."""
    kept: list[KeptValue] = []
    for record in walk(root):
        for of in record_class(record).fields.values():
            if of.kind != "iri":
                continue
            value = getattr(record, of.name)
            bad = [
                item for item in (value if isinstance(value, list) else [value]) if item and not _legal(item)
            ]
            if bad:
                kept += [KeptValue(pointer=f"{record.id}#{of.name}", raw_text=item) for item in bad]  # type: ignore[attr-defined]
                good = [item for item in value if item not in bad] if isinstance(value, list) else None
                setattr(record, of.name, good)
    return kept


def _legal(reference: str) -> bool:
    if is_iri(reference):
        return True
    return is_accession(reference.split("/", 1)[0]) and is_iri(f"urn:x:{reference}")
