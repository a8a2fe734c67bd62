"""The ruler that shows at which scales the parts of a study lie: bars on a logarithmic axis, as numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from rembigraph.app.pages.text import length

_SMALLEST, _LARGEST = -10, -1
"""Powers of ten in metres at the ends of the ruler: 1 ångström to 10 cm."""

WIDTH: Final = 600.0
_MINIMUM: Final = 6.0


@dataclass(frozen=True)
class Scale:
    """One bar of the ruler.

    Attributes:
        accession: the study.
        archive: key of its archive.
        left: where the bar begins, from 0 to `WIDTH`.
        width: how long it is.
        words: what it says, for people who do not see it.
    """

    accession: str
    archive: str
    left: float
    width: float
    words: str


def scale_bars(known: list[tuple[str, str, float | None, float | None]]) -> list[Scale]:
    """Return the bars for (accession, archive, smallest voxel, largest extent in metres or None)."""
    return [_bar(*each) for each in known]


def ticks() -> list[tuple[float, str]]:
    """Return the marks of the ruler: place and length in words."""
    return [(place(10.0**power), length(10.0**power)) for power in range(-9, _LARGEST, 3)]


def place(metres: float) -> float:
    """Return where a length lies on the ruler."""
    power = min(max(math.log10(metres), _SMALLEST), _LARGEST)
    return round(WIDTH * (power - _SMALLEST) / (_LARGEST - _SMALLEST), 1)


def _bar(accession: str, archive: str, voxel: float | None, extent: float | None) -> Scale:
    ends = [place(metres) for metres in (voxel, extent) if metres]
    left, right = min(ends), max(ends)
    known = (f"from {length(voxel)}" if voxel else "", f"to {length(extent)}" if extent else "")
    return Scale(accession, archive, left, max(right - left, _MINIMUM), " ".join(filter(None, known)))
