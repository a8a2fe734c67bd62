"""The metadata formats of OAI-PMH: what each is called, and how a study is written in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rembigraph.app.feeds import dublin_core
from rembigraph.app.feeds.xml import XSI, around, element, embedded
from rembigraph.catalogue.exports.datacite import PROFILE as DATACITE
from rembigraph.catalogue.exports.datacite_xml import DATACITE_XML
from rembigraph.catalogue.exports.dcat import dataset_triples
from rembigraph.catalogue.serialisation import NotRepresentableError, serialise

if TYPE_CHECKING:
    from rembigraph.catalogue.exports import Described
    from rembigraph.catalogue.reader import Snapshot

_KERNEL: Final = "4.5"
_DATACITE_SCHEMA: Final = f"http://schema.datacite.org/meta/kernel-{_KERNEL}/metadata.xsd"
_OAI_DATACITE: Final = "http://schema.datacite.org/oai/oai-1.1/"
_RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_RDF_SCHEMA: Final = "http://www.openarchives.org/OAI/2.0/rdf.xsd"


@dataclass(frozen=True)
class MetadataFormat:
    """A metadata format (OAI-PMH 2.0, section 3.4).

    Attributes:
        prefix: its `metadataPrefix`.
        schema: address of its XML Schema.
        namespace: its XML namespace.
        write: returns a study as one XML element; raises NotRepresentableError when the format cannot hold it.
        holds_all: whether it can hold every study.
    """

    prefix: str
    schema: str
    namespace: str
    write: Callable[[Snapshot, Described], str]
    holds_all: bool = True

    def written(self, snapshot: Snapshot, study: Described) -> str:
        """Return a study as one XML element; empty when the format cannot hold it."""
        try:
            return self.write(snapshot, study)
        except NotRepresentableError:
            return ""


def _datacite(_: Snapshot, study: Described) -> str:
    if not DATACITE_XML.applies(study):
        raise NotRepresentableError("DataCite asks for a year of release, which the record does not state")
    return embedded(DATACITE_XML.make(study))


def _oai_datacite(snapshot: Snapshot, study: Described) -> str:
    payload = _datacite(snapshot, study)
    return around(
        "oai_datacite",
        [
            element("schemaVersion", _KERNEL),
            element("datacentreSymbol", "Rembigraph"),
            around("payload", [payload]),
        ],
        xmlns=_OAI_DATACITE,
        xmlns__xsi=XSI,
        xsi__schemaLocation=f"{_OAI_DATACITE} {_OAI_DATACITE}oai.xsd",
    )


def _dcat(_: Snapshot, study: Described) -> str:
    # Triples have all that the writer looks at.
    return embedded(serialise(dataset_triples(study), "rdfxml", study.persistent))  # type: ignore[arg-type]


def _rembi(snapshot: Snapshot, study: Described) -> str:
    return embedded(snapshot.serialise(study.view.accession, "rdfxml"))


FORMATS: Final[Mapping[str, MetadataFormat]] = {
    each.prefix: each
    for each in (
        MetadataFormat(
            "oai_dc",
            dublin_core.SCHEMA,
            dublin_core.NAMESPACE,
            lambda _, study: dublin_core.dublin_core(study),
        ),
        MetadataFormat("oai_datacite", f"{_OAI_DATACITE}oai.xsd", _OAI_DATACITE, _oai_datacite, False),
        MetadataFormat("datacite", _DATACITE_SCHEMA, DATACITE, _datacite, False),
        MetadataFormat("dcat_ap", _RDF_SCHEMA, _RDF, _dcat, False),
        MetadataFormat("rembi", _RDF_SCHEMA, _RDF, _rembi, False),
    )
}
"""Formats by their prefixes."""
