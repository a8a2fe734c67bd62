"""Nothing acknowledged is ever lost: real commands are killed (SIGKILL) at random points of their lives.

After each kill the catalogue is opened and compared with a model: what it held before the command, or what it holds
after it, byte for byte; the latter if the command had ended with exit code 0. `NIGHTLY_RUN` kills ten times as
often; `KILLS_SEED` repeats a run.
"""

from __future__ import annotations

import io
import json
import os
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pyoxigraph import Store
from rembigraph.app.loading import Mapping, mapping_version
from rembigraph.catalogue.archive import Staging, decompress
from rembigraph.catalogue.generations import dump
from rembigraph.catalogue.home import Home
from rembigraph.catalogue.soundness import newest_sound
from rembigraph.loaders.reading import Document
from rembigraph.ontology.identifiers import DEFAULT_DATA_BASE, Iris

from tests.durability.killing import Ended, Kill, Warm, moments, stage_reached, unfinished
from tests.made_catalogue import study

CYCLES = 200 if os.environ.get("NIGHTLY_RUN") else 20
SEED = int(os.environ.get("KILLS_SEED", "0")) or random.SystemRandom().randrange(1, 10**9)
EXAMINED_EVERY = 4
REASON = "made up"


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    process = Warm(tmp_path_factory.mktemp("warm"))
    yield process
    process.close()


@dataclass
class Model:
    """What a catalogue must hold: the quads of each accession, and which are withdrawn."""

    quads: dict[str, bytes] = field(default_factory=dict)
    withdrawn: frozenset[str] = frozenset()

    def dump(self) -> bytes:
        """The canonical dump."""
        return b"".join(self.quads[name] for name in sorted(self.quads.keys() - self.withdrawn))

    def loaded(self, *documents: str) -> Model:
        """The model after a load of these documents, each of which is newer than what is there."""
        return Model(
            self.quads | {name: quads for one in documents for name, quads in mapped(one)}, self.withdrawn
        )

    def without(self, accession: str) -> Model:
        return Model(self.quads, self.withdrawn | {accession})

    def with_again(self, accession: str) -> Model:
        return Model(self.quads, self.withdrawn - {accession})


def mapped(document: str) -> Iterator[tuple[str, bytes]]:
    """Yield accession and canonical quads of each study of a document, as `load` maps them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        mapping = Mapping(Iris(DEFAULT_DATA_BASE), mapping_version(), {}, Staging(folder))
        for outcome in mapping(Document("made-up.yaml", "", document.encode())):
            assert outcome.record, outcome
            yield outcome.accession, decompress(outcome.record.quads_path.read_bytes())


@dataclass
class Counts:
    """What became of the cycles of a command."""

    kills: int = 0
    acknowledged: int = 0
    lost: int = 0
    torn: int = 0
    failed_reopens: int = 0
    stages: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        where = ", ".join(f"{stage[2:]} {number}" for stage, number in sorted(self.stages.items()))
        return (
            f"{self.kills} killed, {self.acknowledged} acknowledged, {self.lost} lost, {self.torn} torn, "
            f"{self.failed_reopens} failed reopens; came to: {where}"
        )


class Keeper:
    """A catalogue whose commands are killed, with the model of what it must hold."""

    def __init__(self, warm: Warm, folder: Path, what: str) -> None:
        self.warm = warm
        self.folder = folder
        self.path = folder / "home"
        self.model = Model()
        self.counts = Counts()
        self.dice = random.Random(f"{SEED} {what}")
        self.what = what
        self.damaged: set[str] = set()  # names of generations that the test itself has damaged

    def run(self, *arguments: str | Path, kill: Kill | None = None) -> Ended:
        return self.warm.run("--home", self.path, *arguments, kill=kill)

    def must(self, *arguments: str | Path) -> Ended:
        """Run a command that must succeed."""
        ended = self.run(*arguments)
        assert ended.code == 0, (self.told, arguments, ended)
        return ended

    @property
    def told(self) -> str:
        return f"{self.what}, KILLS_SEED={SEED}: {self.counts}"

    def document(self, *studies: str) -> Path:
        path = self.folder / "document.yaml"
        path.write_text("---\n".join(studies))
        return path

    def load(self, *studies: str) -> None:
        self.must("load", self.document(*studies))
        self.model = self.model.loaded(*studies)

    @property
    def home(self) -> Home:
        return Home.open(self.path)

    def killed(self, kill: Kill, after: Model, *arguments: str | Path) -> str:
        """Run a command that is killed, and compare what is there with the model; return the stage it came to."""
        before = self.home.state().generation
        sizes = self._sizes()
        ended = self.run(*arguments, kill=kill)
        told = f"{self.told}; {kill}, {ended}"
        assert ended.code in {0, -9}, told
        assert ended.orphans == [], told
        stage = "acknowledged" if ended.is_acknowledged else stage_reached(self.home, before)
        self.counts.kills += ended.was_killed
        self.counts.acknowledged += ended.is_acknowledged
        self.counts.stages[f"- {stage}" if ended.is_acknowledged else stage] += 1
        told = f"{told}; {stage}"
        self._compare(after, ended, told)
        self._open_stores(sizes, told)
        return told

    def _compare(self, after: Model, ended: Ended, told: str) -> None:
        allowed = [after] if ended.is_acknowledged else [self.model, after]
        try:
            home, out = self.home, io.BytesIO()
            dump(home, out)
            withdrawn = frozenset(home.state().withdrawn)
            with newest_sound(home) as served:
                assert served.generation
                broken = {damage.where.split("/")[1] for damage in served.damages if "/" in damage.where}
                assert broken <= self.damaged
        except Exception as error:
            self.counts.failed_reopens += 1
            raise AssertionError(f"the catalogue does not open: {told}") from error
        found = [one for one in allowed if (one.dump(), one.withdrawn) == (out.getvalue(), withdrawn)]
        if not found:
            self.counts.lost += ended.is_acknowledged
            self.counts.torn += not ended.is_acknowledged
        assert found, f"what is there is neither of before nor of after: {told}"
        self.model = found[-1]

    def _sizes(self) -> dict[int, int]:
        home = self.home
        return {
            number: len(Store.read_only(str(home.generation(number).store_path))) for number in home.numbers()
        }

    def _open_stores(self, before: dict[int, int], told: str) -> None:
        """Open every generation that was there and still is: none has lost a quad."""
        found = self._sizes()
        assert found, told
        assert {number: before[number] for number in before.keys() & found} == {
            number: found[number] for number in before.keys() & found
        }, told

    def after_next_writer(self, cycle: int, told: str) -> None:
        """Check that nothing of what was killed is left, and, now and then, that `fsck` finds all sound."""
        home, out = self.home, io.BytesIO()
        assert unfinished(home) == [], told
        assert len(home.numbers()) <= 3, told
        assert home.current_number() == home.state().generation, told
        dump(home, out)
        assert out.getvalue() == self.model.dump(), told
        if cycle % EXAMINED_EVERY == 0:
            self.examine(told)

    def examine(self, told: str, *arguments: str | Path) -> None:
        ended = self.run(*(arguments or ("fsck",)), "--json")
        assert ended.code == 0, (told, ended)
        assert json.loads(ended.said)["damages"] == [], (told, ended)

    def finish(self, stages: int, cycles: int = CYCLES) -> None:
        """Print what happened, and make sure that the kills were spread over the life of the command."""
        print(f"\nkilled: {self.what}, seed {SEED}: {self.counts}")
        assert (self.counts.lost, self.counts.torn, self.counts.failed_reopens) == (0, 0, 0)
        assert self.counts.kills >= cycles * 0.3, self.told  # some are over before their moment comes
        assert len(self.counts.stages) >= stages, self.told


def version(number: int, accession: str) -> str:
    """A version of a study; a later one takes the place of an earlier one."""
    return study(
        accession,
        f"Made up, version {number}",
        keyword=[f"word {number}", f"only in {number}"],
        modified=f"{2000 + number // 300:04d}-{1 + number // 28 % 12:02d}-{1 + number % 28:02d}",
    )


@pytest.fixture(scope="module")
def template(warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> Keeper:
    """A catalogue of three studies and three generations."""
    keeper = Keeper(warm, tmp_path_factory.mktemp("template"), "template")
    keeper.load(*(version(0, f"EXAMPLE-{number:04d}") for number in (1, 2, 3)))
    keeper.must("withdraw", "EXAMPLE-0003", "--reason", REASON)
    keeper.must("reinstate", "EXAMPLE-0003")
    return keeper


@pytest.fixture
def keeper(template: Keeper, tmp_path: Path, request: pytest.FixtureRequest) -> Keeper:
    """A copy of it to kill commands on."""
    keeper = Keeper(template.warm, tmp_path, request.node.name.removeprefix("test_"))
    _copy(template.path, keeper.path)
    keeper.model = template.model
    return keeper


def test_load(keeper: Keeper) -> None:
    """By turns of a new study, of a newer version of one that is there, and of several of both."""
    turn = 0

    def wish() -> tuple[Model, list[str | Path]]:
        nonlocal turn
        turn += 1
        new, present = f"EXAMPLE-1{turn:03d}", "EXAMPLE-0002"
        names = ([new], [present], [new, present, "EXAMPLE-0001"])[turn % 3]
        studies = [version(turn, name) for name in names]
        return keeper.model.loaded(*studies), ["load", keeper.document(*studies)]

    _cycles(keeper, wish, completed_every=EXAMINED_EVERY)


def _cycles(
    keeper: Keeper,
    wish: Callable[[], tuple[Model, list[str | Path]]],
    *,
    cycles: int = CYCLES,
    completed_every: int = 1,
) -> None:
    """Kill a command again and again; the next writer is the same command, or (each other time) `gc`."""
    after, arguments = wish()
    measured = keeper.must(*arguments)
    keeper.model = after
    for cycle, kill in enumerate(moments(keeper.dice, cycles, measured.seconds, measured.changes)):
        after, arguments = wish()
        told = keeper.killed(kill, after, *arguments)
        is_over = arguments[0] == "reinstate" and keeper.model is after  # it says so with exit 2
        keeper.must(*(["gc"] if cycle % completed_every or is_over else arguments))
        if cycle % completed_every == 0:
            keeper.model = after
        keeper.after_next_writer(cycle, told)
    keeper.finish(3, cycles)


def test_withdraw_and_reinstate(keeper: Keeper) -> None:
    """By turns, so that as many of each are killed: each killed command is called again to its end."""

    def wish() -> tuple[Model, list[str | Path]]:
        name = "EXAMPLE-0002"
        if name in keeper.model.withdrawn:
            return keeper.model.with_again(name), ["reinstate", name]
        return keeper.model.without(name), ["withdraw", name, "--reason", REASON]

    _cycles(keeper, wish, cycles=2 * CYCLES)


def test_restore(keeper: Keeper) -> None:
    """By turns of a sound catalogue, and of one whose newest generation is damaged."""
    turn = iter(range(10**6))

    def wish() -> tuple[Model, list[str | Path]]:
        keeper.damaged.clear()
        if next(turn) % 2:
            generation = keeper.home.generation(keeper.home.state().generation)
            (generation.search_path / "index.sqlite").unlink()
            keeper.damaged.add(generation.path.name)
        return keeper.model, ["restore"]

    _cycles(keeper, wish)


def test_gc(keeper: Keeper) -> None:
    """There is always something to clear away: generations that a reader held, and what a killed load left."""
    keeper.load(version(1, "EXAMPLE-0001"))
    template = keeper.folder / "template"
    with ExitStack() as held:
        for name in ("EXAMPLE-0001", "EXAMPLE-0002", "EXAMPLE-0003"):
            for number in keeper.home.numbers():
                held.enter_context(keeper.home.hold(keeper.home.generation(number)))
            keeper.must("withdraw", name, "--reason", REASON)
            keeper.model = keeper.model.without(name)
        measured = keeper.run("load", keeper.document(version(2, "EXAMPLE-0009")))
        keeper.model = keeper.model.loaded(version(2, "EXAMPLE-0009"))
        debris = Kill(before=int(measured.changes * 0.6))
        assert keeper.run("load", keeper.document(version(3, "EXAMPLE-0009")), kill=debris).was_killed
    assert len(keeper.home.numbers()) > 3
    assert unfinished(keeper.home)
    keeper.path.rename(template)
    _copy(template, keeper.path)
    measured = keeper.must("gc")
    came_to = Counter[int]()
    for cycle, kill in enumerate(moments(keeper.dice, CYCLES, measured.seconds, measured.changes)):
        shutil.rmtree(keeper.path)
        _copy(template, keeper.path)
        told = keeper.killed(kill, keeper.model, "gc")
        came_to[len(keeper.home.numbers()) * 10 + len(unfinished(keeper.home))] += 1
        keeper.must("gc")
        keeper.after_next_writer(cycle, told)
    keeper.counts.stages = Counter(
        {f"- {left // 10} generations and {left % 10} unfinished": n for left, n in came_to.items()}
    )
    keeper.finish(3)


def _copy(template: Path, path: Path) -> None:
    """Copy a catalogue; what never changes is shared."""
    shutil.copytree(template, path, symlinks=True, copy_function=os.link)
    for name in ("ledger.jsonl", "lock"):
        (path / name).unlink()
        shutil.copy2(template / name, path / name)


def test_backup(keeper: Keeper) -> None:
    """An interrupted backup is the one of before, or the new one; the catalogue itself is left alone."""
    folder = keeper.folder / "backup"
    measured = keeper.must("backup", folder)
    earlier = keeper.model  # what the backup holds
    kills = moments(keeper.dice, CYCLES, measured.seconds, measured.changes)
    for cycle, kill in enumerate(kills):
        name = f"EXAMPLE-000{1 + cycle % 3}"
        if name in keeper.model.withdrawn:
            keeper.must("reinstate", name)
            keeper.model = keeper.model.with_again(name)
        else:
            keeper.must("withdraw", name, "--reason", REASON)
            keeper.model = keeper.model.without(name)
        before = Home.open(folder).state().generation
        ended = keeper.run("backup", folder, kill=kill)
        told = f"{keeper.told}; {kill}, {ended}"
        assert (ended.code in {0, -9}, ended.orphans) == (True, []), told
        keeper.counts.kills += ended.was_killed
        keeper.counts.acknowledged += ended.is_acknowledged
        keeper.counts.stages[_stage_of_backup(Home.open(folder), before)] += 1
        earlier = _backup_of(
            folder, [keeper.model] if ended.is_acknowledged else [earlier, keeper.model], told
        )
        keeper.examine(told, "verify", folder)
        keeper.must("backup", folder)
        earlier = _backup_of(folder, [keeper.model], told)
        assert unfinished(Home.open(folder)) == [], told
        assert len(Home.open(folder).numbers()) == 1, told
        if cycle % EXAMINED_EVERY == 0:
            keeper.examine(told, "verify", folder)
            keeper.examine(told)
    keeper.finish(3)


def _backup_of(folder: Path, allowed: list[Model], told: str) -> Model:
    """Return which of these a backup is."""
    home, out = Home.open(folder), io.BytesIO()
    dump(home, out)
    withdrawn = frozenset(home.state().withdrawn)
    found = [one for one in allowed if (one.dump(), one.withdrawn) == (out.getvalue(), withdrawn)]
    assert found, f"the backup is neither the one of before nor the new one: {told}"
    return found[-1]


def _stage_of_backup(home: Home, before: int) -> str:
    if home.state().generation > before:
        return "3 the new one"
    left = unfinished(home)
    if any(name.startswith("generations") for name in left):
        return "2 the one of before, generation begun"
    return "1 the one of before, archive begun" if left else "0 the one of before"
