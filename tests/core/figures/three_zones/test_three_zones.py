# SPDX-License-Identifier: GPL-2.0-or-later
"""The three spaces (三区), derived from planning zones without losing area."""

import re

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import assume, given, strategies as st
from pyproj import CRS

from plugin.core.base.errors import DataError, InputError
from plugin.core.figures import three_zones as three_zones
from plugin.core.figures.three_zones import (
    LAYER_CODE,
    derive_from_layer,
    derive_from_plan,
    derive_zones,
    make_zone_rows,
)
from plugin.core.geometry import crs as crs_care
from plugin.core.geometry.polygons import union_polygon_rows
from plugin.core.geometry.statutory_area import measure_statutory_area
from plugin.core.render.figures import make_figure_rows
from plugin.core.render.words import ReportTexts
from plugin.core.standard import load_standard
from plugin.core.standard.messages.texts import Texts
from plugin.core.standard.profile import Norm, load_profile
from plugin.core.standard.profile.space_map import (
    OUTSIDE_ZONES_CODE,
    UNMAPPED_ZONE_CODE,
    ZONE_KINDS_BY_CODE,
    load_space_map,
)
from tests.core.small_plan import (
    CORNER,
    X,
    Y,
    check_data,
    convert_to_source_layers,
    get_outcome_of_rule,
    make_county_box,
    make_small_plan_layers,
    make_table,
    move_wkt_to_county,
)

STANDARD = load_standard()
DEFAULT_SPACE_MAP = load_space_map(Norm(STANDARD, load_profile()))
PROFILE_HEAD = 'id = "x"\nname = "某县"\narea_code = "140225"\n'


def make_norm(tmp_path, text=""):
    path = tmp_path / "x.toml"
    path.write_text(PROFILE_HEAD + text, encoding="utf-8")
    return Norm(STANDARD, load_profile(path))


def test_every_zone_code_belongs_to_one_of_the_three_spaces(tmp_path):
    spaces = load_space_map(make_norm(tmp_path))
    placed = {code: spaces.get_three_zone_code(code) for code in STANDARD.code_lists["planning_zones"].entry_by_code}
    assert set(placed.values()) == {*ZONE_KINDS_BY_CODE, OUTSIDE_ZONES_CODE}
    assert [placed[c] for c in ("100", "300", "411", "430", "540", "700")] == [
        "02",
        "01",
        "03",
        "03",
        "01",
        OUTSIDE_ZONES_CODE,
    ]
    assert [spaces.name(code) for code in ZONE_KINDS_BY_CODE] == ["农业空间", "生态空间", "城镇空间"]


def test_county_profile_changes_and_adds_zone_codes_of_the_three_spaces(tmp_path):
    spaces = load_space_map(
        make_norm(tmp_path, '[three_zones]\n"530" = "生态空间"\n"700" = "未对应"\n"Z1" = "城镇空间"\n')
    )
    assert [spaces.get_three_zone_code(c) for c in ("530", "540", "700", "Z1")] == [
        "02",
        "01",
        UNMAPPED_ZONE_CODE,
        "03",
    ]


@pytest.mark.parametrize("code", ["", "550", "X"])
def test_unknown_zone_code_belongs_to_no_space(tmp_path, code):
    assert load_space_map(make_norm(tmp_path)).get_three_zone_code(code) == UNMAPPED_ZONE_CODE


@pytest.mark.parametrize("value", ['"生态空閒"', "3", '["生态空间"]'])
def test_invalid_mapping_of_zones_to_spaces_is_refused_with_file_and_key(tmp_path, value):
    with pytest.raises(DataError) as caught:
        make_norm(tmp_path, f'[three_zones]\n"530" = {value}\n')
    assert caught.value.params["key"] == "three_zones.530" and caught.value.params["file"].endswith("x.toml")


# -- dissolving -------------------------------------------------------------------------------------------------------

ZONE_CODES = ["100", "200", "300", "411", "520", "700", "999", ""]
random_coordinate = st.integers(0, 100_000).map(lambda v: v / 10)


@st.composite
def draw_zone_coverage(draw):
    """Draw random zones without gaps: Voronoi cells with zone codes, some in degrees."""
    points = draw(st.lists(st.tuples(random_coordinate, random_coordinate), min_size=3, max_size=25, unique=True))
    area = shapely.box(0, 0, 10_000, 10_000)
    cells = shapely.get_parts([shapely.voronoi_polygons(shapely.MultiPoint(points), extend_to=area)])
    assume(shapely.coverage_is_valid(cells))
    shapes, crs = shapely.transform(cells, lambda c: c + CORNER), CRS.from_epsg(4526)
    if draw(st.booleans()):
        shapes, crs = crs_care.reproject_to_lonlat(shapes, crs), CRS.from_epsg(4490)
        assume(shapely.coverage_is_valid(shapes))
    return shapes, draw(st.lists(st.sampled_from(ZONE_CODES), min_size=len(cells), max_size=len(cells))), crs


def dissolve_by_geopandas(shapes, codes, crs):
    """Return the union of the zones of each space, computed by geopandas."""
    spaces = [DEFAULT_SPACE_MAP.get_three_zone_code(c) for c in codes]
    return gpd.GeoDataFrame({"space": spaces}, geometry=list(shapes), crs=crs).dissolve(by="space").geometry


def sum_statutory_area(shapes, crs):
    return float(measure_statutory_area(crs_care.reproject_to_lonlat(np.array(list(shapes), dtype=object), crs)).sum())


@given(draw_zone_coverage())
def test_areas_of_the_three_spaces_add_up_for_a_gapless_zone_layer(case):
    shapes, codes, crs = case
    before = [s.wkb for s in shapes]
    found = derive_zones(shapes, codes, crs, DEFAULT_SPACE_MAP)
    zones = sum_statutory_area(shapes, crs)
    assert [found.total_m2, sum(found.zones_m2.values())] == pytest.approx([zones, zones], rel=1e-9)
    assert found.do_areas_add_up and found.shared_between_m2 <= 1e-9 * zones
    for space, whole in dissolve_by_geopandas(shapes, codes, crs).items():
        parts = [s for s, of in zip(found.polygons, found.zone_of_polygon, strict=True) if of == space]
        assert found.get_zone_area_m2(space) == pytest.approx(sum_statutory_area([whole], crs), rel=1e-9)
        assert shapely.union_all(parts).symmetric_difference(whole).area <= 1e-9 * whole.area
        assert all(p.geom_type == "Polygon" and p.is_valid for p in parts)
    assert set(found.zone_of_polygon) == {DEFAULT_SPACE_MAP.get_three_zone_code(c) for c in codes}
    # No vertex is new, therefore neighbours still share their edges.
    old = {tuple(c) for c in shapely.get_coordinates(shapes)}
    assert {tuple(c) for c in shapely.get_coordinates(found.polygons)} <= old
    assert {c: n for c, (n, _) in found.unmapped_zones.items()} == {
        c: codes.count(c) for c in codes if c in ("999", "")
    }
    assert [s.wkb for s in shapes] == before


@given(
    st.lists(
        st.tuples(*[st.integers(0, 20)] * 2, *[st.integers(1, 8)] * 2, st.sampled_from(ZONE_CODES)),
        min_size=1,
        max_size=9,
    )
)
def test_overlapping_zones_count_once_in_a_space_and_are_reported(rows):
    shapes = np.array(
        [shapely.box(X + 50 * x, Y + 50 * y, X + 50 * (x + w), Y + 50 * (y + h)) for x, y, w, h, _ in rows]
    )
    codes = [row[4] for row in rows]
    crs = CRS.from_epsg(4526)
    found = derive_zones(shapes, codes, crs, DEFAULT_SPACE_MAP)
    own = dissolve_by_geopandas(shapes, codes, crs)
    # A split straight edge changes the statutory area, here by half a millionth.
    for space, whole in own.items():
        assert found.get_zone_area_m2(space) == pytest.approx(sum_statutory_area([whole], crs), rel=1e-6)
    once = own.area.sum() - shapely.union_all(own.to_numpy()).area
    assert found.shared_between_m2 == pytest.approx(once, rel=2e-3, abs=1e-3)
    claimed = shapely.area(shapes).sum() - shapely.union_all(shapes).area
    assert found.overlap_m2 == pytest.approx(claimed, rel=2e-3, abs=0.1)
    assert found.do_areas_add_up == (claimed < 1)


def test_missing_zone_shapes_are_counted_and_invalid_ones_repaired():
    bow_tie = move_wkt_to_county("POLYGON ((0 0, 100 100, 100 0, 0 100, 0 0))")
    high = shapely.force_3d(make_county_box(200, 0), 7.0)
    shapes = np.array([bow_tie, None, shapely.Point(X, Y), high, shapely.Polygon()], dtype=object)
    found = derive_zones(shapes, ["300"] * 5, CRS.from_epsg(4526), DEFAULT_SPACE_MAP)
    assert (found.missing_shape_count, found.repaired_shape_count) == (3, 1)
    assert shapely.area(found.polygons).sum() == pytest.approx(5_000 + 10_000)
    assert not shapely.has_z(found.polygons).any() and shapes[3].has_z


@pytest.mark.parametrize(("crs", "off"), [(4526, 1e-4), (4490, 1e-9)])
def test_zones_in_degrees_are_dissolved_with_a_tolerance_in_degrees(monkeypatch, crs, off):
    """Dissolve zones in degrees; 0.0001° are eleven metres."""
    seen = []

    def record_tolerance(polygons, rows, *, tolerance):
        seen.append(tolerance.cluster_m)
        return union_polygon_rows(polygons, rows, tolerance=tolerance)

    monkeypatch.setattr(three_zones, "union_polygon_rows", record_tolerance)
    shapes = crs_care.reproject_geometries(
        np.array([make_county_box(0, 0), make_county_box(100, 0)], dtype=object), CRS(4526), CRS(crs)
    )
    derive_zones(shapes, ["300", "300"], CRS(crs), DEFAULT_SPACE_MAP)
    assert seen == [pytest.approx(off, rel=0.2)]


def test_failed_dissolve_of_zones_is_reported_with_a_remedy(monkeypatch):
    monkeypatch.setattr(three_zones, "union_polygon_rows", lambda *a, **k: None)
    with pytest.raises(InputError) as caught:
        derive_zones(
            np.array([make_county_box(0, 0), make_county_box(100, 0)], dtype=object),
            ["300", "300"],
            CRS(4526),
            DEFAULT_SPACE_MAP,
        )
    message = Texts("zh").explain_error(caught.value)
    assert "农业空间" in message and "2 个" in message and "GEO002" in message


def test_gap_between_two_zones_stays_a_hole_in_the_space():
    """Keep a gap between two zones, which rule TOP002 reports."""
    left = move_wkt_to_county("POLYGON ((0 0, 100 0, 100 40, 99.9 50, 100 60, 100 100, 0 100, 0 0))")
    right = move_wkt_to_county("POLYGON ((100 0, 200 0, 200 100, 100 100, 100 60, 100 40, 100 0))")
    found = derive_zones(np.array([left, right]), ["300", "520"], CRS.from_epsg(4526), DEFAULT_SPACE_MAP)
    assert len(found.polygons) == 1 and len(found.polygons[0].interiors) == 1


# -- in the report, and as a layer ------------------------------------------------------------------------------------


def test_report_has_the_areas_of_the_three_spaces_and_of_zones_without_a_space():
    tables = make_small_plan_layers()
    tables["YDYHGHFQ"] = make_table(
        [make_county_box(0, 0, 1000, 1000), make_county_box(1000, 0, 900, 1000), make_county_box(1900, 0)],
        GHFQDM=["300", "410", "550"],
    )
    report = check_data(convert_to_source_layers(tables), ["LAW003"]).report
    figures = {i.id: i for i in report.indicators}
    assert list(figures) == [
        "agricultural_space_area",
        "ecological_space_area",
        "urban_space_area",
        "unmapped_zones_area",
    ]
    assert figures["agricultural_space_area"].value == pytest.approx(1.0, rel=2e-3)
    assert figures["ecological_space_area"].value == 0
    assert figures["urban_space_area"].inputs["county_share"] == pytest.approx(45, rel=1e-6)
    assert figures["unmapped_zones_area"].inputs["zone_codes"] == ["550"]
    assert "figures.three_zones" in get_outcome_of_rule(report, "LAW003").unconfirmed
    assert not any(i.confirmed for i in report.indicators) and not report.findings


def test_confirmed_mapping_of_zones_confirms_the_space_areas(tmp_path):
    path = tmp_path / "x.toml"
    path.write_text(
        PROFILE_HEAD
        + '[confirmed]\nby = "某局"\ndocument = "某文"\ndate = 2026-11-20\nitems = ["three_zones", "codes.planning_zones"]\n'
    )
    report = check_data(convert_to_source_layers(), ["LAW003"], profile=str(path)).report
    assert report.indicators and all(i.confirmed for i in report.indicators)
    assert get_outcome_of_rule(report, "LAW003").unconfirmed == []


def test_report_page_shows_space_shares_and_that_they_are_unconfirmed():
    checked = check_data(convert_to_source_layers(), ["LAW003"])
    found = {row["name"]: row for row in make_figure_rows(checked.report, ReportTexts("zh"))}
    assert "占全县 45.00%" in found["城镇空间"]["inputs"]
    assert re.fullmatch(r"\d+\.\d\d km²", found["城镇空间"]["value"]) and found["城镇空间"]["state"].endswith("*")


def test_new_space_features_are_numbered_above_every_row_of_the_plan():
    plan = check_data(convert_to_source_layers(), ["LAW003"]).plan
    own = max(int(key[-8:]) for layer in plan.layers.values() for key in layer.keys)
    template, texts = STANDARD.templates[LAYER_CODE], Texts("zh")
    for used, first in (({}, own + 1), ({plan.area_code: own + 40}, own + 41), ({"140226": own + 40}, own + 1)):
        keys = derive_from_plan(plan, template, texts, used_numbers=used).frame["BSM"].tolist()
        assert keys == [f"{plan.area_code}0000{first + n:08d}" for n in range(len(keys))]


def test_written_layer_of_the_three_spaces_follows_its_template():
    plan = check_data(convert_to_source_layers(), ["LAW003"]).plan
    spaces = load_space_map(plan.norm)
    zones = plan.find_layer_of_concept("zones")
    found = derive_from_layer(zones, spaces, plan)
    made = make_zone_rows(found, spaces, STANDARD.templates[LAYER_CODE], zones.crs, plan.area_code, "浑源县")
    assert list(made.columns) == [*(f.name for f in STANDARD.templates[LAYER_CODE].fields), "geometry"]
    assert made["SQMC"].tolist() == ["农业空间", "城镇空间"] and made["BSM"].is_unique
    assert made["MJ"].tolist() == [round(sum_statutory_area([s], zones.crs), 2) for s in zones.raw_shapes]
    checked = check_data(
        [*convert_to_source_layers(), *convert_to_source_layers({LAYER_CODE: made})],
        ["SCH002", "SCH005", "GEO001", "GEO002", "GEO003", "ATT001", "ATT002", "TOP001"],
    )
    assert not [f for f in checked.report.findings if f.role == LAYER_CODE]
    assert LAYER_CODE in checked.plan.layers
