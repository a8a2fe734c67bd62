"""Answers for the address of a record: the page of a study or of one thing of it, in the form that is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote

from rembigraph.app.pages.absent import UnknownStudyError, WithdrawnStudyError
from rembigraph.app.pages.answers import Body, answer
from rembigraph.app.pages.landing import landing
from rembigraph.app.pages.links import external_redirect
from rembigraph.app.pages.rendering import Render
from rembigraph.app.pages.representations import (
    BY_TAIL,
    PAGE,
    Representation,
    choose,
    offered,
    split_tail,
)
from rembigraph.app.pages.signposting import (
    LINKSETS,
    TypedLink,
    as_json,
    as_text,
    linkset,
    linkset_links,
    page_links,
)
from rembigraph.app.pages.site import Site
from rembigraph.app.pages.thing import thing
from rembigraph.app.pages.versions import version_page, versions_page
from rembigraph.catalogue.exports import EXPORTS, Described, citation_text
from rembigraph.catalogue.serialisation import NotRepresentableError, serialise
from rembigraph.catalogue.versions import archived, history_of
from rembigraph.ontology.errors import CatalogueError
from rembigraph.ontology.identifiers import Accession, NotAnAccession, parse_accession
from starlette.responses import RedirectResponse, Response

if TYPE_CHECKING:
    from rembigraph.catalogue.following import Reader
    from rembigraph.catalogue.reader import Snapshot
    from rembigraph.catalogue.recordview import Node, RecordView
    from rembigraph.catalogue.versions import History
    from starlette.requests import Request

HTML: Final = PAGE.media_type
_MAX_PATH: Final = 2000
_KEY_SAFE: Final = "-._~:@+,="
_HOUR: Final = "public, max-age=3600"
_VERSIONS: Final = re.compile(r"versions|v[1-9][0-9]{0,6}(\.[a-z]{2,6})?")
"""What below a study leads to its versions; things of a study have two segments."""
_OPEN: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Link, Content-Location, ETag",
}


@dataclass(frozen=True)
class Address:
    """The path of a record, read.

    Attributes:
        accession: the study.
        rest: path below the study in canonical spelling, or empty.
        tail: what follows the accession and names a form (`.ttl`, `.linkset`), or empty.
        asked: the path as it was asked for, without its first slash.
    """

    accession: Accession
    rest: str
    tail: str
    asked: str

    @classmethod
    def of(cls, raw: str) -> Address | None:
        """Read a percent-encoded path; None when it is no record's."""
        first, _, rest = raw.partition("/")
        stem, tail = (first, "") if rest else _split(first)
        try:
            accession = parse_accession(unquote(stem))
        except NotAnAccession:
            return None
        segments = (quote(unquote(segment), safe=_KEY_SAFE) for segment in rest.strip("/").split("/"))
        return cls(accession, "/".join(segments), tail, raw)

    @property
    def canonical(self) -> str:
        """The path in canonical spelling, without its first slash."""
        return f"{self.accession}/{self.rest}" if self.rest else f"{self.accession}{self.tail}"

    @cached_property
    def needs_redirect(self) -> bool:
        """Whether the study is spelt in another way than the canonical one."""
        first = self.asked.split("/", 1)[0]
        return first != self.canonical.split("/", 1)[0] or self.asked.endswith("/")


def _split(path: str) -> tuple[str, str]:
    """Split the first segment of a path into the accession and the end that names a form."""
    for tail in LINKSETS:
        if path.lower().endswith(tail):
            return path[: -len(tail)], tail
    stem, representation = split_tail(path)
    return stem, representation.tail if representation else ""


@dataclass(frozen=True)
class Records:
    """What the route of records does, in a thread: the store and the index block."""

    reader: Reader
    site: Site
    render: Render

    def answer(self, request: Request) -> Response:
        """Answer for the path of a request; raises `UnknownStudyError`, `WithdrawnStudyError`, `NotAcceptableError`."""
        raw = raw_path(request)
        address = Address.of(raw) if len(raw) <= _MAX_PATH else None
        if address is None:
            elsewhere = external_redirect(self.site, raw)
            if elsewhere:
                return elsewhere
            raise UnknownStudyError("there is no such page here")
        if address.needs_redirect:
            # Built from the parsed accession alone, so it can lead nowhere else.
            location = self.site.path("/" + address.canonical)
            return RedirectResponse(location, 301, {"Cache-Control": _HOUR})
        with self.reader.snapshot() as snapshot:
            view = snapshot.record(str(address.accession))
            if view is None and _is_linked_set(snapshot, address.accession):
                return RedirectResponse(self.site.path(f"/links/{address.accession}"), 303)
            if view is None:
                raise self._absent(snapshot, address.accession)
            return self._found(request, snapshot, view, address)

    def _found(self, request: Request, snapshot: Snapshot, view: RecordView, address: Address) -> Response:
        if _VERSIONS.fullmatch(address.rest):
            return self._version(request, snapshot, view, address.rest)
        if address.rest:
            return self._thing(request, snapshot, view, address)
        study = described(snapshot, view, self.site)
        forms = offered(view, study)
        if address.tail in LINKSETS:
            return self._linkset(request, study, forms, address.tail)
        form = BY_TAIL[address.tail] if address.tail else choose(request, forms)
        if form not in forms:
            raise NotRepresentableError(
                f"{form.label} can't hold this record, or the record lacks what it needs",
                fix="ask for another form: " + ", ".join(each.tail for each in forms),
            )
        shown = [TypedLink("describes", study.page, HTML), *_back(study)]
        if form == PAGE:
            shown = page_links(study, forms)
            content = self._html("study.html", landing(snapshot, view, self.site, study, forms, shown))
        elif form.is_export:
            content = EXPORTS[form.name].make(study)
        else:
            content = snapshot.serialise(view.accession, form.name)
        history = TypedLink("version-history", f"{study.page}/versions", HTML)
        return self._send(request, study.page, form, forms, content, [*shown, history])

    def _thing(self, request: Request, snapshot: Snapshot, view: RecordView, address: Address) -> Response:
        path, form = _locate(view, address)
        forms = offered(view)
        form = form or choose(request, forms)
        iri = self.site.data_base + path
        node = view.node(iri)
        if node and form == PAGE:
            content = self._thing_page(request, snapshot, view, node)
        else:
            content = snapshot.serialise(view.accession, form.name, iri)
        page = self.site.url(f"/{path}")
        above = [TypedLink("collection", self.site.url(f"/{view.accession}"), HTML)]
        return self._send(request, page, form, forms, content, above)

    def _thing_page(self, request: Request, snapshot: Snapshot, view: RecordView, node: Node) -> bytes:
        if node.class_name == "ImageCorrelation":
            from rembigraph.app.pages.correlation_page import correlation_page  # numpy: not on start-up

            frame = request.query_params.get("frame", "")
            values = correlation_page(snapshot, view, node, self.site, frame)
            if values is not None:
                return self._html("correlation.html", values)
        return self._html("thing.html", thing(view, node, self.site))

    def _send(
        self,
        request: Request,
        page: str,
        form: Representation,
        forms: Sequence[Representation],
        content: bytes,
        links: Sequence[TypedLink],
    ) -> Response:
        named = {link.href for link in links}
        others = (
            TypedLink("alternate", page + each.tail, each.media_type, each.profile)
            for each in forms
            if each != form and page + each.tail not in named
        )
        every = [TypedLink("canonical", page), *links, *others]
        if form.profile:
            every.append(TypedLink("profile", form.profile))
        headers = {
            "Vary": "Accept, Accept-Profile",
            "Content-Location": page + form.tail,
            "Link": ", ".join(link.written() for link in every),
            **_OPEN,
        }
        return answer(request, Body.of(content), form.media_type, headers)

    def _version(self, request: Request, snapshot: Snapshot, view: RecordView, rest: str) -> Response:
        history = history_of(self.reader.home.ledger.history(view.accession))
        page = self.site.url(f"/{view.accession}")
        stem, named = split_tail(rest)
        links = [
            TypedLink("latest-version", page, HTML),
            TypedLink("version-history", f"{page}/versions", HTML),
        ]
        if rest == "versions":
            form = choose(request, [PAGE])
            content = self._html("versions.html", versions_page(view, history, self.site))
            return self._send(request, f"{page}/versions", form, [PAGE], content, links[:1])
        version = history.version(int(stem[1:])) if stem[1:].isdecimal() else None
        if version is None:
            message = f"{view.accession} has no version {stem[1:]}; it has {len(history.versions)}"
            raise UnknownStudyError(message, accession=view.accession)
        old, quads = archived(self.reader.home, view.accession, version)
        forms = offered(old)
        form = named or choose(request, forms)
        if form not in forms:
            raise UnknownStudyError(f"a version is not offered as {form.label}", accession=view.accession)
        links += _beside(page, history, version.number)
        if form == PAGE:
            content = self._html("thing.html", version_page(old, history, version, self.site))
        else:
            content = serialise(quads, form.name, view.iri)
        return self._send(request, f"{page}/{stem}", form, forms, content, links)

    def _linkset(
        self, request: Request, study: Described, forms: Sequence[Representation], tail: str
    ) -> Response:
        found = linkset(study, forms)
        body = Body.of(as_json(found) if tail.endswith(".json") else as_text(found))
        back = [TypedLink("canonical", study.page + tail), TypedLink("describes", study.page, HTML)]
        headers = {"Link": ", ".join(link.written() for link in back), **_OPEN}
        return answer(request, body, LINKSETS[tail], headers)

    def _absent(self, snapshot: Snapshot, accession: Accession) -> Exception:
        name = str(accession)
        gone = self.reader.withdrawn(name)
        if gone:
            return WithdrawnStudyError.of(accession, gone, self._last_citation(name))
        named_by = tuple(part.accession for part in snapshot.parts(name) if part.held)
        return UnknownStudyError(
            f"{name} is not in this catalogue",
            accession=name,
            archive=accession.archive.label,
            archive_page=accession.landing_page,
            nearest=tuple(snapshot.search.nearest(name)),
            named_by=named_by[:20],
        )

    def _last_citation(self, accession: str) -> str:
        """Return how a withdrawn study was cited; empty when the archive has lost what it was."""
        home = self.reader.home
        with suppress(CatalogueError, ValueError, IndexError):
            last = history_of(home.ledger.history(accession)).versions[-1]
            view, _ = archived(home, accession, last)
            page = self.site.url(f"/{accession}")
            return citation_text(Described(view, page, page, self.site.public_url))
        return ""

    def _html(self, template: str, values: Mapping[str, Any]) -> bytes:
        return self.render(template, values).encode("utf-8")


def described(snapshot: Snapshot, view: RecordView, site: Site) -> Described:
    """Return a study as exports and typed links see it: merged, corrected, with its parts and addresses."""
    merged = snapshot.study(view.accession)
    page = site.url(f"/{view.accession}")
    return Described(
        merged.view if merged else view,
        page=page,
        persistent=view.iri if site.registered else page,
        catalogue=site.public_url,
        parts=tuple(snapshot.parts(view.accession)),
    )


def raw_path(request: Request) -> str:
    """Return the path as it was sent, percent-encoded, without its first slash."""
    raw = request.scope.get("raw_path") or quote(request.url.path).encode("ascii")
    return raw.decode("latin-1").split("?", 1)[0].removeprefix("/")


def _back(study: Described) -> list[TypedLink]:
    """Return what a description of a study links to beside its page: how to cite it, and the linkset."""
    return [TypedLink("cite-as", study.persistent), *linkset_links(study)]


def _beside(page: str, history: History, number: int) -> Iterator[TypedLink]:
    """Yield links to the versions before and after one (RFC 5829)."""
    for rel, other in (("predecessor-version", number - 1), ("successor-version", number + 1)):
        if history.version(other):
            yield TypedLink(rel, f"{page}/v{other}", HTML)


def _is_linked_set(snapshot: Snapshot, accession: Accession) -> bool:
    """Whether this is a set of links that is here: its page is that of its links."""
    return accession.archive.is_of_statements and bool(snapshot.search.links(str(accession)))


def _locate(view: RecordView, address: Address) -> tuple[str, Representation | None]:
    """Return the path of the thing that an address names, and the form that its suffix asks for.

    A key may end like a suffix (`image/a.json`): a thing of exactly that name comes first.

    Raises:
        UnknownStudyError: the study has no such thing.
    """
    path = f"{view.accession}/{address.rest}"
    base = view.iri.removesuffix(view.accession)
    stem, form = split_tail(path)
    forms = offered(view)
    for candidate, named in ((path, None), (stem, form)):
        if view.node(base + candidate) and (named is None or named in forms):
            return candidate, named
    raise UnknownStudyError(
        f"{view.accession} has nothing of this name: {unquote(address.rest)[:200]}", accession=view.accession
    )
