"""The graphs that are made anew with every generation: what follows from the records, in RDF.

`graph/links` holds what is asserted by the catalogue (records elsewhere that links lead to, shared publications, the
models of a study's maps) and lies in the default graph too. `graph/inferred` holds what is only concluded: correlated
studies and their sets, grades of correlations, images in register, suggestions, conflicts between sources, curators'
corrections and the state of their decisions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from pydantic import BaseModel
from pyoxigraph import NamedNode
from rembigraph.catalogue.decisions import APPLIED, DECISION_STATE, Decision, new_fact
from rembigraph.catalogue.generations import replace_graph
from rembigraph.catalogue.linking import correlative_sets
from rembigraph.catalogue.parts import Link, archive_of, iri_of, page_of
from rembigraph.catalogue.precedence import Conflict
from rembigraph.catalogue.rdf import quoted, triples
from rembigraph.catalogue.recordview import RDF_TYPE, field_iri
from rembigraph.ontology.fields import enum_iris
from rembigraph.ontology.generated.models import CorrelativeSet, ExternalRecord, FieldConflict, StudyLink
from rembigraph.ontology.identifiers import DOI, VOCABULARY

_CORRELATED_WITH: Final = VOCABULARY + "correlatedWith"

if TYPE_CHECKING:
    from pyoxigraph import Quad, Store
    from rembigraph.catalogue.correlation.atlas import Atlas
    from rembigraph.ontology.identifiers import Iris


def atlas_of(store: Store, iris: Iris) -> Atlas | None:
    """Return the graph of coordinate systems and transformations; arithmetic is loaded only where there are some."""
    kinds = [NamedNode(VOCABULARY + name) for name in ("ImageCorrelation", "CoordinateTransformation")]
    if not any(next(store.quads_for_pattern(None, NamedNode(RDF_TYPE), kind, None), None) for kind in kinds):
        return None
    from rembigraph.catalogue.correlation.atlas import Atlas

    return Atlas(store, iris)


def write_links(
    store: Store, iris: Iris, links: Sequence[Link], held: Iterable[str], atlas: Atlas | None = None
) -> Iterable[Quad]:
    """Bring `graph/links` up to date.

    Args:
        store: the store of a generation that is being built.
        iris: makes IRIs for its data base.
        links: all links.
        held: accessions that have a record here.
        atlas: coordinate systems and transformations of the store, where there are some.

    Returns:
        The quads that went or came.
    """
    known = set(held)
    records: list[BaseModel] = [_external(iris, end) for end in sorted(_ends(links) - known)]
    shared = (link for link in _derived(links, "shared_publication") if not link.is_refuted)
    records += [_statement(iris, link) for link in shared]
    lines = {line for record in records for line in triples(record, iris)}
    lines |= {*_models(iris, links), *_identifiers(store, links), *_recomputed(atlas)}
    return replace_graph(store, iris.graph("links"), _n_triples(lines), iris.data_base)


def write_inferred(
    store: Store,
    iris: Iris,
    links: Sequence[Link],
    decisions: Sequence[Decision],
    states: Mapping[str, str],
    conflicts: Iterable[tuple[str, Conflict]],
    atlas: Atlas | None = None,
) -> None:
    """Bring `graph/inferred` up to date.

    Args:
        store: the store of a generation that is being built.
        iris: makes IRIs for its data base.
        links: all links.
        decisions: all decisions of curators.
        states: the state of each, by its IRI.
        conflicts: accession and conflict, for every study whose sources disagree.
        atlas: coordinate systems and transformations of the store, where there are some.
    """
    refuted = (link for link in _derived(links, "shared_publication") if link.is_refuted)
    hints = (*_derived(links, "same_authors"), *refuted)
    records: list[BaseModel] = [_statement(iris, link) for link in hints]
    records += [_set(iris, members, weakest) for members, weakest in correlative_sets(links)]
    records += [_conflict(accession, conflict) for accession, conflict in conflicts]
    lines = {line for record in records for line in triples(record, iris)}
    lines |= {*_correlated(iris, links), *_states(states), *_corrections(iris, decisions, states)}
    lines |= {*_of_correlations(atlas)}
    replace_graph(store, iris.graph("inferred"), _n_triples(lines), iris.data_base)


def _n_triples(lines: Iterable[str]) -> bytes:
    return "".join(f"{line} .\n" for line in sorted(lines)).encode("utf-8")


def _derived(links: Iterable[Link], evidence: str) -> Iterator[Link]:
    return (
        link for link in links if link.evidence == evidence and link.asserter == "inferred" and link.outgoing
    )


def _ends(links: Iterable[Link]) -> set[str]:
    """The ends of links that an archive has a record of; sets of links are here themselves."""
    ends = {end for link in links for end in (link.here, link.there)}
    return {end for end in ends if (archive := archive_of(end)) and not archive.is_of_statements}


def _external(iris: Iris, end: str) -> ExternalRecord:
    archive = archive_of(end)
    return ExternalRecord(
        id=iri_of(iris, end),
        external_identifier=end,
        external_archive=archive.key if archive else None,
        landing_page=page_of(end) or None,
    )


def _statement(iris: Iris, link: Link) -> StudyLink:
    return StudyLink(
        id=link.node,
        link_from=iri_of(iris, link.here),
        link_to=iri_of(iris, link.there),
        link_relation=link.relation,
        evidence_kind=link.evidence,
        evidence_text=list(link.quotes),
        asserted_by=link.asserter,
        confidence=link.confidence,
    )


def _models(iris: Iris, links: Iterable[Link]) -> Iterator[str]:
    """The models of a map are models on the data of the study whose map it is."""
    maps: defaultdict[str, set[str]] = defaultdict(set)
    models: defaultdict[str, set[str]] = defaultdict(set)
    for link in links:
        if link.outgoing and not link.is_refuted:
            if link.relation == "reconstructed_as":
                maps[link.there].add(link.here)
            elif link.relation == "modelled_as":
                models[link.here].add(link.there)
    for of_map, studies in maps.items():
        for study in studies:
            yield f"<{iri_of(iris, study)}> <{field_iri('reconstructed_as')}> <{iri_of(iris, of_map)}>"
            for model in models.get(of_map, ()):
                yield f"<{iri_of(iris, study)}> <{field_iri('modelled_as')}> <{iri_of(iris, model)}>"


def _identifiers(store: Store, links: Iterable[Link]) -> Iterator[str]:
    """What other graphs join on has its identifier here, too: publications (DOI) and proteins (accession)."""
    proteins = (
        quad.object for quad in store.quads_for_pattern(None, NamedNode(field_iri("protein")), None, None)
    )
    iris = {link.there for link in links if link.there.startswith(DOI)}
    iris |= {protein.value for protein in proteins if isinstance(protein, NamedNode)}
    for iri in iris:
        identifier = unquote(iri.removeprefix(DOI)) if iri.startswith(DOI) else iri.rsplit("/", 1)[-1]
        yield f"<{iri}> <{field_iri('accession')}> {quoted(identifier)}"


def _correlated(iris: Iris, links: Iterable[Link]) -> Iterator[str]:
    for link in links:
        if link.is_correlative:
            yield f"<{iri_of(iris, link.here)}> <{_CORRELATED_WITH}> <{iri_of(iris, link.there)}>"


def _recomputed(atlas: Atlas | None) -> Iterator[str]:
    """Registration errors computed anew from landmarks, where the target system is in another record."""
    if atlas is not None:
        from rembigraph.catalogue.correlation.derived import recomputed_lines

        yield from recomputed_lines(atlas)


def _of_correlations(atlas: Atlas | None) -> Iterator[str]:
    """What follows from correlations and transformations."""
    if atlas is not None:
        from rembigraph.catalogue.correlation.derived import derived_lines

        yield from derived_lines(atlas)


def _set(iris: Iris, members: tuple[str, ...], weakest: Link) -> CorrelativeSet:
    return CorrelativeSet(
        id=f"{iris.data_base}correlative-set/{members[0]}",
        set_member=[iri_of(iris, member) for member in members],
        weakest_evidence=weakest.evidence or None,
        confidence=weakest.strength,
    )


def _conflict(accession: str, conflict: Conflict) -> FieldConflict:
    return FieldConflict(
        id=f"{accession}/conflict/{conflict.field}",
        about_study=accession,
        of_field=conflict.field,
        preferred_value=list(conflict.preferred),
        preferred_source=list(conflict.preferred_sources),
        other_value=[value for value, _ in conflict.others],
        other_source=sorted({source for _, sources in conflict.others for source in sources}),
    )


def _corrections(iris: Iris, decisions: Iterable[Decision], states: Mapping[str, str]) -> Iterator[str]:
    """What curators say instead of the sources. It is no statement of a source, so it is in no study's graph."""
    for decision in decisions:
        fact = new_fact(decision, iris) if decision.field and states.get(decision.iri) == APPLIED else None
        if fact:
            thing, predicate, value = fact
            kind = f"^^<{value.datatype}>" if value.datatype else ""
            yield f"<{thing}> <{predicate}> " + (
                f"<{value.text}>" if value.is_iri else quoted(value.text) + kind
            )


def _states(states: Mapping[str, str]) -> Iterator[str]:
    kinds = enum_iris("DecisionState")
    for decision, state in states.items():
        yield f"<{decision}> <{DECISION_STATE}> <{kinds[state]}>"
