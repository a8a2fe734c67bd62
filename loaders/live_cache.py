"""Documents fetched before, with the names that servers gave to their versions.

One file an address: a line of JSON, then the document. A file that is not whole (its SHA-256 says so) is as none. The
folder may be deleted at any time.
"""

from __future__ import annotations

import json
import os
from hashlib import sha256
from pathlib import Path
from typing import Any

from rembigraph.loaders.fetch import Answer

_HEAD_BYTES = 16 * 1024
_MARK = "rembigraph-cache/1"


class Cache:
    """A folder of fetched documents; one process writes at a time.

    Args:
        folder: where they lie; made when the first one is kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, url: str) -> Answer | None:
        """Return what this address gave last; None when it is not here or not whole."""
        try:
            with self._path(url).open("rb") as file:
                head = json.loads(file.readline(_HEAD_BYTES))
                body = file.read()
        except (OSError, ValueError):
            return None
        return _answer(head, body, url) if isinstance(head, dict) else None

    def put(self, url: str, answer: Answer) -> None:
        """Keep an answer that has a name or a date to ask by; without one it would be fetched whole anyway.

        Raises:
            OSError: the disk is full or not writable; what was here before is still here.
        """
        if not (answer.etag or answer.last_modified):
            return
        head = {
            "format": _MARK,
            "url": url,
            "content_type": answer.content_type,
            "etag": answer.etag,
            "last_modified": answer.last_modified,
            "sha256": sha256(answer.body).hexdigest(),
        }
        line = json.dumps(head).encode() + b"\n"
        if len(line) <= _HEAD_BYTES:
            self._write(self._path(url), line + answer.body)

    def drop(self, url: str) -> None:
        """Forget what this address gave."""
        self._path(url).unlink(missing_ok=True)

    def _path(self, url: str) -> Path:
        name = sha256(url.encode("utf-8", "surrogatepass")).hexdigest()
        return self._folder / name[:2] / name

    def _write(self, path: Path, content: bytes) -> None:
        """Put a file in place whole."""
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f"{path.name}.tmp")
        try:
            unfinished.write_bytes(content)
            os.replace(unfinished, path)  # noqa: PTH105 - says that it replaces
        except OSError:
            unfinished.unlink(missing_ok=True)
            raise


def _answer(head: dict[str, Any], body: bytes, url: str) -> Answer | None:
    texts = [head.get(name) for name in ("content_type", "etag", "last_modified")]
    is_whole = (head.get("format"), head.get("url"), head.get("sha256")) == (
        _MARK,
        url,
        sha256(body).hexdigest(),
    )
    if not is_whole or not all(isinstance(text, str) for text in texts):
        return None
    content_type, etag, last_modified = map(str, texts)
    return Answer(body, content_type, etag, last_modified)
