# SPDX-License-Identifier: GPL-2.0-or-later
"""Two editions of a layer: what moved in, out, changed; held against plain shapely on random layouts."""

import itertools
import random

import numpy as np
import pytest
import shapely
import shapely.affinity
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plugin.core.cancellation import Cancellation
from plugin.core.errors import Cancelled
from plugin.core.geometry.overlay import find_shared_parts
from plugin.core.geometry.polygons import Polygons
from plugin.core.geometry.statutory_area import statutory_area
from plugin.core.geometry.tolerance import Tolerance
from plugin.core.versions import equal_shapes
from plugin.core.versions.compare import NO_TOWNSHIPS, Townships, compare_layers
from plugin.core.versions.model import CHANGED, IN, OUT, make_edition
from tests.core.examples import ORIGIN, plan_of
from tests.core.geometry.test_properties import rows

ROLE = "YJJBNTBHTB"
LIMITS = Tolerance()
property_test = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def square(x, y, width=100.0, height=100.0):
    return shapely.box(x, y, x + width, y + height)


def row(shape, key=None, **more):
    found = {"wkt": None if shape is None else shapely.to_wkt(shape, rounding_precision=-1), "land_use": "0103"}
    return {**found, "key": f"14022500000000{key:04d}" if isinstance(key, int) else key or "", **more}


def edition(rows):
    return make_edition(plan_of({ROLE: rows}).layers[ROLE])


def compared(before, after, **more):
    return compare_layers(edition(before), edition(after), tolerance=LIMITS, **more)


def totals(found, basis="statutory"):
    b = found.total[basis]
    return b.moved_in, b.moved_out, b.changed


def towns_of(shapes, names):
    return Townships(Polygons(np.array(shapes, dtype=object)), names)


def placed(shape):
    return shapely.transform(shape, lambda xy: xy + ORIGIN)


PLOTS = [row(square(100 * c, 100 * r), 10 * r + c + 1) for r in range(3) for c in range(3)]


def grid():
    return [dict(p) for p in PLOTS]


# -- the same -----------------------------------------------------------------------------------------------------------


def turned_ring(wkt, by, back):
    ring = list(shapely.from_wkt(wkt).exterior.coords)[:-1]
    ring = ring[by:] + ring[:by]
    return shapely.Polygon(ring[::-1] if back else ring)


def test_order_start_and_direction_do_not_count():
    after = grid()
    for n, one in enumerate(after):
        one["wkt"] = turned_ring(one["wkt"], n % 4, n % 2).wkt
    random.Random(1).shuffle(after)
    found = compared(grid(), after)
    assert found.identical and found.equal == 9 and not found.parts
    assert totals(found) == (0, 0, 0)


@pytest.mark.parametrize("keys", ["kept", "none"])
@pytest.mark.parametrize(("moved_m", "same"), [(0.00009, True), (0.00013, False), (0.05, False)])
def test_noise_below_the_cluster_tolerance_does_not_count_and_more_does(moved_m, same, keys):
    chance, after = random.Random(2), grid()
    before = grid()
    for one, other in zip(before, after, strict=True):
        shape = shapely.from_wkt(one["wkt"])

        def shaken(xy):
            angles = np.array([chance.uniform(0, 6.28) for _ in xy])
            made = xy + moved_m * np.column_stack([np.cos(angles), np.sin(angles)])
            made[-1] = made[0]
            return made

        other["wkt"] = shapely.to_wkt(shapely.transform(shape, shaken), rounding_precision=-1)
        if keys == "none":
            one["key"] = other["key"] = ""
    chance.shuffle(after)
    found = compared(before, after)
    assert found.identical is same
    if same:
        assert totals(found) == (0, 0, 0) and abs(found.total["statutory"].revalued) < 0.5


def test_another_coordinate_system_does_not_count():
    plans = [plan_of({ROLE: grid()}).layers[ROLE] for _ in range(2)]
    # The second as a database in degrees keeps it: a grid of 1e-9 degrees.
    from tests.core.examples import norm_of, source_layer

    norm = norm_of()
    read = source_layer(ROLE, grid(), norm)
    degrees = read.frame.to_crs(4490)
    degrees.geometry = [shapely.transform(s, lambda xy: np.round(xy, 9)) for s in degrees.geometry]
    from pyproj import CRS

    from plugin.core.plan.layer import Layer

    read.frame, read.crs = degrees, CRS.from_epsg(4490)
    other = Layer(read, plans[0].template, plans[0].plane_crs)
    found = compare_layers(make_edition(plans[0]), make_edition(other), tolerance=LIMITS)
    assert found.identical and not found.parts
    found = compare_layers(make_edition(other), make_edition(plans[0]), tolerance=LIMITS)
    assert found.identical


def test_a_vertex_more_is_not_the_same_though_no_land_moved():
    after = grid()
    after[0]["wkt"] = "POLYGON ((0 0, 50 0, 100 0, 100 100, 0 100, 0 0))"
    found = compared(grid(), after)
    assert not found.identical and found.redrawn == (1, 1) and not found.parts
    assert totals(found) == (0, 0, 0)


@pytest.mark.parametrize("what", ["key", "field", "row more", "row less", "twice"])
def test_everything_else_counts(what):
    after = grid()
    if what == "key":
        after[3]["key"] = "140225000000009999"
    if what == "field":
        after[3]["land_use"] = "0102"
    if what == "row more":
        after.append(row(square(900, 900), 77))
    if what == "row less":
        after.pop()
    if what == "twice":
        after.append(dict(after[0]))
    found = compared(grid(), after)
    assert not found.identical
    assert abs(found.total["statutory"].rest) < 1e-6


def test_a_table_of_new_numbers_makes_them_the_same():
    after = grid()
    for n, one in enumerate(after):
        one["key"] = f"14022500000002{n:04d}"
    table = {one["key"]: other["key"] for one, other in zip(PLOTS, after, strict=True)}
    found = compared(grid(), after)
    assert not found.identical and len(found.renumbered) == 9 and not found.parts
    assert compared(grid(), after, renumbered=table).identical


# -- what moved and what changed ------------------------------------------------------------------------------------------


def test_moved_out_moved_in_and_changed_with_old_and_new():
    after = grid()[1:]
    after[0] |= {"land_use": "0101"}
    after.append(row(square(300, 0, 50, 100), 99))
    found = compared(grid(), after)
    (gone,), (come,), (changed,) = (found.of_kind(kind) for kind in (OUT, IN, CHANGED))
    assert gone.geometry.equals(placed(square(0, 0))) and (gone.before, gone.after) == (0, -1)
    assert come.geometry.equals(placed(square(300, 0, 50, 100))) and come.before == -1
    assert changed.changes == [("DLBM", "0103", "0101")]
    moved_in, moved_out, altered = totals(found)
    assert [moved_out, altered] == pytest.approx([1e4, 1e4], rel=2e-3) and moved_in == pytest.approx(5e3, rel=2e-3)
    assert moved_out == pytest.approx(edition(grid()).layer.statutory[0], rel=1e-12)
    assert abs(found.total["statutory"].rest) < 1e-6


def test_net_areas_go_by_share():
    before = [row(square(0, 0), 1, gross_area=10_000.0, deduction_area=1_000.0, net_area=9_000.0)]
    after = [row(square(0, 0, 100, 75), 1, gross_area=7_500.0, deduction_area=750.0, net_area=6_750.0)]
    found = compared(before, after)
    (gone,) = found.parts
    # 永农数据库标准: shared ÷ parcel × net. Areas are not compared where the shape is another.
    assert gone.kind == OUT and gone.net_before_m2 == pytest.approx(2_250.0, abs=1e-3)
    balance = found.total["net"]
    assert (balance.before, balance.after) == (9_000.0, 6_750.0)
    assert balance.moved_out == pytest.approx(2_250.0, abs=1e-3) and abs(balance.rest) < 1e-6


def test_a_net_area_that_is_another_on_the_same_land_is_told_in_the_balance():
    before = [row(square(0, 0), 1, gross_area=10_000.0, net_area=9_000.0)]
    after = [row(square(0, 0), 1, gross_area=10_000.0, net_area=8_000.0)]
    found = compared(before, after)
    (changed,) = found.parts
    assert changed.changes == [("YJJBNTMJ", "9000", "8000")]
    assert found.total["net"].revalued == pytest.approx(-1_000.0) and abs(found.total["net"].rest) < 1e-9


def test_by_township_parts_are_cut_at_the_border():
    towns = towns_of([placed(square(0, 0, 150, 300)), placed(square(150, 0, 150, 300))], ["甲镇", "乙镇"])
    after = [p for n, p in enumerate(grid()) if n != 1]
    found = compared(grid(), after, townships=towns)
    assert [(p.township, p.kind) for p in found.parts] == [("甲镇", OUT), ("乙镇", OUT)]
    by_town = found.townships["statutory"]
    assert set(by_town) == {"甲镇", "乙镇"}
    assert by_town["甲镇"].moved_out == pytest.approx(5_000, rel=2e-3)
    assert by_town["甲镇"].before == pytest.approx(45_000, rel=2e-3)
    for name in ("before", "after", "moved_out"):
        total = sum(getattr(b, name) for b in by_town.values())
        assert total == pytest.approx(getattr(found.total["statutory"], name), rel=1e-12)
    assert all(abs(b.rest) < 1e-6 for b in by_town.values())


def test_land_outside_all_townships_is_not_lost():
    towns = towns_of([placed(square(0, 0, 100, 300))], ["甲镇"])
    found = compared(grid(), grid()[3:], townships=towns)
    by_town = found.townships["statutory"]
    assert by_town[""].moved_out == pytest.approx(20_000, rel=2e-3)
    assert by_town["甲镇"].moved_out == pytest.approx(10_000, rel=2e-3)


def test_townships_that_overlap_by_a_strip_keep_the_rest_each():
    """A large feature is not the first township's because a strip is claimed by two: the strip alone is."""
    towns = towns_of([placed(square(0, 0, 160, 300)), placed(square(150, 0, 150, 300))], ["甲镇", "乙镇"])
    one = [{"wkt": square(0, 0, 300, 300).wkt, "key": "140225000000000001"}]
    by_town = compared(one, one, townships=towns).townships["statutory"]
    assert set(by_town) == {"甲镇", "乙镇"}
    assert by_town["甲镇"].before == pytest.approx(48_000, rel=2e-3)
    assert by_town["乙镇"].before == pytest.approx(42_000, rel=2e-3)


def test_the_same_feature_twice_counts_once_as_land():
    before = [*grid(), dict(PLOTS[0]) | {"key": "140225000000005555"}]
    found = compared(before, grid())
    assert not found.parts and not found.identical
    balance = found.total["statutory"]
    assert balance.doubled == pytest.approx(-1e4, rel=2e-3) and abs(balance.rest) < 1e-6


def test_a_number_that_names_other_land_now_is_told():
    after = grid()
    after[0] = row(square(900, 900), 1)
    assert compared(grid(), after).reused == ["140225000000000001"]


def test_rows_without_a_shape_are_compared_by_their_attributes():
    before = [*grid(), row(None, 50)]
    assert compared(before, [dict(r) for r in before]).identical
    after = [*grid(), row(None, 50, land_use="0101")]
    assert not compared(before, after).identical


def test_slivers_are_counted_and_summed_not_listed():
    after = grid()
    after[0]["wkt"] = "POLYGON ((0.001 0, 100 0, 100 100, 0.001 100, 0.001 0))"
    found = compared(grid(), after)
    assert not found.identical and not found.parts and len(found.slivers) == 1
    assert found.sliver_m2 == pytest.approx(0.1, rel=1e-2)
    assert found.total["statutory"].moved_out == pytest.approx(0.1, rel=1e-2)


# -- against plain shapely -------------------------------------------------------------------------------------------------


@st.composite
def layouts(draw):
    """Two coverages of a board: cut into cells along other lines each time, some cells left out."""

    def one(tag):
        xs = sorted({0, 60, *draw(st.lists(st.integers(1, 59), max_size=4))})
        ys = sorted({0, 60, *draw(st.lists(st.integers(1, 59), max_size=4))})
        tilt = draw(st.integers(-3, 3))
        made = []
        for x0, x1 in itertools.pairwise(xs):
            for y0, y1 in itertools.pairwise(ys):
                if draw(st.integers(0, 3)):
                    ring = [(x0 + tilt * y0 / 10, y0), (x1 + tilt * y0 / 10, y0), (x1 + tilt * y1 / 10, y1)]
                    made.append(shapely.Polygon([*ring, (x0 + tilt * y1 / 10, y1)]))
        codes = [draw(st.sampled_from(["0101", "0103"])) for _ in made]
        return [
            row(s, f"{tag}{n}", land_use=c, net_area=s.area * 0.9)
            for n, (s, c) in enumerate(zip(made, codes, strict=True))
        ]

    before = one("A")
    after = one("B") if draw(st.booleans()) else [dict(r) for r in before if draw(st.integers(0, 3))]
    spare = [row(square(0, 0), tag, net_area=9_000.0) for tag in "AB"]
    return before or spare[:1], after or spare[1:]


@pytest.mark.slow
@given(layouts())
@property_test
def test_any_layout_as_plain_shapely_has_it_and_the_balance_closes(layout):
    before, after = layout
    found = compared(before, after)
    old, new = ([shapely.from_wkt(r["wkt"]) for r in rows] for rows in layout)
    all_old, all_new = shapely.union_all(old), shapely.union_all(new)
    scale = found.total["statutory"].before / sum(s.area for s in old)
    expected = [all_new.difference(all_old).area, all_old.difference(all_new).area]
    expected.append(
        sum(
            a.intersection(b).area
            for a, one in zip(old, before, strict=True)
            for b, other in zip(new, after, strict=True)
            if one["land_use"] != other["land_use"]
        )
    )
    if any("B" in r["key"] for r in after):
        assert list(totals(found)) == pytest.approx([e * scale for e in expected], rel=1e-4, abs=1e-2)
        parts = [sum(p.geometry.area for p in found.of_kind(k)) for k in (IN, OUT)]
        assert parts == pytest.approx(expected[:2], abs=1.0)
    else:
        assert totals(found)[0] == 0 and totals(found)[1] == pytest.approx(expected[1] * scale, rel=1e-6)
    for basis in ("statutory", "net"):
        balance = found.total[basis]
        assert abs(balance.rest) <= 1e-9 * max(balance.before, balance.after), balance
        assert abs(balance.doubled) <= 1e-6
    # Vertices more on straight edges are all that the land that stayed may be worth more or less.
    assert abs(found.total["statutory"].revalued) <= 3e-6 * found.total["statutory"].after


@st.composite
def any_rows(draw, tag):
    """Whatever a layer may hold: overlaps, copies, holes, parts, rows without a shape, keys twice or none."""
    found = []
    for n, shape in enumerate(draw(rows())):
        number = f"{tag}{n if draw(st.integers(0, 4)) else 0}" if draw(st.integers(0, 5)) else ""
        net = None if shape is None else shape.area * 0.9
        found.append(row(shape, number, land_use=draw(st.sampled_from(["0101", "0103"])), net_area=net))
    return found or [row(square(0, 0, 3, 3), tag, net_area=8.0)]


@pytest.mark.slow
@given(st.data())
@settings(property_test, max_examples=30)
def test_the_balance_closes_whatever_the_layers_hold(data):
    before = data.draw(any_rows("A"))
    after = data.draw(any_rows("A"))
    if data.draw(st.booleans()):
        after += [dict(r) for r in before[: len(before) // 2 + 1]]
    towns = towns_of([placed(square(0, 0, 4, 20)), placed(square(4, 0, 3, 20))], ["甲镇", "乙镇"])
    given_towns = towns if data.draw(st.booleans()) else NO_TOWNSHIPS
    found = compared(before, after, townships=given_towns)
    shapes = [[s for s in map(placed_or_none, rows) if s is not None] for rows in (before, after)]
    old, new = (shapely.union_all(s) if s else shapely.Polygon() for s in shapes)
    for basis in ("statutory", "net"):
        balance = found.total[basis]
        assert abs(balance.rest) <= 1e-6, balance
        for name in ("before", "after", "moved_in", "moved_out", "revalued", "doubled"):
            summed = sum(getattr(b, name) for b in found.townships[basis].values())
            assert summed == pytest.approx(getattr(balance, name), abs=1e-6), name
    # Land in both editions has not moved, whatever lies on top of each other.
    moved = [shapely.union_all([p.geometry for p in found.of_kind(kind)] or [shapely.Polygon()]) for kind in (OUT, IN)]
    slack = 0.5 * len(found.slivers) + 1e-3
    assert shapely.symmetric_difference(moved[0], shapely.difference(old, new)).area <= slack
    assert shapely.symmetric_difference(moved[1], shapely.difference(new, old)).area <= slack
    assert compared(before, before).identical


def placed_or_none(one):
    return placed(shapely.from_wkt(one["wkt"])) if one["wkt"] else None


# -- what it costs -----------------------------------------------------------------------------------------------------


def test_only_rows_without_an_equal_are_overlaid(monkeypatch):
    """A large edition against one with few changes: the rest is told by hashes, and no polygon of it is cut."""
    from plugin.core.versions import pieces

    asked = []

    def counting(one, other, **more):
        asked.append((len(one), len(other)))
        return find_shared_parts(one, other, **more)

    monkeypatch.setattr(pieces, "find_shared_parts", counting)
    before = [row(square(100 * c, 100 * r), 100 * r + c + 1) for r in range(12) for c in range(12)]
    after = [dict(r) for r in before]
    after[70]["wkt"] = square(1000, 500, 60, 100).wkt
    del after[10]
    found = compared(before, after)
    assert asked == [(2, 1)]
    assert found.equal == 142 and {p.kind for p in found.parts} == {OUT}


def _cancelled_at(last):
    """A cancel button that is pressed at the ``last`` look."""
    looks = itertools.count(1)
    return Cancellation(lambda: next(looks) == last)


def test_what_takes_long_looks_at_the_cancel_button_on_the_way(monkeypatch):
    """Layers of several batches: settling and measuring can be stopped between them, and give what they give at once."""
    squares = shapely.box(np.arange(40) * 10.0, 0, np.arange(40) * 10.0 + 9, 9)
    onto = shapely.transform(squares, lambda xy: xy + 0.00005)
    whole = equal_shapes.snap_vertices(squares, onto, 0.0001)
    assert not shapely.equals_exact(whole, squares, 0).any() and shapely.equals_exact(whole, onto, 0).all()
    monkeypatch.setattr(equal_shapes, "_SHAPES", 7)
    monkeypatch.setattr("plugin.core.geometry.linework.BATCH_VERTICES", 30)
    degrees = shapely.transform(squares, lambda xy: xy / 1000 + (113, 39))
    for run in (
        lambda cancellation: equal_shapes.snap_vertices(squares, onto, 0.0001, cancellation),
        lambda cancellation: statutory_area(degrees, None, cancellation),
    ):
        looks: list[int] = []
        run(Cancellation(lambda to=looks: bool(to.append(1))))
        assert len(looks) >= 6
        with pytest.raises(Cancelled):
            run(_cancelled_at(len(looks)))
    assert shapely.equals_exact(equal_shapes.snap_vertices(squares, onto, 0.0001), whole, 0).all()
