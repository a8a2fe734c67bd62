"""RIS: a citation for EndNote, Mendeley and RefWorks.

Tags after the RIS format specification of Research Information Systems: `TY  - DATA`, one tag a line, `ER` last, lines
end with CR LF. A name that the source does not split stands as it is; RIS has no sign for that.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from rembigraph.catalogue.exports.citation import Citation, cite
from rembigraph.catalogue.exports.kinds import Export

if TYPE_CHECKING:
    from rembigraph.catalogue.exports.described import Described


def _make(study: Described) -> bytes:
    lines = [f"{tag}  - {value}\r\n" for tag, value in _tags(cite(study)) if value]
    return ("".join(lines) + "ER  - \r\n").encode()


def _tags(cited: Citation) -> Iterator[tuple[str, str]]:
    yield "TY", "DATA"
    yield "ID", cited.accession
    yield "TI", cited.title
    yield from (("AU", name.inverted) for name in cited.names)
    yield "PY", cited.year
    yield "DA", _date(cited.issued)
    yield "PB", cited.publisher
    yield "AN", cited.accession
    yield "DO", cited.doi
    yield "UR", cited.url


def _date(parts: tuple[int, ...]) -> str:
    """Return a date as RIS writes it: YYYY/MM/DD/other, unknown parts empty."""
    written = [f"{part:0{width}}" for part, width in zip(parts, (4, 2, 2), strict=False)]
    return "/".join([*written, "", "", ""][:4]) if parts else ""


RIS: Final = Export("ris", "RIS", "ris", "application/x-research-info-systems", "", _make)
