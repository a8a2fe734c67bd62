"""The refusal of a transformation; it lies in `ontology`, because readers of foreign files raise it too."""

from __future__ import annotations

from rembigraph.ontology.errors import TransformRefused

__all__ = ["TransformRefused"]
