"""What the documentation lists is what there is."""

from __future__ import annotations

import re
from pathlib import Path

from rembigraph.loaders import LOADERS
from rembigraph.loaders.leaves import RULES

ROOT = Path(__file__).parents[2]


def _rows(page: str) -> dict[str, list[str]]:
    """Rows of all tables of a page whose first cell is a name in code: name -> further cells."""
    rows = re.findall(
        r"^\| `([^`]+)` \|(.+)\|$", (ROOT / "docs" / page).read_text(encoding="utf-8"), re.MULTILINE
    )
    return {name: [cell.strip() for cell in rest.split(" | ")] for name, rest in rows}


def test_every_format_and_every_rule_is_documented() -> None:
    rows = _rows("formats.md")
    formats = {loader.FORMAT: loader.SOURCE for loader in LOADERS}
    assert set(rows) == set(formats) | set(RULES)
    for name, source in formats.items():
        assert rows[name][-1] == f"`{source}`"
    for name, reason in RULES.items():
        assert rows[name] == [reason]
