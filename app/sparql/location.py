"""Which store the service answers from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class StoreLocation:
    """A published store; workers are replaced when it changes.

    Attributes:
        path: an Oxigraph directory that nobody writes to.
        generation: what tells this content from others, for reports and for knowing when it changed.
        union_default_graph: whether the default graph is the union of all graphs, for queries that name no
            dataset. The engine then gives a triple once for each graph that holds it.
        lease: a file that a worker locks (shared) as long as it has the store open, so that nobody removes it.
    """

    path: Path
    generation: str
    union_default_graph: bool = False
    lease: Path | None = None
