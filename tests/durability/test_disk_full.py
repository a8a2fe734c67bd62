"""A full disk: what is served goes on being served, a load says so and changes nothing, and later it works.

The catalogue lies on a small file system of its own. A load is given less and less short of the space that it needs,
so that the space runs out in staging, archive, store, index and ledger; a real server serves from it all the while.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from rembigraph.catalogue.home import Home

from tests.durability.killing import Ended, Kill, Warm, stage_reached, unfinished
from tests.durability.test_following import page, serving, status, until, version
from tests.made_catalogue import dumped, made, study

pytestmark = pytest.mark.server
SIZE = 80 << 20
BLOCK = 4096
SHARES = (
    (0.0, 0.03, 0.06, 0.1, 0.25, 0.5, 0.75, 0.9) if os.environ.get("NIGHTLY_RUN") else (0.0, 0.06, 0.25, 0.9)
)
ASK = "SELECT (COUNT(*) AS ?n) { ?s a <https://w3id.org/rembigraph/ns#Study> }"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A file system of 80 MiB."""
    folder = tmp_path_factory.mktemp("small")
    try:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)],
            capture_output=True,
            text=True,
            check=False,
        )
        reason = mounted.stderr.strip() if mounted.returncode else ""
    except OSError as error:
        reason = str(error)
    if reason:
        if os.environ.get("MUST_MOUNT") == "1":
            pytest.fail(f"a file system must be mounted here, but: {reason}")
        pytest.skip(f"no file system can be mounted here: {reason}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    process = Warm(tmp_path_factory.mktemp("warm"))
    yield process
    process.close()


def documents(folder: Path) -> Path:
    """Studies whose words do not compress: they need some megabytes."""
    dice = random.Random(6)
    batch = [
        study(f"EXAMPLE-2{number:03d}", f"Large {number}", description=dice.randbytes(12_000).hex())
        for number in range(40)
    ]
    (folder / "large.yaml").write_text("---\n".join([*batch, version(50)]))
    return folder / "large.yaml"


def free(folder: Path) -> int:
    return shutil.disk_usage(folder).free


@contextmanager
def filled(folder: Path, left: int) -> Iterator[None]:
    """Leave so many bytes free."""
    ballast = folder / "ballast"
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(BLOCK, free(folder) - left))
    try:
        yield
    finally:
        ballast.unlink()


class Watched:
    """Looks, while a load runs, how far it comes."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._before = home.state().generation
        self._done = threading.Event()
        self.stage = "0 nothing"
        self.least = free(home.path)
        self._thread = threading.Thread(target=self._look)

    def _look(self) -> None:
        while not self._done.wait(0.002):
            self.least = min(self.least, free(self._home.path))
            try:
                self.stage = max(self.stage, stage_reached(self._home, self._before))
            except OSError:  # it changed while we looked
                continue

    def __enter__(self) -> Watched:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._done.set()
        self._thread.join()


class Asking:
    """Asks a server for a page and for an answer, again and again, until it is told to stop."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._done = threading.Event()
        self.versions: set[str] = set()
        self.answers = 0
        self.failures: list[str] = []
        self._thread = threading.Thread(target=self._ask)

    def _ask(self) -> None:
        with httpx.Client(base_url=self._address, timeout=20) as client:
            while not self._done.wait(0.05):
                try:
                    self.versions.add(page(client))
                    answer = client.get("sparql", params={"query": ASK}, headers={"Accept": "text/csv"})
                    assert answer.status_code == 200, answer.text
                    self.answers += 1
                except Exception as error:
                    self.failures.append(f"{type(error).__name__}: {error}")
                    return

    def __enter__(self) -> Asking:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._done.set()
        self._thread.join()


def load(warm: Warm, home: Home, path: Path, filling: Kill | None = None) -> tuple[Ended, Watched]:
    with Watched(home) as watched:
        return warm.run("--home", home.path, "load", path, "--processes", "1", kill=filling), watched


def archived_bytes(home: Home) -> int:
    return sum(path.stat().st_size for path in home.archive.path.rglob("*.zst"))


def needed(warm: Warm, folder: Path, path: Path) -> int:
    """Measure how much space a load takes at most, in a catalogue like the one that is tried."""
    home = made(folder / "trial", version(1), version(2))
    before = free(folder)
    ended, watched = load(warm, home, path)
    assert ended.code == 0, ended
    shutil.rmtree(home.path)
    return before - watched.least


@dataclass(frozen=True)
class Full:
    """A catalogue on a small disk, and what must hold whatever happens there."""

    warm: Warm
    home: Home
    path: Path
    client: httpx.Client
    dump: bytes
    ledger: bytes
    numbers: list[int]

    def check(self, ended: Ended, told: str) -> None:
        """Check what a load said that found no space, and that it changed nothing; the disk is still full."""
        told = f"{told}: {ended}"
        assert ended.code == 7, told
        assert "disk full" in ended.said, told
        assert "nothing was changed" in ended.said, told
        assert "free some space, then do it again" in ended.said, told
        assert "Traceback" not in ended.said, told
        assert dumped(self.home) == self.dump, told
        assert page(self.client) == "2", told

    def check_afterwards(self, told: str) -> None:
        """Check that all is as it was, and sound."""
        assert self.home.ledger.path.read_bytes() == self.ledger, told
        assert self.home.numbers() == self.numbers, told
        assert unfinished(self.home) == [], told
        examined = self.warm.run("--home", self.home.path, "fsck", "--json")
        assert (examined.code, json.loads(examined.said)["damages"]) == (0, []), (told, examined)


@pytest.fixture
def full(small: Path, warm: Warm, tmp_path: Path) -> Iterator[Full]:
    home = made(small / "home", version(1), version(2))
    with serving(home) as client:
        yield Full(
            warm,
            home,
            documents(tmp_path),
            client,
            dumped(home),
            home.ledger.path.read_bytes(),
            home.numbers(),
        )
    shutil.rmtree(home.path)


def works_again(full: Full, asking: Asking) -> None:
    """The same load, the same server: with space it works."""
    asked = asking.answers
    ended, _ = load(full.warm, full.home, full.path)
    assert ended.code == 0, ended
    until(lambda: page(full.client) == "50")
    until(lambda: asking.answers > asked)
    assert full.client.get("EXAMPLE-2039", headers={"Accept": "text/turtle"}).status_code == 200
    answer = full.client.get("sparql", params={"query": ASK}, headers={"Accept": "text/csv"})
    assert answer.text.split() == ["n", "41"]
    assert status(full.client)["sound"]
    assert asking.failures == []
    assert full.warm.run("--home", full.home.path, "fsck").code == 0


def test_less_and_less_short_of_space(small: Path, full: Full) -> None:
    need = needed(full.warm, small, full.path)
    stages = Counter[str]()
    with Asking(str(full.client.base_url)) as asking:
        for share in SHARES:
            archived = archived_bytes(full.home)  # of loads that failed: it is not written again
            with filled(small, max(int(need * share) - archived, 2 * BLOCK)):
                ended, watched = load(full.warm, full.home, full.path)
                told = f"{share:.0%} of {need:,} bytes free: came to {watched.stage}"
                full.check(ended, told)
            stages[watched.stage] += 1
            full.check_afterwards(told)
        assert (asking.failures, asking.versions) == ([], {"2"})
        left = archived_bytes(full.home)
        works_again(full, asking)
        assert left <= archived_bytes(
            full.home
        )  # what was left is part of what the load needs: nothing twice
    came_to = ", ".join(f"{stage[2:]} {number}" for stage, number in sorted(stages.items()))
    print(
        f"\ndisk full: {need:,} bytes needed; came to: {came_to}; failed loads left {left:,} bytes archived"
    )
    assert len(stages) >= 3, came_to


STEPS = {
    "staging": ".incoming",
    "store": "000003.tmp",
    "index": "search",
    "description": "meta.json",
    "copy of the ledger": ".ledger/",
    "ledger": "ledger.jsonl",
}


def test_another_program_takes_the_last_space_before_a_step(small: Path, full: Full) -> None:
    ballast = small / "ballast"
    came_to = {}
    with Asking(str(full.client.base_url)) as asking:
        for step, at in STEPS.items():
            ended, watched = load(full.warm, full.home, full.path, Kill(at=at, fill=str(ballast)))
            told = f"full before {step}: came to {watched.stage}"
            assert ballast.exists(), told
            full.check(ended, told)
            ballast.unlink()
            came_to[step] = watched.stage
            full.check_afterwards(told)
        assert (asking.failures, asking.versions) == ([], {"2"})
        works_again(full, asking)
    print("\ndisk full:", "; ".join(f"before {step}: came to {stage[2:]}" for step, stage in came_to.items()))
    assert len(set(came_to.values())) >= 3, came_to
