"""Keeps small results: the same question to the same generation is answered without a worker.

What is kept is decided by use and size (Greedy-Dual-Size-Frequency, Cherkasova 1998, all costs 1): a result is worth
its uses per kilobyte, and ages as others are dropped. So a flood of large or one-off results drops its own kind, never
small ones that are asked for again and again; how long a result took to make counts for nothing.
"""

from __future__ import annotations

import hashlib
import heapq
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import count
from typing import Final

from rembigraph.app.sparql.answer import Answer
from rembigraph.app.sparql.gate import Admitted
from rembigraph.app.sparql.lexer import read_tokens
from rembigraph.app.sparql.service import RequestDataset

_CHANGING: Final = ("NOW", "RAND", "UUID", "STRUUID")
_MAY_CHANGE: Final = re.compile("|".join(_CHANGING), re.IGNORECASE | re.ASCII)
_OVERHEAD_BYTES: Final = 512
_LARGEST_PART: Final = 64


@dataclass(frozen=True, slots=True)
class Question:
    """What decides an answer.

    Attributes:
        query: the query without comments and needless space.
        dataset: the dataset that the request names.
        media_type: of the answer.
        generation: of the store.
    """

    query: str
    dataset: RequestDataset
    media_type: str
    generation: str

    @property
    def etag(self) -> str:
        """A weak entity tag: answers alike in it say the same, in whatever transfer form."""
        parts = (self.query, self.media_type, self.generation, repr(self.dataset))
        digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
        return f'W/"{digest[:32]}"'


def is_lasting(query: Admitted) -> bool:
    """Whether a query gives the same on the same store: it asks for no time, chance or new identifier."""
    if not _MAY_CHANGE.search(query.normal):
        return True
    return not any(token.is_word(*_CHANGING) for token in read_tokens(query.normal))


@dataclass(slots=True)
class _Kept:
    body: bytes
    uses: int
    worth: float
    turn: int

    @property
    def size(self) -> int:
        return len(self.body) + _OVERHEAD_BYTES


class KeptResults:
    """Results by question, up to a number of bytes. Lives in the event loop's thread alone.

    Args:
        most_bytes: of all results together; none is kept that has more than a 64th of it.

    Attributes:
        hits: answers given from here.
        bytes: what is kept now.
    """

    def __init__(self, most_bytes: int) -> None:
        self.hits = 0
        self.bytes = 0
        self._most = most_bytes
        self._age = 0.0
        self._kept: dict[Question, _Kept] = {}
        self._heap: list[tuple[float, int, Question]] = []
        self._turns = count()

    @property
    def largest(self) -> int:
        """Bytes of the largest result that is kept."""
        return self._most // _LARGEST_PART

    def get(self, question: Question) -> bytes | None:
        """Return what answers a question; None if it is not kept."""
        kept = self._kept.get(question)
        if kept is None:
            return None
        self.hits += 1
        kept.uses += 1
        self._value(question, kept)
        return kept.body

    def put(self, question: Question, body: bytes) -> None:
        """Keep a complete answer, if it is small enough and worth more than what must leave for it."""
        if question in self._kept or len(body) > self.largest:
            return
        kept = self._kept[question] = _Kept(body, 1, 0.0, 0)
        self.bytes += kept.size + len(question.query)
        self._value(question, kept)
        while self.bytes > self._most:
            self._drop_least()

    def _value(self, question: Question, kept: _Kept) -> None:
        kept.worth = self._age + 1024 * kept.uses / kept.size
        kept.turn = next(self._turns)
        heapq.heappush(self._heap, (kept.worth, kept.turn, question))
        if len(self._heap) > 4 * len(self._kept) + 64:
            self._heap = [(each.worth, each.turn, name) for name, each in self._kept.items()]
            heapq.heapify(self._heap)

    def _drop_least(self) -> None:
        worth, turn, question = heapq.heappop(self._heap)
        kept = self._kept.get(question)
        if kept is not None and kept.turn == turn:
            self._age = worth
            del self._kept[question]
            self.bytes -= kept.size + len(question.query)


async def keeping(answer: Answer, question: Question, results: KeptResults) -> AsyncIterator[bytes]:
    """Pass an answer on, and keep it if it ends complete and is small enough."""
    parts: list[bytes] | None = []
    size = 0
    async for data in answer:
        size += len(data)
        if parts is not None:
            parts.append(data)
        if size > results.largest:
            parts = None
        yield data
    if parts is not None and answer.complete and not answer.cut:
        results.put(question, b"".join(parts))
