from __future__ import annotations

import os

import pytest
from rembigraph.app.parallel import Lost, map_in_order


def _double(number: int) -> int:
    if number == 13:
        os._exit(1)  # what a stack overflow or the kernel's out-of-memory killer looks like
    return 2 * number


@pytest.mark.parametrize("count", [0, 1, 3, 4, 10, 12])
def test_results_come_in_order_and_none_is_missing(count: int) -> None:
    assert list(map_in_order(_double, range(count), processes=2)) == [2 * number for number in range(count)]


def test_an_item_that_kills_its_process_fails_alone() -> None:
    results = list(map_in_order(_double, range(10, 16), processes=2))
    assert isinstance(results[3], Lost)
    assert [result for result in results if not isinstance(result, Lost)] == [20, 22, 24, 28, 30]
