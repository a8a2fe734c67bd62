"""What the modules of the command line share: settings and catalogue of a call, and how values are printed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rembigraph.app.settings import Settings
    from rembigraph.catalogue.home import Home


def settings_of(ctx: click.Context, **options: Any) -> Settings:
    """Return the settings of a call; options that are None don't count."""
    from rembigraph.app.settings import load_settings

    return load_settings(home=ctx.obj["home"], **options)


def home_of(ctx: click.Context) -> Home:
    """Open the catalogue that a call is about."""
    from rembigraph.catalogue.home import Home

    return Home.open(settings_of(ctx).home)


def print_json(value: Any) -> None:
    """Print a value as one JSON document."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=1))


def print_lines(lines: Iterable[str]) -> None:
    """Print lines as they come."""
    for line in lines:
        click.echo(line)
