"""Plain RDF in this catalogue's vocabulary or in GIDE's: Turtle, TriG, N-Triples, N-Quads, RDF/XML and JSON-LD.

A file may hold several records (studies, sets of links, curators' decisions), but may only write what they are: quads
in other graphs than theirs are refused, and so is a file without a record. Every statement is a leaf: it is in a slot,
or kept verbatim.

A record graph of a dump names the source that its record came from, and is read as a record from that source. What a
catalogue makes of its own records is left out: it is made anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import sha256

from rembigraph.loaders.rdf_crate import accession_of as accession_of_dataset
from rembigraph.loaders.rdf_crate import datasets, map_dataset
from rembigraph.loaders.rdf_decisions import DecisionReader
from rembigraph.loaders.rdf_facts import Facts
from rembigraph.loaders.rdf_graphs import (
    DECISION,
    LINK_SET,
    STUDY,
    Root,
    check_graphs,
    check_roots,
    dealt_out,
    malformed,
    place_of,
    roots_of,
)
from rembigraph.loaders.rdf_json import is_json_ld, json_statements
from rembigraph.loaders.rdf_naming import Naming, base_of
from rembigraph.loaders.rdf_syntax import is_rdf_text, is_rdf_xml, text_statements, xml_statements
from rembigraph.loaders.rdf_terms import Statement, written
from rembigraph.loaders.reading import Document, Leaves, Reading
from rembigraph.loaders.record_from_rdf import RecordReader
from rembigraph.loaders.values import web_address, without_email
from rembigraph.ontology.completion import complete, complete_links
from rembigraph.ontology.errors import SourceError
from rembigraph.ontology.generated.models import LinkSet, Study
from rembigraph.ontology.identifiers import parse_accession

FORMAT = "rdf"
SOURCE = "rembigraph"
GIDE_SOURCE = "gide"
MAX_STATEMENTS_OF_RECORD = 200_000
MAX_KEPT_OF_RECORD = 50_000

_DIGEST_LENGTH = 12
_NO_RECORD_FIX = (
    "Give one node the type https://w3id.org/rembigraph/ns#Study or http://schema.org/Dataset, and its accession "
    "with dcterms:identifier or schema:identifier."
)
_UNOWNED_FIX = "Leave them out; or load them with the study that they belong to."
_TOO_LARGE_FIX = "A record holds metadata of one study: describe files together, not one by one."


def recognises(document: Document) -> bool:
    """Whether the bytes begin like RDF: text, XML in RDF's namespace, or JSON with keywords of JSON-LD."""
    return is_rdf_text(document) or is_rdf_xml(document) or is_json_ld(document)


def read(document: Document) -> Iterator[Reading | SourceError]:
    """Read every record of a file; one that can't be read is yielded as an error."""
    try:
        statements = _statements(document)
        roots = roots_of(document, statements)
        is_gide = not roots
        file = _File(document, statements, roots or _gide_studies(statements), is_gide=is_gide)
    except SourceError as error:
        yield error
        return
    yield from file.readings()


def _statements(document: Document) -> list[Statement]:
    if is_rdf_text(document):
        return text_statements(document)
    return xml_statements(document) if is_rdf_xml(document) else json_statements(document)


def _gide_studies(statements: Sequence[Statement]) -> dict[str, Root]:
    facts = Facts(statements)
    named = {node: accession_of_dataset(facts, node) for node in datasets(facts)}
    return {
        node: Root(node, STUDY, name, base_of(node, name) if name else "") for node, name in named.items()
    }


# --- one record


class _File:
    """A file whose records are read one by one.

    Raises:
        SourceMalformed: it holds none, or says what it may not.
    """

    def __init__(
        self, document: Document, statements: Sequence[Statement], roots: dict[str, Root], *, is_gide: bool
    ) -> None:
        if not roots:
            check_graphs(document, statements)
            message = "the file holds no study: no node in it is a rembi:Study or a schema:Dataset"
            raise malformed(document, message, "no-study", _NO_RECORD_FIX)
        check_roots(document, roots.values())
        self._document = document
        self._roots = roots
        self._is_gide = is_gide
        self._shares = dealt_out(document, statements, roots, GIDE_SOURCE if is_gide else SOURCE)
        self._accessions = {node: root.accession for node, root in roots.items() if root.kind != DECISION}
        self._digest = sha256(document.data).hexdigest()[:_DIGEST_LENGTH]

    def readings(self) -> Iterator[Reading | SourceError]:
        """Yield every record, and an error for what belongs to none."""
        made_anew = self._shares.made_anew
        several = len(self._shares.of) > 1
        for part, (node, source) in enumerate(self._shares.of, start=1):
            result = self._record(self._roots[node], source, part if several else 0)
            if isinstance(result, Reading):
                result = replace(result, leaves=result.leaves + Leaves(ignored=made_anew.pop(node, 0)))
            yield result
        if self._shares.unowned:
            first = self._shares.unowned[0]
            message = (
                f"{len(self._shares.unowned)} statements belong to no record of the file, the first is about "
                f"{without_email(written(first.subject))[:200]}"
            )
            where = place_of(self._document, first.subject)
            yield malformed(self._document, message, "no-study", _UNOWNED_FIX, where)

    def _record(self, root: Root, source: str, part: int) -> Reading | SourceError:
        """Read one record as one of its sources tells it."""
        statements = self._shares.of[root.node, source]
        try:
            if root.kind == DECISION:
                return self._decision(root, statements, part)
            facts = Facts(statements)
            if len(facts.statements) > MAX_STATEMENTS_OF_RECORD:
                message = (
                    f"the record of {root.accession} has more than {MAX_STATEMENTS_OF_RECORD} statements"
                )
                raise malformed(self._document, message, "too-large", _TOO_LARGE_FIX)
            if self._is_gide:
                return self._gide(root.node, facts, part)
            return (
                self._links(root, facts, part, source)
                if root.kind == LINK_SET
                else self._study(root, facts, part, source)
            )
        except SourceError as error:
            return error

    def _study(self, root: Root, facts: Facts, part: int, source: str) -> Reading:
        naming = Naming.of(root.accession, self._accessions, facts, self._digest)
        study = RecordReader(facts, naming, self._document.place).record(root.node, STUDY, root.accession)
        if not isinstance(study, Study):
            raise TypeError("a Study was read as something else")
        study.accession = root.accession
        _add_address(study, root.node, naming)
        self._keep(study, facts)
        return self._reading(complete(study, source), facts, part, source, study.modified or "")

    def _links(self, root: Root, facts: Facts, part: int, source: str) -> Reading:
        naming = Naming.of(root.accession, self._accessions, facts, self._digest)
        links = RecordReader(facts, naming, self._document.place).record(root.node, LINK_SET, root.accession)
        if not isinstance(links, LinkSet):
            raise TypeError("a LinkSet was read as something else")
        links.accession = root.accession
        self._keep(links, facts)
        return self._reading(complete_links(links, source), facts, part, source, "")

    def _gide(self, node: str, facts: Facts, part: int) -> Reading:
        mapped = map_dataset(self._document, facts, node, self._digest)
        study = mapped.study
        study.kept_value = []
        self._keep(study, facts)
        return self._reading(complete(study, GIDE_SOURCE), facts, part, GIDE_SOURCE, mapped.source_date)

    def _decision(self, root: Root, statements: Sequence[Statement], part: int) -> Reading:
        reading = DecisionReader(self._document, self._accessions, self._digest).read(root, statements)
        source_bytes = _canonical(Facts(statements)) if part else self._document.data
        return replace(reading, format=FORMAT, source_bytes=source_bytes, part=part)

    def _keep(self, record: Study | LinkSet, facts: Facts) -> None:
        """Keep what has no slot, if that is not so much that nobody could look through it."""
        if facts.leaves().kept > MAX_KEPT_OF_RECORD:
            message = (
                f"more than {MAX_KEPT_OF_RECORD} statements of {record.accession} have no place in a record"
            )
            raise malformed(self._document, message, "too-large", _TOO_LARGE_FIX)
        record.kept_value += facts.kept(str(record.accession))

    def _reading(self, record: Study | LinkSet, facts: Facts, part: int, source: str, date: str) -> Reading:
        return Reading(
            study=record,
            source=source,
            format=FORMAT,
            source_bytes=_canonical(facts) if part else self._document.data,
            leaves=facts.leaves(),
            source_date=date,
            part=part,
            unmapped=facts.unmapped(),
        )


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
