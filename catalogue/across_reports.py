"""Reports of what only several records together show, brought up to date while a generation is built.

After a batch only those studies are judged anew of which the rules may find something else than before: the ones that
it touches, those that these mention or are mentioned by, and those with the same identifier, title or publication
(`rembigraph.shapes` says why these are all).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple, parse
from rembigraph.catalogue.consistency import MAX_RESULTS, across_rules, check
from rembigraph.catalogue.generations import derived_hash
from rembigraph.catalogue.lookups import ACROSS_SOURCE, DEFAULT, STUDY
from rembigraph.catalogue.recordview import RDF_TYPE, field_iri
from rembigraph.catalogue.validation import SH, ValidationReport, ValidationResult, report_quads
from rembigraph.ontology.identifiers import Iris

if TYPE_CHECKING:
    from pyoxigraph import Quad, Store
    from rembigraph.catalogue.publish import DeriveContext

_Value: TypeAlias = NamedNode | BlankNode | Literal | Triple
DERIVED_KEY: Final = "across_rules"
"""Key of `derived` in `meta.json` that holds the hash of the rules."""

_TYPE: Final = NamedNode(RDF_TYPE)
_RESULT: Final = NamedNode(SH + "result")
_CONFORMS: Final = NamedNode(SH + "conforms")
_REPORT: Final = f"/report/{ACROSS_SOURCE}"
_IDENTIFIER, _TITLE, _PUBLICATION, _MEMBER = (
    NamedNode(field_iri(name)) for name in ("accession", "title", "publication", "member_accession")
)
_SHARED: Final = {
    _IDENTIFIER: (_IDENTIFIER, _MEMBER),
    _TITLE: (_TITLE,),
    _PUBLICATION: (_PUBLICATION,),
}
"""What a study says that another may say too, where a rule speaks of two that do not mention each other; and how."""

_MOST: Final = 0.25
"""Part of the studies from which on it takes less time to ask about all."""


@dataclass(frozen=True)
class Judged:
    """What came of it.

    Attributes:
        changed: accessions of which something else was found than in the generation before.
        derived: what is to stand under `derived` in `meta.json`.
    """

    changed: frozenset[str]
    derived: dict[str, Any]


def reports(results: Iterable[ValidationResult], iris: Iris) -> dict[str, ValidationReport]:
    """Return results by accession of the study that they are about, for `validation.report_quads`."""
    grouped: defaultdict[str, set[ValidationResult]] = defaultdict(set)
    for result in results:
        grouped[result.focus_node.removeprefix(iris.data_base).split("/", 1)[0]].add(result)
    return {accession: ValidationReport(tuple(sorted(grouped[accession]))) for accession in sorted(grouped)}


def derive_reports(context: DeriveContext, relinked: Iterable[Quad]) -> Judged:
    """Bring what the rules across records find up to date in the validation graph of a store that is being built.

    Args:
        context: the generation; what it holds beside these reports is in place.
        relinked: the quads that went from `graph/links`, or came there.
    """
    store, iris = context.store, Iris(context.data_base)
    affected = None if _must_judge_all(context) else _affected(context, iris, relinked)
    nodes = None if affected is None else _focus_nodes(context, iris, affected)
    found = reports(check(store, iris, across_rules(), focus_nodes=nodes), iris)
    changed = set()
    for accession in (_reported(store, iris) | found.keys()) if affected is None else affected:
        present = set(_stored(store, iris, accession))
        lines = report_quads(found[accession], iris, accession, ACROSS_SOURCE) if accession in found else b""
        wanted = set(parse(lines, format=RdfFormat.N_QUADS))
        if present != wanted:
            changed.add(accession)
            for quad in present - wanted:
                store.remove(quad)
            store.extend(wanted - present)
    return Judged(frozenset(changed), {DERIVED_KEY: _rules_hash()})


@cache
def _rules_hash() -> str:
    """Return the SHA-256 of all that decides what is found about a study."""
    return sha256(repr((across_rules(), MAX_RESULTS)).encode()).hexdigest()


def _must_judge_all(context: DeriveContext) -> bool:
    """Whether more may have changed than what is tied to the batch, or so much that all is asked in less time."""
    if derived_hash(context.previous, DERIVED_KEY) != _rules_hash():
        return True
    if len(context.touched) > _MOST * len(context.state.accessions()):
        return True
    # The rules are silent while there is no second study.
    return any(map(_is_alone, context.stores))


def _is_alone(store: Store) -> bool:
    return len(list(islice(store.quads_for_pattern(None, _TYPE, STUDY, DEFAULT), 2))) < 2


def _affected(context: DeriveContext, iris: Iris, relinked: Iterable[Quad]) -> set[str]:
    """Return the accessions that a batch touches, and all that are tied to these, now or before."""
    found = set(context.touched) | _tied(context.store, iris, relinked)
    for accession in context.touched:
        graphs = _graphs(context, iris, accession)
        quads = (
            quad
            for store in context.stores
            for graph in graphs
            for quad in store.quads_for_pattern(None, None, None, graph)
        )
        found |= _tied(context.store, iris, quads)
    return found


def _graphs(context: DeriveContext, iris: Iris, accession: str) -> list[NamedNode]:
    """The named graphs of all records that a study ever had."""
    kinds = context.state.sources(accession)
    return [NamedNode(iris.record_graph(accession, kind)) for kind in kinds]


def _tied(store: Store, iris: Iris, quads: Iterable[Quad]) -> set[str]:
    """Return the accessions that quads mention, and those whose records mention the same things or values."""
    mentioned: set[str] = set()
    alike: set[tuple[NamedNode, _Value]] = set()
    for quad in quads:
        things = (one.value for one in (quad.subject, quad.object) if isinstance(one, NamedNode))
        mentioned.update(iri for iri in things if iri.startswith(iris.data_base))
        if quad.predicate in _SHARED and _is_study(quad.subject, iris):
            alike.update((predicate, quad.object) for predicate in _SHARED[quad.predicate])
    found = [
        quad for iri in mentioned for quad in store.quads_for_pattern(None, None, NamedNode(iri), DEFAULT)
    ]
    found += [quad for one in alike for quad in store.quads_for_pattern(None, *one, DEFAULT)]
    subjects = {quad.subject.value for quad in found if isinstance(quad.subject, NamedNode)}
    return {name for iri in mentioned | subjects if (name := iris.accession_of(iri))}


def _is_study(subject: object, iris: Iris) -> bool:
    """Whether it has the IRI of a study, not of a part of one."""
    return isinstance(subject, NamedNode) and "/" not in (iris.relative(subject.value) or "/")


def _focus_nodes(context: DeriveContext, iris: Iris, accessions: Collection[str]) -> dict[str, list[str]]:
    """Return the IRIs of what rules can judge in the records of some studies, by the class of the target."""
    found: dict[str, list[str]] = {rule.target: [] for rule in across_rules()}
    for accession in sorted(accessions):
        for graph in _graphs(context, iris, accession):
            for target, nodes in found.items():
                quads = context.store.quads_for_pattern(None, _TYPE, NamedNode(target), graph)
                nodes += [quad.subject.value for quad in quads if isinstance(quad.subject, NamedNode)]
    return found


def _reported(store: Store, iris: Iris) -> set[str]:
    """Return the accessions of which the graph holds such a report."""
    graph = NamedNode(iris.graph("validation"))
    nodes = (quad.subject for quad in store.quads_for_pattern(None, _CONFORMS, None, graph))
    below = (iris.relative(one.value) for one in nodes if isinstance(one, NamedNode))
    return {one.removesuffix(_REPORT) for one in below if one and one.endswith(_REPORT)}


def _stored(store: Store, iris: Iris, accession: str) -> Iterator[Quad]:
    """Yield every quad of the report of a study that `derive_reports` made before."""
    graph, report = NamedNode(iris.graph("validation")), NamedNode(iris.absolute(accession + _REPORT))
    for quad in store.quads_for_pattern(report, None, None, graph):
        yield quad
        if quad.predicate == _RESULT and isinstance(quad.object, NamedNode):
            yield from store.quads_for_pattern(quad.object, None, None, graph)
