"""Correlation: the graph of coordinate systems over all archives, and the best path through it; no store."""

from __future__ import annotations

from rembigraph.catalogue.correlation.graph import Step, StepError, SystemGraph
from rembigraph.catalogue.correlation.paths import Path, find_path, other_paths
from rembigraph.catalogue.correlation.routing import no_path_reason

__all__ = ["Path", "Step", "StepError", "SystemGraph", "find_path", "no_path_reason", "other_paths"]
