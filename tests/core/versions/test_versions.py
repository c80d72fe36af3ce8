# SPDX-License-Identifier: GPL-2.0-or-later
"""Two editions of a layer: moved and changed land, compared with shapely."""

import itertools
import random

import numpy as np
import pytest
import shapely
import shapely.affinity
from hypothesis import given
from hypothesis import strategies as st

from plugin.core.examples.plans import ORIGIN, make_example_plan
from plugin.core.geometry.polygons import Polygons
from plugin.core.geometry.tolerance import Tolerance
from plugin.core.versions.compare import NO_TOWNSHIPS, TownshipPolygons, compare_layers
from plugin.core.versions.model import CHANGED_KIND, MOVED_IN_KIND, MOVED_OUT_KIND, make_edition
from tests.core.geometry.test_properties import draw_polygon_layer

FARMLAND_ROLE = "YJJBNTBHTB"
DEFAULT_TOLERANCE = Tolerance()


def make_square(x, y, width=100.0, height=100.0):
    return shapely.box(x, y, x + width, y + height)


def make_row(shape, key=None, **more):
    found = {"wkt": None if shape is None else shapely.to_wkt(shape, rounding_precision=-1), "land_use": "0103"}
    return {**found, "key": f"14022500000000{key:04d}" if isinstance(key, int) else key or "", **more}


def make_layer_edition(rows):
    return make_edition(make_example_plan({FARMLAND_ROLE: rows}).layers[FARMLAND_ROLE])


def compare_rows(before, after, **more):
    return compare_layers(make_layer_edition(before), make_layer_edition(after), tolerance=DEFAULT_TOLERANCE, **more)


def sum_moved_areas(found, basis="statutory"):
    """Return the areas (m²) moved in, moved out and changed on the same land."""
    b = found.balance_by_basis[basis]
    return b.moved_in, b.moved_out, b.changed


def measure_moved_land(before, after, old, new):
    """Return the areas moved in, moved out and with another land use, computed by plain shapely.

    ``before``, ``after``: rows of both editions; ``old``, ``new``: their shapes.
    """
    all_old, all_new = shapely.union_all(old), shapely.union_all(new)
    changed = sum(
        a.intersection(b).area
        for a, one in zip(old, before, strict=True)
        for b, other in zip(new, after, strict=True)
        if one["land_use"] != other["land_use"]
    )
    return [all_new.difference(all_old).area, all_old.difference(all_new).area, changed]


def make_townships(shapes, names):
    return TownshipPolygons(Polygons(np.array(shapes, dtype=object)), names)


def move_to_county(shape):
    return shapely.transform(shape, lambda xy: xy + ORIGIN)


GRID_ROWS = [make_row(make_square(100 * c, 100 * r), 10 * r + c + 1) for r in range(3) for c in range(3)]


def copy_grid_rows():
    return [dict(p) for p in GRID_ROWS]


# -- the same -----------------------------------------------------------------------------------------------------------


def turn_ring(wkt, offset, is_reversed):
    """Return a polygon whose ring begins ``offset`` vertices later, reversed if ``is_reversed``."""
    ring = list(shapely.from_wkt(wkt).exterior.coords)[:-1]
    ring = ring[offset:] + ring[:offset]
    return shapely.Polygon(ring[::-1] if is_reversed else ring)


def test_editions_that_differ_in_row_order_ring_start_or_direction_are_identical():
    after = copy_grid_rows()
    for n, one in enumerate(after):
        one["wkt"] = turn_ring(one["wkt"], n % 4, n % 2).wkt
    random.Random(1).shuffle(after)
    found = compare_rows(copy_grid_rows(), after)
    assert found.is_identical and found.equal_count == 9 and not found.changed_pieces
    assert sum_moved_areas(found) == (0, 0, 0)


@pytest.mark.parametrize("keys", ["same keys", "no keys"])
@pytest.mark.parametrize(("moved_m", "same"), [(0.00009, True), (0.00013, False), (0.05, False)])
def test_vertex_noise_below_the_tolerance_is_no_difference_between_editions(moved_m, same, keys):
    chance, after = random.Random(2), copy_grid_rows()
    before = copy_grid_rows()
    for one, other in zip(before, after, strict=True):
        shape = shapely.from_wkt(one["wkt"])

        def shake_vertices(xy):
            angles = np.array([chance.uniform(0, 6.28) for _ in xy])
            moved = xy + moved_m * np.column_stack([np.cos(angles), np.sin(angles)])
            moved[-1] = moved[0]
            return moved

        other["wkt"] = shapely.to_wkt(shapely.transform(shape, shake_vertices), rounding_precision=-1)
        if keys == "no keys":
            one["key"] = other["key"] = ""
    chance.shuffle(after)
    found = compare_rows(before, after)
    assert found.is_identical is same
    if same:
        assert sum_moved_areas(found) == (0, 0, 0) and abs(found.balance_by_basis["statutory"].revalued) < 0.5


def test_editions_in_different_crs_are_identical():
    plans = [make_example_plan({FARMLAND_ROLE: copy_grid_rows()}).layers[FARMLAND_ROLE] for _ in range(2)]
    # The second as a database in degrees stores it: a grid of 1e-9 degrees.
    from plugin.core.examples.plans import make_example_layer, make_example_norm

    norm = make_example_norm()
    read = make_example_layer(FARMLAND_ROLE, copy_grid_rows(), norm)
    degrees = read.frame.to_crs(4490)
    degrees.geometry = [shapely.transform(s, lambda xy: np.round(xy, 9)) for s in degrees.geometry]
    from pyproj import CRS

    from plugin.core.plan.layer import Layer

    read.frame, read.crs = degrees, CRS.from_epsg(4490)
    other = Layer(read, plans[0].template, plans[0].plane_crs)
    found = compare_layers(make_edition(plans[0]), make_edition(other), tolerance=DEFAULT_TOLERANCE)
    assert found.is_identical and not found.changed_pieces
    found = compare_layers(make_edition(other), make_edition(plans[0]), tolerance=DEFAULT_TOLERANCE)
    assert found.is_identical


def test_added_vertex_makes_editions_different_although_no_land_moved():
    after = copy_grid_rows()
    after[0]["wkt"] = "POLYGON ((0 0, 50 0, 100 0, 100 100, 0 100, 0 0))"
    found = compare_rows(copy_grid_rows(), after)
    assert not found.is_identical and found.unmatched_counts == (1, 1) and not found.changed_pieces
    assert sum_moved_areas(found) == (0, 0, 0)


@pytest.mark.parametrize("what", ["key", "field", "row more", "row less", "twice"])
def test_changed_key_or_value_and_added_removed_or_repeated_rows_make_editions_not_identical(what):
    after = copy_grid_rows()
    if what == "key":
        after[3]["key"] = "140225000000009999"
    if what == "field":
        after[3]["land_use"] = "0102"
    if what == "row more":
        after.append(make_row(make_square(900, 900), 77))
    if what == "row less":
        after.pop()
    if what == "twice":
        after.append(dict(after[0]))
    found = compare_rows(copy_grid_rows(), after)
    assert not found.is_identical
    assert abs(found.balance_by_basis["statutory"].rounding_error_m2) < 1e-6


def test_renumbering_table_matches_all_rows_with_renewed_keys():
    after = copy_grid_rows()
    for n, one in enumerate(after):
        one["key"] = f"14022500000002{n:04d}"
    table = {one["key"]: other["key"] for one, other in zip(GRID_ROWS, after, strict=True)}
    found = compare_rows(copy_grid_rows(), after)
    assert not found.is_identical and len(found.renumbered_rows) == 9 and not found.changed_pieces
    assert compare_rows(copy_grid_rows(), after, renumbered=table).is_identical


# -- what moved and what changed ------------------------------------------------------------------------------------------


def test_removed_added_and_recoded_land_is_classified_as_moved_out_moved_in_and_changed():
    after = copy_grid_rows()[1:]
    after[0] |= {"land_use": "0101"}
    after.append(make_row(make_square(300, 0, 50, 100), 99))
    found = compare_rows(copy_grid_rows(), after)
    (removed,), (added,), (changed,) = (
        found.list_pieces_of_kind(kind) for kind in (MOVED_OUT_KIND, MOVED_IN_KIND, CHANGED_KIND)
    )
    assert removed.geometry.equals(move_to_county(make_square(0, 0))) and (removed.before_row, removed.after_row) == (
        0,
        -1,
    )
    assert added.geometry.equals(move_to_county(make_square(300, 0, 50, 100))) and added.before_row == -1
    assert changed.value_changes == [("DLBM", "0103", "0101")]
    moved_in, moved_out, altered = sum_moved_areas(found)
    assert [moved_out, altered] == pytest.approx([1e4, 1e4], rel=2e-3) and moved_in == pytest.approx(5e3, rel=2e-3)
    assert moved_out == pytest.approx(make_layer_edition(copy_grid_rows()).layer.statutory[0], rel=1e-12)
    assert abs(found.balance_by_basis["statutory"].rounding_error_m2) < 1e-6


def test_net_area_of_a_parcel_that_lost_a_part_is_assigned_to_the_part_by_its_share_of_area():
    before = [make_row(make_square(0, 0), 1, gross_area=10_000.0, deduction_area=1_000.0, net_area=9_000.0)]
    after = [make_row(make_square(0, 0, 100, 75), 1, gross_area=7_500.0, deduction_area=750.0, net_area=6_750.0)]
    found = compare_rows(before, after)
    (removed,) = found.changed_pieces
    # 永农数据库标准: shared ÷ parcel × net. Areas are not compared where the shape is another.
    assert removed.kind == MOVED_OUT_KIND and removed.net_before_m2 == pytest.approx(2_250.0, abs=1e-3)
    balance = found.balance_by_basis["net"]
    assert (balance.before, balance.after) == (9_000.0, 6_750.0)
    assert balance.moved_out == pytest.approx(2_250.0, abs=1e-3) and abs(balance.rounding_error_m2) < 1e-6


def test_changed_net_area_on_the_same_land_is_listed_as_revalued_in_the_balance():
    before = [make_row(make_square(0, 0), 1, gross_area=10_000.0, net_area=9_000.0)]
    after = [make_row(make_square(0, 0), 1, gross_area=10_000.0, net_area=8_000.0)]
    found = compare_rows(before, after)
    (changed,) = found.changed_pieces
    assert changed.value_changes == [("YJJBNTMJ", "9000", "8000")]
    assert (
        found.balance_by_basis["net"].revalued == pytest.approx(-1_000.0)
        and abs(found.balance_by_basis["net"].rounding_error_m2) < 1e-9
    )


def test_moved_land_is_cut_at_township_borders():
    townships = make_townships(
        [move_to_county(make_square(0, 0, 150, 300)), move_to_county(make_square(150, 0, 150, 300))], ["甲镇", "乙镇"]
    )
    after = [p for n, p in enumerate(copy_grid_rows()) if n != 1]
    found = compare_rows(copy_grid_rows(), after, townships=townships)
    assert [(p.township, p.kind) for p in found.changed_pieces] == [("甲镇", MOVED_OUT_KIND), ("乙镇", MOVED_OUT_KIND)]
    by_township = found.balance_by_township["statutory"]
    assert set(by_township) == {"甲镇", "乙镇"}
    assert by_township["甲镇"].moved_out == pytest.approx(5_000, rel=2e-3)
    assert by_township["甲镇"].before == pytest.approx(45_000, rel=2e-3)
    for name in ("before", "after", "moved_out"):
        total = sum(getattr(b, name) for b in by_township.values())
        assert total == pytest.approx(getattr(found.balance_by_basis["statutory"], name), rel=1e-12)
    assert all(abs(b.rounding_error_m2) < 1e-6 for b in by_township.values())


def test_moved_land_outside_all_townships_is_counted_without_a_township_name():
    townships = make_townships([move_to_county(make_square(0, 0, 100, 300))], ["甲镇"])
    found = compare_rows(copy_grid_rows(), copy_grid_rows()[3:], townships=townships)
    by_township = found.balance_by_township["statutory"]
    assert by_township[""].moved_out == pytest.approx(20_000, rel=2e-3)
    assert by_township["甲镇"].moved_out == pytest.approx(10_000, rel=2e-3)


def test_land_where_townships_overlap_is_counted_for_the_first_township():
    """Give the first township only the overlapping strip, not the whole feature."""
    townships = make_townships(
        [move_to_county(make_square(0, 0, 160, 300)), move_to_county(make_square(150, 0, 150, 300))], ["甲镇", "乙镇"]
    )
    one = [{"wkt": make_square(0, 0, 300, 300).wkt, "key": "140225000000000001"}]
    by_township = compare_rows(one, one, townships=townships).balance_by_township["statutory"]
    assert set(by_township) == {"甲镇", "乙镇"}
    assert by_township["甲镇"].before == pytest.approx(48_000, rel=2e-3)
    assert by_township["乙镇"].before == pytest.approx(42_000, rel=2e-3)


def test_duplicate_feature_counts_its_land_once():
    before = [*copy_grid_rows(), dict(GRID_ROWS[0]) | {"key": "140225000000005555"}]
    found = compare_rows(before, copy_grid_rows())
    assert not found.changed_pieces and not found.is_identical
    balance = found.balance_by_basis["statutory"]
    assert balance.doubled == pytest.approx(-1e4, rel=2e-3) and abs(balance.rounding_error_m2) < 1e-6


def test_feature_key_reused_for_other_land_is_reported():
    after = copy_grid_rows()
    after[0] = make_row(make_square(900, 900), 1)
    assert compare_rows(copy_grid_rows(), after).reused_keys == ["140225000000000001"]


def test_rows_without_a_shape_are_compared_by_attributes():
    before = [*copy_grid_rows(), make_row(None, 50)]
    assert compare_rows(before, [dict(r) for r in before]).is_identical
    after = [*copy_grid_rows(), make_row(None, 50, land_use="0101")]
    assert not compare_rows(before, after).is_identical


def test_slivers_between_editions_are_summed_but_not_listed():
    after = copy_grid_rows()
    after[0]["wkt"] = "POLYGON ((0.001 0, 100 0, 100 100, 0.001 100, 0.001 0))"
    found = compare_rows(copy_grid_rows(), after)
    assert not found.is_identical and not found.changed_pieces and len(found.slivers) == 1
    assert found.sliver_m2 == pytest.approx(0.1, rel=1e-2)
    assert found.balance_by_basis["statutory"].moved_out == pytest.approx(0.1, rel=1e-2)


# -- compared with plain shapely ---------------------------------------------------------------------------------------------------


@st.composite
def draw_layouts(draw):
    """Draw two random editions of a square that is cut into cells along other lines."""

    def draw_rows(tag):
        xs = sorted({0, 60, *draw(st.lists(st.integers(1, 59), max_size=4))})
        ys = sorted({0, 60, *draw(st.lists(st.integers(1, 59), max_size=4))})
        tilt = draw(st.integers(-3, 3))
        cells = []
        for x0, x1 in itertools.pairwise(xs):
            for y0, y1 in itertools.pairwise(ys):
                if draw(st.integers(0, 3)):
                    ring = [(x0 + tilt * y0 / 10, y0), (x1 + tilt * y0 / 10, y0), (x1 + tilt * y1 / 10, y1)]
                    cells.append(shapely.Polygon([*ring, (x0 + tilt * y1 / 10, y1)]))
        codes = [draw(st.sampled_from(["0101", "0103"])) for _ in cells]
        return [
            make_row(s, f"{tag}{n}", land_use=c, net_area=s.area * 0.9)
            for n, (s, c) in enumerate(zip(cells, codes, strict=True))
        ]

    before = draw_rows("A")
    after = draw_rows("B") if draw(st.booleans()) else [dict(r) for r in before if draw(st.integers(0, 3))]
    spare = [make_row(make_square(0, 0), tag, net_area=9_000.0) for tag in "AB"]
    return before or spare[:1], after or spare[1:]


@pytest.mark.slow
@given(draw_layouts())
def test_moved_land_of_random_editions_equals_that_of_shapely_and_their_area_balance_adds_up(layout):
    before, after = layout
    found = compare_rows(before, after)
    old, new = ([shapely.from_wkt(r["wkt"]) for r in rows] for rows in layout)
    scale = found.balance_by_basis["statutory"].before / sum(s.area for s in old)
    expected = measure_moved_land(before, after, old, new)
    if any("B" in r["key"] for r in after):
        assert list(sum_moved_areas(found)) == pytest.approx([e * scale for e in expected], rel=1e-4, abs=1e-2)
        parts = [sum(p.geometry.area for p in found.list_pieces_of_kind(k)) for k in (MOVED_IN_KIND, MOVED_OUT_KIND)]
        assert parts == pytest.approx(expected[:2], abs=1.0)
    else:
        assert sum_moved_areas(found)[0] == 0 and sum_moved_areas(found)[1] == pytest.approx(
            expected[1] * scale, rel=1e-6
        )
    for basis in ("statutory", "net"):
        balance = found.balance_by_basis[basis]
        assert abs(balance.rounding_error_m2) <= 1e-9 * max(balance.before, balance.after), balance
        assert abs(balance.doubled) <= 1e-6
    # The area of unmoved land may change only by the vertices added on its straight edges.
    assert abs(found.balance_by_basis["statutory"].revalued) <= 3e-6 * found.balance_by_basis["statutory"].after


@st.composite
def draw_any_rows(draw, tag):
    """Draw random rows with overlaps, copies, holes, and missing shapes or keys."""
    found = []
    for n, shape in enumerate(draw(draw_polygon_layer())):
        number = f"{tag}{n if draw(st.integers(0, 4)) else 0}" if draw(st.integers(0, 5)) else ""
        net = None if shape is None else shape.area * 0.9
        found.append(make_row(shape, number, land_use=draw(st.sampled_from(["0101", "0103"])), net_area=net))
    return found or [make_row(make_square(0, 0, 3, 3), tag, net_area=8.0)]


@pytest.mark.slow
@given(st.data())
def test_area_before_minus_moved_out_plus_moved_in_equals_area_after_for_arbitrary_editions(data):
    before = data.draw(draw_any_rows("A"))
    after = data.draw(draw_any_rows("A"))
    if data.draw(st.booleans()):
        after += [dict(r) for r in before[: len(before) // 2 + 1]]
    townships = make_townships(
        [move_to_county(make_square(0, 0, 4, 20)), move_to_county(make_square(4, 0, 3, 20))], ["甲镇", "乙镇"]
    )
    given_townships = townships if data.draw(st.booleans()) else NO_TOWNSHIPS
    found = compare_rows(before, after, townships=given_townships)
    shapes = [[s for s in map(move_to_county_or_none, rows) if s is not None] for rows in (before, after)]
    old, new = (shapely.union_all(s) if s else shapely.Polygon() for s in shapes)
    for basis in ("statutory", "net"):
        balance = found.balance_by_basis[basis]
        assert abs(balance.rounding_error_m2) <= 1e-6, balance
        for name in ("before", "after", "moved_in", "moved_out", "revalued", "doubled"):
            summed = sum(getattr(b, name) for b in found.balance_by_township[basis].values())
            assert summed == pytest.approx(getattr(balance, name), abs=1e-6), name
    # Land in both editions has not moved, even where features overlap.
    moved = [
        shapely.union_all([p.geometry for p in found.list_pieces_of_kind(kind)] or [shapely.Polygon()])
        for kind in (MOVED_OUT_KIND, MOVED_IN_KIND)
    ]
    slack = 0.5 * len(found.slivers) + 1e-3
    assert shapely.symmetric_difference(moved[0], shapely.difference(old, new)).area <= slack
    assert shapely.symmetric_difference(moved[1], shapely.difference(new, old)).area <= slack
    assert compare_rows(before, before).is_identical


def move_to_county_or_none(one):
    return move_to_county(shapely.from_wkt(one["wkt"])) if one["wkt"] else None


# -- cost ---------------------------------------------------------------------------------------------------------------
