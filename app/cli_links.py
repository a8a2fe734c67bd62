"""The commands about links and curation: `links`, `curation`."""

from __future__ import annotations

import click
from rembigraph.app.terminal import home_of, print_json, print_lines


@click.command()
@click.argument("accession", required=False)
@click.option(
    "--suggest", is_flag=True, help="Only suggestions: pairs that nothing links yet, for a curator to judge."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def links(ctx: click.Context, accession: str | None, suggest: bool, as_json: bool) -> None:
    """List what is linked with ACCESSION (or everything), with the evidence. EMDB and PDB identifiers work, too."""
    from rembigraph.app.pages.linkage import canonical_end, entries, link_lines, suggested
    from rembigraph.app.pages.text import plural
    from rembigraph.app.showing import open_snapshot

    with open_snapshot(home_of(ctx)) as snapshot:
        found = list(entries(snapshot, "" if accession is None else canonical_end(accession)))
    if suggest:
        found = suggested(found)
    if as_json:
        print_json({"version": 1, "links": found})
        return
    print_lines(link_lines(found))
    click.echo(plural(len(found), "suggestion" if suggest else "link"), err=True)


@click.command()
@click.argument("accession", required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice(["yaml", "tsv"]),
    default="yaml",
    help="yaml: to load again; tsv: a table.",
)
@click.pass_context
def curation(ctx: click.Context, accession: str | None, form: str) -> None:
    """Print what curators decided about ACCESSION (or everything), to send to the archive or to load elsewhere."""
    from rembigraph.app.pages.linkage import curation_tsv, curation_yaml
    from rembigraph.app.showing import canonical_accession, open_snapshot

    with open_snapshot(home_of(ctx)) as snapshot:
        study = "" if accession is None else snapshot.iris.study(canonical_accession(accession))
        found = snapshot.decisions(study)
        iris = snapshot.iris
    if form == "yaml":
        click.echo(curation_yaml((decision for decision, _ in found), iris), nl=False)
        return
    print_lines(curation_tsv(found, iris))
