"""FAIR Signposting: typed links that tell a machine what a study is, who made it, and where its data are.

Level 1 stands in the `Link` header and in the page, at most so many of each kind; level 2 is the complete linkset
(RFC 9264), as JSON and as text. See https://signposting.org/FAIR/.
"""

from __future__ import annotations

import json
import mimetypes
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from rembigraph.app.negotiation import HTML
from rembigraph.ontology.identifiers import is_web_address

if TYPE_CHECKING:
    from rembigraph.app.pages.representations import Representation
    from rembigraph.catalogue.exports import Described
    from rembigraph.catalogue.recordview import Node

LINKSET_JSON: Final = "application/linkset+json"
LINKSET_TEXT: Final = "application/linkset"
LINKSETS: Final = {".linkset.json": LINKSET_JSON, ".linkset": LINKSET_TEXT}
"""What the address of a study is followed by for its linkset, with the media types."""

_ABOUT_PAGE: Final = "https://schema.org/AboutPage"
_DATASET: Final = "https://schema.org/Dataset"
_CAPPED: Final = {"author": 8, "item": 5, "related": 5}
"""Most links of a kind in a header and in a page; the linkset has all."""
_MEDIA_TYPE: Final = re.compile(r"[A-Za-z0-9.+_-]{1,60}/[A-Za-z0-9.+_-]{1,80}")
_KEPT: Final = "%/:?#[]@!$&'()*+,;=~-._"


@dataclass(frozen=True)
class TypedLink:
    """One link from a resource to another (RFC 8288).

    Attributes:
        rel: relation types, separated by blanks.
        href: absolute address of the target.
        type: media type of the target, or empty.
        profile: IRI of the standard that the target follows, or empty.
    """

    rel: str
    href: str
    type: str = ""
    profile: str = ""

    @property
    def attributes(self) -> dict[str, str]:
        """Its type and profile, where known."""
        return {name: value for name in ("type", "profile") if (value := getattr(self, name))}

    def written(self, anchor: str = "") -> str:
        """Return it as a `Link` header writes it; foreign addresses are percent-encoded."""
        attributes = {"rel": self.rel, **({"anchor": anchor} if anchor else {}), **self.attributes}
        return f"<{self.href}>" + "".join(f'; {name}="{value}"' for name, value in attributes.items())


def page_links(study: Described, representations: Sequence[Representation]) -> list[TypedLink]:
    """Return the links of a study's landing page without those that are too many for a header."""
    links = study_links(study, representations, _CAPPED["item"])
    found: list[TypedLink] = []
    for rel, group in groupby(links, key=lambda link: link.rel):
        found += islice(group, _CAPPED.get(rel))
    return found


def study_links(
    study: Described, representations: Sequence[Representation], most_items: int | None = None
) -> list[TypedLink]:
    """Return every link of a study's landing page, of those to the data at most as many as is said."""
    return [
        TypedLink("cite-as", study.persistent),
        TypedLink("type", _ABOUT_PAGE),
        TypedLink("type", _DATASET),
        *([TypedLink("license", found) for found in _addresses([study.license])]),
        *(TypedLink("author", author.orcid) for author in study.authors if author.orcid),
        *islice(items(study), most_items),
        *(
            TypedLink("describedby alternate", study.page + each.tail, each.media_type, each.profile)
            for each in representations
            if each.media_type != HTML
        ),
        *linkset_links(study),
        *(TypedLink("related", found) for found in _addresses(_related(study))),
    ]


def linkset_links(study: Described) -> list[TypedLink]:
    """Return the links to a study's linksets."""
    return [TypedLink("linkset", study.page + tail, kind) for tail, kind in LINKSETS.items()]


def items(study: Described) -> Iterator[TypedLink]:
    """Yield links to the data: every address that the record gives, else the archive's page, where they are got."""
    found: set[str] = set()
    for node, address in _content(study):
        for href in _addresses([address]):
            if href not in found:
                found.add(href)
                yield TypedLink("item", href, _media_type(node, address))
    if not found:
        yield from (TypedLink("item", href, HTML) for href in _addresses([study.archive_page]))


def linkset(study: Described, representations: Sequence[Representation]) -> list[tuple[str, TypedLink]]:
    """Return every (anchor, link): of the page, of what describes it, and of its data."""
    own = study_links(study, representations)
    found = [(study.page, link) for link in own]
    back = TypedLink("describes", study.page, HTML)
    found += [(link.href, back) for link in own if link.rel.startswith("describedby")]
    found += [
        (link.href, TypedLink("collection", study.page, HTML))
        for link in own
        if link.rel == "item" and link.href != study.archive_page
    ]
    return found


def as_json(links: Iterable[tuple[str, TypedLink]]) -> bytes:
    """Return a linkset as JSON (RFC 9264, section 4.2).

    A profile is a text, as clients of FAIR Signposting read it, not the array of the RFC's extension attributes.
    """
    contexts: dict[str, dict[str, Any]] = {}
    for anchor, link in links:
        context = contexts.setdefault(anchor, {"anchor": anchor})
        target = {"href": link.href, **link.attributes}
        for rel in link.rel.split():
            context.setdefault(rel, []).append(target)
    document = {"linkset": list(contexts.values())}
    return json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n"


def as_text(links: Iterable[tuple[str, TypedLink]]) -> bytes:
    """Return a linkset as text (RFC 9264, section 4.1)."""
    return ",\n".join(link.written(anchor) for anchor, link in links).encode("ascii") + b"\n"


def _related(study: Described) -> Iterator[str]:
    """Yield the study's other identifiers, and the pages of the other parts of its whole."""
    yield from study.same_as
    for part in study.parts:
        if part.correlative and part.held:
            yield f"{study.catalogue}/{part.accession}"
        elif part.correlative:
            yield part.landing_page


def _content(study: Described) -> Iterator[tuple[Node, str]]:
    """Yield everything that the record says can be fetched, with its address."""
    for node in study.view.of_class("FileSet"):
        yield from ((node, address) for address in node.iris("download_url"))
    for name in ("ImageRepresentation", "FileReference"):
        for node in study.view.of_class(name):
            for field in ("download_url", "access_url"):
                yield from ((node, address) for address in node.iris(field))


def _media_type(node: Node, address: str) -> str:
    """Return what the record states, else what the end of the address stands for; empty for sets and when unknown."""
    if node.class_name == "FileSet":
        return ""
    stated = node.text("media_type")
    return (
        stated if _MEDIA_TYPE.fullmatch(stated) else mimetypes.guess_type(address.partition("?")[0])[0] or ""
    )


def _addresses(found: Iterable[str]) -> Iterator[str]:
    """Yield http(s) addresses, each once, as a header may carry them."""
    for address in dict.fromkeys(found):
        if is_web_address(address):
            yield quote(address, safe=_KEPT)
