"""Writes the reference page of the record model from the field table."""

from __future__ import annotations

from typing import Any

from rembigraph.ontology.identifiers import PREFIXES

INTRO = """# The record model

Generated from `ontology/rembi.yaml`; do not edit. A record in Rembigraph YAML is a `Study` with the fields below, by
the names in the first column. "required" and "recommended" are our reading of REMBI and give warnings, not refusals;
"identity" fields must be there.

"""


def reference_page(table: dict[str, Any]) -> str:
    """Return the reference page in Markdown: one section a class, one row a field, then the value lists."""
    parts = [INTRO]
    for name, entry in table["classes"].items():
        parts.append(_class_section(name, entry))
    parts.append("# Value lists\n\n")
    for name, entry in table["enums"].items():
        parts.append(_enum_section(name, entry))
    return "".join(parts).rstrip() + "\n"


def _class_section(name: str, entry: dict[str, Any]) -> str:
    source = f" ({entry['source']})" if entry["source"] else ""
    head = f"## {name}\n\n{entry['description']}{source}\n\n| field | holds | asked for | predicate | meaning |\n"
    rows = [_row(slot_name, slot) for slot_name, slot in entry["slots"].items()]
    return head + "| --- | --- | --- | --- | --- |\n" + "".join(rows) + "\n"


def _row(name: str, slot: dict[str, Any]) -> str:
    holds = f"{slot['kind']} {slot['of']}".strip() + ("*" if slot["many"] else "")
    source = f" ({slot['source']})" if slot["source"] else ""
    return f"| `{name}` | {holds} | {slot['level']} | `{_curie(slot['iri'])}` | {slot['description']}{source} |\n"


def _enum_section(name: str, entry: dict[str, Any]) -> str:
    rows = [
        f"| `{text}` | `{_curie(value['iri'])}` | {value['description']} |\n"
        for text, value in entry["values"].items()
    ]
    head = f"## {name}\n\n{entry['description']}\n\n| value | IRI | meaning |\n| --- | --- | --- |\n"
    return head + "".join(rows) + "\n"


def _curie(iri: str) -> str:
    for prefix, namespace in PREFIXES.items():
        if iri.startswith(namespace):
            return f"{prefix}:{iri.removeprefix(namespace)}"
    return iri
