"""What a study is related to, in DataCite's words: publications, the other parts of the whole, models, our own page.

Relation types are read as "the study ... the other" (DataCite Metadata Schema 4.5, property 12 and appendix 1).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from rembigraph.catalogue.exports.citation import date_parts, one_line
from rembigraph.ontology.identifiers import ARCHIVES, DOI, VOCABULARY, is_web_address

if TYPE_CHECKING:
    from rembigraph.catalogue.exports.described import Described
    from rembigraph.catalogue.parts import Claim, Part
    from rembigraph.catalogue.recordview import Node

Entry = dict[str, Any]

RELATIONS: Final[Mapping[str, tuple[str, str]]] = {
    "images_same_specimen": ("IsSupplementTo", "IsSupplementedBy"),
    "part_of_same_experiment": ("IsSupplementTo", "IsSupplementedBy"),
    "same_data": ("IsVariantFormOf", "IsVariantFormOf"),
    "derived_from": ("IsDerivedFrom", "IsSourceOf"),
    "raw_data_for": ("IsSourceOf", "IsDerivedFrom"),
    "supersedes": ("Obsoletes", "IsObsoletedBy"),
    "reconstructed_as": ("IsSourceOf", "IsDerivedFrom"),
    "modelled_as": ("IsSourceOf", "IsDerivedFrom"),
    "described_in": ("IsDescribedBy", "Describes"),
    "has_member": ("HasPart", "IsPartOf"),
    "related": ("References", "IsReferencedBy"),
    "same_publication": ("", ""),
}
"""Relation of two studies -> relation type when this study's side states it, and when the other side does.

Parts of one experiment supplement each other: the kernel has no closer word, and the two sides are inverse. That two
studies name the same publication is said by the publication, which both give.
"""

_WEAK: Final = {"References", "IsReferencedBy"}
_W3ID: Final = "https://w3id.org/"
_DOI: Final = re.compile(r"10\.\d{4,9}/\S+", re.ASCII)
_PUBMED: Final = re.compile(r"[1-9]\d*", re.ASCII)
_STUDY_ARCHIVES: Final = frozenset(archive.key for archive in ARCHIVES)


def related(study: Described) -> Entry:
    """Return `relatedIdentifiers`, and `relatedItems` for publications that have a title but no identifier."""
    found: dict[tuple[str, str], Entry] = {}
    for entry in (*_publications(study.study), *_parts(study), *_models(study.study), _own_page(study)):
        text = entry["relatedIdentifier"]
        same = text.casefold() if entry["relatedIdentifierType"] == "DOI" else text
        found.setdefault((same, entry["relationType"]), entry)
    items = [item for node in study.study.nodes("publication") for item in _unidentified(node)]
    return {"relatedIdentifiers": list(found.values()), "relatedItems": items}


def _publications(study: Node) -> Iterator[Entry]:
    for node in study.nodes("publication"):
        identifier, kind = _identified(node)
        if identifier:
            genre = {"resourceTypeGeneral": "JournalArticle"} if one_line(node.text("journal")) else {}
            yield _entry("IsSupplementTo", identifier, kind) | genre


def _identified(publication: Node) -> tuple[str, str]:
    """Return the identifier of a publication and its type; empty texts when it has none."""
    dois = (text.removeprefix(DOI) for text in publication.texts("doi"))
    doi = next((text for text in dois if _DOI.fullmatch(text)), "")
    pubmed = next((text for text in publication.texts("pubmed_id") if _PUBMED.fullmatch(text)), "")
    return (doi, "DOI") if doi else (pubmed, "PMID") if pubmed else ("", "")


def _unidentified(publication: Node) -> Iterator[Entry]:
    title = one_line(publication.text("title"))
    if title and not _identified(publication)[0]:
        year = date_parts(publication.text("publication_date"))[:1]
        yield {
            "relatedItemType": "JournalArticle" if one_line(publication.text("journal")) else "Text",
            "relationType": "IsSupplementTo",
            "titles": [{"title": title}],
            **({"publicationYear": f"{year[0]:04}"} if year else {}),
        }


def _parts(study: Described) -> Iterator[Entry]:
    for part in study.parts:
        address = _typed(part.landing_page or part.accession)
        kinds = list(dict.fromkeys(filter(None, map(_relation_type, part.claims))))
        genre = {"resourceTypeGeneral": "Dataset"} if _is_study(part) else {}
        for kind in [kind for kind in kinds if kind not in _WEAK] or kinds:
            if address:
                yield _entry(kind, *address) | genre


def _relation_type(claim: Claim) -> str:
    """Return the relation type of a statement; empty when it is only a hint, or does not hold."""
    link = claim.link
    if link.is_suggestion or link.is_refuted:
        return ""
    return RELATIONS[link.relation][0 if link.outgoing else 1]


def _is_study(part: Part) -> bool:
    return part.archive is not None and part.archive.key in _STUDY_ARCHIVES


def _models(study: Node) -> Iterator[Entry]:
    records = [(node.iris("landing_page") or [node.iri])[0] for node in study.nodes("reconstructed_as")]
    for iri in (*records, *study.iris("modelled_as")):
        address = _typed(iri)
        if address:
            yield _entry("IsSourceOf", *address)


def _own_page(study: Described) -> Entry:
    scheme = {"relatedMetadataScheme": "REMBI", "schemeUri": VOCABULARY}
    return _entry("HasMetadata", study.persistent, _kind_of(study.persistent)) | scheme


def _kind_of(iri: str) -> str:
    return "w3id" if iri.startswith(_W3ID) else "URL"


def _typed(iri: str) -> tuple[str, str] | None:
    """Return an identifier and its type, or None when it is no web address."""
    if not is_web_address(iri):
        return None
    doi = iri.removeprefix(DOI)
    if doi != iri and _DOI.fullmatch(doi):
        return doi, "DOI"
    return iri, _kind_of(iri)


def _entry(relation: str, identifier: str, kind: str) -> Entry:
    return {"relatedIdentifier": identifier, "relatedIdentifierType": kind, "relationType": relation}
