"""Compares what pages show with what the query behind it gives."""

from __future__ import annotations

import csv
import io
from typing import Any

import httpx

LISTS = {
    "components": ("StudyComponent",),
    "samples": ("Biosample", "Specimen"),
    "acquisitions": ("ImageAcquisition",),
    "images": ("Image",),
    "files": ("FileSet",),
    "others": ("AnalyzedData", "Annotation", "AnnotationMethod", "Protocol", "Instrument"),
    "transformations": ("CoordinateTransformation",),
    "systems": ("CoordinateSystem",),
}
"""Lists of a study's page, and the classes of what they list."""


def rows(client: httpx.Client, path: str) -> list[dict[str, str]]:
    """Run the query of a link to `/sparql` and return its rows."""
    answer = client.get(path, headers={"Accept": "text/csv"})
    assert answer.status_code == 200, (path, answer.text)
    return list(csv.DictReader(io.StringIO(answer.text)))


def differences(client: httpx.Client, snapshot: Any, accession: str, site: Any) -> list[str]:
    """Return where the queries behind the page of a study give something else than the page shows."""
    from rembigraph.app.pages.behind import study_queries
    from rembigraph.catalogue.summary import contributions

    view = snapshot.study(accession).view
    queries = study_queries(snapshot.record(accession), view, site)
    shown = {
        name: {node.iri for of in classes for node in view.of_class(of)} for name, classes in LISTS.items()
    }
    shown["authors"] = {node.iri for node in contributions(view)}
    shown["publications"] = {node.iri for node in view.study.nodes("publication")}
    shown["correlations"] = {node.iri for node in view.of_class("ImageCorrelation")}
    wrong = []
    for name, expected in shown.items():
        found = {row["value"] for row in rows(client, queries[name])}
        if found != expected:
            more, fewer = sorted(found - expected)[:3], sorted(expected - found)[:3]
            wrong.append(f"{accession} {name}: query {len(found)}, page {len(expected)}; {more} {fewer}")
    parts = {snapshot.iris.study(part.accession) for part in snapshot.parts(accession) if part.correlative}
    found = {row["part"] for row in rows(client, queries["parts"])}
    if found != parts:
        wrong.append(f"{accession} parts: query {sorted(found)}, page {sorted(parts)}")
    return wrong
