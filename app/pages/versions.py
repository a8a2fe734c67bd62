"""What the pages about versions show: the list of them, and one version as it was published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rembigraph.app.pages.thing import thing
from rembigraph.ontology.identifiers import parse_accession

if TYPE_CHECKING:
    from rembigraph.app.pages.site import Site
    from rembigraph.catalogue.recordview import RecordView
    from rembigraph.catalogue.versions import History, Version


def versions_page(view: RecordView, history: History, site: Site) -> dict[str, Any]:
    """Return the values of the template `versions.html`."""
    return {
        "accession": view.accession,
        "archive": parse_accession(view.accession).archive,
        "study_title": view.study.text("title"),
        "history": history,
        "canonical": site.url(f"/{view.accession}/versions"),
    }


def version_page(view: RecordView, history: History, version: Version, site: Site) -> dict[str, Any]:
    """Return the values of the template `thing.html` for a study as it was in a version."""
    path = f"/{view.accession}/v{version.number}"
    return {
        **thing(view, view.study, site),
        "version": version,
        "history": history,
        "path": site.path(path),
        "canonical": site.url(path),
    }
