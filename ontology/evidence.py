"""How much a link is worth by the kind of its evidence: one table, from which the confidence of a link is filled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

EVIDENCE_WORTH: Final[Mapping[str, float]] = {
    "curated": 1.0,
    "image_correlation": 1.0,
    "same_specimen": 1.0,
    "reference_field": 0.95,
    "dataset_doi": 0.95,
    "links_section": 0.9,
    "file_attribute": 0.9,
    "prose": 0.8,
    "shared_publication": 0.7,
    "collection": 0.6,
    "same_authors": 0.4,
}
"""Kind of evidence -> confidence of a link that rests on it alone, the strongest first."""
