"""Every case of damage is found, and mended to the same bytes, or refused with what to do."""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from itertools import product, zip_longest
from pathlib import Path
from typing import Any

import pytest
from pyoxigraph import DefaultGraph
from rembigraph.catalogue.backup import back_up
from rembigraph.catalogue.fsck import examine
from rembigraph.catalogue.home import Home
from rembigraph.catalogue.ingest import Ingest
from rembigraph.catalogue.restore import restore
from rembigraph.catalogue.soundness import newest_sound
from rembigraph.ontology.errors import CatalogueError, StoreDamaged, UsageError

from tests.durability import damaging
from tests.made_catalogue import correction, dumped, made, study

STUDIES = [
    study(f"EXAMPLE-{number:04d}", f"Made up {number}", keyword=[f"word {number}"]) for number in range(1, 9)
]


def some(cases: Iterable[Any], every: int) -> list[Any]:
    """Every so many of the cases, spread; all of them in the nightly run."""
    return list(cases)[:: 1 if os.environ.get("NIGHTLY_RUN") else every]


@dataclass(frozen=True)
class Whole:
    """A sound catalogue, with a backup of it, and what it says."""

    path: Path
    backup: Path
    dump: bytes
    quads: frozenset[str]


def stored(home: Home) -> frozenset[str]:
    """Every quad of the store that is served, the default graph included."""
    with newest_sound(home) as served:
        assert served.generation
        store = served.generation.open_store()
        named = (str(quad) for quad in store)
        default = (
            f"default {quad.triple}" for quad in store.quads_for_pattern(None, None, None, DefaultGraph())
        )
        return frozenset((*named, *default))


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Whole:
    folder = tmp_path_factory.mktemp("whole")
    home = made(
        folder / "home",
        STUDIES[:4],
        [study("EXAMPLE-0002", "Made up 2, better", modified="2026-01-02"), *STUDIES[4:]],
        correction("EXAMPLE-0003", "title", "Made up 3", "Made up three"),
    )
    with Ingest(home) as ingest:
        ingest.withdraw("EXAMPLE-0008", "made up", "EXAMPLE-0007")
    back_up(home, folder / "backup")
    assert examine(home).is_sound
    return Whole(home.path, folder / "backup", dumped(home), stored(home))


@pytest.fixture
def home(whole: Whole, tmp_path: Path) -> Home:
    """A copy to damage. Files that generations share stay shared."""
    shutil.copytree(whole.path, tmp_path / "home", symlinks=True)
    numbers = sorted((tmp_path / "home" / "generations").iterdir())
    seen: dict[tuple[int, int], Path] = {}
    for folder in numbers:
        for path in sorted(folder.rglob("*")):
            original = (whole.path / path.relative_to(tmp_path / "home")).stat()
            if path.is_file() and original.st_nlink > 1:
                first = seen.setdefault((original.st_dev, original.st_ino), path)
                if first != path:
                    path.unlink()
                    os.link(first, path)
    return Home.open(tmp_path / "home")


def assert_as_before(home: Home, whole: Whole, said: object = None) -> None:
    """Compare what the catalogue holds; a difference is told in few words, not by both sides in full."""
    dump, quads = dumped(home), stored(home)
    lines, before = dump.splitlines(), whole.dump.splitlines()
    assert next((pair for pair in zip_longest(lines, before) if pair[0] != pair[1]), None) is None, said
    assert (sorted(whole.quads - quads)[:3], sorted(quads - whole.quads)[:3]) == ([], []), said


def assert_mended(home: Home, whole: Whole, backup: Home | None = None) -> None:
    """Restore, and compare everything with what was there before the damage."""
    done = restore(home, backup)
    graphs = {line.rsplit(b" ", 2)[1] for line in whole.dump.splitlines()}
    assert done.records == sum(b"/graph/EXAMPLE" in graph for graph in graphs)
    assert_as_before(home, whole)
    found = examine(home)
    assert found.damages == [] or found.damages == list(done.lost)
    with Ingest(home) as ingest:  # and loading goes on
        assert not ingest.publish([]).published


def assert_found(home: Home, code: str = "") -> None:
    codes = {damage.code for damage in examine(home).damages}
    assert codes
    assert not code or code in codes


COUNT_EACH_DAMAGED = """
import sys
from pathlib import Path
from rembigraph.catalogue.generations import Generation, verify_counts

generation, refused = Generation(4, Path(sys.argv[1])), 0
store = generation.open_store()
graphs = {}
for graph in store.named_graphs():
    graphs[graph.value] = sum(1 for _ in store.quads_for_pattern(None, None, None, graph))
del store
for table in sorted(generation.store_path.glob("*.sst")):
    kept = table.read_bytes()
    for place in (0.1, 0.5):
        content = bytearray(kept)
        content[int(len(kept) * place)] ^= 4
        table.write_bytes(content)
        try:
            verify_counts(generation.open_store(), graphs)
        except Exception:
            refused += 1
    table.write_bytes(kept)
print(refused)
"""


class TestGeneration:
    """Damage to what readers read."""

    FILES = ("*.log", "MANIFEST-*", "*.sst", "CURRENT", "OPTIONS-*", "IDENTITY", "index.sqlite", "meta.json")
    QUICK = ("*.log", "MANIFEST-*", "CURRENT", "meta.json")

    @pytest.mark.parametrize(("pattern", "how"), some(product(FILES, damaging.EVERY), 5))
    def test_a_damaged_file(self, home, whole, pattern, how):
        folder = home.current().path
        of_any_size = how in {"removed", "extended"}
        files = [path for path in sorted(folder.rglob(pattern)) if path.stat().st_size or of_any_size]
        assert files
        damaging.EVERY[how](files[-1])
        assert_found(home)
        if pattern in self.QUICK or how not in {"flipped", "zeroed"}:
            # Seen at every opening: an older generation is served, and what is served is whole.
            with newest_sound(home) as served:
                assert served.generation.number < 4
                assert served.damages
        assert_mended(home, whole)

    def test_quads_of_a_damaged_table_are_counted_to_an_end(self, home):
        """RocksDB tells the same error for ever, and an aggregate query takes it up until memory is full."""
        done = subprocess.run(
            [sys.executable, "-c", COUNT_EACH_DAMAGED, str(home.current().path)],
            capture_output=True,
            text=True,
            timeout=120,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30)),
            check=False,
        )
        assert not done.returncode, done.stderr
        assert int(done.stdout) > 3

    def test_a_table_that_all_generations_share(self, home, whole):
        shared = next(path for path in home.current().store_path.glob("*.sst") if path.stat().st_nlink == 3)
        with shared.open("r+b") as file:
            file.truncate(100)
        assert_found(home, "file-size")
        with pytest.raises(StoreDamaged, match="no generation is sound") as caught, newest_sound(home):
            pass
        assert "rembigraph restore" in caught.value.fix
        assert_mended(home, whole)

    def test_a_log_that_does_not_belong_there(self, home, whole):
        (home.current().store_path / "999999.log").write_bytes(b"anything")
        assert_found(home, "file-extra")
        assert_mended(home, whole)

    @pytest.mark.parametrize("part", ["store", "search", ""])
    def test_a_missing_folder(self, home, whole, part):
        shutil.rmtree(home.current().path / part)
        assert_found(home)
        assert_mended(home, whole)

    def test_no_generation_at_all(self, home, whole):
        shutil.rmtree(home.generations)
        home.generations.mkdir()
        assert_found(home, "generation-missing")
        assert_mended(home, whole)

    def test_the_files_of_another_catalogue(self, home, whole, tmp_path):
        other = made(tmp_path / "other", *STUDIES[:4])
        shutil.rmtree(home.current().path)
        shutil.copytree(other.current().path, home.generation(4).path)
        assert_found(home, "meta")
        assert_mended(home, whole)

    def test_loading_builds_on_nothing_that_is_damaged(self, home, whole):
        damaging.truncated(next(home.current().store_path.glob("MANIFEST-*")))
        with Ingest(home) as ingest:
            assert ingest.publish([]).published
        assert_as_before(home, whole)


class TestCurrent:
    """Damage to the link `current`."""

    @pytest.mark.parametrize("to", ["generations/000099", "nowhere", "generations", "/etc/passwd"])
    def test_a_broken_link(self, home, whole, to):
        (home.path / "current").unlink()
        (home.path / "current").symlink_to(to)
        self.check(home, whole)

    def test_missing(self, home, whole):
        (home.path / "current").unlink()
        self.check(home, whole)

    def test_a_file(self, home, whole):
        (home.path / "current").unlink()
        (home.path / "current").write_text("generations/000004")
        self.check(home, whole)

    def test_a_folder_as_a_tool_leaves_it_that_follows_links(self, home, whole):
        (home.path / "current").unlink()
        shutil.copytree(home.generation(4).path, home.path / "current")
        self.check(home, whole)

    def check(self, home, whole):
        assert_found(home)
        assert not stored(home) ^ whole.quads  # served meanwhile, although the link is broken
        assert_mended(home, whole)


class TestArchive:
    """Damage to the truth."""

    @pytest.mark.parametrize("how", some(damaging.EVERY, 3))
    def test_quads_come_back_from_the_store(self, home, whole, how):
        damaging.EVERY[how](self.file(home, "nq"))
        assert_found(home, "archive")
        assert_mended(home, whole)

    @pytest.mark.parametrize("how", some(damaging.EVERY, 3))
    def test_source_bytes_come_back_from_the_backup_only(self, home, whole, how):
        path = self.file(home, "src")
        damaging.EVERY[how](path)
        assert_found(home, "archive")
        (lost,) = restore(home).lost
        assert path.name in lost.where
        assert "--from BACKUP" in lost.fix
        assert dumped(home) == whole.dump
        assert_mended(home, whole, Home.open(whole.backup))
        assert examine(home).is_sound

    def test_quads_that_are_lost_everywhere(self, home, whole):
        self.file(home, "nq").unlink()
        shutil.rmtree(home.generations)
        home.generations.mkdir()
        before = home.ledger.path.read_bytes()
        with pytest.raises(StoreDamaged, match="nothing was built") as caught:
            restore(home)
        assert "EXAMPLE-0001" in str(caught.value)
        assert "load the document again (made-up)" in caught.value.fix
        assert home.ledger.path.read_bytes() == before
        assert_mended(home, whole, Home.open(whole.backup))

    def test_source_documents_that_others_may_read(self, home):
        self.file(home, "src").chmod(0o644)
        assert "private" in str(examine(home).damages)

    def test_files_that_no_batch_names_are_told_of_and_left_alone(self, home, whole):
        stray = self.file(home, "nq").with_name("0" * 64 + ".nq.zst")
        stray.write_bytes(b"left")
        found = examine(home)
        assert found.is_sound
        assert "1 archived files (4 bytes)" in found.remarks[0]
        assert_mended(home, whole)
        assert stray.exists()

    @staticmethod
    def file(home: Home, kind: str) -> Path:
        (path,) = (home.archive.path / "EXAMPLE-0001").rglob(f"*.{kind}.zst")
        return path


class TestLedger:
    """Damage to the ledger."""

    DAMAGES = {  # noqa: RUF012
        "cut in the last line": lambda lines: [*lines[:-1], lines[-1][:-20]],
        "without the last line": lambda lines: lines[:-1],
        "without the last batch": lambda lines: lines[:-3],
        "without the first line": lambda lines: lines[1:],
        "without a line": lambda lines: lines[:6] + lines[7:],
        "a line twice": lambda lines: lines[:6] + lines[5:],
        "the last line twice": lambda lines: [*lines, lines[-1]],
        "a batch twice": lambda lines: lines[:5] + lines,
        "two lines swapped": lambda lines: [*lines[:6], lines[7], lines[6], *lines[8:]],
        "empty": lambda lines: [],
        "another text": lambda lines: [b"nothing\n"],
        "a block of zeros": lambda lines: [bytes(1000), *lines[3:]],
        "a strange line in the middle": lambda lines: [*lines[:7], b'{"kind":"publish"}\n', *lines[7:]],
        "deeply nested": lambda lines: [*lines[:7], b"[" * 100_000 + b"\n", *lines[7:]],
    }

    @pytest.mark.parametrize("damage", some(DAMAGES, 3))
    def test_it_is_put_together_again(self, home, whole, damage):
        lines = home.ledger.path.read_bytes().splitlines(keepends=True)
        home.ledger.path.write_bytes(b"".join(self.DAMAGES[damage](lines)))
        assert_found(home, "ledger")
        assert not stored(home) ^ whole.quads
        with pytest.raises(StoreDamaged) as caught, Ingest(home):
            pass
        assert "rembigraph restore" in caught.value.fix
        assert_mended(home, whole)
        assert home.ledger.path.read_bytes().splitlines(keepends=True)[:-1] == lines
        assert list(home.path.glob("ledger.jsonl.damaged-1"))

    def test_missing(self, home, whole):
        home.ledger.path.unlink()
        assert_found(home, "ledger")
        assert_mended(home, whole)

    @pytest.mark.parametrize("seed", some(range(20), 10))
    def test_any_bit(self, home, whole, seed):
        damaging.flipped(home.ledger.path, random.Random(seed).random())
        assert_found(home, "ledger")
        assert_mended(home, whole)

    def test_what_a_killed_writer_left_is_no_damage(self, home, whole):
        with home.ledger.path.open("ab") as file:
            file.write(b'{"kind":"record","generation":5,"ti')
        found = examine(home)
        assert found.is_sound
        assert "never committed" in found.remarks[0]
        assert_mended(home, whole)

    @pytest.mark.parametrize("how", some(damaging.EVERY, 3))
    def test_a_second_copy(self, home, whole, how):
        damaging.EVERY[how](home.ledger.copies.file(2))
        assert_found(home, "ledger-copy")
        assert_mended(home, whole)

    def test_both_copies_of_a_batch(self, home, whole):
        lines = home.ledger.path.read_bytes().splitlines(keepends=True)
        home.ledger.path.write_bytes(b"".join(lines[:6] + lines[7:]))
        home.ledger.copies.file(2).unlink()
        with pytest.raises(StoreDamaged, match="generation 2 is lost") as caught:
            restore(home)
        assert "--from BACKUP" in caught.value.fix
        assert b"".join(lines[:6] + lines[7:]) == home.ledger.path.read_bytes()
        assert_mended(home, whole, Home.open(whole.backup))

    def test_a_backup_of_another_catalogue_is_not_mixed_in(self, home, tmp_path):
        other = made(tmp_path / "other", STUDIES[0])
        damaging.truncated(home.ledger.path)
        home.ledger.copies.file(1).unlink()
        with pytest.raises(StoreDamaged, match="two different batches of generation 1"):
            restore(home, other)
        strange = Home.init(tmp_path / "strange", "https://example.org/id/")
        with pytest.raises(UsageError, match="another catalogue"):
            restore(home, strange)


class TestClock:
    def test_one_that_was_ahead_and_one_that_is_behind(self, home, monkeypatch):
        from datetime import UTC, datetime

        class Ahead(datetime):
            @classmethod
            def now(cls, tz=None):
                return datetime(2099, 1, 1, tzinfo=UTC)

        def load(document: str) -> None:
            from tests.made_catalogue import publish

            publish(home, document)

        with monkeypatch.context() as patch:
            patch.setattr("rembigraph.catalogue.publish.datetime", Ahead)
            load(study("EXAMPLE-0021"))
        found = examine(home)
        assert found.is_sound
        assert any("2099-01-01" in remark and "future" in remark for remark in found.remarks)
        load(study("EXAMPLE-0022"))
        times = [batch.commit["time"] for batch in home.ledger.batches()]
        assert times == sorted(times)
        assert examine(home).is_sound


class TestConfiguration:
    @pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\x00" * 40, b'{"format": 1}'])
    def test_it_is_refused_with_what_to_do(self, home, content):
        (home.path / "rembigraph.json").write_bytes(content)
        with pytest.raises(CatalogueError) as caught:
            Home.open(home.path)
        assert "data_base" in caught.value.fix


@pytest.mark.parametrize("seed", some(range(200), 25))
def test_any_damage_to_any_file_is_found(home, whole, seed):
    """One to three files at once; what can't be mended from here is mended with the backup."""
    dice = random.Random(seed)
    done = [damaging.at_random(home.path, dice) for _ in range(dice.choice((1, 1, 2, 3)))]
    found = examine(home)
    # Bytes after the last line of the ledger are no damage: a writer that was killed leaves such.
    assert not found.is_sound or found.remarks, done
    json.dumps(found.as_json())
    with suppress(StoreDamaged):
        assert all("--from BACKUP" in damage.fix for damage in restore(home).lost), done
    assert restore(home, Home.open(whole.backup)).lost == (), done
    assert_as_before(home, whole, done)
    assert examine(home).damages == [], done
