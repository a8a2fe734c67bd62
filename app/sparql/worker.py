"""The worker process: `python -m rembigraph.app.sparql.worker CONFIGURATION`.

It opens one store read-only and answers one query after another, as frames on its standard output. It is
meant to be killed at any moment: it owns nothing but memory.
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from rembigraph.app.sparql import frames, sandbox
from rembigraph.ontology.errors import QuerySyntaxError

_FIRST_BYTES: Final = 4 * 1024
_LATER_BYTES: Final = 64 * 1024
_LATER_SECONDS: Final = 0.2


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a worker is told when it starts; the numbers are those of `QueryLimits`."""

    store: str
    lease: str
    parent: int
    memory_bytes: int
    stack_bytes: int
    niceness: int

    def argument(self) -> str:
        """Return it as a command-line argument."""
        return json.dumps(asdict(self))


class ResultTooLargeError(Exception):
    """The answer has more bytes than are allowed."""


class FramedOutput:
    """Collects the bytes of one answer and sends them as frames.

    The header goes out with the first data, so that a query which fails before that leaves no trace of
    success. The first frame is small, for a quick first byte; later ones are large, or at most 0.2 s apart.
    """

    def __init__(self, stream: BinaryIO, max_bytes: int) -> None:
        self._stream = stream
        self._left = max_bytes
        self._pending = bytearray()
        self._enough = _FIRST_BYTES
        self._sent_at = 0.0
        self.sent = False

    def write(self, data: bytes) -> int:
        """Take some bytes of the answer.

        Raises:
            ResultTooLargeError: they are more than allowed.
        """
        self._left -= len(data)
        if self._left < 0:
            raise ResultTooLargeError
        self._pending += data
        late = self.sent and time.monotonic() - self._sent_at > _LATER_SECONDS
        if len(self._pending) >= self._enough or late:
            self._send(self._data_frames())
            self._enough = _LATER_BYTES
        return len(data)

    def flush(self) -> None:
        """Do nothing: frames go out when they are large or old enough."""

    def end(self, document: Mapping[str, Any]) -> None:
        """Send what is left, and that the answer is complete."""
        self._send(self._data_frames(is_last=True) + frames.encode(frames.END, document))

    def fail(self, document: Mapping[str, Any]) -> None:
        """Send that there is no answer, or no more of it."""
        self._send(frames.encode(frames.ERROR, document))

    def _data_frames(self, *, is_last: bool = False) -> bytes:
        header = b"" if self.sent else frames.encode(frames.HEADER, {})
        pending, size = bytes(self._pending), len(self._pending)
        self._pending.clear()
        return header + b"".join(
            frames.encode(
                frames.LAST if is_last and start + _LATER_BYTES >= size else frames.DATA,
                pending[start : start + _LATER_BYTES],
            )
            for start in range(0, size, _LATER_BYTES)
        )

    def _send(self, data: bytes) -> None:
        send(self._stream, data)
        self.sent = True
        self._sent_at = time.monotonic()


def send(stream: BinaryIO, data: bytes) -> None:
    """Write all of it to an unbuffered stream; end the process when nobody reads."""
    view = memoryview(data)
    try:
        while view:
            view = view[stream.write(view) :]
    except BrokenPipeError:
        os._exit(0)


def main() -> None:
    """Start the process: confine it, then serve from a thread with a large stack."""
    configuration = Configuration(**json.loads(sys.argv[1]))
    jobs, answers = _claim_streams()
    sandbox.forbid_core_dumps()
    sandbox.die_with_parent(configuration.parent)
    if sys.platform != "win32":
        os.nice(configuration.niceness)
    unconfined = sandbox.confine_sockets()
    threading.stack_size(configuration.stack_bytes)
    thread = threading.Thread(target=_serve, args=(configuration, unconfined, jobs, answers))
    thread.start()
    thread.join()


def _claim_streams() -> tuple[BinaryIO, BinaryIO]:
    """Take standard input and output for the frames; whatever prints, prints to standard error."""
    jobs = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    return jobs, answers


def _serve(configuration: Configuration, unconfined: str, jobs: BinaryIO, answers: BinaryIO) -> None:
    import pyoxigraph as ox
    import rembigraph.app.sparql.evaluation  # noqa: F401 - now, rather than while the first query waits

    if configuration.lease and not _hold(Path(configuration.lease)):
        send(answers, frames.encode(frames.ERROR, {"code": "gone", "message": configuration.store}))
        return
    try:
        store = ox.Store.read_only(configuration.store)
    except (OSError, ValueError, RuntimeError) as error:
        send(answers, frames.encode(frames.ERROR, {"code": "store", "message": str(error)[:500]}))
        return
    sandbox.cap_memory(configuration.memory_bytes)
    ready = {"unconfined": unconfined, "resident_bytes": sandbox.resident_bytes()}
    send(answers, frames.encode(frames.READY, ready))
    while (frame := frames.receive_blocking(jobs)) is not None:
        if not _answer(store, frame.document(), answers):
            return


def _hold(path: Path) -> bool:
    """Lock a file of the generation as long as this process lives; say whether the generation is there."""
    try:
        fcntl.flock(os.open(path, os.O_RDONLY), fcntl.LOCK_SH)
    except OSError:
        return False
    return path.exists()  # else it was removed before it was locked


def _answer(store: Any, document: dict[str, Any], answers: BinaryIO) -> bool:
    """Answer one query; return whether this process is fit for another one."""
    from rembigraph.app.sparql.evaluation import Job, TooManyQuadsError, evaluate

    job = Job.from_document(document)
    output = FramedOutput(answers, job.max_result_bytes)
    sandbox.kill_at(job.alarm_seconds)
    try:
        cut = evaluate(store, job, output)
        output.end({"cut": cut, "resident_bytes": sandbox.resident_bytes()})
    except QuerySyntaxError as error:
        place = {"line": error.line, "column": error.column}
        output.fail({"code": "syntax", "message": error.message, "fix": error.fix, **place})
    except ResultTooLargeError:
        output.fail({"code": "result-bytes"})
    except TooManyQuadsError:
        output.fail({"code": "merge-quads"})
    except MemoryError:
        output.fail({"code": "memory"})
        return False
    except (OSError, RuntimeError, ValueError, OverflowError) as error:
        output.fail({"code": "evaluation", "message": str(error)[:500]})
    finally:
        sandbox.kill_at(0)
    return True


if __name__ == "__main__":
    main()
