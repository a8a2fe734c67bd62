"""Commands that keep a catalogue sound: `fsck`, `restore`, `gc`, `backup`, `verify`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rembigraph.app.terminal import home_of, print_json, print_lines, settings_of
from rembigraph.ontology.errors import UsageError

if TYPE_CHECKING:
    from rembigraph.catalogue.fsck import Examination
    from rembigraph.catalogue.home import Home
    from rembigraph.catalogue.soundness import Damage

DAMAGED = 7
_SHOWN = 20


@click.command()
@click.option(
    "--quick", is_flag=True, help="Only what every start checks: files and counts, in milliseconds."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def fsck(ctx: click.Context, quick: bool, as_json: bool) -> None:
    """Compare everything on the disk with the ledger. Nothing is changed; exit 7 if something is damaged."""
    _report(ctx, _examined(home_of(ctx), quick), as_json, "The catalogue")


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def verify(ctx: click.Context, folder: Path, as_json: bool) -> None:
    """Prove that the backup in DIR is whole: every file and every quad. Exit 7 if it is not."""
    from rembigraph.catalogue.restore import open_backup

    found = _examined(open_backup(folder), quick=False)
    mend = (
        f"remove what is damaged and make the backup again; or, if the catalogue is lost, mend the backup itself: "
        f"`rembigraph --home {folder} restore`"
    )
    found.damages = [replace(damage, fix=mend) for damage in found.damages]
    _report(ctx, found, as_json, "The backup")


def _examined(home: Home, quick: bool) -> Examination:
    from rembigraph.catalogue.fsck import examine

    with _steps() as step:
        return examine(home, quick=quick, progress=step)


def _report(ctx: click.Context, found: Examination, as_json: bool, what: str) -> None:
    if as_json:
        print_json(found.as_json())
    else:
        print_lines(_examination_lines(found, what))
    ctx.exit(0 if found.is_sound else DAMAGED)


def _examination_lines(found: Examination, what: str) -> Iterator[str]:
    numbers = ", ".join(f"{number:,} {kind}" for kind, number in found.compared.items())
    verdict = (
        "is sound"
        if found.is_sound
        else f"is damaged: {len(found.damages)} things are not as they were written"
    )
    yield f"{what} {verdict} (compared: {numbers}; {found.seconds:.1f} s)"
    yield from _damage_lines(found.damages)
    yield from (f"  note: {remark}" for remark in found.remarks)


def _damage_lines(damages: Iterable[Damage]) -> Iterator[str]:
    """Say where and what, and once for each way to mend it what to do."""
    listed = list(damages)
    yield from (f"  {damage}" for damage in listed[:_SHOWN])
    if len(listed) > _SHOWN:
        yield f"  ... and {len(listed) - _SHOWN} more (--json lists them all)"
    for fix in list(dict.fromkeys(damage.fix for damage in listed))[:_SHOWN]:
        yield f"  what to do: {fix}"


@click.command()
@click.option(
    "--from", "backup", type=click.Path(path_type=Path), help="Backup from which to take what is lost here."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def restore(ctx: click.Context, backup: Path | None, as_json: bool) -> None:
    """Build a new generation from the archive, and mend ledger and archive. A running server follows.

    What the archive can't give is taken from the stores or, with --from, from a backup: only what has the right hash.
    (To take back a withdrawal: `rembigraph reinstate`.)
    """
    from rembigraph.catalogue.restore import open_backup
    from rembigraph.catalogue.restore import restore as restore_catalogue

    home = home_of(ctx)
    restored = restore_catalogue(home, open_backup(backup) if backup else None)
    if as_json:
        print_json(asdict(restored))
    else:
        for line in restored.done[:_SHOWN]:
            click.echo(line, err=True)
        if len(restored.done) > _SHOWN:
            click.echo(f"... and {len(restored.done) - _SHOWN} more", err=True)
        click.echo(f"Generation {restored.generation} serves {restored.records:,} records.")
        print_lines(_damage_lines(restored.lost))
    ctx.exit(DAMAGED if restored.lost else 0)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def gc(ctx: click.Context, as_json: bool) -> None:
    """Remove generations beyond the last three, and what killed commands left; never one that is in use."""
    from rembigraph.catalogue.restore import collect_garbage

    collected = collect_garbage(home_of(ctx))
    if as_json:
        print_json(asdict(collected))
        return
    kept = ", ".join(map(str, collected.kept)) or "none"
    click.echo(f"{collected.freed_bytes:,} bytes freed; generations kept: {kept}")
    for number in collected.in_use:
        click.echo(f"generation {number} is in use and stays until it is not", err=True)


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def backup(ctx: click.Context, folder: Path, as_json: bool) -> None:
    """Back the catalogue up to DIR; doing it again adds what is new. Loading and serving go on meanwhile.

    DIR is a catalogue itself: `rembigraph verify DIR` proves it, `rembigraph --home DIR serve` serves it.
    """
    from rembigraph.catalogue.backup import back_up

    made = back_up(home_of(ctx), folder)
    if as_json:
        print_json(asdict(made))
    else:
        click.echo(
            f"Generation {made.generation} with {made.records:,} records is backed up to {folder}"
            f" ({made.copied:,} new files, {made.bytes:,} bytes)"
        )
        print_lines(_damage_lines(made.lost))
    ctx.exit(DAMAGED if made.lost else 0)


@click.command()
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@click.option("--url", default="", help="Address of the server (default: the setting public_url).")
@click.option("--site", "as_site", is_flag=True, help="Write pages and feeds into DIR, for any web server.")
@click.pass_context
def export(ctx: click.Context, folder: Path | None, url: str, as_site: bool) -> None:
    """Write the dumps of the newest generation, with checksums: N-Quads, TriG, CSV, Parquet, VoID, EBI Search.

    Without DIR they lie in the catalogue, where `serve` finds them (/dumps). With --site, DIR gets every page, every
    form of every study, and the feeds; links in it are relative, and searches lead to the live catalogue.
    """
    from rembigraph.app.feeds import Repository
    from rembigraph.app.pages.site import Site
    from rembigraph.catalogue.home import Home

    settings = settings_of(ctx, public_url=url or None)
    if not settings.public_url:
        raise UsageError(
            "files name pages by their addresses, and that of the server is not set",
            fix="Add --url https://..., or set REMBIGRAPH_PUBLIC_URL.",
        )
    home = Home.open(settings.home)
    site = Site.of(settings.public_url, home.data_base, registered=settings.persistent_iris)

    def say(text: str) -> None:
        click.echo(text, err=True)

    if as_site:
        if folder is None:
            raise UsageError("a copy of the site needs a folder", fix="Name it: export --site DIR.")
        from rembigraph.app.static_site import export_site

        copy = export_site(home, site, Repository.of(settings), folder.absolute(), say)
        say(
            f"{copy.written:,} files"
            + (f"; {len(copy.left_out):,} left out, see site.json" if copy.left_out else "")
        )
        click.echo(folder.absolute() / "index.html")
        return
    from rembigraph.app.exporting import export as write

    made = write(
        home,
        site,
        Repository.of(settings),
        lambda number: (folder or home.dumps(number)).absolute(),
        say,
    )
    click.echo(made)


@contextmanager
def _steps() -> Iterator[Callable[[str], None]]:
    """Show on a terminal what is compared; elsewhere nothing."""
    if not sys.stderr.isatty():
        yield lambda step: None
        return
    from rich.console import Console

    with Console(stderr=True).status("Comparing") as shown:
        yield lambda step: shown.update(f"Comparing: {step}")
