# SPDX-License-Identifier: GPL-2.0-or-later
"""Yearly maintenance (年度动态维护) of layers with invalid shapes and keys.

The balance must close by layer, zone and township, and changed land must match plain shapely.
"""

import random

import pytest
import shapely

from plugin.core.versions.model import MOVED_IN_KIND, MOVED_OUT_KIND
from plugin.core.yearly.balance import convert_balance_to_dict
from tests.core.yearly.test_yearly import get_single_layer, run_update
from tests.parametrize import first_daily

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
@pytest.mark.parametrize("seed", first_daily(range(8), 3))
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
