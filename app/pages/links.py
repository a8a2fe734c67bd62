"""Pages about links: what a record is linked with, why two records are linked, and a curator's decision to download.

A record here is anything that links lead to: a study (held or not yet), a map of EMDB, a model of PDB, a collection.
The public server changes nothing: a decision is a small document that a curator downloads and loads.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote

from fastapi import APIRouter
from rembigraph.app.negotiation import HTML, JSON, negotiate
from rembigraph.app.pages import text, words
from rembigraph.app.pages.absent import UnknownStudyError
from rembigraph.app.pages.answers import OPEN, Body, answer
from rembigraph.app.pages.behind_links import linking_queries, links_query
from rembigraph.app.pages.landing import Card, card_of, statement_of
from rembigraph.app.pages.linkage import canonical_end, decision_document, link_entries
from rembigraph.app.pages.rendering import Render
from rembigraph.app.pages.site import Site
from rembigraph.catalogue.parts import archive_of, iri_of, page_of
from rembigraph.ontology.external import EMDB, EXTERNAL_ARCHIVES, PDB, parse_external
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

if TYPE_CHECKING:
    from rembigraph.catalogue.following import Reader
    from rembigraph.catalogue.parts import Part
    from rembigraph.catalogue.reader import Snapshot
    from rembigraph.catalogue.recordview import Node

_METHODS: Final = ["GET", "HEAD"]
_YAML: Final = "application/yaml"
_MAX_END: Final = 300
_MAX_TEXT: Final = 2000
_MAX_STUDIES: Final = 20
_MAX_SUGGESTED: Final = 200
_HOUR: Final = "public, max-age=3600"


@dataclass(frozen=True)
class Route:
    """What is known about a record from the studies that it rests on.

    Attributes:
        raw: studies that hold the images that it was made from.
        whole: other studies of the same specimens or experiments.
        transformations: coordinate transformations that these studies record: (study, transformation).
    """

    raw: tuple[Card, ...]
    whole: tuple[Card, ...]
    transformations: tuple[tuple[str, Node], ...]


def links_router(reader: Reader, *, public_url: str, data_base: str, render: Render) -> APIRouter:
    """Return the routes of the pages about links, and of the short addresses of EMDB and PDB entries."""
    pages = _LinkPages(reader, Site.of(public_url, data_base), render)
    router = APIRouter()

    @router.api_route(
        "/links", methods=_METHODS, summary="How studies are linked, and what a curator may judge"
    )
    async def overview(request: Request) -> Response:
        return await run_in_threadpool(pages.overview, request)

    @router.api_route("/links/{path:path}", methods=_METHODS, summary="What a record is linked with, and why")
    async def links(request: Request, path: str) -> Response:
        return await run_in_threadpool(pages.answer, request, path)

    return router


def external_redirect(site: Site, stem: str) -> Response | None:
    """Return the answer to `/EMD-1234` and the like: the page that lists what is known for it; None for other paths."""
    external = parse_external(unquote(stem)) if len(stem) <= 40 else None
    if external is None or external.archive not in EXTERNAL_ARCHIVES:
        return None
    return RedirectResponse(site.path(f"/links/{external.identifier}"), 303, {"Cache-Control": _HOUR})


@dataclass(frozen=True)
class _LinkPages:
    """What the routes do, in threads: the store and the index block."""

    reader: Reader
    site: Site
    render: Render

    def answer(self, request: Request, path: str) -> Response:
        raw = request.scope.get("raw_path", b"").decode("latin-1").split("?", 1)[0]
        segments = [unquote(segment) for segment in raw.partition("/links/")[2].split("/")]
        ends = [canonical_end(segment) for segment in segments[:2] if segment]
        if ends[1:] and segments[2:] == ["decision.yaml"]:
            return self._decision(request, ends[0], ends[1])
        if not ends or any(segments[2:]):
            raise UnknownStudyError("there is no such page here")
        if ends[1:] and not _is_study(ends[0]) and _is_study(ends[1]):
            ends.reverse()  # a decision is about a study and what it is linked with
        wanted = "/links/" + "/".join(quote(end, safe="") for end in ends)
        if raw.removeprefix(self.site.prefix) != wanted:
            return RedirectResponse(self.site.path(wanted), 301, {"Cache-Control": _HOUR})
        media_type = negotiate(request.headers.get("accept"), [HTML, JSON])
        with self.reader.snapshot() as snapshot:
            values = self._pair(snapshot, *ends) if ends[1:] else self._record(snapshot, ends[0])
        if media_type == JSON:
            headers = {"Vary": "Accept", **OPEN}
            body = json.dumps(values["json"], ensure_ascii=False, indent=1).encode()
            return answer(request, Body.of(body), JSON, headers)
        page = self.render("pair.html" if ends[1:] else "links.html", values)
        return answer(request, Body.of(page.encode()), HTML, {"Vary": "Accept"})

    def overview(self, request: Request) -> Response:
        negotiate(request.headers.get("accept"), [HTML])
        with self.reader.snapshot() as snapshot:
            pairs = snapshot.search.suggestions(_MAX_SUGGESTED)
            cards = snapshot.search.cards({end for pair in pairs for end in pair})
            page = self.render(
                "linking.html",
                {
                    "counts": snapshot.counts,
                    "kinds": [
                        (words.RELATIONS[each["relation"]][0], each) for each in snapshot.counts["links"]
                    ],
                    "suggestions": [
                        [(end, cards[end].title if end in cards else "") for end in pair] for pair in pairs
                    ],
                    "queries": linking_queries(self.site, _MAX_SUGGESTED),
                    "canonical": self.site.url("/links"),
                },
            )
        return answer(request, Body.of(page.encode()), HTML, {"Vary": "Accept"})

    def _record(self, snapshot: Snapshot, end: str) -> dict[str, Any]:
        parts = snapshot.parts(end)
        publications = snapshot.publications(end)
        if not parts and not publications and not snapshot.holds(end):
            raise UnknownStudyError(f"no record here links to {end}", archive_page=page_of(end))
        iri = iri_of(snapshot.iris, end)
        return {
            "end": end,
            "archive": archive_of(end),
            "archive_page": page_of(end),
            "title": snapshot.label(iri),
            "query": links_query(self.site, iri),
            "held": snapshot.holds(end),
            "route": route(snapshot, end, parts, self.site),
            "cards": [card_of(part, self.site, end) for part in parts],
            "publications": publications,
            "canonical": self.site.url(f"/links/{quote(end, safe='')}"),
            "json": {
                "version": 1,
                "record": end,
                "links": [entry for p in parts for entry in link_entries(p, end)],
            },
        }

    def _pair(self, snapshot: Snapshot, one: str, other: str) -> dict[str, Any]:
        part = next((part for part in snapshot.parts(one) if part.accession == other), None)
        if part is None:
            raise UnknownStudyError(f"nothing here links {one} with {other}")
        here, there = iri_of(snapshot.iris, one), iri_of(snapshot.iris, other)
        decided = [
            words.judged(decision, state, self.site.data_base)
            for decision, state in snapshot.decisions(here)
            if decision.verdict and {decision.study, decision.link_to} == {here, there}
        ]
        return {
            "one": one,
            "other": other,
            "card": card_of(part, self.site, one),
            "statements": [statement_of(group) for group in part.assertions],
            "decisions": decided,
            "judged": _is_study(one),
            "studies": [end for end in (one, other) if snapshot.holds(end)],
            "relations": list(words.RELATIONS.items()),
            "action": self.site.path(f"/links/{quote(one, safe='')}/{quote(other, safe='')}/decision.yaml"),
            "canonical": self.site.url(f"/links/{quote(one, safe='')}/{quote(other, safe='')}"),
            "json": {"version": 1, "record": one, "links": list(link_entries(part, one))},
        }

    def _decision(self, request: Request, one: str, other: str) -> Response:
        asked = {name: value.strip()[:_MAX_TEXT] for name, value in request.query_params.items()}
        document = decision_document(one, other, asked)
        name = f"decision-{text.file_name(one)}-{text.file_name(other)}.yaml"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return answer(request, Body.of(document.encode()), f"{_YAML}; charset=utf-8", headers)


def _is_study(end: str) -> bool:
    archive = archive_of(end)
    return archive is not None and archive not in EXTERNAL_ARCHIVES and not archive.is_of_statements


def route(snapshot: Snapshot, end: str, parts: list[Part], site: Site) -> Route | None:
    """Return the way from a map or model to the images that it rests on, None for records of other kinds."""
    if archive_of(end) not in {EMDB, PDB}:
        return None
    raw = {part.accession for part in parts if "reconstructed_as" in part.relations and part.archive != EMDB}
    for part in parts:
        if part.archive == EMDB and "modelled_as" in part.relations:
            below = snapshot.parts(part.accession)
            raw |= {each.accession for each in below if "reconstructed_as" in each.relations}
    raw |= {
        part.accession
        for part in parts
        if "modelled_as" in part.relations and part.archive not in {EMDB, PDB}
    }
    sets = {study: snapshot.correlative_set(study) for study in sorted(raw)[:_MAX_STUDIES]}
    members = {part.accession: part for whole in sets.values() for part in whole}
    first = tuple(card_of(members[study], site) for study in sets)
    others = tuple(card_of(part, site) for name, part in sorted(members.items()) if name not in raw)
    return Route(first, others, tuple(_transformations(snapshot, list(members)[:_MAX_STUDIES])))


def _transformations(snapshot: Snapshot, studies: list[str]) -> Iterator[tuple[str, Node]]:
    for study in studies:
        merged = snapshot.study(study)
        for node in merged.view.of_class("CoordinateTransformation") if merged else ():
            yield study, node
