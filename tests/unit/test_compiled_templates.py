"""Compiled templates are kept between processes, and what is wrong with their files is no fault of a page."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment
from rembigraph.app.pages.compiled import CompiledTemplates, compiled_templates


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def _rendered(text: str) -> str:
    environment = Environment(
        loader=DictLoader({"page": text}), bytecode_cache=compiled_templates(), autoescape=True
    )
    return environment.get_template("page").render(name="a grid")


def _kept(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_template_is_kept_where_only_its_user_may_write(folder: Path) -> None:
    assert _rendered("of {{ name }}") == "of a grid"
    (file,) = _kept(folder)
    assert file.parent.stat().st_mode & 0o777 == 0o700
    before = file.stat().st_mtime_ns
    assert _rendered("of {{ name }}") == "of a grid"
    assert file.stat().st_mtime_ns == before


def test_a_changed_template_is_not_the_old_one(folder: Path) -> None:
    assert [_rendered("of {{ name }}"), _rendered("on {{ name }}")] == ["of a grid", "on a grid"]


@pytest.mark.parametrize("left", [0, 5, 12, 40, 80, 200])
def test_a_torn_file_is_made_again(folder: Path, left: int) -> None:
    _rendered("of {{ name }}")
    (file,) = _kept(folder)
    whole = file.read_bytes()
    for torn in (whole[:left], whole[:left] + bytes(len(whole) - left)):
        file.write_bytes(torn)
        assert _rendered("of {{ name }}") == "of a grid"
        assert file.read_bytes() == whole


def test_without_room_a_template_is_compiled_each_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def is_full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", is_full)
    monkeypatch.setattr("jinja2.bccache.Bucket.write_bytecode", is_full)
    assert _rendered("of {{ name }}") == "of a grid"
    assert _kept(folder) == []


def test_without_a_safe_folder_nothing_is_kept(folder: Path) -> None:
    (folder / f"_jinja2-cache-{os.getuid()}").symlink_to(folder)
    assert not isinstance(compiled_templates(), CompiledTemplates)
    assert _rendered("of {{ name }}") == "of a grid"
