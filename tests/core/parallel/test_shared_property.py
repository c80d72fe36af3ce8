# SPDX-License-Identifier: GPL-2.0-or-later
"""Values that several threads ask for at the same time."""

import time
from concurrent.futures import ThreadPoolExecutor

from plugin.core.parallel.shared_property import get_lock, shared_property


class Table:
    """An object with a value that takes a while, and one that uses it."""

    def __init__(self):
        self.computations = 0

    @shared_property
    def total(self):
        """Return a new object."""
        self.computations += 1
        time.sleep(0.05)
        return object()

    @shared_property
    def totals(self):
        """Return the total twice."""
        return self.total, self.total


def test_value_that_several_threads_ask_for_is_computed_once():
    table = Table()
    with ThreadPoolExecutor(8) as pool:
        totals = list(pool.map(lambda _: table.totals, range(8)))
    assert table.computations == 1
    assert {id(one) for pair in totals for one in pair} == {id(table.total)}


def test_value_of_one_object_is_computed_while_another_object_computes_its_value():
    tables = [Table() for _ in range(8)]
    started = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda table: table.total, tables))
    assert time.monotonic() - started < 8 * 0.05


def test_value_that_is_removed_is_computed_again():
    table = Table()
    first = table.total
    del table.__dict__["total"]
    assert table.total is not first


def test_objects_and_their_values_have_separate_locks_and_each_keeps_its_lock():
    first, second = Table(), Table()
    assert get_lock(first, "total") is get_lock(first, "total")
    assert len({id(get_lock(table, name)) for table in (first, second) for name in ("total", "totals")}) == 4
