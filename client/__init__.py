"""Rembigraph: the knowledge-graph metadata catalogue of biological imaging.

`from rembigraph import Catalogue` opens a catalogue, in a folder or on a server. Nothing is imported before it is
asked for, so that the command line starts as fast as without this package.
"""

from __future__ import annotations

TYPE_CHECKING = False  # type checkers take it as true; `typing` itself is not imported

if TYPE_CHECKING:
    from rembigraph.client.catalogue import Catalogue
    from rembigraph.client.study import Author, Part, Study
    from rembigraph.client.table import Table

__all__ = ["Author", "Catalogue", "Part", "Study", "Table"]

_MODULES = {
    "Author": "rembigraph.client.study",
    "Catalogue": "rembigraph.client.catalogue",
    "Part": "rembigraph.client.study",
    "Study": "rembigraph.client.study",
    "Table": "rembigraph.client.table",
}


def __getattr__(name: str) -> object:
    """Import what is asked for, when it is asked for (PEP 562)."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found = getattr(import_module(_MODULES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
