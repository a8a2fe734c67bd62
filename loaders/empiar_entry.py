"""An EMPIAR entry as a study: what the API, a deposition and the XML header say alike, each in its own spelling."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rembigraph.loaders.empiar_codes import concept
from rembigraph.loaders.empiar_imagesets import components, segmentations
from rembigraph.loaders.empiar_people import (
    JOURNAL,
    OTHER_THAN_JOURNAL,
    People,
    grants,
    private,
    publications,
)
from rembigraph.loaders.empiar_places import TEXT, Leaf, Place, Taking, folded
from rembigraph.loaders.leaves import LeafAccount
from rembigraph.loaders.reading import Reading
from rembigraph.loaders.values import doi, doi_iri, web_address
from rembigraph.ontology.completion import complete
from rembigraph.ontology.external import EMDB, PDB, parse_external
from rembigraph.ontology.generated.models import (
    Asserter,
    Contribution,
    EvidenceKind,
    ExternalRecord,
    LinkRelation,
    OntologyTerm,
    Protocol,
    Resolution,
    ResolutionMethod,
    Study,
    StudyLink,
)
from rembigraph.ontology.identifiers import Accession, Archive, NotAnAccession, parse_accession

SOURCE = "empiar"

_RELATIONS = {EMDB.key: LinkRelation.reconstructed_as, PDB.key: LinkRelation.modelled_as}
_REFERENCES = (
    "cross_references",
    "biostudies_references",
    "idr_references",
    "empiar_references",
    "related_emdb_entries",
    "related_pdb_entries",
)
_ARCHIVES = {"biostudies": "BioStudies", "idr": "IDR", "empiar": "EMPIAR", "emdb": "EMDB", "pdb": "PDB"}
_CITATION_KINDS = {"journal_citation": JOURNAL, "non_journal_citation": OTHER_THAN_JOURNAL}
_WORKFLOW_HUB = {"1": "WorkflowHub"}  # the only type of workflow that EMPIAR knows


@dataclass(frozen=True)
class Form:
    """A form in which EMPIAR writes an entry.

    Attributes:
        name: format that was recognised.
        quality: `original` or `draft`.
        escaped_twice: whether entities of its texts may be escaped once too often.
        has_release_date: whether `release_date` is a date, not a wish for one.
    """

    name: str
    quality: str = "original"
    escaped_twice: bool = False
    has_release_date: bool = True


def reading(
    form: Form,
    accession: Accession,
    account: LeafAccount,
    entry_of: Callable[[Taking], Place],
    source_bytes: bytes,
    part: int = 0,
) -> Reading:
    """Map an entry.

    Args:
        form: its form.
        accession: its accession.
        account: the leaves of its document.
        entry_of: gives the entry as a place.
        source_bytes: the bytes that it was read from.
        part: its number in the document, 0 when it is alone.
    """
    taking = Taking(account, escaped_twice=form.escaped_twice)
    entry = entry_of(taking)
    study = _study(form, accession, entry)
    study.resolution = list(taking.resolutions.values())
    study.kept_value = account.kept()
    return Reading(
        study=complete(study, SOURCE),
        source=SOURCE,
        format=form.name,
        source_bytes=source_bytes,
        leaves=account.leaves(),
        quality=form.quality,
        source_date=study.modified or study.issued or study.deposited or "",
        part=part,
        unmapped=account.unmapped(),
    )


def _study(form: Form, accession: Accession, entry: Place) -> Study:
    imagesets = entry.places("imagesets", "image_set")
    parts = components(imagesets)
    study = Study(
        accession=accession.text,
        title=entry.text("title") or without_title(accession, entry),
        release_status=entry.text("status", "current_status"),
        deposited=entry.date("deposition_date"),
        issued=entry.date("release_date") if form.has_release_date else None,
        modified=entry.date("update_date"),
        obsoleted=entry.date("obsolete_date"),
        version_note=_versions(entry),
        data_size_text=_size_of_data(entry),
        experiment_type=_concept(entry, "experiment_type"),
        scale=[scale] if (scale := _concept(entry, "scale")) else [],
        contribution=_contributors(entry, accession),
        grant=grants(entry),
        publication=publications(_citations(entry)),
        component=parts,
        annotation=segmentations(imagesets, parts),
        protocol=_workflow_files(entry),
        see_also=_workflows(entry),
    )
    _identify(study, entry, accession)
    _add_references(study, entry, accession)
    return study


def without_title(accession: Accession, entry: Place) -> str:
    """Return what a study is called that its source gives no title: its accession, reported as not resolved.

    Nothing is made up, and where another source gives a title, pages show that one: it is longer.
    """
    entry.taking.resolutions["title", accession.text] = Resolution(
        of_field="title",
        raw_identifier=accession.text,
        resolution_method=ResolutionMethod.unresolved,
    )
    return accession.text


def _identify(study: Study, entry: Place, accession: Accession) -> None:
    """Take the entry's DOI, and its own name where it has one; another entry's DOI makes them no one study."""
    found = entry.leaf("entry_doi")
    name = doi(found.text) if found else None
    if found and name:
        found.take()
        study.dataset_doi = doi_iri(name)
    for leaf in entry.leaves("id", "accession_code"):
        if leaf.text and accession_of(leaf.take()) != accession:
            study.alternate_identifier = [*study.alternate_identifier, leaf.text]


def accession_of(text: str) -> Accession | None:
    """Return the accession that a text names; EMPIAR's own number stands for it, too.

    >>> str(accession_of("empiar-10310")), str(accession_of("10310")), accession_of("EMPIAR-1")
    ('EMPIAR-10310', 'EMPIAR-10310', None)
    """
    given = text.strip()
    try:
        return parse_accession(f"EMPIAR-{given}" if given.isascii() and given.isdigit() else given)
    except NotAnAccession:
        return None


def _concept(entry: Place, slot: str) -> OntologyTerm | None:
    """Return the concept of a field; what is in no table stays a kept value, reported as unresolved."""
    leaf = entry.leaf(slot)
    if leaf is None or not leaf.text:
        return None
    term = concept(slot, leaf.text)
    entry.taking.resolve_code(slot, leaf, known=term is not None, iri=term.id if term else None)
    if term:
        leaf.take()
    return term


def _size_of_data(entry: Place) -> str | None:
    """Return the size in words: a rounded number of terabytes is no number of bytes."""
    size = entry.text("dataset_size")
    unit = entry.place("dataset_size").text("units", "unit") if size else None
    return f"{size} {unit}" if size and unit else size


def _versions(entry: Place) -> list[str]:
    """Return one note for each version: `2 (2024-05-02, REL): pixel size corrected`."""
    notes = []
    for place in entry.places_in("version_history", of="version"):
        place.ignore("private-account", "annotator")
        number = place.text("version_number")
        when = ", ".join(place.texts("date") + place.texts("status_code"))
        details = place.text("details")
        head = " ".join(part for part in (number, f"({when})" if when else "") if part)
        notes.append(": ".join(part for part in (head, details) if part))
    return [note for note in notes if note]


def _contributors(entry: Place, accession: Accession) -> list[Contribution]:
    people = People(accession.text)
    listed = entry.place("authors_list")
    people.add_all(entry.items("authors") + listed.items("author"))
    people.add_all(entry.items("corresponding_author"), "corresponding author")
    people.add_all(entry.items("principal_investigator"), "principal investigator")
    private(entry)
    return people.found


def _citations(entry: Place) -> list[tuple[Place, str]]:
    """The XML header wraps a citation in a list, a kind of citation and a kind of publication."""
    wrapped = [
        (citation, kind)
        for group in entry.places("citation_list")
        for wrapper in group.places("universal_citation", "citation", "primary_citation")
        for name, kind in _CITATION_KINDS.items()
        for citation in wrapper.places(name)
    ]
    return [*((citation, "") for citation in entry.places("citation")), *wrapped]


# --- workflows


def _workflow_files(entry: Place) -> list[Protocol]:
    """A workflow file is a way to do the processing again."""
    paths = entry.texts("workflow_file", "scipion_workflow")
    for place in entry.places("workflow_file", "scipion"):
        paths += place.texts("path", "workflow_file", "scipion_workflow")
    return [Protocol(title=path) for path in paths]


def _workflows(entry: Place) -> list[ExternalRecord]:
    found = []
    for place in entry.places("workflows"):
        address = place.text("url")
        kind = place.leaf("type")
        archive = _WORKFLOW_HUB.get(kind.text) if kind else None
        if kind and archive and address:
            kind.take()
        if address:
            page = web_address(address)
            found.append(
                ExternalRecord(external_identifier=address, external_archive=archive, landing_page=page)
            )
    return found


# --- references


def _add_references(study: Study, entry: Place, accession: Accession) -> None:
    study.reconstructed_as, study.modelled_as, study.related = [], [], []
    for name in _REFERENCES:
        for one in entry.items(name):
            leaf = one if isinstance(one, Leaf) else one.leaf("name", TEXT)
            if leaf:
                _refer(study, leaf, name, accession)
    for lists in entry.places("cross_references"):
        _refer_from_lists(study, lists, accession)


def _refer_from_lists(study: Study, place: Place, accession: Accession) -> None:
    """The XML header lists related entries by archive: `relatedEMDBEntries/emdbEntry`."""
    for name in place.names():
        if name.startswith("related"):
            for group in place.places(name):
                for kind in group.names():
                    for leaf in group.leaves(kind):
                        _refer(study, leaf, place.spelt(name), accession)


def _refer(study: Study, leaf: Leaf, of_field: str, accession: Accession) -> None:
    """Put a reference where its archive belongs; one to the entry itself says nothing of others and is kept."""
    text = leaf.text
    if leaf.is_empty:
        leaf.take()
    elif not text or (target := accession_of(text)) == accession:
        return
    elif external := parse_external(text):
        _places(study, external.archive).append(external.record())
        relation = _RELATIONS.get(external.archive.key, LinkRelation.related_study)
        study.related.append(_link(leaf.take(), external.iri, of_field, relation))
    elif target and not text.isdigit():
        study.related.append(_link(leaf.take(), target.text, of_field, LinkRelation.related_study))
    else:
        record = ExternalRecord(external_identifier=leaf.take(), external_archive=_archive_of(of_field))
        study.see_also.append(record)


def _places(study: Study, archive: Archive) -> list[ExternalRecord]:
    return {EMDB.key: study.reconstructed_as, PDB.key: study.modelled_as}.get(archive.key, study.see_also)


def _archive_of(of_field: str) -> str | None:
    """Return the archive that a field is for: `biostudies_references`, `relatedBioStudiesEntries`.

    >>> _archive_of("relatedBioStudiesEntries"), _archive_of("cross_references")
    ('BioStudies', None)
    """
    name = folded(of_field)
    return next((archive for word, archive in _ARCHIVES.items() if word in name), None)


def _link(text: str, target: str, of_field: str, relation: LinkRelation) -> StudyLink:
    return StudyLink(
        link_to=target,
        link_relation=relation,
        evidence_kind=EvidenceKind.reference_field,
        evidence_text=[f"{of_field}: {text}"],
        asserted_by=Asserter.depositor,
        confidence=1.0,
    )
