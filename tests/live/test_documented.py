"""docs/live.md says what there is."""

from __future__ import annotations

import re
from pathlib import Path

from rembigraph.app.settings import Settings
from rembigraph.loaders.fetch import Why

PAGE = (Path(__file__).parents[2] / "docs" / "live.md").read_text(encoding="utf-8")


def test_every_setting_is_documented_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| `?([^`|]+?)`? \|", PAGE, re.MULTILINE))
    fields = {name: field for name, field in Settings.model_fields.items() if name.startswith("live_")}
    fields |= {name: Settings.model_fields[name] for name in ("biostudies_url", "empiar_url")}
    assert set(rows) == set(fields)
    for name, field in fields.items():
        assert type(field.default)(rows[name]) == field.default, name


def test_every_reason_is_documented() -> None:
    for why in Why:
        assert re.search(rf"^\| {why.value} \|", PAGE, re.MULTILINE), why
