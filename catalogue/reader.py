"""Reading a published generation: what pages and feeds stand on.

`Snapshot` is one generation, opened read-only; every look-up has a bound term and is bounded by the record,
never by the catalogue. `following.Reader` swaps snapshots under its users when a newer one is published.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pyoxigraph import DefaultGraph, NamedNode, Quad, Store
from rembigraph.catalogue.decisions import DECISION_STATE, Decision, decisions_about, every_decision
from rembigraph.catalogue.findings import Finding, not_given, report_iris, result_iris
from rembigraph.catalogue.generations import Generation
from rembigraph.catalogue.ledger import WithdrawalEntry
from rembigraph.catalogue.lookups import (
    facts_of,
    is_described,
    label,
    labels,
    objects,
    record_quads,
    sources,
    subjects,
)
from rembigraph.catalogue.merging import MergedStudy, merged_view
from rembigraph.catalogue.parts import Claim, Part, archive_of, claim_of
from rembigraph.catalogue.recordview import RecordView, field_iri, natural_key
from rembigraph.catalogue.search import Search
from rembigraph.catalogue.serialisation import serialise
from rembigraph.ontology.errors import UsageError
from rembigraph.ontology.fields import enum_iris
from rembigraph.ontology.identifiers import Iris

if TYPE_CHECKING:
    from rembigraph.catalogue.correlation.atlas import Atlas

_CACHED: Final = 16
"""Studies that are kept read: the one of the page, and those whose records its page reads too."""
_MAX_LABELS: Final = 2000


class EmptyCatalogueError(UsageError):
    """Nothing has been published yet."""


@dataclass(frozen=True)
class SourceInfo:
    """The document that one named graph was mapped from.

    Attributes:
        kind: kind of source.
        graph: IRI of the named graph with its facts.
        format: format of the document.
        sha256: SHA-256 of the document as received.
        date: date that it states for itself.
        mapping_version: version of the mapping.
        leaves: number of its values: total, mapped, kept, ignored; None where not stated.
    """

    kind: str
    graph: str
    format: str = ""
    sha256: str = ""
    date: str = ""
    mapping_version: str = ""
    leaves: Mapping[str, int | None] = field(default_factory=dict)


class Snapshot:
    """One published generation, opened read-only. Make one with `Snapshot.open`; threads may share it.

    Attributes:
        path: folder of the generation.
        generation: its number.
        meta: what its `meta.json` says.
        iris: makes IRIs for its data base.
        search: its study list.
    """

    def __init__(self, generation: Generation, data_base: str, store: Store, search: Search) -> None:
        self.path = generation.path
        self.generation = generation.number
        self.meta = generation.meta
        self.iris = Iris(data_base)
        self.search = search
        self._store = store
        self._record = lru_cache(maxsize=_CACHED)(self._read_record)
        self._merged = lru_cache(maxsize=_CACHED)(self._read_study)

    @classmethod
    def open(cls, path: Path, data_base: str) -> Snapshot:
        """Open the generation in a folder (or what the link `current` names).

        Raises:
            StoreDamaged: its store, its search index or its `meta.json` can't be read.
        """
        folder = path.resolve()
        generation = Generation(int(folder.name), folder)
        return cls(generation, data_base, generation.open_store(), Search.open(generation.search_path))

    def withdrawal(self, accession: str) -> WithdrawalEntry | None:
        """Return the withdrawal of an accession that is withdrawn in this generation."""
        said = self.meta.get("withdrawn", {}).get(accession)
        return WithdrawalEntry(**said) if said else None

    def close(self) -> None:
        """Close the search index; the store closes when the last reference to it goes."""
        self._record.cache_clear()
        self._merged.cache_clear()
        self.search.close()

    @cached_property
    def atlas(self) -> Atlas:
        """The graph of coordinate systems and transformations of all records; made when it is first asked for."""
        from rembigraph.catalogue.correlation.atlas import Atlas  # numpy: not for those who never ask

        return Atlas(self._store, self.iris)

    def prepare(self) -> bool:
        """Make now what the first question about places would have to wait for; return whether it had to be made."""
        if "atlas" in self.__dict__ or not self.counts.get("correlations"):
            return False
        self.atlas.warm()
        return True

    @property
    def store_path(self) -> Path:
        """Folder of the Oxigraph store."""
        return self.path / "store"

    @property
    def counts(self) -> Mapping[str, Any]:
        """The counts of the generation (`counts.count`)."""
        derived: Mapping[str, Any] = self.meta.get("derived", {})
        return derived

    def holds(self, accession: str) -> bool:
        """Whether there is a record of this accession."""
        return bool(sources(self._store, self.iris, accession))

    def record(self, accession: str) -> RecordView | None:
        """Return every fact that a study's source records state; None when there is no record."""
        return self._record(accession)

    def study(self, accession: str) -> MergedStudy | None:
        """Return a study as a whole: merged by precedence, corrected by curators; None when there is no record."""
        return self._merged(accession)

    def sources(self, accession: str) -> list[SourceInfo]:
        """Return the source documents of a study, the preferred one first."""
        view = self.record(accession)
        return [self._source(accession, kind) for kind in view.sources] if view else []

    def validation(self, accession: str) -> list[Finding]:
        """Return what the validation found when the records were loaded, the worst first.

        What one source lacks and another source or a curator gives is not missing from the study.
        """
        whole = self.study(accession)
        views = [view for view in (self.record(accession), whole and whole.view) if view]
        return not_given(self.search.findings(accession), views)

    def parts(self, accession: str, *, publications: bool = False) -> list[Part]:
        """Return every study that hangs together with this one, whichever side says so.

        Works for accessions that are not held here, too, and for records of other archives. Publications are no parts:
        they are there only when asked for. Parts of one whole come first, hints last.
        """
        claims: dict[str, list[Claim]] = {}
        for link in self.search.links(accession):
            if publications or link.kind != "publication":
                claims.setdefault(link.there, []).append(claim_of(self._store, self.iris, link))
        parts = self._parts(claims)
        return sorted(parts, key=_part_order)

    def publications(self, accession: str) -> list[str]:
        """Return the IRIs of the publications that describe a study, or of a publication the studies that name it."""
        found = (link.there for link in self.search.links(accession) if link.kind == "publication")
        return list(dict.fromkeys(found))

    def named_by(self, iri: str, limit: int = 5000) -> tuple[list[str], bool]:
        """Return the accessions of the studies that name an IRI, in order, and whether all statements were looked at.

        Args:
            iri: a person, an organisation, a term.
            limit: most statements that are read.
        """
        quads = self._store.quads_for_pattern(None, None, NamedNode(iri), DefaultGraph())
        read = [quad.subject.value for quad in islice(quads, limit) if isinstance(quad.subject, NamedNode)]
        found = {str(accession) for subject in read if (accession := self.iris.accession_of(subject))}
        return sorted(found, key=natural_key), next(quads, None) is None

    def decisions(self, about: str = "") -> list[tuple[Decision, str]]:
        """Return curators' decisions with their states now, the earlier first.

        Args:
            about: IRI of a record whose decisions, and those about links with it, are wanted; empty for all.
        """
        graph = NamedNode(self.iris.graph("inferred"))
        states = {iri: key for key, iri in enum_iris("DecisionState").items()}
        found = []
        for decision in decisions_about(self._store, about) if about else every_decision(self._store):
            stated = objects(self._store, decision.iri, DECISION_STATE, graph)
            found.append((decision, states.get(stated[0].text, "") if stated else ""))
        return found

    def correlative_set(self, accession: str) -> list[Part]:
        """Return the whole that a study is part of, itself first; at most 200 studies, without claims."""
        return self._parts({member: [] for member in self.search.correlative_set(accession)})

    def label(self, iri: str) -> str:
        """Return the label of a term, or an empty string."""
        return label(self._store, self.iris, iri)

    def identifier(self, iri: str) -> str:
        """Return the identifier of a record, here or elsewhere, or an empty string."""
        return next((value.text for value in objects(self._store, iri, field_iri("accession"))), "")

    def derived_triples(self) -> Iterator[str]:
        """Yield what the catalogue derived from its records (graphs `links` and `inferred`), a line each."""
        for name in ("links", "inferred"):
            yield from map(
                str, self._store.quads_for_pattern(None, None, None, NamedNode(self.iris.graph(name)))
            )

    def quads(self, accession: str) -> list[Quad]:
        """Return a study's facts, the statements that link it, its provenance and its validation results."""
        found = {*self._facts(accession)}
        view = self.record(accession)
        if view:
            for kind in view.sources:
                found.update(self._about(self._source_node(accession, kind), "provenance"))
            reports = report_iris(self.iris, accession, view.sources)
            for node in (*reports, *result_iris(self._store, self.iris, view)):
                found.update(self._about(node, "validation"))
        return list(found)

    def serialise(self, accession: str, form: str, child: str = "") -> bytes:
        """Return a study, or one thing of it with all that lies below it, in a form of RDF.

        Args:
            accession: the study; must be held.
            form: a name of `serialisation.FORMS`.
            child: IRI of the thing; empty for the study.

        Raises:
            NotRepresentableError: that form cannot hold the record.
        """
        if not child:
            dataset = form in {"nquads", "trig"}
            quads = self.quads(accession) if dataset else self._facts(accession)
            return serialise(quads, form, self.iris.study(accession))
        below = f"{child}/"
        quads = [
            quad
            for quad in record_quads(self._store, self.iris, accession)
            if isinstance(quad.subject, NamedNode)
            and (quad.subject.value == child or quad.subject.value.startswith(below))
        ]
        return serialise(quads, form, child)

    def _read_record(self, accession: str) -> RecordView | None:
        view = self.search.record(self.iris, accession)
        if view is None:
            return None
        wanted = list(islice(sorted(view.unlabelled()), _MAX_LABELS))
        local = (iri for iri in wanted if self.iris.accession_of(iri))
        return replace(
            view,
            labels=labels(self._store, self.iris, wanted),
            elsewhere=frozenset(iri for iri in local if is_described(self._store, iri)),
        )

    def _read_study(self, accession: str) -> MergedStudy | None:
        view = self.record(accession)
        if view is None:
            return None
        study = merged_view(self._store, view)
        fresh = {one.new for one in study.decisions if one.new} and study.view.unlabelled() - set(view.labels)
        named = labels(self._store, self.iris, islice(sorted(fresh), _MAX_LABELS)) if fresh else {}
        return replace(study, view=replace(study.view, labels={**study.view.labels, **named}))

    def _facts(self, accession: str) -> list[Quad]:
        """Quads of the source records, and of statements elsewhere that link the study."""
        found = set(record_quads(self._store, self.iris, accession))
        for node in {link.node for link in self.search.links(accession) if link.kind != "specimen"}:
            found.update(q for q in self._quads_of(node, None) if self._is_stated(q))
        return list(found)

    def _is_stated(self, quad: Quad) -> bool:
        """Whether a quad is a source's statement: no copy in the default graph, and not derived by the catalogue."""
        derived = {self.iris.graph("links"), self.iris.graph("inferred")}
        return isinstance(quad.graph_name, NamedNode) and quad.graph_name.value not in derived

    def _about(self, node: str, graph: str) -> Iterator[Quad]:
        return self._quads_of(node, NamedNode(self.iris.graph(graph)))

    def _quads_of(self, node: str, graph: NamedNode | None) -> Iterator[Quad]:
        return self._store.quads_for_pattern(NamedNode(node), None, None, graph)

    def _parts(self, claims: Mapping[str, list[Claim]]) -> list[Part]:
        cards = self.search.cards(claims)
        parts = []
        for accession, stated in claims.items():
            card = cards.get(accession)
            known = (
                {
                    name: getattr(card, name)
                    for name in ("title", "organisms", "methods", "entities", "voxel", "extent", "issued")
                }
                if card
                else {}
            )
            parts.append(Part(accession, archive_of(accession), bool(card), claims=tuple(stated), **known))
        return parts

    def _source_node(self, accession: str, kind: str) -> str:
        graph = NamedNode(self.iris.record_graph(accession, kind))
        provenance = NamedNode(self.iris.graph("provenance"))
        named = subjects(self._store, field_iri("record_graph"), graph, provenance)
        return named[0] if named else self.iris.absolute(f"{accession}/source/{kind}")

    def _source(self, accession: str, kind: str) -> SourceInfo:
        stated = facts_of(
            self._store, self._source_node(accession, kind), NamedNode(self.iris.graph("provenance"))
        )
        facts = {predicate: value.text for _, predicate, value, _ in stated}
        numbers = {
            name: _integer(facts.get(field_iri(f"leaves_{name}"), ""))
            for name in ("total", "mapped", "kept", "ignored")
        }
        return SourceInfo(
            kind=kind,
            graph=self.iris.record_graph(accession, kind),
            format=facts.get(field_iri("source_format"), ""),
            sha256=facts.get(field_iri("source_sha256"), ""),
            date=facts.get(field_iri("source_date"), ""),
            mapping_version=facts.get(field_iri("mapping_version"), ""),
            leaves=numbers,
        )


def _part_order(part: Part) -> tuple[bool, bool, bool, Any]:
    return not part.correlative, part.is_suggestion, part.archive is None, natural_key(part.accession)


def _integer(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 19 else None


__all__ = ["EmptyCatalogueError", "Finding", "Snapshot", "SourceInfo"]
