"""eC-CLEM (Icy) `*_transfo.xml`: a list of 4 x 4 matrices, the first listed applied first.

The file states neither units nor whether numbers are pixels; both must be given. `order` is written by eC-CLEM and not
used when it reads, so it is kept and not used here either. Numbers are x,y,z; systems here have z,y,x.
"""

from __future__ import annotations

from typing import Any, Final

from rembigraph.loaders.transforms.numbers import affine, chain, number, reversed_axes, without_last_row
from rembigraph.loaders.transforms.places import space
from rembigraph.loaders.transforms.texts import Element
from rembigraph.ontology.errors import TransformRefused
from rembigraph.ontology.transform_documents import ReadStep, Stated, TransformDocument

FORMAT: Final = "ec-clem"
AXES: Final = ("z", "y", "x")

_MATRIX: Final = "MatrixTransformation"


def recognises(root: Element) -> bool:
    """Whether matrices of eC-CLEM lie directly below the root."""
    return root.first(_MATRIX) is not None


def read(root: Element, stated: Stated) -> TransformDocument:
    """Read the list as one transformation of the moving image.

    Raises:
        TransformRefused: `unit-not-stated`, or what is wrong, with element and line.
    """
    if not stated.unit:
        said = "an eC-CLEM file does not say in which unit its numbers are, or whether they are pixels"
        raise TransformRefused(
            "unit-not-stated", said, where=root.where, fix="state the unit, such as micrometer"
        )
    source, target = stated.source or "moving", stated.target or "fixed"
    found = TransformDocument(FORMAT)
    found.systems = {
        source: space(source, AXES, stated.unit),
        target: space(target, AXES, stated.target_unit or stated.unit),
    }
    matrices = list(root.all(_MATRIX))
    parts = [_affine(one) for one in matrices]
    found.add(ReadStep(root.where, source, target, chain(parts)))
    taken = {f"m{row}{column}" for row in range(4) for column in range(4)}
    for one in matrices:
        kept = {name: value for name, value in one.attributes.items() if name not in taken}
        found.kept |= {f"{one.where}@{name}": value for name, value in kept.items()}
    for child in root.children:
        if child.tag != _MATRIX:
            found.kept[child.where] = {**child.attributes, "#text": child.text.strip()}
    return found


def _affine(element: Element) -> dict[str, Any]:
    rows = [
        [
            number(element.attributes.get(f"m{row}{column}"), f"{element.where}@m{row}{column}")
            for column in range(4)
        ]
        for row in range(4)
    ]
    return affine(reversed_axes(without_last_row(rows, element.where)))
