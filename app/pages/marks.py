"""The small marks that pages are full of, as functions: a macro of a template takes four times as long.

Whatever they are given is escaped, and cleaned of what hides or reorders text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup, escape
from rembigraph.app.pages import text
from rembigraph.app.pages.site import Site, web_address

if TYPE_CHECKING:
    from rembigraph.catalogue.recordview import Node, RecordView


@dataclass(frozen=True)
class Marks:
    """Writes names and links, as the macros of `macros.html` write what is larger.

    Attributes:
        site: where the catalogue is served.
    """

    site: Site

    def isolated(self, foreign: object) -> Markup:
        """Return foreign text that can't change the direction of what stands around it."""
        return Markup(f"<bdi>{_safe(foreign)}</bdi>")  # noqa: S704 - escaped

    def named(self, path: str, label: object) -> Markup:
        """Return a name, as a link when it has a page here."""
        name = self.isolated(label)
        return Markup(f'<a href="{_safe(path)}">{name}</a>') if path else name  # noqa: S704 - escaped

    def outward(self, address: str, label: object) -> Markup:
        """Return a link to another site; only the label when the address is no http(s) one."""
        name, web = self.isolated(label), web_address(address)
        if not web:
            return name
        return Markup(  # noqa: S704 - escaped
            f'<a class="out" href="{_safe(web)}" rel="noopener nofollow external">{name}'
            '<span aria-hidden="true">&nbsp;↗</span><span class="quiet-text"> (another site)</span></a>'
        )

    def thing(self, node: Node) -> Markup:
        """Return the name of a thing of a record, linked to its page."""
        return self.named(self.site.link(node.iri), text.cut(node.label, 160))

    def to(self, view: RecordView, iri: str, limit: int = 120) -> Markup:
        """Return the name of what an IRI stands for, linked to its page when a record here describes it."""
        return self.named(self.site.link(iri) if view.has(iri) else "", text.cut(view.label(iri), limit))

    def iri(self, view: RecordView, address: str) -> Markup:
        """Return what an IRI stands for, linked to its page here or at another site."""
        if address.startswith(self.site.data_base):
            return self.to(view, address, 160)
        return self.outward(address, text.cut(view.label(address), 160))


def _safe(value: object) -> Markup:
    return escape(text.shown(value))
