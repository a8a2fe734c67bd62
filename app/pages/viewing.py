"""The link that opens images of a correlation together in a viewer of images, each where it lies in one frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rembigraph.catalogue.correlation.exports import (
    Image,
    Placed,
    neuroglancer_address,
    viewer_address,
    write_neuroglancer,
)
from rembigraph.catalogue.correlation.paths import Ways
from rembigraph.ontology.errors import TransformRefused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rembigraph.catalogue.correlation.atlas import Atlas

VIEWER: Final = "https://neuroglancer-demo.appspot.com/"
"""Neuroglancer as its makers serve it. It reads the pixels from where they lie; nothing of them passes through here."""

MOST_LAYERS: Final = 16
"""Images that are opened together: the address holds the state of all."""


@dataclass(frozen=True)
class View:
    """Images in a viewer.

    Attributes:
        address: that opens them; empty where none can be.
        shown: titles of those that it opens.
        left_out: titles of the others, each with the reason.
    """

    address: str
    shown: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]


def together(atlas: Atlas, frame: str, images: Iterable[str], ways: Ways) -> View:
    """Return the view of images in a frame: of those whose pixels have an address, and that can be brought there."""
    placed: list[Placed] = []
    left_out: list[tuple[str, str]] = []
    for image in images:
        try:
            placed.append(_placed(atlas, frame, image, ways, len(placed)))
        except TransformRefused as refused:
            left_out.append((atlas.title(image), refused.message))
    address = viewer_address(write_neuroglancer(placed), VIEWER) if placed else ""
    return View(address, tuple(one.image.name for one in placed), tuple(left_out))


def _placed(atlas: Atlas, frame: str, image: str, ways: Ways, before: int) -> Placed:
    """Return an image with its way into the frame.

    Raises:
        TransformRefused: it can't be shown there, and why.
    """
    if before == MOST_LAYERS:
        raise TransformRefused("too-many", f"{MOST_LAYERS} images are opened together at most")
    record = atlas.image(image)
    shown = Image(atlas.title(image), record.address if record else "", record.pixels if record else {})
    neuroglancer_address(shown)  # refuses most, before a way is looked for
    found = Placed(shown, ways.find(atlas.system_for(image), frame))
    write_neuroglancer([found])
    return found
