"""The page of one thing of a study (a specimen, an image ...): a table of what is said about it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from rembigraph.app.pages import words
from rembigraph.app.pages.landing import study_query
from rembigraph.app.pages.representations import offered
from rembigraph.app.pages.site import web_address
from rembigraph.catalogue.recordview import RDF_TYPE, field_of, short_iri
from rembigraph.ontology.fields import classes
from rembigraph.ontology.identifiers import Iris, parse_accession

if TYPE_CHECKING:
    from rembigraph.app.pages.site import Site
    from rembigraph.catalogue.recordview import Node, RecordView, Value

_MAX_VALUES: Final = 200
_MAX_MENTIONS: Final = 200


@dataclass(frozen=True)
class Shown:
    """A value as a page shows it: text, and a local path or an address elsewhere when it leads somewhere."""

    text: str
    path: str = ""
    address: str = ""
    note: str = ""


@dataclass(frozen=True)
class Property:
    """One property of a thing: its name, what it means, its values, and how many more there are."""

    name: str
    meaning: str
    values: tuple[Shown, ...]
    more: int = 0


def thing(view: RecordView, node: Node, site: Site) -> dict[str, Any]:
    """Return the values of the template `thing.html`."""
    accession = parse_accession(view.accession)
    relative = Iris(site.data_base).relative(node.iri) or ""
    mentions = view.mentions(node.iri)
    return {
        "view": view,
        "node": node,
        "accession": view.accession,
        "archive": accession.archive,
        "study_title": view.study.text("title"),
        "kind": kind(node.class_name),
        "label": words.describe(node),
        "parents": list(_parents(view, node, site)),
        "properties": [_property(node, predicate, site) for predicate in _ordered(node)],
        "mentions": [
            (_words(other, predicate), _linked(other, site)) for other, predicate in mentions[:_MAX_MENTIONS]
        ],
        "below": [_linked(other, site) for other in islice(view.below(node.iri), _MAX_MENTIONS)],
        "canonical": site.url(f"/{relative}"),
        "path": site.link(node.iri),
        "forms": [form for form in offered(view) if form.name not in {"html", "json"}],
        "query": site.query(study_query(node.iri)),
    }


def kind(class_name: str) -> str:
    """Return a class name as words: `ImageAcquisition` becomes `image acquisition`."""
    spaced = "".join(f" {char.lower()}" if char.isupper() else char for char in class_name)
    return spaced.strip() or "thing"


def _parents(view: RecordView, node: Node, site: Site) -> list[tuple[str, str]]:
    """Return the things above it, below the study: (label, path)."""
    found = []
    segments = node.iri.removeprefix(view.iri).strip("/").split("/")
    for depth in range(2, len(segments), 2):
        above = view.node("/".join([view.iri, *segments[:depth]]))
        if above and above.iri != node.iri:
            found.append((words.describe(above), site.link(above.iri)))
    return found


def _ordered(node: Node) -> list[str]:
    """Return the predicates of a node in the order of the model, unknown ones last."""
    entry = classes().get(node.class_name)
    order = [of.iri for of in entry.fields.values()] if entry else []
    rank = {iri: place for place, iri in enumerate(order)}
    known = (predicate for predicate in node.facts if predicate != RDF_TYPE)
    return sorted(known, key=lambda predicate: (rank.get(predicate, len(rank)), predicate))


def _words(node: Node, predicate: str) -> str:
    of = field_of(node.class_name, predicate)
    return of.name.replace("_", " ") if of else short_iri(predicate)


def _property(node: Node, predicate: str, site: Site) -> Property:
    of = field_of(node.class_name, predicate)
    values = node.facts[predicate]
    return Property(
        name=_words(node, predicate),
        meaning=of.description if of else predicate,
        values=tuple(_shown(node, value, site) for value in values[:_MAX_VALUES]),
        more=max(0, len(values) - _MAX_VALUES),
    )


def _linked(other: Node, site: Site) -> Shown:
    return Shown(words.describe(other), site.link(other.iri), note=kind(other.class_name))


def _shown(node: Node, value: Value, site: Site) -> Shown:
    if not value.is_iri:
        return Shown(value.text[:20_000], note=value.language)
    other = node.view.node(value.text)
    path = site.link(value.text) if node.view.has(value.text) else ""
    if other and path:
        return _linked(other, site)
    label = node.view.label(value.text)
    if path:
        return Shown(label, path)
    address = web_address(value.text)
    return Shown(label, address=address, note=value.text if address and label != value.text else "")
