"""`fsck`, `restore`, `gc`, `backup` and `verify` as a keeper calls them: what they print and how they end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rembigraph.app.cli import main
from rembigraph.catalogue.home import Home

from tests.durability import damaging
from tests.made_catalogue import DATA, dumped, made, publish, study


def run(home: Home | Path, *arguments: str) -> Result:
    path = home.path if isinstance(home, Home) else home
    result = CliRunner().invoke(main, ["--home", str(path), *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return made(tmp_path / "home", [study(f"EXAMPLE-{n:04d}", f"Made up {n}") for n in range(1, 4)])


def archived_file(home: Home, kind: str, accession: str = "EXAMPLE-0001") -> Path:
    (path,) = (home.archive.path / accession).rglob(f"*.{kind}.zst")
    return path


class TestFsck:
    def test_a_sound_catalogue(self, home):
        result = run(home, "fsck")
        assert result.exit_code == 0
        assert result.output.startswith(
            "The catalogue is sound (compared: 1 batches, 1 generations, 3 archived"
        )
        found = json.loads(run(home, "fsck", "--json").stdout)
        assert (found["sound"], found["damages"]) == (True, [])
        assert found["compared"]["archived records"] == 3
        assert found["compared"]["quads"] == sum(entry.quads for entry in home.state().active.values())

    def test_an_empty_one(self, tmp_path):
        home = Home.init(tmp_path / "empty", DATA)
        for arguments in (["fsck"], ["fsck", "--quick"], ["restore"], ["gc"]):
            assert run(home, *arguments).exit_code == 0, arguments
        assert run(home, "backup", str(tmp_path / "backup")).exit_code == 2

    def test_a_damaged_one_says_where_what_and_what_to_do(self, home):
        damaging.flipped(archived_file(home, "nq"))
        result = run(home, "fsck")
        assert result.exit_code == 7
        lines = result.output.splitlines()
        assert lines[0].startswith("The catalogue is damaged: 1 things")
        assert lines[1].startswith("  archive/EXAMPLE-0001/rembigraph/")
        assert "what to do: run `rembigraph restore`" in lines[2]
        assert run(home, "fsck", "--quick").exit_code == 0  # which does not look at the archive
        assert json.loads(run(home, "fsck", "--json").stdout)["damages"][0]["code"] == "archive"

    def test_content_that_differs_although_every_file_is_as_it_was_published(self, home, monkeypatch):
        """A generation that was built wrongly, as a fault of ours would: the content itself is compared."""
        from pyoxigraph import Literal, NamedNode, Quad
        from rembigraph.catalogue.generations import StoreChange

        strange = Quad(NamedNode("urn:s"), NamedNode("urn:p"), Literal("o"))
        verify = StoreChange.verify

        def spoil(change, store):
            verify(change, store)
            store.add(strange)
            graph = NamedNode(f"{DATA}graph/EXAMPLE-0002/rembigraph")
            store.remove(next(iter(store.quads_for_pattern(None, None, None, graph))))

        monkeypatch.setattr(StoreChange, "verify", spoil)
        publish(home, study("EXAMPLE-0009"))
        monkeypatch.undo()
        result = run(home, "fsck")
        assert result.exit_code == 7
        assert "1 quads of EXAMPLE-0002 (rembigraph) are missing" in result.output
        assert "of the default graph are in no graph that it is merged from" in result.output
        assert run(home, "restore").exit_code == 0
        assert run(home, "fsck").exit_code == 0


class TestRestore:
    def test_it_says_what_it_did(self, home):
        before = dumped(home)
        damaging.truncated(home.ledger.path)
        damaging.removed(archived_file(home, "nq"))
        result = run(home, "restore")
        assert result.exit_code == 0, result.output
        assert "the ledger is whole again: 1 batches; the damaged one is kept as" in result.stderr
        assert "is whole again" in result.stderr
        assert result.stdout == "Generation 2 serves 3 records.\n"
        assert dumped(home) == before
        assert json.loads(run(home, "restore", "--json").stdout)["generation"] == 3

    def test_what_stays_lost_is_told_with_exit_7(self, home):
        path = archived_file(home, "src")
        path.unlink()
        result = run(home, "restore")
        assert result.exit_code == 7
        assert path.name in result.output
        assert "load the document again (made-up)" in result.output

    @pytest.mark.parametrize("kind", ["no-folder", "a-file", "an-empty-folder"])
    def test_from_something_that_is_no_backup(self, home, tmp_path, kind):
        path = tmp_path / kind
        if kind == "a-file":
            path.write_text("x")
        elif kind == "an-empty-folder":
            path.mkdir()
        result = run(home, "restore", "--from", str(path))
        assert result.exit_code == 2
        assert "is no backup of a catalogue" in result.stderr
        assert home.state().generation == 1

    def test_while_another_process_writes(self, home):
        with home.lock():
            for arguments in (["restore"], ["gc"]):
                result = run(home, *arguments)
                assert result.exit_code == 7
                assert "another process" in result.stderr


class TestGc:
    def test_it_frees_what_nobody_uses_and_tells_what_is_in_use(self, home):
        with home.lease() as held:
            for number in range(4):
                publish(home, study("EXAMPLE-0001", f"Version {number}", modified=f"2026-01-0{number + 1}"))
            litter = home.unfinished(99)
            litter.mkdir()
            (litter / "file").write_bytes(bytes(100_000))
            result = run(home, "gc")
            assert result.exit_code == 0
            assert "generations kept: 1, 3, 4, 5" in result.stdout
            assert int(result.stdout.split(" bytes")[0].replace(",", "")) >= 100_000
            assert "generation 1 is in use" in result.stderr
            assert held.path.is_dir()
            assert not litter.exists()
        assert json.loads(run(home, "gc", "--json").stdout)["kept"] == [3, 4, 5]
        assert run(home, "fsck").exit_code == 0


class TestBackup:
    def test_it_is_a_catalogue_and_adds_what_is_new(self, home, tmp_path):
        backup = tmp_path / "backup"
        first = json.loads(run(home, "backup", str(backup), "--json").stdout)
        assert (first["generation"], first["records"], first["lost"]) == (1, 3, [])
        assert json.loads(run(home, "backup", str(backup), "--json").stdout)["copied"] == 0
        written = archived_file(Home.open(backup), "nq").stat().st_mtime_ns
        publish(home, study("EXAMPLE-0004"))
        second = json.loads(run(home, "backup", str(backup), "--json").stdout)
        assert second["copied"] > 2
        assert archived_file(Home.open(backup), "nq").stat().st_mtime_ns == written
        assert run(home, "verify", str(backup)).output.startswith("The backup is sound")
        assert dumped(Home.open(backup)) == dumped(home)
        assert Home.open(backup).numbers() == [2]
        assert run(backup, "status").exit_code == 0
        assert run(backup, "backup", str(tmp_path / "third")).exit_code == 0
        assert dumped(Home.open(tmp_path / "third")) == dumped(home)
        assert archived_file(Home.open(backup), "src").stat().st_mode & 0o777 == 0o600

    def test_damage_in_the_backup_is_found(self, home, tmp_path):
        run(home, "backup", str(tmp_path / "backup"))
        backup = Home.open(tmp_path / "backup")
        damaging.flipped(archived_file(backup, "src"))
        result = run(home, "verify", str(backup.path))
        assert result.exit_code == 7
        assert result.output.startswith("The backup is damaged")
        damaging.truncated(next(backup.current().store_path.glob("*.sst")))
        assert run(home, "backup", str(backup.path)).exit_code == 0  # which mends the generation

    def test_a_damaged_file_is_not_copied(self, home, tmp_path):
        damaging.flipped(archived_file(home, "src"))
        result = run(home, "backup", str(tmp_path / "backup"))
        assert result.exit_code == 7
        assert "it is damaged and can't be backed up" in result.output
        assert list((tmp_path / "backup" / "archive" / "EXAMPLE-0001").rglob("*.src.zst")) == []
        assert len(list((tmp_path / "backup" / "archive").glob("*/*/*.zst"))) == 5

    def test_a_damaged_file_does_not_replace_a_sound_one(self, home, tmp_path):
        run(home, "backup", str(tmp_path / "backup"))
        damaging.truncated(archived_file(home, "src"))
        assert run(home, "backup", str(tmp_path / "backup")).exit_code == 0
        assert run(home, "verify", str(tmp_path / "backup")).exit_code == 0
        assert run(home, "restore", "--from", str(tmp_path / "backup")).exit_code == 0
        assert run(home, "fsck").exit_code == 0

    def test_a_damaged_generation_is_not_backed_up(self, home, tmp_path):
        publish(home, study("EXAMPLE-0004"))
        damaging.flipped(max(home.current().store_path.glob("*.sst")))
        result = run(home, "backup", str(tmp_path / "backup"))
        assert result.exit_code == 7
        assert "run `rembigraph restore`" in result.stderr
        assert run(home, "restore").exit_code == 0
        assert run(home, "backup", str(tmp_path / "backup")).exit_code == 0
        assert run(home, "verify", str(tmp_path / "backup")).exit_code == 0

    def test_what_is_no_earlier_state_of_it_is_left_alone(self, home, tmp_path):
        other = made(tmp_path / "other", study("EXAMPLE-0007"))
        before = dumped(other)
        result = run(home, "backup", str(other.path))
        assert result.exit_code == 2
        assert "not an earlier state of this catalogue" in result.stderr
        assert dumped(other) == before
        (tmp_path / "foreign").mkdir()
        (tmp_path / "foreign" / "thesis.txt").write_text("x")
        assert run(home, "backup", str(tmp_path / "foreign")).exit_code == 2

    @pytest.mark.parametrize("where", [".", "inside", "..", "generations/x"])
    def test_it_does_not_go_into_the_catalogue_itself(self, home, where):
        result = run(home, "backup", str(home.path / where))
        assert result.exit_code == 2
        assert "can't lie in the catalogue itself" in result.stderr


def test_loading_on_a_damaged_generation_builds_a_whole_one_and_says_so(home, tmp_path):
    def others() -> list[bytes]:
        return [line for line in dumped(home).splitlines() if b"EXAMPLE-0001" not in line]

    before = others()
    damaging.truncated(next(home.current().store_path.glob("MANIFEST-*")))
    (tmp_path / "in.yaml").write_text(study("EXAMPLE-0001", "Made up 1"))
    result = run(home, "load", str(tmp_path / "in.yaml"))
    assert result.exit_code == 0, result.output
    assert "The new generation was built from the archive." in result.stderr
    assert "generations/000001/store/MANIFEST" in result.stderr
    assert others() == before
    assert len(home.state().active) == 3
    assert run(home, "fsck", "--quick").exit_code == 7  # the damaged one is still there, as the one before
    assert run(home, "restore").exit_code == 0
    assert run(home, "fsck").exit_code == 0
