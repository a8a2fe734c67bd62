"""The lexical level of SPARQL: which words, names, IRIs and strings a text consists of.

Every pattern uses possessive quantifiers, so reading a text takes time linear in its length. The
terminals are those of the SPARQL 1.1 grammar, with the language direction of SPARQL 1.2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple

_BASE: Final = (
    "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d\u2070-\u218f"
    "\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_CHARS: Final = rf"{_BASE}_\-0-9\u00b7\u0300-\u036f\u203f-\u2040"
_ESCAPE: Final = r"""\\[tbnrf\\"']|\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8}"""
_NAME_ESCAPE: Final = r"""%[0-9A-Fa-f]{2}|\\[_~.\-!$&'()*+,;=/?#@%]"""
_LOCAL: Final = (
    rf"(?:[{_BASE}_:0-9]|{_NAME_ESCAPE})(?:[{_CHARS}:]++|{_NAME_ESCAPE})*+"
    rf"(?:\.++(?:[{_CHARS}:]++|{_NAME_ESCAPE})++)*+"
)

IRI: Final = r"""<(?:[^\x00-\x20<>"{}|^`\\]++|\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8})*+>"""
VARIABLE: Final = rf"[?$][{_BASE}_0-9][{_BASE}_0-9\u00b7\u0300-\u036f\u203f-\u2040]*+"
# A prefix longer than 255 characters is not read: the bound keeps the search for its colon linear.
NAME: Final = rf"(?:[{_BASE}][{_CHARS}.]{{0,254}}+(?<!\.))?:(?:{_LOCAL})?"
SEPARATOR: Final = r"(?:[ \t\r\n]++|\#[^\r\n]*+)*+"

_PATTERNS: Final = {
    "iri": IRI,
    "string": rf'"""(?:"{{0,2}}+(?:[^"\\]++|{_ESCAPE}))*+"""'
    rf"|'''(?:'{{0,2}}+(?:[^'\\]++|{_ESCAPE}))*+'''"
    rf'|"(?:[^"\\\r\n]++|{_ESCAPE})*+"'
    rf"|'(?:[^'\\\r\n]++|{_ESCAPE})*+'",
    "variable": VARIABLE,
    "blank": rf"_:[{_BASE}_0-9][{_CHARS}]*+(?:\.++[{_CHARS}]++)*+",
    "name": NAME,
    "word": r"[A-Za-z][A-Za-z0-9_]*+",
    "number": r"(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+\-]?[0-9]++)?",
    "language": r"@[A-Za-z]++(?:-[A-Za-z0-9]++)*+(?:--[A-Za-z]++)?",
    # `<<` and `>>` of SPARQL 1.2 are read as two signs each: `?a<<urn:b>` is a comparison in SPARQL 1.1.
    "sign": r"\^\^|\|\||&&|!=|<=|>=|\{\||\|\}|[{}()\[\],;.*/+\-!=<>|^?~]",
    "end": r"\Z",
    "stray": r"(?s:.)",
}


@cache
def _token() -> re.Pattern[str]:
    """The pattern of a token; made for the first query, because its large character classes take long."""
    kinds = "|".join(f"(?P<{kind}>{pattern})" for kind, pattern in _PATTERNS.items())
    return re.compile(f"{SEPARATOR}(?:{kinds})")


class Token(NamedTuple):
    """One lexical token: its kind (a key of the pattern table), its text, and where it starts."""

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        """The offset after its last character."""
        return self.start + len(self.text)

    def is_word(self, *words: str) -> bool:
        """Whether it is one of these keywords (given in upper case)."""
        return self.kind == "word" and self.text.upper() in words


def read_tokens(text: str, start: int = 0) -> Iterator[Token]:
    """Yield the tokens from offset `start` on.

    The last one is of kind `end`, or `stray`: a character that can begin no token of SPARQL.
    """
    token = _token()
    while True:
        match = token.match(text, start)
        if match is None or match.lastgroup is None:  # cannot happen: `end` and `stray` cover every text
            return
        kind = match.lastgroup
        yield Token(kind, match[kind], match.start(kind))
        if kind in ("end", "stray"):
            return
        start = match.end()


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Return the line and the column of an offset, both counted from 1, columns in characters."""
    before = text[:offset].replace("\r\n", "\n ").replace("\r", "\n")
    # A "\r\n" was made two characters again, so that offsets stay true; the blank is not part of the line.
    line_start = before.rfind("\n") + 1
    if line_start and text[line_start - 1 : line_start + 1] == "\r\n":
        line_start += 1
    return before.count("\n") + 1, max(offset - line_start, 0) + 1
