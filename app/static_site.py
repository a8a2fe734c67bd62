"""`rembigraph export --site`: the pages, their forms and the feeds as files that any web server, or a browser, shows.

It is a copy of one generation. What no file can answer (searches, SPARQL, OAI-PMH) leads to the live catalogue. Links
between files are relative, so that a copy may lie anywhere.

| Address | File |
|---|---|
| `/` | `index.html` |
| `/S-BSST707`, `/S-BSST707.ttl` | `S-BSST707.html`, `S-BSST707.ttl` |
| `/studies?page=2` | `studies/page-2.html` |
| `/changes`, page after page | `changes.json` |
| `/dcat`, page after page | `dcat.nt` |
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import deque
from collections.abc import Callable, Iterator
from html import escape, unescape
from pathlib import Path
from posixpath import dirname, relpath
from typing import TYPE_CHECKING, Any, BinaryIO, Final
from urllib.parse import quote, unquote

from rembigraph.app.asking import Answered, ask
from rembigraph.app.exporting import appearing
from rembigraph.app.main import create_app
from rembigraph.app.negotiation import HTML, JSON
from rembigraph.app.sparql.limits import QueryLimits
from rembigraph.catalogue.changes import Changes, Window
from rembigraph.catalogue.following import StandingReader

if TYPE_CHECKING:
    from rembigraph.app.feeds.repository import Repository
    from rembigraph.app.pages.site import Site
    from rembigraph.catalogue.home import Home
    from rembigraph.catalogue.reader import Snapshot
    from starlette.types import ASGIApp

DESCRIPTION: Final = "site.json"
"""File that says what a copy is a copy of, and what it lacks."""
LIVE: Final = frozenset({"/sparql", "/oai", "/status", "/health", "/transform"})
"""Paths that only a server can answer; what lies below them, too."""
LISTS: Final = {"/changes": "changes.json", "/feeds/gide": "feeds/gide.json", "/dcat": "dcat.nt"}
"""Feeds that a server gives in pages and a copy in one file."""
DOCUMENTS: Final = {"/dumps": "dumps.json", "/fdp": "fdp.ttl", "/fdp/shapes": "fdp/shapes.ttl"}
"""Addresses without a suffix that give something else than a page."""
POINT: Final = "/fdp/dataset/"
"""What the addresses of studies in the FAIR Data Point begin with."""
FILES: Final = ("/robots.txt", "/sitemap.xml", "/dumps/void.ttl", "/context.jsonld")
"""Addresses that are asked for beside what pages lead to."""
PAGES: Final = ("/", "/studies", "/data")
_PACKED: Final = (".gz", ".zst", ".zip")
_TURTLE: Final = "text/turtle"
_TRIPLES: Final = "application/n-triples"
_LONGEST_NAME: Final = 200
_SUFFIX: Final = re.compile(r"\.[a-z][a-z0-9-]{0,14}(\.(gz|zst|json))?$")
_PAGED: Final = re.compile(r"/studies\?page=([1-9][0-9]{0,6})", re.ASCII)
_LOCAL: Final = re.compile(r'\b(href|src|action)="(/[^"/][^"]*|/)"')
_LINKED: Final = re.compile(r"<([^>]*)>([^<]*)")
_NEXT: Final = re.compile(rb"<http://www\.w3\.org/ns/hydra/core#next> <([^>]*)>")


def file_of(path: str) -> str:
    """Return the name of the file that holds what a path gives; empty when no file may have such a name.

    >>> file_of("/"), file_of("/S-BSST707"), file_of("/EXAMPLE-0101/specimen/cell%207"), file_of("/x/..%2Fy")
    ('index.html', 'S-BSST707.html', 'EXAMPLE-0101/specimen/cell 7.html', 'x/%2E.%2Fy.html')
    """
    if path in LISTS or path in DOCUMENTS:
        return {**LISTS, **DOCUMENTS}[path]
    if path == "/":
        return "index.html"
    if paged := _PAGED.fullmatch(path):
        return f"studies/page-{paged[1]}.html"
    if path.startswith(POINT):
        path += ".ttl"
    names = [_name(part) for part in path.removeprefix("/").split("/")]
    if not all(names):
        return ""
    return "/".join(names) + ("" if _SUFFIX.search(names[-1]) else ".html")


def _name(part: str) -> str:
    """Return a part of a path as the name of a file: as people read it, or percent-encoded, or empty."""
    encoded = f"%2E{part[1:]}" if part.startswith(".") else part
    return next(filter(_is_harmless, (unquote(part), encoded)), "")


def _is_harmless(name: str) -> bool:
    """Whether a name stays one name on a disk, whatever foreign text it is made of."""
    return (
        name.isprintable()
        and not name.startswith(".")
        and not set(name) & set('/\\*?"<>|')
        and 0 < len(name.encode("utf-8", "replace")) <= _LONGEST_NAME
    )


def is_live(address: str) -> bool:
    """Whether only a server can answer an address."""
    path, _, query = address.partition("?")
    if path.startswith("/static/") or _PAGED.fullmatch(address):
        return False
    if query or path.endswith("/decision.yaml"):
        return True
    return any(path == one or path.startswith(f"{one}/") for one in LIVE)


class StaticSite:
    """Writes a copy of what an application serves.

    Args:
        app: the application; it must stay at one generation.
        site: its addresses.
        folder: an empty folder.

    Attributes:
        left_out: addresses that have no file, with the reason.
        absent: addresses whose page says that nothing is there (404) or that it was withdrawn (410): their status.
        written: how many files there are.
    """

    def __init__(self, app: ASGIApp, site: Site, folder: Path) -> None:
        self.left_out: dict[str, str] = {}
        self.absent: dict[str, int] = {}
        self.written = 0
        self._app = app
        self._site = site
        self._folder = folder
        self._seen: set[str] = set()  # paths that no study has as its own, or that others lead to
        self._waiting: deque[str] = deque()

    async def write(self, snapshot: Snapshot, changes: Changes, say: Callable[[str], None]) -> None:
        """Write everything: pages and forms of every study, what they lead to, feeds, and the description."""
        self._wait_for(*PAGES, *FILES)
        for number, (accession, _) in enumerate(changes.every_held(), start=1):
            await self._study(accession)
            await self._page(POINT + accession)
            if number % 1000 == 0:
                say(f"{number:,} studies")
        for change in changes.every(Window()):
            if not change.is_held:
                await self._page(f"/{change.accession}")
        await self._crawl()
        await self._feeds()
        told = {
            "copy_of": self._site.public_url,
            "generation": snapshot.generation,
            "time": snapshot.meta["time"],
            "files": self.written + 1,
            "absent": self.absent,
            "left_out": self.left_out,
            "needs_a_server": sorted(LIVE),
        }
        self._file(DESCRIPTION).write_text(
            json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
        )

    # --- pages

    async def _study(self, accession: str) -> None:
        """Write the page of a study, its forms, and those of its things."""
        waiting, seen = deque([f"/{accession}"]), set()
        while waiting:
            path = waiting.popleft()
            if path in seen:
                continue
            seen.add(path)
            for found in await self._page(path):
                if _is_of(accession, found):
                    waiting.append(found)
                else:
                    self._wait_for(found)

    async def _crawl(self) -> None:
        while self._waiting:
            self._wait_for(*await self._page(self._waiting.popleft()))

    def _wait_for(self, *paths: str) -> None:
        """Note paths to be written after the studies, unless they are by then."""
        for path in paths:
            if path not in self._seen and path not in LISTS and not path.endswith(_PACKED):
                self._seen.add(path)
                self._waiting.append(path)

    async def _page(self, path: str) -> list[str]:
        """Write what an address gives and return the paths that it leads to."""
        name = file_of(path)
        if not name:
            self.left_out[path] = "no file may have such a name"
        if not name or self._file(name).exists():  # a page has two addresses: with .html and without
            return []
        content = bytearray()
        accept = _TURTLE if name.endswith(".ttl") else f"{HTML}, */*;q=0.5"
        answered = await ask(self._app, path, accept, content.extend)
        if answered.status in {404, 410}:
            self.absent[path] = answered.status
        elif answered.status != 200:
            self.left_out[path] = f"status {answered.status}"
            return []
        if answered.media_type != HTML:
            self._put(name, bytes(content))
            return []
        text = content.decode()
        self._put(name, self._linked(text, name).encode())
        return [*self._leads_to(text), *self._forms(answered)]

    def _leads_to(self, text: str) -> Iterator[str]:
        """Yield the paths that files may hold among those that a page has links to."""
        for match in _LOCAL.finditer(text):
            address = self._address(unescape(match[2]))
            if address and not is_live(address):
                yield _without_version(address)

    def _forms(self, answered: Answered) -> Iterator[str]:
        """Yield the paths of the other forms of a page, as its header `Link` names them."""
        for target, attributes in _LINKED.findall(answered.headers.get("link", "")):
            if re.search(r'rel="[^"]*\b(alternate|linkset)\b', attributes) and target.startswith(
                f"{self._site.public_url}/"
            ):
                yield target.removeprefix(self._site.public_url)

    def _address(self, link: str) -> str:
        """Return the address that a link of a page has here, without fragment; empty for one that leads elsewhere."""
        address = link.partition("#")[0]
        prefix = self._site.prefix
        return (
            address.removeprefix(prefix) or "/"
            if address.startswith(f"{prefix}/") or address == prefix
            else ""
        )

    def _linked(self, text: str, name: str) -> str:
        """Return a page with links to files, and to the live catalogue where there can be no file."""
        folder = dirname(name) or "."

        def link(match: re.Match[str]) -> str:
            written = unescape(match[2])
            address = self._address(written)
            if not address:
                return match[0]
            is_form = match[1] == "action"
            file = "" if is_form or is_live(address) else file_of(_without_version(address))
            target = quote(relpath(file, folder)) if file else self._site.url(address)
            return f'{match[1]}="{escape(target + "".join(written.partition("#")[1:]))}"'

        return _LOCAL.sub(link, text)

    # --- feeds

    async def _feeds(self) -> None:
        for number in self._sitemaps():
            await self._page(f"/sitemap-{number}.xml")
        for path in DOCUMENTS:
            await self._page(path)
        for path in ("/changes", "/feeds/gide"):
            with self._opened(LISTS[path]) as file:
                await self._list(path, file)
        with self._opened(LISTS["/dcat"]) as file:
            await self._triples("/dcat", file)
        dumps = (self._onward(one["url"]) for one in (await self._json("/dumps"))["files"])
        for path in ("/feeds/gide.zip", *dumps):
            with self._opened(file_of(path)) as file:
                await ask(self._app, path, "*/*", file.write)

    def _sitemaps(self) -> Iterator[int]:
        """Yield the numbers of the sitemaps, when there are several."""
        index = self._file("sitemap.xml").read_bytes()
        yield from range(1, index.count(b"<sitemap>") + 1)

    async def _list(self, path: str, file: BinaryIO) -> None:
        """Write a feed in JSON, all of its pages as one."""
        page = await self._json(path)
        head = json.dumps({name: page[name] for name in ("generation", "time", "total", "later")}, indent=1)
        file.write(head.removesuffix("\n}").encode() + b',\n "changes": [')
        between = b"\n"
        while page:
            for change in page["changes"]:
                file.write(between + json.dumps(change, ensure_ascii=False).encode())
                between = b",\n"
            page = await self._json(self._onward(page["next"])) if page["next"] else {}
        file.write(b"\n ]\n}\n")

    async def _triples(self, path: str, file: BinaryIO) -> None:
        """Write a feed in RDF, all of its pages as one."""
        while path:
            content = bytearray()
            await ask(self._app, path, _TRIPLES, content.extend)
            file.write(content)
            onward = _NEXT.search(content)
            path = self._onward(onward[1].decode()) if onward else ""

    async def _json(self, path: str) -> dict[str, Any]:
        content = bytearray()
        await ask(self._app, path, JSON, content.extend)
        found: dict[str, Any] = json.loads(content)
        return found

    def _onward(self, url: str) -> str:
        return url.removeprefix(self._site.public_url)

    # --- files

    def _put(self, name: str, content: bytes) -> None:
        with self._opened(name) as file:
            file.write(content)

    def _opened(self, name: str) -> BinaryIO:
        self.written += 1
        return self._file(name).open("xb")

    def _file(self, name: str) -> Path:
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def _without_version(address: str) -> str:
    """Return an address without the query that static files have; of a page of a list it is a part."""
    return address if _PAGED.fullmatch(address) else address.partition("?")[0]


def _is_of(accession: str, path: str) -> bool:
    """Whether a path is that of a study, of a form of it, or of one of its things."""
    rest = path.removeprefix(f"/{accession}")
    return rest != path and (not rest or rest[0] in "/.-")


def export_site(
    home: Home, site: Site, repository: Repository, folder: Path, say: Callable[[str], None]
) -> StaticSite:
    """Write pages and feeds of the newest generation as files; the folder appears whole or not at all.

    Args:
        home: the catalogue.
        site: addresses of the live catalogue.
        repository: who offers the records.
        folder: where to; an earlier copy is replaced.
        say: is told how far it is.

    Raises:
        UsageError: the folder is there already and holds something else.
        StoreDamaged: the disk is full or not writable.
    """
    reader = StandingReader(home)
    with reader.snapshot() as snapshot, appearing(folder, DESCRIPTION) as unfinished:
        app = create_app(
            home,
            site.public_url,
            QueryLimits(),
            persistent_iris=site.registered,
            repository=repository,
            reader=reader,
        )
        copy = StaticSite(app, site, unfinished)

        async def write() -> None:
            async with app.router.lifespan_context(app):
                with Changes.opened(snapshot.path) as changes:
                    await copy.write(snapshot, changes, say)

        asyncio.run(write())
        return copy
