# SPDX-License-Identifier: GPL-2.0-or-later
"""An edition shifted as a whole: found, stated, and removed from the comparison; compared with plain shapely."""

import dataclasses
import itertools

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from plugin.core.__main__ import main
from plugin.core.profile import load_profile
from plugin.core.profile.norm import Norm
from plugin.core.standard import load_standard
from plugin.core.versions.compare import compare_layers
from plugin.core.versions.model import CHANGED_KIND, MOVED_IN_KIND, MOVED_OUT_KIND
from plugin.core.versions.shift_search import ShiftLimits, make_shift_limits
from tests.core.small_plan import make_county_box, make_table, write_gpkg
from tests.core.versions.test_versions import (
    DEFAULT_TOLERANCE,
    draw_layouts,
    make_layer_edition,
    make_row,
    measure_moved_land,
    sum_moved_areas,
)

LIMITS = make_shift_limits(Norm(load_standard(), load_profile()))


def compare_with_limits(before, after, limits=LIMITS, **more):
    return compare_layers(
        make_layer_edition(before), make_layer_edition(after), tolerance=DEFAULT_TOLERANCE, shift_limits=limits, **more
    )


def make_cells(columns=5, rows=4, lines=None, **more):
    """Return rows that tile a rectangle; ``lines``: x and y of the lines between them, by default irregular."""
    xs, ys = lines or (
        [100 * n + 7 * (n % 3) for n in range(columns + 1)],
        [100 * n + 5 * n * n for n in range(rows + 1)],
    )
    cells = [shapely.box(x0, y0, x1, y1) for y0, y1 in itertools.pairwise(ys) for x0, x1 in itertools.pairwise(xs)]
    return [make_row(cell, n + 1, **more) for n, cell in enumerate(cells)]


def move_rows(rows, east, north, which=None):
    """Return rows moved by metres; ``which``: numbers of the moved rows, None: all."""
    moved = [dict(row) for row in rows]
    for n, row in enumerate(moved):
        if which is None or n in which:
            shape = shapely.transform(shapely.from_wkt(row["wkt"]), lambda xy: xy + np.array([east, north]))
            row["wkt"] = shapely.to_wkt(shape, rounding_precision=-1)
    return moved


def read_shapes(rows):
    return [shapely.from_wkt(row["wkt"]) for row in rows]


def describe_comparison(comparison):
    """Return a text with all of a comparison but its editions, to compare two results."""
    values = {
        f.name: getattr(comparison, f.name) for f in dataclasses.fields(comparison) if not f.name.endswith("_edition")
    }
    parts = [
        (*dataclasses.astuple(dataclasses.replace(p, geometry=None)), p.geometry.wkb) for p in comparison.changed_pieces
    ]
    return repr(values | {"changed_pieces": parts, "slivers": [shape.wkb for shape in comparison.slivers]})


# -- found and removed --------------------------------------------------------------------------------------------------


def test_edition_with_all_rows_shifted_equally_has_no_moved_land_but_is_not_identical():
    before = make_cells()
    found = compare_with_limits(before, move_rows(before, 0.3, -0.2))
    assert (found.shift.east_m, found.shift.north_m) == pytest.approx((0.3, -0.2), abs=1e-6)
    assert found.shift.is_removed and found.shift.row_count == 20 and found.shift.share == 1.0
    assert found.shift.deviation_m < 1e-6
    assert not found.changed_pieces and not found.slivers and sum_moved_areas(found) == (0, 0, 0)
    assert not found.is_identical and not found.has_other_changes
    assert found.equal_count == 0 and found.unmatched_counts == (0, 0)
    assert abs(found.balance_by_basis["statutory"].rounding_error_m2) < 1e-6


@pytest.mark.parametrize("columns", [5, 30])
def test_areas_that_a_shift_moves_equal_those_of_shapely(columns):
    before = make_cells(columns)
    after = move_rows(before, 0.3, -0.2)
    shift = compare_with_limits(before, after).shift
    old, new = read_shapes(before), read_shapes(after)
    all_old, all_new = shapely.union_all(old), shapely.union_all(new)
    scale = shift.rows_m2 / all_new.area
    assert scale == pytest.approx(1.0, rel=2e-3)
    assert shift.moved_out_m2 == pytest.approx(all_old.difference(all_new).area * scale, rel=1e-5)
    assert shift.moved_in_m2 == pytest.approx(all_new.difference(all_old).area * scale, rel=1e-5)
    left = sum(a.difference(b).area for a, b in zip(old, new, strict=True))
    assert shift.left_m2 == pytest.approx(left * scale, rel=1e-5)


def test_areas_of_a_shift_count_land_once_where_rows_of_one_edition_overlap():
    before = [*make_cells(), make_row(shapely.box(50, 50, 450, 90), 90), make_row(shapely.box(-40, 0, 30, 60), 91)]
    after = move_rows(before, -0.4, 0.25)
    shift = compare_with_limits(before, after).shift
    old, new = read_shapes(before), read_shapes(after)
    scale = shift.rows_m2 / sum(shape.area for shape in new)
    for rows, others, moved_m2 in ((old, new, shift.moved_out_m2), (new, old, shift.moved_in_m2)):
        cover = shapely.union_all(others)
        assert moved_m2 == pytest.approx(sum(row.difference(cover).area for row in rows) * scale, rel=1e-5)


def test_row_far_outside_the_county_does_not_hinder_the_comparison_of_a_shift():
    before = [*make_cells(), make_row(shapely.box(0, -1.5e6, 50, -1.5e6 + 50), 90)]
    shift = compare_with_limits(before, move_rows(before, 0.3, -0.2)).shift
    near = compare_with_limits(before[:-1], move_rows(before[:-1], 0.3, -0.2)).shift
    assert shift.row_count == 21
    assert shift.moved_in_m2 == pytest.approx(near.moved_in_m2 + 50 * (0.3 + 0.2) - 0.06, rel=1e-3)


@pytest.mark.parametrize("keys", ["same keys", "no keys", "new keys"])
@pytest.mark.parametrize("turned", [False, True])
def test_shift_is_found_although_keys_and_first_vertices_of_the_rows_differ(keys, turned):
    before = make_cells()
    after = move_rows(before, 0.3, -0.2)
    for n, (one, other) in enumerate(zip(before, after, strict=True)):
        if keys == "no keys":
            one["key"] = other["key"] = ""
        if keys == "new keys":
            other["key"] = f"140225000000{900 - n:06d}"
        if turned:
            ring = shapely.from_wkt(other["wkt"]).exterior.coords[:-1]
            other["wkt"] = shapely.to_wkt(shapely.Polygon([*ring[2:], *ring[:2]][::-1]), rounding_precision=-1)
    found = compare_with_limits(before, after)
    assert found.shift.row_count == 20 and not found.changed_pieces
    assert (len(found.renumbered_rows) == 20) is (keys == "new keys")
    assert found.has_other_changes is (keys == "new keys")


def test_real_changes_of_a_shifted_edition_are_found_as_if_the_edition_were_not_shifted():
    before = make_cells()
    after = move_rows(before, 0.3, -0.2)
    after[2]["land_use"] = "0101"
    shape = shapely.from_wkt(after[7]["wkt"])
    west, south, east, north = shape.bounds
    after[7]["wkt"] = shapely.to_wkt(shapely.box(west + 10, south, east, north), rounding_precision=-1)
    del after[13]
    after.append(make_row(shapely.box(900.3, 0, 950.3, 50), 99))
    found = compare_with_limits(before, after)
    assert found.shift.row_count == 18 and found.unmatched_counts == (2, 2)
    parts = {(p.kind, p.before_row, round(p.geometry.area, 3)) for p in found.changed_pieces}
    height, lost = north - south, shapely.from_wkt(before[13]["wkt"]).area
    assert parts == {
        (CHANGED_KIND, 2, round(shapely.from_wkt(before[2]["wkt"]).area, 3)),
        (MOVED_OUT_KIND, 7, round(10 * height, 3)),
        (MOVED_OUT_KIND, 13, round(lost, 3)),
        (MOVED_IN_KIND, -1, 2500.0),
    }


def test_shift_longer_than_the_limit_is_reported_and_not_removed():
    before = make_cells()
    after = move_rows(before, 30.0, 0.0)
    found = compare_with_limits(before, after)
    assert found.shift.east_m == pytest.approx(30.0, abs=1e-6) and not found.shift.is_removed
    assert found.changed_pieces and found.unmatched_counts == (20, 20)
    found.shift = None
    assert describe_comparison(found) == describe_comparison(compare_with_limits(before, after, None))


def test_rows_within_the_tolerance_of_a_shift_count_as_shifted_and_their_deviation_is_stated():
    before = make_cells()
    after = move_rows(move_rows(before, 0.3, -0.2), 0.008, 0.0, which={3, 4})
    found = compare_with_limits(before, after)
    assert found.shift.row_count == 20 and found.shift.deviation_m == pytest.approx(0.008, abs=1e-6)
    after = move_rows(move_rows(before, 0.3, -0.2), 0.012, 0.0, which={3, 4})
    found = compare_with_limits(before, after)
    assert found.shift.row_count == 18 and found.unmatched_counts == (2, 2)


# -- never taken as a shift -----------------------------------------------------------------------------------------------


def move_each_row_differently(rows):
    return [move_rows([row], 0.3 * np.sin(n), 0.3 * np.cos(n))[0] for n, row in enumerate(rows)]


REAL_CHANGES = {
    "one row": lambda rows: move_rows(rows, 0.3, 0.2, which={7}),
    "less than the share": lambda rows: move_rows(rows, 0.3, 0.2, which=set(range(15))),
    "each row otherwise": move_each_row_differently,
    "not more than the agreement": lambda rows: move_rows(rows, 0.006, 0.006),
    "nothing": lambda rows: [dict(row) for row in rows],
    "another edition": lambda rows: make_cells(4, 5),
    "most rows are new": lambda rows: move_rows(rows, 0.3, 0.2) + move_rows(make_cells(2, 4), 2000, 0),
}


@pytest.mark.parametrize("change", REAL_CHANGES.values(), ids=REAL_CHANGES)
def test_real_changes_are_never_taken_for_a_shift_and_change_no_comparison_result(change):
    before = make_cells()
    after = change(before)
    found = compare_with_limits(before, after)
    assert found.shift is None
    assert describe_comparison(found) == describe_comparison(compare_with_limits(before, after, None))


@pytest.mark.parametrize("count", [1, 9])
def test_layer_of_fewer_rows_than_the_minimum_is_never_shifted_as_a_whole(count):
    before = make_cells(9, 1)[:count]
    found = compare_with_limits(before, move_rows(before, 0.3, 0.2))
    assert found.shift is None and found.changed_pieces


def test_shift_is_found_if_the_share_of_agreeing_rows_reaches_the_minimum_in_the_settings():
    before = make_cells(9, 1)
    after = move_rows(before, 0.3, 0.2, which=set(range(6)))
    assert compare_with_limits(before, after).shift is None
    assert compare_with_limits(before, after, ShiftLimits(5.0, 0.01, 0.6, 5)).shift.row_count == 6


# -- random layouts -----------------------------------------------------------------------------------------------------


@st.composite
def draw_shifted_layouts(draw):
    """Draw cells, a shift, and the shifted cells with a few changes; return also the unchanged cells."""
    xs, ys = (
        np.cumsum([0, *draw(st.lists(st.integers(20, 90), min_size=size, max_size=size))]).tolist() for size in (6, 4)
    )
    before = make_cells(lines=(xs, ys))
    for row in before:
        row["land_use"] = draw(st.sampled_from(["0101", "0103"]))
    if draw(st.booleans()):
        before = [row | {"key": ""} for row in before]
    east, north = (draw(st.integers(-40, 40)) / 100 for _ in range(2))
    after = move_rows(before, east, north)
    for n in sorted(draw(st.sets(st.integers(0, 23), max_size=3)), reverse=True):
        west, south, x, y = shapely.from_wkt(after[n]["wkt"]).bounds
        change = draw(st.sampled_from(["removed", "reduced", "divided", "other land use"]))
        if change == "removed":
            del after[n]
        elif change == "other land use":
            after[n]["land_use"] = "0102"
        else:
            middle = west + draw(st.integers(5, 15))
            after[n]["wkt"] = shapely.to_wkt(shapely.box(west, south, middle, y), rounding_precision=-1)
            if change == "divided":
                shape = shapely.box(middle, south, x, y)
                after.append(make_row(shape, 500 + n if before[0]["key"] else "", land_use=after[n]["land_use"]))
    return before, after, (east, north)


@pytest.mark.slow
@given(draw_shifted_layouts())
def test_moved_land_of_random_shifted_editions_equals_that_of_shapely_after_removing_the_shift(layout):
    before, after, (east, north) = layout
    found = compare_with_limits(before, after)
    moved_shapes = [shape.normalize() for shape in read_shapes(move_rows(before, east, north))]
    kept_count = sum(any(a.equals_exact(b.normalize(), 1e-6) for b in read_shapes(after)) for a in moved_shapes)
    has_too_few_kept = kept_count < LIMITS.min_share * max(len(before), len(after))
    if np.hypot(east, north) <= LIMITS.agreement_m or has_too_few_kept:
        assert found.shift is None
        return
    assert (found.shift.east_m, found.shift.north_m) == pytest.approx((east, north), abs=1e-6)
    old, new = read_shapes(move_rows(before, east, north)), read_shapes(after)
    scale = found.balance_by_basis["statutory"].before / sum(shape.area for shape in old)
    expected = measure_moved_land(before, after, old, new)
    assert list(sum_moved_areas(found)) == pytest.approx([area * scale for area in expected], rel=1e-4, abs=1e-2)
    assert abs(found.balance_by_basis["statutory"].rounding_error_m2) < 1e-6
    originals = read_shapes(before)
    shifted = found.shift
    kept = zip(shifted.earlier_rows.tolist(), shifted.later_rows.tolist(), strict=True)
    pairs = [(originals[i], new[j]) for i, j in kept]
    assert all(a.normalize().equals_exact(b.normalize(), np.hypot(east, north) + 1e-6) for a, b in pairs)
    left = sum(a.difference(b).area for a, b in pairs) * scale
    out = sum(a.difference(shapely.union_all(new)).area for a, _ in pairs) * scale
    come = sum(b.difference(shapely.union_all(originals)).area for _, b in pairs) * scale
    assert (shifted.left_m2, shifted.moved_out_m2, shifted.moved_in_m2) == pytest.approx(
        (left, out, come), rel=1e-4, abs=1e-2
    )


@pytest.mark.slow
@given(draw_layouts(), st.booleans())
def test_random_editions_without_a_shift_compare_equally_with_and_without_the_search_for_a_shift(layout, only_one):
    before, after = layout
    if only_one:
        after = move_rows(before, 0.3, 0.2, which={0})
    found = compare_with_limits(before, after)
    assert found.shift is None
    assert describe_comparison(found) == describe_comparison(compare_with_limits(before, after, None))


# -- stated -----------------------------------------------------------------------------------------------------------


def write_editions(tmp_path, role="DLTB", **columns):
    boxes = [make_county_box(120 * n, 0) for n in range(12)]
    moved = [shapely.transform(box, lambda xy: xy + np.array([0.3, -0.2])) for box in boxes]
    moved[4] = shapely.transform(moved[4], lambda xy: np.where(xy == xy[:, 1].max(), xy - 20, xy))
    return [
        write_gpkg(tmp_path / f"{name}.gpkg", {role: make_table(shapes, **columns)})
        for name, shapes in (("前", boxes), ("后", moved))
    ]


def test_compare_command_states_the_shift_in_metres_and_that_the_areas_exclude_it(tmp_path, capsys):
    old, new = write_editions(tmp_path, DLBM=["0101"] * 12)
    assert main(["compare", str(old), str(new)]) == 1
    printed = capsys.readouterr().out
    assert printed.startswith("不一致。")
    assert (
        "整体平移：相对前一版东方向 0.300 米、北方向 −0.200 米（负值为向西、向南），11 个要素（占 91.67%）" in printed
    )
    assert "比对时已扣除平移" in printed and "平移的影响未计入上述面积" in printed
    assert "调出 1 块" in printed and "调入 0.00 平方米" in printed
    assert main(["compare", str(old), str(new), "--lang", "en"]) == 1
    printed = capsys.readouterr().out
    assert "shifted as a whole: 0.300 m east and −0.200 m north of the earlier one" in printed
    assert "11 features (91.67%)" in printed and "compared without the shift" in printed
