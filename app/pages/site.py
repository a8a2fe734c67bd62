"""Where the catalogue is served, and which addresses its pages may link to."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, quote_plus, urlsplit

from rembigraph.ontology.identifiers import Iris, is_accession, is_web_address

_ENCODED: Final = str.maketrans({char: quote_plus(char) for char in map(chr, range(128))})
_KEPT_IN_URLS: Final = "%/:?#[]@!$&'()*+,;=~-._"


@dataclass(frozen=True)
class Site:
    """Where the catalogue is served.

    Attributes:
        public_url: address that people reach it at, without a slash at the end.
        data_base: data base IRI.
        registered: whether IRIs of the data base lead to the pages here, so that a study may be cited by its IRI.
        picture_hosts: origins whose pictures pages show at once; those of others lie behind a link.
    """

    public_url: str
    data_base: str
    registered: bool = False
    picture_hosts: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        public_url: str,
        data_base: str,
        *,
        registered: bool = False,
        picture_hosts: tuple[str, ...] = (),
    ) -> Site:
        """Return the site of a public address; a slash at its end does not matter."""
        return cls(public_url.rstrip("/"), data_base, registered, picture_hosts)

    @property
    def prefix(self) -> str:
        """Path below which the catalogue is served; empty at the root of a host."""
        return urlsplit(self.public_url).path.rstrip("/")

    def path(self, path: str) -> str:
        """Return the path of a page as links write it; `path` begins with a slash."""
        return self.prefix + path

    def url(self, path: str) -> str:
        """Return the absolute address of a page; never made from a request's Host."""
        return self.public_url + path

    def link(self, iri: str) -> str:
        """Return the local path of an IRI of this catalogue; empty for any other."""
        local = local_link(iri, self.data_base)
        return self.path(local) if local else ""

    def shows(self, picture: str) -> bool:
        """Whether pages show the picture at an address at once."""
        return bool(self.picture_hosts) and origin(picture) in self.picture_hosts

    def query(self, query: str) -> str:
        """Return the path of the SPARQL page with a query filled in."""
        # A study's page has fourteen queries, and the library takes its time over each of their bytes.
        encoded = query.translate(_ENCODED) if query.isascii() else quote_plus(query)
        return self.path(f"/sparql?query={encoded}")


def local_link(iri: str, data_base: str) -> str:
    """Return the path under which an IRI of the data base is served; empty for any other IRI.

    The first segment must be an accession, so that no IRI can lead to another host or page.
    """
    relative = Iris(data_base).relative(iri)
    if not relative or not is_accession(relative.split("/", 1)[0]):
        return ""
    return "/" + quote(relative, safe=_KEPT_IN_URLS)


def origin(address: str) -> str:
    """Return scheme, host and port of an http(s) address; empty for everything else."""
    if not is_web_address(address):
        return ""
    parts = urlsplit(address)
    with suppress(ValueError):
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.scheme.lower()}://{parts.hostname}{port}"
    return ""


def web_address(iri: str) -> str:
    """Return an http(s) address as a link may carry it; empty for everything else."""
    return quote(iri, safe=_KEPT_IN_URLS) if is_web_address(iri) else ""
