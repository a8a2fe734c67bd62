"""Reads the mappings of our terms to other vocabularies: an SSSOM/TSV file, checked line by line.

The file is `mappings.sssom.tsv`: a YAML block behind `#`, then one mapping a row. An object that has no IRI (an
attribute name of REMBI) is a literal mapping: `object_type` is `rdfs literal`, `object_id` is empty, and the name is
`object_label`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from rembigraph.ontology.errors import SourceMalformed
from rembigraph.ontology.identifiers import PREFIXES, VOCABULARY

FILE = Path(__file__).resolve().parent / "mappings.sssom.tsv"
COLUMNS = (
    "subject_id",
    "subject_label",
    "predicate_id",
    "object_id",
    "object_label",
    "object_type",
    "mapping_justification",
    "comment",
)
MATCHES = frozenset(f"skos:{kind}Match" for kind in ("exact", "close", "broad", "narrow", "related"))
JUSTIFICATION = "semapv:ManualMappingCuration"
LITERAL = "rdfs literal"


@dataclass(frozen=True)
class Mapping:
    """One mapping.

    Attributes:
        subject: IRI of our term.
        subject_label: its label.
        predicate: IRI of the SKOS match property.
        object: IRI of the other term; empty for a literal mapping.
        object_label: its label, or the literal.
        vocabulary: prefix of the other vocabulary; `REMBI` for a literal.
        comment: why, and where the object was read.
    """

    subject: str
    subject_label: str
    predicate: str
    object: str
    object_label: str
    vocabulary: str
    comment: str


@dataclass(frozen=True)
class MappingSet:
    """The mappings of a file, and the prefixes that it declares."""

    prefixes: dict[str, str]
    mappings: list[Mapping]


def read_mappings(text: str | None = None) -> MappingSet:
    """Return the mappings of a file's text, or of the file that ships with the ontology.

    Raises:
        SourceMalformed: the file breaks a rule; the message says which, the pointer where.
    """
    content = FILE.read_text(encoding="utf-8") if text is None else text
    head = [line.removeprefix("#") for line in content.splitlines() if line.startswith("#")]
    prefixes = _prefixes("\n".join(head))
    body = "".join(line for line in content.splitlines(keepends=True) if not line.startswith("#"))
    rows = csv.DictReader(io.StringIO(body), delimiter="\t")
    if tuple(rows.fieldnames or ()) != COLUMNS:
        raise _fault(len(head) + 1, f"the columns must be {', '.join(COLUMNS)}")
    found: dict[tuple[str, str], Mapping] = {}
    for number, row in enumerate(rows, len(head) + 2):
        for fault in _faults(row, prefixes):
            raise _fault(number, fault)
        mapping = _mapping(row, prefixes)
        pair = mapping.subject, mapping.object or mapping.object_label
        if pair in found:
            raise _fault(number, f"{row['subject_id']} and {row['object_label']} are mapped twice")
        found[pair] = mapping
    return MappingSet(prefixes, list(found.values()))


def _prefixes(head: str) -> dict[str, str]:
    block: Any = yaml.safe_load(head)
    if not isinstance(block, dict) or not block.get("mapping_set_id") or not block.get("license"):
        raise _fault(1, "the block behind # must name mapping_set_id, license and curie_map")
    return {**{name: PREFIXES[name] for name in ("skos", "owl", "rdf", "rdfs")}, **block["curie_map"]}


def _faults(row: dict[str, str], prefixes: dict[str, str]) -> Iterator[str]:
    if None in row or None in row.values():
        yield "the row has too many or too few columns"
        return
    for column in ("subject_id", "predicate_id", "object_id", "mapping_justification"):
        prefix, colon, local = row[column].partition(":")
        if row[column] and (not colon or not local or prefix not in prefixes):
            yield f"{column} {row[column]!r} is no CURIE with a prefix of curie_map"
    if not prefixes.get(row["subject_id"].partition(":")[0], "").startswith(VOCABULARY):
        yield "the subject must be a term of ours"
    if row["predicate_id"] not in MATCHES:
        yield f"the predicate must be one of {', '.join(sorted(MATCHES))}"
    if row["mapping_justification"] != JUSTIFICATION:
        yield f"the justification must be {JUSTIFICATION}"
    if bool(row["object_id"]) == (row["object_type"] == LITERAL):
        yield f"an object is either an IRI or a {LITERAL!r}"
    if not row["object_label"].strip() or not row["comment"].strip():
        yield "object_label and comment must not be empty"


def _mapping(row: dict[str, str], prefixes: dict[str, str]) -> Mapping:
    def expand(curie: str) -> str:
        prefix, _, local = curie.partition(":")
        return prefixes[prefix] + local if curie else ""

    return Mapping(
        expand(row["subject_id"]),
        row["subject_label"],
        expand(row["predicate_id"]),
        expand(row["object_id"]),
        row["object_label"],
        row["object_id"].partition(":")[0] or "REMBI",
        row["comment"],
    )


def _fault(line: int, words: str) -> SourceMalformed:
    return SourceMalformed(
        words, source=FILE.name, pointer=f"{line}:1", code="mapping", fix="Correct the row."
    )
