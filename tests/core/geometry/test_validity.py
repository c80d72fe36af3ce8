# SPDX-License-Identifier: GPL-2.0-or-later
"""Holes without vertices, which make polygons invalid."""

import numpy as np
import shapely

from plugin.core.geometry.validity import drop_empty_holes
from tests.core.small_plan import check_data, make_small_plan_layers, write_gpkg


def test_holes_without_vertices_are_dropped_and_nothing_else():
    wkts = [
        "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0), EMPTY)",
        "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0), EMPTY, (1 1, 2 1, 2 2, 1 1), EMPTY)",
        "MULTIPOLYGON (((0 0, 9 0, 9 9, 0 9, 0 0), EMPTY), ((20 0, 29 0, 29 9, 20 0), (25 1, 26 1, 26 2, 25 1)))",
        "MULTIPOLYGON (((0 0, 9 0, 9 9, 0 9, 0 0), EMPTY), EMPTY)",
        "POLYGON Z ((0 0 5, 9 0 5, 9 9 5, 0 9 5, 0 0 5), EMPTY)",
        "POLYGON EMPTY",
        "MULTIPOLYGON EMPTY",
        "POINT (1 1)",
        "LINESTRING (0 0, 1 1)",
        "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0), (1 1, 2 1, 2 2, 1 1))",
    ]
    shapes = np.array([*shapely.from_wkt(wkts), None], dtype=object)
    expected = [wkt.replace(", EMPTY)", ")").replace(", EMPTY", "") for wkt in wkts]
    expected[3] = wkts[3].replace("), EMPTY), EMPTY", ")), EMPTY")
    before = shapely.to_wkt(shapes)
    assert shapely.to_wkt(drop_empty_holes(shapes)).tolist() == [*shapely.to_wkt(shapely.from_wkt(expected)), None]
    assert (shapely.to_wkt(shapes) == before).all()
    assert drop_empty_holes(shapes[5:]).tolist() == shapes[5:].tolist()


def test_a_plan_with_holes_without_vertices_has_the_findings_of_one_without_holes(tmp_path):
    """An inward buffer of such a shape, as GEO008 makes it, would end the process."""
    found = []
    for name, hole in (("a", ""), ("b", ", EMPTY")):
        tables = make_small_plan_layers()
        for table in tables.values():
            wkts = shapely.to_wkt(table.geometry.to_numpy(), rounding_precision=-1)
            with_hole = [wkt[:-1] + hole + ")" if wkt and wkt.startswith("POLYGON ((") else wkt for wkt in wkts]
            table.geometry = shapely.from_wkt(with_hole)
        report = check_data(write_gpkg(tmp_path / f"{name}.gpkg", tables), ("all",)).report
        found.append([(one.code, one.role, one.key, one.message) for one in report.findings])
    assert found[0] and found[0] == found[1]
