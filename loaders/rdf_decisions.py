"""A curator's decision from RDF: the form of a curation document again, so that the same things are asked of it.

**The key of a decision is never believed**, neither that of its IRI nor that of its graph: it is made anew of what the
decision says. Keys tell decisions apart; under the key of another one a changed decision would take that one's place,
and a refuted link could come back without anybody having decided so. With a key of its own it is one more decision,
which holds only if it is the later one. A key that is the hash of its decision comes out the same, so nothing is lost.

A decision has no place to keep what has no field. So what it says beyond its fields is refused, not dropped.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

import yaml
from rembigraph.loaders import curation
from rembigraph.loaders.rdf_facts import Facts
from rembigraph.loaders.rdf_graphs import DECISION, Root, malformed, place_of
from rembigraph.loaders.rdf_naming import Naming
from rembigraph.loaders.rdf_terms import Statement, Text, short, written
from rembigraph.loaders.reading import Document, Leaves, Reading
from rembigraph.loaders.record_from_rdf import RecordReader
from rembigraph.loaders.values import without_email
from rembigraph.ontology.errors import SourceMalformed
from rembigraph.ontology.fields import classes

_KEY: Final = classes()[DECISION].fields["key"].iri
_RULE: Final = "decision-key"
_FIX = "A decision says each of its fields once, as plain text or as an IRI, and nothing else."


@dataclass(frozen=True)
class DecisionReader:
    """Reads the decisions of a file.

    Attributes:
        document: the file.
        accessions: node -> accession, for every study and set of links of the file.
        digest: hash of the file, for blank nodes.
    """

    document: Document
    accessions: dict[str, str]
    digest: str

    def read(self, root: Root, statements: Iterable[Statement]) -> Reading:
        """Return a decision as its curation document would give it, with the account of its statements.

        Raises:
            SourceMalformed: it is not whole, or says what has no field.
        """
        everything = Facts(statements).statements
        keys = [one for one in everything if one.subject == root.node and one.predicate == _KEY]
        facts = Facts(one for one in everything if one not in keys)
        reading = self._decided(root, self._fields(root, facts))
        key = Text(reading.source.removeprefix(f"{curation.SOURCE}-"))
        leaves = facts.leaves()
        for one in keys:
            leaves += Leaves(mapped=1) if one.object == key else Leaves(ignored=1)
        return replace(reading, leaves=leaves)

    def _fields(self, root: Root, facts: Facts) -> dict[str, Any]:
        accessions = {**self.accessions, root.about: root.accession}
        naming = Naming.of(root.accession, accessions, facts, self.digest)
        decision = RecordReader(facts, naming, self.document.place).record(
            root.node, DECISION, root.accession
        )
        for said, state in facts.states():
            if state == "kept":
                what = without_email(f"{short(said.predicate)} {written(said.object)}")[:200]
                message = f"the decision {written(root.node)[:200]} has no place for {what}"
                raise self._error(root, message, "unknown-field", _FIX)
        slots = decision.model_dump(mode="json", exclude_none=True)
        return {name: slots[slot] for name, slot in curation.NAMES.items() if slot in slots}

    def _decided(self, root: Root, fields: dict[str, Any]) -> Reading:
        # ASCII in one line: other line ends and characters that YAML does not print would not come back as they are.
        text = yaml.safe_dump({"curation": [fields]}, default_style='"', width=float("inf"), sort_keys=False)
        document = Document(self.document.file, self.document.member, text.encode("ascii"))
        (result,) = curation.read(document)
        if isinstance(result, Reading):
            return result
        code = result.code if isinstance(result, SourceMalformed) else "curation"
        raise self._error(root, f"{result.message} (in {written(root.node)[:200]})", code, result.fix)

    def _error(self, root: Root, message: str, code: str, fix: str) -> SourceMalformed:
        return malformed(self.document, message, code, fix, place_of(self.document, root.node))
