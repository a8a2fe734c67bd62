"""Showing what records say, on terminals and in notebooks. Records are foreign text: nothing of it may act."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from html import escape
from itertools import accumulate
from typing import Final

from rembigraph.ontology.identifiers import is_web_address

MAX_CELL: Final = 200
"""Most characters of a value that are shown."""

_MOST_WIDE: Final = 40
_LINE: Final = 110
_TURNING: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that turn the direction of the text around them."""


def inert(text: str, limit: int = MAX_CELL) -> str:
    """Return a text on one line, cut, without what could steer a terminal or turn the text around it."""
    cut = text[: limit * 4 + 100]
    kept = (" " if unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} else char for char in cut)
    line = " ".join("".join(char for char in kept if char not in _TURNING).split())
    return line if len(line) <= limit and len(cut) == len(text) else line[: limit - 1] + "…"


def text_of(value: object) -> str:
    """Return a value as people read it; nothing for None."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return "; ".join(map(text_of, value))
    return str(value)


def html_of(value: object) -> str:
    """Return a value as HTML: escaped, and web addresses as links."""
    text = text_of(value)
    shown = escape(inert(text))
    if isinstance(value, str) and len(text) <= 2000 and is_web_address(text):
        return f'<a href="{escape(text)}" rel="noreferrer noopener">{shown}</a>'
    return shown


def html_table(columns: Sequence[str], rows: Iterable[Sequence[object]], caption: str) -> str:
    """Return a table as HTML, without style, scripts or images."""
    head = "".join(f"<th>{escape(inert(name))}</th>" for name in columns)
    body = "".join(f"<tr>{''.join(f'<td>{html_of(value)}</td>' for value in row)}</tr>" for row in rows)
    return (
        f"<table><caption>{escape(caption)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def html_facts(heading: str, facts: Iterable[tuple[str, str]]) -> str:
    """Return named facts as HTML; the facts are HTML already, and empty ones are left out."""
    rows = "".join(f"<tr><th>{escape(name)}</th><td>{shown}</td></tr>" for name, shown in facts if shown)
    return f"<table><caption>{escape(inert(heading))}</caption><tbody>{rows}</tbody></table>"


def plain_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a table as lines of text with aligned columns; long values and columns that find no room are left out."""
    cells = [[inert(name, _MOST_WIDE) for name in columns]]
    cells += [[inert(text_of(value), _MOST_WIDE) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)] if columns else []
    ends = accumulate(width + 2 for width in widths)
    shown = max(1, sum(end <= _LINE + 2 for end in ends))
    more = f"  (+{len(columns) - shown} columns)" if shown < len(columns) else ""
    lines = ["  ".join(map(str.ljust, line, widths[:shown])).rstrip() for line in cells]
    return "\n".join([lines[0] + more, *lines[1:]])
