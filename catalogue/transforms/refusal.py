"""The refusal of a transformation, a point or a landmark set, in words and with a stable code."""

from __future__ import annotations

from typing import Any

from rembigraph.ontology.errors import CatalogueError


class TransformRefused(CatalogueError):
    """What was given cannot be evaluated, fitted or inverted.

    Args:
        code: a short stable word for programs, such as `matrix-shape` or `unknown-unit`.
        message: what is wrong, in a sentence.
        where: JSON pointer of the offending part; empty for the whole.
        fix: what to do about it.
        facts: numbers that belong to the refusal, such as `expected` and `got`.
    """

    def __init__(self, code: str, message: str, *, where: str = "", fix: str = "", **facts: Any) -> None:
        super().__init__(message, where=where, fix=fix)
        self.code = code
        self.facts = facts
