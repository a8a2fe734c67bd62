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


def test_every_message_of_the_operations_page_is_one_that_is_said() -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    table = page[page.index("| message | means |") :].split("\n\n")[0]
    quoted = re.findall(r"`([^`]+)`", " ".join(row.split(" | ")[0] for row in table.splitlines()[2:]))
    sources = [*ROOT.glob("catalogue/*.py"), *ROOT.glob("app/*.py")]
    said = " ".join(path.read_text(encoding="utf-8") for path in sources).replace("\\n", " ")
    assert len(quoted) > 10
    for message in quoted:
        # What stands for a number or a text in the table stands for a variable in the code.
        for words in re.split(r"\b[NM]\b|\.\.\.|\(PID\)", message):
            assert words.strip(" :,") in said, message


def test_every_command_is_in_the_readme() -> None:
    from rembigraph.app.cli import main

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = readme[readme.index("| command | does |") :].split("\n\n")[0]
    assert set(re.findall(r"`([a-z]+)`", table)) == set(main.commands)
