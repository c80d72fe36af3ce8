# SPDX-License-Identifier: GPL-2.0-or-later
"""Results of rules that are kept from one check to the next equal those of a fresh check."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from plugin.core.base.errors import NEVER_CANCELLED, Cancellation, Cancelled
from plugin.core.base.parallel.process_state import get_thread_count, set_thread_count
from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.cli.examples.plans import make_example_plan, run_example
from plugin.core.engine import evaluate, geometry_queries
from plugin.core.engine.context import RuleContext
from plugin.core.engine.evaluate import can_run_concurrently, run_in_two_threads
from plugin.core.engine.input_digest import HashedRows, compute_value_digest, get_layer_digest
from plugin.core.engine.kept_results import KeptResults, match_rows
from plugin.core.engine.rule_memory import RuleMemory
from plugin.core.figures.indicators.survey_deductions import find_containing_rows
from plugin.core.figures.indicators.townships import locate_row_centres
from plugin.core.geometry import overlay as overlay_module
from plugin.core.geometry.polygons import Polygons
from plugin.core.model.report import Outcome
from plugin.core.model.rule import load_all_rules
from plugin.core.plan.io import read_source
from plugin.core.plan.layer import Layer
from plugin.core.plan.plan import LayerTable
from plugin.paths import RESOURCES_FOLDER
from tests.county import make_county
from tests.county.source import make_read_layers
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
    tasks.write_text("\n".join(tasks.read_text(encoding="utf-8-sig").splitlines()[:-1]), encoding="utf-8")
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
        frame.iloc[row] = frame.iloc[int(chance.integers(len(frame)))]
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
    for _ in range(2):
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


#: Roles of two layers of polygons, and of one of points.
PARCELS, ZONES, POINTS = "DLTB", "XZQXZ", "FZJZSSD"
#: Two layers of boxes: hash of a geometry → box.
BOXES = {1: (0, 0, 9, 9), 2: (9, 0, 18, 9), 3: (0, 9, 9, 18), 4: (9, 9, 18, 18), 5: (50, 50, 59, 59)}


def keep_shapes(*hashes, conversion=b"same"):
    """Return what is kept of a layer of the boxes with these hashes; hash 0 is a row without a geometry."""
    bounds = [BOXES.get(one, (np.nan,) * 4) for one in hashes]
    return HashedRows(np.array(hashes, dtype=np.uint64), np.array(bounds, dtype=float).reshape(-1, 4), conversion)


@pytest.mark.parametrize(
    ("former", "present", "former_row_of_row", "changed"),
    [
        ([1, 2, 3], [1, 2, 3], [0, 1, 2], []),
        ([1, 2, 3], [1, 4, 3], [0, -1, 2], [2, 4]),
        ([1, 2, 3], [1, 3], [0, 2], [2]),
        ([1, 3], [1, 2, 3], [0, -1, 1], [2]),
        ([1, 2], [1, 1, 2], [0, -1, 1], [1]),
        ([1, 1, 2], [1, 2], [0, 2], [1]),
        ([1, 0, 2, 0], [1, 0, 0, 2], None, None),
        ([1, 0, 2], [0, 0, 2], [1, -1, 2], [1]),
        ([], [1], [-1], [1]),
        ([1], [], [], [1]),
        ([], [], [], []),
        ([1, 2], [2, 1], None, None),
    ],
    ids=[
        "nothing", "changed", "removed", "inserted", "repeated", "repetition removed", "missing ones in another order",
        "shape removed", "first row", "last row removed", "no rows", "another order",
    ],
)  # fmt: skip
def test_rows_are_matched_by_their_geometries_and_all_others_have_changed(former, present, former_row_of_row, changed):
    match = match_rows(keep_shapes(*former), keep_shapes(*present))
    if former_row_of_row is None:
        assert match is None
        return
    assert match.former_row_of_row.tolist() == former_row_of_row
    row_of_former_row = np.full(len(former), -1)
    for row, former_row in enumerate(former_row_of_row):
        if former_row >= 0:
            row_of_former_row[former_row] = row
    assert match.row_of_former_row.tolist() == row_of_former_row.tolist()
    assert [tuple(bounds) for bounds in match.changed_bounds.tolist()] == [BOXES[one] for one in changed]


def test_rows_brought_into_the_plane_in_another_way_do_not_match():
    assert match_rows(keep_shapes(1, 2), keep_shapes(1, 2, conversion=b"another")) is None


def test_rows_selected_in_one_check_only_count_as_changed():
    match = match_rows(keep_shapes(1, 2, 3), keep_shapes(1, 2, 4, 3))
    assert match.add_changed_selection(None, None, None) is match
    bounds = keep_shapes(1, 2, 4, 3).bounds
    former_selection, selection = np.array([True, False, True]), np.array([True, True, False, True])
    selected = match.add_changed_selection(former_selection, selection, bounds)
    assert selected.former_row_of_row.tolist() == [0, -1, -1, 2] and selected.row_of_former_row.tolist() == [0, -1, 3]
    assert selected.changed_bounds.tolist() == [list(BOXES[4]), list(BOXES[2])]
    # None selects all rows.
    assert match.add_changed_selection(None, selection, None).former_row_of_row.tolist() == [0, 1, -1, 2]
    assert match.add_changed_selection(former_selection, None, None).former_row_of_row.tolist() == [0, -1, -1, 2]
    assert match.add_changed_selection(former_selection, None, None).changed_bounds.tolist() == [list(BOXES[4])]
    assert match.former_row_of_row.tolist() == [0, 1, -1, 2]


# A random county of two layers of polygons and one of points, and random edits of it.


def make_grid(chance, count, side, shift):
    """Return the cells of a grid as rings of common vertices, moved at random; a few have holes or are missing."""
    vertices = np.stack(np.meshgrid(np.arange(count + 1), np.arange(count + 1), indexing="ij"), axis=-1) * float(side)
    vertices += shift
    is_moved = chance.random(vertices.shape[:2]) < 0.6
    vertices[is_moved] += chance.uniform(-0.2 * side, 0.2 * side, (np.count_nonzero(is_moved), 2))
    shapes = []
    for i in range(count):
        for j in range(count):
            ring = vertices[[i, i + 1, i + 1, i], [j, j, j + 1, j + 1]]
            hole = ring.mean(axis=0) + (ring - ring.mean(axis=0)) / 4
            shapes.append(shapely.Polygon(ring, [hole] if chance.random() < 0.1 else None))
    return [shape if chance.random() > 0.05 else None for shape in shapes]


def make_large_polygon(chance, centre, radius):
    """Return a polygon of more vertices than those that are overlaid whole."""
    angles = np.linspace(0, 2 * np.pi, 650, endpoint=False)
    radii = radius * (1 + 0.2 * np.sin(5 * angles) + chance.uniform(-0.01, 0.01, len(angles)))
    return shapely.Polygon(np.column_stack([np.cos(angles), np.sin(angles)]) * radii[:, None] + centre)


def make_random_layers(chance):
    """Return the shapes of parcels, zones and points."""
    parcels = make_grid(chance, 11, 20.0, 0.0)
    zones = make_grid(chance, 7, 30.0, chance.uniform(-5, 20, 2))
    # Copies of parcels, a multipolygon, a large polygon, slivers of 0.5 mm to 5 mm, and a copy of the large polygon.
    zones += [parcels[int(n)] for n in chance.integers(0, len(parcels), 4)]
    present = [one for one in parcels if one is not None]
    zones.append(shapely.MultiPolygon([present[0], present[-1]]))
    large = make_large_polygon(chance, chance.uniform(60, 160, 2), 35.0)
    zones += [large, *(shapely.box(x, 0, x + 5e-4 * 10 ** chance.random(), 70) for x in chance.uniform(0, 220, 2))]
    if chance.random() < 0.5:
        parcels.insert(int(chance.integers(len(parcels))), large)
    points = [shapely.Point(*xy) for xy in chance.uniform(0, 220, (40, 2))]
    return {PARCELS: parcels, ZONES: zones, POINTS: points}


def edit_at_random(chance, shapes):
    """Return the shapes of a layer with one of them changed, removed, inserted, repeated or exchanged."""
    shapes, row = list(shapes), int(chance.integers(len(shapes)))
    kind, shape = chance.choice(["vertex", "move", "remove", "insert", "repeat", "shape", "exchange"]), shapes[row]
    if kind == "remove":
        del shapes[row]
    elif kind == "insert":
        x, y = chance.uniform(0, 200, 2)
        is_point = shape is not None and shape.geom_type == "Point"
        shapes.insert(row, shapely.Point(x, y) if is_point else shapely.box(x, y, x + 15, y + 25))
    elif kind == "repeat":
        shapes.insert(int(chance.integers(len(shapes))), shape)
    elif kind == "shape":
        shapes[row] = None
    elif kind == "exchange" and chance.random() < 0.2:
        shapes[row - 1], shapes[row] = shapes[row], shapes[row - 1]
    elif shape is not None:
        shift = chance.normal(0.0, chance.choice([1e-3, 3.0]), 2)
        moved = slice(1, 2) if kind == "vertex" and shape.geom_type != "Point" else slice(None)

        def move(xy):
            xy[moved] += shift
            return xy

        shapes[row] = shapely.transform(shape, move)
    return shapes


class Selections:
    """Selections of rows by a random value of each geometry, so that unchanged rows mostly stay selected."""

    def __init__(self, chance):
        self.shares = {PARCELS: 1.0, ZONES: 1.0}
        self._chance = chance

    def change(self):
        """Select other rows of one layer."""
        self.shares[PARCELS if self._chance.random() < 0.5 else ZONES] = float(self._chance.choice([0.8, 0.85, 1.0]))

    def select(self, layer):
        """Return (n,) bool."""
        share = np.nan_to_num(layer.plane_areas * 7919.0 % 1.0)
        return share <= self.shares[layer.role]


def make_context(layers, kept_results):
    """Return what a rule of a check receives of a new plan of these layers."""
    plan = make_example_plan(
        {role: [shape and {"wkt": shape.wkt} for shape in shapes] for role, shapes in layers.items()}
    )
    for layer in plan.layers.values():
        # As at the start of a check with a memory.
        get_layer_digest(layer)
    context = RuleContext(plan, plan.norm, plan.norm.make_tolerance())
    context.geometry.kept_results = kept_results
    return context


def run_queries(context, selections):
    """Return the results of all queries by name, and the slivers that they logged."""
    queries = context.geometry
    parcels, zones, points = (queries.plan.layers[role] for role in (PARCELS, ZONES, POINTS))
    parcel_rows, zone_rows = selections.select(parcels), selections.select(zones)
    outline = Polygons(np.array([shapely.box(*shapely.total_bounds(zones.plane_shapes[:40])).buffer(-5.0)]))
    results = {
        "within parcels": queries.find_shared_pieces(parcels),
        "within selected zones": queries.find_shared_pieces(zones, left_rows=zone_rows, splits_connected=True),
        "parcels and zones": queries.find_shared_pieces(parcels, zones),
        "zones and parcels": queries.find_shared_pieces(zones, parcels, splits_connected=True, keep_slivers=True),
        "selected parcels and zones": queries.find_shared_pieces(
            parcels, zones, left_rows=parcel_rows, right_rows=zone_rows
        ),
        "uncovered parcels": queries.find_uncovered_pieces(parcels, zones),
        "uncovered zones": queries.find_uncovered_pieces(zones, parcels, keep_slivers=True),
        "uncovered selected zones": queries.find_uncovered_pieces(
            zones, parcels, rows=zone_rows, cover_rows=parcel_rows
        ),
        "outside the outline": queries.find_uncovered_pieces(parcels, zones, outline),
        "candidates": queries.find_uncovered_candidates(parcels, zones),
        "containing rows": find_containing_rows(parcels, zones, context),
        "zones of points": find_containing_rows(points, zones, context),
        "zones at centres": locate_row_centres(parcels, context)[0],
    }
    return results, [one.slivers for one in queries.run_log.ignored_slivers]


def assert_equal_pieces(pieces, expected, name):
    """Compare pieces, whose vertices may begin elsewhere in a ring."""
    assert pieces.left.tolist() == expected.left.tolist(), name
    assert pieces.right.tolist() == expected.right.tolist(), name
    assert pieces.area == pytest.approx(expected.area, rel=1e-9), name
    assert pieces.width == pytest.approx(expected.width, rel=1e-9), name
    assert_equal_shapes(pieces.geometry, expected.geometry, name)
    assert_equal_slivers(pieces.slivers, expected.slivers, name)


def assert_equal_slivers(slivers, expected, name):
    assert slivers.left_row.tolist() == expected.left_row.tolist(), name
    assert slivers.right_row.tolist() == expected.right_row.tolist(), name
    assert_equal_shapes(slivers.polygons, expected.polygons, name)


def assert_equal_shapes(shapes, expected, name):
    pairs = zip(shapely.normalize(shapes), shapely.normalize(expected), strict=True)
    assert all(shapely.equals_exact(one, other, 1e-9) for one, other in pairs), name


def count_overlaid_rows(monkeypatch):
    """Return a list to which each overlay of a query adds the number of rows that its layers have."""
    counts = []
    for name in ("find_shared_pieces", "find_uncovered_pieces"):
        overlay = getattr(geometry_queries, name)

        def record(left, right=None, overlay=overlay, **others):
            counts.append(len(left) + (0 if right is None else len(right)))
            return overlay(left, right, **others) if right is not None else overlay(left, **others)

        monkeypatch.setattr(geometry_queries, name, record)
    return counts


@pytest.mark.parametrize("seed", first_daily(range(int(os.environ.get("SANXIAN_MEMORY_SEEDS", "3")))))
def test_queries_after_random_edits_have_the_results_of_queries_without_kept_ones(seed, monkeypatch):
    chance, kept_results = np.random.default_rng(seed), KeptResults()
    if seed % 2:
        # As for fine covers: a few rows are compared with them through windows.
        monkeypatch.setattr(overlay_module, "_MIN_VERTICES_FOR_WINDOWS", 0)
        monkeypatch.setattr(overlay_module, "VERTICES_PER_OVERLAY", 1)
    layers, selections = make_random_layers(chance), Selections(chance)
    counts = count_overlaid_rows(monkeypatch)
    updated_counts, computed_counts = [], []
    for number in range(6):
        context = make_context(layers, kept_results)
        counts.clear()
        results, slivers = run_queries(context, selections)
        updated_counts.append(sum(counts))
        kept_results.keep_hashed_rows(context.plan.layers.values())
        counts.clear()
        expected_results, expected_slivers = run_queries(make_context(layers, None), selections)
        computed_counts.append(sum(counts))
        for name, expected in expected_results.items():
            if isinstance(expected, np.ndarray):
                assert results[name].tolist() == expected.tolist(), (name, number)
            else:
                assert_equal_pieces(results[name], expected, (name, number))
        for one, other in zip(slivers, expected_slivers, strict=True):
            assert_equal_slivers(one, other, number)
        for _ in range(int(chance.integers(1, 4))):
            role = str(chance.choice([PARCELS, ZONES, POINTS]))
            layers = {**layers, role: edit_at_random(chance, layers[role])}
        if chance.random() < 0.3:
            selections.change()
    # Checks after the first one do not overlay all rows.
    assert sum(updated_counts[1:]) < 0.8 * sum(computed_counts[1:])


@pytest.mark.parametrize("rows", [[], [None] * 4], ids=["no rows", "no shapes"])
@pytest.mark.parametrize("role", [PARCELS, ZONES])
def test_queries_of_a_layer_that_lost_its_shapes_have_the_results_of_queries_without_kept_ones(role, rows):
    kept_results = KeptResults()
    layers = {PARCELS: [shapely.box(0, 0, 9, 9)] * 4, ZONES: [shapely.box(0, 0, 5, 9), shapely.box(5, 0, 9, 9)]}
    for _ in range(2):
        context, fresh_context = make_context(layers, kept_results), make_context(layers, None)
        results, expected_results = (
            (
                one.geometry.find_shared_pieces(parcels, zones),
                one.geometry.find_shared_pieces(parcels),
                one.geometry.find_uncovered_pieces(parcels, zones),
                one.geometry.find_uncovered_pieces(zones, parcels),
            )
            for one in (context, fresh_context)
            for parcels, zones in [[one.plan.layers[name] for name in (PARCELS, ZONES)]]
        )
        for number, (pieces, expected) in enumerate(zip(results, expected_results, strict=True)):
            assert_equal_pieces(pieces, expected, number)
        kept_results.keep_hashed_rows(context.plan.layers.values())
        layers[role] = rows


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
            while not cancellation.cancelled():
                time.sleep(0.001)
            cancellation.raise_if_cancelled()
        finally:
            ended.set()

    with pytest.raises(Cancelled):
        run_letters("aBC", run)
    assert ended.is_set()


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
    monkeypatch.setattr(evaluate, "get_thread_count", lambda: threads)
    monkeypatch.setattr(evaluate.shapely, "geos_version", version)
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


def make_data_without_times(report):
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
    concurrent_report = make_data_without_times(
        check_plan(layers, options, memory=RuleMemory() if seed > 1 else None).report
    )
    set_thread_count(1)
    report = make_data_without_times(check_plan(layers, options, memory=RuleMemory() if seed > 1 else None).report)
    assert concurrent_report == report
    assert report["findings"]
