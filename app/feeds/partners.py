"""Files for two partners who fetch no feed: EBI Search with OmicsDI, and Europe PMC LabsLink.

EBI Search and OmicsDI read `database/entries/entry`. LabsLink takes `links.xml`, of which no file may be longer than
10 MB, and `providers.xml`; it is made only for the provider identifier that Europe PMC assigned.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rembigraph.app.feeds.xml import DECLARATION, around, element
from rembigraph.app.pages.record import described
from rembigraph.catalogue.exports.citation import cite, one_line, paragraphs
from rembigraph.catalogue.exports.dcat import describe
from rembigraph.catalogue.exports.schema_org_facts import articles, license_of, terms_of, texts_without_term

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rembigraph.app.feeds.repository import Repository
    from rembigraph.app.pages.site import Site
    from rembigraph.catalogue.changes import Changes
    from rembigraph.catalogue.exports import Described
    from rembigraph.catalogue.reader import Snapshot

MOST_BYTES: Final = 9_000_000
"""Longest file of links."""


def studies(snapshot: Snapshot, changes: Changes, site: Site) -> Iterator[tuple[Described, str]]:
    """Yield every study that is served, with the datestamp of its last change."""
    for accession, time in changes.every_held():
        view = snapshot.record(accession)
        if view:
            yield described(snapshot, view, site), time


def search_entries(snapshot: Snapshot, changes: Changes, site: Site, name: str) -> Iterator[bytes]:
    """Yield the document that EBI Search and OmicsDI read."""
    size = sum(1 for _ in changes.every_held())
    head = [element("name", name), element("release", str(snapshot.generation))]
    head += [element("release_date", changes.time[:10]), element("entry_count", str(size))]
    yield f"{DECLARATION}<database>{''.join(head)}<entries>\n".encode()
    for study, time in studies(snapshot, changes, site):
        yield f"{_entry(study, time)}\n".encode()
    yield b"</entries></database>\n"


def links(
    snapshot: Snapshot, changes: Changes, site: Site, provider: str, most: int = MOST_BYTES
) -> Iterator[bytes]:
    """Yield the files of links from publications to studies, each at most so many bytes long."""
    head, tail = f"{DECLARATION}<links>\n".encode(), b"</links>\n"
    body = bytearray()
    for study, _ in studies(snapshot, changes, site):
        for link in _links(study, provider):
            if body and len(head) + len(body) + len(link) + len(tail) > most:
                yield head + body + tail
                body.clear()
            body += link
    if body:
        yield head + body + tail


def provider_entry(site: Site, repository: Repository) -> bytes:
    """Return `providers.xml`: who gives the links. What the keeper has not said is not in it."""
    said = [
        element("id", repository.labslink_provider),
        element("resourceName", repository.name),
        element("description", f"Metadata of imaging studies: {site.url('/')}"),
    ]
    if repository.admin_email:
        said.append(element("email", repository.admin_email))
    return f"{DECLARATION}{around('providers', [around('provider', said)])}\n".encode()


def _entry(study: Described, changed: str) -> str:
    dates = [("publication", study.issued), ("last_modification", changed[:10])]
    return around(
        "entry",
        [
            element("name", cite(study).title),
            element("description", describe(study)),
            around("cross_references", _references(study)),
            around("dates", (element("date", type=kind, value=day) for kind, day in dates if day)),
            around(
                "additional_fields",
                (element("field", text, name=name) for name, text in _fields(study) if text),
            ),
        ],
        id=str(study.accession),
    )


def _references(study: Described) -> Iterator[str]:
    for iri, _ in terms_of(study.terms("organism")):
        name = iri.rsplit("/", 1)[-1]
        if name.startswith("NCBITaxon_"):
            yield element("ref", dbkey=name.removeprefix("NCBITaxon_"), dbname="TAXONOMY")
    for one in articles(study):
        for dbname, key in (("pubmed", one.pubmed), ("doi", one.doi)):
            if key:
                yield element("ref", dbkey=key, dbname=dbname)


def _fields(study: Described) -> Iterator[tuple[str, str]]:
    yield "omics_type", "Imaging"
    yield "repository", study.publisher
    yield "full_dataset_link", study.archive_page or study.page
    yield "landing_page", study.page
    yield "license", license_of(study)
    yield from (("author", author.name) for author in study.authors)
    yield from (("keyword", one_line(word)) for word in study.keywords)
    for name, field in (("species", "organism"), ("imaging_method", "imaging_method")):
        yield from ((name, label) for _, label in terms_of(study.terms(field)))
        yield from ((name, text) for text in texts_without_term(study, field))


def _links(study: Described, provider: str) -> Iterator[bytes]:
    """Yield a link for each publication of a study that has an identifier."""
    resource = around("resource", [element("title", cite(study).title), element("url", study.page)])
    for one in articles(study):
        if one.pubmed:
            target = around("record", [element("source", "MED"), element("id", one.pubmed)])
        elif one.doi:
            target = element("doi", paragraphs(one.doi))
        else:
            continue
        yield (around("link", [resource, target], providerId=provider) + "\n").encode()
