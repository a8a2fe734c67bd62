"""What all documents of the BioImage Archive's integrator share: accession, what is private, what is kept."""

from __future__ import annotations

from collections.abc import Iterable

from rembigraph.loaders.bia_fields import PRIVATE, Fields, leaves
from rembigraph.loaders.reading import Document
from rembigraph.ontology.errors import SourceMalformed
from rembigraph.ontology.generated.models import KeptValue, Study
from rembigraph.ontology.identifiers import NotAnAccession, draft_accession, parse_accession


def study_of(of: Fields, document: Document) -> tuple[Study, str]:
    """Return the empty record of a study with its accession, and the quality of the source.

    A name that no archive gives (test records have such) is a further identifier of a draft.

    Raises:
        SourceMalformed: there is neither an accession nor a title.
    """
    given = of.text("accession_id", "accession")
    try:
        accession = parse_accession(given or "")
    except NotAnAccession:
        title = of.peek("title", "title_id")
        if not isinstance(title, str) or not title.strip():
            raise _nameless(given, document) from None
        study = Study(accession=draft_accession(title).text)
        study.alternate_identifier = [given] if given else []
        return study, "draft"
    study = Study(accession=accession.text)
    if given and given.casefold() != accession.text.casefold():
        study.alternate_identifier = [given]
    return study, "draft" if accession.archive.is_of_drafts else "original"


def _nameless(given: str | None, document: Document) -> SourceMalformed:
    return SourceMalformed(
        f"the study has no accession of a known archive (it says {(given or '')[:80]!r}), and no title",
        source=document.place,
        pointer="/accession_id",
        code="no-accession",
        fix="`accession_id` needs to be an accession such as S-BIAD1076 (EXAMPLE-0001 for a made-up study).",
    )


def ignore_private(of: Fields) -> None:
    """Account for e-mail addresses, telephone numbers and accounts, wherever in a document they are."""
    for name, value, place in leaves(of.value, "", of.pointer):
        rule = PRIVATE.get(name.rsplit("/", 1)[-1].casefold())
        if rule and value not in (None, "", [], {}):
            of.account.ignored(place, rule)


def kept_values(documents: Iterable[tuple[str, Fields]]) -> list[KeptValue]:
    """Return what is kept of each document; pointers into an attached one begin with its name."""
    return [
        KeptValue(pointer=f"{name}#{one.pointer}" if name else one.pointer, raw_text=one.raw_text)
        for name, of in documents
        for one in of.account.kept()
    ]
