"""Choose twenty real studies for the validators, and write the made-up one that has open files.

Run with the catalogue's own Python: `python tests/validators/sample.py SHARED PORT FOLDER`. FOLDER then holds
`documents` (paths, one a line), `accessions` (of the twenty) and `made-up.yaml`, whose files lie at
`http://127.0.0.1:PORT/`.
"""

from __future__ import annotations

import csv
import hashlib
import sys
from collections import defaultdict
from itertools import zip_longest
from pathlib import Path

import yaml
from rembigraph.catalogue.recordview import natural_key
from rembigraph.ontology.identifiers import NotAnAccession, parse_accession

COUNT = 20
MADE_UP = "S-BIAD999001"
LABELS = b"cell,label\n1,mitochondrion\n2,nucleus\n"
IMAGE = b"made-up pixels"


def chosen(manifest: Path, count: int = COUNT) -> dict[str, list[str]]:
    """Return the files of the studies that the rule chooses, by accession.

    The rule: real documents fall into groups by archive and kind of document; round after round each group, in order
    of their names, gives the first of its accessions that is not chosen yet, until there are enough.
    """
    files, groups = defaultdict(list), defaultdict(set)
    for row in csv.DictReader(manifest.read_text(encoding="utf-8").splitlines(), delimiter="\t"):
        try:
            accession = parse_accession(row["accession"])
        except NotAnAccession:
            continue
        if row["real_or_synthetic"].startswith("real") and not accession.archive.is_of_drafts:
            files[str(accession)].append(row["file"])
            groups[accession.archive.key, row["kind"]].add(str(accession))
    ordered = [sorted(groups[name], key=natural_key) for name in sorted(groups)]
    rounds = (one for each in zip_longest(*ordered) for one in each if one)
    return {accession: files[accession] for accession in list(dict.fromkeys(rounds))[:count]}


def made_up(port: int) -> str:
    """Return a study whose image and annotation lie on a server on loopback."""
    base = f"http://127.0.0.1:{port}"
    study = {
        "accession": MADE_UP,
        "title": "Made-up image with labels",
        "description": "A made-up study with an image file and a file of labels, to be read by other programs.",
        "issued": "2024-05-06",
        "license": "https://creativecommons.org/licenses/by/4.0/",
        "keyword": ["made up"],
        "byte_size": len(IMAGE) + len(LABELS),
        "organism": [{"id": "NCBITaxon:9606", "scientific_name": "Homo sapiens"}],
        "imaging_method": [{"id": "FBbi:00000251", "label": "confocal microscopy"}],
        "contribution": [{"position": 1, "display_name": "Ada Example", "person": {"name": "Ada Example"}}],
        "publication": [{"title": "A made-up paper", "doi": "10.1234/made.up"}],
        "image": [{"key": "one", "title": "One", "representation": [
            {"format": "TIFF", "file_reference": [
                {"path": "one.tif", "media_type": "image/tiff", "byte_size": len(IMAGE), "checksum": _sha256(IMAGE),
                 "download_url": [f"{base}/one.tif"]}]}]}],
        "annotation": [{"key": "labels", "title": "Labels", "file_reference": [
            {"path": "labels.csv", "media_type": "text/csv", "byte_size": len(LABELS), "checksum": _sha256(LABELS),
             "download_url": [f"{base}/labels.csv"]}]}],
    }  # fmt: skip
    return yaml.safe_dump(study, sort_keys=False)


def _sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def main(shared: Path, port: int, folder: Path) -> None:
    """Write the sample."""
    real = shared / "realdata"
    found = chosen(real / "MANIFEST.tsv")
    if len(found) < COUNT:
        raise SystemExit(f"{real} has documents of {len(found)} studies only; {COUNT} are needed")
    study = folder / "made-up.yaml"
    study.write_text(made_up(port), encoding="utf-8")
    paths = [str(study), *(str(real / name) for names in found.values() for name in names)]
    (folder / "documents").write_text("\n".join(paths) + "\n", encoding="utf-8")
    (folder / "accessions").write_text("\n".join(found) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
