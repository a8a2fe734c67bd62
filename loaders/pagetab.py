"""BioStudies submissions (PageTab as JSON), the source of the BioImage Archive's studies.

All templates (BioImages v4, v5, MIFA, Default, S-BSST), curators' conversions and submission drafts, and BioStudies'
internal form. A draft without accession gets one made of its title (`DRAFT-…`), which says that it is a draft.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from rembigraph.loaders.file_lists import FileLists
from rembigraph.loaders.json_bounds import parse_json
from rembigraph.loaders.leaves import LeafAccount, leaf_name
from rembigraph.loaders.pagetab_files import file_lists, listed_files, sum_sizes
from rembigraph.loaders.pagetab_people import (
    ORGANISATIONS,
    contributions,
    grants,
    ignore_private,
    publications,
)
from rembigraph.loaders.pagetab_samples import Samples
from rembigraph.loaders.pagetab_tree import Section, Taken, section
from rembigraph.loaders.reading import Document, Reading
from rembigraph.loaders.values import (
    E_MAIL_REMOVED,
    doi,
    doi_iri,
    licence_iri,
    partial_date,
    prose,
    web_address,
)
from rembigraph.ontology.completion import complete
from rembigraph.ontology.errors import SourceError, SourceMalformed, SourceSkipped
from rembigraph.ontology.generated.models import ExternalRecord, FileSet, Study, StudyComponent
from rembigraph.ontology.identifiers import Accession, NotAnAccession, draft_accession, parse_accession
from rembigraph.ontology.mentions import links_of_address, links_to

FORMAT = "pagetab"
SOURCE = "pagetab"

_SNIFFED_BYTES = 256 * 1024
_KEY = re.compile(rb'"(?:accno|accNo|section)"\s*:')
_DOCUMENT = ("attachto", "template", "accnotemplate", "rootpath", "rembi pagetab conversion script version")
_PRIVATE = ("secretKey", "owner", "submitter", "accessTags", "access")
_INTERNAL = (
    *(
        "version",
        "schemaVersion",
        "method",
        "relPath",
        "rootPath",
        "storageMode",
        "views",
        "stats",
        "tags",
        "size",
    ),
    *(
        "ctime",
        "mtime",
        "rtime",
        "creationTime",
        "modificationTime",
        "submissionTime",
        "releaseTime",
        "released",
    ),
    "pageTabFiles",
)
_COLLECTIONS = ("collections", "projects")
_FOR_ACCESSIONS = re.compile(r"accession|\bempiar\b|\bidr\b|\bbiostudies\b")


def recognises(document: Document) -> bool:
    """Whether the bytes begin like a submission: a JSON object with `accno` or `section`, and attributes."""
    head = document.data[:_SNIFFED_BYTES].removeprefix(b"\xef\xbb\xbf").lstrip()
    return (
        head.startswith(b"{")
        and b'"@context"' not in head
        and bool(_KEY.search(head))
        and (b'"attributes"' in head or b'"section"' in head)
    )


def read(document: Document) -> Iterator[Reading | SourceError]:
    """Read the study of a submission; what stands in the way is yielded as an error."""
    try:
        parsed = parse_json(document)
        if not isinstance(parsed, dict):
            raise SourceMalformed("the document is no JSON object", source=document.place, code="no-study")
        lists = FileLists(document.attached)
        yield _reading(document, parsed, lists)
        yield from lists.errors
    except SourceError as error:
        yield error


def _reading(document: Document, parsed: dict[str, Any], lists: FileLists) -> Reading:
    account = LeafAccount(parsed)
    taken = Taken(account, lists)
    root = section(parsed, "")
    study_of = _study_section(parsed, document)
    lists.accession = root.accno or study_of.accno
    accession = _accession(root, study_of, document)
    study = _study(root, study_of, accession, taken)
    lists.read_all()
    study.related += [link for link in lists.links.values() if link.link_to != accession.text]
    study.kept_value = account.kept()
    names = _names(root, study_of)
    return Reading(
        study=complete(study, SOURCE),
        source=SOURCE,
        format=FORMAT,
        source_bytes=document.bundle(),
        leaves=account.leaves() + lists.leaves,
        quality="draft" if accession.archive.is_of_drafts else "original",
        source_date=study.modified or "",
        unmapped=account.unmapped(lambda pointer: names.get(pointer) or leaf_name(pointer)),
    )


def _study_section(parsed: dict[str, Any], document: Document) -> Section:
    value = parsed.get("section")
    found = section(value, "/section") if isinstance(value, dict) else None
    if found is None or found.type in {"project", "collection"}:
        kind = f"a {found.type}" if found else "a submission without a section"
        raise SourceSkipped(f"this holds no study: it is {kind}", where=document.place)
    return found


def _names(root: Section, study_of: Section) -> dict[str, str]:
    """What each value is called in the document, by its place."""
    every = [root, *study_of.everything()]
    links = [link for one in every for link in one.links()]
    found: dict[str, str] = {}
    for of in (*every, *links):
        for one in of.attributes:
            name = f"{of.type or 'link'}: {one.name}" if of is not root else one.name
            found |= dict.fromkeys((one.pointer, *one.names), name)
    return found


def _accession(root: Section, study_of: Section, document: Document) -> Accession:
    given = root.accno or study_of.accno
    try:
        if given:
            return parse_accession(given)
    except NotAnAccession as error:
        raise SourceMalformed(
            f"the submission's accession is unknown: {error}",
            source=document.place,
            pointer="/accno",
            code="unknown-accession",
            fix="`accno` needs to be an accession such as S-BIAD1076 (EXAMPLE-0001 for a made-up study).",
        ) from None
    titles = [
        one.text for of in (study_of, root) for one in of.attributes if one.name == "title" and one.text
    ]
    if not titles:
        raise SourceMalformed(
            "the submission has neither an accession nor a title",
            source=document.place,
            pointer="/accno",
            code="no-accession",
            fix="Add `accno`, or a Title for a draft.",
        )
    return draft_accession(titles[0])


def _study(root: Section, of: Section, accession: Accession, taken: Taken) -> Study:
    study = Study(accession=accession.text)
    if root.accno or of.accno:
        _account_accession(root, of, accession, taken)
    for one in (root, of):
        taken.claim(one)
        ignore_private(one, taken)
    _ignore_technical(root, of, taken)
    _describe(root, of, study, taken)
    _add_licence(of, study, taken)
    study.contribution = contributions(of, taken)
    study.grant = grants(of, taken)
    study.publication = publications(of, taken)
    samples = Samples(taken)
    samples.map_all(of)
    study.biosample, study.specimen, study.acquisition = (
        samples.biosamples,
        samples.specimens,
        samples.acquisitions,
    )
    study.analyzed_data, study.correlation = samples.analyses, samples.correlations
    study.protocol, study.component = samples.protocols, samples.components
    study.organism_text = list(dict.fromkeys([*study.organism_text, *samples.organism_text]))
    study.annotation, study.annotation_method = samples.annotations, samples.annotation_methods
    _add_files(of, study, taken)
    _add_links(root, of, study, taken)
    _add_links_of_attributes(of, study)
    study.attribute_text = list(dict.fromkeys([*taken.rest(of), *taken.rest(root)]))
    return study


def _account_accession(root: Section, of: Section, accession: Accession, taken: Taken) -> None:
    for one in (root, of):
        for name in ("accno", "accNo"):
            text = one.value.get(name)
            if not isinstance(text, str):
                continue
            if text.strip().casefold() == accession.text.casefold():
                taken.account.mapped(f"{one.pointer}/{name}")
            elif one is of:
                taken.account.ignored(f"{one.pointer}/{name}", "structural-id")


def _describe(root: Section, of: Section, study: Study, taken: Taken) -> None:
    study.title = taken.text(of, "title")
    top = taken.text(root, "title") if study.title is None else None
    study.title = study.title or top
    for one in taken.attributes(root, "title"):
        if one.text == study.title:
            taken.mapped(one)
    if isinstance(title := root.value.get("title"), str):
        study.title = study.title or title.strip() or None
        if title.strip() == study.title:
            taken.account.mapped("/title")
    study.description = taken.text(of, "description", "abstract")
    study.issued = _date(of, taken) or _date(root, taken) or _released(root, taken)
    _date(root, taken, study.issued)
    study.keyword = taken.texts(of, "keyword", "keywords")
    study.acknowledgement = taken.text(of, "acknowledgements", "acknowledgement")
    study.funding_statement = taken.text(of, "funding statement")
    study.study_type = taken.text(of, "study type")
    study.organism_text = taken.texts(of, "organism")
    study.imaging_method_text = taken.texts(of, "imaging method", "technology type")
    study.dataset_doi = _dataset_doi(root, of, taken)


def _date(of: Section, taken: Taken, known: str | None = None) -> str | None:
    """Take the release date; with one known, only what says the same."""
    for one in taken.attributes(of, "releasedate", "release date"):
        date = partial_date(one.text)
        if date and known in {None, date}:
            taken.mapped(one)
            known = date
    return known


def _released(root: Section, taken: Taken) -> str | None:
    """The release date of the internal form; for what is not yet released it is a plan."""
    given = root.value.get("releaseTime")
    if root.value.get("released") is not True or not isinstance(given, str):
        return None
    if date := partial_date(given):
        taken.account.mapped("/releaseTime")
    return date


def _dataset_doi(root: Section, of: Section, taken: Taken) -> str | None:
    if isinstance(given := root.value.get("doi"), str) and (name := doi(given)):
        taken.account.mapped("/doi")
        return doi_iri(name)
    for one in (*taken.attributes(root, "doi"), *taken.attributes(of, "doi")):
        if name := doi(one.text):
            taken.mapped(one)
            return doi_iri(name)
    return None


def _add_licence(of: Section, study: Study, taken: Taken) -> None:
    for one in taken.attributes(of, "license", "licence"):
        address = next((q.text for q in one.qualifiers if q.name == "url"), "")
        study.license = study.license or licence_iri(address) or licence_iri(one.text) or web_address(address)
        study.license_text = study.license_text or taken.one(one) or None
        if study.license and licence_iri(address) == study.license:
            taken.qualifier(one, "url")


def _add_files(of: Section, study: Study, taken: Taken) -> None:
    """Files that no part has taken: a section that is there for them makes one, the others one for the whole."""
    whole: list[FileSet] = []
    for one in of.everything():
        file_sets = [*file_lists(one, taken), *listed_files(one, taken)]
        if file_sets and one is not of and one.type not in ORGANISATIONS and taken.is_unclaimed(one):
            study.component.append(_part_of_files(one, file_sets, taken))
        else:
            whole += file_sets
    if whole:
        component = StudyComponent(key="files", title=study.title, file_set=whole)
        sum_sizes(component)
        study.component.append(component)


def _part_of_files(of: Section, file_sets: list[FileSet], taken: Taken) -> StudyComponent:
    component = StudyComponent(
        key=taken.key(of, "component")
        or "-".join(["files", *(part for part in of.pointer.split("/") if part.isdigit())]),
        title=taken.text(of, "title", "name") or prose(str(of.value.get("type"))),
        description=taken.text(of, "description"),
        file_set=file_sets,
    )
    taken.claim(of)
    sum_sizes(component)
    component.attribute_text = taken.rest(of)
    return component


# --- links


def _add_links(root: Section, of: Section, study: Study, taken: Taken) -> None:
    for one in (root, *of.everything()):
        for link in one.links():
            _add_link(link, study, taken)


def _add_link(link: Section, study: Study, taken: Taken) -> None:
    url = link.value.get("url")
    address = prose(url) if isinstance(url, str) else ""
    if address == E_MAIL_REMOVED:
        taken.account.ignored(f"{link.pointer}/url", "private-email")
        return
    if link.pointer in taken.done or not address:
        return
    kind = taken.text(link, "type")
    words = taken.text(link, "description", "title")
    taken.account.mapped(f"{link.pointer}/url")
    taken.claim(link)
    quoted = "; ".join(part for part in (kind, address, words) if part)
    links = links_of_address(study.accession, address, quoted)
    study.related += links
    if not links:
        study.see_also.append(_external(address, kind, words))


def _add_links_of_attributes(of: Section, study: Study) -> None:
    """An attribute that is made for an accession (`IDR accession number`) links, and stays what it is."""
    known = {one.link_to for one in study.related}
    for one in of.attributes:
        if _FOR_ACCESSIONS.search(one.name):
            quoted = f"{one.label}: {one.text}"
            links = links_to(study.accession, one.text, "reference_field", quoted)
            study.related += [link for link in links if link.link_to not in known]
            known |= {link.link_to for link in links}


def _external(address: str, kind: str | None, words: str | None) -> ExternalRecord:
    name = doi(address)
    return ExternalRecord(
        external_identifier=address,
        external_archive=kind,
        title=words,
        landing_page=web_address(address) or (doi_iri(name) if name else None),
    )


def _ignore_technical(root: Section, of: Section, taken: Taken) -> None:
    """What describes the document, says nothing, or belongs to nobody but BioStudies."""
    for attribute in taken.attributes(root, *_DOCUMENT):
        taken.ignored(attribute, "pagetab-document")
    rules = (
        (_PRIVATE, "private-account"),
        (_INTERNAL, "biostudies-internal"),
        (_COLLECTIONS, "pagetab-document"),
    )
    for names, rule in rules:
        for name in names:
            if name in root.value:
                taken.account.ignored_under(f"/{name}", rule)
    for one in (root, *of.everything()):
        for pointer in one.empty_items():
            taken.account.mapped(pointer)
        inner = one.value.get("fileList")
        if isinstance(inner, dict) and inner:
            taken.account.ignored_under(f"{one.pointer}/fileList", "biostudies-internal")
