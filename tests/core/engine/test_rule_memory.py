# SPDX-License-Identifier: GPL-2.0-or-later
"""Results of rules that are kept from one check to the next equal those of a fresh check."""

import os
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from plugin.core.cancellation import Cancellation
from plugin.core.check import RunOptions, check_plan
from plugin.core.engine.input_digest import compute_value_digest
from plugin.core.engine.rule_memory import RuleMemory
from plugin.core.errors import Cancelled
from plugin.core.io import read_source
from plugin.paths import RESOURCES_FOLDER
from tests.county.write import write_geopackage
from tests.parametrize import first_daily

SAMPLE = RESOURCES_FOLDER / "sample"
EVERY_RULE = RunOptions(
    profile="hunyuan",
    rules=("all",),
    figures=str(SAMPLE / "figures.csv"),
    targets=str(SAMPLE / "township_tasks.csv"),
)
DEFAULT_RULES = RunOptions(profile="hunyuan")


@pytest.fixture(scope="module")
def county_file(tmp_path_factory):
    """Return the path of three townships of the sample county."""
    path = tmp_path_factory.mktemp("county") / "county.gpkg"
    layers = {layer.name: layer.frame for layer in read_source(SAMPLE / "county.gpkg")}
    land = shapely.union_all(layers["XZQXZ"].geometry.iloc[5:8]).buffer(-1)
    write_geopackage(path, {name: frame[frame.geometry.intersects(land)] for name, frame in layers.items()})
    return path


@pytest.fixture(scope="module")
def county(county_file):
    """Return the layers of a county as read; tests replace layers, they never change one."""
    return list(read_source(county_file))


def list_comparable_parts(report):
    """Return all of a report that depends on data and settings, without times."""
    return {
        "findings": [finding.to_dict() for finding in report.findings],
        "indicators": [indicator.to_dict() for indicator in report.indicators],
        "rules": [(one.code, one.outcome, one.reason, one.unconfirmed, one.findings) for one in report.rules],
        "tolerance": report.tolerance,
    }


def check_with_memory(layers, options, memory):
    return list_comparable_parts(check_plan(layers, options, source="county", memory=memory).report)


def check_afresh(layers, options):
    return list_comparable_parts(check_plan(layers, options, source="county").report)


def replace_layer(county, name, frame):
    return [replace(layer, frame=frame) if layer.name == name else layer for layer in county]


def get_frame(county, name):
    return next(layer.frame for layer in county if layer.name == name)


def test_second_check_of_unchanged_layers_reuses_all_rule_results_and_gives_an_equal_report(county):
    memory = RuleMemory()
    first = check_with_memory(county, EVERY_RULE, memory)
    assert memory.computed_codes and not memory.reused_codes
    assert check_with_memory(county, EVERY_RULE, memory) == first == check_afresh(county, EVERY_RULE)
    assert not memory.computed_codes and memory.reused_codes


def test_layers_read_again_from_the_same_file_make_no_rule_run_again(county, county_file):
    memory = RuleMemory()
    check_with_memory(county, DEFAULT_RULES, memory)
    check_with_memory(list(read_source(county_file)), DEFAULT_RULES, memory)
    assert not memory.computed_codes


def test_change_of_one_layer_after_a_check_makes_only_rules_that_read_it_run_again(county):
    memory = RuleMemory()
    check_with_memory(county, DEFAULT_RULES, memory)
    frame = get_frame(county, "CZKFBJ").copy()
    frame.geometry = shapely.transform(frame.geometry.to_numpy(), lambda xy: xy + np.array([0.0, 1.0]))
    changed = replace_layer(county, "CZKFBJ", frame)
    assert check_with_memory(changed, DEFAULT_RULES, memory) == check_afresh(changed, DEFAULT_RULES)
    # 红线 and 永久基本农田 are unchanged, and the rule reads no other layer.
    assert "REL001" in memory.reused_codes - memory.computed_codes
    assert {"REL002", "REL003", "LAW001"} <= memory.computed_codes


@pytest.mark.parametrize(
    "changed_options",
    first_daily(
        [
            replace(DEFAULT_RULES, parameters={"TOP001": {}}, tolerance=None, phase="报批"),
            replace(DEFAULT_RULES, base_year=2019),
            replace(DEFAULT_RULES, lang="en"),
            replace(DEFAULT_RULES, profile=""),
        ]
    ),
    ids=["phase", "base-year", "language", "profile"],
)
def test_change_of_a_setting_after_a_check_makes_all_rules_run_again(county, changed_options):
    memory = RuleMemory()
    check_with_memory(county, DEFAULT_RULES, memory)
    assert check_with_memory(county, changed_options, memory) == check_afresh(county, changed_options)
    assert not memory.reused_codes


def test_side_input_file_edited_after_a_check_makes_all_rules_run_again(county, tmp_path):
    tasks = tmp_path / "tasks.csv"
    tasks.write_bytes((SAMPLE / "township_tasks.csv").read_bytes())
    options = replace(DEFAULT_RULES, targets=str(tasks))
    memory = RuleMemory()
    check_with_memory(county, options, memory)
    lines = tasks.read_text(encoding="utf-8-sig").splitlines()
    tasks.write_text("\n".join(lines[:-1]), encoding="utf-8")
    assert check_with_memory(county, options, memory) == check_afresh(county, options)
    assert not memory.reused_codes


def test_changing_the_findings_of_a_report_leaves_the_stored_results_unchanged(county):
    memory = RuleMemory()
    first = check_plan(county, DEFAULT_RULES, source="county", memory=memory).report
    expected = list_comparable_parts(first)
    for finding in first.findings:
        finding.params["changed"] = True
        finding.related_keys.append("changed")
        finding.message = finding.state = "changed"
    for indicator in first.indicators:
        indicator.inputs["changed"] = True
    assert check_with_memory(county, DEFAULT_RULES, memory) == expected


@pytest.mark.exhaustive
def test_check_after_a_cancelled_one_equals_a_fresh_check_and_the_cancelled_plan_is_released(county):
    memory = RuleMemory()
    check_with_memory(county, EVERY_RULE, memory)
    calls = []

    def is_cancelled():
        calls.append(None)
        return len(calls) > 200

    with pytest.raises(Cancelled):
        check_plan(county, EVERY_RULE, source="county", memory=memory, cancellation=Cancellation(is_cancelled))
    assert memory._plan is None
    frame = get_frame(county, "CZKFBJ").copy()
    frame.geometry = shapely.transform(frame.geometry.to_numpy(), lambda xy: xy + 1e-5)
    changed = replace_layer(county, "CZKFBJ", frame)
    assert check_with_memory(changed, EVERY_RULE, memory) == check_afresh(changed, EVERY_RULE)
    assert memory.reused_codes


def test_text_replaced_by_an_equal_looking_number_counts_as_a_change():
    texts = pd.DataFrame({"code": pd.Series(["1", "2", None], dtype=object)})
    numbers = pd.DataFrame({"code": pd.Series([1, "2", None], dtype=object)})
    assert compute_value_digest(texts) == compute_value_digest(texts.copy())
    assert compute_value_digest(texts) != compute_value_digest(numbers)


#: Geometries of equal coordinates and other parts, holes, types or Z, and of equal parts and other coordinates.
DIFFERENT_SHAPES = [
    None,
    "POINT (1 2)",
    "LINESTRING (0 0, 1 0, 1 1, 0 0)",
    "POLYGON EMPTY",
    "MULTIPOLYGON EMPTY",
    "POLYGON ((0 0, 1 0, 1 1, 0 0))",
    "POLYGON ((0 0, 1 1, 1 0, 0 0))",
    "POLYGON Z ((0 0 1, 1 0 1, 1 1 1, 0 0 1))",
    "POLYGON Z ((0 0 2, 1 0 1, 1 1 1, 0 0 2))",
    "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)))",
    "POLYGON ((0 0, 9 0, 9 9, 0 0), (5 1, 6 1, 6 2, 5 1))",
    "POLYGON ((0 0, 9 0, 9 9, 0 0), (5 1, 6 1, 6 3, 5 1))",
    "MULTIPOLYGON (((0 0, 9 0, 9 9, 0 0)), ((5 1, 6 1, 6 2, 5 1)))",
    "MULTIPOLYGON (((0 0, 9 0, 9 9, 0 0), (5 1, 6 1, 6 2, 5 1)))",
    "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0, 0 0)), ((5 5, 6 5, 6 6, 5 5)))",
    "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), ((0 0, 5 5, 6 5, 6 6, 0 0)))",
]


def test_geometries_that_differ_in_any_way_have_different_digests_and_equal_ones_equal_digests():
    def digest_of(*texts):
        return compute_value_digest(gpd.GeoDataFrame(geometry=list(shapely.from_wkt(np.array(texts, dtype=object)))))

    digests = [digest_of(text) for text in DIFFERENT_SHAPES]
    assert len(set(digests)) == len(DIFFERENT_SHAPES)
    assert digests == [digest_of(text) for text in DIFFERENT_SHAPES]
    pairs = [digest_of(a, b) for a in DIFFERENT_SHAPES for b in DIFFERENT_SHAPES]
    assert len(set(pairs)) == len(DIFFERENT_SHAPES) ** 2


#: Layers that rules overlay with each other; their unchanged pairs are not overlaid again.
OVERLAID_LAYERS = ("DLTB", "STBHHX", "YDYHGHFQ", "CZKFBJ", "YJJBNTBHTB", "GDBHMB", "XZQXZ")
KINDS_OF_CHANGE = ("move", "remove", "text", "repeat", "no layer", "blank", "no shape", "twist")


def exchange_vertices(xy):
    """Return the vertices of a polygon in another order, in which the first ring mostly crosses itself."""
    # A ring has at least four vertices, of which the first and the last are equal.
    return xy[[0, 2, 1, *range(3, len(xy))]] if len(xy) > 3 else xy


def change_at_random(county, chance, names=(), kinds=KINDS_OF_CHANGE):
    """Return the layers with one random change, and a description of it; of the named layers, if there are names."""
    candidates = [layer for layer in county if not names or layer.name in names]
    layer = candidates[int(chance.integers(len(candidates)))]
    frame = layer.frame.copy()
    kind = str(chance.choice(kinds))
    if not len(frame) or kind == "no layer":
        return [one for one in county if one is not layer], f"{layer.name} removed"
    row = int(chance.integers(len(frame)))
    shapes = frame.geometry.to_numpy().copy()
    columns = [name for name in frame.columns if name != frame.geometry.name]
    if kind == "move":
        shapes[row] = shapely.transform(shapes[row], lambda xy: xy + chance.normal(0.0, 1e-5, 2))
        frame.geometry = shapes
    elif kind == "vertex":
        shapes[row] = move_second_vertex(shapes[row], chance.normal(0.0, 1e-5, 2))
        frame.geometry = shapes
    elif kind == "twist":
        shapes[row] = shapely.transform(shapes[row], exchange_vertices)
        frame.geometry = shapes
    elif kind == "no shape":
        shapes[row] = None
        frame.geometry = shapes
    elif kind == "remove":
        frame = frame.drop(index=frame.index[row])
    elif kind == "repeat":
        other = int(chance.integers(len(frame)))
        frame.iloc[row] = frame.iloc[other]
    else:
        column = str(chance.choice(columns))
        value = None if kind == "blank" else frame[column].iloc[int(chance.integers(len(frame)))]
        frame[column] = frame[column].astype(object)
        frame.iloc[row, frame.columns.get_loc(column)] = value
    return replace_layer(county, layer.name, frame), f"{layer.name} {kind} {row}"


@pytest.mark.slow
@pytest.mark.parametrize("seed", first_daily(range(int(os.environ.get("SANXIAN_MEMORY_SEEDS", "2")))))
def test_check_with_reused_rule_results_after_random_changes_equals_a_check_without_reuse(county, seed):
    chance, memory = np.random.default_rng(seed), RuleMemory()
    check_with_memory(county, EVERY_RULE, memory)
    changes = []
    for _ in range(3):
        changed, description = change_at_random(county, chance)
        changes.append(description)
        # Sometimes a change is taken back: the layer is then what it was two checks ago.
        county = changed if chance.random() < 0.7 else county
        assert check_with_memory(county, EVERY_RULE, memory) == check_afresh(county, EVERY_RULE), changes


@pytest.mark.exhaustive
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(int(os.environ.get("SANXIAN_MEMORY_SEEDS", "1"))))
def test_check_with_kept_overlays_after_changes_of_overlaid_layers_equals_a_check_without_reuse(county, seed):
    chance, memory = np.random.default_rng(1000 + seed), RuleMemory()
    check_with_memory(county, EVERY_RULE, memory)
    changes = []
    for _ in range(3):
        county, description = change_at_random(
            county, chance, OVERLAID_LAYERS, ("vertex", "move", "remove", "repeat", "text")
        )
        changes.append(description)
        assert check_with_memory(county, EVERY_RULE, memory) == check_afresh(county, EVERY_RULE), changes


def move_second_vertex(shape, shift):
    """Return a polygon or multipolygon with one vertex of its first ring moved."""

    def move(xy):
        xy = xy.copy()
        xy[1] += shift
        return xy

    return shapely.transform(shape, move) if shape is not None else None


def test_texts_that_contain_the_separator_of_texts_are_distinguished():
    def digest_of(*texts):
        return compute_value_digest(pd.DataFrame({"code": pd.Series(texts, dtype=object)}))

    cases = [("a\x1fb", "c"), ("a", "b\x1fc"), ("a", "b"), ("ab", ""), ("", "ab"), ("ab", None), (None, "ab")]
    assert len({digest_of(*case) for case in cases}) == len(cases)


def test_rule_that_crashed_runs_again_in_the_next_check(county, monkeypatch):
    from plugin.core.model.rule import load_all_rules

    rule = load_all_rules()["TOP001"]
    calls = []

    def fail(*layers, ctx, **arguments):
        calls.append(layers)
        raise ValueError("planned")

    failing = replace(rule, function=fail)
    monkeypatch.setattr("plugin.core.engine.evaluate.load_all_rules", lambda: FakeRules(failing))
    memory = RuleMemory()
    options = replace(DEFAULT_RULES, rules=("TOP001",))
    check_with_memory(county, options, memory)
    check_with_memory(county, options, memory)
    assert len(calls) == 2


class FakeRules(dict):
    """A rule book of one rule."""

    def __init__(self, rule):
        super().__init__({rule.code: rule})

    def find_code(self, text):
        return None
