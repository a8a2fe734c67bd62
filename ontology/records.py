"""What a source document can be read as: a study, a set of links, or a curator's decision."""

from __future__ import annotations

from typing import TypeAlias

from rembigraph.ontology.generated.models import CurationDecision, LinkSet, Study

Record: TypeAlias = Study | LinkSet | CurationDecision
"""A completed record; it becomes one named graph."""


def accession_of(record: Record) -> str:
    """Return the accession under which a record is kept: a decision is kept under the study that it is about."""
    found = record.about_study if isinstance(record, CurationDecision) else record.accession
    return str(found)
