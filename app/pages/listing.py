"""The list of studies: as a page, as JSON and as CSV, all from the same answer of the index.

JSON: `{"version", "query", "total", "page", "pages", "per_page", "items", "facets", "advice", "links"}`; an item
has `accession iri url archive archive_page title organisms methods issued license bytes files images parts
matched`, a term has `iri label`. What a record does not say is null.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from rembigraph.app.pages.behind_list import list_queries
from rembigraph.catalogue.criteria import KINDS, SORTS, Criteria
from rembigraph.catalogue.summary import Term
from rembigraph.ontology.errors import UsageError
from rembigraph.ontology.identifiers import Iris, archive_by_key, parse_accession

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rembigraph.app.pages.site import Site
    from rembigraph.catalogue.studylist import StudyItem, StudyPage
    from starlette.datastructures import QueryParams

CSV: Final = "text/csv"
PAGE_SIZE: Final = 25
DOWNLOAD_SIZE: Final = 1000
_MOST_ON_PAGE: Final = 100
TRUTH: Final = {
    "": None,
    "yes": True,
    "true": True,
    "1": True,
    "on": True,
    "no": False,
    "false": False,
    "0": False,
}
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
TABLE_COLUMNS: Final = (
    "accession",
    "archive",
    "title",
    "organisms",
    "organism_iris",
    "methods",
    "method_iris",
    "issued",
    "license",
    "bytes",
    "files",
    "images",
    "parts",
    "page",
)
"""Columns of the study list as a table."""


def criteria_of(parameters: QueryParams, *, download: bool = False) -> Criteria:
    """Return what the parameters of a request ask for.

    Raises:
        UsageError: a number or a choice that can't be used.
    """
    wanted = parameters.get("correlative", "").strip().lower()
    if wanted not in TRUTH:
        raise UsageError("parameter correlative: write yes or no", where="correlative")
    sort = parameters.get("sort", "")
    if sort and sort not in SORTS:
        raise UsageError(f"parameter sort: write one of {', '.join(SORTS)}", where="sort")
    most = DOWNLOAD_SIZE if download else _MOST_ON_PAGE
    return Criteria.of(
        parameters.get("q", ""),
        archive=parameters.getlist("archive"),
        organism=parameters.getlist("organism"),
        method=parameters.getlist("method"),
        year=parameters.getlist("year"),
        correlative=TRUTH[wanted],
        sort=sort,
        page=_whole(parameters, "page", 1),
        per_page=min(_whole(parameters, "per_page", most if download else PAGE_SIZE), most),
    )


def _whole(parameters: QueryParams, name: str, default: int) -> int:
    text = parameters.get(name, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and int(text)):
        raise UsageError(f"parameter {name}: write a whole number from 1", where=name)
    return int(text)


def address(criteria: Criteria, **more: str) -> str:
    """Return the path of the list for criteria; what is at its default is left out."""
    pairs: list[tuple[str, str]] = [("q", criteria.q)] if criteria.q else []
    pairs += [(kind, value) for kind in KINDS for value in criteria.values(kind)]
    if criteria.correlative is not None:
        pairs.append(("correlative", "yes" if criteria.correlative else "no"))
    if criteria.sort != ("relevance" if criteria.q else "newest"):
        pairs.append(("sort", criteria.sort))
    if criteria.per_page != PAGE_SIZE:
        pairs.append(("per_page", str(criteria.per_page)))
    if criteria.page > 1:
        pairs.append(("page", str(criteria.page)))
    pairs += more.items()
    return "/studies" + (f"?{urlencode(pairs)}" if pairs else "")


def listing(page: StudyPage, site: Site) -> dict[str, Any]:
    """Return the values of the template `studies.html`."""
    criteria = page.criteria
    return {
        "page": page,
        "criteria": criteria,
        "chips": list(_chips(page, site)),
        "address": lambda of: site.path(address(of)),
        "previous": site.path(address(replace(criteria, page=criteria.page - 1)))
        if criteria.page > 1
        else "",
        "next": site.path(address(_next(page))) if criteria.page < page.pages else "",
        "json": site.path(address(replace(criteria, page=1, per_page=PAGE_SIZE), format="json")),
        "csv": site.path(address(replace(criteria, page=1, per_page=PAGE_SIZE), format="csv")),
        "first_page": site.path(address(replace(criteria, page=1))),
        "canonical": site.url(address(criteria)),
        "archive_of": archive_by_key,
        "queries": list_queries(page, site),
        "sorts": [sort for sort in SORTS if sort != "relevance" or criteria.q],
    }


def _next(page: StudyPage) -> Criteria:
    return replace(page.criteria, page=page.criteria.page + 1)


def _chips(page: StudyPage, site: Site) -> list[tuple[str, str, str]]:
    """Return the active filters: (kind, label, path without it)."""
    criteria = page.criteria
    labels = {
        (facet.kind, name): value.term.label
        for facet in page.facets
        for value in facet.values
        for name in value.given
    }
    chips = [("q", criteria.q, site.path(address(criteria.without("q"))))] if criteria.q else []
    for kind in KINDS:
        for value in criteria.values(kind):
            path = site.path(address(criteria.without(kind, value)))
            chips.append((kind, labels.get((kind, value), value), path))
    if criteria.correlative is not None:
        label = "with a part elsewhere" if criteria.correlative else "without a part elsewhere"
        chips.append(("correlative", label, site.path(address(criteria.without("correlative")))))
    return chips


def as_json(page: StudyPage, site: Site) -> bytes:
    """Return the list as JSON."""
    criteria = page.criteria
    links = {"self": site.url(address(criteria, format="json"))}
    if criteria.page > 1:
        links["prev"] = site.url(address(replace(criteria, page=criteria.page - 1), format="json"))
    if criteria.page < page.pages:
        links["next"] = site.url(address(_next(page), format="json"))
    document = {
        "version": 1,
        "query": _query(criteria),
        "total": page.total,
        "page": criteria.page,
        "pages": page.pages,
        "per_page": criteria.per_page,
        "items": [_item(item, site) for item in page.items],
        "facets": {
            facet.kind: [
                {"value": value.query, "label": value.term.label, "studies": value.studies}
                for value in facet.values
            ]
            for facet in page.facets
        },
        "advice": _advice(page),
        "links": links,
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode("utf-8") + b"\n"


def _query(criteria: Criteria) -> dict[str, Any]:
    wanted: dict[str, Any] = {kind: list(criteria.values(kind)) for kind in KINDS}
    return {"q": criteria.q, **wanted, "correlative": criteria.correlative, "sort": criteria.sort}


def _item(item: StudyItem, site: Site) -> dict[str, Any]:
    match = item.match or item.heading
    return {
        "accession": item.accession,
        "iri": Iris(site.data_base).study(item.accession),
        "url": site.url(f"/{item.accession}"),
        "archive": item.archive,
        "archive_page": parse_accession(item.accession).landing_page or None,
        "title": item.title,
        "organisms": [_term(term) for term in item.organisms],
        "methods": [_term(term) for term in item.methods],
        "issued": item.issued or None,
        "license": item.license or None,
        "bytes": item.byte_size,
        "files": item.file_count,
        "images": item.images,
        "parts": item.parts,
        "matched": {"field": match.field, "text": match.text} if match else None,
    }


def _term(term: Term) -> dict[str, str | None]:
    return {"iri": term.value if term.is_term else None, "label": term.label}


def _advice(page: StudyPage) -> dict[str, Any] | None:
    if page.advice is None:
        return None
    return {
        "accessions": list(page.advice.accessions),
        "queries": list(page.advice.queries),
        "drop": [{"filter": kind, "value": value, "studies": n} for kind, value, n in page.advice.drops],
        "unknown": [
            {"filter": kind, "value": value, "near": list(near)} for kind, value, near in page.advice.unknown
        ],
    }


def as_csv(page: StudyPage, site: Site) -> bytes:
    """Return the list as CSV for spreadsheets; what one would run as a formula gets a `'` in front."""
    return csv_table(page.items, site)


def csv_table(items: Iterable[StudyItem], site: Site, *, heading: bool = True) -> bytes:
    """Return studies as rows of CSV, in the columns of the study list."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    if heading:
        writer.writerow(TABLE_COLUMNS)
    for item in items:
        writer.writerow([_cell(value) for value in table_row(item, site)])
    return out.getvalue().encode("utf-8")


def table_row(item: StudyItem, site: Site) -> tuple[object, ...]:
    """Return a study as a row of `TABLE_COLUMNS`; what its record does not say is None or empty."""
    return (
        item.accession,
        item.archive,
        item.title,
        "; ".join(term.label for term in item.organisms),
        " ".join(term.value for term in item.organisms if term.is_term),
        "; ".join(term.label for term in item.methods),
        " ".join(term.value for term in item.methods if term.is_term),
        item.issued,
        item.license,
        item.byte_size,
        item.file_count,
        item.images,
        item.parts,
        site.url(f"/{item.accession}"),
    )


def _cell(value: object) -> object:
    if value is None:
        return ""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
