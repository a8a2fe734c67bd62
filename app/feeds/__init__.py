"""Feeds for harvesters: changes, OAI-PMH, sitemap. All of them tell the state that `catalogue.changes` knows."""

from __future__ import annotations

from rembigraph.app.feeds.repository import Repository
from rembigraph.app.feeds.router import feeds_router

__all__ = ["Repository", "feeds_router"]
