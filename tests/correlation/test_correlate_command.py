"""The command `correlate`: places, records from files that load again, scores on held-out landmarks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from click.testing import CliRunner, Result
from rembigraph.app.cli import main
from rembigraph.app.loading import load
from rembigraph.catalogue.home import Home

from tests.correlation.made_places import ELECTRONS, LIGHT, LINEAR, RECORDS, SHIFT
from tests.made_catalogue import DATA, made, opened

LM, EM = f"{LIGHT}/cs/lm", f"{ELECTRONS}/cs/em"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    documents = [yaml.safe_dump(node, sort_keys=False) for node in yaml.safe_load_all(RECORDS)]
    return made(tmp_path_factory.mktemp("correlate") / "home", documents)


def run(home: Home, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--home", str(home.path), "correlate", *arguments])


def landmarks(path: Path, count: int, seed: int, off: float = 0.0) -> Path:
    """A BigWarp table of points of the light stack and where they lie in the electrons, x first."""
    chance = np.random.default_rng(seed)
    source = chance.uniform(0, 9, (count, 3))
    target = source @ np.array(LINEAR).T + np.array(SHIFT)
    target[:, 0] += off * np.where(np.arange(count) % 2, 1, -1)
    rows = [
        f"Pt-{at},true,{','.join(map(repr, one[::-1].tolist()))},{','.join(map(repr, other[::-1].tolist()))}"
        for at, (one, other) in enumerate(zip(source, target, strict=True))
    ]
    path.write_text(
        "\n".join([*rows, "Pt-last,false,1,2,3,Infinity,Infinity,Infinity"]) + "\n", encoding="utf-8"
    )
    return path


def test_a_point_with_its_error_and_way(home: Home) -> None:
    found = run(home, LM, EM, "--point", "4,4,4")
    assert found.exit_code == 0, found.output
    assert "lies at 5000, 4200, 36000 nanometer" in found.output
    assert "forward affine Light to electrons" in found.output
    told = json.loads(run(home, LM, EM, "--point", "4,4,4", "--json").stdout)
    assert told["points"][0]["point"] == [5000, 4200, 36000]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((LM,), 2, "needs two things"),
        ((LM, f"{LIGHT}/cs/nothing"), 1, "no record here describes"),
        ((LM, f"{LIGHT}/cs/lost"), 1, "no transformation joins"),
        ((LM, EM, "--point", "a,b"), 1, "is no number"),
        ((LM, EM, "--point", "1,2"), 1, "z,y,x"),
        (("--moving", LM, "x"), 2, "two ends"),
        (("--moving", LM, "--fixed", EM), 2, "no file"),
        (("--moving", LM, "--fixed", EM, "/nowhere"), 3, "cannot be read"),
        (("--moving", LM, "--fixed", EM, __file__), 1, "no format"),
    ],
)
def test_what_cannot_be_done_is_said(home: Home, arguments: tuple[str, ...], code: int, words: str) -> None:
    found = run(home, *arguments)
    assert (found.exit_code, words in found.output) == (code, True), found.output
    assert "Traceback" not in found.output


def test_a_record_from_landmarks_can_be_loaded_and_asked(home: Home, tmp_path: Path) -> None:
    fit, held_out = landmarks(tmp_path / "fit.csv", 12, 1, 3.0), landmarks(tmp_path / "held.csv", 6, 2)
    out = tmp_path / "record.yaml"
    ends = ("--moving", f"{LIGHT}/image/stack", "--fixed", f"{DATA}{ELECTRONS}/image/volume")
    done = run(home, *ends, str(fit), "--fit", "affine", "--evaluate", str(held_out), "--output", str(out))
    assert done.exit_code == 0, done.output
    record: dict[str, Any] = yaml.safe_load(out.read_text(encoding="utf-8"))
    kinds = {error["error_kind"]: error for error in record["transformation"][0]["has_error"]}
    assert set(kinds) == {"FRE", "leave_one_out", "TRE"}
    assert 0 < kinds["FRE"]["numeric_value"] < kinds["leave_one_out"]["numeric_value"]
    assert kinds["TRE"]["sample_size"] == 6
    assert "Pt-last" in record["correlation"][0]["attribute_text"][0]  # what no fit can use is kept
    other = made(tmp_path / "home", *[yaml.safe_dump(node) for node in list(yaml.safe_load_all(RECORDS))[1:]])
    assert [one.state for one in load([str(out)], other).outcomes] == ["loaded"]
    with opened(other) as snapshot:
        (path,) = (one for one in snapshot.atlas.transformations if one.startswith(f"{DATA}{LIGHT}"))
        step = snapshot.atlas.graph.steps[path]
        assert snapshot.atlas.graph.stated_rms(step) == pytest.approx(kinds["TRE"]["numeric_value"])
        assert len(step.fit.source) == 12  # type: ignore[union-attr]


def test_an_itk_file_keeps_its_direction(home: Home, tmp_path: Path) -> None:
    """ITK maps from fixed to moving: the record says so, and the inverse is left to whoever asks."""
    file = tmp_path / "shift.tfm"
    file.write_text(
        "#Insight Transform File V1.0\n#Transform 0\nTransform: TranslationTransform_double_3_3\n"
        "Parameters: 1 2 3\nFixedParameters: \n",
        encoding="utf-8",
    )
    found = run(home, "--moving", LM, "--fixed", EM, "--accession", "EXAMPLE-0899", str(file))
    assert found.exit_code == 0, found.output
    (transformation,) = yaml.safe_load(found.stdout)["transformation"]
    assert transformation["source_coordinate_system"] == EM
    assert transformation["target_coordinate_system"] == LM


def test_the_catalogues_own_way_is_scored(home: Home, tmp_path: Path) -> None:
    held_out = landmarks(tmp_path / "held.csv", 6, 2, 10.0)
    found = run(home, "--moving", LM, "--fixed", EM, "--evaluate", str(held_out), "--json")
    assert found.exit_code == 0, found.output
    score = json.loads(found.stdout)
    assert score["rms"] == pytest.approx(10.0)
    assert (score["landmarks"], score["unit"], score["stated_rms"]) == (6, "nanometer", pytest.approx(60.0))


ROOT = Path(__file__).resolve().parents[2]


def documented() -> list[tuple[list[str], str]]:
    """Each command of the documentation's section on scores, and what it prints."""
    section = (ROOT / "docs/correlation.md").read_text(encoding="utf-8").partition("## Scoring")[2]
    block = section.partition("```console\n")[2].partition("```")[0]
    commands = [part.partition("\n") for part in block.split("$ rembigraph correlate ")[1:]]
    return [(line.split(), printed) for line, _, printed in commands]


@pytest.mark.parametrize(("arguments", "printed"), documented(), ids=["held", "rigid", "affine"])
def test_the_made_up_challenge_is_scored_as_the_documentation_says(
    arguments: list[str], printed: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("challenge"))
    Path("app").symlink_to(ROOT / "app")
    home = made(Path("home").absolute(), [(ROOT / "app/sample/example.yaml").read_text(encoding="utf-8")])
    found = run(home, *arguments)
    assert found.exit_code == 0, found.output
    assert found.output.startswith(printed)


def test_a_rigid_map_keeps_lengths_in_other_units_too(home: Home, tmp_path: Path) -> None:
    """The map leads from micrometres to nanometres and keeps every length."""
    table = landmarks(tmp_path / "pairs.csv", 12, 3)
    found = run(home, "--moving", LM, "--fixed", EM, str(table), "--fit", "rigid", "--may-mirror")
    linear = np.array(yaml.safe_load(found.stdout)["transformation"][0]["parameters"]["affine"])[:, :3]
    assert np.linalg.svd(linear, compute_uv=False) == pytest.approx([1000] * 3)
