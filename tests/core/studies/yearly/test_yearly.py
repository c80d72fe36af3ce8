# SPDX-License-Identifier: GPL-2.0-or-later
"""Yearly maintenance (年度动态维护): layers before, of and after changes.

Known moves and random layouts are compared with shapely.
"""

import itertools
import random
from datetime import date

import numpy as np
import pytest
import shapely
import shapely.affinity

from plugin.core.base.errors import InputError
from plugin.core.cli.examples.plans import ORIGIN, make_example_layer, make_example_norm
from plugin.core.geometry.crs import make_lonlat_transformer
from plugin.core.geometry.statutory_area import measure_statutory_area
from plugin.core.plan.layer import SourceLayer
from plugin.core.plan.loading.assembly import assemble_plan
from plugin.core.render.versions.baseline import compare_sources
from plugin.core.render.versions.edition_comparison import CHANGED_KIND, MOVED_IN_KIND, MOVED_OUT_KIND
from plugin.core.standard.messages.texts import Texts
from plugin.core.studies.yearly.balance import convert_balance_to_dict, list_notes
from plugin.core.studies.yearly.update import compute_yearly_update
from tests.parametrize import first_daily

UPDATE_DATE = date(2026, 3, 9)


def make_box(x, y, width=100.0, height=100.0):
    return shapely.box(x, y, x + width, y + height)


def make_row(shape, key, **more):
    return {"wkt": shapely.to_wkt(shape, rounding_precision=-1), "key": f"1402250000{key:08d}", **more}


def make_zone(shape, key, code, **more):
    return make_row(shape, key, GHFQDM=code, **more)


def make_plans(filed, current):
    """Return the plans of the filed and the current edition."""
    norm = make_example_norm()
    made = [[make_example_layer(role, rows, norm) for role, rows in one.items()] for one in (filed, current)]
    after = assemble_plan(made[1], norm, scope="three_lines")
    return assemble_plan(made[0], norm, scope="three_lines", reference_plan=after), after


def run_update(filed, current, year=2026):
    """Return the yearly update between two editions."""
    return compute_yearly_update(*make_plans(filed, current), year, day=UPDATE_DATE)


def get_single_layer(update):
    """Return the only maintained layer of an update."""
    (layer,) = update.maintained_layers
    return layer


def move_shape_to_county(shape):
    return shapely.transform(shape, lambda xy: xy + ORIGIN)


def is_same_land(shape, wanted, off_m2=1e-3):
    """Return True if both shapes cover the same land up to ``off_m2`` (m²)."""
    return shapely.symmetric_difference(shape, move_shape_to_county(wanted)).area < off_m2


def assert_same_land(shapes, wanted):
    left = list(wanted)
    for shape in shapes:
        fits = [w for w in left if is_same_land(shape, w)]
        assert len(fits) == 1, shape.wkt
        left.remove(fits[0])
    assert not left


def measure_area(*shapes):
    return float(
        measure_statutory_area(
            np.array([move_shape_to_county(s) for s in shapes], dtype=object), make_lonlat_transformer(metric_crs())
        ).sum()
    )


def metric_crs():
    from pyproj import CRS

    return CRS.from_epsg(4526)


# -- 调入、调出 ----------------------------------------------------------------------------------------------------------


def test_moved_control_line_gives_land_moved_out_land_moved_in_and_remaining_land():
    filed = {"ZXCQCSLX": [make_row(make_box(0, 0), 1), make_row(make_box(300, 0), 2)]}
    current = {"ZXCQCSLX": [make_row(make_box(40, 0), 1), make_row(make_box(300, 0), 2)]}
    found = get_single_layer(run_update(filed, current))
    changes = {change.kind: change for change in found.changes}
    assert set(changes) == {MOVED_IN_KIND, MOVED_OUT_KIND} and len(found.changes) == 2
    assert is_same_land(changes[MOVED_OUT_KIND].shape, make_box(0, 0, 40)) and (
        changes[MOVED_OUT_KIND].before_row,
        changes[MOVED_OUT_KIND].after_row,
    ) == (0, -1)
    assert is_same_land(changes[MOVED_IN_KIND].shape, make_box(100, 0, 40)) and (
        changes[MOVED_IN_KIND].before_row,
        changes[MOVED_IN_KIND].after_row,
    ) == (-1, 0)
    assert found.filed_rows.tolist() == [0]
    assert_same_land([one.shape for one in found.parcels_after_change], [make_box(100, 0, 40), make_box(40, 0, 60)])
    assert found.sum_area_m2(MOVED_OUT_KIND) == pytest.approx(measure_area(make_box(0, 0, 40)), abs=0.01)
    assert found.sum_area_m2(MOVED_IN_KIND) == pytest.approx(measure_area(make_box(100, 0, 40)), abs=0.01)
    assert sum(one.share_of_row for one in found.parcels_after_change) == pytest.approx(1, abs=1e-6)


def test_land_removed_from_the_middle_leaves_single_part_polygons():
    filed = {"ZXCQCSHX": [make_row(make_box(0, 0, 300), 1)]}
    rest = shapely.MultiPolygon([make_box(0, 0), make_box(200, 0)])
    found = get_single_layer(run_update(filed, {"ZXCQCSHX": [make_row(rest, 1)]}))
    assert [change.kind for change in found.changes] == [MOVED_OUT_KIND]
    assert is_same_land(found.changes[0].shape, make_box(100, 0))
    assert_same_land([one.shape for one in found.parcels_after_change], [make_box(0, 0), make_box(200, 0)])
    assert {one.shape.geom_type for one in found.parcels_after_change} == {"Polygon"}


def test_added_and_removed_features_do_not_affect_other_features():
    filed = {"HLFXKZX": [make_row(make_box(0, 0), 1), make_row(make_box(100, 0), 2)]}
    current = {"HLFXKZX": [make_row(make_box(100, 0), 2), make_row(make_box(200, 0), 3)]}
    found = get_single_layer(run_update(filed, current))
    assert found.filed_rows.tolist() == [0]
    assert_same_land([one.shape for one in found.parcels_after_change], [make_box(200, 0)])
    assert found.parcels_after_change[0].current_row == 1 and found.parcels_after_change[
        0
    ].share_of_row == pytest.approx(1)


# -- 属性变更 ------------------------------------------------------------------------------------------------------------


def test_changed_zone_code_lists_the_whole_old_parcel_and_all_its_new_parts():
    filed = {"GHFQ": [make_zone(make_box(0, 0, 200), 1, "200"), make_zone(make_box(200, 0), 2, "300")]}
    current = {
        "GHFQ": [
            make_zone(make_box(0, 0, 120), 1, "200"),
            make_zone(make_box(120, 0, 80), 3, "300"),
            make_zone(make_box(200, 0), 2, "300"),
        ]
    }
    found = get_single_layer(run_update(filed, current))
    (change,) = found.changes
    assert change.kind == CHANGED_KIND and (change.before_row, change.after_row) == (0, 1)
    assert is_same_land(change.shape, make_box(120, 0, 80)) and change.area_m2 == pytest.approx(
        measure_area(make_box(120, 0, 80)), abs=0.01
    )
    assert found.filed_rows.tolist() == [0]
    assert_same_land([one.shape for one in found.parcels_after_change], [make_box(0, 0, 120), make_box(120, 0, 80)])
    assert [one.share_of_row for one in found.parcels_after_change] == [1.0, 1.0]
    assert not found.left_out


def test_parcel_not_declared_as_changed_that_grew_over_a_changed_one_is_cut_back_to_its_former_border():
    filed = {"GHFQ": [make_zone(make_box(0, 0), 1, "200"), make_zone(make_box(100, 0), 2, "300")]}
    found = get_single_layer(run_update(filed, {"GHFQ": [make_zone(make_box(0, 0, 200), 2, "300")]}))
    assert_same_land([one.shape for one in found.parcels_after_change], [make_box(0, 0)])
    assert found.parcels_after_change[0].share_of_row == pytest.approx(0.5, abs=1e-4)


def test_change_of_a_field_that_is_not_compared_is_no_attribute_change():
    filed = {"GHFQ": [make_zone(make_box(0, 0), 1, "200", BZ="旧")]}
    found = get_single_layer(run_update(filed, {"GHFQ": [make_zone(make_box(0, 0), 1, "200", BZ="新")]}))
    assert not found.changes and not found.parcels_after_change and not len(found.filed_rows)


def test_land_added_to_a_layer_compared_by_attribute_gives_no_change_row_but_its_area_is_stated():
    filed = {"GHFQ": [make_zone(make_box(0, 0), 1, "200")]}
    found = get_single_layer(
        run_update(filed, {"GHFQ": [make_zone(make_box(0, 0), 1, "200"), make_zone(make_box(100, 0), 2, "200")]})
    )
    assert not found.changes
    assert found.left_out == {MOVED_IN_KIND: pytest.approx(measure_area(make_box(100, 0)), abs=0.01)}


def test_parcel_changed_in_two_places_gives_two_change_rows():
    """Write single-part polygons in every layer but the filed one."""
    filed = {"GHFQ": [make_zone(make_box(0, 0, 300), 1, "200")]}
    ends = shapely.MultiPolygon([make_box(0, 0), make_box(200, 0)])
    found = get_single_layer(
        run_update(filed, {"GHFQ": [make_zone(ends, 2, "300"), make_zone(make_box(100, 0), 1, "200")]})
    )
    assert_same_land([one.shape for one in found.changes], [make_box(0, 0), make_box(200, 0)])
    assert_same_land(
        [one.shape for one in found.parcels_after_change], [make_box(0, 0), make_box(200, 0), make_box(100, 0)]
    )
    assert {one.kind for one in found.changes} == {CHANGED_KIND}
    assert sum(one.share_of_row for one in found.parcels_after_change if one.current_row == 0) == pytest.approx(1)


def test_narrow_strip_next_to_changed_land_is_ignored_as_a_sliver():
    filed = {"GHFQ": [make_zone(make_box(0, 0, 300), 1, "200")]}
    strip = shapely.box(150, 0, 150.001, 100)
    split = shapely.MultiPolygon([make_box(0, 0), strip])
    rest = shapely.difference(make_box(0, 0, 300), split)
    found = get_single_layer(run_update(filed, {"GHFQ": [make_zone(split, 2, "300"), make_zone(rest, 1, "200")]}))
    assert_same_land([one.shape for one in found.changes], [make_box(0, 0)])
    assert found.comparison.sliver_m2 == pytest.approx(0.1, abs=0.01) and len(found.comparison.slivers) == 1


# -- which layers --------------------------------------------------------------------------------------------------------


def test_layers_missing_from_one_or_both_editions_are_skipped_with_a_reason():
    line, place = [make_row(make_box(0, 0), 1)], [make_zone(make_box(0, 0), 1, "200")]
    done = run_update(
        {"GHFQ": place, "LSWHBHX": line, "HLFXKZX": line}, {"LSWHBHX": line, "GHFQ": place, "ZXCQCSZX": line}
    )
    assert [layer.role for layer in done.maintained_layers] == ["GHFQ", "LSWHBHX"]
    assert done.skip_reason_by_role["HLFXKZX"] == "not_current" and done.skip_reason_by_role["ZXCQCSZX"] == "not_filed"
    assert done.skip_reason_by_role["ZXCQCSLX"] == "in_neither"
    assert done.changed_layers == []


@pytest.mark.parametrize("where", ["both", "filed", "current"])
def test_layer_for_which_the_standard_names_no_field_to_compare_is_skipped(where):
    """Skip 乡级主体功能定位: it is listed, but no field to compare is known.

    An empty layer would not help.
    """
    place, functions = [make_zone(make_box(0, 0), 1, "200")], [make_row(make_box(0, 0), 1)]
    sides = [
        {"GHFQ": place} | ({"XZZTGNDW": functions} if where in ("both", side) else {}) for side in ("filed", "current")
    ]
    assert run_update(*sides).skip_reason_by_role["XZZTGNDW"] == "compare_unknown"


def test_layer_that_lacks_its_compared_field_is_skipped():
    line, place = [make_row(make_box(0, 0), 1)], [make_row(make_box(0, 0), 1)]
    done = run_update(
        {"GHFQ": place, "LSWHBHX": line}, {"GHFQ": [make_zone(make_box(0, 0), 1, "200")], "LSWHBHX": line}
    )
    assert done.skip_reason_by_role["GHFQ"] == "compare_missing"


@pytest.mark.parametrize("year", [26, 0, 20260])
def test_yearly_update_refuses_a_year_without_four_digits(year):
    with pytest.raises(InputError) as caught:
        run_update(
            {"GHFQ": [make_zone(make_box(0, 0), 1, "200")]}, {"GHFQ": [make_zone(make_box(0, 0), 1, "200")]}, year
        )
    assert caught.value.key == "yearly_year"


def test_editions_without_a_common_layer_raise_an_input_error():
    with pytest.raises(InputError) as caught:
        run_update({"GHFQ": [make_zone(make_box(0, 0), 1, "200")]}, {"LSWHBHX": [make_row(make_box(0, 0), 1)]})
    assert caught.value.key == "yearly_no_layer"


# -- compared with plain shapely -----------------------------------------------------------------------------------------------


def make_random_cuts(chance, count):
    return [0.0, *sorted(chance.sample(range(20, 980), count)), 1000.0]


def make_random_layout(chance, codes=("200", "300", "410")):
    """Return a square kilometre cut into random strips and blocks, each with a code."""
    rows = []
    for low, high in itertools.pairwise(make_random_cuts(chance, 3)):
        for left, right in itertools.pairwise(make_random_cuts(chance, 3)):
            rows.append((shapely.box(left, low, right, high), chance.choice(codes)))
    return rows


def list_nonempty_parts(shape):
    return [part for part in shapely.get_parts(shape) if part.area > 0]


@pytest.mark.parametrize("seed", first_daily(range(12), 3))
def test_changes_of_random_zones_match_shapely(seed):
    chance = random.Random(seed)
    old, new = make_random_layout(chance), make_random_layout(chance)
    found = get_single_layer(
        run_update(
            {"GHFQ": [make_zone(s, n, c) for n, (s, c) in enumerate(old, 1)]},
            {"GHFQ": [make_zone(s, n, c) for n, (s, c) in enumerate(new, 1)]},
        )
    )
    wanted = [
        (i, j, piece)
        for i, (a, c) in enumerate(old)
        for j, (b, d) in enumerate(new)
        if c != d
        for piece in list_nonempty_parts(shapely.intersection(a, b))
    ]
    for i, j in {(i, j) for i, j, _ in wanted} | {(c.before_row, c.after_row) for c in found.changes}:
        mine = [c for c in found.changes if (c.before_row, c.after_row) == (i, j)]
        assert_same_land([c.shape for c in mine], [shape for *pair, shape in wanted if pair == [i, j]])
    marked = sorted({i for i, _, _ in wanted})
    assert found.filed_rows.tolist() == marked
    ground = shapely.union_all([old[i][0] for i in marked])
    stayed = [(j, list_nonempty_parts(shapely.intersection(b, ground))) for j, (b, _) in enumerate(new)]
    for j, shapes in stayed:
        assert_same_land([one.shape for one in found.parcels_after_change if one.current_row == j], shapes)
    # Each class has the vertices of the others on its edges, inserted here by shapely.snap.
    before, change, after = (
        [old[i][0] for i in marked],
        [w for *_, w in wanted],
        [s for _, some in stayed for s in some],
    )
    nodes = shapely.multipoints(shapely.get_coordinates([*before, *change, *after]))
    before, change, after = (
        measure_area(*(shapely.snap(shape, nodes, 1e-6) for shape in some)) for some in (before, change, after)
    )
    assert found.sum_area_m2(CHANGED_KIND) == pytest.approx(change, abs=0.01 * len(wanted))
    assert found.area_before_m2 == pytest.approx(before, abs=0.01)
    assert sum(one.area_m2 for one in found.parcels_after_change) == pytest.approx(after, abs=0.01)
    assert before == pytest.approx(after, abs=0.01)
    assert sum(one.shape.area for one in found.parcels_after_change) == pytest.approx(ground.area, abs=0.01)
    # A vertex added on a straight edge changes the ellipsoidal area by some square metres per square kilometre.
    assert sum(one.area_m2 for one in found.parcels_after_change) == pytest.approx(measure_area(ground), rel=1e-5)


@pytest.mark.parametrize("seed", first_daily(range(12), 3))
def test_changes_of_random_control_lines_match_shapely(seed):
    chance = random.Random(seed)
    # Whole metres: no sliver below a square metre.
    old = [s for s, c in make_random_layout(chance) if c != "200"]
    new = [s for s, c in make_random_layout(chance) if c != "200"]
    found = get_single_layer(
        run_update(
            {"LSWHBHX": [make_row(s, n) for n, s in enumerate(old, 1)]},
            {"LSWHBHX": [make_row(s, n) for n, s in enumerate(new, 1)]},
        )
    )
    were, are = shapely.union_all(old), shapely.union_all(new)
    lost = [(i, p) for i, s in enumerate(old) for p in shapely.get_parts(shapely.difference(s, are)) if p.area > 0]
    gained = [p for s in new for p in shapely.get_parts(shapely.difference(s, were)) if p.area > 0]
    assert_same_land([one.shape for one in found.changes if one.kind == MOVED_OUT_KIND], [p for _, p in lost])
    assert_same_land([one.shape for one in found.changes if one.kind == MOVED_IN_KIND], gained)
    assert found.sum_area_m2(MOVED_OUT_KIND) == pytest.approx(sum(measure_area(p) for _, p in lost), rel=1e-5)
    marked = sorted({i for i, _ in lost})
    assert found.filed_rows.tolist() == marked
    ground = shapely.union_all([old[i] for i in marked])
    stayed = [p for s in new for p in shapely.get_parts(shapely.intersection(s, ground)) if p.area > 0]
    assert_same_land([one.shape for one in found.parcels_after_change], [*gained, *stayed])


# -- land after, and its overlay -----------------------------------------------------------------------------


@pytest.mark.parametrize("seed", first_daily(range(12), 3))
def test_changes_of_overlapping_ranges_match_shapely(seed):
    """Keep some overlapping ranges and move others.

    Every range on a filed parcel that lost land must be in 维护后.
    """
    chance = random.Random(seed)

    def make_ranges(count):
        return [
            make_box(*(10 * chance.randrange(30) for _ in range(2)), 10 * chance.randrange(5, 20)) for _ in range(count)
        ]

    old = make_ranges(8)
    new = [*chance.sample(old, 5), *make_ranges(3)]
    rows = [[make_row(s, n) for n, s in enumerate(side, 1)] for side in (old, new)]
    found = get_single_layer(run_update({"LSWHBHX": rows[0]}, {"LSWHBHX": rows[1]}))
    lost = [shapely.difference(s, shapely.union_all(new)).area > 0 for s in old]
    assert found.filed_rows.tolist() == np.flatnonzero(lost).tolist()
    ground = shapely.union_all([s for s, gone in zip(old, lost, strict=True) if gone])
    were = shapely.union_all(old)
    for j, s in enumerate(new):
        wanted = list_nonempty_parts(shapely.difference(s, were)) + list_nonempty_parts(shapely.intersection(s, ground))
        assert_same_land([one.shape for one in found.parcels_after_change if one.current_row == j], wanted)


def test_failed_overlay_of_land_after_the_change_raises_an_input_error(monkeypatch):
    """Let the overlay of one pair fail; its land would be missing in 维护后."""
    from plugin.core.geometry.overlay import find_shared_pieces

    def fail_overlay(one, other, **more):
        found = find_shared_pieces(one, other, **more)
        found.fallback_log.failed_pairs.append((0, 0))
        return found

    monkeypatch.setattr("plugin.core.studies.yearly.update.find_shared_pieces", fail_overlay)
    filed, current = [make_zone(make_box(0, 0), 1, "200")], [make_zone(make_box(0, 0), 1, "300")]
    with pytest.raises(InputError) as caught:
        run_update({"GHFQ": filed}, {"GHFQ": current})
    assert caught.value.key == "yearly_geometry"


# -- notes ------------------------------------------------------------------------------------------------------------------


def make_township(shape, key, name):
    return {**make_row(shape, key), "XZQDM": f"140225{key:03d}", "XZQMC": name}


def join_note_texts(done, lang="zh"):
    return "\n".join(list_notes(done, Texts(lang)))


def test_townships_are_taken_from_the_filed_edition_if_the_current_one_has_none():
    """Compare with a current edition that has only maintained layers."""
    zones = [make_zone(make_box(0, 0), 1, "200"), make_zone(make_box(100, 0), 2, "200")]
    townships = [
        make_township(make_box(-50, -50, 150, 300), 1, "甲镇"),
        make_township(make_box(100, -50, 300, 300), 2, "乙镇"),
    ]
    done = run_update({"GHFQ": zones, "XZQXZ": townships}, {"GHFQ": [make_zone(make_box(0, 0), 1, "300"), zones[1]]})
    by_township = get_single_layer(done).balance_by_township
    assert (
        by_township["甲镇"].changed == pytest.approx(measure_area(make_box(0, 0)), abs=0.01)
        and by_township["乙镇"].changed == 0
    )
    assert "乡镇" not in join_note_texts(done)
    without = run_update({"GHFQ": zones}, {"GHFQ": [make_zone(make_box(0, 0), 1, "300"), zones[1]]})
    assert "XZQXZ" in join_note_texts(without) and "township" in join_note_texts(without, "en")


def test_township_without_a_name_is_identified_by_its_code():
    """Count land in a township without a name; it is not outside all townships."""
    zones = [make_zone(make_box(0, 0), 1, "200")]
    townships = [make_township(make_box(-50, -50, 300, 300), 7, None)]
    done = run_update({"GHFQ": zones}, {"GHFQ": [make_zone(make_box(0, 0), 1, "300")], "XZQXZ": townships})
    assert set(get_single_layer(done).balance_by_township) == {"140225007"}


def test_invalid_or_missing_shapes_give_a_note_by_edition_layer_and_key():
    bow = {"wkt": "POLYGON ((0 0, 100 100, 100 0, 0 100, 0 0))"}
    keys = [f"1402250000{n:08d}" for n in (1, 2)]
    filed = [make_zone(make_box(0, 0), 1, "200"), make_zone(make_box(100, 0), 2, "200")]
    current = [make_zone(make_box(0, 0), 1, "200") | bow, make_zone(make_box(100, 0), 2, "200") | {"wkt": None}]
    notes = join_note_texts(run_update({"GHFQ": filed}, {"GHFQ": current}))
    repaired, shapeless = (next(line for line in notes.splitlines() if code in line) for code in ("GEO002", "GEO001"))
    for line, key in ((repaired, keys[0]), (shapeless, keys[1])):
        assert line.startswith("现行版图层“GHFQ”") and key in line and "1 个要素" in line
    assert "备案版图层" not in notes
    valid = join_note_texts(run_update({"GHFQ": filed}, {"GHFQ": filed}))
    assert "GEO00" not in valid


def test_missing_field_to_compare_is_stated_in_a_note():
    line, place = [make_row(make_box(0, 0), 1)], [make_row(make_box(0, 0), 1)]
    done = run_update(
        {"GHFQ": place, "LSWHBHX": line}, {"GHFQ": [make_zone(make_box(0, 0), 1, "200")], "LSWHBHX": line}
    )
    assert "GHFQDM" in join_note_texts(done)


def test_editions_in_different_crs_zones_are_refused():
    """Read a filed edition that was declared in the neighbouring zone.

    A six-digit easting fits into every zone: the edition would be 250 km away and all land moved.
    """
    norm, layers = make_example_norm(), []
    for crs in (4547, 4546):
        read = make_example_layer("GHFQ", [make_zone(make_box(0, 0), 1, "200")], norm)
        read.frame.geometry = [shapely.transform(s, lambda xy: xy - [38e6, 0]) for s in read.frame.geometry]
        frame = read.frame.set_crs(crs, allow_override=True)
        layers.append(SourceLayer(read.name, frame, read.fields, frame.crs))
    after = assemble_plan(layers[:1], norm, scope="three_lines")
    with pytest.raises(InputError) as caught:
        compute_yearly_update(
            assemble_plan(layers[1:], norm, scope="three_lines", reference_plan=after), after, 2026, day=UPDATE_DATE
        )
    message = Texts("zh").explain_error(caught.value)
    assert "EPSG:4546" in message and "千米" in message and "无法比对" in message
    with pytest.raises(InputError) as caught:
        compare_sources(layers[1], layers[0], norm)
    assert Texts("zh").explain_error(caught.value) == message


@pytest.mark.parametrize("has_crs_now", [True, False])
def test_layer_in_another_crs_zone_before_is_skipped_and_other_layers_are_maintained(has_crs_now):
    norm = make_example_norm()
    rows = {"GHFQ": [make_zone(make_box(0, 0), 1, "200")], "LSWHBHX": [make_row(make_box(0, 0), 1)]}
    made = [make_example_layer(role, some, norm) for role, some in rows.items()]
    nowhere = SourceLayer("LSWHBHX", made[1].frame.set_crs(None, allow_override=True), made[1].fields, None)
    after = assemble_plan([made[0], made[1] if has_crs_now else nowhere], norm, scope="three_lines")
    frame = made[1].frame.copy()
    frame.geometry = [shapely.transform(s, lambda xy: xy + np.array([257e3, 0])) for s in frame.geometry]
    filed = [made[0], SourceLayer("LSWHBHX", frame, made[1].fields, made[1].crs)]
    done = compute_yearly_update(
        assemble_plan(filed, norm, scope="three_lines", reference_plan=after), after, 2026, day=UPDATE_DATE
    )
    assert "LSWHBHX" in done.filed_plan.unusable_layers
    assert ("LSWHBHX" in done.current_plan.unusable_layers) is not has_crs_now
    assert [one.role for one in done.maintained_layers] == ["GHFQ"] and done.skip_reason_by_role[
        "LSWHBHX"
    ] == "unusable_filed"
    (note,) = [line for line in join_note_texts(done).splitlines() if "LSWHBHX" in line]
    assert note.startswith("备案版图层“LSWHBHX”") and "256.9 千米" in note


@pytest.mark.parametrize(
    ("first", "name"),
    [
        (("140225100001", "东村"), "140225100"),
        (("140225100000", "永安镇"), "永安镇"),
        (("140225100", "永安镇"), "永安镇"),
    ],
)
def test_villages_of_one_township_are_combined_in_the_balance(first, name):
    """Combine villages by the nine digits of their township code.

    The name of a village is not the name of its township.
    """
    zones = [make_zone(make_box(0, 0, 200), 1, "200")]
    villages = [
        {**make_row(make_box(100 * n - 50, -50, 100, 300), n + 1), "XZQDM": code, "XZQMC": called}
        for n, (code, called) in enumerate((first, ("140225100002", "西村"), ("140225100003", "北村")))
    ]
    done = run_update({"GHFQ": zones}, {"GHFQ": [make_zone(make_box(0, 0, 200), 1, "300")], "XZQ": villages})
    ((township_name, balance),) = get_single_layer(done).balance_by_township.items()
    assert township_name == name and balance.changed == pytest.approx(measure_area(make_box(0, 0, 200)), abs=0.01)


RANDOM_ZONE_CODES = ("200", "300", "410", None)
BALANCE_TERMS = ("before", "moved_out", "moved_in", "changed", "revalued", "doubled", "after")


def make_random_shape(chance):
    x, y, width, height = (10 * chance.randrange(1, 20) for _ in range(4))
    square = shapely.box(x, y, x + width, y + height)
    return chance.choice(
        [
            None,
            shapely.Polygon(),
            shapely.MultiPolygon([square, shapely.box(x + 300, y, x + 350, y + 10)]),
            shapely.box(x, y, x + 100, y + 100).difference(shapely.box(x + 20, y + 20, x + 60, y + 60)),
            shapely.Polygon([(x, y), (x + width, y + height), (x + width, y), (x, y + height)]),
            *[square] * 6,
        ]
    )


def make_random_rows(chance, count, zones):
    found = []
    for n in range(count):
        shape = make_random_shape(chance)
        key = chance.choice([None, "", f"1402250000{chance.randrange(1, 6):08d}", f"1402250000{n + 10:08d}"])
        row = {"wkt": None if shape is None else shapely.to_wkt(shape, rounding_precision=-1), "key": key}
        found.append(row | ({"GHFQDM": chance.choice(RANDOM_ZONE_CODES)} if zones else {}))
    return found


def make_random_townships(chance):
    east = chance.choice([60, 110])
    shapes = shapely.box(-50, -50, 110, 300), shapely.box(east, -50, 450, 300)
    names = "甲镇", chance.choice(["乙镇", "甲镇", None])
    return [
        {"wkt": shape.wkt, "key": str(n), "XZQDM": f"14022500{n}", "XZQMC": name}
        for n, (shape, name) in enumerate(zip(shapes, names, strict=True), 1)
    ]


def make_random_editions(chance, role):
    """Return two random editions of a layer.

    The later one keeps most rows in another order, changes some codes and adds some rows.
    """
    zones = role == "GHFQ"
    old = make_random_rows(chance, chance.randrange(1, 8), zones)
    new = [dict(row) for row in old if chance.random() < 0.7] + make_random_rows(chance, chance.randrange(1, 4), zones)
    chance.shuffle(new)
    for row in new:
        if zones and chance.random() < 0.3:
            row["GHFQDM"] = chance.choice(RANDOM_ZONE_CODES)
    return old, new


def read_shapes(rows):
    shapes = [shapely.from_wkt(row["wkt"]) if row["wkt"] else shapely.Polygon() for row in rows]
    return [shape if shape.is_valid else shapely.make_valid(shape) for shape in shapes]


def measure_union_area(shapes):
    return shapely.union_all(list(shapes)).area


def compute_balance_error(balance):
    gained = balance["moved_in"] - balance["moved_out"] + balance["revalued"] + balance["doubled"]
    return abs(balance["before"] + gained - balance["after"])


@pytest.mark.parametrize("role", ["GHFQ", "LSWHBHX"])
@pytest.mark.parametrize("seed", range(8))
def test_balance_of_invalid_layers_closes_and_changed_land_matches_shapely(role, seed):
    chance = random.Random(f"{role} {seed}")
    old, new = make_random_editions(chance, role)
    done = run_update({role: old}, {role: new, "XZQXZ": make_random_townships(chance)})
    (layer,), found = convert_balance_to_dict(done)["layers"], get_single_layer(done)

    balances = [*layer["townships"].values(), layer["outside_townships"]]
    assert max(map(compute_balance_error, (layer["balance"], *balances))) < 1e-6
    for term in BALANCE_TERMS:
        assert sum(balance[term] for balance in balances) == pytest.approx(layer["balance"][term], abs=1e-6), term
    for term in ("before", "moved_out", "moved_in", "after") if layer["zones"] else ():
        assert sum(z[term] for z in layer["zones"].values()) == pytest.approx(layer["balance"][term], abs=1e-6), term

    before, after = read_shapes(old), read_shapes(new)
    were, are = shapely.union_all(before), shapely.union_all(after)
    gone, come = (
        measure_union_area(part.geometry for part in found.comparison.list_pieces_of_kind(kind))
        for kind in (MOVED_OUT_KIND, MOVED_IN_KIND)
    )
    # Slivers below half a square metre each are reported separately.
    assert (gone, come) == pytest.approx((were.difference(are).area, are.difference(were).area), abs=0.6)
    ground = shapely.union_all([before[n] for n in found.filed_rows.tolist()])
    for row, shape in enumerate(after):
        wanted = shape.intersection(ground)
        if role == "LSWHBHX":
            wanted = wanted.union(shape.difference(were))
        mine = measure_union_area(one.shape for one in found.parcels_after_change if one.current_row == row)
        assert mine == pytest.approx(wanted.area, abs=0.6)
