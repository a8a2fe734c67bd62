"""The changes of the catalogue as JSON: the simplest feed, for everything that can follow a link."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from rembigraph.app.negotiation import JSON
from rembigraph.app.pages.answers import Body, answer
from rembigraph.catalogue.changes import TIME_FORMAT, Change, Changes, Window
from rembigraph.ontology.errors import UsageError
from rembigraph.ontology.identifiers import is_accession

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rembigraph.app.pages.rendering import Site
    from rembigraph.catalogue.following import Reader
    from starlette.requests import Request
    from starlette.responses import Response

PAGE: Final = 1000
"""Changes in one answer."""
PARAMETERS: Final[Mapping[str, str]] = {
    "since": "earliest time of a change: a day, or a time in UTC such as 2026-11-28T12:00:00Z",
    "set": "a set of studies, as /oai?verb=ListSets names them",
    "after": "accession after which to go on among the changes of the time `since`; links give it",
}
_SINCE: Final = re.compile(r"\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}:\d{2}Z)?", re.ASCII)
_SET: Final = re.compile(r"[A-Za-z0-9_.:-]{1,200}", re.ASCII)


def change_list(request: Request, reader: Reader, site: Site) -> Response:
    """Answer with the changes that a request asks for.

    Raises:
        UsageError: an unknown, repeated or malformed parameter.
    """
    window = _window(list(request.query_params.multi_items()))
    with reader.snapshot() as snapshot, Changes.opened(snapshot.path) as changes:
        if window.category and not changes.has_category(window.category):
            raise UsageError("there is no such set", where="set", fix="/oai?verb=ListSets names the sets.")
        found = changes.listed(window, PAGE + 1)
        shown = found[:PAGE]
        said = {"set": window.category} if window.category else {}
        onward = {"since": shown[-1].time, "after": shown[-1].accession} if len(found) > PAGE else {}
        document = {
            "generation": snapshot.generation,
            "time": changes.time,
            "total": changes.count(window),
            "changes": [_entry(change, snapshot.iris.study(change.accession), site) for change in shown],
            "next": _address(site, onward | said) if onward else None,
            "later": _address(site, {"since": changes.next_time} | said),
        }
    body = Body.of(json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n")
    return answer(request, body, JSON, {"Access-Control-Allow-Origin": "*"})


def _entry(change: Change, iri: str, site: Site) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "accession": change.accession,
        "change": "left" if change.left else change.kind,
        "time": change.time,
        "created": change.created,
        "iri": iri,
        "page": site.url(f"/{change.accession}"),
        "sets": list(change.categories),
    }
    told = {"reason": change.reason, "successor": change.successor}
    return entry | {name: text for name, text in told.items() if text}


def _address(site: Site, parameters: Mapping[str, str]) -> str:
    return site.url("/changes?" + urlencode(parameters, safe=":"))


def _window(given: list[tuple[str, str]]) -> Window:
    said = dict(given)
    unknown = sorted(set(said) - set(PARAMETERS))
    if unknown:
        raise UsageError(
            f"there is no parameter {unknown[0][:40]!r}", fix=f"Known parameters: {', '.join(PARAMETERS)}."
        )
    if len(said) < len(given):
        raise UsageError("a parameter is repeated", fix="Give each parameter once.")
    since, category, after = (said.get(name, "") for name in ("since", "set", "after"))
    if since and not (_SINCE.fullmatch(since) and _is_time(since)):
        raise UsageError(
            "this is no time", where="since", fix="Write 2026-11-28 or 2026-11-28T12:00:00Z (UTC)."
        )
    if category and not _SET.fullmatch(category):
        raise UsageError("there is no such set", where="set", fix="/oai?verb=ListSets names the sets.")
    if after and not (since and is_accession(after)):
        raise UsageError("this is no place to go on from", where="after", fix="Follow the link `next`.")
    time = since + "T00:00:00Z" if since and "T" not in since else since
    return Window("", "", category, (time, after)) if after else Window(time, "", category)


def _is_time(text: str) -> bool:
    from datetime import datetime

    try:
        datetime.strptime(text, TIME_FORMAT if "T" in text else "%Y-%m-%d")  # noqa: DTZ007 - only looked at
    except ValueError:
        return False
    return True
