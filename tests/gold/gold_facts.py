"""Gold facts: what a person who read the source says a record must hold, and how a record is compared with that.

`README.md` beside this file says how facts are written.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from rembigraph.ontology.fields import classes
from rembigraph.ontology.identifiers import expand_curie

_PATH = re.compile(r"(?P<steps>[a-z_.]+)(?:\[(?P<columns>[^\]]+)\]|~(?P<holds>\S+))?")
_DOI = ("https://doi.org/", "10.")  # a DOI is the same in any case


@dataclass(frozen=True)
class Node:
    """A value of a record's JSON dump, with the object that holds it."""

    value: Any
    parent: Node | None = None


@dataclass(frozen=True)
class SlotPath:
    """One alternative of a path: steps from slot to slot, then columns (a tuple for each object) or a filter."""

    steps: tuple[str, ...]
    columns: tuple[str, ...] = ()
    holds: str = ""


@dataclass(frozen=True)
class Fact:
    """The values that a record must have at a path; `complete` says that it must have no others."""

    path: str
    values: tuple[Any, ...]
    complete: bool = True


@dataclass(frozen=True)
class Gold:
    """The facts of one record and the files that it is read from (path below the real data -> SHA-256)."""

    name: str
    format: str
    accession: str
    files: dict[str, str]
    facts: tuple[Fact, ...]


@dataclass
class Score:
    """How many expected values were found, and how many found values were expected."""

    expected: int = 0
    found: int = 0
    given: int = 0
    right: int = 0
    differences: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        """Share of the record's values in complete slots that the gold has."""
        return self.right / self.given if self.given else 1.0

    @property
    def recall(self) -> float:
        """Share of the gold's values that the record has."""
        return self.found / self.expected if self.expected else 1.0

    def add(self, other: Score) -> None:
        """Count another score in."""
        self.expected += other.expected
        self.found += other.found
        self.given += other.given
        self.right += other.right
        self.differences += other.differences


# --- reading


def read_gold(folder: Path) -> list[Gold]:
    """Read every `*.yaml` of a folder."""
    return [_gold(file) for file in sorted(folder.glob("**/*.yaml"))]


def _gold(file: Path) -> Gold:
    plain = yaml.safe_load(file.read_text(encoding="utf-8"))
    complete = [Fact(path, tuple(values)) for path, values in (plain.get("facts") or {}).items()]
    among = [Fact(path, tuple(values), complete=False) for path, values in (plain.get("some") or {}).items()]
    return Gold(
        file.stem, plain["format"], plain.get("accession", ""), dict(plain["files"]), (*complete, *among)
    )


def changed_files(gold: Gold, realdata: Path) -> list[str]:
    """Return the files that are absent or are not the bytes that the facts were written for."""
    return [
        name
        for name, sha256 in gold.files.items()
        if not (realdata / name).is_file()
        or hashlib.sha256((realdata / name).read_bytes()).hexdigest() != sha256
    ]


def alternatives(path: str) -> list[SlotPath]:
    """Read a path; values of all alternatives count together."""
    return [_slot_path(part) for part in re.split(r"\|(?![^\[]*\])", path)]


def _slot_path(text: str) -> SlotPath:
    match = _PATH.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"not a slot path: {text!r}")
    columns = tuple(column.strip() for column in (match["columns"] or "").split(",") if column.strip())
    return SlotPath(tuple(match["steps"].split(".")), columns, match["holds"] or "")


def unknown_slots(path: str) -> list[str]:
    """Return the steps of a path that no class of the record model has where the path needs it."""
    unknown = []
    for one in alternatives(path):
        trail = ["Study", *_classes_along("Study", one.steps)]
        unknown += [step for step, of in zip(one.steps, trail[1:], strict=False) if of is None]
        for column in one.columns:
            start = trail[-2] if column.startswith("^") else trail[-1]
            steps = tuple(column.lstrip("^").split("."))
            unknown += [
                step for step, of in zip(steps, _classes_along(start, steps), strict=False) if of is None
            ]
    return unknown


def _classes_along(start: str | None, steps: tuple[str, ...]) -> list[str | None]:
    """For each step the class of its value; empty for a plain value, None for a slot that is not there."""
    trail: list[str | None] = []
    for step in steps:
        of = classes()[start].fields.get(step) if start in classes() else None
        known = of is not None or (step == "id" and bool(start))
        start = of.of if of is not None and of.of in classes() else ""
        trail.append(start if known else None)
    return trail


# --- looking into a record


def values_at(record: dict[str, Any], path: str) -> list[Any]:
    """Return the values, each once, that a record's JSON dump has at a path."""
    by_id = {value["id"]: value for value in _objects(record) if value.get("id")}
    found: list[Any] = []
    for one in alternatives(path):
        for node in _walk(Node(record), one.steps, by_id):
            value = _row(node, one.columns, by_id) if one.columns else node.value
            if one.holds and not _holds(value, one.holds):
                continue
            if not any(same(value, other) for other in found):
                found.append(value)
    return found


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from _objects(item)
    elif isinstance(value, list):
        for item in value:
            yield from _objects(item)


def _walk(node: Node, steps: tuple[str, ...], by_id: dict[str, Any]) -> Iterator[Node]:
    if not steps:
        yield node
        return
    if isinstance(node.value, str):  # a reference to another object of the record
        node = Node(by_id.get(node.value, {}), node.parent)
    value = node.value.get(steps[0]) if isinstance(node.value, dict) else None
    for item in value if isinstance(value, list) else [value]:
        if item is not None and item != "":
            yield from _walk(Node(item, node), steps[1:], by_id)


def _row(node: Node, columns: tuple[str, ...], by_id: dict[str, Any]) -> list[Any]:
    row: list[Any] = []
    for column in columns:
        start = node.parent if column.startswith("^") and node.parent else node
        inside = [found.value for found in _walk(start, tuple(column.lstrip("^").split(".")), by_id)]
        row.append(None if not inside else inside[0] if len(inside) == 1 else inside)
    return row


def _holds(value: Any, text: str) -> bool:
    return isinstance(value, str) and text in expand_curie(value)


# --- comparing


def same(expected: Any, given: Any) -> bool:
    """Whether two values are the same but for white space, spelling of an IRI or DOI, and order in a list."""
    if isinstance(expected, dict):
        words = str(given).split()
        return " ".join(words[:3]) == expected["begins"] and len(" ".join(words)) == expected["length"]
    if isinstance(expected, list) and isinstance(given, list):
        return len(expected) == len(given) and all(map(_same_column, expected, given))
    return _plain(expected) == _plain(given)


def _same_column(expected: Any, given: Any) -> bool:
    if isinstance(expected, list) and isinstance(given, list):
        return Counter(map(_plain, expected)) == Counter(map(_plain, given))
    return same(expected, given)


def _plain(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return repr(value)
    if isinstance(value, int | float):
        return format(value, ".15g")
    text = expand_curie(" ".join(str(value).split()))
    return text.lower() if text.startswith(_DOI) else text


def compare(gold: Gold, fact: Fact, record: dict[str, Any] | None) -> Score:
    """Compare what a record has at the path of a fact with what it must have; no record has nothing."""
    given = values_at(record, fact.path) if record is not None else []
    missing = [value for value in fact.values if not any(same(value, one) for one in given)]
    extra = [one for one in given if not any(same(value, one) for value in fact.values)]
    score = Score(len(fact.values), len(fact.values) - len(missing))
    if fact.complete:
        score.given, score.right = len(given), len(given) - len(extra)
    place = f"{gold.name}: {fact.path}"
    score.differences = [f"{place}: missing {value!r}" for value in missing]
    score.differences += [f"{place}: not expected {one!r}" for one in extra if fact.complete]
    return score
