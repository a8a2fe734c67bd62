"""The named queries of `queries/*.rq`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

STAND_IN = "https://catalogue.example.org/sparql"
"""In a query that another endpoint is to ask: stands for the address of this catalogue's own."""

_HEADER = re.compile(r"^# (title|description|asked by): (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class NamedQuery:
    """A query that answers a question.

    Attributes:
        name: file name without suffix.
        title: the question.
        description: what the answer holds.
        asked_by: who asks it.
        text: the whole file.
    """

    name: str
    title: str
    description: str
    asked_by: str
    text: str


@cache
def named_queries() -> dict[str, NamedQuery]:
    """Return all named queries by name, in the order of their titles."""
    files = [file for file in resources.files("rembigraph.queries").iterdir() if file.name.endswith(".rq")]
    found = [_read(file.name.removesuffix(".rq"), file.read_text(encoding="utf-8")) for file in files]
    return {query.name: query for query in sorted(found, key=lambda query: query.title)}


def _read(name: str, text: str) -> NamedQuery:
    header = dict(_HEADER.findall(text))
    return NamedQuery(name, header["title"], header["description"], header["asked by"], text)
