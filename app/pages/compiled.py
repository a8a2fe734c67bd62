"""Templates as Python compiled them, kept between processes: to compile one anew takes longer than to fill it."""

from __future__ import annotations

from contextlib import suppress
from pickle import UnpicklingError
from typing import Final

from jinja2 import FileSystemBytecodeCache
from jinja2.bccache import Bucket

FORM: Final = 1
"""Part of the files' names; another number when the same template is to be compiled in another way."""


class CompiledTemplates(FileSystemBytecodeCache):
    """A folder of the user's own among the temporary files; what can't be kept there is compiled again.

    A file names the Python and holds a hash of the template that it is made of; any other is made again.
    """

    def __init__(self) -> None:
        super().__init__(pattern=f"rembigraph-{FORM}-%s")

    def load_bytecode(self, bucket: Bucket) -> None:
        """Read a template back, unless its file is torn."""
        try:
            super().load_bytecode(bucket)
        except (OSError, EOFError, ValueError, UnpicklingError):
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a template, unless the disk is full or the folder is gone."""
        with suppress(OSError):
            super().dump_bytecode(bucket)


def compiled_templates() -> CompiledTemplates | None:
    """Return where to keep templates; None where the system has no such folder that is safe."""
    try:
        return CompiledTemplates()
    except (OSError, RuntimeError):
        return None
