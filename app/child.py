"""The process in which foreign documents are read: `python -m rembigraph.app.child DESCRIPTOR PARENT`.

It is given work to do and one item after another, and may be killed at any moment: what it writes waits in the
staging folder of the batch, and is nothing until the batch is published. It can open no socket, dump no core, hold no
more memory and take no more time than it is told, and ends with its parent.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from rembigraph.app.sparql import sandbox

DONE, RAISED, NO_MEMORY = "done", "raised", "no memory"


@dataclass(frozen=True)
class Limits:
    """What one item may take.

    Attributes:
        address_bytes: address space of the process; one that maps normal records takes a fifth of it.
        processor_seconds: processor time; a record with all parts that are allowed takes half of it.
        seconds: time by the clock, for a process that waits for something that does not come.
    """

    address_bytes: int = 1024**3
    processor_seconds: float = 120
    seconds: float = 900


def main() -> None:
    """Serve items until there are no more."""
    descriptor, parent = map(int, sys.argv[1:3])
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C reaches the whole group; the parent says what it means
    sandbox.die_with_parent(parent)
    sandbox.forbid_core_dumps()
    sandbox.confine_sockets()
    pipe = Connection(descriptor)
    try:
        limits, sys.path[:] = pipe.recv()
        sandbox.limit_address_space(limits.address_bytes)
        work: Any = None
        while True:
            other, item = pipe.recv()  # work comes with its first item
            work = work if other is None else other
            pipe.send(_answer(work, item, limits))
            del item
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def _answer(work: Callable[[Any], Any], item: Any, limits: Limits) -> tuple[str, Any]:
    _set_timers(limits.processor_seconds, limits.seconds)
    try:
        return DONE, work(item)
    except MemoryError:
        return NO_MEMORY, None
    except Exception as error:
        return RAISED, error
    finally:
        _set_timers(0, 0)


def _set_timers(processor_seconds: float, seconds: float) -> None:
    """Have the process killed by its own timers: their signals end it even inside native code."""
    signal.setitimer(signal.ITIMER_PROF, processor_seconds)
    signal.setitimer(signal.ITIMER_REAL, seconds)


if __name__ == "__main__":
    main()
