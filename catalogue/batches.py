"""Batches of the ledger, as bytes: self-certifying, kept twice.

A batch is the lines of one generation and, last, its commit line, which carries the SHA-256 of them all. So a whole
batch can be told from a damaged one wherever it stands, and a damaged ledger can be put together again from whole
batches (`restore`). Beside the ledger, each batch has a copy of its own, written and synced before the ledger's line:
```
archive/.ledger/000042.jsonl.zst
```
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from rembigraph.catalogue.archive import compress, decompress
from rembigraph.catalogue.durable import replace_file, sync_folder

COMMIT: Final = "publish"
"""Kind of a commit line."""

_SUFFIX: Final = ".jsonl.zst"
_encode: Final[Callable[[Any], str]] = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True)
class Batch:
    """A whole batch.

    Attributes:
        body: its lines, without the commit line.
        commit: what its commit line says.
    """

    body: bytes
    commit: dict[str, Any]

    @classmethod
    def of(cls, lines: list[dict[str, Any]], **said: Any) -> Batch:
        """Make a batch of these lines; its commit line says how many they are, their hash, and `said`."""
        body = b"".join(map(line_of, lines))
        commit = {"kind": COMMIT, **said, "records": len(lines)}
        return cls(body, commit | {"sha256": _sealed(sha256(body), commit)})

    @property
    def generation(self) -> int:
        """Number of the generation that it made."""
        return int(self.commit["generation"])

    @property
    def content(self) -> bytes:
        """All of it, as it stands in the ledger."""
        return self.body + line_of(self.commit)

    def lines(self, *, naming: str = "") -> list[dict[str, Any]]:
        """Its lines, without the commit line; of a study, only those that name its accession somewhere."""
        name = naming.encode("ascii")
        if name not in self.body:
            return []
        return [parsed(line) for line in self.body.split(b"\n")[:-1] if name in line]

    @property
    def is_whole(self) -> bool:
        """Whether its lines are what the commit line says."""
        return certifies(self.commit, [self.body])


def line_of(values: dict[str, Any]) -> bytes:
    """Return a line of the ledger."""
    return _encode(values).encode("ascii") + b"\n"


def parsed(line: bytes) -> dict[str, Any]:
    """Return the JSON object in a line, or an empty one if there is none."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def certifies(commit: dict[str, Any], body: Iterable[bytes]) -> bool:
    """Return whether a commit line is one, and is that of these lines, which are given in pieces."""
    digest, lines = sha256(), 0
    for piece in body:
        digest.update(piece)
        lines += piece.count(b"\n")
    return (
        commit.get("sha256") == _sealed(digest, {key: commit[key] for key in commit if key != "sha256"})
        and commit.get("records") == lines
        and isinstance(commit.get("generation"), int)
        and isinstance(commit.get("time"), str)
    )


def _sealed(digest: Any, commit: dict[str, Any]) -> str:
    """Return the SHA-256 of a batch: of its lines, of which `digest` is, and of what its commit line says besides."""
    digest.update(line_of(commit))
    return str(digest.hexdigest())


def whole_batches(content: bytes) -> Iterator[Batch]:
    """Yield every whole batch that stands somewhere in a ledger, whatever stands around it."""
    lines = content.split(b"\n")
    for place, line in enumerate(lines):
        commit = parsed(line) if line.startswith(b'{"kind":"publish"') else {}
        count = commit.get("records")
        if isinstance(count, int) and 0 <= count <= place:
            batch = Batch(b"".join(each + b"\n" for each in lines[place - count : place]), commit)
            if batch.is_whole:
                yield batch


class BatchCopies:
    """The second copies of the ledger's batches, a file each.

    Args:
        path: their folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def put(self, batch: Batch) -> None:
        """Keep a copy; when this returns, it is on the disk.

        Raises:
            OSError: it could not be written.
        """
        if not self.path.is_dir():
            self.path.mkdir(parents=True, exist_ok=True)
            sync_folder(self.path.parent)
        replace_file(self.file(batch.generation), compress(batch.content))

    def get(self, generation: int) -> Batch | None:
        """Return the batch of a generation; None if it has no copy, or no whole one."""
        try:
            content = decompress(self.file(generation).read_bytes())
        except (OSError, ValueError):
            return None
        found = list(whole_batches(content))
        whole = len(found) == 1 and found[0].generation == generation and found[0].content == content
        return found[0] if whole else None

    def numbers(self) -> list[int]:
        """Generations that have a copy, whole or not, in order."""
        names = (path.name.removesuffix(_SUFFIX) for path in self.path.glob(f"*{_SUFFIX}"))
        return sorted(int(name) for name in names if name.isdecimal())

    def drop_after(self, generation: int) -> None:
        """Remove copies of batches that were never committed. For the writer only."""
        stale = [self.file(number) for number in self.numbers() if number > generation]
        for path in (*stale, *self.path.glob("*.tmp")):
            with suppress(OSError):
                path.unlink()

    def file(self, generation: int) -> Path:
        """File of the copy of a generation's batch."""
        return self.path / f"{generation:06d}{_SUFFIX}"
