# SPDX-License-Identifier: GPL-2.0-or-later
"""Geometries of findings: their types, their shapes in a layer, their texts, and what is measured of them."""

from __future__ import annotations

import json

import numpy as np
import pyogrio
import pytest
import shapely
from pyproj import CRS, Transformer

from plugin.core.base.errors import NEVER_CANCELLED, OutputError
from plugin.core.cli.examples.plans import make_example_plan
from plugin.core.engine.context import RuleContext
from plugin.core.engine.outcome import complete_findings, find_township_names_of_points, render_reasons
from plugin.core.geometry.crs import make_lonlat_transformer
from plugin.core.geometry.statutory_area import compute_drawn_area
from plugin.core.model.findings import (
    FINDING_COLUMNS,
    Finding,
    iterate_finding_dicts,
    make_layer_geometries,
    set_geometries,
)
from plugin.core.render.outputs import write_findings_layer
from plugin.core.standard.messages.texts import Texts

#: Geometry of a finding → its type, and the area (m²) of its shape in a layer, None without one.
GEOMETRIES = {
    "POLYGON ((0 0, 2 0, 2 2, 0 2, 0 0))": ("area", 4.0),
    "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 1, 0 0)), ((5 0, 6 0, 6 1, 5 1, 5 0)))": ("area", 2.0),
    "GEOMETRYCOLLECTION (POLYGON ((0 0, 1 0, 1 1, 0 1, 0 0)), LINESTRING (0 0, 9 9))": ("area", 1.0),
    "LINESTRING (0 0, 10 0)": ("line", 10.0 + np.pi / 4),
    "POINT (3 3)": ("point", np.pi / 4),
    "POLYGON EMPTY": ("none", None),
    "": ("none", None),
}


def make_findings():
    return [
        Finding("DLTB", key=str(n), code="GEO002", geometry=shapely.from_wkt(text) if text else None)
        for n, text in enumerate(GEOMETRIES)
    ]


def test_written_findings_layer_has_the_values_and_multipolygons_of_the_findings(tmp_path):
    findings = make_findings()
    findings[0].area_m2, findings[0].message, findings[0].params = 2.5, "“甲”%\n", {"share": 0.5}
    target = tmp_path / "问题.gpkg"
    write_findings_layer(target, findings, CRS(4547))
    rows = pyogrio.read_dataframe(target)
    assert list(rows.columns) == [*FINDING_COLUMNS, "geometry"]
    assert rows.crs == CRS(4547)
    for row, finding in zip(rows.to_dict("records"), findings, strict=True):
        expected = finding.row()
        assert {name: None if row[name] != row[name] else row[name] for name in expected} == expected
    assert list(rows.geometry) == make_layer_geometries(findings).tolist()
    assert pyogrio.read_info(target)["geometry_type"] == "MultiPolygon"


def test_text_without_utf8_is_an_output_error(tmp_path):
    findings = make_findings()
    findings[2].message = "\ud800"
    with pytest.raises(OutputError):
        write_findings_layer(tmp_path / "问题.gpkg", findings, CRS(4547))


def test_geometry_kind_of_a_finding_is_point_area_or_none_according_to_its_geometry():
    finding = Finding("DLTB", geometry=shapely.Point(0, 0))
    assert finding.geom_kind == "point"
    finding.geometry = shapely.box(0, 0, 1, 1)
    assert finding.geom_kind == "area"
    set_geometries([finding], [None])
    assert (finding.geom_kind, finding.geometry) == ("none", None)


def test_dicts_made_for_many_findings_at_once_equal_those_of_each_finding():
    findings = make_findings()
    findings[0].params = {"share": np.float64(0.5), "rows": (np.int64(3),), "kinds": {"a": {1}}, "shown": {"n": None}}
    findings[1].related_keys, findings[1].needs_approval = ["7", "8"], True
    assert tuple(findings[0].row()) == FINDING_COLUMNS
    dicts = list(iterate_finding_dicts(findings))
    assert dicts == [finding.to_dict() for finding in findings]
    assert dicts[0]["params"] == {"share": 0.5, "rows": [3], "kinds": {"a": [1]}, "shown": {"n": None}}
    assert findings[0].row()["params"] == json.dumps(dicts[0]["params"])
    assert [shapely.from_wkt(one["geometry"]) if one["geometry"] else None for one in dicts[:5]] == [
        finding.geometry for finding in findings[:5]
    ]
    assert dicts[5]["geometry"] is dicts[6]["geometry"] is None


def test_findings_on_one_shape_get_its_place_and_an_area_by_vertices_only_for_its_whole_area():
    # Long edges are straight in the plane: the area as drawn differs from that by vertices.
    plan = make_example_plan({"red_line": [shapely.box(0, 0, 3000, 2000).wkt]})
    shape = plan.layers["STBHHX"].plane_shapes[0]
    drawn, other, without = (Finding("STBHHX", key="1", code="GEO001", geometry=shape) for _ in range(3))
    alone = Finding("STBHHX", key="1", code="GEO001", geometry=shapely.from_wkb(shape.wkb))
    (area,) = compute_drawn_area(np.array([shape], dtype=object), make_lonlat_transformer(plan.plane_crs))
    drawn.area_m2 = alone.area_m2 = float(area)
    other.area_m2 = float(area) / 2
    complete_findings(plan, [drawn, other, without, alone], Texts("zh"), NEVER_CANCELLED)
    assert drawn.by_nodes_m2 == alone.by_nodes_m2 and abs(drawn.by_nodes_m2 - area) > 0.01
    assert other.by_nodes_m2 is without.by_nodes_m2 is None
    assert drawn.place == other.place == without.place == alone.place
    assert len({finding.fingerprint for finding in (drawn, other, without, alone)}) == 4


def test_point_on_the_border_of_two_townships_gets_the_name_of_one_of_them():
    west, east = shapely.box(0, 0, 1000, 1000), shapely.box(1000, 0, 2000, 1000)
    townships = [
        {"wkt": west.wkt, "division_name": "西乡", "division_code": "140225100"},
        {"wkt": east.wkt, "division_name": "东镇", "division_code": "140225101"},
    ]
    plan = make_example_plan({"townships": townships})
    x, y, _, _ = plan.layers["XZQXZ"].plane_shapes[0].bounds
    points = [shapely.Point(x + east, y + 10) for east in (10, 1500, 1000, 5000)]
    names = find_township_names_of_points(plan, points)
    assert names[:2] == ["西乡", "东镇"] and names[2] in ("西乡", "东镇") and names[3] == ""
    assert find_township_names_of_points(plan, []) == []


@pytest.mark.parametrize("epsg", [None, 4490])
def test_place_of_a_finding_is_the_centroid_in_degrees_whenever_it_is_read(epsg):
    rectangles = [shapely.box(n * 50, 0, n * 50 + 40, 30 + n % 7).wkt for n in range(230)]
    plan = make_example_plan({"red_line": rectangles})
    if epsg:
        plan.crs = CRS(epsg)
    shapes = plan.layers["STBHHX"].plane_shapes
    findings = [Finding("STBHHX", key=str(n), code="GEO001", geometry=shape) for n, shape in enumerate(shapes)]
    complete_findings(plan, findings, Texts("zh"), NEVER_CANCELLED)
    degrees = Transformer.from_crs(plan.plane_crs, 4490, always_xy=True)
    for n in (229, 0, 150, 151):
        centre = shapely.transform(shapes[n], degrees.transform, interleaved=False).centroid
        assert findings[n].place == pytest.approx((centre.x, centre.y), rel=1e-12)
    assert findings[3].copy_without_geometry(keeps_kind=True).place is None
    findings[3].place = (113.0, 39.0)
    assert findings[3].place == (113.0, 39.0)


def make_missing_field_reasons(layers: int, fields: int = 2) -> list[tuple[str, dict]]:
    return [
        ("length_untold", {"layer": f"L{n}", "role": f"R{n}", "count": fields, "fields": "BSM, YSDM"})
        for n in range(layers)
    ]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_layers_skipped_for_the_same_reason_share_one_sentence_with_their_count(lang):
    (message,) = render_reasons(make_missing_field_reasons(22), Texts(lang))
    assert "22" in message and "44" in message
    assert [name in message for name in ("L0", "L4", "L5")] == [True, True, False]


def test_two_layers_skipped_for_the_same_reason_have_one_sentence_each():
    message = render_reasons(make_missing_field_reasons(2), Texts("zh"))
    assert len(message) == 2 and all("BSM, YSDM" in one for one in message)


def test_different_reasons_for_skipping_layers_are_listed_in_separate_sentences():
    lost = [("layer_unusable", {"layer": name, "role": name}) for name in ("XZQ", "DLTB", "CZKFBJ")]
    message = render_reasons([*lost, *make_missing_field_reasons(3), lost[0]], Texts("zh"))
    assert [("XZQ" in one, "DLTB" in one) for one in message[:2]] == [(True, False), (False, True)]
    assert len(message) == 4


#: A row without a shape before the others: positions among the rows with a shape differ from row numbers.
ROWS = [
    None,
    "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))",
    "POLYGON ((500 0, 600 0, 600 100, 500 100, 500 0))",
    "POLYGON ((100 0, 200 0, 200 100, 100 100, 100 0))",
    "POLYGON ((0 100, 100 100, 100 200, 0 200, 0 100))",
]


def find_rows(*shapes):
    """Return the rows at shapes in the coordinates of `ROWS`."""
    plan = make_example_plan({"layer": [{"wkt": wkt} for wkt in ROWS]}, {"layer": "CZKFBJ"})
    layer = plan.layers["CZKFBJ"]
    # An example is moved to the coordinates of a county.
    origin = np.array(layer.plane_shapes[1].bounds[:2])
    moved_shapes = [shapely.transform(shape, lambda xy: xy + origin) for shape in shapes]
    context = RuleContext(plan, plan.norm, plan.norm.make_tolerance())
    return context.geometry.find_rows_at_shapes(layer, moved_shapes)


def test_rows_that_share_land_are_sorted_by_area_and_touching_rows_are_listed_separately():
    # 60 m x 100 m of the row on the right, 20 m x 100 m of the one on the left; the one above only touches.
    on_two_rows = shapely.box(80, 0, 160, 100)
    rows_on, rows_next = find_rows(on_two_rows, shapely.box(2_000, 0, 2_010, 10))
    assert rows_on == [[3, 1], []]
    assert rows_next == [[4], []]


def test_no_shapes_give_no_rows():
    assert find_rows() == ([], [])
