"""The pages for people: home, list of studies, landing pages. Plain HTML, no JavaScript, no other host."""

from rembigraph.app.pages.rendering import (
    HTML_HEADERS,
    Site,
    local_link,
    make_renderer,
    secure,
    web_address,
)
from rembigraph.app.pages.router import pages_router, static_router

__all__ = [
    "HTML_HEADERS",
    "Site",
    "local_link",
    "make_renderer",
    "pages_router",
    "secure",
    "static_router",
    "web_address",
]
