"""The command line `rembigraph`. Data goes to standard output, everything else to standard error.

Heavy modules are imported inside the commands, so that `--help` is quick. Exit codes: 0 ok; 1 ran, but data do not
conform or were refused; 2 usage; 3 input unreadable; 4 query error; 5 network or remote source; 6 timeout or limit;
7 store locked, damaged or disk full; 130 interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
from rembigraph.app.cli_correlate import correlate
from rembigraph.app.cli_links import curation, links
from rembigraph.app.cli_upkeep import backup, export, fsck, gc, restore, verify
from rembigraph.app.terminal import home_of, print_json, print_lines, settings_of
from rembigraph.ontology.errors import (
    CatalogueError,
    QueryError,
    QueryTimeout,
    QueryTooLarge,
    RecordInvalid,
    SourceError,
    SourceNotFetched,
    SourceUnavailable,
    StoreDamaged,
    StoreLocked,
    TransformRefused,
    UnknownAccession,
    UsageError,
    WithdrawnAccession,
)

EXIT_CODES: tuple[tuple[type[CatalogueError], int], ...] = (
    (StoreLocked, 7),
    (StoreDamaged, 7),
    (QueryTimeout, 6),
    (QueryTooLarge, 6),
    (QueryError, 4),
    (SourceNotFetched, 5),
    (SourceUnavailable, 3),
    (SourceError, 3),
    (RecordInvalid, 1),
    (TransformRefused, 1),
    (UnknownAccession, 1),
    (WithdrawnAccession, 1),
    (UsageError, 2),
)
FORMS = ("turtle", "jsonld", "ntriples", "nquads", "trig", "rdfxml")


class Commands(click.Group):
    """A group that turns our errors into a sentence and an exit code, and proposes the nearest command."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; only `--debug` shows a traceback."""
        try:
            return super().invoke(ctx)
        except CatalogueError as error:
            if ctx.params.get("debug"):
                raise
            _say_error(error)
            ctx.exit(exit_code(error))
        except BrokenPipeError:
            _silence_stdout()
            ctx.exit(0)
        except KeyboardInterrupt:
            click.echo(
                "Interrupted. What was not published has left no trace; call it again to go on.", err=True
            )
            ctx.exit(130)
        except OSError as error:
            if ctx.params.get("debug"):
                raise
            _say_error(_os_error(error))
            ctx.exit(7)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; an unknown one gets the nearest name."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            near = difflib.get_close_matches(args[0], self.list_commands(ctx), n=1)
            if not near:
                raise
            raise click.UsageError(f"{error.message} Did you mean {near[0]!r}?", ctx) from None


def exit_code(error: CatalogueError) -> int:
    """Return the exit code of an error."""
    return next((code for kind, code in EXIT_CODES if isinstance(error, kind)), 1)


def _say_error(error: CatalogueError) -> None:
    click.echo(f"Error: {error.message}", err=True)
    if error.where:
        click.echo(f"  where: {error.where}", err=True)
    if error.fix:
        click.echo(f"  what to do: {error.fix}", err=True)


def _os_error(error: OSError) -> CatalogueError:
    fix = "Check that the folder exists, that you may write to it, and that the disk has space."
    return CatalogueError(
        f"the system says: {error.strerror or error}", where=str(error.filename or ""), fix=fix
    )


def _silence_stdout() -> None:
    """The reader of our output has gone: don't let the interpreter complain at exit."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(version("rembigraph"), prog_name="rembigraph")
@click.option("--home", type=click.Path(path_type=Path), help="Folder of the catalogue (REMBIGRAPH_HOME).")
@click.option("--debug", is_flag=True, help="Show tracebacks.")
@click.pass_context
def main(ctx: click.Context, home: Path | None, debug: bool) -> None:
    """Rembigraph: the knowledge-graph catalogue of biological imaging.

    Start with `rembigraph demo`, or make a catalogue of your own: `rembigraph init`, `load`, `serve`.
    """
    ctx.obj = {"home": home, "debug": debug}


# --- a catalogue and its records


@main.command()
@click.argument("home", required=False, type=click.Path(path_type=Path))
@click.option("--data-base", help="IRI that data IRIs begin with (fixed from now on).")
@click.pass_context
def init(ctx: click.Context, home: Path | None, data_base: str | None) -> None:
    """Make an empty catalogue in HOME."""
    from rembigraph.catalogue.home import Home

    ctx.obj["home"] = home or ctx.obj["home"]
    settings = settings_of(ctx, data_base=data_base)
    made = Home.init(settings.home, settings.data_base)
    click.echo(f"Catalogue at {made.path} (data IRIs begin with {made.data_base})", err=True)


@main.command()
@click.argument("paths", nargs=-1, metavar="PATH|ACCESSION...")
@click.option("--live", is_flag=True, help="Fetch records by ACCESSION from BioStudies and EMPIAR instead.")
@click.option("--from", "list_file", type=click.Path(path_type=Path), help="File of accessions, or -.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option(
    "--coverage", is_flag=True, help="Print how much of the sources has a typed slot, and what has not."
)
@click.option("--strict", is_flag=True, help="Load all or nothing.")
@click.option(
    "--processes", type=click.IntRange(0, 256), default=0, help="Mapping processes (0: one a core)."
)
@click.pass_context
def load(
    ctx: click.Context,
    paths: tuple[str, ...],
    live: bool,
    list_file: Path | None,
    as_json: bool,
    coverage: bool,
    strict: bool,
    processes: int,
) -> None:
    """Load records: files, folders, zip or tar archives, or - for standard input; with --live, accessions."""
    from rembigraph.app.loading import load as load_records
    from rembigraph.app.report import coverage_json, coverage_lines, load_lines
    from rembigraph.app.showing import lapsed_warning
    from rembigraph.catalogue.home import Home

    live = live or (list_file is not None and not paths)
    if list_file and not live:
        raise UsageError("--from needs --live", fix="rembigraph load --live --from FILE ACCESSION...")
    if not live and not paths:
        raise UsageError("no PATH is given", fix="Name files or folders, or give --live and accessions.")
    if live:
        from rembigraph.app.live import asked_for, live_documents

        wanted = asked_for(paths, list_file)
    settings = settings_of(ctx)
    home = Home.init(settings.home, settings.data_base)
    with _progress("Fetching" if live else "Loading") as progress:
        if live:
            documents = live_documents(wanted, settings, home, progress)
            report = load_records([], home, documents=documents, strict=strict, processes=processes)
        else:
            report = load_records(paths, home, strict=strict, processes=processes, progress=progress)
    if as_json:
        print_json(report.as_json() | ({"coverage": coverage_json(report)} if coverage else {}))
    else:
        print_lines(load_lines(report))
        if coverage:
            print_lines(coverage_lines(report))
    for damage in report.mended:
        click.echo(f"Damaged: {damage}. The new generation was built from the archive.", err=True)
    click.echo("".join(f"{line}\n" for line in lapsed_warning(home)), err=True, nl=False)
    ctx.exit(report.exit_code)


@contextmanager
def _progress(word: str) -> Iterator[Callable[[int], None]]:
    """Show progress on a terminal; elsewhere a line for every 500 documents."""
    if not sys.stderr.isatty():
        yield lambda done: click.echo(f"{word}: {done} documents", err=True) if done % 500 == 0 else None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TextColumn("{task.completed} documents"))
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(word, total=None)
        yield lambda done: bar.update(task, completed=done)


@main.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "turtle"]), default="text", help="Output form."
)
@click.option(
    "--fail-on", type=click.Choice(["violation", "warning"]), default="violation", help="What gives exit 1."
)
@click.pass_context
def validate(ctx: click.Context, paths: tuple[str, ...], form: str, fail_on: str) -> None:
    """Validate records without a catalogue: what is wrong, where, and what to do."""
    from rembigraph.app.report import validation_json, validation_lines
    from rembigraph.app.validating import validate_paths
    from rembigraph.catalogue.validation import report_turtle

    with _progress("Validating") as progress:
        outcomes = validate_paths(paths, progress)
    if form == "json":
        print_json(validation_json(outcomes))
    elif form == "turtle":
        click.echo(report_turtle(outcome.report for outcome in outcomes), nl=False)
    else:
        print_lines(validation_lines(outcomes))
    unreadable = any(outcome.state == "failed" for outcome in outcomes)
    found = any(outcome.report.violations for outcome in outcomes)
    if fail_on == "warning":
        found = any(outcome.report.results for outcome in outcomes)
    ctx.exit(3 if unreadable else 1 if found else 0)


@main.command()
@click.argument("accession")
@click.option("--format", "form", type=click.Choice(["text", *FORMS]), default="text")
@click.pass_context
def show(ctx: click.Context, accession: str, form: str) -> None:
    """Show a study: its facts, its other parts, its sources."""
    from rembigraph.app.report import study_lines
    from rembigraph.app.showing import open_study

    home = home_of(ctx)
    with open_study(home, accession) as (snapshot, name):
        if form == "text":
            print_lines(study_lines(snapshot, name))
        else:
            click.echo(snapshot.serialise(name, form), nl=False)


@main.command()
@click.argument("accession")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--limit",
    default=1000,
    show_default=True,
    type=click.IntRange(1, 1_000_000),
    help="Show so many files at most.",
)
@click.pass_context
def files(ctx: click.Context, accession: str, as_json: bool, limit: int) -> None:
    """List the files of a study, from its sources in the archive folder; none listed is no error (exit 0)."""
    from rembigraph.app.files import files_json, files_lines, remarks, study_files

    found = study_files(home_of(ctx), accession, limit)
    if as_json:
        print_json(files_json(found))
    else:
        print_lines(files_lines(found))
    for line in remarks(found):
        click.echo(line, err=True)
    ctx.exit(3 if found.problems else 0)


@main.command()
@click.argument("words", nargs=-1)
@click.option("--archive", multiple=True, help="Only this archive.")
@click.option("--organism", multiple=True, help="Only this organism (name or NCBITaxon id).")
@click.option("--method", multiple=True, help="Only this imaging method (label or FBbi id).")
@click.option("--page", default=1, type=click.IntRange(1, 10_000), help="Page of the list.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def search(
    ctx: click.Context,
    words: tuple[str, ...],
    archive: tuple[str, ...],
    organism: tuple[str, ...],
    method: tuple[str, ...],
    page: int,
    as_json: bool,
) -> None:
    """Search studies by words, archive, organism and method."""
    from rembigraph.app.report import search_json, search_lines
    from rembigraph.app.showing import search_studies

    found = search_studies(home_of(ctx), " ".join(words), archive, organism, method, page)
    if as_json:
        print_json(search_json(found))
    else:
        print_lines(search_lines(found))


@main.command()
@click.argument("accession")
@click.option("--reason", required=True, help="Why; it is shown on the tombstone.")
@click.option("--successor", default="", help="Accession that takes its place.")
@click.pass_context
def withdraw(ctx: click.Context, accession: str, reason: str, successor: str) -> None:
    """Withdraw a study: its facts go, a tombstone stays."""
    from rembigraph.app.showing import canonical_accession
    from rembigraph.catalogue.ingest import Ingest

    with Ingest(home_of(ctx)) as ingest:
        name = canonical_accession(accession)
        result = ingest.withdraw(name, reason, canonical_accession(successor) if successor else "")
    _say_change(name, "withdrawn", result.generation, result.published)


@main.command()
@click.argument("accession")
@click.pass_context
def reinstate(ctx: click.Context, accession: str) -> None:
    """Take back a withdrawal."""
    from rembigraph.app.showing import canonical_accession
    from rembigraph.catalogue.ingest import Ingest

    with Ingest(home_of(ctx)) as ingest:
        name = canonical_accession(accession)
        result = ingest.reinstate(name)
    _say_change(name, "reinstated", result.generation, result.published)


def _say_change(accession: str, what: str, generation: int, published: bool) -> None:
    click.echo(
        f"{accession} {what} (generation {generation})" if published else f"{accession}: nothing to do",
        err=True,
    )


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def status(ctx: click.Context, as_json: bool) -> None:
    """Say what the catalogue holds."""
    from rembigraph.app.report import status_lines
    from rembigraph.app.showing import catalogue_status

    found = catalogue_status(home_of(ctx))
    if as_json:
        print_json(found)
    else:
        print_lines(status_lines(found))


@main.command()
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="File (default: standard output)."
)
@click.pass_context
def dump(ctx: click.Context, output: Path | None) -> None:
    """Write every served quad as canonical N-Quads: the same records always give the same bytes."""
    from rembigraph.catalogue.generations import dump as write_dump

    home = home_of(ctx)
    if output is None:
        write_dump(home, sys.stdout.buffer)
        return
    with output.open("wb") as file:
        write_dump(home, file)


# --- queries and the server


@main.command()
@click.argument("query", required=False)
@click.option(
    "-f", "--file", "file", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Query file."
)
@click.option("--format", "form", default="", help="table, json, xml, csv, tsv, turtle, ntriples, jsonld.")
@click.option("--timeout", type=float, help="Longest time in seconds.")
@click.pass_context
def query(ctx: click.Context, query: str | None, file: Path | None, form: str, timeout: float | None) -> None:
    """Ask a SPARQL query: text, @name of a bundled query, -f FILE, or standard input."""
    from rembigraph.app.querying import answer_query, query_text

    settings = settings_of(ctx, query_timeout=timeout)
    answer_query(home_of(ctx), query_text(query, file), form, settings, sys.stdout)


def _server_options(command: Callable[..., None]) -> Callable[..., None]:
    command = click.option("--host", default="127.0.0.1", show_default=True, help="Address to bind.")(command)
    command = click.option(
        "--port",
        default=8000,
        show_default=True,
        type=click.IntRange(0, 65535),
        help="Port; 0 picks a free one.",
    )(command)
    return click.option("--public-url", help="Address that people reach the server at.")(command)


@main.command()
@_server_options
@click.option(
    "--dataset", type=click.Path(path_type=Path), help="Serve this RDF file (.nq .trig .ttl .nt) only."
)
@click.option("--store", type=click.Path(path_type=Path), help="Serve this Oxigraph folder only, read-only.")
@click.option(
    "--union-default-graph", is_flag=True, help="With --store: all graphs count as the default graph."
)
@click.option(
    "--allow-unsandboxed", is_flag=True, help="Serve beyond loopback even without the query sandbox."
)
@click.pass_context
def serve(
    ctx: click.Context,
    host: str,
    port: int,
    public_url: str | None,
    dataset: Path | None,
    store: Path | None,
    union_default_graph: bool,
    allow_unsandboxed: bool,
) -> None:
    """Serve the catalogue: pages, records as RDF, and SPARQL at /sparql."""
    from rembigraph.app.serving import serve_catalogue, serve_store

    settings = settings_of(ctx, public_url=public_url)
    bind = (host, port)
    if dataset and store:
        raise UsageError("--dataset and --store exclude each other", fix="Give one of them.")
    if dataset or store:
        serve_store(dataset, store, union_default_graph, bind, settings, allow_unsandboxed)
    else:
        serve_catalogue(home_of(ctx), bind, settings, allow_unsandboxed=allow_unsandboxed)


@main.command()
@_server_options
@click.option("-o", "--open", "open_browser", is_flag=True, help="Open the browser.")
@click.pass_context
def demo(ctx: click.Context, host: str, port: int, public_url: str | None, open_browser: bool) -> None:
    """Load the bundled sample records into a temporary catalogue and serve it."""
    from rembigraph.app.demo import sample_catalogue
    from rembigraph.app.serving import serve_catalogue

    settings = settings_of(ctx, public_url=public_url)
    with ExitStack() as stack:
        with _progress("Loading the sample") as progress:
            home = stack.enter_context(sample_catalogue(settings, progress))
        serve_catalogue(home, (host, port), settings, open_browser=open_browser)


for command in (correlate, links, curation, fsck, restore, gc, backup, verify, export):
    main.add_command(command)
