"""The changes of the catalogue as JSON: the simplest feed, for everything that can follow a link."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from rembigraph.app.negotiation import JSON
from rembigraph.app.pages.answers import OPEN, Body, answer
from rembigraph.catalogue.changes import Change, Changes, Window, is_date
from rembigraph.ontology.errors import UsageError
from rembigraph.ontology.identifiers import is_accession

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rembigraph.app.pages.site import Site
    from rembigraph.catalogue.following import Reader
    from rembigraph.catalogue.reader import Snapshot
    from starlette.requests import Request
    from starlette.responses import Response

    Told = Callable[[Snapshot, Change, Site], dict[str, Any]]

PAGE: Final = 1000
"""Changes in one answer."""
PARAMETERS: Final[Mapping[str, str]] = {
    "since": "earliest time of a change: a day, or a time in UTC such as 2026-11-28T12:00:00Z",
    "set": "a set of studies, as /oai?verb=ListSets names them",
    "after": "accession after which to go on among the changes of the time `since`; links give it",
}
_SET: Final = re.compile(r"[A-Za-z0-9_.:-]{1,200}", re.ASCII)


def change_list(request: Request, reader: Reader, site: Site) -> Response:
    """Answer with the changes that a request asks for.

    Raises:
        UsageError: an unknown, repeated or malformed parameter.
    """
    return listing(request, reader, site, "/changes", PAGE, entry)


def listing(request: Request, reader: Reader, site: Site, path: str, size: int, told: Told) -> Response:
    """Answer with a list of changes as JSON.

    Args:
        request: the request.
        reader: the catalogue.
        site: its addresses.
        path: path of the list.
        size: most changes in one answer.
        told: what is told of a change.

    Raises:
        UsageError: an unknown, repeated or malformed parameter.
    """
    window = window_of(list(request.query_params.multi_items()))
    said = {"set": window.category} if window.category else {}

    def address(parameters: dict[str, str]) -> str:
        return site.url(f"{path}?{urlencode(parameters | said, safe=':')}")

    with reader.snapshot() as snapshot, Changes.opened(snapshot.path) as changes:
        check_set(window, changes)
        found = changes.listed(window, size + 1)
        shown = found[:size]
        onward = {"since": shown[-1].time, "after": shown[-1].accession} if len(found) > size else {}
        document = {
            "generation": snapshot.generation,
            "time": changes.time,
            "total": changes.count(window),
            "changes": [told(snapshot, change, site) for change in shown],
            "next": address(onward) if onward else None,
            "later": address({"since": changes.next_time}),
        }
    body = Body.of(json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n")
    return answer(request, body, JSON, OPEN)


def check_set(window: Window, changes: Changes) -> None:
    """Raise UsageError when a window asks for a set that there never was."""
    if window.category and not changes.has_category(window.category):
        raise UsageError("there is no such set", where="set", fix="/oai?verb=ListSets names the sets.")


def entry(snapshot: Snapshot, change: Change, site: Site) -> dict[str, Any]:
    """Return what is told of a change."""
    said: dict[str, Any] = {
        "accession": change.accession,
        "change": "left" if change.left else change.kind,
        "time": change.time,
        "created": change.created,
        "iri": snapshot.iris.study(change.accession),
        "page": site.url(f"/{change.accession}"),
        "sets": list(change.categories),
    }
    told = {"reason": change.reason, "successor": change.successor}
    return said | {name: text for name, text in told.items() if text}


def window_of(given: list[tuple[str, str]]) -> Window:
    """Return the window that parameters of a query ask for.

    Raises:
        UsageError: an unknown, repeated or malformed one.
    """
    said = dict(given)
    unknown = sorted(set(said) - set(PARAMETERS))
    if unknown:
        raise UsageError(
            f"there is no parameter {unknown[0][:40]!r}", fix=f"Known parameters: {', '.join(PARAMETERS)}."
        )
    if len(said) < len(given):
        raise UsageError("a parameter is repeated", fix="Give each parameter once.")
    since, category, after = (said.get(name, "") for name in ("since", "set", "after"))
    if since and not is_date(since):
        raise UsageError(
            "this is no time", where="since", fix="Write 2026-11-28 or 2026-11-28T12:00:00Z (UTC)."
        )
    if category and not _SET.fullmatch(category):
        raise UsageError("there is no such set", where="set", fix="/oai?verb=ListSets names the sets.")
    if after and not (since and is_accession(after)):
        raise UsageError("this is no place to go on from", where="after", fix="Follow the link `next`.")
    time = since + "T00:00:00Z" if since and "T" not in since else since
    return Window("", "", category, (time, after)) if after else Window(time, "", category)
