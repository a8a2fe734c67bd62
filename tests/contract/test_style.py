"""The measures that keep the code easy to read."""

from __future__ import annotations

import ast
import statistics
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("app", "catalogue", "client", "loaders", "ontology", "shapes")
VAGUE = {"utils", "helpers", "manager", "common", "misc"}


def _modules() -> list[Path]:
    return [
        path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py") if "generated" not in path.parts
    ]


def _function_lengths() -> Iterator[tuple[str, int]]:
    for path in _modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
                yield f"{path.relative_to(ROOT)}:{node.name}", node.end_lineno - node.lineno + 1


def test_functions_and_modules_are_short() -> None:
    lengths = dict(_function_lengths())
    assert {name: length for name, length in lengths.items() if length > 80} == {}
    assert statistics.median(lengths.values()) <= 10
    long = {str(path): len(path.read_text(encoding="utf-8").splitlines()) for path in _modules()}
    assert {name: length for name, length in long.items() if length > 500} == {}


def test_no_module_has_a_vague_name() -> None:
    assert not {path.stem for path in _modules()} & VAGUE


def test_no_machine_path_or_unfinished_work_is_committed() -> None:
    files = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split()
    word, machine = "TO" + "DO", "/wo" + "rk/"
    for name in files:
        path = ROOT / name
        if (
            path.is_symlink()
            or path.suffix not in {".py", ".md", ".toml", ".html", ".ttl", ".yaml"}
            or not path.exists()
        ):
            continue
        text = path.read_text(encoding="utf-8")
        assert word not in text, name
        assert machine not in text, name
