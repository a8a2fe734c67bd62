"""Records by accession: what is asked, what lands, and what a person reads when it does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from rembigraph.app.cli import main
from rembigraph.app.live import asked_for
from rembigraph.app.loading import load
from rembigraph.catalogue.home import Home
from rembigraph.ontology.errors import UsageError
from rembigraph.ontology.identifiers import Accession
from replay import Page, Replay, made_up_entry, made_up_list, made_up_submission

LISTS = {"list 1.json": made_up_list(4), "deep/list_2.tsv": b"Files\tsize\tWell\na.tif\t7\tB2\n"}


def _serve(replay: Replay) -> None:
    replay.submission("S-BIADTEST1", made_up_submission("S-BIADTEST1", tuple(LISTS)), LISTS)
    replay.submission("S-BIADTEST2", made_up_submission("S-BIADTEST2", tuple(LISTS)), LISTS, linked=True)
    replay.entry("EMPIAR-MADEUP", made_up_entry("EMPIAR-MADEUP"))


def _states(report: Any) -> dict[str, str]:
    return {one.accession: one.reason.code if one.reason else one.state for one in report.outcomes}


def test_records_of_both_sources_land_with_their_lists(
    replay: Replay, settings_of: Any, load_live: Any, dump_of: Any
) -> None:
    _serve(replay)
    report = load_live(settings_of(), "S-BIADTEST1", "s-biadtest2", "EMPIAR-MADEUP")
    assert _states(report) == dict.fromkeys(("S-BIADTEST1", "S-BIADTEST2", "EMPIAR-MADEUP"), "loaded")
    assert report.exit_code == 0
    assert (
        len(replay.asked) == 3 + 1 + 4 + 1
    )  # a link, four lists, one of them not where it was looked for first
    (agent,) = {one.agent for one in replay.asked}
    assert agent.startswith("rembigraph/")
    assert "(+https://" in agent
    lines = dump_of(settings_of()).decode().splitlines()
    for accession in ("S-BIADTEST1", "S-BIADTEST2"):
        for count in (4, 1):
            assert any(f"/{accession}/" in line and f'fileCount> "{count}"' in line for line in lines)


@pytest.mark.parametrize("linked", [False, True])
def test_a_file_loaded_afterwards_is_the_same_record(
    replay: Replay, settings_of: Any, load_live: Any, dump_of: Any, tmp_path: Path, linked: bool
) -> None:
    body = made_up_submission("S-BIADTEST1", tuple(LISTS))
    replay.submission("S-BIADTEST1", body, LISTS, linked=linked)
    settings = settings_of()
    load_live(settings, "S-BIADTEST1")
    folder = tmp_path / "in" / "S-BIADTEST1"
    for name, content in {"S-BIADTEST1.json": body, **LISTS}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    report = load([str(folder)], Home.open(settings.home), processes=1)
    assert _states(report) == {"S-BIADTEST1": "unchanged"}
    other = settings_of("other")
    load([str(folder)], Home.init(other.home, other.data_base), processes=1)
    assert dump_of(other) == dump_of(settings)


def test_what_is_not_there_fails_alone(replay: Replay, settings_of: Any, load_live: Any) -> None:
    _serve(replay)
    replay.pages["/empiar/api/entry/EMPIAR-EMPTY/"] = Page(b"{}")
    report = load_live(
        settings_of(), "S-BIADTEST9", "EMPIAR-MADEUP", "EMPIAR-NOTHERE", "EMPIAR-EMPTY", "S-BIADTEST1"
    )
    assert _states(report) == {
        "S-BIADTEST9": "not-found",
        "EMPIAR-MADEUP": "loaded",
        "EMPIAR-NOTHERE": "not-found",
        "EMPIAR-EMPTY": "not-found",
        "S-BIADTEST1": "loaded",
    }
    assert report.exit_code == 5
    message = report.outcomes[0].reason.message
    assert "S-BIADTEST9 was not loaded" in message
    assert "does not have it (404 Not Found)" in message


def test_a_record_without_one_of_its_lists_does_not_land(
    replay: Replay, settings_of: Any, load_live: Any
) -> None:
    """Neither the record nor a part of it, whatever is wrong with the list."""
    for name, lists in (
        ("S-BIADTEST1", {"a.json": made_up_list(1)}),
        ("S-BIADTEST2", {"a.json": made_up_list(1), "b.json": b'[{"path": "x"}, {]'}),
        ("S-BIADTEST3", {"a.json": made_up_list(1), "b.json": b'{"path": "x"}'}),
    ):
        replay.submission(name, made_up_submission(name, ("a.json", "b.json")), lists)
    names = ("../b.json", "b.json")
    replay.submission("S-BIADTEST4", made_up_submission("S-BIADTEST4", names), {"b.json": made_up_list(1)})
    report = load_live(settings_of(), *(f"S-BIADTEST{number}" for number in (1, 2, 3, 4)))
    assert _states(report) == {
        "S-BIADTEST1": "list-not-found",
        "S-BIADTEST2": "wrong-answer",
        "S-BIADTEST3": "wrong-answer",
        "S-BIADTEST4": "wrong-answer",
    }
    assert report.generation == 0
    assert report.exit_code == 5
    assert all("loaded whole or not at all" in one.reason.message for one in report.outcomes)
    assert all("passwd" not in one.path and "../" not in one.path for one in replay.asked)


def test_a_list_named_in_another_form_is_had_in_one_that_is_read(
    replay: Replay, settings_of: Any, load_live: Any
) -> None:
    names = ("a.xlsx", "b", "c.json")
    lists = {"a.tsv": b"Files\nx.tif\n", "b.json": made_up_list(2), "c.json": made_up_list(1)}
    replay.submission("S-BIADTEST1", made_up_submission("S-BIADTEST1", names), lists)
    assert _states(load_live(settings_of(), "S-BIADTEST1")) == {"S-BIADTEST1": "loaded"}


def test_the_record_of_another_study_is_refused(replay: Replay, settings_of: Any, load_live: Any) -> None:
    replay.submission("S-BIADTEST1", made_up_submission("S-BIADTEST2"))
    replay.entry("EMPIAR-MADEUP", made_up_entry("EMPIAR-OTHER"))
    report = load_live(settings_of(), "S-BIADTEST1", "EMPIAR-MADEUP")
    assert set(_states(report).values()) == {"wrong-answer"}
    assert "gave 'S-BIADTEST2' for it" in report.outcomes[0].reason.message


@pytest.mark.parametrize(
    "link",
    [
        "https://example.org/fire/",
        "http://127.0.0.2:1/fire/",
        "http://169.254.169.254/latest/",
        "ftp://127.0.0.1/fire/",
        "file:///etc/",
        "http://127.0.0.1:1/fire/",
        "{address}/fire/?key=",
        "http://user:secret@127.0.0.1/",
        "http://[::1",
    ],
)
def test_a_link_to_another_place_is_not_followed(
    replay: Replay, settings_of: Any, load_live: Any, link: str
) -> None:
    body = json.dumps({"ftpHttp_link": link.format(address=replay.address)}).encode()
    replay.pages["/biostudies/api/v1/studies/S-BIADTEST1"] = Page(body)
    report = load_live(settings_of(), "S-BIADTEST1")
    assert _states(report) == {"S-BIADTEST1": "wrong-answer"}
    assert {one.path for one in replay.asked} == {"/biostudies/api/v1/studies/S-BIADTEST1"}


def test_off_line_is_said_once_and_nothing_more_is_tried(
    settings_of: Any, load_live: Any, replay: Replay
) -> None:
    settings = settings_of(
        biostudies_url="http://127.0.0.1:9/biostudies", empiar_url="http://127.0.0.1:9/empiar"
    )
    report = load_live(settings, *(f"EMPIAR-MADEUP{number}" for number in range(40)))
    assert set(_states(report).values()) == {"offline"}
    assert "can't be reached" in report.outcomes[0].reason.message
    assert "HTTPS_PROXY" in report.outcomes[0].reason.message
    assert "not asked again in this run" in report.outcomes[39].reason.message
    assert report.exit_code == 5
    assert report.generation == 0


# --- the command


def _run(settings: Any, monkeypatch: pytest.MonkeyPatch, *arguments: str, stdin: str = "") -> Any:
    for name in ("home", "biostudies_url", "empiar_url", "live_pause", "live_backoff"):
        monkeypatch.setenv(f"REMBIGRAPH_{name.upper()}", str(getattr(settings, name)))
    return CliRunner().invoke(main, ["load", *arguments], input=stdin)


def test_the_command_reads_accessions_from_a_file(
    replay: Replay, settings_of: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _serve(replay)
    listed = tmp_path / "accessions.txt"
    text = (
        "\ufeff# two\r\nEMPIAR-MADEUP  # known\r\n\r\nS-BIADTEST1\r\nEMPIAR-MADEUP\r\nnonsense\r\nidr0001\r\n"
    )
    listed.write_text(text, encoding="utf-8")
    found = _run(settings_of(), monkeypatch, "--live", "--from", str(listed), "--json")
    records = json.loads(found.stdout)["records"]
    assert [one["accession"] or one["reason"]["code"] for one in records] == [
        "EMPIAR-MADEUP",
        "S-BIADTEST1",
        "unknown-accession",
        "not-live",
    ]
    assert [one["reason"]["pointer"] for one in records[2:]] == ["6:1", "7:1"]
    assert found.exit_code == 3
    again = _run(settings_of(), monkeypatch, "--live", "--from", "-", stdin="EMPIAR-MADEUP\n")
    assert "1 unchanged" in again.stdout
    assert again.exit_code == 0
    missing = _run(settings_of(), monkeypatch, "--live", "EMPIAR-NOTHERE", "EMPIAR-MADEUP")
    assert missing.exit_code == 5
    assert "EMPIAR-NOTHERE was not loaded" in missing.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--live"],
        ["--from", "x.txt"],
        ["--live", "--from", "no-such-file.txt"],
        ["--live", "--from", "/"],
    ],
)
def test_usage_errors_exit_2(settings_of: Any, monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> None:
    found = _run(settings_of(), monkeypatch, *arguments)
    assert found.exit_code == 2, found.output
    assert "Traceback" not in found.output


def test_each_accession_is_asked_for_once_in_the_order_given(tmp_path: Path) -> None:
    listed = tmp_path / "accessions.txt"
    listed.write_text("S-BIAD19\nempiar-10416\n", encoding="utf-8")
    found = asked_for(["EMPIAR-10416", "s-biad-19", "x@example.org"], listed)
    assert [str(one) for one in found if isinstance(one, Accession)] == ["EMPIAR-10416", "S-BIAD19"]
    assert len(found) == 3
    assert "example.org" not in str(found[2])
    with pytest.raises(UsageError):
        asked_for([], None)
