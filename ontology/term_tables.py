"""The term tables: organisms with their lineage, imaging methods with what is broader, licences.

The tables are `terms/*.tsv`; `terms/README.md` says where they come from. A text names a term when it equals its
label or one of its exact synonyms, and nothing else: case and white space do not count, likeness never does.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal, TypeAlias, TypeVar

from rembigraph.ontology.identifiers import expand_curie

Resolved: TypeAlias = Literal["identifier", "label", "synonym", "unresolved"]
"""How a text became a term: values of `ResolutionMethod`."""

_Row: TypeAlias = Mapping[str, str]
_Term = TypeVar("_Term")

_REMARK = re.compile(r"(?P<name>.+?)\s*\((?P<remark>.+)\)\s*\.?", re.DOTALL)
_BINOMIAL = re.compile(r"[A-Z][a-z-]{2,}\s[a-z-]{3,}(?:\s.*)?")
_SHORT_BINOMIAL = re.compile(r"[A-Z]\.\s?[a-z-]{3,}(?:\s.*)?")


@dataclass(frozen=True)
class Taxon:
    """A taxon of NCBI Taxonomy.

    Attributes:
        iri: NCBITaxon IRI.
        scientific_name: name in NCBI Taxonomy.
        rank: rank in NCBI Taxonomy.
        common_names: common names.
        synonyms: other scientific names of the same taxon.
        parent: IRI of the next taxon above; empty at the top.
    """

    iri: str
    scientific_name: str
    rank: str
    common_names: tuple[str, ...]
    synonyms: tuple[str, ...]
    parent: str


@dataclass(frozen=True)
class Method:
    """An imaging method, or something that one makes use of.

    Attributes:
        iri: FBbi IRI, or an IRI of our own where FBbi has no term.
        label: label in FBbi, or ours.
        synonyms: exact synonyms, former labels among them.
        broader: IRIs of the terms right above: FBbi's parents and the statements of the bridge.
        close_matches: IRIs of the same method in other vocabularies.
        definition: what it is, in our words; for our own terms only.
        deprecated: whether FBbi has withdrawn it.
    """

    iri: str
    label: str
    synonyms: tuple[str, ...]
    broader: tuple[str, ...]
    close_matches: tuple[str, ...]
    definition: str
    deprecated: bool


@dataclass(frozen=True)
class Licence:
    """A licence.

    Attributes:
        iri: canonical IRI.
        spdx: SPDX identifier.
        label: short name.
        commercial_use: whether commercial use is allowed.
        adaptations: whether adaptations may be passed on.
        same_licence: whether adaptations must be passed on under the same licence.
        attribution: whether the authors must be named.
        in_words: what one may do and must do.
        spellings: how records write it.
    """

    iri: str
    spdx: str
    label: str
    commercial_use: bool
    adaptations: bool
    same_licence: bool
    attribution: bool
    in_words: str
    spellings: tuple[str, ...]


@dataclass(frozen=True)
class _Named:
    """A name that a term has: how it is written, which term, whether it is the label."""

    name: str
    iri: str
    kind: Literal["label", "synonym"]


# --- the tables


def read_table(name: str) -> list[dict[str, str]]:
    """Return the rows of a table of `terms/`."""
    text = resources.files("rembigraph.ontology").joinpath("terms", name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))


@cache
def taxa() -> Mapping[str, Taxon]:
    """Return every taxon by IRI."""
    return _by_iri(_taxon(row) for row in read_table("organisms.tsv"))


@cache
def methods() -> Mapping[str, Method]:
    """Return every method by IRI."""
    bridge = _joined(read_table("method_bridge.tsv"), "narrower", "broader")
    matches = _joined(read_table("method_mappings.tsv"), "id", "close_match")
    rows = [*read_table("methods.tsv"), *read_table("own_methods.tsv")]
    return _by_iri(_method(row, bridge, matches) for row in rows)


@cache
def licences() -> Mapping[str, Licence]:
    """Return every licence by IRI."""
    return _by_iri(_licence(row) for row in read_table("licences.tsv"))


def _taxon(row: _Row) -> Taxon:
    return Taxon(
        iri=expand_curie(row["id"]),
        scientific_name=row["scientific_name"],
        rank=row["rank"],
        common_names=_many(row["common_names"]),
        synonyms=_many(row["synonyms"]),
        parent=expand_curie(row["parent"]),
    )


def _method(row: _Row, bridge: Mapping[str, list[str]], matches: Mapping[str, list[str]]) -> Method:
    parents = [*map(expand_curie, _many(row.get("parents", ""))), *bridge.get(row["id"], ())]
    names = [*_many(row["synonyms"]), *_many(row.get("other_names", ""))]
    return Method(
        iri=expand_curie(row["id"]),
        label=row["label"],
        synonyms=tuple(dict.fromkeys(names)),
        broader=tuple(dict.fromkeys(parents)),
        close_matches=tuple(matches.get(row["id"], ())),
        definition=row.get("definition", ""),
        deprecated=row.get("deprecated") == "yes",
    )


def _licence(row: _Row) -> Licence:
    return Licence(
        iri=row["iri"],
        spdx=row["spdx"],
        label=row["label"],
        commercial_use=row["commercial_use"] == "yes",
        adaptations=row["adaptations"] == "yes",
        same_licence=row["same_licence"] == "yes",
        attribution=row["attribution"] == "yes",
        in_words=row["in_words"],
        spellings=_many(row["spellings"]),
    )


def _many(cell: str) -> tuple[str, ...]:
    return tuple(cell.split("|")) if cell else ()


def _joined(rows: Iterable[_Row], key: str, value: str) -> dict[str, list[str]]:
    joined: dict[str, list[str]] = {}
    for row in rows:
        joined.setdefault(row[key], []).append(expand_curie(row[value]))
    return joined


def _by_iri(terms: Iterable[_Term]) -> dict[str, _Term]:
    return {term.iri: term for term in terms}  # type: ignore[attr-defined]


# --- look-ups


def taxon(iri: str) -> Taxon | None:
    """Return the taxon with this IRI, if the table has it."""
    return taxa().get(iri)


def method(iri: str) -> Method | None:
    """Return the method with this IRI, if the tables have it."""
    return methods().get(iri)


def licence(iri: str) -> Licence | None:
    """Return the licence with this IRI, if the table has it."""
    return licences().get(iri)


def lineage(iri: str) -> tuple[str, ...]:
    """Return a taxon and every taxon above it, from itself to the top; empty for one that the table lacks."""
    found: list[str] = []
    step = taxa().get(iri)
    while step:
        found.append(step.iri)
        step = taxa().get(step.parent)
    return tuple(found)


def ancestors(iri: str) -> frozenset[str]:
    """Return everything above a taxon or a method, the term itself not among it."""
    return _above(iri) if iri in methods() else frozenset(lineage(iri)[1:])


@cache
def _above(iri: str) -> frozenset[str]:
    known = method(iri)
    broader = known.broader if known else ()
    return frozenset(broader).union(*map(_above, broader))


# --- names


def taxon_by_name(text: str) -> str | None:
    """Return the IRI of the taxon that a text names.

    A remark in brackets at the end is left out, unless it names another taxon. When several taxa have the name,
    the one that all others lie under is meant; if there is none, nothing is.

    >>> taxon_by_name("homo sapiens (human)"), taxon_by_name("C. elegans")
    ('http://purl.obolibrary.org/obo/NCBITaxon_9606', None)
    """
    named = _named_taxon(text)
    return named.iri if named else None


def method_by_label(text: str) -> str | None:
    """Return the IRI of the method that a text names; `FIB-SEM (focused ion beam SEM)` names none.

    >>> method_by_label("STED microscopy") == method_by_label("Stimulated Emission Depletion (STED)")
    True
    """
    named = _find(text, _method_names())
    return named.iri if named else None


def names_method(iri: str, text: str) -> bool:
    """Whether a text is a label or synonym of an imaging method; of a method that is not in the tables any text may be.

    >>> names_method("http://purl.obolibrary.org/obo/FBbi_00000256", "Cryo-electron tomography")
    False
    """
    known = method(iri)
    return known is None or _key(text) in map(_key, (known.label, *known.synonyms))


def resolve_organism(text: str) -> tuple[str | None, Resolved]:
    """Return the taxon that a raw text means, and how that was found; identifiers only if the table has them."""
    identified = expand_curie(text.strip())
    if identified in taxa():
        return identified, "identifier"
    named = _named_taxon(text)
    return (named.iri, named.kind) if named else (None, "unresolved")


def resolve_method(text: str) -> tuple[str | None, Resolved]:
    """Return the method that a raw text means, and how that was found; identifiers only if the tables have them."""
    identified = expand_curie(text.strip())
    if identified in methods():
        return identified, "identifier"
    named = _find(text, _method_names())
    return (named.iri, named.kind) if named else (None, "unresolved")


def _named_taxon(text: str) -> _Named | None:
    names = _taxon_names()
    named = _find(text, names)
    remarked = None if named else _REMARK.fullmatch(text.strip())
    if remarked is None:
        return named
    named = _find(remarked["name"], names)
    other = _find(remarked["remark"], names)
    return named if named and (other is None or _related(named.iri, other.iri)) else None


@cache
def _taxon_names() -> dict[str, list[_Named]]:
    index: dict[str, list[_Named]] = {}
    for one in taxa().values():
        _enter(index, one.iri, one.scientific_name, (*one.synonyms, *one.common_names))
    return index


@cache
def _method_names() -> dict[str, list[_Named]]:
    index: dict[str, list[_Named]] = {}
    for one in methods().values():
        _enter(index, one.iri, one.label, one.synonyms)
    return index


def _enter(index: dict[str, list[_Named]], iri: str, label: str, synonyms: Iterable[str]) -> None:
    index.setdefault(_key(label), []).append(_Named(label, iri, "label"))
    for name in synonyms:
        entries = index.setdefault(_key(name), [])
        if all(entry.iri != iri for entry in entries):
            entries.append(_Named(name, iri, "synonym"))


def _key(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split()).casefold()


def _find(text: str, names: Mapping[str, list[_Named]]) -> _Named | None:
    found = names.get(_key(text), [])
    if len(found) > 1:
        found = [named for named in found if named.name == text.strip()] or found
    uppermost = [one for one in found if all(one is other or _lies_under(other, one) for other in found)]
    return uppermost[0] if uppermost else None


def _lies_under(lower: _Named, upper: _Named) -> bool:
    return upper.iri in ancestors(lower.iri)


def _related(one: str, other: str) -> bool:
    return one == other or one in ancestors(other) or other in ancestors(one)


# --- contradictions


def contradicts(taxon_iri: str, label: str) -> bool:
    """Whether a name that a record gives to a taxon is clearly the name of another one.

    It is when the name is that of a taxon that lies neither above nor below this one; or when it has the form of a
    species' name and its genus is not the one of this species. Nothing is said of taxa that the table lacks: one of
    them may be a strain of what the name says.

    >>> contradicts("http://purl.obolibrary.org/obo/NCBITaxon_8033", "Oryzias latipes")
    True
    """
    own = taxa().get(taxon_iri)
    if own is None:
        return False
    meant = _taxon_names().get(_key(label))
    if meant:
        return not any(_related(own.iri, named.iri) for named in meant)
    name = " ".join(label.split())
    if _SHORT_BINOMIAL.fullmatch(name):
        return not any(genus.startswith(name[0]) for genus in _genera(own) or [name])
    return bool(_BINOMIAL.fullmatch(name)) and _has_another_genus(own, name.split()[0])


def _has_another_genus(own: Taxon, genus: str) -> bool:
    known = _taxon_names().get(_key(genus), [])
    if any(_related(own.iri, named.iri) for named in known):
        return False
    own_genera = set(_genera(own))
    return bool(own_genera) and genus not in own_genera


def _genera(own: Taxon) -> Iterator[str]:
    """Yield the genus as the names of a species, or of something below a species, give it."""
    for name in (own.scientific_name, *own.synonyms):
        if _BINOMIAL.fullmatch(name):
            yield name.split()[0]
