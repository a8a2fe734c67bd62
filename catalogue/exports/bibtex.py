"""BibTeX: a citation for LaTeX, of the type `@dataset`.

biblatex knows that type; the styles of classic BibTeX set types that they don't know as `@misc`. `number` is the
accession (biblatex manual 3.20, section 2.1.1). Titles, family names of several words and names that the source
does not split stand in a second pair of braces: no style changes their case or takes them apart. `doi` and `url` are
verbatim fields (section 2.2.1).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from rembigraph.catalogue.exports.citation import Name, cite
from rembigraph.catalogue.exports.kinds import Export

if TYPE_CHECKING:
    from rembigraph.catalogue.exports.described import Described

_TEX: Final = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\ensuremath{\lbrace}",  # BibTeX counts \{ as a brace, too
        "}": r"\ensuremath{\rbrace}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        **{sign: f"\\ensuremath{{{sign}}}" for sign in "<>|"},
        **{sign: f"\\{sign}" for sign in "$&#%_"},
    }
)
_LIGATURE: Final = re.compile(r"(?<=-)(?=-)|(?<=')(?=')|(?<=[`?!])(?=`)|(?<=,)(?=,)")
"""Between two signs that TeX would set as another one, such as a dash."""
_ONE_WORD: Final = re.compile(r"(?!and$)[^\W\d_][\w.'\u2019-]*", re.IGNORECASE)


def _make(study: Described) -> bytes:
    cited = cite(study)
    fields = {
        "author": " and ".join(map(_name, cited.names)),
        "title": _whole(cited.title),
        "year": cited.year,
        "publisher": _tex(cited.publisher),
        "number": _tex(cited.accession),
        "doi": cited.doi,
        "url": cited.url,
    }
    lines = [f"  {name} = {{{value}}}" for name, value in fields.items() if value]
    return (f"@dataset{{{cited.accession},\n" + ",\n".join(lines) + "\n}\n").encode()


def _name(name: Name) -> str:
    if name.literal:
        return _whole(name.literal)
    family = name.family if _is_plain(name.family) else _whole(name.family)
    given = name.given if all(map(_is_plain, name.given.split())) else _whole(name.given)
    return f"{family}, {given}"


def _is_plain(word: str) -> bool:
    """Whether a word means the same to BibTeX and to a reader: no particle, no `and`, no sign of TeX."""
    return bool(_ONE_WORD.fullmatch(word)) and not word[0].islower() and word == _tex(word)


def _whole(text: str) -> str:
    """Return a text in braces. An empty group keeps BibTeX from reading a leading command as one accented letter."""
    written = _tex(text)
    return f"{{{{}}{written}}}" if written.startswith("\\") else f"{{{written}}}"


def _tex(text: str) -> str:
    return _LIGATURE.sub("{}", text.translate(_TEX))


BIBTEX: Final = Export("bibtex", "BibTeX", "bib", "application/x-bibtex", "", _make)
