"""Citations read back with parsers of others: pybtex, bibtexparser, rispy, citeproc-py."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass

import bibtexparser
import rispy
from bibtexparser.middlewares import LatexDecodingMiddleware, NameParts, SeparateCoAuthors, SplitNameParts
from pybtex.database import parse_string
from pylatexenc.latex2text import LatexNodes2Text
from rembigraph.catalogue.exports.bibtex import BIBTEX
from rembigraph.catalogue.exports.csl import CSL
from rembigraph.catalogue.exports.described import Described
from rembigraph.catalogue.exports.ris import RIS

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from citeproc.source.json import CiteProcJSON

FORMS = (CSL, BIBTEX, RIS)


@dataclass(frozen=True)
class Said:
    """What a citation says, as a parser reads it; what it does not say is empty."""

    accession: str
    title: str
    names: tuple[str, ...]
    year: str
    publisher: str
    doi: str
    url: str


def from_csl(study: Described) -> Said:
    (item,) = json.loads(CSL.make(study))
    assert item["type"] == "dataset"
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # citeproc warns of every key that CSL does not know
        assert list(CiteProcJSON([item])) == [item["id"].lower()]
    names = (name.get("literal") or f"{name['family']}, {name['given']}" for name in item.get("author", ()))
    year = item["issued"]["date-parts"][0][0] if "issued" in item else ""
    assert item["id"] == item["number"]
    return Said(
        item["id"], item["title"], tuple(names), f"{year:04}" if year else "", item.get("publisher", ""),
        item.get("DOI", ""), item["URL"],
    )  # fmt: skip


def from_ris(study: Described) -> Said:
    (entry,) = rispy.loads(RIS.make(study).decode())
    assert entry["type_of_reference"] == "DATA"
    assert entry["id"] == entry["accession_number"]
    return Said(
        entry["id"], entry["title"], tuple(entry.get("authors", ())), entry.get("year", ""),
        entry.get("publisher", ""), entry.get("doi", ""), entry["urls"][0],
    )  # fmt: skip


def from_bibtex(study: Described) -> Said:
    """Read with bibtexparser and decode TeX; pybtex must find the same fields and as many names."""
    text = BIBTEX.make(study).decode()
    raw, decoded = (
        bibtexparser.parse_string(text, append_middleware=each)
        for each in ([], [SeparateCoAuthors(), SplitNameParts(), LatexDecodingMiddleware()])
    )
    assert not raw.failed_blocks + decoded.failed_blocks
    (entry,), (plain,) = decoded.entries, raw.entries
    (other,) = parse_string(text, "bibtex").entries.values()
    assert entry.entry_type == other.type == "dataset"
    fields = {field.key: field.value for field in plain.fields}
    assert {**other.fields} == {key: value for key, value in fields.items() if key != "author"}
    names = tuple(map(_name, entry["author"])) if "author" in fields else ()
    assert len(other.persons.get("author", ())) == len(names)
    return Said(
        entry["number"], carets(entry["title"]), names, fields.get("year", ""), fields.get("publisher", ""),
        fields.get("doi", ""), fields["url"],
    )  # fmt: skip


def _name(parts: NameParts) -> str:
    assert not parts.von
    assert not parts.jr
    texts = [" ".join(words) for words in (parts.last, parts.first) if words]
    return ", ".join(carets(LatexNodes2Text().latex_to_text(text)) for text in texts)


def carets(text: str) -> str:
    """A text with plain carets: pylatexenc decodes a caret as the modifier letter that looks like one."""
    return text.replace("\u02c6", "^")


def said_of(study: Described) -> tuple[Said, Said, Said]:
    """What the three forms say of a study."""
    return from_csl(study), from_ris(study), from_bibtex(study)
