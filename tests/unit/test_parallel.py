"""Items are worked on in children: in order, each within its limits, and each fails alone."""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rembigraph.app import parallel
from rembigraph.app.child import Limits
from rembigraph.app.parallel import Lost, map_in_order


@pytest.fixture(autouse=True)
def _fresh_children(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in children that did nothing before, as in a process that loads once."""
    monkeypatch.setattr(parallel, "_kept", None)


SHORT = Limits(processor_seconds=0.5, seconds=2)


def _work(number: int) -> int:
    if number == 13:
        os._exit(1)  # what a stack overflow or the kernel's out-of-memory killer looks like
    if number == 14:
        bytearray(Limits().address_bytes)
    if number == 15:
        raise ValueError("a fault of ours")
    return 2 * number


def _where(number: int) -> int:
    return os.getpid()


def _endless(number: int) -> int:
    """Work that never ends, in Python, outside of it, or asleep."""
    while number == 1:
        pass
    if number == 2:
        sum(range(10**13))  # Python looks at signals when it is done
    if number == 3:
        time.sleep(3600)
    return number


def _surroundings(number: int) -> tuple[tuple[int, int], str]:
    try:
        socket.create_connection(("127.0.0.1", 9), timeout=1)
    except OSError as error:
        return resource.getrlimit(resource.RLIMIT_CORE), type(error).__name__
    return resource.getrlimit(resource.RLIMIT_CORE), "connected"


_done: list[int] = []


def _dies_of_what_came_before(number: int) -> int:
    _done.append(number)
    if len(_done) > 2:
        os._exit(1)
    return number


def _whys(results: Iterator[int | Lost]) -> list[int | str]:
    return [result.why if isinstance(result, Lost) else result for result in results]


@pytest.mark.parametrize("count", [0, 1, 3, 10])
def test_results_come_in_order_and_none_is_missing(count: int) -> None:
    assert list(map_in_order(_work, range(count), processes=2)) == [2 * number for number in range(count)]


def test_even_a_single_item_is_worked_on_in_a_child() -> None:
    (where,) = map_in_order(_where, [1])
    assert where != os.getpid()


def test_an_item_that_kills_its_process_fails_alone() -> None:
    results = map_in_order(_work, [10, 11, 12, 13, 16, 13, 17, 14, 18], processes=2)
    assert _whys(results) == [20, 22, 24, "died", 32, "died", 34, "memory", 36]


def test_an_item_does_not_pay_for_those_before_it() -> None:
    assert _whys(map_in_order(_dies_of_what_came_before, range(7), processes=1)) == list(range(7))


def test_a_fault_of_ours_is_raised() -> None:
    with pytest.raises(ValueError, match="a fault of ours"):
        list(map_in_order(_work, [15]))


def test_an_item_without_end_fails_alone_and_soon() -> None:
    started = time.monotonic()
    results = map_in_order(_endless, [0, 1, 4, 2, 5, 3, 6], processes=2, limits=SHORT)
    assert _whys(results) == [0, "slow", 4, "slow", 5, "slow", 6]
    assert time.monotonic() - started < 30


def test_a_child_can_reach_no_network_and_leaves_no_core() -> None:
    ((cores, connection),) = map_in_order(_surroundings, [1])
    assert (cores, connection) == ((0, 0), "PermissionError")


def test_items_ahead_are_few_when_they_are_large() -> None:
    taken: list[int] = []

    def numbers() -> Iterator[int]:
        for number in range(10):
            taken.append(number)
            yield number

    results = map_in_order(_work, numbers(), 1, size_of=lambda _: parallel.BYTES_IN_FLIGHT // 2)
    assert next(results) == 0
    assert len(taken) <= 4
    assert list(results) == [2 * number for number in range(1, 10)]


def test_giving_up_ends_the_children_at_once() -> None:
    before = _children()
    results = map_in_order(_endless, [0, 3, 3, 3], processes=2)
    assert next(results) == 0
    started = time.monotonic()
    results.close()
    assert time.monotonic() - started < 10
    assert set(_children()) <= set(before)


def test_children_end_with_their_parent(tmp_path: Path) -> None:
    """Even with one that is killed: what it started works on an item without end."""
    script = (
        "import sys, test_parallel\n"
        "from rembigraph.app.parallel import map_in_order\n"
        "results = map_in_order(test_parallel._where_then_sleep, ['child'])\n"
        "next(results)\n"
    )
    (tmp_path / "script.py").write_text(script)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    parent = subprocess.Popen([sys.executable, "script.py"], cwd=tmp_path, env=environment)
    found = tmp_path / "child"
    deadline = time.monotonic() + 30
    while not (found.exists() and found.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    child = Path("/proc", found.read_text())
    while child.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not child.exists()


def _where_then_sleep(name: str) -> None:
    Path(name).write_text(str(os.getpid()))
    time.sleep(3600)


def _children() -> list[str]:
    """Processes that this one has started and not waited for."""
    lists = Path("/proc/self/task").glob("*/children")
    return [
        child
        for found in lists
        for child in found.read_text().split()
        if b"rembigraph.app.child" in Path("/proc", child, "cmdline").read_bytes()
    ]


def test_kept_children_go_on_to_other_work() -> None:
    with parallel.kept_children():
        first = set(map_in_order(_where, range(8), processes=1))
        assert list(map_in_order(_work, [1, 2], processes=1)) == [2, 4]
        assert set(map_in_order(_where, range(8), processes=1)) == first
        # One that was given up, or that other limits hold for, is not used again.
        next(iter(map_in_order(_where, range(8), processes=1)))
        (other,) = map_in_order(_where, [1], processes=1, limits=SHORT)
        assert other not in first
    (alone,) = map_in_order(_where, [1], processes=1)
    assert alone not in first
    for process in (*first, other, alone):
        assert not Path(f"/proc/{process}").exists()


def test_a_kept_child_that_died_is_replaced() -> None:
    with parallel.kept_children():
        (first,) = map_in_order(_where, [1], processes=1)
        assert isinstance(first, int)
        os.kill(first, signal.SIGKILL)
        (second,) = map_in_order(_where, [1], processes=1)
        assert isinstance(second, int)
        assert second != first
