"""`/transform`: where a point, box or polygon of one image lies in another, as JSON and as a plain form."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rembigraph.app.negotiation import HTML, JSON, NotAcceptableError, negotiate
from rembigraph.app.pages.answers import OPEN, Body, answer
from rembigraph.app.pages.geometry import question_in, question_of
from rembigraph.catalogue.correlation.answers import answer as answered
from rembigraph.catalogue.correlation.answers import path_of
from rembigraph.catalogue.correlation.exports import FORMATS, Image, export_path
from rembigraph.ontology.errors import CatalogueError, TransformRefused, UsageError

if TYPE_CHECKING:
    from rembigraph.app.pages.rendering import Render
    from rembigraph.app.pages.site import Site
    from rembigraph.catalogue.correlation.atlas import Atlas
    from rembigraph.catalogue.correlation.paths import Path
    from rembigraph.catalogue.following import Reader
    from rembigraph.catalogue.reader import Snapshot
    from starlette.requests import Request
    from starlette.responses import Response

_MOST_OFFERED: Final = 300
_NOT_IN_A_NAME: Final = re.compile(r"[^A-Za-z0-9_.-]+")
FORMS: Final = {"html": HTML, "json": JSON}


def wanted(request: Request, offered: list[str]) -> str:
    """Return the media type that a request asks for: by `format=`, else by its `Accept` header.

    Raises:
        NotAcceptableError: it is not offered.
    """
    form = request.query_params.get("format", "")
    if form and FORMS.get(form) not in offered:
        raise NotAcceptableError(f"there is no format {form[:40]!r}", offered=list(FORMS))
    return FORMS.get(form) or negotiate(request.headers.get("accept"), offered)


def as_json(request: Request, value: Any, indent: int | None = 1) -> Response:
    """Return the answer of plain values as JSON, which any page may read."""
    body = json.dumps(value, ensure_ascii=False, indent=indent, allow_nan=False)
    return answer(request, Body.of(body.encode()), JSON, {"Vary": "Accept", **OPEN})


@dataclass(frozen=True)
class TransformPages:
    """What the route does, in threads."""

    reader: Reader
    site: Site
    render: Render

    def transform(self, request: Request) -> Response:
        """Answer `GET /transform`."""
        if request.query_params.get("format", "") in FORMATS:
            return self._file(request)
        media_type = wanted(request, [JSON, HTML])
        if media_type == JSON:
            question = question_of(request.query_params)
            with self.reader.snapshot() as snapshot:
                return as_json(request, with_sources(snapshot, answered(snapshot.atlas, question)))
        with self.reader.snapshot() as snapshot:
            values = self._page(snapshot, request)
        page = self.render("transform.html", values)
        headers = {"Vary": "Accept"}
        return answer(request, Body.of(page.encode()), HTML, headers, status=values["status"])

    def transform_many(self, request: Request, body: bytes) -> Response:
        """Answer `POST /transform`."""
        question = question_in(body)
        with self.reader.snapshot() as snapshot:
            found = with_sources(snapshot, answered(snapshot.atlas, question))
        return as_json(request, found, indent=None)

    def _file(self, request: Request) -> Response:
        """Answer with the way as a file for another program; what that has no place for is said in a header."""
        with self.reader.snapshot() as snapshot:
            atlas = snapshot.atlas
            path = path_of(atlas, question_of(request.query_params))
            written = export_path(path, request.query_params["format"], _image(atlas, path))
        ends = (_NOT_IN_A_NAME.sub("_", atlas.short(end))[-80:] for end in (path.source, path.target))
        headers = {
            "Vary": "Accept",
            **OPEN,
            "Content-Disposition": f'attachment; filename="{"--".join(ends)}{written.suffix}"',
        }
        if written.notes:
            notes = " ".join(written.notes).encode("ascii", "replace").decode()
            headers |= {"Rembigraph-Note": notes[:2000], "Access-Control-Expose-Headers": "Rembigraph-Note"}
        return answer(request, Body.of(written.content), written.media_type, headers)

    def _page(self, snapshot: Snapshot, request: Request) -> dict[str, Any]:
        from rembigraph.app.problems import status_of

        asked = dict(request.query_params)
        result: dict[str, Any] | None = None
        problem: CatalogueError | None = None
        files: dict[str, str] = {}
        if request.url.query:  # without any parameter it is the empty form
            try:
                question = question_of(request.query_params)
                result = with_sources(snapshot, answered(snapshot.atlas, question))
                files = file_formats(snapshot.atlas, path_of(snapshot.atlas, question))
            except (TransformRefused, UsageError) as error:
                problem = error
        return {
            "asked": asked,
            "result": result,
            "problem": problem,
            "status": status_of(problem) if problem else 200,
            "systems": offered_systems(snapshot.atlas),
            "canonical": self.site.url("/transform"),
            "json": self.site.path("/transform?" + _with_format(request, "json")),
            "files": [
                (name, self.site.path("/transform?" + _with_format(request, name)), refused)
                for name, refused in files.items()
            ],
        }


def _with_format(request: Request, name: str) -> str:
    kept = "&".join(part for part in request.url.query.split("&") if part and not part.startswith("format="))
    return f"{kept}&format={name}"


def _image(atlas: Atlas, path: Path) -> Image:
    """Return the image that a way starts from: its title, else that of the system; where its pixels lie, their size."""
    record = atlas.systems.get(path.source)
    iri = next(iter(record.images), path.source) if record else path.source
    image = atlas.image(iri)
    return Image(atlas.title(iri), image.address, image.pixels) if image else Image(atlas.title(iri))


def file_formats(atlas: Atlas, path: Path) -> dict[str, str]:
    """Return the formats of other programs, each with why it can't hold a way; empty where it can."""
    image, found = _image(atlas, path), {}
    for name in FORMATS:
        try:
            export_path(path, name, image)
            found[name] = ""
        except TransformRefused as refused:
            found[name] = refused.message
    return found


def offered_systems(atlas: Atlas) -> list[dict[str, str]]:
    """Return the systems that a form offers: those that a transformation joins, by study and name."""
    return [
        {
            "iri": one.iri,
            "name": atlas.short(one.iri),
            "title": f"{one.study}: {one.title or atlas.short(one.iri)}",
            "axes": ", ".join(axis.name for axis in one.system.axes),
        }
        for one in atlas.joined[:_MOST_OFFERED]
    ]


def with_sources(snapshot: Snapshot, result: dict[str, Any]) -> dict[str, Any]:
    """Return an answer in which every step names the documents that its record was made from."""
    steps = [step for way in (result["path"], *result["alternatives"]) for step in way["steps"]]
    sources = {
        record: [
            {"source": one.kind, "format": one.format, "sha256": one.sha256, "graph": one.graph}
            for one in snapshot.sources(record)
        ]
        for record in {step["record"] for step in steps}
    }
    for step in steps:
        step["sources"] = sources[step["record"]]
    return result
