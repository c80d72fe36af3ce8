# SPDX-License-Identifier: GPL-2.0-or-later
"""Five hundred metamorphic cases in the daily suite; ``make fuzz`` has as many as wanted."""

from collections import Counter

import numpy as np
import pytest
import shapely

from tests.metamorphic.county import GEOMETRY_RULES, GRID_M, PLACES, make_county
from tests.metamorphic.relations import RELATIONS, Relation, run_county

#: Counties by part: parts run in several processes.
PARTS = {f"part {n}": range(n, 42, 3) for n in range(3)}
#: Rules whose layers are not of this standard.
OTHER_STANDARDS = {"REL032"}


@pytest.mark.parametrize("seeds", PARTS.values(), ids=PARTS.keys())
def test_findings_are_the_same_however_a_county_is_drawn_read_or_checked(seeds):
    results = [run_county(seed) for seed in seeds]
    assert {one["seed"]: one["differences"] for one in results if one["differences"]} == {}
    assert len(results) * len(RELATIONS) == 168 and sum(one["signs"] for one in results) > 20


@pytest.mark.parametrize(
    ("seed", "relation"),
    [
        pytest.param(147, "rows", id="the first of equal parts by key"),
        pytest.param(158, "zone", id="a gap that a rounding opens"),
        pytest.param(173, "rows", id="the first parcel of a patch by key"),
        pytest.param(489, "rows", id="land without parcels from which only lines remain"),
        pytest.param(1050, "rings", id="the place of a wrong type by its leftmost vertex"),
        pytest.param(1337, "zone", id="the first of pieces that end on one edge"),
    ],
)
def test_counties_that_once_differed_do_so_no_more(seed, relation):
    assert run_county(seed, [relation])["differences"] == {}


def test_every_geometry_rule_fires_in_the_daily_counties():
    fired = Counter(one.code for seed in range(42) for one in make_county(seed).check())
    assert {*GEOMETRY_RULES} - fired.keys() == OTHER_STANDARDS


def test_vertices_are_on_the_grid_and_a_relation_that_changes_land_differs():
    county = make_county(0)
    xy = np.concatenate([shapely.get_coordinates(one.frame.geometry.to_numpy()) for one in county.layers])
    assert any(np.array_equal(np.round((xy - place) / GRID_M) * GRID_M + place, xy) for place in PLACES)

    def move_first_layer(county, findings, random):
        layers = county.layers
        moved = layers[1].frame.assign(geometry=layers[1].frame.translate(0.5, 0.0))
        return findings, type(county)(
            (layers[0], type(layers[1])(layers[1].name, moved, layers[1].fields, moved.crs), *layers[2:]), county.codes
        ).check()

    assert Relation(move_first_layer).find_differences(county, county.check(), np.random.default_rng(0))
