# SPDX-License-Identifier: GPL-2.0-or-later
"""Coordinate systems: zones, zone prefixes, axis order, contradicting coordinates."""

import numpy as np
import pyogrio
import pytest
import shapely
from pyproj import CRS
from pyproj.enums import WktVersion

from plugin.core.geometry import crs as crs_care
from plugin.core.geometry.crs import find_coordinate_problem
from plugin.core.model.report import Outcome
from plugin.core.model.verdict import Verdict
from plugin.core.plan.layer import FieldInfo, SourceLayer
from plugin.core.standard import load_standard
from plugin.core.standard.divisions import find_extent_if_remote
from tests.core.small_plan import (
    X,
    Y,
    add_survey_vertices,
    check_data,
    convert_to_source_layers,
    get_outcome_of_rule,
    hash_files,
    join_notices,
    list_findings_of_rules,
    make_county_box,
    make_small_plan_layers,
    make_table,
)

#: Bounds of the small plan in units of its CRS.
NAN = float("nan")
THREE_LINES = ("YJJBNTBHTB", "STBHHX", "CZKFBJ")


def make_bounds(x, y):
    """Return bounds of 20 × 30 km from a lower left corner."""
    return (x, y, x + 20_000, y + 30_000)


# -- names of CRSs ----------------------------------------------------------------------------------------------------

#: 6° zones, 3° zones with and without prefix; around the zone of 浑源 and at both ends of the country.
EPSG_CODES_OF_ZONES = [4491, 4497, 4498, 4501, 4513, 4525, 4526, 4527, 4533, 4534, 4546, 4547, 4548, 4554]
GAUSS_KRUEGER_WKT = (
    'PROJCS["{name}",GEOGCS["{datum}",DATUM["D_{datum}",SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],'
    'UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",{easting}],'
    'PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",{meridian}],PARAMETER["Scale_Factor",1.0],'
    'PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]'
)


@pytest.mark.parametrize(
    "version", [WktVersion.WKT1_ESRI, WktVersion.WKT1_GDAL, WktVersion.WKT2_2019], ids=lambda v: v.name
)
def test_each_3_degree_zone_is_recognised_in_each_wkt_version(version):
    named = {code: CRS.from_epsg(code) for code in (4490, *EPSG_CODES_OF_ZONES)}
    assert {code: crs_care.parse_crs(crs.to_wkt(version)) for code, crs in named.items()} == named


@pytest.mark.parametrize(
    ("name", "datum", "easting", "meridian", "label"),
    [
        ("自定义", "GCS_China_Geodetic_Coordinate_System_2000", 38_500_000, 114, "EPSG:4526"),
        ("x", "CGCS_2000", 38_500_000, 114, "EPSG:4526"),
        ("x", "CGCS2000", 500_000, 114, "EPSG:4547"),
        ("x", "CGCS2000", 19_500_000, 111, "EPSG:4497"),
        ("浑源独立", "CGCS2000", 500_000, 113.7, "浑源独立"),
        ("unknown", "CGCS2000", 500_000, 113.5, "TM 113.5°E"),
    ],
)
def test_crs_label_of_a_gauss_krueger_crs_is_derived_from_its_meridian_and_false_easting(
    name, datum, easting, meridian, label
):
    crs = crs_care.parse_crs(GAUSS_KRUEGER_WKT.format(name=name, datum=datum, easting=easting, meridian=meridian))
    assert crs_care.make_crs_label(crs) == label
    frame = crs_care.describe_crs(crs)
    assert frame.is_cgcs2000 and frame.is_in_metres and frame.has_zone_prefix == (easting > 1e6)


@pytest.mark.parametrize(
    "text", [None, "", "garbage", "EPSG:99999", 'LOCAL_CS["Undefined Cartesian",UNIT["metre",1]]', "EPSG:4479"]
)
def test_parsing_a_text_that_defines_no_crs_returns_none(text):
    assert crs_care.parse_crs(text) is None


def test_parsed_crs_ignores_height_components_and_datum_shifts():
    assert crs_care.parse_crs("EPSG:4490+5737").to_epsg() == 4490
    assert crs_care.parse_crs("EPSG:4480").to_epsg() == 4490
    bound = CRS.from_epsg(2435).to_wkt(WktVersion.WKT1_GDAL).replace(
        "SPHEROID", "TOWGS84[15.8,-154.4,-82.3,0,0,0,0],SPHEROID", 1
    )  # fmt: skip
    assert not crs_care.parse_crs(bound).is_bound


#: Zone 38 without zone number, as a .prj of ArcGIS has it.
ZONE_38_WKT = CRS.from_epsg(4547).to_wkt(WktVersion.WKT1_ESRI)
DEGREES_WKT = CRS.from_epsg(4490).to_wkt(WktVersion.WKT1_ESRI)
#: One parameter of the definition changed → a text of the finding that names it.
CHANGED_PARAMETERS = {
    "meridian": ('"Central_Meridian",114.0', '"Central_Meridian",113.7', "中央经线 113.7°"),
    "scale": ('"Scale_Factor",1.0', '"Scale_Factor",0.9996', "比例因子 0.9996"),
    "easting": ('"False_Easting",500000.0', '"False_Easting",400000.0', "东偏移 400000 m"),
    "northing": ('"False_Northing",0.0', '"False_Northing",-3000000.0', "北偏移 -3000000 m"),
    "latitude": ('"Latitude_Of_Origin",0.0', '"Latitude_Of_Origin",30.0', "起算纬度 30°"),
    "ellipsoid": ('6378137.0,298.257222101', "6378245.0,298.3", "椭球 6378245, 1/298.3"),
    "ellipsoid of WGS 84": ("298.257222101", "298.257223563", "1/298.257223563"),
}  # fmt: skip


@pytest.mark.parametrize("changed", CHANGED_PARAMETERS)
def test_gauss_krueger_crs_with_one_other_parameter_is_not_a_standard_zone_and_the_parameter_is_named(changed):
    old, new, text = CHANGED_PARAMETERS[changed]
    assert ZONE_38_WKT.count(old) == 1
    crs = crs_care.parse_crs(ZONE_38_WKT.replace(old, new))
    assert not crs_care.is_standard_zone(crs) and not crs_care.make_crs_label(crs).startswith("EPSG")
    tables = {role: frame.to_crs(crs) for role, frame in make_small_plan_layers().items()}
    findings = check_data(convert_to_source_layers(tables), ["SCH003"]).report.findings
    cases = ("not_standard", "not_cgcs2000")
    assert {f.role for f in findings if f.case in cases and text in f.message} == set(tables)


STANDARD_ZONES = [
    *(f"EPSG:{code}" for code in (4490, *EPSG_CODES_OF_ZONES, 4502, 4512)),
    "EPSG:4547+5737",
    "EPSG:4480",
    # Whatever its name and roundings.
    ZONE_38_WKT.replace("CGCS2000_3_Degree_GK_CM_114E", "浑源县"),
    ZONE_38_WKT.replace("298.257222101", "298.257222"),
    ZONE_38_WKT.replace("0.0174532925199433", "0.0174532925"),
    CRS.from_epsg(4526).to_wkt(WktVersion.WKT1_GDAL).replace("SPHEROID", "TOWGS84[0,0,0,0,0,0,0],SPHEROID", 1),
]
OTHER_SYSTEMS = [
    # Of another datum or projection.
    *(f"EPSG:{code}" for code in (3857, 32649, 2362, 2435, 4326, 4610, 2154)),
    # In radians, in feet, in a metre of another length, from another prime meridian.
    DEGREES_WKT.replace('UNIT["Degree",0.0174532925199433]', 'UNIT["Radian",1.0]'),
    ZONE_38_WKT.replace('UNIT["Meter",1.0]', 'UNIT["Foot_US",0.3048006096012192]'),
    ZONE_38_WKT.replace('UNIT["Meter",1.0]', 'UNIT["Meter",0.3048]'),
    ZONE_38_WKT.replace('PRIMEM["Greenwich",0.0]', 'PRIMEM["Ferro",-17.66666666666667]'),
]


@pytest.mark.parametrize(
    ("text", "is_standard"), [(text, text in STANDARD_ZONES) for text in (*STANDARD_ZONES, *OTHER_SYSTEMS)]
)
def test_only_a_crs_equal_in_all_parameters_is_a_standard_zone(text, is_standard):
    crs = crs_care.parse_crs(text)
    assert crs_care.is_standard_zone(crs) is is_standard
    assert is_standard or not text.startswith("EPSG") or crs_care.make_crs_label(crs) == text


# -- coordinates and CRS ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "place", "problem", "hint"),
    [
        (4526, make_bounds(X, Y), None, ""),
        (4547, make_bounds(540_000, Y), None, ""),
        (4497, make_bounds(19_700_000, Y), None, ""),
        (4490, (114.4, 39.6, 114.6, 39.8), None, ""),
        (4326, (-159.8, 21.9, -159.3, 22.2), None, ""),
        (2154, make_bounds(600_000, 6_700_000), None, ""),
        # EPSG:4490 beyond the range of its neighbours is still degrees.
        (4490, (75.0, 39.0, 80.0, 41.0), None, ""),
        (None, make_bounds(X, Y), "missing", "EPSG:4526"),
        (None, (114.4, 39.6, 114.6, 39.8), "missing", "EPSG:4490"),
        (None, make_bounds(540_000, Y), "missing", ""),
        (None, (NAN, NAN, NAN, NAN), "missing", ""),
        (None, (-np.inf, 0, np.inf, 0), "missing", ""),
        (4526, (114.4, 39.6, 114.6, 39.8), "degrees", ""),
        (4547, (114.4, 39.6, 114.6, 39.8), "degrees", ""),
        (3857, (114.4, 39.6, 114.6, 39.8), "degrees", ""),
        (4490, make_bounds(X, Y), "metres", "EPSG:4526"),
        (4490, make_bounds(540_000, Y), "metres", ""),
        (4490, (39.6, 114.4, 39.8, 114.6), "axis", ""),
        # West of 90° E both orders are degrees.
        (4490, (43.7, 87.5, 43.9, 87.7), "axis", ""),
        (4526, (Y, X, Y + 30_000, X + 20_000), "axis", ""),
        (4547, (Y, 540_000, Y + 30_000, 560_000), "axis", ""),
        (4525, (Y, X, Y + 30_000, X + 20_000), "axis", ""),
        (4526, make_bounds(540_000, Y), "prefix", "EPSG:4547"),
        (4547, make_bounds(X, Y), "prefix", "EPSG:4526"),
        (4497, make_bounds(700_000, Y), "prefix", "EPSG:4546"),
        (4525, make_bounds(X, Y), "zone", "EPSG:4526"),
        (4526, make_bounds(37_540_000, Y), "zone", "EPSG:4525"),
        (4526, make_bounds(19_700_000, Y), "zone", "EPSG:4497"),
        (4526, make_bounds(5_400_000, Y), "beyond", ""),
        (4526, make_bounds(X, 43_900_000), "beyond", ""),
        (4547, make_bounds(1_600_000, Y), "beyond", ""),
        (2154, (6e8, 1e5, 7e8, 2e5), "beyond", ""),
        (4490, (400.0, 39.6, 401.0, 39.8), "beyond", ""),
        # Radians of Hunyuan, and the corner of a drawing.
        (4490, (1.980, 0.687, 1.990, 0.696), "beyond", ""),
        (4490, (0.0, 0.0, 29.7, 21.0), "beyond", ""),
        (4326, (0.0, 0.0, 29.7, 21.0), None, ""),
        (2263, make_bounds(300_000, 200_000), "not_metres", ""),
        (4526, (NAN, NAN, NAN, NAN), None, ""),
    ],
)
def test_coordinates_that_contradict_their_crs_are_reported(code, place, problem, hint):
    found = find_coordinate_problem(CRS.from_epsg(code) if code else None, place)
    assert (found and found[0]) == problem
    if found:
        assert found[1].get("hint", "") == hint


def test_crs_zone_number_that_contradicts_the_central_meridian_is_reported():
    crs = crs_care.parse_crs(GAUSS_KRUEGER_WKT.format(name="x", datum="CGCS2000", easting=38_500_000, meridian=111))
    assert find_coordinate_problem(crs, make_bounds(X, Y))[0] == "meridian"


@pytest.mark.parametrize(
    ("layers", "place", "code"),
    [
        ([(4526, 10), (4525, 3)], (114.4, 39.6), 4526),
        ([(4526, 3), (4547, 10)], (114.4, 39.6), 4547),
        ([(4490, 10)], (114.4, 39.6), 4526),
        ([(4490, 10)], (112.4, 39.6), 4525),
        ([(4490, 1000), (4526, 1)], (114.4, 39.6), 4526),
        # Web Mercator makes every area 1.7 times too large there: tolerances would mean something else.
        ([(3857, 10)], (114.4, 39.6), 4526),
        ([(2154, 10)], (1.0, 48.0), 2154),
        ([(4326, 10)], (-159.5, 22.0), 32604),
        ([(4326, 10)], (18.4, -33.9), 32734),
        ([], (114.0, 36.0), 4526),
    ],
)
def test_metric_crs_of_a_plan_is_chosen_by_its_layers_and_location(layers, place, code):
    chosen = crs_care.choose_crs([(CRS.from_epsg(c), n) for c, n in layers], *place)
    assert chosen.to_epsg() == code and not crs_care.describe_crs(chosen).is_geographic


# -- whole checks -----------------------------------------------------------------------------------------------------


def change_crs_of_layer(role, crs, shift=(0.0, 0.0), swap=False):
    """Return the small plan with one layer moved, with swapped axes, or declared in another CRS.

    The coordinates are not reprojected; ``shift`` is in units of the layer.
    """
    tables = make_small_plan_layers()
    moved = shapely.transform(tables[role].geometry.to_numpy(), lambda c: (c[:, ::-1] if swap else c) + np.array(shift))
    tables[role] = tables[role].set_geometry(moved, crs=None).set_crs(crs, allow_override=True)
    return tables


def reproject_layer(role, crs, tables=None):
    """Return tables (None: the small plan) with one layer reprojected to a CRS."""
    tables = tables or make_small_plan_layers()
    tables[role] = tables[role].to_crs(crs)
    return tables


WRONG_CRS_CASES = [
    ("missing CRS", change_crs_of_layer("STBHHX", None), ["没有坐标系", "EPSG:4526"]),
    ("metres with a CRS in degrees", change_crs_of_layer("STBHHX", 4490), ["的坐标系为 EPSG:4490（度），坐标疑为米", "EPSG:4526"]),
    (
        "degrees with a CRS in metres",
        make_small_plan_layers() | {"STBHHX": make_small_plan_layers()["STBHHX"].to_crs(4490).set_crs(4526, allow_override=True)},
        ["的坐标系为 EPSG:4526（米），坐标疑为经纬度。请改设为 EPSG:4490"],
    ),
    ("CRS of another zone", change_crs_of_layer("STBHHX", 4525), ["的坐标系为 EPSG:4525（37 带），坐标位于 38 带", "EPSG:4526"]),
    ("prefix with a CRS without prefix", change_crs_of_layer("STBHHX", 4547), ["EPSG:4547", "带号与其不符", "EPSG:4526"]),
    ("missing prefix", change_crs_of_layer("STBHHX", 4526, (-38e6, 0)), ["EPSG:4526", "带号与其不符", "EPSG:4547"]),
    ("northing first", change_crs_of_layer("STBHHX", 4526, swap=True), ["北坐标在前（EPSG:4526）", "请交换 X、Y"]),
    ("coordinates out of range", change_crs_of_layer("STBHHX", 4526, (0, 9e7)), ["超出 EPSG:4526 能表示的范围"]),
    ("CRS of the next zone without prefix", change_crs_of_layer("STBHHX", 4546, (-38e6, 0)), ["EPSG:4546", "千米，可能是带号有误"]),
    ("remote layer", change_crs_of_layer("STBHHX", 4526, (0, -200_000)), ["198.9", "千米，可能是带号有误", "离图层“"]),
]  # fmt: skip


@pytest.mark.parametrize(("tables", "words"), [w[1:] for w in WRONG_CRS_CASES], ids=[w[0] for w in WRONG_CRS_CASES])
def test_layer_with_coordinates_that_contradict_its_crs_is_reported_and_not_measured(tables, words):
    checked = check_data(convert_to_source_layers(tables))
    (finding,) = list_findings_of_rules(checked.report, "SCH003")
    assert finding.role == "STBHHX" and str(finding.severity) == "ERROR"
    assert "图层“STBHHX”" in finding.message and "原图层未改动" in finding.message and "请" in finding.message
    assert all(word in finding.message for word in words), finding.message
    assert "STBHHX" not in checked.plan.layers
    for code in ("REL001", "REL003", "REL004"):
        result = get_outcome_of_rule(checked.report, code)
        assert result.outcome is Outcome.SKIPPED and "无法使用，未参与检查，原因见 SCH003" in result.reason
    # The layer has no finding except that of its coordinates.
    assert {f.code for f in checked.report.findings if f.role == "STBHHX"} == {"SCH003"}
    assert get_outcome_of_rule(checked.report, "REL002").outcome is Outcome.FAILED
    assert not list_findings_of_rules(checked.report, "SCH001", "RUN900")


@pytest.mark.parametrize("code", [4490, 4525, 4547])
def test_plan_with_one_layer_in_another_crs_has_the_findings_and_areas_of_the_plan_in_one_crs(code):
    # Edges have vertices as in a survey, because a straight line of a kilometre differs between CRSs.
    expected = check_data(convert_to_source_layers(add_survey_vertices(make_small_plan_layers()))).report
    checked = check_data(
        convert_to_source_layers(reproject_layer("STBHHX", code, add_survey_vertices(make_small_plan_layers())))
    )
    findings = list_findings_of_rules(checked.report, "SCH003")
    words = {4490: "", 4525: "EPSG:4525（37 带），而本次以 EPSG:4526（38 带）量算", 4547: "是 EPSG:4547，坐标不"}
    if not words[code]:
        assert not findings
    else:
        assert [str(f.severity) for f in findings] == ["WARNING"] and words[code] in findings[0].message
    assert f"图层“STBHHX”为 EPSG:{code}，检查时用换算到 EPSG:4526 的副本；原图层未改动" in join_notices(checked.report)
    keep = [f for f in checked.report.findings if f.code != "SCH003"]
    assert [(f.code, f.role, f.key) for f in keep] == [(f.code, f.role, f.key) for f in expected.findings]
    assert [f.area_m2 or 0 for f in keep] == pytest.approx([f.area_m2 or 0 for f in expected.findings], abs=0.01)


@pytest.mark.parametrize("code", [4490, 4525, 4547])
def test_plan_stored_in_another_crs_has_the_same_findings_and_areas(code):
    tables = add_survey_vertices(make_small_plan_layers())
    expected = check_data(convert_to_source_layers(tables)).report
    checked = check_data(convert_to_source_layers({role: frame.to_crs(code) for role, frame in tables.items()}))
    assert checked.plan.crs.to_epsg() == {4490: 4526}.get(code, code)
    findings = [f for f in checked.report.findings if f.case != "outside_crs"]
    assert {f.fingerprint for f in findings} == {f.fingerprint for f in expected.findings}
    # Zone 37 ends at 112.5° E; the plan is beyond it.
    outside = [f for f in checked.report.findings if f.case == "outside_crs"]
    assert [f.params["count"] for f in outside] == ([len(tables)] if code == 4525 else [])
    areas = {f.fingerprint: f.area_m2 or 0.0 for f in expected.findings}
    for finding in findings:
        # For the largest area, 0.7 km², edges of the county change one millionth.
        assert (finding.area_m2 or 0.0) == pytest.approx(areas[finding.fingerprint], abs=0.01, rel=1e-6)


def test_plan_without_a_layer_in_a_usable_crs_gets_the_verdict_fail_and_skips_its_geometry_rules():
    report = check_data(
        convert_to_source_layers({r: change_crs_of_layer(r, 4525)[r] for r in make_small_plan_layers()})
    ).report
    assert len(list_findings_of_rules(report, "SCH003")) == len(make_small_plan_layers())
    assert report.verdict is Verdict.FAILED and not list_findings_of_rules(report, "RUN900")
    assert {r.outcome for r in report.rules} <= {
        Outcome.FAILED,
        Outcome.SKIPPED,
        Outcome.PASSED,
        Outcome.NOT_APPLICABLE,
    }
    assert all(r.outcome is Outcome.SKIPPED for r in report.rules if r.code.startswith(("TOP", "REL", "GEO")))


FAR_ROWS = make_table([make_county_box(10 * n, 250_000, 5, 5) for n in range(50)])


@pytest.mark.parametrize(
    ("tables", "roles", "word"),
    [
        # Even if it is the largest layer.
        (
            {
                "CZKFBJ": FAR_ROWS,
                "STBHHX": make_table([make_county_box(0, 0)]),
                "YJJBNTBHTB": make_table([make_county_box(500, 0)]),
            },
            ["CZKFBJ"],
            "249.",
        ),
        # Instead of the outline of the county.
        ({"XZQX": make_table([make_county_box(0, 0)]), "STBHHX": FAR_ROWS}, ["STBHHX"], "离图层“XZQX”有"),
        # In different corners of a county.
        (
            {
                "STBHHX": make_table([make_county_box(0, 0)]),
                "CZKFBJ": make_table([make_county_box(30_000, 30_000)]),
            },
            [],
            "",
        ),
    ],
)
def test_layer_far_from_the_others_is_reported_and_not_used(tables, roles, word):
    checked = check_data(convert_to_source_layers(tables))
    findings = list_findings_of_rules(checked.report, "SCH003")
    assert [f.role for f in findings] == roles and all(word in f.message for f in findings)
    assert roles or set(checked.plan.layers) == set(tables)


def test_layer_in_another_datum_is_checked_and_reported():
    report = check_data(
        convert_to_source_layers({r: f.to_crs(32650) for r, f in make_small_plan_layers().items()})
    ).report
    findings = list_findings_of_rules(report, "SCH003")
    assert len(findings) == len(make_small_plan_layers()) and all(
        "EPSG:32650，不是 CGCS2000" in f.message for f in findings
    )
    assert list_findings_of_rules(report, "REL001") and list_findings_of_rules(report, "TOP002")


def test_shapefile_without_a_prj_file_is_reported(tmp_path):
    for role in THREE_LINES:
        pyogrio.write_dataframe(make_small_plan_layers()[role], tmp_path / f"{role}.shp", encoding="GBK")
    (tmp_path / "CZKFBJ.prj").unlink()
    before = hash_files(tmp_path)
    (finding,) = list_findings_of_rules(check_data(tmp_path).report, "SCH003")
    assert (
        finding.role == "CZKFBJ" and "没有坐标系" in finding.message and "按坐标判断应为 EPSG:4526" in finding.message
    )
    assert hash_files(tmp_path) == before


def test_empty_layer_without_crs_does_not_stop_the_check():
    empty = make_table([], crs=None)
    checked = check_data(
        [
            *convert_to_source_layers({"STBHHX": make_table([make_county_box(0, 0)])}),
            SourceLayer("CZKFBJ", empty, (FieldInfo("BSM", "text"),), None),
        ]
    )
    (finding,) = list_findings_of_rules(checked.report, "SCH003")
    assert finding.role == "CZKFBJ" and "没有坐标系" in finding.message


def remove_zone_prefix(code):
    """Return the small plan in the given EPSG code, eastings without a zone prefix."""
    tables = make_small_plan_layers()
    for role, frame in tables.items():
        moved = shapely.transform(frame.geometry.to_numpy(), lambda c: c - np.array([38e6, 0.0]))
        tables[role] = frame.set_geometry(moved, crs=None).set_crs(code, allow_override=True)
    return tables


@pytest.mark.parametrize(("code", "longitude"), [(4546, "111.48"), (4548, "117.48"), (4547, "")])
def test_plan_in_a_wrong_crs_zone_is_reported_by_the_extent_of_its_county(code, longitude):
    """Check coordinates without zone prefix; only the county code shows a wrong zone."""
    report = check_data(convert_to_source_layers(remove_zone_prefix(code))).report
    findings = list_findings_of_rules(report, "SCH003")
    if not longitude:
        assert not findings
        return
    (only,) = findings
    assert only.role == "XZQX" and str(only.severity) == "WARNING"
    assert f"按 EPSG:{code} 位于东经 {longitude}°，而行政区代码属于浑源县（东经 113.37°–113.97°）" in only.message
    # All other rules run, because the layers agree with each other.
    assert list_findings_of_rules(report, "REL001") and list_findings_of_rules(report, "TOP002")


@pytest.mark.parametrize(
    ("code", "longitude", "area_name"),
    [
        ("140225", 113.6, ""),
        ("140225", 112.0, ""),
        ("140225", 110.6, "浑源县"),
        ("140225", 116.6, "浑源县"),
        # The list has no extent of the district; that of its city applies.
        ("140105", 109.0, "太原市"),
        ("140105", 112.4, ""),
        # A code that the list lacks, a code of another province, and no code.
        ("149999", 118.0, "山西省"),
        ("610724", 80.0, ""),
        ("", 80.0, ""),
    ],
)
def test_find_remote_extent_names_the_county_when_the_longitude_is_outside_of_it(code, longitude, area_name):
    remote = find_extent_if_remote(longitude, code, load_standard().code_lists["divisions"])
    assert (remote.division.name if remote else "") == area_name


def test_heights_are_kept_when_coordinates_are_reprojected():
    both = crs_care.add_vertical_crs("EPSG:4490", "EPSG:5737")
    assert both.is_compound and [part.to_epsg() for part in both.sub_crs_list] == [4490, 5737]
    assert crs_care.add_vertical_crs("EPSG:4526", "urn:ogc:def:crs:EPSG::5737").sub_crs_list[1].to_epsg() == 5737
    assert crs_care.add_vertical_crs("EPSG:4526", "") == CRS.from_epsg(4526)


@pytest.mark.parametrize(
    ("shift", "case"),
    [((0, 0), ""), ((400_000, 0), "far_away"), ((0, 1_500_000), "outside_crs"), ((0, -2_500_000), "outside_crs")],
)
def test_plan_outside_the_extent_of_its_crs_is_reported(shift, case):
    tables = {role: change_crs_of_layer(role, 4526, shift)[role] for role in make_small_plan_layers()}
    report = check_data(convert_to_source_layers(tables), ["SCH003"]).report
    assert [f.case for f in report.findings] == ([case] if case else [])


@pytest.mark.parametrize(
    ("moved", "key", "value", "word"),
    [
        ("", "case", "far_away_degrees", "经纬度没有带号"),
        ("STBHHX", "problem", "apart_degrees", ""),
    ],
    ids=["all layers in another county", "one layer far from the others"],
)
def test_degrees_at_a_remote_place_are_not_reported_as_a_wrong_crs_zone(moved, key, value, word):
    tables = {role: reproject_layer(role, 4490)[role] for role in make_small_plan_layers()}
    for role in [moved] if moved else tables:
        tables[role].geometry = tables[role].geometry.translate(5.0)
    (finding,) = check_data(convert_to_source_layers(tables), ["SCH003"]).report.findings
    assert {"case": finding.case, **finding.params}[key] == value
    assert word in finding.message and "带号有误" not in finding.message
