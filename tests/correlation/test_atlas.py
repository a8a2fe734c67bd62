"""The correlation graph read from a catalogue's records: places, errors, grades, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt
from pathlib import Path

import numpy as np
import pytest
import yaml
from pyoxigraph import NamedNode
from rembigraph.catalogue.correlation.answers import Question, answer
from rembigraph.catalogue.correlation.atlas import Atlas
from rembigraph.catalogue.correlation.coverage import covering
from rembigraph.catalogue.correlation.derived import IN_REGISTER
from rembigraph.catalogue.reader import Snapshot
from rembigraph.catalogue.transforms.geometry import Box
from rembigraph.ontology.errors import TransformRefused

from tests.correlation.made_places import ELECTRONS, LIGHT, LINEAR, RECORDS, SHIFT, X_RAYS
from tests.made_catalogue import DATA, made, opened


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snapshot]:
    folder: Path = tmp_path_factory.mktemp("places") / "home"
    documents = [yaml.safe_dump(node, sort_keys=False) for node in yaml.safe_load_all(RECORDS)]
    with opened(made(folder, documents[0], documents[1:])) as found:
        yield found


@pytest.fixture(scope="module")
def atlas(snapshot: Snapshot) -> Atlas:
    return snapshot.atlas


POINT = np.array([4.0, 4.0, 4.0])
THERE = np.array(LINEAR) @ POINT + np.array(SHIFT)


def test_a_point_is_found_in_another_archives_image_with_its_error(atlas: Atlas) -> None:
    found = answer(atlas, Question(f"{LIGHT}/image/stack", f"{DATA}{ELECTRONS}/image/volume", points=[POINT]))
    assert np.allclose(found["points"][0]["point"], THERE)
    assert found["points"][0]["unit"] == "nanometer"
    assert found["points"][0]["extrapolated"] is False
    (step,) = found["path"]["steps"]
    assert step["transformation"] == f"{DATA}{LIGHT}/transform/lm--em"
    assert step["direction"] == "forward"
    assert step["documents"] == ["https://example.org/registration.tfm"]
    assert found["path"]["rms"] == pytest.approx(60.0)  # 0.06 um, in the unit of the target
    assert found["path"]["mirrored"] is True


def test_the_error_grows_away_from_the_landmarks_and_is_flagged(atlas: Atlas) -> None:
    near, far = (
        answer(atlas, Question(f"{LIGHT}/cs/lm", f"{ELECTRONS}/cs/em", points=[np.array(point)]))["points"][0]
        for point in ([4.0, 4.0, 4.0], [40.0, 40.0, 40.0])
    )
    assert far["rms"] > 3 * near["rms"] > 0
    assert (near["extrapolated"], far["extrapolated"]) == (False, True)


def test_backwards_the_error_is_carried_through_the_inverse(atlas: Atlas) -> None:
    found = answer(atlas, Question(f"{ELECTRONS}/cs/em", f"{LIGHT}/cs/lm", points=[THERE]))
    assert np.allclose(found["points"][0]["point"], POINT)
    assert found["path"]["rms"] == pytest.approx(0.06)
    assert found["path"]["steps"][0]["direction"] == "inverse"


def test_a_pixel_grid_costs_nothing_and_is_no_hop(atlas: Atlas) -> None:
    found = answer(atlas, Question(f"{LIGHT}/cs/lm", f"{ELECTRONS}/cs/voxels", points=[POINT]))
    assert np.allclose(found["points"][0]["point"], THERE / 10)
    assert found["path"]["hops"] == 1
    assert found["path"]["rms"] == pytest.approx(6.0)
    assert found["points"][0]["unit"] == "pixel"


def test_an_error_that_is_no_root_mean_square_is_unknown_and_never_zero(atlas: Atlas) -> None:
    found = answer(atlas, Question(f"{LIGHT}/cs/lm", f"{X_RAYS}/cs/xr", points=[POINT]))
    assert found["path"]["rms"] is None
    assert found["points"][0]["rms"] is None
    assert found["path"]["unknown_errors"] == [f"{DATA}{X_RAYS}/transform/em--xr"]
    assert any("not known" in note for note in found["notes"])


def test_errors_of_two_steps_are_added_as_variances_in_the_target(atlas: Atlas) -> None:
    found = answer(atlas, Question(f"{ELECTRONS}/cs/em", f"{LIGHT}/cs/stage"))
    assert found["path"]["rms"] == pytest.approx(sqrt(0.06**2 + 0.5**2))


def test_a_superseded_version_is_not_walked_though_its_stated_error_is_smaller(atlas: Atlas) -> None:
    old = f"{DATA}{LIGHT}/transform/old"
    assert atlas.superseded_by == {old: f"{DATA}{LIGHT}/transform/lm--em"}
    with pytest.raises(TransformRefused, match="avoided") as refused:
        answer(atlas, Question(f"{LIGHT}/cs/lm", f"{ELECTRONS}/cs/em", avoid=[f"{LIGHT}/transform/lm--em"]))
    assert refused.value.code == "no-path"


@pytest.mark.parametrize(
    ("source", "target", "code"),
    [
        (f"{LIGHT}/cs/lm", f"{LIGHT}/cs/lost", "no-path"),
        (f"{LIGHT}/cs/lm", f"{LIGHT}/cs/none", "unknown-system"),
        (f"{LIGHT}/cs/lm", ELECTRONS, "ambiguous-system"),
        ("<script>", f"{LIGHT}/cs/lm", "unknown-system"),
        ("\x00", f"{LIGHT}/cs/lm", "unknown-system"),
        (f"{LIGHT}/cs/lm", "https://example.org/atlas", "unknown-system"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_words(
    atlas: Atlas, source: str, target: str, code: str
) -> None:
    with pytest.raises(TransformRefused) as refused:
        answer(atlas, Question(source, target, points=[POINT]))
    assert refused.value.code == code
    assert len(str(refused.value)) > 20


def test_a_point_of_the_wrong_dimension_names_the_axes(atlas: Atlas) -> None:
    with pytest.raises(TransformRefused, match="z,y,x"):
        answer(atlas, Question(f"{LIGHT}/cs/lm", f"{ELECTRONS}/cs/em", points=[np.array([1.0, 2.0])]))


def test_grades_are_those_of_what_the_records_hold(atlas: Atlas) -> None:
    grades = {atlas.short(iri): atlas.grade(one) for iri, one in atlas.correlations.items()}
    assert grades == {
        f"{LIGHT}/correlation/cell": "transform_with_error",
        f"{X_RAYS}/correlation/em-xr": "transform",  # the record says more than it holds
    }


def test_members_are_resolved_dangling_or_one_sided(atlas: Atlas) -> None:
    cell = atlas.correlations[f"{DATA}{LIGHT}/correlation/cell"]
    assert [(one.record.accession, one.state, one.one_sided) for one in atlas.members(cell)] == [
        (LIGHT, "resolved", None),
        (ELECTRONS, "resolved", True),
        ("EMPIAR-99990", "dangling", None),
    ]


def test_correlations_hang_together_over_studies(atlas: Atlas) -> None:
    assert [one.study for one in atlas.connected(LIGHT)] == [LIGHT, X_RAYS]
    assert atlas.connected("EXAMPLE-0899") == []


def test_images_that_cover_a_place_with_the_share_of_it(atlas: Atlas) -> None:
    """The light stack ends at z = 9.875 um; the electrons' volume, z being 9 um - z there, at 9.005 um."""
    place = Box(np.array([8.0, 21.0, 4.0]), np.array([10.0, 23.0, 6.0]))
    found = {one["image"].removeprefix(DATA): one for one in covering(atlas, f"{LIGHT}/cs/lm", place)}
    light, electrons = found[f"{LIGHT}/image/stack"], found[f"{ELECTRONS}/image/volume"]
    assert light["share_of_place"] == pytest.approx(1.875 / 2, abs=0.05)
    assert electrons["share_of_place"] == pytest.approx(1.005 / 2, abs=0.05)
    assert electrons["share_of_image"] == pytest.approx(8 * 0.5 / (10 * 20 * 20), rel=0.1)
    assert electrons["rms"] is not None
    assert found[f"{X_RAYS}/image/tomogram"]["rms"] is None


def test_conclusions_are_in_their_own_graph(snapshot: Snapshot) -> None:
    graph = NamedNode(snapshot.iris.graph("inferred"))
    lines = [line for line in snapshot.derived_triples() if IN_REGISTER in line]
    pairs = {tuple(part.strip("<>").removeprefix(DATA) for part in line.split()[::2])[:2] for line in lines}
    assert (f"{LIGHT}/image/stack", f"{ELECTRONS}/image/volume") in pairs
    assert (f"{X_RAYS}/image/tomogram", f"{ELECTRONS}/image/volume") in pairs
    assert all(graph.value in line for line in lines)
