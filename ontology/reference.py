"""Writes the reference page of the record model from the field table."""

from __future__ import annotations

from typing import Any

from rembigraph.ontology.identifiers import PREFIXES

INTRO = """# The record model

Generated from `ontology/rembi.yaml`; do not edit. A record in Rembigraph YAML is a `Study` with the fields below, by
the names in the first column. "required" and "recommended" are our reading of REMBI and give warnings, not refusals;
"identity" fields must be there. A star means that several values are allowed. Examples are made up or generic.

"""
COLUMNS = (
    "| field | holds | asked for | predicate | meaning | example |\n| --- | --- | --- | --- | --- | --- |\n"
)


TERMS = """# What the catalogue says of terms

No field of a record: the catalogue states these in its terms graph, about terms of other vocabularies.

| predicate | meaning | example |
| --- | --- | --- |
"""


def reference_page(table: dict[str, Any], free: dict[str, Any]) -> str:
    """Return the reference page in Markdown: one section a class, one row a field, then the value lists.

    Args:
        table: the field table.
        free: slots that no class has.
    """
    parts = [INTRO]
    for name, entry in table["classes"].items():
        parts.append(_class_section(name, entry))
    parts.append("# Value lists\n\n")
    for name, entry in table["enums"].items():
        parts.append(_enum_section(name, entry))
    parts.append(TERMS)
    parts += [
        f"| `{_curie(slot['iri'])}` | {slot['description']} | `{slot['example']}` |\n"
        for slot in free.values()
    ]
    return "".join(parts).rstrip() + "\n"


def _class_section(name: str, entry: dict[str, Any]) -> str:
    source = f" ({entry['source']})" if entry["source"] else ""
    head = f"## {name}\n\n{entry['description']}{source}\n\n"
    rows = [_row(slot_name, slot) for slot_name, slot in entry["slots"].items()]
    return head + COLUMNS + "".join(rows) + "\n"


def _row(name: str, slot: dict[str, Any]) -> str:
    holds = f"{slot['kind']} {slot['of']}".strip() + ("*" if slot["many"] else "")
    source = f" ({slot['source']})" if slot["source"] else ""
    unit = f" Unit: {slot['unit']} (UCUM)." if slot["unit"] else ""
    cells = (
        f"`{name}`",
        holds,
        slot["level"],
        f"`{_curie(slot['iri'])}`",
        f"{slot['description']}{unit}{source}",
        f"`{slot['example']}`",
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _enum_section(name: str, entry: dict[str, Any]) -> str:
    rows = []
    for text, value in entry["values"].items():
        number = f" Number {value['notation']}." if value["notation"] else ""
        rows.append(f"| `{text}` | `{_curie(value['iri'])}` | {value['description']}{number} |\n")
    head = f"## {name}\n\n{entry['description']}\n\n| value | IRI | meaning |\n| --- | --- | --- |\n"
    return head + "".join(rows) + "\n"


def _curie(iri: str) -> str:
    for prefix, namespace in PREFIXES.items():
        if iri.startswith(namespace):
            return f"{prefix}:{iri.removeprefix(namespace)}"
    return iri
