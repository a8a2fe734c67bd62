"""Files of transformations, read by their format and checked by the arithmetic: the entry for HTTP and command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rembigraph.catalogue.correlation.documents import CheckedDocument, checked
from rembigraph.loaders.transforms import Stated, read_transforms
from rembigraph.ontology.errors import TransformRefused

__all__ = ["Stated", "TransformRefused", "read_transform_file"]


def read_transform_file(
    content: bytes,
    name: str = "",
    *,
    stated: Stated | None = None,
    beside: Mapping[str, bytes] | None = None,
    iri: Callable[[str], str] | None = None,
) -> CheckedDocument:
    """Read and check a file of transformations or landmarks.

    Args:
        content: the bytes of the file.
        name: its name, for messages.
        stated: axes, units and names that the file does not tell.
        beside: for OME-Zarr scenes, the `zarr.json` of sub-groups by path.
        iri: turns the file's own names of systems, and places of steps, into IRIs.

    Raises:
        TransformRefused: what is wrong, where, and how to mend it.
    """
    document = read_transforms(content, name, stated=stated or Stated(), beside=beside)
    try:
        return checked(document, iri) if iri else checked(document)
    except TransformRefused as refused:
        refused.where = "#".join(part for part in (name, refused.where) if part)
        raise
