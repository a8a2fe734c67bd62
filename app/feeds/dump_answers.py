"""Answers for dumps: the list, redirects from `latest`, files that lie written, files that are made while sent."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from rembigraph.app.feeds.dumps import PACKINGS, Dump, listed, made, void
from rembigraph.app.feeds.streams import streamed
from rembigraph.app.negotiation import JSON
from rembigraph.app.pages.absent import UnknownStudyError
from rembigraph.app.pages.answers import OPEN, Body, answer
from starlette.responses import FileResponse, RedirectResponse, Response

if TYPE_CHECKING:
    from rembigraph.app.pages.site import Site
    from rembigraph.catalogue.following import Reader
    from starlette.requests import Request

LATEST: Final = "latest"
_WRITTEN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}", re.ASCII)
_TYPES: Final = {
    **PACKINGS,
    "parquet": "application/vnd.apache.parquet",
    "xml": "application/xml",
    "json": JSON,
    "ttl": "text/turtle",
}


def dump_list(request: Request, reader: Reader, site: Site, generation: str = "") -> Response:
    """Answer with the list of dumps; `latest` leads to that of the newest generation.

    Raises:
        UnknownStudyError: there are no dumps of that generation.
    """
    with reader.snapshot() as snapshot:
        if generation == LATEST:
            return _onward(site, f"/dumps/{snapshot.generation}")
        if generation and generation != str(snapshot.generation):
            raise _unknown()
        found = listed(snapshot, site)
        base = site.url(f"/dumps/{snapshot.generation}")
        written = sorted(
            path.name for path in reader.home.dumps(snapshot.generation).glob("*") if path.is_file()
        )
        found["written"] = [{"name": name, "url": f"{base}/{name}"} for name in written]
    body = Body.of(json.dumps(found, indent=1).encode() + b"\n")
    # Not kept: files may be written beside a generation that is served already.
    return answer(request, body, JSON, OPEN, keep=False)


def dump_file(request: Request, reader: Reader, site: Site, generation: str, name: str) -> Response:
    """Answer with a dump: as it was written, or made while it is sent.

    Raises:
        UnknownStudyError: there is no such dump.
    """
    with reader.snapshot() as snapshot:
        number = snapshot.generation
    if generation == LATEST and _WRITTEN.fullmatch(name):
        return _onward(site, f"/dumps/{number}/{name}")
    if generation.isascii() and generation.isdecimal() and len(generation) < 9 and _WRITTEN.fullmatch(name):
        file = reader.home.dumps(int(generation)) / name
        if str(int(generation)) == generation and file.is_file():
            return FileResponse(file, media_type=_media_type(name), headers=OPEN)
    dump = Dump.named(name)
    if dump is None or generation != str(number):
        raise _unknown()
    return streamed(
        request, reader, PACKINGS[dump.packing], lambda: made(reader, site, dump), f"{number}-{name}"
    )


def void_description(request: Request, reader: Reader, site: Site) -> Response:
    """Answer with what the dataset is and where, in VoID."""
    with reader.snapshot() as snapshot:
        content = void(snapshot, site)
    return answer(request, Body.of(content), "text/turtle", OPEN)


def _onward(site: Site, path: str) -> Response:
    return RedirectResponse(site.path(path), 302, {"Cache-Control": "no-cache", **OPEN})


def _unknown() -> UnknownStudyError:
    return UnknownStudyError("there is no such dump; /dumps lists those of the newest generation")


def _media_type(name: str) -> str:
    return _TYPES.get(name.rsplit(".", 1)[-1], "text/plain")
