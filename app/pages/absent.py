"""Errors about studies that are not here, with what leads on: the archive, what is near, what took its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rembigraph.ontology import errors

if TYPE_CHECKING:
    from rembigraph.catalogue.ledger import WithdrawalEntry
    from rembigraph.ontology.identifiers import Accession


class UnknownStudyError(errors.UnknownAccession):
    """No such study here.

    Args:
        message: what was asked for.
        accession: the accession in canonical spelling, or an empty string when it is none.
        archive: name of the archive that it would be in.
        archive_page: that archive's page for it.
        nearest: accessions that are here and near it.
        named_by: accessions that are here and name it.
    """

    def __init__(
        self,
        message: str,
        *,
        accession: str = "",
        archive: str = "",
        archive_page: str = "",
        nearest: tuple[str, ...] = (),
        named_by: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message)
        self.details: dict[str, Any] = {
            "accession": accession,
            "archive": archive,
            "archive_page": archive_page,
            "nearest": list(nearest),
            "named_by": list(named_by),
        }


class WithdrawnStudyError(errors.WithdrawnAccession):
    """The study was withdrawn: with reason, date, and what takes its place."""

    def __init__(
        self,
        message: str,
        *,
        accession: str,
        reason: str,
        date: str,
        successor: str,
        archive_page: str,
        citation: str = "",
    ) -> None:
        super().__init__(message, reason=reason, date=date)
        self.details = {
            "accession": accession,
            "reason": reason,
            "date": date,
            "citation": citation,
            "successor": successor,
            "archive_page": archive_page,
        }

    @classmethod
    def of(cls, accession: Accession, gone: WithdrawalEntry, citation: str = "") -> WithdrawnStudyError:
        """Return the error about a study that the ledger says is withdrawn."""
        return cls(
            f"{accession} was withdrawn from this catalogue",
            accession=str(accession),
            reason=gone.reason,
            date=gone.time[:10],
            successor=gone.successor,
            archive_page=accession.landing_page,
            citation=citation,
        )
