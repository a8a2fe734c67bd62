"""What an export is: a name, an address suffix, a media type, a profile, and how it is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rembigraph.catalogue.exports.described import Described


@dataclass(frozen=True)
class Export:
    """A description of studies that follows somebody else's standard.

    Attributes:
        name: short name, as `?_profile=` and the client take it.
        label: name for people.
        suffix: what the address of the form ends with, without the dot before it.
        media_type: its media type, without parameters.
        profile: IRI of the standard, or empty.
        make: returns the document in UTF-8; the same study always gives the same bytes.
        applies: says whether a study has what the standard needs.
        joint: what stands between the address of a study and the suffix.
    """

    name: str
    label: str
    suffix: str
    media_type: str
    profile: str
    make: Callable[[Described], bytes]
    applies: Callable[[Described], bool] = lambda _: True
    joint: str = "."

    @property
    def tail(self) -> str:
        """What the address of a study is followed by (`.bib`)."""
        return self.joint + self.suffix
