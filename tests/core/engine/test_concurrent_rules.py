# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules in two threads: order, errors, cancellation, and results equal to those of one thread."""

import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest

from plugin.core.cancellation import NEVER_CANCELLED, Cancellation
from plugin.core.check import RunOptions, check_plan
from plugin.core.engine import concurrent_rules
from plugin.core.engine.concurrent_rules import can_run_concurrently, run_in_two_threads
from plugin.core.engine.context import RuleContext
from plugin.core.engine.evaluate import BoundaryCaches
from plugin.core.engine.rule_memory import RuleMemory
from plugin.core.errors import Cancelled
from plugin.core.examples.plans import run_example
from plugin.core.model.report import Outcome
from plugin.core.model.rule import load_all_rules
from plugin.core.parallel.process_state import get_thread_count, set_thread_count
from plugin.core.plan.layer import Layer
from plugin.core.plan.layer_table import LayerTable
from plugin.paths import SAMPLE_FOLDER
from tests.county import make_county
from tests.county.source import make_read_layers
from tests.parametrize import first_daily

CONCURRENT_RULES = [rule for rule in load_all_rules().values() if rule.concurrent]


@pytest.fixture
def two_threads():
    former_count = get_thread_count()
    set_thread_count(2)
    yield
    set_thread_count(former_count)


def make_rules(text):
    """Return a rule for each letter; those with a capital letter are concurrent."""
    return [SimpleNamespace(code=letter, concurrent=letter.isupper()) for letter in text]


def run_letters(text, run_rule, cancellation=NEVER_CANCELLED, report_progress=lambda number, rule: None):
    return run_in_two_threads(make_rules(text), run_rule, report_progress, cancellation)


def test_results_are_in_the_order_of_the_rules_and_concurrent_rules_run_in_one_other_thread():
    runs = run_letters("AbCdEf", lambda rule, _: (rule.code, threading.get_ident()))
    assert "".join(code for code, _ in runs) == "AbCdEf"
    assert {ident for code, ident in runs if code.islower()} == {threading.get_ident()}
    assert len({ident for code, ident in runs if code.isupper()} - {threading.get_ident()}) == 1


def test_rules_of_both_kinds_run_at_the_same_time():
    barrier = threading.Barrier(2, timeout=20)
    assert len(run_letters("aB", lambda rule, _: barrier.wait())) == 2


def test_cancelled_rule_of_the_calling_thread_stops_the_other_thread_before_the_error_is_raised():
    started, ended = threading.Event(), threading.Event()

    def run(rule, cancellation):
        if not rule.concurrent:
            assert started.wait(20)
            raise Cancelled
        started.set()
        try:
            while not cancellation.is_cancelled:
                time.sleep(0.001)
            cancellation.raise_if_cancelled()
        finally:
            ended.set()

    with pytest.raises(Cancelled):
        run_letters("aBC", run)
    assert ended.is_set()


def test_request_to_cancel_reaches_the_other_thread():
    is_requested = threading.Event()

    def run(rule, cancellation):
        is_requested.set()
        cancellation.raise_if_cancelled()

    with pytest.raises(Cancelled):
        run_letters("A", run, Cancellation(is_requested.is_set))


def test_error_in_the_other_thread_is_raised():
    def run(rule, _):
        if rule.concurrent:
            raise ValueError("an error")

    with pytest.raises(ValueError, match="an error"):
        run_letters("aB", run)


def test_other_thread_uses_the_floating_point_error_settings_of_the_caller():
    with np.errstate(divide="raise"):
        assert run_letters("aB", lambda rule, _: np.geterr()["divide"]) == ["raise", "raise"]


@pytest.mark.parametrize(
    ("rules", "threads", "version", "expected"),
    [
        ("aB", 2, (3, 13, 0), True),
        ("aB", 1, (3, 13, 0), False),
        ("aB", 2, (3, 11, 1), False),
        ("ab", 2, (3, 13, 0), False),
        ("AB", 2, (3, 13, 0), False),
    ],
)
def test_rules_run_in_two_threads_only_if_both_kinds_threads_and_a_safe_version_exist(
    rules, threads, version, expected, monkeypatch
):
    monkeypatch.setattr(concurrent_rules, "get_thread_count", lambda: threads)
    monkeypatch.setattr(concurrent_rules.shapely, "geos_version", version)
    assert can_run_concurrently(make_rules(rules)) is expected


def test_layers_that_a_thread_reads_are_not_recorded_for_another_thread():
    table = LayerTable({"A": "layer A", "B": "layer B"})
    is_read, may_end = threading.Event(), threading.Event()
    recorded = []

    def read_in_another_thread():
        with table.record_use() as use:
            assert table["B"]
            is_read.set()
            assert may_end.wait(20)
        recorded.append(use)

    with table.record_use() as use:
        thread = threading.Thread(target=read_in_another_thread)
        thread.start()
        assert is_read.wait(20)
        assert table["A"]
        may_end.set()
        thread.join()
        assert "C" not in table
    assert (use.roles_read, use.roles_tested) == ({"A"}, {"C"})
    assert (recorded[0].roles_read, recorded[0].roles_tested) == ({"B"}, set())


def test_boundaries_of_a_layer_are_released_after_the_last_rule_that_compares_them_in_any_order(two_threads):
    plan = check_plan(SAMPLE_FOLDER, RunOptions(profile="hunyuan")).plan
    rules = [load_all_rules()[code] for code in ("TOP001", "TOP003", "LAW010")]
    farmland = plan.find_layer_of_concept("farmland")
    caches = BoundaryCaches(plan, rules)
    for rule, is_kept in zip((rules[2], rules[0], rules[1]), (True, True, False), strict=True):
        assert farmland.polygons.lines is not None
        caches.release_after(rule)
        assert ("lines" in farmland.polygons.__dict__) is is_kept


@pytest.mark.parametrize("rule", CONCURRENT_RULES, ids=lambda rule: rule.code)
def test_concurrent_rules_use_no_shared_value_and_measure_no_whole_layer(rule, monkeypatch):
    def fail(*arguments, **settings):
        raise AssertionError(f"{rule.code} is declared concurrent")

    monkeypatch.setattr(RuleContext, "compute_shared", fail)
    monkeypatch.setattr(Layer, "statutory", property(fail))
    monkeypatch.setattr(Layer, "measure_statutory", fail)
    monkeypatch.setattr(Layer, "is_measured", property(fail))
    for example in (*rule.fails, *rule.passes):
        report = run_example(rule, example)
        assert [one.reason for one in report.rules if one.outcome is Outcome.CRASHED] == [], example.title


def list_comparable_parts(report):
    """Return a report as plain data, without times."""
    data = report.to_dict()
    data["provenance"] = {k: v for k, v in data["provenance"].items() if k not in ("seconds", "started")}
    for outcome in data["rules"]:
        outcome.pop("seconds")
    return data


@pytest.mark.parametrize("seed", first_daily(range(4)))
def test_report_of_two_threads_equals_that_of_one_thread(seed, two_threads):
    layers = make_read_layers(make_county(2500, seed, full=seed % 2 == 1, vertices_per_edge=3)[0])
    options = RunOptions(profile="hunyuan", rules=("all",) if seed % 2 else ())
    concurrent_report = list_comparable_parts(
        check_plan(layers, options, memory=RuleMemory() if seed > 1 else None).report
    )
    set_thread_count(1)
    report = list_comparable_parts(check_plan(layers, options, memory=RuleMemory() if seed > 1 else None).report)
    assert concurrent_report == report
    assert report["findings"]
