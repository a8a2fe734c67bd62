"""`/correlations`: every image correlation of the catalogue, how far it can be computed, and what it lacks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rembigraph.app.negotiation import HTML, JSON
from rembigraph.app.pages.answers import Body, answer
from rembigraph.app.pages.geometry import box as read_box
from rembigraph.app.pages.geometry import short
from rembigraph.app.pages.lacking import lacking
from rembigraph.app.pages.transforming import as_json, offered_systems, wanted
from rembigraph.catalogue.correlation.atlas import GRADES
from rembigraph.catalogue.correlation.coverage import covering
from rembigraph.catalogue.parts import archive_of
from rembigraph.catalogue.queries import named_queries
from rembigraph.ontology.errors import TransformRefused, UsageError
from rembigraph.ontology.identifiers import NotAnAccession, parse_accession

if TYPE_CHECKING:
    from rembigraph.app.pages.rendering import Render
    from rembigraph.app.pages.site import Site
    from rembigraph.catalogue.correlation.atlas import Atlas, Member
    from rembigraph.catalogue.correlation.records import CorrelationRecord
    from rembigraph.catalogue.following import Reader
    from rembigraph.catalogue.reader import Snapshot
    from starlette.requests import Request
    from starlette.responses import Response

_PER_PAGE: Final = 100
NONE: Final = "none"
"""Grade of a correlative study of which no record describes how its images are brought together."""


@dataclass(frozen=True)
class CorrelationPages:
    """What the routes do, in threads."""

    reader: Reader
    site: Site
    render: Render

    def listing(self, request: Request) -> Response:
        """Answer `GET /correlations`."""
        media_type = wanted(request, [HTML, JSON])
        parameters = request.query_params
        grade, study = parameters.get("grade", ""), parameters.get("study", "").strip()
        if grade and grade not in GRADES:
            raise UsageError(f"parameter grade: write one of {', '.join(GRADES)}", where="grade")
        number = _page_number(parameters.get("page", ""))
        with self.reader.snapshot() as snapshot:
            atlas = snapshot.atlas
            found = atlas.connected(_accession(study)) if study else list(atlas.correlations.values())
            chosen = [one for one in found if not grade or atlas.grade(one) == grade]
            chosen.sort(key=lambda one: (-GRADES.index(atlas.grade(one)), one.iri))
            shown = chosen[(number - 1) * _PER_PAGE : number * _PER_PAGE]
            values = {
                "version": 1,
                "total": len(chosen),
                "page": number,
                "pages": max(-(-len(chosen) // _PER_PAGE), 1),
                "correlations": [self.entry(snapshot, one) for one in shown],
                "systems": len(atlas.systems),
                "transformations": len(atlas.transformations),
                "is_cut": atlas.is_cut,
                "faults": [
                    {
                        "transformation": iri,
                        "error": fault.code,
                        "message": fault.message,
                        "where": fault.where,
                    }
                    for iri, fault in sorted(atlas.faults.items())[:_PER_PAGE]
                ],
            }
            if media_type == JSON:
                return as_json(request, values)
            more = {
                "grade": grade,
                "study": study,
                "canonical": self.site.url("/correlations"),
                "GRADES": GRADES,
            }
            page = self.render("correlations.html", {**values, **more})
        return answer(request, Body.of(page.encode()), HTML, {"Vary": "Accept"})

    def entry(self, snapshot: Snapshot, one: CorrelationRecord) -> dict[str, Any]:
        """Return a correlation in plain values."""
        atlas = snapshot.atlas
        members = atlas.members(one)
        return {
            "correlation": one.iri,
            "page": self.site.link(one.iri),
            "study": one.study,
            "title": one.title,
            "grade": atlas.grade(one),
            "stated_grade": one.stated_grade or None,
            "members": [member_values(atlas, member) for member in members],
            "transformations": [_transformation(atlas, iri) for iri in one.transformations],
            "lacking": lacking(atlas, one, members),
        }

    def health(self, request: Request) -> Response:
        """Answer `GET /correlations/health`."""
        media_type = wanted(request, [HTML, JSON])
        query = named_queries()["correlation_health"]
        with self.reader.snapshot() as snapshot:
            rows = health_rows(snapshot)
        values = {
            "version": 1,
            "studies": sum(row["studies"] for row in rows),
            "rows": rows,
            "by": {name: _totals(rows, name) for name in ("grade", "archive", "year")},
            "query": query.text,
        }
        if media_type == JSON:
            return as_json(request, values)
        more = {"run": self.site.query(query.text), "canonical": self.site.url("/correlations/health")}
        page = self.render("correlation_health.html", {**values, **more})
        return answer(request, Body.of(page.encode()), HTML, {"Vary": "Accept"})

    def covering(self, request: Request) -> Response:
        """Answer `GET /correlations/covering`."""
        media_type = wanted(request, [JSON, HTML])
        system, text = (request.query_params.get(name, "").strip() for name in ("system", "box"))
        if media_type == JSON:
            with self.reader.snapshot() as snapshot:
                return as_json(request, self._covered(snapshot, system, text))
        found, problem = None, None
        with self.reader.snapshot() as snapshot:
            if request.url.query:  # without any parameter it is the empty form
                try:
                    found = self._covered(snapshot, system, text)
                except (TransformRefused, UsageError) as error:
                    problem = error
            values = {"systems": offered_systems(snapshot.atlas), "asked": {"system": system, "box": text}}
        page = self.render(
            "covering.html",
            {
                **values,
                "found": found,
                "problem": problem,
                "canonical": self.site.url("/correlations/covering"),
            },
        )
        from rembigraph.app.problems import status_of

        status = status_of(problem) if problem else 200
        return answer(request, Body.of(page.encode()), HTML, {"Vary": "Accept"}, status=status)

    def _covered(self, snapshot: Snapshot, system: str, text: str) -> dict[str, Any]:
        for name, value in (("system", system), ("box", text)):
            if not value:
                raise UsageError(f"parameter {name} is missing", where=name)
        found = covering(snapshot.atlas, short("system", system), read_box(text, "box"))
        for one in found:
            one["page"] = self.site.link(one["image"])
        return {"version": 1, "system": snapshot.atlas.system_for(system), "box": text, "images": found}


def member_values(atlas: Atlas, member: Member) -> dict[str, Any]:
    """Return a member of a correlation in plain values."""
    one = member.record
    archive = archive_of(one.accession)
    return {
        "image": one.image or None,
        "title": atlas.title(one.image) if one.image else one.accession,
        "accession": one.accession or None,
        "archive": archive.key if archive else None,
        "role": one.role or None,
        "attributed_to": one.attributed_to or None,
        "state": member.state,
        "one_sided": member.one_sided,
        "systems": list(member.systems),
    }


def _transformation(atlas: Atlas, iri: str) -> dict[str, Any]:
    record = atlas.transformations.get(iri)
    if record is None:
        return {"transformation": iri, "described": False}
    step = atlas.graph.steps.get(iri)
    return {
        "transformation": iri,
        "described": True,
        "title": record.title or None,
        "from": record.source,
        "to": record.target,
        "type": step.transform.kind if step else None,
        "rms": atlas.graph.stated_rms(step) if step else None,
        "superseded_by": atlas.superseded_by.get(iri),
        "problem": atlas.faults[iri].message if iri in atlas.faults else None,
    }


def health_rows(snapshot: Snapshot) -> list[dict[str, Any]]:
    """Return how many correlative studies there are by archive, year and grade: the best that a correlation reaches."""
    atlas = snapshot.atlas
    best: dict[str, int] = dict.fromkeys(snapshot.search.correlative(), -1)
    for one in atlas.correlations.values():
        rank = GRADES.index(atlas.grade(one))
        for study in {one.study, *(member.accession for member in one.members)} - {""}:
            best[study] = max(best.get(study, -1), rank)
    cards = snapshot.search.cards(best)
    counts: Counter[tuple[str, str, str]] = Counter()
    for accession, rank in best.items():
        if accession in cards:
            card = cards[accession]
            counts[card.archive, card.issued[:4], GRADES[rank] if rank >= 0 else NONE] += 1
    return [
        {"archive": archive, "year": year or None, "grade": grade, "studies": studies}
        for (archive, year, grade), studies in sorted(counts.items())
    ]


def _totals(rows: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    counts: Counter[str] = Counter()
    usable: Counter[str] = Counter()
    for row in rows:
        key = row[name] or ""
        counts[key] += row["studies"]
        usable[key] += row["studies"] if row["grade"].startswith("transform") else 0
    order = [NONE, *GRADES] if name == "grade" else sorted(counts)
    return [
        {name: key or None, "studies": counts[key], "with_transformation": usable[key]}
        for key in order
        if key in counts
    ]


def _accession(text: str) -> str:
    try:
        return parse_accession(text).text
    except NotAnAccession as error:
        raise UsageError(f"parameter study: {error}", where="study") from error


def _page_number(text: str) -> int:
    if not text.strip():
        return 1
    if not (text.isascii() and text.isdecimal() and len(text) < 7 and int(text)):
        raise UsageError("parameter page: write a whole number from 1", where="page")
    return int(text)
