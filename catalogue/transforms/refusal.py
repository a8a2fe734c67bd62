"""The refusal of a transformation, a point or a landmark set, in words and with a stable code."""

from __future__ import annotations

from rembigraph.ontology.errors import TransformRefused

__all__ = ["TransformRefused"]
