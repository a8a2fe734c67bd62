"""Two real processes that write at once, one that is killed while it holds the lock, and one that may not write."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from rembigraph.catalogue.fsck import examine
from rembigraph.catalogue.home import Home

from tests.durability.killing import Warm, unfinished
from tests.made_catalogue import dumped, made, study

NOBODY = 65534


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return made(tmp_path / "home", study("EXAMPLE-0001"))


def starting(home: Home, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "rembigraph.app", "--home", str(home.path), *arguments]
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@contextmanager
def writing(home: Home) -> Iterator[subprocess.Popen[str]]:
    """A load that waits for its standard input, and holds the lock."""
    process = starting(home, "load", "-")
    try:
        deadline = time.monotonic() + 30
        while (home.path / "lock").read_text().strip() != str(process.pid):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def document(folder: Path, number: int) -> str:
    path = folder / f"{number}.yaml"
    path.write_text(study(f"EXAMPLE-{number:04d}", f"Made up {number}"))
    return str(path)


def held(home: Home) -> list[str]:
    return home.state().accessions()


def test_at_once_they_write_one_after_the_other(home: Home, tmp_path: Path) -> None:
    processes = {number: starting(home, "load", document(tmp_path, number)) for number in (2, 3)}
    said = {
        number: (process.communicate(timeout=60), process.returncode) for number, process in processes.items()
    }
    acknowledged = [number for number, (_, code) in said.items() if code == 0]
    refused = {number: outputs[1] for number, (outputs, code) in said.items() if code == 7}
    assert acknowledged, said
    assert len(acknowledged) + len(refused) == 2, said
    for errors in refused.values():  # on a slow machine, the other one took longer than the second one waits
        assert "is writing to this catalogue" in errors
    assert held(home) == ["EXAMPLE-0001", *(f"EXAMPLE-{number:04d}" for number in acknowledged)]
    assert home.state().generation == 1 + len(acknowledged)
    assert examine(home).is_sound
    assert unfinished(home) == []


def test_the_second_gives_up_and_names_the_first(home: Home, tmp_path: Path) -> None:
    before = dumped(home)
    with writing(home) as first:
        second = starting(home, "load", document(tmp_path, 2))
        output, errors = second.communicate(timeout=60)
        assert (second.returncode, output) == (7, ""), errors
        said = re.search(r"another process \((\d+)\) is writing to this catalogue", errors)
        assert said, errors
        assert int(said[1]) == first.pid
        assert "what to do: wait until it has ended, then try again" in errors
        assert "Traceback" not in errors
        assert dumped(home) == before
        output, errors = first.communicate(study("EXAMPLE-0003"), timeout=60)
        assert first.returncode == 0, errors
    assert held(home) == ["EXAMPLE-0001", "EXAMPLE-0003"]
    assert starting(home, "load", document(tmp_path, 2)).communicate(timeout=60)
    assert held(home) == ["EXAMPLE-0001", "EXAMPLE-0002", "EXAMPLE-0003"]
    assert examine(home).is_sound


def test_the_next_goes_on_at_once_when_one_is_killed(home: Home, tmp_path: Path) -> None:
    with writing(home) as first:
        path = document(tmp_path, 2)
        waiting = starting(home, "load", path)
        time.sleep(0.5)
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        _, errors = waiting.communicate(timeout=60)
        assert waiting.returncode == 0, errors
        assert held(home) == ["EXAMPLE-0001", "EXAMPLE-0002"]
    assert unfinished(home) == []
    with writing(home) as first:
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
        home.path.joinpath("lock").stat()  # the file stays; the lock is gone with its holder
        with home.lock():
            pass


def test_a_user_who_may_not_write(
    home: Home, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if os.geteuid():
        pytest.skip("only root can run a command as another user")
    before, files = dumped(home), sorted(home.path.rglob("*"))
    folder = tmp_path
    while folder != Path("/tmp") and folder != folder.parent:  # they may read it
        folder.chmod(0o755)
        folder = folder.parent
    warm = Warm(tmp_path_factory.mktemp("warm"))
    for arguments in (
        ["load", document(tmp_path, 2)],
        ["withdraw", "EXAMPLE-0001", "--reason", "made up"],
        ["restore"],
        ["gc"],
    ):
        ended = warm.run("--home", home.path, *arguments, uid=NOBODY)
        assert ended.code == 2, ended
        assert "no permission to write in this catalogue" in ended.said
        assert "Traceback" not in ended.said
    warm.close()
    assert (dumped(home), sorted(home.path.rglob("*"))) == (before, files)
    assert examine(home).is_sound
