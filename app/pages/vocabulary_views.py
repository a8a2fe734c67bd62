"""What the templates of the vocabulary show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from rembigraph.app.pages import vocabulary_diagram as diagram
from rembigraph.app.pages.site import local_link, web_address
from rembigraph.app.pages.vocabulary_changes import UNRELEASED, changes, versions
from rembigraph.app.pages.vocabulary_forms import FORMS_OFFERED
from rembigraph.app.pages.vocabulary_rules import BASE, SEVERITIES, Rule, rules, rules_about
from rembigraph.app.pages.vocabulary_terms import (
    ANNOTATION,
    CLASS,
    CONCEPT,
    DATATYPE,
    OBJECT,
    OTHER,
    SCHEME,
    Term,
    concepts_of,
    header,
    home_of,
    local_name,
    of_kind,
    places,
    record_class,
    terms,
)
from rembigraph.catalogue.recordview import short_iri
from rembigraph.ontology.identifiers import CURIES, Iris

if TYPE_CHECKING:
    from rembigraph.app.pages.site import Site
    from rembigraph.app.pages.vocabulary_usage import Example, Usage
    from rembigraph.ontology.fields import Field

_THEMES: Final = {
    "references": "References",
    "geometry": "Coordinate systems, transformations and their errors",
    "correlation": "Image correlations",
    "links": "Links between studies",
    "terms": "Terms, identifiers and formats",
    "across": "Several studies together",
}
_LEVELS: Final = {
    "identity": "needed",
    "required": "asked for by REMBI",
    "recommended": "recommended",
    "": "optional",
}


@dataclass(frozen=True)
class To:
    """Where a page leads: text, and a path here or an address elsewhere."""

    text: str
    path: str = ""
    address: str = ""
    title: str = ""


def to(iri: str, site: Site) -> To:
    """Return the way to an IRI: to the page of a term of ours, to a thing here, or to its own site."""
    name = local_name(iri)
    if name in terms():
        return To(name, site.path(f"/ns/term/{name}"), title=terms()[name].definition)
    here = local_link(iri, site.data_base)
    if here:
        return To(Iris(site.data_base).relative(iri) or iri, site.path(here))
    short = short_iri(iri)
    # A host without a dot (`http://bia/`) is on nobody's web.
    address = web_address(iri)
    if "." not in (urlsplit(address).hostname or ""):
        address = ""
    return To(short if short.partition(":")[0] in CURIES else iri, address=address)


def ontology_view(site: Site) -> dict[str, Any]:
    """Return the values of `ns.html`."""
    return {
        "canonical": site.url("/ns"),
        "header": header(),
        "forms": list(FORMS_OFFERED.values()),
        "licence": to(header().licence, site),
        "sources": [to(each, site) for each in header().sources],
        "sections": _sections(),
        "schemes": [(scheme, concepts_of(scheme)) for scheme in of_kind(SCHEME)],
        "more_concepts": [term for term in of_kind(CONCEPT, OTHER) if not home_of(term)],
        "home_of": home_of,
        "count": len(terms()),
        "places": places(),
        "local_name": local_name,
        "to": lambda iri: to(iri, site),
        "record_class": record_class,
        "diagram": diagram,
    }


def _sections() -> list[tuple[str, str, str, list[Term]]]:
    return [
        ("classes", "Classes", "What a record is made of.", of_kind(CLASS)),
        (
            "object-properties",
            "Object properties",
            "They lead from a thing to another thing or to a concept.",
            of_kind(OBJECT),
        ),
        (
            "datatype-properties",
            "Datatype properties",
            "They lead to a text, a number or a date.",
            of_kind(DATATYPE),
        ),
        (
            "annotation-properties",
            "Annotation properties",
            "They say something about terms of this vocabulary, not about records.",
            of_kind(ANNOTATION),
        ),
    ]


def term_view(term: Term, usage: Usage, site: Site) -> dict[str, Any]:
    """Return the values of `term.html`."""
    entry = record_class(term)
    about = [_ruled(rule, site) for rule in rules_about(term.iri)]
    change = changes().get(term.name)
    return {
        "canonical": site.url(f"/ns/term/{term.name}"),
        "term": term,
        "change": change,
        "unreleased": change is not None and change.since == UNRELEASED,
        "mappings": [(words, to(iri, site)) for words, iri in term.mappings],
        "relations": [(words, to(iri, site)) for words, iri in term.relations],
        "schemes": [to(iri, site) for iri in term.schemes],
        "sources": [to(text, site) for text in term.sources],
        "concepts": concepts_of(term) if term.kind == SCHEME else [],
        "ranges": [] if term.iri in places() else [to(iri, site) for iri in term.ranges],
        "used_on": [_used(place, site) for place in places().get(term.iri, ())],
        "fields": [_field_row(each, site) for each in entry.fields.values()] if entry else [],
        "pointing": _pointing(term, site) if entry else [],
        "rules": [rule for rule in about if rule["rule"].theme != BASE],
        "base_rules": [rule for rule in about if rule["rule"].theme == BASE],
        "severities": SEVERITIES,
        "usage": usage,
        "examples": [_example(each, site) for each in usage.examples],
        "count_link": site.query(usage.count_query),
        "example_link": site.query(usage.example_query),
    }


def shapes_view(site: Site) -> dict[str, Any]:
    """Return the values of `shapes.html`."""
    by_theme: dict[str, list[dict[str, Any]]] = {}
    by_class: dict[str, list[dict[str, Any]]] = {}
    for rule in rules():
        into, key = (by_class, _class_of(rule)) if rule.theme == BASE else (by_theme, rule.theme)
        into.setdefault(key, []).append(_ruled(rule, site))
    return {
        "canonical": site.url("/shapes"),
        "forms": list(FORMS_OFFERED.values()),
        "themes": [(name, _THEMES.get(name, name), found) for name, found in by_theme.items()],
        "classes": sorted(by_class.items()),
        "severities": SEVERITIES,
        "count": len(rules()),
    }


def changes_view(site: Site) -> dict[str, Any]:
    """Return the values of `changes.html`."""
    return {
        "canonical": site.url("/ns/changes"),
        "versions": versions(),
        "known": terms(),
        "header": header(),
    }


def _class_of(rule: Rule) -> str:
    return local_name(rule.targets[0]) if rule.targets else rule.name


def _ruled(rule: Rule, site: Site) -> dict[str, Any]:
    return {
        "rule": rule,
        "path": to(rule.path, site) if rule.path else None,
        "targets": [to(iri, site) for iri in rule.targets],
        "links": [to(iri, site) for iri in rule.links],
        "here": site.path(f"/shapes#{rule.name}"),
    }


def _used(place: Any, site: Site) -> dict[str, Any]:
    return {
        "on": to(place.record_class.iri, site),
        "values": to(place.iri, site) if place.iri else None,
        "words": place.values,
        "many": place.field.many,
        "level": _LEVELS.get(place.field.level, place.field.level),
        "description": place.field.description,
    }


def _field_row(field: Field, site: Site) -> dict[str, Any]:
    place = next(each for each in places()[field.iri] if each.field == field)
    row = _used(place, site)
    return {**row, "name": field.name, "property": to(field.iri, site)}


def _pointing(term: Term, site: Site) -> list[tuple[To, To]]:
    """Return what leads to things of a class: class and property."""
    return [
        (to(place.record_class.iri, site), to(iri, site))
        for iri, found in places().items()
        for place in found
        if place.iri == term.iri
    ]


def _example(example: Example, site: Site) -> dict[str, Any]:
    way = to(example.iri, site) if example.iri else To("a nameless thing")
    return {
        "thing": way,
        "title": example.title,
        "value": to(example.value, site) if example.value_is_iri else To(example.value),
    }
