"""DataCite metadata in JSON: kernel 4 as schema 4.5 writes it, which later schemas of the kernel accept.

Properties are those of the DataCite Metadata Schema 4.5. What it asks for and the record lacks is `:unav` (value
unavailable; appendix 3). There is no such code for publicationYear, so a study of unknown year has no DataCite form.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from rembigraph.catalogue.exports.citation import (
    cite,
    date_parts,
    name_of,
    one_line,
    paragraphs,
    publisher_of,
    web_address_of,
)
from rembigraph.catalogue.exports.datacite_relations import related
from rembigraph.catalogue.exports.kinds import Export
from rembigraph.catalogue.recordview import short_iri
from rembigraph.ontology.identifiers import DOI, OBO, VOCABULARY, is_web_address
from rembigraph.ontology.term_tables import licence

if TYPE_CHECKING:
    from rembigraph.catalogue.exports.described import Author, Described
    from rembigraph.catalogue.recordview import Node

PROFILE: Final = "http://datacite.org/schema/kernel-4"
UNKNOWN: Final = ":unav"
_DATES: Final = {
    "issued": "Issued",
    "deposited": "Submitted",
    "modified": "Updated",
    "obsoleted": "Withdrawn",
}
_FUNDERS: Final = {"https://ror.org/": "ROR", f"{DOI}10.13039/": "Crossref Funder ID"}
_DOI: Final = re.compile(r"10\.\d{4,9}/\S+", re.ASCII)

Entry = dict[str, Any]


def metadata(study: Described) -> Entry:
    """Return the metadata of a study; properties that its record does not fill are left out."""
    cited = cite(study)
    found: Entry = {
        "schemaVersion": PROFILE,
        "doi": study.doi if _DOI.fullmatch(study.doi) else "",
        "url": study.archive_page if is_web_address(study.archive_page) else study.persistent,
        "types": _types(study),
        "creators": [_creator(author) for author in study.authors if one_line(author.name)]
        or [_named(UNKNOWN)],
        "titles": [{"title": one_line(study.study.text("title")) or UNKNOWN}],
        "publisher": _named(publisher_of(study) or UNKNOWN),
        "publicationYear": cited.year,
        "subjects": _each(_subjects(study)),
        "dates": _each(_dates(study.study)),
        "alternateIdentifiers": _each(_alternates(study)),
        **related(study),
        "sizes": list(_sizes(study.study)),
        "formats": list(_formats(study)),
        "rightsList": _each(_rights(study.study)),
        "descriptions": _each(_descriptions(study)),
        "fundingReferences": _each(_grants(study.study)),
    }
    return {name: value for name, value in found.items() if value}


def has_year(study: Described) -> bool:
    """Whether a study has the year of release that DataCite asks for."""
    return bool(date_parts(study.issued))


def _make(study: Described) -> bytes:
    return (json.dumps(metadata(study), ensure_ascii=False, indent=2) + "\n").encode()


def _named(name: str) -> Entry:
    return {"name": name}


def _types(study: Described) -> Entry:
    kind = one_line(study.study.text("study_type"))
    return {"resourceTypeGeneral": "Dataset", **({"resourceType": kind} if kind else {})}


def _creator(author: Author) -> Entry:
    name = name_of(author)
    is_person = bool(name.family or author.orcid) and not author.is_organisation
    kind = "Organizational" if author.is_organisation else "Personal" if is_person else ""
    orcid = {
        "nameIdentifier": author.orcid,
        "nameIdentifierScheme": "ORCID",
        "schemeUri": "https://orcid.org/",
    }
    found: Entry = {
        "name": name.inverted,
        "nameType": kind,
        "givenName": name.given,
        "familyName": name.family,
        "nameIdentifiers": [orcid] if author.orcid else [],
        "affiliation": _each(_named(text) for text in map(one_line, author.affiliations) if text),
    }
    return {key: value for key, value in found.items() if value}


def _subjects(study: Described) -> Iterator[Entry]:
    for field in ("organism", "imaging_method", "about_term"):
        for iri, label in study.terms(field):
            yield _subject(iri, one_line(label))
    for field in ("organism", "imaging_method"):
        # Where there is a term, the text is another spelling of it.
        texts = [] if study.study.iris(field) else study.study.texts(f"{field}_text")
        yield from ({"subject": text} for text in map(one_line, texts) if text)
    yield from ({"subject": text} for text in map(one_line, study.keywords) if text)


def _subject(iri: str, label: str) -> Entry:
    prefix, colon, _ = short_iri(iri).partition(":")
    found: Entry = {"subject": label or iri}
    if colon and iri.startswith(OBO):
        found |= {"subjectScheme": prefix, "schemeUri": f"{OBO}{prefix.lower()}.owl"}
    elif iri.startswith(VOCABULARY):
        found |= {"subjectScheme": "Rembigraph", "schemeUri": VOCABULARY.rstrip("#")}
    return {**found, **({"valueUri": iri} if is_web_address(iri) else {})}


def _dates(study: Node) -> Iterator[Entry]:
    for field, kind in _DATES.items():
        for text in study.texts(field):
            parts = date_parts(text)
            if parts:
                day = "-".join(f"{part:0{width}}" for part, width in zip(parts, (4, 2, 2), strict=False))
                yield {"date": day, "dateType": kind}


def _alternates(study: Described) -> Iterator[Entry]:
    yield _alternate(str(study.accession), "accession")
    for iri in study.study.iris("dataset_doi"):
        doi = iri.removeprefix(DOI)
        if iri.startswith(DOI) and doi != study.doi:
            yield _alternate(doi, "DOI")
    for iri in study.same_as:
        if is_web_address(iri) and iri not in (f"{DOI}{study.doi}", web_address_of(study)):
            yield _alternate(iri, "URL")
    for text in map(one_line, study.study.texts("alternate_identifier")):
        if text:
            yield _alternate(text, "URL" if is_web_address(text) else "other")


def _alternate(text: str, kind: str) -> Entry:
    return {"alternateIdentifier": text, "alternateIdentifierType": kind}


def _sizes(study: Node) -> Iterator[str]:
    size, files = study.integer("byte_size"), study.integer("file_count")
    if size is not None:
        yield f"{size} bytes"
    elif study.text("data_size_text"):
        yield one_line(study.text("data_size_text"))
    if files is not None:
        yield f"{files} file{'' if files == 1 else 's'}"


def _formats(study: Described) -> Iterable[str]:
    things = [node for kind in ("FileSet", "ImageRepresentation") for node in study.view.of_class(kind)]
    texts = (one_line(text) for thing in things for text in thing.texts("format"))
    return sorted({text for text in texts if text})


def _rights(study: Node) -> Iterator[Entry]:
    for iri in study.iris("license"):
        known = licence(iri)
        if known:
            yield {
                "rights": known.label,
                "rightsUri": iri,
                "rightsIdentifier": known.spdx,
                "rightsIdentifierScheme": "SPDX",
                "schemeUri": "https://spdx.org/licenses/",
            }
        elif is_web_address(iri):
            yield {"rightsUri": iri}
    for text in (*study.texts("license_text"), *study.texts("rights")):
        if one_line(text):
            yield {"rights": one_line(text)}


def _descriptions(study: Described) -> Iterator[Entry]:
    text = paragraphs(study.description)
    if text:
        yield {"description": text, "descriptionType": "Abstract"}


def _grants(study: Node) -> Iterator[Entry]:
    for grant in study.nodes("grant"):
        number, title = one_line(grant.text("grant_identifier")), one_line(grant.text("title"))
        award = {key: text for key, text in (("awardNumber", number), ("awardTitle", title)) if text}
        funders = [_funder(iri, one_line(study.view.label(iri))) for iri in grant.iris("funder")]
        if award or funders:
            yield from ({**funder, **award} for funder in funders or [{"funderName": UNKNOWN}])


def _funder(iri: str, name: str) -> Entry:
    kind = next((kind for start, kind in _FUNDERS.items() if iri.startswith(start)), "")
    identifier = {"funderIdentifier": iri, "funderIdentifierType": kind} if kind else {}
    return {"funderName": name or UNKNOWN, **identifier}


def _each(entries: Iterable[Entry]) -> list[Entry]:
    """Return entries, each once."""
    found: list[Entry] = []
    seen = set()
    for entry in entries:
        key = tuple(entry.items())
        if key not in seen:
            seen.add(key)
            found.append(entry)
    return found


DATACITE_JSON: Final = Export(
    "datacite",
    "DataCite JSON",
    "datacite.json",
    "application/vnd.datacite.datacite+json",
    PROFILE,
    _make,
    has_year,
)
