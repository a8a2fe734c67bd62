"""The command `correlate`: places from one image in another, records from transformation files, scores on landmarks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rembigraph.app.terminal import home_of, print_json, print_lines, settings_of
from rembigraph.ontology.errors import TransformRefused, UsageError

if TYPE_CHECKING:
    from rembigraph.app.correlating import End
    from rembigraph.catalogue.correlation.atlas import Atlas
    from rembigraph.catalogue.reader import Snapshot


@click.command()
@click.argument("things", nargs=-1, metavar="A B | FILE...")
@click.option("--point", "points", multiple=True, help="A point of A, such as z,y,x; may be repeated.")
@click.option("--via", multiple=True, help="A coordinate system to pass.")
@click.option("--avoid", multiple=True, help="A coordinate system or transformation not to touch.")
@click.option("--prefer", type=click.Choice(["error", "hops"]), default="error", show_default=True)
@click.option("--moving", help="IRI of the moving image or its coordinate system: write a record from FILEs.")
@click.option("--fixed", help="IRI of the fixed image or its coordinate system.")
@click.option(
    "--fit", "model", type=click.Choice(["rigid", "similarity", "affine"]), help="Fit to the landmarks."
)
@click.option("--may-mirror", is_flag=True, help="Let a rigid or similarity fit change handedness.")
@click.option("--axes", default="", help="Axes in the order of a file's numbers, such as z,y,x.")
@click.option("--unit", default="", help="Unit of the moving end, where a file does not tell.")
@click.option("--fixed-unit", default="", help="Unit of the fixed end.")
@click.option("--accession", default="", help="Study of the record; else that of the moving image.")
@click.option(
    "--evaluate", type=click.Path(path_type=Path), help="Score the map on these held-out landmarks."
)
@click.option("--output", type=click.Path(path_type=Path), help="File for the record; else standard output.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def correlate(ctx: click.Context, /, things: tuple[str, ...], **options: Any) -> None:
    """Find places of image A in image B; or make a correlation record from FILEs; or score a map.

    A and B are coordinate systems, or images that have one, as IRIs or without the data base. FILEs may be OME-Zarr
    metadata, BigDataViewer XML, BigWarp landmarks, MoBIE, ITK .tfm, plain matrices, Neuroglancer states or eC-CLEM.
    """
    if options["moving"] or options["fixed"]:
        _from_files(ctx, things, options)
        return
    if len(things) != 2:
        said = f"correlate needs two things, {len(things)} were given"
        raise UsageError(said, fix="Name A and B, or --moving and --fixed.")
    _find(ctx, things[0], things[1], options)


def _find(ctx: click.Context, source: str, target: str, options: dict[str, Any]) -> None:
    from rembigraph.app.pages.geometry import point
    from rembigraph.app.pages.transforming import with_sources
    from rembigraph.app.showing import open_snapshot
    from rembigraph.catalogue.correlation.answers import Question, answer

    points = [point(text, "--point") for text in options["points"]]
    with open_snapshot(home_of(ctx)) as snapshot:
        question = Question(
            source, target, points, via=options["via"], avoid=options["avoid"], prefer=options["prefer"]
        )
        found = with_sources(snapshot, answer(snapshot.atlas, question))
    if options["as_json"]:
        print_json(found)
    else:
        print_lines(lines_of(found))


def lines_of(found: dict[str, Any]) -> Iterator[str]:
    """Yield an answer for a terminal: the places, then the way with its evidence."""
    for one in found["points"]:
        yield f"{_row(one['given'])} lies at {_row(one['point'])} {one['unit'] or ''}".rstrip()
        where = {True: ", extrapolated", None: ", not known whether in the checked region"}
        yield f"    error there: {_error(one['rms'], one['unit'])}{where.get(one['extrapolated'], '')}"
    path = found["path"]
    yield f"{found['from']['title']} -> {found['to']['title']}: error {_error(path['rms'], path['unit'])}"
    for step in path["steps"]:
        yield f"    {step['direction']} {step['type']} {step['title']} ({step['record']}): {_stated(step)}"
    yield from (f"    other way: {_error(way['rms'], way['unit'])}" for way in found["alternatives"])
    yield from (f"Note: {note}" for note in found["notes"])


def _stated(step: dict[str, Any]) -> str:
    error = step["error"]
    if error:
        return f"{error['value']:.4g} {error['unit']} {error['kind']}"
    return "exact" if step["exact"] else "error not known"


def _row(values: list[float]) -> str:
    return ", ".join(f"{value:.6g}" for value in values)


def _error(rms: float | None, unit: str | None) -> str:
    return "not known" if rms is None else f"{rms:.3g} {unit or '(unit not known)'}"


def _from_files(ctx: click.Context, things: tuple[str, ...], options: dict[str, Any]) -> None:
    if not (options["moving"] and options["fixed"]):
        raise UsageError("a correlation has two ends", fix="Give both --moving and --fixed.")
    if not things and not options["evaluate"]:
        raise UsageError("there is no file to read", fix="Name files of transformations or landmarks.")
    with _catalogue(ctx) as snapshot:
        _make(ctx, things, options, snapshot)


@contextmanager
def _catalogue(ctx: click.Context) -> Iterator[Snapshot | None]:
    """Open the catalogue of the call, where there is one with something in it."""
    from rembigraph.app.showing import open_snapshot

    with ExitStack() as stack:
        snapshot = None
        with suppress(UsageError):
            snapshot = stack.enter_context(open_snapshot(home_of(ctx)))
        yield snapshot


def _make(
    ctx: click.Context, things: tuple[str, ...], options: dict[str, Any], snapshot: Snapshot | None
) -> None:
    """Write the record, and the score where held-out landmarks are given; the score alone where no file is."""
    from rembigraph.app import correlating
    from rembigraph.ontology.transform_documents import Stated

    atlas = snapshot.atlas if snapshot else None
    data_base = settings_of(ctx).data_base
    moving, fixed = (correlating.end_of(options[name], data_base, atlas) for name in ("moving", "fixed"))
    stated = Stated(tuple(filter(None, options["axes"].split(","))), options["unit"], options["fixed_unit"])
    if not things:
        _say_score(_score_of_path(atlas, moving, fixed, options["evaluate"], stated), options["as_json"])
        return
    found = correlating.read_files([Path(thing) for thing in things], moving, fixed, stated)
    errors: list[dict[str, Any]] = []
    if options["model"]:
        units = _unit_of(found, moving, "moving"), _unit_of(found, fixed, "fixed")
        errors += _fit(found, options["model"], options["may_mirror"], units)
    if options["evaluate"]:
        end, name = (moving, "moving") if found.backwards else (fixed, "fixed")
        score = _score(
            correlating.transform_of(found), found.backwards, (moving, fixed), options["evaluate"], stated
        )
        score["unit"] = _unit_of(found, end, name) or None
        errors.append(_stated_error("TRE", score["rms"], int(score["landmarks"]), score["unit"] or ""))
        _say_score(score, as_json=False, err=True)
    accession = options["accession"] or moving.study
    wanted = correlating.Wanted(
        accession,
        _title(snapshot, accession),
        tuple(errors),
        "landmark" if options["model"] else "",
        f"{options['model'].capitalize()} fit to landmarks" if options["model"] else "",
    )
    text = correlating.record_of(found, moving, fixed, wanted)
    if snapshot and any(one.kind == "rembigraph" for one in snapshot.sources(accession)):
        click.echo(
            f"Warning: {accession} has a hand-written record; loading this one takes its place.", err=True
        )
    if options["output"]:
        options["output"].write_text(text, encoding="utf-8")
        click.echo(f"Wrote {options['output']}; load it with: rembigraph load {options['output']}", err=True)
    else:
        click.echo(text, nl=False)


def _title(snapshot: Snapshot | None, accession: str) -> str:
    view = snapshot.record(accession) if snapshot and accession else None
    return view.study.text("title") if view else f"Correlation of {accession}"


def _unit_of(found: Any, end: End, name: str) -> str:
    units = {axis.get("unit", "") for axis in found.systems.get(name, {}).get("axes", [])}
    return end.unit or (units.pop() if len(units) == 1 else "")


def _stated_error(kind: str, rms: float, count: int, unit: str) -> dict[str, Any]:
    error = {
        "error_kind": kind,
        "statistic": "rms",
        "numeric_value": float(f"{rms:.9g}"),
        "sample_size": count,
    }
    return error | ({"unit_code": unit} if unit else {})


def _fit(found: Any, model: str, may_mirror: bool, units: tuple[str, str]) -> list[dict[str, Any]]:
    from rembigraph.app import correlating

    if found.transform is not None:
        raise TransformRefused(
            "several", "the files hold a transformation and --fit would make another", fix="leave one out"
        )
    result, left_out = correlating.fitted(found, model, may_mirror=may_mirror, units=units)
    found.transform = {"type": "affine", "affine": result.affine.tolist()}
    count, unit = len(result.source), units[1]
    errors = [_stated_error("FRE", result.fre_rms, count, unit)]
    return errors + ([_stated_error("leave_one_out", left_out, count, unit)] if left_out is not None else [])


def _score(
    transform: Any, backwards: bool, ends: tuple[End, End], landmarks: Path, stated: Any
) -> dict[str, Any]:
    from rembigraph.app import correlating

    held_out = correlating.read_files([landmarks], *ends, stated).landmarks
    if held_out is None or not len(held_out.source):
        raise TransformRefused(
            "no-landmarks", f"{landmarks.name} holds no usable landmarks", where=landmarks.name
        )
    return dict(correlating.scored(transform, backwards, held_out.source, held_out.target))


def _score_of_path(
    atlas: Atlas | None, moving: End, fixed: End, landmarks: Path, stated: Any
) -> dict[str, Any]:
    """Score the best path of the catalogue between two systems."""
    from rembigraph.catalogue.correlation.answers import unit_of
    from rembigraph.catalogue.correlation.paths import find_path

    if atlas is None:
        raise UsageError(
            "there is no catalogue with a way to score", fix="Load records, or name a file with a map."
        )
    source, target = (atlas.system_for(end.system or end.name) for end in (moving, fixed))
    path = find_path(atlas.graph, source, target)
    score = _score(path, False, (moving, fixed), landmarks, stated)
    return {
        **score,
        "unit": unit_of(atlas, target),
        "stated_rms": path.rms(),
        "path": [list(key) for key in path.keys],
    }


def _say_score(score: dict[str, Any], as_json: bool, err: bool = False) -> None:
    if as_json:
        click.echo(json.dumps(score, ensure_ascii=False, indent=1))
        return
    unit = score["unit"] or "(unit not known)"
    click.echo(f"{score['landmarks']} held-out landmarks: rms {score['rms']:.4g} {unit}", err=err)
    click.echo(f"    median {score['median']:.4g}, mean {score['mean']:.4g}, max {score['max']:.4g}", err=err)
    if "stated_rms" in score:
        click.echo(f"    stated: {_error(score['stated_rms'], score['unit'])}", err=err)
