"""Which version brought which term: from the file of released terms that guards against removal."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final

from rembigraph.app.pages.vocabulary_terms import header, local_name, terms
from rembigraph.ontology.identifiers import VOCABULARY

RELEASED_FILE: Final = "released_terms.tsv"
UNRELEASED: Final = ""
"""The version of a term that no released version has yet."""


@dataclass(frozen=True)
class Change:
    """A term and since which version it is there; `status` says more when it is not simply in use."""

    name: str
    since: str
    status: str = ""


@dataclass(frozen=True)
class Version:
    """A version with the terms that came with it."""

    number: str
    changes: tuple[Change, ...]


def released_text() -> str:
    """Return the text of the file of released terms; empty where there is none."""
    file = resources.files("rembigraph.ontology").joinpath(RELEASED_FILE)
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def changes(text: str | None = None) -> dict[str, Change]:
    """Return every term with its version: those of the file, and those that the ontology has beyond it.

    Without a file, every term came with the current version.
    """
    lines = [line for line in (released_text() if text is None else text).splitlines() if line[:1] != "#"]
    rows = csv.DictReader(io.StringIO("\n".join(lines)), delimiter="\t")
    found = {change.name: change for change in map(_change, rows) if change.name}
    beyond = UNRELEASED if found else header().version
    return {**{name: Change(name, beyond) for name in terms()}, **found}


def versions(text: str | None = None) -> list[Version]:
    """Return the versions, the newest first; what is not released yet comes before all."""
    by_number: dict[str, list[Change]] = {}
    for change in changes(text).values():
        by_number.setdefault(change.since, []).append(change)
    order = sorted(by_number, key=_order, reverse=True)
    return [
        Version(number, tuple(sorted(by_number[number], key=lambda each: each.name.casefold())))
        for number in order
    ]


def as_json() -> dict[str, Any]:
    """Return the versions for programs."""
    return {
        "ontology": header().iri,
        "current": header().version,
        "versions": [
            {
                "version": version.number or None,
                "terms": [
                    {"iri": VOCABULARY + each.name, "status": each.status or "current"}
                    for each in version.changes
                ],
            }
            for version in versions()
        ],
    }


def _change(row: Mapping[str, str | None]) -> Change:
    term = (row.get("term") or "").strip()
    name = local_name(term) or term.removeprefix("rembi:")
    status = (row.get("status") or "").strip()
    since = (row.get("since") or "").strip() or header().version
    return Change(name, since, "" if status in {"", "current", "released", "stable"} else status)


def _order(number: str) -> tuple[bool, list[int], str]:
    parts = [int(part) if part.isdigit() else 0 for part in number.split(".")]
    return number == UNRELEASED, parts, number
