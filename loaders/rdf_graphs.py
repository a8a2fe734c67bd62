"""Which records a file of RDF holds, and which of its statements are whose.

A record is a node of one of the classes `KINDS`. A statement in a record's own graph
(`{DATA}graph/{ACCESSION}/{source}`) is that record's; any other is of the records that lead to it, and one that no
record leads to is of the first. A record may write no graph but its own. What the catalogue makes anew of its records
(`MADE_ANEW`) is left out of the file and counted; so is what the default graph says over again, as it does in a dump of
a whole store.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from rembigraph import loaders
from rembigraph.loaders import curation
from rembigraph.loaders.rdf_facts import Facts, reached
from rembigraph.loaders.rdf_naming import accession_at_end, base_of
from rembigraph.loaders.rdf_syntax import MAX_STATEMENTS
from rembigraph.loaders.rdf_terms import RDF_TYPE, RELATIVE, Statement, Term, Text, is_blank, written
from rembigraph.loaders.reading import Document
from rembigraph.loaders.values import without_email
from rembigraph.ontology.errors import SourceMalformed
from rembigraph.ontology.fields import classes
from rembigraph.ontology.identifiers import DEFAULT_DATA_BASE, NotAnAccession, parse_accession

STUDY, LINK_SET, DECISION = "Study", "LinkSet", "CurationDecision"
KINDS: Final = {classes()[name].iri: name for name in (STUDY, LINK_SET, DECISION)}
"""IRI of a class whose things are records -> its name."""

MADE_ANEW: Final = ("inferred", "links", "provenance", "terms", "validation")
"""Shared graphs that the catalogue makes of its records: a file that holds them changes nothing."""

_REPORTS: Final = frozenset(
    {"provenance", "validation"}
)  # what they say is about a record, which must be there
_IDENTIFIER: Final = classes()[STUDY].fields["accession"].iri
_ABOUT: Final = classes()[DECISION].fields["about_study"].iri
_RECORD_GRAPH: Final = re.compile(r"(?P<base>.*/)graph/(?P<accession>[^/]+)/(?P<source>[A-Za-z0-9-]+)")
_SHARED_GRAPH: Final = re.compile(rf"(?P<base>.*/)graph/(?P<name>{'|'.join(MADE_ANEW)})")
_DECISION_IRI: Final = re.compile(r"(?P<base>.*/)(?P<accession>[^/]+)/curation/[^/]+")
_QUOTED: Final = ("link", "correlation")
_ACCESSION_FIX = (
    "Write dcterms:identifier with an accession such as EMPIAR-10310, S-BIAD1076 or idr0001 "
    "(EXAMPLE-0001 for a made-up record)."
)
_ABOUT_FIX = (
    "Write rembi:aboutStudy with the IRI of the study, the same that the IRI of the decision begins with."
)
_GRAPH_FIX = "Leave other graphs out, or put the statements into the default graph."
_NAMES = {STUDY: "study", LINK_SET: "set of links", DECISION: "decision"}


@cache
def sources() -> frozenset[str]:
    """Return the kinds of source that the graph of a study or a set of links may name; a decision's names its key."""
    return frozenset(loader.SOURCE for loader in loaders.LOADERS) - {curation.SOURCE}


@dataclass(frozen=True)
class Root:
    """A node of a file that is a record.

    Attributes:
        node: the node.
        kind: name of its class.
        accession: under which it is kept; of a decision, that of the study that it is about.
        base: data base IRI that its IRI lies below; empty when it lies elsewhere.
        about: of a decision, the node that it is about.
    """

    node: str
    kind: str
    accession: str
    base: str = ""
    about: str = ""


def roots_of(document: Document, statements: Iterable[Statement]) -> dict[str, Root]:
    """Return the records that a file says it holds, by their nodes, in document order.

    Raises:
        SourceMalformed: one has no accession, or not one of its own, or stands in another record's graph.
    """
    typed: dict[str, dict[str, list[str]]] = {}
    stated = [one for one in statements if not _SHARED_GRAPH.fullmatch(one.graph)]
    for one in stated:
        if one.predicate == RDF_TYPE and one.object in KINDS:
            graphs = typed.setdefault(one.subject, {}).setdefault(KINDS[str(one.object)], [])
            graphs.append(one.graph)
    facts = Facts(stated)
    found: dict[str, Root] = {}
    for node, kinds in typed.items():
        if len(kinds) > 1:
            message = (
                f"{written(node)[:200]} is said to be a {' and a '.join(_NAMES[kind] for kind in kinds)}"
            )
            raise malformed(document, message, "two-kinds", "Make them two nodes.", place_of(document, node))
        ((kind, graphs),) = kinds.items()
        found[node] = (
            _decision(document, facts, node) if kind == DECISION else _kept(document, facts, node, kind)
        )
        _check_home(document, found[node], graphs)
    return found


def _kept(document: Document, facts: Facts, node: str, kind: str) -> Root:
    """A record that is kept under an accession of its own, which it states, and which may not contradict its IRI."""
    texts = [
        said.object.text
        for _, said in facts.about(node)
        if said.predicate == _IDENTIFIER and isinstance(said.object, Text)
    ]
    named = accession_at_end(node)
    stated = [accession for text in texts if (accession := _parsed(text))]
    accession = named if named in stated or not stated else stated[0]
    if not accession or (named and named != accession):
        given = f"says {without_email(texts[0])[:80]!r}" if texts else "has no dcterms:identifier"
        message = f"the {_NAMES[kind]} {written(node)[:200]} has no accession of a known archive (it {given})"
        if named and stated:
            message = f"the {_NAMES[kind]} {written(node)[:200]} says that its accession is {accession}"
        raise malformed(document, message, "unknown-accession", _ACCESSION_FIX, place_of(document, node))
    if parse_accession(accession).archive.is_of_statements != (kind == LINK_SET):
        message = f"{accession} can't be the accession of a {_NAMES[kind]}"
        fix = "Sets of links have accessions that begin with LINKS-, and nothing else has."
        raise malformed(document, message, "unknown-accession", fix, place_of(document, node))
    return Root(node, kind, accession, base_of(node, accession))


def _decision(document: Document, facts: Facts, node: str) -> Root:
    """A decision is kept under the study that it is about, which may not contradict its own IRI."""
    abouts = [said.object for _, said in facts.about(node) if said.predicate == _ABOUT]
    about = next((one for one in abouts if isinstance(one, str)), "")
    accession = accession_at_end(about)
    match = _DECISION_IRI.fullmatch(node)
    named = _parsed(match["accession"]) if match else ""
    if not accession or (named and named != accession):
        says = f"is about {written(abouts[0])[:80]}" if abouts else "has no rembi:aboutStudy"
        message = (
            f"the decision {written(node)[:200]} {without_email(says)}, which is not the study of its IRI"
        )
        if not named or not accession:
            message = f"it can't be told which study the decision {written(node)[:200]} is about: it {says}"
        raise malformed(document, message, "unknown-accession", _ABOUT_FIX, place_of(document, node))
    own = match["base"] if match and named else ""
    return Root(node, DECISION, accession, own or base_of(about, accession), about)


def _parsed(text: str) -> str:
    try:
        return parse_accession(text).text
    except NotAnAccession:
        return ""


def _check_home(document: Document, root: Root, graphs: Iterable[str]) -> None:
    """A record may be said to be one in its own graph only, or in none."""
    for graph in graphs:
        match = _RECORD_GRAPH.fullmatch(graph)
        is_of_decision = bool(match) and _is_of_decision(graph)
        if match and (match["accession"] != root.accession or is_of_decision != (root.kind == DECISION)):
            message = (
                f"a record may only write its own graph, and the {_NAMES[root.kind]} {written(root.node)[:200]} "
                f"stands in {written(graph)[:200]}"
            )
            raise malformed(document, message, "foreign-graph", _GRAPH_FIX, place_of(document, graph))


def check_graphs(document: Document, statements: Iterable[Statement]) -> None:
    """Check that a file without a record does not write to a graph of a record or of the catalogue.

    Raises:
        SourceMalformed: it does.
    """
    graph = next((one.graph for one in statements if one.graph), "")
    if graph:
        message = f"a record may only write its own graph, and this file writes to {written(graph)[:200]}"
        raise malformed(document, message, "foreign-graph", _GRAPH_FIX, place_of(document, graph))


def _is_of_decision(graph: str) -> bool:
    return graph.rsplit("/", 1)[-1].startswith(f"{curation.SOURCE}-")


def check_roots(document: Document, roots: Iterable[Root]) -> None:
    """Check that no two nodes are the same study or the same set of links.

    Raises:
        SourceMalformed: two are.
    """
    seen: set[str] = set()
    for root in roots:
        if root.kind != DECISION and root.accession and root.accession in seen:
            message = f"two nodes of the file say that they are the {_NAMES[root.kind]} {root.accession}"
            raise malformed(
                document, message, "two-studies", "Make them one node.", place_of(document, root.node)
            )
        seen |= {root.accession} if root.kind != DECISION else set()


# --- whose a statement is


@dataclass
class Shares:
    """The statements of a file, dealt out.

    Attributes:
        of: (node of a record, its source) -> its statements, in document order; a decision's source is empty.
        made_anew: node of a record -> number of statements that are left out under `dump-report`.
        unowned: statements that no record of the file can hold.
    """

    of: dict[tuple[str, str], list[Statement]] = field(default_factory=dict)
    made_anew: Counter[str] = field(default_factory=Counter)
    unowned: list[Statement] = field(default_factory=list)


@dataclass(frozen=True)
class _Home:
    """What a graph of the file is: of some records, from a source (empty for the file itself), or made anew."""

    nodes: tuple[str, ...] = ()
    source: str = ""
    made_anew: str = ""


def dealt_out(
    document: Document, statements: Sequence[Statement], roots: Mapping[str, Root], own: str
) -> Shares:
    """Say whose each statement of a file is.

    Args:
        document: for messages.
        statements: all that the file says.
        roots: its records.
        own: source of what is in no record's graph.

    Raises:
        SourceMalformed: the file writes a graph that is none of its records'; or they share too much.
    """
    return _Dealer(document, statements, roots, own).shares()


class _Dealer:
    def __init__(
        self, document: Document, statements: Sequence[Statement], roots: Mapping[str, Root], own: str
    ) -> None:
        self._document = document
        self._statements = statements
        self._roots = roots
        self._bases = {DEFAULT_DATA_BASE, RELATIVE, *filter(None, (root.base for root in roots.values()))}
        self._keepers = [node for node, root in roots.items() if root.kind != DECISION]
        self._kept = {roots[node].accession: node for node in self._keepers}
        self._first = next(iter(self._keepers), "")  # a decision holds nothing but what is said of itself
        self._decided = self._graphs_of_decisions()
        self._homes = {graph: self._home(graph) for graph in dict.fromkeys(one.graph for one in statements)}
        self._own_source = self._sources(own)
        self._owners = self._reached()
        self._again = self._said_again()

    def shares(self) -> Shares:
        found = Shares(
            {(node, source): [] for node, sources in self._own_source.items() for source in sources}
        )
        for one in self._statements:
            home = self._homes[one.graph]
            if home is None:
                self._foreign(one, found)
            elif home.made_anew:
                found.made_anew[self._reported(one, home.made_anew)] += 1
            elif home.nodes:
                node = one.subject if one.subject in home.nodes else home.nodes[0]
                found.of[node, home.source or self._own_source[node][0]].append(one)
            else:
                self._loose(one, found)
        return found

    def _graphs_of_decisions(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, dict[str, None]] = {}
        for one in self._statements:
            root, match = self._roots.get(one.subject), _RECORD_GRAPH.fullmatch(one.graph)
            is_decision = root is not None and root.kind == DECISION and _is_of_decision(one.graph)
            if root and is_decision and match and match["accession"] == root.accession:
                found.setdefault(one.graph, {})[one.subject] = None
        return {graph: tuple(nodes) for graph, nodes in found.items()}

    def _home(self, graph: str) -> _Home | None:
        """Return what a graph is; None for one that is none of the file's records'."""
        shared, record = _SHARED_GRAPH.fullmatch(graph), _RECORD_GRAPH.fullmatch(graph)
        if not graph:
            return _Home()
        if shared and shared["base"] in self._bases:
            return _Home(made_anew=shared["name"])
        if not record or record["base"] not in self._bases:
            return None
        if graph in self._decided:
            return _Home(self._decided[graph])
        node = self._kept.get(record["accession"])
        return _Home((node,), record["source"] if record["source"] in sources() else "") if node else None

    def _sources(self, own: str) -> dict[str, list[str]]:
        """The sources that the graphs of a record name; what is in none came from the file itself."""
        named: dict[str, list[str]] = {node: [] for node in self._roots}
        for home in self._homes.values():
            if home and home.source and home.source not in named[home.nodes[0]]:
                named[home.nodes[0]].append(home.source)
        return {
            node: [""] if root.kind == DECISION else named[node] or [own]
            for node, root in self._roots.items()
        }

    def _reached(self) -> dict[str, list[str]]:
        """Node -> the records that lead to it. A record that is alone has everything, so nothing is followed then."""
        owners = {node: [node] for node, root in self._roots.items() if root.kind == DECISION}
        if len(self._keepers) < 2 and not owners:
            return owners
        facts = Facts(one for one in self._statements if not self._is_made_anew(one))
        left = MAX_STATEMENTS
        for root in self._keepers:
            for node in reached(facts, root, self._roots):
                owners.setdefault(node, []).append(root)
                left -= 1
            if left < 0:
                message = "the records of the file share too much to be told apart"
                raise malformed(self._document, message, "too-large", "Split it, one file for each.")
        return owners

    def _is_made_anew(self, one: Statement) -> bool:
        home = self._homes[one.graph]
        return home is not None and bool(home.made_anew)

    def _said_again(self) -> dict[tuple[str, str, Term], set[str]]:
        """What the default graph says and another says, too -> the records whose graphs do; empty: made anew."""
        default = {one[:3] for one in self._statements if not one.graph}
        again: dict[tuple[str, str, Term], set[str]] = {}
        for one in self._statements if default else ():
            home = self._homes[one.graph]
            if one.graph and home and one[:3] in default:
                again.setdefault(one[:3], set()).update(home.nodes or ("",))
        return again

    def _loose(self, one: Statement, found: Shares) -> None:
        """Deal out a statement in the default graph. Another record's graph can't take what is said of a record."""
        holders = self._again.get(one[:3])
        if holders and ("" in holders or one.subject in holders or one.subject not in self._roots):
            return
        for node in self._owners.get(one.subject, [self._first]):
            if node:
                found.of[node, self._own_source[node][0]].append(one)
            else:
                found.unowned.append(one)

    def _foreign(self, one: Statement, found: Shares) -> None:
        """Let in what a study's page quotes of another record, how that one links it; it is kept as text."""
        match = _RECORD_GRAPH.fullmatch(one.graph)
        if match and match["base"] in self._bases:
            below = f"{match['base']}{match['accession']}/"
            if one.subject.startswith(tuple(f"{below}{name}/" for name in _QUOTED)):
                self._loose(one._replace(graph=""), found)
                return
        graph = one.graph
        message = f"a record may only write its own graph, and this file writes to {written(graph)[:200]}"
        raise malformed(self._document, message, "foreign-graph", _GRAPH_FIX, place_of(self._document, graph))

    def _reported(self, one: Statement, name: str) -> str:
        """Return the record that a statement made anew is counted with: the one that it reports on, or the first."""
        if name not in _REPORTS:
            return next(iter(self._roots))
        base = one.graph.removesuffix(f"graph/{name}")
        accession, _, below = one.subject.removeprefix(base).partition("/")
        node = self._kept.get(accession) or next(
            (node for node, root in self._roots.items() if root.accession == accession), ""
        )
        if not node or not one.subject.startswith(base) or not below.startswith(("source/", "report/")):
            message = f"the graph {written(one.graph)[:200]} reports on the records of the file, and on nothing else"
            raise malformed(
                self._document,
                f"a record may only write its own graph: {message}",
                "foreign-graph",
                _GRAPH_FIX,
                place_of(self._document, one.graph),
            )
        return node


# --- errors


def place_of(document: Document, node: str) -> str:
    """Return where a node is first written, as `line:column`; a prefix may hide it."""
    position = -1 if is_blank(node) else document.data.find(node.removeprefix(RELATIVE).encode())
    if position < 0:
        return "1:1"
    start = document.data.rfind(b"\n", 0, position) + 1
    column = len(document.data[start:position].decode("utf-8", "replace")) + 1
    return f"{document.data.count(bytes([10]), 0, position) + 1}:{column}"


def malformed(document: Document, message: str, code: str, fix: str, where: str = "1:1") -> SourceMalformed:
    """Return the error for a file that says what it may not."""
    return SourceMalformed(message, source=document.place, pointer=where, code=code, fix=fix)
