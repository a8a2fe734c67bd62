"""How to get a study's data and metadata: addresses that are known, and commands and snippets made of them alone.

No address is guessed: each stands in the record, or is the folder that the archive publishes for an accession
(the archive table of `rembigraph.ontology.identifiers`).
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

from rembigraph.app.pages.site import web_address

if TYPE_CHECKING:
    from rembigraph.app.pages.site import Site
    from rembigraph.catalogue.exports import Described
    from rembigraph.catalogue.recordview import Node

_MAX_WAYS: Final = 12
_ZARR: Final = (".zarr", ".zarr/", ".zarr/0")


@dataclass(frozen=True)
class Way:
    """One way to get data.

    Attributes:
        what: what it gives, in words.
        address: where it lies.
        command: a command that fetches it; empty when it is looked at with a viewer or reader instead.
        byte_size: its size in bytes, None when not stated.
    """

    what: str
    address: str
    command: str = ""
    byte_size: int | None = None


@dataclass(frozen=True)
class Snippet:
    """A few lines that work as they stand: in which language, and what they do."""

    language: str
    what: str
    code: str


def ways(study: Described) -> list[Way]:
    """Return how the data of a study can be got, the whole of it first; at most `_MAX_WAYS`."""
    found: dict[str, Way] = {}
    for way in _every_way(study):
        if way.address and way.address not in found:
            found[way.address] = way
        if len(found) == _MAX_WAYS:
            break
    return list(found.values())


def _every_way(study: Described) -> Iterator[Way]:
    folder = study.accession.files
    if folder:
        size = study.study.integer("byte_size")
        yield Way("all files of the study", folder, _mirror(folder), size)
    for node in study.view.of_class("FileSet"):
        yield from _of_set(node, folder)
    yield from (_file(node, address) for node, address in _files(study))


def _files(study: Described) -> Iterator[tuple[Node, str]]:
    for name in ("ImageRepresentation", "FileReference"):
        for node in study.view.of_class(name):
            yield from ((node, address) for address in (*node.iris("access_url"), *node.iris("download_url")))


def _of_set(node: Node, folder: str) -> Iterator[Way]:
    """Yield the ways to a set of files: its own addresses, else its place in the folder of the study."""
    size = node.integer("byte_size")
    for address in map(web_address, node.iris("download_url")):
        yield Way(f"file set {node.label}", address, _fetch(address), size)
    places = [text.strip("/") for text in node.texts("path_pattern")] if folder else []
    for place in places:
        if place.split("/")[0] == "data" and "*" not in place and ".." not in place:
            address = folder + quote(place) + "/"
            yield Way(f"image set {node.label}", address, _mirror(address), size)


def _file(node: Node, address: str) -> Way:
    web = web_address(address)
    is_zarr = _is_zarr(web)
    what = f"OME-Zarr image {node.label}" if is_zarr else f"file {node.label}"
    return Way(what, web, "" if is_zarr else _fetch(web), node.integer("byte_size"))


def _is_zarr(address: str) -> bool:
    return ".zarr" in address and urlsplit(address).path.endswith(_ZARR)


def _fetch(address: str) -> str:
    """Return the command for one file, or for a folder when the address is one."""
    if address.endswith("/"):
        return _mirror(address)
    is_file = "." in urlsplit(address).path.rpartition("/")[2]
    return f"curl -L -C - -O {shlex.quote(address)}" if is_file else ""


def _mirror(folder: str) -> str:
    depth = len([part for part in urlsplit(folder).path.split("/") if part]) - 1
    return f"wget -c -r -np -nH -R 'index.html*' --cut-dirs={max(depth, 0)} {shlex.quote(folder)}"


def snippets(study: Described, site: Site) -> list[Snippet]:
    """Return lines that read the metadata of a study from this server, in several languages."""
    accession = str(study.accession)
    turtle = f"{study.page}.ttl"
    query = f"SELECT ?property ?value WHERE {{ <{study.view.iri}> ?property ?value }} LIMIT 100"
    return [
        Snippet("Python", "metadata, parts and citation", _python(accession, site.public_url)),
        Snippet("Shell", "the record as RDF", f"curl -L {shlex.quote(turtle)}"),
        Snippet("Shell", "the BibTeX entry", f"curl -L {shlex.quote(study.page + '.bib')}"),
        Snippet("R", "the record as a list", f'library(jsonlite)\nstudy <- fromJSON("{study.page}.json")'),
        Snippet("SPARQL", f"at {site.url('/sparql')}", query),
    ]


def _python(accession: str, url: str) -> str:
    return (
        "from rembigraph import Catalogue\n\n"
        f'catalogue = Catalogue("{url}")\n'
        f'study = catalogue["{accession}"]\n'
        "print(study.title)\n"
        "print([part.accession for part in study.parts])\n"
        'print(study.cite("bibtex"))'
    )


def readers(study: Described) -> list[Snippet]:
    """Return how tools of others read the pixels: tools that know the archive, or the form, of this study."""
    found = []
    if study.accession.archive.key == "EMPIAR":
        number = study.accession.text.rpartition("-")[2]
        catalogue = f"from empiarreader import EmpiarCatalog\n\nprint(list(EmpiarCatalog({number}).keys()))"
        found.append(Snippet("Python", "image sets with empiarreader", catalogue))
        preview = f"import scigantic_empiar\n\nscigantic_empiar.preview({number})"
        found.append(Snippet("Python", "one micrograph with scigantic-empiar", preview))
    zarr = next((web for _, address in _files(study) if _is_zarr(web := web_address(address))), "")
    if zarr:
        found.append(Snippet("Shell", "scales and sizes with ome-zarr", f"ome_zarr info {shlex.quote(zarr)}"))
    return found
