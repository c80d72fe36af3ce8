# SPDX-License-Identifier: GPL-2.0-or-later
"""Run the rules that are declared concurrent in a second thread, while the caller's thread runs all others."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TypeVar

import numpy as np
import shapely

from ..base.cancellation import Cancellation
from ..base.parallel.process_state import get_thread_count, halve_threads, pause_garbage_collection
from ..model.rule import Rule

#: Older versions of GEOS store the box of a ring when first asked for it; two threads that ask at once damage it.
_MIN_GEOS_VERSION = (3, 12)

_Run = TypeVar("_Run")


def can_run_concurrently(rules: list[Rule]) -> bool:
    """Return True if two threads may and should run these rules."""
    return (
        get_thread_count() > 1
        and shapely.geos_version >= _MIN_GEOS_VERSION
        and len({rule.concurrent for rule in rules}) > 1
    )


def run_in_two_threads(
    rules: list[Rule],
    run_rule: Callable[[Rule, Cancellation], _Run],
    report_progress: Callable[[int, Rule], None],
    cancellation: Cancellation,
) -> list[_Run]:
    """Return what ``run_rule`` returns for each rule, in the order of the rules.

    ``run_rule``: called with a rule and a cancellation, for concurrent rules in a second thread. ``report_progress``:
    called in the caller's thread with the number of finished rules and a rule that runs now; it may raise.

    Raises
    ------
    Cancelled
        The user cancelled. No rule runs any more when this or another error is raised.
    """
    is_stopped = Event()
    error_state = np.geterr()
    worker_cancellation = Cancellation(lambda: is_stopped.is_set() or cancellation.is_cancelled)

    def run_in_worker(rule: Rule) -> _Run:
        # NumPy's handling of floating point errors is a setting of each thread.
        with np.errstate(**error_state):
            return run_rule(rule, worker_cancellation)

    runs: dict[str, _Run] = {}
    with pause_garbage_collection(), halve_threads(), ThreadPoolExecutor(1, "sanxian-rules") as pool:
        try:
            waiting = {rule.code: pool.submit(run_in_worker, rule) for rule in rules if rule.concurrent}

            def report(rule: Rule) -> None:
                report_progress(len(runs) + sum(future.done() for future in waiting.values()), rule)

            for rule in rules:
                if not rule.concurrent:
                    report(rule)
                    runs[rule.code] = run_rule(rule, cancellation)
            for rule in rules:
                if rule.concurrent:
                    if not waiting[rule.code].done():
                        report(rule)
                    runs[rule.code] = waiting.pop(rule.code).result()
        except BaseException:
            is_stopped.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return [runs[rule.code] for rule in rules]
