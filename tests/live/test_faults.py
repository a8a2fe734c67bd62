"""Every fault of a source, one at a time: passing ones are lived through, lasting ones are named."""

from __future__ import annotations

import time
from typing import Any

import pytest
from rembigraph.loaders.fetch import seconds_of
from replay import HARMLESS, PERMANENT, SLOW, TRANSIENT, Replay, made_up_list, made_up_submission

ACCESSION = "S-BIADTEST1"
LIST = f"/biostudies/files/{ACCESSION}/a.json"


def _serve(replay: Replay) -> None:
    replay.submission(ACCESSION, made_up_submission(ACCESSION, ("a.json",)), {"a.json": made_up_list(2000)})


def _documents(settings: Any, *accessions: str) -> list[Any]:
    from rembigraph.app.live import asked_for, live_documents
    from rembigraph.catalogue.home import Home

    home = Home.init(settings.home, settings.data_base)
    return list(live_documents(asked_for(accessions, None), settings, home))


def _asked(replay: Replay, path: str) -> list[str]:
    return [one.fault for one in replay.asked if one.path == path]


@pytest.mark.parametrize("fault", TRANSIENT + SLOW)
def test_a_passing_fault_costs_one_repeat(replay: Replay, settings_of: Any, fault: str) -> None:
    _serve(replay)
    replay.plan = lambda path, number: fault if number == 1 else ""
    (document,) = _documents(settings_of(live_timeout=0.2, live_tries=3, live_deadline=3), ACCESSION)
    assert document.data == made_up_submission(ACCESSION, ("a.json",))
    assert [one.data for one in document.attached] == [made_up_list(2000)]
    hops = 5 if fault == "redirects for ever" else 1
    assert len(replay.asked) == 2 * (hops + 1)


@pytest.mark.parametrize("fault", TRANSIENT + PERMANENT)
def test_a_lasting_fault_of_one_list_is_named_and_the_others_go_on(
    replay: Replay, settings_of: Any, fault: str
) -> None:
    _serve(replay)
    replay.submission("S-BIADTEST2", made_up_submission("S-BIADTEST2"))
    replay.plan = lambda path, number: fault if path.startswith(LIST) else ""
    error, document = _documents(settings_of(live_tries=3), ACCESSION, "S-BIADTEST2")
    assert document.data == made_up_submission("S-BIADTEST2")
    assert error.accession == ACCESSION
    assert ACCESSION in error.message
    assert "'a.json'" in error.message
    assert error.fix
    assert len(_asked(replay, LIST)) <= 3
    if fault in PERMANENT:
        assert len(_asked(replay, LIST)) == 1


@pytest.mark.parametrize("fault", HARMLESS)
def test_unusual_answers_that_are_right_are_taken(replay: Replay, settings_of: Any, fault: str) -> None:
    _serve(replay)
    replay.plan = lambda path, number: fault
    (document,) = _documents(settings_of(), ACCESSION)
    assert document.data == made_up_submission(ACCESSION, ("a.json",))
    assert len(replay.asked) == 2


@pytest.mark.parametrize("fault", ["slow drip", "slow head"])
def test_a_slow_drip_ends_at_the_deadline(replay: Replay, settings_of: Any, fault: str) -> None:
    _serve(replay)
    replay.plan = lambda path, number: fault
    started = time.monotonic()
    (error,) = _documents(settings_of(live_deadline=0.8), ACCESSION)
    assert "took longer than its deadline" in error.message
    assert 0.3 < time.monotonic() - started < 2


def test_the_wait_that_a_source_asks_for_is_kept(replay: Replay, settings_of: Any) -> None:
    _serve(replay)
    replay.plan = lambda path, number: "429 after 1 s" if (path, number) == (LIST, 1) else ""
    _documents(settings_of(), ACCESSION)
    first, second = (one.moment for one in replay.asked if one.path == LIST)
    assert second - first >= 0.99


def test_a_source_that_asks_for_long_waits_is_left_alone(replay: Replay, settings_of: Any) -> None:
    replay.plan = lambda path, number: "429 after a day"
    found = _documents(settings_of(), *(f"EMPIAR-MADEUP{number}" for number in range(9)))
    assert {error.code for error in found} == {"source-busy"}
    assert "86400 s" in found[0].message
    assert len(replay.asked) == 3


def test_a_source_that_is_down_is_left_alone_after_a_while(replay: Replay, settings_of: Any) -> None:
    replay.plan = lambda path, number: "503"
    found = _documents(settings_of(live_tries=2), *(f"EMPIAR-MADEUP{number}" for number in range(30)))
    assert {error.code for error in found} == {"source-busy"}
    assert len(replay.asked) == 2 * 10


def test_requests_to_one_host_are_paced(replay: Replay, settings_of: Any) -> None:
    _serve(replay)
    started = time.monotonic()
    _documents(settings_of(live_pause=0.3), ACCESSION)
    assert time.monotonic() - started >= 0.3


def test_large_documents_take_no_more_than_their_bound(replay: Replay, settings_of: Any) -> None:
    _serve(replay)
    for fault in ("oversize", "oversize announced", "gzip bomb"):
        replay.forget()
        replay.plan = lambda path, number, fault=fault: fault  # type: ignore[misc]
        (error,) = _documents(settings_of(), ACCESSION)
        assert error.code == "too-large"
        assert "64 MiB" in error.message
        assert len(replay.asked) == 3
        assert all(one.sent < 80 * 1024 * 1024 for one in replay.asked)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("", None),
        ("-1", None),
        ("1e9", None),
        ("²", None),
        ("9" * 5000, 1e9),
        (" 7 ", 7.0),
        ("Thu, 99 Foo", None),
    ],
)
def test_retry_after_is_read_or_left(text: str, seconds: float | None) -> None:
    assert seconds_of(text) == seconds
