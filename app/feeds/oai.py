"""OAI-PMH 2.0: the six verbs, over the changes of the newest generation.

Lists are in order of datestamp and accession, and a resumption token names the last place that was given. So a list may
be read while the catalogue changes: what changes moves to its end. `responseDate` says up to when the answer knows
everything: a harvester that asks `from` there next time misses nothing, whatever the clocks (`docs/feeds.md`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from rembigraph.app.feeds.formats import FORMATS, MetadataFormat
from rembigraph.app.feeds.oai_request import Asked, OaiError, Position, expiry, utc_now
from rembigraph.app.feeds.repository import Repository
from rembigraph.app.feeds.xml import DECLARATION, XSI, around, element
from rembigraph.app.pages.record import described
from rembigraph.catalogue.changes import Change, Changes, Window

if TYPE_CHECKING:
    from rembigraph.app.pages.site import Site
    from rembigraph.catalogue.following import Reader
    from rembigraph.catalogue.reader import Snapshot

PAGE: Final = 100
"""Records in one answer."""
SETS_PAGE: Final = 1000
_NAMESPACE: Final = "http://www.openarchives.org/OAI/2.0/"
_ROOT: Final = {
    "xmlns": _NAMESPACE,
    "xmlns__xsi": XSI,
    "xsi__schemaLocation": f"{_NAMESPACE} {_NAMESPACE}OAI-PMH.xsd",
}
_UNTOLD: Final = frozenset({"badVerb", "badArgument"})
"""Errors after which the arguments are not repeated (section 3.2)."""


@dataclass(frozen=True)
class OaiServer:
    """Answers requests of OAI-PMH.

    Attributes:
        reader: the catalogue.
        site: its addresses.
        repository: who offers the records.
        clock: gives the time as the protocol writes it.
    """

    reader: Reader
    site: Site
    repository: Repository
    clock: Callable[[], str] = utc_now

    def answer(self, query: bytes) -> bytes:
        """Return the answer to a request.

        Args:
            query: its arguments, percent-encoded.
        """
        with self._view() as view:
            try:
                asked = Asked.of(query)
            except OaiError as error:
                return self._enveloped(view, {}, _error(error))
            told = {"verb": asked.verb, **asked.arguments}
            try:
                parts = getattr(view, _METHODS[asked.verb])(asked)
                return self._enveloped(view, told, around(asked.verb, parts))
            except OaiError as error:
                return self._enveloped(view, {} if error.code in _UNTOLD else told, _error(error))

    @contextmanager
    def _view(self) -> Iterator[_View]:
        with self.reader.snapshot() as snapshot, Changes.opened(snapshot.path) as changes:
            yield _View(snapshot, changes, self.site, self.repository, self.clock())

    def _enveloped(self, view: _View, told: Mapping[str, str], content: str) -> bytes:
        request = element(
            "request", self.site.url("/oai"), **{f"{key}_": value for key, value in told.items()}
        )
        date = element("responseDate", view.response_date)
        return (DECLARATION + around("OAI-PMH", [date, request, content], **_ROOT) + "\n").encode()


@dataclass(frozen=True)
class _View:
    """One generation while one request is answered."""

    snapshot: Snapshot
    changes: Changes
    site: Site
    repository: Repository
    now: str

    @property
    def response_date(self) -> str:
        """The time up to which this answer knows everything, but never one that is still to come."""
        return min(self.now, self.changes.next_time)

    def identify(self, _: Asked) -> Iterator[str]:
        yield element("repositoryName", self.repository.name)
        yield element("baseURL", self.site.url("/oai"))
        yield element("protocolVersion", "2.0")
        yield element("adminEmail", self.repository.email)
        yield element("earliestDatestamp", self.changes.earliest)
        yield element("deletedRecord", "persistent")
        yield element("granularity", "YYYY-MM-DDThh:mm:ssZ")

    def metadata_formats(self, asked: Asked) -> Iterator[str]:
        identifier = asked.arguments.get("identifier")
        change = self._change(identifier) if identifier is not None else None
        for one in FORMATS.values():
            # A record that is gone is gone in every format.
            if change is None or not change.is_held or one.holds_all or self._written(change, one):
                yield around(
                    "metadataFormat",
                    [
                        element("metadataPrefix", one.prefix),
                        element("schema", one.schema),
                        element("metadataNamespace", one.namespace),
                    ],
                )

    def sets(self, asked: Asked) -> Iterator[str]:
        position = asked.position(self.now)
        found = self.changes.categories(position.name, SETS_PAGE + 1)
        if not found and not asked.token:
            raise OaiError("noSetHierarchy", "there are no sets, because there are no studies")
        for one in found[:SETS_PAGE]:
            yield around("set", [element("setSpec", one.spec), element("setName", one.name)])
        there = found[SETS_PAGE - 1].spec if len(found) > SETS_PAGE else ""
        after = replace(position, name=there, given=position.given + SETS_PAGE) if there else None
        yield self._token(asked, position, after, self.changes.count_categories())

    def record(self, asked: Asked) -> Iterator[str]:
        one = _format(asked.arguments["metadataPrefix"])
        change = self._change(asked.arguments["identifier"])
        written = self._written(change, one) if change.is_held else ""
        if change.is_held and not written:
            raise OaiError("cannotDisseminateFormat", f"{one.prefix} cannot hold this record")
        yield self._record(change, written)

    def identifiers(self, asked: Asked) -> Iterator[str]:
        position = asked.position(self.now)
        one = _format(position.prefix)
        found, token = self._batch(asked, position)
        for change in found:
            is_held = change.is_held and (one.holds_all or bool(self._written(change, one)))
            yield self._header(change, position.category, is_held=is_held)
        yield token

    def records(self, asked: Asked) -> Iterator[str]:
        position = asked.position(self.now)
        one = _format(position.prefix)
        found, token = self._batch(asked, position)
        for change in found:
            written = self._written(change, one) if change.is_held else ""
            yield self._record(change, written, position.category)
        yield token

    def _batch(self, asked: Asked, position: Position) -> tuple[list[Change], str]:
        """Return the next records of a list, and the `resumptionToken` element that follows them."""
        window = Window(position.since, position.until, position.category, (position.time, position.name))
        found = self.changes.listed(window, PAGE + 1)
        if not found and not asked.token:
            raise OaiError("noRecordsMatch", "nothing has changed in this time and set")
        after = None
        if len(found) > PAGE:
            time, name = found[PAGE - 1].place
            after = replace(position, time=time, name=name, given=position.given + PAGE)
        size = position.given + self.changes.count(window)
        return found[:PAGE], self._token(asked, position, after, size)

    def _token(self, asked: Asked, position: Position, after: Position | None, size: int) -> str:
        """Return the `resumptionToken` element; nothing for a list that is complete in one answer."""
        said = {"completeListSize": str(size), "cursor": str(position.given)}
        if after is None:
            return element("resumptionToken", **said) if asked.token else ""
        expires = expiry(self.now)
        return element("resumptionToken", after.token(expires), expirationDate=expires, **said)

    def _record(self, change: Change, written: str, category: str = "") -> str:
        header = self._header(change, category, is_held=bool(written))
        return around("record", [header, around("metadata", [written])] if written else [header])

    def _header(self, change: Change, category: str, *, is_held: bool) -> str:
        specs = change.categories
        # What has left a set is deleted there: so one who harvests only the set gets to know it.
        shown = sorted({*specs, category}) if change.left else specs
        return around(
            "header",
            [
                element("identifier", self.snapshot.iris.study(change.accession)),
                element("datestamp", change.time),
                *(element("setSpec", spec) for spec in shown),
            ],
            **({} if is_held else {"status": "deleted"}),
        )

    def _written(self, change: Change, one: MetadataFormat) -> str:
        view = self.snapshot.record(change.accession)
        return one.written(self.snapshot, described(self.snapshot, view, self.site)) if view else ""

    def _change(self, identifier: str) -> Change:
        accession = self.snapshot.iris.accession_of(identifier)
        known = accession is not None and self.snapshot.iris.study(accession) == identifier
        change = self.changes.of(accession) if accession and known else None
        if change is None:
            raise OaiError("idDoesNotExist", "there is and was no record of this identifier")
        return change


_METHODS: Final = {
    "Identify": "identify",
    "ListMetadataFormats": "metadata_formats",
    "ListSets": "sets",
    "GetRecord": "record",
    "ListIdentifiers": "identifiers",
    "ListRecords": "records",
}


def _format(prefix: str) -> MetadataFormat:
    if prefix not in FORMATS:
        raise OaiError("cannotDisseminateFormat", f"there is no such format; there are {', '.join(FORMATS)}")
    return FORMATS[prefix]


def _error(error: OaiError) -> str:
    return element("error", error.message, code=error.code)
