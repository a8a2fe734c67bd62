"""Plain RDF in this catalogue's vocabulary or in GIDE's: Turtle, TriG, N-Triples, N-Quads, RDF/XML and JSON-LD.

A file may hold several studies, but may only write what its studies are: quads in other graphs than theirs are
refused, and so is a file without a study. Every statement is a leaf: it is in a slot, or kept verbatim.

A record graph of a dump names the source that its record came from, and is read as a record from that source. What
the dump says of the reading and the validation of its own records is left out: both are done anew.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from hashlib import sha256

from rembigraph.loaders.rdf_crate import accession_of as accession_of_dataset
from rembigraph.loaders.rdf_crate import datasets, map_dataset
from rembigraph.loaders.rdf_facts import Facts, reached
from rembigraph.loaders.rdf_json import is_json_ld, json_statements
from rembigraph.loaders.rdf_naming import Naming, accession_at_end, base_of
from rembigraph.loaders.rdf_syntax import (
    MAX_STATEMENTS,
    is_rdf_text,
    is_rdf_xml,
    place,
    text_statements,
    xml_statements,
)
from rembigraph.loaders.rdf_terms import RELATIVE, Statement, Text, is_blank, written
from rembigraph.loaders.reading import Document, Leaves, Reading
from rembigraph.loaders.record_from_rdf import RecordReader
from rembigraph.loaders.values import web_address, without_email
from rembigraph.ontology.completion import complete
from rembigraph.ontology.errors import SourceError, SourceMalformed
from rembigraph.ontology.generated.models import Study
from rembigraph.ontology.identifiers import (
    DEFAULT_DATA_BASE,
    VOCABULARY,
    NotAnAccession,
    parse_accession,
)

FORMAT = "rdf"
SOURCE = "rembigraph"
GIDE_SOURCE = "gide"
MAX_STATEMENTS_OF_STUDY = 50_000

_STUDY = VOCABULARY + "Study"
_IDENTIFIER = "http://purl.org/dc/terms/identifier"
SOURCES = frozenset({"bia", "bia-curation", "bia-v1", "empiar", GIDE_SOURCE, "pagetab", SOURCE})
_GRAPH = re.compile(r"(?P<base>.*/)graph/(?P<accession>[^/]+)/(?P<source>[A-Za-z0-9-]+)")
_MADE_ANEW = re.compile(r"(?P<base>.*/)graph/(?:provenance|validation)")
_LINKS = ("link", "correlation")
_DIGEST_LENGTH = 12
_NO_STUDY_FIX = (
    "Give one node the type https://w3id.org/rembigraph/ns#Study or http://schema.org/Dataset, and its accession "
    "with dcterms:identifier or schema:identifier."
)
_ACCESSION_FIX = (
    "Write dcterms:identifier with an accession such as EMPIAR-10310, S-BIAD1076 or idr0001 "
    "(EXAMPLE-0001 for a made-up record)."
)
_GRAPH_FIX = "Leave other graphs out, or put the statements into the default graph."


def recognises(document: Document) -> bool:
    """Whether the bytes begin like RDF: text, XML in RDF's namespace, or JSON with keywords of JSON-LD."""
    return is_rdf_text(document) or is_rdf_xml(document) or is_json_ld(document)


def read(document: Document) -> Iterator[Reading | SourceError]:
    """Read every study of a file; one that can't be read is yielded as an error."""
    try:
        statements = _statements(document)
        everything = Facts(statements)
        ours = everything.typed(_STUDY)
        studies = _accessions(document, everything, ours) if ours else _gide_studies(everything)
        made_anew = _check_graphs(document, statements, studies)
        _check_studies(document, studies)
        file = _File(document, everything, statements, studies, is_gide=not ours)
    except SourceError as error:
        yield error
        return
    records = [(node, source) for node in studies for source in file.sources(node)]
    for part, (node, source) in enumerate(records, start=1):
        result = file.study(node, source, part if len(records) > 1 else 0)
        if isinstance(result, Reading):
            result = replace(result, leaves=result.leaves + Leaves(ignored=made_anew.pop(node, 0)))
        yield result


def _statements(document: Document) -> list[Statement]:
    if is_rdf_text(document):
        return text_statements(document)
    return xml_statements(document) if is_rdf_xml(document) else json_statements(document)


# --- which studies


def _accessions(document: Document, facts: Facts, nodes: Iterable[str]) -> dict[str, str]:
    return {node: _accession(document, facts, node) for node in nodes}


def _accession(document: Document, facts: Facts, node: str) -> str:
    """The accession that a study states, which may not contradict its own IRI."""
    texts = [
        said.object.text
        for _, said in facts.about(node)
        if said.predicate == _IDENTIFIER and isinstance(said.object, Text)
    ]
    named = accession_at_end(node)
    stated = [found for text in texts if (found := _parsed(text))]
    accession = named if named in stated or not stated else stated[0]
    if accession and (not named or named == accession):
        return accession
    given = f"says {without_email(texts[0])[:80]!r}" if texts else "has no dcterms:identifier"
    message = f"the study {written(node)[:200]} has no accession of a known archive (it {given})"
    if named and stated:
        message = f"the study {written(node)[:200]} says that its accession is {accession}"
    where = _place(document, node)
    raise _malformed(document, message, "unknown-accession", _ACCESSION_FIX, where)


def _parsed(text: str) -> str:
    try:
        return parse_accession(text).text
    except NotAnAccession:
        return ""


def _gide_studies(facts: Facts) -> dict[str, str]:
    return {node: accession_of_dataset(facts, node) for node in datasets(facts)}


def _check_studies(document: Document, studies: dict[str, str]) -> None:
    if not studies:
        message = "the file holds no study: no node in it is a rembi:Study or a schema:Dataset"
        raise _malformed(document, message, "no-study", _NO_STUDY_FIX)
    seen: set[str] = set()
    for node, accession in studies.items():
        if accession and accession in seen:
            message = f"two nodes of the file say that they are the study {accession}"
            raise _malformed(document, message, "two-studies", "Make them one node.", _place(document, node))
        seen.add(accession)


def _check_graphs(document: Document, statements: list[Statement], studies: dict[str, str]) -> Counter[str]:
    """A record may only write its own graph. Take out what falls under `dump-report`, and count it by study."""
    bases = {DEFAULT_DATA_BASE, RELATIVE, *(base_of(node, name) for node, name in studies.items() if name)}
    left_out: Counter[str] = Counter()
    rest: list[Statement] = []
    for statement in statements:
        if not statement.graph or _is_own(statement.graph, bases, studies):
            rest.append(statement)
            continue
        if _is_link_of_another(statement, bases):
            rest.append(statement._replace(graph=""))
            continue
        reported = _reported_study(statement, bases, studies)
        if not reported:
            graph = statement.graph
            message = f"a record may only write its own graph, and this file writes to {written(graph)[:200]}"
            raise _malformed(document, message, "foreign-graph", _GRAPH_FIX, _place(document, graph))
        left_out[reported] += 1
    statements[:] = rest
    return left_out


def _is_own(graph: str, bases: set[str], studies: dict[str, str]) -> bool:
    match = _GRAPH.fullmatch(graph)
    return match is not None and match["base"] in bases and match["accession"] in studies.values()


def _is_link_of_another(statement: Statement, bases: set[str]) -> bool:
    """Whether it is what a study's page quotes of another record: how that one links it. It is kept as text."""
    match = _GRAPH.fullmatch(statement.graph)
    if match is None or match["base"] not in bases:
        return False
    return statement.subject.startswith(
        tuple(f"{match['base']}{match['accession']}/{name}/" for name in _LINKS)
    )


def _reported_study(statement: Statement, bases: set[str], studies: dict[str, str]) -> str:
    """Return the study of the file whose reading or validation a statement reports; empty for none."""
    match = _MADE_ANEW.fullmatch(statement.graph)
    if not match or match["base"] not in bases or not statement.subject.startswith(match["base"]):
        return ""
    accession, _, below = statement.subject.removeprefix(match["base"]).partition("/")
    if not below.startswith(("source/", "report/")):
        return ""
    return next((node for node, name in studies.items() if name == accession), "")


# --- one study


class _File:
    """A file whose studies are read one by one."""

    def __init__(
        self,
        document: Document,
        everything: Facts,
        statements: list[Statement],
        studies: dict[str, str],
        *,
        is_gide: bool,
    ) -> None:
        self._document = document
        self._studies = studies
        self._parts = _parts(document, everything, statements, studies)
        self._is_gide = is_gide
        self._digest = sha256(document.data).hexdigest()[:_DIGEST_LENGTH]

    def sources(self, node: str) -> list[str]:
        """Return the sources that the record graphs of a study name; what is in none came from the file itself."""
        named = (_source_of(statement.graph) for statement in self._parts[node])
        return [SOURCE] if self._is_gide else list(dict.fromkeys(filter(None, named))) or [SOURCE]

    def study(self, node: str, source: str, part: int) -> Reading | SourceError:
        """Read one study as one of its sources tells it."""
        try:
            facts = Facts(self._of_source(node, source))
            if len(facts.statements) > MAX_STATEMENTS_OF_STUDY:
                message = f"the study has more than {MAX_STATEMENTS_OF_STUDY} statements"
                fix = "A record holds metadata of one study: describe files together, not one by one."
                raise _malformed(self._document, message, "too-large", fix)
            if self._is_gide:
                return self._gide(node, facts, part)
            return self._ours(node, facts, part, source)
        except SourceError as error:
            return error

    def _of_source(self, node: str, source: str) -> list[Statement]:
        """What is in no record graph belongs to the first source."""
        sources = self.sources(node)
        if len(sources) == 1:
            return self._parts[node]
        return [one for one in self._parts[node] if (_source_of(one.graph) or sources[0]) == source]

    def _ours(self, node: str, facts: Facts, part: int, source: str) -> Reading:
        accession = self._studies[node]
        naming = Naming.of(accession, self._studies, facts, self._digest)
        study = RecordReader(facts, naming, self._document.place).record(node, "Study", accession)
        if not isinstance(study, Study):
            raise TypeError("a Study was read as something else")
        study.accession = accession
        _add_address(study, node, naming)
        study.kept_value += facts.kept(accession)
        return self._reading(complete(study, source), facts, part, source, study.modified or "")

    def _gide(self, node: str, facts: Facts, part: int) -> Reading:
        mapped = map_dataset(self._document, facts, node, self._digest)
        study = mapped.study
        study.kept_value = facts.kept(str(study.accession))
        return self._reading(complete(study, GIDE_SOURCE), facts, part, GIDE_SOURCE, mapped.source_date)

    def _reading(self, study: Study, facts: Facts, part: int, source: str, date: str) -> Reading:
        return Reading(
            study=study,
            source=source,
            format=FORMAT,
            source_bytes=_canonical(facts) if part else self._document.data,
            leaves=facts.leaves(),
            source_date=date,
            part=part,
            unmapped=facts.unmapped(),
        )


def _parts(
    document: Document, everything: Facts, statements: list[Statement], studies: dict[str, str]
) -> dict[str, list[Statement]]:
    """What each study leads to; what no study leads to belongs to the first."""
    if len(studies) == 1:
        return dict.fromkeys(studies, statements)
    owners: dict[str, list[str]] = {}
    left = MAX_STATEMENTS
    for root in studies:
        for node in reached(everything, root, studies):
            owners.setdefault(node, []).append(root)
            left -= 1
        if left < 0:
            message, fix = (
                "the studies of the file share too much to be told apart",
                "Split it, one file for each.",
            )
            raise _malformed(document, message, "too-large", fix)
    parts: dict[str, list[Statement]] = {root: [] for root in studies}
    first = [next(iter(studies))]
    for statement in statements:
        for root in owners.get(statement.subject, first):
            if _visible(statement.graph, studies[root]):
                parts[root].append(statement)
    return parts


def _source_of(graph: str) -> str:
    """Return the source that a record graph names; empty for other graphs, and for sources that there are not."""
    match = _GRAPH.fullmatch(graph)
    return match["source"] if match and match["source"] in SOURCES else ""


def _visible(graph: str, accession: str) -> bool:
    match = _GRAPH.fullmatch(graph)
    return not match or match["accession"] == accession


def _add_address(study: Study, node: str, naming: Naming) -> None:
    """The IRI of a study that lies elsewhere is the same record elsewhere."""
    address = web_address(node)
    pages = {str(study.landing_page).rstrip("/"), parse_accession(naming.accession).landing_page.rstrip("/")}
    if (
        address
        and not node.startswith(naming.bases)
        and node.rstrip("/") not in pages
        and node not in study.same_as
    ):
        study.same_as.append(address)


def _canonical(facts: Facts) -> bytes:
    """The statements of one study of several, as the source that is archived for it."""
    lines = (
        f"{written(said.subject)} {written(said.predicate)} {written(said.object)} ."
        for said in facts.statements
    )
    return without_email("".join(f"{line}\n" for line in sorted(lines))).encode("utf-8")


# --- errors


def _place(document: Document, node: str) -> str:
    """Where a node is first written; a prefix may hide it."""
    text = document.data.decode("utf-8", "replace")
    position = -1 if is_blank(node) else text.find(node.removeprefix(RELATIVE))
    return place(text, position) if position >= 0 else "1:1"


def _malformed(document: Document, message: str, code: str, fix: str, where: str = "1:1") -> SourceMalformed:
    return SourceMalformed(message, source=document.place, pointer=where, code=code, fix=fix)
