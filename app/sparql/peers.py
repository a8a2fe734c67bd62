"""The endpoints that SERVICE may ask.

The shipped list holds the addresses that their operators document (November 2026); none of them was asked when it was
written. Wherever one has moved, the setting `query_services` says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from rembigraph.ontology.errors import UsageError
from rembigraph.ontology.identifiers import is_web_address

SHIPPED: Final = {
    "uniprot": "https://sparql.uniprot.org/sparql",
    "rdfportal-pdb": "https://rdfportal.org/pdb/sparql",
    "ubergraph": "https://ubergraph.apps.renci.org/sparql",
    "wikidata": "https://query.wikidata.org/sparql",
    "wikidata-scholarly": "https://query-scholarly.wikidata.org/sparql",
    "nfdi4bioimage": "https://kg.nfdi4bioimage.de/N4BIKG/sparql",
    "ssbd": "https://knowledge.brc.riken.jp/bioresource/sparql",
    "omero-nfdi4bioimage": "https://omero.nfdi4bioimage.de/vkg/sparql",
    "omero-evolbio": "https://evolomero.evolbio.mpg.de/vkg/sparql",
}
"""Short name and address of each endpoint of the shipped list."""

_ARROW: Final = "=>"
_HOW: Final = (
    f"Write short names ({', '.join(SHIPPED)}), addresses, NAME=>ADDRESS or ADDRESS=>ADDRESS, with spaces"
    " between them; “shipped” for all of the list, “none” for no endpoint."
)


@dataclass(frozen=True, slots=True)
class Peers:
    """Which endpoints may be asked.

    Attributes:
        addresses: the IRI that a query names → the address that is asked.
    """

    addresses: Mapping[str, str]

    def __contains__(self, iri: object) -> bool:
        return iri in self.addresses

    def __iter__(self) -> Iterator[str]:
        return iter(self.addresses)

    def __bool__(self) -> bool:
        return bool(self.addresses)


NO_PEERS: Final = Peers({})


def read_peers(setting: str, *, is_loopback: bool, own: str) -> Peers:
    """Read the setting `query_services`.

    Args:
        setting: its value; empty means the shipped list on a loopback address, and none on any other.
        is_loopback: whether this server is bound to a loopback address.
        own: the address of this server's endpoint, which is never asked.

    Raises:
        UsageError: a word of it is neither a short name nor an address.
    """
    words = (setting or ("shipped" if is_loopback else "none")).split()
    addresses: dict[str, str] = {}
    for word in words:
        addresses |= _entry(word)
    return Peers({iri: address for iri, address in addresses.items() if address != own})


def _entry(word: str) -> dict[str, str]:
    if word == "none":
        return {}
    if word == "shipped":
        return {address: address for address in SHIPPED.values()}
    name, arrow, target = word.partition(_ARROW)
    iri = SHIPPED.get(name, name)
    address = target if arrow else iri
    for each in (iri, address):
        if not is_web_address(each):
            raise UsageError(
                f"setting query_services: {each[:200]!r} is no name or address of an endpoint", fix=_HOW
            )
    return {iri: address}
