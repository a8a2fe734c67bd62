"""Who offers the records: what feeds say of the catalogue itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

NO_EMAIL: Final = "not-set" + "@" + "rembigraph.invalid"
"""Stands for the address of the keeper where none is set: OAI-PMH demands one, and this one reaches nobody."""


@dataclass(frozen=True)
class Repository:
    """The catalogue as harvesters know it.

    Attributes:
        name: its name for people.
        admin_email: where its keeper is reached; empty when not set.
    """

    name: str = "Rembigraph"
    admin_email: str = ""

    @property
    def email(self) -> str:
        """The address that OAI-PMH gives."""
        return self.admin_email or NO_EMAIL
