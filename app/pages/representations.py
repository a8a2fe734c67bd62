"""Every form in which a record is offered, and which of them a request asks for.

A suffix of the path decides alone; then `_profile=` and `_mediatype=`, then `Accept-Profile` and `Accept`
(W3C, Content Negotiation by Profile). Of forms that fit equally well the first offered wins.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rembigraph.app.negotiation import HTML, NotAcceptableError, negotiate, profiles_of
from rembigraph.catalogue.exports import EXPORTS
from rembigraph.catalogue.serialisation import FORMS, forms_of
from rembigraph.ontology.identifiers import VOCABULARY

if TYPE_CHECKING:
    from rembigraph.catalogue.exports import Described
    from rembigraph.catalogue.recordview import RecordView
    from starlette.requests import Request

REMBI: Final = VOCABULARY.rstrip("#")
"""Profile of the forms that hold a record in this catalogue's own words."""


@dataclass(frozen=True)
class Representation:
    """A form in which a record is offered.

    Attributes:
        name: its short name; what `?_profile=` may say, where only one form has that profile.
        label: name for people.
        tail: what the address of the record is followed by (`.ttl`).
        media_type: its media type.
        profile: IRI of the standard that it follows; empty for the page.
        token: short name of that standard.
    """

    name: str
    label: str
    tail: str
    media_type: str
    profile: str = ""
    token: str = ""

    @property
    def is_export(self) -> bool:
        """Whether it tells the study in the words of another standard."""
        return self.name in EXPORTS

    def follows(self, profile: str) -> bool:
        """Whether a profile, named by IRI or by token, is the one that it follows."""
        return profile in {self.name, self.token, self.profile} - {""}


PAGE: Final = Representation("html", "page", ".html", HTML, token="page")  # noqa: S106 - a name, no secret
_RDF: Final = tuple(
    Representation(form.name, form.label, f".{form.suffix}", form.media_type, REMBI, "rembi")
    for form in FORMS.values()
)
_EXPORTS: Final = tuple(
    Representation(one.name, one.label, one.tail, one.media_type, one.profile, one.name.partition("-")[0])
    for one in EXPORTS.values()
)
BY_TAIL: Final[Mapping[str, Representation]] = {
    each.tail: each
    for each in sorted((PAGE, *_RDF, *_EXPORTS), key=lambda each: (-len(each.tail), each.tail))
}
"""Representations by what their addresses end with, the longest first."""


def split_tail(path: str) -> tuple[str, Representation | None]:
    """Split a path into the address of a record and the representation that its end names.

    >>> split_tail("EMPIAR-10310.ttl")[0]
    'EMPIAR-10310'
    """
    lower = path.lower()
    for tail, representation in BY_TAIL.items():
        if lower.endswith(tail) and len(path) > len(tail) and not path[: -len(tail)].endswith("/"):
            return path[: -len(tail)], representation
    return path, None


def offered(view: RecordView, described: Described | None = None) -> list[Representation]:
    """Return the representations of a record, the default first.

    Args:
        view: the record.
        described: the study, for a whole study; the things of a study are offered as page and RDF only.
    """
    names = {form.name for form in forms_of(view)}
    rdf = [each for each in _RDF if each.name in names]
    exports = [each for each in _EXPORTS if described and EXPORTS[each.name].applies(described)]
    return [PAGE, *rdf, *exports]


def choose(request: Request, representations: Sequence[Representation]) -> Representation:
    """Return the representation that a request asks for.

    Raises:
        NotAcceptableError: nothing that is offered fits.
    """
    fitting = list(_of_profile(request, representations))
    accept = request.query_params.get("_mediatype") or request.headers.get("accept")
    media_type = negotiate(accept, [each.media_type for each in fitting])
    same = [each for each in fitting if each.media_type == media_type]
    wanted = profiles_of(accept or "", media_type)
    return next((each for each in same if each.profile in wanted), same[0])


def _of_profile(request: Request, representations: Sequence[Representation]) -> Iterator[Representation]:
    """Yield the representations of the profile that is asked for; all when none is."""
    asked = request.query_params.get("_profile", "")[:500]
    profiles = [asked] if asked else list(_accepted(request.headers.get("accept-profile", "")))
    if not profiles:
        yield from representations
        return
    for profile in profiles:
        found = [each for each in representations if each.follows(profile)]
        if found:
            yield from found
            return
    names = dict.fromkeys(each.token for each in representations if each.token)
    raise NotAcceptableError("nothing here follows that profile", offered=list(names))


_PROFILE: Final = re.compile(r"<([^<>\s]{1,500})>\s*(?:;\s*q=(\d(?:\.\d{0,3})?))?")


def _accepted(header: str) -> Iterator[str]:
    """Yield the profiles of an `Accept-Profile` header, the most wanted first."""
    found = [(float(quality or 1), iri) for iri, quality in _PROFILE.findall(header[:4096])]
    for quality, iri in sorted(found, key=lambda pair: -pair[0]):
        if quality > 0:
            yield iri
