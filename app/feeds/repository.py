"""Who offers the records: what feeds say of the catalogue itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rembigraph.app.feeds.index_ping import index_addresses
from rembigraph.ontology.errors import UsageError

if TYPE_CHECKING:
    from rembigraph.app.settings import Settings


@dataclass(frozen=True)
class Repository:
    """The catalogue as harvesters know it.

    Attributes:
        name: its name for people.
        admin_email: where its keeper is reached; empty when not set.
        metadata_license: IRI of the licence of the metadata; empty when not set.
        labslink_provider: identifier that Europe PMC assigned; empty when not set.
        indexes: addresses of the indexes that are told of the FAIR Data Point.
    """

    name: str = "Rembigraph"
    admin_email: str = ""
    metadata_license: str = ""
    labslink_provider: str = ""
    indexes: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: Settings) -> Repository:
        """Return who the settings say it is; raises UsageError for indexes that can't be told."""
        return cls(
            settings.repository_name,
            settings.admin_email,
            settings.metadata_license,
            settings.labslink_provider,
            index_addresses(settings.fdp_indexes, settings.public_url),
        )

    @property
    def email(self) -> str:
        """The address that OAI-PMH gives (section 4.2).

        Raises:
            UnknownKeeperError: none is set, and none is made up.
        """
        if not self.admin_email:
            raise UnknownKeeperError(
                "Identify must give an e-mail address of the keeper, and none is set",
                fix="The keeper sets REMBIGRAPH_ADMIN_EMAIL; all other verbs answer without it.",
            )
        return self.admin_email


class UnknownKeeperError(UsageError):
    """The keeper has not said how to be reached."""
